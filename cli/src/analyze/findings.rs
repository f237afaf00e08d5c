//! What a chart says: its numbers, as titles and subtitles write them.

use casebook::Result;
use casebook::chart::{TickUnit, Unit};
use casebook::chrono::NaiveDate;
use casebook::format::count;
use casebook::polars::prelude::*;

/// Returns a column's numbers.
pub fn numbers(frame: &DataFrame, column: &str) -> Result<Vec<Option<f64>>> {
    let numbers = frame.column(column)?.cast(&DataType::Float64)?;
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Ok(numbers.f64()?.iter().map(finite).collect())
}

/// Returns a column's texts.
pub fn texts(frame: &DataFrame, column: &str) -> Result<Vec<String>> {
    let texts = frame.column(column)?.cast(&DataType::String)?;
    Ok(texts.str()?.iter().map(|text| text.unwrap_or("null").to_owned()).collect())
}

/// Returns a column's dates.
pub fn dates(frame: &DataFrame, column: &str) -> Result<Vec<Option<NaiveDate>>> {
    let days = frame.column(column)?.date()?.physical();
    Ok(days.iter().map(|day| NaiveDate::from_epoch_days(day?)).collect())
}

/// Writes a name from the data: a title has room for other words too.
pub fn brief(name: &str) -> String {
    const MOST: usize = 40;
    match name.char_indices().nth(MOST) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", name[..end].trim_end()),
    }
}

/// Writes how many there are: "1 user", "2,000 users".
pub fn counted(number: f64, of: &str) -> String {
    format!("{} {of}{}", count(number), if number == 1.0 { "" } else { "s" })
}

/// Writes "14 March 2024".
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// Writes "1 March to 30 April 2024"; `None` without dates.
pub fn span(days: &[Option<NaiveDate>]) -> Option<String> {
    let (first, last) = (days.iter().flatten().min()?, days.iter().flatten().max()?);
    Some(if first == last { date(*first) } else { format!("{} to {}", date(*first), date(*last)) })
}

/// Writes an estimate with its interval: "+5.4 pp (+1.2 to +9.6)".
pub fn interval(unit: Unit, value: f64, (low, high): (f64, f64)) -> String {
    let [low, high] = [low, high].map(|end| unit.text(end));
    let [low, high] = [&low, &high].map(|end| end.strip_suffix(" pp").unwrap_or(end));
    format!("{} ({low} to {high})", unit.text(value))
}

/// Returns what people count a column in, if its name says so: "months", "days_since_signup".
pub fn counted_in(column: &str) -> Option<TickUnit> {
    let name = column.to_lowercase();
    let units = [
        ("minute", TickUnit::Minutes),
        ("hour", TickUnit::Hours),
        ("day", TickUnit::Days),
        ("week", TickUnit::Weeks),
        ("month", TickUnit::Months),
    ];
    units.into_iter().find(|(word, _)| name.contains(word)).map(|(_, unit)| unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_written_for_titles() {
        assert_eq!(interval(Unit::Points, 0.054, (-0.012, 0.096)), "+5.4 pp (-1.2 to +9.6)");
        assert_eq!(
            (counted(1.0, "user"), counted(2e3, "user")),
            ("1 user".into(), "2,000 users".into())
        );
        assert_eq!(brief("control"), "control");
        assert_eq!(brief(&"ä".repeat(41)), format!("{}…", "ä".repeat(40)));
        let day = |day| NaiveDate::from_ymd_opt(2024, 3, day);
        assert_eq!(span(&[day(14), None, day(2)]).unwrap(), "2 March 2024 to 14 March 2024");
        assert_eq!(span(&[None]), None);
        assert_eq!(counted_in("Days_since"), Some(TickUnit::Days));
        assert_eq!(counted_in("duration"), None);
    }
}
