//! Inputs: a question to the program, and the files it is about.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use casebook::polars::prelude::*;
use casebook::warehouse::Sink as _;
use casebook::warehouse::files::{Folder, Format, read};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::ask::{KINDS, Kind, words};
use super::mutate::{self, ODD, below, one_in, pick};

/// A question to the program.
pub struct Case {
    /// What it is about, for counting.
    pub kind: String,
    pub words: Vec<String>,
    /// How its result is printed.
    pub format: String,
    /// Whether the words "inf" or "nan" are in the input: then they may be in the output.
    pub says_infinite: bool,
    /// The program that is written, if one is.
    pub program: Option<PathBuf>,
}

impl Case {
    /// Writes the files into a folder.
    pub fn new(rng: &mut ChaCha8Rng, place: &Path) -> Case {
        match rng.random_range(0..20) {
            0..=12 => analyze(rng, place),
            13..=16 => export(rng, place),
            17 => doctor(rng, place),
            _ => arguments(rng),
        }
    }
}

fn project() -> &'static Path {
    Path::new(crate::PROJECT)
}

fn says_infinite(text: &[u8], words: &[String]) -> bool {
    let text = [&String::from_utf8_lossy(text), words.join(" ").as_str()].concat().to_lowercase();
    text.contains("inf") || text.contains("nan")
}

fn sample(name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(project().join(format!("data/samples/{name}.csv")))
        .unwrap();
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// As a spreadsheet would, or a program that has its own idea of CSV.
fn csv_text(rng: &mut ChaCha8Rng, rows: &[Vec<String>]) -> Vec<u8> {
    let between = match rng.random_range(0..12) {
        0 => b';',
        1 => b'\t',
        2 => b'|',
        _ => b',',
    };
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .delimiter(between)
        .quote_style(if one_in(rng, 8) {
            csv::QuoteStyle::Always
        } else {
            csv::QuoteStyle::Necessary
        })
        .terminator(if one_in(rng, 8) {
            csv::Terminator::CRLF
        } else {
            csv::Terminator::Any(b'\n')
        })
        .from_writer(if one_in(rng, 20) { b"\xef\xbb\xbf".to_vec() } else { vec![] });
    rows.iter().for_each(|row| writer.write_record(row).unwrap());
    writer.into_inner().unwrap()
}

/// The rows as JSON, an object a line.
fn lines_of_json(rows: &[Vec<String>]) -> Vec<u8> {
    let Some((head, rows)) = rows.split_first() else { return vec![] };
    let object = |row: &Vec<String>| {
        let pairs = head.iter().zip(row).map(|(name, value)| {
            (name.clone(), serde_json::from_str(value).unwrap_or_else(|_| json!(value)))
        });
        Value::Object(pairs.collect()).to_string() + "\n"
    };
    rows.iter().map(object).collect::<String>().into_bytes()
}

fn parquet(rng: &mut ChaCha8Rng, name: &str, rows: &[Vec<String>], place: &Path) -> Vec<u8> {
    let frame = if one_in(rng, 2) {
        let path = project().join(format!("data/samples/{name}.csv"));
        read(path).unwrap().head(Some(rows.len()))
    } else {
        let mut names: Vec<&str> = vec![];
        let mut columns = vec![];
        for (place, name) in rows[0].iter().enumerate() {
            if !names.contains(&name.as_str()) {
                names.push(name);
                let cells = rows[1..].iter().map(|row| row.get(place).map(String::as_str));
                let cells: StringChunked = cells.collect();
                columns.push(cells.with_name(name.as_str().into()).into_column());
            }
        }
        DataFrame::new_infer_height(columns).unwrap()
    };
    let mut folder = Folder::create(&place.join("made"), Format::Parquet, "").unwrap();
    folder.append("table", &frame).unwrap();
    std::fs::read(&folder.finish().unwrap()[0].path).unwrap()
}

/// What a Parquet file says of itself stands at its end, before eight bytes without which nothing is read.
fn footer(rng: &mut ChaCha8Rng, data: &mut Vec<u8>) {
    let end = data.split_off(data.len().saturating_sub(8));
    let mut foot = data.split_off(data.len().saturating_sub(3_000));
    mutate::bytes(rng, &mut foot);
    data.extend([foot, end].concat());
}

fn analyze(rng: &mut ChaCha8Rng, place: &Path) -> Case {
    let kind: &Kind = &KINDS[below(rng, KINDS.len())];
    let mut rows = sample(kind.sample);
    rows.truncate([2, 12, 60, 400][below(rng, 4)]);
    let damages = rng.random_range(0..5);
    for _ in 0..damages {
        mutate::rows(rng, &mut rows);
    }
    let columns = rows.first().cloned().unwrap_or_default();
    let (extension, mut data) = match rng.random_range(0..16) {
        0..=2 => ("parquet", parquet(rng, kind.sample, &rows, place)),
        3 => ("jsonl", lines_of_json(&rows)),
        4 => {
            let text = csv_text(rng, &rows);
            let mut packed = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
            packed.write_all(&text).unwrap();
            ("csv.gz", packed.finish().unwrap())
        }
        5 => ("tsv", csv_text(rng, &rows)),
        _ => ("csv", csv_text(rng, &rows)),
    };
    let damaged = one_in(rng, 3);
    if damaged {
        for _ in 0..rng.random_range(1..4) {
            match extension == "parquet" && one_in(rng, 2) {
                true => footer(rng, &mut data),
                false => mutate::bytes(rng, &mut data),
            }
        }
    }
    // Seldom a lie about what a file is.
    let called =
        if one_in(rng, 40) { pick(rng, &["csv", "parquet", "xlsx", ""]) } else { extension };
    let file = format!("in.{called}");
    std::fs::write(place.join(&file), &data).unwrap();
    std::fs::copy(project().join("data/samples/users.csv"), place.join("users.csv")).unwrap();
    let mut words = words(rng, kind, &file, &columns);
    let format = pick(rng, &["json", "json", "csv", "table"]);
    words.extend(["--format".into(), format.into()]);
    if one_in(rng, 4) {
        words.extend(["--chart".into(), pick(rng, &["out.svg", "out.png"]).into()]);
    }
    let says_infinite =
        says_infinite(&data, &words) || extension == "parquet" || extension == "csv.gz";
    let how = if damaged { " damaged" } else { "" };
    let kind = format!("analyze {} {extension}{how}", kind.name);
    Case { kind, format: format.to_owned(), says_infinite, words, program: None }
}

/// What stands in cells, or might.
const RUST: [&str; 44] = [
    "let x = 1;",
    "x",
    "x + 1 // sum",
    "\n",
    "\r",
    "\r\n",
    ":dep a = \"1\"\n",
    "\n:vars",
    "!ls\n",
    "\"",
    "'",
    "r#\"",
    "\"#",
    "/*",
    "*/",
    "//",
    "///",
    "//!",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "fn f() {}",
    "use a::b;",
    "struct S;",
    "async { 1 }",
    ".await",
    "#![allow(x)]",
    "#!/bin/sh",
    "#[a]",
    "'a: loop {}",
    "b\"",
    "c\"\\",
    "|x| ",
    "0x",
    "1e",
    ";",
    "macro_rules! m { () => {} }",
    "let config: a::Config = a::Config::default();",
];

fn export(rng: &mut ChaCha8Rng, place: &Path) -> Case {
    let names = ["00_start_here", "02_saas_take_home", "04_notion_growth"];
    let path = project().join(format!("notebooks/{}.ipynb", pick(rng, &names)));
    let known: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let known = known["cells"].as_array().unwrap();
    let mut cells = vec![];
    for _ in 0..rng.random_range(0..8) {
        let mut cell = known[below(rng, known.len())].clone();
        let lines = cell["source"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut source = lines.collect::<String>();
        for _ in 0..rng.random_range(0..4) {
            let at = (below(rng, source.len() + 1)..=source.len())
                .find(|at| source.is_char_boundary(*at));
            let at = at.unwrap_or(0);
            match rng.random_range(0..8) {
                0 => source.insert_str(at, pick(rng, &ODD)),
                1 => source.truncate(at),
                2 => source = source[at..].to_owned(),
                3 => {
                    let many = [10, 300, 20_000, 300_000][below(rng, 4)];
                    source.insert_str(at, &pick(rng, &RUST).repeat(many));
                }
                _ => source.insert_str(at, pick(rng, &RUST)),
            }
        }
        cell["source"] = match rng.random_range(0..8) {
            0 => json!(source),
            1 => json!(source.lines().collect::<Vec<_>>()),
            2 if one_in(rng, 4) => json!({"a": 1}),
            _ => json!(source.split_inclusive('\n').collect::<Vec<_>>()),
        };
        if let Some(cell) = cell.as_object_mut() {
            cell.remove("outputs");
            if one_in(rng, 10) {
                cell.insert(
                    "cell_type".into(),
                    json!(pick(rng, &["code", "raw", "heading", "markdown", ""])),
                );
            }
        }
        cells.push(cell);
    }
    let notebook = match rng.random_range(0..12) {
        0 => json!({"worksheets": [{"cells": cells}], "nbformat": 3}),
        1 => json!([cells]),
        _ => json!({"cells": cells, "nbformat": 4}),
    };
    let mut data = notebook.to_string().into_bytes();
    if one_in(rng, 5) {
        mutate::bytes(rng, &mut data);
    }
    std::fs::write(place.join("in.ipynb"), &data).unwrap();
    let mut words: Vec<String> = ["export", "in.ipynb", "-o", "out.rs"].map(str::to_owned).to_vec();
    if one_in(rng, 5) {
        words.push("--seeds".into());
    }
    let program = Some(place.join("out.rs"));
    Case { kind: "export".into(), words, format: String::new(), says_infinite: true, program }
}

/// What `casebook generate` makes, by name.
fn generated() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        for words in ["--format csv", "--format parquet --part 1/2", "--format parquet --part 2/2"]
        {
            let words = format!("generate saas --companies 20 --months 3 {words} --out");
            let program = env!("CARGO_BIN_EXE_casebook");
            let made =
                Command::new(program).args(words.split(' ')).arg(place.path()).output().unwrap();
            assert!(made.status.success());
        }
        let files = std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap());
        files
            .map(|file| {
                (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())
            })
            .collect()
    })
}

fn doctor(rng: &mut ChaCha8Rng, place: &Path) -> Case {
    let folder = place.join("folder");
    std::fs::create_dir(&folder).unwrap();
    for (name, data) in generated() {
        let mut data = data.clone();
        let often = if name.ends_with("json") { 3 } else { 8 };
        if one_in(rng, often) {
            mutate::bytes(rng, &mut data);
        }
        let name =
            if one_in(rng, 40) { format!("manifest-{}.json", below(rng, 9)) } else { name.clone() };
        match rng.random_range(0..40) {
            0 => {}
            1 => std::fs::create_dir_all(folder.join(&name)).unwrap(),
            _ => {
                let _ = std::fs::write(folder.join(&name), &data);
            }
        }
    }
    let words = vec!["doctor".into(), "folder".into()];
    Case { kind: "doctor".into(), words, format: String::new(), says_infinite: true, program: None }
}

/// Each case's words that make it small, and what else it may be told.
const CASES: [(&str, &str); 4] = [
    ("saas", "--companies 5 --months 3"),
    ("mentor", "--users 10 --months 6 --mentors 5"),
    ("notion", "--users 50 --months 6"),
    ("ecommerce", "--users 20 --days 30"),
];
const TOLD: [(&str, &[&str]); 10] = [
    ("--seed", &["0", "18446744073709551615", "-1", "x"]),
    (
        "--start",
        &["2024-01-01", "2024-01", "9999-12", "0000-01", "2024-02-30", "262142-01-01", "x"],
    ),
    (
        "--part",
        &["1/1", "1/2", "0/2", "3/2", "4294967295/4294967295", "1/4294967295", "1/0", "x", ""],
    ),
    ("--format", &["csv", "parquet", "sqlite", "x"]),
    ("--threads", &["1", "3", "0", "70000"]),
    ("--products", &["0", "1", "70000", "10"]),
    ("--awkward-names", &["0.5", "2", "nan", "-0"]),
    ("--share-small", &["0.5", "nan", "inf", "1e308"]),
    ("--events-per-user", &["5", "0", "nan", "1e308", "inf"]),
    ("--preset", &["default", "sticky", "x"]),
];

fn arguments(rng: &mut ChaCha8Rng) -> Case {
    let mut words: Vec<String> = vec![];
    if one_in(rng, 3) {
        // Anything at all, which never means much work.
        let some = [
            "analyze",
            "doctor",
            "export",
            "help",
            "funnel",
            "ab",
            "--help",
            "--version",
            "--steps",
            "-",
            "--",
            "-o",
            "x",
            "in.csv",
            "--format",
            "json",
            "--rows",
            "-1",
            "=",
            "--=x",
            "🎈",
            "\u{1b}",
            "",
            "@x",
            "/dev/null",
            ".",
        ];
        for _ in 0..rng.random_range(0..8) {
            words.push(pick(rng, &some).to_owned());
        }
        // Without a folder it looks at the machine, which takes what it takes.
        if words.contains(&"doctor".to_owned()) {
            words.push("here".into());
        }
    } else {
        let (case, small) = CASES[below(rng, CASES.len())];
        let task = pick(rng, &["generate", "generate", "load", "report"]);
        words.extend([task, case].map(str::to_owned));
        words.extend(small.split(' ').map(str::to_owned));
        for _ in 0..rng.random_range(0..3) {
            let (option, values) = TOLD[below(rng, TOLD.len())];
            words.push(format!("{option}={}", pick(rng, values)));
        }
        words.extend(
            if task == "load" { ["--sqlite", "out.sqlite"] } else { ["--out", "out"] }
                .map(str::to_owned),
        );
    }
    let kind = words.iter().take(2).cloned().collect::<Vec<_>>().join(" ");
    Case {
        kind: format!("words: {kind}"),
        words,
        format: String::new(),
        says_infinite: true,
        program: None,
    }
}
