//! What stands on a chart can be read: names are whole, labels keep apart, ink stands out from its ground.

use casebook::chart::{self, TickUnit, Unit};
use casebook::notebook::Figure;
use casebook::polars::prelude::*;

use super::charts_marks::{of_text, texts};

/// Names of which only the bold one is as wide as the widest, so that it needs the room of bold type.
fn reasons() -> DataFrame {
    df!(
        "reason" => ["MMMMMMM mmmmmmmm", "iiiii", "lllll", "tttttt", "jjjjjj"],
        "users" => [5, 4, 3, 2, 1], "low" => [4, 3, 2, 1, 0], "high" => [6, 5, 4, 3, 2],
    )
    .unwrap()
}

#[test]
fn highlighted_names_are_whole() {
    let (reasons, wide) = (reasons(), "MMMMMMM mmmmmmmm");
    for figure in [
        chart::bar(&reasons, "reason", "users").highlight(wide).draw().unwrap(),
        chart::interval(&reasons, "reason", "users", "low", "high").highlight(wide).draw().unwrap(),
    ] {
        assert!(texts(&figure).contains(&wide.to_owned()), "{:?}", texts(&figure));
    }
}

#[test]
fn a_funnel_highlights_every_step_it_is_asked_to() {
    let steps = df!("name" => ["visit", "cart", "pay"], "users" => [100, 40, 10]).unwrap();
    let funnel = || chart::funnel(&steps);
    let marked = |figure: &Figure| {
        let rects = figure.svg().split("<rect").skip(1);
        rects.filter(|tag| tag.split('>').next().is_some_and(|t| t.contains("#D55E00"))).count()
    };
    assert_eq!(marked(&funnel().highlight("cart").draw().unwrap()), 1);
    assert_eq!(marked(&funnel().highlight("cart").highlight("pay").draw().unwrap()), 2);
    let told = funnel().highlight("cart").highlight("buy").draw().unwrap_err().to_string();
    assert!(told.contains("`highlight` is \"buy\""), "{told}");
}

#[test]
fn every_column_of_a_heat_map_has_its_name() {
    let names = [
        "Weekly active users",
        "Median session length",
        "Documents created",
        "Invitations sent",
        "Comments written",
        "Templates used",
        "Searches a week",
        "Integrations connected",
    ];
    let cells = df!("feature" => names, "group" => ["all"; 8], "z" => [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]).unwrap();
    for width in [340, 480, 720, 1_000] {
        let figure = chart::heatmap(&cells, "feature", "group", "z").size(width, 400);
        let shown = texts(&figure.draw().unwrap());
        for name in names {
            let start = &name[..4];
            let there = shown.iter().filter(|text| text.starts_with(start)).count();
            assert_eq!(there, 1, "{name} at {width} in {shown:?}");
        }
    }
}

#[test]
fn ink_in_a_cell_is_the_one_that_stands_out() {
    // Over the middle of the scale, where white on blue has a third of the contrast of black on white.
    let cells =
        df!("x" => [0, 1, 2, 3], "y" => ["a", "a", "a", "a"], "v" => [0.0, 0.55, 0.48, 1.0])
            .unwrap();
    let figure = chart::heatmap(&cells, "x", "y", "v").draw().unwrap();
    let ink = |text: &str| {
        let at = figure.svg().find(&format!("\n{text}\n")).unwrap();
        let tag = &figure.svg()[figure.svg()[..at].rfind("<text").unwrap()..at];
        tag.split("fill=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    assert_eq!(["0.48", "0.55"].map(ink), ["#222222", "#222222"]);
    let moves = df!("from" => ["a", "a"], "to" => ["a", "b"], "n" => [11, 9]).unwrap();
    let figure = chart::transitions(&moves, "from", "to", "n").draw().unwrap();
    let at = figure.svg().find("\n55.0%\n").unwrap();
    let tag = &figure.svg()[figure.svg()[..at].rfind("<text").unwrap()..at];
    assert!(tag.contains("#222222"), "{tag}");
}

/// The labels below the plot: their middles and widths, in pixels.
fn below(figure: &Figure) -> Vec<(f64, f64, String)> {
    let all = figure.svg().split("<text ").skip(1).filter_map(|part| {
        let number = |name: &str| {
            part.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.parse::<f64>().ok()
        };
        let text = part.split_once('>')?.1.split_once("</text>")?.0.trim().to_owned();
        let tick = part.contains("text-anchor=\"middle\"") && number("font-size")? == 48.0;
        tick.then_some((number(" x").or(number("x"))? / 4.0, number(" y")? / 4.0, text))
    });
    let all: Vec<(f64, f64, String)> = all.collect();
    let lowest = all.iter().map(|one| one.1).fold(0.0, f64::max);
    let row = all.into_iter().filter(|one| one.1 == lowest);
    // Digits of the font are 0.572 em wide.
    row.map(|(x, _, text)| (x, text.chars().count() as f64 * 12.0 * 0.572, text)).collect()
}

#[test]
fn months_begin_with_the_first_and_narrow_panels_have_fewer_ticks() {
    for (first, last) in [(1, 12), (1, 24), (0, 12), (2, 30), (1, 52), (1_000, 1_060)] {
        let month: Vec<i32> = (first..=last).collect();
        let name = vec!["a"; month.len()];
        let frame = df!("month" => &month, "n" => &month, "who" => name).unwrap();
        for width in [160, 200, 240, 300, 360, 480, 720] {
            for unit in [TickUnit::Months, TickUnit::Weeks, TickUnit::Days, TickUnit::Hours] {
                let size = (width, 300);
                for (kind, figure) in [
                    (
                        "line",
                        chart::line(&frame, "month", "n").x_ticks(unit).size(size.0, size.1).draw(),
                    ),
                    (
                        "bar",
                        chart::bar(&frame, "month", "n").x_ticks(unit).size(size.0, size.1).draw(),
                    ),
                    (
                        "heat",
                        chart::heatmap(&frame, "month", "who", "n")
                            .x_ticks(unit)
                            .size(size.0, size.1)
                            .draw(),
                    ),
                    (
                        "small",
                        chart::multiples(&frame, "month", "n", "who")
                            .x_ticks(unit)
                            .size(size.0, size.1)
                            .draw(),
                    ),
                ] {
                    let shown = below(&figure.unwrap());
                    let what =
                        format!("{kind} of {first} to {last} in {unit:?}, {width} wide: {shown:?}");
                    assert!(!shown.is_empty(), "{what}");
                    for pair in shown.windows(2) {
                        let gap = pair[1].0 - pair[0].0 - (pair[0].1 + pair[1].1) / 2.0;
                        assert!(gap >= 5.0, "{gap:.1} px in {what}");
                    }
                    if unit == TickUnit::Months && first < 2 && width >= 240 {
                        assert_eq!(shown[0].2, first.to_string(), "{what}");
                    }
                }
            }
        }
    }
    // Small multiples count in the same units as other charts.
    let frame =
        df!("month" => (0..=12).collect::<Vec<i32>>(), "n" => vec![1; 13], "who" => vec!["a"; 13])
            .unwrap();
    let small =
        chart::multiples(&frame, "month", "n", "who").x_ticks(TickUnit::Months).draw().unwrap();
    let shown: Vec<String> = below(&small).into_iter().map(|one| one.2).collect();
    assert_eq!(shown, ["0", "3", "6", "9", "12"]);
}

#[test]
fn labels_of_close_lines_keep_to_their_lines() {
    let frame = df!("x" => [0, 10], "y" => [0.0, 1.0]).unwrap();
    for (low, high) in [(0.50, 0.52), (0.40, 0.43), (0.91, 0.93)] {
        let chart = chart::line(&frame, "x", "y");
        for (first, second) in [((low, "plan"), (high, "goal")), ((high, "goal"), (low, "plan"))] {
            let figure =
                chart.clone().hline(first.0, first.1).hline(second.0, second.1).draw().unwrap();
            let [goal, plan] = ["goal", "plan"].map(|text| of_text(&figure, text, "y") / 4.0);
            // The upper line's label stands above both lines, the other one below them.
            assert!(plan - goal > 18.0, "goal at {goal}, plan at {plan}");
        }
    }
}

#[test]
fn a_note_cuts_no_hole_into_a_span() {
    let frame = df!("x" => [0, 10], "y" => [0.0, 1.0]).unwrap();
    let paper = |figure: &Figure| {
        let areas = figure.svg().split("<polygon").skip(1);
        areas.filter(|tag| tag.split('>').next().is_some_and(|t| t.contains("#FFFFFF"))).count()
    };
    let chart = chart::line(&frame, "x", "y").hspan(-1.0, 2.0, "");
    assert_eq!(paper(&chart.clone().annotate(8, 0.2, "a note").draw().unwrap()), 0);
}

#[test]
fn a_note_keeps_away_from_bands_where_it_can() {
    let (x, y) = ((0..=20).collect::<Vec<i32>>(), vec![0.5; 21]);
    let frame = df!("x" => x, "y" => y, "low" => vec![0.35; 21], "high" => vec![0.65; 21], "top" => vec![1.0; 21]).unwrap();
    let chart = chart::line(&frame, "x", "y").band("low", "high").unit(Unit::Percent);
    let figure = chart.hline(1.0, "").annotate(10, 0.5, "half of them").draw().unwrap();
    let [upper, lower] = ["60%", "40%"].map(|tick| of_text(&figure, tick, "y") / 4.0);
    let note = of_text(&figure, "half of them", "y") / 4.0;
    let pixel = (lower - upper) / 0.2;
    let (top, bottom) = (upper - 0.05 * pixel, lower + 0.05 * pixel);
    assert!(note < top - 7.0 || note > bottom + 7.0, "{note} within {top} to {bottom}");
}

/// Kinds whose marks are like those of lines and bars: lines, notes and highlights, in the picture and in words.
#[test]
fn newer_kinds_show_what_their_titles_name() {
    let plans = df!(
        "plan" => ["free", "pro", "team", "free", "pro", "team"], "month" => [1, 1, 1, 2, 2, 2],
        "users" => [30, 20, 10, 25, 30, 20], "seats" => [1, 10, 100, 2, 20, 200],
    )
    .unwrap();
    let five = df!(
        "plan" => ["free", "pro", "team"], "low" => [1, 2, 3], "q1" => [2, 3, 4], "median" => [3, 4, 5],
        "q3" => [4, 6, 8], "high" => [9, 10, 20],
    )
    .unwrap();
    let moves = df!("what" => ["new", "lost"], "users" => [30, -20]).unwrap();
    let scatter = chart::scatter(&plans, "seats", "users").by("plan").log_x();
    let area = || chart::area(&plans, "month", "users", "plan");
    let boxes = chart::boxplot(&five, "plan", ["low", "q1", "median", "q3", "high"]);
    let bridge = || chart::waterfall(&moves, "what", "users").start("May", 100.0);
    let figures = [
        (
            "#0072B2",
            scatter
                .highlight("pro")
                .hline(25, "goal")
                .vline(50, "large")
                .annotate(200, 20, "the largest")
                .draw(),
        ),
        (
            "#0072B2",
            area()
                .highlight("pro")
                .hline(70, "goal")
                .vline(2, "large")
                .annotate(2, 40, "the largest")
                .draw(),
        ),
        (
            "#0072B2",
            boxes
                .highlight("pro")
                .vline(7, "goal")
                .hline("team", "large")
                .annotate(20, "team", "the largest")
                .draw(),
        ),
        (
            "#D55E00",
            bridge()
                .highlight("lost")
                .hline(90, "goal")
                .vline("new", "large")
                .annotate("lost", 110, "the largest")
                .draw(),
        ),
        (
            "#D55E00",
            bridge()
                .highlight("lost")
                .hline(90, "goal")
                .vline("new", "large")
                .annotate("lost", 110, "the largest")
                .size(160, 300)
                .draw(),
        ),
    ];
    for (colour, figure) in figures {
        let figure = figure.unwrap();
        let (alt, shown) = (figure.alt(), texts(&figure));
        for text in ["goal", "large", "the largest"] {
            assert!(shown.iter().any(|one| one == text), "{text} in {shown:?}");
        }
        for sentence in ["marks goal at", "marks large at", "says: the largest.", "Highlighted: "] {
            assert!(alt.contains(sentence), "{sentence} in {alt}");
        }
        assert!(figure.svg().contains(colour) && figure.svg().contains("#B4B4B4"), "{alt}");
    }
    let share = area().share().hline(0.5, "half").draw().unwrap();
    assert!(share.alt().contains("A line marks half at 50.0%."), "{}", share.alt());
    let told = bridge().highlight("list").draw().unwrap_err().to_string();
    assert!(
        told.contains("`highlight` is \"list\"; accepted: \"May\", \"new\", \"lost\""),
        "{told}"
    );
    let told = area().hline("x", "").draw().unwrap_err().to_string();
    assert!(told.contains("`hline` is \"x\"; accepted: a number"), "{told}");
}

#[test]
fn labels_of_crowded_lines_stand_beside_poles() {
    let frame = df!("x" => [0, 100], "y" => [0.0, 1.0]).unwrap();
    let names =
        ["the first of three launches", "the second of three launches", "the third of three"];
    let mut chart = chart::line(&frame, "x", "y");
    for (at, name) in [40, 41, 42].into_iter().zip(names) {
        chart = chart.vline(at, name);
    }
    let figure = chart.draw().unwrap();
    let places = names.map(|name| (of_text(&figure, name, "x"), of_text(&figure, name, "y")));
    // Each begins to the right of its line, the first the furthest up.
    assert!(places.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "{places:?}");
    let poles = figure.svg().split("<polyline").skip(1);
    let poles = poles
        .filter(|tag| tag.contains("stroke=\"#787878\"") && tag.contains("stroke-width=\"3\""));
    assert_eq!(poles.count(), 3, "{}", figure.svg());
}

#[test]
fn lines_over_bars_have_a_white_edge() {
    let bars = df!("plan" => ["a", "b"], "users" => [10, 20]).unwrap();
    let white = |figure: &Figure| {
        let lines = figure.svg().split("<polyline").skip(1);
        lines.filter(|tag| tag.split('>').next().is_some_and(|t| t.contains("#FFFFFF"))).count()
    };
    let bar = || chart::bar(&bars, "plan", "users");
    assert_eq!(white(&bar().draw().unwrap()), 0);
    assert_eq!(white(&bar().hline(5, "goal").draw().unwrap()), 1);
    assert_eq!(white(&chart::histogram(&bars, "users").vline(15, "mean").draw().unwrap()), 1);
    assert_eq!(white(&chart::line(&bars, "plan", "users").hline(15, "mean").draw().unwrap()), 0);
}

#[test]
fn a_slopes_moments_stand_inside_the_margin() {
    let frame = df!("who" => ["a", "b"], "2023" => [1, 2], "2024" => [2, 3]).unwrap();
    let figure = chart::slope(&frame, "who", "2023", "2024").draw().unwrap();
    let bottom = of_text(&figure, "2024", "y") / 4.0 + 7.0;
    assert!(bottom <= 400.0 - 14.0, "{bottom}");
}

#[test]
fn numbers_on_a_waterfall_are_not_covered_and_no_grid_runs_through_them() {
    let moves = df!("what" => ["new", "lost"], "mrr" => [30, -20]).unwrap();
    let figure = chart::waterfall(&moves, "what", "mrr")
        .start("May", 60.0)
        .annotate("lost", 92, "here")
        .draw()
        .unwrap();
    let place = |text| (of_text(&figure, text, "x") / 4.0, of_text(&figure, text, "y") / 4.0);
    // The note begins at its place, and the number is centred on its own.
    let (note, number) = (place("here"), place("-20"));
    let apart = (note.1 - number.1).abs() > 14.0 || !(-40.0..12.0).contains(&(note.0 - number.0));
    assert!(apart, "{note:?} and {number:?}");
    // The numbers are drawn last: a line over one would make 8 a 3.
    let lined = chart::waterfall(&moves, "what", "mrr").start("May", 60.0).hline(64, "goal");
    let lined = lined.draw().unwrap();
    let after = lined.svg().rsplit("\n60\n").next().unwrap();
    assert!(!after.contains("<polyline") && after.contains("\n70\n"), "{after}");
    let side = chart::waterfall(&moves, "what", "mrr")
        .labels("Movement", "MRR")
        .size(160, 300)
        .draw()
        .unwrap();
    assert_eq!(texts(&side)[0], "MRR");
}

/// A plot without any room has its ends the wrong way round: shading it must not panic.
#[test]
fn spans_on_the_smallest_chart_are_drawn() {
    let frame = df!("x" => [1, 2, 3], "y" => [1.0, 2.0, 3.0]).unwrap();
    for (width, height) in [(160, 120), (160, 150), (200, 120)] {
        let chart = chart::line(&frame, "x", "y").title("A title").subtitle("and what it is of");
        let marked =
            chart.hspan(1.5, 2.5, "usual").vspan(1, 2, "then").vline(2, "here").hline(2.0, "there");
        marked.size(width, height).draw().unwrap();
    }
}

#[test]
fn a_difference_has_one_sign() {
    let moves = df!("what" => ["up", "down"], "by" => [0.054, -0.021]).unwrap();
    let chart = chart::waterfall(&moves, "what", "by")
        .start("before", 0.3)
        .unit(Unit::Points)
        .draw()
        .unwrap();
    assert!(!chart.svg().contains("++") && !chart.alt().contains("++"), "{}", chart.alt());
}

#[test]
fn the_median_of_two_is_between_them() {
    let two = df!("x" => [1.0, 2.0]).unwrap();
    assert!(chart::histogram(&two, "x").draw().unwrap().alt().contains("median 1.5"));
}

#[test]
fn crowded_rows_are_not_named_over_each_other() {
    let names: Vec<String> = (0..80).map(|row| format!("row {row}")).collect();
    let values: Vec<f64> = (0..80).map(f64::from).collect();
    let frame =
        df!("name" => names, "value" => &values, "low" => &values, "high" => &values).unwrap();
    let figure =
        chart::interval(&frame, "name", "value", "low", "high").size(720, 400).draw().unwrap();
    // The description names some, too.
    let named = figure.svg().matches("row ").count() - figure.alt().matches("row ").count();
    assert!((10..=20).contains(&named), "{named} names");
}

#[test]
fn a_diagonal_that_is_not_drawn_is_not_described() {
    let frame = df!("x" => ["a", "b"], "y" => [1.0, 2.0]).unwrap();
    let alt =
        chart::line(&frame, "x", "y").diagonal("equal shares").draw().unwrap().alt().to_owned();
    assert!(!alt.contains("equal shares"), "{alt}");
}
