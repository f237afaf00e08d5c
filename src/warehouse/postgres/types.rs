//! PostgreSQL's types, and what they hold.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use postgres::types::private::BytesMut;
use postgres::types::{FromSql, IsNull, Kind, ToSql, Type, to_sql_checked};
use postgres::{Column, Row};

use super::super::column::{Cell, Value, is_real, widest};
use super::super::types::ColumnType;
use crate::error::{Error, Result};

type Failure = Box<dyn std::error::Error + Sync + Send>;

/// Returns a type without the domains around it.
pub fn plain(ty: &Type) -> Type {
    match ty.kind() {
        Kind::Domain(inner) => plain(inner),
        _ => ty.clone(),
    }
}

/// Returns the column type that a type always has. For decimals it depends: see [`kind`].
fn fixed(ty: &Type) -> Option<ColumnType> {
    Some(match *ty {
        Type::INT8 | Type::INT4 | Type::INT2 => ColumnType::Integer,
        Type::FLOAT8 | Type::FLOAT4 => ColumnType::Real,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => ColumnType::Text,
        Type::BOOL => ColumnType::Boolean,
        Type::DATE => ColumnType::Date,
        Type::TIMESTAMP => ColumnType::Timestamp,
        Type::TIMESTAMPTZ => ColumnType::TimestampUtc,
        _ => return None,
    })
}

/// Tells whether a table's column of a type takes a frame's column.
pub fn takes(ty: &Type, kind: ColumnType) -> bool {
    fixed(ty).is_some_and(|wanted| wanted.takes(kind))
}

/// Tells whether a table's column may change a cell of a frame's column: see [`keeps`].
pub fn narrows(ty: &Type, modifier: i32, kind: ColumnType) -> bool {
    match (kind, ty) {
        (ColumnType::Integer, ty) => *ty != Type::INT8,
        (ColumnType::Real, ty) => *ty == Type::FLOAT4,
        (ColumnType::Text, ty) => [Type::VARCHAR, Type::BPCHAR].contains(ty) && modifier >= 4,
        (ColumnType::Timestamp | ColumnType::TimestampUtc, _) => (0..6).contains(&modifier),
        _ => false,
    }
}

/// Tells whether a table's column keeps a cell unchanged. A `double precision` has 53 bits for whole numbers, a `real`
/// 24 for any; `modifier` is what a declaration adds to the type, such as the decimal places of a moment's seconds.
pub fn keeps(ty: &Type, modifier: i32, cell: &Cell) -> bool {
    match (*cell, ty) {
        (Cell::Int(value), &Type::INT4) => i32::try_from(value).is_ok(),
        (Cell::Int(value), &Type::INT2) => i16::try_from(value).is_ok(),
        (Cell::Int(value), &Type::FLOAT8) => is_real(value),
        (Cell::Int(value), &Type::FLOAT4) => (value as f32) as i128 == i128::from(value),
        (Cell::Real(value), &Type::FLOAT4) => {
            value.is_nan() || f64::from(value as f32).to_bits() == value.to_bits()
        }
        // Blanks beyond the length would be cut off in silence.
        (Cell::Text(value), &Type::VARCHAR) if modifier >= 4 => {
            value.chars().count() <= (modifier - 4) as usize
        }
        // And blanks would be added up to it.
        (Cell::Text(value), &Type::BPCHAR) if modifier >= 4 => {
            value.chars().count() == (modifier - 4) as usize
        }
        (Cell::Moment(value), &Type::TIMESTAMP | &Type::TIMESTAMPTZ) => match modifier {
            places @ 0..6 => {
                value.and_utc().timestamp_micros() % 10_i64.pow(6 - places as u32) == 0
            }
            _ => true,
        },
        _ => true,
    }
}

/// Returns the type of an undeclared column of a result. A decimal with decimal places, in its declaration or in a
/// value, is a real number; without any, such as a sum of whole numbers, it is a whole number.
pub fn kind(column: &Column, values: &[Value]) -> ColumnType {
    let ty = plain(column.type_());
    // A number that can be read, empty or not, and that no table of ours takes.
    if ty == Type::OID {
        return ColumnType::Integer;
    }
    fixed(&ty).unwrap_or_else(|| match column.type_modifier() {
        // Four more than the places, below the digits.
        modifier if modifier >= 4 && (modifier - 4) & 0x7FF > 0 => ColumnType::Real,
        _ => widest(values),
    })
}

/// Returns the values of a result's column.
pub fn values(rows: &[Row], place: usize, column: &Column) -> Result<Vec<Value>> {
    let all = All { rows, place, name: column.name() };
    match plain(column.type_()) {
        Type::INT8 => all.read(Value::Int),
        Type::INT4 => all.read(|value: i32| Value::Int(value.into())),
        Type::INT2 => all.read(|value: i16| Value::Int(value.into())),
        Type::OID => all.read(|value: u32| Value::Int(value.into())),
        Type::FLOAT8 => all.read(Value::Real),
        Type::FLOAT4 => all.read(|value: f32| Value::Real(value.into())),
        Type::NUMERIC => all.read(|Decimal(value)| value),
        Type::BOOL => all.read(Value::Bool),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME => all.read(Value::Text),
        Type::DATE => all.read(|value: NaiveDate| {
            Value::Date((value - NaiveDate::default()).num_days() as i32) // a date's days fit
        }),
        Type::TIMESTAMP => {
            all.read(|value: NaiveDateTime| Value::Moment(value.and_utc().timestamp_micros()))
        }
        Type::TIMESTAMPTZ => {
            all.read(|value: DateTime<Utc>| Value::Moment(value.timestamp_micros()))
        }
        other => {
            let problem =
                format!("is of type {other}, which frames don't support; cast it to text");
            Err(Error::column("result", column.name(), problem))
        }
    }
}

struct All<'r> {
    rows: &'r [Row],
    place: usize,
    name: &'r str,
}

impl<'r> All<'r> {
    fn read<T: FromSql<'r>>(&self, convert: impl Fn(T) -> Value) -> Result<Vec<Value>> {
        let one = |row: &'r Row| match row.try_get::<_, Option<T>>(self.place) {
            Ok(value) => Ok(value.map_or(Value::Null, &convert)),
            Err(error) => {
                Err(Error::column("result", self.name, format!("cannot be read: {error}")))
            }
        };
        self.rows.iter().map(one).collect()
    }
}

/// A decimal: whole if it has no decimal places and fits into an i64, otherwise the nearest real number.
struct Decimal(Value);

impl<'a> FromSql<'a> for Decimal {
    /// Four digits a group, the first worth 10,000 to the power of a weight; then the sign and the decimal places.
    fn from_sql(_: &Type, bytes: &'a [u8]) -> std::result::Result<Decimal, Failure> {
        let word = |place: usize| -> std::result::Result<u16, Failure> {
            let pair = bytes.get(2 * place..2 * place + 2).ok_or("a decimal was cut short")?;
            Ok(u16::from_be_bytes([pair[0], pair[1]]))
        };
        let (groups, weight, sign, places) = (word(0)?, word(1)? as i16, word(2)?, word(3)?);
        match sign {
            0xC000 => return Ok(Decimal(Value::Real(f64::NAN))),
            0xD000 => return Ok(Decimal(Value::Real(f64::INFINITY))),
            0xF000 => return Ok(Decimal(Value::Real(f64::NEG_INFINITY))),
            _ => {}
        }
        let mut text = String::from(if sign == 0x4000 { "-0" } else { "0" });
        for group in 0..groups {
            text += &format!("{:04}", word(4 + usize::from(group))?);
        }
        // All groups as one whole number, times a power of ten.
        let power = 4 * (i32::from(weight) + 1 - i32::from(groups));
        if places == 0 && (0..=20).contains(&power) {
            let whole = format!("{text}{}", "0".repeat(power as usize));
            if let Ok(number) = whole.parse() {
                return Ok(Decimal(Value::Int(number)));
            }
        }
        Ok(Decimal(Value::Real(format!("{text}e{power}").parse()?)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::NUMERIC
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Failure> {
        match (*self, ty) {
            (Cell::Null, _) => Ok(IsNull::Yes),
            (Cell::Int(value), &Type::INT4) => i32::try_from(value)?.to_sql(ty, out),
            (Cell::Int(value), &Type::INT2) => i16::try_from(value)?.to_sql(ty, out),
            (Cell::Int(value), &Type::FLOAT8) => (value as f64).to_sql(ty, out),
            (Cell::Int(value), &Type::FLOAT4) => (value as f32).to_sql(ty, out),
            (Cell::Int(value), _) => value.to_sql(ty, out),
            (Cell::Real(value), &Type::FLOAT4) => (value as f32).to_sql(ty, out),
            (Cell::Real(value), _) => value.to_sql(ty, out),
            (Cell::Text(value), _) => value.to_sql(ty, out),
            (Cell::Bool(value), _) => value.to_sql(ty, out),
            (Cell::Date(value), &Type::TIMESTAMP) => NaiveDateTime::from(value).to_sql(ty, out),
            (Cell::Date(value), _) => value.to_sql(ty, out),
            (Cell::Moment(value), &Type::TIMESTAMPTZ) => value.and_utc().to_sql(ty, out),
            (Cell::Moment(value), _) => value.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true // a table's columns were checked before
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_come_back_as_another_number_is_not_kept() {
        let keeps = |ty: &Type, cell: Cell| keeps(ty, -1, &cell);
        assert!(keeps(&Type::FLOAT8, Cell::Int(1 << 53)));
        assert!(!keeps(&Type::FLOAT8, Cell::Int((1 << 53) + 1)));
        assert!(keeps(&Type::FLOAT8, Cell::Int(i64::MIN)));
        assert!(!keeps(&Type::FLOAT8, Cell::Int(i64::MAX)));
        assert!(keeps(&Type::FLOAT4, Cell::Int(1 << 24)));
        assert!(!keeps(&Type::FLOAT4, Cell::Int((1 << 24) + 1)));
        assert!(keeps(&Type::FLOAT4, Cell::Real(0.1_f32.into())));
        for whole in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0] {
            assert!(keeps(&Type::FLOAT4, Cell::Real(whole)), "{whole}");
        }
        for lost in [0.1, 1e300, 1e-300] {
            assert!(!keeps(&Type::FLOAT4, Cell::Real(lost)), "{lost}");
            assert!(keeps(&Type::FLOAT8, Cell::Real(lost)), "{lost}");
        }
        assert!(!keeps(&Type::INT2, Cell::Int(32_768)) && !keeps(&Type::INT4, Cell::Int(1 << 31)));
    }

    /// What PostgreSQL sends for a decimal.
    fn sent(groups: &[u16], weight: i16, sign: u16, places: u16) -> Value {
        let head = [groups.len() as u16, weight as u16, sign, places];
        let bytes: Vec<u8> =
            head.iter().chain(groups).flat_map(|word| word.to_be_bytes()).collect();
        Decimal::from_sql(&Type::NUMERIC, &bytes).unwrap().0
    }

    #[test]
    fn decimals_are_read() {
        assert_eq!(sent(&[], 0, 0, 0), Value::Int(0));
        assert_eq!(sent(&[1, 2345], 1, 0x4000, 0), Value::Int(-12_345));
        assert_eq!(sent(&[1], 2, 0, 0), Value::Int(100_000_000));
        assert_eq!(sent(&[922, 3372, 368, 5477, 5807], 4, 0, 0), Value::Int(i64::MAX));
        assert_eq!(
            sent(&[922, 3372, 368, 5477, 5808], 4, 0, 0),
            Value::Real(9_223_372_036_854_775_808.0)
        );
        assert_eq!(sent(&[2], 0, 0, 16), Value::Real(2.0));
        assert_eq!(sent(&[5000], -1, 0, 1), Value::Real(0.5));
        assert_eq!(sent(&[1, 1000], 0, 0x4000, 2), Value::Real(-1.1));
        assert!(matches!(sent(&[], 0, 0xC000, 0), Value::Real(nan) if nan.is_nan()));
        assert!(Decimal::from_sql(&Type::NUMERIC, &[0, 1, 0]).is_err());
    }
}
