//! Questions to support: when they arise, and how often.
//!
//! A question waits at a point of the hazard that somebody lives through from the second day on, exponentially distributed:
//! people at risk have questions early, and whoever leaves first asks none. So a share rate / (1 + rate) of those who come on
//! the second day asks, if they are observed for ever. The rate is solved for the share who ask within the time observed.

use super::config::Config;
use super::population::{PATHS, drives, paths};

/// Shortest and longest time to an answer, in minutes.
pub(super) const ANSWER_MINUTES: (i64, i64) = (30, 48 * 60);

/// Why someone asks for support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Path,
    Technical,
}

impl Reason {
    pub fn name(self) -> &'static str {
        match self {
            Reason::Path => "path question",
            Reason::Technical => "technical",
        }
    }
}

/// A question that somebody will ask, unless they leave before.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub reason: Reason,
    /// The hazard from the second day on, for a multiplier of 1, after which it arises.
    pub after: f64,
    /// Seconds from the question to the answer.
    pub answer: i64,
}

/// Returns the rate of questions per unit of hazard, given the share of sign-ups on each day observed: the one with which the
/// share asked for asks, in a world without mentors. If it can't be reached, the rate is large.
pub(super) fn rate(config: &Config, sign_ups: &[f64]) -> f64 {
    const MOST: f64 = 1e3;
    /// Days that are treated alike.
    const WINDOW: usize = 14;
    let active = 1.0 - config.activity.inactive;
    if active <= 0.0 || config.support.share <= 0.0 {
        return 0.0;
    }
    let law = &config.drop_off;
    let first = law.cumulative(1.0);
    let windows: Vec<(f64, f64)> = sign_ups
        .chunks(WINDOW)
        .enumerate()
        .map(|(window, shares)| {
            let day = WINDOW * window + shares.len() / 2;
            let left = law.cumulative((sign_ups.len() - day) as f64) - first;
            (left.max(0.0), shares.iter().sum())
        })
        .collect();
    let mut people = vec![];
    for (drive, probability) in drives(18) {
        for (path, _) in paths(config) {
            let factor = path * (-law.drive * drive).exp();
            people.push((factor, probability / PATHS * (-factor * first).exp()));
        }
    }
    let share = |rate: f64| -> f64 {
        let asks = |factor: f64| -> f64 {
            let by = windows
                .iter()
                .map(|(left, share)| share * (1.0 - (-(1.0 + rate) * factor * left).exp()));
            by.sum()
        };
        let all: f64 = people.iter().map(|(factor, weight)| weight * asks(*factor)).sum();
        active * rate / (1.0 + rate) * all
    };
    let wanted = config.support.share;
    if share(MOST) <= wanted {
        return MOST;
    }
    // Regula falsi on rate / (1 + rate), in which the share is nearly a straight line.
    let (mut low, mut high) = ((0.0, -wanted), (MOST / (1.0 + MOST), share(MOST) - wanted));
    let mut middle = 0.0;
    for _ in 0..30 {
        middle = low.0 - low.1 * (high.0 - low.0) / (high.1 - low.1);
        let off = share(middle / (1.0 - middle)) - wanted;
        if off.abs() < 1e-6 {
            break;
        }
        // The end that stays counts for less, so that both move.
        if off < 0.0 {
            (low, high.1) = ((middle, off), high.1 / 2.0);
        } else {
            (high, low.1) = ((middle, off), low.1 / 2.0);
        }
    }
    middle / (1.0 - middle)
}
