//! What `Options::only` reads, lists and refuses.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::sync::atomic::{AtomicU64, Ordering};

use mlbom::digest::Sha256;
use mlbom::part::{Parts, Share};
use tempfile::TempDir;

use super::*;

/// Counts what is read, and does something before it is.
struct Counting<F>(AtomicU64, F);

impl<F: Fn() + Sync> Watch for Counting<F> {
    fn file_done(&self) {}
    fn expect(&self, _: u64, _: u64) {
        (self.1)();
    }
    fn advance(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn counting<F: Fn() + Sync>(before: F) -> Counting<F> {
    Counting(AtomicU64::new(0), before)
}

fn options(only: &[&str], exclude: &[&str]) -> Options {
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().expect("a pattern")).collect();
    let exclusions = Exclusions { patterns: patterns(exclude), ..Exclusions::default() };
    Options { only: patterns(only), exclusions, ..Options::default() }
}

fn model() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("unet")).expect("a directory");
    for (name, size) in [("a.bin", 1000), ("b.bin", 2000), ("config.json", 30), ("unet/w.bin", 4000)] {
        fs::write(dir.path().join(name), vec![7; size]).expect("a file");
    }
    dir
}

fn names<'a>(paths: impl IntoIterator<Item = &'a RelPath>) -> Vec<&'a str> {
    paths.into_iter().map(RelPath::as_str).collect()
}

#[test]
fn only_these_are_read() {
    let dir = model();
    let all = ["a.bin", "b.bin", "config.json", "unet/w.bin"];
    for (only, exclude, read, bytes) in [
        (&[][..], &[][..], &all[..], 7030),
        (&["*"], &[], &all, 7030),
        (&["a.bin"], &[], &["a.bin"], 1000),
        (&["*.bin"], &[], &["a.bin", "b.bin", "unet/w.bin"], 7000),
        (&["unet/"], &[], &["unet/w.bin"], 4000),
        (&["a.*", "*.json", "a.bin"], &[], &["a.bin", "config.json"], 1030),
        // What is left out is not there to be chosen, nor to be listed as unread.
        (&["*.bin"], &["unet"], &["a.bin", "b.bin"], 3000),
        (&["*.bin"], &["config.json"], &["a.bin", "b.bin", "unet/w.bin"], 7000),
    ] {
        let (options, watch) = (options(only, exclude), counting(|| {}));
        let hashed = hash(dir.path(), &options, &watch).expect("hashed");
        assert_eq!(names(hashed.manifest.files().iter().map(|file| &file.path)), read, "{only:?}");
        assert_eq!(watch.0.load(Ordering::Relaxed), bytes, "{only:?}");
        let left_out = |name: &&&str| exclude.iter().any(|left_out| name.starts_with(left_out));
        let unread: Vec<&str> =
            all.iter().filter(|name| !read.contains(name) && !left_out(name)).copied().collect();
        assert_eq!(names(&hashed.unread), unread, "{only:?}");
        assert_eq!(
            hashed.identities.len(),
            read.len() + unread.len(),
            "no output overwrites what is not read"
        );
        for (name, (seen, identity)) in read.iter().zip(hashed.seen.iter().zip(&hashed.identities)) {
            let inode = fs::metadata(dir.path().join(name)).expect("there").ino();
            assert_eq!((seen.inode, identity.1), (inode, inode), "{name}");
        }
        assert_eq!(hashed.seen.len(), read.len());
        // And by any other way that leads there.
        let (tree, manifest) = Tree::hash(dir.path(), &options, &watch).expect("hashed");
        assert_eq!(manifest.dir_hash(), hashed.manifest.dir_hash());
        assert_eq!(tree.identities().len(), read.len() + unread.len());
        let (whole, shards) = hash_both(dir.path(), &options, &[1024], &watch).expect("hashed");
        assert_eq!(whole.manifest.dir_hash(), manifest.dir_hash());
        assert_eq!(names(shards[0].files().iter().map(|file| &file.path)), read);
        let in_shards = hash_shards(dir.path(), &options, 1024, &watch).expect("hashed");
        assert_eq!((names(&in_shards.unread), in_shards.identities.len()), (unread, hashed.identities.len()));
        let mut parts = Parts::default();
        for number in 1..=3 {
            let part = hash_part(dir.path(), &options, Share::new(number, 3).expect("a share"), &watch);
            let part = part.expect("a part");
            assert_eq!(part.unread, hashed.unread);
            parts.add(&number.to_string(), part.part).expect("fits");
        }
        assert_eq!(parts.join().expect("a whole").dir_hash(), manifest.dir_hash());
    }
}

#[test]
fn nothing_that_was_asked_for() {
    let dir = model();
    let one = dir.path().join("a.bin");
    let share = Share::new(1, 2).expect("a share");
    for (path, only, exclude) in [
        (dir.path(), "*.gguf", &[][..]),
        (dir.path(), "x/a.bin", &[]),
        (dir.path(), "config.json", &["*.json"]),
        (one.as_path(), "b.bin", &[]),
    ] {
        let (options, watch) = (options(&[only], exclude), counting(|| {}));
        for err in [
            hash(path, &options, &watch).expect_err(only),
            hash_shards(path, &options, 1024, &watch).expect_err(only),
            hash_part(path, &options, share, &watch).expect_err(only),
        ] {
            assert!(matches!(err, Error::NoneOnly { .. }), "{only}: {err}");
            assert!(err.to_string().ends_with(": --only: no file matches") && err.hint().is_some(), "{err}");
        }
        assert_eq!(watch.0.load(Ordering::Relaxed), 0, "{only}");
    }
    let hashed = hash(&one, &options(&["a.*"], &[]), &counting(|| {})).expect("one file");
    assert_eq!(hashed.manifest.files()[0].digests.sha256, Sha256::of(&[7; 1000]));
    assert!(hashed.unread.is_empty());
    let empty = tempfile::tempdir().expect("a directory");
    let err = hash(empty.path(), &options(&["*"], &[]), &counting(|| {})).expect_err("no file");
    assert!(matches!(err, Error::Empty { .. }), "{err}");
}

/// The unread are listed all the same, before and after.
#[test]
fn an_unread_file_that_changes_or_is_none() {
    for victim in ["config.json", "new"] {
        let dir = model();
        let path = dir.path().join(victim);
        let meddle = || fs::write(&path, "grown").expect("a file");
        let (watch, options) = (counting(&meddle), options(&["*.bin"], &[]));
        let err = hash(dir.path(), &options, &watch).expect_err(victim);
        assert!(matches!(&err, Error::Changed { .. }), "{victim}: {err}");
    }
    let dir = model();
    symlink("/etc/passwd", dir.path().join("out")).expect("a link");
    let err = hash(dir.path(), &options(&["a.bin"], &[]), &counting(|| {})).expect_err("a link out");
    assert!(matches!(&err, Error::Link { .. }), "{err}");
}

/// Machines that were not asked for the same files do not make one model of them.
#[test]
fn parts_of_other_patterns() {
    let dir = model();
    let part = |number, only: &str| {
        let share = Share::new(number, 2).expect("a share");
        hash_part(dir.path(), &options(&[only], &[]), share, &counting(|| {})).expect("a part").part
    };
    let mut parts = Parts::default();
    parts.add("1", part(1, "*.bin")).expect("the first");
    let joined = parts.add("2", part(2, "*")).is_err() || parts.join().is_err();
    assert!(joined, "two listings");
}

#[test]
fn known_digests_of_what_is_not_read() {
    #[derive(Debug)]
    struct Source;
    impl Known for Source {
        fn model(&self, model: &Listed<'_>) -> Result<(), Refusal> {
            // It is there, asked for or not.
            let path = RelPath::parse("config.json").expect("a path");
            if model.has(&path) { Ok(()) } else { Err("not there".into()) }
        }
        fn digest(&self, file: &Candidate<'_>) -> Result<Option<KnownDigest>, Refusal> {
            assert!(file.path.as_str().ends_with(".bin"), "{}", file.path);
            Ok(None)
        }
    }
    let dir = model();
    let options = Options { known: Some(Arc::new(Source)), ..options(&["*.bin"], &[]) };
    assert_eq!(hash(dir.path(), &options, &counting(|| {})).expect("hashed").manifest.files().len(), 3);
}
