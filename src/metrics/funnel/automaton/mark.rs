//! A user's events, as the automaton sees them.

/// The moment of a step that was not taken.
pub(crate) const SKIPPED: i64 = i64::MIN;

/// An event: which steps it matches, which exclusions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub at: i64,
    pub steps: u32,
    pub exclusions: u32,
}

impl Mark {
    /// Time first, then the first step matched, then all of them. What matches none comes last.
    fn rank(&self) -> (i64, u32, u32, u32) {
        (self.at, self.steps.trailing_zeros(), self.steps, self.exclusions)
    }
}

/// Sorts one user's events as [`Way::find`](super::Way::find) needs them.
pub(crate) fn in_order(marks: &mut [Mark]) {
    if !marks.is_sorted_by_key(Mark::rank) {
        marks.sort_unstable_by_key(Mark::rank);
    }
}
