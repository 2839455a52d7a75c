//! Why there is no bill of materials.

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::time::NotATime;
use mlbom::{evidence, manifest, shards, stream};
use mlbom_bom::{BindError, record};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("SOURCE_DATE_EPOCH")]
    Epoch(#[source] NotATime),
    #[error("the evidence and the manifest are not about the same model")]
    Bind(#[from] BindError),
    #[error("standard input: {found} documents {kind} found, --expect wanted {wanted}")]
    Expected { kind: &'static str, found: usize, wanted: usize },
    #[error("standard input")]
    Evidence(#[from] evidence::Error),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("standard input: {0} manifests found, one was wanted")]
    ManyManifests(usize),
    #[error("standard input")]
    Manifest(#[from] manifest::Error),
    #[error("standard input: {0} found, {manifest} and {evidence} were wanted", manifest = manifest::TYPE, evidence = evidence::TYPE)]
    Other(String),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("standard input: the documents cannot be put together")]
    Record(#[from] record::Error),
    #[error("--loss and --output name the same file")]
    SameFile,
    #[error("standard input")]
    Stream(#[from] stream::Error),
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Bind(_) => {
                Some("capture again what was hashed: mlbom-hash DIR | mlbom-capture - --model DIR".to_owned())
            }
            Self::Input(err) => err.hint(),
            Self::Other(found) if found == shards::TYPE => Some(
                "shards are for mlbom-sign alone, a bill lists the digests of whole files: mlbom-hash without --shards"
                    .to_owned(),
            ),
            Self::ManyManifests(_) => {
                Some("hash the model's directory, not each of its files: mlbom-hash model/".to_owned())
            }
            Self::Other(found) => stream::hint(found),
            Self::Stream(stream::Error::Empty) => Some("did the tool before this one fail?".to_owned()),
            _ => None,
        }
    }
}
