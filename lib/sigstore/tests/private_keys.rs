//! Private keys of other programs, read; our signatures, verified by them.
#![cfg(feature = "sign")]

use std::convert::Infallible;
use std::path::Path;
use std::process::Command;

use mlbom_sigstore::key::{KeyType, PublicKey};
use mlbom_sigstore::signing::{PrivateKey, PrivateKeyError, ReadError, SignError, Signer, Zeroizing};

const PASSWORD: &[u8] = b"local";

/// As `openssl genpkey` wants them, with the file's name here and what they are.
const TYPES: [(&str, &str, KeyType); 7] = [
    ("p256", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", KeyType::EcdsaP256),
    ("p384", "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", KeyType::EcdsaP384),
    ("p521", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", KeyType::EcdsaP521),
    ("ed25519", "-algorithm ED25519", KeyType::Ed25519),
    ("rsa2048", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", KeyType::Rsa),
    ("rsa3072", "-algorithm RSA -pkeyopt rsa_keygen_bits:3072", KeyType::Rsa),
    ("rsa4096", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096", KeyType::Rsa),
];

/// Runs openssl in `dir`, whose arguments hold no blanks.
fn openssl(dir: &Path, arguments: &str) {
    let done = Command::new("openssl").current_dir(dir).args(arguments.split_whitespace()).output();
    let done = done.expect("openssl is there");
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

fn read(pem: &[u8], password: &[u8]) -> Result<PrivateKey, PrivateKeyError> {
    PrivateKey::read(pem, || Ok::<_, Infallible>(Zeroizing::new(password.to_vec()))).map_err(
        |err| match err {
            ReadError::Key(err) => err,
            ReadError::Password(never) => match never {},
        },
    )
}

/// Reads a key that no password may be asked for.
fn read_open(pem: &[u8]) -> Result<PrivateKey, PrivateKeyError> {
    match PrivateKey::read(pem, || Err::<Zeroizing<Vec<u8>>, _>(std::fmt::Error)) {
        Ok(key) => Ok(key),
        Err(ReadError::Key(err)) => Err(err),
        Err(ReadError::Password(_)) => panic!("a password was asked for"),
    }
}

fn file(dir: &Path, name: &str) -> Vec<u8> {
    std::fs::read(dir.join(name)).unwrap_or_else(|err| panic!("{name}: {err}"))
}

fn vector(name: &str) -> Vec<u8> {
    file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/keys"), name)
}

#[test]
fn every_type_and_form_of_openssl() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    for (name, how, key_type) in TYPES {
        openssl(dir, &format!("genpkey {how} -out {name}"));
        openssl(dir, &format!("pkey -in {name} -pubout -out {name}.pub"));
        let wanted = PublicKey::from_pem(&file(dir, &format!("{name}.pub"))).expect("a public key");
        assert_eq!(wanted.key_type(), key_type);
        let same = |form: &str, key: PrivateKey| {
            assert_eq!(key.public().spki(), wanted.spki(), "{name}: {form}");
            assert_eq!(
                key.sign(b"x"),
                read_open(&file(dir, name)).expect("reads").sign(b"x"),
                "{name}: {form}"
            );
        };
        same("PKCS#8", PrivateKey::from_pem(&file(dir, name)).expect("reads"));
        if key_type != KeyType::Ed25519 {
            openssl(dir, &format!("pkey -in {name} -traditional -out {name}.traditional"));
            same("traditional", read_open(&file(dir, &format!("{name}.traditional"))).expect("reads"));
        }
        for (form, how) in [
            ("genpkey", "pkey -aes256"),
            ("aes128", "pkcs8 -topk8 -v2 aes-128-cbc"),
            ("aes192", "pkcs8 -topk8 -v2 aes-192-cbc"),
            ("topk8", "pkcs8 -topk8"),
            ("sha1", "pkcs8 -topk8 -v2 aes256 -v2prf hmacWithSHA1"),
            ("sha512", "pkcs8 -topk8 -v2 aes256 -v2prf hmacWithSHA512 -iter 20000"),
            ("scrypt", "pkcs8 -topk8 -v2 aes256 -scrypt"),
        ] {
            // Once each is enough for the slow ones; the insides do not depend on the type.
            if key_type == KeyType::Rsa && form != "topk8" {
                continue;
            }
            openssl(dir, &format!("{how} -in {name} -out {name}.{form} -passout pass:local"));
            let text = file(dir, &format!("{name}.{form}"));
            assert!(text.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{form}");
            same(form, read(&text, PASSWORD).unwrap_or_else(|err| panic!("{name}: {form}: {err}")));
            assert!(matches!(PrivateKey::from_pem(&text), Err(PrivateKeyError::Encrypted)), "{name}: {form}");
            // Each try is a derivation.
            let wrong: &[&[u8]] = if form == "topk8" { &[b"", b"Local", b"local\n"] } else { &[b"Local"] };
            for wrong in wrong {
                let found = read(&text, wrong).err();
                assert!(matches!(found, Some(PrivateKeyError::WrongPassword)), "{name}: {form}: {found:?}");
            }
        }
        check_signatures(dir, name, &wanted);
    }
}

/// What we sign, openssl verifies; of a message and of its digest; the same twice.
fn check_signatures(dir: &Path, name: &str, public: &PublicKey) {
    let message = b"what is signed";
    let key = read_open(&file(dir, name)).expect("reads");
    let signature = key.sign_message(message);
    assert_eq!(signature, key.sign_message(message), "{name}: twice the same");
    assert!(public.verifies(message, &signature));
    assert!(!public.verifies(b"another", &signature));
    std::fs::write(dir.join("message"), message).expect("writes");
    std::fs::write(dir.join("signature"), &signature).expect("writes");
    let Some(hash) = public.key_type().hash() else {
        let verify = "pkeyutl -verify -rawin -in message -sigfile signature -pubin";
        openssl(dir, &format!("{verify} -inkey {name}.pub"));
        assert!(key.sign_digest(&[0; 32]).is_none(), "Ed25519 needs the message");
        assert!(matches!(Signer::sign_digest(&key, &[0; 64]), Err(SignError::NeedsMessage)));
        return;
    };
    openssl(dir, &format!("dgst -{hash:?} -verify {name}.pub -signature signature message").to_lowercase());
    let digest = hash.of(message);
    assert_eq!(key.sign_digest(&digest).as_ref(), Some(&signature), "{name}: by digest");
    for length in [0, 20, digest.len() - 1, digest.len() + 1] {
        assert!(key.sign_digest(&vec![1; length]).is_none(), "{name}: a digest of {length} bytes");
    }
    let wrong = Signer::sign_digest(&key, &[0; 20]);
    assert!(matches!(wrong, Err(SignError::DigestLength { found: 20, .. })));
}

#[test]
fn curves_named_by_a_block_of_their_own() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    for (curve, key_type) in [
        ("prime256v1", KeyType::EcdsaP256),
        ("secp384r1", KeyType::EcdsaP384),
        ("secp521r1", KeyType::EcdsaP521),
    ] {
        openssl(dir, &format!("ecparam -name {curve} -genkey -out {curve}"));
        let text = file(dir, curve);
        assert!(text.starts_with(b"-----BEGIN EC PARAMETERS-----"));
        let key = read_open(&text).expect("reads");
        assert_eq!(key.public().key_type(), key_type);
        openssl(dir, &format!("ecparam -name {curve} -genkey -noout -out bare"));
        assert_eq!(read_open(&file(dir, "bare")).expect("reads").public().key_type(), key_type);
    }
    let text = |name| String::from_utf8(file(dir, name)).expect("text");
    let (p256, p384) = (text("prime256v1"), text("secp384r1"));
    let (parameters, _) = p256.split_once("-----BEGIN EC PRIVATE").expect("two blocks");
    let (_, key) = p384.split_once("-----END EC PARAMETERS-----\n").expect("two blocks");
    let mixed = format!("{parameters}{key}");
    assert!(matches!(read_open(mixed.as_bytes()), Err(PrivateKeyError::Curve)), "two names");
    openssl(dir, "ecparam -name prime256v1 -genkey -param_enc explicit -out explicit");
    assert!(matches!(read_open(&file(dir, "explicit")), Err(PrivateKeyError::Type(_))), "a curve in numbers");
    assert!(read_open(parameters.as_bytes()).is_err(), "no key");
}

#[test]
fn types_that_are_refused_are_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    for (how, what) in [
        ("-algorithm EC -pkeyopt ec_paramgen_curve:prime192v1", "of type ECDSA P-192,"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:secp224r1", "of type ECDSA P-224,"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "of type ECDSA secp256k1,"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "of type ECDSA Brainpool,"),
        ("-algorithm ED448", "of type Ed448,"),
        ("-algorithm X25519", "of type X25519,"),
        ("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "of type RSA-PSS,"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "of 1024 bits, 2048 to 4096"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2047", "of 2047 bits"),
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:4104", "of 4104 bits"),
    ] {
        openssl(dir, &format!("genpkey {how} -out key"));
        let found = read_open(&file(dir, "key")).err().map(|err| err.to_string()).unwrap_or_default();
        assert!(found.contains(what), "{how}: {found:?}");
    }
    openssl(dir, "ecparam -name secp256k1 -genkey -out key");
    assert!(
        matches!(read_open(&file(dir, "key")), Err(PrivateKeyError::Type(name)) if name.contains("secp256k1"))
    );
}

#[test]
fn old_encryption_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let dir = dir.path();
    openssl(dir, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key");
    for (how, what) in [
        ("pkcs8 -topk8 -v1 PBE-SHA1-3DES", "PKCS #12"),
        ("pkcs8 -topk8 -v1 PBE-MD5-DES -provider legacy -provider default", "PBES1"),
        ("pkcs8 -topk8 -v2 des3", "triple DES"),
        ("pkcs8 -topk8 -v2 aes256 -iter 10000001", "10000001 rounds"),
        // 1 GiB of memory.
        ("pkcs8 -topk8 -v2 aes-256-cbc -scrypt -scrypt_N 1048576 -scrypt_r 8 -scrypt_p 1", "bytes of memory"),
        ("ec -aes256", "RFC 1423"),
    ] {
        // The build of OpenSSL may lack the oldest, or refuse to spend the memory itself.
        let run = format!("{how} -in key -out locked -passout pass:local");
        let made = Command::new("openssl").current_dir(dir).args(run.split_whitespace()).output();
        if !made.expect("openssl is there").status.success() {
            assert!(how.contains("legacy") || how.contains("scrypt"), "{how}");
            continue;
        }
        let found = read_open(&file(dir, "locked")).err().expect("a refusal");
        assert!(found.to_string().contains(what), "{how}: {found}");
        assert!(found.hint().is_some_and(|hint| hint.contains("openssl pkcs8 -topk8")), "{how}");
    }
}

#[test]
fn keys_of_cosign() {
    for (name, key_type) in [
        ("p256", KeyType::EcdsaP256),
        ("p384", KeyType::EcdsaP384),
        ("p521", KeyType::EcdsaP521),
        ("rsa", KeyType::Rsa),
        ("ed25519", KeyType::Ed25519),
    ] {
        let public = PublicKey::from_pem(&vector(&format!("cosign-{name}.pub"))).expect("a public key");
        let key = read(&vector(&format!("cosign-{name}.key")), PASSWORD).expect("opens");
        assert_eq!(public.key_type(), key_type);
        assert!(public.verifies(b"x", &key.sign_message(b"x")), "{name}");
    }
    let old = read(&vector("cosign-p256-old-label.key"), PASSWORD).expect("opens");
    assert_eq!(old.public().to_pem().as_bytes(), vector("cosign-p256.pub"));
    let empty = read(&vector("cosign-empty-password.key"), b"").expect("opens");
    assert_eq!(empty.public().to_pem().as_bytes(), vector("cosign-empty-password.pub"));
    for wrong in [&b""[..], b"Local", b"local\n"] {
        let found = read(&vector("cosign-p256.key"), wrong);
        assert!(matches!(found, Err(PrivateKeyError::WrongPassword)));
    }
    let locked = vector("cosign-p256.key");
    assert!(matches!(PrivateKey::from_pem(&locked), Err(PrivateKeyError::Encrypted)));
}
