//! The internal model: what there is to say, before any format says it.

use std::collections::BTreeSet;

use mlbom::digest::Sha256;
use mlbom::evidence::{self, Evidence, Source};
use mlbom::manifest::{Excluded, File, Kind, Manifest};
use mlbom::path::RelPath;
use mlbom::time::Timestamp;

/// A bill of materials. Every projection starts from this.
#[derive(Clone, Debug)]
pub struct Bom {
    /// What it is about.
    pub model: Model,
    /// When it was made, if the caller said so.
    pub timestamp: Option<Timestamp>,
    /// What made it.
    pub producer: Producer,
    /// What is known of how it was made: all evidence as one.
    pub record: Evidence,
    /// What captured that evidence.
    pub producers: BTreeSet<evidence::Producer>,
}

/// The model that the bill is about.
#[derive(Clone, Debug)]
pub struct Model {
    /// What people call it.
    pub name: String,
    /// Its version; `None` is a stated unknown, not an empty text.
    pub version: Option<String>,
    /// One file or a tree.
    pub kind: Kind,
    /// Its files, in byte order of path; at least one.
    pub files: Vec<File>,
    /// What its manifest left out.
    pub excluded: Vec<Excluded>,
    /// Its identity.
    pub dir_hash: Sha256,
    /// OpenSSF Model Signing's root digest.
    pub oms_root: Sha256,
}

/// The program that composed the bill.
#[derive(Clone, Copy, Debug)]
pub struct Producer {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// Evidence that speaks of other bytes than the manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another model, or the same with other files.
    #[error("evidence was captured from a model with digest {found}, the manifest's has {listed}")]
    Model {
        /// What the evidence says.
        found: String,
        /// What the manifest gives.
        listed: Sha256,
    },
    /// A file that the manifest does not list.
    #[error("evidence was taken from {0:?}, which the manifest does not list")]
    NotListed(RelPath),
    /// Other bytes.
    #[error(
        "evidence was taken from {path:?} with sha256 {found} and {found_size} bytes, the manifest lists {listed} and {listed_size}"
    )]
    Other {
        /// The file.
        path: RelPath,
        /// What the evidence says.
        found: String,
        /// What the evidence says of its length.
        found_size: u64,
        /// What the manifest says.
        listed: Sha256,
        /// What the manifest says of its length.
        listed_size: u64,
    },
}

impl Model {
    /// Checks that whatever one document of `evidence` says of the model it says of the bytes that are listed here: of all
    /// of them, for that something is not there is said of the whole model.
    pub fn check(&self, evidence: &Evidence) -> Result<(), BindError> {
        let said = evidence.facts.iter().flat_map(|fact| &fact.sources);
        let said = said.chain(evidence.relations.iter().flat_map(|relation| &relation.sources));
        let claimed = evidence.findings.iter().flat_map(|finding| &finding.claims).map(|claim| &claim.source);
        let mut bound = false;
        for source in said.map(|said| &said.source).chain(claimed) {
            let Source::File(source) = source else { continue };
            if source.root != evidence::MODEL {
                continue;
            }
            bound = true;
            let at = self.files.binary_search_by(|file| file.path.cmp(&source.path));
            let file = at.map(|at| &self.files[at]).map_err(|_| BindError::NotListed(source.path.clone()))?;
            if source.size != Some(file.size) || source.sha256 != Some(file.digests.sha256) {
                return Err(BindError::Other {
                    path: source.path.clone(),
                    found: source.sha256.map(|digest| digest.to_string()).unwrap_or_default(),
                    found_size: source.size.unwrap_or(0),
                    listed: file.digests.sha256,
                    listed_size: file.size,
                });
            }
        }
        let digest = evidence
            .facts
            .iter()
            .find(|fact| fact.entity == evidence::MODEL && fact.name == "content.digest")
            .and_then(|fact| fact.value.as_str());
        match digest {
            None if !bound => Ok(()),
            Some(digest) if digest == self.digest().to_string() => Ok(()),
            other => {
                let found = other.map_or_else(|| "none".to_owned(), ToOwned::to_owned);
                Err(BindError::Model { found, listed: self.digest() })
            }
        }
    }

    /// The model that `manifest` describes, under `name` if that is given.
    #[must_use]
    pub fn of(manifest: &Manifest, name: Option<&str>, version: Option<&str>) -> Self {
        Self {
            name: name.unwrap_or_else(|| manifest.name()).to_owned(),
            version: version.map(ToOwned::to_owned),
            kind: manifest.kind(),
            files: manifest.files().to_vec(),
            excluded: manifest.excluded().to_vec(),
            dir_hash: manifest.dir_hash(),
            oms_root: manifest.oms_root(),
        }
    }

    /// The digest that a reader who knows nothing of us would expect: of a single file its own, else `dirHash`.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        match (self.kind, self.files.as_slice()) {
            (Kind::File, [file]) => file.digests.sha256,
            _ => self.dir_hash,
        }
    }
}
