//! A frame's column read cell by cell, for databases that take rows, and a result's column filled cell by cell.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta, Timelike};
use polars::prelude::*;

use super::types::ColumnType;
use crate::error::{Error, Result};

/// A cell, in the types both databases know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(&'a str),
    Bool(bool),
    Date(NaiveDate),
    Moment(NaiveDateTime),
}

/// Formats the cell for messages.
impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Null => f.write_str("null"),
            Cell::Int(number) => number.fmt(f),
            // Large and small ones in powers of ten.
            Cell::Real(number) => write!(f, "{number:?}"),
            Cell::Text(text) => write!(f, "{text:?}"),
            Cell::Bool(yes) => yes.fmt(f),
            Cell::Date(day) => day.fmt(f),
            Cell::Moment(at) => f.write_str(&moment(*at)),
        }
    }
}

/// Tells whether a 64-bit real number can represent a whole number: it can for all up to 2⁵³.
pub fn is_real(number: i64) -> bool {
    (number as f64) as i128 == i128::from(number)
}

/// A column ready to be read by row.
pub struct Cells {
    name: String,
    kind: ColumnType,
    values: Values,
}

enum Values {
    Int(Int64Chunked),
    Real(Float64Chunked),
    Text(StringChunked),
    Bool(BooleanChunked),
}

impl Cells {
    /// Returns the columns of a frame.
    pub fn of(frame: &DataFrame) -> Result<Vec<Cells>> {
        frame.columns().iter().map(Cells::new).collect()
    }

    fn new(column: &Column) -> Result<Cells> {
        let refused = |problem: String| Err(Error::column("loaded", column.name(), problem));
        let (kind, values) = match column.dtype() {
            DataType::String => (ColumnType::Text, Values::Text(column.str()?.clone())),
            DataType::Boolean => (ColumnType::Boolean, Values::Bool(column.bool()?.clone())),
            DataType::Date => {
                let days = column.cast(&DataType::Int64)?.i64()?.clone();
                if days.iter().flatten().any(|day| date(day).is_none()) {
                    return refused("holds a day that no calendar reaches".into());
                }
                (ColumnType::Date, Values::Int(days))
            }
            DataType::Datetime(unit, zone) => {
                let numbers = column.cast(&DataType::Int64)?.i64()?.clone();
                if *unit == TimeUnit::Nanoseconds
                    && numbers.iter().flatten().any(|nanos| nanos % 1_000 != 0)
                {
                    let problem = "holds moments finer than a microsecond, which databases would \
                                   cut; cast it to microseconds";
                    return refused(problem.into());
                }
                let micros = |number: i64| {
                    let micros = match unit {
                        TimeUnit::Nanoseconds => Some(number / 1_000),
                        TimeUnit::Microseconds => Some(number),
                        TimeUnit::Milliseconds => number.checked_mul(1_000),
                    };
                    micros.filter(|micros| DateTime::from_timestamp_micros(*micros).is_some())
                };
                let all: Option<Int64Chunked> = numbers
                    .iter()
                    .map(|number| number.map_or(Some(None), |number| micros(number).map(Some)))
                    .collect();
                let Some(all) = all else {
                    return refused("holds a moment that no calendar reaches".into());
                };
                // Whichever the zone, a frame keeps its moments in UTC.
                let kind = match zone {
                    Some(_) => ColumnType::TimestampUtc,
                    None => ColumnType::Timestamp,
                };
                (kind, Values::Int(all))
            }
            dtype if dtype.is_integer() => {
                let numbers = column.strict_cast(&DataType::Int64)?.i64()?.clone();
                (ColumnType::Integer, Values::Int(numbers))
            }
            dtype if dtype.is_float() => {
                (ColumnType::Real, Values::Real(column.cast(&DataType::Float64)?.f64()?.clone()))
            }
            other => {
                return refused(format!(
                    "is of type {other}, which cannot be loaded into a database"
                ));
            }
        };
        // One chunk, so that reading by row takes constant time.
        let values = match values {
            Values::Int(v) => Values::Int(v.rechunk().into_owned()),
            Values::Real(v) => Values::Real(v.rechunk().into_owned()),
            Values::Text(v) => Values::Text(v.rechunk().into_owned()),
            Values::Bool(v) => Values::Bool(v.rechunk().into_owned()),
        };
        Ok(Cells { name: column.name().to_string(), kind, values })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn kind(&self) -> ColumnType {
        self.kind
    }

    /// Tells whether it holds a NaN.
    pub fn has_nan(&self) -> bool {
        matches!(&self.values, Values::Real(v) if v.iter().flatten().any(f64::is_nan))
    }

    /// Returns the first cell that meets a condition.
    pub fn find(&self, so: impl Fn(&Cell<'_>) -> bool) -> Option<Cell<'_>> {
        let rows = match &self.values {
            Values::Int(v) => v.len(),
            Values::Real(v) => v.len(),
            Values::Text(v) => v.len(),
            Values::Bool(v) => v.len(),
        };
        (0..rows).map(|row| self.get(row)).find(so)
    }

    pub fn get(&self, row: usize) -> Cell<'_> {
        match &self.values {
            Values::Text(v) => v.get(row).map_or(Cell::Null, Cell::Text),
            Values::Real(v) => v.get(row).map_or(Cell::Null, Cell::Real),
            Values::Bool(v) => v.get(row).map_or(Cell::Null, Cell::Bool),
            Values::Int(v) => match (v.get(row), self.kind) {
                (Some(days), ColumnType::Date) => date(days).map_or(Cell::Null, Cell::Date),
                (Some(micros), ColumnType::Timestamp | ColumnType::TimestampUtc) => {
                    DateTime::from_timestamp_micros(micros)
                        .map_or(Cell::Null, |moment| Cell::Moment(moment.naive_utc()))
                }
                (Some(number), _) => Cell::Int(number),
                (None, _) => Cell::Null,
            },
        }
    }
}

fn date(days: i64) -> Option<NaiveDate> {
    NaiveDate::default().checked_add_signed(TimeDelta::try_days(days)?)
}

/// What a database returned for one cell, before the column's type is applied.
#[cfg_attr(not(feature = "postgres"), allow(dead_code))] // SQLite has fewer
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Bool(bool),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970.
    Moment(i64),
}

impl Value {
    /// Returns the type of a column of such values, if nothing else declares it.
    pub fn kind(&self) -> Option<ColumnType> {
        Some(match self {
            Value::Null => return None,
            Value::Int(_) => ColumnType::Integer,
            Value::Real(_) => ColumnType::Real,
            Value::Text(_) => ColumnType::Text,
            Value::Bool(_) => ColumnType::Boolean,
            Value::Date(_) => ColumnType::Date,
            Value::Moment(_) => ColumnType::Timestamp,
        })
    }

    /// Tells whether a column of this type holds the value unchanged: a column has the type that SQLite infers only if
    /// all its values do. A column of whole numbers holds no real number, whatever its value, or the type would depend
    /// on the digits.
    pub fn is(&self, kind: ColumnType) -> bool {
        match (self, kind) {
            (Value::Null, _) | (_, ColumnType::Text) => true,
            (value, ColumnType::Integer) => matches!(value, Value::Int(_)),
            (Value::Int(number), ColumnType::Real) => is_real(*number),
            (value, ColumnType::Real) => value.real().is_some(),
            (value, ColumnType::Boolean) => value.bool().is_some(),
            (value, ColumnType::Date) => value.date().is_some(),
            (value, ColumnType::Timestamp | ColumnType::TimestampUtc) => value.moment().is_some(),
        }
    }

    fn int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Bool(yes) => Some(i64::from(*yes)),
            // A real number that is whole, and that i64 can hold.
            Value::Real(number) if number.fract() == 0.0 && number.abs() < 9.0e18 => {
                Some(*number as i64)
            }
            _ => None,
        }
    }

    fn real(&self) -> Option<f64> {
        match self {
            Value::Real(number) => Some(*number),
            Value::Int(number) => Some(*number as f64),
            _ => None,
        }
    }

    fn bool(&self) -> Option<bool> {
        match self {
            Value::Bool(yes) => Some(*yes),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }

    fn text(self) -> std::result::Result<String, Value> {
        match self {
            Value::Text(text) => Ok(text),
            other => other.shown().ok_or(other),
        }
    }

    fn shown(&self) -> Option<String> {
        Some(match self {
            Value::Text(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Bool(yes) => yes.to_string(),
            Value::Date(days) => date((*days).into())?.to_string(),
            Value::Moment(micros) => moment(DateTime::from_timestamp_micros(*micros)?.naive_utc()),
            Value::Null => return None,
        })
    }

    fn date(&self) -> Option<i32> {
        match self {
            Value::Date(days) => Some(*days),
            Value::Text(text) => {
                let day: NaiveDate = text.parse().ok()?;
                i32::try_from((day - NaiveDate::default()).num_days()).ok()
            }
            _ => None,
        }
    }

    fn moment(&self) -> Option<i64> {
        match self {
            Value::Moment(micros) => Some(*micros),
            Value::Date(days) => Some(i64::from(*days) * 86_400_000_000),
            Value::Text(text) => read_moment(text),
            _ => None,
        }
    }
}

/// Formats a moment as text: `2021-01-31 23:59:59`, with a fraction only where there is one. Texts sort as the moments
/// do.
pub fn moment(at: NaiveDateTime) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn read_moment(text: &str) -> Option<i64> {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"));
    let at = at.ok().or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0))?;
    // What is finer is not cut off.
    (at.nanosecond() % 1_000 == 0).then(|| at.and_utc().timestamp_micros())
}

/// Makes a result's column of a type from what the database returned.
pub fn column(name: &str, kind: ColumnType, values: Vec<Value>) -> Result<Column> {
    fn all<V>(
        name: &str,
        kind: ColumnType,
        values: Vec<Value>,
        read: impl Fn(Value) -> std::result::Result<V, Value>,
    ) -> Result<Vec<Option<V>>> {
        let one = |value: Value| match value {
            Value::Null => Ok(None),
            value => read(value).map(Some).map_err(|value| {
                let found = value.kind().unwrap_or(kind);
                let shown = value.shown().unwrap_or_default();
                let shown: String = shown.chars().take(60).collect();
                let problem = format!("is declared {kind} and holds `{shown}`, of type {found}");
                Error::column("result", name, problem)
            }),
        };
        values.into_iter().map(one).collect()
    }
    let short = PlSmallStr::from_str(name);
    let series = match kind {
        ColumnType::Integer => Series::new(short, all(name, kind, values, |v| v.int().ok_or(v))?),
        ColumnType::Real => Series::new(short, all(name, kind, values, |v| v.real().ok_or(v))?),
        ColumnType::Text => Series::new(short, all(name, kind, values, Value::text)?),
        ColumnType::Boolean => Series::new(short, all(name, kind, values, |v| v.bool().ok_or(v))?),
        ColumnType::Date => Series::new(short, all(name, kind, values, |v| v.date().ok_or(v))?),
        ColumnType::Timestamp | ColumnType::TimestampUtc => {
            Series::new(short, all(name, kind, values, |v| v.moment().ok_or(v))?)
        }
    };
    Ok(series.cast(&kind.data_type())?.into_column())
}

/// Returns the type of an undeclared column: the widest among its values, or whole numbers if there are none.
pub fn widest(values: &[Value]) -> ColumnType {
    let mut kinds = values.iter().filter_map(Value::kind);
    let Some(first) = kinds.next() else { return ColumnType::Integer };
    kinds.fold(first, |widest, kind| match (widest, kind) {
        (a, b) if a == b => a,
        (ColumnType::Integer, ColumnType::Real) | (ColumnType::Real, ColumnType::Integer) => {
            ColumnType::Real
        }
        _ => ColumnType::Text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_keep_their_fraction_and_their_order_as_texts() {
        let second = 1_709_251_199_000_000_i64;
        let micros = [0, 1, 500, 999, 1_000, 250_000, 500_000, 500_001, 999_999, 1_000_000];
        let texts: Vec<String> = micros
            .iter()
            .map(|more| moment(DateTime::from_timestamp_micros(second + more).unwrap().naive_utc()))
            .collect();
        assert_eq!(texts[0], "2024-02-29 23:59:59");
        assert_eq!(texts[5], "2024-02-29 23:59:59.250");
        assert!(texts.is_sorted(), "{texts:?}");
        for (text, more) in texts.iter().zip(micros) {
            assert_eq!(read_moment(text), Some(second + more), "{text}");
        }
    }

    #[test]
    fn what_no_database_keeps_is_refused_by_name() {
        let says = |column: Column, text: &str| {
            let frame = DataFrame::new_infer_height(vec![column]).unwrap();
            let told = Cells::of(&frame).err().unwrap().to_string();
            assert!(told.contains("`at`") && told.contains(text), "{told}");
        };
        let numbers = Column::new("at".into(), [1_001_i64]);
        let unit = |unit| DataType::Datetime(unit, None);
        says(numbers.cast(&unit(TimeUnit::Nanoseconds)).unwrap(), "finer than a microsecond");
        let far = Column::new("at".into(), [i64::MAX]).cast(&unit(TimeUnit::Microseconds)).unwrap();
        says(far, "no calendar");
        // So many times 2⁶⁴ microseconds after a day in 2024 that they would be that day again.
        let far = 1_709_251_199_000_i64 + (1_i64 << 61);
        let far = Column::new("at".into(), [far]).cast(&unit(TimeUnit::Milliseconds)).unwrap();
        says(far, "no calendar");
    }
}
