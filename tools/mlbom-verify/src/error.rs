//! Why nothing could be verified.

use mlbom::cli::{Hint, InputError, OutputError};
use mlbom::path::RelPath;
use mlbom::{json, report, stream};
use mlbom_openpgp::{KeyringError, SignatureError};
use mlbom_sigstore::bundle::BundleError;
use mlbom_sigstore::github::GitHubError;
use mlbom_sigstore::key::KeyError;
use mlbom_sigstore::trust::PatternError;
use mlbom_sigstore::trusted_root::TrustedRootError;

use crate::evidence::MAX_BUNDLES;
use crate::proof::Unchecked;
use crate::require::Wanted;
use crate::shards::MAX_SIZES;
use crate::trust::MAX_ROOTS;

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
    #[error("--identity: is empty, an e-mail address or a URI was wanted")]
    EmptyIdentity,
    #[error(
        "--extract and --allow-cached: a predicate does not say that the bytes were not read, the report does"
    )]
    ExtractCached,
    #[error(
        "--extract and --only: a predicate does not say that it was held against a part, the report does"
    )]
    ExtractPart,
    #[error("--extract {0}: no such statement was verified")]
    ExtractNone(Wanted),
    #[error("--extract {0}: {1} such statements were verified, one was wanted")]
    ExtractMany(Wanted, usize),
    #[error("{name}: is {found}, a Sigstore bundle or an OpenPGP signature was wanted")]
    Foreign { name: String, found: &'static str },
    #[error("{name}: not what gh attestation verify --format json writes")]
    Github { name: String, source: GitHubError },
    #[error("{name}: not a listing of the Hub")]
    HubTree { name: String, source: mlbom_hub::Error },
    #[error(transparent)]
    HubFiles(#[from] crate::hub_tree::Error),
    #[error("--hub-tree: the Hub lists whole files, the manifest on standard input has only shards")]
    HubShards,
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("--issuer: no --identity is given, and an issuer alone is no one")]
    IssuerAlone,
    #[error("{name}")]
    Key { name: String, source: KeyError },
    #[error("{name}")]
    Keyring { name: String, source: KeyringError },
    #[error("the report is longer than {} bytes, and no policy could read it", report::MAX_BYTES)]
    LongReport,
    #[error("--trusted-root: more than {MAX_ROOTS} roots")]
    ManyRoots,
    #[error("the bundles are over shards of more than {MAX_SIZES} different lengths")]
    ManySizes,
    #[error("nobody is trusted: --key, --pgp-key, --identity with --issuer, or --any-identity was wanted")]
    NobodyTrusted,
    #[error("{0}: is not UTF-8")]
    NotUtf8(String),
    #[error("{name}: binds digests of whole files, the manifest on standard input has only those of shards")]
    NeedsFiles { name: String },
    #[error("{0}: is a directory, and OpenPGP signs files")]
    PgpDirectory(String),
    #[error("{name}: is over shards of {size} bytes, the manifest on standard input has only whole files")]
    NeedsShards { name: String, size: u64 },
    #[error("{name}: is over shards of {size} bytes, the manifest on standard input has shards of {found}")]
    OtherSize { name: String, size: u64, found: u64 },
    #[error("{0}: more than {MAX_BUNDLES} different bundles")]
    ManyBundles(String),
    #[error("standard input")]
    Manifest(#[source] stream::ManifestError),
    #[error("--only: a manifest of shards is held against what was signed as a whole, give the directory")]
    OnlyShards,
    #[error("--only: the manifest on standard input lists no file that it names")]
    OnlyNothing,
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("--identity-regexp {text:?}")]
    Pattern { text: String, source: PatternError },
    #[error("{name}")]
    Pgp { name: String, source: SignatureError },
    #[error(
        "{0}: is an OpenPGP signature, and its name does not say of which file: model.json.asc was wanted for model.json"
    )]
    PgpName(String),
    #[error("{name}")]
    Root { name: String, source: TrustedRootError },
    #[error("standard input can be only one of: the manifest and one of the files that are read")]
    Stdin,
    #[error("the report could not be read back")]
    Report(#[source] json::Error),
    #[error("standard input")]
    Shards(#[source] mlbom::shards::Error),
    #[error("{name}")]
    Stream { name: String, source: stream::Error },
    #[error(transparent)]
    Tree(#[from] mlbom_tree::Error),
    #[error("{name}")]
    Unchecked { name: String, source: Unchecked },
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
            Self::NobodyTrusted => {
                "a signature that anybody could have made proves nothing: say whose counts"
            }
            Self::IssuerAlone => "give the name that it vouches for: --identity NAME",
            Self::HubFiles(err) => return err.hint(),
            Self::Manifest(stream::ManifestError::Many(_)) => {
                "hash the model's directory, not each of its files: mlbom-hash model/"
            }
            Self::Manifest(stream::ManifestError::Stream(stream::Error::Empty)) => {
                "did the tool before this one fail?"
            }
            Self::Manifest(err) => return err.hint(),
            Self::Unchecked { source, .. } => source.remedy(),
            Self::PgpDirectory(_) => "have its manifest signed: mlbom-hash DIR > m.json, and m.json.asc",
            Self::NeedsFiles { .. } => "give the model's directory in place of its manifest",
            Self::NeedsShards { size, .. } | Self::OtherSize { size, .. } => {
                return Some(format!(
                    "give the model's directory in place of its manifest, or hash with mlbom-hash --shards {size}"
                ));
            }
            Self::ExtractMany(..) => "give only the bundle that holds the one you want",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
