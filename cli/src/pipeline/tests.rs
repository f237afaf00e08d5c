use std::collections::BTreeMap;

use super::*;

fn steps() -> Vec<Step> {
    vec![
        Step { name: "data", files: vec!["data/table.csv".into()] },
        Step { name: "report", files: vec!["report.md".into()] },
    ]
}

fn start(place: &Path, config: &str, manner: Manner) -> Result<Pipeline> {
    Pipeline::new(place, steps(), &config, manner)
}

/// Runs the steps, the second of which needs what the first made; which of them were made.
fn run(place: &Path, config: &str, manner: Manner) -> Result<Vec<&'static str>> {
    let mut pipeline = start(place, config, manner)?;
    let mut made = vec![];
    first(&mut pipeline, config, &mut made)?;
    pipeline.step(|work| {
        made.push("report");
        let data = fs::read_to_string(work.at("data").join("table.csv")).unwrap_or_default();
        put(&work.folder.join("report.md"), &format!("report on {data}"));
        Ok(Made::new("", 0))
    })?;
    pipeline.finish()?;
    Ok(made)
}

fn first(pipeline: &mut Pipeline, config: &str, made: &mut Vec<&'static str>) -> Result<()> {
    pipeline.step(|work| {
        made.push("data");
        put(&work.folder.join("data/table.csv"), config);
        Ok(Made::new("", 0))
    })
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Every file below a folder but the records.
fn shown(place: &Path) -> BTreeMap<String, String> {
    let files = Record::of("", place).unwrap().files.into_iter();
    files
        .filter(|(_, name)| !name.starts_with("made-with/"))
        .map(|(_, name)| (name.clone(), fs::read_to_string(place.join(name)).unwrap()))
        .collect()
}

fn whole(config: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("data/table.csv".to_owned(), config.to_owned()),
        ("report.md".to_owned(), format!("report on {config}")),
    ])
}

/// The build script, which hashes the code that results are made by.
#[allow(dead_code)]
#[path = "../../build.rs"]
mod build;

#[test]
fn every_file_of_the_command_and_the_library_counts() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(build::code(project), env!("CASEBOOK_CODE"));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let code = || build::code(folder.path());
    for name in [
        "src/lib.rs",
        "sql/saas.sql",
        "cli/src/notion.rs",
        "cli/src/serve/work.rs",
        "cli/src/report/panels.js",
        "Cargo.lock",
    ] {
        put(&at(name), "before");
        let before = code();
        put(&at(name), "after");
        assert_ne!(code(), before, "{name}");
    }
    let before = code();
    put(&at("README.md"), "of no consequence");
    assert_eq!(code(), before);
}

#[test]
fn a_table_says_what_each_step_took() {
    let steps = [
        Timed { name: "data", took: None },
        Timed { name: "report", took: Some((1.234, 1_234_567)) },
    ];
    let expected = "step          seconds          rows\n\
                    data          there already\n\
                    report           1.23     1,234,567\n\
                    all              2.50\n\
                    peak memory: 0.25 GB\n";
    assert_eq!(times(&steps, 2.5, Some(250_000_000)), expected);
    assert!(!times(&steps, 2.5, None).contains("memory"));
}

const PLAIN: Manner = Manner { fresh: false, overwrite: false };

#[test]
fn what_is_there_is_not_made_again_unless_data_or_code_are_others() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    assert_eq!(run(place, "one", PLAIN).unwrap(), ["data", "report"]);
    assert!(run(place, "one", PLAIN).unwrap().is_empty());
    assert_eq!(run(place, "one", Manner { fresh: true, ..PLAIN }).unwrap(), ["data", "report"]);
    assert_eq!(run(place, "two", PLAIN).unwrap(), ["data", "report"]);
    assert_eq!(shown(place), whole("two"));
    fs::remove_file(place.join("report.md")).unwrap();
    assert_eq!(run(place, "two", PLAIN).unwrap(), ["report"]);
    // A result that other code has made, though the version and the configuration are the same.
    for step in ["data", "report"] {
        let path = place.join(record::name(step));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(env!("CASEBOOK_CODE")), "{text}");
        fs::write(&path, text.replace(env!("CASEBOOK_CODE"), "0123456789abcdef")).unwrap();
    }
    assert_eq!(run(place, "two", PLAIN).unwrap(), ["data", "report"]);
}

#[test]
fn until_the_last_step_is_done_the_earlier_set_stays() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    run(place, "one", PLAIN).unwrap();
    let mut pipeline = start(place, "two", PLAIN).unwrap();
    first(&mut pipeline, "two", &mut vec![]).unwrap();
    let told = start(place, "two", PLAIN).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(told.contains("is at work there"), "{told}");
    drop(pipeline);
    let visible = || -> BTreeMap<String, String> {
        shown(place).into_iter().filter(|(name, _)| !name.starts_with('.')).collect()
    };
    assert_eq!(visible(), whole("one"));
    // What was made is gone on with, but not after a run with other data.
    assert_eq!(run(place, "two", PLAIN).unwrap(), ["report"]);
    assert_eq!(shown(place), whole("two"));
    first(&mut start(place, "three", PLAIN).unwrap(), "three", &mut vec![]).unwrap();
    assert!(run(place, "two", PLAIN).unwrap().is_empty());
    assert_eq!(run(place, "three", PLAIN).unwrap(), ["data", "report"]);
    assert_eq!(shown(place), whole("three"));
}

#[test]
fn files_of_somebody_else_are_refused_by_name_before_any_work() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    put(&place.join("report.md"), "mine");
    put(&place.join("data/notes.txt"), "mine too");
    let refused = |config: &str, name: &str| {
        let before = shown(place);
        let mut made = vec![];
        let mut pipeline = start(place, config, PLAIN).unwrap();
        let told = first(&mut pipeline, config, &mut made).unwrap_err().to_string();
        drop(pipeline);
        assert!(told.contains(name) && told.contains("not written by this program"), "{told}");
        assert!(made.is_empty() && shown(place) == before);
    };
    refused("one", "since: report.md;");
    run(place, "one", Manner { overwrite: true, ..PLAIN }).unwrap();
    let mut expected = whole("one");
    expected.insert("data/notes.txt".into(), "mine too".into());
    assert_eq!(shown(place), expected);
    // A file of ours that somebody has worked on is theirs.
    put(&place.join("data/table.csv"), "corrected");
    refused("two", "since: data/table.csv;");
    assert!(run(place, "one", PLAIN).unwrap().is_empty());
}

#[test]
fn a_file_that_no_step_writes_any_more_goes_unless_it_was_changed() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    run(place, "one", PLAIN).unwrap();
    let path = place.join(record::name("report"));
    let mut record = Record::read(place, "report").unwrap();
    for (name, now) in [("old.png", "as written"), ("older.png", "changed")] {
        put(&place.join(name), "as written");
        let hash = casebook::output::sha256(&place.join(name)).unwrap();
        record.files.push((hash, name.into()));
        put(&place.join(name), now);
    }
    fs::write(path, record.text()).unwrap();
    run(place, "two", Manner { overwrite: true, ..PLAIN }).unwrap();
    assert!(!place.join("old.png").exists() && place.join("older.png").exists());
}

#[test]
fn a_configuration_that_cannot_be_made_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    run(place, "one", PLAIN).unwrap();
    let before = shown(place);
    let mut pipeline = start(place, "two", PLAIN).unwrap();
    first(&mut pipeline, "two", &mut vec![]).unwrap();
    let error = pipeline.step(|_| Err(Error::config("users", 3, "more"))).unwrap_err();
    drop(pipeline);
    assert!(error.to_string().contains("`users` is 3"), "{error}");
    assert_eq!(shown(place), before);
}

/// After a power failure a file may be there without its bytes.
#[test]
fn what_waits_and_is_not_what_was_written_is_made_again() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let mut pipeline = start(place, "one", PLAIN).unwrap();
    first(&mut pipeline, "one", &mut vec![]).unwrap();
    let staged = pipeline.claim.staging().join("data/table.csv");
    drop(pipeline);
    fs::write(&staged, "").unwrap();
    assert_eq!(run(place, "one", PLAIN).unwrap(), ["data", "report"]);
    assert_eq!(shown(place), whole("one"));
}
