//! The deck's claims about levers, beside what the pilots saw.

use polars::prelude::*;

use super::launch::Lever;
use crate::error::{Error, Result};
use crate::frame::{Verbs, require};
use crate::stats::interval::Z95;

/// What the deck says of a lever.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeckClaim {
    /// The lever.
    pub lever: Lever,
    /// The stage of the funnel that it is meant to lift.
    pub stage: &'static str,
    /// The outcome of [`lever_estimates`](super::lever_estimates) that shows it.
    pub outcome: &'static str,
    /// By how much, relative to what it was; none if the deck has no figure.
    pub lift: Option<f64>,
}

/// Returns the deck's claims, in the deck's order: content lifts visitors by 25%, sharing lifts collaboration by 15.6%, and templates lift
/// activation by 12.4%; mobile and the API have no figure.
///
/// Only the first lift is stated. The others follow from the deck's dollars: if a quarter more visitors bring $12.5M, a year's new revenue
/// is $50M, of which sharing is said to bring $7.8M and templates $6.2M.
///
/// ```
/// use casebook::cases::notion::{self, Lever};
///
/// let claims = notion::deck_claims();
/// assert_eq!(claims[1].lever, Lever::Sharing);
/// assert_eq!(claims.iter().filter_map(|claim| claim.lift).count(), 3);
/// ```
pub fn deck_claims() -> [DeckClaim; 5] {
    let of = |lever, stage, outcome, lift| DeckClaim { lever, stage, outcome, lift };
    [
        of(Lever::Seo, "visitors", "signups", Some(0.25)),
        of(Lever::Sharing, "collaboration", "shared", Some(0.156)),
        of(Lever::Templates, "activation", "activated", Some(0.124)),
        of(Lever::Mobile, "retention", "back", None),
        of(Lever::Api, "payment", "paid", None),
    ]
}

/// Sets the deck's claims beside what the pilots saw: the lift of the stage that a lever is meant to lift, and that of revenue, which the
/// deck derives from it.
///
/// Reads `regions` as returned by [`regions`](super::regions()), and `found` as returned by
/// [`lever_estimates`](super::lever_estimates). Returns one row per lever in the deck's order: `lever`, `stage`, `outcome` (text), `claim`
/// (f64: the deck's lift, relative; null without one), `lift`, `low`, `high`, `revenue_lift`, `revenue_low`, `revenue_high` (f64: relative
/// to the months before any launch, with 95% intervals), `p_value` (f64: of no effect on the outcome). Sign-ups stand in for visitors, of
/// whom regions aren't recorded. Revenue counts further sign-ups for content and sharing only: by what they are, the others bring nobody.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) if there are no
/// months before the first launch.
///
/// ```
/// use casebook::prelude::*;
///
/// let config = notion::Config { users: 20_000, ..Default::default() };
/// let pilots = notion::pilots();
/// let tables = notion::generate_with(&config, &pilots)?;
/// let found = notion::lever_estimates(&tables, &pilots)?;
/// let claims = notion::lever_claims(&notion::regions(&tables, &pilots)?, &found)?;
/// assert_eq!(claims.height(), 5);
/// assert!(claims.value("high", "lever", "seo")? < 0.30);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn lever_claims(regions: &DataFrame, found: &DataFrame) -> Result<DataFrame> {
    let levers = Lever::ALL.map(Lever::name);
    require(regions, "regions", &[&["month", "signups", "dollars"], &levers[..]].concat())?;
    require(found, "found", &["lever", "outcome", "effect", "se", "p_value"])?;
    let mut first: Option<i64> = None;
    for lever in levers {
        let launch = regions.column(lever)?.i64()?.min();
        first = [first, launch].into_iter().flatten().min();
    }
    let before = regions.keep(col("month").lt(lit(first.unwrap_or(i64::MAX))))?;
    let signups = before.total("signups")?;
    if signups <= 0.0 {
        return Err(Error::column("regions", "month", "has no months before the first launch"));
    }
    let dollars = before.scalar((col("dollars") * col("signups")).sum())?;
    let measured = |lever: Lever, outcome: &str| -> Result<[f64; 3]> {
        let own = col("lever").eq(lit(lever.name())).and(col("outcome").eq(lit(outcome)));
        let row = found.keep(own)?;
        Ok([row.scalar("effect")?, row.scalar("se")?, row.scalar("p_value")?])
    };
    let claims = deck_claims();
    let (mut lifts, mut revenue, mut chance) = (vec![], vec![], vec![]);
    for DeckClaim { lever, outcome, .. } in claims {
        let [effect, se, p_value] = measured(lever, outcome)?;
        lifts.push(match outcome {
            // A difference of logarithms.
            "signups" => [0.0, -Z95, Z95].map(|z| (effect + z * se).exp_m1()),
            share => {
                let base = before.total(share)? / signups;
                [0.0, -Z95, Z95].map(|z| (effect + z * se) / base)
            }
        });
        chance.push(p_value);
        let [worth, of_worth] = {
            let [effect, se, _] = measured(lever, "dollars")?;
            [effect, se].map(|value| value * signups / dollars)
        };
        let [log, of_log] = match lever {
            Lever::Seo | Lever::Sharing => {
                let [effect, se, _] = measured(lever, "signups")?;
                [effect, se]
            }
            _ => [0.0, 0.0],
        };
        let more = log.exp();
        let error = more * ((of_log * (1.0 + worth)).powi(2) + of_worth.powi(2)).sqrt();
        revenue.push([0.0, -Z95, Z95].map(|z| more * (1.0 + worth) - 1.0 + z * error));
    }
    let each = |of: &[[f64; 3]], place: usize| -> Vec<f64> {
        of.iter().map(|values| values[place]).collect()
    };
    let mut all = df!(
        "lever" => claims.map(|claim| claim.lever.name()).to_vec(),
        "stage" => claims.map(|claim| claim.stage).to_vec(),
        "outcome" => claims.map(|claim| claim.outcome).to_vec(),
        "claim" => claims.map(|claim| claim.lift).to_vec(),
    )?;
    let names = ["lift", "low", "high", "revenue_lift", "revenue_low", "revenue_high"];
    for (place, name) in names.into_iter().enumerate() {
        let of = if place < 3 { &lifts } else { &revenue };
        all.with_column(Column::new(name.into(), each(of, place % 3)))?;
    }
    all.with_column(Column::new("p_value".into(), chance))?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two regions; a tenth more of everything from the second month on, in one of them.
    fn regions() -> DataFrame {
        let mut all = df!(
            "region" => ["a", "a", "b", "b"], "month" => [0_i64, 1, 0, 1],
            "signups" => [100_i64, 110, 300, 300], "dollars" => [Some(1.0), Some(1.5), Some(3.0), None],
        )
        .unwrap();
        for share in ["activated", "back", "shared", "paid"] {
            all.with_column(Column::new(share.into(), [20_i64, 40, 60, 60])).unwrap();
        }
        for lever in Lever::ALL {
            let launch = [Some(1_i64), Some(1), None, None];
            all.with_column(Column::new(lever.name().into(), launch)).unwrap();
        }
        all
    }

    fn found() -> DataFrame {
        let outcomes = ["signups", "activated", "back", "shared", "paid", "dollars"];
        let rows = || Lever::ALL.into_iter().flat_map(|it| outcomes.map(|outcome| (it, outcome)));
        let count = rows().count();
        let mut all = df!(
            "lever" => rows().map(|row| row.0.name()).collect::<Vec<_>>(),
            "outcome" => rows().map(|row| row.1).collect::<Vec<_>>(),
        )
        .unwrap();
        for (name, value) in [("effect", 0.1), ("se", 0.05), ("p_value", 0.04)] {
            all.with_column(Column::new(name.into(), vec![value; count])).unwrap();
        }
        all
    }

    #[test]
    fn lifts_are_relative_to_the_months_before_any_launch() {
        let claims = lever_claims(&regions(), &found()).unwrap();
        let of = |column: &str, lever: &str| claims.value(column, "lever", lever).unwrap();
        // 80 of 400 did before, and 400 sign-ups brought $1,000.
        assert!((of("lift", "sharing") - 0.5).abs() < 1e-12);
        assert!((of("high", "sharing") - (0.1 + Z95 * 0.05) / 0.2).abs() < 1e-12);
        assert!((of("lift", "seo") - 0.1_f64.exp_m1()).abs() < 1e-12);
        assert!((of("low", "seo") - (0.1 - Z95 * 0.05_f64).exp_m1()).abs() < 1e-12);
        // Templates bring nobody: dollars rise by 0.1 of 2.5. Content brings more sign-ups, too.
        assert!((of("revenue_lift", "templates") - 0.04).abs() < 1e-12);
        assert!((of("revenue_lift", "seo") - (0.1_f64.exp() * 1.04 - 1.0)).abs() < 1e-12);
        let wide = of("revenue_high", "seo") - of("revenue_lift", "seo");
        let error = 0.1_f64.exp() * ((0.05 * 1.04_f64).powi(2) + 0.02_f64.powi(2)).sqrt();
        assert!((wide - Z95 * error).abs() < 1e-12);
        assert_eq!(claims.column("claim").unwrap().null_count(), 2);
    }

    #[test]
    fn without_months_before_there_is_nothing_to_relate_to() {
        let late = regions().keep(col("month").gt(lit(0))).unwrap();
        let told = lever_claims(&late, &found()).unwrap_err().to_string();
        assert!(told.contains("no months before the first launch"), "{told}");
    }
}
