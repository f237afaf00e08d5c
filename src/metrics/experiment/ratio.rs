//! A ratio of sums in each arm.

use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::sample::{Summary, sum};
use crate::stats::two_sample::{Difference, Proportion, compare_proportions, welch};

/// Compares a ratio of sums in each arm with control's, such as clicks per page view or revenue per session, where users have
/// several of what is divided by: the delta method, with users as the unit.
///
/// A user's views are not independent of each other. The naive interval takes them as if they were; where users
/// differ, it is too narrow, and its test finds effects that are not there.
///
/// Reads `users`: `arm` (text), `numerator` and `denominator` (numbers; each user's sums, the denominator 0 or more).
/// Returns one row per other arm, by arm: `arm`, `control`, `control_users` (i64), `control_numerator`,
/// `control_denominator`, `control_ratio` (f64), `users` (i64), `numerator`, `denominator`, `ratio`, `difference`,
/// `low`, `high` (f64: 95%), `t`, `df`, `p_value` (f64: Welch's, of the ratio's linear part), and `naive_low`,
/// `naive_high`, `naive_p_value` (f64: two proportions, as if every unit of the denominator were independent). Ratios are null
/// if their denominator is 0, intervals and tests with fewer than two users in an arm or if nothing varies, and the naive
/// ones if the sums are not counts with a numerator of at most the denominator.
///
/// # Errors
/// As [`means`](super::means()); a denominator below 0.
///
/// # Source
/// A. Deng, U. Knoblich and J. Lu (2018), "Applying the delta method in metric analytics: a practical guide with novel
/// ideas", KDD.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = df!(
///     "arm" => ["control", "control", "control", "new", "new", "new"],
///     "clicks" => [0, 9, 2, 1, 30, 2], "views" => [10, 12, 11, 10, 40, 12],
/// )?;
/// let found = experiment::ratio(&users, "arm", "clicks", "views", "control")?;
/// let width = |low: &str, high: &str| -> Result<f64> {
///     Ok(number(&found, high, 0)? - number(&found, low, 0)?)
/// };
/// assert!(width("low", "high")? > 2.0 * width("naive_low", "naive_high")?);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn ratio(
    users: &dyn Source,
    arm: &str,
    numerator: &str,
    denominator: &str,
    control: &str,
) -> Result<DataFrame> {
    let arms = Arms::new(users, arm, &[numerator, denominator], &[])?;
    if let Some(row) = arms.columns[1].iter().position(|units| *units < 0.0) {
        let problem =
            format!("is {} in row {}; it must be 0 or more", arms.columns[1][row], row + 1);
        return Err(Error::column("users", denominator, problem));
    }
    let (control, others) = arms.control(arm, control)?;
    let base = Ratio::of(&arms, control);
    let found: Vec<Ratio> = others.iter().map(|arm| Ratio::of(&arms, *arm)).collect();
    let mut columns = arms.names_of(control, &others);
    columns.extend(ratio_columns("control_", &vec![base; found.len()]));
    columns.extend(ratio_columns("", &found));
    let differences: Vec<_> = found.iter().map(|one| base.compare(one)).collect();
    columns.extend(difference_columns(&differences, "t"));
    let naive: Vec<_> = found.iter().map(|one| base.compare_units(one)).collect();
    for (name, pick) in NAIVE {
        let values = naive.iter().map(|one| one.as_ref().map(pick).filter(|x| x.is_finite()));
        columns.push(Column::new(name.into(), values.collect::<Vec<_>>()));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

type Pick = fn(&Difference) -> f64;
const NAIVE: [(&str, Pick); 3] =
    [("naive_low", |d| d.low), ("naive_high", |d| d.high), ("naive_p_value", |d| d.p_value)];

/// An arm's sums, and what its ratio is to a test: a mean, as far as the ratio is linear.
#[derive(Debug, Clone, Copy)]
struct Ratio {
    numerator: f64,
    denominator: f64,
    summary: Summary,
}

impl Ratio {
    fn of(arms: &Arms, arm: usize) -> Ratio {
        let (above, below) = (arms.values(arm, 0), arms.values(arm, 1));
        let (numerator, denominator) = (sum(&above), sum(&below));
        let (ratio, n) = (numerator / denominator, above.len() as f64);
        // What a user adds to the ratio, beside its mean: (y − r x) / x̄.
        let parts: Vec<f64> =
            above.iter().zip(&below).map(|(y, x)| (y - ratio * x) / (denominator / n)).collect();
        let variance = Summary::of(&parts).variance;
        Ratio { numerator, denominator, summary: Summary { n, mean: ratio, variance } }
    }

    fn ratio(&self) -> Option<f64> {
        Some(self.summary.mean).filter(|ratio| ratio.is_finite())
    }

    fn compare(&self, other: &Ratio) -> Option<Difference> {
        let enough = |one: &Ratio| one.ratio().is_some() && one.summary.n >= 2.0;
        (enough(self) && enough(other)).then(|| welch(self.summary, other.summary))
    }

    /// As if every unit of the denominator were a trial of its own.
    fn compare_units(&self, other: &Ratio) -> Option<Difference> {
        compare_proportions(self.units()?, other.units()?)
    }

    fn units(&self) -> Option<Proportion> {
        // Beyond 2⁵³ there are no halves.
        let whole = |sum: f64| sum >= 0.0 && sum.fract() == 0.0 && sum < 9e15;
        (whole(self.numerator) && whole(self.denominator))
            .then_some(Proportion { hits: self.numerator as u64, users: self.denominator as u64 })
    }
}

fn ratio_columns(prefix: &str, ratios: &[Ratio]) -> [Column; 4] {
    let name = |rest: &str| PlSmallStr::from(format!("{prefix}{rest}"));
    let real = |pick: fn(&Ratio) -> f64| -> Vec<Option<f64>> {
        ratios.iter().map(|one| Some(pick(one)).filter(|sum| sum.is_finite())).collect()
    };
    let users = ratios.iter().map(|one| one.summary.n as i64).collect::<Vec<_>>();
    [
        Column::new(name("users"), users),
        Column::new(name("numerator"), real(|one| one.numerator)),
        Column::new(name("denominator"), real(|one| one.denominator)),
        Column::new(name("ratio"), real(|one| one.summary.mean)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::experiment::means;

    fn users(clicks: [f64; 6], views: [f64; 6]) -> DataFrame {
        let arm = ["a", "a", "a", "b", "b", "b"];
        df!("arm" => arm, "clicks" => clicks, "views" => views).unwrap()
    }

    fn real(frame: &DataFrame, column: &str) -> Option<f64> {
        frame.column(column).unwrap().f64().unwrap().get(0)
    }

    /// Where everybody has one, a ratio is a mean.
    #[test]
    fn a_ratio_to_users_is_a_mean() {
        let users = users([1.0, 2.0, 4.5, 3.0, 9.0, 5.0], [1.0; 6]);
        let found = ratio(&users, "arm", "clicks", "views", "a").unwrap();
        let expected = means(&users, "arm", "clicks", "a").unwrap();
        for column in ["difference", "low", "high", "t", "df", "p_value"] {
            let (ours, theirs) = (real(&found, column).unwrap(), real(&expected, column).unwrap());
            assert!((ours - theirs).abs() < 1e-12, "{column}: {ours}, not {theirs}");
        }
        assert_eq!(real(&found, "naive_low"), None, "4.5 clicks are no count");
    }

    #[test]
    fn nothing_to_divide_by_is_no_ratio() {
        let users = users([0.0, 0.0, 0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 5.0, 6.0, 9.0]);
        let found = ratio(&users, "arm", "clicks", "views", "a").unwrap();
        assert_eq!((real(&found, "control_ratio"), real(&found, "ratio")), (None, Some(0.3)));
        assert_eq!((real(&found, "difference"), real(&found, "naive_low")), (None, None));
    }

    #[test]
    fn units_below_nothing_are_named() {
        let users = users([1.0; 6], [1.0, 2.0, -3.0, 1.0, 1.0, 1.0]);
        let said = ratio(&users, "arm", "clicks", "views", "a").unwrap_err().to_string();
        assert!(said.contains("`views`") && said.contains("is -3 in row 3"), "{said}");
    }
}
