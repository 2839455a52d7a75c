//! The digests beside SHA-256, taken from the same read.

use mlbom::digest::Sha256;
use mlbom::manifest::Digests;
use mlbom_sha256::{Blake3, FsVerity, Sha512};

use crate::Options;

/// Those of one file that were asked for, while it is read.
pub(crate) struct Extra {
    sha512: Option<Sha512>,
    blake3: Option<Blake3>,
    fs_verity: Option<FsVerity>,
}

impl Extra {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            sha512: options.sha512.then(Sha512::new),
            blake3: options.blake3.then(Blake3::new),
            fs_verity: options.fs_verity.then(FsVerity::new),
        }
    }

    /// Takes in the next bytes of the file.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
        if let Some(blake3) = &mut self.blake3 {
            blake3.update(bytes);
        }
        if let Some(fs_verity) = &mut self.fs_verity {
            fs_verity.update(bytes);
        }
    }

    /// All digests of the file, which has that SHA-256.
    pub(crate) fn finish(self, sha256: impl Into<Sha256>) -> Digests {
        Digests {
            sha256: sha256.into(),
            sha512: self.sha512.map(|running| running.finish().into()),
            blake3: self.blake3.map(|running| running.finish().into()),
            fs_verity: self.fs_verity.map(|running| running.finish().into()),
        }
    }
}

/// Of the digests `found`, those that are asked for; none if one is not among them, as no tensor's is.
pub(crate) fn asked(options: &Options, found: &Digests) -> Option<Digests> {
    let all = (found.sha512.is_some() || !options.sha512)
        && (found.blake3.is_some() || !options.blake3)
        && (found.fs_verity.is_some() || !options.fs_verity)
        && !options.tensors;
    all.then(|| Digests {
        sha256: found.sha256,
        sha512: found.sha512.filter(|_| options.sha512),
        blake3: found.blake3.filter(|_| options.blake3),
        fs_verity: found.fs_verity.filter(|_| options.fs_verity),
    })
}
