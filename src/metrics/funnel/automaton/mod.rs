//! The automaton: one user's events in, the moment of each step out.

mod any;
mod attempts;
mod mark;
mod sequence;
mod simultaneous;
mod strict_once;
mod window_funnel;

use super::definition::{Funnel, Order};
use attempts::Attempts;
use sequence::Search;

pub(super) use mark::{Mark, SKIPPED, in_order};

/// Finds one user's way after the other.
pub(super) struct Way<'f> {
    funnel: &'f Funnel,
    search: Search<'f>,
    rows: Attempts,
}

impl<'f> Way<'f> {
    /// Prepares the search. `overlap`: whether an event matches several steps.
    pub fn new(funnel: &'f Funnel, overlap: bool) -> Way<'f> {
        let (search, rows) = (Search::new(funnel, overlap), Attempts::new(funnel.steps.len()));
        Way { funnel, search, rows }
    }

    /// Finds when the user took each step: `reached` holds [`SKIPPED`], before and after, for steps not taken.
    pub fn find(&mut self, marks: &[Mark], reached: &mut [i64]) {
        let stays = match (self.funnel.window_funnel, self.funnel.order) {
            (Some(modes), _) => {
                modes.level(self.funnel, marks, &mut self.rows, reached);
                true
            }
            (None, Order::Any) => self.funnel.in_any_order(marks, reached),
            (None, _) => self.search.find(marks, reached),
        };
        if !stays {
            reached.fill(SKIPPED);
        }
    }
}

/// The steps somebody took, with their moments.
pub(super) fn taken(reached: &[i64]) -> impl Iterator<Item = (usize, i64)> + '_ {
    reached.iter().copied().enumerate().filter(|(_, at)| *at != SKIPPED)
}
