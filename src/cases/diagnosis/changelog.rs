//! What the team wrote down: everything that might have moved the metric, whether it did or not.

use polars::prelude::*;

use super::config::Cause;
use super::place::{
    CONTESTED_FROM, COUNTRIES, FILTER_FROM, NEW, PAUSED_FROM, VERSION_FROM, WAVES, monday,
};
use crate::cases::frame::dates;
use crate::error::Result;

/// Lists what happened when, by date: `date` (Date, a Monday), `what`, `where`, `suspect` (text: the cause it would be).
pub(super) fn changelog() -> Result<DataFrame> {
    let countries = |week: u32| -> String {
        let of = COUNTRIES.iter().filter(|country| country.release == week);
        of.map(|country| country.code).collect::<Vec<_>>().join(", ")
    };
    let rows = [
        (50, "School holidays begin, last year".to_owned(), "everywhere".to_owned(), Cause::Season),
        (WAVES[0], "Release: a new home screen".into(), countries(WAVES[0]), Cause::Release),
        (
            PAUSED_FROM,
            "Marketing reviews paid campaigns and stops some or all".into(),
            "everywhere".into(),
            Cause::Pause,
        ),
        (
            VERSION_FROM,
            format!("Android app {NEW}, with a new analytics kit"),
            "Android".into(),
            Cause::Tracking,
        ),
        (WAVES[1], "The new home screen goes further".into(), countries(WAVES[1]), Cause::Release),
        (CONTESTED_FROM, "A competitor launches".into(), "DE".into(), Cause::Competitor),
        (
            FILTER_FROM,
            "A filter keeps bots out of the count, from now on".into(),
            "web".into(),
            Cause::Bots,
        ),
        (102, "School holidays begin".into(), "everywhere".into(), Cause::Season),
        (
            WAVES[2],
            "Planned: the new home screen everywhere".into(),
            countries(WAVES[2]),
            Cause::Release,
        ),
    ];
    Ok(df!(
        "date" => dates("date", rows.iter().map(|row| monday(row.0 as i32)))?,
        "what" => rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>(),
        "where" => rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>(),
        "suspect" => rows.iter().map(|row| row.3.name()).collect::<Vec<_>>(),
    )?)
}
