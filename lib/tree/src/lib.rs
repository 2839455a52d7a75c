//! Walks and hashes a model: what the tools that look at files share.
//!
//! A tree that somebody else can write to is hostile. It is walked by descriptor, no link is followed but those that
//! `resolve` allows, every file is opened as the one the walk saw, and the tree is listed again at the end: what
//! changed meanwhile is an error, never a digest.

mod exclude;
mod extra;
mod format;
mod hash;
mod identity;
mod known;
#[cfg(test)]
mod only_tests;
mod part;
mod resolve;
mod root;
mod shards;
mod stream;
pub mod tensors;
mod tree;
mod walk;

use std::borrow::Cow;
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

pub use exclude::{Exclusions, Pattern, PatternError};
pub use identity::Identity;
pub use known::{Candidate, Known, KnownDigest, Listed, Refusal};
use mlbom::manifest::{self, Manifest};
use mlbom::path::{Refused, RelPath};
pub use mlbom_sha256::Kernel;
pub use mlbom_sha256::pool::Reading;
pub use part::{HashedPart, hash_part};
pub use shards::{HashedShards, hash_both, hash_shards};
pub use stream::Stream;
pub use tree::{Entry, EntryKind, Opened, Tree};

/// How a model is to be hashed.
#[derive(Debug, Default)]
pub struct Options {
    /// What is left out.
    pub exclusions: Exclusions,
    /// Of what is not left out, the files that are read: those that one of these selects, all if there are none. The
    /// others are listed as they are before and after, and come back by name; nothing else is known of them.
    pub only: Vec<Pattern>,
    /// SHA-512 beside SHA-256.
    pub sha512: bool,
    /// BLAKE3 beside SHA-256.
    pub blake3: bool,
    /// The fs-verity file digest beside SHA-256.
    pub fs_verity: bool,
    /// A digest for each tensor of a file of tensors.
    pub tensors: bool,
    /// Threads that hash; by default one a core.
    pub threads: Option<NonZeroUsize>,
    /// How files are read.
    pub reading: Reading,
    /// How they are hashed; by default as is best on this machine.
    pub kernel: Option<Kernel>,
    /// Digests that need not be computed. Without it, and that is the rule, every byte is read.
    pub known: Option<Arc<dyn Known>>,
}

impl Options {
    /// The files of `listing` that are read; at least one. `root` is for messages.
    fn chosen<'a>(
        &self,
        root: &root::Root,
        listing: &'a walk::Listing,
    ) -> Result<Cow<'a, [walk::Entry]>, Error> {
        if listing.files.is_empty() {
            return Err(Error::Empty { path: root.shown() });
        }
        if self.only.is_empty() {
            return Ok(Cow::Borrowed(&listing.files));
        }
        let chosen: Vec<_> = listing.files.iter().filter(|entry| self.reads(&entry.path)).cloned().collect();
        if chosen.is_empty() { Err(Error::NoneOnly { path: root.shown() }) } else { Ok(Cow::Owned(chosen)) }
    }

    fn reads(&self, path: &RelPath) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| pattern.selects(path))
    }

    /// The files of `listing` that are not read, in byte order of path.
    fn unread(&self, listing: &walk::Listing) -> Vec<RelPath> {
        let paths = listing.files.iter().map(|entry| &entry.path);
        paths.filter(|path| !self.reads(path)).cloned().collect()
    }

    /// Device and inode of every file of `listing`: those that are read first, in byte order of path, then the others.
    fn identities(&self, listing: &walk::Listing) -> Vec<(u64, u64)> {
        let (read, unread): (Vec<&walk::Entry>, Vec<&walk::Entry>) =
            listing.files.iter().partition(|entry| self.reads(&entry.path));
        read.iter().chain(&unread).map(|entry| (entry.identity.device, entry.identity.inode)).collect()
    }
}

/// A model that was hashed.
#[derive(Debug)]
pub struct Hashed {
    /// What was found; with [`Options::only`], in these files alone: its model digests are those of no whole model.
    pub manifest: Manifest,
    /// Device and inode of every file, in the manifest's order and then those not read, so that no output overwrites one.
    pub identities: Vec<(u64, u64)>,
    /// Every file of the manifest as it was left, in the same order.
    pub seen: Vec<Identity>,
    /// The files that are there and were not read, in byte order of path; none without [`Options::only`].
    pub unread: Vec<RelPath>,
}

impl Hashed {
    fn new(manifest: Manifest, listing: &walk::Listing, options: &Options) -> Self {
        let read = listing.files.iter().filter(|entry| options.reads(&entry.path));
        let seen = read.map(|entry| entry.identity).collect();
        let (identities, unread) = (options.identities(listing), options.unread(listing));
        Self { manifest, identities, seen, unread }
    }
}

/// Who is told how far the hashing has come.
pub trait Watch: Sync {
    /// There are `files` to read, with `bytes` in all.
    fn expect(&self, files: u64, bytes: u64);
    /// Another `bytes` were read.
    fn advance(&self, bytes: u64);
    /// Another file was read to its end.
    fn file_done(&self);
}

impl Watch for mlbom::cli::Progress {
    fn expect(&self, files: u64, bytes: u64) {
        Self::expect(self, files, bytes);
    }

    fn advance(&self, bytes: u64) {
        Self::advance(self, bytes);
    }

    fn file_done(&self) {
        Self::file_done(self);
    }
}

/// Why a model could not be hashed. Paths are as the caller would type them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It, or the tree around it, was not the same before and after.
    #[error("{path}: changed while it was read")]
    Changed {
        /// The file or directory.
        path: String,
    },
    /// Deeper than a hundred directories.
    #[error("{path}: is nested deeper than {} directories", walk::MAX_DEPTH)]
    Deep {
        /// The directory.
        path: String,
    },
    /// No file is left to hash.
    #[error("{path}: holds no file")]
    Empty {
        /// The root.
        path: String,
    },
    /// Cannot be opened or read.
    #[error("{path}: cannot be read")]
    Io {
        /// The file or directory.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A source of known digests that cannot be used.
    #[error("{path}")]
    Known {
        /// The file, or the root.
        path: String,
        /// Why not.
        source: Refusal,
    },
    /// A link that is not followed.
    #[error("{path}: is a symbolic link {why}, a link to a regular file inside the model was wanted")]
    Link {
        /// The link.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// What was found makes no manifest.
    #[error("{path}: cannot be listed")]
    Manifest {
        /// The root.
        path: String,
        /// Why not.
        source: manifest::Error,
    },
    /// A name that no manifest may hold.
    #[error("{path}: its name {why}")]
    Name {
        /// The entry, as far as it can be shown.
        path: String,
        /// What is wrong with it.
        why: Refused,
    },
    /// Bytes that are not UTF-8: made lossy, two names could become one.
    #[error("{path}: its name is not UTF-8")]
    NameNotUtf8 {
        /// The entry, with the bytes in question replaced.
        path: String,
    },
    /// No file is one that was asked for.
    #[error("{path}: --only: no file matches")]
    NoneOnly {
        /// The root.
        path: String,
    },
    /// What was found makes no part.
    #[error("{path}: cannot be listed")]
    Part {
        /// The root.
        path: String,
        /// Why not.
        source: mlbom::part::Error,
    },
    /// Reading stopped in the middle.
    #[error("{path}: cannot be read at byte {offset}")]
    Read {
        /// The file.
        path: String,
        /// How far it went.
        offset: u64,
        /// Why it stopped.
        source: io::Error,
    },
    /// What was found makes no manifest of shards.
    #[error("{path}: cannot be hashed in shards")]
    Shards {
        /// The root.
        path: String,
        /// Why not.
        source: mlbom::shards::Error,
    },
    /// The file system says another size than it has bytes.
    #[error("{path}: has {}, its size is {wanted} bytes", if offset < wanted { format!("{offset} bytes") } else { "more bytes".to_owned() })]
    Size {
        /// The file.
        path: String,
        /// Where it ended, or did not.
        offset: u64,
        /// What the file system says.
        wanted: u64,
    },
    /// Neither a regular file nor a directory nor a link.
    #[error("{path}: is a {kind}, a regular file was wanted")]
    Special {
        /// The entry.
        path: String,
        /// For instance `FIFO`.
        kind: &'static str,
    },
    /// A file of tensors whose header cannot be trusted to say where they are.
    #[error("{path}: its tensors cannot be told apart")]
    Tensors {
        /// The file.
        path: String,
        /// What is wrong with its header.
        source: tensors::Error,
    },
    /// More than [`manifest::MAX_FILES`].
    #[error("{path}: holds more than {} files", manifest::MAX_FILES)]
    TooMany {
        /// The root.
        path: String,
    },
}

impl Error {
    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Changed { .. } => "wait until whatever writes there is done, or hash a copy".to_owned(),
            Self::Link { .. } | Self::Special { .. } => {
                "remove it, or put what it leads to in its place; mlbom-hash --exclude leaves it out of a model".to_owned()
            }
            Self::Size { .. } => "hash a copy: what a kernel or a server makes up while it is read has no size".to_owned(),
            Self::Name { .. } | Self::NameNotUtf8 { .. } => "rename it".to_owned(),
            Self::Empty { .. } => {
                "an empty directory binds nothing; name the directory that holds the model".to_owned()
            }
            Self::NoneOnly { .. } => {
                "a pattern without a slash is held against names, one with a slash against whole paths".to_owned()
            }
            Self::Shards { source: mlbom::shards::Error::TooMany | mlbom::shards::Error::Long, .. } => {
                "longer shards are fewer".to_owned()
            }
            _ => return None,
        })
    }
}

/// Hashes the file or directory at `path`.
///
/// Memory grows with the number of files, not with their size. The result is the same for any number of threads.
pub fn hash(path: &Path, options: &Options, watch: &dyn Watch) -> Result<Hashed, Error> {
    let (manifest, listing) = hash_root(&root::Root::open(path)?, options, watch)?;
    Ok(Hashed::new(manifest, &listing, options))
}

/// Hashes what is below `root`, and says what was listed there.
fn hash_root(
    root: &root::Root,
    options: &Options,
    watch: &dyn Watch,
) -> Result<(Manifest, walk::Listing), Error> {
    let before = walk::list(root, &options.exclusions)?;
    let chosen = options.chosen(root, &before)?;
    let (mut files, rest) = known::take_out(root, &before, &chosen, options)?;
    files.extend(hash::all(root, &rest, options, watch)?);
    drop(rest);
    drop(chosen);
    before.holds(root, &options.exclusions)?;
    Manifest::new(root.name(), root.kind(), files, before.excluded.clone())
        .map(|manifest| (manifest, before))
        .map_err(|source| Error::Manifest { path: root.shown(), source })
}
