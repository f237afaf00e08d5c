//! What was read.

use std::collections::HashMap;
use std::path::PathBuf;

use casebook::error::Cause;
use casebook::polars::prelude::*;
use casebook::{Error, ErrorKind, Result};
use rustc_hash::{FxHashMap, FxHashSet};

use super::trouble::trouble;

/// What a column of identifiers holds.
#[derive(Debug)]
pub enum Ids {
    /// Whole numbers, as they are.
    Numbers,
    /// The indices of these texts.
    Texts(Vec<String>),
}

/// What was read.
#[derive(Debug)]
pub struct Table {
    pub frame: DataFrame,
    path: PathBuf,
    ids: HashMap<String, Ids>,
    /// The texts of each column of names.
    names: HashMap<String, Vec<String>>,
    /// What the file calls its columns.
    called: HashMap<String, String>,
}

impl Table {
    pub fn new(path: PathBuf) -> Table {
        let (ids, names, called) = (HashMap::new(), HashMap::new(), HashMap::new());
        Table { frame: DataFrame::empty(), path, ids, names, called }
    }

    pub fn keep(&mut self, column: &str, ids: Option<Ids>, names: Option<Vec<String>>) {
        ids.and_then(|ids| self.ids.insert(column.to_owned(), ids));
        names.and_then(|names| self.names.insert(column.to_owned(), names));
    }

    pub fn call(&mut self, column: &str, called: &str) {
        self.called.insert(column.to_owned(), called.to_owned());
    }

    /// Rephrases the library's error with the name that the file has for the column.
    pub fn told(&self, error: Error) -> Error {
        let problem = match error.kind() {
            ErrorKind::BadColumn { column, problem, .. } => {
                self.called.get(column).map(|called| format!("`{called}` {problem}"))
            }
            _ => None,
        };
        match problem {
            Some(problem) => self.trouble(problem),
            None => error,
        }
    }

    /// Returns an error about the file, from a sentence.
    pub fn trouble(&self, problem: impl Into<Cause> + 'static) -> Error {
        trouble(&self.path, problem)
    }

    /// Returns the distinct texts of a column of names, in order of appearance.
    pub fn names(&self, column: &str) -> &[String] {
        self.names.get(column).map_or(&[], Vec::as_slice)
    }

    /// Replaces a result's identifiers by those in the file, in their order.
    pub fn named(&self, mut result: DataFrame, column: &str) -> Result<DataFrame> {
        if let Some(Ids::Texts(names)) = self.ids.get(column) {
            let codes = result.column(column)?.u32()?.clone();
            let texts = codes.iter().map(|code| names.get(code? as usize).map(String::as_str));
            let texts = StringChunked::from_iter_options(column.into(), texts);
            result.with_column(texts.into_column())?;
        }
        Ok(result.sort([column], SortMultipleOptions::default().with_maintain_order(true))?)
    }

    /// Checks that no identifier comes twice.
    pub fn unique(&self, column: &str, hint: &str) -> Result<()> {
        match self.twice(column)? {
            None => Ok(()),
            Some((id, _)) => {
                Err(self.trouble(format!("the user \"{id}\" appears more than once{hint}")))
            }
        }
    }

    /// Returns the first identifier that comes again, and the two rows, from 0.
    pub fn twice(&self, column: &str) -> Result<Option<(String, [usize; 2])>> {
        let mut seen: FxHashMap<i64, usize> = FxHashMap::default();
        for (row, key) in self.keys(column)?.into_iter().enumerate() {
            if let Some(before) = seen.insert(key, row) {
                return Ok(Some((self.text(column, key), [before, row])));
            }
        }
        Ok(None)
    }

    /// Returns identifiers as numbers: their own values, or the indices of their texts.
    fn keys(&self, column: &str) -> Result<Vec<i64>> {
        let keys = self.frame.column(column)?.cast(&DataType::Int64)?;
        Ok(keys.i64()?.iter().flatten().collect())
    }

    /// Formats an identifier.
    fn text(&self, column: &str, key: i64) -> String {
        match self.ids.get(column) {
            Some(Ids::Texts(names)) => usize::try_from(key)
                .ok()
                .and_then(|place| names.get(place))
                .cloned()
                .unwrap_or_default(),
            _ => key.to_string(),
        }
    }

    /// Gives the same identifier the same value in both tables, and checks that at least one is in both.
    pub fn align(&mut self, other: &mut Table, column: &str) -> Result<()> {
        let texts =
            [&*self, other].map(|table| matches!(table.ids.get(column), Some(Ids::Texts(_))));
        if texts != [false, false] {
            self.texts(column)?;
            other.texts(column)?;
            self.number_alike(other, column)?;
        }
        let here: FxHashSet<i64> = self.keys(column)?.into_iter().collect();
        let there = other.keys(column)?;
        if there.iter().any(|key| here.contains(key)) {
            return Ok(());
        }
        let three = |table: &Table, mut keys: Vec<i64>| {
            keys.dedup();
            let shown: Vec<String> = keys
                .into_iter()
                .take(3)
                .map(|key| format!("\"{}\"", table.text(column, key)))
                .collect();
            shown.join(", ")
        };
        let problem = format!(
            "none of its users is in {}: here they are {}, there {}; name a column of users that both have",
            other.path.display(),
            three(self, self.keys(column)?),
            three(other, there)
        );
        Err(self.trouble(problem))
    }

    /// Turns whole numbers into texts.
    fn texts(&mut self, column: &str) -> Result<()> {
        if matches!(self.ids.get(column), Some(Ids::Texts(_))) {
            return Ok(());
        }
        let mut known: FxHashMap<i64, u32> = FxHashMap::default();
        let mut names = vec![];
        let keys = self.keys(column)?.into_iter().map(|key| {
            *known.entry(key).or_insert_with(|| {
                names.push(key.to_string());
                names.len() as u32 - 1
            })
        });
        let codes = UInt32Chunked::from_vec(column.into(), keys.collect());
        self.frame.with_column(codes.into_column())?;
        self.keep(column, Some(Ids::Texts(names)), None);
        Ok(())
    }

    /// Numbers the other table's texts as here, and new ones after them.
    fn number_alike(&self, other: &mut Table, column: &str) -> Result<()> {
        let (Some(Ids::Texts(here)), Some(Ids::Texts(there))) =
            (self.ids.get(column), other.ids.get(column))
        else {
            return Ok(());
        };
        let mut names = here.clone();
        let known: FxHashMap<&str, u32> = here.iter().map(String::as_str).zip(0..).collect();
        let codes: Vec<u32> = there
            .iter()
            .map(|name| {
                known.get(name.as_str()).copied().unwrap_or_else(|| {
                    names.push(name.clone());
                    names.len() as u32 - 1
                })
            })
            .collect();
        let renumbered = other.frame.column(column)?.u32()?.iter().flatten();
        let renumbered = renumbered.map(|code| codes.get(code as usize).copied().unwrap_or(code));
        let renumbered = UInt32Chunked::from_vec(column.into(), renumbered.collect());
        other.frame.with_column(renumbered.into_column())?;
        other.keep(column, Some(Ids::Texts(names)), None);
        Ok(())
    }
}
