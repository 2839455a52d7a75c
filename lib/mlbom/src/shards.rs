//! The manifest of shards, `urn:mlbom:shard-manifest:v1`: every file of a model with the digests of its pieces.
//!
//! It exists for the `shards` serialisation of OpenSSF Model Signing alone. No file in it has a digest of its whole, so
//! that nothing else can be bound to it; being a document of its own, it cannot be taken for a manifest either.

use std::cmp::Ordering;

use mlbom_formats::Format;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256;
use crate::json;
use crate::manifest::{self, Excluded, Kind, Link, check_model, read_format, write_format};
use crate::path::RelPath;
use crate::report;

/// The name of this document and of its schema.
pub const TYPE: &str = "urn:mlbom:shard-manifest:v1";
/// The name of the report about such a model: of another type, so that no policy takes it for one about whole files.
pub const REPORT_TYPE: &str = "urn:mlbom:shard-report:v1";
/// The shortest shard, in bytes.
pub const MIN_SHARD_BYTES: u64 = 1 << 10;
/// The most shards of a model.
pub const MAX_SHARDS: usize = 250_000;
/// The most bytes that a report takes to list the shards: what can be signed has to be verified too, and a report holds
/// each shard twice, in the model and in the statement that was signed. The rest is for all else that it says.
pub const MAX_LISTED_BYTES: u64 = report::MAX_BYTES - (1 << 20);

/// Every file of a model, in shards of one length. Complete, in byte order of path; what does not agree with itself is
/// not a `ShardManifest`. Where a shard begins and ends follows from its place, so that there is no gap and no overlap
/// to be written down.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardManifest {
    r#type: &'static str,
    name: String,
    kind: Kind,
    shard_size: u64,
    files: Vec<File>,
    excluded: Vec<Excluded>,
    oms_root: Sha256,
}

/// One file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct File {
    /// Where it is below the model's root.
    pub path: RelPath,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 of each shard, in the order that they lie in; none of an empty file.
    pub shards: Vec<Sha256>,
    /// What its content looks like.
    #[serde(deserialize_with = "read_format", serialize_with = "write_format")]
    pub format: Format,
    /// Set if a symbolic link was followed to reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// One shard: the bytes of `path` from `start` to before `end`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shard<'a> {
    /// The file.
    pub path: &'a RelPath,
    /// The first byte.
    pub start: u64,
    /// The byte after the last.
    pub end: u64,
    /// Of these bytes.
    pub sha256: Sha256,
}

/// Why something is not a manifest of shards.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not as many shards as the size makes.
    #[error("{path:?}: {found} shards are listed, {wanted} are what {size} bytes make")]
    Count {
        /// The file.
        path: RelPath,
        /// Its size.
        size: u64,
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: u64,
    },
    /// Not JSON, or not of this shape.
    #[error("not a manifest of shards ({TYPE})")]
    Json(#[source] json::Error),
    /// The list of files is not one.
    #[error(transparent)]
    List(#[from] manifest::Error),
    /// A report would take more than [`MAX_LISTED_BYTES`] to list them.
    #[error("the list of the shards takes more than {MAX_LISTED_BYTES} bytes in a report")]
    Long,
    /// `omsRoot` does not follow from the shards.
    #[error("omsRoot is {listed}, the shards listed give {found}")]
    Root {
        /// What the shards give.
        found: Sha256,
        /// What the document says.
        listed: Sha256,
    },
    /// Shorter than [`MIN_SHARD_BYTES`].
    #[error("shards of {0} bytes, at least {MIN_SHARD_BYTES} were wanted")]
    Size(u64),
    /// More than [`MAX_SHARDS`].
    #[error("more than {MAX_SHARDS} shards")]
    TooMany,
}

/// What is read before it is believed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    r#type: String,
    name: String,
    kind: Kind,
    shard_size: u64,
    files: Vec<File>,
    excluded: Vec<Excluded>,
    oms_root: Sha256,
}

impl ShardManifest {
    /// Makes the manifest of `files` and `excluded`, in any order; computes the model's digest.
    pub fn new(
        name: &str,
        kind: Kind,
        shard_size: u64,
        mut files: Vec<File>,
        mut excluded: Vec<Excluded>,
    ) -> Result<Self, Error> {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        excluded.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let mut made = Self {
            r#type: TYPE,
            name: name.to_owned(),
            kind,
            shard_size,
            files,
            excluded,
            oms_root: Sha256::of(b""),
        };
        made.check()?;
        let mut root = mlbom_sha256::Sha256::new();
        made.shards().iter().for_each(|shard| root.update(shard.sha256.as_bytes()));
        made.oms_root = root.finish().into();
        Ok(made)
    }

    /// Reads a manifest of shards and checks that it agrees with itself.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wire: Wire = json::parse(text).map_err(Error::Json)?;
        if wire.r#type != TYPE {
            let why = format!("type is {:?}, {TYPE} was wanted", wire.r#type);
            return Err(Error::Json(serde_json::Error::custom(why).into()));
        }
        let out_of_order = |pair: Option<&RelPath>| pair.map(|path| manifest::Error::Order(path.clone()));
        let files = wire.files.windows(2).find(|pair| pair[0].path >= pair[1].path).map(|pair| &pair[1].path);
        let excluded =
            wire.excluded.windows(2).find(|pair| pair[0].path >= pair[1].path).map(|pair| &pair[1].path);
        if let Some(err) = out_of_order(files.or(excluded)) {
            return Err(err.into());
        }
        let made = Self::new(&wire.name, wire.kind, wire.shard_size, wire.files, wire.excluded)?;
        if made.oms_root != wire.oms_root {
            return Err(Error::Root { found: made.oms_root, listed: wire.oms_root });
        }
        json::check_spelling(&made, text).map_err(Error::Json)?;
        Ok(made)
    }

    /// The last component of the path that was hashed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One file or a tree.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The length of every shard but the last of each file, in bytes.
    #[must_use]
    pub const fn shard_size(&self) -> u64 {
        self.shard_size
    }

    /// The files, in byte order of path; at least one.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// What was left out, in byte order of path.
    #[must_use]
    pub fn excluded(&self) -> &[Excluded] {
        &self.excluded
    }

    /// The SHA-256 over the digests of all shards, in the order of [`ShardManifest::shards`].
    #[must_use]
    pub const fn oms_root(&self) -> Sha256 {
        self.oms_root
    }

    /// Every shard, in byte order of its name, `path:start:end`. That is not the order of paths (`a-b:` comes before
    /// `a:`), nor that of places (`a:10000:` comes before `a:2000:`).
    #[must_use]
    pub fn shards(&self) -> Vec<Shard<'_>> {
        let of_file = |file: &'_ File| {
            let ranges = ranges(file.size, self.shard_size);
            ranges.zip(file.shards.clone()).collect::<Vec<_>>()
        };
        let mut shards: Vec<(Shard<'_>, String)> = self
            .files
            .iter()
            .flat_map(|file| of_file(file).into_iter().map(|range| (&file.path, range)))
            .map(|(path, ((start, end), sha256))| {
                (Shard { path, start, end, sha256 }, format!(":{start}:{end}"))
            })
            .collect();
        shards.sort_unstable_by(|a, b| by_name((a.0.path, &a.1), (b.0.path, &b.1)));
        shards.into_iter().map(|(shard, _)| shard).collect()
    }

    fn check(&self) -> Result<(), Error> {
        let paths: Vec<_> = self.files.iter().map(|file| &file.path).collect();
        check_model(&self.name, self.kind, &paths, &self.excluded)?;
        let files = self.files.iter().map(|file| (&file.path, file.size));
        check_count(self.shard_size, files, &self.excluded)?;
        for file in &self.files {
            let wanted = file.size.div_ceil(self.shard_size);
            if file.shards.len() as u64 != wanted {
                let (path, size, found) = (file.path.clone(), file.size, file.shards.len());
                return Err(Error::Count { path, size, found, wanted });
            }
        }
        Ok(())
    }
}

/// Whether `files`, each with its size, can be cut into shards of that length while `excluded` is left out: known before
/// anything is read.
pub fn check_count<'a>(
    shard_size: u64,
    files: impl Iterator<Item = (&'a RelPath, u64)>,
    excluded: &[Excluded],
) -> Result<(), Error> {
    if shard_size < MIN_SHARD_BYTES {
        return Err(Error::Size(shard_size));
    }
    // Left out: in the list of the model, and among the paths that the signature passes over.
    let left_out = |entry: &Excluded| LEFT_OUT_BYTES + 2 * escaped(entry.path.as_str()) + escaped(&entry.by);
    let (mut shards, mut listed) = (0_u64, excluded.iter().map(left_out).fold(0, u64::saturating_add));
    for (path, size) in files {
        let of_file = size.div_ceil(shard_size);
        shards = shards.saturating_add(of_file);
        let name = escaped(path.as_str());
        let of_shard = SHARD_BYTES + digits(shard_size) + name + 2 * digits(size);
        listed = listed.saturating_add(FILE_BYTES + name).saturating_add(of_file.saturating_mul(of_shard));
    }
    if shards > MAX_SHARDS as u64 {
        return Err(Error::TooMany);
    }
    if listed > MAX_LISTED_BYTES { Err(Error::Long) } else { Ok(()) }
}

/// Of a shard, in a report, what is the same for each: `"DIGEST",` in the model, and in the statement
/// `{"name":"PATH:START:END","algorithm":"sha256-sharded-SIZE","digest":"DIGEST"},`.
const SHARD_BYTES: u64 = 67 + 119;
/// Of a file, in a report about shards or about whole files, without its name, and at its longest.
const FILE_BYTES: u64 = 240;
/// Of what was left out, `{"path":"PATH","by":"BY"},` and `"PATH",`.
const LEFT_OUT_BYTES: u64 = 20 + 3;

fn escaped(text: &str) -> u64 {
    json::escaped_bytes(text)
}

fn digits(number: u64) -> u64 {
    u64::from(number.checked_ilog10().unwrap_or_default()) + 1
}

/// Where the shards of a file of `size` bytes begin and end; none of an empty file.
pub fn ranges(size: u64, shard_size: u64) -> impl Iterator<Item = (u64, u64)> {
    let step = shard_size.max(1);
    (0..size.div_ceil(step)).map(move |at| (at * step, (at * step).saturating_add(step).min(size)))
}

/// Compares `path` and what follows it as one text, without writing it out: a path may be long and its shards many.
fn by_name(a: (&RelPath, &str), b: (&RelPath, &str)) -> Ordering {
    if a.0 == b.0 {
        return a.1.cmp(b.1);
    }
    a.0.as_str().bytes().chain(a.1.bytes()).cmp(b.0.as_str().bytes().chain(b.1.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: u64 = MIN_SHARD_BYTES;

    fn file(path: &str, size: u64) -> File {
        let shards = ranges(size, KIB).map(|(start, _)| Sha256::of(format!("{path}{start}").as_bytes()));
        File {
            path: RelPath::parse(path).expect("a path"),
            size,
            shards: shards.collect(),
            format: Format::Unknown,
            link: None,
        }
    }

    fn sample() -> ShardManifest {
        let files = vec![file("a", 11 * KIB + 1), file("a-b", KIB), file("c:1", 2 * KIB), file("empty", 0)];
        ShardManifest::new("m", Kind::Directory, KIB, files, vec![]).expect("a manifest")
    }

    #[test]
    fn one_fault_each() {
        let text = serde_json::to_string(&sample()).expect("JSON");
        assert!(ShardManifest::parse(&text).is_ok());
        let (root, first) = (sample().oms_root().to_string(), sample().files()[1].shards[0].to_string());
        let second = sample().files()[2].shards[0].to_string();
        for (from, to, why) in [
            ("shard-manifest:v1", "shard-manifest:v2", "version"),
            ("urn:mlbom:shard-manifest:v1", "urn:mlbom:manifest:v1", "another document"),
            ("\"shardSize\":1024", "\"shardSize\":1023", "shorter than the shortest"),
            ("\"shardSize\":1024", "\"shardSize\":2048", "fewer shards than listed"),
            ("\"shardSize\":1024", "\"shardSize\":1024.0", "another spelling"),
            ("\"size\":11265", "\"size\":11264", "a shard too many"),
            ("\"size\":11265", "\"size\":12289", "a shard too few"),
            ("\"size\":11265", "\"size\":18446744073709551615", "a size that no shards can cover"),
            (
                "\"size\":0,\"shards\":[]",
                &format!("\"size\":0,\"shards\":[\"{first}\"]"),
                "a shard of nothing",
            ),
            (&root, &"0".repeat(64), "root"),
            (&first, &second, "a digest of another file"),
            (&first, &first.to_uppercase(), "another spelling"),
            ("\"a-b\"", "\"../b\"", "parent"),
            ("\"a-b\"", "\"a\"", "twice"),
            ("\"a-b\"", "\"d\"", "order"),
            ("\"excluded\":[]", "\"excluded\":[{\"path\":\"a\",\"by\":\"a\"}]", "listed and excluded"),
            ("\"excluded\":[]", "\"excluded\":[],\"dirHash\":\"\"", "unknown member"),
            ("\"format\":\"unknown\"", "\"digests\":{},\"format\":\"unknown\"", "unknown member of a file"),
            ("\"kind\":\"directory\"", "\"kind\":\"file\"", "not one file"),
            ("\"name\":\"m\"", "\"name\":\"a/b\"", "name"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{why}");
            assert!(ShardManifest::parse(&changed).is_err(), "{why}");
        }
        assert!(manifest::Manifest::parse(&text).is_err());
    }

    #[test]
    fn claims_that_cannot_be_cost_nothing() {
        let path = RelPath::parse("a").expect("a path");
        let check = |size, bytes| check_count(size, [(&path, bytes)].into_iter(), &[]);
        assert!(matches!(check(0, 0), Err(Error::Size(0))));
        assert!(matches!(check(KIB, u64::MAX), Err(Error::TooMany)));
        assert!(check(KIB, KIB * MAX_SHARDS as u64).is_ok());
        assert!(matches!(check(KIB, KIB * MAX_SHARDS as u64 + 1), Err(Error::TooMany)));
        let long = RelPath::parse(&"a".repeat(4096)).expect("a path");
        assert!(matches!(check_count(KIB, [(&long, KIB * 100_000)].into_iter(), &[]), Err(Error::Long)));
        // As the documents have it: each of these takes two bytes.
        let quotes = RelPath::parse(&"\"".repeat(500)).expect("a path");
        let plain = RelPath::parse(&"a".repeat(500)).expect("a path");
        let of = |path| check_count(KIB, [(path, KIB * 60_000)].into_iter(), &[]);
        assert!(of(&plain).is_ok() && matches!(of(&quotes), Err(Error::Long)));
        let left_out = Excluded { path: long, by: "*".repeat(1000) };
        let left_out = vec![left_out; 10_000];
        assert!(matches!(check_count(KIB, [(&path, KIB)].into_iter(), &left_out), Err(Error::Long)));
        assert_eq!(ranges(u64::MAX, u64::MAX).collect::<Vec<_>>(), [(0, u64::MAX)]);
        assert_eq!(ranges(u64::MAX, 1 << 63).last(), Some((1 << 63, u64::MAX)));
    }

    /// Told by the names written out and sorted as texts.
    #[test]
    fn byte_order_of_names() {
        let sample = sample();
        let names: Vec<_> = sample
            .shards()
            .iter()
            .map(|shard| format!("{}:{}:{}", shard.path, shard.start, shard.end))
            .collect();
        let mut sorted = names.clone();
        sorted.sort();
        assert_eq!(names, sorted);
        assert_eq!(names[..3], ["a-b:0:1024", "a:0:1024", "a:10240:11264"]);
        assert_eq!(names.len(), 12 + 1 + 2);
        let digests: Vec<u8> =
            sample.shards().iter().flat_map(|shard| shard.sha256.as_bytes().to_vec()).collect();
        assert_eq!(sample.oms_root(), Sha256::of(&digests));
        let text = serde_json::to_string(&sample).expect("JSON");
        assert_eq!(serde_json::to_string(&ShardManifest::parse(&text).expect("reads")).expect("JSON"), text);
    }
}
