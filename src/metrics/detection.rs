//! Detection: the precision and recall of checks, against an answer key.
//!
//! ```
//! use casebook::metrics::detection;
//! use casebook::polars::prelude::*;
//!
//! let key = df!("fault" => ["bot", "bot"], "id" => ["U1", "U2"])?;
//! let found = df!("fault" => ["bot", "bot", "bot"], "id" => ["U1", "U7", "U9"])?;
//! let scores = detection::score(&found, &key)?;
//! assert_eq!(scores.column("recall")?.f64()?.get(0), Some(0.5)); // U1 of U1 and U2
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! Precision and recall: C. J. van Rijsbergen (1979), Information Retrieval.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;

use super::{Source, share_columns, texts};
use crate::error::{Error, Result};
use crate::frame::{fetch, full};

/// Computes precision and recall for each kind of fault.
///
/// Reads `found` and `key`: `fault`, `id` (texts or whole numbers); repeated ids count once. Returns one row per fault
/// in either frame: `fault`, `planted`, `found`, `right` (i64: found and planted), `precision`, `precision_low`,
/// `precision_high` (f64: right / found, 95% Wilson), `recall`, `recall_low`, `recall_high` (f64: right / planted),
/// sorted by fault. Precision is null where nothing was found, and recall where nothing was planted.
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn), or
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty values, and for values that are
/// neither texts nor whole numbers.
pub fn score(found: &dyn Source, key: &dyn Source) -> Result<DataFrame> {
    let (found, key) = (by_fault(found, "found")?, by_fault(key, "key")?);
    let faults: BTreeSet<&String> = found.keys().chain(key.keys()).collect();
    let none = BTreeSet::new();
    let (mut planted, mut claimed, mut right) = (vec![], vec![], vec![]);
    for fault in &faults {
        let (found, key) = (found.get(*fault).unwrap_or(&none), key.get(*fault).unwrap_or(&none));
        planted.push(Some(key.len() as i64));
        claimed.push(Some(found.len() as i64));
        right.push(Some(found.intersection(key).count() as i64));
    }
    let precision = ["precision", "precision_low", "precision_high"];
    let recall = ["recall", "recall_low", "recall_high"];
    let mut table = df!(
        "fault" => faults.into_iter().cloned().collect::<Vec<_>>(),
        "planted" => &planted, "found" => &claimed, "right" => &right,
    )?;
    table.hstack_mut(&share_columns(precision, &right, &claimed))?;
    table.hstack_mut(&share_columns(recall, &right, &planted))?;
    Ok(table)
}

fn by_fault(source: &dyn Source, name: &'static str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let frame = fetch(source, name, &["fault", "id"])?;
    let [faults, ids] = ["fault", "id"].map(|column| {
        let found = full(&frame, name, column)?;
        // 1.0 and 1 would be different texts.
        match found.dtype() {
            dtype if dtype.is_float() => {
                let problem = format!("is {dtype}; it must be text or whole numbers");
                Err(Error::column(name, column, problem))
            }
            _ => texts(found),
        }
    });
    let mut sets: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (fault, id) in faults?.into_iter().zip(ids?) {
        sets.entry(fault.unwrap_or_default()).or_default().insert(id.unwrap_or_default());
    }
    Ok(sets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_missed_and_made_up() {
        let key = df!(
            "fault" => ["bot", "bot", "outage", "clock"],
            "id" => ["U1", "U2", "7", "U3"],
        )
        .unwrap();
        let found = df!(
            "fault" => ["bot", "bot", "bot", "outage", "echo"],
            "id" => ["U1", "U1", "U9", "7", "12"],
        )
        .unwrap();
        let scores = score(&found, &key).unwrap();
        let column = |name: &str| -> Vec<Option<f64>> {
            scores.column(name).unwrap().f64().unwrap().iter().collect()
        };
        assert_eq!(
            texts(scores.column("fault").unwrap()).unwrap(),
            ["bot", "clock", "echo", "outage"].map(|name| Some(name.to_owned()))
        );
        assert_eq!(column("precision"), [Some(0.5), None, Some(0.0), Some(1.0)]);
        assert_eq!(column("recall"), [Some(0.5), Some(0.0), None, Some(1.0)]);
        assert!(score(&key.drop("id").unwrap(), &found).unwrap_err().to_string().contains("id"));
    }

    #[test]
    fn numbers_with_decimals_are_no_identifiers() {
        let key = df!("fault" => ["bot"], "id" => [1_i64]).unwrap();
        let found = df!("fault" => ["bot"], "id" => [1.0]).unwrap();
        let error = score(&found, &key).unwrap_err().to_string();
        assert!(error.contains("found") && error.contains("`id`"), "{error}");
        assert!(score(&key, &key).is_ok());
    }
}
