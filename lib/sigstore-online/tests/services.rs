//! Fulcio, Rekor, timestamp authorities and runners, played by a stand-in on loopback.

mod server;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;
use mlbom_sigstore::envelope::pre_authentication_encoding;
use mlbom_sigstore::key::{Hash, PublicKey};
use mlbom_sigstore_online::fulcio::{self, FulcioError};
use mlbom_sigstore_online::rekor::{self, NewEntry, RekorError, Verifier};
use mlbom_sigstore_online::token::{self, AmbientError};
use mlbom_sigstore_online::tsa::{self, TsaError};
use mlbom_sigstore_online::{Client, HttpError, IdentityToken, Limits, Url};
use serde_json::{Value, json};
use server::{Got, Say, Server, client, tlv};

const NOW: i64 = 1_795_262_400;

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW).expect("a time")
}

fn raw_token() -> String {
    let claims = json!({ "iss": "https://issuer.example", "sub": "s", "email": "a@example.com",
        "email_verified": true, "aud": "sigstore", "exp": NOW + 600 });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(r#"{"alg":"ES256"}"#), part(&claims.to_string()), part("a signature, of sorts"))
}

fn identity() -> IdentityToken {
    IdentityToken::parse(&raw_token(), now()).expect("a token")
}

fn sign(key: &aws_lc_rs::signature::EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(&aws_lc_rs::rand::SystemRandom::new(), message).expect("signed").as_ref().to_vec()
}

/// A P-256 key and its public half.
fn pair() -> (aws_lc_rs::signature::EcdsaKeyPair, PublicKey) {
    use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("its DER");
    let public = PublicKey::from_spki(der.as_ref()).expect("a public key");
    (pair, public)
}

/// A certificate of `spki` that nobody signed.
fn certificate(spki: &[u8]) -> Vec<u8> {
    let algorithm = tlv(0x30, &[&[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]);
    let time = tlv(0x17, &[b"260101000000Z"]);
    let validity = tlv(0x30, &[&time, &time]);
    let nobody = tlv(0x30, &[]);
    let tbs = tlv(0x30, &[&[0xa0, 3, 2, 1, 2, 2, 1, 1], &algorithm, &nobody, &validity, &nobody, spki]);
    tlv(0x30, &[&tbs, &algorithm, &tlv(0x03, &[&[0, 1, 2, 3]])])
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn ask_fulcio(server: &Server, client: &Client) -> (PublicKey, Result<Vec<Vec<u8>>, FulcioError>) {
    let (secret, public) = pair();
    let chain =
        fulcio::certificate(client, &server.url, &identity(), &public, &|message| Ok(sign(&secret, message)));
    (public, chain)
}

#[test]
fn no_token_in_any_error() {
    let parts = raw_token();
    for say in [400, 401, 500] {
        let server = Server::new(move |_, got| {
            let mut said = got.body.clone();
            said.extend(b"\x1b[2J");
            Say::status(say, said)
        });
        let err = ask_fulcio(&server, &client()).1.expect_err("refused");
        let told = format!("{err} {err:?}");
        assert!(told.contains(&format!("answered {say}: ")), "{told}");
        assert!(parts.split('.').all(|part| !told.contains(part)), "{told}");
        assert!(!told.contains('\x1b') && told.len() < 2000, "{told}");
        assert_eq!(server.got().len(), 1, "a refusal is not asked for again");
    }
}

#[test]
fn no_redirect_is_followed() {
    let other = Server::new(|_, _| Say::ok("{}"));
    for status in [301, 302, 303, 307, 308] {
        let to = format!("location: {}/x", other.url);
        let server = Server::new(move |_, _| Say::status(status, "").header(&to));
        let err = ask_fulcio(&server, &client()).1.expect_err("not followed").to_string();
        assert!(err.contains("a redirection to") && err.contains(other.url.as_str()), "{err}");
        let runner = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/token", server.url)),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer-of-the-job".to_owned()),
        ];
        let env = |name: &str| runner.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
        let err = token::ambient(&client(), &env, &token::run_program, now()).expect_err("not followed");
        assert!(matches!(err, AmbientError::Http(HttpError::Redirect { .. })), "{err}");
    }
    assert!(other.got().is_empty());
}

#[test]
fn limits_and_repetitions() {
    let big = Server::new(|_, _| Say::ok(vec![b' '; 300 << 10]));
    let err = ask_fulcio(&big, &client()).1.expect_err("big");
    assert!(matches!(err, FulcioError::Http(HttpError::TooBig { .. })), "{err}");

    let limits =
        Limits { whole: Duration::from_millis(500), backoff: Duration::from_millis(5), ..Limits::default() };
    let hasty = Client::with_limits(&|_| None, limits).expect("no proxy");
    let slow =
        Server::new(|_, _| Say { pause: Some(Duration::from_millis(100)), ..Say::ok(vec![b' '; 100]) });
    let err = ask_fulcio(&slow, &hasty).1.expect_err("slow");
    assert!(matches!(err, FulcioError::Http(HttpError::Timeout { .. })), "{err}");
    assert_eq!(slow.got().len(), 1);

    for (status, times) in [(429, 4), (502, 4), (503, 4), (500, 1), (404, 1), (409, 1)] {
        let server = Server::new(move |_, _| Say::status(status, "no"));
        assert!(ask_fulcio(&server, &client()).1.is_err());
        assert_eq!(server.got().len(), times, "{status}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let nobody = Url::parse(&format!("http://{nobody}")).expect("loopback");
    let err = tsa::timestamp(&client(), &nobody, b"s").expect_err("nobody is there");
    assert!(matches!(err, TsaError::Http(HttpError::Connection { .. })), "{err}");
}

/// The key that a request to Fulcio is about, in DER.
fn key_of(got: &Got) -> Vec<u8> {
    let request: Value = serde_json::from_slice(&got.body).expect("JSON");
    let pem = request["publicKeyRequest"]["publicKey"]["content"].as_str().expect("a text").to_owned();
    PublicKey::from_pem(pem.as_bytes()).expect("a key").spki().to_vec()
}

#[test]
fn certificates() {
    for kind in ["signedCertificateEmbeddedSct", "signedCertificateDetachedSct"] {
        let server = Server::new(move |_, got| {
            let chain = [pem(&certificate(&key_of(got))), pem(&certificate(pair().1.spki()))];
            Say::ok(json!({ kind: { "chain": { "certificates": chain } } }).to_string())
        });
        let (key, chain) = ask_fulcio(&server, &client());
        let chain = chain.expect("a chain");
        assert_eq!((chain.len(), &chain[0]), (2, &certificate(key.spki())));
        let got = &server.got()[0];
        assert!(got.head.starts_with("POST /api/v2/signingCert HTTP/1.1\r\n"), "{}", got.head);
        let request: Value = serde_json::from_slice(&got.body).expect("JSON");
        assert_eq!(request["credentials"]["oidcIdentityToken"], raw_token());
        let proof = request["publicKeyRequest"]["proofOfPossession"].as_str().expect("a text");
        assert!(key.verifies(b"a@example.com", &STANDARD.decode(proof).expect("base64")));
    }
}

#[test]
fn chains_that_are_none() {
    let other = pem(&certificate(pair().1.spki()));
    let with = |chain: Vec<String>| json!({ "signedCertificateEmbeddedSct": { "chain": { "certificates": chain } } });
    for (answer, told) in [
        (String::new(), "not a chain"),
        ("{}".to_owned(), "not a chain"),
        ("\u{0}".to_owned(), "not a chain"),
        (with(vec![]).to_string(), "has 0 certificates"),
        (with(vec![other.clone(); 11]).to_string(), "has 11 certificates"),
        (with(vec!["x".to_owned()]).to_string(), "certificate 1"),
        (with(vec![other.clone(), other.replace("CERTIFICATE", "PUBLIC KEY")]).to_string(), "certificate 2"),
        (with(vec![other]).to_string(), "not for the key"),
    ] {
        let server = Server::new(move |_, _| Say::ok(answer.clone()));
        let err = ask_fulcio(&server, &client()).1.expect_err(told).to_string();
        assert!(err.contains(told), "{told}: {err}");
    }
    let unused = Server::new(|_, _| Say::ok("{}"));
    let err = fulcio::certificate(&client(), &unused.url, &identity(), &pair().1, &|_| Ok(vec![0]));
    assert!(matches!(err, Err(FulcioError::Signature)));
    assert!(unused.got().is_empty(), "the token does not leave for nothing");
}

/// A token over `digest` with `nonce`, and what `status` says.
fn time_stamp(status: u8, digest: &[u8], nonce: &[u8]) -> Vec<u8> {
    let sha256: &[u8] = &[0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    let imprint = tlv(0x30, &[&tlv(0x30, &[sha256, &[5, 0]]), &tlv(4, &[digest])]);
    let policy = &[0x06, 3, 0x2a, 3, 4][..];
    let time = tlv(0x18, &[b"20261121120000.5Z"]);
    let nonce = if nonce.is_empty() { vec![] } else { tlv(2, &[nonce]) };
    let info =
        tlv(0x30, &[&[2, 1, 1], policy, &imprint, &[2, 1, 7], &time, &tlv(0x30, &[&[2, 1, 1]]), &nonce]);
    let tst: &[u8] = &[0x06, 11, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 16, 1, 4];
    let content = tlv(0x30, &[tst, &tlv(0xa0, &[&tlv(4, &[&info])])]);
    let signed = tlv(0x30, &[&[2, 1, 3], &tlv(0x31, &[]), &content, &tlv(0x31, &[])]);
    let data: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let token = tlv(0x30, &[data, &tlv(0xa0, &[&signed])]);
    let text = tlv(0x30, &[&tlv(0x0c, &[b"not\ntoday"])]);
    match status {
        0 | 1 => tlv(0x30, &[&tlv(0x30, &[&[2, 1, status]]), &token]),
        _ => tlv(0x30, &[&tlv(0x30, &[&[2, 1, status], &text])]),
    }
}

#[test]
fn timestamps() {
    let granted = Server::new(|_, got| Say::status(201, time_stamp(0, &got.body[24..56], &got.body[58..66])));
    let answer = tsa::timestamp(&client(), &granted.url, b"a signature").expect("granted");
    let got = &granted.got()[0];
    assert!(got.head.to_lowercase().contains("content-type: application/timestamp-query\r\n"));
    assert_eq!(&got.body[24..56], Sha256::of(b"a signature").as_bytes());
    assert_eq!(answer, time_stamp(0, &got.body[24..56], &got.body[58..66]), "as it was received");
    let modified = Server::new(|_, got| Say::ok(time_stamp(1, &got.body[24..56], &got.body[58..66])));
    assert!(tsa::timestamp(&client(), &modified.url, b"a signature").is_ok(), "granted with modifications");

    type Make = fn(&[u8], &[u8]) -> Vec<u8>;
    let cases: [(Make, &str); 8] = [
        (|digest, _| time_stamp(0, digest, &[0x41; 8]), "nonce"),
        (|digest, _| time_stamp(0, digest, &[]), "nonce"),
        (|_, nonce| time_stamp(0, &[7; 32], nonce), "not over the signature"),
        (|digest, nonce| time_stamp(2, digest, nonce), "status 2, \"not\\\\u{a}today\""),
        (|_, _| vec![], "not a timestamp"),
        (|_, _| b"<html>".to_vec(), "not a timestamp"),
        (|digest, nonce| [&time_stamp(0, digest, nonce)[..], &[0]].concat(), "not a timestamp"),
        (|digest, nonce| time_stamp(0, digest, nonce)[..60].to_vec(), "not a timestamp"),
    ];
    for (make, told) in cases {
        let server = Server::new(move |_, got| Say::ok(make(&got.body[24..56], &got.body[58..66])));
        let err = tsa::timestamp(&client(), &server.url, b"s").expect_err(told).to_string();
        assert!(err.contains(told), "{told}: {err}");
    }
}

/// An envelope of a small statement, and its signature.
fn envelope(secret: &aws_lc_rs::signature::EcdsaKeyPair) -> (String, Vec<u8>) {
    let signature = sign(secret, &pre_authentication_encoding("application/vnd.in-toto+json", b"{}"));
    let envelope = json!({ "payload": STANDARD.encode("{}"), "payloadType": "application/vnd.in-toto+json",
        "signatures": [{ "sig": STANDARD.encode(&signature) }] });
    (envelope.to_string(), signature)
}

fn entry_v1(body: &Value) -> Value {
    json!({ "24296fb2": { "body": STANDARD.encode(body.to_string()), "integratedTime": NOW, "logID": "ab".repeat(32),
        "logIndex": 70, "verification": { "signedEntryTimestamp": STANDARD.encode("set"), "inclusionProof": {
            "checkpoint": "log\n2\nroot\n", "hashes": ["cd".repeat(32)], "logIndex": 0, "rootHash": "ef".repeat(32),
            "treeSize": 2 } } } })
}

/// What a version 1 log makes of a request.
fn logged_v1(got: &Got) -> Value {
    let request: Value = serde_json::from_slice(&got.body).expect("JSON");
    if request["kind"] == "hashedrekord" {
        return entry_v1(&request);
    }
    let content = &request["spec"]["proposedContent"];
    let envelope: Value = serde_json::from_str(content["envelope"].as_str().expect("a text")).expect("JSON");
    let payload = STANDARD.decode(envelope["payload"].as_str().expect("a text")).expect("base64");
    let value = Sha256::of(&payload).to_string();
    entry_v1(&json!({ "apiVersion": "0.0.1", "kind": "dsse", "spec": {
        "payloadHash": { "algorithm": "sha256", "value": value },
        "signatures": [{ "signature": envelope["signatures"][0]["sig"], "verifier": content["verifiers"][0] }] } }))
}

#[test]
fn version_1_logs() {
    let (secret, public) = pair();
    let der = certificate(public.spki());
    let (envelope, signature) = envelope(&secret);
    let digest = *Sha256::of(b"blob").as_bytes();
    let key = Verifier { key: &public, certificate: None };
    let entries = [
        NewEntry::Dsse { envelope: &envelope, verifier: Verifier { key: &public, certificate: Some(&der) } },
        NewEntry::Blob { hash: Hash::Sha256, digest: &digest, signature: &signature, verifier: key },
    ];
    for entry in &entries {
        let server = Server::new(|_, got| Say::status(201, logged_v1(got).to_string()));
        let text = rekor::log_v1(&client(), &server.url, entry).expect("logged");
        let entry: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(entry["logIndex"], "70");
        assert_eq!(entry["logId"]["keyId"], STANDARD.encode([0xab; 32]));
        assert_eq!(entry["integratedTime"], NOW.to_string());
        assert_eq!(entry["inclusionPromise"]["signedEntryTimestamp"], STANDARD.encode("set"));
        assert_eq!(
            entry["inclusionProof"],
            json!({ "logIndex": "0", "treeSize": "2",
            "rootHash": STANDARD.encode([0xef; 32]), "hashes": [STANDARD.encode([0xcd; 32])],
            "checkpoint": { "envelope": "log\n2\nroot\n" } })
        );
    }
    // What is there already is fetched.
    let body = std::sync::Mutex::new(None);
    let server = Server::new(move |_, got| {
        let mut body = body.lock().expect("no test panics here");
        match &*body {
            None => {
                *body = Some(logged_v1(got).to_string());
                Say::status(409, "there").header("location: /api/v1/log/entries/24296fb2")
            }
            Some(entry) => Say::ok(entry.clone()),
        }
    });
    rekor::log_v1(&client(), &server.url, &entries[0]).expect("found");
    assert!(server.got()[1].head.starts_with("GET /api/v1/log/entries/24296fb2 "));
}

#[test]
fn version_1_refusals() {
    let (secret, public) = pair();
    let (envelope, _) = envelope(&secret);
    let entry =
        NewEntry::Dsse { envelope: &envelope, verifier: Verifier { key: &public, certificate: None } };
    for location in ["location: https://evil.example/x", "location: //evil.example/x", "x-nothing: y"] {
        let server = Server::new(move |_, _| Say::status(409, "there").header(location));
        let err = rekor::log_v1(&client(), &server.url, &entry).expect_err(location);
        assert!(matches!(err, RekorError::Conflict(_)), "{err}");
    }
    let changes: [(&str, Value, &str); 8] = [
        ("/24296fb2/logIndex", json!(-1), "malformed"),
        ("/24296fb2/logID", json!("AB".repeat(32)), "logID"),
        ("/24296fb2/verification/inclusionProof/rootHash", json!("ab"), "rootHash"),
        ("/24296fb2/verification/inclusionProof/hashes", json!(["x"]), "hashes"),
        ("/24296fb2/verification/inclusionProof/treeSize", json!(0), "treeSize"),
        ("/24296fb2/verification/inclusionProof/checkpoint", json!(""), "checkpoint"),
        ("/24296fb2/verification/signedEntryTimestamp", json!(""), "signedEntryTimestamp"),
        (
            "/24296fb2/body",
            json!(STANDARD.encode(r#"{"kind":"dsse","apiVersion":"0.0.1","spec":{}}"#)),
            "not the one that was sent",
        ),
    ];
    for (pointer, value, told) in changes {
        let server = Server::new(move |_, got| {
            let mut answer = logged_v1(got);
            *answer.pointer_mut(pointer).expect(pointer) = value.clone();
            Say::status(201, answer.to_string())
        });
        let err = rekor::log_v1(&client(), &server.url, &entry).expect_err(told).to_string();
        assert!(err.contains(told), "{told}: {err}");
    }
    let two = Server::new(|_, got| {
        let mut answer = logged_v1(got);
        answer["second"] = answer["24296fb2"].clone();
        Say::status(201, answer.to_string())
    });
    assert!(rekor::log_v1(&client(), &two.url, &entry).is_err());
}

#[test]
fn version_2_logs() {
    let (secret, public) = pair();
    let (envelope, signature) = envelope(&secret);
    let der = certificate(public.spki());
    let verifier = Verifier { key: &public, certificate: Some(&der) };
    let entry = NewEntry::Dsse { envelope: &envelope, verifier };
    // Entry 0, as protobuf JSON has it: no index, no hashes.
    let answer = |got: &Got| {
        let request: Value = serde_json::from_slice(&got.body).expect("JSON");
        let request = &request["hashedRekordRequestV002"];
        let body = json!({ "apiVersion": "0.0.2", "kind": "hashedrekord", "spec": { "hashedRekordV002": {
            "data": { "algorithm": "SHA2_256", "digest": request["digest"] }, "signature": request["signature"] } } });
        json!({ "logId": { "keyId": STANDARD.encode([1; 32]) }, "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
            "integratedTime": "0", "inclusionProof": { "rootHash": STANDARD.encode([2; 32]), "treeSize": "1",
            "checkpoint": { "envelope": "log\n1\nroot\n" } }, "canonicalizedBody": STANDARD.encode(body.to_string()) })
    };
    let server = Server::new(move |_, got| Say::status(201, answer(got).to_string()));
    let text = rekor::log_v2(&client(), &server.url, &entry).expect("logged");
    let logged: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&logged["logIndex"], &logged["inclusionProof"]["logIndex"]), (&json!("0"), &json!("0")));
    assert_eq!(logged["inclusionProof"]["hashes"], json!([]));
    assert!(logged.get("integratedTime").is_none());
    let request: Value = serde_json::from_slice(&server.got()[0].body).expect("JSON");
    let signed = pre_authentication_encoding("application/vnd.in-toto+json", b"{}");
    assert_eq!(
        request["hashedRekordRequestV002"],
        json!({
        "digest": STANDARD.encode(Sha256::of(&signed).as_bytes()),
        "signature": { "content": STANDARD.encode(&signature), "verifier": {
            "x509Certificate": { "rawBytes": STANDARD.encode(&der) }, "keyDetails": "PKIX_ECDSA_P256_SHA_256" } } })
    );

    for (pointer, value) in [
        ("/inclusionProof/treeSize", json!("01")),
        ("/inclusionProof/treeSize", json!("0")),
        ("/inclusionProof/rootHash", json!("AA==")),
        ("/kindVersion/version", json!("0.0.1")),
        ("/logId/keyId", json!("")),
        ("/canonicalizedBody", json!("")),
    ] {
        let server = Server::new(move |_, got| {
            let mut answer = answer(got);
            *answer.pointer_mut(pointer).expect(pointer) = value.clone();
            Say::ok(answer.to_string())
        });
        assert!(rekor::log_v2(&client(), &server.url, &entry).is_err(), "{pointer}");
    }
    let short = NewEntry::Blob { hash: Hash::Sha256, digest: b"short", signature: b"s", verifier };
    assert!(matches!(rekor::log_v2(&client(), &server.url, &short), Err(RekorError::Digest { .. })));
    let wide = NewEntry::Blob { hash: Hash::Sha384, digest: &[0; 48], signature: b"s", verifier };
    assert!(matches!(rekor::log_v2(&client(), &server.url, &wide), Err(RekorError::Digest { .. })));
}

#[test]
fn tokens_of_a_runner() {
    let server = Server::new(|_, _| Say::ok(json!({ "count": 1, "value": raw_token() }).to_string()));
    let runner = |url: String| {
        move |name: &str| match name {
            "GITHUB_ACTIONS" => Some("true".to_owned()),
            "ACTIONS_ID_TOKEN_REQUEST_URL" => Some(url.clone()),
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN" => Some("bearer-of-the-job".to_owned()),
            _ => None,
        }
    };
    let env = runner(format!("{}/token?api-version=2.0", server.url));
    let token =
        token::ambient(&client(), &env, &token::run_program, now()).expect("granted").expect("a token");
    assert_eq!(token.subject(), "a@example.com");
    let head = server.got()[0].head.clone();
    assert!(head.starts_with("GET /token?api-version=2.0&audience=sigstore "), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer bearer-of-the-job\r\n"), "{head}");

    for answer in ["", "{}", r#"{"value":"x"}"#, "bearer-of-the-job"] {
        for status in [200, 403] {
            let server = Server::new(move |_, _| Say::status(status, answer));
            let env = runner(format!("{}/token", server.url));
            let err = token::ambient(&client(), &env, &token::run_program, now()).expect_err(answer);
            assert!(!format!("{err} {err:?}").contains("bearer-of-the-job"), "{err}");
        }
    }
}
