//! Subtitles, marks, ticks, units, order and colour: what a chart is told beyond its data.

use casebook::chart::{self, Position, TickUnit, Unit};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;
use chrono::NaiveDate;

use super::charts::{frame, sound};

fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, month, day).unwrap()
}

/// A year of two segments, by month.
fn months() -> DataFrame {
    let month: Vec<i32> = (0..=12).chain(0..=12).collect();
    let rate: Vec<f64> =
        (0..26).map(|i| 0.9_f64.powi(i % 13) * f64::from(1 + i / 13) / 2.0).collect();
    let segment: Vec<&str> = (0..26).map(|i| if i < 13 { "free" } else { "pro" }).collect();
    df!("month" => month, "rate" => rate, "segment" => segment).unwrap()
}

/// The texts of a picture, in their order.
pub(super) fn texts(figure: &Figure) -> Vec<String> {
    let inside = figure.svg().split("<text ").skip(1);
    let text =
        |part: &str| Some(part.split_once('>')?.1.split_once("</text>")?.0.trim().to_owned());
    inside.filter_map(text).collect()
}

/// An attribute of the text in the picture, in quarters of a pixel.
pub(super) fn of_text(figure: &Figure, wanted: &str, attribute: &str) -> f64 {
    let part = figure.svg().split("<text ").skip(1).find(|part| {
        part.split_once('>').is_some_and(|(_, rest)| rest.trim_start().starts_with(wanted))
    });
    let part = part.unwrap_or_else(|| panic!("no {wanted} in {:?}", texts(figure)));
    part.split(&format!(" {attribute}=\""))
        .nth(1)
        .or_else(|| part.split(&format!("{attribute}=\"")).nth(1))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// All kinds that have axes on one frame with `x`, `y`, `name`, with marks at these places.
fn marked(frame: &DataFrame, x: f64, y: f64) -> Vec<(&'static str, casebook::Result<Figure>)> {
    // Areas are stacked of parts, none of which is below 0.
    let amounts = &frame.clone().lazy().with_column(col("y").abs()).collect().unwrap();
    vec![
        (
            "line",
            chart::line(frame, "x", "y")
                .by("name")
                .vline(x, "a line")
                .diagonal("equal")
                .hline(y, "a target")
                .vspan(x, x + 1.0, "a span")
                .hspan(y, y / 2.0, "a band")
                .annotate(x, y, "a note that is long enough to take several lines")
                .draw(),
        ),
        ("bar", chart::bar(frame, "name", "y").hline(y, "a target").hspan(0.0, y, "a band").draw()),
        (
            "histogram",
            chart::histogram(frame, "y")
                .vline(y, "a line")
                .vspan(y, y + 1.0, "")
                .annotate(y, 0, "here")
                .draw(),
        ),
        (
            "interval",
            chart::interval(frame, "name", "y", "x", "y")
                .reference(y, "nothing")
                .vspan(x, y, "both")
                .draw(),
        ),
        (
            "scatter",
            chart::scatter(frame, "x", "y")
                .by("name")
                .fit()
                .vline(x, "a line")
                .hspan(y, y / 2.0, "a band")
                .annotate(x, y, "a note")
                .draw(),
        ),
        (
            "area",
            chart::area(amounts, "x", "y", "name")
                .vline(x, "a line")
                .hline(y, "a target")
                .annotate(x, y, "a note")
                .draw(),
        ),
        (
            "box plot",
            chart::boxplot(frame, "name", ["y", "y", "y", "y", "y"])
                .counts("x")
                .vline(y, "a target")
                .vspan(y, y / 2.0, "")
                .draw(),
        ),
        (
            "waterfall",
            chart::waterfall(frame, "name", "y").hline(y, "a target").hspan(0.0, y, "").draw(),
        ),
    ]
}

#[test]
fn marks_are_drawn_whatever_the_data() {
    let cases = [
        ("no rows", frame(vec![], vec![], vec![]), 1.0, 2.0),
        ("one row", frame(vec![Some(1.0)], vec![Some(2.0)], vec!["a"]), 1.0, 2.0),
        ("nulls", frame(vec![Some(1.0), None], vec![None, Some(2.0)], vec!["a", "b"]), 1.0, 2.0),
        (
            "huge",
            frame(vec![Some(-1e300), Some(1e300)], vec![Some(1e308), Some(-1e308)], vec!["a", "b"]),
            1e300,
            -1e300,
        ),
        ("tiny", frame(vec![Some(1e-300)], vec![Some(5e-324)], vec!["a"]), 1e-300, 0.0),
        ("far away", frame(vec![Some(1.0)], vec![Some(2.0)], vec!["a"]), 1e9, -1e9),
    ];
    for (case, frame, x, y) in &cases {
        for (kind, figure) in marked(frame, *x, *y) {
            let figure = figure.unwrap_or_else(|error| panic!("{kind} of {case}: {error}"));
            sound(&format!("{kind} of {case}"), &figure);
            let marks = figure.alt().contains("A line marks");
            assert_eq!(
                marks,
                !figure.alt().contains("no data"),
                "{kind} of {case}: {}",
                figure.alt()
            );
        }
    }
    for (kind, figure) in marked(&cases[1].1, f64::NAN, f64::INFINITY) {
        let told = figure.map(|figure| figure.alt().to_owned()).unwrap_err().to_string();
        assert!(told.contains("a finite number"), "{kind}: {told}");
    }
}

#[test]
fn marks_are_named_in_the_alt_text() {
    let months = months();
    let figure = chart::line(&months, "month", "rate")
        .by("segment")
        .unit(Unit::Percent)
        .title("Retention flattens")
        .subtitle("Customers still active, 2024")
        .vline(3, "new onboarding")
        .hline(0.4, "target")
        .vspan(6, 8, "holidays")
        .annotate(12, 0.28, "28% after a year")
        .highlight("pro")
        .draw()
        .unwrap();
    for sentence in [
        "Retention flattens. Customers still active, 2024. Line chart of rate by month.",
        " A line marks new onboarding at 3.",
        " A line marks target at 40.0%.",
        " 6 to 8 is shaded: holidays.",
        " A note at 12 and 28.0% says: 28% after a year.",
        " Highlighted: pro.",
    ] {
        assert!(figure.alt().contains(sentence), "{sentence} in {}", figure.alt());
    }
    let texts = texts(&figure);
    for text in ["new onboarding", "target", "holidays", "28% after a year"] {
        assert!(texts.iter().any(|shown| shown == text), "{text} in {texts:?}");
    }
}

#[test]
fn a_reference_is_a_vertical_line() {
    let rates = df!("plan" => ["free", "pro"], "lift" => [0.05, 0.1], "low" => [-0.01, 0.05], "high" => [0.11, 0.15]).unwrap();
    let chart = || chart::interval(&rates, "plan", "lift", "low", "high").unit(Unit::Points);
    let reference = chart().reference(0.0, "no effect").draw().unwrap();
    assert_eq!(reference, chart().vline(0.0, "no effect").draw().unwrap());
    assert!(reference.alt().ends_with("A line marks no effect at 0.0 pp."), "{}", reference.alt());
    assert!(
        texts(&reference).contains(&"+5.0 pp (-1.0 to +11.0)".to_owned()),
        "{:?}",
        texts(&reference)
    );
}

#[test]
fn marks_beyond_the_data_widen_the_axis() {
    let months = months();
    let figure =
        chart::line(&months, "month", "rate").hline(2.0, "goal").vline(18, "later").draw().unwrap();
    let shown = texts(&figure);
    assert!(shown.contains(&"2.0".to_owned()) && shown.contains(&"18".to_owned()), "{shown:?}");
    let bars = df!("plan" => ["a", "b"], "users" => [10, 20]).unwrap();
    let figure = chart::bar(&bars, "plan", "users").hline(50, "goal").draw().unwrap();
    assert!(texts(&figure).contains(&"50".to_owned()), "{:?}", texts(&figure));
}

#[test]
fn marks_on_dates_and_categories_stand_where_they_are_named() {
    let dates: Vec<NaiveDate> = (1..=28).map(|one| day(3, one)).collect();
    let users: Vec<i64> = (1..=28).collect();
    let daily = df!("day" => dates, "users" => users).unwrap();
    let line = || chart::line(&daily, "day", "users");
    let launch = line().vline(day(3, 10), "launch").draw().unwrap();
    assert!(launch.alt().contains("A line marks launch at 10 Mar 2024."), "{}", launch.alt());
    let same = line().vline("2024-03-10", "launch").draw().unwrap();
    assert_eq!(of_text(&launch, "launch", "x"), of_text(&same, "launch", "x"));
    let noon = line().vline(day(3, 10).and_hms_opt(12, 0, 0).unwrap(), "launch").draw().unwrap();
    assert!(of_text(&noon, "launch", "x") > of_text(&launch, "launch", "x"));
    let told = line().vline(5, "launch").draw().unwrap_err().to_string();
    assert!(told.contains("`vline` is 5; accepted: a date"), "{told}");

    let plans = df!("plan" => ["free", "pro", "team"], "users" => [30, 20, 10]).unwrap();
    let bars = || chart::bar(&plans, "plan", "users");
    let figure = bars().vspan("pro", "team", "paid").annotate("team", 10, "new").draw().unwrap();
    assert!(figure.alt().contains("pro to team is shaded: paid."), "{}", figure.alt());
    let told = bars().vline("tema", "x").draw().unwrap_err().to_string();
    assert!(
        told.contains("`vline` is \"tema\"") && told.contains("did you mean \"team\"?"),
        "{told}"
    );
    let told = bars().highlight("enterprise").draw().unwrap_err().to_string();
    assert!(
        told.contains("`highlight` is \"enterprise\"; accepted: \"free\", \"pro\", \"team\""),
        "{told}"
    );
    let many = (0..60).fold(bars(), |bars, i| bars.hline(i, ""));
    assert!(many.draw().unwrap_err().to_string().contains("at most 50"));
    assert_eq!(Position::from(day(3, 1)), Position::from(day(3, 1).and_hms_opt(0, 0, 0).unwrap()));
}

#[test]
fn notes_stay_inside_the_picture_and_below_the_title() {
    let months = months();
    for (x, y) in [(0, 1.0), (12, 1.0), (0, 0.0), (12, 0.0), (6, 0.5)] {
        let figure = chart::line(&months, "month", "rate")
            .title("A title")
            .annotate(x, y, "a note")
            .draw()
            .unwrap();
        let (left, top) =
            (of_text(&figure, "a note", "x") / 4.0, of_text(&figure, "a note", "y") / 4.0);
        assert!(
            (14.0..680.0).contains(&left) && (60.0..350.0).contains(&top),
            "{x}, {y}: {left}, {top}"
        );
    }
}

#[test]
fn a_highlighted_series_is_in_colour_among_grey_ones() {
    let months = months();
    let figure =
        chart::line(&months, "month", "rate").by("segment").highlight("pro").draw().unwrap();
    // Blue, and the grey of what stands behind.
    assert!(
        figure.svg().contains("#0072B2") && figure.svg().contains("#B4B4B4"),
        "{}",
        figure.svg()
    );
    assert!(!figure.svg().contains("#D55E00"));
    let plans =
        df!("plan" => ["free", "pro"], "users" => [30, 20], "low" => [1, 2], "high" => [40, 50])
            .unwrap();
    for figure in [
        chart::bar(&plans, "plan", "users").highlight("pro").draw().unwrap(),
        chart::interval(&plans, "plan", "users", "low", "high").highlight("pro").draw().unwrap(),
    ] {
        assert!(
            figure.svg().contains("#B4B4B4") && figure.svg().contains("#0072B2"),
            "{}",
            figure.alt()
        );
    }
}

#[test]
fn a_category_is_never_the_subtitle() {
    let plans = df!(
        "plan" => ["a plan with a name that is far too long to stand below its bar", "another one with a name that is no shorter than the first", "a third one"],
        "month" => [0, 1, 2], "users" => [30, 20, 10], "low" => [1, 2, 3], "high" => [40, 50, 60],
    )
    .unwrap();
    let second = |figure: &Figure| texts(figure)[1].clone();
    let bars = chart::bar(&plans, "plan", "users").title("T").labels("Plan", "Users a month");
    assert_eq!(second(&bars.clone().draw().unwrap()), "Users a month");
    assert_eq!(second(&bars.subtitle("Active users, 2024").draw().unwrap()), "Active users, 2024");
    let interval = chart::interval(&plans, "plan", "users", "low", "high")
        .title("T")
        .labels("Users a month", "Plan");
    let figure = interval.clone().draw().unwrap();
    assert_eq!(second(&figure), "Users a month");
    assert!(!texts(&figure).contains(&"Plan".to_owned()), "{:?}", texts(&figure));
    assert!(figure.alt().contains("Interval plot of Users a month by Plan."), "{}", figure.alt());
    let figure = interval.subtitle("Active users, 2024").draw().unwrap();
    assert_eq!(second(&figure), "Active users, 2024");
    assert!(texts(&figure).contains(&"Users a month".to_owned()), "{:?}", texts(&figure));
    let cells = chart::heatmap(&plans, "month", "plan", "users").title("T");
    assert_eq!(second(&cells.clone().draw().unwrap()), "users");
    let figure = cells.clone().value_label("Users a month").y_label("Plan").draw().unwrap();
    assert_eq!(second(&figure), "Users a month");
    assert!(
        figure.alt().contains("Heat map of Users a month by month and Plan."),
        "{}",
        figure.alt()
    );
    // Beside the key, if there is a subtitle.
    let figure = cells.value_label("Users a month").subtitle("2024").draw().unwrap();
    assert!(texts(&figure).contains(&"Users a month".to_owned()), "{:?}", texts(&figure));
}

#[test]
fn long_titles_and_subtitles_wrap() {
    let months = months();
    let long = "Users who signed up in 2024 and came back in the month, as a share of all who signed up in the same month, by plan";
    let figure = chart::line(&months, "month", "rate")
        .title(long)
        .subtitle(long)
        .x_label(long)
        .draw()
        .unwrap();
    assert!(!texts(&figure).iter().any(|text| text.contains('…')), "{:?}", texts(&figure));
    let small = chart::line(&months, "month", "rate")
        .title(long)
        .subtitle(long)
        .size(240, 200)
        .draw()
        .unwrap();
    assert!(texts(&small).iter().any(|text| text.ends_with('…')), "{:?}", texts(&small));
    sound("small", &small);
}

#[test]
fn ticks_and_units_of_the_horizontal_axis() {
    let months = months();
    let figure = chart::line(&months, "month", "rate").x_ticks(TickUnit::Months).draw().unwrap();
    let shown = texts(&figure);
    for (tick, there) in [("0", true), ("3", true), ("12", true), ("4", false), ("10", false)] {
        assert_eq!(shown.contains(&tick.to_owned()), there, "{tick} in {shown:?}");
    }
    let shares = df!("users" => [0.0, 0.5, 1.0], "value" => [0.0, 0.2, 1.0]).unwrap();
    let figure = chart::line(&shares, "users", "value")
        .unit(Unit::Percent)
        .x_unit(Unit::Percent)
        .draw()
        .unwrap();
    let ticks = texts(&figure);
    assert_eq!(ticks.iter().filter(|text| *text == "40%").count(), 2, "{ticks:?}");
    assert!(figure.alt().contains("100.0% at 100.0%"), "{}", figure.alt());
    let hours =
        df!("hour" => (0..24).collect::<Vec<i32>>(), "who" => vec!["a"; 24], "n" => vec![5; 24])
            .unwrap();
    for figure in [
        chart::heatmap(&hours, "hour", "who", "n").x_ticks(TickUnit::Hours).draw().unwrap(),
        chart::bar(&hours, "hour", "n").x_ticks(TickUnit::Hours).draw().unwrap(),
        chart::histogram(&hours, "hour").x_ticks(TickUnit::Hours).draw().unwrap(),
    ] {
        let shown = texts(&figure);
        assert!(shown.contains(&"18".to_owned()) && !shown.contains(&"17".to_owned()), "{shown:?}");
    }
}

#[test]
fn a_legend_looks_like_what_it_stands_for() {
    let names: Vec<String> = (0..8)
        .map(|i| format!("series {i}"))
        .chain((0..8).map(|i| format!("series {i}")))
        .collect();
    let wide = df!("x" => (0..16).map(|i| i / 8).collect::<Vec<i32>>(), "y" => (0..16).collect::<Vec<i32>>(), "name" => names).unwrap();
    let lines = chart::line(&wide, "x", "y").by("name").draw().unwrap();
    // The page is the only rectangle; each of eight series has a line in the legend, the broken one of three dashes.
    assert_eq!(lines.svg().matches("<rect ").count(), 1, "{}", lines.svg());
    let bars = chart::bar(&wide, "x", "y").by("name").draw().unwrap();
    // Eight squares and sixteen bars; those of the eighth series in two halves.
    assert_eq!(bars.svg().matches("<rect ").count(), 1 + 9 + 16 + 2, "{}", bars.svg());
}

#[test]
fn values_can_give_the_order() {
    let plans = df!("plan" => ["b", "a", "c"], "users" => [Some(20), Some(30), None], "low" => [1, 2, 3], "high" => [40, 50, 60]).unwrap();
    let place =
        |figure: &Figure, attribute| ["a", "b"].map(|name| of_text(figure, name, attribute));
    let [a, b] = place(&chart::bar(&plans, "plan", "users").draw().unwrap(), "x");
    assert!(b < a);
    let [a, b] = place(&chart::bar(&plans, "plan", "users").by_value().draw().unwrap(), "x");
    assert!(a < b);
    let interval = chart::interval(&plans, "plan", "users", "low", "high");
    let [a, b] = place(&interval.clone().draw().unwrap(), "y");
    assert!(b < a);
    let [a, b] = place(&interval.by_value().draw().unwrap(), "y");
    assert!(a < b);
}

#[test]
fn heat_maps_say_what_colour_stands_for() {
    let cells = df!("week" => [0, 1, 2], "who" => ["a", "a", "a"], "rate" => [0.2, 0.5, 0.9], "unsure" => [true, false, false]).unwrap();
    let chart = || chart::heatmap(&cells, "week", "who", "rate").unit(Unit::Percent);
    let shown = texts(&chart().range(0.0, 0.8).draw().unwrap());
    assert!(
        shown.contains(&"0.0%".to_owned()) && shown.contains(&"≥ 80.0%".to_owned()),
        "{shown:?}"
    );
    let muted = chart().muted("unsure", "too few users").draw().unwrap();
    assert!(muted.alt().ends_with("1 cell is grey: too few users."), "{}", muted.alt());
    assert!(texts(&muted).contains(&"too few users".to_owned()));
    for (low, high) in [(1.0, 0.0), (0.5, 0.5), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert!(chart().range(low, high).draw().unwrap_err().to_string().contains("`range`"));
    }
    assert!(chart().muted("nothing", "x").draw().unwrap_err().is_missing_column());
    assert!(chart().muted("who", "x").draw().is_err());
}
