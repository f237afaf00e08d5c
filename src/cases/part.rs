//! Parts: a data set made in slices, on as many machines as there are.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Which slice of the entities to make: part `k` of `n`. All parts together are the whole.
///
/// ```
/// use casebook::cases::Part;
///
/// let part: Part = "2/4".parse()?;
/// assert_eq!(part.to_string(), "2/4");
/// assert!("5/4".parse::<Part>().is_err());
/// # Ok::<(), casebook::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    k: u32,
    n: u32,
}

impl Part {
    /// Everything.
    pub const WHOLE: Part = Part { k: 1, n: 1 };

    /// Returns which part it is, counted from 1.
    pub fn number(self) -> u32 {
        self.k
    }

    /// Returns how many parts there are.
    pub fn of(self) -> u32 {
        self.n
    }

    /// Returns all the parts of which this is one.
    ///
    /// ```
    /// use casebook::cases::Part;
    ///
    /// let part: Part = "2/3".parse()?;
    /// let all: Vec<String> = part.all().map(|part| part.to_string()).collect();
    /// assert_eq!(all, ["1/3", "2/3", "3/3"]);
    /// # Ok::<(), casebook::Error>(())
    /// ```
    pub fn all(self) -> impl Iterator<Item = Part> {
        (1..=self.n).map(move |k| Part { k, n: self.n })
    }

    /// Tells whether this is the first part, which also carries the tables that belong to no entity.
    pub fn is_first(self) -> bool {
        self.k == 1
    }

    /// Returns which of the ids 1 to `entities` belong to this part.
    pub fn ids(self, entities: u32) -> Range<u32> {
        let cut = |k: u32| (u64::from(entities) * u64::from(k) / u64::from(self.n)) as u32 + 1;
        cut(self.k - 1)..cut(self.k)
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Part> {
        let parsed = text
            .split_once('/')
            .and_then(|(k, n)| Some(Part { k: k.parse().ok()?, n: n.parse().ok()? }));
        match parsed {
            Some(part) if (1..=part.n).contains(&part.k) => Ok(part),
            _ => Err(Error::config("part", format!("\"{text}\""), "k/n with 1 <= k <= n")),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.k, self.n)
    }
}
