//! Supply beside demand.

use polars::prelude::*;

use crate::error::{Error, Result};
use crate::metrics::timeline::{Index, Numbered, fetch, full};
use crate::metrics::{Source, finite};

/// Compares supply and demand, cell by cell.
///
/// Reads `demand`: the columns `keys` (texts or whole numbers, of the same kind in both frames, such as field and
/// hour), a row per request;
/// `supply`: the same columns and `places` (a number). Returns one row for every combination of the keys'
/// values, in rising order of the first, then the second …: `keys`, `demand` (i64), `demand_share`, `supply`
/// (f64), `supply_share` (f64; shares of all; null without any), `gap` (f64: demand_share − supply_share: above
/// 0, too few), `per_place` (f64: demand / supply; null without supply).
///
/// # Errors
/// [`ErrorKind::MissingColumn`](crate::ErrorKind::MissingColumn);
/// [`ErrorKind::BadColumn`](crate::ErrorKind::BadColumn) for empty keys, for keys of different
/// kinds in both frames, and for places that are negative or
/// not finite; no keys, or more than a million combinations.
///
/// ```
/// use casebook::prelude::*;
///
/// let demand = df!("field" => ["design", "design", "fundraising"], "hour" => [20, 20, 9])?;
/// let supply = df!("field" => ["design", "design"], "hour" => [9, 20], "places" => [3, 1])?;
/// let found = marketplace::balance(&demand, &supply, &["field", "hour"])?;
/// assert_eq!(found.height(), 4); // two fields × two hours
/// assert_eq!(found.column("per_place")?.f64()?.get(1), Some(2.0)); // design at 20 h
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn balance(demand: &dyn Source, supply: &dyn Source, keys: &[&str]) -> Result<DataFrame> {
    if keys.is_empty() {
        return Err(Error::config("keys", "empty", "one column or more"));
    }
    let demand = fetch(demand, "demand", keys)?;
    let mut columns = keys.to_vec();
    columns.push("places");
    let supply = fetch(supply, "supply", &columns)?;
    let places = finite(&supply, "supply", "places")?;
    if let Some(row) = places.iter().position(|places| *places < 0.0) {
        let problem = format!("is {} in row {}; it must be 0 or more", places[row], row + 1);
        return Err(Error::column("supply", "places", problem));
    }
    // Each key's values in rising order, and which of them each row has.
    let mut values: Vec<Column> = vec![];
    let mut place_of: [Vec<usize>; 2] = [vec![0; demand.height()], vec![0; supply.height()]];
    let mut cells = 1_usize;
    for key in keys {
        let both = together(full(&demand, "demand", key)?, full(&supply, "supply", key)?)?;
        let sorted = both.unique()?.sort(SortOptions::default())?;
        let numbered = Numbered::new(&both)?;
        let found = Index::new("keys", &sorted)?.find("keys", &numbered.pick(&both)?)?;
        cells = cells.saturating_mul(sorted.len());
        if cells > 1_000_000 {
            return Err(Error::config("keys", format!("{cells} combinations"), "up to 1,000,000"));
        }
        for (row, code) in numbered.codes.iter().enumerate() {
            let (side, row) = match row.checked_sub(demand.height()) {
                None => (0, row),
                Some(row) => (1, row),
            };
            place_of[side][row] =
                place_of[side][row] * sorted.len() + found[*code as usize] as usize;
        }
        values.push(sorted);
    }
    let mut asked = vec![0_i64; cells];
    place_of[0].iter().for_each(|cell| asked[*cell] += 1);
    let mut offered = vec![0.0; cells];
    // In rising order, so that the order of rows does not change the last digit.
    let mut rising: Vec<(f64, usize)> =
        places.into_iter().zip(place_of[1].iter().copied()).collect();
    rising.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    rising.iter().for_each(|(places, cell)| offered[*cell] += places);

    let mut table = vec![];
    let mut repeats = cells;
    for (key, values) in keys.iter().zip(&values) {
        repeats /= values.len().max(1);
        let width = values.len().max(1);
        let rows = (0..cells).map(|cell| (cell / repeats % width) as IdxSize);
        let rows = IdxCa::from_vec("row".into(), rows.collect());
        table.push(values.take(&rows)?.with_name((*key).into()));
    }
    let total = (asked.iter().sum::<i64>() as f64, offered.iter().sum::<f64>());
    let share = |part: f64, total: f64| (total > 0.0).then(|| part / total);
    let demand_share: Vec<_> = asked.iter().map(|n| share(*n as f64, total.0)).collect();
    let supply_share: Vec<_> = offered.iter().map(|n| share(*n, total.1)).collect();
    let gap: Vec<Option<f64>> =
        demand_share.iter().zip(&supply_share).map(|(d, s)| Some((*d)? - (*s)?)).collect();
    let per_place: Vec<Option<f64>> =
        asked.iter().zip(&offered).map(|(n, places)| share(*n as f64, *places)).collect();
    table.extend([
        Column::new("demand".into(), asked),
        Column::new("demand_share".into(), demand_share),
        Column::new("supply".into(), offered),
        Column::new("supply_share".into(), supply_share),
        Column::new("gap".into(), gap),
        Column::new("per_place".into(), per_place),
    ]);
    Ok(DataFrame::new_infer_height(table)?)
}

/// A key's values, first those of demand, then those of supply, as one column.
fn together(demand: &Column, supply: &Column) -> Result<Column> {
    let (one, other) = (demand.dtype(), supply.dtype());
    let is_text = |dtype: &DataType| {
        matches!(dtype, DataType::String | DataType::Categorical(..) | DataType::Enum(..))
    };
    let common = match () {
        _ if one == other => one.clone(),
        _ if one.is_integer() && other.is_integer() => DataType::Int64,
        _ if is_text(one) && is_text(other) => DataType::String,
        // A frame without rows has nothing to compare.
        _ if supply.is_empty() => one.clone(),
        _ if demand.is_empty() => other.clone(),
        _ => {
            let problem = format!("is {other}, and {one} in the demand frame: make both the same");
            return Err(Error::column("supply", supply.name(), problem));
        }
    };
    let mut both = demand.strict_cast(&common)?;
    both.append(&supply.strict_cast(&common)?)?;
    Ok(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_two_kinds_are_refused() {
        let demand = df!("hour" => [1_i32, 2]).unwrap();
        let supply = df!("hour" => ["x", "2"], "places" => [5.0, 1.0]).unwrap();
        let error = balance(&demand, &supply, &["hour"]).unwrap_err().to_string();
        assert!(error.contains("supply") && error.contains("`hour`"), "{error}");
    }

    #[test]
    fn whole_numbers_of_any_size_meet() {
        let demand = df!("hour" => [1_i8, 2]).unwrap();
        let supply = df!("hour" => [300_i64, 2], "places" => [5.0, 1.0]).unwrap();
        let found = balance(&demand, &supply, &["hour"]).unwrap();
        let column = |name: &str| -> Vec<f64> {
            let real = found.column(name).unwrap().cast(&DataType::Float64).unwrap();
            real.f64().unwrap().into_no_null_iter().collect()
        };
        assert_eq!(column("hour"), [1.0, 2.0, 300.0]);
        assert_eq!(column("supply"), [0.0, 1.0, 5.0]);
    }

    #[test]
    fn places_add_up_in_any_order() {
        let demand = df!("hour" => [1, 2]).unwrap();
        let supply = df!("hour" => [1; 4], "places" => [0.1, 0.2, 0.3, 0.0]).unwrap();
        let of = |supply: &DataFrame| balance(&demand, supply, &["hour"]).unwrap();
        assert!(of(&supply).equals_missing(&of(&supply.reverse())));
    }
}
