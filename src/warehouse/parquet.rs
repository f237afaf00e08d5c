//! Parquet, written a slice at a time.
//!
//! Polars' own writer writes the file; we choose the encodings. Polars tries a dictionary for every column, but a
//! generator's numbers differ in nearly every row. The writer keeps what the footer says about each group and each page
//! until the end, about two kilobytes a column, so groups are large and each column of a group is a single page.
//!
//! All of it is done on the writing thread: the generator keeps the others busy, and an allocator with memory for each
//! thread holds less of it if a thread always asks for the same sizes.

use std::io::Write;

use polars::prelude::*;
use polars_io::parquet::write::get_encodings;
use polars_io::schema_to_arrow_checked;
use polars_parquet::read::fallible_streaming_iterator::convert;
use polars_parquet::write::{
    CompressedPage, CompressionOptions, DynIter, DynStreamingIterator, Encoding, FileWriter,
    StatisticsOptions, Version, WriteOptions, ZstdLevel, array_to_columns, compress,
};

/// The bytes, uncompressed, that the rows of slices take together before they are written. A business has several tables
/// that wait at once, each for as many.
const GROUP: usize = 48 << 20;

/// A Parquet file being written.
pub struct Batches<W: Write> {
    file: FileWriter<W>,
    /// For each column, those of its leaves: a column that is not nested has one.
    encodings: Vec<Vec<Encoding>>,
    /// How many bytes make a group.
    group: usize,
    /// Rows that do not fill a group yet, and their bytes.
    waiting: DataFrame,
    bytes: usize,
}

impl<W: Write> Batches<W> {
    /// Starts a file for frames with these columns.
    pub fn new(out: W, schema: &Schema) -> PolarsResult<Batches<W>> {
        let options = WriteOptions {
            statistics: StatisticsOptions::default(),
            version: Version::V1,
            // The lowest level: what is packed already gains little from more.
            compression: CompressionOptions::Zstd(Some(ZstdLevel::try_new(1)?)),
            // A column of a group is one page.
            data_page_size: Some(GROUP),
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
        Ok(Batches {
            file: FileWriter::try_new(out, arrow, options)?,
            encodings,
            group: GROUP,
            waiting: DataFrame::empty_with_schema(schema),
            bytes: 0,
        })
    }

    /// Adds rows.
    pub fn append(&mut self, rows: &DataFrame) -> PolarsResult<()> {
        self.waiting.vstack_mut(rows)?;
        self.bytes += size(rows)?;
        if self.bytes < self.group { Ok(()) } else { self.write() }
    }

    /// Writes what is waiting as one group.
    fn write(&mut self) -> PolarsResult<()> {
        let rows = std::mem::take(&mut self.waiting);
        self.waiting = rows.clear();
        self.bytes = 0;
        let height = rows.height();
        if height == 0 {
            return Ok(());
        }
        let mut leaves = vec![];
        for (place, column) in rows.into_columns().into_iter().enumerate() {
            leaves.extend(self.pages(place, column)?);
        }
        let pages = leaves.iter().map(|pages| {
            Ok(DynStreamingIterator::new(convert(pages.iter().map(PolarsResult::Ok))))
        });
        self.file.write(height as u64, DynIter::new(pages))
    }

    /// Makes the pages of a column's leaves.
    fn pages(&self, place: usize, column: Column) -> PolarsResult<Vec<Vec<CompressedPage>>> {
        let options = self.file.options();
        let whole = column.take_materialized_series().rechunk();
        let array = whole.to_arrow(0, CompatLevel::newest());
        let kind = self.file.parquet_schema().fields()[place].clone();
        array_to_columns(array, kind, options, &self.encodings[place])?
            .into_iter()
            .map(|pages| {
                pages.map(|page| Ok(compress(page?, vec![], options.compression)?)).collect()
            })
            .collect()
    }

    /// Ends the file.
    pub fn finish(&mut self) -> PolarsResult<()> {
        self.write()?;
        self.file.end(None)?;
        Ok(())
    }
}

/// How many bytes rows take: as many for the same values, wherever they lie, so that groups are the same, too.
fn size(rows: &DataFrame) -> PolarsResult<usize> {
    rows.columns().iter().map(bytes).sum()
}

fn bytes(column: &Column) -> PolarsResult<usize> {
    let all = |width: usize| Ok(width * column.len());
    match column.dtype().to_physical() {
        DataType::Int8 | DataType::UInt8 | DataType::Boolean => all(1),
        DataType::Int16 | DataType::UInt16 => all(2),
        DataType::Int32 | DataType::UInt32 | DataType::Float32 => all(4),
        DataType::Int64 | DataType::UInt64 | DataType::Float64 => all(8),
        // A view of 16 bytes, which holds a short text itself.
        DataType::String => {
            let long = |text: &str| if text.len() > 12 { text.len() } else { 0 };
            Ok(16 * column.len() + column.str()?.iter().flatten().map(long).sum::<usize>())
        }
        _ => Ok(column.as_materialized_series().estimated_size()),
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

    /// The bytes of a file made from slices, with `group` rows in a group, all of them equally wide.
    fn written(frame: &DataFrame, slices: &[usize], group: usize) -> Vec<u8> {
        let mut bytes = vec![];
        let mut file = Batches::new(&mut bytes, frame.schema()).unwrap();
        file.group = (group * size(frame).unwrap()).div_ceil(frame.height().max(1));
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
        /// However the rows arrive, and however many make a group, reading returns what was written: the whole, rows
        /// from the middle, and a single column.
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
        let mut place = 0;
        for column in groups.iter().flat_map(|group| group.parquet_columns()) {
            let range = column.byte_range();
            assert!(range.start >= place, "one after the other");
            place = range.end;
        }
    }

    /// Long texts take the room that they take: groups have fewer of them.
    #[test]
    fn a_text_is_as_large_as_it_is() {
        let frame = df!("text" => vec!["x".repeat(984); 100]).unwrap();
        let mut bytes = vec![];
        let mut file = Batches::new(&mut bytes, frame.schema()).unwrap();
        file.group = 20_000;
        for from in 0..10 {
            file.append(&frame.slice(10 * from, 10)).unwrap();
        }
        file.finish().unwrap();
        drop(file);
        let mut reader = ParquetReader::new(Cursor::new(&bytes));
        let groups = &reader.get_metadata().unwrap().row_groups;
        assert_eq!(groups.iter().map(|group| group.num_rows()).collect::<Vec<_>>(), [20; 5]);
        assert!(reader.finish().unwrap().equals(&frame));
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
        for room in [2, 100] {
            let mut file = Batches::new(Full(room), frame.schema()).unwrap();
            assert!(file.append(&frame).and_then(|()| file.finish()).is_err());
        }
    }
}
