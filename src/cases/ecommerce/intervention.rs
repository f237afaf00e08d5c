//! What a team could do, and what it costs: plain data, checked field by field.

use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cases::assumptions::{self, Assumption};
use crate::cases::check::{whole, within};
use crate::error::Result;

/// Something a team does from a day on. Day 0 is the first one observed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intervention {
    /// The checkout fails less often.
    Fix(Fix),
    /// Mail with a coupon goes to people who haven't come for a while.
    WinBack(WinBack),
    /// The companion of a product is shown at the checkout.
    Companion(Companion),
    /// People are won by advertising.
    Acquire(Acquire),
}

/// For whom something is done.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// Everybody.
    All,
    /// One segment, 0 to 3 in the order of [`Segment::name`](super::Segment::name).
    Segment(usize),
}

impl Whom {
    pub(super) fn holds(self, segment: usize) -> bool {
        self == Whom::All || self == Whom::Segment(segment)
    }

    fn validate(self) -> Result<()> {
        match self {
            Whom::All => Ok(()),
            Whom::Segment(which) => within("whom.segment", which, 0, 3),
        }
    }
}

/// A checkout that fails less often.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fix {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// For whom.
    pub whom: Whom,
    /// Share of the mendable failures that succeed instead; 0 to 1.
    pub mends: f64,
}

/// One mail with a coupon, to those who have had no session for a while.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WinBack {
    /// The day of the mail; 0 to 3,650.
    pub from: u32,
    /// To whom.
    pub whom: Whom,
    /// Days without a session; 1 to 3,650.
    pub idle_days: u32,
    /// Probability that somebody who has left for good returns; 0 to 1.
    pub returns: f64,
    /// The coupon: the share of the first order that it takes off; 0 to 1.
    pub coupon: f64,
    /// Days for which the coupon is valid; 0 to 365.
    pub valid_days: u32,
}

/// The companion of a product in the order is shown, and sometimes bought.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Companion {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// To whom.
    pub whom: Whom,
    /// For each product in an order without its companion, the probability that one companion is added; 0 to 1.
    pub gains: f64,
}

/// New users, won within 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acquire {
    /// The first day; 0 to 3,650.
    pub from: u32,
    /// How many; 0 to 1,000,000.
    pub users: u32,
    /// Their segments' shares; they sum to 1.
    pub mix: [f64; 4],
}

impl Intervention {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        let name = match self {
            Intervention::Fix(_) => "fix",
            Intervention::WinBack(_) => "win_back",
            Intervention::Companion(_) => "companion",
            Intervention::Acquire(_) => "acquire",
        };
        self.check().map_err(|error| error.within(name))
    }

    fn check(&self) -> Result<()> {
        within("from", self.from(), 0, 3_650)?;
        match self {
            Intervention::Fix(fix) => {
                fix.whom.validate()?;
                within("mends", fix.mends, 0.0, 1.0)
            }
            Intervention::WinBack(mail) => {
                mail.whom.validate()?;
                within("idle_days", mail.idle_days, 1, 3_650)?;
                within("returns", mail.returns, 0.0, 1.0)?;
                within("coupon", mail.coupon, 0.0, 1.0)?;
                within("valid_days", mail.valid_days, 0, 365)
            }
            Intervention::Companion(shown) => {
                shown.whom.validate()?;
                within("gains", shown.gains, 0.0, 1.0)
            }
            Intervention::Acquire(won) => {
                within("users", won.users, 0, 1_000_000)?;
                won.mix.iter().try_for_each(|share| within("mix", *share, 0.0, 1.0))?;
                whole("mix", won.mix.iter().copied())
            }
        }
    }

    /// Returns its first day.
    pub fn from(&self) -> u32 {
        match self {
            Intervention::Fix(fix) => fix.from,
            Intervention::WinBack(mail) => mail.from,
            Intervention::Companion(shown) => shown.from,
            Intervention::Acquire(won) => won.from,
        }
    }
}

/// What is assumed about money, for a decision. None of it is in the brief or in the data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Costs {
    /// Contribution per dollar of revenue, before handling; 0 to 1.
    pub margin: f64,
    /// US dollars to pack and send an order; 0 to 1,000.
    pub handling: f64,
    /// US dollars to mend the checkout, once; 0 to 100,000,000.
    pub fix: f64,
    /// US dollars to build the display of companions, once; 0 to 100,000,000.
    pub companion: f64,
    /// US dollars to prepare a win-back campaign; 0 to 100,000,000.
    pub campaign: f64,
    /// US dollars per mail; 0 to 1,000.
    pub mail: f64,
    /// US dollars per user acquired; 0 to 100,000.
    pub acquisition: f64,
}

impl Default for Costs {
    fn default() -> Self {
        Costs {
            margin: 0.3,
            handling: 8.0,
            fix: 60_000.0,
            companion: 25_000.0,
            campaign: 5_000.0,
            mail: 0.1,
            acquisition: 100.0,
        }
    }
}

impl Costs {
    fn rows(&self) -> [Assumption; 7] {
        let (once, most) = ("dollars, once", (0.0, 1e8));
        let (revenue, order) = ("dollars per dollar of revenue", "dollars per order");
        [
            Assumption::new("margin", revenue, self.margin, (0.0, 1.0), (0.2, 0.5)),
            Assumption::new("handling", order, self.handling, (0.0, 1e3), (4.0, 15.0)),
            Assumption::new("fix", once, self.fix, most, (30_000.0, 100_000.0)),
            Assumption::new("companion", once, self.companion, most, (10_000.0, 60_000.0)),
            Assumption::new("campaign", once, self.campaign, most, (1_000.0, 15_000.0)),
            Assumption::new("mail", "dollars per mail", self.mail, (0.0, 1e3), (0.01, 1.0)),
            Assumption::new(
                "acquisition",
                "dollars per user",
                self.acquisition,
                (0.0, 1e5),
                (30.0, 200.0),
            ),
        ]
    }

    /// Checks every field.
    ///
    /// # Errors
    /// As [`Intervention::validate`].
    pub fn validate(&self) -> Result<()> {
        assumptions::validate(&self.rows())
    }

    /// Returns the same assumptions with another value for one of them, which is named as in [`Costs::frame`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name that none of them has, and for a value out of range.
    ///
    /// ```
    /// use casebook::cases::ecommerce::Costs;
    ///
    /// let costs = Costs::default().with("fix", 30_000.0)?;
    /// assert_eq!(costs, Costs { fix: 30_000.0, ..Costs::default() });
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn with(mut self, assumption: &str, value: f64) -> Result<Costs> {
        let place = assumptions::place(&self.rows(), assumption)?;
        // In the order of the rows.
        let fields = [
            &mut self.margin,
            &mut self.handling,
            &mut self.fix,
            &mut self.companion,
            &mut self.campaign,
            &mut self.mail,
            &mut self.acquisition,
        ];
        if let Some(field) = fields.into_iter().nth(place) {
            *field = value;
        }
        self.validate()?;
        Ok(self)
    }

    /// Returns the contribution of an order of so many US dollars.
    pub(super) fn contribution(&self, revenue: f64) -> f64 {
        self.margin * revenue - self.handling
    }

    /// Returns one row per assumption: `assumption`, `unit` (text), `value`, `plausible_low`, `plausible_high` (f64).
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn frame(&self) -> Result<DataFrame> {
        assumptions::frame(&self.rows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_assumption_can_be_changed_by_its_name() {
        let base = Costs::default();
        for (place, one) in base.rows().into_iter().enumerate() {
            let rows = base.with(&one.name, one.value / 2.0).unwrap().rows();
            let changed = rows.iter().zip(base.rows()).map(|(one, other)| one.value != other.value);
            let expected: Vec<bool> = (0..rows.len()).map(|at| at == place).collect();
            assert_eq!(changed.collect::<Vec<_>>(), expected);
        }
        let told = Costs::default().with("fixx", 1.0).unwrap_err().to_string();
        assert!(told.contains("fix"), "{told}");
        let told = Costs::default().with("margin", 2.0).unwrap_err().to_string();
        assert!(told.contains("`margin`"), "{told}");
    }
}
