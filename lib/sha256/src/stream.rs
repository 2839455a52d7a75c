//! A message that arrives in pieces, hashed beside others.

use core::array;

use crate::kernel::{Block, INITIAL, Kernel, State};

/// A running SHA-256 that can be taken on together with others.
///
/// Alone it is no faster than [`Sha256`](crate::Sha256); several of them in one [`update_many`](Self::update_many) are.
#[derive(Clone, Debug)]
pub struct Stream {
    state: State,
    /// The bytes after the last whole block: the first `length % 64`.
    partial: Block,
    length: u64,
}

/// So many streams are sorted out at a time, on the stack: enough for any kernel to find its lanes full.
const BATCH: usize = 16;

impl Stream {
    /// Starts with no bytes taken in.
    #[must_use]
    pub const fn new() -> Self {
        Self { state: INITIAL, partial: [0; 64], length: 0 }
    }

    /// The number of bytes taken in.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Takes in the next bytes of this stream alone.
    pub fn update(&mut self, kernel: Kernel, bytes: &[u8]) {
        Self::update_many(kernel, &mut [self], &[bytes]);
    }

    /// Takes in the next bytes of each stream, of any lengths; a stream without bytes, or bytes without a stream, are
    /// left alone.
    pub fn update_many(kernel: Kernel, streams: &mut [&mut Self], data: &[&[u8]]) {
        for (streams, data) in streams.chunks_mut(BATCH).zip(data.chunks(BATCH)) {
            update_batch(kernel, streams, data);
        }
    }

    /// The digest of all bytes taken in.
    #[must_use]
    pub fn finish(self, kernel: Kernel) -> [u8; 32] {
        let mut digest = [[0; 32]];
        Self::finish_many(kernel, &[&self], &mut digest);
        digest[0]
    }

    /// The digests of all bytes taken in by each stream, into the place that each has in `digests`.
    pub fn finish_many(kernel: Kernel, streams: &[&Self], digests: &mut [[u8; 32]]) {
        for (streams, digests) in streams.chunks(BATCH).zip(digests.chunks_mut(BATCH)) {
            let mut states: [State; BATCH] =
                array::from_fn(|at| streams.get(at).map_or(INITIAL, |stream| stream.state));
            let tails: [Tail; BATCH] =
                array::from_fn(|at| streams.get(at).map_or_else(Tail::none, |stream| stream.tail()));
            let runs: [&[Block]; BATCH] = array::from_fn(|at| tails[at].blocks());
            kernel.advance(&mut states, &runs);
            for ((digest, state), _) in digests.iter_mut().zip(&states).zip(streams) {
                *digest = bytes(state);
            }
        }
    }

    fn tail(&self) -> Tail {
        Tail::new(&self.partial[..self.held()], self.length)
    }

    /// How many bytes wait for their block to be whole.
    fn held(&self) -> usize {
        (self.length % 64) as usize
    }
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

/// A started block is filled first; then whole blocks go where they are, without a copy; the rest waits.
fn update_batch(kernel: Kernel, streams: &mut [&mut Stream], data: &[&[u8]]) {
    let mut rests = [&[][..]; BATCH];
    let mut states = [INITIAL; BATCH];
    let mut filled = [false; BATCH];
    for (at, (stream, &bytes)) in streams.iter_mut().zip(data).enumerate() {
        let held = stream.held();
        let (first, rest) = bytes.split_at(if held == 0 { 0 } else { bytes.len().min(64 - held) });
        stream.partial[held..held + first.len()].copy_from_slice(first);
        stream.length = stream.length.wrapping_add(bytes.len() as u64);
        filled[at] = held + first.len() == 64;
        states[at] = stream.state;
        rests[at] = rest;
    }
    if filled.contains(&true) {
        let mut runs = [&[][..]; BATCH];
        for (run, (stream, filled)) in runs.iter_mut().zip(streams.iter().zip(filled)) {
            *run = if filled { core::slice::from_ref(&stream.partial) } else { &[] };
        }
        kernel.advance(&mut states, &runs);
    }
    let mut runs = [&[][..]; BATCH];
    for (run, rest) in runs.iter_mut().zip(rests) {
        *run = rest.as_chunks::<64>().0;
    }
    kernel.advance(&mut states, &runs);
    for ((stream, state), rest) in streams.iter_mut().zip(states).zip(rests).take(data.len()) {
        stream.state = state;
        let left = rest.as_chunks::<64>().1;
        // Nothing left is also what a block has that is still being filled: its bytes stay.
        stream.partial[..left.len()].copy_from_slice(left);
    }
}

/// The end of a message with its padding (FIPS 180-4, 5.1.1): one block, or two.
pub(crate) struct Tail {
    blocks: [Block; 2],
    used: usize,
}

impl Tail {
    /// `rest` is what follows the last whole block, shorter than a block; `length` counts the bytes of the message.
    pub(crate) fn new(rest: &[u8], length: u64) -> Self {
        let mut blocks = [[0; 64]; 2];
        // The mark, and eight bytes of length.
        let used = if rest.len() + 1 + 8 <= 64 { 1 } else { 2 };
        let bytes = blocks.as_flattened_mut();
        bytes[..rest.len()].copy_from_slice(rest);
        bytes[rest.len()] = 0x80;
        // The standard has no message of 2^64 bits or more.
        bytes[64 * used - 8..64 * used].copy_from_slice(&length.wrapping_mul(8).to_be_bytes());
        Self { blocks, used }
    }

    fn none() -> Self {
        Self { blocks: [[0; 64]; 2], used: 0 }
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks[..self.used]
    }
}

/// The digest that a last chaining value is (FIPS 180-4, 6.2.2).
pub(crate) fn bytes(state: &State) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *to = word.to_be_bytes();
    }
    bytes
}
