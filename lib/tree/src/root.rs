//! The model's root, and how far links may lead from it.

use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use mlbom::manifest::Kind;
use mlbom::path::RelPath;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::Error;
use crate::identity::{Identity, kind_name};

pub(crate) const OPEN_DIR: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// An opened model: a directory, or the directory that holds its one file.
#[derive(Debug)]
pub(crate) struct Root {
    given: PathBuf,
    /// The directory of that: itself, or what the one file is in.
    top: PathBuf,
    name: String,
    kind: Kind,
    /// The directory that all paths of the model start from.
    pub(crate) dir: OwnedFd,
    /// How far links may lead.
    pub(crate) boundary: Boundary,
}

/// The directory that links must not leave: the root itself, or the Hub cache repository that it is a snapshot in.
#[derive(Debug)]
pub(crate) struct Boundary {
    pub(crate) dir: OwnedFd,
    /// Its absolute path, to recognise absolute links that lead into it.
    pub(crate) absolute: PathBuf,
    /// The root's place below it; empty if it is the root.
    pub(crate) to_root: Vec<String>,
    /// What may be entered from `dir` itself; none if all of it may.
    pub(crate) doors: Option<[String; 2]>,
}

/// The directory of a Hub cache that holds the files of a repository, or of all of them if the marker says so.
pub(crate) const STORE: &str = "blobs";
/// What says so (huggingface_hub 2, seen on disk).
const STORE_MARKER: &str = ".huggingface-shared-blobs";

impl Root {
    pub(crate) fn open(given: &Path) -> Result<Self, Error> {
        let shown = || given.display().to_string();
        let failed = |source: std::io::Error| Error::Io { path: shown(), source };
        let metadata = fs::metadata(given).map_err(failed)?;
        let kind = if metadata.is_dir() { Kind::Directory } else { Kind::File };
        let name = name_of(given)?;
        let top = match kind {
            Kind::Directory => given.to_owned(),
            Kind::File => match given.parent() {
                Some(parent) if parent != Path::new("") => parent.to_owned(),
                _ => PathBuf::from("."),
            },
        };
        // The caller named this path, links in it included; everything below is opened from here, without following.
        let absolute = fs::canonicalize(&top).map_err(failed)?;
        let dir = rustix::fs::open(&absolute, OPEN_DIR, Mode::empty()).map_err(|err| failed(err.into()))?;
        let boundary = Boundary::around(&dir, absolute).map_err(|err| failed(err.into()))?;
        if kind == Kind::File {
            let stat = rustix::fs::statat(&dir, &name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
                .map_err(|err| failed(err.into()))?;
            if !matches!(FileType::from_raw_mode(stat.st_mode), FileType::RegularFile | FileType::Symlink) {
                return Err(Error::Special { path: shown(), kind: kind_name(&stat) });
            }
        }
        Ok(Self { given: given.to_owned(), top, name, kind, dir, boundary })
    }

    /// Whether the path that was given still leads to the directory that was opened.
    pub(crate) fn is_in_place(&self) -> bool {
        let there = rustix::fs::stat(&self.top);
        let opened = rustix::fs::fstat(&self.dir);
        matches!((there, opened), (Ok(a), Ok(b)) if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// The root as the caller typed it.
    pub(crate) fn shown(&self) -> String {
        self.given.display().to_string()
    }

    /// An entry of the model as the caller would type it.
    pub(crate) fn show(&self, path: &RelPath) -> String {
        self.show_text(path.as_str())
    }

    /// The same for a name that is no [`RelPath`].
    pub(crate) fn show_text(&self, path: &str) -> String {
        match self.kind {
            Kind::Directory => self.given.join(path).display().to_string(),
            Kind::File => self.shown(),
        }
    }
}

impl Boundary {
    fn around(dir: &OwnedFd, absolute: PathBuf) -> Result<Self, Errno> {
        if let Some((repository, to_root)) = hub_repository(&absolute) {
            let repository_dir = rustix::fs::open(&repository, OPEN_DIR, Mode::empty())?;
            // The path was looked up twice; only the same directory counts.
            if same_directory(&repository_dir, &to_root, dir)? {
                return Ok(match Self::with_store(&repository, &to_root, dir)? {
                    Some(shared) => shared,
                    None => Self { dir: repository_dir, absolute: repository, to_root, doors: None },
                });
            }
        }
        let dir = dir.try_clone().map_err(|_| Errno::MFILE)?;
        Ok(Self { dir, absolute, to_root: Vec::new(), doors: None })
    }

    /// The cache around `repository`, if it keeps the files of all repositories in one store: links may lead into the
    /// repository and into the store, and nowhere else in the cache.
    fn with_store(repository: &Path, to_root: &[String], wanted: &OwnedFd) -> Result<Option<Self>, Errno> {
        let (Some(cache), Some(name)) =
            (repository.parent(), repository.file_name().and_then(OsStr::to_str).map(ToOwned::to_owned))
        else {
            return Ok(None);
        };
        let Ok(dir) = rustix::fs::open(cache, OPEN_DIR, Mode::empty()) else { return Ok(None) };
        let Ok(store) = rustix::fs::openat(&dir, STORE, OPEN_DIR, Mode::empty()) else { return Ok(None) };
        let marked = rustix::fs::statat(&store, STORE_MARKER, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        if !marked {
            return Ok(None);
        }
        let to_root: Vec<String> = std::iter::once(&name).chain(to_root).cloned().collect();
        if !same_directory(&dir, &to_root, wanted)? {
            return Ok(None);
        }
        Ok(Some(Self { dir, absolute: cache.to_owned(), to_root, doors: Some([name, STORE.to_owned()]) }))
    }
}

/// The Hub cache repository that `path` is a snapshot in, and the way down again: `models--org--name/snapshots/commit`
/// (huggingface_hub, "Understand caching").
fn hub_repository(path: &Path) -> Option<(PathBuf, Vec<String>)> {
    let parts: Vec<&OsStr> = path.components().map(Component::as_os_str).collect();
    let kinds = ["models--", "datasets--", "spaces--"];
    let at = (1..parts.len().saturating_sub(1)).rev().find(|&at| {
        parts[at] == "snapshots"
            && parts[at - 1].to_str().is_some_and(|name| kinds.iter().any(|kind| name.starts_with(kind)))
    })?;
    let below: Option<Vec<String>> =
        parts[at..].iter().map(|part| part.to_str().map(ToOwned::to_owned)).collect();
    Some((parts[..at].iter().collect(), below?))
}

fn same_directory(from: &OwnedFd, down: &[String], wanted: &OwnedFd) -> Result<bool, Errno> {
    let mut dir: Option<OwnedFd> = None;
    for part in down {
        dir = Some(rustix::fs::openat(dir.as_ref().unwrap_or(from), part, OPEN_DIR, Mode::empty())?);
    }
    let (found, wanted) = (rustix::fs::fstat(dir.as_ref().unwrap_or(from))?, rustix::fs::fstat(wanted)?);
    let (found, wanted) = (Identity::of(&found), Identity::of(&wanted));
    Ok((found.device, found.inode) == (wanted.device, wanted.inode))
}

/// The last component of `path`, or of the directory that `.` or `..` stands for.
fn name_of(path: &Path) -> Result<String, Error> {
    let shown = || path.display().to_string();
    let resolved;
    let name = match path.components().next_back() {
        Some(Component::Normal(name)) => name,
        _ => {
            resolved = fs::canonicalize(path).map_err(|source| Error::Io { path: shown(), source })?;
            resolved.file_name().unwrap_or_else(|| OsStr::new(""))
        }
    };
    let name = name.to_str().ok_or_else(|| Error::NameNotUtf8 { path: shown() })?;
    RelPath::parse(name).map_err(|why| Error::Name { path: shown(), why })?;
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hub_snapshots() {
        let (repository, down) =
            hub_repository(Path::new("/c/hub/models--o--n/snapshots/abc/sub")).expect("a repository");
        assert_eq!(repository, Path::new("/c/hub/models--o--n"));
        assert_eq!(down, ["snapshots", "abc", "sub"]);
        for other in ["/c/models--o--n/snapshots", "/c/o/snapshots/abc", "/snapshots/abc", "/"] {
            assert!(hub_repository(Path::new(other)).is_none(), "{other}");
        }
    }
}
