//! Requests, and what became of them.

use chrono::NaiveDateTime;
use polars::prelude::*;

use super::{
    FIRST_SESSION, MATCHED, REQUESTED, WITHDRAWN, all_moments, grouped, micros, moments, span,
};
use crate::error::{Error, Result};
use crate::metrics::timeline::{DAY, fetch, full};
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
}

/// Requests and what became of them, none later than the end of observation.
struct Requests {
    at: Vec<i64>,
    goals: Vec<Vec<Option<i64>>>,
    withdrawn: Vec<Option<i64>>,
    groups: Vec<Option<String>>,
}

impl Requests {
    fn new(
        requests: &dyn Source,
        goals: &[Goal],
        until: i64,
        by: Option<&str>,
    ) -> Result<Requests> {
        const NAME: &str = "requests";
        let mut columns = vec![REQUESTED, WITHDRAWN];
        columns.extend(goals.iter().map(|goal| goal.column()));
        columns.extend(by);
        let frame = fetch(requests, NAME, &columns)?;
        let at = all_moments(&frame, NAME, REQUESTED)?;
        let seen: Vec<usize> = (0..at.len()).filter(|row| at[*row] < until).collect();
        // What happens after the end of observation is not seen.
        let read = |column: &str| -> Result<Vec<Option<i64>>> {
            let moments = moments(&frame, NAME, column)?;
            if let Some(row) = (0..at.len()).find(|row| moments[*row].is_some_and(|m| m < at[*row]))
            {
                let problem = format!("lies before {REQUESTED} in row {}", row + 1);
                return Err(Error::column(NAME, column, problem));
            }
            Ok(seen.iter().map(|row| moments[*row].filter(|moment| *moment < until)).collect())
        };
        Ok(Requests {
            goals: goals.iter().map(|goal| read(goal.column())).collect::<Result<_>>()?,
            withdrawn: read(WITHDRAWN)?,
            groups: match by {
                None => vec![None; seen.len()],
                Some(by) => {
                    let names = texts(full(&frame, NAME, by)?)?;
                    seen.iter().map(|row| names[*row].clone()).collect()
                }
            },
            at: seen.iter().map(|row| at[*row]).collect(),
        })
    }
}

/// Computes match rate and fill rate: the shares of requests with a match, and with a first session, within so many
/// days.
///
/// Reads `requests` as the [module](super) says, and the column `by` if given. Only requests observed for
/// `within` days before `until` count, withdrawn ones included: they were not served. Returns one row per
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
/// let until = config.start.plus(config.months).midnight();
/// let found = marketplace::liquidity(&requests, 14, until, Some("field"))?;
/// assert_eq!(found.height(), 4);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn liquidity(
    requests: &dyn Source,
    within: u32,
    until: NaiveDateTime,
    by: Option<&str>,
) -> Result<DataFrame> {
    let span = span(within)?;
    let until = micros(until);
    let found = Requests::new(requests, &[Goal::Match, Goal::FirstSession], until, by)?;
    let groups = grouped(&found.groups);
    let [mut asked, mut matched, mut filled] = [const { Vec::<Option<i64>>::new() }; 3];
    for rows in groups.values() {
        let observed = rows.iter().filter(|row| found.at[**row] <= until.saturating_sub(span));
        let observed: Vec<usize> = observed.copied().collect();
        let served = |goal: usize| {
            let in_time = |row: &&usize| {
                found.goals[goal][**row].is_some_and(|at| at - found.at[**row] <= span)
            };
            Some(observed.iter().filter(in_time).count() as i64)
        };
        matched.push(served(0));
        filled.push(served(1));
        asked.push(Some(observed.len() as i64));
    }
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
/// Reads `requests` as the [module](super) says, and the column `by` if given. Returns one row per request made
/// before `until`, in their order: `by`'s column (text), `duration` (f64, days), `observed` (bool: the goal was
/// reached; otherwise the request was withdrawn, or still open at `until`, and waited at least this long).
///
/// In a survival curve, withdrawn requests count as censored at random: the curve says how long the wait would be
/// if nobody withdrew. People who withdraw because of the wait make it look shorter than it is.
///
/// # Errors
/// As [`liquidity`].
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
/// let until = config.start.plus(config.months).midnight();
/// let waits = marketplace::waiting(&requests, Goal::Match, until, None)?;
/// let median = survival::median(&waits, None)?;
/// assert!(median.column("median")?.f64()?.get(0) < Some(2.0)); // days
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn waiting(
    requests: &dyn Source,
    goal: Goal,
    until: NaiveDateTime,
    by: Option<&str>,
) -> Result<DataFrame> {
    let until = micros(until);
    let found = Requests::new(requests, &[goal], until, by)?;
    let (mut durations, mut observed) = (vec![], vec![]);
    for (row, at) in found.at.iter().enumerate() {
        let reached = found.goals[0][row];
        let end = reached.or(found.withdrawn[row]).unwrap_or(until);
        durations.push((end - at) as f64 / DAY as f64);
        observed.push(reached.is_some());
    }
    let columns =
        vec![Column::new("duration".into(), durations), Column::new("observed".into(), observed)];
    labelled(by, found.groups, columns)
}
