//! Which files to read, and what is in them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use casebook::Result;

use super::trouble::trouble;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Csv,
    /// A JSON object on each line.
    Lines,
    Parquet,
}

/// A file, opened.
pub enum Opened {
    /// Text in UTF-8, unpacked.
    Text(Form, Box<dyn Read + Send>),
    /// A Parquet file on disk.
    Parquet,
    /// The same, from standard input.
    ParquetBytes(Vec<u8>),
}

const STANDARD_INPUT: &str = "-";
const PACKED: [&str; 4] = [".gz", ".gzip", ".zst", ".zstd"];

/// Tells the content from a file's name: nothing if it has no extension.
fn form(path: &Path) -> Option<Result<Form, ()>> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let name = PACKED.iter().find_map(|packed| name.strip_suffix(packed)).unwrap_or(&name);
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending {
        "csv" | "tsv" | "txt" | "tab" | "psv" => Ok(Form::Csv),
        "jsonl" | "ndjson" | "json" => Ok(Form::Lines),
        "parquet" | "pq" => Ok(Form::Parquet),
        _ => Err(()),
    })
}

/// Returns the files that names, folders and patterns stand for, in order.
pub fn expand(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for path in given {
        if path.as_os_str() == STANDARD_INPUT {
            files.push(path.clone());
        } else if path.is_dir() {
            files.extend(folder(path)?);
        } else if !path.exists()
            && let Some(pattern) = path.to_str().filter(|text| text.contains(['*', '?', '[']))
        {
            files.extend(matching(path, pattern)?);
        } else {
            files.push(path.clone());
        }
    }
    once(&files)?;
    Ok(files)
}

/// Checks that no file is given twice: its rows would count twice.
fn once(files: &[PathBuf]) -> Result<()> {
    let mut known = BTreeSet::new();
    for file in files {
        let standard = file.as_os_str() == STANDARD_INPUT;
        let really = match standard {
            true => file.clone(),
            false => fs::canonicalize(file).unwrap_or_else(|_| file.clone()),
        };
        if !known.insert(really) {
            let name = if standard { "standard input" } else { "this file" };
            return Err(trouble(
                file,
                format!("{name} is named twice, and its rows would count twice"),
            ));
        }
    }
    Ok(())
}

fn matching(path: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let found = glob::glob(pattern).map_err(|cause| trouble(path, cause.msg))?;
    let mut files = vec![];
    for entry in found {
        let entry = entry.map_err(|cause| {
            let path = cause.path().to_path_buf();
            trouble(&path, std::io::Error::from(cause))
        })?;
        match entry.is_dir() {
            true => files.extend(folder(&entry)?),
            false => files.push(entry),
        }
    }
    if files.is_empty() {
        return Err(trouble(path, "no file matches this pattern"));
    }
    Ok(files)
}

/// Lists the data files in a folder and its subfolders, by name. Names that begin with a dot or an underscore belong to
/// some program and are skipped.
fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    fn walk(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
        let mut entries =
            fs::read_dir(path)?.map(|e| Ok(e?.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with(['.', '_']) {
                continue;
            }
            if entry.is_dir() {
                // A link may lead back here, and then every file counts many times.
                if !entry.is_symlink() {
                    walk(&entry, files)?;
                }
            } else if matches!(form(&entry), Some(Ok(_))) {
                files.push(entry);
            }
        }
        Ok(())
    }
    let mut files = vec![];
    walk(path, &mut files).map_err(|cause| trouble(path, cause))?;
    let kinds = |file: &PathBuf| form(file).and_then(Result::ok);
    let Some(first) = files.first() else {
        return Err(trouble(path, "it is a directory without .csv, .jsonl or .parquet files"));
    };
    if let Some(other) = files.iter().find(|file| kinds(file) != kinds(first)) {
        let [first, other] = [first, other].map(|file| file.display().to_string());
        let problem = format!(
            "it is a directory with files of several kinds, such as {first} and {other}; name \
             those you mean, such as \"{}/*.csv\"",
            path.display()
        );
        return Err(trouble(path, problem));
    }
    Ok(files)
}

/// Returns a reader and its first bytes.
fn peek(mut reader: Box<dyn Read + Send>) -> io::Result<(Vec<u8>, Box<dyn Read + Send>)> {
    let mut start = vec![];
    reader.by_ref().take(64).read_to_end(&mut start)?;
    Ok((start.clone(), Box::new(Cursor::new(start).chain(reader))))
}

/// Opens a file and finds out what it holds.
pub fn open(path: &Path) -> Result<Opened> {
    let standard = path.as_os_str() == STANDARD_INPUT;
    let raw: Box<dyn Read + Send> = match standard {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path).map_err(|cause| trouble(path, cause))?),
    };
    let (start, reader) = peek(raw).map_err(|cause| trouble(path, cause))?;
    let packing = match start.as_slice() {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        _ => None,
    };
    let unpacked: Box<dyn Read + Send> = match packing {
        Some("gzip") => Box::new(flate2::read::MultiGzDecoder::new(reader)),
        Some(_) => crate::unpack::zstd(reader).map_err(|cause| trouble(path, cause))?,
        None => reader,
    };
    let (start, mut reader) = match packing {
        Some(packing) => peek(unpacked).map_err(|cause| {
            trouble(path, format!("it is damaged ({packing}): {cause}")).with_source(cause)
        })?,
        None => (start, unpacked),
    };
    if start.is_empty() {
        return Err(trouble(path, "it is empty"));
    }
    let named = if standard { None } else { form(path) };
    if let Some(Err(())) = named {
        let problem = "the name must end in .csv, .parquet, .tsv, .txt, .jsonl, .ndjson or .json, \
                       optionally with .gz or .zst; rename it, or give - < FILE to detect the \
                       format";
        return Err(trouble(path, problem));
    }
    let named = named.and_then(Result::ok);
    let called = |really: &str| {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let problem = match named {
            Some(_) => format!("it is called .{ending} and is {really}"),
            None => format!("it is {really}"),
        };
        trouble(path, problem)
    };
    match start.as_slice() {
        [b'P', b'A', b'R', b'1', ..] => {
            return match (named, packing) {
                (Some(Form::Csv | Form::Lines), _) => Err(called("a Parquet file")),
                (_, Some(packing)) => {
                    Err(called(&format!("compressed with {packing}; decompress it first")))
                }
                _ if standard => {
                    let mut bytes = vec![];
                    reader.read_to_end(&mut bytes).map_err(|cause| trouble(path, cause))?;
                    Ok(Opened::ParquetBytes(bytes))
                }
                _ => Ok(Opened::Parquet),
            };
        }
        [b'P', b'K', 3, 4, ..] => {
            return Err(called("a zip archive or a spreadsheet; save it as CSV first"));
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            let mut bytes = vec![];
            reader.read_to_end(&mut bytes).map_err(|cause| trouble(path, cause))?;
            let text = utf16(&bytes)
                .ok_or_else(|| called("not the UTF-16 text that its first bytes announce"))?;
            reader = Box::new(Cursor::new(text.into_bytes()));
        }
        [0xef, 0xbb, 0xbf, ..] => {
            reader.read_exact(&mut [0; 3]).map_err(|cause| trouble(path, cause))?;
        }
        start if start.contains(&0) => return Err(called("binary data")),
        _ => {}
    }
    if named == Some(Form::Parquet) {
        return Err(called("text"));
    }
    let (start, reader) = peek(reader).map_err(|cause| trouble(path, cause))?;
    let first = start.trim_ascii_start().first();
    let form = match (named, first) {
        (Some(Form::Csv), _) => Form::Csv,
        (_, Some(b'{')) => Form::Lines,
        (Some(_), Some(b'[')) => {
            let problem =
                "it is one JSON array; write an object on each line, such as with jq -c '.[]'";
            return Err(trouble(path, problem));
        }
        (Some(_), _) => return Err(called("not a JSON object on each line")),
        (None, _) => Form::Csv,
    };
    Ok(Opened::Text(form, reader))
}

/// Decodes UTF-16 text with a byte order mark.
fn utf16(bytes: &[u8]) -> Option<String> {
    let little = bytes.first() == Some(&0xff);
    let pairs = bytes.get(2..)?.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let units = pairs.map(|pair| match pair {
        [a, b] if little => u16::from_le_bytes([*a, *b]),
        [a, b] => u16::from_be_bytes([*a, *b]),
        _ => 0,
    });
    char::decode_utf16(units).collect::<std::result::Result<String, _>>().ok()
}
