//! Our tools are held to the golden files byte for byte, and `mlbom-verify` to what other people's programs signed.
//!
//! The files in `tests/vectors/golden/` are those that the peers named in its `ORIGIN.md` verified; signatures are
//! deterministic, so what equals them is what they verified.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mlbom_tests::{Scratch, tool};
use serde_json::Value;

fn vectors() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors")).to_owned()
}

fn run(name: &str, args: &[&str], dir: &Path, input: Option<&Path>) -> Output {
    let input = input.map_or_else(Stdio::null, |path| fs::File::open(path).expect("the input").into());
    let mut command = Command::new(tool(name));
    command.args(args).current_dir(dir).env_remove("SOURCE_DATE_EPOCH").stdin(input);
    command.output().expect("the tool starts")
}

/// Runs a tool in `tests/vectors/golden` and compares its standard output with the file called `wanted`.
fn assert_golden(name: &str, args: &[&str], input: Option<&str>, wanted: &str) {
    let dir = vectors().join("golden");
    let out = run(name, args, &dir, input.map(|file| dir.join(file)).as_deref());
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(0), "{name} {args:?}: {said}");
    let golden = fs::read_to_string(dir.join(wanted)).expect("a golden file");
    let found = String::from_utf8(out.stdout).expect("text");
    assert!(
        found == golden,
        "{name} no longer writes tests/vectors/golden/{wanted}\nfound  {found}\nwanted {golden}\n\
         if that is meant: tests/vectors/golden/ORIGIN.md says how to make it anew, and who has to verify it"
    );
}

#[test]
fn hash_writes_the_golden_manifest() {
    for threads in ["1", "7"] {
        assert_golden("mlbom-hash", &["--threads", threads, "model"], None, "manifest.jsonl");
    }
}

#[test]
fn compose_writes_the_golden_bom() {
    let args = ["--name", "golden", "--model-version", "1"];
    assert_golden("mlbom-compose", &args, Some("manifest.jsonl"), "bom.cdx.json");
}

#[test]
fn sign_writes_the_golden_signatures() {
    for kind in ["p256", "ed25519"] {
        let args = ["--key", &format!("test-key-{kind}.pem")];
        assert_golden("mlbom-sign", &args, Some("manifest.jsonl"), &format!("oms.{kind}.sig"));
        assert_golden("mlbom-sign", &args, Some("bom.cdx.json"), &format!("bom.{kind}.jsonl"));
    }
}

/// A bundle, its signer's key, the model in a copy of the golden one, and what the report says of it.
struct Vector {
    bundle: &'static str,
    key: &'static str,
    /// Where a copy of the bundle lies while it is verified, if it lies inside the model.
    inside: Option<&'static str>,
    model: &'static str,
    kind: &'static str,
    binding: &'static str,
}

const WEIGHTS: &str = "model/model.safetensors";

const fn vector(
    bundle: &'static str,
    key: &'static str,
    kind: &'static str,
    binding: &'static str,
) -> Vector {
    Vector { bundle, key, inside: None, model: "model", kind, binding }
}

const VECTORS: [Vector; 10] = [
    vector("golden/oms.p256.sig", "golden/test-key-p256.pub", "oms", "resources"),
    vector("golden/oms.ed25519.sig", "golden/test-key-ed25519.pub", "oms", "resources"),
    vector("golden/bom.p256.jsonl", "golden/test-key-p256.pub", "bom", "subjects"),
    vector("golden/bom.ed25519.jsonl", "golden/test-key-ed25519.pub", "bom", "subjects"),
    vector("model_signing/p256.sig", "model_signing/p256.pub", "oms", "resources"),
    vector("model_signing/p384.sig", "model_signing/p384.pub", "oms", "resources"),
    Vector {
        inside: Some("model/model.sig"),
        ..vector("model_signing/inside.sig", "model_signing/p384.pub", "oms", "resources")
    },
    Vector {
        model: WEIGHTS,
        ..vector("model_signing/single-file.sig", "model_signing/p256.pub", "oms", "resources")
    },
    Vector { model: WEIGHTS, ..vector("cosign/p256.sigstore.json", "cosign/p256.pub", "bom", "singleFile") },
    Vector { model: WEIGHTS, ..vector("cosign/p384.sigstore.json", "cosign/p384.pub", "bom", "singleFile") },
];

/// A copy of the golden model, in `model/`.
fn model_copy() -> Scratch {
    let scratch = Scratch::empty();
    for path in
        [".keep", "config.json", "model.safetensors", "tokenizer/vocab.txt", "tokenizer-extra/merges.txt"]
    {
        let bytes = fs::read(vectors().join("golden/model").join(path)).expect("the golden model");
        scratch.write(&format!("model/{path}"), &bytes);
    }
    scratch
}

impl Vector {
    /// Verifies the bundle with `key` against the model in `scratch`: the status, and the report.
    fn verify(&self, scratch: &Scratch, key: &str) -> (Option<i32>, Value) {
        let mut bundle = vectors().join(self.bundle);
        if let Some(inside) = self.inside {
            let place = scratch.path().join(inside);
            fs::copy(&bundle, &place).expect("a copy");
            bundle = place;
        }
        let (bundle, key) = (bundle.to_string_lossy(), vectors().join(key));
        let args = ["--bundle", &bundle, "--key", &key.to_string_lossy(), self.model];
        let out = run("mlbom-verify", &args, scratch.path(), None);
        (out.status.code(), serde_json::from_slice(&out.stdout).unwrap_or_default())
    }
}

#[test]
fn verify_takes_every_vector() {
    for vector in &VECTORS {
        let (status, report) = vector.verify(&model_copy(), vector.key);
        let (what, statement) = (vector.bundle, &report["statements"][0]);
        assert_eq!((status, report["result"].as_str()), (Some(0), Some("held")), "{what}: {report}");
        assert_eq!(statement["kind"], vector.kind, "{what}");
        assert_eq!(statement["binding"], vector.binding, "{what}");
        assert_eq!(
            statement["bomFiles"],
            if vector.kind == "bom" { "equal".into() } else { Value::Null },
            "{what}"
        );
        assert!(statement["notCovered"].as_array().is_none_or(Vec::is_empty), "{what}: {report}");
        let tolerated = vector.inside.map(|path| Value::from(path.trim_start_matches("model/")));
        assert_eq!(report["tolerated"], Value::from_iter(tolerated), "{what}");
    }
}

#[test]
fn verify_refuses_every_vector_after_a_change() {
    for vector in &VECTORS {
        let what = vector.bundle;
        let scratch = model_copy();
        let mut weights = fs::read(scratch.path().join(WEIGHTS)).expect("the weights");
        *weights.last_mut().expect("a byte") ^= 1;
        scratch.write(WEIGHTS, &weights);
        assert_eq!(vector.verify(&scratch, vector.key).0, Some(1), "{what}: a changed bit");

        let other =
            if vector.key.contains("p384") { "model_signing/p256.pub" } else { "model_signing/p384.pub" };
        for other in [other, "sigstore-rust/other.pub"] {
            assert_eq!(vector.verify(&model_copy(), other).0, Some(1), "{what}: the key {other}");
        }
        if vector.model != "model" {
            let of_all = Vector { model: "model", ..*vector };
            assert_eq!(
                of_all.verify(&model_copy(), vector.key).0,
                Some(1),
                "{what}: the directory around the file"
            );
            continue;
        }
        let scratch = model_copy();
        scratch.write("model/more", b"");
        assert_eq!(vector.verify(&scratch, vector.key).0, Some(1), "{what}: a file more");

        let scratch = model_copy();
        fs::remove_file(scratch.path().join("model/.keep")).expect("the empty file");
        assert_eq!(vector.verify(&scratch, vector.key).0, Some(1), "{what}: a file less");

        let scratch = model_copy();
        let in_model = |path| scratch.path().join("model").join(path);
        fs::rename(in_model("tokenizer/vocab.txt"), in_model("tokenizer/words.txt")).expect("a new name");
        assert_eq!(vector.verify(&scratch, vector.key).0, Some(1), "{what}: a file renamed");
    }
}
