//! The effect by day since exposure: novelty, which wears off, and primacy, where users first have
//! to learn.

use std::collections::BTreeMap;

use polars::prelude::*;

use super::arms::{Arms, difference_columns};
use crate::error::{Error, Result};
use crate::metrics::Source;
use crate::stats::sample::{Summary, sum};
use crate::stats::satterthwaite::compare;
use crate::stats::two_sample::{Difference, welch};

/// Compares the mean in each arm with control's on each day since a user's first exposure.
///
/// Every user needs a row for each day on which they were under observation, with 0 for a day
/// without activity: if only active users have rows, the later days compare those who stayed.
///
/// Reads `rows`: `arm` (text), `user`, `day` (whole number: 0 is the day of exposure), `value` (a
/// number). Returns one row per other arm and day, by arm and day: `arm`, `control`, `day`,
/// `control_users` (i64), `control_mean` (f64), `users` (i64), `mean`, `difference`, `low`, `high`
/// (f64: 95%), `t`, `df`, `p_value` (f64). Interval and test are null with fewer than two users of
/// an arm on that day, and the mean without any.
///
/// # Errors
/// As [`means`](super::means()); days that are not whole; a user in two arms, or with two rows on
/// one day.
///
/// ```
/// use casebook::prelude::*;
///
/// let rows = df!(
///     "arm" => ["control", "control", "new", "new", "control", "control", "new", "new"],
///     "user" => [1, 2, 3, 4, 1, 2, 3, 4],
///     "day" => [0, 0, 0, 0, 1, 1, 1, 1],
///     "visits" => [1, 2, 5, 6, 1, 2, 2, 3],
/// )?;
/// let found = experiment::effect_by_day(&rows, "arm", "user", "day", "visits", "control")?;
/// assert_eq!(found.value("difference", "day", 0)?, 4.0);
/// assert_eq!(found.value("difference", "day", 1)?, 1.0);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// R. Kohavi, D. Tang and Y. Xu (2020), Trustworthy Online Controlled Experiments, chapters 3 and
/// 23.
pub fn effect_by_day(
    rows: &dyn Source,
    arm: &str,
    user: &str,
    day: &str,
    value: &str,
    control: &str,
) -> Result<DataFrame> {
    let (seen, control, others) = Observed::beside(rows, [arm, user, day, value], control)?;
    let (mut names, mut days, mut differences) = (vec![], vec![], vec![]);
    let (mut before, mut after) = (vec![], vec![]);
    for other in others {
        for day in seen.days(control, other) {
            let [a, b] = [control, other].map(|arm| seen.summary(arm, day));
            names.push(seen.arms.names[other].as_str());
            days.push(day);
            differences.push((a.n >= 2.0 && b.n >= 2.0).then(|| welch(a, b)));
            before.push(a);
            after.push(b);
        }
    }
    let users = |all: &[Summary]| all.iter().map(|one| one.n as i64).collect::<Vec<_>>();
    let means = |all: &[Summary]| -> Vec<Option<f64>> {
        all.iter().map(|one| Some(one.mean).filter(|mean| mean.is_finite())).collect()
    };
    let controls = vec![seen.arms.names[control].as_str(); names.len()];
    let mut columns = vec![
        Column::new("arm".into(), names),
        Column::new("control".into(), controls),
        Column::new("day".into(), days),
        Column::new("control_users".into(), users(&before)),
        Column::new("control_mean".into(), means(&before)),
        Column::new("users".into(), users(&after)),
        Column::new("mean".into(), means(&after)),
    ];
    columns.extend(difference_columns(&differences, "t"));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Tests whether the effect changes with the days since exposure: the slope of the daily
/// differences.
///
/// The line is fitted by least squares to the differences of [`effect_by_day`], a day weighing as
/// many users as it compares. A user's days go together, so the error of the slope comes from how
/// users differ, not rows. A slope against the effect's sign is what novelty looks like, and one
/// along it what primacy does.
///
/// Reads as [`effect_by_day`]. Returns one row per other arm: `arm`, `control`, `days` (i64: those
/// with two users or more in both arms), `control_users`, `users` (i64), `average` (f64: the
/// weighted mean of the differences), `slope` (f64: per day), `low`, `high` (f64: its 95%
/// interval), `t`, `df`, `p_value` (f64). Null with fewer than two days.
///
/// # Errors
/// As [`effect_by_day`].
///
/// ```
/// use casebook::prelude::*;
///
/// let rows = df!(
///     "arm" => ["control", "control", "new", "new", "control", "control", "new", "new"],
///     "user" => [1, 2, 3, 4, 1, 2, 3, 4],
///     "day" => [0, 0, 0, 0, 1, 1, 1, 1],
///     "visits" => [1, 2, 5, 6, 1, 3, 2, 3],
/// )?;
/// let found = experiment::effect_trend(&rows, "arm", "user", "day", "visits", "control")?;
/// assert_eq!(found.value("slope", "arm", "new")?, -3.5);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// K.-Y. Liang and S. L. Zeger (1986), "Longitudinal data analysis using generalized linear models",
/// Biometrika 73: the error of an estimate from rows that go together; R. M. Bell and D. F. McCaffrey
/// (2002), "Bias reduction in standard errors for linear regression with multi-stage samples", Survey
/// Methodology 28: its correction and degrees of freedom, here with independent days as the model.
pub fn effect_trend(
    rows: &dyn Source,
    arm: &str,
    user: &str,
    day: &str,
    value: &str,
    control: &str,
) -> Result<DataFrame> {
    let (seen, control, others) = Observed::beside(rows, [arm, user, day, value], control)?;
    let trends: Vec<Trend> = others.iter().map(|other| seen.trend(control, *other)).collect();
    let counts = |pick: &dyn Fn(&Trend) -> usize| -> Vec<i64> {
        trends.iter().map(|trend| pick(trend) as i64).collect()
    };
    let average: Vec<Option<f64>> =
        trends.iter().map(|trend| trend.average.filter(|average| average.is_finite())).collect();
    let slopes: Vec<Option<Difference>> = trends.iter().map(|trend| trend.slope).collect();
    let mut columns = seen.arms.names_of(control, &others);
    columns.extend([
        Column::new("days".into(), counts(&|trend| trend.days)),
        Column::new("control_users".into(), counts(&|trend| trend.users[0])),
        Column::new("users".into(), counts(&|trend| trend.users[1])),
        Column::new("average".into(), average),
    ]);
    for mut column in difference_columns(&slopes, "t") {
        if column.name() == "difference" {
            column.rename("slope".into());
        }
        columns.push(column);
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Each arm's users, by day.
struct Observed {
    arms: Arms,
    cells: Vec<BTreeMap<i64, Vec<(u32, f64)>>>,
}

struct Trend {
    days: usize,
    /// Of control and the other arm, on those days.
    users: [usize; 2],
    average: Option<f64>,
    slope: Option<Difference>,
}

impl Observed {
    /// Reads the columns of arms, users, days and values, and returns the place of control and those of the other arms as well.
    fn beside(
        rows: &dyn Source,
        [arm, user, day, value]: [&str; 4],
        control: &str,
    ) -> Result<(Observed, usize, Vec<usize>)> {
        let seen = Observed::new(rows, arm, user, day, value)?;
        let (control, others) = seen.arms.control(arm, control)?;
        Ok((seen, control, others))
    }

    fn new(rows: &dyn Source, arm: &str, user: &str, day: &str, value: &str) -> Result<Observed> {
        let arms = Arms::new(rows, arm, &[value, day], &[user])?;
        // Beyond this, a number is no longer sure to be whole.
        let whole = |day: &f64| day.fract() == 0.0 && day.abs() < 1e15;
        if let Some(row) = arms.columns[1].iter().position(|day| !whole(day)) {
            let problem = format!(
                "is {} in row {}; it must be a whole number of days",
                arms.columns[1][row],
                row + 1
            );
            return Err(Error::column("users", day, problem));
        }
        let numbered = arms.units(arm, user)?;
        let mut cells = vec![];
        for rows in &arms.rows {
            let mut mine: BTreeMap<i64, Vec<(u32, f64)>> = BTreeMap::new();
            for row in rows {
                let day = arms.columns[1][*row] as i64;
                mine.entry(day).or_default().push((numbered.codes[*row], arms.columns[0][*row]));
            }
            for (number, users) in &mut mine {
                users.sort_unstable_by_key(|user| user.0);
                if users.windows(2).any(|two| two[0].0 == two[1].0) {
                    let problem = format!("is {number} in two rows of one {user}");
                    return Err(Error::column("users", day, problem));
                }
            }
            cells.push(mine);
        }
        Ok(Observed { arms, cells })
    }

    /// The days on which either arm has users.
    fn days(&self, a: usize, b: usize) -> Vec<i64> {
        let mut days: Vec<i64> =
            self.cells[a].keys().chain(self.cells[b].keys()).copied().collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    fn summary(&self, arm: usize, day: i64) -> Summary {
        let users = self.cells[arm].get(&day).map_or(&[][..], |users| users);
        Summary::of(&users.iter().map(|user| user.1).collect::<Vec<f64>>())
    }

    fn trend(&self, control: usize, other: usize) -> Trend {
        let pair = [control, other];
        let compared: Vec<(i64, [Summary; 2])> = self
            .days(control, other)
            .into_iter()
            .map(|day| (day, pair.map(|arm| self.summary(arm, day))))
            .filter(|(_, both)| both.iter().all(|one| one.n >= 2.0))
            .collect();
        let line = Line::through(&compared);
        let users = pair.map(|arm| self.influences(arm, &compared, &line.weights));
        let parts: Vec<(f64, f64)> = users.iter().map(|users| variance(users)).collect();
        Trend {
            days: compared.len(),
            users: users.map(|influences| influences.len()),
            average: (!compared.is_empty()).then_some(line.average),
            slope: (compared.len() >= 2).then(|| compare(line.slope, &parts)),
        }
    }

    /// What each user of an arm adds to the slope, beside what the arm's mean user does; and how much
    /// of its variance is theirs if a user's days are independent.
    fn influences(
        &self,
        arm: usize,
        days: &[(i64, [Summary; 2])],
        weights: &[f64],
    ) -> Vec<(f64, f64)> {
        let mut of: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for ((day, _), weight) in days.iter().zip(weights) {
            let mean = self.summary(arm, *day).mean;
            let users = &self.cells[arm][day];
            let n = users.len() as f64;
            // Users make their own mean, and seem closer to it than they are to the true one.
            let closer = (n / (n - 1.0)).sqrt();
            for (code, value) in users {
                let (influence, share) = of.entry(*code).or_default();
                *influence += weight / n * (value - mean) * closer;
                *share += (weight / n).powi(2);
            }
        }
        of.into_values().collect()
    }
}

/// The variance that users bring, and its degrees of freedom: few where few users decide the slope.
fn variance(users: &[(f64, f64)]) -> (f64, f64) {
    let squares: Vec<f64> = users.iter().map(|user| user.0 * user.0).collect();
    let shares: Vec<f64> = users.iter().map(|user| user.1).collect();
    let whole = sum(&shares);
    let parts: Vec<f64> = shares.iter().map(|share| (share / whole).powi(2)).collect();
    (sum(&squares), 1.0 / sum(&parts) - 1.0)
}

/// A line of the daily differences.
struct Line {
    average: f64,
    slope: f64,
    /// What a day's difference counts in the slope.
    weights: Vec<f64>,
}

impl Line {
    fn through(days: &[(i64, [Summary; 2])]) -> Line {
        let size = |[a, b]: &[Summary; 2]| a.n * b.n / (a.n + b.n);
        let whole: f64 = days.iter().map(|(_, both)| size(both)).sum();
        let middle = days.iter().map(|(day, both)| *day as f64 * size(both)).sum::<f64>() / whole;
        let off = |day: i64| day as f64 - middle;
        let spread: f64 = days.iter().map(|(day, both)| size(both) * off(*day).powi(2)).sum();
        let weights: Vec<f64> =
            days.iter().map(|(day, both)| size(both) * off(*day) / spread).collect();
        let difference = |[a, b]: &[Summary; 2]| b.mean - a.mean;
        let average = days.iter().map(|(_, both)| size(both) * difference(both)).sum::<f64>();
        let slope = days.iter().zip(&weights).map(|((_, both), w)| w * difference(both)).sum();
        Line { average: average / whole, slope, weights }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Users of each arm on some days, each with a level of their own.
    fn rows(days: &[i64], effect: fn(i64) -> f64) -> DataFrame {
        let (mut arm, mut user, mut day, mut value) = (vec![], vec![], vec![], vec![]);
        for id in 0..10_i64 {
            for at in days {
                let treated = id % 2 == 1;
                arm.push(if treated { "new" } else { "old" });
                user.push(id);
                day.push(*at);
                let noise = ((id * 7 + at * 5) % 11) as f64 / 10.0;
                value.push((id / 2) as f64 + noise + if treated { effect(*at) } else { 0.0 });
            }
        }
        df!("arm" => arm, "user" => user, "day" => day, "value" => value).unwrap()
    }

    fn trend(rows: &DataFrame) -> Result<DataFrame> {
        effect_trend(rows, "arm", "user", "day", "value", "old")
    }

    fn only(frame: &DataFrame, column: &str) -> Option<f64> {
        frame.column(column).unwrap().f64().unwrap().get(0)
    }

    #[test]
    fn what_wears_off_has_a_falling_line() {
        let days: Vec<i64> = (0..14).collect();
        let same = trend(&rows(&days, |_| 2.0)).unwrap();
        let falling = trend(&rows(&days, |day| 2.0 - 0.2 * day as f64)).unwrap();
        let change = only(&falling, "slope").unwrap() - only(&same, "slope").unwrap();
        assert!((change + 0.2).abs() < 1e-12, "{change}");
        assert!(only(&falling, "high").unwrap() < 0.0, "{falling}");
        // Users' own levels do not matter to a slope: the interval is much narrower than they differ.
        assert!(only(&same, "high").unwrap() - only(&same, "low").unwrap() < 0.2, "{same}");
    }

    #[test]
    fn one_day_has_no_slope() {
        let found = trend(&rows(&[3], |_| 1.0)).unwrap();
        assert_eq!(found.column("days").unwrap().i64().unwrap().get(0), Some(1));
        assert!(only(&found, "average").is_some());
        for column in ["slope", "low", "high", "t", "df", "p_value"] {
            assert_eq!(only(&found, column), None, "{column}");
        }
    }

    #[test]
    fn a_day_on_which_an_arm_is_missing_compares_nothing() {
        let all = rows(&[0, 1], |_| 1.0);
        let gone = col("day").eq(lit(1)).and(col("arm").eq(lit("new"))).not();
        let some = all.lazy().filter(gone).collect().unwrap();
        let found = effect_by_day(&some, "arm", "user", "day", "value", "old").unwrap();
        let count = |column: &str| found.column(column).unwrap().i64().unwrap().get(1);
        assert_eq!((count("control_users"), count("users")), (Some(5), Some(0)));
        for column in ["mean", "difference", "low", "high", "p_value"] {
            assert_eq!(found.column(column).unwrap().f64().unwrap().get(1), None, "{column}");
        }
    }

    #[test]
    fn rows_that_contradict_each_other_are_named() {
        let frame = |arm: [&str; 3], day: [f64; 3]| {
            df!("arm" => arm, "user" => [1, 1, 2], "day" => day, "value" => [1, 2, 3]).unwrap()
        };
        for (rows, named) in [
            (frame(["old", "old", "new"], [0.0, 0.0, 0.0]), "`day`"),
            (frame(["old", "new", "new"], [0.0, 1.0, 0.0]), "puts one user in both"),
            (frame(["old", "old", "new"], [0.0, 0.5, 0.0]), "a whole number of days"),
        ] {
            let said = trend(&rows).unwrap_err().to_string();
            assert!(said.contains(named), "{said}");
        }
    }
}
