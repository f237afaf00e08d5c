//! Questions: the options of `casebook analyze`, with values that fit, and with others.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::mutate::{ODD, below, one_in, pick};

/// What an option takes.
enum Takes {
    Nothing,
    Column,
    Number,
    Date,
    OneOf(&'static [&'static str]),
}
use Takes::{Column, Date, Nothing, Number, OneOf};

const NUMBERS: [&str; 24] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "28",
    "100",
    "365",
    "-1",
    "0.5",
    "1e-300",
    "1e308",
    "nan",
    "inf",
    "255",
    "256",
    "65536",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e3",
    "+5",
    "",
];
const DATES: [&str; 14] = [
    "2024-01-01",
    "2024-02-15",
    "2024-03-31",
    "2023-01-01",
    "2025-01-01",
    "1970-01-01",
    "0001-01-01",
    "9999-12-31",
    "2024-02-30",
    "2024-01-31 12:00",
    "-0001-01-01",
    "+262142-12-31",
    "now",
    "",
];
const PERIODS: Takes = OneOf(&["day", "week", "month", "year", ""]);
const STEPS: Takes = OneOf(&[
    "visit,cart",
    "visit,search,cart,purchase",
    "visit",
    "visit,visit",
    "purchase[amount>=20],visit",
    "cart[amount<1e308]",
    "visit[device=phone],purchase",
    "visit[device!=phone]",
    "visit[",
    "visit]",
    "[a=b]",
    "visit[=]",
    "visit[amount>nan]",
    "visit,,cart",
    ",",
    "",
    "visit[plan=free,pro]",
    "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z,1,2,3,4,5,6,7,8",
]);
const NAMES: Takes = OneOf(&["visit", "cart", "visit,cart", "purchase", "nothing", "", ","]);
const WINDOWS: Takes = OneOf(&[
    "7d",
    "0s",
    "1s",
    "30m",
    "24h",
    "2w",
    "9223372036854775807w",
    "-1d",
    "1e3d",
    "é",
    "d",
    "",
]);

type Options = &'static [(&'static str, Takes)];

/// A subcommand of `analyze`: its sample, what must be said, and what may be.
pub struct Kind {
    pub name: &'static str,
    pub sample: &'static str,
    needed: Options,
    options: Options,
}

const EVENTS: Options = &[("--user", Column), ("--time", Column)];
const NAMED: Options = &[("--event", Column), ("--only", NAMES)];
const SOURCE: Options = &[
    (
        "--time-format",
        OneOf(&[
            "%Y-%m-%d",
            "%d/%m/%Y %H:%M",
            "%",
            "%Q",
            "%s",
            "%+",
            "",
            "%Y-%m-%dT%H:%M:%SZ",
            "%é",
        ]),
    ),
    (
        "--timezone",
        OneOf(&[
            "Europe/Berlin",
            "America/New_York",
            "UTC",
            "Asia/Kathmandu",
            "Pacific/Apia",
            "Mars",
            "",
        ]),
    ),
    ("--delimiter", OneOf(&[",", ";", "\t", "|", "\"", "é", "\n", "0", " ", ""])),
    ("--rows", Number),
];

pub const KINDS: [Kind; 8] = [
    Kind {
        name: "funnel",
        sample: "events",
        needed: &[("--steps", STEPS)],
        options: &[
            ("--event", Column),
            ("--window", WINDOWS),
            ("--order", OneOf(&["sequential", "strict", "any", "x"])),
            ("--optional", NAMES),
            ("--exclude", NAMES),
            ("--leave-out", Nothing),
            ("--per", Column),
            ("--by", Column),
        ],
    },
    Kind {
        name: "retention",
        sample: "events",
        needed: &[],
        options: &[
            ("--days", OneOf(&["1,3,7", "0", "1,1", "4294967295", "30,14", "-1", "", "1000000"])),
            (
                "--rule",
                OneOf(&[
                    "on-day",
                    "on-or-after",
                    "bracket:7",
                    "bracket:0",
                    "bracket:4294967295",
                    "x",
                ]),
            ),
            ("--clock", OneOf(&["calendar", "24h", "x"])),
            ("--until", Date),
            ("--users", OneOf(&["users.csv"])),
            ("--signup", Column),
        ],
    },
    Kind {
        name: "activity",
        sample: "events",
        needed: &[],
        options: &[
            ("--show", OneOf(&["daily", "lifecycle", "days", "x"])),
            ("--period", PERIODS),
            ("--midway", Nothing),
            ("--window", Number),
            ("--from", Date),
            ("--to", Date),
        ],
    },
    Kind {
        name: "cohorts",
        sample: "events",
        needed: &[],
        options: &[
            ("--period", PERIODS),
            ("--base", OneOf(&["cohort", "period0", "previous", "x"])),
            ("--average", OneOf(&["weighted", "simple", "x"])),
            ("--clock", OneOf(&["calendar", "24h"])),
            ("--until", Date),
            ("--users", OneOf(&["users.csv"])),
            ("--signup", Column),
        ],
    },
    Kind {
        name: "rfm",
        sample: "orders",
        needed: &[],
        options: &[
            ("--order", Column),
            ("--amount", Column),
            ("--as-of", Date),
            ("--summary", Nothing),
        ],
    },
    Kind {
        name: "segments",
        sample: "customers",
        needed: &[
            ("--user", OneOf(&["customer_id"])),
            (
                "--features",
                OneOf(&[
                    "orders",
                    "orders,spent",
                    "orders,spent,days_since_last",
                    "orders,orders",
                    ",",
                    "",
                ]),
            ),
        ],
        options: &[
            (
                "--k",
                OneOf(&[
                    "2",
                    "2..6",
                    "1",
                    "0",
                    "8..2",
                    "2..=3",
                    "18446744073709551615",
                    "2..18446744073709551615",
                    "x",
                ]),
            ),
            ("--seed", Number),
            ("--show", OneOf(&["groups", "users", "choice", "x"])),
        ],
    },
    Kind {
        name: "survival",
        sample: "subscriptions",
        needed: &[("--duration", OneOf(&["months"])), ("--observed", OneOf(&["cancelled"]))],
        options: &[
            ("--group", Column),
            ("--show", OneOf(&["curve", "median", "mean", "hazard", "test", "x"])),
            ("--horizon", Number),
            ("--width", Number),
            ("--duration", Column),
        ],
    },
    Kind {
        name: "ab",
        sample: "experiment",
        needed: &[("--outcome", OneOf(&["converted", "spent", "taken"]))],
        options: &[
            ("--user", Column),
            ("--arm", Column),
            ("--control", OneOf(&["control", "offer", "x", ""])),
            ("--means", Nothing),
            ("--before", OneOf(&["spent_before", "spent", "arm"])),
            ("--taken", OneOf(&["taken", "converted", "spent"])),
            ("--cluster", Column),
            ("--seed", Number),
            (
                "--split",
                OneOf(&[
                    "control:50,offer:50",
                    "control:1",
                    "control:-1,offer:1",
                    "a:nan,b:inf",
                    ":",
                    "",
                    "control:1e308,offer:1e308",
                ]),
            ),
            ("--ratio", Nothing),
        ],
    },
];

/// The words of a question about a file with these columns.
pub fn words(rng: &mut ChaCha8Rng, kind: &Kind, file: &str, columns: &[String]) -> Vec<String> {
    let mut words = vec!["analyze".to_owned(), kind.name.to_owned(), file.to_owned()];
    let mut say = |rng: &mut ChaCha8Rng, (option, takes): &(&str, Takes), odd: bool| {
        let value = match takes {
            Nothing => None,
            _ if odd => Some(pick(rng, &ODD).replace('\0', "\u{1}")),
            Column => Some(
                columns
                    .get(below(rng, columns.len()))
                    .cloned()
                    .unwrap_or_default()
                    .replace('\0', ""),
            ),
            Number => Some(pick(rng, &NUMBERS).to_owned()),
            Date => Some(pick(rng, &DATES).to_owned()),
            OneOf(values) => Some(pick(rng, values).to_owned()),
        };
        // Names as long as a page are for files: a command line has less room.
        let value = value.map(|value| value.chars().take(2_000).collect::<String>());
        words.push(value.map_or((*option).to_owned(), |value| format!("{option}={value}")));
    };
    for option in kind.needed {
        if !one_in(rng, 30) {
            say(rng, option, false);
        }
    }
    let events: &[Options] = match kind.sample {
        "events" if kind.name == "funnel" => &[EVENTS],
        "events" => &[EVENTS, NAMED],
        "orders" => &[EVENTS, NAMED],
        _ => &[],
    };
    for _ in 0..rng.random_range(0..4) {
        let option = &kind.options[below(rng, kind.options.len())];
        let odd = one_in(rng, 12);
        say(rng, option, odd);
    }
    for options in events.iter().chain(&[SOURCE]) {
        if one_in(rng, 5) {
            let option = &options[below(rng, options.len())];
            let odd = one_in(rng, 6);
            say(rng, option, odd);
        }
    }
    words
}
