//! Texts, each with a number.

use rustc_hash::FxHashMap;

/// The code of an empty cell.
pub const EMPTY: u32 = u32::MAX;

/// The texts that a reader has seen in a column, numbered as they came.
#[derive(Debug, Default)]
pub struct Dictionary {
    codes: FxHashMap<Box<[u8]>, u32>,
}

impl Dictionary {
    /// Returns the number of a text, which must be UTF-8.
    #[inline]
    pub fn code(&mut self, text: &[u8]) -> Result<u32, String> {
        if let Some(code) = self.codes.get(text) {
            return Ok(*code);
        }
        if std::str::from_utf8(text).is_err() {
            return Err(not_utf8(text));
        }
        let code = self.codes.len() as u32;
        self.codes.insert(text.into(), code);
        Ok(code)
    }

    /// Returns the texts in the order of their numbers.
    pub fn names(self) -> Vec<String> {
        let mut names = vec![String::new(); self.codes.len()];
        for (text, code) in self.codes {
            if let Some(name) = names.get_mut(code as usize) {
                *name = String::from_utf8(text.into_vec()).unwrap_or_default();
            }
        }
        names
    }
}

/// Says that a text is not UTF-8, and what to do.
pub fn not_utf8(text: &[u8]) -> String {
    let shown = String::from_utf8_lossy(text);
    format!(
        "is not UTF-8: \"{shown}\"; save the file as UTF-8, such as with iconv -f WINDOWS-1252 -t UTF-8"
    )
}

/// Dictionaries of several readers merged into one, in the order of the rows.
pub struct Merged {
    /// For each reader, its texts and the numbers they get here.
    readers: Vec<(Vec<Option<String>>, Vec<u32>)>,
    known: FxHashMap<String, u32>,
}

impl Merged {
    pub fn new(readers: Vec<Vec<String>>) -> Merged {
        let with_codes = |names: Vec<String>| {
            let codes = vec![EMPTY; names.len()];
            (names.into_iter().map(Some).collect(), codes)
        };
        Merged {
            readers: readers.into_iter().map(with_codes).collect(),
            known: FxHashMap::default(),
        }
    }

    /// Returns what a reader's number becomes.
    #[inline]
    pub fn of(&mut self, reader: usize, code: u32) -> u32 {
        let Some((names, codes)) = self.readers.get_mut(reader) else { return EMPTY };
        match codes.get(code as usize) {
            Some(&EMPTY) => {}
            Some(merged) => return *merged,
            None => return EMPTY,
        }
        let Some(name) = names.get_mut(code as usize).and_then(Option::take) else { return EMPTY };
        let next = self.known.len() as u32;
        let merged = *self.known.entry(name).or_insert(next);
        codes[code as usize] = merged;
        merged
    }

    /// Returns the number of a text.
    pub fn code(&mut self, name: String) -> u32 {
        let next = self.known.len() as u32;
        *self.known.entry(name).or_insert(next)
    }

    /// Returns the texts in the order of their numbers.
    pub fn names(self) -> Vec<String> {
        let mut names = vec![String::new(); self.known.len()];
        for (name, code) in self.known {
            if let Some(place) = names.get_mut(code as usize) {
                *place = name;
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbered_in_the_order_of_rows_whoever_read_them() {
        let (mut one, mut other) = (Dictionary::default(), Dictionary::default());
        let first: Vec<u32> =
            ["b", "a", "b"].iter().map(|t| one.code(t.as_bytes()).unwrap()).collect();
        let second: Vec<u32> =
            ["c", "a"].iter().map(|t| other.code(t.as_bytes()).unwrap()).collect();
        assert_eq!((first.as_slice(), second.as_slice()), (&[0, 1, 0][..], &[0, 1][..]));
        assert!(one.code(b"\xff").is_err());
        let mut merged = Merged::new(vec![one.names(), other.names()]);
        // The second reader's rows come first.
        let mut codes: Vec<u32> = second.iter().map(|code| merged.of(1, *code)).collect();
        codes.extend(first.iter().map(|code| merged.of(0, *code)));
        assert_eq!(codes, [0, 1, 2, 1, 2]);
        assert_eq!(merged.of(0, EMPTY), EMPTY);
        assert_eq!(merged.names(), ["c", "a", "b"]);
    }
}
