//! Text: UTF-8 without the control characters that no editor writes.

use crate::Start;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    // Vocabularies list the control characters beyond ASCII (U+0080 to U+009F) too: these pass.
    let control =
        |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0c' | b'\x1b');
    is_utf8(start.bytes, start.whole) && !start.bytes.iter().any(control)
}

/// Whether `bytes` are UTF-8; if not `whole`, a character may be cut off at the end.
pub(crate) fn is_utf8(bytes: &[u8], whole: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && !whole,
    }
}
