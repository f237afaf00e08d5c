//! The `casebook` program.

use std::process::ExitCode;

/// Only where everything is linked into one program: memory of a shared object is not this allocator's.
#[cfg(casebook_static)]
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    casebook_cli::run()
}
