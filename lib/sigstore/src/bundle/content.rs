//! What a bundle signs, and with which encoding and hash.

use mlbom::json;
use serde::Deserialize;

use super::{BundleError, decode, wire};
use crate::envelope::{IN_TOTO, oms_v0_2_pae, pre_authentication_encoding};
use crate::key::{Hash, PublicKey};
use crate::oms::{FAMILY, PREDICATE_TYPE_V0_2};

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

impl Content {
    pub(super) fn of_envelope(envelope: wire::Envelope) -> Result<Self, BundleError> {
        let [signature] = envelope.signatures.as_slice() else {
            return Err(BundleError::Signatures(envelope.signatures.len()));
        };
        if envelope.payload_type != IN_TOTO {
            return Err(BundleError::PayloadType(envelope.payload_type));
        }
        let signature = decode("sig", &signature.sig)?;
        Ok(Self::Envelope { payload: decode("payload", &envelope.payload)?, signature })
    }

    pub(super) fn of_message(message: &wire::MessageSignature) -> Result<Self, BundleError> {
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
        let encoded = pre_authentication_encoding(IN_TOTO, payload);
        if key.verifies(&encoded, signature) {
            return Some(payload);
        }
        // What an encoding or a hash is for says the payload: that is read once it is known to be signed, and not before.
        let otherwise = |encoded: &[u8]| key.verifies_with(Hash::Sha256, encoded, signature);
        let is_v0_2 = || predicate_type(payload).is_some_and(|found| found == PREDICATE_TYPE_V0_2);
        if names(payload, PREDICATE_TYPE_V0_2) && otherwise(&oms_v0_2_pae(IN_TOTO, payload)) && is_v0_2() {
            return Some(payload);
        }
        // cosign 2 hashed with SHA-256 whatever the curve. OpenSSF Model Signing wants the curve's own hash.
        let has_other_hash = key.key_type().hash().is_some_and(|own| own != Hash::Sha256);
        let is_oms = || predicate_type(payload).is_none_or(|found| found.starts_with(FAMILY));
        (has_other_hash && otherwise(&encoded) && !is_oms()).then_some(payload)
    }
}

/// Whether `text` occurs in the payload; one that a statement means to name is written like that.
fn names(payload: &[u8], text: &str) -> bool {
    std::str::from_utf8(payload).is_ok_and(|payload| payload.contains(text))
}

fn predicate_type(payload: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Typed {
        predicate_type: String,
    }
    let typed: Typed = json::parse(std::str::from_utf8(payload).ok()?).ok()?;
    Some(typed.predicate_type)
}
