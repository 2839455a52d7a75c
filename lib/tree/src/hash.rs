//! Hashes files in parallel, each as the one that the walk saw.

use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mlbom::manifest::{COMPUTED, Digests, File};
use mlbom_formats::Sniffer;
use mlbom_sha256::{Sha256, Sha512};
use rustix::fs::Advice;
use rustix::io::Errno;

use crate::identity::Identity;
use crate::resolve::locate;
use crate::root::Root;
use crate::walk::Entry;
use crate::{Error, Options, Watch};

/// What one read asks for: enough that the system calls do not show, and little enough that the copy stays in the core's
/// own cache: with 1 MiB the kernel took four times as long to copy (Zen 4).
const BUFFER_BYTES: usize = 64 << 10;

/// Hashes `entries`; the result is in no particular order. Of several errors, the one at the first path is given.
pub(crate) fn all(
    root: &Root,
    entries: &[Entry],
    options: &Options,
    watch: &dyn Watch,
) -> Result<Vec<File>, Error> {
    watch.expect(entries.iter().map(|entry| entry.identity.size).sum());
    // The longest first, so that no thread is left alone with a long one at the end.
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(entries[at].identity.size));
    let threads =
        options.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new((Vec::with_capacity(entries.len()), Vec::new()));
    let longest = entries.iter().map(|entry| entry.identity.size).max().unwrap_or(0);
    let buffer_bytes =
        usize::try_from(longest).map_or(BUFFER_BYTES, |longest| longest.clamp(4096, BUFFER_BYTES));
    let work = || {
        let mut buffer = vec![0; buffer_bytes];
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        while !stop.load(Ordering::Relaxed) {
            let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            match one(root, &entries[at], options, &mut buffer, watch) {
                Ok(file) => files.push(file),
                Err(err) => {
                    stop.store(true, Ordering::Relaxed);
                    errors.push((at, err));
                }
            }
        }
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        done.0.append(&mut files);
        done.1.append(&mut errors);
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(entries.len()) {
            // If the system gives no more threads, those that are there do the work.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let (files, errors) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    match errors.into_iter().min_by_key(|(at, _)| *at) {
        Some((_, err)) => Err(err),
        None => Ok(files),
    }
}

fn one(
    root: &Root,
    entry: &Entry,
    options: &Options,
    buffer: &mut [u8],
    watch: &dyn Watch,
) -> Result<File, Error> {
    let changed = || Error::Changed { path: root.show(&entry.path) };
    let failed = |err: Errno| Error::Io { path: root.show(&entry.path), source: err.into() };
    let opened = locate(root, &entry.path).and_then(|located| {
        let file = located.open().map_err(failed)?;
        Ok((file, located.link))
    });
    let (file, link) = match opened {
        // The walk saw a regular file here: that it is gone, or is something else now, is a change.
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(changed());
        }
        Err(Error::Link { .. } | Error::Special { .. }) => return Err(changed()),
        other => other?,
    };
    let same = |file: &OwnedFd| -> Result<bool, Error> {
        Ok(Identity::of(&rustix::fs::fstat(file).map_err(failed)?) == entry.identity)
    };
    if !same(&file)? || link != entry.link {
        return Err(changed());
    }
    let size = entry.identity.size;
    if size > buffer.len() as u64 {
        // Only advice.
        let _ = rustix::fs::fadvise(&file, 0, None, Advice::Sequential);
    }
    let mut sha256 = Sha256::new();
    let mut sha512 = options.sha512.then(Sha512::new);
    let mut sniffer = Sniffer::new(size);
    let mut offset = 0;
    while offset < size {
        let read = match rustix::io::read(&file, &mut *buffer) {
            Ok(0) => return Err(changed()),
            Ok(read) => read,
            Err(Errno::INTR) => continue,
            Err(err) => {
                return Err(Error::Read { path: root.show(&entry.path), offset, source: err.into() });
            }
        };
        let bytes = &buffer[..read];
        sniffer.update(bytes);
        sha256.update(bytes);
        if let Some(sha512) = &mut sha512 {
            sha512.update(bytes);
        }
        offset += read as u64;
        watch.advance(read as u64);
    }
    // Also catches a file that grew: its size is no longer the one that was read.
    if offset != size || !same(&file)? {
        return Err(changed());
    }
    Ok(File {
        path: entry.path.clone(),
        size,
        digests: Digests {
            sha256: sha256.finish().into(),
            sha512: sha512.map(|running| running.finish().into()),
        },
        digest_source: COMPUTED.to_owned(),
        format: sniffer.finish(),
        link,
    })
}
