//! `--cache`: what earlier runs computed, of files that look untouched since (`urn:mlbom:cache:v1`).
//!
//! Whoever can write the cache decides digests, so a file that others can write is no cache.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use mlbom::cli::Output;
use mlbom::manifest::{self, COMPUTED, Digests};
use mlbom_formats::Format;
use mlbom_tree::{Candidate, Identity};
use rustix::fs::{Access, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{Error, Found, Source};

/// The name of this document and of its schema.
pub(super) const TYPE: &str = "urn:mlbom:cache:v1";
/// As many as a manifest may list; what was used last is kept.
const MAX_ENTRIES: usize = manifest::MAX_FILES;
/// Of an entry at its longest, with what parts it from the next.
const MAX_ENTRY_BYTES: u64 = 640;
const MAX_BYTES: u64 = MAX_ENTRIES as u64 * MAX_ENTRY_BYTES;
/// How long a file has to be left alone before its times are believed: a second change within one tick of the file
/// system's clock leaves the same times, and the coarsest clock still in use (FAT) ticks every two seconds.
const SETTLED_SECS: i64 = 2;
/// What statfs(2) calls tmpfs, ramfs and hugetlbfs.
const IN_MEMORY: [i64; 3] = [0x0102_1994, 0x8584_58f6, 0x9584_58f6];
/// Another version may see other formats in the same bytes.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A cache as it was before this run.
#[derive(Debug)]
pub(super) struct Cache {
    path: PathBuf,
    name: String,
    identity: Option<(u64, u64)>,
    /// The directories above it.
    above: Vec<(u64, u64)>,
    entries: Vec<Entry>,
    /// Where in `entries` a device and inode is.
    places: HashMap<(u64, u64), usize>,
    /// When this run began.
    now: (i64, u64),
    /// How many entries are kept.
    limit: usize,
    /// Files of which a later change may go unseen.
    unfit: Mutex<HashSet<(u64, u64)>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    r#type: String,
    version: String,
    entries: Vec<Entry>,
}

/// What was computed of one file.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
    digests: Digests,
    format: Name,
}

/// A format by its name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(into = "&'static str", try_from = "String")]
struct Name(Format);

impl From<Name> for &'static str {
    fn from(name: Name) -> Self {
        name.0.name()
    }
}

impl TryFrom<String> for Name {
    type Error = mlbom_formats::NotAFormat;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse().map(Self)
    }
}

impl Entry {
    const fn identity(&self) -> Identity {
        Identity {
            device: self.device,
            inode: self.inode,
            size: self.size,
            modified: self.modified,
            changed: self.changed,
        }
    }
}

impl Cache {
    /// Reads the cache at `path`; one that is not there yet is empty. `now` is when the run began.
    pub(super) fn read(path: &Path, output: Option<&Path>, now: SystemTime) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |source: io::Error| Error::Io { name: name.clone(), source };
        let file_name = path.file_name().ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?;
        // A directory that is not there is said now, and not after an hour of hashing.
        let dir = directory_of(path).map_err(failed)?;
        let mut above = Vec::new();
        for dir in dir.ancestors() {
            let metadata = fs::metadata(dir).map_err(failed)?;
            above.push((metadata.dev(), metadata.ino()));
        }
        if let Some(output) = output
            && output.file_name() == Some(file_name)
            && directory_of(output).is_ok_and(|other| other == dir)
        {
            return Err(Error::CacheOutput(name));
        }
        let read = open(path, &name)?;
        // Now, too, and by doing it: nothing else sees a read-only disk, a lack of rights and a lack of room alike.
        drop(Output::new(None).beside(path)?);
        let (identity, bytes) = read.map_or((None, None), |(at, bytes)| (Some(at), Some(bytes)));
        let entries = bytes.map_or(Ok(Vec::new()), |bytes| parse(&bytes, &name, MAX_ENTRIES))?;
        let mut places = HashMap::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            if places.insert((entry.device, entry.inode), at).is_some() {
                return Err(Error::CacheMalformed(name));
            }
        }
        let (path, now) = (path.to_owned(), since_1970(now));
        Ok(Self {
            path,
            name,
            identity,
            above,
            entries,
            places,
            now,
            limit: MAX_ENTRIES,
            unfit: Mutex::default(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Device and inode of the file, if there was one.
    pub(super) const fn identity(&self) -> Option<(u64, u64)> {
        self.identity
    }

    /// Device and inode of each directory that it is in.
    pub(super) fn above(&self) -> &[(u64, u64)] {
        &self.above
    }

    /// Sees to it that a change of `file` shows, from before its first byte is hashed on.
    ///
    /// A program that has a page mapped and has written to it may go on writing to it, and the system notes nothing until
    /// that page went to the disk. So it goes there now: the next write is noted as any other. A file system in memory
    /// has no disk, and never notes; nor can what cannot be brought to the disk be trusted.
    #[allow(clippy::useless_conversion)] // The number has another width on other systems.
    pub(super) fn hashing(&self, file: BorrowedFd<'_>, seen: &Identity) {
        let on_disk =
            rustix::fs::fstatfs(file).is_ok_and(|system| !IN_MEMORY.contains(&i64::from(system.f_type)));
        if !on_disk || rustix::fs::fsync(file).is_err() {
            self.unfit.lock().unwrap_or_else(PoisonError::into_inner).insert((seen.device, seen.inode));
        }
    }

    fn entry(&self, seen: &Identity) -> Option<&Entry> {
        let entry = &self.entries[*self.places.get(&(seen.device, seen.inode))?];
        (entry.identity() == *seen && self.is_settled(seen)).then_some(entry)
    }

    /// Whether a change after this run began would show in the file's times.
    fn is_settled(&self, seen: &Identity) -> bool {
        [seen.modified, seen.changed]
            .into_iter()
            .all(|(secs, nanos)| (secs.saturating_add(SETTLED_SECS), nanos) < self.now)
    }

    /// The cache after this run: first this run's `files` by device and inode, then what else was in it, in the order it
    /// was in. What is beyond the limit was not used for longest, and goes.
    pub(super) fn renewed(&self, files: &[(Identity, &manifest::File)]) -> Result<Vec<u8>, Error> {
        let mut entries: Vec<Entry> =
            files.iter().filter_map(|(seen, file)| self.renew(seen, file)).collect();
        entries.sort_unstable_by_key(Entry::identity);
        // A file with several names.
        entries.dedup_by_key(|entry| (entry.device, entry.inode));
        let mine: HashSet<(u64, u64)> = files.iter().map(|(seen, _)| (seen.device, seen.inode)).collect();
        let others = self.entries.iter().filter(|entry| !mine.contains(&(entry.device, entry.inode)));
        entries.extend(others);
        entries.truncate(self.limit);
        let wire = Wire { r#type: TYPE.to_owned(), version: VERSION.to_owned(), entries };
        let mut bytes = serde_json::to_vec(&wire).map_err(Error::Write)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The entry of a file of this run. What others said of it never gets in: it would come out as our own.
    fn renew(&self, seen: &Identity, file: &manifest::File) -> Option<Entry> {
        if file.digest_source != COMPUTED {
            return self.entry(seen).copied();
        }
        let unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
        (self.is_settled(seen) && !unfit.contains(&(seen.device, seen.inode))).then_some(Entry {
            device: seen.device,
            inode: seen.inode,
            size: seen.size,
            modified: seen.modified,
            changed: seen.changed,
            digests: file.digests,
            format: Name(file.format),
        })
    }
}

impl Source for std::sync::Arc<Cache> {
    fn find(&self, file: &Candidate<'_>) -> Result<Option<Found>, Error> {
        Ok(self
            .entry(&file.identity)
            .map(|entry| Found { digests: entry.digests, format: Some(entry.format.0) }))
    }
}

/// The directory that `path` is in, without links on the way.
fn directory_of(path: &Path) -> io::Result<PathBuf> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => fs::canonicalize(parent),
        _ => fs::canonicalize("."),
    }
}

/// Device and inode of a file, and its bytes.
type Read = ((u64, u64), Vec<u8>);

/// The file at `path`, if there is one and nobody else can have written it.
fn open(path: &Path, name: &str) -> Result<Option<Read>, Error> {
    let failed = |source: io::Error| Error::Io { name: name.to_owned(), source };
    let refused = |why: &str| Error::CacheOpen { name: name.to_owned(), why: why.to_owned() };
    // Without NONBLOCK a FIFO would wait for a writer for ever.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP) => return Err(refused("is a symbolic link")),
        Err(err) => return Err(failed(err.into())),
    };
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(refused("is not a regular file"));
    }
    let (owner, own) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if rustix::fs::accessat(rustix::fs::CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_err() {
        // It may be that its directory lets it be replaced; whoever took the right away did not mean that.
        return Err(refused("cannot be written"));
    }
    if owner != own && owner != 0 {
        return Err(refused(&format!("belongs to user {owner}")));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(refused("can be written by others"));
    }
    let long = || mlbom::cli::InputError::Long { name: name.to_owned(), limit: MAX_BYTES };
    if metadata.len() > MAX_BYTES {
        return Err(long().into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(long().into());
    }
    Ok(Some(((metadata.dev(), metadata.ino()), bytes)))
}

/// The entries of a cache, at most `limit`, which is spelled byte for byte as it would be written now; none of another version's.
fn parse(bytes: &[u8], name: &str, limit: usize) -> Result<Vec<Entry>, Error> {
    let malformed = || Error::CacheMalformed(name.to_owned());
    let other = || -> Error {
        #[derive(Deserialize)]
        struct Head {
            r#type: String,
        }
        match serde_json::from_slice::<Head>(bytes) {
            Ok(Head { r#type: found }) if found != TYPE => {
                Error::CacheOther { name: name.to_owned(), found: found.chars().take(100).collect() }
            }
            _ => malformed(),
        }
    };
    let wire: Wire = serde_json::from_slice(bytes).map_err(|_| other())?;
    if wire.r#type != TYPE {
        return Err(other());
    }
    // One spelling: no repeated members, no arrays in place of objects, and nothing behind the end.
    let mut same = Same(bytes);
    serde_json::to_writer(&mut same, &wire).map_err(|_| malformed())?;
    if same.0 != b"\n" || wire.entries.len() > limit {
        return Err(malformed());
    }
    Ok(if wire.version == VERSION { wire.entries } else { Vec::new() })
}

/// Takes only what is there already.
struct Same<'a>(&'a [u8]);

impl Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Before 1970 nothing is settled.
fn since_1970(time: SystemTime) -> (i64, u64) {
    time.duration_since(UNIX_EPOCH).map_or((i64::MIN, 0), |since| {
        (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), u64::from(since.subsec_nanos()))
    })
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
