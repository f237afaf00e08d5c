//! How long they stay, when not everybody has left yet.
//!
//! Reads one row per subject: `duration` (a number, 0 or more, in any unit: from the start to the end,
//! or to when we last looked) and `observed` (boolean, or 1 and 0: whether it ended; if not, the subject
//! is censored: it stayed for at least `duration`). A column may split the subjects into groups.
//!
//! ```
//! use casebook::metrics::survival;
//! use casebook::polars::prelude::*;
//!
//! let subjects = df!("duration" => [1, 2, 2, 3], "observed" => [true, true, false, true])?;
//! let curve = survival::kaplan_meier(&subjects, None)?;
//! let shares: Vec<f64> = curve.column("survival")?.f64()?.into_no_null_iter().collect();
//! assert_eq!(shares, [1.0, 0.75, 0.5, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! E. L. Kaplan and P. Meier (1958), "Nonparametric estimation from incomplete observations"; Greenwood's
//! variance with the log-log transformation (J. D. Kalbfleisch and R. L. Prentice, The Statistical Analysis of
//! Failure Time Data); the log-rank test (N. Mantel, 1966); the restricted mean and its variance as in
//! J. P. Klein and M. L. Moeschberger, Survival Analysis, section 4.5.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;
use nalgebra::{DMatrix, DVector};
use polars::prelude::*;

use super::interval::{Z95, chi_square_sf, poisson, wilson};
use super::timeline::{Index, Moments, TIME, USER, day_of, fetch, full};
use super::{Source, broken_down, finite, labelled, require, spine, texts, unclaimed};
use crate::error::{Error, Result};

const SIGNUP: &str = "signup_at";

/// What happened at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Moment {
    time: f64,
    at_risk: usize,
    events: usize,
    censored: usize,
}

/// A group's subjects, summed up at each time that occurs, in rising order.
struct Group {
    name: Option<String>,
    subjects: usize,
    moments: Vec<Moment>,
}

fn groups(subjects: &dyn Source, by: Option<&str>) -> Result<Vec<Group>> {
    let mut columns = vec!["duration", "observed"];
    columns.extend(by);
    let frame = fetch(subjects, "subjects", &columns)?;
    let durations = finite(&frame, "subjects", "duration")?;
    if let Some(row) = durations.iter().position(|duration| *duration < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", durations[row], row + 1);
        return Err(Error::column("subjects", "duration", problem));
    }
    let observed = finite(&frame, "subjects", "observed")?;
    if let Some(row) = observed.iter().position(|flag| *flag != 0.0 && *flag != 1.0) {
        let problem = format!("is {} in row {}; it must be 1 or 0", observed[row], row + 1);
        return Err(Error::column("subjects", "observed", problem));
    }
    let names = match by {
        None => vec![None; durations.len()],
        Some(column) => texts(full(&frame, "subjects", column)?)?,
    };
    let mut split: BTreeMap<Option<String>, Vec<(f64, bool)>> = BTreeMap::new();
    for ((name, duration), flag) in names.into_iter().zip(durations).zip(observed) {
        split.entry(name).or_default().push((duration, flag == 1.0));
    }
    Ok(split
        .into_iter()
        .map(|(name, mut subjects)| {
            subjects.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            let mut left = subjects.len();
            let moments = subjects
                .chunk_by(|a, b| a.0 == b.0)
                .map(|same| {
                    let events = same.iter().filter(|subject| subject.1).count();
                    let moment = Moment {
                        time: same[0].0,
                        at_risk: left,
                        events,
                        censored: same.len() - events,
                    };
                    left -= same.len();
                    moment
                })
                .collect();
            Group { name, subjects: subjects.len(), moments }
        })
        .collect())
}

impl Group {
    /// At each moment: the survival just after it, and Greenwood's sum up to it (infinite once nobody
    /// survives).
    fn curve(&self) -> Vec<(f64, f64)> {
        let (mut survival, mut greenwood) = (1.0, 0.0);
        self.moments
            .iter()
            .map(|moment| {
                let (n, d) = (moment.at_risk as f64, moment.events as f64);
                if moment.events > 0 {
                    survival *= (n - d) / n;
                    greenwood += d / (n * (n - d));
                }
                (survival, greenwood)
            })
            .collect()
    }

    fn events(&self) -> usize {
        self.moments.iter().map(|moment| moment.events).sum()
    }
}

/// The log-log interval of a survival; none where nobody, or everybody, has left.
fn log_log((survival, greenwood): (f64, f64)) -> Option<(f64, f64)> {
    if survival <= 0.0 || survival >= 1.0 {
        return None;
    }
    let spread = Z95 * greenwood.sqrt() / survival.ln();
    Some((survival.powf((-spread).exp()), survival.powf(spread.exp())))
}

/// How long users stay, when nobody says good-bye: whoever was not seen for so many days has left.
///
/// Reads `users`: `user_id` (unique), `signup_at`; `events`: `user_id`, `timestamp`. `quiet`: days without an
/// event after which a user has left. Observation ends at `until`; whoever was seen in the last `quiet` days
/// before it may still be there, and counts as observed up to their beginning. Returns `users`' rows, in
/// their order, with all their columns and `events` (i64: up to the end of observation), `duration` (i64,
/// calendar days from sign-up to the first day without the user: 1 for who came on day 0 only), `observed`
/// (bool: has left): subjects for the functions here. The curve at 7 is then the share seen on day 7 or
/// later. Left out are users without an event, and those who signed up in the last `quiet` days.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a user that stands in `users` twice, empty
/// values, times that are none, and a column of `users` called `events`, `duration` or `observed`; `quiet` of 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = Month { year: 2024, month: 5 }.midnight();
/// let stays = survival::from_activity(&users, &events, 28, until)?;
/// let median = survival::median(&stays, Some("plan"))?;
/// assert_eq!(median.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// Churn by inactivity, as in P. S. Fader and B. G. S. Hardie's non-contractual settings: the rule is a
/// convention, and too short a `quiet` calls people gone who only pause.
pub fn from_activity(
    users: &dyn Source,
    events: &dyn Source,
    quiet: u32,
    until: NaiveDateTime,
) -> Result<DataFrame> {
    if quiet == 0 {
        return Err(Error::config("quiet", 0, "1 or more days"));
    }
    let users = users.scan().collect()?;
    require(&users, "users", &[USER, SIGNUP])?;
    unclaimed(&users, "users", &["events", "duration", "observed"])?;
    let index = Index::new("users", full(&users, "users", USER)?)?;
    let events = fetch(events, "events", &[USER, TIME])?;
    let moments = Moments::new(&events, "events", TIME)?;
    let signups = Moments::new(&users, "users", SIGNUP)?.beside(&moments, "users", SIGNUP)?.days();
    let end = day_of(until);
    let cut = end - quiet as i32;
    let mut last = vec![None::<i32>; users.height()];
    let mut counts = vec![0_i64; users.height()];
    let known = index.find("events", full(&events, "events", USER)?)?;
    for (user, day) in known.into_iter().zip(moments.days()) {
        let user = user as usize;
        if user < last.len() && day < end && day >= signups[user] {
            last[user] = last[user].max(Some(day));
            counts[user] += 1;
        }
    }
    let kept: BooleanChunked =
        last.iter().zip(&signups).map(|(last, from)| Some(last.is_some() && *from < cut)).collect();
    let stays: Vec<Option<i64>> = last
        .iter()
        .zip(&signups)
        .map(|(last, from)| last.map(|last| i64::from((last + 1).min(cut) - from)))
        .collect();
    let gone: Vec<bool> = last.iter().map(|last| last.is_some_and(|last| last < cut)).collect();
    let mut table = users;
    table.with_column(Column::new("events".into(), counts))?;
    table.with_column(Column::new("duration".into(), stays))?;
    table.with_column(Column::new("observed".into(), gone))?;
    Ok(table.filter(&kept)?)
}

/// The Kaplan–Meier survival curve.
///
/// Reads `subjects` as the [module](self) says, and the column `by` if given. Returns one row per time
/// that occurs, and one for time 0: `by`'s column (text), `time` (f64), `at_risk` (i64: just before),
/// `events`, `censored` (i64: at that time), `survival` (f64: the share still there just after), `low`,
/// `high` (f64: 95 %, Greenwood, log-log; null where the survival is 0 or 1), by group and time.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a duration that is empty, negative or not
/// finite, and for an `observed` other than 1 and 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let curve = survival::kaplan_meier(&subjects, Some("plan"))?;
/// assert_eq!(curve.column("survival")?.f64()?.get(0), Some(1.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn kaplan_meier(subjects: &dyn Source, by: Option<&str>) -> Result<DataFrame> {
    let (mut names, mut time, mut survival) = (vec![], vec![], vec![]);
    let [mut at_risk, mut events, mut censored] = [const { Vec::<i64>::new() }; 3];
    let (mut low, mut high) = (vec![], vec![]);
    for group in groups(subjects, by)? {
        let start = Moment { time: 0.0, at_risk: group.subjects, events: 0, censored: 0 };
        let first = group.moments.first().filter(|moment| moment.time == 0.0);
        let curve = group.curve();
        let rows = first.is_none().then_some((&start, (1.0, 0.0)));
        for (moment, point) in rows.into_iter().chain(group.moments.iter().zip(curve)) {
            names.push(group.name.clone());
            time.push(moment.time);
            at_risk.push(moment.at_risk as i64);
            events.push(moment.events as i64);
            censored.push(moment.censored as i64);
            survival.push(point.0);
            low.push(log_log(point).map(|bounds| bounds.0));
            high.push(log_log(point).map(|bounds| bounds.1));
        }
    }
    labelled(
        by,
        names,
        vec![
            Column::new("time".into(), time),
            Column::new("at_risk".into(), at_risk),
            Column::new("events".into(), events),
            Column::new("censored".into(), censored),
            Column::new("survival".into(), survival),
            Column::new("low".into(), low),
            Column::new("high".into(), high),
        ],
    )
}

/// The time by which half have left.
///
/// Reads as [`kaplan_meier`]. Returns one row per group: `by`'s column, `subjects`, `events` (i64),
/// `median` (f64: the first time at which the survival is 0.5 or less; null if it never is), `low`,
/// `high` (f64: where the bounds of the curve's interval pass 0.5; null if they never do).
///
/// # Errors
/// As [`kaplan_meier`].
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let median = survival::median(&subjects, Some("plan"))?;
/// assert_eq!(median.height(), 2);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn median(subjects: &dyn Source, by: Option<&str>) -> Result<DataFrame> {
    let groups = groups(subjects, by)?;
    let passes = |group: &Group, value: fn((f64, f64)) -> Option<f64>| {
        let curve = group.curve();
        // A product of fractions may miss one half by its last digit.
        let at = curve
            .into_iter()
            .position(|point| value(point).is_some_and(|value| value <= 0.5 + 1e-12));
        at.map(|at| group.moments[at].time)
    };
    let column = |value: fn((f64, f64)) -> Option<f64>| -> Vec<Option<f64>> {
        groups.iter().map(|group| passes(group, value)).collect()
    };
    let count = |of: fn(&Group) -> usize| -> Vec<i64> {
        groups.iter().map(|group| of(group) as i64).collect()
    };
    labelled(
        by,
        groups.iter().map(|group| group.name.clone()).collect(),
        vec![
            Column::new("subjects".into(), count(|group| group.subjects)),
            Column::new("events".into(), count(Group::events)),
            Column::new("median".into(), column(|point| Some(point.0))),
            Column::new("low".into(), column(|point| log_log(point).map(|bounds| bounds.0))),
            Column::new("high".into(), column(|point| log_log(point).map(|bounds| bounds.1))),
        ],
    )
}

/// Mean time until `horizon`: how long a subject stays on average within the first `horizon` units.
///
/// Reads as [`kaplan_meier`]. Returns one row per group: `by`'s column, `subjects` (i64), `horizon`,
/// `mean` (f64: the area under the curve up to the horizon), `se`, `low`, `high` (f64, 95 %, normal). All
/// null if observation ends before the horizon with somebody still there: the area is not observed.
///
/// # Errors
/// As [`kaplan_meier`]; a horizon that is not above 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let first_year = survival::restricted_mean(&subjects, None, 12.0)?;
/// assert!(first_year.column("mean")?.f64()?.get(0) < Some(12.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn restricted_mean(subjects: &dyn Source, by: Option<&str>, horizon: f64) -> Result<DataFrame> {
    if !(horizon > 0.0 && horizon.is_finite()) {
        return Err(Error::config("horizon", horizon, "above 0"));
    }
    let groups = groups(subjects, by)?;
    let results: Vec<Option<(f64, f64)>> = groups.iter().map(|group| group.area(horizon)).collect();
    let column = |pick: fn((f64, f64)) -> f64| -> Vec<Option<f64>> {
        results.iter().map(|result| result.map(pick)).collect()
    };
    labelled(
        by,
        groups.iter().map(|group| group.name.clone()).collect(),
        vec![
            Column::new(
                "subjects".into(),
                groups.iter().map(|group| group.subjects as i64).collect::<Vec<_>>(),
            ),
            Column::new("horizon".into(), vec![horizon; groups.len()]),
            Column::new("mean".into(), column(|(mean, _)| mean)),
            Column::new("se".into(), column(|(_, se)| se)),
            Column::new("low".into(), column(|(mean, se)| mean - Z95 * se)),
            Column::new("high".into(), column(|(mean, se)| mean + Z95 * se)),
        ],
    )
}

impl Group {
    /// The area under the curve up to the horizon, and its standard error.
    fn area(&self, horizon: f64) -> Option<(f64, f64)> {
        let curve = self.curve();
        let end = (self.moments.last()?, curve.last()?);
        if end.0.time < horizon && end.1.0 > 0.0 {
            return None;
        }
        // Backwards: the area from each moment to the horizon.
        let (mut area, mut variance, mut to) = (0.0, 0.0, horizon);
        for (place, moment) in self.moments.iter().enumerate().rev() {
            if moment.time >= horizon {
                continue;
            }
            area += curve[place].0 * (to - moment.time);
            to = moment.time;
            let (n, d) = (moment.at_risk as f64, moment.events as f64);
            if moment.events > 0 && moment.events < moment.at_risk {
                variance += area * area * d / (n * (n - d));
            }
        }
        Some((area + to, variance.sqrt()))
    }
}

/// Whether groups leave at the same rate: the log-rank test.
///
/// Reads as [`kaplan_meier`]; `by` gives two groups or more. Returns one row per group: `by`'s column,
/// `subjects`, `events` (i64), `expected` (f64: events if all groups had the same hazard at each time),
/// and the test's `chi_square`, `df` (i64) and `p_value` (f64), the same in each row.
///
/// # Errors
/// As [`kaplan_meier`]; fewer than two groups.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let test = survival::log_rank(&subjects, "plan")?;
/// assert!(test.column("p_value")?.f64()?.get(0) < Some(0.05));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn log_rank(subjects: &dyn Source, by: &str) -> Result<DataFrame> {
    let groups = groups(subjects, Some(by))?;
    let k = groups.len();
    if k < 2 {
        let problem = format!("holds {k} group(s); the test compares two or more");
        return Err(Error::column("subjects", by, problem));
    }
    // At each time somebody leaves: at risk and events, by group. One merge over all groups.
    let mut times: Vec<(f64, usize, Moment)> = vec![];
    for (place, group) in groups.iter().enumerate() {
        times.extend(group.moments.iter().map(|moment| (moment.time, place, *moment)));
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut at_risk: Vec<f64> = groups.iter().map(|group| group.subjects as f64).collect();
    let mut expected = vec![0.0; k];
    let mut covariance = DMatrix::<f64>::zeros(k, k);
    for same in times.chunk_by(|a, b| a.0 == b.0) {
        let n: f64 = at_risk.iter().sum();
        let d: f64 = same.iter().map(|(_, _, moment)| moment.events as f64).sum();
        if d > 0.0 {
            let factor = if n > 1.0 { d * (n - d) / (n - 1.0) } else { 0.0 };
            for i in 0..k {
                let share = at_risk[i] / n;
                expected[i] += d * share;
                for j in 0..k {
                    let same = if i == j { 1.0 } else { 0.0 };
                    covariance[(i, j)] += factor * share * (same - at_risk[j] / n);
                }
            }
        }
        for (_, place, moment) in same {
            at_risk[*place] -= (moment.events + moment.censored) as f64;
        }
    }
    // One group follows from the others.
    let gap = DVector::from_fn(k - 1, |i, _| groups[i].events() as f64 - expected[i]);
    let inverse = covariance.view((0, 0), (k - 1, k - 1)).into_owned().pseudo_inverse(1e-12);
    let chi_square = inverse.map_or(f64::NAN, |inverse| (gap.transpose() * inverse * &gap)[(0, 0)]);
    let df = (k - 1) as i64;
    let result =
        Some((chi_square, chi_square_sf(chi_square, df as f64))).filter(|r| r.0.is_finite());
    labelled(
        Some(by),
        groups.iter().map(|group| group.name.clone()).collect(),
        vec![
            Column::new(
                "subjects".into(),
                groups.iter().map(|group| group.subjects as i64).collect::<Vec<_>>(),
            ),
            Column::new(
                "events".into(),
                groups.iter().map(|group| group.events() as i64).collect::<Vec<_>>(),
            ),
            Column::new("expected".into(), expected),
            Column::new("chi_square".into(), vec![result.map(|r| r.0); k]),
            Column::new("df".into(), vec![df; k]),
            Column::new("p_value".into(), vec![result.map(|r| r.1); k]),
        ],
    )
}

/// The hazard in periods of equal length: how many leave per unit of time spent.
///
/// Reads as [`kaplan_meier`]. A period reaches from its start, excluded, to its end, included (time 0
/// belongs to the first). Returns one row per group and period up to the last duration: `by`'s column,
/// `from`, `to` (f64), `at_risk` (i64: at its start), `events`, `censored` (i64), `exposure` (f64: time
/// spent in it by all at risk), `hazard` (f64: events / exposure), `low`, `high` (f64: 95 %, exact
/// Poisson).
///
/// # Errors
/// As [`kaplan_meier`]; a width that is not above 0, or makes more than 100,000 periods.
///
/// ```
/// use casebook::prelude::*;
///
/// let subjects = warehouse::files::read("data/samples/subscriptions.csv")?
///     .lazy()
///     .select([col("months").alias("duration"), col("cancelled").alias("observed"), col("plan")]);
/// let monthly = survival::hazard(&subjects, None, 1.0)?;
/// assert_eq!(monthly.height(), 24);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn hazard(subjects: &dyn Source, by: Option<&str>, width: f64) -> Result<DataFrame> {
    if !(width > 0.0 && width.is_finite()) {
        return Err(Error::config("width", width, "above 0"));
    }
    let (mut names, mut from, mut to) = (vec![], vec![], vec![]);
    let [mut at_risk, mut events, mut censored] = [const { Vec::<i64>::new() }; 3];
    let (mut exposure, mut bounds) = (vec![], vec![]);
    for group in groups(subjects, by)? {
        let longest = group.moments.last().map_or(0.0, |moment| moment.time);
        let periods = (longest / width).ceil().max(1.0);
        if periods > 100_000.0 {
            let accepted = format!("at least {}", longest / 100_000.0);
            return Err(Error::config("width", width, accepted));
        }
        let mut left = group.subjects;
        let mut moments = group.moments.iter().peekable();
        for period in 0..periods as usize {
            let (start, end) = (period as f64 * width, (period + 1) as f64 * width);
            let (mut gone, mut lost, mut spent) = (0, 0, 0.0);
            let last = period + 1 == periods as usize;
            while let Some(moment) = moments.next_if(|moment| moment.time <= end || last) {
                gone += moment.events;
                lost += moment.censored;
                spent += (moment.time - start) * (moment.events + moment.censored) as f64;
            }
            spent += width * (left - gone - lost) as f64;
            names.push(group.name.clone());
            from.push(start);
            to.push(end);
            at_risk.push(left as i64);
            events.push(gone as i64);
            censored.push(lost as i64);
            exposure.push(spent);
            bounds.push((spent > 0.0).then(|| {
                let (low, high) = poisson(gone as u64);
                (gone as f64 / spent, low / spent, high / spent)
            }));
            left -= gone + lost;
        }
    }
    let column = |pick: fn((f64, f64, f64)) -> f64| -> Vec<Option<f64>> {
        bounds.iter().map(|bound| bound.map(pick)).collect()
    };
    let (rates, low, high) = (column(|b| b.0), column(|b| b.1), column(|b| b.2));
    labelled(
        by,
        names,
        vec![
            Column::new("from".into(), from),
            Column::new("to".into(), to),
            Column::new("at_risk".into(), at_risk),
            Column::new("events".into(), events),
            Column::new("censored".into(), censored),
            Column::new("exposure".into(), exposure),
            Column::new("hazard".into(), rates),
            Column::new("low".into(), low),
            Column::new("high".into(), high),
        ],
    )
}

/// Share of the companies acquired that are still there at each month's end, and the hazard: of those
/// at risk at its start, the share lost in it.
///
/// Meant for a single cohort that everybody entered together and nobody leaves unobserved: then the
/// survival curve is a plain share, and its interval is Wilson's (95 %).
///
/// Reads `presence` as from [`activity::presence`](super::activity::presence) and `months` as given to
/// it. Returns `company_size` (each size, and "all"), `month_no`, `at_risk`, `lost` (i64), `hazard` (f64,
/// null when nobody is at risk), `survival`, `low`, `high` (f64), by size and month.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::metrics::{activity, survival};
/// use casebook::simulate::saas;
///
/// let t = saas::generate(&saas::Config::default())?;
/// let presence = activity::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
/// let curve = survival::by_month(&presence, &t.months)?;
/// assert_eq!(curve.height(), 36); // 12 months: small, large, all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn by_month(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    require(presence, "presence", &["company_id", "company_size", "month_no", "sessions"])?;
    let keys = || [col("month_no"), col("company_size")];
    let there =
        broken_down(presence)?.group_by(keys()).agg([len().cast(DataType::Int64).alias("now")]);
    let before = there.clone().select([
        (col("month_no") + lit(1_i64)).alias("month_no"),
        col("company_size"),
        col("now").alias("at_risk"),
    ]);
    let acquired = broken_down(presence)?
        .filter(col("sessions").eq(lit(0)))
        .group_by([col("company_size")])
        .agg([len().cast(DataType::Int64).alias("acquired")]);
    let left = || JoinArgs::new(JoinType::Left);
    let real = |name: &str| col(name).cast(DataType::Float64);
    let curve = spine(presence, months, true)?
        .lazy()
        .join(there, keys(), keys(), left())
        .join(before, keys(), keys(), left())
        .join(acquired, [col("company_size")], [col("company_size")], left())
        .with_columns([col("now").fill_null(lit(0_i64)), col("at_risk").fill_null(lit(0_i64))])
        .with_column((col("at_risk") - col("now")).alias("lost"))
        .with_columns([
            when(col("at_risk").gt(lit(0)))
                .then(real("lost") / real("at_risk"))
                .otherwise(lit(NULL))
                .alias("hazard"),
            (real("now") / real("acquired")).alias("survival"),
        ])
        .sort(["company_size", "month_no"], SortMultipleOptions::default())
        .collect()?;
    let bounds: Vec<Option<(f64, f64)>> = curve
        .column("now")?
        .i64()?
        .iter()
        .zip(curve.column("acquired")?.i64()?.iter())
        .map(|(now, of)| wilson(u64::try_from(now?).ok()?, u64::try_from(of?).ok()?))
        .collect();
    let side = |name: &str, pick: fn(&(f64, f64)) -> f64| {
        let values: Vec<Option<f64>> =
            bounds.iter().map(|bound| bound.as_ref().map(pick)).collect();
        Series::new(name.into(), values)
    };
    let mut curve =
        curve.select(["company_size", "month_no", "at_risk", "lost", "hazard", "survival"])?;
    curve.with_column(side("low", |bound| bound.0).into())?;
    curve.with_column(side("high", |bound| bound.1).into())?;
    Ok(curve)
}
