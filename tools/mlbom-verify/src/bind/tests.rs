//! Statements about a whole model, and a part of it to hold against them.

use std::fs;
use std::path::Path;

use mlbom::manifest::Manifest;
use mlbom::shards::ShardManifest;
use mlbom_sigstore::statement;
use mlbom_tree::{Options, Watch};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tempfile::TempDir;

use super::*;
use crate::only::Only;

/// A statement without annotations.
fn write(subjects: &[Subject], kind: &str, predicate: &RawValue) -> Result<String, serde_json::Error> {
    statement::write(subjects, &BTreeMap::new(), kind, predicate)
}

struct Still;

impl Watch for Still {
    fn file_done(&self) {}
    fn expect(&self, _: u64, _: u64) {}
    fn advance(&self, _: u64) {}
}

const SHARD: u64 = 1024;
const OTHER: &str = "https://example.org/x";
const BOM: &str = "https://cyclonedx.org/bom/v1.7";

fn only(patterns: &[&str]) -> Only {
    Only(patterns.iter().map(|text| text.parse().expect("a pattern")).collect())
}

fn model() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("unet")).expect("a directory");
    for (name, size) in [("a.bin", 3000), ("b.bin", 100), ("config.json", 30), ("unet/w.bin", 4000)] {
        fs::write(dir.path().join(name), vec![7; size]).expect("a file");
    }
    dir
}

/// The model as it is, read as far as `patterns` go.
fn hashed(dir: &Path, patterns: &[&str]) -> (Manifest, Vec<ShardManifest>) {
    let options = Options { only: only(patterns).0, ..Options::default() };
    let (hashed, shards) = mlbom_tree::hash_both(dir, &options, &[SHARD], &Still).expect("hashed");
    (hashed.manifest, shards)
}

fn files(manifest: &Manifest) -> BTreeMap<RelPath, Sha256> {
    manifest.files().iter().map(|file| (file.path.clone(), file.digests.sha256)).collect()
}

fn bom(files: &BTreeMap<RelPath, Sha256>) -> Box<RawValue> {
    let file = |(path, digest): (&RelPath, &Sha256)| json!({"type": "file", "name": path.as_str(), "hashes": [{"alg": "SHA-256", "content": digest}]});
    let components: Vec<_> = files.iter().map(file).collect();
    let component = json!({"type": "machine-learning-model", "name": "m", "components": components});
    to_raw_value(&json!({"bomFormat": "CycloneDX", "metadata": {"component": component}})).expect("JSON")
}

fn empty() -> Box<RawValue> {
    to_raw_value(&json!({})).expect("JSON")
}

fn named(files: &BTreeMap<RelPath, Sha256>) -> Vec<Subject> {
    files.iter().map(|(path, digest)| Subject::sha256(path.as_str(), *digest)).collect()
}

fn bound(statement: &str, dir: &Path, patterns: &[&str]) -> Result<Bound, Box<Check>> {
    let (manifest, shards) = hashed(dir, patterns);
    let model = Model::new(&manifest, &shards, &[], &only(patterns));
    bind(&Statement::parse(statement.as_bytes()).expect("a statement"), &model)
}

/// Every kind of statement that lists its files, about the whole model.
fn with_lists(dir: &Path) -> Vec<(&'static str, String)> {
    let (manifest, shards) = hashed(dir, &[]);
    let files = files(&manifest);
    vec![
        ("oms", oms::statement(&manifest, &BTreeMap::new()).expect("JSON")),
        ("oms shards", oms::shards::statement(&shards[0], &BTreeMap::new()).expect("JSON")),
        ("our subjects", write(&subjects(&files), OTHER, &empty()).expect("JSON")),
        ("our BOM", write(&subjects(&files), BOM, &bom(&files)).expect("JSON")),
        ("our BOM without a list", write(&subjects(&files), BOM, &bom(&BTreeMap::new())).expect("JSON")),
        ("foreign", write(&named(&files), OTHER, &empty()).expect("JSON")),
        ("foreign BOM", write(&named(&files), BOM, &bom(&files)).expect("JSON")),
    ]
}

#[test]
fn a_part_that_differs() {
    type Case<'a> = (&'a dyn Fn(&Path), &'a [&'a str]);
    let cases: [Case<'_>; 4] = [
        (&|dir| fs::write(dir.join("a.bin"), vec![8; 3000]).expect("a file"), &["*.bin"]),
        (&|dir| fs::remove_file(dir.join("a.bin")).expect("gone"), &["*.bin"]),
        (&|dir| fs::write(dir.join("unet/new.bin"), b"x").expect("a file"), &["unet"]),
        (&|dir| fs::rename(dir.join("a.bin"), dir.join("c.bin")).expect("a name"), &["?.bin"]),
    ];
    for (change, patterns) in cases {
        let dir = model();
        let statements = with_lists(dir.path());
        change(dir.path());
        for (what, statement) in statements {
            let check = bound(&statement, dir.path(), patterns).expect_err(what);
            assert!(check.differences.is_some(), "{what} {patterns:?}: {check:?}");
        }
    }
}

#[test]
fn a_part_that_holds() {
    let dir = model();
    let statements = with_lists(dir.path());
    // What is not asked for may be anything.
    fs::write(dir.path().join("config.json"), b"changed").expect("a file");
    fs::write(dir.path().join("notes.txt"), b"new").expect("a file");
    fs::remove_file(dir.path().join("b.bin")).expect("gone");
    for (what, statement) in &statements {
        for (patterns, unverified) in [
            (&["a.bin"][..], &["b.bin", "config.json", "unet/w.bin"][..]),
            (&["unet/"], &["a.bin", "b.bin", "config.json"]),
            (&["a.*", "w.bin"], &["b.bin", "config.json"]),
        ] {
            let bound = bound(statement, dir.path(), patterns);
            let cover = bound.unwrap_or_else(|check| panic!("{what} {patterns:?}: {check:?}")).cover;
            let names: Vec<&str> = cover.unverified.iter().map(RelPath::as_str).collect();
            assert_eq!(names, unverified, "{what}");
        }
        assert!(bound(statement, dir.path(), &[]).is_err(), "{what}: the whole is another");
    }
}

#[test]
fn the_whole_is_as_ever() {
    let dir = model();
    for (what, statement) in with_lists(dir.path()) {
        let cover = bound(&statement, dir.path(), &[]).expect(what).cover;
        assert_eq!(cover, Cover::default(), "{what}");
        let cover = bound(&statement, dir.path(), &["*"]).expect(what).cover;
        assert_eq!(cover, Cover::default(), "{what}");
    }
}

/// Digests of the model alone bind all files or none.
#[test]
fn statements_without_a_list() {
    let dir = model();
    for at in 0..MANY {
        fs::write(dir.path().join(format!("f{at}")), [7]).expect("a file");
    }
    let (manifest, _) = hashed(dir.path(), &[]);
    let files = files(&manifest);
    let ours = subjects(&files);
    assert_eq!(ours.len(), 2);
    for (what, kind, predicate) in [("BOM", BOM, bom(&BTreeMap::new())), ("other", OTHER, empty())] {
        let statement = write(&ours, kind, &predicate).expect("JSON");
        let check = bound(&statement, dir.path(), &["*.bin"]).expect_err(what);
        let reason = "carries no list of files, a part of the model cannot be held against it";
        assert_eq!((check.id.as_str(), check.reason.as_deref()), ("subject", Some(reason)), "{what}");
        assert!(bound(&statement, dir.path(), &[]).is_ok(), "{what}: the whole");
    }
    // The BOM's list is one, and the digests of the model are held against all of it.
    let statement = write(&ours, BOM, &bom(&files)).expect("JSON");
    let cover = bound(&statement, dir.path(), &["*.bin"]).expect("a list").cover;
    assert_eq!(cover.unverified.len(), files.len() - 3);
}

/// As many as are too many to be subjects, with those that every model here has.
const MANY: usize = statement::MAX_FILE_SUBJECTS;

/// What is signed has to agree with itself, also in what nobody asked for.
#[test]
fn lists_that_are_not_their_digests() {
    let dir = model();
    let (manifest, _) = hashed(dir.path(), &[]);
    let whole = files(&manifest);
    let other = Sha256::of(b"other");
    let mut forged = whole.clone();
    forged.insert(RelPath::parse("config.json").expect("a path"), other);
    let mut fewer = whole.clone();
    fewer.retain(|path, _| path.as_str() != "config.json");
    let digests = &subjects(&whole)[..2];
    for (what, list) in [("one changed", &forged), ("one less", &fewer)] {
        let listed: Vec<Subject> = digests.iter().cloned().chain(named(list)).collect();
        for statement in [
            write(&listed, OTHER, &empty()).expect("JSON"),
            write(&listed, BOM, &bom(list)).expect("JSON"),
            write(&subjects(&whole), BOM, &bom(list)).expect("JSON"),
            write(digests, BOM, &bom(list)).expect("JSON"),
        ] {
            let check = bound(&statement, dir.path(), &["a.bin"]).expect_err(what);
            assert_eq!(check.id, "subject", "{what}: {check:?}");
        }
    }
    // A foreign BOM has two lists, and neither is looked at further than asked: what is in one alone is unverified too.
    let statement = write(&named(&fewer), BOM, &bom(&forged)).expect("JSON");
    let cover = bound(&statement, dir.path(), &["a.bin"]).expect("both hold").cover;
    assert_eq!(cover.unverified.len(), 3);
}

#[test]
fn patterns_that_select_nothing_signed() {
    let dir = model();
    let statements = with_lists(dir.path());
    fs::write(dir.path().join("notes.txt"), b"new").expect("a file");
    for (what, statement) in statements {
        assert!(bound(&statement, dir.path(), &["*.txt"]).is_err(), "{what}: an extra file");
    }
}

/// The one file that a model is: its digest is all there is to it.
#[test]
fn a_single_file() {
    let dir = model();
    let file = dir.path().join("a.bin");
    let (manifest, shards) = hashed(&file, &[]);
    let subject = Subject::sha256("a.bin", manifest.files()[0].digests.sha256);
    for (what, statement) in [
        ("oms", oms::statement(&manifest, &BTreeMap::new()).expect("JSON")),
        ("oms shards", oms::shards::statement(&shards[0], &BTreeMap::new()).expect("JSON")),
        ("foreign", write(&[subject], OTHER, &empty()).expect("JSON")),
    ] {
        for patterns in [&[][..], &["a.bin"], &["*.bin"]] {
            let cover = bound(&statement, &file, patterns).expect(what).cover;
            assert_eq!(cover, Cover::default(), "{what}");
        }
        // One file chosen from a directory is not the model that the file is.
        if what != "foreign" {
            assert!(bound(&statement, dir.path(), &["a.bin"]).is_err(), "{what}");
        }
    }
}
