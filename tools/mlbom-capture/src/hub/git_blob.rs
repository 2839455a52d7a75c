//! Names that git gives to content: SHA-1 over a header and the bytes (Pro Git, 10.2 "Git Objects").

use std::io::{self, Read};

use mlbom::digest::{Digest, Sha256};
use sha1::{Digest as _, Sha1};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// The name of a blob of `size` bytes.
pub(super) fn name_of(mut file: impl Read, size: u64) -> io::Result<Digest<20>> {
    let mut hash = Sha1::new();
    hash.update(format!("blob {size}\0"));
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    let bytes: [u8; 20] = hash.finalize().into();
    Ok(bytes.into())
}

/// The name of the pointer that stands in git for a large file (git-lfs, docs/spec.md, "The Pointer").
pub(super) fn name_of_pointer(sha256: &Sha256, size: u64) -> Digest<20> {
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
