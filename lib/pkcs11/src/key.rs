//! One private key on one token.

use std::path::Path;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::TokenInfo;
use cryptoki::types::RawAuthPin;
use mlbom_sigstore::key::{KeyType, PublicKey};
use mlbom_sigstore::signing::{SignError, Signer, Zeroizing, digest_length};

use crate::{HardwareError, Token, Uri, public, token};

/// DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2, note 1).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];

/// The most keys that are looked at, and listed in a message.
const MAX_KEYS: usize = 10_000;

/// Why the caller has no PIN.
pub type PinError = Box<dyn std::error::Error + Send + Sync>;

/// A key that signs on its token, and whose signatures verify with its public half.
///
/// ECDSA signatures are as random as the token makes them; those of RSA and Ed25519 are the same each time.
pub struct HardwareKey {
    // In the order in which they go: the session, then the module.
    session: Session,
    key: ObjectHandle,
    public: PublicKey,
    token: Token,
    _context: Pkcs11,
}

impl HardwareKey {
    /// Loads the module (of the flag, or of the URI), and finds the one token and the one key that the URI fits.
    ///
    /// `pin` is called at most once, if the token asks for a PIN and has no keypad of its own; a wrong one is not tried
    /// twice, for tokens count. The caller looks at [`Uri::pin_source`].
    pub fn open(
        uri: &Uri,
        module: Option<&Path>,
        pin: &mut dyn FnMut() -> Result<Zeroizing<Vec<u8>>, PinError>,
    ) -> Result<Self, HardwareError> {
        let context = token::load(&token::module(uri, module)?)?;
        let (slot, token, info) = token::find(&context, uri)?;
        let session = context.open_ro_session(slot)?;
        if info.login_required() {
            login(&session, &info, pin)?;
        }
        let Found { key, id, label } = find(&session, uri)?;
        let asks_again = session.get_attributes(key, &[AttributeType::AlwaysAuthenticate])?;
        if asks_again.contains(&Attribute::AlwaysAuthenticate(true)) {
            return Err(HardwareError::AlwaysAuthenticate);
        }
        let public = public::read(&session, &id, &label)?;
        Ok(Self { session, key, public, token, _context: context })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The token that the key is on.
    #[must_use]
    pub const fn token(&self) -> &Token {
        &self.token
    }

    /// Signs `message` by the hash that goes with the key's type; hashed here, but for Ed25519.
    pub fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        if let Some(hash) = self.public.key_type().hash() {
            return self.sign_digest(&hash.of(message));
        }
        let mechanism = Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Pure));
        let signature = self.call(&mechanism, message)?;
        if self.public.verifies(message, &signature) {
            Ok(signature)
        } else {
            Err(HardwareError::Signature.into())
        }
    }

    /// Signs a message known by its digest.
    pub fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let key_type = self.public.key_type();
        digest_length(key_type, digest)?;
        let ecdsa = |scalar_bytes| {
            let raw = self.call(&Mechanism::Ecdsa, digest)?;
            public::ecdsa_der(&raw, scalar_bytes).ok_or(HardwareError::Signature)
        };
        let signature = match key_type {
            KeyType::EcdsaP256 => ecdsa(32)?,
            KeyType::EcdsaP384 => ecdsa(48)?,
            KeyType::EcdsaP521 => ecdsa(66)?,
            KeyType::Rsa => self.call(&Mechanism::RsaPkcs, &[&SHA256_INFO, digest].concat())?,
            KeyType::Ed25519 => return Err(SignError::NeedsMessage),
        };
        let hash = key_type.hash().ok_or(SignError::NeedsMessage)?;
        if self.public.verifies_digest(hash, digest, &signature) {
            Ok(signature)
        } else {
            Err(HardwareError::Signature.into())
        }
    }

    fn call(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, HardwareError> {
        Ok(self.session.sign(mechanism, self.key, data)?)
    }
}

impl Signer for HardwareKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Self::sign_message(self, message)
    }

    fn sign_digest(&self, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        Self::sign_digest(self, digest)
    }

    fn sign_again(&self, message: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        self.is_random().then(|| Self::sign_message(self, message)).transpose()
    }

    fn sign_digest_again(&self, digest: &[u8]) -> Result<Option<Vec<u8>>, SignError> {
        self.is_random().then(|| Self::sign_digest(self, digest)).transpose()
    }
}

impl HardwareKey {
    /// Tokens draw the nonces of ECDSA.
    fn is_random(&self) -> bool {
        matches!(self.public.key_type(), KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521)
    }
}

fn login(
    session: &Session,
    info: &TokenInfo,
    pin: &mut dyn FnMut() -> Result<Zeroizing<Vec<u8>>, PinError>,
) -> Result<(), HardwareError> {
    if info.user_pin_locked() {
        return Err(HardwareError::PinLocked);
    }
    let done = if info.protected_authentication_path() {
        session.login(UserType::User, None)
    } else {
        let mut pin = pin().map_err(HardwareError::Pin)?;
        // Moved, not copied; the box overwrites it when it goes.
        session.login_with_raw(UserType::User, &RawAuthPin::new(Box::new(std::mem::take(&mut *pin))))
    };
    match done {
        // Another key of this process, on the same token.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(HardwareError::PinLocked),
        Err(Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _)) => {
            Err(HardwareError::WrongPin)
        }
        Err(err) => Err(err.into()),
    }
}

struct Found {
    key: ObjectHandle,
    id: Vec<u8>,
    label: Vec<u8>,
}

/// The one private key that signs and that the URI fits.
fn find(session: &Session, uri: &Uri) -> Result<Found, HardwareError> {
    let template = [Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Sign(true)];
    let handles = session.iter_objects(&template)?.take(MAX_KEYS).collect::<Result<Vec<_>, _>>()?;
    let mut all = Vec::new();
    for key in handles {
        let mut found = Found { key, id: Vec::new(), label: Vec::new() };
        for attribute in session.get_attributes(key, &[AttributeType::Id, AttributeType::Label])? {
            match attribute {
                Attribute::Id(id) => found.id = id,
                Attribute::Label(label) => found.label = label,
                _ => {}
            }
        }
        all.push(found);
    }
    let names: Vec<String> = all.iter().map(name).collect();
    all.retain(|found| {
        uri.id.as_ref().is_none_or(|id| *id == found.id)
            && uri.object.as_ref().is_none_or(|label| label.as_bytes() == found.label)
    });
    <[Found; 1]>::try_from(all).map(|[found]| found).map_err(|fitting| HardwareError::Keys {
        found: fitting.len(),
        labels: if names.is_empty() {
            "none there".to_owned()
        } else {
            format!("there: {}", names.join(", "))
        },
    })
}

fn name(key: &Found) -> String {
    let id: String = key.id.iter().map(|byte| format!("%{byte:02x}")).collect();
    format!("{:?} id={id}", String::from_utf8_lossy(&key.label))
}
