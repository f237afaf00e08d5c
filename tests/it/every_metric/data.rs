//! Small tables with a bit of everything, the same for every metric.

use std::collections::BTreeMap;

use casebook::events::{EventSource, Events, UserSource, Users};
use casebook::polars::prelude::*;

const HOUR: i64 = 3_600_000_000;
/// 2024-01-01: until the end of February no clock changes in the zones below.
const FROM: i64 = 1_704_067_200_000_000;
/// Zones, and what their clocks are ahead of UTC, in hours.
pub const ZONES: [(&str, i64); 4] =
    [("UTC", 0), ("Europe/Berlin", 1), ("America/New_York", -5), ("Pacific/Auckland", 13)];

/// Numbers that look random and are the same everywhere.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as i64 % n
    }

    fn column(&mut self, name: &str, rows: usize, n: i64) -> Column {
        Column::new(name.into(), (0..rows).map(|_| self.below(n)).collect::<Vec<_>>())
    }

    fn one_of(&mut self, name: &str, rows: usize, of: &[&str]) -> Column {
        let chosen = (0..rows).map(|_| of[self.below(of.len() as i64) as usize]);
        Column::new(name.into(), chosen.collect::<Vec<_>>())
    }

    fn reals(&mut self, name: &str, rows: usize) -> Column {
        let drawn = (0..rows).map(|_| self.below(10_000) as f64 / 7.0 + 0.1);
        Column::new(name.into(), drawn.collect::<Vec<_>>())
    }

    fn flags(&mut self, name: &str, rows: usize) -> Column {
        Column::new(name.into(), (0..rows).map(|_| self.below(3) > 0).collect::<Vec<_>>())
    }
}

/// Tables by name.
pub type Tables = BTreeMap<&'static str, DataFrame>;

/// Times of day, the same on the clock of every zone.
fn times(name: &str, hours: Vec<Option<i64>>, (zone, ahead): (&str, i64)) -> Column {
    let at: Vec<Option<i64>> =
        hours.into_iter().map(|hour| hour.map(|hour| FROM + (hour - ahead) * HOUR)).collect();
    let zone = TimeZone::opt_try_new(Some(zone)).unwrap();
    Column::new(name.into(), at).cast(&DataType::Datetime(TimeUnit::Microseconds, zone)).unwrap()
}

fn table(columns: Vec<Column>) -> DataFrame {
    DataFrame::new_infer_height(columns).unwrap()
}

/// Tables of so many users, whose times of day are those of a zone.
pub fn tables(seed: u64, users: usize, zone: (&str, i64)) -> Tables {
    let mut n = Numbers::new(seed);
    let count = |rows: usize| Column::new("row".into(), (0..rows as i64).collect::<Vec<_>>());
    let known = |hours: Vec<i64>| hours.into_iter().map(Some).collect::<Vec<_>>();
    let ids = |name: &str| count(users).with_name(name.into());

    let signup: Vec<i64> = (0..users).map(|_| n.below(20 * 24)).collect();
    let people = vec![
        ids("user_id"),
        times("signup_at", known(signup.clone()), zone),
        n.one_of("plan", users, &["free", "pro"]),
        n.one_of("arm", users, &["control", "treated"]),
        n.column("outcome", users, 2),
        n.column("taken", users, 2),
        n.reals("value", users),
        n.reals("before", users),
        n.column("label", users, 3),
        n.flags("exposed", users),
        n.flags("bought", users),
        n.column("duration", users, 40),
        n.flags("observed", users),
        Column::new("trials", vec![9_i64; users]),
        n.column("successes", users, 9),
    ];

    let rows = 25 * users;
    let who: Vec<i64> = (0..rows).map(|_| n.below(users.max(1) as i64)).collect();
    let at = who.iter().map(|user| signup[*user as usize] + n.below(35 * 24)).collect();
    let events = vec![
        count(rows),
        Column::new("user_id".into(), &who),
        times("timestamp", known(at), zone),
        n.one_of("event", rows, &["visit", "search", "cart", "purchase"]),
        n.one_of("device", rows, &["phone", "desktop"]),
        n.column("workspace_id", rows, 4),
        n.column("mentor_id", rows, 5),
    ];

    let rows = 6 * users;
    let who: Vec<i64> = (0..rows).map(|_| n.below(users.max(1) as i64)).collect();
    let order: Vec<i64> = (0..rows as i64).map(|row| row / 2).collect();
    let owner: Vec<i64> = order.iter().map(|order| who[2 * *order as usize]).collect();
    let placed: Vec<i64> = (0..rows).map(|_| n.below(50 * 24)).collect();
    let at = order.iter().map(|order| placed[2 * *order as usize]).collect();
    let orders = vec![
        count(rows),
        Column::new("user_id".into(), owner),
        Column::new("order_id".into(), order),
        times("timestamp", known(at), zone),
        n.reals("amount", rows),
        n.one_of("item", rows, &["tea", "mug", "pot", "tin"]),
    ];

    let rows = 4 * users;
    let asked: Vec<i64> = (0..rows).map(|_| n.below(40 * 24)).collect();
    let mut later = |often: i64| -> Vec<Option<i64>> {
        let later = asked.iter().map(|at| (n.below(10) < often).then(|| at + n.below(9 * 24)));
        later.collect()
    };
    let (matched, met, withdrawn) = (later(7), later(5), later(2));
    let met = matched.iter().zip(met).map(|(matched, met)| matched.and(met)).collect();
    let requests = vec![
        count(rows),
        times("requested_at", known(asked), zone),
        times("matched_at", matched, zone),
        times("first_session_at", met, zone),
        times("withdrawn_at", withdrawn, zone),
    ];
    let begun: Vec<i64> = (0..rows).map(|_| n.below(40 * 24)).collect();
    let ended = begun.iter().map(|at| (n.below(4) > 0).then(|| at + 24 + n.below(9 * 24))).collect();
    let matches = vec![
        count(rows),
        n.column("mentor_id", rows, 5),
        times("matched_at", known(begun), zone),
        times("ended_at", ended, zone),
    ];
    let mentors = vec![
        Column::new("mentor_id".into(), (0..5_i64).collect::<Vec<_>>()),
        Column::new("capacity".into(), [1_i64, 2, 3, 2, 1]),
    ];
    let demand = vec![count(rows), n.one_of("field", rows, &["data", "design", "law"])];
    let supply = vec![
        Column::new("field".into(), ["data", "law", "music"]),
        Column::new("places".into(), [3_i64, 4, 5]),
    ];
    let subscriptions = vec![
        count(rows),
        n.column("customer_id", rows, users.max(1) as i64),
        times("month", (0..rows).map(|_| Some(n.below(55 * 24))).collect(), zone),
        n.reals("mrr", rows),
    ];
    let faults = |n: &mut Numbers| {
        table(vec![
            count(rows),
            n.one_of("fault", rows, &["spam", "bots", "gap"]),
            n.one_of("id", rows, &["a", "b", "c", "d", "e", "f", "g"]),
        ])
    };
    let (found, planted) = (faults(&mut n), faults(&mut n));
    let days: Vec<i32> = (0..80).map(|day| 19_723 + day).collect();
    let busy = vec![
        Column::new("day".into(), days).cast(&DataType::Date).unwrap(),
        n.reals("weight", 80),
    ];
    BTreeMap::from([
        ("users", table(people)),
        ("events", table(events)),
        ("orders", table(orders)),
        ("requests", table(requests)),
        ("matches", table(matches)),
        ("mentors", table(mentors)),
        ("demand", table(demand)),
        ("supply", table(supply)),
        ("subscriptions", table(subscriptions)),
        ("found", found),
        ("planted", planted),
        ("busy", table(busy)),
    ])
}

/// What a metric is given.
pub struct Inputs {
    pub events: Box<dyn EventSource>,
    pub users: Box<dyn UserSource>,
    frames: BTreeMap<&'static str, LazyFrame>,
}

impl Inputs {
    fn of(frames: BTreeMap<&'static str, LazyFrame>) -> Inputs {
        let (events, users) = (frames["events"].clone(), frames["users"].clone());
        Inputs { events: Box::new(events), users: Box::new(users), frames }
    }

    /// Frames as they are.
    pub fn plain(tables: &Tables) -> Inputs {
        Inputs::of(tables.iter().map(|(name, table)| (*name, table.clone().lazy())).collect())
    }

    /// The rows in another order.
    pub fn shuffled(tables: &Tables, seed: u64) -> Inputs {
        let mut numbers = Numbers::new(seed);
        let mut turned = |table: &DataFrame| {
            let mut rows: Vec<IdxSize> = (0..table.height() as IdxSize).collect();
            for last in (1..rows.len()).rev() {
                rows.swap(last, numbers.below(last as i64 + 1) as usize);
            }
            table.take(&IdxCa::from_vec("row".into(), rows)).unwrap().lazy()
        };
        Inputs::of(tables.iter().map(|(name, table)| (*name, turned(table))).collect())
    }

    /// Lazy frames that come in another order each time they are read.
    pub fn unordered(tables: &Tables) -> Inputs {
        let grouped = |table: &DataFrame| {
            let every: Vec<Expr> =
                table.get_column_names().iter().map(|name| col((*name).clone())).collect();
            table.clone().lazy().group_by(every).agg([len().alias("rows")])
        };
        Inputs::of(tables.iter().map(|(name, table)| (*name, grouped(table))).collect())
    }

    /// Events and users prepared, with columns of other names.
    pub fn prepared(tables: &Tables) -> Inputs {
        let renamed = |name: &str, time: &str| {
            let names = (["user_id", time], ["who", "when"]);
            tables[name].clone().lazy().rename(names.0, names.1, true)
        };
        let events = Events::new(&renamed("events", "timestamp"), "who", "when").unwrap();
        let users = Users::new(&renamed("users", "signup_at"), "who").unwrap();
        Inputs {
            events: Box::new(events),
            users: Box::new(users.since("when").unwrap()),
            ..Inputs::plain(tables)
        }
    }

    pub fn frame(&self, name: &str) -> &LazyFrame {
        &self.frames[name]
    }
}

/// A result whose times show the clock on the wall, and whose users are called as usual.
pub fn on_the_wall(mut frame: DataFrame, (_, ahead): (&str, i64)) -> DataFrame {
    if frame.column("who").is_ok() {
        frame.rename("who", "user_id".into()).unwrap();
    }
    let times: Vec<Expr> = frame
        .columns()
        .iter()
        .filter(|column| matches!(column.dtype(), DataType::Datetime(_, _)))
        .map(|column| {
            let micros = col(column.name().clone())
                .cast(DataType::Datetime(TimeUnit::Microseconds, None))
                .cast(DataType::Int64);
            (micros + lit(ahead * HOUR)).cast(DataType::Datetime(TimeUnit::Microseconds, None))
        })
        .collect();
    frame.lazy().with_columns(times).collect().unwrap()
}
