//! What polars makes of the Notion-style study's tables, beside the queries in `sql/notion/` that must return the same.

use casebook::cases::notion::study;
use casebook::prelude::*;
use casebook::warehouse::queries::notion as sql;
use chrono::{NaiveDate, TimeDelta};

/// The first day observed.
fn first_day(calendar: &DataFrame) -> NaiveDate {
    let days = calendar.column("day_no").unwrap().i64().unwrap();
    NaiveDate::default() + TimeDelta::days(days.get(0).unwrap())
}

fn text(column: &str) -> Expr {
    col(column).dt().to_string("%Y-%m-%d")
}

/// What polars makes of the tables as of a day, beside the query that must return the same.
pub fn from_polars(
    tables: &notion::Tables,
    as_of: NaiveDate,
) -> Vec<(queries::Query<'static>, DataFrame)> {
    let until = as_of + TimeDelta::days(1);
    let midnight = until.and_time(chrono::NaiveTime::MIN);
    let first = first_day(&tables.calendar);
    let users = tables.user_profiles.clone().lazy().filter(col("signup_at").lt(lit(midnight)));
    let everything = study::events(&tables.user_events).unwrap();
    let events = everything.filter(col("timestamp").lt(lit(midnight))).unwrap();

    let window = Window::new(first, until).unwrap();
    let observed = Window::until(until);
    let daily = activity::daily(&events, window).unwrap().tail(Some(30)).lazy().select([
        text("date"),
        col("dau"),
        col("wau"),
        col("mau"),
        col("stickiness"),
    ]);

    let (from, to) = (as_of - TimeDelta::days(270), as_of - TimeDelta::days(89));
    let within = |column: &str| col(column).gt_eq(lit(from)).and(col(column).lt_eq(lit(to)));
    let cohort = users.clone().filter(within("signup_date"));
    let reached = study::stages().milestones(&cohort, &everything, observed).unwrap();
    let steps = study::funnel().conversion(&reached).unwrap();
    let signed_up = Window::new(from, to + TimeDelta::days(1)).unwrap();
    let visitors = study::visitors(&tables.visitors, signed_up).unwrap();
    let funnel = growth::from_visitors(visitors, &steps)
        .unwrap()
        .lazy()
        .select(["stage", "name", "users", "previous", "step_rate", "dropped"].map(col));

    let cohorts = study::retention(until)
        .cohorts(&users, &events, Period::Month)
        .unwrap()
        .lazy()
        .filter(col("active").is_not_null().and(col("in_progress").not()))
        .select([
            col("cohort").dt().to_string("%Y-%m"),
            col("period"),
            col("size"),
            col("active"),
            col("rate"),
        ]);

    let power = growth::power_users(&events, study::quarter(until)).unwrap();
    let adoption = study::adoption(&users, &everything, observed)
        .unwrap()
        .lazy()
        .select(["feature", "users", "adopted", "rate", "events", "events_per_adopter"].map(col));

    let weeks = study::north_star(&everything, window).unwrap().tail(Some(12)).lazy().select([
        text("week"),
        col("groups").alias("workspaces"),
        col("collaborative"),
        col("share"),
        col("users"),
    ]);

    let done = |lazy: LazyFrame| lazy.collect().unwrap();
    vec![
        (sql::DAU_MAU, done(daily)),
        (sql::FUNNEL, done(funnel)),
        (sql::COHORT_RETENTION, done(cohorts)),
        (sql::POWER_USERS, growth::deciles(&power).unwrap()),
        (sql::FEATURE_ADOPTION, done(adoption)),
        (sql::REVENUE, recurring(tables, until)),
        (sql::NORTH_STAR, done(weeks)),
    ]
}

/// Recurring revenue of the twelve months before the one in which `until` lies, by plan, from the movements of
/// subscriptions: one row for each month a user pays for.
fn recurring(tables: &notion::Tables, until: NaiveDate) -> DataFrame {
    let month = |column: &str| col(column).dt().to_string("%Y-%m");
    let months = tables
        .calendar
        .clone()
        .lazy()
        .group_by([col("month"), col("month_no")])
        .agg([col("date").min()])
        .filter(col("month").lt(lit(until.format("%Y-%m").to_string())))
        .sort(["month"], Default::default())
        .select([col("month"), col("date")]);
    let prices = tables.plans.clone().lazy().filter(col("dollars_a_month").gt(lit(0.0)));
    let last = months.clone().tail(12);
    let mut grid = last.cross_join(prices.clone(), None).collect().unwrap();
    let mut parts = vec![];
    for plan in grid.column("plan_type").unwrap().unique().unwrap().str().unwrap().iter().flatten()
    {
        let paid = tables
            .user_profiles
            .clone()
            .lazy()
            .filter(col("plan_type").eq(lit(plan)).and(col("paid_since").is_not_null()))
            .select([
                col("user_id").alias("customer_id"),
                col("paid_since"),
                col("paid_until"),
                col("plan_type"),
            ]);
        // In the month in which a plan ends, it is no longer paid for.
        let runs = || col("paid_until").is_null().or(month("paid_until").gt(col("month")));
        let rows = paid
            .cross_join(months.clone(), None)
            .filter(month("paid_since").lt_eq(col("month")).and(runs()))
            .join(
                prices.clone(),
                [col("plan_type")],
                [col("plan_type")],
                JoinArgs::new(JoinType::Inner),
            )
            .select([
                col("customer_id"),
                col("date").alias("month"),
                col("dollars_a_month").alias("mrr"),
            ]);
        let moved = revenue::movements(&rows).unwrap().lazy();
        parts.push(moved.select([
            month("month"),
            lit(plan).alias("plan_type"),
            col("customers"),
            col("mrr"),
            col("new"),
            col("churned"),
        ]));
    }
    let found = concat(parts, Default::default()).unwrap();
    let keys = || [col("month"), col("plan_type")];
    let customers = |dollars: &str| {
        let each = col(dollars) / col("dollars_a_month");
        each.round(0, RoundMode::HalfToEven).cast(DataType::Int64)
    };
    grid = grid
        .lazy()
        .join(found, keys(), keys(), JoinArgs::new(JoinType::Left))
        .with_columns([
            col("customers").fill_null(lit(0_i64)),
            col("mrr").fill_null(lit(0.0)),
            col("new").fill_null(lit(0.0)),
            // Of the first month, nothing is known about the month before: nobody had a plan.
            col("churned").fill_null(lit(0.0)),
        ])
        .select([
            col("month"),
            col("plan_type"),
            col("customers"),
            customers("new").alias("new_customers"),
            customers("churned").alias("lost_customers"),
            col("mrr"),
            col("new").alias("new_mrr"),
            col("churned").alias("churned_mrr"),
        ])
        .sort(["month", "plan_type"], Default::default())
        .collect()
        .unwrap();
    grid
}
