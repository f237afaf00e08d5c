//! From the visit to payment, by segment and by channel.

use polars::prelude::*;

use super::STRATA;
use crate::error::Result;
use crate::events::{EventSource, Moments, UserSource, Window};
use crate::frame::{Source, fetch};
use crate::metrics::funnel::Walk;
use crate::metrics::growth::{self, STAGES};
use crate::metrics::share_columns;

/// Counts the visitors on the days in a window; for a funnel, the days on which its users signed up
/// ([`eligible`](super::eligible)).
///
/// Reads `visitors`: `date` (Date), `visitors` (i64).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a
/// date that is empty or none; polars' own for visitors of another type.
pub fn visitors(visitors: &dyn Source, window: Window) -> Result<u64> {
    let frame = fetch(visitors, "visitors", &["date", "visitors"])?;
    let days = Moments::new(&frame, "visitors", "date")?;
    let bounds = window.bounds(&days, None);
    let counts = frame.column("visitors")?.i64()?.iter();
    let seen = days.micros.iter().zip(counts).filter(|(at, _)| bounds.contains(**at));
    Ok(seen.filter_map(|(_, count)| count).sum::<i64>().max(0) as u64)
}

/// Counts the users of each feature (type of event): see [`growth::adoption`].
///
/// # Errors
/// As [`growth::adoption`].
pub fn adoption(
    users: &dyn UserSource,
    events: &dyn EventSource,
    window: Window,
) -> Result<DataFrame> {
    growth::adoption(users, events, "event_type", window)
}

/// Counts users who were ever on a paid plan, by an attribute.
///
/// Reads the attribute and `paid_since` of `users`. Returns the attribute's column, `users`, `paid` (i64), `rate`,
/// `low`, `high` (f64, 95% Wilson), by attribute.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn).
pub fn paid_by(users: &dyn Source, attribute: &str) -> Result<DataFrame> {
    let users = fetch(users, "users", &[attribute, "paid_since"])?.lazy();
    let whole = |count: Expr, name: &str| count.cast(DataType::Int64).alias(name);
    let mut groups = users
        .group_by([col(attribute)])
        .agg([whole(len(), "users"), whole(col("paid_since").count(), "paid")])
        .sort([attribute], Default::default())
        .collect()?;
    let counts = |name: &str| -> Result<Vec<Option<i64>>> {
        Ok(groups.column(name)?.i64()?.iter().collect())
    };
    let rates = share_columns(["rate", "low", "high"], &counts("paid")?, &counts("users")?);
    for rate in rates {
        groups.with_column(rate)?;
    }
    Ok(groups)
}

/// Compares the funnel with the share ever on a paid plan, by segment and by channel.
///
/// Reads a walk of the [funnel](super::funnel()), and the attributes and `paid_since` of `users`. Returns `attribute`
/// (one of [`STRATA`]), `group`, `users` (i64), the rate of each stage after sign-up (f64), `paid` (i64), `paid_rate`,
/// `low`, `high` (f64, 95% Wilson), by attribute, then group.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), and those of [`Walk::conversion_by`].
pub fn segments(walk: &Walk<'_>, users: &dyn UserSource) -> Result<DataFrame> {
    let users = users.users(&["segment", "acquisition_channel", "paid_since"])?;
    let mut parts = vec![];
    for attribute in STRATA {
        let rate = |stage: &str| {
            let here = when(col("name").eq(lit(stage))).then(col("step_rate"));
            here.otherwise(lit(NULL)).max().alias(stage)
        };
        let rates = walk
            .conversion_by(&users, attribute)?
            .lazy()
            .group_by([col(attribute)])
            .agg(STAGES[1..].iter().map(|stage| rate(stage)).collect::<Vec<_>>());
        let mut columns =
            vec![lit(attribute).alias("attribute"), col(attribute).alias("group"), col("users")];
        columns.extend(STAGES[1..].iter().map(|stage| col(*stage)));
        columns.extend([col("paid"), col("rate").alias("paid_rate"), col("low"), col("high")]);
        let paid = paid_by(users.frame(), attribute)?.lazy();
        let joined =
            paid.join(rates, [col(attribute)], [col(attribute)], JoinArgs::new(JoinType::Left));
        parts.push(joined.select(columns).sort(["group"], Default::default()));
    }
    Ok(concat(parts, UnionArgs::default())?.collect()?)
}
