//! A part, `urn:mlbom:part:v1`: a share of a model's files, hashed by one of several machines that see one storage.
//!
//! Each machine lists the whole model, hashes its share, and says in its part which listing it had. [`Parts`] joins all
//! of them to the manifest that one machine would have made.

mod merge;
mod share;

use std::fmt::{self, Write as _};

pub use merge::{MergeError, Parts};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
pub use share::{MAX_PARTS, NotAShare, Share, shares};

use crate::digest::Sha256;
use crate::json;
use crate::manifest::{self, COMPUTED, Digests, Excluded, File, Kind, Link, MAX_FILES};
use crate::path::RelPath;
use crate::tensors::has_tensors;

/// The name of this document and of its schema.
pub const TYPE: &str = "urn:mlbom:part:v1";

/// The files of one share. In byte order of path; may be none, if there are more parts than files.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    r#type: &'static str,
    part: u32,
    parts: u32,
    name: String,
    kind: Kind,
    asked: Asked,
    listing: Listing,
    files: Vec<File>,
    excluded: Vec<Excluded>,
}

/// What was asked for beside SHA-256.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Asked {
    /// SHA-512 of every file.
    pub sha512: bool,
    /// BLAKE3 of every file.
    pub blake3: bool,
    /// The fs-verity file digest of every file.
    pub fs_verity: bool,
    /// The tensors of every file that has any.
    pub tensors: bool,
}

impl Asked {
    /// What `file` has and was not asked for, or the other way about.
    fn contradiction(self, file: &File) -> Option<&'static str> {
        let Digests { sha256: _, sha512, blake3, fs_verity } = &file.digests;
        [
            ("sha512", sha512.is_some() != self.sha512),
            ("blake3", blake3.is_some() != self.blake3),
            ("fsVerity", fs_verity.is_some() != self.fs_verity),
            ("tensors", file.tensors.is_some() != (self.tensors && has_tensors(file.format))),
        ]
        .into_iter()
        .find_map(|(what, differs)| differs.then_some(what))
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sha512, blake3, fs_verity, tensors } = *self;
        let names = [("sha512", sha512), ("blake3", blake3), ("fsVerity", fs_verity), ("tensors", tensors)];
        let names: Vec<&str> = names.into_iter().filter_map(|(name, asked)| asked.then_some(name)).collect();
        f.write_str(&if names.is_empty() { "nothing more".to_owned() } else { names.join(", ") })
    }
}

/// What a part says of the whole model.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Over path, size and link of every file and over what was left out: see [`Listing::of`].
    pub sha256: Sha256,
    /// How many files there are.
    pub files: u64,
    /// Their sizes together.
    pub bytes: u64,
}

/// Why something is not a part.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// More than a 64-bit number of bytes, in files that are mostly holes.
    #[error("the files' sizes together are no 64-bit number")]
    Bytes,
    /// Not JSON, or not of this shape.
    #[error("not a part ({TYPE})")]
    Json(#[source] json::Error),
    /// What is listed contradicts itself.
    #[error("the list of files")]
    List(#[source] manifest::Error),
    /// More in the part than in the whole.
    #[error("{found} {what}, in all {whole}")]
    More {
        /// `files` or `bytes`.
        what: &'static str,
        /// In this part.
        found: u64,
        /// What the listing says.
        whole: u64,
    },
    /// A file without what every file was to have, or with more.
    #[error("{path:?}: {what} has to be there if \"asked\" says so, and only then")]
    Asked {
        /// The file.
        path: RelPath,
        /// What was asked for, or was not.
        what: &'static str,
    },
    /// A file that this machine did not hash.
    #[error("the digests of {path:?} were not computed from the file, their source is {found:?}")]
    DigestSource {
        /// The file.
        path: RelPath,
        /// What it says, cut where it is long.
        found: String,
    },
    /// No such share.
    #[error(transparent)]
    Share(#[from] NotAShare),
    /// A number of files that no manifest may have.
    #[error("a whole of {0} files, 1 to {MAX_FILES} were wanted")]
    Whole(u64),
}

/// What is read before it is believed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    r#type: String,
    part: u32,
    parts: u32,
    name: String,
    kind: Kind,
    asked: Asked,
    listing: Listing,
    files: Vec<File>,
    excluded: Vec<Excluded>,
}

/// The model that a part is of.
#[derive(Clone, Copy, Debug)]
pub struct Model<'a> {
    /// The last component of the path that was listed.
    pub name: &'a str,
    /// One file or a tree.
    pub kind: Kind,
    /// What every file has beside its SHA-256.
    pub asked: Asked,
    /// The whole of it.
    pub listing: Listing,
}

impl Listing {
    /// The listing of `files` (path, size, link) and `excluded`, both in byte order of path.
    ///
    /// Its digest is the SHA-256 of one line a file, `file SIZE LINK PATH\n` with `none` for no link, and then one a
    /// path left out, `excluded LENGTH BY PATH\n` with BY's length in bytes. No path holds a line break, and the length
    /// says where BY ends, so two listings never give the same lines.
    pub fn of<'a>(
        files: impl Iterator<Item = (&'a RelPath, u64, Option<Link>)>,
        excluded: &[Excluded],
    ) -> Result<Self, Error> {
        let mut running = mlbom_sha256::Sha256::new();
        let (mut count, mut bytes) = (0_u64, 0_u64);
        let mut line = String::new();
        for (path, size, link) in files {
            count += 1;
            bytes = bytes.checked_add(size).ok_or(Error::Bytes)?;
            let link = match link {
                None => "none",
                Some(Link::HubCache) => "hubCache",
                Some(Link::Tree) => "tree",
            };
            line.clear();
            // Writing to a String cannot fail.
            let _ = writeln!(line, "file {size} {link} {path}");
            running.update(line.as_bytes());
        }
        for Excluded { path, by } in excluded {
            line.clear();
            let _ = writeln!(line, "excluded {} {by} {path}", by.len());
            running.update(line.as_bytes());
        }
        Ok(Self { sha256: running.finish().into(), files: count, bytes })
    }
}

impl Part {
    /// Makes the part `share` of `model` from the share's `files` and all that was left out, in any order.
    pub fn new(
        share: Share,
        model: Model<'_>,
        mut files: Vec<File>,
        mut excluded: Vec<Excluded>,
    ) -> Result<Self, Error> {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        excluded.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let part = Self {
            r#type: TYPE,
            part: share.number(),
            parts: share.count(),
            name: model.name.to_owned(),
            kind: model.kind,
            asked: model.asked,
            listing: model.listing,
            files,
            excluded,
        };
        part.check()?;
        Ok(part)
    }

    /// Reads a part and checks that it does not contradict itself.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wire: Wire = json::parse(text).map_err(Error::Json)?;
        if wire.r#type != TYPE {
            let why = format!("type is {:?}, {TYPE} was wanted", wire.r#type);
            return Err(Error::Json(serde_json::Error::custom(why).into()));
        }
        let files = wire.files.windows(2).find(|pair| pair[0].path >= pair[1].path).map(|pair| &pair[1].path);
        let excluded = || wire.excluded.windows(2).find(|pair| pair[0].path >= pair[1].path);
        if let Some(path) = files.or_else(|| excluded().map(|pair| &pair[1].path)) {
            return Err(Error::List(manifest::Error::Order(path.clone())));
        }
        let Wire { part, parts, name, kind, asked, listing, files, excluded, .. } = wire;
        let model = Model { name: &name, kind, asked, listing };
        let part = Self::new(Share::new(part, parts)?, model, files, excluded)?;
        json::check_spelling(&part, text).map_err(Error::Json)?;
        Ok(part)
    }

    fn check(&self) -> Result<(), Error> {
        if RelPath::parse(&self.name).is_err() || self.name.contains('/') {
            return Err(Error::List(manifest::Error::Name(self.name.clone())));
        }
        if !(1..=MAX_FILES as u64).contains(&self.listing.files) {
            return Err(Error::Whole(self.listing.files));
        }
        let other_name = self.files.iter().any(|file| file.path.as_str() != self.name);
        if self.kind == Kind::File && (self.listing.files != 1 || other_name || !self.excluded.is_empty()) {
            return Err(Error::List(manifest::Error::SingleFile(self.name.clone())));
        }
        let paths: Vec<&RelPath> = self.files.iter().map(|file| &file.path).collect();
        manifest::check_list(&paths, &self.excluded).map_err(Error::List)?;
        let bytes = self.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.size));
        let (files, bytes) = (self.files.len() as u64, bytes.ok_or(Error::Bytes)?);
        for (what, found, whole) in
            [("files", files, self.listing.files), ("bytes", bytes, self.listing.bytes)]
        {
            if found > whole {
                return Err(Error::More { what, found, whole });
            }
        }
        // No machine is told of digests that others took; what came from a list would come out as the word of this run.
        if let Some(file) = self.files.iter().find(|file| file.digest_source != COMPUTED) {
            let found = file.digest_source.chars().take(40).collect();
            return Err(Error::DigestSource { path: file.path.clone(), found });
        }
        match self.files.iter().find_map(|file| Some((file, self.asked.contradiction(file)?))) {
            Some((file, what)) => Err(Error::Asked { path: file.path.clone(), what }),
            None => Ok(()),
        }
    }

    /// Which share of the model this is.
    #[must_use]
    pub const fn share(&self) -> Share {
        Share::known(self.part, self.parts)
    }

    /// The files of the share, in byte order of path.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// What was left out of the whole model, in byte order of path.
    #[must_use]
    pub fn excluded(&self) -> &[Excluded] {
        &self.excluded
    }
}

#[cfg(test)]
mod tests;
