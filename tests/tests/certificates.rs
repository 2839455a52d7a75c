//! Signers by certificate of an authority of their own.

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
    for chain in [
        "",
        "--chain mid.pem",
        "--chain mid.pem --chain ca.pem",
        "--chain ca.pem --chain mid.pem",
        "--chain build.crt --chain mid.pem --chain mid.pem",
        "--chain mid.pem --trusted-root root.json",
    ] {
        scratch.ok(&format!("{sign} {chain} > c.sig"));
    }
    let chain = "jq -c '.verificationMaterial | [.. | .rawBytes? // empty]'";
    scratch.ok(&format!("{sign} --chain mid.pem > c.sig; {sign} --chain ca.pem --chain build.crt --chain mid.pem > d.sig; [ \"$({chain} c.sig)\" = \"$({chain} d.sig)\" ]"));
    // One that signed itself is its own chain, for those who have to give one.
    scratch.ok(&format!("openssl req -x509 -key build.pem -out self.pem -days 9 -subj /CN=self -addext basicConstraints=critical,CA:FALSE -addext '{}' -addext extendedKeyUsage=codeSigning -addext subjectAltName=email:self@acme.example 2>/dev/null", "keyUsage=critical,digitalSignature"));
    scratch.ok("mlbom-hash model | mlbom-sign --key build.pem --cert self.pem --chain self.pem > self.sig; mlbom-verify --bundle self.sig --ca self.pem --identity self@acme.example model >&2");
    for (chain, says) in [
        ("--chain else/mid.pem", "not issued by the next one"),
        ("--chain ca.pem", "not issued by the next one"),
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
