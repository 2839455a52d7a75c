//! Zip (PKWARE APPNOTE 6.3): a local file header at the start, or an end record at the end.

use crate::Start;

/// How far from a file's end the end record may begin: its own 22 bytes and a comment.
pub(crate) const END_BYTES: usize = 22 + 0xffff;

/// A size or offset that is found elsewhere (zip64).
const ELSEWHERE: u32 = u32::MAX;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    // The last is the marker of an archive once meant for several disks.
    [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|magic| start.bytes.starts_with(*magic))
}

/// Whether a reader of archives finds an end record (4.3.16) in `tail`, the last bytes of a file of `size_bytes`.
///
/// Readers differ in how much of the record they check, so only what none can do without counts: there is room for the
/// directory that it names.
pub(crate) fn is_end(tail: &[u8], size_bytes: u64) -> bool {
    let tail = &tail[tail.len().saturating_sub(END_BYTES)..];
    let last = tail.len().saturating_sub(22 - 1);
    // Most files have no such byte at all near their end.
    tail[..last].iter().enumerate().filter(|(_, byte)| **byte == b'P').any(|(at, _)| {
        let record = &tail[at..at + 22];
        let number =
            |at: usize| u32::from_le_bytes([record[at], record[at + 1], record[at + 2], record[at + 3]]);
        let before = size_bytes - (tail.len() - at) as u64;
        let (length, offset) = (number(12), number(16));
        record.starts_with(b"PK\x05\x06")
            && (length == ELSEWHERE || offset == ELSEWHERE || u64::from(length) + u64::from(offset) <= before)
    })
}
