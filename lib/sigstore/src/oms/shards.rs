//! The `shards` serialisation: every file in pieces of one length, each a resource called `path:start:end`.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::manifest::Kind;
use mlbom::path::RelPath;
use mlbom::shards::{MAX_SHARDS, MIN_SHARD_BYTES, ShardManifest};
use serde::Deserialize;
use serde_json::value::to_raw_value;

use super::{Ignored, OmsError, PREDICATE_TYPE, Predicate, Resource, Serialization, check_root};
use crate::statement::{Statement, Subject, write};

/// What `serialization.method` says of shards.
const METHOD: &str = "shards";
/// The largest whole number up to which a double has every other one.
const MAX_DOUBLE: f64 = 9_007_199_254_740_992.0;

/// One file as its shards were signed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shards {
    /// The end of the last shard: the file's length in bytes.
    pub size: u64,
    /// The digest of each shard, in the order that they lie in.
    pub digests: Vec<Sha256>,
}

/// What an OMS statement over shards says about a model.
#[derive(Debug, Eq, PartialEq)]
pub struct ShardResources {
    /// The length of every shard but a file's last.
    pub shard_size: u64,
    /// Every file that has bytes; none if [`ShardResources::single`] is set.
    pub files: BTreeMap<RelPath, Shards>,
    /// The one file that the model is, if the resources are called `.`.
    pub single: Option<Shards>,
    /// What the signer left out.
    pub ignored: BTreeSet<RelPath>,
}

/// What is wrong with one shard.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// It begins after the one before it ends.
    #[error("bytes before it are in no shard")]
    Gap,
    /// It has not the length that all but a file's last have.
    #[error("is not of the shards' length")]
    Length,
    /// Its name is not `path:start:end`.
    #[error("is not called path:start:end")]
    Name,
    /// It begins before the one before it ends, or is there twice.
    #[error("overlaps another shard")]
    Overlap,
}

/// The shard size of `statement`, if it is an OMS statement over shards.
pub fn shard_size_of(statement: &Statement<'_>) -> Result<Option<u64>, OmsError> {
    #[derive(Deserialize)]
    struct Head {
        serialization: Option<Serialization>,
    }
    if statement.predicate_type != PREDICATE_TYPE {
        return Ok(None);
    }
    let head: Head = serde_json::from_str(statement.predicate.get()).map_err(OmsError::Json)?;
    match head.serialization {
        Some(serialization) if serialization.method == METHOD => size_of(&serialization).map(Some),
        _ => Ok(None),
    }
}

fn size_of(serialization: &Serialization) -> Result<u64, OmsError> {
    let written = serialization.shard_size.as_ref();
    let wrong = || OmsError::ShardSize(written.map_or_else(|| "absent".to_owned(), ToString::to_string));
    let number = written.ok_or_else(wrong)?;
    let size = number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        // Above that, another number was meant as likely as this one.
        let whole = float.fract() == 0.0 && (0.0..MAX_DOUBLE).contains(&float);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Checked on the line before.
        whole.then_some(float as u64)
    });
    size.filter(|size| *size >= MIN_SHARD_BYTES).ok_or_else(wrong)
}

/// The statement that signs `manifest`; resources in byte order of their names, as its root digest is made.
///
/// A file without bytes has no shard: the caller sees to it that there is none.
pub fn statement(
    manifest: &ShardManifest,
    annotations: &BTreeMap<String, String>,
) -> Result<String, serde_json::Error> {
    let algorithm = format!("sha256-sharded-{}", manifest.shard_size());
    let single = manifest.kind() == Kind::File;
    let resources = manifest.shards().into_iter().map(|shard| {
        // A single file is called `.`: the one name that every verifier takes.
        let path = if single { "." } else { shard.path.as_str() };
        Resource {
            name: format!("{path}:{}:{}", shard.start, shard.end),
            // Not `sha256`, which the specification has: both verifiers that there are want this.
            algorithm: algorithm.clone(),
            digest: shard.sha256.to_string(),
        }
    });
    let predicate = Predicate {
        serialization: Serialization {
            method: METHOD.to_owned(),
            hash_type: "sha256".to_owned(),
            shard_size: Some(manifest.shard_size().into()),
            allow_symlinks: manifest.files().iter().any(|file| file.link.is_some()),
            ignore_paths: Some(manifest.excluded().iter().map(|entry| entry.path.to_string()).collect()),
        },
        resources: resources.collect(),
    };
    let subjects = [Subject::sha256(manifest.name(), manifest.oms_root())];
    write(&subjects, annotations, PREDICATE_TYPE, &to_raw_value(&predicate)?)
}

impl ShardResources {
    /// Reads the predicate of `statement`, checks its root digest in the order that the signer listed, and puts the shards
    /// of each file together: from its first byte on, without a gap, all of one length but the last.
    pub fn of(statement: &Statement<'_>) -> Result<Self, OmsError> {
        let predicate: Predicate = serde_json::from_str(statement.predicate.get()).map_err(OmsError::Json)?;
        let serialization = predicate.serialization;
        if serialization.method != METHOD || serialization.hash_type != "sha256" {
            let Serialization { method, hash_type, .. } = serialization;
            return Err(OmsError::Serialization { method, hash_type });
        }
        let shard_size = size_of(&serialization)?;
        let ignored = Ignored::of(serialization.ignore_paths);
        if predicate.resources.len() > MAX_SHARDS {
            return Err(OmsError::TooMany);
        }
        let with_size = format!("sha256-sharded-{shard_size}");
        let mut root = Vec::with_capacity(32 * predicate.resources.len());
        let mut listed: BTreeMap<String, BTreeMap<(u64, u64), Sha256>> = BTreeMap::new();
        for Resource { name, algorithm, digest } in predicate.resources {
            let digest = Some(digest).filter(|_| algorithm == "sha256" || algorithm == with_size);
            let digest: Option<Sha256> = digest.and_then(|text| text.to_ascii_lowercase().parse().ok());
            let digest = digest.ok_or_else(|| OmsError::Digest(name.clone()))?;
            root.extend_from_slice(digest.as_bytes());
            let Some((path, start, end)) = parts(&name) else {
                return Err(OmsError::Shard { name, why: Misfit::Name });
            };
            let of_file = match listed.get_mut(path) {
                Some(of_file) => of_file,
                None => listed.entry(path.to_owned()).or_default(),
            };
            if of_file.insert((start, end), digest).is_some() {
                return Err(OmsError::Shard { name, why: Misfit::Overlap });
            }
        }
        let alone = listed.len() == 1;
        let (mut files, mut single) = (BTreeMap::new(), None);
        for (name, shards) in listed {
            let shards = join(&name, shards, shard_size)?;
            if name == "." && alone {
                single = Some(shards);
                continue;
            }
            let path = RelPath::parse(&name).map_err(|why| OmsError::Name { name: name.clone(), why })?;
            if path.is_within(&ignored.recorded) {
                return Err(OmsError::Ignored(name));
            }
            files.insert(path, shards);
        }
        if files.is_empty() && single.is_none() {
            return Err(OmsError::Root);
        }
        check_root(statement, &root)?;
        let ignored = ignored.less(&files);
        Ok(Self { shard_size, files, single, ignored })
    }
}

/// Path, start and end of a shard's name: it ends at the last two colons, as paths may have more.
fn parts(name: &str) -> Option<(&str, u64, u64)> {
    let (rest, end) = name.rsplit_once(':')?;
    let (path, start) = rest.rsplit_once(':')?;
    // One number has one spelling: no sign, no zero before it.
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    Some((path, number(start)?, number(end)?))
}

fn join(path: &str, shards: BTreeMap<(u64, u64), Sha256>, shard_size: u64) -> Result<Shards, OmsError> {
    let mut joined = Shards::default();
    let last = shards.len() - 1;
    for (at, ((start, end), digest)) in shards.into_iter().enumerate() {
        let wrong = |why| OmsError::Shard { name: format!("{path}:{start}:{end}"), why };
        if start != joined.size {
            return Err(wrong(if start < joined.size { Misfit::Overlap } else { Misfit::Gap }));
        }
        let length = end.checked_sub(start).filter(|length| (1..=shard_size).contains(length));
        let length = length.ok_or_else(|| wrong(Misfit::Length))?;
        if at < last && length != shard_size {
            return Err(wrong(Misfit::Length));
        }
        joined.size = end;
        joined.digests.push(digest);
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use mlbom::shards::{File, ranges};
    use serde_json::{Value, json};

    use super::*;

    fn digest(name: &str) -> Sha256 {
        Sha256::of(name.as_bytes())
    }

    fn manifest() -> ShardManifest {
        let file = |path: &str, size| -> File {
            let shards = ranges(size, 1024).map(|(start, end)| digest(&format!("{path}:{start}:{end}")));
            let shards: Vec<_> = shards.collect();
            serde_json::from_value(json!({"path": path, "size": size, "shards": shards, "format": "unknown"}))
                .expect("a file")
        };
        let files = vec![file("a", 2500), file("a-b", 1024), file("c:0:1", 5)];
        ShardManifest::new("m", Kind::Directory, 1024, files, vec![]).expect("a manifest")
    }

    /// The statement that says so, whatever it says, with the root that follows from it.
    fn signed(serialization: &Value, resources: &[(&str, &str, Sha256)]) -> String {
        let mut root = Vec::new();
        resources.iter().for_each(|(_, _, digest)| root.extend_from_slice(digest.as_bytes()));
        let resources: Vec<_> = resources
            .iter()
            .map(|(name, algorithm, digest)| json!({"name": name, "algorithm": algorithm, "digest": digest.to_string()}))
            .collect();
        json!({
            "_type": crate::statement::TYPE,
            "subject": [{"name": "m", "digest": {"sha256": Sha256::of(&root).to_string()}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {"serialization": serialization, "resources": resources},
        })
        .to_string()
    }

    fn read(text: &str) -> Result<ShardResources, OmsError> {
        let statement = Statement::parse(text.as_bytes()).expect("a statement");
        ShardResources::of(&statement)
    }

    fn of_names(names: &[&str]) -> Result<ShardResources, OmsError> {
        let size =
            json!({"method": "shards", "hash_type": "sha256", "shard_size": 1024, "allow_symlinks": false});
        let resources: Vec<_> =
            names.iter().map(|name| (*name, "sha256-sharded-1024", digest(name))).collect();
        read(&signed(&size, &resources))
    }

    #[test]
    fn shards_that_make_no_file() {
        for (names, why) in [
            (&["a:0:1024", "a:1025:2000"][..], Misfit::Gap),
            (&["a:1:1024"], Misfit::Gap),
            (&["a:1024:2048"], Misfit::Gap),
            (&["a:0:1024", "a:1023:2000"], Misfit::Overlap),
            (&["a:0:1024", "a:0:1024"], Misfit::Overlap),
            (&["a:0:1023", "a:1023:1030"], Misfit::Length),
            (&["a:0:1024", "a:0:1000"], Misfit::Length),
            (&["a:0:1025"], Misfit::Length),
            (&["a:0:0"], Misfit::Length),
            (&["a:0:1024", "a:1024:1024"], Misfit::Length),
            (&["a:0:1024", "a:1024:1023"], Misfit::Length),
            (&["a:0:2048", "a:2048:2050"], Misfit::Length),
            (&["a"], Misfit::Name),
            (&["a:0"], Misfit::Name),
            (&["a:00:5"], Misfit::Name),
            (&["a:+0:5"], Misfit::Name),
            (&["a:0:18446744073709551616"], Misfit::Name),
            (&["a:0: 5"], Misfit::Name),
        ] {
            match of_names(names) {
                Err(OmsError::Shard { why: found, .. }) => assert_eq!(found, why, "{names:?}"),
                other => panic!("{names:?}: {other:?}"),
            }
        }
        assert!(matches!(of_names(&["../a:0:5"]), Err(OmsError::Name { .. })));
        assert!(matches!(of_names(&[".:0:5", "a:0:5"]), Err(OmsError::Name { .. })));
        assert!(matches!(of_names(&[]), Err(OmsError::Root)));
    }

    #[test]
    fn serializations_that_are_not_this_one() {
        let with = |serialization: Value, algorithm| {
            read(&signed(&serialization, &[("a:0:5", algorithm, digest("a"))]))
        };
        let of_size = |size: Value| json!({"method": "shards", "hash_type": "sha256", "shard_size": size, "allow_symlinks": false});
        for size in
            [json!(0), json!(1023), json!(-1024), json!(1024.5), json!(1e300), json!(null), json!(1e17)]
        {
            let found = with(of_size(size.clone()), "sha256");
            assert!(matches!(found, Err(OmsError::ShardSize(_))), "{size}: {found:?}");
        }
        for (of, algorithm) in [
            (json!(1024), "sha256-sharded-1025"),
            (json!(1024), "blake2b"),
            (json!(2048), "sha256-sharded-1024"),
        ] {
            assert!(matches!(with(of_size(of), algorithm), Err(OmsError::Digest(_))), "{algorithm}");
        }
        let mut other = of_size(json!(1024));
        other["hash_type"] = json!("blake2b");
        assert!(matches!(with(other.clone(), "sha256"), Err(OmsError::Serialization { .. })));
        other["method"] = json!("files");
        assert!(matches!(with(other, "sha256"), Err(OmsError::Serialization { .. })));
        let mut ignoring = of_size(json!(1024));
        ignoring["ignore_paths"] = json!(["a"]);
        assert!(matches!(with(ignoring, "sha256"), Err(OmsError::Ignored(_))));
        for (size, algorithm) in [
            (json!(1024), "sha256"),
            (json!(1024.0), "sha256"),
            (json!(1024.0), "sha256-sharded-1024"),
            (json!(1e9), "sha256-sharded-1000000000"),
        ] {
            let read = with(of_size(size.clone()), algorithm).expect("ours to read");
            assert_eq!(read.files.len(), 1, "{size}");
        }
    }

    #[test]
    fn what_we_write_is_what_we_read() {
        let manifest = manifest();
        let text = statement(&manifest, &BTreeMap::new()).expect("JSON");
        let resources = read(&text).expect("ours to read");
        assert_eq!((resources.shard_size, resources.files.len(), &resources.single), (1024, 3, &None));
        for file in manifest.files() {
            let shards = &resources.files[&file.path];
            assert_eq!((shards.size, &shards.digests), (file.size, &file.shards), "{}", file.path);
        }
        let parsed = Statement::parse(text.as_bytes()).expect("a statement");
        assert_eq!(shard_size_of(&parsed).expect("clear"), Some(1024));
        assert!(super::super::Resources::of(&parsed).is_err(), "not a list of files");
        let first = digest("a-b:0:1024").to_string();
        let swapped = text.replacen(&first, &digest("a:0:1024").to_string(), 1);
        assert_ne!(swapped, text);
        assert!(matches!(read(&swapped), Err(OmsError::Root)));
        let single = of_names(&[".:1024:1030", ".:0:1024"]).expect("in any order");
        assert_eq!(single.single.map(|shards| (shards.size, shards.digests.len())), Some((1030, 2)));
    }
}
