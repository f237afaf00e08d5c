//! Numbers and amounts as people write them.

/// What commas and points mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Commas {
    /// A decimal point. Commas only where they cannot be misread: 1,234.50.
    #[default]
    Plain,
    /// Commas between thousands: 1,234.
    Thousands,
    /// A decimal comma, points between thousands: 1.234,50.
    Decimal,
}

/// A number and its currency.
#[derive(Debug, PartialEq)]
pub struct Amount<'t> {
    pub number: f64,
    pub currency: Option<&'t str>,
}

const SYMBOLS: &str = "$€£¥₹₽₩₺₴₪";

/// Reads a number trimmed of blanks; the error is what would help, if anything.
pub fn read(text: &str, commas: Commas) -> Result<Amount<'_>, Option<&'static str>> {
    let finite = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    if commas != Commas::Decimal
        && let Some(number) = finite(text)
    {
        return Ok(Amount { number, currency: None });
    }
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest.trim_start()),
        None => (1.0, text),
    };
    let (currency, bare) = without_currency(text);
    let (sign, bare) = match bare.strip_prefix('-').filter(|_| sign > 0.0) {
        Some(rest) => (-1.0, rest),
        None => (sign, bare),
    };
    // A number that begins with a digit or a point: no second sign, no "inf".
    if !bare.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == ',') {
        return Err(None);
    }
    let plain = match (commas, bare.contains(',')) {
        (Commas::Decimal, _) => {
            let (whole, decimals) = bare.split_once(',').unwrap_or((bare, ""));
            if decimals.bytes().any(|byte| !byte.is_ascii_digit()) {
                return Err(None);
            }
            let whole = grouped(whole, &['.', ' ', '\u{a0}', '\u{202f}', '\'']);
            whole.map(|whole| format!("{whole}.{decimals}")).ok_or(None)?
        }
        (_, false) => bare.to_owned(),
        (commas, true) => {
            let (whole, decimals) = bare.split_once('.').unwrap_or((bare, ""));
            let unmistakable = commas == Commas::Thousands || bare.contains('.');
            match grouped(whole, &[',']).filter(|_| !decimals.contains(',')) {
                Some(whole) if unmistakable => format!("{whole}.{decimals}"),
                Some(_) => return Err(Some(EITHER)),
                None if commas == Commas::Plain => return Err(Some(DECIMAL)),
                None => return Err(None),
            }
        }
    };
    let points = || {
        grouped(bare, &['.'])
            .filter(|_| bare.contains('.') && commas != Commas::Decimal)
            .map(|_| POINTS)
    };
    let number = finite(&plain).ok_or_else(points)?;
    Ok(Amount { number: sign * number, currency })
}

const DECIMAL: &str = "--decimal-comma reads 12,50 as twelve and a half";
const POINTS: &str = "--decimal-comma reads 1.234.567 as more than a million";
const EITHER: &str =
    "--thousands reads 1,234 as more than a thousand, --decimal-comma as a little more than one";

/// Tells whether the point of an amount could separate thousands as well as decimals: 1.234. `None` if there is no
/// point.
pub fn may_group(text: &str) -> Option<bool> {
    let (_, bare) = without_currency(text.trim_start_matches('-').trim_start());
    let (whole, rest) = bare.trim_start_matches('-').split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let starts = (1..=3).contains(&whole.len()) && !whole.starts_with('0') && digits(whole);
    Some(starts && rest.len() == 3 && digits(rest))
}

/// Joins digits in groups of three, without their separators.
fn grouped(whole: &str, between: &[char]) -> Option<String> {
    let mut groups = whole.split(between);
    let first = groups.next()?;
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let mut plain = String::from(first);
    let mut parted = false;
    for group in groups {
        parted = true;
        if group.len() != 3 || !digits(group) {
            return None;
        }
        plain.push_str(group);
    }
    let fits = !parted || (1..=3).contains(&first.len());
    (fits && digits(first)).then_some(plain)
}

/// Splits off the currency: "$12.50", "12.50 €", "EUR 12.50".
fn without_currency(text: &str) -> (Option<&str>, &str) {
    let symbol = |c: char| SYMBOLS.contains(c) || c.is_ascii_uppercase();
    let known = |mark: &str| {
        (mark.chars().count() == 1 && SYMBOLS.contains(mark))
            || (mark.len() == 3 && mark.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    let rest = text.trim_start_matches(symbol);
    let mark = &text[..text.len() - rest.len()];
    if known(mark) {
        return (Some(mark), rest.trim_start());
    }
    let rest = text.trim_end_matches(symbol);
    let mark = &text[rest.len()..];
    if known(mark) { (Some(mark), rest.trim_end()) } else { (None, text) }
}

/// Reads a whole number in its usual form: no sign but a minus, no leading zero, and within 64 bits. So `007` is a
/// text, and `7` a number.
#[inline]
pub fn whole(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match digits {
        [] => return None,
        [b'0'] => return (!negative).then_some(0),
        [b'0', ..] => return None,
        digits if digits.len() > 18 => return None,
        _ => {}
    }
    let mut number = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + i64::from(digit - b'0');
    }
    Some(if negative { -number } else { number })
}

/// Reads the same, allowing only zeros after a point: what a whole number becomes in a column of fractions.
pub fn nearly_whole(text: &[u8]) -> Option<i64> {
    let Some(point) = text.iter().position(|byte| *byte == b'.') else { return whole(text) };
    let zeros = &text[point + 1..];
    (!zeros.is_empty() && zeros.iter().all(|byte| *byte == b'0')).then(|| whole(&text[..point]))?
}

/// Returns the form in which a condition compares a value: different spellings of a number become equal. A leading zero
/// makes it a text, such as a postal code.
pub fn canonical(text: &str) -> std::borrow::Cow<'_, str> {
    let bare = text.trim_start_matches('-');
    let code = bare.len() > 1 && bare.starts_with('0') && !bare.starts_with("0.");
    let numeric = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    match text.parse::<f64>() {
        // Beyond this, a fraction cannot tell one whole number from the next.
        Ok(number) if numeric && !code && number.abs() < 9e15 => {
            std::borrow::Cow::Owned((number + 0.0).to_string())
        }
        _ => std::borrow::Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str, commas: Commas) -> Option<f64> {
        read(text, commas).ok().map(|amount| amount.number)
    }

    #[test]
    fn amounts_are_read_where_they_cannot_be_misread() {
        for (text, expected) in [
            ("12.5", 12.5),
            ("-3", -3.0),
            ("1e3", 1000.0),
            ("$12.50", 12.5),
            ("-$12.50", -12.5),
            ("$-12.50", -12.5),
            ("12.50 €", 12.5),
            ("USD 12.50", 12.5),
            ("$1,234.50", 1234.5),
            ("1,234,567.5", 1_234_567.5),
        ] {
            assert_eq!(number(text, Commas::Plain), Some(expected), "{text}");
        }
        for text in ["1,234", "12,50", "1.234,50", "inf", "NaN", "--1", "5%", "", "$", "1,2.5"] {
            assert_eq!(number(text, Commas::Plain), None, "{text}");
        }
        assert_eq!(read("12,50", Commas::Plain), Err(Some(DECIMAL)));
        assert_eq!(read("1,234", Commas::Plain), Err(Some(EITHER)));
    }

    #[test]
    fn a_point_before_three_digits_says_nothing() {
        for text in ["1.234", "-12.500", "$123.000", "1.234 €"] {
            assert_eq!(may_group(text), Some(true), "{text}");
        }
        for text in ["0.123", "1.23", "1.2345", "1234.567", ".123", "1.23e4", "1.e34", "1.234.567"]
        {
            assert_eq!(may_group(text), Some(false), "{text}");
        }
        assert_eq!(may_group("1234"), None);
        assert_eq!(read("1.234.567", Commas::Plain), Err(Some(POINTS)));
        assert_eq!(number("1.234.567", Commas::Decimal), Some(1_234_567.0));
    }

    #[test]
    fn commas_are_what_they_are_said_to_be() {
        assert_eq!(number("1,234", Commas::Thousands), Some(1234.0));
        assert_eq!(number("12,50", Commas::Thousands), None);
        assert_eq!(number("12,50", Commas::Decimal), Some(12.5));
        assert_eq!(number("1.234,50 €", Commas::Decimal), Some(1234.5));
        assert_eq!(number("1 234,50", Commas::Decimal), Some(1234.5));
        assert_eq!(number("1.234", Commas::Decimal), Some(1234.0));
        // Twelve and a half, or 1250? Neither is said.
        assert_eq!(number("12.50", Commas::Decimal), None);
    }

    #[test]
    fn identifiers_are_numbers_only_if_nothing_is_lost() {
        assert_eq!(whole(b"7"), Some(7));
        assert_eq!(whole(b"-7"), Some(-7));
        for text in ["007", "", "-", "-0", "+7", "7.0", "1234567890123456789", "a"] {
            assert_eq!(whole(text.as_bytes()), None, "{text}");
        }
        assert_eq!(nearly_whole(b"7.0"), Some(7));
        assert_eq!(nearly_whole(b"7.5"), None);
        assert_eq!(nearly_whole(b"7."), None);
    }

    #[test]
    fn numbers_in_conditions_compare_as_numbers() {
        for text in ["50", "50.0", "50.00", "5e1"] {
            assert_eq!(canonical(text), "50", "{text}");
        }
        for text in ["007", "phone", "1.2.3", "inf", ""] {
            assert_eq!(canonical(text), text);
        }
        assert_eq!(canonical("-0.5"), "-0.5");
    }
}
