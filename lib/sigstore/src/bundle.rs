//! Sigstore bundles (sigstore/protobuf-specs, `sigstore_bundle.proto`) that hold a DSSE envelope.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::json;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::envelope::{IN_TOTO, pre_authentication_encoding};
use crate::key::PublicKey;

/// What is written; what is read may be older.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const MEDIA_TYPES: [&str; 4] = [
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
];

/// A signed in-toto payload, not yet verified.
#[derive(Debug)]
pub struct Bundle {
    material: Material,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What a bundle offers to verify it with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Material {
    /// An X.509 certificate, with or without its chain.
    Certificate,
    /// A hint at a key that the verifier already has.
    PublicKey,
}

/// Why a text is not a bundle that can be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// `payload` or `sig` is not base64.
    #[error("{0} is not base64")]
    Base64(&'static str),
    /// A signature over bare bytes.
    #[error("holds a messageSignature, a dsseEnvelope was wanted")]
    Blob,
    /// Not JSON, or not of this shape.
    #[error("not a Sigstore bundle")]
    Json(#[source] json::Error),
    /// Another format or a version from the future.
    #[error("mediaType is {0:?}, {MEDIA_TYPE} was wanted")]
    MediaType(String),
    /// None or two of them.
    #[error("verificationMaterial does not hold one of publicKey, certificate and x509CertificateChain")]
    Material,
    /// No envelope.
    #[error("holds no dsseEnvelope")]
    NoEnvelope,
    /// A verifier that looked at the first one only could be shown another.
    #[error("holds {0} signatures, one was wanted")]
    Signatures(usize),
    /// The payload is not an in-toto statement.
    #[error("payloadType is {0:?}, {IN_TOTO} was wanted")]
    PayloadType(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    media_type: String,
    verification_material: WireMaterial,
    dsse_envelope: Option<WireEnvelope>,
    message_signature: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireMaterial {
    public_key: Option<WireKey>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    #[serde(rename = "tlogEntries")]
    _tlog_entries: Option<Vec<IgnoredAny>>,
    #[serde(rename = "timestampVerificationData")]
    _timestamps: Option<IgnoredAny>,
}

/// `hint`, or in OpenSSF Model Signing 0.3 and 1.0 the key itself. Neither decides: the caller's key does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireKey {
    #[serde(rename = "hint")]
    _hint: Option<String>,
    #[serde(rename = "rawBytes")]
    _raw_bytes: Option<String>,
    #[serde(rename = "keyDetails")]
    _key_details: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireEnvelope {
    payload: String,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    sig: String,
    #[serde(rename = "keyid")]
    _keyid: Option<String>,
}

impl Bundle {
    /// Reads one bundle. Nothing in it is believed yet.
    pub fn parse(text: &str) -> Result<Self, BundleError> {
        let wire: Wire = json::parse(text).map_err(BundleError::Json)?;
        if !MEDIA_TYPES.contains(&wire.media_type.as_str()) {
            return Err(BundleError::MediaType(wire.media_type));
        }
        let given = &wire.verification_material;
        let certificates =
            usize::from(given.certificate.is_some()) + usize::from(given.x509_certificate_chain.is_some());
        let material = match (given.public_key.is_some(), certificates) {
            (true, 0) => Material::PublicKey,
            (false, 1) => Material::Certificate,
            _ => return Err(BundleError::Material),
        };
        let envelope = match (wire.dsse_envelope, wire.message_signature) {
            (Some(envelope), None) => envelope,
            (_, Some(_)) => return Err(BundleError::Blob),
            (None, None) => return Err(BundleError::NoEnvelope),
        };
        let [signature] = envelope.signatures.as_slice() else {
            return Err(BundleError::Signatures(envelope.signatures.len()));
        };
        if envelope.payload_type != IN_TOTO {
            return Err(BundleError::PayloadType(envelope.payload_type));
        }
        let decode = |name, text: &str| STANDARD.decode(text).map_err(|_| BundleError::Base64(name));
        let (payload, signature) = (decode("payload", &envelope.payload)?, decode("sig", &signature.sig)?);
        Ok(Self { material, payload, signature })
    }

    /// What the bundle offers to verify it with.
    #[must_use]
    pub const fn material(&self) -> Material {
        self.material
    }

    /// The payload, if `key` signed exactly these bytes. There is no other way to it.
    #[must_use]
    pub fn verify(&self, key: &PublicKey) -> Option<&[u8]> {
        let signed = pre_authentication_encoding(IN_TOTO, &self.payload);
        key.verifies(&signed, &self.signature).then_some(&self.payload)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    media_type: &'a str,
    verification_material: WrittenMaterial<'a>,
    dsse_envelope: WrittenEnvelope,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenMaterial<'a> {
    public_key: WrittenKey<'a>,
    tlog_entries: [(); 0],
}

#[derive(Serialize)]
struct WrittenKey<'a> {
    hint: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenEnvelope {
    payload: String,
    payload_type: &'static str,
    signatures: [WrittenSignature; 1],
}

#[derive(Serialize)]
struct WrittenSignature {
    sig: String,
    keyid: &'static str,
}

/// Writes a v0.3 bundle on one line, without a line break: `payload` signed with the key that `hint` names.
pub fn write(hint: &str, payload: &[u8], signature: &[u8]) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Written {
        media_type: MEDIA_TYPE,
        verification_material: WrittenMaterial { public_key: WrittenKey { hint }, tlog_entries: [] },
        dsse_envelope: WrittenEnvelope {
            payload: STANDARD.encode(payload),
            payload_type: IN_TOTO,
            signatures: [WrittenSignature { sig: STANDARD.encode(signature), keyid: "" }],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_each() {
        let good = write("hint", b"{}", b"sig").expect("JSON");
        assert!(Bundle::parse(&good).is_ok());
        for (from, to, why) in [
            ("v0.3", "v0.9", "a version from the future"),
            ("\"publicKey\":{\"hint\":\"hint\"},", "", "no material"),
            ("\"hint\":\"hint\"}", "\"hint\":\"hint\"},\"certificate\":{}", "two materials"),
            ("\"keyid\":\"\"}]", "\"keyid\":\"\"},{\"sig\":\"\"}]", "two signatures"),
            ("{\"sig\":\"c2ln\",\"keyid\":\"\"}", "", "no signature"),
            ("c2ln", "c2l", "broken base64"),
            ("c2ln", "c2ln\\n", "a line break in base64"),
            ("in-toto+json", "in-toto+JSON", "another payload type"),
            ("\"dsseEnvelope\"", "\"messageSignature\"", "a blob signature"),
            ("\"mediaType\"", "\"x\":1,\"mediaType\"", "an unknown member"),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good, "{why}");
            assert!(Bundle::parse(&changed).is_err(), "{why}");
        }
    }
}
