//! Any processor: the compression function of the `sha2` crate, one stream after the other.

use sha2::block_api::compress256;

use super::{Block, State};

/// Takes one stream on.
pub(super) fn advance(states: &mut [State; 1], runs: &[&[Block]; 1]) {
    compress(&mut states[0], runs[0]);
}

pub(super) fn compress(state: &mut State, run: &[Block]) {
    compress256(state, run);
}
