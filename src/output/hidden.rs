//! Hidden folders for unfinished files, each locked by the process that works in it.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::state::same;
use crate::error::{Error, Result};

/// Names of unfinished folders and files begin with this.
pub const UNFINISHED: &str = ".casebook-unfinished-";
/// The file in such a folder that its process keeps locked as long as it runs.
const LOCK: &str = "lock";
/// The file that says which process that is, for people.
const HOLDER: &str = "holder";
/// The folder of files that are being replaced, until all new ones are in place.
pub const OLD: &str = "old";
/// The file that says that the next run continues with what is there.
const RESUME: &str = "resume";
/// How long to wait for a lock: a process that cleans up after a killed one holds it only for moments.
const PATIENCE: Duration = Duration::from_millis(500);

/// A hidden folder, removed with this value unless it is to be kept. Its lock is created first and removed last, so
/// that a folder without one is empty, whenever its process was killed.
#[derive(Debug)]
pub struct Hidden {
    path: PathBuf,
    lock: Option<File>,
    keep: Cell<bool>,
    /// The parent folders that were created for this one, the innermost first.
    made: Vec<PathBuf>,
}

impl Hidden {
    /// Locks the hidden folder of a key, and creates it if needed; whatever an earlier process left in it is still
    /// there.
    pub fn lock(place: &Path, key: &str) -> Result<Hidden> {
        let path = place.join(format!("{UNFINISHED}{key}"));
        let fail = |cause: io::Error| Error::file("write into", place, cause);
        let began = Instant::now();
        loop {
            let made = match fs::create_dir(&path) {
                Ok(()) => true,
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => false,
                Err(cause) => return Err(fail(cause)),
            };
            let file = path.join(LOCK);
            let opened = OpenOptions::new().create(true).append(true).open(&file);
            let lock = match opened {
                // Another process took the empty folder for left behind: then once more.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                lock => lock.map_err(fail)?,
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if began.elapsed() < PATIENCE {
                        std::thread::sleep(Duration::from_millis(10));
                        continue;
                    }
                    return Err(busy(place, &path));
                }
                // Where files cannot be locked, a folder of one's own making is as good.
                Err(TryLockError::Error(_)) if made => {}
                Err(TryLockError::Error(cause)) => {
                    return Err(unknown("write into", place, &path, &cause));
                }
            }
            if same(&lock, &file) {
                let words: Vec<String> =
                    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
                let holder = format!("process {}, `{}`", std::process::id(), words.join(" "));
                fs::write(path.join(HOLDER), holder).map_err(fail)?;
                return Ok(Hidden { path, lock: Some(lock), keep: Cell::new(false), made: vec![] });
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Notes which parent folders were created for this one, the innermost first: if nothing is put there, they are
    /// removed, too.
    pub fn made_above(&mut self, folders: Vec<PathBuf>) {
        self.made = folders;
    }

    /// Sets whether the folder outlives this value.
    pub fn keep(&self, keep: bool) {
        self.keep.set(keep);
    }

    /// Notes that the next run continues with what is there.
    pub fn mark(&self) -> io::Result<()> {
        fs::write(self.path.join(RESUME), "")
    }

    pub fn is_marked(&self) -> bool {
        self.path.join(RESUME).exists()
    }

    /// Removes its contents, except the files that say whose it is.
    pub fn clear(&self) -> io::Result<()> {
        self.empty(&[LOCK, HOLDER, RESUME])
    }

    fn empty(&self, but: &[&str]) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if !but.iter().any(|name| entry.file_name() == *name) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    fn remove(&self) -> io::Result<()> {
        if self.lock.is_some() {
            self.empty(&[LOCK])?;
            fs::remove_file(self.path.join(LOCK))?;
        }
        fs::remove_dir(&self.path)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // After a panic nobody knows how far things were: as after a kill, the next run sees to it.
        if !self.keep.get() && !std::thread::panicking() {
            // What cannot be removed is in nobody's way.
            let _ = self.remove();
            // A folder in which something stands is not removed.
            for folder in &self.made {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

fn busy(place: &Path, hidden: &Path) -> Error {
    let who = holder(&hidden.join(HOLDER)).unwrap_or_else(|| "another process".to_owned());
    Error::file("write into", place, format!("{who} is at work there; wait until it is done"))
}

/// Returns which process works there, as it has noted itself. Anyone who can write into the folder can write this, so
/// we don't wait for a pipe, and we leave out what a terminal would execute instead of showing.
fn holder(path: &Path) -> Option<String> {
    if !fs::symlink_metadata(path).ok()?.is_file() {
        return None;
    }
    let mut start = vec![];
    File::open(path).ok()?.take(4_096).read_to_end(&mut start).ok()?;
    let shown = |c: &char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}');
        !c.is_control() && !turns
    };
    let holder: String = String::from_utf8_lossy(&start).chars().filter(shown).take(300).collect();
    (!holder.is_empty()).then_some(holder)
}

/// Returns the error that an earlier run left something behind and, without locks, nobody can say whether it has ended.
pub fn unknown(action: &'static str, place: &Path, left: &Path, cause: &io::Error) -> Error {
    let old = left.join(OLD);
    // It was replacing files: they are not to be removed with the rest.
    let first = match fs::read_dir(&old).is_ok_and(|mut entries| entries.next().is_some()) {
        true => format!("move what is in {} back to {}, then ", old.display(), place.display()),
        false => String::new(),
    };
    let told = format!(
        "an earlier run left {}, and files cannot be locked here ({cause}), so it may still be at work; if it is not, \
         {first}remove that",
        left.display()
    );
    Error::file(action, place, told)
}

/// Removes a file or a folder, if it is there.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(cause),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

/// Returns the hidden folders in which no process is working, each with its lock, which is now ours. They are kept
/// unless the caller says otherwise: an error must not remove what a journal needs.
pub fn left_behind(place: &Path) -> io::Result<Vec<Hidden>> {
    let mut found = vec![];
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        // What has vanished meanwhile is nobody's.
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            || !entry.file_type().is_ok_and(|kind| kind.is_dir())
        {
            continue;
        }
        let path = entry.path();
        let lock = match File::open(path.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => Some(lock),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => None,
            _ => continue,
        };
        found.push(Hidden { path, lock, keep: Cell::new(true), made: vec![] });
    }
    Ok(found)
}
