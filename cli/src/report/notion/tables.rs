//! The tables that the study is made from.

use std::path::Path;

use chrono::{NaiveDate, TimeDelta};
use polars::prelude::*;

use casebook::Result;
use casebook::cases::notion::study;
use casebook::events::{Events, Users};
use casebook::warehouse::files::{self, Format};

/// The study's input: the case's tables, or others with these columns, prepared once for all metrics.
#[derive(Debug, Clone)]
pub struct Tables {
    /// `user_id`, since `signup_at`; `signup_date`, `segment`, `acquisition_channel`, `plan_type`, `paid_since`, `paid_until`.
    pub users: Users,
    /// What they did after signing up: `user_id`, `workspace_id`, `event_type`, `timestamp`. See [`study::events`].
    pub events: Events,
    /// How many events were recorded, including sign-ups.
    pub recorded: usize,
    /// `date`, `visitors`.
    pub visitors: DataFrame,
    /// `plan_type`, `dollars_a_month`.
    pub plans: DataFrame,
    /// The first day that was not observed.
    pub until: NaiveDate,
}

impl Tables {
    /// Reads the Parquet files that `casebook generate notion` writes, in parts or whole; reads only the needed columns
    /// of events, a part at a time.
    ///
    /// # Errors
    /// [`ErrorKind::File`](casebook::ErrorKind::File), naming the file; those of [`study::users`] and [`study::events`].
    pub fn read(folder: &Path) -> Result<Tables> {
        let whole = |table: &str| -> Result<DataFrame> {
            let mut whole = DataFrame::empty();
            for path in files::parts(folder, table, Format::Parquet)? {
                whole.vstack_mut_owned(files::read(path)?)?;
            }
            Ok(whole)
        };
        let mut recorded = 0;
        let parts = files::parts(folder, "user_events", Format::Parquet)?.into_iter().map(|path| {
            let part = files::read_columns(path, &study::EVENT_COLUMNS)?;
            recorded += part.height();
            Ok(part)
        });
        let events = study::events_of(parts)?;
        let calendar = whole("calendar")?;
        let last = calendar.column("date")?.date()?.physical().max().unwrap_or(0);
        Ok(Tables {
            users: study::users(&whole("user_profiles")?)?,
            events,
            recorded,
            visitors: whole("visitors")?,
            plans: whole("plans")?,
            until: NaiveDate::default() + TimeDelta::days(i64::from(last)),
        })
    }
}
