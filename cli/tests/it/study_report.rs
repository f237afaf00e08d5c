//! `casebook report study`: the same figures as the study on generated data, and errors that help.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use casebook::frame::Verbs;
use casebook::polars::prelude::*;
use casebook::warehouse::files;

use crate::notion_report;

/// The example config, for tables in a folder next to it.
fn example(data: &Path) -> String {
    let shown = run(&["report", "study", "--example"]);
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    let folder = data.display().to_string();
    // What the study of two thousand users for eight months observed.
    text.replace("data/out/notion/data", &folder).replace("2025-01-01", "2023-09-01")
}

fn run(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_casebook"))
        .args(words)
        .current_dir(crate::PROJECT)
        .output()
        .unwrap()
}

/// Runs a study in a folder.
fn study(folder: &Path, config: &str) -> Output {
    let path = folder.join("study.json");
    std::fs::write(&path, config).unwrap();
    let words = ["report", "study", "--fresh", "--config"];
    Command::new(env!("CARGO_BIN_EXE_casebook"))
        .args(words)
        .arg(&path)
        .arg("--out")
        .arg(folder.join("out"))
        .output()
        .unwrap()
}

fn done(folder: &Path, config: &str) -> PathBuf {
    let output = study(folder, config);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("out")
}

fn refused(folder: &Path, config: &str) -> String {
    let output = study(folder, config);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && !message.contains("panicked"), "{message}");
    message
}

fn metric(out: &Path, name: &str) -> DataFrame {
    files::read(out.join("metrics").join(name).with_extension("parquet")).unwrap()
}

/// Keeps the rows of one attribute, with its groups under their own name.
fn of(frame: &DataFrame, attribute: &str) -> DataFrame {
    frame.keep(col("attribute").eq(lit(attribute))).unwrap()
}

fn same(name: &str, ours: &DataFrame, theirs: &DataFrame) {
    let names = theirs.get_column_names_owned();
    let ours = ours.select(names).unwrap();
    assert!(ours.equals_missing(theirs), "{name}\n{ours}\n{theirs}");
}

#[test]
fn figures_on_exported_tables_are_those_of_the_generated_study() {
    let made = notion_report::made();
    let folder = tempfile::tempdir().unwrap();
    let out = done(folder.path(), &example(&made.join("data")));
    let (ours, theirs) = (|name: &str| metric(&out, name), |name: &str| metric(made, name));
    let alike = [
        ("engagement", "engagement"),
        ("north_star", "north_star"),
        ("funnel_metrics", "funnel_metrics"),
        ("fast_activation", "fast_activation"),
        ("cohort_retention", "cohort_retention"),
        ("retention_matrix", "retention_matrix"),
        ("retention_curve", "retention_curve"),
        ("feature_adoption", "feature_adoption"),
        ("power_users", "power_users"),
        ("recurring", "revenue"),
    ];
    for (own, name) in alike {
        same(name, &ours(own), &theirs(name));
    }
    // Activation by channel, and for all.
    let (own, theirs_by) = (ours("activation"), theirs("activation"));
    let own = concat(
        [
            of(&own, "acquisition_channel").lazy(),
            of(&own, "all").lazy().with_column(lit("all").alias("group")),
        ],
        UnionArgs::default(),
    );
    let mut own = own.unwrap().collect().unwrap();
    own.rename("group", "acquisition_channel".into()).unwrap();
    same("activation", &own, &theirs_by);
    // Stages by segment and channel.
    let (long, wide) = (ours("segment_funnel"), theirs("segment_funnel"));
    let mut compared = 0;
    for attribute in ["segment", "acquisition_channel"] {
        let (long, wide) = (of(&long, attribute), of(&wide, attribute));
        for stage in ["activation", "engagement", "habit", "collaboration"] {
            let rows = long.keep(col("name").eq(lit(stage))).unwrap();
            let rows = rows.sort(["group"], SortMultipleOptions::default()).unwrap();
            let rates = rows.column("step_rate").unwrap().as_materialized_series().clone();
            let wide = wide.column(stage).unwrap().as_materialized_series();
            assert!(rates.with_name(stage.into()).equals_missing(wide), "{attribute}, {stage}");
            compared += rows.height();
        }
        let (paid, wide_paid) = (of(&ours("paid_by_segment"), attribute), &wide);
        for (column, theirs) in [("paid", "paid"), ("rate", "paid_rate"), ("low", "low")] {
            let ours = paid.column(column).unwrap().as_materialized_series().clone();
            let theirs = wide_paid.column(theirs).unwrap().as_materialized_series();
            assert!(ours.with_name(theirs.name().clone()).equals_missing(theirs), "{column}");
        }
    }
    assert_eq!(compared, 40);
    // Key figures with the same name and meaning.
    let (own, theirs_key) = (ours("key_metrics"), theirs("key_metrics"));
    let key = |frame: &DataFrame, name: &str| frame.value("value", "metric", name).unwrap();
    for name in [
        "users",
        "events",
        "dau",
        "wau",
        "mau",
        "stickiness",
        "north star",
        "paid",
        "visitors who sign up",
        "engagement",
        "habit",
        "paying customers",
        "recurring revenue a month",
        "top decile's share of activity",
    ] {
        let said = if name.ends_with("au") { name.to_uppercase() } else { name.to_owned() };
        assert_eq!(key(&own, &said), key(&theirs_key, name), "{name}");
    }
    let report = std::fs::read_to_string(out.join("report.txt")).unwrap();
    assert!(report.contains("Revenue: the config has no payments"), "{report}");
}

/// A small shop: two users who come back, and one who doesn't.
const EVENTS: &str = "id,at,what\n1,2024-01-01 10:00,visit\n1,2024-01-01 11:00,buy\n1,2024-01-02 09:00,visit\n\
                      2,2024-01-01 12:00,visit\n2,2024-01-08 12:00,visit\n3,2024-01-03 12:00,visit\n";

fn shop(folder: &Path) -> &'static str {
    std::fs::write(folder.join("events.csv"), EVENTS).unwrap();
    r#""events": { "files": ["events.csv"], "user": "id", "time": "at", "event": "what" }"#
}

#[test]
fn what_the_config_does_not_name_is_left_out_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(folder.path());
    let funnel = r#""funnel": { "steps": ["visit", "buy"], "days": 7 }"#;
    let out = done(folder.path(), &format!("{{\n // A shop.\n {events}, {funnel}\n}}"));
    let left = metric(&out, "left_out");
    let sections: Vec<&str> =
        left.column("section").unwrap().str().unwrap().iter().flatten().collect();
    for section in
        ["North Star", "Activation", "Stages", "Power users", "Revenue", "Recurring revenue"]
    {
        assert!(sections.contains(&section), "{section}: {sections:?}");
    }
    let days = metric(&out, "retention_days");
    // Of three, one is back on day 1 and one on day 7: the third was observed for five days.
    assert_eq!(days.value("eligible", "day", 1).unwrap(), 3.0);
    assert_eq!(days.value("retained", "day", 1).unwrap(), 1.0);
    assert_eq!(days.value("eligible", "day", 7).unwrap(), 2.0);
    assert_eq!(days.value("retained", "day", 7).unwrap(), 1.0);
    let report = std::fs::read_to_string(out.join("report.md")).unwrap();
    for words in [
        "users start with their first event",
        "What is left out, and why",
        "**Activation**: the config has no `activation`",
    ] {
        assert!(report.contains(words), "{words}: {report}");
    }
    assert!(!report.contains("## North Star"), "{report}");
    assert!(out.join("dashboard.html").exists() && out.join("charts/event_funnel.svg").exists());
}

#[test]
fn unknown_names_are_told_with_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let events = shop(folder.path());
    let with = |more: &str| refused(folder.path(), &format!("{{ {events}, {more} }}"));
    let message = with(r#""funnel": { "steps": ["visit", "bye"] }"#);
    for part in ["`funnel.steps` is \"bye\"", "\"buy\", \"visit\"", "did you mean \"buy\"?"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let message = with(r#""activaton": {}"#);
    assert!(
        message.contains("did you mean `activation`?") && message.contains("line 1"),
        "{message}"
    );
    let message = with(r#""until": "2023-12-01""#);
    assert!(
        message.contains("`until` is \"2023-12-01\"") && message.contains("2024-01-01"),
        "{message}"
    );
    let message = refused(folder.path(), &format!("{{ {} }}", events.replace("\"at\"", "\"att\"")));
    for part in ["no column `att`", "`id`, `at`, `what`", "events.time names the column"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    std::fs::write(folder.path().join("users.csv"), "id,since\n7,2024-01-01\n").unwrap();
    let message = with(r#""users": { "files": ["users.csv"], "user": "id", "signup": "since" }"#);
    assert!(message.contains("none of its users"), "{message}");
    let message = with(r#""users": { "files": ["nobody.csv"] }"#);
    assert!(message.contains("nobody.csv"), "{message}");
}
