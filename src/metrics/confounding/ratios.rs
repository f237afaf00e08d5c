//! The risk ratios as values.

use polars::prelude::*;

use super::risk_ratio;
use crate::error::Result;
use crate::frame::reals;
use crate::metrics::Source;

/// The risk ratio of the exposed to the others, crude and stratified: what [`risk_ratios`] returns.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RiskRatios {
    /// All users as one.
    pub crude: RiskRatio,
    /// Users compared within strata, and pooled.
    pub stratified: RiskRatio,
    frame: DataFrame,
}

/// A risk ratio with its 95% interval. Values that are null in the frame, because there is nobody to compare with, are
/// NaN here.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RiskRatio {
    /// The number of strata that hold both exposed and others.
    pub strata: u64,
    /// The number of exposed users compared.
    pub exposed: u64,
    /// The number of other users compared.
    pub others: u64,
    /// The share of the exposed with the outcome.
    pub exposed_rate: f64,
    /// The share of the others with the outcome.
    pub others_rate: f64,
    /// The ratio of the two.
    pub ratio: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// Compares the exposed with the others as [`risk_ratio`] does, and returns the numbers by name.
///
/// # Errors
/// As [`risk_ratio`].
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!(
///     "fast" => [true, true, true, false, false, false], "back" => [true, true, false, true, false, false],
///     "channel" => ["ad", "ad", "friend", "ad", "ad", "friend"],
/// )?;
/// let effect = confounding::risk_ratios(&users, "fast", "back", &["channel"])?;
/// assert_eq!(effect.crude.ratio, 2.0);
/// assert_eq!(effect.stratified.strata, 2);
/// assert_eq!(effect.frame().height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn risk_ratios(
    users: &dyn Source,
    exposed: &str,
    outcome: &str,
    strata: &[&str],
) -> Result<RiskRatios> {
    let frame = risk_ratio(users, exposed, outcome, strata)?;
    let row = |row: usize| -> Result<RiskRatio> {
        let count = |name: &str| -> Result<u64> {
            Ok(frame.column(name)?.i64()?.get(row).unwrap_or(0) as u64)
        };
        let real = |name: &str| -> Result<f64> { Ok(reals(&frame, name)?[row]) };
        Ok(RiskRatio {
            strata: count("strata")?,
            exposed: count("exposed")?,
            others: count("others")?,
            exposed_rate: real("exposed_rate")?,
            others_rate: real("others_rate")?,
            ratio: real("ratio")?,
            low: real("low")?,
            high: real("high")?,
        })
    };
    // As risk_ratio gives them.
    let (crude, stratified) = (row(0)?, row(1)?);
    Ok(RiskRatios { crude, stratified, frame })
}

impl RiskRatios {
    /// Returns the frame, as [`risk_ratio`] does.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_frames() {
        let users = df!(
            "fast" => [true, false, true, false, true], "back" => [true, true, false, false, true],
            "stratum" => ["a", "a", "b", "b", "c"],
        )
        .unwrap();
        let effect = risk_ratios(&users, "fast", "back", &["stratum"]).unwrap();
        for (at, row) in [effect.crude, effect.stratified].into_iter().enumerate() {
            let real = |name: &str| effect.frame().column(name).unwrap().f64().unwrap().get(at);
            assert_eq!(real("ratio"), Some(row.ratio));
            assert_eq!(real("low"), Some(row.low));
            assert_eq!(real("others_rate"), Some(row.others_rate));
        }
        assert_eq!((effect.crude.exposed, effect.stratified.exposed), (3, 2));
    }

    #[test]
    fn what_is_not_known_is_no_number() {
        let users = df!("fast" => [true], "back" => [true]).unwrap();
        let effect = risk_ratios(&users, "fast", "back", &[]).unwrap();
        assert!(effect.crude.ratio.is_nan() && effect.stratified.low.is_nan());
        assert_eq!(effect.stratified.strata, 0);
    }
}
