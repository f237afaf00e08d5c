//! Prose with computed numbers, each inserted by name.

use std::fmt::{self, Write as _};

use super::send::send;
use super::show::Show;
use crate::error::{Error, Result, nearest};

/// Text with markup, as it is: `Markdown(text)`. [`memo`] inserts computed numbers into such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markdown(pub String);

impl Show for Markdown {
    fn evcxr_display(&self) {
        send(&[("text/markdown", &self.0), ("text/plain", &self.0)]);
    }
}

/// A text with named placeholders and their values: see [`memo`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memo {
    text: String,
    values: Vec<(String, String)>,
}

/// Begins a memo: Markdown with names in braces, which [`with`](Memo::with) fills in. It shows itself at the end of a
/// cell. To get a brace, write it twice; separate paragraphs by an empty line, at any indentation. A dollar sign is a
/// dollar sign, not the start of a formula.
///
/// ```
/// use casebook::prelude::*;
///
/// let (lost, share) = (1_234, 0.518);
/// let text = memo("**First: the checkout.** {lost} carts were left, {share} of all.")
///     .with("lost", count(lost))
///     .with("share", pct(share));
/// assert_eq!(text.markdown()?.0, "**First: the checkout.** 1,234 carts were left, 51.8% of all.");
/// let error = text.with("shares", pct(0.2)).markdown().unwrap_err().to_string();
/// assert!(error.contains("`shares`"), "{error}");
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn memo(text: impl Into<String>) -> Memo {
    Memo { text: text.into(), values: vec![] }
}

impl Memo {
    /// Sets the value for this name. The value is text, not markup.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Memo {
        self.values.push((name.into(), value.to_string()));
        self
    }

    /// Returns the finished text as Markdown, with the values escaped.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`](crate::ErrorKind::InvalidConfig) for a name in the text without a value, a value
    /// for a name that is not in the text, two values for one name, and a brace that is not closed.
    pub fn markdown(&self) -> Result<Markdown> {
        Ok(Markdown(self.filled(dollars, literal)?))
    }

    /// Returns the finished text as it is, for viewers without Markdown.
    ///
    /// # Errors
    /// As [`markdown`](Memo::markdown).
    pub fn plain(&self) -> Result<String> {
        self.filled(str::to_owned, str::to_owned)
    }

    fn filled(&self, text: fn(&str) -> String, value: fn(&str) -> String) -> Result<String> {
        let mut used = vec![false; self.values.len()];
        let mut out = String::new();
        for piece in pieces(&self.text)? {
            match piece {
                Piece::Text(piece) => out.push_str(&text(&piece)),
                Piece::Name(name) => match self.values.iter().position(|(given, _)| *given == name)
                {
                    Some(place) => {
                        used[place] = true;
                        out.push_str(&value(&self.values[place].1));
                    }
                    None => return Err(self.unknown(&name)),
                },
            }
        }
        if let Some(place) = used.iter().position(|used| !used) {
            let name = &self.values[place].0;
            let twice = self.values[..place].iter().any(|(other, _)| other == name);
            let (found, accepted) = if twice {
                (format!("given twice: `{name}`"), "each name once".to_owned())
            } else {
                let accepted = format!("names that the text has, such as `{{{name}}}`");
                (format!("given `{name}`, which is not in the text"), accepted)
            };
            return Err(Error::config("memo", found, accepted));
        }
        Ok(flush(&out))
    }

    fn unknown(&self, name: &str) -> Error {
        let given = || self.values.iter().map(|(name, _)| name.as_str());
        let meant = nearest(name, given());
        let accepted = match (meant, self.values.is_empty()) {
            (Some(meant), _) => format!("names given by `with`; did you mean `{{{meant}}}`?"),
            (None, true) => format!("names given by `with`: add `.with(\"{name}\", …)`"),
            (None, false) => {
                let names: Vec<&str> = given().collect();
                format!("names given by `with`, which are `{}`", names.join("`, `"))
            }
        };
        Error::config("memo", format!("a text with `{{{name}}}`, which was not given"), accepted)
    }
}

enum Piece {
    Text(String),
    Name(String),
}

/// Splits the text at the names.
fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = vec![];
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    let refused = |found: &str| {
        Err(Error::config("memo", found, "names in braces, as in `{share}`; a brace itself twice"))
    };
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if letters.next_if_eq(&letter).is_some() => plain.push(letter),
            '{' => {
                let mut name = String::new();
                loop {
                    match letters.next() {
                        Some('}') => break,
                        Some('{') | None => return refused("a text with a `{` that is not closed"),
                        Some(letter) => name.push(letter),
                    }
                }
                let name = name.trim().to_owned();
                if name.is_empty() {
                    return refused("a text with `{}`, which has no name");
                }
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Name(name));
            }
            '}' => return refused("a text with a `}` that was not opened"),
            letter => plain.push(letter),
        }
    }
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// Escapes dollar signs, because Jupyter would take the text between them for a formula; other markup stays.
fn dollars(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for letter in text.chars() {
        if letter == '$' && before != '\\' {
            out.push('\\');
        }
        out.push(letter);
        before = letter;
    }
    out
}

/// Escapes a value, in which nothing is markup.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '$' | '|' | '#' | '&')
        {
            let _ = write!(out, "\\{letter}");
        } else {
            // What begins a line could begin a list.
            out.push(if letter == '\n' { ' ' } else { letter });
        }
    }
    out
}

/// Removes the indentation that a text has in a cell, because Markdown takes four spaces for code. Lists keep what they
/// are indented more than the least indented line.
fn flush(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    // The first line stands beside the opening quote.
    let rest = text.trim().lines().skip(1).filter(|line| !line.trim().is_empty());
    let least = rest.map(indent).min().unwrap_or(0);
    let lines = text.trim().lines().map(|line| line[indent(line).min(least)..].trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_and_braces_are_braces() {
        let text = memo("{a} of { b }, {{literally}}, {a} again").with("a", 1).with("b", "two");
        assert_eq!(text.plain().unwrap(), "1 of two, {literally}, 1 again");
    }

    #[test]
    fn dollars_are_no_formulas_and_values_no_markup() {
        let text = memo("**{what}** brings {usd} of $5 or \\$6")
            .with("what", "a_b*")
            .with("usd", "$12.5M");
        assert_eq!(text.markdown().unwrap().0, "**a\\_b\\*** brings \\$12.5M of \\$5 or \\$6");
        assert_eq!(text.plain().unwrap(), "**a_b*** brings $12.5M of $5 or \\$6");
    }

    #[test]
    fn indentation_is_the_cells_and_not_markdowns() {
        let text = memo("First.\n\n        Second,\n          - a point\n        - another");
        assert_eq!(text.plain().unwrap(), "First.\n\nSecond,\n  - a point\n- another");
    }

    #[test]
    fn every_mistake_is_named() {
        for (text, said) in [
            (memo("{saved} of {lots}").with("saved", 1).with("lost", 2), "did you mean `{lost}`?"),
            (memo("{saved}"), "add `.with(\"saved\", …)`"),
            (memo("{saved}").with("other thing", 1), "which are `other thing`"),
            (memo("nothing").with("saved", 1), "given `saved`, which is not in the text"),
            (memo("{a}").with("a", 1).with("a", 2), "given twice: `a`"),
            (memo("{a").with("a", 1), "not closed"),
            (memo("a}").with("a", 1), "not opened"),
            (memo("{}").with("a", 1), "has no name"),
        ] {
            let message = text.markdown().unwrap_err().to_string();
            assert!(message.starts_with("`memo` is ") && message.contains(said), "{message}");
        }
    }
}
