//! Signers by OpenPGP key.

use mlbom_tests::Scratch;

/// A secret key of the vectors, which never leaves this repository.
const PGP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/openpgp/tests/vectors");

/// Each reason why an OpenPGP signature does not hold, with what can be done about that one.
#[test]
fn refused_openpgp_signatures() {
    const PGP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/openpgp/tests/vectors");
    let scratch = Scratch::empty();
    scratch.ok(&format!("cp '{PGP}/message' model"));
    for (key, signature, says, hint) in [
        ("rsa2048", "ed25519", "not in the keyring", "give the certificate with that key"),
        ("expired", "after", "expired at 2025-04-01T00:00:00Z", "get the key again"),
        ("revoked0", "revoked0-after", "is revoked", "a key that is not revoked"),
        ("rsa1024", "rsa1024", "an RSA key of 1024 bits", "RSA of 2048 bits or more"),
        ("weakself", "weakself", "is over SHA-1", "sign it anew with SHA-256"),
        ("ed25519", "expires", "expired at 2025-06-11T00:00:00Z", "have it signed anew"),
    ] {
        scratch.ok(&format!("cp '{PGP}/{signature}.sig' model.sig"));
        let ran = scratch.sh(&format!("mlbom-verify --bundle model.sig --pgp-key '{PGP}/{key}.pub' model"));
        assert_eq!(ran.status, 1, "{key}: {}", ran.stderr);
        assert!(ran.stderr.contains(says) && ran.stderr.contains(hint), "{key}: {}", ran.stderr);
    }
}

#[test]
fn openpgp() {
    let scratch = Scratch::signed();
    scratch.ok(&format!(
        "cp '{PGP}/sign-nistp256.asc' s.asc; cp '{PGP}/nistp256.pub' p.asc; cp '{PGP}/rsa2048.pub' other.asc"
    ));
    scratch.ok("mlbom-hash model > m.json; mlbom-compose < m.json > b.json; jq -r .dsseEnvelope.payload bom.jsonl | base64 -d > s.json");
    for (document, kind) in [("m.json", "manifest"), ("b.json", "bom"), ("s.json", "bom")] {
        scratch.ok(&format!("mlbom-sign --pgp-key s.asc < {document} > {document}.asc"));
        let found = scratch.ok(&format!(
            "mlbom-verify --bundle {document}.asc --pgp-key p.asc --require {kind} model | jq -r '.statements[0] | .kind + \" \" + .signer.kind'"
        ));
        assert_eq!(found, format!("{kind} pgp\n"));
        let ran = scratch.sh(&format!("mlbom-verify --bundle {document}.asc --pgp-key other.asc model"));
        assert_eq!(ran.status, 1, "{document}: {ran:?}");
        scratch.ok(&format!(
            "! mlbom-verify --bundle {document}.asc --pgp-key p.asc model/config.json 2>/dev/null"
        ));
        scratch.ok(&format!("mkdir -p x; cp {document}.asc x; sed 's/[0-9]/7/' {document} > x/{document}; ! mlbom-verify --bundle x/{document}.asc --pgp-key p.asc model 2>/dev/null"));
    }
    // The bytes of the one file, and with a bill that the default policy wants.
    scratch
        .ok("cp model/a.safetensors .; mlbom-sign --pgp-key s.asc --blob a.safetensors > a.safetensors.asc");
    scratch.ok("mlbom-verify --bundle a.safetensors.asc --pgp-key p.asc --require blob a.safetensors >&2");
    scratch.ok("! mlbom-verify --bundle a.safetensors.asc --pgp-key p.asc model 2>/dev/null");
    // Twice in one file is once, and a directory is no file that anybody signed.
    scratch.ok("cp a.safetensors twice.safetensors; sed -n '/^$/,/^=/p' a.safetensors.asc | sed '/^=/d' | base64 -d > raw; cat raw raw > twice.safetensors.sig");
    let count = scratch.ok("mlbom-verify --bundle twice.safetensors.sig --pgp-key p.asc twice.safetensors | jq '.statements | length'");
    assert_eq!(count, "1\n");
    scratch.ok("mkdir -p d; cp raw d/model.sig; cp -r model d/model");
    let ran = scratch.sh("mlbom-verify --bundle d/model.sig --pgp-key p.asc d/model");
    assert!(ran.status == 2 && ran.stderr.contains("is a directory"), "{ran:?}");
    // Nobody whose key was given.
    let ran = scratch.sh("mlbom-verify --bundle a.safetensors.asc --pgp-key other.asc a.safetensors");
    assert!(ran.status == 1 && ran.stderr.contains("not in the keyring"), "{ran:?}");
    // One signature, seen before, and beside another document.
    scratch.ok("mkdir y; cp m.json.asc y/b.json.asc; cp b.json y");
    let ran = scratch.sh("mlbom-verify --bundle m.json.asc --bundle y/b.json.asc --pgp-key p.asc model");
    assert_eq!(ran.status, 1, "{ran:?}");
    // Not a signer by any other means.
    for line in [
        "mlbom-verify --bundle m.json.asc --key k.pem.pub model",
        "mlbom-verify --bundle model.sig --pgp-key p.asc model",
    ] {
        assert_eq!(scratch.sh(line).status, 1, "{line}");
    }
    for line in [
        "mlbom-verify --bundle m.json.asc --pgp-key s.asc model",
        "mlbom-verify --bundle m.json.asc --pgp-key k.pem.pub model",
        "cp m.json.asc m.txt; mlbom-verify --bundle m.txt --pgp-key p.asc model",
        "mlbom-sign --pgp-key p.asc < m.json",
        "mlbom-sign --pgp-key s.asc < /dev/null",
        "false | mlbom-sign --pgp-key s.asc",
    ] {
        let ran = scratch.sh(line);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{line}: {ran:?}");
    }
}
