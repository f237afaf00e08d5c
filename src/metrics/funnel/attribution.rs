//! Funnels by a property of the events.

use polars::prelude::*;

use super::automaton::SKIPPED;
use super::definition::{Funnel, Order};
use crate::error::{Error, Result};
use crate::events::EventSource;

/// Which of a user's events says to which group the user belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attribution {
    /// The first that fits a step and has a value.
    #[default]
    FirstTouch,
    /// The last that fits a step and has a value.
    LastTouch,
    /// The one that took this step (from 1) in the attempt that counts. Who did not get there belongs to
    /// the group without a value.
    Step(usize),
    /// Each on its own: for each value a funnel of the events with this value, so that a user may be in
    /// several groups.
    AllEvents,
}

impl Funnel {
    /// Counts how many get to each step, like [`conversion`](Funnel::conversion), for each value of a property of the
    /// events.
    ///
    /// Reads `events` as `conversion`, and the property. Returns the property's column (text; null for
    /// users without a value), then the columns of `conversion`, by property and step. Values with which nobody begins have
    /// no rows. Of values at the same moment the first in order counts.
    ///
    /// # Errors
    /// The same as [`conversion`](Funnel::conversion); a step to attribute by that the funnel does not have.
    ///
    /// ```
    /// use casebook::metrics::funnel::Attribution;
    /// use casebook::prelude::*;
    ///
    /// let events = warehouse::files::read("data/samples/events.csv")?;
    /// let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event)).window(chrono::TimeDelta::days(7));
    /// let by_device = funnel.conversion_by_property(&events, "device", Attribution::FirstTouch)?;
    /// assert_eq!(by_device.column("device")?.n_unique()? * 3, by_device.height());
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn conversion_by_property(
        &self,
        events: &dyn EventSource,
        property: &str,
        attribution: Attribution,
    ) -> Result<DataFrame> {
        if let Attribution::Step(step) = attribution
            && !(1..=self.steps.len()).contains(&step)
        {
            let accepted = format!("a step from 1 to {}", self.steps.len());
            return Err(Error::config("attribution", format!("step {step}"), accepted));
        }
        let mut marked = self.marked(events, Some(property))?;
        let values = marked.property(property)?;
        let value = |code: Option<u32>| values.values.get(code? as usize)?.as_deref();
        if attribution == Attribution::AllEvents {
            let of = marked.split(&values);
            let of: Vec<Option<&str>> = of.into_iter().map(|code| value(Some(code))).collect();
            return self.grouped(&marked.run()?, &of, property);
        }
        let run = marked.run()?;
        let n = self.steps.len();
        // The values stand in order, so that the lowest number is the first value.
        let mut chosen: Vec<Option<(i64, u32)>> = vec![None; run.actors.height()];
        let events = marked.codes.iter().zip(&values.codes).zip(marked.at()).zip(marked.steps()?);
        for (((actor, code), at), steps) in events {
            let (actor, code) = (*actor as usize, *code);
            if steps == 0 || value(Some(code)).is_none() {
                continue;
            }
            let rank = match attribution {
                Attribution::LastTouch => (-at, code),
                Attribution::Step(step) => {
                    let took = run.reached[actor * n + step - 1];
                    let fits = steps & (1 << (step - 1)) != 0 || self.order == Order::Any;
                    if took == SKIPPED || took != at || !fits {
                        continue;
                    }
                    (took, code)
                }
                _ => (at, code),
            };
            let known = &mut chosen[actor];
            if known.is_none_or(|known| rank < known) {
                *known = Some(rank);
            }
        }
        let of: Vec<Option<&str>> =
            chosen.iter().map(|known| value(known.map(|(_, code)| code))).collect();
        self.grouped(&run, &of, property)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::funnel::Step;

    /// Users and the values under which they are counted at step 1 and 2.
    fn groups(attribution: Attribution) -> Vec<(Option<String>, Vec<i64>)> {
        // ann looks on the phone and buys on the desktop; bob has no device at first; cy never looks.
        let events = df!(
            "user_id" => ["ann", "ann", "ann", "bob", "bob", "cy"],
            "timestamp" => [1_i64, 2, 3, 1, 2, 1],
            "event" => ["look", "look", "buy", "look", "buy", "buy"],
            "device" => [Some("phone"), Some("tablet"), Some("desktop"), None, Some("phone"), Some("phone")],
        );
        let moment = DataType::Datetime(TimeUnit::Milliseconds, None);
        let events = events.unwrap().lazy().with_column(col("timestamp").cast(moment));
        let funnel = Funnel::new(["look", "buy"].map(Step::event));
        let found = funnel.conversion_by_property(&events, "device", attribution).unwrap();
        let users: Vec<i64> =
            found.column("users").unwrap().i64().unwrap().into_no_null_iter().collect();
        let names = found.column("device").unwrap().str().unwrap().clone();
        users
            .chunks(2)
            .zip(names.iter().step_by(2))
            .map(|(users, name)| (name.map(str::to_owned), users.to_vec()))
            .collect()
    }

    fn group(name: &str, users: [i64; 2]) -> (Option<String>, Vec<i64>) {
        (Some(name.to_owned()).filter(|name| !name.is_empty()), users.to_vec())
    }

    #[test]
    fn a_users_group_is_told_by_the_event_asked_for() {
        use Attribution::*;
        assert_eq!(groups(FirstTouch), [group("phone", [2, 2])]);
        assert_eq!(groups(LastTouch), [group("desktop", [1, 1]), group("phone", [1, 1])]);
        // The attempt that counts is the one that began last: on the tablet.
        assert_eq!(groups(Step(1)), [group("", [1, 1]), group("tablet", [1, 1])]);
        assert_eq!(groups(Step(2)), [group("desktop", [1, 1]), group("phone", [1, 1])]);
        let each = [group("", [1, 0]), group("phone", [1, 0]), group("tablet", [1, 0])];
        assert_eq!(groups(AllEvents), each);
    }
}
