//! SHA-2 of byte streams (FIPS 180-4): the one place in the workspace that hashes.
//!
//! One stream alone is hashed by the library that is best at it ([`Sha256`]); several at once go through kernels of our
//! own ([`kernel`], [`Stream`], [`hash_many`]), and files through [`pool`].

mod cores;
mod extra;
pub mod kernel;
mod many;
pub mod pool;
pub mod read;
mod stream;

use aws_lc_rs::digest::{Context, SHA256, SHA512, digest};
pub use cores::physical_cores;
pub use extra::{Blake3, FsVerity};
pub use kernel::Kernel;
pub use many::hash_many;
pub use stream::Stream;

/// A running SHA-256.
#[derive(Clone)]
pub struct Sha256(Context);

impl Sha256 {
    /// Starts with no bytes taken in.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken in.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        fixed(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

/// A running SHA-512.
#[derive(Clone)]
pub struct Sha512(Context);

impl Sha512 {
    /// Starts with no bytes taken in.
    #[must_use]
    pub fn new() -> Self {
        Self(Context::new(&SHA512))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken in.
    #[must_use]
    pub fn finish(self) -> [u8; 64] {
        fixed(self.0.finish().as_ref())
    }
}

impl Default for Sha512 {
    fn default() -> Self {
        Self::new()
    }
}

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    fixed(digest(&SHA256, bytes).as_ref())
}

fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("an algorithm's digest has one length")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// FIPS 180-4 examples (NIST, "Cryptographic Standards and Guidelines", example values), and the empty message.
    #[test]
    fn known_answers() {
        for (message, want) in [
            (&b""[..], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!(hex(&sha256(message)), want);
            let mut stream = Sha256::new();
            message.chunks(7).for_each(|chunk| stream.update(chunk));
            assert_eq!(hex(&stream.finish()), want);
        }
        let mut wide = Sha512::new();
        wide.update(b"abc");
        assert!(hex(&wide.finish()).starts_with("ddaf35a193617abacc417349ae204131"));
    }
}
