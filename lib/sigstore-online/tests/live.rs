//! Real services: wants a private Sigstore and `SIGNING_CONFIG` (a file), `IDENTITY_TOKEN`, `STATEMENT`
//! (a file) and `BUNDLE` (a file to write).

#![allow(missing_docs, reason = "a test")]

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::time::Timestamp;
use mlbom_sigstore::envelope::{IN_TOTO, pre_authentication_encoding};
use mlbom_sigstore::key::PublicKey;
use mlbom_sigstore_online::rekor::{self, NewEntry, Verifier};
use mlbom_sigstore_online::{Client, IdentityToken, RekorVersion, Services, fulcio, tsa};
use serde_json::{Value, json};

#[test]
#[ignore = "wants a private Sigstore"]
fn keyless() {
    let set = |name: &str| std::env::var(name).expect(name);
    let now = Timestamp::now();
    let config = std::fs::read_to_string(set("SIGNING_CONFIG")).expect("readable");
    let services = Services::from_signing_config(&config, now, None).expect("a signing configuration");
    let token = IdentityToken::parse(&set("IDENTITY_TOKEN"), now).expect("a token");
    let client = Client::new(&|_| None).expect("no proxy");
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its DER");
    let key = PublicKey::from_spki(der.as_ref()).expect("a public key");
    let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).expect("signed").as_ref().to_vec();

    let url = services.fulcio.as_ref().expect("a Fulcio");
    let chain =
        fulcio::certificate(&client, url, &token, &key, &|message| Ok(sign(message))).expect("a certificate");
    let statement = std::fs::read(set("STATEMENT")).expect("readable");
    let signature = sign(&pre_authentication_encoding(IN_TOTO, &statement));
    let envelope = json!({ "payload": STANDARD.encode(&statement), "payloadType": IN_TOTO,
        "signatures": [{ "sig": STANDARD.encode(&signature) }] });
    let text = envelope.to_string();
    let entry =
        NewEntry::Dsse { envelope: &text, verifier: Verifier { key: &key, certificate: Some(&chain[0]) } };
    let logged = services.rekor.iter().map(|(url, version)| match version {
        RekorVersion::V1 => rekor::log_v1(&client, url, &entry).expect("logged"),
        RekorVersion::V2 => rekor::log_v2(&client, url, &entry).expect("logged"),
    });
    let logged: Vec<Value> = logged.map(|text| serde_json::from_str(&text).expect("JSON")).collect();
    let stamped = services.tsa.iter().map(|url| {
        let stamp = tsa::timestamp(&client, url, &signature).expect("a timestamp");
        json!({ "signedTimestamp": STANDARD.encode(stamp) })
    });
    let stamped: Vec<Value> = stamped.collect();
    let bundle = json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "dsseEnvelope": envelope,
        "verificationMaterial": { "certificate": { "rawBytes": STANDARD.encode(&chain[0]) }, "tlogEntries": logged,
        "timestampVerificationData": { "rfc3161Timestamps": stamped } } });
    std::fs::write(set("BUNDLE"), bundle.to_string()).expect("writable");
}
