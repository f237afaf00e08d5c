//! The generator against its closed form, and against itself on other machines' terms.

use casebook::cases::saas::{self, Billing, Config, Part, SessionRule};
use casebook::polars::prelude::*;

use crate::support;

/// Clients and revenue by month in one run: (small, large, revenue in dollars).
fn run(config: &Config) -> Vec<[f64; 3]> {
    let lives = saas::company_months(config).unwrap();
    let months = lives.column("month_no").unwrap().i64().unwrap().iter();
    let sizes = lives.column("company_size").unwrap().str().unwrap().iter();
    let sessions = lives.column("sessions").unwrap().i64().unwrap().iter();
    let mut totals = vec![[0.0; 3]; config.months as usize];
    for ((month, size), sessions) in months.zip(sizes).zip(sessions) {
        let (small, there) = (size == Some("small"), sessions > Some(0));
        let pays = there || config.billing == Billing::ChurnMonthBilled;
        let plan = if small { config.small } else { config.large };
        let total = &mut totals[month.unwrap() as usize - 1];
        total[usize::from(!small)] += f64::from(u8::from(there));
        total[2] += f64::from(u8::from(pays)) * f64::from(plan.monthly_price_cents) / 100.0;
    }
    totals
}

/// The mean over the seeds lies within 3 standard errors of the closed form, in every month.
fn agrees_with_closed_form(config: &Config) {
    let truth = saas::truth(config).unwrap().monthly;
    let pick = |size: &str, column: &str| -> Vec<f64> {
        let rows =
            truth.clone().lazy().filter(col("company_size").eq(lit(size))).collect().unwrap();
        rows.column(column).unwrap().f64().unwrap().iter().flatten().collect()
    };
    let mut sums = vec![[0.0; 3]; config.months as usize];
    let seeds = support::seeds(20, 200);
    for seed in 1..=seeds {
        let one = run(&Config { seed, ..config.clone() });
        for (sum, month) in sums.iter_mut().zip(one) {
            for (a, b) in sum.iter_mut().zip(month) {
                *a += b;
            }
        }
    }
    let checks = [
        ("small clients", 0, pick("small", "clients"), pick("small", "clients_sd")),
        ("large clients", 1, pick("large", "clients"), pick("large", "clients_sd")),
        ("revenue", 2, pick("all", "revenue"), pick("all", "revenue_sd")),
    ];
    for (what, column, expected, sd) in checks {
        for month in 0..config.months as usize {
            let mean = sums[month][column] / seeds as f64;
            let error = sd[month] / (seeds as f64).sqrt();
            let z = (mean - expected[month]) / error;
            assert!(
                z.abs() <= 3.0,
                "{what}, month {}: {mean} against {}, z = {z}",
                month + 1,
                expected[month]
            );
        }
    }
}

#[test]
fn the_closed_form_is_the_mean_over_seeds() {
    agrees_with_closed_form(&Config::default());
}

#[test]
fn and_under_the_other_readings() {
    agrees_with_closed_form(&Config {
        session_rule: SessionRule::SignTimesUniform,
        billing: Billing::ChurnMonthBilled,
        ..Config::default()
    });
}

/// The figures worked out by hand from the brief, for both readings and both billing rules.
#[test]
fn the_closed_form_is_the_hand_computed_one() {
    let year = |rule, billing| {
        let config = Config { session_rule: rule, billing, ..Config::default() };
        let truth = saas::truth(&config).unwrap().monthly;
        let all = truth.lazy().filter(col("company_size").eq(lit("all"))).collect().unwrap();
        let column = |name: &str| -> Vec<f64> {
            all.column(name).unwrap().f64().unwrap().iter().flatten().collect()
        };
        (column("clients"), column("revenue"), column("churn"))
    };
    use Billing::*;
    use SessionRule::*;
    let close = |found: f64, wanted: f64, digits: f64| {
        assert!((found - wanted).abs() <= digits, "{found} against {wanted}");
    };
    let (clients, revenue, churn) = year(UniformDeviation, ChurnMonthUnpaid);
    close(clients[0], 461.04, 0.005);
    close(clients[11], 195.0, 0.06);
    close(revenue[0], 20_188.0, 0.5);
    close(revenue[11], 10_388.0, 0.5);
    close(revenue.iter().sum(), 176_930.0, 0.5);
    close(churn[0], 0.0779, 0.00005);
    close(churn[11], 0.0729, 0.00005);
    close(year(UniformDeviation, ChurnMonthBilled).1.iter().sum(), 188_042.0, 0.5);
    let (clients, revenue, _) = year(SignTimesUniform, ChurnMonthUnpaid);
    close(clients[0], 464.0, 0.06);
    close(clients[11], 209.0, 0.06);
    close(revenue[0], 20_271.0, 0.5);
    close(revenue[11], 10_838.0, 0.5);
    close(revenue.iter().sum(), 180_806.0, 0.5);
    close(year(SignTimesUniform, ChurnMonthBilled).1.iter().sum(), 191_468.0, 0.5);
}

/// Every count from 0 to 10 is as frequent as the rule says: chi-squared below its 99.9 % point.
#[test]
fn session_counts_follow_the_rule() {
    for (rule, weights) in [
        (SessionRule::UniformDeviation, [1.0_f64 / 11.0; 11]),
        (
            SessionRule::SignTimesUniform,
            std::array::from_fn(|n| if n == 5 { 2.0 } else { 1.0 } / 12.0),
        ),
    ] {
        let config = Config {
            companies: 50_000,
            months: 1,
            share_small: 1.0,
            session_rule: rule,
            ..Config::default()
        };
        let lives = saas::company_months(&config).unwrap();
        let mut counts = [0.0_f64; 11];
        for sessions in lives.column("sessions").unwrap().i64().unwrap().iter().flatten() {
            counts[sessions as usize] += 1.0;
        }
        let chi2: f64 = counts
            .iter()
            .zip(weights)
            .map(|(count, weight)| (count - 50_000.0 * weight).powi(2) / (50_000.0 * weight))
            .sum();
        assert!(chi2 < 29.59, "{rule:?}: chi-squared {chi2} with 10 degrees of freedom");
    }
}

#[test]
fn any_number_of_threads_makes_the_same_data() {
    let config = support::config(3_000, 11);
    let made = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| saas::generate(&config).unwrap())
    };
    let one = made(1);
    for threads in [2, 16] {
        assert!(made(threads) == one, "{threads} threads make other data than 1");
    }
}

#[test]
fn parts_together_are_the_whole() {
    let config = Config { months: 7, ..support::config(1_000, 3) };
    let whole = saas::generate(&config).unwrap();
    for n in [1, 2, 3, 7, 1_000, 1_500] {
        let (mut companies, mut sessions) = (None::<DataFrame>, None::<DataFrame>);
        for k in 1..=n {
            let part: Part = format!("{k}/{n}").parse().unwrap();
            for batch in saas::batches(&config, part).unwrap() {
                let batch = batch.unwrap();
                for (all, new) in
                    [(&mut companies, batch.companies), (&mut sessions, batch.sessions)]
                {
                    match all {
                        Some(frame) => drop(frame.vstack_mut(&new).unwrap()),
                        None => *all = Some(new),
                    }
                }
            }
        }
        assert!(companies.unwrap().equals(&whole.companies), "companies in {n} parts");
        assert!(sessions.unwrap().equals(&whole.sessions), "sessions in {n} parts");
    }
}

#[test]
fn more_months_do_not_change_the_first_ones() {
    let short = saas::company_months(&Config { months: 5, ..Config::default() }).unwrap();
    let long = saas::company_months(&Config { months: 12, ..Config::default() }).unwrap();
    let long = long.lazy().filter(col("month_no").lt_eq(lit(5))).collect().unwrap();
    assert!(short.equals(&long));
}

/// What the take-home's rules say of every single company.
#[test]
fn the_rules_hold_for_every_company() {
    let config = Config::default();
    let tables = saas::generate(&config).unwrap();
    let lives = saas::company_months(&config).unwrap();
    // Only the last month of a company can be empty.
    let broken = lives
        .clone()
        .lazy()
        .group_by([col("company_id")])
        .agg([
            col("sessions").eq(lit(0)).sum().alias("empty"),
            col("sessions").last().alias("last"),
            col("month_no").max().alias("months"),
        ])
        .filter(
            col("empty")
                .gt(lit(1))
                .or(col("empty").eq(lit(1)).and(col("last").gt(lit(0))))
                .or(col("empty").eq(lit(0)).and(col("months").lt(lit(12)))),
        )
        .collect()
        .unwrap();
    assert_eq!(broken.height(), 0, "{broken}");
    let total: i64 = lives.column("sessions").unwrap().i64().unwrap().sum().unwrap();
    assert_eq!(tables.sessions.height() as i64, total);
    let ids = tables.sessions.column("session_id").unwrap();
    assert_eq!(ids.n_unique().unwrap(), ids.len(), "session ids repeat");
}

#[test]
fn a_bad_config_is_named() {
    let default = Config::default();
    let bad = |config: Config| saas::generate(&config).unwrap_err().to_string();
    assert_eq!(
        bad(Config { companies: 0, ..default.clone() }),
        "`companies` is 0; accepted: 1 to 50000000"
    );
    assert_eq!(
        bad(Config { months: 601, ..default.clone() }),
        "`months` is 601; accepted: 1 to 600"
    );
    assert_eq!(
        bad(Config { share_small: f64::NAN, ..default.clone() }),
        "`share_small` is NaN; accepted: 0 to 1"
    );
    let plan = saas::Plan { spread: 6, ..default.small };
    assert_eq!(bad(Config { small: plan, ..default }), "`small.spread` is 6; accepted: 0 to 5");
}

#[test]
fn a_config_survives_json() {
    let config = Config { session_rule: SessionRule::SignTimesUniform, ..Config::default() };
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    assert!(serde_json::from_str::<Config>("{\"compagnies\": 3}").is_err());
}
