//! A file that comes as a stream: nothing but its bytes in order, and its size only at the end.

use mlbom::manifest::{COMPUTED, File};
use mlbom::path::RelPath;
use mlbom_formats::Sniffer;
use mlbom_sha256::Sha256;

use crate::Options;
use crate::extra::Extra;

/// Takes a file's bytes in order, and says of them what [`crate::hash()`] says of a file.
pub struct Stream {
    size: u64,
    sha256: Sha256,
    extra: Extra,
    sniffer: Sniffer,
}

impl Stream {
    /// With the digests that `options` ask for; nothing else of them plays a part.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { size: 0, sha256: Sha256::new(), extra: Extra::new(options), sniffer: Sniffer::of_stream() }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sniffer.update(bytes);
        self.sha256.update(bytes);
        self.extra.update(bytes);
    }

    /// The file at `path` that holds all bytes taken in.
    #[must_use]
    pub fn finish(self, path: RelPath) -> File {
        File {
            path,
            size: self.size,
            digests: self.extra.finish(self.sha256.finish()),
            digest_source: COMPUTED.to_owned(),
            format: self.sniffer.finish(),
            link: None,
            tensors: None,
        }
    }
}
