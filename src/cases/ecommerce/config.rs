//! The rules of the shop: plain data, checked field by field.

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

use super::checkout_rules::Checkout;
use crate::cases::check::{busyness, pair, whole, within};
use crate::cases::clock::Day;
use crate::cases::rhythm::DayClock;
use crate::error::{Error, Result};

/// Ids of a user's rows are the user's number × this + a number of their own, so that parts made on different machines
/// never collide.
pub(super) const PER_USER: i64 = 10_000_000;
/// The number of days for which session rates and churn are stated.
pub(super) const MONTH: f64 = 30.0;
/// The products that a bot looks at.
pub(super) const BOT_VIEWS: i64 = 3_000;

/// The rules of the business. `Default` is the original brief's, with customers who can leave.
///
/// Sessions, views and days are also bounded together: no user may have more than 10,000,000 events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// People who register; 1 to 50,000,000.
    pub users: u32,
    /// Days observed; 1 to 3,650.
    pub days: u32,
    /// The first day.
    pub start: Day,
    /// The four segments, in the order of [`Segment::name`]; their shares sum to 1.
    pub segments: [Segment; 4],
    /// Users of the last segment register within this many days before the end; 1 to 365.
    pub new_days: u32,
    /// What is sold.
    pub shop: Shop,
    /// What goes wrong at the checkout. It changes no other table.
    pub checkout: Checkout,
    /// At what time of day people come.
    pub clock: DayClock,
    /// How busy each day of the week is, Monday first; 0.001 to 10.
    pub weekdays: [f64; 7],
    /// How busy each month of the year is; 0.001 to 10.
    pub months: [f64; 12],
    /// Faults in the data; none by default.
    pub faults: Faults,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// How customers of one kind behave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Share of users; 0 to 1.
    pub share: f64,
    /// Fewest and most sessions in 30 days; each user has a rate of their own in between. 0 to 300.
    pub sessions: (f64, f64),
    /// Probability that a session ends in an order; 0 to 1.
    pub buys: f64,
    /// Fewest and most products viewed in a session; 1 to 100.
    pub views: (u32, u32),
    /// Hazard of leaving for good, per 30 days; 0 to 10.
    pub churn: f64,
}

impl Segment {
    /// Returns the name of segment 0, 1, 2 or 3, as in the column `segment`.
    pub fn name(place: usize) -> &'static str {
        ["High Value", "Regular", "Occasional", "New"][place]
    }

    /// Returns the place of the segment with this name.
    pub(super) fn place(name: Option<&str>) -> Result<usize> {
        let place = (0..4).find(|place| Some(Segment::name(*place)) == name);
        let problem = || format!("holds {name:?}, which is no segment");
        place.ok_or_else(|| Error::column("users", "segment", problem()))
    }
}

/// What the shop sells, and how people choose.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shop {
    /// Products; 2 to 9,999.
    pub products: u32,
    /// Lowest and highest price in US cents; 1 to 10,000,000.
    pub price_cents: (u32, u32),
    /// Popularity is proportional to rank to the power of minus this; 0 to 3.
    pub heavy_tail: f64,
    /// The price elasticity of carts: when the price rises by 1%, the probability that a viewed product goes into the
    /// cart falls by this many %; 0 to 3.
    pub elasticity: f64,
    /// The probability that a viewed product of middle price goes into the cart in a session without an order:
    /// abandoned carts. 0 to 0.5.
    pub cart: f64,
    /// Probability that the next product viewed is the companion of this one, which makes products bought together. 0
    /// to 1.
    pub companion: f64,
    /// Probability that a product in the cart is left out of the order; 0 to 0.9.
    pub left_out: f64,
    /// Share of products whose names break careless programs: quotes, commas, emoji, HTML. 0 to 1.
    pub awkward_names: f64,
}

/// Faults to find. The answer key says where each was planted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Share of events that are recorded twice; 0 to 0.5.
    pub duplicates: f64,
    /// The first day of an outage (0 is the first day observed).
    pub outage_from: u32,
    /// For how many days no event is recorded; 0 for no outage.
    pub outage_days: u32,
    /// Share of users whose clock is 12 hours fast; 0 to 0.5.
    pub wrong_clocks: f64,
    /// Share of users whose registration is written 30 days late; 0 to 0.5.
    pub late_registrations: f64,
    /// Users who are bots: 3,000 products viewed within an hour, on one day. 0 to a tenth of all users.
    pub bots: u32,
}

impl Default for Config {
    fn default() -> Self {
        let segment =
            |share, sessions, buys, views, churn| Segment { share, sessions, buys, views, churn };
        Config {
            users: 5_000,
            days: 365,
            start: NaiveDate::from_ymd_opt(2024, 1, 1).unwrap_or_default().into(),
            segments: [
                segment(0.10, (8.0, 20.0), 0.30, (5, 15), 0.02),
                segment(0.50, (3.0, 10.0), 0.15, (3, 8), 0.05),
                segment(0.30, (1.0, 4.0), 0.08, (2, 5), 0.09),
                segment(0.10, (1.0, 3.0), 0.05, (1, 4), 0.15),
            ],
            new_days: 60,
            shop: Shop::default(),
            checkout: Checkout::default(),
            clock: DayClock::default(),
            weekdays: [0.95, 0.95, 0.95, 1.0, 1.05, 1.1, 1.0],
            months: [0.9, 0.9, 0.95, 0.95, 1.0, 1.0, 0.95, 0.95, 1.0, 1.05, 1.25, 1.3],
            faults: Faults::default(),
            seed: 42,
        }
    }
}

impl Default for Shop {
    fn default() -> Self {
        Shop {
            products: 42,
            price_cents: (1_000, 50_000),
            heavy_tail: 0.8,
            elasticity: 0.5,
            cart: 0.08,
            companion: 0.2,
            left_out: 0.15,
            awkward_names: 0.0,
        }
    }
}

impl Config {
    /// Checks every field.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) with the first field that is out
    /// of range, its value and the range.
    pub fn validate(&self) -> Result<()> {
        within("users", self.users, 1, 50_000_000)?;
        within("days", self.days, 1, 3_650)?;
        for segment in &self.segments {
            segment.validate().map_err(|error| error.within("segments"))?;
        }
        whole("segments", self.segments.iter().map(|segment| segment.share))?;
        within("new_days", self.new_days, 1, 365)?;
        self.shop.validate().map_err(|error| error.within("shop"))?;
        self.checkout.validate().map_err(|error| error.within("checkout"))?;
        for (field, weights) in [("weekdays", &self.weekdays[..]), ("months", &self.months[..])] {
            busyness(field, weights)?;
        }
        self.faults.validate(self).map_err(|error| error.within("faults"))?;
        self.segments
            .iter()
            .try_for_each(|segment| self.check_ids(segment))
            .map_err(|error| error.within("segments"))
    }

    /// Checks that every event of a user gets an id of its own.
    fn check_ids(&self, segment: &Segment) -> Result<()> {
        let days = self.day_weights().last().copied().unwrap_or_default();
        let expected = segment.sessions.1 / MONTH * days;
        // More than ten standard deviations above what is expected never come.
        let sessions = expected + 10.0 * expected.sqrt() + 10.0;
        // A start, an end; of each product viewed a cart and a purchase.
        let views = segment.views.1;
        let each = f64::from(2 + 2 * views + views.min(self.shop.products));
        if sessions * each + BOT_VIEWS as f64 + 2.0 < PER_USER as f64 {
            return Ok(());
        }
        let value = format!("up to {} with up to {views} views", segment.sessions.1);
        let accepted = format!(
            "fewer sessions, views or days: in {} days a user could have more than 10,000,000 events",
            self.days
        );
        Err(Error::config("sessions", value, accepted))
    }

    /// Returns, for each day observed and one more, the weight of all days before it: 1 a day on average.
    pub(super) fn day_weights(&self) -> Vec<f64> {
        let mean = |weights: &[f64]| weights.iter().sum::<f64>() / weights.len() as f64;
        let usual = mean(&self.weekdays) * mean(&self.months);
        let first_day = self.start.number();
        let mut weights = vec![0.0];
        for day in 0..self.days as i32 {
            let date = NaiveDate::default() + TimeDelta::days(i64::from(first_day + day));
            let weekday = self.weekdays[date.weekday().num_days_from_monday() as usize];
            let weight = weekday * self.months[date.month0() as usize] / usual;
            weights.push(weights[weights.len() - 1] + weight);
        }
        weights
    }
}

impl Segment {
    fn validate(&self) -> Result<()> {
        within("share", self.share, 0.0, 1.0)?;
        pair("sessions", self.sessions, 0.0, 300.0)?;
        within("buys", self.buys, 0.0, 1.0)?;
        pair("views", self.views, 1, 100)?;
        within("churn", self.churn, 0.0, 10.0)
    }
}

impl Shop {
    fn validate(&self) -> Result<()> {
        within("products", self.products, 2, 9_999)?;
        pair("price_cents", self.price_cents, 1, 10_000_000)?;
        within("heavy_tail", self.heavy_tail, 0.0, 3.0)?;
        within("elasticity", self.elasticity, 0.0, 3.0)?;
        within("cart", self.cart, 0.0, 0.5)?;
        within("companion", self.companion, 0.0, 1.0)?;
        within("left_out", self.left_out, 0.0, 0.9)?;
        within("awkward_names", self.awkward_names, 0.0, 1.0)
    }
}

impl Faults {
    fn validate(&self, config: &Config) -> Result<()> {
        within("duplicates", self.duplicates, 0.0, 0.5)?;
        within("outage_from", self.outage_from, 0, config.days - 1)?;
        within("outage_days", self.outage_days, 0, config.days - self.outage_from)?;
        within("wrong_clocks", self.wrong_clocks, 0.0, 0.5)?;
        within("late_registrations", self.late_registrations, 0.0, 0.5)?;
        within("bots", self.bots, 0, config.users / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::ecommerce::hidden;
    use crate::cases::ecommerce::shop::{Shop as Made, visit};
    use crate::stream::stream;

    /// The busiest shop possible, apart from the views.
    fn busiest(views: u32) -> Config {
        let mut config = Config { users: 2, days: 3_650, ..Config::default() };
        for segment in &mut config.segments {
            (segment.sessions, segment.views) = ((300.0, 300.0), (views, views));
            (segment.buys, segment.churn) = (1.0, 0.0);
        }
        config.shop = Shop { products: 9_999, heavy_tail: 0.0, cart: 0.5, ..config.shop };
        (config.shop.left_out, config.shop.companion) = (0.0, 0.0);
        config
    }

    /// Returns how many events a user has who is there from the first day: events in a session, times sessions.
    fn events_of_one(config: &Config) -> f64 {
        let (made, mut rng) = (Made::new(config), stream(1, "busiest", 0));
        let steps: usize = (0..200).map(|_| visit(config, &made, 0, &mut rng).len()).sum();
        let sessions = 300.0 / MONTH * f64::from(config.days);
        steps as f64 / 200.0 * sessions
    }

    #[test]
    fn ids_of_one_user_do_not_reach_the_next() {
        let config = busiest(100);
        let (events, told) = (events_of_one(&config), config.validate());
        assert!(events < PER_USER as f64 || told.is_err(), "{events} events are accepted");
        let told = told.unwrap_err().to_string();
        assert!(told.contains("`segments.sessions`") && told.contains("10,000,000"), "{told}");
        // A little less is made.
        let config = busiest(80);
        config.validate().unwrap();
        assert!(events_of_one(&config) < PER_USER as f64);
        assert_eq!(hidden(&config).unwrap().height(), 2);
    }
}
