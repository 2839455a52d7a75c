//! What Rekor 1 promises at once: the signed entry timestamp.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::time::Timestamp;

use super::{Entry, LogError, hex, signed_by};
use crate::key::PublicKey;

/// Checks the signed entry timestamp `set`. Returns the time that it vouches for.
pub(super) fn check(entry: &Entry, set: &[u8], key: &PublicKey) -> Result<Timestamp, LogError> {
    let seconds =
        entry.integrated.filter(|seconds| *seconds > 0).ok_or(LogError::Missing("integratedTime"))?;
    let time = Timestamp::from_seconds(seconds).ok_or(LogError::Promise)?;
    if signed_by(key, message(entry, seconds).as_bytes(), set) { Ok(time) } else { Err(LogError::Promise) }
}

/// The bytes that the log signs: these four members in RFC 8785's form, with the entry's index in the whole log
/// (`sigstore_rekor.proto`, `InclusionPromise`).
fn message(entry: &Entry, integrated: i64) -> String {
    // Base64 and hexadecimal need no escapes, and the integers are below 2^63: this is the canonical form. One that
    // RFC 8785 would write otherwise, from 2^53 on, no log has reached.
    format!(
        r#"{{"body":"{}","integratedTime":{integrated},"logID":"{}","logIndex":{}}}"#,
        STANDARD.encode(&entry.body),
        hex(entry.log_id()),
        entry.index
    )
}
