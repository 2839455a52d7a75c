//! The pipelines of the README, in a shell, in a script and in a Makefile; and with a tool that dies on the way.

use mlbom_tests::Scratch;

const VERIFY: &str =
    "mlbom-verify --bundle bom.jsonl --bundle model.sig --require bom --require oms --key k.pem.pub";

#[test]
fn a_signed_model_is_let_through() {
    let scratch = Scratch::signed();
    for line in [
        format!("mlbom-hash model/ | {VERIFY} | mlbom-policy --policy builtin:minimal"),
        format!("{VERIFY} model/ | mlbom-policy --policy builtin:minimal"),
        format!("cd model && mlbom-hash . | (cd .. && {VERIFY}) | mlbom-policy --policy builtin:minimal"),
        "mlbom-hash --output m.json model/ && mlbom-hash --check m.json model/".to_owned(),
        "mlbom-hash model | mlbom-verify --bundle bom.jsonl --key k.pem.pub - | mlbom-policy --policy builtin:minimal".to_owned(),
        "cp -r model own && cd own && mlbom-hash --output m.json . && mlbom-hash --check m.json".to_owned(),
        "cd model && mlbom-hash --check ../m.json && mlbom-hash . | mlbom-hash --check -".to_owned(),
    ] {
        let ran = scratch.sh(&line);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}: {}", ran.stdout);
    }
    // The bundles may lie in the model that they sign.
    scratch.ok("cp bom.jsonl model.sig model/");
    let report =
        scratch.ok("mlbom-verify --bundle model/bom.jsonl --bundle model/model.sig --key k.pem.pub model/");
    assert!(report.contains(r#""tolerated":["bom.jsonl","model.sig"]"#), "{report}");
    assert_eq!(scratch.feed(report.as_bytes(), "mlbom-policy --policy builtin:minimal").status, 0);
    // One that is there and was not given is a file like any other.
    scratch.ok("! mlbom-verify --bundle model/model.sig --key k.pem.pub model/; rm model/bom.jsonl");
    // But not under another name, and not another file under theirs.
    scratch
        .ok("mv model/model.sig model/config.sig; ! mlbom-verify --bundle model.sig --key k.pem.pub model");
    scratch.ok("mv model/config.sig model/model.sig; echo >> model/model.sig; ! mlbom-verify --bundle model.sig --key k.pem.pub model");
}

#[test]
fn a_single_file_is_a_model() {
    let scratch = Scratch::signed();
    scratch.ok("cp model/a.safetensors 'my model.safetensors'");
    scratch.ok("mlbom-hash 'my model.safetensors' > m.json; mlbom-compose < m.json > b.json; mlbom-sign --key k.pem < b.json > bom.jsonl; mlbom-sign --key k.pem < m.json > model.sig");
    scratch.ok(&format!("{VERIFY} 'my model.safetensors' | mlbom-policy --policy builtin:minimal"));
    scratch.ok(&format!("{VERIFY} < m.json | mlbom-policy --policy builtin:minimal"));
    let own = scratch.ok("sha256sum < 'my model.safetensors' | cut -c1-64");
    assert_eq!(scratch.ok("jq -r '.metadata.component.hashes[0].content' b.json"), own);
    // A directory that holds only this file is another model: a name and bytes are the same, the claim is not.
    scratch.ok("mkdir d; cp 'my model.safetensors' d; ! mlbom-verify --bundle model.sig --key k.pem.pub d");
}

#[test]
fn the_last_tool_alone_says_no() {
    let scratch = Scratch::signed();
    let last = "mlbom-compose | mlbom-sign --key k.pem --output out.jsonl";
    let cut = "mlbom-hash model | head -c 200";
    for (first, rest) in [
        ("false", last.to_owned()),
        ("mlbom-hash none", last.to_owned()),
        (cut, last.to_owned()),
        ("false", "mlbom-sign --key k.pem --output out.jsonl".to_owned()),
        (cut, "mlbom-sign --key k.pem --output out.jsonl".to_owned()),
        ("mlbom-hash none", format!("{VERIFY} | mlbom-policy --policy builtin:minimal")),
        (cut, format!("{VERIFY} | mlbom-policy --policy builtin:minimal")),
        (
            "mlbom-hash model",
            "mlbom-verify --bundle none --key k.pem.pub | mlbom-policy --policy builtin:minimal".to_owned(),
        ),
        ("mlbom-hash model", format!("{VERIFY} | head -c 900 | mlbom-policy --policy builtin:minimal")),
        (
            "mlbom-hash model",
            "(mlbom-compose | head -c 300) | mlbom-sign --key k.pem --output out.jsonl".to_owned(),
        ),
        ("mlbom-hash model", "false | mlbom-policy --policy builtin:minimal".to_owned()),
        ("(kill -9 $BASHPID)", last.to_owned()),
    ] {
        let line = format!("{first} | {rest}");
        let script = format!("set -e\n{line}\necho reached\n");
        let ran = scratch.sh(&script);
        assert!(ran.status != 0 && !ran.stdout.contains("reached"), "{line}: {ran:?}");
        assert!(!scratch.path().join("out.jsonl").exists(), "{line}");
        scratch
            .write("Makefile", format!("all:\n\t{}\n\ttouch reached\n", line.replace('$', "$$")).as_bytes());
        let ran = scratch.sh("make");
        assert_eq!(ran.status, 2, "{line} in a Makefile: {ran:?}");
        assert!(
            !scratch.path().join("reached").exists() && !scratch.path().join("out.jsonl").exists(),
            "{line}"
        );
    }
}

#[test]
fn the_same_bytes_every_time() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model > 1; mlbom-hash --threads 1 ./model/ > 2; cp -r model copy.tmp; mkdir c; mv copy.tmp c/model; mlbom-hash --threads 7 c/model > 3; cmp 1 2; cmp 1 3");
    scratch.ok("mlbom-hash model | mlbom-compose | mlbom-sign --key k.pem | cmp - bom.jsonl");
    scratch.ok("mlbom-hash model | mlbom-sign --key k.pem | cmp - model.sig");
    scratch.ok(
        "[ $(SOURCE_DATE_EPOCH=1 mlbom-compose < 1 | jq -r .metadata.timestamp) = 1970-01-01T00:00:01Z ]",
    );
    scratch.ok("SOURCE_DATE_EPOCH=1 mlbom-compose < 1 > a; mlbom-compose --timestamp 1970-01-01T02:00:01+02:00 < 1 | cmp - a");
    scratch.ok("! mlbom-compose < 1 | cmp -s - a");
    // Nothing of this machine is in them.
    // Base64 may spell anything: the payloads are looked at as they are.
    let all = scratch.ok(&format!("cat 1; jq 'del(.dsseEnvelope)' bom.jsonl model.sig; base64 -d <<< $(jq -r .dsseEnvelope.payload bom.jsonl); {VERIFY} model; {VERIFY} model | mlbom-policy --policy builtin:minimal"));
    for trace in [scratch.path().to_str().expect("UTF-8"), "/tmp/", "/home/"] {
        assert!(!all.contains(trace), "{trace}");
    }
    // The base64 of a key may spell a short name; who writes a name down has it as a word of its own.
    let words = |text: &str| -> Vec<String> {
        text.split(|character: char| !character.is_alphanumeric()).map(str::to_owned).collect()
    };
    let host = words(scratch.ok("hostname").trim());
    assert!(!words(&all).windows(host.len()).any(|found| found == host), "{host:?}");
}

#[test]
fn what_was_signed_comes_out_byte_for_byte() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model | mlbom-compose > b.json");
    scratch.ok("mlbom-verify --bundle bom.jsonl --key k.pem.pub --extract bom model > out; printf '\\n' >> out; cmp out b.json");
    // A foreign BOM with odd spacing and numbers stays as it is.
    scratch.ok("mlbom-hash model > m.json; printf '{ \"bomFormat\" : \"CycloneDX\",\\t\"specVersion\":\"1.6\", \"version\" : 1.0e0 }' > f.json");
    scratch.ok("cat m.json f.json | mlbom-sign --key k.pem > f.jsonl; mlbom-verify --bundle f.jsonl --key k.pem.pub --extract bom < m.json | cmp - f.json");
}

#[test]
fn dir_hash_is_what_sha256sum_prints() {
    let scratch = Scratch::signed();
    scratch.write("model/a-b/x", b"1");
    scratch.write("model/a/x", b"2");
    scratch.write("model/.hidden ü", b"3");
    let by_hand = scratch.ok("cd model; find . -type f -printf '%P\\n' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 sha256sum | sha256sum | cut -c1-64");
    assert_eq!(scratch.ok("mlbom-hash model | jq -r .dirHash"), by_hand);
}

#[test]
fn a_hub_cache_snapshot() {
    let scratch = Scratch::signed();
    let repository = "hub/models--org--tiny";
    scratch.ok(&format!(
        "mkdir -p {repository}/blobs {repository}/snapshots/abc {repository}/refs; printf abc > {repository}/refs/main
         for f in a.safetensors config.json; do d=$(sha256sum < model/$f | cut -c1-64); cp model/$f {repository}/blobs/$d; ln -s ../../blobs/$d {repository}/snapshots/abc/$f; done
         mkdir plain; cp model/a.safetensors model/config.json plain"
    ));
    let manifest = scratch.ok(&format!("mlbom-hash {repository}/snapshots/abc"));
    assert_eq!(manifest.matches(r#""link":"hubCache""#).count(), 2, "{manifest}");
    scratch.ok("mlbom-hash plain | mlbom-sign --key k.pem > plain.sig; mlbom-hash plain | mlbom-compose | mlbom-sign --key k.pem > plain.jsonl");
    scratch.ok(&format!("mlbom-verify --bundle plain.sig --bundle plain.jsonl --key k.pem.pub {repository}/snapshots/abc | mlbom-policy --policy builtin:minimal"));
    // One file of it is a model, too; a link from it to elsewhere is still refused.
    scratch.ok(&format!(
        "mlbom-hash {repository}/snapshots/abc/a.safetensors | grep -q '\"link\":\"hubCache\"'"
    ));
    scratch.ok(&format!("ln -s ../../../other {repository}/snapshots/abc/x; echo > hub/other"));
    assert_eq!(scratch.sh(&format!("mlbom-hash {repository}/snapshots/abc")).status, 2);
}

#[test]
fn installed_and_used_from_there() {
    let scratch = Scratch::signed();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let bin = mlbom_tests::tool("mlbom-hash");
    let bin = bin.parent().expect("a directory").display();
    scratch.ok(&format!("'{root}/tests/check/completions.sh' '{bin}' share mlbom-hash mlbom-verify; bash -n share/bash-completion/completions/mlbom-hash; grep -q 'l bundle' share/fish/vendor_completions.d/mlbom-verify.fish"));
}
