//! What the command prints on standard output and standard error.
//!
//! `println!` panics when nobody reads, as in `casebook … | head -1`, and when a disk is full. Here a reader that has
//! gone away is not an error, and the work is finished anyway. Any other problem is kept for the end: see [`trouble`].

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use casebook::{Error, Result};

/// The first error; nothing more is written after it.
static TROUBLE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line on standard output.
macro_rules! say {
    ($($word:tt)*) => { $crate::say::to_output(format_args!($($word)*)) };
}

/// Prints a line on standard error.
macro_rules! complain {
    ($($word:tt)*) => { $crate::say::to_error(format_args!($($word)*)) };
}

pub(crate) use {complain, say};

pub fn to_output(words: fmt::Arguments) {
    let mut trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
    if trouble.is_none() {
        let mut out = io::stdout().lock();
        *trouble = writeln!(out, "{words}").and_then(|()| out.flush()).err();
    }
}

pub fn to_error(words: fmt::Arguments) {
    // There is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{words}");
}

/// Formats a number of things: "1 day", "2 days".
pub fn many<N: From<u8> + PartialEq + fmt::Display>(count: N, of: &str) -> String {
    let more = if count == N::from(1) { "" } else { "s" };
    format!("{count} {of}{more}")
}

/// Checks that all output was written, or that nobody was reading any more.
pub fn trouble() -> Result<()> {
    let trouble = TROUBLE.lock().unwrap_or_else(PoisonError::into_inner);
    match &*trouble {
        Some(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            // It stays there for whoever asks again.
            let cause = io::Error::new(cause.kind(), cause.to_string());
            Err(Error::file("write to", Path::new("standard output"), cause))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!((many(1_i64, "day"), many(2_usize, "day")), ("1 day".into(), "2 days".into()));
    }
}
