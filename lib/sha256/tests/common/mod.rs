//! What the tests of the kernels share: every make and width that this processor runs, data, and a reference.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of this module")]

use std::io::Write;
use std::sync::OnceLock;

use mlbom_sha256::kernel::{self, Block, INITIAL, State};
use mlbom_sha256::{Kernel, Stream};
use sha2::Digest;

/// Calls `test` with each kernel that this processor has, and says on standard error which it has not: a kernel that
/// did not run must not look like one that passed.
pub fn each_kernel(mut test: impl FnMut(Kernel)) {
    let mut summary = String::from("kernels run:");
    for kernel in Kernel::ALL {
        if kernel.is_available() {
            test(kernel);
            summary += &format!(" {}", kernel.name());
        } else {
            say(&format!("skipped: {}: this processor has no {}", kernel.name(), needs(kernel)));
        }
    }
    say(&summary);
}

/// Calls `test` with each kernel that this processor has, in each width.
pub fn each_width(mut test: impl FnMut(Kernel, usize)) {
    each_kernel(|kernel| kernel.widths().iter().for_each(|&width| test(kernel, width)));
}

/// What a processor must have for the kernel.
pub fn needs(kernel: Kernel) -> &'static str {
    match kernel {
        Kernel::Hybrid => "SHA-NI with AVX-512 F, BW and VL",
        Kernel::ShaNi => "SHA-NI with AVX",
        Kernel::Avx2 => "AVX2",
        Kernel::Aarch64 => "ARMv8 SHA-2 instructions",
        Kernel::Portable => "arithmetic",
    }
}

/// A line on standard error itself, which the test harness does not hold back from a test that passes.
pub fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// A sequence that is the same in every run: a failure can be looked at again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        // Seeds that differ in a few bits would start alike.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Less than `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.word() >> 11) as usize % limit
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.word() >> 24) as u8).collect()
    }
}

/// The digest as the `sha2` crate has it.
pub fn reference(message: &[u8]) -> [u8; 32] {
    sha2::Sha256::digest(message).into()
}

/// The chaining value after `blocks`, as FIPS 180-4, 6.2.2, has it word by word: no code shared with any kernel, nor
/// with a library.
pub fn compress(state: &mut State, blocks: &[Block]) {
    let constants = round_constants();
    for block in blocks {
        let mut w = [0u32; 64];
        for (word, bytes) in w.iter_mut().zip(block.as_chunks::<4>().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        for t in 16..64 {
            let sigma0 = w[t - 15].rotate_right(7) ^ w[t - 15].rotate_right(18) ^ (w[t - 15] >> 3);
            let sigma1 = w[t - 2].rotate_right(17) ^ w[t - 2].rotate_right(19) ^ (w[t - 2] >> 10);
            w[t] = sigma1.wrapping_add(w[t - 7]).wrapping_add(sigma0).wrapping_add(w[t - 16]);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
        for t in 0..64 {
            let sum1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
            let choice = (e & f) ^ (!e & g);
            let t1 = h.wrapping_add(sum1).wrapping_add(choice).wrapping_add(constants[t]).wrapping_add(w[t]);
            let sum0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
            let t2 = sum0.wrapping_add((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
        }
        for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(add);
        }
    }
}

/// The first 32 bits of the fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2), by that rule.
pub fn round_constants() -> [u32; 64] {
    static CONSTANTS: OnceLock<[u32; 64]> = OnceLock::new();
    *CONSTANTS.get_or_init(|| {
        let mut primes = (2u128..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0));
        std::array::from_fn(|_| {
            let prime = primes.next().unwrap_or(0);
            // The greatest r with r^3 <= prime * 2^96 is the root times 2^32.
            let (mut low, mut high) = (0u128, 1 << 36);
            while high - low > 1 {
                let middle = u128::midpoint(low, high);
                if middle * middle * middle <= prime << 96 { low = middle } else { high = middle }
            }
            low as u32
        })
    })
}

/// Digests of the messages by one kernel at one width, through [`kernel::advance_width`].
pub fn digests(make: Kernel, width: usize, messages: &[&[u8]]) -> Vec<[u8; 32]> {
    let padded: Vec<Vec<u8>> = messages.iter().map(|message| pad(message)).collect();
    let runs: Vec<&[Block]> = padded.iter().map(|bytes| bytes.as_chunks::<64>().0).collect();
    let mut states = vec![INITIAL; runs.len()];
    kernel::advance_width(make, width, &mut states, &runs);
    let bytes = |state: &State| {
        let mut digest = [0; 32];
        for (to, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(state) {
            *to = word.to_be_bytes();
        }
        digest
    };
    states.iter().map(bytes).collect()
}

/// A message with its padding (FIPS 180-4, 5.1.1), written apart from the one in the crate.
fn pad(message: &[u8]) -> Vec<u8> {
    let mut bytes = message.to_vec();
    bytes.push(0x80);
    while bytes.len() % 64 != 56 {
        bytes.push(0);
    }
    bytes.extend((message.len() as u64 * 8).to_be_bytes());
    bytes
}

/// The digest of a message that arrives in the given pieces.
pub fn streamed<'a>(kernel: Kernel, pieces: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut stream = Stream::new();
    pieces.into_iter().for_each(|piece| stream.update(kernel, piece));
    stream.finish(kernel)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "an odd number of hexadecimal digits");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}
