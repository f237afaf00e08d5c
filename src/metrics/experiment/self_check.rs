//! A test tried where there is nothing to find: users split at random, again and again.

use polars::prelude::*;
use rand::RngExt;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::events::Numbered;
use crate::frame::full;
use crate::metrics::{Source, absent, require, share_columns};
use crate::stats::kolmogorov;
use crate::stream::stream;

/// What a test made of users who were treated alike.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SelfCheck {
    /// One row per split: `split` (i64, from 1), `p_value` (f64; null where the test has none).
    pub p_values: DataFrame,
    /// One row: `splits` (i64), `hits` (i64: p values below 0.05), `trials` (i64: splits with a p
    /// value), `rate`, `low`, `high` (f64: the share of false alarms and its 95% Wilson interval),
    /// `distance`, `p_value` (f64: the Kolmogorov–Smirnov test of uniform p values).
    pub summary: DataFrame,
}

/// Tries a test on random splits of the same users, between whom there is no difference: an A/A
/// test.
///
/// P values of a sound test are then uniform between 0 and 1, and 5% of them lie below 0.05. A test
/// that takes a user's rows for independent has too many small ones. Small users' counts and rare
/// outcomes make steps of their own, which a large number of splits finds, too.
///
/// Reads `rows`: the column `user`, and whatever `test` reads. In each split, users get arm "a" or
/// "b" at random with all their rows, in a column `arm` that the rows must not have; `test` returns
/// its p value, or one that is no number.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a user that is empty, fewer than four
/// users, a column `arm` that is there already; splits outside 20 to 10,000; those of the test.
///
/// ```
/// use casebook::prelude::*;
///
/// fn by_visit(visits: &DataFrame) -> Result<f64> {
///     experiment::means(visits, "arm", "spent", "a")?.value("p_value", "arm", "b")
/// }
///
/// // Eight visits of each user, all of the same amount.
/// let visits = df!(
///     "user" => (0..400).map(|visit| visit / 8).collect::<Vec<i32>>(),
///     "spent" => (0..400).map(|visit| visit / 8 * 7 % 13).collect::<Vec<i32>>(),
/// )?;
/// let found = experiment::self_check(&visits, "user", 100, 42, by_visit)?;
/// assert!(found.summary.value("low", "splits", 100)? > 0.05);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Source
/// R. Kohavi, D. Tang and Y. Xu (2020), Trustworthy Online Controlled Experiments, chapter 19:
/// replaying last week's A/A tests; A. Kolmogorov (1933).
pub fn self_check(
    rows: &dyn Source,
    user: &str,
    splits: u32,
    seed: u64,
    test: impl Fn(&DataFrame) -> Result<f64> + Sync,
) -> Result<SelfCheck> {
    if !(20..=10_000).contains(&splits) {
        return Err(Error::config("splits", splits, "20 to 10,000"));
    }
    let rows = rows.scan().collect()?;
    require(&rows, "rows", &[user])?;
    absent(&rows, "rows", &["arm"])?;
    let column = full(&rows, "rows", user)?;
    let numbered = Numbered::new(column)?;
    let users = numbered.count();
    if users < 4 {
        let problem = format!("has {users} users; there must be four or more");
        return Err(Error::column("rows", user, problem));
    }
    let places = places(column, &numbered)?;
    let tried = |split: u32| -> Result<Option<f64>> {
        let arms = halves(users, seed, split);
        let labels: Vec<&str> =
            numbered.codes.iter().map(|code| arms[places[*code as usize]]).collect();
        let mut split = rows.clone();
        split.with_column(Column::new("arm".into(), labels))?;
        let p_value = test(&split)?;
        Ok(Some(p_value).filter(|p_value| (0.0..=1.0).contains(p_value)))
    };
    let p_values: Vec<Option<f64>> =
        (1..=splits).into_par_iter().map(tried).collect::<Result<_>>()?;
    let known: Vec<f64> = p_values.iter().flatten().copied().collect();
    let hits = known.iter().filter(|p_value| **p_value < 0.05).count() as i64;
    let distance = kolmogorov::distance(&known);
    let trials = known.len() as i64;
    let mut columns = vec![
        Column::new("splits".into(), [i64::from(splits)]),
        Column::new("hits".into(), [hits]),
        Column::new("trials".into(), [trials]),
    ];
    columns.extend(share_columns(["rate", "low", "high"], &[Some(hits)], &[Some(trials)]));
    columns.push(Column::new("distance".into(), [distance]));
    let p_value = distance.map(|distance| kolmogorov::exceeds(distance, known.len()));
    columns.push(Column::new("p_value".into(), [p_value]));
    Ok(SelfCheck {
        p_values: df!(
            "split" => (1..=i64::from(splits)).collect::<Vec<_>>(), "p_value" => p_values,
        )?,
        summary: DataFrame::new_infer_height(columns)?,
    })
}

/// Each user's place among users sorted by identifier, so that the order of rows does not matter.
fn places(column: &Column, numbered: &Numbered) -> Result<Vec<usize>> {
    let names = crate::frame::texts(column)?;
    let mut firsts: Vec<Option<&str>> = vec![None; numbered.count()];
    for (code, name) in numbered.codes.iter().zip(&names) {
        firsts[*code as usize] = name.as_deref();
    }
    let mut order: Vec<usize> = (0..firsts.len()).collect();
    order.sort_unstable_by_key(|code| firsts[*code]);
    let mut places = vec![0; order.len()];
    for (place, code) in order.into_iter().enumerate() {
        places[code] = place;
    }
    Ok(places)
}

/// Arms of equal size, or one more.
fn halves(users: usize, seed: u64, split: u32) -> Vec<&'static str> {
    let mut arms: Vec<&str> = (0..users).map(|user| ["a", "b"][user % 2]).collect();
    let mut rng = stream(seed, "self check", u64::from(split));
    for last in (1..users).rev() {
        arms.swap(last, rng.random_range(0..=last));
    }
    arms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;
    use crate::metrics::experiment::means;

    fn visits(of_each: i32) -> DataFrame {
        let visit = || 0..60 * of_each;
        df!(
            "user" => visit().map(|visit| visit / of_each).collect::<Vec<_>>(),
            "spent" => visit().map(|visit| visit / of_each * 7 % 61).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    fn by_row(rows: &DataFrame) -> Result<f64> {
        means(rows, "arm", "spent", "a")?.value("p_value", "arm", "b")
    }

    fn real(frame: &DataFrame, column: &str) -> f64 {
        frame.column(column).unwrap().f64().unwrap().get(0).unwrap()
    }

    #[test]
    fn rows_taken_for_independent_are_caught() {
        let sound = self_check(&visits(1), "user", 400, 1, by_row).unwrap();
        assert!(real(&sound.summary, "p_value") > 0.01, "{}", sound.summary);
        assert!(real(&sound.summary, "low") < 0.05 && 0.05 < real(&sound.summary, "high"));
        let wrong = self_check(&visits(5), "user", 400, 1, by_row).unwrap();
        assert!(real(&wrong.summary, "p_value") < 1e-6, "{}", wrong.summary);
        assert!(real(&wrong.summary, "low") > 0.2, "{}", wrong.summary);
    }

    #[test]
    fn a_test_without_an_answer_has_no_rate() {
        let found = self_check(&visits(1), "user", 20, 1, |_| Ok(f64::NAN)).unwrap();
        assert_eq!(found.p_values.column("p_value").unwrap().null_count(), 20);
        for column in ["rate", "low", "high", "distance", "p_value"] {
            assert_eq!(found.summary.column(column).unwrap().null_count(), 1, "{column}");
        }
    }

    #[test]
    fn what_cannot_be_split_is_named() {
        let few = df!("user" => [1, 2, 3], "spent" => [1, 2, 3]).unwrap();
        let taken = df!("user" => [1, 2, 3, 4], "arm" => [1, 2, 3, 4]).unwrap();
        for (rows, splits, named) in
            [(&few, 20, "four or more"), (&taken, 20, "`arm`"), (&visits(1), 5, "`splits`")]
        {
            let said = self_check(rows, "user", splits, 1, by_row).unwrap_err().to_string();
            assert!(said.contains(named), "{said}");
        }
    }
}
