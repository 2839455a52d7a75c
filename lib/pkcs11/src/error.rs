//! Why there is no key, or no signature.

use std::io;
use std::path::PathBuf;

use mlbom_sigstore::key::KeyError;
use mlbom_sigstore::signing::SignError;

use crate::key::PinError;

/// Why a token's key cannot be used. What tokens say of themselves is quoted, for it may hold anything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardwareError {
    /// The PIN would have to come between two steps of every signature.
    #[error("the key asks for the PIN at every signature, which is not done")]
    AlwaysAuthenticate,
    /// A call of the module failed.
    #[error("the PKCS #11 module failed")]
    Call(#[from] cryptoki::error::Error),
    /// One key was wanted.
    #[error("the token has {found} keys that sign and that the URI fits ({labels}), one was wanted")]
    Keys {
        /// How many.
        found: usize,
        /// The labels and identifiers of all keys that sign, quoted.
        labels: String,
    },
    /// A module that is not a file.
    #[error("{}: the PKCS #11 module cannot be opened", .path.display())]
    Module {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Neither a flag nor the URI names a module, or the name is found nowhere.
    #[error("no PKCS #11 module{0}: a path was wanted")]
    NoModule(String),
    /// Two modules.
    #[error("two PKCS #11 modules: {} and {}, one was wanted", .0.display(), .1.display())]
    Modules(PathBuf, PathBuf),
    /// The caller had no PIN to give.
    #[error("the token asks for a PIN, and none came")]
    Pin(#[source] PinError),
    /// Too many wrong PINs before.
    #[error("the token's PIN is locked")]
    PinLocked,
    /// No public key or certificate of the same identifier, or several that differ.
    #[error("the token has {0} public keys for this private key, one was wanted")]
    Public(usize),
    /// A public key that is not verified with.
    #[error("the token's public key cannot be used")]
    PublicKey(#[from] KeyError),
    /// Too short to trust, or too long to be meant.
    #[error("the key is an RSA key of {0} bits, 2048 to 4096 were wanted")]
    RsaSize(usize),
    /// A signature of the wrong length, or one that does not verify.
    #[error("the token's signature does not verify with its public key")]
    Signature,
    /// One token was wanted.
    #[error("{found} tokens fit the URI ({tokens}), one was wanted")]
    Tokens {
        /// How many.
        found: usize,
        /// All tokens that are there, quoted.
        tokens: String,
    },
    /// The token refused the PIN.
    #[error("the token refuses this PIN")]
    WrongPin,
}

impl HardwareError {
    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Tokens { .. } => "name one: pkcs11:token=LABEL;serial=NUMBER",
            Self::Keys { .. } => "name one: pkcs11:object=LABEL;id=%01",
            Self::NoModule(_) => {
                "name the module's library: pkcs11:...?module-path=/usr/lib/softhsm/libsofthsm2.so"
            }
            Self::Public(0) => "store the public key or the certificate beside it, under the same identifier",
            _ => return None,
        })
    }
}

impl From<HardwareError> for SignError {
    fn from(err: HardwareError) -> Self {
        Self::Hardware(Box::new(err))
    }
}
