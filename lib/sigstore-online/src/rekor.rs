//! Entries in transparency logs: Rekor's two interfaces.
//!
//! Version 1: sigstore/rekor, `openapi.yaml`, and the types `hashedrekord` 0.0.1 and `dsse` 0.0.1. Version 2:
//! sigstore/rekor-tiles, `rekor_service.proto`, `hashedrekord` 0.0.2. Both answers become what a bundle holds
//! (sigstore/protobuf-specs, `sigstore_rekor.proto`, `TransparencyLogEntry`).

mod entry;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use mlbom::json;
use mlbom_sigstore::envelope::pre_authentication_encoding;
use mlbom_sigstore::key::{Hash, KeyType, PublicKey};
use pem_rfc7468::LineEnding;
use serde::Deserialize;
use serde_json::json;

use self::entry::Expected;
use crate::http::{Client, HttpError, Request};
use crate::url::Url;

/// The longest answer, in bytes: a version 1 log keeps no payload, but all of an entry's signatures and certificates.
pub const MAX_ANSWER_BYTES: u64 = 1 << 20;

/// What is to be logged.
#[derive(Clone, Copy, Debug)]
pub enum NewEntry<'a> {
    /// A signed statement.
    Dsse {
        /// The DSSE envelope, JSON, with one signature.
        envelope: &'a str,
        /// Who signed.
        verifier: Verifier<'a>,
    },
    /// A signature over bytes that are known by their digest.
    Blob {
        /// The hash.
        hash: Hash,
        /// As many bytes as it has.
        digest: &'a [u8],
        /// Of those bytes: DER for ECDSA.
        signature: &'a [u8],
        /// Who signed.
        verifier: Verifier<'a>,
    },
}

/// What a logged signature is checked with.
#[derive(Clone, Copy, Debug)]
pub struct Verifier<'a> {
    /// The signer's key.
    pub key: &'a PublicKey,
    /// The certificate of that key in DER, where there is one: then it is logged, not the bare key.
    pub certificate: Option<&'a [u8]>,
}

/// Why there is no entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RekorError {
    /// Not JSON, or not of this shape.
    #[error("{url}: the answer is not a log entry: {part} is missing or malformed")]
    Answer {
        /// Who was asked.
        url: Url,
        /// The part that is not as it should be.
        part: &'static str,
    },
    /// The log says that it has the entry, and not where.
    #[error("{0}: the log has the entry already, and does not say where on this server")]
    Conflict(Url),
    /// A digest of another length than its hash has.
    #[error("the digest has {found} bytes, {wanted} were wanted")]
    Digest {
        /// How many there are.
        found: usize,
        /// How many the hash has.
        wanted: usize,
    },
    /// Such logs keep digests, and this signature is over the message.
    #[error("an Ed25519 signature is over the message itself, and this kind of entry holds a digest")]
    Ed25519,
    /// Not one signature over one payload.
    #[error("the envelope is not a DSSE envelope with one signature")]
    Envelope,
    /// No answer, or a refusal.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The entry is about something else.
    #[error("{0}: the entry in the answer is not the one that was sent")]
    Other(Url),
    /// The log has no name for it.
    #[error("an RSA key of {0} bits cannot be logged, 2048, 3072 or 4096 were wanted")]
    RsaSize(usize),
}

/// Has `rekor`, a version 1 log, take up `entry`. Gives the TransparencyLogEntry for a bundle, JSON.
///
/// That the log signed what it says is not checked here; that it says what was sent is. If the log has the very entry
/// already, that one is fetched.
pub fn log_v1(client: &Client, rekor: &Url, entry: &NewEntry<'_>) -> Result<String, RekorError> {
    let (body, expected) = v1(entry)?;
    let url = rekor.join("api/v1/log/entries");
    let request = Request { taken: &[409], limit: MAX_ANSWER_BYTES, ..Request::post_json(&url, &body) };
    let mut answer = client.send(&request)?;
    if answer.status == 409 {
        let there = answer.location.and_then(|location| url.same_server(&location));
        let there = there.ok_or_else(|| RekorError::Conflict(url.clone()))?;
        answer = client.send(&Request { limit: MAX_ANSWER_BYTES, ..Request::get(&there) })?;
    }
    entry::from_v1(&url, &answer.body, &expected)
}

/// The same of a version 2 log. It answers when its next checkpoint is made, which may take seconds.
///
/// Neither form takes Ed25519, since it logs digests, and an Ed25519 signature is over the message.
pub fn log_v2(client: &Client, rekor: &Url, entry: &NewEntry<'_>) -> Result<String, RekorError> {
    let (body, expected) = v2(entry)?;
    let url = rekor.join("api/v2/log/entries");
    let answer = client.send(&Request { limit: MAX_ANSWER_BYTES, ..Request::post_json(&url, &body) })?;
    entry::from_v2(&url, &answer.body, &expected)
}

/// The request and what is to be in the answer.
fn v1(entry: &NewEntry<'_>) -> Result<(String, Expected), RekorError> {
    match entry {
        NewEntry::Dsse { envelope, verifier } => {
            let signed = Signed::read(envelope)?;
            let verifiers = [STANDARD.encode(verifier.pem())];
            let content = json!({ "envelope": envelope, "verifiers": verifiers });
            let body =
                json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": { "proposedContent": content } });
            let payload = Sha256::of(&signed.payload).to_string();
            Ok((body.to_string(), Expected::Dsse { payload, signature: STANDARD.encode(&signed.signature) }))
        }
        NewEntry::Blob { hash, digest, signature, verifier } => {
            check_blob(*hash, digest, verifier)?;
            let algorithm = match hash {
                Hash::Sha256 => "sha256",
                Hash::Sha384 => "sha384",
                Hash::Sha512 => "sha512",
            };
            let (value, signature) = (hex(digest), STANDARD.encode(signature));
            let body = json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
                "data": { "hash": { "algorithm": algorithm, "value": value } },
                "signature": { "content": signature, "publicKey": { "content": STANDARD.encode(verifier.pem()) } },
            } });
            Ok((body.to_string(), Expected::Blob { digest: value, signature }))
        }
    }
}

/// The request and what is to be in the answer. A statement is logged by the digest of what is signed of it.
fn v2(entry: &NewEntry<'_>) -> Result<(String, Expected), RekorError> {
    let (digest, signature, verifier) = match entry {
        NewEntry::Dsse { envelope, verifier } => {
            let signed = Signed::read(envelope)?;
            let hash = verifier.key.key_type().hash().ok_or(RekorError::Ed25519)?;
            let signed_bytes = pre_authentication_encoding(&signed.payload_type, &signed.payload);
            (hash.of(&signed_bytes), signed.signature, verifier)
        }
        NewEntry::Blob { hash, digest, signature, verifier } => {
            check_blob(*hash, digest, verifier)?;
            // The key's name says the hash too.
            let wanted = verifier.key.key_type().hash().map_or(0, digest_bytes);
            if digest.len() != wanted {
                return Err(RekorError::Digest { found: digest.len(), wanted });
            }
            (digest.to_vec(), signature.to_vec(), verifier)
        }
    };
    let (digest, signature) = (STANDARD.encode(digest), STANDARD.encode(signature));
    let (name, bytes) = match verifier.certificate {
        Some(certificate) => ("x509Certificate", certificate),
        None => ("publicKey", verifier.key.spki()),
    };
    let details = key_details(verifier.key)?;
    let body = json!({ "hashedRekordRequestV002": {
        "digest": digest,
        "signature": {
            "content": signature,
            "verifier": { name: { "rawBytes": STANDARD.encode(bytes) }, "keyDetails": details },
        },
    } });
    Ok((body.to_string(), Expected::V2 { digest, signature }))
}

fn check_blob(hash: Hash, digest: &[u8], verifier: &Verifier<'_>) -> Result<(), RekorError> {
    if verifier.key.key_type() == KeyType::Ed25519 {
        return Err(RekorError::Ed25519);
    }
    let wanted = digest_bytes(hash);
    if digest.len() == wanted { Ok(()) } else { Err(RekorError::Digest { found: digest.len(), wanted }) }
}

const fn digest_bytes(hash: Hash) -> usize {
    match hash {
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

/// The name of a key with its hash (sigstore/protobuf-specs, `sigstore_common.proto`, `PublicKeyDetails`).
pub fn key_details(key: &PublicKey) -> Result<&'static str, RekorError> {
    key.details().ok_or_else(|| RekorError::RsaSize(key.rsa_bits().unwrap_or(0)))
}

impl Verifier<'_> {
    fn pem(&self) -> String {
        let Some(certificate) = self.certificate else { return self.key.to_pem() };
        pem_rfc7468::encode_string("CERTIFICATE", LineEnding::LF, certificate)
            .expect("the label is valid and the text fits a String")
    }
}

/// What an envelope holds.
struct Signed {
    payload_type: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn read(envelope: &str) -> Result<Self, RekorError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            payload_type: String,
            payload: String,
            signatures: Vec<WireSignature>,
        }
        #[derive(Deserialize)]
        struct WireSignature {
            sig: String,
        }
        let wire: Wire = json::parse(envelope).map_err(|_| RekorError::Envelope)?;
        let [signature] = &wire.signatures[..] else { return Err(RekorError::Envelope) };
        let decoded = |text: &str| STANDARD.decode(text).map_err(|_| RekorError::Envelope);
        let (payload, signature) = (decoded(&wire.payload)?, decoded(&signature.sig)?);
        Ok(Self { payload_type: wire.payload_type, payload, signature })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa;
    use aws_lc_rs::signature::KeyPair as _;

    #[test]
    fn names_of_rsa_keys() {
        for (size, name) in [
            (rsa::KeySize::Rsa2048, "PKIX_RSA_PKCS1V15_2048_SHA256"),
            (rsa::KeySize::Rsa3072, "PKIX_RSA_PKCS1V15_3072_SHA256"),
        ] {
            let pair = rsa::KeyPair::generate(size).expect("a key");
            let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its DER");
            let key = PublicKey::from_spki(der.as_ref()).expect("a public key");
            assert_eq!(key_details(&key).expect("a name"), name);
        }
    }

    #[test]
    fn envelopes() {
        for text in [
            "",
            "{}",
            r#"{"payloadType":"t","payload":"e30=","signatures":[]}"#,
            r#"{"payloadType":"t","payload":"e30=","signatures":[{"sig":"AA=="},{"sig":"AA=="}]}"#,
            r#"{"payloadType":"t","payload":"e30","signatures":[{"sig":"AA=="}]}"#,
            r#"{"payloadType":"t","payload":"e30=","payload":"e30=","signatures":[{"sig":"AA=="}]}"#,
        ] {
            assert!(Signed::read(text).is_err(), "{text}");
        }
        assert!(
            Signed::read(r#"{"payloadType":"t","payload":"e30=","signatures":[{"sig":"AA=="}]}"#).is_ok()
        );
    }
}
