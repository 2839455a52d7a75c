//! Digests that nobody computed do not come out as computed at the end of any pipe: not signed, not verified, not captured,
//! not merged, and not from a cache.

use mlbom_tests::{Ran, Scratch};
use serde_json::{Value, json};

const A: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const LIE: &str = "00000000000000000000000000000000000000000000000000000000000000ff";
/// The arguments of mlbom-hash for each source.
const SOURCES: [(&str, &str); 4] = [
    ("cached", "--cache c.json hub/models--o--n/snapshots/c"),
    ("oci-manifest", "--from-oci-manifest oci.json hub/models--o--n/snapshots/c"),
    ("sums", "--from-sums sums.txt hub/models--o--n/snapshots/c"),
    ("blob-name", "--trust-blob-names hub/models--o--n/snapshots/c"),
];

/// A snapshot of one file in a Hub cache, which every source has a digest of, and a key.
fn known() -> Scratch {
    let scratch = Scratch::empty();
    scratch.write(&format!("hub/models--o--n/blobs/{LIE}"), b"abc");
    scratch.ok(&format!(
        "mkdir -p hub/models--o--n/snapshots/c; ln -s ../../blobs/{LIE} hub/models--o--n/snapshots/c/w"
    ));
    scratch.ok(&format!("printf '{LIE}  w\\n' > sums.txt; mlbom-sign --new-key k.pem"));
    let layer = json!({"mediaType": "a/raw", "digest": format!("sha256:{LIE}"), "size": 3,
        "annotations": {"org.opencontainers.image.title": "w"}});
    let oci = json!({"schemaVersion": 2, "config": {}, "layers": [layer]});
    scratch.write("oci.json", oci.to_string().as_bytes());
    std::thread::sleep(std::time::Duration::from_millis(2100));
    scratch.ok("mlbom-hash --cache c.json hub/models--o--n/snapshots/c > true.json");
    // The cache as somebody would write it who may.
    scratch.ok(&format!("sed -i s/{A}/{LIE}/ c.json"));
    scratch
}

fn refused(ran: &Ran, why: &str, what: &str) {
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{what}: {ran:?}");
    assert!(ran.stderr.contains(why), "{what}: {why:?} is not in {}", ran.stderr);
}

#[test]
fn a_bill_of_them_is_not_signed() {
    let scratch = known();
    for (source, arguments) in SOURCES {
        let bill = scratch.ok(&format!("mlbom-hash {arguments} | mlbom-compose"));
        assert!(bill.contains(LIE) && bill.contains(&format!(r#""value":"{source}""#)), "{source}: {bill}");
        let words = "the digests of \"w\" were not computed from the file";
        let ran = scratch.feed(bill.as_bytes(), "mlbom-sign --key k.pem");
        refused(&ran, words, source);
        assert!(ran.stderr.contains("hint: hash the model itself"), "{source}: {}", ran.stderr);
        // Not with a manifest beside it that says the digests were computed, and not inside a statement.
        let manifest = scratch.ok(&format!("mlbom-hash {arguments} | sed 's/\"{source}\"/\"computed\"/'"));
        let both = format!("{manifest}{bill}");
        refused(&scratch.feed(both.as_bytes(), "mlbom-sign --key k.pem"), words, source);
        let statement = statement_of(&bill);
        refused(&scratch.feed(statement.as_bytes(), "mlbom-sign --key k.pem"), words, source);
        // The document does say it, whatever it is called there.
        let shouted = bill.replace(&format!(r#""value":"{source}""#), r#""value":"Computed""#);
        refused(&scratch.feed(shouted.as_bytes(), "mlbom-sign --key k.pem"), words, source);
        let ran = scratch
            .sh(&format!("mlbom-hash {arguments} | mlbom-capture - --model hub/models--o--n/snapshots/c"));
        refused(&ran, words, source);
        assert!(ran.stderr.contains("hint: hash the model itself"), "{source}: {}", ran.stderr);
    }
    scratch.ok("mlbom-compose < true.json | mlbom-sign --key k.pem > true.jsonl");
    scratch.ok("mlbom-capture - --model hub/models--o--n/snapshots/c < true.json > /dev/null");
}

/// The statement that a tool would have signed which looked at nothing but the list.
fn statement_of(bill: &str) -> String {
    let bill: Value = serde_json::from_str(bill).expect("JSON");
    let of = |name: &str| {
        let mut properties = bill["metadata"]["component"]["properties"].as_array().expect("a list").iter();
        properties.find(|property| property["name"] == name).expect(name)["value"].clone()
    };
    let file = &bill["metadata"]["component"]["components"][0];
    let subject = |name: &str, digest: Value| json!({"name": name, "digest": {"sha256": digest}});
    let subjects = [
        subject("mlbom:dirHash", of("mlbom:dirHash")),
        subject("mlbom:omsRoot", of("mlbom:omsRoot")),
        subject(file["name"].as_str().expect("a name"), file["hashes"][0]["content"].clone()),
    ];
    json!({"_type": "https://in-toto.io/Statement/v1", "subject": subjects, "predicate": bill,
        "predicateType": "https://cyclonedx.org/bom"})
    .to_string()
}

/// A bundle as a tool made it that did not look: the statement's words are changed once it was signed by openssl.
fn sign_anyway(scratch: &Scratch, statement: &str) {
    scratch.write("payload", statement.as_bytes());
    let pae = format!("DSSEv1 28 application/vnd.in-toto+json {} {statement}", statement.len());
    scratch.write("pae", pae.as_bytes());
    scratch.ok("mlbom-compose < true.json | mlbom-sign --key k.pem --output right.jsonl");
    scratch.ok(
        "jq -c --arg payload \"$(base64 -w0 payload)\" \
             --arg sig \"$(openssl dgst -sha256 -sign k.pem pae | base64 -w0)\" \
             '.dsseEnvelope.payload = $payload | .dsseEnvelope.signatures[0].sig = $sig' right.jsonl > wrong.jsonl",
    );
}

#[test]
fn a_bill_of_them_that_was_signed_fails() {
    let scratch = known();
    let verify = "mlbom-verify --bundle wrong.jsonl --key k.pem.pub";
    for (source, arguments) in SOURCES {
        scratch.ok(&format!("mlbom-hash {arguments} > m.json"));
        let bill = scratch.ok("mlbom-compose < m.json");
        // Signed over the right bytes and over the wrong ones: both are somebody's word.
        for bill in [bill.clone(), scratch.ok("mlbom-compose < true.json")] {
            let size = r#"{"name":"mlbom:size","value":"3"}"#;
            let taken = format!(r#"{size},{{"name":"mlbom:digestSource","value":"{source}"}}"#);
            let bill = if bill.contains("digestSource") { bill } else { bill.replacen(size, &taken, 1) };
            sign_anyway(&scratch, &statement_of(&bill));
            for (what, line) in [
                ("DIR", format!("{verify} hub/models--o--n/snapshots/c")),
                ("stdin", format!("{verify} < true.json")),
                ("cached", format!("{verify} --allow-cached < m.json")),
            ] {
                let ran = scratch.sh(&line);
                assert_eq!(ran.status, 1, "{source}, {what}: {ran:?}");
                let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
                let checks = report["checks"].as_array().expect("checks");
                let failed: Vec<_> = checks.iter().filter(|check| check["result"] == "failed").collect();
                assert_eq!(failed[0]["id"], "bom-files", "{source}, {what}");
                assert_eq!(report["statements"], json!([]), "{source}, {what}");
                assert!(ran.stderr.contains("were not computed"), "{source}, {what}: {}", ran.stderr);
            }
        }
        // The helper signs as our own tool does: what says nothing of the kind holds.
        sign_anyway(&scratch, &statement_of(&scratch.ok("mlbom-compose < true.json")));
        scratch.ok(&format!("{verify} hub/models--o--n/snapshots/c"));
    }
}

#[test]
fn no_predicate_without_its_reserve() {
    let scratch = Scratch::signed();
    let verify = "mlbom-verify --bundle bom.jsonl --key k.pem.pub --extract bom";
    let ran = scratch.sh(&format!("mlbom-hash model | {verify} --allow-cached"));
    refused(&ran, "--extract and --allow-cached", "both");
    scratch.ok(&format!("mlbom-hash model | {verify}"));
}

#[test]
fn parts_are_hashed() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash --part 1/2 --output 1 model; mlbom-hash --part 2/2 --output 2 model");
    scratch.ok("mlbom-hash --merge 1 2 > /dev/null; sed 's/\"computed\"/\"sums\"/' 2 > taken");
    refused(&scratch.sh("mlbom-hash --merge 1 taken"), "were not computed", "a part");
}

#[test]
fn a_cache_that_cannot_be_kept_is_said_first() {
    let scratch = Scratch::signed();
    // What cannot be hashed would be said later.
    let ran = scratch.sh("mlbom-hash --cache /proc/none.json model absent");
    refused(&ran, "/proc/none.json: cannot be written", "nowhere to write");
    assert!(!ran.stderr.contains("absent"), "{}", ran.stderr);
    assert_eq!(scratch.ok("ls -A | grep -c tmp || true"), "0\n", "no temporary is left");
}

/// A writer that has the file mapped: the system notes no time of what it writes to a page that is not on the disk yet.
#[test]
fn a_mapping_does_not_fool_a_cache() {
    let scratch = Scratch::empty();
    scratch.write("model/w", &[b'a'; 4096]);
    scratch.write(
        "writer.py",
        b"import mmap, subprocess, time\n\
          file = open('model/w', 'r+b')\n\
          mapped = mmap.mmap(file.fileno(), 4096)\n\
          mapped[0] = ord('b')\n\
          time.sleep(2.2)\n\
          run = lambda: subprocess.run(['mlbom-hash', '--cache', 'c.json', 'model'], stdout=subprocess.PIPE, check=True).stdout\n\
          open('first', 'wb').write(run())\n\
          mapped[0] = ord('c')\n\
          open('second', 'wb').write(run())\n",
    );
    scratch.ok("python3 writer.py; mlbom-hash model > now; cat c.json > /dev/null");
    let dir_hash = |name: &str| scratch.ok(&format!("jq -r .dirHash {name}"));
    assert_ne!(dir_hash("first"), dir_hash("now"));
    assert_eq!(dir_hash("second"), dir_hash("now"), "the second run took over the digest of other bytes");
}

#[test]
fn files_in_memory_are_not_cached() {
    let scratch = Scratch::empty();
    let line = "set -e; d=$(mktemp -d /dev/shm/mlbomXXXXXX); trap 'rm -r $d' EXIT; printf abc > $d/w; sleep 2.2
        mlbom-hash --cache c.json $d > /dev/null; mlbom-hash --cache c.json $d | jq -r '.files[].digestSource'";
    assert_eq!(scratch.ok("stat -f -c %T /dev/shm"), "tmpfs\n");
    assert_eq!(scratch.ok(line), "computed\n");
}
