//! Private keys: PEM in, deterministic signatures out.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};

use crate::envelope::{IN_TOTO, pre_authentication_encoding};
use crate::key::{KeyType, PublicKey, contains};

/// A key that signs. The same bytes get the same signature: ECDSA by RFC 6979, Ed25519 by RFC 8032.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    P256(SigningKey),
}

/// Why a text is not a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Locked.
    #[error("is encrypted, and keys with a password are not read by this version")]
    Encrypted,
    /// No PEM private key, or not a well-formed one.
    #[error("is not a PEM private key (PKCS#8 or SEC1) of type ECDSA P-256 or Ed25519")]
    Malformed,
    /// The public half.
    #[error("holds a public key, the private key was wanted")]
    Public,
}

impl PrivateKey {
    /// Reads a PEM `PRIVATE KEY` (PKCS#8, RFC 5958) or `EC PRIVATE KEY` (SEC1, RFC 5915).
    pub fn from_pem(pem: &[u8]) -> Result<Self, PrivateKeyError> {
        let text = std::str::from_utf8(pem).map_err(|_| PrivateKeyError::Malformed)?;
        if text.contains("-----BEGIN ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(PrivateKeyError::Encrypted);
        }
        if let Some(start) = text.find("-----BEGIN EC PRIVATE KEY-----") {
            // openssl ecparam writes the curve's parameters as a block of their own before it.
            let secret =
                p256::SecretKey::from_sec1_pem(&text[start..]).map_err(|_| PrivateKeyError::Malformed)?;
            return Self::from_p256(secret.into());
        }
        if contains(pem, b"-----BEGIN PRIVATE KEY-----") {
            if let Ok(secret) = p256::SecretKey::from_pkcs8_pem(text) {
                return Self::from_p256(secret.into());
            }
            let (_, der) = pem_rfc7468::decode_vec(pem).map_err(|_| PrivateKeyError::Malformed)?;
            return Self::from_ed25519(&der);
        }
        let public = contains(pem, b"-----BEGIN PUBLIC KEY-----");
        Err(if public { PrivateKeyError::Public } else { PrivateKeyError::Malformed })
    }

    /// Makes a new P-256 key, and its PKCS#8 PEM text.
    pub fn generate() -> Result<(Self, String), PrivateKeyError> {
        let mut bytes = [0; 32];
        let secret = loop {
            aws_lc_rs::rand::fill(&mut bytes).map_err(|_| PrivateKeyError::Malformed)?;
            // All but 2 in 2^32 are in range.
            if let Ok(secret) = p256::SecretKey::from_slice(&bytes) {
                break secret;
            }
        };
        let pem = secret.to_pkcs8_pem(LineEnding::LF).map_err(|_| PrivateKeyError::Malformed)?;
        Ok((Self::from_p256(secret.into())?, pem.to_string()))
    }

    fn from_p256(secret: SigningKey) -> Result<Self, PrivateKeyError> {
        let spki = secret.verifying_key().to_public_key_der().map_err(|_| PrivateKeyError::Malformed)?;
        let public = PublicKey::from_spki(spki.as_bytes()).map_err(|_| PrivateKeyError::Malformed)?;
        Ok(Self { secret: Secret::P256(secret), public })
    }

    fn from_ed25519(pkcs8: &[u8]) -> Result<Self, PrivateKeyError> {
        let secret =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| PrivateKeyError::Malformed)?;
        let spki: PublicKeyX509Der<'_> =
            secret.public_key().as_der().map_err(|_| PrivateKeyError::Malformed)?;
        let public = PublicKey::from_spki(spki.as_ref()).map_err(|_| PrivateKeyError::Malformed)?;
        Ok(Self { secret: Secret::Ed25519(secret), public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Whether OpenSSF's `model_signing` reads this kind of key: it knows ECDSA only.
    #[must_use]
    pub fn is_read_by_model_signing(&self) -> bool {
        self.public.key_type() != KeyType::Ed25519
    }

    /// Signs an in-toto payload as DSSE does.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        let message = pre_authentication_encoding(IN_TOTO, payload);
        match &self.secret {
            Secret::Ed25519(key) => key.sign(&message).as_ref().to_vec(),
            Secret::P256(key) => {
                let signature: Signature = key.sign(&message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{Bundle, write};

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        let (key, pem) = PrivateKey::generate().expect("a key");
        let again = PrivateKey::from_pem(pem.as_bytes()).expect("reads");
        assert_eq!(again.public().spki_digest(), key.public().spki_digest());
        let signature = key.sign(b"{}");
        assert_eq!(signature, again.sign(b"{}"), "deterministic");
        let bundle = |payload: &[u8], signature: &[u8]| {
            Bundle::parse(&write("", payload, signature).expect("JSON")).expect("a bundle")
        };
        assert_eq!(bundle(b"{}", &signature).verify(key.public()), Some(&b"{}"[..]));
        for at in 0..signature.len() {
            for bit in 0..8 {
                let mut changed = signature.clone();
                changed[at] ^= 1 << bit;
                assert!(bundle(b"{}", &changed).verify(key.public()).is_none(), "byte {at}, bit {bit}");
            }
        }
        let (other, _) = PrivateKey::generate().expect("a key");
        assert!(bundle(b"{}", &signature).verify(other.public()).is_none());
        assert!(bundle(b"{ }", &signature).verify(key.public()).is_none());
    }

    #[test]
    fn refusals() {
        let (key, pem) = PrivateKey::generate().expect("a key");
        let public = key.public().to_pem();
        assert!(matches!(PrivateKey::from_pem(public.as_bytes()), Err(PrivateKeyError::Public)));
        let sealed = pem.replace("PRIVATE", "ENCRYPTED PRIVATE");
        assert!(matches!(PrivateKey::from_pem(sealed.as_bytes()), Err(PrivateKeyError::Encrypted)));
        for text in ["", "x", &pem[..60], &pem.replace("PRIVATE KEY", "CERTIFICATE")] {
            assert!(
                matches!(PrivateKey::from_pem(text.as_bytes()), Err(PrivateKeyError::Malformed)),
                "{text}"
            );
        }
    }
}
