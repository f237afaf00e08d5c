//! The tables, as an analyst looks at them.

use polars::prelude::*;

use super::super::Tables;
use super::super::config::Cause;
use super::super::place::{CHANNELS, DETAIL, PAUSED_FROM, REFERENCE, START, WEEKS, monday};
use crate::cases::frame::dates;
use crate::error::Result;
use crate::frame::reals;
use crate::stats::interval::wilson;

/// The first week of the panel. Who was seen in the weeks of detail before it makes up the panel.
const PANEL: u32 = 92;
/// The last week before the holidays.
const BEFORE_HOLIDAYS: u32 = 101;
/// Weeks of Christmas and of last year's school holidays.
const ODD: [std::ops::RangeInclusive<u32>; 3] = [18..=22, 50..=54, 70..=74];

/// The number of a week from its Monday, or from any of its days.
pub(super) fn week_no(date: Expr) -> Expr {
    (date.cast(DataType::Int32) - lit(START)).cast(DataType::Int64).floor_div(lit(7_i64))
}

/// Lists who was recorded in which of the last 16 weeks.
///
/// Returns one row per user and week: `user_id`, `week_no` (i64, weeks since the first of the data, which is 0), `app_version`,
/// `country`, `platform`, `channel` (text), `signup_no` (i64, below 0 before the data begin), by user and week. Accounts that the filter
/// takes for bots are left out in all weeks.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), if the tables were changed.
///
/// ```
/// use casebook::prelude::*;
///
/// let tables = diagnosis::generate(&diagnosis::Config { signups: 20.0, ..Default::default() })?;
/// let weeks = diagnosis::weekly_activity(&tables)?;
/// assert_eq!(weeks.scalar(col("week_no").min())?, 88.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn weekly_activity(tables: &Tables) -> Result<DataFrame> {
    let users = tables.users.clone().lazy().filter(col("blocked").not()).select([
        col("user_id"),
        col("country"),
        col("platform"),
        col("channel"),
        week_no(col("signup_week")).alias("signup_no"),
    ]);
    let weeks = tables.activity.clone().lazy().select([
        col("user_id"),
        week_no(col("timestamp")).alias("week_no"),
        col("app_version"),
    ]);
    let weeks =
        weeks.group_by_stable([col("user_id"), col("week_no")]).agg([col("app_version").first()]);
    let joined =
        weeks.join(users, [col("user_id")], [col("user_id")], JoinArgs::new(JoinType::Inner));
    Ok(joined.sort(["user_id", "week_no"], SortMultipleOptions::default()).collect()?)
}

/// Counts, by country and week, how many of those who were there before the release were active.
///
/// The users are those who signed up before the last 16 weeks and were recorded in the first four of them, of [`weekly_activity`]. New
/// users are in none of the weeks, so that fewer of them change nothing. Returns one row per country and week from the fifth on:
/// `country`, `week_no`, `active`, `users` (i64), `launched` (i64: the week of the release, by the changelog).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), if the tables were changed.
///
/// ```
/// use casebook::cases::diagnosis;
///
/// let tables = diagnosis::generate(&diagnosis::Config { signups: 20.0, ..Default::default() })?;
/// let weeks = diagnosis::weekly_activity(&tables)?;
/// let panel = diagnosis::release_panel(&tables, &weeks)?;
/// assert_eq!(panel.height(), 12 * 12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn release_panel(tables: &Tables, weeks: &DataFrame) -> Result<DataFrame> {
    let weeks = weeks.clone().lazy().filter(col("signup_no").lt(lit(DETAIL)));
    let base = weeks
        .clone()
        .filter(col("week_no").lt(lit(PANEL)))
        .group_by([col("user_id")])
        .agg([col("country").first()]);
    let sizes =
        base.clone().group_by([col("country")]).agg([len().cast(DataType::Int64).alias("users")]);
    let active = weeks
        .filter(col("week_no").gt_eq(lit(PANEL)))
        .join(base, [col("user_id")], [col("user_id")], JoinArgs::new(JoinType::Semi))
        .group_by([col("country"), col("week_no")])
        .agg([len().cast(DataType::Int64).alias("active")]);
    let numbers = df!("week_no" => (i64::from(PANEL)..i64::from(WEEKS)).collect::<Vec<_>>())?;
    let cells = sizes.cross_join(numbers.lazy(), None);
    let on = [col("country"), col("week_no")];
    let cells = cells
        .join(active, on.clone(), on, JoinArgs::new(JoinType::Left))
        .with_column(col("active").fill_null(lit(0_i64)));
    let launches = launches(tables)?.lazy();
    let all =
        cells.join(launches, [col("country")], [col("country")], JoinArgs::new(JoinType::Left));
    let columns = ["country", "week_no", "active", "users", "launched"].map(col);
    Ok(all
        .select(columns)
        .sort(["country", "week_no"], SortMultipleOptions::default())
        .collect()?)
}

/// When the release reached each country, by the changelog: `country`, `launched`.
pub(super) fn launches(tables: &Tables) -> Result<DataFrame> {
    let of = col("suspect").eq(lit(Cause::Release.name()));
    let rows =
        tables.changelog.clone().lazy().filter(of).with_column(week_no(col("date")).alias("no"));
    let rows = rows.collect()?;
    let (places, weeks) = (rows.column("where")?.str()?, reals(&rows, "no")?);
    let (mut countries, mut launched) = (vec![], vec![]);
    for (place, week) in places.iter().flatten().zip(weeks) {
        for country in place.split(", ") {
            countries.push(country.to_owned());
            launched.push(week as i64);
        }
    }
    Ok(df!("country" => countries, "launched" => launched)?)
}

/// Counts how many of those who signed up before the paid channel was paused came back, by channel and weeks since.
///
/// Weeks of school holidays are left out. Returns one row per channel and age: `channel`, `age` (i64, from 0), `signups`, `active` (i64),
/// `share`, `low`, `high` (f64: active / signups, 95% Wilson), by channel and age.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), if the tables were changed.
///
/// ```
/// use casebook::cases::diagnosis;
///
/// let tables = diagnosis::generate(&diagnosis::Config { signups: 20.0, ..Default::default() })?;
/// let kept = diagnosis::new_users_kept(&tables, &diagnosis::weekly_activity(&tables)?)?;
/// assert_eq!(kept.height(), 3 * 12);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn new_users_kept(tables: &Tables, weeks: &DataFrame) -> Result<DataFrame> {
    let signups = signups(tables)?;
    let age = col("week_no") - col("signup_no");
    let counted = weeks.clone().lazy().filter(col("signup_no").gt_eq(lit(DETAIL)));
    let counted = counted
        .with_column(age.alias("age"))
        .group_by([col("channel"), col("signup_no"), col("age")])
        .agg([len().cast(DataType::Int64).alias("active")])
        .collect()?;
    let channels = counted.column("channel")?.str()?.clone();
    let [cohorts, ages, active] = ["signup_no", "age", "active"].map(|name| reals(&counted, name));
    let (cohorts, ages, active) = (cohorts?, ages?, active?);
    let mut rows: [Vec<_>; 7] = Default::default();
    let mut texts = vec![];
    for (place, channel) in CHANNELS.into_iter().enumerate() {
        for age in 0..12 {
            let last = (PAUSED_FROM - 1).min(BEFORE_HOLIDAYS - age);
            let cohort = |week: f64| (f64::from(DETAIL)..=f64::from(last)).contains(&week);
            let trials: f64 = (DETAIL..=last).map(|week| signups[place][week as usize]).sum();
            let own = channels.iter().zip(cohorts.iter().zip(ages.iter().zip(&active)));
            let hits: f64 = own
                .filter(|(of, (week, (at, _)))| {
                    *of == Some(channel) && cohort(**week) && **at == f64::from(age)
                })
                .map(|(_, (_, (_, active)))| active)
                .sum();
            let (low, high) = wilson(hits as u64, trials as u64).unwrap_or((0.0, 1.0));
            texts.push(channel);
            for (to, number) in
                rows.iter_mut().zip([f64::from(age), trials, hits, hits / trials, low, high])
            {
                to.push(number);
            }
        }
    }
    let whole = |row: &[f64]| row.iter().map(|number| *number as i64).collect::<Vec<_>>();
    let share: Vec<Option<f64>> =
        rows[3].iter().map(|one| one.is_finite().then_some(*one)).collect();
    Ok(df!(
        "channel" => texts, "age" => whole(&rows[0]), "signups" => whole(&rows[1]), "active" => whole(&rows[2]),
        "share" => share, "low" => &rows[4], "high" => &rows[5],
    )?)
}

/// Sign-ups by channel and week.
pub(super) fn signups(tables: &Tables) -> Result<[Vec<f64>; 3]> {
    let counted = tables
        .users
        .clone()
        .lazy()
        .filter(col("blocked").not())
        .with_column(week_no(col("signup_week")).alias("no"))
        .filter(col("no").gt_eq(lit(0)))
        .group_by([col("channel"), col("no")])
        .agg([len().cast(DataType::Float64).alias("many")])
        .collect()?;
    let mut all: [Vec<f64>; 3] = std::array::from_fn(|_| vec![0.0; WEEKS as usize]);
    let (weeks, many) = (reals(&counted, "no")?, reals(&counted, "many")?);
    for ((channel, week), many) in counted.column("channel")?.str()?.iter().zip(weeks).zip(many) {
        if let Some(place) = CHANNELS.iter().position(|name| Some(*name) == channel) {
            all[place][week as usize] = many;
        }
    }
    Ok(all)
}

/// Compares each week's count with that of four weeks two months earlier, as the last week is compared with the reference.
///
/// Returns one row per week from the eleventh on: `week` (Date), `week_no` (i64, from 0), `active` (i64), `change` (f64: the count over the
/// mean of the weeks 10 to 7 before it, less 1), `quiet` (bool: neither Christmas nor school holidays nor any of the changelog's weeks are
/// among these).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), if the tables were changed.
///
/// ```
/// use casebook::cases::diagnosis;
///
/// let tables = diagnosis::generate(&diagnosis::Config { signups: 20.0, ..Default::default() })?;
/// let moves = diagnosis::moves(&tables)?;
/// assert_eq!(moves.height(), 94);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn moves(tables: &Tables) -> Result<DataFrame> {
    let sums =
        tables.weekly.clone().lazy().group_by([col("week")]).agg([col("active_users").sum()]);
    let sums = sums.sort(["week"], SortMultipleOptions::default()).collect()?;
    let totals = reals(&sums, "active_users")?;
    let back = WEEKS - 1 - REFERENCE.start;
    let odd = |week: u32| week >= REFERENCE.end || ODD.iter().any(|weeks| weeks.contains(&week));
    let before = |week: u32| week - back..week - back + REFERENCE.len() as u32;
    let weeks: Vec<u32> = (back..totals.len() as u32).collect();
    let change = |week: &u32| {
        let mean =
            before(*week).map(|at| totals[at as usize]).sum::<f64>() / REFERENCE.len() as f64;
        totals[*week as usize] / mean - 1.0
    };
    let quiet = |week: &u32| !odd(*week) && !before(*week).any(odd);
    Ok(df!(
        "week" => dates("week", weeks.iter().map(|week| monday(*week as i32)))?,
        "week_no" => weeks.iter().map(|week| i64::from(*week)).collect::<Vec<_>>(),
        "active" => weeks.iter().map(|week| totals[*week as usize] as i64).collect::<Vec<_>>(),
        "change" => weeks.iter().map(change).collect::<Vec<_>>(),
        "quiet" => weeks.iter().map(quiet).collect::<Vec<_>>(),
    )?)
}
