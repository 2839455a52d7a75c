//! A file without its name yet: nothing of it is left if the tool fails or is ended by a signal.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

/// The temporary files that a signal has to remove.
static PENDING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file that removes itself unless it is renamed.
pub(super) struct Temporary {
    file: File,
    path: PathBuf,
    renamed: bool,
}

impl Temporary {
    /// Opens one in the directory of `target`, with that mode less the process's mask, or the permissions of what is to
    /// be replaced.
    pub(super) fn beside(target: &Path, mode: u32, permissions: Option<Permissions>) -> io::Result<Self> {
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        // A short part of the name only: with the whole of it the temporary's own name could be too long.
        let short: String = name.chars().take(40).collect();
        remove_on_signal()?;
        for attempt in 0..100 {
            // Nobody else can take all of the names beforehand: the standard library seeds its hashes at random.
            let random = RandomState::new().hash_one(attempt);
            let path = target.with_file_name(format!(".{short}.{random:016x}.tmp"));
            let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
            match OpenOptions::new().write(true).create_new(true).mode(mode).open(&path) {
                Ok(file) => {
                    pending.push(path.clone());
                    drop(pending);
                    let temporary = Self { file, path, renamed: false };
                    if let Some(permissions) = permissions {
                        temporary.file.set_permissions(permissions)?;
                    }
                    return Ok(temporary);
                }
                Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
                Err(err) => return Err(err),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it the name `target`, once all of it has reached the disk.
    pub(super) fn rename_to(mut self, target: &Path) -> io::Result<()> {
        // A full disk or a lost file system may show only here.
        self.file.sync_all()?;
        let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever can write to the directory can put another file here; not unseen, unless it is in this very moment.
        let (there, ours) = (fs::symlink_metadata(&self.path)?, self.file.metadata()?);
        if (there.dev(), there.ino()) != (ours.dev(), ours.ino()) {
            return Err(io::Error::other("the temporary file was replaced by another"));
        }
        fs::rename(&self.path, target)?;
        self.renamed = true;
        pending.retain(|path| *path != self.path);
        drop(pending);
        sync_directory(target)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            let _ = fs::remove_file(&self.path);
            let mut pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
            pending.retain(|path| *path != self.path);
        }
    }
}

/// Lets the name outlast a loss of power. A directory that cannot be read, or a file system that has no such call, is
/// no reason to take back what is in place.
fn sync_directory(target: &Path) -> io::Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    match File::open(parent.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all()) {
        Err(err) if err.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Err(err),
        _ => Ok(()),
    }
}

/// Removes the pending files on HUP, INT, TERM and at a limit of file size, then lets the signal do what it does.
fn remove_on_signal() -> io::Result<()> {
    static ONCE: Once = Once::new();
    let mut outcome = Ok(());
    ONCE.call_once(|| {
        // What the caller had ignored, as nohup does, stays ignored.
        let ignored = ignored_signals();
        let ends = [SIGHUP, SIGINT, SIGTERM, SIGXFSZ].into_iter();
        outcome =
            Signals::new(ends.filter(|signal| ignored >> (signal - 1) & 1 == 0)).and_then(|mut signals| {
                let remove = move || {
                    for signal in signals.forever() {
                        let pending = PENDING.lock().unwrap_or_else(PoisonError::into_inner);
                        pending.iter().for_each(|path| drop(fs::remove_file(path)));
                        // The lock stays held: nothing may be renamed or created between here and the end.
                        let _ = signal_hook::low_level::emulate_default_handler(signal);
                    }
                };
                thread::Builder::new().spawn(remove).map(drop)
            });
    });
    outcome
}

/// The signals that this process ignores, a bit each, number 1 the lowest (proc_pid_status(5), "SigIgn"). None, where
/// the system does not say.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
