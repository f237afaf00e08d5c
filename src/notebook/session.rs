//! What a cell tells the kernel that runs it: where it begins and ends, how it failed, which columns its frames have.
//!
//! The kernel "Rust (casebook)" adds these calls to a cell before it compiles it, and its relay reads what they write;
//! see `kernel/README.md`. A record is a line on stderr (the last one also on stdout) that begins with the control
//! character that separates records, so that no text of a cell is mistaken for one. Without that kernel, none of this
//! is called, and a panic prints its message as usual.

use std::io::Write as _;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use polars::prelude::DataFrame;

use super::panics::plain_panics;
pub use super::record::failed;
use super::record::{FOLDER, line, record, tell};

/// The working folder that the kernel last asked for.
static PLACE: Mutex<String> = Mutex::new(String::new());

fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}

/// Reports that a cell begins, and changes to its notebook's folder.
///
/// A session that was waiting as a spare learns that folder only when a notebook takes it; later changes are the
/// learner's own.
pub fn begin(cell: u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(plain_panics);
    let asked = FOLDER.as_ref().and_then(|folder| std::fs::read_to_string(folder.join("cwd")).ok());
    let mut place = PLACE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(asked) = asked.filter(|asked| *asked != *place) {
        if let Err(error) = std::env::set_current_dir(&asked) {
            eprintln!("cannot change to the notebook's folder {asked}: {error}");
        }
        *place = asked;
    }
    tell("begin", &[&cell.to_string(), &now()]);
}

/// Reports that a cell has ended, however it did: everything it wrote before belongs to it.
pub fn end(cell: u32) {
    let (cell, now) = (cell.to_string(), now());
    // Text without a line's end would swallow what evcxr writes next on the same line.
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(record("end", &[&cell, &now]).as_bytes()).and_then(|()| out.flush());
    tell("end", &[&cell, &now]);
}

/// Reports that a panic ended the cell. The panic hook has already reported its message.
pub fn caught() {
    line();
    tell("caught", &[]);
}

/// Reports which columns a frame has, so that the kernel can offer them.
pub fn frame(name: &str, frame: &DataFrame) {
    let columns = frame.get_column_names().into_iter().map(|column| column.as_str());
    let fields: Vec<&str> = std::iter::once(name).chain(columns).collect();
    tell("frame", &fields);
}
