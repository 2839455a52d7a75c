//! Signing keys that never leave their token, by PKCS #11 (OASIS, version 2.40 and later) and its URIs (RFC 7512).
//!
//! A module is a program of its maker's that is loaded into this process: it is trusted as the process is. What it says is
//! not: every signature is verified with the public key before anybody gets it.

mod error;
mod key;
mod public;
mod token;
mod uri;

pub use error::HardwareError;
pub use key::{HardwareKey, PinError};
pub use token::Token;
pub use uri::{Uri, UriError};
