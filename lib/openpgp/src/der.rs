//! DER (X.690), as much of it as keys and signatures need.

/// Public keys by the algorithm that they are for, as RFC 5280, 4.1.2.7 has them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Algorithm {
    /// RFC 3279, 2.3.1.
    Rsa,
    /// RFC 5480, 2.1.1: by the object identifier of its curve.
    Ecdsa(&'static [u8]),
    /// RFC 8410, 3.
    Ed25519,
}

const OBJECT_IDENTIFIER: u8 = 0x06;
const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const ID_ED25519: &[u8] = &[0x2B, 0x65, 0x70];

/// The SubjectPublicKeyInfo of `key`, whose bytes are those that the algorithm's own document asks for.
pub(crate) fn public_key_info(algorithm: Algorithm, key: &[u8]) -> Vec<u8> {
    let named = |oid| element(OBJECT_IDENTIFIER, oid);
    let algorithm = match algorithm {
        // With an explicit NULL.
        Algorithm::Rsa => [named(RSA_ENCRYPTION), element(0x05, &[])].concat(),
        Algorithm::Ecdsa(curve) => [named(EC_PUBLIC_KEY), named(curve)].concat(),
        Algorithm::Ed25519 => named(ID_ED25519),
    };
    // A BIT STRING of whole bytes.
    let key = element(0x03, &[&[0], key].concat());
    element(0x30, &[element(0x30, &algorithm), key].concat())
}

/// The SEQUENCE of two unsigned INTEGERs, both big-endian and without leading zeros.
pub(crate) fn integers(first: &[u8], second: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let needs_zero = bytes.first().is_none_or(|first| first & 0x80 != 0);
        element(0x02, &[if needs_zero { &[0][..] } else { &[] }, bytes].concat())
    };
    element(0x30, &[integer(first), integer(second)].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match (content.len(), significant) {
        (0..128, _) => [&[tag, content.len() as u8], content].concat(),
        (_, significant) => [&[tag, 0x80 | significant.len() as u8], significant, content].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        assert_eq!(integers(&[1], &[0x80]), [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80]);
        assert_eq!(integers(&[], &[1]), [0x30, 6, 2, 1, 0, 2, 1, 1]);
        assert_eq!(element(4, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(element(4, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }

    /// The first bytes of what `openssl genpkey` writes.
    #[test]
    fn public_keys() {
        let ed25519 = public_key_info(Algorithm::Ed25519, &[1; 32]);
        assert_eq!(ed25519[..13], [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0, 1]);
        let ecdsa = public_key_info(Algorithm::Ecdsa(&[9]), &[4]);
        assert_eq!(ecdsa[..7], [0x30, 18, 0x30, 12, 6, 7, 0x2A]);
        assert_eq!(ecdsa[13..], [6, 1, 9, 3, 2, 0, 4]);
        let rsa = public_key_info(Algorithm::Rsa, &[7]);
        assert_eq!(rsa[..6], [0x30, 19, 0x30, 13, 6, 9]);
        assert_eq!(rsa[15..], [5, 0, 3, 2, 0, 7]);
    }
}
