//! The same made-up events for every benchmark: users that sign up over a year, come back less and less,
//! and go from visit to cart to purchase. Rows in order of time.

use casebook::polars::prelude::*;
use casebook::rand::RngExt;
use casebook::stream::stream;

const DAY: i64 = 86_400_000_000;

pub struct Data {
    pub users: DataFrame,
    pub events: DataFrame,
}

/// About so many events, twenty a user.
pub fn data(events: usize) -> Data {
    let people = events / 20;
    let mut signups = vec![];
    let mut rows: Vec<(i64, i64, u8)> = Vec::with_capacity(events);
    for user in 0..people as i64 {
        let mut rng = stream(3, "bench user", user as u64);
        let signup = rng.random_range(0..365 * DAY);
        signups.push(signup);
        let number = rng.random_range(1..40);
        for _ in 0..number {
            let share: f64 = rng.random_range(0.0..1.0);
            let at = signup + (share * share * share * 200.0 * DAY as f64) as i64;
            let kind = [0, 0, 0, 0, 1, 1, 2, 3, 3, 3][rng.random_range(0..10)];
            rows.push((at, user, kind));
        }
    }
    rows.sort_unstable();
    let names = ["visit", "cart", "purchase", "other"];
    let moment = DataType::Datetime(TimeUnit::Microseconds, None);
    let events = df!(
        "user_id" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
        "timestamp" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
        "event" => rows.iter().map(|row| names[row.2 as usize]).collect::<Vec<_>>(),
    )
    .and_then(|frame| frame.lazy().with_column(col("timestamp").cast(moment.clone())).collect());
    let users = df!("user_id" => (0..people as i64).collect::<Vec<_>>(), "signup_at" => signups)
        .and_then(|frame| frame.lazy().with_column(col("signup_at").cast(moment)).collect());
    match (users, events) {
        (Ok(users), Ok(events)) => Data { users, events },
        (Err(error), _) | (_, Err(error)) => unreachable!("{error}"),
    }
}

/// What K-means works on: for each user events, days since the first, and purchases.
pub fn features(events: &DataFrame) -> PolarsResult<DataFrame> {
    events
        .clone()
        .lazy()
        .group_by([col("user_id")])
        .agg([
            len().cast(DataType::Float64).alias("events"),
            ((col("timestamp").max() - col("timestamp").min()).dt().total_hours(false))
                .cast(DataType::Float64)
                .alias("hours"),
            col("event").eq(lit("purchase")).sum().cast(DataType::Float64).alias("purchases"),
        ])
        .sort(["user_id"], SortMultipleOptions::default())
        .collect()
}

/// The names of [`features`].
pub const FEATURES: [&str; 3] = ["events", "hours", "purchases"];

/// Where K-means starts, in standard deviations.
pub fn start() -> Vec<Vec<f64>> {
    (0..5).map(|k| (0..3).map(|dim| f64::from((k + dim) % 5) * 0.7 - 1.2).collect()).collect()
}
