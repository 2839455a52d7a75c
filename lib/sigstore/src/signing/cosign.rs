//! cosign's private keys: a JSON object in PEM, scrypt and NaCl's secretbox around PKCS#8.
//!
//! The form is that of cosign 2 and 3 (`generate-key-pair`, `import-key-pair`): parameters are written down, but only three
//! sets of them are ever used, so only those are read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::XSalsa20Poly1305;
use crypto_secretbox::aead::{AeadInPlace as _, KeyInit as _};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::signing::pem::Open;
use crate::signing::{PrivateKey, PrivateKeyError};

/// scrypt's cost: `N`, and its logarithm. 32, 64 and 128 MiB of memory.
const COSTS: [(u64, u8); 3] = [(32_768, 15), (65_536, 16), (131_072, 17)];
/// scrypt's block size.
const R: u32 = 8;
/// scrypt's parallelism.
const P: u32 = 1;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Poly1305's tag, which comes first.
const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kdf {
    name: String,
    params: Cost,
    salt: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cipher {
    name: String,
    nonce: String,
}

/// A key that a password opens, in one of the three forms.
pub(super) struct Locked {
    log_n: u8,
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
    sealed: Vec<u8>,
}

impl Locked {
    /// Reads the JSON, and refuses other forms.
    pub(super) fn parse(json: &[u8]) -> Result<Self, PrivateKeyError> {
        let text = std::str::from_utf8(json).map_err(|_| PrivateKeyError::Malformed)?;
        let file: File = mlbom::json::parse(text).map_err(|_| PrivateKeyError::Malformed)?;
        let Cost { n, r, p } = file.kdf.params;
        let sealed = PrivateKeyError::Sealed;
        if file.kdf.name != "scrypt" {
            return Err(sealed("a key derivation other than scrypt"));
        }
        // Before any derivation: the numbers are the file's, and memory and time are what they say.
        let cost = COSTS.into_iter().find(|(known, _)| *known == n && r == R && p == P);
        let (_, log_n) =
            cost.ok_or(sealed("scrypt parameters other than N 32768, 65536 or 131072, r 8, p 1"))?;
        if file.cipher.name != "nacl/secretbox" {
            return Err(sealed("a cipher other than nacl/secretbox"));
        }
        let salt = bytes(&file.kdf.salt)?.try_into();
        let nonce = bytes(&file.cipher.nonce)?.try_into();
        let ciphertext = bytes(&file.ciphertext)?;
        if ciphertext.len() <= TAG_BYTES {
            return Err(sealed("no ciphertext"));
        }
        Ok(Self {
            log_n,
            salt: salt.map_err(|_| sealed("a salt that is not of 32 bytes"))?,
            nonce: nonce.map_err(|_| sealed("a nonce that is not of 24 bytes"))?,
            sealed: ciphertext,
        })
    }

    /// Derives the key and decrypts: a part of a second.
    pub(super) fn open(&self, password: &[u8]) -> Result<PrivateKey, PrivateKeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        let cost =
            scrypt::Params::new(self.log_n, R, P, KEY_BYTES).map_err(|_| PrivateKeyError::Malformed)?;
        scrypt::scrypt(password, &self.salt, &cost, &mut key[..]).map_err(|_| PrivateKeyError::Malformed)?;
        let (tag, sealed) = self.sealed.split_at(TAG_BYTES);
        let mut plain = Zeroizing::new(sealed.to_vec());
        XSalsa20Poly1305::new((&*key).into())
            .decrypt_in_place_detached((&self.nonce).into(), b"", &mut plain, tag.into())
            .map_err(|_| PrivateKeyError::WrongPassword)?;
        Open::Pkcs8(plain).key()
    }
}

fn bytes(base64: &str) -> Result<Vec<u8>, PrivateKeyError> {
    STANDARD.decode(base64).map_err(|_| PrivateKeyError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"kdf":{"name":"scrypt","params":{"N":65536,"r":8,"p":1},"salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"cipher":{"name":"nacl/secretbox","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"ciphertext":"AAAAAAAAAAAAAAAAAAAAAAA="}"#;

    #[test]
    fn other_forms_are_refused_before_any_derivation() {
        assert!(Locked::parse(FILE.as_bytes()).is_ok());
        for (from, to) in [
            ("65536", "1048576"),
            ("65536", "16384"),
            ("65536", "65535"),
            ("65536", "0"),
            ("65536", "-65536"),
            ("65536", "65536.0"),
            ("65536", "18446744073709551616"),
            (r#""r":8"#, r#""r":9"#),
            (r#""r":8"#, r#""r":0"#),
            (r#""p":1"#, r#""p":2"#),
            (r#""p":1"#, r#""p":1,"p":1"#),
            (r#""p":1"#, r#""p":1,"x":1"#),
            (r#","p":1"#, ""),
            ("scrypt", "argon2id"),
            ("secretbox", "box"),
            (r#""AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA""#, r#""AAAA""#),
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AAAA"),
            ("AAAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("AAAAAAAAAAAAAAAAAAAAAAA=", "*"),
            ("{", ""),
            (r#"{"kdf""#, r#"{"x":1,"kdf""#),
        ] {
            let changed = FILE.replacen(from, to, 1);
            assert_ne!(changed, FILE, "{from}");
            assert!(Locked::parse(changed.as_bytes()).is_err(), "{from} -> {to}");
        }
        for end in 0..FILE.len() {
            assert!(Locked::parse(&FILE.as_bytes()[..end]).is_err(), "{end} bytes");
        }
    }
}
