//! GGUF: magic, version, number of tensors, number of key-value pairs; then the pairs, what the tensors are, the tensors.

mod header;
mod types;

pub use header::{Error, MAX_DIMENSIONS, MAX_HEADER_BYTES, MAX_TENSORS, Misfit, places};

use crate::Start;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    let Some(rest) = start.bytes.strip_prefix(b"GGUF") else { return false };
    let Some(version) = rest.first_chunk() else { return false };
    // Big-endian files say so only by the bytes of the version.
    let (version, big_endian) = match (u32::from_le_bytes(*version), u32::from_be_bytes(*version)) {
        (version @ 1..=3, _) => (version, false),
        (_, version @ 1..=3) => (version, true),
        _ => return false,
    };
    let width = if version == 1 { 4 } else { 8 };
    let header_bytes = 8 + 2 * width;
    let Some(counts) = start.bytes.get(8..header_bytes) else { return false };
    let (tensors, pairs) = counts.split_at(width);
    let (tensors, pairs) = (number(tensors, big_endian), number(pairs, big_endian));
    // The least a tensor's description takes: length of the name, dimensions, type, offset; of a pair: length of
    // the key, type, value.
    let (tensor_bytes, pair_bytes) = if version == 1 { (20, 9) } else { (24, 13) };
    let least = header_bytes as u128 + u128::from(tensors) * tensor_bytes + u128::from(pairs) * pair_bytes;
    least <= u128::from(start.size_bytes)
}

fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let next = |sum, byte: &u8| sum << 8 | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, next) } else { bytes.iter().rev().fold(0, next) }
}
