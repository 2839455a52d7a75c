//! Why there is no bill of materials.

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::time::NotATime;
use mlbom::{manifest, stream};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("SOURCE_DATE_EPOCH")]
    Epoch(#[source] NotATime),
    #[error("standard input: {found} manifests found, --expect wanted {wanted}")]
    Expected { found: usize, wanted: usize },
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("standard input: {0} manifests found, one was wanted")]
    ManyManifests(usize),
    #[error("standard input")]
    Manifest(#[from] manifest::Error),
    #[error("standard input: {0} found, {wanted} was wanted", wanted = manifest::TYPE)]
    Other(String),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("standard input")]
    Stream(#[from] stream::Error),
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Input(err) => err.hint(),
            Self::ManyManifests(_) => {
                Some("hash the model's directory, not each of its files: mlbom-hash model/".to_owned())
            }
            Self::Stream(stream::Error::Empty) => Some("did the tool before this one fail?".to_owned()),
            _ => None,
        }
    }
}
