//! A log's answer, checked for its shape and turned into what a bundle holds.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use mlbom::json;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RekorError;
use crate::url::Url;

/// A tree of 2^63 leaves has paths of this many hashes.
const MAX_HASHES: usize = 64;

/// The longest signed tree head, in bytes.
const MAX_CHECKPOINT_BYTES: usize = 64 << 10;

/// What the body of the entry must say.
pub(super) enum Expected {
    /// `dsse` 0.0.1: hexadecimal SHA-256 of the payload, and the signature in base64.
    Dsse { payload: String, signature: String },
    /// `hashedrekord` 0.0.1: hexadecimal digest, and the signature in base64.
    Blob { digest: String, signature: String },
    /// `hashedrekord` 0.0.2: both in base64.
    V2 { digest: String, signature: String },
}

/// The TransparencyLogEntry of a version 1 log's answer: an object of one entry under its name.
pub(super) fn from_v1(url: &Url, answer: &[u8], expected: &Expected) -> Result<String, RekorError> {
    let wrong = |part| RekorError::Answer { url: url.clone(), part };
    let text = std::str::from_utf8(answer).map_err(|_| wrong("the text"))?;
    let entries: BTreeMap<String, WireV1> = json::parse(text).map_err(|_| wrong("the object"))?;
    let mut entries = entries.into_values();
    let (Some(wire), None) = (entries.next(), entries.next()) else { return Err(wrong("the one entry")) };
    let proof = wire.verification.inclusion_proof;
    let base64_of = |hex: &str| hex.parse().map(|digest: Sha256| STANDARD.encode(digest.as_bytes())).ok();
    let hashes: Option<Vec<String>> = proof.hashes.iter().map(|hash| base64_of(hash)).collect();
    let entry = Entry {
        log_index: wire.log_index.to_string(),
        log_id: LogId { key_id: base64_of(&wire.log_id).ok_or_else(|| wrong("logID"))? },
        kind_version: kind_version(&wire.body).ok_or_else(|| wrong("body"))?,
        integrated_time: Some(wire.integrated_time.to_string()),
        inclusion_promise: Some(Promise { signed_entry_timestamp: wire.verification.signed_entry_timestamp }),
        inclusion_proof: Proof {
            log_index: proof.log_index.to_string(),
            root_hash: base64_of(&proof.root_hash).ok_or_else(|| wrong("rootHash"))?,
            tree_size: proof.tree_size.to_string(),
            hashes: hashes.ok_or_else(|| wrong("hashes"))?,
            checkpoint: Checkpoint { envelope: proof.checkpoint },
        },
        canonicalized_body: wire.body,
    };
    entry.finish(url, expected)
}

/// The TransparencyLogEntry of a version 2 log's answer: the same, but for what protobuf JSON leaves out.
///
/// It leaves out `"logIndex": "0"` and empty `hashes`, which some verifiers want to see.
pub(super) fn from_v2(url: &Url, answer: &[u8], expected: &Expected) -> Result<String, RekorError> {
    let wrong = |part| RekorError::Answer { url: url.clone(), part };
    let text = std::str::from_utf8(answer).map_err(|_| wrong("the text"))?;
    let wire: WireV2 = json::parse(text).map_err(|_| wrong("the object"))?;
    let number = |value: Option<Number>| value.map_or(Some(0), Number::read).map(|n| n.to_string());
    let time = number(wire.integrated_time).ok_or_else(|| wrong("integratedTime"))?;
    let entry = Entry {
        log_index: number(wire.log_index).ok_or_else(|| wrong("logIndex"))?,
        log_id: wire.log_id,
        kind_version: wire.kind_version,
        // Version 2 has none; 0 and absence are one to protobuf.
        integrated_time: Some(time).filter(|time| time != "0"),
        inclusion_promise: wire.inclusion_promise,
        inclusion_proof: Proof {
            log_index: number(wire.inclusion_proof.log_index).ok_or_else(|| wrong("logIndex"))?,
            root_hash: wire.inclusion_proof.root_hash,
            tree_size: number(wire.inclusion_proof.tree_size).ok_or_else(|| wrong("treeSize"))?,
            hashes: wire.inclusion_proof.hashes,
            checkpoint: wire.inclusion_proof.checkpoint,
        },
        canonicalized_body: wire.canonicalized_body,
    };
    entry.finish(url, expected)
}

/// Kind and version as the body of the entry says them.
fn kind_version(body: &str) -> Option<KindVersion> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        kind: String,
        api_version: String,
    }
    let text = String::from_utf8(STANDARD.decode(body).ok()?).ok()?;
    let Body { kind, api_version } = json::parse(&text).ok()?;
    Some(KindVersion { kind, version: api_version })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    log_index: String,
    log_id: LogId,
    kind_version: KindVersion,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrated_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inclusion_promise: Option<Promise>,
    inclusion_proof: Proof,
    canonicalized_body: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    log_index: String,
    root_hash: String,
    tree_size: String,
    hashes: Vec<String>,
    checkpoint: Checkpoint,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: String,
}

#[derive(Deserialize, Eq, PartialEq, Serialize)]
struct KindVersion {
    kind: String,
    version: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Promise {
    signed_entry_timestamp: String,
}

#[derive(Deserialize, Serialize)]
struct Checkpoint {
    envelope: String,
}

impl Entry {
    /// Checks lengths and encodings, and that the entry is the one that was sent.
    fn finish(self, url: &Url, expected: &Expected) -> Result<String, RekorError> {
        if let Some(part) = self.malformed() {
            return Err(RekorError::Answer { url: url.clone(), part });
        }
        if !self.is(expected) {
            return Err(RekorError::Other(url.clone()));
        }
        Ok(serde_json::to_string(&self).expect("texts have a JSON form"))
    }

    /// The first part that is not as it should be.
    fn malformed(&self) -> Option<&'static str> {
        let bytes = |text: &str| STANDARD.decode(text).map(|bytes| bytes.len()).unwrap_or(0);
        let proof = &self.inclusion_proof;
        let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
        let promise = self.inclusion_promise.as_ref();
        // A hash of a public key with version 1, the first bytes of one with some version 2 logs.
        if !(1..=64).contains(&bytes(&self.log_id.key_id)) {
            Some("logId")
        } else if promise.is_some_and(|promise| bytes(&promise.signed_entry_timestamp) == 0) {
            Some("signedEntryTimestamp")
        } else if bytes(&proof.root_hash) != 32 {
            Some("rootHash")
        } else if proof.hashes.len() > MAX_HASHES || proof.hashes.iter().any(|hash| bytes(hash) != 32) {
            Some("hashes")
        } else if number(&proof.log_index) >= number(&proof.tree_size) {
            Some("treeSize")
        } else if !(1..=MAX_CHECKPOINT_BYTES).contains(&proof.checkpoint.envelope.len()) {
            Some("checkpoint")
        } else if kind_version(&self.canonicalized_body).as_ref() != Some(&self.kind_version) {
            Some("kindVersion")
        } else {
            None
        }
    }

    /// Whether the body is about what was sent.
    fn is(&self, expected: &Expected) -> bool {
        let body = STANDARD.decode(&self.canonicalized_body).unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let says =
            |pointer: &str, wanted: &str| body.pointer(pointer).and_then(Value::as_str) == Some(wanted);
        let (kind, version, claims) = match expected {
            Expected::Dsse { payload, signature } => (
                "dsse",
                "0.0.1",
                [
                    ("/spec/payloadHash/algorithm", "sha256"),
                    ("/spec/payloadHash/value", payload),
                    ("/spec/signatures/0/signature", signature),
                ],
            ),
            Expected::Blob { digest, signature } => (
                "hashedrekord",
                "0.0.1",
                [
                    ("/kind", "hashedrekord"),
                    ("/spec/data/hash/value", digest),
                    ("/spec/signature/content", signature),
                ],
            ),
            Expected::V2 { digest, signature } => (
                "hashedrekord",
                "0.0.2",
                [
                    ("/kind", "hashedrekord"),
                    ("/spec/hashedRekordV002/data/digest", digest),
                    ("/spec/hashedRekordV002/signature/content", signature),
                ],
            ),
        };
        self.kind_version.kind == kind
            && self.kind_version.version == version
            && claims.into_iter().all(|(pointer, wanted): (_, &str)| says(pointer, wanted))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireV1 {
    body: String,
    integrated_time: u64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: WireVerification,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVerification {
    signed_entry_timestamp: String,
    inclusion_proof: WireProofV1,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProofV1 {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireV2 {
    log_index: Option<Number>,
    log_id: LogId,
    kind_version: KindVersion,
    integrated_time: Option<Number>,
    inclusion_promise: Option<Promise>,
    inclusion_proof: WireProofV2,
    canonicalized_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireProofV2 {
    log_index: Option<Number>,
    root_hash: String,
    tree_size: Option<Number>,
    #[serde(default)]
    hashes: Vec<String>,
    checkpoint: Checkpoint,
}

/// A 64-bit number, which protobuf JSON writes as a text and may read as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Text(String),
    Number(u64),
}

impl Number {
    fn read(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            // One number has one spelling: `+1` and `01` are none.
            Self::Text(text) => text.parse().ok().filter(|number: &u64| number.to_string() == text),
        }
        .filter(|number| i64::try_from(*number).is_ok())
    }
}
