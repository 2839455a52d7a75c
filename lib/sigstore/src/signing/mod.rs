//! Private keys: PEM in, deterministic signatures out.

mod cosign;
mod generate;
mod links;
mod nonces;
mod pbes2;
mod pem;

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
pub use links::{First, LinkError, check_links, in_order};
use p256::ecdsa::signature::hazmat::{PrehashSigner as _, RandomizedPrehashSigner as _};
pub use zeroize::Zeroizing;

use crate::envelope::{IN_TOTO, pre_authentication_encoding};
use crate::key::{KeyType, PublicKey};
use crate::signing::pem::Content;

/// Bits of an RSA key that signs: at least what SHA-256 deserves, at most what verifiers take without a murmur.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// What signs: a key in a file, or one that never leaves its token.
pub trait Signer {
    /// The public half.
    fn public(&self) -> &PublicKey;

    /// Signs `message`, hashed as [`KeyType::hash`] says. ECDSA signatures are DER.
    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Signs a message known by its digest only; the hash is [`KeyType::hash`], and Ed25519 has none.
    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError>;

    /// Another signature of `message`, for a log that has the first one already; `None` where there is only one.
    fn sign_again(&self, message: &[u8]) -> Result<Option<Vec<u8>>, SignError>;

    /// The same of a digest.
    fn sign_digest_again(&self, digest: &[u8]) -> Result<Option<Vec<u8>>, SignError>;
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Another hash than the key's.
    #[error("the digest has {found} bytes, this key's hash has {wanted}")]
    DigestLength {
        /// Bytes given.
        found: usize,
        /// Bytes wanted.
        wanted: usize,
    },
    /// The token refused, is gone, or signed something else.
    #[error("the token did not sign")]
    Hardware(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The arithmetic failed: the factors of an RSA key are no primes.
    #[error("the key is not consistent with itself")]
    Inconsistent,
    /// Ed25519 hashes with the key mixed in.
    #[error("an Ed25519 key signs messages, not digests of them")]
    NeedsMessage,
}

/// The length that a digest must have to be signed by a key of this type; an error for Ed25519.
pub fn digest_length(key_type: KeyType, digest: &[u8]) -> Result<(), SignError> {
    let hash = key_type.hash().ok_or(SignError::NeedsMessage)?;
    let wanted = hash.of(b"").len();
    if digest.len() == wanted { Ok(()) } else { Err(SignError::DigestLength { found: digest.len(), wanted }) }
}

/// A key that signs. The same bytes get the same signature: ECDSA by RFC 6979, Ed25519 by RFC 8032, RSA by PKCS #1 v1.5.
///
/// The `s` of an ECDSA signature is as it comes out, not the lower of the two that verify (as OpenSSL and Go do it, too).
/// Scalars and seeds are overwritten when the key goes.
pub struct PrivateKey {
    secret: Secret,
    public: PublicKey,
}

enum Secret {
    Ed25519(Ed25519KeyPair),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Rsa(RsaKeyPair),
}

/// Why a text is not a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateKeyError {
    /// Not a key.
    #[error("holds a certificate, the private key was wanted")]
    Certificate,
    /// Opening it would take the memory or the time of a denial of service.
    #[error("asks for {found} of key derivation, at most {limit} is done")]
    Cost {
        /// What the file asks for.
        found: String,
        /// The most that is done.
        limit: String,
    },
    /// Two places name the curve and disagree, or none does.
    #[error("does not say one curve")]
    Curve,
    /// DER, as it stands.
    #[error("is binary (DER or PKCS #12), PEM was wanted")]
    Der,
    /// Locked.
    #[error("is encrypted, a password was wanted")]
    Encrypted,
    /// Locked in a way that is not opened: an object identifier, or a name for it.
    #[error("is encrypted with {0}, PBES2 with PBKDF2 or scrypt and AES-CBC was wanted")]
    Encryption(String),
    /// Another PEM label.
    #[error("holds {0:?}, a private key was wanted")]
    Label(String),
    /// Encrypted by the PEM headers of RFC 1423, with one round of MD5.
    #[error("is encrypted in the old way (RFC 1423), PKCS#8 was wanted")]
    Legacy,
    /// Longer than [`crate::key::MAX_PEM_BYTES`].
    #[error("is longer than {} bytes, a key was wanted", crate::key::MAX_PEM_BYTES)]
    Long,
    /// No PEM private key, or not a well-formed one.
    #[error("is not a well-formed PEM private key")]
    Malformed,
    /// A new key was to be locked with nothing.
    #[error("the password is empty, one that locks a key was wanted")]
    NoPassword,
    /// A key of another kind of signature.
    #[error("is an OpenPGP key, PKCS#8 was wanted")]
    OpenPgp,
    /// The public half.
    #[error("holds a public key, the private key was wanted")]
    Public,
    /// The system gave no random bytes.
    #[error("the system gave no random bytes")]
    Random,
    /// Too short to trust, or too long to be meant.
    #[error("is an RSA key of {0} bits, 2048 to 4096 were wanted")]
    RsaSize(usize),
    /// A file of cosign, of another form than the three that cosign writes.
    #[error("is a Sigstore key with {0}")]
    Sealed(&'static str),
    /// Two keys, or a key and its certificate.
    #[error("holds {0} PEM blocks, one private key was wanted")]
    Several(usize),
    /// An algorithm or a curve that is not signed with.
    #[error("is of type {0}, ECDSA P-256, P-384, P-521, Ed25519 or RSA was wanted")]
    Type(String),
    /// The password opens it not, or it was damaged: the two cannot be told apart.
    #[error("is not opened by this password")]
    WrongPassword,
}

impl PrivateKeyError {
    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Legacy | Self::Encryption(_) | Self::Cost { .. } => {
                "write it again: openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW"
            }
            Self::Der => {
                "write it as PEM: openssl pkey -inform DER -in OLD -out NEW; of PKCS #12: openssl pkcs12 -nocerts -in OLD -out NEW"
            }
            Self::OpenPgp => "give it with --pgp-key: it makes OpenPGP signatures",
            Self::Label(label) if label == "OPENSSH PRIVATE KEY" => {
                "write a copy as PKCS#8: ssh-keygen -p -m PKCS8 -f COPY"
            }
            Self::Public | Self::Certificate => "verifiers get the public half; the signer keeps the other",
            Self::Several(_) => "put the key into a file of its own",
            _ => return None,
        })
    }
}

/// Why a key that may have a password was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E: std::error::Error + 'static> {
    /// The file.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
    /// The caller had no password to give.
    #[error("is encrypted, and no password came")]
    Password(#[source] E),
}

impl PrivateKey {
    /// Reads a PEM private key without a password: `PRIVATE KEY` (PKCS#8, RFC 5958), `EC PRIVATE KEY` (RFC 5915, with or
    /// without the block `EC PARAMETERS` before it) or `RSA PRIVATE KEY` (PKCS#1, RFC 8017).
    ///
    /// Text before and after the block is not read, as RFC 7468, section 2 has it; a second block is refused.
    pub fn from_pem(pem: &[u8]) -> Result<Self, PrivateKeyError> {
        match pem::content(pem)? {
            Content::Open(open) => open.key(),
            Content::Sigstore(_) | Content::Pkcs8(_) => Err(PrivateKeyError::Encrypted),
        }
    }

    /// Reads those and, with a password, `ENCRYPTED PRIVATE KEY` (PBES2, RFC 8018) and `ENCRYPTED SIGSTORE PRIVATE KEY` or
    /// `ENCRYPTED COSIGN PRIVATE KEY` (cosign's).
    ///
    /// `password` is called at most once, and only for a file that a password may open: what it is encrypted with, and what
    /// that costs, is checked before. It may be empty.
    pub fn read<E: std::error::Error + 'static>(
        pem: &[u8],
        password: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, E>,
    ) -> Result<Self, ReadError<E>> {
        let key = match pem::content(pem)? {
            Content::Open(open) => open.key(),
            Content::Pkcs8(der) => {
                let locked = pbes2::Locked::parse(&der)?;
                locked.open(&password().map_err(ReadError::Password)?)
            }
            Content::Sigstore(json) => {
                let locked = cosign::Locked::parse(&json)?;
                locked.open(&password().map_err(ReadError::Password)?)
            }
        };
        Ok(key?)
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs an in-toto payload as DSSE does.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        self.sign_message(&pre_authentication_encoding(IN_TOTO, payload))
    }

    /// Signs `message` by the hash that goes with the key's type.
    ///
    /// Empty, which never verifies, for an RSA key whose factors are no primes; [`Signer::sign_message`] says so.
    #[must_use]
    pub fn sign_message(&self, message: &[u8]) -> Vec<u8> {
        Signer::sign_message(self, message).unwrap_or_default()
    }

    /// Signs a message known by its digest; `None` for Ed25519 and for a digest of another length.
    #[must_use]
    pub fn sign_digest(&self, digest: &[u8]) -> Option<Vec<u8>> {
        Signer::sign_digest(self, digest).ok()
    }
}

impl Signer for PrivateKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match (&self.secret, self.public.key_type().hash()) {
            (Secret::Ed25519(key), _) => Ok(key.sign(message).as_ref().to_vec()),
            (_, Some(hash)) => Signer::sign_digest(self, &hash.of(message)),
            (_, None) => Err(SignError::NeedsMessage),
        }
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        digest_length(self.public.key_type(), digest)?;
        match &self.secret {
            Secret::Ed25519(_) => return Err(SignError::NeedsMessage),
            Secret::P256(key) => {
                key.sign_prehash(digest).map(|made: p256::ecdsa::Signature| made.to_der().as_bytes().to_vec())
            }
            Secret::P384(key) => {
                key.sign_prehash(digest).map(|made: p384::ecdsa::Signature| made.to_der().as_bytes().to_vec())
            }
            Secret::P521(key) => nonces::sign(key, digest).map(|made| made.to_der().as_bytes().to_vec()),
            Secret::Rsa(key) => return rsa(key, digest).ok_or(SignError::Inconsistent),
        }
        .map_err(|_| SignError::Inconsistent)
    }

    fn sign_again(&self, message: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        match self.public.key_type().hash() {
            Some(hash) => hedged(&self.secret, &hash.of(message)),
            None => Ok(None),
        }
    }

    fn sign_digest_again(&self, digest: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        digest_length(self.public.key_type(), digest)?;
        hedged(&self.secret, digest)
    }
}

/// ECDSA with random bytes among what the nonce is made of.
fn hedged(secret: &Secret, digest: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
    let mut rng = nonces::Random;
    let der = match secret {
        Secret::Ed25519(_) | Secret::Rsa(_) => return Ok(None),
        Secret::P256(key) => {
            let made: Result<p256::ecdsa::Signature, _> = key.sign_prehash_with_rng(&mut rng, digest);
            made.map(|made| made.to_der().as_bytes().to_vec())
        }
        Secret::P384(key) => {
            let made: Result<p384::ecdsa::Signature, _> = key.sign_prehash_with_rng(&mut rng, digest);
            made.map(|made| made.to_der().as_bytes().to_vec())
        }
        Secret::P521(key) => {
            let made: Result<p521::ecdsa::Signature, _> = key.sign_prehash_with_rng(&mut rng, digest);
            made.map(|made| made.to_der().as_bytes().to_vec())
        }
    };
    der.map(Some).map_err(|_| SignError::Inconsistent)
}

/// RFC 8017, 8.2, over a SHA-256 digest.
fn rsa(key: &RsaKeyPair, digest: &[u8]) -> Option<Vec<u8>> {
    let digest = Digest::import_less_safe(digest, &digest::SHA256).ok()?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature).ok()?;
    Some(signature)
}
