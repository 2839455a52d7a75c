//! JSON: one object or array (RFC 8259).

use serde_json::value::RawValue;

use crate::{Start, text};

pub(crate) fn is_start(start: Start<'_>) -> bool {
    let first = start.bytes.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    matches!(first, Some(b'{' | b'[')) && is_value(start.bytes, start.whole)
}

/// Whether `bytes` are one JSON value or, if not `whole`, the start of one. Takes no stack for depth.
pub(crate) fn is_value(bytes: &[u8], whole: bool) -> bool {
    text::is_utf8(bytes, whole)
        && match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(_) => true,
            Err(error) => error.is_eof() && !whole,
        }
}
