//! Which channels conversions are due to.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::events::{EventSource, UserSource};
use crate::frame::{full, texts};
use crate::metrics::{free, quantile};
use crate::stats::attribution::{Chain, Sets};
use crate::stats::bootstrap::redrawn;
use crate::stream::stream;

/// With more channels than this there are too many sets of them.
const MOST: usize = 12;
/// Resamples of users, always the same ones.
const DRAWS: u64 = 1_000;
const SEED: u64 = 42;
const RULES: [&str; 5] = ["first touch", "last touch", "linear", "Markov", "Shapley"];

/// A user's touches until the conversion, in order, and whether there was one.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Path {
    touches: Vec<usize>,
    converted: bool,
}

/// Computes which channels conversions are due to, by five rules.
///
/// Touches count up to the user's first conversion, and for users without one, all of them. The rules: the first touch; the last; all
/// alike ("linear"); "Markov": in proportion to the removal effect, the share of conversions lost if whoever comes to the channel next
/// is lost, in a chain in which the next touch depends on the latest; "Shapley": users with the same set of channels have a conversion
/// rate, and what a channel adds to the rate of a set is averaged over every order of its channels. The first four share out all
/// conversions of users who were touched, whether or not they are due to a touch. Shapley alone compares with users whom a channel did
/// not reach; those must be comparable.
///
/// Reads `users`: `user_id`, everyone who could convert; `touches`: `user_id`, `timestamp` and the column `channel` (text); `conversions`:
/// `user_id`, `timestamp`. Touches and conversions of others are left out. Returns one row per rule and channel, and one for no channel:
/// `rule`, `channel`, by its own name (text; null for no channel: conversions without a touch, and for Shapley, those that would have come anyway),
/// `conversions` (f64; they sum to all conversions for each rule; Shapley's can be negative), `of` (i64: users who converted), `part`
/// (f64: conversions / of; null without any), `low`, `high` (f64: the part's 95% interval, from 1,000 resamples of users; null with fewer than two
/// users). Rules are in that order, channels by name, no channel last. Intervals say how much chance there is in what a rule shares out,
/// not whether the rule is right.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn); [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values,
/// invalid times, more than 12 channels, and a column that has the name of one of the result.
///
/// # Source
/// E. Anderl et al. (2016), "Mapping the customer journey", International Journal of Research in Marketing 33; X. Shao and L. Li (2011),
/// "Data-driven multi-touch attribution models", KDD. A. C. Davison and D. V. Hinkley (1997), Bootstrap Methods and their Application, for
/// the intervals.
///
/// ```
/// use casebook::metrics::change;
/// use casebook::prelude::*;
///
/// let days = |days: &[i64]| -> Vec<chrono::NaiveDateTime> {
///     days.iter().filter_map(|day| Some(chrono::DateTime::from_timestamp(day * 86_400, 0)?.naive_utc())).collect()
/// };
/// let users = df!("user_id" => [1, 2, 3, 4])?;
/// let touches = df!(
///     "user_id" => [1, 1, 2, 3], "timestamp" => days(&[0, 1, 0, 0]), "channel" => ["ad", "mail", "ad", "mail"],
/// )?;
/// let conversions = df!("user_id" => [1, 3], "timestamp" => days(&[2, 2]))?;
/// let found = change::attribute(&users, &touches, &conversions, "channel")?;
/// let of = |rule: &str| found.keep(col("rule").eq(lit(rule)).and(col("channel").eq(lit("ad"))))?.total("conversions");
/// assert_eq!((of("first touch")?, of("last touch")?, of("linear")?), (1.0, 0.0, 0.5));
/// // Who only saw the ad didn't convert.
/// assert_eq!(of("Shapley")?, 0.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn attribute(
    users: &dyn UserSource,
    touches: &dyn EventSource,
    conversions: &dyn EventSource,
    channel: &str,
) -> Result<DataFrame> {
    free("events", channel, &["rule", "conversions", "of", "part", "low", "high"])?;
    let users = users.users(&[])?;
    let touches = touches.events(&[channel])?;
    let conversions = conversions.events(&[])?;
    let names = |frame: &DataFrame, column: &str| -> Result<Vec<String>> {
        Ok(texts(frame.column(column)?)?.into_iter().flatten().collect())
    };
    let channels: Vec<String> =
        texts(full(touches.frame(), "events", channel)?)?.into_iter().flatten().collect();
    let known: Vec<&String> = channels.iter().collect::<BTreeSet<_>>().into_iter().collect();
    if known.len() > MOST {
        let problem = format!("holds {} channels; accepted: up to {MOST}", known.len());
        return Err(Error::column("events", channel, problem));
    }
    let people = names(users.frame(), users.user_column())?;
    let (who, buyers) = (
        names(touches.frame(), touches.user_column())?,
        names(conversions.frame(), conversions.user_column())?,
    );
    let mut first: BTreeMap<&str, i64> = BTreeMap::new();
    for (user, at) in buyers.iter().zip(conversions.moments().micros.iter()) {
        first.entry(user).and_modify(|known| *known = (*at).min(*known)).or_insert(*at);
    }
    let mut paths: BTreeMap<&str, Path> =
        people.iter().map(|user| (user.as_str(), Path::default())).collect();
    for (user, path) in &mut paths {
        path.converted = first.contains_key(user);
    }
    // In order of time; at the same moment, of names.
    let mut rows: Vec<(i64, usize, &str)> = who
        .iter()
        .zip(touches.moments().micros.iter())
        .zip(&channels)
        .map(|((user, at), name)| {
            (*at, known.partition_point(|other| *other < name), user.as_str())
        })
        .collect();
    rows.sort_unstable();
    for (at, place, user) in rows {
        if first.get(user).is_some_and(|first| at > *first) {
            continue;
        }
        if let Some(path) = paths.get_mut(user) {
            path.touches.push(place);
        }
    }
    // Whole numbers of each kind: sums don't depend on the order of users.
    let mut kinds: BTreeMap<Path, f64> = BTreeMap::new();
    for path in paths.into_values() {
        *kinds.entry(path).or_default() += 1.0;
    }
    let (kinds, counts): (Vec<Path>, Vec<f64>) = kinds.into_iter().unzip();
    let each = credits(&kinds, &counts, known.len());
    let of = converted(&kinds, &counts);
    let part = |credit: f64, of: f64| (of > 0.0).then(|| credit / of);
    let ends = ends(&kinds, &counts, known.len());
    let labels = || known.iter().map(|name| Some(name.as_str())).chain([None]);
    Ok(df!(
        "rule" => RULES.iter().flat_map(|rule| vec![*rule; known.len() + 1]).collect::<Vec<_>>(),
        channel => RULES.iter().flat_map(|_| labels()).collect::<Vec<_>>(),
        "conversions" => &each,
        "of" => vec![of as i64; each.len()],
        "part" => each.iter().map(|credit| part(*credit, of)).collect::<Vec<_>>(),
        "low" => ends.iter().map(|ends| ends.map(|it| it.0)).collect::<Vec<_>>(),
        "high" => ends.iter().map(|ends| ends.map(|it| it.1)).collect::<Vec<_>>(),
    )?)
}

fn converted(kinds: &[Path], counts: &[f64]) -> f64 {
    let all = kinds.iter().zip(counts).filter(|(path, _)| path.converted);
    all.map(|(_, many)| many).sum()
}

/// Returns, by rule and channel, the ends of the 95% interval of the part, from resamples of users that have a conversion.
fn ends(kinds: &[Path], counts: &[f64], channels: usize) -> Vec<Option<(f64, f64)>> {
    let cells = RULES.len() * (channels + 1);
    if counts.iter().sum::<f64>() < 2.0 || converted(kinds, counts) == 0.0 {
        return vec![None; cells];
    }
    let drawn: Vec<Vec<f64>> = (0..DRAWS)
        .into_par_iter()
        .filter_map(|draw| {
            let counts = redrawn(counts, &mut stream(SEED, "attribution", draw));
            let of = converted(kinds, &counts);
            let parts = credits(kinds, &counts, channels).into_iter().map(|credit| credit / of);
            (of > 0.0).then(|| parts.collect())
        })
        .collect();
    let middle = |cell: usize| {
        let mut all: Vec<f64> = drawn.iter().map(|parts| parts[cell]).collect();
        all.sort_unstable_by(f64::total_cmp);
        quantile(&all, 0.025).zip(quantile(&all, 0.975))
    };
    (0..cells).map(middle).collect()
}

/// By rule: each channel's conversions, and those of no channel, one after the other.
fn credits(kinds: &[Path], counts: &[f64], channels: usize) -> Vec<f64> {
    let mut all = vec![vec![0.0; channels + 1]; RULES.len()];
    let (mut chain, mut sets) = (Chain::new(channels), Sets::new(channels));
    let (mut touched, mut counted) = (0.0, BTreeMap::<(usize, usize), f64>::new());
    for (path, many) in kinds.iter().zip(counts) {
        chain.add(&path.touches, path.converted, *many);
        let set = path.touches.iter().fold(0, |set, at| set | 1 << at);
        sets.add(set, path.converted, *many);
        if !path.converted {
            continue;
        }
        let (Some(first), Some(last)) = (path.touches.first(), path.touches.last()) else {
            all[..4].iter_mut().for_each(|rule| rule[channels] += many);
            continue;
        };
        touched += many;
        all[0][*first] += many;
        all[1][*last] += many;
        for at in &path.touches {
            *counted.entry((path.touches.len(), *at)).or_default() += many;
        }
    }
    for ((length, at), count) in counted {
        all[2][at] += count / length as f64;
    }
    if let Some(effects) = chain.removal_effects() {
        let whole: f64 = effects.iter().sum();
        for (to, effect) in all[3].iter_mut().zip(&effects) {
            *to = touched * effect / whole;
        }
    }
    let (due, none) = sets.shapley();
    all[4][..channels].copy_from_slice(&due);
    all[4][channels] = none;
    all.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Verbs;

    const HOUR: i64 = 3_600_000_000;

    fn moments(name: &str, hours: &[i64]) -> Column {
        let at: Vec<i64> = hours.iter().map(|hour| hour * HOUR).collect();
        Column::new(name.into(), at)
            .cast(&DataType::Datetime(TimeUnit::Microseconds, None))
            .unwrap()
    }

    fn frame(users: &[i64], hours: &[i64], channels: Option<&[&str]>) -> DataFrame {
        let mut columns = vec![Column::new("user_id".into(), users), moments("timestamp", hours)];
        columns.extend(channels.map(|channels| Column::new("from".into(), channels)));
        DataFrame::new_infer_height(columns).unwrap()
    }

    #[test]
    fn each_rule_shares_out_all_conversions() {
        let users = df!("user_id" => [1_i64, 2, 3, 4, 5]).unwrap();
        // User 1 comes back after the conversion; 5 converts untouched; 9 is nobody.
        let touches = frame(
            &[1, 1, 1, 1, 2, 3, 9],
            &[1, 2, 3, 9, 1, 1, 1],
            Some(&["ad", "mail", "mail", "search", "ad", "mail", "ad"]),
        );
        let conversions = frame(&[1, 1, 3, 5, 9], &[3, 20, 4, 4, 4], None);
        let found = attribute(&users, &touches, &conversions, "from").unwrap();
        assert_eq!(found.height(), 20);
        for rule in RULES {
            let own = found.keep(col("rule").eq(lit(rule))).unwrap();
            assert!((own.total("conversions").unwrap() - 3.0).abs() < 1e-12, "{own}");
        }
        let of = |rule: &str, channel: &str| {
            let row = col("rule").eq(lit(rule)).and(col("from").eq(lit(channel)));
            found.keep(row).unwrap().total("conversions").unwrap()
        };
        assert_eq!((of("first touch", "ad"), of("last touch", "ad")), (1.0, 0.0));
        assert!((of("linear", "ad") - 1.0 / 3.0).abs() < 1e-12);
        let ends = |name: &str| {
            found.column(name).unwrap().f64().unwrap().iter().flatten().collect::<Vec<_>>()
        };
        let (low, part, high) = (ends("low"), ends("part"), ends("high"));
        assert!((0..20).all(|row| low[row] <= part[row] && part[row] <= high[row]), "{found}");
        assert!((low[0], high[0]) == (0.0, 1.0), "{found}");
        // The search came after the conversion, and to nobody else.
        assert!(RULES.iter().all(|rule| of(rule, "search") == 0.0), "{found}");
    }

    #[test]
    fn without_conversions_there_are_no_parts() {
        let users = df!("user_id" => [1_i64]).unwrap();
        let (touches, none) = (frame(&[1], &[1], Some(&["ad"])), frame(&[], &[], None));
        let found = attribute(&users, &touches, &none, "from").unwrap();
        for column in ["part", "low", "high"] {
            assert_eq!(found.column(column).unwrap().null_count(), 10);
        }
        assert_eq!(found.total("conversions").unwrap(), 0.0);
        let many: Vec<String> = (0..13).map(|at| at.to_string()).collect();
        let names: Vec<&str> = many.iter().map(String::as_str).collect();
        let touches = frame(&[1; 13], &[1; 13], Some(&names));
        let message = attribute(&users, &touches, &none, "from").unwrap_err().to_string();
        assert!(message.contains("13 channels; accepted: up to 12"), "{message}");
    }
}
