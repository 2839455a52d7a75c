//! Writing a version 0.3 bundle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::value::RawValue;

use super::MEDIA_TYPE;
use super::wire::{Chain, MessageDigest, MessageSignature, Raw, SignedTimestamp, Timestamps};
use crate::envelope::IN_TOTO;
use crate::key::Hash;

/// Who the bundle says has signed.
#[derive(Clone, Copy, Debug)]
pub enum Signatory<'a> {
    /// A certificate that a verifier of Sigstore's knows how to reach an anchor from, DER.
    Certificate(&'a [u8]),
    /// A certificate of another authority, DER, and what it takes to reach an anchor: OpenSSF Model Signing's certificate
    /// method.
    Chain(&'a [Vec<u8>]),
    /// A hint at a key.
    Key(&'a str),
}

/// What was signed.
#[derive(Clone, Copy, Debug)]
pub enum Contents<'a> {
    /// A file of this hash.
    Blob(Hash, &'a [u8]),
    /// An in-toto payload.
    Statement(&'a [u8]),
}

/// What others said of the signature.
#[derive(Debug, Default)]
pub struct Proofs {
    /// Log entries (`TransparencyLogEntry`), JSON.
    pub entries: Vec<Box<RawValue>>,
    /// RFC 3161 responses, DER.
    pub timestamps: Vec<Vec<u8>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    media_type: &'a str,
    verification_material: Material<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dsse_envelope: Option<Envelope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_signature: Option<MessageSignature>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Material<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<Key<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x509_certificate_chain: Option<Chain>,
    tlog_entries: &'a [Box<RawValue>],
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Serialize)]
struct Key<'a> {
    hint: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: &'static str,
    signatures: [Signature; 1],
}

#[derive(Serialize)]
struct Signature {
    sig: String,
    keyid: &'static str,
}

impl Envelope {
    fn new(payload: &[u8], signature: &[u8]) -> Self {
        Self {
            payload: STANDARD.encode(payload),
            payload_type: IN_TOTO,
            signatures: [Signature { sig: STANDARD.encode(signature), keyid: "" }],
        }
    }
}

/// Writes the DSSE envelope alone, as logs want it.
pub fn write_envelope(payload: &[u8], signature: &[u8]) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Envelope::new(payload, signature))
}

/// Writes a v0.3 bundle on one line, without a line break.
pub fn write(
    signatory: Signatory<'_>,
    contents: Contents<'_>,
    signature: &[u8],
    proofs: &Proofs,
) -> Result<String, serde_json::Error> {
    let raw = |der: &[u8]| Raw { raw_bytes: STANDARD.encode(der) };
    let (mut public_key, mut certificate, mut chain) = (None, None, None);
    match signatory {
        Signatory::Certificate(der) => certificate = Some(raw(der)),
        Signatory::Chain(ders) => {
            chain = Some(Chain { certificates: ders.iter().map(|der| raw(der)).collect() });
        }
        Signatory::Key(hint) => public_key = Some(Key { hint }),
    }
    let stamp = |token: &Vec<u8>| SignedTimestamp { signed_timestamp: STANDARD.encode(token) };
    let timestamps =
        || Timestamps { rfc3161_timestamps: Some(proofs.timestamps.iter().map(stamp).collect()) };
    let (mut dsse_envelope, mut message_signature) = (None, None);
    match contents {
        Contents::Blob(hash, digest) => {
            let digest = MessageDigest { algorithm: name(hash).to_owned(), digest: STANDARD.encode(digest) };
            message_signature = Some(MessageSignature {
                message_digest: Some(digest),
                signature: STANDARD.encode(signature),
            });
        }
        Contents::Statement(payload) => dsse_envelope = Some(Envelope::new(payload, signature)),
    }
    serde_json::to_string(&Written {
        media_type: MEDIA_TYPE,
        verification_material: Material {
            public_key,
            certificate,
            x509_certificate_chain: chain,
            tlog_entries: &proofs.entries,
            timestamp_verification_data: (!proofs.timestamps.is_empty()).then(timestamps),
        },
        dsse_envelope,
        message_signature,
    })
}

/// `HashAlgorithm` of sigstore/protobuf-specs, `sigstore_common.proto`.
const fn name(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha256 => "SHA2_256",
        Hash::Sha384 => "SHA2_384",
        Hash::Sha512 => "SHA2_512",
    }
}
