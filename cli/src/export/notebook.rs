//! A notebook's cells, of nbformat 3 or 4.

use serde_json::Value;

/// A cell as an export needs it.
#[derive(Debug)]
pub struct Cell {
    /// Its number in the notebook, from 1.
    pub number: usize,
    pub code: bool,
    pub source: String,
    /// Whether it fails on purpose, to show how that looks.
    pub fails: bool,
}

/// Returns all cells but raw ones.
pub fn cells(notebook: &str) -> Result<Vec<Cell>, String> {
    let notebook = notebook.trim_start_matches('\u{feff}');
    let notebook: Value =
        serde_json::from_str(notebook).map_err(|cause| format!("it is not a notebook: {cause}"))?;
    let of = |sheet: &Value| sheet["cells"].as_array().cloned();
    let cells = match (of(&notebook), notebook["worksheets"].as_array()) {
        (Some(cells), _) => cells,
        // nbformat 3 had sheets.
        (None, Some(sheets)) => sheets.iter().filter_map(of).flatten().collect(),
        (None, None) => return Err("it is not a notebook: there are no `cells`".into()),
    };
    let mut kept = vec![];
    for (place, cell) in cells.iter().enumerate() {
        let number = place + 1;
        if cell["cell_type"] == "raw" {
            continue;
        }
        let code = cell["cell_type"] == "code";
        // nbformat 3 called a cell's code its input.
        let source = [&cell["source"], &cell["input"]].into_iter().find(|one| !one.is_null());
        let source = source.map_or(Some(String::new()), joined).ok_or_else(|| {
            format!("cell {number} is damaged: its source is neither text nor a list of lines")
        })?;
        // And it had headings.
        let source = match cell["level"].as_u64() {
            Some(level @ 1..=6) if cell["cell_type"] == "heading" => {
                format!("{} {source}", "#".repeat(level as usize))
            }
            _ => source,
        };
        let tags = cell["metadata"]["tags"].as_array();
        let fails = tags.is_some_and(|tags| tags.contains(&"raises-exception".into()));
        kept.push(Cell { number, code, source, fails });
    }
    Ok(kept)
}

/// Joins a source into one text. The lines of a list usually have line ends; if not, they are added, or code after a
/// comment would become part of it.
fn joined(source: &Value) -> Option<String> {
    let Value::Array(lines) = source else { return source.as_str().map(str::to_owned) };
    let mut text = String::new();
    for line in lines {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(line.as_str()?);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_of_a_list_are_lines() {
        for (source, text) in [
            (json!(["let x = 1; // one\n", "x"]), "let x = 1; // one\nx"),
            (json!(["let x = 1; // one", "x"]), "let x = 1; // one\nx"),
            (json!("let x = 1;\nx"), "let x = 1;\nx"),
            (json!([]), ""),
            (json!(null), ""),
        ] {
            let notebook = json!({"cells": [{"cell_type": "code", "source": source}]});
            assert_eq!(cells(&notebook.to_string()).unwrap()[0].source, text);
        }
    }

    #[test]
    fn older_notebooks_are_read() {
        let notebook = json!({"nbformat": 3, "worksheets": [
            {"cells": [{"cell_type": "heading", "level": 2, "source": ["A title"]}]},
            {"cells": [{"cell_type": "raw", "source": "x"}, {"cell_type": "code", "input": ["1 + 1"]}]},
        ]});
        let cells = cells(&notebook.to_string()).unwrap();
        let found: Vec<_> = cells.iter().map(|c| (c.number, c.code, c.source.as_str())).collect();
        assert_eq!(found, [(1, false, "## A title"), (3, true, "1 + 1")]);
    }

    #[test]
    fn what_is_no_notebook_is_told() {
        for (text, said) in [
            ("{", "not a notebook"),
            ("", "not a notebook"),
            ("[1]", "no `cells`"),
            ("{}", "no `cells`"),
            (&"[".repeat(100_000), "not a notebook"),
            (r#"{"cells": [{"cell_type": "raw"}, {"source": 7}]}"#, "cell 2 is damaged"),
            (r#"{"cells": [{"source": ["a", 7]}]}"#, "cell 1 is damaged"),
        ] {
            let told = cells(text).unwrap_err();
            assert!(told.contains(said), "{said}: {told}");
        }
        assert!(cells("\u{feff}{\"cells\": []}").is_ok_and(|cells| cells.is_empty()));
    }
}
