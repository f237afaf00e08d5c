//! What is wrong with a file.

use std::path::Path;

use casebook::Error;
use casebook::error::Cause;

/// Returns an error about the file: a sentence, or what the system says.
pub fn trouble(path: &Path, problem: impl Into<Cause> + 'static) -> Error {
    Error::file("use", path, problem)
}
