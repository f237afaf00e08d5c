//! Customer lifetime value where nobody signs off: who is still a customer, how often will they order, for
//! how much.
//!
//! ```
//! use casebook::prelude::*;
//!
//! let orders = warehouse::files::read("data/samples/orders.csv")?;
//! let end = chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
//! let customers = clv::customers(&orders, end)?;
//! let model = clv::BgNbd::fit(&customers)?;
//! let next_month = model.forecast(&customers, 30.0)?;
//! assert_eq!(next_month.height(), customers.height());
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # What is assumed
//! BG/NBD: a customer orders at a constant rate λ (in days) and leaves after each order with probability p;
//! rates vary over customers as Gamma(r, rate α), probabilities as Beta(a, b), independently. Gamma–Gamma: the
//! average amount of an order varies over customers, and is independent of how often they order. Neither knows
//! a season: a forecast over Christmas needs what is said of Christmas from elsewhere.
//!
//! # Source
//! P. S. Fader, B. G. S. Hardie and K. L. Lee (2005), "Counting your customers the easy way", Marketing Science
//! 24; P. S. Fader and B. G. S. Hardie (2013), "The Gamma-Gamma model of monetary value".

use std::collections::BTreeMap;

use argmin::core::{CostFunction, Executor, State};
use argmin::solver::neldermead::NelderMead;
use argmin_math::{ArgminAdd, ArgminMul, ArgminSub};
use chrono::NaiveDateTime;
use polars::prelude::*;
use rand_distr::{Beta, Distribution, Exp1, Gamma};
use rayon::prelude::*;
use statrs::function::gamma::ln_gamma;

use super::timeline::{DAY, Moments, Numbered, TIME, USER, fetch, full};
use super::{Source, finite, quantile, require};
use crate::error::{Error, Result};
use crate::stream::stream;

/// Each customer's orders, as the models read them.
///
/// Reads `orders`, one row per order or order line: `user_id`, `order_id`, `timestamp`, `amount`. Rows from
/// `until` on do not count. Returns one row per customer, by user: `user_id`, `repeats` (i64: orders after the
/// first), `recency_days` (f64: from the first order to the last), `age_days` (f64: from the first order to
/// `until`), `mean_amount` (f64: of the repeats, in the unit of `amount`; null without any), `first_amount`
/// (f64: of the first order).
///
/// The first order is left out of `mean_amount`, as in the model's source: it may be unlike the others.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, times that are none, or amounts
/// that are no finite numbers.
///
/// ```
/// use casebook::prelude::*;
///
/// let orders = warehouse::files::read("data/samples/orders.csv")?;
/// let end = chrono::NaiveDate::from_ymd_opt(2024, 5, 1).unwrap().and_hms_opt(0, 0, 0).unwrap();
/// let customers = clv::customers(&orders, end)?;
/// assert!(customers.column("recency_days")?.f64()?.min() >= Some(0.0));
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn customers(orders: &dyn Source, until: NaiveDateTime) -> Result<DataFrame> {
    histories_on(orders, until, |micros| Some(micros as f64 / DAY as f64))
}

/// Time as a business lives it: a busy day is longer than a quiet one.
///
/// The models know no season. On a clock on which a day is as long as it is busy, there is none: what they say of
/// such days holds for those of the calendar.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    first: i64,
    /// How much time lies before each day, and before the end.
    sums: Vec<f64>,
}

impl Clock {
    /// A clock from how busy each day is.
    ///
    /// Reads `days`: `day` (Date), `weight` (f64: how busy, 1 for a usual day), one row a day, in order.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for days that do not follow each other, or weights
    /// that are not above 0.
    pub fn new(days: &dyn Source) -> Result<Clock> {
        let frame = fetch(days, "days", &["day", "weight"])?;
        let days = Moments::new(&frame, "days", "day")?.days();
        let weights = finite(&frame, "days", "weight")?;
        if let Some(row) = days.windows(2).position(|pair| pair[1] != pair[0] + 1) {
            let problem = format!("does not go on by a day after row {}", row + 1);
            return Err(Error::column("days", "day", problem));
        }
        if let Some(row) = weights.iter().position(|weight| *weight <= 0.0) {
            let problem = format!("is {} in row {}; it must be above 0", weights[row], row + 1);
            return Err(Error::column("days", "weight", problem));
        }
        let mut sums = vec![0.0];
        for weight in weights {
            sums.push(sums[sums.len() - 1] + weight);
        }
        Ok(Clock { first: i64::from(days.first().copied().unwrap_or(0)), sums })
    }

    /// What the clock shows, in usual days, or nothing outside its days.
    fn reads(&self, micros: i64) -> Option<f64> {
        let day = usize::try_from(micros.div_euclid(DAY) - self.first).ok()?;
        let before = *self.sums.get(day)?;
        let part = micros.rem_euclid(DAY) as f64 / DAY as f64;
        // The end of the last day is still on it.
        let length = self.sums.get(day + 1).map(|after| after - before);
        if part == 0.0 { Some(before) } else { Some(before + part * length?) }
    }

    /// [`customers`] on this clock: `recency_days` and `age_days` are usual days.
    ///
    /// # Errors
    /// As [`customers`]; moments outside the clock's days.
    pub fn customers(&self, orders: &dyn Source, until: NaiveDateTime) -> Result<DataFrame> {
        histories_on(orders, until, |micros| self.reads(micros))
    }

    /// The usual days between two moments: the horizon of a forecast.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for moments outside the clock's days.
    pub fn between(&self, from: NaiveDateTime, to: NaiveDateTime) -> Result<f64> {
        let read = |field: &str, moment: NaiveDateTime| {
            self.reads(moment.and_utc().timestamp_micros())
                .ok_or_else(|| Error::config(field, moment, "a moment on the clock's days"))
        };
        Ok(read("to", to)? - read("from", from)?)
    }
}

fn histories_on(
    orders: &dyn Source,
    until: NaiveDateTime,
    clock: impl Fn(i64) -> Option<f64>,
) -> Result<DataFrame> {
    let frame = fetch(orders, "orders", &[USER, "order_id", TIME, "amount"])?;
    let moments = Moments::new(&frame, "orders", TIME)?;
    let amounts = finite(&frame, "orders", "amount")?;
    let users = Numbered::new(full(&frame, "orders", USER)?)?;
    let ids = Numbered::new(full(&frame, "orders", "order_id")?)?;
    let end = moments.at(until);
    // An order's lines may lie moments apart: it happened at the first.
    let mut merged: BTreeMap<(u32, u32), (i64, f64)> = BTreeMap::new();
    for (row, at) in moments.micros.iter().enumerate().filter(|(_, at)| **at < end) {
        let order = merged.entry((users.codes[row], ids.codes[row])).or_insert((*at, 0.0));
        *order = (order.0.min(*at), order.1 + amounts[row]);
    }
    let mut each: BTreeMap<u32, Vec<(i64, f64)>> = BTreeMap::new();
    for ((user, _), order) in merged {
        each.entry(user).or_default().push(order);
    }
    let read = |micros: i64| {
        clock(micros)
            .ok_or_else(|| Error::column("orders", TIME, "holds moments outside the clock's days"))
    };
    let (mut rows, mut repeats, mut recency, mut age) = (vec![], vec![], vec![], vec![]);
    let (mut mean, mut first_amount) = (vec![], vec![]);
    for (user, mut mine) in each {
        mine.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let (first, again) = (mine[0], &mine[1..]);
        let began = read(first.0)?;
        rows.push(users.firsts()[user as usize]);
        repeats.push(again.len() as i64);
        recency.push(read(mine[mine.len() - 1].0)? - began);
        age.push(read(end)? - began);
        let sum: f64 = again.iter().map(|order| order.1).sum();
        mean.push((!again.is_empty()).then(|| sum / again.len() as f64));
        first_amount.push(first.1);
    }
    let mut table = df!(
        "repeats" => repeats, "recency_days" => recency, "age_days" => age,
        "mean_amount" => mean, "first_amount" => first_amount,
    )?;
    table.insert_column(0, frame.column(USER)?.take(&IdxCa::from_vec("row".into(), rows))?)?;
    Ok(table.sort([USER], SortMultipleOptions::default())?)
}

/// A customer's history: repeat orders, the time from the first order to the last, and to now.
#[derive(Debug, Clone, Copy)]
struct History {
    repeats: f64,
    recency: f64,
    age: f64,
}

fn histories(customers: &dyn Source) -> Result<(DataFrame, Vec<History>)> {
    let frame = fetch(customers, "customers", &[USER, "repeats", "recency_days", "age_days"])?;
    let [repeats, recency, age] =
        ["repeats", "recency_days", "age_days"].map(|column| finite(&frame, "customers", column));
    let (repeats, recency, age) = (repeats?, recency?, age?);
    for (row, ((repeats, recency), age)) in repeats.iter().zip(&recency).zip(&age).enumerate() {
        for (column, value, right, accepted) in [
            ("repeats", repeats, *repeats >= 0.0 && repeats.fract() == 0.0, "a count"),
            ("recency_days", recency, *recency >= 0.0 && recency <= age, "0 up to age_days"),
            ("age_days", age, *age > 0.0, "above 0"),
        ] {
            if !right {
                let problem = format!("is {value} in row {}; it must be {accepted}", row + 1);
                return Err(Error::column("customers", column, problem));
            }
        }
    }
    let all = repeats
        .into_iter()
        .zip(recency)
        .zip(age)
        .map(|((repeats, recency), age)| History { repeats, recency, age })
        .collect();
    Ok((frame, all))
}

/// How often customers order, and when they stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BgNbd {
    /// Shape of the rates' Gamma distribution.
    pub r: f64,
    /// Its rate, in days: the mean of λ is r / α orders a day.
    pub alpha: f64,
    /// First parameter of the Beta distribution of the probability to leave after an order.
    pub a: f64,
    /// Its second: the mean probability is a / (a + b).
    pub b: f64,
    /// Of the customers it was fitted to.
    pub log_likelihood: f64,
}

impl BgNbd {
    /// The parameters that make the customers' histories most likely.
    ///
    /// Reads `customers` as from [`customers`]: `user_id`, `repeats`, `recency_days`, `age_days`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty or impossible values, or if no customer
    /// has ordered again: then any rate of leaving is as likely as any other.
    pub fn fit(customers: &dyn Source) -> Result<BgNbd> {
        let (_, histories) = histories(customers)?;
        if histories.iter().all(|history| history.repeats == 0.0) {
            let problem = "is 0 for everybody; some must have ordered again";
            return Err(Error::column("customers", "repeats", problem));
        }
        // In units of the mean age the four are of one size, and one simplex fits any data.
        let unit = histories.iter().map(|one| one.age).sum::<f64>() / histories.len() as f64;
        let scaled: Vec<History> = histories
            .iter()
            .map(|one| History { recency: one.recency / unit, age: one.age / unit, ..*one })
            .collect();
        let found = maximise([0.0; 4], |[r, alpha, a, b]| {
            let model = BgNbd { r, alpha, a, b, log_likelihood: 0.0 };
            sum(&scaled, |one| model.log_likelihood_of(one))
        })?;
        let [r, alpha, a, b] = found.parameters;
        // The density of a time changes with its unit: each repeat order has one.
        let orders: f64 = histories.iter().map(|one| one.repeats).sum();
        let log_likelihood = found.value - orders * unit.ln();
        Ok(BgNbd { r, alpha: alpha * unit, a, b, log_likelihood })
    }

    fn log_likelihood_of(&self, one: &History) -> f64 {
        let BgNbd { r, alpha, a, b, .. } = *self;
        let History { repeats: x, recency, age } = *one;
        let common =
            ln_gamma(r + x) - ln_gamma(r) + r * alpha.ln() + ln_gamma(a + b) + ln_gamma(b + x)
                - ln_gamma(b)
                - ln_gamma(a + b + x);
        let stayed = -(r + x) * (alpha + age).ln();
        if x == 0.0 {
            return common + stayed;
        }
        let left = a.ln() - (b + x - 1.0).ln() - (r + x) * (alpha + recency).ln();
        let (more, less) = if stayed > left { (stayed, left) } else { (left, stayed) };
        common + more + (less - more).exp().ln_1p()
    }

    /// Probability that a customer with this history has not left. Who never ordered again has not, by the
    /// model: it lets people leave after a repeat order only.
    fn alive(&self, one: &History) -> f64 {
        if one.repeats == 0.0 {
            return 1.0;
        }
        let ratio = (self.alpha + one.age) / (self.alpha + one.recency);
        let odds = self.a / (self.b + one.repeats - 1.0) * ratio.powf(self.r + one.repeats);
        1.0 / (1.0 + odds)
    }

    /// Orders expected in so many days from now, given the history.
    fn expected(&self, one: &History, days: f64) -> f64 {
        let BgNbd { r, alpha, a, b, .. } = *self;
        let x = one.repeats;
        let (before, after) = (alpha + one.age, alpha + one.age + days);
        let power = ((r + x) * (before / after).ln()).exp();
        let series = hypergeometric(r + x, b + x, a + b + x - 1.0, days / after);
        // At a = 1 numerator and denominator are both 0: beside it, their ratio is smooth.
        let a = if (a - 1.0).abs() < 1e-6 { 1.0 + 1e-6 } else { a };
        (a + b + x - 1.0) / (a - 1.0) * (1.0 - power * series) * self.alive(one)
    }

    /// Each customer's next `days` days.
    ///
    /// Reads `customers` as from [`customers`], at the end of whose history the forecast begins. Returns, in
    /// their order: `user_id`, `alive` (f64: probability of being a customer still), `expected_orders` (f64:
    /// the mean of their number).
    ///
    /// # Errors
    /// As [`fit`](BgNbd::fit); [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for days that are
    /// not above 0, up to 100,000.
    pub fn forecast(&self, customers: &dyn Source, days: f64) -> Result<DataFrame> {
        horizon(days)?;
        let (frame, histories) = histories(customers)?;
        let each: Vec<(f64, f64)> =
            histories.par_iter().map(|one| (self.alive(one), self.expected(one, days))).collect();
        let (alive, expected): (Vec<f64>, Vec<f64>) = each.into_iter().unzip();
        let mut table = df!("alive" => alive, "expected_orders" => expected)?;
        table.insert_column(0, frame.column(USER)?.clone())?;
        Ok(table)
    }

    /// All customers' orders in the next `days` days, with a range: so many futures are drawn from what is
    /// known of each customer. The range holds chance, not doubt about the model or its parameters.
    ///
    /// Reads `customers` as from [`customers`]. Returns one row: `days` (f64), `customers` (i64),
    /// `expected_orders` (f64), `low`, `high` (f64: 95 % of `draws` futures lie between).
    ///
    /// # Errors
    /// As [`forecast`](BgNbd::forecast); draws outside 100 to 100,000.
    pub fn total(
        &self,
        customers: &dyn Source,
        days: f64,
        draws: u32,
        seed: u64,
    ) -> Result<DataFrame> {
        horizon(days)?;
        if !(100..=100_000).contains(&draws) {
            return Err(Error::config("draws", draws, "100 to 100000"));
        }
        let (_, histories) = histories(customers)?;
        let expected = sum(&histories, |one| self.expected(one, days));
        let mut totals: Vec<f64> = (0..u64::from(draws))
            .into_par_iter()
            .map(|draw| {
                let mut rng = stream(seed, "clv future", draw);
                histories.iter().map(|one| self.future(one, days, &mut rng)).sum()
            })
            .collect();
        totals.sort_unstable_by(f64::total_cmp);
        Ok(df!(
            "days" => [days],
            "customers" => [histories.len() as i64],
            "expected_orders" => [expected],
            "low" => [quantile(&totals, 0.025)],
            "high" => [quantile(&totals, 0.975)],
        )?)
    }

    /// One future of a customer: given that one is still there, λ is Gamma(r + x, α + age) and the probability
    /// to leave Beta(a, b + x).
    fn future(&self, one: &History, days: f64, rng: &mut crate::stream::Stream) -> f64 {
        use rand::RngExt;
        if rng.random_range(0.0..1.0) >= self.alive(one) {
            return 0.0;
        }
        let rate = Gamma::new(self.r + one.repeats, 1.0 / (self.alpha + one.age));
        let leaves = Beta::new(self.a, self.b + one.repeats);
        // Parameters found by `fit` are above 0 and finite.
        let (Ok(rate), Ok(leaves)) = (rate, leaves) else { return 0.0 };
        let (rate, leaves) = (rate.sample(rng), leaves.sample(rng));
        let (mut at, mut orders) = (0.0, 0.0);
        loop {
            let wait: f64 = Exp1.sample(rng);
            at += wait / rate;
            if at > days {
                return orders;
            }
            orders += 1.0;
            if rng.random_range(0.0..1.0) < leaves {
                return orders;
            }
        }
    }
}

fn horizon(days: f64) -> Result<()> {
    match days > 0.0 && days <= 100_000.0 {
        true => Ok(()),
        false => Err(Error::config("days", days, "above 0, up to 100000")),
    }
}

/// How often tries succeed, where everybody has a probability of their own: visits that end in an order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaBinomial {
    /// First parameter of the probabilities' Beta distribution.
    pub a: f64,
    /// Its second: the mean probability is a / (a + b).
    pub b: f64,
    /// Of the users it was fitted to.
    pub log_likelihood: f64,
}

impl BetaBinomial {
    /// The parameters that make the counts most likely.
    ///
    /// Reads `users`: `user_id`, `trials`, `successes` (whole numbers, no more successes than trials).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty or impossible values, or if nobody, or
    /// everybody always, succeeds: then there is no best fit.
    pub fn fit(users: &dyn Source) -> Result<BetaBinomial> {
        let (_, counts) = counts(users)?;
        let [tries, hits] = [|one: &(f64, f64)| one.0, |one: &(f64, f64)| one.1]
            .map(|pick| counts.iter().map(pick).sum::<f64>());
        if hits == 0.0 || hits == tries {
            let problem = format!("sums to {hits} of {tries}; some must succeed and some not");
            return Err(Error::column("users", "successes", problem));
        }
        let found = maximise([0.0; 2], |[a, b]| {
            sum(&counts, |(n, k)| {
                ln_gamma(a + k) + ln_gamma(b + n - k)
                    - ln_gamma(a + b + n)
                    - ln_gamma(a)
                    - ln_gamma(b)
                    + ln_gamma(a + b)
            })
        })?;
        let [a, b] = found.parameters;
        Ok(BetaBinomial { a, b, log_likelihood: found.value })
    }

    /// Each user's probability, given the counts: between the user's own share and everybody's, the nearer to the
    /// own the more trials there were.
    ///
    /// Reads `users` as [`fit`](BetaBinomial::fit). Returns, in their order: `user_id`, `expected_share` (f64).
    ///
    /// # Errors
    /// As [`fit`](BetaBinomial::fit).
    pub fn forecast(&self, users: &dyn Source) -> Result<DataFrame> {
        let (frame, counts) = counts(users)?;
        let shares = counts.iter().map(|(n, k)| (self.a + k) / (self.a + self.b + n));
        let mut table = df!("expected_share" => shares.collect::<Vec<_>>())?;
        table.insert_column(0, frame.column(USER)?.clone())?;
        Ok(table)
    }
}

fn counts(users: &dyn Source) -> Result<(DataFrame, Vec<(f64, f64)>)> {
    let frame = fetch(users, "users", &[USER, "trials", "successes"])?;
    let (trials, successes) =
        (finite(&frame, "users", "trials")?, finite(&frame, "users", "successes")?);
    let counts: Vec<(f64, f64)> = trials.into_iter().zip(successes).collect();
    let possible =
        |(n, k): &(f64, f64)| *k >= 0.0 && k <= n && k.fract() == 0.0 && n.fract() == 0.0;
    if let Some(row) = counts.iter().position(|count| !possible(count)) {
        let (n, k) = counts[row];
        let problem =
            format!("is {k} of {n} in row {}; it must be a count, 0 up to trials", row + 1);
        return Err(Error::column("users", "successes", problem));
    }
    Ok((frame, counts))
}

/// For how much customers order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GammaGamma {
    /// Shape of one order's amount: the higher, the more alike a customer's orders are.
    pub p: f64,
    /// Shape of the customers' distribution.
    pub q: f64,
    /// Its scale, in the unit of the amounts.
    pub gamma: f64,
    /// Of the customers it was fitted to.
    pub log_likelihood: f64,
}

impl GammaGamma {
    /// The parameters that make the customers' mean amounts most likely. Customers without a repeat order do not
    /// count.
    ///
    /// Reads `customers` as from [`customers`]: `repeats`, `mean_amount`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for amounts that are not above 0, or fewer than two
    /// customers with a repeat order.
    pub fn fit(customers: &dyn Source) -> Result<GammaGamma> {
        let known = repeating(customers)?;
        if known.len() < 2 {
            let problem = "has fewer than two amounts; two customers must have ordered again";
            return Err(Error::column("customers", "mean_amount", problem));
        }
        let unit = known.iter().map(|one| one.1).sum::<f64>() / known.len() as f64;
        let scaled: Vec<(f64, f64)> = known.iter().map(|(x, mean)| (*x, mean / unit)).collect();
        let found = maximise([1.0; 3], |[p, q, gamma]| {
            sum(&scaled, |(x, mean)| {
                let px = p * x;
                ln_gamma(px + q) - ln_gamma(px) - ln_gamma(q) + q * gamma.ln() - mean.ln()
                    + px * (x * mean).ln()
                    - (px + q) * (gamma + x * mean).ln()
            })
        })?;
        let [p, q, gamma] = found.parameters;
        let log_likelihood = found.value - known.len() as f64 * unit.ln();
        Ok(GammaGamma { p, q, gamma: gamma * unit, log_likelihood })
    }

    /// The mean amount expected of each customer's future orders: between the customer's own and everybody's, the
    /// nearer to the own the more orders there were.
    ///
    /// Reads `customers` as from [`customers`]. Returns, in their order: `user_id`, `expected_amount` (f64, in the
    /// unit of the amounts).
    ///
    /// # Errors
    /// As [`fit`](GammaGamma::fit).
    pub fn forecast(&self, customers: &dyn Source) -> Result<DataFrame> {
        let frame = fetch(customers, "customers", &[USER, "repeats", "mean_amount"])?;
        let repeats = finite(&frame, "customers", "repeats")?;
        let means = frame.column("mean_amount")?.cast(&DataType::Float64)?;
        let expected: Vec<f64> = repeats
            .iter()
            .zip(means.f64()?.iter())
            .map(|(x, mean)| {
                let (x, sum) = mean.map_or((0.0, 0.0), |mean| (*x, x * mean));
                self.p * (self.gamma + sum) / (self.p * x + self.q - 1.0)
            })
            .collect();
        let mut table = df!("expected_amount" => expected)?;
        table.insert_column(0, frame.column(USER)?.clone())?;
        Ok(table)
    }
}

/// Repeat orders and their mean amount, of those who have both.
fn repeating(customers: &dyn Source) -> Result<Vec<(f64, f64)>> {
    let frame = customers.scan().collect()?;
    require(&frame, "customers", &["repeats", "mean_amount"])?;
    let again = frame.lazy().filter(col("repeats").gt(lit(0_i64))).collect()?;
    let (repeats, means) =
        (finite(&again, "customers", "repeats")?, finite(&again, "customers", "mean_amount")?);
    if let Some(mean) = means.iter().find(|mean| **mean <= 0.0) {
        let problem = format!("is {mean}; it must be above 0");
        return Err(Error::column("customers", "mean_amount", problem));
    }
    Ok(repeats.into_iter().zip(means).collect())
}

/// A sum over many, in parallel, with the same bits whatever the thread count.
fn sum<T: Sync>(all: &[T], each: impl Fn(&T) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> =
        all.par_chunks(512).map(|some| some.iter().map(&each).sum::<f64>()).collect();
    parts.into_iter().sum()
}

/// Gauss' hypergeometric function for 0 ≤ z < 1, by its series.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    // Euler's transformation: the series converges faster where c is small beside a and b.
    if c < a + b {
        let factor = ((c - a - b) * (1.0 - z).ln()).exp();
        return factor * series(c - a, c - b, c, z);
    }
    series(a, b, c, z)
}

fn series(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 0..100_000 {
        let n = f64::from(n);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() < 1e-15 * sum.abs() {
            break;
        }
    }
    sum
}

/// The highest point found.
struct Highest<const N: usize> {
    parameters: [f64; N],
    value: f64,
}

/// Parameters above 0 that make `of` greatest, by Nelder and Mead's search among their logarithms; `start` is
/// such logarithms.
fn maximise<const N: usize>(start: [f64; N], of: impl Fn([f64; N]) -> f64) -> Result<Highest<N>> {
    let fail = |error: argmin::core::Error| {
        Error::column("customers", "repeats", format!("cannot be fitted: {error}"))
    };
    let (mut best, mut value) = (start, f64::NEG_INFINITY);
    // A simplex may shrink before it arrives: it is laid anew until that changes nothing.
    for _ in 0..20 {
        let corners = (0..=N).map(|corner| {
            let mut point = best;
            if corner > 0 {
                point[corner - 1] += 0.5;
            }
            Point(point)
        });
        let search = NelderMead::new(corners.collect()).with_sd_tolerance(1e-9).map_err(fail)?;
        let found = Executor::new(Height::<N, _>(&of), search)
            .configure(|state| state.max_iters(2_000))
            .run()
            .map_err(fail)?;
        let (Some(Point(point)), height) =
            (found.state().get_best_param(), -found.state().get_best_cost())
        else {
            break;
        };
        let gained = height - value;
        (best, value) = (*point, height);
        if gained < 1e-7 {
            break;
        }
    }
    Ok(Highest { parameters: best.map(f64::exp), value })
}

/// Logarithms of parameters.
#[derive(Debug, Clone, Copy)]
struct Point<const N: usize>([f64; N]);

impl<const N: usize> ArgminAdd<Point<N>, Point<N>> for Point<N> {
    fn add(&self, other: &Point<N>) -> Point<N> {
        Point(std::array::from_fn(|at| self.0[at] + other.0[at]))
    }
}

impl<const N: usize> ArgminSub<Point<N>, Point<N>> for Point<N> {
    fn sub(&self, other: &Point<N>) -> Point<N> {
        Point(std::array::from_fn(|at| self.0[at] - other.0[at]))
    }
}

impl<const N: usize> ArgminMul<f64, Point<N>> for Point<N> {
    fn mul(&self, factor: &f64) -> Point<N> {
        Point(self.0.map(|part| part * factor))
    }
}

/// What is made greatest, upside down: the search looks for the lowest place.
struct Height<'f, const N: usize, F>(&'f F);

impl<const N: usize, F: Fn([f64; N]) -> f64> CostFunction for Height<'_, N, F> {
    type Param = Point<N>;
    type Output = f64;

    fn cost(&self, at: &Point<N>) -> Result<f64, argmin::core::Error> {
        let height = (self.0)(at.0.map(f64::exp));
        // Far out a likelihood may be no number: no place to go.
        Ok(if height.is_finite() { -height } else { f64::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn frame(rows: &[(i64, f64, f64)]) -> DataFrame {
        df!(
            "user_id" => (0..rows.len() as i64).collect::<Vec<_>>(),
            "repeats" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "recency_days" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "age_days" => rows.iter().map(|row| row.2).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    /// Customers who do exactly what the model says, and what they order afterwards.
    fn simulated(model: &BgNbd, seed: u64, customers: usize, after: f64) -> (DataFrame, f64) {
        let mut rng = stream(seed, "model", 0);
        let (mut rows, mut later) = (vec![], 0.0);
        for _ in 0..customers {
            let age = rng.random_range(60.0..300.0);
            let rate = Gamma::new(model.r, 1.0 / model.alpha).unwrap().sample(&mut rng);
            let leaves = Beta::new(model.a, model.b).unwrap().sample(&mut rng);
            let (mut at, mut repeats, mut last) = (0.0, 0, 0.0);
            loop {
                let wait: f64 = Exp1.sample(&mut rng);
                at += wait / rate;
                if at > age + after {
                    break;
                }
                if at <= age {
                    (repeats, last) = (repeats + 1, at);
                } else {
                    later += 1.0;
                }
                if rng.random_range(0.0..1.0) < leaves {
                    break;
                }
            }
            rows.push((repeats, last, age));
        }
        (frame(&rows), later)
    }

    #[test]
    fn its_own_parameters_and_futures_are_recovered() {
        let truth = BgNbd { r: 0.8, alpha: 12.0, a: 0.9, b: 3.5, log_likelihood: 0.0 };
        let (mut errors, mut held, mut off) = ([0.0; 4], 0, 0.0);
        for seed in 0..20 {
            let (customers, later) = simulated(&truth, seed, 3_000, 60.0);
            let found = BgNbd::fit(&customers).unwrap();
            let pairs = [
                (found.r, truth.r),
                (found.alpha, truth.alpha),
                (found.a, truth.a),
                (found.b, truth.b),
            ];
            for (error, (found, truth)) in errors.iter_mut().zip(pairs) {
                *error += (found / truth).ln() / 20.0;
            }
            let total = found.total(&customers, 60.0, 200, seed).unwrap();
            let value = |name: &str| total.column(name).unwrap().f64().unwrap().get(0).unwrap();
            off += (value("expected_orders") / later - 1.0) / 20.0;
            held += usize::from(value("low") <= later && later <= value("high"));
            let each = found.forecast(&customers, 60.0).unwrap();
            let sum = each.column("expected_orders").unwrap().f64().unwrap().sum().unwrap();
            assert!((sum / value("expected_orders") - 1.0).abs() < 1e-9);
        }
        assert!(errors.iter().all(|error| error.abs() < 0.08), "{errors:?}");
        assert!(off.abs() < 0.01, "{off}");
        // 19 of 20 on average, fewer as the parameters are estimated.
        assert!(held >= 15, "{held} of 20");
    }

    /// A series summed by hand, and one known in closed form.
    #[test]
    fn the_hypergeometric_function_is_right() {
        // 2F1(1, 1; 2; z) = −ln(1 − z) / z.
        for z in [0.1_f64, 0.5, 0.9, 0.99] {
            let expected = -(1.0 - z).ln() / z;
            assert!((hypergeometric(1.0, 1.0, 2.0, z) / expected - 1.0).abs() < 1e-10, "{z}");
        }
        // 2F1(a, b; b; z) = (1 − z)^−a.
        assert!((hypergeometric(3.0, 0.7, 0.7, 0.6) / 0.4_f64.powi(-3) - 1.0).abs() < 1e-10);
    }

    #[test]
    fn shares_and_amounts_are_recovered() {
        let mut rng = stream(5, "counts", 0);
        let (mut trials, mut successes, mut repeats, mut means) = (vec![], vec![], vec![], vec![]);
        for _ in 0..6_000 {
            let share: f64 = Beta::new(2.0, 8.0).unwrap().sample(&mut rng);
            let n = rng.random_range(0..40_i64);
            trials.push(n);
            successes.push((0..n).filter(|_| rng.random_range(0.0..1.0) < share).count() as i64);
            // p = 6, q = 4, γ = 15.
            let scale = Gamma::new(4.0, 1.0 / 15.0).unwrap().sample(&mut rng);
            let x = rng.random_range(0..12_i64);
            repeats.push(x);
            let mean = Gamma::new(6.0 * x.max(1) as f64, 1.0 / (scale * x.max(1) as f64)).unwrap();
            means.push((x > 0).then(|| mean.sample(&mut rng)));
        }
        let ids: Vec<i64> = (0..6_000).collect();
        let users = df!("user_id" => &ids, "trials" => trials, "successes" => successes).unwrap();
        let BetaBinomial { a, b, .. } = BetaBinomial::fit(&users).unwrap();
        assert!((a - 2.0).abs() < 0.15 && (b - 8.0).abs() < 0.6, "{a} {b}");
        let customers =
            df!("user_id" => ids, "repeats" => repeats, "mean_amount" => means).unwrap();
        let model = GammaGamma::fit(&customers).unwrap();
        let GammaGamma { p, q, gamma, .. } = model;
        assert!(
            (p - 6.0).abs() < 0.5 && (q - 4.0).abs() < 0.3 && (gamma - 15.0).abs() < 2.0,
            "{model:?}"
        );
        // Who never ordered again is expected to order for what everybody does: p γ / (q − 1).
        let expected = model.forecast(&customers).unwrap();
        let nobody = p * gamma / (q - 1.0);
        let (ours, repeats) =
            (expected.column("expected_amount").unwrap(), customers.column("repeats").unwrap());
        for (ours, x) in ours.f64().unwrap().iter().zip(repeats.i64().unwrap().iter()) {
            assert!(x != Some(0) || (ours.unwrap() / nobody - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_clock_counts_usual_days() {
        let first = chrono::NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
        let midnight = |day: u64| (first + chrono::Days::new(day)).and_time(chrono::NaiveTime::MIN);
        let days =
            df!("day" => [first, first + chrono::Days::new(1)], "weight" => [0.5, 1.5]).unwrap();
        let clock = Clock::new(&days).unwrap();
        assert_eq!(clock.between(midnight(0), midnight(2)).unwrap(), 2.0);
        let noon = midnight(1) + chrono::TimeDelta::hours(12);
        assert_eq!(clock.between(midnight(0), noon).unwrap(), 1.25);
        assert!(clock.between(midnight(0), midnight(3)).unwrap_err().to_string().contains("to"));
        let gap =
            df!("day" => [first, first + chrono::Days::new(2)], "weight" => [1.0, 1.0]).unwrap();
        assert!(Clock::new(&gap).unwrap_err().to_string().contains("row 1"));
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        for (rows, word) in [
            (vec![(0, 0.0, 10.0), (0, 0.0, 20.0)], "repeats"),
            (vec![(1, 12.0, 10.0)], "recency_days"),
            (vec![(1, 1.0, f64::NAN)], "age_days"),
        ] {
            let error = BgNbd::fit(&frame(&rows)).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let none = df!("user_id" => [1, 2], "trials" => [3, 4], "successes" => [0, 0]).unwrap();
        assert!(BetaBinomial::fit(&none).unwrap_err().to_string().contains("0 of 7"));
        let one = df!("user_id" => [1], "repeats" => [1], "mean_amount" => [9.0]).unwrap();
        assert!(GammaGamma::fit(&one).unwrap_err().to_string().contains("two customers"));
    }
}
