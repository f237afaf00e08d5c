pub mod error;
pub mod metrics;
pub mod simulate;
pub mod warehouse;
pub use error::{Error, ErrorKind, Result, Trouble};
pub use {plotters, polars, rand};
