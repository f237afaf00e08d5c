//! Checks that a Parquet footer or a page header is plausible before anything is allocated for it.
//!
//! Both use Thrift's compact protocol. A list with a damaged length would allocate memory for billions of items.

use std::io::{Read, Seek, SeekFrom};

/// More than the deepest nesting of Parquet's own structures.
const DEPTH: u32 = 24;

/// Says what is wrong with the end of a Parquet file, if anything.
pub fn wrong(file: &mut (impl Read + Seek)) -> std::io::Result<Option<&'static str>> {
    let size = file.seek(SeekFrom::End(0))?;
    if size < 12 {
        return Ok(Some("it is cut short"));
    }
    file.seek(SeekFrom::Start(size - 8))?;
    let mut tail = [0; 8];
    file.read_exact(&mut tail)?;
    let [a, b, c, d, mark @ ..] = tail;
    if &mark != b"PAR1" {
        return Ok(Some("its end is missing"));
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if length + 12 > size {
        return Ok(Some("its table of contents is larger than the file"));
    }
    file.seek(SeekFrom::Start(size - 8 - length))?;
    let mut footer = vec![];
    file.take(length).read_to_end(&mut footer)?;
    let mut rest = footer.as_slice();
    Ok(structure(&mut rest, 0).is_none().then_some("its table of contents makes no sense"))
}

/// Returns the size and the stated number of values of the dictionary that a column may begin with; zeros if there is
/// none.
pub fn dictionary(column: &[u8]) -> Option<(i64, i64)> {
    const SIZE: i64 = 2;
    const HEAD: i64 = 7;
    const VALUES: i64 = 1;
    let mut rest = column;
    let (mut size, mut values) = (0, None);
    fields(&mut rest, &mut |rest, id, kind| match (id, kind) {
        (SIZE, 5) => {
            size = zigzag(varint(rest)?);
            Some(())
        }
        (HEAD, 12) => fields(rest, &mut |rest, id, kind| match (id, kind) {
            (VALUES, 5) => {
                values = Some(zigzag(varint(rest)?));
                Some(())
            }
            _ => value(rest, kind, 2),
        }),
        _ => value(rest, kind, 1),
    })?;
    Some(values.map_or((0, 0), |values| (size, values)))
}

type Field<'f> = &'f mut dyn FnMut(&mut &[u8], i64, u8) -> Option<()>;

/// Reads a structure's fields: their numbers and types. Booleans take no bytes.
fn fields(rest: &mut &[u8], field: Field) -> Option<()> {
    let mut id = 0_i64;
    loop {
        let head = byte(rest)?;
        if head == 0 {
            return Some(());
        }
        id = match head >> 4 {
            0 => zigzag(varint(rest)?),
            more => id.checked_add(i64::from(more))?,
        };
        if !matches!(head & 15, 1 | 2) {
            field(rest, id, head & 15)?;
        }
    }
}

fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, others) = rest.split_first()?;
    *rest = others;
    Some(*first)
}

fn skip(rest: &mut &[u8], length: u64) -> Option<()> {
    *rest = rest.get(usize::try_from(length).ok()?..)?;
    Some(())
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(rest)?;
        number |= u64::from(next & 127) << shift;
        if next < 128 {
            return Some(number);
        }
    }
    None
}

fn structure(rest: &mut &[u8], depth: u32) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    fields(rest, &mut |rest, _, kind| value(rest, kind, depth))
}

fn value(rest: &mut &[u8], kind: u8, depth: u32) -> Option<()> {
    match kind {
        1..=3 => skip(rest, 1),
        4..=6 => varint(rest).map(drop),
        7 => skip(rest, 8),
        8 => {
            let length = varint(rest)?;
            skip(rest, length)
        }
        9 | 10 => {
            let head = byte(rest)?;
            let length = if head >> 4 == 15 { varint(rest)? } else { u64::from(head >> 4) };
            items(rest, length, &[head & 15], depth)
        }
        11 => match varint(rest)? {
            0 => Some(()),
            length => {
                let kinds = byte(rest)?;
                items(rest, length, &[kinds >> 4, kinds & 15], depth)
            }
        },
        12 => structure(rest, depth + 1),
        _ => None,
    }
}

/// Reads the items of a list; each takes at least a byte.
fn items(rest: &mut &[u8], length: u64, kinds: &[u8], depth: u32) -> Option<()> {
    if depth > DEPTH || length > rest.len() as u64 {
        return None;
    }
    for _ in 0..length {
        for kind in kinds {
            value(rest, *kind, depth + 1)?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn with(footer: &[u8]) -> Option<&'static str> {
        let length = (footer.len() as u32).to_le_bytes();
        let file = [b"PAR1", footer, &length, b"PAR1"].concat();
        wrong(&mut Cursor::new(file)).unwrap()
    }

    #[test]
    fn a_list_longer_than_the_footer_is_refused() {
        // Field 1, a number; field 2, a list of three numbers; the end.
        assert_eq!(with(&[0x15, 2, 0x19, 0x35, 1, 1, 1, 0]), None);
        assert!(with(&[0x15, 2, 0x19, 0xf5, 0xff, 0xff, 0xff, 0x7f, 1, 0]).is_some());
        assert!(with(&[0x15, 2]).is_some(), "no end");
        assert!(with(&[0x1c; 100]).is_some(), "structures in structures");
    }

    #[test]
    fn a_dictionary_says_how_large_it_is() {
        // A page of type 2, of 20 bytes, packed 10; its head says 3 values, plainly encoded.
        let page = [0x15, 4, 0x15, 40, 0x15, 20, 0x4c, 0x15, 6, 0x15, 0, 0, 0];
        assert_eq!(dictionary(&page), Some((20, 3)));
        assert_eq!(dictionary(&[0x15, 0, 0x15, 40, 0x15, 20, 0]), Some((0, 0)));
        assert_eq!(dictionary(&[0x15]), None);
    }

    #[test]
    fn an_end_that_is_missing_is_seen() {
        assert!(wrong(&mut Cursor::new(b"PAR1 and nothing more")).unwrap().is_some());
        assert!(wrong(&mut Cursor::new(b"PAR1")).unwrap().is_some());
        assert!(wrong(&mut Cursor::new(b"PAR1\xff\xff\xff\x7fPAR1")).unwrap().is_some());
    }
}
