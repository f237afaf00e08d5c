//! Finding the requested columns in a file.

use std::path::Path;

use casebook::Result;

use super::how::Column;
use super::trouble::trouble;

/// Reduces a name to its letters and digits, in lower case.
fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Finds the column with exactly this name, or with the only name that differs just in case, spaces and the like (`User
/// ID` for `user_id`).
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

/// Finds where the requested columns are.
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
            "there is no column `{wanted}`, but one, `{only}`; set the separator with --delimiter"
        );
    } else if let Some(near) = nearest(names, wanted) {
        problem.push_str(&format!("; did you mean `{near}`?"));
    }
    if let Some(option) = column.option {
        problem.push_str(&format!(" ({option} names the column)"));
    }
    trouble(path, problem)
}

/// Finds the name that contains the requested one or is contained in it, ignoring case and punctuation, or else the
/// closest name.
fn nearest<'n>(names: &'n [String], wanted: &str) -> Option<&'n str> {
    let asked = bare(wanted);
    let holds = |name: &&String| {
        let name = bare(name);
        asked.len() > 2 && name.len() > 2 && (name.contains(&asked) || asked.contains(&name))
    };
    let close = || casebook::error::nearest(wanted, names.iter().map(String::as_str));
    names.iter().find(holds).map(String::as_str).or_else(close)
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
        assert_eq!(nearest(&names("customer_user_id,when"), "user_id"), Some("customer_user_id"));
    }
}
