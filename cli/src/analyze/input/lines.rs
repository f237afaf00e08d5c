//! A JSON object on each line.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;
use std::path::Path;

use casebook::Result;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use super::blocks::{self, Blocks};
use super::gather::{Fault, Gathered, Rows};
use super::header;
use super::trouble::trouble;

/// Reads a file into the gathered columns.
pub fn read(gathered: &mut Gathered, path: &Path, reader: Box<dyn Read + Send>) -> Result<()> {
    let file = gathered.file(path);
    let mut blocks = Blocks::new(reader);
    let start = blocks
        .start()
        .map_err(|cause| trouble(path, format!("it is damaged: {cause}")).with_source(cause))?;
    let names = names(start);
    // A name may first come up in a later row.
    let places: Vec<String> = gathered
        .columns
        .iter()
        .map(|column| match header::find(&names, &column.from) {
            Some(place) => names[place].clone(),
            None => column.from.clone(),
        })
        .collect();
    let results =
        gathered.each(file, blocks, blocks::lines, |bytes, rows| block(bytes, &places, rows));
    let mut seen = vec![false; places.len()];
    gathered.take(results.into_iter().map(|read| {
        let (block, here) = read?;
        seen.iter_mut().zip(here).for_each(|(seen, here)| *seen |= here);
        Ok(block)
    }))?;
    match seen.iter().position(|seen| !seen) {
        Some(column) => Err(header::missing(path, &names, &gathered.columns[column])),
        None => Ok(()),
    }
}

/// Returns the names in the first rows, in order.
fn names(start: &[u8]) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for line in start.split(|byte| *byte == b'\n').take(100) {
        let Ok(object) = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(line)
        else {
            continue;
        };
        for name in object.into_iter().map(|(name, _)| name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Reads the rows of a block; returns which of the columns occurred at all.
fn block(bytes: &[u8], places: &[String], rows: &mut Rows) -> Result<Vec<bool>, Fault> {
    let mut seen = vec![false; places.len()];
    for line in bytes.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut cells: Vec<Option<Cell>> = places.iter().map(|_| None).collect();
        let mut json = serde_json::Deserializer::from_slice(line);
        let read =
            Object { places, cells: &mut cells }.deserialize(&mut json).and_then(|()| json.end());
        let row = rows.rows;
        if let Err(cause) = read {
            // It names a line of one line.
            let cause = cause.to_string();
            let cause = cause.split(" at line").next().unwrap_or_default();
            return Err(Fault::Row { row, problem: format!("is not a JSON object: {cause}") });
        }
        for (column, cell) in cells.into_iter().enumerate() {
            seen[column] |= cell.is_some();
            let mut sink = rows.sink(column);
            let pushed = match cell {
                None | Some(Cell::Null) => {
                    sink.missing();
                    Ok(())
                }
                Some(Cell::Flag(flag)) => sink.flag(flag),
                Some(Cell::Whole(number)) => sink.whole(number),
                Some(Cell::Number(number)) => sink.number(number),
                Some(Cell::Text(text)) => sink.text(text.as_bytes()),
                Some(Cell::Nested) => {
                    Err("holds a list or an object; it must be a single value: flatten it first"
                        .into())
                }
            };
            pushed.map_err(|problem| Fault::Cell { row, column, problem })?;
        }
        rows.rows += 1;
    }
    Ok(seen)
}

/// A value to keep.
enum Cell<'j> {
    Null,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(Cow<'j, str>),
    Nested,
}

/// An object, of which some values are kept.
struct Object<'a, 'j> {
    places: &'a [String],
    cells: &'a mut [Option<Cell<'j>>],
}

impl<'j> DeserializeSeed<'j> for Object<'_, 'j> {
    type Value = ();

    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'j> Visitor<'j> for Object<'_, 'j> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'j>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let mut places =
                self.places.iter().enumerate().filter(|(_, place)| **place == name).map(|(n, _)| n);
            let Some(first) = places.next() else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if self.cells[first].is_some() {
                return Err(M::Error::custom(format!("`{name}` comes twice")));
            }
            let cell = map.next_value::<Cell>()?;
            for place in places {
                self.cells[place] = Some(cell.again());
            }
            self.cells[first] = Some(cell);
        }
        Ok(())
    }
}

/// A name, borrowed where nothing is escaped.
struct Name<'j>(Cow<'j, str>);

impl<'j> serde::Deserialize<'j> for Name<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(CellVisitor)? {
            Cell::Text(text) => Ok(Name(text)),
            _ => Err(D::Error::custom("a name that is not text")),
        }
    }
}

impl<'j> Cell<'j> {
    fn again(&self) -> Cell<'j> {
        match self {
            Cell::Null => Cell::Null,
            Cell::Flag(flag) => Cell::Flag(*flag),
            Cell::Whole(number) => Cell::Whole(*number),
            Cell::Number(number) => Cell::Number(*number),
            Cell::Text(text) => Cell::Text(text.clone()),
            Cell::Nested => Cell::Nested,
        }
    }
}

impl<'j> serde::Deserialize<'j> for Cell<'j> {
    fn deserialize<D: Deserializer<'j>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl<'j> Visitor<'j> for CellVisitor {
    type Value = Cell<'j>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Cell<'j>, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Cell<'j>, E> {
        Ok(Cell::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Cell<'j>, E> {
        Ok(Cell::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Cell<'j>, E> {
        Ok(i64::try_from(number).map_or(Cell::Text(number.to_string().into()), Cell::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Cell<'j>, E> {
        Ok(Cell::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'j str) -> Result<Cell<'j>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell<'j>, E> {
        Ok(Cell::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: serde::de::SeqAccess<'j>>(self, mut items: A) -> Result<Cell<'j>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::Nested)
    }

    fn visit_map<M: MapAccess<'j>>(self, mut map: M) -> Result<Cell<'j>, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Nested)
    }
}
