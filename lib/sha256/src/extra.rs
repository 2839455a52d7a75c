//! Digests beside SHA-2: BLAKE3, and the file digest of fs-verity.

use crate::{Sha256, sha256};

/// A running BLAKE3, unkeyed and 32 bytes long.
#[derive(Clone)]
pub struct Blake3(Box<blake3::Hasher>);

impl Blake3 {
    /// Starts with no bytes taken in.
    #[must_use]
    pub fn new() -> Self {
        Self(Box::default())
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken in.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

impl Default for Blake3 {
    fn default() -> Self {
        Self::new()
    }
}

/// A block of the file, and of every level of the tree above it.
const BLOCK_BYTES: usize = 4096;
/// `struct fsverity_descriptor` (Linux, Documentation/filesystems/fsverity.rst, "File digest computation").
const DESCRIPTOR_BYTES: usize = 256;

/// A running fs-verity file digest: SHA-256, blocks of 4096 bytes, no salt.
///
/// The kernel's rules (Documentation/filesystems/fsverity.rst, "Merkle tree"): each block is hashed, the last one filled
/// up with zeros; the hashes, in order, are the blocks of the level above; and so on until one hash is left, the root.
/// The root of an empty file is all zeros. The digest is the SHA-256 of a descriptor that holds the root and the size.
/// Memory grows with the depth of the tree: one block a level, at most nine of them.
#[derive(Clone)]
pub struct FsVerity {
    size_bytes: u64,
    data: Block,
    levels: Vec<Level>,
}

/// The hashes that wait for a block of their own to be full.
#[derive(Clone)]
struct Level {
    block: Block,
    hashes: u64,
}

#[derive(Clone)]
struct Block {
    bytes: Box<[u8; BLOCK_BYTES]>,
    filled: usize,
}

impl FsVerity {
    /// Starts with no bytes taken in.
    #[must_use]
    pub fn new() -> Self {
        Self { size_bytes: 0, data: Block::new(), levels: Vec::new() }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.size_bytes += bytes.len() as u64;
        if self.data.filled > 0 {
            bytes = self.data.fill(bytes);
            if self.data.filled < BLOCK_BYTES {
                return;
            }
            let hash = self.data.take_hash();
            self.push(0, hash);
        }
        // Whole blocks need not be copied.
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        for block in blocks {
            self.push(0, sha256(block));
        }
        self.data.fill(rest);
    }

    /// The file digest of all bytes taken in.
    #[must_use]
    pub fn finish(mut self) -> [u8; 32] {
        let mut descriptor = [0; DESCRIPTOR_BYTES];
        // Version 1, FS_VERITY_HASH_ALG_SHA256, the block size as a power of two; no salt.
        descriptor[..4].copy_from_slice(&[1, 1, BLOCK_BYTES.trailing_zeros() as u8, 0]);
        descriptor[8..16].copy_from_slice(&self.size_bytes.to_le_bytes());
        descriptor[16..48].copy_from_slice(&self.root());
        sha256(&descriptor)
    }

    fn root(&mut self) -> [u8; 32] {
        if self.data.filled > 0 {
            let hash = self.data.take_hash();
            self.push(0, hash);
        }
        let mut at = 0;
        while let Some(level) = self.levels.get_mut(at) {
            if level.hashes == 1 {
                return level.block.first_hash();
            }
            if level.block.filled > 0 {
                let hash = level.block.take_hash();
                self.push(at + 1, hash);
            }
            at += 1;
        }
        [0; 32]
    }

    /// Puts a hash on the level `at`, and on those above what that fills.
    fn push(&mut self, mut at: usize, mut hash: [u8; 32]) {
        loop {
            if at == self.levels.len() {
                self.levels.push(Level { block: Block::new(), hashes: 0 });
            }
            let level = &mut self.levels[at];
            level.hashes += 1;
            level.block.fill(&hash);
            if level.block.filled < BLOCK_BYTES {
                return;
            }
            hash = level.block.take_hash();
            at += 1;
        }
    }
}

impl Default for FsVerity {
    fn default() -> Self {
        Self::new()
    }
}

impl Block {
    fn new() -> Self {
        Self { bytes: Box::new([0; BLOCK_BYTES]), filled: 0 }
    }

    /// Takes what there is room for; the rest comes back.
    fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (taken, rest) = bytes.split_at(bytes.len().min(BLOCK_BYTES - self.filled));
        self.bytes[self.filled..self.filled + taken.len()].copy_from_slice(taken);
        self.filled += taken.len();
        rest
    }

    /// The hash of the block, filled up with zeros; after it the block is empty.
    fn take_hash(&mut self) -> [u8; 32] {
        self.bytes[self.filled..].fill(0);
        self.filled = 0;
        let mut hash = Sha256::new();
        hash.update(self.bytes.as_slice());
        hash.finish()
    }

    fn first_hash(&self) -> [u8; 32] {
        *self.bytes.first_chunk().expect("a block is longer than a hash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of other people's programs: see `tests/vectors/digests/ORIGIN.md`.
    const VECTORS: &str = include_str!("../../../tests/vectors/digests/vectors.txt");

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Feeds the first `size` of the bytes 0, 1, ... 250, 0, 1, ... in pieces of `piece` bytes.
    fn feed(size: usize, piece: usize, mut into: impl FnMut(&[u8])) {
        let bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
        bytes.chunks(piece).for_each(&mut into);
    }

    #[test]
    fn known_answers_however_cut() {
        let mut seen = 0;
        for line in VECTORS.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let [size, blake3, fs_verity] = words.as_slice() else { panic!("three words: {line}") };
            let size: usize = size.parse().expect("a size");
            // The large ones in one cut only: this runs unoptimised.
            let pieces: &[usize] =
                if size > 1 << 21 { &[65536] } else { &[4096, 1000, 4097, 65536, 1 << 21] };
            for &piece in pieces {
                let (mut b, mut v) = (Blake3::new(), FsVerity::new());
                feed(size, piece, |bytes| {
                    b.update(bytes);
                    v.update(bytes);
                });
                assert_eq!(hex(&b.finish()), *blake3, "BLAKE3 of {size} bytes in pieces of {piece}");
                assert_eq!(hex(&v.finish()), *fs_verity, "fs-verity of {size} bytes in pieces of {piece}");
            }
            seen += 1;
        }
        assert_eq!(seen, 20);
    }

    /// The size is bound, not only the padded blocks.
    #[test]
    fn zeros_at_the_end_count() {
        let of = |bytes: &[u8]| {
            let mut running = FsVerity::new();
            running.update(bytes);
            running.finish()
        };
        assert_ne!(of(b"a"), of(b"a\0"));
        assert_ne!(of(b""), of(b"\0"));
        assert_ne!(of(&[0; 4096]), of(&[0; 8192]));
    }
}
