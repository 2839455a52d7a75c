//! New trusted roots, from the certificates and keys of one's own services.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::oid::ObjectIdentifier;
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;
use serde::Serialize;

use super::Window;
use crate::certificate::{CertificateError, chain_from_pem, parse_x509};
use crate::key::{KeyType, PublicKey};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// The algorithm byte of an Ed25519 key in a signed note (C2SP `signed-note`, "Signature types").
const NOTE_ED25519: u8 = 1;

/// The parts of a trusted root, in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub struct NewTrustedRoot {
    /// Certificate authorities; the certificate that signers' are issued by comes first, the root last.
    pub authorities: Vec<NewAuthority>,
    /// Transparency logs.
    pub logs: Vec<NewLog>,
    /// Certificate transparency logs.
    pub ct_logs: Vec<NewLog>,
    /// Timestamp authorities; the certificate that signs times comes first, the root last.
    pub timestamp_authorities: Vec<NewAuthority>,
}

/// An authority.
#[derive(Clone, Debug)]
pub struct NewAuthority {
    /// A PEM file of certificates.
    pub chain_pem: Vec<u8>,
    /// Where the service is; may be empty.
    pub url: String,
    /// When it is trusted; must have a start.
    pub window: Window,
}

/// A log.
#[derive(Clone, Debug)]
pub struct NewLog {
    /// Its key.
    pub key: PublicKey,
    /// Where the service is; of a log of checkpoints, the host is their origin.
    pub url: String,
    /// The origin of its checkpoints: there for a log of Rekor's second version, not for others.
    pub origin: Option<String>,
    /// When it is trusted; must have a start.
    pub window: Window,
}

/// Why parts do not make a trusted root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NewRootError {
    /// Certificates that cannot be read.
    #[error("the chain of {url:?}")]
    Chain {
        /// Whose.
        url: String,
        /// Why.
        source: CertificateError,
    },
    /// A window without a start, or one that ends before.
    #[error("the time of {0:?} has no start, or ends before it")]
    Window(String),
    /// Two logs of one kind with one key: a signature would be either's.
    #[error("the key of {0:?} is another log's of the list too")]
    SameKey(String),
    /// A length that the format has no name for.
    #[error("the key of {0:?} is of a length that has no name, 2048, 3072 or 4096 bits were wanted")]
    KeyLength(String),
    /// A service that cannot be told from others.
    #[error("a log has no URL")]
    NoUrl,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRoot {
    media_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tlogs: Vec<WireLog>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificate_authorities: Vec<WireAuthority>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ctlogs: Vec<WireLog>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    timestamp_authorities: Vec<WireAuthority>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireAuthority {
    subject: WireSubject,
    #[serde(skip_serializing_if = "String::is_empty")]
    uri: String,
    cert_chain: WireChain,
    valid_for: WireWindow,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct WireSubject {
    #[serde(skip_serializing_if = "String::is_empty")]
    organization: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    common_name: String,
}

#[derive(Serialize)]
struct WireChain {
    certificates: Vec<WireBytes>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireBytes {
    raw_bytes: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireLog {
    base_url: String,
    hash_algorithm: &'static str,
    public_key: WireKey,
    log_id: WireId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireKey {
    raw_bytes: String,
    key_details: &'static str,
    valid_for: WireWindow,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireId {
    key_id: String,
}

#[derive(Serialize)]
struct WireWindow {
    start: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
}

impl NewTrustedRoot {
    /// Writes the root on one line, member for member as `cosign trusted-root create` does.
    pub fn to_json(&self) -> Result<String, NewRootError> {
        let root = WireRoot {
            media_type: MEDIA_TYPE,
            tlogs: logs(&self.logs)?,
            certificate_authorities: authorities(&self.authorities)?,
            ctlogs: logs(&self.ct_logs)?,
            timestamp_authorities: authorities(&self.timestamp_authorities)?,
        };
        Ok(serde_json::to_string(&root).expect("strings and lists of them are JSON"))
    }
}

fn authorities(list: &[NewAuthority]) -> Result<Vec<WireAuthority>, NewRootError> {
    list.iter().map(authority).collect()
}

fn authority(new: &NewAuthority) -> Result<WireAuthority, NewRootError> {
    let wrong = |source| NewRootError::Chain { url: new.url.clone(), source };
    let chain = chain_from_pem(&new.chain_pem).map_err(wrong)?;
    let mut subject = WireSubject::default();
    for der in &chain {
        // The last one's name stays: the root's.
        subject = subject_of(&parse_x509(der).map_err(wrong)?);
    }
    let certificates = chain.iter().map(|der| WireBytes { raw_bytes: STANDARD.encode(der) }).collect();
    Ok(WireAuthority {
        subject,
        uri: new.url.clone(),
        cert_chain: WireChain { certificates },
        valid_for: window(&new.window, &new.url)?,
    })
}

fn subject_of(x509: &x509_cert::Certificate) -> WireSubject {
    let name = &x509.tbs_certificate.subject;
    WireSubject {
        organization: crate::certificate::attribute(name, ORGANIZATION).unwrap_or_default(),
        common_name: crate::certificate::attribute(name, COMMON_NAME).unwrap_or_default(),
    }
}

fn logs(list: &[NewLog]) -> Result<Vec<WireLog>, NewRootError> {
    let mut seen = Vec::new();
    for new in list {
        let id = log_id(new);
        if seen.contains(&id) {
            return Err(NewRootError::SameKey(new.url.clone()));
        }
        seen.push(id);
    }
    list.iter().map(log).collect()
}

fn log(new: &NewLog) -> Result<WireLog, NewRootError> {
    if new.url.is_empty() {
        return Err(NewRootError::NoUrl);
    }
    Ok(WireLog {
        base_url: new.url.clone(),
        hash_algorithm: "SHA2_256",
        public_key: WireKey {
            raw_bytes: STANDARD.encode(new.key.spki()),
            key_details: new.key.details().ok_or_else(|| NewRootError::KeyLength(new.url.clone()))?,
            valid_for: window(&new.window, &new.url)?,
        },
        log_id: WireId { key_id: STANDARD.encode(log_id(new).as_bytes()) },
    })
}

/// SHA-256 of the DER key; of an Ed25519 key with an origin, the whole hash whose first four bytes a signed note names the
/// key by (C2SP `signed-note`): origin, line feed, algorithm byte, key.
///
/// Keys of other types with an origin are cosign's as without.
fn log_id(new: &NewLog) -> Sha256 {
    let spki = new.key.spki();
    match (&new.origin, new.key.key_type()) {
        (Some(origin), KeyType::Ed25519) => {
            // An Ed25519 SubjectPublicKeyInfo ends in the 32 bytes of the key (RFC 8410, 4).
            let key = &spki[spki.len().saturating_sub(32)..];
            Sha256::of(&[origin.as_bytes(), b"\n", &[NOTE_ED25519], key].concat())
        }
        _ => new.key.spki_digest(),
    }
}

fn window(window: &Window, url: &str) -> Result<WireWindow, NewRootError> {
    let wrong = || NewRootError::Window(url.to_owned());
    let start = window.start.ok_or_else(wrong)?;
    if window.end.is_some_and(|end| end < start) {
        return Err(wrong());
    }
    Ok(WireWindow { start: start.to_string(), end: window.end.map(|end: Timestamp| end.to_string()) })
}
