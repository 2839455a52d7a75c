//! The assembler of the hybrid kernel: written by [`assembler`], tried by [`interpreter`].

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part of this module")]

pub mod assembler;
pub mod interpreter;
pub mod memory;

/// Streams, blocks of each in a turn, and the text that the crate is built from.
pub const CHECKED_IN: [(usize, usize, &str); 3] = [
    (2, 4, include_str!("../../src/kernel/hybrid2.s")),
    (3, 2, include_str!("../../src/kernel/hybrid3.s")),
    (4, 2, include_str!("../../src/kernel/hybrid4.s")),
];
