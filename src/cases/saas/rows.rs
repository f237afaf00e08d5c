//! From companies to rows.

use std::ops::Range;

use polars::prelude::*;
use rayon::prelude::*;

use super::config::Config;
use super::life::Checked;
use super::twin::{Lived, Measures, Twin};
use crate::cases::frame::{dates, moments};
use crate::error::Result;
use crate::stream::stream;

/// Session ids are `company_id` × this + the session's number within its company, so that parts made
/// on different machines never collide. [`Config::validate`] keeps the number below it.
const SESSIONS_PER_COMPANY: i64 = 1_000_000;

/// Column buffers.
#[derive(Default)]
pub(super) struct Rows {
    first_id: u32,
    sizes: Vec<&'static str>,
    session_ids: Vec<i64>,
    /// Seconds since 1970.
    seconds: Vec<i64>,
}

impl Rows {
    /// Generates companies in blocks, each on whichever thread is free, and joins them in order.
    pub fn of(checked: &Checked, measures: &Measures, ids: Range<u32>) -> Rows {
        const BLOCK: usize = 512;
        let blocks: Vec<Rows> = ids
            .clone()
            .into_par_iter()
            .fold_chunks(BLOCK, Rows::default, |mut rows, id| {
                rows.push(checked, measures, id);
                rows
            })
            .collect();
        let mut all = Rows { first_id: ids.start, ..Rows::default() };
        all.session_ids.reserve_exact(blocks.iter().map(|rows| rows.session_ids.len()).sum());
        all.seconds.reserve_exact(all.session_ids.capacity());
        for block in blocks {
            all.sizes.extend(block.sizes);
            all.session_ids.extend(block.session_ids);
            all.seconds.extend(block.seconds);
        }
        all
    }

    fn push(&mut self, checked: &Checked, measures: &Measures, id: u32) {
        let mut twin = Twin::new(checked.life(id), id);
        let mut moments = stream(checked.config.seed, "saas session", u64::from(id));
        self.sizes.push(twin.life.size.name());
        let mut session_id = i64::from(id) * SESSIONS_PER_COMPANY;
        for n in 0..checked.config.months {
            let Lived { sessions: count, .. } = twin.next_month(measures);
            if count == 0 {
                break; // churned, for good
            }
            let month = checked.config.start.plus(n);
            let from = self.seconds.len();
            for _ in 0..count {
                session_id += 1;
                self.session_ids.push(session_id);
                self.seconds.push(month.random_second(&mut moments));
            }
            self.seconds[from..].sort_unstable();
        }
    }

    pub fn companies(&self, config: &Config) -> Result<DataFrame> {
        let ids = (self.first_id..).map(i64::from).take(self.sizes.len());
        let acquired = vec![config.start.first_day(); self.sizes.len()];
        Ok(df!(
            "company_id" => ids.collect::<Vec<_>>(),
            "company_size" => &self.sizes,
            "acquired_on" => dates("acquired_on", acquired)?,
        )?)
    }

    pub fn sessions(self) -> Result<DataFrame> {
        let companies: Vec<i64> =
            self.session_ids.iter().map(|id| id / SESSIONS_PER_COMPANY).collect();
        let created_at = moments("created_at", self.seconds)?;
        Ok(df!(
            "session_id" => self.session_ids,
            "company_id" => companies,
            "created_at" => created_at,
        )?)
    }
}
