//! `casebook export`: a notebook as a Rust program, the prose as comments.

mod code;
mod notebook;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use casebook::{Error, Result};
use clap::Args;

use code::{Code, comment, harmless, lines};
use notebook::Cell;

#[derive(Args)]
#[command(
    after_help = "Examples:\n  casebook export notebooks/02_saas_take_home.ipynb -o examples/saas_take_home.rs\n  \
    cargo run --example saas_take_home"
)]
pub struct Export {
    /// The notebook
    notebook: PathBuf,
    /// The program to write
    #[arg(short, long)]
    out: PathBuf,
    /// Let the program take a seed for the data as its first argument
    #[arg(long)]
    seeds: bool,
}

impl Export {
    pub fn run(&self) -> Result<()> {
        if casebook::output::same_file(&self.notebook, &self.out) {
            let cause = "it is the notebook itself; name another file";
            return Err(Error::file("write", &self.out, cause));
        }
        let text = std::fs::read_to_string(&self.notebook)
            .map_err(|cause| Error::file("read", &self.notebook, cause))?;
        let program = program(&text, &self.notebook, self.seeds)
            .map_err(|cause| Error::file("export", &self.notebook, cause))?;
        casebook::output::write(&self.out, program.as_bytes())?;
        crate::say::complain!("casebook: wrote {}", self.out.display());
        Ok(())
    }
}

/// Returns the whole program. All cells become one `main`, because they share their variables.
fn program(notebook: &str, path: &Path, seeds: bool) -> Result<String, String> {
    let cells = notebook::cells(notebook)?;
    let title = cells
        .iter()
        .filter(|cell| !cell.code)
        .find_map(|cell| lines(&cell.source).find_map(|line| line.strip_prefix("# ")))
        .map(|title| harmless(title.trim()))
        .unwrap_or("A notebook".into());
    let file = harmless(&path.file_name().unwrap_or_default().to_string_lossy());
    let name = harmless(&path.file_stem().unwrap_or_default().to_string_lossy());
    let mut body = Body { seeds, ..Body::default() };
    for cell in &cells {
        body.cell(cell).map_err(|cause| format!("cell {} does not parse: {cause}", cell.number))?;
    }
    if seeds && !body.seeded {
        return Err("no cell has `let config = …::Config …;`, so there is no seed to set".into());
    }
    let Body { out, attributes, depth, .. } = body;
    let attributes: String = attributes.iter().map(|one| format!("{one}\n")).collect();
    let close = "}\n".repeat(depth);
    Ok(format!(
        "//! {title}\n//!\n//! Made by `casebook export` from {file}: the prose becomes comments, and what a cell shows is printed.\n\
         //! As `examples/{name}.rs` in the project it runs with `cargo run --example {name}`; elsewhere, in a package\n\
         //! that depends on `casebook`. Run it in the folder the notebook is in: its paths begin there.\n\n\
         #![allow(unused)]\n{attributes}\nuse casebook::show;\n\n\
         fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {{\n\
         casebook::notebook::plain_text();\n{out}Ok(())\n{close}}}\n"
    ))
}

#[derive(Default)]
struct Body {
    out: String,
    seeds: bool,
    seeded: bool,
    /// Attributes of the whole program.
    attributes: BTreeSet<String>,
    /// The names defined in the innermost block. A block cannot define a name twice, but cells can.
    defined: BTreeSet<String>,
    depth: usize,
}

impl Body {
    fn cell(&mut self, cell: &Cell) -> Result<(), String> {
        match (cell.code, cell.fails) {
            (false, _) => self.prose(&cell.source),
            (true, true) => self.prose(&format!("(This cell fails on purpose.)\n{}", cell.source)),
            (true, false) => self.code(Code::new(&cell.source)?),
        }
        Ok(())
    }

    fn prose(&mut self, text: &str) {
        let _ = write!(self.out, "\n{}\n", comment(text));
    }

    fn code(&mut self, code: Code) {
        if code.defined.iter().any(|name| self.defined.contains(name)) {
            self.out.push_str("{\n");
            self.depth += 1;
            self.defined.clear();
        }
        self.defined.extend(code.defined);
        self.attributes.extend(code.attributes);
        let mut rest = code.text.as_str();
        // Another seed for the config, before the rest of its cell uses it.
        if let Some((config, end)) = code.config.filter(|_| self.seeds && !self.seeded) {
            let (before, after) = rest.split_at(end);
            let _ = writeln!(
                self.out,
                "{before}\nlet mut config: {config} = match std::env::args().nth(1) {{\n    \
                 Some(seed) => {config} {{ seed: seed.parse()?, ..config }},\n    None => config,\n}};"
            );
            rest = after;
            self.seeded = true;
        }
        let _ = writeln!(self.out, "{rest}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn exported(cells: &[(&str, &str)], seeds: bool) -> Result<String, String> {
        let cells: Vec<Value> = cells
            .iter()
            .map(|(kind, source)| serde_json::json!({"cell_type": kind, "source": source, "metadata": {}}))
            .collect();
        let notebook = serde_json::json!({ "cells": cells }).to_string();
        program(&notebook, Path::new("some.ipynb"), seeds)
    }

    #[test]
    fn prose_is_comments_and_values_are_shown() {
        let cells = [
            ("markdown", "# A title\n\nWhy."),
            ("code", ":dep casebook = { path = \"..\" }\nlet x = 1;"),
            ("code", "let é = 2; // ü\nx + é // the sum"),
            ("code", "for _ in 0..2 {}"),
            ("code", "println!(\"{x}\");"),
        ];
        let program = exported(&cells, false).unwrap_or_default();
        for part in [
            "//! A title\n",
            "// # A title\n//\n// Why.\n".replace("//\n", "// \n").as_str().trim_end(),
            "// :dep casebook",
            "show!(x + é); // the sum",
            "show!(for _ in 0..2 {});",
            "\nprintln!(\"{x}\");\n",
        ] {
            let (part, program) = (part.replace("// \n", "//\n"), program.replace("// \n", "//\n"));
            assert!(program.contains(&part), "{part}\n---\n{program}");
        }
        assert!(syn::parse_file(&program).is_ok());
    }

    #[test]
    fn a_function_may_be_defined_again() {
        let cells = [
            ("code", "fn f() -> i32 { 1 }\nf()"),
            ("code", "fn f() -> i32 { 2 }"),
            ("code", "f()"),
        ];
        let program = exported(&cells, false).unwrap_or_default();
        assert!(program.contains("{\nfn f() -> i32 { 2 }"), "{program}");
        assert!(syn::parse_file(&program).is_ok(), "{program}");
    }

    #[test]
    fn a_seed_is_set_where_the_config_is_made() {
        for cell in [
            "let config: saas::Config = Default::default();",
            "let config = saas::Config::default();",
            "let mut config = saas::Config { companies: 200, ..Default::default() };",
        ] {
            let program = exported(&[("code", cell)], true).unwrap_or_default();
            let made = "saas::Config { seed: seed.parse()?, ..config }";
            assert!(program.contains(made), "{cell}\n{program}");
        }
        for cell in ["let x = 1;", "let config = 1;", "let other = saas::Config::default();"] {
            assert!(exported(&[("code", cell)], true).is_err(), "{cell}");
        }
    }

    #[test]
    fn a_seed_is_set_before_the_cell_generates() {
        let cell = "//! é\n#![allow(dead_code)]\nlet mut config = saas::Config::default(); // ü\n\
                    config.companies = 200;\nlet tables = saas::generate(&config)?;\ntables";
        let program = exported(&[("code", cell)], true).unwrap_or_default();
        let place = |part: &str| program.find(part).unwrap_or_else(|| panic!("{part}\n{program}"));
        let order = ["Config::default();", "seed: seed.parse()?", "config.companies", "generate"];
        assert!(order.map(place).is_sorted(), "{program}");
        assert!(syn::parse_file(&program).is_ok(), "{program}");
    }

    #[test]
    fn what_is_no_notebook_or_no_rust_is_told() {
        assert!(program("{", Path::new("x"), false).is_err_and(|e| e.contains("not a notebook")));
        assert!(program("{}", Path::new("x"), false).is_err_and(|e| e.contains("no `cells`")));
        let broken = exported(&[("markdown", ""), ("raw", "?"), ("code", "1;\nlet x = %;")], false);
        assert!(broken.is_err_and(|e| e.contains("cell 3 does not parse: line 2: ")));
        let deep = exported(&[("code", "1"), ("code", &"[".repeat(100_000))], false);
        assert!(deep.is_err_and(|e| e.contains("cell 2 does not parse: ")));
    }

    /// Lines of comments of a program, without their slashes.
    fn comments(program: &str) -> Vec<&str> {
        program.lines().filter_map(|line| line.strip_prefix("// ")).map(str::trim_end).collect()
    }

    #[test]
    fn nasty_notebooks_are_programs_with_their_prose() {
        let prose = "# A \r title\u{7}\u{202e}\r\n*/ /* \"quotes\n\n:dep no command\n//! no doc\n\u{0}end\u{2028}.";
        let said = [
            "# A",
            " title\\u{7}\\u{202e}",
            "*/ /* \"quotes",
            ":dep no command",
            "//! no doc",
            "\\u{0}end\\u{2028}.",
        ];
        for code in [
            "",
            "\n\n",
            "// only a comment",
            "/* only\n:a block */",
            "let s = \"one\n:two // three\";\ns // four",
            "let s = r##\"one\n:two \"# // three\"##;\ns",
            "let a = b\"\\\"\n:x\";",
            "use a::b;",
            "use a::b;\nfn f() {}\nstruct S;\ntype T = u8;\ntrait R {}",
            "fn f() {}\nstruct S;",
            "match 1 {\n_ => 2\n}\nfn g() {}",
            "#![allow(dead_code)]\n#![feature(x)]\n1",
            "//! an inner comment\n1",
            "#!/usr/bin/env x\n1",
            ":dep x = \"1\"\n!ls\n1",
            "async fn f() { g().await }",
            "let x = 'a: loop { break 'a 1 };\nx",
            "'\\''",
            "let x = 5; x /* end */",
            "x\r\n + 1\r\n",
            "macro_rules! m { ($($x:tt)*) => {} }\nm! { :: : ; }",
            "a = b",
            "|x| x",
            "return",
            "1..",
            "S { a: 1 }",
            "\u{feff}1",
        ] {
            let cells =
                [("markdown", prose), ("code", code), ("code", code), ("markdown", "The end")];
            let program = exported(&cells, false).unwrap_or_else(|told| panic!("{code:?}: {told}"));
            assert!(syn::parse_file(&program).is_ok(), "{code:?}\n{program}");
            let comments = comments(&program);
            for line in said.iter().chain(&["The end"]) {
                assert!(comments.contains(line), "{line:?} of {code:?} in\n{program}");
            }
            for line in lines(code).map(str::trim).filter(|line| line.starts_with(':')) {
                assert!(program.contains(line), "{line:?} in\n{program}");
            }
            let refused =
                |c: char| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
            assert!(!program.replace("\r\n", "\n").contains(refused), "{program:?}");
        }
        assert!(syn::parse_file(&exported(&[], false).unwrap()).is_ok());
        let named = program("{\"cells\": []}", Path::new("a\nb\u{202e}.ipynb"), false).unwrap();
        assert!(
            syn::parse_file(&named).is_ok() && named.contains("a\\u{a}b\\u{202e}.ipynb"),
            "{named}"
        );
    }

    #[test]
    fn attributes_come_first_and_once() {
        let cells = [
            ("code", "#![recursion_limit = \"256\"]\n1"),
            ("code", "#![recursion_limit = \"256\"]\n2"),
        ];
        let program = exported(&cells, false).unwrap();
        assert_eq!(program.matches("recursion_limit").count(), 1, "{program}");
        assert!(
            program.find("#![recursion_limit") < program.find("use casebook::show"),
            "{program}"
        );
    }
}
