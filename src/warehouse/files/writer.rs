//! Writing one file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use polars::prelude::*;
use polars_io::SerWriter;
use polars_io::csv::write::{BatchedWriter as CsvBatches, CsvWriter};
use sha2::{Digest, Sha256};

use super::super::parquet::Batches as ParquetBatches;
use super::{Format, Written};
use crate::error::{Error, Result};
use crate::output::hexadecimal;

/// One file being written.
pub struct Writer {
    /// The destination path, for messages.
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
    pub fn create(path: &Path, shown: PathBuf, format: Format, schema: &Schema) -> Result<Writer> {
        let file = File::create(path).map_err(|cause| Error::file("write", &shown, cause))?;
        let hashed = Hashed { file, hasher: Sha256::new(), bytes: 0 };
        let out = Shared(Arc::new(Mutex::new(BufWriter::with_capacity(1 << 18, hashed))));
        let encoder = match format {
            Format::Csv => CsvWriter::new(out.clone())
                // A fraction of a second stands only where there is one.
                .with_datetime_format(Some("%Y-%m-%d %H:%M:%S%.f".into()))
                .batched(schema)
                .map(Encoder::Csv),
            Format::Parquet => ParquetBatches::new(out.clone(), schema)
                .map(|batches| Encoder::Parquet(Box::new(batches))),
        };
        let encoder = encoder.map_err(|cause| Error::file("write", &shown, cause))?;
        Ok(Writer { shown, out, encoder, rows: 0 })
    }

    pub fn append(&mut self, rows: &DataFrame) -> Result<()> {
        self.rows += rows.height() as u64;
        match &mut self.encoder {
            Encoder::Csv(batches) => batches.write_batch(rows),
            Encoder::Parquet(batches) => batches.append(rows),
        }
        .map_err(|cause| Error::file("write", &self.shown, cause))
    }

    /// Flushes the file to disk and returns what was written; `path` is its destination.
    pub fn finish(&mut self, path: PathBuf) -> Result<Written> {
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

/// A file whose bytes are counted and hashed as they are written.
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
    /// Returns how many bytes are on disk, and their hash.
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
