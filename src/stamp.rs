//! A record of what a result was made with, so that it can be reproduced.

use std::fmt::Write as _;

use polars::prelude::*;
use sha2::{Digest, Sha256};

use crate::error::Result;

/// A reproducibility stamp: seed, versions, and a hash of the data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp {
    lines: Vec<(String, String)>,
}

impl Stamp {
    /// Creates a stamp with this library's version and that of the compiler that built it.
    pub fn new() -> Stamp {
        Stamp::default()
            .with("casebook", env!("CARGO_PKG_VERSION"))
            .with("rustc", env!("CASEBOOK_RUSTC"))
    }

    /// Adds a line of your own.
    pub fn with(mut self, what: &str, value: impl ToString) -> Stamp {
        self.lines.push((what.to_owned(), value.to_string()));
        self
    }

    /// Adds the hash of a frame's contents: see [`hash`].
    ///
    /// # Errors
    /// Polars' own for types that cannot be written as CSV.
    pub fn with_data(self, name: &str, frame: &DataFrame) -> Result<Stamp> {
        let rows = frame.height();
        Ok(self.with(name, format!("{rows} rows, SHA-256 {}", hash(frame)?)))
    }

    /// Returns the stamp as a frame: `what`, `value`.
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn table(&self) -> Result<DataFrame> {
        let column = |pick: fn(&(String, String)) -> &str| -> Vec<&str> {
            self.lines.iter().map(pick).collect()
        };
        Ok(df!("what" => column(|line| &line.0), "value" => column(|line| &line.1))?)
    }
}

/// Returns the first 16 hexadecimal digits of the SHA-256 of a frame written as CSV: the same for the same values, on
/// any machine.
///
/// # Errors
/// Polars' own for types that cannot be written as CSV.
pub fn hash(frame: &DataFrame) -> Result<String> {
    use polars_io::SerWriter;
    use polars_io::csv::write::CsvWriter;
    let mut hasher = Sha256::new();
    CsvWriter::new(Feed(&mut hasher)).finish(&mut frame.clone())?;
    let digest = hasher.finalize();
    Ok(digest.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Hashes what is written into it.
pub(crate) struct Feed<'h>(pub(crate) &'h mut Sha256);

impl std::io::Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_the_values() {
        let frame = df!("a" => [1, 2], "b" => [Some("x"), None]).unwrap();
        let other = df!("a" => [1, 3], "b" => [Some("x"), None]).unwrap();
        assert_eq!(hash(&frame).unwrap(), hash(&frame.clone()).unwrap());
        assert_ne!(hash(&frame).unwrap(), hash(&other).unwrap());
        assert_eq!(hash(&frame).unwrap().len(), 16);
    }
}
