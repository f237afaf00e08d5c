//! Arrow arrays as values of the columns they are for.

use casebook::chrono::NaiveDate;
use casebook::polars::prelude::{ArrowDataType, ArrowTimeUnit};
use chrono_tz::Tz;
use polars_arrow::array::{
    Array, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, PrimitiveArray,
};
use polars_arrow::types::NativeType;

use super::how::Kind;
use super::moment::DAY;
use super::part::{Sink, Values};

/// The type of a value, and what it means.
#[derive(Debug, Clone)]
pub struct Meaning {
    pub dtype: ArrowDataType,
    /// Whether moments are in UTC, and in which time zone their days are counted.
    zoned: bool,
    zone: Option<Tz>,
}

impl Meaning {
    /// Creates the meaning of a type, in a time zone if the file names one. The error is a problem with the zone or the
    /// type.
    pub fn new(dtype: &ArrowDataType, zone: Option<&str>) -> Result<Meaning, Option<String>> {
        use ArrowDataType as D;
        let plain = |dtype: &D| Ok(Meaning { dtype: dtype.clone(), zoned: false, zone: None });
        match dtype {
            D::Null | D::Boolean | D::Float32 | D::Float64 | D::Date32 | D::Decimal(..) => {
                plain(dtype)
            }
            D::Int8 | D::Int16 | D::Int32 | D::Int64 => plain(dtype),
            D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => plain(dtype),
            D::Timestamp(unit, in_utc) => {
                let zone = match zone {
                    Some(zone) => Some(known(zone).ok_or_else(|| {
                        Some(format!(
                            "is in the unknown time zone {zone}; name another with --timezone"
                        ))
                    })?),
                    None => None,
                };
                let zoned = in_utc.is_some();
                Ok(Meaning { dtype: D::Timestamp(*unit, None), zoned, zone })
            }
            D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView => {
                plain(&D::BinaryView)
            }
            D::FixedSizeBinary(16) => plain(dtype),
            _ => Err(None),
        }
    }
}

/// Finds a time zone by its name or its offset from UTC.
fn known(zone: &str) -> Option<Tz> {
    if matches!(zone, "Z" | "+00:00" | "-00:00") {
        return Some(Tz::UTC);
    }
    zone.parse().ok().or_else(|| {
        let hours = zone.strip_suffix(":00")?;
        let number: i32 = hours.parse().ok()?;
        // There, the sign is turned round.
        format!("Etc/GMT{:+}", -number).parse().ok()
    })
}

/// Puts an array's values into a column. The error is the row, counted from the part's first, and what is wrong.
pub fn push(array: &dyn Array, meaning: &Meaning, mut sink: Sink) -> Result<(), (usize, String)> {
    use ArrowDataType as D;
    match &meaning.dtype {
        D::Null => (0..array.len()).for_each(|_| sink.missing()),
        D::Boolean => {
            let array = downcast::<BooleanArray>(array, &sink)?;
            each(array.iter(), &mut sink, |sink, flag| sink.flag(flag))?;
        }
        D::Int8 => whole::<i8>(array, sink)?,
        D::Int16 => whole::<i16>(array, sink)?,
        D::Int32 => whole::<i32>(array, sink)?,
        D::UInt8 => whole::<u8>(array, sink)?,
        D::UInt16 => whole::<u16>(array, sink)?,
        D::UInt32 => whole::<u32>(array, sink)?,
        D::Int64 => {
            let array = downcast::<PrimitiveArray<i64>>(array, &sink)?;
            match &mut sink.part.values {
                Values::Whole(ids) if array.null_count() == 0 => {
                    ids.extend_from_slice(array.values())
                }
                _ => each(array.iter().map(Option::<&i64>::copied), &mut sink, |sink, n| {
                    sink.whole(n)
                })?,
            }
        }
        D::UInt64 => {
            let array = downcast::<PrimitiveArray<u64>>(array, &sink)?;
            each(array.iter(), &mut sink, |sink, number| match i64::try_from(*number) {
                Ok(number) => sink.whole(number),
                Err(_) => sink.text(number.to_string().as_bytes()),
            })?;
        }
        D::Float32 => {
            let array = downcast::<PrimitiveArray<f32>>(array, &sink)?;
            each(array.iter(), &mut sink, |sink, number| match sink.part.values {
                // As it is written, not as a longer fraction shows it.
                Values::Codes(_) if number.is_finite() => sink.text(number.to_string().as_bytes()),
                _ => sink.number(f64::from(*number)),
            })?;
        }
        D::Float64 => {
            let array = downcast::<PrimitiveArray<f64>>(array, &sink)?;
            each(array.iter(), &mut sink, |sink, number| sink.number(*number))?;
        }
        D::Date32 => {
            let array = downcast::<PrimitiveArray<i32>>(array, &sink)?;
            if sink.kind == Kind::Time {
                return times(
                    array.iter().map(|day| day.map(|day| i64::from(*day) * DAY)),
                    false,
                    None,
                    sink,
                );
            }
            each(array.iter(), &mut sink, |sink, day| match NaiveDate::from_epoch_days(*day) {
                Some(date) => sink.text(date.to_string().as_bytes()),
                None => Err(format!("is {}", super::moment::OUT_OF_RANGE)),
            })?;
        }
        D::Timestamp(unit, _) => {
            let array = downcast::<PrimitiveArray<i64>>(array, &sink)?;
            let micros = |at: &i64| match unit {
                ArrowTimeUnit::Second => at.checked_mul(1_000_000),
                ArrowTimeUnit::Millisecond => at.checked_mul(1_000),
                ArrowTimeUnit::Microsecond => Some(*at),
                ArrowTimeUnit::Nanosecond => Some(at.div_euclid(1_000)),
            };
            if sink.kind == Kind::Time {
                // What does not fit is out of range anyway.
                let moments = array.iter().map(|at| at.map(|at| micros(at).unwrap_or(i64::MIN)));
                return times(moments, meaning.zoned, meaning.zone, sink);
            }
            let zoned = meaning.zoned;
            each(array.iter(), &mut sink, |sink, at| sink.moment(micros(at), zoned))?;
        }
        D::Decimal(_, scale) => {
            let array = downcast::<PrimitiveArray<i128>>(array, &sink)?;
            let scale = *scale;
            each(array.iter(), &mut sink, |sink, number| decimal(sink, *number, scale))?;
        }
        D::BinaryView => {
            let array = downcast::<BinaryViewArray>(array, &sink)?;
            each(array.iter(), &mut sink, |sink, text| sink.text(text))?;
        }
        D::FixedSizeBinary(_) => {
            let array = downcast::<FixedSizeBinaryArray>(array, &sink)?;
            each(array.iter(), &mut sink, |sink, bytes| sink.text(uuid(bytes).as_bytes()))?;
        }
        other => {
            return Err((sink.part.len(), format!("is of type {other:?}, which cannot be used")));
        }
    }
    Ok(())
}

fn downcast<'a, A: Array>(array: &'a dyn Array, sink: &Sink) -> Result<&'a A, (usize, String)> {
    array
        .as_any()
        .downcast_ref()
        .ok_or_else(|| (sink.part.len(), "is not of the type that the file says".to_owned()))
}

fn each<T>(
    values: impl Iterator<Item = Option<T>>,
    sink: &mut Sink,
    mut push: impl FnMut(&mut Sink, T) -> Result<(), String>,
) -> Result<(), (usize, String)> {
    for value in values {
        match value {
            None => sink.missing(),
            Some(value) => {
                let row = sink.part.len();
                push(sink, value).map_err(|problem| (row, problem))?;
            }
        }
    }
    Ok(())
}

fn whole<T: NativeType + Into<i64>>(
    array: &dyn Array,
    mut sink: Sink,
) -> Result<(), (usize, String)> {
    let array = downcast::<PrimitiveArray<T>>(array, &sink)?;
    each(array.iter(), &mut sink, |sink, number| sink.whole((*number).into()))
}

fn times(
    micros: impl Iterator<Item = Option<i64>>,
    zoned: bool,
    zone: Option<Tz>,
    sink: Sink,
) -> Result<(), (usize, String)> {
    let part = sink.part;
    let Values::Times(times) = &mut part.values else { return Ok(()) };
    times.zone = zone;
    times.extend(micros, zoned, &mut part.missing)
}

fn decimal(sink: &mut Sink, number: i128, scale: usize) -> Result<(), String> {
    if let (0, Ok(number)) = (scale, i64::try_from(number)) {
        return sink.whole(number);
    }
    let digits = number.unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if number < 0 { "-" } else { "" };
    match &mut sink.part.values {
        Values::Numbers(_) => {
            let text = format!("{sign}{whole}.{fraction}");
            sink.number(text.parse().unwrap_or(f64::NAN))
        }
        _ if scale == 0 => sink.text(format!("{sign}{whole}").as_bytes()),
        _ => sink.text(format!("{sign}{whole}.{fraction}").as_bytes()),
    }
}

/// Formats a UUID in the usual way.
fn uuid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in bytes.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_name_and_by_distance() {
        assert_eq!(known("Europe/Berlin"), Some(Tz::Europe__Berlin));
        assert_eq!(known("+00:00"), Some(Tz::UTC));
        assert_eq!(known("+01:00"), Some(Tz::Etc__GMTMinus1));
        assert_eq!(known("-05:00"), Some(Tz::Etc__GMTPlus5));
        assert_eq!(known("+05:30"), None);
        assert_eq!(known("nowhere"), None);
    }

    #[test]
    fn sixteen_bytes_are_written_as_a_uuid() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(uuid(&bytes), "00010203-0405-0607-0809-0a0b0c0d0e0f");
    }
}
