//! The drawing of a schema: every foreign key, from its column to the right key, and no line behind a box.

use casebook::cases::{ecommerce, notion, saas};
use casebook::chart;
use casebook::polars::prelude::*;
use casebook::warehouse::queries::{self, Schema};

type Point = (f64, f64);

/// A number of an attribute, in pixels: the drawing's unit is a quarter of one.
fn number(part: &str, attribute: &str) -> Option<f64> {
    let value = part.split(&format!("{attribute}=\"")).nth(1)?.split('"').next()?;
    value.parse().ok().map(|units: f64| units / 4.0)
}

/// Boxes, as left upper and right lower corner, without those of the heads and the page.
fn boxes(svg: &str) -> Vec<(Point, Point)> {
    let rects = svg.split("<rect ").skip(1).filter(|part| part.contains("#F0F0F0"));
    let corner = |part: &str| {
        let (x, y) = (number(part, " x").or(number(part, "x"))?, number(part, " y")?);
        Some(((x, y), (x + number(part, "width")?, y + number(part, "height")?)))
    };
    rects.filter_map(corner).collect()
}

fn lines(svg: &str) -> Vec<Vec<Point>> {
    let points = |part: &str| {
        let points = part.split("points=\"").nth(1)?.split('"').next()?;
        let pair = |pair: &str| {
            let (x, y) = pair.split_once(',')?;
            Some((x.parse::<f64>().ok()? / 4.0, y.parse::<f64>().ok()? / 4.0))
        };
        Some(points.split_whitespace().filter_map(pair).collect())
    };
    svg.split("<polyline ").skip(1).filter_map(points).collect()
}

/// Where the row of a column is in the picture, by the texts in it: the columns of a box stand below its name.
fn row(
    tables: &[(&str, &DataFrame)],
    boxes: &[(Point, Point)],
    table: &str,
    column: &str,
) -> (f64, f64, f64) {
    // Boxes are drawn in the order of their tables' names.
    let mut names: Vec<&str> = tables.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let ((left, top), (right, bottom)) =
        boxes[names.iter().position(|name| *name == table).unwrap()];
    let frame = tables.iter().find(|(name, _)| *name == table).unwrap().1;
    let place = frame.get_column_index(column).unwrap() as f64;
    let tall = (bottom - top) / (frame.width() as f64 + 1.0);
    (left, right, top + tall * (place + 1.5))
}

fn check(schema: &Schema, tables: &[(&str, &DataFrame)]) {
    let figure = chart::schema(schema, tables, "A title").unwrap();
    let (boxes, lines) = (boxes(figure.svg()), lines(figure.svg()));
    assert_eq!(
        (boxes.len(), lines.len()),
        (tables.len(), schema.references.len()),
        "{}",
        schema.name
    );
    for (line, reference) in lines.iter().zip(schema.references) {
        let what = format!("{reference:?}: {line:?}");
        let (from, _, start) = row(tables, &boxes, reference.from.0, reference.from.1);
        let (_, to, end) = row(tables, &boxes, reference.to.0, reference.to.1);
        let (first, last) = (line[0], line[line.len() - 1]);
        let near = |a: Point, b: Point| (a.0 - b.0).abs() < 1.0 && (a.1 - b.1).abs() < 1.0;
        assert!(near(first, (from, start)), "{what} begins at {from}, {start}");
        assert!(near(last, (to, end)), "{what} ends at {to}, {end}");
        for pair in line.windows(2) {
            let (low, high) = (
                (pair[0].0.min(pair[1].0), pair[0].1.min(pair[1].1)),
                (pair[0].0.max(pair[1].0), pair[0].1.max(pair[1].1)),
            );
            assert!(low.0 == high.0 || low.1 == high.1, "{what} is slanted");
            assert!(
                low.1 > 30.0 && high.1 < f64::from(figure.size().1),
                "{what} leaves the picture"
            );
            let behind = boxes.iter().find(|((left, top), (right, bottom))| {
                high.0 > left + 1.0
                    && low.0 < right - 1.0
                    && high.1 > top + 1.0
                    && low.1 < bottom - 1.0
            });
            assert_eq!(behind, None, "{what}");
        }
    }
    // Upright stretches of two lines never lie on each other, unless both go to the same key.
    let upright = lines.iter().zip(schema.references).flat_map(|(line, reference)| {
        let stretches =
            line.windows(2).filter(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1);
        stretches.map(move |pair| {
            (pair[0].0, pair[0].1.min(pair[1].1), pair[0].1.max(pair[1].1), reference)
        })
    });
    let upright: Vec<_> = upright.collect();
    for (place, a) in upright.iter().enumerate() {
        for b in &upright[place + 1..] {
            let same = (a.0 - b.0).abs() < 2.0 && a.1 < b.2 && b.1 < a.2;
            assert!(!same || a.3 == b.3, "{:?} and {:?} lie on each other", a, b);
        }
    }
}

#[test]
fn every_key_is_tied_to_the_column_it_refers_to() {
    let made = saas::generate(&saas::Config::default()).unwrap();
    check(&queries::saas::SCHEMA, &made.named());
    let made = ecommerce::generate(&ecommerce::Config { users: 50, ..Default::default() }).unwrap();
    check(&queries::ecommerce::SCHEMA, &made.named());
    let made = notion::generate(&notion::Config { users: 1_500, ..Default::default() }).unwrap();
    check(&queries::notion::SCHEMA, &made.named());
}

/// As many as the databases know.
#[test]
fn the_schemas_list_every_foreign_key() {
    for schema in [&queries::saas::SCHEMA, &queries::ecommerce::SCHEMA, &queries::notion::SCHEMA] {
        let mut table = "";
        let mut declared = vec![];
        for line in schema.sqlite.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = rest.split([' ', '(']).next().unwrap();
            }
            if let Some((column, rest)) = line.split_once(" REFERENCES ") {
                let column = column.split_whitespace().next().unwrap();
                let to = rest.split([' ', ',']).next().unwrap();
                declared.push((table.to_owned(), column.to_owned(), to.to_owned()));
            }
        }
        let listed: Vec<_> = (schema.references.iter())
            .map(|one| (one.from.0.to_owned(), one.from.1.to_owned(), one.to.0.to_owned()))
            .collect();
        assert_eq!(listed, declared, "{}", schema.name);
        let keys = schema.references.iter().filter(|one| !schema.keys.contains(&one.to));
        assert_eq!(keys.count(), 0, "{} refers to what is no key", schema.name);
    }
}
