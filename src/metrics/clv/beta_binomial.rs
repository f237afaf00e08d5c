//! How often tries succeed.

use polars::prelude::*;

use super::customers::{counts, unique};
use crate::error::{Error, Result};
use crate::events::USER;
use crate::metrics::Source;
use crate::stats::beta_binomial::BetaBinomial;
use crate::stats::sample::total;

impl BetaBinomial {
    /// Fits the model by maximum likelihood. The order of rows does not matter.
    ///
    /// Reads `users`: `user_id` (unique), `trials`, `successes` (whole numbers, no more successes than trials).
    ///
    /// # Errors
    /// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
    /// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty or impossible values, a user who is there
    /// twice, or if nobody, or everybody always, succeeds: then there is no best fit.
    pub fn fit(users: &dyn Source) -> Result<BetaBinomial> {
        let (_, counts) = tries(users)?;
        let (tries, hits) =
            (total(counts.iter().map(|one| one.0)), total(counts.iter().map(|one| one.1)));
        if hits == 0.0 || hits == tries {
            let problem = format!("sums to {hits} of {tries}; some must succeed and some not");
            return Err(Error::column("users", "successes", problem));
        }
        BetaBinomial::most_likely(counts).map_err(|error| {
            Error::column("users", "successes", format!("cannot be fitted: {error}"))
        })
    }

    /// Estimates each user's probability, given the counts: between the user's own share and the overall
    /// one, closer to the user's own the more trials there were.
    ///
    /// Reads `users` like [`fit`](BetaBinomial::fit). Returns, in their order: `user_id`, `expected_share` (f64).
    ///
    /// # Errors
    /// The same as [`fit`](BetaBinomial::fit), but anybody may succeed;
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for parameters that are not above 0.
    pub fn forecast(&self, users: &dyn Source) -> Result<DataFrame> {
        self.validate()?;
        let (frame, counts) = tries(users)?;
        let shares: Vec<f64> = counts.into_iter().map(|one| self.expected(one)).collect();
        let mut table = df!("expected_share" => shares)?;
        table.insert_column(0, frame.column(USER)?.clone())?;
        Ok(table)
    }
}

fn tries(users: &dyn Source) -> Result<(DataFrame, Vec<(f64, f64)>)> {
    let frame = unique(users, "users", &["trials", "successes"])?;
    let trials = counts(&frame, "users", "trials")?;
    let successes = counts(&frame, "users", "successes")?;
    let counts: Vec<(f64, f64)> = trials.into_iter().zip(successes).collect();
    if let Some(row) = counts.iter().position(|(n, k)| k > n) {
        let (n, k) = counts[row];
        let problem = format!("is {k} of {n} in row {}; it must be 0 up to trials", row + 1);
        return Err(Error::column("users", "successes", problem));
    }
    Ok((frame, counts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::stream;
    use rand::RngExt;
    use rand_distr::{Beta, Distribution};

    fn simulated(seed: u64, users: i64) -> DataFrame {
        let mut rng = stream(seed, "counts", 0);
        let (mut trials, mut successes) = (vec![], vec![]);
        for _ in 0..users {
            let share: f64 = Beta::new(2.0, 8.0).unwrap().sample(&mut rng);
            let n = rng.random_range(0..40_i64);
            trials.push(n);
            successes.push((0..n).filter(|_| rng.random_range(0.0..1.0) < share).count() as i64);
        }
        let ids: Vec<i64> = (0..users).collect();
        df!("user_id" => ids, "trials" => trials, "successes" => successes).unwrap()
    }

    #[test]
    fn its_own_parameters_are_recovered() {
        let BetaBinomial { a, b, .. } = BetaBinomial::fit(&simulated(5, 6_000)).unwrap();
        assert!((a - 2.0).abs() < 0.15 && (b - 8.0).abs() < 0.6, "{a} {b}");
    }

    #[test]
    fn the_order_of_rows_does_not_matter() {
        for seed in 0..5 {
            let users = simulated(seed, 1_500);
            let fits = [&users, &users.reverse()].map(|users| BetaBinomial::fit(users).unwrap());
            assert_eq!(fits[0], fits[1]);
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_said() {
        let none = df!("user_id" => [1, 2], "trials" => [3, 4], "successes" => [0, 0]).unwrap();
        assert!(BetaBinomial::fit(&none).unwrap_err().to_string().contains("0 of 7"));
        let many = df!("user_id" => [1, 2], "trials" => [3, 4], "successes" => [0, 5]).unwrap();
        assert!(BetaBinomial::fit(&many).unwrap_err().to_string().contains("5 of 4 in row 2"));
    }
}
