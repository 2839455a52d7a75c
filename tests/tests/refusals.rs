//! Bad input through the real tools: none of it gives 0, panics, or leaves half a file.

use std::fs;

use mlbom_tests::{Ran, Scratch};

const VERIFY: &str = "mlbom-verify --bundle bom.jsonl --bundle model.sig --key k.pem.pub";

/// Every refusal is 1 or 2, says something, and is not a panic.
fn assert_refused(ran: &Ran, status: i32, what: &str) {
    assert_eq!(ran.status, status, "{what}: {ran:?}");
    assert!(!ran.stderr.is_empty(), "{what}: says nothing");
    assert!(!ran.stderr.contains("panicked"), "{what}: {}", ran.stderr);
}

#[test]
fn documents_that_are_none() {
    let scratch = Scratch::signed();
    let manifest = scratch.ok("mlbom-hash model");
    let bom = scratch.ok("mlbom-hash model | mlbom-compose");
    let report = scratch.ok(&format!("mlbom-hash model | {VERIFY}"));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (tool, good) in [
        ("mlbom-compose", &manifest),
        ("mlbom-sign --key k.pem", &manifest),
        ("mlbom-sign --key k.pem", &bom),
        (VERIFY, &manifest),
        ("mlbom-hash --check - model", &manifest),
        ("mlbom-policy --policy builtin:minimal", &report),
    ] {
        assert_eq!(scratch.feed(good.as_bytes(), tool).status, 0, "{tool} takes what it should");
        let deep = good.replacen('{', &format!("{{\"deep\":{},", nested(100)), 1);
        let repeated = good.replacen('{', "{\"type\":\"x\",\"type\":\"x\",", 1);
        let cases = [
            ("empty", String::new()),
            ("blank", "\n \n".to_owned()),
            ("truncated", good[..good.len() / 2].to_owned()),
            ("cut by one", good.trim_end()[..good.trim_end().len() - 1].to_owned()),
            ("repeated keys", repeated),
            ("deeply nested", deep),
            ("endlessly nested", "[".repeat(1_000_000)),
            ("wrong version", good.replace(":v1\"", ":v2\"").replace("\"CycloneDX\"", "\"SPDX\"")),
            ("two documents", format!("{good}{good}")),
            ("another document behind", format!("{good}{{}}")),
            ("not an object", "[]".to_owned()),
            ("a number", "1".to_owned()),
            ("text", "hello".to_owned()),
            ("a byte order mark", format!("\u{feff}{good}")),
        ];
        for (what, text) in cases {
            let ran = scratch.feed(text.as_bytes(), tool);
            assert_refused(&ran, 2, &format!("{tool}: {what}"));
            assert!(ran.stdout.is_empty(), "{tool}: {what}: {}", ran.stdout);
        }
        let ran = scratch.feed(b"\xff\xfe{}", tool);
        assert_refused(&ran, 2, &format!("{tool}: not UTF-8"));
    }
}

/// A part is no model: whoever took one for it would sign or compare some of the files.
#[test]
fn parts_where_a_whole_is_wanted() {
    let scratch = Scratch::signed();
    let one = scratch.ok("mlbom-hash --part 1/2 model");
    let all = scratch.ok("mlbom-hash --part 1/2 model; mlbom-hash --part 2/2 model");
    for text in [one, all] {
        for tool in [
            "mlbom-compose",
            "mlbom-sign --key k.pem",
            VERIFY,
            "mlbom-hash --check - model",
            "mlbom-policy --policy builtin:minimal",
            "mlbom-capture - --model model",
            "mlbom-capture - --ci",
        ] {
            let ran = scratch.feed(text.as_bytes(), tool);
            assert_refused(&ran, 2, tool);
            assert!(ran.stdout.is_empty(), "{tool}: {}", ran.stdout);
            // The policy is that much further from a model: it says what writes a report.
            if !tool.starts_with("mlbom-policy") {
                assert!(ran.stderr.contains("urn:mlbom:part:v1"), "{tool}: {}", ran.stderr);
                assert!(ran.stderr.contains("hint: join the parts first"), "{tool}: {}", ran.stderr);
            }
        }
    }
}

#[test]
fn a_model_that_is_not_the_signed_one() {
    for (what, change) in [
        ("a missing file", "rm model/config.json"),
        ("an extra file", "echo > model/extra"),
        ("an extra hidden file", "echo > model/tok/.extra"),
        ("a renamed file", "mv model/config.json model/config.jsn"),
        (
            "swapped files",
            "mv model/a.safetensors t; mv model/b.safetensors model/a.safetensors; mv t model/b.safetensors",
        ),
        ("a truncated file", "truncate -s -1 model/a.safetensors"),
        ("a longer file", "echo >> model/a.safetensors"),
        ("a changed byte", "printf X | dd of=model/a.safetensors bs=1 seek=12 conv=notrunc 2>/dev/null"),
        ("an emptied file", ": > model/README.md"),
        ("a file moved down", "mv model/config.json model/tok/"),
        ("a link in place of a file", "rm model/config.json; ln -s README.md model/config.json"),
    ] {
        let scratch = Scratch::signed();
        scratch.ok("mlbom-hash --output m.json model");
        scratch.ok(change);
        for line in [
            format!("mlbom-hash model | {VERIFY} | mlbom-policy --policy builtin:minimal"),
            format!("{VERIFY} model | mlbom-policy --policy builtin:minimal"),
            format!("mlbom-hash model | {VERIFY} > /dev/null"),
            format!("{VERIFY} model > /dev/null"),
            "mlbom-verify --bundle model.sig --key k.pem.pub model >/dev/null".to_owned(),
            "mlbom-verify --bundle bom.jsonl --key k.pem.pub model >/dev/null".to_owned(),
            "mlbom-hash --check m.json model >/dev/null".to_owned(),
        ] {
            assert_refused(&scratch.sh(&line), 1, &format!("{what}: {line}"));
        }
        let ran = scratch.sh(&format!("{VERIFY} --extract bom model"));
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{what}: nothing unverified comes out");
        let report = scratch.sh(&format!("{VERIFY} model")).stdout;
        assert!(!report.contains("\"predicate\""), "{what}: what did not verify is not in the report");
    }
}

#[test]
fn bundles_that_do_not_belong() {
    let scratch = Scratch::signed();
    // Another model; one that shares a shard; one whose only file is this model's list of digests; and that of its raw digests.
    scratch
        .ok("mkdir other shared lines; echo x > other/x; cp model/a.safetensors shared; echo y > shared/y");
    scratch.ok("mlbom-hash model | jq -r '.files[] | .digests.sha256 + \"  \" + .path' > lines/list");
    scratch.ok("[ $(sha256sum < lines/list | cut -c1-64) = $(mlbom-hash model | jq -r .dirHash) ]");
    scratch.ok("mlbom-hash model | jq -r '.files[].digests.sha256' | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' > root.bin");
    scratch.ok("[ $(sha256sum < root.bin | cut -c1-64) = $(mlbom-hash model | jq -r .omsRoot) ]");
    for path in ["other", "shared", "lines", "lines/list", "root.bin"] {
        scratch.ok(&format!("mlbom-hash {path} | mlbom-sign --key k.pem --output x.sig"));
        scratch.ok(&format!("mlbom-hash {path} | mlbom-compose | mlbom-sign --key k.pem --output x.jsonl"));
        for bundle in ["x.sig", "x.jsonl"] {
            let ran =
                scratch.sh(&format!("mlbom-verify --bundle {bundle} --key k.pem.pub model > /dev/null"));
            assert_refused(&ran, 1, &format!("{bundle} of {path}"));
            let ran = scratch.sh(&format!("mlbom-verify --bundle bom.jsonl --bundle {bundle} --key k.pem.pub model > r.json; s=$?; mlbom-policy --policy builtin:minimal < r.json > /dev/null || exit $s"));
            assert_refused(&ran, 1, &format!("{bundle} of {path} beside a good one"));
        }
        // And the other way: this model's bundles for the impostor.
        for bundle in ["model.sig", "bom.jsonl"] {
            let ran =
                scratch.sh(&format!("mlbom-verify --bundle {bundle} --key k.pem.pub {path} > /dev/null"));
            assert_refused(&ran, 1, &format!("{bundle} for {path}"));
        }
    }
}

#[test]
fn statements_that_name_only_a_digest() {
    let scratch = Scratch::signed();
    let manifest: serde_json::Value = serde_json::from_str(&scratch.ok("mlbom-hash model")).expect("JSON");
    let shard = &manifest["files"][1]["digests"]["sha256"];
    let subject = |name: &str, digest: &serde_json::Value| {
        format!(r#"{{"name":{name:?},"digest":{{"sha256":{digest}}}}}"#)
    };
    let (dir, root) = (&manifest["dirHash"], &manifest["omsRoot"]);
    for (what, subjects) in [
        ("dirHash alone", subject("mlbom:dirHash", dir)),
        ("omsRoot alone", subject("mlbom:omsRoot", root)),
        (
            "both without files",
            format!("{},{}", subject("mlbom:dirHash", dir), subject("mlbom:omsRoot", root)),
        ),
        ("dirHash under another name", subject("model", dir)),
        ("one shard", subject("a.safetensors", shard)),
        (
            "both, and one file twice",
            format!("{},{},{0}", subject("mlbom:dirHash", dir), subject("mlbom:omsRoot", root)),
        ),
    ] {
        for kind in [
            "https://slsa.dev/provenance/v1",
            "https://example.org/x",
            "https://model_signing/signature/v1.0",
        ] {
            let statement = format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{subjects}],"predicateType":"{kind}","predicate":{{}}}}"#
            );
            let signed = scratch.feed(statement.as_bytes(), "mlbom-sign --key k.pem --output s.jsonl");
            assert_eq!(signed.status, 0, "{what}: {}", signed.stderr);
            let ran = scratch.sh("mlbom-verify --bundle s.jsonl --key k.pem.pub model > /dev/null");
            assert_refused(&ran, 1, &format!("{what}, {kind}"));
        }
    }
    // Of another predicate type, a statement about this model holds and is still no BOM.
    scratch.ok("jq -r .dsseEnvelope.payload bom.jsonl | base64 -d | jq -c '.predicateType = \"https://example.org/x\"' | mlbom-sign --key k.pem --output s.jsonl");
    scratch.ok("mlbom-verify --bundle s.jsonl --key k.pem.pub model");
    let ran = scratch.sh("mlbom-verify --bundle s.jsonl --require bom --key k.pem.pub model > /dev/null");
    assert_refused(&ran, 1, "another predicate type");
    assert_refused(
        &scratch.sh(
            "mlbom-verify --bundle s.jsonl --key k.pem.pub model | mlbom-policy --policy builtin:minimal",
        ),
        1,
        "no BOM",
    );
    let ran = scratch.sh("mlbom-verify --bundle s.jsonl --extract bom --key k.pem.pub model");
    assert_refused(&ran, 2, "nothing to extract");
}

#[test]
fn envelopes_that_were_touched() {
    let scratch = Scratch::signed();
    for (what, change) in [
        ("no signature", ".dsseEnvelope.signatures = []"),
        ("two signatures", ".dsseEnvelope.signatures += .dsseEnvelope.signatures"),
        ("an empty signature", ".dsseEnvelope.signatures[0].sig = \"\""),
        ("no envelope", "del(.dsseEnvelope)"),
        ("another payload type", ".dsseEnvelope.payloadType = \"application/json\""),
        ("another media type", ".mediaType = \"application/json\""),
        ("no material", "del(.verificationMaterial)"),
        ("an empty payload", ".dsseEnvelope.payload = \"\""),
        ("another payload", ".dsseEnvelope.payload = (\"{}\" | @base64)"),
    ] {
        for bundle in ["bom.jsonl", "model.sig"] {
            scratch.ok(&format!("jq -c '{change}' {bundle} > x.jsonl"));
            let ran = scratch.sh("mlbom-verify --bundle x.jsonl --key k.pem.pub model");
            assert!([1, 2].contains(&ran.status), "{what}: {ran:?}");
            assert_refused(&ran, ran.status, what);
            assert!(!ran.stdout.contains("\"predicate\""), "{what}");
        }
    }
}

/// Bundles repeated without end cost no more than one; too many different ones are refused.
#[test]
fn bundles_without_end() {
    let scratch = Scratch::signed();
    scratch.ok("for i in $(seq 5000); do cat model.sig; done > many.jsonl");
    let report = scratch.ok("mlbom-verify --bundle many.jsonl --bundle model.sig --key k.pem.pub model");
    assert_eq!(report.matches("\"predicateType\"").count(), 1);
    scratch
        .ok("for i in $(seq 101); do sed \"s/^{/{$(printf '%*s' $i '')/\" model.sig; done > different.jsonl");
    let ran = scratch.sh("mlbom-verify --bundle different.jsonl --key k.pem.pub model");
    assert_refused(&ran, 2, "101 ways to write one bundle");
}

/// Arrays in the place of objects, which a derived reader takes, would hide members from a policy.
#[test]
fn documents_in_another_spelling() {
    let scratch = Scratch::signed();
    scratch.ok(&format!("mlbom-hash model > m.json; {VERIFY} model > r.json"));
    for (what, file, change) in [
        (
            "a file as an array",
            "m.json",
            ".files[0] |= [.path, .size, .digests, .digestSource, .format, null]",
        ),
        ("digests as an array", "m.json", ".files[0].digests |= [.sha256, null]"),
        (
            "the document as an array",
            "m.json",
            "[.type, .name, .kind, .files, .excluded, .dirHash, .omsRoot]",
        ),
        ("null for absence", "m.json", ".files[0].link = null"),
        ("checks as arrays", "r.json", ".checks[] |= [.id, .result, .file, .bundle, null, null, null]"),
        (
            "the model as an array",
            "r.json",
            ".model |= [.type, .name, .kind, .files, .excluded, .dirHash, .omsRoot]",
        ),
    ] {
        scratch.ok(&format!("jq -c '{change}' {file} > x.json"));
        let tool = if file == "m.json" { "mlbom-compose" } else { "mlbom-policy --policy builtin:minimal" };
        assert_refused(&scratch.sh(&format!("{tool} < x.json")), 2, what);
    }
    // Another order of members is no other spelling.
    scratch.ok("jq -S . m.json | mlbom-compose | mlbom-sign --key k.pem | cmp - bom.jsonl; jq -S . r.json | mlbom-policy --policy builtin:minimal");
}

/// A file whose bytes are another model's list of digests, and foreign statements that name such a list.
#[test]
fn foreign_statements_about_a_single_file() {
    let scratch = Scratch::signed();
    scratch
        .ok("sha256sum < model/a.safetensors | cut -c1-64 | tr -d '\\n' > digest; cp model/a.safetensors .");
    let digest = scratch.read("digest");
    let (name, other) = ("a.safetensors", "0".repeat(64));
    for (what, subjects, kind, status) in [
        (
            "its own statement",
            format!(r#"{{"name":"{name}","digest":{{"sha256":"{digest}"}}}}"#),
            "https://x.example/y",
            0,
        ),
        ("no name", format!(r#"{{"digest":{{"sha256":"{digest}"}}}}"#), "https://x.example/y", 0),
        (
            "another name",
            format!(r#"{{"name":"model","digest":{{"sha256":"{digest}"}}}}"#),
            "https://x.example/y",
            0,
        ),
        (
            "one shard of two",
            format!(
                r#"{{"name":"{name}","digest":{{"sha256":"{digest}"}}}},{{"name":"b","digest":{{"sha256":"{other}"}}}}"#
            ),
            "https://x.example/y",
            1,
        ),
    ] {
        let statement = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{subjects}],"predicateType":"{kind}","predicate":{{}}}}"#
        );
        assert_eq!(scratch.feed(statement.as_bytes(), "mlbom-sign --key k.pem --output s.jsonl").status, 0);
        let ran = scratch.sh("mlbom-verify --bundle s.jsonl --key k.pem.pub a.safetensors > /dev/null");
        assert_eq!(ran.status, status, "{what}: {ran:?}");
    }
    scratch.ok("mkdir odd; echo > odd/mlbom:dirHash");
    assert_refused(
        &scratch.sh("mlbom-hash odd | mlbom-compose | mlbom-sign --key k.pem"),
        2,
        "a name of ours",
    );
    assert_refused(&scratch.sh("mlbom-sign --new-key -"), 2, "a key to standard output");
}

/// One bit of each byte of the payload, and each bit of the signature.
#[test]
fn every_byte_counts() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model/config.json > m.json; mlbom-sign --key k.pem < m.json > one.sig");
    let verify = "mlbom-verify --quiet --bundle x.sig --key k.pem.pub < m.json > /dev/null";
    let bundle = scratch.read("one.sig");
    let value: serde_json::Value = serde_json::from_str(&bundle).expect("JSON");
    let envelope = &value["dsseEnvelope"];
    let fields =
        [&envelope["payload"], &envelope["signatures"][0]["sig"]].map(|field| field.as_str().expect("text"));
    scratch.write("x.sig", bundle.as_bytes());
    scratch.ok(verify);
    for (field, bits) in fields.into_iter().zip([1, 8]) {
        let bytes = STANDARD.decode(field).expect("base64");
        // One process for many variants would not be the tool; one shell for many tools is.
        let mut script = String::new();
        for at in 0..bytes.len() {
            for bit in 0..bits {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let name = format!("v/{at}.{bit}");
                scratch.write(&name, bundle.replace(field, &STANDARD.encode(&changed)).as_bytes());
                script += &verify.replace("x.sig", &name);
                script += &format!("; [ $? = 1 ] || {{ echo {name}; exit 9; }}\n");
            }
        }
        scratch.ok(&script);
    }
}

#[test]
fn keys_that_do_not_fit() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-sign --new-key other.pem; openssl genpkey -algorithm ed25519 -out e.pem; openssl pkey -in e.pem -pubout -out e.pub");
    scratch.ok("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out r.pem 2>/dev/null; openssl pkey -in r.pem -pubout -out r.pub");
    scratch.ok("openssl ecparam -name secp256k1 -genkey -noout -out kk.pem; openssl pkey -in kk.pem -pubout -out kk.pub");
    for (key, status) in [
        ("other.pem.pub", 1),
        ("e.pub", 1),
        ("r.pub", 2),
        ("kk.pub", 2),
        ("k.pem", 2),
        ("e.pem", 2),
        ("bom.jsonl", 2),
        ("none", 2),
        ("model", 2),
        ("/dev/null", 2),
    ] {
        let ran = scratch.sh(&format!("mlbom-verify --bundle bom.jsonl --key {key} model > out"));
        assert_refused(&ran, status, key);
    }
    let ran = scratch.sh("mlbom-verify --bundle bom.jsonl --key k.pem model");
    assert!(ran.stderr.contains("private key") && ran.stderr.contains("hint: "), "{}", ran.stderr);
    // A second, right key is enough.
    scratch.ok("mlbom-verify --bundle bom.jsonl --key e.pub --key k.pem.pub model");
    for (key, what) in [
        ("k.pem.pub", "a public key"),
        ("r.pem", "a short RSA key"),
        ("kk.pem", "a foreign curve"),
        ("none", "no file"),
        ("/dev/null", "no key"),
    ] {
        let ran = scratch.sh(&format!("mlbom-hash model | mlbom-sign --key {key} --output x.sig"));
        assert_refused(&ran, 2, what);
        assert!(!scratch.path().join("x.sig").exists(), "{what}");
    }
    assert_refused(&scratch.sh("mlbom-hash model | mlbom-sign"), 2, "no --key");
    // A key never replaces a file, and half a pair is never left.
    let before = scratch.read("k.pem");
    assert_refused(&scratch.sh("mlbom-sign --new-key k.pem"), 2, "an existing key");
    assert_eq!(scratch.read("k.pem"), before);
    scratch.ok("echo mine > n.pem.pub");
    assert_refused(&scratch.sh("mlbom-sign --new-key n.pem"), 2, "an existing public key");
    assert!(!scratch.path().join("n.pem").exists());
    scratch.ok("ln -s nowhere l.pem");
    assert_refused(&scratch.sh("mlbom-sign --new-key l.pem"), 2, "a link");
    scratch.ok("[ $(stat -c %a k.pem) = 600 ]");
}

#[test]
fn manifests_that_leave_out_what_was_signed() {
    let scratch = Scratch::signed();
    let verify =
        |hash: &str| scratch.sh(&format!("{hash} | {VERIFY} | mlbom-policy --policy builtin:minimal"));
    assert_eq!(verify("mlbom-hash model").status, 0);
    scratch.ok("echo evil > model/evil.py");
    assert_refused(&verify("mlbom-hash --exclude evil.py model"), 1, "an excluded extra");
    scratch.ok("rm model/evil.py");
    assert_refused(&verify("mlbom-hash --exclude README.md model"), 1, "an excluded file that was signed");
    scratch.ok("echo '* -text' > model/.gitattributes");
    assert_refused(&verify("mlbom-hash --oms-defaults model"), 1, "defaults that the signer did not have");
    // Left out by the signer too: allowed for .git*, said; denied for anything else.
    scratch.ok("mlbom-hash --oms-defaults model > g.json; mlbom-compose < g.json | mlbom-sign --key k.pem --output bom.jsonl; mlbom-sign --key k.pem --output model.sig < g.json");
    assert_eq!(verify("mlbom-hash --oms-defaults model").status, 0);
    assert_eq!(verify("mlbom-hash model").status, 0, "there, not covered, and .gitattributes only");
    assert!(scratch.ok(&format!("{VERIFY} model")).contains("\"notCovered\":[\".gitattributes\"]"));
    scratch.ok("mlbom-hash --exclude README.md model > g.json; mlbom-compose < g.json | mlbom-sign --key k.pem --output bom.jsonl; mlbom-sign --key k.pem --output model.sig < g.json");
    scratch.ok(&format!("mlbom-hash --exclude README.md --oms-defaults model | {VERIFY} || [ $? = 1 ]"));
    assert_refused(&verify("mlbom-hash --exclude README.md model"), 1, "the default policy");
    assert_refused(&verify("mlbom-hash model"), 1, "the default policy, the file being there");
}

#[test]
fn trees_that_nobody_should_hash() {
    let long_name = "n".repeat(200);
    for (what, make) in [
        ("a link out of the tree", "ln -s /etc/passwd model/link"),
        ("a relative link out", "echo > outside; ln -s ../outside model/link"),
        ("a link out and in again", "ln -s ../model/config.json model/link"),
        ("a link to a directory", "ln -s tok model/link"),
        ("a dangling link", "ln -s nothing model/link"),
        ("links in a loop", "ln -s b model/a; ln -s a model/b"),
        ("a link through a file", "ln -s config.json/x model/link"),
        ("a link to a device", "ln -s /dev/zero model/link"),
        ("a FIFO", "mkfifo model/fifo"),
        ("a link to a FIFO", "mkfifo fifo; ln -s ../fifo model/link"),
        ("a socket", "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"model/s\")'"),
        ("a newline in a name", "touch $'model/a\\nb'"),
        ("an escape in a name", "touch $'model/a\\e[2Jb'"),
        ("a name that is not UTF-8", "touch $'model/\\xff'"),
        ("an empty directory", "rm -r model; mkdir model"),
        ("only empty directories", "rm -r model; mkdir -p model/a/b"),
        ("no directory", "rm -r model"),
        ("a deep tree", "d=model; for i in $(seq 150); do d=$d/d; done; mkdir -p $d; touch $d/f"),
    ] {
        let scratch = Scratch::empty();
        scratch.write("model/config.json", b"{}");
        scratch.write("model/tok/t", b"");
        scratch.ok("mlbom-sign --new-key k.pem; mlbom-hash model | mlbom-sign --key k.pem > model.sig");
        scratch.ok(make);
        for line in [
            "mlbom-hash --output out model",
            "timeout 20 mlbom-verify --bundle model.sig --key k.pem.pub --output out model",
        ] {
            let ran = scratch.sh(line);
            assert_refused(&ran, 2, &format!("{what}: {line}"));
            assert!(ran.stderr.contains("model"), "{what}: names it: {}", ran.stderr);
            assert!(!ran.stderr.contains('\u{1b}'), "{what}: escapes it");
            assert!(!scratch.path().join("out").exists(), "{what}");
        }
        assert_refused(
            &scratch.sh("mlbom-hash model | mlbom-compose | mlbom-sign --key k.pem --output out"),
            2,
            what,
        );
        assert!(!scratch.path().join("out").exists(), "{what}");
    }
    let scratch = Scratch::empty();
    scratch.ok(&format!("mkdir -p model/{long_name}; touch model/{long_name}/{long_name}; mlbom-hash model"));
}

/// A link that another process keeps pointing elsewhere: whatever comes out is the inside.
#[test]
fn a_link_swapped_during_the_walk() {
    let scratch = Scratch::empty();
    scratch.write("model/inside", b"inside");
    scratch.write("outside", b"outside");
    scratch.ok("ln -s inside model/link");
    let swapper = "(while [ ! -e stop ]; do ln -sfn ../outside model/link; ln -sfn inside model/link; done) 2>/dev/null &
        for i in $(seq 300); do mlbom-hash model; done 2>errors; touch stop; wait";
    let out = scratch.sh(swapper).stdout;
    let inside = scratch.ok("printf inside | sha256sum | cut -c1-64");
    for line in out.lines() {
        let manifest: serde_json::Value = serde_json::from_str(line).expect("whole lines only");
        for file in manifest["files"].as_array().expect("files") {
            assert_eq!(file["digests"]["sha256"].as_str(), Some(inside.trim()), "{file}");
        }
    }
}

/// A file that grows while it is hashed is an error, not a digest of some of it.
#[test]
fn a_file_that_changes_while_it_is_read() {
    let scratch = Scratch::empty();
    scratch.ok("mkdir model; truncate -s 600M model/big");
    let ran = scratch.sh("mlbom-hash model > out & p=$!; sleep 0.1; echo x >> model/big; wait $p");
    assert_refused(&ran, 2, "a growing file");
    assert!(ran.stderr.contains("model/big: changed while it was read"), "{}", ran.stderr);
    assert_eq!(scratch.read("out"), "");
}

#[test]
fn outputs_that_cannot_be_written() {
    let scratch = Scratch::signed();
    scratch.ok(&format!(
        "mlbom-hash model > m.json; mlbom-compose < m.json > b.json; {VERIFY} < m.json > r.json"
    ));
    let lines = [
        "mlbom-hash model".to_owned(),
        "mlbom-hash --check m.json model".to_owned(),
        "mlbom-compose < m.json".to_owned(),
        "mlbom-sign --key k.pem < m.json".to_owned(),
        "mlbom-sign --key k.pem < b.json".to_owned(),
        format!("{VERIFY} < m.json"),
        format!("{VERIFY} --extract bom < m.json"),
        "mlbom-policy --policy builtin:minimal < r.json".to_owned(),
        "mlbom-hash --help".to_owned(),
        "mlbom-policy --version".to_owned(),
    ];
    for line in &lines {
        assert_refused(&scratch.sh(&format!("{line} > /dev/full")), 2, line);
        assert_refused(&scratch.sh(&format!("{line} >&-")), 2, line);
        // A reader that is gone: status 141 and silence.
        let ran = scratch.sh(&format!("({line}; echo $? > status) | true; sleep 0.1; exit $(cat status)"));
        assert!([0, 141].contains(&ran.status), "{line}: {ran:?}");
        assert!(ran.stderr.is_empty(), "{line}: {ran:?}");
    }
    for line in &lines[..8] {
        let (tool, rest) = line.split_once(' ').expect("arguments");
        for output in ["/dev/full", "none/file", "model"] {
            let ran = scratch.sh(&format!("{tool} --output {output} {rest}"));
            assert_refused(&ran, 2, &format!("{line} to {output}"));
        }
    }
    // An input is never overwritten.
    scratch.write(
        "p.rego",
        b"package mlbom_policy\nrules contains \"A\"\ndeny contains f if { false; f := {} }\n",
    );
    scratch.write("d.json", b"{\"mlbom\":{}}");
    for line in [
        "mlbom-compose --output m.json < m.json".to_owned(),
        "mlbom-sign --key k.pem --output k.pem < m.json".to_owned(),
        "mlbom-hash --output model/config.json model".to_owned(),
        format!("{VERIFY} --output bom.jsonl < m.json"),
        format!("{VERIFY} --output model/config.json model"),
        "mlbom-policy --policy builtin:minimal --output r.json < r.json".to_owned(),
        "mlbom-policy --policy p.rego --output p.rego < r.json".to_owned(),
        "mlbom-policy --policy builtin:minimal --data d.json --output d.json < r.json".to_owned(),
        "cd model && mlbom-hash . > here".to_owned(),
    ] {
        let ran = scratch.sh(&line);
        assert_refused(&ran, 2, &line);
        assert!(ran.stderr.contains("would be overwritten"), "{line}: {}", ran.stderr);
    }
    scratch.ok(&format!("rm model/here; {VERIFY} model"));
    scratch.ok("ln -s nowhere/at-all dangling");
    assert_refused(&scratch.sh("mlbom-hash --output dangling model"), 2, "a link that leads nowhere");
    assert!(scratch.path().join("dangling").is_symlink());
    let left: Vec<_> =
        fs::read_dir(scratch.path()).expect("a directory").flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
    // A lost reader never turns a no into anything else.
    scratch.ok("echo > model/extra");
    let ran = scratch
        .sh(&format!("({VERIFY} --quiet model; echo $? > status) | true; sleep 0.2; exit $(cat status)"));
    assert_eq!(ran.status, 1);
}

#[test]
fn a_full_disk_leaves_nothing() {
    let scratch = Scratch::signed();
    // A file system of two pages; needs root, as the tests in CI have.
    if scratch.sh("mkdir full && mount -t tmpfs -o size=8k tmpfs full").status != 0 {
        return;
    }
    scratch.ok("mlbom-hash model > m.json; yes | head -c 8192 > full/filler || true");
    let ran = scratch.sh("mlbom-hash --output full/out model");
    let left = scratch.sh("ls -A full; umount full").stdout;
    assert_refused(&ran, 2, "a full disk");
    assert_eq!(left.trim(), "filler");
}

#[test]
fn an_unreadable_file_as_a_plain_user() {
    let scratch = Scratch::signed();
    scratch.ok("chmod 0 model/config.json; chmod 755 . model");
    let bin = mlbom_tests::tool("mlbom-hash");
    let user = if scratch.sh("[ $(id -u) = 0 ]").status == 0 {
        // The tools may lie where a plain user cannot look.
        scratch.ok(&format!("cp '{}' ./hash-copy; chmod 755 hash-copy", bin.display()));
        "setpriv --reuid=65534 --regid=65534 --clear-groups ./hash-copy"
    } else {
        "mlbom-hash"
    };
    let ran = scratch.sh(&format!("{user} model"));
    assert_refused(&ran, 2, "an unreadable file");
    assert!(ran.stderr.contains("model/config.json: cannot be read"), "{}", ran.stderr);
}

#[test]
fn boms_that_cannot_be_bound() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model > m.json; mlbom-compose < m.json > b.json");
    for (what, change) in [
        ("no list of files", "del(.metadata.component.components)"),
        ("a list that is not said to be complete", "del(.compositions)"),
        ("a file renamed", ".metadata.component.components[0].name = \"x\""),
        ("a file dropped", "del(.metadata.component.components[0])"),
        ("another digest", ".metadata.component.components[0].hashes[0].content = (\"0\" * 64)"),
        ("no digest", "del(.metadata.component.components[0].hashes)"),
        (
            "a property that lies",
            "(.metadata.component.properties[] | select(.name == \"mlbom:dirHash\")).value = (\"0\" * 64)",
        ),
        ("a path out", ".metadata.component.components[0].name = \"../x\""),
    ] {
        scratch.ok(&format!("jq -c '{change}' b.json > c.json"));
        let ran = scratch.sh("mlbom-sign --key k.pem --output x < c.json");
        assert_refused(&ran, 2, what);
        assert!(!scratch.path().join("x").exists());
    }
    // With the manifest beside it, a list that disagrees is refused and a missing one is supplied.
    scratch.ok("echo more > model/more; mlbom-hash model > n.json");
    assert_refused(&scratch.sh("cat n.json b.json | mlbom-sign --key k.pem"), 2, "a manifest of other files");
    scratch.ok("rm model/more; jq -c 'del(.metadata.component.components)' b.json > c.json; cat c.json m.json | mlbom-sign --key k.pem > foreign.jsonl");
    let report = scratch.ok("mlbom-verify --bundle foreign.jsonl --key k.pem.pub model");
    assert!(report.contains("\"bomFiles\":\"absent\""), "{report}");
    assert_refused(
        &scratch.feed(report.as_bytes(), "mlbom-policy --policy builtin:minimal"),
        1,
        "a BOM without a list of files",
    );
    // A signed list that differs from the subjects signed with it.
    scratch.ok("jq -r .dsseEnvelope.payload bom.jsonl | base64 -d | jq -c 'del(.predicate.metadata.component.components[0]) | del(.predicate.metadata.component.properties)' | mlbom-sign --key k.pem > liar.jsonl");
    assert_refused(
        &scratch.sh("mlbom-verify --bundle liar.jsonl --key k.pem.pub model"),
        1,
        "a BOM that lists less",
    );
    for line in
        ["cat m.json m.json", "cat b.json b.json", "cat m.json m.json b.json", "echo {}", "cat bom.jsonl"]
    {
        assert_refused(&scratch.sh(&format!("{line} | mlbom-sign --key k.pem")), 2, line);
    }
    assert_refused(&scratch.sh("cat b.json | mlbom-compose"), 2, "a BOM to compose from");
    assert_refused(&scratch.sh("mlbom-hash model/*.* | mlbom-compose"), 2, "a manifest a file");
    assert_refused(&scratch.sh("mlbom-compose --expect manifest=2 < m.json"), 2, "fewer than expected");
}

#[test]
fn digests_that_were_not_computed() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model | sed 's/\"computed\"/\"cached\"/' > m.json");
    assert_refused(&scratch.sh(&format!("{VERIFY} < m.json")), 2, "verify");
    assert_refused(&scratch.sh("mlbom-sign --key k.pem < m.json"), 2, "sign");
}

#[test]
fn policies_that_do_not_decide() {
    let scratch = Scratch::signed();
    scratch.ok(&format!("{VERIFY} model > good.json; mlbom-policy --policy builtin:minimal < good.json"));
    scratch.write(
        "fine.rego",
        b"package mlbom_policy\nrules contains \"ORG-1\"\ndeny contains f if { false; f := {} }\n",
    );
    scratch.ok("mlbom-policy --policy fine.rego < good.json");
    let brackets = format!(
        "package mlbom_policy\nrules contains \"A\"\nx := {}{}\ndeny contains f if {{ false; f := x }}\n",
        "[".repeat(40),
        "]".repeat(40)
    );
    for (what, rego) in [
        ("empty", ""),
        ("a package and no rule", "package mlbom_policy\n"),
        (
            "a typo in the package",
            "package mlbom_polcy\nrules contains \"A\"\ndeny contains f if { false; f := {} }\n",
        ),
        (
            "a typo in the rule",
            "package mlbom_policy\nrules contains \"A\"\ndeni contains f if { false; f := {} }\n",
        ),
        ("a syntax error", "package mlbom_policy\ndeny contains if {\n"),
        (
            "an unknown function",
            "package mlbom_policy\nrules contains \"A\"\ndeny contains f if { false; f := nosuch(1) }\n",
        ),
        (
            "http.send",
            "package mlbom_policy\nrules contains \"A\"\ndeny contains f if { http.send({\"method\":\"get\",\"url\":\"http://127.0.0.1\"}).status_code == 200; f := {} }\n",
        ),
        ("a finding of another shape", "package mlbom_policy\nrules contains \"A\"\ndeny contains \"no\"\n"),
        (
            "recursion",
            "package mlbom_policy\nrules contains \"A\"\nf(x) := f(x + 1)\ndeny contains y if { y := f(1) }\n",
        ),
        (
            "endless work",
            "package mlbom_policy\nrules contains \"A\"\ndeny contains f if { some i in numbers.range(1, 100000000); some j in numbers.range(1, 100000000); i * j == 0; f := {} }\n",
        ),
        ("deep brackets", &brackets),
    ] {
        scratch.write("p.rego", rego.as_bytes());
        let ran = scratch.sh("mlbom-policy --policy p.rego < good.json");
        assert_refused(&ran, 2, what);
        assert!(ran.stdout.is_empty(), "{what}");
    }
    for (what, data) in [
        ("data that shadows a rule", r#"{"mlbom_policy":{"deny":[]}}"#),
        ("data outside its root", r#"{"other":1}"#),
        ("data twice", r#"{"mlbom":{},"mlbom":{}}"#),
        ("no object", "[]"),
        ("nothing", ""),
    ] {
        scratch.write("d.json", data.as_bytes());
        assert_refused(
            &scratch.sh("mlbom-policy --policy builtin:minimal --data d.json < good.json"),
            2,
            what,
        );
    }
    scratch.write(
        "d.json",
        br#"{"mlbom":{"signers":["0000000000000000000000000000000000000000000000000000000000000000"]}}"#,
    );
    assert_refused(
        &scratch.sh("mlbom-policy --policy builtin:minimal --data d.json < good.json"),
        1,
        "a signer that is not listed",
    );
    // A policy that says nothing of signatures, given a model that nobody signed.
    scratch.ok("mlbom-sign --new-key stranger.pem");
    let line =
        "mlbom-verify --bundle bom.jsonl --key stranger.pem.pub model | mlbom-policy --policy fine.rego";
    assert_refused(&scratch.sh(line), 1, "an unsigned model");
    let checked =
        "mlbom-hash --output m.json model; mlbom-hash --check m.json model | mlbom-policy --policy fine.rego";
    assert_refused(&scratch.sh(checked), 1, "a report without any signature");
    for (what, change) in [
        ("a result turned over", ".checks[0].result = \"failed\""),
        ("no checks", ".checks = []"),
        ("incomplete", ".complete = false"),
        ("completeness not said", "del(.complete)"),
        ("no statement", ".statements = []"),
        ("an unknown member", ".trusted = true"),
        ("a digest changed", ".model.dirHash = (\"0\" * 64)"),
    ] {
        scratch.ok(&format!("jq -c '{change}' good.json > bad.json"));
        let ran = scratch.sh("mlbom-policy --policy fine.rego < bad.json");
        assert!([1, 2].contains(&ran.status), "{what}: {ran:?}");
        assert_refused(&ran, ran.status, what);
    }
}

/// `--quiet` silences hints and the reasons of a no; an error always has its line.
#[test]
fn quiet_is_not_silent() {
    let scratch = Scratch::signed();
    for (line, status, lines) in [
        ("mlbom-sign < /dev/null", 2, 2),
        ("mlbom-sign --quiet < /dev/null", 2, 1),
        ("mlbom-compose < /dev/null", 2, 2),
        ("mlbom-compose --quiet < /dev/null", 2, 1),
        ("mlbom-hash --quiet none", 2, 1),
        ("mlbom-verify --quiet --bundle bom.jsonl --key k.pem model", 2, 1),
        ("mlbom-policy --policy builtin:minimal --quiet < /dev/null", 2, 1),
        ("mlbom-verify --quiet --bundle bom.jsonl --key k.pem.pub model/tok > r.json", 1, 0),
        ("mlbom-policy --policy builtin:minimal --quiet < r.json", 1, 0),
    ] {
        let ran = scratch.sh(line);
        assert_eq!((ran.status, ran.stderr.lines().count()), (status, lines), "{line}: {}", ran.stderr);
    }
}

#[test]
fn arguments_that_make_no_sense() {
    let scratch = Scratch::signed();
    for line in [
        "mlbom-hash",
        "mlbom-hash --threads 0 model",
        "mlbom-hash --exclude '[' model",
        "mlbom-hash --check none model",
        "mlbom-hash --nonsense model",
        "mlbom-hash model none",
        "mlbom-compose --timestamp yesterday < /dev/null",
        "mlbom-compose --format spdx < /dev/null",
        "mlbom-hash model | SOURCE_DATE_EPOCH=x mlbom-compose",
        "mlbom-verify --key k.pem.pub model",
        "mlbom-verify --bundle bom.jsonl model",
        "mlbom-verify --bundle none --key k.pem.pub model",
        "mlbom-verify --bundle model --key k.pem.pub model",
        "mlbom-verify --bundle - --key k.pem.pub < bom.jsonl",
        "mlbom-verify --bundle bom.jsonl --key k.pem.pub --require sbom model",
        "mlbom-verify --bundle /dev/null --key k.pem.pub model",
        "mlbom-policy --policy builtin:minimal --at 9999-01-01T00:00:00Z < /dev/null",
        "mlbom-policy --policy none < /dev/null",
    ] {
        let ran = scratch.sh(line);
        assert_refused(&ran, 2, line);
        assert!(ran.stdout.is_empty(), "{line}: {}", ran.stdout);
    }
}
