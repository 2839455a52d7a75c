//! One file, as either form of a listing has it.

use std::fmt;
use std::marker::PhantomData;

use mlbom::digest::{Digest, Sha256};
use mlbom::path::RelPath;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::git_blob;

/// The name of a git blob: SHA-1.
pub type BlobId = Digest<20>;

/// What is said of a file. It need not agree with itself: see [`Entry::other_pointer`].
///
/// Reads an entry of a cache's list, `trees/<commit>.json`. Members that are not known are passed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its length in bytes.
    pub size: u64,
    /// Of the file, or, if that is large, of the pointer that stands for it in git.
    pub blob_id: Option<BlobId>,
    /// Set if git holds only a pointer to the content.
    pub large: Option<Large>,
}

/// Content that is not in git.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Large {
    /// Of the content.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
}

impl Entry {
    /// The name of the pointer to the large file, if the blob is said to be another: no commit holds both.
    #[must_use]
    pub fn other_pointer(&self) -> Option<BlobId> {
        let (Large { sha256, size }, listed) = self.large.zip(self.blob_id)?;
        Some(git_blob::name_of_pointer(&sha256, size)).filter(|pointer| *pointer != listed)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(Cached { size, blob_id, lfs_sha256, lfs_size }) = Object::deserialize(deserializer)?;
        let large = lfs_sha256.map(|sha256| Large { sha256, size: lfs_size.unwrap_or(size) });
        Ok(Self { size, blob_id, large })
    }
}

/// An entry of a cache's list.
#[derive(Deserialize)]
struct Cached {
    size: u64,
    blob_id: Option<BlobId>,
    lfs_sha256: Option<Sha256>,
    lfs_size: Option<u64>,
}

/// An entry of the API's answer.
#[derive(Deserialize)]
pub(crate) struct Answered {
    pub(crate) r#type: String,
    pub(crate) path: RelPath,
    /// Of a blob, or of a directory.
    oid: Option<BlobId>,
    size: u64,
    lfs: Option<Object<Lfs>>,
}

#[derive(Deserialize)]
struct Lfs {
    oid: Sha256,
    size: u64,
}

impl Answered {
    pub(crate) fn entry(&self) -> Entry {
        let large = self.lfs.as_ref().map(|Object(Lfs { oid, size })| Large { sha256: *oid, size: *size });
        Entry { size: self.size, blob_id: self.oid, large }
    }
}

/// A `T` that is written as an object. What is derived takes an array of its members too, which nobody writes.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}
