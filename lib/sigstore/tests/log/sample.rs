//! Bundles as the tests here want them: taken apart without the code that is tested.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use mlbom_sigstore::key::{Hash, PublicKey};
use mlbom_sigstore::log::{Claim, Entry, LogError, LogKey, Proven, Signed, Tolerance, Verifier};
use serde_json::Value;

/// A log of a trusted root.
pub(crate) struct Log {
    pub(crate) id: Vec<u8>,
    pub(crate) key: PublicKey,
    pub(crate) origin: String,
}

/// One bundle, its parts decoded.
pub(crate) struct Sample {
    pub(crate) entry: Value,
    pub(crate) tolerance: Tolerance,
    signed: Parts,
    verifier: OwnVerifier,
}

pub(crate) enum Parts {
    Envelope { payload_type: String, payload: Vec<u8>, signature: Vec<u8> },
    Blob { digest: Sha256, signature: Vec<u8> },
}

pub(crate) enum OwnVerifier {
    Certificate(Vec<u8>),
    Key(Vec<u8>),
}

/// The logs of a trusted root, those with keys that are not read left out.
pub(crate) fn logs(root: &str) -> Vec<Log> {
    let root: Value = serde_json::from_str(root).expect("a trusted root is JSON");
    let log = |log: &Value| {
        let key = PublicKey::from_spki(&decode(&log["publicKey"]["rawBytes"])?).ok()?;
        let host = log["baseUrl"].as_str()?.split("://").nth(1)?.split([':', '/']).next()?;
        Some(Log { id: decode(&log["logId"]["keyId"])?, key, origin: host.to_owned() })
    };
    root["tlogs"].as_array().expect("a root has logs").iter().filter_map(log).collect()
}

impl Sample {
    /// None where the bundle is broken before its entry is come to.
    pub(crate) fn of(bundle: &str, artifact: &Sha256, key: Option<Vec<u8>>) -> Option<Self> {
        let bundle: Value = serde_json::from_str(bundle).ok()?;
        let material = &bundle["verificationMaterial"];
        let leaf = [&material["certificate"], &material["x509CertificateChain"]["certificates"][0]]
            .iter()
            .find_map(|certificate| decode(&certificate["rawBytes"]));
        let verifier = match key {
            Some(key) => OwnVerifier::Key(key),
            None => OwnVerifier::Certificate(leaf?),
        };
        let envelope = &bundle["dsseEnvelope"];
        let signed = if envelope.is_object() {
            Parts::Envelope {
                payload_type: envelope["payloadType"].as_str()?.to_owned(),
                payload: decode(&envelope["payload"])?,
                signature: decode(&envelope["signatures"][0]["sig"])?,
            }
        } else {
            Parts::Blob { digest: *artifact, signature: decode(&bundle["messageSignature"]["signature"])? }
        };
        let promise_alone = bundle["mediaType"].as_str()?.ends_with("=0.1");
        let entry = material["tlogEntries"][0].clone();
        Some(Self { entry, tolerance: Tolerance { promise_alone }, signed, verifier })
    }

    /// Checks the JSON text `entry` against what this bundle says it is about, and the log that it names.
    pub(crate) fn verify(&self, entry: &str, logs: &[Log]) -> Result<Proven, LogError> {
        let entry = Entry::from_json(entry)?;
        let log = logs.iter().find(|log| log.id == entry.log_id()).ok_or(LogError::OtherLog)?;
        let log = LogKey { id: &log.id, key: &log.key, origin: &log.origin };
        entry.verify(&self.claim(), &log, self.tolerance)
    }

    pub(crate) fn claim(&self) -> Claim<'_> {
        let signed = match &self.signed {
            Parts::Envelope { payload_type, payload, signature } => {
                Signed::Envelope { payload_type, payload, signature }
            }
            Parts::Blob { digest, signature } => {
                Signed::Blob { hash: Hash::Sha256, digest: digest.as_bytes(), signature, sha256: None }
            }
        };
        let verifier = match &self.verifier {
            OwnVerifier::Certificate(der) => Verifier::Certificate(der),
            OwnVerifier::Key(spki) => Verifier::Key(spki),
        };
        Claim { signed, verifier }
    }
}

pub(crate) fn decode(text: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(text.as_str()?).ok()
}
