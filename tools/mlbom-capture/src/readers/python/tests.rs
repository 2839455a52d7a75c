use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mlbom::digest::Sha256;
use mlbom::evidence::{Evidence, Severity};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::testing::evidence;

/// What is done to an environment, the findings then, and what is said of its RECORD.
type Case = (&'static str, fn(&Path), &'static [(&'static str, Severity)], &'static str);

const SITE: &str = "lib/python3.12/site-packages";

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, text).expect("a file");
}

fn line(path: &str, text: &str) -> String {
    let digest: [u8; 32] = mlbom_sha256::sha256(text.as_bytes());
    format!("{path},sha256={},{}\n", URL_SAFE_NO_PAD.encode(digest), text.len())
}

/// An environment `venv` with `acme 1.0` in it: a module, a script, and a RECORD that fits.
fn environment() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let venv = dir.path().join("venv");
    write(&venv, "pyvenv.cfg", "home = /srv/canary\nversion = 3.12.1\nversion_info = 3.12.1.final.0\n");
    write(&venv, &format!("{SITE}/acme/a.py"), "a\n");
    write(&venv, "bin/acme", "b\n");
    let info = format!("{SITE}/acme-1.0.dist-info");
    write(&venv, &format!("{info}/METADATA"), "Name: Acme\nVersion: 1.0\nLicense-Expression: MIT\n");
    write(&venv, &format!("{info}/INSTALLER"), "pip\n");
    write(&venv, &format!("{info}/REQUESTED"), "");
    let record = [
        &*line("acme/a.py", "a\n"),
        &line("../../../bin/acme", "b\n"),
        "acme/__pycache__/a.cpython-312.pyc,,\n",
    ]
    .concat();
    write(&venv, &format!("{info}/RECORD"), &record);
    dir
}

fn capture(dir: &TempDir) -> Evidence {
    evidence(&["--python", dir.path().join("venv").to_str().expect("UTF-8")])
}

fn value(evidence: &Evidence, entity: &str, name: &str) -> Value {
    let fact = evidence.facts.iter().find(|fact| fact.entity == entity && fact.name == name);
    fact.map_or(Value::Null, |fact| fact.value.clone())
}

fn acme(evidence: &Evidence, name: &str) -> Value {
    value(evidence, "library:acme@1.0", name)
}

fn ids(evidence: &Evidence) -> Vec<(&str, Severity)> {
    evidence.findings.iter().map(|finding| (finding.id.as_str(), finding.severity)).collect()
}

#[test]
fn an_environment_that_is_whole() {
    let dir = environment();
    let evidence = capture(&dir);
    assert_eq!(ids(&evidence), []);
    for (name, want) in [
        ("package.version", json!("1.0")),
        ("package.installer", json!("pip")),
        ("package.requested", json!(true)),
        ("package.record", json!("intact")),
        ("package.filesChecked", json!(2)),
        ("license", json!(["MIT"])),
    ] {
        assert_eq!(acme(&evidence, name), want, "{name}");
    }
    assert_eq!(value(&evidence, "run", "run.python"), json!("3.12.1"));
    assert_eq!(value(&evidence, "run", "run.startUpCode"), json!([]));
    let text = serde_json::to_string(&evidence).expect("text");
    assert!(!text.contains("canary") && !text.contains(dir.path().to_str().expect("UTF-8")), "{text}");
}

#[test]
fn what_is_not_as_it_was_installed_is_found() {
    let cases: &[Case] = &[
        (
            "changed",
            |venv| write(venv, &format!("{SITE}/acme/a.py"), "x\n"),
            &[("MLB-RECORD", Severity::High)],
            "modified",
        ),
        (
            "a script that is gone",
            |venv| fs::remove_file(venv.join("bin/acme")).expect("removed"),
            &[("MLB-RECORD", Severity::High)],
            "missing",
        ),
        (
            "a directory in place of a file",
            |venv| {
                fs::remove_file(venv.join("bin/acme")).expect("removed");
                fs::create_dir(venv.join("bin/acme")).expect("a directory");
            },
            &[("MLB-RECORD", Severity::High)],
            "modified",
        ),
        (
            "a link out",
            |venv| {
                fs::remove_file(venv.join("bin/acme")).expect("removed");
                symlink("/etc/passwd", venv.join("bin/acme")).expect("a link");
            },
            &[("MLB-UNREADABLE", Severity::Medium)],
            "",
        ),
        (
            "a directory that is a link out",
            |venv| {
                fs::remove_dir_all(venv.join("bin")).expect("removed");
                symlink("/etc", venv.join("bin")).expect("a link");
            },
            &[("MLB-UNREADABLE", Severity::Medium)],
            "",
        ),
        (
            "names that lead out",
            |venv| {
                let record = [line("../../../../etc/passwd", ""), line("/etc/passwd", "")].concat();
                write(venv, &format!("{SITE}/acme-1.0.dist-info/RECORD"), &record);
            },
            &[("MLB-RECORD-PATH", Severity::High)],
            "none",
        ),
        (
            "no RECORD",
            |venv| fs::remove_file(venv.join(SITE).join("acme-1.0.dist-info/RECORD")).expect("removed"),
            &[("MLB-RECORD-NONE", Severity::Medium)],
            "none",
        ),
        (
            "RECORD is a link out",
            |venv| {
                let path = venv.join(SITE).join("acme-1.0.dist-info/RECORD");
                fs::remove_file(&path).expect("removed");
                symlink("/etc/passwd", path).expect("a link");
            },
            &[("MLB-UNREADABLE", Severity::Medium)],
            "",
        ),
        (
            "RECORD is no RECORD",
            |venv| write(venv, &format!("{SITE}/acme-1.0.dist-info/RECORD"), "a,sha256=x,1\n"),
            &[("MLB-UNREADABLE", Severity::Medium)],
            "",
        ),
        (
            "a directory of another name",
            |venv| {
                let site = venv.join(SITE);
                let (from, to) = (site.join("acme-1.0.dist-info"), site.join("acme-2.0.dist-info"));
                fs::rename(from, to).expect("renamed");
            },
            &[("MLB-METADATA", Severity::Medium)],
            "intact",
        ),
        (
            "installed twice",
            |venv| write(venv, &format!("{SITE}/acme-0.9.dist-info/METADATA"), "Name: acme\nVersion: 0.9\n"),
            &[("MLB-DUPLICATE-PACKAGE", Severity::Medium)],
            "intact",
        ),
        (
            "a package without a name",
            |venv| write(venv, &format!("{SITE}/x-0.9.dist-info/METADATA"), "Name: ../x\nVersion: 0.9\n"),
            &[("MLB-UNREADABLE", Severity::Medium)],
            "intact",
        ),
        (
            "a package without metadata",
            |venv| fs::create_dir(venv.join(SITE).join("x-1.dist-info")).expect("a directory"),
            &[("MLB-UNREADABLE", Severity::Medium)],
            "intact",
        ),
    ];
    for (what, change, want, record) in cases {
        let dir = environment();
        change(&dir.path().join("venv"));
        let evidence = capture(&dir);
        assert_eq!(ids(&evidence), *want, "{what}: {:?}", evidence.findings);
        let record = if record.is_empty() { Value::Null } else { json!(record) };
        assert_eq!(acme(&evidence, "package.record"), record, "{what}");
    }
}

#[test]
fn a_changed_file_is_named_with_both_digests() {
    let dir = environment();
    write(&dir.path().join("venv"), &format!("{SITE}/acme/a.py"), "x\n");
    let evidence = capture(&dir);
    let [finding] = evidence.findings.as_slice() else { panic!("{:?}", evidence.findings) };
    assert_eq!(finding.entity, "library:acme@1.0");
    let claims: Vec<_> =
        finding.claims.iter().map(|claim| format!("{} {}", claim.says, claim.source.shown())).collect();
    for (text, place) in
        [("a\n", format!("{SITE}/acme-1.0.dist-info/RECORD#line 1")), ("x\n", format!("{SITE}/acme/a.py"))]
    {
        let want = format!("{SITE}/acme/a.py: sha256 {} {place}", Sha256::of(text.as_bytes()));
        assert!(claims.contains(&want), "{want} {claims:?}");
    }
}

#[test]
fn where_a_package_came_from() {
    let digest = "a".repeat(64);
    for (text, facts) in [
        (
            r#"{"url":"https://user:canary@git.example.org/x.git?canary","vcs_info":{"vcs":"git","commit_id":"c0ffee"}}"#.to_owned(),
            &[("package.url", json!("https://git.example.org/x.git")), ("package.commit", json!("c0ffee"))][..],
        ),
        (
            r#"{"url":"file:///srv/canary","dir_info":{"editable":true}}"#.to_owned(),
            &[("package.url", Value::Null), ("package.editable", json!(true))][..],
        ),
        (
            format!(r#"{{"url":"https://x.example.org/a.whl","archive_info":{{"hashes":{{"sha256":"{digest}"}}}}}}"#),
            &[("package.archive", json!(digest))][..],
        ),
        (
            format!(r#"{{"url":"https://x.example.org/a.whl","archive_info":{{"hash":"sha256={digest}"}}}}"#),
            &[("package.archive", json!(digest))][..],
        ),
        (r#"{"url":"file:///srv/canary/a.whl","archive_info":{}}"#.to_owned(), &[("package.archive", Value::Null)][..]),
    ] {
        let dir = environment();
        write(&dir.path().join("venv"), &format!("{SITE}/acme-1.0.dist-info/direct_url.json"), &text);
        let evidence = capture(&dir);
        for (name, want) in facts {
            assert_eq!(acme(&evidence, name), *want, "{text}");
        }
        assert!(!serde_json::to_string(&evidence).expect("text").contains("canary"), "{text}");
    }
}

#[test]
fn code_that_runs_at_the_start_is_named() {
    let dir = environment();
    let venv = dir.path().join("venv");
    write(&venv, &format!("{SITE}/a.pth"), "# import x\n/srv/canary\n import y\n");
    write(&venv, &format!("{SITE}/b.pth"), "/srv/canary\nimport b; b.install('canary')\n");
    write(&venv, &format!("{SITE}/hf_CANARYCANARYCANARYCANARY.pth"), "import\tcanary\n");
    write(&venv, &format!("{SITE}/sitecustomize.py"), "canary");
    write(&venv, &format!("{SITE}/usercustomize/__init__.py"), "canary");
    let evidence = capture(&dir);
    let found = value(&evidence, "run", "run.startUpCode");
    let names: Vec<_> = found.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let shown: Vec<_> = names.iter().map(|name| name.rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(shown[0], "b.pth");
    assert_eq!(shown[2..], ["sitecustomize.py", "usercustomize"]);
    assert!(shown[1].contains("redacted"), "{shown:?}");
}

#[test]
fn conda_says_what_it_installed() {
    let dir = tempfile::tempdir().expect("a directory");
    let digest = "a".repeat(64);
    let text = format!(
        r#"{{"name":"numpy","version":"2.1","channel":"x","sha256":"{digest}",
            "url":"https://conda.example.org/t/canary/main/linux-64/numpy-2.1-0.conda"}}"#
    );
    write(&dir.path().join("venv"), "conda-meta/numpy-2.1-0.json", &text);
    write(&dir.path().join("venv"), "conda-meta/history", "canary");
    let evidence = capture(&dir);
    for (name, want) in [
        ("package.installer", json!("conda")),
        ("package.archive", json!(digest)),
        ("package.url", json!("https://conda.example.org/main/linux-64/numpy-2.1-0.conda")),
    ] {
        assert_eq!(value(&evidence, "library:numpy@2.1", name), want);
    }
    assert!(!serde_json::to_string(&evidence).expect("text").contains("canary"));
}

#[test]
fn locks_give_archives_and_disagree() {
    let (a, b) = ("a".repeat(64), "b".repeat(64));
    for (version, archive, want, locked) in [
        ("1.0.0", "", &[][..], json!([a])),
        ("1.1", "", &["MLB-LOCK"][..], Value::Null),
        ("1.0", &*b, &["MLB-LOCK"][..], json!([a])),
        ("1.0", &*a, &[][..], json!([a])),
    ] {
        let dir = environment();
        let lock = format!(
            "[[package]]\nname = \"acme\"\nversion = \"{version}\"\nwheels = [{{ url = \"https://x:canary@y/\", hash = \"sha256:{a}\" }}]\n"
        );
        write(dir.path(), "uv.lock", &lock);
        if !archive.is_empty() {
            let text =
                format!(r#"{{"url":"https://y/","archive_info":{{"hashes":{{"sha256":"{archive}"}}}}}}"#);
            write(&dir.path().join("venv"), &format!("{SITE}/acme-1.0.dist-info/direct_url.json"), &text);
        }
        let evidence = capture(&dir);
        let found: Vec<_> = ids(&evidence).into_iter().map(|(id, _)| id).collect();
        assert_eq!(found, want, "{version} {archive}");
        assert_eq!(acme(&evidence, "package.lockedArchives"), locked);
        assert!(!serde_json::to_string(&evidence).expect("text").contains("canary"));
    }
    let dir = environment();
    write(dir.path(), "requirements-dev.txt", "acme==1.0+local\n");
    write(dir.path(), "poetry.lock", "not TOML");
    symlink("/etc/passwd", dir.path().join("pdm.lock")).expect("a link");
    let evidence = capture(&dir);
    let found: Vec<_> = ids(&evidence).into_iter().map(|(id, _)| id).collect();
    assert_eq!(found, ["MLB-LOCK", "MLB-UNREADABLE", "MLB-UNREADABLE"]);
}

#[test]
fn a_directory_without_packages_has_none() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("venv")).expect("a directory");
    let evidence = capture(&dir);
    assert!(evidence.facts.is_empty());
    assert!(evidence.not_known.iter().any(|entry| entry.entity.is_none() && entry.what == "library"));
}
