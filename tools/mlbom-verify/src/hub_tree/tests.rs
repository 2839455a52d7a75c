//! Models that are the Hub's, and models that are not quite.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use mlbom::report::Outcome;
use mlbom_tree::{Options, Watch};
use tempfile::TempDir;

use super::*;

struct Still;

impl Watch for Still {
    fn file_done(&self) {}
    fn expect(&self, _: u64, _: u64) {}
    fn advance(&self, _: u64) {}
}

const CONFIG: &[u8] = b"{}\n";
const WEIGHTS: &[u8] = b"weights";

fn listed(path: &str, bytes: &[u8], large: bool) -> String {
    let sha256 = Sha256::of(bytes);
    let size = bytes.len();
    let blob = git_blob::name_of(bytes, size as u64).expect("bytes");
    if large {
        let pointer = git_blob::name_of_pointer(&sha256, size as u64);
        format!(
            r#"{{"type":"file","path":"{path}","size":{size},"oid":"{pointer}","lfs":{{"oid":"{sha256}","size":{size}}}}}"#
        )
    } else {
        format!(r#"{{"type":"file","path":"{path}","size":{size},"oid":"{blob}"}}"#)
    }
}

fn listing(files: &[String]) -> HubTree {
    HubTree::parse(format!("[{}]", files.join(",")).as_bytes()).expect("a listing")
}

/// What the Hub has of the model.
fn whole() -> HubTree {
    listing(&[
        listed("config.json", CONFIG, false),
        listed("empty", b"", false),
        listed("unet/w.bin", WEIGHTS, true),
    ])
}

struct Model {
    dir: TempDir,
    manifest: Manifest,
}

impl Model {
    fn new(change: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("unet")).expect("a directory");
        for (name, bytes) in [("config.json", CONFIG), ("empty", b""), ("unet/w.bin", WEIGHTS)] {
            fs::write(dir.path().join(name), bytes).expect("a file");
        }
        change(dir.path());
        Self { manifest: manifest(dir.path()), dir }
    }

    fn check(&self, tree: &HubTree) -> Check {
        self.check_only(tree, &[])
    }

    fn check_only(&self, tree: &HubTree, only: &[&str]) -> Check {
        let checked = check(
            tree,
            "tree.json",
            &self.manifest,
            Some(self.dir.path()),
            &patterns(only),
            &BTreeSet::new(),
        );
        checked.expect("checked")
    }
}

fn manifest(path: &Path) -> Manifest {
    mlbom_tree::hash(path, &Options::default(), &Still).expect("hashed").manifest
}

fn patterns(texts: &[&str]) -> Only {
    Only(texts.iter().map(|text| text.parse().expect("a pattern")).collect())
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text).expect("a path")
}

fn differ_by(check: &Check, missing: &[&str], changed: &[&str], extra: &[&str]) {
    let all = |paths: &[&str]| paths.iter().map(|text| path(text)).collect();
    let wanted = Differences { missing: all(missing), changed: all(changed), extra: all(extra) };
    assert_eq!(check.differences.as_ref(), Some(&wanted));
    let counts = format!("{} missing, {} changed, {} extra", missing.len(), changed.len(), extra.len());
    let reason = format!("the files are not those of the Hub's listing: {counts}");
    assert_eq!(check.reason.as_deref(), Some(reason.as_str()));
    assert_eq!((check.id.as_str(), check.result), ("hub-tree", Outcome::Failed));
    assert_eq!(check.file.as_deref(), Some("tree.json"));
    assert!(check.remedy.is_some());
}

#[test]
fn what_is_not_the_listing() {
    type Case<'a> = (&'a dyn Fn(&Path), [&'a [&'a str]; 3]);
    let cases: [Case<'_>; 6] = [
        (&|dir| fs::remove_file(dir.join("empty")).expect("gone"), [&["empty"], &[], &[]]),
        (&|dir| fs::write(dir.join("new"), b"x").expect("a file"), [&[], &[], &["new"]]),
        // One byte, and the same size.
        (&|dir| fs::write(dir.join("config.json"), b"[]\n").expect("a file"), [&[], &["config.json"], &[]]),
        (&|dir| fs::write(dir.join("unet/w.bin"), b"Weights").expect("a file"), [&[], &["unet/w.bin"], &[]]),
        // What git leaves where large files were not fetched.
        (
            &|dir| fs::write(dir.join("unet/w.bin"), b"version https").expect("a file"),
            [&[], &["unet/w.bin"], &[]],
        ),
        (
            &|dir| {
                fs::write(dir.join("unet/w.bin"), b"other").expect("a file");
                fs::write(dir.join("config.json"), b"[]\n").expect("a file");
                fs::rename(dir.join("empty"), dir.join("full")).expect("a new name");
            },
            [&["empty"], &["config.json", "unet/w.bin"], &["full"]],
        ),
    ];
    for (change, [missing, changed, extra]) in cases {
        differ_by(&Model::new(change).check(&whole()), missing, changed, extra);
    }
}

#[test]
fn what_is_the_listing() {
    let model = Model::new(|_| {});
    let held = model.check(&whole());
    assert_eq!((held.id.as_str(), held.result, held.reason), ("hub-tree", Outcome::Held, None));
    assert_eq!(held.file.as_deref(), Some("tree.json"));
}

#[test]
fn bundles_just_read() {
    let model = Model::new(|dir| fs::write(dir.join("model.sig"), b"{}").expect("a file"));
    differ_by(&model.check(&whole()), &[], &[], &["model.sig"]);
    let bundle = path("model.sig");
    let root = Some(model.dir.path());
    let tolerated = |tree: &HubTree| {
        check(tree, "tree.json", &model.manifest, root, &Only::all(), &BTreeSet::from([&bundle]))
            .expect("checked")
    };
    assert_eq!(tolerated(&whole()).result, Outcome::Held);
    // Listed, it is a file like any other.
    let other = listing(&[
        listed("config.json", CONFIG, false),
        listed("empty", b"", false),
        listed("model.sig", b"[]", false),
        listed("unet/w.bin", WEIGHTS, true),
    ]);
    differ_by(&tolerated(&other), &[], &["model.sig"], &[]);
}

/// A download to a directory leaves a record there, which is the library's if the listing is from it.
#[test]
fn what_the_library_left() {
    let metadata = ".cache/huggingface/download/a.metadata";
    let text = format!(
        "[{}]",
        [listed("config.json", CONFIG, false), listed("unet/w.bin", WEIGHTS, true)].join(",")
    );
    let tree = HubTree::parse(text.as_bytes()).expect("a listing");
    let files = |dir: &Path, at: &str| {
        fs::remove_file(dir.join("empty")).expect("gone");
        write(dir, at, text.as_bytes());
        write(dir, metadata, b"1");
    };
    let kept = ".cache/huggingface/trees/c0ffee.json";
    let held = Model::new(|dir| files(dir, kept)).check(&tree);
    assert_eq!(held.result, Outcome::Held, "{held:?}");
    let reason = "2 files in .cache/huggingface/, which keeps the listing itself, were not held against it";
    assert_eq!(held.reason.as_deref(), Some(reason));
    // The listing is from elsewhere: what lies there may be anything.
    let elsewhere = Model::new(|dir| {
        files(dir, kept);
        write(dir, kept, b"another listing");
    });
    differ_by(&elsewhere.check(&tree), &[], &[], &[metadata, kept]);
    for beside in [".cache/other", "sub/.cache/huggingface/trees/a.json", ".cache/huggingface.json"] {
        let model = Model::new(|dir| {
            files(dir, kept);
            write(dir, beside, b"x");
        });
        differ_by(&model.check(&tree), &[], &[], &[beside]);
    }
}

fn write(dir: &Path, name: &str, bytes: &[u8]) {
    let file = dir.join(name);
    fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    fs::write(file, bytes).expect("a file");
}

#[test]
fn a_part_of_it() {
    let model = Model::new(|dir| {
        fs::write(dir.join("config.json"), b"other").expect("a file");
        fs::write(dir.join("notes.txt"), b"mine").expect("a file");
    });
    assert_eq!(model.check_only(&whole(), &["*.bin", "empty"]).result, Outcome::Held);
    differ_by(&model.check_only(&whole(), &["*.json"]), &[], &["config.json"], &[]);
    differ_by(&model.check_only(&whole(), &["*.txt"]), &[], &[], &["notes.txt"]);
    let more = listing(&[listed("a.bin", b"a", true), listed("unet/w.bin", WEIGHTS, true)]);
    differ_by(&model.check_only(&more, &["*.bin"]), &["a.bin"], &[], &[]);
    let nothing = model.check_only(&whole(), &["*.gguf"]);
    assert_eq!(nothing.result, Outcome::Failed);
    assert!(nothing.reason.is_some_and(|reason| reason.contains("--only")));
}

#[test]
fn what_cannot_be_checked() {
    let model = Model::new(|_| {});
    let without = |tree: &HubTree, only: &[&str]| {
        check(tree, "tree.json", &model.manifest, None, &patterns(only), &BTreeSet::new())
    };
    let err = without(&whole(), &[]).expect_err("no bytes");
    assert!(matches!(&err, Error::NeedsBytes { path, .. } if path.as_str() == "config.json"), "{err}");
    assert!(err.hint().is_some_and(|hint| hint.contains("directory")));
    // Of large files the listing has what a manifest has.
    assert_eq!(without(&whole(), &["*.bin"]).expect("checked").result, Outcome::Held);

    // Other bytes than were hashed, of the same length.
    let config = model.dir.path().join("config.json");
    fs::write(&config, b"[]\n").expect("a file");
    let again = |root: &Path| {
        let all = (&Only::all(), &BTreeSet::new());
        check(&whole(), "tree.json", &model.manifest, Some(root), all.0, all.1)
    };
    let changed = |root: &Path| {
        let err = again(root).expect_err("another file");
        assert!(matches!(err, Error::Tree(mlbom_tree::Error::Changed { .. })), "{err}");
    };
    changed(model.dir.path());
    fs::write(&config, b"more than before").expect("a file");
    changed(model.dir.path());

    let huge = Model::new(|dir| {
        let file = fs::File::create(dir.join("huge")).expect("a file");
        file.set_len(MAX_BLOB_BYTES + 1).expect("a length");
        assert!(file.metadata().expect("there").blocks() < 100, "sparse");
    });
    let blob = "0".repeat(40);
    let size = MAX_BLOB_BYTES + 1;
    let tree = listing(&[format!(r#"{{"type":"file","path":"huge","size":{size},"oid":"{blob}"}}"#)]);
    let err = check(
        &tree,
        "tree.json",
        &huge.manifest,
        Some(huge.dir.path()),
        &patterns(&["huge"]),
        &BTreeSet::new(),
    );
    assert!(matches!(err, Err(Error::Large { .. })));
}

#[test]
fn one_file_of_a_repository() {
    let model = Model::new(|_| {});
    let file = model.dir.path().join("config.json");
    let one = manifest(&file);
    let checked = |only: &[&str]| {
        check(&whole(), "tree.json", &one, Some(&file), &patterns(only), &BTreeSet::new()).expect("checked")
    };
    differ_by(&checked(&[]), &["empty", "unet/w.bin"], &[], &[]);
    assert_eq!(checked(&["config.json"]).result, Outcome::Held);
}
