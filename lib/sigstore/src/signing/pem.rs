//! The texts that keys come in (RFC 7468), and the DER inside.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{AnyRef, ContextSpecific, OctetStringRef, UintRef};
use der::{Decode as _, SliceReader, Tag, TagNumber, Tagged as _};
use p256::pkcs8::EncodePublicKey as _;
use pkcs8::PrivateKeyInfo;
use spki::ObjectIdentifier;
use zeroize::Zeroizing;

use crate::key::{MAX_PEM_BYTES, PublicKey};
use crate::signing::{PrivateKey, PrivateKeyError, RSA_BITS, Secret, rsa};

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// What one file holds.
pub(super) enum Content {
    /// A key.
    Open(Open),
    /// DER of a PKCS#8 EncryptedPrivateKeyInfo.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// cosign's JSON.
    Sigstore(Zeroizing<Vec<u8>>),
}

/// DER of a key that no password locks.
pub(super) enum Open {
    /// PKCS#1, RSAPrivateKey.
    Pkcs1(Zeroizing<Vec<u8>>),
    /// PKCS#8, PrivateKeyInfo or OneAsymmetricKey.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// SEC1, ECPrivateKey, and the curve that a block before it names.
    Sec1(Zeroizing<Vec<u8>>, Option<ObjectIdentifier>),
}

/// Finds the one key of a file.
pub(super) fn content(pem: &[u8]) -> Result<Content, PrivateKeyError> {
    if pem.len() as u64 > MAX_PEM_BYTES {
        return Err(PrivateKeyError::Long);
    }
    match pem {
        // The packet of a secret key (RFC 9580, 4.2 and 10.2).
        [0x94..=0x97 | 0xC5, ..] => return Err(PrivateKeyError::OpenPgp),
        // A SEQUENCE in DER: a long one has a length of several bytes, a short one ends where it says.
        [0x30, length, rest @ ..] if *length >= 0x80 || usize::from(*length) == rest.len() => {
            return Err(PrivateKeyError::Der);
        }
        _ => {}
    }
    let text = std::str::from_utf8(pem).map_err(|_| PrivateKeyError::Malformed)?;
    let mut blocks = blocks(text)?;
    let mut curve = None;
    // openssl ecparam -genkey writes the curve as a block of its own before the key.
    if blocks.len() == 2 && blocks[0].label == "EC PARAMETERS" && blocks[1].label == "EC PRIVATE KEY" {
        let parameters = blocks.remove(0).decode()?;
        curve = Some(named_curve(AnyRef::from_der(&parameters).map_err(|_| PrivateKeyError::Malformed)?)?);
    }
    let [block] = &blocks[..] else {
        let none = blocks.is_empty();
        return Err(if none { PrivateKeyError::Malformed } else { PrivateKeyError::Several(blocks.len()) });
    };
    Ok(match block.label {
        "PRIVATE KEY" => Content::Open(Open::Pkcs8(block.decode()?)),
        "EC PRIVATE KEY" => Content::Open(Open::Sec1(block.decode()?, curve)),
        "RSA PRIVATE KEY" => Content::Open(Open::Pkcs1(block.decode()?)),
        "ENCRYPTED PRIVATE KEY" => Content::Pkcs8(block.decode()?),
        // The second is what cosign wrote before 2022.
        "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => {
            Content::Sigstore(block.decode()?)
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(PrivateKeyError::Public),
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            return Err(PrivateKeyError::Certificate);
        }
        other if other.starts_with("PGP ") => return Err(PrivateKeyError::OpenPgp),
        other => return Err(PrivateKeyError::Label(other.to_owned())),
    })
}

/// One block between its boundaries.
struct Block<'a> {
    label: &'a str,
    lines: Vec<&'a str>,
}

/// Splits a text into its blocks. Each must end as it began, before another begins.
fn blocks(text: &str) -> Result<Vec<Block<'_>>, PrivateKeyError> {
    let mut found = Vec::new();
    let mut current: Option<Block<'_>> = None;
    for line in text.lines().map(str::trim_end) {
        let begin = boundary(line, "-----BEGIN ");
        let end = boundary(line, "-----END ");
        current = match (current, begin, end) {
            (None, Some(label), _) => Some(Block { label, lines: Vec::new() }),
            (Some(block), None, Some(label)) if block.label == label => {
                found.push(block);
                None
            }
            (Some(mut block), None, None) => {
                block.lines.push(line);
                Some(block)
            }
            // Text around blocks, which RFC 7468 leaves to people.
            (None, None, None) => None,
            _ => return Err(PrivateKeyError::Malformed),
        };
    }
    if current.is_some() { Err(PrivateKeyError::Malformed) } else { Ok(found) }
}

fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

impl Block<'_> {
    fn decode(&self) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
        if self.lines.iter().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED")) {
            return Err(PrivateKeyError::Legacy);
        }
        let text = Zeroizing::new(self.lines.concat());
        STANDARD.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| PrivateKeyError::Malformed)
    }
}

impl Open {
    /// The key itself.
    pub(super) fn key(self) -> Result<PrivateKey, PrivateKeyError> {
        match self {
            Self::Pkcs1(der) => from_rsa(&der, RsaKeyPair::from_der(&der).ok()),
            Self::Pkcs8(der) => from_pkcs8(&der),
            Self::Sec1(der, before) => {
                let curve = match (sec1_curve(&der)?, before) {
                    (Some(curve), None) | (None, Some(curve)) => curve,
                    (Some(inside), Some(before)) if inside == before => inside,
                    // Without a name 32 bytes fit P-256 and secp256k1 alike.
                    _ => return Err(PrivateKeyError::Curve),
                };
                match curve {
                    P256 => from_p256(p256::SecretKey::from_sec1_der(&der).ok()),
                    P384 => from_p384(p384::SecretKey::from_sec1_der(&der).ok()),
                    P521 => from_p521(p521::SecretKey::from_sec1_der(&der).ok()),
                    other => Err(PrivateKeyError::Type(name(other))),
                }
            }
        }
    }
}

/// RFC 5958, section 2.
fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, PrivateKeyError> {
    let info = PrivateKeyInfo::try_from(der).map_err(|_| PrivateKeyError::Malformed)?;
    match info.algorithm.oid {
        EC => {
            let parameters = info.algorithm.parameters.ok_or(PrivateKeyError::Curve)?;
            let curve = named_curve(parameters)?;
            // RFC 5915, section 3 lets the inner structure name it again.
            if sec1_curve(info.private_key)?.is_some_and(|inside| inside != curve) {
                return Err(PrivateKeyError::Curve);
            }
            match curve {
                P256 => from_p256(p256::SecretKey::try_from(info).ok()),
                P384 => from_p384(p384::SecretKey::try_from(info).ok()),
                P521 => from_p521(p521::SecretKey::try_from(info).ok()),
                other => Err(PrivateKeyError::Type(name(other))),
            }
        }
        ED25519 => from_ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()),
        RSA => from_rsa(info.private_key, RsaKeyPair::from_pkcs8(der).ok()),
        other => Err(PrivateKeyError::Type(name(other))),
    }
}

/// The curve in an ECPrivateKey (RFC 5915, section 3).
fn sec1_curve(der: &[u8]) -> Result<Option<ObjectIdentifier>, PrivateKeyError> {
    let parameters = AnyRef::from_der(der).and_then(|outer| {
        let mut reader = SliceReader::new(outer.value())?;
        outer.tag().assert_eq(Tag::Sequence)?;
        u8::decode(&mut reader)?;
        OctetStringRef::decode(&mut reader)?;
        ContextSpecific::<AnyRef<'_>>::decode_explicit(&mut reader, TagNumber::N0)
    });
    parameters.map_err(|_| PrivateKeyError::Malformed)?.map(|found| named_curve(found.value)).transpose()
}

fn named_curve(parameters: AnyRef<'_>) -> Result<ObjectIdentifier, PrivateKeyError> {
    match parameters.tag() {
        Tag::ObjectIdentifier => parameters.decode_as().map_err(|_| PrivateKeyError::Malformed),
        // Numbers in place of a name may describe a curve that only looks like another.
        Tag::Sequence => Err(PrivateKeyError::Type("ECDSA with a curve in numbers".to_owned())),
        _ => Err(PrivateKeyError::Malformed),
    }
}

fn from_p256(secret: Option<p256::SecretKey>) -> Result<PrivateKey, PrivateKeyError> {
    let secret = secret.ok_or(PrivateKeyError::Malformed)?;
    let public = public(secret.public_key().to_public_key_der().ok().map(spki::Document::into_vec))?;
    Ok(PrivateKey { secret: Secret::P256(secret.into()), public })
}

fn from_p384(secret: Option<p384::SecretKey>) -> Result<PrivateKey, PrivateKeyError> {
    let secret = secret.ok_or(PrivateKeyError::Malformed)?;
    let public = public(secret.public_key().to_public_key_der().ok().map(spki::Document::into_vec))?;
    Ok(PrivateKey { secret: Secret::P384(secret.into()), public })
}

fn from_p521(secret: Option<p521::SecretKey>) -> Result<PrivateKey, PrivateKeyError> {
    let secret = secret.ok_or(PrivateKeyError::Malformed)?;
    let public = public(secret.public_key().to_public_key_der().ok().map(spki::Document::into_vec))?;
    let scalar = Zeroizing::new(secret.to_bytes());
    let secret = p521::ecdsa::SigningKey::from_bytes(&scalar).map_err(|_| PrivateKeyError::Malformed)?;
    Ok(PrivateKey { secret: Secret::P521(secret), public })
}

fn from_ed25519(secret: Option<Ed25519KeyPair>) -> Result<PrivateKey, PrivateKeyError> {
    let secret = secret.ok_or(PrivateKeyError::Malformed)?;
    let spki: Option<PublicKeyX509Der<'_>> = secret.public_key().as_der().ok();
    let public = public(spki.map(|der| der.as_ref().to_vec()))?;
    Ok(PrivateKey { secret: Secret::Ed25519(secret), public })
}

/// `pkcs1` is the RSAPrivateKey that `secret` was made from, if it could be.
fn from_rsa(pkcs1: &[u8], secret: Option<RsaKeyPair>) -> Result<PrivateKey, PrivateKeyError> {
    // First, so that a short key is called short, and a hostile one of a million bits costs nothing more.
    let bits = modulus_bits(pkcs1).ok_or(PrivateKeyError::Malformed)?;
    if !RSA_BITS.contains(&bits) {
        return Err(PrivateKeyError::RsaSize(bits));
    }
    let secret = secret.ok_or(PrivateKeyError::Malformed)?;
    let spki: Option<PublicKeyX509Der<'_>> = secret.public_key().as_der().ok();
    let public = public(spki.map(|der| der.as_ref().to_vec()))?;
    // Nobody looks whether the factors are primes: that shows here.
    let made = rsa(&secret, mlbom::digest::Sha256::of(b"").as_bytes()).ok_or(PrivateKeyError::Malformed)?;
    if !public.verifies(b"", &made) {
        return Err(PrivateKeyError::Malformed);
    }
    Ok(PrivateKey { secret: Secret::Rsa(secret), public })
}

fn public(spki: Option<Vec<u8>>) -> Result<PublicKey, PrivateKeyError> {
    PublicKey::from_spki(&spki.ok_or(PrivateKeyError::Malformed)?).map_err(|_| PrivateKeyError::Malformed)
}

/// How long the modulus of an RSAPrivateKey (RFC 8017, A.1.2) is.
fn modulus_bits(der: &[u8]) -> Option<usize> {
    let outer = AnyRef::from_der(der).ok().filter(|outer| outer.tag() == Tag::Sequence)?;
    let mut reader = SliceReader::new(outer.value()).ok()?;
    u8::decode(&mut reader).ok()?;
    let modulus = UintRef::decode(&mut reader).ok()?;
    let first = modulus.as_bytes().first()?;
    Some(modulus.as_bytes().len() * 8 - first.leading_zeros() as usize)
}

/// What people call the types that are refused (RFC 5480, RFC 8410, RFC 4055, SEC 2, RFC 5639, FIPS 204).
fn name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    let known = match text.as_str() {
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.10045.3.1.1" => "ECDSA P-192",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.113" => "Ed448",
        "1.3.132.0.10" => "ECDSA secp256k1",
        "1.3.132.0.33" => "ECDSA P-224",
        "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => "ML-DSA",
        _ if text.starts_with("1.3.36.3.3.2.8.1.1.") => "ECDSA Brainpool",
        _ => return text,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyType;

    fn refusal(text: &str) -> PrivateKeyError {
        PrivateKey::from_pem(text.as_bytes()).err().unwrap_or_else(|| panic!("taken: {text}"))
    }

    #[test]
    fn what_is_no_private_key_is_told_apart() {
        use PrivateKeyError::{
            Certificate, Der, Encrypted, Label, Legacy, Long, Malformed, OpenPgp, Public, Several,
        };
        let (key, pem) = PrivateKey::generate().expect("a key");
        assert!(matches!(refusal(&key.public().to_pem()), Public));
        assert!(matches!(refusal(&pem.replace("PRIVATE KEY", "PGP PRIVATE KEY BLOCK")), OpenPgp));
        for key_type in [KeyType::EcdsaP256, KeyType::Ed25519] {
            let (_, pem) = PrivateKey::generate_of(key_type).expect("a key");
            let (_, der) = pem_rfc7468::decode_vec(pem.as_bytes()).expect("PEM");
            assert!(matches!(PrivateKey::from_pem(&der), Err(Der)), "{key_type:?}");
        }
        assert!(matches!(PrivateKey::from_pem(&[0xC5, 0x62, 4]), Err(OpenPgp)));
        assert!(matches!(refusal(&pem.replace("PRIVATE KEY", "CERTIFICATE")), Certificate));
        assert!(matches!(refusal(&pem.replace("PRIVATE KEY", "EC PARAMETERS")), Label(_)));
        assert!(matches!(refusal(&pem.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY")), Label(_)));
        for label in
            ["ENCRYPTED PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"]
        {
            assert!(matches!(refusal(&pem.replace("PRIVATE KEY", label)), Encrypted), "{label}");
        }
        assert!(matches!(refusal(&format!("{}{}", *pem, *pem)), Several(2)));
        assert!(matches!(refusal(&format!("{}{}", *pem, key.public().to_pem())), Several(2)));
        let headed = pem.replacen('\n', "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1);
        assert!(matches!(refusal(&headed), Legacy));
        let full = format!("{}{}", *pem, " ".repeat(65_536 - pem.len()));
        assert!(PrivateKey::from_pem(full.as_bytes()).is_ok(), "64 KiB");
        assert!(matches!(refusal(&format!("{full} ")), Long));
        // SEC1 and PKCS#1 are other structures.
        for label in ["EC PRIVATE KEY", "RSA PRIVATE KEY"] {
            assert!(matches!(refusal(&pem.replace("PRIVATE KEY", label)), Malformed), "{label}");
        }
        for (text, why) in [
            ("", "empty"),
            ("x", "no block"),
            (&pem[1..], "no beginning"),
            (&pem.replace("END PRIVATE", "END PUBLIC"), "ends as another"),
            (&pem.replace("\n-----END", "=\n-----END"), "padded twice"),
            (&pem.replacen('M', "*", 1), "no base64"),
            (&pem.replacen("-----\n", "-----\nComment: x\n\n", 1), "a header"),
        ] {
            assert!(matches!(refusal(text), Malformed), "{why}");
        }
    }

    #[test]
    fn cut_short_or_changed() {
        for key_type in [KeyType::EcdsaP256, KeyType::EcdsaP521, KeyType::Ed25519] {
            let (_, pem) = PrivateKey::generate_of(key_type).expect("a key");
            // All but the last line break.
            for end in 0..pem.len() - 1 {
                assert!(PrivateKey::from_pem(&pem.as_bytes()[..end]).is_err(), "{end} bytes");
            }
            let (_, der) = pem_rfc7468::decode_vec(pem.as_bytes()).expect("PEM");
            for end in 0..der.len() {
                assert!(Open::Pkcs8(Zeroizing::new(der[..end].to_vec())).key().is_err(), "{end} bytes");
                // Refused or another key; never a panic.
                let mut changed = der.clone();
                changed[end] ^= 0x55;
                let _ = Open::Pkcs8(Zeroizing::new(changed)).key();
            }
            let longer = [&der[..], &[0]].concat();
            assert!(Open::Pkcs8(Zeroizing::new(longer)).key().is_err(), "a byte behind");
        }
    }

    #[test]
    fn layouts_of_other_programs() {
        let (key, pem) = PrivateKey::generate().expect("a key");
        let (first, rest) = pem.split_once('\n').expect("lines");
        let (body, last) = rest.split_once("-----END").expect("lines");
        for text in [
            pem.replace('\n', "\r\n"),
            format!("Bag Attributes\n    friendlyName: x\n{}", *pem),
            format!("{first}\n{}\n-----END{last}", body.replace('\n', "")),
            pem.trim_end().to_owned(),
        ] {
            let again = PrivateKey::from_pem(text.as_bytes()).expect("reads");
            assert_eq!(again.public().spki(), key.public().spki());
        }
    }
}
