//! Why there is no decision.

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::{report, stream};

use crate::{native, policies, worker};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("a document cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error(transparent)]
    Native(#[from] native::Error),
    #[error("standard input: is {0}, a report was wanted")]
    NotAReport(String),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error(transparent)]
    Policies(#[from] policies::Error),
    #[error("standard input")]
    Report(#[source] report::Error),
    #[error("standard input: holds {0} documents, one report was wanted")]
    Several(usize),
    #[error("standard input")]
    Stream(#[source] stream::Error),
    #[error("--at: a time between the years 1678 and 2261 was wanted")]
    Time,
    #[error(transparent)]
    Worker(#[from] worker::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Input(err) => err.hint(),
            Self::NotAReport(_) | Self::Several(_) => Some("mlbom-verify writes one".to_owned()),
            Self::Policies(err) => err.hint(),
            Self::Stream(stream::Error::Empty) => Some("the tool before this one may have failed".to_owned()),
            Self::Worker(err) => err.hint().map(str::to_owned),
            _ => None,
        }
    }
}
