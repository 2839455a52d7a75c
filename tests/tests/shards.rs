//! Shards: manifests of pieces, signatures over them, and what must never be taken for them.

use std::fs;
use std::path::Path;

use mlbom_tests::{Ran, Scratch};
use serde_json::Value;

const KEYS: &str = "--key k.pem.pub";

/// A model with many shards of 1024 bytes, with one, and with none whole; signed as such.
fn signed() -> Scratch {
    let scratch = Scratch::empty();
    for (path, size) in [("a", 11 * 1024 + 5), ("a-b", 1024), ("c/d.bin", 1025), ("small", 3)] {
        let bytes: Vec<u8> = (0..size).map(|at| ((at * 7 + path.len()) % 251) as u8).collect();
        scratch.write(&format!("model/{path}"), &bytes);
    }
    scratch.ok("mlbom-sign --new-key k.pem");
    scratch.ok("mlbom-hash --shards 1Ki model | mlbom-sign --quiet --key k.pem --output shards.sig");
    scratch.ok("mlbom-hash model | mlbom-compose | mlbom-sign --key k.pem --output bom.jsonl");
    scratch.ok("mlbom-hash model | mlbom-sign --key k.pem --output files.sig");
    scratch
}

fn assert_refused(ran: &Ran, status: i32, says: &str, what: &str) {
    assert_eq!(ran.status, status, "{what}: {}", ran.stderr);
    assert!(ran.stderr.contains(says), "{what}: {says:?} was wanted: {}", ran.stderr);
    if status == 2 {
        assert!(ran.stdout.is_empty(), "{what}: {}", ran.stdout);
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn sizes_that_are_refused() {
    let scratch = signed();
    for size in ["0", "1", "1023", "1K", "1GB", "-1", "1.5G", "G", "''"] {
        assert_refused(&scratch.sh(&format!("mlbom-hash --shards={size} model")), 2, "--shards", size);
    }
    for flag in ["--sha512", "--tensors", "--check x.json"] {
        assert_refused(
            &scratch.sh(&format!("mlbom-hash --shards 1Ki {flag} model")),
            2,
            "cannot be used with",
            flag,
        );
    }
    // A million shards and one, of a file that takes no room.
    scratch.ok("mkdir sparse && truncate -s 1024000001 sparse/f");
    assert_refused(&scratch.sh("mlbom-hash --shards 1Ki sparse"), 2, "more than 250000 shards", "too many");
    assert_refused(&scratch.sh("mkdir empty; mlbom-hash --shards 1Ki empty"), 2, "holds no file", "nothing");
}

#[test]
fn a_file_without_bytes_is_not_signed() {
    let scratch = signed();
    scratch.write("model/empty", b"");
    let manifest = json(&scratch.ok("mlbom-hash --shards 1Ki model"));
    assert_eq!(manifest["files"][3]["path"], "empty");
    assert_eq!(manifest["files"][3]["shards"], json("[]"));
    let ran = scratch.sh("mlbom-hash --shards 1Ki model | mlbom-sign --key k.pem");
    assert_refused(&ran, 2, "\"empty\" is empty, and so in no shard", "signing");
    // The signature that was made before says nothing of it: extra, and said why.
    for line in [
        "mlbom-verify --bundle shards.sig --key k.pem.pub model",
        "mlbom-hash --shards 1Ki model | mlbom-verify --bundle shards.sig --key k.pem.pub",
    ] {
        assert_refused(&scratch.sh(line), 1, "empty, and so in no shard", line);
    }
    scratch.ok(
        "mlbom-hash --shards 1Ki --exclude empty model | mlbom-sign --quiet --key k.pem --output without.sig",
    );
    let report = json(&scratch.ok("mlbom-verify --bundle without.sig --key k.pem.pub model"));
    assert_eq!(report["statements"][0]["notCovered"], json(r#"["empty"]"#));
}

#[test]
fn nothing_else_takes_a_manifest_of_shards() {
    let scratch = signed();
    scratch.ok("mlbom-hash --shards 1Ki --output shards.json model");
    for (line, says) in [
        ("mlbom-compose < shards.json", "a bill lists the digests of whole files"),
        (
            "cat shards.json shards.json | mlbom-sign --key k.pem",
            "urn:mlbom:shard-manifest:v1 and urn:mlbom:shard-manifest:v1 found",
        ),
        (
            "{ cat shards.json; mlbom-hash model | mlbom-compose; } | mlbom-sign --key k.pem",
            "a CycloneDX document found",
        ),
        (
            "mlbom-hash --check shards.json model",
            "urn:mlbom:shard-manifest:v1 found, urn:mlbom:manifest:v1 was wanted",
        ),
        (
            "mlbom-verify --bundle bom.jsonl --key k.pem.pub < shards.json",
            "bom.jsonl: binds digests of whole files",
        ),
        (
            "mlbom-verify --bundle files.sig --key k.pem.pub < shards.json",
            "files.sig: binds digests of whole files",
        ),
        (
            "mlbom-verify --bundle shards.sig --bundle bom.jsonl --key k.pem.pub < shards.json",
            "bom.jsonl: binds",
        ),
        ("mlbom-hash --shards 2Ki model | mlbom-verify --bundle shards.sig --key k.pem.pub", "--shards 1024"),
        ("mlbom-hash model | mlbom-verify --bundle shards.sig --key k.pem.pub", "--shards 1024"),
        ("cat shards.json shards.json | mlbom-verify --bundle shards.sig --key k.pem.pub", "2 documents"),
    ] {
        assert_refused(&scratch.sh(line), 2, says, line);
    }
    // Were the type another, it would still be no manifest.
    let renamed = scratch.read("shards.json").replace("shard-manifest", "manifest");
    assert_refused(&scratch.feed(renamed.as_bytes(), "mlbom-compose"), 2, "not a manifest", "renamed");
}

/// Its report is none that a policy reads, whether it says yes or no.
#[test]
fn no_policy_takes_its_report() {
    let scratch = signed();
    let held = json(
        &scratch.ok(&format!("mlbom-hash --shards 1Ki model | mlbom-verify --bundle shards.sig {KEYS}")),
    );
    assert_eq!(held["type"], "urn:mlbom:shard-report:v1");
    assert!(held["model"]["files"][0].get("digests").is_none() && held["model"].get("dirHash").is_none());
    for policy in ["minimal", "model-deployment"] {
        let line = format!(
            "mlbom-hash --shards 1Ki model | mlbom-verify --bundle shards.sig {KEYS} | mlbom-policy --policy builtin:{policy}"
        );
        assert_refused(&scratch.sh(&line), 2, "mlbom-policy", &line);
    }
    let renamed = held.to_string().replace("shard-report", "report").replace("shard-manifest", "manifest");
    assert_refused(
        &scratch.feed(renamed.as_bytes(), "mlbom-policy --policy builtin:minimal"),
        2,
        "mlbom-policy",
        "renamed",
    );
    // Of a directory it is a report like any other, with digests of whole files.
    let report = json(&scratch.ok(&format!("mlbom-verify --bundle shards.sig {KEYS} model")));
    assert_eq!(report["type"], "urn:mlbom:report:v1");
    assert_eq!(report["model"], json(&scratch.ok("mlbom-hash model")));
    assert_eq!(report["statements"][0]["binding"], "resources");
}

#[test]
fn what_changed_is_refused() {
    let scratch = signed();
    let piece = |from: &str, at: u32| format!("dd status=none bs=1024 count=1 skip={at} if=kept/{from}");
    for (what, change) in [
        (
            "a byte of a last shard",
            "printf x | dd status=none of=model/a bs=1 seek=11268 conv=notrunc".to_owned(),
        ),
        (
            "a byte of a middle shard",
            "printf x | dd status=none of=model/a bs=1 seek=5000 conv=notrunc".to_owned(),
        ),
        (
            "a shard moved between files",
            format!(
                "{} | dd status=none of=model/a-b; {} | dd status=none of=model/a bs=1024 seek=3 conv=notrunc",
                piece("a", 3),
                piece("a-b", 0)
            ),
        ),
        (
            "two shards swapped",
            format!("{{ {}; {}; tail -c +2049 kept/a; }} > model/a", piece("a", 1), piece("a", 0)),
        ),
        ("a shard taken out", format!("{{ {}; tail -c +2049 kept/a; }} > model/a", piece("a", 0))),
        (
            "a shard twice",
            format!("{{ {}; {}; tail -c +1025 kept/a; }} > model/a", piece("a", 0), piece("a", 0)),
        ),
        ("a byte less", "truncate -s -1 model/c/d.bin".to_owned()),
        ("a zero more", "truncate -s +1 model/a-b".to_owned()),
        ("a file more", "echo x > model/x".to_owned()),
        ("a file less", "rm model/small".to_owned()),
        ("a file renamed", "mv model/small model/smaller".to_owned()),
    ] {
        scratch.ok("rm -rf kept && cp -r model kept");
        scratch.ok(&change);
        for line in [
            "mlbom-verify --bundle shards.sig --key k.pem.pub model",
            "mlbom-hash --shards 1Ki model | mlbom-verify --bundle shards.sig --key k.pem.pub",
        ] {
            let ran = scratch.sh(line);
            assert_refused(&ran, 1, "the files are not those that were signed", &format!("{what}: {line}"));
            assert_eq!(json(&ran.stdout)["statements"], json("[]"), "{what}");
        }
        scratch.ok("rm -rf model && mv kept model");
    }
    scratch.ok(&format!("mlbom-verify --bundle shards.sig {KEYS} model"));
    scratch.ok("mlbom-sign --new-key other.pem");
    let ran = scratch.sh("mlbom-verify --bundle shards.sig --key other.pem.pub model");
    assert_refused(&ran, 1, "was not made by a key given", "another key");
    // Nobody known has signed it, so that what it says of shards is not looked at.
    let ran = scratch.sh("mlbom-hash model | mlbom-verify --bundle shards.sig --key other.pem.pub");
    assert_refused(&ran, 1, "was not made by a key given", "another key, by a manifest of files");
    let ran = scratch.sh(
        "mlbom-hash --shards 1Ki --exclude small model | mlbom-verify --bundle shards.sig --key k.pem.pub",
    );
    assert_refused(&ran, 1, "1 missing", "left out here alone");
    let ran = scratch.sh(&format!("mlbom-verify --bundle shards.sig {KEYS} --require bom model"));
    assert_refused(&ran, 1, "no bom statement", "a bill was wanted");
}

/// Statements that only our own reader can refuse: signed by the right key, with the root that follows from what they list.
#[test]
fn statements_that_list_no_whole_file() {
    let scratch = signed();
    let payload = "jq -r .dsseEnvelope.payload shards.sig | base64 -d";
    let root = "import sys,json,hashlib; s=json.load(sys.stdin); r=s['predicate']['resources']; s['subject'][0]['digest']['sha256']=hashlib.sha256(b''.join(bytes.fromhex(x['digest']) for x in r)).hexdigest(); print(json.dumps(s))";
    for (what, change, says) in [
        ("a gap", "del(.predicate.resources[] | select(.name == \"a:1024:2048\"))", "in no shard"),
        ("no first shard", "del(.predicate.resources[] | select(.name == \"a:0:1024\"))", "in no shard"),
        ("no last shard", "del(.predicate.resources[] | select(.name == \"a:11264:11269\"))", "1 changed"),
        (
            "an overlap",
            "(.predicate.resources[] | select(.name == \"a:1024:2048\") | .name) = \"a:1023:2048\"",
            "overlaps",
        ),
        (
            "a short shard in the middle",
            "(.predicate.resources[] | select(.name == \"a:1024:2048\") | .name) = \"a:1024:2047\"",
            "length",
        ),
        (
            "a long last shard",
            "(.predicate.resources[] | select(.name == \"a:11264:11269\") | .name) = \"a:11264:12289\"",
            "length",
        ),
        (
            "an empty shard",
            ".predicate.resources += [{name: \"e:0:0\", algorithm: \"sha256\", digest: (\"0\" * 64)}]",
            "length",
        ),
        (
            "a shard of another name",
            "(.predicate.resources[] | select(.name == \"small:0:3\") | .name) = \"small:0:4\"",
            "1 changed",
        ),
        (
            "no numbers",
            "(.predicate.resources[] | select(.name == \"small:0:3\") | .name) = \"small\"",
            "path:start:end",
        ),
        (
            "a way out",
            "(.predicate.resources[] | select(.name == \"small:0:3\") | .name) = \"../small:0:3\"",
            "component",
        ),
        ("another size", ".predicate.serialization.shard_size = 2048", "no SHA-256 digest"),
        ("half a byte", ".predicate.serialization.shard_size = 1024.5", "shard_size is 1024.5"),
        ("no size", "del(.predicate.serialization.shard_size)", "shard_size is absent"),
        ("one byte", ".predicate.serialization.shard_size = 1", "shard_size is 1"),
        ("nothing", ".predicate.resources = []", "root digest"),
        ("files", ".predicate.serialization.method = \"files\"", "no SHA-256 digest"),
        ("another hash", ".predicate.serialization.hash_type = \"blake2b\"", "blake2b"),
    ] {
        let line = format!(
            "{payload} | jq -c '{change}' | python3 -c \"{root}\" | mlbom-sign --key k.pem --output crafted.sig && mlbom-verify --bundle crafted.sig --key k.pem.pub model"
        );
        assert_refused(&scratch.sh(&line), 1, says, what);
    }
    let line = format!(
        "{payload} | jq -c '.predicate.resources |= reverse' | mlbom-sign --key k.pem --output crafted.sig && mlbom-verify --bundle crafted.sig --key k.pem.pub model"
    );
    assert_refused(&scratch.sh(&line), 1, "root digest", "reordered under the old root");
    // Whatever order the signer lists, the size as a float, the plain algorithm: these are other people's ways.
    for change in [
        ".predicate.resources |= reverse",
        ".predicate.serialization.shard_size = 1024.0",
        ".predicate.resources[].algorithm = \"sha256\"",
    ] {
        let line = format!(
            "{payload} | jq -c '{change}' | python3 -c \"{root}\" | mlbom-sign --key k.pem --output crafted.sig && mlbom-verify --bundle crafted.sig --key k.pem.pub model"
        );
        scratch.ok(&line);
    }
}

#[test]
fn names_with_colons() {
    let scratch = Scratch::empty();
    scratch.write("model/a:0:5", b"12345");
    scratch.write("model/a", b"123456");
    scratch.ok("mlbom-sign --new-key k.pem");
    let ran = scratch.sh("mlbom-hash --shards 1Ki model | mlbom-sign --key k.pem --output s.sig");
    assert!(ran.status == 0 && ran.stderr.contains("a:0:5, whose name has a colon"), "{}", ran.stderr);
    scratch.ok(&format!("mlbom-verify --bundle s.sig {KEYS} model"));
    scratch.ok("mv model/a:0:5 model/a:0");
    assert_refused(
        &scratch.sh(&format!("mlbom-verify --bundle s.sig {KEYS} model")),
        1,
        "1 missing, 0 changed, 1 extra",
        "renamed",
    );
}

#[test]
fn several_sizes_and_kinds_in_one_check() {
    let scratch = signed();
    for size in ["2Ki", "3k", "1M", "5Ki"] {
        scratch.ok(&format!(
            "mlbom-hash --shards {size} model | mlbom-sign --quiet --key k.pem --output {size}.sig"
        ));
    }
    let report = json(&scratch.ok(&format!("mlbom-verify --bundle 2Ki.sig --bundle shards.sig --bundle 1M.sig --bundle bom.jsonl --bundle files.sig --bundle 3k.sig {KEYS} model")));
    assert_eq!(report["statements"].as_array().map(Vec::len), Some(6));
    let ran = scratch.sh(&format!("mlbom-verify --bundle 2Ki.sig --bundle shards.sig --bundle 1M.sig --bundle 5Ki.sig --bundle 3k.sig {KEYS} model"));
    assert_refused(&ran, 2, "more than 4 different lengths", "five sizes");
    // A bundle may lie beside what it signs.
    scratch.ok("cp shards.sig model/");
    let report = json(&scratch.ok(&format!("mlbom-verify --bundle model/shards.sig {KEYS} model")));
    assert_eq!(report["tolerated"], json(r#"["shards.sig"]"#));
    scratch.ok("mlbom-hash --shards 1M --exclude shards.sig model | mlbom-sign --quiet --key k.pem --output m.sig; cp m.sig model/; rm model/shards.sig");
    let report =
        json(&scratch.ok(&format!("mlbom-hash --shards 1M model | mlbom-verify --bundle m.sig {KEYS}")));
    assert_eq!(report["tolerated"], json(r#"["m.sig"]"#));
}

#[test]
fn a_single_file() {
    let scratch = signed();
    scratch.ok("mlbom-hash --shards 1Ki model/a | mlbom-sign --quiet --key k.pem --output a.sig");
    scratch.ok(&format!("mlbom-verify --bundle a.sig {KEYS} model/a"));
    scratch.ok(&format!("mlbom-hash --shards 1Ki model/a | mlbom-verify --bundle a.sig {KEYS}"));
    assert_refused(
        &scratch.sh(&format!("mlbom-verify --bundle a.sig {KEYS} model")),
        1,
        "is of a single file",
        "a directory",
    );
    assert_refused(
        &scratch.sh(&format!("mlbom-verify --bundle a.sig {KEYS} model/a-b")),
        1,
        "1 changed",
        "another file",
    );
    assert_refused(
        &scratch.sh(&format!("mlbom-verify --bundle shards.sig {KEYS} model/a")),
        1,
        "3 missing",
        "a part",
    );
}

/// As `tests/vectors/model_signing/make.sh` has it.
#[test]
fn a_signature_made_by_model_signing() {
    let vectors = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/model_signing"));
    let scratch = Scratch::empty();
    scratch.ok("mkdir -p shards/deep; seq 1 700 > shards/numbers.txt; seq 1 300 > shards/deep/numbers-2.txt; seq 1 3 > shards/few.txt");
    for name in ["shards.sig", "shards.pub"] {
        scratch.write(name, &fs::read(vectors.join(name)).expect(name));
    }
    let verify = "mlbom-verify --bundle shards.sig --key shards.pub shards";
    scratch.ok("echo 4 >> shards/few.txt");
    assert_refused(&scratch.sh(verify), 1, "1 changed", "a line more");
    scratch.ok("seq 1 3 > shards/few.txt");
    let report = json(&scratch.ok(verify));
    assert_eq!(report["statements"][0]["predicate"]["serialization"]["shard_size"].to_string(), "1024.0");
    scratch.ok("mlbom-hash --shards 1024 shards | mlbom-verify --bundle shards.sig --key shards.pub");
}

/// OpenPGP signs documents as they are: the manifest of shards itself, or a statement over them.
#[test]
fn signed_with_openpgp() {
    const PGP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/openpgp/tests/vectors");
    let scratch = signed();
    scratch.ok(&format!(
        "cp '{PGP}/sign-nistp256.asc' s.asc; cp '{PGP}/nistp256.pub' p.asc; cp '{PGP}/rsa2048.pub' other.asc"
    ));
    scratch.ok(
        "mlbom-hash --shards 1Ki model > m.json; jq -r .dsseEnvelope.payload shards.sig | base64 -d > s.json",
    );
    for (document, kind) in [("m.json", "manifest"), ("s.json", "oms")] {
        scratch.ok(&format!("mlbom-sign --quiet --pgp-key s.asc --output {document}.asc < {document}"));
        let verify = format!("mlbom-verify --bundle {document}.asc --pgp-key p.asc");
        for model in ["model", "< m.json"] {
            let report = json(&scratch.ok(&format!("{verify} --require {kind} {model}")));
            assert_eq!(report["statements"][0]["kind"], kind, "{model}");
        }
        // Somebody else's signature costs no reading, and is no reason to do without the shards.
        let ran = scratch.sh(&format!("mlbom-verify --bundle {document}.asc --pgp-key other.asc model"));
        assert_refused(&ran, 1, "not in the keyring", document);
        for (model, says) in [
            ("model/a", "signed"),
            ("< files.json", "is over shards of 1024 bytes"),
            ("< others.json", "has shards of 2048"),
        ] {
            scratch.ok("mlbom-hash model > files.json; mlbom-hash --shards 2Ki model > others.json");
            let ran = scratch.sh(&format!("{verify} {model}"));
            assert_refused(
                &ran,
                if model == "model/a" { 1 } else { 2 },
                says,
                &format!("{document} {model}"),
            );
        }
        scratch.ok("cp -r model changed; printf x | dd of=changed/a bs=1 seek=2000 conv=notrunc status=none");
        assert_refused(&scratch.sh(&format!("{verify} changed")), 1, "1 changed", document);
        scratch.ok("rm -r changed");
    }
    // A manifest of whole files, signed so, is not about shards.
    scratch.ok("mlbom-sign --pgp-key s.asc --output files.json.asc < files.json");
    let ran = scratch.sh("mlbom-verify --bundle files.json.asc --pgp-key p.asc < m.json");
    assert_refused(&ran, 2, "files.json.asc", "whole files");
}
