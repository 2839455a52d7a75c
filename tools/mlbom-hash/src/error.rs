//! Why there is no manifest.

use std::path::PathBuf;

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::stream;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{name}")]
    Manifest { name: String, source: stream::ManifestError },
    #[error("{0:?} and more: --check compares one path with one manifest")]
    ManyPaths(PathBuf),
    #[error("{path}: is {found}, the manifest is of {wanted}")]
    OtherKind { path: String, found: &'static str, wanted: &'static str },
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Tree(#[from] mlbom_tree::Error),
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Input(err) => err.hint(),
            Self::Tree(err) => err.hint(),
            _ => None,
        }
    }
}
