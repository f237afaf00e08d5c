//! Calibration: whether what a model predicted happened as often as it said.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let users = df!(
//!     "score" => [0.1, 0.2, 0.3, 0.8, 0.8, 0.9],
//!     "churned" => [false, false, true, true, true, false],
//! )?;
//! let bins = calibration::by_cuts(&users, "score", "churned", &[0.5])?;
//! assert_eq!(bins.value("n", "bin", 2)?, 3.0);
//! assert!(bins.value("predicted", "bin", 2)? > bins.value("observed", "bin", 2)?);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Source
//! Reliability diagrams: M. H. DeGroot and S. E. Fienberg (1983), "The comparison and evaluation of forecasters", The
//! Statistician 32. Bins by quantile are those of scikit-learn's `calibration_curve` with `strategy="quantile"`. The
//! intervals are Wilson's.

use polars::prelude::*;

use super::{Source, finite, quantile, share_columns};
use crate::error::{Error, Result};
use crate::frame::fetch;
use crate::stats::sample::sum;

/// Bins, at most.
const MOST_BINS: usize = 1_000;

/// Compares predicted probabilities with outcomes, in bins of about as many predictions each: with 10, in deciles.
///
/// Reads `rows`: one row per prediction, with the column `predicted` (probabilities from 0 to 1) and the column `outcome`
/// (true or false, or 1 and 0), neither empty. Returns one row per bin, in rising order: `bin` (i64, from 1), `n`, `hits`
/// (i64: predictions, and those whose outcome came true), `predicted` (f64: their mean), `observed`, `low`, `high` (f64:
/// `hits / n`, with its 95% Wilson interval).
///
/// Bins end at quantiles of the predictions (linear interpolation), which belong to the bin below. Equal predictions are
/// always in the same bin: with many of them, bins differ in size, and those left without any are not there.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for
/// empty values, predictions outside 0 to 1, and outcomes that are neither true nor false; no bins, or more than 1,000.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!(
///     "score" => [0.02, 0.04, 0.10, 0.20, 0.40, 0.90],
///     "bought" => [0, 0, 0, 1, 0, 1],
/// )?;
/// let bins = calibration::by_quantile(&users, "score", "bought", 3)?;
/// assert_eq!(bins.column("n")?.i64()?.into_no_null_iter().collect::<Vec<_>>(), [2, 2, 2]);
/// assert_eq!(bins.value("observed", "bin", 3)?, 0.5);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn by_quantile(
    rows: &dyn Source,
    predicted: &str,
    outcome: &str,
    bins: usize,
) -> Result<DataFrame> {
    if !(1..=MOST_BINS).contains(&bins) {
        return Err(Error::config("bins", bins, "1 to 1,000"));
    }
    let pairs = pairs(rows, predicted, outcome)?;
    let scores: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    let inner = (1..bins).filter_map(|k| quantile(&scores, k as f64 / bins as f64));
    let cuts: Vec<f64> = inner.collect();
    curve(&pairs, &cuts)
}

/// Compares predicted probabilities with outcomes, in bins of the caller's: up to the first of `cuts`, from there up to the
/// second, and so on. A prediction equal to a cut is in the bin below it.
///
/// Reads and returns what [`by_quantile`] does.
///
/// # Errors
/// As [`by_quantile`]; cuts that do not rise, are not between 0 and 1, or more than 999.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!("score" => [0.05, 0.10, 0.30, 0.70], "bought" => [false, false, true, true])?;
/// let bins = calibration::by_cuts(&users, "score", "bought", &[0.1, 0.5])?;
/// assert_eq!(bins.column("n")?.i64()?.into_no_null_iter().collect::<Vec<_>>(), [2, 1, 1]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn by_cuts(
    rows: &dyn Source,
    predicted: &str,
    outcome: &str,
    cuts: &[f64],
) -> Result<DataFrame> {
    let inside = cuts.iter().all(|cut| *cut > 0.0 && *cut < 1.0);
    if !inside || cuts.windows(2).any(|pair| pair[0] >= pair[1]) || cuts.len() >= MOST_BINS {
        let accepted = "at most 999 rising numbers between 0 and 1";
        return Err(Error::config("cuts", format!("{cuts:?}"), accepted));
    }
    curve(&pairs(rows, predicted, outcome)?, cuts)
}

/// Predictions in rising order, each with whether it came true.
fn pairs(rows: &dyn Source, predicted: &str, outcome: &str) -> Result<Vec<(f64, bool)>> {
    let frame = fetch(rows, "given", &[predicted, outcome])?;
    let scores = finite(&frame, "given", predicted)?;
    let outcomes = finite(&frame, "given", outcome)?;
    let bad = |column, found: f64, row, what: &str| {
        let problem = format!("holds {found} in row {}; it must be {what}", row + 1);
        Err(Error::column("given", column, problem))
    };
    if let Some(row) = scores.iter().position(|score| !(0.0..=1.0).contains(score)) {
        return bad(predicted, scores[row], row, "a probability from 0 to 1");
    }
    if let Some(row) = outcomes.iter().position(|it| *it != 0.0 && *it != 1.0) {
        return bad(outcome, outcomes[row], row, "true or false, 1 or 0");
    }
    let mut pairs: Vec<(f64, bool)> =
        scores.into_iter().zip(outcomes.into_iter().map(|it| it == 1.0)).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(pairs)
}

/// Rows per bin; `cuts` do not fall.
fn curve(pairs: &[(f64, bool)], cuts: &[f64]) -> Result<DataFrame> {
    let place = |pair: &(f64, bool)| cuts.partition_point(|cut| *cut < pair.0);
    let (mut bins, mut n, mut hits, mut means) = (vec![], vec![], vec![], vec![]);
    for bin in pairs.chunk_by(|a, b| place(a) == place(b)) {
        bins.push(place(&bin[0]) as i64 + 1);
        n.push(Some(bin.len() as i64));
        hits.push(Some(bin.iter().filter(|pair| pair.1).count() as i64));
        let scores: Vec<f64> = bin.iter().map(|pair| pair.0).collect();
        // Rounding must not put the mean of equal predictions beside them.
        let mean = sum(&scores) / scores.len() as f64;
        means.push(mean.clamp(scores[0], scores[scores.len() - 1]));
    }
    let shares = share_columns(["observed", "low", "high"], &hits, &n);
    let mut frame = df!("bin" => bins, "n" => n, "hits" => hits, "predicted" => means)?;
    frame.hstack_mut(&shares)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::interval::wilson;

    fn real(frame: &DataFrame, name: &str) -> Vec<f64> {
        frame.column(name).unwrap().f64().unwrap().into_no_null_iter().collect()
    }

    fn whole(frame: &DataFrame, name: &str) -> Vec<i64> {
        frame.column(name).unwrap().i64().unwrap().into_no_null_iter().collect()
    }

    /// By hand: nine predictions; thirds end at the quantiles 8/3 and 16/3 of the places 0 to 8.
    #[test]
    fn thirds_of_nine_by_hand() {
        let frame = df!(
            "p" => [0.9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
            "y" => [1, 0, 1, 0, 0, 1, 1, 0, 1],
        )
        .unwrap();
        let found = by_quantile(&frame, "p", "y", 3).unwrap();
        assert_eq!(whole(&found, "bin"), [1, 2, 3]);
        assert_eq!((whole(&found, "n"), whole(&found, "hits")), (vec![3, 3, 3], vec![1, 2, 2]));
        let means = real(&found, "predicted");
        for (mean, by_hand) in means.iter().zip([0.2, 0.5, 0.8]) {
            assert!((mean - by_hand).abs() < 1e-12, "{means:?}");
        }
        // Wilson for 1 of 3 by hand: (1/3 + z²/6 ± z √(2/27 + z²/36)) / (1 + z²/3), z² = 3.8415.
        let (low, high) = (real(&found, "low")[0], real(&found, "high")[0]);
        assert!((low - 0.061_49).abs() < 1e-4 && (high - 0.792_34).abs() < 1e-4, "{low} {high}");
        assert_eq!((low, high), wilson(1, 3).unwrap());
    }

    #[test]
    fn equal_predictions_share_a_bin_and_empty_bins_are_not_there() {
        let frame = df!("p" => [0.1, 0.1, 0.1, 0.1, 0.1, 0.9], "y" => [0, 0, 0, 0, 1, 1]).unwrap();
        let found = by_quantile(&frame, "p", "y", 5).unwrap();
        assert_eq!((whole(&found, "bin"), whole(&found, "n")), (vec![1, 5], vec![5, 1]));
        assert_eq!(real(&found, "predicted"), [0.1, 0.9]);
    }

    #[test]
    fn a_cut_belongs_to_the_bin_below_it() {
        let frame = df!("p" => [0.0, 0.5, 0.6, 1.0], "y" => [false, true, true, true]).unwrap();
        let found = by_cuts(&frame, "p", "y", &[0.5]).unwrap();
        assert_eq!((whole(&found, "n"), whole(&found, "hits")), (vec![2, 2], vec![1, 2]));
        assert_eq!(by_cuts(&frame.clear(), "p", "y", &[0.5]).unwrap().height(), 0);
    }

    #[test]
    fn what_is_no_probability_and_no_outcome_is_refused_by_name() {
        let frame = df!("p" => [0.1, 1.2], "y" => [0, 2], "ok" => [0.1, 0.2]).unwrap();
        let told = by_quantile(&frame, "p", "y", 10).unwrap_err().to_string();
        assert!(told.contains("`p`") && told.contains("1.2 in row 2"), "{told}");
        let told = by_quantile(&frame, "ok", "y", 10).unwrap_err().to_string();
        assert!(told.contains("`y`") && told.contains("2 in row 2"), "{told}");
        assert!(by_quantile(&frame, "ok", "y", 0).unwrap_err().to_string().contains("`bins`"));
        for cuts in [&[0.5, 0.5][..], &[0.0], &[f64::NAN], &[0.7, 0.2]] {
            let told = by_cuts(&frame, "ok", "y", cuts).unwrap_err().to_string();
            assert!(told.contains("`cuts`"), "{told}");
        }
    }
}
