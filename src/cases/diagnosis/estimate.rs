//! What an analyst finds out about the fall, from the tables alone.

use polars::prelude::*;

use super::Tables;
use super::config::Cause;
use super::place::{CHANNELS, CONTESTED_FROM, DETAIL, NEW, PAUSED_FROM, REFERENCE, START, WEEKS};
use crate::error::{Error, Result};
use crate::frame::{Verbs, reals};
use crate::metrics::panel::Panel;
use crate::stats::interval::{Z95, wilson};

/// The first week of the panel. Who was seen in the weeks of detail before it makes up the panel.
const PANEL: u32 = 92;
/// The last week before the holidays.
const BEFORE_HOLIDAYS: u32 = 101;
const LAST: u32 = WEEKS - 1;

/// A number with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Measured {
    pub value: f64,
    pub se: f64,
}

/// What was found: see [`diagnose`].
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// Weekly active users, on average over the four weeks of reference.
    pub reference: f64,
    /// Weekly active users in the last week.
    pub last: f64,
    /// One row per cause, in the order of [`Cause::ALL`], and one for "growth": `cause` (text), `users`, `se`, `low`, `high` (f64: what the count
    /// of the last week lacks because of it, below 0, with a 95% interval), `of_change` (f64: users over the change of the count).
    pub contributions: DataFrame,
    /// Share of active users on the new version who are not recorded.
    pub(super) loss: Measured,
    /// Users on the new version who were recorded in the last week.
    pub(super) on_new: f64,
    /// What the release does to returning users' activity, relative to what it was.
    pub(super) release: Measured,
    /// Recorded users who are not new, in the last week: where the release is live, and where it is planned.
    pub(super) released: f64,
    pub(super) planned: f64,
    /// Paid sign-ups missing in a week.
    pub(super) missing: Measured,
    /// Share of paid new users active so many weeks after their first.
    pub(super) kept: Vec<f64>,
    /// Users recorded in the last eight weeks.
    pub(super) seen: f64,
}

impl Diagnosis {
    /// Returns the cause with the largest estimated loss.
    ///
    /// # Errors
    /// Polars' own; none are known.
    pub fn largest(&self) -> Result<Cause> {
        let users = reals(&self.contributions, "users")?;
        let causes = Cause::ALL.into_iter().zip(users);
        let found = causes.min_by(|one, other| one.1.total_cmp(&other.1));
        Ok(found.map_or(Cause::Tracking, |it| it.0))
    }
}

/// The number of a week from its Monday, or from any of its days.
fn week_no(date: Expr) -> Expr {
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
/// use casebook::cases::diagnosis;
///
/// let tables = diagnosis::generate(&diagnosis::Config { signups: 20.0, ..Default::default() })?;
/// let weeks = diagnosis::weekly_activity(&tables)?;
/// assert_eq!(weeks.column("week_no")?.i64()?.min(), Some(88));
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
fn launches(tables: &Tables) -> Result<DataFrame> {
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
fn signups(tables: &Tables) -> Result<[Vec<f64>; 3]> {
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

/// Weekly active users.
fn totals(tables: &Tables) -> Result<Vec<f64>> {
    let sums = tables.weekly.clone().lazy().group_by([col("week")]).agg([col("active").sum()]);
    reals(&sums.sort(["week"], SortMultipleOptions::default()).collect()?, "active")
}

/// The logarithm of a week's count over that of the four weeks as long before as the reference is before the last.
fn moved(totals: &[f64], week: usize) -> f64 {
    let back = (LAST - REFERENCE.start) as usize;
    let before = &totals[week - back..week - back + REFERENCE.len()];
    (totals[week] / (before.iter().sum::<f64>() / before.len() as f64)).ln()
}

/// How much the count moves over the same time in quiet weeks: its mean, and its standard deviation.
fn quiet(totals: &[f64]) -> (f64, f64) {
    let odd = |week: usize| matches!(week, 18..=22 | 50..=54 | 70..=74);
    let weeks = 10..=REFERENCE.end as usize - 1;
    let found: Vec<f64> = weeks
        .filter(|week| !odd(*week) && !(*week - 10..=*week - 7).any(odd))
        .map(|week| moved(totals, week))
        .collect();
    let n = found.len() as f64;
    let mean = found.iter().sum::<f64>() / n;
    let variance = found.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, variance.sqrt())
}

/// Splits the fall of the last week over what may have caused it, from the tables alone.
///
/// Bots are counted by the filter's own log. Tracking loss is the share of recorded accounts among those that called the servers, of the new
/// Android version and before, against iOS. Holidays are what the same weeks did a year before, less growth. Missing new users are paid
/// sign-ups below those before the pause, times the share of such users who are still active. The release is a
/// difference-in-differences over countries by the [panel](release_panel), without Germany, and the competitor one of Germany against
/// the countries that got the release at the same time. Each is what the count lacks because of it, given all others.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), if the tables were changed; those of [`Panel`], with too few users.
///
/// ```
/// use casebook::cases::diagnosis;
///
/// let tables = diagnosis::generate(&diagnosis::Config::default())?;
/// let found = diagnosis::diagnose(&tables)?;
/// assert_eq!(found.contributions.height(), 7);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn diagnose(tables: &Tables) -> Result<Diagnosis> {
    let totals = totals(tables)?;
    let last = *totals.last().ok_or_else(|| Error::config("weekly", 0, "104 weeks"))?;
    let reference =
        REFERENCE.map(|week| totals[week as usize]).sum::<f64>() / REFERENCE.len() as f64;
    let weeks = weekly_activity(tables)?;
    let here = weeks.clone().lazy().filter(col("week_no").eq(lit(LAST)));
    let here = here.collect()?;
    let count = |keep: Expr| -> Result<f64> {
        Ok(here.clone().lazy().filter(keep).collect()?.height() as f64)
    };

    let loss = tracking(&tables.servers)?;
    let on_new = count(col("app_version").eq(lit(NEW)))?;
    let hidden = scaled(loss, |share| -on_new * share / (1.0 - share));

    let (growth, sd) = quiet(&totals);
    let year_ago = moved(&totals, LAST as usize - 52);
    let dip = Measured { value: year_ago - growth, se: sd };
    let holidays = scaled(dip, |log| last * (1.0 - (-log).exp()));

    let kept = new_users_kept(tables, &weeks)?;
    let kept = kept.lazy().filter(col("channel").eq(lit("paid"))).collect()?;
    let kept =
        reals(&kept.lazy().with_column(col("share").fill_null(lit(0.0))).collect()?, "share")?;
    let (paused, missing) = missing(&signups(tables)?[1], &kept);

    let panel = release_panel(tables, &weeks)?;
    let others = panel.keep(col("country").neq(lit("DE")))?;
    let release = relative(&others)?;
    let there = col("launched").lt_eq(lit(LAST));
    let countries = launches(tables)?.lazy().filter(there).collect()?;
    let live: Vec<String> =
        countries.column("country")?.str()?.iter().flatten().map(str::to_owned).collect();
    let live =
        live.iter().fold(lit(false), |any, code| any.or(col("country").eq(lit(code.as_str()))));
    let back = || col("signup_no").lt(lit(LAST));
    let released = count(back().and(live.clone()))?;
    let planned = count(back().and(live.not()))?;
    let harmed = scaled(release, |effect| released * effect / (1.0 + effect));

    let same = others_of_the_wave(&panel)?;
    let competitor = relative(&same)?;
    let contested = count(back().and(col("country").eq(lit("DE"))))?;
    let taken = scaled(competitor, |effect| contested * effect / (1.0 + effect));

    let bots = blocked(&tables.servers)?;
    let grown =
        Measured { value: reference * (growth.exp() - 1.0), se: reference * sd / 20.0_f64.sqrt() };
    let found = [hidden, holidays, paused, harmed, taken, bots, grown];
    let names = Cause::ALL.into_iter().map(Cause::name).chain(["growth"]);
    let each = |of: &dyn Fn(&Measured) -> f64| found.iter().map(of).collect::<Vec<f64>>();
    let contributions = df!(
        "cause" => names.collect::<Vec<_>>(),
        "users" => each(&|it| it.value),
        "se" => each(&|it| it.se),
        "low" => each(&|it| it.value - Z95 * it.se),
        "high" => each(&|it| it.value + Z95 * it.se),
        "of_change" => each(&|it| it.value / (last - reference)),
    )?;
    let recently = weeks.lazy().filter(col("week_no").gt_eq(lit(LAST - 7)));
    let seen = recently.select([col("user_id").unique()]).collect()?.height() as f64;
    Ok(Diagnosis {
        reference,
        last,
        contributions,
        loss,
        on_new,
        release,
        released,
        planned,
        missing,
        kept,
        seen,
    })
}

/// A function of a measured number, with its error by the delta method.
pub(super) fn scaled(of: Measured, function: impl Fn(f64) -> f64) -> Measured {
    const STEP: f64 = 1e-4;
    let slope = (function(of.value + STEP) - function(of.value - STEP)) / (2.0 * STEP);
    Measured { value: function(of.value), se: slope.abs() * of.se }
}

/// The share of active users of the new version who are not recorded.
fn tracking(servers: &DataFrame) -> Result<Measured> {
    let no = week_no(col("week"));
    let sum = |keep: Expr| -> Result<(f64, f64)> {
        let rows = servers.clone().lazy().filter(keep).collect()?;
        Ok((rows.total("recorded")?, rows.total("accounts")?))
    };
    let at_last = || no.clone().eq(lit(LAST));
    let before = || no.clone().gt_eq(lit(REFERENCE.start)).and(no.clone().lt(lit(REFERENCE.end)));
    let on = |platform: &str| col("platform").eq(lit(platform));
    let now = sum(at_last().and(col("app_version").eq(lit(NEW))))?;
    let then = sum(before().and(on("android")))?;
    let ios = [sum(at_last().and(on("ios")))?, sum(before().and(on("ios")))?];
    let log = |(part, of): (f64, f64)| (part / of).ln();
    let error = |(part, of): (f64, f64)| (1.0 - part / of) / part;
    let change = log(now) - log(then) - log(ios[0]) + log(ios[1]);
    let se = (error(now) + error(then) + error(ios[0]) + error(ios[1])).sqrt();
    Ok(Measured { value: 1.0 - change.exp(), se: se * change.exp() })
}

/// What the filter keeps out of the last week's count. It's counted, so there is no error.
fn blocked(servers: &DataFrame) -> Result<Measured> {
    let rows = servers.clone().lazy().filter(week_no(col("week")).eq(lit(LAST))).collect()?;
    Ok(Measured { value: -rows.total("blocked")?, se: 0.0 })
}

/// What the count lacks because paid sign-ups are missing; and how many are in a week.
fn missing(signups: &[f64], kept: &[f64]) -> (Measured, Measured) {
    let usual = &signups[DETAIL as usize..PAUSED_FROM as usize];
    let mean = usual.iter().sum::<f64>() / usual.len() as f64;
    let since: Vec<f64> = signups[PAUSED_FROM as usize..].to_vec();
    let shares: Vec<f64> = (0..since.len()).map(|at| kept[since.len() - 1 - at]).collect();
    let lost: f64 = since.iter().zip(&shares).map(|(many, share)| (many - mean) * share).sum();
    let own: f64 = since.iter().zip(&shares).map(|(many, share)| many * share * share).sum();
    let all: f64 = shares.iter().sum();
    let se = (own + all * all * mean / usual.len() as f64).sqrt();
    let n = since.len() as f64;
    let less = mean - since.iter().sum::<f64>() / n;
    let error = (since.iter().sum::<f64>() / (n * n) + mean / usual.len() as f64).sqrt();
    (Measured { value: lost, se }, Measured { value: less, se: error })
}

/// A launch's effect on shares, relative to what they would have been.
fn relative(panel: &DataFrame) -> Result<Measured> {
    let found = Panel::new(panel, "country", "week_no", "launched")
        .rates("active", "users")
        .difference_in_differences()?;
    let effect = found.value("effect", "method", "imputation")?;
    let se = found.value("se", "method", "imputation")?;
    let live =
        panel.keep(col("launched").is_not_null().and(col("week_no").gt_eq(col("launched"))))?;
    let usual = live.total("active")? / live.total("users")? - effect;
    Ok(Measured { value: effect / usual, se: se / usual })
}

/// Germany, and those who got the release when it did.
fn others_of_the_wave(panel: &DataFrame) -> Result<DataFrame> {
    let german = panel.keep(col("country").eq(lit("DE")))?;
    let wave = german.scalar(col("launched").max())?;
    let own = when(col("country").eq(lit("DE")))
        .then(lit(i64::from(CONTESTED_FROM)))
        .otherwise(lit(NULL));
    panel
        .keep(col("launched").eq(lit(wave as i64)))?
        .add_columns(own.cast(DataType::Int64).alias("launched"))
}
