//! For how much customers will order.

use polars::prelude::*;

use super::customers::{counts, unique};
use crate::error::{Error, Result};
use crate::events::USER;
use crate::frame::fetch;
use crate::metrics::Source;
use crate::stats::gamma_gamma::GammaGamma;

impl GammaGamma {
    /// Fits the model by maximum likelihood. Customers without a repeat order do not count. The order of rows does
    /// not matter.
    ///
    /// Reads `customers` as [`clv::customers`](crate::metrics::clv::customers()) returns them: `repeats`, `mean_amount`.
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for repeats that are no counts, amounts that are
    /// missing, not finite or not above 0 where there are repeats, or fewer than two customers with a repeat
    /// order.
    pub fn fit(customers: &dyn Source) -> Result<GammaGamma> {
        let frame = fetch(customers, "customers", &["repeats", "mean_amount"])?;
        let known: Vec<(f64, f64)> = repeats_and_amounts(&frame)?.into_iter().flatten().collect();
        if known.len() < 2 {
            let problem = "has fewer than two amounts; two customers must have ordered again";
            return Err(Error::column("customers", "mean_amount", problem));
        }
        GammaGamma::most_likely(known).map_err(|error| {
            Error::column("customers", "mean_amount", format!("cannot be fitted: {error}"))
        })
    }

    /// Forecasts the mean amount of each customer's future orders: between the customer's own mean and the overall
    /// one, closer to the customer's own the more orders there were.
    ///
    /// Reads `customers` as [`clv::customers`](crate::metrics::clv::customers()) returns them: `user_id` (unique),
    /// `repeats`, `mean_amount`. Returns, in their order: `user_id`, `expected_amount` (f64, in the unit of the
    /// amounts). It is null where p × repeats + q is not above 1: amounts have so heavy a tail then that no
    /// expectation exists. With q up to 1 that is so for everybody who has not ordered again.
    ///
    /// # Errors
    /// The same as [`fit`](GammaGamma::fit), but any number of customers will do; a customer who is there twice;
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for parameters that are not above 0.
    pub fn forecast(&self, customers: &dyn Source) -> Result<DataFrame> {
        self.validate()?;
        let frame = unique(customers, "customers", &["repeats", "mean_amount"])?;
        let expected: Vec<Option<f64>> = repeats_and_amounts(&frame)?
            .into_iter()
            .map(|known| known.map_or(self.mean_amount(), |(x, mean)| self.expected(x, mean)))
            .collect();
        let mut table = df!("expected_amount" => expected)?;
        table.insert_column(0, frame.column(USER)?.clone())?;
        Ok(table)
    }
}

/// Each customer's repeat orders and their mean amount; none of a customer without a repeat order.
fn repeats_and_amounts(frame: &DataFrame) -> Result<Vec<Option<(f64, f64)>>> {
    let repeats = counts(frame, "customers", "repeats")?;
    let means = frame.column("mean_amount")?.strict_cast(&DataType::Float64)?;
    let mut all = Vec::with_capacity(repeats.len());
    for (row, (x, mean)) in repeats.into_iter().zip(means.f64()?.iter()).enumerate() {
        all.push(match mean {
            _ if x == 0.0 => None,
            Some(mean) if mean > 0.0 && mean.is_finite() => Some((x, mean)),
            _ => {
                let found = mean.map_or("empty".to_owned(), |mean| mean.to_string());
                let accepted = "with repeats it must be above 0 and finite";
                let problem = format!("is {found} in row {}; {accepted}", row + 1);
                return Err(Error::column("customers", "mean_amount", problem));
            }
        });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use proptest::prelude::*;
    use rand::RngExt;
    use rand_distr::{Distribution, Gamma};

    /// Customers of p = 6, q = 4, γ = 15.
    fn simulated(seed: u64, customers: i64) -> DataFrame {
        let mut rng = stream(seed, "amounts", 0);
        let (mut repeats, mut means) = (vec![], vec![]);
        for _ in 0..customers {
            let scale = Gamma::new(4.0, 1.0 / 15.0).unwrap().sample(&mut rng);
            let x = rng.random_range(0..12_i64);
            repeats.push(x);
            let mean = Gamma::new(6.0 * x.max(1) as f64, 1.0 / (scale * x.max(1) as f64)).unwrap();
            means.push((x > 0).then(|| mean.sample(&mut rng)));
        }
        let ids: Vec<i64> = (0..customers).collect();
        df!("user_id" => ids, "repeats" => repeats, "mean_amount" => means).unwrap()
    }

    #[test]
    fn its_own_parameters_are_recovered() {
        let customers = simulated(5, 6_000);
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
    fn the_order_of_rows_does_not_matter() {
        for seed in 0..5 {
            let customers = simulated(seed, 1_500);
            let fits = [&customers, &customers.reverse()].map(|one| GammaGamma::fit(one).unwrap());
            assert_eq!(fits[0], fits[1]);
        }
    }

    proptest! {
        /// An expectation of amounts above 0 is above 0, or there is none: never negative, never infinite.
        #[test]
        fn what_has_no_expectation_is_null(
            p in 0.01..5.0_f64, q in 0.01..3.0_f64, repeats in prop::collection::vec(0..4_i64, 1..20),
        ) {
            let model = GammaGamma { p, q, gamma: 15.0, log_likelihood: 0.0 };
            let means: Vec<Option<f64>> = repeats.iter().map(|x| (*x > 0).then_some(20.0)).collect();
            let ids: Vec<i64> = (0..repeats.len() as i64).collect();
            let customers = df!("user_id" => ids, "repeats" => &repeats, "mean_amount" => means).unwrap();
            let expected = model.forecast(&customers).unwrap();
            for (x, value) in repeats.iter().zip(expected.column("expected_amount").unwrap().f64().unwrap().iter()) {
                let exists = p * *x as f64 + q > 1.0;
                prop_assert_eq!(value.is_some(), exists, "{} repeats: {:?}", x, value);
                prop_assert!(value.is_none_or(|value| value > 0.0 && value.is_finite()));
            }
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let one = df!("user_id" => [1], "repeats" => [1], "mean_amount" => [9.0]).unwrap();
        assert!(GammaGamma::fit(&one).unwrap_err().to_string().contains("two customers"));
        let model = GammaGamma { p: 6.0, q: 4.0, gamma: 15.0, log_likelihood: 0.0 };
        for (mean, word) in
            [(None, "is empty in row 1"), (Some(-3.0), "is -3 in row 1"), (Some(f64::NAN), "NaN")]
        {
            let wrong = df!("user_id" => [1], "repeats" => [2], "mean_amount" => [mean]).unwrap();
            let said = model.forecast(&wrong).unwrap_err().to_string();
            assert!(said.contains("`mean_amount`") && said.contains(word), "{said}");
        }
        let said = GammaGamma { q: -1.0, ..model }.forecast(&one).unwrap_err().to_string();
        assert!(said.contains("`q`"), "{said}");
    }
}
