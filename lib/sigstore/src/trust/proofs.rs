//! What logs and clocks prove of a signature.

use mlbom::digest::Sha256;
use mlbom::time::Timestamp;

use super::{Artifact, Refusal, Trust};
use crate::bundle::{Bundle, Content, Material};
use crate::envelope::IN_TOTO;
use crate::key::{Hash, PublicKey};
use crate::log::{Claim, Entry, LogKey, Proven, Signed, Tolerance, Verifier};
use crate::timestamp::{TimestampError, verify_timestamp};
use crate::trusted_root::{Log, TrustedRoot, host_of};

/// How far a clock that is trusted may be ahead of ours: what was signed a moment ago is no forgery.
pub const CLOCK_SKEW_SECS: i64 = 300;

/// What proved a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Clock {
    /// A log, by its promise to include the entry.
    Log,
    /// A timestamp authority of this name.
    TimestampAuthority(String),
}

/// Everything that was proved.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    pub(super) times: Vec<(Timestamp, Clock)>,
    pub(super) log: Vec<Proven>,
}

impl Proofs {
    pub(super) fn earliest(&self) -> Option<(Timestamp, Clock)> {
        self.times.iter().min_by_key(|(at, _)| *at).cloned()
    }
}

/// Every entry and every timestamp of `bundle`, each of which has to hold. `key` signed it, or the bundle's certificate.
///
/// Where `lenient`, the signer needs none of them, and those of logs and clocks that the root does not know count for
/// nothing.
pub(super) fn of(
    bundle: &Bundle,
    trust: &Trust<'_>,
    key: Option<&PublicKey>,
    artifact: Option<&dyn Artifact>,
    lenient: bool,
) -> Result<Proofs, Refusal> {
    let mut proofs = Proofs::default();
    for token in &bundle.timestamps {
        match verify_timestamp(token, bundle.content.signature(), trust.root) {
            Ok(stamped) => proofs.times.push((stamped.at, Clock::TimestampAuthority(stamped.authority))),
            Err(TimestampError::Signer | TimestampError::Untrusted(_)) if lenient => {}
            Err(err) => return Err(Refusal::Time(err)),
        }
    }
    if !trust.ignore_log {
        let digest = digest_of(bundle, artifact);
        let claim = claim(bundle, key, digest.as_ref());
        for entry in &bundle.entries {
            let proven = in_log(bundle, entry, &claim, trust, &proofs);
            match proven {
                Ok(proven) => {
                    proofs.times.extend(proven.integrated.map(|at| (at, Clock::Log)));
                    proofs.log.push(proven);
                }
                Err(Refusal::UnknownLog) if lenient => {}
                Err(err) => return Err(err),
            }
        }
    }
    let latest = trust.at.seconds().saturating_add(CLOCK_SKEW_SECS);
    match proofs.times.iter().find(|(at, _)| at.seconds() > latest) {
        Some((at, _)) => Err(Refusal::Future(*at)),
        None => Ok(proofs),
    }
}

fn in_log(
    bundle: &Bundle,
    entry: &Entry,
    claim: &Claim<'_>,
    trust: &Trust<'_>,
    proofs: &Proofs,
) -> Result<Proven, Refusal> {
    let mut refused = Refusal::UnknownLog;
    let tolerance = Tolerance { promise_alone: bundle.promise_suffices };
    for log in logs(trust.root, entry) {
        let Some(key) = log.key.usable() else { continue };
        let log_key = LogKey { id: &log.id, key, origin: host_of(&log.base_url) };
        match entry.verify(claim, &log_key, tolerance) {
            Ok(proven) => {
                // A log without a clock of its own was in use when another clock says.
                let times = proven.integrated.into_iter().chain(proofs.times.iter().map(|(at, _)| *at));
                let mut times: Vec<Timestamp> = times.collect();
                if times.is_empty() {
                    times.push(trust.at);
                }
                if times.iter().all(|at| log.window.contains(*at)) {
                    return Ok(proven);
                }
            }
            Err(err) => refused = Refusal::Log(err),
        }
    }
    Err(refused)
}

/// The logs of the root that go by the entry's name.
fn logs<'a>(root: &'a TrustedRoot, entry: &Entry) -> impl Iterator<Item = &'a Log> {
    let id = entry.log_id().to_vec();
    root.logs.iter().filter(move |log| log.id == id)
}

fn digest_of(bundle: &Bundle, artifact: Option<&dyn Artifact>) -> Option<Sha256> {
    let Content::Blob { .. } = &bundle.content else { return None };
    let digest: [u8; 32] = artifact?.digest(Hash::Sha256)?.try_into().ok()?;
    Some(digest.into())
}

fn claim<'a>(bundle: &'a Bundle, key: Option<&'a PublicKey>, sha256: Option<&'a Sha256>) -> Claim<'a> {
    let signed = match &bundle.content {
        Content::Envelope { payload, signature } => {
            Signed::Envelope { payload_type: IN_TOTO, payload, signature }
        }
        Content::Blob { digest, signature } => {
            let said = digest.as_ref().map(|(hash, digest)| (*hash, digest.as_slice()));
            // Of no file: no entry is about it.
            let known = sha256.map_or(&[][..], |digest| digest.as_bytes());
            let (hash, digest) = said.unwrap_or((Hash::Sha256, known));
            Signed::Blob { hash, digest, signature, sha256: sha256.copied() }
        }
    };
    let verifier = match (&bundle.material, key) {
        (Material::Certificate { leaf, .. }, _) => Verifier::Certificate(leaf),
        (Material::PublicKey, Some(key)) => Verifier::Key(key.spki()),
        (Material::PublicKey, None) => Verifier::Key(&[]),
    };
    Claim { signed, verifier }
}
