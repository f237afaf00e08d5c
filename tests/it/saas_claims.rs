//! True claims about the SaaS case: the generator's own parameters are rarely called missed.

use casebook::claims::{Claim, Ledger, Verdict};
use casebook::polars::prelude::*;
use casebook::prelude::{Verbs, rate, saas};
use casebook::{Result, cases::saas::Config};

use crate::support;

const BRIEF: &str = "the brief";

/// What the rules say of one size.
struct Rules {
    size: &'static str,
    hazard: f64,
    sessions: f64,
    per_client: f64,
    sd: f64,
}

/// Both sizes, by the rules and not by `saas::truth`: a uniform integer from -k to k around k has 2k + 1 values, from 0 to 2k.
fn rules() -> [Rules; 2] {
    [("small", 5.0), ("large", 10.0)].map(|(size, k)| {
        let values = 2.0 * k + 1.0_f64;
        Rules {
            size,
            hazard: 1.0 / values,
            sessions: k,
            per_client: k * values / (2.0 * k),
            sd: ((values.powi(2) - 1.0) / 12.0).sqrt(),
        }
    })
}

/// Returns the ledger of one run: nothing in it is false.
fn ledger(config: &Config) -> Result<Ledger> {
    let lives = saas::company_months(config)?;
    let first = lives.keep(col("month_no").eq(1))?;
    let small = rate(&first, col("company_size").eq(lit("small")))?;
    let mut ledger = Ledger::new();
    ledger.add(Claim::share("70% are small", BRIEF, 0.7, small.hits, small.trials));
    for rules in rules() {
        let name = |what: &str| format!("{}: {what}", rules.size);
        let of_size = lives.keep(col("company_size").eq(lit(rules.size)))?;
        let lost = rate(&of_size, col("sessions").eq(0))?;
        let claim = name("churn a month");
        ledger.add(Claim::share(&claim, BRIEF, rules.hazard, lost.hits, lost.trials));
        let claim = name("sessions, empty months included");
        let mean = of_size.scalar(col("sessions").mean())?;
        ledger.add(Claim::mean(&claim, BRIEF, rules.sessions, (mean, rules.sd), lost.trials));
        let active = of_size.keep(col("sessions").gt(0))?;
        let (mean, sd) =
            (active.scalar(col("sessions").mean())?, active.scalar(col("sessions").std(1))?);
        let claim = name("sessions of an active client");
        let n = active.height() as u64;
        ledger.add(Claim::mean(&claim, BRIEF, rules.per_client, (mean, sd), n));
        let share = if rules.size == "small" { 0.7 } else { 0.3 };
        for month in [1, 6, 12] {
            let there = active.keep(col("month_no").eq(month))?.height() as u64;
            let expected = share * (1.0 - rules.hazard).powi(month);
            let claim = name(&format!("clients in month {month}, of all companies"));
            let companies = u64::from(config.companies);
            ledger.add(Claim::share(&claim, BRIEF, expected, there, companies));
        }
    }
    Ok(ledger)
}

/// In at most 5% of ledgers any true claim is called missed; with the test's own binomial error, three standard errors.
#[test]
fn true_claims_are_rarely_missed() -> Result<()> {
    let seeds = support::seeds(40, 200);
    let (mut with_any, mut rows) = (0, 0);
    for seed in 1..=seeds {
        let ledger = ledger(&Config { seed, ..Config::default() })?;
        let missed = ledger.count(Verdict::Missed);
        with_any += u64::from(missed > 0);
        rows += missed;
    }
    let share = with_any as f64 / seeds as f64;
    println!(
        "{with_any} of {seeds} ledgers of true claims call one missed ({share:.3}); {rows} rows"
    );
    let error = (0.05 * 0.95 / seeds as f64).sqrt();
    assert!(share <= 0.05 + 3.0 * error, "{with_any} of {seeds} ledgers");
    Ok(())
}

/// The same ledger misses what is false: it is told that small companies are half of all, and that they leave half as often.
#[test]
fn false_claims_are_missed() -> Result<()> {
    for seed in 1..=support::seeds(5, 20) {
        let other = Config {
            share_small: 0.5,
            small: saas::Plan { spread: 10, sessions: 10, ..Config::default().small },
            seed,
            ..Config::default()
        };
        let ledger = ledger(&other)?;
        assert!(ledger.count(Verdict::Missed) >= 3, "seed {seed}: {}", ledger.table()?);
    }
    Ok(())
}
