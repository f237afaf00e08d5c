//! The identity and state of a file, so that changes are noticed.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::stamp::Feed;

/// Which file is at a path, and in what state: equal as long as nobody writes to it or puts another in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    kind: Kind,
    bytes: u64,
    /// Nanoseconds since 1970.
    changed: u128,
    inode: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    /// A link, a pipe, a device.
    Other,
}

impl Seen {
    /// Looks at a path; `None` if nothing is there. Links are not followed.
    pub fn at(path: &Path) -> Result<Option<Seen>> {
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Some(Seen::of(&found))),
            Err(cause)
                if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory]
                    .contains(&cause.kind()) =>
            {
                Ok(None)
            }
            Err(cause) => Err(Error::file("read", path, cause)),
        }
    }

    fn of(found: &Metadata) -> Seen {
        let kind = match found.file_type() {
            kind if kind.is_file() => Kind::File,
            kind if kind.is_dir() => Kind::Folder,
            _ => Kind::Other,
        };
        let changed = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Seen {
            kind,
            bytes: found.len(),
            changed: changed.map_or(0, |since| since.as_nanos()),
            inode: inode(found),
        }
    }

    pub fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    /// Formats it as three words for a journal.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            Kind::File => "file",
            Kind::Folder => "folder",
            Kind::Other => "other",
        };
        format!("{kind} {} {} {}", self.bytes, self.changed, self.inode)
    }

    pub fn from_words(text: &str) -> Option<Seen> {
        let mut words = text.split(' ');
        let kind = match words.next()? {
            "file" => Kind::File,
            "folder" => Kind::Folder,
            "other" => Kind::Other,
            _ => return None,
        };
        let bytes = words.next()?.parse().ok()?;
        let changed = words.next()?.parse().ok()?;
        let inode = words.next()?.parse().ok()?;
        Some(Seen { kind, bytes, changed, inode })
    }
}

#[cfg(unix)]
fn inode(found: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    found.ino()
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

/// Tells whether an open file is the one at a path.
pub fn same(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => inode(&ours) == inode(&there),
        _ => false,
    }
}

/// Flushes a folder's list of names to disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// Returns a file's SHA-256, in hexadecimal.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File) if it cannot be read, or is a folder, a pipe or a device.
pub fn sha256(path: &Path) -> Result<String> {
    let fail = |cause: io::Error| Error::file("read", path, cause);
    // Opening a pipe waits for somebody to write into it.
    if !fs::metadata(path).map_err(fail)?.is_file() {
        return Err(Error::file("read", path, "it is not a file"));
    }
    let mut file = File::open(path).map_err(fail)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut io::BufWriter::with_capacity(1 << 18, Feed(&mut hasher)))
        .map_err(fail)?;
    Ok(hexadecimal(hasher))
}

pub fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
