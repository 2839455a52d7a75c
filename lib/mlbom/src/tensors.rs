//! The tensors of a file, each with its own digest: what tells which part of a large file changed.

use std::collections::HashSet;

use mlbom_formats::Format;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::json;
use crate::manifest::{Error, File};

/// The most tensors of all files of a manifest.
pub const MAX_TENSORS: usize = 1 << 20;
/// The longest name of a tensor, in bytes.
pub const MAX_NAME_BYTES: usize = 4096;
/// The most bytes that the names of all tensors of a manifest take in it, escapes included: with all else that so many
/// tensors take, it stays short enough to be read again.
pub const MAX_NAMES_BYTES: u64 = 64 << 20;
/// The longest name of a data type, in bytes.
const MAX_DTYPE_BYTES: usize = 32;

/// One tensor. A file's whole digest binds these bytes already; this one says which of them changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// Its name, as the file has it.
    pub name: String,
    /// What its elements are, in the words of its format.
    pub dtype: String,
    /// Where it begins in the file.
    pub start: u64,
    /// The byte after its last.
    pub end: u64,
    /// Of its bytes.
    pub sha256: Sha256,
}

/// What is wrong with the tensors of one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// No name of a data type.
    #[error("a tensor's dtype is not the name of a data type")]
    Dtype,
    /// A file of tensors without them, while another has them.
    #[error("lists no tensors, and other files of tensors do")]
    Missing,
    /// Longer than [`MAX_NAME_BYTES`].
    #[error("a tensor's name is longer than {MAX_NAME_BYTES} bytes")]
    Name,
    /// Longer than [`MAX_NAMES_BYTES`] together.
    #[error("the names of all tensors have more than {MAX_NAMES_BYTES} bytes")]
    Names,
    /// Another format.
    #[error("lists tensors, and is of a format that has none")]
    None,
    /// Two tensors overlap, or do not come in the order that they lie in.
    #[error("tensors overlap or are out of order")]
    Order,
    /// It ends behind the file, or before it begins.
    #[error("a tensor lies outside of the file")]
    Outside,
    /// Two tensors have one name.
    #[error("a tensor is listed twice")]
    Repeated,
    /// More than [`MAX_TENSORS`].
    #[error("more than {MAX_TENSORS} tensors in all")]
    TooMany,
}

/// Whether a file of that format is made of tensors that we can tell apart.
#[must_use]
pub const fn has_tensors(format: Format) -> bool {
    matches!(format, Format::Safetensors | Format::Gguf)
}

/// What a manifest has left for tensors.
#[derive(Clone, Copy, Debug, Default)]
pub struct Room {
    tensors: usize,
    names_bytes: u64,
}

impl Room {
    /// Takes as much of it as the tensors of one more file need, by their names.
    pub fn take<'a>(&mut self, names: impl ExactSizeIterator<Item = &'a str>) -> Result<(), Misfit> {
        self.tensors = self.tensors.saturating_add(names.len());
        if self.tensors > MAX_TENSORS {
            return Err(Misfit::TooMany);
        }
        for name in names {
            if name.len() > MAX_NAME_BYTES {
                return Err(Misfit::Name);
            }
            self.names_bytes = self.names_bytes.saturating_add(json::escaped_bytes(name));
        }
        if self.names_bytes > MAX_NAMES_BYTES { Err(Misfit::Names) } else { Ok(()) }
    }
}

/// Holds the tensors of `files` against their files.
pub(crate) fn check(files: &[File]) -> Result<(), Error> {
    if files.iter().all(|file| file.tensors.is_none()) {
        return Ok(());
    }
    let mut room = Room::default();
    for file in files {
        let wrong = |why| Error::Tensors { path: file.path.clone(), why };
        let Some(tensors) = &file.tensors else {
            // Without this, a file whose tensors nobody looked at would read as one that has none.
            if has_tensors(file.format) {
                return Err(wrong(Misfit::Missing));
            }
            continue;
        };
        if !has_tensors(file.format) {
            return Err(wrong(Misfit::None));
        }
        room.take(tensors.iter().map(|tensor| tensor.name.as_str())).map_err(wrong)?;
        check_one(tensors, file.size).map_err(wrong)?;
    }
    Ok(())
}

fn check_one(tensors: &[Tensor], size: u64) -> Result<(), Misfit> {
    let mut names = HashSet::with_capacity(tensors.len());
    let mut before: Option<&Tensor> = None;
    for tensor in tensors {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if tensor.dtype.is_empty() || tensor.dtype.len() > MAX_DTYPE_BYTES || !tensor.dtype.bytes().all(plain)
        {
            return Err(Misfit::Dtype);
        }
        if tensor.end < tensor.start || tensor.end > size {
            return Err(Misfit::Outside);
        }
        if !names.insert(tensor.name.as_str()) {
            return Err(Misfit::Repeated);
        }
        let follows = |before: &Tensor| {
            before.end <= tensor.start
                && (before.start, before.end, &before.name) < (tensor.start, tensor.end, &tensor.name)
        };
        if before.is_some_and(|before| !follows(before)) {
            return Err(Misfit::Order);
        }
        before = Some(tensor);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{COMPUTED, Kind, Manifest};
    use crate::path::RelPath;

    fn tensor(name: &str, start: u64, end: u64) -> Tensor {
        Tensor { name: name.to_owned(), dtype: "F32".to_owned(), start, end, sha256: Sha256::of(b"") }
    }

    fn file(path: &str, format: Format, tensors: Option<Vec<Tensor>>) -> File {
        File {
            path: RelPath::parse(path).expect("a path"),
            size: 100,
            digests: Sha256::of(b"").into(),
            digest_source: COMPUTED.to_owned(),
            format,
            link: None,
            tensors,
        }
    }

    fn misfit(files: Vec<File>) -> Option<Misfit> {
        match Manifest::new("m", Kind::Directory, files, vec![]) {
            Err(Error::Tensors { why, .. }) => Some(why),
            Err(err) => panic!("{err}"),
            Ok(_) => None,
        }
    }

    #[test]
    fn one_fault_each() {
        let mut dtype = tensor("a", 0, 4);
        dtype.dtype = "F 32".to_owned();
        for (tensors, why) in [
            (vec![tensor("a", 96, 101)], Misfit::Outside),
            (vec![tensor("a", 9, 8)], Misfit::Outside),
            (vec![tensor("a", 0, 8), tensor("b", 7, 9)], Misfit::Order),
            (vec![tensor("b", 8, 9), tensor("a", 0, 8)], Misfit::Order),
            (vec![tensor("b", 8, 8), tensor("a", 8, 8)], Misfit::Order),
            (vec![tensor("a", 0, 8), tensor("a", 8, 9)], Misfit::Repeated),
            (vec![tensor(&"a".repeat(MAX_NAME_BYTES + 1), 0, 8)], Misfit::Name),
            (vec![dtype], Misfit::Dtype),
        ] {
            let seen = misfit(vec![file("a", Format::Gguf, Some(tensors.clone()))]);
            assert_eq!(seen, Some(why), "{tensors:?}");
        }
        let one = || Some(vec![tensor("a", 0, 8)]);
        assert_eq!(misfit(vec![file("a", Format::Text, one())]), Some(Misfit::None));
        let half = vec![file("a", Format::Gguf, one()), file("b", Format::Safetensors, None)];
        assert_eq!(misfit(half), Some(Misfit::Missing));
    }

    #[test]
    fn names_that_no_manifest_has_room_for() {
        // Each is six bytes in the document.
        let name = "\u{1}".repeat(MAX_NAME_BYTES);
        let fits = MAX_NAMES_BYTES / (6 * MAX_NAME_BYTES as u64);
        let names = |count: u64| vec![name.as_str(); usize::try_from(count).expect("few")];
        let mut room = Room::default();
        assert_eq!(room.take(names(fits).into_iter()), Ok(()));
        assert_eq!(room.take(names(1).into_iter()), Err(Misfit::Names));
        assert_eq!(Room::default().take(names(fits + 1).into_iter()), Err(Misfit::Names));
        let mut room = Room::default();
        assert_eq!(room.take(vec![""; MAX_TENSORS].into_iter()), Ok(()));
        assert_eq!(room.take([""].into_iter()), Err(Misfit::TooMany));
    }

    #[test]
    fn gaps_and_empty_tensors_are_fine() {
        let tensors =
            vec![tensor("a", 10, 10), tensor("b", 10, 10), tensor("c", 10, 20), tensor("d", 30, 100)];
        let files = vec![
            file("a", Format::Gguf, Some(tensors)),
            file("b", Format::Gguf, Some(vec![])),
            file("c", Format::Zip, None),
        ];
        assert_eq!(misfit(files), None);
    }
}
