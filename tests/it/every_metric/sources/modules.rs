//! What the modules of a folder define, and what they take from each other.

use std::collections::{BTreeMap, BTreeSet};

use super::Sources;
use super::tokens::tokens;

/// A function, or a method.
pub struct Function {
    pub name: String,
    /// The type it belongs to.
    pub of: Option<String>,
    pub public: bool,
    /// The words of its parameters' types, and of what it returns.
    pub takes: Vec<String>,
    pub gives: Vec<String>,
}

/// A `use`: the path, and the name it has then; `*` for all.
pub struct Use {
    pub path: Vec<String>,
    pub name: String,
    pub public: bool,
}

#[derive(Default)]
pub struct Module {
    pub functions: Vec<Function>,
    /// Public types and traits.
    pub types: Vec<String>,
    /// Types and traits, public or not.
    pub defined: BTreeSet<String>,
    /// Public modules within it.
    pub children: Vec<String>,
    pub uses: Vec<Use>,
}

pub type Modules = BTreeMap<Vec<String>, Module>;

/// The modules of some sources, by their paths.
pub fn parse(sources: &Sources) -> Modules {
    let mut modules = Modules::new();
    for (file, text) in sources {
        let mut path: Vec<String> =
            file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if path.last().is_some_and(|last| last == "mod") {
            path.pop();
        }
        let tokens = tokens(text);
        let mut reader = Reader { tokens: &tokens, at: 0, file };
        reader.module(&path, &mut modules);
    }
    modules
}

/// A path as from the folder of metrics; what lies outside keeps its `crate`.
pub fn absolute(modules: &Modules, from: &[String], path: &[String]) -> Vec<String> {
    let mut found = from.to_vec();
    for (place, part) in path.iter().enumerate() {
        match (place, part.as_str()) {
            (0, "self") => {}
            (0, "crate") if path.get(1).is_some_and(|next| next == "metrics") => found.clear(),
            (1, "metrics") if path[0] == "crate" => {}
            (0, "crate") => return path.to_vec(),
            (_, "super") => {
                found.pop();
            }
            (0, name) if !modules.contains_key(&[from, &[name.to_owned()]].concat()) => {
                // Not a module within this one: another crate, or a type of this module.
                return match modules.get(from).is_some_and(|module| module.defined.contains(name)) {
                    true => [from, path].concat(),
                    false => path.to_vec(),
                };
            }
            (_, name) => found.push(name.to_owned()),
        }
    }
    found
}

struct Reader<'t> {
    tokens: &'t [String],
    at: usize,
    file: &'t str,
}

impl Reader<'_> {
    fn peek(&self) -> &str {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> &str {
        self.tokens.get(self.at + by).map_or("", String::as_str)
    }

    fn next(&mut self) -> String {
        let token = self.peek().to_owned();
        self.at += 1;
        token
    }

    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// From an opening bracket to behind the one that closes it.
    fn group(&mut self) -> Vec<String> {
        let (from, mut depth) = (self.at, 0_usize);
        while !self.done() {
            match self.next().as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        self.tokens[from..self.at.min(self.tokens.len())].to_vec()
    }

    /// To behind a `;`, or behind a body in braces.
    fn item(&mut self) {
        while !self.done() {
            match self.peek() {
                ";" => {
                    self.at += 1;
                    return;
                }
                "{" => {
                    self.group();
                    return;
                }
                "(" | "[" => drop(self.group()),
                // A value may hold braces and goes on behind them.
                "=" => {
                    while !self.done() && self.peek() != ";" {
                        match self.peek() {
                            "(" | "[" | "{" => drop(self.group()),
                            _ => self.at += 1,
                        }
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Whether what follows is for tests only.
    fn attributes(&mut self) -> bool {
        let mut tests = false;
        while self.peek() == "#" {
            self.at += 1 + usize::from(self.ahead(1) == "!");
            let group = self.group();
            tests |= group.join(" ").starts_with("[ cfg ( test )");
        }
        tests
    }

    /// Whether what follows is public to everybody.
    fn visibility(&mut self) -> bool {
        if self.peek() != "pub" {
            return false;
        }
        self.at += 1;
        if self.peek() == "(" {
            self.group();
            return false;
        }
        true
    }

    fn module(&mut self, path: &[String], modules: &mut Modules) {
        modules.entry(path.to_vec()).or_default();
        while !self.done() && self.peek() != "}" {
            let tests = self.attributes();
            if self.peek() == "}" {
                break;
            }
            let public = self.visibility();
            while matches!(self.peek(), "async" | "unsafe" | "default")
                || (self.peek() == "const" && matches!(self.ahead(1), "fn" | "async" | "unsafe"))
            {
                self.at += 1;
            }
            if tests {
                self.item();
                continue;
            }
            let module = modules.get_mut(path).unwrap();
            match self.peek() {
                "mod" => {
                    self.at += 1;
                    let name = self.next();
                    if public {
                        module.children.push(name.clone());
                    }
                    let inner = [path, &[name]].concat();
                    if self.next() == "{" {
                        self.module(&inner, modules);
                        self.at += 1;
                    }
                }
                "use" => {
                    self.at += 1;
                    self.tree(vec![], public, &mut module.uses);
                    self.at += 1;
                }
                "fn" => module.functions.extend(self.function(None, public)),
                "struct" | "enum" | "union" | "type" => {
                    let name = self.ahead(1).to_owned();
                    if public {
                        module.types.push(name.clone());
                    }
                    module.defined.insert(name);
                    self.item();
                }
                "trait" => {
                    let name = self.ahead(1).to_owned();
                    if public {
                        module.types.push(name.clone());
                    }
                    module.defined.insert(name.clone());
                    self.body(&name, true, &mut module.functions);
                }
                "impl" => {
                    let (name, of_trait) = self.header();
                    // A trait's methods are as public as the trait, and stand with it.
                    let mut methods = vec![];
                    self.body(&name, false, &mut methods);
                    if !of_trait {
                        module.functions.extend(methods);
                    }
                }
                "macro_rules" => {
                    let from = self.at;
                    self.item();
                    let text = self.tokens[from..self.at].join(" ");
                    let defines = text.contains("pub fn") || text.contains("$vis fn");
                    assert!(
                        !defines,
                        "{}: a macro defines public functions, which are not found",
                        self.file
                    );
                }
                _ => self.item(),
            }
        }
    }

    /// The type of an `impl`, and whether it is that of a trait; stays before the body.
    fn header(&mut self) -> (String, bool) {
        self.at += 1;
        let (mut depth, mut name, mut of_trait) = (0_i32, String::new(), false);
        while !(self.done() || depth == 0 && self.peek() == "{") {
            match self.next().as_str() {
                "<" => depth += 1,
                ">" => depth -= 1,
                "for" if depth == 0 => of_trait = true,
                "where" if depth == 0 => {
                    while self.peek() != "{" {
                        self.at += 1;
                    }
                }
                word if depth == 0 && word.starts_with(char::is_alphabetic) => {
                    name = word.to_owned()
                }
                _ => {}
            }
        }
        (name, of_trait)
    }

    /// The functions of an `impl` or a trait.
    fn body(&mut self, of: &str, all_public: bool, functions: &mut Vec<Function>) {
        while !self.done() && self.peek() != "{" {
            self.at += 1;
        }
        self.at += 1;
        while !self.done() && self.peek() != "}" {
            let tests = self.attributes();
            let public = self.visibility() || all_public;
            while matches!(self.peek(), "async" | "unsafe" | "default")
                || (self.peek() == "const" && matches!(self.ahead(1), "fn" | "async" | "unsafe"))
            {
                self.at += 1;
            }
            match self.peek() {
                "fn" if !tests => functions.extend(self.function(Some(of), public)),
                _ => self.item(),
            }
        }
        self.at += 1;
    }

    fn function(&mut self, of: Option<&str>, public: bool) -> Option<Function> {
        self.at += 1;
        let name = self.next();
        let mut takes = vec![];
        while !self.done() && self.peek() != "(" {
            takes.push(self.next());
        }
        takes.extend(self.group());
        let mut gives = vec![];
        while !self.done() && !matches!(self.peek(), "{" | ";") {
            match self.peek() {
                "where" => {
                    while !self.done() && !matches!(self.peek(), "{" | ";") {
                        takes.push(self.next());
                    }
                }
                _ => gives.push(self.next()),
            }
        }
        self.item();
        let words = |all: Vec<String>| {
            all.into_iter().filter(|word| word.starts_with(char::is_alphabetic)).collect()
        };
        Some(Function {
            name,
            of: of.map(str::to_owned),
            public,
            takes: words(takes),
            gives: words(gives),
        })
    }

    /// What a `use` names.
    fn tree(&mut self, mut path: Vec<String>, public: bool, uses: &mut Vec<Use>) {
        loop {
            match self.next().as_str() {
                "::" => {}
                "{" => {
                    while !self.done() && self.peek() != "}" {
                        self.tree(path.clone(), public, uses);
                        if self.peek() == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    uses.push(Use { path, name: "*".into(), public });
                    return;
                }
                word => path.push(word.to_owned()),
            }
            match self.peek() {
                "::" => {}
                "as" => {
                    self.at += 1;
                    let name = self.next();
                    uses.push(Use { path, name, public });
                    return;
                }
                "," | "}" | ";" | "" => {
                    // `use a::{self}` names the module.
                    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                        path.pop();
                    }
                    let name = path.last().cloned().unwrap_or_default();
                    uses.push(Use { path, name, public });
                    return;
                }
                _ => {}
            }
        }
    }
}
