//! Opens a file below a root, component by component, and follows only links that stay inside.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use mlbom::manifest::Link;
use mlbom::path::RelPath;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::Error;
use crate::identity::{Identity, kind_name};
use crate::root::{OPEN_DIR, Root, STORE};

/// As many as Linux itself follows.
const MAX_HOPS: usize = 40;
/// Opens a file, and nothing but a file.
pub(crate) const OPEN_FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::NOCTTY)
    // Were it a FIFO by now, this would not wait for a writer.
    .union(OFlags::NONBLOCK);

/// Where a file of the model really is.
pub(crate) struct Located {
    dir: OwnedFd,
    name: String,
    stat: Stat,
    /// Set if a link led there.
    pub(crate) link: Option<Link>,
    /// Whether it lies where a Hub cache keeps its blobs.
    is_blob: bool,
}

impl Located {
    pub(crate) fn identity(&self) -> Identity {
        Identity::of(&self.stat)
    }

    /// Its name as a blob of a Hub cache, if a link led to it there.
    pub(crate) fn blob(&self) -> Option<&str> {
        (self.is_blob && self.link == Some(Link::HubCache)).then_some(self.name.as_str())
    }

    /// Opens it for reading.
    pub(crate) fn open(&self) -> Result<OwnedFd, Errno> {
        rustix::fs::openat(&self.dir, self.name.as_str(), OPEN_FILE, Mode::empty())
    }
}

/// Finds the regular file called `path`.
pub(crate) fn locate(root: &Root, path: &RelPath) -> Result<Located, Error> {
    let failed = |err: Errno| Error::Io { path: root.show(path), source: err.into() };
    let (above, name) = path.as_str().rsplit_once('/').map_or((None, path.as_str()), |(a, n)| (Some(a), n));
    let mut dir = root.dir.try_clone().map_err(|source| Error::Io { path: root.show(path), source })?;
    for part in above.iter().flat_map(|above| above.split('/')) {
        dir = rustix::fs::openat(&dir, part, OPEN_DIR, Mode::empty()).map_err(failed)?;
    }
    let stat = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Located { dir, name: name.to_owned(), stat, link: None, is_blob: false }),
        FileType::Symlink => follow(root, path),
        _ => Err(Error::Special { path: root.show(path), kind: kind_name(&stat) }),
    }
}

/// Follows the link called `path` to a regular file inside the boundary.
fn follow(root: &Root, path: &RelPath) -> Result<Located, Error> {
    let refused = |why| Error::Link { path: root.show(path), why };
    let failed = |err: Errno| match err {
        Errno::NOENT | Errno::NOTDIR => refused("that leads nowhere"),
        _ => Error::Io { path: root.show(path), source: err.into() },
    };
    let mut place = Place { root, below: Vec::new() };
    // The way to the link itself comes first, so that the link is found and read like any other on the way.
    let mut ahead: VecDeque<String> = root.boundary.to_root.iter().cloned().collect();
    ahead.extend(path.as_str().split('/').map(ToOwned::to_owned));
    let mut hops = 0;
    while let Some(part) = ahead.pop_front() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                if place.below.pop().is_none() {
                    return Err(refused("that leads out of the model"));
                }
                continue;
            }
            _ => {}
        }
        if place.below.is_empty() && root.boundary.doors.as_ref().is_some_and(|doors| !doors.contains(&part))
        {
            return Err(refused("that leads out of the model"));
        }
        let stat =
            rustix::fs::statat(place.dir(), part.as_str(), AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                let dir = rustix::fs::openat(place.dir(), part.as_str(), OPEN_DIR, Mode::empty())
                    .map_err(failed)?;
                place.below.push((part, dir));
            }
            FileType::Symlink => {
                hops += 1;
                if hops > MAX_HOPS {
                    return Err(refused("in a loop"));
                }
                let target =
                    rustix::fs::readlinkat(place.dir(), part.as_str(), Vec::new()).map_err(failed)?;
                let target = target.into_string().map_err(|_| refused("whose target is not UTF-8"))?;
                let relative = if target.starts_with('/') {
                    let inside = Path::new(&target).strip_prefix(&root.boundary.absolute);
                    let inside = inside.ok().and_then(Path::to_str);
                    place.below.clear();
                    inside.ok_or_else(|| refused("that leads out of the model"))?.to_owned()
                } else {
                    target
                };
                relative.split('/').rev().for_each(|part| ahead.push_front(part.to_owned()));
            }
            FileType::RegularFile if ahead.is_empty() => {
                let link = if place.inside_the_model() { Link::Tree } else { Link::HubCache };
                let dir = place
                    .dir()
                    .try_clone_to_owned()
                    .map_err(|source| Error::Io { path: root.show(path), source })?;
                return Ok(Located { dir, name: part, stat, link: Some(link), is_blob: place.is_blobs() });
            }
            FileType::RegularFile => return Err(refused("that leads nowhere")),
            _ => return Err(refused("to a special file")),
        }
    }
    Err(refused("to a directory"))
}

/// A directory below the boundary, with the way to it.
struct Place<'a> {
    root: &'a Root,
    below: Vec<(String, OwnedFd)>,
}

impl Place<'_> {
    fn dir(&self) -> BorrowedFd<'_> {
        self.below.last().map_or(self.root.boundary.dir.as_fd(), |(_, dir)| dir.as_fd())
    }

    /// Whether this is the repository's own `blobs`, or is in the store that repositories share.
    fn is_blobs(&self) -> bool {
        let names: Vec<&str> = self.below.iter().map(|(name, _)| name.as_str()).collect();
        match &self.root.boundary.doors {
            None => names == [STORE],
            Some([repository, _]) => names.first() == Some(&STORE) || names == [repository, STORE],
        }
    }

    fn inside_the_model(&self) -> bool {
        let to_root = &self.root.boundary.to_root;
        self.below.len() >= to_root.len()
            && self.below.iter().zip(to_root).all(|((name, _), part)| name == part)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{Options, Watch, hash};

    struct Still;

    impl Watch for Still {
        fn expect(&self, _: u64, _: u64) {}
        fn advance(&self, _: u64) {}
        fn file_done(&self) {}
    }

    /// A cache whose repositories share a store. `blob` is where the blob of the one file leads.
    fn linked(marker: bool, blob: &str) -> Result<Option<Link>, Error> {
        let scratch = tempfile::tempdir().expect("a directory");
        let cache = scratch.path().join("hub");
        let snapshot = cache.join("models--o--n/snapshots/abc");
        for dir in ["blobs/ab", "models--o--n/blobs", "models--o--n/snapshots/abc", "models--o--other"] {
            fs::create_dir_all(cache.join(dir)).expect("a directory");
        }
        for file in ["blobs/ab/abc", "models--o--other/x", "CACHEDIR.TAG", "../outside"] {
            fs::write(cache.join(file), "bytes").expect("a file");
        }
        if marker {
            fs::write(cache.join("blobs/.huggingface-shared-blobs"), "1\n").expect("a file");
        }
        symlink("../../../outside", cache.join("blobs/ab/out")).expect("a link");
        symlink("../../models--o--other/x", cache.join("blobs/ab/other")).expect("a link");
        let blob = blob.replace("CACHE", &cache.display().to_string());
        symlink(blob, cache.join("models--o--n/blobs/etag")).expect("a link");
        symlink("../../blobs/etag", snapshot.join("w")).expect("a link");
        hash(&snapshot, &Options::default(), &Still)
            .map(|hashed| hashed.manifest.files().first().and_then(|f| f.link))
    }

    #[test]
    fn a_store_that_repositories_share() {
        for blob in ["../../blobs/ab/abc", "CACHE/blobs/ab/abc"] {
            assert_eq!(linked(true, blob).expect("a file of the store"), Some(Link::HubCache), "{blob}");
            assert!(linked(false, blob).is_err(), "{blob}: there is no store without its marker");
        }
        for (blob, why) in [
            ("../../CACHEDIR.TAG", "leads out"),
            ("../../models--o--other/x", "leads out"),
            ("CACHE/models--o--other/x", "leads out"),
            ("../../../outside", "leads out"),
            ("../../../hub/blobs/ab/abc", "leads out"),
            ("../../blobs/ab/out", "leads out"),
            ("../../blobs/ab/other", "leads out"),
            ("../../blobs/ab", "to a directory"),
            ("../../blobs/ab/missing", "leads nowhere"),
        ] {
            let err = linked(true, blob).expect_err(blob).to_string();
            assert!(err.contains(why), "{blob}: {err}");
        }
    }
}
