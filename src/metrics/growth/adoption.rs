//! Adoption: who uses which feature.

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::Result;
use crate::events::Observed;
use crate::events::{DAY, EventSource, Grouped, Numbered, UserSource, Window};
use crate::frame::{full, texts};
use crate::metrics::share_columns;
use crate::stats::sample::quantile;

/// Counts how many users adopted each feature, how much they use it, and how long it took them.
///
/// Reads `users` and `events` as the [module](super) says, and `feature`, a column of `events`. Returns one row per
/// feature: `feature` (text), `users` (i64: all who started in the window), `adopted` (i64: those of them who used it
/// at least once), `rate`, `low`, `high` (f64, 95% Wilson), `events` (i64), `events_per_adopter`, `median_days` (f64:
/// from sign-up to the first use), by adoption (descending), then name. Time and memory grow with the number of events,
/// not of features.
///
/// # Errors
/// As [`time_to_value`](super::time_to_value); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for an empty feature.
///
/// ```
/// use casebook::prelude::*;
///
/// let events = warehouse::files::read("data/samples/events.csv")?;
/// let users = warehouse::files::read("data/samples/users.csv")?;
/// let observed = Window::until(Month { year: 2024, month: 5 }.midnight());
/// let features = growth::adoption(&users, &events, "event", observed)?;
/// assert_eq!(features.column("feature")?.str()?.get(0), Some("visit"));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn adoption(
    users: &dyn UserSource,
    events: &dyn EventSource,
    feature: &str,
    window: Window,
) -> Result<DataFrame> {
    let observed = Observed::new(users.started(&[])?, events.events(&[feature])?, window)?;
    let named = full(observed.events.frame(), "events", feature)?;
    let features = Numbered::new(named)?;
    let names = texts(&features.pick(named)?)?;
    let mut counts = vec![0_i64; features.count()];
    observed.rows().for_each(|(row, _)| counts[features.codes[row] as usize] += 1);
    let mut took = first_uses(&observed, &features);
    let medians: Vec<(usize, Option<f64>)> = took
        .parts()
        .into_par_iter()
        .flat_map_iter(|mut part| {
            let median = |days: &mut [f64]| {
                days.sort_unstable_by(f64::total_cmp);
                (days.len(), quantile(days, 0.5))
            };
            (0..part.users()).map(|feature| median(part.of(feature))).collect::<Vec<_>>()
        })
        .collect();
    let everybody = (0..observed.people()).filter(|user| observed.started(*user)).count();
    let mut rows: Vec<(i64, &str, i64, Option<f64>)> = medians
        .into_iter()
        .enumerate()
        .filter(|(_, (adopted, _))| *adopted > 0)
        .map(|(feature, (adopted, median))| {
            let name = names[feature].as_deref().unwrap_or_default();
            (adopted as i64, name, counts[feature], median)
        })
        .collect();
    rows.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let adopted: Vec<Option<i64>> = rows.iter().map(|row| Some(row.0)).collect();
    let of = vec![Some(everybody as i64); rows.len()];
    let mut columns = vec![
        Column::new("feature".into(), rows.iter().map(|row| row.1).collect::<Vec<_>>()),
        Column::new("users".into(), &of),
        Column::new("adopted".into(), &adopted),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &adopted, &of));
    columns.push(Column::new("events".into(), rows.iter().map(|row| row.2).collect::<Vec<_>>()));
    let each: Vec<f64> = rows.iter().map(|row| row.2 as f64 / row.0 as f64).collect();
    columns.push(Column::new("events_per_adopter".into(), each));
    columns
        .push(Column::new("median_days".into(), rows.iter().map(|row| row.3).collect::<Vec<_>>()));
    Ok(DataFrame::new_infer_height(columns)?)
}

/// Returns, for each feature, how many days its users took to use it first.
///
/// Uses a table of users and features if that takes no more memory than the grouped events; otherwise goes user by
/// user, because most cells of the table would be empty.
fn first_uses(observed: &Observed, features: &Numbered) -> Grouped<f64> {
    let cells = observed.people().saturating_mul(features.count());
    let firsts = match cells <= 2 * observed.user.len() {
        true => by_table(observed, features),
        false => by_user(observed, features),
    };
    let codes: Vec<u32> = firsts.iter().map(|first| first.0).collect();
    Grouped::new(&codes, features.count(), |place| firsts[place].1 as f64 / DAY as f64)
}

/// Returns each feature and the days a user took to use it, by user.
fn by_table(observed: &Observed, features: &Numbered) -> Vec<(u32, i64)> {
    let width = features.count();
    let mut first = vec![i64::MAX; observed.people() * width];
    for (row, user) in observed.rows() {
        let cell = &mut first[user * width + features.codes[row] as usize];
        *cell = (*cell).min(observed.at(row, user));
    }
    let used = |(cell, at): (usize, &i64)| {
        let took = || at - observed.start[cell / width];
        (*at != i64::MAX).then(|| ((cell % width) as u32, took()))
    };
    first.iter().enumerate().filter_map(used).collect()
}

/// The same, without the table.
fn by_user(observed: &Observed, features: &Numbered) -> Vec<(u32, i64)> {
    let mut uses = Grouped::new(&observed.user, observed.people(), |row| {
        let user = observed.user[row] as usize;
        (features.codes[row], observed.at(row, user) - observed.start[user])
    });
    uses.parts()
        .into_par_iter()
        .flat_map_iter(|mut part| {
            let mut firsts: Vec<(u32, i64)> = vec![];
            for user in 0..part.users() {
                let mine = part.of(user);
                mine.sort_unstable();
                let of_feature = mine.chunk_by(|a, b| a.0 == b.0);
                firsts.extend(of_feature.filter_map(|uses| uses.first()));
            }
            firsts
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::world;
    use super::*;

    proptest! {
        #[test]
        fn both_ways_to_first_uses_find_the_same(
            rows in prop::collection::vec((1..6_i64, 0..9_i64, 0..300_i64, 0..4_usize), 0..60),
        ) {
            let named = |row: &(i64, i64, i64, usize)| (row.0, row.1, row.2, ["a", "b", "c", "d"][row.3]);
            let rows: Vec<(i64, i64, i64, &str)> = rows.iter().map(named).collect();
            let (users, events) = world(&rows, 5);
            let (users, events) = (users.started(&[]).unwrap(), events.events(&["event"]).unwrap());
            let observed = Observed::new(users, events.clone(), Window::default()).unwrap();
            let features = Numbered::new(events.frame().column("event").unwrap()).unwrap();
            let sorted = |mut firsts: Vec<(u32, i64)>| {
                firsts.sort_unstable();
                firsts
            };
            prop_assert_eq!(sorted(by_table(&observed, &features)), sorted(by_user(&observed, &features)));
        }
    }
}
