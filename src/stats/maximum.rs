//! The search for the highest point of a likelihood.
//!
//! # Source
//! J. A. Nelder and R. Mead (1965), "A simplex method for function minimization", The Computer Journal 7.

use argmin::core::{CostFunction, Executor, State};
use argmin::solver::neldermead::NelderMead;
use argmin_math::{ArgminAdd, ArgminMul, ArgminSub};
use rayon::prelude::*;

use super::sample::total;
use crate::error::Result;

/// Sums over many items in parallel, with the same bits whatever the thread count. It depends on the order of the
/// items: sort them first.
pub(crate) fn sum_over<T: Sync>(all: &[T], each: impl Fn(&T) -> f64 + Sync) -> f64 {
    let parts: Vec<f64> = all.par_chunks(512).map(|some| total(some.iter().map(&each))).collect();
    total(parts)
}

/// The highest point found.
pub(crate) struct Highest<const N: usize> {
    pub parameters: [f64; N],
    pub value: f64,
}

/// Finds the parameters above 0 that maximise `of`, by Nelder and Mead's search on their logarithms; `start` is on that
/// scale too. The error is the search's own message.
pub(crate) fn maximise<const N: usize>(
    start: [f64; N],
    of: impl Fn([f64; N]) -> f64,
) -> Result<Highest<N>, String> {
    let fail = |error: argmin::core::Error| error.to_string();
    let (mut best, mut value) = (start, f64::NEG_INFINITY);
    // A simplex may shrink before it arrives: it is set up again until that changes nothing.
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

/// The function to maximise, upside down, because the search looks for a minimum.
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
