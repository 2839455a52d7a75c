//! A directory that single files are read from, after or without hashing it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use mlbom::manifest::{MAX_FILES, Manifest};
use mlbom::path::RelPath;
use rustix::fs::{AtFlags, Dir, FileType, Mode};
use rustix::io::Errno;

use crate::identity::Identity;
use crate::resolve::locate;
use crate::root::{OPEN_DIR, Root};
use crate::{Error, Options, Watch, hash_root};

/// A directory, or the directory of a single file. Nothing outside of it is reached.
#[derive(Debug)]
pub struct Tree {
    root: Root,
    /// The files that were hashed or listed, as they were then.
    seen: BTreeMap<RelPath, Identity>,
    /// Those that were opened one by one.
    opened: Mutex<BTreeSet<(u64, u64)>>,
}

/// What a directory holds.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Entry {
    /// Its name, without directories.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What an entry of a directory is; links are not followed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A FIFO, socket or device.
    Special,
}

impl Tree {
    /// Opens the directory or file at `path`; nothing is read yet.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self { root: Root::open(path)?, seen: BTreeMap::new(), opened: Mutex::default() })
    }

    /// Opens and hashes the directory or file at `path`. A file that changes afterwards is not read. With [`Options::only`]
    /// the others can be opened all the same, and are not in the manifest.
    pub fn hash(path: &Path, options: &Options, watch: &dyn Watch) -> Result<(Self, Manifest), Error> {
        let root = Root::open(path)?;
        let (manifest, listing) = hash_root(&root, options, watch)?;
        let seen = listing.files.into_iter().map(|entry| (entry.path, entry.identity)).collect();
        Ok((Self { root, seen, opened: Mutex::default() }, manifest))
    }

    /// Opens the directory or file at `path` that `manifest` was made of. The files have to be there with their sizes.
    pub fn of_manifest(path: &Path, manifest: &Manifest) -> Result<Self, Error> {
        let root = Root::open(path)?;
        let mut seen = BTreeMap::new();
        for file in manifest.files() {
            let identity = locate(&root, &file.path)?.identity();
            if identity.size != file.size {
                return Err(Error::Changed { path: root.show(&file.path) });
            }
            seen.insert(file.path.clone(), identity);
        }
        Ok(Self { root, seen, opened: Mutex::default() })
    }

    /// The last component of the path that was given.
    #[must_use]
    pub fn name(&self) -> &str {
        self.root.name()
    }

    /// Device and inode of every file that was hashed, listed or opened, so that no output overwrites one.
    #[must_use]
    pub fn identities(&self) -> BTreeSet<(u64, u64)> {
        let seen = self.seen.values().map(|identity| (identity.device, identity.inode));
        seen.chain(self.opened.lock().unwrap_or_else(PoisonError::into_inner).iter().copied()).collect()
    }

    /// An entry as the caller would type it.
    #[must_use]
    pub fn show(&self, path: &RelPath) -> String {
        self.root.show(path)
    }

    /// What is directly in `dir`, or at the top; in byte order. `None` if that is not there or no directory. Names that
    /// are not UTF-8 or hold control characters are left out.
    pub fn entries(&self, dir: Option<&RelPath>) -> Result<Option<Vec<Entry>>, Error> {
        let shown = || dir.map_or_else(|| self.root.shown(), |dir| self.root.show(dir));
        let failed = |err: Errno| Error::Io { path: shown(), source: err.into() };
        let mut here = self.root.dir.try_clone().map_err(|source| Error::Io { path: shown(), source })?;
        for part in dir.iter().flat_map(|dir| dir.as_str().split('/')) {
            here = match rustix::fs::openat(&here, part, OPEN_DIR, Mode::empty()) {
                Ok(below) => below,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
                Err(err) => return Err(failed(err)),
            };
        }
        let mut entries = Vec::new();
        for entry in Dir::read_from(&here).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            if matches!(name, "." | "..") || RelPath::parse(name).is_err() {
                continue;
            }
            if entries.len() >= MAX_FILES {
                return Err(Error::TooMany { path: shown() });
            }
            entries.push(Entry { name: name.to_owned(), kind: kind_of(&here, name).map_err(failed)? });
        }
        entries.sort();
        Ok(Some(entries))
    }

    /// Opens a regular file; `None` if there is none of that name. A link that leads out is an error, and so is a file
    /// that is not as it was when it was hashed.
    pub fn open_file(&self, path: &RelPath) -> Result<Option<Opened>, Error> {
        let located = match locate(&self.root, path) {
            Ok(located) => located,
            Err(Error::Io { source, .. })
                if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(err) => return Err(err),
        };
        let shown = || self.root.show(path);
        let failed = |err: Errno| Error::Io { path: shown(), source: err.into() };
        let file = located.open().map_err(failed)?;
        let identity = Identity::of(&rustix::fs::fstat(&file).map_err(failed)?);
        if identity != located.identity() || self.seen.get(path).is_some_and(|seen| *seen != identity) {
            return Err(Error::Changed { path: shown() });
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.insert((identity.device, identity.inode));
        Ok(Some(Opened { file: file.into(), identity, shown: shown() }))
    }

    /// The target of the link at `path`, as written; `None` if there is no link of that name.
    pub fn link_target(&self, path: &RelPath) -> Result<Option<String>, Error> {
        let mut dir: OwnedFd =
            self.root.dir.try_clone().map_err(|source| Error::Io { path: self.root.show(path), source })?;
        let (above, name) =
            path.as_str().rsplit_once('/').map_or((None, path.as_str()), |(a, n)| (Some(a), n));
        for part in above.iter().flat_map(|above| above.split('/')) {
            match rustix::fs::openat(&dir, part, OPEN_DIR, Mode::empty()) {
                Ok(below) => dir = below,
                Err(_) => return Ok(None),
            }
        }
        Ok(rustix::fs::readlinkat(&dir, name, Vec::new()).ok().and_then(|target| target.into_string().ok()))
    }
}

fn kind_of(dir: &OwnedFd, name: &str) -> Result<EntryKind, Errno> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => EntryKind::Directory,
        FileType::RegularFile => EntryKind::File,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Special,
    })
}

/// An opened file that says at the end whether it stayed the same.
#[derive(Debug)]
pub struct Opened {
    /// For reading.
    pub file: File,
    identity: Identity,
    shown: String,
}

impl Opened {
    /// Its length in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.identity.size
    }

    /// All of it; `None` if it is longer than `limit` bytes.
    pub fn read(mut self, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        if self.size() > limit {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let size = self.size();
        let read = (&mut self.file).take(size + 1).read_to_end(&mut bytes);
        read.map_err(|source| Error::Io { path: self.shown.clone(), source })?;
        if bytes.len() as u64 != self.size() {
            return Err(Error::Changed { path: self.shown });
        }
        self.unchanged()?;
        Ok(Some(bytes))
    }

    /// An error if it is not the same any more.
    pub fn unchanged(&self) -> Result<(), Error> {
        let stat = rustix::fs::fstat(&self.file)
            .map_err(|err| Error::Io { path: self.shown.clone(), source: err.into() })?;
        if Identity::of(&stat) == self.identity {
            Ok(())
        } else {
            Err(Error::Changed { path: self.shown.clone() })
        }
    }

    /// A read error as this file's.
    #[must_use]
    pub fn failed(&self, source: io::Error) -> Error {
        Error::Io { path: self.shown.clone(), source }
    }
}
