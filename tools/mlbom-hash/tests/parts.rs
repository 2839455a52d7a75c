//! `--part` and `--merge` as a shell sees them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A directory with `model/` in it.
fn scratch() -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    for (path, size) in [("a/x", 3), ("a-b/x", 200_000), ("b", 0), ("c.tmp", 5), ("d", 70_000), (".git/x", 1)]
    {
        let path = dir.path().join("model").join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, vec![b'x'; size]).expect("a file");
    }
    std::os::unix::fs::symlink("d", dir.path().join("model/link")).expect("a link");
    dir
}

/// Runs the tool in `dir` with `arguments`, a word each.
fn run(dir: &Path, arguments: &str, stdin: Stdio) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mlbom-hash"))
        .args(arguments.split_whitespace())
        .current_dir(dir)
        .stdin(stdin)
        .output()
        .expect("the tool starts")
}

fn ok(dir: &Path, arguments: &str) -> String {
    let out = run(dir, arguments, Stdio::null());
    assert!(out.status.success(), "{arguments}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("UTF-8")
}

/// Status 2, nothing on standard output, and all of `words` on standard error.
fn refused(dir: &Path, arguments: &str, words: &[&str]) {
    let out = run(dir, arguments, Stdio::null());
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(2), "{arguments}: {said}");
    assert!(out.stdout.is_empty(), "{arguments}: {}", String::from_utf8_lossy(&out.stdout));
    for word in words {
        assert!(said.contains(word), "{arguments}: {said:?} does not say {word:?}");
    }
}

fn parts(dir: &Path, count: u32, options: &str) {
    for number in 1..=count {
        ok(dir, &format!("{options} --part {number}/{count} --output p{number}.json model"));
    }
}

#[test]
fn arguments_that_are_none() {
    let dir = scratch();
    let dir = dir.path();
    for wrong in ["0/1", "2/1", "1/0", "x", "1/10001", "1", "-1/2", "1/2/3"] {
        refused(dir, &format!("--part={wrong} model"), &["1 <= I <= N <= 10000"]);
    }
    ok(dir, "--output m.json model");
    ok(dir, "--part 1/1 --output p1.json model");
    refused(dir, "--part 1/2 model model/d", &["2 paths"]);
    refused(dir, "--part 1/2", &["PATH"]);
    refused(dir, "--merge", &["PATH"]);
    for other in ["--check m.json", "--part 1/1", "--sha512", "--exclude x", "--oms-defaults", "--threads 1"]
    {
        refused(dir, &format!("--merge {other} p1.json"), &["cannot be used with"]);
    }
    refused(dir, "--part 1/2 --check m.json model", &["cannot be used with"]);
    refused(dir, "--merge - -", &["only once"]);
    refused(dir, "--merge none.json", &["none.json: cannot be read"]);
    refused(dir, "--merge m.json", &["m.json: urn:mlbom:manifest:v1 found, urn:mlbom:part:v1 was wanted"]);
    refused(dir, "--check p1.json model", &["urn:mlbom:part:v1 found", "hint: join the parts first"]);
    refused(dir, "--part 1/1 --output model/d model", &["model/d: is an input"]);
    refused(dir, "--merge --output p1.json p1.json", &["p1.json: is an input"]);
    refused(dir, "--part 1/2 none", &["none: cannot be read"]);
}

#[test]
fn parts_that_do_not_fit() {
    let dir = scratch();
    let dir = dir.path();
    parts(dir, 3, "");
    refused(dir, "--merge p1.json p3.json", &["part 2 of 3 is missing", "hint: run what is missing again"]);
    refused(dir, "--merge p1.json p2.json p3.json p1.json", &["p1.json: part 1/3 is doubled"]);
    for (why, again, words) in [
        ("another number of parts", "--part 2/4 --output p2.json model", "p2.json: the number of parts is 4"),
        (
            "another option",
            "--sha512 --part 2/3 --output p2.json model",
            "p2.json: what was asked for is sha512",
        ),
        ("less", "--exclude *.tmp --part 2/3 --output p2.json model", "p2.json: the number of files is"),
        ("a single file", "--part 2/3 --output p2.json model/d", "p2.json: name is \"d\""),
    ] {
        ok(dir, again);
        refused(dir, "--merge p1.json p2.json p3.json", &[words, "in p1.json", "hint: "]);
        ok(dir, "--part 2/3 --output p2.json model");
        ok(dir, "--merge p1.json p2.json p3.json");
        assert!(!why.is_empty());
    }
    // A file that another one took the place of, of the same size: seen in the listing.
    fs::rename(dir.join("model/a/x"), dir.join("model/a/y")).expect("renames");
    ok(dir, "--part 2/3 --output p2.json model");
    refused(dir, "--merge p1.json p2.json p3.json", &["p2.json: the listing is"]);
}

#[test]
fn documents_that_are_no_parts() {
    let dir = scratch();
    let dir = dir.path();
    let good = ok(dir, "--part 1/1 model");
    fs::write(dir.join("p"), &good).expect("a file");
    ok(dir, "--merge p");
    let text = good.trim_end();
    for (what, text) in [
        ("empty", String::new()),
        ("cut", text[..text.len() - 1].to_owned()),
        ("cut in the middle", text[..text.len() / 2].to_owned()),
        ("repeated keys", text.replacen('{', "{\"type\":\"urn:mlbom:part:v1\",", 1)),
        ("unknown key", text.replacen('{', "{\"x\":1,", 1)),
        ("another version", text.replacen("part:v1", "part:v2", 1)),
        ("something behind", format!("{text} {{}}")),
        ("an array", format!("[{text}]")),
        ("endlessly nested", "[".repeat(1_000_000)),
        ("not in order", text.replacen("a-b/x", "zz", 1)),
        ("a null", text.replacen("\"sha512\":false", "\"sha512\":null", 1)),
        ("no JSON", "hello".to_owned()),
    ] {
        fs::write(dir.join("p"), text).expect("a file");
        refused(dir, "--merge p", &["mlbom-hash: p: "]);
        assert!(!what.is_empty());
    }
    fs::write(dir.join("p"), b"\xff").expect("a file");
    refused(dir, "--merge p", &["not UTF-8"]);
}

#[test]
fn the_bytes_of_a_single_run() {
    let dir = scratch();
    let dir = dir.path();
    for options in
        ["", "--sha512 --blake3 --fs-verity --tensors --exclude *.tmp --oms-defaults", "--threads 1"]
    {
        let alone = ok(dir, &format!("{options} model"));
        for count in [1, 2, 3, 7, 40] {
            parts(dir, count, options);
            let names: Vec<String> = (1..=count).rev().map(|number| format!("p{number}.json")).collect();
            assert_eq!(ok(dir, &format!("--merge {}", names.join(" "))), alone, "{options:?} in {count}");
            // All in one file, and on standard input.
            let lines: String =
                names.iter().map(|name| fs::read_to_string(dir.join(name)).expect("a part")).collect();
            assert_eq!(lines.lines().count(), names.len(), "one line a part");
            fs::write(dir.join("all"), lines).expect("a file");
            assert_eq!(ok(dir, "--merge all"), alone);
            let stdin = fs::File::open(dir.join("all")).expect("a file");
            let out = run(dir, "--merge -", stdin.into());
            assert_eq!(String::from_utf8_lossy(&out.stdout), alone);
            if count > 1 {
                refused(dir, "--merge all all", &["all: document 1: part", "is doubled, all: document 1"]);
            }
        }
    }
}
