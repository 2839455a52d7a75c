//! Streams of any number and lengths, in any pieces, through every kernel and width, against the library for one stream.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use mlbom_sha256::kernel::{self, INITIAL, State};
use mlbom_sha256::{Kernel, Stream, hash_many, sha256};

#[derive(Arbitrary, Debug)]
struct Case {
    kernel: u8,
    width: u8,
    messages: Vec<Message>,
    /// How many bytes each stream gets in a round; streams and rounds go through them in turn.
    pieces: Vec<u16>,
    /// Streams that a round leaves out at the end, and data that it has too much of.
    uneven: u8,
}

#[derive(Arbitrary, Debug)]
struct Message {
    from: u16,
    length: u16,
}

const MOST_MESSAGES: usize = 40;
/// Enough for the turns of every kernel, and for lanes to take a next message.
const MOST_BYTES: usize = 3000;

static DATA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 56) as u8
    };
    (0..usize::from(u16::MAX) + MOST_BYTES).map(|_| next()).collect()
});

fuzz_target!(|case: Case| {
    let kernel = Kernel::ALL[usize::from(case.kernel) % Kernel::ALL.len()];
    let messages: Vec<&[u8]> = case
        .messages
        .iter()
        .take(MOST_MESSAGES)
        // A copy of its own: the sanitizer sees whoever reads behind it.
        .map(|message| &DATA[usize::from(message.from)..][..usize::from(message.length) % MOST_BYTES])
        .collect();
    let copies: Vec<Box<[u8]>> = messages.iter().map(|message| Box::from(*message)).collect();
    let messages: Vec<&[u8]> = copies.iter().map(AsRef::as_ref).collect();
    let want: Vec<[u8; 32]> = messages.iter().map(|message| sha256(message)).collect();

    assert_eq!(hash_many(kernel, &messages), want, "{kernel:?}: whole");
    assert_eq!(advanced(kernel, usize::from(case.width), &messages), want, "{kernel:?}: x{}", case.width);
    assert_eq!(streamed(kernel, &case, &messages), want, "{kernel:?}: in pieces");
});

/// By the kernel alone; the padding is put there here.
fn advanced(make: Kernel, width: usize, messages: &[&[u8]]) -> Vec<[u8; 32]> {
    let padded: Vec<Vec<u8>> = messages
        .iter()
        .map(|message| {
            let mut bytes = message.to_vec();
            bytes.push(0x80);
            bytes.resize((bytes.len() + 8).next_multiple_of(64) - 8, 0);
            bytes.extend((message.len() as u64 * 8).to_be_bytes());
            bytes
        })
        .collect();
    let runs: Vec<_> = padded.iter().map(|bytes| bytes.as_chunks::<64>().0).collect();
    let mut states: Vec<State> = vec![INITIAL; runs.len()];
    kernel::advance_width(make, width, &mut states, &runs);
    let mut again = vec![INITIAL; runs.len()];
    make.advance(&mut again, &runs);
    assert_eq!(states, again, "{make:?}: x{width}, and as wide as it likes");
    let bytes = |state: &State| std::array::from_fn(|at| state[at / 4].to_be_bytes()[at % 4]);
    states.iter().map(bytes).collect()
}

fn streamed(kernel: Kernel, case: &Case, messages: &[&[u8]]) -> Vec<[u8; 32]> {
    let mut streams = vec![Stream::new(); messages.len()];
    let mut taken = vec![0; messages.len()];
    // Should the case give none a piece, all the rest at once.
    let mut pieces = case.pieces.iter().map(|piece| usize::from(*piece)).chain(std::iter::repeat(MOST_BYTES));
    let mut uneven = case.uneven;
    while taken.iter().zip(messages).any(|(taken, message)| *taken < message.len()) {
        // Without these the round has all of them.
        let streams_left_out = usize::from(uneven & 3).min(messages.len());
        let data_left_out = usize::from(uneven >> 2 & 3).min(messages.len());
        uneven = 0;
        let mut data: Vec<&[u8]> = Vec::with_capacity(messages.len());
        for (taken, message) in taken.iter().zip(messages) {
            let rest = &message[*taken..];
            data.push(&rest[..pieces.next().unwrap_or(MOST_BYTES).min(rest.len())]);
        }
        data.truncate(messages.len() - data_left_out);
        let with = messages.len() - streams_left_out;
        for (taken, piece) in taken[..with].iter_mut().zip(&data) {
            *taken += piece.len();
        }
        let mut some: Vec<&mut Stream> = streams[..with].iter_mut().collect();
        Stream::update_many(kernel, &mut some, &data);
    }
    let mut digests = vec![[0; 32]; messages.len()];
    Stream::finish_many(kernel, &streams.iter().collect::<Vec<_>>(), &mut digests);
    for ((stream, message), digest) in streams.into_iter().zip(messages).zip(&digests) {
        assert_eq!(stream.length(), message.len() as u64);
        assert_eq!(stream.finish(kernel), *digest, "{kernel:?}: one by one");
    }
    digests
}
