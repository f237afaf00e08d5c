//! Statistics on plain numbers: no frames, no columns.

pub(crate) mod kmeans;
pub(crate) mod points;
pub(crate) mod principal;
pub(crate) mod silhouette;
pub(crate) mod split_normal;
