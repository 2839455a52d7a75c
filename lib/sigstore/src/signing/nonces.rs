//! Where the nonces of ECDSA come from: for P-521 from RFC 6979, since the crate `p521` draws them at random; from the system
//! for a second signature of the same document.

use aws_lc_rs::hmac::{HMAC_SHA512, Key, sign as hmac};
use p521::ecdsa::signature::hazmat::RandomizedPrehashSigner as _;
use p521::ecdsa::{Signature, SigningKey, signature};
use p521::elliptic_curve::rand_core::{CryptoRng, Error, RngCore, impls};
use zeroize::Zeroizing;

/// Bytes of a scalar: 521 bits.
const SCALAR: usize = 66;
/// Bytes of a SHA-512 digest.
const HASH: usize = 64;

/// Signs a SHA-512 `digest` (64 bytes).
pub(super) fn sign(key: &SigningKey, digest: &[u8]) -> Result<Signature, signature::Error> {
    let scalar = Zeroizing::new(key.to_bytes());
    key.sign_prehash_with_rng(&mut Nonces::new(&scalar, digest), digest)
}

/// The candidates for `k`, in order (RFC 6979, 3.2), to one who takes the first that is in range.
struct Nonces {
    key: Zeroizing<[u8; HASH]>,
    value: Zeroizing<[u8; HASH]>,
    /// Whether one was given already, and so was refused.
    again: bool,
}

impl Nonces {
    /// Steps b to g. A digest of 512 bits is below the order of 521, and so is its own remainder.
    fn new(scalar: &[u8], digest: &[u8]) -> Self {
        let mut nonces =
            Self { key: Zeroizing::new([0; HASH]), value: Zeroizing::new([1; HASH]), again: false };
        let mut seed = Zeroizing::new(scalar.to_vec());
        seed.resize(2 * SCALAR - digest.len().min(SCALAR), 0);
        seed.extend_from_slice(digest);
        nonces.stir(0, &seed);
        nonces.stir(1, &seed);
        nonces
    }

    fn stir(&mut self, step: u8, seed: &[u8]) {
        let text = Zeroizing::new([&self.value[..], &[step], seed].concat());
        self.key = mac(&self.key, &text);
        self.value = mac(&self.key, &self.value[..]);
    }

    /// Step h: 521 bits of the blocks that follow, as a big-endian number.
    fn next(&mut self) -> Zeroizing<[u8; SCALAR]> {
        if self.again {
            self.stir(0, &[]);
        }
        self.again = true;
        let mut bits = Zeroizing::new([0; 2 * HASH]);
        for block in bits.chunks_exact_mut(HASH) {
            self.value = mac(&self.key, &self.value[..]);
            block.copy_from_slice(&self.value[..]);
        }
        let mut number = Zeroizing::new([0; SCALAR]);
        let mut carry = 0;
        for (to, from) in number.iter_mut().zip(bits.iter()) {
            // 528 bits are 7 too many.
            *to = carry | (from >> 7);
            carry = from << 1;
        }
        number
    }
}

fn mac(key: &[u8; HASH], text: &[u8]) -> Zeroizing<[u8; HASH]> {
    let mut tag = Zeroizing::new([0; HASH]);
    tag.copy_from_slice(hmac(&Key::new(HMAC_SHA512, key), text).as_ref());
    tag
}

impl RngCore for Nonces {
    /// Each call is for one candidate, whole: that is how `p521` asks.
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(SCALAR) {
            part.copy_from_slice(&self.next()[..part.len()]);
        }
    }

    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

/// An HMAC generator is one; the signer asks for the mark.
impl CryptoRng for Nonces {}

/// The system's random bytes, in the form that ECDSA signers take them.
pub(super) struct Random;

impl RngCore for Random {
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the system has random bytes: keys were made with them");
    }

    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| Error::new("no random bytes"))
    }
}

impl CryptoRng for Random {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Hash;

    /// RFC 6979, A.2.7: P-521, SHA-512.
    #[test]
    fn vectors_of_the_rfc() {
        let scalar = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538";
        let key = SigningKey::from_slice(&hex(scalar)).expect("a scalar");
        for (message, r, s) in [
            (
                "sample",
                "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
                "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
            ),
            (
                "test",
                "013E99020ABF5CEE7525D16B69B229652AB6BDF2AFFCAEF38773B4B7D08725F10CDB93482FDCC54EDCEE91ECA4166B2A7C6265EF0CE2BD7051B7CEF945BABD47EE6D",
                "01FBD0013C674AA79CB39849527916CE301C66EA7CE8B80682786AD60F98F7E78A19CA69EFF5C57400E3B3A0AD66CE0978214D13BAF4E9AC60752F7B155E2DE4DCE3",
            ),
        ] {
            let made = sign(&key, &Hash::Sha512.of(message.as_bytes())).expect("signs");
            assert_eq!(made.to_bytes().to_vec(), [hex(r), hex(s)].concat(), "{message}");
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
        (0..text.len()).step_by(2).map(digit).collect()
    }
}
