//! Conditions on events.

use polars::prelude::*;

use super::Events;
use crate::error::{Error, Result};

impl Events {
    /// Returns, for each event, which conditions hold: the n-th bit stands for the n-th condition.
    ///
    /// Each condition comes with the name of the caller's argument. A condition that is null does not hold, as in SQL's
    /// `WHERE`.
    pub(crate) fn marks(&self, conditions: &[(&str, &Expr)]) -> Result<Vec<u8>> {
        debug_assert!(conditions.len() <= 8, "a bit each");
        let mut marks = vec![0_u8; self.len()];
        for (place, (field, condition)) in conditions.iter().enumerate() {
            let found = self.frame().clone().lazy().select([(*condition).clone()]).collect()?;
            let column = &found.columns()[0];
            let holds = match column.dtype() {
                DataType::Boolean | DataType::Null => column.cast(&DataType::Boolean)?,
                other => {
                    let value = format!("an expression of type {other}");
                    return Err(Error::config(*field, value, "a condition: true or false"));
                }
            };
            let holds = holds.bool()?;
            match holds.len() {
                n if n == marks.len() => {
                    for (mark, holds) in marks.iter_mut().zip(holds.iter()) {
                        *mark |= u8::from(holds == Some(true)) << place;
                    }
                }
                // A condition without columns is the same for all.
                1 => {
                    let bit = u8::from(holds.get(0) == Some(true)) << place;
                    marks.iter_mut().for_each(|mark| *mark |= bit);
                }
                n => {
                    let value = format!("an expression of {n} values");
                    let accepted = format!("one value for each of {} events", marks.len());
                    return Err(Error::config(*field, value, accepted));
                }
            }
        }
        Ok(marks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_null_does_not_hold_and_what_is_no_condition_is_refused() {
        let frame = df!("user_id" => [1, 2, 3], "timestamp" => [0, 1, 2], "paid" => [Some(5), None, Some(0)]);
        let frame = frame.unwrap().lazy().with_column(col("timestamp").cast(DataType::Date));
        let events = Events::new(&frame, "user_id", "timestamp").unwrap();
        let paid = col("paid").gt(lit(0));
        assert_eq!(events.marks(&[("a", &paid), ("b", &lit(true))]).unwrap(), [3, 2, 2]);
        assert_eq!(events.marks(&[("a", &lit(NULL))]).unwrap(), [0, 0, 0]);
        for (wrong, named) in [(col("paid"), "i32"), (lit("yes"), "str"), (lit(1), "i32")] {
            let message = events.marks(&[("value", &wrong)]).unwrap_err().to_string();
            assert!(message.contains("`value` is an expression of type"), "{message}");
            assert!(message.contains(named), "{message}");
        }
        let message = events.marks(&[("value", &paid.head(Some(2)))]).unwrap_err().to_string();
        assert!(message.contains("each of 3 events"), "{message}");
        let none = Events::new(&frame.limit(0), "user_id", "timestamp").unwrap();
        assert!(none.marks(&[("a", &lit(true))]).unwrap().is_empty());
    }
}
