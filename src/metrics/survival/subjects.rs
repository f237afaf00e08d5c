//! Subjects, read from a frame and split into groups.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{fetch, full};
use crate::metrics::{Source, finite, free, labelled, texts};
use crate::stats::life_table::LifeTable;

/// A group and its life table.
pub(super) struct Group {
    pub name: Option<String>,
    pub table: LifeTable,
}

/// The groups, by name; one without a name if there is no column to split by.
pub(super) fn groups(subjects: &dyn Source, by: Option<&str>) -> Result<Vec<Group>> {
    let mut columns = vec!["duration", "observed"];
    columns.extend(by.filter(|by| !["duration", "observed"].contains(by)));
    let frame = fetch(subjects, "subjects", &columns)?;
    let durations = durations(&frame)?;
    let observed = finite(&frame, "subjects", "observed")?;
    if let Some(row) = observed.iter().position(|flag| *flag != 0.0 && *flag != 1.0) {
        let problem = format!("is {} in row {}; it must be 1 or 0", observed[row], row + 1);
        return Err(Error::column("subjects", "observed", problem));
    }
    let names = match by {
        None => vec![None; durations.len()],
        Some(column) => texts(full(&frame, "subjects", column)?)?,
    };
    let mut split: BTreeMap<Option<String>, Vec<(f64, bool)>> = BTreeMap::new();
    for ((name, duration), flag) in names.into_iter().zip(durations).zip(observed) {
        split.entry(name).or_default().push((duration, flag == 1.0));
    }
    let group = |(name, subjects)| Group { name, table: LifeTable::new(subjects) };
    Ok(split.into_iter().map(group).collect())
}

/// The subjects' durations: finite, 0 or more.
pub(super) fn durations(frame: &DataFrame) -> Result<Vec<f64>> {
    let durations = finite(frame, "subjects", "duration")?;
    if let Some(row) = durations.iter().position(|duration| *duration < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", durations[row], row + 1);
        return Err(Error::column("subjects", "duration", problem));
    }
    Ok(durations)
}

/// A frame of one row per name: the groups' column first, if there are groups. A column that would have the name
/// of one of the results is refused.
pub(super) fn table(
    by: Option<&str>,
    names: Vec<Option<String>>,
    columns: Vec<Column>,
) -> Result<DataFrame> {
    if let Some(by) = by {
        let results: Vec<&str> = columns.iter().map(|column| column.name().as_str()).collect();
        free("subjects", by, &results)?;
    }
    labelled(by, names, columns)
}

/// A count per group.
pub(super) fn counts(name: &str, groups: &[Group], of: impl Fn(&LifeTable) -> usize) -> Column {
    let values: Vec<i64> = groups.iter().map(|group| of(&group.table) as i64).collect();
    Column::new(name.into(), values)
}

/// The groups' names.
pub(super) fn names(groups: &[Group]) -> Vec<Option<String>> {
    groups.iter().map(|group| group.name.clone()).collect()
}
