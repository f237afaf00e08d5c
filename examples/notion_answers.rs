//! What polars makes of a folder of generated Parquet files, for each query in `sql/notion/`, as JSON: for comparing
//! another engine with it.
//!
//! ```sh
//! cargo run --example notion_answers -- data/out/parts 2024-02-29
//! ```

#[path = "../tests/support/answers.rs"]
mod answers;

use std::path::{Path, PathBuf};

use casebook::polars::prelude::AnyValue;
use casebook::prelude::*;
use casebook::warehouse::files::read_columns;
use serde_json::{Map, Value, json};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let usage = "usage: notion_answers FOLDER YYYY-MM-DD";
    let mut words = std::env::args().skip(1);
    let folder = PathBuf::from(words.next().ok_or(usage)?);
    let as_of = words.next().ok_or(usage)?.parse()?;
    let tables = tables(&folder)?;
    let mut said = Map::new();
    said.insert("events".into(), json!(tables.user_events.height()));
    for (query, frame) in answers::from_polars(&tables, as_of) {
        let columns: Vec<String> =
            frame.get_column_names().iter().map(ToString::to_string).collect();
        let rows: Vec<Vec<Value>> = (0..frame.height())
            .map(|row| frame.columns().iter().map(|column| value(column, row)).collect())
            .collect::<std::result::Result<_, _>>()?;
        said.insert(query.name.into(), json!({ "columns": columns, "rows": rows }));
    }
    println!("{}", Value::Object(said));
    Ok(())
}

fn value(column: &Column, row: usize) -> std::result::Result<Value, Box<dyn std::error::Error>> {
    Ok(match column.get(row)? {
        AnyValue::Null => Value::Null,
        AnyValue::String(text) => json!(text),
        AnyValue::Float64(number) => json!(number),
        other => json!(other.try_extract::<i64>()?),
    })
}

/// The tables, each from its parts in order; of events only what the queries read.
fn tables(folder: &Path) -> Result<notion::Tables> {
    let empty = notion::generate(&notion::Config { users: 1, ..Default::default() })?;
    let read = |name: &str, columns: &[&str]| -> Result<DataFrame> {
        let mut paths = vec![];
        for k in 1.. {
            // Parts say in their names how many there are.
            let found = (k..=64).map(|n| folder.join(format!("{name}-{k}-of-{n}.parquet")));
            match found.into_iter().find(|path| path.exists()) {
                Some(path) => paths.push(path),
                None => break,
            }
        }
        if paths.is_empty() {
            paths.push(folder.join(format!("{name}.parquet")));
        }
        let mut whole: Option<DataFrame> = None;
        for path in paths {
            let part = read_columns(&path, columns)?;
            match &mut whole {
                Some(whole) => whole.vstack_mut_owned(part).map(|_| ())?,
                None => whole = Some(part),
            }
        }
        Ok(whole.unwrap_or_default())
    };
    let all = |frame: &DataFrame| -> Vec<String> {
        frame.get_column_names().iter().map(ToString::to_string).collect()
    };
    let whole = |name: &str, like: &DataFrame| -> Result<DataFrame> {
        let columns = all(like);
        read(name, &columns.iter().map(String::as_str).collect::<Vec<_>>())
    };
    Ok(notion::Tables {
        plans: whole("plans", &empty.plans)?,
        calendar: whole("calendar", &empty.calendar)?,
        visitors: whole("visitors", &empty.visitors)?,
        workspaces: whole("workspaces", &empty.workspaces)?,
        user_profiles: whole("user_profiles", &empty.user_profiles)?,
        workspace_members: whole("workspace_members", &empty.workspace_members)?,
        user_events: read("user_events", &["user_id", "workspace_id", "event_type", "timestamp"])?,
    })
}
