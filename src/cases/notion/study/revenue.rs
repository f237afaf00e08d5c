//! Revenue from subscriptions.

use polars::prelude::*;

use crate::error::Result;
use crate::frame::{Source, fetch};

/// Computes recurring revenue by the month in which a plan began.
///
/// Reads `plan_type` and `paid_since` of `users`, and `plan_type` and `dollars_a_month` of `plans`. Returns `month`
/// (text), `new_customers`, `customers` (i64), `new_mrr`, `mrr` (f64, US dollars a month), by month. A month in which
/// no plan began has no row.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn recurring(users: &dyn Source, plans: &dyn Source) -> Result<DataFrame> {
    let plan = || [col("plan_type")];
    let prices = fetch(plans, "plans", &["plan_type", "dollars_a_month"])?.lazy();
    let began = fetch(users, "users", &["plan_type", "paid_since"])?.lazy();
    let began = began.filter(col("paid_since").is_not_null());
    Ok(began
        .join(prices, plan(), plan(), JoinArgs::new(JoinType::Left))
        .group_by([col("paid_since").dt().to_string("%Y-%m").alias("month")])
        .agg([
            len().cast(DataType::Int64).alias("new_customers"),
            col("dollars_a_month").sum().alias("new_mrr"),
        ])
        .sort(["month"], Default::default())
        .select([
            col("month"),
            col("new_customers"),
            col("new_customers").cum_sum(false).alias("customers"),
            col("new_mrr"),
            col("new_mrr").cum_sum(false).alias("mrr"),
        ])
        .collect()?)
}
