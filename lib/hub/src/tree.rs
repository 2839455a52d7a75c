//! A listing of the files of a commit, in either of the forms that the Hub and its library give it.

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom::path::RelPath;
use mlbom::{json, stream};
use serde::Deserialize;

use crate::entry::{Answered, BlobId, Entry, Large, Object};

/// The longest listing that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// The most files that a listing may have: as many as a manifest.
pub const MAX_FILES: usize = mlbom::manifest::MAX_FILES;
/// The version of a cache's list that is known here.
const FORMAT_VERSION: u64 = 1;

/// Every file of a commit, as the Hub has it. Agrees with itself; that it is the Hub's, nothing in it proves.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HubTree {
    files: Files,
    sha256: Sha256,
}

type Files = BTreeMap<RelPath, HubFile>;

/// One file. At least one of its digests is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HubFile {
    /// Its length in bytes; of a large file that of the content, not of the pointer.
    pub size: u64,
    /// The name that git gives the file, or, if there is a SHA-256, the pointer that stands for it.
    pub blob_id: Option<BlobId>,
    /// Of the content of a large file.
    pub lfs_sha256: Option<Sha256>,
}

/// Why something is not a listing of the Hub.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file: a model is held against nothing.
    #[error("lists no file")]
    Empty,
    /// A file and a directory of one name.
    #[error("{0:?} is listed as a file and as a directory")]
    FileAndDirectory(RelPath),
    /// Neither of the two forms.
    #[error("neither a list of a cache (format_version, files) nor pages of the API's answer (arrays)")]
    Form,
    /// Not of the shape that its form has.
    #[error("not a listing of the Hub's files")]
    Json(#[source] json::Error),
    /// More than [`MAX_BYTES`].
    #[error("is longer than {MAX_BYTES} bytes")]
    Long,
    /// A file of which nothing but the size is said.
    #[error("{0:?} has neither the name of a git blob nor the SHA-256 of a large file")]
    NoDigest(RelPath),
    /// The commit names the pointer, and with it the digest: this is the listing of no commit.
    #[error(
        "{path:?} is said to be git blob {listed}, the pointer that git-lfs writes for its content is {found}"
    )]
    Pointer {
        /// The file.
        path: RelPath,
        /// What its SHA-256 and size give.
        found: BlobId,
        /// What the listing says.
        listed: BlobId,
    },
    /// One path twice.
    #[error("{0:?} is listed twice")]
    Repeated(RelPath),
    /// A large file of two sizes.
    #[error("{path:?} is said to have {size} bytes, its content {large}")]
    Sizes {
        /// The file.
        path: RelPath,
        /// Of the file.
        size: u64,
        /// Of its content.
        large: u64,
    },
    /// Not strict JSON, or nothing.
    #[error(transparent)]
    Stream(#[from] stream::Error),
    /// More than [`MAX_FILES`].
    #[error("lists more than {MAX_FILES} files")]
    TooMany,
    /// A submodule, or what may come.
    #[error("{path:?} is a {found:?}, a file or a directory was wanted")]
    Type {
        /// The entry.
        path: RelPath,
        /// What the listing says.
        found: String,
    },
    /// Another version of a cache's list.
    #[error("format_version is {0}, {FORMAT_VERSION} was wanted")]
    Version(u64),
}

/// A cache's list, of the version that is known.
#[derive(Deserialize)]
struct List {
    files: BTreeMap<RelPath, Entry>,
}

impl HubTree {
    /// Reads a listing in either form. Members that are not known are passed over.
    ///
    /// A cache's list, `trees/<commit>.json` (huggingface_hub 1.33 and later, seen on disk), is one object; the answer of
    /// `/api/models/<id>/tree/<revision>?recursive=true` (Hub API, "List repo tree") is one array, or one for each page.
    /// A page that was not fetched is not missed here: its files are missing from the listing.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::Long);
        }
        let documents = stream::documents(bytes)?;
        let is = |bracket| documents.iter().all(|document| document.text.starts_with(bracket));
        let files = match documents.as_slice() {
            [document] if is('{') => Self::of_list(document.text)?,
            _ if is('[') => Self::of_answer(documents.iter().map(|document| document.text))?,
            _ => return Err(Error::Form),
        };
        if files.is_empty() {
            return Err(Error::Empty);
        }
        Ok(Self { files, sha256: Sha256::of(bytes) })
    }

    /// The files, in byte order of path; at least one.
    #[must_use]
    pub const fn files(&self) -> &BTreeMap<RelPath, HubFile> {
        &self.files
    }

    /// Of the text that it was read from: to know it again where the library keeps it.
    #[must_use]
    pub const fn sha256(&self) -> Sha256 {
        self.sha256
    }

    fn of_list(text: &str) -> Result<Files, Error> {
        /// First, for what else a list of another version has is not known.
        #[derive(Deserialize)]
        struct Head {
            format_version: Option<u64>,
        }
        let head: Head = json::parse_checked(text).map_err(Error::Json)?;
        match head.format_version {
            Some(FORMAT_VERSION) => {}
            Some(version) => return Err(Error::Version(version)),
            // An error of the API is an object too.
            None => return Err(Error::Form),
        }
        let list: Object<List> = json::parse_checked(text).map_err(Error::Json)?;
        let mut paths = Paths::default();
        for (path, entry) in list.0.files {
            paths.file(path, entry)?;
        }
        paths.files()
    }

    fn of_answer<'a>(pages: impl Iterator<Item = &'a str>) -> Result<Files, Error> {
        let mut paths = Paths::default();
        for page in pages {
            let entries: Vec<Object<Answered>> = json::parse_checked(page).map_err(Error::Json)?;
            for Object(answered) in entries {
                match answered.r#type.as_str() {
                    "file" => paths.file(answered.path.clone(), answered.entry())?,
                    "directory" => paths.add(answered.path, None)?,
                    _ => return Err(Error::Type { path: answered.path, found: cut(&answered.r#type) }),
                }
            }
        }
        paths.files()
    }
}

/// As much of a text as a message can show.
fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Every path that was read: a file, or nothing for a directory.
#[derive(Default)]
struct Paths(BTreeMap<RelPath, Option<HubFile>>);

impl Paths {
    fn file(&mut self, path: RelPath, entry: Entry) -> Result<(), Error> {
        let file = checked(&path, entry)?;
        self.add(path, Some(file))
    }

    fn add(&mut self, path: RelPath, file: Option<HubFile>) -> Result<(), Error> {
        if self.0.contains_key(&path) {
            return Err(Error::Repeated(path));
        }
        if self.0.len() >= MAX_FILES {
            return Err(Error::TooMany);
        }
        self.0.insert(path, file);
        Ok(())
    }

    /// The files. None lies in what is a file itself.
    fn files(self) -> Result<Files, Error> {
        let is_file = |path: &str| self.0.get(path).is_some_and(Option::is_some);
        if let Some(path) = self.0.keys().find_map(|path| path.ancestors().find(|above| is_file(above))) {
            let (path, _) = self.0.get_key_value(path).expect("it was found there");
            return Err(Error::FileAndDirectory(path.clone()));
        }
        Ok(self.0.into_iter().filter_map(|(path, file)| Some((path, file?))).collect())
    }
}

/// The entry, if it agrees with itself and says what the file holds.
fn checked(path: &RelPath, entry: Entry) -> Result<HubFile, Error> {
    let path = || path.clone();
    let Entry { size, blob_id, large } = entry;
    if let Some(Large { size: large, .. }) = large.filter(|large| large.size != size) {
        return Err(Error::Sizes { path: path(), size, large });
    }
    if let Some((found, listed)) = entry.other_pointer().zip(blob_id) {
        return Err(Error::Pointer { path: path(), found, listed });
    }
    if blob_id.is_none() && large.is_none() {
        return Err(Error::NoDigest(path()));
    }
    Ok(HubFile { size, blob_id, lfs_sha256: large.map(|large| large.sha256) })
}

#[cfg(test)]
mod tests;
