//! The public half of a token's key, as SubjectPublicKeyInfo, and signatures as everybody else has them.

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, BitStringRef, Null, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _};
use mlbom_sigstore::key::{KeyError, PublicKey};
use mlbom_sigstore::signing::RSA_BITS;
use spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};
use x509_cert::Certificate;

use crate::HardwareError;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// The most objects of one identifier that are looked at.
const MAX_OBJECTS: usize = 16;

/// Reads the public key that goes with a private key of `id` and `label`: a public key object, or else a certificate.
///
/// They are told by their identifier, and by the label if they have none (PKCS #11 2.40, 4.8 and 4.6.3).
pub(crate) fn read(session: &Session, id: &[u8], label: &[u8]) -> Result<PublicKey, HardwareError> {
    let name = if id.is_empty() { Attribute::Label(label.to_vec()) } else { Attribute::Id(id.to_vec()) };
    let mut found = spkis(session, &name, ObjectClass::PUBLIC_KEY, public_spki)?;
    if found.is_empty() {
        found = spkis(session, &name, ObjectClass::CERTIFICATE, certificate_spki)?;
    }
    match &found[..] {
        [spki] => signing_key(spki),
        several => Err(HardwareError::Public(several.len())),
    }
}

/// A key that is signed with: the same as of files.
fn signing_key(spki: &[u8]) -> Result<PublicKey, HardwareError> {
    match PublicKey::from_spki(spki) {
        Err(KeyError::Weak(bits)) => Err(HardwareError::RsaSize(bits)),
        Err(err) => Err(err.into()),
        Ok(key) => match key.rsa_bits() {
            Some(bits) if !RSA_BITS.contains(&bits) => Err(HardwareError::RsaSize(bits)),
            _ => Ok(key),
        },
    }
}

/// All that differ.
fn spkis(
    session: &Session,
    name: &Attribute,
    class: ObjectClass,
    read: impl Fn(&Session, ObjectHandle) -> Result<Option<Vec<u8>>, HardwareError>,
) -> Result<Vec<Vec<u8>>, HardwareError> {
    let objects = session.iter_objects(&[Attribute::Class(class), name.clone()])?;
    let objects = objects.take(MAX_OBJECTS).collect::<Result<Vec<_>, _>>()?;
    let mut found = Vec::new();
    for object in objects {
        found.extend(read(session, object)?);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn certificate_spki(session: &Session, object: ObjectHandle) -> Result<Option<Vec<u8>>, HardwareError> {
    let der =
        session.get_attributes(object, &[AttributeType::Value])?.into_iter().find_map(|one| match one {
            Attribute::Value(der) => Some(der),
            _ => None,
        });
    let certificate = der.and_then(|der| Certificate::from_der(&der).ok());
    Ok(certificate.and_then(|read| read.tbs_certificate.subject_public_key_info.to_der().ok()))
}

fn public_spki(session: &Session, object: ObjectHandle) -> Result<Option<Vec<u8>>, HardwareError> {
    // Asked for by type: some modules fail the whole call for an attribute that the type has not.
    let key_type = session.get_attributes(object, &[AttributeType::KeyType])?;
    let wanted: &[AttributeType] = match key_type.first() {
        Some(Attribute::KeyType(KeyType::RSA)) => &[AttributeType::Modulus, AttributeType::PublicExponent],
        Some(Attribute::KeyType(KeyType::EC | KeyType::EC_EDWARDS)) => {
            &[AttributeType::EcParams, AttributeType::EcPoint]
        }
        _ => return Ok(None),
    };
    Ok(match &session.get_attributes(object, wanted)?[..] {
        [Attribute::Modulus(modulus), Attribute::PublicExponent(exponent)] => rsa_spki(modulus, exponent),
        [Attribute::EcParams(parameters), Attribute::EcPoint(point)] => ec_spki(parameters, point),
        _ => None,
    })
}

/// RFC 8017, A.1.1, in RFC 5280, 4.1.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let key = sequence(UintRef::new(modulus).ok()?, UintRef::new(exponent).ok()?)?;
    spki(RSA, Some(Null.into()), &key)
}

/// RFC 5480, 2, and RFC 8410, 4. `parameters` name the curve; the point comes in an OCTET STRING, with some modules bare.
fn ec_spki(parameters: &[u8], point: &[u8]) -> Option<Vec<u8>> {
    let bare = OctetStringRef::from_der(point).map_or(point, |inner| inner.as_bytes());
    let parameters = AnyRef::from_der(parameters).ok()?;
    // PKCS #11 3.0, 2.3.5 writes the name of the curve, or its identifier.
    let is_ed25519 =
        parameters.decode_as::<ObjectIdentifier>() == Ok(ED25519) || parameters.value() == b"edwards25519";
    if is_ed25519 { spki(ED25519, None, bare) } else { spki(EC, Some(parameters), bare) }
}

fn spki(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Option<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()
}

/// A raw ECDSA signature, both numbers filled up to the curve's length, as DER (RFC 3279, 2.2.3).
pub(crate) fn ecdsa_der(raw: &[u8], scalar_bytes: usize) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(scalar_bytes).filter(|(_, s)| s.len() == scalar_bytes)?;
    sequence(UintRef::new(r).ok()?, UintRef::new(s).ok()?)
}

fn sequence(first: UintRef<'_>, second: UintRef<'_>) -> Option<Vec<u8>> {
    vec![first, second].to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_signatures_as_der() {
        assert_eq!(ecdsa_der(&[1, 2], 1), Some(vec![0x30, 6, 2, 1, 1, 2, 1, 2]));
        assert_eq!(ecdsa_der(&[0, 1, 0x80, 0], 2), Some(vec![0x30, 8, 2, 1, 1, 2, 3, 0, 0x80, 0]));
        assert_eq!(ecdsa_der(&[0xff; 132], 66).map(|der| der.len()), Some(3 + 2 * 69));
        for (raw, length) in [(&[][..], 1), (&[1], 1), (&[1, 2, 3], 1), (&[1, 2, 3], 2)] {
            assert_eq!(ecdsa_der(raw, length), None, "{raw:?}");
        }
    }

    #[test]
    fn rsa_keys_are_as_long_as_those_of_files() {
        for (bits, taken) in
            [(1024, false), (2040, false), (2048, true), (4096, true), (4104, false), (16384, false)]
        {
            let spki = rsa_spki(&vec![0xff; bits / 8], &[1, 0, 1]).expect("DER");
            match signing_key(&spki) {
                Ok(_) => assert!(taken, "{bits}"),
                Err(HardwareError::RsaSize(found)) => assert!(!taken && found == bits, "{bits}"),
                Err(err) => panic!("{bits}: {err}"),
            }
        }
    }

    #[test]
    fn points_that_are_no_keys() {
        let p256 = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        for (parameters, point) in
            [(&[][..], &[][..]), (&p256, &[]), (&p256, &[4; 65]), (&[0x13, 1, b'x'], &[4; 32])]
        {
            let read = ec_spki(parameters, point).map(|spki| PublicKey::from_spki(&spki).is_ok());
            assert_ne!(read, Some(true), "{parameters:?}");
        }
        assert!(rsa_spki(&[], &[1]).is_none_or(|spki| PublicKey::from_spki(&spki).is_err()));
        let ed25519 = ec_spki(b"\x13\x0cedwards25519", &[&[4, 32][..], &[0x58; 32]].concat()).expect("a key");
        assert_eq!(ed25519.len(), 44);
    }
}
