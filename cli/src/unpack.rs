//! Packed text.

use std::io::{self, Read};

/// Unpacks zstd while it is read.
///
/// # Errors
/// If there is no memory for it; what is damaged is an error when it is read.
pub fn zstd(packed: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(zstd::Decoder::new(packed)?))
}
