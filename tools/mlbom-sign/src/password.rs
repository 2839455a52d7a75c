//! Passwords and PINs: from a file, a descriptor or the terminal; never from an argument or the environment.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use mlbom::cli::Hint;
use mlbom_sigstore::signing::Zeroizing;

use crate::terminal;

/// The longest password, in bytes. It may be empty.
const MAX_BYTES: usize = 1024;

/// Standard input holds the document, and the other two are for writing.
const FIRST_FREE_DESCRIPTOR: u32 = 3;

/// Where a password comes from.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct PasswordArgs {
    /// Read the password of the key, a new one's too, or the token's PIN, from the first line of FILE
    ///
    /// FILE may be /dev/fd/N; of a pipe no more than the line is read.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Read it from descriptor N, which the shell opened (3<FILE)
    #[arg(long, value_name = "N", conflicts_with = "password_file")]
    pub(crate) password_fd: Option<u32>,
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("--password-fd: {0} is taken, 3 or higher was wanted")]
    Descriptor(u32),
    #[error("{name}: the password cannot be read")]
    Io { name: String, source: io::Error },
    #[error("{0}: holds no password: a file, or a pipe as /dev/fd/N, was wanted")]
    Kind(String),
    #[error("{0}: the password is longer than {MAX_BYTES} bytes")]
    Long(String),
    #[error("{name}: wants a password, and there is no terminal to ask at")]
    NoTerminal { name: String, source: io::Error },
}

impl Hint for PasswordError {
    fn hint(&self) -> Option<String> {
        matches!(self, Self::NoTerminal { .. })
            .then(|| "give --password-file FILE, or --password-fd N with N<FILE".to_owned())
    }
}

impl PasswordArgs {
    /// The device and inode of the file that is read, if one is: no output may replace it.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        identity(&self.path()?)
    }

    /// Whether it is said where the password is; else it is asked for at the terminal.
    pub(crate) const fn is_given(&self) -> bool {
        self.password_file.is_some() || self.password_fd.is_some()
    }

    /// The password of `of`, a key's file or a token, as messages call it.
    pub(crate) fn ask(&self, of: &str) -> Result<Zeroizing<Vec<u8>>, PasswordError> {
        match (self.password_fd, self.path()) {
            (Some(number), _) if number < FIRST_FREE_DESCRIPTOR => Err(PasswordError::Descriptor(number)),
            (_, Some(file)) => from_file(&file),
            (_, None) => from_terminal(of),
        }
    }

    fn path(&self) -> Option<PathBuf> {
        let descriptor = || self.password_fd.map(|number| PathBuf::from(format!("/dev/fd/{number}")));
        self.password_file.clone().or_else(descriptor)
    }
}

/// The device and inode behind `path`. Whatever is wrong with it is said where it is read.
pub(crate) fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

fn from_terminal(of: &str) -> Result<Zeroizing<Vec<u8>>, PasswordError> {
    let prompt = format!("mlbom-sign: password of {}: ", of.escape_debug());
    let typed = terminal::ask(&prompt).map_err(|source| match source.kind() {
        // Control-D: there was a terminal.
        io::ErrorKind::UnexpectedEof | io::ErrorKind::Interrupted => {
            PasswordError::Io { name: "the terminal".to_owned(), source }
        }
        _ => PasswordError::NoTerminal { name: of.to_owned(), source },
    })?;
    typed.ok_or_else(|| PasswordError::Long("the terminal".to_owned()))
}

/// Reads the first line of a file.
pub(crate) fn from_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, PasswordError> {
    let name = path.display().to_string();
    let failed = |source| PasswordError::Io { name: name.clone(), source };
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    // A FIFO by name would wait for its writer for ever, and a device has no end.
    if !(kind.is_file() || kind.is_fifo() && is_descriptor(path)) {
        return Err(PasswordError::Kind(name));
    }
    let mut file = File::open(path).map_err(failed)?;
    first_line(&mut file).map_err(failed)?.ok_or(PasswordError::Long(name))
}

fn is_descriptor(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

/// The bytes before the first line break, or `None` if they are too many.
pub(crate) fn first_line(from: &mut impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    // Enough from the start: growing would leave a copy behind. With room for `\r` and for one byte too many.
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 2));
    let mut byte = Zeroizing::new([0]);
    // One by one: what follows the line in a pipe is somebody else's, and a buffer would keep it.
    while line.len() < MAX_BYTES + 2 {
        match from.read(&mut byte[..]) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                break;
            }
            Ok(_) => line.push(byte[0]),
            Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
            Err(err) => return Err(err),
        }
    }
    Ok((line.len() <= MAX_BYTES).then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::fd::AsRawFd as _;

    fn line(text: &[u8]) -> Option<Vec<u8>> {
        first_line(&mut &text[..]).expect("reads").map(|line| line.to_vec())
    }

    #[test]
    fn first_lines() {
        for (text, wanted) in [
            (&b""[..], &b""[..]),
            (b"\n", b""),
            (b"\r\n", b""),
            (b"a", b"a"),
            (b"a\n", b"a"),
            (b"a\r\n", b"a"),
            (b"a\nb\n", b"a"),
            (b"\na", b""),
            (b" a\t\n", b" a\t"),
            (b"a\rb\n", b"a\rb"),
            (b"a\r", b"a\r"),
            (b"\xff\0\n", b"\xff\0"),
        ] {
            assert_eq!(line(text).as_deref(), Some(wanted), "{text:?}");
        }
        let full = vec![b'x'; MAX_BYTES];
        for end in ["", "\n", "\r\n", "\nmore"] {
            assert_eq!(line(&[&full, end.as_bytes()].concat()).as_ref(), Some(&full), "{end:?}");
        }
        for end in ["x", "x\n", "x\r\n", "xx\n"] {
            assert_eq!(line(&[&full, end.as_bytes()].concat()), None, "{end:?}");
        }
        assert_eq!(line(&vec![b'x'; 1 << 20]), None);
    }

    #[test]
    fn files_and_descriptors() {
        let ask = |file: Option<&str>, number| {
            PasswordArgs { password_file: file.map(PathBuf::from), password_fd: number }.ask("k.pem")
        };
        assert!(matches!(ask(Some("/nonexistent"), None), Err(PasswordError::Io { .. })));
        assert!(matches!(ask(Some("/dev/zero"), None), Err(PasswordError::Kind(_))));
        assert!(matches!(ask(Some("/"), None), Err(PasswordError::Kind(_))));
        assert!(matches!(ask(None, Some(987_654)), Err(PasswordError::Io { .. })));
        for number in 0..3 {
            assert!(matches!(ask(None, Some(number)), Err(PasswordError::Descriptor(_))), "{number}");
        }
        let (reader, mut writer) = io::pipe().expect("a pipe");
        writer.write_all(b"first\nsecond\nthird").expect("writes");
        // The writer is still there: waiting for the end would be waiting for ever.
        let number = u32::try_from(reader.as_raw_fd()).expect("a descriptor");
        assert_eq!(ask(None, Some(number)).expect("reads").as_slice(), b"first");
        assert_eq!(ask(Some(&format!("/dev/fd/{number}")), None).expect("reads").as_slice(), b"second");
        drop(writer);
        assert_eq!(ask(None, Some(number)).expect("reads").as_slice(), b"third");
    }
}
