//! Progress for a program: JSON Lines on a descriptor that it opened.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use serde::Serialize;

use super::rate::State;

/// The name of these lines, and of their schema.
pub const PROGRESS_TYPE: &str = "urn:mlbom:progress:v1";
/// Between two attempts to write the last line.
const AGAIN: Duration = Duration::from_millis(10);

/// Why no progress can be written to a descriptor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgressError {
    /// The caller did not open it.
    #[error("descriptor {0}: is not open")]
    Closed(u32),
    /// It is open, and not for writing.
    #[error("descriptor {0}: is open for reading only, one to write to was wanted")]
    ReadOnly(u32),
    /// The document goes there.
    #[error("descriptor {0}: is standard output, where the document goes, or leads to the same place")]
    Stdout(u32),
    /// A socket or the like, which cannot be opened again.
    #[error("descriptor {0}: is a {1}, a pipe or a file was wanted")]
    Kind(u32, &'static str),
    /// Cannot be opened.
    #[error("descriptor {number}: cannot be written")]
    Io {
        /// Which one.
        number: u32,
        /// Why not.
        source: io::Error,
    },
}

/// One line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    r#type: &'static str,
    tool: &'a str,
    done_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_bytes: Option<u64>,
    done_files: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_files: Option<u64>,
    seconds: f64,
    bytes_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
    r#final: bool,
}

/// Where the lines go.
pub(super) struct Lines {
    file: File,
    identity: (u64, u64),
}

impl Lines {
    /// Opens the file or pipe behind descriptor `number` once more: that way the lines neither wait for a reader, nor
    /// change the flags of a descriptor that others hold.
    pub(super) fn open(number: u32, to_stdout: bool) -> Result<Self, ProgressError> {
        // A program that was given no descriptor 0 or 1 may find another file under these numbers.
        if number == 1 {
            return Err(ProgressError::Stdout(number));
        }
        let failed = |err: Errno| ProgressError::Io { number, source: err.into() };
        check_access(number)?;
        let path = format!("/dev/fd/{number}");
        let stat = rustix::fs::stat(&path).map_err(failed)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Socket => return Err(ProgressError::Kind(number, "socket")),
            FileType::Directory => return Err(ProgressError::Kind(number, "directory")),
            FileType::Unknown => return Err(ProgressError::Kind(number, "special file")),
            FileType::CharacterDevice => {}
            _ => {
                let stdout = rustix::fs::fstat(io::stdout()).map(|stdout| (stdout.st_dev, stdout.st_ino));
                if to_stdout && stdout == Ok((stat.st_dev, stat.st_ino)) {
                    return Err(ProgressError::Stdout(number));
                }
            }
        }
        // APPEND: a file that is opened anew would be written from its start.
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(file) => Ok(Self { file: file.into(), identity: (stat.st_dev, stat.st_ino) }),
            // A pipe whose reader has left already: as if it left a moment later.
            Err(Errno::NXIO) if FileType::from_raw_mode(stat.st_mode) == FileType::Fifo => {
                let null = rustix::fs::open("/dev/null", flags, Mode::empty()).map_err(failed)?;
                Ok(Self { file: null.into(), identity: (stat.st_dev, stat.st_ino) })
            }
            Err(err) => Err(failed(err)),
        }
    }

    /// Device and inode of what the lines go to.
    pub(super) const fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Writes a line, or drops it if the pipe is full. Fails if nobody will read another one.
    pub(super) fn write(&mut self, tool: &str, state: &State) -> io::Result<()> {
        match self.put(&line(tool, state, false)) {
            Err(err) if is_full(&err) => Ok(()),
            other => other,
        }
    }

    /// Writes the last line, for which it waits `patience` long if the pipe is full.
    pub(super) fn finish(mut self, tool: &str, state: &State, patience: Duration) {
        let (line, begun) = (line(tool, state, true), Instant::now());
        while let Err(err) = self.put(&line) {
            if !is_full(&err) || begun.elapsed() > patience {
                return;
            }
            thread::sleep(AGAIN);
        }
    }

    /// A line is shorter than PIPE_BUF, and so it goes into a pipe whole or not at all.
    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        loop {
            match self.file.write(line) {
                Ok(_) => return Ok(()),
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

fn is_full(err: &io::Error) -> bool {
    err.kind() == io::ErrorKind::WouldBlock
}

fn line(tool: &str, state: &State, last: bool) -> Vec<u8> {
    let line = Line {
        r#type: PROGRESS_TYPE,
        tool,
        done_bytes: state.done_bytes,
        total_bytes: state.total_bytes,
        done_files: state.done_files,
        total_files: (state.total_files > 0).then_some(state.total_files),
        seconds: (state.seconds * 1e3).round() / 1e3,
        bytes_per_second: state.bytes_per_second,
        seconds_left: state.seconds_left,
        r#final: last,
    };
    let mut line = serde_json::to_vec(&line).expect("numbers and names are always JSON");
    line.push(b'\n');
    line
}

/// Whether the caller opened `number`, and for writing: a pipe's reading end can be opened for writing as well, and then
/// the lines would come back to the caller as input.
#[cfg(target_os = "linux")]
fn check_access(number: u32) -> Result<(), ProgressError> {
    let text = match fs::read_to_string(format!("/proc/self/fdinfo/{number}")) {
        Ok(text) => text,
        Err(err)
            if err.kind() == io::ErrorKind::NotFound
                && fs::exists("/proc/self/fdinfo").is_ok_and(|is| is) =>
        {
            return Err(ProgressError::Closed(number));
        }
        Err(source) => return Err(ProgressError::Io { number, source }),
    };
    let flags =
        text.lines().find_map(|line| u32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
    let flags = OFlags::from_bits_retain(flags.ok_or(ProgressError::Closed(number))?);
    // What a program inherits never has this flag, and what it opens itself always does.
    if flags.contains(OFlags::CLOEXEC) {
        return Err(ProgressError::Closed(number));
    }
    if flags.intersects(OFlags::WRONLY | OFlags::RDWR) {
        Ok(())
    } else {
        Err(ProgressError::ReadOnly(number))
    }
}

/// Elsewhere `/dev/fd` itself knows, and opening fails.
#[cfg(not(target_os = "linux"))]
fn check_access(number: u32) -> Result<(), ProgressError> {
    match fs::exists(format!("/dev/fd/{number}")) {
        Ok(true) => Ok(()),
        _ => Err(ProgressError::Closed(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_and_whole() {
        let state = State {
            seconds: 1e9,
            done_bytes: u64::MAX,
            total_bytes: Some(u64::MAX),
            done_files: u64::MAX,
            total_files: u64::MAX,
            bytes_per_second: u64::MAX,
            seconds_left: Some(u64::MAX),
        };
        let longest = line("mlbom-capture", &state, false);
        assert!(longest.len() < 512, "the least that PIPE_BUF may be (POSIX)");
        assert_eq!(longest.iter().position(|byte| *byte == b'\n'), Some(longest.len() - 1));
        let unknown = State { total_bytes: None, total_files: 0, seconds_left: None, seconds: 0.25, ..state };
        let text = String::from_utf8(line("t", &unknown, true)).expect("UTF-8");
        assert!(text.starts_with(r#"{"type":"urn:mlbom:progress:v1","tool":"t","doneBytes":"#), "{text}");
        assert!(
            text.ends_with("\"seconds\":0.25,\"bytesPerSecond\":18446744073709551615,\"final\":true}\n"),
            "{text}"
        );
        assert!(!text.contains("total") && !text.contains("Left"), "{text}");
    }

    #[test]
    fn descriptors_that_are_none() {
        assert!(matches!(Lines::open(1, false), Err(ProgressError::Stdout(1))));
        assert!(matches!(Lines::open(999_999, false), Err(ProgressError::Closed(999_999))));
        // Ours: opened with CLOEXEC, as everything that Rust opens is.
        let own = fs::OpenOptions::new().write(true).open("/dev/null").expect("opens");
        let number = u32::try_from(std::os::fd::AsRawFd::as_raw_fd(&own)).expect("a number");
        assert!(matches!(Lines::open(number, false), Err(ProgressError::Closed(_))));
    }
}
