//! Who signs, and whose signature is taken: keys of every type, certificates, names; with openssl as the other hand.

use mlbom_tests::Scratch;

/// A company's authority, an intermediate, and a leaf `NAME.crt` for `NAME.pem` with the extensions given.
const AUTHORITY: &str = r#"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 \
  -subj "/O=acme/CN=root" -addext keyUsage=critical,keyCertSign -addext basicConstraints=critical,CA:TRUE
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout mid.key -out mid.csr -subj "/O=acme/CN=signing"
printf 'keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE,pathlen:0' > mid.ext
openssl x509 -req -in mid.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3000 -extfile mid.ext -out mid.pem
"#;

/// `leaf NAME EXTENSIONS [DAYS]`: needs `NAME.pem`.
const LEAF: &str = r#"
leaf() {
  openssl req -new -key "$1.pem" -subj "/CN=$1" -out "$1.csr" &&
  printf "$2" > "$1.ext" &&
  openssl x509 -req -in "$1.csr" -CA mid.pem -CAkey mid.key -CAcreateserial -days "${3:-3000}" -extfile "$1.ext" -out "$1.crt"
} 2>/dev/null
"#;

const SIGNING: &str = r"keyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n";

fn company() -> Scratch {
    let scratch = Scratch::signed();
    scratch.ok(&format!("{{ {AUTHORITY} }} 2>/dev/null; mlbom-sign --new-key build.pem"));
    scratch.ok(&format!(
        r"{LEAF} leaf build '{SIGNING}subjectAltName=email:build@acme.example,URI:https://acme.example/build'"
    ));
    scratch
}

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
fn certificates() {
    let scratch = company();
    scratch.ok("mlbom-hash model | mlbom-sign --key build.pem --cert build.crt --chain mid.pem > c.sig");
    let verify = "mlbom-verify --bundle c.sig --ca ca.pem";
    for who in [
        "--identity build@acme.example",
        "--identity https://acme.example/build",
        "--identity nobody --identity build@acme.example",
        "--identity-regexp '.*@acme\\.example'",
    ] {
        let report = scratch.ok(&format!("{verify} {who} model"));
        assert!(report.contains(r#""source":"none""#), "{report}");
    }
    for (who, status, says) in [
        ("--identity build@acme.exampl", 1, "not for the identity"),
        ("--identity uild@acme.example", 1, "not for the identity"),
        ("--identity build@acme.example.evil", 1, "not for the identity"),
        ("--identity 'build@acme.example '", 1, "not for the identity"),
        ("--identity BUILD@acme.example", 1, "not for the identity"),
        ("--identity 'build@acme?example'", 1, "not for the identity"),
        ("--identity-regexp acme", 1, "not for the identity"),
        ("--identity-regexp 'build@acme.exampl'", 1, "not for the identity"),
        ("--identity build@acme.example --issuer https://issuer.example", 1, "names no issuer"),
        ("--issuer https://issuer.example", 2, "an issuer alone"),
        ("--identity ''", 2, "is empty"),
        ("--identity-regexp 'a)|(b'", 2, "regular expression"),
        ("--identity-regexp '('", 2, "regular expression"),
        ("", 2, "nobody is trusted"),
        ("--key k.pem.pub", 1, "no identity was given"),
        ("--any-identity --identity x", 2, "cannot be used"),
    ] {
        let ran = scratch.sh(&format!("{verify} {who} model"));
        assert_eq!(ran.status, status, "{who}: {ran:?}");
        assert!(ran.stderr.contains(says), "{who}: {ran:?}");
    }
    // Whoever it is: held, said, and refused by every policy that is built in.
    let report = scratch.ok(&format!("{verify} --any-identity model"));
    assert!(report.contains(r#""acceptedBy":"anyIdentity""#), "{report}");
    // So is a pattern that a stranger meets, unless another word names the signer.
    let pattern = scratch.ok(&format!("{verify} --identity-regexp '.+@.+' model"));
    assert!(pattern.contains(r#""acceptedBy":"anyIdentity""#), "{pattern}");
    for report in [&report, &pattern] {
        for policy in ["builtin:minimal", "builtin:model-deployment"] {
            assert_eq!(scratch.feed(report.as_bytes(), &format!("mlbom-policy --policy {policy}")).status, 1);
        }
    }
    let both = scratch.ok(&format!("{verify} --identity-regexp '.*' --identity build@acme.example model"));
    assert!(both.contains(r#""acceptedBy":"identity""#), "{both}");
    scratch.ok("mlbom-hash model | mlbom-compose | mlbom-sign --key build.pem --cert build.crt --chain mid.pem > b.jsonl");
    scratch.ok("mlbom-verify --bundle b.jsonl --ca ca.pem --identity build@acme.example model | mlbom-policy --policy builtin:minimal >&2");
    scratch.ok("! mlbom-verify --bundle b.jsonl --ca ca.pem --any-identity model | mlbom-policy --policy builtin:minimal 2>/dev/null");
    // Another authority, an intermediate for one, and what the bundle itself brings.
    scratch.ok(&format!("mkdir else; cd else; {{ {AUTHORITY} }} 2>/dev/null"));
    for ca in ["--ca else/ca.pem", "--ca mid.pem", "--ca k.pem.pub", ""] {
        let ran =
            scratch.sh(&format!("mlbom-verify --bundle c.sig {ca} --identity build@acme.example model"));
        assert_ne!(ran.status, 0, "{ca}: {ran:?}");
    }
    scratch.ok("mlbom-hash model | mlbom-sign --key build.pem --cert build.crt --chain mid.pem --chain ca.pem > whole.sig");
    let ran =
        scratch.sh("mlbom-verify --bundle whole.sig --ca else/ca.pem --identity build@acme.example model");
    assert_eq!(ran.status, 1, "an anchor that came with the bundle: {ran:?}");
    scratch.ok("mlbom-verify --bundle whole.sig --ca ca.pem --identity build@acme.example model >&2");
    // A trusted root made of the same certificates.
    scratch.ok("mlbom-sign --make-trusted-root --ca-chain ca.pem --output root.json");
    // Several roots, in a file each or one a line, in any order: one of them is enough, and the report says which.
    scratch.ok("mlbom-sign --make-trusted-root --ca-chain else/ca.pem --output other.json; { cat other.json; echo; cat root.json; } > roots.jsonl");
    for roots in ["--trusted-root other.json --trusted-root root.json", "--trusted-root roots.jsonl"] {
        let report =
            scratch.ok(&format!("mlbom-verify --bundle c.sig {roots} --identity build@acme.example model"));
        let digest = scratch.ok("sha256sum < root.json | cut -d' ' -f1");
        assert!(
            roots.contains("jsonl") || report.contains(&format!(r#""sha256":"{}""#, digest.trim())),
            "{report}"
        );
    }
    let ran = scratch
        .sh("mlbom-verify --bundle c.sig --trusted-root other.json --identity build@acme.example model");
    assert!(ran.status == 1 && ran.stderr.contains("another instance"), "{ran:?}");
    let ran = scratch.sh("yes \"$(cat root.json)\" | head -17 > many.jsonl; mlbom-verify --bundle c.sig --trusted-root many.jsonl --identity build@acme.example model");
    assert!(ran.status == 2 && ran.stderr.contains("more than 16 roots"), "{ran:?}");
    scratch
        .ok("mlbom-verify --bundle c.sig --trusted-root root.json --identity build@acme.example model >&2");
    scratch.ok("mlbom-sign --make-trusted-root --ca-chain ca.pem --valid-from 2100-01-01T00:00:00Z --output later.json");
    let ran = scratch
        .sh("mlbom-verify --bundle c.sig --trusted-root later.json --identity build@acme.example model");
    assert_eq!(ran.status, 1, "{ran:?}");
}

/// What no verifier could follow is refused while it can be signed otherwise.
#[test]
fn chains_are_followed_before_anything_is_signed() {
    let scratch = company();
    scratch.ok(&format!("mkdir else; cd else; {{ {AUTHORITY} }} 2>/dev/null"));
    scratch.ok("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout x.key -out plain.pem -days 9 \
        -subj /O=acme/CN=signing -addext basicConstraints=critical,CA:FALSE 2>/dev/null");
    scratch.ok("mlbom-sign --make-trusted-root --ca-chain ca.pem --output root.json; mlbom-sign --make-trusted-root --ca-chain else/ca.pem --output other.json");
    let sign = "mlbom-hash model | mlbom-sign --key build.pem --cert build.crt";
    for chain in
        ["", "--chain mid.pem", "--chain mid.pem --chain ca.pem", "--chain mid.pem --trusted-root root.json"]
    {
        scratch.ok(&format!("{sign} {chain} > c.sig"));
    }
    for (chain, says) in [
        ("--chain else/mid.pem", "not issued by the next one"),
        ("--chain ca.pem", "not issued by the next one"),
        ("--chain ca.pem --chain mid.pem", "certificate 3 is not one of an authority"),
        ("--chain mid.pem --chain else/ca.pem", "not issued by the next one"),
        ("--chain plain.pem", "not one of an authority"),
        ("--trusted-root root.json", "no path"),
        ("--chain mid.pem --trusted-root other.json", "no path"),
        ("--chain mid.pem --rekor https://127.0.0.1:1 --rekor-version 2", "no clock"),
    ] {
        let ran = scratch.sh(&format!("{sign} {chain}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{chain}: {ran:?}");
        assert!(ran.stderr.contains(says), "{chain}: {ran:?}");
    }
}

/// A trusted root by which nothing could ever be verified is none.
#[test]
fn trusted_roots_that_lead_nowhere() {
    let scratch = company();
    scratch.ok(&format!("mkdir else; cd else; {{ {AUTHORITY} }} 2>/dev/null"));
    scratch.ok(&format!(
        r"mlbom-sign --new-key tsa.pem; {LEAF} leaf tsa 'keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n'"
    ));
    scratch.ok("cat mid.pem ca.pem > chain.pem; cat tsa.crt mid.pem ca.pem > stamps.pem; cat mid.pem else/ca.pem > torn.pem; cat ca.pem mid.pem > upside.pem; cat build.crt mid.pem > leaf.pem");
    // A signer who vouches for itself is an authority of one, for those who list it.
    let own = "openssl req -x509 -key k.pem -subj /CN=own -days 9 -addext subjectAltName=email:own@acme.example -addext basicConstraints=critical,CA:FALSE";
    scratch.ok(&format!("{own} -addext keyUsage=critical,digitalSignature -out own.pem; {own} -addext keyUsage=critical,keyEncipherment -out deaf.pem"));
    scratch.ok("mlbom-sign --make-trusted-root --ca-chain own.pem --output own.json");
    scratch.ok("mlbom-hash model | mlbom-sign --key k.pem --cert own.pem --trusted-root own.json > own.sig");
    scratch.ok("mlbom-verify --bundle own.sig --trusted-root own.json --identity own@acme.example model >&2");
    let make = "mlbom-sign --make-trusted-root";
    for good in [
        "--ca-chain ca.pem",
        "--ca-chain chain.pem",
        "--ca-chain mid.pem",
        "--tsa-chain stamps.pem --ca-chain ca.pem",
    ] {
        scratch.ok(&format!("{make} {good} > root.json"));
    }
    for (bad, says) in [
        ("--ca-chain torn.pem", "torn.pem: certificate 1 is not issued by the next one"),
        ("--ca-chain upside.pem", "upside.pem: certificate 2 is not one of an authority"),
        ("--ca-chain build.crt", "build.crt: certificate 1 is not one of an authority"),
        ("--ca-chain deaf.pem", "deaf.pem: certificate 1 is not one of an authority"),
        ("--ca-chain leaf.pem", "leaf.pem: certificate 1 is not one of an authority"),
        ("--tsa-chain chain.pem", "chain.pem: certificate 1 is not for time stamping"),
        ("--tsa-chain leaf.pem", "leaf.pem: certificate 1 is not for time stamping"),
        ("--ca-chain stamps.pem", "certificate 1 is not one of an authority"),
        ("--log https://log.example", "--log: URL=FILE"),
        ("--log https://u:S3CRET@log.example", "--log: URL=FILE"),
        ("--log https://u:S3CRET@log.example=k.pem.pub", "--log: a URL holds a user name"),
        ("--ct-log https://u:S3CRET@log.example=k.pem.pub", "--ct-log: a URL holds a user name"),
        ("--log log.example=k.pem.pub", "--log: "),
        ("--log ftp://log.example=k.pem.pub", "--log: "),
        ("--log 'https://log.example/a b=k.pem.pub'", "--log: "),
        ("--log https:///=k.pem.pub", "--log: "),
        ("--log https://log.example=", "--log: URL=FILE"),
        ("--log =k.pem.pub", "--log: "),
    ] {
        let ran = scratch.sh(&format!("{make} {bad}"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{bad}: {ran:?}");
        assert!(ran.stderr.contains(says) && !ran.stderr.contains("S3CRET"), "{bad}: {ran:?}");
    }
    scratch.ok(&format!(
        "{make} --log http://log.corp.example/x=k.pem.pub --ct-log https://log.example=k.pem.pub > root.json"
    ));
}

#[test]
fn certificates_have_an_end() {
    let scratch = company();
    scratch.ok("mlbom-hash model | mlbom-sign --key build.pem --cert build.crt --chain mid.pem > c.sig");
    let verify = "mlbom-verify --bundle c.sig --ca ca.pem --identity build@acme.example";
    for (at, status) in [("2020-01-01T00:00:00Z", 1), ("2200-01-01T00:00:00Z", 1), ("yesterday", 2)] {
        let ran = scratch.sh(&format!("{verify} --at {at} model"));
        assert_eq!(ran.status, status, "{at}: {ran:?}");
    }
    scratch.ok(&format!("{verify} --at \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" model >&2"));
}

#[test]
fn certificates_that_are_not_for_signing() {
    let scratch = company();
    for (name, extensions) in [
        ("server", r"extendedKeyUsage=serverAuth\nsubjectAltName=email:build@acme.example"),
        ("crl", r"keyUsage=critical,cRLSign\nsubjectAltName=email:build@acme.example"),
        ("issuing", r"basicConstraints=critical,CA:TRUE\nsubjectAltName=email:build@acme.example"),
    ] {
        scratch.ok(&format!("mlbom-sign --new-key {name}.pem; {LEAF} leaf {name} '{extensions}'"));
        let ran = scratch
            .sh(&format!("mlbom-hash model | mlbom-sign --key {name}.pem --cert {name}.crt --chain mid.pem"));
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{name}: {ran:?}");
        // Whoever signs with another tool is refused all the same: the certificate in the bundle is replaced.
        scratch.ok(&format!(
            "mlbom-hash model | mlbom-sign --quiet --key {name}.pem > key.sig
             leaf=$(openssl x509 -in {name}.crt -outform DER | base64 -w0)
             mid=$(openssl x509 -in mid.pem -outform DER | base64 -w0)
             jq -c --arg l $leaf --arg m $mid '.verificationMaterial = {{x509CertificateChain: {{certificates: [{{rawBytes: $l}}, {{rawBytes: $m}}]}}}}' key.sig > c.sig"
        ));
        let ran = scratch.sh("mlbom-verify --bundle c.sig --ca ca.pem --identity build@acme.example model");
        assert_eq!(ran.status, 1, "{name}: {ran:?}");
    }
    // Of somebody else's key.
    let ran = scratch.sh("mlbom-hash model | mlbom-sign --key k.pem --cert build.crt");
    assert!(ran.status == 2 && ran.stderr.contains("not of the key"), "{ran:?}");
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

/// A secret key of the vectors, which never leaves this repository.
const PGP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/openpgp/tests/vectors");

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
    // What nobody trusted signed costs no reading of the file.
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

/// Whoever has one key, or one name, is one signer.
#[test]
fn one_signer_in_two_guises() {
    let scratch = company();
    scratch.ok(&format!(
        r"cp build.pem twin.pem; {LEAF} leaf twin '{SIGNING}subjectAltName=email:twin@acme.example'"
    ));
    scratch.ok("mlbom-hash model | mlbom-sign --key build.pem --cert build.crt --chain mid.pem > a.sig");
    scratch.ok("mlbom-hash model | mlbom-sign --key twin.pem --cert twin.crt --chain mid.pem > b.sig");
    scratch.ok("mlbom-hash model | mlbom-sign --key build.pem > c.sig");
    let verify = "mlbom-verify --require oms=2 --ca ca.pem --identity-regexp '.*' --key build.pem.pub model";
    for bundles in ["--bundle a.sig --bundle b.sig", "--bundle a.sig --bundle c.sig"] {
        let ran = scratch.sh(&format!("{verify} {bundles}"));
        assert!(ran.status == 1 && ran.stderr.contains("1 different signers"), "{bundles}: {ran:?}");
    }
    scratch.ok(&format!("{verify} --bundle a.sig --bundle model.sig --key k.pem.pub >&2"));
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
