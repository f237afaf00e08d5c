//! What a study is told: which files, which columns, which events count as what.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use casebook::error::nearest;
use casebook::metrics::Period;
use casebook::{Error, Result};
use serde::{Deserialize, Serialize};

/// A config with comments, for the tables that `casebook report notion` writes.
pub const EXAMPLE: &str = include_str!("example.json");

/// A study of anyone's files. In the file, it is JSON, and lines that begin with `//` are comments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The report's title.
    #[serde(default = "title")]
    pub title: String,
    /// The time zone in which days are counted; without one, the zone that a Parquet file names, or UTC.
    pub timezone: Option<String>,
    /// The first day that was not observed; without one, the day after the last event.
    pub until: Option<String>,
    /// Who signs up in the same "day", "week" or "month" is a cohort; without it, as the time observed allows.
    pub cohorts: Option<String>,
    /// What users did.
    pub events: Events,
    /// Who signed up, and when; without it, users start with their first event.
    pub users: Option<Users>,
    /// Which events are first value.
    pub activation: Option<Activation>,
    /// The stages after activation.
    pub stages: Option<Stages>,
    /// Steps that users take one after the other.
    pub funnel: Option<Steps>,
    /// Which events the North Star counts.
    pub north_star: Option<NorthStar>,
    /// How many visited, by day.
    pub visitors: Option<Visitors>,
    /// Orders or payments, one in each row.
    pub payments: Option<Payments>,
    /// Plans that users are on.
    pub plans: Option<Plans>,
}

fn title() -> String {
    "Growth study".to_owned()
}

/// How the values of a table are read; as the options of `casebook analyze` with the same names.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reading {
    /// The format of times, such as "%d/%m/%Y %H:%M".
    pub time_format: Option<String>,
    /// What stands between the values of a CSV file, if it is not found.
    pub delimiter: Option<char>,
    /// Amounts are written 1.234,50.
    pub decimal_comma: bool,
    /// Amounts are written 1,234.50.
    pub thousands: bool,
    /// Leaves out rows without a time or an amount, and says how many.
    pub skip_missing: bool,
}

/// The table of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Files, folders or patterns, from the config's folder.
    pub files: Vec<PathBuf>,
    /// The column of users.
    #[serde(default = "user")]
    pub user: String,
    /// The column of times.
    #[serde(default = "time")]
    pub time: String,
    /// The column of events' names.
    pub event: Option<String>,
    /// The column of the workspace, team or account in which an event happened.
    pub group: Option<String>,
    /// Events that are no activity, such as the sign-up itself.
    #[serde(default)]
    pub leave_out: Vec<String>,
    /// Columns to compare users by, as they are at the first event; those of `users` if there are any.
    #[serde(default)]
    pub segments: Vec<String>,
    /// How values are read.
    #[serde(default)]
    pub reading: Reading,
}

fn user() -> String {
    "user_id".to_owned()
}

fn time() -> String {
    "timestamp".to_owned()
}

/// The table of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// Files, folders or patterns, from the config's folder.
    pub files: Vec<PathBuf>,
    /// The column of users.
    #[serde(default = "user")]
    pub user: String,
    /// The column with the time of sign-up; without one, users start with their first event.
    pub signup: Option<String>,
    /// Columns to compare users by.
    #[serde(default)]
    pub segments: Vec<String>,
    /// How values are read.
    #[serde(default)]
    pub reading: Reading,
}

/// What activates a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activation {
    /// Any of these events.
    pub events: Vec<String>,
    /// Hours from sign-up within which it must come.
    #[serde(default = "week")]
    pub hours: u32,
}

fn week() -> u32 {
    168
}

/// The stages after activation, each after the one before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stages {
    /// Active on this many days within this many days of sign-up.
    pub engagement: (u32, u32),
    /// The same, for a habit.
    pub habit: (u32, u32),
    /// Any of these events is collaboration.
    pub collaboration: Vec<String>,
    /// Any of these events is payment.
    pub payment: Vec<String>,
    /// Days of observation that a user needs, and in which all stages must come.
    pub within: u32,
}

impl Default for Stages {
    fn default() -> Stages {
        Stages {
            engagement: (3, 30),
            habit: (8, 60),
            collaboration: vec![],
            payment: vec![],
            within: 90,
        }
    }
}

/// Steps of a funnel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// Names of events, or lists of events of which any counts.
    pub steps: Vec<OneOf>,
    /// Days from the first step within which the others must come.
    pub days: Option<u32>,
}

/// An event's name, or several of which any counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOf {
    /// One.
    Event(String),
    /// Any of several.
    Events(Vec<String>),
}

impl OneOf {
    /// Returns the names.
    pub fn names(&self) -> &[String] {
        match self {
            OneOf::Event(name) => std::slice::from_ref(name),
            OneOf::Events(names) => names,
        }
    }

    /// Returns what the step is called.
    pub fn title(&self) -> String {
        either(self.names())
    }
}

/// Joins names of which any will do: "a, b or c".
pub(super) fn either(names: &[String]) -> String {
    match names {
        [before @ .., one, last] => {
            let before: String = before.iter().map(|name| format!("{name}, ")).collect();
            format!("{before}{one} or {last}")
        }
        [one] => one.clone(),
        [] => String::new(),
    }
}

/// What the North Star counts: by week, users with one of these events, or, if events have a group, groups in which two
/// or more users are active and one of them does this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NorthStar {
    /// Any of these events.
    pub events: Vec<String>,
}

/// The table of visitors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visitors {
    /// Files, folders or patterns, from the config's folder.
    pub files: Vec<PathBuf>,
    /// The column of days.
    #[serde(default = "date")]
    pub date: String,
    /// The column of how many visited.
    #[serde(default = "visitors")]
    pub visitors: String,
    /// How values are read.
    #[serde(default)]
    pub reading: Reading,
}

fn date() -> String {
    "date".to_owned()
}

fn visitors() -> String {
    "visitors".to_owned()
}

/// The table of payments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payments {
    /// Files, folders or patterns, from the config's folder.
    pub files: Vec<PathBuf>,
    /// The column of users.
    #[serde(default = "user")]
    pub user: String,
    /// The column of times.
    #[serde(default = "time")]
    pub time: String,
    /// The column of amounts.
    pub amount: String,
    /// The column of orders, if an order has several rows.
    pub order: Option<String>,
    /// The column of events' names, if only some rows are payments.
    pub event: Option<String>,
    /// Which of them are.
    #[serde(default)]
    pub only: Vec<String>,
    /// How values are read.
    #[serde(default)]
    pub reading: Reading,
}

/// Plans, in columns of the table of users.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    /// The column of plans.
    pub plan: String,
    /// The column of the day since when; empty where nothing is paid.
    pub since: String,
    /// The column of the first day that is not paid for; empty while a plan runs. Without it, no plan ends.
    #[serde(default)]
    pub until: Option<String>,
    /// What each paid plan costs a month.
    pub monthly: BTreeMap<String, f64>,
}

impl Config {
    /// Reads a config from its file. Paths in it begin in the file's folder.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file, the line and the fields that there are;
    /// [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for a field with a value out of range.
    pub fn read(path: &Path) -> Result<Config> {
        let text = fs::read_to_string(path).map_err(|cause| Error::file("read", path, cause))?;
        let mut config =
            Config::parse(&text).map_err(|problem| Error::file("read", path, problem))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        for file in config.files() {
            *file = folder.join(&*file);
        }
        config.validate()?;
        Ok(config)
    }

    fn parse(text: &str) -> Result<Config, String> {
        // A comment leaves an empty line, so that messages name the right one.
        let comment = |line: &str| line.trim_start().starts_with("//");
        let lines = text.lines().map(|line| if comment(line) { "" } else { line });
        let json = lines.collect::<Vec<_>>().join("\n");
        serde_json::from_str(&json).map_err(|error| {
            let problem = error.to_string();
            let mut names = problem.split('`').skip(1).step_by(2);
            let unknown = problem.starts_with("unknown field");
            let asked = names.next().filter(|_| unknown).unwrap_or_default();
            match nearest(asked, names).filter(|_| unknown) {
                Some(near) => format!("{problem}; did you mean `{near}`?"),
                None => problem,
            }
        })
    }

    /// Returns all files, for changes.
    fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let tables = [
            Some(&mut self.events.files),
            self.users.as_mut().map(|table| &mut table.files),
            self.visitors.as_mut().map(|table| &mut table.files),
            self.payments.as_mut().map(|table| &mut table.files),
        ];
        tables.into_iter().flatten().flatten()
    }

    /// Returns all files.
    pub fn all_files(&self) -> Vec<PathBuf> {
        self.clone().files().map(std::mem::take).collect()
    }

    /// Returns the period of the cohorts that is asked for.
    pub(super) fn period(&self) -> Result<Option<Period>> {
        let Some(text) = &self.cohorts else { return Ok(None) };
        let wrong = |_| Error::config("cohorts", format!("\"{text}\""), "day, week or month");
        text.parse().map(Some).map_err(wrong)
    }

    /// Tells whether users start with their first event, for want of sign-ups.
    pub(super) fn first_event(&self) -> bool {
        self.users.as_ref().is_none_or(|users| users.signup.is_none())
    }

    fn validate(&self) -> Result<()> {
        self.period()?;
        let empty = |field: &str, accepted: &str| Err(Error::config(field, "empty", accepted));
        if self.events.files.is_empty() {
            return empty("events.files", "one file or more");
        }
        if let Some(plans) = &self.plans {
            if self.users.is_none() {
                return Err(Error::config(
                    "plans",
                    "given",
                    "a table `users` that has its columns",
                ));
            }
            let wrong = plans.monthly.iter().find(|(_, price)| !price.is_finite());
            if let Some((plan, price)) = wrong {
                return Err(Error::config(format!("plans.monthly.{plan}"), price, "an amount"));
            }
        }
        if let Some(funnel) = &self.funnel
            && funnel.steps.len() < 2
        {
            let steps = funnel.steps.len();
            return Err(Error::config("funnel.steps", steps, "two steps or more"));
        }
        if self.payments.as_ref().is_some_and(|it| it.event.is_none() && !it.only.is_empty()) {
            return empty("payments.event", "the column in which the names in `only` stand");
        }
        // Without names of events there is nothing to find them in.
        if self.events.event.is_none()
            && let Some((field, _)) = self.named().first()
        {
            let accepted = "not without `events.event`, the column in which these names stand";
            return Err(Error::config(field.clone(), "given", accepted));
        }
        Ok(())
    }

    /// Returns each name of an event, with the field in which it stands.
    pub(super) fn named(&self) -> Vec<(String, &str)> {
        let stages = self.stages.as_ref();
        let lists = [
            ("events.leave_out", Some(&self.events.leave_out)),
            ("activation.events", self.activation.as_ref().map(|it| &it.events)),
            ("stages.collaboration", stages.map(|it| &it.collaboration)),
            ("stages.payment", stages.map(|it| &it.payment)),
            ("north_star.events", self.north_star.as_ref().map(|it| &it.events)),
        ];
        let mut all: Vec<(String, &str)> = vec![];
        for (field, names) in lists {
            for name in names.into_iter().flatten() {
                all.push((field.to_owned(), name));
            }
        }
        for step in self.funnel.iter().flat_map(|funnel| &funnel.steps) {
            for name in step.names() {
                all.push(("funnel.steps".to_owned(), name));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_config() {
        let config = Config::parse(EXAMPLE).unwrap();
        assert!(config.validate().is_ok());
        assert!(config.plans.is_some() && config.visitors.is_some());
    }

    #[test]
    fn names_are_joined_as_people_say_them() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!([1, 2, 3].map(|n| either(&names[..n])), ["a", "a or b", "a, b or c"]);
    }

    #[test]
    fn a_wrong_field_is_named_with_those_there_are() {
        let text = "{\n  // files\n  \"events\": { \"files\": [\"a.csv\"], \"usr\": \"id\" }\n}";
        let problem = Config::parse(text).unwrap_err();
        for part in ["`usr`", "`user`", "line 3", "did you mean `user`?"] {
            assert!(problem.contains(part), "{part}: {problem}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |more: &str| {
            let text = format!("{{ \"events\": {{ \"files\": [\"a.csv\"] }}, {more} }}");
            Config::parse(&text).unwrap().validate().unwrap_err().to_string()
        };
        assert!(refused("\"cohorts\": \"year\"").contains("day, week or month"));
        let activation = refused("\"activation\": { \"events\": [\"buy\"] }");
        assert!(activation.contains("`activation.events`"), "{activation}");
        assert!(refused("\"funnel\": { \"steps\": [\"buy\"] }").contains("two steps"));
        let plans = "\"plans\": { \"plan\": \"p\", \"since\": \"s\", \"monthly\": {} }";
        assert!(refused(plans).contains("`users`"));
    }
}
