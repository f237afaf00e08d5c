//! `casebook export`: a notebook as a Rust program, the prose as comments.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use casebook::{Error, Result};
use clap::Args;
use serde_json::Value;
use syn::spanned::Spanned as _;

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
    /// Let the program take another seed for the data as its first argument
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

/// A cell as this module needs it.
struct Cell {
    code: bool,
    source: String,
    /// Whether it fails on purpose, to show how that looks.
    fails: bool,
}

fn cells(notebook: &str) -> Result<Vec<Cell>, String> {
    let notebook: Value =
        serde_json::from_str(notebook).map_err(|cause| format!("it is not a notebook: {cause}"))?;
    let cells = notebook["cells"].as_array().ok_or("it is not a notebook: there are no `cells`")?;
    let joined = |source: &Value| match source {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    Ok(cells
        .iter()
        .filter(|cell| cell["cell_type"] != "raw")
        .map(|cell| Cell {
            code: cell["cell_type"] == "code",
            source: joined(&cell["source"]),
            fails: cell["metadata"]["tags"]
                .as_array()
                .is_some_and(|tags| tags.contains(&"raises-exception".into())),
        })
        .collect())
}

/// The whole program. All cells become one `main`, because they share their variables.
fn program(notebook: &str, path: &Path, seeds: bool) -> Result<String, String> {
    let cells = cells(notebook)?;
    let title = cells
        .iter()
        .filter(|cell| !cell.code)
        .find_map(|cell| cell.source.lines().find_map(|line| line.strip_prefix("# ")))
        .unwrap_or("A notebook");
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut body = Body { seeds, ..Body::default() };
    for (number, cell) in cells.iter().enumerate() {
        if cell.code {
            body.code(&cell.source, cell.fails)
                .map_err(|cause| format!("cell {number} does not parse: {cause}"))?;
        } else {
            body.comment(&cell.source);
        }
    }
    if seeds && !body.seeded {
        return Err("no cell says `let config: …::Config = …;`, so there is no seed to set".into());
    }
    let Body { out, depth, .. } = body;
    let close = "}\n".repeat(depth);
    Ok(format!(
        "//! {title}\n//!\n//! Made by `casebook export` from {file}: the prose is comments, and what a cell shows is printed.\n\
         //! As `examples/{name}.rs` in the project it runs with `cargo run --example {name}`; elsewhere, in a package\n\
         //! that depends on `casebook`. Run it in the folder the notebook is in: its paths begin there.\n\n\
         #![allow(unused)]\n\nuse casebook::show;\n\n\
         fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {{\n\
         casebook::notebook::plain_text();\n{out}Ok(())\n{close}}}\n"
    ))
}

#[derive(Default)]
struct Body {
    out: String,
    seeds: bool,
    seeded: bool,
    /// Functions and types defined in the innermost block. One block cannot define a name twice, cells can.
    defined: BTreeSet<String>,
    depth: usize,
}

impl Body {
    fn comment(&mut self, text: &str) {
        self.out.push('\n');
        for line in text.lines() {
            let _ = writeln!(self.out, "// {}", line.trim_end());
        }
        self.out.push('\n');
    }

    fn code(&mut self, source: &str, fails: bool) -> Result<(), syn::Error> {
        if fails {
            self.comment(&format!("(This cell fails on purpose.)\n{source}"));
            return Ok(());
        }
        // The kernel's own commands are no Rust. As comments they keep the lines' numbers.
        let command = |line: &str| line.trim_start().starts_with(':');
        let lines: Vec<String> = source
            .lines()
            .map(|line| if command(line) { format!("// {line}") } else { line.to_owned() })
            .collect();
        let source = lines.join("\n");
        let block: syn::Block = syn::parse_str(&format!("{{\n{source}\n}}"))?;
        let names: Vec<String> = block.stmts.iter().filter_map(defined).collect();
        if names.iter().any(|name| self.defined.contains(name)) {
            self.out.push_str("{\n");
            self.depth += 1;
            self.defined.clear();
        }
        self.defined.extend(names);
        match block.stmts.last().filter(|last| is_value(last)) {
            None => {
                let _ = writeln!(self.out, "{source}");
            }
            Some(last) => {
                // The parser counts lines from 1, and one is the brace that was put before the cell.
                let (start, end) = (last.span().start(), last.span().end());
                let from = offset(&source, start.line - 1, start.column);
                let to = offset(&source, end.line - 1, end.column);
                let (before, value, after) = (&source[..from], &source[from..to], &source[to..]);
                let _ = writeln!(self.out, "{before}show!({value});{after}");
            }
        }
        if self.seeds && !self.seeded {
            self.seed(&block);
        }
        Ok(())
    }

    /// Another seed for the config that this cell makes, if it makes one.
    fn seed(&mut self, block: &syn::Block) {
        let made = block.stmts.iter().find_map(|statement| {
            let syn::Stmt::Local(local) = statement else { return None };
            let syn::Pat::Type(typed) = &local.pat else { return None };
            let syn::Pat::Ident(name) = &*typed.pat else { return None };
            let syn::Type::Path(path) = &*typed.ty else { return None };
            let names: Vec<String> =
                path.path.segments.iter().map(|part| part.ident.to_string()).collect();
            (name.ident == "config" && names.last()? == "Config").then(|| names.join("::"))
        });
        if let Some(config) = made {
            let _ = writeln!(
                self.out,
                "let config: {config} = match std::env::args().nth(1) {{\n    \
                 Some(seed) => {config} {{ seed: seed.parse()?, ..config }},\n    None => config,\n}};"
            );
            self.seeded = true;
        }
    }
}

/// The name of a function or type that a statement defines.
fn defined(statement: &syn::Stmt) -> Option<String> {
    let syn::Stmt::Item(item) = statement else { return None };
    match item {
        syn::Item::Fn(item) => Some(item.sig.ident.to_string()),
        syn::Item::Struct(item) => Some(item.ident.to_string()),
        syn::Item::Enum(item) => Some(item.ident.to_string()),
        syn::Item::Const(item) => Some(item.ident.to_string()),
        _ => None,
    }
}

/// Whether a last statement is the cell's value.
fn is_value(statement: &syn::Stmt) -> bool {
    match statement {
        syn::Stmt::Expr(_, semicolon) => semicolon.is_none(),
        syn::Stmt::Macro(call) => {
            call.semi_token.is_none()
                && !matches!(call.mac.delimiter, syn::MacroDelimiter::Brace(_))
        }
        _ => false,
    }
}

/// The byte at a line (from 1) and a column in characters (from 0).
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    before + text[before..].char_indices().nth(column).map_or(text[before..].len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let cells = [("code", "let config: saas::Config = saas::Config::default();")];
        let program = exported(&cells, true).unwrap_or_default();
        assert!(program.contains("saas::Config { seed: seed.parse()?, ..config }"), "{program}");
        assert!(exported(&[("code", "let x = 1;")], true).is_err());
    }

    #[test]
    fn what_is_no_notebook_or_no_rust_is_told() {
        assert!(program("{", Path::new("x"), false).is_err_and(|e| e.contains("not a notebook")));
        assert!(program("{}", Path::new("x"), false).is_err_and(|e| e.contains("no `cells`")));
        let broken = exported(&[("markdown", ""), ("code", "let x = ")], false);
        assert!(broken.is_err_and(|e| e.contains("cell 1 does not parse")));
    }
}
