//! Lines on stderr that tell the kernel's relay what happens in a cell.

use std::fmt::Display;
use std::io::Write as _;
use std::panic::{Location, PanicHookInfo};
use std::path::PathBuf;
use std::sync::LazyLock;

/// Separates records from text.
const RECORD: char = '\u{1e}';
/// Separates the fields of a record.
const FIELD: char = '\u{1f}';
/// Stands for a line's end within a field: a record is one line.
const LINE: char = '\u{1d}';

/// The session's folder, if the kernel has named one.
pub(super) static FOLDER: LazyLock<Option<PathBuf>> =
    LazyLock::new(|| std::env::var_os("CASEBOOK_SESSION").map(PathBuf::from));
/// Tells whether the kernel's relay listens.
pub(super) fn heard() -> bool {
    FOLDER.is_some()
}

/// Formats one record.
pub(super) fn record(kind: &str, fields: &[&str]) -> String {
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

pub(super) fn tell(kind: &str, fields: &[&str]) {
    // A broken pipe means that the kernel is gone, and this process is about to follow.
    let _ = std::io::stderr().write_all(record(kind, fields).as_bytes());
}

/// Ends the line that the cell may have begun on stdout: evcxr recognises its own marks there by line.
pub(super) fn line() {
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

/// Formats what happened, in which file, line and column, and the message.
pub(super) fn placed(what: &str, place: &Location<'_>, message: String) -> [String; 5] {
    let number = |number: u32| number.to_string();
    [
        what.to_owned(),
        place.file().to_owned(),
        number(place.line()),
        number(place.column()),
        message,
    ]
}

/// Reports a panic to the kernel's relay, or to a person who reads stderr.
pub(super) fn report(what: &str, panic: &PanicHookInfo<'_>, message: &str) {
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
        assert!(file.ends_with("record.rs"), "{file}");
        assert!(line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok());
    }

    #[test]
    fn without_the_kernel_nothing_is_heard() {
        assert!(!heard());
    }
}
