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

/// Replaces `moment(x)` in statements for SQLite by what it stands for: whether a text is a moment as we write it, to
/// the second or with a fraction of it.
pub fn with_moments(statements: &str) -> String {
    const CHECK: &str = "CHECK (moment(";
    let mut parts = statements.split(CHECK);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let Some((x, rest)) = part.split_once("))") else {
            out += CHECK;
            out += part;
            continue;
        };
        out += &format!(
            "CHECK (substr({x}, 1, 19) IS datetime(substr({x}, 1, 19)) AND (length({x}) = 19 \
             OR (substr({x}, 20) GLOB '.[0-9]*' AND substr({x}, 21) NOT GLOB '*[^0-9]*')))"
        );
        out += rest;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(name("order"), "\"order\"");
        assert_eq!(names(["a b", "\"q\""]), "\"a b\", \"\"\"q\"\"\"");
    }

    #[test]
    fn a_moment_is_spelled_out() {
        let made = with_moments("CREATE TABLE t (at TIMESTAMP TEXT CHECK (moment(at)), n INTEGER)");
        let check = "(length(at) = 19 OR (substr(at, 20) GLOB '.[0-9]*' AND";
        assert!(made.starts_with("CREATE TABLE t (at TIMESTAMP TEXT CHECK (substr(at, 1, 19) IS"));
        assert!(made.contains(check) && made.ends_with("))), n INTEGER)"), "{made}");
        for same in ["SELECT 1", "", "CHECK (moment(at"] {
            assert_eq!(with_moments(same), same);
        }
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
