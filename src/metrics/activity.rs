//! Who was there, and how much they did.
//!
//! Active is who has at least one event. Which events count is the caller's to say: leave out sign-ups
//! and what a system did. Days are calendar days in the time zone of the `timestamp` column (UTC if it
//! has none).
//!
//! ```
//! use casebook::metrics::activity::{self, Span};
//! use casebook::polars::prelude::*;
//!
//! let days: Vec<i64> = [0, 0, 1, 9].iter().map(|day| day * 86_400_000).collect();
//! let events = df!("user_id" => ["ann", "bob", "ann", "ann"], "timestamp" => days)?
//!     .lazy()
//!     .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Milliseconds, None)));
//! let daily = activity::daily(&events, Span::default())?;
//! assert_eq!(daily.height(), 10);
//! assert_eq!(daily.column("dau")?.i64()?.get(0), Some(2));
//! assert_eq!(daily.column("wau")?.i64()?.get(6), Some(2)); // the first full week
//! assert_eq!(daily.column("wau")?.i64()?.get(5), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! DAU, WAU, MAU and stickiness as product-analytics tools define them, with trailing windows of 7 and 30
//! days; L7 and L28 count the days active of the last 7 and 28; new, retained, resurrected and dormant
//! users are known as growth accounting (J. Hsu, "Accounting for User Growth", 2015).

use chrono::NaiveDate;
use polars::prelude::*;

use super::period::{date, day};
use super::timeline::{Grouped, Moments, NOBODY, Numbered, TIME, USER, distinct, fetch, full};
use super::{Period, Source, dates, require, share_columns, spine};
use crate::error::{Error, Result};

/// Which days were observed, both ends included. By default from the first day with an event to the
/// last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first day observed.
    pub from: Option<NaiveDate>,
    /// The last day observed.
    pub to: Option<NaiveDate>,
}

/// Users and the days on which each was active, within the span.
struct Days {
    active: Grouped<i32>,
    from: i32,
    to: i32,
}

/// More days than this are a mistake in the data.
const MOST_DAYS: i32 = 1_000_000;

fn active_days(events: &dyn Source, span: Span) -> Result<Option<Days>> {
    let frame = fetch(events, "events", &[USER, TIME])?;
    let days = Moments::new(&frame, "events", TIME)?.days();
    let numbered = Numbered::new(full(&frame, "events", USER)?)?;
    let from = span.from.map(day).or(days.iter().min().copied());
    let to = span.to.map(day).or(days.iter().max().copied());
    let (Some(from), Some(to)) = (from, to) else { return Ok(None) };
    if from > to {
        let value = format!("{} to {}", date(from), date(to));
        return Err(Error::config("span", value, "a first day no later than the last"));
    }
    if to - from > MOST_DAYS {
        let value = format!("{} to {}", date(from), date(to));
        return Err(Error::config("span", value, format!("at most {MOST_DAYS} days")));
    }
    let mut codes = numbered.codes;
    let mut users = 0;
    if days.iter().any(|day| !(from..=to).contains(day)) {
        for (code, day) in codes.iter_mut().zip(&days) {
            if !(from..=to).contains(day) {
                *code = NOBODY;
            }
        }
    }
    for code in codes.iter().filter(|code| **code != NOBODY) {
        users = users.max(*code as usize + 1);
    }
    Ok(Some(Days { active: distinct(&codes, users, &days), from, to }))
}

impl Days {
    fn users(&self) -> impl Iterator<Item = &[i32]> {
        self.active
            .starts
            .windows(2)
            .map(|bounds| &self.active.items[bounds[0]..bounds[1]])
            .filter(|days| !days.is_empty())
    }

    /// Distinct users active in the `width` days that end on each day.
    fn trailing(&self, width: i32) -> Vec<i64> {
        let length = (self.to - self.from + 1) as usize;
        // A user active on day d counts from d to d + width − 1, or until active again.
        let mut change = vec![0_i64; length + 1];
        for days in self.users() {
            for (place, day) in days.iter().enumerate() {
                let until = (day + width).min(days.get(place + 1).copied().unwrap_or(i32::MAX));
                change[(day - self.from) as usize] += 1;
                change[((until - self.from) as usize).min(length)] -= 1;
            }
        }
        let mut now = 0;
        change[..length]
            .iter()
            .map(|change| {
                now += change;
                now
            })
            .collect()
    }
}

/// Daily, weekly and monthly active users, and stickiness.
///
/// Reads `events`: `user_id`, `timestamp`. Returns one row per day of the span, without gaps: `date`
/// (Date), `dau`, `wau`, `mau` (i64: distinct users active on that day, in the 7 and in the 30 days that
/// end with it), `stickiness` (f64: dau / mau: of the users of those 30 days, the share active on this
/// one), `low`, `high` (f64, 95 % Wilson). `wau` is null on the first 6 days, `mau` and stickiness on the
/// first 29: their windows begin before the span. Without events there are no rows.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values or times that are none;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a span that ends before it begins.
///
/// ```
/// use casebook::metrics::activity::Span;
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let daily = activity::daily(&events, Span::default())?;
/// assert_eq!(daily.height(), 120); // days
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn daily(events: &dyn Source, span: Span) -> Result<DataFrame> {
    let days = active_days(events, span)?;
    let dated: Vec<i32> = days.as_ref().map_or(vec![], |days| (days.from..=days.to).collect());
    let window = |width: i32| -> Vec<Option<i64>> {
        let counts = days.as_ref().map_or(vec![], |days| days.trailing(width));
        let full = (width - 1) as usize;
        counts.into_iter().enumerate().map(|(at, n)| Some(n).filter(|_| at >= full)).collect()
    };
    let (dau, wau, mau) = (window(1), window(7), window(30));
    let mut columns = vec![
        dates("date", dated)?,
        Column::new("dau".into(), &dau),
        Column::new("wau".into(), wau),
        Column::new("mau".into(), &mau),
    ];
    columns.extend(share_columns(["stickiness", "low", "high"], &dau, &mau));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// How many days a user is active in a window: L7 and L28.
///
/// Reads `events`: `user_id`, `timestamp`. Looks at the `window` days that end on `last` (that day
/// included). Returns one row per number of days: `active_days` (i64, 1 to `window`), `users` (i64), `of`
/// (i64: users active at all in the window), `share`, `low`, `high` (f64, 95 % Wilson).
///
/// # Errors
/// As [`daily`]; a window of no days, or of more than 366.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let last = chrono::NaiveDate::from_ymd_opt(2024, 4, 29).unwrap();
/// let l28 = activity::frequency(&events, last, 28)?;
/// assert_eq!(l28.height(), 28);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn frequency(events: &dyn Source, last: NaiveDate, window: u32) -> Result<DataFrame> {
    if !(1..=366).contains(&window) {
        return Err(Error::config("window", window, "1 to 366 days"));
    }
    let to = day(last);
    let span = Span { from: Some(date(to - window as i32 + 1)), to: Some(last) };
    let mut counts = vec![0_i64; window as usize];
    if let Some(days) = active_days(events, span)? {
        for days in days.users() {
            counts[days.len() - 1] += 1;
        }
    }
    let users: Vec<Option<i64>> = counts.iter().copied().map(Some).collect();
    let of = vec![Some(counts.iter().sum::<i64>()); counts.len()];
    let mut table = df!(
        "active_days" => (1..=i64::from(window)).collect::<Vec<_>>(), "users" => &users, "of" => &of,
    )?;
    for column in share_columns(["share", "low", "high"], &users, &of) {
        table.with_column(column)?;
    }
    Ok(table)
}

/// What lies before the first period of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Before {
    /// Nothing: the data begin with the business, and whoever is active first is new.
    #[default]
    Nothing,
    /// A time that was not observed: who is new in the first period cannot be told.
    Unobserved,
}

/// New, retained, resurrected and dormant users of each period ("growth accounting").
///
/// New: active for the first time. Retained: active in the period before, too. Resurrected: active
/// earlier, but not in the period before. Dormant: active in the period before, and not in this one. So
/// new + retained + resurrected = active, and active − new − resurrected + dormant is the period before's
/// active.
///
/// Reads `events`: `user_id`, `timestamp`. Returns one row per period, without gaps: `period` (Date, its
/// first day), `active`, `new`, `retained`, `resurrected`, `dormant` (i64), `retention`, `low`, `high`
/// (f64: retained of the period before's active, 95 % Wilson), `in_progress` (bool: the span ends before
/// the period does). With [`Before::Unobserved`] the first period's kinds are null.
///
/// # Errors
/// As [`daily`].
///
/// ```
/// use casebook::metrics::activity::{Before, Span};
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let weeks = activity::lifecycle(&events, Period::Week, Span::default(), Before::Nothing)?;
/// assert_eq!(weeks.column("new")?.i64()?.sum(), Some(240)); // everybody is new once
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lifecycle(
    events: &dyn Source,
    period: Period,
    span: Span,
    before: Before,
) -> Result<DataFrame> {
    let days = active_days(events, span)?;
    let (first, last) =
        days.as_ref().map_or((0, -1), |days| (period.of(days.from), period.of(days.to)));
    let length = (last - first + 1) as usize;
    let [mut active, mut new, mut retained, mut resurrected] =
        std::array::from_fn(|_| vec![0_i64; length]);
    for days in days.iter().flat_map(Days::users) {
        let mut previous: Option<i32> = None;
        for now in days.iter().map(|day| period.of(*day)) {
            if previous == Some(now) {
                continue;
            }
            let at = (now - first) as usize;
            active[at] += 1;
            match previous {
                None => new[at] += 1,
                Some(before) if before == now - 1 => retained[at] += 1,
                Some(_) => resurrected[at] += 1,
            }
            previous = Some(now);
        }
    }
    let base: Vec<Option<i64>> =
        (0..length).map(|at| at.checked_sub(1).map(|before| active[before])).collect();
    let dormant: Vec<i64> =
        (0..length).map(|at| base[at].map_or(0, |base| base - retained[at])).collect();
    let known = |counts: Vec<i64>| -> Vec<Option<i64>> {
        let hidden = before == Before::Unobserved;
        counts
            .into_iter()
            .enumerate()
            .map(|(at, n)| Some(n).filter(|_| at > 0 || !hidden))
            .collect()
    };
    let to = days.as_ref().map_or(0, |days| days.to);
    let in_progress: Vec<bool> =
        (0..length).map(|at| period.start(first + at as i32 + 1) > to + 1).collect();
    let kept = known(retained);
    let mut columns = vec![
        dates("period", (0..length).map(|at| period.start(first + at as i32)).collect())?,
        Column::new("active".into(), active),
        Column::new("new".into(), known(new)),
        Column::new("retained".into(), &kept),
        Column::new("resurrected".into(), known(resurrected)),
        Column::new("dormant".into(), known(dormant)),
    ];
    columns.extend(share_columns(["retention", "low", "high"], &kept, &base));
    columns.push(Column::new("in_progress".into(), in_progress));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// One row per company and month it was there at the end of: a month with at least one session.
///
/// A company just acquired counts as there at the end of the month before. So one that never had a
/// session is lost in its first month; counted by sessions alone, it would appear nowhere.
///
/// Reads
/// - `companies`: `company_id`, `company_size`, `acquired_on` (Date);
/// - `plans`: `company_size`, `monthly_price_cents`;
/// - `months`, every month observed: `month_no` (integer, consecutive), `month_start` (Date);
/// - `sessions`: `company_id`, `created_at` (Datetime, UTC). Sessions outside the months are ignored.
///
/// Returns `company_id`, `company_size`, `monthly_price_cents`, `month_no` (i64), `sessions` (i64; 0 in
/// the row that stands for acquisition), by company and month.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::metrics::activity;
/// use casebook::simulate::saas;
///
/// let t = saas::generate(&saas::Config::default())?;
/// let presence = activity::presence(&t.companies, &t.plans, &t.months, &t.sessions)?;
/// let clients = activity::clients(&presence, &t.months)?;
/// assert_eq!(clients.get_column_names(), ["month_no", "month", "company_size", "clients"]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn presence(
    companies: &DataFrame,
    plans: &DataFrame,
    months: &DataFrame,
    sessions: &DataFrame,
) -> Result<DataFrame> {
    require(companies, "companies", &["company_id", "company_size", "acquired_on"])?;
    require(plans, "plans", &["company_size", "monthly_price_cents"])?;
    require(months, "months", &["month_no", "month_start"])?;
    require(sessions, "sessions", &["company_id", "created_at"])?;

    let calendar = months
        .clone()
        .lazy()
        .select([col("month_no").cast(DataType::Int64), col("month_start").cast(DataType::Date)]);
    let in_month = |frame: LazyFrame, moment: &str| {
        frame
            .with_column(
                col(moment).dt().truncate(lit("1mo")).cast(DataType::Date).alias("month_start"),
            )
            .join(
                calendar.clone(),
                [col("month_start")],
                [col("month_start")],
                JoinArgs::new(JoinType::Inner),
            )
    };
    let active = in_month(
        sessions.clone().lazy().select([col("company_id"), col("created_at")]),
        "created_at",
    )
    .group_by([col("company_id"), col("month_no")])
    .agg([len().cast(DataType::Int64).alias("sessions")]);
    let acquired = in_month(companies.clone().lazy(), "acquired_on").select([
        col("company_id"),
        (col("month_no") - lit(1_i64)).alias("month_no"),
        lit(0_i64).cast(DataType::Int64).alias("sessions"),
    ]);
    let left = || JoinArgs::new(JoinType::Left);
    Ok(concat([active, acquired], UnionArgs::default())?
        .join(companies.clone().lazy(), [col("company_id")], [col("company_id")], left())
        .join(plans.clone().lazy(), [col("company_size")], [col("company_size")], left())
        .select([
            col("company_id"),
            col("company_size"),
            col("monthly_price_cents"),
            col("month_no"),
            col("sessions"),
        ])
        .sort(["company_id", "month_no"], SortMultipleOptions::default())
        .collect()?)
}

/// Companies with at least one session in the month, by size.
///
/// Reads `presence` as from [`presence`] and `months` as given to it. Returns `month_no`, `month` (such
/// as "2021-01"), `company_size`, `clients` (i64), by month and size; a month without any is 0.
///
/// # Errors
/// As [`presence`].
pub fn clients(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    Ok(usage(presence, months)?.select(["month_no", "month", "company_size", "clients"])?)
}

/// Sessions of an average client in the month, by size.
///
/// Reads `presence` as from [`presence`] and `months` as given to it. Returns `month_no`, `month`,
/// `company_size`, `clients` (i64), `sessions` (i64), `sessions_per_client` (f64, null without
/// clients), by month and size. Only companies with a session count.
///
/// # Errors
/// As [`presence`].
pub fn usage(presence: &DataFrame, months: &DataFrame) -> Result<DataFrame> {
    require(presence, "presence", &["company_size", "month_no", "sessions"])?;
    let counted = presence
        .clone()
        .lazy()
        .filter(col("sessions").gt(lit(0)))
        .group_by([col("month_no"), col("company_size")])
        .agg([len().cast(DataType::Int64).alias("clients"), col("sessions").sum()]);
    let ratio = col("sessions").cast(DataType::Float64) / col("clients").cast(DataType::Float64);
    Ok(spine(presence, months, false)?
        .lazy()
        .join(
            counted.with_column(ratio.alias("sessions_per_client")),
            [col("month_no"), col("company_size")],
            [col("month_no"), col("company_size")],
            JoinArgs::new(JoinType::Left),
        )
        .with_columns([col("clients").fill_null(lit(0_i64)), col("sessions").fill_null(lit(0_i64))])
        .sort(["month_no", "company_size"], SortMultipleOptions::default())
        .collect()?)
}
