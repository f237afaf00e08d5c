//! Numbers as people read them.

use casebook::format;
use casebook::polars::prelude::{AnyValue, TimeUnit};

/// Estimates that are shares, shown as percentages.
const SHARES: [&str; 10] = [
    "rate",
    "step_rate",
    "overall_rate",
    "control_rate",
    "stickiness",
    "retention",
    "survival",
    "share",
    "logo_churn",
    "lift",
];

/// Amounts of money.
const MONEY: [&str; 2] = ["monetary", "mean_monetary"];

/// Formats a difference of shares in percentage points: "+5.8 pp"; empty if there is none.
pub fn points(difference: f64) -> String {
    if difference.is_finite() { format::pp(difference) } else { String::new() }
}

/// Formats a value for people: a share in percent, seconds in hours and minutes.
pub fn human(name: &str, value: &AnyValue) -> String {
    match value {
        AnyValue::Float64(number) if !number.is_finite() => String::new(),
        AnyValue::Float64(share) if SHARES.contains(&name) => match 100.0 * share + 0.0 {
            // What is left of 0 after the roundings of its computation.
            percent if percent.abs() < 1e-9 => "0.0%".to_owned(),
            percent if percent == 0.0 || (0.1..1e15).contains(&percent.abs()) => {
                format!("{percent:.1}%")
            }
            percent => format!("{}%", rounded(percent)),
        },
        AnyValue::Float64(amount)
            if MONEY.contains(&name)
                && (*amount == 0.0 || (0.005..1e13).contains(&amount.abs())) =>
        {
            format!("{:.2}", amount + 0.0)
        }
        AnyValue::Float64(seconds) if name.ends_with("seconds") => clock(*seconds),
        AnyValue::Float64(number) => rounded(*number),
        other => text(other),
    }
}

/// Rounds to four significant digits, with no more decimals than that takes.
fn rounded(number: f64) -> String {
    let size = number.abs();
    if size > 0.0 && !(1e-5..1e15).contains(&size) {
        return format!("{number:.2e}");
    }
    let digits = if size == 0.0 { 0.0 } else { size.log10().floor() + 1.0 };
    let decimals = (4.0 - digits).clamp(0.0, 9.0) as usize;
    // Zero has no sign.
    let shown = format!("{:.decimals$}", number + 0.0);
    match shown.contains('.') {
        true => shown.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => shown,
    }
}

/// Formats a duration as "45s", "8m 13s", "3h 20m" or "2d 4h": two units are enough.
fn clock(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let whole = seconds.round() as u64;
    let Some(first) = UNITS.iter().position(|(_, length)| whole >= *length) else {
        return format!("{}s", rounded(seconds));
    };
    let (unit, length) = UNITS[first];
    match UNITS.get(first + 1).map(|(smaller, size)| (whole % length / size, smaller)) {
        Some((rest, smaller)) if rest > 0 => format!("{}{unit} {rest}{smaller}", whole / length),
        _ => format!("{}{unit}", whole / length),
    }
}

/// Writes a value as text; null is empty.
pub fn text(value: &AnyValue) -> String {
    match value {
        AnyValue::Null => String::new(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Boolean(flag) => flag.to_string(),
        AnyValue::Float64(number) => exact(*number).unwrap_or_default(),
        AnyValue::Date(days) => casebook::chrono::NaiveDate::from_epoch_days(*days)
            .map(|date| date.to_string())
            .unwrap_or_default(),
        AnyValue::Datetime(micros, TimeUnit::Microseconds, _) => {
            casebook::chrono::DateTime::from_timestamp_micros(*micros)
                .map(|moment| moment.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
                .unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// Writes a number in the fewest digits that read back as the same number; `None` if it is not finite. Very large and
/// very small ones get an exponent instead of hundreds of zeros.
pub fn exact(number: f64) -> Option<String> {
    let number = number + 0.0; // zero has no sign
    let plain = number == 0.0 || (1e-7..1e17).contains(&number.abs());
    let text = if plain { number.to_string() } else { format!("{number:e}") };
    number.is_finite().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages_without_a_space() {
        let shown = |share| human("rate", &AnyValue::Float64(share));
        assert_eq!(shown(0.518), "51.8%");
        assert_eq!(shown(-0.0), "0.0%");
        assert_eq!(shown(0.000_23), "0.023%");
        assert_eq!(shown(1e300), "1.00e302%");
        assert_eq!(shown(f64::NAN), "");
    }

    #[test]
    fn money_has_cents_and_differences_of_shares_points() {
        let shown = |amount| human("monetary", &AnyValue::Float64(amount));
        assert_eq!((shown(2140.0).as_str(), shown(39.7).as_str()), ("2140.00", "39.70"));
        assert_eq!((shown(-0.0).as_str(), shown(1e300).as_str()), ("0.00", "1.00e300"));
        assert_eq!((points(0.0583), points(-0.3158)), ("+5.8 pp".into(), "-31.6 pp".into()));
        assert_eq!((points(0.0), points(f64::NAN)), ("0.0 pp".into(), String::new()));
        assert_eq!(human("lift", &AnyValue::Float64(0.1948)), "19.5%");
    }

    #[test]
    fn numbers_are_short_whatever_their_size() {
        let shown = |number| human("mean", &AnyValue::Float64(number));
        assert_eq!(shown(-0.0), "0");
        assert_eq!(shown(1234.56), "1235");
        assert_eq!(shown(1e308), "1.00e308");
        assert_eq!(shown(-5e-324), "-4.94e-324");
        assert_eq!(shown(f64::NEG_INFINITY), "");
        let clock = |seconds| human("median_seconds", &AnyValue::Float64(seconds));
        assert_eq!(clock(493.0), "8m 13s");
        assert_eq!(clock(f64::NAN), "");
    }
}
