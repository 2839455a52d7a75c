//! Keys in SoftHSM, whose signatures openssl verifies.
//!
//! `MLBOM_SOFTHSM_MODULE` names the module (libsofthsm2.so); without it there is nothing to test, and that is said. Wants
//! `softhsm2-util`, `pkcs11-tool` of OpenSC and `openssl`.

#![allow(clippy::print_stderr, reason = "a test that did not run says so")]

use std::path::{Path, PathBuf};
use std::process::Command;

use mlbom_pkcs11::{HardwareError, HardwareKey, PinError, Uri};
use mlbom_sigstore::key::KeyType;
use mlbom_sigstore::signing::{SignError, Signer, Zeroizing};

const MODULE: &str = "MLBOM_SOFTHSM_MODULE";
/// Set for the process in which the module is loaded; it reads SOFTHSM2_CONF from its environment.
const INSIDE: &str = "MLBOM_SOFTHSM_INSIDE";

/// pkcs11-tool's name, the label, the identifier.
const KEYS: [(&str, &str, &str, KeyType); 5] = [
    ("EC:prime256v1", "p256", "01", KeyType::EcdsaP256),
    ("EC:secp384r1", "p384", "02", KeyType::EcdsaP384),
    ("EC:secp521r1", "p521", "03", KeyType::EcdsaP521),
    ("rsa:2048", "rsa", "04", KeyType::Rsa),
    ("EC:edwards25519", "ed25519", "05", KeyType::Ed25519),
];

#[test]
fn keys_in_softhsm() {
    let Some(module) = std::env::var_os(MODULE) else {
        eprintln!("skipped: {MODULE} does not name a module");
        return;
    };
    if let Some(dir) = std::env::var_os(INSIDE) {
        return inside(Path::new(&module), Path::new(&dir));
    }
    let dir = tempfile::tempdir().expect("a directory");
    let conf = dir.path().join("softhsm2.conf");
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a directory");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    std::fs::write(&conf, text).expect("writes");
    let module = PathBuf::from(module);
    let run = |program: &str, arguments: &str| {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", &conf);
        if program == "pkcs11-tool" {
            command.arg("--module").arg(&module);
        }
        let done = command.args(arguments.split(' ')).output().expect("the program is there");
        assert!(done.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    for label in ["one", "two"] {
        run("softhsm2-util", &format!("--init-token --free --label {label} --pin 1234 --so-pin 4321"));
    }
    let login = "--login --pin 1234 --token-label";
    for (kind, label, id, _) in KEYS {
        run("pkcs11-tool", &format!("{login} one --keypairgen --key-type {kind} --label {label} --id {id}"));
    }
    // A key without its public half, and one whose label is taken.
    run("pkcs11-tool", &format!("{login} one --keypairgen --key-type EC:prime256v1 --label bare --id 06"));
    run("pkcs11-tool", &format!("{login} one --delete-object --type pubkey --id 06"));
    run("pkcs11-tool", &format!("{login} one --keypairgen --key-type EC:prime256v1 --label p256 --id 07"));
    let inner = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "keys_in_softhsm", "--nocapture"])
        .envs([("SOFTHSM2_CONF", conf.as_path()), (INSIDE, dir.path())])
        .output()
        .expect("runs");
    assert!(inner.status.success(), "{}", String::from_utf8_lossy(&inner.stderr));
}

fn open(uri: &str, module: Option<&Path>, pin: &str) -> Result<HardwareKey, HardwareError> {
    let uri: Uri = uri.parse().expect("a URI");
    HardwareKey::open(&uri, module, &mut || Ok::<_, PinError>(Zeroizing::new(pin.as_bytes().to_vec())))
}

fn inside(module: &Path, dir: &Path) {
    let refused = |uri: &str, pin: &str| match open(uri, Some(module), pin) {
        Ok(_) => panic!("{uri}: opened"),
        Err(err) => err,
    };
    // Before any login that holds: it lasts for the process.
    assert!(matches!(refused("pkcs11:token=one", "4321"), HardwareError::WrongPin));
    let no_pin: Uri = "pkcs11:token=one".parse().expect("a URI");
    let found = HardwareKey::open(&no_pin, Some(module), &mut || Err("none".into())).err();
    assert!(matches!(found, Some(HardwareError::Pin(_))), "{found:?}");
    for (uri, count) in [("pkcs11:", 2), ("pkcs11:token=three", 0), ("pkcs11:token=one;serial=x", 0)] {
        let err = refused(uri, "1234");
        assert!(matches!(err, HardwareError::Tokens { found, .. } if found == count), "{uri}: {err}");
        assert!(err.to_string().contains("\"one\"") && err.to_string().contains("\"two\""), "{err}");
    }
    for (uri, count) in [
        ("pkcs11:token=one", 7),
        ("pkcs11:token=one;object=p256", 2),
        ("pkcs11:token=one;object=none", 0),
        ("pkcs11:token=one;object=p256;id=%02", 0),
        ("pkcs11:token=two", 0),
    ] {
        let err = refused(uri, "1234");
        assert!(matches!(err, HardwareError::Keys { found, .. } if found == count), "{uri}: {err}");
        assert!(uri.contains("two") || err.to_string().contains("\"p384\" id=%02"), "{err}");
    }
    assert!(matches!(refused("pkcs11:token=one;id=%06", "1234"), HardwareError::Public(0)));
    assert!(matches!(
        open("pkcs11:token=one;id=%01?module-path=/bin/true", Some(module), "1234").err(),
        Some(HardwareError::Modules(..))
    ));
    assert!(matches!(open("pkcs11:token=one;id=%01", None, "1234").err(), Some(HardwareError::NoModule(_))));
    let no_module = open("pkcs11:?module-path=/bin/true", None, "1234").err();
    assert!(matches!(no_module, Some(HardwareError::Call(_))), "{no_module:?}");
    let by_uri = format!("pkcs11:token=one;id=%01?module-path={}", module.display());
    assert_eq!(open(&by_uri, None, "1234").expect("opens").token().label, "one");
    for (_, label, id, key_type) in KEYS {
        let key =
            open(&format!("pkcs11:token=one;object={label};id=%{id};type=private"), Some(module), "1234")
                .unwrap_or_else(|err| panic!("{label}: {err}"));
        assert_eq!(key.public().key_type(), key_type);
        check(&key, dir, label);
    }
}

/// Signatures verify here and with openssl; by message and by digest.
fn check(key: &HardwareKey, dir: &Path, label: &str) {
    let message = b"what is signed";
    // Numbers that are short by a byte come once in 128 times.
    for _ in 0..if label == "p256" { 300 } else { 3 } {
        let signature = Signer::sign_message(key, message).unwrap_or_else(|err| panic!("{label}: {err}"));
        assert!(key.public().verifies(message, &signature), "{label}");
    }
    let signature = key.sign_message(message).expect("signs");
    for (name, bytes) in
        [("message", &message[..]), ("signature", &signature), ("public", key.public().to_pem().as_bytes())]
    {
        std::fs::write(dir.join(name), bytes).expect("writes");
    }
    let arguments = if let Some(hash) = key.public().key_type().hash() {
        let by_digest = key.sign_digest(&hash.of(message)).expect("signs");
        assert!(key.public().verifies(message, &by_digest), "{label}");
        assert!(matches!(key.sign_digest(&[0; 20]), Err(SignError::DigestLength { .. })));
        format!("dgst -{hash:?} -verify public -signature signature message").to_lowercase()
    } else {
        assert!(matches!(key.sign_digest(&[0; 64]), Err(SignError::NeedsMessage)));
        "pkeyutl -verify -rawin -in message -sigfile signature -pubin -inkey public".to_owned()
    };
    let done = Command::new("openssl")
        .current_dir(dir)
        .args(arguments.split(' '))
        .output()
        .expect("openssl is there");
    assert!(done.status.success(), "{label}: {}", String::from_utf8_lossy(&done.stderr));
}
