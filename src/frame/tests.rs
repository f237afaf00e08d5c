//! What verbs do with frames that are not as expected.

use chrono::NaiveDate;
use polars::prelude::*;

use super::{Key, Source, Verbs, stack};

fn users() -> DataFrame {
    df!(
        "user_id" => [1, 2, 3, 4],
        "plan" => [Some("free"), Some("pro"), None, Some("free")],
        "rate" => [Some(0.5), None, Some(f64::NAN), Some(0.25)],
        "paid" => [Some(true), None, Some(false), Some(true)],
    )
    .unwrap()
}

fn said<T: std::fmt::Debug>(result: crate::Result<T>) -> String {
    result.unwrap_err().to_string()
}

fn whole(frame: &DataFrame, name: &str) -> Vec<Option<i64>> {
    let column = frame.column(name).unwrap().cast(&DataType::Int64).unwrap();
    column.i64().unwrap().iter().collect()
}

#[test]
fn a_computed_key_is_refused() {
    let frame = df!("a" => [1, 2], "b" => [1, 2]).unwrap();
    let told = frame.left_join_on(&frame, col("a").alias("b")).unwrap_err().to_string();
    assert!(told.starts_with("`keys` is ") && told.contains("add a computed key"), "{told}");
}

#[test]
fn every_verb_names_a_missing_column_and_what_was_meant() {
    let users = users();
    let verbs: [(&str, String); 14] = [
        ("keep", said(users.keep(col("plam").eq(lit("free"))))),
        ("add_columns", said(users.add_columns((col("plam") + lit(1)).alias("x")))),
        ("pick", said(users.pick(["user_id", "plam"]))),
        ("sort_asc", said(users.sort_asc("plam"))),
        ("sort_desc", said(users.sort_desc(["user_id", "plam"]))),
        ("left_join_on", said(users.left_join_on(&users, "plam"))),
        ("agg_by", said(users.agg_by("plan", col("plam").first()))),
        ("count_by", said(users.count_by("plam"))),
        ("total", said(users.total("plam"))),
        ("value", said(users.value("plam", "user_id", 1))),
        ("text", said(users.text("rate", "plam", "free"))),
        ("scalar", said(users.scalar(col("plam").sum()))),
        ("pivot_longer", said(users.pivot_longer("plam", "a", "b"))),
        ("pivot_wider", said(users.pivot_wider("plam", "rate"))),
    ];
    for (verb, message) in verbs {
        assert!(message.contains("no column `plam`; did you mean `plan`?"), "{verb}: {message}");
    }
}

#[test]
fn frames_may_be_lazy_borrowed_or_unsized() {
    let users = users();
    let source: &dyn Source = &users;
    for found in [
        users.keep("paid"),
        (&&users).keep("paid"),
        users.clone().lazy().keep("paid"),
        source.keep("paid"),
    ] {
        assert_eq!(whole(&found.unwrap(), "user_id"), [Some(1), Some(4)]);
    }
}

#[test]
fn what_is_null_is_not_kept_and_what_is_no_condition_is_refused() {
    assert_eq!(users().keep(col("plan").neq(lit("pro"))).unwrap().height(), 2);
    assert_eq!(users().keep(lit(NULL)).unwrap().height(), 0);
    let message = said(users().keep(col("user_id")));
    assert!(message.contains("`rows` is an expression of type i32"), "{message}");
}

#[test]
fn numbers_need_no_lit() {
    let found = users().keep(col("user_id").eq(2).or(col("rate").lt(0.3))).unwrap();
    assert_eq!(whole(&found, "user_id"), [Some(2), Some(4)]);
    let found = users().add_columns(col("rate").fill_null(0).alias("rate")).unwrap();
    assert_eq!(found.column("rate").unwrap().null_count(), 0);
}

#[test]
fn equal_rows_stay_in_order_and_nulls_come_last() {
    let found = users().sort_asc("plan").unwrap();
    assert_eq!(whole(&found, "user_id"), [1, 4, 2, 3].map(Some));
    let found = users().sort_desc("plan").unwrap();
    assert_eq!(whole(&found, "user_id"), [2, 1, 4, 3].map(Some));
}

#[test]
fn a_left_join_keeps_rows_and_refuses_what_would_multiply_them() {
    let visits =
        df!("user_id" => [Some(4), Some(9), None, Some(1), Some(4)], "minutes" => [1, 2, 3, 4, 5])
            .unwrap();
    let found =
        visits.left_join_on(&users().pick(["user_id", "plan"]).unwrap(), "user_id").unwrap();
    assert_eq!(whole(&found, "minutes"), [1, 2, 3, 4, 5].map(Some));
    assert_eq!(found.column("plan").unwrap().null_count(), 2);
    let message = said(users().left_join_on(&visits, "user_id"));
    assert!(message.contains("`user_id` of the right frame holds 4 in 2 rows"), "{message}");
    let message = said(
        visits.left_join_on(&users().add_columns(lit(1).alias("minutes")).unwrap(), "user_id"),
    );
    assert!(message.contains("`minutes` of the right frame is in the left one, too"), "{message}");
    let message = said(visits.left_join_on(&df!("user" => [1]).unwrap(), "user_id"));
    assert!(message.contains("the right frame has no column `user_id`"), "{message}");
    // Keys that are null are nobody's, and may be there more than once.
    let nobody = df!("user_id" => [None, None, Some(1)], "team" => ["a", "b", "c"]).unwrap();
    let found = visits.left_join_on(&nobody, "user_id").unwrap();
    assert_eq!((found.height(), found.column("team").unwrap().null_count()), (5, 4));
}

#[test]
fn groups_are_sorted_and_those_of_nothing_come_last() {
    let found = users().count_by("plan").unwrap();
    assert_eq!(whole(&found, "count"), [2, 1, 1].map(Some));
    assert_eq!(found.column("plan").unwrap().str().unwrap().get(2), None);
    let found = users().agg_by(col("user_id").gt(2).alias("late"), col("user_id").sum()).unwrap();
    assert_eq!(whole(&found, "user_id"), [3, 7].map(Some));
}

#[test]
fn a_total_leaves_nulls_out_but_is_no_zero_where_nothing_is_known() {
    assert_eq!(users().total("paid").unwrap(), 2.0);
    assert_eq!(users().total("user_id").unwrap(), 10.0);
    assert_eq!(users().clear().total("rate").unwrap(), 0.0);
    assert!(said(users().total("rate")).contains("NaN"));
    assert!(said(users().total("plan")).contains("is str; it must be a number"));
    let unknown = df!("rate" => [None::<f64>, None]).unwrap();
    assert!(said(unknown.total("rate")).contains("nothing but nulls"));
}

#[test]
fn a_value_has_one_row_and_is_known() {
    let users = users();
    assert_eq!(users.value("rate", "user_id", 4).unwrap(), 0.25);
    assert_eq!(users.value("paid", "user_id", 1_u32).unwrap(), 1.0);
    assert_eq!(users.value("user_id", "plan", "pro").unwrap(), 2.0);
    assert_eq!(
        users.value("plan", "plan", "pro").unwrap_err().to_string().matches("`plan`").count(),
        1
    );
    for (message, part) in [
        (
            said(users.value("rate", "user_id", 2)),
            "`rate` of the given frame is null where `user_id` is 2",
        ),
        (said(users.value("rate", "user_id", 3)), "is NaN in row 3; it must be finite"),
        (
            said(users.value("rate", "user_id", 5)),
            "`user_id` of the given frame has no 5; it has 1, 2, 3, 4",
        ),
        (
            said(users.value("rate", "plan", "free")),
            "`plan` of the given frame is \"free\" in 2 rows (1, 4)",
        ),
        (
            said(users.value("rate", "plan", "fre")),
            "has no \"fre\"; did you mean \"free\"? It has \"free\", \"pro\"",
        ),
        (
            said(users.value("rate", "user_id", "2")),
            "`user_id` of the given frame is i32, and the key \"2\" is a text",
        ),
        (said(users.value("plan", "user_id", 1)), "is str; it must be a number"),
        (said(users.text("plan", "user_id", 3)), "is null where `user_id` is 3"),
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(users.text("plan", "user_id", 2).unwrap(), "pro");
    assert_eq!(users.text("rate", "user_id", 4).unwrap(), "0.25");
}

#[test]
fn keys_are_of_the_columns_type() {
    let day = |d| NaiveDate::from_ymd_opt(2024, 5, d).unwrap();
    let midnight = |d| day(d).and_hms_opt(0, 0, 0).unwrap();
    let frame = df!("day" => [day(1), day(2)], "at" => [midnight(1), midnight(2)], "x" => [0.5, 1.0], "n" => [1, 2]);
    let frame = frame.unwrap();
    assert_eq!(frame.value("n", "day", day(2)).unwrap(), 2.0);
    assert_eq!(frame.value("n", "at", midnight(2)).unwrap(), 2.0);
    assert_eq!(frame.value("n", "x", 0.5).unwrap(), 1.0);
    assert_eq!(frame.value("n", "x", 1).unwrap(), 2.0);
    let zoned = DataType::Datetime(
        TimeUnit::Milliseconds,
        TimeZone::opt_try_new(Some("Europe/Berlin")).unwrap(),
    );
    let zoned = frame.add_columns(col("at").cast(zoned)).unwrap();
    // Midnight UTC is 2 a.m. in Berlin's summer.
    let two = day(2).and_hms_opt(2, 0, 0).unwrap();
    assert_eq!(zoned.value("n", "at", two).unwrap(), 2.0);
    let kind = frame.add_columns(
        col("n").cast(DataType::String).cast(DataType::from_categories(Categories::global())),
    );
    assert_eq!(kind.unwrap().value("x", "n", "2").unwrap(), 1.0);
    assert_eq!([Key::from(1).to_string(), Key::from("a").to_string()], ["1", "\"a\""]);
}

#[test]
fn a_scalar_is_one_known_number() {
    assert_eq!(users().scalar(col("user_id").max()).unwrap(), 4.0);
    for (message, part) in [
        (said(users().scalar("user_id")), "`expression` is 4 values"),
        (said(users().scalar(lit(NULL).cast(DataType::Float64))), "`expression` is null"),
        (said(users().scalar(col("plan").first())), "of type str"),
        (said(users().scalar(lit(f64::NAN))), "NaN"),
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn long_and_wide_are_each_others_way_back() {
    let wide = df!("month" => [2, 1], "pro" => [Some(4), None], "free" => [10, 11]).unwrap();
    let long = wide.pivot_longer(["pro", "free"], "plan", "users").unwrap();
    assert_eq!(whole(&long, "month"), [2, 1, 2, 1].map(Some));
    assert_eq!(whole(&long, "users"), [Some(4), None, Some(10), Some(11)]);
    assert!(long.pivot_wider("plan", "users").unwrap().equals_missing(&wide));
    let one = long.keep(col("month").eq(1)).unwrap().pick(["plan", "users"]).unwrap();
    assert_eq!(one.pivot_wider("plan", "users").unwrap().shape(), (1, 2));
    let message = said(stack([&long, &long]).unwrap().pivot_wider("plan", "users"));
    assert!(
        message.contains("holds \"pro\" in 2 rows for month 2; aggregate them first"),
        "{message}"
    );
    for taken in [
        wide.pivot_longer("pro", "month", "users"),
        wide.pivot_longer("pro", "plan", "free"),
        wide.pivot_longer("pro", "plan", "plan"),
    ] {
        assert!(said(taken).contains("two columns of this name"));
    }
    let named = long.add_columns(lit("month").alias("plan")).unwrap();
    assert!(said(named.pivot_wider("plan", "users")).contains("two columns of this name"));
}

/// Time grows with rows and cells, not with rows times labels.
#[test]
fn many_labels_become_columns_in_no_time() {
    let (groups, labels) = (100_i64, 3_000_i64);
    let cells = || (0..groups * labels).map(|n| (n / labels, n % labels));
    let long = df!(
        "day" => cells().map(|(day, _)| day).collect::<Vec<_>>(),
        "user" => cells().map(|(_, user)| user.to_string()).collect::<Vec<_>>(),
        "events" => cells().map(|(day, user)| day * 10_000 + user).collect::<Vec<_>>(),
    )
    .unwrap();
    let began = std::time::Instant::now();
    let wide = long.pivot_wider("user", "events").unwrap();
    // Tests are not optimised; a filter for each label takes minutes.
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    assert_eq!(wide.shape(), (100, 3_001));
    assert_eq!(wide.value("2999", "day", 7).unwrap(), 72_999.0);
    // A cell that no row has is null, and groups are in order of first appearance.
    let some = long.keep(col("events").neq(72_999)).unwrap().sort_desc("day").unwrap();
    let wide = some.pivot_wider("user", "events").unwrap();
    assert_eq!(wide.column("2999").unwrap().null_count(), 1);
    assert_eq!(whole(&wide, "day")[0], Some(99));
}

#[test]
fn frames_are_stacked_by_name() {
    let one = df!("a" => [1_i32], "b" => ["x"]).unwrap();
    let two = df!("b" => ["y"], "a" => [2_i64]).unwrap();
    let both = stack([&one, &two]).unwrap();
    assert_eq!(both.get_column_names(), ["a", "b"]);
    assert_eq!(whole(&both, "a"), [1, 2].map(Some));
    assert_eq!(stack(vec![one.clone().lazy(), two.lazy()]).unwrap().height(), 2);
    let message = said(stack([&one, &df!("a" => [1]).unwrap()]));
    assert!(message.contains("the stacked frame has no column `b`"), "{message}");
    assert!(said(stack(Vec::<DataFrame>::new())).contains("one frame or more"));
}
