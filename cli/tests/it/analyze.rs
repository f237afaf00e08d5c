//! `casebook analyze`, as a person runs it on their own files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use casebook::polars::prelude::*;
use casebook::warehouse::Sink;
use casebook::warehouse::files::{Folder, Format};
use serde_json::Value;

use crate::PROJECT;

#[path = "../support/analyze_charts.rs"]
mod charts;
#[path = "../support/analyze_funnels.rs"]
mod funnels;
#[path = "../support/analyze_shown.rs"]
mod shown;

const KINDS: [&str; 8] =
    ["funnel", "retention", "activity", "cohorts", "rfm", "segments", "survival", "ab"];

fn casebook(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_casebook")).args(words).current_dir(PROJECT).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn runs(words: &[&str]) -> String {
    let output = casebook(words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// A message in one line, a status that says so, nothing printed, no panic.
fn fails(words: &[&str]) -> String {
    let output = casebook(words);
    let message = text(&output.stderr);
    assert!(!output.status.success(), "{words:?} succeeded: {}", text(&output.stdout));
    assert!(output.stdout.is_empty() && !message.contains("panicked"), "{words:?}: {message}");
    message
}

fn rows(words: &[&str]) -> Vec<Value> {
    let mut words = words.to_vec();
    words.extend(["--format", "json"]);
    serde_json::from_str(&runs(&words)).unwrap()
}

/// The words of the example in a subcommand's help.
fn example(kind: &str) -> Vec<String> {
    let help = runs(&["analyze", kind, "--help"]);
    let line =
        help.lines().find_map(|line| line.trim().strip_prefix("Example: casebook ")).unwrap();
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn every_helps_example_works_in_every_format() {
    let place = tempfile::tempdir().unwrap();
    for kind in KINDS {
        let example = example(kind);
        let words: Vec<&str> = example.iter().map(String::as_str).collect();
        assert!(words[2].starts_with("data/samples/"), "{words:?}");
        let table = runs(&words);
        assert!(table.lines().count() > 2, "{table}");
        let json = rows(&words);
        let csv = runs(&[&words[..], &["--format", "csv"]].concat());
        let header: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
        assert_eq!(csv.lines().count(), json.len() + 1);
        for row in &json {
            let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
            assert_eq!(keys.len(), header.len(), "{kind}");
            assert!(header.iter().all(|name| row.get(name).is_some()), "{kind}: {header:?}");
        }
        for extension in ["svg", "png"] {
            let chart = place.path().join(format!("{kind}.{extension}"));
            runs(&[&words[..], &["--chart", chart.to_str().unwrap()]].concat());
            assert!(std::fs::metadata(&chart).unwrap().len() > 1_000, "{}", chart.display());
        }
    }
}

/// The command's numbers are the library's.
#[test]
fn the_numbers_are_the_librarys() {
    let events =
        casebook::warehouse::files::read(Path::new(PROJECT).join("data/samples/events.csv"))
            .unwrap();
    let events = events
        .lazy()
        .with_column(col("timestamp").cast(DataType::Datetime(TimeUnit::Microseconds, None)))
        .collect()
        .unwrap();
    use casebook::metrics::funnel::{Funnel, Step};
    let ours =
        Funnel::new(["visit", "cart", "purchase"].map(Step::event)).conversion(&events).unwrap();
    let said =
        rows(&["analyze", "funnel", "data/samples/events.csv", "--steps", "visit,cart,purchase"]);
    assert_eq!(said.len(), 3);
    for (row, said) in said.iter().enumerate() {
        for column in ours.get_column_names() {
            let value = ours.column(column).unwrap().get(row).unwrap();
            let same = match value {
                AnyValue::Null => said[column.as_str()].is_null(),
                AnyValue::Int64(n) => said[column.as_str()].as_i64() == Some(n),
                // Reading a number may miss its last digit.
                AnyValue::Float64(x) => said[column.as_str()]
                    .as_f64()
                    .is_some_and(|said| (said - x).abs() <= 2.0 * f64::EPSILON * x.abs()),
                other => said[column.as_str()].as_str() == other.get_str(),
            };
            assert!(same, "{column}: {said}");
        }
    }
}

/// A file of our own making.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn activity(file: &str) -> String {
    fails(&["analyze", "activity", file])
}

#[test]
fn bad_files_are_explained() {
    let place = Place::new();
    let csv = |content: &str| place.file("events.csv", content);
    let head = "user_id,timestamp\n";
    for (content, said) in [
        ("who,when\na,2024-01-01\n".to_owned(), "no column `user_id`; there are `who`, `when`"),
        (
            format!("{head}a,2024-01-01\nb,yesterday\n"),
            "row 2: `timestamp` is \"yesterday\", which is not a time",
        ),
        (format!("{head},2024-01-01\n"), "`user_id` is empty in every row"),
        (format!("{head}a,2024-01-01\nb,\n"), "row 2: `timestamp` is empty; --missing-values skip"),
        (
            format!("{head}a,2024-01-01T10:00:00Z\nb,2024-01-02 10:00\n"),
            "row 2: `timestamp` is \"2024-01-02 10:00\", with no time zone, and earlier rows have UTC: time zones are mixed",
        ),
        (format!("{head}a,2024-01-01T10:00:00+01:00\nb,2024-01-02T10:00:00+02:00\n"), "--timezone"),
        (String::new(), "it is empty"),
        (head.to_owned(), "it has no rows"),
        (format!("{head}a,2024-01-01,x\n"), "row 1 has 3 values where the header has 2"),
        (
            "user_id,user_id,timestamp\na,b,2024-01-01\n".to_owned(),
            "two columns are called `user_id`",
        ),
        (format!("{head}a,03/04/2024\n"), "--time-format"),
        (format!("{head}a,9999999999999999999\n"), "which is not a time"),
    ] {
        let message = activity(&csv(&content));
        assert!(message.contains(said), "{content:?}\n{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    // Not what the name says.
    let parquet = place.file("events.parquet", "user_id,timestamp\na,2024-01-01\n");
    assert!(activity(&parquet).contains("it is called .parquet and is text"));
    let cut = place.file("cut.parquet", b"PAR1 and nothing more");
    assert!(activity(&cut).contains("damaged"));
    let renamed = place.file("renamed.csv", b"PAR1....");
    assert!(activity(&renamed).contains("it is called .csv and is a Parquet file"));
    assert!(activity(&place.file("a.csv", [0x1f, 0x8b, 8, 0])).contains("gzip"));
    assert!(activity(&place.file("b.csv", b"PK\x03\x04rest")).contains("spreadsheet"));
    assert!(activity(&place.file("c.csv", b"\xff\xfeu\0s")).contains("UTF-16"));
    assert!(
        activity(&place.file("d.csv", b"user_id,timestamp\n\xff\xc0\xc1,2024-01-01\n"))
            .contains("row 1: `user_id` is not UTF-8")
    );
    assert!(activity(&place.file("e.xlsx", "x")).contains("must end in .csv, .parquet"));
    let lacking = place.file("lacking.csv", format!("{head}a,2024-01-01\n,2024-01-02\n"));
    let refused = fails(&["analyze", "activity", &lacking, "--missing-ids", "refuse"]);
    assert!(refused.contains("row 2: `user_id` is empty; --missing-ids skip"), "{refused}");
    let skipped = casebook(&["analyze", "activity", &lacking]);
    assert!(skipped.status.success());
    assert!(text(&skipped.stderr).contains("`user_id` is empty in 1 of 2 rows; skipped"));
    assert!(activity("missing.csv").contains("missing.csv"));
    assert!(
        fails(&["analyze", "activity", place.0.path().to_str().unwrap()]).contains("directory")
    );
}

#[test]
fn bad_questions_are_explained() {
    let events = "data/samples/events.csv";
    let ask = |more: &[&str]| fails(&[&["analyze", "funnel", events][..], more].concat());
    assert!(ask(&["--steps", "visit,purchas"]).contains(
        "\"purchas\" never occurs; events are \"cart\", \"purchase\", \"search\", \"visit\""
    ));
    assert!(ask(&["--steps", "visit,purchase[amount>=1e9]"]).contains("never occurs"));
    assert!(ask(&["--steps", "visit[device"]).contains("name[column=value]"));
    assert!(ask(&["--steps", "visit[colour=red]"]).contains("no column `colour`"));
    assert!(ask(&["--steps", "visit,cart", "--window", "7x"]).contains("90s, 30m, 24h, 7d or 2w"));
    assert!(
        ask(&["--steps", "visit,cart", "--optional", "cart"])
            .contains("between the first and the last")
    );
    assert!(ask(&["--steps", "visit,cart", "--chart", "x.pdf"]).contains(".svg or .png"));
    assert!(ask(&["--steps", "visit,cart", "--chart", "/nowhere/x.png"]).contains("/nowhere"));
    assert!(
        ask(&["--steps", "visit,visit[device=phone]", "--order", "any"])
            .contains("one event matches")
    );
    let zone = fails(&["analyze", "activity", events, "--timezone", "Berlin"]);
    assert!(zone.contains("Europe/Berlin"), "{zone}");
    let place = Place::new();
    let twice = place.file("users.csv", "user_id,signup_at\na,2024-01-01\na,2024-01-02\n");
    let message = fails(&["analyze", "retention", events, "--users", &twice]);
    assert!(message.contains("\"a\" appears more than once"), "{message}");
    let ab = |more: &[&str]| {
        fails(
            &[
                &["analyze", "ab", "data/samples/experiment.csv", "--outcome", "converted"][..],
                more,
            ]
            .concat(),
        )
    };
    assert!(
        ab(&["--control", "nobody"])
            .contains("has no \"nobody\" to compare with; it has \"control\", \"offer\"")
    );
    assert!(ab(&["--arm", "converted"]).contains("\"control\""));
    let twice =
        place.file("ab.csv", "user_id,arm,x\n1,control,0\n2,control,1\n1,offer,1\n3,offer,0\n");
    assert!(
        fails(&["analyze", "ab", &twice, "--user", "user_id", "--outcome", "x"])
            .contains("more than once")
    );
    let survival = |content: &str| fails(&["analyze", "survival", &place.file("s.csv", content)]);
    assert!(survival("duration,observed\n-1,1\n").contains("0 or more"));
    assert!(survival("duration,observed\n1,maybe\n").contains("row 1: `observed` is \"maybe\""));
    assert!(survival("duration,observed\nlong,1\n").contains("must be a number"));
    let few = place.file("few.csv", "user_id,x\na,1\nb,1\n");
    assert!(fails(&["analyze", "segments", &few, "--features", "x"]).contains("different users"));
}

#[test]
fn times_are_recognised_and_days_are_local() {
    let place = Place::new();
    let days = |content: &str, more: &[&str]| -> Vec<String> {
        let file = place.file("events.csv", content);
        rows(&[&["analyze", "activity", &file][..], more].concat())
            .iter()
            .map(|row| format!("{} {}", row["date"].as_str().unwrap(), row["dau"]))
            .collect()
    };
    let utc = "user_id;timestamp\na;2024-03-30T23:30:00Z\nb;2024-03-31T21:30:00Z\nb;2024-03-31T22:30:00Z\n";
    assert_eq!(days(utc, &[]), ["2024-03-30 1", "2024-03-31 1"]);
    // In Berlin the second event is before midnight of the day the clocks change, the third after.
    assert_eq!(days(utc, &["--timezone", "Europe/Berlin"]), ["2024-03-31 2", "2024-04-01 1"]);
    let mixed = "user_id,timestamp\na,2024-03-30T23:30:00+01:00\na,2024-03-31T23:30:00+02:00\n";
    assert_eq!(days(mixed, &["--timezone", "Europe/Berlin"]), ["2024-03-30 1", "2024-03-31 1"]);
    let american = "user_id,timestamp\na,03/30/2024\nb,03/31/2024\n";
    assert_eq!(days(american, &["--time-format", "%m/%d/%Y"]), ["2024-03-30 1", "2024-03-31 1"]);
    assert_eq!(days("user_id,timestamp\na,1711841400\n", &[]), ["2024-03-30 1"]);
}

/// What no calendar holds, and what no machine can do, is said in a sentence.
#[test]
fn questions_beyond_the_calendar_are_explained() {
    let place = Place::new();
    let events = "data/samples/events.csv";
    let chart = place.0.path().join("x.png");
    let early = fails(
        &[
            &["analyze", "rfm", "data/samples/orders.csv", "--as-of", "2001-01-01", "--chart"][..],
            &[chart.to_str().unwrap()],
        ]
        .concat(),
    );
    assert!(early.contains("`as_of` is 2001-01-01; accepted: a date after"), "{early}");
    for option in ["--from", "--to"] {
        let far = fails(&["analyze", "activity", events, option, "+262142-12-31"]);
        assert!(far.contains("is not a day; write 2024-01-31"), "{far}");
    }
    let late = place.file("late.csv", "user_id,timestamp\na,2024-01-01\nb,+262142-12-31 10:00\n");
    let words = ["--time-format", "%Y-%m-%d %H:%M", "--timezone", "Europe/Berlin"];
    let message = fails(&[&["analyze", "activity", &late][..], &words].concat());
    assert!(message.contains("row 1"), "{message}");
    let late = place.file("late.csv", "user_id,timestamp\na,+262142-12-31 10:00\n");
    let message = fails(&[&["analyze", "activity", &late][..], &words].concat());
    assert!(
        message.contains("row 1: `timestamp` is \"+262142-12-31 10:00\", which is out of range"),
        "{message}"
    );
    for k in ["0", "18446744073709551615", "2..18446744073709551615", "99999999999999999999999"] {
        let message = fails(&[
            "analyze",
            "segments",
            "data/samples/customers.csv",
            "--user",
            "customer_id",
            "--features",
            "orders",
            "--k",
            k,
        ]);
        assert!(message.contains("accepted: 1 to 1000 groups"), "{message}");
    }
    // A slip of the pen in one row.
    let slip =
        place.file("slip.csv", "user_id,timestamp\na,2024-01-01\nb,2024-01-02\nc,9999-12-31\n");
    for period in ["day", "week", "month"] {
        let message = fails(&["analyze", "cohorts", &slip, "--period", period]);
        assert!(message.contains("9999-12-31") && message.contains("2024-01-01"), "{message}");
    }
    // And in an option: the matrix reaches to the end of observation.
    let good = place.file("good.csv", "user_id,timestamp\na,2024-01-01\nb,2024-01-02\n");
    let far = ["analyze", "cohorts", &good, "--period", "day", "--until", "9999-12-31"];
    let message = fails(&far);
    assert!(message.contains("9999-12-31") && message.contains("at most 4000"), "{message}");
}

/// A moment that no calendar holds, where a text is wanted.
#[test]
fn a_parquet_moment_out_of_range_is_explained() {
    let place = Place::new();
    let frame =
        df!("user_id" => [i64::MAX, 1], "timestamp" => [1_i64, 2], "event" => ["a", "b"]).unwrap();
    let dtype = DataType::Datetime(TimeUnit::Microseconds, None);
    let frame = frame
        .lazy()
        .with_columns([col("user_id").cast(dtype.clone()), col("timestamp").cast(dtype)])
        .collect()
        .unwrap();
    let mut folder = Folder::create(place.0.path(), Format::Parquet, "").unwrap();
    folder.append("far", &frame).unwrap();
    let file = folder.finish().unwrap()[0].path.to_str().unwrap().to_owned();
    for words in [&["--user", "user_id"][..], &["--user", "event", "--time", "user_id"]] {
        let message = fails(&[&["analyze", "activity", &file][..], words].concat());
        assert!(message.contains("row 1: `user_id` is out of range"), "{message}");
    }
}

/// Names with anything in them go through unharmed, and the order of rows does not matter.
#[test]
fn names_survive_and_rows_may_come_in_any_order() {
    let place = Place::new();
    let names = ["plain", "a \"quoted\" one", "with, comma", "déjà vu 🎈", "<b>&amp;", "=SUM(A1)"];
    let row = |(place, name): (usize, &&str)| {
        format!("\"{}\",2024-01-0{},order {place},{place}.5", name.replace('"', "\"\""), 1 + place)
    };
    let lines: Vec<String> = names.iter().enumerate().map(row).collect();
    let head = "user_id,timestamp,order_id,amount";
    let forward = place.file("a.csv", format!("{head}\n{}\n", lines.join("\n")));
    let mut turned = lines.clone();
    turned.reverse();
    let backward = place.file("b.csv", format!("\u{feff}{head}\r\n{}\r\n", turned.join("\r\n")));
    let found = rows(&["analyze", "rfm", &forward]);
    let mut said: Vec<&str> = found.iter().map(|row| row["user_id"].as_str().unwrap()).collect();
    let mut expected = names.to_vec();
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
    assert_eq!(found, rows(&["analyze", "rfm", &backward]));
    let csv = runs(&["analyze", "rfm", &forward, "--format", "csv"]);
    assert!(csv.contains("\"a \"\"quoted\"\" one\""), "{csv}");
}

/// Sums and means of a segment are the same to the last digit, whatever the order of rows.
#[test]
fn a_summary_does_not_depend_on_the_order_of_rows() {
    let place = Place::new();
    let row = |n: u64| {
        let (user, cents) = (n * 7_919 % 307, n * 104_729 % 9_973);
        format!(
            "u{user},2024-0{}-{:02},{n},{}.{:02}",
            1 + n % 6,
            1 + n % 28,
            cents / 100,
            cents % 100
        )
    };
    let lines: Vec<String> = (0..2_000).map(row).collect();
    let mut turned = lines.clone();
    turned.sort_by_key(|line| line.chars().rev().collect::<String>());
    let head = "user_id,timestamp,order_id,amount";
    let [one, other] = [("one.csv", lines), ("other.csv", turned)]
        .map(|(name, lines)| place.file(name, format!("{head}\n{}\n", lines.join("\n"))));
    let of = |file: &str| runs(&["analyze", "rfm", file, "--summary", "--format", "json"]);
    assert_eq!(of(&one), of(&other));
}

/// The same from Parquet as from CSV, whatever the types.
#[test]
fn parquet_gives_the_same_as_csv() {
    let place = Place::new();
    let events =
        casebook::warehouse::files::read(Path::new(PROJECT).join("data/samples/events.csv"))
            .unwrap();
    let moment = DataType::Datetime(TimeUnit::Nanoseconds, None);
    let typed = events
        .lazy()
        .with_columns([
            col("timestamp").cast(moment),
            col("event").cast(DataType::from_categories(Categories::global())),
        ])
        .collect()
        .unwrap();
    let mut folder = Folder::create(place.0.path(), Format::Parquet, "").unwrap();
    folder.append("events", &typed).unwrap();
    let written: Vec<PathBuf> =
        folder.finish().unwrap().into_iter().map(|file| file.path).collect();
    let parquet = written[0].to_str().unwrap();
    for more in [
        &["funnel", "--steps", "visit,cart[device=phone],purchase[amount>=20]", "--by", "plan"][..],
        &["activity"],
        &["cohorts"],
    ] {
        let ask = |file: &str| rows(&[&["analyze", more[0], file][..], &more[1..]].concat());
        assert_eq!(ask(parquet), ask("data/samples/events.csv"), "{more:?}");
    }
    // What this build of polars would panic at is refused by name.
    let lists = df!("user_id" => ["a", "b"], "timestamp" => [1_i64, 2]).unwrap();
    let lists =
        lists.lazy().with_column(col("timestamp").implode(true).alias("list")).collect().unwrap();
    let mut folder = Folder::create(place.0.path(), Format::Parquet, "").unwrap();
    folder.append("lists", &lists).unwrap();
    let written = folder.finish().unwrap();
    let file = written[0].path.to_str().unwrap();
    let message = fails(&["analyze", "activity", file, "--user", "list"]);
    assert!(message.contains("`list` is of type"), "{message}");
}

#[test]
fn the_samples_are_what_their_program_makes() {
    let place = tempfile::tempdir().unwrap();
    let made = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
        .args(["run", "--quiet", "--package", "casebook", "--example", "samples", "--"])
        .arg(place.path())
        .current_dir(PROJECT)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let mut files = 0;
    for entry in std::fs::read_dir(Path::new(PROJECT).join("data/samples")).unwrap() {
        let path = entry.unwrap().path();
        let again = std::fs::read(place.path().join(path.file_name().unwrap())).unwrap();
        assert!(std::fs::read(&path).unwrap() == again, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 6);
}

/// Rows that are read twice count twice.
#[test]
fn no_file_is_read_twice() {
    let place = Place::new();
    let file = place.file("one.csv", "user_id,timestamp,event\na,2024-01-01,x\n");
    let again = format!("{}/./one.csv", place.0.path().display());
    for files in [[&file, &file], [&file, &again]] {
        let words = ["analyze", "funnel", files[0], files[1], "--steps", "x,x"];
        assert!(fails(&words).contains("is named twice"), "{files:?}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(".", place.0.path().join("loop")).unwrap();
        let folder = place.0.path().to_str().unwrap();
        let found = rows(&["analyze", "funnel", folder, "--steps", "x,x"]);
        assert_eq!(found[1]["users"], 0);
    }
}

/// A column with one text in it is a column of texts, and its numbers are still numbers.
#[test]
fn ways_of_writing_a_number_are_one_user_beside_texts() {
    let place = Place::new();
    let text = "user_id,timestamp,event\n1,2024-01-01,a\n1.0,2024-01-02,b\nabc,2024-01-01,a\n007,2024-01-01,a\n7,2024-01-02,b\n";
    let found = rows(&["analyze", "funnel", &place.file("ids.csv", text), "--steps", "a,b"]);
    let users: Vec<i64> = found.iter().filter_map(|row| row["users"].as_i64()).collect();
    assert_eq!(users, [3, 1]);
}

#[test]
fn the_row_of_the_file_is_named_though_rows_before_it_were_left_out() {
    let place = Place::new();
    let text = "user_id,timestamp\na,2024-01-01\n,2024-01-01\n,2024-01-01\nb,9999-12-31 23:30\n";
    let file = place.file("late.csv", text);
    let words = ["analyze", "activity", &file, "--timezone", "America/New_York"];
    let message = fails(&words);
    assert!(message.contains("row 4") && message.contains("out of range"), "{message}");
}
