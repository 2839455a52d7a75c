//! Certificates and their paths, made by openssl.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom_sigstore::certificate::{Certificate, CertificateError, Name, chain_from_pem};
use mlbom_sigstore::chain::{ChainError, verify_chain};
use mlbom_sigstore::trusted_root::TrustedRoot;

use super::{time, vector};

fn pem(name: &str) -> Vec<u8> {
    vector(&format!("tsa/{name}.pem"))
}

fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&pem(name)).expect(name)
}

fn der(name: &str) -> Vec<u8> {
    chain_from_pem(&pem(name)).expect(name).remove(0)
}

fn root(name: &str) -> TrustedRoot {
    TrustedRoot::from_certificates(&pem(name)).expect(name)
}

const NOW: &str = "2026-12-01T00:00:00Z";

#[test]
fn refused() {
    let wrong = |name: &str| Certificate::from_pem(&pem(name)).expect_err(name);
    assert!(matches!(wrong("leaf-1024"), CertificateError::Key(_)));
    assert!(matches!(wrong("leaf-p192"), CertificateError::Key(_)));
    assert!(matches!(wrong("two-issuers"), CertificateError::Issuers { .. }));
    let good = der("leaf");
    assert!(Certificate::parse(&[&good[..], &[0]].concat()).is_err(), "a byte more");
    assert!(Certificate::parse(&good[..good.len() - 1]).is_err(), "a byte less");
    assert!(matches!(Certificate::parse(&vec![0x30; 65 << 10]), Err(CertificateError::TooLong(_))));
    let key = vector("trusted-root/ec.pem");
    assert!(matches!(chain_from_pem(&key), Err(CertificateError::Label(_))));
    let many = pem("leaf").repeat(33);
    assert!(matches!(chain_from_pem(&many), Err(CertificateError::Count(33, 32))));
    assert!(matches!(chain_from_pem(b"-----BEGIN CERTIFICATE-----\n"), Err(CertificateError::Pem)));
    assert!(matches!(Certificate::from_pem(&pem("leaf").repeat(2)), Err(CertificateError::Count(2, 1))));
}

#[test]
fn names_and_claims() {
    let leaf = certificate("leaf");
    let want = [
        Name::Email("a@example.com".into()),
        Name::Uri("https://example.com/a".into()),
        Name::Dns("example.com".into()),
        Name::Ip("127.0.0.1".into()),
        Name::Other("a!example.com".into()),
        Name::Unread,
    ];
    assert_eq!(leaf.names(), want);
    assert_eq!(leaf.issuer(), Some("https://idp1"));
    let claims: Vec<_> = leaf.claims().iter().map(|(name, claim)| (*name, claim.as_str())).collect();
    assert_eq!(claims, [("buildTrigger", "push"), ("githubWorkflowTrigger", "push")]);
    assert_eq!(leaf.not_before(), time("2020-01-01T00:00:00Z"));
    assert!(leaf.is_valid_at(leaf.not_before()) && leaf.is_valid_at(leaf.not_after()));
    assert!(
        !leaf.is_valid_at(time("2019-12-31T23:59:59Z")) && !leaf.is_valid_at(time("2050-01-01T00:00:01Z"))
    );
}

#[test]
fn purposes() {
    for (name, want) in [
        ("leaf", true),
        ("plain", true),
        ("server", false),
        ("nousage", false),
        ("encrypts", false),
        ("ca", false),
        ("int", false),
        ("p256", false),
    ] {
        assert_eq!(certificate(name).allows_code_signing(), want, "{name}");
    }
}

#[test]
fn paths() {
    let (root, at) = (root("ca"), time(NOW));
    let issuer = verify_chain(&certificate("leaf"), &[der("int")], &root, at).expect("a path");
    assert_eq!((issuer.certificate, issuer.anchor), (der("int"), der("ca")));
    verify_chain(&certificate("plain"), &[der("ca"), der("int"), der("deep")], &root, at)
        .expect("in any order");
    let chain = [pem("int"), pem("ca")].concat();
    let listed = TrustedRoot::from_certificates(&chain).expect("both");
    verify_chain(&certificate("leaf"), &[], &listed, at).expect("the root lists the intermediate");
}

#[test]
fn no_paths() {
    let at = time(NOW);
    let ca = root("ca");
    let no = |leaf: &str, with: &[&str], root: &TrustedRoot, at| {
        let with: Vec<_> = with.iter().map(|name| der(name)).collect();
        verify_chain(&certificate(leaf), &with, root, at).expect_err(leaf)
    };
    assert!(matches!(no("leaf", &[], &ca, at), ChainError::NoPath(_)), "no intermediate");
    assert!(matches!(no("leaf", &["int"], &root("look-alike"), at), ChainError::NoPath(_)), "a look-alike");
    let other = root("tsa-root");
    assert!(matches!(no("leaf", &["int", "ca"], &other, at), ChainError::NoPath(_)), "a root sent along");
    assert!(matches!(no("deep-leaf", &["deep", "int"], &ca, at), ChainError::NoPath(_)), "too deep");
    assert!(matches!(no("nosign-leaf", &["nosign"], &ca, at), ChainError::Issuer), "may not issue");
    assert!(matches!(no("past", &["int"], &ca, at), ChainError::Expired { .. }), "expired");
    let early = time("2019-06-01T00:00:00Z");
    assert!(matches!(no("leaf", &["int"], &ca, early), ChainError::Expired { .. }), "not yet");
    assert!(matches!(no("old-leaf", &[], &root("old-ca"), at), ChainError::Anchor(_)), "the root expired");
    verify_chain(&certificate("old-leaf"), &[], &root("old-ca"), time("2020-06-01T00:00:00Z"))
        .expect("before");
    for leaf in ["server", "nousage", "encrypts", "int", "ca"] {
        assert!(matches!(no(leaf, &["int"], &ca, at), ChainError::Purpose), "{leaf}");
    }
    assert!(matches!(no("leaf", &["int"; 17], &ca, at), ChainError::TooMany(17)));
}

/// A root that lists intermediates is asked for them, and for their windows: a signature brings none that was taken off.
#[test]
fn intermediates_of_a_trusted_root() {
    let at = time(NOW);
    let authority = |names: &[&str], end: &str| {
        let raw = |name: &&str| format!(r#"{{"rawBytes":"{}"}}"#, STANDARD.encode(der(name)));
        let chain: Vec<_> = names.iter().map(raw).collect();
        let window = format!(r#"{{"start":"2020-01-01T00:00:00Z"{end}}}"#);
        format!(r#"{{"certChain":{{"certificates":[{}]}},"validFor":{window}}}"#, chain.join(","))
    };
    let root = |authorities: &[String]| {
        let list = authorities.join(",");
        let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
        let text = format!(r#"{{"mediaType":"{media_type}","certificateAuthorities":[{list}]}}"#);
        TrustedRoot::parse(&text).expect("a root")
    };
    let over = r#","end":"2020-01-02T00:00:00Z""#;
    let leaf = certificate("leaf");
    for (authorities, brought, holds, why) in [
        (&[authority(&["int", "ca"], "")][..], &[][..], true, "listed"),
        (&[authority(&["ca"], "")], &["int"], true, "the anchor alone says nothing of intermediates"),
        (&[authority(&["ca"], "")], &[], false, "not brought"),
        (&[authority(&["nosign", "ca"], "")], &["int"], false, "not one of those that are listed"),
        (&[authority(&["int", "ca"], over)], &["int"], false, "over"),
        (
            &[authority(&["int", "ca"], over), authority(&["nosign", "ca"], "")],
            &["int"],
            false,
            "over elsewhere",
        ),
    ] {
        let brought: Vec<_> = brought.iter().map(|name| der(name)).collect();
        assert_eq!(verify_chain(&leaf, &brought, &root(authorities), at).is_ok(), holds, "{why}");
    }
}

#[test]
fn no_flipped_byte_holds() {
    let (root, at, good) = (root("ca"), time(NOW), der("leaf"));
    let between = [der("int")];
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 1;
        let holds =
            Certificate::parse(&bad).is_ok_and(|leaf| verify_chain(&leaf, &between, &root, at).is_ok());
        assert!(!holds, "byte {place}");
    }
}
