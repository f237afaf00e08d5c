//! Parquet files: row groups and columns decoded in parallel, directly into their final form.
//!
//! Columns are read as Arrow arrays, not as series, because this build of polars has no series for some types that
//! other programs write.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use casebook::Result;
use casebook::polars::prelude::{ArrowDataType, ArrowField};
use polars_buffer::Buffer;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::read::PageReader;
use polars_parquet::read::schema::{parquet_to_arrow_schema, read_schema_from_metadata};
use polars_parquet::read::{
    BasicDecompressor, ColumnChunkMetadata, FileMetadata, column_iter_to_arrays, read_metadata,
};

use super::arrays::{self, Meaning};
use super::contain::contained;
use super::gather::{Block, Fault, Gathered};
use super::part::Part;
use super::trouble::trouble;
use super::{footer, header, pool};

/// Where the bytes come from.
enum Store<'p> {
    Disk(&'p Path),
    Memory(Buffer<u8>),
}

/// Anything that can be read and seeked.
trait Seekable: Read + Seek {}
impl<T: Read + Seek> Seekable for T {}

impl Store<'_> {
    fn open(&self) -> std::io::Result<Box<dyn Seekable>> {
        Ok(match self {
            Store::Disk(path) => Box::new(File::open(path)?),
            Store::Memory(bytes) => Box::new(Cursor::new(bytes.clone())),
        })
    }

    fn bytes(&self, from: u64, length: u64) -> std::io::Result<Buffer<u8>> {
        let mut file = self.open()?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = vec![];
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }
}

fn damaged(cause: impl std::fmt::Display) -> String {
    let cause = cause.to_string();
    format!("it is damaged: {}", cause.lines().next().unwrap_or_default())
}

/// Reads a file, on disk or in memory, into the gathered columns.
pub fn read(gathered: &mut Gathered, path: &Path, bytes: Option<Vec<u8>>) -> Result<()> {
    let file = gathered.file(path);
    let store = bytes.map_or(Store::Disk(path), |bytes| Store::Memory(bytes.into()));
    let fail = |cause: std::io::Error| trouble(path, cause);
    let mut opened = store.open().map_err(fail)?;
    let size = opened.seek(SeekFrom::End(0)).map_err(fail)?;
    if let Some(wrong) = footer::wrong(&mut opened).map_err(fail)? {
        return Err(trouble(path, damaged(wrong)));
    }
    let broken = |cause: String| trouble(path, damaged(cause));
    let metadata = contained(|| read_metadata(&mut opened).map_err(|cause| cause.to_string()))
        .and_then(|read| read)
        .map_err(broken)?;
    sound(&metadata, size).map_err(|cause| trouble(path, damaged(cause)))?;
    let fields = metadata.schema().fields();
    let names: Vec<String> = fields.iter().map(|field| field.name().to_owned()).collect();
    let places = header::places(path, &names, gathered.columns)?;
    let schema = contained(|| parquet_to_arrow_schema(fields)).map_err(broken)?;
    let written = contained(|| arrow_schema(&metadata)).ok().flatten();
    let mut columns = vec![];
    for (column, place) in gathered.columns.iter().zip(places) {
        let name = names[place].as_str();
        let unusable = |dtype: &ArrowDataType| {
            let problem = format!(
                "`{}` is of type {dtype:?}, which cannot be used; write it as numbers, times or text",
                column.from
            );
            trouble(path, problem)
        };
        let Some(field) = schema.get(name) else { return Err(unusable(&ArrowDataType::Null)) };
        let zone = match (field.dtype(), written.as_ref().and_then(|schema| schema.get(name))) {
            (
                ArrowDataType::Timestamp(_, Some(_)),
                Some(ArrowDataType::Timestamp(_, Some(zone))),
            ) => Some(zone.as_str()),
            _ => None,
        };
        let meaning = Meaning::new(field.dtype(), zone).map_err(|problem| match problem {
            None => unusable(field.dtype()),
            Some(problem) => trouble(path, format!("`{}` {problem}", column.from)),
        })?;
        let field = ArrowField::new(field.name.clone(), meaning.dtype.clone(), field.is_nullable);
        columns.push((name, field, meaning));
    }
    let mut tasks = (0..metadata.row_groups.len())
        .flat_map(|group| (0..columns.len()).map(move |column| (group, column)));
    let next = || tasks.next().map(Ok);
    let (how, asked) = (gathered.how, gathered.columns);
    let parts = pool::run(&mut gathered.readers, next, |reader, dictionaries, (group, column)| {
        let (name, field, meaning) = &columns[column];
        let group = &metadata.row_groups[group];
        let done = contained(|| {
            let chunk =
                Chunk::new(group, name, size).map_err(|cause| Fault::File(damaged(cause)))?;
            let mut part = Part::new(asked[column].kind);
            let (kind, dictionary) = (asked[column].kind, &mut dictionaries[column]);
            for array in chunk.arrays(&store, field).map_err(|cause| Fault::File(damaged(cause)))? {
                let sink = super::part::Sink { how, kind, part: &mut part, dictionary };
                arrays::push(array.as_ref(), meaning, sink)
                    .map_err(|(row, problem)| Fault::Cell { row, column, problem })?;
            }
            if part.len() != group.num_rows() {
                return Err(Fault::File(damaged("a column is shorter than its row group")));
            }
            Ok((reader, part))
        });
        done.unwrap_or_else(|cause| Err(Fault::File(damaged(cause))))
    });
    gathered.take(rows(parts, columns.len(), file))
}

/// Reads columns in parallel.
fn rows(
    parts: Vec<std::result::Result<(usize, Part), Fault>>,
    width: usize,
    file: usize,
) -> Vec<std::result::Result<Block, Fault>> {
    let mut blocks = vec![];
    let mut columns = vec![];
    for part in parts {
        match part {
            Ok(part) => columns.push(part),
            Err(fault) => {
                blocks.push(Err(fault));
                break;
            }
        }
        if columns.len() == width {
            let parts: Vec<(usize, Part)> = std::mem::take(&mut columns);
            let rows = parts.first().map_or(0, |(_, part)| part.len());
            blocks.push(Ok(Block { file, rows, left_out: vec![], semicolons: false, parts }));
        }
    }
    blocks
}

/// Returns the types as declared by the program that wrote the file.
fn arrow_schema(metadata: &FileMetadata) -> Option<BTreeMap<String, ArrowDataType>> {
    let mut pairs = metadata
        .key_value_metadata()
        .iter()
        .flatten()
        .filter_map(|pair| Some((pair.key.as_str().into(), pair.value.as_deref()?.into())))
        .collect();
    let schema = read_schema_from_metadata(&mut pairs).ok()??;
    Some(schema.iter().map(|(name, field)| (name.to_string(), field.dtype().clone())).collect())
}

/// Checks that the file is large enough to hold the rows it claims.
fn sound(metadata: &FileMetadata, size: u64) -> std::result::Result<(), &'static str> {
    // Even a column of one value repeated takes some bytes for each page.
    const ROWS_PER_BYTE: u64 = 1 << 16;
    let rows = metadata.row_groups.iter().map(|group| group.num_rows() as u64);
    let rows = rows.fold(0, u64::saturating_add);
    if rows != metadata.num_rows as u64 {
        return Err("its row groups do not add up");
    }
    if rows > size.saturating_mul(ROWS_PER_BYTE) || rows >= u64::from(u32::MAX) {
        return Err("it claims to hold more rows than fit into it");
    }
    Ok(())
}

/// A column of a row group.
struct Chunk<'m> {
    metadata: &'m ColumnChunkMetadata,
    from: u64,
    length: u64,
    rows: usize,
}

impl<'m> Chunk<'m> {
    fn new(
        group: &'m polars_parquet::read::RowGroupMetadata,
        name: &str,
        size: u64,
    ) -> std::result::Result<Chunk<'m>, &'static str> {
        let mut columns = group.columns_under_root_iter(name).ok_or("a column is missing")?;
        let (Some(metadata), None) = (columns.next(), columns.next()) else {
            return Err("a column is not where it should be");
        };
        let range = metadata.byte_range();
        let length = range.end.checked_sub(range.start).ok_or("a column ends before it begins")?;
        if range.end > size {
            return Err("a column lies beyond the file's end");
        }
        if usize::try_from(metadata.num_values()) != Ok(group.num_rows()) {
            return Err("a column and its row group differ in length");
        }
        Ok(Chunk { metadata, from: range.start, length, rows: group.num_rows() })
    }

    fn arrays(
        &self,
        store: &Store,
        field: &ArrowField,
    ) -> std::result::Result<Vec<Box<dyn polars_arrow::array::Array>>, String> {
        let bytes = store.bytes(self.from, self.length).map_err(|cause| cause.to_string())?;
        if bytes.len() as u64 != self.length {
            return Err("a column lies beyond the file's end".into());
        }
        let reader =
            || PageReader::new(Cursor::new(bytes.clone()), self.metadata, vec![], bytes.len());
        self.check(bytes.as_ref(), reader())?;
        let kind = &self.metadata.descriptor().descriptor.primitive_type;
        let pages = BasicDecompressor::new(reader(), vec![]);
        let read = column_iter_to_arrays(vec![pages], vec![kind], field.clone(), None);
        read.map(|(arrays, _)| arrays).map_err(|cause| cause.to_string())
    }

    /// Checks that pages ask for no more memory than is plausible.
    fn check(&self, bytes: &[u8], pages: PageReader) -> std::result::Result<(), String> {
        let most = self.metadata.uncompressed_size().max(1 << 24).saturating_mul(4);
        // A dictionary comes first. Each of its values takes a byte at least.
        let (size, values) = footer::dictionary(bytes).ok_or("a page makes no sense")?;
        if size > most || values > size.max(0) {
            return Err("a dictionary is larger than its column".into());
        }
        let mut pages = pages;
        pages.read_dict().map_err(|cause| cause.to_string())?;
        let mut values = 0_usize;
        for page in pages {
            let CompressedPage::Data(page) = page.map_err(|cause| cause.to_string())? else {
                continue;
            };
            values = values.saturating_add(page.num_values());
            if values > self.rows || page.uncompressed_size() as i64 > most {
                return Err("a page is larger than its column".into());
            }
        }
        Ok(())
    }
}
