//! Timestamps by openssl's authority, of each kind of key.

use mlbom_sigstore::timestamp::{TimestampError, Timestamped, verify_timestamp};
use mlbom_sigstore::trusted_root::{NewAuthority, NewTrustedRoot, TrustedRoot, Window};

use super::{time, vector, window};

/// A root whose one timestamp authority lists these certificates.
fn root(names: &[&str], window: Window) -> TrustedRoot {
    let chain_pem = names.iter().flat_map(|name| vector(&format!("tsa/{name}.pem"))).collect();
    let authority = NewAuthority { chain_pem, url: "https://tsa.example".to_owned(), window };
    let new = NewTrustedRoot { timestamp_authorities: vec![authority], ..NewTrustedRoot::default() };
    TrustedRoot::parse(&new.to_json().expect("a root")).expect("a root")
}

fn verify(token: &str, names: &[&str]) -> Result<Timestamped, TimestampError> {
    verify_timestamp(&vector(&format!("tsa/{token}")), &vector("tsa/signature.bin"), &root(names, window()))
}

#[test]
fn refused() {
    let no = |token: &str, names: &[&str]| verify(token, names).expect_err(token);
    assert!(matches!(no("rsa1024.tsr", &["rsa1024", "tsa-root"]), TimestampError::Signer));
    assert!(matches!(no("expired.tsr", &["loose", "tsa-root"]), TimestampError::Chain(_)));
    assert!(matches!(no("sha1-imprint.tsr", &["p256", "tsa-root"]), TimestampError::Algorithm(_)));
    assert!(matches!(no("sha1-signer.tsr", &["p256", "tsa-root"]), TimestampError::Algorithm(_)));
    assert!(matches!(no("p256.tsr", &["rsa", "tsa-root"]), TimestampError::Signer));
    assert!(
        matches!(no("p256-embedded.tsr", &["rsa", "tsa-root"]), TimestampError::Signer),
        "another is listed"
    );
    assert!(matches!(no("p256-embedded.tsr", &["ca"]), TimestampError::Chain(_)), "another root");
    assert!(matches!(no("p256.tsr", &["tsa-root"]), TimestampError::Signer), "nothing embedded");
    assert!(matches!(no("p256.tsr", &["p256"]), TimestampError::Chain(_)), "no authority above it");
    assert!(matches!(no("p256.tsr", &["p256", "ca"]), TimestampError::Chain(_)), "not issued by it");

    let (token, signature) = (vector("tsa/p256.tsr"), vector("tsa/signature.bin"));
    let good = root(&["p256", "tsa-root"], window());
    let at = verify_timestamp(&token, &signature, &good).expect("a timestamp").at;
    assert!(matches!(verify_timestamp(&token, b"another", &good), Err(TimestampError::Imprint)));
    assert!(verify_timestamp(&[&token[..], &[0]].concat(), &signature, &good).is_err(), "a byte more");
    assert!(verify_timestamp(&vec![0x30; 257 << 10], &signature, &good).is_err(), "too long");
    assert!(verify_timestamp(&[0x30, 5, 0x30, 3, 2, 1, 2], &signature, &good).is_err(), "rejection");
    for (start, end) in
        [("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), ("2049-01-01T00:00:00Z", "2050-01-01T00:00:00Z")]
    {
        let outside = Window { start: Some(time(start)), end: Some(time(end)) };
        let why = verify_timestamp(&token, &signature, &root(&["p256", "tsa-root"], outside));
        assert!(matches!(why, Err(TimestampError::Untrusted(_))), "{start}");
    }
    for exact in [Window { start: Some(at), end: None }, Window { end: Some(at), ..window() }] {
        verify_timestamp(&token, &signature, &root(&["p256", "tsa-root"], exact))
            .expect("both ends are included");
    }
}

#[test]
fn accepted() {
    for (token, names, authority) in [
        ("rsa.tsr", &["rsa", "tsa-root"][..], "rsa clock"),
        ("rsa-sha512.tsr", &["rsa", "tsa-root"], "rsa clock"),
        ("rsa-fraction.tsr", &["rsa", "tsa-root"], "rsa clock"),
        ("rsa-v1.tsr", &["rsa", "tsa-root"], "rsa clock"),
        ("p256.tsr", &["p256", "tsa-root"], "p256 clock"),
        ("p256.token", &["p256", "tsa-root"], "p256 clock"),
        ("p256-embedded.tsr", &["p256", "tsa-root"], "p256 clock"),
        ("p256-embedded.tsr", &["tsa-root"], "p256 clock"),
        ("p384.tsr", &["p384", "tsa-root"], "p384 clock"),
        ("p521.tsr", &["p521", "tsa-root"], "p521 clock"),
    ] {
        let stamped = verify(token, names).unwrap_or_else(|why| panic!("{token}: {why}"));
        assert_eq!(stamped.authority, authority, "{token}");
        assert_eq!(stamped.at.nanoseconds().map(|all| all % 1_000_000_000), Some(0), "{token}");
    }
}

/// In a bare token without certificates every byte counts.
#[test]
fn no_flipped_byte_holds() {
    let (good, signature) = (vector("tsa/p256.token"), vector("tsa/signature.bin"));
    let root = root(&["p256", "tsa-root"], window());
    for place in 0..good.len() {
        for bit in [0, place % 8] {
            let mut bad = good.clone();
            bad[place] ^= 1 << bit;
            assert!(verify_timestamp(&bad, &signature, &root).is_err(), "byte {place}, bit {bit}");
        }
    }
    for length in 0..good.len() {
        assert!(verify_timestamp(&good[..length], &signature, &root).is_err(), "{length} bytes");
    }
}

/// In a response with certificates some bytes are nobody's business, but none changes what is attested.
#[test]
fn no_flipped_byte_changes_what_is_attested() {
    for names in [&["p256", "tsa-root"][..], &["tsa-root"]] {
        let (good, signature) = (vector("tsa/p256-embedded.tsr"), vector("tsa/signature.bin"));
        let root = root(names, window());
        let want = verify_timestamp(&good, &signature, &root).expect("a timestamp");
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            if let Ok(stamped) = verify_timestamp(&bad, &signature, &root) {
                assert_eq!(stamped, want, "byte {place}");
            }
        }
    }
}
