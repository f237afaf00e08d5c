//! From people to rows: users, sessions, events, and the faults planted among them.

use fake::Fake;
use fake::faker::name::en::{FirstName, LastName};
use polars::prelude::*;
use rand::RngExt;
use rand_distr::{Distribution, Poisson};

use super::checked::{Checked, Person, dollars, product_name, user_name};
use super::config::{BOT_VIEWS, PER_USER, Segment};
use super::shop::{CATEGORIES, Kind, Step, visit};
use crate::cases::clock::one_after_the_other;
use crate::cases::frame::{dates, moments};
use crate::error::Result;
use crate::stream::{Stream, stream};

pub(super) const DAY: i64 = 86_400;
const LATE: i32 = 30;
const WRONG: i64 = 12 * 3_600;

/// A slice of the users with their sessions and events, as [`batches`](super::batches) yields them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// As [`Tables::users`](super::Tables::users).
    pub users: DataFrame,
    /// As [`Tables::sessions`](super::Tables::sessions).
    pub sessions: DataFrame,
    /// As [`Tables::events`](super::Tables::events).
    pub events: DataFrame,
    /// The answer key to the planted faults: `fault` ("duplicate", "outage", "wrong clock", "late registration",
    /// "bot"), `id` (text: an event, a day since the first, or a user).
    pub faults: DataFrame,
}

pub(super) struct User {
    pub person: Person,
    email: String,
    age: u8,
    woman: bool,
    city: usize,
    /// The recorded day of registration, which may be wrong.
    pub registered: i32,
}

#[derive(Clone, Copy)]
pub(super) struct Session {
    pub id: i64,
    pub from: i64,
    pub to: i64,
}

#[derive(Clone, Copy)]
pub(super) struct Event {
    pub id: i64,
    pub session: i64,
    pub at: i64,
    pub step: Step,
}

#[derive(Default)]
pub(super) struct Rows {
    pub users: Vec<User>,
    pub sessions: Vec<Session>,
    pub events: Vec<Event>,
    pub faults: Vec<(&'static str, String)>,
}

impl Rows {
    pub fn push(&mut self, checked: &Checked, id: u32) {
        let (person, mut rng) = checked.person(id);
        self.push_person(checked, person, &mut rng);
    }

    /// Adds somebody whose life is given, with the stream to continue with.
    pub fn push_person(&mut self, checked: &Checked, person: Person, rng: &mut Stream) {
        let (config, id) = (checked.config, person.id);
        let (first, last): (&str, &str) =
            (FirstName().fake_with_rng(rng), LastName().fake_with_rng(rng));
        let letters = |name: &str| -> String {
            name.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
        };
        let email = format!("{}.{}.{id}@example.com", letters(first), letters(last));
        // Most people live in a few cities.
        let city =
            (rng.random_range(0.0..1.0_f64).powi(2) * checked.shop.cities.len() as f64) as usize;
        let (age, woman) = (rng.random_range(18..=65), rng.random_range(0..2) == 0);

        // Faults have a stream of their own: without them the data is the same.
        let mut trouble = stream(config.seed, "ecommerce fault", u64::from(id));
        let mut happens = |share: f64| trouble.random_range(0.0..1.0) < share;
        let faults = &config.faults;
        let (wrong_clock, late) =
            (happens(faults.wrong_clocks), happens(faults.late_registrations));
        // Bots are spread evenly over the ids: where the proportion passes a whole number.
        let passed = |id: u32| u64::from(id) * u64::from(faults.bots) / u64::from(config.users);
        let bot = passed(id) > passed(id - 1);
        for (name, there) in
            [("wrong clock", wrong_clock), ("late registration", late), ("bot", bot)]
        {
            if there {
                self.faults.push((name, user_name(id)));
            }
        }

        let mut sessions = Rows::days(checked, &person, rng);
        if bot {
            sessions.push((person.registered as usize, bot_session(checked, rng)));
            sessions.sort_by_key(|(day, _)| *day);
        }
        let first = i64::from(id) * PER_USER;
        let fast = if wrong_clock { WRONG } else { 0 };
        let twice = || happens(faults.duplicates);
        self.record(checked, sessions, (first, first), fast, twice, rng);
        let registered = checked.first_day + person.registered as i32 + if late { LATE } else { 0 };
        self.users.push(User { person, email, age, woman, city, registered });
    }

    /// Writes visits down; ids continue after `(session, event)`.
    pub fn record(
        &mut self,
        checked: &Checked,
        sessions: Vec<(usize, Vec<Step>)>,
        (mut session, mut event): (i64, i64),
        fast: i64,
        mut happens_twice: impl FnMut() -> bool,
        rng: &mut Stream,
    ) {
        let (config, faults) = (checked.config, &checked.config.faults);
        for today in sessions.chunk_by(|a, b| a.0 == b.0) {
            let day = today[0].0;
            let midnight = (i64::from(checked.first_day) + day as i64) * DAY;
            let mut drawn: Vec<(i64, i64, usize)> = today
                .iter()
                .enumerate()
                .map(|(place, (_, steps))| {
                    let second = (config.clock.sample(rng) * 3_600.0) as i64;
                    (second, steps.last().map_or(0, |step| step.at), place)
                })
                .collect();
            one_after_the_other(&mut drawn);
            let lost = (faults.outage_from..faults.outage_from + faults.outage_days)
                .contains(&(day as u32));
            for (second, length, place) in drawn {
                session += 1;
                let from = midnight + second + fast;
                if !lost {
                    self.sessions.push(Session { id: session, from, to: from + length });
                }
                for step in &today[place].1 {
                    event += 1;
                    let twice = happens_twice();
                    for _ in 0..if lost { 0 } else { 1 + u8::from(twice) } {
                        self.events.push(Event {
                            id: event,
                            session,
                            at: from + step.at,
                            step: *step,
                        });
                    }
                    if twice && !lost {
                        self.faults.push(("duplicate", event.to_string()));
                    }
                }
            }
        }
    }

    /// Draws the days of a user's sessions, in ascending order.
    pub fn days(checked: &Checked, person: &Person, rng: &mut Stream) -> Vec<(usize, Vec<Step>)> {
        let expected = checked.expected(person);
        let count = match Poisson::new(expected) {
            Ok(law) => law.sample(rng) as usize,
            Err(_) => 0, // no sessions are expected
        };
        let (from, to) =
            (checked.weights[person.registered as usize], checked.weights[checked.gone(person)]);
        let mut days: Vec<usize> = (0..count)
            .map(|_| {
                let place = from + (to - from) * rng.random_range(0.0..1.0);
                let day = checked.weights.partition_point(|before| *before <= place) - 1;
                day.clamp(person.registered as usize, checked.gone(person) - 1)
            })
            .collect();
        days.sort_unstable();
        days.into_iter()
            .map(|day| (day, visit(checked.config, &checked.shop, person.segment, rng)))
            .collect()
    }

    pub fn frames(self, checked: &Checked) -> Result<Batch> {
        let users = &self.users;
        let date = |user: &User| user.registered;
        let users = df!(
            "user_id" => users.iter().map(|user| user_name(user.person.id)).collect::<Vec<_>>(),
            "email" => users.iter().map(|user| user.email.as_str()).collect::<Vec<_>>(),
            "registration_date" => dates("registration_date", users.iter().map(date))?,
            "age" => users.iter().map(|user| i32::from(user.age)).collect::<Vec<_>>(),
            "gender" => users.iter().map(|user| if user.woman { "F" } else { "M" }).collect::<Vec<_>>(),
            "location" => users.iter().map(|user| checked.shop.cities[user.city].as_str()).collect::<Vec<_>>(),
            "segment" => users.iter().map(|user| Segment::name(user.person.segment)).collect::<Vec<_>>(),
        )?;
        let rows = &self.sessions;
        let sessions = df!(
            "session_id" => rows.iter().map(|row| row.id).collect::<Vec<_>>(),
            "user_id" => names(rows.iter().map(|row| row.id)),
            "started_at" => moments("started_at", rows.iter().map(|row| row.from))?,
            "ended_at" => moments("ended_at", rows.iter().map(|row| row.to))?,
        )?;
        let events = self.events_frame(checked)?;
        let (faults, ids): (Vec<&str>, Vec<String>) = self.faults.into_iter().unzip();
        Ok(Batch { users, sessions, events, faults: df!("fault" => faults, "id" => ids)? })
    }

    fn events_frame(&self, checked: &Checked) -> Result<DataFrame> {
        let rows = &self.events;
        let products = &checked.shop.products;
        let ids: Vec<String> = (1..=products.len()).map(product_name).collect();
        let of = |row: &Event| row.step.product;
        let ((left, middle), (right, last)) = rayon::join(
            || {
                let users = names(rows.iter().map(|row| row.id));
                let kinds: Vec<&str> = rows.iter().map(|row| row.step.kind.name()).collect();
                (Column::new("user_id".into(), users), Column::new("event_type".into(), kinds))
            },
            || {
                let named: Vec<Option<&str>> =
                    rows.iter().map(|row| of(row).map(|product| ids[product].as_str())).collect();
                let category = |product: usize| CATEGORIES[products[product].category].0;
                let categories: Vec<Option<&str>> =
                    rows.iter().map(|row| of(row).map(category)).collect();
                (
                    Column::new("product_id".into(), named),
                    Column::new("category".into(), categories),
                )
            },
        );
        let price = |product: usize| dollars(products[product].price_cents);
        let prices: Vec<Option<f64>> = rows.iter().map(|row| of(row).map(price)).collect();
        let quantities: Vec<Option<i32>> =
            rows.iter().map(|row| row.step.quantity.map(|n| n as i32)).collect();
        Ok(DataFrame::new_infer_height(vec![
            Column::new("event_id".into(), rows.iter().map(|row| row.id).collect::<Vec<_>>()),
            left,
            Column::new(
                "session_id".into(),
                rows.iter().map(|row| row.session).collect::<Vec<_>>(),
            ),
            middle,
            moments("timestamp", rows.iter().map(|row| row.at))?.into(),
            right,
            last,
            Column::new("price".into(), prices),
            Column::new("quantity".into(), quantities),
        ])?)
    }
}

/// Returns the users' names behind ids in ascending order; each is written once.
pub(super) fn names(ids: impl ExactSizeIterator<Item = i64>) -> StringChunked {
    let mut builder = StringChunkedBuilder::new("user_id".into(), ids.len());
    let (mut known, mut name) = (-1, String::new());
    for id in ids {
        let user = id / PER_USER;
        if user != known {
            (known, name) = (user, format!("U{user:06}"));
        }
        builder.append_value(&name);
    }
    builder.finish()
}

/// Thousands of views within an hour, and nothing else.
fn bot_session(checked: &Checked, rng: &mut Stream) -> Vec<Step> {
    let mut steps = vec![Step { at: 0, kind: Kind::Start, product: None, quantity: None }];
    for view in 0..BOT_VIEWS {
        let product = Some(rng.random_range(0..checked.shop.products.len()));
        steps.push(Step { at: 1 + view, kind: Kind::View, product, quantity: None });
    }
    steps.push(Step { at: BOT_VIEWS + 1, kind: Kind::End, product: None, quantity: None });
    steps
}
