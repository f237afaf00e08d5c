//! `casebook analyze ab`.

use casebook::chart::{self, Unit};
use casebook::metrics::experiment;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::Args;

use super::input::{Column, Kind, Source, Table};
use super::{Output, capital, notes};

/// Compare the share or mean of each of an experiment's arms with control's, and check the sizes of the arms
///
/// Example: casebook analyze ab data/samples/experiment.csv --user user_id --arm arm --outcome converted --control control
#[derive(Args)]
pub struct Ab {
    #[command(flatten)]
    source: Source,
    /// The user ID column; a user may be in two rows only with --cluster. Without it, each row counts as a separate
    /// user
    #[arg(long, value_name = "COLUMN")]
    user: Option<String>,
    /// The column with the arm
    #[arg(long, default_value = "arm", value_name = "COLUMN")]
    arm: String,
    /// The arm to compare the others with
    #[arg(long, default_value = "control", value_name = "ARM")]
    control: String,
    /// The outcome column: 1 and 0 for a conversion, or any number
    #[arg(long, value_name = "COLUMN")]
    outcome: String,
    /// Compare means even if all outcomes are 1 or 0
    #[arg(long)]
    means: bool,
    /// The column with the same number from before the experiment, which narrows the interval (CUPED)
    #[arg(long, value_name = "COLUMN", conflicts_with_all = ["taken", "cluster"])]
    before: Option<String>,
    /// The column that says whether the offer was taken, 1 or 0: estimates the effect on those who take it
    #[arg(long, value_name = "COLUMN", conflicts_with = "cluster")]
    taken: Option<String>,
    /// The column that groups rows, such as a user with several sessions: resamples whole clusters
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The seed of the resampling
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// The shares the arms should have, such as control:50,offer:50 [default: equal]
    #[arg(long, value_delimiter = ',', value_name = "ARM:SHARE")]
    split: Vec<String>,
    /// Check the sizes of the arms instead of the effect
    #[arg(long)]
    ratio: bool,
    #[command(flatten)]
    output: Output,
}

impl Ab {
    pub fn run(self) -> Result<()> {
        self.output.check()?;
        let mut columns = vec![
            Column::new(&self.arm, "arm", Kind::Label).said_by("--arm"),
            Column::new(&self.outcome, "outcome", Kind::Number).said_by("--outcome"),
        ];
        columns.extend(self.user.iter().map(|column| Column::new(column, "user_id", Kind::Id)));
        columns
            .extend(self.before.iter().map(|column| Column::new(column, "before", Kind::Number)));
        columns.extend(self.taken.iter().map(|column| Column::new(column, "taken", Kind::Flag)));
        columns.extend(self.cluster.iter().map(|column| Column::new(column, "cluster", Kind::Id)));
        let table = self.source.read(&columns)?;
        let users = &table.frame;
        match (&self.user, &self.cluster) {
            (_, Some(_)) => {}
            (Some(_), None) => once(&table)?,
            (None, None) => notes::tell(
                "each row counts as a user; --user COLUMN checks that no user is in two rows or two arms",
            ),
        }
        let ratio = self.sizes(&table).map_err(|error| table.told(error))?;
        let outcomes = users.column("outcome")?.f64()?;
        let shares =
            !self.means && outcomes.iter().flatten().all(|value| value == 0.0 || value == 1.0);
        let effect = match self.ratio {
            true => ratio.clone(),
            false => self.effect(users, shares).map_err(|error| table.told(error))?,
        };
        if ratio.column("mismatch")?.bool()?.iter().next().flatten() == Some(true) {
            let p = ratio.column("p_value")?.f64()?.iter().next().flatten().unwrap_or(0.0);
            crate::say::complain!(
                "casebook: the arms do not have the sizes they should (p = {p:.2e}): assignment or logging is broken, and no effect can be trusted; see --ratio"
            );
        }
        self.output.give(&effect, || match self.ratio {
            true => chart::bar(&ratio, "arm", "users")
                .title("How many users each arm has")
                .x_label("Arm")
                .y_label("Users")
                .draw(),
            false => draw(&effect, shares, &self.outcome),
        })
    }

    fn effect(&self, users: &DataFrame, shares: bool) -> Result<DataFrame> {
        let control = self.control.as_str();
        if self.before.is_some() {
            experiment::cuped(users, "arm", "outcome", "before", control)
        } else if self.taken.is_some() {
            experiment::complier_effect(users, "arm", "taken", "outcome", control)
        } else if self.cluster.is_some() {
            experiment::cluster_bootstrap(
                users, "arm", "outcome", "cluster", control, 2_000, self.seed,
            )
        } else if shares {
            experiment::proportions(users, "arm", "outcome", control)
        } else {
            experiment::means(users, "arm", "outcome", control)
        }
    }

    fn sizes(&self, table: &Table) -> Result<DataFrame> {
        let users = &table.frame;
        let arms = users.column("arm")?.drop_nulls().unique()?.sort(SortOptions::default())?;
        let names: Vec<String> = arms.str()?.iter().flatten().map(str::to_owned).collect();
        let mut weights: Vec<(String, f64)> = vec![];
        for text in &self.split {
            let parsed =
                text.rsplit_once(':').and_then(|(arm, share)| Some((arm, share.parse().ok()?)));
            let Some((arm, share)) = parsed else {
                return Err(Error::config(
                    "split",
                    format!("\"{text}\""),
                    "ARM:SHARE, such as control:50",
                ));
            };
            weights.push((arm.to_owned(), share));
        }
        if weights.is_empty() {
            weights = names.into_iter().map(|name| (name, 1.0)).collect();
        }
        let weights: Vec<(&str, f64)> = weights.iter().map(|(arm, w)| (arm.as_str(), *w)).collect();
        if weights.len() < 2 {
            let problem = "it has only one arm; there is nothing to compare";
            return Err(table.trouble(problem));
        }
        experiment::sample_ratio(users, "arm", &weights)
    }
}

/// Checks that no user is in two rows.
fn once(table: &Table) -> Result<()> {
    let Some((id, rows)) = table.twice("user_id")? else { return Ok(()) };
    let arms = table.frame.column("arm")?.str()?;
    Err(table.trouble(match rows.map(|row| arms.get(row).unwrap_or_default()) {
        [one, other] if one != other => format!(
            "the user \"{id}\" appears more than once, in \"{one}\" and in \"{other}\"; a user in \
             two arms tells nothing about either: leave such users out"
        ),
        _ => format!(
            "the user \"{id}\" appears more than once; use --cluster for rows that belong together"
        ),
    }))
}

/// Draws the difference or effect of each arm with its interval, and a line at no difference.
fn draw(effect: &DataFrame, shares: bool, outcome: &str) -> Result<Figure> {
    let value = if effect.column("effect").is_ok() { "effect" } else { "difference" };
    // A difference of percentages is in points.
    let scale = if shares { 100.0 } else { 1.0 };
    let scaled = effect
        .clone()
        .lazy()
        .with_columns([col(value) * lit(scale), col("low") * lit(scale), col("high") * lit(scale)])
        .collect()?;
    let first = |name: &str| -> Option<f64> {
        scaled.column(name).ok()?.f64().ok()?.iter().next().flatten()
    };
    let points = if shares { " points" } else { "" };
    let title = match (first(value), first("low"), first("high")) {
        (Some(found), Some(low), Some(high)) => {
            let [found, low, high] = [found, low, high].map(|number| Unit::Number.text(number));
            format!("The {value} is {found}{points} ({low} to {high})")
        }
        _ => format!("The {value} in each arm"),
    };
    let unit = if shares { ", percentage points" } else { "" };
    chart::interval(&scaled, "arm", value, "low", "high")
        .reference(0.0, "no difference")
        .title(title)
        .x_label(format!("{} of {}{unit}, with 95% intervals", capital(value), outcome))
        .y_label("Arm, against control")
        .size(720, 180 + 50 * scaled.height().min(20) as u32)
        .draw()
}
