//! Who signs, and whose signature is taken: keys of every type, passwords, thresholds; with openssl as the other hand.

use mlbom_tests::Scratch;

#[test]
fn keys_of_every_type() {
    let scratch = Scratch::signed();
    for (kind, name) in [
        ("p256", "ecdsa-p256"),
        ("p384", "ecdsa-p384"),
        ("p521", "ecdsa-p521"),
        ("ed25519", "ed25519"),
        ("rsa", "rsa"),
    ] {
        scratch.ok(&format!(
            "mlbom-sign --new-key {kind}.pem --key-type {kind}; test $(stat -c %a {kind}.pem) = 600"
        ));
        scratch.ok(&format!("mlbom-hash model | mlbom-sign --quiet --key {kind}.pem > a.sig"));
        scratch.ok(&format!("mlbom-hash model | mlbom-sign --quiet --key {kind}.pem | cmp - a.sig"));
        let found = scratch.ok(&format!(
            "mlbom-verify --bundle a.sig --key {kind}.pem.pub model | jq -r .statements[0].signer.keyType"
        ));
        assert_eq!(found.trim(), name);
        scratch.ok("! mlbom-verify --bundle a.sig --key k.pem.pub model 2>/dev/null");
        // Bytes of a file; and what another hand says of the signature.
        scratch.ok(&format!("mlbom-sign --key {kind}.pem --blob model/a.safetensors > b.sig"));
        scratch.ok(&format!("mlbom-verify --bundle b.sig --key {kind}.pem.pub model/a.safetensors >&2"));
        scratch
            .ok(&format!("! mlbom-verify --bundle b.sig --key {kind}.pem.pub model/config.json 2>/dev/null"));
        scratch.ok(&format!("! mlbom-verify --bundle b.sig --key {kind}.pem.pub model 2>/dev/null"));
        scratch.ok("jq -r .messageSignature.signature b.sig | base64 -d > raw");
        let openssl = match kind {
            "ed25519" => "pkeyutl -verify -rawin -pubin -inkey ed25519.pem.pub -sigfile raw -in".to_owned(),
            "p384" => "dgst -sha384 -verify p384.pem.pub -signature raw".to_owned(),
            "p521" => "dgst -sha512 -verify p521.pem.pub -signature raw".to_owned(),
            _ => format!("dgst -sha256 -verify {kind}.pem.pub -signature raw"),
        };
        scratch.ok(&format!("openssl {openssl} model/a.safetensors >&2"));
    }
    // Only the manifest: enough for SHA-256, not for the others.
    scratch.ok("mlbom-sign --key p256.pem --blob model/a.safetensors > b.sig; mlbom-hash model/a.safetensors | mlbom-verify --bundle b.sig --key p256.pem.pub >&2");
    for kind in ["p384", "ed25519"] {
        let line = format!(
            "mlbom-sign --key {kind}.pem --blob model/a.safetensors > b.sig; mlbom-hash model/a.safetensors | mlbom-verify --bundle b.sig --key {kind}.pem.pub"
        );
        let ran = scratch.sh(&line);
        assert!(ran.status == 2 && ran.stderr.contains("the file itself"), "{kind}: {ran:?}");
        assert!(ran.stdout.is_empty(), "{kind}: {ran:?}");
        // It does not hide what was checked, and is no.
        let ran = scratch.sh(&format!("mlbom-sign --key p256.pem --blob model/config.json > c.sig; mlbom-hash model/a.safetensors | mlbom-verify --bundle b.sig --bundle c.sig --key {kind}.pem.pub --key p256.pem.pub"));
        assert!(
            ran.status == 1 && ran.stderr.contains("b.sig: the signature needs the file itself"),
            "{kind}: {ran:?}"
        );
        assert!(
            ran.stderr.contains("c.sig: the signature is of a file of another digest"),
            "{kind}: {ran:?}"
        );
    }
}

#[test]
fn passwords() {
    let scratch = Scratch::signed();
    scratch.ok("openssl pkcs8 -topk8 -v2 aes256 -passout pass:open -in k.pem -out locked.pem; echo open > pass; echo wrong > other");
    let sign = "mlbom-hash model | mlbom-sign --key locked.pem";
    scratch.ok(&format!("{sign} --password-file pass | cmp - model.sig"));
    scratch.ok(&format!("{sign} --password-fd 7 7< pass | cmp - model.sig"));
    for (line, says) in [
        (format!("{sign} --password-file other"), "not opened by this password"),
        (
            format!("setsid {sign}").replace("setsid mlbom-hash model |", "mlbom-hash model | setsid"),
            "--password-file",
        ),
        (format!("{sign} --password-file none"), "none"),
    ] {
        let ran = scratch.sh(&line);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
        assert!(ran.stderr.contains(says), "{line}: {ran:?}");
    }
}

#[test]
fn several_statements_in_one_call() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model > m.json; mlbom-compose < m.json > b.json");
    scratch.ok("jq -r .dsseEnvelope.payload bom.jsonl | base64 -d > s.json");
    let kinds = |flags: &str, documents: &str| {
        scratch.ok(&format!("cat {documents} | mlbom-sign --key k.pem {flags} > all.jsonl"));
        scratch.ok("mlbom-verify --bundle all.jsonl --key k.pem.pub model | jq -r '[.statements[].kind]|join(\" \")'")
    };
    assert_eq!(kinds("", "m.json b.json"), "bom\n");
    assert_eq!(kinds("--oms", "m.json b.json"), "oms bom\n");
    scratch.ok("jq -c '.predicateType = \"https://slsa.dev/provenance/v1\"' s.json > p.json");
    assert_eq!(kinds("--oms", "b.json m.json p.json"), "oms bom provenance\n");
    assert_eq!(kinds("", "m.json p.json"), "provenance\n");
    for (documents, flags) in [
        ("m.json m.json", ""),
        ("b.json s.json", ""),
        ("p.json p.json", ""),
        ("b.json", "--oms"),
        ("m.json bom.jsonl", ""),
        ("k.pem.pub", ""),
    ] {
        let ran = scratch.sh(&format!("cat {documents} | mlbom-sign --key k.pem {flags}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{documents} {flags}: {ran:?}");
    }
    // A statement that is about another model than the manifest beside it.
    scratch.ok("cp -r model other; echo x > other/x");
    let ran = scratch.sh("{ mlbom-hash other; cat s.json; } | mlbom-sign --key k.pem");
    assert!(ran.status == 2 && ran.stderr.contains("another model"), "{ran:?}");
}

#[test]
fn annotations_are_signed() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-hash model | mlbom-sign --key k.pem --annotation stage=release --annotation 'note=a = b' > a.sig");
    let found =
        scratch.ok("mlbom-verify --bundle a.sig --key k.pem.pub model | jq -c .statements[0].annotations");
    assert_eq!(found, "{\"note\":\"a = b\",\"stage\":\"release\"}\n");
    scratch.ok("jq -r .dsseEnvelope.payload a.sig | base64 -d > s.json");
    for line in [
        "mlbom-sign --key k.pem --annotation a=b < s.json",
        "mlbom-hash model | mlbom-sign --key k.pem --annotation a=b --annotation a=c",
        "mlbom-hash model | mlbom-sign --key k.pem --annotation ab",
        "mlbom-sign --key k.pem --blob model/config.json --annotation a=b",
    ] {
        let ran = scratch.sh(line);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
    }
}

#[test]
fn thresholds() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-sign --new-key l.pem; mlbom-hash model | mlbom-sign --key l.pem > second.sig");
    scratch.ok("mlbom-hash model | mlbom-sign --key k.pem --annotation again=yes > again.sig");
    let keys = "--key k.pem.pub --key l.pem.pub model";
    scratch.ok(&format!("mlbom-verify --bundle model.sig --bundle second.sig --require oms=2 {keys} >&2"));
    for bundles in [
        "--bundle model.sig",
        "--bundle model.sig --bundle again.sig",
        "--bundle model.sig --bundle model.sig",
    ] {
        let ran = scratch.sh(&format!("mlbom-verify {bundles} --require oms=2 {keys}"));
        assert!(ran.status == 1 && ran.stderr.contains("different signers"), "{bundles}: {ran:?}");
    }
    for wrong in ["oms=0", "oms=99999999999999999999", "oms=x", "=2"] {
        let ran = scratch.sh(&format!("mlbom-verify --bundle model.sig --require {wrong} {keys}"));
        assert_eq!(ran.status, 2, "{wrong}: {ran:?}");
    }
}

#[test]
fn weak_keys() {
    let scratch = Scratch::signed();
    scratch.ok("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa.pem 2>/dev/null");
    scratch.ok("openssl ecparam -name prime192v1 -genkey -noout -out p192.pem");
    scratch.ok("openssl ecparam -name secp256k1 -genkey -noout -out k1.pem");
    for name in ["rsa", "p192", "k1"] {
        scratch.ok(&format!("openssl pkey -in {name}.pem -pubout -out {name}.pub"));
        for line in [
            format!("mlbom-hash model | mlbom-sign --key {name}.pem"),
            format!("mlbom-verify --bundle model.sig --key {name}.pub model"),
        ] {
            let ran = scratch.sh(&line);
            assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
        }
    }
}

/// The order of the edwards25519 group added to the second half: the same equation, another signature.
#[test]
fn ed25519_signatures_have_one_form() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-sign --new-key e.pem --key-type ed25519; mlbom-hash model | mlbom-sign --quiet --key e.pem > a.sig");
    scratch.ok("python3 -c '
import base64, json
bundle = json.load(open(\"a.sig\"))
entry = bundle[\"dsseEnvelope\"][\"signatures\"][0]
raw = base64.b64decode(entry[\"sig\"])
s = int.from_bytes(raw[32:], \"little\") + 2**252 + 27742317777372353535851937790883648493
entry[\"sig\"] = base64.b64encode(raw[:32] + s.to_bytes(32, \"little\")).decode()
json.dump(bundle, open(\"b.sig\", \"w\"))'");
    scratch.ok("mlbom-verify --bundle a.sig --key e.pem.pub model >&2");
    assert_eq!(scratch.sh("mlbom-verify --bundle b.sig --key e.pem.pub model").status, 1);
}

/// Nothing without a key, and nobody's identity unless a token is there.
#[test]
fn nobody_signs_by_accident() {
    let scratch = Scratch::signed();
    for (line, says) in [
        ("mlbom-hash model | mlbom-sign", "--key FILE was wanted"),
        ("mlbom-hash model | mlbom-sign --keyless", "no identity token"),
        ("echo x.y.z > t; mlbom-sign --identity-token t --blob none", "none:"),
        ("mlbom-sign --key k.pem --blob model", "not a regular file"),
        ("mlbom-sign --key - < k.pem", "--key: a file was wanted"),
        ("mlbom-sign --pgp-key - < k.pem", "--pgp-key: a file was wanted"),
        ("mlbom-hash model | mlbom-sign --key k.pem --cert -", "--cert: a file was wanted"),
        ("echo x | mlbom-sign --identity-token -", "--identity-token: a file was wanted"),
        ("mlbom-hash model | mlbom-sign --key k.pem --trusted-root -", "--trusted-root: a file was wanted"),
        ("mlbom-hash model | SIGSTORE_ID_TOKEN=x mlbom-sign", "SIGSTORE_ID_TOKEN"),
        ("echo x.y.z > t; mlbom-hash model | mlbom-sign --identity-token t", "t:"),
        ("mlbom-hash model | mlbom-sign --keyless --key-type p384", "--new-key"),
        ("mlbom-hash model | mlbom-sign --keyless --cert k.pem.pub", "--key"),
        ("mlbom-hash model | mlbom-sign --key k.pem --ca-chain k.pem.pub", "--make-trusted-root"),
        ("mlbom-hash model | mlbom-sign --key k.pem --rekor-version 2", "no log"),
        ("mlbom-hash model | mlbom-sign --pgp-key k.pem --tsa https://tsa.example", "cannot be used"),
        ("mlbom-hash model | mlbom-sign --key k.pem --rekor http://rekor.example", "https"),
        ("mlbom-hash model | mlbom-sign --key k.pem --tsa ftp://tsa.example", "https"),
        ("mlbom-hash model | mlbom-sign --key k.pem --tsa http://tsa.invalid", "https"),
        (
            "mlbom-sign --make-trusted-root --log https://log.example=k.pem.pub --output r; mlbom-hash model | mlbom-sign --key k.pem --tsa http://tsa.invalid --trusted-root r",
            "http://tsa.invalid: cannot be asked",
        ),
        ("mlbom-hash model | mlbom-sign --key k.pem --trust-config k.pem.pub", "k.pem.pub"),
        (
            "mlbom-hash model | mlbom-sign --key k.pem --trust-config https://h.example/t",
            "--trust-config: a URL was given, a file",
        ),
        (
            "mlbom-hash model | mlbom-sign --key k.pem --trusted-root HTTPS://h.example/t",
            "--trusted-root: a URL was given, a file",
        ),
        (
            "mlbom-hash model | mlbom-sign --key k.pem --signing-config http://h.example/t",
            "--signing-config: a URL was given, a file",
        ),
        (
            "timeout 20 mlbom-sign --refresh-trust new --tuf-url https://127.0.0.1:1 --tuf-root k.pem.pub; s=$?; test -e new && exit 3; exit $s",
            "k.pem.pub: is not the root",
        ),
        ("mlbom-sign --make-trusted-root", "nothing to trust"),
        ("mlbom-sign --make-trusted-root --ca-chain k.pem.pub", "k.pem.pub"),
    ] {
        let ran = scratch.sh(&format!(
            "unset GITHUB_ACTIONS GITLAB_CI BUILDKITE CIRCLECI ACTIONS_ID_TOKEN_REQUEST_URL; {line}"
        ));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
        assert!(ran.stderr.contains(says), "{line}: {ran:?}");
    }
}

/// A key that cannot decide does not speak for the next one.
#[test]
fn the_order_of_keys_does_not_matter() {
    let scratch = Scratch::signed();
    scratch.ok("mlbom-sign --new-key e.pem --key-type ed25519; mlbom-sign --new-key l.pem --key-type p384");
    scratch
        .ok("mlbom-sign --key k.pem --blob model/config.json > b.sig; mlbom-hash model/config.json > m.json");
    for keys in [
        "--key e.pem.pub --key k.pem.pub",
        "--key k.pem.pub --key e.pem.pub",
        "--key l.pem.pub --key k.pem.pub",
    ] {
        scratch.ok(&format!("mlbom-verify --bundle b.sig {keys} < m.json >&2"));
    }
}

/// A secret key of the vectors, which never leaves this repository.
const PGP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/openpgp/tests/vectors");

#[test]
fn nothing_read_is_replaced_and_no_secret_is_said() {
    let scratch = Scratch::signed();
    scratch
        .ok("openssl pkcs8 -topk8 -v2 aes256 -passout pass:open -in k.pem -out locked.pem; echo open > pass");
    for output in ["pass", "locked.pem"] {
        let line =
            format!("mlbom-hash model | mlbom-sign --key locked.pem --password-file pass --output {output}");
        let before = scratch.read(output);
        assert_eq!(scratch.sh(&line).status, 2, "{line}");
        assert_eq!(scratch.read(output), before, "{line}");
    }
    // By whatever way the password comes. The module is not even looked for before.
    let uri = "\"pkcs11:token=x?module-path=/none&pin-source=file:${PWD// /%20}/pass\"";
    for key in ["locked.pem --password-fd 7 7<pass", uri] {
        let line = format!("mlbom-hash model | mlbom-sign --key {key} --output pass");
        let ran = scratch.sh(&line);
        assert!(ran.status == 2 && ran.stderr.contains("is an input"), "{line}: {ran:?}");
        assert_eq!(scratch.read("pass"), "open\n", "{line}");
    }
    // What the shell opened.
    scratch.ok(&format!("cp '{PGP}/sign-nistp256.asc' s.asc; echo document > f"));
    for (line, file) in [
        ("mlbom-sign --pgp-key s.asc --output f < f", "f"),
        ("mlbom-sign --pgp-key s.asc --blob f --output f", "f"),
        ("mlbom-sign --pgp-key s.asc --output s.asc < f", "s.asc"),
    ] {
        let before = scratch.read(file);
        let ran = scratch.sh(line);
        assert!(ran.status == 2 && ran.stderr.contains("is an input"), "{line}: {ran:?}");
        assert_eq!(scratch.read(file), before, "{line}");
    }
    let ran = scratch.sh("yes | timeout 20 mlbom-sign --pgp-key s.asc --output none/f");
    assert!(ran.status == 2 && ran.stderr.contains("none/f"), "before all of it is read: {ran:?}");
    for key in [
        "pkcs11:token=a?pin-value=S3CRET",
        "PKCS11:token=a?pin-value=S3CRET",
        "pkc11:token=a?Pin-Value=S3CRET",
    ] {
        let ran = scratch.sh(&format!("mlbom-hash model | mlbom-sign --key '{key}'"));
        assert!(ran.status == 2 && !ran.stderr.contains("S3CRET"), "{key}: {ran:?}");
        assert!(ran.stderr.contains("pin-value"), "{key}: {ran:?}");
    }
    for flag in ["--tsa", "--rekor"] {
        let ran = scratch
            .sh(&format!("mlbom-hash model | mlbom-sign --key k.pem {flag} https://user:S3CRET@h.example/"));
        assert!(ran.status == 2 && !ran.stderr.contains("S3CRET"), "{ran:?}");
    }
}
