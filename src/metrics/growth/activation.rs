//! Activation: how many users get value soon, and how fast.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::{EventSource, Events, Index, NOBODY, UserSource, Users, Window, columns_of};
use crate::events::{HOUR, Observed};
use crate::frame::{coded, full, require};
use crate::metrics::{share_columns, warnings};
use crate::stats::sample::quantile;

/// Finds when each user first got value, and how long it took.
///
/// Reads `users` and `events` as the [module](super) says; `value` is the condition for events that deliver value.
/// Returns one row per user, in the order of `users`: the column of users, under the name it has there, `eligible`
/// (bool: started in the window and observed for `hours`), `reached_at` (the first such event within `hours` of
/// sign-up, on the clock of the events; null if none), `hours` (f64: from sign-up to it). The last day observed counts
/// in full.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
/// for empty users or times, or a user who is in `users` twice;
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for an expression that is not true or false.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let observed = Window::until(Month { year: 2024, month: 5 }.midnight());
/// let bought = col("event").eq(lit("purchase"));
/// let times = growth::time_to_value(&users, &events, bought, 7 * 24, observed)?;
/// assert_eq!(times.height(), users.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn time_to_value(
    users: &dyn UserSource,
    events: &dyn EventSource,
    value: Expr,
    hours: u32,
    window: Window,
) -> Result<DataFrame> {
    times(users.started(&[])?, read(events, &value)?, value, hours, window)
}

/// The events, with the columns that a condition names.
fn read(events: &dyn EventSource, value: &Expr) -> Result<Events> {
    let also = columns_of([value]);
    events.events(&also.iter().map(|column| column.as_str()).collect::<Vec<_>>())
}

fn times(
    users: Users,
    events: Events,
    value: Expr,
    hours: u32,
    window: Window,
) -> Result<DataFrame> {
    let observed = Observed::new(users, events, window)?;
    let marks = observed.events.marks(&[("value", &value)])?;
    let days = observed.events.days();
    let mut reached: Vec<Option<i64>> = vec![None; observed.people()];
    for (row, user) in observed.rows().filter(|(row, _)| marks[*row] != 0) {
        let at = observed.at(row, user);
        if observed.within_hours(user, at, days[row], hours) {
            reached[user] = Some(reached[user].map_or(at, |first| first.min(at)));
        }
    }
    let took: Vec<Option<f64>> = reached
        .iter()
        .zip(observed.start.iter())
        .map(|(at, start)| at.map(|at| (at - start) as f64 / HOUR as f64))
        .collect();
    let eligible: Vec<bool> =
        (0..observed.people()).map(|user| observed.eligible(user, hours.div_ceil(24))).collect();
    Ok(DataFrame::new_infer_height(vec![
        observed.ids()?.clone(),
        Column::new("eligible".into(), eligible),
        observed.events.moments().column("reached_at", reached)?,
        Column::new("hours".into(), took),
    ])?)
}

/// Measures activation by an attribute of the users: how many got value within `hours`, and how fast.
///
/// Reads and takes what [`time_to_value`] does, and `by`, a column of `users`. Returns one row per value of the
/// attribute, in its order, and one for "all" at the end: the attribute's column (text), `eligible`, `activated`
/// (i64), `rate`, `low`, `high` (f64, 95% Wilson), `fast` (i64: within 24 hours), `fast_rate` (f64: of the
/// activated), `median_hours`, `p90_hours` (f64), `warning` (text, where fewer than 30 are eligible).
///
/// # Errors
/// As [`time_to_value`].
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let observed = Window::until(Month { year: 2024, month: 5 }.midnight());
/// let bought = col("event").eq(lit("purchase"));
/// let by_plan = growth::activation(&users, &events, bought, 7 * 24, observed, "plan")?;
/// assert_eq!(by_plan.height(), 3); // free, pro, all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn activation(
    users: &dyn UserSource,
    events: &dyn EventSource,
    value: Expr,
    hours: u32,
    window: Window,
    by: &str,
) -> Result<DataFrame> {
    // Read once: the next time, a query may give its rows in another order.
    let users = users.started(&[by])?;
    let times = times(users.clone(), read(events, &value)?, value, hours, window)?;
    activation_by(&times, &users, by)
}

/// Measures [`activation`] from times that have already been computed.
///
/// Reads `times` as returned by [`time_to_value`] of the same `users`, all of it or some rows, in any order: users
/// without a row are not counted.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn)
/// for times of a user who is not in `users`, or two rows for the same user.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let observed = Window::until(Month { year: 2024, month: 5 }.midnight());
/// let bought = col("event").eq(lit("purchase"));
/// let times = growth::time_to_value(&users, &events, bought, 7 * 24, observed)?;
/// assert_eq!(growth::activation_by(&times, &users, "plan")?.height(), 3); // free, pro, all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn activation_by(times: &DataFrame, users: &dyn UserSource, by: &str) -> Result<DataFrame> {
    const TIMES: &str = "times";
    let users = users.users(&[by])?;
    let user = users.user_column();
    require(times, TIMES, &[user, "eligible", "hours"])?;
    let ids = full(times, TIMES, user)?;
    Index::new(TIMES, ids)?;
    let rows = users.index().find(TIMES, ids)?;
    if rows.contains(&NOBODY) {
        return Err(Error::column(TIMES, user, "holds a user who is not in `users`"));
    }
    let (codes, values) = coded(users.frame().column(by)?)?;
    let mut members = vec![vec![]; values.len()];
    for (row, user) in rows.iter().enumerate() {
        members[codes[*user as usize] as usize].push(row);
    }
    let (eligible, took) = (times.column("eligible")?.bool()?, times.column("hours")?.f64()?);
    let everybody: Vec<usize> = (0..times.height()).collect();
    let groups = values.into_iter().zip(members).chain([(Some("all".to_owned()), everybody)]);
    let (mut names, mut of, mut hits, mut fast) = (vec![], vec![], vec![], vec![]);
    let (mut rates, mut medians, mut p90s) = (vec![], vec![], vec![]);
    for (name, members) in groups {
        let counted: Vec<usize> =
            members.into_iter().filter(|row| eligible.get(*row) == Some(true)).collect();
        let mut hours: Vec<f64> = counted.iter().filter_map(|row| took.get(*row)).collect();
        hours.sort_unstable_by(f64::total_cmp);
        let quick = hours.partition_point(|hours| *hours < 24.0);
        names.push(name);
        of.push(Some(counted.len() as i64));
        hits.push(Some(hours.len() as i64));
        fast.push(quick as i64);
        rates.push((!hours.is_empty()).then(|| quick as f64 / hours.len() as f64));
        medians.push(quantile(&hours, 0.5));
        p90s.push(quantile(&hours, 0.9));
    }
    let mut columns = vec![
        Column::new(by.into(), names),
        Column::new("eligible".into(), &of),
        Column::new("activated".into(), &hits),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &hits, &of));
    columns.push(Column::new("fast".into(), fast));
    columns.push(Column::new("fast_rate".into(), rates));
    columns.push(Column::new("median_hours".into(), medians));
    columns.push(Column::new("p90_hours".into(), p90s));
    columns.push(warnings(&of, "users"));
    Ok(DataFrame::new_infer_height(columns)?)
}
