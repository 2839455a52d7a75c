//! Digests of single files, and of many at once on every core.

use std::io::Read as _;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use mlbom::digest::Sha256;
use mlbom::path::RelPath;
use mlbom_tree::{Opened, Tree};

use crate::error::Error;

/// What one read asks for.
const BUFFER_BYTES: usize = 64 << 10;

/// What lies under a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Found {
    /// A regular file with this length in bytes and this digest.
    File(u64, Sha256),
    /// Nothing.
    Nothing,
    /// A directory, a FIFO, a device.
    NoFile,
    /// A link that leads out or nowhere, or something below one: not followed.
    Link,
}

/// The digest of an opened file, read in pieces.
pub(crate) fn digest_of(opened: Opened) -> Result<Sha256, Error> {
    digest_with(opened, &mut vec![0; BUFFER_BYTES])
}

fn digest_with(mut opened: Opened, buffer: &mut [u8]) -> Result<Sha256, Error> {
    let mut running = mlbom_sha256::Sha256::new();
    let (size, mut done) = (opened.size(), 0);
    // One that grows as fast as it is read has changed, and need not be read to the end.
    while done <= size {
        match opened.file.read(buffer) {
            Ok(0) => break,
            Ok(read) => {
                done += read as u64;
                running.update(buffer.get(..read).unwrap_or_default());
            }
            Err(err) if err.kind() == std::io::ErrorKind::Interrupted => {}
            Err(err) => return Err(opened.failed(err).into()),
        }
    }
    opened.unchanged()?;
    Ok(running.finish().into())
}

/// What lies under each of `paths`, in their order. Of several errors, the one at the first path is given.
pub(super) fn all(tree: &Tree, paths: &[RelPath]) -> Result<Vec<Found>, Error> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(vec![None; paths.len()]);
    let failed = Mutex::new(None::<(usize, Error)>);
    let work = || {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut mine = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(at) else { break };
            match one(tree, path, &mut buffer) {
                Ok(found) => mine.push((at, found)),
                Err(err) => {
                    stop.store(true, Ordering::Relaxed);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    if failed.as_ref().is_none_or(|(before, _)| at < *before) {
                        *failed = Some((at, err));
                    }
                }
            }
        }
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, found) in mine {
            if let Some(place) = done.get_mut(at) {
                *place = Some(found);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(paths.len()) {
            // If the system gives no more threads, those that are there do the work.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    if let Some((_, err)) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(err);
    }
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(done.into_iter().map(|found| found.unwrap_or(Found::Nothing)).collect())
}

fn one(tree: &Tree, path: &RelPath, buffer: &mut [u8]) -> Result<Found, Error> {
    match tree.open_file(path) {
        Ok(Some(opened)) => Ok(Found::File(opened.size(), digest_with(opened, buffer)?)),
        Ok(None) => {
            let mut above = path.ancestors().filter_map(|above| RelPath::parse(above).ok());
            let link = above.any(|above| matches!(tree.link_target(&above), Ok(Some(_))));
            Ok(if link { Found::Link } else { Found::Nothing })
        }
        Err(mlbom_tree::Error::Special { .. }) => Ok(Found::NoFile),
        Err(mlbom_tree::Error::Link { .. }) => Ok(Found::Link),
        Err(err) => Err(err.into()),
    }
}
