//! Which of a file's columns are meant.

use std::path::Path;

use casebook::Result;

use super::how::Column;
use super::trouble;

/// Letters and digits, in small letters: what is left of a name without the ways of writing it.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The column that is meant, if there is one: of exactly this name, or of the only name that differs in
/// nothing but case, spaces and the like (`User ID` for `user_id`).
pub fn find(names: &[String], wanted: &str) -> Option<usize> {
    let mut exact = names.iter().enumerate().filter(|(_, name)| *name == wanted);
    if let Some((place, _)) = exact.next() {
        return exact.next().is_none().then_some(place);
    }
    let bared = bare(wanted);
    let mut like = names.iter().enumerate().filter(|(_, name)| bare(name) == bared);
    match (like.next(), like.next()) {
        (Some((place, _)), None) if !bared.is_empty() => Some(place),
        _ => None,
    }
}

/// Where the columns asked for are.
pub fn places(path: &Path, names: &[String], columns: &[Column]) -> Result<Vec<usize>> {
    columns
        .iter()
        .map(|column| find(names, &column.from).ok_or_else(|| missing(path, names, column)))
        .collect()
}

pub fn missing(path: &Path, names: &[String], column: &Column) -> casebook::Error {
    let wanted = column.from.as_str();
    if names.iter().filter(|name| *name == wanted).count() > 1 {
        return trouble(path, format!("two columns are called `{wanted}`"));
    }
    let mut problem = format!("there is no column `{wanted}`; there are `{}`", names.join("`, `"));
    if let [only] = names {
        problem = format!(
            "there is no column `{wanted}`, but one, `{only}`; what stands between values is said with \
             --delimiter"
        );
    } else if let Some(near) = nearest(names, wanted) {
        problem.push_str(&format!("; did you mean `{near}`?"));
    }
    if let Some(option) = column.option {
        problem.push_str(&format!(" ({option} says which column is meant)"));
    }
    trouble(path, problem)
}

/// A longer name is no name that somebody mistyped, and comparing it takes the square of its length.
const LONGEST: usize = 200;

fn nearest<'n>(names: &'n [String], wanted: &str) -> Option<&'n str> {
    let wanted = bare(wanted);
    let close = |name: &String| {
        if name.len().max(wanted.len()) > LONGEST {
            return None;
        }
        let name = bare(name);
        let within = name.len() > 2 && (name.contains(&wanted) || wanted.contains(&name));
        let distance = distance(&name, &wanted);
        (within || distance <= 2.min(wanted.len() / 3)).then_some(distance)
    };
    let found = names.iter().filter_map(|name| Some((close(name)?, name)));
    found.min_by_key(|(distance, _)| *distance).map(|(_, name)| name.as_str())
}

/// How many letters must be put in, left out or changed.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let change = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_case_and_spaces_may_differ() {
        let names = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
        assert_eq!(find(&names("a,user_id"), "user_id"), Some(1));
        assert_eq!(find(&names("a,User ID"), "user_id"), Some(1));
        assert_eq!(find(&names("userId,USER_ID"), "user_id"), None);
        assert_eq!(find(&names("userId,user_id"), "user_id"), Some(1));
        assert_eq!(find(&names("user_id,user_id"), "user_id"), None);
        assert_eq!(find(&names("user"), "user_id"), None);
        assert_eq!(nearest(&names("usr_id,time"), "user_id"), Some("usr_id"));
        assert_eq!(nearest(&names("customer,when"), "user_id"), None);
        assert_eq!(nearest(&["9".repeat(300)], &"9".repeat(301)), None);
    }
}
