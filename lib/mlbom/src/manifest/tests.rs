use super::*;

fn file(path: &str, bytes: &[u8]) -> File {
    File {
        path: RelPath::parse(path).expect("a path"),
        size: bytes.len() as u64,
        digests: Sha256::of(bytes).into(),
        digest_source: COMPUTED.to_owned(),
        format: Format::Unknown,
        link: None,
        tensors: None,
    }
}

fn sample() -> Manifest {
    let files = vec![file("b", b"2"), file("a/x", b"1"), file("a-b/x", b"3")];
    Manifest::new("m", Kind::Directory, files, vec![]).expect("a manifest")
}

#[test]
fn byte_order_and_digests() {
    let manifest = sample();
    let paths: Vec<_> = manifest.files().iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["a-b/x", "a/x", "b"]);
    // Taken with coreutils: printf 3|sha256sum etc., the three lines in this order through sha256sum.
    let lines: String =
        manifest.files().iter().map(|f| format!("{}  {}\n", f.digests.sha256, f.path)).collect();
    assert_eq!(manifest.dir_hash(), Sha256::of(lines.as_bytes()));
    let text = serde_json::to_string(&manifest).expect("JSON");
    assert!(text.starts_with(r#"{"type":"urn:mlbom:manifest:v1","name":"m","kind":"directory","files":[{"#));
    assert_eq!(serde_json::to_string(&Manifest::parse(&text).expect("reads")).expect("JSON"), text);
}

#[test]
fn one_fault_each() {
    let text = serde_json::to_string(&sample()).expect("JSON");
    let root = sample().oms_root().to_string();
    for (from, to, why) in [
        ("manifest:v1", "manifest:v2", "version"),
        ("\"a/x\"", "\"a/y\"", "a digest that no longer follows"),
        ("\"a/x\"", "\"../x\"", "a parent"),
        ("\"a/x\"", "\"a-b/x\"", "twice"),
        ("\"a/x\"", "\"c\"", "order"),
        ("\"b\"", "\"a\"", "order"),
        ("\"unknown\"", "\"exe\"", "format"),
        ("\"excluded\":[]", "\"excluded\":[{\"path\":\"a\",\"by\":\"a\"}]", "listed and excluded"),
        ("\"excluded\":[]", "\"excluded\":[],\"x\":1", "unknown member"),
        (",\"excluded\":[]", "", "missing member"),
        ("\"kind\":\"directory\"", "\"kind\":\"file\"", "not one file"),
        ("\"name\":\"m\"", "\"name\":\"a/b\"", "name"),
        ("\"size\":1", "\"size\":-1", "size"),
        (root.as_str(), &"0".repeat(64), "omsRoot"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{why}");
        assert!(Manifest::parse(&changed).is_err(), "{why}");
    }
    assert!(matches!(Manifest::new("m", Kind::Directory, vec![], vec![]), Err(Error::Empty)));
    let both = vec![file("a", b""), file("a/b", b"")];
    assert!(matches!(Manifest::new("m", Kind::Directory, both, vec![]), Err(Error::FileAndDirectory(_))));
}

#[test]
fn differences_by_path_and_bytes() {
    let other = vec![file("a/x", b"!"), file("b", b"2"), file("c", b"")];
    let other = Manifest::new("m", Kind::Directory, other, vec![]).expect("a manifest");
    let found = sample().differences(&other);
    let names = |paths: &[RelPath]| paths.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&found.missing), ["a-b/x"]);
    assert_eq!(names(&found.changed), ["a/x"]);
    assert_eq!(names(&found.extra), ["c"]);
    assert!(sample().differences(&sample()).is_empty());
}

/// A digest that one side alone has is no difference; one that both have and that differs is.
#[test]
fn every_digest_that_both_have_counts() {
    let with = |change: &dyn Fn(&mut Digests)| {
        let mut one = file("a", b"1");
        change(&mut one.digests);
        Manifest::new("m", Kind::Directory, vec![one], vec![]).expect("a manifest")
    };
    let changes: [fn(&mut Digests, u8); 3] = [
        |digests, byte| digests.sha512 = Some([byte; 64].into()),
        |digests, byte| digests.blake3 = Some([byte; 32].into()),
        |digests, byte| digests.fs_verity = Some([byte; 32].into()),
    ];
    for change in changes {
        let (one, other) = (with(&|digests| change(digests, 1)), with(&|digests| change(digests, 2)));
        assert_eq!(one.differences(&other).changed.len(), 1);
        assert!(one.differences(&one).is_empty() && one.differences(&with(&|_| {})).is_empty());
        let text = serde_json::to_string(&one).expect("JSON");
        assert_eq!(serde_json::to_string(&Manifest::parse(&text).expect("reads")).expect("JSON"), text);
        let wrong = text.replacen("01\"}", "0\"}", 1);
        assert_ne!(wrong, text);
        assert!(Manifest::parse(&wrong).is_err(), "{wrong}");
    }
}
