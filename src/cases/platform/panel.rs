//! Users who stay in an experiment for days after their first visit: a holdback that shows novelty wear off.

use polars::prelude::*;

use super::config::Config;
use super::idea::Idea;
use crate::cases::draw::uniform;
use crate::error::Result;
use crate::stream::stream;

/// Users in each arm.
const USERS: u64 = 6_000;

/// Days after the first visit that are observed.
const DAYS: u32 = 10;

/// Makes the rows of a holdback of an experiment with novelty.
pub(super) fn rows(config: &Config, idea: &Idea) -> Result<DataFrame> {
    let (mut users, mut arms, mut days, mut bought) = (vec![], vec![], vec![], vec![]);
    for user in 1..=2 * USERS {
        let treated = user > USERS;
        let mut rng = stream(config.seed, "platform holdback", user);
        for day in 0..DAYS {
            let new = config.planted.novelty * (-f64::from(day) / config.planted.wears_off).exp();
            let factor = if treated { (1.0 + idea.base) * (1.0 + new) } else { 1.0 };
            users.push(user as i64);
            arms.push(if treated { "treatment" } else { "control" });
            days.push(i64::from(day));
            bought.push(i64::from(uniform(&mut rng) < config.metrics.converts * factor));
        }
    }
    let ids = vec![i64::from(idea.id); users.len()];
    Ok(
        df!("experiment_id" => ids, "user_id" => users, "arm" => arms, "day" => days, "bought" => bought)?,
    )
}

/// The same columns without rows.
pub(super) fn none() -> Result<DataFrame> {
    let no = Vec::<i64>::new;
    Ok(df!(
        "experiment_id" => no(), "user_id" => no(), "arm" => Vec::<&str>::new(), "day" => no(), "bought" => no(),
    )?)
}
