//! Rust's text as words and signs, without comments and literals.

/// The words and signs of a text. A literal is `"`; `::` and `->` are one sign each.
pub fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |place: usize| chars.get(place).copied().unwrap_or('\0');
    let mut found = vec![];
    let mut place = 0;
    while place < chars.len() {
        let sign = chars[place];
        if sign.is_whitespace() {
            place += 1;
        } else if sign == '/' && at(place + 1) == '/' {
            while place < chars.len() && chars[place] != '\n' {
                place += 1;
            }
        } else if sign == '/' && at(place + 1) == '*' {
            place = comment_end(&chars, place);
        } else if let Some(end) = raw_end(&chars, place) {
            found.push("\"".into());
            place = end;
        } else if sign == '"' {
            place += 1;
            while place < chars.len() && chars[place] != '"' {
                place += if chars[place] == '\\' { 2 } else { 1 };
            }
            place += 1;
            found.push("\"".into());
        } else if sign == '\'' {
            // A character ends with a quote; a lifetime does not.
            if at(place + 1) == '\\' {
                place += 3;
                while place < chars.len() && chars[place] != '\'' {
                    place += 1;
                }
                place += 1;
                found.push("\"".into());
            } else if at(place + 2) == '\'' {
                place += 3;
                found.push("\"".into());
            } else {
                place += 1;
                while at(place).is_alphanumeric() || at(place) == '_' {
                    place += 1;
                }
            }
        } else if sign.is_alphanumeric() || sign == '_' {
            let from = place;
            while at(place).is_alphanumeric() || at(place) == '_' {
                place += 1;
            }
            found.push(chars[from..place].iter().collect());
        } else {
            let two: String = chars[place..chars.len().min(place + 2)].iter().collect();
            let long = two == "::" || two == "->";
            place += if long { 2 } else { 1 };
            found.push(if long { two } else { sign.into() });
        }
    }
    found
}

/// Where a comment, which may hold others, ends.
fn comment_end(chars: &[char], from: usize) -> usize {
    let (mut place, mut depth) = (from, 0);
    while place < chars.len() {
        match chars[place..chars.len().min(place + 2)] {
            ['/', '*'] => (depth, place) = (depth + 1, place + 2),
            ['*', '/'] => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
        if depth == 0 {
            break;
        }
    }
    place
}

/// Where a raw string that begins here ends.
fn raw_end(chars: &[char], from: usize) -> Option<usize> {
    if from > 0 && (chars[from - 1].is_alphanumeric() || chars[from - 1] == '_') {
        return None;
    }
    let mut place = from + usize::from(chars[from] == 'b');
    if chars.get(place) != Some(&'r') {
        return None;
    }
    place += 1;
    let marks = chars[place..].iter().take_while(|sign| **sign == '#').count();
    place += marks;
    if chars.get(place) != Some(&'"') {
        return None;
    }
    place += 1;
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
    while place < chars.len() && !chars[place..].starts_with(&end) {
        place += 1;
    }
    Some(place + end.len())
}
