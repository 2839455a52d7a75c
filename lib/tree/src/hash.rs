//! Hashes files in parallel, each as the one that the walk saw.

use std::num::NonZeroUsize;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use mlbom::manifest::{COMPUTED, File};
use mlbom_formats::Sniffer;
use mlbom_sha256::Kernel;
use mlbom_sha256::pool::{self, Failure, Job, Settings};
use rustix::fs::Mode;
use rustix::io::Errno;

use crate::extra::Extra;
use crate::identity::Identity;
use crate::resolve::{Located, OPEN_FILE, locate};
use crate::root::{OPEN_DIR, Root};
use crate::tensors::{self, TensorDigests};
use crate::walk::Entry;
use crate::{Error, Options, Watch};

/// From here on hashing is what takes the time, and a thread a core is best; below it, system calls are.
const MUCH_BYTES: u64 = 64 << 20;

/// Hashes `entries`; the result is in no particular order. Of several errors, the one at the first path is given.
pub(crate) fn all(
    root: &Root,
    entries: &[Entry],
    options: &Options,
    watch: &dyn Watch,
) -> Result<Vec<File>, Error> {
    // Sparse files may claim more than a sum holds.
    let total_bytes = entries.iter().map(|entry| entry.identity.size).fold(0, u64::saturating_add);
    watch.expect(entries.len() as u64, total_bytes);
    let (directories, shared) = (Directories::default(), tensors::Shared::default());
    let jobs = entries
        .iter()
        .map(|entry| FileJob {
            root,
            entry,
            options,
            watch,
            directories: &directories,
            shared: &shared,
            read: None,
        })
        .collect();
    pool::run(jobs, &settings(options, total_bytes)).map_err(first)
}

pub(crate) fn settings(options: &Options, total_bytes: u64) -> Settings {
    let threads = options.threads.unwrap_or_else(|| {
        if total_bytes >= MUCH_BYTES {
            mlbom_sha256::physical_cores()
        } else {
            thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
        }
    });
    Settings { threads, kernel: options.kernel.unwrap_or_else(Kernel::best), reading: options.reading }
}

/// The error at the first path.
pub(crate) fn first(errors: Vec<(usize, Error)>) -> Error {
    let first = errors.into_iter().min_by_key(|(at, _)| *at);
    first.expect("a run without errors is none that failed").1
}

/// A file to hash.
struct FileJob<'a> {
    root: &'a Root,
    entry: &'a Entry,
    options: &'a Options,
    watch: &'a dyn Watch,
    directories: &'a Directories,
    shared: &'a tensors::Shared,
    /// There from when it is opened.
    read: Option<Box<Read>>,
}

/// What hears of a file's bytes beside the digest.
struct Read {
    sniffer: Sniffer,
    extra: Extra,
    tensors: Option<TensorDigests>,
}

impl Job for FileJob<'_> {
    type Input = OwnedFd;
    type Done = File;
    type Error = Error;

    fn length(&self) -> u64 {
        self.entry.identity.size
    }

    fn open(&mut self) -> Result<OwnedFd, Error> {
        let file = open(self.root, self.entry, self.directories)?;
        if let Some(known) = &self.options.known {
            known.hashing(file.as_fd(), &self.entry.identity);
        }
        self.read = Some(Box::new(Read {
            sniffer: Sniffer::new(self.length()),
            extra: Extra::new(self.options),
            tensors: self.options.tensors.then(|| TensorDigests::of(&file, self.length(), self.shared)),
        }));
        Ok(file)
    }

    fn see(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(read) = &mut self.read {
            read.sniffer.update(bytes);
            read.extra.update(bytes);
            if let Some(tensors) = &mut read.tensors {
                tensors.update(bytes);
            }
        }
        self.watch.advance(bytes.len() as u64);
        Ok(())
    }

    // Also catches a file that grew: its size is no longer the one that was read.
    fn close(&mut self, file: &OwnedFd) -> Result<(), Error> {
        unchanged(self.root, self.entry, file)
    }

    fn done(self, digest: [u8; 32]) -> Result<File, Error> {
        let changed = || Error::Changed { path: self.root.show(&self.entry.path) };
        let read = self.read.ok_or_else(changed)?;
        let format = read.sniffer.finish();
        let tensors = read.tensors.map(|running| running.finish(format)).transpose();
        let tensors = tensors
            .map_err(|source| Error::Tensors { path: self.root.show(&self.entry.path), source })?
            .flatten();
        self.watch.file_done();
        Ok(File {
            path: self.entry.path.clone(),
            size: self.entry.identity.size,
            digests: read.extra.finish(digest),
            digest_source: COMPUTED.to_owned(),
            format,
            link: self.entry.link,
            tensors,
        })
    }

    fn failed(&self, why: Failure) -> Error {
        failed(self.root, self.entry, why)
    }
}

/// Opens the file that the walk saw, or says that it is another by now.
pub(crate) fn open(root: &Root, entry: &Entry, directories: &Directories) -> Result<OwnedFd, Error> {
    let changed = || Error::Changed { path: root.show(&entry.path) };
    let failed = |err: Errno| Error::Io { path: root.show(&entry.path), source: err.into() };
    let opened = match entry.link {
        None => directories.open(root, entry),
        Some(_) => find(root, entry)?.open(),
    };
    let file = opened.map_err(|err| match err {
        // What was a file or a directory is gone, a link or something else.
        Errno::NOENT | Errno::LOOP | Errno::NOTDIR | Errno::NXIO => changed(),
        err => failed(err),
    })?;
    unchanged(root, entry, &file)?;
    Ok(file)
}

/// Finds the file that the walk saw, or says that it is another by now.
pub(crate) fn find(root: &Root, entry: &Entry) -> Result<Located, Error> {
    let changed = || Error::Changed { path: root.show(&entry.path) };
    let located = match locate(root, &entry.path) {
        // The walk saw a regular file here: that it is gone, or is something else now, is a change.
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(changed());
        }
        Err(Error::Link { .. } | Error::Special { .. }) => return Err(changed()),
        other => other?,
    };
    let same = located.identity() == entry.identity && located.link == entry.link;
    if same { Ok(located) } else { Err(changed()) }
}

/// An error unless `file` is the one that the walk saw, with the size and the times that it had.
pub(crate) fn unchanged(root: &Root, entry: &Entry, file: &OwnedFd) -> Result<(), Error> {
    let stat = rustix::fs::fstat(file)
        .map_err(|err| Error::Io { path: root.show(&entry.path), source: err.into() })?;
    if Identity::of(&stat) == entry.identity {
        Ok(())
    } else {
        Err(Error::Changed { path: root.show(&entry.path) })
    }
}

pub(crate) fn failed(root: &Root, entry: &Entry, why: Failure) -> Error {
    let path = root.show(&entry.path);
    match why {
        // Something else than a change, if it is still the file that the walk saw.
        Failure::Short { offset } | Failure::Long { offset }
            if locate(root, &entry.path).is_ok_and(|located| located.identity() == entry.identity) =>
        {
            Error::Size { path, offset, wanted: entry.identity.size }
        }
        Failure::Short { .. } | Failure::Long { .. } => Error::Changed { path },
        Failure::Read { offset, errno } => Error::Read { path, offset, source: errno.into() },
    }
}

/// The directory that was opened last: files come in order of path, and most have a neighbour.
#[derive(Default)]
pub(crate) struct Directories {
    last: Mutex<Option<(String, Arc<OwnedFd>)>>,
}

impl Directories {
    /// Opens a file that is no link, without following one on the way.
    fn open(&self, root: &Root, entry: &Entry) -> Result<OwnedFd, Errno> {
        let path = entry.path.as_str();
        let Some((above, name)) = path.rsplit_once('/') else {
            return rustix::fs::openat(&root.dir, path, OPEN_FILE, Mode::empty());
        };
        let directory = self.directory(root, above)?;
        rustix::fs::openat(&*directory, name, OPEN_FILE, Mode::empty())
    }

    fn directory(&self, root: &Root, path: &str) -> Result<Arc<OwnedFd>, Errno> {
        let lock = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, directory)) = &*lock()
            && last == path
        {
            return Ok(Arc::clone(directory));
        }
        let mut parts = path.split('/');
        let first = parts.next().unwrap_or_default();
        let mut directory = rustix::fs::openat(&root.dir, first, OPEN_DIR, Mode::empty())?;
        for part in parts {
            directory = rustix::fs::openat(&directory, part, OPEN_DIR, Mode::empty())?;
        }
        let directory = Arc::new(directory);
        *lock() = Some((path.to_owned(), Arc::clone(&directory)));
        Ok(directory)
    }
}
