//! Output files: completed next to their destination, then moved there, so that either the old or the new set is whole,
//! whatever happens.
//!
//! [`write()`] is for one file. [`Claim`] is for several that belong together: it reserves their names while they are
//! made, and replaces earlier ones all at once, as far as a file system allows: a journal is on disk before the first
//! file moves, and the next process to look at the folder ([`Claim::take`], [`recover`]) completes what a killed
//! process began.
//!
//! ```
//! use casebook::output::{Claim, Replace};
//!
//! # let place = tempfile::tempdir().unwrap();
//! # let place = place.path();
//! let claim = Claim::take(place, "letters")?;
//! std::fs::write(claim.staging().join("a.txt"), "a").unwrap();
//! std::fs::write(claim.staging().join("b.txt"), "b").unwrap();
//! claim.replace(&["a.txt".into(), "b.txt".into()], &[], &Replace::Any)?;
//! drop(claim);
//! assert_eq!(std::fs::read_dir(place).unwrap().count(), 2);
//! # Ok::<(), casebook::Error>(())
//! ```

mod hidden;
mod journal;
mod single;
mod state;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use hidden::UNFINISHED;
use hidden::{Hidden, left_behind};
use journal::Entry;
pub use journal::stays_inside;
pub use single::{same_file, write};
use state::Seen;
pub(crate) use state::hexadecimal;
pub use state::sha256;

use crate::error::{Error, ErrorKind, Result};

/// The subfolder of a hidden folder for work that is not kept.
const SCRATCH: &str = "scratch";

/// A file that an earlier run wrote, as its record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its path in the folder.
    pub name: PathBuf,
    /// The SHA-256 of its bytes, in hexadecimal; without one, any content counts as the earlier run's.
    pub sha256: Option<String>,
}

/// Which files may be replaced. Folders never are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replace {
    /// Any file with the name.
    Any,
    /// Files of an earlier run that nobody has changed since. Any other file belongs to its owner.
    Known(Vec<Known>),
}

/// The exclusive right to a set of names in a folder, for as long as this value lives, and a hidden folder for files on
/// their way there. Other sets in the same folder, such as another part of the same data, have claims of their own.
#[derive(Debug)]
pub struct Claim {
    place: PathBuf,
    hidden: Hidden,
    /// Hashes of files that were read, so that they are not read twice.
    hashes: RefCell<BTreeMap<PathBuf, (Seen, String)>>,
}

impl Claim {
    /// Claims the set of names called `key` in a folder, which is created if needed. Anything that killed processes
    /// left there is completed or removed first.
    ///
    /// # Errors
    /// [`ErrorKind::File`]: the folder cannot be written, or another process has the claim: it
    /// is named.
    pub fn take(place: &Path, key: &str) -> Result<Claim> {
        let claim = Claim::open(place, key)?;
        claim.hidden.keep(false);
        claim.clear()?;
        Ok(claim)
    }

    /// Does what [`Claim::take`] does, but files in [`staging`](Claim::staging) stay there from an interrupted run to
    /// the next, until [`clear`](Claim::clear) or [`replace`](Claim::replace).
    ///
    /// # Errors
    /// As [`Claim::take`].
    pub fn resume(place: &Path, key: &str) -> Result<Claim> {
        let claim = Claim::open(place, key)?;
        let marked = claim.hidden.mark().and_then(|()| fs::create_dir_all(claim.staging()));
        marked.map_err(|cause| Error::file("write into", place, cause))?;
        Ok(claim)
    }

    fn open(place: &Path, key: &str) -> Result<Claim> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = place.ancestors().take_while(missing).map(Path::to_owned).collect();
        fs::create_dir_all(place).map_err(|cause| Error::file("create", place, cause))?;
        // Another set that cannot be completed is no reason to stop here.
        let _ = recover(place);
        for left in left_behind(place).map_err(|cause| Error::file("read", place, cause))? {
            left.keep(left.is_marked() || journal::is_open(left.path()));
        }
        let mut hidden = Hidden::lock(place, key)?;
        hidden.made_above(made);
        hidden.keep(true);
        journal::recover(place, hidden.path())?;
        Ok(Claim { place: place.to_owned(), hidden, hashes: RefCell::default() })
    }

    /// Returns the folder where new files are written, under the names they will have.
    pub fn staging(&self) -> PathBuf {
        self.hidden.path().join(journal::NEW)
    }

    /// Creates another hidden folder, which is empty and removed with the claim.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be created.
    pub fn scratch(&self) -> Result<PathBuf> {
        let path = self.hidden.path().join(SCRATCH);
        hidden::remove(&path)
            .and_then(|()| fs::create_dir(&path))
            .map_err(|cause| Error::file("write into", &self.place, cause))?;
        Ok(path)
    }

    /// Empties [`staging`](Claim::staging).
    ///
    /// # Errors
    /// [`ErrorKind::File`] if something cannot be removed.
    pub fn clear(&self) -> Result<()> {
        self.hidden
            .clear()
            .and_then(|()| fs::create_dir_all(self.staging()))
            .map_err(|cause| Error::file("write into", &self.place, cause))
    }

    /// Checks that the names are free or may be replaced.
    ///
    /// # Errors
    /// [`ErrorKind::Occupied`], naming the files that are in the way; [`ErrorKind::File`] for a folder there.
    pub fn check(&self, names: &[PathBuf], replace: &Replace) -> Result<()> {
        let mut foreign = vec![];
        for name in names {
            self.parents(name)?;
            let path = self.place.join(name);
            let Some(seen) = Seen::at(&path)? else { continue };
            if seen.is_folder() {
                return Err(Error::file("replace", &path, "it is a folder; move it away"));
            }
            if !self.may_replace(name, &seen, replace)? {
                foreign.push(name.display().to_string());
            }
        }
        if foreign.is_empty() {
            return Ok(());
        }
        Err(ErrorKind::Occupied { folder: self.place.clone(), names: foreign }.into())
    }

    fn may_replace(&self, name: &Path, seen: &Seen, replace: &Replace) -> Result<bool> {
        let Replace::Known(known) = replace else { return Ok(true) };
        let Some(known) = known.iter().find(|known| known.name == name) else { return Ok(false) };
        if !seen.is_file() {
            return Ok(false);
        }
        let Some(hash) = &known.sha256 else { return Ok(true) };
        if let Some((then, found)) = self.hashes.borrow().get(name)
            && then == seen
        {
            return Ok(found == hash);
        }
        let found = sha256(&self.place.join(name))?;
        let same = found == *hash;
        self.hashes.borrow_mut().insert(name.to_owned(), (*seen, found));
        Ok(same)
    }

    /// Checks that the parent folders of a name are folders of this place, not links out of it.
    fn parents(&self, name: &Path) -> Result<()> {
        let mut folders: Vec<&Path> = name.ancestors().skip(1).collect();
        folders.retain(|folder| !folder.as_os_str().is_empty());
        for folder in folders.into_iter().rev() {
            let path = self.place.join(folder);
            if Seen::at(&path)?.is_some_and(|seen| !seen.is_folder()) {
                let cause = "it is where a folder must go; move it away";
                return Err(Error::file("write into", &path, cause));
            }
        }
        Ok(())
    }

    /// Moves files from [`staging`](Claim::staging) to their place, in this order: the presence of the last one says
    /// that all are there. Earlier files with these names are replaced, and those in `obsolete` removed, unless they
    /// were changed. After an error, everything is as it was before; if even that fails, the error says so, and
    /// [`recover`] completes the replacement later.
    ///
    /// # Errors
    /// Those of [`Claim::check`]; [`ErrorKind::File`]: the system's;
    /// [`ErrorKind::HalfReplaced`]: the earlier files could not be put back.
    pub fn replace(&self, names: &[PathBuf], obsolete: &[Known], may: &Replace) -> Result<()> {
        self.replace_watched(names, obsolete, may, &mut |_| Ok(()))
    }

    /// Does the same, and calls `watch` before each change on disk, so that tests can stop at any of them.
    fn replace_watched(
        &self,
        names: &[PathBuf],
        obsolete: &[Known],
        may: &Replace,
        watch: &mut journal::Watch,
    ) -> Result<()> {
        self.check(names, may)?;
        let mut entries = vec![];
        for known in obsolete {
            let unchanged = Replace::Known(vec![known.clone()]);
            if let Some(seen) = Seen::at(&self.place.join(&known.name))?
                && self.may_replace(&known.name, &seen, &unchanged)?
            {
                entries.push(Entry { name: known.name.clone(), old: Some(seen), new: false });
            }
        }
        for name in names {
            let (new, path) = (self.staging().join(name), self.place.join(name));
            let synced = fs::File::open(&new).and_then(|file| file.sync_all());
            synced.map_err(|cause| Error::file("write", &path, cause))?;
            entries.push(Entry { name: name.clone(), old: Seen::at(&path)?, new: true });
        }
        if entries.is_empty() {
            self.hidden.keep(false);
            return Ok(());
        }
        let settled = journal::swap(&self.place, self.hidden.path(), &entries, watch);
        match settled {
            Ok(()) => self.hidden.keep(false),
            // What is half done is kept for whoever comes next.
            Err(_) if journal::is_open(self.hidden.path()) => self.hidden.keep(true),
            Err(_) => {}
        }
        settled
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if std::thread::panicking() || journal::is_open(self.hidden.path()) {
            return;
        }
        let _ = hidden::remove(&self.hidden.path().join(SCRATCH));
        // Nothing to go on with.
        if fs::read_dir(self.staging()).is_ok_and(|mut entries| entries.next().is_none()) {
            self.hidden.keep(false);
        }
    }
}

/// Completes what killed processes had begun to put into a folder; returns how many sets of files there were. Sets that
/// running processes are working on are left alone.
///
/// # Errors
/// [`ErrorKind::File`]: the folder cannot be read or written, or a file that someone has put there in the meantime is
/// in the way: it is named.
pub fn recover(place: &Path) -> Result<usize> {
    let left = left_behind(place).map_err(|cause| Error::file("read", place, cause))?;
    let mut completed = Ok(0);
    for hidden in left {
        match journal::recover(place, hidden.path()) {
            Ok(true) => {
                hidden.keep(false);
                completed = completed.map(|count| count + 1);
            }
            Ok(false) => {}
            Err(error) => completed = completed.and(Err(error)),
        }
    }
    completed
}

/// Returns what interrupted runs left in a folder: files that no running process keeps locked.
///
/// # Errors
/// The system's, if the folder cannot be read.
pub fn unfinished(place: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![];
    for hidden in left_behind(place)? {
        found.push(hidden.path().to_owned());
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests;
