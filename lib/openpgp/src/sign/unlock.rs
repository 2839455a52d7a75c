//! Which of the keys of a file may sign, and their password.

use std::io;

use pgp::composed::SignedSecretKey;
use pgp::packet::{self, Signature};
use pgp::types::{Password, S2kParams, SecretParams, SigningKey, StringToKey};

use super::{Secret, SecretKeyError};
use crate::certificate::Certificate;
use crate::key::KeyProblem;
use crate::keyring::Keyring;
use crate::packet::{PUBLIC_KEY, is_private, packets};

/// Refuses a file that is not packets of one private key; the library would read the first and stop.
pub(super) fn only_one(bytes: &[u8]) -> Result<(), SecretKeyError> {
    let mut count = 0;
    for packet in packets(bytes) {
        match packet?.tag {
            PUBLIC_KEY => return Err(SecretKeyError::Public),
            5 => count += 1,
            tag if count == 0 && !is_private(tag) => return Err(SecretKeyError::Count(0)),
            _ => {}
        }
    }
    if count == 1 { Ok(()) } else { Err(SecretKeyError::Count(count)) }
}

/// The keys that can sign, unlocked; at least one.
pub(super) fn unlocked(
    secret: SignedSecretKey,
    keyring: &Keyring,
    password: impl FnOnce() -> io::Result<Vec<u8>>,
) -> Result<Vec<Secret>, SecretKeyError> {
    let mut unlocking =
        Unlocking { keyring, password: Once::Untold(password), secrets: Vec::new(), problem: None };
    let details = &secret.details;
    let named = details.users.iter().flat_map(|user| &user.signatures);
    let signs = may_sign(named.chain(&details.direct_signatures));
    unlocking.add(secret.primary_key, signs)?;
    for subkey in secret.secret_subkeys {
        let signs = may_sign(&subkey.signatures);
        unlocking.add(subkey.key, signs)?;
    }
    match unlocking.problem {
        _ if !unlocking.secrets.is_empty() => Ok(unlocking.secrets),
        Some((key, problem)) => Err(SecretKeyError::Unusable { key, problem }),
        None => Err(SecretKeyError::Elsewhere),
    }
}

/// Whether any of these says that the key signs data. Whether it holds is looked at when there is something to sign.
fn may_sign<'a>(signatures: impl IntoIterator<Item = &'a Signature>) -> bool {
    signatures.into_iter().any(|signature| signature.key_flags().sign())
}

/// A primary key or a subkey: the library has two types.
trait Half: SigningKey + Send + Sync + 'static {
    fn parameters(&self) -> &SecretParams;
    fn unlock(&mut self, password: &Password) -> pgp::errors::Result<()>;
}

impl Half for packet::SecretKey {
    fn parameters(&self) -> &SecretParams {
        self.secret_params()
    }

    fn unlock(&mut self, password: &Password) -> pgp::errors::Result<()> {
        self.remove_password(password)
    }
}

impl Half for packet::SecretSubkey {
    fn parameters(&self) -> &SecretParams {
        self.secret_params()
    }

    fn unlock(&mut self, password: &Password) -> pgp::errors::Result<()> {
        self.remove_password(password)
    }
}

struct Unlocking<'a, F> {
    keyring: &'a Keyring,
    password: Once<F>,
    secrets: Vec<Secret>,
    /// The first key that is here and does not sign, and why not.
    problem: Option<(String, KeyProblem)>,
}

impl<F: FnOnce() -> io::Result<Vec<u8>>> Unlocking<'_, F> {
    /// Takes `key` if it signs. One that only encrypts may have another password, and is nobody's business here.
    fn add(&mut self, mut key: impl Half, signs: bool) -> Result<(), SecretKeyError> {
        let fingerprint = key.fingerprint().as_bytes().to_vec();
        let mut keys = self.keyring.certificates().iter().flat_map(Certificate::keys);
        let Some(known) = keys.find(|known| known.fingerprint == fingerprint) else { return Ok(()) };
        if !is_here(key.parameters()) {
            return Ok(());
        }
        let usable = known.type_name().and(if signs { Ok(()) } else { Err(KeyProblem::NotForSigning) });
        if let Err(problem) = usable {
            self.problem.get_or_insert_with(|| (known.name(), problem));
            return Ok(());
        }
        if key.parameters().is_encrypted() {
            key.unlock(self.password.get()?).map_err(|_| SecretKeyError::Password)?;
        }
        self.secrets.push(Secret { fingerprint, key: Box::new(key) });
        Ok(())
    }
}

/// Whether the private half is in the file: GnuPG notes by a private kind of lock that it is not.
fn is_here(parameters: &SecretParams) -> bool {
    let SecretParams::Encrypted(locked) = parameters else { return true };
    let (S2kParams::Cfb { s2k, .. } | S2kParams::MalleableCfb { s2k, .. } | S2kParams::Aead { s2k, .. }) =
        locked.string_to_key_params()
    else {
        return true;
    };
    !matches!(s2k, StringToKey::Private { .. })
}

/// A password that is asked for when it is wanted, and once.
enum Once<F> {
    Untold(F),
    Asked,
    Told(Password),
}

impl<F: FnOnce() -> io::Result<Vec<u8>>> Once<F> {
    fn get(&mut self) -> Result<&Password, SecretKeyError> {
        *self = match std::mem::replace(self, Self::Asked) {
            Self::Untold(ask) => {
                let text = ask().map_err(SecretKeyError::NoPassword)?;
                Self::Told(Password::from(&text[..]))
            }
            told => told,
        };
        match self {
            Self::Told(password) => Ok(password),
            _ => Err(SecretKeyError::Password),
        }
    }
}
