//! Suggestions for a name that does not exist.

use super::Error;

/// Longer names are unlikely to be typos, and comparing one takes the square of its length in time and memory.
const LONGEST: usize = 200;

/// Finds the name closest to the one asked for, if it is close enough to be a typo: upper and lower case count as
/// equal, and up to a third of the letters (at least two) may be added, lost, changed or swapped. Returns the first if
/// several are equally close.
///
/// ```
/// use casebook::error::nearest;
///
/// assert_eq!(nearest("segmnet", ["user_id", "segment"]), Some("segment"));
/// assert_eq!(nearest("revenue", ["user_id", "segment"]), None);
/// ```
pub fn nearest<'n>(asked: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let letters: Vec<char> = lower(asked);
    let most = (letters.len() / 3).max(2);
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let other = lower(name);
        let longest = letters.len().max(other.len());
        // A short name is as far from any other as it is long.
        if letters.len().abs_diff(other.len()) > most || longest <= most || longest > LONGEST {
            continue;
        }
        let steps = distance(&letters, &other);
        if steps <= most && best.is_none_or(|(fewest, _)| steps < fewest) {
            best = Some((steps, name));
        }
    }
    best.map(|(_, name)| name)
}

/// Creates the error about a name that is not among those there: which field it was asked of, the name, those that are
/// accepted, and the one that may have been meant; `none` is said where there are none.
pub(crate) fn unknown<'n>(
    field: &str,
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    none: &str,
) -> Error {
    let names: Vec<&str> = names.into_iter().collect();
    let quoted = format!("\"{}\"", names.join("\", \""));
    let accepted: &str = if names.is_empty() { none } else { &quoted };
    let meant = meant(name, names);
    Error::config(field, format!("\"{name}\""), format!("{accepted}{meant}"))
}

/// "; did you mean …?", of the name closest to the one asked for, if there is one.
pub(crate) fn meant<'n>(asked: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(asked, names).map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_default()
}

fn lower(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

/// Counts letters added, lost, changed or swapped with their neighbour (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_names_are_not() {
        let names = ["user_id", "segment", "rate", "x", "paid_since"];
        for (asked, meant) in [
            ("segmnet", Some("segment")),
            ("Segment", Some("segment")),
            ("segments", Some("segment")),
            ("userid", Some("user_id")),
            ("paid_sicne", Some("paid_since")),
            ("rates", Some("rate")),
            ("revenue", None),
            ("y", None),
            ("", None),
        ] {
            assert_eq!(nearest(asked, names), meant, "{asked}");
        }
        let told =
            |names: &[&str]| unknown("arm", "offr", names.iter().copied(), "none").to_string();
        assert_eq!(
            told(&["control", "offer"]),
            "`arm` is \"offr\"; accepted: \"control\", \"offer\"; did you mean \"offer\"?"
        );
        assert_eq!(told(&[]), "`arm` is \"offr\"; accepted: none");
        let (long, longer) = ("x".repeat(300), "x".repeat(301));
        assert_eq!(nearest(&longer, [&*long]), None);
    }
}
