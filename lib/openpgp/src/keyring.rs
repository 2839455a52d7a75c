//! Files of certificates.

use crate::armor::{ArmorError, unarmored};
use crate::certificate::{
    ATTESTATION, BINDING, Certificate, DIRECT, KEY_REVOCATION, SUBKEY_REVOCATION, Statement, Subject,
    USER_REVOCATION, User,
};
use crate::key::{Key, KeyPacketError};
use crate::packet::{
    PUBLIC_KEY, PUBLIC_SUBKEY, Packet, PacketError, SIGNATURE, USER_ATTRIBUTE, USER_ID, is_message,
    is_nothing, is_private, packets,
};
use crate::signature::SignaturePacket;

/// The longest file of certificates that is read, in bytes.
pub const MAX_KEYRING_BYTES: usize = 1 << 20;

/// The most certificates in a file.
pub const MAX_CERTIFICATES: usize = 100;

/// The longest name of an owner, in bytes; GnuPG writes 2048.
const MAX_USER_ID_BYTES: usize = 4 << 10;

/// The most subkeys of a certificate.
const MAX_SUBKEYS: usize = 256;

/// The certificates that signatures are checked with.
#[derive(Clone, Debug)]
pub struct Keyring(Vec<Certificate>);

/// Why a file is not a keyring.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// More than [`MAX_KEYRING_BYTES`].
    #[error("is {0} bytes long, a keyring has at most {MAX_KEYRING_BYTES}")]
    TooLong(usize),
    /// More than [`MAX_CERTIFICATES`].
    #[error("holds more than {MAX_CERTIFICATES} certificates")]
    TooMany,
    /// More subkeys in one certificate than anybody has.
    #[error("has a certificate with more than {MAX_SUBKEYS} subkeys")]
    TooManySubkeys,
    /// The text around the certificates.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// The secret half was given where the public half was asked for.
    #[error("holds a private key, the public key was wanted")]
    Private,
    /// Not keys at all.
    #[error("is an OpenPGP message or signature, public keys were wanted")]
    Message,
    /// Not packets.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// Another packet, or one at the wrong place.
    #[error("holds a packet of type {0} where it does not belong")]
    Tag(u8),
    /// Version 3 is weak, version 5 is another format's.
    #[error("holds a key of version {0}, 4 or 6 was wanted")]
    Version(u8),
    /// A key, a name or a signature that is cut, or longer than any.
    #[error("holds a packet of type {0} that is malformed or too long")]
    Malformed(u8),
    /// It would be passed over, and might be a revocation.
    #[error("has a signature of type {0:#04x} where it does not belong")]
    Statement(u8),
    /// One of them may be older, and lack what the other revokes.
    #[error("holds the key {0} twice")]
    Repeated(String),
    /// Nothing in the file.
    #[error("holds no public key")]
    Empty,
}

impl Keyring {
    /// Reads certificates: armored (one or more `PUBLIC KEY BLOCK`s) or binary.
    ///
    /// What the certificates say is checked when a signature is. Keys that nothing is verified with stay in the keyring,
    /// so that their signatures are refused for that reason.
    ///
    /// # Errors
    ///
    /// When the file is not certificates, is too long, or holds the same primary key twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        if bytes.len() > MAX_KEYRING_BYTES {
            return Err(KeyringError::TooLong(bytes.len()));
        }
        let bytes = unarmored(bytes, "PUBLIC KEY BLOCK").map_err(|error| match error {
            ArmorError::Label(label, _) if label == "PRIVATE KEY BLOCK" => KeyringError::Private,
            other => KeyringError::Armor(other),
        })?;
        let mut builder = Builder::default();
        for packet in packets(&bytes) {
            builder.add(packet.map_err(|error| match error {
                PacketError::Indefinite(tag) if is_message(tag) => KeyringError::Message,
                other => KeyringError::Packet(other),
            })?)?;
        }
        if builder.certificates.is_empty() {
            return Err(KeyringError::Empty);
        }
        Ok(Self(builder.certificates))
    }

    /// The certificates of both.
    ///
    /// # Errors
    ///
    /// When both hold the same primary key, or both together too many.
    pub fn with(mut self, other: Self) -> Result<Self, KeyringError> {
        for certificate in other.0 {
            let key = &certificate.primary.key;
            if self.0.iter().any(|known| known.primary.key.fingerprint == key.fingerprint) {
                return Err(KeyringError::Repeated(key.name()));
            }
            if self.0.len() == MAX_CERTIFICATES {
                return Err(KeyringError::TooMany);
            }
            self.0.push(certificate);
        }
        Ok(self)
    }

    /// The fingerprints of the primary keys, in upper-case hexadecimal, in the order of the file.
    pub fn fingerprints(&self) -> impl Iterator<Item = String> + '_ {
        self.0.iter().map(|certificate| certificate.primary.key.name())
    }

    /// The certificates, in the order of the file.
    #[cfg(feature = "sign")]
    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// The keys that `packet` may be from, by what it says.
    pub(crate) fn candidates<'a>(
        &'a self,
        packet: &'a SignaturePacket,
    ) -> impl Iterator<Item = (&'a Certificate, &'a Key)> {
        let keys =
            self.0.iter().flat_map(|certificate| certificate.keys().map(move |key| (certificate, key)));
        keys.filter(|(_, key)| packet.names(key))
    }

    /// All keys of all certificates.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.iter().flat_map(Certificate::keys)
    }
}

/// What the signatures that come next are about.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Place {
    #[default]
    Primary,
    User,
    /// A picture: nothing that is said of it matters.
    Attribute,
    Subkey,
}

#[derive(Default)]
struct Builder {
    certificates: Vec<Certificate>,
    place: Place,
}

impl Builder {
    fn add(&mut self, packet: Packet<'_>) -> Result<(), KeyringError> {
        match packet.tag {
            PUBLIC_KEY => return self.primary(packet),
            tag if is_private(tag) => return Err(KeyringError::Private),
            _ if is_nothing(packet) => return Ok(()),
            // For experiments (RFC 9580, 5.17): no two readers have the same in mind, and GnuPG passes them over.
            60..=63 if !self.certificates.is_empty() => return Ok(()),
            _ => {}
        }
        let Some(certificate) = self.certificates.last_mut() else {
            let message = is_message(packet.tag) || packet.tag == SIGNATURE;
            return Err(if message { KeyringError::Message } else { KeyringError::Tag(packet.tag) });
        };
        match packet.tag {
            SIGNATURE => statement(certificate, self.place, packet),
            // Behind subkeys there are no names (RFC 9580, 10.1.1).
            USER_ID if self.place != Place::Subkey => {
                self.place = Place::User;
                certificate.users.push(user(packet)?);
                Ok(())
            }
            USER_ATTRIBUTE if self.place != Place::Subkey => {
                self.place = Place::Attribute;
                Ok(())
            }
            PUBLIC_SUBKEY if certificate.subkeys.len() == MAX_SUBKEYS => Err(KeyringError::TooManySubkeys),
            PUBLIC_SUBKEY => {
                self.place = Place::Subkey;
                certificate.subkeys.push(subject(packet)?);
                Ok(())
            }
            tag => Err(KeyringError::Tag(tag)),
        }
    }

    fn primary(&mut self, packet: Packet<'_>) -> Result<(), KeyringError> {
        if self.certificates.len() == MAX_CERTIFICATES {
            return Err(KeyringError::TooMany);
        }
        let primary = subject(packet)?;
        if self.certificates.iter().any(|other| other.primary.key.fingerprint == primary.key.fingerprint) {
            return Err(KeyringError::Repeated(primary.key.name()));
        }
        self.place = Place::Primary;
        self.certificates.push(Certificate { primary, users: Vec::new(), subkeys: Vec::new() });
        Ok(())
    }
}

fn statement(certificate: &mut Certificate, place: Place, packet: Packet<'_>) -> Result<(), KeyringError> {
    let statement = Statement::new(packet.body).ok_or(KeyringError::Malformed(packet.tag))?;
    let belongs = match statement.kind {
        DIRECT | KEY_REVOCATION => place == Place::Primary,
        BINDING | SUBKEY_REVOCATION => place == Place::Subkey,
        0x10..=0x13 | ATTESTATION | USER_REVOCATION => matches!(place, Place::User | Place::Attribute),
        _ => false,
    };
    if !belongs {
        return Err(KeyringError::Statement(statement.kind));
    }
    let statements = match place {
        Place::Primary => Some(&mut certificate.primary.statements),
        Place::User => certificate.users.last_mut().map(|user| &mut user.statements),
        Place::Attribute => None,
        Place::Subkey => certificate.subkeys.last_mut().map(|subkey| &mut subkey.statements),
    };
    if let Some(statements) = statements {
        statements.push(statement);
    }
    Ok(())
}

fn subject(packet: Packet<'_>) -> Result<Subject, KeyringError> {
    let key = Key::parse(packet.body).map_err(|error| match error {
        KeyPacketError::Version(version) => KeyringError::Version(version),
        KeyPacketError::TooLong | KeyPacketError::Malformed => KeyringError::Malformed(packet.tag),
    })?;
    Ok(Subject { key, statements: Vec::new() })
}

fn user(packet: Packet<'_>) -> Result<User, KeyringError> {
    if packet.body.len() > MAX_USER_ID_BYTES {
        return Err(KeyringError::Malformed(packet.tag));
    }
    let length = (packet.body.len() as u32).to_be_bytes();
    Ok(User { hashed: [&[0xB4], &length[..], packet.body].concat(), statements: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::armor::armored;

    /// An Ed25519 key packet of version 4, which differs by `number`.
    fn key(tag: u8, number: u8) -> Vec<u8> {
        [&[0xC0 | tag, 38, 4, 0, 0, 0, number, 27][..], &[1; 32]].concat()
    }

    #[test]
    fn refusals() {
        let primary = key(6, 0);
        let many: Vec<u8> = (0..=100).flat_map(|number| key(6, number)).collect();
        let with = |more: &[u8]| [&primary, more].concat();
        let signature = |kind: u8| vec![0xC2, 3, 4, kind, 1];
        let name = [0xCD, 1, b'a'];
        let subkey = key(14, 1);
        for (bytes, wanted) in [
            (Vec::new(), KeyringError::Armor(ArmorError::NoBlock)),
            (vec![0x80; MAX_KEYRING_BYTES + 1], KeyringError::TooLong(MAX_KEYRING_BYTES + 1)),
            (many, KeyringError::TooMany),
            (with(&subkey.repeat(MAX_SUBKEYS + 1)), KeyringError::TooManySubkeys),
            (key(5, 0), KeyringError::Private),
            (with(&key(7, 0)), KeyringError::Private),
            (armored(&primary, "PRIVATE KEY BLOCK").into_bytes(), KeyringError::Private),
            (signature(0), KeyringError::Message),
            (vec![0xCB, 0], KeyringError::Message),
            (with(&[0xCB, 0]), KeyringError::Tag(11)),
            (vec![0xFF, 0], KeyringError::Tag(63)),
            (with(&[0xFB, 0]), KeyringError::Tag(59)),
            (with(&signature(0x16)), KeyringError::Statement(0x16)),
            (subkey.clone(), KeyringError::Tag(14)),
            (with(&[&subkey[..], &name].concat()), KeyringError::Tag(13)),
            (vec![0xC6, 1, 3], KeyringError::Version(3)),
            (vec![0xC6, 1, 5], KeyringError::Version(5)),
            (vec![0xC6, 1, 4], KeyringError::Malformed(6)),
            (with(&[0xCE, 0]), KeyringError::Malformed(14)),
            (with(&[0xC2, 1, 4]), KeyringError::Malformed(2)),
            (with(&[&[0xCD, 0xFF, 0, 0, 0x10, 1], &[b'a'; 4097][..]].concat()), KeyringError::Malformed(13)),
            (with(&signature(0x28)), KeyringError::Statement(0x28)),
            (with(&signature(0x00)), KeyringError::Statement(0x00)),
            (with(&[&name[..], &signature(0x20)].concat()), KeyringError::Statement(0x20)),
            (with(&[&subkey[..], &signature(0x20)].concat()), KeyringError::Statement(0x20)),
            (with(&primary), KeyringError::Repeated("A".repeat(40))),
            (vec![0xCA, 3, b'P', b'G', b'P'], KeyringError::Empty),
            (with(&[0xCA, 0]), KeyringError::Tag(10)),
            (with(&[0xC2, 9]), KeyringError::Packet(PacketError::Truncated)),
        ] {
            match (Keyring::parse(&bytes).err(), wanted) {
                (Some(KeyringError::Repeated(_)), KeyringError::Repeated(_)) => {}
                (found, wanted) => assert_eq!(found, Some(wanted), "{bytes:x?}"),
            }
        }
    }

    /// What the owner says of others' signatures, and what only some program knows the meaning of.
    #[test]
    fn passed_over() {
        let parts: [&[u8]; 6] =
            [&key(6, 0), &[0xFC, 1, 0], &[0xCD, 1, b'a'], &[0xC2, 3, 4, 0x16, 1], &[0xFF, 0], &key(14, 1)];
        let keyring = Keyring::parse(&parts.concat()).expect("a keyring");
        assert_eq!(keyring.keys().count(), 2);
    }

    #[test]
    fn several() {
        let two = [key(6, 0), vec![0xCC, 1, 0], key(14, 2), key(6, 1)].concat();
        let text = armored(&key(6, 0), "PUBLIC KEY BLOCK") + "\n" + &armored(&key(6, 1), "PUBLIC KEY BLOCK");
        for bytes in [&two, text.as_bytes()] {
            let keyring = Keyring::parse(bytes).expect("a keyring");
            assert_eq!(keyring.fingerprints().map(|name| name.len()).collect::<Vec<_>>(), [40, 40]);
        }
    }
}
