//! Users as numbers.

use std::hash::Hash;

use polars::prelude::*;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::error::{Error, Result};

/// The number that stands for an unknown user.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Identifiers: whole numbers if all fit into 64 bits with a sign, or texts.
pub(crate) enum Ids {
    Whole(Int64Chunked),
    Text(StringChunked),
}

impl Ids {
    pub fn new(column: &Column) -> Result<Ids> {
        let series = column.as_materialized_series();
        if series.dtype().is_integer() {
            // Those that do not fit become null.
            let whole = series.cast(&DataType::Int64)?;
            if whole.null_count() == series.null_count() {
                return Ok(Ids::Whole(whole.i64()?.clone()));
            }
        }
        Ok(Ids::Text(series.cast(&DataType::String)?.str()?.clone()))
    }
}

impl Ids {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        match self {
            Ids::Whole(ids) => ids.len(),
            Ids::Text(ids) => ids.len(),
        }
    }
}

fn numbers_of<K: Hash + Eq>(
    keys: impl Iterator<Item = K>,
    codes: &mut Vec<u32>,
    firsts: &mut Vec<IdxSize>,
) {
    let mut seen: FxHashMap<K, u32> = FxHashMap::default();
    for (row, key) in keys.enumerate() {
        let code = *seen.entry(key).or_insert_with(|| {
            firsts.push(row as IdxSize);
            firsts.len() as u32 - 1
        });
        codes.push(code);
    }
}

/// Returns the lowest and the highest, in one pass.
fn bounds(ids: &Int64Chunked) -> Option<(i64, i64)> {
    let of = |values: &[i64]| -> Option<(i64, i64)> {
        let low_and_high = |(low, high): (i64, i64), id: &i64| (low.min(*id), high.max(*id));
        Some(values.iter().fold((*values.first()?, values[0]), low_and_high))
    };
    let wider = |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1));
    let chunks = ids.downcast_iter().map(|chunk| chunk.values());
    chunks
        .filter_map(|values| values.par_chunks(1 << 18).filter_map(of).reduce_with(wider))
        .reduce(wider)
}

/// Returns a range of whole numbers that a table can cover without waste.
fn dense(ids: &Int64Chunked) -> Option<(i64, usize)> {
    let (low, high) = bounds(ids)?;
    let width = high.checked_sub(low)?;
    (width < 4 * ids.len() as i64 + 65_536).then_some((low, width as usize + 1))
}

/// Users, numbered in order of first appearance.
pub(crate) struct Numbered {
    /// The user's number, for each row.
    pub codes: Vec<u32>,
    /// The row in which each user first appears.
    firsts: Vec<IdxSize>,
}

impl Numbered {
    pub fn new(column: &Column) -> Result<Numbered> {
        // Within one column, a category is known by its number.
        Ok(Numbered::of(&match column.dtype() {
            DataType::Categorical(..) | DataType::Enum(..) => Ids::new(&column.to_physical_repr())?,
            _ => Ids::new(column)?,
        }))
    }

    /// Numbers identifiers, none of them empty.
    pub fn of(ids: &Ids) -> Numbered {
        let mut codes = Vec::with_capacity(ids.len());
        let mut firsts = vec![];
        match ids {
            Ids::Whole(ids) => match dense(ids) {
                Some((low, width)) => {
                    let mut table = vec![NOBODY; width];
                    codes.extend(ids.into_no_null_iter().zip(0..).map(|(id, row)| {
                        let slot = &mut table[(id - low) as usize];
                        if *slot == NOBODY {
                            *slot = firsts.len() as u32;
                            firsts.push(row);
                        }
                        *slot
                    }));
                }
                None => numbers_of(ids.into_no_null_iter(), &mut codes, &mut firsts),
            },
            Ids::Text(ids) => numbers_of(ids.iter().flatten(), &mut codes, &mut firsts),
        }
        Numbered { codes, firsts }
    }

    /// Numbers pairs, such as users and their sessions.
    pub fn pairs(a: &[u32], b: &[u32]) -> Numbered {
        let mut codes = Vec::with_capacity(a.len());
        let mut firsts = vec![];
        numbers_of(a.iter().copied().zip(b.iter().copied()), &mut codes, &mut firsts);
        Numbered { codes, firsts }
    }

    pub fn count(&self) -> usize {
        self.firsts.len()
    }

    /// Returns one value per user from a column of the rows that were numbered.
    pub fn pick(&self, column: &Column) -> Result<Column> {
        let rows = IdxCa::from_slice("row".into(), &self.firsts);
        Ok(column.take(&rows)?)
    }

    /// Returns the rows in which the users first appear.
    pub fn firsts(&self) -> &[IdxSize] {
        &self.firsts
    }
}

enum Map {
    Dense { low: i64, table: Vec<u32> },
    Whole(FxHashMap<i64, u32>),
    Text(FxHashMap<Box<str>, u32>),
}

/// Finds users of one frame in another.
pub(crate) struct Index {
    /// What the indexed frame is, for errors.
    frame: &'static str,
    map: Map,
}

impl Index {
    /// Creates an index of a column of unique identifiers; their numbers are their rows.
    pub fn new(frame: &'static str, column: &Column) -> Result<Index> {
        let repeated = |id: &dyn std::fmt::Display| {
            Error::column(frame, column.name(), format!("holds \"{id}\" more than once"))
        };
        let map = match Ids::new(column)? {
            Ids::Whole(ids) => match dense(&ids) {
                Some((low, width)) => {
                    let mut table = vec![NOBODY; width];
                    for (row, id) in ids.into_no_null_iter().enumerate() {
                        let slot = &mut table[(id - low) as usize];
                        if *slot != NOBODY {
                            return Err(repeated(&id));
                        }
                        *slot = row as u32;
                    }
                    Map::Dense { low, table }
                }
                None => {
                    let mut map = FxHashMap::default();
                    for (row, id) in ids.into_no_null_iter().enumerate() {
                        if map.insert(id, row as u32).is_some() {
                            return Err(repeated(&id));
                        }
                    }
                    Map::Whole(map)
                }
            },
            Ids::Text(ids) => {
                let mut map = FxHashMap::default();
                for (row, id) in ids.iter().flatten().enumerate() {
                    if map.insert(id.into(), row as u32).is_some() {
                        return Err(repeated(&id));
                    }
                }
                Map::Text(map)
            }
        };
        Ok(Index { frame, map })
    }

    /// Returns the number of each row's user; [`NOBODY`] for a user who is not in the index.
    pub fn find(&self, frame: &'static str, column: &Column) -> Result<Vec<u32>> {
        self.find_ids(frame, column.name(), &Ids::new(column)?)
    }

    /// Does what [`find`](Index::find) does, for a column whose identifiers have been read already.
    pub fn find_ids(&self, frame: &'static str, name: &str, wanted: &Ids) -> Result<Vec<u32>> {
        let differ = |one: &str, other: &str| {
            let problem = format!(
                "holds {one} and the {} frame's {other}: give both the same type",
                self.frame
            );
            Error::column(frame, name, problem)
        };
        match (&self.map, wanted) {
            (Map::Dense { low, table }, Ids::Whole(ids)) => Ok(ids
                .rechunk()
                .cont_slice()?
                .par_iter()
                .map(|id| {
                    let place = id.wrapping_sub(*low);
                    usize::try_from(place).ok().and_then(|at| table.get(at)).map_or(NOBODY, |n| *n)
                })
                .collect()),
            (Map::Whole(map), Ids::Whole(ids)) => Ok(ids
                .rechunk()
                .cont_slice()?
                .par_iter()
                .map(|id| map.get(id).copied().unwrap_or(NOBODY))
                .collect()),
            (Map::Text(map), Ids::Text(ids)) => {
                Ok(ids.iter().flatten().map(|id| map.get(id).copied().unwrap_or(NOBODY)).collect())
            }
            // Nobody to look for, or nobody to find: types do not matter.
            _ if wanted.len() == 0 || self.is_empty() => Ok(vec![NOBODY; wanted.len()]),
            (Map::Text(_), Ids::Whole(_)) => Err(differ("whole numbers", "texts")),
            (_, Ids::Text(_)) => Err(differ("texts", "whole numbers")),
        }
    }

    fn is_empty(&self) -> bool {
        match &self.map {
            Map::Dense { table, .. } => table.is_empty(),
            Map::Whole(map) => map.is_empty(),
            Map::Text(map) => map.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Databases and Parquet files may store unsigned whole numbers: they are the same users.
    #[test]
    fn whole_numbers_of_any_width_are_the_same_users() {
        let users = Column::new("user_id".into(), [7_i64, 5]);
        let index = Index::new("users", &users).unwrap();
        let without_sign = Column::new("user_id".into(), [5_u64, 7, 9]);
        assert_eq!(index.find("events", &without_sign).unwrap(), [1, 0, NOBODY]);
        let narrow = Column::new("user_id".into(), [5_i32, 7, 9]);
        assert_eq!(index.find("events", &narrow).unwrap(), [1, 0, NOBODY]);
        // Those that fit into none of ours are still told apart.
        let large = Column::new("user_id".into(), [u64::MAX, u64::MAX - 1, u64::MAX]);
        assert_eq!(Numbered::new(&large).unwrap().codes, [0, 1, 0]);
    }

    #[test]
    fn ids_of_any_kind_are_numbered() {
        let sparse = Column::new("user_id".into(), [1_i64 << 60, 5, 1 << 60]);
        let text = Column::new("user_id".into(), ["b", "a", "b"]);
        for column in [sparse, text] {
            let numbered = Numbered::new(&column).unwrap();
            assert_eq!(numbered.codes, [0, 1, 0]);
            let unique = numbered.pick(&column).unwrap();
            let index = Index::new("users", &unique).unwrap();
            assert_eq!(index.find("events", &column).unwrap(), [0, 1, 0]);
            let twice = Index::new("users", &column).err().unwrap().to_string();
            assert!(twice.contains("more than once"), "{twice}");
        }
    }
}
