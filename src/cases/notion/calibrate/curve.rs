//! Curves over time: how busy days are, who comes back, how cohorts improve.

use super::super::config::{Config, Targets};

/// Returns the cumulative weights of the days, from weekday and season; 1 on average.
pub(super) fn busy_days(config: &Config, starts: &[i32]) -> Vec<f64> {
    use chrono::Datelike;
    let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
    let usual = mean(&config.weekdays) * mean(&config.year);
    let first =
        chrono::NaiveDate::default() + chrono::TimeDelta::days(i64::from(config.start.first_day()));
    let mut busy = vec![0.0];
    for date in first.iter_days().take(starts[starts.len() - 1] as usize) {
        let weekday = config.weekdays[date.weekday().num_days_from_monday() as usize];
        let weight = weekday * config.year[date.month0() as usize] / usual;
        busy.push(busy[busy.len() - 1] + weight);
    }
    busy
}

/// Fits the curve exp(−scale · k^shape) to months 1, 3 and 6: least squares of ln(−ln R) on ln k.
pub(super) fn weibull(retention: &[f64; 3]) -> (f64, f64) {
    let x = [1.0_f64, 3.0, 6.0].map(f64::ln);
    let y = retention.map(|share| (-share.ln()).ln());
    let (mx, my) = (x.iter().sum::<f64>() / 3.0, y.iter().sum::<f64>() / 3.0);
    let shape = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
        / x.iter().map(|x| (x - mx).powi(2)).sum::<f64>();
    ((my - shape * mx).exp(), shape)
}

/// Returns how cohorts improve: the slope, each cohort's factor, and its average over those observed in month k. The
/// slope makes the later half of the cohorts seen in month 1, taken together, beat the earlier half by the claimed
/// amount; if their number is odd, the middle one is in neither half.
pub(super) fn improving(targets: &Targets, monthly: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    let months = monthly.len();
    let seen = months - 1;
    let place: Vec<f64> =
        (0..months).map(|c| 2.0 * c.min(seen - 1) as f64 / (seen - 1) as f64 - 1.0).collect();
    let mean = |range: std::ops::Range<usize>, of: &[f64]| {
        let total: f64 = monthly[range.clone()].iter().sum();
        range.map(|c| monthly[c] * of[c]).sum::<f64>() / total
    };
    let half = seen / 2;
    let (early, late) = (mean(0..half, &place), mean(seen - half..seen, &place));
    // (1 + slope · late) / (1 + slope · early) = 1 + improvement
    let slope = targets.improvement / (late - (1.0 + targets.improvement) * early);
    let factors: Vec<f64> = place.iter().map(|place| 1.0 + slope * place).collect();
    let averages = (0..months).map(|k| mean(0..months - k, &factors)).collect();
    (slope, factors, averages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_through_points_of_its_own_kind() {
        let (scale, shape) = (0.7, 0.5_f64);
        let month = |k: f64| (-scale * k.powf(shape)).exp();
        let found = weibull(&[month(1.0), month(3.0), month(6.0)]);
        assert!((found.0 - scale).abs() < 1e-12 && (found.1 - shape).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn later_cohorts_are_better_by_what_is_claimed() {
        for (months, improvement) in [(24, 0.08), (7, 0.2), (12, -0.1)] {
            let targets = Targets { improvement, ..Targets::default() };
            let monthly: Vec<f64> = (1..=months).map(f64::from).collect();
            let (_, factors, averages) = improving(&targets, &monthly);
            let seen = monthly.len() - 1;
            let mean = |range: std::ops::Range<usize>| {
                let weight: f64 = monthly[range.clone()].iter().sum();
                range.map(|c| monthly[c] * factors[c]).sum::<f64>() / weight
            };
            let ratio = mean(seen - seen / 2..seen) / mean(0..seen / 2);
            assert!((ratio - 1.0 - improvement).abs() < 1e-12, "{ratio}");
            assert!((averages[1] - mean(0..seen)).abs() < 1e-12);
        }
    }
}
