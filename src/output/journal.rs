//! Replacing several files: the plan is written down first, so that it can be completed after a kill.
//!
//! A hidden folder holds `new/`, the complete new files; `old/`, earlier ones moved out of the way; and `journal`, from
//! before the first move until after the last. While there is a journal, every file is in one of two known places,
//! whenever the process is killed, and [`recover`] completes the moves. Without one, nothing has moved.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::hidden::{OLD, remove};
use super::state::{Seen, sync_folder};
use crate::error::{Error, ErrorKind, Result};

/// The subfolder of a hidden folder for new files.
pub const NEW: &str = "new";
const JOURNAL: &str = "journal";
const HEAD: &str = "casebook journal 1";
const END: &str = "end";

/// A function called before each change on disk.
pub type Watch<'w> = dyn FnMut(&str) -> io::Result<()> + 'w;

/// One name's part in a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: PathBuf,
    /// What is there now.
    pub old: Option<Seen>,
    /// Whether there is a new file; if not, the old one is only removed.
    pub new: bool,
}

impl Entry {
    fn line(&self) -> String {
        let old = self.old.map_or("none 0 0 0".to_owned(), |seen| seen.words());
        format!("{} {old} {}", if self.new { "new" } else { "gone" }, self.name.display())
    }

    fn read(line: &str) -> Option<Entry> {
        let mut words = line.splitn(6, ' ');
        let new = match words.next()? {
            "new" => true,
            "gone" => false,
            _ => return None,
        };
        let state: Vec<&str> = words.by_ref().take(4).collect();
        let old = match state.first()? {
            &"none" => None,
            _ => Some(Seen::from_words(&state.join(" "))?),
        };
        // Whoever can write into the folder can write a journal: it must not reach beyond.
        let name = PathBuf::from(words.next()?);
        stays_inside(&name).then_some(Entry { name, old, new })
    }
}

/// The two or three places of one replacement.
struct Places<'p> {
    place: &'p Path,
    hidden: &'p Path,
}

impl Places<'_> {
    fn target(&self, entry: &Entry) -> PathBuf {
        self.place.join(&entry.name)
    }

    fn incoming(&self, entry: &Entry) -> PathBuf {
        self.hidden.join(NEW).join(&entry.name)
    }

    fn aside(&self, entry: &Entry) -> PathBuf {
        self.hidden.join(OLD).join(&entry.name)
    }
}

pub fn is_open(hidden: &Path) -> bool {
    fs::symlink_metadata(hidden.join(JOURNAL)).is_ok()
}

/// Puts all new files in place, or leaves everything as it was.
pub fn swap(place: &Path, hidden: &Path, entries: &[Entry], watch: &mut Watch) -> Result<()> {
    let places = Places { place, hidden };
    open(&places, entries, watch)?;
    match forward(&places, entries, watch) {
        Ok(()) => close(&places, entries, watch),
        Err(error) => match back(&places, entries) {
            Ok(()) => Err(error),
            Err(cause) => {
                let cause = format!("{error}; and what was there could not be put back ({cause})");
                let kind = ErrorKind::HalfReplaced { folder: place.to_owned(), cause };
                Err(Error::from(kind).with_source(error))
            }
        },
    }
}

/// Completes what a journal says; returns whether there was one.
pub fn recover(place: &Path, hidden: &Path) -> Result<bool> {
    if !is_open(hidden) {
        return Ok(false);
    }
    let path = hidden.join(JOURNAL);
    let text = fs::read_to_string(&path).map_err(|cause| Error::file("read", &path, cause))?;
    let mut lines = text.lines();
    let entries: Option<Vec<Entry>> = match (lines.next(), lines.next_back()) {
        (Some(HEAD), Some(END)) => lines.map(Entry::read).collect(),
        _ => None,
    };
    let entries = entries.ok_or_else(|| Error::file("read", &path, "it is not a journal"))?;
    let places = Places { place, hidden };
    let mut foreign = vec![];
    for entry in &entries {
        let seen = Seen::at(&places.target(entry))?;
        let theirs = seen.is_some() && seen != entry.old;
        if theirs && entry.new && exists(&places.incoming(entry)) {
            foreign.push(entry.name.display().to_string());
        }
    }
    if !foreign.is_empty() {
        let cause = format!(
            "an interrupted run must be completed, but these files were put there since then: {}; \
             move them away",
            foreign.join(", ")
        );
        return Err(Error::file("write into", place, cause));
    }
    let watch: &mut Watch = &mut |_| Ok(());
    forward(&places, &entries, watch)?;
    close(&places, &entries, watch)?;
    Ok(true)
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn open(places: &Places, entries: &[Entry], watch: &mut Watch) -> Result<()> {
    let fail = |cause: io::Error| Error::file("write into", places.place, cause);
    let mut text = format!("{HEAD}\n");
    for entry in entries {
        if entry.name.to_string_lossy().contains('\n') || entry.name.to_str().is_none() {
            return Err(Error::file("write", &entry.name, "its name cannot be recorded"));
        }
        text.push_str(&entry.line());
        text.push('\n');
    }
    text.push_str(&format!("{END}\n"));
    let write = |watch: &mut Watch| -> io::Result<()> {
        remove(&places.hidden.join(OLD))?;
        fs::create_dir(places.hidden.join(OLD))?;
        let mut folders = BTreeSet::new();
        for entry in entries {
            let files = [places.incoming(entry), places.aside(entry)];
            folders.extend(files.iter().filter_map(|file| file.parent().map(Path::to_owned)));
        }
        for folder in &folders {
            fs::create_dir_all(folder)?;
            sync_folder(folder)?;
        }
        let draft = places.hidden.join("journal-draft");
        watch("write the journal")?;
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        watch("open the journal")?;
        fs::rename(&draft, places.hidden.join(JOURNAL))?;
        sync_folder(places.hidden)?;
        sync_folder(places.place)
    };
    write(watch).map_err(|cause| {
        // Nothing has moved yet, and nothing is to be completed.
        let _ = remove(&places.hidden.join(JOURNAL));
        fail(cause)
    })
}

/// Moves the old files away first, beginning with the last one, and puts the last new one in place last, so that a
/// mixture of old and new never looks like a complete set.
fn forward(places: &Places, entries: &[Entry], watch: &mut Watch) -> Result<()> {
    for entry in entries.iter().rev().filter(|entry| entry.old.is_some()) {
        let (from, to) = (places.target(entry), places.aside(entry));
        let fail = |cause: io::Error| Error::file("replace", &from, cause);
        watch("move an old file").map_err(fail)?;
        // Gone already, or its successor has come.
        if Seen::at(&from)? == entry.old && !exists(&to) {
            fs::rename(&from, &to).map_err(fail)?;
        }
    }
    for entry in entries.iter().filter(|entry| entry.new) {
        let (from, to) = (places.incoming(entry), places.target(entry));
        let fail = |cause: io::Error| Error::file("write", &to, cause);
        watch("move a new file").map_err(fail)?;
        if !exists(&from) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(fail)?;
        }
        if exists(&to) {
            return Err(fail(io::ErrorKind::AlreadyExists.into()));
        }
        fs::rename(&from, &to).map_err(fail)?;
    }
    Ok(())
}

/// Takes back what [`forward`] has done.
fn back(places: &Places, entries: &[Entry]) -> Result<()> {
    for entry in entries.iter().rev().filter(|entry| entry.new) {
        let (at, from) = (places.target(entry), places.incoming(entry));
        if !exists(&from) && exists(&at) {
            fs::rename(&at, &from).map_err(|cause| Error::file("take back", &at, cause))?;
        }
    }
    for entry in entries.iter().filter(|entry| entry.old.is_some()) {
        let (from, to) = (places.aside(entry), places.target(entry));
        if exists(&from) {
            if exists(&to) {
                return Err(Error::file("put back", &to, "something else is there"));
            }
            fs::rename(&from, &to).map_err(|cause| Error::file("put back", &to, cause))?;
        }
    }
    let settle = || {
        sync_folders(places, entries)?;
        fs::remove_file(places.hidden.join(JOURNAL))
    };
    settle().map_err(|cause| Error::file("write into", places.place, cause))
}

/// Cleans up when everything is in place: once that is on disk, removes the journal, then the old files.
fn close(places: &Places, entries: &[Entry], watch: &mut Watch) -> Result<()> {
    let settle = |watch: &mut Watch| -> io::Result<()> {
        sync_folders(places, entries)?;
        watch("close the journal")?;
        fs::remove_file(places.hidden.join(JOURNAL))?;
        sync_folder(places.hidden)?;
        watch("remove old files")?;
        remove(&places.hidden.join(OLD))
    };
    settle(watch).map_err(|cause| Error::file("write into", places.place, cause))
}

fn sync_folders(places: &Places, entries: &[Entry]) -> io::Result<()> {
    let above = |entry: &Entry| places.target(entry).parent().map(Path::to_owned);
    let mut folders: BTreeSet<PathBuf> = entries.iter().filter_map(above).collect();
    folders.insert(places.place.to_owned());
    folders.iter().filter(|folder| folder.is_dir()).try_for_each(|folder| sync_folder(folder))
}

/// Checks that a file's name, as a record has it, stays inside the folder that it is about.
pub fn stays_inside(name: &Path) -> bool {
    let mut parts = name.components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_reaches_nothing_outside_its_folder() {
        assert!(Entry::read("new none 0 0 0 deep/a b.csv").is_some());
        for name in ["../a.csv", "/a.csv", "deep/../../a.csv", "./a.csv", ""] {
            assert_eq!(Entry::read(&format!("new none 0 0 0 {name}")), None, "{name}");
        }
    }
}
