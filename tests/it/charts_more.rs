//! Small multiples, calibration, flows, transitions, areas and boxes, on data nobody planned for.

use casebook::chart::{self, Unit};
use casebook::metrics::distribution;
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use proptest::prelude::*;

use super::charts::sound;

/// All kinds on one frame with columns `x`, `y`, `name`. Kinds of parts and counts get those without their sign.
fn all(frame: &DataFrame) -> Vec<(&'static str, Figure)> {
    let amounts = frame.clone().lazy().with_columns([col("x").abs(), col("y").abs()]);
    let amounts = amounts.collect().unwrap();
    let staged = amounts.clone().lazy().with_column(lit(1).alias("stage")).collect().unwrap();
    let renamed = frame.clone().lazy().with_columns([
        col("x").alias("predicted"),
        col("y").alias("observed"),
        col("y").alias("low"),
        col("x").alias("high"),
        col("y").alias("n"),
    ]);
    let bins = renamed.collect().unwrap();
    let level = frame.clone().lazy().with_column(col("y").alias("same")).collect().unwrap();
    let five = ["y", "y", "y", "y", "same"];
    let multiples = || chart::multiples(frame, "x", "y", "name");
    let flat = |figure: casebook::Result<Figure>| figure.unwrap();
    vec![
        ("multiples", flat(multiples().title("A title").draw())),
        ("in one column", flat(multiples().others().zoom().columns(1).size(720, 900).draw())),
        ("bars", flat(multiples().bars().unit(Unit::Dollars).draw())),
        ("over names", flat(chart::multiples(frame, "name", "y", "name").draw())),
        ("area", flat(chart::area(&amounts, "x", "y", "name").title("A title").draw())),
        ("shares", flat(chart::area(&amounts, "name", "y", "name").share().draw())),
        ("transitions", flat(chart::transitions(&amounts, "name", "name", "y").draw())),
        ("calibration", flat(chart::calibration(&bins).title("A title").draw())),
        ("orders", flat(chart::calibration(&bins).unit(Unit::Number).size(360, 300).draw())),
        ("sankey", flat(chart::sankey(&staged, "name", "name", "y").stages("stage").draw())),
        ("boxes", flat(chart::boxplot(&level, "name", five).counts("x").draw())),
        ("dots", flat(chart::boxplot(&level, "name", five).outliers(frame, "name", "x").draw())),
    ]
}

fn frame(x: Vec<Option<f64>>, y: Vec<Option<f64>>, name: Vec<&str>) -> DataFrame {
    df!("x" => x, "y" => y, "name" => name).unwrap()
}

#[test]
fn unplanned_data_is_drawn_or_declined() {
    let long =
        "a label so long that no chart of any reasonable size could ever show all of it at once";
    let some = |values: &[f64]| values.iter().copied().map(Some).collect::<Vec<_>>();
    let cases = [
        ("no rows", frame(vec![], vec![], vec![]), true),
        ("one row", frame(some(&[1.0]), some(&[2.0]), vec!["a"]), false),
        ("only nulls", frame(some(&[1.0, 2.0]), vec![None, None], vec!["a", "b"]), true),
        ("only NaN", frame(some(&[1.0]), some(&[f64::NAN]), vec!["a"]), true),
        (
            "some not finite",
            frame(
                some(&[1.0, 2.0, 3.0, 4.0]),
                vec![Some(f64::NAN), Some(f64::INFINITY), None, Some(5.0)],
                vec!["a", "b", "c", "d"],
            ),
            false,
        ),
        ("negative", frame(some(&[-3.0, -2.0]), some(&[-5.0, 4.0]), vec!["a", "b"]), false),
        ("huge", frame(some(&[-1e300, 1e300]), some(&[1e308, -1e308]), vec!["a", "b"]), false),
        ("tiny", frame(some(&[1e-300, 2e-300]), some(&[5e-324, 1e-310]), vec!["a", "b"]), false),
        (
            "close",
            frame(some(&[1e15, 1e15 + 1.0]), some(&[1.0, 1.0 + f64::EPSILON]), vec!["a", "b"]),
            false,
        ),
        ("long labels", frame(some(&[1.0, 2.0]), some(&[1.0, 2.0]), vec![long, "b"]), false),
        ("markup", frame(some(&[1.0]), some(&[1.0]), vec!["<script>&\"'\u{7}\n"]), false),
        (
            "many rows",
            frame(
                (0..300).map(|i| Some(f64::from(i))).collect(),
                (0..300).map(|i| Some(f64::from(i % 7 + 1))).collect(),
                (0..300).map(|i| if i % 2 == 0 { "even" } else { "odd" }).collect(),
            ),
            false,
        ),
    ];
    for (case, frame, empty) in &cases {
        for (kind, figure) in all(frame) {
            let what = format!("{kind} of {case}");
            sound(&what, &figure);
            assert_eq!(figure.alt().contains("no data"), *empty, "{what}: {}", figure.alt());
            assert_eq!(figure.svg().contains("No data"), *empty, "{what}");
        }
    }
}

#[test]
fn long_labels_are_drawn_at_once() {
    for letter in ["x", "word ", "e\u{301}", "\u{202e}"] {
        let long = letter.repeat(64_000 / letter.chars().count());
        let names = [format!("{long}a"), format!("{long}b"), "short".into()];
        let frame = df!("x" => [1.0, 2.0, 3.0], "y" => [3.0, 1.0, 2.0], "name" => &names).unwrap();
        for (kind, figure) in all(&frame) {
            let what = format!("{kind} of {}", letter.escape_debug());
            sound(&what, &figure);
            assert!(figure.svg().len() < 100_000, "{what}: {} bytes", figure.svg().len());
        }
    }
}

#[test]
fn pictures_of_a_million_marks_are_refused() {
    let wide: Vec<i64> = (0..1_000).collect();
    let frame = df!("x" => &wide, "y" => &wide, "z" => &wide).unwrap();
    let told = |figure: casebook::Result<Figure>| figure.unwrap_err().to_string();
    let said = told(chart::area(&frame, "x", "z", "y").draw());
    assert!(said.contains("points of 1000000; accepted: at most 200000"), "{said}");
    let said = told(chart::transitions(&frame, "x", "y", "z").draw());
    assert!(said.contains("cells of 1000000"), "{said}");
    let said = told(chart::multiples(&frame, "x", "z", "y").others().draw());
    assert!(said.contains("marks of 1000000"), "{said}");
    let many: Vec<i64> = (0..2_001).collect();
    let many = df!("x" => &many, "y" => vec!["all"; 2_001], "n" => vec![1; 2_001]).unwrap();
    let said = told(chart::sankey(&many, "x", "y", "n").draw());
    assert!(said.contains("flows of 2001"), "{said}");
    let tall = df!("x" => vec![1; 200_001]).unwrap();
    let said = told(chart::boxplot(&tall, "x", ["x"; 5]).draw());
    assert!(said.contains("boxes of 200001"), "{said}");
}

#[test]
fn the_alt_text_states_finding_and_range() {
    let moves = df!(
        "stage" => [1, 1, 2], "from" => ["free", "free", "pro"], "to" => ["pro", "free", "gone"],
        "users" => [30.0, 70.0, 6.0],
    )
    .unwrap();
    let figure = chart::sankey(&moves, "from", "to", "users")
        .stages("stage")
        .headings(["May", "June", "July"])
        .title("Three in ten upgrade")
        .draw()
        .unwrap();
    assert_eq!(
        figure.alt(),
        "Three in ten upgrade. Sankey diagram of users. 3 flows between 4 nodes in 3 layers. \
         Largest: free to free 70; free to pro 30; pro to gone 6."
    );
    sound("headings", &figure);
    let told = chart::sankey(&moves, "from", "to", "users").stages("stage").headings(["May"]);
    assert!(told.draw().unwrap_err().to_string().contains("`headings`"));
    let months =
        df!("month" => [1, 2, 1, 2], "plan" => ["a", "a", "b", "b"], "mrr" => [1.0, 2.0, 3.0, 2.0]);
    let months = months.unwrap();
    let figure = chart::area(&months, "month", "mrr", "plan").unit(Unit::Dollars).draw().unwrap();
    assert!(
        figure
            .alt()
            .ends_with("a: $1 at 1, $2 at 2; b: $3 at 1, $2 at 2; together: $4 at 1, $4 at 2."),
        "{}",
        figure.alt()
    );
    let figure = chart::multiples(&months, "month", "mrr", "plan").draw().unwrap();
    assert!(
        figure
            .alt()
            .ends_with("2 panels. a: 1 at 1, 2 at 2; b: 3 at 1, 2 at 2. All between 1 and 3."),
        "{}",
        figure.alt()
    );
}

#[test]
fn a_logarithmic_box_plot_keeps_boxes_above_zero() {
    let sizes: Vec<f64> = (0..200).map(|i| 1.07_f64.powi(i)).chain([0.0]).collect();
    let frame = df!("plan" => vec!["all"; sizes.len()], "size" => sizes).unwrap();
    let spread = distribution::summary(&frame, "plan", "size").unwrap();
    let dots = distribution::outliers(&frame, "plan", "size").unwrap();
    let boxes = chart::boxplot(&spread, "plan", ["low", "q1", "median", "q3", "high"]);
    let figure = boxes.outliers(&dots, "plan", "size").log().draw().unwrap();
    sound("log", &figure);
    for tick in [">100<", ">1,000<", ">100,000<"] {
        assert!(figure.svg().replace(['\n', '\r'], "").contains(tick), "{tick}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Any numbers at all.
    #[test]
    fn any_numbers_are_drawn(values in prop::collection::vec((any::<Option<f64>>(), any::<Option<f64>>(), "[a-c]{0,2}"), 0..12)) {
        let (mut x, mut y, mut name) = (vec![], vec![], vec![]);
        for (a, b, c) in &values {
            x.push(*a);
            y.push(*b);
            name.push(c.as_str());
        }
        for (kind, figure) in all(&frame(x, y, name)) {
            sound(kind, &figure);
        }
    }
}
