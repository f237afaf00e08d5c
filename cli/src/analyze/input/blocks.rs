//! Text in blocks that end where a record ends.

use std::io::{self, Read};

/// Large enough for low overhead, small enough to use little memory.
const SIZE: usize = 4 << 20;

/// A reader of blocks.
pub struct Blocks {
    reader: Box<dyn Read + Send>,
    /// What was read but not yet returned.
    pub pending: Vec<u8>,
    ended: bool,
}

impl Blocks {
    pub fn new(reader: Box<dyn Read + Send>) -> Blocks {
        Blocks { reader, pending: vec![], ended: false }
    }

    /// Reads until `size` bytes or everything is there.
    pub fn fill(&mut self, size: usize) -> io::Result<()> {
        while !self.ended && self.pending.len() < size {
            let missing = size - self.pending.len();
            self.pending.reserve(missing);
            let read = self.reader.by_ref().take(missing as u64).read_to_end(&mut self.pending)?;
            self.ended = read < missing;
        }
        Ok(())
    }

    /// Returns the beginning, at most a block.
    pub fn start(&mut self) -> io::Result<&[u8]> {
        self.fill(SIZE)?;
        Ok(&self.pending)
    }

    /// Returns the next block. `end` returns the length of the complete records at the beginning of some bytes, if
    /// there are any.
    pub fn next(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> io::Result<Option<Vec<u8>>> {
        let mut size = SIZE;
        loop {
            self.fill(size)?;
            let length = match self.ended {
                true => self.pending.len(),
                false => match end(&self.pending) {
                    Some(length) => length,
                    None => {
                        size *= 2;
                        continue;
                    }
                },
            };
            let rest = self.pending.split_off(length);
            let block = std::mem::replace(&mut self.pending, rest);
            return Ok((!block.is_empty()).then_some(block));
        }
    }
}

/// Returns the length of the complete lines.
pub fn lines(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr(b'\n', bytes).map(|last| last + 1)
}

/// Returns the length of the complete records of a CSV file, the first of which begins with the bytes.
pub fn records(bytes: &[u8], delimiter: u8) -> Option<usize> {
    if memchr::memchr(b'"', bytes).is_none() {
        // Lines may end in nothing but a carriage return, which must not be half of a pair.
        return lines(bytes).or_else(|| {
            let whole = bytes.len().checked_sub(1)?;
            memchr::memrchr(b'\r', &bytes[..whole]).map(|last| last + 1)
        });
    }
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        Closed,
    }
    let (mut at, mut end) = (At::Start, None);
    for (place, byte) in bytes.iter().enumerate() {
        at = match (at, *byte) {
            (At::Quoted, b'"') => At::Closed,
            (At::Quoted, _) => At::Quoted,
            (At::Start | At::Closed, b'"') => At::Quoted,
            (_, b'\n') => {
                end = Some(place + 1);
                At::Start
            }
            (_, b'\r') => {
                if bytes.get(place + 1).is_some_and(|next| *next != b'\n') {
                    end = Some(place + 1);
                }
                At::Start
            }
            (_, byte) if byte == delimiter => At::Start,
            _ => At::Plain,
        };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_where_a_record_ends() {
        let end = |text: &str| records(text.as_bytes(), b',');
        assert_eq!(end("a,b\nc,d"), Some(4));
        assert_eq!(end("a,b"), None);
        assert_eq!(end("a,\"b\nc\"\nd"), Some(8));
        assert_eq!(end("a,\"b\nc"), None);
        assert_eq!(end("a,\"b\"\"\n\"\nc"), Some(9));
        // A quote within a value that has none around it is a letter.
        assert_eq!(end("a,5\" disc\nb"), Some(10));
        assert_eq!(end("a\rb\rc"), Some(4));
        assert_eq!(end("a\r\nb\r"), Some(3));
    }

    #[test]
    fn blocks_make_up_the_whole() {
        let text: String = (0..900_000).map(|n| format!("{n},x\n")).collect();
        let mut blocks = Blocks::new(Box::new(io::Cursor::new(text.clone().into_bytes())));
        let (mut whole, mut count) = (vec![], 0);
        while let Some(block) = blocks.next(lines).unwrap() {
            assert_eq!(block.last(), Some(&b'\n'));
            whole.extend(block);
            count += 1;
        }
        assert!(count > 1);
        assert_eq!(whole, text.into_bytes());
    }
}
