//! `casebook analyze ab`.

use casebook::chart::{self, Unit};
use casebook::format::count;
use casebook::metrics::experiment;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use casebook::{Error, Result};
use clap::Args;

use super::asked::{Output, capital};
use super::findings::{brief, counted, interval, numbers, texts};
use super::input::{Column, Kind, Source, Table};
use super::notes;

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
            true => draw_sizes(&ratio),
            false => self.draw(&effect, shares, users.height()),
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

impl Ab {
    /// Draws the difference or effect of each arm with its interval, and a line at no difference.
    fn draw(&self, effect: &DataFrame, shares: bool, rows: usize) -> Result<Figure> {
        let taken = effect.column("effect").is_ok();
        let value = if taken { "effect" } else { "difference" };
        let unit = if shares { Unit::Points } else { Unit::Number };
        let (outcome, control) = (brief(&self.outcome), brief(&self.control));
        let all = arms(effect, value)?;
        // With several arms, each must stand a stricter test: the largest of many differences is often chance.
        let p = effect.column("p_value").ok().map(|_| numbers(effect, "p_value")).transpose()?;
        let level = 0.05 / all.len().max(1) as f64;
        let clear = |place: usize| {
            let (_, _, (low, high)) = all[place].as_ref()?;
            let sure = p.as_ref().is_none_or(|p| p[place].is_some_and(|p| p < level));
            (sure && (*low > 0.0 || *high < 0.0)).then_some(place)
        };
        let size = |place: &usize| all[*place].as_ref().map_or(0.0, |found| found.1.abs());
        let clearest = (0..all.len()).filter_map(clear).max_by(|a, b| size(a).total_cmp(&size(b)));
        // A difference has a sign.
        let words = |found: f64, ends| match interval(unit, found, ends) {
            words if found > 0.0 && !words.starts_with('+') => format!("+{words}"),
            words => words,
        };
        let title = match (clearest.and_then(|place| all[place].as_ref()), &all[..]) {
            (Some((arm, found, ends)), _) => {
                let (arm, words) = (brief(arm), words(*found, *ends));
                match (taken, all.len()) {
                    (true, _) => format!("Taking {arm} changes {outcome} by {words}"),
                    (_, 1) => format!("{}: {arm} against {control} {words}", capital(&outcome)),
                    (_, n) => format!("Of {n} arms, {arm} differs most on {outcome}: {words}"),
                }
            }
            (None, [Some((arm, found, ends))]) => {
                let words = words(*found, *ends);
                format!("No clear {value} of {} on {outcome}: {words}", brief(arm))
            }
            (None, [None]) => format!("Too little to tell how sure the {value} is"),
            (None, all) => format!("None of {} arms clearly differs on {outcome}", all.len()),
        };
        let what = match (taken, shares) {
            (true, true) => format!("Effect on the share with {outcome}, percentage points"),
            (true, false) => format!("Effect on mean {outcome}"),
            (false, true) => {
                format!("Share with {outcome}, less that in {control}, percentage points")
            }
            (false, false) => format!("Mean {outcome}, less that in {control}"),
        };
        let of = if self.cluster.is_some() { "row" } else { "user" };
        let mut chart = chart::interval(effect, "arm", value, "low", "high")
            .reference(0.0, "no difference")
            .unit(unit)
            .title(title)
            .subtitle(format!("{what}, with 95% intervals; {}", counted(rows as f64, of)))
            .x_label(format!("{} {outcome}", if taken { "Effect on" } else { "Difference in" }))
            .y_label("Arm, against control")
            .size(720, 180 + 50 * effect.height().min(20) as u32);
        if let (Some(place), true) = (clearest, all.len() > 1)
            && let Some((arm, ..)) = &all[place]
        {
            chart = chart.highlight(arm);
        }
        chart.draw()
    }
}

/// An arm, its difference, and the ends of its interval.
type Compared = (String, f64, (f64, f64));

/// Returns each arm's difference with its interval; `None` where there is no interval.
fn arms(effect: &DataFrame, value: &str) -> Result<Vec<Option<Compared>>> {
    let [found, low, high] = [value, "low", "high"].map(|column| numbers(effect, column));
    let ends = low?.into_iter().zip(high?).map(|(low, high)| low.zip(high));
    let rows = texts(effect, "arm")?.into_iter().zip(found?.into_iter().zip(ends));
    Ok(rows.map(|(arm, (found, ends))| Some((arm, found?, ends?))).collect())
}

/// Draws how many users each arm has, and how many it should have.
fn draw_sizes(ratio: &DataFrame) -> Result<Figure> {
    let (users, expected) = (numbers(ratio, "users")?, numbers(ratio, "expected")?);
    let p = numbers(ratio, "p_value")?.first().copied().flatten();
    let told = |p: f64| if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") };
    let off = ratio.column("mismatch")?.bool()?.get(0) == Some(true);
    let title = match p {
        Some(p) if off => {
            format!("The arms don't have the sizes they should ({}): trust no effect", told(p))
        }
        Some(p) => format!("The arms have the sizes they should, but for chance ({})", told(p)),
        None => "No users in any arm".into(),
    };
    let total: f64 = users.iter().flatten().sum();
    let subtitle = format!("Users by arm; {}", counted(total, "user"));
    let alike = expected.windows(2).all(|pair| pair[0] == pair[1]);
    if let (Some(Some(each)), true) = (expected.first(), alike) {
        return chart::bar(ratio, "arm", "users")
            .hline(*each, &format!("expected: {}", count(each.round())))
            .title(title)
            .subtitle(subtitle)
            .labels("Arm", "Users")
            .draw();
    }
    let both = ["users", "expected"].map(|column| {
        let found = if column == "users" { "found" } else { column };
        let value = col(column).cast(DataType::Float64).alias("users");
        ratio.clone().lazy().select([col("arm"), value, lit(found).alias("kind")])
    });
    let both = concat(both, UnionArgs::default())?.collect()?;
    chart::bar(&both, "arm", "users")
        .by("kind")
        .title(title)
        .subtitle(format!("{subtitle}; found and expected of the split"))
        .labels("Arm", "Users")
        .draw()
}
