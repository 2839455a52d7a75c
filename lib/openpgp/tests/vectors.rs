//! Signatures and keys that GnuPG wrote, and each of their bytes changed.

use mlbom::time::Timestamp;
use mlbom_openpgp::{
    Hash, KeyProblem, Keyring, KeyringError, Signature, SignatureError, Signer, VerifyError,
};

const MESSAGE: &[u8] = include_bytes!("vectors/message");

fn read(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn keyring(name: &str) -> Keyring {
    Keyring::parse(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn now() -> Timestamp {
    time("2026-01-01T00:00:00Z")
}

fn verify(keyring: &Keyring, signature: &[u8], data: &[u8], at: Timestamp) -> Result<Signer, String> {
    let signatures = Signature::parse(signature).map_err(|error| error.to_string())?;
    let mut last = Err("no signature".to_owned());
    for signature in signatures {
        let mut verifier = signature.verifier();
        data.chunks(7).for_each(|piece| verifier.update(piece));
        last = Ok(verifier.finish(keyring, at).map_err(|error| error.to_string())?);
    }
    last
}

fn outcome(key: &str, signature: &str, at: Timestamp) -> Result<Signer, VerifyError> {
    let signatures =
        Signature::parse(&read(signature)).unwrap_or_else(|error| panic!("{signature}: {error}"));
    let mut verifier = signatures[0].verifier();
    verifier.update(MESSAGE);
    verifier.finish(&keyring(key), at)
}

fn problem(key: &str, signature: &str) -> KeyProblem {
    match outcome(key, signature, now()) {
        Err(VerifyError::Key { problem, .. }) => problem,
        other => panic!("{key} {signature}: {other:?}"),
    }
}

#[test]
fn refused_signatures() {
    for (name, wanted) in [
        ("sha1.sig", SignatureError::Hash("SHA-1".to_owned())),
        ("text.sig", SignatureError::Text),
        ("dsa.sig", SignatureError::Algorithm("DSA".to_owned())),
        ("inline.gpg", SignatureError::Message),
        ("clear.asc", SignatureError::Cleartext),
        ("critical.sig", SignatureError::Subpacket(mlbom_openpgp::SubpacketError::Critical(20))),
        ("ed25519.pub", SignatureError::Tag(6)),
    ] {
        assert_eq!(Signature::parse(&read(name)).err(), Some(wanted), "{name}");
    }
}

#[test]
fn refused_keyrings() {
    for (name, wanted) in [
        ("private.gpg", KeyringError::Private),
        ("sign-nistp256.asc", KeyringError::Private),
        ("ed25519.sig", KeyringError::Message),
        ("inline.gpg", KeyringError::Message),
    ] {
        assert_eq!(Keyring::parse(&read(name)).err(), Some(wanted), "{name}");
    }
    let twice = read("ed25519.pub").repeat(2);
    assert!(matches!(Keyring::parse(&twice), Err(KeyringError::Repeated(_))));
}

#[test]
fn refused_keys() {
    assert_eq!(problem("rsa1024.pub", "rsa1024.sig"), KeyProblem::Weak(1024));
    let brainpool = KeyProblem::Unsupported("ECDSA over brainpoolP256r1".to_owned());
    assert_eq!(problem("brainpool.pub", "brainpool.sig"), brainpool);
    assert_eq!(problem("weakself.pub", "weakself.sig"), unchecked("self-signature"));
    assert!(matches!(problem("expired.pub", "after.sig"), KeyProblem::Expired(_)));
    assert_eq!(problem("revoked0.pub", "revoked0-before.sig"), KeyProblem::Revoked);
    assert_eq!(problem("revoked0.pub", "revoked0-after.sig"), KeyProblem::Revoked);
    let retired = KeyProblem::Retired(time("2025-03-01T00:00:00Z"));
    assert_eq!(problem("revoked1.pub", "revoked1-after.sig"), retired);
    assert_eq!(problem("revoked3.pub", "revoked3-after.sig"), retired);
    assert_eq!(problem("subrevoked.pub", "subrevoked.sig"), KeyProblem::Revoked);
    // That it was made before is the signature's own word: whoever found the key later would say so too.
    let (then, end) = (time("2025-02-20T00:00:00Z"), time("2025-04-01T00:00:00Z"));
    assert_eq!(problem("expired.pub", "before.sig"), KeyProblem::Expired(end));
    assert!(outcome("expired.pub", "before.sig", then).is_ok());
    let retired = KeyProblem::Retired(time("2025-03-01T00:00:00Z"));
    for name in ["revoked1", "revoked3"] {
        let (key, signature) = (format!("{name}.pub"), format!("{name}-before.sig"));
        assert_eq!(problem(&key, &signature), retired);
        assert!(outcome(&key, &signature, then).is_ok(), "{name}");
    }
}

fn unchecked(statement: &'static str) -> KeyProblem {
    KeyProblem::Unchecked { statement, flaw: SignatureError::Hash("SHA-1".to_owned()) }
}

/// What GnuPG goes by is not passed over because its hash is weak.
#[test]
fn statements_that_cannot_be_checked() {
    assert_eq!(problem("weakend.pub", "weakend.sig"), unchecked("self-signature"));
    assert_eq!(problem("weaksub.pub", "weaksub.sig"), unchecked("binding signature"));
    // The revoked name counts for nothing, the other one does.
    assert_eq!(problem("weakuser.pub", "weakuser.sig"), KeyProblem::NoSelfSignature);
    assert!(outcome("weakother.pub", "weakuser.sig", now()).is_ok());
    // It is not the latest word, or a stranger's.
    assert!(outcome("renewed.pub", "renewed.sig", now()).is_ok());
    assert!(outcome("certified.pub", "certified.sig", now()).is_ok());
    let text = unchecked("self-signature").to_string();
    assert_eq!(
        text,
        "has a self-signature that may be its latest and cannot be checked: it is over SHA-1, SHA-256, SHA-384 or \
         SHA-512 was wanted"
    );
}

#[test]
fn refused_times() {
    let made = time("2025-06-01T00:00:00Z");
    let before = time("2025-05-31T23:59:59Z");
    assert_eq!(
        outcome("ed25519.pub", "ed25519.sig", before),
        Err(VerifyError::Future { created: made, at: before })
    );
    let end = time("2025-06-11T00:00:00Z");
    assert_eq!(outcome("ed25519.pub", "expires.sig", end), Err(VerifyError::Expired(end)));
    assert!(outcome("ed25519.pub", "expires.sig", time("2025-06-10T23:59:59Z")).is_ok());
    // The second certification is of the second of February; until then the first one counts.
    assert!(outcome("extended.pub", "before.sig", time("2025-02-01T00:00:00Z")).is_err());
}

#[test]
fn refused_strangers() {
    let Err(VerifyError::NoKey(name)) = outcome("rsa2048.pub", "ed25519.sig", now()) else {
        panic!("a stranger's signature");
    };
    let own: Vec<String> = keyring("ed25519.pub").fingerprints().collect();
    assert_eq!([name], own[..]);
    let other = verify(&keyring("ed25519.pub"), &read("ed25519.sig"), b"other data", now());
    assert_eq!(other, Err("does not match the data".to_owned()));
    assert!(verify(&keyring("ed25519.pub"), &read("ed25519.sig"), b"", now()).is_err());
    assert!(verify(&keyring("ed25519.pub"), &read("two.sig"), MESSAGE, now()).is_err());
}

/// What nobody signed may name another key, in the place of the one that signed or beside it.
#[test]
fn issuers_that_are_not() {
    let good = read("ed25519.sig");
    let own: Vec<String> = keyring("ed25519.pub").fingerprints().collect();
    // The unsigned area is the last: the issuer's id in ten bytes.
    let id = good.windows(2).rposition(|place| place == [9, 16]).expect("an issuer") + 2;
    let mut other = good.clone();
    other[id..id + 8].fill(7);
    let verify = |signature: &[u8], key: &str, data: &[u8]| {
        let mut verifier = Signature::parse(signature).expect("a signature")[0].verifier();
        verifier.update(data);
        verifier.finish(&keyring(key), now()).expect_err("refused")
    };
    let stranger = "07".repeat(8);
    let wanted = VerifyError::Issuer { key: own[0].clone(), issuer: stranger.clone() };
    assert_eq!(verify(&other, "ed25519.pub", MESSAGE), wanted);
    // Whose it is shows only in what was signed.
    let several = VerifyError::Issuers(own[0].clone(), stranger);
    assert_eq!(verify(&other, "ed25519.pub", b"other data"), several);
    assert_eq!(verify(&other, "rsa2048.pub", MESSAGE), several);
    assert_eq!(verify(&good, "rsa2048.pub", MESSAGE), VerifyError::NoKey(own[0].clone()));
}

#[test]
fn accepted() {
    for (key, signature, key_type) in [
        ("rsa2048.pub", "rsa2048.sig", "rsa-2048"),
        ("rsa3072.pub", "rsa3072.sig", "rsa-3072"),
        ("rsa3072.pub", "sha256.sig", "rsa-3072"),
        ("rsa3072.pub", "sha384.sig", "rsa-3072"),
        ("ed25519.pub", "ed25519.sig", "ed25519"),
        ("ed25519.pub", "notation.sig", "ed25519"),
        ("ed25519.pub", "armored.asc", "ed25519"),
        ("nistp256.pub", "nistp256.sig", "ecdsa-p256"),
        ("nistp384.pub", "nistp384.sig", "ecdsa-p384"),
        ("nistp521.pub", "nistp521.sig", "ecdsa-p521"),
        ("subkey.pub", "subkey.sig", "ed25519"),
        ("extended.pub", "after.sig", "ed25519"),
        ("armored.pub", "two.sig", "rsa-2048"),
    ] {
        let signer = verify(&keyring(key), &read(signature), MESSAGE, now());
        let signer = signer.unwrap_or_else(|error| panic!("{key} {signature}: {error}"));
        assert_eq!(signer.key_type, key_type, "{signature}");
        assert_eq!(signer.signing_key == signer.fingerprint, key != "subkey.pub");
        assert!(keyring(key).fingerprints().any(|name| name == signer.fingerprint));
    }
    assert_eq!(Signature::parse(&read("sha384.sig")).expect("a signature")[0].hash(), Hash::Sha384);
    let signer =
        outcome("ed25519.pub", "ed25519.sig", time("2025-06-01T00:00:00Z")).expect("the same second");
    assert_eq!(signer.created, time("2025-06-01T00:00:00Z"));
}

/// No bit of a signature can be another.
#[test]
fn changed_signatures() {
    for name in ["rsa2048", "ed25519", "nistp256", "subkey"] {
        let keyring = keyring(&format!("{name}.pub"));
        let good = read(&format!("{name}.sig"));
        assert!(verify(&keyring, &good, MESSAGE, now()).is_ok());
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                assert!(verify(&keyring, &bad, MESSAGE, now()).is_err(), "{name}: byte {place}, bit {bit}");
            }
            assert!(verify(&keyring, &good[..place], MESSAGE, now()).is_err(), "{name}: cut at {place}");
        }
        for place in 0..MESSAGE.len() {
            let mut bad = MESSAGE.to_vec();
            bad[place] ^= 1;
            assert!(verify(&keyring, &good, &bad, now()).is_err(), "{name}: byte {place} of the message");
        }
    }
}

/// A changed certificate never makes another signer, gives a key back its trust, or ends the program.
#[test]
fn changed_keyrings() {
    for (name, signature) in [
        ("rsa2048", "rsa2048"),
        ("nistp256", "nistp256"),
        ("subkey", "subkey"),
        ("expired", "after"),
        ("revoked0", "revoked0-before"),
        ("revoked3", "revoked3-after"),
        ("subrevoked", "subrevoked"),
        ("weakuser", "weakuser"),
    ] {
        let good = read(&format!("{name}.pub"));
        let signature = read(&format!("{signature}.sig"));
        let wanted = verify(&keyring(&format!("{name}.pub")), &signature, MESSAGE, now());
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                let found = Keyring::parse(&bad)
                    .map_err(|error| error.to_string())
                    .and_then(|keyring| verify(&keyring, &signature, MESSAGE, now()));
                assert!(found.is_err() || found == wanted, "{name}: byte {place}, bit {bit}: {found:?}");
            }
            let _ = Keyring::parse(&good[..place]);
        }
    }
}
