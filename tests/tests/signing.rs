//! What mlbom-sign takes and makes by itself: new keys, passwords, options, files.

use mlbom_tests::Scratch;

/// Secret keys of the vectors, which never leave this repository.
const PGP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lib/openpgp/tests/vectors");

/// New keys with a password; openssl opens them.
#[test]
fn new_keys_with_a_password() {
    let scratch = Scratch::signed();
    scratch.ok("echo 'open sesame' > pass; echo wrong > other; : > empty");
    for (kind, flag) in [
        ("p256", "--password-file pass"),
        ("ed25519", "--password-fd 7 7<pass"),
        ("rsa", "--password-file pass"),
    ] {
        scratch.ok(&format!(
            "mlbom-sign --new-key {kind}.pem --key-type {kind} {flag}; test $(stat -c %a {kind}.pem) = 600"
        ));
        assert!(scratch.read(&format!("{kind}.pem")).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
        scratch.ok(&format!("openssl pkey -in {kind}.pem -passin file:pass -pubout | cmp - {kind}.pem.pub"));
        scratch.ok(&format!("! openssl pkey -in {kind}.pem -passin file:other 2>/dev/null"));
        scratch.ok(&format!(
            "mlbom-hash model | mlbom-sign --quiet --key {kind}.pem --password-file pass > a.sig"
        ));
        scratch.ok(&format!("mlbom-verify --bundle a.sig --key {kind}.pem.pub model >&2"));
    }
    for (password, says) in [
        ("--password-file empty", "is empty"),
        ("--password-file none", "none"),
        ("--password-fd 9", "/dev/fd/9"),
    ] {
        let ran = scratch.sh(&format!("mlbom-sign --new-key n.pem {password}"));
        assert!(ran.status == 2 && ran.stderr.contains(says), "{password}: {ran:?}");
        scratch.ok("! test -e n.pem; ! test -e n.pem.pub");
    }
}

/// A terminal shows nothing of a password, and is left as it was found however the asking ends.
#[test]
fn passwords_at_a_terminal() {
    let scratch = Scratch::signed();
    scratch.ok("echo sesame > pass; mlbom-sign --new-key locked.pem --password-file pass");
    scratch.write(
        "typed.py",
        br#"import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp("bash", ["bash", "-c", """was=$(stty -g); mlbom-sign --key locked.pem --blob pass > a.sig; echo status $?
        test "$was" = "$(stty -g)" && echo as it was; echo settled; read done"""])
said = b""
def until(word):
    global said
    while word not in said:
        said += os.read(terminal, 1000)
until(b"locked.pem: ")
os.write(terminal, sys.argv[1].encode().decode("unicode_escape").encode())
until(b"settled")
os.write(terminal, b"\n")
print(said.decode().replace("\r\n", " | "))
"#,
    );
    for (typed, status) in [
        (r"sesame\n", "0"),
        (r"sesmae\x15sesame\n", "0"),
        (r"sesmae\n", "2"),
        (r"ses\x03", "130"),
        (r"\x04", "2"),
    ] {
        let said = scratch.ok(&format!("timeout 20 python3 typed.py '{typed}'"));
        assert!(said.contains(&format!("| status {status} | as it was | settled")), "{typed}: {said}");
        assert!(!said.contains("ses"), "{typed}: {said}");
    }
}

/// A proxy is of use where something is asked.
#[test]
fn a_proxy_that_is_none() {
    let scratch = Scratch::signed();
    let sign = "mlbom-hash model | HTTPS_PROXY=socks5://127.0.0.1:1 mlbom-sign --key k.pem";
    scratch.ok(&format!("{sign} | cmp - model.sig"));
    let ran = scratch.sh(&format!("{sign} --tsa https://127.0.0.1:1"));
    assert!(ran.status == 2 && ran.stderr.contains("HTTPS_PROXY"), "{ran:?}");
}

/// Half a key is none.
#[test]
fn a_key_that_cannot_be_written_leaves_nothing() {
    let scratch = Scratch::empty();
    for line in ["ulimit -f 0; mlbom-sign --new-key n.pem", "mkdir n.pem.pub; mlbom-sign --new-key n.pem"] {
        let ran = scratch.sh(line);
        assert!(ran.status == 2 && ran.stderr.contains("n.pem"), "{line}: {ran:?}");
        scratch.ok("! test -e n.pem; ! test -f n.pem.pub");
    }
}

/// What would change nothing is not passed over: whoever gave it believes that it did.
#[test]
fn options_that_mean_nothing() {
    let scratch = Scratch::signed();
    scratch.ok("echo open > pass; openssl req -x509 -key k.pem -subj /CN=x -out ca.pem 2>/dev/null");
    for mode in ["--new-key n.pem", "--make-trusted-root --ca-chain ca.pem", "--refresh-trust dir"] {
        let password = [" --password-file pass", " --password-fd 7 7<pass"];
        let others = [
            " --oms",
            " --annotation a=b",
            " --identity-token pass",
            " --keyless",
            " --cert ca.pem",
            " --blob pass",
            " --pkcs11-module pass",
            " --tsa https://tsa.example",
            " --rekor-version 2",
            " --trusted-root ca.pem",
        ];
        for given in password.into_iter().filter(|_| mode != "--new-key n.pem").chain(others) {
            let ran = scratch.sh(&format!("timeout 20 mlbom-sign {mode}{given}"));
            let says = ran.stderr.contains("cannot be used with") || ran.stderr.contains("belongs to");
            assert!(ran.status == 2 && ran.stdout.is_empty() && says, "{mode}{given}: {ran:?}");
            scratch.ok("! test -e n.pem; ! test -e dir");
        }
    }
    let uri = "'pkcs11:token=x?module-path=/none&pin-source=file:/none'";
    for (line, says) in [
        ("mlbom-hash model | mlbom-sign --keyless --password-file pass", "--password-file: belongs to --key"),
        ("mlbom-hash model | mlbom-sign --keyless --password-fd 7 7<pass", "--password-fd: belongs to --key"),
        ("mlbom-hash model | mlbom-sign --key k.pem --pkcs11-module pass", "--pkcs11-module: "),
        (&format!("mlbom-hash model | mlbom-sign --key {uri} --password-file pass"), "pin-source"),
        (&format!("mlbom-hash model | mlbom-sign --key {uri} --password-fd 7 7<pass"), "pin-source"),
        (
            "mlbom-hash model | mlbom-sign --key k.pem --rekor-version 2 --tsa https://tsa.example",
            "--rekor-version: no log",
        ),
    ] {
        let ran = scratch.sh(line);
        assert!(ran.status == 2 && ran.stderr.contains(says), "{line}: {ran:?}");
    }
}

/// What is no file is refused at once, and an empty one is a file.
#[test]
fn files_of_every_kind() {
    let scratch = Scratch::signed();
    scratch.ok(&format!("cp '{PGP}/sign-nistp256.asc' s.asc; mkfifo pipe; : > empty"));
    for key in ["--key k.pem", "--pgp-key s.asc"] {
        for file in ["pipe", "model", "/dev/zero"] {
            let ran = scratch.sh(&format!("timeout 20 mlbom-sign {key} --blob {file}"));
            assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{key} {file}: {ran:?}");
            assert!(ran.stderr.contains("not a regular file"), "{key} {file}: {ran:?}");
        }
        scratch.ok(&format!("mlbom-sign {key} --blob empty"));
    }
}

/// A file's signature must not be one of a statement: the bytes that DSSE has signed are not signed as a file's.
#[test]
fn no_file_passes_for_a_statement() {
    let scratch = Scratch::signed();
    scratch.ok(&format!("cp '{PGP}/sign-nistp256.asc' s.asc; mlbom-sign --new-key e.pem --key-type ed25519"));
    scratch.ok("jq -r .dsseEnvelope.payload model.sig | base64 -d > s.json");
    scratch.ok("printf 'DSSEv1 28 application/vnd.in-toto+json %s %s' $(stat -c %s s.json) \"$(cat s.json)\" > pae; sed 's/^DSSEv1/DSSEV1/' pae > other; printf 'DSSEv1 ' > bare");
    for key in ["k.pem", "e.pem"] {
        for file in ["pae", "other", "bare"] {
            let ran = scratch.sh(&format!("mlbom-sign --key {key} --blob {file}"));
            assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{key} {file}: {ran:?}");
            assert!(ran.stderr.contains("DSSE"), "{key} {file}: {ran:?}");
        }
        scratch.ok(&format!("printf DSSEv1 > word; mlbom-sign --key {key} --blob word"));
    }
    // OpenPGP signs more than the bytes.
    scratch.ok("mlbom-sign --pgp-key s.asc --blob pae");
}
