//! Why there is no signature.

use std::io;

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::path::RelPath;
use mlbom::time::Timestamp;
use mlbom::{manifest, shards, stream};
use mlbom_bom::ReadError;
use mlbom_openpgp::{SecretKeyError, SignError as PgpSignError};
use mlbom_pkcs11::{HardwareError, UriError};
use mlbom_sigstore::bundle::BundleError;
use mlbom_sigstore::certificate::CertificateError;
use mlbom_sigstore::chain::ChainError;
use mlbom_sigstore::key::KeyError;
use mlbom_sigstore::signing::{LinkError, PrivateKeyError, ReadError as KeyReadError, SignError};
use mlbom_sigstore::statement::StatementError;
use mlbom_sigstore::trust::Refusal;
use mlbom_sigstore::trusted_root::{NewRootError, TrustedRootError};
use mlbom_sigstore_online::UrlError;
use mlbom_sigstore_online::fulcio::FulcioError;
use mlbom_sigstore_online::http::{BadProxy, HttpError};
use mlbom_sigstore_online::rekor::RekorError;
use mlbom_sigstore_online::services::ConfigError;
use mlbom_sigstore_online::token::{AmbientError, TokenError};
use mlbom_sigstore_online::tsa::TsaError;
use mlbom_sigstore_online::tuf::TufError;

use crate::password::PasswordError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Ambient(#[from] AmbientError),
    #[error("{0}: belongs to {1}, which is not given")]
    Alone(&'static str, &'static str),
    #[error("--annotation: a statement is signed as it is, byte for byte")]
    AnnotatedStatement,
    #[error("--annotation {0:?}: is given twice")]
    AnnotatedTwice(String),
    #[error("{name}")]
    Blob { name: String, source: io::Error },
    #[error("standard input: the BOM cannot be bound to a model")]
    Bom(#[from] ReadError),
    #[error("{name}")]
    Certificate { name: String, source: CertificateError },
    #[error("{name}")]
    Config { name: String, source: ConfigError },
    #[error("standard input: the BOM and the manifest disagree: {0}")]
    Disagree(String),
    #[error("standard input: the digests of {0:?} were not computed from the file")]
    DigestSource(RelPath),
    #[error(
        "{0}: begins as what DSSE signs of a statement, and its signature would be one of that statement: another file was wanted"
    )]
    DsseBlob(String),
    #[error("standard input: {0:?} is empty, and so in no shard: a signature of shards would not cover it")]
    EmptyFile(RelPath),
    #[error("{0}: is empty, and there is nothing to sign")]
    EmptyInput(String),
    #[error("--make-trusted-root: nothing to trust is given")]
    EmptyRoot,
    #[error("{name}: exists, and a key never replaces a file")]
    Exists { name: String },
    #[error("{name}: the certificate is valid from {from} to {to}, and not now")]
    Expired { name: String, from: Timestamp, to: Timestamp },
    #[error(transparent)]
    Fulcio(#[from] FulcioError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{name}")]
    Key { name: String, source: PrivateKeyError },
    #[error("--new-key: a file was wanted, keys are not written to standard output")]
    KeyOnStdout,
    #[error("{name}")]
    Links { name: String, source: LinkError },
    #[error("{0}: URL=FILE was wanted")]
    Located(&'static str),
    #[error(
        "standard input: its bundles would have {written} bytes, at most {} are read by verifiers",
        stream::MAX_BYTES
    )]
    LongBundles { written: u64 },
    #[error(
        "{name}: is {size} bytes long, and an Ed25519 key signs files of at most 64 MiB: it wants all of it at once"
    )]
    LongMessage { name: String, size: u64 },
    #[error("--pkcs11-module: the key is in a file, a pkcs11: URI was wanted")]
    ModuleForFile,
    #[error("standard input")]
    Manifest(#[from] manifest::Error),
    #[error("standard input: more than {0} documents to sign")]
    Many(usize),
    #[error(
        "standard input: {0} found; one manifest, or BOMs and statements with or without their manifest were wanted"
    )]
    Mixed(String),
    #[error("{name}: cannot be written")]
    NewKey { name: String, source: io::Error },
    #[error("--make-trusted-root")]
    NewRoot(#[source] NewRootError),
    #[error("no certificate authority is named that vouches for identities")]
    NoFulcio,
    #[error("standard input: is closed")]
    NoInput,
    #[error(
        "the log has no clock, and no timestamp authority is named: nobody could tell that the certificate was valid"
    )]
    NoClock,
    #[error("no key, and no identity token: --key FILE was wanted, or --identity-token FILE")]
    NoKey,
    #[error(
        "standard input: the BOM does not say that it lists every file of its model, and there is no manifest beside it"
    )]
    NoList,
    #[error("--oms: there is no manifest on standard input")]
    NoManifest,
    #[error("a key could not be made")]
    NoNewKey(#[source] PrivateKeyError),
    #[error("{name}")]
    NoPath { name: String, source: ChainError },
    #[error("--keyless: no identity token is at hand")]
    NoToken,
    #[error("{0}: the certificate is not one for signing code")]
    NotForSigning(String),
    #[error("{0}: is not UTF-8")]
    NotUtf8(String),
    #[error(transparent)]
    OneSignature(RekorError),
    #[error("the bundle made holds other bytes than were to be signed")]
    OtherBytes,
    #[error("{0}: the certificate is not of the key given")]
    OtherKey(String),
    #[error("the certificate authority did not certify {0:?}, for which the token is")]
    OtherName(String),
    #[error("standard input: a statement is about another model than the manifest")]
    OtherModel,
    #[error("the bundle made cannot be read back")]
    OwnBundle(#[source] BundleError),
    #[error("the bundle made does not verify")]
    OwnSignature(#[source] Refusal),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{name}: no password")]
    Password { name: String, source: PasswordError },
    #[error("{name}")]
    PgpKey { name: String, source: SecretKeyError },
    #[error("there is no OpenPGP signature")]
    PgpSign(#[from] PgpSignError),
    #[error("--key")]
    Pkcs11(#[from] HardwareError),
    #[error("the proxy that the environment names")]
    Proxy(#[from] BadProxy),
    #[error("{name}")]
    PublicKey { name: String, source: KeyError },
    #[error(transparent)]
    Rekor(#[from] RekorError),
    #[error("standard input: a file is called {0:?}, names that begin with \"mlbom:\" are taken")]
    ReservedName(RelPath),
    #[error("--rekor-version: no log is named")]
    RekorVersionAlone,
    #[error("{name}")]
    Root { name: String, source: TrustedRootError },
    #[error("standard input")]
    Shards(#[from] shards::Error),
    #[error("there is no signature")]
    Sign(#[source] SignError),
    #[error("standard input")]
    Statement(#[from] StatementError),
    #[error("{0}: a file was wanted, standard input holds the document to sign")]
    Stdin(&'static str),
    #[error("standard input")]
    Stream(#[from] stream::Error),
    #[error(transparent)]
    Tsa(#[from] TsaError),
    #[error(transparent)]
    Tuf(#[from] TufError),
    #[error("{name}")]
    TufRoot { name: String, source: TufError },
    #[error("{name}")]
    Token { name: String, source: TokenError },
    #[error("{0}: is not an identity token")]
    TokenNotText(String),
    #[error("standard input: two statements of type {0:?}, one of each was wanted")]
    Twice(String),
    #[error("--key: the URI says where the PIN is (pin-source), and so does a flag: one was wanted")]
    TwoPins,
    #[error("--key")]
    Uri(#[source] UriError),
    #[error("{flag}")]
    Url { flag: &'static str, source: UrlError },
    #[error("{0}: a URL was given, a file was wanted")]
    UrlForFile(&'static str),
    #[error("--key: the URI is not UTF-8")]
    UriNotUtf8,
    #[error("the document cannot be written as JSON")]
    Write(#[source] serde_json::Error),
}

impl Error {
    /// Why the key called `name` is not read.
    pub(crate) fn key(name: String, err: KeyReadError<PasswordError>) -> Self {
        match err {
            KeyReadError::Key(source) => Self::Key { name, source },
            KeyReadError::Password(source) => Self::Password { name, source },
        }
    }

    /// That a log has the only signature that a key makes of a document.
    pub(crate) fn for_one_signature(self) -> Self {
        match self {
            Self::Rekor(source) => Self::OneSignature(source),
            other => other,
        }
    }

    /// Whether a log says that it has this signature already.
    pub(crate) const fn is_logged_already(&self) -> bool {
        matches!(
            self,
            Self::Rekor(RekorError::Http(HttpError::Status { status: 409, .. }) | RekorError::Conflict(_))
        )
    }
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Input(err) => return err.hint(),
            Self::Mixed(found) => return stream::hint(found),
            Self::Key { source, .. } => return source.hint().map(str::to_owned),
            Self::AnnotatedStatement => "write them into the statement before it is signed",
            Self::DigestSource(_) => manifest::COMPUTE_HINT,
            Self::DsseBlob(_) => "sign the statement itself, on standard input",
            Self::EmptyFile(_) => {
                "sign whole files (mlbom-hash without --shards), or leave it out (--exclude), which the signature then says"
            }
            Self::EmptyInput(_) | Self::Stream(stream::Error::Empty) => "did the tool before this one fail?",
            Self::EmptyRoot => "give --ca-chain, --tsa-chain, --log or --ct-log",
            Self::LongBundles { .. } => {
                "sign the documents in several calls, each with the manifest before it"
            }
            Self::LongMessage { .. } => "sign its manifest, or with an ECDSA key",
            Self::NoKey => {
                "make a key with mlbom-sign --new-key k.pem, then give --key k.pem; in CI, let the job have an identity token"
            }
            Self::NoToken => {
                "give it with --identity-token FILE or in SIGSTORE_ID_TOKEN, or let the CI job have one"
            }
            Self::NoFulcio => "give --fulcio URL, or a --trust-config that lists one",
            Self::NoList | Self::Disagree(_) => {
                "put the model's manifest before it: { mlbom-hash model/; cat bom.json; }"
            }
            Self::NotForSigning(_) => {
                "it wants the extended key usage codeSigning, or the key usage digitalSignature"
            }
            Self::Links { .. } => "give the certificates that lead to the authority, and no others",
            Self::NoPath { .. } => {
                "give the certificates between with --chain; is it the right trusted root?"
            }
            Self::OwnSignature(_) => "is it the trusted root of the services that were asked?",
            Self::OneSignature(_) => {
                "a key of this type makes one signature of a document: use the bundle that was made with it"
            }
            err if err.is_logged_already() => "another signature was not taken either: try again later",
            Self::Url { flag: "--tsa", source: UrlError::Plain(_) } => {
                "http will do with the --trusted-root that timestamps are checked by"
            }
            Self::NoClock => "name one: --tsa URL, or a --signing-config that lists one",
            Self::Password { source, .. } => return source.hint(),
            Self::Pkcs11(err) => return err.hint().map(str::to_owned),
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlbom_sigstore_online::Url;

    #[test]
    fn what_to_do_where_the_log_has_it() {
        let url = || Url::parse("https://rekor.example").expect("a URL");
        let status = || HttpError::Status { url: url(), status: 409, said: String::new() };
        for err in [RekorError::Conflict(url()), status().into()] {
            let err = Error::from(err);
            assert!(err.hint().is_some_and(|hint| hint.contains("try again")), "{err}");
            let once = err.for_one_signature();
            assert!(once.hint().is_some_and(|hint| hint.contains("use the bundle")), "{once}");
            assert!(!once.is_logged_already(), "{once}");
        }
    }
}
