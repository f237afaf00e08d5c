//! Effects that differ between segments of users.

use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use crate::error::Result;
use crate::metrics::{Source, coded, free};
use crate::stats::heterogeneity::{Heterogeneity, cochran};
use crate::stats::multiple::holm;
use crate::stats::sample::Summary;
use crate::stats::two_sample::{Difference, welch};

/// Columns of the results, which a segment must not be called.
const COLUMNS: [&str; 14] = [
    "arm",
    "control",
    "control_users",
    "control_mean",
    "users",
    "mean",
    "difference",
    "low",
    "high",
    "t",
    "df",
    "p_value",
    "adjusted",
    "segments",
];

/// Compares the mean in each arm with control's within each segment of users.
///
/// A segment must have been known before the experiment. Of many segments some look different by
/// chance: read `adjusted`, and [`interaction`] first.
///
/// Reads `users`: `arm` (text), `value` (a number), and the column named `segment`; users without
/// one are a segment of their own. Returns one row per other arm and segment, by arm and segment:
/// `arm`, `control`, the segment under its own name, `control_users` (i64), `control_mean` (f64),
/// `users` (i64), `mean`, `difference`, `low`, `high` (f64: 95%, not adjusted), `t`, `df`,
/// `p_value`, and `adjusted` (f64: Holm's p value over all rows). Interval and test are null with
/// fewer than two users of an arm in the segment, or if nothing varies.
///
/// # Errors
/// As [`means`](super::means()); a segment with the name of another column of the result.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let users = users.lazy().with_column((col("user_id") % lit(2)).eq(lit(0)).alias("even"));
/// let found = experiment::segment_effects(&users, "arm", "spent", "even", "control")?;
/// assert_eq!(found.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// B. L. Welch (1947); S. Holm (1979), "A simple sequentially rejective multiple test procedure".
pub fn segment_effects(
    users: &dyn Source,
    arm: &str,
    value: &str,
    segment: &str,
    control: &str,
) -> Result<DataFrame> {
    let (parts, control, others) = Segments::beside(users, [arm, value, segment], control)?;
    let (mut names, mut segments, mut cells) = (vec![], vec![], vec![]);
    for other in others {
        for code in 0..parts.names.len() {
            names.push(parts.arms.names[other].as_str());
            segments.push(parts.names[code].as_deref());
            cells.push([control, other].map(|arm| parts.summary(arm, code)));
        }
    }
    let differences: Vec<Option<Difference>> = cells.iter().map(compared).collect();
    let known: Vec<(usize, f64)> = differences
        .iter()
        .enumerate()
        .filter_map(|(row, difference)| Some((row, difference.as_ref()?.p_value)))
        .filter(|(_, p_value)| p_value.is_finite())
        .collect();
    let mut adjusted: Vec<Option<f64>> = vec![None; cells.len()];
    let p_values: Vec<f64> = known.iter().map(|one| one.1).collect();
    for ((row, _), p_value) in known.iter().zip(holm(&p_values)) {
        adjusted[*row] = Some(p_value);
    }
    let users = |arm: usize| cells.iter().map(|cell| cell[arm].n as i64).collect::<Vec<_>>();
    let means = |arm: usize| -> Vec<Option<f64>> {
        cells.iter().map(|cell| Some(cell[arm].mean).filter(|mean| mean.is_finite())).collect()
    };
    let controls = vec![parts.arms.names[control].as_str(); names.len()];
    let mut columns = vec![
        Column::new("arm".into(), names),
        Column::new("control".into(), controls),
        Column::new(segment.into(), segments),
        Column::new("control_users".into(), users(0)),
        Column::new("control_mean".into(), means(0)),
        Column::new("users".into(), users(1)),
        Column::new("mean".into(), means(1)),
    ];
    columns.extend(difference_columns(&differences, "t"));
    columns.push(Column::new("adjusted".into(), adjusted));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Tests whether an effect differs between segments: Cochran's Q of the segments' differences.
///
/// An effect that is significant in one segment and not in another is no difference between them;
/// this is the test of one. Variances are taken as known: with fewer than about thirty users of an
/// arm in a segment, it is significant too often.
///
/// Reads as [`segment_effects`]. Returns one row per other arm: `arm`, `control`, `segments` (i64:
/// those with an interval), `q`, `df` (f64), `p_value`, `i_squared` (f64: the share of the
/// differences' variation that is not chance). Null with fewer than two such segments.
///
/// # Errors
/// As [`segment_effects`].
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/experiment.csv")?;
/// let users = users.lazy().with_column((col("user_id") % lit(2)).eq(lit(0)).alias("even"));
/// let found = experiment::interaction(&users, "arm", "spent", "even", "control")?;
/// assert!(found.value("p_value", "arm", "offer")? > 0.05); // chance made these segments
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// W. G. Cochran (1954), "The combination of estimates from different experiments", Biometrics 10;
/// J. P. T. Higgins and S. G. Thompson (2002) for I².
pub fn interaction(
    users: &dyn Source,
    arm: &str,
    value: &str,
    segment: &str,
    control: &str,
) -> Result<DataFrame> {
    let (parts, control, others) = Segments::beside(users, [arm, value, segment], control)?;
    let (mut counts, mut tests) = (vec![], vec![]);
    for other in &others {
        let estimates: Vec<(f64, f64)> = (0..parts.names.len())
            .map(|code| [control, *other].map(|arm| parts.summary(arm, code)))
            .map(|[a, b]| (b.mean - a.mean, a.variance / a.n + b.variance / b.n))
            .filter(|(estimate, variance)| estimate.is_finite() && *variance > 0.0)
            .filter(|(_, variance)| variance.is_finite())
            .collect();
        counts.push(estimates.len() as i64);
        tests.push(cochran(&estimates));
    }
    let column = |name: &str, pick: fn(&Heterogeneity) -> f64| {
        let values = tests.iter().map(|test| test.as_ref().map(pick).filter(|x| x.is_finite()));
        Column::new(name.into(), values.collect::<Vec<Option<f64>>>())
    };
    let mut columns = parts.arms.names_of(control, &others);
    columns.extend([
        Column::new("segments".into(), counts),
        column("q", |test| test.q),
        column("df", |test| test.df),
        column("p_value", |test| test.p_value),
        column("i_squared", |test| test.i_squared),
    ]);
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Welch's test, if both arms have users enough.
pub(super) fn compared([a, b]: &[Summary; 2]) -> Option<Difference> {
    (a.n >= 2.0 && b.n >= 2.0).then(|| welch(*a, *b))
}

/// Users by arm and segment.
pub(super) struct Segments {
    pub arms: Arms,
    /// A missing one first.
    pub names: Vec<Option<String>>,
    codes: Vec<u32>,
}

impl Segments {
    /// Reads the columns of arms, values and segments, and returns the place of control and those of the other arms as well.
    fn beside(
        users: &dyn Source,
        [arm, value, segment]: [&str; 3],
        control: &str,
    ) -> Result<(Segments, usize, Vec<usize>)> {
        free("users", segment, &COLUMNS)?;
        let parts = Segments::new(users, arm, value, segment)?;
        let (control, others) = parts.arms.control(arm, control)?;
        Ok((parts, control, others))
    }

    pub fn new(users: &dyn Source, arm: &str, value: &str, segment: &str) -> Result<Segments> {
        let arms = Arms::new(users, arm, &[value], &[segment])?;
        let (codes, names) = coded(arms.frame.column(segment)?)?;
        Ok(Segments { arms, names, codes })
    }

    pub fn values(&self, arm: usize, segment: usize) -> Vec<f64> {
        let rows = self.arms.rows[arm].iter();
        rows.filter(|row| self.codes[**row] as usize == segment)
            .map(|row| self.arms.columns[0][*row])
            .collect()
    }

    pub fn summary(&self, arm: usize, segment: usize) -> Summary {
        Summary::of(&self.values(arm, segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> DataFrame {
        let plan = |user: usize| [Some("free"), Some("pro"), None][user % 3];
        let effect = |user: usize| if user % 3 == 1 { 4.0 } else { 0.0 };
        let treated = |user: usize| (user / 3) % 2 == 1;
        df!(
            "arm" => (0..60).map(|user| if treated(user) { "new" } else { "old" }).collect::<Vec<_>>(),
            "plan" => (0..60).map(plan).collect::<Vec<_>>(),
            "spent" => (0..60)
                .map(|user| ((user * 7) % 10) as f64 / 5.0 + if treated(user) { effect(user) } else { 0.0 })
                .collect::<Vec<_>>(),
        )
        .unwrap()
    }

    #[test]
    fn an_effect_in_one_segment_is_found_there() {
        let found = segment_effects(&users(), "arm", "spent", "plan", "old").unwrap();
        assert_eq!(found.height(), 3);
        let plans = found.column("plan").unwrap().str().unwrap().clone();
        assert_eq!(plans.iter().collect::<Vec<_>>(), [None, Some("free"), Some("pro")]);
        let adjusted = found.column("adjusted").unwrap().f64().unwrap().clone();
        assert!(adjusted.get(2) < Some(0.001) && adjusted.get(1) > Some(0.05), "{found}");
        let test = interaction(&users(), "arm", "spent", "plan", "old").unwrap();
        assert!(test.column("p_value").unwrap().f64().unwrap().get(0) < Some(0.001), "{test}");
    }

    #[test]
    fn one_segment_cannot_differ() {
        let users = users().lazy().filter(col("plan").eq(lit("pro")));
        let test = interaction(&users, "arm", "spent", "plan", "old").unwrap();
        assert_eq!(test.column("segments").unwrap().i64().unwrap().get(0), Some(1));
        for column in ["q", "df", "p_value", "i_squared"] {
            assert_eq!(test.column(column).unwrap().null_count(), 1, "{column}");
        }
    }

    #[test]
    fn a_segment_has_a_name_of_its_own() {
        let users = users().lazy().rename(["plan"], ["users"], true);
        let said = segment_effects(&users, "arm", "spent", "users", "old").unwrap_err().to_string();
        assert!(said.contains("`users`") && said.contains("rename"), "{said}");
    }
}
