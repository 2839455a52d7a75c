//! Zip: a local file header at the start, or the end record of an empty archive.

use crate::Start;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    start.bytes.starts_with(b"PK\x03\x04") || start.bytes.starts_with(b"PK\x05\x06")
}
