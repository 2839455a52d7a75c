//! Sigstore bundles (sigstore/protobuf-specs, `sigstore_bundle.proto`): versions 0.1 to 0.3, and cosign's own form from
//! before there were any. Reading one proves nothing: [`crate::trust`] does.

mod wire;
mod write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::json;

use crate::envelope::{IN_TOTO, oms_v0_2_pae, pre_authentication_encoding};
use crate::key::{Hash, PublicKey};
use crate::legacy::{Legacy, LegacyError, LegacySignature, LegacyVerifier};
use crate::log::Entry;

pub use write::{Contents, Proofs, Signatory, write, write_envelope};

/// What is written; what is read may be older.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const MEDIA_TYPES: [(&str, Version); 4] = [
    (MEDIA_TYPE, Version::V0_2),
    ("application/vnd.dev.sigstore.bundle+json;version=0.3", Version::V0_2),
    ("application/vnd.dev.sigstore.bundle+json;version=0.2", Version::V0_2),
    ("application/vnd.dev.sigstore.bundle+json;version=0.1", Version::V0_1),
];

/// The most log entries, timestamps and certificates of one bundle.
const MAX_PROOFS: usize = 16;

/// Something signed, not yet verified.
#[derive(Debug)]
pub struct Bundle {
    pub(crate) material: Material,
    pub(crate) content: Content,
    pub(crate) entries: Vec<Entry>,
    /// RFC 3161 tokens over the signature.
    pub(crate) timestamps: Vec<Vec<u8>>,
    /// A log entry may do without an inclusion proof.
    pub(crate) promise_suffices: bool,
}

/// What a log entry has to prove.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Version {
    /// A promise of inclusion does.
    V0_1,
    /// From 0.2 on it is the inclusion itself.
    V0_2,
}

/// What a bundle offers to verify it with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Material {
    /// An X.509 certificate, DER.
    Certificate {
        /// Of the signer.
        leaf: Vec<u8>,
        /// What came with it, in its order; none of these is an anchor.
        chain: Vec<Vec<u8>>,
    },
    /// At most a hint at a key that the verifier already has.
    PublicKey,
}

/// What was signed.
#[derive(Debug)]
pub enum Content {
    /// The bytes of a file, which is elsewhere.
    Blob {
        /// What the bundle says its hash is; the caller's file decides.
        digest: Option<(Hash, Vec<u8>)>,
        /// ECDSA in DER.
        signature: Vec<u8>,
    },
    /// An in-toto payload in a DSSE envelope.
    Envelope {
        /// Before base64.
        payload: Vec<u8>,
        /// ECDSA in DER.
        signature: Vec<u8>,
    },
}

/// Why a text is not a bundle that can be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Something that has to be is not base64.
    #[error("{0} is not base64")]
    Base64(&'static str),
    /// A hash that nobody should use, or of another length.
    #[error("messageDigest is {0}, SHA2_256, SHA2_384 or SHA2_512 with a digest of that length was wanted")]
    Digest(String),
    /// Not JSON, or not of this shape.
    #[error("not a Sigstore bundle")]
    Json(#[source] json::Error),
    /// Not what cosign wrote before there were bundles.
    #[error("not a legacy bundle of cosign")]
    Legacy(#[source] LegacyError),
    /// More proofs than anybody needs.
    #[error("more than {MAX_PROOFS} {0}")]
    Many(&'static str),
    /// Another format or a version from the future.
    #[error("mediaType is {0:?}, {MEDIA_TYPE} was wanted")]
    MediaType(String),
    /// None or two of them.
    #[error("verificationMaterial does not hold one of publicKey, certificate and x509CertificateChain")]
    Material,
    /// No content, or two.
    #[error("does not hold one of dsseEnvelope and messageSignature")]
    Content,
    /// A verifier that looked at the first one only could be shown another.
    #[error("holds {0} signatures, one was wanted")]
    Signatures(usize),
    /// The payload is not an in-toto statement.
    #[error("payloadType is {0:?}, {IN_TOTO} was wanted")]
    PayloadType(String),
}

impl Bundle {
    /// Reads one bundle. Nothing in it is believed yet.
    pub fn parse(text: &str) -> Result<Self, BundleError> {
        json::check(text).map_err(BundleError::Json)?;
        let wire: wire::Bundle = match json::parse_checked(text) {
            Ok(wire) => wire,
            Err(_) if is_legacy(text) => {
                return Legacy::parse(text).map_err(BundleError::Legacy)?.try_into();
            }
            Err(err) => return Err(BundleError::Json(err)),
        };
        let known = MEDIA_TYPES.iter().find(|(name, _)| *name == wire.media_type);
        let Some((_, version)) = known else { return Err(BundleError::MediaType(wire.media_type)) };
        let content = match (wire.dsse_envelope, wire.message_signature) {
            (Some(envelope), None) => Content::of_envelope(envelope)?,
            (None, Some(signature)) => Content::of_message(&signature)?,
            _ => return Err(BundleError::Content),
        };
        let given = wire.verification_material;
        let material = match (given.public_key, given.certificate, given.x509_certificate_chain) {
            (Some(_), None, None) => Material::PublicKey,
            (None, Some(leaf), None) => Material::of_chain(&[leaf])?,
            (None, None, Some(chain)) => Material::of_chain(&chain.certificates)?,
            _ => return Err(BundleError::Material),
        };
        let entries = given.tlog_entries.unwrap_or_default();
        let stamps = given.timestamp_verification_data.and_then(|data| data.rfc3161_timestamps);
        let stamps = stamps.unwrap_or_default();
        Ok(Self {
            material,
            content,
            entries: limited("log entries", entries)?,
            timestamps: limited("timestamps", stamps)?
                .iter()
                .map(|stamp| decode("signedTimestamp", &stamp.signed_timestamp))
                .collect::<Result<_, _>>()?,
            promise_suffices: *version == Version::V0_1,
        })
    }

    /// What the bundle offers to verify it with.
    #[must_use]
    pub const fn material(&self) -> &Material {
        &self.material
    }

    /// Whether it signs the bytes of a file, which have to be at hand to verify it.
    #[must_use]
    pub const fn is_blob(&self) -> bool {
        matches!(self.content, Content::Blob { .. })
    }

    /// The payload, if `key` signed exactly these bytes. This is no more than the signature: neither the log nor a
    /// clock is asked.
    #[must_use]
    pub fn verify(&self, key: &PublicKey) -> Option<&[u8]> {
        self.content.payload_signed_by(key)
    }
}

impl Content {
    fn of_envelope(envelope: wire::Envelope) -> Result<Self, BundleError> {
        let [signature] = envelope.signatures.as_slice() else {
            return Err(BundleError::Signatures(envelope.signatures.len()));
        };
        if envelope.payload_type != IN_TOTO {
            return Err(BundleError::PayloadType(envelope.payload_type));
        }
        let signature = decode("sig", &signature.sig)?;
        Ok(Self::Envelope { payload: decode("payload", &envelope.payload)?, signature })
    }

    fn of_message(message: &wire::MessageSignature) -> Result<Self, BundleError> {
        let digest = match &message.message_digest {
            None => None,
            Some(given) => {
                let hash = match given.algorithm.as_str() {
                    "SHA2_256" => Hash::Sha256,
                    "SHA2_384" => Hash::Sha384,
                    "SHA2_512" => Hash::Sha512,
                    other => return Err(BundleError::Digest(other.chars().take(40).collect())),
                };
                let digest = decode("digest", &given.digest)?;
                if digest.len() != hash.bytes() {
                    return Err(BundleError::Digest(format!("{} bytes", digest.len())));
                }
                Some((hash, digest))
            }
        };
        Ok(Self::Blob { digest, signature: decode("signature", &message.signature)? })
    }

    /// The signature, as the log and the timestamp authorities know it.
    pub(crate) fn signature(&self) -> &[u8] {
        match self {
            Self::Blob { signature, .. } | Self::Envelope { signature, .. } => signature,
        }
    }

    /// The payload of an envelope, if `key` signed it.
    pub(crate) fn payload_signed_by(&self, key: &PublicKey) -> Option<&[u8]> {
        let Self::Envelope { payload, signature } = self else { return None };
        let by_dsse = key.verifies(&pre_authentication_encoding(IN_TOTO, payload), signature);
        // Each of the two encodings is for its own statements alone.
        let verified = match (by_dsse, is_oms_v0_2(payload)) {
            (true, is_oms_v0_2) => !is_oms_v0_2,
            (false, false) => false,
            (false, true) => key.verifies_with(Hash::Sha256, &oms_v0_2_pae(IN_TOTO, payload), signature),
        };
        verified.then_some(payload)
    }
}

/// Whether it is a statement of OpenSSF Model Signing 0.2, which signed an encoding of its own making.
fn is_oms_v0_2(payload: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        predicate_type: String,
    }
    // Hardly any payload has it: the others are not read twice.
    let name = crate::oms::PREDICATE_TYPE_V0_2;
    let text = std::str::from_utf8(payload).ok().filter(|text| text.contains(name));
    let typed = text.and_then(|text| json::parse::<Typed>(text).ok());
    typed.is_some_and(|typed| typed.predicate_type == name)
}

impl Material {
    fn of_chain(certificates: &[wire::Raw]) -> Result<Self, BundleError> {
        let mut ders = Vec::new();
        for certificate in limited("certificates", certificates.iter().collect())? {
            ders.push(decode("rawBytes", &certificate.raw_bytes)?);
        }
        if ders.is_empty() {
            return Err(BundleError::Material);
        }
        let leaf = ders.remove(0);
        Ok(Self::Certificate { leaf, chain: ders })
    }
}

impl TryFrom<Legacy> for Bundle {
    type Error = BundleError;

    fn try_from(legacy: Legacy) -> Result<Self, BundleError> {
        let content = match legacy.signature {
            LegacySignature::Blob(signature) => Content::Blob { digest: None, signature },
            LegacySignature::Envelope(text) => {
                Content::of_envelope(json::parse_checked(&text).map_err(BundleError::Json)?)?
            }
        };
        let material = match legacy.verifier {
            Some(LegacyVerifier::Certificate(leaf)) => Material::Certificate { leaf, chain: Vec::new() },
            Some(LegacyVerifier::Key(_)) | None => Material::PublicKey,
        };
        let entries = legacy.entry.into_iter().collect();
        Ok(Self { material, content, entries, timestamps: Vec::new(), promise_suffices: true })
    }
}

/// Whether it has the one member that no other bundle has.
fn is_legacy(text: &str) -> bool {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Probe {
        #[serde(rename = "base64Signature")]
        _base64_signature: serde::de::IgnoredAny,
    }
    serde_json::from_str::<Probe>(text).is_ok()
}

fn limited<T>(what: &'static str, items: Vec<T>) -> Result<Vec<T>, BundleError> {
    if items.len() > MAX_PROOFS { Err(BundleError::Many(what)) } else { Ok(items) }
}

fn decode(name: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    STANDARD.decode(text).map_err(|_| BundleError::Base64(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> String {
        let contents = Contents::Statement(b"{}");
        write(Signatory::Key("hint"), contents, b"sig", &Proofs::default()).expect("JSON")
    }

    #[test]
    fn one_fault_each() {
        let good = good();
        assert!(Bundle::parse(&good).is_ok());
        for (from, to, why) in [
            ("v0.3", "v0.9", "a version from the future"),
            ("\"publicKey\":{\"hint\":\"hint\"},", "", "no material"),
            ("\"hint\":\"hint\"}", "\"hint\":\"hint\"},\"certificate\":{\"rawBytes\":\"\"}", "two materials"),
            (
                "\"publicKey\":{\"hint\":\"hint\"}",
                "\"x509CertificateChain\":{\"certificates\":[]}",
                "an empty chain",
            ),
            ("\"keyid\":\"\"}]", "\"keyid\":\"\"},{\"sig\":\"\"}]", "two signatures"),
            ("{\"sig\":\"c2ln\",\"keyid\":\"\"}", "", "no signature"),
            ("c2ln", "c2l", "broken base64"),
            ("c2ln", "c2ln\\n", "a line break in base64"),
            ("in-toto+json", "in-toto+JSON", "another payload type"),
            ("\"dsseEnvelope\"", "\"messageSignature\"", "an envelope for a signature"),
            ("\"mediaType\"", "\"x\":1,\"mediaType\"", "an unknown member"),
            ("\"mediaType\"", "\"mediaType\":\"\",\"mediaType\"", "a member twice"),
            ("\"tlogEntries\":[]", "\"tlogEntries\":[{}]", "an entry of nothing"),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good, "{why}");
            assert!(Bundle::parse(&changed).is_err(), "{why}");
        }
    }

    #[test]
    fn blobs() {
        let digest = Hash::Sha256.of(b"x");
        let good =
            write(Signatory::Key(""), Contents::Blob(Hash::Sha256, &digest), b"sig", &Proofs::default());
        let good = good.expect("JSON");
        assert!(Bundle::parse(&good).expect("a bundle").is_blob());
        for (from, to, why) in [
            ("SHA2_256", "MD5", "a hash of another time"),
            ("SHA2_256", "SHA2_512", "a digest of another length"),
            (
                "\"messageSignature\"",
                "\"dsseEnvelope\":{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]},\"messageSignature\"",
                "both",
            ),
        ] {
            let changed = good.replacen(from, to, 1);
            assert_ne!(changed, good, "{why}");
            assert!(Bundle::parse(&changed).is_err(), "{why}");
        }
    }

    /// Lists that nobody needs that long.
    #[test]
    fn many_proofs() {
        let stamps = ["{\"signedTimestamp\":\"\"}"; MAX_PROOFS + 1].join(",");
        let from = "\"tlogEntries\":[]";
        let to = format!("{from},\"timestampVerificationData\":{{\"rfc3161Timestamps\":[{stamps}]}}");
        let changed = good().replacen(from, &to, 1);
        assert!(matches!(Bundle::parse(&changed), Err(BundleError::Many(_))));
    }
}
