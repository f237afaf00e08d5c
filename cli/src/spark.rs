//! Apache Spark, through its own `spark-sql` program, over a folder of Parquet files.
//!
//! The program is started once and kept: it takes seconds. Each query writes its rows as Parquet into a folder of its
//! own, which is read back, so that numbers come with every digit.
//!
//! ```no_run
//! use casebook::warehouse::queries::notion;
//!
//! let mut spark = casebook_cli::spark::warehouse("/opt/spark", "local[2]", "data/out/parts", &notion::SCHEMA)?;
//! println!("{}", spark.query("SELECT count(*) AS users FROM user_profiles")?);
//! # Ok::<(), casebook::Error>(())
//! ```

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use casebook::warehouse::queries::{Query, Schema};
use casebook::warehouse::{Engine, Sink, Warehouse, files};
use casebook::{Error, ErrorKind, Result, Trouble};
use polars::prelude::*;
use tempfile::TempDir;

const ENGINE: &str = "Spark";
/// What the schema's text calls the folder.
const DATA: &str = ":data";
/// So much of what Spark says is kept for an error's message.
const KEPT: usize = 4_000;

/// Opens Apache Spark over a folder of Parquet files, in however many parts: `home` is Spark's own folder, `master` the
/// cluster (`spark://…`, or `local[2]` for threads of one process). The files are there already: nothing can be
/// loaded into it.
///
/// # Errors
/// [`Trouble::Unreachable`] if `spark-sql` does not start; [`Trouble::Statement`] if the case has no schema for
/// Spark, or a table no files.
pub fn warehouse(
    home: impl AsRef<Path>,
    master: &str,
    folder: impl AsRef<Path>,
    schema: &Schema,
) -> Result<Warehouse> {
    let mut engine = Spark::start(home.as_ref(), master, folder.as_ref())?;
    engine.see(schema)?;
    Ok(Warehouse::of(engine))
}

struct Spark {
    program: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    said: Arc<Mutex<String>>,
    master: String,
    /// Where the Parquet files are.
    folder: PathBuf,
    /// Results, and whatever Spark leaves where it runs.
    scratch: TempDir,
    asked: u64,
}

impl Spark {
    /// `home` is Spark's own folder, `master` where the cluster is: `spark://…`, or `local[2]` without one.
    fn start(home: &Path, master: &str, folder: &Path) -> Result<Spark> {
        let doing = || format!("starting spark-sql on {master}");
        let scratch = tempfile::Builder::new()
            .prefix("casebook-spark-")
            .tempdir()
            .map_err(|cause| failure(Trouble::NotWritable, doing(), cause))?;
        let folder = std::path::absolute(folder)
            .map_err(|cause| failure(Trouble::BadAddress, doing(), cause))?;
        let mut command = Command::new(home.join("bin").join("spark-sql"));
        command.args(["--silent", "--master", master]);
        for setting in [
            "spark.sql.session.timeZone=UTC",
            "spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS",
            "spark.ui.showConsoleProgress=false",
            "spark.ui.enabled=false",
        ] {
            command.args(["--conf", setting]);
        }
        let mut program = command
            .current_dir(scratch.path())
            .env("SPARK_HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| failure(Trouble::Unreachable, doing(), cause))?;
        let (input, output, errors) =
            match (program.stdin.take(), program.stdout.take(), program.stderr.take()) {
                (Some(input), Some(output), Some(errors)) => (input, output, errors),
                _ => return Err(failure(Trouble::Unreachable, doing(), "it has no streams")),
            };
        let said = Arc::new(Mutex::new(String::new()));
        listen(errors, Arc::clone(&said));
        let output = BufReader::new(output);
        let mut spark = Spark {
            program,
            input,
            output,
            said,
            master: master.to_owned(),
            folder,
            scratch,
            asked: 0,
        };
        spark.run("SELECT 1")?;
        Ok(spark)
    }

    /// Makes the views through which queries see the files.
    fn see(&mut self, schema: &Schema) -> Result<()> {
        let Some(text) = schema.spark else {
            let cause = format!("{} has no schema for Spark", schema.name);
            return Err(failure(Trouble::Statement, "making views", cause));
        };
        let text = text.replace(DATA, &self.folder.to_string_lossy().replace('\'', "\\'"));
        for statement in text.split(";\n").map(plain).filter(|statement| !statement.is_empty()) {
            self.run(&statement)?;
        }
        // A statement that failed is not noticed before its result is missing.
        for view in schema.tables.iter().chain(schema.views) {
            self.query(format!("SELECT 1 AS seen FROM {view} LIMIT 1").as_str().into())?;
        }
        Ok(())
    }

    /// Runs a statement to its end. What it says is not its result: that the caller looks for.
    fn run(&mut self, statement: &str) -> Result<()> {
        self.asked += 1;
        let lost = |cause: &dyn std::fmt::Display, said: &str| {
            let cause = format!("{cause}: {}", said.trim());
            failure(Trouble::ConnectionLost, "running a query", cause)
        };
        self.said().clear();
        let end = format!("casebook-{}", self.asked);
        // The mark's own text is not the mark: spark-sql repeats what it reads.
        let mark = format!("SELECT concat('casebook', '-{}')", self.asked);
        let sent = write!(self.input, "{statement};\n{mark};\n").and_then(|()| self.input.flush());
        if let Err(cause) = sent {
            return Err(lost(&cause, &self.said().clone()));
        }
        let mut line = String::new();
        loop {
            line.clear();
            match self.output.read_line(&mut line) {
                Ok(0) => return Err(lost(&"spark-sql has ended", &self.said().clone())),
                Ok(_) if line.contains(&end) => return Ok(()),
                Ok(_) => {}
                Err(cause) => return Err(lost(&cause, &self.said().clone())),
            }
        }
    }

    fn said(&self) -> std::sync::MutexGuard<'_, String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Spark {
    fn replace(
        &mut self,
        schema: &Schema,
        _: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let cause = "Spark reads the files of a folder: `casebook generate` writes them";
        Err(failure(Trouble::NotWritable, format!("loading {}", schema.name), cause))
    }

    fn query(&mut self, query: Query) -> Result<DataFrame> {
        let place = self.scratch.path().join(format!("result-{}", self.asked));
        let text = plain(query.text);
        let into = place.to_string_lossy().replace('\'', "\\'");
        self.run(&format!("INSERT OVERWRITE DIRECTORY '{into}' USING parquet {text}"))?;
        if !place.join("_SUCCESS").exists() {
            // What went wrong comes on another stream, in its own time.
            std::thread::sleep(Duration::from_millis(200));
            let cause = self.said().trim().to_owned();
            return Err(failure(Trouble::Statement, "running a query", cause));
        }
        let frame = result(&place)?;
        // What was read is not needed twice; what cannot be removed goes with the session.
        let _ = std::fs::remove_dir_all(&place);
        Ok(frame)
    }

    fn describe(&self) -> String {
        format!("Spark at {}, over {}", self.master, self.folder.display())
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        // Nothing is under way; the cluster notices that its driver is gone.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// Keeps the end of what a stream says.
fn listen(mut errors: impl Read + Send + 'static, said: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 4_096];
        while let Ok(count @ 1..) = errors.read(&mut bytes) {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&String::from_utf8_lossy(&bytes[..count]));
            if said.len() > 2 * KEPT {
                let from = said.ceil_char_boundary(said.len() - KEPT);
                said.drain(..from);
            }
        }
    });
}

/// A statement without its comments and its last semicolon: spark-sql takes statements apart by itself.
fn plain(text: &str) -> String {
    let kept = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    kept.collect::<Vec<_>>().join("\n").trim().trim_end_matches(';').to_owned()
}

/// A result's files are in the order of its rows.
fn result(place: &Path) -> Result<DataFrame> {
    let fail = |cause: std::io::Error| Error::file("read", place, cause);
    let mut paths = vec![];
    for entry in std::fs::read_dir(place).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            paths.push(path);
        }
    }
    paths.sort_unstable();
    let mut all: Option<DataFrame> = None;
    for path in paths {
        let more = files::read(path)?;
        all = Some(match all {
            None => more,
            Some(mut all) => {
                all.vstack_mut_owned(more)?;
                all
            }
        });
    }
    let mut all = all.unwrap_or_default();
    all.rechunk_mut();
    // As other databases say it: whole numbers are i64.
    let whole = |column: &Column| match column.dtype() {
        DataType::Int8 | DataType::Int16 | DataType::Int32 => column.cast(&DataType::Int64),
        _ => Ok(column.clone()),
    };
    let columns = all.columns().iter().map(whole).collect::<PolarsResult<Vec<_>>>()?;
    Ok(DataFrame::new_infer_height(columns)?)
}

fn failure(trouble: Trouble, doing: impl Into<String>, cause: impl ToString) -> Error {
    ErrorKind::Database { engine: ENGINE, trouble, doing: doing.into(), cause: cause.to_string() }
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_the_last_semicolon_go() {
        assert_eq!(plain("-- one; two\nSELECT 1;\n-- three\n"), "SELECT 1");
    }

    #[test]
    fn a_spark_that_is_not_there_is_named() {
        let error = Spark::start(Path::new("/nowhere"), "local[1]", Path::new("data")).err();
        let told = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(told.starts_with("Spark, while starting spark-sql on local[1]"), "{told}");
    }
}
