//! New keys.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{Ed25519KeyPair, RsaKeyPair};
use p256::pkcs8::{EncodePrivateKey as _, LineEnding};
use zeroize::Zeroizing;

use crate::key::KeyType;
use crate::signing::{PrivateKey, PrivateKeyError, pbes2};

/// The longest scalar, in bytes: P-521's.
const MAX_SCALAR: usize = 66;

impl PrivateKey {
    /// Makes a new P-256 key, and its PKCS#8 PEM text.
    pub fn generate() -> Result<(Self, Zeroizing<String>), PrivateKeyError> {
        Self::generate_of(KeyType::EcdsaP256)
    }

    /// Makes a new key, and its PKCS#8 PEM text (version 1, which OpenSSL 3.0 reads). RSA keys have 3072 bits: as strong as
    /// P-256, by NIST SP 800-57 part 1, table 2.
    pub fn generate_of(key_type: KeyType) -> Result<(Self, Zeroizing<String>), PrivateKeyError> {
        let pem = match key_type {
            KeyType::EcdsaP256 => scalar(32, 0xff, |bytes| p256::SecretKey::from_slice(bytes).ok())?
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| PrivateKeyError::Malformed)?,
            KeyType::EcdsaP384 => scalar(48, 0xff, |bytes| p384::SecretKey::from_slice(bytes).ok())?
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| PrivateKeyError::Malformed)?,
            // 521 bits are 65 bytes and one bit.
            KeyType::EcdsaP521 => scalar(MAX_SCALAR, 1, |bytes| p521::SecretKey::from_slice(bytes).ok())?
                .to_pkcs8_pem(LineEnding::LF)
                .map_err(|_| PrivateKeyError::Malformed)?,
            KeyType::Ed25519 => {
                let made = Ed25519KeyPair::generate().map_err(|_| PrivateKeyError::Random)?;
                to_pem(&made.as_der().map_err(|_| PrivateKeyError::Malformed)?)?
            }
            KeyType::Rsa => {
                let made = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| PrivateKeyError::Random)?;
                to_pem(&made.as_der().map_err(|_| PrivateKeyError::Malformed)?)?
            }
        };
        // What is handed out is what was read back.
        Ok((Self::from_pem(pem.as_bytes())?, pem))
    }

    /// The same locked with a password: `ENCRYPTED PRIVATE KEY` (PBES2 with PBKDF2 and AES-256-CBC). Takes a part of a second.
    ///
    /// An empty password is refused: OpenSSL opens no such key, and nobody means one.
    pub fn generate_locked(
        key_type: KeyType,
        password: &[u8],
    ) -> Result<(Self, Zeroizing<String>), PrivateKeyError> {
        if password.is_empty() {
            return Err(PrivateKeyError::NoPassword);
        }
        let (made, pem) = Self::generate_of(key_type)?;
        let (_, der) = pem_rfc7468::decode_vec(pem.as_bytes()).map_err(|_| PrivateKeyError::Malformed)?;
        let locked = pbes2::lock(&Zeroizing::new(der), password)?;
        let same_password = || Ok::<_, PrivateKeyError>(Zeroizing::new(password.to_vec()));
        match Self::read(locked.as_bytes(), same_password) {
            Ok(read) if read.public().spki() == made.public().spki() => Ok((read, locked)),
            _ => Err(PrivateKeyError::Malformed),
        }
    }
}

/// A secret scalar, evenly: random bytes until they are in range. `first` masks the first of `length` bytes.
fn scalar<T>(length: usize, first: u8, read: impl Fn(&[u8]) -> Option<T>) -> Result<T, PrivateKeyError> {
    let mut bytes = Zeroizing::new([0; MAX_SCALAR]);
    let bytes = &mut bytes[..length];
    loop {
        aws_lc_rs::rand::fill(bytes).map_err(|_| PrivateKeyError::Random)?;
        bytes[0] &= first;
        // All but 2 in 2^32 are in range, for every curve.
        if let Some(found) = read(bytes) {
            return Ok(found);
        }
    }
}

fn to_pem(der: &Pkcs8V1Der<'static>) -> Result<Zeroizing<String>, PrivateKeyError> {
    pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, der.as_ref())
        .map(Zeroizing::new)
        .map_err(|_| PrivateKeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Bundle, Contents, Proofs, Signatory, write};

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        for key_type in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::EcdsaP521, KeyType::Ed25519] {
            let (key, pem) = PrivateKey::generate_of(key_type).expect("a key");
            assert_eq!(key.public().key_type(), key_type);
            let again = PrivateKey::from_pem(pem.as_bytes()).expect("reads");
            assert_eq!(again.public().spki_digest(), key.public().spki_digest());
            let signature = key.sign(b"{}");
            assert_eq!(signature, again.sign(b"{}"), "deterministic");
            let bundle = |payload: &[u8], signature: &[u8]| {
                let contents = Contents::Statement(payload);
                let text = write(Signatory::Key(""), contents, signature, &Proofs::default());
                Bundle::parse(&text.expect("JSON")).expect("a bundle")
            };
            assert_eq!(bundle(b"{}", &signature).verify(key.public()), Some(&b"{}"[..]));
            for at in 0..signature.len() {
                let mut changed = signature.clone();
                changed[at] ^= 1 << (at % 8);
                assert!(bundle(b"{}", &changed).verify(key.public()).is_none(), "byte {at}");
            }
            let (other, _) = PrivateKey::generate_of(key_type).expect("a key");
            assert!(bundle(b"{}", &signature).verify(other.public()).is_none());
            assert!(bundle(b"{ }", &signature).verify(key.public()).is_none());
        }
    }

    #[test]
    fn keys_with_a_password() {
        for key_type in [KeyType::EcdsaP256, KeyType::Ed25519] {
            let (key, pem) = PrivateKey::generate_locked(key_type, b"open sesame").expect("a key");
            assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{}", *pem);
            assert!(matches!(PrivateKey::from_pem(pem.as_bytes()), Err(PrivateKeyError::Encrypted)));
            let read = |password: &[u8]| {
                let password = Zeroizing::new(password.to_vec());
                PrivateKey::read(pem.as_bytes(), || Ok::<_, PrivateKeyError>(password))
            };
            assert_eq!(read(b"open sesame").expect("opens").public().spki(), key.public().spki());
            for wrong in [&b""[..], b"open", b"open sesame\n"] {
                assert!(read(wrong).is_err(), "{wrong:?}");
            }
            assert!(matches!(PrivateKey::generate_locked(key_type, b""), Err(PrivateKeyError::NoPassword)));
        }
    }

    #[test]
    fn rsa_keys_have_3072_bits() {
        let (key, _) = PrivateKey::generate_of(KeyType::Rsa).expect("a key");
        let signature = key.sign_message(b"x");
        assert_eq!(signature.len() * 8, 3072);
        assert!(key.public().verifies(b"x", &signature));
    }
}
