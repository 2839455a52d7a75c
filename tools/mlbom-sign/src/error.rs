//! Why there is no signature.

use std::io;

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::path::RelPath;
use mlbom::{manifest, shards, stream};
use mlbom_bom::ReadError;
use mlbom_sigstore::bundle::BundleError;
use mlbom_sigstore::signing::PrivateKeyError;
use mlbom_sigstore::statement::StatementError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("standard input: the BOM cannot be bound to a model")]
    Bom(#[from] ReadError),
    #[error("standard input: the BOM and the manifest disagree: {0}")]
    Disagree(String),
    #[error("standard input: the digests of {0:?} were not computed from the file")]
    DigestSource(RelPath),
    #[error("standard input: {0:?} is empty, and so in no shard: a signature of shards would not cover it")]
    EmptyFile(RelPath),
    #[error("{name}: exists, and a key never replaces a file")]
    Exists { name: String },
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{name}")]
    Key { name: String, source: PrivateKeyError },
    #[error("--key: a file was wanted, standard input holds the document to sign")]
    KeyOnStdin,
    #[error("standard input")]
    Manifest(#[from] manifest::Error),
    #[error(
        "standard input: {0} found; one manifest, or one BOM with or without its manifest, or one statement was wanted"
    )]
    Mixed(String),
    #[error("--new-key: a file was wanted, keys are not written to standard output")]
    KeyOnStdout,
    #[error("{name}: cannot be written")]
    NewKey { name: String, source: io::Error },
    #[error("a key could not be made")]
    NoEntropy(#[source] PrivateKeyError),
    #[error("no key: --key FILE was wanted")]
    NoKey,
    #[error(
        "standard input: the BOM does not say that it lists every file of its model, and there is no manifest beside it"
    )]
    NoList,
    #[error("the bundle made cannot be read back")]
    OwnBundle(#[source] BundleError),
    #[error("the signature made does not verify")]
    OwnSignature,
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("standard input: a file is called {0:?}, names that begin with \"mlbom:\" are taken")]
    ReservedName(RelPath),
    #[error("standard input")]
    Shards(#[from] shards::Error),
    #[error("standard input")]
    Statement(#[from] StatementError),
    #[error("standard input")]
    Stream(#[from] stream::Error),
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Input(err) => return err.hint(),
            Self::Mixed(found) => return stream::hint(found),
            Self::DigestSource(_) => manifest::COMPUTE_HINT,
            Self::EmptyFile(_) => {
                "sign whole files (mlbom-hash without --shards), or leave it out (--exclude), which the signature then says"
            }
            Self::NoKey => "make one with mlbom-sign --new-key k.pem, then give --key k.pem",
            Self::Key { source: PrivateKeyError::Public, .. } => {
                "verifiers get the .pub file; the signer keeps the other"
            }
            Self::Key { source: PrivateKeyError::Encrypted, .. } => {
                "decrypt it to a file of your own: openssl pkcs8 -in KEY -out PLAIN"
            }
            Self::NoList | Self::Disagree(_) => {
                "put the model's manifest before it: { mlbom-hash model/; cat bom.json; }"
            }
            Self::Stream(stream::Error::Empty) => "did the tool before this one fail?",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
