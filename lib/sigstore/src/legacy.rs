//! cosign's own bundle of before Sigstore's (sigstore/cosign, `pkg/cosign/verify.go`, `LocalSignedPayload`).
//!
//! `cosign sign-blob` and `attest-blob` of version 2 write it by default, version 3 with `--new-bundle-format=false`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::json;
use serde::Deserialize;

use crate::key::{KeyError, MAX_PEM_BYTES, PublicKey};
use crate::log::{Entry, LogError};
use crate::pem;

/// A legacy bundle, read and not yet verified.
#[derive(Debug)]
pub struct Legacy {
    /// What `base64Signature` holds.
    pub signature: LegacySignature,
    /// What `cert` holds. cosign 2 leaves a key out.
    pub verifier: Option<LegacyVerifier>,
    /// The entry in the log, which has a promise and no inclusion proof.
    pub entry: Option<Entry>,
}

/// What a legacy bundle calls its signature.
#[derive(Debug, Eq, PartialEq)]
pub enum LegacySignature {
    /// A signature over a file, raw: what `sign-blob` writes.
    Blob(Vec<u8>),
    /// A whole DSSE envelope, a JSON object that has been checked for repeated keys and depth: what `attest-blob` writes.
    Envelope(String),
}

/// What a legacy bundle brings to verify with. Neither is trusted for being there.
#[derive(Debug)]
pub enum LegacyVerifier {
    /// The leaf certificate, DER, not looked into.
    Certificate(Vec<u8>),
    /// The signer's public key.
    Key(PublicKey),
}

/// Why a text is not a legacy bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LegacyError {
    /// Not JSON, or not of this shape.
    #[error("not a bundle of cosign's older format")]
    Json(#[source] json::Error),
    /// Not base64 (RFC 4648, 4, padded), or nothing.
    #[error("{0} is empty or not base64")]
    Base64(&'static str),
    /// More than one certificate or key.
    #[error("cert is not a PEM block of one certificate or public key")]
    Pem,
    /// A public key that is not verified with.
    #[error("cert holds a key that is refused")]
    Key(#[source] KeyError),
    /// Not hexadecimal of 32 bytes.
    #[error("logID is {0:?}, 64 hexadecimal digits were wanted")]
    LogId(String),
    /// The entry in the log.
    #[error("rekorBundle is refused")]
    Entry(#[source] LogError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    base64_signature: String,
    cert: Option<String>,
    rekor_bundle: Option<WireRekor>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct WireRekor {
    signed_entry_timestamp: String,
    payload: WirePayload,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WirePayload {
    body: String,
    integrated_time: i64,
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl Legacy {
    /// Reads a legacy bundle. The caller has limited its length.
    pub fn parse(text: &str) -> Result<Self, LegacyError> {
        let wire: Wire = json::parse(text).map_err(LegacyError::Json)?;
        Ok(Self {
            signature: signature(&wire.base64_signature)?,
            verifier: wire.cert.as_deref().filter(|cert| !cert.is_empty()).map(verifier).transpose()?,
            entry: wire.rekor_bundle.map(entry).transpose()?,
        })
    }
}

/// Tells a signature from an envelope: no signature is a JSON object. ECDSA's open with the byte `30`, and that RSA's or
/// Ed25519's random bytes are one is as likely as a forgery.
fn signature(encoded: &str) -> Result<LegacySignature, LegacyError> {
    let bytes = base64("base64Signature", encoded)?;
    match String::from_utf8(bytes) {
        Ok(text) if text.trim_start().starts_with('{') => {
            json::check(&text).map_err(LegacyError::Json)?;
            Ok(LegacySignature::Envelope(text))
        }
        Ok(text) => Ok(LegacySignature::Blob(text.into_bytes())),
        Err(error) => Ok(LegacySignature::Blob(error.into_bytes())),
    }
}

/// PEM in base64, or as version 1 wrote it, PEM itself.
fn verifier(text: &str) -> Result<LegacyVerifier, LegacyError> {
    let is_pem = text.trim_start().starts_with("-----BEGIN");
    let pem = if is_pem { text.as_bytes().to_vec() } else { base64("cert", text)? };
    if pem.len() as u64 > MAX_PEM_BYTES {
        return Err(LegacyError::Pem);
    }
    let text = String::from_utf8(pem).map_err(|_| LegacyError::Pem)?;
    let blocks: Option<Vec<_>> = pem::blocks(&text).collect();
    let Some([block]) = blocks.as_deref() else { return Err(LegacyError::Pem) };
    let der = block.bytes.clone().ok_or(LegacyError::Pem)?;
    match block.label {
        "CERTIFICATE" => Ok(LegacyVerifier::Certificate(der)),
        "PUBLIC KEY" => PublicKey::from_spki(&der).map(LegacyVerifier::Key).map_err(LegacyError::Key),
        _ => Err(LegacyError::Pem),
    }
}

fn entry(wire: WireRekor) -> Result<Entry, LegacyError> {
    let WirePayload { body, integrated_time, log_index, log_id } = wire.payload;
    let Ok(id) = log_id.parse::<mlbom::digest::Sha256>() else {
        return Err(LegacyError::LogId(log_id));
    };
    Entry::promised(id.as_bytes().to_vec(), log_index, integrated_time, &wire.signed_entry_timestamp, &body)
        .map_err(LegacyError::Entry)
}

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, LegacyError> {
    STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty()).ok_or(LegacyError::Base64(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d";

    fn with(members: &str) -> Result<Legacy, LegacyError> {
        Legacy::parse(&format!(r#"{{"base64Signature":"MEUC"{members}}}"#))
    }

    fn rekor(payload: &str) -> Result<Legacy, LegacyError> {
        with(&format!(r#","rekorBundle":{{"SignedEntryTimestamp":"MEUC","Payload":{{{payload}}}}}"#))
    }

    fn encoded(text: &str) -> String {
        STANDARD.encode(text)
    }

    #[test]
    fn refusals() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"base64Signature":1}"#,
            r#"{"base64Signature":"MEUC","base64Signature":"MEUC"}"#,
        ] {
            assert!(matches!(Legacy::parse(text), Err(LegacyError::Json(_))), "{text}");
        }
        for members in [
            r#","extra":1"#,
            r#","rekorBundle":{"SignedEntryTimestamp":"MEUC"}"#,
            r#","rekorBundle":{"signedEntryTimestamp":"MEUC","Payload":{}}"#,
        ] {
            assert!(matches!(with(members), Err(LegacyError::Json(_))), "{members}");
        }
        for text in ["", "MEU", "ME U=", "MEUC\\n", "M_-C"] {
            let text = format!(r#"{{"base64Signature":"{text}"}}"#);
            assert!(matches!(Legacy::parse(&text), Err(LegacyError::Base64(_))), "{text}");
        }
        for envelope in ["{", r#"{"a":1,"a":2}"#, " {} x"] {
            let text = format!(r#"{{"base64Signature":"{}"}}"#, encoded(envelope));
            assert!(matches!(Legacy::parse(&text), Err(LegacyError::Json(_))), "{envelope}");
        }
        let block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["x", &block.repeat(2), &block.replace("CERTIFICATE", "PRIVATE KEY"), &" ".repeat(70_000)]
        {
            let cert = format!(r#","cert":"{}""#, encoded(pem));
            assert!(matches!(with(&cert), Err(LegacyError::Pem)), "{pem:.40}");
        }
        let key = format!(r#","cert":"{}""#, encoded(&block.replace("CERTIFICATE", "PUBLIC KEY")));
        assert!(matches!(with(&key), Err(LegacyError::Key(_))));
    }

    #[test]
    fn refused_entries() {
        let short = format!(r#""body":"e30=","integratedTime":1,"logIndex":1,"logID":"{}""#, &ID[2..]);
        assert!(matches!(rekor(&short), Err(LegacyError::LogId(_))));
        for (body, time, index) in [("e3", 1, 1), ("e30=", -1, 1), ("e30=", 1, -1), ("", 1, 1)] {
            let payload =
                format!(r#""body":"{body}","integratedTime":{time},"logIndex":{index},"logID":"{ID}""#);
            assert!(matches!(rekor(&payload), Err(LegacyError::Entry(_))), "{payload}");
        }
        let text = format!(r#""body":"e30=","integratedTime":"1","logIndex":1,"logID":"{ID}""#);
        assert!(matches!(rekor(&text), Err(LegacyError::Json(_))), "a Go integer is no string");
    }

    #[test]
    fn shapes() {
        let bare = with("").expect("a signature is enough");
        assert_eq!(bare.signature, LegacySignature::Blob(vec![0x30, 0x45, 0x02]));
        assert!(bare.verifier.is_none() && bare.entry.is_none());
        let block = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let certified =
            with(&format!(r#","cert":"{}""#, encoded(block))).expect("a certificate is not looked into");
        assert!(matches!(certified.verifier, Some(LegacyVerifier::Certificate(der)) if der == [0; 3]));
        let envelope = r#"{"payload":"","payloadType":"","signatures":[]}"#;
        let text = format!(r#"{{"base64Signature":"{}"}}"#, encoded(envelope));
        let attested = Legacy::parse(&text).expect("an envelope stands for a signature");
        assert_eq!(attested.signature, LegacySignature::Envelope(envelope.to_owned()));
        let payload = format!(r#""body":"e30=","integratedTime":1,"logIndex":0,"logID":"{ID}""#);
        let entry = rekor(&payload).expect("an entry is read").entry.expect("there is one");
        assert_eq!(entry.log_id()[..2], [0xc0, 0xd2]);
    }
}
