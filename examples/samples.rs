//! Makes the small files in data/samples, which the examples of `casebook analyze --help` use.
//!
//! Run with `cargo run --example samples -- FOLDER`. The same bytes every time.

use std::fmt::Write as _;
use std::path::Path;

use casebook::chrono::DateTime;
use casebook::rand::RngExt;
use casebook::rand_distr::{Distribution, Exp, Geometric, LogNormal, Normal};
use casebook::stream::{Stream, stream};

const USERS: u64 = 240;
const DAYS: i64 = 120;
/// 2024-01-01.
const START: i64 = 1_704_067_200;

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "data/samples".into());
    std::fs::create_dir_all(&folder)?;
    for (name, text) in files() {
        let path = Path::new(&folder).join(name);
        std::fs::write(&path, text)?;
        println!("{}", path.display());
    }
    Ok(())
}

/// Every file, by name.
fn files() -> Vec<(&'static str, String)> {
    let (users, events, orders) = shop();
    vec![
        ("users.csv", users),
        ("events.csv", events),
        ("orders.csv", orders),
        ("customers.csv", customers()),
        ("subscriptions.csv", subscriptions()),
        ("experiment.csv", experiment()),
    ]
}

fn moment(seconds: i64) -> String {
    let moment = DateTime::from_timestamp(START + seconds, 0).unwrap_or_default();
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A distribution with parameters that are known to be valid.
fn law<D, E: std::fmt::Debug>(made: Result<D, E>) -> D {
    made.unwrap_or_else(|error| unreachable!("{error:?}"))
}

/// A small shop: visitors search, fill carts, and some buy; most stay away after a while.
fn shop() -> (String, String, String) {
    let mut users = String::from("user_id,signup_at,plan\n");
    let mut events: Vec<(i64, String)> = vec![];
    let mut orders: Vec<(i64, String)> = vec![];
    let amount = law(LogNormal::new(3.4, 0.6));
    for user in 1..=USERS {
        let mut rng = stream(1, "sample user", user);
        let signup = rng.random_range(0..(DAYS - 20) * 86_400);
        let plan = if rng.random_bool(0.3) { "pro" } else { "free" };
        let device = if rng.random_bool(0.6) { "phone" } else { "desktop" };
        let _ = writeln!(users, "U{user:04},{},{plan}", moment(signup));
        let loyalty: f64 = rng.random_range(0.80..0.985) + if plan == "pro" { 0.01 } else { 0.0 };
        let mut session = 0;
        for day in signup / 86_400..DAYS {
            let age = day - signup / 86_400;
            let comes = 0.55 * loyalty.powi(age as i32);
            if age > 0 && !rng.random_bool(comes) {
                continue;
            }
            session += 1;
            let begins = if age == 0 {
                signup + 60
            } else {
                day * 86_400 + rng.random_range(25_200..82_000)
            };
            let mut at = begins;
            let mut happened = |at: i64, name: &str, amount: &str| {
                let row = format!(
                    "U{user:04},{},{name},S{user:04}-{session:03},{device},{plan},{amount}",
                    moment(at)
                );
                events.push((at, row));
            };
            happened(at, "visit", "");
            for (name, chance) in [("search", 0.7), ("cart", 0.4), ("purchase", 0.45)] {
                if !rng.random_bool(chance) {
                    break;
                }
                at += rng.random_range(20..900);
                if name == "purchase" {
                    let paid = format!("{:.2}", amount.sample(&mut rng));
                    happened(at, name, &paid);
                    orders.push((
                        at,
                        format!("O{user:04}-{session:03},U{user:04},{},{paid}", moment(at)),
                    ));
                } else {
                    happened(at, name, "");
                }
            }
        }
    }
    let ordered = |header: &str, mut rows: Vec<(i64, String)>| {
        rows.sort();
        rows.into_iter().fold(format!("{header}\n"), |text, (_, row)| text + &row + "\n")
    };
    (
        users,
        ordered("user_id,timestamp,event,session_id,device,plan,amount", events),
        ordered("order_id,user_id,timestamp,amount", orders),
    )
}

/// Three kinds of customers, not quite apart.
fn customers() -> String {
    let mut text = String::from("customer_id,orders,spent,days_since_last\n");
    let kinds = [(24.0, 1_900.0, 6.0), (6.0, 320.0, 25.0), (1.5, 60.0, 140.0)];
    for customer in 1..=180_u64 {
        let mut rng = stream(1, "sample customer", customer);
        let (orders, spent, away) = kinds[[0, 1, 1, 2, 2, 2][rng.random_range(0..6)]];
        let around =
            |rng: &mut Stream, mean: f64| mean * law(LogNormal::new(-0.06, 0.35)).sample(rng);
        let (orders, spent, away) =
            (around(&mut rng, orders).max(1.0), around(&mut rng, spent), around(&mut rng, away));
        let _ = writeln!(text, "C{customer:03},{orders:.0},{spent:.2},{away:.0}");
    }
    text
}

/// Subscriptions of two plans, some of them still running.
fn subscriptions() -> String {
    let mut text = String::from("subscription_id,plan,months,cancelled\n");
    for subscription in 1..=300_u64 {
        let mut rng = stream(1, "sample subscription", subscription);
        let (plan, hazard) =
            [("monthly", 0.09), ("yearly", 0.04)][usize::from(rng.random_bool(0.4))];
        let life = 1 + law(Geometric::new(hazard)).sample(&mut rng);
        let seen = rng.random_range(1..=24);
        let _ =
            writeln!(text, "{subscription},{plan},{},{}", life.min(seen), u8::from(life <= seen));
    }
    text
}

/// An offer to half of the users, which six in ten take.
fn experiment() -> String {
    let mut text = String::from("user_id,arm,taken,spent_before,spent,converted\n");
    for user in 1..=2_000_u64 {
        let mut rng = stream(1, "sample experiment", user);
        let offered = rng.random_bool(0.5);
        let taken = offered && rng.random_bool(0.6);
        let before: f64 = law(Exp::new(0.05)).sample(&mut rng);
        let noise: f64 = law(Normal::new(0.0, 8.0)).sample(&mut rng);
        let spent: f64 = (0.7 * before + 5.0 + noise + if taken { 4.0_f64 } else { 0.0 }).max(0.0);
        let converted = rng.random_bool(0.30 + if taken { 0.10 } else { 0.0 });
        let arm = if offered { "offer" } else { "control" };
        let _ = writeln!(
            text,
            "{user},{arm},{},{before:.2},{spent:.2},{}",
            u8::from(taken),
            u8::from(converted)
        );
    }
    text
}
