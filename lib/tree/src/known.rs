//! Digests that somebody already has: the files they belong to are opened, and not read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::Debug;
use std::os::fd::BorrowedFd;

use mlbom::manifest::{Digests, File, Link};
use mlbom::path::RelPath;
use mlbom_formats::Format;
use mlbom_sha256::pool::Failure;
use rustix::io::Errno;

use crate::extra::asked;
use crate::format::detect;
use crate::identity::Identity;
use crate::resolve::Located;
use crate::root::Root;
use crate::walk::{Entry, Listing};
use crate::{Error, Options, hash};

/// Why a source cannot be used; its text names what is at odds.
pub type Refusal = Box<dyn StdError + Send + Sync>;

/// A source of digests that were not computed here and now.
///
/// What it says is believed: nothing of it is held against the bytes. That it did is written to the manifest.
pub trait Known: Debug + Send + Sync {
    /// Called before anything is hashed. Fails if the source lists what the model does not have.
    fn model(&self, model: &Listed<'_>) -> Result<(), Refusal>;

    /// The digests of `file`; `None` to have it hashed.
    fn digest(&self, file: &Candidate<'_>) -> Result<Option<KnownDigest>, Refusal>;

    /// Called for a file that is hashed next, before its first byte is read: it is as `seen` says.
    fn hashing(&self, _file: BorrowedFd<'_>, _seen: &Identity) {}
}

/// The names of a model's files, before they are hashed.
#[derive(Debug)]
pub struct Listed<'a> {
    files: &'a [Entry],
    directories: &'a BTreeSet<(u64, u64)>,
    excluded: BTreeSet<RelPath>,
}

impl Listed<'_> {
    /// Whether there is a file called `path`, or it was left out.
    #[must_use]
    pub fn has(&self, path: &RelPath) -> bool {
        self.files.binary_search_by(|entry| entry.path.cmp(path)).is_ok() || path.is_within(&self.excluded)
    }

    /// Whether the directory of this device and inode is below the model's root, under whatever name.
    #[must_use]
    pub fn holds(&self, directory: (u64, u64)) -> bool {
        self.directories.contains(&directory)
    }
}

/// A file that is open and whose digests may be known.
#[derive(Debug)]
pub struct Candidate<'a> {
    /// Where it is below the model's root.
    pub path: &'a RelPath,
    /// Which file it is, and how it was left.
    pub identity: Identity,
    /// Set if a link led there.
    pub link: Option<Link>,
    /// What a Hub cache calls the blob that the link led to.
    pub blob: Option<&'a str>,
}

/// What a source knows of a file.
#[derive(Clone, Copy, Debug)]
pub struct KnownDigest {
    /// SHA-512 too, if it was asked for: without it the file is hashed.
    pub digests: Digests,
    /// What the manifest calls the source.
    pub source: &'static str,
    /// What the content looks like; detected if the source does not know.
    pub format: Option<Format>,
}

/// Of the files `chosen` from `listing`, those that are known, and the others.
pub(crate) fn take_out<'a>(
    root: &Root,
    listing: &Listing,
    chosen: &'a [Entry],
    options: &Options,
) -> Result<(Vec<File>, Cow<'a, [Entry]>), Error> {
    let Some(known) = &options.known else { return Ok((Vec::new(), Cow::Borrowed(chosen))) };
    let excluded = listing.excluded.iter().map(|entry| entry.path.clone()).collect();
    known
        .model(&Listed { files: &listing.files, directories: &listing.directories, excluded })
        .map_err(|source| Error::Known { path: root.shown(), source })?;
    let (mut files, mut rest) = (Vec::new(), Vec::new());
    for entry in chosen {
        match one(root, entry, options, known.as_ref())? {
            Some(file) => files.push(file),
            None => rest.push(entry.clone()),
        }
    }
    Ok((files, Cow::Owned(rest)))
}

/// Opens the file as the walk saw it, and asks for its digests.
fn one(root: &Root, entry: &Entry, options: &Options, known: &dyn Known) -> Result<Option<File>, Error> {
    let located = hash::find(root, entry)?;
    let identity = entry.identity;
    let candidate = Candidate { path: &entry.path, identity, link: entry.link, blob: located.blob() };
    let found = known.digest(&candidate);
    let found = found.map_err(|source| Error::Known { path: root.show(&entry.path), source })?;
    let Some((found, digests)) = found.and_then(|found| Some((found, asked(options, &found.digests)?)))
    else {
        return Ok(None);
    };
    let format = format(&located, entry, found.format, root)?;
    Ok(Some(File {
        path: entry.path.clone(),
        size: identity.size,
        digests,
        digest_source: found.source.to_owned(),
        format,
        link: entry.link,
        tensors: None,
    }))
}

/// What `located` looks like: the same file before and after, even if its format is known and nothing of it is read.
fn format(located: &Located, entry: &Entry, known: Option<Format>, root: &Root) -> Result<Format, Error> {
    let changed = || Error::Changed { path: root.show(&entry.path) };
    let failed = |err: Errno| Error::Io { path: root.show(&entry.path), source: err.into() };
    // What cannot be opened could not have been hashed either.
    let file = located.open().map_err(|err| match err {
        Errno::NOENT | Errno::LOOP => changed(),
        err => failed(err),
    })?;
    hash::unchanged(root, entry, &file)?;
    let Some(format) = known else {
        let read = |(offset, errno)| hash::failed(root, entry, Failure::Read { offset, errno });
        let format = detect(&file, entry.identity.size).map_err(read)?.ok_or_else(changed)?;
        hash::unchanged(root, entry, &file)?;
        return Ok(format);
    };
    Ok(format)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex};

    use mlbom::digest::Sha256;
    use mlbom::manifest::COMPUTED;

    use super::*;
    use crate::{Exclusions, Hashed, Watch, hash};

    struct Still;

    impl Watch for Still {
        fn file_done(&self) {}
        fn expect(&self, _: u64, _: u64) {}
        fn advance(&self, _: u64) {}
    }

    /// Notes what is hashed, and whether the directory is below the root.
    #[derive(Debug)]
    struct Noting {
        directory: (u64, u64),
        hashed: Mutex<Vec<u64>>,
    }

    impl Known for Noting {
        fn model(&self, model: &Listed<'_>) -> Result<(), Refusal> {
            if model.holds(self.directory) { Err("is in the model".into()) } else { Ok(()) }
        }

        fn digest(&self, file: &Candidate<'_>) -> Result<Option<KnownDigest>, Refusal> {
            let digests = Digests::from(Sha256::of(b"known"));
            let known = KnownDigest { digests, source: "test", format: None };
            Ok((file.path.file_name() == "k").then_some(known))
        }

        fn hashing(&self, file: BorrowedFd<'_>, seen: &Identity) {
            let stat = rustix::fs::fstat(file).expect("open");
            assert_eq!(Identity::of(&stat), *seen);
            self.hashed.lock().expect("a list").push(seen.inode);
        }
    }

    #[test]
    fn what_is_hashed_next_and_what_lies_below() {
        let dir = model();
        let id = |path: &str| {
            let metadata = fs::metadata(dir.path().join(path)).expect("there");
            (metadata.dev(), metadata.ino())
        };
        let run = |directory| {
            let known = Arc::new(Noting { directory, hashed: Mutex::default() });
            let options = Options { known: Some(known.clone()), ..Options::default() };
            let refused = hash(dir.path(), &options, &Still).is_err();
            let mut hashed = known.hashed.lock().expect("a list").clone();
            hashed.sort_unstable();
            (refused, hashed)
        };
        let mut read = vec![id("other").1, id("left/x").1];
        read.sort_unstable();
        assert_eq!(run(id("k")), (false, read), "a file is no directory");
        assert_eq!(run(id("left")), (true, vec![]));
    }

    #[derive(Debug)]
    enum Act {
        Append(PathBuf),
        Nothing,
        Refuse,
        Replace(PathBuf),
    }

    /// Knows `k`, does something meanwhile, and notes what blobs it was asked about.
    #[derive(Debug)]
    struct Test {
        act: Act,
        format: Option<Format>,
        absent: &'static str,
        blobs: Mutex<Vec<String>>,
    }

    impl Known for Test {
        fn model(&self, model: &Listed<'_>) -> Result<(), Refusal> {
            let absent = RelPath::parse(self.absent)?;
            if model.has(&absent) { Ok(()) } else { Err(format!("no {absent}").into()) }
        }

        fn digest(&self, file: &Candidate<'_>) -> Result<Option<KnownDigest>, Refusal> {
            self.blobs.lock().expect("a list").extend(file.blob.map(ToOwned::to_owned));
            match &self.act {
                Act::Append(path) => fs::write(path, "longer than it was")?,
                Act::Nothing => {}
                Act::Refuse => return Err("no".into()),
                Act::Replace(path) => {
                    fs::remove_file(path)?;
                    fs::write(path, "bytes")?;
                }
            }
            let digests = Digests::from(Sha256::of(b"known"));
            let known = KnownDigest { digests, source: "test", format: self.format };
            Ok((file.path.file_name() == "k").then_some(known))
        }
    }

    fn run(dir: &Path, act: Act, absent: &'static str, sha512: bool) -> (Result<Hashed, Error>, Vec<String>) {
        run_with(dir, act, absent, sha512, None)
    }

    fn run_with(
        dir: &Path,
        act: Act,
        absent: &'static str,
        sha512: bool,
        format: Option<Format>,
    ) -> (Result<Hashed, Error>, Vec<String>) {
        let known = Arc::new(Test { act, format, absent, blobs: Mutex::default() });
        let exclusions =
            Exclusions { patterns: vec!["left".parse().expect("a pattern")], ..Default::default() };
        let options = Options { sha512, exclusions, known: Some(known.clone()), ..Options::default() };
        let hashed = hash(dir, &options, &Still);
        let blobs = known.blobs.lock().expect("a list").clone();
        (hashed, blobs)
    }

    fn model() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("left")).expect("a directory");
        for name in ["k", "other", "left/x"] {
            fs::write(dir.path().join(name), "bytes").expect("a file");
        }
        dir
    }

    #[test]
    fn refusals() {
        for format in [None, Some(Format::Pickle)] {
            let dir = model();
            let path = dir.path().join("k");
            for act in [Act::Append(path.clone()), Act::Replace(path)] {
                let shown = format!("{act:?}");
                let found = run_with(dir.path(), act, "k", false, format).0.expect_err("changed");
                assert!(
                    matches!(&found, Error::Changed { path } if path.ends_with("/k")),
                    "{shown}: {found}"
                );
            }
        }
        let dir = model();
        for (act, absent, why) in [
            (Act::Refuse, "k", "/k: no"),
            (Act::Nothing, "absent", ": no absent"),
            (Act::Nothing, "leftover", ": no leftover"),
        ] {
            let err = run(dir.path(), act, absent, false).0.expect_err(why);
            assert!(mlbom::cli::chain(&err).ends_with(why), "{why}: {err}");
        }
    }

    #[test]
    fn only_what_is_known_is_not_read() {
        let dir = model();
        let of = |hashed: Hashed| -> Vec<(String, Sha256, Format)> {
            assert_eq!(hashed.seen.len(), hashed.manifest.files().len());
            let files = hashed.manifest.files().iter();
            files.map(|file| (file.digest_source.clone(), file.digests.sha256, file.format)).collect()
        };
        let other = (COMPUTED.to_owned(), Sha256::of(b"bytes"), Format::Text);
        for (format, wanted) in [(None, Format::Text), (Some(Format::Pickle), Format::Pickle)] {
            let found = of(run_with(dir.path(), Act::Nothing, "left/x", false, format).0.expect("hashed"));
            assert_eq!(found, [("test".to_owned(), Sha256::of(b"known"), wanted), other.clone()]);
        }
        let found = of(run(dir.path(), Act::Nothing, "k", true).0.expect("hashed"));
        assert_eq!(found, [other.clone(), other], "no SHA-512 is known, and it was asked for");
    }

    #[test]
    fn blobs_are_where_a_cache_has_them() {
        let scratch = tempfile::tempdir().expect("a directory");
        let repository = scratch.path().join("hub/models--o--n");
        let snapshot = repository.join("snapshots/c");
        for place in
            ["blobs/own", "blobs/deep/no", "other/no", "snapshots/d/no", "../blobs/ab/store", "../blobs/flat"]
        {
            let path = repository.join(place);
            fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
            fs::write(path, "bytes").expect("a file");
        }
        fs::create_dir_all(&snapshot).expect("a directory");
        fs::write(snapshot.join("blobs"), "bytes").expect("a file");
        for (name, target) in [
            ("a", "blobs/own"),
            ("b", "blobs/deep/no"),
            ("c", "other/no"),
            ("d", "snapshots/d/no"),
            ("e", "blobs/own"),
        ] {
            symlink(format!("../../{target}"), snapshot.join(name)).expect("a link");
        }
        let asked = || {
            let (hashed, blobs) = run(&snapshot, Act::Nothing, "a", false);
            hashed.expect("hashed");
            blobs
        };
        assert_eq!(asked(), ["own", "own"]);
        fs::write(repository.join("../blobs/.huggingface-shared-blobs"), "1\n").expect("a marker");
        for (name, target) in [("f", "../blobs/ab/store"), ("g", "../blobs/flat")] {
            symlink(format!("../../{target}"), snapshot.join(name)).expect("a link");
        }
        assert_eq!(asked(), ["own", "own", "store", "flat"]);
    }
}
