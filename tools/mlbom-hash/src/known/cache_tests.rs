//! What a cache takes, gives and refuses.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;
use std::time::Duration;

use mlbom::digest::{Sha256, Sha512};
use mlbom::manifest::CACHED;
use mlbom::path::RelPath;

use super::*;

const NOW: Duration = Duration::from_secs(1_000_000);

fn seen(inode: u64) -> Identity {
    Identity { device: 1, inode, size: 3, modified: (500, 7), changed: (600, 8) }
}

fn file(name: &str, source: &str) -> manifest::File {
    manifest::File {
        path: RelPath::parse(name).expect("a path"),
        size: 3,
        digests: Sha256::of(name.as_bytes()).into(),
        digest_source: source.to_owned(),
        format: Format::Pickle,
        link: None,
        tensors: None,
    }
}

fn read(path: &Path) -> Result<Arc<Cache>, Error> {
    Cache::read(path, None, UNIX_EPOCH + NOW).map(Arc::new)
}

fn find(cache: &Arc<Cache>, identity: Identity) -> Option<Sha256> {
    let path = RelPath::parse("x").expect("a path");
    let found = cache.find(&Candidate { path: &path, identity, link: None, blob: None });
    found.expect("a cache refuses no file").map(|found| {
        assert_eq!(found.format, Some(Format::Pickle));
        found.digests.sha256
    })
}

/// A directory, and the path of a cache in it with two entries.
fn made() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("cache.json");
    let (a, b) = (file("a", COMPUTED), file("b", COMPUTED));
    let bytes = read(&path).expect("empty").renewed(&[(seen(2), &b), (seen(1), &a)]).expect("JSON");
    put(&path, &bytes);
    (dir, path)
}

fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("permissions");
}

#[test]
fn cut_anywhere_it_is_refused() {
    let (_dir, path) = made();
    let good = fs::read(&path).expect("a file");
    for length in 0..good.len() {
        put(&path, &good[..length]);
        assert!(matches!(read(&path), Err(Error::CacheMalformed(_))), "{length} bytes");
    }
    put(&path, &good);
    assert_eq!(read(&path).expect("whole").entries.len(), 2);
}

#[test]
fn one_fault_each() {
    let (_dir, path) = made();
    let good = fs::read_to_string(&path).expect("a file");
    let (start, end) = (good.find("[{").expect("entries") + 1, good.find("\"pickle\"}").expect("an end") + 9);
    let entry = good[start..end].to_owned();
    for (from, to, why) in [
        ("{\"type\"", " {\"type\"", "a blank"),
        ("\n", "\n\n", "something behind it"),
        ("\n", "", "no end"),
        ("\n", "{}\n", "two documents"),
        ("\"inode\":2", "\"inode\":1", "a file twice"),
        ("\"inode\":2", "\"inode\":2,\"inode\":2", "a repeated key"),
        ("\"inode\":2", "\"inode\":02", "another spelling"),
        ("\"inode\":2", "\"inode\":2.0", "another spelling"),
        ("\"inode\":2", "\"inode\":-2", "negative"),
        ("\"inode\":2", "\"inode\":2,\"x\":1", "an unknown member"),
        ("\"inode\":2,", "", "a missing member"),
        ("\"entries\":[", "\"entries\":[[],", "not an entry"),
        ("\"entries\":[", "\"entries\":[null,", "not an entry"),
        ("\"pickle\"", "\"harmless\"", "no format"),
        ("[500,7]", "[500]", "half a time"),
        ("[500,7]", "{\"0\":500,\"1\":7}", "not a time"),
        ("\"sha256\":\"", "\"sha256\":\"A", "no digest"),
        ("\"type\":", "\"type\":\"urn:mlbom:cache:v1\",\"type\":", "a repeated key"),
        (entry.as_str(), "\"\"", "not an entry"),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{why}");
        put(&path, changed.as_bytes());
        assert!(matches!(read(&path), Err(Error::CacheMalformed(_))), "{why}: {changed}");
    }
    for text in ["[]", "{}", "null", "\n", &"[".repeat(1_000_000), "{\"type\":1}", "\u{feff}{}"] {
        put(&path, text.as_bytes());
        assert!(matches!(read(&path), Err(Error::CacheMalformed(_))), "{}", &text[..text.len().min(20)]);
    }
    for text in [good.replace("cache:v1", "cache:v2"), "{\"type\":\"urn:mlbom:manifest:v1\"}\n".to_owned()] {
        put(&path, text.as_bytes());
        assert!(matches!(read(&path), Err(Error::CacheOther { .. })), "{text}");
    }
}

#[test]
fn what_others_may_have_written_is_refused() {
    let (dir, path) = made();
    for mode in [0o602, 0o620, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        assert!(matches!(read(&path), Err(Error::CacheOpen { .. })), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("permissions");
    assert!(read(&path).is_ok(), "read by others, written by nobody else");
    let link = dir.path().join("link");
    symlink(&path, &link).expect("a link");
    let dangling = dir.path().join("dangling");
    symlink("none", &dangling).expect("a link");
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, Mode::RUSR, 0).expect("a FIFO");
    for other in [dir.path(), &link, &dangling, &fifo, Path::new("/dev/zero"), Path::new("/dev/null")] {
        assert!(matches!(read(other), Err(Error::CacheOpen { .. })), "{}", other.display());
    }
    for none in [dir.path().join("none/cache.json"), PathBuf::from(".."), path.join("x")] {
        assert!(matches!(read(&none), Err(Error::Io { .. })), "{}", none.display());
    }
    // As root a file can be given away; as anybody else there is none to try with.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(12345), None).expect("given away");
        assert!(matches!(read(&path), Err(Error::CacheOpen { .. })), "another user's");
    }
}

#[test]
fn beside_the_output_under_another_name_only() {
    let (dir, path) = made();
    let again = dir.path().join("../").join(dir.path().file_name().expect("a name")).join("cache.json");
    for output in [&path, &again] {
        let read = Cache::read(&path, Some(output), UNIX_EPOCH + NOW);
        assert!(matches!(read, Err(Error::CacheOutput(_))), "{}", output.display());
    }
    assert!(Cache::read(&path, Some(&dir.path().join("other.json")), UNIX_EPOCH + NOW).is_ok());
}

#[test]
fn any_difference_is_another_file() {
    let (_dir, path) = made();
    let cache = read(&path).expect("a cache");
    assert_eq!(find(&cache, seen(1)), Some(Sha256::of(b"a")));
    for other in [
        Identity { device: 2, ..seen(1) },
        Identity { inode: 3, ..seen(1) },
        Identity { size: 4, ..seen(1) },
        Identity { modified: (501, 7), ..seen(1) },
        Identity { modified: (500, 8), ..seen(1) },
        Identity { changed: (601, 8), ..seen(1) },
        Identity { changed: (600, 9), ..seen(1) },
    ] {
        assert_eq!(find(&cache, other), None, "{other:?}");
    }
}

#[test]
fn a_file_that_was_just_touched_neither_comes_nor_goes() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("cache.json");
    let a = file("a", COMPUTED);
    for (time, settled) in [
        ((999_997, 999_999_999), true),
        ((999_998, 0), false),
        ((999_999, 0), false),
        ((1_000_000, 0), false),
        ((i64::MAX, 0), false),
        ((-5, 0), true),
    ] {
        for touched in [Identity { modified: time, ..seen(1) }, Identity { changed: time, ..seen(1) }] {
            let cache = read(&path).expect("none yet");
            let bytes = cache.renewed(&[(touched, &a)]).expect("JSON");
            assert_eq!(parse(&bytes, "", 10).expect("reads").len(), usize::from(settled), "goes: {time:?}");
            // As if an earlier run, whose clock was ahead, had put it in.
            let later =
                Cache { now: (i64::MAX, 1), ..Cache::read(&path, None, UNIX_EPOCH + NOW).expect("none") };
            let saved = later.renewed(&[(Identity { modified: time, changed: time, ..seen(1) }, &a)]);
            put(&path, &saved.expect("JSON"));
            let found =
                find(&read(&path).expect("a cache"), Identity { modified: time, changed: time, ..seen(1) });
            assert_eq!(found.is_some(), settled, "comes: {time:?}");
            fs::remove_file(&path).expect("gone");
        }
    }
    let before_1970 = Cache::read(&path, None, UNIX_EPOCH - NOW).expect("none");
    assert!(!before_1970.is_settled(&Identity {
        modified: (i64::MIN, 0),
        changed: (i64::MIN, 0),
        ..seen(1)
    }));
}

#[test]
fn only_what_was_computed_goes_in() {
    let (_dir, path) = made();
    let cache = read(&path).expect("a cache");
    let wide = |file: manifest::File| manifest::File {
        digests: Digests { sha512: Some(Sha512::from([7; 64])), ..file.digests },
        ..file
    };
    let lie = manifest::File { digests: Sha256::of(b"lie").into(), ..file("a", "sums") };
    let other = Identity { changed: (601, 8), ..seen(2) };
    for (files, wanted, why) in [
        (vec![(seen(3), lie.clone())], "12", "a list's word for a new file"),
        (vec![(seen(1), lie.clone())], "12", "a list's word for a known file"),
        (vec![(other, lie)], "1", "a changed file loses its entry, and gets none"),
        (vec![(seen(2), file("b", CACHED))], "21", "used last comes first"),
        (
            vec![(seen(3), file("c", COMPUTED)), (seen(3), file("d", COMPUTED))],
            "312",
            "two names of one file",
        ),
        (vec![(seen(2), wide(file("b", COMPUTED)))], "21", "hashed again for its SHA-512"),
    ] {
        let files: Vec<_> = files.iter().map(|(seen, file)| (*seen, file)).collect();
        let entries = parse(&cache.renewed(&files).expect("JSON"), "", 10).expect("reads");
        let order: String = entries.iter().map(|entry| entry.inode.to_string()).collect();
        assert_eq!(order, wanted, "{why}");
        assert!(entries.iter().all(|entry| entry.digests.sha256 != Sha256::of(b"lie")), "{why}");
        assert_eq!(entries[0].digests.sha512.is_some(), why.contains("SHA-512"), "{why}");
    }
}

#[test]
fn another_versions_entries_are_not_used() {
    let (_dir, path) = made();
    let text = fs::read_to_string(&path).expect("a file");
    put(&path, text.replace(&format!("\"version\":\"{VERSION}\""), "\"version\":\"0.0.1\"").as_bytes());
    let cache = read(&path).expect("a cache");
    assert_eq!(find(&cache, seen(1)), None);
}

#[test]
fn the_longest_entry_fits() {
    let most = Entry {
        device: u64::MAX,
        inode: u64::MAX,
        size: u64::MAX,
        modified: (i64::MIN, u64::MAX),
        changed: (i64::MIN, u64::MAX),
        digests: Digests { sha512: Some([0; 64].into()), ..Sha256::from([0; 32]).into() },
        format: Name(Format::Safetensors),
    };
    let longest = serde_json::to_vec(&most).expect("JSON").len() as u64;
    // With its comma, and its part of what stands around the entries.
    assert!(longest + 2 <= MAX_ENTRY_BYTES, "{longest} bytes");
}

#[test]
fn the_schemas_samples() {
    let samples = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas/samples/cache"));
    for (sort, wanted) in [("valid", true), ("invalid", false)] {
        let dir = fs::read_dir(samples.join(sort)).expect("samples");
        for path in dir.map(|entry| entry.expect("an entry").path()) {
            let bytes = fs::read(&path).expect("a file");
            assert_eq!(parse(&bytes, "", 10).is_ok(), wanted, "{}", path.display());
        }
    }
}

#[test]
fn limits() {
    let (_dir, path) = made();
    let good = fs::read(&path).expect("a file");
    assert!(matches!(parse(&good, "", 1), Err(Error::CacheMalformed(_))), "more than the limit");
    assert_eq!(parse(&good, "", 2).expect("as many as the limit").len(), 2);
    let (c, mut cache) = (file("c", COMPUTED), Cache::read(&path, None, UNIX_EPOCH + NOW).expect("a cache"));
    cache.limit = 2;
    let entries = parse(&cache.renewed(&[(seen(3), &c)]).expect("JSON"), "", 2).expect("reads");
    assert_eq!(entries.iter().map(|entry| entry.inode).collect::<Vec<_>>(), [3, 1], "the oldest goes");
    // Sparse: nothing of it is read.
    fs::OpenOptions::new().write(true).open(&path).expect("a file").set_len(MAX_BYTES + 1).expect("longer");
    assert!(matches!(read(&path), Err(Error::Input(mlbom::cli::InputError::Long { .. }))));
}
