//! What a tool reads: a file, or standard input.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

/// What a process may ask for without privileges (Linux, `pipe-max-size`).
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;

/// One input, read whole and at most as long as its reader allows.
#[derive(Debug)]
pub struct Input {
    /// What messages call it.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its device and inode, so that an output does not overwrite it.
    pub identity: Option<(u64, u64)>,
}

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// Cannot be opened or read.
    #[error("{name}: cannot be read")]
    Io {
        /// What was read.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// Longer than allowed.
    #[error("{name}: is longer than {limit} bytes")]
    Long {
        /// What was read.
        name: String,
        /// The most that is read.
        limit: u64,
    },
    /// A pipe, device or directory where a file was wanted.
    #[error("{0}: is not a regular file")]
    NotAFile(String),
    /// A person is typing, and did not say `-`.
    #[error("standard input is a terminal, a document was wanted")]
    Terminal,
}

impl InputError {
    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        matches!(self, Self::Terminal)
            .then(|| "put a tool before this one in a pipe, or name a file".to_owned())
    }
}

impl Input {
    /// Reads standard input, at most `limit` bytes.
    pub fn stdin(limit: u64) -> Result<Self, InputError> {
        if io::stdin().is_terminal() {
            return Err(InputError::Terminal);
        }
        let identity = rustix::fs::fstat(io::stdin()).ok().map(|stat| (stat.st_dev, stat.st_ino));
        let bytes = read(io::stdin().lock(), "standard input", limit)?;
        Ok(Self { name: "standard input".to_owned(), bytes, identity })
    }

    /// Reads the file at `path`, at most `limit` bytes; `-` is standard input.
    pub fn open(path: &Path, limit: u64) -> Result<Self, InputError> {
        if path == Path::new("-") {
            return Self::stdin(limit);
        }
        let name = path.display().to_string();
        let failed = |source: io::Error| InputError::Io { name: name.clone(), source };
        // Without NONBLOCK a FIFO would wait for a writer for ever.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = rustix::fs::open(path, flags, Mode::empty()).map_err(|err| failed(err.into()))?;
        let stat = rustix::fs::fstat(&file).map_err(|err| failed(err.into()))?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {}
            // `--bundle <(...)`: a pipe that the caller opened. Read it as a blocking one.
            FileType::Fifo if is_descriptor(path) => {
                rustix::fs::fcntl_setfl(&file, OFlags::empty()).map_err(|err| failed(err.into()))?;
            }
            _ => return Err(InputError::NotAFile(name)),
        }
        let bytes = read(File::from(file), &name, limit)?;
        Ok(Self { name, bytes, identity: Some((stat.st_dev, stat.st_ino)) })
    }

    /// The last component of the name: documents hold no directories of this machine.
    #[must_use]
    pub fn base_name(&self) -> String {
        PathBuf::from(&self.name)
            .file_name()
            .map_or_else(|| self.name.clone(), |n| n.to_string_lossy().into_owned())
    }
}

/// Lets a pipe hold more before its writer has to wait; only a wish, which other files and other systems do not grant.
pub fn widen_pipe(pipe: impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}

fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

/// Reads to the end, and one byte past `limit` to tell full from too long.
fn read(from: impl Read, name: &str, limit: u64) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    from.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| InputError::Io { name: name.to_owned(), source })?;
    if bytes.len() as u64 > limit {
        return Err(InputError::Long { name: name.to_owned(), limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_kinds() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("f");
        std::fs::write(&path, b"12345").expect("a file");
        assert_eq!(Input::open(&path, 5).expect("fits").bytes, b"12345");
        assert!(matches!(Input::open(&path, 4), Err(InputError::Long { .. })));
        assert!(matches!(Input::open(dir.path(), 4), Err(InputError::NotAFile(_))));
        assert!(matches!(Input::open(Path::new("/dev/zero"), 4), Err(InputError::NotAFile(_))));
        assert!(matches!(Input::open(&dir.path().join("none"), 4), Err(InputError::Io { .. })));
    }
}
