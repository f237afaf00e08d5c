//! Many tests at once.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::metrics::{absent, require};
use crate::stats::multiple;

/// Adjusts the p values of many tests so that of those called significant, at most a share `level` is expected
/// to be false (Benjamini–Hochberg).
///
/// Reads `tests`: `p_value` (f64; null is left out and stays null). Returns the frame with `adjusted` (f64)
/// and `significant` (bool) added.
///
/// # Errors
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for a p value outside 0 to 1 or that is no number, or
/// columns `adjusted` or `significant` that are there already; a level outside 0 to 1.
///
/// ```
/// use casebook::prelude::*;
///
/// let tests = df!("p_value" => [0.01, 0.04, 0.30])?;
/// let found = experiment::benjamini_hochberg(&tests, 0.05)?;
/// assert_eq!(found.column("significant")?.bool()?.get(1), Some(false)); // 0.04 × 3 / 2 is above 0.05
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn benjamini_hochberg(tests: &DataFrame, level: f64) -> Result<DataFrame> {
    adjusted(tests, level, multiple::benjamini_hochberg)
}

/// Adjusts the p values of many tests so that any of those called significant is false with a probability of at most
/// `level` (Holm): of many metrics, or of many arms with one control.
///
/// It is stricter than [`benjamini_hochberg`], which bounds the share of false ones instead. Any dependence between the
/// tests will do.
///
/// Reads and returns as [`benjamini_hochberg`].
///
/// # Errors
/// As [`benjamini_hochberg`].
///
/// # Source
/// S. Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.
///
/// ```
/// use casebook::prelude::*;
///
/// let tests = df!("p_value" => [0.01, 0.04, 0.03])?;
/// let found = experiment::holm(&tests, 0.05)?;
/// let adjusted: Vec<f64> = found.column("adjusted")?.f64()?.iter().flatten().collect();
/// assert_eq!(adjusted, [0.03, 0.06, 0.06]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn holm(tests: &DataFrame, level: f64) -> Result<DataFrame> {
    adjusted(tests, level, multiple::holm)
}

fn adjusted(tests: &DataFrame, level: f64, method: fn(&[f64]) -> Vec<f64>) -> Result<DataFrame> {
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::config("level", level, "between 0 and 1"));
    }
    require(tests, "tests", &["p_value"])?;
    absent(tests, "tests", &["adjusted", "significant"])?;
    let column = tests.column("p_value")?;
    // Nothing but nulls has no type of its own.
    if !column.dtype().is_primitive_numeric() && !column.dtype().is_null() {
        let problem = format!("is {}; it must be a number", column.dtype());
        return Err(Error::column("tests", "p_value", problem));
    }
    let p = column.cast(&DataType::Float64)?;
    let mut known = vec![];
    for (row, value) in p.f64()?.iter().enumerate() {
        let Some(value) = value else { continue };
        if !(0.0..=1.0).contains(&value) {
            let problem = format!("is {value} in row {}; it must lie in 0 to 1", row + 1);
            return Err(Error::column("tests", "p_value", problem));
        }
        known.push((row, value));
    }
    let values: Vec<f64> = known.iter().map(|one| one.1).collect();
    let mut adjusted: Vec<Option<f64>> = vec![None; p.len()];
    for ((row, _), value) in known.iter().zip(method(&values)) {
        adjusted[*row] = Some(value);
    }
    let significant: Vec<Option<bool>> = adjusted.iter().map(|p| p.map(|p| p <= level)).collect();
    let mut table = tests.clone();
    table.with_column(Column::new("adjusted".into(), adjusted))?;
    table.with_column(Column::new("significant".into(), significant))?;
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_the_input_are_not_overwritten() {
        let tests = df!("p_value" => [0.01], "adjusted" => ["by hand"]).unwrap();
        let said = benjamini_hochberg(&tests, 0.05).unwrap_err().to_string();
        assert!(said.contains("`adjusted`") && said.contains("column of the result"), "{said}");
    }

    #[test]
    fn holm_is_stricter_and_never_beyond_one() {
        let tests =
            df!("p_value" => [Some(0.2), None, Some(0.001), Some(0.9), Some(0.001)]).unwrap();
        let of = |found: Result<DataFrame>| -> Vec<Option<f64>> {
            found.unwrap().column("adjusted").unwrap().f64().unwrap().iter().collect()
        };
        let (ours, less) = (of(holm(&tests, 0.05)), of(benjamini_hochberg(&tests, 0.05)));
        assert_eq!(ours, [Some(0.4), None, Some(0.004), Some(0.9), Some(0.004)]);
        assert!(ours.iter().zip(less).all(|(ours, less)| *ours >= less));
    }

    #[test]
    fn texts_are_no_p_values() {
        let tests = df!("p_value" => ["0.01", "n.s."]).unwrap();
        let said = benjamini_hochberg(&tests, 0.05).unwrap_err().to_string();
        assert!(said.contains("`p_value`") && said.contains("number"), "{said}");
    }

    #[test]
    fn nothing_known_is_nothing_adjusted() -> Result<()> {
        let tests = df!("p_value" => [None::<f64>, None])?;
        assert_eq!(benjamini_hochberg(&tests, 0.05)?.column("significant")?.null_count(), 2);
        Ok(())
    }
}
