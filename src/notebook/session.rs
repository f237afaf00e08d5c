//! What a cell tells the kernel that runs it: where it begins and ends, how it failed, which columns its frames have.
//!
//! The kernel "Rust (casebook)" adds these calls to a cell before it compiles it, and its relay reads what they write;
//! see `kernel/README.md`. A record is a line on stderr (the last one also on stdout) that begins with the control
//! character that separates records, so that no text of a cell is mistaken for one. Without that kernel, none of this
//! is called, and a panic prints its message as usual.

use std::fmt::Display;
use std::io::Write as _;
use std::panic::{Location, PanicHookInfo, set_hook};
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, Once, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use polars::prelude::DataFrame;

use super::check;

/// Separates records from text.
const RECORD: char = '\u{1e}';
/// Separates the fields of a record.
const FIELD: char = '\u{1f}';
/// Stands for a line's end within a field: a record is one line.
const LINE: char = '\u{1d}';

/// The session's folder, if the kernel has named one.
static FOLDER: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("CASEBOOK_SESSION").map(PathBuf::from));
/// The working folder that the kernel last asked for.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Tells whether the kernel's relay listens.
pub(crate) fn heard() -> bool {
    FOLDER.is_some()
}

/// Formats one record.
fn record(kind: &str, fields: &[&str]) -> String {
    let mut line = format!("{RECORD}{kind}");
    for field in fields {
        line.push(FIELD);
        line.extend(field.chars().map(|letter| match letter {
            '\n' => LINE,
            RECORD | FIELD | '\r' => ' ',
            other => other,
        }));
    }
    line.push('\n');
    line
}

fn tell(kind: &str, fields: &[&str]) {
    // A broken pipe means that the kernel is gone, and this process is about to follow.
    let _ = std::io::stderr().write_all(record(kind, fields).as_bytes());
}

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}

/// Reports that a cell begins, and changes to its notebook's folder.
///
/// A session that was waiting as a spare learns that folder only when a notebook takes it; later changes are the
/// learner's own.
pub fn begin(cell: u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(plain_panics);
    let asked = FOLDER.as_ref().and_then(|folder| std::fs::read_to_string(folder.join("cwd")).ok());
    let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(asked) = asked.filter(|asked| *asked != *place) {
        if let Err(error) = std::env::set_current_dir(&asked) {
            eprintln!("cannot change to the notebook's folder {asked}: {error}");
        }
        *place = asked;
    }
    tell("begin", &[&cell.to_string(), &now()]);
}

/// Reports that a cell has ended, however it did: everything it wrote before belongs to it.
pub fn end(cell: u32) {
    let (cell, now) = (cell.to_string(), now());
    // Text without a line's end would swallow what evcxr writes next on the same line.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(record("end", &[&cell, &now]).as_bytes()).and_then(|()| out.flush());
    tell("end", &[&cell, &now]);
}

/// Ends the line that the cell may have begun on stdout: evcxr recognises its own marks there by line.
fn line() {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(record("line", &[]).as_bytes()).and_then(|()| out.flush());
}

/// Reports that a cell returned an error through `?`, and where.
#[track_caller]
pub fn failed<E: Display>(error: &E) {
    line();
    let fields = placed(std::any::type_name::<E>(), Location::caller(), error.to_string());
    tell("error", &fields.each_ref().map(String::as_str));
}

/// Reports that a panic ended the cell. The panic hook has already reported its message.
pub fn caught() {
    line();
    tell("caught", &[]);
}

/// Reports which columns a frame has, so that the kernel can offer them.
pub fn frame(name: &str, frame: &DataFrame) {
    let columns = frame.get_column_names().into_iter().map(|column| column.as_str());
    let fields: Vec<&str> = std::iter::once(name).chain(columns).collect();
    tell("frame", &fields);
}

/// Formats what happened, in which file, line and column, and the message.
fn placed(what: &str, place: &Location<'_>, message: String) -> [String; 5] {
    let number = |number: u32| number.to_string();
    [
        what.to_owned(),
        place.file().to_owned(),
        number(place.line()),
        number(place.column()),
        message,
    ]
}

/// Lets a panic print its message and its place, without a backtrace.
///
/// The kernel calls this when a session starts: evcxr asks for backtraces, which are noise in a lesson.
pub fn plain_panics() {
    set_hook(Box::new(|panic| {
        if !check::told(panic) {
            report("panic", panic, panic.payload_as_str().unwrap_or("a panic without a message"));
        }
    }));
}

/// Reports a panic to the kernel's relay, or to a person who reads stderr.
pub(crate) fn report(what: &str, panic: &PanicHookInfo<'_>, message: &str) {
    match panic.location() {
        Some(place) if heard() => {
            let fields = placed(what, place, message.to_owned());
            tell("panic", &fields.each_ref().map(String::as_str));
        }
        Some(place) => eprintln!("panicked at {place}:\n{message}"),
        None => eprintln!("panicked:\n{message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line_whatever_it_holds() {
        let line = record("error", &["a\nb", "c\u{1f}d\u{1e}e\r"]);
        assert_eq!(line, "\u{1e}error\u{1f}a\u{1d}b\u{1f}c d e \n");
        assert_eq!(line.matches('\n').count(), 1);
    }

    #[test]
    fn an_errors_record_says_what_where_and_why() {
        let [what, file, line, column, said] = placed("E", Location::caller(), "no days".into());
        assert_eq!((what.as_str(), said.as_str()), ("E", "no days"));
        assert!(file.ends_with("session.rs"), "{file}");
        assert!(line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok());
    }

    #[test]
    fn without_the_kernel_nothing_is_heard() {
        assert!(!heard());
    }
}
