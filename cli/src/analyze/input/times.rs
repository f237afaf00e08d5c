//! A column of times, being built. All rows together decide the format.

use casebook::chrono::NaiveDate;
use chrono_tz::Tz;

use super::how::How;
use super::moment::{self, Choice, RECOGNISED, Reading, Written};
use super::readings::readings;

/// A row and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub row: usize,
    pub text: String,
}

/// The times of some rows, in microseconds since 1970: in UTC or local time.
#[derive(Debug, Default)]
pub struct Times {
    main: Vec<i64>,
    /// The same by the second reading of [`Choice`], where it differs.
    other: Option<Vec<i64>>,
    choice: Option<Choice>,
    /// The first row that can be read only the first way, and the first that can be read only the second way.
    decided: [Option<Sample>; 2],
    /// Rows that can be read either way.
    open: Vec<Sample>,
    /// The first row's offset from UTC.
    first: Option<(Option<i32>, Sample)>,
    /// The first row that has an offset although the first has none, or the other way round; and the first with a
    /// different offset.
    mixed: [Option<(Option<i32>, Sample)>; 2],
    /// The time zone that a Parquet file names.
    pub zone: Option<Tz>,
    /// The date that was read last, because in most files the next one is the same.
    last: Option<([u8; 10], NaiveDate)>,
}

/// How many rows messages show.
pub const SHOWN: usize = 3;

impl Times {
    pub fn len(&self) -> usize {
        self.main.len()
    }

    /// Tells whether the first row names a zone or an offset itself.
    pub fn zoned(&self) -> bool {
        let digits = self.choice == Some(Choice::Digits) && self.decided[1].is_some();
        digits || self.first.as_ref().is_some_and(|(offset, _)| offset.is_some())
    }

    pub fn push_text(&mut self, text: &str, how: &How) -> Result<(), String> {
        if how.time_format.is_none()
            && let Some((day, rest)) = text.as_bytes().split_first_chunk::<10>()
            && let Some((known, date)) = &self.last
            && known == day
            && let Some(written) = moment::on(*date, rest)
        {
            return self.push_written(written, text);
        }
        let Some(reading) = readings(text, how.time_format.as_deref()) else {
            let hint = match &how.time_format {
                Some(format) => format!("it does not follow {format}"),
                None => format!("recognised formats are {RECOGNISED}; others need --time-format"),
            };
            return Err(format!("is \"{text}\", which is not a time; {hint}"));
        };
        match reading {
            Reading::Plain(written) => {
                if let Some(day @ [_, _, _, _, b'-', _, _, b'-', _, _]) =
                    text.as_bytes().first_chunk::<10>()
                {
                    self.last = Some((*day, written.clock.date()));
                }
                self.push_written(written, text)
            }
            Reading::Either { choice, first, second } => {
                self.push_either(choice, [first, second], text)
            }
        }
    }

    fn sample(&self, text: &str) -> Sample {
        Sample { row: self.main.len(), text: text.to_owned() }
    }

    fn push_either(
        &mut self,
        choice: Choice,
        readings: [Option<Written>; 2],
        text: &str,
    ) -> Result<(), String> {
        if self.choice.is_some_and(|before| before != choice) {
            return Err(format!("is \"{text}\", which is not in the format of earlier rows"));
        }
        self.choice = Some(choice);
        // What digits say of a zone is known with the choice.
        if let Some(written) = readings.iter().flatten().next().filter(|_| choice != Choice::Digits)
        {
            self.record(written.offset, text);
        }
        let out = || out_of_range(text);
        let (first, second) = match readings {
            [Some(first), Some(second)] => (first, second),
            [first, second] => {
                let place = usize::from(first.is_none());
                if self.decided[place].is_none() {
                    self.decided[place] = Some(self.sample(text));
                }
                let at = first.or(second).and_then(Written::micros).ok_or_else(out)?;
                self.push_micros(at);
                return Ok(());
            }
        };
        let (at, other) = (first.micros().ok_or_else(out)?, second.micros().ok_or_else(out)?);
        if at != other && self.open.len() < SHOWN && self.open.iter().all(|seen| seen.text != text)
        {
            self.open.push(self.sample(text));
        }
        if at != other && self.other.is_none() {
            self.other = Some(self.main.clone());
        }
        self.main.push(at);
        if let Some(others) = &mut self.other {
            others.push(other);
        }
        Ok(())
    }

    fn push_written(&mut self, written: Written, text: &str) -> Result<(), String> {
        let at = written.micros().ok_or_else(|| out_of_range(text))?;
        self.record(written.offset, text);
        self.push_micros(at);
        Ok(())
    }

    /// Records a row's offset from UTC.
    #[inline]
    fn record(&mut self, offset: Option<i32>, text: &str) {
        match &self.first {
            Some((first, _)) if *first == offset => {}
            None => self.first = Some((offset, self.sample(text))),
            Some((first, _)) => {
                let slot = usize::from(first.is_some() && offset.is_some());
                if self.mixed[slot].is_none() {
                    self.mixed[slot] = Some((offset, self.sample(text)));
                }
            }
        }
    }

    fn push_micros(&mut self, at: i64) {
        self.main.push(at);
        if let Some(others) = &mut self.other {
            others.push(at);
        }
    }

    /// Adds a placeholder: the row will be left out.
    pub fn push_missing(&mut self) {
        self.push_micros(0);
    }

    /// Adds times that a Parquet file holds as such, all in UTC or all local. Notes rows without one.
    pub fn extend(
        &mut self,
        micros: impl Iterator<Item = Option<i64>>,
        zoned: bool,
        missing: &mut Vec<u32>,
    ) -> Result<(), (usize, String)> {
        if self.first.is_none() {
            let sample = Sample { row: self.main.len(), text: String::new() };
            self.first = Some((zoned.then_some(0), sample));
        }
        for at in micros {
            let row = self.main.len();
            match at {
                Some(at) if moment::YEARS.contains(&at) => self.main.push(at),
                None => {
                    missing.push(row as u32);
                    self.main.push(0);
                }
                Some(_) => {
                    let problem = format!("is {}", moment::OUT_OF_RANGE);
                    return Err((row, problem));
                }
            }
        }
        Ok(())
    }

    /// Drops some rows, given in order.
    pub fn drop_rows(&mut self, rows: &[u32]) {
        without(&mut self.main, rows);
        if let Some(others) = &mut self.other {
            without(others, rows);
        }
    }
}

fn out_of_range(text: &str) -> String {
    format!("is \"{text}\", which is {}", moment::OUT_OF_RANGE)
}

/// A whole column.
pub struct Column {
    pub micros: Vec<i64>,
    /// Whether the data name a zone or an offset themselves.
    pub zoned: bool,
    /// The first row's offset from UTC in seconds, if it has one.
    pub offset: Option<i32>,
}

/// A fault in a column, at a row of a part.
pub struct Wrong {
    pub part: usize,
    pub row: usize,
    pub problem: String,
}

pub fn shown(offset: Option<i32>) -> String {
    match offset {
        None => "no time zone".to_owned(),
        Some(0) => "UTC".to_owned(),
        Some(ahead) => {
            let sign = if ahead < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", ahead.abs() / 3600, ahead.abs() / 60 % 60)
        }
    }
}

/// Joins parts, in order. `place` says which row of which file a part's row is.
pub fn together(
    parts: Vec<Times>,
    how: &How,
    place: impl Fn(usize, usize) -> String,
) -> Result<Column, Wrong> {
    let wrong = |part: usize, row: usize, problem: String| Err(Wrong { part, row, problem });
    // One way of writing zones.
    let mut first: Option<Option<i32>> = None;
    let mut zone: Option<Tz> = None;
    for (number, part) in parts.iter().enumerate() {
        let seen = [&part.first, &part.mixed[0], &part.mixed[1]];
        for (offset, sample) in seen.into_iter().flatten() {
            let before = *first.get_or_insert(*offset);
            let hint = match (before, offset) {
                (one, other) if one == *other => continue,
                // Summer and winter differ; with a zone given, days are counted on its clock all the same.
                (Some(_), Some(_)) if how.zone.is_some() => continue,
                (Some(_), Some(_)) => "; set the zone in which days are counted with --timezone",
                _ => "; give all rows a time zone, or none",
            };
            let text = match sample.text.is_empty() {
                true => format!("holds times with {}", shown(*offset)),
                false => format!("is \"{}\", with {}", sample.text, shown(*offset)),
            };
            let problem = format!(
                "{text}, and earlier rows have {}: time zones are mixed{hint}",
                shown(before)
            );
            return wrong(number, sample.row, problem);
        }
        if let Some(named) = part.zone {
            let before = *zone.get_or_insert(named);
            if before != named && how.zone.is_none() {
                let problem = format!(
                    "is in {named}, and earlier rows are in {before}: time zones are mixed; say in which \
                     zone days are counted with --timezone"
                );
                return wrong(number, 0, problem);
            }
        }
    }
    let second = choose(&parts, &place)?;
    if let Some(number) = parts.iter().position(|part| part.choice == Some(Choice::Digits)) {
        let here = second.then_some(0);
        if first.is_some_and(|first| first.is_some() != second) {
            let before = shown(first.flatten());
            let problem =
                format!("holds digits, with {}, and other rows have {before}", shown(here));
            return wrong(number, 0, problem);
        }
        first = Some(here);
    }
    let mut micros = Vec::with_capacity(parts.iter().map(Times::len).sum());
    for part in parts {
        micros.extend_from_slice(match (&part.other, second) {
            (Some(other), true) => other,
            _ => &part.main,
        });
    }
    Ok(Column { micros, zoned: matches!(first, Some(Some(_))), offset: first.flatten() })
}

/// Decides whether to take the second reading.
fn choose(parts: &[Times], place: impl Fn(usize, usize) -> String) -> Result<bool, Wrong> {
    let decided = |way: usize| {
        parts
            .iter()
            .enumerate()
            .find_map(|(number, part)| part.decided[way].as_ref().map(|sample| (number, sample)))
    };
    let Some((number, choice)) =
        parts.iter().enumerate().find_map(|(number, part)| Some((number, part.choice?)))
    else {
        return Ok(false);
    };
    if let Some((other, part)) =
        parts.iter().enumerate().find(|(_, part)| part.choice.is_some_and(|other| other != choice))
    {
        let problem = format!("is not in the same format as {}", place(number, 0));
        let row = part.open.first().map_or(0, |sample| sample.row);
        return Err(Wrong { part: other, row, problem });
    }
    let open =
        || parts.iter().enumerate().flat_map(|(n, part)| part.open.iter().map(move |s| (n, s)));
    match (decided(0), decided(1)) {
        (Some(_), None) => Ok(false),
        (None, Some(_)) => Ok(true),
        (Some(first), Some(second)) => {
            let [one, other] = choice.names();
            let (early, late, how, before) = match (first.0, first.1.row) < (second.0, second.1.row)
            {
                true => (first, second, other, one),
                false => (second, first, one, other),
            };
            let problem = format!(
                "is \"{}\", with {how}, and {}, \"{}\", has {before}: write all rows in the same way",
                late.1.text,
                place(early.0, early.1.row),
                early.1.text
            );
            Err(Wrong { part: late.0, row: late.1.row, problem })
        }
        (None, None) => {
            let mut samples = open().take(SHOWN).peekable();
            let Some(&(part, sample)) = samples.peek() else { return Ok(false) };
            if choice.prefers_first() {
                return Ok(false);
            }
            // Events of one file lie close together: the reading with the narrower span is the better guess.
            let width = |column: fn(&Times) -> &Vec<i64>| {
                let all = || parts.iter().flat_map(|part| column(part).iter());
                all().max().zip(all().min()).map_or(0, |(max, min)| max - min)
            };
            let day_first =
                width(|part| &part.main) <= width(|part| part.other.as_ref().unwrap_or(&part.main));
            let rows: Vec<String> =
                samples.map(|(_, sample)| format!("\"{}\"", sample.text)).collect();
            let [likely, other] = [day_first, !day_first]
                .map(|day_first| super::dates::format(&sample.text, day_first));
            let problem = format!(
                "is ambiguous: day or month first? No row settles it, for example {}; use --time-format \
                 \"{likely}\" (likely) or \"{other}\"",
                rows.join(", ")
            );
            Err(Wrong { part, row: sample.row, problem })
        }
    }
}

/// Drops some items, given by their indices in order.
pub fn without<T>(items: &mut Vec<T>, places: &[u32]) {
    let (mut place, mut next) = (0, 0);
    items.retain(|_| {
        let dropped = places.get(next) == Some(&place);
        next += usize::from(dropped);
        place += 1;
        !dropped
    });
}
