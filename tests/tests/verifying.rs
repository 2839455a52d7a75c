//! What else a model and its signatures are held against: the Hub's listing, a part of the files, other people's lists.

use mlbom_tests::Scratch;

#[test]
fn a_listing_of_the_hub() {
    let scratch = Scratch::signed();
    // As the Hub's API has it: large files by SHA-256, the others by the name that git gives them.
    scratch.ok(
        r#"find model -type f | while read -r f; do
  name=${f#model/}; size=$(stat -c %s "$f")
  case $name in
    *.safetensors) jq -nc --arg p "$name" --arg d "$(sha256sum < "$f" | cut -c1-64)" --argjson s $size '{type: "file", path: $p, size: $s, lfs: {oid: $d, size: $s, pointerSize: 134}}' ;;
    *) jq -nc --arg p "$name" --arg d "$({ printf 'blob %s\0' $size; cat "$f"; } | sha1sum | cut -c1-40)" --argjson s $size '{type: "file", path: $p, size: $s, oid: $d}' ;;
  esac
done | jq -sc . > tree.json"#,
    );
    let verify = "mlbom-verify --bundle model.sig --key k.pem.pub --hub-tree";
    let report = scratch.ok(&format!("{verify} tree.json model"));
    assert!(report.contains(r#""id":"hub-tree","result":"held""#), "{report}");
    for (change, what) in [
        ("map(select(.path != \"config.json\"))", "a file more"),
        (". + [{type: \"file\", path: \"more\", size: 1, oid: (\"0\" * 40)}]", "a file less"),
        ("map(if .lfs then .lfs.oid = (\"0\" * 64) else . end)", "another SHA-256"),
        ("map(if .oid then .oid = (\"0\" * 40) else . end)", "another blob"),
        ("map(.size += 1 | if .lfs then .lfs.size += 1 else . end)", "another size"),
    ] {
        scratch.ok(&format!("jq -c '{change}' tree.json > other.json"));
        let ran = scratch.sh(&format!("{verify} other.json model"));
        assert!(
            ran.status == 1 && ran.stdout.contains(r#""id":"hub-tree","result":"failed""#),
            "{what}: {ran:?}"
        );
    }
    for (make, what) in [
        ("echo '[]'", "no file"),
        ("echo '{}'", "no listing"),
        ("jq -c '. + .' tree.json", "files twice"),
        ("jq -c '.[0].path = \"../x\"' tree.json", "a path that leads out"),
    ] {
        scratch.ok(&format!("{make} > other.json"));
        let ran = scratch.sh(&format!("{verify} other.json model"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{what}: {ran:?}");
    }
    // The names that git gives need bytes.
    let ran = scratch.sh(&format!("mlbom-hash model | {verify} tree.json"));
    assert!(ran.status == 2 && ran.stderr.contains("hint"), "{ran:?}");
}

#[test]
fn a_part_of_a_model() {
    let scratch = Scratch::signed();
    for bundle in ["model.sig", "bom.jsonl"] {
        let verify = format!("mlbom-verify --bundle {bundle} --key k.pem.pub --only '*.safetensors'");
        let report = scratch.ok(&format!("{verify} model"));
        assert!(
            report.contains(r#""subject":"namedFiles""#)
                && report.contains(r#""unverified":["#)
                && report.contains(r#""config.json""#),
            "{report}"
        );
        for policy in ["builtin:minimal", "builtin:model-deployment"] {
            assert_eq!(scratch.feed(report.as_bytes(), &format!("mlbom-policy --policy {policy}")).status, 1);
        }
        let by_manifest = scratch.ok(&format!("mlbom-hash model | {verify}"));
        assert!(by_manifest.contains(r#""subject":"namedFiles""#), "{by_manifest}");
        // A machine that has only these.
        scratch.ok("rm -rf part; mkdir part; cp model/*.safetensors part");
        scratch.ok(&format!("{verify} part >&2"));
        // What is named is held to the last byte, and has to be all of it.
        for change in [
            "echo x >> part/a.safetensors",
            "rm part/b.safetensors",
            "cp part/a.safetensors part/c.safetensors",
        ] {
            scratch.ok(&format!("rm -rf part; mkdir part; cp model/*.safetensors part; {change}"));
            assert_eq!(scratch.sh(&format!("{verify} part")).status, 1, "{change}");
        }
        scratch
            .ok(&format!("rm -rf part; cp -r model part; echo evil > part/config.json; {verify} part >&2"));
    }
    for line in [
        "mlbom-verify --bundle model.sig --key k.pem.pub --only '*.none' model",
        "mlbom-verify --bundle model.sig --key k.pem.pub --only '' model",
        "mlbom-verify --bundle bom.jsonl --key k.pem.pub --only '*.json' --extract bom model",
    ] {
        let ran = scratch.sh(line);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
    }
}

/// Only the bundles in it are read.
#[test]
fn what_gh_writes() {
    let scratch = Scratch::signed();
    let wrap = "jq -c '[{attestation: {bundle: ., bundle_url: \"https://x.example\"}, verificationResult: {statement: {}, verifiedTimestamps: []}}]'";
    scratch.ok(&format!(
        "{wrap} bom.jsonl > gh.json; mlbom-verify --bundle gh.json --key k.pem.pub --require bom model >&2"
    ));
    scratch.ok(&format!("jq -c '.dsseEnvelope.signatures[0].sig = \"AAAA\"' bom.jsonl | {wrap} > bad.json"));
    assert_eq!(scratch.sh("mlbom-verify --bundle bad.json --key k.pem.pub model").status, 1);
    for text in [
        "[]",
        "[1]",
        "[{}]",
        "[{\"attestation\":{}}]",
        "[{\"attestation\":{\"bundle\":1},\"verificationResult\":{}}]",
        "[",
    ] {
        scratch.ok(&format!("echo '{text}' > odd.json"));
        let ran = scratch.sh("mlbom-verify --bundle odd.json --key k.pem.pub model");
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{text}: {ran:?}");
    }
}

#[test]
fn what_is_too_much() {
    let scratch = Scratch::signed();
    scratch.ok("truncate -s 1G big.sig; truncate -s 1G big.json.asc; truncate -s 1G big.json");
    for line in [
        "mlbom-verify --bundle big.sig --key k.pem.pub model",
        "mlbom-verify --bundle big.json.asc --pgp-key k.pem.pub model",
        "mlbom-verify --bundle model.sig --key k.pem.pub --trusted-root big.sig model",
        "mlbom-verify --bundle model.sig --key k.pem.pub --ca big.sig model",
        "mlbom-verify --bundle model.sig --key big.sig model",
        "mlbom-verify --bundle model.sig --key k.pem.pub --hub-tree big.sig model",
    ] {
        let ran = scratch.sh(&format!("ulimit -v 1500000; {line}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
    }
}

/// The signature of one bundle in another, twice, or not at all; a hint that lies; a statement inside a statement.
#[test]
fn signatures_that_were_moved() {
    let scratch = Scratch::signed();
    for (change, status) in [
        (".dsseEnvelope.signatures = []", 2),
        (".dsseEnvelope.signatures += .dsseEnvelope.signatures", 2),
        (".dsseEnvelope.signatures[0].sig = \"\"", 1),
        (".dsseEnvelope.payload = (.dsseEnvelope | tojson | @base64)", 1),
        (
            ".dsseEnvelope = {payload: (.dsseEnvelope | tojson | @base64), payloadType: .dsseEnvelope.payloadType, signatures: .dsseEnvelope.signatures}",
            1,
        ),
        (
            "{mediaType, verificationMaterial, messageSignature: {signature: .dsseEnvelope.signatures[0].sig}}",
            1,
        ),
        (".verificationMaterial.publicKey.hint = \"another key\"", 0),
        ("del(.verificationMaterial.publicKey)", 2),
    ] {
        scratch.ok(&format!("jq -c '{change}' bom.jsonl > x.jsonl"));
        let ran = scratch.sh("mlbom-verify --bundle x.jsonl --key k.pem.pub model");
        assert_eq!(ran.status, status, "{change}: {ran:?}");
    }
}
