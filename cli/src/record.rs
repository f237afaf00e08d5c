//! The record of what a step of a report was made with and which files it wrote: a text in `made-with/` that says what
//! is ours.

use std::fs;
use std::path::{Path, PathBuf};

use casebook::output::{Known, sha256, stays_inside};
use casebook::{Error, Result};

use crate::say::{many, say};
use crate::terminal::plain;

/// The folder of the records.
const FOLDER: &str = "made-with";
/// The line between what a step was made with and its files.
const FILES: &str = "files:";

/// One step's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What the step was made with.
    pub stamp: String,
    /// SHA-256 and path in the folder, as `sha256sum` writes and checks them.
    pub files: Vec<(String, String)>,
}

/// Returns the path of a step's record in its folder.
pub fn name(step: &str) -> PathBuf {
    Path::new(FOLDER).join(step).with_extension("txt")
}

impl Record {
    /// Reads the record that `step` left in `place`; `None` if there is none, or one of an earlier version.
    pub fn read(place: &Path, step: &str) -> Option<Record> {
        let path = place.join(name(step));
        // A pipe would wait for ever.
        let file = fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
        Record::parse(&fs::read_to_string(path).ok().filter(|_| file)?)
    }

    fn parse(text: &str) -> Option<Record> {
        let (stamp, files) = text.split_once(&format!("\n{FILES}\n"))?;
        let file = |line: &str| {
            let (hash, name) = line.split_once("  ")?;
            let inside = stays_inside(Path::new(name));
            (hash.len() == 64 && inside).then(|| (hash.to_owned(), name.to_owned()))
        };
        Some(Record {
            stamp: stamp.to_owned(),
            files: files.lines().map(file).collect::<Option<_>>()?,
        })
    }

    pub fn text(&self) -> String {
        let files: String =
            self.files.iter().map(|(hash, name)| format!("{hash}  {name}\n")).collect();
        format!("{}\n{FILES}\n{files}", self.stamp)
    }

    /// Creates the record of a folder's contents, with paths relative to it.
    pub fn of(stamp: &str, folder: &Path) -> Result<Record> {
        let mut files = vec![];
        let mut folders = vec![folder.to_owned()];
        while let Some(at) = folders.pop() {
            let fail = |cause| Error::file("read", &at, cause);
            for entry in fs::read_dir(&at).map_err(fail)? {
                let path = entry.map_err(fail)?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if let Ok(name) = path.strip_prefix(folder) {
                    files.push((sha256(&path)?, name.to_string_lossy().into_owned()));
                }
            }
        }
        files.sort_unstable_by(|(_, a), (_, b)| a.cmp(b));
        Ok(Record { stamp: stamp.to_owned(), files })
    }

    /// Tells whether its files are there.
    pub fn complete(&self, place: &Path) -> bool {
        self.files.iter().all(|(_, name)| place.join(name).is_file())
    }

    /// Tells whether its files are what was written: a power failure may leave a file's name without its bytes.
    pub fn intact(&self, place: &Path) -> bool {
        let same = |(hash, name): &(String, String)| {
            sha256(&place.join(name)).is_ok_and(|found| found == *hash)
        };
        self.complete(place) && self.files.iter().all(same)
    }

    pub fn names(&self) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(|(_, name)| name.into())
    }

    /// Returns its files, and the record itself, as files that may be replaced.
    pub fn known(&self, step: &str) -> Vec<Known> {
        let file = |(hash, name): &(String, String)| Known {
            name: name.into(),
            sha256: Some(hash.clone()),
        };
        let own = Known { name: name(step), sha256: None };
        self.files.iter().map(file).chain([own]).collect()
    }
}

/// Prints which files of a report are in a folder, which are missing and which were changed. Returns `None` if there is
/// no report, otherwise whether all is well.
pub fn check(folder: &Path) -> Option<bool> {
    let mut steps: Vec<String> = fs::read_dir(folder.join(FOLDER))
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".txt").map(str::to_owned))
        .collect();
    steps.sort_unstable();
    let mut well = true;
    for step in &steps {
        let shown = plain(step);
        let Some(record) = Record::read(folder, step) else {
            well = false;
            say!("damaged  report, {shown}: its record is not readable, or of an earlier version");
            continue;
        };
        let trouble = |(hash, name): &(String, String)| {
            let path = folder.join(name);
            let name = plain(name);
            match sha256(&path) {
                Ok(found) if found == *hash => None,
                Ok(_) => Some(format!("{name} is not what was written")),
                Err(_) if !path.exists() => Some(format!("{name} is missing")),
                Err(error) => Some(plain(&error.to_string())),
            }
        };
        let troubles: Vec<String> = record.files.iter().filter_map(trouble).collect();
        if troubles.is_empty() {
            say!("ok       report, {shown}: {}", many(record.files.len(), "file"));
        } else {
            well = false;
            say!("damaged  report, {shown}: {}", troubles.join("; "));
        }
    }
    (!steps.is_empty()).then_some(well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_names_only_what_is_in_its_folder() {
        let record = Record {
            stamp: "casebook 1\n{\n  \"a\": 1\n}".into(),
            files: vec![("a".repeat(64), "data/of it.csv".into())],
        };
        assert_eq!(Record::parse(&record.text()), Some(record.clone()));
        assert_eq!(Record::parse("casebook 0.1.0\n{}\ndata\n"), None);
        for name in ["../x", "/etc/passwd", "a/../../x"] {
            let outside = Record { files: vec![("a".repeat(64), name.into())], ..record.clone() };
            assert_eq!(Record::parse(&outside.text()), None, "{name}");
        }
    }
}
