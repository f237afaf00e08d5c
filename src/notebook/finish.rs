//! Showing what may have failed.

use super::record;
use super::show::Show;
use crate::Result;

/// Shows the finished value, or fails the cell as `?` would: leaving out the `?` was not meant to hide the error.
#[track_caller]
pub(crate) fn finish<S: Show>(result: Result<S>) {
    finish_with(result, |value| value.evcxr_display());
}

/// Does the same for values that are not shown directly.
#[track_caller]
pub(super) fn finish_with<T>(result: Result<T>, show: impl FnOnce(T)) {
    match result {
        Ok(value) => show(value),
        Err(error) if record::heard() => record::failed(&error),
        // Nobody reads the records: outside the kernel a cell, or a program made of cells, stops by a panic only.
        Err(error) => panic!("{error}"),
    }
}
