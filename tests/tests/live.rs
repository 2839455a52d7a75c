//! `mlbom-hash --stdin`, its progress for programs, and the digests beside SHA-256.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mlbom_tests::{Ran, Scratch};
use serde_json::Value;

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Says something, gives no document, and is no panic.
fn assert_refused(ran: &Ran, status: i32, saying: &str, what: &str) {
    assert_eq!(ran.status, status, "{what}: {ran:?}");
    assert!(ran.stdout.is_empty(), "{what}: {ran:?}");
    assert!(ran.stderr.contains(saying) && !ran.stderr.contains("panicked"), "{what}: {ran:?}");
}

fn names(scratch: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(scratch.path()).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Whatever is wrong, `kept` stays as it was, and nothing new lies beside it.
#[test]
fn nothing_is_kept_of_what_is_wrong() {
    let scratch = Scratch::empty();
    scratch.write("kept", b"old");
    scratch.write("abc", b"abc");
    scratch.ok("mkdir dir; mkfifo pipe; ln -s kept link; ln -s nowhere dangling");
    let before = names(&scratch);
    let tee = "printf abc | mlbom-hash --stdin x --tee";
    let wide = "0".repeat(128);
    for (line, status, saying) in [
        (format!("{tee} kept --expect {}", "0".repeat(64)), 1, format!("x: sha256 is {ABC}, 000")),
        (format!("{tee} new --expect {}", "0".repeat(64)), 1, "was wanted".to_owned()),
        (format!("{tee} kept --expect sha512:{wide}"), 1, "x: sha512 is ddaf35a193617abacc".to_owned()),
        (format!("{tee} kept --expect-size 4"), 1, "x: size is 3 bytes, 4 were wanted".to_owned()),
        (format!("{tee} kept --expect-size 2"), 1, "x: is longer than 2 bytes".to_owned()),
        (format!("{tee} kept --expect-size 0"), 1, "x: is longer than 0 bytes".to_owned()),
        (format!("{tee} kept --expect-size 4 --expect {ABC}"), 1, "size is 3".to_owned()),
        (format!("{tee} kept --expect-size 3 --expect {}", "0".repeat(64)), 1, "sha256 is".to_owned()),
        // Endless, and yet over at once.
        (
            "cat /dev/zero | mlbom-hash --stdin x --tee kept --expect-size 5000000".to_owned(),
            1,
            "longer".to_owned(),
        ),
        (format!("{tee} dir"), 2, "dir: cannot be written".to_owned()),
        (format!("{tee} none/new"), 2, "none/new: cannot be written".to_owned()),
        (format!("{tee} dangling"), 2, "dangling: cannot be written".to_owned()),
        (format!("{tee} pipe"), 2, "pipe: is not a regular file".to_owned()),
        (format!("{tee} /dev/null"), 2, "/dev/null: is not a regular file".to_owned()),
        (format!("{tee} -"), 2, "--tee -: standard output is for the manifest".to_owned()),
        (format!("{tee} kept --output kept"), 2, "kept: is also where the document goes".to_owned()),
        (format!("{tee} new --output ./new"), 2, "new: is also where the document goes".to_owned()),
        (format!("{tee} link --output \"$PWD/kept\""), 2, "link: is also where the document".to_owned()),
        (format!("{tee} kept >> kept"), 2, "kept: is also where the document goes".to_owned()),
        ("mlbom-hash --stdin x --tee kept < kept".to_owned(), 2, "kept: is an input".to_owned()),
        ("mlbom-hash --stdin x --output kept < kept".to_owned(), 2, "kept: is an input".to_owned()),
        ("mlbom-hash --stdin x --tee kept <&-".to_owned(), 2, "standard input is closed".to_owned()),
        ("mlbom-hash --stdin x --tee kept < dir".to_owned(), 2, "standard input: cannot be read".to_owned()),
        ("mlbom-hash --stdin x --tee kept 0> abc".to_owned(), 2, "standard input: cannot be read".to_owned()),
    ] {
        let ran = scratch.sh(&line);
        assert_refused(&ran, status, &saying, &line);
        assert_eq!(scratch.read("kept"), "old", "{line}");
        assert_eq!(names(&scratch), before, "{line}");
        scratch.write("abc", b"abc");
    }
    // The reasons of a no are not said with --quiet; an error is.
    let ran = scratch.sh(&format!("{tee} kept --quiet --expect-size 4"));
    assert_eq!((ran.status, ran.stderr.as_str(), ran.stdout.as_str()), (1, "", ""));
    assert_refused(&scratch.sh(&format!("{tee} dir --quiet")), 2, "dir: cannot", "an error with --quiet");
}

#[test]
fn arguments_that_make_no_sense() {
    let scratch = Scratch::empty();
    scratch.write("abc", b"abc");
    for arguments in [
        "--stdin ''",
        "--stdin .",
        "--stdin ..",
        "--stdin a/b",
        "--stdin /a",
        "--stdin $'a\\nb'",
        "--stdin $'\\xff'",
        "--stdin x abc",
        "--stdin x --check abc",
        "--stdin x --exclude '*'",
        "--stdin x --expect md5:00",
        "--stdin x --expect-size -1",
        "--stdin x --expect-size 1k",
        "--tee new abc",
        "--tee new",
        "--tee new --check abc",
        "--expect-size 3 abc",
        &format!("--expect {ABC} abc"),
        &format!("--stdin x --expect {}", ABC.to_uppercase()),
        "--check abc --blake3",
        "--check abc --fs-verity",
        "--json-progress 1 abc",
        "--json-progress 0 abc",
        "--json-progress x abc",
    ] {
        let ran = scratch.sh(&format!("mlbom-hash {arguments} < abc"));
        assert_refused(&ran, 2, "error:", arguments);
    }
    assert_eq!(names(&scratch), ["abc"]);
}

/// A person at a keyboard is asked for nothing: a terminal has no end that anybody would find.
#[test]
fn a_terminal_is_no_file() {
    let scratch = Scratch::empty();
    let ran = scratch.sh(
        "python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
         mlbom-hash --stdin x --tee kept",
    );
    assert_eq!(ran.status, 2, "{ran:?}");
    assert!(ran.stdout.contains("standard input is a terminal"), "{ran:?}");
    assert!(names(&scratch).is_empty());
}

#[test]
fn a_full_disk_and_a_limit_leave_nothing() {
    let scratch = Scratch::empty();
    scratch.ok("mkdir dir");
    let fill = "head -c 9000000 /dev/zero | mlbom-hash --stdin x --tee dir/kept";
    let ran = scratch.sh(&format!("ulimit -f 100; {fill}; s=$?; ls -A dir; exit $s"));
    // SIGXFSZ, from which the temporary file has to be saved too.
    assert_refused(&ran, 128 + 25, "", "a limit of file size");
    if scratch.sh("unshare -rm true").status != 0 {
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "CI has to let a test mount");
        return;
    }
    let disk = "mount -t tmpfs -o size=2m none dir && printf old > dir/kept";
    let ran =
        scratch.sh(&format!("unshare -rm bash -c '{disk}; {fill}; s=$?; ls -A dir; cat dir/kept; exit $s'"));
    assert_eq!((ran.status, ran.stdout.as_str()), (2, "kept\nold"), "{ran:?}");
    assert!(ran.stderr.contains("dir/kept: cannot be written: No space left"), "{ran:?}");
}

#[test]
fn signals_leave_nothing() {
    for signal in ["HUP", "INT", "TERM"] {
        let scratch = Scratch::empty();
        scratch.write("kept", b"old");
        // The writing end stays open: the tool waits for more while the signal comes. What a shell starts in the
        // background ignores INT, and what is ignored stays so.
        let ran = scratch.sh(&format!(
            "mkfifo p; env --default-signal={signal} mlbom-hash --stdin x --tee kept < p & exec 9> p; head -c 3000000 /dev/zero >&9; \
             for i in $(seq 100); do ls -A | grep -q tmp && break; sleep 0.05; done; ls -A | grep -c tmp; \
             kill -{signal} $!; wait $!"
        ));
        assert!(ran.status > 128, "{signal}: {ran:?}");
        assert_eq!(ran.stdout, "1\n", "{signal}: it had begun");
        assert_eq!((names(&scratch), scratch.read("kept")), (vec!["kept".into(), "p".into()], "old".into()));
    }
}

/// The file is in place before its manifest is written; if that fails, it is said.
#[test]
fn a_manifest_that_nobody_takes() {
    let scratch = Scratch::empty();
    let ran = scratch.sh("printf abc | mlbom-hash --stdin x --tee kept > /dev/full");
    assert_refused(&ran, 2, "kept: is in place, but its manifest is not written", "a full disk");
    assert_eq!(scratch.read("kept"), "abc");
    let late = "{ sleep 0.5; printf abcd; } | mlbom-hash --stdin x --tee kept | true; exit ${PIPESTATUS[1]}";
    assert_refused(&scratch.sh(late), 141, "kept: is in place", "a reader that left");
    assert_eq!(scratch.read("kept"), "abcd");
    let ran = scratch.sh("printf ab | mlbom-hash --stdin x --tee kept --output none/m.json");
    assert_refused(&ran, 2, "none/m.json: cannot be written", "no such directory, which is seen beforehand");
    assert_eq!((scratch.read("kept"), names(&scratch)), ("abcd".to_owned(), vec!["kept".to_owned()]));
}

/// A stream gives the bytes of manifest that the file gives, whatever its size and format.
#[test]
fn a_stream_is_hashed_as_a_file_is() {
    let scratch = Scratch::empty();
    let all = "--sha512 --blake3 --fs-verity";
    let noise = |size: usize| (0..=250_u8).cycle().take(size).collect::<Vec<_>>();
    let gguf = [b"GGUF\x03\0\0\0".as_slice(), &[0; 16], &noise(3 << 20)].concat();
    let archive = [noise(200_000), b"PK\x05\x06".to_vec(), vec![0; 18]].concat();
    let tensors = [b"\x02\0\0\0\0\0\0\0{}".as_slice()].concat();
    for (bytes, what) in [
        (vec![], "text"),
        (b"{}".to_vec(), "json"),
        (tensors, "safetensors"),
        (gguf, "gguf"),
        (archive, "zip"),
        (noise((1 << 20) - 1), "unknown"),
        (noise(1 << 20), "unknown"),
        (noise((4 << 20) + 1), "unknown"),
    ] {
        scratch.write("f", &bytes);
        let wanted = scratch.ok(&format!("mlbom-hash {all} f"));
        let document: Value = serde_json::from_str(&wanted).expect("JSON");
        assert_eq!(document["files"][0]["format"], what, "{} bytes", bytes.len());
        for line in [
            format!("mlbom-hash {all} --stdin f < f"),
            format!("cat f | mlbom-hash {all} --stdin f --tee kept; cmp f kept"),
            format!("mlbom-hash {all} --stdin f --output m.json --tee kept < f; cmp f kept; cat m.json"),
        ] {
            assert_eq!(scratch.ok(&line), wanted, "{line}: {} bytes", bytes.len());
        }
    }
    let ran = scratch.ok("{ printf a; sleep 0.1; printf bc; } | mlbom-hash --stdin x");
    assert!(ran.contains(ABC), "in pieces: {ran}");
}

#[test]
fn what_is_right_is_kept() {
    let scratch = Scratch::empty();
    scratch.write("kept", b"old");
    scratch.ok("chmod 600 kept; ln -s kept link");
    let sha512 = scratch.ok("printf abc | sha512sum | cut -c1-128");
    for expected in [
        format!("--expect {ABC}"),
        format!("--expect sha256:{ABC} --expect-size 3"),
        format!("--expect sha512:{}", sha512.trim()),
    ] {
        scratch.write("kept", b"old");
        let manifest = scratch.ok(&format!("printf abc | mlbom-hash --stdin x --tee link {expected}"));
        assert_eq!(scratch.read("kept"), "abc");
        assert!(!manifest.contains("sha512"), "what was not asked for is not listed: {manifest}");
    }
    assert_eq!(names(&scratch), ["kept", "link"], "a link is written through");
    let mode = fs::metadata(scratch.path().join("kept")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "and the permissions are those of what was there");
    scratch.write("kept", b"old");
    let seen = scratch.ok(
        "mkfifo p; mlbom-hash --stdin x --tee kept < p > m & exec 9> p; head -c 3000000 /dev/zero >&9; sleep 0.3; \
         cat kept; exec 9>&-; wait $!; stat -c %s kept",
    );
    assert_eq!(seen, "old3000000\n", "until the end the old file is there");
}

#[test]
fn descriptors_that_take_no_progress() {
    let scratch = Scratch::empty();
    scratch.write("abc", b"abc");
    for (line, saying) in [
        ("mlbom-hash --json-progress 3 abc", "descriptor 3: is not open"),
        ("mlbom-hash --json-progress 9 abc 9>&-", "descriptor 9: is not open"),
        ("mlbom-hash --json-progress 3 abc 3< abc", "descriptor 3: is open for reading only"),
        ("true | mlbom-hash --json-progress 3 abc 3<&0", "descriptor 3: is open for reading only"),
        ("mlbom-hash --json-progress 3 abc 3>&1 | cat", "descriptor 3: is standard output"),
        ("mlbom-hash --json-progress 2 abc 3>&2 2>&1 | cat", "descriptor 2: is standard output"),
        ("mlbom-hash --json-progress 4294967295 abc", "descriptor 4294967295: is not open"),
        ("mlbom-hash --json-progress 3 --output m.json --check abc", "descriptor 3: is not open"),
    ] {
        let ran = scratch.sh(&format!("set -o pipefail; {line}"));
        assert_eq!(ran.status, 2, "{line}: {ran:?}");
        let said = ran.stderr.clone() + &ran.stdout;
        assert!(said.contains(saying) && !said.contains("manifest:v1"), "{line}: {ran:?}");
    }
    let socket = "python3 -c 'import os, socket, subprocess, sys\na, b = socket.socketpair()\n\
                  sys.exit(subprocess.run([\"mlbom-hash\", \"--json-progress\", str(b.fileno()), \"abc\"], \
                  pass_fds=[b.fileno()]).returncode)'";
    assert_refused(&scratch.sh(socket), 2, "is a socket, a pipe or a file was wanted", "a socket");
    assert_eq!(names(&scratch), ["abc"]);
}

/// Progress is a courtesy: whoever does not take it changes nothing.
#[test]
fn progress_holds_up_nothing() {
    let scratch = Scratch::empty();
    scratch.write("abc", b"abc");
    let manifest = scratch.ok("mlbom-hash abc");
    for (line, what) in [
        ("mlbom-hash --json-progress 3 abc 3> >(true)", "a reader that leaves"),
        ("mkfifo p; exec 3<>p 4>p 3>&-; rm p; mlbom-hash --json-progress 4 abc", "no reader at all"),
        ("mlbom-hash --json-progress 3 abc 3> /dev/full", "a full disk"),
        ("mlbom-hash --json-progress 3 abc 3> /dev/null", "a device"),
        (
            "mkfifo p; exec 3<>p; rm p; head -c 65536 /dev/zero >&3; mlbom-hash --json-progress 3 abc",
            "a pipe that is full",
        ),
        (
            "mlbom-hash --json-progress 3 --output m 3>&1 abc | tail -n 1 | grep -q '\"final\":true}'; cat m",
            "standard output that is free",
        ),
    ] {
        let begun = std::time::Instant::now();
        assert_eq!(scratch.ok(line), manifest, "{what}");
        assert!(begun.elapsed().as_secs() < 10, "{what}");
    }
    scratch.write("log", b"before\n");
    scratch.ok("mlbom-hash --quiet --json-progress 3 abc 3>> log >/dev/null");
    let log = scratch.read("log");
    assert!(log.starts_with("before\n{") && log.lines().count() >= 3, "appended, --quiet or not: {log}");
    let ran = scratch.sh("mlbom-hash --json-progress 2 none");
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("\"final\":true}\nmlbom-hash: none"),
        "the last line of a run that fails: {ran:?}"
    );
}

/// `--check` takes and compares each digest that the manifest has.
#[test]
fn every_digest_listed_is_compared() {
    let scratch = Scratch::empty();
    scratch.write("model/a", b"abc");
    let manifest = scratch.ok("mlbom-hash --sha512 --blake3 --fs-verity model");
    let document: Value = serde_json::from_str(&manifest).expect("JSON");
    let digests = document["files"][0]["digests"].as_object().expect("an object");
    assert_eq!(
        digests.keys().map(String::as_str).collect::<Vec<_>>(),
        ["blake3", "fsVerity", "sha256", "sha512"]
    );
    for name in ["sha512", "blake3", "fsVerity"] {
        let digest = digests[name].as_str().expect("a digest");
        let other = manifest.replace(digest, &"0".repeat(digest.len()));
        assert_ne!(other, manifest);
        let ran = scratch.feed(other.as_bytes(), "mlbom-hash --check - model");
        assert_eq!(ran.status, 1, "{name}: {ran:?}");
        assert!(ran.stderr.contains("changed: a"), "{name}: {ran:?}");
    }
    let report = scratch.feed(manifest.as_bytes(), "mlbom-hash --check - model");
    assert_eq!(report.status, 0, "{report:?}");
    let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
    assert_eq!(report["model"]["files"][0]["digests"], document["files"][0]["digests"]);
}

#[test]
fn a_bill_has_the_digests_that_its_format_knows() {
    let scratch = Scratch::empty();
    scratch.write("model/a", b"abc");
    for format in ["cyclonedx-1.7", "cyclonedx-1.6"] {
        let bill =
            scratch.ok(&format!("mlbom-hash --blake3 --fs-verity model | mlbom-compose --format {format}"));
        let bill: Value = serde_json::from_str(&bill).expect("JSON");
        let file = &bill["metadata"]["component"]["components"][0];
        let algorithms: Vec<_> =
            file["hashes"].as_array().expect("a list").iter().map(|hash| &hash["alg"]).collect();
        assert_eq!(algorithms, ["SHA-256", "BLAKE3"], "{format}");
        let found =
            file["properties"].as_array().expect("a list").iter().find(|one| one["name"] == "mlbom:fsVerity");
        assert_eq!(found.expect("a property")["value"].as_str().map(str::len), Some(64), "{format}");
    }
}
