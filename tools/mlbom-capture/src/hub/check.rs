//! Holds the files that were hashed against what a cache says of their content.

use std::fmt;

use mlbom::digest::{Digest, Sha256};
use mlbom::evidence::{Severity, Source, Trust};
use mlbom::manifest::{self, Kind};
use mlbom_formats::Format;
use mlbom_hub::git_blob;

use super::find::{is_data, is_weights};
use super::list::List;
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::Scribe;

/// The most files that one finding names.
const MAX_CLAIMS: usize = 20;
/// The most files that are said to differ one by one.
const MAX_DIFFERENT: usize = 100;

/// Content, as somebody describes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    GitBlob(Digest<20>),
    Sha256(Sha256),
    /// In bytes; alone it proves nothing.
    Size(u64),
}

impl Content {
    /// What a cache calls a file: SHA-256 of a large one, else the name of its git blob.
    pub(super) fn of_etag(etag: &str) -> Option<Self> {
        etag.parse().map(Self::Sha256).or_else(|_| etag.parse().map(Self::GitBlob)).ok()
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitBlob(name) => write!(f, "git blob {name}"),
            Self::Sha256(digest) => write!(f, "sha256 {digest}"),
            Self::Size(size) => write!(f, "{size} bytes"),
        }
    }
}

/// One source's word for the content of a file.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) content: Content,
    pub(super) source: Source,
}

/// What became of a file.
enum Held {
    /// With a digest, and with all else that is said of it.
    Agrees,
    /// Who says what.
    Differs(Vec<(String, Source)>),
    /// No digest is said of it.
    Unnamed,
}

/// Whether a file holds weights, by content or by name.
pub(super) fn holds_weights(file: &manifest::File) -> bool {
    let format = matches!(
        file.format,
        Format::Safetensors | Format::Gguf | Format::Onnx | Format::Zip | Format::Pickle | Format::Hdf5
    );
    format || is_weights(file.path.file_name())
}

/// A repository as far as it was hashed: the files of `folder` lie at or in `below`.
#[derive(Clone, Copy)]
pub(super) struct Hashed<'a> {
    pub(super) folder: &'a Folder,
    pub(super) below: &'a str,
}

impl Hashed<'_> {
    /// The path of a file in the repository.
    pub(super) fn path(&self, file: &manifest::File) -> String {
        let single = self.folder.manifest.as_ref().is_some_and(|manifest| manifest.kind() == Kind::File);
        match (self.below, single) {
            ("", _) => file.path.as_str().to_owned(),
            (below, true) => below.to_owned(),
            (below, false) => format!("{below}/{}", file.path),
        }
    }

    /// Checks every file against `names`, what else the cache calls it, and against `list`; states how many agree.
    pub(super) fn check(
        &self,
        scribe: &mut Scribe<'_>,
        list: Option<&List>,
        mut names: impl FnMut(&str) -> Result<Option<Claim>, Error>,
        source: &At,
    ) -> Result<(), Error> {
        let (mut agree, mut all, mut wrong) = (0usize, 0usize, 0usize);
        let mut unnamed = Vec::new();
        for file in self.folder.files() {
            let path = self.path(file);
            let mut claims: Vec<Claim> = names(&path)?.into_iter().collect();
            claims.extend(list.and_then(|list| list.files.get(&path)).into_iter().flatten().cloned());
            all += 1;
            match self.held(file, &claims)? {
                Held::Agrees => agree += 1,
                Held::Unnamed if holds_weights(file) => unnamed.push(file),
                Held::Unnamed => {}
                Held::Differs(claims) => {
                    wrong += 1;
                    if wrong <= MAX_DIFFERENT {
                        let message = format!("{path} does not have the content that the cache names");
                        scribe.finding("MLB-BLOB", Severity::Critical, &message, claims);
                    }
                }
            }
        }
        if wrong > MAX_DIFFERENT {
            let message = format!("{wrong} files do not have the content that the cache names");
            scribe.finding("MLB-BLOB", Severity::Critical, &message, [(message.clone(), source.whole())]);
        }
        // Where a cache has digests, weights without one were put there by somebody else.
        if agree > 0 && !unnamed.is_empty() {
            let message =
                "weights are not held against any digest, although the cache has those of other files";
            let claims = unnamed.iter().take(MAX_CLAIMS);
            let claims =
                claims.map(|file| (format!("no digest of {}", file.path), self.folder.at(file).whole()));
            scribe.finding("MLB-UNCHECKED", Severity::High, message, claims.collect::<Vec<_>>());
        }
        let (word, trust) = match agree {
            0 => ("none", Trust::Computed),
            some if some == all => ("all", Trust::CrossChecked),
            _ => ("some", Trust::CrossChecked),
        };
        scribe.fact("hub.filesChecked", word, trust, source);
        if let Some(list) = list {
            self.unlisted(scribe, list);
            self.missing(scribe, list);
        }
        Ok(())
    }

    /// Holds one file against what is claimed of it.
    fn held(&self, file: &manifest::File, claims: &[Claim]) -> Result<Held, Error> {
        let mut blob = None;
        let mut wrong = Vec::new();
        let mut digest = false;
        for claim in claims {
            let found = match claim.content {
                Content::GitBlob(_) => {
                    let name = match blob {
                        Some(name) => name,
                        None => *blob.insert(self.blob_of(file)?),
                    };
                    Content::GitBlob(name)
                }
                Content::Sha256(_) => Content::Sha256(file.digests.sha256),
                Content::Size(_) => Content::Size(file.size),
            };
            digest |= !matches!(found, Content::Size(_));
            if found != claim.content {
                wrong.push((claim.content.to_string(), claim.source.clone()));
                let here = (found.to_string(), self.folder.at(file).whole());
                if !wrong.contains(&here) {
                    wrong.push(here);
                }
            }
        }
        Ok(match (wrong.is_empty(), digest) {
            (true, true) => Held::Agrees,
            (true, false) => Held::Unnamed,
            (false, _) => Held::Differs(wrong),
        })
    }

    fn blob_of(&self, file: &manifest::File) -> Result<Digest<20>, Error> {
        let opened = self.folder.open(file)?;
        let name = git_blob::name_of(&opened.file, opened.size());
        // First: that it changed is why its length is another.
        opened.unchanged()?;
        Ok(name.map_err(|err| opened.failed(err))?)
    }

    /// Weights or data that the commit does not have.
    fn unlisted(&self, scribe: &mut Scribe<'_>, list: &List) {
        let unlisted: Vec<&manifest::File> = self
            .folder
            .files()
            .iter()
            .filter(|file| self.matters(file) && !list.files.contains_key(&self.path(file)))
            .collect();
        if let Some(first) = unlisted.first() {
            let more = match unlisted.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let message = format!("{}{more}: here, and not among the files of the commit", self.path(first));
            let here = unlisted.iter().take(MAX_CLAIMS);
            let mut claims = vec![("no such file".to_owned(), list.at.pointer("/files"))];
            claims.extend(here.map(|file| ("a file".to_owned(), self.folder.at(file).whole())));
            scribe.finding("MLB-TREE", Severity::High, &message, claims);
        }
    }

    /// Whether a file is what the repository is there for.
    fn matters(&self, file: &manifest::File) -> bool {
        let name = file.path.file_name();
        if self.folder.role.is_dataset() {
            return is_data(name);
        }
        let weights =
            [Format::Safetensors, Format::Gguf, Format::Onnx, Format::Zip, Format::Pickle, Format::Hdf5];
        is_weights(name) || weights.contains(&file.format)
    }

    /// Files of the commit that were not fetched; usual if somebody asked for some only.
    fn missing(&self, scribe: &mut Scribe<'_>, list: &List) {
        if !self.below.is_empty() {
            return;
        }
        let missing: Vec<&String> =
            list.files.keys().filter(|path| self.folder.file(path).is_none()).collect();
        if !missing.is_empty() {
            let (some, all) = (missing.len(), list.files.len());
            let message = format!("{some} of {all} files of the commit are not here");
            let claims = missing.iter().take(MAX_CLAIMS).map(|path| ((*path).clone(), list.pointer(path)));
            scribe.finding("MLB-TREE", Severity::Low, &message, claims.collect::<Vec<_>>());
        }
    }
}
