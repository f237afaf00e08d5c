//! The e-commerce platform's dashboard: overview, cohorts, funnel, segments.
//!
//! ```
//! use casebook_cli::report::ecommerce::Dashboard;
//! use casebook::cases::ecommerce::Config;
//!
//! let config = Config { users: 200, days: 120, ..Config::default() };
//! let dashboard = Dashboard::new(&config, |_| true)?;
//! assert!(dashboard.page().contains("<!doctype html>"));
//! # Ok::<(), casebook::Error>(())
//! ```
//!
//! # What the filters mean
//! A session is shown if it began within the dates, its user is in a chosen segment and, unless all categories are
//! chosen, it viewed a product in one of them. Only products in the chosen categories count. Clusters and RFM groups
//! are computed once, from the whole period: filters only choose what is counted in them.

use chrono::{NaiveDate, TimeDelta};
use polars::prelude::*;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Columns, ECHARTS, FORMAT, Packed, STYLE, json};
use casebook::cases::Part;
use casebook::cases::clock::Day;
use casebook::cases::ecommerce::{self as shop, Batch, Config, Segment};
use casebook::events::Window;
use casebook::metrics::segment::{self, K, KMeans};
use casebook::{Error, Result};

/// The largest size of a page with its data.
pub const MOST_BYTES: usize = 8_000_000;

/// More sessions than this don't fit into a page, so their data is not even gathered.
const MOST_SESSIONS: usize = 2_500_000;

const PAGE: &str = include_str!("ecommerce.html");
const SCRIPT: &str = include_str!("ecommerce.js");

/// A dashboard's data.
#[derive(Debug)]
pub struct Dashboard {
    data: String,
}

/// The data that the page's script reads.
#[derive(Serialize)]
struct Data {
    users: u32,
    days: u32,
    seed: u64,
    start: String,
    segments: Vec<&'static str>,
    categories: Vec<String>,
    /// Names, in the order of the clusters' numbers.
    clusters: Vec<String>,
    /// Names; the first stands for users without an order.
    rfm: Vec<String>,
    products: Vec<Product>,
    columns: Packed,
}

#[derive(Serialize)]
struct Product {
    id: String,
    name: String,
    category: usize,
    cents: i64,
}

impl Dashboard {
    /// Generates a business, a slice at a time, and keeps what the dashboard shows. `progress` is told how many users
    /// are done, and stops the work by returning `false`.
    ///
    /// # Errors
    /// Those of [`Config::validate`]; [`ErrorKind::InvalidConfig`](casebook::ErrorKind::InvalidConfig) for a business
    /// that is too large for a page of [`MOST_BYTES`], or work that was stopped.
    pub fn new(config: &Config, mut progress: impl FnMut(u32) -> bool) -> Result<Dashboard> {
        let mut go_on = |done| match progress(done) {
            true => Ok(()),
            false => Err(Error::config("users", done, "all of them; the work was stopped")),
        };
        let mut taken = Taken::new(config)?;
        for batch in shop::batches(config, Part::WHOLE)? {
            taken.add(&batch?)?;
            let done = taken.segments.len() as u32;
            if taken.days.len() > MOST_SESSIONS {
                let fit = u64::from(done) * MOST_SESSIONS as u64 / taken.days.len() as u64;
                return Err(too_many(config.users, fit));
            }
            go_on(done)?;
        }
        let data = json(&taken.finish(config, || go_on(config.users))?)?;
        let dashboard = Dashboard { data };
        let bytes = dashboard.page().len();
        if bytes > MOST_BYTES {
            let fit = u64::from(config.users) * MOST_BYTES as u64 / bytes as u64;
            return Err(too_many(config.users, fit));
        }
        Ok(dashboard)
    }

    /// Returns the data for the page's script, as JSON.
    pub fn data(&self) -> &str {
        &self.data
    }

    /// Returns the page as one self-contained HTML file.
    pub fn page(&self) -> String {
        self.fill("'none'", "")
    }

    /// Returns the page for a server on this machine: it may ask that server for other data.
    pub fn live_page(&self) -> String {
        self.fill("'self'", " data-live")
    }

    fn fill(&self, connect: &str, live: &str) -> String {
        // The data comes last: what stands in it is not looked at again.
        PAGE.replace("{{connect}}", connect)
            .replace("{{live}}", live)
            .replace("{{style}}", STYLE)
            .replace("{{echarts}}", ECHARTS)
            .replace("{{script}}", &format!("{FORMAT}\n{SCRIPT}"))
            .replacen("{{data}}", &self.data, 1)
    }
}

fn too_many(users: u32, fit: u64) -> Error {
    let accepted = format!(
        "at most about {fit} for so many days: a page holds at most {} MB",
        MOST_BYTES / 1_000_000
    );
    Error::config("users", users, accepted)
}

/// The data taken from the tables so far.
struct Taken {
    start: Day,
    categories: Vec<String>,
    products: Vec<Product>,
    /// By product id.
    places: FxHashMap<String, usize>,
    ids: Vec<String>,
    segments: Vec<u8>,
    registered: Vec<u16>,
    sessions_each: Vec<u16>,
    /// For each session: day, categories viewed and put into the cart (a bit each), lines bought.
    days: Vec<u16>,
    viewed: Vec<u8>,
    carted: Vec<u8>,
    lines_each: Vec<u8>,
    views_each: Vec<u16>,
    /// For each line bought: product, quantity.
    bought: Vec<(u16, u16)>,
    orders: Vec<DataFrame>,
}

impl Taken {
    fn new(config: &Config) -> Result<Taken> {
        let frame = shop::products(config)?;
        let [ids, names, of] = ["product_id", "product_name", "category"]
            .map(|name| frame.column(name)?.str().cloned());
        let (ids, names, of, prices) = (ids?, names?, of?, frame.column("price")?.f64()?.clone());
        let mut categories: Vec<String> = vec![];
        let mut products = vec![];
        for (((id, name), category), price) in
            ids.iter().zip(names.iter()).zip(of.iter()).zip(prices.iter())
        {
            let (Some(id), Some(name), Some(category), Some(price)) = (id, name, category, price)
            else {
                continue; // the generator leaves nothing empty
            };
            let place =
                categories.iter().position(|known| known == category).unwrap_or_else(|| {
                    categories.push(category.to_owned());
                    categories.len() - 1
                });
            let cents = (price * 100.0).round() as i64;
            products.push(Product {
                id: id.to_owned(),
                name: name.to_owned(),
                category: place,
                cents,
            });
        }
        let places = products.iter().enumerate().map(|(place, one)| (one.id.clone(), place));
        Ok(Taken {
            start: config.start,
            categories,
            places: places.collect(),
            products,
            ids: vec![],
            segments: vec![],
            registered: vec![],
            sessions_each: vec![],
            days: vec![],
            viewed: vec![],
            carted: vec![],
            lines_each: vec![],
            views_each: vec![],
            bought: vec![],
            orders: vec![],
        })
    }

    fn add(&mut self, batch: &Batch) -> Result<()> {
        let first = self.start.number();
        let users = &batch.users;
        let mut numbers: FxHashMap<&str, usize> = FxHashMap::default();
        let registered = users.column("registration_date")?.cast(&DataType::Int32)?;
        let (ids, segments) = (users.column("user_id")?.str()?, users.column("segment")?.str()?);
        for ((id, segment), day) in ids.iter().zip(segments.iter()).zip(registered.i32()?.iter()) {
            let (id, day) = (id.unwrap_or_default(), day.unwrap_or(first));
            numbers.insert(id, self.ids.len());
            self.ids.push(id.to_owned());
            let named = (0..4).position(|at| Some(Segment::name(at)) == segment);
            self.segments.push(named.unwrap_or(0) as u8);
            self.registered.push((day - first).max(0) as u16);
            self.sessions_each.push(0);
        }

        let mut places: FxHashMap<i64, usize> = FxHashMap::default();
        let sessions = &batch.sessions;
        let started =
            sessions.column("started_at")?.cast(&DataType::Date)?.cast(&DataType::Int32)?;
        let (ids, of) = (sessions.column("session_id")?.i64()?, sessions.column("user_id")?.str()?);
        for ((id, user), day) in ids.iter().zip(of.iter()).zip(started.i32()?.iter()) {
            let user = user.and_then(|user| numbers.get(user));
            let (Some(id), Some(user), Some(day)) = (id, user, day) else { continue };
            places.insert(id, self.days.len());
            self.sessions_each[*user] += 1;
            self.days.push((day - first).max(0) as u16);
            self.viewed.push(0);
            self.carted.push(0);
            self.lines_each.push(0);
            self.views_each.push(0);
        }

        let events = &batch.events;
        let session = events.column("session_id")?.i64()?;
        let kinds = events.column("event_type")?.str()?;
        let products = events.column("product_id")?.str()?;
        let quantities = events.column("quantity")?.i32()?;
        // Lines by session: in the page they stand in the order of the sessions.
        let mut lines: Vec<(usize, u16, u16)> = vec![];
        for (((id, kind), product), quantity) in
            session.iter().zip(kinds.iter()).zip(products.iter()).zip(quantities.iter())
        {
            let place = id.and_then(|id| places.get(&id));
            let product = product.and_then(|product| self.places.get(product));
            let (Some(place), Some(product)) = (place, product) else { continue };
            let bit = 1 << self.products[*product].category;
            match kind {
                Some("product_view") => {
                    self.viewed[*place] |= bit;
                    self.views_each[*place] += 1;
                }
                Some("add_to_cart") => self.carted[*place] |= bit,
                Some("purchase") => {
                    lines.push((*place, *product as u16, quantity.unwrap_or(0) as u16));
                }
                _ => {}
            }
        }
        lines.sort_by_key(|line| line.0);
        for (place, product, quantity) in lines {
            self.lines_each[place] += 1;
            self.bought.push((product, quantity));
        }
        let amount = col("price") * col("quantity").cast(DataType::Float64);
        let order = [
            col("user_id"),
            col("session_id").alias("order_id"),
            col("timestamp"),
            amount.alias("amount"),
        ];
        let purchases = events.clone().lazy().filter(col("event_type").eq(lit("purchase")));
        self.orders.push(purchases.select(order).collect()?);
        Ok(())
    }

    fn finish(mut self, config: &Config, mut go_on: impl FnMut() -> Result<()>) -> Result<Data> {
        let (clusters, cluster_of) = self.clusters(config)?;
        go_on()?;
        let (rfm, rfm_of) = self.rfm(config)?;
        go_on()?;
        let mut columns = Columns::default();
        let small = |values: &[u8]| values.iter().map(|value| [*value]).collect::<Vec<_>>();
        let large =
            |values: &[u16]| values.iter().map(|value| value.to_le_bytes()).collect::<Vec<_>>();
        for (name, values) in [
            ("userSegment", &self.segments),
            ("userCluster", &cluster_of),
            ("userRfm", &rfm_of),
            ("sessionViewed", &self.viewed),
            ("sessionCarted", &self.carted),
            ("sessionLines", &self.lines_each),
        ] {
            columns.push(name, small(values).into_iter());
        }
        let (products, quantities): (Vec<u16>, Vec<u16>) =
            std::mem::take(&mut self.bought).into_iter().unzip();
        for (name, values) in [
            ("userRegistered", &self.registered),
            ("userSessions", &self.sessions_each),
            ("sessionDay", &self.days),
            ("lineProduct", &products),
            ("lineQuantity", &quantities),
        ] {
            columns.push(name, large(values).into_iter());
        }
        Ok(Data {
            users: config.users,
            days: config.days,
            seed: config.seed,
            start: self.start.to_string(),
            segments: (0..4).map(Segment::name).collect(),
            categories: self.categories,
            clusters,
            rfm,
            products: self.products,
            columns: columns.pack()?,
        })
    }

    /// Clusters users by behaviour, and returns each user's cluster. The first cluster is users who never came.
    fn clusters(&self, config: &Config) -> Result<(Vec<String>, Vec<u8>)> {
        let (mut at, mut rates, mut views) = (0, vec![], vec![]);
        for (user, sessions) in self.sessions_each.iter().enumerate() {
            let end = at + usize::from(*sessions);
            let seen: u32 = self.views_each[at..end].iter().map(|views| u32::from(*views)).sum();
            let last = self.days[at..end].iter().max().copied();
            at = end;
            let Some(last) = last else { continue };
            let stayed = f64::from(last.saturating_sub(self.registered[user])) + 7.0;
            let sessions = f64::from(*sessions);
            rates.push((1.0 + sessions / stayed * 30.0).ln());
            views.push((1.0 + f64::from(seen) / sessions).ln());
        }
        let mut of = vec![0; self.ids.len()];
        let mut names = vec!["never came".to_owned()];
        let came = rates.len();
        let features = df!(
            "user_id" => (0..came as i64).collect::<Vec<_>>(), "visits a month" => rates, "views a visit" => views,
        )?;
        // Fewer people than clusters are tried for are one group.
        if came < 50 {
            names.push("came".into());
            let mut some = self.sessions_each.iter().map(|sessions| u8::from(*sessions > 0));
            of.fill_with(|| some.next().unwrap_or(0));
            return Ok((names, of));
        }
        let how = KMeans::default().k(K::Silhouette(2, 6)).seed(config.seed);
        let found = segment::kmeans(&features, &["visits a month", "views a visit"], &how)?;
        for name in found.centroids.column("name")?.str()?.iter().flatten() {
            names.push(format!("{}: {name}", names.len()));
        }
        let mut numbers = found.users.column("cluster")?.i64()?.iter();
        for (user, sessions) in self.sessions_each.iter().enumerate() {
            if *sessions > 0 {
                of[user] = numbers.next().flatten().unwrap_or(0) as u8;
            }
        }
        Ok((names, of))
    }

    /// Computes RFM groups and each user's group.
    fn rfm(&mut self, config: &Config) -> Result<(Vec<String>, Vec<u8>)> {
        let mut orders = DataFrame::empty();
        for some in std::mem::take(&mut self.orders) {
            match orders.height() {
                0 => orders = some,
                _ => drop(orders.vstack_mut_owned(some)?),
            }
        }
        let mut names = vec!["no order".to_owned()];
        let mut of: FxHashMap<String, u8> = FxHashMap::default();
        if orders.height() > 0 {
            let end = NaiveDate::from(self.start) + TimeDelta::days(i64::from(config.days));
            let scores = segment::rfm(&orders, Window::until(end))?;
            let groups = scores.column("segment")?.str()?;
            for (user, group) in scores.column("user_id")?.str()?.iter().zip(groups.iter()) {
                let (Some(user), Some(group)) = (user, group) else { continue };
                let place = names.iter().position(|name| name == group).unwrap_or_else(|| {
                    names.push(group.to_owned());
                    names.len() - 1
                });
                of.insert(user.to_owned(), place as u8);
            }
        }
        let each = self.ids.iter().map(|user| of.get(user).copied().unwrap_or(0)).collect();
        Ok((names, each))
    }
}
