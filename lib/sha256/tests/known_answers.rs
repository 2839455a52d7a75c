//! Every kernel and width against answers that others published.

mod common;

use common::{Random, digests, each_kernel, each_width, hex, needs, say, streamed, unhex};
use mlbom_sha256::kernel::{self, Block, INITIAL};
use mlbom_sha256::{Kernel, hash_many};

/// NIST, "Cryptographic Standards and Guidelines", example values of SHA-256, and the empty message.
const EXAMPLES: [(&str, &str); 4] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    ),
];
/// One million times the letter a (the same source).
const MILLION: &str = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

/// Says what the other tests of this crate have tried here, and what not.
#[test]
fn kernels_run_and_kernels_skipped() {
    for kernel in Kernel::ALL {
        if kernel.is_available() {
            say(&format!(
                "run: {}: widths {:?}, wants {} streams",
                kernel.name(),
                kernel.widths(),
                kernel.width()
            ));
        } else {
            say(&format!("skipped: {}: this processor has no {}", kernel.name(), needs(kernel)));
        }
    }
    let best = Kernel::best();
    assert!(best.is_available());
    assert_eq!(Kernel::ALL.into_iter().find(|kernel| kernel.is_available()), Some(best));
}

/// Where a test is to run certain kernels (an emulator that was chosen for them), `MLBOM_KERNELS` names them, and their
/// absence is a failure.
#[test]
#[cfg_attr(miri, ignore = "reads the environment")]
fn kernels_that_were_asked_for_are_here() {
    let wanted = std::env::var("MLBOM_KERNELS").unwrap_or_default();
    for name in wanted.split_whitespace() {
        let kernel = Kernel::parse(name).unwrap_or_else(|| panic!("{name}: no such kernel"));
        assert!(kernel.is_available(), "{name}: this processor has no {}", needs(kernel));
    }
}

#[test]
fn names_are_read_back() {
    for kernel in Kernel::ALL {
        assert_eq!(Kernel::parse(kernel.name()), Some(kernel));
    }
    for other in ["", "Hybrid", "sha_ni", "sha-ni ", "avx512"] {
        assert_eq!(Kernel::parse(other), None, "{other:?}");
    }
}

#[test]
fn examples_of_the_standard() {
    let messages = EXAMPLES.map(|(message, _)| message.as_bytes());
    let wanted = EXAMPLES.map(|(_, digest)| digest);
    let shown = |digests: Vec<[u8; 32]>| digests.iter().map(|digest| hex(digest)).collect::<Vec<_>>();
    each_width(|kernel, width| {
        assert_eq!(shown(digests(kernel, width, &messages)), wanted, "{} x{width}", kernel.name());
        // All lanes with the same message, so that each lane of each width has each of them.
        for (message, want) in messages.iter().zip(wanted) {
            let same = shown(digests(kernel, width, &vec![*message; width]));
            assert!(same.iter().all(|digest| digest == want), "{} x{width}: {same:?}", kernel.name());
        }
    });
    each_kernel(|kernel| {
        assert_eq!(shown(hash_many(kernel, &messages)), wanted);
        for (message, want) in messages.iter().zip(wanted) {
            assert_eq!(hex(&streamed(kernel, message.chunks(7))), want);
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "too long for it")]
fn one_million_letters() {
    let message = vec![b'a'; 1_000_000];
    each_width(|kernel, width| {
        for digest in digests(kernel, width, &vec![&message[..]; width]) {
            assert_eq!(hex(&digest), MILLION, "{} x{width}", kernel.name());
        }
    });
    each_kernel(|kernel| {
        assert_eq!(hex(&streamed(kernel, message.chunks(9999))), MILLION, "{}", kernel.name());
    });
}

/// Messages with their digests, from a response file of the NIST Cryptographic Algorithm Validation Program.
fn responses(file: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut length = 0;
    let mut message = Vec::new();
    let mut responses = Vec::new();
    for line in file.lines() {
        match line.trim().split_once(" = ") {
            Some(("Len", bits)) => length = bits.parse::<usize>().expect("a number") / 8,
            Some(("Msg", text)) => {
                message = unhex(text);
                // The empty message is written as one zero byte.
                message.truncate(length);
                assert_eq!(message.len(), length);
            }
            Some(("MD", digest)) => responses.push((std::mem::take(&mut message), unhex(digest))),
            _ => {}
        }
    }
    responses
}

#[test]
#[cfg_attr(miri, ignore = "too long for it")]
fn nist_short_and_long_messages() {
    let mut cases = responses(include_str!("vectors/nist-cavp/SHA256ShortMsg.rsp"));
    assert_eq!(cases.len(), 65);
    cases.extend(responses(include_str!("vectors/nist-cavp/SHA256LongMsg.rsp")));
    assert_eq!(cases.len(), 65 + 64);
    let messages: Vec<&[u8]> = cases.iter().map(|(message, _)| &message[..]).collect();
    let check = |digests: Vec<[u8; 32]>, what: &str| {
        assert_eq!(digests.len(), cases.len());
        for ((message, want), digest) in cases.iter().zip(digests) {
            assert_eq!(digest[..], want[..], "{what}: {} bytes", message.len());
        }
    };
    each_width(|kernel, width| {
        check(digests(kernel, width, &messages), &format!("{} x{width}", kernel.name()));
    });
    each_kernel(|kernel| {
        check(hash_many(kernel, &messages), kernel.name());
        let random = &mut Random::new(1);
        check(
            messages.iter().map(|message| streamed(kernel, message.chunks(1 + random.below(200)))).collect(),
            "in pieces",
        );
    });
}

/// The Secure Hash Algorithm Validation System, 6.4: a thousand digests on, each of the three before it. Every lane
/// does the same work: a chain has but one.
#[test]
#[cfg_attr(miri, ignore = "too long for it")]
fn nist_monte_carlo() {
    let file = include_str!("vectors/nist-cavp/SHA256Monte.rsp");
    let values = |name: &str| -> Vec<[u8; 32]> {
        let of = |line: &str| {
            let (key, value) = line.trim().split_once(" = ")?;
            (key == name).then(|| unhex(value).try_into().expect("32 bytes"))
        };
        file.lines().filter_map(of).collect()
    };
    let (first, checkpoints) = (values("Seed")[0], values("MD"));
    assert_eq!(checkpoints.len(), 100);
    each_width(|kernel, width| {
        let mut seed = first;
        for (count, want) in checkpoints.iter().enumerate() {
            let mut last = [seed; 3];
            for _ in 0..1000 {
                // Three digests, the mark, and their 768 bits.
                let mut blocks: [Block; 2] = [[0; 64]; 2];
                let bytes = blocks.as_flattened_mut();
                bytes[..96].copy_from_slice(last.as_flattened());
                bytes[96] = 0x80;
                bytes[126] = 3;
                let mut states = [INITIAL; 8];
                kernel::advance_width(kernel, width, &mut states[..width], &[&blocks[..]; 8][..width]);
                assert!(states[..width].iter().all(|state| *state == states[0]), "lanes differ");
                let mut digest = [0; 32];
                for (to, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(states[0]) {
                    *to = word.to_be_bytes();
                }
                last = [last[1], last[2], digest];
            }
            seed = last[2];
            assert_eq!(seed, *want, "{} x{width}: count {count}", kernel.name());
        }
    });
}
