//! Which public functions `src/metrics` has, found by reading it.
//!
//! A function counts if it can be called from outside, through whatever `pub use`, and takes data or returns something other
//! than its own type: constructors from plain values, settings and `validate` do not. What a macro defines cannot be
//! found, so macros that define public functions are refused.

mod modules;
#[cfg(test)]
mod planted;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use modules::{Function, Module};

/// Sources by their path in the folder of metrics, such as `retention/mod.rs`.
pub type Sources = BTreeMap<String, String>;

/// The sources of a folder.
pub fn read(folder: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in std::fs::read_dir(next).unwrap().map(|file| file.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                sources.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
    }
    sources
}

/// A definition: the path of its module, and its name.
type Definition = (Vec<String>, String);

/// The public functions that need an entry, each by the shortest path from `casebook::metrics` that leads to it.
pub fn metrics(sources: &Sources) -> Vec<String> {
    let modules = modules::parse(sources);
    let mut public: BTreeMap<Definition, String> = BTreeMap::new();
    expose(&modules, &[], "", &mut public, &mut BTreeSet::new());
    let mut found = vec![];
    for (path, module) in &modules {
        for function in &module.functions {
            let Some(name) = (match &function.of {
                Some(own) => {
                    let of = resolve(&modules, path, own, 0);
                    public.get(&of).map(|of| format!("{of}::{}", function.name))
                }
                None => public.get(&(path.clone(), function.name.clone())).cloned(),
            }) else {
                continue;
            };
            if function.public && needs_entry(function) {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}

/// What is public in a module, under the path by which the module is.
fn expose(
    modules: &BTreeMap<Vec<String>, Module>,
    path: &[String],
    prefix: &str,
    public: &mut BTreeMap<Definition, String>,
    seen: &mut BTreeSet<(Vec<String>, String)>,
) {
    let Some(module) = modules.get(path).filter(|_| seen.insert((path.to_vec(), prefix.into())))
    else {
        return;
    };
    let named = |name: &str| match prefix {
        "" => name.to_owned(),
        _ => format!("{prefix}::{name}"),
    };
    let mut add = |definition: Definition, name: String| {
        let known = public.entry(definition).or_insert_with(|| name.clone());
        if (name.len(), &name) < (known.len(), &*known) {
            *known = name;
        }
    };
    let own = module.functions.iter().filter(|function| function.of.is_none() && function.public);
    for name in own.map(|function| &function.name).chain(&module.types) {
        add((path.to_vec(), name.clone()), named(name));
    }
    let mut inside: Vec<(Vec<String>, String)> = vec![];
    for child in &module.children {
        inside.push(([path, std::slice::from_ref(child)].concat(), named(child)));
    }
    for used in module.uses.iter().filter(|used| used.public) {
        let from = modules::absolute(modules, path, &used.path);
        if used.name == "*" {
            inside.push((from, prefix.to_owned()));
        } else if modules.contains_key(&from) {
            inside.push((from, named(&used.name)));
        } else {
            add(resolve(modules, path, &used.name, 0), named(&used.name));
        }
    }
    for (path, prefix) in inside {
        expose(modules, &path, &prefix, public, seen);
    }
}

/// Where a name that a module uses is defined.
fn resolve(
    modules: &BTreeMap<Vec<String>, Module>,
    path: &[String],
    name: &str,
    depth: usize,
) -> Definition {
    let here = (path.to_vec(), name.to_owned());
    let Some(module) = modules.get(path).filter(|_| depth < 20) else {
        return here;
    };
    let function = |function: &Function| function.of.is_none() && function.name == name;
    if module.defined.contains(name) || module.functions.iter().any(function) {
        return here;
    }
    for used in module.uses.iter().filter(|used| used.name == name || used.name == "*") {
        let mut from = modules::absolute(modules, path, &used.path);
        let original =
            if used.name == "*" { name.to_owned() } else { from.pop().unwrap_or_default() };
        let found = resolve(modules, &from, &original, depth + 1);
        let defined = modules.get(&found.0).is_some_and(|module| {
            module.defined.contains(&found.1)
                || module.functions.iter().any(|function| function.name == found.1)
        });
        // What comes from outside is where it comes from.
        if defined || (used.name != "*" && !modules.contains_key(&from)) {
            return found;
        }
    }
    here
}

/// Whether a function takes data, or returns something else than its own type, `()` or nothing.
fn needs_entry(function: &Function) -> bool {
    const DATA: [&str; 7] =
        ["DataFrame", "LazyFrame", "Column", "Series", "Events", "Users", "Orders"];
    let data = |word: &String| word.ends_with("Source") || DATA.contains(&word.as_str());
    let own = |word: &String| {
        matches!(word.as_str(), "Self" | "Result" | "self" | "mut")
            || function.of.as_ref() == Some(word)
    };
    function.takes.iter().any(data) || !function.gives.iter().all(own)
}

/// Functions without an entry, and entries and exemptions without a function.
pub fn left_out(
    found: &BTreeSet<String>,
    entries: &BTreeSet<String>,
    exempt: &[(&str, &str)],
) -> (Vec<String>, Vec<String>) {
    let exempt: BTreeSet<String> = exempt.iter().map(|(name, _)| (*name).to_owned()).collect();
    let known: BTreeSet<String> = entries.union(&exempt).cloned().collect();
    let twice = entries.intersection(&exempt).cloned();
    (
        found.difference(&known).cloned().collect(),
        known.difference(found).cloned().chain(twice).collect(),
    )
}
