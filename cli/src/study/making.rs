//! A study in the making.

use casebook::polars::prelude::DataFrame;

use crate::report::notion::stored::Frames;

/// A study in the making.
pub(super) struct Making {
    pub frames: Frames,
    /// Sections that are left out, and why.
    pub left_out: Vec<(&'static str, String)>,
}

impl Making {
    pub fn add(&mut self, name: &'static str, frame: DataFrame) {
        self.frames.push((name, frame));
    }

    /// Leaves a section out. The reason is a sentence without its end.
    pub fn leave(&mut self, section: &'static str, why: impl Into<String>) {
        self.left_out.push((section, why.into()));
    }
}
