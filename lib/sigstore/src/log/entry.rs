//! `TransparencyLogEntry` (sigstore/protobuf-specs, `sigstore_rekor.proto`) in protobuf's JSON.
//!
//! That JSON leaves out what is zero or empty, so the first entry of a log has no index and no hashes; it writes 64-bit
//! integers as strings, and readers take numbers too.

use std::fmt;

use mlbom::json;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::LogError;
use crate::encoding;

/// The longest body that is read, in bytes: signatures, certificates and digests, not what was signed.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// The longest checkpoint that is read, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 64 << 10;
/// The longest inclusion proof that is read: one hash for each level of a tree of 2^64 entries.
pub const MAX_PROOF_HASHES: usize = 64;

/// The longest log ID and signature that are read, in bytes.
const MAX_SMALL_BYTES: usize = 4 << 10;

/// One entry of a log, read and not yet believed. Deserializes from a member of `tlogEntries`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(try_from = "Wire")]
pub struct Entry {
    log_id: Vec<u8>,
    pub(super) index: u64,
    /// `kindVersion`: kind and version, with a blank between.
    pub(super) kind: Option<String>,
    /// Seconds since 1970, 0 or more.
    pub(super) integrated: Option<i64>,
    /// The signed entry timestamp.
    pub(super) promise: Option<Vec<u8>>,
    pub(super) proof: Option<Proof>,
    /// What the log keeps: the leaf of its tree.
    pub(super) body: Vec<u8>,
}

/// The way from an entry to the root of the tree, with the checkpoint that vouches for the root.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Proof {
    pub(super) index: u64,
    pub(super) size: u64,
    pub(super) root: [u8; 32],
    pub(super) hashes: Vec<[u8; 32]>,
    pub(super) checkpoint: String,
}

impl Entry {
    /// Reads one entry by itself: a `TransparencyLogEntry` as JSON.
    pub fn from_json(text: &str) -> Result<Self, LogError> {
        let wire: Wire = json::parse(text).map_err(LogError::Json)?;
        wire.try_into()
    }

    /// An entry with nothing but a promise, as cosign's older format has it. `body` is base64.
    pub(crate) fn promised(
        log_id: Vec<u8>,
        index: i64,
        integrated: i64,
        promise: &str,
        body: &str,
    ) -> Result<Self, LogError> {
        Ok(Self {
            log_id,
            index: unsigned("logIndex", index)?,
            kind: None,
            integrated: Some(not_negative("integratedTime", integrated)?),
            promise: Some(bytes("signedEntryTimestamp", promise, MAX_SMALL_BYTES)?),
            proof: None,
            body: bytes("body", body, MAX_BODY_BYTES)?,
        })
    }

    /// `logId.keyId`: which log of the root to check it against.
    #[must_use]
    pub fn log_id(&self) -> &[u8] {
        &self.log_id
    }

    /// The time that it says it was taken in, in seconds since 1970, which nobody vouches for until it is verified: to find
    /// the log whose key was valid then.
    #[must_use]
    pub fn claimed_time(&self) -> Option<i64> {
        self.integrated
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    log_index: Option<Int>,
    log_id: Option<WireLogId>,
    kind_version: Option<WireKind>,
    integrated_time: Option<Int>,
    inclusion_promise: Option<WirePromise>,
    inclusion_proof: Option<WireProof>,
    canonicalized_body: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireLogId {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireKind {
    kind: String,
    version: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WirePromise {
    signed_entry_timestamp: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct WireProof {
    log_index: Option<Int>,
    root_hash: Option<String>,
    tree_size: Option<Int>,
    hashes: Option<Vec<String>>,
    checkpoint: Option<WireCheckpoint>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireCheckpoint {
    envelope: Option<String>,
}

/// An `int64`: a string of decimal digits, or a number.
#[derive(Clone, Copy, Default)]
struct Int(i64);

impl TryFrom<Wire> for Entry {
    type Error = LogError;

    fn try_from(wire: Wire) -> Result<Self, LogError> {
        let log_id = wire.log_id.ok_or(LogError::Missing("logId"))?.key_id;
        let body = wire.canonicalized_body.ok_or(LogError::Missing("canonicalizedBody"))?;
        let time =
            wire.integrated_time.map(|Int(seconds)| not_negative("integratedTime", seconds)).transpose()?;
        let promise = wire.inclusion_promise.map(|promise| promise.signed_entry_timestamp);
        let promise = promise.map(|set| bytes("signedEntryTimestamp", &set, MAX_SMALL_BYTES)).transpose()?;
        Ok(Self {
            log_id: bytes("logId", &log_id, MAX_SMALL_BYTES)?,
            index: unsigned("logIndex", wire.log_index.unwrap_or_default().0)?,
            kind: wire.kind_version.map(|WireKind { kind, version }| format!("{kind} {version}")),
            integrated: time,
            promise,
            proof: wire.inclusion_proof.map(Proof::try_from).transpose()?,
            body: bytes("canonicalizedBody", &body, MAX_BODY_BYTES)?,
        })
    }
}

impl TryFrom<WireProof> for Proof {
    type Error = LogError;

    fn try_from(wire: WireProof) -> Result<Self, LogError> {
        let root = wire.root_hash.ok_or(LogError::Missing("inclusionProof.rootHash"))?;
        let checkpoint = wire.checkpoint.and_then(|checkpoint| checkpoint.envelope).unwrap_or_default();
        if checkpoint.is_empty() {
            return Err(LogError::Missing("inclusionProof.checkpoint"));
        }
        limit("inclusionProof.checkpoint", checkpoint.len(), MAX_CHECKPOINT_BYTES)?;
        let hashes = wire.hashes.unwrap_or_default();
        limit("inclusionProof.hashes", hashes.len(), MAX_PROOF_HASHES)?;
        let hashes: Result<_, LogError> =
            hashes.iter().map(|hash| hash32("inclusionProof.hashes", hash)).collect();
        Ok(Self {
            index: unsigned("inclusionProof.logIndex", wire.log_index.unwrap_or_default().0)?,
            size: unsigned("inclusionProof.treeSize", wire.tree_size.unwrap_or_default().0)?,
            root: hash32("inclusionProof.rootHash", &root)?,
            hashes: hashes?,
            checkpoint,
        })
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntVisitor;

        impl Visitor<'_> for IntVisitor {
            type Value = Int;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a 64-bit integer, as a string or a number")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Int, E> {
                Ok(Int(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Int, E> {
                number.try_into().map(Int).map_err(|_| E::custom("an integer is beyond 64 bits with a sign"))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Int, E> {
                let number: i64 = text.parse().map_err(E::custom)?;
                // One spelling: no plus sign, no leading zero.
                if number.to_string() == text {
                    Ok(Int(number))
                } else {
                    Err(E::custom("an integer is not plain"))
                }
            }
        }

        deserializer.deserialize_any(IntVisitor)
    }
}

fn unsigned(what: &'static str, found: i64) -> Result<u64, LogError> {
    found.try_into().map_err(|_| LogError::Negative { what, found })
}

fn not_negative(what: &'static str, found: i64) -> Result<i64, LogError> {
    unsigned(what, found).map(|_| found)
}

fn limit(what: &'static str, found: usize, limit: usize) -> Result<(), LogError> {
    if found > limit { Err(LogError::TooLong { what, found, limit }) } else { Ok(()) }
}

/// Decodes base64 of at most `most` bytes.
fn bytes(what: &'static str, text: &str, most: usize) -> Result<Vec<u8>, LogError> {
    limit(what, text.len() / 4 * 3, most + 2)?;
    let decoded = encoding::decode(text).ok_or(LogError::Base64(what))?;
    limit(what, decoded.len(), most)?;
    if decoded.is_empty() { Err(LogError::Missing(what)) } else { Ok(decoded) }
}

fn hash32(what: &'static str, text: &str) -> Result<[u8; 32], LogError> {
    let decoded = bytes(what, text, MAX_SMALL_BYTES)?;
    let found = decoded.len();
    decoded.try_into().map_err(|_| LogError::Length { what, found })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "rs1YPY0ydAV0lxgfrq5pE4oRpUJwo3syeps5+eGUTDI=";

    fn entry(members: &str) -> Result<Entry, LogError> {
        Entry::from_json(&format!(r#"{{"logId":{{"keyId":"AAAA"}},"canonicalizedBody":"e30="{members}}}"#))
    }

    fn proof(members: &str) -> Result<Entry, LogError> {
        entry(&format!(
            r#","inclusionProof":{{"rootHash":"{HASH}","checkpoint":{{"envelope":"x"}}{members}}}"#
        ))
    }

    #[test]
    fn refusals() {
        for (members, why) in [
            (r#","extra":1"#, "unknown member"),
            (r#","logIndex":"1","logIndex":"1""#, "repeated member"),
            (r#","logIndex":1.0"#, "a double"),
            (r#","logIndex":"1e0""#, "an exponent"),
            (r#","logIndex":"+1""#, "a plus sign"),
            (r#","logIndex":"01""#, "a leading zero"),
            (r#","logIndex":"-0""#, "two zeros"),
            (r#","logIndex":" 1""#, "a blank"),
            (r#","logIndex":"""#, "nothing"),
            (r#","logIndex":"9223372036854775808""#, "beyond 64 bits"),
            (r#","logIndex":9223372036854775808"#, "beyond 64 bits"),
            (r#","logIndex":true"#, "no integer"),
            (r#","kindVersion":{"kind":"a"}"#, "half a kind"),
            (r#","inclusionPromise":{}"#, "no promise in the promise"),
        ] {
            assert!(matches!(entry(members), Err(LogError::Json(_))), "{why}");
        }
        for members in [r#","logIndex":"-1""#, r#","logIndex":-1"#, r#","integratedTime":"-1""#] {
            assert!(matches!(entry(members), Err(LogError::Negative { found: -1, .. })), "{members}");
        }
        for members in [r#","logIndex":"-1""#, r#","treeSize":-1"#] {
            assert!(matches!(proof(members), Err(LogError::Negative { found: -1, .. })), "{members}");
        }
        let set = |text| entry(&format!(r#","inclusionPromise":{{"signedEntryTimestamp":"{text}"}}"#));
        for text in ["AAB", "AA==\\n", "A-_=", "AB=="] {
            assert!(matches!(set(text), Err(LogError::Base64("signedEntryTimestamp"))), "{text}");
        }
        assert!(matches!(set(""), Err(LogError::Missing(_))));
        assert!(matches!(set(&"A".repeat(8 << 10)), Err(LogError::TooLong { .. })));
        assert!(matches!(proof(r#","hashes":["AAAA"]"#), Err(LogError::Length { found: 3, .. })));
        let hashes = vec![format!("\"{HASH}\""); 65].join(",");
        assert!(matches!(
            proof(&format!(r#","hashes":[{hashes}]"#)),
            Err(LogError::TooLong { found: 65, .. })
        ));
        let body = "A".repeat((MAX_BODY_BYTES + 3) / 3 * 4);
        let long = format!(r#"{{"logId":{{"keyId":"AAAA"}},"canonicalizedBody":"{body}"}}"#);
        assert!(matches!(Entry::from_json(&long), Err(LogError::TooLong { .. })));
        for text in [r#"{"canonicalizedBody":"e30="}"#, r#"{"logId":{"keyId":"AAAA"}}"#] {
            assert!(matches!(Entry::from_json(text), Err(LogError::Missing(_))), "{text}");
        }
        let bare = format!(r#","inclusionProof":{{"rootHash":"{HASH}"}}"#);
        assert!(matches!(entry(&bare), Err(LogError::Missing("inclusionProof.checkpoint"))));
    }

    #[test]
    fn what_is_left_out_is_zero() {
        let entry = entry("").expect("zero is left out");
        assert_eq!((entry.index, entry.log_id()), (0, [0_u8; 3].as_slice()));
        let proof = proof("").expect("zero is left out").proof.expect("there is a proof");
        assert_eq!((proof.index, proof.size, proof.hashes.len()), (0, 0, 0));
    }

    #[test]
    fn integers_are_strings_or_numbers() {
        for members in [r#","logIndex":"7","integratedTime":"8""#, r#","logIndex":7,"integratedTime":8"#] {
            let entry = entry(members).expect("both spellings are protobuf's");
            assert_eq!((entry.index, entry.claimed_time()), (7, Some(8)));
        }
    }
}
