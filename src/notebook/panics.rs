//! How a panic is told.

use std::panic::set_hook;

use super::check;
use super::record::report;

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
