//! The tables of a year.

use polars::prelude::*;

/// The generated year.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `team`, `looks` ("once", "five times", "daily"; text), `metrics` (i64: how many it looks at): one row per team, as configured.
    pub teams: DataFrame,
    /// One row per experiment, by id: `experiment_id` (i64, from 1), `team`, `metric` ("conversion", "revenue per user", "clicks per
    /// session"), `started_on`, `planned_end_on`, `stopped_on` (Date), `days`, `looks` (i64: until it stopped), `decision` ("shipped",
    /// "not shipped"), `deciding_metric` (i64: 1 is the primary one), `p_value` (f64: of the deciding metric, as the team saw it),
    /// `lift` (f64: the relative difference of the primary metric when it stopped).
    pub experiments: DataFrame,
    /// Sums by experiment, day, arm and segment, in this order, until the experiment stopped: `experiment_id`, `day` (i64, from 1),
    /// `date` (Date), `arm` ("control", "treatment"), `segment` ("returning", "new"), `users` (i64: who came for the first time on
    /// that day), `bought_before`, `returned` (i64: of these users, who bought in the week before, who returned within a week),
    /// `numerator`, `denominator` of the primary metric, `numerator_squares`, `denominator_squares`, `products` (f64: sums of users'
    /// squares and products). Of a mean per user the denominator is the number of users. Squares of orders, and of sessions and clicks,
    /// are what so many of them have on average.
    pub daily: DataFrame,
    /// What the team saw at each look: `experiment_id`, `look`, `day`, `metric_no` (i64: 1 is the primary metric), `lift` (f64; null for
    /// other metrics), `z`, `p_value` (f64, by the test that the team uses).
    pub looks: DataFrame,
    /// Users of five experiments, until these stopped: `user_id`, `experiment_id`, `day` (i64), `arm`, `segment` (text),
    /// `bought_before`, `returned` (i64, 0 or 1), `numerator`, `denominator` (f64).
    pub users: DataFrame,
    /// Users of the first experiment with novelty who were followed for ten days: `experiment_id`, `user_id` (i64, its own
    /// numbering), `arm`, `day` (i64, 0 is the first visit), `bought` (i64, 0 or 1).
    pub holdback: DataFrame,
}

impl Tables {
    /// Returns the tables with the names they have in files and databases, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 6] {
        [
            ("teams", &self.teams),
            ("experiments", &self.experiments),
            ("daily", &self.daily),
            ("looks", &self.looks),
            ("users", &self.users),
            ("holdback", &self.holdback),
        ]
    }
}
