//! Sigstore bundles as JSON has them (sigstore/protobuf-specs 0.5, `sigstore_bundle.proto`, in protobuf's JSON form).

use serde::{Deserialize, Serialize};

use crate::log::Entry;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Bundle {
    pub(super) media_type: String,
    pub(super) verification_material: Material,
    pub(super) dsse_envelope: Option<Envelope>,
    pub(super) message_signature: Option<MessageSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Material {
    pub(super) public_key: Option<Key>,
    pub(super) certificate: Option<Raw>,
    pub(super) x509_certificate_chain: Option<Chain>,
    pub(super) tlog_entries: Option<Vec<Entry>>,
    pub(super) timestamp_verification_data: Option<Timestamps>,
}

/// `hint`, or in OpenSSF Model Signing 0.3 and 1.0 the key itself. Neither decides: the caller's key does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Key {
    #[serde(rename = "hint")]
    _hint: Option<String>,
    #[serde(rename = "rawBytes")]
    _raw_bytes: Option<String>,
    #[serde(rename = "keyDetails")]
    _key_details: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Raw {
    pub(super) raw_bytes: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chain {
    pub(super) certificates: Vec<Raw>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Timestamps {
    #[serde(default)]
    pub(super) rfc3161_timestamps: Option<Vec<SignedTimestamp>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct SignedTimestamp {
    pub(super) signed_timestamp: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Envelope {
    pub(super) payload: String,
    pub(super) payload_type: String,
    pub(super) signatures: Vec<Signature>,
}

/// An envelope by itself (DSSE 1.0.0, envelope.md). Readers pass over what they do not know.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BareEnvelope {
    pub(super) payload: String,
    pub(super) payload_type: String,
    pub(super) signatures: Vec<BareSignature>,
}

#[derive(Deserialize)]
pub(super) struct BareSignature {
    pub(super) sig: String,
    /// PEM, of SLSA's generators.
    pub(super) cert: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    pub(super) sig: String,
    #[serde(rename = "keyid")]
    _keyid: Option<String>,
}

impl Signature {
    pub(super) fn new(sig: String) -> Self {
        Self { sig, _keyid: None }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct MessageSignature {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message_digest: Option<MessageDigest>,
    pub(super) signature: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageDigest {
    pub(super) algorithm: String,
    pub(super) digest: String,
}
