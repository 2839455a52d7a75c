//! Why nothing was captured.

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::path::RelPath;
use mlbom::{evidence, manifest, part, stream};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "{path}: does not have the bytes that the manifest lists: sha256 {found} found, {listed} was wanted"
    )]
    Bytes { path: String, found: String, listed: String },
    #[error("{path}: {why}")]
    Base { path: String, why: &'static str, hint: String },
    #[error("standard input: the digests of {0:?} were not computed from the file")]
    DigestSource(RelPath),
    #[error(transparent)]
    Evidence(#[from] evidence::Error),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("--{0}: \"none\" was given beside a path")]
    NoneAndSome(&'static str),
    #[error("standard input: {0} manifests found, one was wanted")]
    ManyManifests(usize),
    #[error("standard input")]
    Manifest(#[from] manifest::Error),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("standard input: {found} found, the whole was wanted", found = part::TYPE)]
    Part,
    #[error(transparent)]
    Record(#[from] mlbom_bom::record::Error),
    #[error("standard input")]
    Stream(#[from] stream::Error),
    #[error(transparent)]
    Tree(#[from] mlbom_tree::Error),
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Base { hint, .. } => Some(hint.clone()),
            Self::Bytes { .. } => {
                Some("hash the model again: mlbom-hash DIR | mlbom-capture - --model DIR".to_owned())
            }
            Self::DigestSource(_) => Some(manifest::COMPUTE_HINT.to_owned()),
            Self::Input(err) => err.hint(),
            Self::Part => stream::hint(part::TYPE),
            Self::Stream(stream::Error::Empty) => Some("did the tool before this one fail?".to_owned()),
            Self::Tree(err) => err.hint(),
            _ => None,
        }
    }
}
