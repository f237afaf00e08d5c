//! The tables of a study, read from anyone's files and prepared once for all metrics.

use casebook::chrono::{Days, NaiveDate};
use casebook::error::nearest;
use casebook::events::{Events, Orders, Users, Window};
use casebook::format::count;
use casebook::metrics::retention;
use casebook::polars::prelude::*;
use casebook::{Error, ErrorKind, Result};
use std::path::PathBuf;

use super::config::{Config, Payments, Plans, Reading, Users as UserTable, Visitors};
use crate::analyze::input::{Column as From, Kind, Missing, Source, Table, readings};
use crate::analyze::notes;

/// Says that a user has no value in a column to compare users by.
const NO_VALUE: &str = "not given";
/// The column in which everybody has the same value.
pub(super) const EVERYONE: &str = "everyone";

/// What a study is made from.
pub(super) struct Inputs {
    /// `user_id`, since `signup_at`; `everyone`, [`segment`] 0, 1, …, and with plans `plan_type`, `paid_since`, `paid_until`.
    pub users: Users,
    /// Activity: `user_id`, `timestamp`, and, if the config names them, `event` and `group`.
    pub events: Events,
    /// How many events were recorded, including those left out.
    pub recorded: usize,
    /// `date`, `visitors`.
    pub visitors: Option<DataFrame>,
    /// `user_id`, `timestamp`, `amount`, `order_id`.
    pub payments: Option<Orders>,
    /// `plan_type`, `dollars_a_month`.
    pub prices: Option<DataFrame>,
    /// From the first day with an event or sign-up that counts until the end of observation.
    pub observed: Window,
    pub first: NaiveDate,
    pub until: NaiveDate,
    /// Users who signed up before the first event: what they did then is not known.
    pub earlier: usize,
}

/// Names the column with the values of a segment.
pub(super) fn segment(place: usize) -> String {
    format!("segment_{}", place + 1)
}

/// Returns the columns to compare users by, as the config calls them.
pub(super) fn segments(config: &Config) -> &[String] {
    match config.users.as_ref().map(|users| users.segments.as_slice()) {
        Some(segments) if !segments.is_empty() => segments,
        _ => &config.events.segments,
    }
}

impl Inputs {
    /// Reads all files of a config.
    pub(super) fn read(config: &Config) -> Result<Inputs> {
        let mut events = events(config)?;
        occur(config, &events)?;
        // Times of other tables are on the events' clock, unless they say otherwise.
        let zone = config.timezone.clone().or(zone(&events.frame)?);
        let config = &Config { timezone: zone, ..config.clone() };
        let recorded = events.frame.height();
        let mut paid = config.payments.as_ref().map(|it| payments(config, it)).transpose()?;
        let mut signed = config.users.as_ref().map(|it| signups(config, it)).transpose()?;
        align(signed.as_mut(), &mut events, paid.as_mut())?;
        let people = match &signed {
            Some(signed) => users(config, signed, &events.frame)?,
            None => first_values(config, &events.frame)?,
        };
        let people = finished(config, people)?;
        let own = config.users.as_ref().is_some_and(|users| users.signup.is_some());
        let Some((first, last)) = notes::extent(&events.frame, "timestamp")? else {
            return Err(events.trouble("it has no events"));
        };
        let until = match &config.until {
            Some(text) => end(text, first.date())?,
            None => {
                let signed = notes::extent(&people, "signup_at")?.map(|ends| ends.1);
                let last = signed.map_or(last, |signed| signed.max(last)).date();
                last.checked_add_days(Days::new(1)).unwrap_or(last)
            }
        };
        let first = first.date();
        let observed = Window::new(first, until)?;
        let orders = config.payments.as_ref().zip(paid.as_ref());
        let orders = orders.map(|(table, paid)| orders_of(table, paid, &people));
        let visitors = config.visitors.as_ref().map(|table| visitors(config, table));
        let named = config.events.leave_out.iter();
        let activity = named.fold(events.frame.lazy(), |rest, name| {
            // An event without a name is none of those.
            rest.filter(col("event").neq_missing(lit(name.as_str())))
        });
        Ok(Inputs {
            users: Users::new(&people, "user_id")?.since("signup_at")?,
            events: Events::new(&activity.collect()?, "user_id", "timestamp")?,
            recorded,
            visitors: visitors.transpose()?,
            payments: orders.transpose()?,
            prices: config.plans.as_ref().map(prices).transpose()?,
            observed,
            first,
            until,
            earlier: before(&people, own.then_some(first))?,
        })
    }
}

/// What the reader's hints call options, and what they are called here.
const HINTS: [(&str, &str); 8] = [
    ("--timezone", "`timezone`"),
    ("--time-format", "`reading.time_format`"),
    ("--delimiter", "`reading.delimiter`"),
    ("--decimal-comma", "`reading.decimal_comma`"),
    ("--thousands", "`reading.thousands`"),
    ("--missing-values skip", "`reading.skip_missing`"),
    ("--missing-values", "`reading.skip_missing`"),
    ("--missing-ids skip", "another column"),
];

/// Reads some columns of a table.
fn read(config: &Config, files: &[PathBuf], reading: &Reading, columns: &[From]) -> Result<Table> {
    source(config, files, reading).read(columns).map_err(|error| match error.kind() {
        &ErrorKind::File { action, ref path, ref cause } => {
            let told = HINTS
                .iter()
                .fold(cause.clone(), |told, (option, field)| told.replace(option, field));
            Error::file(action, path, told).with_source(error)
        }
        _ => error,
    })
}

/// Returns how to read files.
fn source(config: &Config, files: &[PathBuf], reading: &Reading) -> Source {
    Source {
        files: files.to_vec(),
        time_format: reading.time_format.clone(),
        timezone: config.timezone.clone(),
        delimiter: reading.delimiter.and_then(|letter| u8::try_from(letter).ok()),
        decimal_comma: reading.decimal_comma,
        thousands: reading.thousands,
        keep_null_words: false,
        missing_ids: Missing::Skip,
        missing_values: if reading.skip_missing { Missing::Skip } else { Missing::Refuse },
    }
}

/// Returns the time zone that events have.
fn zone(events: &DataFrame) -> Result<Option<String>> {
    Ok(match events.column("timestamp")?.dtype() {
        DataType::Datetime(_, Some(zone)) => Some(zone.to_string()),
        _ => None,
    })
}

fn events(config: &Config) -> Result<Table> {
    let table = &config.events;
    let mut columns = vec![
        From::new(&table.user, "user_id", Kind::Id).said_by("events.user"),
        From::new(&table.time, "timestamp", Kind::Time).said_by("events.time"),
    ];
    if let Some(event) = &table.event {
        columns.push(From::new(event, "event", Kind::Name).said_by("events.event"));
    }
    if let Some(group) = &table.group {
        columns.push(From::new(group, "group", Kind::Name).said_by("events.group"));
    }
    if config.users.as_ref().is_none_or(|users| users.segments.is_empty()) {
        for (place, column) in table.segments.iter().enumerate() {
            let to = segment(place);
            columns.push(From::new(column, &to, Kind::Text).said_by("events.segments"));
        }
    }
    read(config, &table.files, &table.reading, &columns)
}

/// Checks that each name in the config is the name of some event.
fn occur(config: &Config, events: &Table) -> Result<()> {
    let known = events.names("event");
    for (field, name) in config.named() {
        known_name(&field, name, known)?;
    }
    Ok(())
}

/// Checks that a name is one of those in a column.
fn known_name(field: &str, name: &str, known: &[String]) -> Result<()> {
    /// Names that a message lists.
    const SHOWN: usize = 20;
    if known.iter().any(|one| one == name) {
        return Ok(());
    }
    let mut sorted: Vec<&str> = known.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    let mut list: Vec<String> =
        sorted.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect();
    if sorted.len() > SHOWN {
        list.push(format!("{} more", count(sorted.len() - SHOWN)));
    }
    let mut accepted = format!("an event that occurs: {}", list.join(", "));
    if let Some(near) = nearest(name, sorted) {
        accepted.push_str(&format!("; did you mean \"{near}\"?"));
    }
    Err(Error::config(field, format!("\"{name}\""), accepted))
}

/// Reads the first day that was not observed.
fn end(text: &str, first: NaiveDate) -> Result<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|day| *day > first);
    day.ok_or_else(|| {
        let accepted = format!("a day such as 2024-01-31, after the first event, of {first}");
        Error::config("until", format!("\"{text}\""), accepted)
    })
}

/// Gives the same user the same identifier in all tables.
fn align(signed: Option<&mut Table>, events: &mut Table, paid: Option<&mut Table>) -> Result<()> {
    const USER: &str = "user_id";
    match (signed, paid) {
        (Some(signed), Some(paid)) => {
            signed.align(events, USER)?;
            signed.align(paid, USER)?;
            // Where only payments have texts, all have become texts.
            signed.align(events, USER)
        }
        (Some(signed), None) => signed.align(events, USER),
        (None, Some(paid)) => events.align(paid, USER),
        (None, None) => Ok(()),
    }
}

/// Reads the table of users.
fn signups(config: &Config, table: &UserTable) -> Result<Table> {
    let mut columns = vec![From::new(&table.user, "user_id", Kind::Id).said_by("users.user")];
    if let Some(signup) = &table.signup {
        columns.push(From::new(signup, "signup_at", Kind::Time).said_by("users.signup"));
    }
    for (place, column) in table.segments.iter().enumerate() {
        columns.push(From::new(column, &segment(place), Kind::Text).said_by("users.segments"));
    }
    if let Some(plans) = &config.plans {
        columns.push(From::new(&plans.plan, "plan_type", Kind::Text).said_by("plans.plan"));
        columns.push(From::new(&plans.since, "paid_since", Kind::Text).said_by("plans.since"));
        if let Some(until) = &plans.until {
            columns.push(From::new(until, "paid_until", Kind::Text).said_by("plans.until"));
        }
    }
    let mut signed = read(config, &table.files, &table.reading, &columns)?;
    signed.unique("user_id", "")?;
    if let Some(plans) = &config.plans {
        paid_days(&mut signed, plans)?;
    }
    Ok(signed)
}

/// Adds to users what only events tell.
fn users(config: &Config, signed: &Table, events: &DataFrame) -> Result<DataFrame> {
    let mut people = signed.frame.clone();
    let table = config.users.as_ref();
    if table.is_some_and(|table| table.segments.is_empty()) && !config.events.segments.is_empty() {
        people = joined(people, first_values(config, events)?.drop("signup_at")?)?;
    }
    if table.is_some_and(|table| table.signup.is_none()) {
        let with = joined(people, retention::first_seen(events)?)?;
        people = with.lazy().filter(col("signup_at").is_not_null()).collect()?;
    }
    Ok(people)
}

/// Adds columns of the same users.
fn joined(users: DataFrame, more: DataFrame) -> Result<DataFrame> {
    let left = JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinType::Left.into() };
    Ok(users.lazy().join(more.lazy(), [col("user_id")], [col("user_id")], left).collect()?)
}

/// Returns each user's first event, and what the columns to compare users by hold there.
fn first_values(config: &Config, events: &DataFrame) -> Result<DataFrame> {
    let users = retention::first_seen(events)?;
    let segments = config.events.segments.len();
    if segments == 0 {
        return Ok(users);
    }
    // Of several first events, the first that has a value.
    let value = |place: usize| {
        let name = segment(place);
        col(name.as_str())
            .sort_by([col("timestamp")], SortMultipleOptions::default().with_maintain_order(true))
            .drop_nulls()
            .first()
    };
    let values = events
        .clone()
        .lazy()
        .group_by([col("user_id")])
        .agg((0..segments).map(value).collect::<Vec<_>>())
        .collect()?;
    joined(users, values)
}

/// Fills gaps, and adds the column in which everybody is alike.
fn finished(config: &Config, people: DataFrame) -> Result<DataFrame> {
    let mut columns = vec![lit("all").alias(EVERYONE)];
    for place in 0..segments(config).len() {
        columns.push(col(segment(place).as_str()).fill_null(lit(NO_VALUE)));
    }
    Ok(people.lazy().with_columns(columns).collect()?)
}

/// Turns the texts in `paid_since` and `paid_until` into days; without a column of the latter, no plan ends.
fn paid_days(people: &mut Table, plans: &Plans) -> Result<()> {
    let since = days(people, "paid_since", &plans.since)?;
    let until = match &plans.until {
        Some(column) => days(people, "paid_until", column)?,
        None => vec![None; since.len()],
    };
    let wrong = since.iter().zip(&until).find_map(|pair| match pair {
        (Some(since), Some(until)) if until < since => Some(format!("{since} to {until}")),
        (None, Some(until)) => Some(format!("only ends, on {until}")),
        _ => None,
    });
    if let Some(wrong) = wrong {
        let problem = format!("a plan {wrong}: `plans.since` comes first, `plans.until` later");
        return Err(people.trouble(problem));
    }
    people.frame.with_column(Column::new("paid_since".into(), since))?;
    people.frame.with_column(Column::new("paid_until".into(), until))?;
    let known = people.frame.clone().lazy().filter(col("paid_since").is_not_null());
    let named = known.select([col("plan_type").unique()]).collect()?;
    for plan in named.column("plan_type")?.str()?.iter() {
        let plan = plan.unwrap_or(NO_VALUE);
        if !plans.monthly.contains_key(plan) {
            let accepted = format!("a price for the plan \"{plan}\", which somebody pays for");
            let given = plans.monthly.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(Error::config("plans.monthly", format!("for {given}"), accepted));
        }
    }
    Ok(())
}

/// Reads a column of days; `said` is what it is called in the file.
fn days(people: &Table, column: &str, said: &str) -> Result<Vec<Option<NaiveDate>>> {
    let texts = people.frame.column(column)?.str()?;
    let day = |text: Option<&str>| -> Result<Option<NaiveDate>> {
        let Some(text) = text else { return Ok(None) };
        let problem = || format!("`{said}` is \"{text}\", which is not a day such as 2024-01-31");
        let written = readings::read(text).ok_or_else(|| people.trouble(problem()))?;
        Ok(Some(written.clock.date()))
    };
    texts.iter().map(day).collect()
}

fn prices(plans: &Plans) -> Result<DataFrame> {
    let names: Vec<&str> = plans.monthly.keys().map(String::as_str).collect();
    let prices: Vec<f64> = plans.monthly.values().copied().collect();
    Ok(df!("plan_type" => names, "dollars_a_month" => prices)?)
}

/// Counts users who signed up before a day.
fn before(users: &DataFrame, day: Option<NaiveDate>) -> Result<usize> {
    let Some(day) = day else { return Ok(0) };
    let earlier = col("signup_at").dt().date().lt(lit(day));
    Ok(users.clone().lazy().filter(earlier).collect()?.height())
}

fn visitors(config: &Config, table: &Visitors) -> Result<DataFrame> {
    let columns = [
        From::new(&table.date, "date", Kind::Time).said_by("visitors.date"),
        From::new(&table.visitors, "visitors", Kind::Number).said_by("visitors.visitors"),
    ];
    let read = read(config, &table.files, &table.reading, &columns)?;
    let whole = [col("date").dt().date(), col("visitors").cast(DataType::Int64)];
    Ok(read.frame.lazy().select(whole).collect()?)
}

fn payments(config: &Config, table: &Payments) -> Result<Table> {
    let mut columns = vec![
        From::new(&table.user, "user_id", Kind::Id).said_by("payments.user"),
        From::new(&table.time, "timestamp", Kind::Time).said_by("payments.time"),
        From::new(&table.amount, "amount", Kind::Number).said_by("payments.amount"),
    ];
    if let Some(order) = &table.order {
        columns.push(From::new(order, "order_id", Kind::Id).said_by("payments.order"));
    }
    if let Some(event) = &table.event {
        columns.push(From::new(event, "event", Kind::Name).said_by("payments.event"));
    }
    let read = read(config, &table.files, &table.reading, &columns)?;
    for name in &table.only {
        known_name("payments.only", name, read.names("event"))?;
    }
    Ok(read)
}

/// Keeps the payments of users.
fn orders_of(table: &Payments, paid: &Table, people: &DataFrame) -> Result<Orders> {
    let named = table.only.iter().map(|name| col("event").eq(lit(name.as_str())));
    let mut kept = paid.frame.clone().lazy();
    if let Some(named) = named.reduce(Expr::or) {
        kept = kept.filter(named);
    }
    let known = people.select(["user_id"])?.lazy();
    let kept = kept.join(known, [col("user_id")], [col("user_id")], JoinType::Semi.into());
    let kept = match table.order {
        Some(_) => kept.collect()?,
        None => kept.collect()?.with_row_index("order_id".into(), None)?,
    };
    let orders = Orders::new(&kept, "user_id", "timestamp", "amount");
    orders.and_then(|orders| orders.per("order_id")).map_err(|error| paid.told(error))
}
