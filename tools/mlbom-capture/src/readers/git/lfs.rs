//! Files that git keeps as pointers (Git LFS specification, "The Pointer").

use mlbom::digest::Sha256;
use mlbom::path::RelPath;
use mlbom_tree::Tree;

use crate::error::Error;
use crate::readers::python::digest_of;

/// A pointer is shorter than this, in bytes.
pub(super) const MAX_POINTER_BYTES: usize = 1024;

/// What a pointer says of the file that it stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Pointer {
    pub(super) sha256: Sha256,
    size: u64,
}

impl Pointer {
    /// Takes `bytes` if they are a pointer.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() >= MAX_POINTER_BYTES {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next()? != "version https://git-lfs.github.com/spec/v1" {
            return None;
        }
        let (mut sha256, mut size) = (None, None);
        for line in lines {
            let (key, value) = line.split_once(' ')?;
            match key {
                "oid" => sha256 = value.strip_prefix("sha256:")?.parse().ok(),
                "size" => size = value.parse().ok(),
                _ => {}
            }
        }
        Some(Self { sha256: sha256?, size: size? })
    }

    /// Whether the file called `path` is the one that this stands for.
    pub(super) fn is(&self, tree: &Tree, path: &str) -> Result<bool, Error> {
        let Ok(path) = RelPath::parse(path) else { return Ok(false) };
        let opened = match tree.open_file(&path) {
            Ok(Some(opened)) => opened,
            Ok(None) | Err(mlbom_tree::Error::Link { .. } | mlbom_tree::Error::Special { .. }) => {
                return Ok(false);
            }
            Err(err) => return Err(err.into()),
        };
        Ok(opened.size() == self.size && digest_of(opened)? == self.sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_told_from_files() {
        let digest = "a".repeat(64);
        let start = "version https://git-lfs.github.com/spec/v1\n";
        for (text, good) in [
            (format!("{start}oid sha256:{digest}\nsize 12\n"), true),
            (format!("{start}ext-0-foo sha256:{digest}\noid sha256:{digest}\nsize 12\n"), true),
            (format!("{start}oid sha256:{digest}\nsize 12"), false),
            (format!("{start}oid sha256:{digest}\n"), false),
            (format!("{start}size 12\n"), false),
            (format!("{start}oid sha1:{digest}\nsize 12\n"), false),
            (format!("{start}oid sha256:{digest}\nsize -1\n"), false),
            (format!("{start}oid sha256:{digest}\nsize 12\n{}\n", "x".repeat(1000)), false),
            ("import torch\n".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(Pointer::parse(text.as_bytes()).is_some(), good, "{text}");
        }
    }
}
