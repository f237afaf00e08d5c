//! Texts from the data, as a chart can show them.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::frame::format::{Unit, pp};

/// Writes a difference with its sign: "+$4,200", "-12", "+5.4 pp".
pub fn signed(unit: Unit, difference: f64) -> String {
    match unit {
        Unit::Percent => pp(difference),
        // Its text has the sign already.
        Unit::Points => unit.text(difference),
        _ if difference > 0.0 => format!("+{}", unit.text(difference)),
        _ => unit.text(difference),
    }
}

/// Writes differences with their signs, plain numbers with as many decimals each as the largest needs for three digits.
pub fn signed_alike(unit: Unit, differences: &[f64]) -> Vec<String> {
    let largest = differences.iter().fold(0.0, |most: f64, one| most.max(one.abs()));
    let whole = differences.iter().all(|one| one.fract() == 0.0);
    if unit != Unit::Number || whole || largest >= 1e6 {
        return differences.iter().map(|one| signed(unit, *one)).collect();
    }
    let digits = match largest {
        large if large >= 100.0 => 0,
        large if large >= 10.0 => 1,
        _ => 2,
    };
    // Zero has no sign.
    let text = |one: &f64| format!("{one:+.digits$}");
    let zero = format!("{:.digits$}", 0.0);
    differences
        .iter()
        .map(text)
        .map(|text| if text[1..] == zero { zero.clone() } else { text })
        .collect()
}

/// Characters of a text that is looked at: more than the largest chart has room for.
const MOST: usize = 400;

/// Returns the text, or its beginning with an ellipsis: whole graphemes, unless a single one is too long. Call it
/// before anything is measured, since measuring takes time for each character.
pub fn short(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MOST) else { return text.to_owned() };
    let head = &text[..end];
    // The last grapheme may go on behind the cut.
    let whole = head.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
    let head = if whole == 0 { head } else { &head[..whole] };
    format!("{}…", head.trim_end())
}

/// Returns shorter and shorter beginnings of a text, each a grapheme shorter than the one before.
pub fn beginnings(text: &str) -> impl Iterator<Item = &str> {
    text.grapheme_indices(true).rev().map(|(at, _)| text[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_graphemes() {
        assert_eq!(short("as it is"), "as it is");
        assert_eq!(short(&"x".repeat(MOST)), "x".repeat(MOST));
        assert_eq!(short(&"x".repeat(64_000)), format!("{}…", "x".repeat(MOST - 1)));
        // A family of seven characters, and an e whose accent is a character of its own.
        for grapheme in ["👨\u{200d}👩\u{200d}👧\u{200d}👦", "e\u{301}"] {
            let cut = short(&grapheme.repeat(1_000));
            let kept = cut.strip_suffix('…').unwrap();
            assert!(kept.len() > grapheme.len() && kept.replace(grapheme, "").is_empty(), "{cut}");
        }
        // A letter under a tower of accents is a single grapheme.
        let tower = short(&format!("a{}", "\u{301}".repeat(64_000)));
        assert_eq!(tower.chars().count(), MOST + 1);
    }

    #[test]
    fn differences_have_signs() {
        assert_eq!(signed(Unit::Dollars, 4_200.0), "+$4,200");
        assert_eq!(signed(Unit::Number, -12.0), "-12");
        assert_eq!(signed(Unit::Percent, 0.054), "+5.4 pp");
        assert_eq!(signed(Unit::Number, 0.0), "0");
        assert_eq!(signed_alike(Unit::Number, &[-0.00169, 2.18, -0.4]), ["0.00", "+2.18", "-0.40"]);
        assert_eq!(signed_alike(Unit::Number, &[12.0, -1.0, 0.0]), ["+12", "-1", "0"]);
        assert_eq!(signed_alike(Unit::Percent, &[0.054, -0.2]), ["+5.4 pp", "-20.0 pp"]);
    }

    #[test]
    fn beginnings_end_between_graphemes() {
        let all: Vec<&str> = beginnings("a e\u{301}🇩🇪").collect();
        assert_eq!(all, ["a e\u{301}", "a", "a", ""]);
    }
}
