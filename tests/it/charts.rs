//! Charts meet data nobody planned for: they must neither crash nor draw nonsense.

use casebook::chart::{self, Unit};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use proptest::prelude::*;

/// All kinds on one frame with columns `x`, `y`, `name`.
fn all(frame: &DataFrame) -> Vec<(&'static str, Figure)> {
    vec![
        ("line", chart::line(frame, "x", "y").title("A title").draw().unwrap()),
        (
            "lines",
            chart::line(frame, "x", "y")
                .by("name")
                .band("y", "x")
                .unit(Unit::Dollars)
                .draw()
                .unwrap(),
        ),
        (
            "zoomed",
            chart::line(frame, "x", "y").observed("y").zoom().unit(Unit::Percent).draw().unwrap(),
        ),
        ("over names", chart::line(frame, "name", "y").draw().unwrap()),
        ("bar", chart::bar(frame, "name", "y").title("A title").draw().unwrap()),
        ("stacked", chart::bar(frame, "x", "y").by("name").stacked().draw().unwrap()),
        ("grouped", chart::bar(frame, "x", "y").by("name").unit(Unit::Dollars).draw().unwrap()),
        ("histogram", chart::histogram(frame, "y").draw().unwrap()),
        ("bins", chart::histogram(frame, "y").bins(7).draw().unwrap()),
        ("density", chart::histogram(frame, "y").density(frame, "x", "y").draw().unwrap()),
        ("heat map", chart::heatmap(frame, "x", "name", "y").draw().unwrap()),
        ("steps", chart::line(frame, "x", "y").by("name").band("x", "y").steps().draw().unwrap()),
        ("survival", chart::survival(&curve(frame)).by("name").draw().unwrap()),
        ("interval", chart::interval(frame, "name", "y", "x", "y").draw().unwrap()),
        (
            "compared",
            chart::interval(frame, "name", "y", "y", "x")
                .reference(0.0, "nothing")
                .unit(Unit::Percent)
                .draw()
                .unwrap(),
        ),
        ("funnel", chart::funnel(&steps(frame)).draw().unwrap()),
        ("scatter", chart::scatter(frame, "x", "y").fit().identity("the same").draw().unwrap()),
        ("scattered by name", chart::scatter(frame, "x", "y").by("name").fit().draw().unwrap()),
        ("slope", chart::slope(frame, "name", "y", "y").draw().unwrap()),
        ("dumbbell", chart::dumbbell(frame, "name", "y", "y").unit(Unit::Percent).draw().unwrap()),
        ("waterfall", chart::waterfall(frame, "name", "y").start("before", 3.0).draw().unwrap()),
        ("zoomed waterfall", chart::waterfall(frame, "name", "y").zoom().draw().unwrap()),
    ]
}

/// The frame as a funnel's steps: nobody is less than no one.
fn steps(frame: &DataFrame) -> DataFrame {
    let users = when(col("y").lt(lit(0))).then(lit(0.0) - col("y")).otherwise(col("y"));
    frame.clone().lazy().with_column(users.alias("users")).collect().unwrap()
}

/// The frame with a survival curve's columns.
fn curve(frame: &DataFrame) -> DataFrame {
    let renamed = frame.clone().lazy().rename(["x", "y"], ["time", "survival"], true);
    let more = ["low", "high", "at_risk"].map(|name| col("survival").alias(name));
    renamed.with_columns(more).collect().unwrap()
}

/// The picture is well-formed, nothing in it is not a number, and it renders at twice its size.
pub fn sound(what: &str, figure: &Figure) {
    for nonsense in ["NaN", "inf", "2147483647", "-2147483648"] {
        let drawn = figure.svg().split("aria-label").nth(1).unwrap_or_default();
        let drawn = drawn.split_once('>').unwrap_or_default().1;
        let in_attributes = drawn
            .split('<')
            .filter_map(|tag| tag.split_once('>'))
            .any(|(tag, _)| tag.contains(nonsense));
        assert!(!in_attributes, "{what}: {nonsense} in\n{}", figure.svg());
    }
    let png = figure.png().unwrap();
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    let (width, height) = figure.size();
    assert_eq!((side(16), side(20)), (2 * width, 2 * height), "{what}");
    assert!(!figure.alt().is_empty(), "{what}");
}

pub fn frame(x: Vec<Option<f64>>, y: Vec<Option<f64>>, name: Vec<&str>) -> DataFrame {
    df!("x" => x, "y" => y, "name" => name).unwrap()
}

#[test]
fn unplanned_data_is_drawn_or_declined() {
    let long =
        "a label so long that no chart of any reasonable size could ever show all of it at once";
    let cases = [
        ("no rows", frame(vec![], vec![], vec![]), true),
        ("one row", frame(vec![Some(1.0)], vec![Some(2.0)], vec!["a"]), false),
        ("only nulls", frame(vec![Some(1.0), Some(2.0)], vec![None, None], vec!["a", "b"]), true),
        ("only NaN", frame(vec![Some(1.0)], vec![Some(f64::NAN)], vec!["a"]), true),
        (
            "some not finite",
            frame(
                vec![Some(1.0), Some(2.0), Some(3.0), Some(4.0)],
                vec![Some(f64::NAN), Some(f64::INFINITY), None, Some(5.0)],
                vec!["a", "b", "c", "d"],
            ),
            false,
        ),
        (
            "negative",
            frame(vec![Some(-3.0), Some(-2.0)], vec![Some(-5.0), Some(4.0)], vec!["a", "a"]),
            false,
        ),
        (
            "all zero",
            frame(vec![Some(0.0), Some(0.0)], vec![Some(0.0), Some(0.0)], vec!["a", "b"]),
            false,
        ),
        (
            "huge",
            frame(vec![Some(-1e300), Some(1e300)], vec![Some(1e308), Some(-1e308)], vec!["a", "b"]),
            false,
        ),
        (
            "tiny",
            frame(
                vec![Some(1e-300), Some(2e-300)],
                vec![Some(5e-324), Some(1e-310)],
                vec!["a", "b"],
            ),
            false,
        ),
        (
            "close",
            frame(
                vec![Some(1e15), Some(1e15 + 1.0)],
                vec![Some(1.0), Some(1.0 + f64::EPSILON)],
                vec!["a", "b"],
            ),
            false,
        ),
        (
            "long labels",
            frame(vec![Some(1.0), Some(2.0)], vec![Some(1.0), Some(2.0)], vec![long, "b"]),
            false,
        ),
        ("markup", frame(vec![Some(1.0)], vec![Some(1.0)], vec!["<script>&\"'\u{7}\n"]), false),
        (
            "many names",
            frame(
                (0..300).map(|i| Some(f64::from(i))).collect(),
                (0..300).map(|i| Some(f64::from(i % 7))).collect(),
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
fn logarithmic_axes_show_powers_as_straight_lines() {
    let x: Vec<f64> = (0..=6).map(|k| 10_f64.powi(k)).collect();
    let y: Vec<f64> = x.iter().map(|x| 0.02 * x.powf(0.5)).collect();
    let frame = df!("x" => &x, "y" => &y).unwrap();
    let figure = chart::line(&frame, "x", "y").log().draw().unwrap();
    sound("a power", &figure);
    for tick in [">0.01<", ">0.1<", ">10<", ">100<", ">10,000<", ">1M<"] {
        let text = figure.svg().replace(['\n', '\r'], "");
        assert!(text.contains(tick), "{tick} in {text}");
    }
    assert!(figure.alt().contains("0.02 at 1, 20 at 1M"), "{}", figure.alt());
    // Equal steps to the right, equal steps up: the places of the dots.
    let place = |name: &str| -> Vec<f64> {
        let dots = figure.svg().split("<circle").skip(1);
        let value =
            |dot: &str| dot.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse().ok();
        dots.filter_map(value).collect()
    };
    for places in [place("cx"), place("cy")] {
        assert_eq!(places.len(), 7);
        let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() <= 1.0), "{steps:?}");
    }
    // What is not above 0 has no place there.
    let frame = df!("x" => [1.0, 10.0, 0.0], "y" => [0.0, 5.0, 5.0]).unwrap();
    let figure = chart::line(&frame, "x", "y").log().draw().unwrap();
    sound("zeros", &figure);
    assert!(figure.alt().contains("5 at 10."), "{}", figure.alt());
    assert!(figure.svg().contains("2 values are missing"), "{}", figure.svg());
    let nothing = df!("x" => [-1.0, -2.0], "y" => [1.0, 2.0]).unwrap();
    assert!(chart::line(&nothing, "x", "y").log().draw().unwrap().alt().contains("no data"));
}

#[test]
fn left_out_values_are_counted_in_the_picture() {
    let frame = frame(
        vec![Some(1.0), Some(2.0), Some(3.0)],
        vec![Some(1.0), None, Some(f64::NAN)],
        vec!["a", "b", "c"],
    );
    let figure = chart::line(&frame, "x", "y").draw().unwrap();
    assert!(figure.svg().contains("2 values are missing or not finite"), "{}", figure.svg());
}

#[test]
fn markup_in_names_is_text() {
    let frame = frame(vec![Some(1.0)], vec![Some(1.0)], vec!["<b>&"]);
    let figure = chart::bar(&frame, "name", "y").title("1 < 2 & \"so\"").draw().unwrap();
    assert!(
        !figure.svg().contains("<b>") && figure.svg().contains("&lt;b&gt;&amp;"),
        "{}",
        figure.svg()
    );
}

/// Labels are cut before they are measured, between letters, and stay apart.
#[test]
fn labels_of_any_length_are_drawn_at_once() {
    let letters =
        ["x", "word ", "👨\u{200d}👩\u{200d}👧", "e\u{301}", "\u{301}", "\u{202e}", "\u{7}", "i"];
    for letter in letters {
        let long = letter.repeat(64_000 / letter.chars().count());
        let names = [format!("{long}a"), format!("{long}b"), "short".into()];
        let frame = df!("x" => [1.0, 2.0, 3.0], "y" => [3.0, 1.0, 2.0], "name" => &names).unwrap();
        let began = std::time::Instant::now();
        for (kind, figure) in all(&frame) {
            let what = format!("{kind} of {}", letter.escape_debug());
            sound(&what, &figure);
            assert!(figure.svg().len() < 100_000, "{what}: {} bytes", figure.svg().len());
            let control = |c: char| c.is_control() && !"\n\r\t".contains(c);
            assert!(!figure.svg().contains(control), "{what}");
        }
        let bars = chart::bar(&frame, "name", "y").title(&long).x_label(&long).y_label(&long);
        let bars = bars.size(4_000, 4_000).draw().unwrap();
        assert!(
            bars.alt().contains("3 bars"),
            "names that begin alike are one: {}",
            bars.alt().len()
        );
        assert!(began.elapsed().as_secs() < 20, "{}: {:?}", letter.escape_debug(), began.elapsed());
    }
    let frame = df!("x" => [1.0], "y" => [2.0], "name" => ["a\u{fffe}b\u{0}c\r\nd"]).unwrap();
    for (kind, figure) in all(&frame) {
        sound(kind, &figure);
        assert!(!figure.svg().contains('\u{fffe}'), "{kind}");
    }
}

/// What nobody could see is not drawn, and said.
#[test]
fn pictures_of_a_million_marks_are_refused() {
    let wide: Vec<i64> = (0..1_000).collect();
    let frame = df!("x" => &wide, "y" => &wide, "z" => &wide).unwrap();
    let told = chart::heatmap(&frame, "x", "y", "z").draw().unwrap_err().to_string();
    assert!(told.contains("cells of 1000000; accepted: at most 200000"), "{told}");
    let told = chart::bar(&frame, "x", "z").by("y").draw().unwrap_err().to_string();
    assert!(told.contains("bars of 1000000"), "{told}");
}

/// However many series there are, the plot keeps its room.
#[test]
fn a_legend_leaves_room_for_the_plot() {
    let names: Vec<String> = (0..5_000).map(|i| format!("series {i}")).collect();
    let frame = df!("x" => vec![1.0; 5_000], "y" => vec![1.0; 5_000], "name" => names).unwrap();
    let figure = chart::bar(&frame, "x", "y").by("name").draw().unwrap();
    sound("many series", &figure);
    let text = figure.svg().replace(['\n', '\r'], "");
    assert!(text.contains("series 7<") && text.contains(" more<"), "{}", text.len());
    assert!(!text.contains("series 4000<"));
    let figure = chart::survival(&curve(&frame)).by("name").draw().unwrap();
    sound("many groups", &figure);
}

#[test]
fn the_alt_text_states_finding_and_range() {
    let frame =
        df!("month" => ["2021-01", "2021-02", "2021-03"], "mrr" => [30.0, 10.0, 20.0]).unwrap();
    let figure = chart::line(&frame, "month", "mrr")
        .title("It dips")
        .y_label("MRR")
        .unit(Unit::Dollars)
        .draw()
        .unwrap();
    assert_eq!(
        figure.alt(),
        "It dips. Line chart of MRR by month. MRR: $30 at 2021-01, $20 at 2021-03, between $10 and $30."
    );
    let figure = chart::bar(&frame, "month", "mrr").title("It dips").draw().unwrap();
    assert_eq!(
        figure.alt(),
        "It dips. Bar chart of mrr by month. 3 bars. mrr: from 10 at 2021-02 to 30 at 2021-01."
    );
    let own = chart::bar(&frame, "month", "mrr").alt("In my own words").draw().unwrap();
    assert_eq!(own.alt(), "In my own words");
}

#[test]
fn a_figure_is_the_same_bytes_every_time() {
    let frame = df!("x" => [1, 2, 3], "y" => [1.0, 4.0, 9.0]).unwrap();
    let draw = || chart::line(&frame, "x", "y").title("Same").draw().unwrap().png().unwrap();
    assert!(draw() == draw());
}

#[test]
fn figures_are_saved_by_extension() {
    let folder = tempfile::tempdir().unwrap();
    let frame = df!("x" => [1, 2], "y" => [1.0, 4.0]).unwrap();
    let figure = chart::line(&frame, "x", "y").draw().unwrap();
    figure.save(folder.path().join("a.svg")).unwrap();
    figure.save(folder.path().join("a.png")).unwrap();
    assert!(std::fs::read_to_string(folder.path().join("a.svg")).unwrap().starts_with("<svg"));
    assert!(std::fs::read(folder.path().join("a.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(figure.save(folder.path().join("a.gif")).unwrap_err().to_string().contains(".png"));
}

#[test]
fn wrong_columns_and_sizes_are_named() {
    let frame = df!("x" => [1], "y" => ["a"]).unwrap();
    let told = chart::line(&frame, "x", "z").draw().unwrap_err().to_string();
    assert_eq!(told, "the chart's frame has no column `z`; it has `x`, `y`");
    let told = chart::line(&frame, "x", "y").draw().unwrap_err().to_string();
    assert!(told.contains("`y`") && told.contains("number"), "{told}");
    let told = chart::histogram(&frame, "x").size(10, 10).draw().unwrap_err().to_string();
    assert!(told.contains("10 x 10"), "{told}");
    assert!(chart::histogram(&frame, "x").bins(0).draw().is_err());
}

#[test]
fn panels_keep_their_charts_and_descriptions() {
    let frame = frame(vec![Some(1.0), Some(2.0)], vec![Some(3.0), Some(4.0)], vec!["a", "b"]);
    let small = chart::line(&frame, "x", "y").title("One").size(300, 200).draw().unwrap();
    let tall = chart::line(&frame, "x", "y").title("Two & <more>").size(200, 300).draw().unwrap();
    let all = chart::panels(&[small.clone(), tall.clone(), small.clone()], 2).unwrap();
    assert_eq!(all.size(), (300 + 12 + 200, 300 + 12 + 200));
    assert!(all.alt().contains(small.alt()) && all.alt().contains(tall.alt()));
    sound("panels", &all);
    assert_eq!(all.svg().matches("role=\"img\"").count(), 4);
    let told = chart::panels(&[], 2).unwrap_err().to_string();
    assert!(told.contains("`figures` is 0 in 2 columns"), "{told}");
    assert!(chart::panels(&vec![tall; 20], 1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Any numbers at all.
    #[test]
    fn any_numbers_are_drawn(values in prop::collection::vec((any::<Option<f64>>(), any::<Option<f64>>(), "[a-c]{0,2}"), 0..12)) {
        let (mut x, mut y, mut name) = (vec![], vec![], vec![]);
        for (a, b, c) in &values {
            x.push(*a);
            y.push(*b);
            name.push(c.as_str());
        }
        let frame = frame(x, y, name);
        for (kind, figure) in all(&frame) {
            sound(kind, &figure);
        }
        sound("log", &chart::line(&frame, "x", "y").by("name").log().draw().unwrap());
    }
}
