//! The cases of sigstore/sigstore-conformance, as far as certificates, log timestamps and authority timestamps decide them.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::time::Timestamp;
use mlbom_sigstore::certificate::{Certificate, Name};
use mlbom_sigstore::chain::verify_chain;
use mlbom_sigstore::sct::verify_sct;
use mlbom_sigstore::timestamp::verify_timestamp;
use mlbom_sigstore::trusted_root::{LogKey, TrustedRoot};
use serde_json::Value;

use super::read;

fn bytes(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap_or("!")).unwrap_or_default()
}

fn bundle(case: &Path) -> Value {
    serde_json::from_slice(&read(&case.join("bundle.sigstore.json"))).unwrap_or_default()
}

fn root(case: &Path) -> TrustedRoot {
    let path = case.join("trusted_root.json");
    if !path.exists() {
        return TrustedRoot::public_good();
    }
    TrustedRoot::parse(&String::from_utf8_lossy(&read(&path))).expect("a root")
}

fn leaf(bundle: &Value) -> Certificate {
    let material = &bundle["verificationMaterial"];
    let first = &material["x509CertificateChain"]["certificates"][0];
    let wire = if first.is_null() { &material["certificate"] } else { first };
    Certificate::parse(&bytes(&wire["rawBytes"])).expect("a certificate")
}

/// Every time that the bundle offers: the timestamps, which must all verify, and what a log's promise says.
fn times(bundle: &Value, root: &TrustedRoot) -> Result<Vec<Timestamp>, String> {
    let envelope = &bundle["dsseEnvelope"]["signatures"][0]["sig"];
    let signature =
        bytes(if envelope.is_null() { &bundle["messageSignature"]["signature"] } else { envelope });
    let material = &bundle["verificationMaterial"];
    let stamps = material["timestampVerificationData"]["rfc3161Timestamps"].as_array();
    let mut times = Vec::new();
    for stamp in stamps.into_iter().flatten() {
        let token = bytes(&stamp["signedTimestamp"]);
        times.push(verify_timestamp(&token, &signature, root).map_err(|why| why.to_string())?.at);
    }
    for entry in material["tlogEntries"].as_array().into_iter().flatten() {
        let seconds = entry["integratedTime"].as_str().and_then(|text| text.parse().ok());
        times.extend(seconds.filter(|seconds| *seconds > 0).and_then(Timestamp::from_seconds));
    }
    Ok(times)
}

fn check(case: &Path) -> Result<(), String> {
    let (bundle, root) = (bundle(case), root(case));
    let times = times(&bundle, &root)?;
    if times.is_empty() {
        return Err("no time".to_owned());
    }
    if !bundle["verificationMaterial"]["publicKey"].is_null() {
        return Ok(());
    }
    let leaf = leaf(&bundle);
    for at in times {
        let issuer = verify_chain(&leaf, &[], &root, at).map_err(|why| why.to_string())?;
        verify_sct(&leaf, &issuer, &root).map_err(|why| why.to_string())?;
    }
    Ok(())
}

fn vectors(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/vectors/conformance", name].iter().collect()
}

#[test]
fn a_workflow_of_the_public_good_instance() {
    let case = vectors("happy-path-v0.3");
    check(&case).expect("a good case");
    let leaf = leaf(&bundle(&case));
    let [Name::Uri(uri)] = leaf.names() else { panic!("one URI was wanted, found {:?}", leaf.names()) };
    assert!(uri.starts_with("https://github.com/sigstore-conformance/"), "{uri}");
    assert_eq!(leaf.issuer(), Some("https://token.actions.githubusercontent.com"));
    let claims = leaf.claims();
    assert_eq!(claims["githubWorkflowTrigger"], claims["buildTrigger"]);
    assert_eq!(claims["githubWorkflowSha"], claims["sourceRepositoryDigest"]);
    assert_eq!(claims["runnerEnvironment"], "github-hosted");
    assert!(claims["sourceRepositoryURI"].starts_with("https://github.com/"));
    assert!(claims["runInvocationURI"].contains("/actions/runs/"));
}

#[test]
fn log_timestamps_with_extensions() {
    check(&vectors("bundle-with-sct-with-extensions")).expect("a good case");
}

#[test]
fn a_log_must_be_known_trusted_then_and_right() {
    let case = vectors("happy-path-v0.3");
    let (leaf, good) = (leaf(&bundle(&case)), root(&case));
    let issuer = verify_chain(&leaf, &[], &good, leaf.not_before()).expect("a path");
    let at = verify_sct(&leaf, &issuer, &good).expect("logged");
    let with = |change: fn(&mut mlbom_sigstore::trusted_root::Log, Timestamp)| {
        let mut root = good.clone();
        root.ct_logs.iter_mut().for_each(|log| change(log, at));
        verify_sct(&leaf, &issuer, &root).map_err(|why| format!("{why:?}"))
    };
    let no = |result: Result<Timestamp, String>| result.expect_err("refused");
    assert!(no(with(|log, _| log.id[0] ^= 1)).contains("UnknownLog"));
    assert!(no(with(|log, _| log.key = LogKey::Unusable(String::new()))).contains("UnknownLog"));
    let before = |log: &mut mlbom_sigstore::trusted_root::Log, at: Timestamp| {
        log.window.end = Timestamp::from_seconds(at.seconds() - 1);
    };
    assert!(no(with(before)).contains("Window"));
    assert!(with(|log, at| log.window.end = Some(at)).is_ok());
    let mut swapped = good.clone();
    let keys: Vec<_> = good.ct_logs.iter().rev().map(|log| log.key.clone()).collect();
    for (log, key) in swapped.ct_logs.iter_mut().zip(keys) {
        log.key = key;
        log.window = mlbom_sigstore::trusted_root::Window::default();
    }
    let why = verify_sct(&leaf, &issuer, &swapped).expect_err("another log's key");
    assert!(format!("{why:?}").contains("Signature"));
}

/// The cases that fail for what is checked here; the others do for their logs, envelopes or artifacts.
const REFUSED: [&str; 13] = [
    "integrated-time-in-future_fail",
    "intoto-expired-certificate_fail",
    "intoto-set-outside-signing-cert-validity_fail",
    "intoto-tsa-timestamp-outside-cert-validity_fail",
    "invalid-ct-key_fail",
    "rekor2-no-timestamp_fail",
    "rekor2-timestamp-outside-trust-root-tsa-validity_fail",
    "rekor2-timestamp-outside-tsa-cert-validity_fail",
    "rekor2-timestamp-payload-mismatch_fail",
    "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail",
    "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail",
    "rekor2-timestamp-with-incorrect-time_fail",
    "bundle-from-wrong-instance_fail",
];

#[test]
fn all_cases() {
    let Some(folder) = std::env::var_os("SIGSTORE_CONFORMANCE_DIR") else {
        assert!(std::env::var_os("CI").is_none(), "SIGSTORE_CONFORMANCE_DIR names no folder of cases");
        return;
    };
    let folder = &Path::new(&folder).join("bundle-verify");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a folder of cases").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let wanted = !name.ends_with("_fail");
        if entry.path().is_dir() && (wanted || REFUSED.contains(&name.as_str())) {
            count += 1;
            let result = check(&entry.path());
            if result.is_ok() != wanted {
                wrong.push((name, result));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count >= 34, "{count} cases, 21 good and 13 others were wanted");
    let start = root(&folder.join("trust-root-tlog-missing-validity-start_fail"));
    assert!(start.logs.iter().any(|log| matches!(log.key, LogKey::Unusable(_))));
}
