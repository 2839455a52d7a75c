//! The internal model: what there is to say, before any format says it.

use mlbom::digest::Sha256;
use mlbom::manifest::{Excluded, File, Kind, Manifest};

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

impl Model {
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
