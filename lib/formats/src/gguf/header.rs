//! The header of a GGUF file (ggml, docs/gguf.md): versions 1 to 3, of either byte order.

use std::collections::HashSet;

use super::types;
use crate::Places;

/// The longest header that is read: vocabularies of a million words take a fifth of it.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;
/// The most tensors of one file.
pub const MAX_TENSORS: u64 = 1 << 20;
/// The most dimensions of a tensor. The format has four today, and says that there may be more.
pub const MAX_DIMENSIONS: u32 = 8;
/// The most key-value pairs.
const MAX_PAIRS: u64 = 1 << 20;
/// The deepest list of lists; the format's own implementation takes none.
const MAX_DEPTH: u32 = 4;
/// The tensors begin at multiples of this, if the header says nothing else.
const ALIGNMENT: u64 = 32;
/// How much of a name an error shows.
const SHOWN_CHARS: usize = 120;

/// Why a file is no GGUF file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `general.alignment` is not a power of two.
    #[error("general.alignment is {0}, a power of two was wanted")]
    Alignment(u64),
    /// `general.alignment` is not a 32-bit number.
    #[error("general.alignment is not a number of 32 bits")]
    AlignmentType,
    /// A count that the file has no room for, or that is beyond a limit.
    #[error("says that it holds {0} {1}")]
    Count(u64, &'static str),
    /// The bytes end before the header does: cut off, or there are more to come.
    #[error("the file ends inside its header")]
    CutOff,
    /// A key or a name that is not UTF-8.
    #[error("a name is not UTF-8")]
    NotUtf8,
    /// Not the magic or a version that is known.
    #[error("not GGUF of version 1, 2 or 3")]
    NotGguf,
    /// A key that is there twice.
    #[error("key {0:?} is there twice")]
    RepeatedKey(String),
    /// Longer than [`MAX_HEADER_BYTES`].
    #[error("header of more than {MAX_HEADER_BYTES} bytes")]
    TooLong,
    /// Does not agree with itself.
    #[error("tensor {name:?}: {why}")]
    Tensor {
        /// Its name, cut where it is long.
        name: String,
        /// What does not fit.
        why: Misfit,
    },
    /// The type of a value that nobody knows, or lists nested too deep.
    #[error("the value of key {0:?} is of no known type")]
    Value(String),
}

/// What is wrong with one tensor.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// Its place is no multiple of the alignment.
    #[error("its offset {0} is not aligned")]
    Alignment(u64),
    /// Its innermost dimension is no number of whole blocks.
    #[error("its rows are not whole blocks")]
    Blocks,
    /// More than [`MAX_DIMENSIONS`].
    #[error("{0} dimensions, at most {MAX_DIMENSIONS} were wanted")]
    Dimensions(u32),
    /// Its end is behind the file's.
    #[error("lies outside of the file")]
    Outside,
    /// Its size or place does not fit into 64 bits.
    #[error("its size does not fit into 64 bits")]
    Overflow,
    /// Begins before the one before it ends.
    #[error("overlaps another tensor")]
    Overlap,
    /// Has the name of another.
    #[error("is there twice")]
    Repeated,
    /// A type whose length nobody knows.
    #[error("type {0} is not known")]
    Type(u32),
}

/// Reads the header at the start of `bytes`, the first ones of a file of `size_bytes`: where its tensors are.
///
/// [`Error::CutOff`] of fewer bytes than the file has may be gone with more of them.
pub fn places(bytes: &[u8], size_bytes: u64) -> Result<Places, Error> {
    let mut reader = Reader { bytes, at: 0, big_endian: false, short: false };
    if reader.take(4)? != b"GGUF" {
        return Err(Error::NotGguf);
    }
    reader.version()?;
    let (tensors, pairs) = (reader.length()?, reader.length()?);
    // The least that a tensor's description and a pair take, as in `is_start`: a claim of 2^63 tensors costs nothing.
    let (of_tensor, of_pair) = if reader.short { (20, 9) } else { (24, 13) };
    let room = size_bytes.min(MAX_HEADER_BYTES).saturating_sub(reader.at as u64);
    if tensors > MAX_TENSORS.min(room / of_tensor) {
        return Err(Error::Count(tensors, "tensors"));
    }
    if pairs > MAX_PAIRS.min(room / of_pair) {
        return Err(Error::Count(pairs, "key-value pairs"));
    }
    let alignment = reader.pairs(pairs)?;
    let mut found = Places::default();
    // What is wrong with a tensor is said once the header is known to be whole.
    let mut wrong = None;
    for _ in 0..tensors {
        let described = reader.tensor()?;
        match described.extent(alignment) {
            Ok((kind, end)) if wrong.is_none() => {
                if !found.push(described.name, kind, described.offset, end) {
                    return Err(Error::TooLong);
                }
            }
            Ok(_) => {}
            Err(why) => wrong = wrong.or(Some(Error::Tensor { name: shown(described.name), why })),
        }
    }
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    let data = (reader.at as u64).checked_next_multiple_of(alignment).ok_or(Error::CutOff)?;
    check_places(found, data, size_bytes)
}

/// A tensor as the header describes it: its place is from the start of the data.
struct Described<'a> {
    name: &'a str,
    dimensions: [u64; MAX_DIMENSIONS as usize],
    kind: u32,
    offset: u64,
}

impl Described<'_> {
    /// Its type, and the byte after its last, from the start of the data.
    fn extent(&self, alignment: u64) -> Result<(&'static str, u64), Misfit> {
        if !self.offset.is_multiple_of(alignment) {
            return Err(Misfit::Alignment(self.offset));
        }
        let kind = types::of_number(self.kind).ok_or(Misfit::Type(self.kind))?;
        // A row is made of whole blocks; an empty list of dimensions is a single number.
        if !self.dimensions[0].is_multiple_of(kind.block_elements) {
            return Err(Misfit::Blocks);
        }
        let elements = self.dimensions.iter().try_fold(1_u64, |product, length| product.checked_mul(*length));
        let bytes =
            elements.and_then(|elements| (elements / kind.block_elements).checked_mul(kind.block_bytes));
        let end = bytes.and_then(|bytes| self.offset.checked_add(bytes)).ok_or(Misfit::Overflow)?;
        Ok((kind.name, end))
    }
}

/// Gives each tensor its place in the file, whose data begins at `data`, and holds the places against each other.
fn check_places(mut found: Places, data: u64, size_bytes: u64) -> Result<Places, Error> {
    let wrong = |name: &str, why| Error::Tensor { name: shown(name), why };
    if let Some(place) = found.iter().find(|place| place.end.checked_add(data).is_none()) {
        return Err(wrong(place.name, Misfit::Overflow));
    }
    if !found.shift(data) {
        return Err(Error::TooLong);
    }
    if let Some(place) = found.iter().find(|place| place.end > size_bytes) {
        return Err(wrong(place.name, Misfit::Outside));
    }
    let twice = found.sort().map(|name| wrong(name, Misfit::Repeated));
    let mut before = 0;
    for place in found.iter() {
        if place.start < before {
            return Err(wrong(place.name, Misfit::Overlap));
        }
        before = place.end;
    }
    twice.map_or(Ok(found), Err)
}

/// Takes numbers and texts from the start of a file.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    big_endian: bool,
    /// Version 1: lengths and dimensions have 32 bits.
    short: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], Error> {
        let end = (self.at as u64).checked_add(length).ok_or(Error::TooLong)?;
        // Before asking for more bytes: no header that could be read has them.
        if end > MAX_HEADER_BYTES {
            return Err(Error::TooLong);
        }
        let end = usize::try_from(end).map_err(|_| Error::TooLong)?;
        let taken = self.bytes.get(self.at..end).ok_or(Error::CutOff)?;
        self.at = end;
        Ok(taken)
    }

    fn version(&mut self) -> Result<(), Error> {
        let bytes = self.take(4)?.try_into().map_err(|_| Error::CutOff)?;
        // Big-endian files say so only by the bytes of the version.
        let version = match (u32::from_le_bytes(bytes), u32::from_be_bytes(bytes)) {
            (version @ 1..=3, _) => version,
            (_, version @ 1..=3) => {
                self.big_endian = true;
                version
            }
            _ => return Err(Error::NotGguf),
        };
        self.short = version == 1;
        Ok(())
    }

    fn number(&mut self, width: u64) -> Result<u64, Error> {
        Ok(super::number(self.take(width)?, self.big_endian))
    }

    fn u32(&mut self) -> Result<u32, Error> {
        u32::try_from(self.number(4)?).map_err(|_| Error::CutOff)
    }

    fn length(&mut self) -> Result<u64, Error> {
        self.number(if self.short { 4 } else { 8 })
    }

    fn text(&mut self) -> Result<&'a str, Error> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Error::NotUtf8)
    }

    /// Passes over the key-value pairs; the alignment that they name, or the usual one.
    fn pairs(&mut self, count: u64) -> Result<u64, Error> {
        let mut alignment = ALIGNMENT;
        let mut keys = HashSet::new();
        for _ in 0..count {
            let key = self.text()?;
            if !keys.insert(key) {
                // One reader takes the first, another the last: they would see other tensors.
                return Err(Error::RepeatedKey(shown(key)));
            }
            let kind = self.u32()?;
            if key != "general.alignment" {
                self.skip(kind, key)?;
                continue;
            }
            if kind != UINT32 {
                return Err(Error::AlignmentType);
            }
            alignment = self.number(4)?;
            if !alignment.is_power_of_two() {
                return Err(Error::Alignment(alignment));
            }
        }
        Ok(alignment)
    }

    /// Passes over a value of the type `kind`.
    fn skip(&mut self, mut kind: u32, key: &str) -> Result<(), Error> {
        let mut lists = Vec::new();
        // Lists without recursion: what is left of each, the outermost first.
        loop {
            if kind == ARRAY {
                let (inner, count) = (self.u32()?, self.length()?);
                if lists.len() >= MAX_DEPTH as usize {
                    return Err(Error::Value(shown(key)));
                }
                match width(inner) {
                    Some(width) => {
                        self.take(count.checked_mul(width).ok_or(Error::TooLong)?)?;
                    }
                    // Each text or list takes at least four bytes.
                    None if count > MAX_HEADER_BYTES / 4 => return Err(Error::TooLong),
                    None => lists.push((inner, count)),
                }
            } else if kind == STRING {
                let length = self.length()?;
                self.take(length)?;
            } else {
                let width = width(kind).ok_or_else(|| Error::Value(shown(key)))?;
                self.take(width)?;
            }
            while lists.last().is_some_and(|(_, left)| *left == 0) {
                lists.pop();
            }
            let Some((inner, left)) = lists.last_mut() else { return Ok(()) };
            *left -= 1;
            kind = *inner;
        }
    }

    fn tensor(&mut self) -> Result<Described<'a>, Error> {
        let name = self.text()?;
        let count = self.u32()?;
        if count > MAX_DIMENSIONS {
            return Err(Error::Tensor { name: shown(name), why: Misfit::Dimensions(count) });
        }
        // What is not there counts once.
        let mut dimensions = [1; MAX_DIMENSIONS as usize];
        for length in dimensions.iter_mut().take(count as usize) {
            *length = self.length()?;
        }
        let (kind, offset) = (self.u32()?, self.number(8)?);
        Ok(Described { name, dimensions, kind, offset })
    }
}

const UINT32: u32 = 4;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// The bytes of a value that is a plain number or truth value.
const fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        UINT32 | 5 | 6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn shown(name: &str) -> String {
    name.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
