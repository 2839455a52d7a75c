//! What is trusted: certificate authorities, logs, timestamp authorities (sigstore/protobuf-specs
//! `sigstore_trustroot.proto`, `TrustedRoot`).

mod create;
mod wire;

use mlbom::digest::Sha256;
use mlbom::json;
use mlbom::time::Timestamp;

use crate::certificate::{self, CertificateError};
use crate::key::PublicKey;

pub use create::{NewAuthority, NewLog, NewRootError, NewTrustedRoot};

/// The longest trusted root that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;
/// How many entries of one kind a trusted root may have.
pub const MAX_ENTRIES: usize = 256;

/// The root of Sigstore's public good instance; `embedded/public-good/ORIGIN.md` says where it is from.
const PUBLIC_GOOD: &str = include_str!("../embedded/public-good/trusted_root.json");
/// That instance's services, for those who sign (`sigstore_trustroot.proto`, `SigningConfig`).
const PUBLIC_GOOD_SIGNING_CONFIG: &str = include_str!("../embedded/public-good/signing_config.v0.2.json");
/// The day on which both were taken over.
const PUBLIC_GOOD_DATE: &str = "2026-11-21";

/// Whom a verifier believes.
///
/// An entry that cannot be used (a key of another type, no start of its time) stays in its list and matches nothing: it
/// must not take the others with it, and nothing may be believed for its sake.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrustedRoot {
    /// Certificate authorities of signers.
    pub authorities: Vec<Authority>,
    /// Transparency logs of signatures.
    pub logs: Vec<Log>,
    /// Certificate transparency logs.
    pub ct_logs: Vec<Log>,
    /// Timestamp authorities.
    pub timestamp_authorities: Vec<Authority>,
    digest: Sha256,
}

/// A chain of certificates, and when it is trusted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authority {
    /// The DER certificates as they are listed; a timestamp authority's own comes first.
    pub certificates: Vec<Vec<u8>>,
    /// When it is trusted.
    pub window: Window,
    /// Where the service is; may be empty. Nothing is decided by it.
    pub uri: String,
    /// Why it is trusted at no time, if it is not.
    pub unusable: Option<String>,
    /// Signatures may bring the certificates between a signer's and this authority's own.
    ///
    /// Where the list has them, it is the list that decides: one that was taken off, or whose window is over, must not come
    /// back with a signature. A list of one certificate says nothing of those beneath it.
    pub takes_intermediates: bool,
}

/// A log and its key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Log {
    /// `logId.keyId`: SHA-256 of the DER key, or for a log of checkpoints the hash that signed notes name the key by.
    pub id: Vec<u8>,
    /// `checkpointKeyId.keyId`, if there is one.
    pub checkpoint_id: Option<Vec<u8>>,
    /// What its signatures are checked with.
    pub key: LogKey,
    /// When it is trusted.
    pub window: Window,
    /// Where the service is. The host is the origin of a log's checkpoints.
    pub base_url: String,
}

/// The key of a log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogKey {
    /// One that signatures are checked with.
    Usable(PublicKey),
    /// One that matches nothing, and why.
    Unusable(String),
}

/// A span of time, both ends included. An end that is missing is open.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Window {
    /// The first instant.
    pub start: Option<Timestamp>,
    /// The last instant.
    pub end: Option<Timestamp>,
}

/// Why a text is not a trusted root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustedRootError {
    /// More than a root should need.
    #[error("is {0} bytes long, at most {MAX_BYTES} were wanted")]
    TooLong(usize),
    /// Not JSON, or not of this shape.
    #[error("is not a trusted root")]
    Json(#[source] json::Error),
    /// Another format, or a version from the future.
    #[error("mediaType is {0:?}, that of a Sigstore trusted root or client trust configuration was wanted")]
    MediaType(String),
    /// More of one kind than a root should need.
    #[error("holds {0} entries of one kind, at most {MAX_ENTRIES} were wanted")]
    TooMany(usize),
    /// Certificates that cannot be read.
    #[error("the list of certificates {0}")]
    Certificates(#[source] CertificateError),
    /// Nothing that a path could end at.
    #[error("holds no self-signed certificate, that of a certificate authority was wanted")]
    NoAnchor,
}

impl TrustedRoot {
    /// Reads a trusted root, or the one in a client trust configuration, at most [`MAX_BYTES`] long.
    ///
    /// Members that are not known are passed over, since the format grows; repeated ones are refused.
    pub fn parse(text: &str) -> Result<Self, TrustedRootError> {
        wire::parse(text)
    }

    /// Trusts a certificate authority of one's own: every self-signed certificate of a PEM file, at any time at which the
    /// certificates are valid; the others may stand between. No logs and no timestamp authorities.
    pub fn from_certificates(pem: &[u8]) -> Result<Self, TrustedRootError> {
        let certificates = certificate::chain_from_pem(pem).map_err(TrustedRootError::Certificates)?;
        for der in &certificates {
            certificate::parse_x509(der).map_err(TrustedRootError::Certificates)?;
        }
        if !certificates.iter().any(|der| is_self_signed(der)) {
            return Err(TrustedRootError::NoAnchor);
        }
        let authority = Authority {
            certificates,
            window: Window::default(),
            uri: String::new(),
            unusable: None,
            takes_intermediates: true,
        };
        Ok(Self {
            authorities: vec![authority],
            logs: Vec::new(),
            ct_logs: Vec::new(),
            timestamp_authorities: Vec::new(),
            digest: Sha256::of(pem),
        })
    }

    /// The embedded root of Sigstore's public good instance. It ages: see [`Self::public_good_date`].
    #[must_use]
    pub fn public_good() -> Self {
        Self::parse(PUBLIC_GOOD).expect("a test reads the embedded root")
    }

    /// The day on which the embedded root was taken over, as `YYYY-MM-DD`.
    #[must_use]
    pub const fn public_good_date() -> &'static str {
        PUBLIC_GOOD_DATE
    }

    /// SHA-256 of the embedded root's text.
    #[must_use]
    pub fn public_good_digest() -> Sha256 {
        Sha256::of(PUBLIC_GOOD.as_bytes())
    }

    /// The text of the public good instance's signing configuration, version 0.2, of the same day.
    #[must_use]
    pub const fn public_good_signing_config() -> &'static str {
        PUBLIC_GOOD_SIGNING_CONFIG
    }

    /// SHA-256 of the text that it was read from.
    #[must_use]
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }
}

impl Authority {
    /// Whether it is usable and its window contains `at`.
    #[must_use]
    pub fn is_trusted_at(&self, at: Timestamp) -> bool {
        self.unusable.is_none() && self.window.contains(at)
    }

    /// Where paths may end: the self-signed certificates, or the last one where there is none.
    ///
    /// Self-signed is who names itself as issuer; a signature by itself upon itself would prove nothing more.
    pub(crate) fn anchors(&self) -> Vec<&[u8]> {
        let certificates = self.certificates.iter().map(Vec::as_slice);
        let mut anchors: Vec<_> = certificates.filter(|der| is_self_signed(der)).collect();
        if anchors.is_empty() {
            anchors.extend(self.certificates.last().map(Vec::as_slice));
        }
        anchors
    }
}

impl Log {
    /// The key, if it is usable and `at` is within the window.
    #[must_use]
    pub fn key_at(&self, at: Timestamp) -> Option<&PublicKey> {
        self.key.usable().filter(|_| self.window.contains(at))
    }
}

impl LogKey {
    /// The key, if it is usable.
    #[must_use]
    pub const fn usable(&self) -> Option<&PublicKey> {
        match self {
            Self::Usable(key) => Some(key),
            Self::Unusable(_) => None,
        }
    }
}

/// The host of a URL, without a port: what the checkpoints of a log at that URL are of.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

impl Window {
    /// Whether `at` is between the ends, or is one of them.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= at) && self.end.is_none_or(|end| at <= end)
    }
}

fn is_self_signed(der: &[u8]) -> bool {
    certificate::parse_x509(der).is_ok_and(|x509| x509.tbs_certificate.subject == x509.tbs_certificate.issuer)
}
