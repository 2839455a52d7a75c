//! safetensors: the header's length (u64, little-endian), a JSON object of that length, the tensors.

mod wire;

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::de::DeserializeSeed as _;

use self::wire::{AtMost, Entry, Only, Wire};
use crate::{Place, Places, Start, json};

/// The limit of the format's own implementation.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;
/// The most tensors of one file. The format has no limit; the largest models have a tenth of this.
pub const MAX_TENSORS: usize = 1 << 20;
/// The most dimensions of a tensor. The format has no limit; no framework goes beyond 64, and no weights beyond ten.
pub const MAX_DIMENSIONS: usize = 32;
/// How much of a tensor's name an error shows.
const SHOWN_CHARS: usize = 120;

/// What the header of a file says, held against the file's size and against itself.
#[derive(Clone, Debug)]
pub struct Header {
    /// By name; one for each name.
    pub tensors: Vec<Tensor>,
    /// `__metadata__`: what the writer wished to say.
    pub metadata: BTreeMap<String, String>,
    /// Names that the header gives twice or more, sorted. The format's own implementation takes the last of them, and so do
    /// `tensors`; another reader may take the first.
    pub repeated: Vec<String>,
    /// The bytes of all tensors, which is all that follows the header.
    pub data_bytes: u64,
}

/// One tensor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// What its elements are.
    pub dtype: Dtype,
    /// Its dimensions, the outermost first; none for a single number.
    pub shape: Box<[u64]>,
    /// The product of its dimensions.
    pub elements: u64,
    /// Where it begins and ends, in bytes from the end of the header.
    pub data_offsets: (u64, u64),
}

impl Tensor {
    /// Its length in bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.data_offsets.1.saturating_sub(self.data_offsets.0)
    }
}

/// What the elements of a tensor are: a type that the format's own implementation knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dtype {
    /// The name that headers use.
    pub name: &'static str,
    /// The bits of one element.
    pub bits: u64,
}

/// Why a file is no safetensors file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes cannot be read.
    #[error("cannot be read")]
    Io(#[from] io::Error),
    /// Cut off, or a length that cannot be.
    #[error("header of {found} bytes, 2 to {most} were wanted")]
    Length {
        /// What the file says.
        found: u64,
        /// What its size and the limit leave.
        most: u64,
    },
    /// Not JSON, or not of the shape of a header.
    #[error("header: {0}")]
    Json(#[from] serde_json::Error),
    /// More than [`MAX_TENSORS`].
    #[error("more than {MAX_TENSORS} tensors")]
    TooMany,
    /// Does not agree with itself.
    #[error("tensor {name:?}: {why}")]
    Tensor {
        /// Its name, cut where it is long.
        name: String,
        /// What does not fit.
        why: Misfit,
    },
    /// Bytes after the last tensor, or too few for it.
    #[error("tensors of {found} bytes, {wanted} follow the header")]
    Size {
        /// The end of the last tensor.
        found: u64,
        /// What is there.
        wanted: u64,
    },
}

/// What is wrong with one tensor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// More than [`MAX_DIMENSIONS`].
    #[error("more than {MAX_DIMENSIONS} dimensions")]
    Dimensions,
    /// The product of the dimensions, or the bytes, do not fit into 64 bits.
    #[error("its size does not fit into 64 bits")]
    Overflow,
    /// Not the bytes that its shape and type make.
    #[error("its offsets are not those of its shape and type")]
    Bytes,
    /// Its end is before its start.
    #[error("ends before it begins")]
    Backwards,
    /// Begins before the one before it ends.
    #[error("overlaps the tensor before it")]
    Overlap,
    /// Begins after the one before it ends.
    #[error("bytes of no tensor lie before it")]
    Hole,
    /// Has the name of another: readers differ in which of them they take.
    #[error("is there twice")]
    Repeated,
}

/// Reads the header at the start of `reader`, of a file of `size_bytes`; takes no more bytes than the header has.
///
/// Refuses what the format's own implementation refuses: holes, overlaps, bytes after the last tensor, sizes that do not
/// fit the shapes. A repeated name is no error there, and is reported here.
pub fn header(reader: &mut impl Read, size_bytes: u64) -> Result<Header, Error> {
    header_of(reader, size_bytes, MAX_TENSORS)
}

/// The length of the header of a file of `size_bytes` that begins with `start`; eight bytes of them say it.
pub fn header_length(start: [u8; 8], size_bytes: u64) -> Result<u64, Error> {
    let most = size_bytes.saturating_sub(8).min(MAX_HEADER_BYTES);
    let found = u64::from_le_bytes(start);
    // Checked before anything is set aside: a claim of 2^63 bytes costs nothing.
    if (2..=most).contains(&found) { Ok(found) } else { Err(Error::Length { found, most }) }
}

/// Reads `header`, all that lies between its length and the tensors in a file of `size_bytes`: where the tensors are.
///
/// Refuses what [`header()`] refuses, and repeated names. Nothing of `__metadata__` is kept, so that keys repeated in it
/// are no error.
pub fn places(header: &[u8], size_bytes: u64) -> Result<Places, Error> {
    let mut json = serde_json::Deserializer::from_slice(header);
    let mut found = Places::default();
    let mut wrong = None;
    let take = |name: &str, entry: Entry| {
        if wrong.is_none() {
            let added = check_entry(name, &entry).and_then(|_| {
                let (start, end) = entry.data_offsets;
                let room = found.len() < MAX_TENSORS && found.push(name, entry.dtype.0.name, start, end);
                if room { Ok(()) } else { Err(Error::TooMany) }
            });
            wrong = added.err();
        }
    };
    Only(take).deserialize(&mut json)?;
    json.end()?;
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let twice = found.sort().map(|name| Error::Tensor { name: shown(name), why: Misfit::Repeated });
    if let Some(twice) = twice {
        return Err(twice);
    }
    let before_data = (header.len() as u64).saturating_add(8);
    check_order(found.iter(), size_bytes.saturating_sub(before_data))?;
    // They end where the file does, at most.
    if found.shift(before_data) { Ok(found) } else { Err(Error::TooMany) }
}

fn header_of(reader: &mut impl Read, size_bytes: u64, max_tensors: usize) -> Result<Header, Error> {
    let most = size_bytes.saturating_sub(8).min(MAX_HEADER_BYTES);
    if most < 2 {
        return Err(Error::Length { found: size_bytes, most });
    }
    let mut length = [0; 8];
    reader.read_exact(&mut length)?;
    let length = header_length(length, size_bytes)?;
    let mut bytes = Vec::new();
    reader.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(Error::Io(io::ErrorKind::UnexpectedEof.into()));
    }
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let Wire { mut tensors, metadata, too_many } = AtMost(max_tensors).deserialize(&mut json)?;
    if too_many {
        return Err(Error::TooMany);
    }
    json.end()?;
    drop(bytes);
    let repeated = keep_last(&mut tensors);
    let data_bytes = size_bytes.saturating_sub(8).saturating_sub(length);
    let tensors = tensors.into_iter().map(check).collect::<Result<Vec<_>, _>>()?;
    check_places(&tensors, data_bytes)?;
    Ok(Header { tensors, metadata, repeated, data_bytes })
}

pub(crate) fn is_start(start: Start<'_>) -> bool {
    let Some((length, rest)) = start.bytes.split_first_chunk() else { return false };
    let length = u64::from_le_bytes(*length);
    if !(2..=MAX_HEADER_BYTES).contains(&length) || length + 8 > start.size_bytes || !may_be_object(rest) {
        return false;
    }
    match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
        Some(header) => json::is_value(header, true),
        None => !start.whole && json::is_value(rest, false),
    }
}

/// Whether `header` may be the start of an object. The format wants a brace first, and its own implementation takes white
/// space before it: what loads as safetensors is safetensors, however long that goes on.
fn may_be_object(header: &[u8]) -> bool {
    let first = header.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    matches!(first, Some(b'{') | None)
}

/// Sorts by name, leaves the last of each, and returns the names that came more than once.
fn keep_last(tensors: &mut Vec<(String, Entry)>) -> Vec<String> {
    let mut repeated: Vec<String> = Vec::new();
    // Stable: entries of one name stay in the order of the file.
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    tensors.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            std::mem::swap(next, kept);
            if repeated.last() != Some(&kept.0) {
                repeated.push(kept.0.clone());
            }
        }
        same
    });
    repeated
}

fn check((name, entry): (String, Entry)) -> Result<Tensor, Error> {
    let elements = check_entry(&name, &entry)?;
    let Entry { dtype, shape, data_offsets } = entry;
    Ok(Tensor { dtype: dtype.0, shape: shape.dimensions.into(), elements, data_offsets, name })
}

/// How many elements the tensor has, if its shape and type make the bytes that it says it has.
fn check_entry(name: &str, entry: &Entry) -> Result<u64, Error> {
    let wrong = |why| Error::Tensor { name: shown(name), why };
    if entry.shape.too_many {
        return Err(wrong(Misfit::Dimensions));
    }
    let shape = &entry.shape.dimensions;
    let elements = shape.iter().try_fold(1_u64, |product, length| product.checked_mul(*length));
    let elements = elements.ok_or_else(|| wrong(Misfit::Overflow))?;
    let (begin, end) = entry.data_offsets;
    let bytes = end.checked_sub(begin).ok_or_else(|| wrong(Misfit::Backwards))?;
    let bits = elements.checked_mul(entry.dtype.0.bits).ok_or_else(|| wrong(Misfit::Overflow))?;
    if bits % 8 != 0 || bits / 8 != bytes {
        return Err(wrong(Misfit::Bytes));
    }
    Ok(elements)
}

/// The tensors lie side by side, and fill what follows the header.
fn check_places(tensors: &[Tensor], data_bytes: u64) -> Result<(), Error> {
    let mut places: Vec<_> = tensors
        .iter()
        .map(|tensor| Place {
            start: tensor.data_offsets.0,
            end: tensor.data_offsets.1,
            name: &tensor.name,
            dtype: tensor.dtype.name,
        })
        .collect();
    places.sort_unstable();
    check_order(places.into_iter(), data_bytes)
}

/// The same of places in their order, from the start of the data.
fn check_order<'a>(places: impl Iterator<Item = Place<'a>>, data_bytes: u64) -> Result<(), Error> {
    let mut reached = 0;
    for Place { start, end, name, .. } in places {
        if start != reached {
            let why = if start < reached { Misfit::Overlap } else { Misfit::Hole };
            return Err(Error::Tensor { name: shown(name), why });
        }
        reached = end;
    }
    if reached == data_bytes { Ok(()) } else { Err(Error::Size { found: reached, wanted: data_bytes }) }
}

fn shown(name: &str) -> String {
    name.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data_bytes: usize) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; data_bytes]].concat()
    }

    fn read(bytes: &[u8]) -> Result<Header, Error> {
        header(&mut &bytes[..], bytes.len() as u64)
    }

    #[test]
    fn what_does_not_agree_with_itself_is_refused() {
        let one = |rest: &str| format!(r#"{{"a":{{{rest}}}}}"#);
        for (header, data_bytes, why) in [
            (one(r#""dtype":"F32","shape":[2],"data_offsets":[0,4]"#), 4, "offsets are not those"),
            (one(r#""dtype":"F4","shape":[1],"data_offsets":[0,1]"#), 1, "offsets are not those"),
            (one(r#""dtype":"U8","shape":[1],"data_offsets":[1,2]"#), 2, "bytes of no tensor"),
            (one(r#""dtype":"U8","shape":[1],"data_offsets":[2,1]"#), 2, "ends before"),
            (one(r#""dtype":"U8","shape":[2],"data_offsets":[0,2]"#), 3, "3 follow"),
            (one(r#""dtype":"U8","shape":[2],"data_offsets":[0,2]"#), 1, "1 follow"),
            (one(r#""dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]"#), 0, "64 bits"),
            (one(r#""dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0]"#), 0, "64 bits"),
            (one(r#""dtype":"U8","shape":[-1],"data_offsets":[0,1]"#), 1, "invalid value"),
            (one(r#""dtype":"U8","shape":[1.0],"data_offsets":[0,1]"#), 1, "invalid type"),
            (one(r#""dtype":"F33","shape":[2],"data_offsets":[0,8]"#), 8, "not known"),
            (one(r#""dtype":"U8","shape":[]"#), 1, "missing field"),
            (one(r#""dtype":"U8","dtype":"I8","shape":[],"data_offsets":[0,1]"#), 1, "duplicate field"),
            (one(&format!(r#""dtype":"U8","shape":[{}1],"data_offsets":[0,1]"#, "1,".repeat(32))), 1, "dimensions"),
            (r#"{"__metadata__":{"a":1}}"#.into(), 0, "string"),
            (r#"{"__metadata__":{"a":"1","a":"1"}}"#.into(), 0, "repeated key"),
            (r#"{"__metadata__":{},"__metadata__":{}}"#.into(), 0, "repeated key"),
            (
                r#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#
                    .into(),
                3,
                "overlaps",
            ),
            ("[]".into(), 0, "object of tensors"),
            ("{} x".into(), 0, "trailing"),
            (r#"{"a":1}"#.into(), 0, "invalid type"),
        ] {
            let bytes = file(&header, data_bytes);
            let err = read(&bytes).expect_err(&header).to_string();
            assert!(err.contains(why), "{header}: {err}");
            // Keys that are repeated in the metadata cost memory to find, and say nothing of places.
            if !header.starts_with(r#"{"__metadata__":{"a":"1""#) {
                let err = places(header.as_bytes(), bytes.len() as u64).expect_err(&header).to_string();
                assert!(err.contains(why), "{header}: {err}");
            }
        }
    }

    #[test]
    fn claims_that_cannot_be_cost_nothing() {
        for length in [0, 1, 3, MAX_HEADER_BYTES + 1, 1 << 63, u64::MAX] {
            let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
            assert!(matches!(read(&bytes), Err(Error::Length { .. })), "{length}");
        }
        for bytes in [&b""[..], b"\x02\0\0\0\0\0\0\0", b"\x02\0\0\0\0\0\0\0{"] {
            assert!(read(bytes).is_err());
        }
        // The size that the caller knows is not there any more.
        assert!(matches!(header(&mut &b"\x09\0\0\0\0\0\0\0{}"[..], 100), Err(Error::Io(_))));
        let two = file(
            r#"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"__metadata__":{},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}"#,
            1,
        );
        let most = |most| header_of(&mut &two[..], two.len() as u64, most);
        assert!(most(2).is_ok());
        assert!(matches!(most(1), Err(Error::TooMany)));
    }

    #[test]
    fn a_header_is_read_without_the_tensors() {
        let header = r#"{"b":{"dtype":"F6_E2M3","shape":[4,1],"data_offsets":[4,7]},"__metadata__":{"format":"pt"},
            "a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"c":{"dtype":"BF16","shape":[1],"data_offsets":[7,9]}}   "#;
        let bytes = file(header, 9);
        let mut reader = &bytes[..];
        let read = super::header(&mut reader, bytes.len() as u64).expect("a header");
        assert_eq!(reader.len(), 9, "not one byte further");
        let seen: Vec<_> = read
            .tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor.dtype.name, tensor.elements, tensor.bytes()))
            .collect();
        assert_eq!(seen, [("a", "F32", 1, 4), ("b", "F6_E2M3", 4, 3), ("c", "BF16", 1, 2)]);
        assert_eq!(&*read.tensors[1].shape, [4, 1]);
        assert_eq!(read.metadata.get("format").map(String::as_str), Some("pt"));
        assert!(read.repeated.is_empty() && read.data_bytes == 9);
        let (places, data) =
            (places(header.as_bytes(), bytes.len() as u64).expect("the same"), bytes.len() as u64 - 9);
        let seen: Vec<_> = places
            .iter()
            .map(|place| (place.name, place.dtype, place.start - data, place.end - data))
            .collect();
        assert_eq!(seen, [("a", "F32", 0, 4), ("b", "F6_E2M3", 4, 7), ("c", "BF16", 7, 9)]);
    }

    #[test]
    fn the_last_of_a_repeated_name_counts() {
        let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},
            "a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#;
        let read = read(&file(header, 4)).expect("a header");
        assert_eq!(read.repeated, ["a"]);
        assert_eq!(read.tensors.len(), 2);
        assert_eq!(read.tensors[0].dtype.name, "I8");
        let err = places(header.as_bytes(), header.len() as u64 + 12).expect_err("twice").to_string();
        assert_eq!(err, "tensor \"a\": is there twice");
    }
}
