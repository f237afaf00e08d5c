//! Confounding: self-selected users, compared crudely and within strata.
//!
//! Users who do something early might have stayed anyway. Within strata in which the common cause is the same for
//! everyone, the comparison is fair; the pooled ratio combines the strata.
//!
//! ```
//! use casebook::metrics::confounding;
//! use casebook::polars::prelude::*;
//!
//! // Two channels; in both, half as many of the slow come back. The crude ratio says more.
//! let rows = |channel: &'static str, fast: bool, back: usize, all: usize| {
//!     (0..all).map(move |n| (channel, fast, n < back)).collect::<Vec<_>>()
//! };
//! let users = [rows("ad", true, 20, 100), rows("ad", false, 30, 300), rows("friend", true, 240, 300), rows("friend", false, 40, 100)];
//! let (channel, (fast, back)): (Vec<_>, (Vec<_>, Vec<_>)) =
//!     users.concat().into_iter().map(|(a, b, c)| (a, (b, c))).unzip();
//! let users = df!("channel" => channel, "fast" => fast, "back" => back)?;
//! let found = confounding::risk_ratio(&users, "fast", "back", &["channel"])?;
//! let ratio = found.column("ratio")?.f64()?;
//! assert!(ratio.get(0).unwrap() > 3.0); // crude
//! assert!((ratio.get(1).unwrap() - 2.0).abs() < 1e-12); // Mantel–Haenszel
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! N. Mantel and W. Haenszel (1959); the pooled risk ratio's variance: S. Greenland and J. M. Robins (1985),
//! "Estimation of a common effect parameter from sparse follow-up data", Biometrics 41.

mod ratios;

use std::collections::BTreeMap;

use polars::prelude::*;

use super::interval::Z95;
use super::{Source, coded};
use crate::error::{Error, Result};
use crate::frame::{fetch, full};

pub use ratios::{RiskRatio, RiskRatios, risk_ratios};

/// A two-by-two table: how many of the exposed and of the others there are, and how many have the outcome.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    exposed: [f64; 2],
    others: [f64; 2],
}

/// Computes the risk ratio of the exposed to the others, both crude and pooled over strata.
///
/// Reads `users`: `exposed` and `outcome` (bool) and the columns of the strata (anything), none of them empty. Returns
/// two rows: `method` ("crude", "stratified"), `strata` (i64: strata that hold both exposed and others), `exposed`,
/// `others` (i64: the users compared; in the stratified row, those in these strata), `exposed_rate`, `others_rate`
/// (f64; in the stratified row standardised to the strata's sizes), `ratio`, `low`, `high` (f64, 95%, on the log
/// scale). The ratio is null if none of the others has the outcome; the interval is also null if none of the exposed
/// has it.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, or columns that are not true or false.
pub fn risk_ratio(
    users: &dyn Source,
    exposed: &str,
    outcome: &str,
    strata: &[&str],
) -> Result<DataFrame> {
    let mut columns = vec![exposed, outcome];
    columns.extend(strata);
    let frame = fetch(users, "users", &columns)?;
    let flags = |name: &str| -> Result<Vec<bool>> {
        let column = full(&frame, "users", name)?;
        match column.bool() {
            Ok(values) => Ok(values.iter().map(|value| value == Some(true)).collect()),
            Err(_) => {
                let problem = format!("is {}; it must be true or false", column.dtype());
                Err(Error::column("users", name, problem))
            }
        }
    };
    let (is_exposed, has_outcome) = (flags(exposed)?, flags(outcome)?);
    let labels = strata
        .iter()
        .map(|name| coded(full(&frame, "users", name)?))
        .collect::<Result<Vec<_>>>()?;
    // A stratum is a number, too: its place among all that there could be, in the order of the attributes' values.
    let mut sizes = labels.iter().map(|(_, values)| values.len() as u128);
    if sizes.try_fold(1_u128, u128::checked_mul).is_none() {
        let accepted = "fewer attributes, or attributes with fewer values";
        return Err(Error::config("strata", format!("{} attributes", strata.len()), accepted));
    }
    let mut cells: BTreeMap<u128, Cell> = BTreeMap::new();
    for row in 0..frame.height() {
        let stratum = labels.iter().fold(0_u128, |stratum, (codes, values)| {
            stratum * values.len() as u128 + u128::from(codes[row])
        });
        let cell = cells.entry(stratum).or_default();
        let side = if is_exposed[row] { &mut cell.exposed } else { &mut cell.others };
        side[0] += f64::from(u8::from(has_outcome[row]));
        side[1] += 1.0;
    }
    let all = cells.values().fold(Cell::default(), |mut sum, cell| {
        for k in 0..2 {
            sum.exposed[k] += cell.exposed[k];
            sum.others[k] += cell.others[k];
        }
        sum
    });
    let both: Vec<Cell> =
        cells.into_values().filter(|cell| cell.exposed[1] > 0.0 && cell.others[1] > 0.0).collect();
    let rows = [("crude", vec![all]), ("stratified", both)].map(|(method, cells)| {
        let side = |of: fn(&Cell) -> f64| cells.iter().map(of).sum::<f64>() as i64;
        let sizes = [side(|cell| cell.exposed[1]), side(|cell| cell.others[1])];
        (method, pooled(&cells), cells.len() as i64, sizes)
    });
    let pick = |of: fn(&Pooled) -> f64| -> Vec<Option<f64>> {
        rows.iter().map(|row| row.1.as_ref().map(of).filter(|value| value.is_finite())).collect()
    };
    let bound = |of: fn(&Pooled) -> f64| -> Vec<Option<f64>> {
        let finite = |found: &&Pooled| found.spread.is_finite() && found.ratio.is_finite();
        rows.iter().map(|row| row.1.as_ref().filter(finite).map(of)).collect()
    };
    Ok(df!(
        "method" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "strata" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        "exposed" => rows.iter().map(|row| row.3[0]).collect::<Vec<_>>(),
        "others" => rows.iter().map(|row| row.3[1]).collect::<Vec<_>>(),
        "exposed_rate" => pick(|found| found.rates[0]),
        "others_rate" => pick(|found| found.rates[1]),
        "ratio" => pick(|found| found.ratio),
        "low" => bound(|found| found.ratio * (-Z95 * found.spread).exp()),
        "high" => bound(|found| found.ratio * (Z95 * found.spread).exp()),
    )?)
}

struct Pooled {
    rates: [f64; 2],
    ratio: f64,
    /// Standard error of the ratio's logarithm.
    spread: f64,
}

fn pooled(cells: &[Cell]) -> Option<Pooled> {
    let (mut above, mut below, mut variance, mut total) = (0.0, 0.0, 0.0, 0.0);
    let mut rates = [0.0, 0.0];
    for Cell { exposed: [a, n1], others: [b, n0] } in cells {
        if *n1 == 0.0 || *n0 == 0.0 {
            return None;
        }
        let n = n1 + n0;
        above += a * n0 / n;
        below += b * n1 / n;
        variance += (n1 * n0 * (a + b) - a * b * n) / (n * n);
        rates[0] += a / n1 * n;
        rates[1] += b / n0 * n;
        total += n;
    }
    (total > 0.0).then(|| Pooled {
        rates: rates.map(|sum| sum / total),
        ratio: above / below,
        spread: (variance / (above * below)).sqrt(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The University Group Diabetes Program, as K. J. Rothman prints it: deaths on tolbutamide against placebo,
    /// by age. Crude 1.44, pooled 1.33.
    #[test]
    fn the_textbooks_trial() {
        let rows = [
            ("<55", true, 8, 106),
            ("<55", false, 5, 120),
            ("55+", true, 22, 98),
            ("55+", false, 16, 85),
        ];
        let (mut age, mut drug, mut died) = (vec![], vec![], vec![]);
        for (stratum, exposed, deaths, all) in rows {
            for n in 0..all {
                age.push(stratum);
                drug.push(exposed);
                died.push(n < deaths);
            }
        }
        let users = df!("age" => age, "drug" => drug, "died" => died).unwrap();
        let found = risk_ratio(&users, "drug", "died", &["age"]).unwrap();
        let value =
            |column: &str, row| found.column(column).unwrap().f64().unwrap().get(row).unwrap();
        assert!((value("ratio", 0) - 1.44).abs() < 0.005, "{}", value("ratio", 0));
        assert!((value("ratio", 1) - 1.33).abs() < 0.005, "{}", value("ratio", 1));
        // One stratum's interval is the ordinary one of a risk ratio.
        let spread = (1.0 / 30.0 - 1.0 / 204.0 + 1.0 / 21.0 - 1.0 / 205.0_f64).sqrt();
        assert!((value("high", 0) / value("ratio", 0) - (Z95 * spread).exp()).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_compare_is_no_ratio() {
        let users = df!("fast" => [true, true], "back" => [true, false]).unwrap();
        let found = risk_ratio(&users, "fast", "back", &[]).unwrap();
        assert_eq!(found.column("ratio").unwrap().null_count(), 2);
        let error = risk_ratio(
            &users.lazy().select([col("fast").cast(DataType::Int32), col("back")]),
            "fast",
            "back",
            &[],
        );
        assert!(error.unwrap_err().to_string().contains("true or false"));
    }

    /// Users of a stratum without anybody to compare them with are not counted as compared; and an interval has both
    /// ends or none.
    #[test]
    fn the_stratified_row_counts_whom_it_compares() {
        let users = df!(
            "stratum" => ["a", "a", "b"],
            "fast" => [true, false, true],
            "back" => [false, true, false],
        )
        .unwrap();
        let found = risk_ratio(&users, "fast", "back", &["stratum"]).unwrap();
        let counts = |name: &str| -> Vec<Option<i64>> {
            found.column(name).unwrap().i64().unwrap().iter().collect()
        };
        assert_eq!(counts("exposed"), [Some(2), Some(1)]);
        assert_eq!(counts("others"), [Some(1), Some(1)]);
        assert_eq!(found.column("ratio").unwrap().f64().unwrap().get(0), Some(0.0));
        for bound in ["low", "high"] {
            assert_eq!(found.column(bound).unwrap().null_count(), 2, "{found}");
        }
    }

    /// The interval covers the true ratio, 1.5 in each of three strata, as often as it says.
    #[test]
    fn the_interval_covers() {
        use rand::RngExt;
        let mut rng = crate::stream::stream(3, "coverage", 1);
        let covered = (0..400)
            .filter(|_| {
                let (mut stratum, mut fast, mut back) = (vec![], vec![], vec![]);
                for (place, base, size) in [(0_i64, 0.1, 300), (1, 0.3, 200), (2, 0.5, 100)] {
                    for n in 0..size {
                        let exposed = n % (2 + place as usize) == 0;
                        stratum.push(place);
                        fast.push(exposed);
                        let chance = if exposed { 1.5 * base } else { base };
                        back.push(rng.random_range(0.0..1.0) < chance);
                    }
                }
                let users = df!("stratum" => stratum, "fast" => fast, "back" => back).unwrap();
                let found = risk_ratio(&users, "fast", "back", &["stratum"]).unwrap();
                let bound = |name: &str| found.column(name).unwrap().f64().unwrap().get(1).unwrap();
                (bound("low")..bound("high")).contains(&1.5)
            })
            .count();
        // 95% of 400 are 380; chance moves that by 4.4.
        assert!((364..=394).contains(&covered), "{covered} of 400");
    }
}
