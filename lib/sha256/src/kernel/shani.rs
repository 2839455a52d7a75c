//! SHA-NI, `N` independent streams interleaved.
//!
//! A pair of rounds waits four cycles for the pair before it, and the processor can begin another pair in every cycle
//! or every second: the rounds of the other streams fill the wait.

use core::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_setzero_si128, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32,
};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::constants::K;
use super::lanes::{in_turn, shortest};
use super::{Block, INITIAL, State};

pub(super) fn is_available() -> bool {
    // AVX for its three-operand forms; the few processors that have SHA-NI without it are left to the `sha2` crate.
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("avx")
}

/// Takes `N` streams on by as many blocks as all of them have.
#[allow(unsafe_code, reason = "calls a function that needs instructions which only some processors have")]
pub(super) fn advance<const N: usize>(states: &mut [State; N], runs: &[&[Block]; N]) {
    if is_available() {
        // SAFETY: the processor has the instructions that the function enables: the line above asked it.
        unsafe { interleaved(states, runs) }
    } else {
        in_turn(states, runs, shortest(runs));
    }
}

/// Two or four, whichever a short trial finds faster here; tried once.
pub(super) fn best_width() -> usize {
    static WIDTH: OnceLock<usize> = OnceLock::new();
    *WIDTH.get_or_init(|| {
        // An interpreter's clock says nothing about the processor.
        if cfg!(miri) {
            return 4;
        }
        let data = [[0u8; 64]; 96];
        let (mut two, mut four) = (Duration::MAX, Duration::MAX);
        // The least of each: an interruption makes a time longer, never shorter. Both do the same work, and in turn,
        // so that a processor that changes its speed changes it for both.
        for _ in 0..16 {
            let start = Instant::now();
            advance(&mut [INITIAL; 2], &[&data[..]; 2]);
            advance(&mut [INITIAL; 2], &[&data[..]; 2]);
            two = two.min(start.elapsed());
            let start = Instant::now();
            advance(&mut [INITIAL; 4], &[&data[..]; 4]);
            four = four.min(start.elapsed());
        }
        if two < four { 2 } else { 4 }
    })
}

// No closure in what follows, nor a function that takes one: it would be compiled without the instructions that its
// surroundings may use, and called where it should be inlined.

/// One stream's registers, as `sha256rnds2` has them: words a b e f, and c d g h, from the highest lane down.
#[derive(Clone, Copy)]
struct Lane {
    abef: __m128i,
    cdgh: __m128i,
    /// The last sixteen words of the message schedule, a ring.
    words: [__m128i; 4],
}

#[inline]
#[target_feature(enable = "sha,avx")]
fn interleaved<const N: usize>(states: &mut [State; N], runs: &[&[Block]; N]) {
    let blocks = shortest(runs);
    let mut runs = *runs;
    for run in &mut runs {
        *run = &run[..blocks];
    }
    let zero = _mm_setzero_si128();
    let mut lanes = [Lane { abef: zero, cdgh: zero, words: [zero; 4] }; N];
    for (lane, state) in lanes.iter_mut().zip(&*states) {
        let [a, b, c, d, e, f, g, h] = *state;
        lane.abef = vector(a, b, e, f);
        lane.cdgh = vector(c, d, g, h);
    }
    for index in 0..blocks {
        let before = lanes;
        // Four rounds of every stream. A macro, because the index must be known when this is compiled: a ring indexed
        // at run time would live in memory.
        macro_rules! rounds {
            ($($quarter:literal)*) => {$(
                let k = constants($quarter);
                for (lane, run) in lanes.iter_mut().zip(&runs) {
                    let word = if $quarter < 4 {
                        load(&run[index], $quarter)
                    } else {
                        let (m0, m1) = (lane.words[$quarter & 3], lane.words[($quarter + 1) & 3]);
                        let (m2, m3) = (lane.words[($quarter + 2) & 3], lane.words[($quarter + 3) & 3]);
                        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1), _mm_alignr_epi8::<4>(m3, m2));
                        _mm_sha256msg2_epu32(sum, m3)
                    };
                    lane.words[$quarter & 3] = word;
                    let wk = _mm_add_epi32(word, k);
                    lane.cdgh = _mm_sha256rnds2_epu32(lane.cdgh, lane.abef, wk);
                    lane.abef = _mm_sha256rnds2_epu32(lane.abef, lane.cdgh, _mm_shuffle_epi32::<0x0e>(wk));
                }
            )*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for (lane, before) in lanes.iter_mut().zip(before) {
            lane.abef = _mm_add_epi32(lane.abef, before.abef);
            lane.cdgh = _mm_add_epi32(lane.cdgh, before.cdgh);
        }
    }
    for (state, lane) in states.iter_mut().zip(lanes) {
        let ([f, e, b, a], [h, g, d, c]) = (words(lane.abef), words(lane.cdgh));
        *state = [a, b, c, d, e, f, g, h];
    }
}

/// The four words of a quarter of the block, most significant byte first in memory.
#[inline]
#[target_feature(enable = "sha,avx")]
fn load(block: &Block, quarter: usize) -> __m128i {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let chunk = u128::from_le_bytes(block.as_chunks::<16>().0[quarter]);
    let (high, low) = ((chunk >> 64) as i64, chunk as i64);
    _mm_shuffle_epi8(_mm_set_epi64x(high, low), swap)
}

#[inline]
#[target_feature(enable = "sha,avx")]
fn constants(quarter: usize) -> __m128i {
    let [k0, k1, k2, k3] = K.0.as_chunks::<4>().0[quarter];
    vector(k3, k2, k1, k0)
}

/// The four words, from the highest lane down.
#[inline]
#[target_feature(enable = "sha,avx")]
fn vector(w3: u32, w2: u32, w1: u32, w0: u32) -> __m128i {
    _mm_set_epi32(w3.cast_signed(), w2.cast_signed(), w1.cast_signed(), w0.cast_signed())
}

/// The four words, from the lowest lane up.
#[inline]
#[target_feature(enable = "sha,avx")]
fn words(vector: __m128i) -> [u32; 4] {
    [
        _mm_extract_epi32::<0>(vector).cast_unsigned(),
        _mm_extract_epi32::<1>(vector).cast_unsigned(),
        _mm_extract_epi32::<2>(vector).cast_unsigned(),
        _mm_extract_epi32::<3>(vector).cast_unsigned(),
    ]
}
