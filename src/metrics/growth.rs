//! Growth: the North Star, activation and time to value, the stages of the user's way, feature adoption, habit
//! and power users.
//!
//! Events: `user_id`, `timestamp`, and the columns that expressions name, without sign-ups. Users: `user_id`,
//! unique, and `signup_at`. Which events count as what is the caller's to say, as an expression over the events'
//! columns.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let tables = notion::generate(&notion::Config { users: 2_000, ..Default::default() })?;
//! let events = tables.user_events.lazy().filter(col("event_type").neq(lit("signup")));
//! let until = chrono::NaiveDate::from_ymd_opt(2025, 1, 1).unwrap_or_default();
//! let kind = |name: &str| col("event_type").eq(lit(name));
//! let stages = growth::Stages::new(kind("page_create"), kind("share"), kind("upgrade"));
//! let reached = stages.milestones(&tables.user_profiles, &events, until)?;
//! let funnel = Funnel::new(growth::STAGES.map(Step::event)).conversion(&reached)?;
//! assert_eq!(funnel.height(), 6);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # Source
//! A North Star metric measures the value users get, as one number a period (S. Ellis and M. Brown, "Hacking
//! Growth", 2017; Amplitude's North Star playbook). The stages follow D. McClure's "pirate metrics" (2007) with
//! engagement, habit and collaboration told apart. Windows are stated with each function; every tool has its own.

use chrono::NaiveDate;
use polars::prelude::*;
use rayon::prelude::*;

use super::period::day;
use super::timeline::{
    DAY, Grouped, Index, Micros, Moments, NOBODY, Numbered, Part, TIME, USER, distinct, fetch, full,
};
use super::{Period, Source, coded, dates, quantile, require_in, share_columns, texts, warnings};
use crate::error::{Error, Result};

const SIGNUP: &str = "signup_at";

/// The stages a user can reach, in order, as [`Stages::milestones`] names them.
pub const STAGES: [&str; 6] =
    ["signup", "activation", "engagement", "habit", "collaboration", "monetization"];

/// What a workspace product's stages are.
///
/// Days are calendar days, the day of sign-up is day 0. A stage counts only after the stage before.
#[derive(Debug, Clone)]
pub struct Stages {
    /// Which events activate: the first within [`activation_hours`](Stages::activation_hours) of sign-up.
    pub activates: Expr,
    /// 168: a week.
    pub activation_hours: u32,
    /// Engagement: active on so many different days, from activation on, before day so many. (3, 30).
    pub engagement: (u32, u32),
    /// The habit, likewise. (8, 60).
    pub habit: (u32, u32),
    /// Which events are collaboration: the first after the habit.
    pub collaborates: Expr,
    /// Which events are payment: the first after that.
    pub pays: Expr,
    /// Both before day so many: 90. Only who is observed for so many days is counted at all.
    pub within: u32,
}

/// An event as stages see it: when, and what it is.
#[derive(Clone, Copy, Default)]
struct Moment {
    at: i64,
    day: i32,
    kinds: u8,
}

/// Users with their events, by time.
struct Lives {
    users: DataFrame,
    signup_at: Micros,
    signup_day: Vec<i32>,
    events: Grouped<Moment>,
    until: i32,
}

impl Lives {
    /// Events before `until`, of the users given, after their sign-up; each event is marked by the expressions
    /// that hold for it.
    fn new(
        users: &dyn Source,
        events: &dyn Source,
        kinds: &[Expr],
        more: &[&str],
        until: NaiveDate,
    ) -> Result<Lives> {
        let mut wanted = vec![USER, SIGNUP];
        wanted.extend(more.iter().filter(|column| ![USER, SIGNUP].contains(*column)));
        let users = fetch(users, "users", &wanted)?;
        let mut lazy = events.scan();
        require_in(&*lazy.collect_schema()?, "events", &[USER, TIME])?;
        let mut columns = vec![col(USER), col(TIME)];
        columns.extend(
            kinds.iter().enumerate().map(|(n, kind)| kind.clone().alias(format!("kind {n}"))),
        );
        let events = lazy.select(columns).collect()?;
        let moments = Moments::new(&events, "events", TIME)?;
        let signup = Moments::new(&users, "users", SIGNUP)?.beside(&moments, "users", SIGNUP)?;
        let days = moments.days();
        let until = day(until);
        let mut marks = vec![0_u8; events.height()];
        for n in 0..kinds.len() {
            let column = full(&events, "events", &format!("kind {n}"))?;
            for (mark, holds) in marks.iter_mut().zip(column.bool()?.iter()) {
                *mark |= u8::from(holds == Some(true)) << n;
            }
        }
        let index = Index::new("users", full(&users, "users", USER)?)?;
        let mut codes = index.find("events", full(&events, "events", USER)?)?;
        let early = |row: usize, user: u32| moments.micros[row] < signup.micros[user as usize];
        codes.par_iter_mut().enumerate().for_each(|(row, code)| {
            if days[row] >= until || (*code != NOBODY && early(row, *code)) {
                *code = NOBODY;
            }
        });
        let mut events = Grouped::new(&codes, users.height(), |row| Moment {
            at: moments.micros[row],
            day: days[row],
            kinds: marks[row],
        });
        events.parts().into_par_iter().for_each(|mut part| {
            for user in 0..part.users() {
                part.of(user).sort_by_key(|moment| moment.at);
            }
        });
        Ok(Lives { signup_day: signup.days(), signup_at: signup.micros, users, events, until })
    }

    fn of(&self, user: usize) -> &[Moment] {
        &self.events.items[self.events.starts[user]..self.events.starts[user + 1]]
    }

    /// Whether a user was observed for so many days.
    fn eligible(&self, user: usize, days: u32) -> bool {
        i64::from(self.signup_day[user]) + i64::from(days) <= i64::from(self.until)
    }

    /// The first moment on the n-th different day, from the given place on, before day `window`.
    fn nth_day(&self, user: usize, from: usize, (n, window): (u32, u32)) -> Option<usize> {
        let mut known = None;
        let mut seen = 0;
        for (place, moment) in self.of(user).iter().enumerate().skip(from) {
            if i64::from(moment.day) >= i64::from(self.signup_day[user]) + i64::from(window) {
                return None;
            }
            if known != Some(moment.day) {
                known = Some(moment.day);
                seen += 1;
                if seen == n {
                    return Some(place);
                }
            }
        }
        None
    }

    /// The first event of a kind within so many hours of sign-up.
    fn within_hours(&self, user: usize, kind: u8, hours: u32) -> Option<usize> {
        let end = self.signup_at[user] + i64::from(hours) * (DAY / 24);
        self.of(user)
            .iter()
            .take_while(|moment| moment.at < end)
            .position(|moment| moment.kinds & kind != 0)
    }
}

impl Stages {
    /// The usual windows.
    pub fn new(activates: Expr, collaborates: Expr, pays: Expr) -> Stages {
        Stages {
            activates,
            activation_hours: 7 * 24,
            engagement: (3, 30),
            habit: (8, 60),
            collaborates,
            pays,
            within: 90,
        }
    }

    /// When each user reached each stage: what a [`Funnel`](super::funnel::Funnel) counts.
    ///
    /// Reads `users` and `events` as the [module](self) says; `until` is the first day that was not observed.
    /// Returns one row per stage reached by a user observed for [`within`](Stages::within) days: `user_id`,
    /// `timestamp`, `event` (one of [`STAGES`]), by user in the order of `users`, and stage.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values or a user that stands in `users`
    /// twice; polars' own for an expression that is not true or false.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
    /// let kind = |name: &str| col("event").eq(lit(name));
    /// let mut stages = growth::Stages::new(kind("search"), kind("cart"), kind("purchase"));
    /// (stages.engagement, stages.habit, stages.within) = ((2, 14), (3, 30), 30);
    /// let reached = stages.milestones(&users, &events, until)?;
    /// assert_eq!(reached.column("event")?.str()?.get(0), Some("signup"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn milestones(
        &self,
        users: &dyn Source,
        events: &dyn Source,
        until: NaiveDate,
    ) -> Result<DataFrame> {
        for (field, (days, window)) in [("engagement", self.engagement), ("habit", self.habit)] {
            if days == 0 || window < days || window > self.within {
                let accepted = format!(
                    "1 day or more, in a window of at least so many and at most {}",
                    self.within
                );
                return Err(Error::config(field, format!("{days} days in {window}"), accepted));
            }
        }
        let kinds = [self.activates.clone(), self.collaborates.clone(), self.pays.clone()];
        let lives = Lives::new(users, events, &kinds, &[], until)?;
        let reached: Vec<Reached> = (0..lives.users.height())
            .into_par_iter()
            .map(|user| self.reached(&lives, user))
            .collect();
        let (mut rows, mut at, mut names): (Vec<IdxSize>, Vec<i64>, Vec<&str>) =
            (vec![], vec![], vec![]);
        for (user, moments) in reached.iter().enumerate() {
            for (stage, moment) in moments.at[..moments.stages].iter().enumerate() {
                rows.push(user as IdxSize);
                at.push(*moment);
                names.push(STAGES[stage]);
            }
        }
        let who = lives.users.column(USER)?.take(&IdxCa::from_vec("row".into(), rows))?;
        let when =
            Column::new(TIME.into(), at).cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
        Ok(DataFrame::new_infer_height(vec![who, when, Column::new("event".into(), names)])?)
    }

    /// The moments of the stages a user reached, one after the other.
    fn reached(&self, lives: &Lives, user: usize) -> Reached {
        let mut moments = Reached::default();
        if !lives.eligible(user, self.within) {
            return moments;
        }
        moments.add(lives.signup_at[user]);
        let events = lives.of(user);
        let end = i64::from(lives.signup_day[user]) + i64::from(self.within);
        let next = |from: usize, kind: u8| {
            let found = events[from..].iter().position(|moment| moment.kinds & kind != 0)?;
            (i64::from(events[from + found].day) < end).then_some(from + found)
        };
        let mut way = || {
            let mut step = |place: Option<usize>| {
                let place = place?;
                moments.add(events[place].at);
                Some(place)
            };
            let started = step(lives.within_hours(user, 1, self.activation_hours))?;
            step(lives.nth_day(user, started, self.engagement))?;
            let habit = step(lives.nth_day(user, started, self.habit))?;
            let shared = step(next(habit, 2))?;
            step(next(shared, 4))
        };
        way();
        moments
    }
}

/// The stages a user reached, and when.
#[derive(Clone, Copy, Default)]
struct Reached {
    at: [i64; STAGES.len()],
    stages: usize,
}

impl Reached {
    fn add(&mut self, at: i64) {
        self.at[self.stages] = at;
        self.stages += 1;
    }
}

/// The funnel from visitors on: puts those who came before those who signed up.
///
/// Reads `steps` as from [`Funnel::conversion`](super::funnel::Funnel::conversion) over milestones, and how many
/// visited while those users signed up. Returns `stage` (i64, from 1), `name`, `users`, `previous` (i64),
/// `step_rate`, `low`, `high` (f64, 95 % Wilson), `dropped` (i64), `of_visitors`, `of_signups` (f64: users /
/// those; null where the base comes later).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); fewer visitors than sign-ups.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let steps = Funnel::new(["visit", "purchase"].map(Step::event)).conversion(&events)?;
/// let funnel = growth::from_visitors(1_000, &steps)?;
/// assert_eq!(funnel.column("name")?.str()?.get(0), Some("awareness"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn from_visitors(visitors: u64, steps: &DataFrame) -> Result<DataFrame> {
    super::require(steps, "steps", &["name", "users"])?;
    let mut names = vec![Some("awareness".to_owned())];
    names.extend(texts(steps.column("name")?)?);
    let mut users = vec![Some(visitors as i64)];
    users.extend(steps.column("users")?.i64()?.iter());
    if users.get(1).copied().flatten() > users[0] {
        let accepted = "at least as many as signed up";
        return Err(Error::config("visitors", visitors, accepted));
    }
    let previous: Vec<Option<i64>> =
        std::iter::once(None).chain(users.iter().copied().take(users.len() - 1)).collect();
    let over = |base: Option<i64>, from: usize| -> Vec<Option<f64>> {
        let rate = |(place, n): (usize, &Option<i64>)| {
            n.zip(base)
                .filter(|(_, base)| place >= from && *base > 0)
                .map(|(n, base)| n as f64 / base as f64)
        };
        users.iter().enumerate().map(rate).collect()
    };
    let dropped: Vec<Option<i64>> = previous
        .iter()
        .zip(&users)
        .map(|(before, now)| before.zip(*now).map(|(b, n)| b - n))
        .collect();
    let mut columns = vec![
        Column::new("stage".into(), (1..=users.len() as i64).collect::<Vec<_>>()),
        Column::new("name".into(), names),
        Column::new("users".into(), &users),
        Column::new("previous".into(), &previous),
    ];
    columns.extend(share_columns(["step_rate", "low", "high"], &users, &previous));
    columns.push(Column::new("dropped".into(), dropped));
    columns.push(Column::new("of_visitors".into(), over(users[0], 0)));
    columns.push(Column::new("of_signups".into(), over(users.get(1).copied().flatten(), 1)));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// When users first got value, and how long it took.
///
/// Reads `users` and `events` as the [module](self) says; `value` says which events are value; `until` is the
/// first day that was not observed. Returns one row per user, in the order of `users`: `user_id`, `eligible`
/// (bool: observed for `hours`), `reached_at` (the first such event within `hours` of sign-up; null if none),
/// `hours` (f64: from sign-up to it).
///
/// # Errors
/// As [`Stages::milestones`].
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let times = growth::time_to_value(&users, &events, col("event").eq(lit("purchase")), 7 * 24, until)?;
/// assert_eq!(times.height(), users.height());
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn time_to_value(
    users: &dyn Source,
    events: &dyn Source,
    value: Expr,
    hours: u32,
    until: NaiveDate,
) -> Result<DataFrame> {
    // An event of which it is unknown whether it is value is refused further on.
    let asked = events.scan().filter(value.clone().fill_null(lit(true)));
    let lives = Lives::new(users, &asked, &[value], &[], until)?;
    let days = hours.div_ceil(24);
    let reached: Vec<Option<i64>> = (0..lives.users.height())
        .into_par_iter()
        .map(|user| lives.within_hours(user, 1, hours).map(|place| lives.of(user)[place].at))
        .collect();
    let took: Vec<Option<f64>> = reached
        .iter()
        .zip(lives.signup_at.iter())
        .map(|(at, from)| at.map(|at| (at - from) as f64 / (DAY / 24) as f64))
        .collect();
    // The last day counts in full: who signed up late in the day is observed a little less than the hours.
    let eligible: Vec<bool> =
        (0..lives.users.height()).map(|user| lives.eligible(user, days)).collect();
    let at = Column::new("reached_at".into(), reached)
        .cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
    Ok(DataFrame::new_infer_height(vec![
        lives.users.column(USER)?.clone(),
        Column::new("eligible".into(), eligible),
        at,
        Column::new("hours".into(), took),
    ])?)
}

/// Activation by an attribute of the users: how many got value within so many hours, and how fast.
///
/// Reads and takes what [`time_to_value`] does, and `by`, a column of `users`. Returns one row per value of the
/// attribute, in its order, and one for "all" at the end: the attribute's column (text), `eligible`, `activated`
/// (i64), `rate`, `low`, `high` (f64, 95 % Wilson), `fast` (i64: within 24 hours), `fast_rate` (f64: of the
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
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let bought = col("event").eq(lit("purchase"));
/// let by_plan = growth::activation(&users, &events, bought, 7 * 24, until, "plan")?;
/// assert_eq!(by_plan.height(), 3); // free, pro, all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn activation(
    users: &dyn Source,
    events: &dyn Source,
    value: Expr,
    hours: u32,
    until: NaiveDate,
    by: &str,
) -> Result<DataFrame> {
    activation_by(&time_to_value(users, events, value, hours, until)?, users, by)
}

/// [`activation`] from times that are known already: `times` as from [`time_to_value`] of the same `users`.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); times of other users, or in another order.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let times = growth::time_to_value(&users, &events, col("event").eq(lit("purchase")), 7 * 24, until)?;
/// assert_eq!(growth::activation_by(&times, &users, "plan")?.height(), 3); // free, pro, all
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn activation_by(times: &DataFrame, users: &dyn Source, by: &str) -> Result<DataFrame> {
    super::require(times, "times", &[USER, "eligible", "hours"])?;
    let users = fetch(users, "users", &[USER, by])?;
    if !times.column(USER)?.equals_missing(users.column(USER)?) {
        return Err(Error::column("times", USER, "is not that of `users`, in the same order"));
    }
    let (codes, values) = coded(users.column(by)?)?;
    let mut members = vec![vec![]; values.len()];
    for (user, code) in codes.iter().enumerate() {
        members[*code as usize].push(user);
    }
    let (eligible, took) = (times.column("eligible")?.bool()?, times.column("hours")?.f64()?);
    let everybody: Vec<usize> = (0..times.height()).collect();
    let rows = values.into_iter().zip(members).chain([(Some("all".to_owned()), everybody)]);
    let (mut names, mut of, mut hits, mut fast) = (vec![], vec![], vec![], vec![]);
    let (mut rates, mut medians, mut p90s) = (vec![], vec![], vec![]);
    for (name, members) in rows {
        let counted: Vec<usize> =
            members.into_iter().filter(|user| eligible.get(*user) == Some(true)).collect();
        let mut hours: Vec<f64> = counted.iter().filter_map(|user| took.get(*user)).collect();
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

/// The habit by how many days it is said to take: users active on at least n different days within `window` days
/// of sign-up, for n from 1 to `most`.
///
/// Reads `users` and `events` as the [module](self) says; `until` is the first day that was not observed. Returns
/// `days` (i64), `eligible` (i64: observed for the window), `users` (i64: active on so many days or more),
/// `rate`, `low`, `high` (f64, 95 % Wilson).
///
/// # Errors
/// As [`Stages::milestones`]; a window or `most` of 0.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let days = growth::habit(&users, &events, 30, 10, until)?;
/// assert_eq!(days.height(), 10);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn habit(
    users: &dyn Source,
    events: &dyn Source,
    window: u32,
    most: u32,
    until: NaiveDate,
) -> Result<DataFrame> {
    for (field, value) in [("window", window), ("most", most)] {
        if value == 0 {
            return Err(Error::config(field, value, "1 or more"));
        }
    }
    let lives = Lives::new(users, events, &[], &[], until)?;
    let mut counts = vec![0_i64; most as usize];
    let mut eligible = 0;
    for user in (0..lives.users.height()).filter(|user| lives.eligible(*user, window)) {
        eligible += 1;
        let end = i64::from(lives.signup_day[user]) + i64::from(window);
        let within =
            lives.of(user).iter().map(|moment| moment.day).take_while(|day| i64::from(*day) < end);
        let (mut known, mut seen) = (None, 0);
        for day in within {
            if known != Some(day) && seen < counts.len() {
                counts[seen] += 1;
                seen += 1;
            }
            known = Some(day);
        }
    }
    let hits: Vec<Option<i64>> = counts.into_iter().map(Some).collect();
    let of = vec![Some(eligible); hits.len()];
    let mut columns = vec![
        Column::new("days".into(), (1..=i64::from(most)).collect::<Vec<_>>()),
        Column::new("eligible".into(), &of),
        Column::new("users".into(), &hits),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &hits, &of));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// The North Star of a workspace product: workspaces in which people work together, week by week.
///
/// Reads `events`: `user_id`, `workspace_id`, `timestamp`, and the columns that `collaborates` names: which
/// events are collaboration. `from` and `until`: the first day observed, and the first day not. Returns one row
/// per week that lies wholly between, without gaps: `week` (Date, its Monday), `workspaces` (i64: with an event),
/// `collaborative` (i64: of those, with events of two or more users and at least one of collaboration), `share`,
/// `low`, `high` (f64, 95 % Wilson), `users` (i64: with an event).
///
/// # Errors
/// As [`Stages::milestones`]; days in the wrong order.
///
/// ```
/// use casebook::prelude::*;
///
/// let tables = notion::generate(&notion::Config { users: 2_000, ..Default::default() })?;
/// let events = tables.user_events.lazy().filter(col("event_type").neq(lit("signup")));
/// let day = |year| chrono::NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
/// let weeks = growth::north_star(&events, col("event_type").eq(lit("share")), day(2024), day(2025))?;
/// assert_eq!(weeks.height(), 52); // 2024 begins on a Monday and ends on a Tuesday
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn north_star(
    events: &dyn Source,
    collaborates: Expr,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<DataFrame> {
    const SPACE: &str = "workspace_id";
    if from > until {
        return Err(Error::config("from", from, format!("{until} or before")));
    }
    let mut lazy = events.scan();
    require_in(&*lazy.collect_schema()?, "events", &[USER, SPACE, TIME])?;
    let columns = [col(USER), col(SPACE), col(TIME), collaborates.alias("collaborates")];
    let events = lazy.select(columns).collect()?;
    let days = Moments::new(&events, "events", TIME)?.days();
    let users = Numbered::new(full(&events, "events", USER)?)?;
    let spaces = Numbered::new(full(&events, "events", SPACE)?)?;
    let shared = full(&events, "events", "collaborates")?.bool()?.clone();
    // The first week that begins, and the first that does not end, within the days observed.
    let week = |day: i32| Period::Week.of(day);
    let first = week(day(from) + 6);
    let end = week(day(until)).max(first);
    let weeks = (end - first) as usize;
    let numbers: Vec<i32> = days
        .par_iter()
        .map(|day| week(*day) - first)
        .map(|number| if (0..weeks as i32).contains(&number) { number } else { -1 })
        .collect();
    drop(days);
    let within = |codes: &[u32]| -> Vec<u32> {
        let kept = |(code, week): (&u32, &i32)| if *week < 0 { NOBODY } else { *code };
        codes.par_iter().zip(&numbers).map(kept).collect()
    };
    let mut here = vec![0_i64; weeks];
    let people = distinct(&within(&users.codes), users.count(), &numbers);
    people.items.iter().for_each(|week| here[*week as usize] += 1);
    let shared: Vec<bool> = shared.iter().map(|shared| shared == Some(true)).collect();
    let mut spaces = Grouped::new(&within(&spaces.codes), spaces.count(), |row| {
        (numbers[row], users.codes[row], shared[row])
    });
    let (active, together) = spaces
        .parts()
        .into_par_iter()
        .map(|mut part| together(&mut part, weeks))
        .reduce(|| (vec![0; weeks], vec![0; weeks]), |a, b| (sum(a.0, &b.0), sum(a.1, &b.1)));
    let some = |counts: &[i64]| counts.iter().copied().map(Some).collect::<Vec<_>>();
    let (active, together) = (some(&active), some(&together));
    let mut columns = vec![
        dates("week", (first..end).map(|week| Period::Week.start(week)).collect())?,
        Column::new("workspaces".into(), &active),
        Column::new("collaborative".into(), &together),
    ];
    columns.extend(share_columns(["share", "low", "high"], &together, &active));
    columns.push(Column::new("users".into(), here));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Of some workspaces, each with its events (week, user, whether it is collaboration): how many have events in each
/// week, and in how many of them people work together.
fn together(part: &mut Part<'_, (i32, u32, bool)>, weeks: usize) -> (Vec<i64>, Vec<i64>) {
    #[derive(Clone, Copy)]
    struct Week {
        space: usize,
        user: u32,
        several: bool,
        shared: bool,
    }
    let (mut active, mut together) = (vec![0; weeks], vec![0; weeks]);
    let mut known =
        vec![Week { space: usize::MAX, user: NOBODY, several: false, shared: false }; weeks];
    for space in 0..part.users() {
        for (week, user, shared) in part.of(space).iter() {
            let place = *week as usize;
            let week = &mut known[place];
            if week.space != space {
                *week = Week { space, user: *user, several: false, shared: false };
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

/// Who uses which feature, how much, and how long it took them.
///
/// Reads `users` and `events` as the [module](self) says, and `feature`, a column of `events`; events from
/// `until` on are left out. Returns one row per feature: `feature` (text), `users` (i64: all), `adopted` (i64:
/// used it at least once), `rate`, `low`, `high` (f64, 95 % Wilson), `events` (i64), `events_per_adopter`,
/// `median_days` (f64: from sign-up to the first use), by falling adoption, then name.
///
/// # Errors
/// As [`Stages::milestones`].
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let features = growth::adoption(&users, &events, "event", until)?;
/// assert_eq!(features.column("feature")?.str()?.get(0), Some("visit"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn adoption(
    users: &dyn Source,
    events: &dyn Source,
    feature: &str,
    until: NaiveDate,
) -> Result<DataFrame> {
    let users = fetch(users, "users", &[USER, SIGNUP])?;
    let events = fetch(events, "events", &[USER, TIME, feature])?;
    let moments = Moments::new(&events, "events", TIME)?;
    let signup = Moments::new(&users, "users", SIGNUP)?.beside(&moments, "users", SIGNUP)?.micros;
    let days = moments.days();
    let index = Index::new("users", full(&users, "users", USER)?)?;
    let codes = index.find("events", full(&events, "events", USER)?)?;
    let named = full(&events, "events", feature)?;
    let features = Numbered::new(named)?;
    let names = texts(&features.pick(named)?)?;
    let (until, width) = (day(until), names.len());
    let mut first = vec![i64::MAX; users.height() * width];
    let mut counts = vec![0_i64; width];
    for (row, user) in codes.iter().enumerate() {
        if *user == NOBODY || days[row] >= until || moments.micros[row] < signup[*user as usize] {
            continue;
        }
        let which = features.codes[row] as usize;
        let cell = &mut first[*user as usize * width + which];
        *cell = (*cell).min(moments.micros[row]);
        counts[which] += 1;
    }
    let everybody =
        signup.iter().zip(0..).filter(|(at, _)| at.div_euclid(DAY) < i64::from(until)).count();
    let mut rows: Vec<(i64, &str, i64, Option<f64>)> = vec![];
    for which in 0..width {
        let mut took: Vec<f64> = (0..users.height())
            .map(|user| (user, first[user * width + which]))
            .filter(|(_, at)| *at != i64::MAX)
            .map(|(user, at)| (at - signup[user]) as f64 / DAY as f64)
            .collect();
        took.sort_unstable_by(f64::total_cmp);
        let name = names[which].as_deref().unwrap_or_default();
        if !took.is_empty() {
            rows.push((took.len() as i64, name, counts[which], quantile(&took, 0.5)));
        }
    }
    rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let adopted: Vec<Option<i64>> = rows.iter().map(|row| Some(row.0)).collect();
    let of = vec![Some(everybody as i64); rows.len()];
    let mut columns = vec![
        Column::new("feature".into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()),
        Column::new("users".into(), &of),
        Column::new("adopted".into(), &adopted),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &adopted, &of));
    columns.push(Column::new("events".into(), rows.iter().map(|row| row.2).collect::<Vec<_>>()));
    let each: Vec<f64> = rows.iter().map(|row| row.2 as f64 / row.0 as f64).collect();
    columns.push(Column::new("events_per_adopter".into(), each));
    columns
        .push(Column::new("median_days".into(), rows.iter().map(|row| row.3).collect::<Vec<_>>()));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Users by how much they do, with their tenth: 1 holds the power users.
///
/// Reads `events`: `user_id`, `timestamp`. Counts the days from `from` to before `until`. Returns one row per
/// user with an event: `user_id`, `events`, `active_days` (i64), `tenth` (i64, 1 to 10: as SQL's `ntile(10)`, so
/// sizes differ by at most one and the first are the larger), by falling events, then user.
///
/// # Errors
/// As [`Stages::milestones`].
///
/// # Source
/// Power users are the top decile by volume of events, not by events per day of life, which puts users of one
/// day at the top.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let from = until - chrono::TimeDelta::days(90);
/// let users = growth::power_users(&events, from, until)?;
/// assert_eq!(users.column("tenth")?.i64()?.get(0), Some(1));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn power_users(events: &dyn Source, from: NaiveDate, until: NaiveDate) -> Result<DataFrame> {
    let frame = fetch(events, "events", &[USER, TIME])?;
    let days = Moments::new(&frame, "events", TIME)?.days();
    let within = day(from)..day(until);
    let ids = full(&frame, "events", USER)?;
    let numbered = Numbered::new(ids)?;
    let codes: Vec<u32> = numbered
        .codes
        .iter()
        .zip(&days)
        .map(|(code, day)| if within.contains(day) { *code } else { NOBODY })
        .collect();
    let mut events = vec![0_i64; numbered.count()];
    codes.iter().filter(|code| **code != NOBODY).for_each(|code| events[*code as usize] += 1);
    let active = distinct(&codes, numbered.count(), &days);
    let days: Vec<i64> = active.starts.windows(2).map(|ends| (ends[1] - ends[0]) as i64).collect();
    let frame = DataFrame::new_infer_height(vec![
        numbered.pick(ids)?,
        Column::new("events".into(), events),
        Column::new("active_days".into(), days),
    ])?;
    let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
    let mut sorted = frame
        .lazy()
        .filter(col("events").gt(lit(0_i64)))
        .sort(["events", USER], order)
        .collect()?;
    let n = sorted.height();
    let (size, more) = (n / 10, n % 10);
    let tenth = |row: usize| {
        let large = more * (size + 1);
        let place = if row < large { row / (size + 1) } else { more + (row - large) / size.max(1) };
        place as i64 + 1
    };
    sorted.with_column(Column::new("tenth".into(), (0..n).map(tenth).collect::<Vec<_>>()))?;
    Ok(sorted)
}

/// The tenths of [`power_users`]: what share of all activity each has.
///
/// Reads `users` as from there: `events`, `active_days`, `tenth`. Returns one row per tenth: `tenth`, `users`,
/// `events` (i64), `share` (f64: of all events), `fewest`, `most` (i64: events of one user), `days_per_user`
/// (f64).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or polars' own for a wrong type.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let until = chrono::NaiveDate::from_ymd_opt(2024, 4, 30).unwrap_or_default();
/// let users = growth::power_users(&events, until - chrono::TimeDelta::days(90), until)?;
/// assert_eq!(growth::tenths(&users)?.height(), 10);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn tenths(users: &dyn Source) -> Result<DataFrame> {
    let frame = fetch(users, "users", &["events", "active_days", "tenth"])?;
    let column = |name: &str| -> Result<Vec<i64>> {
        Ok(full(&frame, "users", name)?.i64()?.into_no_null_iter().collect())
    };
    let (events, days, tenth) = (column("events")?, column("active_days")?, column("tenth")?);
    let mut groups: std::collections::BTreeMap<i64, (i64, i64, i64, i64, i64)> = Default::default();
    for (row, events) in events.iter().enumerate() {
        let group = groups.entry(tenth[row]).or_insert((0, 0, i64::MAX, 0, 0));
        let (users, sum, fewest, most, active) = *group;
        *group =
            (users + 1, sum + events, fewest.min(*events), most.max(*events), active + days[row]);
    }
    let all: i64 = events.iter().sum();
    let groups: Vec<_> = groups.into_iter().collect();
    let whole = |of: fn(&(i64, i64, i64, i64, i64)) -> i64| -> Vec<i64> {
        groups.iter().map(|(_, group)| of(group)).collect()
    };
    let ratio = |above: Vec<i64>, below: &dyn Fn(usize) -> i64| -> Vec<f64> {
        above.iter().enumerate().map(|(n, above)| *above as f64 / below(n) as f64).collect()
    };
    let sizes = whole(|group| group.0);
    Ok(df!(
        "tenth" => groups.iter().map(|(tenth, _)| *tenth).collect::<Vec<_>>(),
        "users" => &sizes,
        "events" => whole(|group| group.1),
        "share" => ratio(whole(|group| group.1), &|_| all),
        "fewest" => whole(|group| group.2),
        "most" => whole(|group| group.3),
        "days_per_user" => ratio(whole(|group| group.4), &|n| sizes[n]),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::funnel::{Funnel, Step};

    /// Events of users "a" to …: (user, day, second, what); everybody signs up at second 100 of day 0.
    fn world(rows: &[(i64, i64, i64, &str)], users: i64) -> (DataFrame, DataFrame) {
        let moment = |name: &str| col(name).cast(DataType::Datetime(TimeUnit::Milliseconds, None));
        let at: Vec<i64> = rows.iter().map(|row| (row.1 * 86_400 + row.2) * 1_000).collect();
        let events = df!(
            "user_id" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "workspace_id" => rows.iter().map(|row| row.0 / 10).collect::<Vec<_>>(),
            "timestamp" => at,
            "event" => rows.iter().map(|row| row.3).collect::<Vec<_>>(),
        );
        let people = df!(
            "user_id" => (1..=users).collect::<Vec<_>>(),
            "signup_at" => vec![100_000_i64; users as usize],
            "plan" => (1..=users).map(|user| if user % 2 == 0 { "team" } else { "free" }).collect::<Vec<_>>(),
        );
        let typed = |frame: PolarsResult<DataFrame>, name: &str| {
            frame.unwrap().lazy().with_column(moment(name)).collect().unwrap()
        };
        (typed(people, "signup_at"), typed(events, "timestamp"))
    }

    fn is(what: &str) -> Expr {
        col("event").eq(lit(what))
    }

    fn until(day: i64) -> NaiveDate {
        NaiveDate::default() + chrono::TimeDelta::days(day)
    }

    fn whole(frame: &DataFrame, column: &str) -> Vec<i64> {
        frame.column(column).unwrap().i64().unwrap().into_no_null_iter().collect()
    }

    fn stages() -> Stages {
        Stages {
            engagement: (2, 30),
            habit: (3, 60),
            ..Stages::new(is("create"), is("share"), is("pay"))
        }
    }

    #[test]
    fn a_stage_counts_only_after_the_one_before() {
        let rows = [
            // All the way; the first share comes before the habit and does not count.
            (1, 0, 200, "create"),
            (1, 1, 0, "share"),
            (1, 2, 0, "view"),
            (1, 2, 5, "share"),
            (1, 3, 0, "pay"),
            // Pays before sharing: stays at the habit.
            (2, 0, 200, "create"),
            (2, 5, 0, "view"),
            (2, 9, 0, "pay"),
            // The page comes a second after the week: only signed up.
            (3, 7, 100, "create"),
            (3, 8, 0, "view"),
            (3, 9, 0, "view"),
            // The second day is day 30: too late.
            (4, 0, 200, "create"),
            (4, 30, 0, "view"),
            (4, 31, 0, "view"),
            // Days before the page do not count.
            (5, 1, 0, "view"),
            (5, 2, 0, "view"),
            (5, 3, 0, "create"),
        ];
        let (users, events) = world(&rows, 6);
        let reached = stages().milestones(&users, &events, until(90)).unwrap();
        let steps = Funnel::new(STAGES.map(Step::event)).conversion(&reached).unwrap();
        assert_eq!(whole(&steps, "users"), [6, 4, 2, 2, 1, 1]);
        let funnel = from_visitors(20, &steps).unwrap();
        assert_eq!(whole(&funnel, "users")[0], 20);
        assert_eq!(funnel.column("of_visitors").unwrap().f64().unwrap().get(6), Some(0.05));
        assert_eq!(funnel.column("of_signups").unwrap().f64().unwrap().get(0), None);
        assert!(from_visitors(5, &steps).unwrap_err().to_string().contains("`visitors` is 5"));
        // A day less, and nobody was observed for long enough.
        assert_eq!(stages().milestones(&users, &events, until(89)).unwrap().height(), 0);
    }

    #[test]
    fn windows_that_cannot_be_are_refused() {
        let (users, events) = world(&[], 1);
        let bad = Stages { habit: (5, 4), ..stages() };
        let message = bad.milestones(&users, &events, until(90)).unwrap_err().to_string();
        assert!(message.contains("`habit` is 5 days in 4"), "{message}");
        assert!(
            habit(&users, &events, 0, 3, until(90))
                .unwrap_err()
                .to_string()
                .contains("`window` is 0")
        );
    }

    #[test]
    fn activation_knows_who_was_observed_and_how_long_it_took() {
        let rows = [(1, 0, 3_700, "create"), (2, 2, 100, "create"), (4, 0, 50, "create")];
        let (users, events) = world(&rows, 4);
        let table = activation(&users, &events, is("create"), 72, until(3), "plan").unwrap();
        assert_eq!(
            texts(table.column("plan").unwrap()).unwrap().into_iter().flatten().collect::<Vec<_>>(),
            ["free", "team", "all"]
        );
        assert_eq!(whole(&table, "eligible"), [2, 2, 4]);
        // User 4's page is older than its sign-up.
        assert_eq!(whole(&table, "activated"), [1, 1, 2]);
        assert_eq!(whole(&table, "fast"), [1, 0, 1]);
        let median: Vec<f64> =
            table.column("median_hours").unwrap().f64().unwrap().into_no_null_iter().collect();
        assert_eq!(median, [1.0, 48.0, 24.5]);
        let unseen = activation(&users, &events, is("create"), 72, until(2), "plan").unwrap();
        assert_eq!(whole(&unseen, "eligible"), [0, 0, 0]);
        assert_eq!(unseen.column("rate").unwrap().null_count(), 3);
    }

    #[test]
    fn a_habit_is_counted_in_different_days() {
        let rows = [
            (1, 0, 200, "view"),
            (1, 0, 300, "view"),
            (1, 4, 0, "view"),
            (1, 10, 0, "view"),
            (2, 1, 0, "view"),
        ];
        let (users, events) = world(&rows, 3);
        let table = habit(&users, &events, 10, 3, until(10)).unwrap();
        assert_eq!(whole(&table, "users"), [2, 1, 0]);
        assert_eq!(whole(&table, "eligible"), [3, 3, 3]);
    }

    #[test]
    fn the_north_star_takes_two_people_and_collaboration() {
        // 1970-01-05 is a Monday: day 4. Users 10 to 19 share a workspace.
        let rows = [
            (11, 4, 0, "share"),
            (12, 5, 0, "view"), // together
            (21, 4, 0, "share"),
            (21, 6, 0, "share"), // alone
            (31, 7, 0, "view"),
            (32, 7, 0, "view"), // nobody shares
            (11, 11, 0, "share"),
            (12, 18, 0, "view"), // not in one week
            (11, 25, 0, "share"),
            (12, 25, 0, "view"), // a week that is not over
        ];
        let (_, events) = world(&rows, 1);
        let weeks = north_star(&events, is("share"), until(0), until(27)).unwrap();
        assert_eq!(whole(&weeks, "workspaces"), [3, 1, 1]);
        assert_eq!(whole(&weeks, "collaborative"), [1, 0, 0]);
        assert_eq!(whole(&weeks, "users"), [5, 1, 1]);
        assert!(north_star(&events, is("share"), until(5), until(4)).is_err());
    }

    #[test]
    fn adoption_counts_users_once_and_events_all() {
        let rows = [
            (1, 0, 200, "view"),
            (1, 2, 100, "view"),
            (2, 1, 100, "view"),
            (1, 3, 100, "share"),
            (1, 9, 0, "pay"),
        ];
        let (users, events) = world(&rows, 4);
        let table = adoption(&users, &events, "event", until(9)).unwrap();
        assert_eq!(whole(&table, "adopted"), [2, 1]);
        assert_eq!(whole(&table, "events"), [3, 1]);
        assert_eq!(whole(&table, "users"), [4, 4]);
        assert_eq!(table.column("median_days").unwrap().f64().unwrap().get(1), Some(3.0));
    }

    #[test]
    fn tenths_are_sqls() {
        // 23 users, user n with n events: the first three tenths hold three, as ntile does.
        let rows: Vec<(i64, i64, i64, &str)> =
            (1..=23).flat_map(|user| (0..user).map(move |n| (user, n % 5, n, "view"))).collect();
        let (_, events) = world(&rows, 1);
        let users = power_users(&events, until(0), until(9)).unwrap();
        assert_eq!(whole(&users, "user_id")[..3], [23, 22, 21]);
        let table = tenths(&users).unwrap();
        assert_eq!(whole(&table, "users"), [3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
        assert_eq!(whole(&table, "events")[0], 66);
        assert_eq!(whole(&table, "most")[9], 2);
        let few = power_users(&events, until(0), until(9)).unwrap().head(Some(4));
        assert_eq!(whole(&few, "tenth"), [1, 1, 1, 2]);
    }
}
