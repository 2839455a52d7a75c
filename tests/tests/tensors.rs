//! `mlbom-hash --tensors`: digests of tensors in the manifest, and headers that cannot be trusted to say where they are.

use mlbom::digest::Sha256;
use mlbom_tests::{Ran, Scratch};
use serde_json::Value;

fn safetensors(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

/// One F32 tensor of four numbers, whose type can be another.
fn gguf(kind: u32) -> Vec<u8> {
    let mut bytes = [&b"GGUF\x03\0\0\0"[..], &1_u64.to_le_bytes(), &0_u64.to_le_bytes()].concat();
    bytes.extend([&1_u64.to_le_bytes()[..], b"t", &1_u32.to_le_bytes(), &4_u64.to_le_bytes()].concat());
    bytes.extend([&kind.to_le_bytes()[..], &0_u64.to_le_bytes()].concat());
    bytes.resize(bytes.len().next_multiple_of(32), 0);
    bytes.extend(b"0123456789abcdef");
    bytes
}

fn refused(ran: &Ran, says: &[&str], what: &str) {
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{what}: {}", ran.stderr);
    for says in says {
        assert!(ran.stderr.contains(says), "{what}: {says:?} was wanted: {}", ran.stderr);
    }
}

#[test]
fn a_broken_header_is_an_error() {
    let good = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    let overlap = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[3,5]}}"#;
    let twice = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    for (bytes, says) in [
        (safetensors(good, b"123"), "3 follow the header"),
        (safetensors(good, b"12345"), "5 follow the header"),
        (safetensors(overlap, b"12345"), "overlaps"),
        (safetensors(twice, b"1234"), "tensor \"a\": is there twice"),
        (safetensors(r#"{"a":{"dtype":"Q9","shape":[4],"data_offsets":[0,4]}}"#, b"1234"), "not known"),
        (gguf(0)[..70].to_vec(), "outside of the file"),
        (gguf(0)[..50].to_vec(), "inside its header"),
        // White space before it is nothing to the loaders of such files, and so nothing to hide behind.
        (safetensors(&format!(" \n{good}"), b"123"), "3 follow the header"),
        (gguf(5), "type 5 is not known"),
        (gguf(2), "not whole blocks"),
    ] {
        let scratch = Scratch::empty();
        scratch.write("model/good.safetensors", &safetensors(good, b"1234"));
        scratch.write("model/weights.bin", &bytes);
        // What it is stays said; where its tensors are cannot be.
        let plain = scratch.ok("mlbom-hash model | jq -r '.files[1].format'");
        assert!(["safetensors\n", "gguf\n"].contains(&plain.as_str()), "{says}: {plain}");
        refused(&scratch.sh("mlbom-hash --tensors model"), &["model/weights.bin", says], says);
    }
    // Not GGUF by its counts or its version, and nothing else either.
    for bytes in [[b"GGUF\x03\0\0\0", &[0xff; 40][..]].concat(), b"GGUF\x09\0\0\0\x01\xff".to_vec()] {
        let scratch = Scratch::empty();
        scratch.write("model/weights.bin", &bytes);
        assert_eq!(scratch.ok("mlbom-hash model | jq -r '.files[0].format'"), "unknown\n");
        refused(&scratch.sh("mlbom-hash --tensors model"), &["model/weights.bin", "told apart"], "GGUF");
    }
    let scratch = Scratch::empty();
    scratch.write("model/x", b"x");
    scratch.ok("mlbom-hash --tensors --output m.json model");
    refused(&scratch.sh("mlbom-hash --tensors --check m.json model"), &["cannot be used with"], "--check");
}

#[test]
fn manifests_with_tensors_that_cannot_be() {
    let scratch = Scratch::empty();
    scratch.write("model/a.gguf", &gguf(0));
    scratch.write("model/b.txt", b"text\n");
    scratch.ok("mlbom-hash --tensors --output m.json model");
    for (what, change) in [
        ("outside", ".files[0].tensors[0].end = 81"),
        ("backwards", ".files[0].tensors[0].start = 80 | .files[0].tensors[0].end = 64"),
        ("twice", ".files[0].tensors += .files[0].tensors"),
        ("overlap", ".files[0].tensors += [.files[0].tensors[0] | .name = \"u\" | .start = 70]"),
        ("null", ".files[0].tensors = null"),
        ("of a text", ".files[1].tensors = []"),
        ("a digest", ".files[0].tensors[0].sha256 = \"00\""),
        ("a type", ".files[0].tensors[0].dtype = \"F 32\""),
        ("another member", ".files[0].tensors[0].shape = [4]"),
    ] {
        let ran = scratch.sh(&format!("jq -c '{change}' m.json | mlbom-compose"));
        refused(&ran, &["standard input"], what);
    }
    scratch.ok("mlbom-compose < m.json");
}

#[test]
fn digests_are_those_of_the_bytes() {
    let scratch = Scratch::empty();
    let header = r#"{"w.b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},"w.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    scratch.write("model/a.safetensors", &safetensors(header, b"1234abc"));
    scratch.write("model/spaced", &safetensors(&format!("\r\n\t {header}"), b"1234abc"));
    let spaced = "mlbom-hash --tensors model/spaced | jq -c '.files[].tensors | map([.name, .sha256])'";
    assert_eq!(
        scratch.ok(spaced),
        scratch.ok(&spaced.replace("spaced", "a.safetensors")),
        "white space first"
    );
    scratch.ok("rm model/spaced");
    scratch.write("model/b.gguf", &gguf(0));
    scratch.write("model/c.txt", b"text\n");
    let manifest: Value = serde_json::from_str(&scratch.ok("mlbom-hash --tensors model")).expect("JSON");
    let tensors = &manifest["files"][0]["tensors"];
    let start = 8 + header.len();
    for (at, (name, bytes, from)) in
        [("w.a", &b"1234"[..], start), ("w.b", b"abc", start + 4)].into_iter().enumerate()
    {
        assert_eq!(tensors[at]["name"], name);
        assert_eq!(tensors[at]["sha256"], Sha256::of(bytes).to_string());
        assert_eq!(
            (tensors[at]["start"].as_u64(), tensors[at]["end"].as_u64()),
            (Some(from as u64), Some((from + bytes.len()) as u64))
        );
    }
    assert_eq!(manifest["files"][1]["tensors"][0]["sha256"], Sha256::of(b"0123456789abcdef").to_string());
    assert!(manifest["files"][2].get("tensors").is_none());
    // All else is as without them, and all that takes a manifest takes this one.
    let same = "[ \"$(mlbom-hash --tensors model | jq -c 'del(.files[].tensors)')\" = \"$(mlbom-hash model | jq -c .)\" ]";
    scratch.ok(same);
    scratch.ok("mlbom-sign --new-key k.pem");
    scratch.ok("mlbom-hash --tensors model | mlbom-compose | mlbom-sign --key k.pem --output b.jsonl");
    scratch.ok("mlbom-hash --tensors model | mlbom-sign --key k.pem --output m.sig");
    scratch.ok("mlbom-verify --bundle b.jsonl --bundle m.sig --key k.pem.pub model > /dev/null");
    // Nobody holds them against anything: no report has them.
    scratch.ok("mlbom-hash --tensors --output m.json model");
    for line in ["mlbom-verify --bundle b.jsonl --key k.pem.pub < m.json", "mlbom-hash --check m.json model"]
    {
        assert!(!scratch.ok(line).contains("\"tensors\""), "{line}");
    }
    scratch.ok("mlbom-hash --tensors --output m.json model; mlbom-hash --check m.json model > /dev/null");
    scratch.ok("printf X | dd status=none of=model/b.gguf bs=1 seek=70 conv=notrunc");
    assert_eq!(scratch.sh("mlbom-hash --check m.json model > /dev/null").status, 1);
}

/// A sparse file under many names: however many are open, one header is read at a time.
#[test]
fn hostile_headers_take_little_memory() {
    let scratch = Scratch::empty();
    let length = 99_999_000_u64;
    scratch.write("model/0", &[&length.to_le_bytes()[..], b"{"].concat());
    scratch.ok(&format!(
        "truncate -s {} model/0; for i in $(seq 1 11); do ln model/0 model/$i; done",
        length + 8
    ));
    // The limit is of addresses, which are more than what is used of them.
    let ran = scratch.sh("ulimit -v 700000; mlbom-hash --threads 2 --tensors model > /dev/null");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}
