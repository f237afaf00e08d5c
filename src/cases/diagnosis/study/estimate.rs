//! What an analyst finds out about the fall, from the tables alone.

use polars::prelude::*;

use super::super::Tables;
use super::super::config::Cause;
use super::super::place::{
    CONTESTED_FROM, DETAIL, NEW, PAUSED_FROM, REFERENCE, VERSION_FROM, WEEKS,
};
use super::views::{
    launches, moves, new_users_kept, release_panel, signups, week_no, weekly_activity,
};
use crate::error::Result;
use crate::frame::{Verbs, reals};
use crate::metrics::panel::Panel;
use crate::stats::distribution::normal_two_sided;
use crate::stats::interval::Z95;

const LAST: u32 = WEEKS - 1;
/// Weeks that school holidays last.
const HOLIDAYS: u32 = 4;

/// A number with its standard error.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::cases::diagnosis) struct Measured {
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
    /// of the last week lacks because of it, below 0, with a 95% interval), `of_change` (f64: users over the change of the count),
    /// `p_value` (f64: normal, two-sided, that it is 0; null for what was counted).
    pub contributions: DataFrame,
    /// Share of active users on the new version who are not recorded.
    pub(in crate::cases::diagnosis) loss: Measured,
    /// Users on the new version who were recorded in the last week.
    pub(in crate::cases::diagnosis) on_new: f64,
    /// What the release does to returning users' activity, relative to what it was.
    pub(in crate::cases::diagnosis) release: Measured,
    /// Recorded users who are not new, in the last week: where the release is live, and where it is planned.
    pub(in crate::cases::diagnosis) released: f64,
    pub(in crate::cases::diagnosis) planned: f64,
    /// Paid sign-ups missing in a week.
    pub(in crate::cases::diagnosis) missing: Measured,
    /// Share of paid new users active so many weeks after their first.
    pub(in crate::cases::diagnosis) kept: Vec<f64>,
    /// Users recorded in the last eight weeks.
    pub(in crate::cases::diagnosis) seen: f64,
    /// Of those recorded in eight weeks, but not in the last of them, the share that came back in the next eight.
    pub(in crate::cases::diagnosis) returning: f64,
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

/// Splits the fall of the last week over what may have caused it, from the tables alone.
///
/// Bots are counted by the filter's own log. Tracking loss is the share of recorded accounts among those that called the servers, of the new
/// Android version and before, against iOS. Holidays are what last year's did, less growth. Missing new users are paid
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
    let moves = moves(tables)?;
    let last = moves.value("active", "week_no", LAST)?;
    let reference = last / (1.0 + moves.value("change", "week_no", LAST)?);
    let weeks = weekly_activity(tables)?;
    let here = weeks.clone().lazy().filter(col("week_no").eq(lit(LAST)));
    let here = here.collect()?;
    let count = |keep: Expr| -> Result<f64> {
        Ok(here.clone().lazy().filter(keep).collect()?.height() as f64)
    };

    let loss = tracking(&tables.servers)?;
    let on_new = count(col("app_version").eq(lit(NEW)))?;
    let hidden = scaled(loss, |share| -on_new * share / (1.0 - share));

    let (growth, sd) = in_quiet_weeks(&moves)?;
    // Last year's holidays are over: all four weeks of them say how deep they are.
    let year_ago = mean_change(&moves, LAST - 53)?;
    let dip = Measured { value: (1.0 + year_ago) / (1.0 + growth) - 1.0, se: sd };
    let holidays = scaled(dip, |share| last * share / (1.0 + share));

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
    let grown = Measured { value: reference * growth, se: reference * sd / 20.0_f64.sqrt() };
    let found = [hidden, holidays, paused, harmed, taken, bots, grown];
    let p_values = found.iter().map(|it| (it.se > 0.0).then(|| normal_two_sided(it.value / it.se)));
    let names = Cause::ALL.into_iter().map(Cause::name).chain(["growth"]);
    let each = |of: &dyn Fn(&Measured) -> f64| found.iter().map(of).collect::<Vec<f64>>();
    let contributions = df!(
        "cause" => names.collect::<Vec<_>>(),
        "users" => each(&|it| it.value),
        "se" => each(&|it| it.se),
        "low" => each(&|it| it.value - Z95 * it.se),
        "high" => each(&|it| it.value + Z95 * it.se),
        "of_change" => each(&|it| it.value / (last - reference)),
        "p_value" => p_values.collect::<Vec<_>>(),
    )?;
    let during = |from: u32, to: u32| -> Result<LazyFrame> {
        let no = || col("week_no");
        let own = weeks.keep(no().gt_eq(lit(from)).and(no().lt_eq(lit(to))))?;
        Ok(own.lazy().select([col("user_id").unique()]))
    };
    let on = || [col("user_id")];
    let seen = during(LAST - 7, LAST)?.collect()?.height() as f64;
    let earlier = during(DETAIL, LAST - 8)?;
    let absent =
        earlier.join(during(LAST - 8, LAST - 8)?, on(), on(), JoinArgs::new(JoinType::Anti));
    let came =
        absent.clone().join(during(LAST - 7, LAST)?, on(), on(), JoinArgs::new(JoinType::Semi));
    let returning = came.collect()?.height() as f64 / (absent.collect()?.height() as f64).max(1.0);
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
        returning,
    })
}

/// A function of a measured number, with its error by the delta method.
pub(in crate::cases::diagnosis) fn scaled(of: Measured, function: impl Fn(f64) -> f64) -> Measured {
    const STEP: f64 = 1e-4;
    let slope = (function(of.value + STEP) - function(of.value - STEP)) / (2.0 * STEP);
    Measured { value: function(of.value), se: slope.abs() * of.se }
}

/// The mean change of four weeks in a row.
fn mean_change(moves: &DataFrame, from: u32) -> Result<f64> {
    let weeks: Result<Vec<f64>> =
        (from..from + HOLIDAYS).map(|week| moves.value("change", "week_no", week)).collect();
    Ok(weeks?.iter().sum::<f64>() / f64::from(HOLIDAYS))
}

/// What four weeks in a row change by if they are quiet: the mean, and the standard deviation.
fn in_quiet_weeks(moves: &DataFrame) -> Result<(f64, f64)> {
    let quiet = moves.keep(col("quiet"))?;
    let weeks = reals(&quiet, "week_no")?;
    let mut found = vec![];
    for four in weeks.windows(HOLIDAYS as usize) {
        if four[four.len() - 1] - four[0] < f64::from(HOLIDAYS) {
            found.push(mean_change(&quiet, four[0] as u32)?);
        }
    }
    let mean = quiet.scalar(col("change").mean())?;
    let squares: f64 = found.iter().map(|one| (one - mean).powi(2)).sum();
    Ok((mean, (squares / (found.len() as f64 - 1.0)).sqrt()))
}

/// The share of active users of the new version who are not recorded.
fn tracking(servers: &DataFrame) -> Result<Measured> {
    let no = week_no(col("week"));
    let sum = |keep: Expr| -> Result<(f64, f64)> {
        let rows = servers.clone().lazy().filter(keep).collect()?;
        Ok((rows.total("recorded")?, rows.total("accounts")?))
    };
    let since = || no.clone().gt_eq(lit(VERSION_FROM));
    let before = || no.clone().gt_eq(lit(REFERENCE.start)).and(no.clone().lt(lit(REFERENCE.end)));
    let on = |platform: &str| col("platform").eq(lit(platform));
    let now = sum(since().and(col("app_version").eq(lit(NEW))))?;
    let then = sum(before().and(on("android")))?;
    let ios = [sum(since().and(on("ios")))?, sum(before().and(on("ios")))?];
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
