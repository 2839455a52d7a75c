//! `ENCRYPTED PRIVATE KEY`: PKCS#8 under a password (RFC 5958, section 3; RFC 8018, 6.2; RFC 7914, section 7).

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{EncryptionScheme, pbes2};
use pkcs8::{EncryptedPrivateKeyInfo, LineEnding};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier};
use zeroize::Zeroizing;

use crate::signing::pem::Open;
use crate::signing::{PrivateKey, PrivateKeyError};

/// Rounds of PBKDF2 at most. OpenSSL 3 writes 2048, advice of 2023 is 600 000.
pub(super) const MAX_ROUNDS: u32 = 10_000_000;
/// Memory of scrypt at most, in bytes: 128 r (N + p).
pub(super) const MAX_MEMORY_BYTES: u128 = 256 << 20;
/// Work of scrypt at most, as bytes mixed: 128 r N p.
pub(super) const MAX_WORK_BYTES: u128 = 1 << 30;

/// Rounds of PBKDF2 for keys that are made here: OWASP's advice for HMAC-SHA-256.
const ROUNDS: u32 = 600_000;

/// Locks a PKCS#8 key with a password: the PEM text of an `ENCRYPTED PRIVATE KEY`, PBKDF2 with HMAC-SHA-256 and AES-256-CBC,
/// which every program reads that reads any.
pub(super) fn lock(pkcs8: &[u8], password: &[u8]) -> Result<Zeroizing<String>, PrivateKeyError> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| PrivateKeyError::Random)?;
    let (salt, iv) = random.split_at(16);
    let iv = iv.try_into().map_err(|_| PrivateKeyError::Malformed)?;
    let scheme = Parameters::pbkdf2_sha256_aes256cbc(ROUNDS, salt, iv);
    let scheme = scheme.map_err(|_| PrivateKeyError::Malformed)?;
    let sealed = scheme.encrypt(password, pkcs8).map_err(|_| PrivateKeyError::Malformed)?;
    let info = EncryptedPrivateKeyInfo { encryption_algorithm: scheme.into(), encrypted_data: &sealed };
    let der = info.to_der().map_err(|_| PrivateKeyError::Malformed)?;
    let pem = pem_rfc7468::encode_string("ENCRYPTED PRIVATE KEY", LineEnding::LF, &der);
    pem.map(Zeroizing::new).map_err(|_| PrivateKeyError::Malformed)
}

/// A key that a password opens, at a cost that was looked at.
pub(super) struct Locked<'a> {
    scheme: Parameters<'a>,
    sealed: &'a [u8],
}

impl<'a> Locked<'a> {
    /// Reads the DER, and refuses what is not opened or costs too much.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, PrivateKeyError> {
        let Ok(info) = EncryptedPrivateKeyInfo::try_from(der) else {
            return Err(unknown_scheme(der).unwrap_or(PrivateKeyError::Malformed));
        };
        match info.encryption_algorithm {
            EncryptionScheme::Pbes2(scheme) => {
                check_cost(&scheme.kdf)?;
                Ok(Self { scheme, sealed: info.encrypted_data })
            }
            other => Err(PrivateKeyError::Encryption(format!("PBES1 ({})", other.oid()))),
        }
    }

    /// Derives the key and decrypts: seconds, at the worst.
    pub(super) fn open(&self, password: &[u8]) -> Result<PrivateKey, PrivateKeyError> {
        let mut bytes = Zeroizing::new(self.sealed.to_vec());
        // Bad padding is what a wrong key yields, 255 times in 256; else there is no key in what comes out.
        let plain =
            self.scheme.decrypt_in_place(password, &mut bytes).map_err(|_| PrivateKeyError::WrongPassword)?;
        if pkcs8::PrivateKeyInfo::try_from(plain).is_err() {
            return Err(PrivateKeyError::WrongPassword);
        }
        Open::Pkcs8(Zeroizing::new(plain.to_vec())).key()
    }
}

fn check_cost(kdf: &Kdf<'_>) -> Result<(), PrivateKeyError> {
    match kdf {
        Kdf::Pbkdf2(params) if params.iteration_count > MAX_ROUNDS => Err(PrivateKeyError::Cost {
            found: format!("{} rounds", params.iteration_count),
            limit: format!("{MAX_ROUNDS}"),
        }),
        // No round at all would be one, of another meaning.
        Kdf::Pbkdf2(params) if params.iteration_count == 0 => Err(PrivateKeyError::Malformed),
        Kdf::Pbkdf2(_) => Ok(()),
        Kdf::Scrypt(params) => {
            let (n, r, p) = (params.cost_parameter, params.block_size, params.parallelization);
            let (n, r, p) = (u128::from(n), u128::from(r), u128::from(p));
            let cost = |found: u128, limit: u128, what| {
                Err(PrivateKeyError::Cost {
                    found: format!("{found} bytes {what}"),
                    limit: limit.to_string(),
                })
            };
            match (128 * r * (n + p), 128 * r * n * p) {
                (_, 0) => Err(PrivateKeyError::Malformed),
                (memory, _) if memory > MAX_MEMORY_BYTES => cost(memory, MAX_MEMORY_BYTES, "of memory"),
                (_, work) if work > MAX_WORK_BYTES => cost(work, MAX_WORK_BYTES, "of work"),
                _ => Ok(()),
            }
        }
        // The enum may grow.
        _ => Err(PrivateKeyError::Encryption("an unknown key derivation".to_owned())),
    }
}

/// What a well-formed file is encrypted with, where the reader does not know it; the innermost name that there is.
fn unknown_scheme(der: &[u8]) -> Option<PrivateKeyError> {
    let outer = AnyRef::from_der(der).ok()?;
    let algorithm = outer
        .sequence(|inner| {
            let algorithm = AlgorithmIdentifierRef::decode(inner)?;
            OctetStringRef::decode(inner)?;
            Ok(algorithm)
        })
        .ok()?;
    let parts = algorithm.parameters.filter(|_| algorithm.oid == pbes2::PBES2_OID).and_then(|parameters| {
        let mut reader = SliceReader::new(parameters.value()).ok()?;
        let kdf = AlgorithmIdentifierRef::decode(&mut reader).ok()?;
        let cipher = AlgorithmIdentifierRef::decode(&mut reader).ok()?;
        let prf = prf(&kdf).map(|oid| format!(" with {}", name(oid))).unwrap_or_default();
        reader.is_finished().then(|| format!("{}{prf} and {}", name(kdf.oid), name(cipher.oid)))
    });
    Some(PrivateKeyError::Encryption(parts.unwrap_or_else(|| name(algorithm.oid))))
}

/// The hash that PBKDF2 is to use (RFC 8018, A.2), where it says one.
fn prf(kdf: &AlgorithmIdentifierRef<'_>) -> Option<ObjectIdentifier> {
    let mut reader = SliceReader::new(kdf.parameters?.value()).ok()?;
    while !reader.is_finished() {
        let part = AnyRef::decode(&mut reader).ok()?;
        if part.tag() == Tag::Sequence {
            return ObjectIdentifier::decode(&mut SliceReader::new(part.value()).ok()?).ok();
        }
    }
    None
}

/// Names of RFC 8018, appendices B and C, RFC 7292, appendix C, and RFC 3565.
fn name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    let known = match text.as_str() {
        "1.2.840.113549.1.5.12" => "PBKDF2",
        "1.2.840.113549.2.7" => "HMAC-SHA-1",
        "1.2.840.113549.2.12" => "HMAC-SHA-512/224",
        "1.2.840.113549.2.13" => "HMAC-SHA-512/256",
        "1.3.6.1.4.1.11591.4.11" => "scrypt",
        "1.3.14.3.2.7" => "DES",
        "1.2.840.113549.3.2" => "RC2",
        "1.2.840.113549.3.7" => "triple DES",
        "2.16.840.1.101.3.4.1.6" | "2.16.840.1.101.3.4.1.26" | "2.16.840.1.101.3.4.1.46" => "AES-GCM",
        "2.16.840.1.101.3.4.1.2" | "2.16.840.1.101.3.4.1.22" | "2.16.840.1.101.3.4.1.42" => "AES-CBC",
        _ if text.starts_with("1.2.840.113549.1.5.") => "PBES1",
        _ if text.starts_with("1.2.840.113549.1.12.1.") => "PKCS #12's own scheme",
        _ => return text,
    };
    format!("{known} ({text})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pkcs8::pkcs5::pbes2::{Pbkdf2Params, ScryptParams};

    /// The hash is what is not known here, and so it is what is said.
    #[test]
    fn what_is_not_known_is_named() {
        let (_, pem) = PrivateKey::generate_locked(crate::key::KeyType::Ed25519, b"open").expect("a key");
        let (_, mut der) = pem_rfc7468::decode_vec(pem.as_bytes()).expect("PEM");
        // hmacWithSHA256 becomes hmacWithSHA512-256.
        let sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
        let at = der.windows(8).position(|part| part == sha256).expect("named in it");
        der[at + 7] = 13;
        let told = Locked::parse(&der).err().map(|err| err.to_string()).unwrap_or_default();
        assert!(told.contains("PBKDF2 (1.2.840.113549.1.5.12) with HMAC-SHA-512/256"), "{told}");
    }

    #[test]
    fn costs_are_looked_at_before_they_arise() {
        let scrypt = |cost_parameter, block_size, parallelization| {
            let params =
                ScryptParams { salt: b"", cost_parameter, block_size, parallelization, key_length: None };
            check_cost(&Kdf::Scrypt(params))
        };
        // OpenSSL's, twice its default and more, and a library's.
        for (n, r, p) in [(16_384, 8, 1), (131_072, 8, 1), (32_768, 8, 4), (16_384, 8, 16)] {
            assert!(scrypt(n, r, p).is_ok(), "{n} {r} {p}");
        }
        let huge = [(262_144, 8, 1), (1 << 20, 8, 1), (u64::MAX, u16::MAX, u16::MAX), (2, 1024, 2048)];
        for (n, r, p) in huge.into_iter().chain([(131_072, 8, 16), (1 << 10, u16::MAX, 1)]) {
            assert!(matches!(scrypt(n, r, p), Err(PrivateKeyError::Cost { .. })), "{n} {r} {p}");
        }
        for (n, r, p) in [(0, 8, 1), (16_384, 0, 1), (16_384, 8, 0)] {
            assert!(matches!(scrypt(n, r, p), Err(PrivateKeyError::Malformed)), "{n} {r} {p}");
        }
        let pbkdf2 = |iteration_count| {
            let prf = Default::default();
            check_cost(&Kdf::Pbkdf2(Pbkdf2Params { salt: b"", iteration_count, key_length: None, prf }))
        };
        assert!(pbkdf2(MAX_ROUNDS).is_ok() && pbkdf2(1).is_ok());
        assert!(matches!(pbkdf2(MAX_ROUNDS + 1), Err(PrivateKeyError::Cost { .. })));
        assert!(matches!(pbkdf2(0), Err(PrivateKeyError::Malformed)));
    }
}
