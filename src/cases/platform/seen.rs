//! What the tables show of each experiment.

use polars::prelude::*;

use super::config::{Looks, Team};
use super::metric::Metric;
use super::reading::Reading;
use super::run::Sums;
use super::tables::Tables;
use crate::error::{Error, Result};
use crate::frame::{reals, texts};
use crate::metrics::experiment::MISMATCH_ALPHA;

/// An experiment as its tables show it.
pub(super) struct Seen {
    pub id: i64,
    pub team: Team,
    pub metric: Metric,
    /// Days planned.
    pub planned: u32,
    pub shipped: bool,
    /// After each day until it stopped.
    pub readings: Vec<Reading>,
    /// Look by look, the day and the z of the other metrics.
    pub others: Vec<(u32, Vec<f64>)>,
}

impl Seen {
    /// Reads all experiments.
    pub fn all(tables: &Tables) -> Result<Vec<Seen>> {
        let teams = teams(&tables.teams)?;
        let it = &tables.experiments;
        let (names, metrics) = (words(it, "team")?, words(it, "metric")?);
        let decisions = words(it, "decision")?;
        let days = |column: &str| -> Result<Vec<i32>> {
            let days = it.column(column)?.cast(&DataType::Int32)?;
            Ok(days.i32()?.iter().flatten().collect())
        };
        let (from, to) = (days("started_on")?, days("planned_end_on")?);
        let mut all = vec![];
        for (row, id) in reals(it, "experiment_id")?.into_iter().enumerate() {
            let team = teams.iter().find(|team| team.name == names[row]);
            let team = team.ok_or_else(|| {
                Error::column(
                    "experiments",
                    "team",
                    format!("holds \"{}\", which is not in teams", names[row]),
                )
            })?;
            let metric = [Metric::Revenue, Metric::Clicks];
            let metric = metric.into_iter().find(|metric| metric.name() == metrics[row]);
            all.push(Seen {
                id: id as i64,
                team: team.clone(),
                metric: metric.unwrap_or(Metric::Conversion),
                planned: (to[row] - from[row] + 1).max(1) as u32,
                shipped: decisions[row] == "shipped",
                readings: vec![],
                others: vec![],
            });
        }
        read_days(tables, &mut all)?;
        read_looks(tables, &mut all)?;
        if let Some(seen) = all.iter().find(|seen| seen.readings.is_empty()) {
            let problem = format!("has no row of experiment {}", seen.id);
            return Err(Error::column("daily", "experiment_id", problem));
        }
        Ok(all)
    }

    /// Returns what it shows when it stopped.
    pub fn last(&self) -> Reading {
        self.readings.last().copied().unwrap_or_default()
    }

    /// Returns the days until it stopped.
    pub fn days(&self) -> u32 {
        self.readings.len() as u32
    }

    /// Tells whether the arms have the sizes they should.
    pub fn mismatch(&self) -> bool {
        self.last().ratio_p < MISMATCH_ALPHA
    }
}

fn words(frame: &DataFrame, column: &str) -> Result<Vec<String>> {
    Ok(texts(frame.column(column)?)?.into_iter().map(Option::unwrap_or_default).collect())
}

fn teams(teams: &DataFrame) -> Result<Vec<Team>> {
    let (names, looks) = (words(teams, "team")?, words(teams, "looks")?);
    let metrics = reals(teams, "metrics")?;
    let team = |((name, looks), metrics): ((String, String), f64)| {
        let known = [Looks::Once, Looks::Five, Looks::Daily];
        let found = known.into_iter().find(|one| one.name() == looks);
        Team { name, looks: found.unwrap_or(Looks::Once), metrics: metrics as u32 }
    };
    Ok(names.into_iter().zip(looks).zip(metrics).map(team).collect())
}

fn place(all: &[Seen], id: f64) -> Option<usize> {
    all.binary_search_by_key(&(id as i64), |seen| seen.id).ok()
}

fn read_days(tables: &Tables, all: &mut [Seen]) -> Result<()> {
    let daily = tables.daily.sort(["experiment_id", "day"], SortMultipleOptions::default())?;
    let column = |name: &str| reals(&daily, name);
    let (ids, days, arms) = (column("experiment_id")?, column("day")?, words(&daily, "arm")?);
    let names = [
        "users",
        "bought_before",
        "returned",
        "numerator",
        "numerator_squares",
        "denominator",
        "denominator_squares",
        "products",
    ];
    let numbers = names.into_iter().map(column).collect::<Result<Vec<Vec<f64>>>>()?;
    let mut arms_so_far = [Sums::default(); 2];
    for row in 0..ids.len() {
        if row == 0 || ids[row - 1] != ids[row] {
            arms_so_far = [Sums::default(); 2];
        }
        let of = |place: usize| numbers[place][row];
        arms_so_far[usize::from(arms[row] != "control")].add(&Sums {
            users: of(0),
            before: of(1),
            returned: of(2),
            numerator: of(3),
            numerator_squares: of(4),
            denominator: of(5),
            denominator_squares: of(6),
            products: of(7),
        });
        let next = row + 1;
        let ends = next == ids.len() || ids[next] != ids[row] || days[next] != days[row];
        if ends && let Some(place) = place(all, ids[row]) {
            let ratio = all[place].metric == Metric::Clicks;
            all[place].readings.push(Reading::new(&arms_so_far[0], &arms_so_far[1], ratio));
        }
    }
    Ok(())
}

fn read_looks(tables: &Tables, all: &mut [Seen]) -> Result<()> {
    let keys = ["experiment_id", "day", "metric_no"];
    let looks = tables.looks.sort(keys, SortMultipleOptions::default())?;
    let (ids, days) = (reals(&looks, "experiment_id")?, reals(&looks, "day")?);
    let (metrics, zs) = (reals(&looks, "metric_no")?, reals(&looks, "z")?);
    for row in 0..ids.len() {
        let Some(place) = place(all, ids[row]) else { continue };
        let seen = &mut all[place].others;
        let day = days[row] as u32;
        if seen.last().is_none_or(|last| last.0 != day) {
            seen.push((day, vec![]));
        }
        if metrics[row] > 1.0
            && let Some(last) = seen.last_mut()
        {
            last.1.push(zs[row]);
        }
    }
    Ok(())
}

/// Tests each experiment again, properly: with users as the unit, at the day it stopped.
///
/// Returns one row per experiment, by id: `experiment_id` (i64), `metric`, `team` (text), `shipped` (bool), `lift`, `error`, `z`,
/// `p_value` (f64: of the primary metric, relative to control), `naive_error`, `naive_p_value` (f64: as if sessions were independent;
/// the same as the others unless the metric is a ratio), `returning`, `returning_error`, `returning_p_value` (f64: users who return),
/// `total_lift`, `total_error` (f64: of the arms' totals, as if those who are missing had been assigned and done nothing),
/// `sample_ratio_p` (f64), `mismatch` (bool: p < 0.001).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn) or [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn), if the tables
/// were changed.
///
/// # Source
/// A. Deng, U. Knoblich and J. Lu (2018), KDD: the delta method, from sums of squares and products.
///
/// ```
/// use casebook::cases::platform;
///
/// let config = platform::Config { experiments: 20, ..Default::default() };
/// let found = platform::results(&platform::generate(&config)?)?;
/// assert_eq!(found.height(), 20);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn results(tables: &Tables) -> Result<DataFrame> {
    use crate::stats::distribution::normal_two_sided;

    let all = Seen::all(tables)?;
    let real = |name: &str, pick: &dyn Fn(&Reading) -> f64| {
        let values = all.iter().map(|seen| pick(&seen.last())).collect::<Vec<f64>>();
        Column::new(name.into(), values)
    };
    let mut frame = df!(
        "experiment_id" => all.iter().map(|seen| seen.id).collect::<Vec<_>>(),
        "metric" => all.iter().map(|seen| seen.metric.name()).collect::<Vec<_>>(),
        "team" => all.iter().map(|seen| seen.team.name.as_str()).collect::<Vec<_>>(),
        "shipped" => all.iter().map(|seen| seen.shipped).collect::<Vec<_>>(),
    )?;
    frame.hstack_mut(&[
        real("lift", &|it| it.lift),
        real("error", &|it| it.error),
        real("z", &|it| it.z),
        real("p_value", &|it| normal_two_sided(it.z)),
        real("naive_error", &|it| it.error * it.naive_ratio()),
        real("naive_p_value", &|it| normal_two_sided(it.naive_z)),
        real("returning", &|it| it.returning),
        real("returning_error", &|it| it.returning_error),
        real("returning_p_value", &|it| normal_two_sided(it.returning_z)),
        real("total_lift", &|it| it.total),
        real("total_error", &|it| it.total_error),
        real("sample_ratio_p", &|it| it.ratio_p),
    ])?;
    let mismatch = all.iter().map(Seen::mismatch).collect::<Vec<bool>>();
    frame.with_column(Column::new("mismatch".into(), mismatch))?;
    Ok(frame)
}

/// Turns an experiment's daily counts back into one row per user.
///
/// Reads `daily` as in [`Tables::daily`], of an experiment whose metric is conversion. Returns `day` (i64), `arm`, `segment` (text),
/// `bought` (i64, 0 or 1), in the order of the days' rows; no rows for an experiment that isn't there.
///
/// # Errors
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an experiment with another metric.
///
/// ```
/// use casebook::prelude::*;
///
/// let daily = df!(
///     "experiment_id" => [7_i64], "day" => [1_i64], "arm" => ["control"], "segment" => ["new"],
///     "users" => [5_i64], "numerator" => [2.0], "numerator_squares" => [2.0], "denominator" => [5.0],
/// )?;
/// assert_eq!(platform::one_row_each(&daily, 7)?.total("bought")?, 2.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn one_row_each(daily: &DataFrame, experiment_id: i64) -> Result<DataFrame> {
    let ours = col("experiment_id").eq(lit(experiment_id));
    let rows = daily.clone().lazy().filter(ours).collect()?;
    let (day, users) = (reals(&rows, "day")?, reals(&rows, "users")?);
    let (arm, segment) = (words(&rows, "arm")?, words(&rows, "segment")?);
    let (hits, squares) = (reals(&rows, "numerator")?, reals(&rows, "numerator_squares")?);
    if hits != squares || reals(&rows, "denominator")? != users {
        let problem = format!("isn't a count of users in experiment {experiment_id}");
        return Err(Error::column("daily", "numerator", problem));
    }
    let (mut days, mut arms, mut segments, mut bought) = (vec![], vec![], vec![], vec![]);
    for row in 0..rows.height() {
        for user in 0..users[row] as i64 {
            days.push(day[row] as i64);
            arms.push(arm[row].as_str());
            segments.push(segment[row].as_str());
            bought.push(i64::from(user < hits[row] as i64));
        }
    }
    Ok(df!("day" => days, "arm" => arms, "segment" => segments, "bought" => bought)?)
}
