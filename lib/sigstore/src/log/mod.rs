//! Entries of transparency logs (Rekor 1 and 2), as bundles carry them: read, and checked without asking the log.
//!
//! An entry is believed for what its log signed: the promise (signed entry timestamp), or a checkpoint that the inclusion
//! proof leads to. And it has to be about the very signature, the very key and the very digest of the bundle it came in.

mod body;
mod checkpoint;
mod entry;
mod merkle;
mod promise;

use mlbom::digest::Sha256;
use mlbom::json;
use mlbom::time::Timestamp;

use crate::envelope::pre_authentication_encoding;
use crate::key::{Hash, KeyType, PublicKey};

pub use checkpoint::CheckpointError;
pub use entry::{Entry, MAX_BODY_BYTES, MAX_CHECKPOINT_BYTES, MAX_PROOF_HASHES};

/// A log of the trusted root, as the checks here want it.
///
/// Which root it is of, and when its key was valid, are the caller's questions.
#[derive(Clone, Copy, Debug)]
pub struct LogKey<'a> {
    /// `logId.keyId` of the root (`sigstore_trustroot.proto`), decoded; 32 bytes in practice.
    pub id: &'a [u8],
    /// What the log signs with.
    pub key: &'a PublicKey,
    /// The host part of its base URL, without a port: what a Rekor 2 checkpoint names as its origin.
    pub origin: &'a str,
}

/// What the entry has to be about: the signature of the bundle and what made it.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// What was signed, and the signature.
    pub signed: Signed<'a>,
    /// What the signature verifies with.
    pub verifier: Verifier<'a>,
}

/// A signature with what it is over. The caller has verified it, or will: a log does not do that for anyone.
#[derive(Clone, Copy, Debug)]
pub enum Signed<'a> {
    /// A DSSE envelope of one signature.
    Envelope {
        /// As the envelope has it.
        payload_type: &'a str,
        /// Decoded from base64.
        payload: &'a [u8],
        /// Decoded from base64.
        signature: &'a [u8],
    },
    /// Bare bytes, of which digests are known. The caller has computed them.
    Blob {
        /// What `digest` was made with.
        hash: Hash,
        /// The hash of the bytes.
        digest: &'a [u8],
        /// Decoded from base64.
        signature: &'a [u8],
        /// SHA-256 of the same bytes, where `hash` is another and it is known: an entry may give that one.
        sha256: Option<Sha256>,
    },
}

/// What a signature verifies with.
#[derive(Clone, Copy, Debug)]
pub enum Verifier<'a> {
    /// The leaf certificate, DER.
    Certificate(&'a [u8]),
    /// A key of the caller's, DER SubjectPublicKeyInfo.
    Key(&'a [u8]),
}

/// What is tolerated. The default is what bundles of version 0.2 and later have to hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tolerance {
    /// The log's promise is enough, without an inclusion proof: bundles of version 0.1 and cosign's older format.
    pub promise_alone: bool,
}

/// What an entry was found to prove.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proven {
    /// `logId.keyId` of the log.
    pub log_id: Vec<u8>,
    /// Where in the log it is: by the promise, if there is one, else the leaf's place in the tree that the checkpoint is of.
    /// The two differ in Rekor 1, whose log is several trees.
    pub index: u64,
    /// Kind and version of the entry: `"hashedrekord 0.0.1"`, `"dsse 0.0.1"`, `"intoto 0.0.2"` or `"hashedrekord 0.0.2"`.
    pub kind: &'static str,
    /// When the log took it in. Only a promise that was verified says so.
    pub integrated: Option<Timestamp>,
    /// Whether an inclusion proof led to a checkpoint of the log. If not, the promise is all there is.
    pub inclusion: bool,
}

/// Why an entry cannot be read, or proves nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Not JSON, or not of the shape of a `TransparencyLogEntry`.
    #[error("not a transparency log entry")]
    Json(#[source] json::Error),
    /// A member without which there is nothing to check.
    #[error("the log entry has no {0}")]
    Missing(&'static str),
    /// Not base64 (RFC 4648, 4, padded).
    #[error("{0} of the log entry is not base64")]
    Base64(&'static str),
    /// A digest of another length.
    #[error("{what} of the log entry is {found} bytes long, 32 were wanted")]
    Length {
        /// The member.
        what: &'static str,
        /// Its length.
        found: usize,
    },
    /// More than any honest entry holds.
    #[error("{what} of the log entry is {found} long, at most {limit} is read")]
    TooLong {
        /// The member.
        what: &'static str,
        /// Bytes, or elements of a list.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// An index, a size or a time below 0.
    #[error("{what} of the log entry is {found}, which is negative")]
    Negative {
        /// The member.
        what: &'static str,
        /// Its value.
        found: i64,
    },
    /// The body is not JSON, or not of the shape of its kind.
    #[error("the body of the log entry is not well-formed")]
    Body(#[source] json::Error),
    /// A member of the body that is no base64, PEM or key.
    #[error("{0} in the body of the log entry is not well-formed")]
    Member(&'static str),
    /// A kind that is not checked here.
    #[error("the log entry is a {0:?}, which is not supported")]
    Kind(String),
    /// `kindVersion` says one thing and the body another.
    #[error("the log entry is said to be a {said:?} and is a {found:?}")]
    OtherKind {
        /// By `kindVersion`.
        said: String,
        /// By the body.
        found: String,
    },
    /// A hash that is not supported, or that does not go with the key.
    #[error("the log entry names {0:?} as its algorithm, which does not fit the key or is not supported")]
    Algorithm(String),
    /// It is about another signature: the named part is not the bundle's.
    #[error("the log entry is about another {0}")]
    Other(&'static str),
    /// The caller compared it with the wrong log.
    #[error("the log entry is of another log")]
    OtherLog,
    /// Nothing that the log signed.
    #[error("the log entry has neither a promise nor an inclusion proof")]
    Bare,
    /// The promise alone was not to be enough.
    #[error("the log entry has no inclusion proof, only a promise")]
    NoProof,
    /// The signed entry timestamp is not the log's, or over something else.
    #[error("the signed entry timestamp of the log entry does not verify")]
    Promise,
    /// Rekor 2 gives no promises: what stands there is not known to mean anything.
    #[error("the log entry is of a kind that has no signed entry timestamp, and has one")]
    PromiseOfNone,
    /// The checkpoint is malformed or not the log's.
    #[error("the checkpoint of the log entry is refused")]
    Checkpoint(#[from] CheckpointError),
    /// Size or root hash of the inclusion proof and of its checkpoint differ.
    #[error("the inclusion proof of the log entry is for another tree than its checkpoint")]
    OtherTree,
    /// Two members that are to be the same number are not.
    #[error("the log entry is at {said} and its inclusion proof is for {proven}")]
    OtherIndex {
        /// `logIndex` of the entry.
        said: u64,
        /// `inclusionProof.logIndex`.
        proven: u64,
    },
    /// The hashes do not lead from the body to the root.
    #[error("the inclusion proof of the log entry does not lead to the root hash of its checkpoint")]
    Inclusion,
}

impl Entry {
    /// Checks the entry against its log and against what it has to be about.
    ///
    /// Whatever is there has to hold: a promise that does not verify is not made good by an inclusion proof. An inclusion
    /// proof without a checkpoint proves nothing, and is refused.
    pub fn verify(
        &self,
        claim: &Claim<'_>,
        log: &LogKey<'_>,
        tolerance: Tolerance,
    ) -> Result<Proven, LogError> {
        if self.log_id() != log.id {
            return Err(LogError::OtherLog);
        }
        let kind = body::check(self, claim)?;
        let inclusion = self.proof.is_some();
        if !inclusion && self.promise.is_none() {
            return Err(LogError::Bare);
        }
        if !(inclusion || tolerance.promise_alone && kind.has_promise()) {
            return Err(LogError::NoProof);
        }
        if self.promise.is_some() && !kind.has_promise() {
            return Err(LogError::PromiseOfNone);
        }
        let promised = self.promise.as_deref().map(|set| promise::check(self, set, log.key)).transpose()?;
        let leaf = self.proof.as_ref().map(|proof| self.included(proof, kind, log)).transpose()?;
        let index = if promised.is_some() { self.index } else { leaf.unwrap_or(self.index) };
        Ok(Proven { log_id: log.id.to_vec(), index, kind: kind.name(), integrated: promised, inclusion })
    }

    /// Checks the inclusion proof. Returns the leaf's place in the tree.
    fn included(&self, proof: &entry::Proof, kind: body::Kind, log: &LogKey<'_>) -> Result<u64, LogError> {
        let checkpoint = checkpoint::Checkpoint::parse(&proof.checkpoint)?;
        // Rekor 1 hosts go by names of their own, which its key hint does not cover. In Rekor 2 the name is the log's.
        checkpoint.verify(log.key, (!kind.has_promise()).then_some(log.origin))?;
        if checkpoint.size != proof.size || checkpoint.root != proof.root {
            return Err(LogError::OtherTree);
        }
        // One tree is the whole log: nothing else says that the entry's own index is right.
        if !kind.has_promise() && self.index != proof.index {
            return Err(LogError::OtherIndex { said: self.index, proven: proof.index });
        }
        let root = merkle::root(&merkle::leaf(&self.body), proof.index, proof.size, &proof.hashes);
        if root == Some(proof.root) { Ok(proof.index) } else { Err(LogError::Inclusion) }
    }
}

impl Signed<'_> {
    fn signature(&self) -> &[u8] {
        match self {
            Self::Envelope { signature, .. } | Self::Blob { signature, .. } => signature,
        }
    }

    /// The hash of what the signature is over, if it is known.
    fn digest(&self, wanted: Hash) -> Option<Vec<u8>> {
        match *self {
            Self::Envelope { payload_type, payload, .. } => {
                Some(wanted.of(&pre_authentication_encoding(payload_type, payload)))
            }
            Self::Blob { hash, digest, .. } if hash == wanted => Some(digest.to_vec()),
            Self::Blob { sha256: Some(sha256), .. } if wanted == Hash::Sha256 => {
                Some(sha256.as_bytes().to_vec())
            }
            Self::Blob { .. } => None,
        }
    }
}

/// Whether the log's key made `signature`: by the hash that goes with its curve, or by SHA-256 as Rekor 1 does for all.
fn signed_by(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verifies(message, signature)
        || (key.key_type() != KeyType::Ed25519 && key.verifies_with(Hash::Sha256, message, signature))
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
