//! A cell's code: what a program can use unchanged, and what must change.

use std::ops::Range;
use std::thread;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Attribute, Block, Stmt, UseTree};

use crate::terminal;

/// Brackets within brackets. Notebooks have a dozen; parsers, ours and rustc's, fail at many thousands.
const DEEPEST: usize = 256;
/// Tokens of a cell. Data in strings counts as one.
const LONGEST: usize = 100_000;
/// The stack that a parser needs for each token, at worst (a chain of operators), and for each bracket.
const STACK: (usize, usize) = (4_096, 65_536);

/// What is known about a cell's code.
#[derive(Debug, Default)]
pub struct Code {
    /// The code, with kernel commands as comments and its value shown.
    pub text: String,
    /// Attributes of the whole program.
    pub attributes: Vec<String>,
    /// Functions, types and imported names it defines.
    pub defined: Vec<String>,
    /// The type of the config that it creates, if any, and where in the text that statement ends.
    pub config: Option<(String, usize)>,
}

impl Code {
    /// Reads a cell; the error says in a few words what is wrong with it.
    pub fn new(source: &str) -> Result<Code, String> {
        let source = without_commands(source.trim_start_matches('\u{feff}'));
        let tokens = survey(&source)?;
        let stack = (16 << 20) + tokens * STACK.0 + DEEPEST * STACK.1;
        // The parser calls itself for every bracket and operator.
        thread::scope(|scope| {
            let begun = thread::Builder::new()
                .stack_size(stack)
                .spawn_scoped(scope, || Code::parse(&source))
                .map_err(|cause| format!("no thread could be started to read it: {cause}"))?;
            begun.join().unwrap_or_else(|_| Err("the parser gave it up".into()))
        })
    }

    fn parse(source: &str) -> Result<Code, String> {
        let (attributes, statements) =
            statements.parse_str(source).map_err(|cause| wrong(cause.span(), &cause))?;
        let mut code = Code::default();
        let mut edits: Vec<(Range<usize>, String)> = vec![];
        for attribute in &attributes {
            let place = attribute.span().byte_range();
            let text = &source[place.clone()];
            // Inside of a function there is nothing that they could describe.
            let comment = ["//", "/*"].into_iter().find(|start| text.starts_with(start));
            edits.push(match comment {
                Some(start) => (place, format!("{start}{}", &text[3..])),
                None => {
                    code.attributes.push(text.to_owned());
                    (place, String::new())
                }
            });
        }
        code.defined = statements.iter().flat_map(defined).collect();
        let made = statements
            .iter()
            .find_map(|statement| Some((config(statement)?, statement.span().byte_range().end)));
        if let Some(last) = statements.last().filter(|last| is_value(last)) {
            let value = last.span().byte_range();
            if !value.is_empty() {
                edits.push((value.start..value.start, "show!(".into()));
                edits.push((value.end..value.end, ");".into()));
            }
        }
        code.text = source.to_owned();
        for (place, text) in edits.iter().rev() {
            code.text.replace_range(place.clone(), text);
        }
        // Edits before the statement's end move it.
        code.config = made.map(|(name, end)| {
            let before = edits.iter().filter(|(place, _)| place.end <= end);
            let (gone, new) = before
                .fold((0, 0), |(gone, new), (place, text)| (gone + place.len(), new + text.len()));
            (name, end + new - gone)
        });
        Ok(code)
    }
}

/// Turns commands into comments, which keeps the line numbers. Before the first line of Rust, lines that begin with a
/// colon are for the kernel, and those with an exclamation mark for a shell.
fn without_commands(source: &str) -> String {
    let mut rust = false;
    let mut line = |(number, line): (usize, &str)| {
        let shebang = number == 0
            && line.strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('['));
        let command = line.trim_start_matches(' ').starts_with(':') || line.starts_with('!');
        if !rust && (command || shebang) {
            return comment(line);
        }
        rust |= !line.starts_with("//") && !line.trim().is_empty();
        format!("{line}\n")
    };
    let mut text: String = source.lines().enumerate().map(&mut line).collect();
    text.truncate(text.trim_end_matches('\n').len());
    text
}

fn wrong(at: proc_macro2::Span, what: &dyn std::fmt::Display) -> String {
    match at.byte_range().end {
        0 => what.to_string(), // its end is what is wrong
        _ => format!("line {}: {what}", at.start().line),
    }
}

fn statements(input: ParseStream) -> syn::Result<(Vec<Attribute>, Vec<Stmt>)> {
    Ok((Attribute::parse_inner(input)?, Block::parse_within(input)?))
}

/// Counts tokens without recursion. Refuses cells that would overflow a parser.
fn survey(source: &str) -> Result<usize, String> {
    let tokens: TokenStream = source.parse().map_err(|cause: proc_macro2::LexError| {
        wrong(
            cause.span(),
            &"this is not Rust: a bracket or a quote is not closed, or never opened",
        )
    })?;
    /// Tokens between two brackets.
    struct Level {
        rest: proc_macro2::token_stream::IntoIter,
        /// Whether they are in an async block, where `.await` is allowed.
        awaited: bool,
        /// Whether an async block is about to begin.
        begins: bool,
        dot: bool,
    }
    let level = |tokens: TokenStream, awaited| Level {
        rest: tokens.into_iter(),
        awaited,
        begins: false,
        dot: false,
    };
    let mut levels = vec![level(tokens, false)];
    let mut count = 0;
    while let Some(here) = levels.last_mut() {
        let Some(token) = here.rest.next() else {
            levels.pop();
            continue;
        };
        count += 1;
        if count > LONGEST {
            return Err(format!("it is longer than {LONGEST} tokens"));
        }
        let dot = std::mem::replace(&mut here.dot, false);
        match token {
            TokenTree::Group(group) => {
                let awaited = here.awaited || here.begins;
                here.begins &= group.delimiter() != Delimiter::Brace;
                let line = group.span_open().start().line;
                levels.push(level(group.stream(), awaited));
                if levels.len() > DEEPEST {
                    return Err(format!(
                        "line {line}: brackets are nested more than {DEEPEST} deep"
                    ));
                }
            }
            TokenTree::Ident(word) if word == "async" => here.begins = true,
            TokenTree::Ident(word) if dot && word == "await" && !here.awaited && !here.begins => {
                let line = word.span().start().line;
                return Err(format!(
                    "line {line}: it uses `.await`, but a program has no async runtime as the kernel does"
                ));
            }
            TokenTree::Punct(sign) if sign.as_char() == ';' => here.begins = false,
            TokenTree::Punct(sign) => here.dot = sign.as_char() == '.',
            _ => {}
        }
    }
    Ok(count)
}

/// Returns the names that a statement defines and a block cannot define twice.
fn defined(statement: &Stmt) -> Vec<String> {
    let Stmt::Item(item) = statement else { return vec![] };
    let name = match item {
        syn::Item::Use(item) => return imported(&item.tree),
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Union(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        syn::Item::Mod(item) => &item.ident,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Const(item) => &item.ident,
        _ => return vec![],
    };
    vec![name.to_string()]
}

fn imported(tree: &UseTree) -> Vec<String> {
    let mut names = vec![];
    // What is still to be looked at, and the name of what it is in.
    let mut rest = vec![(tree, None)];
    while let Some((tree, within)) = rest.pop() {
        match tree {
            UseTree::Path(path) => rest.push((&path.tree, Some(&path.ident))),
            UseTree::Name(name) if name.ident == "self" => {
                names.extend(within.map(ToString::to_string))
            }
            UseTree::Name(name) => names.push(name.ident.to_string()),
            UseTree::Rename(name) => names.push(name.rename.to_string()),
            UseTree::Glob(_) => {}
            UseTree::Group(group) => rest.extend(group.items.iter().map(|one| (one, within))),
        }
    }
    names.retain(|name| name != "_");
    names
}

/// Returns the type of a statement `let config: …::Config = …;` or, without one, that of `…::Config { … }` and
/// `…::Config::default()`.
fn config(statement: &Stmt) -> Option<String> {
    let Stmt::Local(local) = statement else { return None };
    let (name, stated) = match &local.pat {
        syn::Pat::Type(typed) => match &*typed.ty {
            syn::Type::Path(path) => (&*typed.pat, Some(&path.path)),
            _ => return None,
        },
        name => (name, None),
    };
    let syn::Pat::Ident(name) = name else { return None };
    let made = local.init.as_ref().and_then(|made| match &*made.expr {
        syn::Expr::Struct(one) => Some(&one.path),
        syn::Expr::Call(call) => match &*call.func {
            syn::Expr::Path(path) => Some(&path.path),
            _ => None,
        },
        _ => None,
    });
    let path = stated.or(made)?;
    let mut names: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
    if stated.is_none() && names.last()? == "default" {
        names.pop();
    }
    (name.ident == "config" && names.last()? == "Config").then(|| names.join("::"))
}

/// Tells whether a last statement is the cell's value.
fn is_value(statement: &Stmt) -> bool {
    match statement {
        Stmt::Expr(_, semicolon) => semicolon.is_none(),
        Stmt::Macro(call) => {
            call.semi_token.is_none()
                && !matches!(call.mac.delimiter, syn::MacroDelimiter::Brace(_))
        }
        _ => false,
    }
}

/// Splits a text into lines, whichever way they end.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// Escapes what a comment may not hold, because the compiler refuses it: control characters, and those that change the
/// direction of text.
pub fn harmless(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match terminal::obeys(letter) && letter != '\t' {
            true => out.extend(letter.escape_unicode()),
            false => out.push(letter),
        }
    }
    out
}

/// Turns a text into comments, line by line.
pub fn comment(text: &str) -> String {
    let last = text.ends_with('\n');
    let lines = lines(text.strip_suffix('\n').filter(|_| last).unwrap_or(text));
    lines.map(|line| format!("// {}\n", harmless(line.trim_end()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: &str) -> String {
        Code::new(source).err().unwrap_or_default()
    }

    #[test]
    fn what_nests_too_deep_is_refused_and_what_nests_is_read() {
        for (open, close) in [("(", ")"), ("[", "]"), ("{", "}"), ("f(", ")"), ("|x| {", "}")] {
            for deep in [DEEPEST + 1, 100_000, 1_000_000] {
                let source = format!("{}1{}", open.repeat(deep), close.repeat(deep));
                assert!(told(&source).contains("deep"), "{open}: {}", told(&source));
            }
            let deep = DEEPEST - 2;
            let source = format!("{}1{}", open.repeat(deep), close.repeat(deep));
            assert_eq!(told(&source), "", "{open}");
        }
        let unclosed = told(&"(".repeat(100_000));
        assert!(unclosed.contains("not closed"), "{unclosed}");
        let string = format!("let s = \"{}\";", "([{".repeat(100_000));
        assert_eq!(told(&string), "");
    }

    /// The longest accepted chains fit on the stack; so do those that do not parse.
    #[test]
    fn long_chains_do_not_overflow() {
        let most = LONGEST - 10;
        for (first, part, words, last) in [
            ("let x = ", "!", 1, "y"),
            ("let x = ", "-", 1, "1"),
            ("let x = ", "&", 1, "y"),
            ("let x = ", "&mut ", 2, "y"),
            ("let x = ", "*", 1, "y"),
            ("let x = 1", " + 1", 2, ""),
            ("let x = 1", " as u8", 2, ""),
            ("let x = a", ".b", 2, ""),
            ("let x = a", ".b()", 3, ""),
            ("let x = a", "?", 1, ""),
            ("let x = a", "[1]", 2, ""),
            ("x = ", "y = ", 2, "1"),
            ("let x = ", "return ", 1, "1"),
            ("let x = ", "|y| ", 3, "1"),
            ("let x = 1", "..", 2, "1"),
            ("if a {}", " else if a {}", 4, ""),
            ("let x: ", "&", 1, "u8 = 1"),
            ("let x: ", "*const ", 2, "u8 = 1"),
            ("let x: ", "Vec<", 2, "u8"),
            ("let ", "&", 1, "x = 1"),
            ("match x { ", "a | ", 2, "a => 1 }"),
            ("let x = a", "::b", 3, ""),
            ("let x = ", "f::<", 4, ""),
            ("", "'a: ", 3, "loop {}"),
            ("let x = ", "unsafe ", 1, "{}"),
            ("let x = ", "break ", 1, "1"),
            ("let x = ", "a < ", 2, "1"),
            ("fn f() -> ", "fn() -> ", 4, "u8 {}"),
            ("let x: ", "impl ", 1, "u8 = 1"),
            ("", "#[a] ", 2, "x"),
            ("", "pub ", 1, "x"),
        ] {
            let source = format!("{first}{}{last}", part.repeat(most / words));
            let began = std::time::Instant::now();
            let _ = Code::new(&source);
            assert!(began.elapsed().as_secs() < 10, "{part}: {:?}", began.elapsed());
        }
        assert!(told(&"1;".repeat(LONGEST)).contains("longer than"));
    }

    #[test]
    fn only_the_kernels_own_commands_become_comments() {
        let string = "let s = \"one\n:two\n  :three\";\ns";
        let text = Code::new(string).unwrap().text;
        assert_eq!(text, "let s = \"one\n:two\n  :three\";\nshow!(s);");
        for untouched in [
            "/*\n:dep x\n*/\nlet x = 1;",
            "let s = r#\"\n:a \"#;",
            "let s = \"// no comment\";",
            "let x\n    :i32 = 5;",
            "let x = std\n    ::mem::size_of::<u8>();",
            "// only\n// comments",
            "",
        ] {
            assert_eq!(Code::new(untouched).unwrap().text, untouched);
        }
        let commands = "\n// first\n:dep a = \"1\"\n!ls\n  :vars\nlet x = 1;";
        let text = Code::new(commands).unwrap().text;
        assert_eq!(text, "\n// first\n// :dep a = \"1\"\n// !ls\n//   :vars\nlet x = 1;");
        assert!(told("let x = 1;\n:dep a").starts_with("line 2: "));
    }

    #[test]
    fn values_are_shown_and_what_follows_stays() {
        for (source, text) in [
            ("x // the sum", "show!(x); // the sum"),
            ("x /* a */ + 1 // b\n// c", "show!(x /* a */ + 1); // b\n// c"),
            ("vec![1]", "show!(vec![1]);"),
            ("x;\nfn f() {}", "x;\nfn f() {}"),
            ("x;", "x;"),
            ("é + \"ü\"", "show!(é + \"ü\");"),
        ] {
            assert_eq!(Code::new(source).unwrap().text, text);
        }
    }

    #[test]
    fn attributes_of_the_program_are_taken_out() {
        let code = Code::new("#!/usr/bin/env evcxr\n#![allow(dead_code)] let x = 1;").unwrap();
        assert_eq!(code.text, "// #!/usr/bin/env evcxr\n let x = 1;");
        assert_eq!(code.attributes, ["#![allow(dead_code)]"]);
        let code = Code::new("//! About it\n/*! And\nmore */\nx").unwrap();
        assert_eq!(code.text, "// About it\n/* And\nmore */\nshow!(x);");
        assert!(code.attributes.is_empty());
    }

    #[test]
    fn awaiting_needs_a_runtime() {
        assert!(told("let x = 1;\nf().await").starts_with("line 2: it uses `.await`"));
        assert!(told("async { 1 }.await").contains("`.await`"));
        for fine in [
            "async fn f() { g().await }",
            "let x = async move { g(h().await).await };",
            "let f = async |x: u8| g(x).await;",
            "let range = a..await_;",
        ] {
            assert_eq!(told(fine), "", "{fine}");
        }
    }

    #[test]
    fn names_that_cannot_be_defined_twice_are_known() {
        let code =
            Code::new("use a::{self, b, c as d, e::*, f::{self, g}};\ntrait T {}\ntype U = T;");
        let mut names = code.unwrap().defined;
        names.sort_unstable();
        assert_eq!(names, ["T", "U", "a", "b", "d", "f", "g"]);
    }
}
