//! Public keys: PEM in, signatures checked.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::digest::Sha256;
use pem_rfc7468::LineEnding;
use spki::der::Encode as _;
use spki::der::asn1::{AnyRef, BitStringRef};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::pem;

/// The longest key file that is read, in bytes.
pub const MAX_PEM_BYTES: u64 = 64 << 10;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The hashes that a signature may be over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    /// How long it is, in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Begins to hash what comes in parts.
    #[must_use]
    pub fn start(self) -> Hashing {
        Hashing(digest::Context::new(self.algorithm()))
    }

    /// The hash of `bytes`: 32, 48 or 64 bytes.
    #[must_use]
    pub fn of(self, bytes: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), bytes).as_ref().to_vec()
    }
}

/// A hash of what comes in parts.
pub struct Hashing(digest::Context);

impl Hashing {
    /// The next part.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all parts.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0.finish().as_ref().to_vec()
    }
}

/// The key types there are; each curve with the hash that OpenSSF Model Signing and Sigstore pair it with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyType {
    /// P-256 with SHA-256.
    EcdsaP256,
    /// P-384 with SHA-384.
    EcdsaP384,
    /// P-521 with SHA-512.
    EcdsaP521,
    /// Ed25519 (RFC 8032), not prehashed.
    Ed25519,
    /// RSA of 2048 to 8192 bits with PKCS #1 v1.5 (RFC 8017, 8.2) and SHA-256.
    Rsa,
}

impl KeyType {
    /// The name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
        }
    }

    /// The hash that goes with the type; Ed25519 signs messages, not hashes.
    #[must_use]
    pub const fn hash(self) -> Option<Hash> {
        match self {
            Self::EcdsaP256 | Self::Rsa => Some(Hash::Sha256),
            Self::EcdsaP384 => Some(Hash::Sha384),
            Self::EcdsaP521 => Some(Hash::Sha512),
            Self::Ed25519 => None,
        }
    }

    fn algorithm(self, hash: Option<Hash>) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, hash) {
            (Self::EcdsaP256, Some(Hash::Sha256)) => &ECDSA_P256_SHA256_ASN1,
            (Self::EcdsaP256, Some(Hash::Sha384)) => &ECDSA_P256_SHA384_ASN1,
            (Self::EcdsaP256, Some(Hash::Sha512)) => &ECDSA_P256_SHA512_ASN1,
            (Self::EcdsaP384, Some(Hash::Sha256)) => &ECDSA_P384_SHA256_ASN1,
            (Self::EcdsaP384, Some(Hash::Sha384)) => &ECDSA_P384_SHA384_ASN1,
            (Self::EcdsaP384, Some(Hash::Sha512)) => &ECDSA_P384_SHA512_ASN1,
            (Self::EcdsaP521, Some(Hash::Sha256)) => &ECDSA_P521_SHA256_ASN1,
            (Self::EcdsaP521, Some(Hash::Sha384)) => &ECDSA_P521_SHA384_ASN1,
            (Self::EcdsaP521, Some(Hash::Sha512)) => &ECDSA_P521_SHA512_ASN1,
            (Self::Rsa, Some(Hash::Sha256)) => &RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa, Some(Hash::Sha384)) => &RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa, Some(Hash::Sha512)) => &RSA_PKCS1_2048_8192_SHA512,
            (Self::Ed25519, None) => &ED25519,
            (Self::Ed25519, Some(_)) | (_, None) => return None,
        })
    }
}

/// A public key that signatures are checked with.
#[derive(Clone, Debug)]
pub struct PublicKey {
    key_type: KeyType,
    spki: Vec<u8>,
    parsed: ParsedPublicKey,
}

/// Why a text is not a public key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Another PEM label.
    #[error("holds {0:?}, \"PUBLIC KEY\" was wanted")]
    Label(String),
    /// No PEM (RFC 7468).
    #[error("is not a PEM file of one public key")]
    Pem,
    /// The secret half was given where the public half was asked for.
    #[error("holds a private key, the public key was wanted")]
    Private,
    /// Not a SubjectPublicKeyInfo, or a point that is not on its curve.
    #[error("is not a well-formed public key")]
    Malformed,
    /// Too short to trust, or too long to be meant.
    #[error("is an RSA key of {0} bits, 2048 to 8192 were wanted")]
    Weak(usize),
    /// An algorithm that is not verified with.
    #[error("is of an unsupported type, ECDSA P-256, P-384, P-521, Ed25519 or RSA was wanted")]
    Unsupported,
}

impl PublicKey {
    /// Reads the one PEM `PUBLIC KEY` (RFC 7468, 13) of a file. Text around it is passed over.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(pem).map_err(|_| KeyError::Pem)?;
        let blocks: Option<Vec<_>> = pem::blocks(text).collect();
        let blocks = blocks.ok_or(KeyError::Pem)?;
        // It may stand beside its public half, or beside what it is made with.
        if blocks.iter().any(|block| block.label.ends_with("PRIVATE KEY")) {
            return Err(KeyError::Private);
        }
        match blocks.as_slice() {
            [block] if block.label == "PUBLIC KEY" => {
                Self::from_spki(block.bytes.as_deref().ok_or(KeyError::Pem)?)
            }
            [block] => Err(KeyError::Label(block.label.to_owned())),
            _ => Err(KeyError::Pem),
        }
    }

    /// Reads a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)?;
        let curve = info.algorithm.parameters_oid().ok();
        let key_type = match (info.algorithm.oid, curve) {
            (EC, Some(P256)) => KeyType::EcdsaP256,
            (EC, Some(P384)) => KeyType::EcdsaP384,
            (EC, Some(P521)) => KeyType::EcdsaP521,
            (ED25519_KEY, None) => KeyType::Ed25519,
            (RSA, None) => KeyType::Rsa,
            _ => return Err(KeyError::Unsupported),
        };
        let point = info.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?;
        if key_type == KeyType::Rsa {
            let bits = modulus_bits(point).ok_or(KeyError::Malformed)?;
            if !(2048..=8192).contains(&bits) {
                return Err(KeyError::Weak(bits));
            }
        }
        let algorithm = key_type.algorithm(key_type.hash()).ok_or(KeyError::Unsupported)?;
        let parsed = ParsedPublicKey::new(algorithm, point).map_err(|_| KeyError::Malformed)?;
        Ok(Self { key_type, spki: der.to_vec(), parsed })
    }

    /// Reads a DER RSAPublicKey (RFC 8017, A.1.1).
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        let malformed = |_| KeyError::Malformed;
        let algorithm = AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) };
        let subject_public_key = BitStringRef::from_bytes(der).map_err(malformed)?;
        let info = SubjectPublicKeyInfoRef { algorithm, subject_public_key };
        Self::from_spki(&info.to_der().map_err(malformed)?)
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// How long the modulus of an RSA key is, in bits.
    #[must_use]
    pub fn rsa_bits(&self) -> Option<usize> {
        let is_rsa = self.key_type == KeyType::Rsa;
        is_rsa.then(|| modulus_bits(self.parsed.as_ref())).flatten()
    }

    /// The name of the key and the hash that goes with it in `PublicKeyDetails` (sigstore/protobuf-specs,
    /// `sigstore_common.proto`); RSA keys have one if they are of 2048, 3072 or 4096 bits.
    #[must_use]
    pub fn details(&self) -> Option<&'static str> {
        Some(match (self.key_type, self.rsa_bits()) {
            (KeyType::EcdsaP256, _) => "PKIX_ECDSA_P256_SHA_256",
            (KeyType::EcdsaP384, _) => "PKIX_ECDSA_P384_SHA_384",
            (KeyType::EcdsaP521, _) => "PKIX_ECDSA_P521_SHA_512",
            (KeyType::Ed25519, _) => "PKIX_ED25519",
            (KeyType::Rsa, Some(2048)) => "PKIX_RSA_PKCS1V15_2048_SHA256",
            (KeyType::Rsa, Some(3072)) => "PKIX_RSA_PKCS1V15_3072_SHA256",
            (KeyType::Rsa, Some(4096)) => "PKIX_RSA_PKCS1V15_4096_SHA256",
            (KeyType::Rsa, _) => return None,
        })
    }

    /// SHA-256 of the DER SubjectPublicKeyInfo: the key's name in reports and policies.
    #[must_use]
    pub fn spki_digest(&self) -> Sha256 {
        Sha256::of(&self.spki)
    }

    /// The canonical PEM text: 64 columns, `\n` after each line.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem_rfc7468::encode_string("PUBLIC KEY", LineEnding::LF, &self.spki)
            .expect("the label is valid and the text fits a String")
    }

    /// OpenSSF Model Signing's key hint: hexadecimal SHA-256 of the PEM text.
    #[must_use]
    pub fn oms_hint(&self) -> String {
        Sha256::of(self.to_pem().as_bytes()).to_string()
    }

    /// cosign's key hint: base64 SHA-256 of the DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn cosign_hint(&self) -> String {
        STANDARD.encode(self.spki_digest().as_bytes())
    }

    /// The DER SubjectPublicKeyInfo, as it was read.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Whether `signature` (DER for ECDSA) is this key's over `message`, by the hash that goes with its type.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    /// The same by another hash. Ed25519 has none.
    #[must_use]
    pub fn verifies_with(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_digest(hash, &hash.of(message), signature)
    }

    /// Whether `signature` is this key's over a message whose `hash` is `digest`. Never for Ed25519, which wants the message.
    ///
    /// The caller has computed the digest, or knows who did.
    #[must_use]
    pub fn verifies_digest(&self, hash: Hash, digest: &[u8], signature: &[u8]) -> bool {
        let (Some(algorithm), Ok(digest)) =
            (self.key_type.algorithm(Some(hash)), Digest::import_less_safe(digest, hash.algorithm()))
        else {
            return false;
        };
        algorithm.verify_digest_sig(self.parsed.as_ref(), &digest, signature).is_ok()
    }
}

/// How long the modulus of a DER RSAPublicKey (RFC 8017, A.1.1) is.
fn modulus_bits(der: &[u8]) -> Option<usize> {
    use spki::der::{Decode as _, Reader as _, SliceReader, asn1::UintRef};
    let mut reader = SliceReader::new(der).ok()?;
    let modulus = reader.sequence(|inner| {
        let modulus = UintRef::decode(inner)?;
        UintRef::decode(inner)?;
        Ok(modulus)
    });
    let bytes = modulus.ok()?.as_bytes();
    let first = bytes.first()?;
    Some(bytes.len() * 8 - first.leading_zeros() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let private = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(matches!(PublicKey::from_pem(private), Err(KeyError::Private)));
        let sealed = b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
        assert!(matches!(PublicKey::from_pem(sealed), Err(KeyError::Private)));
        let certificate = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(PublicKey::from_pem(certificate), Err(KeyError::Label(_))));
        assert!(matches!(PublicKey::from_pem(b""), Err(KeyError::Pem)));
        let junk = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        assert!(matches!(PublicKey::from_pem(junk), Err(KeyError::Malformed)));
    }
}
