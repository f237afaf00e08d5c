//! How events and steps are written on the command line.
//!
//! A step is an event's name, perhaps with a condition: `purchase[amount>=50]`. Commas separate steps. A name, a column
//! or a value in double quotes is taken literally; within the quotes, two double quotes stand for one: `"Paid, in
//! full"`, `"say ""hi"""`.

use casebook::{Error, Result};

/// An event as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The whole text, for display.
    pub text: String,
    pub event: String,
    /// Column, operator and value.
    pub condition: Option<(String, &'static str, String)>,
    /// Between which steps, counted from 1: `refund@2-3`.
    pub between: Option<(usize, usize)>,
}

const OPERATORS: [&str; 6] = ["!=", ">=", "<=", "=", ">", "<"];

/// Reads the steps of a list with commas, or of several such lists.
pub fn list(field: &'static str, texts: &[String]) -> Result<Vec<Written>> {
    let mut found = vec![];
    for text in texts {
        let mut cursor = Cursor { field, whole: text, rest: text, commas: true };
        loop {
            found.push(cursor.item()?);
            if cursor.rest.is_empty() {
                break;
            }
            cursor.rest = &cursor.rest[1..];
        }
    }
    Ok(found)
}

/// Reads one step, in which commas are like any other character.
pub fn one(field: &'static str, text: &str) -> Result<Written> {
    let mut cursor = Cursor { field, whole: text, rest: text, commas: false };
    let item = cursor.item()?;
    match cursor.rest.is_empty() {
        true => Ok(item),
        false => Err(cursor.wrong()),
    }
}

/// Reads names in a list with commas.
pub fn names(field: &'static str, texts: &[String]) -> Result<Vec<String>> {
    let mut found = vec![];
    for text in texts {
        let mut cursor = Cursor { field, whole: text, rest: text, commas: true };
        loop {
            found.push(cursor.word(&|rest| rest.starts_with(','))?.0);
            match cursor.rest.strip_prefix(',') {
                Some(rest) => cursor.rest = rest,
                None if cursor.rest.is_empty() => break,
                None => return Err(cursor.unfinished()),
            }
        }
    }
    Ok(found)
}

struct Cursor<'t> {
    field: &'static str,
    whole: &'t str,
    rest: &'t str,
    commas: bool,
}

impl Cursor<'_> {
    fn wrong(&self) -> casebook::Error {
        let accepted = "a name, or name[column=value], with =, !=, >=, <=, > or <; a name with commas or brackets in double quotes";
        Error::config(self.field, format!("\"{}\"", self.whole), accepted)
    }

    fn unfinished(&self) -> casebook::Error {
        let accepted = "double quotes around the whole name; write a quote inside them twice";
        Error::config(self.field, format!("\"{}\"", self.whole), accepted)
    }

    /// Reads a word in quotes, or the text before the stop. Says whether there were quotes.
    fn word(&mut self, stop: &dyn Fn(&str) -> bool) -> Result<(String, bool)> {
        self.rest = self.rest.trim_start();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let mut word = String::new();
            let mut letters = quoted.char_indices().peekable();
            while let Some((place, letter)) = letters.next() {
                match letter {
                    '"' if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                        letters.next();
                        word.push('"');
                    }
                    '"' => {
                        self.rest = quoted[place + 1..].trim_start();
                        return Ok((word, true));
                    }
                    other => word.push(other),
                }
            }
            return Err(self.unfinished());
        }
        let stops = |(place, _): &(usize, char)| stop(&self.rest[*place..]);
        let end = self.rest.char_indices().find(stops).map_or(self.rest.len(), |(at, _)| at);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok((word.trim().to_owned(), false))
    }

    /// Tells whether a step ends here.
    fn ends(&self, rest: &str) -> bool {
        let rest = rest.trim_start();
        rest.is_empty() || (self.commas && rest.starts_with(','))
    }

    fn item(&mut self) -> Result<Written> {
        let commas = self.commas;
        let (mut event, quoted) =
            self.word(&|rest| rest.starts_with('[') || (commas && rest.starts_with(',')))?;
        let mut between = None;
        if !quoted && let Some((name, numbers)) = event.rsplit_once('@') {
            between = range(numbers);
            if between.is_some() {
                event = name.trim().to_owned();
            }
        }
        let mut condition = None;
        if let Some(inner) = self.rest.strip_prefix('[') {
            self.rest = inner;
            condition = Some(self.condition()?);
        }
        if let Some(numbers) = self.rest.strip_prefix('@') {
            let end = numbers.find(',').filter(|_| commas).unwrap_or(numbers.len());
            between = Some(range(&numbers[..end]).ok_or_else(|| self.wrong())?);
            self.rest = &numbers[end..];
        }
        self.rest = self.rest.trim_start();
        if !self.ends(self.rest) || event.is_empty() {
            return Err(self.wrong());
        }
        let text = match &condition {
            None => event.clone(),
            Some((column, operator, value)) => format!("{event}[{column}{operator}{value}]"),
        };
        Ok(Written { text, event, condition, between })
    }

    /// Reads the condition in the brackets, up to their end.
    fn condition(&mut self) -> Result<(String, &'static str, String)> {
        let operator_at = |rest: &str| OPERATORS.into_iter().find(|sign| rest.starts_with(sign));
        let (column, _) =
            self.word(&|rest| operator_at(rest).is_some() || rest.starts_with(']'))?;
        let operator = operator_at(self.rest).ok_or_else(|| self.wrong())?;
        self.rest = &self.rest[operator.len()..];
        let commas = self.commas;
        // A bracket within the value is none of ours: ours is followed by the end, a comma or an @.
        let closes = |rest: &str| {
            rest.strip_prefix(']').map(str::trim_start).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('@') || (commas && rest.starts_with(','))
            })
        };
        let (value, _) = self.word(&closes)?;
        self.rest = self.rest.strip_prefix(']').ok_or_else(|| self.wrong())?.trim_start();
        match column.is_empty() {
            true => Err(self.wrong()),
            false => Ok((column, operator, value)),
        }
    }
}

/// Reads "2-3".
fn range(text: &str) -> Option<(usize, usize)> {
    let (after, before) = text.trim().split_once('-')?;
    Some((after.parse().ok()?, before.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<String> {
        let found = list("steps", &[text.to_owned()]).unwrap();
        let shown = |step: Written| match step.condition {
            None => step.event,
            Some((column, sign, value)) => format!("{} | {column} {sign} {value}", step.event),
        };
        found.into_iter().map(shown).collect()
    }

    #[test]
    fn steps_are_read_as_they_always_were() {
        assert_eq!(steps("visit, cart ,purchase"), ["visit", "cart", "purchase"]);
        assert_eq!(
            steps("visit[device=phone],purchase[amount>=50]"),
            ["visit | device = phone", "purchase | amount >= 50"]
        );
        assert_eq!(steps("a[b!=c]"), ["a | b != c"]);
        assert_eq!(steps("k=v,it's 5\""), ["k=v", "it's 5\""]);
        assert_eq!(steps("visit[page=a]b]"), ["visit | page = a]b"]);
        assert_eq!(steps("visit[page=/a?b=c]"), ["visit | page = /a?b=c"]);
    }

    #[test]
    fn quotes_take_names_columns_and_values_as_they_are() {
        assert_eq!(steps(r#""Paid, in full",b"#), ["Paid, in full", "b"]);
        assert_eq!(steps(r#""list [beta]"[plan="a, b]"],x"#), ["list [beta] | plan = a, b]", "x"]);
        assert_eq!(steps(r#""say ""hi""","k=v"["a=b"=c]"#), ["say \"hi\"", "k=v | a=b = c"]);
        assert_eq!(steps("visit[page=a,b],cart"), ["visit | page = a,b", "cart"]);
        let one = one("step", "Paid, in full[plan=pro]").unwrap();
        assert_eq!(one.event, "Paid, in full");
        assert_eq!(one.text, "Paid, in full[plan=pro]");
        let names = names("only", &[r#"a,"b, c""#.to_owned()]).unwrap();
        assert_eq!(names, ["a", "b, c"]);
    }

    #[test]
    fn an_exclusion_may_say_between_which_steps() {
        let found =
            list("exclude", &[r#"refund@2-3,"odd@1-2","odd@1-2"@1-3,r[a=1]@1-2"#.to_owned()]);
        let found: Vec<_> =
            found.unwrap().into_iter().map(|one| (one.event, one.between)).collect();
        let odd = || "odd@1-2".to_owned();
        assert_eq!(
            found,
            [
                ("refund".to_owned(), Some((2, 3))),
                (odd(), None),
                (odd(), Some((1, 3))),
                ("r".to_owned(), Some((1, 2)))
            ]
        );
        let mail = list("exclude", &["me@home".to_owned()]).unwrap();
        assert_eq!((mail[0].event.as_str(), mail[0].between), ("me@home", None));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["a[b", "a[b]", "a[=c]", "a,,b", "a,", "\"a", "\"a\"b", "a[b=c]d", "a[b=c"] {
            assert!(list("steps", &[text.to_owned()]).is_err(), "{text}");
        }
        let message = one("step", "visit[device").unwrap_err().to_string();
        assert!(message.contains("name[column=value]"), "{message}");
        let message = names("only", &["\"a".to_owned()]).unwrap_err().to_string();
        assert!(message.contains("double quotes"), "{message}");
    }
}
