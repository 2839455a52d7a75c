use super::*;
use crate::manifest::{COMPUTED, Manifest};

fn file(path: &str, bytes: &[u8]) -> File {
    File {
        path: RelPath::parse(path).expect("a path"),
        size: bytes.len() as u64,
        digests: Sha256::of(bytes).into(),
        digest_source: COMPUTED.to_owned(),
        format: mlbom_formats::Format::Unknown,
        link: None,
        tensors: None,
    }
}

fn excluded() -> Vec<Excluded> {
    vec![Excluded { path: RelPath::parse("logs").expect("a path"), by: "logs".to_owned() }]
}

fn model() -> Vec<File> {
    let mut files =
        vec![file("b", b"22"), file("a/x", b"1"), file("a-b/x", b"333"), file("c", b""), file("d", b"")];
    files[1].link = Some(Link::Tree);
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    files
}

/// All parts of `files`, as the machines would make them.
fn parts_of(name: &str, files: &[File], excluded: &[Excluded], count: u32) -> Vec<Part> {
    let sizes: Vec<_> = files.iter().map(|file| (&file.path, file.size)).collect();
    let found = shares(&sizes, count);
    let lines = files.iter().map(|file| (&file.path, file.size, file.link));
    let listing = Listing::of(lines, excluded).expect("a listing");
    let part = |number| {
        let own = files.iter().zip(&found).filter(|(_, part)| **part == number).map(|(file, _)| file.clone());
        let model = Model { name, kind: Kind::Directory, asked: Asked::default(), listing };
        let share = Share::new(number, count).expect("a share");
        Part::new(share, model, own.collect(), excluded.to_vec()).expect("a part")
    };
    (1..=count).map(part).collect()
}

fn join(parts: impl IntoIterator<Item = Part>) -> Result<Manifest, MergeError> {
    let mut joined = Parts::default();
    for (at, part) in parts.into_iter().enumerate() {
        joined.add(&format!("p{}.json", at + 1), part)?;
    }
    joined.join()
}

/// What `join` says, of parts as JSON.
fn refusal(texts: &[String]) -> String {
    let parts = texts.iter().map(|text| Part::parse(text).expect("a part by itself"));
    let err = join(parts).expect_err("parts that do not fit");
    std::iter::successors(Some(&err as &dyn std::error::Error), |cause| cause.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn texts(count: u32) -> Vec<String> {
    let parts = parts_of("m", &model(), &excluded(), count);
    parts.iter().map(|part| serde_json::to_string(part).expect("JSON")).collect()
}

/// The three parts with one text in one of them, or in all, replaced by another.
fn changed(which: Option<usize>, from: &str, to: &str) -> Vec<String> {
    let mut texts = texts(3);
    for (at, text) in texts.iter_mut().enumerate().filter(|(at, _)| which.is_none_or(|which| which == *at)) {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, *text, "part {at} has no {from}");
        *text = other;
    }
    texts
}

#[test]
fn one_fault_each() {
    // One part that holds everything, so that each member is there to be changed.
    let text = texts(1).remove(0);
    for (from, to, why) in [
        ("part:v1", "part:v2", "version"),
        ("part:v1", "manifest:v1", "another document"),
        ("\"part\":1", "\"part\":2", "more than there are"),
        ("\"part\":1", "\"part\":0", "counted from 1"),
        ("\"part\":1", "\"part\":1.0", "a fraction"),
        ("\"parts\":1", "\"parts\":10001", "too many"),
        ("\"name\":\"m\"", "\"name\":\"a/b\"", "name"),
        ("\"kind\":\"directory\"", "\"kind\":\"file\"", "not one file"),
        ("\"sha512\":false", "\"sha512\":true", "digests that are not there"),
        ("\"blake3\":false", "\"blake3\":true", "digests that are not there"),
        ("\"fsVerity\":false", "\"fsVerity\":true", "digests that are not there"),
        ("\"sha512\":false,", "", "missing member"),
        ("\"excluded\":[{", "\"x\":1,\"excluded\":[{", "unknown member"),
        ("\"sha512\":false", "\"sha512\":false,\"sha512\":false", "repeated member"),
        ("\"files\":5", "\"files\":4", "more files than the whole"),
        ("\"files\":5", "\"files\":0", "a whole of nothing"),
        ("\"files\":5", "\"files\":1000001", "a whole that no manifest may have"),
        ("\"bytes\":6", "\"bytes\":5", "more bytes than the whole"),
        ("\"bytes\":6", "\"bytes\":6,\"x\":1", "unknown member of the listing"),
        ("\"b\"", "\"a\"", "a file and a directory"),
        ("\"a/x\"", "\"a-b/x\"", "twice"),
        ("\"a/x\"", "\"e\"", "order"),
        ("\"c\"", "\"../c\"", "a parent"),
        ("\"size\":2", "\"size\":18446744073709551615", "a sum beyond 64 bits"),
        ("{\"path\":\"logs\"", "{\"path\":\"a\"", "listed and left out"),
        ("\"digestSource\":\"computed\"", "\"digestSource\":\"sums\"", "a digest from a list"),
        ("\"digestSource\":\"computed\"", "\"digestSource\":\"\"", "a digest from nowhere"),
        ("\"link\":\"tree\"", "\"link\":\"elsewhere\"", "a link to nowhere we know"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{why}: {from}");
        assert!(Part::parse(&changed).is_err(), "{why}");
    }
    for cut in 0..text.len() {
        assert!(Part::parse(&text[..cut]).is_err(), "cut at {cut}");
    }
    let read = Part::parse(&text).expect("reads");
    assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
}

#[test]
fn what_does_not_fit_together() {
    let listing = Part::parse(&texts(3)[0]).expect("a part").listing;
    let digest = listing.sha256.to_string();
    let other = format!("0{}", &digest[1..]);
    assert_ne!(digest, other);
    for (texts, wanted) in [
        (vec![], "no part was given"),
        (texts(3)[..2].to_vec(), "part 3 of 3 is missing"),
        (texts(3)[2..].to_vec(), "parts 1, 2 of 3 are missing"),
        ([&texts(3)[..], &texts(3)[..1]].concat(), "p4.json: part 1/3 is doubled, p1.json is the same part"),
        (
            changed(Some(1), "\"parts\":3", "\"parts\":4"),
            "p2.json: the number of parts is 4, 3 was wanted as in p1.json",
        ),
        (changed(Some(2), "\"name\":\"m\"", "\"name\":\"n\""), "p3.json: name is \"n\""),
        (changed(Some(1), &digest, &other), "p2.json: the listing is 0"),
        (changed(Some(1), "\"files\":5", "\"files\":6"), "p2.json: the number of files is 6"),
        (changed(Some(1), "\"bytes\":6", "\"bytes\":7"), "p2.json: the number of bytes is 7"),
        (changed(Some(1), "\"by\":\"logs\"", "\"by\":\"log?\""), "p2.json: what was left out is"),
        // All of them lie alike.
        (changed(None, &digest, &other), &format!("give the listing {digest}, p1.json says 0")),
        (changed(None, "\"files\":5", "\"files\":6"), "all parts together hold 5 files, p1.json says 6"),
        (changed(None, "\"files\":5", "\"files\":4"), "all parts together hold 5 files, p1.json says 4"),
        (changed(None, "\"bytes\":6", "\"bytes\":7"), "all parts together hold 6 bytes, p1.json says 7"),
        (changed(None, "\"by\":\"logs\"", "\"by\":\"log?\""), "give the listing"),
        (changed(Some(1), "\"path\":\"b\"", "\"path\":\"bb\""), "give the listing"),
        (changed(Some(2), ",\"link\":\"tree\"", ""), "give the listing"),
    ] {
        let said = refusal(&texts);
        assert!(said.contains(wanted), "{said:?} does not say {wanted:?}");
    }
}

#[test]
fn kinds_and_digests_differ() {
    let whole = [file("m", b"1")];
    let mut parts = parts_of("m", &whole, &[], 2);
    parts[1].kind = Kind::File;
    assert!(matches!(join(parts), Err(MergeError::Differs { member: "kind", .. })));
    let mut parts = parts_of("m", &whole, &[], 2);
    parts[1].asked.sha512 = true;
    assert!(matches!(join(parts), Err(MergeError::Differs { member: "what was asked for", .. })));
}

#[test]
fn files_in_the_wrong_part() {
    let mut parts = parts_of("m", &model(), &excluded(), 3);
    let moved = parts[0].files.remove(0);
    parts[1].files.insert(0, moved.clone());
    let said = join(parts).expect_err("moved").to_string();
    assert!(said.starts_with("p2.json: holds \"a-b/x\", which is in the share of part 1/3"), "{said}");

    let mut parts = parts_of("m", &model(), &excluded(), 3);
    // In place of another file, so that the numbers are right.
    parts[1].files[0] = moved.clone();
    let said = join(parts).expect_err("twice").to_string();
    assert_eq!(said, "\"a-b/x\" is in p1.json and in p2.json");

    let mut parts = parts_of("m", &model(), &excluded(), 3);
    assert_eq!(parts[0].files[0], moved);
    parts[0].files.remove(0);
    assert!(matches!(join(parts), Err(MergeError::Total { what: "files", found: 4, listed: 5, .. })));
}

#[test]
fn a_file_and_a_directory_in_two_parts() {
    let parts = parts_of("m", &[file("a", b"1"), file("a/b", b"2")], &[], 2);
    assert!(matches!(join(parts), Err(MergeError::Manifest(manifest::Error::FileAndDirectory(_)))));
}

#[test]
fn any_number_of_parts_in_any_order() {
    let whole = Manifest::new("m", Kind::Directory, model(), excluded()).expect("a manifest");
    let whole = serde_json::to_string(&whole).expect("JSON");
    for count in 1..=9 {
        let mut texts = texts(count);
        texts.rotate_left(count as usize / 2);
        let parts = texts.iter().map(|text| Part::parse(text).expect("a part"));
        let joined = join(parts).expect("a whole");
        assert_eq!(serde_json::to_string(&joined).expect("JSON"), whole, "{count}");
    }
}

/// Changed by nothing but what is listed, and changed by all of it.
#[test]
fn the_digest_of_a_listing() {
    let paths = ["a", "b"].map(|path| RelPath::parse(path).expect("a path"));
    let of = |link, size, excluded: &[Excluded]| {
        let files = [(&paths[0], 1, None), (&paths[1], size, link)];
        Listing::of(files.into_iter(), excluded).expect("a listing")
    };
    let plain = of(None, 2, &[]);
    // printf 'file 1 none a\nfile 2 none b\n' | sha256sum
    assert_eq!(plain.sha256, Sha256::of(b"file 1 none a\nfile 2 none b\n"));
    assert_eq!((plain.files, plain.bytes), (2, 3));
    let all = of(Some(Link::HubCache), 2, &excluded());
    assert_eq!(all.sha256, Sha256::of(b"file 1 none a\nfile 2 hubCache b\nexcluded 4 logs logs\n"));
    // A pattern that looks like another line.
    let path = RelPath::parse("c").expect("a path");
    let forged = of(None, 2, &[Excluded { path, by: "x c\nexcluded 1 y".to_owned() }]);
    assert_eq!(forged.sha256, Sha256::of(b"file 1 none a\nfile 2 none b\nexcluded 16 x c\nexcluded 1 y c\n"));
    let files = [(&paths[0], u64::MAX, None), (&paths[1], 1, None)];
    assert!(matches!(Listing::of(files.into_iter(), &[]), Err(Error::Bytes)));
}
