//! What goes wrong in some experiments.

use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::Result;

/// What is wrong with an experiment, beyond how its team decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Nothing.
    Clean,
    /// Treatment is reached by a redirect, which loses users who would rarely convert: the rest look better.
    Redirect,
    /// For some days, one arm's conversions are not all logged.
    Outage,
    /// The arms are those of an earlier experiment, and bring along what that one did to them.
    CarryOver,
    /// Users try what is new at their first visit; it doesn't last.
    Novelty,
    /// The effect is there for new users only.
    OneSegment,
    /// The primary metric rises, and fewer users return.
    Liked,
}

impl Flaw {
    /// All but [`Flaw::Clean`].
    pub const ALL: [Flaw; 6] = [
        Flaw::Redirect,
        Flaw::Outage,
        Flaw::CarryOver,
        Flaw::Novelty,
        Flaw::OneSegment,
        Flaw::Liked,
    ];

    /// Returns its name, as in the column `flaw`.
    pub fn name(self) -> &'static str {
        match self {
            Flaw::Clean => "none",
            Flaw::Redirect => "redirect",
            Flaw::Outage => "logging outage",
            Flaw::CarryOver => "carry-over",
            Flaw::Novelty => "novelty",
            Flaw::OneSegment => "one segment",
            Flaw::Liked => "harm the metric likes",
        }
    }
}

/// How often each flaw occurs, and how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Planted {
    /// The share of experiments with each flaw; 0 to 0.16. At Microsoft, about 6% of experiments had a sample ratio mismatch
    /// (A. Fabijan et al., 2019, KDD); for the others nothing comparable is published.
    pub share: f64,
    /// The share of treatment's users that a redirect loses; 0 to 0.5.
    pub redirect_loses: f64,
    /// How often those convert, relative to all users; 0 to 1.
    pub lost_convert: f64,
    /// Days of an outage; 1 to 60.
    pub outage_days: u32,
    /// The share of conversions that it loses on these days; 0 to 1.
    pub outage_loses: f64,
    /// The relative difference that arms bring along; 0 to 0.5.
    pub carried: f64,
    /// The relative rise at a first visit that doesn't last; 0 to 1.
    pub novelty: f64,
    /// Days after which that rise is down to a third; 0.5 to 60.
    pub wears_off: f64,
    /// The relative effect on new users, if only they have one; -0.5 to 1.
    pub segment: f64,
    /// The relative rise of the primary metric that comes with harm; 0 to 1.
    pub liked: f64,
    /// The relative fall of users who return; 0 to 1.
    pub harm: f64,
}

impl Default for Planted {
    fn default() -> Self {
        Planted {
            share: 0.04,
            redirect_loses: 0.04,
            lost_convert: 0.4,
            outage_days: 3,
            outage_loses: 0.3,
            carried: 0.04,
            novelty: 0.1,
            wears_off: 3.0,
            segment: 0.12,
            liked: 0.04,
            harm: 0.04,
        }
    }
}

impl Planted {
    pub(super) fn validate(&self) -> Result<()> {
        within("planted.share", self.share, 0.0, 0.16)?;
        within("planted.redirect_loses", self.redirect_loses, 0.0, 0.5)?;
        within("planted.lost_convert", self.lost_convert, 0.0, 1.0)?;
        within("planted.outage_days", self.outage_days, 1, 60)?;
        within("planted.outage_loses", self.outage_loses, 0.0, 1.0)?;
        within("planted.carried", self.carried, 0.0, 0.5)?;
        within("planted.novelty", self.novelty, 0.0, 1.0)?;
        within("planted.wears_off", self.wears_off, 0.5, 60.0)?;
        within("planted.segment", self.segment, -0.5, 1.0)?;
        within("planted.liked", self.liked, 0.0, 1.0)?;
        within("planted.harm", self.harm, 0.0, 1.0)
    }

    /// The flaw at a place from 0 to 1.
    pub(super) fn at(&self, place: f64) -> Flaw {
        let number = if self.share > 0.0 { (place / self.share) as usize } else { usize::MAX };
        Flaw::ALL.get(number).copied().unwrap_or(Flaw::Clean)
    }
}
