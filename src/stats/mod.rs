//! Statistics without frames: intervals, tests, power, resampling, survival curves and the models behind
//! customer lifetime value. The metrics apply them to frames.

pub(crate) mod beta_binomial;
pub(crate) mod bg_nbd;
pub(crate) mod bootstrap;
pub(crate) mod distribution;
pub(crate) mod gamma_gamma;
pub(crate) mod hypergeometric;
pub mod interval;
pub(crate) mod life_table;
pub(crate) mod maximum;
pub(crate) mod multiple;
pub mod power;
pub(crate) mod sample;
pub mod two_sample;
