//! The stages from sign-up to payment.

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::events::Observed;
use crate::events::{EventSource, Grouped, TIME, UserSource, Window, columns_of};
use crate::metrics::{require, share_columns, texts};

/// The stages a user can reach, in order, as [`Stages::milestones`] names them.
pub const STAGES: [&str; 6] =
    ["signup", "activation", "engagement", "habit", "collaboration", "monetization"];

/// Defines the stages of a workspace product.
///
/// Each stage counts only after the one before it. Days are calendar days; the day of sign-up is day 0.
#[derive(Debug, Clone)]
pub struct Stages {
    /// The condition for events that activate a user. The first within [`activation_hours`](Stages::activation_hours)
    /// of sign-up counts.
    pub activates: Expr,
    /// The hours from sign-up within which a user must activate: by default 168, a week; at most the days of
    /// [`within`](Stages::within).
    pub activation_hours: u32,
    /// Engagement: active on this many different days from activation on, and before this day. By default (3, 30).
    pub engagement: (u32, u32),
    /// Habit: likewise. By default (8, 60).
    pub habit: (u32, u32),
    /// The condition for events that are collaboration. The first one after the habit is reached counts.
    pub collaborates: Expr,
    /// The condition for events that are payment. The first one after collaboration counts.
    pub pays: Expr,
    /// Collaboration and payment must come before this day, and only users observed for this many days are counted: by
    /// default 90.
    pub within: u32,
}

const ACTIVATES: u8 = 1;
const COLLABORATES: u8 = 2;
const PAYS: u8 = 4;

/// An event as the stages see it: when it happened, and what it is.
#[derive(Clone, Copy, Default)]
struct Moment {
    at: i64,
    day: i32,
    kinds: u8,
}

impl Stages {
    /// Creates stages with the usual windows.
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

    /// Finds when each user reached each stage: what a [`Funnel`](crate::metrics::funnel::Funnel) counts.
    ///
    /// Reads `users` and `events` as the [module](super) says. Returns one row per stage reached by a user observed for
    /// [`within`](Stages::within) days: the column of users, under the name it has in `users`, `timestamp` (on the clock of
    /// the events), `event` (one of [`STAGES`]), by user in the order of `users`, and stage.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty users or times, or a user who is in `users`
    /// twice; [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for impossible windows, or an expression
    /// that is not true or false.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let users = warehouse::files::read("data/samples/users.csv")?;
    /// let observed = Window::until(Month { year: 2024, month: 5 }.midnight());
    /// let kind = |name: &str| col("event").eq(lit(name));
    /// let mut stages = growth::Stages::new(kind("search"), kind("cart"), kind("purchase"));
    /// (stages.engagement, stages.habit, stages.within) = ((2, 14), (3, 30), 30);
    /// let reached = stages.milestones(&users, &events, observed)?;
    /// assert_eq!(reached.column("event")?.str()?.get(0), Some("signup"));
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn milestones(
        &self,
        users: &dyn UserSource,
        events: &dyn EventSource,
        window: Window,
    ) -> Result<DataFrame> {
        self.validate()?;
        let conditions = [
            ("activates", &self.activates),
            ("collaborates", &self.collaborates),
            ("pays", &self.pays),
        ];
        let also = columns_of(conditions.map(|(_, condition)| condition));
        let also: Vec<&str> = also.iter().map(|column| column.as_str()).collect();
        let observed = Observed::new(users.started(&[])?, events.events(&also)?, window)?;
        let kinds = observed.events.marks(&conditions)?;
        let days = observed.events.days();
        let mut moments = Grouped::new(&observed.user, observed.people(), |row| Moment {
            at: observed.at(row, observed.user[row] as usize),
            day: days[row],
            kinds: kinds[row],
        });
        moments.parts().into_par_iter().for_each(|mut part| {
            for user in 0..part.users() {
                part.of(user).sort_unstable_by_key(|moment| moment.at);
            }
        });
        let reached: Vec<Reached> = (0..observed.people())
            .into_par_iter()
            .map(|user| {
                let mine = &moments.items[moments.starts[user]..moments.starts[user + 1]];
                self.reached(&observed, user, mine)
            })
            .collect();
        let (mut rows, mut at, mut names) = (vec![], vec![], vec![]);
        for (user, reached) in reached.iter().enumerate() {
            for (stage, moment) in reached.at[..reached.stages].iter().enumerate() {
                rows.push(user as IdxSize);
                at.push(Some(*moment));
                names.push(STAGES[stage]);
            }
        }
        Ok(DataFrame::new_infer_height(vec![
            observed.ids()?.take(&IdxCa::from_vec("row".into(), rows))?,
            observed.events.moments().column(TIME, at)?,
            Column::new("event".into(), names),
        ])?)
    }

    fn validate(&self) -> Result<()> {
        for (field, (days, window)) in [("engagement", self.engagement), ("habit", self.habit)] {
            if days == 0 || window < days || window > self.within {
                let accepted = format!(
                    "1 day or more, in a window of at least as many days and at most {}",
                    self.within
                );
                return Err(Error::config(field, format!("{days} days in {window}"), accepted));
            }
        }
        if self.activation_hours.div_ceil(24) > self.within {
            let accepted = format!("at most the hours of {} days", self.within);
            return Err(Error::config("activation_hours", self.activation_hours, accepted));
        }
        Ok(())
    }

    /// The moments of the stages that a user reached, one after the other. `mine` are the user's events by time.
    fn reached(&self, observed: &Observed, user: usize, mine: &[Moment]) -> Reached {
        let mut reached = Reached::default();
        if !observed.eligible(user, self.within) {
            return reached;
        }
        reached.add(observed.start[user]);
        // Simultaneous events are in no order: each comes at or after the other.
        let since = |at: i64| &mine[mine.partition_point(|moment| moment.at < at)..];
        let first =
            |from: i64, kind: u8| since(from).iter().find(|moment| moment.kinds & kind != 0);
        let before = |moment: &&Moment, day: u32| i64::from(moment.day) < observed.day(user, day);
        let nth_day = |from: i64, (n, window): (u32, u32)| {
            // Where clocks are moved at midnight, a day can come twice.
            let mut last = i32::MIN;
            let new = |moment: &&Moment| {
                let later = moment.day > last;
                last = last.max(moment.day);
                later
            };
            let days = since(from).iter().filter(new);
            days.take_while(|moment| before(moment, window)).nth(n as usize - 1)
        };
        let mut way = || {
            let mut step = |moment: Option<&Moment>| {
                let at = moment?.at;
                reached.add(at);
                Some(at)
            };
            let in_time =
                |m: &&Moment| observed.within_hours(user, m.at, m.day, self.activation_hours);
            let activated = step(first(i64::MIN, ACTIVATES).filter(in_time))?;
            step(nth_day(activated, self.engagement))?;
            let habit = step(nth_day(activated, self.habit))?;
            let end = |moment: &&Moment| before(moment, self.within);
            let shared = step(first(habit, COLLABORATES).filter(end))?;
            step(first(shared, PAYS).filter(end))
        };
        way();
        reached
    }
}

/// The stages that a user reached, and when.
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

/// Prepends visitors to a funnel of sign-ups: the funnel from the first visit on.
///
/// Reads `steps` as returned by [`Funnel::conversion`](crate::metrics::funnel::Funnel::conversion) over milestones,
/// with rows in any order; `visitors` is how many people visited while those users signed up. Returns `stage` (i64,
/// from 1), `name`, `users`, `previous` (i64), `step_rate`, `low`, `high` (f64, 95% Wilson), `dropped` (i64),
/// `of_visitors`, `of_signups` (f64: users over those; null where the base comes later).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for fewer visitors than sign-ups.
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
    require(steps, "steps", &["step", "name", "users"])?;
    let steps = steps.sort(["step"], SortMultipleOptions::default())?;
    let mut names = vec![Some("awareness".to_owned())];
    names.extend(texts(steps.column("name")?)?);
    let mut users = vec![Some(visitors as i64)];
    users.extend(steps.column("users")?.i64()?.iter());
    if users.get(1).copied().flatten() > users[0] {
        let accepted = "at least as many as sign-ups";
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
