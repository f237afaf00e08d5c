//! A company's months in a world in which something is done about churn.

use rand::RngExt;

use super::intervention::{Intervention, Offer};
use super::life::Life;
use crate::stream::{Stream, stream};

/// Streams of interventions are keyed by company and month: `company_id` × this + the month. No world is longer.
const MONTHS: u64 = 2_048;

/// What is done, with the name of each intervention's own streams.
pub(super) struct Measures<'i> {
    done: Vec<(&'i Intervention, String)>,
    seed: u64,
}

impl<'i> Measures<'i> {
    /// Prepares the streams of a future; 0 is the one that the case's data goes on with.
    pub fn new(done: &'i [Intervention], seed: u64, future: u64) -> Measures<'i> {
        let name = |place: usize| match future {
            0 => format!("saas intervention {place}"),
            _ => format!("saas intervention {place}, future {future}"),
        };
        Measures {
            done: done.iter().enumerate().map(|(place, each)| (each, name(place))).collect(),
            seed,
        }
    }

    /// An intervention's stream for a company and month: what one draws changes nothing for others.
    fn stream(&self, name: &str, id: u32, month: u32) -> Stream {
        stream(self.seed, name, u64::from(id) * MONTHS + u64::from(month))
    }
}

/// A company with what the team has seen of it.
#[derive(Clone)]
pub(super) struct Twin {
    pub life: Life,
    id: u32,
    month: u32,
    /// Sessions in the last month, and in the one before; none when it was not a client.
    pub last: Option<u32>,
    pub earlier: Option<u32>,
}

/// A company that is a client on the day of the decision.
pub(super) struct Client {
    pub id: u32,
    pub twin: Twin,
}

/// What happened in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lived {
    /// None is the end.
    pub sessions: u32,
    /// How often the company was contacted.
    pub contacts: u32,
    /// Whether it would have churned without an offer.
    pub saved: bool,
}

impl Twin {
    /// Makes a company before its first month.
    pub fn new(life: Life, id: u32) -> Twin {
        Twin { life, id, month: 0, last: None, earlier: None }
    }

    /// Draws the next month. The company's own stream goes on as if nothing were done.
    pub fn next_month(&mut self, measures: &Measures) -> Lived {
        self.month += 1;
        let mut lived = Lived { sessions: self.life.next_month(), contacts: 0, saved: false };
        let begun = |from: u32| self.month >= from;
        for (intervention, name) in &measures.done {
            if let Intervention::Price(price) = intervention
                && begun(price.from)
                && price.size == self.life.size
                && lived.sessions > 0
                && measures.stream(name, self.id, self.month).random_range(0.0..1.0) < price.leaves
            {
                lived.sessions = 0;
            }
        }
        for (intervention, name) in &measures.done {
            let Intervention::Offer(Offer { to, from, saves }) = intervention else { continue };
            if !begun(*from) || !to.holds(self.life.size, self.last, self.earlier) {
                continue;
            }
            lived.contacts += 1;
            if lived.sessions == 0 {
                let mut rng = measures.stream(name, self.id, self.month);
                if rng.random_range(0.0..1.0) < *saves {
                    lived.sessions = self.life.another_month(&mut rng);
                    lived.saved = true;
                }
            }
        }
        (self.earlier, self.last) = (self.last, Some(lived.sessions));
        lived
    }

    /// Takes the months from here on out of another stream.
    pub fn turn_to(&mut self, rng: Stream) {
        self.life.turn_to(rng);
    }
}
