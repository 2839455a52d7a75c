//! Lists every file below a root.

use std::collections::BTreeSet;
use std::os::fd::{AsFd as _, BorrowedFd};

use mlbom::manifest::{Excluded, Kind, Link, MAX_FILES};
use mlbom::path::RelPath;
use rustix::fs::{AtFlags, Dir, FileType, Mode};
use rustix::io::Errno;

use crate::Error;
use crate::exclude::Exclusions;
use crate::identity::{Identity, kind_name};
use crate::resolve::locate;
use crate::root::{OPEN_DIR, Root};

/// The deepest tree that is walked: each level holds a descriptor.
pub(crate) const MAX_DEPTH: usize = 100;

/// One file that is to be hashed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    pub(crate) path: RelPath,
    pub(crate) identity: Identity,
    pub(crate) link: Option<Link>,
}

/// What is there, in byte order of path.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Entry>,
    pub(crate) excluded: Vec<Excluded>,
    /// Device and inode of every directory below the root that was looked into.
    pub(crate) directories: BTreeSet<(u64, u64)>,
}

impl Listing {
    /// Lists the model once more; an error unless it is as it was, and where it was.
    pub(crate) fn holds(&self, root: &Root, exclusions: &Exclusions) -> Result<(), Error> {
        let after = list(root, exclusions)?;
        match self.first_difference(&after) {
            Some(path) => Err(Error::Changed { path: root.show(path) }),
            None if !root.is_in_place() => Err(Error::Changed { path: root.shown() }),
            None => Ok(()),
        }
    }

    /// The first path that is not the same in `other`.
    pub(crate) fn first_difference<'a>(&'a self, other: &'a Self) -> Option<&'a RelPath> {
        let pairs = self.files.iter().zip(&other.files);
        let file = pairs.filter(|(a, b)| a != b).map(|(a, _)| &a.path).next();
        let longer = if self.files.len() > other.files.len() { &self.files } else { &other.files };
        let more = longer.get(self.files.len().min(other.files.len())).map(|entry| &entry.path);
        let excluded = (self.excluded != other.excluded)
            .then(|| self.excluded.first().or_else(|| other.excluded.first()).map(|entry| &entry.path));
        file.or(more).or(excluded.flatten())
    }
}

/// Lists the model at `root`, less `exclusions`.
pub(crate) fn list(root: &Root, exclusions: &Exclusions) -> Result<Listing, Error> {
    let mut listing = Listing::default();
    match root.kind() {
        Kind::File => {
            let path = RelPath::parse(root.name()).map_err(|why| Error::Name { path: root.shown(), why })?;
            if exclusions.names(&path).is_some() {
                return Err(Error::Empty { path: root.shown() });
            }
            let located = locate(root, &path)?;
            listing.files.push(Entry { path, identity: located.identity(), link: located.link });
        }
        Kind::Directory => {
            Walk { root, exclusions, listing: &mut listing }.directory(root.dir.as_fd(), "", 0)?;
        }
    }
    listing.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    listing.excluded.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

struct Walk<'a> {
    root: &'a Root,
    exclusions: &'a Exclusions,
    listing: &'a mut Listing,
}

impl Walk<'_> {
    /// Lists what is in `dir`, whose path is `prefix` (empty, or ending in a slash).
    fn directory(&mut self, dir: BorrowedFd<'_>, prefix: &str, depth: usize) -> Result<(), Error> {
        let shown = |name: &str| self.root.show_text(&format!("{prefix}{name}"));
        let failed = |name: &str, err: Errno| Error::Io { path: shown(name), source: err.into() };
        if depth > MAX_DEPTH {
            return Err(Error::Deep { path: shown("") });
        }
        let mut names = Vec::new();
        for entry in Dir::read_from(dir).map_err(|err| failed("", err))? {
            let entry = entry.map_err(|err| failed("", err))?;
            let name = entry.file_name();
            if name.to_bytes() == b"." || name.to_bytes() == b".." {
                continue;
            }
            match name.to_str() {
                Ok(name) => names.push(name.to_owned()),
                Err(_) => return Err(Error::NameNotUtf8 { path: shown(&name.to_string_lossy()) }),
            }
            if names.len() > MAX_FILES {
                return Err(Error::TooMany { path: self.root.shown() });
            }
        }
        for name in names {
            let text = format!("{prefix}{name}");
            let path =
                RelPath::parse(&text).map_err(|why| Error::Name { path: self.root.show_text(&text), why });
            // A name that cannot be listed cannot be listed as left out either.
            let path = path?;
            if let Some(by) = self.exclusions.names(&path) {
                self.listing.excluded.push(Excluded { path, by: by.to_owned() });
                continue;
            }
            let failed = |err: Errno| Error::Io { path: self.root.show(&path), source: err.into() };
            let stat = rustix::fs::statat(dir, name.as_str(), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
            let (identity, link) = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => {
                    let Identity { device, inode, .. } = Identity::of(&stat);
                    self.listing.directories.insert((device, inode));
                    let below =
                        rustix::fs::openat(dir, name.as_str(), OPEN_DIR, Mode::empty()).map_err(failed)?;
                    self.directory(below.as_fd(), &format!("{text}/"), depth + 1)?;
                    continue;
                }
                FileType::RegularFile => (Identity::of(&stat), None),
                FileType::Symlink => {
                    let located = locate(self.root, &path)?;
                    (located.identity(), located.link)
                }
                _ => return Err(Error::Special { path: self.root.show(&path), kind: kind_name(&stat) }),
            };
            self.listing.files.push(Entry { path, identity, link });
            if self.listing.files.len() > MAX_FILES {
                return Err(Error::TooMany { path: self.root.shown() });
            }
        }
        Ok(())
    }
}
