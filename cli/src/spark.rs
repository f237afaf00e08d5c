//! Apache Spark, through its own `spark-sql` program, over a folder of Parquet files.
//!
//! The program is started once and kept, because starting takes seconds. Each query writes its rows as Parquet into a
//! folder of its own, which is read back, so that numbers keep every digit.
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
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use casebook::error::Cause;
use casebook::warehouse::queries::{Query, Schema};
use casebook::warehouse::{Engine, Sink, Warehouse, files};
use casebook::{Error, Result, Trouble};
use polars::prelude::*;
use tempfile::TempDir;

const ENGINE: &str = "Spark";
/// What the schema's text calls the folder.
const DATA: &str = ":data";
/// How much of Spark's output is kept for error messages.
const KEPT: usize = 4_000;

/// Opens Apache Spark over a folder of Parquet files, in however many parts: `home` is Spark's own folder, `master` the
/// cluster (`spark://…`, or `local[2]` for threads of one process). The files must exist already: nothing can be loaded
/// into it.
///
/// # Errors
/// [`Trouble::Unreachable`] if `spark-sql` does not start within three minutes, or does not finish a statement within
/// two hours; [`Trouble::Statement`] if the case has no schema for Spark, or a table has no files.
pub fn warehouse(
    home: impl AsRef<Path>,
    master: &str,
    folder: impl AsRef<Path>,
    schema: &Schema,
) -> Result<Warehouse> {
    let mut engine = Spark::start(home.as_ref(), master, folder.as_ref(), Limits::default())?;
    engine.see(schema)?;
    Ok(Warehouse::of(engine))
}

/// How long to wait for `spark-sql`.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Until it has started, and reached its cluster.
    start: Duration,
    /// Until it has run a statement.
    answer: Duration,
}

impl Default for Limits {
    /// Three minutes to start, two hours for a statement.
    fn default() -> Self {
        Limits { start: Duration::from_secs(180), answer: Duration::from_secs(7_200) }
    }
}

struct Spark {
    program: Child,
    /// To the thread that writes the program's input: a program that reads nothing must not block us.
    input: Sender<String>,
    /// From the thread that reads the program's output.
    output: Receiver<String>,
    limits: Limits,
    said: Arc<Mutex<String>>,
    master: String,
    /// Where the Parquet files are.
    folder: PathBuf,
    /// For results, and for whatever Spark leaves where it runs.
    scratch: TempDir,
    asked: u64,
}

impl Spark {
    /// Starts Spark: `home` is Spark's own folder, `master` the address of the cluster: `spark://…`, or `local[2]`
    /// without one.
    fn start(home: &Path, master: &str, folder: &Path, limits: Limits) -> Result<Spark> {
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
            // A folder may be called ${so}.
            "spark.sql.variable.substitute=false",
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
                _ => {
                    return Err(failure(
                        Trouble::Unreachable,
                        doing(),
                        "its input and output could not be opened",
                    ));
                }
            };
        let said = Arc::new(Mutex::new(String::new()));
        listen(errors, Arc::clone(&said));
        let mut spark = Spark {
            program,
            input: writing(input),
            output: lines(output),
            limits,
            said,
            master: master.to_owned(),
            folder,
            scratch,
            asked: 0,
        };
        spark.run("SELECT 1", limits.start, &doing())?;
        Ok(spark)
    }

    /// Creates the views through which queries see the files.
    fn see(&mut self, schema: &Schema) -> Result<()> {
        let Some(text) = schema.spark else {
            let cause = format!("{} has no schema for Spark", schema.name);
            return Err(failure(Trouble::Statement, "making views", cause));
        };
        let folder = quoted_text(&literal_path(&self.folder.to_string_lossy()));
        for statement in text.split(";\n").map(plain).filter(|statement| !statement.is_empty()) {
            self.run(&statement.replace(DATA, &folder), self.limits.answer, "making views")?;
        }
        // A statement that failed is not noticed before its result is missing.
        for view in schema.tables.iter().chain(schema.views) {
            let seen = format!("SELECT 1 AS seen FROM {} LIMIT 1", quoted_name(view));
            self.query(seen.as_str().into())?;
        }
        Ok(())
    }

    /// Runs a statement to its end. Its output is not its result, which the caller reads from files.
    fn run(&mut self, statement: &str, limit: Duration, doing: &str) -> Result<()> {
        self.asked += 1;
        self.said().clear();
        let end = format!("casebook-{}", self.asked);
        // The mark's own text is not the mark: spark-sql repeats what it reads.
        let mark = format!("SELECT concat('casebook', '-{}')", self.asked);
        // If nobody writes any more, nobody reads either: that is found below.
        let _ = self.input.send(format!("{statement};\n{mark};\n"));
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (trouble, what) = match self.output.recv_timeout(left) {
                Ok(line) if line.contains(&end) => return Ok(()),
                Ok(_) => continue,
                Err(RecvTimeoutError::Disconnected) => {
                    (Trouble::ConnectionLost, "spark-sql has ended".to_owned())
                }
                Err(RecvTimeoutError::Timeout) => {
                    // An answer that comes later must not be taken for that of another statement.
                    let _ = self.program.kill();
                    let seconds = limit.as_secs_f64();
                    let what =
                        format!("spark-sql on {} did not answer within {seconds} s", self.master);
                    (Trouble::Unreachable, what)
                }
            };
            let said = self.said().trim().to_owned();
            let cause = if said.is_empty() { what } else { format!("{what}; it said: {said}") };
            return Err(failure(trouble, doing, cause));
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
        let into = quoted_text(&place.to_string_lossy());
        let statement = format!("INSERT OVERWRITE DIRECTORY '{into}' USING parquet {text}");
        self.run(&statement, self.limits.answer, "running a query")?;
        if !place.join("_SUCCESS").exists() {
            // What went wrong comes on another stream, in its own time.
            std::thread::sleep(Duration::from_millis(200));
            let cause = self.said().trim().to_owned();
            return Err(failure(Trouble::Statement, "running a query", cause));
        }
        let frame = typed(result(&place)?, &query)?;
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

/// Starts a thread that writes what it is sent, until the stream ends.
fn writing(mut input: impl Write + Send + 'static) -> Sender<String> {
    let (sender, receiver) = channel::<String>();
    std::thread::spawn(move || {
        for text in receiver {
            if input.write_all(text.as_bytes()).and_then(|()| input.flush()).is_err() {
                return;
            }
        }
    });
    sender
}

/// Returns the lines of a stream, as they come.
fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = vec![];
        while let Ok(1..) = output.read_until(b'\n', &mut line) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
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

/// Quotes a name so that Spark takes it literally.
fn quoted_name(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Escapes a path: Spark looks for files as Hadoop does, which gives these characters a meaning.
fn literal_path(path: &str) -> String {
    let mut pattern = String::with_capacity(path.len());
    for letter in path.chars() {
        if r"\*?[]{}".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// Escapes a text for single quotes in Spark SQL.
fn quoted_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

/// Removes a statement's comments and last semicolon, because spark-sql splits statements itself.
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

/// Gives a result the column types that its query declares.
fn typed(frame: DataFrame, query: &Query) -> Result<DataFrame> {
    let names: Vec<&str> = frame.get_column_names().iter().map(|name| name.as_str()).collect();
    let Some(types) = query.types(&names)? else { return Ok(frame) };
    let columns = frame.columns().iter().zip(types);
    let columns = columns.map(|(column, kind)| column.strict_cast(&kind.data_type()));
    Ok(DataFrame::new_infer_height(columns.collect::<PolarsResult<_>>()?)?)
}

fn failure(trouble: Trouble, doing: impl Into<String>, cause: impl Into<Cause> + 'static) -> Error {
    Error::database(ENGINE, trouble, doing, cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spark_reads_what_was_meant() {
        let read = |escaped: &str| {
            let (mut text, mut letters) = (String::new(), escaped.chars());
            while let Some(letter) = letters.next() {
                assert_ne!(letter, '\'', "{escaped} ends too early");
                text.push(if letter == '\\' { letters.next().unwrap() } else { letter });
            }
            text
        };
        for text in [r"C:\new\table", r"it's", r"\'", r"\\", r"ends with \"] {
            assert_eq!(read(&quoted_text(text)), text);
        }
    }

    #[test]
    fn comments_and_the_last_semicolon_go() {
        assert_eq!(plain("-- one; two\nSELECT 1;\n-- three\n"), "SELECT 1");
    }

    #[test]
    fn a_spark_that_is_not_there_is_named() {
        let nowhere = Path::new("/nowhere");
        let error = Spark::start(nowhere, "local[1]", Path::new("data"), Limits::default()).err();
        let told = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(told.starts_with("Spark, while starting spark-sql on local[1]"), "{told}");
    }

    /// Makes a stand-in for `spark-sql`: it does what the script says with each line, and answers the marks.
    #[cfg(unix)]
    fn pretend(script: &str) -> TempDir {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("bin")).unwrap();
        let program = home.path().join("bin/spark-sql");
        let answers = r#"*concat*) echo "casebook-$(echo "$line" | tr -dc '0-9')";;"#;
        let text = format!(
            "#!/bin/sh\nwhile IFS= read -r line; do case \"$line\" in {script} {answers} esac; done\n"
        );
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        home
    }

    #[cfg(unix)]
    fn start(home: &TempDir, folder: &Path) -> Result<Spark> {
        let soon = Limits { start: Duration::from_secs(2), answer: Duration::from_secs(1) };
        Spark::start(home.path(), "spark://nobody:7077", folder, soon)
    }

    #[cfg(unix)]
    fn told<T>(result: Result<T>) -> (Trouble, String) {
        let error = result.err().unwrap();
        let trouble = error.trouble();
        (trouble.unwrap_or_else(|| panic!("not a database error: {error}")), error.to_string())
    }

    #[cfg(unix)]
    #[test]
    fn a_spark_that_does_not_answer_is_not_waited_for() {
        let home = pretend("*) echo 'looking for nobody' >&2; exec sleep 100;;");
        let (trouble, told) = told(start(&home, Path::new("data")));
        assert_eq!(trouble, Trouble::Unreachable);
        let named = "spark-sql on spark://nobody:7077 did not answer within 2 s; it said: looking for nobody";
        assert!(told.contains(named), "{told}");
    }

    #[cfg(unix)]
    #[test]
    fn a_statement_without_an_answer_is_given_up() {
        let home = pretend("INSERT*) exec sleep 100;;");
        let mut spark = start(&home, Path::new("data")).unwrap();
        let (trouble, message) = told(spark.query("SELECT 1 AS one".into()));
        assert_eq!(trouble, Trouble::Unreachable);
        assert!(message.contains("running a query") && message.contains("within 1 s"), "{message}");
        let (trouble, message) = told(spark.query("SELECT 1 AS one".into()));
        assert_eq!(trouble, Trouble::ConnectionLost, "{message}");
        let home = pretend("INSERT*) exit;;");
        let mut spark = start(&home, Path::new("data")).unwrap();
        let (trouble, message) = told(spark.query("SELECT 1 AS one".into()));
        assert_eq!(trouble, Trouble::ConnectionLost);
        assert!(message.contains("has ended"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_may_have_any_name() {
        use casebook::warehouse::queries::notion;
        let place = tempfile::tempdir().unwrap();
        let (log, folder) = (place.path().join("log"), place.path().join(r"it's \new [1]{a,b}*?"));
        let home = pretend(&format!("CREATE*) printf '%s\\n' \"$line\" >> {};;", log.display()));
        let mut spark = start(&home, &folder).unwrap();
        // Nothing is read back from what only pretends.
        assert_eq!(told(spark.see(&notion::SCHEMA)).0, Trouble::Statement);
        let seen = std::fs::read_to_string(&log).unwrap();
        // Once for the pattern that a path is, and again for the text that a pattern stands in.
        let escaped = r"it\'s \\\\new \\[1\\]\\{a,b\\}\\*\\?";
        let escaped = format!("path '{}/{escaped}/plans*.parquet'", place.path().display());
        assert!(seen.contains(&escaped), "{escaped}\n{seen}");
    }
}
