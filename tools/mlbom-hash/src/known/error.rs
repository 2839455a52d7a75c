//! Why digests cannot be taken over.

use std::io;
use std::path::PathBuf;

use mlbom::cli::{InputError, OutputError};
use mlbom::digest::Sha256;
use mlbom::path::{Refused, RelPath};
use mlbom::{json, manifest};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{name} lists {path:?}, which is no file of it")]
    Absent { name: String, path: RelPath },
    #[error("{0}: the cache lies in the model, and writing it would change that")]
    CacheInside(String),
    #[error("{0}: is not a cache as mlbom-hash writes it ({type})", type = super::cache::TYPE)]
    CacheMalformed(String),
    #[error("{name}: is a cache of type {found:?}, {wanted} was wanted", wanted = super::cache::TYPE)]
    CacheOther { name: String, found: String },
    #[error("{0}: is both --cache and --output")]
    CacheOutput(String),
    #[error("{name}: {why}, and a cache decides digests")]
    CacheOpen { name: String, why: String },
    #[error("{first} has the SHA-256 {said}, {second} has {says}")]
    Disagree { first: String, said: Sha256, second: String, says: Sha256 },
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{name}: cannot be read")]
    Io { name: String, source: io::Error },
    #[error("{0:?} and more: the paths in a list of digests start from one model")]
    ManyPaths(PathBuf),
    #[error("{name}: is not an OCI image manifest: {why}")]
    Oci { name: String, why: String },
    #[error("{name}: is not an OCI image manifest")]
    OciJson { name: String, source: json::Error },
    #[error("{name}: {path:?} {why}")]
    Path { name: String, path: String, why: Refused },
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("is {found} bytes long, {name} has {listed}")]
    Size { name: String, found: u64, listed: u64 },
    #[error("standard input can be only one of --from-oci-manifest and --from-sums")]
    Stdin,
    #[error("{name}: line {line} {why}")]
    Sums { name: String, line: usize, why: &'static str },
    #[error("{name}: holds no digest")]
    SumsEmpty { name: String },
    #[error("{name}: has more than {} files", manifest::MAX_FILES)]
    TooMany { name: String },
    #[error("{name}: has {path:?} twice, with different digests")]
    Twice { name: String, path: RelPath },
    #[error("the cache cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Error {
    /// The way out, where there is one.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::CacheMalformed(_) | Self::CacheOther { .. } | Self::CacheOpen { .. } => {
                "remove it, and the next run hashes everything and makes a new one"
            }
            Self::CacheInside(_) => "keep it somewhere else, for instance below ~/.cache",
            Self::Disagree { .. } | Self::Size { .. } | Self::Absent { .. } => {
                "leave the lists out, and the bytes are hashed"
            }
            _ => return None,
        })
    }
}
