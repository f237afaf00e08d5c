//! The rules of the app, and what happened to its metric: plain data, checked field by field.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::cases::check::within;
use crate::error::Result;
use crate::stream::stream;

/// The rules of the app. `Default` is the brief.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Sign-ups in an average week at the start; 10 to 2,000.
    pub signups: f64,
    /// By how much sign-ups grow in a week; -0.01 to 0.02.
    pub growth: f64,
    /// Mean weeks that a user who comes back after the first one stays; 2 to 500.
    pub stay: f64,
    /// By how much a week's activity may be off everywhere, either way; 0 to 0.1.
    pub shock: f64,
    /// By how much a week's activity may be off in a country, either way; 0 to 0.1.
    pub country_shock: f64,
    /// Accounts of bots, which use the app every day; 0 to 10,000.
    pub bots: u32,
    /// Share of inactive users on phones whose app calls the servers in the background in a week; 0 to 1.
    pub background: f64,
    /// What happened in the last weeks.
    pub causes: Causes,
    /// The seed of all random numbers, and of what happened unless `causes` says it.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            signups: 260.0,
            growth: 0.002,
            stay: 60.0,
            shock: 0.01,
            country_shock: 0.005,
            bots: 180,
            background: 0.15,
            causes: Causes::default(),
            seed: 42,
        }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        within("signups", self.signups, 10.0, 2_000.0)?;
        within("growth", self.growth, -0.01, 0.02)?;
        within("stay", self.stay, 2.0, 500.0)?;
        within("shock", self.shock, 0.0, 0.1)?;
        within("country_shock", self.country_shock, 0.0, 0.1)?;
        within("bots", self.bots, 0, 10_000)?;
        within("background", self.background, 0.0, 1.0)?;
        for cause in Cause::ALL {
            if let Some(size) = self.causes.of(cause) {
                within(&format!("causes.{}", cause.field()), size, 0.0, 1.0)?;
            }
        }
        Ok(())
    }

    /// Returns what happened: what `causes` says, and the seed's draw where it says nothing.
    ///
    /// The seed draws three to five causes out of six, each set as likely as any other of its size, and the size of each from its
    /// [range](Cause::range).
    ///
    /// ```
    /// use casebook::cases::diagnosis::{Cause, Config};
    ///
    /// let planted = Config::default().planted();
    /// let happened = Cause::ALL.into_iter().filter(|cause| planted.of(*cause) > 0.0).count();
    /// assert!((3..=5).contains(&happened));
    /// ```
    pub fn planted(&self) -> Planted {
        let mut rng = stream(self.seed, "diagnosis causes", 0);
        let many: usize = rng.random_range(3..=5);
        let mut order = Cause::ALL;
        for place in (1..order.len()).rev() {
            order.swap(place, rng.random_range(0..=place));
        }
        let size = |cause: Cause| {
            let (low, high) = cause.range();
            let size =
                stream(self.seed, "diagnosis causes", 1 + cause as u64).random_range(low..high);
            let happened = order[..many].contains(&cause);
            self.causes.of(cause).unwrap_or(if happened { size } else { 0.0 })
        };
        Planted(Cause::ALL.map(size))
    }

    /// Returns the config of the twin in which one cause didn't happen, and everything else did.
    #[must_use]
    pub fn without(&self, cause: Cause) -> Config {
        let planted = self.planted();
        let mut twin = self.clone();
        for other in Cause::ALL {
            let size = if other == cause { 0.0 } else { planted.of(other) };
            *twin.causes.of_mut(other) = Some(size);
        }
        twin
    }
}

/// Something that may have moved the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A version of the Android app doesn't record some of its users.
    Tracking,
    /// School holidays, as in the year before.
    Season,
    /// The paid channel is paused: fewer new users.
    Pause,
    /// A release that reaches one group of countries after the other.
    Release,
    /// A competitor launches in one country.
    Competitor,
    /// Bots are no longer counted.
    Bots,
}

impl Cause {
    /// All six.
    pub const ALL: [Cause; 6] = [
        Cause::Tracking,
        Cause::Season,
        Cause::Pause,
        Cause::Release,
        Cause::Competitor,
        Cause::Bots,
    ];

    /// Returns its name, as in tables.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Tracking => "tracking loss",
            Cause::Season => "holidays",
            Cause::Pause => "paid channel paused",
            Cause::Release => "release",
            Cause::Competitor => "competitor",
            Cause::Bots => "bot clean-up",
        }
    }

    fn field(self) -> &'static str {
        match self {
            Cause::Tracking => "tracking",
            Cause::Season => "season",
            Cause::Pause => "pause",
            Cause::Release => "release",
            Cause::Competitor => "competitor",
            Cause::Bots => "bots",
        }
    }

    /// Returns the range that a seed draws its size from, if it happened. [`Causes`] says what sizes mean.
    pub fn range(self) -> (f64, f64) {
        match self {
            Cause::Tracking => (0.05, 0.20),
            Cause::Season => (0.02, 0.05),
            Cause::Pause => (0.5, 1.0),
            Cause::Release => (0.015, 0.05),
            Cause::Competitor => (0.05, 0.15),
            Cause::Bots => (0.5, 1.0),
        }
    }
}

/// What happened: each is drawn from the seed if it is `None`, and didn't happen if it is 0. All are from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Causes {
    /// Share of active users on the new Android version who are not recorded in a week.
    pub tracking: Option<f64>,
    /// Share of activity that is lost in the weeks of school holidays, in both years.
    pub season: Option<f64>,
    /// Share of the paid channel's sign-ups that are lost since it is paused.
    pub pause: Option<f64>,
    /// Share of returning users' activity that is lost where the release is live. Three times this share of the way from the home screen
    /// to search ends in leaving the app instead.
    pub release: Option<f64>,
    /// Share of returning users' activity that is lost in Germany since the competitor launched there.
    pub competitor: Option<f64>,
    /// Share of bots that are no longer counted.
    pub bots: Option<f64>,
}

impl Causes {
    /// Returns a world in which nothing happened.
    pub fn none() -> Causes {
        let mut none = Causes::default();
        Cause::ALL.into_iter().for_each(|cause| *none.of_mut(cause) = Some(0.0));
        none
    }

    fn of(&self, cause: Cause) -> Option<f64> {
        match cause {
            Cause::Tracking => self.tracking,
            Cause::Season => self.season,
            Cause::Pause => self.pause,
            Cause::Release => self.release,
            Cause::Competitor => self.competitor,
            Cause::Bots => self.bots,
        }
    }

    fn of_mut(&mut self, cause: Cause) -> &mut Option<f64> {
        match cause {
            Cause::Tracking => &mut self.tracking,
            Cause::Season => &mut self.season,
            Cause::Pause => &mut self.pause,
            Cause::Release => &mut self.release,
            Cause::Competitor => &mut self.competitor,
            Cause::Bots => &mut self.bots,
        }
    }
}

/// The size of each cause; 0 if it didn't happen. See [`Config::planted`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planted([f64; 6]);

impl Planted {
    /// Returns the size of a cause; 0 if it didn't happen.
    pub fn of(&self, cause: Cause) -> f64 {
        self.0[cause as usize]
    }

    /// Switches all off but those of a set: bit 0 for the first cause.
    pub(super) fn only(&self, set: u32) -> Planted {
        let mut sizes = self.0;
        for (place, size) in sizes.iter_mut().enumerate() {
            if set & (1 << place) == 0 {
                *size = 0.0;
            }
        }
        Planted(sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_draw_three_to_five_causes_and_every_one_of_them() {
        let mut happened = [0; 6];
        for seed in 0..600 {
            let planted = Config { seed, ..Config::default() }.planted();
            let on: Vec<Cause> =
                Cause::ALL.into_iter().filter(|cause| planted.of(*cause) > 0.0).collect();
            assert!((3..=5).contains(&on.len()));
            for cause in on {
                let (low, high) = cause.range();
                assert!((low..high).contains(&planted.of(cause)));
                happened[cause as usize] += 1;
            }
        }
        // Two in three, with three standard errors.
        assert!(happened.iter().all(|many| (340..460).contains(many)), "{happened:?}");
    }

    #[test]
    fn a_twin_differs_in_one_cause() {
        let config = Config::default();
        let planted = config.planted();
        for cause in Cause::ALL {
            let twin = config.without(cause).planted();
            for other in Cause::ALL {
                let size = if other == cause { 0.0 } else { planted.of(other) };
                assert_eq!(twin.of(other), size);
            }
        }
        let set = Causes { release: Some(0.3), ..Causes::default() };
        let changed = Config { causes: set, ..config }.planted();
        assert_eq!(changed.of(Cause::Release), 0.3);
        assert_eq!(changed.of(Cause::Tracking), planted.of(Cause::Tracking));
    }

    #[test]
    fn fields_out_of_range_are_named() {
        let bad = Causes { pause: Some(1.5), ..Causes::default() };
        for (config, said) in [
            (Config { signups: 0.0, ..Config::default() }, "signups"),
            (Config { stay: f64::NAN, ..Config::default() }, "stay"),
            (Config { causes: bad, ..Config::default() }, "causes.pause"),
        ] {
            let told = config.validate().unwrap_err().to_string();
            assert!(told.contains(said), "{told}");
        }
    }
}
