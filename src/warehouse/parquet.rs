//! Parquet, written a slice at a time.
//!
//! Polars' own writer tries a dictionary for every column, and keeps what it knows of every page until the file ends. A
//! generator's numbers differ in nearly every row, and its files may hold thousands of slices. So here the encoding is
//! chosen, and of each slice only its entry in the file's footer is kept, as the bytes that it will be.
//!
//! All of it is done on the thread that writes: the generator keeps the others busy, and an allocator that serves each
//! thread from memory of its own holds less of it when a thread always asks for the same.

use std::io::Write;

use polars::prelude::*;
use polars_io::parquet::write::get_encodings;
use polars_io::schema_to_arrow_checked;
use polars_parquet::parquet::write::write_metadata_sidecar;
use polars_parquet::read::fallible_streaming_iterator::convert;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, DynIter, DynStreamingIterator, Encoding, FileWriter,
    SchemaDescriptor, StatisticsOptions, ThriftFileMetadata, Version, WriteOptions, ZstdLevel,
    array_to_columns, compress, to_parquet_schema,
};

/// Slices are put together until their rows take so many bytes, uncompressed.
const GROUP: usize = 16 << 20;
/// With this a Parquet file begins, and ends.
const MAGIC: &[u8] = b"PAR1";
/// What follows a footer: its length, and the magic.
const TAIL: usize = 8;
/// Thrift's number for structs, in a list.
const STRUCTS: u8 = 12;

/// A Parquet file being written.
pub struct Batches<W: Write> {
    out: W,
    written: usize,
    footer: Footer,
    kind: Kind,
    /// How many rows make a group.
    group: usize,
    /// Rows that do not fill a group yet.
    waiting: DataFrame,
}

/// A footer in the making. What a file says of its groups is a list in the middle of it: Thrift's compact protocol
/// writes its length, then group after group, each the same wherever it stands.
struct Footer {
    /// All but the groups.
    rest: ThriftFileMetadata,
    groups: Vec<u8>,
    count: usize,
    /// How far from the end of a footer without groups the list begins.
    list: usize,
}

impl Footer {
    fn new(rest: ThriftFileMetadata) -> Footer {
        Footer { rest, groups: vec![], count: 0, list: 0 }
    }

    /// A footer's bytes.
    fn bytes(footer: &ThriftFileMetadata) -> PolarsResult<Vec<u8>> {
        let mut bytes = vec![];
        write_metadata_sidecar(&mut bytes, footer)?;
        bytes.truncate(bytes.len() - TAIL);
        Ok(bytes.split_off(MAGIC.len()))
    }

    /// Adds the only group of another footer.
    fn push(&mut self, mut one: ThriftFileMetadata, rows: usize) -> PolarsResult<()> {
        one.num_rows = self.rest.num_rows;
        let (without, with) = (Footer::bytes(&self.rest)?, Footer::bytes(&one)?);
        // They differ from the list on: one byte says how many groups there are, then come the group and the rest.
        let same = without.iter().zip(&with).take_while(|(a, b)| a == b).count();
        self.list = without.len() - same;
        self.groups.extend(&with[same + 1..with.len() - (self.list - 1)]);
        self.count += 1;
        self.rest.num_rows += rows as i64;
        Ok(())
    }

    /// The whole of it, with what follows it.
    fn finish(&self) -> PolarsResult<Vec<u8>> {
        let mut bytes = Footer::bytes(&self.rest)?;
        if self.count > 0 {
            let mut rest = bytes.split_off(bytes.len() - self.list);
            // A list's length, and that its members are structs: in one byte if it is short.
            if self.count < 15 {
                bytes.push((self.count as u8) << 4 | STRUCTS);
            } else {
                bytes.push(0xF0 | STRUCTS);
                let mut count = self.count;
                while count >= 0x80 {
                    bytes.push(count as u8 | 0x80);
                    count >>= 7;
                }
                bytes.push(count as u8);
            }
            bytes.extend(&self.groups);
            bytes.extend(rest.drain(1..));
        }
        let length = u32::try_from(bytes.len()).map_err(|_| {
            PolarsError::ComputeError("more groups than a file's footer can hold".into())
        })?;
        bytes.extend(length.to_le_bytes());
        bytes.extend(MAGIC);
        Ok(bytes)
    }
}

/// What all groups of a file have in common.
struct Kind {
    arrow: ArrowSchema,
    schema: SchemaDescriptor,
    /// For each column those of its leaves: a column that is not nested is one.
    encodings: Vec<Vec<Encoding>>,
    options: WriteOptions,
}

impl Kind {
    fn new(schema: &Schema) -> PolarsResult<Kind> {
        let options = WriteOptions {
            statistics: StatisticsOptions::default(),
            version: Version::V1,
            // The lowest level: what is packed already gains little from more.
            compression: CompressionOptions::Zstd(Some(ZstdLevel::try_new(1)?)),
            data_page_size: None,
        };
        let arrow = schema_to_arrow_checked(schema, CompatLevel::newest(), "parquet")?;
        // Whole numbers are near the one before; texts, as usual, few and in a dictionary.
        let encodings = get_encodings(&arrow);
        let encodings =
            encodings.iter().zip(schema.iter_values()).map(|(usual, kind)| match kind {
                kind if kind.is_integer() || kind.is_temporal() => {
                    vec![Encoding::DeltaBinaryPacked]
                }
                kind if kind.is_float() => vec![Encoding::Plain],
                _ => usual.clone(),
            });
        let encodings = encodings.collect();
        Ok(Kind { schema: to_parquet_schema(&arrow)?, arrow, encodings, options })
    }

    /// The pages of a column's leaves.
    fn pages(&self, place: usize, column: Column) -> PolarsResult<Vec<Vec<CompressedPage>>> {
        let whole = column.take_materialized_series().rechunk();
        let array = whole.to_arrow(0, CompatLevel::newest());
        let kind = self.schema.fields()[place].clone();
        array_to_columns(array, kind, self.options, &self.encodings[place])?
            .into_iter()
            .map(|pages| {
                pages.map(|page| Ok(compress(page?, vec![], self.options.compression)?)).collect()
            })
            .collect()
    }

    /// A file of its own that holds so many rows, or none: its bytes, and what its footer says.
    fn file(
        &self,
        rows: usize,
        leaves: &[Vec<CompressedPage>],
    ) -> PolarsResult<(Vec<u8>, ThriftFileMetadata)> {
        let mut file = FileWriter::try_new(vec![], self.arrow.clone(), self.options)?;
        if rows > 0 {
            let pages = leaves.iter().map(|pages| {
                Ok(DynStreamingIterator::new(convert(pages.iter().map(PolarsResult::Ok))))
            });
            file.write(rows as u64, DynIter::new(pages))?;
        }
        file.end(None)?;
        Ok(file.into_inner_and_metadata())
    }
}

impl<W: Write> Batches<W> {
    /// Starts a file for frames with these columns.
    pub fn new(mut out: W, schema: &Schema) -> PolarsResult<Batches<W>> {
        let kind = Kind::new(schema)?;
        let (_, footer) = kind.file(0, &[])?;
        // A text is a view of 16 bytes, if it is short or shared.
        let width = |kind: &DataType| match kind.to_physical() {
            DataType::Int8 | DataType::UInt8 | DataType::Boolean => 1,
            DataType::Int16 | DataType::UInt16 => 2,
            DataType::Int32 | DataType::UInt32 | DataType::Float32 => 4,
            DataType::String => 16,
            _ => 8,
        };
        let row: usize = schema.iter_values().map(width).sum();
        out.write_all(MAGIC)?;
        Ok(Batches {
            out,
            written: MAGIC.len(),
            footer: Footer::new(footer),
            kind,
            group: GROUP / row.max(1),
            waiting: DataFrame::empty_with_schema(schema),
        })
    }

    /// Adds rows.
    pub fn append(&mut self, rows: &DataFrame) -> PolarsResult<()> {
        self.waiting.vstack_mut(rows)?;
        if self.waiting.height() < self.group { Ok(()) } else { self.write() }
    }

    /// Writes what is waiting as one group.
    fn write(&mut self) -> PolarsResult<()> {
        let rows = std::mem::take(&mut self.waiting);
        self.waiting = rows.clear();
        let height = rows.height();
        if height == 0 {
            return Ok(());
        }
        let columns = rows.into_columns().into_iter().enumerate();
        let mut leaves = vec![];
        for (place, column) in columns {
            leaves.extend(self.kind.pages(place, column)?);
        }
        // The group as the only one of a file; then its columns move into this one. Where they are now is known from
        // the footer alone: the copy behind each column and the pages' own index, a help for those who look for
        // single rows, stay behind.
        let (bytes, mut footer) = self.kind.file(height, &leaves)?;
        for group in &mut footer.row_groups {
            group.file_offset = Some(self.written as i64);
            group.ordinal = self.footer.count.try_into().ok();
            for column in &mut group.columns {
                (column.offset_index_offset, column.offset_index_length) = (None, None);
                (column.column_index_offset, column.column_index_length) = (None, None);
                column.file_offset = 0;
                let Some(said) = &mut column.meta_data else { continue };
                let from = said.dictionary_page_offset.unwrap_or(said.data_page_offset);
                let size = said.total_compressed_size as usize;
                self.out.write_all(&bytes[from as usize..from as usize + size])?;
                let moved = self.written as i64 - from;
                said.data_page_offset += moved;
                said.dictionary_page_offset = said.dictionary_page_offset.map(|at| at + moved);
                self.written += size;
            }
        }
        self.footer.push(footer, height)
    }

    /// Ends the file. It is not flushed.
    pub fn finish(&mut self) -> PolarsResult<()> {
        self.write()?;
        self.out.write_all(&self.footer.finish()?)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use polars_io::SerReader;
    use polars_io::parquet::read::ParquetReader;
    use proptest::prelude::*;

    use super::*;

    fn frame(values: &[Option<i64>]) -> DataFrame {
        let day = |value: &i64| (value % 20_000) as i32;
        df!(
            "number" => values,
            "share" => values.iter().map(|v| v.map(|v| v as f64 / 7.0)).collect::<Vec<_>>(),
            "flag" => values.iter().map(|v| v.map(|v| v % 2 == 0)).collect::<Vec<_>>(),
            "text" => values.iter().map(|v| v.map(|v| format!("text {}", v % 5))).collect::<Vec<_>>(),
            "short" => values.iter().map(|v| v.map(|v| (v % 100) as i8)).collect::<Vec<_>>(),
        )
        .unwrap()
        .lazy()
        .with_columns([
            col("number").cast(DataType::Datetime(TimeUnit::Microseconds, None)).alias("moment"),
            Series::new("date".into(), values.iter().map(|v| v.as_ref().map(day)).collect::<Vec<_>>())
                .lit()
                .cast(DataType::Date),
        ])
        .collect()
        .unwrap()
    }

    /// The bytes of a file made from slices, with so many rows in a group.
    fn written(frame: &DataFrame, slices: &[usize], group: usize) -> Vec<u8> {
        let mut bytes = vec![];
        let mut file = Batches::new(&mut bytes, frame.schema()).unwrap();
        file.group = group;
        let mut from = 0;
        for rows in slices.iter().copied().chain([frame.height()]) {
            file.append(&frame.slice(from as i64, rows)).unwrap();
            from = (from + rows).min(frame.height());
        }
        file.finish().unwrap();
        drop(file);
        bytes
    }

    proptest! {
        /// However the rows arrive, and however many make a group: what is read is what was written, as a whole, from
        /// the middle, and a column alone.
        #[test]
        fn groups_are_read_back(
            values in proptest::collection::vec(proptest::option::weighted(0.9, any::<i64>()), 0..400),
            slices in proptest::collection::vec(0_usize..120, 0..8),
            group in 1_usize..150,
        ) {
            let frame = frame(&values);
            let bytes = written(&frame, &slices, group);
            let reader = || ParquetReader::new(Cursor::new(&bytes));
            prop_assert!(reader().finish().unwrap().equals_missing(&frame));
            let part = (frame.height() / 3, frame.height() / 2);
            let middle = reader().with_slice(Some(part)).finish().unwrap();
            prop_assert!(middle.equals_missing(&frame.slice(part.0 as i64, part.1)));
            let alone = reader().with_columns(Some(vec!["text".into()])).finish().unwrap();
            prop_assert!(alone.equals_missing(&frame.select(["text"]).unwrap()));
        }
    }

    #[test]
    fn groups_hold_what_was_asked_and_know_their_place() {
        let values: Vec<Option<i64>> = (0..1_000).map(Some).collect();
        let frame = frame(&values);
        let bytes = written(&frame, &[100; 10], 250);
        let mut reader = ParquetReader::new(Cursor::new(&bytes));
        let groups = &reader.get_metadata().unwrap().row_groups;
        let rows: Vec<usize> = groups.iter().map(|group| group.num_rows()).collect();
        assert_eq!(rows, [300, 300, 300, 100]);
        assert_eq!(groups.iter().map(|group| group.parquet_columns().len()).sum::<usize>(), 28);
        let mut place = MAGIC.len() as u64;
        for column in groups.iter().flat_map(|group| group.parquet_columns()) {
            let range = column.byte_range();
            assert_eq!(range.start, place, "one after the other, without a gap");
            place = range.end;
        }
    }

    #[test]
    fn categories_and_nested_columns_are_written_too() {
        let frame = frame(&(0..300).map(|n| (n % 7 > 0).then_some(n)).collect::<Vec<_>>());
        let category = DataType::from_categories(Categories::global());
        let pair = as_struct(vec![col("number"), col("text")]).alias("pair");
        let frame = frame.lazy().with_columns([col("text").cast(category).alias("category"), pair]);
        let frame = frame.collect().unwrap();
        let bytes = written(&frame, &[10, 100], 40);
        assert_eq!(frame.column("pair").unwrap().null_count(), 0);
        let read = ParquetReader::new(Cursor::new(&bytes)).finish().unwrap();
        assert!(read.equals_missing(&frame));
    }

    #[test]
    fn a_full_disk_is_told() {
        struct Full(usize);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let frame = frame(&(0..1_000).map(Some).collect::<Vec<_>>());
        assert!(Batches::new(Full(2), frame.schema()).is_err());
        let mut file = Batches::new(Full(100), frame.schema()).unwrap();
        assert!(file.append(&frame).and_then(|()| file.finish()).is_err());
    }
}
