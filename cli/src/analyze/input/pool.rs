//! Pieces of a file, read by several threads at once and put back in order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Runs the work on each piece, with one thread per reader state. Returns results in the order of the pieces; after a
/// failure, those before it are complete. `next` produces the pieces, one at a time.
pub fn run<T, R, S, E>(
    states: &mut [S],
    next: impl FnMut() -> Option<Result<T, E>> + Send,
    work: impl Fn(usize, &mut S, T) -> Result<R, E> + Sync,
) -> Vec<Result<R, E>>
where
    T: Send,
    R: Send,
    S: Send,
    E: Send,
{
    let source = Mutex::new((0_usize, next));
    let failed = AtomicBool::new(false);
    let done: Mutex<Vec<(usize, Result<R, E>)>> = Mutex::new(vec![]);
    let one = |number: usize, state: &mut S| {
        loop {
            if failed.load(Ordering::Relaxed) {
                return;
            }
            let (place, piece) = {
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                let place = source.0;
                let Some(piece) = (source.1)() else { return };
                source.0 += 1;
                (place, piece)
            };
            let result = piece.and_then(|piece| work(number, state, piece));
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).push((place, result));
        }
    };
    std::thread::scope(|scope| {
        let one = &one;
        for (number, state) in states.iter_mut().enumerate() {
            scope.spawn(move || one(number, state));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_are_complete_up_to_a_failure() {
        let mut pieces = 0..1000;
        let mut sums = [0, 0, 0];
        let results = run(
            &mut sums,
            || pieces.next().map(Ok),
            |_, sum, piece| {
                *sum += piece;
                if piece == 900 { Err("no") } else { Ok(piece) }
            },
        );
        let good: Vec<i32> = results.iter().take_while(|r| r.is_ok()).flatten().copied().collect();
        assert_eq!(good, (0..900).collect::<Vec<_>>());
        assert_eq!(results[900], Err("no"));
    }
}
