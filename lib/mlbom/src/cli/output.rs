//! What a tool writes: standard output, or a file that appears whole or not at all.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

/// Where the document goes.
#[derive(Debug, Default)]
pub struct Output {
    target: Option<PathBuf>,
    inputs: HashSet<(u64, u64)>,
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The file is also an input.
    #[error("{0}: is an input, and would be overwritten")]
    Input(String),
    /// Cannot be written.
    #[error("{name}: cannot be written")]
    Io {
        /// What was written.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// Descriptor 1 was closed when the tool was started.
    #[error("standard output is closed")]
    StdoutClosed,
}

impl Output {
    /// The file `target`, or standard output if there is none or it is `-`.
    #[must_use]
    pub fn new(target: Option<&Path>) -> Self {
        let target = target.filter(|path| *path != Path::new("-")).map(Path::to_owned);
        Self { target, inputs: HashSet::new() }
    }

    /// Standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::default()
    }

    /// Refuses to overwrite the file with this device and inode.
    pub fn protect(&mut self, identity: Option<(u64, u64)>) {
        self.inputs.extend(identity);
    }

    /// Writes the whole document: on an error nothing of it is left in a file.
    pub fn write(&self, document: &[u8]) -> Result<(), OutputError> {
        match &self.target {
            None => self.write_stdout(document),
            Some(path) => self.write_file(path, document),
        }
    }

    fn write_stdout(&self, document: &[u8]) -> Result<(), OutputError> {
        if mlbom_stdio::stdout_was_closed() {
            return Err(OutputError::StdoutClosed);
        }
        let name = || "standard output".to_owned();
        let failed = |source| OutputError::Io { name: name(), source };
        // Not through io::Stdout, which buffers by line and takes EBADF for success.
        let mut stdout = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(failed)?);
        // `hash . > ./manifest` would list the file that it is about to fill.
        let metadata = stdout.metadata().map_err(failed)?;
        if metadata.is_file() && self.inputs.contains(&(metadata.dev(), metadata.ino())) {
            return Err(OutputError::Input(name()));
        }
        stdout.write_all(document).map_err(failed)
    }

    fn write_file(&self, path: &Path, document: &[u8]) -> Result<(), OutputError> {
        let failed = |source| OutputError::Io { name: path.display().to_string(), source };
        // A link is written through, not replaced; one that leads nowhere is an error.
        let target = match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => fs::canonicalize(path).map_err(failed)?,
            _ => path.to_owned(),
        };
        let existing = match fs::metadata(&target) {
            Ok(metadata) => Some(metadata),
            Err(err) if err.kind() == io::ErrorKind::NotFound => None,
            Err(err) => return Err(failed(err)),
        };
        if let Some(metadata) = &existing {
            if self.inputs.contains(&(metadata.dev(), metadata.ino())) {
                return Err(OutputError::Input(path.display().to_string()));
            }
            if metadata.is_dir() {
                return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
            }
            if !metadata.is_file() {
                // A device or a pipe: there is nothing to rename over.
                let mut device = OpenOptions::new().write(true).open(&target).map_err(failed)?;
                return device.write_all(document).map_err(failed);
            }
        }
        let mut temporary = Temporary::beside(&target, 0o666).map_err(failed)?;
        temporary.fill(document, existing.map(|metadata| metadata.permissions())).map_err(failed)?;
        temporary.rename_to(&target).map_err(failed)
    }
}

/// Puts a file of these bytes in the place of `path`, whatever is there: whole or not at all, and for its owner alone.
/// Gives its device and inode.
pub fn replace_private(path: &Path, document: &[u8]) -> Result<(u64, u64), OutputError> {
    let failed = |source| OutputError::Io { name: path.display().to_string(), source };
    let mut temporary = Temporary::beside(path, 0o600).map_err(failed)?;
    temporary.fill(document, None).map_err(failed)?;
    let metadata = temporary.file.metadata().map_err(failed)?;
    temporary.rename_to(path).map_err(failed)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// The temporary file that a signal has to remove.
static PENDING: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A file that removes itself unless it is renamed.
struct Temporary {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    fn beside(target: &Path, mode: u32) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        remove_on_signal()?;
        for attempt in 0..100 {
            // A short part of the name only: with the whole of it the temporary's own name could be too long.
            let short: String = name.chars().take(40).collect();
            let path = target.with_file_name(format!(".{short}.{}.{attempt}.tmp", process::id()));
            let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => {
                    *pending = Some(path.clone());
                    return Ok(Self { file, path, renamed: false });
                }
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
                Err(err) => return Err(err),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn fill(&mut self, document: &[u8], permissions: Option<fs::Permissions>) -> io::Result<()> {
        if let Some(permissions) = permissions {
            self.file.set_permissions(permissions)?;
        }
        self.file.write_all(document)?;
        // A full disk or a lost file system may show only here.
        self.file.sync_all()
    }

    fn rename_to(&mut self, target: &Path) -> io::Result<()> {
        let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
        fs::rename(&self.path, target)?;
        self.renamed = true;
        *pending = None;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
            *PENDING.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

/// Removes the pending file on HUP, INT, TERM and at a limit of file size, then lets the signal do what it does.
fn remove_on_signal() -> io::Result<()> {
    static ONCE: Once = Once::new();
    let mut outcome = Ok(());
    ONCE.call_once(|| {
        outcome = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGXFSZ]).map(|mut signals| {
            thread::spawn(move || {
                for signal in signals.forever() {
                    let pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(path) = pending.as_ref() {
                        let _ = fs::remove_file(path);
                    }
                    // The lock stays held: nothing may be renamed or created between here and the end.
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                }
            });
        });
    });
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out put");
        Output::new(Some(&path)).write(b"one").expect("writes");
        Output::new(Some(&path)).write(b"two").expect("replaces");
        assert_eq!(fs::read(&path).expect("a file"), b"two");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        Output::new(Some(&link)).write(b"three").expect("writes through");
        assert_eq!(fs::read(&path).expect("a file"), b"three");
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(dir.path()).expect("a directory").count(), 2, "no temporary is left");
    }

    #[test]
    fn private_and_in_place_of_a_link() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, link) = (dir.path().join("other"), dir.path().join("link"));
        fs::write(&path, b"precious").expect("a file");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let identity = replace_private(&link, b"new").expect("writes");
        let metadata = fs::symlink_metadata(&link).expect("a file");
        assert_eq!((metadata.dev(), metadata.ino()), identity);
        assert_eq!((metadata.is_file(), metadata.mode() & 0o777), (true, 0o600));
        assert_eq!(fs::read(&path).expect("a file"), b"precious", "a link is not written through");
        assert!(replace_private(&dir.path().join("none/file"), b"").is_err(), "no such directory");
    }

    #[test]
    fn refusals() {
        let dir = tempfile::tempdir().expect("a directory");
        assert!(Output::new(Some(dir.path())).write(b"").is_err(), "a directory");
        assert!(Output::new(Some(&dir.path().join("none/file"))).write(b"").is_err(), "no such directory");
        assert!(Output::new(Some(Path::new("/dev/full"))).write(b"x").is_err(), "a full device");
        let path = dir.path().join("input");
        fs::write(&path, b"precious").expect("a file");
        let metadata = fs::metadata(&path).expect("metadata");
        let mut output = Output::new(Some(&path));
        output.protect(Some((metadata.dev(), metadata.ino())));
        assert!(matches!(output.write(b"x"), Err(OutputError::Input(_))));
        assert_eq!(fs::read(&path).expect("a file"), b"precious");
    }
}
