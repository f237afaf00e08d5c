//! Statistics without frames: intervals, tests, power, resampling, survival curves and the models behind customer
//! lifetime value. The metrics apply these to frames.

pub(crate) mod adjusted;
pub(crate) mod attribution;
pub(crate) mod bandwidth;
pub(crate) mod beta_binomial;
pub(crate) mod bg_nbd;
pub(crate) mod bootstrap;
pub(crate) mod competing_risks;
pub(crate) mod distribution;
pub(crate) mod exact;
pub(crate) mod factors;
pub(crate) mod gamma_gamma;
pub(crate) mod hypergeometric;
pub mod interval;
pub(crate) mod kmeans;
pub(crate) mod least_squares;
pub(crate) mod life_table;
pub(crate) mod loess;
pub(crate) mod logistic;
pub(crate) mod maximum;
pub(crate) mod multiple;
pub(crate) mod pelt;
pub(crate) mod points;
pub mod power;
pub(crate) mod principal;
pub(crate) mod pseudo_inverse;
pub(crate) mod regression;
pub(crate) mod sample;
pub(crate) mod silhouette;
pub(crate) mod simplex;
pub(crate) mod split_normal;
pub(crate) mod stl;
pub mod two_sample;
