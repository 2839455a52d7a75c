//! Why there is no manifest.

use std::io;
use std::path::PathBuf;

use mlbom::cli::{Hint, InputError, OutputError, ProgressError};
use mlbom::{manifest, part, stream};

use crate::known;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("standard input cannot be listed")]
    Listed(#[source] manifest::Error),
    #[error("{name}: its manifest is longer than {limit} bytes, and no tool reads it", limit = stream::MAX_BYTES)]
    Long { name: String },
    #[error("{name}")]
    Manifest { name: String, source: stream::ManifestError },
    #[error("{0:?} and more: --check compares one path with one manifest")]
    ManyPaths(PathBuf),
    #[error("{0} paths: --part hashes a part of one")]
    ManyParts(usize),
    #[error(transparent)]
    Merge(#[from] Box<part::MergeError>),
    #[error("{name}: {found} found, {wanted} was wanted", wanted = part::TYPE)]
    NotAPart { name: String, found: String },
    #[error("{path}: is {found}, the manifest is of {wanted}")]
    OtherKind { path: String, found: &'static str, wanted: &'static str },
    #[error(transparent)]
    Known(#[from] known::Error),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{name}")]
    Part { name: String, source: Box<part::Error> },
    #[error("{name}")]
    Stream { name: String, source: stream::Error },
    #[error("--json-progress")]
    Progress(#[source] ProgressError),
    #[error("standard input is closed, the bytes of a file were wanted")]
    StdinClosed,
    #[error("standard input is a terminal, the bytes of a file were wanted")]
    StdinTerminal,
    #[error("--tee -: standard output is for the manifest, the name of a file was wanted")]
    TeeStdout,
    #[error("no thread can be started")]
    Thread(#[source] io::Error),
    #[error(transparent)]
    Tree(#[from] mlbom_tree::Error),
    #[error("standard input can be given only once")]
    TwoInputs,
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Input(err) => err.hint(),
            Self::Manifest { source, .. } => source.hint(),
            Self::Merge(err) => err.hint(),
            Self::Stream { source: stream::Error::Empty, .. } => {
                Some("did the run that was to write it fail?".to_owned())
            }
            Self::Known(err) => err.hint().map(ToOwned::to_owned),
            Self::Tree(mlbom_tree::Error::Known { source, .. }) => {
                source.downcast_ref::<known::Error>()?.hint().map(ToOwned::to_owned)
            }
            Self::Tree(err) => err.hint(),
            Self::StdinTerminal => Some("put what fetches the file before this in a pipe".to_owned()),
            _ => None,
        }
    }
}
