//! Detached OpenPGP signatures (RFC 4880, RFC 9580): read and checked with code of our own, which is small.
//!
//! A [`Keyring`] holds the certificates that are trusted, a [`Signature`] names its hash, and [`Verifying`] takes the data
//! piece by piece. Version 4 and version 6 signatures over binary documents are checked, with SHA-2 and with RSA, ECDSA
//! over the NIST curves and Ed25519. Everything else is refused by name.
//!
//! Private keys (feature `sign`) are read by another crate, which verifiers do not link.

mod armor;
mod certificate;
mod claim;
mod der;
mod key;
mod keyring;
mod packet;
mod problem;
#[cfg(feature = "sign")]
mod sign;
mod signature;
mod subpacket;
mod verify;

pub use armor::ArmorError;
pub use keyring::{Keyring, KeyringError, MAX_CERTIFICATES, MAX_KEYRING_BYTES};
pub use packet::PacketError;
pub use problem::KeyProblem;
#[cfg(feature = "sign")]
pub use sign::{MAX_SECRET_KEY_BYTES, SecretKey, SecretKeyError, SignError, Signing};
pub use signature::{Hash, MAX_SIGNATURE_BYTES, MAX_SIGNATURES, Signature, SignatureError};
pub use subpacket::SubpacketError;
pub use verify::{Signer, VerifyError, Verifying};
