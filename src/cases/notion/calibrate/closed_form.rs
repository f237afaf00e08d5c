//! The parts with a closed form: shares normalised so that segments and channels differ while the totals stay.

use super::curve::{busy_days, improving, weibull};
use super::{Knobs, WINDOWS, World};
use crate::cases::draw::sums;
use crate::cases::notion::config::Config;
use crate::error::{Error, Result};

impl<'c> World<'c> {
    /// Computes everything but the three numbers that have no closed form.
    pub(super) fn closed_form(config: &'c Config) -> Result<World<'c>> {
        let (segments, channels, targets) = (&config.segments, &config.channels, &config.targets);
        let months = config.months as usize;
        let first_day = config.start.first_day();
        let starts: Vec<i32> =
            (0..config.months + 3).map(|n| config.start.plus(n).first_day() - first_day).collect();
        let busy = busy_days(config, &starts);

        let monthly = weights(config, &starts, &busy, months);
        let total: f64 = monthly.iter().sum();
        let monthly: Vec<f64> = monthly.iter().map(|weight| weight / total).collect();

        // Cells: segment × channel, with the share of users in each.
        let cells: Vec<(usize, usize, f64)> = (0..4)
            .flat_map(|s| (0..6).map(move |c| (s, c)))
            .map(|(s, c)| (s, c, segments[s].share * channels[c].share))
            .collect();
        let spread = |ratio: &dyn Fn(usize, usize) -> f64, weight: &dyn Fn(usize, usize) -> f64| {
            let mean =
                cells.iter().map(|(s, c, w)| w * weight(*s, *c) * ratio(*s, *c)).sum::<f64>()
                    / cells.iter().map(|(s, c, w)| w * weight(*s, *c)).sum::<f64>();
            let mut table = [[0.0; 6]; 4];
            for (s, c, _) in &cells {
                table[*s][*c] = ratio(*s, *c) / mean;
            }
            table
        };
        let scaled = |table: [[f64; 6]; 4], field: &str, to: f64| -> Result<[[f64; 6]; 4]> {
            let all = table.map(|row| row.map(|ratio| ratio * to));
            let most = all.iter().flatten().copied().fold(0.0, f64::max);
            if most > 1.0 {
                let accepted =
                    format!("at most {:.3}, or segments and channels that differ less", to / most);
                return Err(Error::config(field, to, accepted).within("targets"));
            }
            Ok(all)
        };
        let activates = spread(&|s, c| segments[s].activates * channels[c].activates, &|_, _| 1.0);
        let activates = scaled(activates, "activation", targets.activation)?;
        let hurries =
            spread(&|s, c| segments[s].hurries * channels[c].hurries, &|s, c| activates[s][c]);
        let hurries = scaled(hurries, "fast", targets.fast)?;

        let class = |s: usize, c: usize| {
            let (acts, fast) = (activates[s][c], hurries[s][c]);
            [acts * fast, acts * (1.0 - fast), 1.0 - acts]
        };
        let effect = [targets.fast_effect, 1.0, 1.0];
        let quality = |s: usize, c: usize| segments[s].returns * channels[c].returns;
        let expected = |s: usize, c: usize| -> f64 {
            (0..3).map(|k| class(s, c)[k] * effect[k]).sum::<f64>() * quality(s, c)
        };
        let mean: f64 = cells.iter().map(|(s, c, w)| w * expected(*s, *c)).sum();
        let mut returns = [[[0.0; 3]; 6]; 4];
        for (s, c, _) in &cells {
            returns[*s][*c] = effect.map(|effect| effect * quality(*s, *c) / mean);
        }

        let (scale, shape) = weibull(&targets.retention);
        let (slope, cohorts, averages) = improving(targets, &monthly);

        // Who could be observed for the funnel's longest window, and how well their cohorts return.
        let seen = |month: usize| {
            let last = starts[months] - WINDOWS[3];
            let days = f64::from(starts[month + 1] - starts[month]);
            (f64::from(last - starts[month] + 1) / days).clamp(0.0, 1.0)
        };
        let observed: f64 = (0..months).map(|m| monthly[m] * seen(m)).sum();
        let lift = (0..months).map(|m| monthly[m] * seen(m) * cohorts[m]).sum::<f64>()
            / (observed * averages[1]);
        let first = (-scale).exp();
        // There in month 1, of those who activate.
        let there = |s: usize, c: usize| -> f64 {
            (0..2).map(|k| class(s, c)[k] * returns[s][c][k]).sum::<f64>() * first * lift
        };
        let active: f64 = cells.iter().map(|(s, c, w)| w * there(*s, *c)).sum();
        let engages = targets.engagement * targets.activation / active;
        if engages.is_nan() || engages > 1.0 {
            let accepted =
                format!("at most {:.3}, the share active in month 1", targets.engagement / engages);
            return Err(Error::config("engagement", targets.engagement, accepted).within("targets"));
        }

        let habits: [f64; 4] = std::array::from_fn(|s| {
            let there: f64 = (0..6).map(|c| channels[c].share * there(s, c)).sum();
            there * engages * targets.habit
        });
        let collaborates = among("collaboration", targets.collaboration, |s| {
            (segments[s].share * habits[s], segments[s].collaborates)
        })?;
        let upgrades = among("monetization", targets.monetization, |s| {
            (segments[s].share * habits[s] * collaborates[s], segments[s].pays)
        })?;
        let pays = among("paid", targets.paid, |s| (segments[s].share, segments[s].pays))?;
        let mut shares = [0.0; 4];
        for s in 0..4 {
            let others = segments[s].shares - habits[s] * collaborates[s];
            shares[s] = others / (1.0 - habits[s]);
            if !(0.0..=1.0).contains(&shares[s]) {
                let accepted = format!(
                    "at least {:.3}, the share who collaborate",
                    habits[s] * collaborates[s]
                );
                return Err(
                    Error::config("shares", segments[s].shares, accepted).within("segments")
                );
            }
        }
        let mut world = World {
            config,
            first_day,
            starts,
            busy,
            segment_sums: sums(segments.iter().map(|segment| segment.share)),
            channel_sums: sums(channels.iter().map(|channel| channel.share)),
            month_sums: sums(monthly.into_iter()),
            activates,
            hurries,
            returns,
            scale,
            shape,
            slope,
            curve: (0..=months).map(|k| (-scale * (k as f64).powf(shape)).exp()).collect(),
            cohorts,
            averages,
            habits: vec![],
            engages,
            collaborates,
            upgrades,
            shares,
            pays,
            knobs: Knobs { visits: 1.0, events: 1.0, spread: 1.0 },
            rounds: 0,
        };
        world.habits = (0..months)
            .map(|cohort| std::array::from_fn(|segment| world.habit_in(segment, cohort)))
            .collect();
        world.possible()?;
        Ok(world)
    }
}

/// Returns how many sign up in each month, compared with each other.
fn weights(config: &Config, starts: &[i32], busy: &[f64], months: usize) -> Vec<f64> {
    (0..months)
        .map(|month| {
            let weight = busy[starts[month + 1] as usize] - busy[starts[month] as usize];
            weight * (1.0 + config.growth).powi(month as i32)
        })
        .collect()
}

impl World<'_> {
    /// Returns how many sign up in each month compared with each other, beyond the months observed.
    pub fn weights(&self, months: u32) -> Vec<f64> {
        let start = self.config.start;
        let starts: Vec<i32> =
            (0..=months).map(|n| start.plus(n).first_day() - self.first_day).collect();
        weights(self.config, &starts, &busy_days(self.config, &starts), months as usize)
    }
}

/// Finds probabilities by segment with given ratios and a given average; `weighted` says how to average.
fn among(field: &str, to: f64, weighted: impl Fn(usize) -> (f64, f64)) -> Result<[f64; 4]> {
    let cells: [(f64, f64); 4] = std::array::from_fn(weighted);
    let total: f64 = cells.iter().map(|(weight, _)| weight).sum();
    let mean = cells.iter().map(|(weight, ratio)| weight * ratio).sum::<f64>() / total;
    let all = cells.map(|(_, ratio)| ratio / mean * to);
    let most = all.iter().copied().fold(0.0, f64::max);
    if most > 1.0 {
        let accepted = format!("at most {:.3}, or segments that differ less", to / most);
        return Err(Error::config(field, to, accepted).within("targets"));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever segments and channels are like, the totals are the targets.
    #[test]
    fn differences_leave_the_totals_alone() {
        let mut config = Config::default();
        config.channels[3].activates = 0.5;
        config.channels[1].returns = 1.1;
        config.segments[0].hurries = 0.7;
        let world = World::closed_form(&config).unwrap();
        let over = |of: &dyn Fn(usize, usize) -> f64| -> f64 {
            (0..4)
                .flat_map(|s| (0..6).map(move |c| (s, c)))
                .map(|(s, c)| config.segments[s].share * config.channels[c].share * of(s, c))
                .sum()
        };
        let close = |found: f64, wanted: f64| {
            assert!((found - wanted).abs() < 1e-12, "{found}, not {wanted}")
        };
        close(over(&|s, c| world.activates[s][c]), config.targets.activation);
        let fast = over(&|s, c| world.activates[s][c] * world.hurries[s][c]);
        close(fast / config.targets.activation, config.targets.fast);
        close(over(&|s, _| world.pays[s]), config.targets.paid);
        let returns = |s: usize, c: usize| {
            let (acts, fast) = (world.activates[s][c], world.hurries[s][c]);
            let [quick, slow, never] = world.returns[s][c];
            acts * (fast * quick + (1.0 - fast) * slow) + (1.0 - acts) * never
        };
        close(over(&returns), 1.0);
        assert!(
            (world.returns[2][4][0] / world.returns[2][4][1] - config.targets.fast_effect).abs()
                < 1e-12
        );
    }

    #[test]
    fn seats_make_up_what_upgrades_leave_and_sharers_pay_less() {
        let config = Config::default();
        let world = World::closed_form(&config).unwrap();
        for s in 0..4 {
            let (shares, upgrading) = (config.segments[s].shares, 0.004);
            let seats = world.seats(s, upgrading);
            let sharers = (upgrading + (shares - upgrading) * seats.sharer) / shares;
            let all = shares * sharers + (1.0 - shares) * seats.other;
            assert!((all - world.pays[s]).abs() < 1e-12);
            assert!((sharers / seats.other - config.sharers_pay).abs() < 1e-12);
        }
    }
}
