//! Parts put together into the columns of a frame.

use casebook::Result;
use casebook::polars::prelude::*;
use chrono_tz::Tz;
use rayon::prelude::*;

use super::dictionary::{EMPTY, Merged};
use super::gather::Gathered;
use super::how::{How, Kind, Missing};
use super::moment;
use super::numbers;
use super::part::{Part, Values};
use super::table::{Ids, Table};
use super::times::{self, Times, Wrong};
use super::trouble::trouble;

/// A column, done.
struct Done {
    column: Column,
    ids: Option<Ids>,
    names: Option<Vec<String>>,
}

/// A column of a part, and which reader's dictionary it uses.
type Parts = Vec<(usize, Part)>;

/// Makes a frame from the gathered columns.
pub fn finish(mut gathered: Gathered) -> Result<Table> {
    let path = gathered.files.first().cloned().unwrap_or_default();
    if gathered.blocks.iter().all(|block| block.rows == 0) {
        return Err(trouble(&path, "it has no rows"));
    }
    drop_incomplete(&mut gathered)?;
    let width = gathered.columns.len();
    let mut columns: Vec<Parts> =
        (0..width).map(|_| Vec::with_capacity(gathered.blocks.len())).collect();
    for block in &mut gathered.blocks {
        for (column, part) in columns.iter_mut().zip(block.parts.drain(..)) {
            column.push(part);
        }
    }
    let mut names: Vec<Vec<Vec<String>>> = (0..width).map(|_| vec![]).collect();
    for reader in std::mem::take(&mut gathered.readers) {
        for (column, dictionary) in names.iter_mut().zip(reader) {
            column.push(dictionary.names());
        }
    }
    // Days of all columns are counted on one clock.
    let mut zone = gathered.how.zone;
    let mut zoned = false;
    for parts in &columns {
        for (_, part) in parts {
            if let Values::Times(times) = &part.values {
                zone = zone.or(times.zone);
                zoned |= times.zoned();
            }
        }
    }
    let zone = zone.or(zoned.then_some(Tz::UTC));
    let shared = &gathered;
    let done: Vec<Result<Done>> = columns
        .into_par_iter()
        .zip(names)
        .enumerate()
        .map(|(column, (parts, names))| finished(shared, column, parts, names, zone))
        .collect();
    let mut frame = vec![];
    let mut table = Table::new(path);
    for (column, done) in gathered.columns.iter().zip(done) {
        let done = done?;
        frame.push(done.column);
        table.keep(&column.to, done.ids, done.names);
        table.call(&column.to, &column.from);
    }
    table.frame = DataFrame::new_infer_height(frame)?;
    Ok(table)
}

/// Leaves out rows with missing values and says so, or refuses the first one.
fn drop_incomplete(gathered: &mut Gathered) -> Result<()> {
    let refused = |kind: Kind| {
        let missing = match kind {
            Kind::Id => gathered.how.missing_ids,
            _ => gathered.how.missing_values,
        };
        missing == Missing::Refuse
    };
    for (number, block) in gathered.blocks.iter().enumerate() {
        let first = block
            .parts
            .iter()
            .enumerate()
            .filter(|(column, _)| refused(gathered.columns[*column].kind))
            .filter_map(|(column, (_, part))| Some((*part.missing.first()?, column)))
            .min();
        let Some((row, column)) = first else { continue };
        let option = match gathered.columns[column].kind {
            Kind::Id => "--missing-ids",
            _ => "--missing-values",
        };
        let problem = format!("is empty; {option} skip leaves such rows out");
        return Err(gathered.wrong(number, row as usize, column, problem));
    }
    let unread: Vec<Unread> =
        (0..gathered.columns.len()).map(|column| unread(gathered, column)).collect();
    let mut counts = vec![0; gathered.columns.len()];
    let (mut all, mut left_out) = (0, 0);
    for block in &mut gathered.blocks {
        all += block.rows;
        let mut rows: Vec<u32> = vec![];
        for (count, (_, part)) in counts.iter_mut().zip(&block.parts) {
            *count += part.missing.len();
            rows.extend_from_slice(&part.missing);
        }
        if rows.is_empty() {
            continue;
        }
        rows.sort_unstable();
        rows.dedup();
        left_out += rows.len();
        block.parts.iter_mut().for_each(|(_, part)| part.drop_rows(&rows));
        block.left_out = rows;
    }
    let path = gathered.files.first().cloned().unwrap_or_default();
    let counts = counts.into_iter().zip(unread);
    for ((count, unread), column) in counts.zip(gathered.columns).filter(|((n, _), _)| *n > 0) {
        let option = if column.kind == Kind::Id { "--missing-ids" } else { "--missing-values" };
        let name = &column.from;
        let Unread { count: wrong, first } = unread;
        if count == all {
            return Err(trouble(
                &path,
                match wrong {
                    0 => format!("`{name}` is empty in every row"),
                    _ => {
                        format!("`{name}` is empty or cannot be read in every row, such as {first}")
                    }
                },
            ));
        }
        let what = match (count - wrong, wrong) {
            (empty, 0) => format!("is empty in {empty} of {all} rows"),
            (0, _) => format!("cannot be read in {wrong} of {all} rows, such as {first}"),
            (empty, _) => format!(
                "is empty in {empty} of {all} rows and cannot be read in {wrong}, such as {first}"
            ),
        };
        let note = format!("`{name}` {what}; skipped (use {option} refuse to stop instead)");
        crate::say::complain!("casebook: {}", crate::terminal::message(&note));
    }
    if left_out == all {
        return Err(trouble(&path, "every row lacks a value that is needed"));
    }
    Ok(())
}

/// Unreadable times of a column.
struct Unread {
    count: usize,
    /// The first one and where it is, in words.
    first: String,
}

fn unread(gathered: &Gathered, column: usize) -> Unread {
    let mut found = Unread { count: 0, first: String::new() };
    for (number, block) in gathered.blocks.iter().enumerate() {
        let Some((count, sample)) = block.parts.get(column).and_then(|(_, it)| it.unread.as_ref())
        else {
            continue;
        };
        if found.count == 0 {
            let (row, path) = (gathered.row(number, sample.row), gathered.path(number).display());
            found.first = match gathered.files.len() {
                1 => format!("\"{}\" in row {row}", sample.text),
                _ => format!("\"{}\" in row {row} of {path}", sample.text),
            };
        }
        found.count += count;
    }
    found
}

fn finished(
    gathered: &Gathered,
    column: usize,
    parts: Parts,
    names: Vec<Vec<String>>,
    zone: Option<Tz>,
) -> Result<Done> {
    let asked = &gathered.columns[column];
    let name = PlSmallStr::from(asked.to.as_str());
    let plain = |column: Column| Done { column, ids: None, names: None };
    let rows = parts.iter().map(|(_, part)| part.len()).sum();
    Ok(match asked.kind {
        Kind::Id => {
            let (column, ids) = identifiers(name, parts, names);
            Done { column, ids: Some(ids), names: None }
        }
        Kind::Text | Kind::Label | Kind::Value => {
            let (codes, names) = codes(parts, names, rows);
            let texts = codes.iter().map(|code| names.get(*code as usize).map(String::as_str));
            plain(StringChunked::from_iter_options(name, texts).into_column())
        }
        Kind::Name => {
            let (codes, names) = codes(parts, names, rows);
            let column = categories(name, &codes, &names)?;
            Done { column, ids: None, names: Some(names) }
        }
        Kind::Time => {
            let times = parts.into_iter().filter_map(|(_, part)| match part.values {
                Values::Times(times) => Some(*times),
                _ => None,
            });
            let wrong = |wrong: Wrong| gathered.wrong(wrong.part, wrong.row, column, wrong.problem);
            let micros = moments(times.collect(), gathered, zone).map_err(wrong)?;
            let zone = TimeZone::opt_try_new(zone.map(|zone| zone.name()))?;
            let dtype = DataType::Datetime(TimeUnit::Microseconds, zone);
            plain(Int64Chunked::from_vec(name, micros).into_column().cast(&dtype)?)
        }
        Kind::Number | Kind::MaybeNumber => {
            one_currency(gathered, column, &parts)?;
            one_point(gathered, column, &parts)?;
            let mut numbers: Vec<f64> = Vec::with_capacity(rows);
            for (_, part) in parts {
                if let Values::Numbers(values) = part.values {
                    numbers.extend_from_slice(&values);
                }
            }
            plain(match asked.kind {
                Kind::Number => Float64Chunked::from_vec(name, numbers).into_column(),
                _ => {
                    let known = numbers.iter().map(|number| Some(*number).filter(|n| !n.is_nan()));
                    Float64Chunked::from_iter_options(name, known).into_column()
                }
            })
        }
        Kind::Flag => {
            let mut flags: Vec<bool> = Vec::with_capacity(rows);
            for (_, part) in parts {
                if let Values::Flags(values) = part.values {
                    flags.extend_from_slice(&values);
                }
            }
            plain(BooleanChunked::from_slice(name, &flags).into_column())
        }
    })
}

/// Checks that amounts have one currency: a sum of dollars and euros means nothing.
fn one_currency(gathered: &Gathered, column: usize, parts: &Parts) -> Result<()> {
    let mut first: Option<&str> = None;
    for (number, (_, part)) in parts.iter().enumerate() {
        let Some((currency, sample)) = &part.currency else { continue };
        let before = *first.get_or_insert(currency);
        if before != currency {
            let problem = format!(
                "is \"{}\", and earlier rows are in {before}: currencies are mixed",
                sample.text
            );
            return Err(gathered.wrong(number, sample.row, column, problem));
        }
    }
    Ok(())
}

/// Asks what a point means in files with semicolons between values: 1.234 may well be more than a thousand there.
fn one_point(gathered: &Gathered, column: usize, parts: &Parts) -> Result<()> {
    let semicolons = |block: usize| gathered.blocks.get(block).is_some_and(|it| it.semicolons);
    let mut open = vec![];
    for (number, (_, part)) in parts.iter().enumerate().filter(|(number, _)| semicolons(*number)) {
        if part.points.decided {
            return Ok(());
        }
        open.extend(part.points.open.iter().map(|sample| (number, sample)));
    }
    let Some(&(number, sample)) = open.first() else { return Ok(()) };
    let value = |commas| numbers::read(&sample.text, commas).map_or(0.0, |amount| amount.number);
    let rows: Vec<String> =
        open.iter().take(times::SHOWN).map(|(_, sample)| format!("\"{}\"", sample.text)).collect();
    let problem = format!(
        "is ambiguous: does the point separate thousands or decimals? No row settles it, for \
         example {}; use --decimal-comma for {} (likely) or --thousands for {}",
        rows.join(", "),
        value(numbers::Commas::Decimal),
        value(numbers::Commas::Thousands)
    );
    Err(gathered.wrong(number, sample.row, column, problem))
}

fn identifiers(name: PlSmallStr, parts: Parts, names: Vec<Vec<String>>) -> (Column, Ids) {
    // A column of numbers in which some are missing is often written as a column of fractions.
    let numbers: Option<Vec<Vec<i64>>> = names
        .iter()
        .map(|names| names.iter().map(|name| numbers::nearly_whole(name.as_bytes())).collect())
        .collect();
    let rows = parts.iter().map(|(_, part)| part.len()).sum();
    let Some(numbers) = numbers else {
        // Beside texts, `1` and `1.0` are one identifier all the same.
        let one_way = |name: String| match numbers::nearly_whole(name.as_bytes()) {
            Some(number) => number.to_string(),
            None => name,
        };
        let names = names.into_iter().map(|names| names.into_iter().map(one_way).collect());
        let (codes, names) = codes(parts, names.collect(), rows);
        return (UInt32Chunked::from_vec(name, codes).into_column(), Ids::Texts(names));
    };
    let mut ids: Vec<i64> = Vec::with_capacity(rows);
    for (reader, part) in parts {
        match part.values {
            Values::Whole(whole) => ids.extend_from_slice(&whole),
            Values::Codes(codes) => {
                let of = numbers.get(reader);
                let number = |code: &u32| of.and_then(|of| of.get(*code as usize)).copied();
                ids.extend(codes.iter().map(|code| number(code).unwrap_or_default()));
            }
            _ => {}
        }
    }
    (Int64Chunked::from_vec(name, ids).into_column(), Ids::Numbers)
}

/// Returns all rows' texts as numbers in the order of their first appearance.
fn codes(parts: Parts, names: Vec<Vec<String>>, rows: usize) -> (Vec<u32>, Vec<String>) {
    let mut merged = Merged::new(names);
    let mut all: Vec<u32> = Vec::with_capacity(rows);
    for (reader, part) in parts {
        match part.values {
            Values::Codes(codes) => all.extend(codes.iter().map(|code| merged.of(reader, *code))),
            Values::Whole(ids) => all.extend(ids.iter().map(|id| merged.code(id.to_string()))),
            _ => {}
        }
    }
    (all, merged.names())
}

/// Makes a column of categories, as narrow as their number allows.
fn categories(name: PlSmallStr, codes: &[u32], names: &[String]) -> PolarsResult<Column> {
    let physical = match names.len() {
        0..=254 => CategoricalPhysical::U8,
        255..=65_534 => CategoricalPhysical::U16,
        _ => CategoricalPhysical::U32,
    };
    let categories = Categories::random("".into(), physical);
    let dtype = DataType::from_categories(categories.clone());
    let mapping = categories.mapping();
    let known: Vec<u32> =
        names.iter().map(|name| mapping.insert_cat(name)).collect::<PolarsResult<_>>()?;
    let known = |code: &u32| known.get(*code as usize).copied();
    let full = !codes.contains(&EMPTY);
    macro_rules! column {
        ($chunked:ty, $category:ty, $number:ty) => {{
            let ids = match full {
                true => <$chunked>::from_vec(
                    name,
                    codes.iter().map(|code| known(code).unwrap_or_default() as $number).collect(),
                ),
                false => <$chunked>::from_iter_options(
                    name,
                    codes.iter().map(|code| known(code).map(|code| code as $number)),
                ),
            };
            CategoricalChunked::<$category>::from_cats_and_dtype(ids, dtype).into_column()
        }};
    }
    Ok(match physical {
        CategoricalPhysical::U8 => column!(UInt8Chunked, Categorical8Type, u8),
        CategoricalPhysical::U16 => column!(UInt16Chunked, Categorical16Type, u16),
        CategoricalPhysical::U32 => column!(UInt32Chunked, Categorical32Type, u32),
    })
}

fn moments(
    parts: Vec<Times>,
    gathered: &Gathered,
    zone: Option<Tz>,
) -> std::result::Result<Vec<i64>, Wrong> {
    let how: &How = gathered.how;
    let lengths: Vec<usize> = parts.iter().map(Times::len).collect();
    let place = |part: usize, row: usize| {
        let file = gathered.path(part).display();
        match gathered.files.len() {
            1 => format!("row {}", gathered.row(part, row)),
            _ => format!("row {} of {file}", gathered.row(part, row)),
        }
    };
    let mut column = times::together(parts, how, place)?;
    let ahead = column.offset.filter(|ahead| *ahead != 0);
    if ahead.is_some() && how.zone.is_none() && zone == Some(Tz::UTC) {
        crate::say::complain!(
            "casebook: times are written with {}, and days are counted in UTC; --timezone, such as Europe/Berlin, \
             counts them on that clock",
            times::shown(ahead)
        );
    }
    let Some(zone) = zone.filter(|zone| !column.zoned && *zone != Tz::UTC) else {
        return Ok(column.micros);
    };
    let set: Vec<(Option<usize>, usize, usize)> = column
        .micros
        .par_chunks_mut(1 << 16)
        .enumerate()
        .map(|(chunk, clocks)| {
            let mut clock = moment::Clock::new(zone);
            let wrong = clocks.iter_mut().position(|at| clock.set(at).is_none());
            (wrong.map(|row| (chunk << 16) + row), clock.leapt, clock.twice)
        })
        .collect();
    let Some(mut row) = set.iter().filter_map(|(wrong, _, _)| *wrong).min() else {
        let leapt: usize = set.iter().map(|(_, leapt, _)| leapt).sum();
        let twice: usize = set.iter().map(|(_, _, twice)| twice).sum();
        tell_changes(zone, leapt, twice);
        return Ok(column.micros);
    };
    let mut part = 0;
    while lengths.get(part).is_some_and(|length| row >= *length) {
        row -= lengths[part];
        part += 1;
    }
    let row = gathered.before(part, row);
    Err(Wrong { part, row, problem: format!("is {}", moment::OUT_OF_RANGE) })
}

/// Mentions clock changes: when clocks go forward, an hour does not exist; when they go back, one comes twice.
fn tell_changes(zone: Tz, leapt: usize, twice: usize) {
    let many = |count: usize| match count {
        1 => "1 time lies".to_owned(),
        _ => format!("{count} times lie"),
    };
    if leapt > 0 {
        crate::say::complain!(
            "casebook: {} in an hour that clocks in {zone} skip; read as an hour later",
            many(leapt)
        );
    }
    if twice > 0 {
        crate::say::complain!(
            "casebook: {} in an hour that clocks in {zone} show twice; read as the first",
            many(twice)
        );
    }
}
