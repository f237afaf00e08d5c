//! The `casebook` program.

use std::process::ExitCode;

/// Only if everything is linked into one program: a shared object's memory does not come from this allocator.
#[cfg(casebook_static)]
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    casebook_cli::run()
}
