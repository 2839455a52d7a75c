//! Sigstore bundles (sigstore/protobuf-specs, `sigstore_bundle.proto`): versions 0.1 to 0.3; cosign's own form from before
//! there were any; and bare DSSE envelopes. Reading one proves nothing: [`crate::trust`] does.

mod content;
mod wire;
mod write;

use mlbom::json;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::certificate::{CertificateError, chain_from_pem};
use crate::encoding;
use crate::envelope::IN_TOTO;
use crate::key::PublicKey;
use crate::legacy::{Legacy, LegacyError, LegacySignature, LegacyVerifier};
use crate::log::Entry;

pub use content::Content;
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
    /// A certificate beside the signature of a bare envelope.
    #[error("the certificate in the envelope")]
    Certificate(#[source] CertificateError),
    /// Not a DSSE envelope, and not a bundle either.
    #[error("not a DSSE envelope")]
    Envelope(#[source] json::Error),
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
    /// The same proof again.
    #[error("holds the same {0} twice")]
    Twice(&'static str),
    /// The payload is not an in-toto statement.
    #[error("payloadType is {0:?}, {IN_TOTO} was wanted")]
    PayloadType(String),
}

impl Bundle {
    /// Reads one bundle. Nothing in it is believed yet.
    pub fn parse(text: &str) -> Result<Self, BundleError> {
        json::check(text).map_err(BundleError::Json)?;
        Self::parse_checked(text)
    }

    /// The same of a text that [`json::check`] has passed.
    pub fn parse_checked(text: &str) -> Result<Self, BundleError> {
        let wire: wire::Bundle = match json::parse_checked(text) {
            Ok(wire) => wire,
            Err(err) => match Form::of(text) {
                Some(Form::Legacy) => {
                    return Legacy::parse(text).map_err(BundleError::Legacy)?.try_into();
                }
                Some(Form::Envelope) => return Self::of_bare_envelope(text),
                None => return Err(BundleError::Json(err)),
            },
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
        let entries = limited("log entries", given.tlog_entries.unwrap_or_default())?;
        let stamps = given.timestamp_verification_data.and_then(|data| data.rfc3161_timestamps);
        let stamps = limited("timestamps", stamps.unwrap_or_default())?;
        let stamps = stamps.iter().map(|stamp| decode("signedTimestamp", &stamp.signed_timestamp));
        Ok(Self {
            material,
            content,
            entries: each_once("log entry", entries)?,
            timestamps: each_once("timestamp", stamps.collect::<Result<_, _>>()?)?,
            promise_suffices: *version == Version::V0_1,
        })
    }

    /// An envelope by itself, as `cosign attest-blob --output-signature` and in-toto's own tools write it. Only a key can
    /// prove it, unless its signature brings a certificate and the trusted root lists no logs.
    fn of_bare_envelope(text: &str) -> Result<Self, BundleError> {
        let envelope: wire::BareEnvelope = json::parse_checked(text).map_err(BundleError::Envelope)?;
        let wire::BareEnvelope { payload, payload_type, signatures } = envelope;
        let certificate = signatures.first().and_then(|signature| signature.cert.as_deref());
        let material = match certificate.filter(|pem| !pem.is_empty()) {
            None => Material::PublicKey,
            Some(text) => {
                let mut ders = chain_from_pem(text.as_bytes()).map_err(BundleError::Certificate)?;
                Material::Certificate { leaf: ders.remove(0), chain: ders }
            }
        };
        let signatures =
            signatures.into_iter().map(|signature| wire::Signature::new(signature.sig)).collect();
        Ok(Self {
            material,
            content: Content::of_envelope(wire::Envelope { payload, payload_type, signatures })?,
            entries: Vec::new(),
            timestamps: Vec::new(),
            promise_suffices: false,
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

/// What is no bundle, and read all the same.
enum Form {
    /// cosign's, from before there were bundles.
    Legacy,
    /// A DSSE envelope by itself.
    Envelope,
}

impl Form {
    /// By the members that no bundle has. What has those of a bundle is one, if a malformed one, and nothing else.
    fn of(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Probe {
            media_type: Option<IgnoredAny>,
            verification_material: Option<IgnoredAny>,
            base64_signature: Option<IgnoredAny>,
            payload_type: Option<IgnoredAny>,
        }
        match serde_json::from_str(text).ok()? {
            Probe { base64_signature: Some(_), .. } => Some(Self::Legacy),
            Probe { media_type: None, verification_material: None, payload_type: Some(_), .. } => {
                Some(Self::Envelope)
            }
            Probe { .. } => None,
        }
    }
}

/// The same thing twice proves nothing more, and would be counted twice.
fn each_once<T: PartialEq>(what: &'static str, items: Vec<T>) -> Result<Vec<T>, BundleError> {
    let is_again = |(at, item): (usize, &T)| items[..at].contains(item);
    if items.iter().enumerate().any(is_again) { Err(BundleError::Twice(what)) } else { Ok(items) }
}

fn limited<T>(what: &'static str, items: Vec<T>) -> Result<Vec<T>, BundleError> {
    if items.len() > MAX_PROOFS { Err(BundleError::Many(what)) } else { Ok(items) }
}

fn decode(name: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    encoding::decode(text).ok_or(BundleError::Base64(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Hash;

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
