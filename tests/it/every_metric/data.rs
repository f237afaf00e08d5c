//! Small tables with a bit of everything, the same for every metric.

use std::collections::BTreeMap;

use casebook::polars::prelude::*;

pub const HOUR: i64 = 3_600_000_000;
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

    fn known_or_not(&mut self, name: &str, rows: usize, of: &[&str]) -> Column {
        let chosen = (0..rows).map(|_| of.get(self.below(of.len() as i64 + 1) as usize).copied());
        Column::new(name.into(), chosen.collect::<Vec<_>>())
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

/// Tables of so many users, or of as few as none, whose times of day are those of a zone.
pub fn tables(seed: u64, users: usize, zone: (&str, i64)) -> Tables {
    let mut n = Numbers::new(seed);
    let count = |rows: usize| Column::new("row".into(), (0..rows as i64).collect::<Vec<_>>());
    let known = |hours: Vec<i64>| hours.into_iter().map(Some).collect::<Vec<_>>();
    let ids = |name: &str| count(users).with_name(name.into());

    let signup: Vec<i64> = (0..users).map(|_| n.below(20 * 24)).collect();
    let treated: Vec<bool> = (0..users).map(|_| n.below(2) == 1).collect();
    let arm = |treated: &bool| if *treated { "treated" } else { "control" };
    // A team is in one arm.
    let team = |treated: &bool| format!("{}{}", arm(treated), n.below(4));
    let teams: Vec<String> = treated.iter().map(team).collect();
    let people = vec![
        ids("user_id"),
        Column::new("arm".into(), treated.iter().map(arm).collect::<Vec<_>>()),
        Column::new("team".into(), teams),
        times("signup_at", known(signup.clone()), zone),
        n.known_or_not("plan", users, &["free", "pro", "team"]),
        n.column("outcome", users, 2),
        n.column("taken", users, 2),
        n.reals("value", users),
        n.reals("before", users),
        n.column("label", users, 3),
        n.flags("exposed", users),
        n.flags("bought", users),
        Column::new("trials".into(), vec![9_i64; users]),
        n.column("successes", users, 9),
    ];

    let subjects = vec![
        count(users),
        n.column("duration", users, 40),
        n.flags("observed", users),
        n.one_of("plan", users, &["free", "pro"]),
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
        n.one_of("field", rows, &["data", "design"]),
    ];
    let begun: Vec<i64> = (0..rows).map(|_| n.below(40 * 24)).collect();
    let ended =
        begun.iter().map(|at| (n.below(4) > 0).then(|| at + 24 + n.below(9 * 24))).collect();
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
            n.column("id", rows, 12),
        ])
    };
    let (found, planted) = (faults(&mut n), faults(&mut n));
    let days: Vec<i32> = (0..80).map(|day| 19_723 + day).collect();
    let busy =
        vec![Column::new("day".into(), days).cast(&DataType::Date).unwrap(), n.reals("weight", 80)];
    let tests = vec![count(users), chances(&mut n, users)];
    let mut tables = BTreeMap::from([
        ("users", table(people)),
        ("subjects", table(subjects)),
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
        ("tests", table(tests)),
        ("panel", panel(&mut n, users)),
    ]);
    tables.extend(companies(&mut n, users, zone));
    tables
}

/// Regions over months, some of which launch something. The last one never does.
fn panel(n: &mut Numbers, units: usize) -> DataFrame {
    const MONTHS: usize = 8;
    let rows = units * MONTHS;
    let unit = |row: usize| row / MONTHS;
    let launches: Vec<Option<i64>> =
        (0..units).map(|at| [Some(5), Some(3), None][at % 3].filter(|_| at + 1 < units)).collect();
    table(vec![
        Column::new("row".into(), (0..rows as i64).collect::<Vec<_>>()),
        Column::new("region".into(), (0..rows).map(|row| unit(row) as i64).collect::<Vec<_>>()),
        Column::new("month".into(), (0..rows).map(|row| (row % MONTHS) as i64).collect::<Vec<_>>()),
        Column::new("launch".into(), (0..rows).map(|row| launches[unit(row)]).collect::<Vec<_>>()),
        Column::new("trials".into(), vec![40_i64; rows]),
        n.column("hits", rows, 40),
        n.reals("value", rows),
        n.reals("error", rows),
        n.reals("other", rows),
    ])
}

/// Chances, some of them not known.
fn chances(n: &mut Numbers, rows: usize) -> Column {
    let drawn = (0..rows).map(|_| (n.below(5) > 0).then(|| n.below(1_000) as f64 / 1_000.0));
    Column::new("p_value".into(), drawn.collect::<Vec<_>>())
}

/// What the subscription cases start from.
fn companies(n: &mut Numbers, rows: usize, zone: (&str, i64)) -> Tables {
    const STARTS: [i32; 3] = [19_723, 19_754, 19_783];
    let date = |days: Vec<i32>| Column::new("day".into(), days).cast(&DataType::Date).unwrap();
    let ids = Column::new("company_id".into(), (0..rows as i64).collect::<Vec<_>>());
    let acquired = date(vec![STARTS[0] + 3; rows]).with_name("acquired_on".into());
    let companies = vec![ids, n.one_of("company_size", rows, &["small", "large"]), acquired];
    let plans = vec![
        Column::new("company_size".into(), ["small", "large"]),
        Column::new("monthly_price_cents".into(), [1_999_i64, 29_990]),
    ];
    let months = vec![
        Column::new("month_no".into(), [1_i64, 2, 3]),
        date(STARTS.to_vec()).with_name("month_start".into()),
    ];
    let many = 5 * rows;
    let hours = (0..many).map(|_| Some(n.below(85 * 24))).collect();
    let sessions = vec![
        Column::new("row".into(), (0..many as i64).collect::<Vec<_>>()),
        n.column("company_id", many, rows.max(1) as i64),
        times("created_at", hours, zone),
    ];
    BTreeMap::from([
        ("companies", table(companies)),
        ("plans", table(plans)),
        ("months", table(months)),
        ("sessions", table(sessions)),
    ])
}

/// The two halves of the tables: what belongs to half of the users, orders, requests, companies … each.
pub fn halves(tables: &Tables) -> [Tables; 2] {
    const KEYS: [&str; 6] = ["user_id", "customer_id", "company_id", "mentor_id", "id", "row"];
    const WHOLE: [&str; 4] = ["plans", "months", "busy", "supply"];
    [0, 1].map(|half| {
        let of = |(name, table): (&&'static str, &DataFrame)| {
            let key = KEYS.iter().find(|key| table.column(key).is_ok());
            let part = match key.filter(|_| !WHOLE.contains(name)) {
                Some(key) => {
                    let mine = (col(*key) % lit(2_i64)).eq(lit(half));
                    table.clone().lazy().filter(mine).collect().unwrap()
                }
                None => table.clone(),
            };
            (*name, part)
        };
        tables.iter().map(of).collect()
    })
}
