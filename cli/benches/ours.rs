//! Our side of benches/compare.py and benches/scale.py.
//!
//! usage: ours make FOLDER EVENTS          writes users.parquet, events.parquet and features.parquet
//!        ours time FOLDER TASK REPEATS    prints the seconds of each run, from the file and in memory, and the result
//!        ours generate FOLDER EVENTS      prints the seconds of making the growth study's events, to Parquet and in
//!                                         memory, and how many there are
//!        ours cohorts FOLDER DAY REPEATS  asks generated Parquet files for cohort retention: seconds and the answer
//!        ours parts FOLDER DAY REPEATS    the same, one part after the other
//!        ours query URL DAY REPEATS       the same, of a database
//!        ours study FOLDER REPEATS        every metric of the growth study, of generated Parquet files

#[path = "../../benches/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::Instant;

use casebook::cases::{Part, notion};
use casebook::chrono::{NaiveDate, TimeDelta};
use casebook::events::Window;
use casebook::metrics::Period;
use casebook::metrics::activity;
use casebook::metrics::funnel::{Funnel, Step};
use casebook::metrics::retention::{self, Rule};
use casebook::metrics::segment::{self, KMeans};
use casebook::polars::prelude::*;
use casebook::warehouse::files::{Folder, Format, parts, read_columns};
use casebook::warehouse::{Sink, Warehouse, ahead, queries};
use casebook_cli::report::notion::{Study, Tables};

type Done<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Done<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder, events] => make(Path::new(folder), events.parse()?),
        ["time", folder, task, repeats] => time(Path::new(folder), task, repeats.parse()?),
        ["generate", folder, events] => generate(Path::new(folder), events.parse()?),
        ["cohorts", folder, day, repeats] => {
            repeated(repeats, || tell(cohorts(Path::new(folder), None, day.parse()?)?))
        }
        ["parts", folder, day, repeats] => {
            repeated(repeats, || in_parts(Path::new(folder), day.parse()?))
        }
        ["study", folder, repeats] => study(Path::new(folder), repeats.parse()?),
        ["query", url, day, repeats] => {
            let mut database = Warehouse::at(url)?;
            repeated(repeats, || {
                tell(database.query_on(queries::notion::COHORT_RETENTION, day.parse()?)?)
            })
        }
        _ => Err("usage: see the head of cli/benches/ours.rs".into()),
    }
}

fn make(folder: &Path, events: usize) -> Done<()> {
    let data = common::data(events);
    let mut files = Folder::create(folder, Format::Parquet, "")?;
    files.append("users", &data.users)?;
    // In pieces, so that the file has row groups, as files of this size do.
    for from in (0..data.events.height()).step_by(500_000) {
        files.append("events", &data.events.slice(from as i64, 500_000))?;
    }
    files.append("features", &common::features(&data.events)?)?;
    files.finish()?;
    println!("{}", data.events.height());
    Ok(())
}

fn generate(folder: &Path, events: f64) -> Done<()> {
    let mut config = notion::Config::default();
    config.users = (events / config.targets.events_per_user) as u32;
    let start = Instant::now();
    let mut files = Folder::create(folder, Format::Parquet, "")?;
    ahead(&mut files, |sink| {
        for batch in notion::batches(&config, Part::WHOLE)? {
            for (table, rows) in batch?.named() {
                sink.append(table, rows)?;
            }
        }
        sink.append("plans", &notion::plans()?)?;
        sink.append("calendar", &notion::calendar(&config)?)?;
        sink.append("visitors", &notion::visitors(&config)?)
    })?;
    files.finish()?;
    let file = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut made = 0;
    for batch in notion::batches(&config, Part::WHOLE)? {
        made += batch?.user_events.height();
    }
    let memory = start.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({ "file": [file], "memory": [memory], "result": [made] }));
    Ok(())
}

fn study(folder: &Path, repeats: usize) -> Done<()> {
    let (mut file, mut memory, mut events) = (vec![], vec![], 0);
    for _ in 0..repeats {
        let start = Instant::now();
        let tables = Tables::read(folder)?;
        let read = Instant::now();
        let study = Study::new(&tables)?;
        memory.push(read.elapsed().as_secs_f64());
        file.push(start.elapsed().as_secs_f64());
        events = study.key("events", "value")? as u64;
    }
    println!("{}", serde_json::json!({ "file": file, "memory": memory, "result": [events] }));
    Ok(())
}

fn load(folder: &Path, name: &str, columns: &[&str]) -> Done<DataFrame> {
    Ok(read_columns(folder.join(name), columns)?)
}

fn time(folder: &Path, task: &str, repeats: usize) -> Done<()> {
    let load_all = || -> Done<(DataFrame, DataFrame)> {
        Ok(match task {
            "activity" => {
                (DataFrame::empty(), load(folder, "events.parquet", &["user_id", "timestamp"])?)
            }
            "funnel" => (
                DataFrame::empty(),
                load(folder, "events.parquet", &["user_id", "timestamp", "event"])?,
            ),
            "retention" => (
                load(folder, "users.parquet", &["user_id", "signup_at"])?,
                load(folder, "events.parquet", &["user_id", "timestamp"])?,
            ),
            _ => (DataFrame::empty(), load(folder, "features.parquet", &common::FEATURES)?),
        })
    };
    let (mut from_file, mut in_memory, mut result) = (vec![], vec![], vec![]);
    for _ in 0..repeats {
        let start = Instant::now();
        let (users, events) = load_all()?;
        let loaded = Instant::now();
        result = answer(task, &users, &events)?;
        in_memory.push(loaded.elapsed().as_secs_f64());
        from_file.push(start.elapsed().as_secs_f64());
    }
    println!("{}", serde_json::json!({ "file": from_file, "memory": in_memory, "result": result }));
    Ok(())
}

/// Runs some work so many times, but not again once it has taken 20 seconds.
fn repeated(repeats: &str, mut work: impl FnMut() -> Done<Vec<i64>>) -> Done<()> {
    let (mut seconds, mut answer) = (vec![], vec![]);
    for _ in 0..repeats.parse()? {
        let start = Instant::now();
        answer = work()?;
        seconds.push(start.elapsed().as_secs_f64());
        if seconds.iter().sum::<f64>() > 20.0 {
            break;
        }
    }
    let best = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    println!("{}", serde_json::json!({ "seconds": best, "first": seconds[0], "answer": answer }));
    Ok(())
}

/// Retention by month of sign-up as of the end of a day, from all files of a folder or from one part's.
fn cohorts(folder: &Path, part: Option<usize>, day: NaiveDate) -> Done<DataFrame> {
    let load = |table: &str, columns: &[&str]| -> Done<LazyFrame> {
        let mut paths = parts(folder, table, Format::Parquet)?;
        if let Some(part) = part {
            paths = vec![paths.swap_remove(part)];
        }
        let frames: Result<Vec<_>, _> = paths
            .iter()
            .map(|path| read_columns(path, columns).map(|frame| frame.lazy()))
            .collect();
        Ok(concat(frames?, UnionArgs::default())?)
    };
    let users = load("user_profiles", &["user_id", "signup_at"])?;
    let events = load("user_events", &["user_id", "event_type", "timestamp"])?
        .filter(notion::study::active());
    let retention = notion::study::retention(day + TimeDelta::days(1));
    let cohorts = retention.cohorts(&users, &events, Period::Month)?;
    Ok(cohorts.lazy().filter(col("in_progress").not()).collect()?)
}

/// A part's users are all there, with all they did: what parts count can be added.
fn in_parts(folder: &Path, day: NaiveDate) -> Done<Vec<i64>> {
    let mut all = vec![];
    for part in 0..parts(folder, "user_events", Format::Parquet)?.len() {
        let counted = cohorts(folder, Some(part), day)?;
        all.push(counted.lazy().select(["cohort", "period", "size", "active"].map(col)));
    }
    let sums = concat(all, UnionArgs::default())?
        .group_by([col("cohort"), col("period")])
        .agg([col("size").sum(), col("active").sum()]);
    tell(sums.collect()?)
}

/// By which answers are compared: how many cohorts and months in which somebody was active, and their sums.
fn tell(cohorts: DataFrame) -> Done<Vec<i64>> {
    let active = cohorts.lazy().filter(col("active").gt(lit(0_i64))).collect()?;
    let sum = |column: &str| -> Done<i64> { Ok(active.column(column)?.i64()?.sum().unwrap_or(0)) };
    Ok(vec![active.height() as i64, sum("size")?, sum("active")?])
}

/// A few numbers by which the engines' answers are compared.
fn answer(task: &str, users: &DataFrame, events: &DataFrame) -> Done<Vec<f64>> {
    let sum = |frame: &DataFrame, column: &str| -> Done<f64> {
        Ok(frame.column(column)?.i64()?.sum().unwrap_or(0) as f64)
    };
    Ok(match task {
        "activity" => {
            let daily = activity::daily(events, Window::default())?;
            vec![sum(&daily, "dau")?, sum(&daily, "wau")?, sum(&daily, "mau")?]
        }
        "funnel" => {
            let funnel = Funnel::new(["visit", "cart", "purchase"].map(Step::event))
                .window(TimeDelta::days(7));
            let steps = funnel.conversion(events)?;
            steps.column("users")?.i64()?.iter().flatten().map(|n| n as f64).collect()
        }
        "retention" => {
            let kept = retention::day_n(users, events, &[1, 3, 7, 14, 30], Rule::OnDay)?;
            vec![sum(&kept, "eligible")?, sum(&kept, "retained")?]
        }
        _ => {
            let found = segment::kmeans(
                events,
                &common::FEATURES,
                &KMeans::default().init(common::start()),
            )?;
            let mut sizes: Vec<f64> = found
                .centroids
                .column("users")?
                .i64()?
                .iter()
                .flatten()
                .map(|n| n as f64)
                .collect();
            sizes.sort_by(f64::total_cmp);
            sizes
        }
    })
}
