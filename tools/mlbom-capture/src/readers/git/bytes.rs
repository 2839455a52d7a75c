//! Whether a file of the work tree has the bytes that the commit names.
//!
//! What git itself compares went through filters first: line ends, `$Id$`, `working-tree-encoding`. What runs is what
//! lies there, so these are the bytes that are compared, whatever attributes say of them. libgit2 hashes them: it sees
//! SHA-1 collisions, and calls what was made for one an error.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use git2::{ObjectType, Odb, Oid};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::worktree::Failed;

/// The longest file that is hashed in memory, in bytes.
const MAX_WHOLE_BYTES: u64 = 16 << 20;
/// The longest file whose line ends are looked at, in bytes.
const MAX_TEXT_BYTES: u64 = 64 << 20;
/// The modes of a link, and the bit of a program, as trees have them (gitformat-index, "mode").
const LINK: i32 = 0o120_000;
const PROGRAM: i32 = 0o100;

const OPEN_DIR: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Were it a FIFO by now, this would not wait for a writer.
const OPEN_FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// What lies under the name of a tracked file.
pub(super) enum Found {
    /// What the commit says.
    Same,
    /// Nothing, or something below what is no directory.
    Nothing,
    /// Something of another kind or mode, or a link to elsewhere.
    OtherKind,
    /// A regular file with other bytes.
    OtherBytes(Opened),
    /// Something that this user may not read.
    Closed,
}

/// A regular file of a work tree.
pub(super) struct Opened {
    file: File,
    stat: Stat,
    shown: String,
}

/// A work tree, opened.
pub(super) struct Bytes<'a> {
    odb: Odb<'a>,
    top: PathBuf,
    top_dir: OwnedFd,
    /// The directory that was opened last, and its name.
    last: Option<(Vec<u8>, OwnedFd)>,
    /// Whether the file system tells programs from other files (git-config, `core.fileMode`).
    modes: bool,
}

impl<'a> Bytes<'a> {
    pub(super) fn open(odb: Odb<'a>, top: &Path, modes: bool) -> Result<Self, Failed> {
        let top_dir = rustix::fs::open(top, OPEN_DIR, Mode::empty())
            .map_err(|err| failed(&shown(top.as_os_str().as_bytes()), err.into()))?;
        Ok(Self { odb, top: top.to_owned(), top_dir, last: None, modes })
    }

    /// Looks at the file that the commit holds under `path` as the object `id` with `mode`.
    pub(super) fn look(&mut self, path: &[u8], id: Oid, mode: i32) -> Result<Found, Failed> {
        let at = path.iter().rposition(|byte| *byte == b'/');
        let (above, name) = at.map_or((&path[..0], path), |at| (&path[..at], &path[at + 1..]));
        let name_shown = shown(path);
        let found = self.enter(above).and_then(|dir| {
            let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
            let kind = FileType::from_raw_mode(stat.st_mode);
            if kind == FileType::Symlink && mode == LINK {
                return Ok((stat, Err(rustix::fs::readlinkat(dir, name, Vec::new())?)));
            }
            if kind != FileType::RegularFile || mode == LINK {
                return Ok((stat, Err(c"".into())));
            }
            Ok((stat, Ok(rustix::fs::openat(dir, name, OPEN_FILE, Mode::empty())?)))
        });
        let (stat, file) = match found {
            Ok((stat, Ok(file))) => (stat, File::from(file)),
            Ok((stat, Err(target))) => {
                let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink && mode == LINK;
                let same =
                    link && Oid::hash_object(ObjectType::Blob, target.as_bytes()).is_ok_and(|it| it == id);
                return Ok(if same { Found::Same } else { Found::OtherKind });
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Found::Nothing),
            Err(Errno::ACCESS | Errno::PERM) => return Ok(Found::Closed),
            Err(err) => return Err(failed(&name_shown, err.into())),
        };
        if self.modes && (stat.st_mode & PROGRAM.unsigned_abs() != 0) != (mode & PROGRAM != 0) {
            return Ok(Found::OtherKind);
        }
        let opened = Opened { file, stat, shown: name_shown };
        opened.unchanged()?;
        let size = opened.size();
        let other_size = self.odb.read_header(id).is_ok_and(|(wanted, _)| wanted as u64 != size);
        if other_size {
            return Ok(Found::OtherBytes(opened));
        }
        let hash = if size <= MAX_WHOLE_BYTES {
            let bytes = opened.read()?;
            Oid::hash_object(ObjectType::Blob, &bytes)
        } else {
            // By name, and read to its end by libgit2: it has to be the file that was looked at before and after.
            let hash = Oid::hash_file(ObjectType::Blob, self.top.join(std::ffi::OsStr::from_bytes(path)));
            opened.unchanged()?;
            let again =
                self.enter(above).and_then(|dir| rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW));
            if !again.is_ok_and(|again| same(&again, &opened.stat)) {
                return Err(changed(&opened.shown));
            }
            hash
        };
        Ok(if hash.is_ok_and(|hash| hash == id) { Found::Same } else { Found::OtherBytes(opened) })
    }

    /// The directory `path`, not through links.
    fn enter(&mut self, path: &[u8]) -> Result<&OwnedFd, Errno> {
        if path.is_empty() {
            return Ok(&self.top_dir);
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let mut dir = None;
            for part in path.split(|byte| *byte == b'/') {
                let from = dir.as_ref().unwrap_or(&self.top_dir);
                dir = Some(rustix::fs::openat(from, part, OPEN_DIR, Mode::empty())?);
            }
            self.last = dir.map(|dir| (path.to_owned(), dir));
        }
        Ok(self.last.as_ref().map_or(&self.top_dir, |(_, dir)| dir))
    }
}

impl Opened {
    fn size(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or(0)
    }

    fn read(&self) -> Result<Vec<u8>, Failed> {
        let mut bytes = Vec::new();
        let read = (&self.file).take(self.size() + 1).read_to_end(&mut bytes);
        read.map_err(|err| failed(&self.shown, err))?;
        if bytes.len() as u64 != self.size() {
            return Err(changed(&self.shown));
        }
        self.unchanged()?;
        Ok(bytes)
    }

    /// An error if it is not, or not any more, the file that was looked at.
    fn unchanged(&self) -> Result<(), Failed> {
        let now = rustix::fs::fstat(&self.file).map_err(|err| failed(&self.shown, err.into()))?;
        if same(&now, &self.stat) { Ok(()) } else { Err(changed(&self.shown)) }
    }

    /// Whether it is the blob `id` with CRLF for every LF that was changed, and nothing else; not asked of binary files.
    pub(super) fn differs_in_line_ends(&self, id: Oid) -> Result<bool, Failed> {
        if self.size() > MAX_TEXT_BYTES {
            return Ok(false);
        }
        let Some(bytes) = with_lf(&self.read()?) else { return Ok(false) };
        Ok(Oid::hash_object(ObjectType::Blob, &bytes).is_ok_and(|hash| hash == id))
    }
}

/// `bytes` with LF for CRLF; none if they hold NUL, or a CR that would stand before an LF then.
fn with_lf(bytes: &[u8]) -> Option<Vec<u8>> {
    let ends = |at: usize| bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
    if bytes.contains(&0) || bytes.windows(3).any(|three| three == b"\r\r\n") {
        return None;
    }
    Some((0..bytes.len()).filter(|at| !ends(*at)).filter_map(|at| bytes.get(at).copied()).collect())
}

/// Whether two looks saw the same file, with nothing written to it between them.
fn same(one: &Stat, other: &Stat) -> bool {
    let id = |stat: &Stat| {
        let times = (stat.st_mtime, stat.st_mtime_nsec, stat.st_ctime, stat.st_ctime_nsec);
        (stat.st_dev, stat.st_ino, stat.st_size, times)
    };
    id(one) == id(other)
}

fn failed(path: &str, source: io::Error) -> Failed {
    Failed::Error(mlbom_tree::Error::Io { path: path.to_owned(), source }.into())
}

fn changed(path: &str) -> Failed {
    Failed::Error(mlbom_tree::Error::Changed { path: path.to_owned() }.into())
}

/// A name as text: what is not UTF-8 is shown, never opened.
pub(super) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_nothing_else() {
        for (bytes, want) in [
            (&b"a\r\r\n"[..], None),
            (b"a\r\n\0", None),
            (b"a\r\nb\nc\r\n", Some(&b"a\nb\nc\n"[..])),
            (b"a\rb\r", Some(b"a\rb\r")),
            (b"", Some(b"")),
        ] {
            assert_eq!(with_lf(bytes).as_deref(), want, "{bytes:?}");
        }
    }
}
