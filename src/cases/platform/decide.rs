//! How a team decides: what it looks at, when it stops, and what the platform's rules change about it.

use super::config::{Config, Looks, Team};
use super::intervention::Rule;
use super::metric::Metric;
use super::reading::Reading;
use super::run::Run;
use crate::error::Result;
use crate::metrics::experiment::{GroupSequential, MISMATCH_ALPHA, Spending};

/// Two-sided 5%.
pub(super) const LIMIT: f64 = 1.959_963_984_540_054;

/// What an experiment shows at the end of a day, from 1, of a run.
pub(super) trait Shows {
    fn reading(&mut self, run: Run, day: u32) -> Reading;
}

/// The rules of a platform, with the limits that go with them.
#[derive(Debug, Clone)]
pub(super) struct Platform {
    rules: Vec<Rule>,
    days: u32,
    five: Vec<f64>,
    daily: Vec<f64>,
}

/// What became of an experiment.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Decision {
    pub shipped: bool,
    /// It won on another metric than the primary one.
    pub other_metric: bool,
    /// It won, and the guardrail stopped it.
    pub blocked: bool,
    /// Whether it ran again after an alarm.
    pub alarm: bool,
    /// Whether its win was tried again.
    pub replicated: bool,
    /// The last day of the first run, from 1.
    pub first_days: u32,
    /// Looks at the first run.
    pub first_looks: u32,
    /// Days of all runs.
    pub days: u32,
}

enum Ended {
    Alarm,
    Lost,
    Won { other: bool, harm: bool },
}

impl Platform {
    pub fn new(config: &Config, rules: &[Rule]) -> Result<Platform> {
        let limits = |looks: u32| -> Result<Vec<f64>> {
            if !rules.contains(&Rule::Sequential) {
                return Ok(vec![LIMIT; looks as usize]);
            }
            GroupSequential::equal(looks, Spending::OBrienFleming).limits()
        };
        let (five, daily) = (limits(5)?, limits(config.days)?);
        Ok(Platform { rules: rules.to_vec(), days: config.days, five, daily })
    }

    fn has(&self, rule: Rule) -> bool {
        self.rules.contains(&rule)
    }

    fn limit(&self, looks: Looks, number: usize) -> f64 {
        match looks {
            Looks::Once => LIMIT,
            Looks::Five => self.five[number],
            Looks::Daily => self.daily[number],
        }
    }

    fn z(&self, metric: Metric, reading: &Reading) -> f64 {
        let by_user = metric != Metric::Clicks || self.has(Rule::RatioMetrics);
        if by_user { reading.z } else { reading.naive_z }
    }

    /// Returns what becomes of an experiment of a team.
    pub fn decide(&self, team: &Team, metric: Metric, shows: &mut dyn Shows) -> Decision {
        let mut decision = Decision::default();
        let mut ended = self.one_run(Run::First, team, metric, shows, &mut decision);
        (decision.first_days, decision.alarm) = (decision.days, matches!(ended, Ended::Alarm));
        if decision.alarm {
            ended = self.one_run(Run::Rerun, team, metric, shows, &mut decision);
        }
        let Ended::Won { other, harm } = ended else { return decision };
        decision.other_metric = other;
        if harm {
            decision.blocked = true;
            return decision;
        }
        decision.shipped = true;
        if self.has(Rule::Replication) {
            decision.replicated = true;
            decision.days += self.days;
            let again = shows.reading(Run::Replication, self.days);
            let z = if other { again.others } else { self.z(metric, &again) };
            decision.blocked = self.has(Rule::Guardrails) && again.returning_z < -LIMIT;
            decision.shipped = z > LIMIT && !decision.blocked;
        }
        decision
    }

    fn one_run(
        &self,
        run: Run,
        team: &Team,
        metric: Metric,
        shows: &mut dyn Shows,
        decision: &mut Decision,
    ) -> Ended {
        let many = team.metrics > 1 && !self.has(Rule::OneMetric);
        let before = decision.days;
        for (number, day) in team.looks.days(self.days).into_iter().enumerate() {
            let reading = shows.reading(run, day);
            decision.days = before + day;
            if run == Run::First {
                decision.first_looks = number as u32 + 1;
            }
            if self.has(Rule::SampleRatio) && reading.ratio_p < MISMATCH_ALPHA {
                return Ended::Alarm;
            }
            let (limit, main) = (self.limit(team.looks, number), self.z(metric, &reading));
            let best = if many { main.max(reading.others) } else { main };
            if best > limit {
                let harm = self.has(Rule::Guardrails) && reading.returning_z < -LIMIT;
                return Ended::Won { other: main <= limit, harm };
            }
            if main < -limit {
                return Ended::Lost;
            }
        }
        Ended::Lost
    }
}
