//! Bad input gets an error that names the frame and the column, or the field, the value and the range.

use casebook::chrono::{NaiveDate, TimeDelta};
use casebook::events::Window;
use casebook::metrics::activity::{self, Before};
use casebook::metrics::experiment::{self, PowerAnalysis};
use casebook::metrics::funnel::{Attribution, Excluded, Funnel, Mode, Order, Step};
use casebook::metrics::retention::{self, Retention, Rule};
use casebook::metrics::segment::{self, K, KMeans};
use casebook::metrics::{Period, concentration, confounding, growth, revenue, survival};
use casebook::polars::prelude::*;
use casebook::{Error, Result};

/// The error says all of this, in one line.
fn says<T>(result: Result<T>, parts: &[&str]) {
    let message = result.err().map(|error: Error| error.to_string()).expect("an error");
    for part in parts {
        assert!(message.contains(part), "\"{message}\" lacks \"{part}\"");
    }
    assert_eq!(message.lines().count(), 1, "{message}");
}

fn events() -> DataFrame {
    let moment = DataType::Datetime(TimeUnit::Milliseconds, None);
    df!("user_id" => [1_i64, 2], "timestamp" => [0_i64, 1], "event" => ["a", "b"])
        .unwrap()
        .lazy()
        .with_column(col("timestamp").cast(moment))
        .collect()
        .unwrap()
}

fn users() -> DataFrame {
    let frame = events().drop("event").unwrap();
    frame.lazy().rename(["timestamp"], ["signup_at"], true).collect().unwrap()
}

#[test]
fn columns_that_are_missing_or_wrong() {
    let nameless = df!("who" => [1], "when" => [2]).unwrap();
    says(activity::daily(&nameless, Window::default()), &["events", "`user_id`", "`who`, `when`"]);
    let textual = df!("user_id" => [1], "timestamp" => ["2024-01-01"]).unwrap();
    says(
        activity::daily(&textual, Window::default()),
        &["`timestamp`", "str", "date or a datetime"],
    );
    let empty = events().lazy().with_column(lit(NULL).cast(DataType::Int64).alias("user_id"));
    says(activity::daily(&empty, Window::default()), &["`user_id`", "2 empty values"]);
    let far = events().lazy().with_column(
        lit(i64::MAX / 2).cast(DataType::Datetime(TimeUnit::Microseconds, None)).alias("timestamp"),
    );
    says(activity::daily(&far, Window::default()), &["`timestamp`", "years 0 to 9999"]);

    let twice = concat([users().lazy(), users().lazy()], UnionArgs::default()).unwrap();
    says(
        retention::day_n(&twice, &events(), &[1], Rule::OnDay),
        &["users", "\"1\" more than once"],
    );
    let textual = users().lazy().with_column(col("user_id").cast(DataType::String));
    says(retention::day_n(&textual, &events(), &[1], Rule::OnDay), &["`user_id`", "same type"]);
    says(retention::curve(&events(), retention::Weight::Size), &["cohorts", "`period`"]);

    let day = NaiveDate::from_ymd_opt(1970, 3, 1).unwrap();
    let observed = Window::until(day);
    says(
        growth::north_star(&events(), "workspace_id", lit(true), observed),
        &["events", "`workspace_id`"],
    );
    says(growth::time_to_value(&twice, &events(), lit(true), 24, observed), &["more than once"]);
    says(
        growth::time_to_value(&users(), &events(), col("plan").eq(lit("a")), 24, observed),
        &["events", "`plan`"],
    );
    let times = growth::time_to_value(&users(), &events(), lit(true), 24, observed).unwrap();
    says(
        growth::activation_by(&times, &users().head(Some(1)), "signup_at"),
        &["times", "`user_id`", "not in `users`"],
    );
    let doubled = times.vstack(&times).unwrap();
    says(growth::activation_by(&doubled, &users(), "signup_at"), &["times", "more than once"]);
    // 128 attributes of two values each make more strata than can be numbered.
    let names: Vec<String> = (0..128).map(|n| format!("a{n}")).collect();
    let mut columns: Vec<Column> =
        names.iter().map(|name| Column::new(name.into(), ["x", "y"])).collect();
    columns.push(Column::new("yes".into(), [true, false]));
    columns.push(Column::new("too".into(), [true, false]));
    let many = DataFrame::new_infer_height(columns).unwrap();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    says(confounding::risk_ratio(&many, "yes", "too", &names), &["`strata`", "fewer attributes"]);
    says(growth::adoption(&users(), &events(), "feature", observed), &["events", "`feature`"]);
    says(growth::deciles(&events()), &["users", "`events`"]);
    says(
        growth::time_to_value(&users(), &events(), lit(1), 24, observed),
        &["`value`", "of type", "true or false"],
    );
    says(confounding::risk_ratio(&events(), "fast", "back", &[]), &["users", "`fast`"]);

    let negative = df!("duration" => [1.0, -2.0], "observed" => [1, 0]).unwrap();
    says(survival::kaplan_meier(&negative, None), &["`duration`", "-2", "row 2"]);
    let maybe = df!("duration" => [1.0, 2.0], "observed" => [1, 2]).unwrap();
    says(survival::kaplan_meier(&maybe, None), &["`observed`", "is 2 in row 2"]);
    let infinite = df!("duration" => [1.0, f64::INFINITY], "observed" => [1, 1]).unwrap();
    says(survival::kaplan_meier(&infinite, None), &["`duration`", "row 2", "finite"]);
    // Nothing that the caller's frame says is overwritten.
    for own in ["events", "duration", "observed"] {
        let mut users = users();
        users.with_column(Column::new(own.into(), vec!["keep this"; users.height()])).unwrap();
        let stays = survival::from_activity(&users, &events(), 7, Window::until(day));
        says(stays, &["users", &format!("`{own}`"), "rename"]);
    }
    let single = df!("duration" => [1, 2], "observed" => [1, 1], "plan" => ["a", "a"]).unwrap();
    says(survival::log_rank(&single, "plan"), &["`plan`", "two or more"]);

    let debts = df!("spent" => [1.0, -1.0]).unwrap();
    says(concentration::summary(&debts, "spent", &[]), &["`spent`", "row 2", "0 or more"]);
    let month = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    let debts = df!("customer_id" => [1], "month" => [month], "mrr" => [-5.0]).unwrap();
    says(revenue::movements(&debts), &["`mrr`", "-5", "row 1"]);

    let arms = df!("arm" => ["a", "a"], "x" => [0.0, 3.0]).unwrap();
    says(experiment::means(&arms, "arm", "x", "control"), &["`arm`", "no \"control\"", "\"a\""]);
    says(experiment::means(&arms, "arm", "x", "a"), &["`arm`", "only \"a\""]);
    says(experiment::proportions(&arms, "arm", "x", "a"), &["`x`", "is 3 in row 2", "1 or 0"]);
    says(
        experiment::sample_ratio(&arms, "arm", &[("b", 1.0), ("c", 1.0)]),
        &["\"a\"", "no weight"],
    );
    let crossed = df!("arm" => ["a", "b"], "x" => [0, 1], "team" => [7, 7]).unwrap();
    let crossed = experiment::cluster_bootstrap(&crossed, "arm", "x", "team", "a", 100, 1);
    says(crossed, &["one team in both \"a\" and \"b\""]);
    let tests = df!("p_value" => [0.5, 1.5]).unwrap();
    says(experiment::benjamini_hochberg(&tests, 0.05), &["`p_value`", "row 2", "0 to 1"]);
}

#[test]
fn fields_out_of_range() {
    let early = NaiveDate::from_ymd_opt(2024, 1, 1).unwrap();
    let late = NaiveDate::from_ymd_opt(2024, 2, 1).unwrap();
    says(Window::new(late, early), &["`window`", "2024-02-01 to before 2024-01-01"]);
    let none = Window::new(early, early).unwrap();
    says(activity::daily(&events(), none), &["`window`", "2024-01-01 to 2023-12-31"]);
    says(activity::lifecycle(&events(), Period::Day, none, Before::Nothing), &["`window`"]);
    says(
        activity::frequency(&events(), Window::last_days(400, late)),
        &["`window`", "at most 366"],
    );

    let two = || Funnel::new(["a", "b"].map(Step::event));
    says(Funnel::new([]).validate(), &["`steps`", "is 0", "1 to 32"]);
    says(
        two().window(TimeDelta::seconds(-1)).conversion(&events()),
        &["`window`", "no less than 0"],
    );
    let optional = Funnel::new([Step::event("a").optional(), Step::event("b")]);
    says(optional.validate(), &["`optional`", "step 1", "between the first and the last"]);
    let within = Funnel::new([Step::event("a").within(TimeDelta::hours(1)), Step::event("b")]);
    says(within.validate(), &["`within`", "on step 1"]);
    says(two().exclude(lit(true), 2, 2).validate(), &["`exclude`", "after 2, before 2"]);
    says(two().order(Order::Any).increasing().validate(), &["`increasing`"]);
    says(two().repeatable().validate(), &["`repeatable`", "strict order"]);
    let like = |funnel: Funnel| funnel.window_funnel([Mode::StrictOrder]).validate();
    says(two().window_funnel([Mode::AllowReentry]).validate(), &["`window_funnel`", "StrictOrder"]);
    says(like(two().order(Order::Strict)), &["`window_funnel`", "with order"]);
    says(like(two().increasing()), &["with increasing"]);
    says(like(two().unrepeated()), &["with unrepeated"]);
    says(like(two().excluded(Excluded::Voids)), &["with exclude"]);
    let near = Funnel::new([Step::event("a"), Step::event("b").within(TimeDelta::hours(1))]);
    says(like(near), &["with within"]);
    let by = |of| two().conversion_by_property(&events(), "event", of);
    says(by(Attribution::Step(3)), &["`attribution`", "step 3", "1 to 2"]);
    let colour = two().conversion_by_property(&events(), "colour", Attribution::FirstTouch);
    says(colour, &["events", "`colour`"]);
    says(
        two().trend(&events(), Period::Day, Window::default()),
        &["`window`", "no attempt is ever over"],
    );
    says(two().order(Order::Any).unrepeated().validate(), &["`unrepeated`"]);
    let both = Funnel::new([Step::event("a"), Step::new("anything", lit(true))]).order(Order::Any);
    says(both.conversion(&events()), &["`steps`", "a and anything"]);
    says(two().distribution(&events(), &[1.0, 2.0]), &["`edges`", "0 first"]);
    let unknown = Funnel::new([Step::new("x", col("colour").eq(lit("red")))]);
    says(unknown.conversion(&events()), &["events", "`colour`"]);

    let how = Retention::default();
    says(how.day_n(&users(), &events(), &[1], Rule::Bracket(0)), &["`bracket`", "1 day or more"]);
    says(how.brackets(&users(), &events(), &[(5, 3)]), &["`bracket`", "5 to 3"]);

    let lives = df!("duration" => [1, 2], "observed" => [1, 1]).unwrap();
    says(survival::restricted_mean(&lives, None, 0.0), &["`horizon`", "above 0"]);
    says(survival::hazard(&lives, None, f64::NAN), &["`width`", "above 0"]);
    says(survival::hazard(&lives, None, 1e-9), &["`width`", "at least"]);
    let curve = survival::kaplan_meier(&lives, None).unwrap();
    says(revenue::lifetime_value(&curve, 8.0, 0.0, 0), &["`horizon`", "1 to 100,000"]);
    says(revenue::lifetime_value(&curve, 8.0, 1.5, 12), &["`discount`", "1.5"]);
    says(concentration::lorenz(&df!("x" => [1]).unwrap(), "x", 0), &["`points`"]);
    says(concentration::summary(&df!("x" => [1]).unwrap(), "x", &[1.5]), &["`top`", "1.5"]);

    let points = df!("x" => [1.0, 1.0, 2.0]).unwrap();
    let fixed = |k| KMeans::default().k(K::Fixed(k));
    says(segment::kmeans(&points, &["x"], &fixed(3)), &["`k`", "is 3", "different users, 2"]);
    says(segment::kmeans(&points, &["x"], &fixed(0)), &["`k`", "is 0"]);
    says(segment::kmeans(&points, &[], &fixed(1)), &["`features`"]);
    says(segment::kmeans(&points, &["x"], &fixed(1).starts(0)), &["`starts`"]);
    says(segment::kmeans(&points, &["x"], &fixed(1).init(vec![vec![0.0, 1.0]])), &["`init`"]);

    let plan = PowerAnalysis::default();
    says(PowerAnalysis { alpha: 0.0, ..plan }.validate(), &["`alpha`", "between 0 and 1"]);
    says(PowerAnalysis { power: 0.01, ..plan }.validate(), &["`power`", "between alpha and 1"]);
    says(PowerAnalysis { ratio: -1.0, ..plan }.validate(), &["`ratio`", "above 0"]);
    says(plan.users_for_proportions(0.3, 0.8), &["`difference`", "0.8"]);
    says(plan.power_of_means(1.0, 0.5, 1), &["`users`", "2 or more"]);
    says(plan.users_for_means(-1.0, 0.5), &["`sd`", "above 0"]);
}

/// Days are counted on one calendar: dates are its days, and another time zone is refused.
#[test]
fn one_calendar() {
    let berlin = TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap();
    let local = DataType::Datetime(TimeUnit::Microseconds, berlin);
    let hour = 3_600_000_000_i64;
    // 2024-06-01 23:30 in Berlin, and 00:30 of the next day there: the same day in UTC.
    let start = 19_875 * 24 * hour;
    let times = df!("user_id" => [1_i64, 1], "timestamp" => [start + 21 * hour + hour / 2, start + 22 * hour + hour / 2]);
    let zoned = times.unwrap().lazy().with_column(col("timestamp").cast(local)).collect().unwrap();
    let first_day = NaiveDate::from_ymd_opt(2024, 6, 1);
    let signed = df!("user_id" => [1_i64], "signup_at" => [first_day]).unwrap();
    let kept = retention::day_n(&signed, &zoned, &[0, 1], Rule::OnDay).unwrap();
    assert_eq!(
        kept.column("retained").unwrap().i64().unwrap().into_no_null_iter().collect::<Vec<_>>(),
        [1, 1]
    );
    says(
        retention::day_n(&users(), &zoned, &[1], Rule::OnDay),
        &["`signup_at`", "UTC", "Europe/Berlin"],
    );
}

/// Nothing in, nothing out: no rows, and no panic.
#[test]
fn empty_frames() {
    let (none, nobody) = (events().slice(0, 0), users().slice(0, 0));
    assert_eq!(activity::daily(&none, Window::default()).unwrap().height(), 0);
    let weeks =
        activity::lifecycle(&none, Period::Week, Window::default(), Before::Nothing).unwrap();
    assert_eq!(weeks.height(), 0);
    let steps = Funnel::new(["a", "b"].map(Step::event)).conversion(&none).unwrap();
    assert_eq!(steps.column("users").unwrap().i64().unwrap().sum(), Some(0));
    assert_eq!(steps.column("overall_rate").unwrap().null_count(), 2);
    let kept = retention::day_n(&nobody, &none, &[1], Rule::OnDay).unwrap();
    assert_eq!(kept.column("rate").unwrap().null_count(), 1);
    assert_eq!(retention::cohorts(&nobody, &events(), Period::Week).unwrap().height(), 0);
    let lives = df!("duration" => Vec::<f64>::new(), "observed" => Vec::<i32>::new()).unwrap();
    assert_eq!(survival::kaplan_meier(&lives, None).unwrap().height(), 0);
    let spent = df!("spent" => Vec::<f64>::new()).unwrap();
    assert_eq!(
        concentration::summary(&spent, "spent", &[0.1])
            .unwrap()
            .column("value")
            .unwrap()
            .null_count(),
        2
    );
    let (from, until) = (
        NaiveDate::from_ymd_opt(1970, 1, 1).unwrap(),
        NaiveDate::from_ymd_opt(1970, 3, 1).unwrap(),
    );
    let window = Window::new(from, until).unwrap();
    let stages = growth::Stages::new(lit(true), lit(true), lit(true));
    assert_eq!(stages.milestones(&nobody, &none, window).unwrap().height(), 0);
    assert_eq!(growth::time_to_value(&nobody, &none, lit(true), 24, window).unwrap().height(), 0);
    assert_eq!(growth::power_users(&none, window).unwrap().height(), 0);
    assert_eq!(growth::adoption(&nobody, &none, "event", window).unwrap().height(), 0);
    let spaces = none.lazy().with_column(col("user_id").alias("workspace_id"));
    let weeks = growth::north_star(&spaces, "workspace_id", lit(true), window).unwrap();
    assert_eq!(weeks.column("share").unwrap().null_count(), weeks.height());
    let back = Retention::default().by_user(&nobody, &spaces, Period::Month, 1).unwrap();
    assert_eq!(back.height(), 0);
    let month = Vec::<NaiveDate>::new();
    let paid =
        df!("customer_id" => Vec::<i64>::new(), "month" => month, "mrr" => Vec::<f64>::new())
            .unwrap();
    assert_eq!(revenue::movements(&paid).unwrap().height(), 0);
}
