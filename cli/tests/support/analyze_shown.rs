//! `casebook analyze`: how results and messages are shown, whatever stands in them.

use super::*;

/// A text of a megabyte is whole for programs, and short for people; what a terminal would obey is spelled out.
#[test]
fn names_of_any_length_are_shown_short_and_given_whole() {
    let place = Place::new();
    let long = "x".repeat(1_000_000);
    let content = format!(
        "user_id,timestamp,order_id,amount\n{long},2024-01-01,1,5\n\"a\u{1b}[31m\nb\",2024-01-02,2,6\nc,2024-01-02,3,7\n"
    );
    let file = place.file("long.csv", content);
    let table = runs(&["analyze", "rfm", &file]);
    assert!(table.len() < 2_000, "{} bytes", table.len());
    assert!(table.contains(r"a\u{1b}[31m\nb") && !table.contains('\u{1b}'), "{table}");
    let ids: Vec<Value> =
        rows(&["analyze", "rfm", &file]).iter().map(|row| row["user_id"].clone()).collect();
    assert!(ids.contains(&Value::from(long.as_str())) && ids.contains(&"a\u{1b}[31m\nb".into()));
    assert!(runs(&["analyze", "rfm", &file, "--format", "csv"]).contains(&long));
}

#[test]
fn a_chart_of_long_labels_does_not_take_longer() {
    let place = Place::new();
    let long = "label ".repeat(11_000);
    let content = format!("months,cancelled,plan\n1,1,{long}\n2,0,b\n3,1,{long}\n4,1,b\n");
    let file = place.file("long.csv", content);
    for chart in ["out.svg", "out.png"] {
        let chart = place.0.path().join(chart);
        let began = std::time::Instant::now();
        runs(&[
            "analyze",
            "survival",
            &file,
            "--duration",
            "months",
            "--observed",
            "cancelled",
            "--group",
            "plan",
            "--chart",
            chart.to_str().unwrap(),
        ]);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}

/// Sums beyond what a number can hold are an error, in every format; numbers that are held are exact.
#[test]
fn numbers_beyond_all_bounds_are_named() {
    let place = Place::new();
    let file = |amount: &str| {
        let row = |user: &str| {
            format!("{user},2024-01-01,{user}1,{amount}\n{user},2024-01-02,{user}2,{amount}\n")
        };
        place.file(
            "huge.csv",
            format!("user_id,timestamp,order_id,amount\n{}{}", row("a"), row("b")),
        )
    };
    for format in ["table", "csv", "json"] {
        for amount in ["1e308", "-1e308"] {
            let told = fails(&["analyze", "rfm", &file(amount), "--format", format]);
            assert!(
                told.contains("`monetary` is beyond 1.8e308 in row 1 of the result"),
                "{format}: {told}"
            );
        }
    }
    let file = file("8.1e307");
    let csv = runs(&["analyze", "rfm", &file, "--format", "csv"]);
    let json = runs(&["analyze", "rfm", &file, "--format", "json"]);
    assert!(
        csv.contains(",1.62e308,") && json.contains("\"monetary\": 1.62e308,"),
        "{csv}\n{json}"
    );
}

#[test]
fn questions_beyond_all_bounds_are_explained() {
    let most = "18446744073709551615";
    let customers =
        "analyze segments data/samples/customers.csv --user customer_id --features orders --k";
    let words: Vec<&str> = customers.split(' ').chain([most]).collect();
    let told = fails(&words);
    assert!(told.contains(&format!("`k` is {most}; accepted: 1 to 1000")), "{told}");
    let words: Vec<&str> = customers.split(' ').chain(["32..1000"]).collect();
    assert_eq!(rows(&words).len(), 32);
    let place = tempfile::tempdir().unwrap();
    let chart = place.path().join("out.svg");
    let words = "analyze cohorts data/samples/events.csv --period day --until 2034-01-01 --chart";
    let words = [&words.split(' ').collect::<Vec<_>>()[..], &[chart.to_str().unwrap()]].concat();
    let told = fails(&words);
    assert!(told.contains("`chart` is cells of") && told.contains("at most 200000"), "{told}");
    // A wrong value of a megabyte is named, not printed whole, nor obeyed.
    let place = Place::new();
    let value = format!("\u{1b}[2J{}", "x".repeat(1_000_000));
    let told = activity(&place.file("long.csv", format!("user_id,timestamp\na,{value}\n")));
    assert!(told.len() < 3_000 && told.contains("which is not a time"), "{} bytes", told.len());
    assert!(told.contains("\\u{1b}[2Jxxx") && !told.contains('\u{1b}'), "{told}");
}

#[test]
fn percentages_have_no_space() {
    let place = tempfile::tempdir().unwrap();
    let chart = place.path().join("out.svg");
    for kind in KINDS {
        let example = example(kind);
        let words: Vec<&str> = example.iter().map(String::as_str).collect();
        let table = runs(&[&words[..], &["--chart", chart.to_str().unwrap()]].concat());
        assert!(!table.contains(" %"), "{table}");
        // The title, and what the axes show.
        let svg = std::fs::read_to_string(&chart).unwrap();
        let texts: Vec<&str> = svg
            .split("</text>")
            .filter_map(|text| text.rsplit('>').next())
            .map(str::trim)
            .collect();
        let spaced =
            texts.iter().find(|text| text.contains(" %") && text.contains(char::is_alphabetic));
        assert_eq!(spaced, None, "{kind}");
    }
}

/// What is said on standard error beside a result.
fn notes(words: &[&str]) -> String {
    let output = casebook(words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stderr)
}

/// Between semicolons, 1.234 may be a thousand and more: asked where no row decides, and only there.
#[test]
fn a_point_that_may_stand_between_thousands_is_asked_for() {
    let place = Place::new();
    let rfm = |between: &str, amounts: [&str; 2], more: &[&str]| {
        let content = format!(
            "user_id,timestamp,order_id,amount\na,2024-01-01,1,{}\nb,2024-01-02,2,{}\n",
            amounts[0], amounts[1]
        );
        let file = place.file("orders.csv", content.replace(',', between));
        casebook(&[&["analyze", "rfm", &file, "--format", "csv"][..], more].concat())
    };
    let asked = rfm(";", ["1.234", "12.500"], &[]);
    let told = text(&asked.stderr);
    assert!(!asked.status.success() && told.contains("row 1: `amount` is ambiguous"), "{told}");
    assert!(told.contains("for example \"1.234\", \"12.500\";"), "{told}");
    assert!(told.contains("--decimal-comma for 1234 (likely) or --thousands for 1.234"), "{told}");
    for (between, amounts, more, sum) in [
        (";", ["1.234", "12.500"], &["--decimal-comma"][..], ",1234,"),
        (";", ["1.234", "12.500"], &["--thousands"][..], ",1.234,"),
        (";", ["1.234", "2.5"], &[][..], ",1.234,"),
        (";", ["1.234", "0.125"], &[][..], ",1.234,"),
        (",", ["1.234", "12.500"], &[][..], ",1.234,"),
    ] {
        let given = rfm(between, amounts, more);
        let told = text(&given.stderr);
        assert!(given.status.success() && text(&given.stdout).contains(sum), "{amounts:?}: {told}");
    }
}

#[test]
fn clocks_that_are_not_utc_are_told() {
    let place = Place::new();
    let told = |content: &str, more: &[&str]| {
        let file = place.file("events.csv", format!("user_id,timestamp\n{content}"));
        notes(&[&["analyze", "activity", &file][..], more].concat())
    };
    let ahead = "a,2024-01-01T23:30:00+02:00\nb,2024-01-02T00:30:00+02:00\n";
    let berlin = ["--timezone", "Europe/Berlin"];
    assert!(told(ahead, &[]).contains("are written with +02:00, and days are counted in UTC"));
    assert!(!told(ahead, &berlin).contains("+02:00"));
    assert!(!told("a,2024-01-01T23:30:00Z\n", &[]).contains("UTC"));
    // An hour that does not exist, and one that comes twice.
    let jumps = "a,2024-03-31 02:30\na,2024-03-31 03:30\nb,2024-10-27 02:30\nb,2024-10-27 02:40\n";
    let said = told(jumps, &berlin);
    assert!(said.contains("1 time lies in an hour that clocks in Europe/Berlin skip"), "{said}");
    assert!(
        said.contains("2 times lie in an hour that clocks in Europe/Berlin show twice"),
        "{said}"
    );
    assert!(!told(jumps, &[]).contains("clock"));
}

/// What an experiment's rows are, and what is wrong with them, in the file's own words.
#[test]
fn experiments_are_told_by_row_user_and_arm() {
    let place = Place::new();
    let ab = |content: &str, more: &[&str]| {
        let file = place.file("ab.csv", content);
        casebook(&[&["analyze", "ab", &file, "--outcome", "bought"][..], more].concat())
    };
    let rows = "who,arm,bought\n1,control,0\n2,control,1\n3,offer,1\n4,offer,0\n";
    assert!(text(&ab(rows, &[]).stderr).contains("each row counts as a user; --user COLUMN"));
    assert!(!text(&ab(rows, &["--user", "who"]).stderr).contains("each row"));
    let table = text(&ab(rows, &["--user", "who"]).stdout);
    assert!(table.contains(" 0.0 pp ("), "{table}");
    let both = ab(&format!("{rows}1,offer,1\n"), &["--user", "who"]);
    let told = text(&both.stderr);
    assert!(
        told.contains("\"1\" appears more than once, in \"control\" and in \"offer\""),
        "{told}"
    );
    let again = ab(&format!("{rows}1,control,1\n"), &["--user", "who"]);
    assert!(text(&again.stderr).contains("use --cluster for rows that belong together"));
    // No arm: refused by row, or left out.
    let lacking = format!("{rows}5,,1\n");
    assert!(
        text(&ab(&lacking, &[]).stderr).contains("row 5: `arm` is empty; --missing-values skip")
    );
    let skipped = ab(&lacking, &["--missing-values", "skip"]);
    let told = text(&skipped.stderr);
    assert!(skipped.status.success() && told.contains("`arm` is empty in 1 of 5 rows"), "{told}");
    let told = text(&ab(rows, &["--control", "nobody"]).stderr);
    assert!(told.contains("`arm` has no \"nobody\" to compare with"), "{told}");
    let told = text(&ab(rows, &["--arm", "bought"]).stderr);
    assert!(told.contains("`bought` has no \"control\"") && !told.contains("frame"), "{told}");
    let told = text(&ab(rows, &["--arm", "group"]).stderr);
    assert!(
        told.contains("no column `group`") && told.contains("(--arm names the column)"),
        "{told}"
    );
}

#[test]
fn times_that_cannot_be_read_are_left_out_only_when_asked() {
    let place = Place::new();
    let file = |rows: &str| place.file("events.csv", format!("user_id,timestamp\n{rows}"));
    let skip = ["--missing-values", "skip"];
    let some = file("a,2024-01-01\nb,yesterday\nc,\nd,2024-01-02\n");
    assert!(activity(&some).contains("row 2: `timestamp` is \"yesterday\", which is not a time"));
    let words = [&["analyze", "activity", &some][..], &skip].concat();
    let told = notes(&words);
    let said = "`timestamp` is empty in 1 of 4 rows and cannot be read in 1, such as \"yesterday\" in row 2; skipped";
    assert!(told.contains(said), "{told}");
    assert_eq!(rows(&words).len(), 2);
    let none = file("a,yesterday\nb,today\n");
    let told = fails(&[&["analyze", "activity", &none][..], &skip].concat());
    assert!(told.contains("cannot be read in every row, such as \"yesterday\" in row 1"), "{told}");
}

/// Blanks and names that a reader stumbles over are explained beside the result.
#[test]
fn what_a_table_leaves_open_is_told() {
    let place = Place::new();
    let once = place.file(
        "once.csv",
        "user_id,timestamp,order_id,amount\na,2024-01-01,1,5\nb,2024-01-02,2,6.5\n",
    );
    assert!(notes(&["analyze", "rfm", &once]).contains("nobody ordered twice"));
    let table = runs(&["analyze", "rfm", &once]);
    assert!(table.contains(" 5.00 ") && table.contains(" 6.50 "), "{table}");
    assert!(!notes(&["analyze", "rfm", "data/samples/orders.csv"]).contains("ordered twice"));
    let few = place.file("few.csv", "duration,observed\n1,1\n2,0\n3,0\n");
    let survival = |show: &str| notes(&["analyze", "survival", &few, "--show", show]);
    assert!(survival("median").contains("no median if fewer than half have left"));
    assert!(survival("curve").contains("no interval before anyone has left"));
    let mean = "analyze cohorts data/samples/events.csv --period week --average weighted";
    let told = notes(&mean.split(' ').collect::<Vec<_>>());
    assert!(told.contains("averages only the cohorts observed that long"), "{told}");
    let help = runs(&["analyze", "rfm", "--help"]);
    assert!(help.contains("exclusive: rows from then on do not count"), "{help}");
    assert!(!runs(&["analyze", "cohorts", "--help"]).contains("matrix"));
}
