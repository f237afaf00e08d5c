//! Columns as verbs take them: names, expressions, or several of both.

use polars::prelude::*;

use crate::error::{Error, ErrorKind, Result};

/// What verbs call the frame that they are called on.
pub(super) const FRAME: &str = "given";

/// One column or several, by name or as expressions: `"plan"`, `["plan", "month"]`, `col("price") * lit(2)`,
/// `("user_id", col("session_id").alias("order_id"))`.
///
/// ```
/// use casebook::prelude::*;
///
/// let orders = df!("user_id" => [1, 2], "price" => [10.0, 4.0], "quantity" => [1, 3])?;
/// let amounts = orders.pick(("user_id", (col("price") * col("quantity")).alias("amount")))?;
/// assert_eq!(amounts.total("amount")?, 22.0);
/// # Ok::<(), casebook::Error>(())
/// ```
pub trait Columns {
    /// Returns the columns as expressions, in the order given.
    fn expressions(self) -> Vec<Expr>;
}

impl Columns for Expr {
    fn expressions(self) -> Vec<Expr> {
        vec![self]
    }
}

impl Columns for &Expr {
    fn expressions(self) -> Vec<Expr> {
        vec![self.clone()]
    }
}

impl Columns for &str {
    fn expressions(self) -> Vec<Expr> {
        vec![col(self)]
    }
}

impl Columns for &String {
    fn expressions(self) -> Vec<Expr> {
        vec![col(self.as_str())]
    }
}

impl Columns for String {
    fn expressions(self) -> Vec<Expr> {
        vec![col(self)]
    }
}

impl<C: Columns, const N: usize> Columns for [C; N] {
    fn expressions(self) -> Vec<Expr> {
        self.into_iter().flat_map(Columns::expressions).collect()
    }
}

impl<C: Columns + Clone> Columns for &[C] {
    fn expressions(self) -> Vec<Expr> {
        self.iter().cloned().flat_map(Columns::expressions).collect()
    }
}

impl<C: Columns> Columns for Vec<C> {
    fn expressions(self) -> Vec<Expr> {
        self.into_iter().flat_map(Columns::expressions).collect()
    }
}

macro_rules! columns_of_tuples {
    ($(($($name:ident)+))*) => {$(
        impl<$($name: Columns),+> Columns for ($($name,)+) {
            fn expressions(self) -> Vec<Expr> {
                #[allow(non_snake_case, reason = "a value has the name of its type")]
                let ($($name,)+) = self;
                [$($name.expressions()),+].concat()
            }
        }
    )*};
}
columns_of_tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// That a frame has every column that expressions read.
pub(crate) fn known(lazy: &mut LazyFrame, frame: &'static str, columns: &[Expr]) -> Result<()> {
    let schema = lazy.collect_schema()?;
    for column in columns {
        for part in column {
            if let Expr::Column(name) = part
                && !name.is_empty()
                && !schema.contains(name)
            {
                return Err(missing(&schema, frame, name));
            }
        }
    }
    Ok(())
}

/// That a frame has no column of this name: it has others.
pub(crate) fn missing(schema: &Schema, frame: &'static str, name: &str) -> Error {
    let present = schema.iter_names().map(|name| name.to_string()).collect();
    ErrorKind::MissingColumn { frame, column: name.to_owned(), present }.into()
}

/// The names that expressions give their columns.
pub(crate) fn names(lazy: &LazyFrame, columns: &[Expr]) -> Result<Vec<PlSmallStr>> {
    let schema = lazy.clone().select(columns).collect_schema()?;
    Ok(schema.iter_names().cloned().collect())
}

/// That an expression is true or false, or null throughout.
pub(crate) fn is_condition(lazy: &LazyFrame, field: &str, condition: &Expr) -> Result<()> {
    let schema = lazy.clone().select([condition.clone()]).collect_schema()?;
    match schema.get_at_index(0) {
        Some((_, DataType::Boolean | DataType::Null)) => Ok(()),
        found => {
            let dtype = found.map(|(_, dtype)| dtype.to_string()).unwrap_or_default();
            let value = format!("an expression of type {dtype}");
            Err(Error::config(field, value, "a condition: true or false"))
        }
    }
}
