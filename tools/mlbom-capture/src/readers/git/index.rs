//! The names of an index of version 4, counted without being put together.

use std::io::{BufRead, Read as _};

/// The longest name of a tracked file, in bytes: Linux's own `PATH_MAX`.
pub(super) const MAX_PATH_BYTES: usize = 4096;
/// Times, numbers and modes before the digest, the digest (SHA-1), flags (gitformat-index, "Index entry").
const FIXED_BYTES: usize = 40 + 20 + 2;
/// Where in it the flags are, and the flag that says that two more bytes follow.
const FLAGS_AT: usize = FIXED_BYTES - 2;
const EXTENDED: u8 = 0x40;

/// Refuses an index one of whose names is longer than [`MAX_PATH_BYTES`].
pub(super) fn check_paths(index: &mut impl BufRead, entries: u32) -> Result<(), String> {
    let short = |_| "the index ends early".to_owned();
    let mut before = 0_usize;
    let mut fixed = [0; FIXED_BYTES];
    let mut suffix = Vec::new();
    for _ in 0..entries {
        index.read_exact(&mut fixed).map_err(short)?;
        if fixed[FLAGS_AT] & EXTENDED != 0 {
            index.read_exact(&mut [0; 2]).map_err(short)?;
        }
        let dropped = varint(index)?;
        suffix.clear();
        let limit = MAX_PATH_BYTES as u64 + 1;
        index.by_ref().take(limit).read_until(0, &mut suffix).map_err(short)?;
        let kept = before.checked_sub(dropped).ok_or("the index is malformed")?;
        if suffix.pop() != Some(0) || kept + suffix.len() > MAX_PATH_BYTES {
            return Err(format!("the index holds a name longer than {MAX_PATH_BYTES} bytes"));
        }
        before = kept + suffix.len();
    }
    Ok(())
}

/// A number as in the offsets of a pack (gitformat-pack, "offset encoding").
fn varint(index: &mut impl BufRead) -> Result<usize, String> {
    let mut value = 0_usize;
    for _ in 0..4 {
        let mut byte = [0];
        index.read_exact(&mut byte).map_err(|_| "the index ends early")?;
        value = (value << 7) | usize::from(byte[0] & 0x7f);
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
        value += 1;
    }
    Err("the index is malformed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dropped: u8, suffix: &[u8]) -> Vec<u8> {
        [&[0; FIXED_BYTES][..], &[dropped], suffix, &[0]].concat()
    }

    #[test]
    fn names_that_grow_without_bytes_are_refused() {
        let long = vec![b'a'; MAX_PATH_BYTES];
        for (bytes, entries, good) in [
            (entry(0, b"a"), 1, true),
            ([entry(0, b"abc"), entry(1, b"d")].concat(), 2, true),
            (entry(0, &long), 1, true),
            ([entry(0, &long), entry(0, b"b")].concat(), 2, false),
            (entry(0, &[&long[..], b"a"].concat()), 1, false),
            (entry(1, b"a"), 1, false),
            (entry(0, b"a"), 2, false),
            (vec![0; 10], 1, false),
            ([&[0; FIXED_BYTES][..], &[0xff; 8]].concat(), 1, false),
        ] {
            assert_eq!(check_paths(&mut &bytes[..], entries).is_ok(), good, "{} bytes", bytes.len());
        }
    }
}
