//! What a notebook cell needs, in one line: `use casebook::prelude::*;`
//!
//! Polars' own prelude, [`plotters`] and [`rand`] as modules, this library's modules by name, and [`Show`], which makes
//! values appear.
//!
//! Names defined in a cell take precedence over glob imports, so nothing here gets in a learner's way.

pub use polars::prelude::*;
// Cells write `df!(…)` and polars' macros need this name in scope.
pub use polars;
pub use rand::{self, Rng as _, RngExt as _};
pub use rand_distr::{self, Distribution as _};
pub use {chrono, plotters};

pub use crate::cases::clock::Month;
pub use crate::cases::rhythm::{self, DayClock, Progress, Season, SessionLength};
pub use crate::cases::{diagnosis, ecommerce, mentor, notion, platform, saas};
pub use crate::chart::{self, TickUnit, Unit};
pub use crate::check;
pub use crate::claims::{Claim, Ledger};
pub use crate::decision::{self, Choice, World as _};
pub use crate::events::{Events, Orders, Users, Window};
pub use crate::frame::{Columns, Key, Verbs, count, pct, pp, stack, usd};
pub use crate::metrics::experiment::Experiment;
pub use crate::metrics::funnel::{self, Funnel, Step};
pub use crate::metrics::rates::{Rate, rate, rate_by};
pub use crate::metrics::{
    Period, activity, basket, calibration, change, clv, concentration, confounding, detection,
    distribution, experiment, growth, interval, lever, marketplace, mix, panel, paths, retention,
    revenue, segment, survival,
};
pub use crate::notebook::{
    Figure, Markdown, Memo, Show, beside, falling, memo, number, share_of, stacked, table,
};
pub use crate::stamp::Stamp;
pub use crate::stream::{Stream, stream};
pub use crate::warehouse::{self, Answer, Warehouse, queries};
pub use crate::{Error, Result};
