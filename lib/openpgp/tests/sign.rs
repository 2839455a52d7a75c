//! Signatures of our own, checked by our verifier and by the crate that reads the keys.
#![cfg(feature = "sign")]

use std::cell::Cell;
use std::io;

use mlbom::time::Timestamp;
use mlbom_openpgp::{KeyProblem, SecretKey, SecretKeyError, SignError, Signature};
use pgp::composed::{Deserializable as _, DetachedSignature, SignedSecretKey};

fn read(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn at() -> Timestamp {
    "2025-06-01T00:00:00Z".parse().expect("a time")
}

fn no_password() -> io::Result<Vec<u8>> {
    Err(io::Error::other("not wanted"))
}

fn secret(name: &str) -> SecretKey {
    SecretKey::parse(&read(name), || Ok(b"secret".to_vec())).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn refusals() {
    for (bytes, wanted) in [
        (read("sign-locked.sec"), "is locked, and its password cannot be read"),
        (read("ed25519.pub"), "holds a public key, the private key was wanted"),
        (read("armored.pub"), "holds a public key, the private key was wanted"),
        (read("ed25519.sig"), "holds 0 private keys, one was wanted"),
        ([read("sign-rsa2048.sec"), read("private.gpg")].concat(), "holds 2 private keys, one was wanted"),
        (b"words".to_vec(), "is neither armored nor binary OpenPGP"),
        (read("sign-rsa2048.sec")[..100].to_vec(), "ends inside a packet"),
    ] {
        assert_eq!(
            SecretKey::parse(&bytes, no_password).err().map(|it| it.to_string()).as_deref(),
            Some(wanted)
        );
    }
    for (name, wanted) in [
        ("dsa.sec", "is of type DSA, RSA, ECDSA over a NIST curve or Ed25519 was wanted"),
        ("certifying.sec", "is not marked as a key that signs data"),
    ] {
        let told = SecretKey::parse(&read(name), no_password).err().map(|it| it.to_string());
        assert!(told.as_ref().is_some_and(|told| told.ends_with(wanted)), "{name}: {told:?}");
    }
    let wrong = SecretKey::parse(&read("sign-locked.sec"), || Ok(b"Secret".to_vec()));
    assert!(matches!(wrong, Err(SecretKeyError::Password)));
    let young = secret("private.gpg").sign_detached(&b""[..], Timestamp::from_seconds(0).expect("a time"));
    assert!(matches!(young, Err(SignError::NoKey { problem: KeyProblem::NoSelfSignature, .. })), "{young:?}");
    let early = secret("private.gpg").sign_detached(&b""[..], Timestamp::from_seconds(-1).expect("a time"));
    assert!(matches!(early, Err(SignError::Time(_))));
}

#[test]
fn changed_keys_end_nothing() {
    let good = read("private.gpg");
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x41;
        if let Ok(key) = SecretKey::parse(&bad, no_password) {
            let _ = key.sign_detached(&b"data"[..], at());
        }
    }
}

#[test]
fn signatures() {
    for name in [
        "sign-rsa2048.sec",
        "sign-nistp256.asc",
        "sign-subkey.sec",
        "sign-locked.sec",
        "private.gpg",
        "sign-v6.asc",
    ] {
        let key = secret(name);
        let text =
            key.sign_detached(&b"some data"[..], at()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let signature = &Signature::parse(text.as_bytes()).expect("a signature")[0];
        let mut verifier = signature.verifier();
        verifier.update(b"some data");
        let signer = verifier.finish(key.keyring(), at()).expect("a signature that holds");
        assert_eq!(signer.created, at());
        assert_eq!(signer.signing_key == signer.fingerprint, name != "sign-subkey.sec");
        assert!(signature.verifier().finish(key.keyring(), at()).is_err());
        assert!(theirs(name, &text, b"some data"), "{name}");
        assert!(!theirs(name, &text, b"other data"), "{name}");
    }
}

/// One password, asked for once, opens all keys that sign; one that only encrypts stays locked.
#[test]
fn several_locked_keys() {
    for (name, by_subkey) in [("sign-locked-rsa.sec", false), ("sign-locked-subkey.sec", true)] {
        let asked = Cell::new(0);
        let password = || {
            asked.set(asked.get() + 1);
            Ok(b"secret".to_vec())
        };
        let key = SecretKey::parse(&read(name), password).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(asked.get(), 1, "{name}");
        let text = key.sign_detached(&b"some data"[..], at()).expect("a signature");
        assert!(theirs(name, &text, b"some data"), "{name}");
        let mut verifier = Signature::parse(text.as_bytes()).expect("a signature")[0].verifier();
        verifier.update(b"some data");
        let signer = verifier.finish(key.keyring(), at()).expect("a signature that holds");
        assert_eq!(signer.signing_key != signer.fingerprint, by_subkey, "{name}");
        let wrong = SecretKey::parse(&read(name), || Ok(b"Secret".to_vec()));
        assert!(matches!(wrong, Err(SecretKeyError::Password)), "{name}");
    }
}

/// The numbers of an Ed25519 signature lose their leading zeros, one time in 128.
#[test]
fn short_numbers() {
    let key = secret("private.gpg");
    for number in 0..300_u32 {
        key.sign_detached(&number.to_be_bytes()[..], at()).expect("a signature");
    }
}

/// What the other implementation says of our signature.
fn theirs(key: &str, signature: &str, data: &[u8]) -> bool {
    let bytes = read(key);
    let key = if bytes.starts_with(b"-") {
        SignedSecretKey::from_string(std::str::from_utf8(&bytes).expect("text")).expect("a key").0
    } else {
        SignedSecretKey::from_bytes(&bytes[..]).expect("a key")
    };
    let public = key.to_public_key();
    let (signature, _) = DetachedSignature::from_string(signature).expect("a signature");
    signature.verify(&public.primary_key, data).is_ok()
        || public.public_subkeys.iter().any(|subkey| signature.verify(&subkey.key, data).is_ok())
}
