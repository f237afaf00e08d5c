//! Whom levers reach, and what that changes for them.

use super::launch::{Launch, Lever, LeverEffect, Levers};

/// How many times as often somebody does something because of levers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Effects {
    pub activates: f64,
    pub hurries: f64,
    pub returns: f64,
    pub habit: f64,
    pub collaborates: f64,
    pub upgrades: f64,
    pub shares: f64,
    pub pays: f64,
}

impl Effects {
    const NONE: Effects = Effects {
        activates: 1.0,
        hurries: 1.0,
        returns: 1.0,
        habit: 1.0,
        collaborates: 1.0,
        upgrades: 1.0,
        shares: 1.0,
        pays: 1.0,
    };

    fn and(mut self, more: &LeverEffect) -> Effects {
        self.activates *= 1.0 + more.activates;
        self.hurries *= 1.0 + more.hurries;
        self.returns *= 1.0 + more.returns;
        self.habit *= 1.0 + more.habit;
        self.collaborates *= 1.0 + more.collaborates;
        self.upgrades *= 1.0 + more.upgrades;
        self.shares *= 1.0 + more.shares;
        self.pays *= 1.0 + more.pays;
        self
    }
}

/// The levers that reach somebody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reach {
    /// In the order of [`Lever::ALL`]: live where and when they signed up.
    pub live: [bool; 5],
    /// Whether they are on mobile.
    pub mobile: bool,
    /// The lever without which they wouldn't have come.
    pub because: Option<Lever>,
}

impl Reach {
    pub const NONE: Reach = Reach { live: [false; 5], mobile: false, because: None };

    /// Tells whether anything differs.
    pub fn any(&self) -> bool {
        self.live.contains(&true) || self.because.is_some()
    }

    /// Returns what is different for somebody of a segment.
    pub fn effects(&self, levers: &Levers, segment: usize) -> Effects {
        let mut all = Effects::NONE;
        if !self.any() {
            return all;
        }
        for lever in Lever::ALL {
            let reached = match lever {
                Lever::Mobile => self.mobile,
                Lever::Api => (1..=2).contains(&segment),
                Lever::Templates | Lever::Sharing | Lever::Seo => true,
            };
            if self.live[lever as usize] && reached {
                all = all.and(levers.of(lever));
            }
        }
        if let Some(lever) = self.because {
            let new = levers.of(lever).newcomers;
            all.activates *= 1.0 + new.activates;
            all.returns *= 1.0 + new.returns;
            all.pays *= 1.0 + new.pays;
        }
        all
    }
}

/// From which month on each lever is live in each region.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Live([[Option<u32>; 5]; 5]);

impl Live {
    /// Arranges launches: of two of a lever in a region, the first counts.
    pub fn new(launches: &[Launch]) -> Live {
        let mut live = Live::default();
        for launch in launches {
            let from = &mut live.0[launch.region as usize][launch.lever as usize];
            *from = Some(from.map_or(launch.from, |before| before.min(launch.from)));
        }
        live
    }

    /// Returns from when a lever is live in a region.
    pub fn from(&self, lever: Lever, region: usize) -> Option<u32> {
        self.0[region][lever as usize]
    }

    /// Returns what reaches somebody who signs up in a region in a month.
    pub fn reach(&self, region: usize, month: usize, mobile: bool) -> Reach {
        let live = self.0[region].map(|from| from.is_some_and(|from| from as usize <= month));
        Reach { live, mobile, because: None }
    }
}
