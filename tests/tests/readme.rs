//! The README's pipeline runs as it stands.

use mlbom_tests::Scratch;

/// A company's authority, and its certificate for `build.pem`.
const AUTHORITY: &str = r#"{
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj "/CN=root" \
  -addext keyUsage=critical,keyCertSign
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout mid.key -out mid.csr -subj "/CN=signing"
printf 'keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE' > mid.ext
openssl x509 -req -in mid.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile mid.ext -out mid.pem
mlbom-sign --new-key build.pem
openssl req -new -key build.pem -subj "/CN=build" -out build.csr
printf 'extendedKeyUsage=codeSigning\nsubjectAltName=email:build@acme.example' > build.ext
openssl x509 -req -in build.csr -CA mid.pem -CAkey mid.key -CAcreateserial -days 30 -extfile build.ext -out build.crt
} 2>/dev/null"#;

#[test]
fn the_pipeline_runs() {
    let readme = include_str!("../../README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let scratch = Scratch::project();
    let mut refused = Vec::new();
    let joined = block.replace("\\\n", "").replace("|\n", "| ");
    for line in joined.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        // `~` is whose directory it is.
        let ran = scratch.sh(&format!("HOME=$PWD; {line}"));
        assert_eq!(ran.status, 0, "{line}: {}", ran.stderr);
        assert!(!line.starts_with("jq") || !ran.stdout.trim().is_empty(), "{line}: says nothing");
        if line.contains("denied") {
            refused.push(ran.stdout);
        }
    }
    // The README says that a signature without a bill is refused.
    assert!(refused.concat().contains("bill of materials"), "{refused:?}");
    assert!(scratch.path().join("model.mlbom.jsonl").exists() && scratch.path().join("model.sig").exists());
}

#[test]
fn the_signers_are_taken() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("## Who signs, and when").expect("a section");
    let block = rest.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block");
    let scratch = Scratch::signed();
    scratch.ok(AUTHORITY);
    for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let ran = scratch.sh(&format!("set -o pipefail; {line}"));
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{line}");
        assert!(!line.contains("unverified") || ran.stdout.contains("config.json"), "{line}: {}", ran.stdout);
    }
}
