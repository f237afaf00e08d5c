//! The shop: the rules of the business hold for everybody, what is drawn is what is configured, faults are where
//! the answer key says.

use std::collections::{BTreeMap, BTreeSet};

use casebook::cases::Part;
use casebook::cases::ecommerce::{self, Config, Faults, Segment, ShopRules, Tables};
use casebook::notebook::{beside, number, share_of};
use casebook::polars::prelude::*;
use casebook::stamp;
use casebook::warehouse::{Sink, Warehouse, files, queries};

const DAY: i64 = 86_400_000_000;

fn whole(frame: &DataFrame, column: &str) -> Vec<i64> {
    let cast = frame.column(column).unwrap().to_physical_repr().cast(&DataType::Int64).unwrap();
    cast.i64().unwrap().iter().map(Option::unwrap).collect()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<String> {
    let column = frame.column(column).unwrap();
    column.str().unwrap().iter().map(|text| text.unwrap_or("").to_owned()).collect()
}

fn small() -> Config {
    Config { users: 600, days: 200, seed: 3, ..Config::default() }
}

/// The window in microseconds.
fn window(config: &Config) -> (i64, i64) {
    let start = i64::from(config.start.number()) * DAY;
    (start, start + i64::from(config.days) * DAY)
}

fn per(frame: LazyFrame, keys: &[&str], what: &[Expr]) -> DataFrame {
    let keys: Vec<Expr> = keys.iter().map(|key| col(*key)).collect();
    frame.group_by(keys).agg(what).collect().unwrap()
}

#[test]
fn the_rules_hold_for_everybody() {
    let config = small();
    let tables = ecommerce::generate(&config).unwrap();
    let (start, end) = window(&config);
    let events = &tables.events;
    let at = whole(events, "timestamp");
    assert!(at.iter().all(|at| (start..end).contains(at)), "an event outside the window");
    let ids = whole(events, "event_id");
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "event ids do not rise");
    // By session: it starts, things happen in order, it ends; orders hold what is in the cart.
    let (kinds, sessions) = (texts(events, "event_type"), whole(events, "session_id"));
    let products = texts(events, "product_id");
    let quantities = events.column("quantity").unwrap().i32().unwrap();
    let mut cart: BTreeMap<&str, i32> = BTreeMap::new();
    for row in 0..ids.len() {
        let first = row == 0 || sessions[row] != sessions[row - 1];
        let last = row + 1 == ids.len() || sessions[row] != sessions[row + 1];
        assert_eq!(kinds[row] == "session_start", first);
        assert_eq!(kinds[row] == "session_end", last);
        assert!(
            row == 0
                || events_follow(
                    &at,
                    row,
                    sessions[row] / 10_000_000 == sessions[row - 1] / 10_000_000
                )
        );
        let (product, quantity) = (products[row].as_str(), quantities.get(row));
        match kinds[row].as_str() {
            "session_start" => cart.clear(),
            "add_to_cart" => *cart.entry(product).or_default() += quantity.unwrap(),
            "purchase" => {
                let left = cart.get_mut(product).expect("bought without a cart");
                *left -= quantity.unwrap();
                assert!(*left >= 0, "more is bought than was in the cart");
            }
            _ => assert!(quantity.is_none()),
        }
        assert_eq!(product.is_empty(), kinds[row].starts_with("session"));
    }
    // Nobody comes before registering; sessions and events agree; references hold.
    let known: BTreeMap<String, i64> = texts(&tables.users, "user_id")
        .into_iter()
        .zip(whole(&tables.users, "registration_date"))
        .collect();
    for (user, at) in texts(events, "user_id").iter().zip(&at) {
        assert!(known[user] <= at.div_euclid(DAY), "{user} comes before registering");
    }
    let all: BTreeSet<i64> = sessions.iter().copied().collect();
    assert_eq!(all.into_iter().collect::<Vec<_>>(), whole(&tables.sessions, "session_id"));
    let catalogue: BTreeSet<String> = texts(&tables.products, "product_id").into_iter().collect();
    assert!(products.iter().all(|product| product.is_empty() || catalogue.contains(product)));
    let prices = tables.products.column("price").unwrap().f64().unwrap().clone();
    assert!(prices.iter().flatten().all(|price| (10.0..=500.0).contains(&price)));
    let named: BTreeSet<String> = texts(&tables.products, "product_name").into_iter().collect();
    assert_eq!(named.len(), catalogue.len(), "two products share a name");
    let emails: BTreeSet<String> = texts(&tables.users, "email").into_iter().collect();
    assert_eq!(emails.len(), known.len(), "two users share an address");
}

fn events_follow(at: &[i64], row: usize, same_user: bool) -> bool {
    !same_user || at[row - 1] < at[row]
}

#[test]
fn what_is_drawn_is_what_is_configured() {
    let config = Config { users: 20_000, days: 200, ..Config::default() };
    let tables = ecommerce::generate(&config).unwrap();
    let hidden = ecommerce::hidden(&config).unwrap();
    let purchases = col("event_type").eq(lit("purchase"));
    let count = |events: LazyFrame, what: &str| {
        per(
            events,
            &["user_id"],
            &[col("session_id").n_unique().cast(DataType::Float64).alias(what)],
        )
    };
    let orders = count(tables.events.clone().lazy().filter(purchases.clone()), "orders");
    let sessions = count(tables.events.clone().lazy(), "sessions");
    let users = beside(
        beside(beside(tables.users.clone().lazy(), &hidden, "user_id"), &orders, "user_id"),
        &sessions,
        "user_id",
    )
    .with_columns([col("orders").fill_null(lit(0.0)), col("sessions").fill_null(lit(0.0))])
    .collect()
    .unwrap();
    for (place, rules) in config.segments.iter().enumerate() {
        let mine = users
            .clone()
            .lazy()
            .filter(col("segment").eq(lit(Segment::name(place))))
            .collect()
            .unwrap();
        let sum = |column: &str| mine.column(column).unwrap().f64().unwrap().sum().unwrap();
        let n = mine.height() as f64;
        let share = n / f64::from(config.users);
        assert!(
            (share - rules.share).abs()
                < 3.5 * (rules.share * (1.0 - rules.share) / 20_000.0).sqrt()
        );
        // Poisson numbers around what is expected of each.
        let (drawn, expected) = (sum("sessions"), sum("expected_sessions"));
        assert!(
            (drawn - expected).abs() < 4.0 * expected.sqrt(),
            "{place}: {drawn}, not {expected}"
        );
        let (bought, expected) = (sum("orders"), sum("expected_orders"));
        assert!(
            (bought - expected).abs() < 4.0 * expected.sqrt(),
            "{place}: {bought}, not {expected}"
        );
        // How long they stay is exponential with the segment's hazard.
        let stays = mine.column("stays_days").unwrap().f64().unwrap().mean().unwrap();
        let mean = 30.0 / rules.churn;
        assert!((stays / mean - 1.0).abs() < 4.0 / n.sqrt(), "{place}: {stays} days, not {mean}");
    }
    // The number of orders ranks users as their real value does.
    let ranked = users
        .lazy()
        .filter(col("sessions").gt(lit(0.0)))
        .select([pearson_corr(
            col("orders").rank(RankOptions::default(), None),
            col("expected_orders").rank(RankOptions::default(), None),
        )
        .alias("rho")])
        .collect()
        .unwrap();
    println!("Spearman of orders with expected orders: {:.3}", number(&ranked, "rho", 0).unwrap());
    // Views follow popularity; the dear half of the shop is put into carts less often.
    let views = per(
        tables.events.clone().lazy().filter(col("product_id").is_not_null()),
        &["product_id", "price"],
        &[
            col("event_type").eq(lit("product_view")).sum().cast(DataType::Float64).alias("views"),
            col("event_type").eq(lit("add_to_cart")).sum().cast(DataType::Float64).alias("carts"),
        ],
    );
    let rate = |dear: bool| {
        let half = if dear { col("price").gt(lit(70.7)) } else { col("price").lt_eq(lit(70.7)) };
        let sums = views
            .clone()
            .lazy()
            .filter(half)
            .select([col("carts").sum() / col("views").sum()])
            .collect()
            .unwrap();
        number(&sums, "carts", 0).unwrap()
    };
    let (cheap, dear) = (rate(false), rate(true));
    assert!(cheap > 1.5 * dear, "carts per view: cheap {cheap}, dear {dear}");
    let most = views.column("views").unwrap().f64().unwrap().max().unwrap();
    let total = views.column("views").unwrap().f64().unwrap().sum().unwrap();
    assert!(most / total > 2.0 / 42.0, "the most popular product has {most} of {total} views");
}

#[test]
fn the_default_is_of_the_originals_size() {
    let tables = ecommerce::generate(&Config::default()).unwrap();
    let events = tables.events.height();
    println!("{events} events, {} sessions", tables.sessions.height());
    assert!((1_300_000..2_400_000).contains(&events), "{events}");
    let hashes: Vec<(&str, String)> = tables
        .named()
        .into_iter()
        .map(|(name, frame)| (name, stamp::hash(frame).unwrap()))
        .collect();
    let pinned: Vec<(&str, String)> = PINNED.iter().map(|(n, h)| (*n, (*h).to_owned())).collect();
    assert_eq!(hashes, pinned, "the same config and seed must give the same bytes");
    // Sessions with a cart and no order: not everybody who fills a cart pays.
    let sessions = per(
        tables.events.lazy(),
        &["session_id"],
        &[
            col("event_type").eq(lit("add_to_cart")).any(true).alias("cart"),
            col("event_type").eq(lit("purchase")).any(true).alias("order"),
        ],
    );
    let carts = share_of(&sessions, col("cart")).unwrap();
    let orders = share_of(&sessions, col("order")).unwrap();
    println!("{carts:.3} of sessions fill a cart, {orders:.3} order");
    assert!(carts < 0.6 && orders < 0.8 * carts, "{carts}, {orders}");
}

const PINNED: [(&str, &str); 4] = [
    ("products", "917c74aa50bf85e2"),
    ("users", "b175406920095ea8"),
    ("sessions", "9ef87a7c81af6527"),
    ("events", "7ef016c8a6bd813f"),
];

#[test]
fn any_number_of_threads_and_parts_make_the_same_data() {
    let config = small();
    let made = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ecommerce::generate(&config).unwrap())
    };
    let same = |a: &Tables, b: &Tables| {
        a.named().iter().zip(b.named()).all(|(a, b)| a.1.equals_missing(b.1))
    };
    let one = made(1);
    assert!(same(&one, &made(2)) && same(&one, &made(16)));
    for n in [2, 7, 700] {
        let (mut users, mut events): (Option<DataFrame>, Option<DataFrame>) = (None, None);
        for k in 1..=n {
            let part: Part = format!("{k}/{n}").parse().unwrap();
            for batch in ecommerce::batches(&config, part).unwrap() {
                let batch = batch.unwrap();
                for (all, new) in [(&mut users, batch.users), (&mut events, batch.events)] {
                    match all {
                        Some(frame) => drop(frame.vstack_mut_owned(new).unwrap()),
                        None => *all = Some(new),
                    }
                }
            }
        }
        assert!(
            users.unwrap().equals_missing(&one.users)
                && events.unwrap().equals_missing(&one.events)
        );
    }
}

#[test]
fn faults_are_where_the_answer_key_says() {
    let clean = small();
    let faults = Faults {
        duplicates: 0.01,
        outage_from: 50,
        outage_days: 2,
        wrong_clocks: 0.03,
        late_registrations: 0.05,
        bots: 7,
    };
    let config = Config { faults, ..clean.clone() };
    assert_eq!(ecommerce::answer_key(&clean).unwrap().height(), 0);
    let key = ecommerce::answer_key(&config).unwrap();
    let planted = |fault: &str| -> BTreeSet<String> {
        let rows = key.clone().lazy().filter(col("fault").eq(lit(fault))).collect().unwrap();
        texts(&rows, "id").into_iter().collect()
    };
    let tables = ecommerce::generate(&config).unwrap();
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<String> = whole(&tables.events, "event_id")
        .into_iter()
        .filter(|id| !seen.insert(*id))
        .map(|id| id.to_string())
        .collect();
    assert!(twice.len() > 100);
    assert_eq!(twice, planted("duplicate"));
    let wrong = planted("wrong clock");
    let days: BTreeSet<i64> = texts(&tables.events, "user_id")
        .iter()
        .zip(whole(&tables.events, "timestamp"))
        .filter(|(user, _)| !wrong.contains(*user))
        .map(|(_, at)| at.div_euclid(DAY) - i64::from(config.start.number()))
        .collect();
    let dark: BTreeSet<String> =
        (0..200).filter(|day| !days.contains(day)).map(|day| day.to_string()).collect();
    assert_eq!(dark, planted("outage"));
    // Against the clean data: who registers late, and whose clock is fast.
    let before = ecommerce::generate(&clean).unwrap();
    let moved: BTreeSet<String> = texts(&before.users, "user_id")
        .into_iter()
        .zip(
            whole(&before.users, "registration_date")
                .into_iter()
                .zip(whole(&tables.users, "registration_date")),
        )
        .filter(|(_, (was, is))| is - was == 30)
        .map(|(user, _)| user)
        .collect();
    assert_eq!(moved, planted("late registration"));
    assert_eq!(planted("bot").len(), 7);
    let busy = per(tables.sessions.clone().lazy(), &["user_id"], &[len().alias("n")]);
    assert!(busy.height() > 400);
    for bot in planted("bot") {
        let views =
            tables.events.clone().lazy().filter(col("user_id").eq(lit(bot))).collect().unwrap();
        assert!(views.height() >= 3_000);
    }
    assert!(wrong.len() > 5 && wrong.len() < 40);
}

/// Names with quotes, commas, emoji and HTML come back from CSV and Parquet as they went in.
#[test]
fn awkward_names_survive_files_and_databases() {
    let shop = ShopRules { awkward_names: 1.0, ..ShopRules::default() };
    let products = ecommerce::products(&Config { shop, ..small() }).unwrap();
    assert!(texts(&products, "product_name").iter().any(|name| name.contains("<script>")));
    assert!(texts(&products, "product_name").iter().any(|name| name.contains("🎧")));
    let folder = tempfile::tempdir().unwrap();
    for format in ["csv", "parquet"] {
        let mut out = files::Folder::create(folder.path(), format.parse().unwrap(), "").unwrap();
        out.append("products", &products).unwrap();
        out.finish().unwrap();
        let back = files::read(folder.path().join(format!("products.{format}"))).unwrap();
        assert!(back.equals_missing(&products), "{format}");
    }
    let tables = ecommerce::generate(&Config { shop, ..small() }).unwrap();
    let mut db = Warehouse::in_memory().unwrap();
    db.load(&queries::ecommerce::SCHEMA, &tables.named()).unwrap();
    let back = db.query("SELECT * FROM products ORDER BY product_id").unwrap();
    assert!(back.equals_missing(&products), "{back}");
}

#[test]
fn a_bad_config_is_named() {
    let says = |config: Config, told: &str| {
        let error = ecommerce::generate(&config).unwrap_err().to_string();
        assert_eq!(error, told);
    };
    let default = Config::default;
    says(Config { users: 0, ..default() }, "`users` is 0; accepted: 1 to 50000000");
    says(Config { days: 0, ..default() }, "`days` is 0; accepted: 1 to 3650");
    let mut config = default();
    config.segments[1].share = 0.6;
    says(config, "`segments` is shares that sum to 1.1; accepted: shares that sum to 1");
    let mut config = default();
    config.segments[0].views = (5, 3);
    says(
        config,
        "`segments.views` is (5, 3); accepted: two numbers from 1 to 100, the first not above the second",
    );
    let mut config = default();
    config.months[3] = 0.0;
    says(config, "`months` is 0; accepted: 0.001 to 10");
    let faults = Faults { outage_from: 360, outage_days: 10, ..Faults::default() };
    says(Config { faults, ..default() }, "`faults.outage_days` is 10; accepted: 0 to 5");
    let told =
        ecommerce::generate(&Config { users: 50_000_000, ..default() }).unwrap_err().to_string();
    assert!(told.contains("in memory"), "{told}");
    assert!("2024-02-30".parse::<casebook::cases::clock::Day>().is_err());
}

#[test]
fn a_config_survives_json() {
    let config = Config { start: "2023-02-01".parse().unwrap(), ..small() };
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<Config>("{}").unwrap(), Config::default());
    assert!(serde_json::from_str::<Config>(r#"{"start": "2023-02-31"}"#).is_err());
}
