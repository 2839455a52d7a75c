//! The command line.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use mlbom::time::Timestamp;
use mlbom_sigstore::trusted_root::TrustedRoot;
use mlbom_tree::Pattern;

use crate::require::{Required, Wanted};

/// Verify signed statements about a model against its bytes.
///
/// The model is the DIR or FILE given, or the manifest on standard input that mlbom-hash wrote.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-verify", version = version(), max_term_width = 100)]
pub(crate) struct Args {
    /// The model [default: the manifest on standard input]
    ///
    /// The manifest is also what - stands for.
    #[arg(value_name = "DIR|FILE")]
    pub(crate) path: Option<PathBuf>,

    /// Sigstore bundles, one or more a file, or an OpenPGP signature; every one must hold
    ///
    /// What `gh attestation verify --format json` writes is taken too: the bundles in it are verified again, and what it
    /// says of them is not read. An OpenPGP signature is of the file of the same name without the .asc, .sig or .gpg.
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) bundle: Vec<PathBuf>,

    /// Public keys (PEM) of signers that are trusted
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Vec<PathBuf>,

    /// OpenPGP certificates (public keys) of signers that are trusted
    #[arg(long, value_name = "FILE")]
    pub(crate) pgp_key: Vec<PathBuf>,

    /// A name whose certificate is trusted, exactly: an e-mail address or a URI
    #[arg(long, value_name = "NAME")]
    pub(crate) identity: Vec<String>,

    /// The same by a regular expression that has to match all of the name
    ///
    /// One that a stranger's name meets too, such as `.*` or `https://github\.com/.*`, is taken for --any-identity.
    #[arg(long, value_name = "REGEXP")]
    pub(crate) identity_regexp: Vec<String>,

    /// Who has to have vouched for that name to Sigstore, exactly: the URL of an OpenID Connect issuer
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,

    /// Take the certificate of whomever the trusted root knows
    ///
    /// The report says so, and the built-in policies refuse it: a name that nobody asked for proves nothing.
    #[arg(long, conflicts_with_all = ["identity", "identity_regexp", "issuer"])]
    pub(crate) any_identity: bool,

    /// The authorities, logs and clocks that are trusted [default: those of the public Sigstore instance]
    ///
    /// A Sigstore trusted root, or the trust configuration that holds one, or several, one a line, as
    /// `gh attestation trusted-root` writes them. A signature has to hold against one of them.
    #[arg(long, value_name = "FILE", conflicts_with = "ca")]
    pub(crate) trusted_root: Vec<PathBuf>,

    /// Certificates (PEM) of the authorities that are trusted, in place of a trusted root
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Vec<PathBuf>,

    /// The present moment, for certificates whose time nothing proves [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub(crate) at: Option<Timestamp>,

    /// Neither want nor read log entries
    #[arg(long)]
    pub(crate) ignore_log: bool,

    /// Neither want nor read what logs of certificates say
    #[arg(long)]
    pub(crate) ignore_sct: bool,

    /// Verify only the files that this names; the report lists the others as unverified
    ///
    /// Without a slash it is held against the last component of a path, with one against all of it. The built-in policies
    /// refuse a model that was verified in part.
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<Pattern>,

    /// Hold the files against the Hub's listing of them too
    ///
    /// The listing is what the Hub's API answers to /api/models/NAME/tree/REVISION?recursive=true, or the cache's
    /// trees/COMMIT.json.
    #[arg(long, value_name = "FILE")]
    pub(crate) hub_tree: Option<PathBuf>,

    /// Take a manifest whose digests were not all computed from the bytes
    ///
    /// Such digests were taken from a cache, a list or a file's name, and a yes is then no word about the bytes that are
    /// there now. The report names each of them, and the built-in policies refuse them.
    #[arg(long)]
    pub(crate) allow_cached: bool,

    /// A statement that must be there, by N different signers: bom, oms, provenance, blob or a predicate type's URI
    #[arg(long, value_name = "TYPE[=N]")]
    pub(crate) require: Vec<Required>,

    /// Write the verified predicate of this type, byte for byte, in place of the report
    #[arg(long, value_name = "TYPE")]
    pub(crate) extract: Option<Wanted>,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// No progress, no hints, no reasons of a no
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}

impl Args {
    /// The model's path, unless its manifest is on standard input.
    pub(crate) fn model(&self) -> Option<&Path> {
        self.path.as_deref().filter(|path| *path != Path::new("-"))
    }
}

fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let date = TrustedRoot::public_good_date();
        format!("{} (trusted root of the public Sigstore instance: {date})", env!("CARGO_PKG_VERSION"))
    });
    &TEXT
}
