//! What a decision brings on average, exactly.

use std::collections::BTreeMap;

use super::config::{Billing, Config, SessionRule, Size};
use super::intervention::{Costs, Intervention, price, program};
use super::twin::Client;
use crate::decision::Outcome;

/// The chance of each number of sessions, from 0.
fn sessions(config: &Config, size: Size) -> Vec<f64> {
    let plan = config.plan(size);
    let spread = f64::from(plan.spread);
    (0..=plan.sessions + plan.spread)
        .map(|count| match (config.session_rule, count.abs_diff(plan.sessions)) {
            (_, off) if off > plan.spread => 0.0,
            (SessionRule::UniformDeviation, _) => 1.0 / (2.0 * spread + 1.0),
            (SessionRule::SignTimesUniform, 0) => 1.0 / (spread + 1.0),
            (SessionRule::SignTimesUniform, _) => 0.5 / (spread + 1.0),
        })
        .collect()
}

/// The expected outcome of the months after a decision, over all futures.
///
/// A company's state is its sessions last month and which rules about falling use hold for it: the next month's chances depend on
/// nothing else. Expected numbers of companies in each state are moved forward month by month.
pub(super) fn outcome(
    config: &Config,
    (decided, horizon): (u32, u32),
    costs: &Costs,
    clients: &[Client],
    done: &[Intervention],
) -> Outcome {
    let (mut revenue, mut contacts) = (0.0, 0.0);
    for size in [Size::Small, Size::Large] {
        let chances = sessions(config, size);
        let some = 1.0 - chances[0];
        let mut states: BTreeMap<(u32, Vec<bool>), f64> = BTreeMap::new();
        for client in clients.iter().filter(|client| client.twin.life.size == size) {
            let (last, earlier) = (client.twin.last, client.twin.earlier);
            *states.entry((last.unwrap_or(0), held(done, size, last, earlier))).or_default() += 1.0;
        }
        for month in decided + 1..=decided + horizon {
            let begun = |intervention: &Intervention| month >= intervention.from();
            let stays: f64 = done
                .iter()
                .filter(|each| begun(each))
                .map(|each| match each {
                    Intervention::Price(price) if price.size == size => 1.0 - price.leaves,
                    _ => 1.0,
                })
                .product();
            let fee = price(config, done, size, month);
            let mut next: BTreeMap<(u32, Vec<bool>), f64> = BTreeMap::new();
            for ((last, reached), number) in states {
                let mut lost = 1.0;
                for (intervention, _) in
                    done.iter().zip(&reached).filter(|(each, held)| **held && begun(each))
                {
                    if let Intervention::Offer(offer) = intervention {
                        contacts += number;
                        lost *= 1.0 - offer.saves;
                    }
                }
                let zero = 1.0 - some * stays;
                let saved = zero * (1.0 - lost);
                let left = number * (some * stays + saved);
                revenue +=
                    fee * if config.billing == Billing::ChurnMonthBilled { number } else { left };
                for (count, chance) in
                    chances.iter().enumerate().skip(1).filter(|(_, chance)| **chance > 0.0)
                {
                    let count = count as u32;
                    let state = (count, held(done, size, Some(count), Some(last)));
                    *next.entry(state).or_default() += number * chance * (stays + saved / some);
                }
            }
            states = next;
        }
    }
    Outcome {
        contribution: costs.margin * revenue,
        cost: costs.contact * contacts + program(done, decided, horizon, costs),
    }
}

/// Which interventions would reach a company with these sessions.
fn held(done: &[Intervention], size: Size, last: Option<u32>, earlier: Option<u32>) -> Vec<bool> {
    let holds = |intervention: &Intervention| match intervention {
        Intervention::Offer(offer) => offer.to.holds(size, last, earlier),
        Intervention::Price(_) => false,
    };
    done.iter().map(holds).collect()
}
