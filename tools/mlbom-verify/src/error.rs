//! Why nothing could be verified.

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::path::RelPath;
use mlbom::{json, report, stream};
use mlbom_sigstore::bundle::BundleError;
use mlbom_sigstore::key::KeyError;

use crate::evidence::MAX_BUNDLES;
use crate::require::Wanted;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{name}: bundle {number}")]
    Bundle { name: String, number: usize, source: BundleError },
    #[error("--allow-cached: the bytes of {0} are hashed here, it is for a manifest on standard input")]
    AllowCached(String),
    #[error(
        "standard input: the digests of {path:?} were not computed from its bytes, their source is {source_named:?}"
    )]
    DigestSource { path: RelPath, source_named: String },
    #[error("--extract {0}: no such statement was verified")]
    ExtractNone(Wanted),
    #[error("--extract {0}: {1} such statements were verified, one was wanted")]
    ExtractMany(Wanted, usize),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{name}")]
    Key { name: String, source: KeyError },
    #[error("the report is longer than {} bytes, and no policy could read it", report::MAX_BYTES)]
    LongReport,
    #[error("{0}: more than {MAX_BUNDLES} different bundles")]
    ManyBundles(String),
    #[error("standard input")]
    Manifest(#[source] stream::ManifestError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("standard input can be only one of: the manifest, one --bundle, one --key")]
    Stdin,
    #[error("the report could not be read back")]
    Report(#[source] json::Error),
    #[error("{name}")]
    Stream { name: String, source: stream::Error },
    #[error(transparent)]
    Tree(#[from] mlbom_tree::Error),
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Input(err) => return err.hint(),
            Self::Tree(err) => return err.hint(),
            Self::DigestSource { .. } => {
                "hash the model itself: mlbom-hash model/ (or --allow-cached, if a yes need not be about its bytes)"
            }
            Self::Key { source: KeyError::Private, .. } => {
                "never hand out a private key: verify with the .pub file beside it"
            }
            Self::Manifest(stream::ManifestError::Many(_)) => {
                "hash the model's directory, not each of its files: mlbom-hash model/"
            }
            Self::Manifest(stream::ManifestError::Stream(stream::Error::Empty)) => {
                "did the tool before this one fail?"
            }
            Self::Manifest(err) => return err.hint(),
            Self::ExtractMany(..) => "give only the bundle that holds the one you want",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
