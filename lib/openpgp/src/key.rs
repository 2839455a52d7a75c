//! Public keys (RFC 9580, 5.5.2 and 5.5.4; RFC 4880, 5.5.2 and 12.2) and the arithmetic of their signatures.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use mlbom::digest::Sha256;

use crate::der;
use crate::packet::{Cursor, bit_length};
pub(crate) use crate::problem::KeyProblem;
use crate::signature::Hash;

/// RSA that may encrypt as well.
pub(crate) const RSA: u8 = 1;
/// RSA that only signs.
pub(crate) const RSA_SIGN: u8 = 3;
/// ECDSA over a named curve.
pub(crate) const ECDSA: u8 = 19;
/// `EdDSA` as GnuPG had it first, with a named curve.
pub(crate) const EDDSA: u8 = 22;
/// Ed25519 as RFC 9580 has it.
pub(crate) const ED25519_NATIVE: u8 = 27;

/// The longest key packet, in bytes: four times an RSA key of 8192 bits, and every other key there is.
const MAX_KEY_BYTES: usize = 8 << 10;

// RFC 9580, 9.2, without the tag and the length.
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x23];
const ED25519_LEGACY: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x0F, 0x01];

/// A public key packet. What it holds is looked at when it is used.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) version: u8,
    /// Seconds since 1970.
    pub(crate) created: u32,
    pub(crate) algorithm: u8,
    /// 20 bytes in version 4, 32 in version 6.
    pub(crate) fingerprint: Vec<u8>,
    /// The packet as signatures cover it: octet, length, body.
    pub(crate) hashed: Vec<u8>,
    /// The numbers of the algorithm.
    material: Vec<u8>,
}

/// Why a packet is not a public key.
pub(crate) enum KeyPacketError {
    Version(u8),
    TooLong,
    Malformed,
}

impl Key {
    /// Reads the body of a public key or subkey packet.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, KeyPacketError> {
        if body.len() > MAX_KEY_BYTES {
            return Err(KeyPacketError::TooLong);
        }
        match body.first() {
            Some(4 | 6) => Self::fields(body).ok_or(KeyPacketError::Malformed),
            Some(other) => Err(KeyPacketError::Version(*other)),
            None => Err(KeyPacketError::Malformed),
        }
    }

    fn fields(body: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(body);
        let (version, created, algorithm) = (cursor.byte()?, cursor.four()?, cursor.byte()?);
        if version == 6 && cursor.four()? as usize != cursor.rest().len() {
            return None;
        }
        let hashed = match version {
            4 => [&[0x99], &u16::try_from(body.len()).ok()?.to_be_bytes()[..], body].concat(),
            _ => [&[0x9B], &u32::try_from(body.len()).ok()?.to_be_bytes()[..], body].concat(),
        };
        let name = if version == 4 { &SHA1_FOR_LEGACY_USE_ONLY } else { &SHA256 };
        let fingerprint = digest(name, &hashed).as_ref().to_vec();
        Some(Self { version, created, algorithm, fingerprint, hashed, material: cursor.rest().to_vec() })
    }

    /// The eight bytes that older signatures name a key by.
    pub(crate) fn id(&self) -> &[u8] {
        if self.version == 4 { &self.fingerprint[12..] } else { &self.fingerprint[..8] }
    }

    /// The fingerprint in upper case.
    pub(crate) fn name(&self) -> String {
        hex(&self.fingerprint)
    }

    /// The type and size of the key.
    pub(crate) fn type_name(&self) -> Result<String, KeyProblem> {
        Ok(match self.material()? {
            Material::Rsa { bits, .. } => format!("rsa-{bits}"),
            Material::Ecdsa(Curve::P256, _) => "ecdsa-p256".to_owned(),
            Material::Ecdsa(Curve::P384, _) => "ecdsa-p384".to_owned(),
            Material::Ecdsa(Curve::P521, _) => "ecdsa-p521".to_owned(),
            Material::Ed25519(_) => "ed25519".to_owned(),
        })
    }

    /// SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7): the key's name outside of OpenPGP.
    pub(crate) fn spki_digest(&self) -> Result<Sha256, KeyProblem> {
        let material = self.material()?;
        Ok(Sha256::of(&der::public_key_info(material.info(), material.public_key())))
    }

    /// Whether `values`, the last part of a signature packet, sign `digest`.
    pub(crate) fn verifies(&self, hash: Hash, digest: &Digest, values: &[u8]) -> Result<bool, KeyProblem> {
        let material = self.material()?;
        let (Some(signature), Some(algorithm)) =
            (material.signature(self.algorithm, values), material.algorithm(hash))
        else {
            return Ok(false);
        };
        let key = material.public_key();
        Ok(match material {
            // The message is the digest (RFC 9580, 5.2.3.3): OpenPGP hashes first, Ed25519 hashes again.
            Material::Ed25519(_) => algorithm.verify_sig(key, digest.as_ref(), &signature),
            _ => algorithm.verify_digest_sig(key, digest, &signature),
        }
        .is_ok())
    }

    fn material(&self) -> Result<Material, KeyProblem> {
        let mut cursor = Cursor::new(&self.material);
        let material = match self.algorithm {
            RSA | RSA_SIGN => rsa(&mut cursor)?,
            ECDSA => ecdsa(&mut cursor)?,
            EDDSA if self.version == 4 => eddsa(&mut cursor)?,
            ED25519_NATIVE => Material::Ed25519(cursor.array().ok_or(KeyProblem::Malformed)?),
            other => return Err(KeyProblem::Unsupported(algorithm_name(other))),
        };
        let known =
            material.algorithm(Hash::Sha512).map(|it| ParsedPublicKey::new(it, material.public_key()));
        if !cursor.is_empty() || !matches!(known, Some(Ok(_))) {
            return Err(KeyProblem::Malformed);
        }
        Ok(material)
    }
}

/// Upper-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// The name of a public key algorithm (RFC 9580, 9.1), for messages.
pub(crate) fn algorithm_name(algorithm: u8) -> String {
    match algorithm {
        RSA | RSA_SIGN => "RSA",
        2 => "RSA (encryption only)",
        16 => "Elgamal",
        17 => "DSA",
        18 => "ECDH",
        ECDSA => "ECDSA",
        20 => "Elgamal (encrypt or sign)",
        EDDSA => "EdDSA",
        25 => "X25519",
        26 => "X448",
        ED25519_NATIVE => "Ed25519",
        28 => "Ed448",
        other => return format!("{other}"),
    }
    .to_owned()
}

#[derive(Clone, Copy, Debug)]
enum Curve {
    P256,
    P384,
    P521,
}

/// The numbers of a key, as the arithmetic wants them.
enum Material {
    /// A DER RSAPublicKey (RFC 8017, A.1.1).
    Rsa { bits: usize, der: Vec<u8> },
    /// An uncompressed point.
    Ecdsa(Curve, Vec<u8>),
    /// A compressed point (RFC 8032, 5.1.2).
    Ed25519([u8; 32]),
}

impl Material {
    fn public_key(&self) -> &[u8] {
        match self {
            Self::Rsa { der, .. } => der,
            Self::Ecdsa(_, point) => point,
            Self::Ed25519(point) => point,
        }
    }

    const fn info(&self) -> der::Algorithm {
        match self {
            Self::Rsa { .. } => der::Algorithm::Rsa,
            Self::Ecdsa(Curve::P256, _) => der::Algorithm::Ecdsa(P256),
            Self::Ecdsa(Curve::P384, _) => der::Algorithm::Ecdsa(P384),
            Self::Ecdsa(Curve::P521, _) => der::Algorithm::Ecdsa(P521),
            Self::Ed25519(_) => der::Algorithm::Ed25519,
        }
    }

    /// `None` for a hash that is shorter than the curve is strong.
    fn algorithm(&self, hash: Hash) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, hash) {
            (Self::Rsa { .. }, Hash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Self::Rsa { .. }, Hash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Self::Rsa { .. }, Hash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Self::Ecdsa(Curve::P256, _), Hash::Sha256) => &ECDSA_P256_SHA256_ASN1,
            (Self::Ecdsa(Curve::P256, _), Hash::Sha384) => &ECDSA_P256_SHA384_ASN1,
            (Self::Ecdsa(Curve::P256, _), Hash::Sha512) => &ECDSA_P256_SHA512_ASN1,
            (Self::Ecdsa(Curve::P384, _), Hash::Sha384) => &ECDSA_P384_SHA384_ASN1,
            (Self::Ecdsa(Curve::P384, _), Hash::Sha512) => &ECDSA_P384_SHA512_ASN1,
            (Self::Ecdsa(Curve::P521, _), Hash::Sha512) => &ECDSA_P521_SHA512_ASN1,
            (Self::Ed25519(_), _) => &ED25519,
            (Self::Ecdsa(..), _) => return None,
        })
    }

    /// The signature as the arithmetic wants it: as long as the modulus, DER (RFC 3279, 2.2.3), or 64 bytes.
    fn signature(&self, algorithm: u8, values: &[u8]) -> Option<Vec<u8>> {
        let mut cursor = Cursor::new(values);
        let signature = match self {
            Self::Rsa { bits, .. } => padded(cursor.integer()?, bits.div_ceil(8))?,
            Self::Ecdsa(..) => der::integers(cursor.integer()?, cursor.integer()?),
            Self::Ed25519(_) if algorithm == ED25519_NATIVE => cursor.take(64)?.to_vec(),
            Self::Ed25519(_) => [padded(cursor.integer()?, 32)?, padded(cursor.integer()?, 32)?].concat(),
        };
        cursor.is_empty().then_some(signature)
    }
}

fn rsa(cursor: &mut Cursor<'_>) -> Result<Material, KeyProblem> {
    let modulus = cursor.integer().ok_or(KeyProblem::Malformed)?;
    let exponent = cursor.integer().ok_or(KeyProblem::Malformed)?;
    let bits = bit_length(modulus);
    if !(2048..=8192).contains(&bits) {
        return Err(KeyProblem::Weak(bits));
    }
    Ok(Material::Rsa { bits, der: der::integers(modulus, exponent) })
}

fn ecdsa(cursor: &mut Cursor<'_>) -> Result<Material, KeyProblem> {
    let curve = match curve(cursor)? {
        P256 => Curve::P256,
        P384 => Curve::P384,
        P521 => Curve::P521,
        other => return Err(KeyProblem::Unsupported(format!("ECDSA over {}", curve_name(other)))),
    };
    let point = cursor.integer().ok_or(KeyProblem::Malformed)?;
    match point.first() {
        Some(0x04) => Ok(Material::Ecdsa(curve, point.to_vec())),
        _ => Err(KeyProblem::Malformed),
    }
}

fn eddsa(cursor: &mut Cursor<'_>) -> Result<Material, KeyProblem> {
    let curve = curve(cursor)?;
    if curve != ED25519_LEGACY {
        return Err(KeyProblem::Unsupported(format!("EdDSA over {}", curve_name(curve))));
    }
    match cursor.integer().ok_or(KeyProblem::Malformed)? {
        // The prefix says that the point is in its own format (RFC 9580, 11.2.1).
        [0x40, point @ ..] => point.try_into().map(Material::Ed25519).map_err(|_| KeyProblem::Malformed),
        _ => Err(KeyProblem::Malformed),
    }
}

/// The name of a curve that is not verified with, for messages.
fn curve_name(oid: &[u8]) -> String {
    match oid {
        [0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07] => "brainpoolP256r1",
        [0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0B] => "brainpoolP384r1",
        [0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0D] => "brainpoolP512r1",
        [0x2B, 0x81, 0x04, 0x00, 0x0A] => "secp256k1",
        [0x2B, 0x65, 0x71] => "Ed448",
        other => return format!("a curve of object identifier {}", hex(other)),
    }
    .to_owned()
}

fn curve<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], KeyProblem> {
    cursor.byte().and_then(|length| cursor.take(usize::from(length))).ok_or(KeyProblem::Malformed)
}

/// `bytes` behind as many zeros as make `length`.
fn padded(bytes: &[u8], length: usize) -> Option<Vec<u8>> {
    let zeros = length.checked_sub(bytes.len())?;
    Some([vec![0; zeros].as_slice(), bytes].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(version: u8, algorithm: u8, material: &[u8]) -> Option<KeyProblem> {
        let length = (material.len() as u32).to_be_bytes();
        let length = if version == 6 { &length[..] } else { &[] };
        let body = [&[version, 0, 0, 0, 1, algorithm], length, material].concat();
        Key::parse(&body).unwrap_or_else(|_| panic!("a key packet")).type_name().err()
    }

    #[test]
    fn refusals() {
        let unsupported = |name: &str| Some(KeyProblem::Unsupported(name.to_owned()));
        let short = [&[0x04, 0x00], &[0x80; 128][..], &[0, 2, 3]].concat();
        let long = [&[0x20, 0x08], &[0x80; 1025][..], &[0, 2, 3]].concat();
        let off_curve = [&[8], P256, &[0x02, 0x03, 0x04], &[1; 64]].concat();
        let legacy = [&[9], ED25519_LEGACY, &[0x01, 0x07, 0x40], &[1; 32]].concat();
        let other_curve = [&[5, 0x2B, 0x81, 0x04, 0x00, 0x0A, 0x02, 0x03, 0x04][..], &[1; 64]].concat();
        for (version, algorithm, material, wanted) in [
            (4, 17, &[][..], unsupported("DSA")),
            (4, 18, &[], unsupported("ECDH")),
            (4, 2, &[], unsupported("RSA (encryption only)")),
            (4, 28, &[], unsupported("Ed448")),
            (4, RSA, &short, Some(KeyProblem::Weak(1024))),
            (4, RSA, &long, Some(KeyProblem::Weak(8200))),
            (4, RSA, &[], Some(KeyProblem::Malformed)),
            (4, ECDSA, &off_curve, Some(KeyProblem::Malformed)),
            (4, ECDSA, &off_curve[..20], Some(KeyProblem::Malformed)),
            (4, ECDSA, &other_curve, unsupported("ECDSA over secp256k1")),
            (4, EDDSA, &legacy[..40], Some(KeyProblem::Malformed)),
            (4, EDDSA, &[&legacy[..], &[0]].concat(), Some(KeyProblem::Malformed)),
            (6, EDDSA, &legacy, unsupported("EdDSA")),
            (6, ED25519_NATIVE, &[1; 31], Some(KeyProblem::Malformed)),
        ] {
            assert_eq!(problem(version, algorithm, material), wanted, "{version} {algorithm}");
        }
        for body in [&[][..], &[4], &[4, 0, 0, 0, 0], &[6, 0, 0, 0, 0, 27, 0, 0, 0, 1]] {
            assert!(matches!(Key::parse(body), Err(KeyPacketError::Malformed)), "{body:?}");
        }
        for version in [0, 2, 3, 5, 7] {
            assert!(matches!(Key::parse(&[version; 50]), Err(KeyPacketError::Version(_))), "{version}");
        }
        assert!(matches!(Key::parse(&[4; MAX_KEY_BYTES + 1]), Err(KeyPacketError::TooLong)));
    }

    /// The digests are those of what `openssl asn1parse -genconf` and `openssl pkey -pubin` make of the same numbers.
    #[test]
    fn names_outside_of_openpgp() {
        let modulus = [&[0x08, 0x00, 0xC1][..], &[1; 255]].concat();
        let point = "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296\
                     4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5";
        let edwards = "F94DA7BB48D60A61E567706A6587D0331999BB9D891A08242EAD84543DF895A3";
        let bytes = |text: &str| -> Vec<u8> {
            let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
            pairs.map(|pair| u8::from_str_radix(pair, 16).expect("digits")).collect()
        };
        let curve = |oid: &[u8], length: [u8; 2], first: u8, point: &str| {
            [&[oid.len() as u8], oid, &length, &[first], &bytes(point)].concat()
        };
        for (algorithm, material, wanted) in [
            (
                RSA,
                [&modulus[..], &[0, 17, 1, 0, 1]].concat(),
                "0a3013a6e2c2c3eb6bb21dd0fb025f34becfef0103e1b487ed8b88f0876be3b5",
            ),
            (
                ECDSA,
                curve(P256, [0x02, 0x03], 4, point),
                "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3",
            ),
            (
                EDDSA,
                curve(ED25519_LEGACY, [0x01, 0x07], 0x40, edwards),
                "0e48dba4247eb5dcd980dfed12595ffed699bc440a4b4eadb0354caefd4622a5",
            ),
            (
                ED25519_NATIVE,
                bytes(edwards),
                "0e48dba4247eb5dcd980dfed12595ffed699bc440a4b4eadb0354caefd4622a5",
            ),
        ] {
            let body = [&[4, 0, 0, 0, 0, algorithm][..], &material].concat();
            let key = Key::parse(&body).unwrap_or_else(|_| panic!("a key packet"));
            assert_eq!(key.spki_digest().expect("a digest").to_string(), wanted);
        }
    }

    #[test]
    fn padding() {
        assert_eq!(padded(&[1], 2), Some(vec![0, 1]));
        assert_eq!(padded(&[1, 2], 1), None);
    }
}
