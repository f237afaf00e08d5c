//! A shop whose customers differ and eventually leave: the e-commerce platform.
//!
//! Four kinds of customers register, come for sessions, look at products, fill carts, sometimes order, and one day stop
//! coming. What the data should show about each of them is known: [`hidden`].
//!
//! ```
//! use casebook::cases::ecommerce;
//!
//! let config = ecommerce::Config { users: 100, ..Default::default() };
//! let tables = ecommerce::generate(&config)?;
//! assert_eq!(tables.users.height(), 100);
//! assert!(tables.events.height() > 5_000);
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # How
//! Each user has [streams](crate::stream) of their own. A user has a session rate within the segment's range, chosen at
//! random, and leaves at a constant hazard. The number of sessions in between is a Poisson number; their days follow
//! the weights of weekday and month. The sessions of a day follow each other and end before midnight, so nothing lies
//! outside the days observed. An order holds only what is in the cart.

mod checked;
mod checkout;
mod checkout_rules;
mod config;
mod evidence;
mod intervention;
mod options;
mod overlay;
mod rows;
mod seasonality;
mod shop;
mod twin;
mod world;

use std::ops::Range;

use polars::prelude::*;
use rayon::prelude::*;

use super::frame::dates;
use super::part::Part;
use crate::error::{Error, Result};
use checked::{Checked, Person, dollars, product_name, user_name};
use config::MONTH;
use rows::Rows;
use shop::CATEGORIES;

pub use checked::MOST_EVENTS;
pub use checkout_rules::{CODES, Checkout};
pub use config::{Config, Faults, Segment, Shop as ShopRules};
pub use intervention::{Acquire, Companion, Costs, Fix, Intervention, Whom, WinBack};
pub use options::{Plan, naive_options, options, rules};
pub use rows::Batch;
pub use seasonality::seasonality;
pub use twin::{Twin, checkouts, generate_with};
pub use world::World;

/// The generated business.
#[derive(Debug, Clone, PartialEq)]
pub struct Tables {
    /// `user_id` ("U000001"), `email`, `registration_date` (Date), `age` (i32, 18 to 65), `gender` ("M", "F"),
    /// `location` (a city), `segment` ("High Value", "Regular", "Occasional", "New"): by user.
    pub users: DataFrame,
    /// `product_id` ("P0001"), `product_name`, `category`, `price` (f64, US dollars): by product.
    pub products: DataFrame,
    /// `session_id` (i64), `user_id`, `started_at`, `ended_at`: by user and time.
    pub sessions: DataFrame,
    /// `event_id` (i64), `user_id`, `session_id`, `event_type` ("session_start", "product_view", "add_to_cart",
    /// "purchase", "session_end"), `timestamp`, `product_id`, `category`, `price` (f64; null where no product is
    /// involved), `quantity` (i32; of carts and purchases): by user and time. Everything bought in one session is one
    /// order.
    pub events: DataFrame,
}

impl Tables {
    /// Returns the tables with the names they have in files, parents before children.
    pub fn named(&self) -> [(&'static str, &DataFrame); 4] {
        [
            ("products", &self.products),
            ("users", &self.users),
            ("sessions", &self.sessions),
            ("events", &self.events),
        ]
    }
}

/// Generates the whole business, in memory.
///
/// # Errors
/// Those of [`Config::validate`]; more users than fit into [`MOST_EVENTS`]; [`batches`] generates those a slice at a
/// time.
pub fn generate(config: &Config) -> Result<Tables> {
    let checked = Checked::new(config)?;
    checked.fits()?;
    let mut all = checked.batch(1..1)?;
    for slice in checked.slices(Part::WHOLE.ids(config.users)) {
        let next = checked.batch(slice)?;
        all.users.vstack_mut_owned(next.users)?;
        all.sessions.vstack_mut_owned(next.sessions)?;
        all.events.vstack_mut_owned(next.events)?;
    }
    let products = checked.products()?;
    Ok(Tables { users: all.users, products, sessions: all.sessions, events: all.events })
}

/// Generates one part in slices of about a million events each, so that memory does not grow with the number of users.
/// In order, the slices are exactly the rows of [`generate`]; products are in [`products`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn batches(
    config: &Config,
    part: Part,
) -> Result<impl Iterator<Item = Result<Batch>> + use<'_>> {
    let checked = Checked::new(config)?;
    Ok(checked.slices(part.ids(config.users)).map(move |slice| checked.batch(slice)))
}

/// Returns the products: see [`Tables::products`].
///
/// # Errors
/// Those of [`Config::validate`].
pub fn products(config: &Config) -> Result<DataFrame> {
    Checked::new(config)?.products()
}

/// Returns which faults were planted, and where: see [`Batch::faults`].
///
/// # Errors
/// As [`generate`].
pub fn answer_key(config: &Config) -> Result<DataFrame> {
    let mut key: Option<DataFrame> = None;
    for batch in batches(config, Part::WHOLE)? {
        let faults = batch?.faults;
        match &mut key {
            Some(all) => drop(all.vstack_mut_owned(faults)?),
            None => key = Some(faults),
        }
    }
    // There is at least one user, hence one slice.
    key.ok_or_else(|| Error::config("users", config.users, "1 or more"))
}

/// Returns what no table shows, by user: `user_id`, `sessions_a_month` (f64: the user's own rate), `stays_days` (f64:
/// from registration until the user leaves for good), `expected_sessions`, `expected_orders` (f64: within the days
/// observed, given both). For teaching, and for checking that metrics recover it.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn hidden(config: &Config) -> Result<DataFrame> {
    let checked = Checked::new(config)?;
    let people: Vec<Person> =
        (1..=config.users).into_par_iter().map(|id| checked.person(id).0).collect();
    let each = |pick: &dyn Fn(&Person) -> f64| -> Vec<f64> {
        // Thousandths: the last bits may differ between machines.
        people.iter().map(|person| (pick(person) * 1_000.0).round() / 1_000.0).collect()
    };
    Ok(df!(
        "user_id" => people.iter().map(|person| user_name(person.id)).collect::<Vec<_>>(),
        "sessions_a_month" => each(&|person| person.rate * MONTH),
        "stays_days" => each(&|person| person.stays),
        "expected_sessions" => each(&|person| checked.expected(person)),
        "expected_orders" => each(&|person| {
            checked.expected(person) * config.segments[person.segment].buys
        }),
    )?)
}

/// Returns how busy each day is: `day` (Date), `weight` (f64: from weekday and month, 1 on average over a year). A
/// business with earlier years of data would know this.
///
/// # Errors
/// Those of [`Config::validate`].
pub fn season(config: &Config) -> Result<DataFrame> {
    let checked = Checked::new(config)?;
    let days = checked.first_day..checked.first_day + config.days as i32;
    let weights = checked.weights.windows(2).map(|pair| pair[1] - pair[0]);
    Ok(df!("day" => dates("day", days)?, "weight" => weights.collect::<Vec<_>>())?)
}

/// Returns what no table shows, by product: `product_id`, `popularity` (f64: share of the views that don't follow from
/// another), `companion` (the product people often look at next), `response` (f64: the factor by which its price
/// changes the probability that it is put into the cart).
///
/// # Errors
/// Those of [`Config::validate`].
pub fn hidden_products(config: &Config) -> Result<DataFrame> {
    let shop = Checked::new(config)?.shop;
    let products = || shop.products.iter();
    let thousandths = |value: f64| (value * 1_000.0).round() / 1_000.0;
    Ok(df!(
        "product_id" => (1..=shop.products.len()).map(product_name).collect::<Vec<_>>(),
        "popularity" => shop.shares().into_iter().map(thousandths).collect::<Vec<_>>(),
        "companion" => products().map(|one| product_name(one.companion + 1)).collect::<Vec<_>>(),
        "response" => products().map(|one| thousandths(one.response)).collect::<Vec<_>>(),
    )?)
}

impl Checked<'_> {
    fn batch(&self, ids: Range<u32>) -> Result<Batch> {
        const BLOCK: usize = 64;
        let blocks: Vec<Rows> = ids
            .clone()
            .into_par_iter()
            .fold_chunks(BLOCK, Rows::default, |mut rows, id| {
                rows.push(self, id);
                rows
            })
            .collect();
        let mut all = Rows::default();
        if ids.contains(&1) {
            let faults = &self.config.faults;
            let days = faults.outage_from..faults.outage_from + faults.outage_days;
            all.faults.extend(days.map(|day| ("outage", day.to_string())));
        }
        for block in blocks {
            all.users.extend(block.users);
            all.sessions.extend(block.sessions);
            all.events.extend(block.events);
            all.faults.extend(block.faults);
        }
        all.frames(self)
    }

    fn products(&self) -> Result<DataFrame> {
        let products = &self.shop.products;
        let ids: Vec<String> = (1..=products.len()).map(product_name).collect();
        Ok(df!(
            "product_id" => ids,
            "product_name" => products.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            "category" => products.iter().map(|one| CATEGORIES[one.category].0).collect::<Vec<_>>(),
            "price" => products.iter().map(|one| dollars(one.price_cents)).collect::<Vec<_>>(),
        )?)
    }
}
