//! The static verification cases of Sigstore's conformance suite, as far as they are the log's business.

use std::path::{Path, PathBuf};
use std::{env, fs};

use mlbom::digest::Sha256;
use mlbom_sigstore::key::PublicKey;

use crate::sample::{Sample, logs};

/// The case whose trusted root is the public good instance's, which those without a root of their own are to use.
const PUBLIC_GOOD: &str = "trust-root-tlog-validity-end-inclusive/trusted_root.json";

/// Cases that fail for other reasons than the log entry, which is right.
const NOT_THE_LOGS: [&str; 14] = [
    "integrated-time-in-future_fail",
    "intoto-expired-certificate_fail",
    "intoto-set-outside-signing-cert-validity_fail",
    "intoto-tsa-timestamp-outside-cert-validity_fail",
    "invalid-ct-key_fail",
    "message-digest-mismatch_fail",
    "rekor2-no-timestamp_fail",
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail",
    "rekor2-timestamp-outside-tsa-cert-validity_fail",
    "rekor2-timestamp-payload-mismatch_fail",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail",
    "rekor2-timestamp-with-incorrect-time_fail",
    "trust-root-tlog-missing-validity-start_fail",
];

/// Why the log's own cases fail: a refusal for another reason would say nothing about the one that is meant.
const REASONS: [(&str, &str); 20] = [
    ("bundle-negative-log-index_fail", "Negative"),
    ("checkpoint-bad-keyhint_fail", "Checkpoint(Unsigned)"),
    ("checkpoint-wrong-roothash_fail", "OtherTree"),
    ("dsse-mismatch-envelope_fail", "Other(\"payload\")"),
    ("dsse-mismatch-sig_fail", "Other(\"signature\")"),
    ("inclusion-proof-corrupted-hash_fail", "Inclusion"),
    ("incorrect-public-key_fail", "Other(\"certificate\")"),
    ("intoto-missing-inclusion-proof_fail", "NoProof"),
    ("invalid-checkpoint-signature_fail", "Checkpoint(Forged)"),
    ("rekor2-checkpoint-missing-log-signature_fail", "Checkpoint(Note)"),
    ("rekor2-checkpoint-missing-origin_fail", "Checkpoint(Head)"),
    ("rekor2-checkpoint-missing-root-hash_fail", "Checkpoint(Head)"),
    ("rekor2-checkpoint-missing-size_fail", "Checkpoint(Head)"),
    ("rekor2-checkpoint-no-matching-signature_fail", "Checkpoint(Origin"),
    ("rekor2-dsse-mismatch-envelope_fail", "Other(\"digest\")"),
    ("rekor2-dsse-mismatch-sig_fail", "Other(\"signature\")"),
    ("rekor2-no-inclusion-proof_fail", "Bare"),
    ("set-invalid-signature_fail", "Promise"),
    ("wrong-hashedrekord-artifact_fail", "Other(\"digest\")"),
    ("wrong-hashedrekord-entry_fail", "Other(\"digest\")"),
];

#[test]
fn every_case_is_decided_right() {
    // The suite's test/assets. Not everybody has them; CI does.
    let Some(assets) = env::var_os("SIGSTORE_CONFORMANCE_DIR") else {
        assert!(
            env::var_os("CI").is_none(),
            "SIGSTORE_CONFORMANCE_DIR is not set, the cases are wanted in CI"
        );
        return;
    };
    let cases = PathBuf::from(assets).join("bundle-verify");
    let public_good = read(&cases.join(PUBLIC_GOOD)).expect("the suite has the public root");
    let mut names: Vec<_> = fs::read_dir(&cases)
        .expect("the cases are readable")
        .map(|case| case.expect("a case is readable").file_name().into_string().expect("names are ASCII"))
        .filter(|name| cases.join(name).is_dir())
        .collect();
    names.sort();
    assert!(names.len() >= 70, "{} cases", names.len());
    let mut wrong = Vec::new();
    for name in &names {
        let wanted = !name.ends_with("_fail") || NOT_THE_LOGS.contains(&name.as_str());
        let found = verify(&cases.join(name), &public_good);
        let reason = REASONS.iter().find(|reason| reason.0 == name).map_or("", |reason| reason.1);
        if found.is_ok() != wanted || found.as_ref().is_err_and(|found| !found.starts_with(reason)) {
            wrong.push((name, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn verify(case: &Path, public_good: &str) -> Result<String, String> {
    let root = read(&case.join("trusted_root.json")).unwrap_or_else(|| public_good.to_owned());
    let artifact = fs::read(case.join("artifact")).or_else(|_| fs::read(case.join("../a.txt")));
    let artifact = Sha256::of(&artifact.map_err(|error| error.to_string())?);
    let key = match read(&case.join("key.pub")) {
        Some(pem) => {
            Some(PublicKey::from_pem(pem.as_bytes()).map_err(|error| error.to_string())?.spki().to_vec())
        }
        None => None,
    };
    let bundle = read(&case.join("bundle.sigstore.json")).ok_or("no bundle")?;
    let sample = Sample::of(&bundle, &artifact, key).ok_or("broken before its entry")?;
    let proven =
        sample.verify(&sample.entry.to_string(), &logs(&root)).map_err(|error| format!("{error:?}"))?;
    let promised =
        sample.entry["integratedTime"].as_str().filter(|_| sample.entry["inclusionPromise"].is_object());
    assert_eq!(proven.integrated.map(|time| time.seconds().to_string()).as_deref(), promised);
    assert_eq!(proven.inclusion, sample.entry["inclusionProof"].is_object());
    assert_eq!(Some(proven.index.to_string().as_str()), sample.entry["logIndex"].as_str());
    Ok(proven.kind.to_owned())
}

fn read(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}
