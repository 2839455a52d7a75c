//! A small TUF repository, served by a stand-in on loopback, as it should be and in each way that it should not.

mod server;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;
use mlbom_sigstore_online::tuf::{Refreshed, SIGNING_CONFIG, TRUSTED_ROOT, TufError, TufSource, refresh};
use serde_json::{Value, json};
use server::{Say, Server, client};

const ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
const CONFIG: &str = r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}"#;
const FAR: &str = "2030-01-01T00:00:00Z";

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a time")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

type Files = BTreeMap<String, Vec<u8>>;

/// One key for all roles.
struct Repository {
    key: Ed25519KeyPair,
    files: Arc<Mutex<Files>>,
    server: Server,
    root: Vec<u8>,
}

impl Repository {
    fn new() -> Self {
        let key = Ed25519KeyPair::generate().expect("a key");
        let files = Arc::new(Mutex::new(Files::new()));
        let served = Arc::clone(&files);
        let server = Server::new(move |_, got| {
            let path = got.head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
            let files = served.lock().expect("no test panics here");
            files.get(&path).map_or_else(|| Say::status(404, "none"), |file| Say::ok(file.clone()))
        });
        let mut new = Self { key, files, server, root: Vec::new() };
        let key = json!({ "keytype": "ed25519", "scheme": "ed25519",
            "keyval": { "public": hex(new.key.public_key().as_ref()) } });
        let role = json!({ "keyids": ["k"], "threshold": 1 });
        new.root =
            new.signed(&json!({ "_type": "root", "spec_version": "1.0.0", "version": 1, "expires": FAR,
            "consistent_snapshot": true, "keys": { "k": key },
            "roles": { "root": role, "timestamp": role, "snapshot": role, "targets": role } }));
        new.publish(1, FAR, &[(TRUSTED_ROOT, ROOT), (SIGNING_CONFIG, CONFIG)]);
        new
    }

    fn signed(&self, signed: &Value) -> Vec<u8> {
        let bytes = sigstore_tuf::canonical_json::to_canonical_bytes(signed).expect("no fractions");
        let sig = hex(self.key.sign(&bytes).as_ref());
        json!({ "signed": signed, "signatures": [{ "keyid": "k", "sig": sig }] }).to_string().into_bytes()
    }

    fn publish(&self, version: u64, expires: &str, targets: &[(&str, &str)]) {
        let listed: serde_json::Map<String, Value> = targets
            .iter()
            .map(|(name, text)| {
                let digest = Sha256::of(text.as_bytes()).to_string();
                ((*name).to_owned(), json!({ "length": text.len(), "hashes": { "sha256": digest } }))
            })
            .collect();
        let role = |kind: &str, more: Value| {
            let mut signed =
                json!({ "_type": kind, "spec_version": "1.0.0", "version": version, "expires": expires });
            let (key, value) = more.as_object().and_then(|more| more.iter().next()).expect("one member");
            signed[key] = value.clone();
            self.signed(&signed)
        };
        let pin = |bytes: &[u8]| json!({ "version": version, "length": bytes.len(), "hashes": { "sha256": Sha256::of(bytes).to_string() } });
        let list = role("targets", json!({ "targets": listed }));
        let snapshot = role("snapshot", json!({ "meta": { "targets.json": pin(&list) } }));
        let timestamp = role("timestamp", json!({ "meta": { "snapshot.json": pin(&snapshot) } }));
        let mut files = self.files.lock().expect("no test panics here");
        files.insert(format!("{version}.targets.json"), list);
        files.insert(format!("{version}.snapshot.json"), snapshot);
        files.insert("timestamp.json".to_owned(), timestamp);
        for (name, text) in targets {
            files.insert(target(name, text), text.as_bytes().to_vec());
        }
    }

    fn put(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.files.lock().expect("no test panics here").insert(name.to_owned(), bytes.into());
    }

    fn refresh(&self, dir: &Path) -> Result<Refreshed, TufError> {
        refresh(&client(), dir, &TufSource { url: &self.server.url, root: &self.root }, now())
    }
}

fn target(name: &str, text: &str) -> String {
    format!("targets/{}.{name}", Sha256::of(text.as_bytes()))
}

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().expect("a directory")
}

#[test]
fn fresh_files() {
    let (repository, dir) = (Repository::new(), dir());
    let into = dir.path().join("new");
    let refreshed = repository.refresh(&into).expect("fresh");
    assert_eq!((refreshed.root_version, refreshed.targets_version, refreshed.timestamp_version), (1, 1, 1));
    assert_eq!(refreshed.expires.to_string(), FAR);
    assert_eq!(fs::read_to_string(into.join(TRUSTED_ROOT)).expect("there"), ROOT);
    assert_eq!(fs::read_to_string(into.join(SIGNING_CONFIG)).expect("there"), CONFIG);
    let newer = ROOT.replace('{', "{ ");
    repository.publish(2, FAR, &[(TRUSTED_ROOT, &newer)]);
    let refreshed = repository.refresh(&into).expect("newer");
    assert_eq!((refreshed.targets_version, refreshed.signing_config), (2, None));
    // The services of yesterday are not those of the new root.
    assert!(!into.join(SIGNING_CONFIG).exists());
    assert_eq!(fs::read_to_string(into.join(TRUSTED_ROOT)).expect("there"), newer);
}

/// It is the caller's file, and no fault of the repository's.
#[test]
fn roots_to_begin_with_that_are_none() {
    let (repository, dir) = (Repository::new(), dir());
    let other = Repository::new();
    let unsigned = String::from_utf8(repository.root.clone()).expect("text").replace("2030", "2031");
    for (root, why) in
        [(&b""[..], "empty"), (b"{}", "no root"), (b"\x80", "no text"), (unsigned.as_bytes(), "changed")]
    {
        let into = dir.path().join("new");
        let err =
            refresh(&client(), &into, &TufSource { url: &other.server.url, root }, now()).expect_err(why);
        assert!(matches!(err, TufError::Root(_)), "{why}: {err:?}");
        assert!(!into.exists(), "{why}");
    }
}

#[test]
fn older_metadata_is_noticed_the_next_time() {
    let (repository, dir) = (Repository::new(), dir());
    let older = repository.files.lock().expect("no test panics here").clone();
    repository.publish(2, FAR, &[(TRUSTED_ROOT, ROOT)]);
    repository.refresh(dir.path()).expect("fresh");
    *repository.files.lock().expect("no test panics here") = older;
    let err = repository.refresh(dir.path()).expect_err("older");
    assert!(matches!(err, TufError::Rollback { found: 1, known: 2, .. }), "{err}");
    // And if what was kept cannot be read, that is said, and not taken for a first time.
    let kept = dir.path().join("tuf/timestamp.json");
    fs::remove_file(&kept).expect("there");
    fs::create_dir(&kept).expect("free");
    let err = repository.refresh(dir.path()).expect_err("unreadable");
    assert!(matches!(err, TufError::Store { .. }), "{err}");
}

#[test]
fn refusals() {
    type Change = fn(&Repository);
    let cases: [(&str, Change); 9] = [
        ("expired", |repository| repository.publish(1, "2026-11-21T11:59:59Z", &[(TRUSTED_ROOT, ROOT)])),
        ("integrity", |repository| repository.put(&target(TRUSTED_ROOT, ROOT), ROOT.replace('1', "2"))),
        ("more than", |repository| repository.put(&target(TRUSTED_ROOT, ROOT), format!("{ROOT} "))),
        ("integrity", |repository| repository.put(&target(TRUSTED_ROOT, ROOT), &ROOT[1..])),
        ("not listed", |repository| repository.publish(1, FAR, &[(SIGNING_CONFIG, CONFIG)])),
        ("not what its name says", |repository| repository.publish(1, FAR, &[(TRUSTED_ROOT, "{}")])),
        ("not what its name says", |repository| {
            repository.publish(1, FAR, &[(TRUSTED_ROOT, ROOT), (SIGNING_CONFIG, ROOT)]);
        }),
        ("more than", |repository| repository.put("timestamp.json", vec![b' '; 20_000])),
        ("cannot be trusted", |repository| repository.put("2.root.json", repository.root.clone())),
    ];
    for (told, change) in cases {
        let (repository, dir) = (Repository::new(), dir());
        change(&repository);
        let err = repository.refresh(dir.path()).expect_err(told).to_string();
        assert!(err.contains(told), "{told}: {err}");
        assert!(
            !dir.path().join(TRUSTED_ROOT).exists() && !dir.path().join(SIGNING_CONFIG).exists(),
            "{told}"
        );
    }
    let (repository, other, dir) = (Repository::new(), Repository::new(), dir());
    let source = TufSource { url: &other.server.url, root: &repository.root };
    let err = refresh(&client(), dir.path(), &source, now()).expect_err("other keys").to_string();
    assert!(err.contains("threshold"), "{err}");
}
