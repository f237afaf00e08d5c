//! Checks of answers to exercises: [`check!`](crate::check!).
//!
//! The answer is a function, so that it can be missing, panic, fail or be wrong without breaking the notebook, and so
//! that it can be tried on other data than the learner saw.

use std::any::Any;
use std::cell::Cell;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, panic_any, set_hook, take_hook};
use std::sync::Once;

use polars::prelude::*;

use super::record;
use super::table::{Table, table};
use crate::error::Error;
use crate::frame::format;

/// Compares an answer with the right one. If it is wrong, says what was expected and what came, and gives a hint, but
/// never the right answer itself.
///
/// `check! { answer => right, expected: "in words", hint: "where to look" }`, with `within: 0.01` after the right
/// answer for a tolerance other than a millionth (of the right answer, or of 1 if that is more). The answer is a value
/// or a [`Result`](crate::Result) of one, of a type that can be [compared](Compare): numbers, texts, booleans, dates,
/// frames, and options, lists and pairs of these.
///
/// A right answer prints a line. Anything else panics with the message, so a cell that runs to its end has passed its
/// checks, for a learner as well as for a grading program.
///
/// ```
/// use casebook::prelude::*;
///
/// fn mean(numbers: &[f64]) -> Result<f64> {
///     Ok(numbers.iter().sum::<f64>() / numbers.len() as f64)
/// }
/// check! {
///     mean(&[1.0, 2.0, 6.0]) => 3.0, within: 0.001,
///     expected: "the mean of three numbers",
///     hint: "a sum, divided by how many there are",
/// }
/// ```
///
/// ```should_panic
/// use casebook::prelude::*;
///
/// check! { 21 => 42, expected: "the answer", hint: "twice as much" }
/// ```
#[macro_export]
macro_rules! check {
    ($answer:expr => $right:expr, within: $within:expr, expected: $expected:expr, hint: $hint:expr $(,)?) => {
        $crate::notebook::check::Question::new(stringify!($answer), $expected, $hint)
            .within($within)
            .ask(|| $answer, $right)
    };
    ($answer:expr => $right:expr, expected: $expected:expr, hint: $hint:expr $(,)?) => {
        $crate::notebook::check::Question::new(stringify!($answer), $expected, $hint)
            .ask(|| $answer, $right)
    };
}

/// The question in words, and how exact an answer must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Question<'q> {
    asked: &'q str,
    expected: &'q str,
    hint: &'q str,
    within: Option<f64>,
}

/// Why an answer does not pass, as the learner is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotYet(String);

impl Display for NotYet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'q> Question<'q> {
    /// Creates a question: the code that answers, what is expected of it in words, and a hint.
    pub fn new(asked: &'q str, expected: &'q str, hint: &'q str) -> Self {
        Question { asked, expected, hint, within: None }
    }

    /// Sets how far numbers may be from the right ones.
    pub fn within(mut self, within: f64) -> Self {
        self.within = Some(within);
        self
    }

    /// Compares the answer with the right one.
    ///
    /// # Errors
    /// [`NotYet`] if the answer is missing, panics, fails, or is not the right one.
    pub fn judge<A>(&self, answer: impl FnOnce() -> A, right: A::Value) -> Result<(), NotYet>
    where
        A: Outcome,
        A::Value: Compare,
    {
        let came = match quietly(answer).map(Outcome::outcome) {
            Err(message) if message.starts_with("not yet implemented") => {
                "nothing: the answer is still to be written".to_owned()
            }
            Err(message) => format!("a panic: {message}"),
            Ok(Err(message)) => format!("an error: {message}"),
            Ok(Ok(value)) => match value.differs(&right, self.within) {
                None => return Ok(()),
                Some(how) => how,
            },
        };
        let came = came.trim_end().replace('\n', "\n            ");
        Err(NotYet(format!(
            "not yet: {}\n  expected  {}\n  came      {came}\n  hint      {}",
            self.asked, self.expected, self.hint
        )))
    }

    /// Judges an answer in a cell: a right answer prints a line, anything else panics with what to tell the learner.
    ///
    /// # Panics
    /// If the answer is not the right one.
    pub fn ask<A>(&self, answer: impl FnOnce() -> A, right: A::Value)
    where
        A: Outcome,
        A::Value: Compare,
    {
        match self.judge(answer, right) {
            Ok(()) => println!("right: {}", self.asked),
            Err(not_yet) => panic_any(not_yet),
        }
    }
}

thread_local! {
    /// Whether a panic on this thread is an answer's, and will be reported in other words.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs code that may panic; returns the panic's message as an error and prints nothing.
fn quietly<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !told(panic) {
                usual(panic);
            }
        }));
    });
    QUIET.set(true);
    let done = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    done.map_err(|payload| message(payload.as_ref()))
}

/// Tells whether a panic is an answer's: then a missing answer is reported here, anything else by [`Question::judge`].
pub(crate) fn told(panic: &PanicHookInfo<'_>) -> bool {
    match panic.payload().downcast_ref::<NotYet>() {
        Some(not_yet) if record::heard() => record::report("NotYet", panic, &not_yet.to_string()),
        Some(not_yet) => eprintln!("{not_yet}"),
        None => return QUIET.get(),
    }
    true
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// A value, or a result of one.
pub trait Outcome {
    /// The value's type.
    type Value;

    /// Returns the value, or the error in words.
    ///
    /// # Errors
    /// The result's own.
    fn outcome(self) -> Result<Self::Value, String>;
}

impl<T, E: Display> Outcome for Result<T, E> {
    type Value = T;

    fn outcome(self) -> Result<T, String> {
        self.map_err(|error| error.to_string())
    }
}

/// A value that can be compared with the right one.
pub trait Compare {
    /// Says what is wrong with this value, without saying what would be right; `None` if nothing is.
    fn differs(&self, right: &Self, within: Option<f64>) -> Option<String>;
}

fn far(came: f64, right: f64, within: Option<f64>) -> bool {
    if came == right || (came.is_nan() && right.is_nan()) {
        return false;
    }
    let distance = (came - right).abs();
    // What is endless or not a number is not near anything else.
    !distance.is_finite() || distance > within.unwrap_or_else(|| 1e-6 * right.abs().max(1.0))
}

/// Values that are their own outcome, and how they are compared.
macro_rules! plain {
    ($($type:ty, $different:expr;)*) => {$(
        impl Outcome for $type {
            type Value = $type;

            fn outcome(self) -> Result<Self, String> {
                Ok(self)
            }
        }

        impl Compare for $type {
            fn differs(&self, right: &Self, within: Option<f64>) -> Option<String> {
                let different: fn(&Self, &Self, Option<f64>) -> bool = $different;
                different(self, right, within).then(|| format!("{self:?}"))
            }
        }
    )*};
}

plain! {
    f64, |came, right, within| far(*came, *right, within);
    i32, |came, right, within| far(f64::from(*came), f64::from(*right), within);
    i64, |came, right, within| far(*came as f64, *right as f64, within);
    u32, |came, right, within| far(f64::from(*came), f64::from(*right), within);
    u64, |came, right, within| far(*came as f64, *right as f64, within);
    usize, |came, right, within| far(*came as f64, *right as f64, within);
    bool, |came, right, _| came != right;
    String, |came, right, _| came.trim() != right.trim();
    chrono::NaiveDate, |came, right, _| came != right;
    chrono::NaiveDateTime, |came, right, _| came != right;
}

impl<'t> Outcome for &'t str {
    type Value = &'t str;

    fn outcome(self) -> Result<Self, String> {
        Ok(self)
    }
}

impl Compare for &str {
    fn differs(&self, right: &Self, within: Option<f64>) -> Option<String> {
        (*self).to_owned().differs(&(*right).to_owned(), within)
    }
}

impl<T> Outcome for Option<T> {
    type Value = Option<T>;

    fn outcome(self) -> Result<Self, String> {
        Ok(self)
    }
}

impl<T: Compare> Compare for Option<T> {
    fn differs(&self, right: &Self, within: Option<f64>) -> Option<String> {
        match (self, right) {
            (None, None) => None,
            (None, Some(_)) => Some("nothing (None), where something is".to_owned()),
            (Some(_), None) => Some("something (Some), where nothing is".to_owned()),
            (Some(came), Some(right)) => came.differs(right, within),
        }
    }
}

impl<T> Outcome for Vec<T> {
    type Value = Vec<T>;

    fn outcome(self) -> Result<Self, String> {
        Ok(self)
    }
}

impl<T: Compare> Compare for Vec<T> {
    fn differs(&self, right: &Self, within: Option<f64>) -> Option<String> {
        if self.len() != right.len() {
            return Some(format!("a list of {}, and another length is expected", self.len()));
        }
        let place = |(at, (came, right)): (usize, (&T, &T))| {
            came.differs(right, within)
                .map(|how| format!("a list whose number {} is {how}", at + 1))
        };
        self.iter().zip(right).enumerate().find_map(place)
    }
}

impl<A, B> Outcome for (A, B) {
    type Value = (A, B);

    fn outcome(self) -> Result<Self, String> {
        Ok(self)
    }
}

impl<A: Compare, B: Compare> Compare for (A, B) {
    fn differs(&self, right: &Self, within: Option<f64>) -> Option<String> {
        let first =
            self.0.differs(&right.0, within).map(|how| format!("{how}, as the first of two"));
        first.or_else(|| {
            self.1.differs(&right.1, within).map(|how| format!("{how}, as the second of two"))
        })
    }
}

impl Outcome for DataFrame {
    type Value = DataFrame;

    fn outcome(self) -> Result<Self, String> {
        Ok(self)
    }
}

/// Compares the columns of the right frame, in any order, row by row. Numbers of any type are compared as numbers,
/// everything else as text; an empty cell equals only an empty cell. Additional columns do not matter.
impl Compare for DataFrame {
    fn differs(&self, right: &Self, within: Option<f64>) -> Option<String> {
        let found = || {
            for expected in right.columns() {
                let name = expected.name();
                let Ok(came) = self.column(name) else {
                    return Ok(Some(format!("no column `{name}`")));
                };
                if self.height() != right.height() {
                    let height = format::count(self.height());
                    return Ok(Some(format!("its height is {height}, and another is expected")));
                }
                if let Some(row) = first_difference(came, expected, within)? {
                    return Ok(Some(format!(
                        "column `{name}`, row {} (the first is 1), is {}",
                        row + 1,
                        came.get(row)?
                    )));
                }
            }
            Ok::<_, Error>(None)
        };
        let how = found().unwrap_or_else(|error| Some(error.to_string()))?;
        let shown: Table<'_> = table(self, 6);
        Some(format!("a frame: {how}\n{}", shown.text()))
    }
}

/// Returns the first row in which two columns of the same height differ.
fn first_difference(
    came: &Column,
    right: &Column,
    within: Option<f64>,
) -> crate::Result<Option<usize>> {
    let number =
        |column: &Column| column.dtype().is_primitive_numeric() || column.dtype().is_bool();
    if number(right) != number(came) {
        return Ok(Some(0).filter(|_| !came.is_empty()));
    }
    if number(right) {
        let (came, right) = (came.cast(&DataType::Float64)?, right.cast(&DataType::Float64)?);
        let pairs = came.f64()?.iter().zip(right.f64()?.iter());
        return Ok(pairs.into_iter().position(|pair| match pair {
            (Some(came), Some(right)) => far(came, right, within),
            (came, right) => came.is_some() != right.is_some(),
        }));
    }
    let (came, right) = (came.cast(&DataType::String)?, right.cast(&DataType::String)?);
    let mut pairs = came.str()?.iter().zip(right.str()?.iter());
    Ok(pairs.position(|(came, right)| came != right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<A>(answer: impl FnOnce() -> A, right: A::Value) -> Option<String>
    where
        A: Outcome,
        A::Value: Compare,
    {
        let question = Question::new("answer()", "a number in words", "look there");
        question.judge(answer, right).err().map(|not_yet| not_yet.to_string())
    }

    #[test]
    fn numbers_are_right_within_a_tolerance() {
        assert_eq!(told(|| 0.1 + 0.2, 0.3), None);
        assert_eq!(told(|| f64::NAN, f64::NAN), None);
        assert_eq!(told(|| 1_000_000.5, 1_000_000.0), None);
        assert!(told(|| 0.300_01, 0.3).is_some());
        assert!(told(|| f64::NAN, 0.3).is_some());
        assert!(told(|| f64::INFINITY, f64::NEG_INFINITY).is_some());
        let question = Question::new("x", "", "").within(0.01);
        assert_eq!(question.judge(|| 0.309, 0.3), Ok(()));
        assert!(question.judge(|| 0.311, 0.3).is_err());
    }

    #[test]
    fn the_message_says_everything_but_the_answer() {
        let told = told(|| 12.25, 98.765).unwrap_or_default();
        for part in ["not yet: answer()", "a number in words", "12.25", "look there"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!told.contains("98"), "{told}");
    }

    #[test]
    fn what_is_missing_fails_or_panics_is_told_so() {
        let missing = told(|| -> f64 { todo!() }, 1.0).unwrap_or_default();
        assert!(missing.contains("still to be written"), "{missing}");
        let panic = told(|| -> i64 { panic!("no rows at all") }, 1).unwrap_or_default();
        assert!(panic.contains("a panic: no rows at all"), "{panic}");
        let failing = || -> crate::Result<f64> { Err(Error::config("days", 0, "from 1")) };
        let failed = told(failing, 1.0).unwrap_or_default();
        assert!(failed.contains("an error: ") && failed.contains("days"), "{failed}");
    }

    #[test]
    fn frames_are_compared_by_column_and_row() -> crate::Result<()> {
        let right = df!("plan" => ["free", "pro"], "users" => [Some(3_i64), None])?;
        let same =
            df!("more" => [1, 2], "users" => [Some(3_u32), None], "plan" => ["free", "pro"])?;
        assert_eq!(told(|| same, right.clone()), None);
        let cases = [
            (df!("plan" => ["free", "pro"])?, "no column `users`"),
            (df!("plan" => ["free"], "users" => [3_i64])?, "its height is 1, and another"),
            (
                df!("plan" => ["free", "pro"], "users" => [3_i64, 0])?,
                "column `users`, row 2 (the first is 1), is 0",
            ),
            (
                df!("plan" => ["pro", "free"], "users" => [Some(3_i64), None])?,
                "column `plan`, row 1 (the first is 1), is \"pro\"",
            ),
            (
                df!("plan" => ["free", "pro"], "users" => ["3", "x"])?,
                "column `users`, row 1 (the first is 1), is \"3\"",
            ),
        ];
        for (came, part) in cases {
            let told = told(|| came, right.clone()).unwrap_or_default();
            assert!(told.contains(part), "{told}");
        }
        Ok(())
    }

    #[test]
    fn lists_pairs_and_options() {
        assert_eq!(told(|| vec![1.0, 2.0], vec![1.0, 2.0]), None);
        assert_eq!(told(|| (1_i64, Some("a")), (1_i64, Some("a "))), None);
        let cases = [
            told(|| vec![1.0], vec![1.0, 2.0]),
            told(|| vec![1.0, 3.0], vec![1.0, 2.0]),
            told(|| (1_i64, "b"), (1_i64, "a")),
            told(|| None, Some(2_i64)),
            told(|| Some(2_i64), None),
        ];
        let parts = ["a list of 1", "number 2 is 3.0", "\"b\", as the second", "None", "Some"];
        for (told, part) in cases.into_iter().zip(parts) {
            let told = told.unwrap_or_default();
            assert!(told.contains(part), "{told}");
        }
    }
}
