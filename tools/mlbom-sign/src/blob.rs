//! A file to sign, read once, in blocks.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use mlbom::cli::Output;
use mlbom_sigstore::envelope::{ENCODED_BYTES, is_encoded};
use mlbom_sigstore::key::{Hash, KeyType};
use rustix::fs::{Mode, OFlags};

use crate::error::Error;

/// The longest file that an Ed25519 key signs, in bytes: it wants all of it at once.
const MAX_MESSAGE_BYTES: u64 = 64 << 20;

/// What is known of the file.
pub(crate) struct Blob {
    /// SHA-256, and the hash that the key signs.
    digests: Vec<(Hash, Vec<u8>)>,
    /// All of it, for a key that signs messages and not their hash.
    pub(crate) message: Option<Vec<u8>>,
}

/// Opens the file at `path`, which is not written to; gives its size too.
pub(crate) fn open(path: &Path, output: &mut Output) -> Result<(File, u64), Error> {
    let failed = |source| Error::Blob { name: path.display().to_string(), source };
    // Without NONBLOCK a FIFO would wait for a writer for ever.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|err| failed(err.into()))?;
    let file = File::from(file);
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(io::Error::other("is not a regular file")));
    }
    output.protect(Some((metadata.dev(), metadata.ino())));
    Ok((file, metadata.len()))
}

impl Blob {
    /// Reads the file at `path` for a key of type `key_type`.
    pub(crate) fn read(path: &Path, key_type: KeyType, output: &mut Output) -> Result<Self, Error> {
        let failed = |source| Error::Blob { name: path.display().to_string(), source };
        let (mut file, size) = open(path, output)?;
        let whole = key_type == KeyType::Ed25519;
        if whole && size > MAX_MESSAGE_BYTES {
            return Err(Error::LongMessage { name: path.display().to_string(), size });
        }
        let mut hashes = vec![Hash::Sha256];
        hashes.extend(key_type.hash().filter(|hash| *hash != Hash::Sha256));
        let mut hashing: Vec<_> = hashes.iter().map(|hash| (*hash, hash.start())).collect();
        let mut message = Vec::new();
        let mut block = vec![0; 1 << 20];
        let mut head = Vec::new();
        let mut length = 0;
        loop {
            let read = file.read(&mut block).map_err(failed)?;
            if read == 0 {
                break;
            }
            length += read as u64;
            // What grows while it is read ends no more.
            if length > size {
                return Err(failed(io::Error::other("changed while it was read")));
            }
            head.extend_from_slice(&block[..read.min(ENCODED_BYTES.saturating_sub(head.len()))]);
            // The signature would be that of a statement, which nobody looked at.
            if is_encoded(&head) {
                return Err(Error::DsseBlob(path.display().to_string()));
            }
            hashing.iter_mut().for_each(|(_, hashing)| hashing.update(&block[..read]));
            if whole {
                message.extend_from_slice(&block[..read]);
            }
        }
        if length != size {
            return Err(failed(io::Error::other("changed while it was read")));
        }
        let digests = hashing.into_iter().map(|(hash, hashing)| (hash, hashing.finish())).collect();
        Ok(Self { digests, message: whole.then_some(message) })
    }

    pub(crate) fn digest_of(&self, hash: Hash) -> Option<&[u8]> {
        self.digests.iter().find(|(known, _)| *known == hash).map(|(_, digest)| digest.as_slice())
    }

    /// The digest that the key signs; for Ed25519 the one that names the file.
    pub(crate) fn digest(&self) -> (Hash, &[u8]) {
        let (hash, digest) = self.digests.last().expect("SHA-256 is always there");
        (*hash, digest)
    }
}
