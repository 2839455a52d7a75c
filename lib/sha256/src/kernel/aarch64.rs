//! The SHA-2 instructions of ARMv8, `N` independent streams interleaved.

use core::arch::aarch64::{
    uint32x4_t, vaddq_u32, vcombine_u64, vcreate_u64, vdupq_n_u32, vgetq_lane_u64, vreinterpretq_u8_u32,
    vreinterpretq_u32_u8, vreinterpretq_u32_u64, vreinterpretq_u64_u32, vrev32q_u8, vsha256h2q_u32,
    vsha256hq_u32, vsha256su0q_u32, vsha256su1q_u32,
};
use std::arch::is_aarch64_feature_detected;

use super::constants::K;
use super::lanes::{in_turn, shortest};
use super::{Block, State};

pub(super) fn is_available() -> bool {
    // The order of lanes below is the little-endian one.
    cfg!(target_endian = "little") && is_aarch64_feature_detected!("sha2")
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

// No closure in what follows, nor a function that takes one: it would be compiled without the instructions that its
// surroundings may use, and called where it should be inlined.

/// One stream's registers: words a to d and e to h, from the lowest lane up.
#[derive(Clone, Copy)]
struct Lane {
    abcd: uint32x4_t,
    efgh: uint32x4_t,
    /// The last sixteen words of the message schedule, a ring.
    words: [uint32x4_t; 4],
}

#[target_feature(enable = "neon,sha2")]
fn interleaved<const N: usize>(states: &mut [State; N], runs: &[&[Block]; N]) {
    let blocks = shortest(runs);
    let mut runs = *runs;
    for run in &mut runs {
        *run = &run[..blocks];
    }
    let zero = vdupq_n_u32(0);
    let mut lanes = [Lane { abcd: zero, efgh: zero, words: [zero; 4] }; N];
    for (lane, state) in lanes.iter_mut().zip(&*states) {
        let [a, b, c, d, e, f, g, h] = *state;
        lane.abcd = vector([a, b, c, d]);
        lane.efgh = vector([e, f, g, h]);
    }
    for index in 0..blocks {
        let before = lanes;
        // Four rounds of every stream. A macro, because the index must be known when this is compiled: a ring indexed
        // at run time would live in memory.
        macro_rules! rounds {
            ($($quarter:literal)*) => {$(
                let k = vector(K.0.as_chunks::<4>().0[$quarter]);
                for (lane, run) in lanes.iter_mut().zip(&runs) {
                    let word = if $quarter < 4 {
                        load(&run[index], $quarter)
                    } else {
                        let (m0, m1) = (lane.words[$quarter & 3], lane.words[($quarter + 1) & 3]);
                        let (m2, m3) = (lane.words[($quarter + 2) & 3], lane.words[($quarter + 3) & 3]);
                        vsha256su1q_u32(vsha256su0q_u32(m0, m1), m2, m3)
                    };
                    lane.words[$quarter & 3] = word;
                    let wk = vaddq_u32(word, k);
                    let abcd = lane.abcd;
                    lane.abcd = vsha256hq_u32(abcd, lane.efgh, wk);
                    lane.efgh = vsha256h2q_u32(lane.efgh, abcd, wk);
                }
            )*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for (lane, before) in lanes.iter_mut().zip(before) {
            lane.abcd = vaddq_u32(lane.abcd, before.abcd);
            lane.efgh = vaddq_u32(lane.efgh, before.efgh);
        }
    }
    for (state, lane) in states.iter_mut().zip(lanes) {
        let ([a, b, c, d], [e, f, g, h]) = (words(lane.abcd), words(lane.efgh));
        *state = [a, b, c, d, e, f, g, h];
    }
}

/// The four words of a quarter of the block, most significant byte first in memory.
#[inline]
#[target_feature(enable = "neon")]
fn load(block: &Block, quarter: usize) -> uint32x4_t {
    let chunk = u128::from_le_bytes(block.as_chunks::<16>().0[quarter]);
    let (low, high) = (chunk as u64, (chunk >> 64) as u64);
    let bytes = vreinterpretq_u32_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)));
    vreinterpretq_u32_u8(vrev32q_u8(vreinterpretq_u8_u32(bytes)))
}

#[inline]
#[target_feature(enable = "neon")]
fn vector([a, b, c, d]: [u32; 4]) -> uint32x4_t {
    let (low, high) = (u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32);
    vreinterpretq_u32_u64(vcombine_u64(vcreate_u64(low), vcreate_u64(high)))
}

#[inline]
#[target_feature(enable = "neon")]
fn words(vector: uint32x4_t) -> [u32; 4] {
    let halves = vreinterpretq_u64_u32(vector);
    let (low, high) = (vgetq_lane_u64::<0>(halves), vgetq_lane_u64::<1>(halves));
    [low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32]
}
