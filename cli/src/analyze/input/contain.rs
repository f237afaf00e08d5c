//! Turns panics of a decoder that trusts its input into errors.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic on this thread is expected; the caller then reports it.
    static EXPECTED: Cell<bool> = const { Cell::new(false) };
}

/// Runs something that may panic. The panic's message becomes the error and is printed nowhere else.
pub fn contained<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            if !EXPECTED.get() {
                before(panicked);
            }
        }));
    });
    let outer = EXPECTED.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    EXPECTED.set(outer);
    done.map_err(|cause| message(&*cause))
}

fn message(cause: &(dyn Any + Send)) -> String {
    let text = match (cause.downcast_ref::<&str>(), cause.downcast_ref::<String>()) {
        (Some(text), _) => *text,
        (_, Some(text)) => text.as_str(),
        _ => "it makes no sense",
    };
    text.lines().next().unwrap_or("it makes no sense").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_first_line() {
        assert_eq!(contained(|| 1), Ok(1));
        let said: Result<(), String> = contained(|| panic!("no {}\nmore", "sense"));
        assert_eq!(said, Err("no sense".to_owned()));
    }
}
