//! Every kernel and width against the standard, word by word, and against the `sha2` crate.

mod common;

use common::{Random, compress, digests, each_kernel, each_width, reference, streamed};
use mlbom_sha256::kernel::{self, Block, INITIAL, State};
use mlbom_sha256::{Kernel, Stream, hash_many};

/// Smaller where an interpreter runs this, which takes a twentieth of a second for a block.
const fn size(normal: usize, interpreted: usize) -> usize {
    if cfg!(miri) { interpreted } else { normal }
}

/// A state, its run of blocks, and what comes of them.
fn check(kernel: Kernel, width: usize, lengths: &[usize], random: &mut Random, how: &str) {
    // One byte too many in front: blocks that are not aligned to anything.
    let data: Vec<Vec<u8>> = lengths.iter().map(|&blocks| random.bytes(1 + 64 * blocks)).collect();
    let runs: Vec<&[Block]> = data.iter().map(|bytes| bytes[1..].as_chunks::<64>().0).collect();
    let start: Vec<State> = lengths.iter().map(|_| std::array::from_fn(|_| random.word() as u32)).collect();
    let mut states = start.clone();
    kernel::advance_width(kernel, width, &mut states, &runs);
    for (index, (state, run)) in states.iter().zip(&runs).enumerate() {
        let mut want = start[index];
        compress(&mut want, run);
        assert_eq!(*state, want, "{how}: {} x{width}, stream {index}, runs {lengths:?}", kernel.name());
    }
}

#[test]
fn the_standards_rules_give_the_known_answer() {
    // What the others are held to must itself be right: the one-block example "abc" (FIPS 180-4).
    let mut block = [0; 64];
    (block[..4]).copy_from_slice(b"abc\x80");
    block[63] = 24;
    let mut state = INITIAL;
    compress(&mut state, &[block]);
    assert_eq!(state[0], 0xba78_16bf);
    assert_eq!(state[7], 0xf200_15ad);
}

#[test]
fn every_number_of_blocks() {
    each_width(|kernel, width| {
        let random = &mut Random::new(1);
        for blocks in (0..=size(70, 2)).chain([127, 128, 129, 1000].into_iter().take(size(4, 0))) {
            check(kernel, width, &vec![blocks; width], random, "equal");
        }
    });
}

#[test]
fn every_number_of_streams() {
    each_width(|kernel, width| {
        let random = &mut Random::new(2);
        for streams in (0..=size(19, 9)).step_by(size(1, 3)) {
            check(kernel, width, &vec![size(3, 1); streams], random, "streams");
        }
    });
}

#[test]
fn unequal_runs() {
    each_width(|kernel, width| {
        let random = &mut Random::new(3);
        for _ in 0..size(200, 2) {
            let lengths: Vec<usize> =
                (0..random.below(size(14, 6))).map(|_| random.below(size(40, 4))).collect();
            check(kernel, width, &lengths, random, "unequal");
        }
    });
}

#[test]
fn states_and_runs_of_different_numbers() {
    each_kernel(|kernel| {
        let data = [[7; 64]; 4];
        let mut want = INITIAL;
        compress(&mut want, &data);
        let mut states = [INITIAL; 5];
        kernel.advance(&mut states, &[&data[..]; 3]);
        assert_eq!(states, [want, want, want, INITIAL, INITIAL], "{}", kernel.name());
        let mut states = [INITIAL; 2];
        kernel.advance(&mut states, &[&data[..]; 9]);
        assert_eq!(states, [want; 2], "{}", kernel.name());
        kernel.advance(&mut [], &[&data[..]]);
    });
}

#[test]
fn a_width_that_a_kernel_has_not_is_no_fault() {
    for kernel in Kernel::ALL {
        for width in [0, 5, usize::MAX, 1, 8, 9].into_iter().take(size(6, 3)) {
            let lengths: Vec<usize> = (1..=size(9, 2)).collect();
            check(kernel, width, &lengths, &mut Random::new(4), "odd width");
        }
    }
}

#[test]
fn a_kernel_that_is_not_here_still_hashes() {
    for kernel in Kernel::ALL {
        let message = [5; 200];
        assert_eq!(hash_many(kernel, &[&message]), [reference(&message)], "{}", kernel.name());
        assert!(kernel.width() >= 1);
    }
}

#[test]
fn every_length_of_message() {
    let random = &mut Random::new(5);
    let data = random.bytes(20_000);
    let mut lengths: Vec<usize> = (0..=size(2200, 200)).step_by(size(1, 37)).collect();
    for index in (1..lengths.len()).rev() {
        lengths.swap(index, random.below(index + 1));
    }
    let messages: Vec<&[u8]> = lengths.iter().map(|&length| &data[random.below(4099)..][..length]).collect();
    let want: Vec<[u8; 32]> = messages.iter().map(|message| reference(message)).collect();
    each_kernel(|kernel| {
        for ((digest, want), length) in hash_many(kernel, &messages).iter().zip(&want).zip(&lengths) {
            assert_eq!(digest, want, "{}: {length} bytes", kernel.name());
        }
    });
    each_width(|kernel, width| {
        assert!(digests(kernel, width, &messages) == want, "{} x{width}", kernel.name());
    });
}

#[test]
fn random_batches() {
    each_kernel(|kernel| {
        let random = &mut Random::new(6);
        let data = random.bytes(size(300_000, 6000));
        for batch in 0..size(400, 2) {
            let messages: Vec<&[u8]> = (0..random.below(size(12, 6)))
                .map(|_| {
                    let bits = random.below(size(18, 9));
                    let length = random.below(1 << bits);
                    &data[random.below(3000)..][..length]
                })
                .collect();
            for (message, digest) in messages.iter().zip(hash_many(kernel, &messages)) {
                assert_eq!(
                    digest,
                    reference(message),
                    "{}: batch {batch}, {} bytes",
                    kernel.name(),
                    message.len()
                );
            }
        }
    });
}

#[test]
fn streams_in_random_pieces() {
    each_kernel(|kernel| {
        let random = &mut Random::new(7);
        let data = random.bytes(size(40_000, 300));
        for batch in 0..size(60, 2) {
            let count = random.below(size(20, 6));
            let mut streams = vec![Stream::new(); count];
            let mut taken = vec![0; count];
            let ends: Vec<usize> = (0..count).map(|_| random.below(data.len())).collect();
            while taken != ends {
                // Also none at all, one byte, the end of a block, and more than a block.
                let reach = [1, 2, 64, 65, 130, 3000][random.below(6)];
                let pieces: Vec<&[u8]> = taken
                    .iter_mut()
                    .zip(&ends)
                    .map(|(at, end)| {
                        let start = *at;
                        *at = end.min(&(start + random.below(reach + 1))).to_owned();
                        &data[start..*at]
                    })
                    .collect();
                let mut all: Vec<&mut Stream> = streams.iter_mut().collect();
                Stream::update_many(kernel, &mut all, &pieces);
            }
            let mut together = vec![[0; 32]; count];
            Stream::finish_many(kernel, &streams.iter().collect::<Vec<_>>(), &mut together);
            for ((stream, end), digest) in streams.into_iter().zip(ends).zip(together) {
                assert_eq!(stream.length(), end as u64);
                assert_eq!(digest, reference(&data[..end]), "{}: batch {batch}, {end} bytes", kernel.name());
                assert_eq!(stream.finish(kernel), digest);
            }
        }
    });
}

#[test]
fn one_stream_at_every_split() {
    let data = Random::new(8).bytes(200);
    each_kernel(|kernel| {
        for at in (0..=data.len()).step_by(size(1, 67)) {
            let (head, rest) = data.split_at(at);
            assert_eq!(streamed(kernel, [head, rest]), reference(&data), "{}: split at {at}", kernel.name());
        }
    });
}

#[test]
fn streams_and_data_of_different_numbers() {
    each_kernel(|kernel| {
        let (mut a, mut b) = (Stream::new(), Stream::new());
        Stream::update_many(kernel, &mut [&mut a, &mut b], &[&[1; 100]]);
        Stream::update_many(kernel, &mut [&mut a], &[&[2; 30], &[3; 500]]);
        assert_eq!((a.length(), b.length()), (130, 0));
        assert_eq!(b.finish(kernel), reference(b""));
        let message = [&[1; 100][..], &[2; 30][..]].concat();
        assert_eq!(a.finish(kernel), reference(&message));
        Stream::finish_many(kernel, &[], &mut [[0; 32]]);
        Stream::finish_many(kernel, &[&Stream::new()], &mut []);
    });
}
