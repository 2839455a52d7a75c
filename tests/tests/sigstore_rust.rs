//! sigstore's own Rust verifier takes our statement: its types read our bundle, and its checks hold.
//!
//! It refuses bundles that have neither a log entry nor a timestamp, as ours have today; the vector has a timestamp
//! added to it, which signs our signature and changes nothing that we wrote (`tests/vectors/sigstore-rust/ORIGIN.md`).

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use serde_json::Value;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationResult, Verifier};

fn read(name: &str) -> String {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/sigstore-rust")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

fn vector() -> Value {
    serde_json::from_str(&read("bundle.sigstore.json")).expect("JSON")
}

/// What the verifier says of `bundle` for an artifact with the SHA-256 `digest` and the key in the file `key`.
fn verify(bundle: &Value, digest: &str, key: &str) -> Result<VerificationResult, String> {
    let verifier =
        Verifier::new(&TrustedRoot::from_json(&read("trusted_root.json")).expect("a trusted root"));
    let key = DerPublicKey::from_pem(&read(key)).expect("a public key");
    let policy = PublicKeyVerificationPolicy::new(key).skip_tlog_unsafe();
    let bundle = Bundle::from_json(&bundle.to_string()).map_err(|err| format!("not a bundle: {err}"))?;
    let digest = Sha256Hash::from_hex(digest).expect("a digest");
    verifier.expect("a verifier").verify(digest, &bundle, &policy).map_err(|err| format!("{err:?}"))
}

fn payload(bundle: &Value) -> Vec<u8> {
    STANDARD.decode(bundle["dsseEnvelope"]["payload"].as_str().expect("text")).expect("base64")
}

/// The SHA-256 of every subject.
fn subjects() -> Vec<String> {
    let statement: Value = serde_json::from_slice(&payload(&vector())).expect("a statement");
    let subjects = statement["subject"].as_array().expect("subjects").iter();
    subjects.map(|subject| subject["digest"]["sha256"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn every_subject_verifies() {
    let subjects = subjects();
    assert!(subjects.len() > 2, "both digests of the model, and its files: {subjects:?}");
    for digest in subjects {
        let result = verify(&vector(), &digest, "key.pub").expect("verifies");
        assert_eq!(result.verified_timestamps().len(), 1);
        assert!(!result.tlog_verified());
    }
}

#[test]
fn refusals() {
    let digest = subjects().swap_remove(0);
    assert!(verify(&vector(), &digest, "other.pub").is_err(), "another key");
    assert!(
        verify(&vector(), &Sha256::of(b"another file").to_string(), "key.pub").is_err(),
        "another artifact"
    );

    let mut bare = vector();
    let material = bare["verificationMaterial"].as_object_mut().expect("an object");
    material.remove("timestampVerificationData").expect("a timestamp");
    let refused = verify(&bare, &digest, "key.pub").expect_err("without log and timestamp");
    assert!(refused.contains("MissingSigningTimeEvidence"), "{refused}");
}

#[test]
fn no_changed_byte_of_the_payload_verifies() {
    let (digest, payload) = (subjects().swap_remove(0), payload(&vector()));
    let mut bundle = vector();
    for at in 0..payload.len() {
        let mut changed = payload.clone();
        changed[at] ^= 1;
        bundle["dsseEnvelope"]["payload"] = STANDARD.encode(changed).into();
        assert!(verify(&bundle, &digest, "key.pub").is_err(), "byte {at}");
    }
}
