//! What an analyst would propose against churn, from the tables alone.

use polars::prelude::*;
use rand_distr::{Beta, Distribution};

use super::Tables;
use super::config::Size;
use super::intervention::{Audience, Costs, Intervention, Offer};
use crate::cases::check::within;
use crate::decision::{Choice, Prediction};
use crate::error::Result;
use crate::frame::reals;
use crate::stats::interval::wilson;
use crate::stream::{Stream, stream};

/// How often hazards are drawn for the interval of a prediction.
const DRAWS: usize = 2_000;

/// What is assumed of a retention offer that nobody has made yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms {
    /// The first month of the offer.
    pub from: u32,
    /// How many months it runs, and its results are counted; 1 to 600.
    pub horizon: u32,
    /// Share of the companies about to churn that it keeps; 0 to 1. Nothing in the data says how large it is.
    pub saves: f64,
    /// Use falls if a month has at most this share fewer sessions than the one before; 0 to 1.
    pub falls: f64,
    /// What is assumed about money.
    pub costs: Costs,
}

/// Counts, for each size, how many clients whose use fell in a month were lost in the next, and of how many; and of the others.
///
/// Use falls if a month has at most `1 - falls` times the sessions of the month before; a company's first month has none before it.
/// Returns `company_size`, `use` ("fell", "held", and "first month"), `clients`, `lost` (i64), `rate`, `low`, `high` (f64, with the
/// Wilson interval), by size and use.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for `falls` outside 0 to 1; those of [`Tables::presence`].
///
/// ```
/// use casebook::cases::saas;
///
/// let tables = saas::generate(&saas::Config::default())?;
/// let found = saas::churn_by_use(&tables, 0.5)?;
/// assert_eq!(found.height(), 6);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn churn_by_use(tables: &Tables, falls: f64) -> Result<DataFrame> {
    within("falls", falls, 0.0, 1.0)?;
    let by_company = [col("company_id")];
    let use_is = when(col("earlier").is_null())
        .then(lit("first month"))
        .when(col("sessions").cast(DataType::Float64).lt_eq(lit(1.0 - falls) * col("earlier")))
        .then(lit("fell"))
        .otherwise(lit("held"));
    let last = tables.months.column("month_no")?.i64()?.max().unwrap_or(0);
    let counted = tables
        .presence()?
        .lazy()
        .sort(["company_id", "month_no"], SortMultipleOptions::default())
        // The row that stands for acquisition has no sessions to compare with.
        .filter(col("month_no").gt(lit(0)))
        .with_columns([
            col("sessions").shift(lit(1)).over(by_company.clone())?.alias("earlier"),
            col("month_no").shift(lit(-1)).over(by_company)?.is_null().alias("lost"),
        ])
        .filter(col("month_no").lt(lit(last)))
        .with_column(use_is.alias("use"))
        .group_by([col("company_size"), col("use")])
        .agg([
            len().cast(DataType::Int64).alias("clients"),
            col("lost").sum().cast(DataType::Int64).alias("lost"),
        ])
        .sort(["company_size", "use"], SortMultipleOptions::default())
        .collect()?;
    let (clients, lost) = (reals(&counted, "clients")?, reals(&counted, "lost")?);
    let rates: Vec<(f64, f64, f64)> = clients
        .iter()
        .zip(&lost)
        .map(|(clients, lost)| {
            let (low, high) = wilson(*lost as u64, *clients as u64).unwrap_or((0.0, 1.0));
            (lost / clients, low, high)
        })
        .collect();
    let column = |name: &str, pick: fn(&(f64, f64, f64)) -> f64| {
        Column::new(name.into(), rates.iter().map(pick).collect::<Vec<f64>>())
    };
    let more = [column("rate", |it| it.0), column("low", |it| it.1), column("high", |it| it.2)];
    Ok(counted.hstack(&more)?)
}

/// Clients, and how many of them were lost in the next month.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    clients: f64,
    lost: f64,
}

impl Cell {
    fn add(self, other: Cell) -> Cell {
        Cell { clients: self.clients + other.clients, lost: self.lost + other.lost }
    }

    fn rate(self) -> f64 {
        if self.clients > 0.0 { self.lost / self.clients } else { 0.0 }
    }

    /// Draws a hazard that agrees with the counts: Jeffreys' posterior.
    fn draw(self, rng: &mut Stream) -> f64 {
        Beta::new(self.lost + 0.5, self.clients - self.lost + 0.5)
            .map_or(self.rate(), |posterior| posterior.sample(rng))
    }
}

/// What the tables say of one size.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Clients in the last month.
    now: f64,
    /// US dollars a month.
    price: f64,
    fell: Cell,
    held: Cell,
    first: Cell,
}

impl Seen {
    fn read(tables: &Tables, by_use: &DataFrame, size: Size) -> Result<Seen> {
        let of = |frame: &DataFrame, keep: Expr, column: &str| -> Result<f64> {
            let rows =
                frame.clone().lazy().filter(col("company_size").eq(lit(size.name())).and(keep));
            Ok(reals(&rows.collect()?, column)?.first().copied().unwrap_or(0.0))
        };
        let cell = |name: &str| -> Result<Cell> {
            let keep = || col("use").eq(lit(name));
            Ok(Cell { clients: of(by_use, keep(), "clients")?, lost: of(by_use, keep(), "lost")? })
        };
        let last = tables.months.column("month_no")?.i64()?.max().unwrap_or(0);
        let here = col("month_no").eq(lit(last)).and(col("company_size").eq(lit(size.name())));
        let now = tables.presence()?.lazy().filter(here).collect()?.height();
        Ok(Seen {
            now: now as f64,
            price: of(&tables.plans, lit(true), "monthly_price_cents")? / 100.0,
            fell: cell("fell")?,
            held: cell("held")?,
            first: cell("first month")?,
        })
    }

    /// The gain of an offer to everybody of this size, or to those whose use falls, with these hazards.
    fn gain(
        &self,
        terms: &Terms,
        reached: f64,
        (hazard_reached, hazard_others): (f64, f64),
    ) -> f64 {
        let (mut with, mut without, mut gain) = (1.0, 1.0, 0.0);
        let others = (1.0 - reached) * hazard_others;
        for _ in 0..terms.horizon {
            gain -= terms.costs.contact * self.now * reached * with;
            with *= 1.0 - reached * hazard_reached * (1.0 - terms.saves) - others;
            without *= 1.0 - reached * hazard_reached - others;
            gain += terms.costs.margin * self.price * self.now * (with - without);
        }
        gain
    }

    fn all(&self) -> Cell {
        self.fell.add(self.held).add(self.first)
    }

    /// The share of client months in which use fell.
    fn falling(&self) -> f64 {
        let both = self.fell.clients + self.held.clients;
        if both > 0.0 { self.fell.clients / both } else { 0.0 }
    }
}

/// Lists what could be done, each option with the gain that the tables and the terms predict: "do nothing", "offer to all", "offer to
/// small companies", "offer to large companies", "offer when use falls".
///
/// Hazards are those observed, by size, and for the last option also by whether use fell. The interval comes from the counts behind the
/// hazards; that `terms` may be wrong is not in it.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the term that is out of range, its value and the range; those of
/// [`churn_by_use`].
///
/// ```
/// use casebook::cases::saas::{self, Costs, Terms};
/// use casebook::decision;
///
/// let tables = saas::generate(&saas::Config::default())?;
/// let terms = Terms { from: 13, horizon: 36, saves: 0.2, falls: 0.5, costs: Costs::default() };
/// let options = saas::retention_options(&tables, &terms)?;
/// assert_eq!(decision::recommended(&options)?.name, "offer to large companies");
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn retention_options(tables: &Tables, terms: &Terms) -> Result<Vec<Choice<Intervention>>> {
    within("horizon", terms.horizon, 1, 600)?;
    terms.costs.validate()?;
    let by_use = churn_by_use(tables, terms.falls)?;
    let small = Seen::read(tables, &by_use, Size::Small)?;
    let large = Seen::read(tables, &by_use, Size::Large)?;
    let program = terms.costs.program * f64::from(terms.horizon);
    let mut rng = stream(0, "saas predictions", 0);
    let mut option = |name: &str, to: Audience, sizes: &[&Seen]| -> Result<Choice<Intervention>> {
        let offer = Intervention::Offer(Offer { to, from: terms.from, saves: terms.saves });
        offer.validate()?;
        let falling = matches!(to, Audience::FallingUse(_));
        let total = |pick: &mut dyn FnMut(Cell) -> f64| -> f64 {
            let gain = |seen: &&Seen| match falling {
                true => seen.gain(terms, seen.falling(), (pick(seen.fell), pick(seen.held))),
                false => seen.gain(terms, 1.0, (pick(seen.all()), 0.0)),
            };
            sizes.iter().map(gain).sum::<f64>() - program
        };
        let gain = total(&mut Cell::rate);
        let mut draws: Vec<f64> =
            (0..DRAWS).map(|_| total(&mut |cell| cell.draw(&mut rng))).collect();
        draws.sort_by(f64::total_cmp);
        let (low, high) = (draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40]);
        Ok(Choice::new(name, [offer]).predicted(Prediction { gain, low, high }))
    };
    Ok(vec![
        Choice::nothing().predicted(Prediction { gain: 0.0, low: 0.0, high: 0.0 }),
        option("offer to all", Audience::All, &[&small, &large])?,
        option("offer to small companies", Audience::Size(Size::Small), &[&small])?,
        option("offer to large companies", Audience::Size(Size::Large), &[&large])?,
        option("offer when use falls", Audience::FallingUse(terms.falls), &[&small, &large])?,
    ])
}
