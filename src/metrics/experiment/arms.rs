//! Users by arm.

use std::collections::BTreeMap;

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::events::Numbered;
use crate::frame::{fetch, full};
use crate::metrics::{Source, finite, texts};
use crate::stats::sample::{Summary, sum};
use crate::stats::two_sample::Difference;

/// Users by arm, with the columns asked for as numbers.
pub(super) struct Arms {
    pub names: Vec<String>,
    /// For each arm, the rows of its users.
    pub rows: Vec<Vec<usize>>,
    pub columns: Vec<Vec<f64>>,
    pub frame: DataFrame,
}

impl Arms {
    pub fn new(users: &dyn Source, arm: &str, columns: &[&str], more: &[&str]) -> Result<Arms> {
        let mut needed = vec![arm];
        needed.extend(columns.iter().chain(more).filter(|column| **column != arm));
        needed.sort_unstable();
        needed.dedup();
        let frame = fetch(users, "users", &needed)?;
        let labels = texts(full(&frame, "users", arm)?)?;
        let mut split: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (row, label) in labels.into_iter().flatten().enumerate() {
            split.entry(label).or_default().push(row);
        }
        let columns = columns
            .iter()
            .map(|column| finite(&frame, "users", column))
            .collect::<Result<Vec<Vec<f64>>>>()?;
        let (names, rows) = split.into_iter().unzip();
        Ok(Arms { names, rows, columns, frame })
    }

    /// Finds the place of the control arm, and those of the others.
    pub fn control(&self, arm: &str, control: &str) -> Result<(usize, Vec<usize>)> {
        let Some(place) = self.names.iter().position(|name| name == control) else {
            let problem =
                format!("has no \"{control}\" to compare with; it has {}", quoted(&self.names));
            return Err(Error::column("users", arm, problem));
        };
        if self.names.len() < 2 {
            let problem = format!("has only \"{control}\"; there is nothing to compare it with");
            return Err(Error::column("users", arm, problem));
        }
        Ok((place, (0..self.names.len()).filter(|other| *other != place).collect()))
    }

    /// Checks that a column holds 1 and 0 only.
    pub fn flags(&self, column: usize, name: &str) -> Result<()> {
        let values = &self.columns[column];
        match values.iter().position(|value| *value != 0.0 && *value != 1.0) {
            None => Ok(()),
            Some(row) => {
                let problem = format!("is {} in row {}; it must be 1 or 0", values[row], row + 1);
                Err(Error::column("users", name, problem))
            }
        }
    }

    /// Numbers units that may have several rows, such as users; each must be in one arm.
    pub fn units(&self, arm: &str, unit: &str) -> Result<Numbered> {
        let numbered = Numbered::new(full(&self.frame, "users", unit)?)?;
        let mut home = vec![usize::MAX; numbered.count()];
        for (place, rows) in self.rows.iter().enumerate() {
            for row in rows {
                let known = &mut home[numbered.codes[*row] as usize];
                if *known != usize::MAX && *known != place {
                    let (a, b) = (&self.names[*known], &self.names[place]);
                    let problem = format!("puts one {unit} in both \"{a}\" and \"{b}\"");
                    return Err(Error::column("users", arm, problem));
                }
                *known = place;
            }
        }
        Ok(numbered)
    }

    pub fn values(&self, arm: usize, column: usize) -> Vec<f64> {
        self.rows[arm].iter().map(|row| self.columns[column][*row]).collect()
    }

    pub fn users(&self, arm: usize) -> u64 {
        self.rows[arm].len() as u64
    }

    pub fn sum(&self, arm: usize, column: usize) -> f64 {
        sum(&self.values(arm, column))
    }

    pub fn summary(&self, arm: usize, column: usize) -> Summary {
        Summary::of(&self.values(arm, column))
    }

    /// Returns the columns `arm` and `control`: one row per other arm.
    pub fn names_of(&self, control: usize, others: &[usize]) -> Vec<Column> {
        let names: Vec<&str> = others.iter().map(|arm| self.names[*arm].as_str()).collect();
        let control = vec![self.names[control].as_str(); others.len()];
        vec![Column::new("arm".into(), names), Column::new("control".into(), control)]
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// Columns `difference`, `low`, `high`, the statistic, `df` where asked, and `p_value`. What is not a
/// number is null.
pub(super) fn difference_columns(
    differences: &[Option<Difference>],
    statistic: &str,
) -> Vec<Column> {
    let column = |name: &str, pick: fn(&Difference) -> f64| {
        let values: Vec<Option<f64>> = differences
            .iter()
            .map(|difference| difference.as_ref().map(pick).filter(|value| value.is_finite()))
            .collect();
        Column::new(name.into(), values)
    };
    let mut columns = vec![
        column("difference", |d| d.estimate),
        column("low", |d| d.low),
        column("high", |d| d.high),
        column(statistic, |d| d.statistic),
    ];
    if statistic == "t" {
        columns.push(column("df", |d| d.df));
    }
    columns.push(column("p_value", |d| d.p_value));
    columns
}
