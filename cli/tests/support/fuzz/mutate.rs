//! Small damages, one after the other.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

/// What no column expects.
pub const ODD: [&str; 66] = [
    "",
    " ",
    "0",
    "-0",
    "-1",
    "1e308",
    "-1e308",
    "1.7976931348623157e308",
    "1e-320",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "-9223372036854775808",
    "0x10",
    "1_000",
    "1,5",
    "0.1",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "NULL",
    "null",
    "None",
    "NA",
    "N/A",
    "-",
    "true",
    "FALSE",
    "yes",
    "2024-02-30",
    "0000-01-01",
    "0001-01-01",
    "1677-09-21",
    "1970-01-01",
    "2262-04-12",
    "9999-12-31",
    "9999-12-31T23:59:59.999999999Z",
    "-262144-01-01",
    "+262143-12-31",
    "294247-01-10",
    "2024-03-31T02:30",
    "2024-01-01T00:00:00+18:00",
    "2024-01-01 24:00",
    "2024-01-01 23:59:60",
    "99999999999",
    "100000000",
    "99999999999999999",
    "9999999999999999",
    "-8334601228800000000",
    "31/12/2024",
    "\"",
    "\"\"",
    "'",
    "\r\n",
    "\n",
    "\u{0}",
    "\u{feff}",
    "🎈",
    "👨\u{200d}👩\u{200d}👧",
    "\u{202e}abc",
    "e\u{301}",
    "\u{1b}[2J",
    "=SUM(A1)",
    "a,b",
];

/// A place in something of a length; 0 in nothing.
pub fn below(rng: &mut ChaCha8Rng, length: usize) -> usize {
    if length == 0 { 0 } else { rng.random_range(0..length) }
}

pub fn one_in(rng: &mut ChaCha8Rng, n: u32) -> bool {
    rng.random_range(0..n) == 0
}

pub fn pick<'t>(rng: &mut ChaCha8Rng, from: &[&'t str]) -> &'t str {
    from.choose(rng).copied().unwrap_or_default()
}

/// Bits, lengths, bytes: for any file.
pub fn bytes(rng: &mut ChaCha8Rng, data: &mut Vec<u8>) {
    let at = below(rng, data.len());
    match rng.random_range(0..7) {
        0 => {
            for _ in 0..rng.random_range(1..8) {
                let at = below(rng, data.len());
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8);
                }
            }
        }
        1 => data.truncate(at),
        2 => drop(data.splice(at..at, pick(rng, &ODD).bytes())),
        3 => {
            let end = (at + rng.random_range(1..64)).min(data.len());
            drop(data.drain(at..end));
        }
        4 => {
            let end = (at + rng.random_range(1..400)).min(data.len());
            let again = data[at..end].to_vec();
            drop(data.splice(at..at, again));
        }
        5 => {
            let value = [0, 1, 0x7f, 0x80, 0xff][below(rng, 5)];
            let end = (at + rng.random_range(1..9)).min(data.len());
            data[at..end].fill(value);
        }
        _ => {
            let from = below(rng, data.len());
            let end = (from + 32).min(data.len());
            let other = data[from..end].to_vec();
            let end = (at + other.len()).min(data.len());
            data[at..end].copy_from_slice(&other[..end - at]);
        }
    }
}

/// Rows and cells: for tables of text.
pub fn rows(rng: &mut ChaCha8Rng, rows: &mut Vec<Vec<String>>) {
    let row = below(rng, rows.len());
    let width = rows.first().map_or(0, Vec::len);
    let column = below(rng, width);
    let cell = |rows: &mut Vec<Vec<String>>, text: String| {
        if let Some(cell) = rows.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = text;
        }
    };
    match rng.random_range(0..16) {
        0..=4 => cell(rows, pick(rng, &ODD).to_owned()),
        5 => {
            // All of a column.
            let text = pick(rng, &ODD);
            for row in rows.iter_mut().skip(1) {
                row.get_mut(column).into_iter().for_each(|cell| *cell = text.to_owned());
            }
        }
        6 => {
            let other = below(rng, width);
            for row in rows.iter_mut().skip(1).filter(|row| row.len() > column.max(other)) {
                row.swap(column, other);
            }
        }
        7 => {
            let other = below(rng, width);
            if let Some(head) = rows.first_mut().filter(|head| head.len() > column.max(other)) {
                head[column] = head[other].clone();
            }
        }
        8 => rows.iter_mut().skip(row.max(1)).take(1).for_each(|row| drop(row.pop())),
        9 => {
            let again =
                rows[row.min(rows.len() - 1)..].iter().take(20).cloned().collect::<Vec<_>>();
            rows.extend(again);
        }
        10 => rows.truncate(row),
        11 => cell(rows, pick(rng, &["x", "🎈", "\u{301}", " ", "9", "\u{1b}"]).repeat(1_000_000)),
        12 => cell(rows, pick(rng, &["word ", "([{", "<b>", "\u{200b}"]).repeat(20_000)),
        13 => {
            let other = rows.get(below(rng, rows.len())).and_then(|row| row.get(column)).cloned();
            cell(rows, other.unwrap_or_default());
        }
        14 => rows.iter_mut().for_each(|row| row.truncate(column + 1)),
        _ => {
            if rows.len() > 2 {
                rows[1..].reverse();
            }
        }
    }
    if rows.is_empty() {
        rows.push(vec![String::new()]);
    }
}
