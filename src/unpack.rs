//! Packed text, for the command. It is here because the shared object of this library holds zstd, and gives
//! programs that are linked against it only those functions of zstd that it uses itself.

use std::io::{self, Read};

/// Unpacks zstd while it is read.
///
/// # Errors
/// If there is no memory for it; what is damaged is an error when it is read.
pub fn zstd(packed: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(zstd::Decoder::new(packed)?))
}
