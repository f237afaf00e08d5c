//! What a funnel is: its steps, its window and its rules.

use chrono::TimeDelta;
use polars::prelude::*;

use crate::error::{Error, Result};

/// The most steps a funnel may have.
pub const MOST_STEPS: usize = 32;
/// The most of them that may be optional: each doubles the ways that simultaneous events can go.
pub const MOST_OPTIONAL: usize = 12;

/// One step: which events take it.
#[derive(Debug, Clone)]
pub struct Step {
    pub(super) name: String,
    pub(super) when: Expr,
    pub(super) optional: bool,
    pub(super) within: Option<TimeDelta>,
    pub(super) first_of: Option<Expr>,
}

impl Step {
    /// Creates a step that is taken by the events whose `event` column has this name.
    pub fn event(name: &str) -> Step {
        Step::new(name, col("event").eq(lit(name)))
    }

    /// Creates a step that is taken by the events for which an expression over the events' columns is true. A null does
    /// not count as true; an expression that is neither true nor false, such as a number, is refused.
    pub fn new(name: &str, when: Expr) -> Step {
        Step { name: name.to_owned(), when, optional: false, within: None, first_of: None }
    }

    /// Lets users skip the step on the way to the next. Neither the first nor the last step may be optional.
    pub fn optional(mut self) -> Step {
        self.optional = true;
        self
    }

    /// Limits the time since the step before, in addition to the funnel's own window.
    pub fn within(mut self, time: TimeDelta) -> Step {
        self.within = Some(time);
        self
    }

    /// Requires the event to be the user's first one, in all these data, that fits the step.
    ///
    /// ```
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let ever = Funnel::new([Step::event("visit").first_time(), Step::event("purchase")]);
    /// let again = Funnel::new([Step::event("visit"), Step::event("purchase")]);
    /// let week = chrono::TimeDelta::days(7);
    /// let buyers = |funnel: Funnel| -> casebook::Result<Option<i64>> {
    ///     Ok(funnel.window(week).conversion(&events)?.column("users")?.i64()?.get(1))
    /// };
    /// assert!(buyers(ever)? < buyers(again)?); // the first visit's week only
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn first_time(self) -> Step {
        let of = self.when.clone();
        self.first_of(of)
    }

    /// Requires the event to be the user's first one, in all these data, that fulfils `of`, and to fit the step: with `of`
    /// "is a purchase", a first purchase of 50 or more, and no later one.
    pub fn first_of(mut self, of: Expr) -> Step {
        self.first_of = Some(of);
        self
    }
}

/// In which order the steps must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// One after the other; anything may lie between.
    #[default]
    Sequential,
    /// One after the other, with no other event of the user's between.
    Strict,
    /// In any order: step k is reached by doing k of them. No event may match two steps.
    Any,
}

/// What happens to a user who does something excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Excluded {
    /// The attempt ends there. The user stays counted at the steps before, and may try again.
    #[default]
    Stops,
    /// The attempt does not count, as in PostHog. In any order it is as if it had not been: the user is
    /// counted for other attempts. In sequential and strict order a user whose furthest attempt does not
    /// count is left out of the funnel; the attempt gets as far as the next step, if that is done in
    /// time. Something excluded at the moment of another event of the funnel is overlooked there.
    Voids,
    /// The user is left out of the whole funnel.
    Leaves,
}

#[derive(Debug, Clone)]
pub(super) struct Exclusion {
    pub(super) when: Expr,
    pub(super) after: usize,
    pub(super) before: usize,
}

/// A funnel: steps, window and rules. See the [module](super) for what counts.
#[derive(Debug, Clone)]
pub struct Funnel {
    pub(super) steps: Vec<Step>,
    pub(super) window: Option<TimeDelta>,
    pub(super) order: Order,
    pub(super) increasing: bool,
    pub(super) unrepeated: bool,
    pub(super) repeatable: bool,
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) excluded: Excluded,
    pub(super) per: Option<String>,
    pub(super) window_funnel: Option<Modes>,
}

impl Funnel {
    /// Creates a funnel through these steps, without a limit of time.
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Funnel {
        Funnel {
            steps: steps.into_iter().collect(),
            window: None,
            order: Order::Sequential,
            increasing: false,
            unrepeated: false,
            repeatable: false,
            exclusions: vec![],
            excluded: Excluded::Stops,
            per: None,
            window_funnel: None,
        }
    }

    /// Limits the time from step 1 to any other step.
    pub fn window(mut self, window: TimeDelta) -> Funnel {
        self.window = Some(window);
        self
    }

    /// Sets the order in which steps must come.
    pub fn order(mut self, order: Order) -> Funnel {
        self.order = order;
        self
    }

    /// Requires each step to be later than the one before, not simultaneous with it.
    pub fn increasing(mut self) -> Funnel {
        self.increasing = true;
        self
    }

    /// Ends an attempt when a step that it has taken already is taken again.
    pub fn unrepeated(mut self) -> Funnel {
        self.unrepeated = true;
        self
    }

    /// Lets the step where an attempt stands be taken again in strict order without ending the attempt, as in PostHog:
    /// A A B B C gets to C.
    pub fn repeatable(mut self) -> Funnel {
        self.repeatable = true;
        self
    }

    /// Excludes who does this after step `after` (counted from 1) and before step `before`.
    pub fn exclude(mut self, when: Expr, after: usize, before: usize) -> Funnel {
        self.exclusions.push(Exclusion { when, after, before });
        self
    }

    /// Sets what happens to a user who does something excluded.
    pub fn excluded(mut self, excluded: Excluded) -> Funnel {
        self.excluded = excluded;
        self
    }

    /// Counts pairs of user and this column instead of users: sessions, for instance.
    pub fn per(mut self, column: &str) -> Funnel {
        self.per = Some(column.to_owned());
        self
    }

    /// Counts exactly as ClickHouse's `windowFunnel` does in these modes, its peculiarities included: an
    /// event may serve several steps, and in some modes nothing is looked at after the first event that
    /// does not fit. With [`Mode::StrictOnce`], alone or with [`Mode::StrictIncrease`], it counts as a funnel here
    /// does without this.
    ///
    /// ```
    /// use casebook::metrics::funnel::Mode;
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(chrono::TimeDelta::days(7));
    /// let found = funnel.window_funnel([Mode::StrictOrder, Mode::AllowReentry]).conversion(&events)?;
    /// assert_eq!(found.height(), 3);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn window_funnel(mut self, modes: impl IntoIterator<Item = Mode>) -> Funnel {
        self.window_funnel = Some(modes.into_iter().collect());
        self
    }

    /// Checks that the funnel makes sense.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the field.
    pub fn validate(&self) -> Result<()> {
        let n = self.steps.len();
        if !(1..=MOST_STEPS).contains(&n) {
            return Err(Error::config("steps", n, format!("1 to {MOST_STEPS}")));
        }
        for (field, time) in [("window", self.window)]
            .into_iter()
            .chain(self.steps.iter().map(|step| ("within", step.within)))
        {
            if let Some(time) = time.filter(|time| *time < TimeDelta::zero()) {
                return Err(Error::config(field, time, "no less than 0"));
            }
        }
        let any = self.order == Order::Any;
        let optional = self.steps.iter().filter(|step| step.optional).count();
        if optional > MOST_OPTIONAL {
            return Err(Error::config(
                "optional",
                format!("{optional} steps"),
                format!("up to {MOST_OPTIONAL}"),
            ));
        }
        for (place, step) in self.steps.iter().enumerate() {
            if step.optional && (place == 0 || place == n - 1 || self.order != Order::Sequential) {
                let accepted = "a step between the first and the last, in sequential order";
                return Err(Error::config("optional", format!("step {}", place + 1), accepted));
            }
            if step.within.is_some() && (place == 0 || any) {
                let accepted = "a step that follows another, in sequential or strict order";
                return Err(Error::config("within", format!("on step {}", place + 1), accepted));
            }
        }
        for (field, set) in [("increasing", self.increasing), ("unrepeated", self.unrepeated)] {
            if any && set {
                return Err(Error::config(field, "set", "sequential or strict order"));
            }
        }
        if self.repeatable && (self.order != Order::Strict || self.unrepeated) {
            let accepted = "strict order, without unrepeated";
            return Err(Error::config("repeatable", "set", accepted));
        }
        if self.exclusions.len() > 32 {
            return Err(Error::config("exclusions", self.exclusions.len(), "up to 32"));
        }
        for Exclusion { after, before, .. } in &self.exclusions {
            if *after < 1 || before <= after || *before > n || (any && (*after, *before) != (1, n))
            {
                let accepted = if any {
                    format!("after 1, before {n}: without an order there is no other between")
                } else {
                    format!("1 up to {n}, the first below the second")
                };
                return Err(Error::config(
                    "exclude",
                    format!("after {after}, before {before}"),
                    accepted,
                ));
            }
        }
        match self.window_funnel {
            Some(modes) => modes.validate(self),
            None => Ok(()),
        }
    }

    /// Whether events count that no step and no exclusion matches.
    pub(super) fn looks_at_all(&self) -> bool {
        self.order == Order::Strict || self.window_funnel.is_some_and(|modes| modes.strict_order)
    }
}

/// No limit is a limit that no two events reach.
pub(super) fn micros(time: Option<TimeDelta>) -> i64 {
    time.and_then(|time| time.num_microseconds()).unwrap_or(i64::MAX)
}

pub(super) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// A mode of ClickHouse's `windowFunnel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A step after the first that has been taken stops the count when it is taken again, whichever
    /// attempt took it.
    StrictDeduplication,
    /// The first event after a first step that takes no step, or one whose step before has not been
    /// taken, stops the count. Steps that have been taken may be taken again.
    StrictOrder,
    /// Each step must be later than the latest event that took the step before.
    StrictIncrease,
    /// An event serves one step of an attempt at most.
    StrictOnce,
    /// In strict order, events whose step before has not been taken are passed over.
    AllowReentry,
}

/// The modes that are on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Modes {
    pub strict_order: bool,
    pub strict_deduplication: bool,
    pub strict_increase: bool,
    pub strict_once: bool,
    pub allow_reentry: bool,
}

impl FromIterator<Mode> for Modes {
    fn from_iter<I: IntoIterator<Item = Mode>>(modes: I) -> Modes {
        let mut on = Modes::default();
        for mode in modes {
            match mode {
                Mode::StrictDeduplication => on.strict_deduplication = true,
                Mode::StrictOrder => on.strict_order = true,
                Mode::StrictIncrease => on.strict_increase = true,
                Mode::StrictOnce => on.strict_once = true,
                Mode::AllowReentry => on.allow_reentry = true,
            }
        }
        on
    }
}

impl Modes {
    pub fn validate(self, funnel: &Funnel) -> Result<()> {
        if self.allow_reentry && !self.strict_order {
            let accepted = "only with StrictOrder, as in ClickHouse";
            return Err(Error::config("window_funnel", "AllowReentry", accepted));
        }
        let rule = if funnel.order != Order::Sequential {
            "order"
        } else if funnel.increasing {
            "increasing"
        } else if funnel.unrepeated {
            "unrepeated"
        } else if !funnel.exclusions.is_empty() || funnel.excluded != Excluded::Stops {
            "exclude"
        } else if funnel.steps.iter().any(|step| step.optional) {
            "optional"
        } else if funnel.steps.iter().any(|step| step.within.is_some()) {
            "within"
        } else {
            return Ok(());
        };
        let accepted = "a funnel without other rules: windowFunnel knows none but its modes";
        Err(Error::config("window_funnel", format!("with {rule}"), accepted))
    }
}
