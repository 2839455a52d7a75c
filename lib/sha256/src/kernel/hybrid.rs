//! Rounds in SHA-NI, message schedule in AVX-512VL: two, three or four streams.
//!
//! The SHA instructions that compute the schedule take more of the processor than the rounds do. Plain vector
//! instructions do that work for eight blocks in the time, and on other parts of the processor, so that the rounds go on
//! beside it. A compiler does not keep the order that this needs: the bodies are assembler, and
//! `tests/hybrid/assembler.rs`, which writes them, says how they work.

use core::arch::naked_asm;
use core::mem::MaybeUninit;

use super::constants::K;
use super::lanes::{in_turn, shortest};
use super::{Block, State, shani};

pub(super) fn is_available() -> bool {
    // Miri has no assembler.
    !cfg!(miri)
        && shani::is_available()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
}

/// What the assembler reads: the round constants, and the order of bytes that makes words of them.
#[repr(C, align(64))]
struct Constants {
    k: [u32; 64],
    swap: [u8; 32],
}

static CONSTANTS: Constants = Constants {
    k: K.0,
    swap: {
        let mut swap = [0; 32];
        let mut at = 0;
        while at < 32 {
            // Within each half, the bytes of every word backwards.
            swap[at] = (at % 16) as u8 ^ 3;
            at += 1;
        }
        swap
    },
};

/// What the assembler writes for itself: W+K of two turns, eight units of 64 words each, and the states before a block.
#[repr(C, align(64))]
struct Scratch([u8; 2 * 8 * 64 * 4 + 4 * 32]);

/// A body: states, pointers to their blocks, turns, constants, scratch.
type Body<const N: usize> =
    unsafe extern "sysv64" fn(*mut [State; N], *const [*const u8; N], usize, *const Constants, *mut Scratch);

macro_rules! body {
    ($name:ident, $streams:literal, $file:literal) => {
        /// # Safety
        ///
        /// The processor has SHA-NI and AVX-512 F, BW and VL. `turns` is 1 or more; each pointer in `data` can be read
        /// for `turns` times the blocks of a turn; the other pointers are valid for what their types say.
        #[allow(unsafe_code, reason = "a function in assembler")]
        #[unsafe(naked)]
        unsafe extern "sysv64" fn $name(
            states: *mut [State; $streams],
            data: *const [*const u8; $streams],
            turns: usize,
            constants: *const Constants,
            scratch: *mut Scratch,
        ) {
            naked_asm!(include_str!($file), options(raw))
        }
    };
}

body!(body2, 2, "hybrid2.s");
body!(body3, 3, "hybrid3.s");
body!(body4, 4, "hybrid4.s");

/// Takes two streams on by as many blocks as both have.
pub(super) fn x2(states: &mut [State; 2], runs: &[&[Block]; 2]) {
    advance::<2, 4>(body2, states, runs);
}

/// Takes three streams on by as many blocks as all of them have.
pub(super) fn x3(states: &mut [State; 3], runs: &[&[Block]; 3]) {
    advance::<3, 2>(body3, states, runs);
}

/// Takes four streams on by as many blocks as all of them have.
pub(super) fn x4(states: &mut [State; 4], runs: &[&[Block]; 4]) {
    advance::<4, 2>(body4, states, runs);
}

/// Whole turns of `TURN` blocks by `body`, and what is left by SHA-NI alone.
#[allow(unsafe_code, reason = "calls assembler, which needs instructions that only some processors have")]
fn advance<const N: usize, const TURN: usize>(body: Body<N>, states: &mut [State; N], runs: &[&[Block]; N]) {
    let blocks = shortest(runs);
    if !is_available() {
        return in_turn(states, runs, blocks);
    }
    let turns = blocks / TURN;
    if turns > 0 {
        // The order that the SHA unit has words in, from the lowest lane up.
        let mut ordered = states.map(|[a, b, c, d, e, f, g, h]| [f, e, b, a, h, g, d, c]);
        let data = runs.map(|run| run.as_ptr().cast::<u8>());
        let mut scratch = MaybeUninit::<Scratch>::uninit();
        // SAFETY: the processor was asked for the instructions above. There is a turn at least, and every run has
        // `turns * TURN` blocks, since the shortest has. A body reads of `scratch` what it wrote there before.
        unsafe { body(&raw mut ordered, &raw const data, turns, &raw const CONSTANTS, scratch.as_mut_ptr()) };
        *states = ordered.map(|[f, e, b, a, h, g, d, c]| [a, b, c, d, e, f, g, h]);
    }
    let rest: [&[Block]; N] = runs.map(|run| &run[turns * TURN..blocks]);
    if blocks > turns * TURN {
        shani::advance(states, &rest);
    }
}

#[cfg(test)]
mod tests {
    use core::arch::asm;

    use super::*;

    /// Calls `body` for one turn with marks in the registers that it has to leave as they are, and says whether they
    /// and the stack pointer were: 0, or some bits that differ.
    #[allow(unsafe_code, reason = "looks at registers")]
    fn changed<const N: usize>(body: Body<N>) -> u64 {
        let mut states = [super::super::INITIAL; N];
        let data = [[0u8; 64]; 4];
        let pointers = [data.as_ptr().cast::<u8>(); N];
        let mut scratch = MaybeUninit::<Scratch>::uninit();
        let changed: u64;
        // SAFETY: the caller asked the processor for the instructions; a turn has four blocks at most. Registers that
        // the compiler may not be told about, rbx and rbp, are put back.
        unsafe {
            asm!(
                "push rbx",
                "push rbp",
                "push rsp",
                "movabs rbx, 0x0123456789abcdef",
                "lea rbp, [rbx + 1]",
                "lea r12, [rbx + 2]",
                "lea r13, [rbx + 3]",
                "lea r14, [rbx + 4]",
                "lea r15, [rbx + 5]",
                "call rax",
                // The pushed value is the stack pointer as it was before it was pushed.
                "pop rax",
                "xor rax, rsp",
                "movabs rcx, 0x0123456789abcdef",
                "xor rbx, rcx",
                "or rax, rbx",
                "inc rcx",
                "xor rbp, rcx",
                "or rax, rbp",
                "inc rcx",
                "xor r12, rcx",
                "or rax, r12",
                "inc rcx",
                "xor r13, rcx",
                "or rax, r13",
                "inc rcx",
                "xor r14, rcx",
                "or rax, r14",
                "inc rcx",
                "xor r15, rcx",
                "or rax, r15",
                "pop rbp",
                "pop rbx",
                inout("rax") body => changed,
                in("rdi") &raw mut states,
                in("rsi") &raw const pointers,
                in("rdx") 1usize,
                in("rcx") &raw const CONSTANTS,
                in("r8") scratch.as_mut_ptr(),
                out("r12") _, out("r13") _, out("r14") _, out("r15") _,
                clobber_abi("sysv64"),
            );
        }
        changed
    }

    #[test]
    fn bodies_keep_the_registers_that_are_not_theirs() {
        if !is_available() {
            use std::io::Write;
            drop(writeln!(std::io::stderr(), "skipped: hybrid: this processor has no SHA-NI with AVX-512"));
            return;
        }
        assert_eq!((changed(body2), changed(body3), changed(body4)), (0, 0, 0));
    }
}
