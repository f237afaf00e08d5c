//! True claims about the shop: the brief's shares and conversion rates, which the generator was given, are rarely called missed.

use casebook::Result;
use casebook::cases::ecommerce::{self, Config, Segment};
use casebook::claims::{Claim, Ledger, Verdict};
use casebook::polars::prelude::*;
use casebook::prelude::{Verbs, rate};

use crate::support;

/// The brief's share of customers and of sessions with an order, by segment. Not read from the config: a default that drifts is a miss.
const BRIEF: [(f64, f64); 4] = [(0.10, 0.30), (0.50, 0.15), (0.30, 0.08), (0.10, 0.05)];

/// Returns the ledger of one shop.
fn ledger(config: &Config) -> Result<Ledger> {
    let tables = ecommerce::generate(config)?;
    let bought =
        tables.events.keep(col("event_type").eq(lit("purchase")))?.count_by("session_id")?;
    let sessions = tables
        .sessions
        .left_join_on(&bought, "session_id")?
        .left_join_on(&tables.users.pick(["user_id", "segment"])?, "user_id")?;
    let mut ledger = Ledger::new();
    for (place, (share, buys)) in BRIEF.into_iter().enumerate() {
        let name = Segment::name(place);
        let of = rate(&tables.users, col("segment").eq(lit(name)))?;
        ledger.add(Claim::share(&format!("{name}: customers"), "brief", share, of.hits, of.trials));
        let own = sessions.keep(col("segment").eq(lit(name)))?;
        let of = rate(&own, col("count").is_not_null())?;
        ledger.add(Claim::share(&format!("{name}: orders"), "brief", buys, of.hits, of.trials));
    }
    Ok(ledger)
}

/// In at most 5% of ledgers any true claim is called missed; with the test's own binomial error, three standard errors.
#[test]
fn true_claims_are_rarely_missed() -> Result<()> {
    let seeds = support::seeds(20, 200);
    let mut with_any = 0;
    for seed in 1..=seeds {
        let ledger = ledger(&Config { users: 500, seed, ..Config::default() })?;
        with_any += u64::from(ledger.count(Verdict::Missed) > 0);
    }
    let share = with_any as f64 / seeds as f64;
    println!("{with_any} of {seeds} ledgers of true claims call one missed ({share:.3})");
    let error = (0.05 * 0.95 / seeds as f64).sqrt();
    assert!(share <= 0.05 + 3.0 * error, "{with_any} of {seeds} ledgers");
    Ok(())
}

/// A shop whose best customers are twice as many, and order half as often, is caught.
#[test]
fn false_claims_are_missed() -> Result<()> {
    for seed in 1..=support::seeds(2, 20) {
        let mut config = Config { users: 500, seed, ..Config::default() };
        (config.segments[0].share, config.segments[1].share) = (0.2, 0.4);
        config.segments[0].buys = 0.15;
        let ledger = ledger(&config)?;
        assert!(ledger.count(Verdict::Missed) >= 3, "seed {seed}: {}", ledger.table()?);
    }
    Ok(())
}
