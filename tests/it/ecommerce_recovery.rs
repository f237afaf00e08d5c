//! The shop's analyses find what its generator knows, whatever the seed.

use casebook::cases::ecommerce::{self, Config, Tables};
use casebook::chrono;
use casebook::events::Window;
use casebook::metrics::{basket, clv, segment};
use casebook::notebook::{beside, number};
use casebook::polars::prelude::*;

use crate::support::seeds;

fn all_seeds() -> impl Iterator<Item = u64> {
    [42, 1, 2, 3, 4].into_iter().take(seeds(2, 5) as usize)
}

struct Shop {
    config: Config,
    tables: Tables,
    /// `user_id`, `order_id`, `timestamp`, `product_id`, `amount`: by order line.
    lines: DataFrame,
    orders: DataFrame,
}

fn shop(seed: u64) -> Shop {
    made(Config { seed, ..Config::default() })
}

fn made(config: Config) -> Shop {
    let tables = ecommerce::generate(&config).unwrap();
    let amount = col("price") * col("quantity").cast(DataType::Float64);
    let bought = tables.events.clone().lazy().filter(col("event_type").eq(lit("purchase")));
    let lines = bought
        .select([
            col("user_id"),
            col("session_id").alias("order_id"),
            col("timestamp"),
            col("product_id"),
            amount.alias("amount"),
        ])
        .collect()
        .unwrap();
    let orders = lines
        .clone()
        .lazy()
        .group_by([col("order_id")])
        .agg([col("user_id").first(), col("timestamp").min(), col("amount").sum()])
        .sort(["order_id"], SortMultipleOptions::default())
        .collect()
        .unwrap();
    Shop { config, tables, lines, orders }
}

fn moment(config: &Config, day: i32) -> chrono::NaiveDateTime {
    let start: chrono::NaiveDate = config.start.into();
    (start + chrono::TimeDelta::days(i64::from(day))).and_time(chrono::NaiveTime::MIN)
}

fn spearman(frame: &DataFrame, a: &str, b: &str) -> f64 {
    let how = RankOptions { method: RankMethod::Average, descending: false };
    let rank = |name: &str| col(name).rank(how, None).cast(DataType::Float64);
    let rho = pearson_corr(rank(a), rank(b)).alias("rho");
    number(&frame.clone().lazy().select([rho]).collect().unwrap(), "rho", 0).unwrap()
}

/// Every user's frequency and money with what they are expected to order and to spend, and the scores with what
/// they spent: rank correlations. Who never ordered has 0 of each.
fn rank_correlations(shop: Shop) -> [f64; 4] {
    let Shop { config, tables, orders, .. } = shop;
    let rfm = segment::rfm(&orders, Window::until(moment(&config, config.days as i32))).unwrap();
    let kinds = tables.users.select(["user_id", "segment"]).unwrap();
    let kinds = kinds.lazy().rename(["segment"], ["kind"], true).collect().unwrap();
    let each = beside(orders.lazy(), &kinds, "user_id")
        .group_by([col("kind")])
        .agg([col("amount").mean()])
        .collect()
        .unwrap();
    let hidden = beside(ecommerce::hidden(&config).unwrap().lazy(), &kinds, "user_id");
    let none = ["frequency", "f", "m"].map(|count| col(count).fill_null(lit(0)));
    let all = beside(beside(hidden, &each, "kind"), &rfm, "user_id")
        .with_columns(none)
        .with_columns([
            (col("expected_orders") * col("amount")).alias("worth"),
            col("monetary").fill_null(lit(0.0)),
        ])
        .collect()
        .unwrap();
    [("frequency", "expected_orders"), ("monetary", "worth"), ("f", "monetary"), ("m", "monetary")]
        .map(|(a, b)| spearman(&all, a, b))
}

/// A year is short for money: a customer with two large orders and one with two small ones are worth the same.
/// After two years it ranks as well as frequency does after one.
#[test]
fn rfm_ranks_by_real_value() {
    for seed in all_seeds() {
        let [frequency, monetary, f, m] = rank_correlations(shop(seed));
        println!("seed {seed}: F {frequency:.3}, M {monetary:.3}, scores {f:.3} and {m:.3}");
        assert!(frequency > 0.9 && f > 0.95 && m > 0.95, "seed {seed}: {frequency} {f} {m}");
        assert!(monetary > 0.88, "seed {seed}: {monetary}");
    }
    let long = Config { days: 730, ..Config::default() };
    let [frequency, monetary, ..] = rank_correlations(made(long));
    println!("two years: F {frequency:.3}, M {monetary:.3}");
    assert!(frequency > 0.9 && monetary > 0.9, "{frequency} {monetary}");
}

/// The dashboard's clusters, made of visits a month and views a visit alone.
#[test]
fn clusters_are_the_known_segments() {
    let mut found = vec![];
    for seed in all_seeds() {
        let Shop { tables, .. } = shop(seed);
        let views = tables
            .events
            .lazy()
            .filter(col("event_type").eq(lit("product_view")))
            .group_by([col("user_id")])
            .agg([len().cast(DataType::Float64).alias("views")])
            .collect()
            .unwrap();
        let came = tables.sessions.lazy().group_by([col("user_id")]).agg([
            len().cast(DataType::Float64).alias("sessions"),
            col("started_at").max().dt().date().alias("last"),
        ]);
        let days = (col("last") - col("registration_date")).dt().total_days(false);
        let stayed = days.cast(DataType::Float64) + lit(7.0);
        let ln = |value: Expr| (lit(1.0) + value).log(lit(std::f64::consts::E));
        let shoppers = beside(beside(came, &views, "user_id"), &tables.users, "user_id")
            .with_columns([
                ln(col("sessions") * lit(30.0) / stayed).alias("visits"),
                ln(col("views") / col("sessions")).alias("looks"),
            ])
            .select(["user_id", "segment", "visits", "looks"].map(col))
            .sort(["user_id"], SortMultipleOptions::default())
            .collect()
            .unwrap();
        let how = segment::KMeans::default().k(segment::K::Silhouette(2, 6));
        let clusters = segment::kmeans(&shoppers, &["visits", "looks"], &how).unwrap();
        found.push(segment::adjusted_rand(&clusters.users, "segment", "cluster").unwrap().unwrap());
    }
    println!("adjusted Rand {found:.3?}");
    assert!(found.iter().all(|index| *index > 0.5), "{found:?}");
}

/// Ninety days held out, the busiest of the year. BG/NBD of visits, on a clock without seasons, times the share
/// of a customer's visits that end in an order.
#[test]
fn the_forecast_is_right_in_total() {
    let mut off = vec![];
    for seed in all_seeds() {
        let Shop { config, tables, orders, .. } = shop(seed);
        let (cut, end) = (moment(&config, 274), moment(&config, 364));
        let clock = clv::Clock::new(&ecommerce::season(&config).unwrap()).unwrap();
        let visits = tables.sessions.lazy().select([
            col("user_id"),
            col("session_id").alias("order_id"),
            col("started_at").alias("timestamp"),
            lit(1.0).alias("amount"),
        ]);
        let visitors = clock.customers(&visits, Window::until(cut)).unwrap();
        let horizon = clock.between(cut, end).unwrap();
        let model = clv::BgNbd::fit(&visitors).unwrap();
        let before = orders.clone().lazy().filter(col("timestamp").lt(lit(cut)));
        let bought = before
            .group_by([col("user_id")])
            .agg([len().cast(DataType::Int64).alias("successes")])
            .collect()
            .unwrap();
        let tries = beside(visitors.clone().lazy(), &bought, "user_id")
            .with_columns([
                (col("repeats") + lit(1_i64)).alias("trials"),
                col("successes").fill_null(lit(0_i64)),
            ])
            .collect()
            .unwrap();
        let share = clv::BetaBinomial::fit(&tries).unwrap().forecast(&tries).unwrap();
        let ahead = model.forecast(&visitors, horizon).unwrap();
        let expected = beside(ahead.lazy(), &share, "user_id")
            .select([(col("expected_orders") * col("expected_share")).sum().alias("orders")])
            .collect()
            .unwrap();
        let held = col("timestamp").gt_eq(lit(cut)).and(col("timestamp").lt(lit(end)));
        let held = orders
            .lazy()
            .filter(held)
            .join(
                visitors.lazy(),
                [col("user_id")],
                [col("user_id")],
                JoinArgs::new(JoinType::Semi),
            )
            .collect()
            .unwrap();
        off.push(number(&expected, "orders", 0).unwrap() / held.height() as f64 - 1.0);
    }
    println!("forecast beside what came true {off:+.4?}");
    assert!(off.iter().all(|off| off.abs() < 0.05), "{off:?}");
}

#[test]
fn companions_are_bought_together() {
    for seed in all_seeds() {
        let Shop { config, lines, .. } = shop(seed);
        let lines = lines.lazy().rename(["product_id"], ["item"], true);
        let pairs = basket::pairs(&lines, 20).unwrap();
        let hidden = ecommerce::hidden_products(&config).unwrap();
        let text = |frame: &DataFrame, column: &str| -> Vec<String> {
            let column = frame.column(column).unwrap().str().unwrap().clone();
            column.iter().map(|text| text.unwrap_or_default().to_owned()).collect()
        };
        let pair =
            |one: String, other: String| if one < other { (one, other) } else { (other, one) };
        let truth: std::collections::BTreeSet<_> = text(&hidden, "product_id")
            .into_iter()
            .zip(text(&hidden, "companion"))
            .map(|(one, other)| pair(one, other))
            .collect();
        assert_eq!(truth.len(), 21);
        let best = text(&pairs, "left").into_iter().zip(text(&pairs, "right")).take(21);
        let right =
            best.filter(|(one, other)| truth.contains(&(one.clone(), other.clone()))).count();
        assert!(right >= 14, "{right} of 21, seed {seed}");
    }
}
