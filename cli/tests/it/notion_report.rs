//! `casebook report notion`: its levers' numbers are the library's, and its texts and pages show them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use casebook::cases::notion::{self, Config, Costs, Lever, World};
use casebook::decision;
use casebook::format::percent;
use casebook::frame::Verbs;
use casebook::polars::prelude::*;
use casebook_cli::report::notion::{FUTURES, HORIZON, Pilots, Study, company, panels};

/// As asked of the command; the company with pilots is larger and older.
fn asked() -> Config {
    Config { users: 2_000, months: 8, ..Config::default() }
}

/// A folder with the report, made once.
pub fn made() -> &'static Path {
    static MADE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("study");
        let words = ["report", "notion", "--users", "2000", "--months", "8", "--timing"];
        let done = Command::new(env!("CARGO_BIN_EXE_casebook"))
            .args(words)
            .arg(folder.path().join("times.txt"))
            .arg("--out")
            .arg(&path)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (folder, path)
    });
    path
}

fn read(name: &str) -> String {
    std::fs::read_to_string(made().join(name)).unwrap()
}

fn pilots() -> Pilots {
    Pilots::read(&made().join("pilots")).unwrap()
}

fn world() -> World {
    World::new(&company(&asked()), &notion::pilots(), HORIZON, Costs::default()).unwrap()
}

fn same(ours: &DataFrame, theirs: &DataFrame) {
    let names = theirs.get_column_names_owned();
    let ours = ours.select(names).unwrap();
    assert!(ours.equals_missing(theirs), "{ours}\n{theirs}");
}

#[test]
fn the_pilots_numbers_are_the_librarys() {
    let (world, found) = (world(), pilots());
    let frame = |name: &str| found.frame(name).unwrap();
    let launches = notion::pilots();
    let seen = world.seen().unwrap();
    let cells = notion::regions(seen, &launches).unwrap();
    same(frame("pilot_regions"), &cells);
    let estimates = notion::lever_estimates(seen, &launches).unwrap();
    same(frame("lever_effects"), &estimates);
    same(frame("lever_claims"), &notion::lever_claims(&cells, &estimates).unwrap());
    let truth = notion::lever_truth(&company(&asked())).unwrap();
    let before = frame("lever_effects");
    for (lever, outcome) in [(Lever::Sharing, "shared"), (Lever::Api, "dollars")] {
        let own = col("lever").eq(lit(lever.name())).and(col("outcome").eq(lit(outcome)));
        let row = before.keep(own.clone()).unwrap();
        let tested = notion::lever_panel(&cells, lever, outcome).unwrap().pre_trends(6).unwrap();
        assert_eq!(
            row.scalar("before_p_value").unwrap(),
            tested.scalar("p_value").unwrap(),
            "{lever:?}"
        );
        let planted = truth.keep(own).unwrap().scalar("effect").unwrap();
        assert_eq!(row.scalar("truth").unwrap(), planted);
    }
    let shared = notion::lever_panel(&cells, Lever::Sharing, "shared").unwrap();
    let around = frame("event_study").keep(col("lever").eq(lit("sharing"))).unwrap();
    same(&around, &shared.event_study(-6..=4).unwrap());
    let options = notion::options(&world).unwrap();
    same(frame("lever_options"), &decision::predictions(&options).unwrap());
    let twins = decision::compare(&world, &options, FUTURES).unwrap();
    same(frame("twin_worlds"), &twins.frame().unwrap());
    same(frame("lever_overlap"), &notion::overlap(&world).unwrap());
    same(frame("next_tests"), &notion::next_tests(&world).unwrap());
    let best = notion::best_schedule(&world).unwrap();
    let gain = frame("lever_schedules").value("gain", "schedule", "the best there is").unwrap();
    assert_eq!(gain, best.1);
}

/// Numbers as they stand in a text, with how often each does.
fn numbers(text: &str) -> BTreeMap<&str, usize> {
    let mut all = BTreeMap::new();
    let part = |letter: char| !(letter.is_ascii_digit() || ".,$%+-".contains(letter));
    for word in text.split(part) {
        let word = word.trim_matches(['.', ',', '-', '+']);
        if word.contains(|letter: char| letter.is_ascii_digit()) {
            *all.entry(word).or_default() += 1;
        }
    }
    all
}

#[test]
fn plain_text_and_markdown_carry_the_same_figures() {
    let (markdown, plain) = (read("report.md"), read("report.txt"));
    let (ours, theirs) = (numbers(&plain), numbers(&markdown));
    assert!(theirs.values().sum::<usize>() > 300, "{theirs:?}");
    assert_eq!(ours, theirs);
    for line in plain.lines() {
        assert!(line.chars().count() <= 100, "{line}");
        for mark in ["**", "](", "| ", "## ", "`"] {
            assert!(!line.contains(mark), "{mark:?} in {line:?}");
        }
    }
    for head in ["Growth opportunities", "What the pilots saw", "Recommendations", "Next steps"] {
        assert!(plain.lines().any(|line| line == head), "{head}");
    }
}

fn money(dollars: f64) -> String {
    casebook::chart::Unit::Dollars.text(dollars.round())
}

/// A lever or option as the text names it.
fn said(name: &str) -> String {
    name.replace("seo", "SEO").replace("api", "API")
}

#[test]
fn the_optimised_schedule_is_not_listed_beside_the_option_that_it_is() {
    let (text, found) = (read("report.md"), pilots());
    let options = found.frame("lever_options").unwrap();
    let gain = |option: &str| options.value("gain", "option", option).unwrap();
    let names = options.column("option").unwrap().str().unwrap().clone();
    let same =
        |name: &&str| *name != "optimised schedule" && gain(name) == gain("optimised schedule");
    let twin = names.iter().flatten().find(same);
    assert_eq!(text.contains("| optimised schedule |"), twin.is_none(), "{twin:?}");
    if let Some(twin) = twin {
        let words = format!("The schedule optimised by the estimates is {}.", said(twin));
        assert!(text.contains(&words), "{words}");
    }
}

#[test]
fn the_text_says_what_the_frames_hold() {
    let (text, found) = (read("report.md"), pilots());
    let frame = |name: &str| found.frame(name).unwrap();
    for name in ["lever_options", "twin_worlds"] {
        let options = frame(name).column("option").unwrap().str().unwrap().clone();
        for option in options.iter().flatten() {
            if option == "optimised schedule" {
                continue;
            }
            let of = |column: &str| money(frame(name).value(column, "option", option).unwrap());
            let said = said(option);
            let line = format!("| {said} | {} | {} to {} |", of("gain"), of("low"), of("high"));
            assert!(text.contains(&line), "{line}\n{text}");
        }
    }
    let claims = frame("lever_claims");
    for (lever, claim) in [("seo", "+25.0%"), ("sharing", "+15.6%"), ("templates", "+12.4%")] {
        let lift = percent(claims.value("lift", "lever", lever).unwrap());
        let row =
            text.lines().find(|line| line.starts_with(&format!("| {} | ", said(lever)))).unwrap();
        assert!(row.contains(claim) && row.contains(&lift), "{row}, {lift}");
    }
    let tests = frame("next_tests");
    let first = tests.column("lever").unwrap().str().unwrap().get(0).unwrap();
    assert!(text.contains(&format!("**Test {} next.**", said(first))), "{first}");
    let together = money(frame("lever_overlap").value("last", "lever", "together").unwrap());
    assert!(text.contains(&format!("All five together bring {together}")), "{together}");
    // Nothing is left of the figures that the deck's own arithmetic gave.
    for gone in ["Viral sharing", "Template discovery", "confidence", "$50.0M", "90%"] {
        assert!(!text.contains(gone), "{gone}");
    }
    // The company is another one than the one asked for, and the text says so.
    assert!(text.contains("large and old enough") && text.contains("20,000 sign-ups in 24 months"));
}

#[test]
fn the_dashboard_has_the_levers_panels() {
    let page = read("executive_dashboard.html");
    let study = Study::read(&made().join("metrics")).unwrap().with(pilots());
    let panels = panels(&study).unwrap();
    let ids: Vec<&str> = panels.iter().map(|panel| panel.id).collect();
    assert_eq!(ids[8..], ["levers", "event_study", "options", "twins", "overlap"]);
    for panel in &panels {
        assert!(page.contains(&format!("\"id\":\"{}\"", panel.id)), "{}", panel.id);
        assert!(made().join(format!("charts/{}.html", panel.id)).is_file(), "{}", panel.id);
        // What the title names in dollars is in the data of the chart.
        assert!(panel.rows() > 0 && panel.title.len() > 20, "{}", panel.title);
    }
    assert!(!page.contains("90% intervals"));
}

#[test]
fn a_report_of_the_business_alone_has_no_levers() {
    let study = Study::read(&made().join("metrics")).unwrap();
    assert!(study.frame("key_metrics").is_ok());
    let told = study.frame("lever_options").unwrap_err().to_string();
    assert!(told.contains("`frame` is lever_options"), "{told}");
}

#[test]
fn times_are_outside_the_results_and_other_files_are_kept() {
    let times = std::fs::read_to_string(made().join("../times.txt")).unwrap();
    let steps = ["data", "pilots", "metrics", "charts", "dashboard", "report", "all"];
    for step in steps {
        let line = times.lines().find(|line| line.starts_with(step)).unwrap();
        assert!(line.split_whitespace().nth(1).unwrap().parse::<f64>().is_ok(), "{line}");
    }
    let notes = made().join("../notes.txt");
    std::fs::write(&notes, "mine").unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_casebook"))
        .args(["report", "notion", "--users", "2000", "--months", "8", "--out"])
        .arg(made())
        .arg("--timing")
        .arg(&notes)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && told.contains("notes.txt"), "{told}");
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");
}
