//! Listings as the Hub and its library write them, and as somebody else might.

use serde_json::{Value, json};

use super::*;
use crate::git_blob;

const BLOB: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

fn sha256() -> Sha256 {
    Sha256::of(b"weights")
}

fn pointer() -> String {
    git_blob::name_of_pointer(&sha256(), 7).to_string()
}

/// A cache's list.
fn cached() -> Value {
    json!({"format_version": 1, "files": {
        "config.json": {"size": 0, "blob_id": BLOB, "lfs_sha256": null, "lfs_size": null, "xet_hash": null},
        "unet/w.bin": {"size": 7, "blob_id": pointer(), "lfs_sha256": sha256(), "lfs_size": 7,
            "xet_hash": "ab".repeat(32)},
    }})
}

/// The same as the API answers it.
fn answered() -> Value {
    json!([
        {"type": "directory", "oid": "b".repeat(40), "size": 0, "path": "unet"},
        {"type": "file", "oid": BLOB, "size": 0, "path": "config.json"},
        {"type": "file", "oid": pointer(), "size": 7, "path": "unet/w.bin", "xetHash": "ab".repeat(32),
            "lfs": {"oid": sha256(), "size": 7, "pointerSize": 126},
            "lastCommit": {"id": "c".repeat(40), "title": "x", "date": "2024-01-01T00:00:00.000Z"}},
    ])
}

fn parse(listing: &Value) -> Result<HubTree, Error> {
    HubTree::parse(listing.to_string().as_bytes())
}

fn refused(bytes: impl AsRef<[u8]>, why: &str) {
    let err = HubTree::parse(bytes.as_ref()).expect_err(why);
    let text = mlbom::cli::chain(&err);
    assert!(text.contains(why), "{text:?}, {why:?} was wanted");
    assert!(!text.contains('\n'), "{text:?}");
}

/// Refuses `listing` with the value at `at` changed, or, as `null` tells, without it.
fn changed(mut listing: Value, at: &str, to: Value, why: &str) {
    let (above, member) = at.rsplit_once('/').expect("a pointer");
    let above = listing.pointer_mut(above).expect("there");
    match (above, to.is_null()) {
        (Value::Object(members), true) => drop(members.remove(member).expect("a member")),
        (above, _) => {
            *above.pointer_mut(&format!("/{member}")).expect("there") = to;
        }
    }
    refused(listing.to_string(), why);
}

#[test]
fn what_is_no_listing() {
    for (text, why) in [
        ("", "empty"),
        ("{", "not valid JSON"),
        ("[]", "lists no file"),
        ("[][]", "lists no file"),
        (
            r#"[{"type":"directory","oid":"0000000000000000000000000000000000000000","size":0,"path":"a"}]"#,
            "lists no file",
        ),
        ("{}", "neither a list"),
        (r#"{"error":"Repository not found"}"#, "neither a list"),
        ("1", "neither a list"),
        ("[1]", "an object"),
        ("{}[]", "neither a list"),
        (r#"{"format_version":1,"files":{}}{"format_version":1,"files":{}}"#, "neither a list"),
        (r#"{"format_version":1,"files":{}}"#, "lists no file"),
        (r#"{"format_version":1}"#, "missing field"),
        (r#"{"format_version":1,"files":[]}"#, "expected a map"),
        (r#"{"format_version":1,"files":{},"files":{}}"#, "repeated key"),
        (r#"{"format_version":2,"files":{}}"#, "format_version is 2"),
        (r#"{"format_version":"1","files":{}}"#, "invalid type"),
        (r#"[["file","a",null,0,null]]"#, "an object"),
        (r#"{"format_version":1,"files":{"a":[0,null,null,null]}}"#, "an object"),
    ] {
        refused(text, why);
    }
    refused(b"[\"\xff\"]", "not UTF-8");
    refused(format!("{}{}", "[".repeat(100), "]".repeat(100)), "not valid JSON");
    refused(vec![b' '; MAX_BYTES + 1], "longer than");
}

#[test]
fn one_fault_each() {
    for (at, to, why) in [
        ("/files/config.json/size", json!(-1), "invalid value"),
        ("/files/config.json/size", json!(1.5), "invalid type"),
        ("/files/config.json/size", Value::Null, "missing field"),
        ("/files/config.json/blob_id", json!("abc"), "40 lower-case"),
        ("/files/config.json/blob_id", json!("E".repeat(40)), "40 lower-case"),
        ("/files/config.json/blob_id", json!("0".repeat(64)), "40 lower-case"),
        ("/files/config.json/blob_id", Value::Null, "has neither"),
        ("/files/unet~1w.bin/lfs_sha256", json!("0".repeat(63)), "64 lower-case"),
        ("/files/unet~1w.bin/lfs_sha256", json!(1), "invalid type"),
        ("/files/unet~1w.bin/lfs_sha256", json!(Sha256::of(b"forged")), "git blob"),
        ("/files/unet~1w.bin/blob_id", json!(BLOB), "git blob"),
        ("/files/unet~1w.bin/lfs_size", json!(8), "its content 8"),
        ("/files/unet~1w.bin/size", json!(8), "said to have 8 bytes"),
    ] {
        changed(cached(), at, to, why);
    }
    for (at, to, why) in [
        ("/0/type", json!("commit"), "a file or a directory"),
        ("/0/type", json!("file\n".repeat(1000)), "a file or a directory"),
        ("/0/path", json!("unet/w.bin"), "listed twice"),
        ("/0/path", json!("unet/"), "slash"),
        ("/1/path", json!("unet"), "listed twice"),
        ("/1/path", json!("unet/w.bin"), "listed twice"),
        ("/1/type", Value::Null, "missing field"),
        ("/1/path", Value::Null, "missing field"),
        ("/1/oid", Value::Null, "has neither"),
        ("/1/oid", json!("0".repeat(41)), "40 lower-case"),
        ("/1/size", json!("0"), "invalid type"),
        ("/2/lfs/oid", json!("0".repeat(40)), "64 lower-case"),
        ("/2/lfs/oid", Value::Null, "missing field"),
        ("/2/lfs/size", json!(0), "its content 0"),
        ("/2/lfs", json!([sha256(), 7]), "an object"),
        ("/2/oid", json!(BLOB), "git blob"),
        // The pointer is a file like any other then, and not of that size.
        ("/2/lfs/oid", json!(Sha256::of(b"forged")), "git blob"),
    ] {
        changed(answered(), at, to, why);
    }
}

#[test]
fn hostile_paths() {
    for (path, why) in [
        ("", "slash"),
        ("/etc/passwd", "slash"),
        ("../x", "\"..\""),
        ("a/./b", "\".\""),
        ("a//b", "slash"),
        ("a\nb", "control"),
        (&"a".repeat(5000), "longer than"),
    ] {
        let entry = json!({"size": 0, "blob_id": BLOB});
        let mut files = serde_json::Map::new();
        files.insert(path.to_owned(), entry);
        refused(json!({"format_version": 1, "files": files}).to_string(), why);
        let entry = json!([{"type": "file", "oid": BLOB, "size": 0, "path": path}]);
        refused(entry.to_string(), why);
    }
    for (paths, why) in
        [(["a/b", "a"], "file and as a directory"), (["a", "a/b/c"], "file and as a directory")]
    {
        let entries = paths.map(|path| json!({"type": "file", "oid": BLOB, "size": 0, "path": path}));
        refused(json!(entries).to_string(), why);
    }
}

#[test]
fn both_forms_say_the_same() {
    let tree = parse(&cached()).expect("a list");
    assert_eq!(parse(&answered()).expect("an answer").files(), tree.files());
    let files: Vec<(&str, &HubFile)> =
        tree.files().iter().map(|(path, file)| (path.as_str(), file)).collect();
    let config = HubFile { size: 0, blob_id: Some(BLOB.parse().expect("a name")), lfs_sha256: None };
    let weights =
        HubFile { size: 7, blob_id: Some(pointer().parse().expect("a name")), lfs_sha256: Some(sha256()) };
    assert_eq!(files, [("config.json", &config), ("unet/w.bin", &weights)]);
    // Without the pointer, the content is known all the same.
    let mut list = cached();
    list["files"]["unet/w.bin"]["blob_id"] = Value::Null;
    let path = RelPath::parse("unet/w.bin").expect("a path");
    assert_eq!(parse(&list).expect("a list").files()[&path], HubFile { blob_id: None, ..weights });
}

#[test]
fn pages_of_an_answer() {
    let Value::Array(entries) = answered() else { panic!("an array") };
    let pages: Vec<String> = entries.iter().map(|entry| format!("[{entry}]")).collect();
    for between in ["", "\n", " [] "] {
        let tree = HubTree::parse(pages.join(between).as_bytes()).expect("pages");
        assert_eq!(tree.files(), parse(&answered()).expect("an answer").files());
    }
    refused(format!("{}{}", pages[1], pages.concat()), "listed twice");
    refused(format!("{}{{}}", pages.concat()), "neither a list");
    refused(&pages.concat()[..40], "not valid JSON");
}

#[test]
fn any_byte_that_is_lost() {
    for listing in [cached(), answered()] {
        let text = listing.to_string();
        let whole = parse(&listing).expect("a listing");
        for at in 0..text.len() {
            let less = [&text.as_bytes()[..at], &text.as_bytes()[at + 1..]].concat();
            // What is read of it is another listing, or the byte was in what is not looked at.
            if let Ok(read) = HubTree::parse(&less) {
                assert!(read.files().len() <= whole.files().len());
            }
        }
    }
}
