//! What has been read so far: parts of columns, in the order of rows.

use std::path::{Path, PathBuf};

use casebook::{Error, Result};

use super::blocks::Blocks;
use super::dictionary::Dictionary;
use super::how::{Column, How};
use super::part::{Part, Sink};
use super::pool;
use super::trouble::trouble;

/// Some rows of a file: for each column, its part, and which reader's dictionary the texts are in.
#[derive(Debug)]
pub struct Block {
    pub file: usize,
    pub rows: usize,
    /// The rows that were left out, in order.
    pub left_out: Vec<u32>,
    /// Whether semicolons separate values, as is common where a comma precedes decimals.
    pub semicolons: bool,
    pub parts: Vec<(usize, Part)>,
}

/// What is wrong, in a row counted from the block's first one.
#[derive(Debug)]
pub enum Fault {
    Cell { row: usize, column: usize, problem: String },
    Row { row: usize, problem: String },
    File(String),
}

/// Files being gathered into a frame.
pub struct Gathered<'h> {
    pub how: &'h How,
    pub columns: &'h [Column],
    /// A reader's dictionaries, one for each column.
    pub readers: Vec<Vec<Dictionary>>,
    pub blocks: Vec<Block>,
    pub files: Vec<PathBuf>,
}

/// One reader, at work on a block.
pub struct Rows<'s> {
    how: &'s How,
    columns: &'s [Column],
    dictionaries: &'s mut [Dictionary],
    pub parts: Vec<Part>,
    pub rows: usize,
}

impl<'s> Rows<'s> {
    pub fn new(
        how: &'s How,
        columns: &'s [Column],
        dictionaries: &'s mut [Dictionary],
    ) -> Rows<'s> {
        let parts = columns.iter().map(|column| Part::new(column.kind)).collect();
        Rows { how, columns, dictionaries, parts, rows: 0 }
    }

    /// Returns where a column's next value goes.
    #[inline]
    pub fn sink(&mut self, column: usize) -> Sink<'_> {
        Sink {
            how: self.how,
            kind: self.columns[column].kind,
            part: &mut self.parts[column],
            dictionary: &mut self.dictionaries[column],
        }
    }

    #[inline]
    pub fn text(&mut self, column: usize, text: &[u8]) -> Result<(), Fault> {
        let row = self.rows;
        self.sink(column).text(text).map_err(|problem| Fault::Cell { row, column, problem })
    }

    /// Finishes the block.
    pub fn done(self, file: usize, reader: usize) -> Block {
        let parts = self.parts.into_iter().map(|part| (reader, part)).collect();
        Block { file, rows: self.rows, left_out: vec![], semicolons: false, parts }
    }
}

impl<'h> Gathered<'h> {
    pub fn new(how: &'h How, columns: &'h [Column]) -> Gathered<'h> {
        let threads = rayon::current_num_threads();
        let readers =
            (0..threads).map(|_| columns.iter().map(|_| Dictionary::default()).collect()).collect();
        Gathered { how, columns, readers, blocks: vec![], files: vec![] }
    }

    /// Begins the next file.
    pub fn file(&mut self, path: &Path) -> usize {
        self.files.push(path.to_owned());
        self.files.len() - 1
    }

    /// Reads the blocks of a text file, several at once, and returns them in order: `end` finds where the complete
    /// records of some bytes end, and `work` takes the rows of a block. Its result is returned with the block.
    pub fn each<T: Send>(
        &mut self,
        file: usize,
        mut blocks: Blocks,
        end: impl Fn(&[u8]) -> Option<usize> + Send,
        work: impl Fn(&[u8], &mut Rows) -> Result<T, Fault> + Sync,
    ) -> Vec<Result<(Block, T), Fault>> {
        let (how, columns) = (self.how, self.columns);
        let next = move || match blocks.next(&end) {
            Ok(block) => block.map(Ok),
            Err(cause) => Some(Err(Fault::File(format!("it is damaged: {cause}")))),
        };
        pool::run(&mut self.readers, next, |reader, dictionaries, bytes: Vec<u8>| {
            let mut rows = Rows::new(how, columns, dictionaries);
            let found = work(&bytes, &mut rows)?;
            Ok((rows.done(file, reader), found))
        })
    }

    /// Takes what readers have read of one file. The first fault becomes the error.
    pub fn take(&mut self, results: impl IntoIterator<Item = Result<Block, Fault>>) -> Result<()> {
        for result in results {
            match result {
                Ok(block) => self.blocks.push(block),
                Err(fault) => {
                    let next = self.blocks.len();
                    return Err(match fault {
                        Fault::Cell { row, column, problem } => {
                            self.wrong(next, row, column, problem)
                        }
                        Fault::Row { row, problem } => {
                            let row = self.row(next, row);
                            trouble(self.last(), format!("row {row} {problem}"))
                        }
                        Fault::File(problem) => trouble(self.last(), problem),
                    });
                }
            }
        }
        Ok(())
    }

    fn last(&self) -> &Path {
        self.files.last().map_or(Path::new(""), PathBuf::as_path)
    }

    /// Returns the number, from 1, of a block's row within its file.
    pub fn row(&self, block: usize, row: usize) -> usize {
        let file = self.blocks.get(block).map_or(self.files.len().saturating_sub(1), |b| b.file);
        let before = self.blocks[..block.min(self.blocks.len())].iter();
        before.filter(|block| block.file == file).map(|block| block.rows).sum::<usize>() + row + 1
    }

    /// Returns the original number of a block's row, before others were left out.
    pub fn before(&self, block: usize, mut row: usize) -> usize {
        for left_out in self.blocks.get(block).map_or(&[][..], |block| &block.left_out) {
            row += usize::from(*left_out as usize <= row);
        }
        row
    }

    pub fn path(&self, block: usize) -> &Path {
        let file = self.blocks.get(block).map(|block| self.files[block.file].as_path());
        file.unwrap_or_else(|| self.last())
    }

    /// Describes for people what is wrong with a cell.
    pub fn wrong(
        &self,
        block: usize,
        row: usize,
        column: usize,
        problem: impl std::fmt::Display,
    ) -> Error {
        let name = &self.columns[column].from;
        let row = self.row(block, row);
        trouble(self.path(block), format!("row {row}: `{name}` {problem}"))
    }
}
