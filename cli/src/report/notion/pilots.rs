//! The levers' part of the study: what the pilots saw, what is expected of the options, and what became of them in twin worlds.
//!
//! The business's tables in `data/` are those of the company without launches. The pilots are generated from the same config, with the
//! launches: whoever no lever reaches lives the same life in both.

use std::path::Path;

use polars::prelude::*;

use casebook::cases::notion::{self, Config, Costs, Launch, Lever, World};
use casebook::decision::{self, Choice};
use casebook::frame::Verbs;
use casebook::{Error, Result};

use super::stored::{self, Frames};

/// Months that a decision looks ahead.
pub const HORIZON: u32 = 12;
/// How many futures each option is carried out in.
pub const FUTURES: u32 = 20;
/// Months around a launch that an event study shows.
const AROUND: std::ops::RangeInclusive<i64> = -6..=4;
/// Months before a launch that are tested for a trend.
const LEADS: u32 = 6;
/// Sign-ups in two years below which a region may have a month without any.
const FEWEST: u32 = 20_000;
/// Events that the company with pilots may have: it is kept in memory.
const MOST_EVENTS: f64 = 6e6;
/// Months that pilots and the forecast take.
const SHORTEST: u32 = 24;

/// The levers' frames, by name.
#[derive(Debug, Clone)]
pub struct Pilots {
    pub(super) frames: Frames,
}

/// The frames in the order in which they are made.
pub(super) const FRAMES: [&str; 12] = [
    "pilot_company",
    "pilot_launches",
    "pilot_regions",
    "lever_effects",
    "lever_claims",
    "event_study",
    "lever_costs",
    "lever_options",
    "twin_worlds",
    "lever_overlap",
    "lever_schedules",
    "next_tests",
];

/// Returns the config of the company with pilots: the report's own, where it allows pilots to be read. With fewer than 20,000 sign-ups
/// in two years, a region may have a month without any, so it gets as many; with fewer than 24 months there is no second year; and it has
/// at most as many users as 6,000,000 events are expected of.
///
/// ```
/// use casebook::cases::notion::Config;
/// use casebook_cli::report::notion::company;
///
/// assert_eq!(company(&Config::default()), Config::default());
/// let small = company(&Config { users: 3_000, months: 8, ..Config::default() });
/// assert_eq!((small.users, small.months), (20_000, 24));
/// ```
pub fn company(config: &Config) -> Config {
    let months = config.months.max(SHORTEST);
    let most = (MOST_EVENTS / config.targets.events_per_user) as u32;
    let fewest = FEWEST * months.div_ceil(SHORTEST);
    Config { users: config.users.min(most).max(fewest), months, ..config.clone() }
}

impl Pilots {
    /// Returns the names of all frames, in the order in which they are made.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FRAMES.into_iter()
    }

    /// Generates the [`company`] with its pilots, reads them, and carries every option out in twin worlds.
    ///
    /// # Errors
    /// Those of [`World::new`], [`notion::options`] and [`decision::compare`].
    pub fn new(config: &Config) -> Result<Pilots> {
        let company = company(config);
        let pilots = notion::pilots();
        let world = World::new(&company, &pilots, HORIZON, Costs::default())?;
        let seen = world.seen()?;
        let cells = notion::regions(seen, &pilots)?;
        let found = notion::lever_estimates(seen, &pilots)?;
        let options = notion::options(&world)?;
        let twins = decision::compare(&world, &options, FUTURES)?.frame()?;
        let figures: [(&str, f64); 5] = [
            ("sign-ups without levers", f64::from(company.users)),
            ("sign-ups", seen.user_profiles.height() as f64),
            ("events", seen.user_events.height() as f64),
            ("months", f64::from(company.months)),
            ("futures", f64::from(FUTURES)),
        ];
        let frames = vec![
            (
                "pilot_company",
                df!("what" => figures.map(|one| one.0), "value" => figures.map(|one| one.1))?,
            ),
            ("pilot_launches", launches(&company, &pilots)?),
            ("lever_effects", effects(&company, &cells, &found)?),
            ("lever_claims", claims(&cells, &found)?),
            ("event_study", event_studies(&cells)?),
            ("pilot_regions", cells),
            ("lever_costs", world.costs().frame()?),
            ("lever_options", predicted(&options, &twins)?),
            ("twin_worlds", twins),
            ("lever_overlap", notion::overlap(&world)?),
            ("lever_schedules", schedules(&world, &options)?),
            ("next_tests", notion::next_tests(&world)?),
        ];
        Ok(Pilots { frames })
    }

    /// Returns how many events the company with pilots has.
    ///
    /// # Errors
    /// As [`frame`](Pilots::frame).
    pub fn seen(&self) -> Result<usize> {
        Ok(self.frame("pilot_company")?.value("value", "what", "events")? as usize)
    }

    /// Returns a frame by its name.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for an unknown name.
    pub fn frame(&self, name: &str) -> Result<&DataFrame> {
        stored::find(&self.frames, name, &FRAMES)
    }

    /// Writes every frame into a folder, as CSV for people and as Parquet for [`read`](Pilots::read).
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        stored::write(folder, &FRAMES, |name| self.frame(name))
    }

    /// Reads what [`write`](Pilots::write) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file.
    pub fn read(folder: &Path) -> Result<Pilots> {
        Ok(Pilots { frames: stored::read(folder, &FRAMES)? })
    }
}

/// Lists what was launched where and when: `lever`, `region`, `month` (text: "2024-03"), `from` (i64: counted from the first month).
fn launches(company: &Config, pilots: &[Launch]) -> Result<DataFrame> {
    let months = pilots.iter().map(|one| company.start.plus(one.from).to_string());
    Ok(df!(
        "lever" => pilots.iter().map(|one| one.lever.name()).collect::<Vec<_>>(),
        "region" => pilots.iter().map(|one| one.region.name()).collect::<Vec<_>>(),
        "month" => months.collect::<Vec<_>>(),
        "from" => pilots.iter().map(|one| i64::from(one.from)).collect::<Vec<_>>(),
    )?)
}

/// Adds to estimates the test of the months before the launch, `before_df` (i64), `before_p_value` (f64), and the planted effect, `truth`
/// (f64).
fn effects(company: &Config, cells: &DataFrame, found: &DataFrame) -> Result<DataFrame> {
    let (names, outcomes) = (found.column("lever")?.str()?, found.column("outcome")?.str()?);
    let truth = notion::lever_truth(company)?;
    let (mut df, mut p_value, mut planted) = (vec![], vec![], vec![]);
    for (name, outcome) in names.iter().flatten().zip(outcomes.iter().flatten()) {
        let before = notion::lever_panel(cells, lever(name)?, outcome)?.pre_trends(LEADS)?;
        df.push(before.column("df")?.i64()?.get(0));
        p_value.push(before.column("p_value")?.f64()?.get(0));
        let own = col("lever").eq(lit(name)).and(col("outcome").eq(lit(outcome)));
        planted.push(truth.keep(own)?.scalar("effect")?);
    }
    let mut all = found.clone();
    all.with_column(Column::new("before_df".into(), df))?;
    all.with_column(Column::new("before_p_value".into(), p_value))?;
    all.with_column(Column::new("truth".into(), planted))?;
    Ok(all)
}

/// Adds to the deck's claims the test of the months before the launch, on the stage's outcome: `before_p_value` (f64).
fn claims(cells: &DataFrame, found: &DataFrame) -> Result<DataFrame> {
    let mut all = notion::lever_claims(cells, found)?;
    let before = notion::deck_claims()
        .iter()
        .map(|claim| {
            let tested =
                notion::lever_panel(cells, claim.lever, claim.outcome)?.pre_trends(LEADS)?;
            Ok(tested.column("p_value")?.f64()?.get(0))
        })
        .collect::<Result<Vec<Option<f64>>>>()?;
    all.with_column(Column::new("before_p_value".into(), before))?;
    Ok(all)
}

/// Estimates each lever's effect by months since the launch, on what it is meant to lift: `lever`, `outcome`, and the columns of
/// [`Panel::event_study`](casebook::metrics::panel::Panel::event_study).
fn event_studies(cells: &DataFrame) -> Result<DataFrame> {
    let mut together = DataFrame::empty();
    for claim in notion::deck_claims() {
        let found = notion::lever_panel(cells, claim.lever, claim.outcome)?.event_study(AROUND)?;
        let named = [lit(claim.lever.name()).alias("lever"), lit(claim.outcome).alias("outcome")];
        let columns = found.get_column_names_owned().into_iter().map(col);
        let found =
            found.clone().lazy().select(named.into_iter().chain(columns).collect::<Vec<_>>());
        together.vstack_mut_owned(found.collect()?)?;
    }
    Ok(together)
}

/// Returns what is expected of each option, the best first, with what it costs: `option`, `gain`, `low`, `high`, `cost` (f64, US dollars).
fn predicted(options: &[Choice<Launch>], twins: &DataFrame) -> Result<DataFrame> {
    let expected = decision::predictions(options)?;
    expected.left_join_on(&twins.pick(("option", "cost"))?, "option")
}

/// Returns two orders of launches: the one that the estimates favour, and the one that is best in the mean over all futures. `schedule`,
/// `order` (text), `gain` (f64, US dollars: the exact mean over futures, after costs).
fn schedules(world: &World, options: &[Choice<Launch>]) -> Result<DataFrame> {
    let nothing = world.expected(&[])?.net();
    let name = "optimised schedule";
    let ours = options.iter().find(|option| option.name == name);
    let ours = ours.ok_or_else(|| Error::config("options", name, "an option of this name"))?;
    let mut order: Vec<(u32, &str)> =
        ours.done.iter().map(|one| (one.from, one.lever.name())).collect();
    order.sort_unstable();
    order.dedup();
    let order: Vec<&str> = order.into_iter().map(|one| one.1).collect();
    let (best, gain) = notion::best_schedule(world)?;
    let best: Vec<&str> = best.into_iter().map(Lever::name).collect();
    let named = |order: &[&str]| match order.is_empty() {
        true => "do nothing".to_owned(),
        false => order.join(", then "),
    };
    Ok(df!(
        "schedule" => ["by the estimates", "the best there is"],
        "order" => [named(&order), named(&best)],
        "gain" => [world.expected(&ours.done)?.net() - nothing, gain],
    )?)
}

fn lever(name: &str) -> Result<Lever> {
    let known = Lever::ALL.into_iter().find(|lever| lever.name() == name);
    known.ok_or_else(|| Error::config("lever", name, Lever::ALL.map(Lever::name).join(", ")))
}
