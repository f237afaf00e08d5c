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
    let words = "analyze cohorts data/samples/events.csv --period day --until 2200-01-01 --chart";
    let words = [&words.split(' ').collect::<Vec<_>>()[..], &[chart.to_str().unwrap()]].concat();
    let told = fails(&words);
    assert!(told.contains("`chart` is cells of") && told.contains("at most 200000"), "{told}");
    // A wrong value of a megabyte is named, not printed whole, nor obeyed.
    let place = Place::new();
    let value = format!("\u{1b}[2J{}", "x".repeat(1_000_000));
    let told = activity(&place.file("long.csv", format!("user_id,timestamp\na,{value}\n")));
    assert!(told.len() < 3_000 && told.contains("which is no time"), "{} bytes", told.len());
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
