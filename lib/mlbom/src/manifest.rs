//! The manifest, `urn:mlbom:manifest:v1`: every file of a model with its digests.

use std::fmt::Write as _;

use mlbom_formats::Format;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{Digest, Sha256, Sha512};
use crate::json;
use crate::path::RelPath;
use crate::stream::Document;
use crate::tensors::{self, Tensor};

/// The name of this document and of its schema.
pub const TYPE: &str = "urn:mlbom:manifest:v1";
/// The most files a manifest may list.
pub const MAX_FILES: usize = 1_000_000;
/// The `digestSource` of a digest that was taken from the bytes.
pub const COMPUTED: &str = "computed";
/// The `digestSource` of a digest that an earlier run computed, of a file that looks untouched since.
pub const CACHED: &str = "cached";
/// The `digestSource` of a digest that an OCI image manifest has.
pub const OCI_MANIFEST: &str = "oci-manifest";
/// The `digestSource` of a digest that a list of sums has.
pub const SUMS: &str = "sums";
/// The `digestSource` of a digest that is the name of a Hub cache's blob.
pub const BLOB_NAME: &str = "blob-name";
/// The way out where digests have to be computed, and are not.
pub const COMPUTE_HINT: &str = "hash the model itself: \
    mlbom-hash model/ without --cache, --from-sums, --from-oci-manifest, --trust-blob-names";

/// Every file of a model. Complete, in byte order of path, and with model digests that follow from the files: what
/// does not agree with itself is not a `Manifest`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    r#type: &'static str,
    name: String,
    kind: Kind,
    files: Vec<File>,
    excluded: Vec<Excluded>,
    dir_hash: Sha256,
    oms_root: Sha256,
}

/// Whether the model is one file or a tree.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A tree of files.
    Directory,
    /// One file, whose path is its base name.
    File,
}

/// One file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct File {
    /// Where it is below the model's root.
    pub path: RelPath,
    /// Its length in bytes.
    pub size: u64,
    /// Its digests.
    pub digests: Digests,
    /// [`COMPUTED`], or where the digests were taken from.
    pub digest_source: String,
    /// What its content looks like.
    #[serde(deserialize_with = "read_format", serialize_with = "write_format")]
    pub format: Format,
    /// Set if a symbolic link was followed to reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The tensors in it, if they were asked for and it is of a format that has any; in the order that they lie in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tensors: Option<Vec<Tensor>>,
}

/// The digests of a file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Digests {
    /// Always there.
    pub sha256: Sha256,
    /// If asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha512: Option<Sha512>,
    /// BLAKE3, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blake3: Option<Digest<32>>,
    /// The fs-verity file digest (SHA-256, blocks of 4096 bytes, no salt), if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fs_verity: Option<Digest<32>>,
}

impl From<Sha256> for Digests {
    fn from(sha256: Sha256) -> Self {
        Self { sha256, sha512: None, blake3: None, fs_verity: None }
    }
}

/// Where a link that was followed leads.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Link {
    /// To a blob of the Hub cache repository that the model is a snapshot of.
    HubCache,
    /// To another file of the model.
    Tree,
}

/// A path that was left out, with everything below it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Excluded {
    /// What was left out.
    pub path: RelPath,
    /// The pattern that named it, or `oms-defaults`.
    pub by: String,
}

/// Why something is not a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A model digest does not follow from the files.
    #[error("{member} is {listed}, the files listed give {found}")]
    Digest {
        /// `dirHash` or `omsRoot`.
        member: &'static str,
        /// What the files give.
        found: Sha256,
        /// What the document says.
        listed: Sha256,
    },
    /// No file, and so nothing to bind.
    #[error("lists no file")]
    Empty,
    /// A file is listed although it, or a directory above it, was left out.
    #[error("{0:?} is both listed and excluded")]
    Excluded(RelPath),
    /// A file is listed and a directory as well: `a` and `a/b`.
    #[error("{0:?} is listed as a file and as a directory")]
    FileAndDirectory(RelPath),
    /// Not JSON, or not of this shape.
    #[error("not a manifest ({TYPE})")]
    Json(#[source] json::Error),
    /// The model has no name that can be written.
    #[error("name {0:?} is not one path component")]
    Name(String),
    /// Paths are not in byte order, or one is there twice.
    #[error("{0:?} is listed twice or out of byte order")]
    Order(RelPath),
    /// A single file that is not called as the model is.
    #[error("kind is \"file\", but the list is not one file named {0:?}")]
    SingleFile(String),
    /// The tensors of a file do not agree with it.
    #[error("{path:?}: {why}")]
    Tensors {
        /// The file.
        path: RelPath,
        /// What does not fit.
        why: tensors::Misfit,
    },
    /// More than [`MAX_FILES`].
    #[error("lists {0} files, at most {MAX_FILES} were wanted")]
    TooMany(usize),
}

/// What is read before it is believed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    r#type: String,
    name: String,
    kind: Kind,
    files: Vec<File>,
    excluded: Vec<Excluded>,
    dir_hash: Sha256,
    oms_root: Sha256,
}

impl Manifest {
    /// Makes the manifest of `files` and `excluded`, in any order; computes the model's digests.
    pub fn new(
        name: &str,
        kind: Kind,
        mut files: Vec<File>,
        mut excluded: Vec<Excluded>,
    ) -> Result<Self, Error> {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        excluded.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        check_model(name, kind, &files.iter().map(|file| &file.path).collect::<Vec<_>>(), &excluded)?;
        tensors::check(&files)?;
        let (dir_hash, oms_root) = model_digests(files.iter().map(|file| (&file.path, &file.digests.sha256)));
        Ok(Self { r#type: TYPE, name: name.to_owned(), kind, files, excluded, dir_hash, oms_root })
    }

    /// The first file whose digests were not computed from its bytes.
    #[must_use]
    pub fn taken_over(&self) -> Option<&File> {
        self.files.iter().find(|file| file.digest_source != COMPUTED)
    }

    /// The same without tensors: for who holds the files against something, and not these.
    #[must_use]
    pub fn without_tensors(mut self) -> Self {
        self.files.iter_mut().for_each(|file| file.tensors = None);
        self
    }

    /// Reads a manifest and checks that it agrees with itself.
    pub fn parse(text: &str) -> Result<Self, Error> {
        json::check(text).map_err(Error::Json)?;
        Self::read(text)
    }

    /// The same of a document whose JSON was checked when it was found.
    pub fn of(document: &Document<'_>) -> Result<Self, Error> {
        Self::read(document.text)
    }

    fn read(text: &str) -> Result<Self, Error> {
        let wire: Wire = json::parse_checked(text).map_err(Error::Json)?;
        let manifest = Self::try_from(wire)?;
        json::check_spelling(&manifest, text).map_err(Error::Json)?;
        Ok(manifest)
    }

    /// The last component of the path that was hashed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One file or a tree.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The files, in byte order of path; at least one.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// What was left out, in byte order of path.
    #[must_use]
    pub fn excluded(&self) -> &[Excluded] {
        &self.excluded
    }

    /// The identity of the model: see [`model_digests`].
    #[must_use]
    pub const fn dir_hash(&self) -> Sha256 {
        self.dir_hash
    }

    /// OpenSSF Model Signing's root digest: see [`model_digests`].
    #[must_use]
    pub const fn oms_root(&self) -> Sha256 {
        self.oms_root
    }

    /// What differs between the files listed here and those `found`.
    #[must_use]
    pub fn differences(&self, found: &Self) -> Differences {
        let mut differences = Differences::default();
        let (mut listed, mut there) = (self.files.iter().peekable(), found.files.iter().peekable());
        loop {
            match (listed.peek(), there.peek()) {
                (None, None) => return differences,
                (Some(file), Some(other)) if file.path == other.path => {
                    if !file.same_bytes(other) {
                        differences.changed.push(file.path.clone());
                    }
                    listed.next();
                    there.next();
                }
                (Some(file), other) if other.is_none_or(|other| file.path < other.path) => {
                    differences.missing.push(file.path.clone());
                    listed.next();
                }
                (_, Some(other)) => {
                    differences.extra.push(other.path.clone());
                    there.next();
                }
                (Some(_), None) => unreachable!("the guard above takes every list that outlasts the other"),
            }
        }
    }
}

impl TryFrom<Wire> for Manifest {
    type Error = Error;

    fn try_from(wire: Wire) -> Result<Self, Error> {
        if wire.r#type != TYPE {
            let why = format!("type is {:?}, {TYPE} was wanted", wire.r#type);
            return Err(Error::Json(serde_json::Error::custom(why).into()));
        }
        if let Some(pair) = wire.files.windows(2).find(|pair| pair[0].path >= pair[1].path) {
            return Err(Error::Order(pair[1].path.clone()));
        }
        if let Some(pair) = wire.excluded.windows(2).find(|pair| pair[0].path >= pair[1].path) {
            return Err(Error::Order(pair[1].path.clone()));
        }
        let made = Self::new(&wire.name, wire.kind, wire.files, wire.excluded)?;
        for (member, found, listed) in
            [("dirHash", made.dir_hash, wire.dir_hash), ("omsRoot", made.oms_root, wire.oms_root)]
        {
            if found != listed {
                return Err(Error::Digest { member, found, listed });
            }
        }
        Ok(made)
    }
}

impl<'de> Deserialize<'de> for Manifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Wire::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl File {
    /// Same size and SHA-256, and the same of every other digest that both have.
    fn same_bytes(&self, other: &Self) -> bool {
        let (a, b) = (&self.digests, &other.digests);
        self.size == other.size
            && a.sha256 == b.sha256
            && agree(a.sha512, b.sha512)
            && agree(a.blake3, b.blake3)
            && agree(a.fs_verity, b.fs_verity)
    }
}

fn agree<const N: usize>(a: Option<Digest<N>>, b: Option<Digest<N>>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a == b)
}

/// How the files found differ from those listed; each list in byte order.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    /// Listed and not there.
    pub missing: Vec<RelPath>,
    /// There with other bytes.
    pub changed: Vec<RelPath>,
    /// There and not listed.
    pub extra: Vec<RelPath>,
}

impl Differences {
    /// True if nothing differs.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.changed.is_empty() && self.extra.is_empty()
    }
}

/// `dirHash` and `omsRoot` of `files`, which come in byte order of path.
///
/// `dirHash` (in-toto attestation, `digest_set.md`, "dirHash") is the SHA-256 of one line a file, `<hex>  <path>\n`.
/// `omsRoot` (OpenSSF Model Signing 1.0, "subject") is the SHA-256 of the files' binary digests, one after the other.
pub fn model_digests<'a>(files: impl Iterator<Item = (&'a RelPath, &'a Sha256)>) -> (Sha256, Sha256) {
    let (mut lines, mut root) = (mlbom_sha256::Sha256::new(), mlbom_sha256::Sha256::new());
    let mut line = String::new();
    for (path, digest) in files {
        line.clear();
        // Writing to a String cannot fail.
        let _ = writeln!(line, "{digest}  {path}");
        lines.update(line.as_bytes());
        root.update(digest.as_bytes());
    }
    (lines.finish().into(), root.finish().into())
}

/// What any list of a model's files has to hold to; `files` and `excluded` come sorted.
pub(crate) fn check_model(
    name: &str,
    kind: Kind,
    files: &[&RelPath],
    excluded: &[Excluded],
) -> Result<(), Error> {
    if RelPath::parse(name).is_err() || name.contains('/') {
        return Err(Error::Name(name.to_owned()));
    }
    if files.is_empty() {
        return Err(Error::Empty);
    }
    let single = kind == Kind::File;
    if single && (files.len() != 1 || files[0].as_str() != name || !excluded.is_empty()) {
        return Err(Error::SingleFile(name.to_owned()));
    }
    check_list(files, excluded)
}

/// What the list of a part of the files has to hold to as well; both come sorted.
pub(crate) fn check_list(files: &[&RelPath], excluded: &[Excluded]) -> Result<(), Error> {
    if files.len() > MAX_FILES || excluded.len() > MAX_FILES {
        return Err(Error::TooMany(files.len().max(excluded.len())));
    }
    if let Some(pair) = files.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(Error::Order(pair[1].clone()));
    }
    if let Some(pair) = excluded.windows(2).find(|pair| pair[0].path >= pair[1].path) {
        return Err(Error::Order(pair[1].path.clone()));
    }
    let listed = |path: &str| files.binary_search_by(|file| file.as_str().cmp(path)).is_ok();
    let left_out = |path: &str| excluded.binary_search_by(|entry| entry.path.as_str().cmp(path)).is_ok();
    for &file in files {
        let above = file.ancestors();
        if above.clone().any(listed) {
            return Err(Error::FileAndDirectory(file.clone()));
        }
        if above.chain([file.as_str()]).any(left_out) {
            return Err(Error::Excluded(file.clone()));
        }
    }
    Ok(())
}

pub(crate) fn read_format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
    let name = String::deserialize(deserializer)?;
    Format::parse(&name).ok_or_else(|| D::Error::custom(format_args!("unknown file format {name:?}")))
}

// The signature is serde's.
pub(crate) fn write_format<S: Serializer>(format: &Format, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(format.name())
}

#[cfg(test)]
mod tests;
