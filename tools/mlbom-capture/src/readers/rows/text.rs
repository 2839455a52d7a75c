//! What the counters of text share: one pass over a file in pieces, and how long a row may be.

use std::io::{self, Read};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// The longest row, in bytes.
pub(super) const MAX_ROW_BYTES: u64 = 64 << 20;
/// What may stand before the first character (Unicode, "Byte Order Mark").
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What was counted, or why nothing was.
pub(super) type Counted = Result<u64, String>;

/// Hands `file` out piece by piece, the byte order mark taken off, until `take` refuses.
pub(super) fn pieces(
    file: &mut impl Read,
    mut take: impl FnMut(&[u8]) -> Result<(), String>,
) -> io::Result<Result<(), String>> {
    let mut start = Vec::new();
    file.take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
    if let Err(why) = take(without_mark(&start)) {
        return Ok(Err(why));
    }
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => return Ok(Ok(())),
            Ok(read) => read,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
            Err(err) => return Err(err),
        };
        if let Err(why) = take(buffer.get(..read).unwrap_or_default()) {
            return Ok(Err(why));
        }
    }
}

pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}
