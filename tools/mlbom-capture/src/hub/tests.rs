//! Caches as the library leaves them, and as somebody else might.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use mlbom::digest::Sha256;
use mlbom::evidence::{Absence, Evidence, Severity, Trust};
use mlbom_hub::git_blob;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::args::Args;
use crate::error::Error;
use crate::readers::Machine;
use crate::testing::evidence;

const COMMIT: &str = "ae2bc2e0182acad59a17a085900dfbdced587009";
const OTHER: &str = "0c5e78a1899c0440d2c0422f9e45d82267d54630";
const WEIGHTS: &[u8] =
    b"\x38\0\0\0\0\0\0\0{\"t\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,7]}}   weights";
const CONFIG: &[u8] = b"{}";

/// How a scratch cache differs from the usual one.
#[derive(Clone, Copy, Default)]
struct With {
    copies: bool,
    no_blobs: bool,
    no_list: bool,
}

struct Cache {
    scratch: TempDir,
    repository: PathBuf,
}

impl Cache {
    fn new(folder: &str, with: With) -> Self {
        let scratch = tempfile::tempdir().expect("a directory");
        let repository = scratch.path().join("hub").join(folder);
        let cache = Self { scratch, repository };
        let large = if folder.starts_with("datasets") { "data/x.csv" } else { "model.safetensors" };
        let bytes: &[u8] = if folder.starts_with("datasets") { b"a,b\n1,2\n" } else { WEIGHTS };
        let sha256 = Sha256::of(bytes);
        let blob = git_blob::name_of(CONFIG, CONFIG.len() as u64).expect("bytes").to_string();
        cache.file(COMMIT, large, bytes, &sha256.to_string(), with);
        cache.file(COMMIT, "config.json", CONFIG, &blob, with);
        cache.write("refs/main", COMMIT.as_bytes());
        if !with.no_list {
            cache.list(&json!({"format_version": 1, "files": {
                large: {"size": bytes.len(), "lfs_size": bytes.len(), "lfs_sha256": sha256,
                    "blob_id": git_blob::name_of_pointer(&sha256, bytes.len() as u64).to_string()},
                "config.json": {"size": 2, "blob_id": blob},
            }}));
        }
        cache
    }

    fn model() -> Self {
        Self::new("models--acme--bert", With::default())
    }

    fn file(&self, commit: &str, path: &str, bytes: &[u8], etag: &str, with: With) {
        let inside = format!("snapshots/{commit}/{path}");
        if with.copies {
            return self.write(&inside, bytes);
        }
        if !with.no_blobs {
            self.write(&format!("blobs/{etag}"), bytes);
        }
        let up = "../".repeat(inside.matches('/').count());
        self.link(&inside, &format!("{up}blobs/{etag}"));
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.repository.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.repository.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        symlink(target, path).expect("a link");
    }

    fn list(&self, list: &Value) {
        self.write(&format!("trees/{COMMIT}.json"), list.to_string().as_bytes());
    }

    fn listed(&self) -> Value {
        let text = fs::read(self.repository.join(format!("trees/{COMMIT}.json"))).expect("a list");
        serde_json::from_slice(&text).expect("JSON")
    }

    fn snapshot(&self) -> PathBuf {
        self.repository.join("snapshots").join(COMMIT)
    }
}

fn base(path: &Path) -> Evidence {
    evidence(&["--base", &path.display().to_string()])
}

fn dataset(path: &Path) -> Evidence {
    evidence(&["--dataset", &format!("train={}", path.display())])
}

fn tried(path: &Path, variables: &[(&str, &Path)]) -> Result<Evidence, Error> {
    let args = Args::parse_from(["mlbom-capture", "--base", &path.display().to_string()]);
    let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let machine = Machine { variables, root: "/".into() };
    let captured = crate::capture::capture(&args, None, &machine, &mlbom::cli::Progress::new("test", true))?;
    Ok(captured.evidence)
}

fn value(evidence: &Evidence, name: &str) -> Option<Value> {
    evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone())
}

fn found(evidence: &Evidence) -> Vec<(&str, Severity)> {
    evidence.findings.iter().map(|finding| (finding.id.as_str(), finding.severity)).collect()
}

#[test]
fn a_repository_and_its_snapshot() {
    let cache = Cache::model();
    cache.write(&format!(".no_exist/{COMMIT}/adapter_config.json"), b"");
    let other = cache.scratch.path().join("link");
    symlink(cache.snapshot(), &other).expect("a link");
    for path in [&cache.repository, &cache.snapshot(), &cache.repository.join("snapshots"), &other] {
        let evidence = base(path);
        assert_eq!(evidence.entities[0].name, "acme/bert");
        for (name, want) in [
            ("hub.repository", json!("acme/bert")),
            ("hub.commit", json!(COMMIT)),
            ("hub.revisions", json!(["main"])),
            ("hub.filesChecked", json!("all")),
            ("hub.notFetched", json!(["adapter_config.json"])),
        ] {
            assert_eq!(value(&evidence, name), Some(want), "{name}");
        }
        let checked = evidence.facts.iter().find(|fact| fact.name == "hub.filesChecked");
        assert_eq!(checked.map(|fact| fact.trust), Some(Trust::CrossChecked));
        assert!(evidence.findings.is_empty());
    }
    let single = base(&cache.snapshot().join("model.safetensors"));
    assert_eq!(value(&single, "hub.filesChecked"), Some(json!("all")));
    assert_eq!(value(&single, "content.digest"), Some(json!(Sha256::of(WEIGHTS))));
    assert!(single.findings.is_empty());
}

#[test]
fn how_many_files_are_checked() {
    for (copies, no_list, want) in
        [(false, false, "all"), (false, true, "all"), (true, false, "all"), (true, true, "none")]
    {
        let cache = Cache::new("models--acme--bert", With { copies, no_list, no_blobs: copies });
        let evidence = base(&cache.repository);
        assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!(want)), "{copies} {no_list}");
        assert!(evidence.findings.is_empty());
        cache.write(&format!("snapshots/{COMMIT}/notes.txt"), b"mine");
        let want = if want == "all" { "some" } else { "none" };
        assert_eq!(value(&base(&cache.repository), "hub.filesChecked"), Some(json!(want)));
    }
}

#[test]
fn what_does_not_have_its_name() {
    let blob = format!("blobs/{}", Sha256::of(WEIGHTS));
    let small = format!("blobs/{}", git_blob::name_of(CONFIG, 2).expect("bytes"));
    let altered = [&WEIGHTS[..WEIGHTS.len() - 1], b"S"].concat();
    for (path, bytes) in [(&blob, &altered[..]), (&small, b"{ }")] {
        let cache = Cache::model();
        cache.write(path, bytes);
        let evidence = base(&cache.repository);
        assert_eq!(found(&evidence), [("MLB-BLOB", Severity::Critical)]);
        let claims = &evidence.findings[0].claims;
        assert!(claims.iter().any(|claim| claim.source.shown().contains(path)), "{claims:?}");
        assert!(claims.iter().any(|claim| claim.source.shown().contains("trees/")), "{claims:?}");
        assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!("some")));
    }
    // A copy has only the list to be held against.
    let cache = Cache::new("models--acme--bert", With { copies: true, ..With::default() });
    cache.write(&format!("snapshots/{COMMIT}/config.json"), b"{ }");
    assert_eq!(found(&base(&cache.repository)), [("MLB-BLOB", Severity::Critical)]);
}

#[test]
fn lists_that_do_not_fit() {
    let forged = Sha256::of(b"forged").to_string();
    // What is changed, and what is found.
    type Case<'a> = (&'a dyn Fn(&mut Value), &'a [(&'a str, Severity)]);
    let cases: [Case<'_>; 8] = [
        (
            &|list| list["files"]["more.bin"] = list["files"]["config.json"].clone(),
            &[("MLB-TREE", Severity::Low)],
        ),
        (
            &|list| drop(list["files"].as_object_mut().and_then(|files| files.remove("model.safetensors"))),
            &[("MLB-TREE", Severity::High)],
        ),
        (&|list| drop(list["files"].as_object_mut().and_then(|files| files.remove("config.json"))), &[]),
        (
            &|list| list["files"]["model.safetensors"]["lfs_sha256"] = json!(forged),
            &[("MLB-TREE", Severity::High)],
        ),
        (&|list| list["files"]["config.json"]["size"] = json!(3), &[("MLB-BLOB", Severity::Critical)]),
        (&|list| list["files"]["config.json"]["size"] = json!(-3), &[("MLB-UNREADABLE", Severity::Medium)]),
        (&|list| list["format_version"] = json!(2), &[("MLB-UNREADABLE", Severity::Medium)]),
        (&|list| list["files"] = json!([]), &[("MLB-UNREADABLE", Severity::Medium)]),
    ];
    for (at, (change, want)) in cases.iter().enumerate() {
        let cache = Cache::model();
        let mut list = cache.listed();
        change(&mut list);
        cache.list(&list);
        assert_eq!(found(&base(&cache.repository)), *want, "{at}");
    }
    let cache = Cache::model();
    cache.write(&format!("trees/{COMMIT}.json"), b"{\"files\":{},\"files\":{}}");
    assert_eq!(found(&base(&cache.repository)), [("MLB-UNREADABLE", Severity::Medium)]);
    let list = fs::File::create(cache.repository.join(format!("trees/{COMMIT}.json"))).expect("a file");
    list.set_len((64 << 20) + 1).expect("a sparse file");
    let evidence = base(&cache.repository);
    assert_eq!(found(&evidence), [("MLB-UNREADABLE", Severity::Medium)]);
    assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!("all")), "the blobs have names");
}

#[test]
fn which_snapshot() {
    let cache = Cache::model();
    // A later look at the Hub: main has moved, and only a configuration was fetched.
    cache.file(OTHER, "config.json", b"[]", "ff", With::default());
    cache.write("refs/main", OTHER.as_bytes());
    cache.write("refs/v1.0", COMMIT.as_bytes());
    let evidence = base(&cache.repository);
    assert_eq!(value(&evidence, "hub.commit"), Some(json!(COMMIT)));
    assert_eq!(value(&evidence, "hub.revisions"), Some(json!(["v1.0"])));
    // Two names for one commit: which of them was asked for is not known.
    cache.write("refs/pr/1", COMMIT.as_bytes());
    assert_eq!(value(&base(&cache.repository), "hub.revisions"), Some(json!(["pr/1", "v1.0"])));
    cache.write(&format!("snapshots/{OTHER}/model.gguf"), b"GGUF");
    let err = tried(&cache.repository, &[]).expect_err("two snapshots");
    let Error::Base { hint, .. } = err else { panic!("{err}") };
    assert!(hint.contains(COMMIT) && hint.contains(OTHER), "{hint}");
    assert_eq!(value(&base(&cache.snapshot()), "hub.commit"), Some(json!(COMMIT)));

    let none = Cache::model();
    fs::remove_file(none.snapshot().join("model.safetensors")).expect("a file");
    assert!(matches!(tried(&none.repository, &[]), Err(Error::Base { .. })));
    fs::remove_dir_all(none.repository.join("snapshots")).expect("a directory");
    assert!(matches!(tried(&none.repository, &[]), Err(Error::Base { .. })));
}

#[test]
fn links_out_of_a_cache() {
    for target in
        ["../../../../outside", "../../../models--acme--other/x", "/etc/hostname", "../../refs/../../x"]
    {
        let cache = Cache::model();
        fs::write(cache.scratch.path().join("outside"), "secret").expect("a file");
        cache.write("../models--acme--other/x", b"x");
        cache.link(&format!("snapshots/{COMMIT}/more.bin"), target);
        let err = tried(&cache.repository, &[]).expect_err(target);
        assert!(matches!(&err, Error::Tree(_)) && err.to_string().contains("more.bin"), "{err}");
    }
    // Nor is anything read through the names around the files.
    let cache = Cache::model();
    fs::write(cache.scratch.path().join("outside"), OTHER).expect("a file");
    cache.link("refs/v2", "../../../outside");
    assert!(matches!(tried(&cache.repository, &[]), Err(Error::Tree(_))));
}

#[test]
fn odd_names_and_unfinished_downloads() {
    let cache = Cache::model();
    cache.write("refs/long", "a".repeat(100).as_bytes());
    cache.write("refs/odd", b"main");
    cache.write("blobs/0000.incomplete", b"half");
    let evidence = base(&cache.repository);
    let unreadable = ("MLB-UNREADABLE", Severity::Medium);
    assert_eq!(found(&evidence), [("MLB-INCOMPLETE", Severity::Low), unreadable, unreadable]);
    assert_eq!(value(&evidence, "hub.revisions"), Some(json!(["main"])));
}

#[test]
fn a_store_that_repositories_share() {
    let cache = Cache::model();
    let etag = Sha256::of(WEIGHTS).to_string();
    cache.write("../blobs/.huggingface-shared-blobs", b"1\n");
    cache.write("../blobs/ab/abcd", WEIGHTS);
    fs::remove_file(cache.repository.join("blobs").join(&etag)).expect("a file");
    cache.link(&format!("blobs/{etag}"), "../../blobs/ab/abcd");
    let evidence = base(&cache.repository);
    assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!("all")));
    cache.write("../blobs/ab/abcd", &[&WEIGHTS[..WEIGHTS.len() - 1], b"S"].concat());
    assert_eq!(found(&base(&cache.repository)), [("MLB-BLOB", Severity::Critical)]);
}

/// A download into a directory, as the library leaves it.
fn download() -> (TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("a directory");
    let top = scratch.path().join("bert");
    let words = top.join(".cache/huggingface/download");
    fs::create_dir_all(&words).expect("a directory");
    let blob = git_blob::name_of(CONFIG, 2).expect("bytes").to_string();
    for (name, bytes, etag) in
        [("model.safetensors", WEIGHTS, Sha256::of(WEIGHTS).to_string()), ("config.json", CONFIG, blob)]
    {
        fs::write(top.join(name), bytes).expect("a file");
        fs::write(words.join(format!("{name}.metadata")), format!("{COMMIT}\n{etag}\n1795261268.08\n"))
            .expect("a file");
    }
    (scratch, top)
}

#[test]
fn downloads_into_a_directory() {
    let (_scratch, top) = download();
    let evidence = base(&top);
    assert_eq!(value(&evidence, "hub.commit"), Some(json!(COMMIT)));
    assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!("all")));
    assert_eq!(value(&evidence, "hub.repository"), None);
    let files = value(&evidence, "content.files").expect("files");
    let paths: Vec<&Value> = files.as_array().expect("a list").iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["config.json", "model.safetensors"]);
    assert_eq!(value(&base(&top.join("config.json")), "hub.filesChecked"), Some(json!("all")));
    // A file that did not come with it has no part in it.
    fs::write(top.join("mine.txt"), "x").expect("a file");
    assert_eq!(value(&base(&top.join("mine.txt")), "hub.commit"), None);
    assert_eq!(value(&base(&top), "hub.filesChecked"), Some(json!("some")));

    let words = top.join(".cache/huggingface/download");
    fs::write(words.join("mine.txt.metadata"), "what\n").expect("a file");
    assert_eq!(found(&base(&top)), [("MLB-UNREADABLE", Severity::Medium)]);
    fs::write(words.join("mine.txt.metadata"), format!("{OTHER}\n{OTHER}\n1\n")).expect("a file");
    let evidence = base(&top);
    assert_eq!(value(&evidence, "hub.commit"), None, "two commits, and neither is known better");
    assert_eq!(found(&evidence), [("MLB-BLOB", Severity::Critical), ("MLB-DISAGREEMENT", Severity::Medium)]);
}

#[test]
fn a_commit_tells_the_repository() {
    let (_scratch, top) = download();
    let cache = Cache::model();
    fs::create_dir_all(cache.scratch.path().join("huggingface")).expect("a directory");
    let hub = cache.scratch.path().join("hub");
    let home = cache.scratch.path();
    for variables in
        [[("HF_HUB_CACHE", hub.as_path())], [("HUGGINGFACE_HUB_CACHE", &hub)], [("HF_HOME", home)]]
    {
        let evidence = tried(&top, &variables).expect("evidence");
        assert_eq!(value(&evidence, "hub.repository"), Some(json!("acme/bert")), "{variables:?}");
        assert_eq!(value(&evidence, "hub.revisions"), Some(json!(["main"])));
        assert_eq!(evidence.entities[0].name, "acme/bert");
    }
    // Only a name is left of it.
    fs::remove_dir_all(cache.repository.join("snapshots")).expect("a directory");
    let evidence = tried(&top, &[("HF_HUB_CACHE", &hub)]).expect("evidence");
    assert_eq!(value(&evidence, "hub.repository"), Some(json!("acme/bert")));
    // Two repositories with the commit: neither is known to be the one.
    cache.write("../models--acme--mirror/refs/main", COMMIT.as_bytes());
    let evidence = tried(&top, &[("HF_HUB_CACHE", &hub)]).expect("evidence");
    assert_eq!(value(&evidence, "hub.repository"), None);
    assert_eq!(found(&evidence), [("MLB-DISAGREEMENT", Severity::Medium)]);
    // Not this one's kind.
    let data = Cache::new("datasets--acme--bert", With::default());
    let evidence = tried(&top, &[("HF_HOME", data.scratch.path())]).expect("evidence");
    assert_eq!(value(&evidence, "hub.repository"), None);
}

#[test]
fn a_directory_of_no_hub() {
    let scratch = tempfile::tempdir().expect("a directory");
    fs::write(scratch.path().join("model.safetensors"), WEIGHTS).expect("a file");
    let evidence = base(scratch.path());
    assert!(!evidence.facts.iter().any(|fact| fact.name.starts_with("hub.")));
    let absent = evidence.not_known.iter().find(|entry| entry.what == "hub.commit").expect("said");
    assert_eq!(absent.state, Absence::Absent);
}

#[test]
fn datasets_of_the_hub() {
    let cache = Cache::new("datasets--acme--tickets", With::default());
    cache.write(&format!("snapshots/{COMMIT}/README.md"), b"---\nlicense: cc0-1.0\n---\n");
    for path in [&cache.repository, &cache.snapshot().join("data"), &cache.snapshot().join("data/x.csv")] {
        let evidence = dataset(path);
        assert_eq!(value(&evidence, "hub.repository"), Some(json!("acme/tickets")));
        assert_eq!(value(&evidence, "hub.commit"), Some(json!(COMMIT)));
        assert_eq!(value(&evidence, "license"), Some(json!(["cc0-1.0"])));
        let whole = *path == cache.repository;
        assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!(if whole { "some" } else { "all" })));
        if !whole {
            assert_eq!(value(&evidence, "data.rows"), Some(json!(1)));
        }
        assert!(!found(&evidence).iter().any(|(id, _)| *id == "MLB-TREE"), "{:?}", evidence.findings);
    }
}

#[test]
fn entries_of_the_datasets_library() {
    let scratch = tempfile::tempdir().expect("a directory");
    let top = scratch.path().join("datasets/acme___tickets");
    let leaf = top.join("default/0.0.0").join(COMMIT);
    fs::create_dir_all(&leaf).expect("a directory");
    fs::write(leaf.join("dataset_info.json"), json!({"splits": {"train": {"num_examples": 2}}}).to_string())
        .expect("a file");
    fs::write(leaf.join("tickets-train.csv"), "a\n1\n").expect("a file");
    fs::write(leaf.join("cache-0123456789abcdef.arrow"), "not looked into").expect("a file");
    for path in [&top, &top.join("default"), &top.join("default/0.0.0"), &leaf] {
        let evidence = dataset(path);
        assert_eq!(value(&evidence, "hub.repository"), Some(json!("acme/tickets")));
        assert_eq!(value(&evidence, "hub.commit"), Some(json!(COMMIT)));
        assert_eq!(value(&evidence, "hub.filesChecked"), Some(json!("none")));
        assert_eq!(value(&evidence, "data.rows"), Some(json!(1)));
        assert_eq!(value(&evidence, "data.infoRows"), Some(json!(2)));
        assert_eq!(value(&evidence, "data.fingerprint"), Some(json!("0123456789abcdef")));
        assert_eq!(found(&evidence), [("MLB-ROWS", Severity::Low)]);
    }
    let second = top.join("default/0.0.0").join("d".repeat(64));
    fs::create_dir_all(&second).expect("a directory");
    fs::write(second.join("dataset_info.json"), "{}").expect("a file");
    let args = Args::parse_from(["mlbom-capture", "--dataset", &format!("train={}", top.display())]);
    let machine = Machine { variables: Default::default(), root: "/".into() };
    let err = crate::capture::capture(&args, None, &machine, &mlbom::cli::Progress::new("test", true));
    assert!(matches!(err, Err(Error::Base { .. })));
    // The hash of a builder is no commit.
    assert_eq!(value(&dataset(&second), "hub.commit"), None);
}

#[test]
fn downloads_of_the_datasets_library() {
    let scratch = tempfile::tempdir().expect("a directory");
    let downloads = scratch.path().join("downloads");
    fs::create_dir_all(&downloads).expect("a directory");
    let file = downloads.join("e".repeat(64));
    fs::write(&file, "PAR1").expect("a file");
    for (url, repository, commit) in [
        (format!("hf://datasets/acme/tickets@{COMMIT}/data/x.parquet"), Some("acme/tickets"), Some(COMMIT)),
        ("hf://datasets/acme/tickets@refs%2Fconvert%2Fparquet/x".to_owned(), Some("acme/tickets"), None),
        ("https://example.org/x".to_owned(), None, None),
        ("hf://datasets/../../etc@x/y".to_owned(), None, None),
    ] {
        let told = json!({"url": url, "etag": null}).to_string();
        fs::write(file.with_extension("json"), told).expect("a file");
        let evidence = dataset(&file);
        assert_eq!(value(&evidence, "hub.repository"), repository.map(Value::from), "{url}");
        assert_eq!(value(&evidence, "hub.commit"), commit.map(Value::from), "{url}");
    }
}

#[test]
fn names_of_repositories() {
    for (folder, want) in [
        ("models--acme--bert", Some("acme/bert")),
        ("models--bert", Some("bert")),
        ("datasets--a_b--c.d-e", Some("a_b/c.d-e")),
        ("models--a--b--c", None),
        ("models--", None),
        ("models--a--", None),
        ("models--a b", None),
        ("other--a--b", None),
    ] {
        assert_eq!(super::repository_of(folder).as_deref(), want, "{folder}");
    }
}

#[test]
fn weights_that_nobody_vouches_for() {
    // A file in the place of the link: the cache has digests, and none of this one.
    let cache = Cache::new("models--acme--bert", With { no_list: true, ..With::default() });
    let weights = cache.snapshot().join("model.safetensors");
    fs::remove_file(&weights).expect("a link");
    fs::write(&weights, WEIGHTS).expect("a file");
    assert_eq!(found(&base(&cache.repository)), [("MLB-UNCHECKED", Severity::High)]);
    // A base that cannot be one.
    let cache = Cache::model();
    fs::remove_file(cache.snapshot().join("model.safetensors")).expect("a link");
    assert!(found(&base(&cache.snapshot())).contains(&("MLB-NO-WEIGHTS", Severity::High)));
    let data = Cache::new("datasets--acme--d", With::default());
    assert!(matches!(tried(&data.repository, &[]), Err(Error::Base { .. })));
}
