//! OpenSSF Model Signing 1.0 statements: what `model_signing` writes and verifies, with SHA-256. The `files` serialisation
//! is here, and what it has in common with that of [`shards`].

pub mod shards;

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::manifest::{Kind, Manifest};
use mlbom::path::{Refused, RelPath};
use mlbom::shards::{MAX_SHARDS, MIN_SHARD_BYTES};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;

use crate::statement::{Statement, Subject, write};

/// The predicate type (OpenSSF Model Signing 1.0, "predicateType").
pub const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";

/// The predicate type of version 0.2, whose subjects are the files themselves.
pub const PREDICATE_TYPE_V0_2: &str = "https://model_signing/Digests/v0.1";

/// What the predicate types of all versions begin with.
pub const FAMILY: &str = "https://model_signing/";

/// The top-level entries that `model_signing` leaves out unless told otherwise, when it signs and when it verifies.
pub const IGNORED_BY_DEFAULT: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// The predicate.
#[derive(Debug, Deserialize, Serialize)]
struct Predicate {
    serialization: Serialization,
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Serialization {
    method: String,
    hash_type: String,
    // Of shards alone; model_signing 1.1.1 writes it as a float.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard_size: Option<serde_json::Number>,
    allow_symlinks: bool,
    // Not written by 0.3 and 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ignore_paths: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Resource {
    name: String,
    algorithm: String,
    digest: String,
}

/// What an OMS statement says about a model.
#[derive(Debug, Eq, PartialEq)]
pub struct Resources {
    /// Every file with its SHA-256; none if [`Resources::single`] is set.
    pub files: BTreeMap<RelPath, Sha256>,
    /// The digest of the one file that the model is, if the resource is called `.`.
    pub single: Option<Sha256>,
    /// What the signer left out.
    pub ignored: BTreeSet<RelPath>,
}

/// Why an OMS statement cannot be held against a manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OmsError {
    /// Not of this shape.
    #[error("not an OpenSSF Model Signing predicate")]
    Json(#[source] serde_json::Error),
    /// Another serialisation than was wanted, or another hash.
    #[error("serialized as {method} with {hash_type}, files or shards with sha256 was wanted")]
    Serialization {
        /// `serialization.method`.
        method: String,
        /// `serialization.hash_type`.
        hash_type: String,
    },
    /// Shards of no length, or of one that is not a whole number.
    #[error("shard_size is {0}, a whole number of at least {MIN_SHARD_BYTES} was wanted")]
    ShardSize(String),
    /// A name that is not that of a shard, or a shard that does not follow the one before it.
    #[error("resource {name:?}: {why}")]
    Shard {
        /// As written.
        name: String,
        /// What is wrong with it.
        why: shards::Misfit,
    },
    /// More shards than a manifest may have.
    #[error("more than {MAX_SHARDS} shards")]
    TooMany,
    /// A name that is no path.
    #[error("resource {name:?} {why}")]
    Name {
        /// As written.
        name: String,
        /// What is wrong with it.
        why: Refused,
    },
    /// Not a SHA-256.
    #[error("resource {0:?} has no SHA-256 digest")]
    Digest(String),
    /// Twice the same name.
    #[error("resource {0:?} is listed twice")]
    Repeated(String),
    /// A file signed and ignored at once.
    #[error("resource {0:?} is among ignore_paths as well")]
    Ignored(String),
    /// A statement of the version before.
    #[error("not in a statement of version 1")]
    Statement,
    /// The subject is not the digest of the resources.
    #[error("the subject is not the one root digest of the resources")]
    Root,
}

/// The statement that signs `manifest`, with `annotations` on its subject; resources in byte order, as its root digest is made.
pub fn statement(
    manifest: &Manifest,
    annotations: &BTreeMap<String, String>,
) -> Result<String, serde_json::Error> {
    let resources = manifest.files().iter().map(|file| Resource {
        // A single file is called `.`: the one name that every verifier takes.
        name: if manifest.kind() == Kind::File { ".".to_owned() } else { file.path.to_string() },
        algorithm: "sha256".to_owned(),
        digest: file.digests.sha256.to_string(),
    });
    let predicate = Predicate {
        serialization: Serialization {
            method: "files".to_owned(),
            hash_type: "sha256".to_owned(),
            shard_size: None,
            allow_symlinks: manifest.files().iter().any(|file| file.link.is_some()),
            ignore_paths: Some(manifest.excluded().iter().map(|entry| entry.path.to_string()).collect()),
        },
        resources: resources.collect(),
    };
    let subjects = [Subject::sha256(manifest.name(), manifest.oms_root())];
    write(&subjects, annotations, PREDICATE_TYPE, &to_raw_value(&predicate)?)
}

impl Resources {
    /// Reads the predicate of `statement` and checks its root digest, in the order that the signer listed.
    pub fn of(statement: &Statement<'_>) -> Result<Self, OmsError> {
        let predicate: Predicate = serde_json::from_str(statement.predicate.get()).map_err(OmsError::Json)?;
        let Serialization { method, hash_type, ignore_paths, .. } = predicate.serialization;
        if method != "files" || hash_type != "sha256" {
            return Err(OmsError::Serialization { method, hash_type });
        }
        let ignored = Ignored::of(ignore_paths);
        let mut root = Vec::new();
        let (mut files, mut single) = (BTreeMap::new(), None);
        let alone = predicate.resources.len() == 1;
        for Resource { name, algorithm, digest } in predicate.resources {
            let digest = Some(digest).filter(|_| algorithm == "sha256");
            let digest: Option<Sha256> = digest.and_then(|text| text.to_ascii_lowercase().parse().ok());
            let digest = digest.ok_or_else(|| OmsError::Digest(name.clone()))?;
            root.extend_from_slice(digest.as_bytes());
            if name == "." && alone {
                single = Some(digest);
                continue;
            }
            let path = RelPath::parse(&name).map_err(|why| OmsError::Name { name: name.clone(), why })?;
            if path.is_within(&ignored.recorded) {
                return Err(OmsError::Ignored(name));
            }
            if files.insert(path, digest).is_some() {
                return Err(OmsError::Repeated(name));
            }
        }
        if files.is_empty() && single.is_none() {
            return Err(OmsError::Root);
        }
        check_root(statement, &root)?;
        let ignored = ignored.less(&files);
        Ok(Self { files, single, ignored })
    }
}

/// What a signer left out.
struct Ignored {
    recorded: BTreeSet<RelPath>,
    /// Versions before 1.1 left these out too, unless told otherwise, and recorded nothing.
    by_default: bool,
}

impl Ignored {
    fn of(names: Option<Vec<String>>) -> Self {
        let by_default = names.is_none();
        // The signer's own files outside the model are recorded by some versions as `../x`: they leave out nothing.
        let path = |name: String| RelPath::parse(name.trim_end_matches('/')).ok();
        Self { recorded: names.unwrap_or_default().into_iter().filter_map(path).collect(), by_default }
    }

    /// All of them, less those that hold one of the files that were signed: the signer was told otherwise.
    fn less<T>(self, files: &BTreeMap<RelPath, T>) -> BTreeSet<RelPath> {
        let mut ignored = self.recorded;
        for name in IGNORED_BY_DEFAULT.iter().filter(|_| self.by_default) {
            let path = RelPath::parse(name).expect("a name is a path");
            let only = BTreeSet::from([path]);
            if !files.keys().any(|file| file.is_within(&only)) {
                ignored.extend(only);
            }
        }
        ignored
    }
}

/// The one subject is the digest of `digests`, those of all resources one after the other.
fn check_root(statement: &Statement<'_>, digests: &[u8]) -> Result<(), OmsError> {
    if !statement.is_v1 {
        return Err(OmsError::Statement);
    }
    match statement.subjects.as_slice() {
        [subject] if subject.digest_sha256() == Some(Sha256::of(digests)) => Ok(()),
        _ => Err(OmsError::Root),
    }
}
