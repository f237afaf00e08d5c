//! Which of several unknown numbers is the largest: posteriors compared by integration.
//!
//! With densities f and distribution functions F, number i is the largest with the probability ∫ fᵢ ∏ Fⱼ over j ≠ i, and whoever
//! chooses it loses ∫ Fᵢ (1 − ∏ Fⱼ) on average: how far it is below the largest. Both are sums over the points of a rule
//! whose panels follow each posterior.

use super::quadrature::points;

/// A posterior, on a scale where its density has no poles.
pub(crate) trait Posterior {
    /// The density on the scale, up to a factor.
    fn density(&self, at: f64) -> f64;
    /// The ends of panels that follow the density, growing; it is nothing beyond the first and the last.
    fn panels(&self) -> Vec<f64>;
    /// How much the number grows with the scale.
    fn slope(&self, at: f64) -> f64;
    /// The number at a point of the scale.
    fn number(&self, at: f64) -> f64;
}

/// What is known of one of several numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chances {
    /// The probability that it is the largest.
    pub best: f64,
    /// How far it is below the largest, on average.
    pub loss: f64,
}

/// Density, distribution function, and what is left above, at each point.
struct Known {
    density: Vec<f64>,
    below: Vec<f64>,
    above: Vec<f64>,
}

fn integral(of: &impl Posterior, from: f64, to: f64) -> f64 {
    points(&[from, to]).iter().map(|(at, weight)| weight * of.density(*at)).sum()
}

impl Known {
    fn of(law: &impl Posterior, panels: &[f64], points: &[(f64, f64)]) -> Known {
        let each: Vec<f64> =
            panels.windows(2).map(|ends| integral(law, ends[0], ends[1])).collect();
        let whole: f64 = each.iter().sum();
        let (mut below, mut above) = (vec![], vec![]);
        let mut before = 0.0;
        for (place, ends) in panels.windows(2).enumerate() {
            // From the side where it is small, so that it is exact there.
            let after: f64 = each[place + 1..].iter().sum();
            for (at, _) in &points[10 * place..10 * place + 10] {
                below.push(((before + integral(law, ends[0], *at)) / whole).min(1.0));
                above.push(((after + integral(law, *at, ends[1])) / whole).min(1.0));
            }
            before += each[place];
        }
        let density = points.iter().map(|(at, _)| law.density(*at) / whole).collect();
        Known { density, below, above }
    }
}

/// Returns the chances of each of several independent numbers.
pub(crate) fn chances<P: Posterior>(laws: &[P]) -> Vec<Chances> {
    let mut panels: Vec<f64> = laws.iter().flat_map(Posterior::panels).collect();
    panels.sort_unstable_by(f64::total_cmp);
    panels.dedup();
    let points = points(&panels);
    let known: Vec<Known> = laws.iter().map(|law| Known::of(law, &panels, &points)).collect();
    let one = |place: usize| {
        let mut chances = Chances { best: 0.0, loss: 0.0 };
        for (number, (at, weight)) in points.iter().enumerate() {
            let others = || known.iter().enumerate().filter(|(other, _)| *other != place);
            let all_below: f64 = others().map(|(_, other)| other.below[number]).product();
            // 1 − ∏ (1 − above), without the rounding of 1 − small.
            let some_above: f64 = others().map(|(_, other)| (-other.above[number]).ln_1p()).sum();
            let some_above = -some_above.exp_m1();
            chances.best += weight * known[place].density[number] * all_below;
            chances.loss +=
                weight * laws[place].slope(*at) * known[place].below[number] * some_above;
        }
        Chances { best: chances.best.clamp(0.0, 1.0), loss: chances.loss.max(0.0) }
    };
    (0..laws.len()).map(one).collect()
}

/// Returns the number's `q`-quantile.
pub(crate) fn quantile(law: &impl Posterior, q: f64) -> f64 {
    let panels = law.panels();
    let each: Vec<f64> = panels.windows(2).map(|ends| integral(law, ends[0], ends[1])).collect();
    let mut left = q * each.iter().sum::<f64>();
    for (ends, part) in panels.windows(2).zip(each) {
        if left <= part {
            let (mut low, mut high) = (ends[0], ends[1]);
            for _ in 0..60 {
                let middle = (low + high) / 2.0;
                if integral(law, ends[0], middle) < left { low = middle } else { high = middle }
            }
            return law.number(high);
        }
        left -= part;
    }
    panels.last().map_or(f64::NAN, |last| law.number(*last))
}

/// Ends of panels around a middle, narrow there and wider further away, from so far below to so far above.
fn around(middle: f64, below: f64, above: f64) -> Vec<f64> {
    const PANELS: i32 = 24;
    let end = |panel: i32| {
        let part = f64::from(panel) / f64::from(PANELS);
        middle + part * part.abs() * if panel < 0 { below } else { above }
    };
    (-PANELS..=PANELS).map(end).collect()
}

/// A share's posterior, Beta(a, b), on the scale of log odds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beta {
    pub a: f64,
    pub b: f64,
}

impl Beta {
    fn mode(&self) -> f64 {
        (self.a / self.b).ln()
    }
}

/// The logarithms of a share and of what is left of 1, at log odds.
fn logs(at: f64) -> (f64, f64) {
    let log =
        |odds: f64| if odds > 0.0 { -(-odds).exp().ln_1p() } else { odds - odds.exp().ln_1p() };
    (log(at), log(-at))
}

impl Posterior for Beta {
    fn density(&self, at: f64) -> f64 {
        let ((share, rest), (top, top_rest)) = (logs(at), logs(self.mode()));
        (self.a * (share - top) + self.b * (rest - top_rest)).exp()
    }

    fn panels(&self) -> Vec<f64> {
        // Normal in the middle, exponential far out.
        let reach = 9.0 * (1.0 / self.a + 1.0 / self.b).sqrt();
        around(self.mode(), reach.max(45.0 / self.a), reach.max(45.0 / self.b))
    }

    fn slope(&self, at: f64) -> f64 {
        let (share, rest) = logs(at);
        (share + rest).exp()
    }

    fn number(&self, at: f64) -> f64 {
        logs(at).0.exp()
    }
}

/// A mean's posterior, normal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normal {
    pub mean: f64,
    pub sd: f64,
}

impl Posterior for Normal {
    fn density(&self, at: f64) -> f64 {
        // By its own width, so that posteriors of any width are numbers of the same size.
        let off = (at - self.mean) / self.sd;
        (-off * off / 2.0).exp()
    }

    fn panels(&self) -> Vec<f64> {
        around(self.mean, 9.0 * self.sd, 9.0 * self.sd)
    }

    fn slope(&self, _: f64) -> f64 {
        1.0
    }

    fn number(&self, at: f64) -> f64 {
        at
    }
}

#[cfg(test)]
mod tests {
    use statrs::function::beta::{beta_reg, ln_beta};

    use super::super::distribution::{normal_cdf, normal_quantile};
    use super::*;

    /// E. Miller (2015), "Formulas for Bayesian A/B testing": the probability that B's share is above A's.
    fn by_formula(a: Beta, b: Beta) -> f64 {
        (0..b.a as u32)
            .map(f64::from)
            .map(|i| {
                let log = ln_beta(a.a + i, b.b + a.b) - ln_beta(1.0 + i, b.b) - ln_beta(a.a, a.b);
                log.exp() / (b.b + i)
            })
            .sum()
    }

    #[test]
    fn two_shares_are_as_by_the_formula() {
        for (a, b) in [
            (Beta { a: 1.0, b: 1.0 }, Beta { a: 1.0, b: 1.0 }),
            (Beta { a: 31.0, b: 71.0 }, Beta { a: 46.0, b: 56.0 }),
            (Beta { a: 0.5, b: 40.5 }, Beta { a: 2.0, b: 39.0 }),
            (Beta { a: 1_201.0, b: 8_801.0 }, Beta { a: 1_281.0, b: 8_721.0 }),
            (Beta { a: 3.0, b: 2.0 }, Beta { a: 900.0, b: 1_100.0 }),
        ] {
            let found = chances(&[a, b]);
            let expected = by_formula(a, b);
            assert!((found[1].best - expected).abs() < 1e-10, "{a:?} {b:?}: {found:?}, {expected}");
            assert!((found[0].best + found[1].best - 1.0).abs() < 1e-10, "{found:?}");
            // Choosing one rather than the other gains what lies between the means.
            let mean = |law: Beta| law.a / (law.a + law.b);
            let gains = found[0].loss - found[1].loss;
            assert!((gains - (mean(b) - mean(a))).abs() < 1e-10, "{a:?} {b:?}: {found:?}");
        }
    }

    #[test]
    fn two_means_are_as_by_the_formula() {
        for (a, b) in
            [((0.0, 1.0), (0.5, 2.0)), ((3.0, 1e-4), (3.0, 5.0)), ((1.0, 0.3), (9.0, 0.1))]
        {
            let law = |(mean, sd)| Normal { mean, sd };
            let found = chances(&[law(a), law(b)]);
            let sd = a.1.hypot(b.1);
            let z = (b.0 - a.0) / sd;
            let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
            assert!((found[1].best - normal_cdf(z)).abs() < 1e-10, "{a:?} {b:?}: {found:?}");
            let loss = sd * (density - z * normal_cdf(-z));
            assert!((found[1].loss - loss).abs() < 1e-10, "{a:?} {b:?}: {found:?}, {loss}");
        }
    }

    #[test]
    fn equals_share_the_chances() {
        let found = chances(&[Beta { a: 4.0, b: 0.5 }; 7]);
        for one in &found {
            assert!((one.best - 1.0 / 7.0).abs() < 1e-10 && one.loss == found[0].loss, "{found:?}");
        }
        let alone = chances(&[Normal { mean: 2.0, sd: 3.0 }]);
        assert!((alone[0].best - 1.0).abs() < 1e-10 && alone[0].loss == 0.0, "{alone:?}");
    }

    #[test]
    fn quantiles_are_where_the_probability_is() {
        for q in [0.025, 0.5, 0.975] {
            for (a, b) in [(0.5, 0.5), (1.0, 9.0), (30.5, 70.5), (50_000.5, 900.5)] {
                let found = quantile(&Beta { a, b }, q);
                assert!((beta_reg(a, b, found) - q).abs() < 1e-9, "{a} {b} {q}: {found}");
            }
            let found = quantile(&Normal { mean: 5.0, sd: 0.2 }, q);
            assert!((found - 5.0 - 0.2 * normal_quantile(q)).abs() < 1e-9, "{q}: {found}");
        }
    }
}
