//! Compressed text.

use std::io::{self, Read};

/// Decompresses zstd as it is read.
///
/// # Errors
/// If there is not enough memory; damaged data is an error when it is read.
pub fn zstd(packed: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(zstd::Decoder::new(packed)?))
}
