//! Checks of detached signatures.

use aws_lc_rs::digest::{Context, Digest};
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;

use crate::certificate::{Certificate, When, timestamp};
use crate::key::Key;
use crate::keyring::Keyring;
use crate::problem::KeyProblem;
use crate::signature::SignaturePacket;

/// A check under way: the data comes in pieces, of which nothing is kept but the hash.
#[derive(Clone)]
pub struct Verifying {
    packet: SignaturePacket,
    context: Context,
}

/// Who signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// The fingerprint of the primary key, in upper-case hexadecimal: 40 digits in version 4, 64 in version 6.
    pub fingerprint: String,
    /// The fingerprint of the key that signed: the primary key's, or a subkey's.
    pub signing_key: String,
    /// Type and size of the key that signed: `rsa-3072`, `ed25519`, `ecdsa-p256` and so on.
    pub key_type: String,
    /// SHA-256 of the DER SubjectPublicKeyInfo of the key that signed: the same key may be known without OpenPGP.
    pub spki: Sha256,
    /// The same of the primary key.
    pub primary_spki: Sha256,
    /// When the signature was made. Its own word, which the signer can choose.
    pub created: Timestamp,
}

/// Why a signature does not hold.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No candidate in the keyring.
    #[error("is by the key {0}, which is not in the keyring")]
    NoKey(String),
    /// What it names as its issuer is not the key that made it.
    #[error("is by the key {key}, and names {issuer} as its issuer")]
    Issuer {
        /// The fingerprint of the key.
        key: String,
        /// What is named beside the key or in its place: a fingerprint or a key id.
        issuer: String,
    },
    /// No key is all of those that it names.
    #[error("names several keys as its issuer, {0} and {1} among them")]
    Issuers(String, String),
    /// Other data, or a signature that was changed.
    #[error("does not match the data")]
    Mismatch,
    /// The signature matches, and the key is not one to trust.
    #[error("the key {key} {problem}")]
    Key {
        /// The fingerprint of the key.
        key: String,
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// Made after the instant that was asked about.
    #[error("was made at {created}, after {at}")]
    Future {
        /// When the signature was made.
        created: Timestamp,
        /// The instant that was asked about.
        at: Timestamp,
    },
    /// Its own end has come.
    #[error("expired at {0}")]
    Expired(Timestamp),
}

impl VerifyError {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NoKey(_) => "give the certificate with that key, if it is whom you trust: --pgp-key FILE",
            Self::Issuer { .. } | Self::Issuers(..) => {
                "fetch the signature again: somebody has changed what it says of its signer"
            }
            Self::Mismatch => "fetch the document and its signature again",
            Self::Key { problem, .. } => problem.remedy(),
            Self::Future { .. } => "set the clock, here or where it was signed",
            Self::Expired(_) => "have it signed anew",
        }
    }
}

impl Verifying {
    pub(crate) fn new(packet: SignaturePacket) -> Self {
        let context = packet.context();
        Self { packet, context }
    }

    /// The same after data that was hashed elsewhere, the salt before it.
    #[cfg(feature = "sign")]
    pub(crate) fn after(packet: SignaturePacket, context: Context) -> Self {
        Self { packet, context }
    }

    /// Takes the next piece of the signed data.
    pub fn update(&mut self, piece: &[u8]) {
        self.context.update(piece);
    }

    /// Says who signed the data, as of `at`.
    ///
    /// The key must be in `keyring`, bound to its certificate by signatures that hold, marked for signing, and at `at`
    /// neither revoked nor at its end: nothing proves that a signature is older. It must be made by `at`, and not expired then.
    ///
    /// # Errors
    ///
    /// When no key of the keyring made the signature, or the key that did is not one to trust.
    pub fn finish(self, keyring: &Keyring, at: Timestamp) -> Result<Signer, VerifyError> {
        let Self { packet, context } = self;
        let digest = packet.digest(context);
        let mut reason = None;
        for (certificate, key) in keyring.candidates(&packet) {
            match check(certificate, key, &packet, &digest, at) {
                Ok(signer) => return Ok(signer),
                // What is wrong with the key that matches tells more than that others do not match.
                Err(VerifyError::Mismatch) => reason = reason.or(Some(VerifyError::Mismatch)),
                Err(other) => reason = Some(other),
            }
        }
        Err(reason.unwrap_or_else(|| not_named(keyring, &packet, &digest)))
    }
}

/// Why no key of the keyring is one that the signature may be from, by what it says.
fn not_named(keyring: &Keyring, packet: &SignaturePacket, digest: &Digest) -> VerifyError {
    let mut issuers = packet.issuers().into_iter();
    if let Some(key) = keyring.keys().find(|key| packet.matches(key, digest)) {
        // At least one of those that are named is not the key, or it would have been a candidate.
        let is_other = |issuer: &String| !key.name().ends_with(issuer) && !key.name().starts_with(issuer);
        let issuer = issuers.find(is_other).unwrap_or_else(|| "another version of it".to_owned());
        return VerifyError::Issuer { key: key.name(), issuer };
    }
    match (issuers.next(), issuers.next()) {
        (Some(first), Some(second)) => VerifyError::Issuers(first, second),
        (first, _) => VerifyError::NoKey(first.unwrap_or_else(|| "that it does not name".to_owned())),
    }
}

fn check(
    certificate: &Certificate,
    key: &Key,
    packet: &SignaturePacket,
    digest: &Digest,
    at: Timestamp,
) -> Result<Signer, VerifyError> {
    let refused = |problem| VerifyError::Key { key: key.name(), problem };
    let key_type = key.type_name().map_err(refused)?;
    if !packet.is_by(key, digest) {
        return Err(VerifyError::Mismatch);
    }
    let (made, now) = (i64::from(packet.created), at.seconds());
    let created = timestamp(made);
    if made > now {
        return Err(VerifyError::Future { created, at });
    }
    if let Some(end) = packet.expires().filter(|end| *end <= now) {
        return Err(VerifyError::Expired(timestamp(end)));
    }
    certificate.vouches(key, When { made, at: now }).map_err(refused)?;
    let primary = &certificate.primary.key;
    Ok(Signer {
        fingerprint: primary.name(),
        signing_key: key.name(),
        key_type,
        spki: key.spki_digest().map_err(refused)?,
        primary_spki: primary.spki_digest().map_err(refused)?,
        created,
    })
}
