//! The North Star of a product for teams.

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::events::{
    EventSource, Events, Grouped, NOBODY, Numbered, Part, Period, Window, columns_of, distinct,
};
use crate::frame::{dates, full};
use crate::metrics::share_columns;

/// More weeks than this are a mistake.
const MOST_WEEKS: i32 = 150_000;

/// Counts the groups in which people work together, week by week: the North Star of a product for teams.
///
/// Reads `events`: users and times as the [module](super) says, `group` (a column: the workspace, team or account), and
/// the columns in `collaborates`, the condition for events that are collaboration. Returns one row per week that lies
/// wholly in the window, without gaps: `week` (Date, its Monday), `groups` (i64: with an event), `collaborative` (i64:
/// those of them with events of two or more users, at least one of which is collaboration), `share`, `low`, `high`
/// (f64, 95% Wilson), `users` (i64: with an event).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users, times or groups;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an expression that is not true or false, or a window of
/// thousands of years.
///
/// ```
/// use casebook::prelude::*;
///
/// let tables = notion::generate(&notion::Config { users: 2_000, ..Default::default() })?;
/// let events = Events::new(&tables.user_events, "user_id", "timestamp")?;
/// let events = events.filter(col("event_type").neq(lit("signup")))?;
/// let month = |year| Month { year, month: 1 }.midnight();
/// let observed = Window::new(month(2024), month(2025))?;
/// let shares = col("event_type").eq(lit("share"));
/// let weeks = growth::north_star(&events, "workspace_id", shares, observed)?;
/// assert_eq!(weeks.height(), 52); // 2024 begins on a Monday and ends on a Tuesday
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn north_star(
    events: &dyn EventSource,
    group: &str,
    collaborates: Expr,
    window: Window,
) -> Result<DataFrame> {
    let named = columns_of([&collaborates]);
    let mut also = vec![group];
    also.extend(named.iter().map(|column| column.as_str()));
    let events = events.events(&also)?;
    let shared = events.marks(&[("collaborates", &collaborates)])?;
    let users = events.numbered();
    let groups = Numbered::new(full(events.frame(), "events", group)?)?;
    let (first, end) = whole_weeks(&events, window)?;
    let weeks = (end - first) as usize;
    let numbers: Vec<i32> = events
        .days()
        .par_iter()
        .map(|day| Period::Week.of(*day) - first)
        .map(|number| if (0..weeks as i32).contains(&number) { number } else { -1 })
        .collect();
    let within = |codes: &[u32]| -> Vec<u32> {
        let kept = |(code, week): (&u32, &i32)| if *week < 0 { NOBODY } else { *code };
        codes.par_iter().zip(&numbers).map(kept).collect()
    };
    let mut here = vec![0_i64; weeks];
    let people = distinct(&within(&users.codes), users.count(), &numbers);
    people.items.iter().for_each(|week| here[*week as usize] += 1);
    let mut grouped = Grouped::new(&within(&groups.codes), groups.count(), |row| {
        (numbers[row], users.codes[row], shared[row] != 0)
    });
    let (active, together) = grouped
        .parts()
        .into_par_iter()
        .map(|mut part| together(&mut part, weeks))
        .reduce(|| (vec![0; weeks], vec![0; weeks]), |a, b| (sum(a.0, &b.0), sum(a.1, &b.1)));
    let some = |counts: &[i64]| counts.iter().copied().map(Some).collect::<Vec<_>>();
    let (active, together) = (some(&active), some(&together));
    let mut columns = vec![
        dates("week", (first..end).map(|week| Period::Week.start(week)).collect())?,
        Column::new("groups".into(), &active),
        Column::new("collaborative".into(), &together),
    ];
    columns.extend(share_columns(["share", "low", "high"], &together, &active));
    columns.push(Column::new("users".into(), here));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The first week that begins, and the first that does not end, within the window.
fn whole_weeks(events: &Events, window: Window) -> Result<(i32, i32)> {
    let days = events.day_range();
    // Nothing says when observation began.
    if days.is_none() && window.start().is_none() {
        return Ok((0, 0));
    }
    let bounds = window.bounds(events.moments(), days);
    let first = Period::Week.of(bounds.from_day.saturating_add(6));
    let end = Period::Week.of(bounds.until_day).max(first);
    if end - first > MOST_WEEKS {
        return Err(Error::config("window", window, format!("at most {MOST_WEEKS} weeks")));
    }
    Ok((first, end))
}

/// Counts, for some groups with their events (week, user, whether it is collaboration), how many have events in each
/// week, and in how many of them people work together.
fn together(part: &mut Part<'_, (i32, u32, bool)>, weeks: usize) -> (Vec<i64>, Vec<i64>) {
    #[derive(Clone, Copy)]
    struct Week {
        group: usize,
        user: u32,
        several: bool,
        shared: bool,
    }
    let (mut active, mut together) = (vec![0; weeks], vec![0; weeks]);
    let mut known =
        vec![Week { group: usize::MAX, user: NOBODY, several: false, shared: false }; weeks];
    for group in 0..part.users() {
        for (week, user, shared) in part.of(group).iter() {
            let place = *week as usize;
            let week = &mut known[place];
            if week.group != group {
                *week = Week { group, user: *user, several: false, shared: false };
                active[place] += 1;
            }
            let before = week.several && week.shared;
            week.several |= week.user != *user;
            week.shared |= *shared;
            together[place] += i64::from(week.several && week.shared && !before);
        }
    }
    (active, together)
}

fn sum(mut a: Vec<i64>, b: &[i64]) -> Vec<i64> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
    a
}
