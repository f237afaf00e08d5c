//! The metrics against SQL on PostgreSQL.

use super::*;
use crate::support;

// ---- SQL

struct Dataset {
    name: String,
    hours: i64,
    users: DataFrame,
    events: DataFrame,
}

fn datasets() -> Vec<Dataset> {
    let datasets = json("datasets.json");
    datasets.as_array().unwrap().iter().map(dataset).collect()
}

fn dataset(value: &Value) -> Dataset {
    let zone = value["zone"].as_str().unwrap();
    let zone = TimeZone::opt_try_new(Some(zone)).unwrap();
    let seconds = DataType::Datetime(TimeUnit::Microseconds, zone);
    let moments = |frame: DataFrame, column: &str| {
        let micros = (col(column) * lit(1_000_000_i64)).cast(seconds.clone());
        frame.lazy().with_column(micros).collect().unwrap()
    };
    let column = |rows: &[Value], place: usize| -> Vec<i64> {
        rows.iter().map(|row| row[place].as_i64().unwrap()).collect()
    };
    let (users, events) = (list(value, "users"), list(value, "events"));
    let names: Vec<&str> = events.iter().map(|event| event[2].as_str().unwrap()).collect();
    let people = df!("user_id" => column(users, 0), "signup_at" => column(users, 1)).unwrap();
    let rows =
        df!("user_id" => column(events, 0), "timestamp" => column(events, 1), "event" => names)
            .unwrap();
    Dataset {
        name: value["name"].as_str().unwrap().to_owned(),
        hours: value["hours"].as_i64().unwrap(),
        users: moments(people, "signup_at"),
        events: moments(rows, "timestamp"),
    }
}

/// A query's rows, by data set, without the data set's number.
fn rows(found: &Value, query: &str) -> BTreeMap<usize, Vec<Vec<Value>>> {
    let mut by_dataset: BTreeMap<usize, Vec<Vec<Value>>> = BTreeMap::new();
    for row in list(found, query) {
        let row = row.as_array().unwrap();
        let dataset = row[0].as_u64().unwrap() as usize;
        by_dataset.entry(dataset).or_default().push(row[1..].to_vec());
    }
    by_dataset
}

/// A frame's rows as JSON: whole numbers and dates exactly.
fn ours(frame: &DataFrame, columns: &[&str]) -> Vec<Vec<Value>> {
    (0..frame.height())
        .map(|row| {
            columns
                .iter()
                .map(|column| match frame.column(column).unwrap().get(row).unwrap() {
                    AnyValue::Null => Value::Null,
                    AnyValue::Int64(n) => n.into(),
                    AnyValue::Date(days) => {
                        let date = NaiveDate::from_epoch_days(days).unwrap();
                        date.to_string().into()
                    }
                    other => panic!("{column}: {other}"),
                })
                .collect()
        })
        .collect()
}

#[test]
fn activity_funnel_and_retention_equal_sql() {
    let found = json("sql.json");
    let [active, lifecycle, funnels, kept, cohorts] =
        ["activity", "lifecycle", "funnel", "retention", "cohorts"]
            .map(|query| rows(&found, query));
    let datasets = datasets();
    assert!(datasets.len() >= 200);
    let none = vec![];
    for (number, set) in datasets.iter().enumerate() {
        let name = &set.name;
        let daily = activity::daily(&set.events, Window::default()).unwrap();
        assert_eq!(ours(&daily, &["date", "dau", "wau", "mau"]), active[&number], "{name}");

        let weeks =
            activity::lifecycle(&set.events, Period::Week, Window::default(), Before::Nothing)
                .unwrap();
        let columns = ["period", "active", "new", "retained", "resurrected", "dormant"];
        assert_eq!(ours(&weeks, &columns), lifecycle[&number], "{name}");

        let funnel = Funnel::new(["visit", "cart", "buy"].map(Step::event))
            .window(TimeDelta::hours(set.hours));
        let steps = funnel.conversion(&set.events).unwrap();
        let nobody =
            vec![vec![0.into(), 0.into(), 0.into(), Value::Null, Value::Null, Value::Null]];
        let theirs = &funnels.get(&number).unwrap_or(&nobody)[0];
        for (step, theirs) in theirs[..3].iter().enumerate() {
            assert_eq!(count(&steps, "users", step), theirs.as_i64(), "{name}, step {step}");
        }
        close(name, real(&steps, "median_seconds", 1), &theirs[3]);
        close(name, real(&steps, "p90_seconds", 2), &theirs[4]);
        close(name, real(&steps, "median_total_seconds", 2), &theirs[5]);

        let days = [0, 1, 3, 7, 14];
        let rolling = Retention::default().clock(Clock::Hours24);
        let on_day =
            Retention::default().day_n(&set.users, &set.events, &days, Rule::OnDay).unwrap();
        let after =
            Retention::default().day_n(&set.users, &set.events, &days, Rule::OnOrAfter).unwrap();
        let by_hours = rolling.day_n(&set.users, &set.events, &days, Rule::OnDay).unwrap();
        for (row, theirs) in kept[&number].iter().enumerate() {
            let mine = [
                count(&on_day, "day", row),
                count(&on_day, "eligible", row),
                count(&on_day, "retained", row),
                count(&after, "retained", row),
                count(&by_hours, "eligible", row),
                count(&by_hours, "retained", row),
            ];
            let theirs: Vec<Option<i64>> = theirs.iter().map(Value::as_i64).collect();
            assert_eq!(mine.as_slice(), theirs, "{name}");
        }

        let matrix = Retention::default().cohorts(&set.users, &set.events, Period::Month).unwrap();
        let observed = matrix.lazy().filter(col("active").is_not_null()).collect().unwrap();
        let columns = ["cohort", "period", "size", "active"];
        assert_eq!(&ours(&observed, &columns), cohorts.get(&number).unwrap_or(&none), "{name}");
    }
}

/// What is committed is what PostgreSQL says today.
#[test]
fn postgres_returns_the_committed_sql_results() {
    let server = support::Server::start();
    let output = Command::new("python3")
        .arg(folder().join("make.py"))
        .args(["sql", &server.url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let committed = std::fs::read_to_string(folder().join("sql.json")).unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout) == committed,
        "run tests/reference/make.py all"
    );
}
