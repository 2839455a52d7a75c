//! Many whole messages at once.

use crate::kernel::{Block, INITIAL, Kernel, State};
use crate::stream::{Tail, bytes};

/// SHA-256 of each message, in their order.
///
/// Messages of any number and lengths; a lane that ends one takes the next. The padded ends of all go through the
/// lanes together: of a message of one kilobyte they are a sixteenth.
#[must_use]
pub fn hash_many(kernel: Kernel, messages: &[&[u8]]) -> Vec<[u8; 32]> {
    let mut states: Vec<State> = vec![INITIAL; messages.len()];
    let runs: Vec<&[Block]> = messages.iter().map(|message| message.as_chunks::<64>().0).collect();
    kernel.advance(&mut states, &runs);
    let tails: Vec<Tail> =
        messages.iter().map(|message| Tail::new(message.as_chunks::<64>().1, message.len() as u64)).collect();
    let runs: Vec<&[Block]> = tails.iter().map(Tail::blocks).collect();
    kernel.advance(&mut states, &runs);
    states.iter().map(bytes).collect()
}
