//! Datasets of every kind, and what is none.

use std::fs;
use std::path::Path;

use mlbom::evidence::{Absence, Evidence, Severity};
use serde_json::{Value, json};

use crate::testing::evidence;

/// `num_rows` 5 in one row group of 5 rows (parquet.thrift, compact protocol).
const FOOTER: &[u8] = &[0x36, 10, 0x19, 0x1c, 0x36, 10, 0, 0];

fn parquet(footer: &[u8]) -> Vec<u8> {
    let length = u32::try_from(footer.len()).expect("short").to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat()
}

fn dataset(path: &Path) -> Evidence {
    evidence(&["--dataset", &format!("train={}", path.display())])
}

fn value(evidence: &Evidence, name: &str) -> Option<Value> {
    evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.value.clone())
}

fn state(evidence: &Evidence, name: &str) -> Option<Absence> {
    evidence.not_known.iter().find(|entry| entry.what == name).map(|entry| entry.state)
}

fn made(files: &[(&str, &[u8])]) -> Evidence {
    let scratch = tempfile::tempdir().expect("a directory");
    for (name, bytes) in files {
        let path = scratch.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }
    dataset(scratch.path())
}

#[test]
fn files_that_are_not_counted() {
    let whole = parquet(FOOTER);
    let mut encrypted = whole.clone();
    encrypted.truncate(whole.len() - 4);
    encrypted.extend(b"PARE");
    let huge = [&whole[..whole.len() - 8], &[0xff, 0xff, 0xff, 0xff], b"PAR1"].concat();
    let deep = parquet(&[0x1c; 4096]);
    for (name, bytes, format, why) in [
        ("x.parquet", &encrypted[..], "parquet", "encrypted"),
        ("x.parquet", &whole[..9], "parquet", "too short"),
        ("x.parquet", b"", "parquet", "too short"),
        ("x.parquet", b"a,b\n1,2\nand more\n", "parquet", "begin and end"),
        ("x.csv", &encrypted, "parquet", "encrypted"),
        ("x", &huge, "parquet", "longer than 64 MiB"),
        ("x", &deep, "parquet", "Thrift"),
        ("x", &parquet(&[0x36, 10, 0]), "parquet", "add up"),
        ("x.arrow", b"ARROW1\0\0", "arrow", "cut off"),
        ("x.jsonl", b"\xff\xff\xff\xff\xff\xff\xff\xff", "arrow", "longer than 64 MiB"),
        ("x.jsonl.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\0", "gzip", "compressed"),
        ("x.csv", b"\x28\xb5\x2f\xfd\0\0\0\0", "zstd", "compressed"),
        ("x.jsonl", b"[{\"a\": 1}]", "jsonl", "row 1"),
        ("x.jsonl", b"{}\nhello\n", "jsonl", "row 2"),
        ("x.json", b"[{}, {}]", "json", "one JSON document"),
        ("x.json", b"{\"a\": 1}", "json", "one JSON document"),
        ("x.csv", b"a,b\n\"1,2\n", "csv", "inside quotes"),
        ("x.txt", b"a text\n", "text", "whose rows are counted"),
        ("x.png", b"\x89PNG\r\n\x1a\n\0\0", "unknown", "whose rows are counted"),
    ] {
        // Beside one that is counted: the sum would be another number.
        let evidence = made(&[(name, bytes), ("y.csv", b"a\n1\n")]);
        assert_eq!(value(&evidence, "data.rows"), None, "{name} {why}");
        assert_eq!(state(&evidence, "data.rows"), Some(Absence::Unreadable), "{name} {why}");
        let formats = value(&evidence, "data.formats").expect("formats");
        assert!(
            formats.as_array().is_some_and(|formats| formats.contains(&json!(format))),
            "{name}: {formats}"
        );
        let finding = evidence.findings.iter().find(|finding| finding.id == "MLB-UNREADABLE").expect(why);
        assert!(finding.claims.iter().any(|claim| claim.says.contains(why)), "{why}: {finding:?}");
    }
}

#[test]
fn pointers_are_no_data() {
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 9\n",
        mlbom::digest::Sha256::of(b"x")
    );
    for name in ["x.csv", "x.parquet", "x.jsonl"] {
        let evidence = made(&[(name, pointer.as_bytes())]);
        assert_eq!(state(&evidence, "data.rows"), Some(Absence::Unreadable), "{name}");
        let found: Vec<_> = evidence.findings.iter().map(|one| (one.id.as_str(), one.severity)).collect();
        assert_eq!(found, [("MLB-LFS-POINTER", Severity::High)]);
    }
}

#[test]
fn files_that_are_counted() {
    let whole = parquet(FOOTER);
    for (name, bytes, format, rows) in [
        ("x.parquet", &whole[..], "parquet", 5),
        ("without-ending", &whole, "parquet", 5),
        ("x.csv", b"a,b\r\n\"1\r\n2\",3\r\n4,5", "csv", 2),
        ("x.csv", b"", "csv", 0),
        ("x.csv", b"a,b\n\xff\0,2\n", "csv", 1),
        ("x.tsv", b"a\tb\n1,2\t3\n", "tsv", 1),
        ("X.JSONL", b"{\"a\": 1}\r\n\r\n{\"a\": 2}", "jsonl", 2),
        ("x.ndjson", b"", "jsonl", 0),
        ("x.json", b"{\"a\": 1}\n{\"a\": 2}\n", "jsonl", 2),
    ] {
        let evidence = made(&[(name, bytes)]);
        assert_eq!(value(&evidence, "data.rows"), Some(json!(rows)), "{name}");
        assert_eq!(value(&evidence, "data.formats"), Some(json!([format])), "{name}");
        assert!(evidence.findings.is_empty(), "{name}: {:?}", evidence.findings);
    }
}

#[test]
fn what_lies_beside_data_is_not_counted() {
    let evidence = made(&[
        ("README.md", b"# x"),
        (".gitattributes", b"* text"),
        (".hidden/x.bin", b"x"),
        ("dataset.toml", b"title = 'x'"),
        ("croissant.json", b"{}"),
        ("data/train.csv", b"a\n1\n2\n"),
        ("data/eval.jsonl", b"{}\n"),
    ]);
    assert_eq!(value(&evidence, "data.rows"), Some(json!(3)));
    assert_eq!(value(&evidence, "data.formats"), Some(json!(["csv", "jsonl"])));
    let none = made(&[("README.md", b"# x")]);
    assert_eq!(state(&none, "data.rows"), Some(Absence::Absent));
}

#[test]
fn numbers_that_the_library_wrote_down() {
    let info = |splits: Value| json!({"splits": splits}).to_string();
    let both = info(json!({"train": {"num_examples": 3}, "test": {"num_examples": 2}}));
    let train = json!({"_split": "train", "_fingerprint": "f00d"}).to_string();
    let csv = b"a\n1\n2\n3\n";
    // The file about it, its state, the rows that it tells of, and whether they are another number than was counted.
    for (info, state, want, differ) in [
        (info(json!({"train": {"num_examples": 3}})), None, Some(3), false),
        (both.clone(), None, Some(5), true),
        (both.clone(), Some(&train), Some(3), false),
        (info(json!({"train": {"num_examples": 4}})), Some(&train), Some(4), true),
        (info(json!({})), None, None, false),
        (info(Value::Null), None, None, false),
        (info(json!({"train": {"num_examples": -1}})), None, None, false),
        (info(json!({"a": {"num_examples": u64::MAX}, "b": {"num_examples": 1}})), None, None, false),
        ("[]".to_owned(), None, None, false),
    ] {
        let mut files: Vec<(&str, &[u8])> = vec![("s/x.csv", csv), ("s/dataset_info.json", info.as_bytes())];
        files.extend(state.map(|state| ("s/state.json", state.as_bytes())));
        let evidence = made(&files);
        assert_eq!(value(&evidence, "data.rows"), Some(json!(3)), "{info}");
        assert_eq!(value(&evidence, "data.infoRows"), want.map(|rows: u64| json!(rows)), "{info}");
        assert_eq!(value(&evidence, "data.fingerprint"), state.map(|_| json!("f00d")), "{info}");
        let finding = evidence.findings.iter().find(|finding| finding.id == "MLB-ROWS");
        assert_eq!(finding.is_some(), differ, "{info}");
        if let Some(finding) = finding {
            assert_eq!((finding.severity, finding.claims.len()), (Severity::Low, 2));
        }
    }
}

#[test]
fn fingerprints_in_names() {
    for (names, want) in [
        (&["cache-0123456789abcdef.arrow"][..], Some("0123456789abcdef")),
        (&["cache-0123456789abcdef.arrow", "cache-fedcba9876543210.arrow"], None),
        (&["cache-0123.arrow"], None),
        (&["cache-0123456789abcdeg.arrow"], None),
    ] {
        let mut files: Vec<(&str, &[u8])> = vec![("x.csv", b"a\n1\n"), ("dataset_info.json", b"{}")];
        files.extend(names.iter().map(|name| (*name, &b"x"[..])));
        assert_eq!(value(&made(&files), "data.fingerprint"), want.map(Value::from), "{names:?}");
    }
}
