//! What the levers in the deck are worth, on the funnel as counted.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{finite, require, texts};
use crate::metrics::lever::{Lever, Model, Rate};

/// New revenue in a year at the scale of the deck, in US dollars: its largest lever adds $12.5M with a lift of a quarter.
pub const BASE: f64 = 50_000_000.0;

/// What a customer pays in a year, in US dollars: $8 a month.
pub const DOLLARS: f64 = 96.0;

/// Months from launch until a lever has its full effect.
pub const RAMP: f64 = 2.0;

/// The levers compared: name, stage (0 is the visit), lift, and the confidence that it can be built (0 to 1).
pub const LEVERS: [(&str, usize, f64, f64); 5] = [
    ("SEO content", 0, 0.25, 0.8),
    ("Viral sharing", 5, 0.156, 0.7),
    ("Template discovery", 2, 0.124, 0.9),
    ("Mobile experience", 3, 0.12, 0.7),
    ("API and integrations", 4, 0.10, 0.8),
];

/// Creates a lever whose 90% interval is 0.4 to 1.6 times the stated lift.
pub fn lever((name, stage, lift, confidence): (&str, usize, f64, f64)) -> Lever {
    Lever::new(name, stage, lift).range(0.4 * lift, 1.6 * lift).confidence(confidence)
}

/// Puts levers on the funnel as counted, with enough visitors to earn `revenue` in a year.
///
/// Reads `funnel` as returned by [`growth::from_visitors`](crate::metrics::growth::from_visitors): its first row is the
/// visit. Customers pay [`DOLLARS`]; visitors are known to about 10%.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) if nobody pays.
pub fn model(funnel: &DataFrame, revenue: f64, levers: Vec<Lever>) -> Result<Model> {
    require(funnel, "funnel", &["name", "users"])?;
    let names = texts(funnel.column("name")?)?;
    let users: Vec<u64> =
        finite(funnel, "funnel", "users")?.into_iter().map(|n| n as u64).collect();
    let (visited, paid) = match users[..] {
        [visited, .., paid] if paid > 0 => (visited, paid),
        _ => {
            let accepted = "1 or more, to value the levers: generate data with more users";
            return Err(Error::config("users who pay", 0, accepted));
        }
    };
    let rates = (1..users.len())
        .map(|row| Rate::new(names[row].as_deref().unwrap_or(""), users[row], users[row - 1]))
        .collect();
    let through = paid as f64 / visited as f64;
    let visitors = revenue / DOLLARS / through;
    Ok(Model {
        visitors,
        visitors_spread: 0.1,
        rates,
        dollars: DOLLARS,
        levers,
        ..Model::default()
    })
}

/// Keeps the best levers of a ranking returned by [`Model::alone`], in its order.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn best(model: &Model, ranking: &DataFrame, count: usize) -> Result<Model> {
    let ranked = ranked(ranking)?;
    let known = |name: &String| model.levers.iter().find(|lever| lever.name == *name).cloned();
    let levers = ranked.iter().take(count).filter_map(known).collect();
    Ok(Model { levers, ..model.clone() })
}

/// Launches one lever a month in the order of a ranking returned by [`Model::alone`], each with [`RAMP`] months to its
/// full effect. Levers that are not ranked are launched at once.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn one_a_month(model: &Model, ranking: &DataFrame) -> Result<Model> {
    let ranked = ranked(ranking)?;
    let mut plan = model.clone();
    for lever in &mut plan.levers {
        let place = ranked.iter().position(|name| *name == lever.name).unwrap_or(0);
        *lever = lever.clone().launch(place as f64, RAMP);
    }
    Ok(plan)
}

/// Returns the names of levers, the best first.
fn ranked(ranking: &DataFrame) -> Result<Vec<String>> {
    require(ranking, "ranking", &["lever"])?;
    Ok(texts(ranking.column("lever")?)?.into_iter().flatten().collect())
}
