//! Names that git gives to content: SHA-1 over a header and the bytes (Pro Git, 10.2 "Git Objects").
//!
//! Two contents of one name can be made by who makes both. A name tells what somebody honest stored from what came of
//! it; it is no proof against that somebody.

use std::io::{self, Read};

use mlbom::digest::{Digest, Sha256};
use sha1::{Digest as _, Sha1};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// The name of a blob of `size` bytes, which is all that `file` holds.
///
/// Fails as reading does, and with [`io::ErrorKind::UnexpectedEof`] or [`io::ErrorKind::InvalidData`] if there are fewer
/// bytes, or more: not more than `size` and a buffer are read.
pub fn name_of(mut file: impl Read, size: u64) -> io::Result<Digest<20>> {
    let mut hash = Sha1::new();
    hash.update(format!("blob {size}\0"));
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut left = size;
    loop {
        match file.read(&mut buffer) {
            Ok(0) if left == 0 => break,
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                left = left.checked_sub(read as u64).ok_or(io::ErrorKind::InvalidData)?;
                hash.update(buffer.get(..read).unwrap_or_default());
            }
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    let bytes: [u8; 20] = hash.finalize().into();
    Ok(bytes.into())
}

/// The name of the pointer that stands in git for a large file of `size` bytes (git-lfs, docs/spec.md, "The Pointer").
#[must_use]
pub fn name_of_pointer(sha256: &Sha256, size: u64) -> Digest<20> {
    let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n");
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0{text}", text.len()));
    let bytes: [u8; 20] = hash.finalize().into();
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_length_has_no_name() {
        for (bytes, size, why) in [
            (&b""[..], 1, io::ErrorKind::UnexpectedEof),
            (b"abc", 4, io::ErrorKind::UnexpectedEof),
            (b"abc", 2, io::ErrorKind::InvalidData),
            (b"abc", 0, io::ErrorKind::InvalidData),
        ] {
            assert_eq!(name_of(bytes, size).expect_err("another length").kind(), why, "{size}");
        }
        // Without an end, too.
        assert!(name_of(io::repeat(0), 1 << 20).is_err());
    }

    #[test]
    fn names_as_git_gives_them() {
        for (bytes, want) in [
            (&b""[..], "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
            (b"hello world\n", "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"),
        ] {
            assert_eq!(name_of(bytes, bytes.len() as u64).expect("bytes").to_string(), want);
        }
        // A file of a repository whose commit git verified.
        let digest =
            "136c651950f56412aa8d3469c8cce8aa1720db8e18d7c8abb54f81e924763a44".parse().expect("a digest");
        assert_eq!(name_of_pointer(&digest, 132_496).to_string(), "e688188778cb8fac62c7c2f397ed79906147c08e");
    }
}
