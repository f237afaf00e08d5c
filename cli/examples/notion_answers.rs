//! What polars makes of a folder of generated Parquet files, for each query in `sql/notion/`: as JSON, or compared with
//! what Spark answers.
//!
//! ```sh
//! cargo run --package casebook-cli --example notion_answers -- data/out/parts 2024-02-29
//! cargo run --package casebook-cli --example notion_answers -- data/out/parts --spark $SPARK_HOME spark://127.0.0.1:7077 2024-02-29
//! ```

#[path = "../../tests/support/answers.rs"]
mod answers;

use std::path::Path;
use std::time::Instant;

use casebook::polars::prelude::AnyValue;
use casebook::prelude::*;
use casebook::warehouse::files::{Format, parts, read_columns};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};

type Done<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: notion_answers FOLDER YYYY-MM-DD
       notion_answers FOLDER --spark HOME MASTER YYYY-MM-DD ...";

fn main() -> Done<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [folder, "--spark", home, master, ref days @ ..] if !days.is_empty() => {
            compare(Path::new(folder), home, master, days)
        }
        [folder, day] => print(Path::new(folder), day.parse()?),
        _ => Err(USAGE.into()),
    }
}

fn print(folder: &Path, as_of: NaiveDate) -> Done<()> {
    let tables = tables(folder)?;
    let mut said = Map::new();
    said.insert("events".into(), json!(tables.user_events.height()));
    for (query, frame) in answers::from_polars(&tables, as_of) {
        let columns: Vec<String> =
            frame.get_column_names().iter().map(ToString::to_string).collect();
        let rows: Vec<Vec<Value>> = (0..frame.height())
            .map(|row| frame.columns().iter().map(|column| value(column, row)).collect())
            .collect::<Done<_>>()?;
        said.insert(query.name.into(), json!({ "columns": columns, "rows": rows }));
    }
    println!("{}", Value::Object(said));
    Ok(())
}

/// Asks Spark, and fails at the first answer that is not exactly polars'.
fn compare(folder: &Path, home: &str, master: &str, days: &[&str]) -> Done<()> {
    let tables = tables(folder)?;
    let mut spark = casebook_cli::spark::warehouse(home, master, folder, &queries::notion::SCHEMA)?;
    println!("{spark}: {} events", tables.user_events.height());
    let refused = spark.query("SELECT nothing FROM plans").err().map(|error| error.to_string());
    if !refused.as_ref().is_some_and(|told| told.contains("`nothing` cannot be resolved")) {
        return Err(format!("a column that is not there is told as {refused:?}").into());
    }
    for day in days {
        let as_of = day.parse()?;
        for (query, expected) in answers::from_polars(&tables, as_of) {
            let start = Instant::now();
            let found = spark.query_on(query, as_of)?;
            let seconds = start.elapsed().as_secs_f64();
            if !found.equals_missing(&expected) {
                return Err(
                    format!("{}, {day}\npolars\n{expected}\nSpark\n{found}", query.name).into()
                );
            }
            println!(
                "  {day} {:<28} {seconds:5.1} s, {} rows equal to polars",
                query.name,
                found.height()
            );
        }
    }
    Ok(())
}

fn value(column: &Column, row: usize) -> Done<Value> {
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
        let mut whole: Option<DataFrame> = None;
        for path in parts(folder, name, Format::Parquet)? {
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
