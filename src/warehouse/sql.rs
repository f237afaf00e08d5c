//! Names and texts as written in SQL.

/// Quotes a name so that SQLite and PostgreSQL take it literally: key words, capitals, spaces and quotes are nothing
/// special in it.
pub fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes names and separates them by commas.
pub fn names<'n>(all: impl IntoIterator<Item = &'n str>) -> String {
    all.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Quotes a text so that PostgreSQL takes it literally.
#[cfg(feature = "postgres")]
pub fn text(text: &str) -> String {
    // With the E a backslash means the same whatever the server's settings.
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// Returns the first name in the rest of a statement: quoted, or up to the next space or parenthesis.
#[cfg(feature = "postgres")]
pub fn first_name(rest: &str) -> Option<String> {
    let rest = rest.trim_start();
    let Some(quoted) = rest.strip_prefix('"') else {
        let plain = rest.split(|c: char| c.is_whitespace() || c == '(').next()?;
        // PostgreSQL keeps what is not quoted in lower case.
        return (!plain.is_empty()).then(|| plain.to_lowercase());
    };
    let mut name = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if letters.next_if_eq(&'"').is_none() => return Some(name),
            letter => name.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(name("order"), "\"order\"");
        assert_eq!(names(["a b", "\"q\""]), "\"a b\", \"\"\"q\"\"\"");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_name_of_an_index_is_found() {
        for (rest, found) in [
            ("plain ON t (x)", Some("plain")),
            ("Plain(x)", Some("plain")),
            ("\"by order\" ON t", Some("by order")),
            ("\"a \"\"b\"\"\" ON t", Some("a \"b\"")),
            ("\"without end", None),
            ("", None),
        ] {
            assert_eq!(first_name(rest).as_deref(), found, "{rest}");
        }
    }
}
