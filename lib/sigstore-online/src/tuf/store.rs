//! Metadata kept from one refresh to the next.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use mlbom::cli::Output;
use sigstore_tuf::{Error as Tuf, MetadataStore};

use super::{MAX_FILE_BYTES, TufError, is_plain_path};

/// A directory of metadata. Copies are one store.
///
/// The crate takes failures here for absence, and goes on: it would then not notice metadata that is older than what was
/// there. So the first failure is kept, for [`Store::check`].
#[derive(Clone)]
pub(super) struct Store {
    dir: PathBuf,
    failed: Arc<Mutex<Option<(PathBuf, io::Error)>>>,
}

impl Store {
    /// The store in `dir`, which is made when something is kept there.
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, failed: Arc::default() }
    }

    /// Fails if anything could not be read or written since it was last asked.
    pub(super) fn check(&self) -> Result<(), TufError> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        match failed {
            None => Ok(()),
            Some((path, source)) => Err(TufError::Store { name: path.display().to_string(), source }),
        }
    }

    /// Keeps the failure, and gives the crate one.
    fn note<T>(&self, path: PathBuf, result: io::Result<T>) -> Result<T, Tuf> {
        result.map_err(|err| {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.get_or_insert((path, err));
            Tuf::transport("metadata cannot be kept")
        })
    }
}

impl MetadataStore for Store {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>, Tuf> {
        let path = self.dir.join(name);
        let read = || -> io::Result<Vec<u8>> {
            if !is_plain_path(name) {
                return Err(io::ErrorKind::InvalidFilename.into());
            }
            let mut bytes = Vec::new();
            File::open(&path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > MAX_FILE_BYTES {
                Err(io::ErrorKind::FileTooLarge.into())
            } else {
                Ok(bytes)
            }
        };
        match read() {
            Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
            result => self.note(path, result).map(Some),
        }
    }

    fn store(&self, name: &str, bytes: &[u8]) -> Result<(), Tuf> {
        // Beside `snapshot.json`; one more each time.
        if name.strip_suffix(".snapshot.json").is_some() {
            return Ok(());
        }
        let path = self.dir.join(name);
        let write = || -> io::Result<()> {
            if !is_plain_path(name) {
                return Err(io::ErrorKind::InvalidFilename.into());
            }
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            Output::new(Some(&path)).write(bytes).map_err(io::Error::other)
        };
        let written = write();
        self.note(path, written)
    }
}
