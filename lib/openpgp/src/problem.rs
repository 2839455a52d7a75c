//! What is wrong with a key, and what to do about it.

use mlbom::time::Timestamp;

use crate::signature::SignatureError;

/// Why a key of the keyring cannot have made a signature that counts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// An algorithm or a curve that is not verified with.
    #[error("is of type {0}, RSA, ECDSA over a NIST curve or Ed25519 was wanted")]
    Unsupported(String),
    /// Too short to trust, or too long to be meant.
    #[error("is an RSA key of {0} bits, 2048 to 8192 were wanted")]
    Weak(usize),
    /// Numbers that do not fit, or a point that is not on its curve.
    #[error("is not a well-formed public key")]
    Malformed,
    /// No name and no direct signature by the key itself that holds, with SHA-2.
    #[error("has no self-signature that holds")]
    NoSelfSignature,
    /// What it says may be the latest word, and nobody can tell: an end of the key's life, say.
    #[error("has a {statement} that may be its latest and cannot be checked: it {flaw}")]
    Unchecked {
        /// What sort of signature.
        statement: &'static str,
        /// Why it cannot be checked.
        flaw: SignatureError,
    },
    /// No signature by the primary key that holds, with SHA-2.
    #[error("is a subkey without a binding signature that holds")]
    NoBinding,
    /// The subkey does not say that it belongs to the primary key, so that anybody might have adopted it.
    #[error("is a signing subkey without a back signature that holds")]
    NoBackSignature,
    /// The flags do not say so, or there are none.
    #[error("is not marked as a key that signs data")]
    NotForSigning,
    /// By its owner; or by somebody else or in a way that cannot be checked, which counts the same.
    #[error("is revoked, or carries a revocation that cannot be checked")]
    Revoked,
    /// Retired or replaced by the time that is asked about.
    #[error("is revoked since {0}, and nothing proves that the signature is older")]
    Retired(Timestamp),
    /// The signature is older than the key.
    #[error("was created at {0}, after the signature")]
    TooYoung(Timestamp),
    /// The key, or its primary key, has come to its end by the time that is asked about.
    #[error("expired at {0}, and nothing proves that the signature is older")]
    Expired(Timestamp),
}

impl KeyProblem {
    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Unsupported(_) | Self::Weak(_) => {
                "have it signed anew with RSA of 2048 bits or more, ECDSA over a NIST curve or Ed25519"
            }
            Self::Unchecked { .. } => {
                "get the key again from its owner, who can sign it anew with SHA-256 or SHA-512, as gpg does with --cert-digest-algo"
            }
            Self::Expired(_) => {
                "get the key again, whose owner may have given it a longer life, or have it signed anew with another key"
            }
            Self::Revoked | Self::Retired(_) => "have it signed anew with a key that is not revoked",
            Self::NotForSigning => "have it signed anew with a key that is marked for signing",
            Self::TooYoung(_) => "have it signed anew",
            Self::Malformed | Self::NoSelfSignature | Self::NoBinding | Self::NoBackSignature => {
                "get the whole key again from its owner, as gpg --export writes it"
            }
        }
    }
}
