//! Trusted roots: read, refused, written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use mlbom_sigstore::key::PublicKey;
use mlbom_sigstore::trusted_root::{
    LogKey, NewAuthority, NewLog, NewRootError, NewTrustedRoot, TrustedRoot, TrustedRootError, Window,
};
use serde_json::Value;

use super::{time, vector};

const V01: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

#[test]
fn refused() {
    let root = |media_type: &str, rest: &str| format!(r#"{{"mediaType":"{media_type}"{rest}}}"#);
    for (text, why) in [
        (String::new(), "empty"),
        ("[]".to_owned(), "a list"),
        ("{}".to_owned(), "no media type"),
        (root("application/vnd.dev.sigstore.trustedroot.v9+json", ""), "the future"),
        (root("application/vnd.dev.sigstore.signingconfig.v0.2+json", ""), "another half"),
        (root(V01, r#","tlogs":[],"tlogs":[]"#), "a repeated key"),
        (root(V01, r#","tlogs":[],"x":{"a":1,"a":2}"#), "a repeated key further in"),
        (root(V01, r#","tlogs":{}"#), "no list"),
        (root("application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", ""), "no root in it"),
        (root(V01, &format!(r#","ctlogs":[{}{{}}]"#, "{},".repeat(256))), "too many"),
        (" ".repeat((4 << 20) + 1), "too long"),
    ] {
        assert!(TrustedRoot::parse(&text).is_err(), "{why}");
    }
    let within =
        r#"{"mediaType":"application/vnd.dev.sigstore.clienttrustconfig.v0.1+json","trustedRoot":X}"#;
    assert!(TrustedRoot::parse(&within.replace('X', within)).is_err(), "a configuration in one");
    assert!(TrustedRoot::parse(&within.replace('X', &root(V01, ""))).is_ok());
}

#[test]
fn one_unusable_entry_leaves_the_others() {
    let text = String::from_utf8(vector("trusted-root/cosign.json")).expect("JSON");
    let good = TrustedRoot::parse(&text).expect("cosign's");
    assert!(good.logs.iter().all(|log| log.key.usable().is_some()));
    let change = |pointer: &str, value: Option<Value>| {
        let mut json: Value = serde_json::from_str(&text).expect("JSON");
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let members = json.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        match value {
            Some(value) => members.insert(name.to_owned(), value),
            None => members.remove(name),
        };
        TrustedRoot::parse(&json.to_string()).expect("still a root")
    };
    for (pointer, value) in [
        ("/tlogs/0/publicKey/validFor/start", None),
        ("/tlogs/0/publicKey/validFor", None),
        ("/tlogs/0/publicKey", None),
        ("/tlogs/0/logId", None),
        ("/tlogs/0/hashAlgorithm", Some("SHA2_512".into())),
        ("/tlogs/0/publicKey/keyDetails", Some("PKIX_ED25519_PH".into())),
        ("/tlogs/0/publicKey/keyDetails", Some("PKIX_ECDSA_P384_SHA_384".into())),
        ("/tlogs/0/publicKey/keyDetails", Some(7.into())),
        ("/tlogs/0/publicKey/rawBytes", Some("AAAA".into())),
        ("/tlogs/0/publicKey/validFor/start", Some("yesterday".into())),
    ] {
        let root = change(pointer, value);
        assert!(matches!(root.logs[0].key, LogKey::Unusable(_)), "{pointer}");
        assert!(root.logs[0].key_at(time("2026-01-01T00:00:00Z")).is_none(), "{pointer}");
        assert!(root.logs[1].key_at(time("2026-01-01T00:00:00Z")).is_some(), "{pointer}");
    }
    for (pointer, value) in [
        ("/certificateAuthorities/0/validFor/start", None),
        ("/certificateAuthorities/0/certChain", None),
        ("/certificateAuthorities/0/certChain/certificates", Some(Value::Array(Vec::new()))),
    ] {
        let root = change(pointer, value);
        assert!(root.authorities[0].unusable.is_some(), "{pointer}");
        assert!(!root.authorities[0].is_trusted_at(time("2026-12-01T00:00:00Z")), "{pointer}");
    }
    // What a later version adds is passed over.
    assert!(change("/tlogs/0/somethingNew", Some(1.into())).logs[0].key.usable().is_some());
}

/// Roots of before 2024 may list RSA keys without the SubjectPublicKeyInfo around them.
#[test]
fn keys_of_pkcs1() {
    let whole = PublicKey::from_pem(&vector("keys/cosign-rsa.pub")).expect("a key");
    // The header of the outer SEQUENCE, the AlgorithmIdentifier, the header of the BIT STRING and its unused bits.
    let pkcs1 = &whole.spki()[4 + 15 + 4 + 1..];
    assert_eq!(PublicKey::from_pkcs1(pkcs1).expect("a key").spki(), whole.spki());
    for wrong in [&pkcs1[1..], &pkcs1[..pkcs1.len() - 1], whole.spki(), b""] {
        assert!(PublicKey::from_pkcs1(wrong).is_err());
    }
    let log = |raw: &[u8]| {
        let raw = STANDARD.encode(raw);
        let text = format!(
            r#"{{"mediaType":"{V01}","ctlogs":[{{"hashAlgorithm":"SHA2_256","logId":{{"keyId":"AAAA"}},"publicKey":{{"rawBytes":"{raw}","keyDetails":"PKCS1_RSA_PKCS1V5","validFor":{{"start":"2020-01-01T00:00:00Z"}}}}}}]}}"#
        );
        TrustedRoot::parse(&text).expect("a root").ct_logs.remove(0).key
    };
    assert_eq!(log(pkcs1).usable().map(PublicKey::spki), Some(whole.spki()));
    assert!(log(whole.spki()).usable().is_none(), "the one form under the name of the other");
}

#[test]
fn windows_include_their_ends() {
    let (start, end) = (time("2026-01-01T00:00:00Z"), time("2026-01-02T00:00:00Z"));
    let window = Window { start: Some(start), end: Some(end) };
    assert!(window.contains(start) && window.contains(end));
    assert!(!window.contains(time("2025-12-31T23:59:59Z")) && !window.contains(time("2026-01-02T00:00:01Z")));
    assert!(Window::default().contains(start));
    assert!(!Window { start: Some(end), end: Some(start) }.contains(start), "reversed");
}

#[test]
fn the_embedded_root() {
    let root = TrustedRoot::public_good();
    assert_eq!((root.authorities.len(), root.logs.len()), (2, 2));
    assert_eq!((root.ct_logs.len(), root.timestamp_authorities.len()), (2, 1));
    assert!(root.logs.iter().chain(&root.ct_logs).all(|log| log.key.usable().is_some()));
    let authorities = root.authorities.iter().chain(&root.timestamp_authorities);
    assert!(authorities.clone().all(|authority| authority.unusable.is_none()));
    assert_eq!(root.digest(), TrustedRoot::public_good_digest());
    let origin = include_str!("../../embedded/public-good/ORIGIN.md");
    for text in [root.digest(), Sha256::of(TrustedRoot::public_good_signing_config().as_bytes())] {
        assert!(origin.contains(&text.to_string()));
    }
    assert!(origin.contains(TrustedRoot::public_good_date()));
}

#[test]
fn written_as_cosign_writes() {
    let start = Some(time("2020-01-01T00:00:00Z"));
    let key = |name: &str| PublicKey::from_pem(&vector(&format!("trusted-root/{name}.pem"))).expect(name);
    let window = Window { start, end: None };
    let log = |url: &str, name: &str, origin: Option<&str>| NewLog {
        key: key(name),
        url: url.to_owned(),
        origin: origin.map(str::to_owned),
        window,
    };
    let authority = |url: &str, name: &str, window| NewAuthority {
        chain_pem: vector(&format!("trusted-root/{name}.pem")),
        url: url.to_owned(),
        window,
    };
    let mut new = NewTrustedRoot {
        authorities: vec![authority("https://fulcio.example", "chain", window)],
        logs: vec![
            log("https://log2.example:8443/x", "ed", Some("log2.example")),
            log("https://log2ec.example", "ec", Some("log2ec.example/a")),
            log("https://log1.example", "ec2", None),
            log("https://log1ed.example", "ed", None),
            log("https://log1rsa.example", "rsa", None),
            log("https://log1p384.example", "p384", None),
            log("https://log1p521.example", "p521", None),
        ],
        ct_logs: vec![log("https://ct.example/a", "ec2", None)],
        timestamp_authorities: vec![authority(
            "https://tsa.example/api/v1/timestamp",
            "tsachain",
            Window { start, end: Some(time("2029-12-31T23:00:00+02:00")) },
        )],
    };
    new.logs[2].window.end = Some(time("2030-01-01T00:00:00Z"));
    let written = new.to_json().expect("parts that go together");
    // cosign writes the logs in another order each time.
    let sorted = |text: &[u8]| {
        let mut json: Value = serde_json::from_slice(text).expect("JSON");
        let logs = json["tlogs"].as_array_mut().expect("a list");
        logs.sort_by_key(|log| log["baseUrl"].to_string());
        json
    };
    assert_eq!(sorted(written.as_bytes()), sorted(&vector("trusted-root/cosign.json")));
    TrustedRoot::parse(&written).expect("what is written is read");

    let mut same = new.clone();
    same.ct_logs.push(log("https://ct.example/b", "ec2", None));
    assert!(matches!(same.to_json(), Err(NewRootError::SameKey(_))));
    let mut open = new.clone();
    open.logs[0].window.start = None;
    assert!(matches!(open.to_json(), Err(NewRootError::Window(_))));
    let mut reversed = new.clone();
    reversed.authorities[0].window.end = Some(time("2019-01-01T00:00:00Z"));
    assert!(matches!(reversed.to_json(), Err(NewRootError::Window(_))));
    new.authorities[0].chain_pem = vector("trusted-root/ed.pem");
    assert!(matches!(new.to_json(), Err(NewRootError::Chain { .. })));
}

#[test]
fn private_authorities() {
    assert!(TrustedRoot::from_certificates(b"").is_err());
    let intermediate = TrustedRoot::from_certificates(&vector("tsa/int.pem"));
    assert!(matches!(intermediate, Err(TrustedRootError::NoAnchor)));
    assert!(TrustedRoot::from_certificates(&vector("trusted-root/ed.pem")).is_err(), "a key");
    let root = TrustedRoot::from_certificates(&vector("tsa/ca.pem")).expect("a root");
    assert!(root.logs.is_empty() && root.ct_logs.is_empty() && root.timestamp_authorities.is_empty());
}
