use super::*;
use crate::cases::saas;
use crate::output::{sha256, unfinished};

fn tables() -> saas::Tables {
    saas::generate(&saas::Config { companies: 40, ..Default::default() }).unwrap()
}

fn write(place: &Path, format: Format) -> Vec<PathBuf> {
    written(place, format).into_iter().map(|file| file.path).collect()
}

fn written(place: &Path, format: Format) -> Vec<Written> {
    let tables = tables();
    let mut folder = Folder::create(place, format, "").unwrap();
    for (table, rows) in tables.named() {
        // In two pieces, as a stream would.
        let half = rows.height() / 2;
        folder.append(table, &rows.slice(0, half)).unwrap();
        folder.append(table, &rows.slice(half as i64, rows.height())).unwrap();
    }
    folder.finish().unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    for format in [Format::Csv, Format::Parquet] {
        let place = tempfile::tempdir().unwrap();
        let paths = write(place.path(), format);
        for ((table, rows), path) in tables().named().iter().zip(&paths) {
            assert!(read(path).unwrap().equals_missing(rows), "{table} as {format}");
        }
    }
}

/// Around the change of a clock, in years when clocks differed by seconds, and with empty cells: moments stay what they are.
#[test]
fn moments_of_a_time_zone_are_read_back_in_utc() {
    use polars::prelude::*;
    let hour = 3_600_000_000_i64;
    let autumn = 1_729_987_200_000_000_i64; // 2024-10-27 00:00 UTC, an hour before Berlin's clock goes back
    let far = -2_000_000_000_000_000_i64; // 1906
    let micros =
        [Some(autumn), None, Some(autumn + hour + 250_000), Some(autumn + 2 * hour), Some(far)];
    for name in ["Europe/Berlin", "Europe/Amsterdam", "Asia/Kolkata", "UTC"] {
        let zone = TimeZone::opt_try_new(Some(name)).unwrap();
        for unit in [TimeUnit::Milliseconds, TimeUnit::Microseconds, TimeUnit::Nanoseconds] {
            let utc = DataType::Datetime(TimeUnit::Microseconds, Some(TimeZone::UTC));
            let moments = Column::new("at".into(), micros).cast(&utc).unwrap();
            let theirs = moments.cast(&DataType::Datetime(unit, zone.clone())).unwrap();
            let frame =
                DataFrame::new_infer_height(vec![theirs, Column::new("n".into(), [1_i64; 5])]);
            let place = tempfile::tempdir().unwrap();
            let mut folder = Folder::create(place.path(), Format::Csv, "").unwrap();
            folder.append("moments", &frame.unwrap()).unwrap();
            let path = folder.finish().unwrap().remove(0).path;
            let found = read(&path).unwrap();
            assert!(found.column("at").unwrap().equals_missing(&moments), "{name}: {found}");
            let text = fs::read_to_string(path).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            if name == "Europe/Berlin" {
                assert_eq!(lines[1], "2024-10-27 02:00:00+02:00,1");
                assert_eq!(lines[3], "2024-10-27 02:00:00.250+01:00,1");
            }
        }
    }
}

#[test]
fn writing_again_gives_the_same_bytes() {
    for format in [Format::Csv, Format::Parquet] {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let paths = write(one.path(), format).into_iter().zip(write(two.path(), format));
        for (a, b) in paths {
            assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap(), "{a:?}");
        }
    }
}

#[test]
fn a_written_file_is_counted_and_hashed() {
    for format in [Format::Csv, Format::Parquet] {
        let place = tempfile::tempdir().unwrap();
        for file in written(place.path(), format) {
            assert_eq!(file.rows, read(&file.path).unwrap().height() as u64);
            assert_eq!(file.bytes, fs::metadata(&file.path).unwrap().len());
            assert_eq!(file.sha256, sha256(&file.path).unwrap());
            assert_eq!(file.sha256.len(), 64);
        }
    }
}

#[test]
fn the_seal_comes_last_and_what_was_left_behind_goes() {
    let place = tempfile::tempdir().unwrap();
    let start = |suffix| Folder::create(place.path(), Format::Csv, suffix).unwrap();
    let left = place.path().join(".casebook-unfinished-of-a-killed-process");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("lock"), "").unwrap();
    let mut alive = start("-1-of-2");
    assert!(!left.exists());
    alive.append("companies", &tables().companies).unwrap();
    let mut folder = start("");
    folder.append("plans", &tables().plans).unwrap();
    let text = |files: &[Written]| Ok(format!("{} file", files.len()));
    folder.seal("seal.txt", text).unwrap();
    assert_eq!(fs::read_to_string(place.path().join("seal.txt")).unwrap(), "1 file");
    // The one still at work was left alone.
    alive.finish().unwrap();
    assert!(place.path().join("companies-1-of-2.csv").exists());
    assert!(unfinished(place.path()).unwrap().is_empty());
}

#[test]
fn a_second_writer_of_the_same_names_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let _first = Folder::create(place.path(), Format::Csv, "").unwrap();
    let told = Folder::create(place.path(), Format::Csv, "").err().unwrap().to_string();
    assert!(told.contains("is at work there"), "{told}");
    Folder::create(place.path(), Format::Parquet, "").unwrap();
}

#[test]
fn a_file_that_is_not_known_is_refused_before_anything_is_written() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("plans.csv"), "mine").unwrap();
    let told = Folder::create(place.path(), Format::Csv, "")
        .unwrap()
        .replacing(Replace::Known(vec![]), &["months", "plans"], "seal.txt")
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("plans.csv") && !told.contains("months"), "{told}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

/// A process may be killed before its folder has a lock, or when the folder is all but removed.
#[test]
fn an_empty_folder_without_a_lock_was_left_behind() {
    let place = tempfile::tempdir().unwrap();
    let left = place.path().join(".casebook-unfinished-of-a-killed-process");
    fs::create_dir(&left).unwrap();
    assert_eq!(unfinished(place.path()).unwrap(), [left.as_path()]);
    assert!(left.exists(), "asking removes nothing");
    let folder = Folder::create(place.path(), Format::Csv, "").unwrap();
    assert!(!left.exists());
    drop(folder);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

/// Each start looks for what was left behind, while others are just starting.
#[test]
fn many_at_once_leave_each_other_alone() {
    let place = tempfile::tempdir().unwrap();
    let companies = tables().companies;
    std::thread::scope(|scope| {
        for name in 0..8 {
            let (place, companies) = (place.path(), &companies);
            scope.spawn(move || {
                for round in 0..50 {
                    let suffix = format!("-{name}-{round}");
                    let mut folder = Folder::create(place, Format::Csv, &suffix).unwrap();
                    folder.append("companies", companies).unwrap();
                    folder.finish().unwrap();
                }
            });
        }
    });
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 8 * 50);
}

#[test]
fn parts_are_found_in_their_order_or_the_missing_one_is_named() {
    let place = tempfile::tempdir().unwrap();
    let touch = |name: &str| fs::write(place.path().join(name), "").unwrap();
    let found = || {
        let paths = parts(place.path(), "events", Format::Parquet)?;
        Ok(paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let missing = |found: Result<Vec<_>>| found.unwrap_err().to_string();
    assert!(missing(found()).contains("events.parquet"));
    for name in ["events-3-of-3.parquet", "events-1-of-3.parquet", "events-x-of-3.parquet"] {
        touch(name);
    }
    touch("plans-1-of-3.parquet");
    touch("alone-1-of-7.parquet");
    let alone = parts(place.path(), "alone", Format::Parquet).unwrap_err().to_string();
    assert!(alone.contains("alone-2-of-7.parquet"), "{alone}");
    let plans = parts(place.path(), "plans", Format::Parquet).unwrap();
    assert_eq!(plans, [place.path().join("plans-1-of-3.parquet")]);
    touch("more_events-2-of-3.parquet");
    touch("events-2-of-3.csv");
    assert!(missing(found()).contains("events-2-of-3.parquet"));
    // A complete set serves, whatever lies beside it.
    (1..=11).for_each(|k| touch(&format!("events-{k}-of-11.parquet")));
    let names = found().unwrap();
    assert_eq!(names.len(), 11);
    assert_eq!(names[10], "events-11-of-11.parquet");
    touch("events.parquet");
    assert_eq!(found().unwrap(), ["events.parquet"]);
}

#[test]
fn an_unfinished_folder_shows_no_files() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), Format::Csv);
    let before = std::fs::read(place.path().join("sessions.csv")).unwrap();
    let mut folder = Folder::create(place.path(), Format::Csv, "-1-of-2").unwrap();
    folder.append("companies", &tables().companies).unwrap();
    drop(folder);
    let names: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 4, "{names:?}");
    assert_eq!(std::fs::read(place.path().join("sessions.csv")).unwrap(), before);
}

#[test]
fn some_columns_are_read_alone() {
    let place = tempfile::tempdir().unwrap();
    for format in [Format::Csv, Format::Parquet] {
        for path in write(place.path(), format) {
            let whole = read(&path).unwrap();
            let last = whole.get_column_names_owned().pop().unwrap();
            let one = read_columns(&path, &[last.as_str()]).unwrap();
            assert!(one.equals_missing(&whole.select([last.as_str()]).unwrap()));
            let error = read_columns(&path, &["nothing"]).unwrap_err();
            assert!(error.to_string().contains("nothing"), "{error}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a-file");
    std::fs::write(&file, "x").unwrap();
    let error = Folder::create(&file.join("out"), Format::Csv, "").err().unwrap();
    assert!(error.to_string().contains("a-file"), "{error}");
    assert!(
        read(place.path().join("missing.csv")).unwrap_err().to_string().contains("missing.csv")
    );
    assert!(read(&file).unwrap_err().to_string().contains(".parquet"));
}

#[test]
fn fractions_of_a_second_are_kept() {
    use polars::prelude::*;
    let whole = 1_709_251_199_000_000_i64;
    for micros in [
        vec![whole, whole + 500_000, whole + 1, whole + 999_999],
        vec![whole + 250_000, whole, whole + 1_000_000],
        vec![whole, whole + 1_000_000],
    ] {
        let moment = DataType::Datetime(TimeUnit::Microseconds, None);
        let column = Column::new("at".into(), &micros).cast(&moment).unwrap();
        let frame = DataFrame::new_infer_height(vec![column]).unwrap();
        for format in [Format::Csv, Format::Parquet] {
            let place = tempfile::tempdir().unwrap();
            let mut folder = Folder::create(place.path(), format, "").unwrap();
            folder.append("moments", &frame).unwrap();
            let path = folder.finish().unwrap().remove(0).path;
            if format == Format::Csv && micros.iter().all(|micros| micros % 1_000_000 == 0) {
                let text = fs::read_to_string(&path).unwrap();
                assert_eq!(text, "at\n2024-02-29 23:59:59\n2024-03-01 00:00:00\n");
            }
            let found = read(&path).unwrap();
            assert_eq!(found.schema(), frame.schema(), "{format}");
            assert!(found.equals_missing(&frame), "{format}: {found}");
        }
    }
}
