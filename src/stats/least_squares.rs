//! A straight line through points, by ordinary least squares.
//!
//! With n points, means x̄ and ȳ, Sxx = Σ(x − x̄)² and Sxy = Σ(x − x̄)(y − ȳ), the slope is b = Sxy / Sxx and the line
//! ŷ(x) = ȳ + b (x − x̄). With s² = Σ(y − ŷ)² / (n − 2) and t the 97.5% quantile of Student's t with n − 2 degrees of
//! freedom, the 95% interval of the slope is b ± t s / √Sxx, and that of the line at x, the mean of y there, is
//! ŷ(x) ± t s √(1/n + (x − x̄)² / Sxx).
//!
//! # Source
//! N. R. Draper and H. Smith (1998), Applied Regression Analysis, 3rd edition, chapter 1.

use super::distribution::t_quantile;

/// A fitted line. Kept in units of the largest x and the largest y, so that squares neither overflow nor vanish.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeastSquares {
    scale: (f64, f64),
    mean: (f64, f64),
    slope: f64,
    /// Σ(x − x̄)².
    spread: f64,
    /// t s.
    reach: f64,
    n: f64,
    r_squared: f64,
}

impl LeastSquares {
    /// Fits a line. `None` for fewer than three points, points above each other, or a line beyond what a number holds.
    pub fn fit(points: &[(f64, f64)]) -> Option<LeastSquares> {
        let n = points.len() as f64;
        if points.len() < 3 {
            return None;
        }
        let largest = |of: fn(&(f64, f64)) -> f64| {
            let size = points.iter().map(|point| of(point).abs()).fold(0.0, f64::max);
            if size > 0.0 { size } else { 1.0 }
        };
        let scale = (largest(|p| p.0), largest(|p| p.1));
        let scaled: Vec<(f64, f64)> =
            points.iter().map(|p| (p.0 / scale.0, p.1 / scale.1)).collect();
        let mean = |of: fn(&(f64, f64)) -> f64| scaled.iter().map(of).sum::<f64>() / n;
        let mean = (mean(|p| p.0), mean(|p| p.1));
        let away = || scaled.iter().map(|p| (p.0 - mean.0, p.1 - mean.1));
        let spread: f64 = away().map(|(x, _)| x * x).sum();
        let slope = away().map(|(x, y)| x * y).sum::<f64>() / spread;
        let rest: f64 = away().map(|(x, y)| (y - slope * x).powi(2)).sum();
        let total: f64 = away().map(|(_, y)| y * y).sum();
        let reach = t_quantile(0.975, n - 2.0) * (rest / (n - 2.0)).sqrt();
        let r_squared = if total > 0.0 { 1.0 - rest / total } else { 1.0 };
        let line = LeastSquares { scale, mean, slope, spread, reach, n, r_squared };
        let (low, high) = line.slope_interval();
        [line.slope(), low, high].iter().all(|value| value.is_finite()).then_some(line)
    }

    /// Returns how much y grows with x.
    pub fn slope(&self) -> f64 {
        self.slope * (self.scale.1 / self.scale.0)
    }

    /// Returns the slope's 95% interval.
    pub fn slope_interval(&self) -> (f64, f64) {
        let half = self.reach / self.spread.sqrt();
        let unit = self.scale.1 / self.scale.0;
        ((self.slope - half) * unit, (self.slope + half) * unit)
    }

    /// Returns the share of y's variance that the line explains.
    pub fn r_squared(&self) -> f64 {
        self.r_squared
    }

    /// Returns the line at an x, between the ends of its 95% interval.
    pub fn at(&self, x: f64) -> (f64, f64, f64) {
        let away = x / self.scale.0 - self.mean.0;
        let middle = self.mean.1 + self.slope * away;
        let half = self.reach * (1.0 / self.n + away * away / self.spread).sqrt();
        let [low, middle, high] = [middle - half, middle, middle + half].map(|y| y * self.scale.1);
        (low, middle, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST StRD, linear regression, "Norris": x and y.
    const NORRIS: [(f64, f64); 36] = [
        (0.2, 0.1),
        (337.4, 338.8),
        (118.2, 118.1),
        (884.6, 888.0),
        (10.1, 9.2),
        (226.5, 228.1),
        (666.3, 668.5),
        (996.3, 998.5),
        (448.6, 449.1),
        (777.0, 778.9),
        (558.2, 559.2),
        (0.4, 0.3),
        (0.6, 0.1),
        (775.5, 778.1),
        (666.9, 668.8),
        (338.0, 339.3),
        (447.5, 448.9),
        (11.6, 10.8),
        (556.0, 557.7),
        (228.1, 228.3),
        (995.8, 998.0),
        (887.6, 888.8),
        (120.2, 119.6),
        (0.3, 0.3),
        (0.3, 0.6),
        (556.8, 557.6),
        (339.1, 339.3),
        (887.2, 888.0),
        (999.0, 998.5),
        (779.0, 778.9),
        (11.1, 10.2),
        (118.3, 117.6),
        (229.2, 228.9),
        (669.1, 668.4),
        (448.9, 449.2),
        (0.5, 0.2),
    ];

    fn near(found: f64, wanted: f64, relative: f64) {
        assert!((found - wanted).abs() <= relative * wanted.abs(), "{found}, not {wanted}");
    }

    #[test]
    fn the_certified_line_of_norris_is_found() {
        let line = LeastSquares::fit(&NORRIS).unwrap();
        // NIST's certified values.
        near(line.slope(), 1.002_116_818_020_45, 1e-13);
        near(line.at(0.0).1, -0.262_323_073_774_029, 1e-11);
        near(line.r_squared(), 0.999_993_745_883_712, 1e-14);
        // statsmodels 0.15.0: OLS(y, add_constant(x)).fit(), conf_int() and get_prediction(x).conf_int().
        near(line.slope_interval().0, 1.001_243_365_735_577_7, 1e-11);
        near(line.slope_interval().1, 1.002_990_270_305_330_4, 1e-11);
        for (x, low, high) in [
            (0.0, -0.735_466_652_101_625_2, 0.210_820_504_553_513_98),
            (500.0, 500.488_196_471_533_34, 501.103_975_401_372_6),
            (1_200.0, 1_201.532_908_014_704_4, 1_203.022_809_086_837_2),
        ] {
            near(line.at(x).0, low, 1e-9);
            near(line.at(x).2, high, 1e-9);
        }
    }

    #[test]
    fn a_noisy_line_has_a_wide_band() {
        let y = [2.1, 3.9, 3.2, 6.8, 5.1, 9.4, 7.7, 8.0];
        let points: Vec<(f64, f64)> = (1..=8).map(f64::from).zip(y).collect();
        let line = LeastSquares::fit(&points).unwrap();
        // statsmodels 0.15.0, as above.
        near(line.slope(), 0.919_047_619_047_618_7, 1e-12);
        near(line.slope_interval().0, 0.396_790_348_909_684_8, 1e-9);
        near(line.slope_interval().1, 1.441_304_889_185_552_4, 1e-9);
        near(line.r_squared(), 0.755_515_665_961_837_8, 1e-12);
        for (x, low, middle, high) in [
            (1.0, 0.373_574_425_877_246, 2.558_333_333_333_333, 4.743_092_240_789_42),
            (4.5, 4.578_358_263_675_958, 5.775, 6.971_641_736_324_039),
            (10.0, 7.718_055_090_885_727, 10.829_761_904_761_9, 13.941_468_718_638_074),
        ] {
            let found = line.at(x);
            near(found.0, low, 1e-9);
            near(found.1, middle, 1e-12);
            near(found.2, high, 1e-9);
        }
    }

    #[test]
    fn size_does_not_matter_and_what_is_no_line_is_none() {
        let points =
            |unit: f64| [(1.0, 2.0), (2.0, 2.5), (4.0, 5.0)].map(|(x, y)| (x * unit, y * unit));
        let slope = LeastSquares::fit(&points(1.0)).unwrap().slope();
        for unit in [1e300, 1e-300] {
            near(LeastSquares::fit(&points(unit)).unwrap().slope(), slope, 1e-12);
        }
        assert!(LeastSquares::fit(&[(1.0, 1.0), (2.0, 2.0)]).is_none());
        assert!(LeastSquares::fit(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]).is_none());
        assert!(LeastSquares::fit(&[(0.0, 1e300), (1e-300, -1e300), (2e-300, 0.0)]).is_none());
        let level = LeastSquares::fit(&[(1.0, 7.0), (2.0, 7.0), (3.0, 7.0)]).unwrap();
        assert_eq!((level.slope(), level.at(2.5)), (0.0, (7.0, 7.0, 7.0)));
    }
}
