//! Streams of any number and lengths, dealt to the few lanes that a kernel has.

use core::array;

#[cfg(target_arch = "aarch64")]
use super::aarch64;
use super::{Block, Kernel, State, portable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, hybrid, shani};

/// The most lanes that any kernel has.
pub(super) const WIDEST: usize = 8;

/// Takes the streams on, at most `width` at a time; AVX2 is used while at least `least` have blocks left.
pub(super) fn advance(kernel: Kernel, width: usize, least: usize, states: &mut [State], runs: &[&[Block]]) {
    let kernel = if kernel.is_available() { kernel } else { Kernel::Portable };
    let width = width.clamp(1, WIDEST);
    let mut waiting = runs.iter().take(states.len()).enumerate().filter(|(_, run)| !run.is_empty());
    let mut lanes = [Lane::default(); WIDEST];
    let mut open = 0;
    loop {
        while open < width {
            let Some((at, &run)) = waiting.next() else { break };
            lanes[open] = Lane { at, run };
            open += 1;
        }
        if open == 0 {
            return;
        }
        step(kernel, least, states, &mut lanes[..open]);
        // Lanes that ended go behind those that did not.
        let mut kept = 0;
        for index in 0..open {
            if !lanes[index].run.is_empty() {
                lanes.swap(kept, index);
                kept += 1;
            }
        }
        open = kept;
    }
}

/// One stream on its way: the place of its state, and the blocks that it has left.
#[derive(Clone, Copy, Default)]
struct Lane<'a> {
    at: usize,
    run: &'a [Block],
}

/// Takes as many of the lanes on as the kernel can at once, until the first of them ends.
#[cfg_attr(
    not(target_arch = "x86_64"),
    allow(unused_variables, reason = "AVX2 alone asks how many are left")
)]
fn step(kernel: Kernel, least: usize, states: &mut [State], lanes: &mut [Lane<'_>]) {
    match (kernel, lanes.len()) {
        #[cfg(target_arch = "x86_64")]
        (Kernel::Hybrid, 4..) => together(states, lanes, hybrid::x4),
        #[cfg(target_arch = "x86_64")]
        (Kernel::Hybrid, 3) => together(states, lanes, hybrid::x3),
        #[cfg(target_arch = "x86_64")]
        (Kernel::Hybrid, 2) => together(states, lanes, hybrid::x2),
        #[cfg(target_arch = "x86_64")]
        (Kernel::ShaNi, 4..) => together::<4>(states, lanes, shani::advance),
        #[cfg(target_arch = "x86_64")]
        (Kernel::ShaNi, 3) => together::<3>(states, lanes, shani::advance),
        #[cfg(target_arch = "x86_64")]
        (Kernel::ShaNi, 2) => together::<2>(states, lanes, shani::advance),
        #[cfg(target_arch = "x86_64")]
        (Kernel::ShaNi | Kernel::Hybrid, _) => together::<1>(states, lanes, shani::advance),
        #[cfg(target_arch = "x86_64")]
        (Kernel::Avx2, count) if count >= least => together(states, lanes, avx2::advance),
        #[cfg(target_arch = "aarch64")]
        (Kernel::Aarch64, 4..) => together::<4>(states, lanes, aarch64::advance),
        #[cfg(target_arch = "aarch64")]
        (Kernel::Aarch64, 3) => together::<3>(states, lanes, aarch64::advance),
        #[cfg(target_arch = "aarch64")]
        (Kernel::Aarch64, 2) => together::<2>(states, lanes, aarch64::advance),
        #[cfg(target_arch = "aarch64")]
        (Kernel::Aarch64, _) => together::<1>(states, lanes, aarch64::advance),
        _ => together::<1>(states, lanes, portable::advance),
    }
}

/// Takes the first `N` lanes on by as many blocks as the shortest has; where there are fewer, the first lane's work is
/// done again in those that are idle.
fn together<const N: usize>(
    states: &mut [State],
    lanes: &mut [Lane<'_>],
    make: impl FnOnce(&mut [State; N], &[&[Block]; N]),
) {
    let used = lanes.len().min(N);
    let blocks = lanes[..used].iter().map(|lane| lane.run.len()).min().unwrap_or(0);
    let lane = |index: usize| lanes[if index < used { index } else { 0 }];
    let mut inner: [State; N] = array::from_fn(|index| states[lane(index).at]);
    let runs: [&[Block]; N] = array::from_fn(|index| &lane(index).run[..blocks]);
    make(&mut inner, &runs);
    for (lane, state) in lanes.iter_mut().zip(inner) {
        states[lane.at] = state;
        lane.run = &lane.run[blocks..];
    }
}

/// The number of blocks that all of the runs have.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn shortest(runs: &[&[Block]]) -> usize {
    runs.iter().map(|run| run.len()).min().unwrap_or(0)
}

/// One stream after the other: what a kernel does that finds itself on a processor without its instructions.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) fn in_turn(states: &mut [State], runs: &[&[Block]], blocks: usize) {
    for (state, run) in states.iter_mut().zip(runs) {
        portable::compress(state, &run[..blocks]);
    }
}
