//! Revenue from subscriptions.

use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use polars::prelude::*;

use crate::error::Result;
use crate::frame::{Source, fetch, require};

/// Computes recurring revenue by month.
///
/// Reads `plan_type`, `paid_since` and `paid_until` of `users`, and `plan_type` and `dollars_a_month` of `plans`. A plan is paid for from
/// the month in which it begins to the one before that in which it ends. Returns `month` (text), `new_customers`, `lost_customers`,
/// `customers` (i64), `new_mrr`, `churned_mrr`, `mrr` (f64, US dollars a month), by month. A month in which no plan began or ended has no
/// row.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn recurring(users: &dyn Source, plans: &dyn Source) -> Result<DataFrame> {
    let plan = || [col("plan_type")];
    let prices = fetch(plans, "plans", &["plan_type", "dollars_a_month"])?.lazy();
    let users = fetch(users, "users", &["plan_type", "paid_since", "paid_until"])?.lazy();
    let priced = users.join(prices, plan(), plan(), JoinArgs::new(JoinType::Left));
    let moved = |day: &str, sign: i64| {
        priced.clone().filter(col(day).is_not_null()).select([
            col(day).dt().to_string("%Y-%m").alias("month"),
            lit(sign).alias("sign"),
            col("dollars_a_month").alias("dollars"),
        ])
    };
    let all = concat([moved("paid_since", 1), moved("paid_until", -1)], UnionArgs::default())?;
    let (began, ended) = (|| col("sign").eq(lit(1_i64)), || col("sign").eq(lit(-1_i64)));
    let balance = |won: &str, lost: &str| (col(won) - col(lost)).cum_sum(false);
    Ok(all
        .group_by([col("month")])
        .agg([
            began().sum().cast(DataType::Int64).alias("new_customers"),
            ended().sum().cast(DataType::Int64).alias("lost_customers"),
            col("dollars").filter(began()).sum().alias("new_mrr"),
            col("dollars").filter(ended()).sum().alias("churned_mrr"),
        ])
        .sort(["month"], Default::default())
        .select([
            col("month"),
            col("new_customers"),
            col("lost_customers"),
            balance("new_customers", "lost_customers").alias("customers"),
            col("new_mrr"),
            col("churned_mrr"),
            balance("new_mrr", "churned_mrr").alias("mrr"),
        ])
        .collect()?)
}

/// Lists the months paid for: what [`movements`](crate::metrics::revenue::movements) reads.
///
/// Reads `user_id`, `plan_type`, `paid_since` and `paid_until` of `users`, and `plan_type` and `dollars_a_month` of `plans`. Returns
/// `customer_id`, `plan_type`, `month` (Date: its first day), `mrr` (f64, US dollars), in the order of `users`, then by month; up to the
/// month of the last day observed, the one before `until`. A plan is paid for from the month in which it begins to the one before that
/// in which it ends.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
///
/// ```
/// use casebook::prelude::*;
/// use casebook::cases::notion::study;
///
/// let config = notion::Config { users: 2_000, ..Default::default() };
/// let tables = notion::generate(&config)?;
/// let paid = study::payments(&tables.user_profiles, &tables.plans, study::until(&config))?;
/// let moved = revenue::movements(&paid)?;
/// assert!(moved.scalar(col("churned").sum())? > 0.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn payments(users: &dyn Source, plans: &dyn Source, until: NaiveDate) -> Result<DataFrame> {
    let plan = || [col("plan_type")];
    let prices = fetch(plans, "plans", &["plan_type", "dollars_a_month"])?.lazy();
    let users = fetch(users, "users", &["user_id", "plan_type", "paid_since", "paid_until"])?;
    let keep_order =
        JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Inner) };
    let paid = users.lazy().filter(col("paid_since").is_not_null());
    let paid = paid.join(prices, plan(), plan(), keep_order).collect()?;
    let number = |day: NaiveDate| day.year() * 12 + day.month0() as i32;
    let last = until.pred_opt().map_or(0, number);
    let (mut rows, mut months): (Vec<IdxSize>, Vec<NaiveDate>) = (vec![], vec![]);
    for (row, (began, ended)) in (0..).zip(begun(&paid)?) {
        let end = ended.map_or(last, |ended| last.min(number(ended) - 1));
        for month in number(began)..=end {
            rows.push(row);
            let first =
                NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1);
            months.push(first.unwrap_or_default());
        }
    }
    let paid = paid.take(&IdxCa::from_vec("row".into(), rows))?.lazy();
    let months = Column::new("month".into(), months);
    let each = [
        col("user_id").alias("customer_id"),
        col("plan_type"),
        lit(months.take_materialized_series()).alias("month"),
        col("dollars_a_month").alias("mrr"),
    ];
    Ok(paid.select(each).collect()?)
}

/// Measures for how many months plans are paid for: what [`survival`](crate::metrics::survival) reads.
///
/// Reads `paid_since` and `paid_until` of `users`; keeps the rows of those who ever paid. Adds `duration` (i64: months paid for until the
/// plan ended; of a plan that runs, how many times it was renewed before `until`, the first day not observed) and `observed` (i64: 1 if it
/// ended, else 0). Of all durations together, the share that ended is the monthly churn.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
///
/// ```
/// use casebook::prelude::*;
/// use casebook::cases::notion::study;
///
/// let config = notion::Config { users: 2_000, ..Default::default() };
/// let users = notion::generate(&config)?.user_profiles;
/// let plans = study::plan_lengths(&users, study::until(&config))?;
/// let curve = survival::kaplan_meier(&plans, Some("plan_type"))?;
/// assert!(curve.scalar(col("survival").min())? < 0.9);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn plan_lengths(users: &DataFrame, until: NaiveDate) -> Result<DataFrame> {
    require(users, "users", &["paid_since", "paid_until"])?;
    let mut paid = users.clone().lazy().filter(col("paid_since").is_not_null()).collect()?;
    let (mut lengths, mut ends) = (vec![], vec![]);
    for (began, ended) in begun(&paid)? {
        let ended = ended.filter(|ended| *ended < until);
        let end = ended.unwrap_or(until);
        let mut months =
            (end.year() - began.year()) * 12 + end.month() as i32 - began.month() as i32;
        // A plan that runs was renewed only if the day was observed; one that ended was paid for until the day.
        let due = began.checked_add_months(Months::new(months.max(0) as u32)).unwrap_or(end);
        months -= i32::from(ended.is_none() && due >= until);
        lengths.push(i64::from(months.max(0)));
        ends.push(i64::from(ended.is_some()));
    }
    paid.with_column(Column::new("duration".into(), lengths))?;
    paid.with_column(Column::new("observed".into(), ends))?;
    Ok(paid)
}

/// Returns when each plan began, and when it ended.
fn begun(paid: &DataFrame) -> Result<Vec<(NaiveDate, Option<NaiveDate>)>> {
    let days = |column: &str| -> Result<Vec<Option<NaiveDate>>> {
        let days = paid.column(column)?.cast(&DataType::Date)?;
        let epoch = NaiveDate::default();
        let day = |day: Option<i32>| day.map(|day| epoch + TimeDelta::days(i64::from(day)));
        Ok(days.date()?.physical().iter().map(day).collect())
    };
    let ended = days("paid_until")?;
    Ok(days("paid_since")?.into_iter().map(Option::unwrap_or_default).zip(ended).collect())
}
