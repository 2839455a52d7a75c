use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use git2::{Repository, Signature, Time};
use mlbom::evidence::Evidence;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testing::evidence;

/// What is done to a repository, in words, and how.
type Damage = (&'static str, fn(&Path));
/// What is put in the place of a submodule, in words, and how; and whether that is a change.
type Place = (&'static str, fn(&Path), bool);
/// What is done to a work tree, and what is modified and untracked then.
type Change = (&'static str, fn(&Path, &Repository), Value, Value);

/// A repository with one commit of `a.py` and `sub/b.py`.
fn repository() -> (TempDir, Repository) {
    let dir = tempfile::tempdir().expect("a directory");
    let repository = Repository::init(dir.path()).expect("a repository");
    write(dir.path(), "a.py", "a\n");
    write(dir.path(), "sub/b.py", "b\n");
    commit(&repository);
    (dir, repository)
}

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, text).expect("a file");
}

/// Commits all that is there.
fn commit(repository: &Repository) -> git2::Oid {
    let mut index = repository.index().expect("an index");
    index.add_all(["."], git2::IndexAddOption::DEFAULT, None).expect("added");
    index.write().expect("written");
    commit_index(repository)
}

/// Commits what is staged.
fn commit_index(repository: &Repository) -> git2::Oid {
    let mut index = repository.index().expect("an index");
    let tree = repository.find_tree(index.write_tree().expect("a tree")).expect("a tree");
    let who = Signature::new("a", "a@example.org", &Time::new(1_000_000_000, 60)).expect("a name");
    let parent = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some("HEAD"), &who, &who, "x", &tree, &parents).expect("a commit")
}

fn capture(dir: &Path) -> Evidence {
    evidence(&["--code", dir.to_str().expect("UTF-8")])
}

fn value(evidence: &Evidence, name: &str) -> Value {
    evidence.facts.iter().find(|fact| fact.name == name).map_or(Value::Null, |fact| fact.value.clone())
}

fn findings(evidence: &Evidence) -> Vec<&str> {
    evidence.findings.iter().map(|finding| finding.id.as_str()).collect()
}

#[test]
fn what_cannot_be_trusted_is_unreadable_and_no_panic() {
    let breaks: &[Damage] = &[
        ("HEAD is gone", |dir| fs::remove_file(dir.join(".git/HEAD")).expect("removed")),
        ("HEAD is no reference", |dir| write(dir, ".git/HEAD", "x\n")),
        ("HEAD names an object that is not there", |dir| {
            write(dir, ".git/HEAD", "1234567890123456789012345678901234567890\n");
        }),
        ("objects are gone", |dir| fs::remove_dir_all(dir.join(".git/objects")).expect("removed")),
        ("objects are empty", |dir| {
            let found = walk(&dir.join(".git/objects"));
            found.iter().for_each(|path| {
                fs::remove_file(path).expect("removed");
                fs::write(path, "").expect("written");
            });
        }),
        ("objects are swapped", |dir| {
            let found = walk(&dir.join(".git/objects"));
            let bytes: Vec<_> = found.iter().map(|path| fs::read(path).expect("read")).collect();
            for (path, bytes) in found.iter().zip(bytes.iter().cycle().skip(1)) {
                fs::remove_file(path).expect("removed");
                fs::write(path, bytes).expect("written");
            }
        }),
        ("the index is no index", |dir| write(dir, ".git/index", "x")),
        ("the configuration is none", |dir| write(dir, ".git/config", "[core")),
        ("SHA-256 objects", |dir| {
            write(
                dir,
                ".git/config",
                "[core]\nrepositoryformatversion=1\n[extensions]\nobjectformat=sha256\n",
            );
        }),
        ("another work tree", |dir| {
            write(dir, ".git/config", "[core]\nrepositoryformatversion=0\nworktree=/usr\n");
        }),
        (".git leads out", |dir| {
            let (other, _) = repository();
            fs::remove_dir_all(dir.join(".git")).expect("removed");
            let target = other.keep().join(".git");
            write(dir, ".git", &format!("gitdir: {}\n", target.display()));
        }),
        (".git is a link out", |dir| {
            let (other, _) = repository();
            fs::remove_dir_all(dir.join(".git")).expect("removed");
            symlink(other.keep().join(".git"), dir.join(".git")).expect("a link");
        }),
        (".git is no pointer", |dir| {
            fs::remove_dir_all(dir.join(".git")).expect("removed");
            write(dir, ".git", "x");
        }),
        ("a FIFO in .git", |dir| fifo(&dir.join(".git/packed-refs"))),
        ("a FIFO as .gitignore", |dir| fifo(&dir.join("sub/.gitignore"))),
    ];
    for (what, damage) in breaks {
        let (dir, _repository) = repository();
        damage(dir.path());
        let evidence = capture(dir.path());
        assert!(findings(&evidence).contains(&"MLB-UNREADABLE"), "{what}: {:?}", evidence.findings);
        let text = serde_json::to_string(&evidence).expect("text");
        assert!(!text.contains(dir.path().to_str().expect("UTF-8")), "{what}: {text}");
    }
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

fn walk(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_clean_work_tree() {
    let (dir, repository) = repository();
    let head = repository.head().and_then(|head| head.peel_to_commit()).expect("a commit");
    repository.tag_lightweight("v1", head.as_object(), false).expect("a tag");
    let who = Signature::now("a", "a@example.org").expect("a name");
    repository.tag("v2", head.as_object(), &who, "x", false).expect("a tag");
    repository.remote("origin", "https://user:canary@git.example.org/x.git").expect("a remote");
    repository.remote("ssh", "git@git.example.org:acme/x.git").expect("a remote");
    repository.remote("local", "/srv/canary").expect("a remote");
    write(dir.path(), ".git/more", "[remote \"more\"]\nurl = https://canary.example.org/\n");
    repository.config().and_then(|mut config| config.set_str("include.path", "more")).expect("set");
    for at in [dir.path().to_owned(), dir.path().join("sub")] {
        let evidence = capture(&at);
        for (name, want) in [
            ("code.commit", json!(head.id().to_string())),
            ("code.tree", json!(head.tree_id().to_string())),
            ("code.committed", json!("2001-09-09T01:46:40Z")),
            ("code.tags", json!(["v1", "v2"])),
            ("code.dirty", json!(false)),
            ("code.modified", json!([])),
            ("code.untracked", json!([])),
            ("code.remotes", json!(["https://git.example.org/x.git", "ssh://git.example.org/acme/x.git"])),
            ("code.submodules", json!([])),
            ("code.pushed", json!(false)),
            ("code.shallow", json!(false)),
            ("code.lfsFiles", json!([])),
        ] {
            assert_eq!(value(&evidence, name), want, "{name} {:?}", evidence.findings);
        }
        assert!(value(&evidence, "code.branch").is_string());
        assert!(evidence.not_known.iter().any(|entry| entry.what == "code.signature"));
        let text = serde_json::to_string(&evidence).expect("text");
        assert!(!text.contains("canary"), "{text}");
    }
    repository.reference("refs/remotes/origin/main", head.id(), false, "x").expect("a reference");
    assert_eq!(value(&capture(dir.path()), "code.pushed"), json!(true));
    repository.set_head_detached(head.id()).expect("detached");
    assert_eq!(value(&capture(dir.path()), "code.branch"), Value::Null);
}

#[test]
fn a_change_is_seen_however_it_is_hidden() {
    let changes: &[Change] = &[
        ("changed", |dir, _| write(dir, "a.py", "x\n"), json!(["a.py"]), json!([])),
        (
            "of the same length, with the times of before",
            |dir, _| {
                let before =
                    fs::metadata(dir.join("a.py")).and_then(|found| found.modified()).expect("a time");
                write(dir, "a.py", "x\n");
                let file = fs::File::options().append(true).open(dir.join("a.py")).expect("a file");
                file.set_modified(before).expect("a time");
            },
            json!(["a.py"]),
            json!([]),
        ),
        (
            "taken as unchanged",
            |dir, repository| {
                let mut index = repository.index().expect("an index");
                let mut entry = index.get_path(Path::new("a.py"), 0).expect("an entry");
                entry.flags |= 0x8000;
                index.add(&entry).expect("added");
                index.write().expect("written");
                write(dir, "a.py", "x\n");
            },
            json!(["a.py"]),
            json!([]),
        ),
        ("removed", |dir, _| fs::remove_file(dir.join("a.py")).expect("removed"), json!(["a.py"]), json!([])),
        (
            "staged and set back",
            |dir, repository| {
                write(dir, "a.py", "x\n");
                let mut index = repository.index().expect("an index");
                index.add_path(Path::new("a.py")).expect("added");
                index.write().expect("written");
                write(dir, "a.py", "a\n");
            },
            json!(["a.py"]),
            json!([]),
        ),
        (
            "staged, new",
            |dir, repository| {
                write(dir, "c.py", "x\n");
                let mut index = repository.index().expect("an index");
                index.add_path(Path::new("c.py")).expect("added");
                index.write().expect("written");
            },
            json!(["c.py"]),
            json!([]),
        ),
        (
            "a link in place of a file",
            |dir, _| {
                fs::remove_file(dir.join("a.py")).expect("removed");
                symlink("sub/b.py", dir.join("a.py")).expect("a link");
            },
            json!(["a.py"]),
            json!([]),
        ),
        (
            "a FIFO in place of a file",
            |dir, _| {
                fs::remove_file(dir.join("a.py")).expect("removed");
                fifo(&dir.join("a.py"));
            },
            json!(["a.py"]),
            json!([]),
        ),
        (
            "not tracked",
            |dir, _| {
                write(dir, ".gitignore", "*.log\n");
                write(dir, "new/c.py", "x");
                write(dir, "x.log", "x");
            },
            json!([]),
            json!([".gitignore", "new/c.py"]),
        ),
        (
            "an index that names what lies outside",
            |dir, _| {
                let index = fs::read(dir.join(".git/index")).expect("an index");
                let mut index = String::from_utf8_lossy(&index).into_owned().into_bytes();
                index.truncate(40);
                fs::write(dir.join(".git/index"), index).expect("written");
            },
            Value::Null,
            Value::Null,
        ),
    ];
    for (what, change, modified, untracked) in changes {
        let (dir, repository) = repository();
        change(dir.path(), &repository);
        let evidence = capture(dir.path());
        assert_eq!(value(&evidence, "code.modified"), *modified, "{what} {:?}", evidence.findings);
        assert_eq!(value(&evidence, "code.untracked"), *untracked, "{what}");
        let dirty = modified.as_array().map(|list| !list.is_empty());
        assert_eq!(value(&evidence, "code.dirty"), json!(dirty), "{what}");
    }
}

#[test]
fn what_other_flags_name_is_no_stray_file() {
    let (dir, _repository) = repository();
    write(dir.path(), "out/model/config.json", "{}");
    write(dir.path(), "out/notes", "x");
    write(dir.path(), "data.csv", "x");
    symlink("out/model", dir.path().join("latest")).expect("a link");
    let path = |path: &str| dir.path().join(path).to_str().expect("UTF-8").to_owned();
    let dataset = format!("train={}", path("data.csv"));
    let evidence = evidence(&[
        "--code",
        &path(""),
        "--run",
        &path("latest"),
        "--dataset",
        &dataset,
        "--output",
        &path("out/evidence.json"),
    ]);
    assert_eq!(value(&evidence, "code.untracked"), json!(["out/notes"]));
}

#[test]
fn large_files_are_held_against_their_pointers() {
    let (dir, repository) = repository();
    let content = "weights";
    let digest = mlbom::digest::Sha256::of(content.as_bytes());
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 7\n");
    write(dir.path(), ".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    for path in ["there.bin", "other.bin", "pointer.bin", "plain.txt"] {
        write(dir.path(), path, &pointer);
    }
    commit(&repository);
    write(dir.path(), "there.bin", content);
    write(dir.path(), "other.bin", "weighty");
    write(dir.path(), "plain.txt", content);
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.lfsFiles"), json!([format!("there.bin@{digest}")]));
    assert_eq!(value(&evidence, "code.modified"), json!(["other.bin", "plain.txt"]));
    let found = evidence.findings.iter().find(|finding| finding.id == "MLB-LFS-POINTER").expect("a finding");
    assert_eq!(found.claims.len(), 1, "{found:?}");
    assert!(found.claims.iter().all(|claim| claim.says.starts_with("pointer.bin@")));
}

#[test]
fn submodules_are_told_and_make_the_whole_dirty() {
    let (dir, repository) = repository();
    let inner = Repository::init(dir.path().join("inner")).expect("a repository");
    write(dir.path(), "inner/c.py", "c\n");
    let first = commit(&inner);
    let mut index = repository.index().expect("an index");
    index.add_path(Path::new("inner")).expect("added");
    index.write().expect("written");
    commit_index(&repository);
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.submodules"), json!([format!("inner@{first}")]));
    assert_eq!(value(&evidence, "code.dirty"), json!(false), "{:?}", evidence.findings);
    write(dir.path(), "inner/c.py", "x\n");
    assert_eq!(value(&capture(dir.path()), "code.modified"), json!(["inner"]));
    commit(&inner);
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.modified"), json!(["inner"]));
    assert_eq!(findings(&evidence), ["MLB-SUBMODULE"]);
    // One whose repository is somebody else's is not looked into.
    let (other, _) = self::repository();
    fs::remove_dir_all(dir.path().join("inner/.git")).expect("removed");
    write(dir.path(), "inner/.git", &format!("gitdir: {}\n", other.path().join(".git").display()));
    let evidence = capture(dir.path());
    assert_eq!(findings(&evidence), ["MLB-UNREADABLE"]);
    assert_eq!(value(&evidence, "code.dirty"), Value::Null);
}

#[test]
fn kinds_of_repositories() {
    let empty = tempfile::tempdir().expect("a directory");
    let evidence = capture(empty.path());
    assert!(evidence.facts.is_empty());
    assert!(evidence.not_known.iter().any(|entry| entry.entity.is_none() && entry.what == "code"));

    Repository::init(empty.path()).expect("a repository");
    write(empty.path(), "a.py", "x");
    let evidence = capture(empty.path());
    assert_eq!(value(&evidence, "code.commit"), Value::Null);
    assert_eq!(value(&evidence, "code.untracked"), json!(["a.py"]), "{:?}", evidence.findings);

    let (dir, repository) = repository();
    let linked = tempfile::tempdir().expect("a directory");
    let path = linked.path().join("linked");
    repository.worktree("linked", &path, None).expect("a work tree");
    let evidence = capture(&path);
    assert_eq!(value(&evidence, "code.dirty"), json!(false), "{:?}", evidence.findings);
    assert_eq!(value(&evidence, "code.branch"), json!("linked"));

    let bare = tempfile::tempdir().expect("a directory");
    let url = dir.path().to_str().expect("UTF-8");
    git2::build::RepoBuilder::new().bare(true).clone(url, bare.path()).expect("a clone");
    let evidence = capture(bare.path());
    assert!(value(&evidence, "code.commit").is_string(), "{:?}", evidence.findings);
    assert_eq!(value(&evidence, "code.dirty"), Value::Null);
    assert_eq!(value(&evidence, "code.remotes"), json!([]));
}

#[test]
fn the_repository_of_another_user_is_not_read() {
    let (dir, _repository) = repository();
    for path in [dir.path().to_owned(), dir.path().join(".git")] {
        // Only root can give files away.
        if std::os::unix::fs::chown(path, Some(54321), None).is_err() {
            return;
        }
    }
    let evidence = capture(dir.path());
    assert!(evidence.facts.is_empty());
    let [finding] = evidence.findings.as_slice() else { panic!("{:?}", evidence.findings) };
    assert_eq!((finding.id.as_str(), finding.severity), ("MLB-GIT-OWNER", mlbom::evidence::Severity::High));
    assert!(finding.message.contains("safe.directory"));
    assert!(
        evidence.not_known.iter().any(|entry| {
            entry.what == "code.commit" && entry.state == mlbom::evidence::Absence::Unreadable
        })
    );
}

#[test]
fn attributes_make_no_changed_code_clean() {
    let (dir, repository) = repository();
    write(dir.path(), "ident.py", "x = 1 # $Id$\n");
    write(dir.path(), "encoded.py", "a\n");
    write(dir.path(), "ends.py", "a\nb\n");
    write(dir.path(), "ends.bin", "a\nb\0\n");
    write(dir.path(), "more.py", "a\nb\n");
    write(dir.path(), "spaces.py", "a\nb\n");
    commit(&repository);
    let write_all = || {
        write(dir.path(), "ident.py", "x = 1 # $Id: \rprint(\"EVIL\")# $\n");
        fs::write(dir.path().join("encoded.py"), b"a\0\n\0").expect("a file");
        write(dir.path(), "ends.py", "a\r\nb\r\n");
        write(dir.path(), "ends.bin", "a\r\nb\0\r\n");
        write(dir.path(), "more.py", "a\r\nb\r\n\r\n");
        write(dir.path(), "spaces.py", "a\r\nb \n");
    };
    write_all();
    let text = ["*.py text ident eol=lf\nencoded.py working-tree-encoding=UTF-16LE\n", "* text=auto ident\n"];
    let always = ["encoded.py", "ends.bin", "ident.py", "more.py", "spaces.py"];
    for attributes in text {
        write(dir.path(), ".git/info/attributes", attributes);
        let evidence = capture(dir.path());
        assert_eq!(value(&evidence, "code.modified"), json!(always), "{attributes}");
        assert_eq!(value(&evidence, "code.dirty"), json!(true), "{attributes}");
    }
    // Where git does not convert line ends, they are a change.
    let all = ["encoded.py", "ends.bin", "ends.py", "ident.py", "more.py", "spaces.py"];
    for attributes in ["* -text\n", ""] {
        write(dir.path(), ".git/info/attributes", attributes);
        assert_eq!(value(&capture(dir.path()), "code.modified"), json!(all), "{attributes}");
    }
    repository.config().and_then(|mut config| config.set_bool("core.autocrlf", true)).expect("set");
    assert_eq!(value(&capture(dir.path()), "code.modified"), json!(always));
    let evidence = capture(dir.path());
    assert!(!findings(&evidence).contains(&"MLB-UNREADABLE"), "{:?}", evidence.findings);
}

#[test]
fn names_kinds_and_modes_are_the_commit_s() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, repository) = repository();
    let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"odd\xff.py"));
    fs::write(&odd, "a\n").expect("a file");
    symlink("a.py", dir.path().join("link")).expect("a link");
    write(dir.path(), "empty", "");
    write(dir.path(), "run.sh", "a\n");
    write(dir.path(), "dir/c.py", "c\n");
    let long = fs::File::create(dir.path().join("long")).expect("a file");
    long.set_len((16 << 20) + 1).expect("a length");
    commit(&repository);
    assert_eq!(value(&capture(dir.path()), "code.dirty"), json!(false));
    repository.config().and_then(|mut config| config.set_bool("core.symlinks", false)).expect("set");
    repository.config().and_then(|mut config| config.set_bool("core.ignorecase", true)).expect("set");
    fs::write(&odd, "b\n").expect("a file");
    fs::remove_file(dir.path().join("link")).expect("removed");
    write(dir.path(), "link", "a.py");
    write(dir.path(), "empty", "x");
    fs::set_permissions(dir.path().join("run.sh"), fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::rename(dir.path().join("a.py"), dir.path().join("A.py")).expect("moved");
    fs::rename(dir.path().join("dir"), dir.path().join("elsewhere")).expect("moved");
    symlink("elsewhere", dir.path().join("dir")).expect("a link");
    std::os::unix::fs::FileExt::write_at(&long, b"x", 16 << 20).expect("written");
    let evidence = capture(dir.path());
    let modified = ["a.py", "dir/c.py", "empty", "link", "long", "odd\u{fffd}.py", "run.sh"];
    assert_eq!(value(&evidence, "code.modified"), json!(modified), "{:?}", evidence.findings);
    assert_eq!(value(&evidence, "code.untracked"), json!(["A.py", "dir", "elsewhere/c.py"]));
}

#[test]
fn a_repository_around_says_nothing_of_what_it_does_not_track() {
    let (dir, repository) = repository();
    write(dir.path(), ".gitignore", "*\n");
    write(dir.path(), "work/train.py", "x");
    write(dir.path(), "su/train.py", "x");
    for path in ["work", "su"] {
        let evidence = capture(&dir.path().join(path));
        assert_eq!(evidence.facts.iter().filter(|fact| fact.name.starts_with("code.")).count(), 0);
        let [finding] = evidence.findings.as_slice() else { panic!("{:?}", evidence.findings) };
        assert_eq!(finding.id, "MLB-CODE-UNTRACKED");
        assert_eq!(finding.severity, mlbom::evidence::Severity::High);
        assert!(finding.message.contains("the repository tracks no file of this directory"));
        assert!(evidence.not_known.iter().any(|entry| entry.what == "code.commit"));
    }
    assert!(value(&capture(&dir.path().join("sub")), "code.commit").is_string());
    // Staged is tracked, and a change.
    let mut index = repository.index().expect("an index");
    index.add_path(Path::new("work/train.py")).expect("added");
    index.write().expect("written");
    let evidence = capture(&dir.path().join("work"));
    assert_eq!(value(&evidence, "code.dirty"), json!(true), "{:?}", evidence.findings);
    // A directory of a bare repository is no code of it.
    let bare = tempfile::tempdir().expect("a directory");
    let url = dir.path().to_str().expect("UTF-8");
    git2::build::RepoBuilder::new().bare(true).clone(url, bare.path()).expect("a clone");
    assert_eq!(findings(&capture(&bare.path().join("hooks"))), ["MLB-CODE-UNTRACKED"]);
}

#[test]
fn what_lies_in_place_of_a_submodule_is_a_change() {
    let (dir, repository) = repository();
    let inner = Repository::init(dir.path().join("inner")).expect("a repository");
    write(dir.path(), "inner/c.py", "c\n");
    let first = commit(&inner);
    let mut index = repository.index().expect("an index");
    index.add_path(Path::new("inner")).expect("added");
    index.write().expect("written");
    commit_index(&repository);
    write(dir.path(), "inner/new/d.py", "d\n");
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.untracked"), json!(["inner/new/d.py"]));
    assert_eq!(value(&evidence, "code.dirty"), json!(false));
    let at = dir.path().join("inner");
    fs::rename(&at, dir.path().join(".git/kept")).expect("moved");
    let places: &[Place] = &[
        ("nothing", |_| (), false),
        ("an empty directory", |at| fs::create_dir(at).expect("a directory"), false),
        ("a link", |at| symlink("sub", at).expect("a link"), true),
        ("a file", |at| fs::write(at, "x").expect("a file"), true),
        ("a FIFO", fifo, true),
        ("files", |at| write(at, "evil.py", "x"), true),
    ];
    for (what, place, dirty) in places {
        place(&at);
        let evidence = capture(dir.path());
        assert_eq!(value(&evidence, "code.dirty"), json!(dirty), "{what} {:?}", evidence.findings);
        let modified = if *dirty { json!(["inner"]) } else { json!([]) };
        assert_eq!(value(&evidence, "code.modified"), modified, "{what}");
        let submodules = json!([format!("inner@{first} (not checked out)")]);
        assert_eq!(value(&evidence, "code.submodules"), submodules, "{what}");
        assert_eq!(value(&evidence, "code.untracked"), json!([]), "{what}");
        let _ = fs::remove_file(&at).or_else(|_| fs::remove_dir_all(&at));
    }
}

#[test]
fn a_repository_that_is_no_submodule_is_not_passed_over() {
    let (dir, _repository) = repository();
    let inner = Repository::init(dir.path().join("inner")).expect("a repository");
    write(dir.path(), "inner/c.py", "c\n");
    commit(&inner);
    Repository::init(dir.path().join("ignored")).expect("a repository");
    write(dir.path(), ".git/info/exclude", "ignored\n");
    assert_eq!(value(&capture(dir.path()), "code.untracked"), json!(["inner/"]));
    // Nor is what lies beside tracked files, if somebody puts a repository there.
    Repository::init(dir.path().join("sub")).expect("a repository");
    write(dir.path(), "sub/evil.py", "x");
    write(dir.path(), "sub/b.py", "x");
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.untracked"), json!(["inner/", "sub/"]));
    assert_eq!(value(&evidence, "code.modified"), json!(["sub/b.py"]));
}

#[test]
fn what_would_block_or_fill_the_memory_is_not_opened() {
    let long = |path: &Path, bytes: u64| {
        let file = fs::File::options().create(true).append(true).open(path).expect("a file");
        file.set_len(bytes).expect("a length");
    };
    let more = |dir: &Path, text: &str| {
        let config = fs::read_to_string(dir.join(".git/config")).expect("a file");
        write(dir, ".git/config", &format!("{config}\n{text}\n"));
    };
    let outside = tempfile::tempdir().expect("a directory");
    let pipe = outside.path().join("pipe");
    fifo(&pipe);
    let pipe = pipe.to_str().expect("UTF-8");
    let home = std::env::home_dir().expect("a home");
    let above: std::path::PathBuf = home.components().skip(1).map(|_| "..").collect();
    let below_home = format!("~/{}{pipe}", above.display());
    let configs = [
        format!("[include] path = {pipe}"),
        format!("[include]\npath = {below_home}"),
        format!("[includeIf \"gitdir:/\"]\npath=\"{pipe}\" ; x"),
        "[include]\npath = pipe".to_owned(),
        "[include]\npath = pi\\\npe".to_owned(),
        "[include]\npath = one".to_owned(),
        "[include]\npath = self".to_owned(),
        "[include]\npath = objects".to_owned(),
        "[include]\npath = long".to_owned(),
        format!("[core]\nexcludesFile = {pipe}"),
        format!("[CORE] ATTRIBUTESFILE = {pipe}"),
        format!("[core]\nexcludesFile = {below_home}"),
        "[core]\nexcludesFile = /dev/zero".to_owned(),
    ];
    for text in &configs {
        for name in [".git/config", ".git/config.worktree"] {
            let (dir, _repository) = repository();
            write(dir.path(), ".git/one", &format!("[include]\npath = {pipe}\n"));
            write(dir.path(), ".git/self", "[include]\npath = self\n[include]\npath = self\n");
            long(&dir.path().join(".git/long"), (1 << 20) + 1);
            // Beside the place where the walk over the git directory would find it.
            symlink(pipe, dir.path().join("sub/pipe")).expect("a link");
            let text = text.replace("= pi", "= ../sub/pi");
            if name == ".git/config" {
                more(dir.path(), &text);
            } else {
                more(dir.path(), "[extensions]\nworktreeConfig = true");
                write(dir.path(), name, &text);
            }
            refused(dir.path(), &text, "config");
        }
    }
    let (dir, _repository) = repository();
    write(dir.path(), ".gitmodules", &format!("[include]\npath = {pipe}\n"));
    refused(dir.path(), ".gitmodules", "config");

    for name in ["pack/pack-1.idx", "pack/pack-1.pack", "12/34", "info/commit-graph"] {
        for alternate in ["store", "second"] {
            let (dir, _repository) = repository();
            let store = outside.path().join(format!("store-{}", name.replace('/', "-")));
            let second = outside.path().join("second");
            for path in [store.join("pack"), store.join("info"), store.join("12"), second.join("info")] {
                fs::create_dir_all(path).expect("directories");
            }
            let _ = symlink(pipe, store.join(name));
            write(&second, "info/alternates", &format!("# x\n{}\n", store.display()));
            let named = if alternate == "store" { store } else { second };
            write(dir.path(), ".git/objects/info/alternates", &format!("{}\n", named.display()));
            refused(dir.path(), name, "");
        }
    }
    let (dir, _repository) = repository();
    fs::remove_dir(dir.path().join(".git/objects/pack")).expect("removed");
    symlink(outside.path(), dir.path().join(".git/objects/pack")).expect("a link");
    refused(dir.path(), "packs elsewhere", "FIFO");

    for (name, bytes) in [
        ("HEAD", 4 << 10),
        ("config", 1 << 20),
        ("config.worktree", 1 << 20),
        ("objects/info/alternates", 64 << 10),
        ("packed-refs", 64 << 20),
        ("refs/tags/v1", 4 << 10),
    ] {
        let (dir, _repository) = repository();
        long(&dir.path().join(".git").join(name), bytes + 1);
        let shown = if name.starts_with("refs") { "a reference" } else { name };
        let why = format!("{shown}: {} bytes, at most {bytes} were wanted", bytes + 1);
        refused(dir.path(), name, &why);
    }
}

fn refused(dir: &Path, what: &str, why: &str) {
    let evidence = capture(dir);
    assert_eq!(findings(&evidence), ["MLB-UNREADABLE"], "{what} {:?}", evidence.facts);
    assert!(evidence.findings.iter().all(|it| it.message.contains(why)), "{what} {:?}", evidence.findings);
}

#[test]
fn files_that_are_named_and_regular_are_no_fault() {
    let (dir, repository) = repository();
    let store = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(store.path().join("pack")).expect("a directory");
    let lines = format!("{}\n/nowhere/objects\n", store.path().display());
    write(dir.path(), ".git/objects/info/alternates", &lines);
    write(dir.path(), ".git/more", "[include]\npath = nothing\n");
    write(dir.path(), ".git/ignored", "*.tmp\n");
    let mut config = repository.config().expect("a configuration");
    config.set_str("include.path", "more").expect("set");
    let ignored = dir.path().join(".git/ignored");
    config.set_str("core.excludesFile", ignored.to_str().expect("UTF-8")).expect("set");
    write(dir.path(), "x.tmp", "x");
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.dirty"), json!(false), "{:?}", evidence.findings);
    assert_eq!(value(&evidence, "code.untracked"), json!([]));
    assert_eq!(findings(&evidence), [""; 0]);
}

#[test]
fn without_a_commit_nothing_is_called_clean() {
    let dir = tempfile::tempdir().expect("a directory");
    let repository = Repository::init(dir.path()).expect("a repository");
    write(dir.path(), "a.py", "x");
    let evidence = capture(dir.path());
    for name in ["code.commit", "code.dirty", "code.modified", "code.submodules", "code.lfsFiles"] {
        assert_eq!(value(&evidence, name), Value::Null, "{name}");
        assert!(evidence.not_known.iter().any(|entry| entry.what == name), "{name}");
    }
    assert_eq!(value(&evidence, "code.untracked"), json!(["a.py"]));
    let mut index = repository.index().expect("an index");
    index.add_path(Path::new("a.py")).expect("added");
    index.write().expect("written");
    let evidence = capture(dir.path());
    assert_eq!(value(&evidence, "code.dirty"), json!(true));
    assert_eq!(value(&evidence, "code.modified"), json!(["a.py"]));
}
