//! Digests as types, written as lower-case hexadecimal.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A SHA-256 digest.
pub type Sha256 = Digest<32>;
/// A SHA-512 digest.
pub type Sha512 = Digest<64>;

/// `N` bytes of digest. Ordered and compared as bytes.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Digest<const N: usize>([u8; N]);

/// Text that is not a digest.
#[derive(Debug, thiserror::Error)]
#[error("{found:?} is not a digest, {} lower-case hexadecimal digits were wanted", .wanted)]
pub struct NotADigest {
    found: String,
    wanted: usize,
}

impl Digest<32> {
    /// The SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(mlbom_sha256::sha256(bytes))
    }
}

impl<const N: usize> Digest<N> {
    /// The bytes themselves.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Digest<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> fmt::Display for Digest<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(2 * N);
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        f.write_str(&text)
    }
}

impl<const N: usize> fmt::Debug for Digest<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const N: usize> FromStr for Digest<N> {
    type Err = NotADigest;

    /// Reads lower-case hexadecimal, exactly `2 N` digits: one digest has one spelling.
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let wrong = || NotADigest { found: text.chars().take(2 * N + 8).collect(), wanted: 2 * N };
        if text.len() != 2 * N {
            return Err(wrong());
        }
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(wrong()),
        };
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl<const N: usize> Serialize for Digest<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Digest<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(text.parse::<Sha256>().expect("a digest"), Sha256::of(b"abc"));
        assert_eq!(Sha256::of(b"abc").to_string(), text);
        for wrong in
            ["", "ab", &text.to_uppercase(), &text[1..], &format!("{text}0"), &text.replace('b', "g")]
        {
            assert!(wrong.parse::<Sha256>().is_err(), "{wrong:?}");
        }
    }
}
