//! Requests, and what became of them.

use polars::prelude::*;

use super::times::Times;
use super::{FIRST_SESSION, MATCHED, REQUESTED, WITHDRAWN, counts, grouped, span};
use crate::error::{Error, Result};
use crate::events::{DAY, Window};
use crate::frame::{fetch, full};
use crate::metrics::{Source, labelled, share_columns, texts, warnings};

/// The event that a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goal {
    /// A provider is found: `matched_at`.
    #[default]
    Match,
    /// Both meet: `first_session_at`.
    FirstSession,
}

impl Goal {
    fn column(self) -> &'static str {
        match self {
            Goal::Match => MATCHED,
            Goal::FirstSession => FIRST_SESSION,
        }
    }

    fn outcome(self) -> &'static str {
        match self {
            Goal::Match => "match",
            Goal::FirstSession => "first session",
        }
    }
}

/// Requests made in a window, and what became of them in it, in calendar time.
struct Requests {
    at: Vec<i64>,
    goals: Vec<Vec<Option<i64>>>,
    withdrawn: Vec<Option<i64>>,
    groups: Vec<Option<String>>,
    /// The end of the window.
    end: i64,
}

impl Requests {
    fn new(
        requests: &dyn Source,
        goals: &[Goal],
        window: Window,
        by: Option<&str>,
    ) -> Result<Requests> {
        const NAME: &str = "requests";
        let mut times = vec![REQUESTED, WITHDRAWN];
        times.extend(goals.iter().map(|goal| goal.column()));
        let mut columns = times.clone();
        columns.extend(by.filter(|by| !times.contains(by)));
        let frame = fetch(requests, NAME, &columns)?;
        full(&frame, NAME, REQUESTED)?;
        let found = Times::new(&frame, NAME, &times)?;
        let range = found.range(window).unwrap_or_default();
        let at: Vec<i64> = found.columns[0].iter().flatten().copied().collect();
        for (column, name) in found.columns.iter().zip(&times) {
            let early = |row: &usize| column[*row].is_some_and(|then| then < at[*row]);
            if let Some(row) = (0..at.len()).find(early) {
                let problem = format!("lies before {REQUESTED} in row {}", row + 1);
                return Err(Error::column(NAME, name, problem));
            }
        }
        let seen: Vec<usize> = (0..at.len()).filter(|row| range.contains(&at[*row])).collect();
        // What happens after the end of observation is not seen.
        let mut columns = found.columns[1..].iter().map(|column| -> Vec<Option<i64>> {
            seen.iter().map(|row| column[*row].filter(|then| *then < range.end)).collect()
        });
        Ok(Requests {
            withdrawn: columns.next().unwrap_or_default(),
            goals: columns.collect(),
            groups: match by {
                None => vec![None; seen.len()],
                Some(by) => {
                    let names = texts(full(&frame, NAME, by)?)?;
                    seen.iter().map(|row| names[*row].clone()).collect()
                }
            },
            at: seen.iter().map(|row| at[*row]).collect(),
            end: range.end,
        })
    }
}

/// Computes match rate and fill rate: the shares of requests with a match, and with a first session, within `within`
/// days.
///
/// Reads `requests` as the [module](super) says, and the column `by` if given. Only requests made in the window and
/// observed for `within` days before its end count, withdrawn ones included: they were not served. Returns one row per
/// group: `by`'s column (text), `requests`, `matched` (i64), `match_rate`, `match_low`, `match_high` (f64, 95%
/// Wilson), `filled` (i64: had a first session within the time), `fill_rate`, `fill_low`, `fill_high`,
/// `warning` (text: below 30 requests).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an empty `requested_at`, and for anything that
/// happens before it; `within` outside 1 to 100,000.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let matches = tables.matches.select(["request_id", "matched_at", "first_session_at"])?;
/// let requests = tables.requests.lazy().join(
///     matches.lazy(), [col("request_id")], [col("request_id")], JoinArgs::new(JoinType::Left));
/// let window = Window::until(config.start.plus(config.months).midnight());
/// let found = marketplace::liquidity(&requests, 14, window, Some("field"))?;
/// assert_eq!(found.height(), 4);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn liquidity(
    requests: &dyn Source,
    within: u32,
    window: Window,
    by: Option<&str>,
) -> Result<DataFrame> {
    let span = span(within)?;
    let found = Requests::new(requests, &[Goal::Match, Goal::FirstSession], window, by)?;
    let groups = grouped(&found.groups);
    let observed = |row: usize| found.end - found.at[row] >= span;
    let served = |goal: usize| {
        let in_time =
            |row: usize| found.goals[goal][row].is_some_and(|at| at - found.at[row] <= span);
        counts(&groups, |row| observed(row) && in_time(row))
    };
    let (asked, matched, filled) = (counts(&groups, observed), served(0), served(1));
    let mut columns = vec![Column::new("requests".into(), &asked)];
    columns.push(Column::new("matched".into(), &matched));
    columns.extend(share_columns(["match_rate", "match_low", "match_high"], &matched, &asked));
    columns.push(Column::new("filled".into(), &filled));
    columns.extend(share_columns(["fill_rate", "fill_low", "fill_high"], &filled, &asked));
    columns.push(warnings(&asked, "requests"));
    labelled(by, groups.keys().map(|name| (*name).clone()).collect(), columns)
}

/// Measures how long requests wait for a match, or for the first session: subjects for
/// [`survival`](crate::metrics::survival).
///
/// Reads `requests` as the [module](super) says, and the column `by` if given. Returns one row per request made in the
/// window, in their order: `by`'s column (text), `duration` (f64, days), `observed` (bool: the goal was reached), `outcome`
/// (text: "match" or "first session", as `goal` says; "withdrawn"; null if the request was still open at the window's end).
///
/// A withdrawal isn't censoring: it's another way for the wait to end. Read shares from
/// [`survival::cumulative_incidence`](crate::metrics::survival::cumulative_incidence()), which tells the outcomes apart. A
/// Kaplan–Meier curve of `observed` would say how long the wait were if nobody withdrew, and only if those who withdraw would have
/// waited as long as the others.
///
/// # Errors
/// The same as [`liquidity`].
///
/// ```
/// use casebook::metrics::marketplace::Goal;
/// use casebook::prelude::*;
///
/// let config = mentor::Config::default();
/// let tables = mentor::generate(&config)?;
/// let matches = tables.matches.select(["request_id", "matched_at", "first_session_at"])?;
/// let requests = tables.requests.lazy().join(
///     matches.lazy(), [col("request_id")], [col("request_id")], JoinArgs::new(JoinType::Left));
/// let window = Window::until(config.start.plus(config.months).midnight());
/// let waits = marketplace::waiting(&requests, Goal::Match, window, None)?;
/// let found = survival::cumulative_incidence(&waits, None)?;
/// let matched = found.keep(col("outcome").eq(lit("match")))?;
/// let withdrawn = found.keep(col("outcome").eq(lit("withdrawn")))?;
/// let last = |outcome: &DataFrame| outcome.scalar(col("incidence").last());
/// assert!(last(&matched)? > 0.9 && last(&matched)? + last(&withdrawn)? < 1.0 + 1e-9);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn waiting(
    requests: &dyn Source,
    goal: Goal,
    window: Window,
    by: Option<&str>,
) -> Result<DataFrame> {
    let found = Requests::new(requests, &[goal], window, by)?;
    let (mut durations, mut observed, mut outcomes) = (vec![], vec![], vec![]);
    for (row, at) in found.at.iter().enumerate() {
        let reached = found.goals[0][row];
        let end = reached.or(found.withdrawn[row]).unwrap_or(found.end);
        durations.push((end - at) as f64 / DAY as f64);
        observed.push(reached.is_some());
        outcomes.push(match (reached, found.withdrawn[row]) {
            (Some(_), _) => Some(goal.outcome()),
            (None, Some(_)) => Some("withdrawn"),
            (None, None) => None,
        });
    }
    let columns = vec![
        Column::new("duration".into(), durations),
        Column::new("observed".into(), observed),
        Column::new("outcome".into(), outcomes),
    ];
    labelled(by, found.groups, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests in Berlin, three days before the clock goes an hour back, and six days before it.
    fn requests() -> LazyFrame {
        let zone = TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap();
        let berlin = DataType::Datetime(TimeUnit::Microseconds, zone);
        let hour = 3_600_000_000_i64;
        let noon = 20_020 * DAY + 10 * hour; // 2024-10-24, 12:00 in summer time
        let at = |days: i64, hours: i64| noon + days * DAY + hours * hour;
        let frame = df!(
            "requested_at" => [noon, noon, at(-3, 0)],
            // Noon seven days later is an hour later in winter time.
            "matched_at" => [Some(at(7, 1)), Some(at(7, 2)), None],
            "first_session_at" => [None::<i64>; 3],
            "withdrawn_at" => [None, None, Some(at(6, 1))],
        );
        let times = ["requested_at", "matched_at", "first_session_at", "withdrawn_at"];
        frame.unwrap().lazy().with_columns(times.map(|name| col(name).cast(berlin.clone())))
    }

    #[test]
    fn days_are_those_of_the_times_zone() -> Result<()> {
        let end = chrono::NaiveDate::from_ymd_opt(2024, 11, 1).unwrap_or_default();
        let found = liquidity(&requests(), 7, Window::until(end), None)?;
        let count = |name: &str| found.column(name).unwrap().i64().unwrap().get(0);
        // The second took an hour more than seven days.
        assert_eq!((count("requests"), count("matched")), (Some(3), Some(1)));
        let waits = waiting(&requests(), Goal::Match, Window::default(), None)?;
        let days = waits.column("duration")?.f64()?.into_no_null_iter();
        let hours: Vec<f64> = days.map(|days| (24.0 * days * 1e6).round() / 1e6).collect();
        assert_eq!(hours, [168.0, 169.0, 216.0]);
        let outcomes: Vec<Option<&str>> = waits.column("outcome")?.str()?.iter().collect();
        assert_eq!(outcomes, [Some("match"), Some("match"), Some("withdrawn")]);
        let late = liquidity(&requests(), 7, Window::from(end), None)?;
        assert_eq!(late.height(), 0);
        Ok(())
    }

    #[test]
    fn another_zone_is_refused_and_dates_are_midnights() -> Result<()> {
        let utc = requests()
            .with_column(col("matched_at").cast(DataType::Datetime(TimeUnit::Microseconds, None)));
        let said = waiting(&utc, Goal::Match, Window::default(), None).unwrap_err().to_string();
        assert!(said.contains("`matched_at` of the requests frame is in UTC"), "{said}");
        assert!(said.contains("`requested_at` in Europe/Berlin"), "{said}");
        let dated = requests().with_column(col("requested_at").cast(DataType::Date));
        let waits = waiting(&dated, Goal::Match, Window::default(), None)?;
        assert_eq!(waits.column("duration")?.f64()?.get(0), Some(7.5));
        Ok(())
    }
}
