//! One file, written whole.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::hidden::{UNFINISHED, unknown};
use super::state::{hexadecimal, same, sync_folder};
use crate::error::{Error, Result};

/// Writes a file completely or not at all: the earlier content stays until the new bytes are on disk. Links are
/// followed, and anything that is not a file, such as a pipe or `/dev/stdout`, is written directly.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File): it is a folder, or cannot be written; another process is writing it.
///
/// ```
/// # let place = tempfile::tempdir().unwrap();
/// # let place = place.path();
/// casebook::output::write(&place.join("letter.txt"), b"Dear reader")?;
/// assert_eq!(std::fs::read(place.join("letter.txt")).unwrap(), b"Dear reader");
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_watched(path, bytes, &mut |_| Ok(()))
}

pub(super) fn write_watched(
    path: &Path,
    bytes: &[u8],
    watch: &mut super::journal::Watch,
) -> Result<()> {
    let fail = |cause: io::Error| Error::file("write", path, cause);
    let folder = |path: &Path| match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let target = match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Err(fail(io::ErrorKind::IsADirectory.into())),
        Ok(found) if !found.is_file() => {
            let written = OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|mut file| file.write_all(bytes));
            return written.map_err(fail);
        }
        // The file a link leads to is replaced, not the link.
        Ok(_) => fs::canonicalize(path).map_err(fail)?,
        Err(_) => path.to_owned(),
    };
    let name = target.file_name().ok_or_else(|| fail(io::ErrorKind::InvalidFilename.into()))?;
    let folder = folder(&target);
    let hidden = folder.join(draft_name(name));
    let mut file = draft(path, &hidden)?;
    let written = (|| {
        // Who may read the earlier file may read this one, and nobody else, not even while it is written.
        if let Ok(found) = fs::metadata(&target) {
            file.set_permissions(found.permissions())?;
        }
        watch("write")?;
        file.write_all(bytes)?;
        file.sync_all()?;
        watch("replace")?;
        fs::rename(&hidden, &target)
    })();
    if let Err(cause) = written {
        let _ = fs::remove_file(&hidden);
        return Err(fail(cause));
    }
    sync_folder(&folder).map_err(fail)
}

/// Returns the name of a file while it is unfinished: a name that is too long with the prefix is replaced by its hash.
fn draft_name(name: &OsStr) -> OsString {
    const LONGEST: usize = 255;
    let mut hidden = OsString::from(UNFINISHED);
    match hidden.len() + name.len() <= LONGEST {
        true => hidden.push(name),
        false => hidden.push(hexadecimal(Sha256::new_with_prefix(name.as_encoded_bytes()))),
    }
    hidden
}

/// Creates a hidden file, locked as long as it is open; one left by a killed process is replaced.
fn draft(path: &Path, hidden: &Path) -> Result<File> {
    let fail = |cause: io::Error| Error::file("write", path, cause);
    let busy = || Error::file("write", path, "another process is writing it");
    loop {
        match OpenOptions::new().write(true).create_new(true).open(hidden) {
            Ok(file) => {
                // Another process may take it for left behind before it is locked.
                if !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && same(&file, hidden)
                {
                    return Ok(file);
                }
            }
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                match fs::symlink_metadata(hidden) {
                    Ok(found) if found.is_file() => {}
                    Ok(_) => return Err(Error::file("write", hidden, "it is not a file")),
                    Err(_) => continue,
                }
                let left = match File::open(hidden) {
                    Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                    left => left.map_err(|cause| Error::file("write", hidden, cause))?,
                };
                match left.try_lock() {
                    Err(TryLockError::WouldBlock) => return Err(busy()),
                    Err(TryLockError::Error(cause)) => {
                        return Err(unknown("write", path, hidden, &cause));
                    }
                    Ok(()) if same(&left, hidden) => fs::remove_file(hidden).map_err(fail)?,
                    Ok(()) => {}
                }
            }
            Err(cause) => return Err(fail(cause)),
        }
    }
}

/// Tells whether two paths lead to the same file.
pub fn same_file(one: &Path, two: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(two)) {
        #[cfg(unix)]
        (Ok(a), Ok(b)) => {
            use std::os::unix::fs::MetadataExt;
            (a.dev(), a.ino()) == (b.dev(), b.ino())
        }
        #[cfg(not(unix))]
        (Ok(_), Ok(_)) => {
            matches!((fs::canonicalize(one), fs::canonicalize(two)), (Ok(a), Ok(b)) if a == b)
        }
        _ => false,
    }
}
