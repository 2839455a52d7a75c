//! Hashes a model in shards: pieces of one length, each with its own digest, many of one file at once.

use std::os::fd::OwnedFd;
use std::path::Path;

use mlbom::digest::Sha256;
use mlbom::manifest::Manifest;
use mlbom::path::RelPath;
use mlbom::shards::{self, File, ShardManifest, check_count, ranges};
use mlbom_formats::Format;
use mlbom_sha256::pool::{self, Failure, Job};

use crate::format::detect;
use crate::hash::{self, Directories};
use crate::root::Root;
use crate::walk::{self, Entry, Listing};
use crate::{Error, Hashed, Options, Watch, hash_root};

/// A model that was hashed in shards.
#[derive(Debug)]
pub struct HashedShards {
    /// What was found.
    pub manifest: ShardManifest,
    /// Device and inode of every file, in the manifest's order and then those not read, so that no output overwrites one.
    pub identities: Vec<(u64, u64)>,
    /// The files that are there and were not read, in byte order of path; none without [`Options::only`].
    pub unread: Vec<RelPath>,
}

/// Hashes the file or directory at `path` in shards of `shard_size` bytes; of `options`, what is read and threads count.
///
/// Memory grows with the number of files and shards. The result is the same for any number of threads.
pub fn hash_shards(
    path: &Path,
    options: &Options,
    shard_size: u64,
    watch: &dyn Watch,
) -> Result<HashedShards, Error> {
    let (manifest, listing) = shards_of(&Root::open(path)?, options, shard_size, watch)?;
    let (identities, unread) = (options.identities(&listing), options.unread(&listing));
    Ok(HashedShards { manifest, identities, unread })
}

/// Hashes the file or directory at `path` whole, and once more in shards of each of `sizes`. All of it is of the very
/// same files: a file that changed between two readings is an error.
pub fn hash_both(
    path: &Path,
    options: &Options,
    sizes: &[u64],
    watch: &dyn Watch,
) -> Result<(Hashed, Vec<ShardManifest>), Error> {
    let root = Root::open(path)?;
    let (manifest, whole): (Manifest, Listing) = hash_root(&root, options, watch)?;
    let mut in_shards = Vec::new();
    for &size in sizes {
        let (manifest, listing) = shards_of(&root, options, size, watch)?;
        if let Some(path) = whole.first_difference(&listing) {
            return Err(Error::Changed { path: root.show(path) });
        }
        in_shards.push(manifest);
    }
    Ok((Hashed::new(manifest, &whole, options), in_shards))
}

fn shards_of(
    root: &Root,
    options: &Options,
    shard_size: u64,
    watch: &dyn Watch,
) -> Result<(ShardManifest, Listing), Error> {
    let failed = |source: shards::Error| Error::Shards { path: root.shown(), source };
    let before = walk::list(root, &options.exclusions)?;
    let chosen = options.chosen(root, &before)?;
    // Before anything is read: a model of too many shards should not cost the reading of it.
    let sizes = chosen.iter().map(|entry| (&entry.path, entry.identity.size));
    check_count(shard_size, sizes, &before.excluded).map_err(failed)?;
    let files = all(root, &chosen, options, shard_size, watch)?;
    drop(chosen);
    before.holds(root, &options.exclusions)?;
    let excluded = before.excluded.clone();
    let manifest =
        ShardManifest::new(root.name(), root.kind(), shard_size, files, excluded).map_err(failed)?;
    Ok((manifest, before))
}

/// Hashes `entries`, many shards of one file at once. Of several errors, the one at the first shard is given.
fn all(
    root: &Root,
    entries: &[Entry],
    options: &Options,
    shard_size: u64,
    watch: &dyn Watch,
) -> Result<Vec<File>, Error> {
    // Sparse files may claim more than a sum holds.
    let total_bytes = entries.iter().map(|entry| entry.identity.size).fold(0, u64::saturating_add);
    watch.expect(entries.len() as u64, total_bytes);
    let directories = Directories::default();
    let of = |entry, (start, end)| ShardJob {
        root,
        entry,
        watch,
        directories: &directories,
        start,
        end,
        format: None,
    };
    let mut jobs = Vec::new();
    for entry in entries {
        // An empty file has no shard; it is opened all the same.
        let empty = (entry.identity.size == 0).then_some((0, 0));
        jobs.extend(ranges(entry.identity.size, shard_size).chain(empty).map(|range| of(entry, range)));
    }
    let mut done = pool::run(jobs, &hash::settings(options, total_bytes)).map_err(hash::first)?;
    done.sort_unstable_by(|a, b| (&a.entry.path, a.start).cmp(&(&b.entry.path, b.start)));
    let mut files: Vec<File> = Vec::with_capacity(entries.len());
    for shard in done {
        if let Some(format) = shard.format {
            files.push(File {
                path: shard.entry.path.clone(),
                size: shard.entry.identity.size,
                shards: Vec::new(),
                format,
                link: shard.entry.link,
            });
        }
        if let Some(file) = files.last_mut().filter(|_| shard.entry.identity.size > 0) {
            file.shards.push(shard.digest);
        }
    }
    Ok(files)
}

/// A shard to hash. Each opens the file itself, for how a file is read is a property of what was opened.
struct ShardJob<'a> {
    root: &'a Root,
    entry: &'a Entry,
    watch: &'a dyn Watch,
    directories: &'a Directories,
    start: u64,
    end: u64,
    /// Of the file; found with its first shard.
    format: Option<Format>,
}

struct Shard<'a> {
    entry: &'a Entry,
    start: u64,
    format: Option<Format>,
    digest: Sha256,
}

impl<'a> Job for ShardJob<'a> {
    type Input = OwnedFd;
    type Done = Shard<'a>;
    type Error = Error;

    fn length(&self) -> u64 {
        self.end - self.start
    }

    fn start(&self) -> u64 {
        self.start
    }

    fn is_last(&self) -> bool {
        self.end == self.entry.identity.size
    }

    fn open(&mut self) -> Result<OwnedFd, Error> {
        let file = hash::open(self.root, self.entry, self.directories)?;
        if self.start == 0 {
            let format = detect(&file, self.entry.identity.size)
                .map_err(|(offset, errno)| self.failed(Failure::Read { offset, errno }))?;
            let changed = || Error::Changed { path: self.root.show(&self.entry.path) };
            self.format = Some(format.ok_or_else(changed)?);
        }
        Ok(file)
    }

    fn see(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.watch.advance(bytes.len() as u64);
        Ok(())
    }

    fn close(&mut self, file: &OwnedFd) -> Result<(), Error> {
        hash::unchanged(self.root, self.entry, file)
    }

    fn done(self, digest: [u8; 32]) -> Result<Shard<'a>, Error> {
        if self.end == self.entry.identity.size {
            self.watch.file_done();
        }
        Ok(Shard { entry: self.entry, start: self.start, format: self.format, digest: digest.into() })
    }

    fn failed(&self, why: Failure) -> Error {
        hash::failed(self.root, self.entry, why)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::num::NonZeroUsize;

    use super::*;

    struct Still;

    impl Watch for Still {
        fn file_done(&self) {}
        fn expect(&self, _: u64, _: u64) {}
        fn advance(&self, _: u64) {}
    }

    fn options(threads: usize) -> Options {
        Options { threads: NonZeroUsize::new(threads), ..Options::default() }
    }

    #[test]
    fn shards_are_those_of_the_bytes() {
        let dir = tempfile::tempdir().expect("a directory");
        let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
        for (name, size) in [("a", 200_000), ("b", 1024), ("c", 1025), ("empty", 0), ("d", 1)] {
            fs::write(dir.path().join(name), &bytes[..size]).expect("a file");
        }
        let mut texts = Vec::new();
        for threads in [1, 2, 7] {
            let hashed = hash_shards(dir.path(), &options(threads), 1024, &Still).expect("hashed");
            for file in hashed.manifest.files() {
                let whole = fs::read(dir.path().join(file.path.as_str())).expect("readable");
                let wanted: Vec<_> = whole.chunks(1024).map(Sha256::of).collect();
                assert_eq!(file.shards, wanted, "{}", file.path);
            }
            assert_eq!(hashed.identities.len(), 5);
            texts.push(format!("{:?}", hashed.manifest));
        }
        texts.dedup();
        assert_eq!(texts.len(), 1, "the same for any number of threads");
        let (whole, shards) = hash_both(dir.path(), &options(2), &[1024, 70_000], &Still).expect("hashed");
        assert_eq!(whole.manifest.files().len(), 5);
        assert_eq!(format!("{:?}", shards[0]), texts[0]);
        assert_eq!(shards[1].files()[0].shards.len(), 3);
    }

    #[test]
    fn what_changes_meanwhile_is_no_digest() {
        /// Writes to a file once something was read of it.
        struct Meddler<'a>(&'a Path);
        impl Watch for Meddler<'_> {
            fn file_done(&self) {}
            fn expect(&self, _: u64, _: u64) {}
            fn advance(&self, _: u64) {
                fs::write(self.0, b"other").expect("a file");
            }
        }
        let dir = tempfile::tempdir().expect("a directory");
        for victim in ["a", "b", "new"] {
            fs::write(dir.path().join("a"), vec![1; 100_000]).expect("a file");
            fs::write(dir.path().join("b"), vec![1; 100_000]).expect("a file");
            let _ = fs::remove_file(dir.path().join("new"));
            let meddler = Meddler(&dir.path().join(victim));
            let err = hash_shards(dir.path(), &options(1), 2048, &meddler).expect_err(victim);
            assert!(matches!(err, Error::Changed { .. }), "{victim}: {err}");
        }
    }

    #[test]
    fn limits() {
        let dir = tempfile::tempdir().expect("a directory");
        let refused = |size| hash_shards(dir.path(), &options(1), size, &Still).expect_err("refused");
        assert!(matches!(refused(1024), Error::Empty { .. }));
        let file = fs::File::create(dir.path().join("sparse")).expect("a file");
        file.set_len(1 << 40).expect("a length");
        for size in [0, 1, 1023, 1024, 1 << 20] {
            assert!(matches!(refused(size), Error::Shards { .. }), "{size}");
        }
    }
}
