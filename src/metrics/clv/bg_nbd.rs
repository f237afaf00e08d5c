//! How often customers will order.

use polars::prelude::*;
use rayon::prelude::*;

use super::customers::{counts, unique};
use crate::error::{Error, Result};
use crate::events::USER;
use crate::metrics::{Source, finite};
use crate::stats::bg_nbd::{BgNbd, History};
use crate::stats::sample::{quantile, total};
use crate::stream::stream;

impl BgNbd {
    /// Fits the model by maximum likelihood. The order of rows does not matter.
    ///
    /// Reads `customers` as [`clv::customers`](crate::metrics::clv::customers()) returns them: `user_id` (unique),
    /// `repeats`, `recency_days`, `age_days`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty or impossible values, a customer who is
    /// there twice, or if no customer has ordered again: then any churn rate is as likely as any other.
    pub fn fit(customers: &dyn Source) -> Result<BgNbd> {
        let (_, histories) = histories(customers)?;
        if histories.iter().all(|history| history.repeats == 0.0) {
            let problem = "is 0 for everybody; some must have ordered again";
            return Err(Error::column("customers", "repeats", problem));
        }
        BgNbd::most_likely(histories).map_err(|error| {
            Error::column("customers", "repeats", format!("cannot be fitted: {error}"))
        })
    }

    /// Forecasts each customer's next `days` days.
    ///
    /// Reads `customers` like [`fit`](BgNbd::fit), at the end of whose history the forecast begins. Returns, in
    /// their order: `user_id`, `alive` (f64: probability of being a customer still), `expected_orders` (f64:
    /// the mean of their number).
    ///
    /// # Errors
    /// The same as [`fit`](BgNbd::fit), but nobody needs to have ordered again;
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for days that are not above 0, up to 100,000, or more
    /// than 99,999 times as many as alpha and a customer's `age_days` together; for parameters that are not above 0.
    pub fn forecast(&self, customers: &dyn Source, days: f64) -> Result<DataFrame> {
        self.validate()?;
        horizon(days)?;
        let (frame, histories) = histories(customers)?;
        let alive: Vec<f64> = histories.par_iter().map(|one| self.alive(one)).collect();
        let expected = self.expectations(&histories, days)?;
        let mut table = df!("alive" => alive, "expected_orders" => expected)?;
        table.insert_column(0, frame.column(USER)?.clone())?;
        Ok(table)
    }

    /// Forecasts all customers' orders in the next `days` days, with a range: `draws` futures are simulated from what
    /// is known of each customer. The range holds chance, not doubt about the model or its parameters.
    ///
    /// Reads `customers` like [`fit`](BgNbd::fit), in any order of rows. Returns one row: `days` (f64), `customers`
    /// (i64), `expected_orders` (f64), `low`, `high` (f64: 95% of `draws` futures lie between).
    ///
    /// # Errors
    /// The same as [`forecast`](BgNbd::forecast); draws outside 100 to 100,000.
    pub fn total(
        &self,
        customers: &dyn Source,
        days: f64,
        draws: u32,
        seed: u64,
    ) -> Result<DataFrame> {
        self.validate()?;
        horizon(days)?;
        if !(100..=100_000).contains(&draws) {
            return Err(Error::config("draws", draws, "100 to 100,000"));
        }
        // A future goes from customer to customer: by user, so that the order of rows does not matter.
        let sorted = unique(customers, "customers", &HISTORY)?
            .sort([USER], SortMultipleOptions::default())?;
        let (_, histories) = histories(&sorted)?;
        let expected = total(self.expectations(&histories, days)?);
        let mut totals: Vec<f64> = (0..u64::from(draws))
            .into_par_iter()
            .map(|draw| {
                let mut rng = stream(seed, "clv future", draw);
                total(histories.iter().map(|one| self.future(one, days, &mut rng)))
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

    /// What each customer is expected to order.
    fn expectations(&self, histories: &[History], days: f64) -> Result<Vec<f64>> {
        let expected: Vec<f64> = histories.par_iter().map(|one| self.expected(one, days)).collect();
        if expected.iter().all(|orders| orders.is_finite()) {
            return Ok(expected);
        }
        let newest = histories.iter().map(|one| one.age).fold(f64::INFINITY, f64::min);
        let most = 99_999.0 * (self.alpha + newest);
        let accepted = format!(
            "above 0, up to {most:.1} here, 99,999 times alpha and the newest customer's age_days together"
        );
        Err(Error::config("days", days, accepted))
    }
}

const HISTORY: [&str; 3] = ["repeats", "recency_days", "age_days"];

fn histories(customers: &dyn Source) -> Result<(DataFrame, Vec<History>)> {
    let frame = unique(customers, "customers", &HISTORY)?;
    let repeats = counts(&frame, "customers", "repeats")?;
    let recency = finite(&frame, "customers", "recency_days")?;
    let age = finite(&frame, "customers", "age_days")?;
    let mut all = Vec::with_capacity(repeats.len());
    for (row, ((repeats, recency), age)) in repeats.into_iter().zip(recency).zip(age).enumerate() {
        for (column, value, right, accepted) in [
            ("recency_days", recency, recency >= 0.0 && recency <= age, "0 up to age_days"),
            ("age_days", age, age > 0.0, "above 0"),
        ] {
            if !right {
                let problem = format!("is {value} in row {}; it must be {accepted}", row + 1);
                return Err(Error::column("customers", column, problem));
            }
        }
        all.push(History { repeats, recency, age });
    }
    Ok((frame, all))
}

fn horizon(days: f64) -> Result<()> {
    match days > 0.0 && days <= 100_000.0 {
        true => Ok(()),
        false => Err(Error::config("days", days, "above 0, up to 100,000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::RngExt;
    use rand_distr::{Beta, Distribution, Exp1, Gamma};

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

    #[test]
    fn what_cannot_be_fitted_is_said() {
        for (rows, word) in [
            (vec![(0, 0.0, 10.0), (0, 0.0, 20.0)], "repeats"),
            (vec![(-1, 0.0, 10.0)], "a count"),
            (vec![(1, 12.0, 10.0)], "recency_days"),
            (vec![(1, 1.0, f64::NAN)], "age_days"),
        ] {
            let error = BgNbd::fit(&frame(&rows)).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        let one = frame(&[(1, 2.0, 10.0)]);
        let twice = one.vstack(&one).unwrap();
        let error = BgNbd::fit(&twice).unwrap_err().to_string();
        assert!(error.contains("`user_id`") && error.contains("more than once"), "{error}");
        let wrong = BgNbd { r: 0.8, alpha: 0.0, a: 0.9, b: 3.5, log_likelihood: 0.0 };
        assert!(wrong.forecast(&one, 30.0).unwrap_err().to_string().contains("`alpha`"));
    }

    #[test]
    fn a_horizon_far_out_has_an_expectation_or_an_error() {
        let model = BgNbd { r: 0.8, alpha: 12.0, a: 0.9, b: 3.5, log_likelihood: 0.0 };
        // So many orders that (α + age)^(r + repeats) is beyond any float.
        let many = frame(&[(700, 395.0, 400.0), (0, 0.0, 400.0)]);
        let found = model.forecast(&many, 100_000.0).unwrap();
        let orders = found.column("expected_orders").unwrap().f64().unwrap();
        assert!(orders.iter().all(|orders| orders.is_some_and(f64::is_finite)), "{found}");
        assert!(model.total(&many, 100_000.0, 100, 1).unwrap().column("expected_orders").is_ok());
        // A first order a minute ago, and three hundred years to come.
        let model = BgNbd { alpha: 1e-4, ..model };
        let young = frame(&[(3, 300.0, 400.0), (1, 0.0005, 0.0007)]);
        for told in [
            model.forecast(&young, 100_000.0).unwrap_err(),
            model.total(&young, 100_000.0, 100, 1).unwrap_err(),
        ] {
            let told = told.to_string();
            assert!(told.contains("`days` is 100000") && told.contains("99,999 times"), "{told}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

        /// Fit and futures are the same to the last bit in any order of rows, and of a lazy frame.
        #[test]
        fn the_order_of_rows_does_not_matter(
            seed in 0..1_000_u64, rows in Just((0..700_u32).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let truth = BgNbd { r: 0.8, alpha: 12.0, a: 0.9, b: 3.5, log_likelihood: 0.0 };
            let (customers, _) = simulated(&truth, seed, 700, 0.0);
            let shuffled = customers.take(&IdxCa::from_vec("row".into(), rows)).unwrap();
            let (one, other) = (BgNbd::fit(&customers).unwrap(), BgNbd::fit(&shuffled.clone().lazy()).unwrap());
            prop_assert_eq!(one, other);
            let total = |customers: &DataFrame| one.total(customers, 60.0, 100, seed).unwrap();
            prop_assert!(total(&customers).equals(&total(&shuffled)));
        }
    }
}
