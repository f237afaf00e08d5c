//! Frames on top of each other, and columns into rows and back.

use polars::prelude::*;
use rustc_hash::FxHashMap;

use super::Source;
use super::list::{FRAME, known, missing, names as names_of};
use crate::error::{Error, Result};

/// Stacks frames with the same columns, one below the other. The first frame gives the order of the columns; where types
/// differ, the wider one is taken.
///
/// # Errors
/// No frames; [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn) for a column that not all frames have; polars'
/// own for types that have nothing in common.
///
/// ```
/// use casebook::prelude::*;
///
/// let web = df!("device" => ["web"], "visits" => [120])?;
/// let app = df!("visits" => [80], "device" => ["app"])?;
/// let both = stack([&web, &app])?;
/// assert_eq!(both.value("visits", "device", "app")?, 80.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn stack<S: Source>(frames: impl IntoIterator<Item = S>) -> Result<DataFrame> {
    stack_all(frames.into_iter().map(|frame| frame.scan()).collect())
}

fn stack_all(mut frames: Vec<LazyFrame>) -> Result<DataFrame> {
    let Some(first) = frames.first_mut() else {
        return Err(Error::config("frames", "none", "one frame or more"));
    };
    let schema = first.collect_schema()?;
    for frame in &mut frames {
        let other = frame.collect_schema()?;
        for (one, two, which) in [(&schema, &other, "stacked"), (&other, &schema, "first")] {
            if let Some(name) = one.iter_names().find(|name| !two.contains(name)) {
                return Err(missing(two, which, name));
            }
        }
    }
    let order: Vec<Expr> = schema.iter_names().cloned().map(col).collect();
    let aligned: Vec<LazyFrame> = frames.into_iter().map(|frame| frame.select(&order)).collect();
    let how = UnionArgs { to_supertypes: true, ..UnionArgs::default() };
    Ok(concat(aligned, how)?.collect()?)
}

/// That a new column has the name of none that stays.
fn free<'n>(mut stay: impl Iterator<Item = &'n PlSmallStr>, new: &str) -> Result<()> {
    if stay.any(|name| name == new) {
        let problem = "is there already, and the result would have two columns of this name";
        return Err(Error::column(FRAME, new, problem));
    }
    Ok(())
}

pub(super) fn longer(
    mut lazy: LazyFrame,
    columns: Vec<Expr>,
    names: &str,
    values: &str,
) -> Result<DataFrame> {
    known(&mut lazy, FRAME, &columns)?;
    let stacked = names_of(&lazy, &columns)?;
    if stacked.is_empty() {
        return Err(Error::config("columns", "none", "one column or more"));
    }
    let schema = lazy.collect_schema()?;
    let stay: Vec<&PlSmallStr> =
        schema.iter_names().filter(|name| !stacked.contains(name)).collect();
    free(stay.iter().copied(), names)?;
    free(stay.iter().copied().chain([&PlSmallStr::from_str(names)]), values)?;
    let parts = stacked.iter().zip(columns).map(|(name, column)| {
        let mut all: Vec<Expr> = stay.iter().map(|name| col((*name).clone())).collect();
        all.extend([lit(name.as_str()).alias(names), column.alias(values)]);
        lazy.clone().select(all)
    });
    stack_all(parts.collect())
}

pub(super) fn wider(mut lazy: LazyFrame, names: &str, values: &str) -> Result<DataFrame> {
    let schema = lazy.collect_schema()?;
    for name in [names, values] {
        schema.get(name).ok_or_else(|| missing(&schema, FRAME, name))?;
    }
    let frame = lazy.collect()?;
    let labels = super::texts(super::full(&frame, FRAME, names)?)?;
    // The labels in order of first appearance, and each row's place among them.
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    let (mut seen, mut codes) = (vec![], Vec::with_capacity(labels.len()));
    for label in labels.into_iter().flatten() {
        let place = places.get(&label).copied().unwrap_or_else(|| {
            seen.push(label.clone());
            places.insert(label, seen.len() - 1);
            seen.len() - 1
        });
        codes.push(place);
    }
    let stay: Vec<PlSmallStr> =
        schema.iter_names().filter(|name| *name != names && *name != values).cloned().collect();
    for label in &seen {
        free(stay.iter(), label)?;
    }
    let keys: Vec<Expr> = stay.iter().cloned().map(col).collect();
    let mut whole = keys.clone();
    whole.push(col(names));
    let counted = frame
        .clone()
        .lazy()
        .group_by_stable(whole)
        .agg([len().cast(DataType::Int64).alias("rows of this name")])
        .filter(col("rows of this name").gt(1))
        .collect()?;
    if let Some(first) = counted.get(0) {
        let here: Vec<String> =
            stay.iter().zip(&first).map(|(name, value)| format!("{name} {value}")).collect();
        let where_ =
            if here.is_empty() { String::new() } else { format!(" for {}", here.join(", ")) };
        let (name, rows) = (&first[stay.len()], &first[stay.len() + 1]);
        let problem = format!("holds {name} in {rows} rows{where_}; aggregate them first");
        return Err(Error::column(FRAME, names, problem));
    }
    // A row for each group of keys; without keys, all rows are one.
    let by: Vec<&str> = stay.iter().map(PlSmallStr::as_str).collect();
    let rows_of: Vec<Vec<IdxSize>> = match by.is_empty() {
        true => vec![(0..frame.height() as IdxSize).collect()],
        false => (frame.group_by_stable(by.iter().copied())?.get_groups().iter())
            .map(|group| match group {
                GroupsIndicator::Idx((_, rows)) => rows.to_vec(),
                GroupsIndicator::Slice([first, len]) => (first..first + len).collect(),
            })
            .collect(),
    };
    let mut cells: Vec<Vec<Option<IdxSize>>> = vec![vec![None; rows_of.len()]; seen.len()];
    for (group, rows) in rows_of.iter().enumerate() {
        for row in rows.iter() {
            cells[codes[*row as usize]][group] = Some(*row);
        }
    }
    let firsts: IdxCa = rows_of.iter().map(|rows| rows.first().copied()).collect();
    let stay = by.iter().map(|name| -> Result<Column> { Ok(frame.column(name)?.take(&firsts)?) });
    let mut columns: Vec<Column> = stay.collect::<Result<_>>()?;
    let values = frame.column(values)?;
    for (label, rows) in seen.into_iter().zip(cells) {
        let found = values.take(&rows.into_iter().collect::<IdxCa>())?;
        columns.push(found.with_name(label.into()));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}
