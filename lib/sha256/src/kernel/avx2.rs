//! AVX2: eight streams, one in each 32-bit lane, for processors without SHA instructions.

use super::constants::K;
use super::lanes::{WIDEST, in_turn, shortest};
use super::{Block, State};
use core::arch::x86_64::{
    __m256i, _mm_set_epi64x, _mm256_add_epi32, _mm256_and_si256, _mm256_broadcastsi128_si256,
    _mm256_extract_epi32, _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set_epi32, _mm256_set_epi64x,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32,
    _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
    _mm256_xor_si256,
};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
}

/// Takes the streams on by as many blocks as all of them have.
#[allow(unsafe_code, reason = "calls a function that needs instructions which only some processors have")]
pub(super) fn advance(states: &mut [State; WIDEST], runs: &[&[Block]; WIDEST]) {
    if is_available() {
        // SAFETY: the processor has the instructions that the function enables: the line above asked it.
        unsafe { side_by_side(states, runs) }
    } else {
        in_turn(states, runs, shortest(runs));
    }
}

// No closure in what follows, nor a function that takes one: it would be compiled without the instructions that its
// surroundings may use, and called where it should be inlined.

#[target_feature(enable = "avx2")]
fn side_by_side(states: &mut [State; WIDEST], runs: &[&[Block]; WIDEST]) {
    let blocks = shortest(runs);
    let mut runs = *runs;
    for run in &mut runs {
        *run = &run[..blocks];
    }
    let mut letters = [_mm256_setzero_si256(); 8];
    for (letter, vector) in letters.iter_mut().enumerate() {
        let mut column = [0; WIDEST];
        for (to, state) in column.iter_mut().zip(&*states) {
            *to = state[letter].cast_signed();
        }
        let [s0, s1, s2, s3, s4, s5, s6, s7] = column;
        *vector = _mm256_set_epi32(s7, s6, s5, s4, s3, s2, s1, s0);
    }
    for index in 0..blocks {
        let before = letters;
        let mut words = load(&runs, index);
        // A macro, because the place of a word in the ring must be known when this is compiled.
        macro_rules! rounds {
            ($first:expr; $($t:literal)*) => {$(
                if $first > 0 {
                    schedule(&mut words, $t);
                }
                let k = _mm256_set1_epi32(K.0[$first + $t].cast_signed());
                round(&mut letters, $t, _mm256_add_epi32(words[$t], k));
            )*};
        }
        rounds!(0; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for first in [16, 32, 48] {
            rounds!(first; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        }
        for (letter, before) in letters.iter_mut().zip(before) {
            *letter = _mm256_add_epi32(*letter, before);
        }
    }
    for (letter, vector) in letters.into_iter().enumerate() {
        for (state, word) in states.iter_mut().zip(words_of(vector)) {
            state[letter] = word;
        }
    }
}

/// Round `t` (FIPS 180-4, 6.2.2, 3). The letters stay where they are, and their names go round by one.
#[inline]
#[target_feature(enable = "avx2")]
fn round(letters: &mut [__m256i; 8], t: usize, wk: __m256i) {
    let (a, b, c, d) = ((64 - t) & 7, (65 - t) & 7, (66 - t) & 7, (67 - t) & 7);
    let (e, f, g, h) = ((68 - t) & 7, (69 - t) & 7, (70 - t) & 7, (71 - t) & 7);
    let s = *letters;
    let sigma1 = xor3(rotate::<6, 26>(s[e]), rotate::<11, 21>(s[e]), rotate::<25, 7>(s[e]));
    let choice = _mm256_xor_si256(s[g], _mm256_and_si256(s[e], _mm256_xor_si256(s[f], s[g])));
    let t1 = _mm256_add_epi32(_mm256_add_epi32(s[h], wk), _mm256_add_epi32(sigma1, choice));
    let sigma0 = xor3(rotate::<2, 30>(s[a]), rotate::<13, 19>(s[a]), rotate::<22, 10>(s[a]));
    let majority =
        _mm256_or_si256(_mm256_and_si256(s[a], s[b]), _mm256_and_si256(s[c], _mm256_or_si256(s[a], s[b])));
    letters[d] = _mm256_add_epi32(s[d], t1);
    letters[h] = _mm256_add_epi32(t1, _mm256_add_epi32(sigma0, majority));
}

/// The word sixteen after the one at `t`, into its place (FIPS 180-4, 6.2.2, 1).
#[inline]
#[target_feature(enable = "avx2")]
fn schedule(words: &mut [__m256i; 16], t: usize) {
    let (w1, w9, w14) = (words[(t + 1) & 15], words[(t + 9) & 15], words[(t + 14) & 15]);
    let sigma0 = xor3(rotate::<7, 25>(w1), rotate::<18, 14>(w1), _mm256_srli_epi32::<3>(w1));
    let sigma1 = xor3(rotate::<17, 15>(w14), rotate::<19, 13>(w14), _mm256_srli_epi32::<10>(w14));
    words[t] = _mm256_add_epi32(_mm256_add_epi32(words[t], w9), _mm256_add_epi32(sigma0, sigma1));
}

/// One block of each stream as sixteen vectors: word `t` of stream `s` in lane `s` of vector `t`.
#[inline]
#[target_feature(enable = "avx2")]
fn load(runs: &[&[Block]; WIDEST], index: usize) -> [__m256i; 16] {
    let swap = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203));
    let mut words = [_mm256_setzero_si256(); 16];
    for (half, words) in words.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let mut rows = [_mm256_setzero_si256(); 8];
        for (to, run) in rows.iter_mut().zip(runs) {
            *to = row(&run[index].as_chunks::<32>().0[half]);
        }
        // Each pair holds the same sixteen bytes of two streams, four apart.
        let (mut first, mut second) = ([_mm256_setzero_si256(); 4], [_mm256_setzero_si256(); 4]);
        for at in 0..4 {
            first[at] = _mm256_permute2x128_si256::<0x20>(rows[at], rows[at + 4]);
            second[at] = _mm256_permute2x128_si256::<0x31>(rows[at], rows[at + 4]);
        }
        let [to_first, to_second] = words.as_chunks_mut::<4>().0 else { continue };
        transpose(to_first, swap, first);
        transpose(to_second, swap, second);
    }
    words
}

/// Four vectors of four words of two streams, to four words of eight streams.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose(words: &mut [__m256i; 4], swap: __m256i, [a, b, c, d]: [__m256i; 4]) {
    let (low0, high0) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let (low1, high1) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    *words = [
        _mm256_shuffle_epi8(_mm256_unpacklo_epi64(low0, low1), swap),
        _mm256_shuffle_epi8(_mm256_unpackhi_epi64(low0, low1), swap),
        _mm256_shuffle_epi8(_mm256_unpacklo_epi64(high0, high1), swap),
        _mm256_shuffle_epi8(_mm256_unpackhi_epi64(high0, high1), swap),
    ];
}

#[inline]
#[target_feature(enable = "avx2")]
fn row(bytes: &[u8; 32]) -> __m256i {
    let [low, high] = bytes.as_chunks::<16>().0 else { return _mm256_setzero_si256() };
    let (low, high) = (u128::from_le_bytes(*low), u128::from_le_bytes(*high));
    _mm256_set_epi64x((high >> 64) as i64, high as i64, (low >> 64) as i64, low as i64)
}

/// To the right by `RIGHT`, which with `LEFT` makes 32: AVX2 has shifts alone, and by constants.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const RIGHT: i32, const LEFT: i32>(v: __m256i) -> __m256i {
    const { assert!(RIGHT + LEFT == 32, "not a rotation") };
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(v), _mm256_slli_epi32::<LEFT>(v))
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: __m256i, b: __m256i, c: __m256i) -> __m256i {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2")]
fn words_of(vector: __m256i) -> [u32; 8] {
    [
        _mm256_extract_epi32::<0>(vector).cast_unsigned(),
        _mm256_extract_epi32::<1>(vector).cast_unsigned(),
        _mm256_extract_epi32::<2>(vector).cast_unsigned(),
        _mm256_extract_epi32::<3>(vector).cast_unsigned(),
        _mm256_extract_epi32::<4>(vector).cast_unsigned(),
        _mm256_extract_epi32::<5>(vector).cast_unsigned(),
        _mm256_extract_epi32::<6>(vector).cast_unsigned(),
        _mm256_extract_epi32::<7>(vector).cast_unsigned(),
    ]
}
