//! What users see in a session: screens that follow a Markov chain.

use rand::RngExt;

use super::config::Cause;
use super::effects::Effects;
use super::person::Person;
use super::place::monday;
use crate::cases::draw::uniform;
use crate::stream::stream;

/// Screens, in the order of the chain's rows.
pub(super) const SCREENS: [&str; 5] = ["home", "feed", "search", "item", "save"];
/// Probability of each next screen; what is missing to 1 ends the session.
pub(super) const CHAIN: [[f64; 5]; 5] = [
    [0.00, 0.38, 0.37, 0.05, 0.00],
    [0.08, 0.00, 0.07, 0.55, 0.00],
    [0.06, 0.00, 0.15, 0.60, 0.00],
    [0.08, 0.20, 0.17, 0.00, 0.25],
    [0.20, 0.20, 0.10, 0.10, 0.00],
];
const HOME: usize = 0;
const SEARCH: usize = 2;
/// The share of the way from home to search that a release breaks, for each share of activity that it costs.
const BREAKS: f64 = 3.0;
/// Sessions are cut here.
const LONGEST: usize = 60;

/// Returns the chain with a release that costs this share of activity.
pub(super) fn chain(release: f64) -> [[f64; 5]; 5] {
    let mut chain = CHAIN;
    chain[HOME][SEARCH] *= 1.0 - (BREAKS * release).min(1.0);
    chain
}

/// Where sessions of a day are written.
#[derive(Default)]
pub(super) struct Sessions {
    pub users: Vec<i64>,
    /// Seconds since 1970.
    pub seconds: Vec<i64>,
    pub screens: Vec<&'static str>,
}

impl Sessions {
    /// Adds the session of an active day: 0 is Monday.
    pub fn push(&mut self, person: &Person, effects: &Effects, seed: u64, week: u32, day: u32) {
        let place = person.id * 1_024 + u64::from(week) * 7 + u64::from(day);
        let mut rng = stream(seed, "diagnosis session", place);
        let midnight = i64::from(monday(week as i32)) + i64::from(day);
        let mut at = midnight * 86_400 + rng.random_range(25_200..82_000);
        let live = effects.released(person.country, week);
        let release = if live { effects.planted.of(Cause::Release) } else { 0.0 };
        let chain = chain(release);
        let mut screen = HOME;
        for _ in 0..LONGEST {
            self.users.push(person.id as i64);
            self.seconds.push(at);
            self.screens.push(SCREENS[screen]);
            at += rng.random_range(10..60);
            match next(&chain, screen, uniform(&mut rng)) {
                Some(to) => screen = to,
                None => break,
            }
        }
    }
}

/// The next screen. From home, search comes last before the end: a release then changes nothing but what it breaks.
fn next(chain: &[[f64; 5]; 5], from: usize, drawn: f64) -> Option<usize> {
    const ORDER: [usize; 5] = [0, 1, 3, 4, 2];
    let mut sum = 0.0;
    ORDER.into_iter().find(|to| {
        sum += chain[from][*to];
        drawn < sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_chain_are_below_one_and_a_release_moves_only_the_way_to_search() {
        assert!(CHAIN.iter().all(|row| row.iter().sum::<f64>() < 1.0));
        let broken = chain(0.04);
        assert!((broken[HOME][SEARCH] - 0.37 * 0.88).abs() < 1e-12);
        let steps = (0..10_000).map(|step| f64::from(step) / 10_000.0);
        let moved: Vec<f64> =
            steps.filter(|u| next(&CHAIN, HOME, *u) != next(&broken, HOME, *u)).collect();
        assert!(moved.iter().all(|u| next(&CHAIN, HOME, *u) == Some(SEARCH)), "{moved:?}");
        assert!(moved.iter().all(|u| next(&broken, HOME, *u).is_none()));
        assert_eq!(moved.len(), 444);
    }
}
