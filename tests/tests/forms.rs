//! What other people's signatures look like: envelopes without a bundle, older statements, other digests. Made here with
//! openssl and jq of what our own tools signed; `make interop` has the peers' own.

use mlbom_tests::Scratch;

/// `pae PAYLOAD` is what somebody signs who signs that statement; `envelope PAYLOAD SIGNATURE` and `blob SIGNATURE` are
/// bundles of a key.
const MAKE: &str = r#"
pae() { printf 'DSSEv1 28 application/vnd.in-toto+json %d ' "$(wc -c < "$1")"; cat "$1"; }
bundle() { jq -nc '{mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", verificationMaterial: {publicKey: {hint: ""}}} + '"$1"; }
envelope() { bundle "{dsseEnvelope: {payload: \"$(base64 -w0 "$1")\", payloadType: \"application/vnd.in-toto+json\", signatures: [{sig: \"$(base64 -w0 "$2")\"}]}}"; }
blob() { bundle "{messageSignature: {signature: \"$(base64 -w0 "$1")\"}}"; }
signed() { pae "$1" | openssl dgst "-$2" -sign "$3" > "$1.sig" && envelope "$1" "$1.sig"; }
"#;

const VERIFY: &str = "mlbom-verify --key k.pem.pub --bundle";

#[test]
fn envelopes_by_themselves() {
    let scratch = Scratch::signed();
    scratch.ok("jq -c .dsseEnvelope bom.jsonl > bare.json; mlbom-sign --new-key other.pem");
    let url = r#".payload |= (gsub("\\+"; "-") | gsub("/"; "_") | rtrimstr("=") | rtrimstr("="))"#;
    for (change, what) in [
        (".", "as it is"),
        (url, "in the other base64"),
        ("del(.signatures[0].keyid)", "without a name for the key"),
        (".signatures[0].extension = {}", "with what another tool adds"),
    ] {
        scratch.ok(&format!("jq -c '{change}' bare.json > changed.json"));
        scratch.ok(&format!("{VERIFY} changed.json --require bom model >&2"));
        let ran = scratch.sh("mlbom-verify --key other.pem.pub --bundle changed.json model");
        assert_eq!(ran.status, 1, "{what}: {ran:?}");
    }
    for (change, status, what) in [
        (".signatures += .signatures", 2, "two signatures"),
        (".signatures = []", 2, "no signature"),
        (".payloadType = \"text/plain\"", 2, "another payload"),
        (".signatures[0].cert = \"x\"", 2, "no certificate"),
        (".payload = (.payload | explode | .[9] = 65 | implode)", 1, "another payload"),
    ] {
        scratch.ok(&format!("jq -c '{change}' bare.json > changed.json"));
        let ran = scratch.sh(&format!("{VERIFY} changed.json model"));
        assert_eq!(ran.status, status, "{what}: {ran:?}");
    }
    // A bundle that does not hold is not read as something else that it holds as well.
    scratch.ok("jq -c '.dsseEnvelope.signatures[0].sig = \"AAAA\"' bom.jsonl > bad.json");
    for (add, what) in
        [(".[0] + .[1]", "an envelope"), (".[0] + {attestations: [{bundle: .[2]}]}", "an answer")]
    {
        scratch.ok(&format!("jq -sc '{add}' bad.json bare.json bom.jsonl > both.json"));
        let ran = scratch.sh(&format!("{VERIFY} both.json model"));
        assert!(ran.status == 2 && ran.stderr.contains("unknown field"), "{what}: {ran:?}");
    }
    // What GitHub's and npm's services answer holds bundles.
    scratch.ok("jq -c '{attestations: [{bundle: ., repository_id: 1}]}' bom.jsonl > answer.json");
    scratch.ok(&format!("{VERIFY} answer.json --require bom model >&2"));
    for (make, says) in [
        ("echo '{\"attestations\":[]}'", "holds no attestation"),
        ("printf -- '-----BEGIN SSH SIGNATURE-----\\n'", "is an SSH signature"),
    ] {
        let ran = scratch.sh(&format!("{make} > x.json; {VERIFY} x.json model"));
        assert!(ran.status == 2 && ran.stderr.contains(says), "{make}: {ran:?}");
    }
}

/// The same proof twice, and a signature for two things.
#[test]
fn signatures_that_say_too_much() {
    let scratch = Scratch::signed();
    scratch.ok("jq -r .dsseEnvelope.payload model.sig | base64 -d > s.json; jq -r .dsseEnvelope.signatures[0].sig model.sig | base64 -d > raw");
    // A file whose bytes are what was signed for a statement.
    let ran =
        scratch.sh(&format!("{MAKE} pae s.json > gift.bin; blob raw > gift.sig; {VERIFY} gift.sig gift.bin"));
    assert!(ran.status == 1 && ran.stderr.contains("encoding of a statement"), "{ran:?}");
    let stamp = r#"{"signedTimestamp":"AAAA"}"#;
    let change =
        format!(".verificationMaterial.timestampVerificationData.rfc3161Timestamps = [{stamp}, {stamp}]");
    let ran = scratch.sh(&format!("jq -c '{change}' model.sig > twice.sig; {VERIFY} twice.sig model"));
    assert!(ran.status == 2 && ran.stderr.contains("the same timestamp twice"), "{ran:?}");
}

#[test]
fn hashes_of_another_length_than_the_curves() {
    let scratch = Scratch::signed();
    scratch
        .ok("mlbom-sign --new-key p384.pem --key-type p384; mlbom-sign --new-key p521.pem --key-type p521");
    scratch.ok("jq -r .dsseEnvelope.payload bom.jsonl | base64 -d > bom.json; jq -r .dsseEnvelope.payload model.sig | base64 -d > oms.json");
    // cosign 2 signed so; OpenSSF Model Signing has one hash for each curve.
    for key in ["p384", "p521"] {
        for (statement, hash, status) in
            [("bom", "sha256", 0), ("oms", "sha256", 1), ("bom", "sha1", 1), ("oms", "sha224", 1)]
        {
            let ran = scratch.sh(&format!(
                "{MAKE} signed {statement}.json {hash} {key}.pem > x.sig; mlbom-verify --key {key}.pem.pub --bundle x.sig model"
            ));
            assert_eq!(ran.status, status, "{key} {statement} {hash}: {ran:?}");
        }
    }
}

#[test]
fn statements_of_other_makers() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model > m.json; jq -c '[.files[] | {name: .path, digest: .digests}]' m.json > subjects.json; mlbom-hash model/config.json > f.json; jq -c '[.files[] | {name: .path, digest: .digests}]' f.json > one.json");
    let statement = |subjects: &str, predicate_type: &str, predicate: &str| {
        format!(
            r#"jq -c '{{_type: "https://in-toto.io/Statement/v1", subject: ({subjects}), predicateType: "{predicate_type}"}} + {predicate}' subjects.json > s.json; {MAKE} signed s.json sha256 k.pem > s.sig"#
        )
    };
    let sha512 = scratch.ok("sha512sum < model/config.json | cut -d' ' -f1");
    let sha512 = format!(r#"[{{name: "config.json", digest: {{sha512: "{}"}}}}]"#, sha512.trim());
    let other_commit = r#"{name: "x", digest: {gitCommit: ("0" * 40)}}"#;
    let package = r#"{name: "pkg:npm/x@1", digest: {sha512: ("0" * 128)}}"#;
    let commit = r#"{name: "", uri: "pkg:github/acme/x@v1", digest: {sha1: ("0" * 40)}}"#;
    let old = "https://model_signing/Digests/v0.1";
    let other = "https://acme.example/x";
    for (subjects, predicate_type, predicate, model, status, what) in [
        (".", other, "{}", "model", 0, "without a predicate, as cosign's signatures of images"),
        (".", other, "{predicate: null}", "model", 0, "with none"),
        (".", other, "{predicate: \"x\"}", "model", 1, "a predicate that is none"),
        (".", "https://cyclonedx.org/bom", "{}", "model", 1, "a bill that is none"),
        (
            ".",
            old,
            "{predicate: {unused: \"x\"}}",
            "model",
            0,
            "OMS 0.2 with DSSE's own encoding, as Sigstore signed it",
        ),
        (".[1:]", old, "{predicate: {}}", "model", 1, "the same, a file short"),
        (&format!(". + [{commit}]"), other, "{predicate: {}}", "model", 0, "a commit beside the files"),
        (
            &format!(". + [{other_commit}]"),
            other,
            "{predicate: {}}",
            "model",
            1,
            "a commit that may be a file",
        ),
        (&format!(". + [{package}]"), other, "{predicate: {}}", "model", 1, "a package that may be a file"),
        (&format!("[{commit}]"), other, "{predicate: {}}", "model", 1, "a commit alone"),
        (
            ". + [{name: \"x\", digest: {sha1: (\"0\" * 40)}}]",
            other,
            "{predicate: {}}",
            "model",
            1,
            "a file by another digest",
        ),
        (". + [.[0]]", other, "{predicate: {}}", "model", 0, "a file twice"),
        (". + [.[0] | .digest.sha256 = (\"0\" * 64)]", other, "{predicate: {}}", "model", 1, "a file as two"),
        (&sha512, other, "{predicate: {}}", "model/config.json", 0, "npm's digest"),
        (
            &sha512.replace("config.json", "pkg:npm/x@1"),
            other,
            "{predicate: {}}",
            "model/config.json",
            0,
            "npm's name",
        ),
        (
            &sha512.replace("{sha512", "{sha256: \"x\", sha512"),
            other,
            "{predicate: {}}",
            "model/config.json",
            1,
            "no SHA-256",
        ),
        (&sha512, other, "{predicate: {}}", "model/README.md", 1, "npm's digest of another file"),
        (&sha512, other, "{predicate: {}}", "< f.json", 1, "npm's digest, the file not at hand"),
        (&sha512, other, "{predicate: {}}", "model", 1, "npm's digest of one file of several"),
    ] {
        scratch.ok(&statement(subjects, predicate_type, predicate));
        let ran = scratch.sh(&format!("{VERIFY} s.sig {model}"));
        assert_eq!(ran.status, status, "{what}: {ran:?}");
    }
}

/// Before version 1.1 OpenSSF Model Signing left out what git keeps, and did not say so.
#[test]
fn what_older_versions_left_out() {
    let scratch = Scratch::signed();
    scratch.ok("jq -r .dsseEnvelope.payload model.sig | base64 -d | jq -c 'del(.predicate.serialization.ignore_paths)' > s.json");
    scratch.ok(&format!("{MAKE} signed s.json sha256 k.pem > s.sig"));
    scratch.ok(&format!("{VERIFY} s.sig model >&2"));
    scratch.write("model/.gitattributes", b"* text\n");
    scratch.write("model/.git/config", b"\n");
    let left_out = scratch.ok(&format!("{VERIFY} s.sig model | jq -c '.statements[0].notCovered'"));
    assert_eq!(left_out, "[\".git/config\",\".gitattributes\"]\n");
    // A list that is there is all of it.
    assert_eq!(scratch.sh(&format!("{VERIFY} model.sig model")).status, 1);
    scratch.write("model/sub/.gitattributes", b"* text\n");
    assert_eq!(scratch.sh(&format!("{VERIFY} s.sig model")).status, 1, "not at the top");
    // One that they were told to sign is signed.
    scratch.ok("rm -r model/sub model/.git; mlbom-hash model | mlbom-sign --key k.pem | jq -r .dsseEnvelope.payload | base64 -d | jq -c 'del(.predicate.serialization.ignore_paths)' > s.json");
    scratch.ok(&format!("{MAKE} signed s.json sha256 k.pem > s.sig; {VERIFY} s.sig model >&2"));
    scratch.write("model/.gitattributes", b"* binary\n");
    assert_eq!(scratch.sh(&format!("{VERIFY} s.sig model")).status, 1, "changed");
    // It wants a statement of version 1.
    scratch.ok(&format!("rm model/.gitattributes; jq -r .dsseEnvelope.payload model.sig | base64 -d | sed 's,Statement/v1\",Statement/v0.1\",' > s.json; {MAKE} signed s.json sha256 k.pem > s.sig"));
    assert_eq!(scratch.sh(&format!("{VERIFY} s.sig model")).status, 1, "version 0.1");
}
