//! What an analyst would propose on Monday, from the tables alone.

use super::Tables;
use super::intervention::{Costs, Intervention};
use super::study::{Diagnosis, Measured, diagnose, scaled, weekly_activity};
use crate::cases::check::within;
use crate::decision::{Choice, Prediction};
use crate::error::Result;
use crate::frame::Verbs;
use crate::stats::interval::Z95;
use polars::prelude::*;

/// What is assumed of what could be done, and over how many weeks it is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// Weeks that are counted; 1 to 52.
    pub horizon: u32,
    /// Weeks until the older version is back; 0 to 52.
    pub roll_back_after: u32,
    /// Weeks until the new version records its users; 0 to 52.
    pub fix_after: u32,
    /// Weeks until the release reaches the other countries, if nothing is done; 0 to 52.
    pub wave_after: u32,
    /// Probability that a message brings back a user who would not have come in a week; 0 to 1. Nothing in the data says how large it is.
    pub back: f64,
    /// What is assumed about money.
    pub costs: Costs,
}

impl Default for Terms {
    fn default() -> Self {
        Terms {
            horizon: 12,
            roll_back_after: 1,
            fix_after: 2,
            wave_after: 2,
            back: 0.03,
            costs: Costs::default(),
        }
    }
}

impl Terms {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out of range, its value and the
    /// range.
    pub fn validate(&self) -> Result<()> {
        within("horizon", self.horizon, 1, 52)?;
        within("roll_back_after", self.roll_back_after, 0, 52)?;
        within("fix_after", self.fix_after, 0, 52)?;
        within("wave_after", self.wave_after, 0, 52)?;
        within("back", self.back, 0.0, 1.0)?;
        self.costs.validate()
    }

    fn left(&self, after: u32) -> f64 {
        f64::from(self.horizon.saturating_sub(after))
    }
}

/// Gains by what is done, of which options are made.
struct Gains {
    roll_back: Measured,
    fix: Measured,
    resume: Measured,
    reengage: Measured,
}

impl Gains {
    fn new(found: &Diagnosis, terms: &Terms) -> Gains {
        let costs = &terms.costs;
        let both = costs.active + costs.recorded;
        // Where the release is live, activity comes back; where it is planned, it isn't lost.
        let (back, later) = (
            terms.left(terms.roll_back_after),
            terms.left(terms.roll_back_after.max(terms.wave_after)),
        );
        let roll_back = scaled(found.release, |effect| {
            let weeks = found.released / (1.0 + effect) * back + found.planned * later;
            -effect * weeks * both - costs.roll_back
        });
        let fix = scaled(found.loss, |share| {
            found.on_new * share / (1.0 - share) * terms.left(terms.fix_after) * costs.recorded
                - costs.fix
        });
        // Who comes in the first week is counted in all of them, and who comes in the last in one.
        let weeks: f64 = (0..terms.horizon as usize)
            .map(|week| found.kept.iter().take(terms.horizon as usize - week).sum::<f64>())
            .sum();
        let resume = scaled(found.missing, |many| {
            many * (weeks * both - costs.signup * f64::from(terms.horizon))
        });
        // Most of those who are absent are gone for good.
        let absent = (found.seen - found.last).max(0.0) * found.returning;
        let reengage = (absent * terms.back * both - costs.message * found.seen)
            * f64::from(terms.horizon)
            - costs.campaign;
        Gains { roll_back, fix, resume, reengage: Measured { value: reengage, se: 0.0 } }
    }
}

/// Lists what could be done, each option with the gain that the tables and the terms predict: "do nothing", "roll back", "fix tracking",
/// "resume paid", "re-engage", and combinations of the first three.
///
/// Intervals come from the errors of [`diagnose`]; that `terms` may be wrong is not in them.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the term that is out of range; those of [`diagnose`].
///
/// ```
/// use casebook::cases::diagnosis::{self, Terms};
///
/// let tables = diagnosis::generate(&diagnosis::Config::default())?;
/// let options = diagnosis::options(&tables, &Terms::default())?;
/// assert_eq!(options.len(), 9);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn options(tables: &Tables, terms: &Terms) -> Result<Vec<Choice<Intervention>>> {
    terms.validate()?;
    let gains = Gains::new(&diagnose(tables)?, terms);
    let roll_back = (Intervention::RollBack { after: terms.roll_back_after }, gains.roll_back);
    let fix = (Intervention::FixTracking { after: terms.fix_after }, gains.fix);
    let resume = (Intervention::Resume { after: 0 }, gains.resume);
    let reengage = (Intervention::Reengage { after: 0, back: terms.back }, gains.reengage);
    let option = |name: &str, parts: &[(Intervention, Measured)]| {
        let gain: f64 = parts.iter().map(|(_, gain)| gain.value).sum();
        let half = Z95 * parts.iter().map(|(_, gain)| gain.se.powi(2)).sum::<f64>().sqrt();
        let predicted = Prediction { gain, low: gain - half, high: gain + half };
        Choice::new(name, parts.iter().map(|(done, _)| *done)).predicted(predicted)
    };
    Ok(vec![
        option("do nothing", &[]),
        option("roll back", &[roll_back]),
        option("fix tracking", &[fix]),
        option("resume paid", &[resume]),
        option("re-engage", &[reengage]),
        option("roll back, fix tracking", &[roll_back, fix]),
        option("roll back, resume paid", &[roll_back, resume]),
        option("fix tracking, resume paid", &[fix, resume]),
        option("all three", &[roll_back, fix, resume]),
    ])
}

/// Names the option that goes with the segment whose count fell most: countries with the release, Android, or new users of the paid
/// channel.
///
/// It's what a dashboard suggests: large segments fall most, whatever the reason.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), if the tables were changed.
///
/// ```
/// use casebook::cases::diagnosis;
///
/// let tables = diagnosis::generate(&diagnosis::Config::default())?;
/// let named = diagnosis::largest_segment(&tables)?;
/// assert!(["roll back", "fix tracking", "resume paid"].contains(&named.as_str()));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn largest_segment(tables: &Tables) -> Result<String> {
    use super::place::{LAST_RELEASED, REFERENCE, WEEKS};
    let weeks = weekly_activity(tables)?;
    let last = WEEKS - 1;
    let live =
        LAST_RELEASED.iter().fold(lit(false), |any, code| any.or(col("country").eq(lit(*code))));
    let paid = col("channel").eq(lit("paid")).and((col("week_no") - col("signup_no")).lt(lit(6)));
    let segments = [
        ("roll back", live),
        ("fix tracking", col("platform").eq(lit("android"))),
        ("resume paid", paid),
    ];
    let mut most = ("do nothing".to_owned(), 0.0);
    for (option, segment) in segments {
        let own = weeks.keep(segment)?;
        let now = own.keep(col("week_no").eq(lit(last)))?.height() as f64;
        let during =
            col("week_no").gt_eq(lit(REFERENCE.start)).and(col("week_no").lt(lit(REFERENCE.end)));
        let then = own.keep(during)?.height() as f64 / REFERENCE.len() as f64;
        if now - then < most.1 {
            most = (option.to_owned(), now - then);
        }
    }
    Ok(most.0)
}
