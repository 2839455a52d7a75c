//! Entries of logs of our own: key types, kinds and shapes that the suite has none of.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use mlbom_sigstore::envelope::{IN_TOTO, pre_authentication_encoding};
use mlbom_sigstore::key::{Hash, PublicKey};
use mlbom_sigstore::legacy::{Legacy, LegacySignature, LegacyVerifier};
use mlbom_sigstore::log::{Claim, Entry, LogError, LogKey, Proven, Signed, Tolerance, Verifier};
use serde_json::{Value, json};

const ORIGIN: &str = "log.example";
const BLOB: &[u8] = b"weights";
const PAYLOAD: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
/// No log and nothing here verifies it: the bundle's reader does.
const SIGNATURE: &[u8] = b"a signature";
/// What a promise says when there is one.
const TIME: i64 = 1_700_000_000;
const STRICT: Tolerance = Tolerance { promise_alone: false };
const LAX: Tolerance = Tolerance { promise_alone: true };

const P384_CERTIFICATE: &str = include_str!("../vectors/log/p384.pem");

/// A log with a key of its own, which is asked for one entry.
enum Log {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
}

impl Log {
    fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("there is randomness"))
    }

    fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        Self::Ecdsa(EcdsaKeyPair::generate(algorithm).expect("there is randomness"))
    }

    fn key(&self) -> PublicKey {
        let spki: PublicKeyX509Der<'static> = match self {
            Self::Ed25519(pair) => pair.public_key().as_der(),
            Self::Ecdsa(pair) => pair.public_key().as_der(),
        }
        .expect("a key has a DER form");
        PublicKey::from_spki(spki.as_ref()).expect("the key is supported")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Ecdsa(pair) => {
                pair.sign(&SystemRandom::new(), message).expect("signing succeeds").as_ref().to_vec()
            }
        }
    }

    fn id(&self) -> Vec<u8> {
        self.key().spki_digest().as_bytes().to_vec()
    }

    fn hint(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => {
                let raw = [ORIGIN.as_bytes(), b"\n\x01", pair.public_key().as_ref()].concat();
                Sha256::of(&raw).as_bytes()[..4].to_vec()
            }
            Self::Ecdsa(_) => self.id()[..4].to_vec(),
        }
    }

    /// The entry as the second of a tree of two.
    fn entry(&self, body: &Value, promise: bool, proof: bool) -> Value {
        let body = body.to_string();
        let id = self.id();
        let mut entry = json!({
            "logIndex": "1",
            "logId": { "keyId": STANDARD.encode(&id) },
            "canonicalizedBody": STANDARD.encode(&body),
        });
        if promise {
            let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            let body = STANDARD.encode(&body);
            let message =
                format!(r#"{{"body":"{body}","integratedTime":{TIME},"logID":"{id}","logIndex":1}}"#);
            entry["integratedTime"] = json!(TIME.to_string());
            let set = STANDARD.encode(self.sign(message.as_bytes()));
            entry["inclusionPromise"] = json!({ "signedEntryTimestamp": set });
        }
        if proof {
            let sibling = Sha256::of(b"\0first");
            let leaf = Sha256::of(&[b"\0", body.as_bytes()].concat());
            let root = Sha256::of(&[b"\x01", sibling.as_bytes().as_slice(), leaf.as_bytes()].concat());
            entry["inclusionProof"] = json!({
                "logIndex": "1",
                "treeSize": "2",
                "rootHash": STANDARD.encode(root.as_bytes()),
                "hashes": [STANDARD.encode(sibling.as_bytes())],
                "checkpoint": { "envelope": self.checkpoint(&STANDARD.encode(root.as_bytes())) },
            });
        }
        entry
    }

    fn checkpoint(&self, root: &str) -> String {
        let text = format!("{ORIGIN}\n2\n{root}\n");
        let signature = [self.hint(), self.sign(text.as_bytes())].concat();
        format!("{text}\n\u{2014} {ORIGIN} {}\n", STANDARD.encode(signature))
    }

    fn verify(&self, entry: &Value, claim: &Claim<'_>, tolerance: Tolerance) -> Result<Proven, LogError> {
        let (id, key) = (self.id(), self.key());
        Entry::from_json(&entry.to_string())?.verify(
            claim,
            &LogKey { id: &id, key: &key, origin: ORIGIN },
            tolerance,
        )
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Vec<u8> {
    Log::ecdsa(algorithm).key().spki().to_vec()
}

fn rsa() -> Vec<u8> {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).expect("there is randomness");
    let spki: PublicKeyX509Der<'static> = pair.public_key().as_der().expect("a key has a DER form");
    spki.as_ref().to_vec()
}

fn certificate() -> Vec<u8> {
    pem_rfc7468::decode_vec(P384_CERTIFICATE.as_bytes()).expect("the vector is PEM").1
}

fn pem(label: &str, der: &[u8]) -> String {
    let pem = pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).expect("the label is fine");
    STANDARD.encode(pem)
}

fn envelope() -> Signed<'static> {
    Signed::Envelope { payload_type: IN_TOTO, payload: PAYLOAD, signature: SIGNATURE }
}

fn record2(algorithm: &str, digest: &[u8], details: &str, verifier: (&str, &[u8])) -> Value {
    let mut body = json!({ "apiVersion": "0.0.2", "kind": "hashedrekord", "spec": { "hashedRekordV002": {
        "data": { "algorithm": algorithm, "digest": STANDARD.encode(digest) },
        "signature": { "content": STANDARD.encode(SIGNATURE), "verifier": { "keyDetails": details } },
    } } });
    body["spec"]["hashedRekordV002"]["signature"]["verifier"][verifier.0] =
        json!({ "rawBytes": STANDARD.encode(verifier.1) });
    body
}

fn record1(algorithm: &str, digest: &[u8], verifier: &str) -> Value {
    let value: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
        "data": { "hash": { "algorithm": algorithm, "value": value } },
        "signature": { "content": STANDARD.encode(SIGNATURE), "publicKey": { "content": verifier } },
    } })
}

/// Each key type of Rekor 2 with its details, over a file and over an envelope; and each with every other's details.
#[test]
fn key_details() {
    let log = Log::ed25519();
    let cases = [
        ("PKIX_ECDSA_P256_SHA_256", Hash::Sha256, ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING)),
        ("PKIX_ECDSA_P384_SHA_384", Hash::Sha384, ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING)),
        ("PKIX_ECDSA_P521_SHA_512", Hash::Sha512, ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING)),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", Hash::Sha256, rsa()),
        ("PKIX_ED25519_PH", Hash::Sha512, Log::ed25519().key().spki().to_vec()),
    ];
    let others = ["PKIX_RSA_PKCS1V15_3072_SHA256", "PKIX_RSA_PSS_2048_SHA256", "ML_DSA_65", ""];
    for (details, hash, spki) in &cases {
        let algorithm = match hash {
            Hash::Sha256 => "SHA2_256",
            Hash::Sha384 => "SHA2_384",
            Hash::Sha512 => "SHA2_512",
        };
        let over = [hash.of(BLOB), hash.of(&pre_authentication_encoding(IN_TOTO, PAYLOAD))];
        let blob = Signed::Blob { hash: *hash, digest: &over[0], signature: SIGNATURE, sha256: None };
        for (signed, digest) in [(blob, &over[0]), (envelope(), &over[1])] {
            let claim = Claim { signed, verifier: Verifier::Key(spki) };
            for tried in cases.iter().map(|case| case.0).chain(others) {
                let entry = log.entry(&record2(algorithm, digest, tried, ("publicKey", spki)), false, true);
                let found = log.verify(&entry, &claim, STRICT);
                if tried == *details {
                    let proven = found.expect("the details fit");
                    assert_eq!(
                        (proven.kind, proven.index, proven.integrated),
                        ("hashedrekord 0.0.2", 1, None)
                    );
                } else {
                    assert!(matches!(found, Err(LogError::Algorithm(_))), "{details} as {tried}");
                }
            }
        }
    }
}

#[test]
fn certificates_of_rekor_2() {
    let log = Log::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let (der, digest) = (certificate(), Hash::Sha384.of(BLOB));
    let signed = Signed::Blob { hash: Hash::Sha384, digest: &digest, signature: SIGNATURE, sha256: None };
    let claim = Claim { signed, verifier: Verifier::Certificate(&der) };
    let body =
        |details, of: (&str, &[u8])| log.entry(&record2("SHA2_384", &digest, details, of), false, true);
    let right = body("PKIX_ECDSA_P384_SHA_384", ("x509Certificate", &der));
    assert!(log.verify(&right, &claim, STRICT).is_ok());
    for wrong in [
        body("PKIX_ECDSA_P256_SHA_256", ("x509Certificate", &der)),
        body("PKIX_ECDSA_P384_SHA_256", ("x509Certificate", &der)),
        body("PKIX_ECDSA_P384_SHA_384", ("x509Certificate", &der[1..])),
        body("PKIX_ECDSA_P384_SHA_384", ("publicKey", &der)),
        log.entry(
            &record2("SHA2_256", &digest, "PKIX_ECDSA_P384_SHA_384", ("x509Certificate", &der)),
            false,
            true,
        ),
    ] {
        assert!(log.verify(&wrong, &claim, STRICT).is_err(), "{wrong}");
    }
}

/// Rekor 1 has one body for all key types; the hash says which. Its logs may be of any key too.
#[test]
fn hashes_of_rekor_1() {
    let der = certificate();
    let logs = [
        Log::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
        Log::ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
        Log::ed25519(),
    ];
    for log in &logs {
        for (name, hash) in [("sha256", Hash::Sha256), ("sha384", Hash::Sha384), ("sha512", Hash::Sha512)] {
            let digest = hash.of(BLOB);
            let entry = log.entry(&record1(name, &digest, &pem("CERTIFICATE", &der)), true, true);
            let claim = |hash, digest, sha256| Claim {
                signed: Signed::Blob { hash, digest, signature: SIGNATURE, sha256 },
                verifier: Verifier::Certificate(&der),
            };
            let proven =
                log.verify(&entry, &claim(hash, &digest, None), STRICT).expect("it is about the file");
            assert_eq!(proven.integrated.map(mlbom::time::Timestamp::seconds), Some(TIME));
            let other = Hash::Sha384.of(b"other");
            assert!(log.verify(&entry, &claim(Hash::Sha384, &other, None), STRICT).is_err());
            // A signature over SHA-384, and an entry that gives the SHA-256 of the same file.
            let both = log.verify(
                &entry,
                &claim(Hash::Sha384, &Hash::Sha384.of(BLOB), Some(Sha256::of(BLOB))),
                STRICT,
            );
            assert_eq!(both.is_ok(), name != "sha512");
        }
    }
}

#[test]
fn kinds_for_envelopes() {
    let log = Log::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let key = ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING);
    let claim = Claim { signed: envelope(), verifier: Verifier::Key(&key) };
    let hash = json!({ "algorithm": "sha256", "value": Sha256::of(PAYLOAD).to_string() });
    let (verifier, once) = (pem("PUBLIC KEY", &key), STANDARD.encode(SIGNATURE));
    let dsse = json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "envelopeHash": hash, "payloadHash": hash, "signatures": [{ "signature": once, "verifier": verifier }],
    } });
    let intoto = json!({ "apiVersion": "0.0.2", "kind": "intoto", "spec": { "content": {
        "hash": hash, "payloadHash": hash,
        "envelope": { "payloadType": IN_TOTO, "signatures": [{ "sig": STANDARD.encode(&once), "publicKey": verifier }] },
    } } });
    let verify = |body: &Value| log.verify(&log.entry(body, true, true), &claim, STRICT);
    assert_eq!(verify(&dsse).expect("it is about the envelope").kind, "dsse 0.0.1");
    assert_eq!(verify(&intoto).expect("it is about the envelope").kind, "intoto 0.0.2");
    let other = STANDARD.encode(b"another signature");
    let faults = [
        (&dsse, "/apiVersion", json!("0.0.2")),
        (&dsse, "/kind", json!("hashedrekord")),
        (&dsse, "/spec/payloadHash/value", json!(Sha256::of(b"other").to_string())),
        (&dsse, "/spec/payloadHash/algorithm", json!("sha512")),
        (&dsse, "/spec/signatures/0/signature", json!(other)),
        (&dsse, "/spec/signatures/0/verifier", json!(pem("CERTIFICATE", &key))),
        (&dsse, "/spec/signatures/0/verifier", json!(pem("PUBLIC KEY", &key[1..]))),
        (&dsse, "/spec/signatures", json!([])),
        (&dsse, "/spec/signatures", json!([dsse["spec"]["signatures"][0], dsse["spec"]["signatures"][0]])),
        (&intoto, "/apiVersion", json!("0.0.1")),
        (&intoto, "/spec/content/envelope/payloadType", json!("text/plain")),
        (&intoto, "/spec/content/payloadHash/value", json!(Sha256::of(b"other").to_string())),
        (&intoto, "/spec/content/envelope/signatures/0/sig", json!(once)),
        (&intoto, "/spec/content/envelope/signatures/0/sig", json!(STANDARD.encode(&other))),
        (&intoto, "/spec/content/envelope/signatures", json!([])),
    ];
    for (body, pointer, value) in faults {
        let mut wrong = body.clone();
        *wrong.pointer_mut(pointer).expect("the member is there") = value;
        assert!(verify(&wrong).is_err(), "{pointer}: {wrong}");
    }
    let mut later = dsse.clone();
    later["apiVersion"] = json!("0.0.2");
    assert!(matches!(verify(&later), Err(LogError::Kind(kind)) if kind == "dsse 0.0.2"));
    let mut kept = intoto.clone();
    kept["spec"]["content"]["envelope"]["payload"] = json!(STANDARD.encode(STANDARD.encode(PAYLOAD)));
    assert!(verify(&kept).is_ok());
    kept["spec"]["content"]["envelope"]["payload"] = json!(STANDARD.encode(STANDARD.encode(b"other")));
    assert!(verify(&kept).is_err());
}

/// A checkpoint of another origin, which the log signed too, and lines of others.
#[test]
fn checkpoints() {
    let log = Log::ed25519();
    let key = ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let digest = Hash::Sha256.of(BLOB);
    let signed = Signed::Blob { hash: Hash::Sha256, digest: &digest, signature: SIGNATURE, sha256: None };
    let claim = Claim { signed, verifier: Verifier::Key(&key) };
    let body = record2("SHA2_256", &digest, "PKIX_ECDSA_P256_SHA_256", ("publicKey", &key));
    let entry = log.entry(&body, false, true);
    let verify = |note: &str| {
        let mut entry = entry.clone();
        entry["inclusionProof"]["checkpoint"]["envelope"] = json!(note);
        log.verify(&entry, &claim, STRICT)
    };
    let note = entry["inclusionProof"]["checkpoint"]["envelope"].as_str().expect("it is a string");
    assert!(verify(note).is_ok());
    let witness = format!("{note}\u{2014} witness.example AAAAAAAA\n");
    assert!(verify(&witness).is_ok());
    let forged = [log.hint(), vec![0; 64]].concat();
    let both = format!("{note}\u{2014} {ORIGIN} {}\n", STANDARD.encode(forged));
    assert!(matches!(verify(&both), Err(LogError::Checkpoint(_))));
    let elsewhere = note.replace(ORIGIN, "else.example");
    assert!(matches!(verify(&elsewhere), Err(LogError::Checkpoint(_))));
    let other = log.checkpoint(&STANDARD.encode(Sha256::of(b"other").as_bytes()));
    assert!(matches!(verify(&other), Err(LogError::OtherTree)));
    let mut index = entry.clone();
    index["logIndex"] = json!("7");
    assert!(matches!(log.verify(&index, &claim, STRICT), Err(LogError::OtherIndex { said: 7, proven: 1 })));
}

/// cosign's older bundle: a promise alone, which only the tolerant take.
#[test]
fn legacy() {
    let log = Log::ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let key = ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let digest = Hash::Sha256.of(BLOB);
    let made = log.entry(&record1("sha256", &digest, &pem("PUBLIC KEY", &key)), true, false);
    let bundle = json!({
        "base64Signature": STANDARD.encode(SIGNATURE),
        "cert": pem("PUBLIC KEY", &key),
        "rekorBundle": {
            "SignedEntryTimestamp": made["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {
                "body": made["canonicalizedBody"],
                "integratedTime": TIME,
                "logIndex": 1,
                "logID": log.key().spki_digest().to_string(),
            },
        },
    });
    let Legacy { signature: LegacySignature::Blob(signature), verifier, entry: Some(entry) } =
        Legacy::parse(&bundle.to_string()).expect("it is a legacy bundle")
    else {
        panic!("it holds a signature and an entry");
    };
    let Some(LegacyVerifier::Key(found)) = verifier else { panic!("it holds a key") };
    assert_eq!(found.spki(), key);
    let signed = Signed::Blob { hash: Hash::Sha256, digest: &digest, signature: &signature, sha256: None };
    let claim = Claim { signed, verifier: Verifier::Key(found.spki()) };
    let (id, own) = (log.id(), log.key());
    let log = LogKey { id: &id, key: &own, origin: ORIGIN };
    let proven = entry.verify(&claim, &log, LAX).expect("the promise is the log's");
    assert_eq!(
        (proven.inclusion, proven.integrated.map(mlbom::time::Timestamp::seconds)),
        (false, Some(TIME))
    );
    assert!(matches!(entry.verify(&claim, &log, STRICT), Err(LogError::NoProof)));
}
