//! The rules of `casebook analyze funnel`: what the library offers apart from steps and window.

use casebook::chrono::{NaiveDateTime, TimeDelta};
use casebook::metrics::Period;
use casebook::metrics::funnel::{Attribution, Excluded, Funnel, Mode, Step};
use casebook::{Error, Result};
use clap::{Args, ValueEnum};

use super::asked::{duration, period, until};

#[derive(Args)]
pub struct Rules {
    /// The longest time since the previous step: 10m for every step, or 10m@3 for step 3; separate several by commas
    #[arg(long, value_delimiter = ',', value_parser = within, value_name = "TIME@STEP")]
    within: Vec<Within>,
    /// Each step must come later than the one before, not at the same time
    #[arg(long)]
    increasing: bool,
    /// Repeating a step ends the attempt
    #[arg(long)]
    unrepeated: bool,
    /// In strict order, an attempt's latest step may be repeated
    #[arg(long, conflicts_with = "unrepeated")]
    repeatable: bool,
    /// Steps that count only with the user's first event of that name
    #[arg(long, value_name = "STEPS")]
    pub first_time: Vec<String>,
    /// Events that end an attempt if they come between the first and the last step, or between two others: refund@2-3.
    /// Conditions and quotes as in --steps
    #[arg(long, value_name = "EVENTS")]
    pub exclude: Vec<String>,
    /// What to do when an excluded event occurs
    #[arg(long, value_enum, requires = "exclude", default_value_t = Outcome::Stop, value_name = "OUTCOME")]
    excluded: Outcome,
    /// Leave users with an excluded event out of the funnel: same as --excluded leave
    #[arg(long, requires = "exclude", conflicts_with = "excluded")]
    leave_out: bool,
    /// Count like ClickHouse's windowFunnel in these modes; "default" for none
    #[arg(long, value_enum, value_delimiter = ',', value_name = "MODES")]
    window_funnel: Vec<Modes>,
    /// Which row decides the group of --by that a user belongs to: first-row of all the user's rows, first-touch or
    /// last-touch of those that match a step and have a value, step:2 for the row of step 2, or all-events to count
    /// each value on its own
    #[arg(long, requires = "by", value_parser = attribution, value_name = "ROW")]
    attribution: Option<Of>,
    /// Show the conversion by day, week or month in which attempts began, instead of the steps; needs --window
    #[arg(long, value_parser = period, conflicts_with = "by", value_name = "PERIOD")]
    pub trend: Option<Period>,
    /// The end of the observation period, exclusive [default: the end of the last day with an event]
    #[arg(long, value_parser = until, requires = "trend", value_name = "DATE")]
    pub until: Option<NaiveDateTime>,
}

type Within = (TimeDelta, Option<usize>);

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Outcome {
    /// The attempt ends; the user stays counted at the steps before
    Stop,
    /// The attempt does not count, as in PostHog
    Void,
    /// The user is left out of the funnel
    Leave,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Modes {
    Default,
    StrictDeduplication,
    StrictOrder,
    StrictIncrease,
    StrictOnce,
    AllowReentry,
}

/// Which row decides the group that a user belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Of {
    FirstRow,
    Event(Attribution),
}

fn within(text: &str) -> Result<Within, String> {
    match text.split_once('@') {
        None => Ok((duration(text)?, None)),
        Some((time, step)) => {
            let wrong = |_| format!("\"{text}\" does not name a step; write 10m@3 for step 3");
            Ok((duration(time)?, Some(step.parse().map_err(wrong)?)))
        }
    }
}

fn attribution(text: &str) -> Result<Of, String> {
    match text {
        "first-row" => Ok(Of::FirstRow),
        "first-touch" => Ok(Of::Event(Attribution::FirstTouch)),
        "last-touch" => Ok(Of::Event(Attribution::LastTouch)),
        "all-events" => Ok(Of::Event(Attribution::AllEvents)),
        _ => text
            .strip_prefix("step:")
            .and_then(|step| step.parse().ok())
            .map(|step| Of::Event(Attribution::Step(step)))
            .ok_or_else(|| {
                format!("\"{text}\" is not one of first-row, first-touch, last-touch, all-events, step:NUMBER")
            }),
    }
}

impl Rules {
    pub fn of(&self) -> Of {
        self.attribution.unwrap_or(Of::FirstRow)
    }

    /// Gives steps their own windows.
    pub fn limited(&self, mut steps: Vec<Step>) -> Result<Vec<Step>> {
        let count = steps.len();
        for (time, step) in &self.within {
            let chosen = match step {
                None => 2..=count,
                Some(step) if (2..=count).contains(step) => *step..=*step,
                Some(step) => {
                    let accepted = format!("a step from 2 to {count}, as in 10m@2");
                    return Err(Error::config("within", format!("for step {step}"), accepted));
                }
            };
            steps = steps
                .into_iter()
                .zip(1..)
                .map(|(step, number)| match chosen.contains(&number) {
                    true => step.within(*time),
                    false => step,
                })
                .collect();
        }
        Ok(steps)
    }

    /// Tells whether ClickHouse's windowFunnel was requested.
    pub fn window_funnel(&self) -> bool {
        !self.window_funnel.is_empty()
    }

    /// Applies these rules to a funnel.
    pub fn applied(&self, mut funnel: Funnel) -> Result<Funnel> {
        if self.increasing {
            funnel = funnel.increasing();
        }
        if self.unrepeated {
            funnel = funnel.unrepeated();
        }
        if self.repeatable {
            funnel = funnel.repeatable();
        }
        let outcome = match (self.leave_out, self.excluded) {
            (true, _) | (_, Outcome::Leave) => Excluded::Leaves,
            (_, Outcome::Void) => Excluded::Voids,
            (_, Outcome::Stop) => Excluded::Stops,
        };
        funnel = funnel.excluded(outcome);
        self.as_window_funnel(funnel)
    }

    fn as_window_funnel(&self, funnel: Funnel) -> Result<Funnel> {
        if self.window_funnel.is_empty() {
            return Ok(funnel);
        }
        let once = self.window_funnel.contains(&Modes::StrictOnce);
        let modes: Vec<Mode> = self
            .window_funnel
            .iter()
            .filter_map(|mode| match mode {
                Modes::StrictDeduplication => Some(Mode::StrictDeduplication),
                Modes::StrictOrder => Some(Mode::StrictOrder),
                Modes::StrictIncrease => Some(Mode::StrictIncrease),
                Modes::AllowReentry => Some(Mode::AllowReentry),
                Modes::Default | Modes::StrictOnce => None,
            })
            .collect();
        match (once, modes.as_slice()) {
            (false, _) => Ok(funnel.window_funnel(modes)),
            // Without modes of its own a funnel uses no event twice.
            (true, []) => Ok(funnel),
            (true, [Mode::StrictIncrease]) => Ok(funnel.increasing()),
            (true, _) => {
                let accepted = "strict_once alone or with strict_increase";
                Err(Error::config("window_funnel", "strict_once with other modes", accepted))
            }
        }
    }
}
