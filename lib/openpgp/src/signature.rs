//! Signature packets (RFC 9580, 5.2; RFC 4880, 5.2).

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA384, SHA512};

use crate::armor::{ArmorError, unarmored};
use crate::key::{ECDSA, ED25519_NATIVE, EDDSA, Key, RSA, RSA_SIGN, algorithm_name, hex};
use crate::packet::{Cursor, PacketError, SIGNATURE, is_message, is_nothing, packets};
use crate::subpacket::{SubpacketError, Subpackets};
use crate::verify::Verifying;

/// The longest file of signatures that is read, in bytes.
pub const MAX_SIGNATURE_BYTES: usize = 64 << 10;

/// The most signatures in a file.
pub const MAX_SIGNATURES: usize = 16;

/// The hashes that a signature may be over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// RFC 9580, 9.5.
    #[cfg(feature = "sign")]
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Sha256 => 8,
            Self::Sha384 => 9,
            Self::Sha512 => 10,
        }
    }

    /// How long the salt of a version 6 signature is, in bytes (RFC 9580, 9.5).
    pub(crate) const fn salt_length(self) -> usize {
        match self {
            Self::Sha256 => 16,
            Self::Sha384 => 24,
            Self::Sha512 => 32,
        }
    }

    pub(crate) fn context(self) -> Context {
        Context::new(match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        })
    }

    fn from_code(code: u8) -> Result<Self, SignatureError> {
        let name = match code {
            8 => return Ok(Self::Sha256),
            9 => return Ok(Self::Sha384),
            10 => return Ok(Self::Sha512),
            1 => "MD5".to_owned(),
            2 => "SHA-1".to_owned(),
            3 => "RIPEMD-160".to_owned(),
            11 => "SHA-224".to_owned(),
            12 => "SHA3-256".to_owned(),
            14 => "SHA3-512".to_owned(),
            other => format!("hash {other}"),
        };
        Err(SignatureError::Hash(name))
    }
}

/// Why a file is not detached signatures that can be checked.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// More than [`MAX_SIGNATURE_BYTES`].
    #[error("is {0} bytes long, a signature file has at most {MAX_SIGNATURE_BYTES}")]
    TooLong(usize),
    /// More than [`MAX_SIGNATURES`].
    #[error("holds more than {MAX_SIGNATURES} signatures")]
    TooMany,
    /// The text around the signature.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// The signed text is in the file too.
    #[error("is a cleartext-signed message, a detached signature was wanted")]
    Cleartext,
    /// The signed data is in the file too, or the file is sealed.
    #[error("is an OpenPGP message, a detached signature was wanted")]
    Message,
    /// Not packets.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// Another packet.
    #[error("holds a packet of type {0}, signatures were wanted")]
    Tag(u8),
    /// Nothing in the file.
    #[error("holds no signature")]
    Empty,
    /// Version 3 covers neither its time nor its issuer, version 5 is another format's.
    #[error("is a signature of version {0}, 4 or 6 was wanted")]
    Version(u8),
    /// Over text, whose line ends and trailing blanks may change.
    #[error("is a signature over text (type 0x01), one over binary data (0x00) was wanted")]
    Text,
    /// Over a key, a name, or nothing.
    #[error("is a signature of type {0:#04x}, one over binary data (0x00) was wanted")]
    Type(u8),
    /// A hash that is broken, or that nobody uses.
    #[error("is over {0}, SHA-256, SHA-384 or SHA-512 was wanted")]
    Hash(String),
    /// A public key algorithm that is not verified with.
    #[error("is a {0} signature, RSA, ECDSA or Ed25519 was wanted")]
    Algorithm(String),
    /// Cut, or longer than it says.
    #[error("is not a well-formed signature")]
    Malformed,
    /// No time of signing.
    #[error("does not say when it was made")]
    NoTime,
    /// What it says beside the data.
    #[error(transparent)]
    Subpacket(#[from] SubpacketError),
}

/// A detached signature, read and not yet checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signature(SignaturePacket);

impl Signature {
    /// Reads the signatures of a file: armored (`PGP SIGNATURE`) or binary, one or more.
    ///
    /// All of them must be ones that can be checked.
    ///
    /// # Errors
    ///
    /// When the file is not detached signatures, or one of them is of a kind that is not verified here.
    pub fn parse(bytes: &[u8]) -> Result<Vec<Self>, SignatureError> {
        if bytes.len() > MAX_SIGNATURE_BYTES {
            return Err(SignatureError::TooLong(bytes.len()));
        }
        let bytes = unarmored(bytes, "SIGNATURE").map_err(|error| match error {
            ArmorError::Label(label, _) if label == "SIGNED MESSAGE" => SignatureError::Cleartext,
            ArmorError::Label(label, _) if label == "MESSAGE" => SignatureError::Message,
            other => SignatureError::Armor(other),
        })?;
        let mut signatures = Vec::new();
        for packet in packets(&bytes) {
            let packet = packet.map_err(|error| match error {
                PacketError::Indefinite(tag) if is_message(tag) => SignatureError::Message,
                other => SignatureError::Packet(other),
            })?;
            match packet.tag {
                SIGNATURE if signatures.len() == MAX_SIGNATURES => return Err(SignatureError::TooMany),
                SIGNATURE => signatures.push(Self::from_body(packet.body)?),
                tag if is_message(tag) => return Err(SignatureError::Message),
                _ if is_nothing(packet) => {}
                tag => return Err(SignatureError::Tag(tag)),
            }
        }
        if signatures.is_empty() { Err(SignatureError::Empty) } else { Ok(signatures) }
    }

    fn from_body(body: &[u8]) -> Result<Self, SignatureError> {
        let packet = SignaturePacket::parse(body)?;
        match packet.kind {
            0x00 => {}
            0x01 => return Err(SignatureError::Text),
            other => return Err(SignatureError::Type(other)),
        }
        packet.unsigned.only_issuers()?;
        Ok(Self(packet))
    }

    /// The hash that the signature is over.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.0.hash
    }

    /// What the signature says of its signer, believed by nobody: a fingerprint or a key id in upper-case hexadecimal.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        self.0.issuer()
    }

    /// Begins a check. The data comes piece by piece.
    #[must_use]
    pub fn verifier(&self) -> Verifying {
        Verifying::new(self.0.clone())
    }
}

/// A signature over anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SignaturePacket {
    version: u8,
    pub(crate) kind: u8,
    algorithm: u8,
    pub(crate) hash: Hash,
    /// Seconds since 1970.
    pub(crate) created: u32,
    /// What the signature covers.
    pub(crate) signed: Subpackets,
    /// What anybody may have written.
    pub(crate) unsigned: Subpackets,
    /// The first bytes of the packet, up to the end of the signed subpackets.
    covered: Vec<u8>,
    /// The first two bytes of the digest.
    left: [u8; 2],
    /// Hashed before the data; empty in version 4.
    salt: Vec<u8>,
    /// The numbers of the algorithm.
    values: Vec<u8>,
}

impl SignaturePacket {
    /// Reads the body of a signature packet.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, SignatureError> {
        let malformed = SignatureError::Malformed;
        let mut cursor = Cursor::new(body);
        let version = cursor.byte().ok_or(malformed.clone())?;
        if !matches!(version, 4 | 6) {
            return Err(SignatureError::Version(version));
        }
        let [kind, algorithm, hash] = cursor.array().ok_or(malformed.clone())?;
        let hash = Hash::from_code(hash)?;
        if !matches!(algorithm, RSA | RSA_SIGN | ECDSA | EDDSA | ED25519_NATIVE) {
            return Err(SignatureError::Algorithm(algorithm_name(algorithm)));
        }
        let signed = Subpackets::signed(area(&mut cursor, version).ok_or(malformed.clone())?)?;
        let covered = body[..body.len() - cursor.rest().len()].to_vec();
        let unsigned = Subpackets::unsigned(area(&mut cursor, version).ok_or(malformed.clone())?)?;
        let left = cursor.array().ok_or(malformed.clone())?;
        let salt = if version == 6 { salt(&mut cursor, hash).ok_or(malformed)? } else { Vec::new() };
        let created = signed.created.ok_or(SignatureError::NoTime)?;
        let values = cursor.rest().to_vec();
        Ok(Self { version, kind, algorithm, hash, created, signed, unsigned, covered, left, salt, values })
    }

    /// The hash of what was signed begins with this.
    pub(crate) fn context(&self) -> Context {
        let mut context = self.hash.context();
        context.update(&self.salt);
        context
    }

    /// Ends the hash: what the signature covers of itself, and how much that is (RFC 9580, 5.2.4).
    pub(crate) fn digest(&self, mut context: Context) -> Digest {
        finish(&mut context, self.version, &self.covered);
        context.finish()
    }

    /// Whether `key` made the signature, over what `digest` is of, and no other key is named.
    pub(crate) fn is_by(&self, key: &Key, digest: &Digest) -> bool {
        self.names(key) && self.matches(key, digest)
    }

    /// The same, whomever the signature names.
    pub(crate) fn matches(&self, key: &Key, digest: &Digest) -> bool {
        self.version == key.version
            && self.algorithm == key.algorithm
            && digest.as_ref().starts_with(&self.left)
            && matches!(key.verifies(self.hash, digest, &self.values), Ok(true))
    }

    /// Whether every issuer that is named, if one is, is `key`.
    pub(crate) fn names(&self, key: &Key) -> bool {
        let [signed, unsigned] = [&self.signed, &self.unsigned];
        signed.issuers.iter().chain(&unsigned.issuers).all(|id| id == key.id())
            && signed.fingerprints.iter().chain(&unsigned.fingerprints).all(|named| {
                named
                    .split_first()
                    .is_some_and(|(version, rest)| *version == key.version && rest == key.fingerprint)
            })
    }

    /// The instant from which on the signature does not count, in seconds since 1970.
    pub(crate) fn expires(&self) -> Option<i64> {
        let seconds = self.signed.expires.filter(|seconds| *seconds != 0)?;
        Some(i64::from(self.created) + i64::from(seconds))
    }

    /// What the signature says of its signer.
    pub(crate) fn issuer(&self) -> Option<String> {
        self.issuers().into_iter().next()
    }

    /// All keys that the signature names, each once: fingerprints, and ids that are of none of these.
    pub(crate) fn issuers(&self) -> Vec<String> {
        let areas = [&self.signed, &self.unsigned];
        let fingerprints = areas.iter().flat_map(|area| &area.fingerprints);
        let mut named: Vec<&[u8]> = Vec::new();
        for fingerprint in fingerprints.filter_map(|named| named.get(1..)) {
            if !named.contains(&fingerprint) {
                named.push(fingerprint);
            }
        }
        for id in areas.iter().flat_map(|area| &area.issuers) {
            // The id of a key is one end of its fingerprint or the other (RFC 9580, 5.5.4).
            if !named.iter().any(|named| named.ends_with(id) || named.starts_with(id)) {
                named.push(id);
            }
        }
        named.into_iter().map(hex).collect()
    }
}

/// The signed part's own bytes and their number, the last that is hashed.
pub(crate) fn finish(context: &mut Context, version: u8, covered: &[u8]) {
    context.update(covered);
    context.update(&[version, 0xFF]);
    // A signed area is shorter than the file it came in.
    context.update(&(covered.len() as u32).to_be_bytes());
}

pub(crate) fn area<'a>(cursor: &mut Cursor<'a>, version: u8) -> Option<&'a [u8]> {
    let length =
        if version == 6 { usize::try_from(cursor.four()?).ok()? } else { usize::from(cursor.two()?) };
    cursor.take(length)
}

fn salt(cursor: &mut Cursor<'_>, hash: Hash) -> Option<Vec<u8>> {
    let length = usize::from(cursor.byte()?);
    if length != hash.salt_length() {
        return None;
    }
    cursor.take(length).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::armor::armored;

    /// A version 4 signature packet that says when it was made, with nothing behind its subpackets.
    fn packet(kind: u8, algorithm: u8, hash: u8) -> Vec<u8> {
        vec![0x88, 18, 4, kind, algorithm, hash, 0, 6, 5, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    }

    #[test]
    fn refusals() {
        let named = |name: &str| SignatureError::Hash(name.to_owned());
        let good = packet(0, RSA, 8);
        let mut version = good.clone();
        version[2] = 3;
        let mut time = good.clone();
        time[9] = 99;
        for (bytes, wanted) in [
            (vec![0x80; MAX_SIGNATURE_BYTES + 1], SignatureError::TooLong(MAX_SIGNATURE_BYTES + 1)),
            (good.repeat(MAX_SIGNATURES + 1), SignatureError::TooMany),
            (Vec::new(), SignatureError::Armor(ArmorError::NoBlock)),
            (vec![0xCA, 3, b'P', b'G', b'P'], SignatureError::Empty),
            (vec![0xCA, 0], SignatureError::Tag(10)),
            (b"-----BEGIN PGP SIGNED MESSAGE-----\n".to_vec(), SignatureError::Cleartext),
            (b"-----BEGIN PGP MESSAGE-----\n".to_vec(), SignatureError::Message),
            ([&good[..], &[0xCB, 0]].concat(), SignatureError::Message),
            (vec![0xC4, 0], SignatureError::Message),
            ([&good[..], &[0xC6, 0]].concat(), SignatureError::Tag(6)),
            (good[..19].to_vec(), SignatureError::Packet(PacketError::Truncated)),
            (version, SignatureError::Version(3)),
            (packet(1, RSA, 8), SignatureError::Text),
            (packet(0x10, RSA, 8), SignatureError::Type(0x10)),
            (packet(0, RSA, 1), named("MD5")),
            (packet(0, RSA, 2), named("SHA-1")),
            (packet(0, RSA, 11), named("SHA-224")),
            (packet(0, 17, 8), SignatureError::Algorithm("DSA".to_owned())),
            (packet(0, 28, 8), SignatureError::Algorithm("Ed448".to_owned())),
            (time, SignatureError::NoTime),
            (vec![0x88, 2, 4, 0], SignatureError::Malformed),
        ] {
            assert_eq!(Signature::parse(&bytes).err(), Some(wanted), "{bytes:?}");
        }
        assert!(Signature::parse(&good.repeat(MAX_SIGNATURES)).is_ok_and(|all| all.len() == MAX_SIGNATURES));
        assert!(Signature::parse(armored(&good, "SIGNATURE").as_bytes()).is_ok());
    }
}
