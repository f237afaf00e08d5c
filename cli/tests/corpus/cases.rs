//! The files.

use std::path::{Path, PathBuf};

use casebook::chrono::NaiveDateTime;
use serde_json::Value;

use super::style::{Case, EVENTS, Expected, PLAIN, Style, gzip, utf16};

/// The ways of writing a time that are known without being told.
const TIMES: [&str; 36] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.123Z",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%S.123456 UTC",
    "%Y-%m-%d %H:%M:%S+00",
    "%Y-%m-%d %H:%M:%S.123+00:00",
    "%Y-%m-%d %H:%M:%S +0000",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%-m-%-d %-H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%-m/%-d/%Y %-I:%M %p",
    "%-m/%-d/%Y %-I:%M:%S %p",
    "%m/%d/%Y, %I:%M:%S %p",
    "%d.%m.%Y %H:%M",
    "%-d.%-m.%Y, %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y%m%dT%H%M%SZ",
    "%Y%m%d %H:%M:%S",
    "%s",
    "%s000",
    "%s000000",
    "%s000000000",
    "%s.0",
    "%s.123",
    "%d %b %Y %H:%M",
    "%b %-d, %Y %-I:%M %p",
    "%a, %d %b %Y %H:%M:%S +0000",
];

/// How a user is written.
type Id = fn(u32) -> String;

/// Identifiers that go through.
const IDS: [(&str, Id); 11] = [
    ("numbers after a point", |id| format!("{id}.0")),
    ("below zero", |id| format!("-{id}")),
    ("zeros before", |id| format!("00{id}")),
    ("a number that a zero before tells from another", |id| match id {
        2 => "01".to_owned(),
        id => id.to_string(),
    }),
    ("twenty digits", |id| format!("1000000000000000000{id}")),
    ("text", |id| format!("u{id}")),
    ("text with spaces", |id| format!("user number {id}")),
    ("UUID", |id| format!("6ba7b810-9dad-11d1-80b4-00c04fd430c{id}")),
    ("e-mail", |id| format!("user{id}@example.com")),
    ("anything but ASCII", |id| format!("Zoë 🎈 {id}")),
    ("a comma within", |id| format!("Doe, {id}")),
];

/// All of them.
pub fn all() -> Vec<Case> {
    let lists = [
        written_times(),
        written_ids(),
        written_tables(),
        written_amounts(),
        written_lines(),
        several_files(),
        parquet_files(),
    ];
    lists.into_iter().flatten().collect()
}

fn written_times() -> Vec<Case> {
    TIMES
        .iter()
        .map(|time| Case::csv(&format!("time {time}"), Style { time, ..PLAIN }.text()))
        .chain([
            Case::csv("days in eight digits", Style { time: "%Y%m%d", ..PLAIN }.text())
                .expects(Expected::Days),
            Case::csv("days", Style { time: "%Y-%m-%d", ..PLAIN }.text()).expects(Expected::Days),
            Case::csv("days, the day first", Style { time: "%d/%m/%Y", ..PLAIN }.text())
                .expects(Expected::Days),
            Case::csv("hours in ten digits", Style { time: "%Y%m%d%H", ..PLAIN }.text())
                .expects(Expected::Days),
            Case::csv(
                "another clock",
                Style { time: "%Y-%m-%dT%H:%M:%S+02:00", ..PLAIN }.text(),
            )
            .with(&["--timezone", "Europe/Kyiv"]),
            Case::csv("years of two digits", Style { time: "%m/%d/%y %H:%M", ..PLAIN }.text())
                .refused("--time-format"),
            Case::csv("a format that is said", Style { time: "%m/%d/%y %H:%M", ..PLAIN }.text())
                .with(&["--time-format", "%m/%d/%y %H:%M"]),
            Case::csv("a zone's letters", Style { time: "%Y-%m-%d %H:%M:%S CET", ..PLAIN }.text())
                .refused("--time-format"),
            Case::csv(
                "day or month",
                "user_id,event,timestamp\n1,visit,03/04/2024\n2,visit,05/04/2024\n3,cart,06/04/2024\n",
            )
            .refused(
                "\"03/04/2024\", \"05/04/2024\", \"06/04/2024\"; use --time-format \"%d/%m/%Y\" (likely) or \
                 \"%m/%d/%Y\"",
            ),
            Case::csv(
                "no row decides, with a clock",
                "user_id,event,timestamp\n1,visit,3/4/2024 9:05 PM\n",
            )
            .refused("%m/%d/%Y %I:%M %p"),
            Case::csv(
                "rows contradict",
                "user_id,event,timestamp\n1,visit,31/01/2024\n2,visit,01/31/2024\n",
            )
            .refused("row 2: `timestamp` is \"01/31/2024\", with the month first, and row 1"),
            Case::csv(
                "zones are mixed",
                "user_id,event,timestamp\n1,visit,2024-01-30T10:00:00+01:00\n1,visit,2024-01-30T10:00:00+02:00\n",
            )
            .refused("--timezone"),
        ])
        .collect()
}

fn written_ids() -> Vec<Case> {
    let lacking = |word: &str| PLAIN.and(&[&format!("{word},visit,2024-01-30 10:00:00,")]);
    IDS.iter()
        .map(|(name, id)| Case::csv(&format!("ids: {name}"), Style { id: *id, ..PLAIN }.text()))
        .chain(
            ["", "NULL", "NaN", "None", "NA", "\\N", "null", "<NA>", " "]
                .map(|word| Case::csv(&format!("no id is {word:?}"), lacking(word))),
        )
        .chain([
            Case::csv("rows without an id are refused if asked", lacking(""))
                .with(&["--missing-ids", "refuse"])
                .refused("row 8: `user_id` is empty; --missing-ids skip"),
            Case::csv("a user who is called None", PLAIN.and(&["None,cart,2024-01-31 08:00:00,"]))
                .with(&["--keep-null-words", "--missing-ids", "refuse"])
                .expects(Expected::Shifted([("2024-01-30", 2), ("2024-01-31", 4)])),
            Case::csv(
                "quoted ids with zeros before",
                Style { id: |id| format!("0{id}"), quoted: true, ..PLAIN }.text(),
            ),
        ])
        .collect()
}

fn written_tables() -> Vec<Case> {
    let semicolons = Style { between: ";", ..PLAIN };
    let tabs = Style { between: "\t", ..PLAIN };
    let bars = Style { between: "|", ..PLAIN };
    let quoted = Style { quoted: true, ..PLAIN };
    let named = |head: [&'static str; 4]| Style { head, ..PLAIN }.text();
    vec![
        Case::csv("semicolons", semicolons.text()),
        Case::csv("tabs in a .csv", tabs.text()),
        Case::new("tabs in a .tsv", "events.tsv", tabs.text()),
        Case::new("bars in a .txt", "events.txt", bars.text()),
        Case::csv("tabs that are said", tabs.text()).with(&["--delimiter", "\\t"]),
        Case::csv("carets", Style { between: "^", ..PLAIN }.text()).with(&["--delimiter", "^"]),
        Case::csv("carets that are not said", Style { between: "^", ..PLAIN }.text())
            .refused("--delimiter"),
        Case::csv("a spreadsheet's first line", format!("sep=;\n{}", semicolons.text())),
        Case::csv("commas in a header's quotes", {
            let head = ["user_id", "event", "timestamp", "amount,in,euros,and,cents"];
            Style { head, between: ";", ..PLAIN }.text()
        }),
        Case::csv("everything in quotes", quoted.text()),
        Case::csv("quotes and semicolons", Style { between: ";", ..quoted }.text()),
        Case::csv("lines within quotes", {
            let text = quoted.text().replace(",\"\"\n", ",\"a\nb,\"\"c\"\"\"\n");
            text.replace("\"amount\"", "\"note\"")
        }),
        Case::csv("quotes within values", PLAIN.text().replace(",\n", ",5\" disc\n")),
        Case::csv("lines of Windows", Style { end: "\r\n", ..PLAIN }.text()),
        Case::csv("lines of old Macs", Style { end: "\r", ..PLAIN }.text()),
        Case::csv("quotes and lines of Windows", Style { end: "\r\n", ..quoted }.text()),
        Case::csv("a mark of byte order", format!("\u{feff}{}", PLAIN.text())),
        Case::csv("a mark before quotes", format!("\u{feff}{}", quoted.text())),
        Case::csv("UTF-16", utf16(&tabs.text(), true)),
        Case::csv("UTF-16 the other way round", utf16(&PLAIN.text(), false)),
        Case::csv("no end of the last line", PLAIN.text().trim_end_matches('\n')),
        Case::csv("empty lines", PLAIN.text().replace('\n', "\n\n")),
        Case::csv("spaces around values", PLAIN.text().replace(',', " , ")),
        Case::csv("names in capitals", named(["USER_ID", "EVENT", "TIMESTAMP", "AMOUNT"])),
        Case::csv("names with spaces", named(["User ID", "Event", "Timestamp", "Amount"])),
        Case::csv("names of many words", named(["userId", "Event", "TimeStamp", "Amount"])),
        Case::csv("spaces around names", named([" user_id ", " event ", "timestamp ", " amount"])),
        Case::csv("names that are said", named(["who", "what", "when", "much"]))
            .with(&["--user", "who", "--event", "what", "--time", "when"]),
        Case::csv("a name nearly right", named(["usr_id", "event", "timestamp", "amount"]))
            .refused("did you mean `usr_id`?"),
        Case::csv("a row that is too short", PLAIN.and(&["3,visit"])).refused("row 8 has 2 values"),
        Case::csv(
            "Latin letters of Windows",
            b"user_id,event,timestamp\nZo\xeb,visit,2024-01-30\n",
        )
        .refused("iconv"),
        Case::csv("a spreadsheet", b"PK\x03\x04rest").refused("save it as CSV"),
        Case::new("gzip", "events.csv.gz", gzip(&PLAIN.text())),
        Case::new("zstd", "events.csv.zst", include_bytes!("events.csv.zst")),
        Case::csv("gzip by another name", gzip(&PLAIN.text())),
        Case::new("half of gzip", "events.csv.gz", &gzip(&PLAIN.text())[..60]).refused("damaged"),
        Case::new("no ending", "part-00000", PLAIN.text()),
    ]
}

fn written_amounts() -> Vec<Case> {
    let paid = "visit,cart,purchase[amount>=50]";
    let exactly = "visit,cart,purchase[amount=50]";
    let much = "visit,cart,purchase[amount>=1050]";
    let amount = |amount: &'static str| {
        Case::csv(&format!("amount {amount}"), Style { amount, ..PLAIN }.text())
    };
    let wide = |amount: &'static str| {
        let text = Style { amount, between: ";", ..PLAIN }.text();
        Case::csv(&format!("amount {amount} between semicolons"), text)
    };
    vec![
        amount("50").steps(exactly),
        amount("50.0").steps(exactly),
        amount("50.00").steps("visit,cart,purchase[amount=50.0]"),
        amount("50").steps(paid),
        amount("$50.00").steps(paid),
        amount("50.00 €").steps(paid),
        amount("EUR 50.00").steps(paid),
        amount("5e1").steps(paid),
        amount("1,050.00").steps(much),
        amount("$1,050.00").steps(much),
        amount("1,050").steps(much).with(&["--thousands"]),
        amount("1,050").steps(much).refused("--thousands"),
        wide("50,50").steps(paid).refused("--decimal-comma"),
        wide("50,50").steps(paid).with(&["--decimal-comma"]),
        wide("1.050,00 €").steps(much).with(&["--decimal-comma"]),
        amount("fifty").steps(paid).refused("it must be a number"),
        Case::csv("no amount is NULL", PLAIN.text().replace(",\n", ",NULL\n")).steps(paid),
        Case::csv(
            "two currencies",
            "user_id,event,timestamp,amount\n1,visit,2024-01-30,$5\n1,visit,2024-01-30,€5\n",
        )
        .steps("visit,visit[amount>=5]")
        .refused("currencies are mixed"),
        Case::csv("a code is a text", Style { amount: "007", ..PLAIN }.text())
            .steps("visit,cart,purchase[amount=007]"),
        Case::csv("a code is no number", Style { amount: "007", ..PLAIN }.text())
            .steps("visit,cart,purchase[amount=7]")
            .refused("never occurs"),
    ]
}

/// A JSON object on each line.
fn json_lines(more: &str, id: fn(u32) -> Value, time: fn(NaiveDateTime) -> Value) -> String {
    let line = |(user, event, at, amount): (u32, &str, &str, &str)| {
        let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").unwrap();
        let amount: Value = amount.parse::<f64>().map_or(Value::Null, Value::from);
        let (id, time) = (id(user), time(at));
        format!(
            "{{{more}\"user_id\": {id}, \"event\": \"{event}\", \"timestamp\": {time}, \"amount\": {amount}}}\n"
        )
    };
    EVENTS.map(line).concat()
}

fn written_lines() -> Vec<Case> {
    let iso = |at: NaiveDateTime| Value::from(at.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    let seconds = |at: NaiveDateTime| Value::from(at.and_utc().timestamp());
    let fractions = |at: NaiveDateTime| Value::from(at.and_utc().timestamp() as f64 + 0.25);
    let plain = json_lines("", |id| id.into(), iso);
    vec![
        Case::new("JSON lines", "events.jsonl", &plain),
        Case::new("JSON lines by another name", "events.ndjson", &plain),
        Case::new("JSON lines in a .json", "events.json", &plain),
        Case::new("JSON lines of Windows", "events.jsonl", plain.replace('\n', "\r\n")),
        Case::new("JSON lines in gzip", "events.jsonl.gz", gzip(&plain)),
        Case::new("texts in JSON", "e.jsonl", json_lines("", |id| format!("ü\"{id}").into(), iso)),
        Case::new("seconds in JSON", "events.jsonl", json_lines("", |id| id.into(), seconds)),
        Case::new(
            "fractions in JSON",
            "events.jsonl",
            json_lines("", |id| f64::from(id).into(), fractions),
        ),
        Case::new(
            "nested values beside",
            "events.jsonl",
            json_lines("\"geo\": {\"x\": [1, 2]}, \"tags\": [], ", |id| id.into(), iso),
        ),
        Case::new("amounts in JSON", "events.jsonl", &plain)
            .steps("visit,cart,purchase[amount=50]"),
        Case::new("null for a user", "events.jsonl", {
            let more = "{\"user_id\": null, \"event\": \"visit\", \"timestamp\": \"2024-01-30T10:00:00Z\"}\n";
            plain.clone() + more + &more.replace("\"user_id\": null, ", "")
        }),
        Case::new("a JSON array", "events.json", "[{\"user_id\": 1}]").refused("jq -c '.[]'"),
        Case::new("broken JSON", "events.jsonl", plain.replace("4,", "4 "))
            .refused("row 5 is not a JSON object"),
        Case::new("a list for a user", "events.jsonl", plain.replace("4,", "[4],"))
            .refused("row 5: `user_id` holds a list"),
    ]
}

fn several_files() -> Vec<Case> {
    let [one, other] = PLAIN.halves();
    let parquet = std::fs::read(made("duckdb")).unwrap();
    vec![
        Case::new("two files", "a.csv", &one).also("b.csv", &other).words(&["@a.csv", "@b.csv"]),
        Case::new("a folder", "2024/a.csv", &one)
            .also("2024/b.csv", &other)
            .also("2024/_SUCCESS", "")
            .words(&["@2024"]),
        Case::new("folders in a folder", "e/day=30/a.csv", &one)
            .also("e/day=31/a.csv.gz", gzip(&other))
            .words(&["@e"]),
        Case::new("a pattern", "a-1.csv", &one)
            .also("a-2.csv", &other)
            .also("b.csv", "x")
            .words(&["@a-*.csv"]),
        Case::new("a pattern that fits nothing", "a.csv", &one)
            .words(&["@b*.csv"])
            .refused("no file matches"),
        Case::new("kinds that differ", "e/a.csv", &one)
            .also("e/b.jsonl", "{}")
            .words(&["@e"])
            .refused("name those"),
        Case::new("columns in another order", "a.csv", &one)
            .also("b.csv", {
                let rows =
                    other.lines().map(|line| line.split(',').rev().collect::<Vec<_>>().join(","));
                rows.collect::<Vec<_>>().join("\n")
            })
            .words(&["@a.csv", "@b.csv"]),
        Case::new("ids that only one file writes as fractions", "a.csv", &one)
            .also("b.csv", Style { id: |id| format!("{id}.0"), ..PLAIN }.halves()[1].clone())
            .words(&["@a.csv", "@b.csv"]),
        Case::new("times that only one file decides", "a.csv", {
            "user_id,event,timestamp\n9,other,01/02/2024\n"
        })
        .also("b.csv", Style { time: "%d/%m/%Y %H:%M", ..PLAIN }.text())
        .words(&["@b.csv", "@a.csv"]),
        Case::new("Parquet beside CSV", "a.parquet", &parquet)
            .also("b.csv", "user_id,event,timestamp\n9,other,2024-02-01\n")
            .words(&["@a.parquet", "@b.csv"]),
        Case::csv("standard input", "").words(&["-"]).given(PLAIN.text()),
        Case::csv("packed standard input", "").words(&["-"]).given(gzip(&PLAIN.text())),
        Case::csv("JSON lines from standard input", "").words(&["-"]).given(json_lines(
            "",
            |id| id.into(),
            |at| at.to_string().into(),
        )),
        Case::csv("Parquet from standard input", "").words(&["-"]).given(&parquet),
    ]
}

/// A file that make.py wrote.
pub fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(format!("{name}.parquet"))
}

fn parquet_files() -> Vec<Case> {
    let mut names: Vec<String> = std::fs::read_dir(made("x").parent().unwrap())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".parquet").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() > 60, "{names:?}");
    let shifted = Expected::Shifted;
    names
        .iter()
        .map(|name| {
            let case =
                Case::new(name, &format!("{name}.parquet"), std::fs::read(made(name)).unwrap());
            let case = match name.as_str() {
                name if name.starts_with("amount") => case.steps("visit,cart,purchase[amount=50]"),
                name if name.starts_with("duckdb-decimal") => {
                    case.steps("visit,cart,purchase[amount>=50]")
                }
                _ => case,
            };
            match name.as_str() {
                // The last event is after midnight there.
                "time-berlin" | "time-ahead" => {
                    case.expects(shifted([("2024-01-30", 2), ("2024-01-31", 2)]))
                }
                name if name.starts_with("day-") || name == "duckdb-date" => {
                    case.expects(Expected::Days)
                }
                _ => case,
            }
        })
        .collect()
}
