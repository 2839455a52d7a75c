//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::LazyLock;

use mlbom::time::Timestamp;
use mlbom_sigstore::key::KeyType;
use mlbom_sigstore::trusted_root::TrustedRoot;
use mlbom_sigstore_online::RekorVersion;

use crate::password::PasswordArgs;

/// What says where to ask, which some modes never do.
const SERVICES: [&str; 7] =
    ["trust_config", "signing_config", "trusted_root", "fulcio", "rekor", "rekor_version", "tsa"];

/// What says what is signed, and as whom.
const SIGNING: [&str; 5] = ["signer", "identity_token", "blob", "oms", "annotation"];

/// Where a password is.
const PASSWORD: [&str; 2] = ["password_file", "password_fd"];

/// Sign manifests, bills of materials and in-toto statements on standard input, or the bytes of a file.
///
/// Without a key an identity token is wanted, from a file, from SIGSTORE_ID_TOKEN or from the CI run that this is; what
/// was signed is then published in a log together with the identity.
#[derive(Debug, clap::Parser)]
#[command(name = "mlbom-sign", version = version(), max_term_width = 100)]
pub(crate) struct Args {
    /// The private key: a file, PEM or cosign's, or a pkcs11: URI (RFC 7512) of a key in a token
    ///
    /// PKCS#8, SEC1 or PKCS#1; ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 4096 bits.
    #[arg(long, value_name = "FILE", group = "signer")]
    pub(crate) key: Option<OsString>,

    #[command(flatten)]
    pub(crate) password: PasswordArgs,

    /// The PKCS#11 library, where the URI does not name one
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) pkcs11_module: Option<PathBuf>,

    /// The certificate (PEM) of the key
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,

    /// The certificates (PEM) that lead from it to an authority
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) chain: Vec<PathBuf>,

    /// Sign with a certificate for an identity that a token proves, and with a key that is forgotten at once
    #[arg(long, group = "signer")]
    pub(crate) keyless: bool,

    /// The token, in a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "pgp_key"])]
    pub(crate) identity_token: Option<PathBuf>,

    /// An OpenPGP secret key: sign the bytes of the input, detached and armored
    #[arg(long, value_name = "FILE", group = "signer", conflicts_with_all = SERVICES)]
    pub(crate) pgp_key: Option<PathBuf>,

    /// Which services to sign with, and whom they are to be checked by: a Sigstore client trust configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signing_config", "trusted_root", "fulcio", "rekor", "tsa"])]
    pub(crate) trust_config: Option<PathBuf>,

    /// Which services to sign with: a Sigstore signing configuration
    #[arg(long, value_name = "FILE", conflicts_with_all = ["fulcio", "rekor", "tsa"])]
    pub(crate) signing_config: Option<PathBuf>,

    /// What the services are checked by
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,

    /// The certificate authority to ask
    #[arg(long, value_name = "URL", conflicts_with = "key")]
    pub(crate) fulcio: Option<String>,

    /// The log to publish in
    #[arg(long, value_name = "URL")]
    pub(crate) rekor: Option<String>,

    /// The interface of that log, or which of the logs of a configuration: 1 or 2
    #[arg(long, value_name = "N", value_parser = rekor_version)]
    pub(crate) rekor_version: Option<RekorVersion>,

    /// The timestamp authority to ask (RFC 3161)
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,

    /// Sign the bytes of this file, in place of a document on standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["annotation", "oms"])]
    pub(crate) blob: Option<PathBuf>,

    /// Sign the manifest too where bills or statements stand beside it
    #[arg(long, conflicts_with = "pgp_key")]
    pub(crate) oms: bool,

    /// Words to sign with it, as annotations of the first subject
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "pgp_key")]
    pub(crate) annotation: Vec<Annotation>,

    /// Make a key: FILE, readable by you alone, and FILE.pub; never replaces a file
    ///
    /// With --password-file or --password-fd, FILE is encrypted.
    #[arg(long, value_name = "FILE", conflicts_with = "output", conflicts_with_all = SIGNING, conflicts_with_all = SERVICES, group = "mode")]
    pub(crate) new_key: Option<PathBuf>,

    /// The type of that key: p256, p384, p521, ed25519 or rsa (of 3072 bits) [default: p256]
    #[arg(long, value_name = "TYPE", requires = "new_key", value_parser = key_type)]
    pub(crate) key_type: Option<KeyType>,

    /// Write a trusted root for authorities and logs of your own
    #[arg(long, conflicts_with_all = SIGNING, conflicts_with_all = PASSWORD, conflicts_with_all = SERVICES, group = "mode")]
    pub(crate) make_trusted_root: bool,

    /// A certificate authority for it (PEM): the one that issues first, the root last
    #[arg(long, value_name = "FILE", requires = "make_trusted_root")]
    pub(crate) ca_chain: Vec<PathBuf>,

    /// A timestamp authority for it (PEM): the one that signs first, the root last
    #[arg(long, value_name = "FILE", requires = "make_trusted_root")]
    pub(crate) tsa_chain: Vec<PathBuf>,

    /// A log for it: its URL and its public key (PEM)
    #[arg(long, value_name = "URL=FILE", requires = "make_trusted_root")]
    pub(crate) log: Vec<OsString>,

    /// A log of certificates for it
    #[arg(long, value_name = "URL=FILE", requires = "make_trusted_root")]
    pub(crate) ct_log: Vec<OsString>,

    /// From when on all of these are trusted [default: from the beginning]
    #[arg(long, value_name = "RFC3339", requires = "make_trusted_root")]
    pub(crate) valid_from: Option<Timestamp>,

    /// Fetch the newest trusted root into DIR, as its repository (TUF) signs it
    #[arg(long, value_name = "DIR", conflicts_with = "output", conflicts_with_all = SIGNING, conflicts_with_all = PASSWORD, conflicts_with_all = SERVICES, group = "mode")]
    pub(crate) refresh_trust: Option<PathBuf>,

    /// Another repository than that of the public Sigstore instance
    #[arg(long, value_name = "URL", requires = "refresh_trust", requires = "tuf_root")]
    pub(crate) tuf_url: Option<String>,

    /// The root of that repository that you have from a source you trust
    #[arg(long, value_name = "FILE", requires = "tuf_url")]
    pub(crate) tuf_root: Option<PathBuf>,

    /// Write here, whole or not at all, instead of to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// No hints
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Args {
    /// The first flag that is given without the one that it belongs to, and that one.
    ///
    /// The parser waives what a flag requires where that would contradict another flag, and the flag would mean nothing.
    pub(crate) fn alone(&self) -> Option<(&'static str, &'static str)> {
        let (key, root, tuf) = (self.key.is_some(), self.make_trusted_root, self.refresh_trust.is_some());
        let has_lock = key || self.pgp_key.is_some() || self.new_key.is_some();
        [
            (self.password.password_file.is_some(), has_lock, "--password-file", "--key"),
            (self.password.password_fd.is_some(), has_lock, "--password-fd", "--key"),
            (self.key_type.is_some(), self.new_key.is_some(), "--key-type", "--new-key"),
            (self.cert.is_some(), key, "--cert", "--key"),
            (!self.chain.is_empty(), self.cert.is_some(), "--chain", "--cert"),
            (self.pkcs11_module.is_some(), key, "--pkcs11-module", "--key"),
            (!self.ca_chain.is_empty(), root, "--ca-chain", "--make-trusted-root"),
            (!self.tsa_chain.is_empty(), root, "--tsa-chain", "--make-trusted-root"),
            (!self.log.is_empty(), root, "--log", "--make-trusted-root"),
            (!self.ct_log.is_empty(), root, "--ct-log", "--make-trusted-root"),
            (self.valid_from.is_some(), root, "--valid-from", "--make-trusted-root"),
            (self.tuf_url.is_some(), tuf, "--tuf-url", "--refresh-trust"),
            (self.tuf_root.is_some(), tuf && self.tuf_url.is_some(), "--tuf-root", "--tuf-url"),
        ]
        .into_iter()
        .find(|(given, wanted, ..)| *given && !wanted)
        .map(|(_, _, flag, wanted)| (flag, wanted))
    }
}

impl Args {
    /// The first flag of those that sign whose file is `-`: secrets do not come that way, and a document to sign does.
    pub(crate) fn on_stdin(&self) -> Option<&'static str> {
        let is_stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
        let is_read = self.blob.is_none();
        [
            (self.key.as_deref() == Some("-".as_ref()), "--key"),
            (is_stdin(&self.pgp_key), "--pgp-key"),
            (is_stdin(&self.cert), "--cert"),
            (self.chain.iter().any(|file| file == Path::new("-")), "--chain"),
            (is_stdin(&self.identity_token), "--identity-token"),
            (is_read && is_stdin(&self.trust_config), "--trust-config"),
            (is_read && is_stdin(&self.signing_config), "--signing-config"),
            (is_read && is_stdin(&self.trusted_root), "--trusted-root"),
        ]
        .into_iter()
        .find_map(|(found, flag)| found.then_some(flag))
    }
}

impl mlbom::cli::Arguments for Args {
    fn quiet(&self) -> bool {
        self.quiet
    }
}

/// `NAME=VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct Annotation {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for Annotation {
    type Err = &'static str;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let (name, value) = given.split_once('=').ok_or("NAME=VALUE was wanted")?;
        if name.is_empty() || given.chars().any(char::is_control) || given.len() > 4096 {
            return Err("a name, and at most 4096 bytes without control characters were wanted");
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

fn key_type(given: &str) -> Result<KeyType, &'static str> {
    Ok(match given {
        "p256" => KeyType::EcdsaP256,
        "p384" => KeyType::EcdsaP384,
        "p521" => KeyType::EcdsaP521,
        "ed25519" => KeyType::Ed25519,
        "rsa" => KeyType::Rsa,
        _ => return Err("p256, p384, p521, ed25519 or rsa was wanted"),
    })
}

fn rekor_version(given: &str) -> Result<RekorVersion, &'static str> {
    match given {
        "1" => Ok(RekorVersion::V1),
        "2" => Ok(RekorVersion::V2),
        _ => Err("1 or 2 was wanted"),
    }
}

fn version() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let date = TrustedRoot::public_good_date();
        format!("{} (trusted root of the public Sigstore instance: {date})", env!("CARGO_PKG_VERSION"))
    });
    &TEXT
}
