//! Exponential smoothing with additive errors, trend and season, as a state-space model.
//!
//! A value is expected at level + damping × slope + season; a share of what it's off by is added to each of the three. Errors are linear
//! in the states that the series begins with, so that these are found by least squares, and only the shares and the damping are searched.
//!
//! # Source
//! R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder (2008), Forecasting with Exponential Smoothing, chapters 2, 5 and 6.
//! A. M. De Livera, R. J. Hyndman and R. D. Snyder (2011), "Forecasting time series with complex seasonal patterns using exponential
//! smoothing", Journal of the American Statistical Association 106, section 3.1 (the first states).

use super::maximum::maximise;

/// The shares that are searched lie between this and 1 less this.
const NARROW: f64 = 1e-4;
/// The damping that is searched: below, a slope is gone in a few steps, and above it isn't damped.
const DAMPING: (f64, f64) = (0.8, 0.98);

/// Where the search may begin, as odds: 5%, 29% and 80%.
const ODDS: [f64; 3] = [0.05, 0.4, 4.0];

/// How a forecast's level goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// It stays as it is.
    None,
    /// It rises or falls by the latest slope with each step, for ever.
    Additive,
    /// The slope fades: after each step, 80% to 98% of it is left.
    Damped,
}

/// The form of a model: a season of one step is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    pub trend: Trend,
    pub period: usize,
}

/// The shares of an error that are added to level, slope and season, and what is left of the slope after a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shares {
    pub level: f64,
    pub slope: f64,
    pub season: f64,
    pub damping: f64,
}

/// Level, slope and the latest period's seasons, the next step's first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    pub level: f64,
    pub slope: f64,
    pub season: Vec<f64>,
}

/// A model with its parameters.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    pub form: Form,
    pub shares: Shares,
    pub first: State,
    pub log_likelihood: f64,
    /// The errors' mean square.
    pub variance: f64,
}

impl Form {
    fn seasonal(self) -> bool {
        self.period > 1
    }

    /// How many first states there are that matter: seasons sum to 0.
    fn states(self) -> usize {
        1 + usize::from(self.trend != Trend::None) + self.period - 1
    }

    /// Counts the parameters: shares, damping, first states and the variance.
    pub fn parameters(self) -> usize {
        let slope = match self.trend {
            Trend::None => 0,
            Trend::Additive => 1,
            Trend::Damped => 2,
        };
        1 + slope + usize::from(self.seasonal()) + self.states() + 1
    }

    /// A state of which only the `at`-th part is 1.
    fn unit(self, at: usize) -> State {
        let mut state = State { level: 0.0, slope: 0.0, season: vec![0.0; self.period] };
        let sloped = usize::from(self.trend != Trend::None);
        match at {
            0 => state.level = 1.0,
            1 if sloped == 1 => state.slope = 1.0,
            _ => {
                state.season[at - 1 - sloped] = 1.0;
                state.season[self.period - 1] = -1.0;
            }
        }
        state
    }

    /// Odds of places from 0 to 1, none for what the form doesn't have, as shares.
    fn shares(self, at: &[f64]) -> Shares {
        let mut at = at.iter().map(|odds| 1.0 / (1.0 + 1.0 / odds));
        let mut next =
            |low: f64, high: f64| at.next().map_or(low, |place| low + (high - low) * place);
        let level = next(NARROW, 1.0 - NARROW);
        let season = if self.seasonal() { (1.0 - level) * next(NARROW, 1.0 - NARROW) } else { 0.0 };
        let slope =
            if self.trend == Trend::None { 0.0 } else { level * next(NARROW, 1.0 - NARROW) };
        let damping = match self.trend {
            Trend::None => 0.0,
            Trend::Additive => 1.0,
            Trend::Damped => next(DAMPING.0, DAMPING.1),
        };
        Shares { level, slope, season, damping }
    }

    /// Finds the most likely shares and first states.
    pub fn fit(self, y: &[f64]) -> Result<Fit, String> {
        // By value, so that the search stops as near to the top of a long series as of a short one; and nearer than it would by itself.
        let scale = 1e4 / y.len() as f64;
        let height = |at: &[f64]| scale * self.at(y, self.shares(at)).log_likelihood;
        let searched = self.parameters() - 1 - self.states();
        // There may be several tops: the search begins at the highest place of a coarse grid.
        let places = (0..ODDS.len().pow(searched as u32)).map(|place| {
            std::array::from_fn::<f64, 4, _>(|at| {
                ODDS[place / ODDS.len().pow(at as u32) % ODDS.len()]
            })
        });
        let known = places.map(|place| (height(&place[..searched]), place));
        let best = known
            .filter(|one| !one.0.is_nan())
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map_or([1.0; 4], |one| one.1);
        let start = best.map(f64::ln);
        let found = match searched {
            1 => maximise::<1>([start[0]], |at| height(&at))?.parameters.to_vec(),
            2 => maximise::<2>([start[0], start[1]], |at| height(&at))?.parameters.to_vec(),
            3 => {
                let start = [start[0], start[1], start[2]];
                maximise::<3>(start, |at| height(&at))?.parameters.to_vec()
            }
            _ => maximise::<4>(start, |at| height(&at))?.parameters.to_vec(),
        };
        Ok(self.at(y, self.shares(&found)))
    }

    /// Finds the most likely first states for given shares.
    pub fn at(self, y: &[f64], shares: Shares) -> Fit {
        let none = State { level: 0.0, slope: 0.0, season: vec![0.0; self.period] };
        let mut off = none.clone().run(y, shares);
        let zeros = vec![0.0; y.len()];
        // By state: what a 1 there takes from the errors, made orthogonal to those before.
        let mut bases: Vec<Vec<f64>> = vec![];
        let (mut onto, mut angles) = (vec![], vec![]);
        for state in 0..self.states() {
            let mut column = self.unit(state).run(&zeros, shares);
            column.iter_mut().for_each(|value| *value = -*value);
            let whole = dot(&column, &column).sqrt();
            let mut angle = vec![];
            for base in &bases {
                let along = dot(base, &column);
                take(&mut column, base, along);
                angle.push(along);
            }
            let length = dot(&column, &column).sqrt();
            // What the states before do already is left out.
            let scale = if length > 1e-9 * whole { 1.0 / length } else { 0.0 };
            column.iter_mut().for_each(|value| *value *= scale);
            let along = dot(&column, &off);
            take(&mut off, &column, along);
            onto.push(along * scale);
            angles.push((angle, scale));
            bases.push(column);
        }
        // The states, the last first.
        let mut states = vec![0.0; self.states()];
        for at in (0..states.len()).rev() {
            let later: f64 =
                (at + 1..states.len()).map(|later| states[later] * angles[later].0[at]).sum();
            states[at] = onto[at] - later * angles[at].1;
        }
        let mut first = none;
        for (at, many) in states.iter().enumerate() {
            let unit = self.unit(at);
            first.level += many * unit.level;
            first.slope += many * unit.slope;
            first.season.iter_mut().zip(&unit.season).for_each(|(to, unit)| *to += many * unit);
        }
        let n = y.len() as f64;
        let variance = dot(&off, &off) / n;
        // Errors that are nothing but rounding make no fit likelier than another.
        let least = 1e-24 * dot(y, y) / n;
        let counted = if variance < least { least } else { variance };
        let log_likelihood = -0.5 * n * ((std::f64::consts::TAU * counted).ln() + 1.0);
        Fit { form: self, shares, first, log_likelihood, variance }
    }
}

impl State {
    /// The value that's expected next.
    fn next(&self, shares: Shares) -> f64 {
        self.level + shares.damping * self.slope + self.season[0]
    }

    fn learn(&mut self, off: f64, shares: Shares) {
        self.level += shares.damping * self.slope + shares.level * off;
        self.slope = shares.damping * self.slope + shares.slope * off;
        self.season[0] += shares.season * off;
        self.season.rotate_left(1);
    }

    /// Returns what each value of a series is off by.
    pub fn run(&mut self, y: &[f64], shares: Shares) -> Vec<f64> {
        let each = y.iter().map(|value| {
            let off = value - self.next(shares);
            self.learn(off, shares);
            off
        });
        each.collect()
    }

    /// Returns what is expected of the next steps.
    pub fn ahead(&self, steps: usize, shares: Shares) -> Vec<f64> {
        let mut state = self.clone();
        let each = (0..steps).map(|_| {
            let next = state.next(shares);
            state.learn(0.0, shares);
            next
        });
        each.collect()
    }
}

impl Fit {
    /// Returns Akaike's criterion, corrected for short series; the smaller, the better.
    pub fn criterion(&self, n: usize) -> f64 {
        let (n, k) = (n as f64, self.form.parameters() as f64);
        if n <= k + 1.0 {
            return f64::INFINITY;
        }
        -2.0 * self.log_likelihood + 2.0 * k + 2.0 * k * (k + 1.0) / (n - k - 1.0)
    }

    /// Returns the forecast's standard deviation by step, if errors are what the model says.
    pub fn deviations(&self, steps: usize) -> Vec<f64> {
        let Shares { level, slope, season, damping } = self.shares;
        let (mut slopes, mut power, mut sum) = (0.0, 1.0, 1.0);
        (1..=steps)
            .map(|step| {
                let now = (self.variance * sum).sqrt();
                power *= damping;
                slopes += power;
                let seasons =
                    if self.form.seasonal() && step % self.form.period == 0 { season } else { 0.0 };
                sum += (level + slope * slopes + seasons).powi(2);
                now
            })
            .collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Takes so many of another from a column.
fn take(column: &mut [f64], other: &[f64], many: f64) {
    column.iter_mut().zip(other).for_each(|(value, other)| *value -= many * other);
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEEK: [f64; 7] = [3.0, 2.0, 2.0, 3.0, 0.0, -6.0, -4.0];

    fn form(trend: Trend) -> Form {
        Form { trend, period: 7 }
    }

    #[test]
    fn first_states_are_found_exactly() {
        let first = State { level: 100.0, slope: 0.5, season: WEEK.to_vec() };
        let shares = Shares { level: 0.3, slope: 0.1, season: 0.2, damping: 1.0 };
        let y = first.ahead(60, shares);
        assert!((y[8] - (100.0 + 9.0 * 0.5 + 2.0)).abs() < 1e-12, "{}", y[8]);
        let fit = form(Trend::Additive).at(&y, shares);
        assert!(fit.variance < 1e-20, "{}", fit.variance);
        assert!((fit.first.level - 100.0).abs() < 1e-9 && (fit.first.slope - 0.5).abs() < 1e-9);
        assert!(fit.first.season.iter().zip(WEEK).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn no_other_first_state_is_likelier() {
        let y: Vec<f64> = (0..50).map(|at| WEEK[at % 7] + ((at * 29) % 13) as f64).collect();
        let shares = Shares { level: 0.2, slope: 0.05, season: 0.1, damping: 0.9 };
        let fit = form(Trend::Damped).at(&y, shares);
        let sum = |first: &State| {
            first.clone().run(&y, shares).iter().map(|off| off * off).sum::<f64>() / 50.0
        };
        assert!((sum(&fit.first) - fit.variance).abs() < 1e-9);
        for at in 0..form(Trend::Damped).states() {
            let unit = form(Trend::Damped).unit(at);
            for step in [0.01, -0.01] {
                let mut other = fit.first.clone();
                other.level += step * unit.level;
                other.slope += step * unit.slope;
                other.season.iter_mut().zip(&unit.season).for_each(|(to, unit)| *to += step * unit);
                assert!(sum(&other) > fit.variance, "{at}");
            }
        }
    }

    #[test]
    fn deviations_are_those_of_the_errors_to_come() {
        // By the definition: what an error of 1 at the first step adds to later ones.
        for trend in [Trend::None, Trend::Additive, Trend::Damped] {
            let damping = match trend {
                Trend::None => 0.0,
                Trend::Additive => 1.0,
                Trend::Damped => 0.9,
            };
            let slope = if trend == Trend::None { 0.0 } else { 0.1 };
            let shares = Shares { level: 0.4, slope, season: 0.3, damping };
            let first = State { level: 0.0, slope: 0.0, season: vec![0.0; 7] };
            let fit = Fit { form: form(trend), shares, first, log_likelihood: 0.0, variance: 4.0 };
            let mut state = fit.first.clone();
            state.learn(1.0, shares);
            let later = state.ahead(20, shares);
            let mut sum = 1.0;
            for (step, now) in fit.deviations(21).iter().enumerate() {
                assert!((now - 2.0 * f64::sqrt(sum)).abs() < 1e-12, "{trend:?}, {step}");
                sum += later.get(step).map_or(0.0, |add| add * add);
            }
        }
    }

    /// A fit at the edge, where odds are beyond any number.
    #[test]
    fn shares_at_the_edge_are_shares() {
        let shares = form(Trend::Damped).shares(&[f64::INFINITY, 0.0, f64::INFINITY, 1.0]);
        assert_eq!((shares.level, shares.damping), (1.0 - NARROW, 0.89));
        assert!(shares.season > 0.0 && shares.slope > 0.99);
        let none = Shares { level: f64::NAN, ..shares };
        assert!(form(Trend::None).at(&[1.0; 30], none).log_likelihood.is_nan());
    }

    #[test]
    fn parameters_are_counted() {
        let count = |trend, period| Form { trend, period }.parameters();
        // Level's share, first level, variance; slope's share and first slope, damping; the season's share and six of seven seasons.
        assert_eq!(
            [count(Trend::None, 1), count(Trend::Damped, 1), count(Trend::Additive, 7)],
            [3, 6, 12]
        );
        let constant = Form { trend: Trend::None, period: 1 }.fit(&[5.0; 20]).unwrap();
        assert!(constant.variance < 1e-20 && (constant.first.level - 5.0).abs() < 1e-9);
    }
}
