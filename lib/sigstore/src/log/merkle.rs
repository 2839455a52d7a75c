//! Inclusion in a Merkle tree of SHA-256 (RFC 9162, 2.1; the same as RFC 6962, 2.1).

use mlbom::digest::Sha256;

/// The hash of a leaf (RFC 9162, 2.1.1).
pub(super) fn leaf(entry: &[u8]) -> [u8; 32] {
    // The prefixes tell leaves from nodes: without them a node could be shown as an entry.
    *Sha256::of(&[&[0], entry].concat()).as_bytes()
}

/// The hash of an inner node (RFC 9162, 2.1.1).
fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    *Sha256::of(&[&[1], left.as_slice(), right].concat()).as_bytes()
}

/// The root that `path` leads to from leaf `index` of `size` (RFC 9162, 2.1.3.2).
///
/// None where the path is not as long as that place in that tree has it, so a size of 0 too.
pub(super) fn root(leaf: &[u8; 32], index: u64, size: u64, path: &[[u8; 32]]) -> Option<[u8; 32]> {
    if index >= size {
        return None;
    }
    // The place of the node reached, and of the last node, on the same level.
    let (mut at, mut last) = (index, size - 1);
    let mut reached = *leaf;
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            reached = node(sibling, &reached);
            // The last node of an uneven level has no sibling there and goes up as it is.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            reached = node(&reached, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree by its definition (RFC 9162, 2.1.1): split at the largest power of two below the size.
    fn tree(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [one] => *one,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node(&tree(left), &tree(right))
            }
        }
    }

    fn split(size: usize) -> usize {
        size.next_power_of_two() / 2
    }

    /// The path by its definition (RFC 9162, 2.1.3.1).
    fn path(index: usize, leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let middle = split(leaves.len());
        let (left, right) = leaves.split_at(middle);
        let (mut below, sibling) = if index < middle {
            (path(index, left), tree(right))
        } else {
            (path(index - middle, right), tree(left))
        };
        below.push(sibling);
        below
    }

    #[test]
    fn every_leaf_of_small_trees() {
        let leaves: Vec<_> = (0_u8..40).map(|number| leaf(&[number])).collect();
        for size in 1..=leaves.len() {
            let leaves = &leaves[..size];
            let expected = tree(leaves);
            for (index, leaf) in leaves.iter().enumerate() {
                let path = path(index, leaves);
                let (at, size) = (index as u64, size as u64);
                assert_eq!(root(leaf, at, size, &path), Some(expected), "{index} of {size}");
                for other in (0..size).filter(|other| *other != at) {
                    assert_ne!(
                        root(leaf, other, size, &path),
                        Some(expected),
                        "{index} as {other} of {size}"
                    );
                }
                assert_eq!(root(leaf, at, size, &[path.as_slice(), &[[0; 32]]].concat()), None, "too long");
                if let Some((_, short)) = path.split_last() {
                    assert_eq!(root(leaf, at, size, short), None, "too short");
                }
            }
        }
    }

    #[test]
    fn refusals() {
        for (index, size) in [(0, 0), (1, 1), (u64::MAX, u64::MAX), (5, 4)] {
            assert_eq!(root(&[0; 32], index, size, &[]), None, "{index} of {size}");
        }
        assert_eq!(root(&[0; 32], u64::MAX - 1, u64::MAX, &[[0; 32]; 65]), None);
    }
}
