//! Private keys, and detached signatures made with them.
//!
//! Another crate reads and unlocks the keys and does the arithmetic. Which key may sign is decided by the rules that the
//! verifier has, and what is signed is written here.

mod unlock;

use std::io::{self, Read};

use aws_lc_rs::digest::Context;
use mlbom::time::Timestamp;
use pgp::composed::{Deserializable as _, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::ser::Serialize as _;
use pgp::types::{Password, SignatureBytes, SigningKey};

use crate::armor::{ArmorError, armored, unarmored};
use crate::certificate::{Certificate, When};
use crate::key::{Key, KeyProblem};
use crate::keyring::{Keyring, KeyringError};
use crate::packet::PacketError;
use crate::signature::{Hash, Signature, SignatureError, SignaturePacket, finish};
use crate::subpacket::{ISSUER, ISSUER_FINGERPRINT};
use crate::verify::{VerifyError, Verifying};

use self::unlock::{only_one, unlocked};

/// The longest private key that is read, in bytes.
pub const MAX_SECRET_KEY_BYTES: usize = 1 << 20;

/// How much of a stream is read at once, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// A private key, unlocked, with its certificate.
pub struct SecretKey {
    keyring: Keyring,
    secrets: Vec<Secret>,
}

struct Secret {
    fingerprint: Vec<u8>,
    key: Box<dyn SigningKey + Send + Sync>,
}

/// Why a file is not a private key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// More than [`MAX_SECRET_KEY_BYTES`].
    #[error("is {0} bytes long, a private key has at most {MAX_SECRET_KEY_BYTES}")]
    TooLong(usize),
    /// The text around the key.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// Not packets.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The public half.
    #[error("holds a public key, the private key was wanted")]
    Public,
    /// None or several.
    #[error("holds {0} private keys, one was wanted")]
    Count(usize),
    /// The key is locked, and there is no password for it.
    #[error("is locked, and its password cannot be read")]
    NoPassword(#[source] io::Error),
    /// The key is locked with another password.
    #[error("is not unlocked by the password")]
    Password,
    /// The library does not take the key.
    #[error("is not a well-formed private key")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The public half of the key is not taken.
    #[error(transparent)]
    Certificate(#[from] KeyringError),
    /// Of a type that is not signed with, or only for other things.
    #[error("holds no private key that signs: the key {key} {problem}")]
    Unusable {
        /// The fingerprint of the first one.
        key: String,
        /// Why it does not.
        problem: KeyProblem,
    },
    /// The file has the public half of the keys only: the private one is on a card or elsewhere.
    #[error("holds no private key that signs, only references to some")]
    Elsewhere,
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// Expired, revoked, or never meant to sign.
    #[error("no key signs at that time: the key {key} {problem}")]
    NoKey {
        /// The fingerprint of one that might have.
        key: String,
        /// Why it does not.
        problem: KeyProblem,
    },
    /// Before 1970 or after 2106.
    #[error("{0} cannot be written as the time of a signature")]
    Time(Timestamp),
    /// The data cannot be read to its end.
    #[error("the data cannot be read")]
    Read(#[source] io::Error),
    /// The system has no random numbers.
    #[error("no random bytes can be had")]
    Random,
    /// The library does not sign.
    #[error("the key does not sign")]
    Arithmetic(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The signature was made and is not one.
    #[error("the signature that was made cannot be read back")]
    Unreadable(#[from] SignatureError),
    /// The signature was made and does not hold.
    #[error("the signature that was made does not hold")]
    Wrong(#[from] VerifyError),
}

impl SecretKey {
    /// Reads a transferable secret key (RFC 9580, 10.2), armored (`PRIVATE KEY BLOCK`) or binary, and unlocks it.
    ///
    /// `password` is called once if a key that signs is locked, and not otherwise; all of them have the one password. Keys
    /// whose private half is not in the file are passed over, as GnuPG writes them for primary keys that are kept elsewhere,
    /// and so are keys that are not for signing.
    ///
    /// # Errors
    ///
    /// When the file is not one private key, when there is no password or a wrong one, or when nothing in it can sign.
    pub fn parse(
        bytes: &[u8],
        password: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Self, SecretKeyError> {
        if bytes.len() > MAX_SECRET_KEY_BYTES {
            return Err(SecretKeyError::TooLong(bytes.len()));
        }
        let bytes = unarmored(bytes, "PRIVATE KEY BLOCK").map_err(|error| match error {
            ArmorError::Label(label, _) if label == "PUBLIC KEY BLOCK" => SecretKeyError::Public,
            other => SecretKeyError::Armor(other),
        })?;
        only_one(&bytes)?;
        let malformed = |error| SecretKeyError::Malformed(Box::new(error));
        let secret = SignedSecretKey::from_bytes(&bytes[..]).map_err(malformed)?;
        let keyring = Keyring::parse(&secret.to_public_key().to_bytes().map_err(malformed)?)?;
        let secrets = unlocked(secret, &keyring, password)?;
        Ok(Self { keyring, secrets })
    }

    /// The public half, as signatures are checked with it.
    #[must_use]
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Signs what `data` holds, as of `at`. Returns the armored signature.
    ///
    /// # Errors
    ///
    /// As of [`Self::signing`] and [`Signing::finish`], and when `data` cannot be read.
    pub fn sign_detached(&self, mut data: impl Read, at: Timestamp) -> Result<String, SignError> {
        let mut signing = self.signing(at)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match data.read(&mut piece) {
                Ok(0) => return signing.finish(),
                Ok(length) => signing.update(&piece[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(SignError::Read(error)),
            }
        }
    }

    /// Begins a signature, made at `at`. The data comes piece by piece.
    ///
    /// The newest subkey that signs at that time is taken, or else the primary key.
    ///
    /// # Errors
    ///
    /// When no key may sign at that time, or the time is outside the years 1970 to 2106.
    pub fn signing(&self, at: Timestamp) -> Result<Signing<'_>, SignError> {
        let created = u32::try_from(at.seconds()).map_err(|_| SignError::Time(at))?;
        let (key, secret) = self.choice(i64::from(created))?;
        let hash = hash_of(key);
        let mut salt = Vec::new();
        if key.version == 6 {
            salt.resize(hash.salt_length(), 0);
            aws_lc_rs::rand::fill(&mut salt).map_err(|_| SignError::Random)?;
        }
        let mut context = hash.context();
        context.update(&salt);
        Ok(Signing { keyring: &self.keyring, key, secret, at, created, hash, salt, context })
    }

    fn choice(&self, at: i64) -> Result<(&Key, &dyn SigningKey), SignError> {
        let certificates = self.keyring.certificates().iter();
        let held = certificates.flat_map(|it| self.held(it)).collect::<Vec<_>>();
        let mut best: Option<(&Key, &dyn SigningKey)> = None;
        let mut problem = None;
        // The primary key is the first.
        for (certificate, key, secret) in held {
            match certificate.vouches(key, When { made: at, at }) {
                Ok(()) => {
                    let primary = certificate.primary.key.fingerprint.as_slice();
                    let better =
                        |best: &(&Key, _)| best.0.fingerprint == primary || key.created >= best.0.created;
                    if best.as_ref().is_none_or(better) {
                        best = Some((key, secret));
                    }
                }
                Err(KeyProblem::NotForSigning) if problem.is_some() => {}
                Err(found) => problem = Some((key, found)),
            }
        }
        best.ok_or_else(|| match problem {
            Some((key, problem)) => SignError::NoKey { key: key.name(), problem },
            None => SignError::NoKey { key: String::new(), problem: KeyProblem::NotForSigning },
        })
    }

    /// The keys of `certificate` whose private half is here.
    fn held<'a>(
        &'a self,
        certificate: &'a Certificate,
    ) -> impl Iterator<Item = (&'a Certificate, &'a Key, &'a dyn SigningKey)> {
        certificate.keys().filter_map(move |key| {
            let secret = self.secrets.iter().find(|secret| secret.fingerprint == key.fingerprint)?;
            Some((certificate, key, &*secret.key as &dyn SigningKey))
        })
    }
}

/// A signature under way. Of the data nothing is kept but the hash.
pub struct Signing<'a> {
    keyring: &'a Keyring,
    key: &'a Key,
    secret: &'a dyn SigningKey,
    at: Timestamp,
    created: u32,
    hash: Hash,
    salt: Vec<u8>,
    context: Context,
}

impl Signing<'_> {
    /// Takes the next piece of the data.
    pub fn update(&mut self, piece: &[u8]) {
        self.context.update(piece);
    }

    /// Signs, checks the signature as a verifier would, and returns it armored (`PGP SIGNATURE`).
    ///
    /// # Errors
    ///
    /// When the key does not sign, or the signature does not hold.
    pub fn finish(self) -> Result<String, SignError> {
        let covered = self.covered();
        let mut context = self.context.clone();
        finish(&mut context, self.key.version, &covered);
        let digest = context.finish();
        let hash = HashAlgorithm::from(self.hash.code());
        let arithmetic = |error| SignError::Arithmetic(Box::new(error));
        let signature = self.secret.sign(&Password::empty(), hash, digest.as_ref()).map_err(arithmetic)?;
        let values = values(&signature).map_err(arithmetic)?;
        let body = [&covered, &self.unsigned()[..], &digest.as_ref()[..2], &self.salted(), &values].concat();
        // A signature packet with a length of four bytes (RFC 9580, 4.2.1.1).
        let packet = [&[0xC2, 0xFF], &(body.len() as u32).to_be_bytes()[..], &body].concat();
        let text = armored(&packet, "SIGNATURE");
        self.check(&text, &body)?;
        Ok(text)
    }

    /// Refuses a signature that our own verifier refuses: a fault of memory or of the library must not leave.
    fn check(self, text: &str, body: &[u8]) -> Result<(), SignError> {
        Signature::parse(text.as_bytes())?;
        Verifying::after(SignaturePacket::parse(body)?, self.context).finish(self.keyring, self.at)?;
        Ok(())
    }

    /// What the signature covers of itself: kind, algorithms, and who signed when.
    fn covered(&self) -> Vec<u8> {
        let version = self.key.version;
        let issuer = [&[version][..], &self.key.fingerprint].concat();
        let area =
            [subpacket(2, &self.created.to_be_bytes()), subpacket(ISSUER_FINGERPRINT, &issuer)].concat();
        let head = [version, 0x00, self.key.algorithm, self.hash.code()];
        [&head[..], &self.area_length(area.len()), &area].concat()
    }

    /// What the signature does not cover: the name of the key that older software wants.
    fn unsigned(&self) -> Vec<u8> {
        let area = if self.key.version == 4 { subpacket(ISSUER, self.key.id()) } else { Vec::new() };
        [&self.area_length(area.len())[..], &area].concat()
    }

    fn salted(&self) -> Vec<u8> {
        match self.salt.len() {
            0 => Vec::new(),
            length => [&[length as u8], &self.salt[..]].concat(),
        }
    }

    fn area_length(&self, length: usize) -> Vec<u8> {
        if self.key.version == 4 {
            (length as u16).to_be_bytes().to_vec()
        } else {
            (length as u32).to_be_bytes().to_vec()
        }
    }
}

fn subpacket(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[body.len() as u8 + 1, kind], body].concat()
}

/// As strong as the curve; the longest for keys that leave the choice, which is also the fastest on 64 bits.
fn hash_of(key: &Key) -> Hash {
    match key.type_name().as_deref() {
        Ok("ecdsa-p256") => Hash::Sha256,
        Ok("ecdsa-p384") => Hash::Sha384,
        _ => Hash::Sha512,
    }
}

fn values(signature: &SignatureBytes) -> Result<Vec<u8>, pgp::errors::Error> {
    let mut values = Vec::new();
    match signature {
        SignatureBytes::Mpis(numbers) => {
            numbers.iter().try_for_each(|number| number.to_writer(&mut values))?;
        }
        SignatureBytes::Native(bytes) => values.extend_from_slice(bytes),
    }
    Ok(values)
}
