//! CSV and Parquet.
//!
//! Files are written into a hidden folder beside their place and moved there when all are complete,
//! so an interrupted run leaves nothing that looks finished. What it leaves is removed by the next.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::*;
use polars_io::csv::read::{CsvParseOptions, CsvReadOptions};
use polars_io::csv::write::{BatchedWriter as CsvBatches, CsvWriter};
use polars_io::parquet::read::ParquetReader;
use polars_io::{SerReader, SerWriter};
use sha2::{Digest, Sha256};

use super::Sink;
use super::parquet::Batches as ParquetBatches;
use crate::error::{Error, Result};
use crate::stamp::Feed;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Comma-separated, with a header; moments as `2021-01-31 23:59:59`.
    #[default]
    Csv,
    /// Parquet with zstd compression.
    Parquet,
}

impl Format {
    /// The file name's ending.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Format> {
        match text {
            "csv" => Ok(Format::Csv),
            "parquet" => Ok(Format::Parquet),
            _ => Err(Error::config("format", format!("\"{text}\""), "csv or parquet")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// Folders of files on their way begin with this.
pub const UNFINISHED: &str = ".casebook-unfinished-";
/// In such a folder, what its process keeps locked for as long as it lives.
const LOCK: &str = "lock";

/// A file that was written: see [`Folder::finish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// How many rows it holds.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// A file's SHA-256, in hexadecimal: what [`Written::sha256`] was, if the file is still the same.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File) if it cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let fail = |cause: io::Error| Error::file("read", path, cause);
    let mut file = File::open(path).map_err(fail)?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut io::BufWriter::with_capacity(1 << 18, Feed(&mut hasher)))
        .map_err(fail)?;
    Ok(hexadecimal(hasher))
}

fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A folder that receives one file per table.
///
/// ```
/// use casebook::simulate::saas;
/// use casebook::warehouse::{Sink, files::{Folder, Format, read}};
///
/// let tables = saas::generate(&saas::Config { companies: 5, ..Default::default() })?;
/// # let place = tempfile::tempdir().unwrap();
/// # let place = place.path();
/// let mut folder = Folder::create(place, Format::Csv, "")?;
/// folder.append("companies", &tables.companies)?;
/// let written = folder.finish()?;
/// assert_eq!(read(&written[0].path)?, tables.companies);
/// assert_eq!(written[0].rows, 5);
/// # Ok::<(), casebook::Error>(())
/// ```
pub struct Folder {
    place: PathBuf,
    staging: Staging,
    format: Format,
    suffix: String,
    tables: Vec<(&'static str, Writer)>,
}

impl Folder {
    /// Starts writing into a folder, made if it is not there. Files are called table + `suffix` +
    /// the format's extension.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File) if the folder cannot be made or written.
    pub fn create(place: &Path, format: Format, suffix: &str) -> Result<Folder> {
        fs::create_dir_all(place).map_err(|cause| Error::file("create", place, cause))?;
        let fail = |cause: io::Error| Error::file("write into", place, cause);
        for (path, lock) in left_behind(place).map_err(fail)? {
            drop(Staging { path, lock });
        }
        let staging = Staging::new(place).map_err(fail)?;
        Ok(Folder {
            place: place.to_owned(),
            staging,
            format,
            suffix: suffix.to_owned(),
            tables: vec![],
        })
    }

    fn file_name(&self, table: &str) -> String {
        format!("{table}{}.{}", self.suffix, self.format.extension())
    }

    /// Completes all files and moves them to their place, replacing earlier ones. Returns them in the order
    /// the tables were first written.
    ///
    /// # Errors
    /// [`ErrorKind::File`](crate::ErrorKind::File), naming the file; full disks show here at the
    /// latest.
    pub fn finish(self) -> Result<Vec<Written>> {
        self.complete(None, |_| Ok(String::new()))
    }

    /// As [`Folder::finish`], with one more file that comes last: a text about the others, whose presence
    /// says that all of them are there.
    ///
    /// # Errors
    /// Those of [`Folder::finish`], and those of `text`.
    pub fn seal(
        self,
        name: &str,
        text: impl FnOnce(&[Written]) -> Result<String>,
    ) -> Result<Vec<Written>> {
        self.complete(Some(name), text)
    }

    fn complete(
        mut self,
        seal: Option<&str>,
        text: impl FnOnce(&[Written]) -> Result<String>,
    ) -> Result<Vec<Written>> {
        let names: Vec<String> =
            self.tables.iter().map(|(table, _)| self.file_name(table)).collect();
        let mut done = vec![];
        for ((_, writer), name) in self.tables.iter_mut().zip(&names) {
            done.push(writer.finish(self.place.join(name))?);
        }
        let mut order: Vec<(&str, PathBuf)> = names
            .iter()
            .map(String::as_str)
            .zip(done.iter().map(|file| file.path.clone()))
            .collect();
        if let Some(name) = seal {
            let path = self.place.join(name);
            let fail = |cause: io::Error| Error::file("write", &path, cause);
            let mut file = File::create(self.staging.path().join(name)).map_err(fail)?;
            file.write_all(text(&done)?.as_bytes()).map_err(fail)?;
            file.sync_all().map_err(fail)?;
            order.push((name, path));
        }
        // Old files go first, the seal before all, and the last one comes last, so that at no moment does a
        // mixture of old and new look like a complete set.
        for (_, path) in order.iter().rev().filter(|(_, path)| path.exists()) {
            fs::remove_file(path).map_err(|cause| Error::file("replace", path, cause))?;
        }
        for (name, path) in &order {
            fs::rename(self.staging.path().join(name), path)
                .map_err(|cause| Error::file("write", path, cause))?;
        }
        Ok(done)
    }
}

/// What interrupted runs left in a folder: no living process keeps it locked.
///
/// # Errors
/// The system's, if the folder cannot be read.
pub fn unfinished(place: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = left_behind(place)?.into_iter().map(|(path, _)| path).collect();
    found.sort_unstable();
    Ok(found)
}

/// A hidden folder for files on their way, removed with this value. Its lock tells other processes that somebody is at
/// work in it; as it is the first thing in and the last one out, a folder without one is empty, at whatever moment its
/// process was killed.
struct Staging {
    path: PathBuf,
    lock: Option<File>,
}

impl Staging {
    fn new(place: &Path) -> io::Result<Staging> {
        loop {
            let path = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(place)?.keep();
            let lock = match File::create(path.join(LOCK)) {
                // Another process took the empty folder for left behind: then once more.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => continue,
                lock => lock?,
            };
            // It may also do so before the lock is ours. Where files cannot be locked at all, none is taken for left
            // behind either.
            let taken = matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock));
            let staging = Staging { path, lock: Some(lock) };
            if !taken && staging.path.join(LOCK).exists() {
                return Ok(staging);
            }
        }
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn remove(&self) -> io::Result<()> {
        if self.lock.is_some() {
            for entry in fs::read_dir(&self.path)? {
                let entry = entry?;
                if entry.file_name() != LOCK {
                    fs::remove_file(entry.path())?;
                }
            }
            fs::remove_file(self.path.join(LOCK))?;
        }
        fs::remove_dir(&self.path)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed is in nobody's way.
        let _ = self.remove();
    }
}

/// The hidden folders in which nobody is at work, each with its lock, which is now ours.
fn left_behind(place: &Path) -> io::Result<Vec<(PathBuf, Option<File>)>> {
    let mut found = vec![];
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            continue;
        }
        let path = entry.path();
        match File::open(path.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => found.push((path, Some(lock))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => found.push((path, None)),
            _ => {}
        }
    }
    Ok(found)
}

impl Sink for Folder {
    fn append(&mut self, table: &'static str, rows: &DataFrame) -> Result<()> {
        let index = match self.tables.iter().position(|(name, _)| *name == table) {
            Some(index) => index,
            None => {
                let name = self.file_name(table);
                let shown = self.place.join(&name);
                let path = self.staging.path().join(&name);
                self.tables
                    .push((table, Writer::create(&path, shown, self.format, rows.schema())?));
                self.tables.len() - 1
            }
        };
        self.tables[index].1.append(rows)
    }
}

/// One file being written.
struct Writer {
    /// Where it will be: the path for messages.
    shown: PathBuf,
    out: Shared,
    encoder: Encoder,
    rows: u64,
}

enum Encoder {
    Csv(CsvBatches<Shared>),
    Parquet(Box<ParquetBatches<Shared>>),
}

impl Writer {
    fn create(path: &Path, shown: PathBuf, format: Format, schema: &Schema) -> Result<Writer> {
        let file = File::create(path).map_err(|cause| Error::file("write", &shown, cause))?;
        let hashed = Hashed { file, hasher: Sha256::new(), bytes: 0 };
        let out = Shared(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 18, hashed))));
        let encoder = match format {
            Format::Csv => CsvWriter::new(out.clone())
                .with_datetime_format(Some("%Y-%m-%d %H:%M:%S".into()))
                .batched(schema)
                .map(Encoder::Csv),
            Format::Parquet => ParquetBatches::new(out.clone(), schema)
                .map(|batches| Encoder::Parquet(Box::new(batches))),
        };
        let encoder = encoder.map_err(|cause| Error::file("write", &shown, cause))?;
        Ok(Writer { shown, out, encoder, rows: 0 })
    }

    fn append(&mut self, rows: &DataFrame) -> Result<()> {
        self.rows += rows.height() as u64;
        match &mut self.encoder {
            Encoder::Csv(batches) => batches.write_batch(rows),
            Encoder::Parquet(batches) => batches.append(rows),
        }
        .map_err(|cause| Error::file("write", &self.shown, cause))
    }

    /// What was written, once it is on the disk; `path` is where it will be.
    fn finish(&mut self, path: PathBuf) -> Result<Written> {
        match &mut self.encoder {
            Encoder::Csv(batches) => batches.finish(),
            Encoder::Parquet(batches) => batches.finish(),
        }
        .map_err(|cause| Error::file("write", &self.shown, cause))?;
        let (bytes, sha256) =
            self.out.complete().map_err(|cause| Error::file("write", &self.shown, cause))?;
        Ok(Written { path, rows: self.rows, bytes, sha256 })
    }
}

/// A file whose bytes are counted and hashed on their way.
struct Hashed {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that polars writes into and we can still flush afterwards: dropping a buffer would swallow
/// the error of a full disk.
#[derive(Clone)]
struct Shared(Arc<Mutex<BufWriter<Hashed>>>);

impl Shared {
    /// How many bytes are on the disk, and their hash.
    fn complete(&self) -> io::Result<(u64, String)> {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.flush()?;
        let hashed = out.get_ref();
        hashed.file.sync_all()?;
        Ok((hashed.bytes, hexadecimal(hashed.hasher.clone())))
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).flush()
    }
}

/// Reads a file this module wrote, by its extension; dates and moments in CSV are recognised.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File) if it is not there or not readable as what it says it
/// is.
pub fn read(path: impl AsRef<Path>) -> Result<DataFrame> {
    pick(path.as_ref(), None)
}

/// [`read`], but only these columns: what is not needed is not decoded.
///
/// # Errors
/// As [`read`]; a column that is not there.
pub fn read_columns(path: impl AsRef<Path>, columns: &[&str]) -> Result<DataFrame> {
    pick(path.as_ref(), Some(columns))
}

/// A table's files in a folder, in the order of their parts: `table.parquet`, or `table-1-of-4.parquet` to
/// `table-4-of-4.parquet`. One after the other, they hold the rows of the whole. A table that is there with the first
/// part only, as those are that belong to no user, is taken to be whole where other tables have further parts:
/// `casebook doctor` knows better.
///
/// # Errors
/// [`ErrorKind::File`](crate::ErrorKind::File) if there is none, or not every part: the first that is missing is named.
///
/// ```
/// use casebook::warehouse::{Sink, files};
///
/// # let place = tempfile::tempdir().unwrap();
/// # let place = place.path();
/// for suffix in ["-1-of-2", "-2-of-2"] {
///     let mut folder = files::Folder::create(place, files::Format::Parquet, suffix)?;
///     folder.append("plans", &casebook::simulate::notion::plans()?)?;
///     folder.finish()?;
/// }
/// let found = files::parts(place, "plans", files::Format::Parquet)?;
/// assert_eq!(found, [place.join("plans-1-of-2.parquet"), place.join("plans-2-of-2.parquet")]);
/// # Ok::<(), casebook::Error>(())
/// ```
pub fn parts(folder: &Path, table: &str, format: Format) -> Result<Vec<PathBuf>> {
    let whole = folder.join(format!("{table}.{format}"));
    if whole.exists() {
        return Ok(vec![whole]);
    }
    let entries = fs::read_dir(folder).map_err(|cause| Error::file("read", folder, cause))?;
    let number = |path: PathBuf| -> Option<(String, u32, u32)> {
        let name = path.file_name()?.to_str()?.strip_suffix(&format!(".{format}"))?;
        let (rest, n) = name.rsplit_once("-of-")?;
        let (table, k) = rest.rsplit_once('-')?;
        Some((table.to_owned(), n.parse().ok()?, k.parse().ok()?))
    };
    let all: Vec<(String, u32, u32)> =
        entries.flatten().filter_map(|entry| number(entry.path())).collect();
    let found: BTreeSet<(u32, u32)> =
        all.iter().filter(|(name, ..)| name == table).map(|(_, of, k)| (*of, *k)).collect();
    let mut missing = whole;
    for of in found.iter().map(|(of, _)| *of).collect::<BTreeSet<u32>>() {
        let path = |k| folder.join(format!("{table}-{k}-of-{of}.{format}"));
        // What belongs to nobody lies with the first part alone, beside the others' tables.
        let parts = found.range((of, 0)..(of + 1, 0));
        let others = all.iter().any(|(_, n, k)| *n == of && *k > 1);
        if others && parts.map(|(_, k)| *k).eq([1]) {
            return Ok(vec![path(1)]);
        }
        match (1..=of).find(|k| !found.contains(&(of, *k))) {
            None => return Ok((1..=of).map(path).collect()),
            Some(k) => missing = path(k),
        }
    }
    Err(Error::file("read", &missing, "it is not there"))
}

fn pick(path: &Path, columns: Option<&[&str]>) -> Result<DataFrame> {
    let fail = |cause: &dyn fmt::Display| Error::file("read", path, cause);
    let file = File::open(path).map_err(|cause| fail(&cause))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => CsvReadOptions::default()
            .with_infer_schema_length(Some(10_000))
            .with_columns(
                columns.map(|columns| columns.iter().map(|name| (*name).into()).collect()),
            )
            .with_parse_options(CsvParseOptions::default().with_try_parse_dates(true))
            .into_reader_with_file_handle(file)
            .finish(),
        Some("parquet") => ParquetReader::new(file)
            .with_columns(columns.map(|columns| columns.iter().map(ToString::to_string).collect()))
            .finish(),
        _ => return Err(fail(&"the name ends neither in .csv nor in .parquet")),
    }
    .map_err(|cause| fail(&cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::saas;

    fn tables() -> saas::Tables {
        saas::generate(&saas::Config { companies: 40, ..Default::default() }).unwrap()
    }

    fn write(place: &Path, format: Format) -> Vec<PathBuf> {
        written(place, format).into_iter().map(|file| file.path).collect()
    }

    fn written(place: &Path, format: Format) -> Vec<Written> {
        let tables = tables();
        let mut folder = Folder::create(place, format, "").unwrap();
        for (table, rows) in tables.named() {
            // In two pieces, as a stream would.
            let half = rows.height() / 2;
            folder.append(table, &rows.slice(0, half)).unwrap();
            folder.append(table, &rows.slice(half as i64, rows.height())).unwrap();
        }
        folder.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        for format in [Format::Csv, Format::Parquet] {
            let place = tempfile::tempdir().unwrap();
            let paths = write(place.path(), format);
            for ((table, rows), path) in tables().named().iter().zip(&paths) {
                assert!(read(path).unwrap().equals_missing(rows), "{table} as {format}");
            }
        }
    }

    #[test]
    fn writing_again_gives_the_same_bytes() {
        for format in [Format::Csv, Format::Parquet] {
            let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let paths = write(one.path(), format).into_iter().zip(write(two.path(), format));
            for (a, b) in paths {
                assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap(), "{a:?}");
            }
        }
    }

    #[test]
    fn a_written_file_is_counted_and_hashed() {
        for format in [Format::Csv, Format::Parquet] {
            let place = tempfile::tempdir().unwrap();
            for file in written(place.path(), format) {
                assert_eq!(file.rows, read(&file.path).unwrap().height() as u64);
                assert_eq!(file.bytes, fs::metadata(&file.path).unwrap().len());
                assert_eq!(file.sha256, sha256(&file.path).unwrap());
                assert_eq!(file.sha256.len(), 64);
            }
        }
    }

    #[test]
    fn the_seal_comes_last_and_what_was_left_behind_goes() {
        let place = tempfile::tempdir().unwrap();
        let start = || Folder::create(place.path(), Format::Csv, "").unwrap();
        let left = place.path().join(".casebook-unfinished-of-a-killed-process");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        let mut alive = start();
        assert!(!left.exists());
        alive.append("companies", &tables().companies).unwrap();
        let mut folder = start();
        folder.append("plans", &tables().plans).unwrap();
        let text = |files: &[Written]| Ok(format!("{} file", files.len()));
        folder.seal("seal.txt", text).unwrap();
        assert_eq!(fs::read_to_string(place.path().join("seal.txt")).unwrap(), "1 file");
        // The one still at work was left alone.
        alive.finish().unwrap();
        assert!(place.path().join("companies.csv").exists());
        assert!(unfinished(place.path()).unwrap().is_empty());
    }

    /// A process may be killed before its folder has a lock, or when the folder is all but removed.
    #[test]
    fn an_empty_folder_without_a_lock_was_left_behind() {
        let place = tempfile::tempdir().unwrap();
        let left = place.path().join(".casebook-unfinished-of-a-killed-process");
        fs::create_dir(&left).unwrap();
        assert_eq!(unfinished(place.path()).unwrap(), [left.as_path()]);
        assert!(left.exists(), "asking removes nothing");
        let folder = Folder::create(place.path(), Format::Csv, "").unwrap();
        assert!(!left.exists());
        drop(folder);
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    /// Each start looks for what was left behind, while others are just starting.
    #[test]
    fn many_at_once_leave_each_other_alone() {
        let place = tempfile::tempdir().unwrap();
        let companies = tables().companies;
        std::thread::scope(|scope| {
            for name in 0..8 {
                let (place, companies) = (place.path(), &companies);
                scope.spawn(move || {
                    for round in 0..50 {
                        let suffix = format!("-{name}-{round}");
                        let mut folder = Folder::create(place, Format::Csv, &suffix).unwrap();
                        folder.append("companies", companies).unwrap();
                        folder.finish().unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 8 * 50);
    }

    #[test]
    fn parts_are_found_in_their_order_or_the_missing_one_is_named() {
        let place = tempfile::tempdir().unwrap();
        let touch = |name: &str| fs::write(place.path().join(name), "").unwrap();
        let found = || {
            let paths = parts(place.path(), "events", Format::Parquet)?;
            Ok(paths.iter().map(|path| path.file_name().unwrap().to_owned()).collect::<Vec<_>>())
        };
        let missing = |found: Result<Vec<_>>| found.unwrap_err().to_string();
        assert!(missing(found()).contains("events.parquet"));
        for name in ["events-3-of-3.parquet", "events-1-of-3.parquet", "events-x-of-3.parquet"] {
            touch(name);
        }
        touch("plans-1-of-3.parquet");
        touch("alone-1-of-7.parquet");
        let alone = parts(place.path(), "alone", Format::Parquet).unwrap_err().to_string();
        assert!(alone.contains("alone-2-of-7.parquet"), "{alone}");
        let plans = parts(place.path(), "plans", Format::Parquet).unwrap();
        assert_eq!(plans, [place.path().join("plans-1-of-3.parquet")]);
        touch("more_events-2-of-3.parquet");
        touch("events-2-of-3.csv");
        assert!(missing(found()).contains("events-2-of-3.parquet"));
        // A complete set serves, whatever lies beside it.
        (1..=11).for_each(|k| touch(&format!("events-{k}-of-11.parquet")));
        let names = found().unwrap();
        assert_eq!(names.len(), 11);
        assert_eq!(names[10], "events-11-of-11.parquet");
        touch("events.parquet");
        assert_eq!(found().unwrap(), ["events.parquet"]);
    }

    #[test]
    fn an_unfinished_folder_shows_no_files() {
        let place = tempfile::tempdir().unwrap();
        write(place.path(), Format::Csv);
        let before = std::fs::read(place.path().join("sessions.csv")).unwrap();
        let mut folder = Folder::create(place.path(), Format::Csv, "-1-of-2").unwrap();
        folder.append("companies", &tables().companies).unwrap();
        drop(folder);
        let names: Vec<_> = std::fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(names.len(), 4, "{names:?}");
        assert_eq!(std::fs::read(place.path().join("sessions.csv")).unwrap(), before);
    }

    #[test]
    fn some_columns_are_read_alone() {
        let place = tempfile::tempdir().unwrap();
        for format in [Format::Csv, Format::Parquet] {
            for path in write(place.path(), format) {
                let whole = read(&path).unwrap();
                let last = whole.get_column_names_owned().pop().unwrap();
                let one = read_columns(&path, &[last.as_str()]).unwrap();
                assert!(one.equals_missing(&whole.select([last.as_str()]).unwrap()));
                let error = read_columns(&path, &["nothing"]).unwrap_err();
                assert!(error.to_string().contains("nothing"), "{error}");
            }
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("a-file");
        std::fs::write(&file, "x").unwrap();
        let error = Folder::create(&file.join("out"), Format::Csv, "").err().unwrap();
        assert!(error.to_string().contains("a-file"), "{error}");
        assert!(
            read(place.path().join("missing.csv")).unwrap_err().to_string().contains("missing.csv")
        );
        assert!(read(&file).unwrap_err().to_string().contains(".parquet"));
    }
}
