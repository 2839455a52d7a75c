//! Which files each part hashes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::str::FromStr;

use crate::path::RelPath;

/// The most parts that a model is hashed in.
pub const MAX_PARTS: u32 = 10_000;

/// What opening a file counts, in bytes read: without it, one part would get all files that are empty. About what a
/// network file system delivers while it answers an open. Every machine has to have the same number.
const FILE_BYTES: u128 = 64 << 10;

/// Part `number` of `count`, counted from 1. Written `2/7`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share {
    number: u32,
    count: u32,
}

/// Text or numbers that are no share.
#[derive(Debug, thiserror::Error)]
#[error("part {0}, I/N with 1 <= I <= N <= {MAX_PARTS} was wanted")]
pub struct NotAShare(String);

impl Share {
    /// Part `number` of `count`.
    pub fn new(number: u32, count: u32) -> Result<Self, NotAShare> {
        if (1..=count).contains(&number) && count <= MAX_PARTS {
            Ok(Self { number, count })
        } else {
            Err(NotAShare(format!("{number}/{count}")))
        }
    }

    /// For numbers that [`Share::new`] took before.
    pub(super) const fn known(number: u32, count: u32) -> Self {
        Self { number, count }
    }

    /// Which part, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How many parts there are.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }
}

impl FromStr for Share {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<Self, NotAShare> {
        // Digits only: `parse` alone takes `+1`.
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        };
        text.split_once('/')
            .and_then(|(part, parts)| Self::new(number(part)?, number(parts)?).ok())
            .ok_or_else(|| NotAShare(format!("{:?}", text.chars().take(40).collect::<String>())))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// The number of the part, from 1 to `count`, that hashes each of `files` (path, size): the longest file first, each to
/// the part with the least to do, the first of those. Files of one size go by path, so the order of `files` does not
/// matter.
#[must_use]
pub fn shares(files: &[(&RelPath, u64)], count: u32) -> Vec<u32> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_unstable_by_key(|&at| (Reverse(files[at].1), files[at].0));
    let mut loads: BinaryHeap<Reverse<(u128, u32)>> =
        (1..=count.max(1)).map(|part| Reverse((0, part))).collect();
    let mut shares = vec![1; files.len()];
    for at in order {
        let Some(mut least) = loads.peek_mut() else { break };
        shares[at] = least.0.1;
        least.0.0 += u128::from(files[at].1) + FILE_BYTES;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_shares() {
        for text in [
            "", "1", "0/1", "2/1", "1/0", "0/0", "+1/2", "1/+2", "1/2/3", " 1/2", "1/2 ", "-1/2", "a/b",
            "1/10001",
        ] {
            assert!(text.parse::<Share>().is_err(), "{text:?}");
        }
        assert!("1/99999999999999999999".parse::<Share>().is_err());
        for text in ["1/1", "7/7", "10000/10000"] {
            assert_eq!(text.parse::<Share>().expect(text).to_string(), text);
        }
    }

    /// Numbers that look random and are the same in every run (xorshift).
    fn numbers() -> impl FnMut() -> u64 {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        }
    }

    #[test]
    fn balanced_and_the_same_for_any_order() {
        let mut next = numbers();
        for round in 0..60_u64 {
            let total = usize::try_from(next() % 200).expect("small");
            let paths: Vec<RelPath> =
                (0..total).map(|at| RelPath::parse(&format!("d{}/{at}", at % 7)).expect("a path")).collect();
            // Shards of one size with small change, or anything from nothing to a terabyte.
            let sizes: Vec<u64> = (0..total)
                .map(|_| if round % 2 == 0 { (5 << 30) * (next() % 2) } else { next() >> (24 + next() % 40) })
                .collect();
            let files: Vec<_> = paths.iter().zip(sizes.iter().copied()).collect();
            let count = u32::try_from(1 + next() % 12).expect("small");
            let found = shares(&files, count);
            let weight = |at: usize| u128::from(files[at].1) + FILE_BYTES;
            let load = |part: u32| (0..total).filter(|&at| found[at] == part).map(weight).sum::<u128>();
            assert!(found.iter().all(|part| (1..=count).contains(part)));
            let most = (1..=count).map(load).max().unwrap_or(0);
            let (whole, longest): (u128, u128) =
                ((0..total).map(weight).sum(), (0..total).map(weight).max().unwrap_or(0));
            let ideal = whole.div_ceil(u128::from(count));
            // Graham's bound is the tighter one, and holds whatever the best would be.
            assert!(
                most <= ideal + longest && most <= ideal * 4 / 3 + longest,
                "{most} of {ideal}, {longest}"
            );
            let mut turned = files.clone();
            turned.reverse();
            let mut other = shares(&turned, count);
            other.reverse();
            assert_eq!(found, other, "another order of the same files");
        }
    }

    #[test]
    fn as_documented() {
        let paths: Vec<_> =
            ["a", "b", "c", "d", "e"].map(|path| RelPath::parse(path).expect("a path")).into();
        let files: Vec<_> = paths.iter().zip([0, 9 << 20, 5 << 20, 5 << 20, 0]).collect();
        // b to 1; c, d to 2 and 3; then the empty ones by path, to the least loaded: 2, then 3.
        assert_eq!(shares(&files, 3), [2, 1, 2, 3, 3]);
        assert_eq!(shares(&files, 1), [1; 5]);
        assert!(shares(&[], 4).is_empty());
        // Empty files are spread too.
        let empty: Vec<_> = paths.iter().map(|path| (path, 0)).collect();
        assert_eq!(shares(&empty, 5), [1, 2, 3, 4, 5]);
    }
}
