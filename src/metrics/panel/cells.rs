//! The panel's cells, read and checked.

use std::collections::BTreeMap;

use nalgebra::DVector;
use polars::prelude::*;

use super::outcome::{Outcome, Panel};
use crate::error::{Error, Result};
use crate::frame::{fetch, full};
use crate::metrics::{finite, texts};

const NAME: &str = "panel";
/// Units and periods in a regression, and the numbers in it: half a gigabyte.
const MOST_COLUMNS: usize = 1_500;
const MOST_NUMBERS: usize = 64_000_000;

/// Units in order of their names, each with all periods.
pub(super) struct Cells {
    pub units: Vec<String>,
    /// The first period, and how many there are.
    pub first: i64,
    pub periods: usize,
    /// By unit: the place of the period of its launch.
    pub launches: Vec<Option<usize>>,
    /// By unit, then period.
    pub outcome: Vec<f64>,
    pub variance: Option<Vec<f64>>,
    /// By unit: what it weighs.
    pub size: Vec<f64>,
    /// By column that is adjusted for: a number per cell.
    pub adjusted: Vec<Vec<f64>>,
    pub names: Vec<String>,
}

impl Cells {
    pub fn at(&self, unit: usize, period: usize) -> usize {
        unit * self.periods + period
    }

    pub fn len(&self) -> usize {
        self.outcome.len()
    }

    /// Tells whether a cell lies before its unit's launch.
    pub fn before(&self, unit: usize, period: usize) -> bool {
        self.launches[unit].is_none_or(|launch| period < launch)
    }

    /// Returns the place of each cell with its unit and period.
    pub fn each(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let periods = self.periods;
        (0..self.outcome.len()).map(move |at| (at, at / periods, at % periods))
    }

    /// Returns the periods in which something is launched, by time.
    pub fn groups(&self) -> Vec<usize> {
        let mut groups: Vec<usize> = self.launches.iter().flatten().copied().collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Checks that a regression on units and periods fits into memory and ends soon.
    pub fn can_be_regressed(&self) -> Result<()> {
        let (units, columns) = (self.units.len(), self.units.len() + self.periods);
        match columns <= MOST_COLUMNS && self.len() * columns <= MOST_NUMBERS {
            true => Ok(()),
            false => Err(Error::config(
                "rows",
                format!("{units} units × {} periods", self.periods),
                format!(
                    "at most {MOST_COLUMNS} of both together, and {MOST_NUMBERS} numbers in a regression on them, \
                     which has a column for each; group units first"
                ),
            )),
        }
    }

    /// Returns a cell's row in a regression on units, periods and what is adjusted for.
    pub fn design(&self, at: usize, launched: bool) -> DVector<f64> {
        let n = self.units.len();
        let mut row = DVector::zeros(n + self.periods + self.adjusted.len() + 1);
        row[at / self.periods] = 1.0;
        row[n + at % self.periods] = 1.0;
        for (place, column) in self.adjusted.iter().enumerate() {
            row[n + self.periods + place] = column[at];
        }
        let last = row.len() - 1;
        row[last] = f64::from(u8::from(launched));
        row
    }
}

impl Panel {
    /// Reads the cells, and checks that they make a panel.
    pub(super) fn cells(&self) -> Result<Cells> {
        let own: Vec<&str> = match &self.outcome {
            Outcome::Value(value) => vec![value],
            Outcome::Rate { hits, trials } => vec![hits, trials],
            Outcome::Mean { mean, se } => vec![mean, se],
            Outcome::Count(count) => vec![count],
        };
        let mut wanted = vec![&*self.unit, &*self.period, &*self.launch];
        wanted.extend(own.iter().chain(&self.adjusted.iter().map(|it| &**it).collect::<Vec<_>>()));
        wanted.sort_unstable();
        wanted.dedup();
        let frame = fetch(&self.rows, NAME, &wanted)?;
        let units: Vec<String> =
            texts(full(&frame, NAME, &self.unit)?)?.into_iter().flatten().collect();
        let periods = whole(&frame, &self.period)?;
        let launches = self.launches(&frame)?;
        let numbers =
            own.iter().map(|column| finite(&frame, NAME, column)).collect::<Result<Vec<_>>>()?;
        let adjusted = self.adjusted.iter().map(|column| finite(&frame, NAME, column));
        let adjusted = adjusted.collect::<Result<Vec<_>>>()?;
        let Some((low, high)) = periods.iter().min().zip(periods.iter().max()) else {
            return Err(Error::config("rows", "none", "at least two units over two periods"));
        };
        let many = high.checked_sub(*low).and_then(|span| usize::try_from(span).ok());
        let many = many.filter(|span| *span <= periods.len()).map(|span| span + 1);
        let Some(many) = many else {
            let problem = format!("runs from {low} to {high} with a gap; it must have none");
            return Err(Error::column(NAME, &self.period, problem));
        };
        let mut table: BTreeMap<&str, BTreeMap<i64, usize>> = BTreeMap::new();
        for (row, unit) in units.iter().enumerate() {
            if table.entry(unit).or_default().insert(periods[row], row).is_some() {
                let problem = format!("holds {unit} twice in {} {}", self.period, periods[row]);
                return Err(Error::column(NAME, &self.unit, problem));
            }
        }
        let mut found = Cells {
            units: vec![],
            first: *low,
            periods: many,
            launches: vec![],
            outcome: vec![],
            variance: None,
            size: vec![],
            adjusted: vec![vec![]; adjusted.len()],
            names: self.adjusted.clone(),
        };
        let mut variance = vec![];
        for (unit, cells) in table {
            let rows = (*low..=*high).map(|period| {
                cells.get(&period).copied().ok_or_else(|| {
                    let problem = format!("has no row for {unit} in {} {period}", self.period);
                    Error::column(NAME, &self.unit, problem)
                })
            });
            let rows = rows.collect::<Result<Vec<usize>>>()?;
            let launch = launches[rows[0]];
            if rows.iter().any(|row| launches[*row] != launch) {
                let problem = format!("changes for {unit}; it must be the same in all its rows");
                return Err(Error::column(NAME, &self.launch, problem));
            }
            if launch.is_some_and(|launch| launch <= *low) {
                continue;
            }
            found.units.push(unit.to_owned());
            found.launches.push(launch.filter(|at| at <= high).map(|at| (at - low) as usize));
            let (mut size, mut noise) = (0.0, 0.0);
            for row in rows {
                let cell: Vec<f64> = numbers.iter().map(|column| column[row]).collect();
                let (outcome, spread, weight) = self.cell(&cell, unit, periods[row])?;
                found.outcome.push(outcome);
                variance.push(spread);
                size += weight;
                noise += spread;
                for (to, from) in found.adjusted.iter_mut().zip(&adjusted) {
                    to.push(from[row]);
                }
            }
            found.size.push(match self.outcome {
                Outcome::Value(_) => 1.0,
                Outcome::Mean { .. } => many as f64 / noise,
                _ => size,
            });
        }
        if !matches!(self.outcome, Outcome::Value(_)) {
            found.variance = Some(variance);
        }
        if found.units.len() < 2 || many < 2 {
            let units = format!("{} that do not launch at once", found.units.len());
            let accepted = "at least two units over two periods";
            return Err(Error::config("rows", units, accepted));
        }
        if found.groups().is_empty() {
            return Err(Error::column(NAME, &self.launch, "holds no launch within the periods"));
        }
        Ok(found)
    }

    /// Returns a cell's outcome, its variance and its weight.
    fn cell(&self, numbers: &[f64], unit: &str, period: i64) -> Result<(f64, f64, f64)> {
        let refuse = |column: &str, value: f64, accepted: &str| {
            let problem =
                format!("is {value} for {unit} in {} {period}; accepted: {accepted}", self.period);
            Err(Error::column(NAME, column, problem))
        };
        match &self.outcome {
            Outcome::Value(_) => Ok((numbers[0], 0.0, 1.0)),
            Outcome::Rate { hits, trials } => {
                let (hit, of) = (numbers[0], numbers[1]);
                if of < 1.0 {
                    return refuse(trials, of, "1 or more");
                }
                if !(0.0..=of).contains(&hit) {
                    return refuse(hits, hit, &format!("0 to the trials, {of}"));
                }
                let share = (hit + 0.5) / (of + 1.0);
                Ok((hit / of, share * (1.0 - share) / of, of))
            }
            Outcome::Mean { se, .. } if numbers[1] <= 0.0 => refuse(se, numbers[1], "above 0"),
            Outcome::Mean { .. } => Ok((numbers[0], numbers[1] * numbers[1], 1.0)),
            Outcome::Count(count) if numbers[0] < 1.0 => refuse(count, numbers[0], "1 or more"),
            Outcome::Count(_) => Ok((numbers[0].ln(), 1.0 / numbers[0], numbers[0])),
        }
    }

    fn launches(&self, frame: &DataFrame) -> Result<Vec<Option<i64>>> {
        let column = frame.column(&self.launch)?;
        // A column of nothing but nulls has no type yet.
        if !(column.dtype().is_primitive_numeric() || column.dtype().is_null()) {
            let problem = format!("is {}; it must be a whole number", column.dtype());
            return Err(Error::column(NAME, &self.launch, problem));
        }
        let real = column.cast(&DataType::Float64)?;
        real.f64()?.iter().map(|at| at.map(|at| integer(at, &self.launch)).transpose()).collect()
    }
}

fn whole(frame: &DataFrame, column: &str) -> Result<Vec<i64>> {
    finite(frame, NAME, column)?.into_iter().map(|value| integer(value, column)).collect()
}

fn integer(value: f64, column: &str) -> Result<i64> {
    match value.fract() == 0.0 && value.abs() < 1e15 {
        true => Ok(value as i64),
        false => Err(Error::column(NAME, column, format!("holds {value}; it must be whole"))),
    }
}
