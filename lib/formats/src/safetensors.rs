//! safetensors: the header's length (u64, little-endian), a JSON object of that length, the tensors.

use crate::{Start, json};

/// The limit of the format's own implementation.
const MAX_HEADER_BYTES: u64 = 100_000_000;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    let Some((length, rest)) = start.bytes.split_first_chunk() else { return false };
    let length = u64::from_le_bytes(*length);
    if !(2..=MAX_HEADER_BYTES).contains(&length)
        || length + 8 > start.size_bytes
        || rest.first() != Some(&b'{')
    {
        return false;
    }
    match usize::try_from(length).ok().and_then(|length| rest.get(..length)) {
        Some(header) => json::is_value(header, true),
        None => !start.whole && json::is_value(rest, false),
    }
}
