//! Generating rows while others are being written.

use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use polars::prelude::DataFrame;

use super::Sink;
use crate::error::{Error, Result};

/// How many frames may wait for the sink: about one slice of a generator.
const WAITING: usize = 2;

/// Puts what `fill` makes into a sink, in the same order, while `fill` makes more on a thread of its own. If the sink
/// is the slower of the two, `fill` waits for it.
///
/// ```
/// use casebook::cases::{Part, saas};
/// use casebook::warehouse::{Sink, ahead, files::{Folder, Format}};
///
/// # let place = tempfile::tempdir().unwrap();
/// # let place = place.path();
/// let config = saas::Config { companies: 200, ..Default::default() };
/// let mut folder = Folder::create(place, Format::Parquet, "")?;
/// ahead(&mut folder, |sink| {
///     for batch in saas::batches(&config, Part::WHOLE)? {
///         sink.append("sessions", &batch?.sessions)?;
///     }
///     Ok(())
/// })?;
/// assert_eq!(folder.finish()?.len(), 1);
/// # Ok::<(), casebook::Error>(())
/// ```
///
/// # Errors
/// The sink's, after which `fill` is told to stop; those of `fill`.
pub fn ahead(
    sink: &mut dyn Sink,
    fill: impl FnOnce(&mut (dyn Sink + Send)) -> Result<()> + Send,
) -> Result<()> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        let maker = scope.spawn(move || fill(&mut Ahead(sender)));
        // At the first error the receiver goes away, and with it the other side's reason to go on.
        let written = receiver.into_iter().try_for_each(|(table, rows)| sink.append(table, &rows));
        let made = maker.join().unwrap_or_else(|panic| resume_unwind(panic));
        written.and(made)
    })
}

struct Ahead(SyncSender<(&'static str, DataFrame)>);

impl Sink for Ahead {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        // Columns are shared, not copied.
        let sent = self.0.send((table, rows.clone()));
        sent.map_err(|_| Error::file("write", table.as_ref(), "nothing takes its rows any more"))
    }
}

#[cfg(test)]
mod tests {
    use polars::df;

    use super::*;

    #[derive(Default)]
    struct Seen {
        rows: Vec<(&'static str, i64)>,
        full: usize,
    }

    impl Sink for Seen {
        fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
            if self.rows.len() == self.full {
                return Err(Error::file("write", "disk".as_ref(), "it is full"));
            }
            self.rows.push((table, rows.column("n")?.i64()?.get(0).unwrap_or_default()));
            Ok(())
        }
    }

    fn count(sink: &mut dyn Sink, to: i64) -> Result<()> {
        (0..to).try_for_each(|n| sink.append(["even", "odd"][n as usize % 2], &df!("n" => [n])?))
    }

    #[test]
    fn rows_arrive_in_their_order() {
        let mut seen = Seen { full: 100, ..Default::default() };
        ahead(&mut seen, |sink| count(sink, 50)).unwrap();
        let expected: Vec<_> = (0..50).map(|n| (["even", "odd"][n as usize % 2], n)).collect();
        assert_eq!(seen.rows, expected);
    }

    #[test]
    fn a_full_sink_stops_the_maker_and_says_why() {
        let mut seen = Seen { full: 3, ..Default::default() };
        let error = ahead(&mut seen, |sink| count(sink, i64::MAX)).unwrap_err();
        assert!(error.to_string().contains("it is full"), "{error}");
        assert_eq!(seen.rows.len(), 3);
    }

    #[test]
    fn what_the_maker_says_comes_through() {
        let mut seen = Seen { full: 3, ..Default::default() };
        let error = ahead(&mut seen, |sink| {
            count(sink, 2)?;
            Err(Error::config("users", 0, "1 or more"))
        });
        assert!(error.unwrap_err().to_string().contains("users"));
        let panicked = std::panic::catch_unwind(|| {
            ahead(&mut Seen::default(), |_| panic!("as a generator would"))
        });
        assert!(panicked.is_err());
    }
}
