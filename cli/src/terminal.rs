//! Other people's texts on a terminal.

/// The longest message, in characters, so that a wrong value of a megabyte does not bury what is said about it.
const LONGEST: usize = 2_000;
/// How many characters are kept of the end of a longer one.
const END: usize = 500;

/// Tells whether a terminal acts on a character instead of showing it: moves its cursor, sounds its bell, reverses its
/// text.
pub fn obeys(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Appends a character, spelled out if a terminal would act on it.
pub fn push(letter: char, to: &mut String) {
    match letter {
        '\n' | '\r' | '\t' => to.extend(letter.escape_default()),
        letter if obeys(letter) => to.extend(letter.escape_unicode()),
        letter => to.push(letter),
    }
}

/// Puts a file's text on one line, and spells out characters that a terminal would act on.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|letter| push(letter, &mut out));
    out
}

/// Spells out characters in a message that a terminal would act on; keeps only the beginning and the end of a very long
/// message.
pub fn message(text: &str) -> String {
    let mut out = String::new();
    let add = |letter: char, out: &mut String| match letter {
        '\n' => out.push('\n'),
        letter => push(letter, out),
    };
    match text.char_indices().nth(LONGEST) {
        None => text.chars().for_each(|letter| add(letter, &mut out)),
        Some(_) => {
            let end = text.char_indices().rev().nth(END - 1).map_or(0, |(at, _)| at);
            text.chars().take(LONGEST - END).for_each(|letter| add(letter, &mut out));
            out.push_str(" … ");
            text[end..].chars().for_each(|letter| add(letter, &mut out));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_as_escapes() {
        assert_eq!(
            plain("é, 51.8% \u{1b}[2J\r\n\u{9b}\u{202e}"),
            r"é, 51.8% \u{1b}[2J\r\n\u{9b}\u{202e}"
        );
    }

    #[test]
    fn messages_are_short_and_harmless() {
        assert_eq!(message("one\ntwo"), "one\ntwo");
        assert_eq!(message("a\u{1b}[2Jb\r"), r"a\u{1b}[2Jb\r");
        let long = format!("row 1: \"{}\" is no time", "é".repeat(1_000_000));
        let shown = message(&long);
        assert!(shown.starts_with("row 1: \"éé") && shown.ends_with("éé\" is no time"), "{shown}");
        assert!(shown.contains("é … é") && shown.chars().count() == LONGEST + 3);
    }
}
