//! Parquet: how many rows a file holds, from its footer (parquet-format 2, "File format").

use std::io::{Read, Seek, SeekFrom};

use crate::table::NotCounted;

/// What a file begins and ends with.
pub const MAGIC: [u8; 4] = *b"PAR1";
/// The same of a file whose footer is encrypted.
pub const ENCRYPTED: [u8; 4] = *b"PARE";
/// The longest footer that is read, in bytes.
pub const MAX_FOOTER_BYTES: u64 = 64 << 20;
/// How deep structures may nest in a footer; the format itself needs seven levels.
const MAX_DEPTH: usize = 32;

/// The fields of `FileMetaData` (parquet.thrift) that count rows.
const NUM_ROWS: i16 = 3;
const ROW_GROUPS: i16 = 4;
/// The field of `RowGroup` that does.
const GROUP_NUM_ROWS: i16 = 3;

/// The rows of a file of `size` bytes: what its footer says, if its row groups add up to that.
pub fn rows(file: &mut (impl Read + Seek), size: u64) -> Result<u64, NotCounted> {
    let malformed = |why| Err(NotCounted::Malformed(why));
    // Magic at both ends, and the length of the footer.
    if size < 12 {
        return malformed("it is too short for Parquet");
    }
    let mut start = [0; 4];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut start)?;
    let mut end = [0; 8];
    file.seek(SeekFrom::Start(size - 8))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    if start == ENCRYPTED || magic == ENCRYPTED {
        return malformed("its footer is encrypted");
    }
    if start != MAGIC || magic != MAGIC {
        return malformed("it does not begin and end as Parquet does");
    }
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if length > MAX_FOOTER_BYTES {
        return malformed("its footer is longer than 64 MiB");
    }
    let Some(at) = (size - 8).checked_sub(length).filter(|at| *at >= 4) else {
        return malformed("its footer is longer than the file");
    };
    file.seek(SeekFrom::Start(at))?;
    let mut footer = Vec::new();
    file.take(length).read_to_end(&mut footer)?;
    if footer.len() as u64 != length {
        return malformed("it is cut off");
    }
    match Footer::read(&footer) {
        Some(Footer { rows: Some(rows), in_groups }) if in_groups == rows => Ok(rows),
        Some(Footer { rows: Some(_), .. }) => malformed("its row groups do not add up to its number of rows"),
        Some(_) => malformed("its footer does not say how many rows there are"),
        None => malformed("its footer is not Thrift's compact encoding of file metadata"),
    }
}

#[derive(Default)]
struct Footer {
    rows: Option<u64>,
    in_groups: u64,
}

impl Footer {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut input = Compact { rest: bytes };
        let mut footer = Self::default();
        let mut field = 0;
        while let Some(kind) = input.field(&mut field)? {
            match (field, kind) {
                (NUM_ROWS, Kind::Integer) => {
                    let rows = u64::try_from(input.zigzag()?).ok()?;
                    // Two counts in one footer are no count.
                    if footer.rows.replace(rows).is_some() {
                        return None;
                    }
                }
                (ROW_GROUPS, Kind::List) => {
                    let (kind, count) = input.list()?;
                    if kind != Kind::Struct {
                        return None;
                    }
                    for _ in 0..count {
                        footer.in_groups = footer.in_groups.checked_add(group(&mut input)?)?;
                    }
                }
                _ => input.skip(kind, 0)?,
            }
        }
        Some(footer)
    }
}

/// The rows of one row group.
fn group(input: &mut Compact<'_>) -> Option<u64> {
    let mut rows = None;
    let mut field = 0;
    while let Some(kind) = input.field(&mut field)? {
        match (field, kind) {
            (GROUP_NUM_ROWS, Kind::Integer) => rows = Some(u64::try_from(input.zigzag()?).ok()?),
            _ => input.skip(kind, 1)?,
        }
    }
    rows
}

/// What the compact protocol of Apache Thrift can hold, as far as it has to be skipped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// In a structure the type is the value.
    Boolean,
    Byte,
    Integer,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    /// By the number of the protocol (thrift-compact-protocol.md, "Struct encoding").
    fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 | 2 => Self::Boolean,
            3 => Self::Byte,
            4..=6 => Self::Integer,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return None,
        })
    }
}

/// Reads the compact protocol; `None` is for what it does not allow.
struct Compact<'a> {
    rest: &'a [u8],
}

impl Compact<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn jump(&mut self, bytes: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The type of the next field, `Some(None)` at the end of the structure; `last` becomes the field's number.
    fn field(&mut self, last: &mut i16) -> Option<Option<Kind>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        *last = match head >> 4 {
            0 => i16::try_from(self.zigzag()?).ok()?,
            step => last.checked_add(i16::from(step))?,
        };
        Some(Some(Kind::of(head & 15)?))
    }

    /// The type and number of the elements of a list; never more than there are bytes for.
    fn list(&mut self) -> Option<(Kind, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            count => u64::from(count),
        };
        // Every element takes a byte or more.
        (count <= self.rest.len() as u64).then_some(())?;
        Some((Kind::of(head & 15)?, count))
    }

    /// Passes over a value of a field; `depth` structures and lists are open.
    fn skip(&mut self, kind: Kind, depth: usize) -> Option<()> {
        match kind {
            Kind::Boolean => Some(()),
            kind => self.skip_element(kind, depth),
        }
    }

    fn skip_element(&mut self, kind: Kind, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match kind {
            Kind::Boolean | Kind::Byte => self.jump(1),
            Kind::Integer => self.varint().map(|_| ()),
            Kind::Double => self.jump(8),
            Kind::Uuid => self.jump(16),
            Kind::Binary => {
                let length = self.varint()?;
                self.jump(length)
            }
            Kind::List => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth + 1))
            }
            Kind::Map => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                (count <= self.rest.len() as u64).then_some(())?;
                let kinds = self.byte()?;
                let (key, value) = (Kind::of(kinds >> 4)?, Kind::of(kinds & 15)?);
                (0..count).try_for_each(|_| {
                    self.skip_element(key, depth + 1)?;
                    self.skip_element(value, depth + 1)
                })
            }
            Kind::Struct => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth + 1)?;
                }
                Some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn file(footer: &[u8]) -> Vec<u8> {
        let length = (footer.len() as u32).to_le_bytes();
        [&MAGIC[..], b"columns", footer, &length, &MAGIC].concat()
    }

    fn count(bytes: &[u8]) -> Result<u64, String> {
        rows(&mut Cursor::new(bytes), bytes.len() as u64).map_err(|err| err.to_string())
    }

    /// `version` 1, a schema of one element, `num_rows` and row groups of these rows, all below 64.
    fn footer(rows: u8, groups: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0x1c, 0x48, 1, b'r', 0, 0x16, rows * 2];
        bytes.extend([0x19, (groups.len() as u8) << 4 | 12]);
        for rows in groups {
            // columns (empty), total_byte_size, num_rows
            bytes.extend([0x19, 0x0c, 0x16, 20, 0x16, rows * 2, 0]);
        }
        // created_by, and a field of a later version
        bytes.extend([0x28, 1, b'w', 0x7d]);
        bytes.extend([0; 16]);
        bytes.push(0);
        bytes
    }

    #[test]
    fn rows_of_a_footer() {
        assert_eq!(count(&file(&footer(5, &[2, 3]))), Ok(5));
        assert_eq!(count(&file(&footer(0, &[]))), Ok(0));
    }

    #[test]
    fn what_is_no_footer() {
        let whole = file(&footer(5, &[5]));
        let mut encrypted = whole.clone();
        encrypted.truncate(whole.len() - 4);
        encrypted.extend(ENCRYPTED);
        let long = |length: u32| [&MAGIC[..], b"xxxxxxxx", &length.to_le_bytes(), &MAGIC].concat();
        // A list in a list in a list ...
        let deep: Vec<u8> = std::iter::once(0x19).chain(std::iter::repeat_n(0x19, 1 << 20)).collect();
        let structs: Vec<u8> = std::iter::repeat_n(0x1c, 1 << 20).collect();
        for (bytes, why) in [
            (Vec::new(), "too short"),
            (b"PAR1PAR1".to_vec(), "too short"),
            (b"PAR1xxxxxxxxxxxx".to_vec(), "begin and end"),
            (encrypted, "encrypted"),
            (long(u32::MAX), "longer than 64 MiB"),
            (long(9), "longer than the file"),
            (file(&[]), "Thrift"),
            (file(&[0]), "does not say"),
            (file(&footer(5, &[2, 2])), "add up"),
            (file(&footer(5, &[])), "add up"),
            (file(&[0x36, 1, 0]), "Thrift"),             // -1 rows
            (file(&[0x36, 2, 0x06, 6, 2, 0]), "Thrift"), // rows twice
            (file(&[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]), "Thrift"), // a list of 2^32 structures
            (file(&[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), "Thrift"), // text of 2^64 bytes
            (file(&[0x1b, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x55]), "Thrift"), // a map of 2^32
            (file(&[0x1e, 0]), "Thrift"),                                  // a type that there is not
            (file(&deep), "Thrift"),
            (file(&structs), "Thrift"),
        ] {
            let err = count(&bytes).expect_err(why);
            assert!(err.contains(why), "{why}: {err}");
        }
    }

    #[test]
    fn no_change_of_a_byte_panics() {
        let whole = file(&footer(5, &[2, 3]));
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                let _ = count(&bytes);
            }
            let _ = count(&whole[..at]);
        }
    }
}
