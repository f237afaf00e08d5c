//! A column of some rows, being built: the same from text, JSON and Parquet.

use super::dictionary::{Dictionary, EMPTY, not_utf8};
use super::how::{How, Kind, Missing};
use super::moment::Written;
use super::numbers;
use super::times::{SHOWN, Sample, Times, without};

/// A column of some rows.
#[derive(Debug)]
pub struct Part {
    pub values: Values,
    /// Rows that lack a required value.
    pub missing: Vec<u32>,
    /// The first amount with a currency.
    pub currency: Option<(String, Sample)>,
    pub points: Points,
    /// How many unreadable times count as missing, and the first of them.
    pub unread: Option<(usize, Sample)>,
}

/// What points in amounts mean: decimals, or thousands as well.
#[derive(Debug, Default)]
pub struct Points {
    /// Whether some amount must have a decimal point.
    pub decided: bool,
    /// The first amounts in which it could be either.
    pub open: Vec<Sample>,
}

/// The values; missing ones hold a placeholder.
#[derive(Debug)]
pub enum Values {
    /// Identifiers that are whole numbers.
    Whole(Vec<i64>),
    /// Texts, by their numbers in the reader's dictionary.
    Codes(Vec<u32>),
    Times(Box<Times>),
    /// Numbers, with NaN for null.
    Numbers(Vec<f64>),
    Flags(Vec<bool>),
}

impl Values {
    pub fn len(&self) -> usize {
        match self {
            Values::Whole(values) => values.len(),
            Values::Codes(values) => values.len(),
            Values::Times(values) => values.len(),
            Values::Numbers(values) => values.len(),
            Values::Flags(values) => values.len(),
        }
    }
}

impl Part {
    pub fn new(kind: Kind) -> Part {
        let values = match kind {
            Kind::Id => Values::Whole(vec![]),
            Kind::Time => Values::Times(Box::default()),
            Kind::Text | Kind::Label | Kind::Name | Kind::Value => Values::Codes(vec![]),
            Kind::Number | Kind::MaybeNumber => Values::Numbers(vec![]),
            Kind::Flag => Values::Flags(vec![]),
        };
        Part { values, missing: vec![], currency: None, points: Points::default(), unread: None }
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Drops some rows, given in order.
    pub fn drop_rows(&mut self, rows: &[u32]) {
        match &mut self.values {
            Values::Whole(values) => without(values, rows),
            Values::Codes(values) => without(values, rows),
            Values::Times(values) => values.drop_rows(rows),
            Values::Numbers(values) => without(values, rows),
            Values::Flags(values) => without(values, rows),
        }
    }
}

/// Takes values of any type, row by row. An error says what is wrong, for a sentence about the row and column.
pub struct Sink<'s> {
    pub how: &'s How,
    pub kind: Kind,
    pub part: &'s mut Part,
    pub dictionary: &'s mut Dictionary,
}

impl Sink<'_> {
    /// Takes a cell of text.
    pub fn text(&mut self, text: &[u8]) -> Result<(), String> {
        let text = trimmed(text);
        if self.how.empty(text) {
            self.missing();
            return Ok(());
        }
        match (self.kind, &mut self.part.values) {
            (Kind::Id, Values::Whole(ids)) => match numbers::whole(text) {
                Some(id) => ids.push(id),
                None => {
                    self.texts_from_here()?;
                    return self.code(text);
                }
            },
            (Kind::Text | Kind::Label | Kind::Name | Kind::Id, _) => return self.code(text),
            (Kind::Value, _) => {
                let canonical = numbers::canonical(utf8(text)?);
                return self.code(canonical.as_bytes());
            }
            (_, Values::Times(times)) => {
                let how = self.how;
                let pushed = utf8(text).and_then(|written| times.push_text(written, how));
                return pushed.or_else(|problem| self.unread(text, problem));
            }
            (_, Values::Numbers(_)) => return self.amount(utf8(text)?),
            (_, Values::Flags(flags)) => flags.push(flag(utf8(text)?)?),
            _ => {}
        }
        Ok(())
    }

    /// Notes a time that cannot be read; its row is left out if rows without a time are.
    fn unread(&mut self, text: &[u8], problem: String) -> Result<(), String> {
        if self.how.missing_values == Missing::Refuse {
            return Err(problem);
        }
        let text = String::from_utf8_lossy(text).into_owned();
        let sample = Sample { row: self.part.len(), text };
        self.part.unread.get_or_insert((0, sample)).0 += 1;
        self.missing();
        Ok(())
    }

    fn amount(&mut self, text: &str) -> Result<(), String> {
        let must = match self.kind {
            Kind::MaybeNumber => "it must be a number, or empty",
            _ => "it must be a number",
        };
        let amount = numbers::read(text, self.how.commas).map_err(|hint| match hint {
            Some(hint) => format!("is \"{text}\"; {must}: {hint}"),
            None => format!("is \"{text}\"; {must}"),
        })?;
        if self.how.commas == numbers::Commas::Plain && !self.part.points.decided {
            let row = self.part.len();
            let points = &mut self.part.points;
            match numbers::may_group(text) {
                Some(true) if points.open.len() < SHOWN => {
                    points.open.push(Sample { row, text: text.to_owned() });
                }
                Some(true) | None => {}
                Some(false) => points.decided = true,
            }
        }
        if let Some(currency) = amount.currency {
            let row = self.part.len();
            let sample = || Sample { row, text: text.to_owned() };
            let (first, _) =
                self.part.currency.get_or_insert_with(|| (currency.to_owned(), sample()));
            if first != currency {
                return Err(format!(
                    "is \"{text}\", and earlier rows are in {first}: currencies are mixed"
                ));
            }
        }
        if let Values::Numbers(numbers) = &mut self.part.values {
            numbers.push(amount.number);
        }
        Ok(())
    }

    fn code(&mut self, text: &[u8]) -> Result<(), String> {
        let code = self.dictionary.code(text)?;
        if let Values::Codes(codes) = &mut self.part.values {
            codes.push(code);
        }
        Ok(())
    }

    /// Switches to texts when an identifier is not a whole number.
    fn texts_from_here(&mut self) -> Result<(), String> {
        let Values::Whole(ids) = &self.part.values else { return Ok(()) };
        let mut codes = Vec::with_capacity(ids.len());
        let mut missing = self.part.missing.iter().peekable();
        for (row, id) in ids.iter().enumerate() {
            let absent = missing.next_if(|missing| **missing as usize == row).is_some();
            codes.push(match absent {
                true => EMPTY,
                false => self.dictionary.code(id.to_string().as_bytes())?,
            });
        }
        self.part.values = Values::Codes(codes);
        Ok(())
    }

    /// Takes an empty cell.
    pub fn missing(&mut self) {
        let row = self.part.len() as u32;
        match &mut self.part.values {
            Values::Whole(ids) => ids.push(0),
            Values::Codes(codes) => codes.push(EMPTY),
            Values::Times(times) => times.push_missing(),
            Values::Numbers(numbers) => numbers.push(f64::NAN),
            Values::Flags(flags) => flags.push(false),
        }
        if !matches!(self.kind, Kind::Text | Kind::Name | Kind::Value | Kind::MaybeNumber) {
            self.part.missing.push(row);
        }
    }

    /// Takes a whole number.
    pub fn whole(&mut self, number: i64) -> Result<(), String> {
        match (self.kind, &mut self.part.values) {
            (Kind::Id, Values::Whole(ids)) => ids.push(number),
            (_, Values::Numbers(numbers)) => numbers.push(number as f64),
            (_, Values::Flags(flags)) if (0..=1).contains(&number) => flags.push(number == 1),
            _ => return self.text(number.to_string().as_bytes()),
        }
        Ok(())
    }

    /// Takes a number; NaN counts as missing.
    pub fn number(&mut self, number: f64) -> Result<(), String> {
        if number.is_nan() && !self.how.null_words {
            self.missing();
            return Ok(());
        }
        // Whole numbers that a fraction still tells apart.
        let whole = (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
        match (whole, &mut self.part.values) {
            (_, Values::Numbers(numbers)) if number.is_finite() => {
                numbers.push(number);
                Ok(())
            }
            (Some(whole), _) => self.whole(whole),
            _ => self.text(number.to_string().as_bytes()),
        }
    }

    pub fn flag(&mut self, value: bool) -> Result<(), String> {
        match &mut self.part.values {
            Values::Flags(flags) => flags.push(value),
            Values::Numbers(numbers) => numbers.push(f64::from(u8::from(value))),
            _ => return self.text(if value { b"true" } else { b"false" }),
        }
        Ok(())
    }

    /// Takes a moment: microseconds since 1970.
    pub fn moment(&mut self, micros: Option<i64>, zoned: bool) -> Result<(), String> {
        let clock = micros
            .filter(|at| super::moment::YEARS.contains(at))
            .and_then(casebook::chrono::DateTime::from_timestamp_micros)
            .ok_or_else(|| format!("is {}", super::moment::OUT_OF_RANGE))?
            .naive_utc();
        let written = Written { clock, offset: zoned.then_some(0) };
        self.text(written.to_string().as_bytes())
    }
}

#[inline]
fn trimmed(text: &[u8]) -> &[u8] {
    match text {
        [b' ' | b'\t' | b'\r' | b'\n', ..] | [.., b' ' | b'\t' | b'\r' | b'\n'] => {
            text.trim_ascii()
        }
        text => text,
    }
}

fn utf8(text: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(text).map_err(|_| not_utf8(text))
}

fn flag(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "t" | "y" | "1.0" => Ok(true),
        "0" | "false" | "no" | "f" | "n" | "0.0" => Ok(false),
        _ => Err(format!("is \"{text}\"; it must be 1 or 0, true or false, yes or no")),
    }
}
