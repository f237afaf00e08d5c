//! CSV and its relatives: values separated by commas, semicolons, tabs or bars.

use std::io::Read;
use std::path::Path;

use casebook::Result;

use super::blocks::{Blocks, records};
use super::gather::{Block, Fault, Gathered, Rows};
use super::header;
use super::trouble::trouble;

/// What is known about a file before its first row.
struct Head {
    delimiter: u8,
    names: Vec<String>,
    /// Where the rows begin.
    length: usize,
}

/// How a file's rows are laid out.
#[derive(Clone, Copy)]
struct Layout<'p> {
    delimiter: u8,
    /// Values in each row.
    width: usize,
    /// Where the requested columns are.
    places: &'p [usize],
}

/// Reads a file into the gathered columns.
pub fn read(
    gathered: &mut Gathered,
    path: &Path,
    reader: Box<dyn Read + Send>,
    delimiter: Option<u8>,
) -> Result<()> {
    let file = gathered.file(path);
    let damaged =
        |cause: std::io::Error| trouble(path, format!("it is damaged: {cause}")).with_source(cause);
    let mut blocks = Blocks::new(reader);
    let start = blocks.start().map_err(damaged)?;
    let head = Head::new(path, start, delimiter, gathered)?;
    let places = header::places(path, &head.names, gathered.columns)?;
    blocks.pending.drain(..head.length);
    let (delimiter, width) = (head.delimiter, head.names.len());
    let layout = Layout { delimiter, width, places: &places };
    let results = gathered.each(
        file,
        blocks,
        |bytes| records(bytes, delimiter),
        |bytes, rows| block(bytes, layout, rows),
    );
    let semicolons = delimiter == b';';
    gathered.take(results.into_iter().map(|read| Ok(Block { semicolons, ..read?.0 })))
}

impl Head {
    fn new(path: &Path, start: &[u8], given: Option<u8>, gathered: &Gathered) -> Result<Head> {
        // A spreadsheet's own way to say what stands between values.
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        let (said, skipped) = match line {
            [b's', b'e', b'p', b'=', separator] => {
                let length =
                    start.iter().position(|byte| *byte == b'\n').map_or(start.len(), |n| n + 1);
                (Some(*separator), length)
            }
            _ => (None, 0),
        };
        let head = |delimiter: u8| -> Result<Head> {
            let mut reader = reader(&start[skipped..], delimiter);
            let mut record = csv::ByteRecord::new();
            reader.read_byte_record(&mut record).map_err(|cause| trouble(path, cause))?;
            let names =
                record.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
            Ok(Head { delimiter, names, length: skipped + reader.position().byte() as usize })
        };
        if let Some(delimiter) = given.or(said) {
            return head(delimiter);
        }
        // Which finds most of the columns that are asked for, and of equals the most columns.
        let mut best = None;
        for delimiter in [b',', b';', b'\t', b'|'] {
            let head = head(delimiter)?;
            let wanted = gathered.columns.iter();
            let found = wanted.filter(|c| header::find(&head.names, &c.from).is_some()).count();
            let rank = (found, head.names.len());
            if best.as_ref().is_none_or(|(before, _)| rank > *before) {
                best = Some((rank, head));
            }
        }
        best.map(|(_, head)| head).ok_or_else(|| trouble(path, "it is empty"))
    }
}

fn reader(bytes: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes)
}

/// Reads the rows of a block. Without quotes, splitting is enough.
fn block(bytes: &[u8], layout: Layout, rows: &mut Rows) -> Result<(), Fault> {
    let Layout { delimiter, width, places } = layout;
    let lone = |place: usize| bytes.get(place + 1) != Some(&b'\n');
    let quoted = memchr::memchr(b'"', bytes).is_some();
    if quoted || memchr::memchr_iter(b'\r', bytes).any(lone) {
        return careful(bytes, layout, rows);
    }
    let mut ends: Vec<usize> = Vec::with_capacity(width);
    let mut start = 0;
    let past = std::iter::once(bytes.len());
    for end in memchr::memchr2_iter(delimiter, b'\n', bytes).chain(past) {
        let last = bytes.get(end).is_none_or(|byte| *byte == b'\n');
        if !last {
            ends.push(end);
            continue;
        }
        let returned = end > start && bytes[end - 1] == b'\r';
        ends.push(end - usize::from(returned));
        if ends.len() > 1 || ends[0] > start {
            check(ends.len(), width, rows)?;
            for (column, place) in places.iter().enumerate() {
                let from = if *place == 0 { start } else { ends[*place - 1] + 1 };
                rows.text(column, &bytes[from..ends[*place]])?;
            }
            rows.rows += 1;
        }
        ends.clear();
        start = end + 1;
    }
    Ok(())
}

fn careful(bytes: &[u8], layout: Layout, rows: &mut Rows) -> Result<(), Fault> {
    let Layout { delimiter, width, places } = layout;
    let mut reader = reader(bytes, delimiter);
    let mut record = csv::ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(cause) => return Err(Fault::Row { row: rows.rows, problem: cause.to_string() }),
        }
        check(record.len(), width, rows)?;
        for (column, place) in places.iter().enumerate() {
            rows.text(column, record.get(*place).unwrap_or_default())?;
        }
        rows.rows += 1;
    }
}

fn check(length: usize, width: usize, rows: &Rows) -> Result<(), Fault> {
    if length == width {
        return Ok(());
    }
    let hint = match length > width {
        true => "; a value that holds what stands between values must be in quotes",
        false => "; was the file cut short, or a quote left open?",
    };
    let problem = format!("has {length} values where the header has {width}{hint}");
    Err(Fault::Row { row: rows.rows, problem })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::input::dictionary::Dictionary;
    use crate::analyze::input::how::{Column, How, Kind, Missing};
    use crate::analyze::input::part::Values;

    /// Returns codes and row counts, once by simple splitting and once by careful parsing.
    fn both(text: &str) -> [(Vec<Vec<u32>>, usize, bool); 2] {
        let how = How {
            time_format: None,
            zone: None,
            commas: Default::default(),
            null_words: false,
            missing_ids: Missing::Skip,
            missing_values: Missing::Refuse,
        };
        let columns = [Column::new("a", "a", Kind::Text), Column::new("c", "c", Kind::Text)];
        let layout = Layout { delimiter: b',', width: 3, places: &[0, 2] };
        [block, careful].map(|way| {
            let mut dictionaries = [Dictionary::default(), Dictionary::default()];
            let mut rows = Rows::new(&how, &columns, &mut dictionaries);
            let good = way(text.as_bytes(), layout, &mut rows).is_ok();
            let codes = |parts: &[crate::analyze::input::part::Part]| {
                parts
                    .iter()
                    .map(|part| match &part.values {
                        Values::Codes(codes) => codes.clone(),
                        _ => vec![],
                    })
                    .collect()
            };
            (codes(&rows.parts), rows.rows, good)
        })
    }

    #[test]
    fn parting_gives_what_care_gives() {
        for text in [
            "x,1,y\nz,2,x\n",
            "x,1,y\nz,2,x",
            "x,1,y\r\nz,2,x\r\n",
            "\n\nx,1,y\n\r\n\nz,2,x\n",
            ",,\nx,,\n",
            "x,1\n",
            "x,1,y,z\n",
            "x,1,y\n,",
            " x ,1, y\t\n",
            "é,1,ß\n",
            "",
        ] {
            let [parted, careful] = both(text);
            assert_eq!(parted, careful, "{text:?}");
        }
    }
}
