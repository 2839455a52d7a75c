//! Arrow: how many rows a stream or a file holds, from its messages (Arrow columnar format 1.5, "Serialization and
//! Interprocess Communication").

use std::io::{Read, Seek, SeekFrom};

use crate::table::NotCounted;

/// What every message of a stream begins with.
pub const CONTINUATION: [u8; 4] = [0xff; 4];
/// What a file begins with: a stream follows, and after it a footer.
pub const FILE_MAGIC: [u8; 8] = *b"ARROW1\0\0";
/// The longest metadata of a message that is read, in bytes: a schema of some 100 000 columns.
pub const MAX_METADATA_BYTES: u32 = 64 << 20;
/// The most messages that are read.
pub const MAX_MESSAGES: u64 = 100_000_000;

/// The kinds of a message (Message.fbs, `MessageHeader`).
const SCHEMA: u8 = 1;
const DICTIONARY_BATCH: u8 = 2;
const RECORD_BATCH: u8 = 3;

/// Places in the tables of Message.fbs.
const MESSAGE_HEADER_TYPE: usize = 1;
const MESSAGE_HEADER: usize = 2;
const MESSAGE_BODY_LENGTH: usize = 3;
const BATCH_LENGTH: usize = 0;

/// The rows of a stream or file of `size` bytes: the lengths of its record batches, added up. Bodies are not read.
pub fn rows(file: &mut (impl Read + Seek), size: u64) -> Result<u64, NotCounted> {
    let malformed = NotCounted::Malformed;
    let mut magic = [0; 8];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut magic)?;
    let mut at: u64 = if magic == FILE_MAGIC { 8 } else { 0 };
    let mut rows = 0u64;
    let mut metadata = Vec::new();
    for message in 0..MAX_MESSAGES {
        // A stream may end without a word; one that holds nothing is none.
        if at == size && message > 0 {
            return Ok(rows);
        }
        let mut head = [0; 8];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        let [a, b, c, d, length @ ..] = head;
        let length = u32::from_le_bytes(length);
        if [a, b, c, d] != CONTINUATION {
            return Err(malformed("a message does not begin with ff ff ff ff"));
        }
        if length == 0 && message > 0 {
            return Ok(rows);
        }
        if length > MAX_METADATA_BYTES {
            return Err(malformed("the metadata of a message is longer than 64 MiB"));
        }
        metadata.clear();
        file.by_ref().take(length.into()).read_to_end(&mut metadata)?;
        if metadata.len() as u64 != u64::from(length) {
            return Err(malformed("it is cut off"));
        }
        let found = Message::read(&metadata).ok_or(malformed("a message is no Arrow message"))?;
        if (message == 0) != (found.kind == SCHEMA) {
            return Err(malformed("it does not begin with one schema"));
        }
        if found.kind == RECORD_BATCH {
            rows = rows.checked_add(found.rows).ok_or(malformed("its lengths add up to nonsense"))?;
        }
        let next = (at + 8 + u64::from(length)).checked_add(found.body_bytes);
        at = next.filter(|next| *next <= size).ok_or(malformed("it is cut off"))?;
    }
    Err(malformed("it holds too many messages"))
}

struct Message {
    kind: u8,
    /// Of a record batch.
    rows: u64,
    body_bytes: u64,
}

impl Message {
    fn read(bytes: &[u8]) -> Option<Self> {
        let message = Table::at(bytes, Table::follow(bytes, 0)?)?;
        let kind = *bytes.get(message.field(MESSAGE_HEADER_TYPE)?)?;
        let header = Table::at(bytes, Table::follow(bytes, message.field(MESSAGE_HEADER)?)?)?;
        // A number that is not written is zero.
        let number = |table: &Table<'_>, field| match table.field(field) {
            Some(at) => u64::try_from(i64::from_le_bytes(array(bytes, at)?)).ok(),
            None => Some(0),
        };
        let rows = match kind {
            RECORD_BATCH => number(&header, BATCH_LENGTH)?,
            SCHEMA | DICTIONARY_BATCH => 0,
            _ => return None,
        };
        Some(Self { kind, rows, body_bytes: number(&message, MESSAGE_BODY_LENGTH)? })
    }
}

/// A table of a FlatBuffer ("FlatBuffer Internals", "Tables").
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where the offsets of its fields are, and how long that list is, its two lengths included.
    offsets: usize,
    length: usize,
}

impl<'a> Table<'a> {
    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let back = i32::from_le_bytes(array(bytes, at)?);
        let offsets = usize::try_from(i64::try_from(at).ok()?.checked_sub(back.into())?).ok()?;
        let length = usize::from(u16::from_le_bytes(array(bytes, offsets)?));
        Some(Self { bytes, at, offsets, length })
    }

    /// Where the reference at `at` leads.
    fn follow(bytes: &[u8], at: usize) -> Option<usize> {
        at.checked_add(usize::try_from(u32::from_le_bytes(array(bytes, at)?)).ok()?)
    }

    /// Where the field of that number is, if it is there.
    fn field(&self, number: usize) -> Option<usize> {
        let entry = 4 + 2 * number;
        if entry + 2 > self.length {
            return None;
        }
        match u16::from_le_bytes(array(self.bytes, self.offsets.checked_add(entry)?)?) {
            0 => None,
            offset => self.at.checked_add(offset.into()),
        }
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A message of that kind with a header whose first field is `rows`.
    fn message(kind: u8, rows: i64, body: usize) -> Vec<u8> {
        let mut flat = Vec::new();
        flat.extend(16u32.to_le_bytes()); // to the message
        flat.extend([12, 0, 24, 0, 0, 0, 6, 0, 8, 0, 16, 0]); // offsets: type at 6, header at 8, body length at 16
        flat.extend(12i32.to_le_bytes()); // the message, at 16
        flat.extend([0, 0, kind, 0]);
        flat.extend(24u32.to_le_bytes()); // the header, at 24 + 24
        flat.extend([0; 4]);
        flat.extend((body as i64).to_le_bytes());
        flat.extend([6, 0, 12, 0, 4, 0, 0, 0]); // at 40: offsets of the header
        flat.extend(8i32.to_le_bytes()); // at 48
        flat.extend(rows.to_le_bytes());
        flat.extend([0; 4]);
        let length = (flat.len() as u32).to_le_bytes();
        [&CONTINUATION[..], &length, &flat, &vec![7; body]].concat()
    }

    fn count(bytes: &[u8]) -> Result<u64, String> {
        rows(&mut Cursor::new(bytes), bytes.len() as u64).map_err(|err| err.to_string())
    }

    const END: [u8; 8] = [255, 255, 255, 255, 0, 0, 0, 0];

    #[test]
    fn record_batches_add_up() {
        let schema = message(SCHEMA, 9, 0);
        let batches =
            [message(RECORD_BATCH, 3, 16), message(DICTIONARY_BATCH, 9, 8), message(RECORD_BATCH, 4, 0)]
                .concat();
        assert_eq!(count(&[&schema[..], &batches, &END].concat()), Ok(7));
        assert_eq!(count(&[&schema[..], &batches].concat()), Ok(7), "an end without a word");
        assert_eq!(count(&[&FILE_MAGIC[..], &schema, &batches, &END, b"footer"].concat()), Ok(7));
        assert_eq!(count(&schema), Ok(0));
    }

    #[test]
    fn what_is_no_stream() {
        let schema = message(SCHEMA, 0, 0);
        let mut huge = message(RECORD_BATCH, 1, 0);
        huge[8 + 32..8 + 40].copy_from_slice(&i64::MAX.to_le_bytes());
        let mut negative = message(RECORD_BATCH, 1, 0);
        negative[8 + 52..8 + 60].copy_from_slice(&(-1i64).to_le_bytes());
        for (bytes, why) in [
            (Vec::new(), "cut off"),
            (END.to_vec(), "no Arrow message"),
            (b"ARROW1\0\0".to_vec(), "cut off"),
            ([255, 255, 255, 255, 255, 255, 255, 127].to_vec(), "longer than 64 MiB"),
            (vec![0; 64], "ff ff ff ff"),
            (message(RECORD_BATCH, 1, 0), "schema"),
            ([&schema[..], &schema].concat(), "schema"),
            ([&schema[..], &message(RECORD_BATCH, 1, 8)[..70]].concat(), "cut off"),
            ([&schema[..], &huge].concat(), "cut off"),
            ([&schema[..], &negative].concat(), "no Arrow message"),
            (
                [
                    &schema[..],
                    &message(RECORD_BATCH, i64::MAX, 0),
                    &message(RECORD_BATCH, i64::MAX, 0),
                    &message(RECORD_BATCH, i64::MAX, 0),
                ]
                .concat(),
                "nonsense",
            ),
            ([&schema[..], &message(9, 1, 0)].concat(), "no Arrow message"),
            ([&schema[..], b"\xff\xff"].concat(), "cut off"),
        ] {
            let err = count(&bytes).expect_err(why);
            assert!(err.contains(why), "{why}: {err}");
        }
    }

    #[test]
    fn no_change_of_a_byte_panics() {
        let whole = [message(SCHEMA, 0, 0), message(RECORD_BATCH, 3, 8)].concat();
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
