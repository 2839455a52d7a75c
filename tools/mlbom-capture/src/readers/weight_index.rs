//! Indexes of sharded weights, `*.safetensors.index.json` and `*.bin.index.json`, held against the shards.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::evidence::{Severity, Source};
use mlbom::json;
use mlbom::path::RelPath;
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::pointer;
use crate::readers::shard::Shard;
use crate::readers::weight_files;
use crate::scribe::{MAX_INDEX_BYTES, Scribe};

/// The most indexes of one folder; more than the formats of weights that there are.
const MAX_INDEXES: usize = 16;
/// The most findings about one index.
const MAX_FINDINGS: usize = 100;

/// One index.
#[derive(Debug)]
pub(crate) struct Index {
    /// Its file's name.
    pub(crate) name: String,
    pub(crate) at: At,
    /// The tensors of each shard as the index has it, sorted. Shards are paths from the folder, as written.
    pub(crate) shards: BTreeMap<String, Vec<String>>,
    /// `metadata.total_size`: bytes of all tensors.
    pub(crate) total_bytes: Option<Value>,
    /// `metadata.total_parameters`: elements of all tensors; new in transformers 5.
    pub(crate) total_parameters: Option<Value>,
}

/// As save_pretrained writes it.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    weight_map: BTreeMap<String, String>,
}

impl Index {
    pub(crate) fn of_safetensors(&self) -> bool {
        self.name.ends_with(".safetensors.index.json")
    }

    fn source(&self, tensor: &str) -> Source {
        self.at.pointer(pointer::member("/weight_map", tensor))
    }
}

/// Every index at the top of the folder; one that cannot be read is said to be unreadable.
pub(crate) fn all(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<Vec<Index>, Error> {
    let named = |name: &str| name.ends_with(".safetensors.index.json") || name.ends_with(".bin.index.json");
    let files: Vec<_> = weight_files::top(folder).filter(|file| named(file.path.as_str())).collect();
    let mut indexes = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let name = file.path.as_str();
        if number >= MAX_INDEXES {
            scribe.unreadable(&folder.at(file), &format!("more than {MAX_INDEXES} indexes"));
            break;
        }
        let Some(content) = scribe.read(folder, name, MAX_INDEX_BYTES)? else { continue };
        let text = std::str::from_utf8(&content.bytes).map_err(|_| "not UTF-8".to_owned());
        match text.and_then(|text| json::parse::<Wire>(text).map_err(|err| err.to_string())) {
            Ok(wire) => indexes.push(index(name, content.at, wire)),
            Err(why) => scribe.unreadable(&content.at, &why),
        }
    }
    Ok(indexes)
}

fn index(name: &str, at: At, mut wire: Wire) -> Index {
    let mut shards: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // By tensor, so each shard's list comes out sorted.
    for (tensor, shard) in wire.weight_map {
        shards.entry(shard).or_default().push(tensor);
    }
    Index {
        name: name.to_owned(),
        at,
        shards,
        total_bytes: wire.metadata.remove("total_size"),
        total_parameters: wire.metadata.remove("total_parameters"),
    }
}

/// Finds shards that lie outside of the folder or are not there; returns whether all are there.
pub(crate) fn check_places(scribe: &mut Scribe<'_>, folder: &Folder, index: &Index) -> bool {
    let wrong: Vec<_> = index
        .shards
        .iter()
        .filter_map(|(shard, tensors)| match RelPath::parse(shard) {
            Err(why) => Some((shard, tensors, format!("which is no path inside the folder: it {why}"))),
            Ok(path) if folder.file(path.as_str()).is_none() => {
                Some((shard, tensors, "which is not there".to_owned()))
            }
            Ok(_) => None,
        })
        .collect();
    for (shard, tensors, why) in wrong.iter().take(MAX_FINDINGS) {
        let more =
            if wrong.len() > MAX_FINDINGS { format!(" (one of {})", wrong.len()) } else { String::new() };
        let message = format!("{} names the shard {shard:?}, {why}{more}", index.name);
        let source = tensors.first().map_or_else(|| index.at.whole(), |tensor| index.source(tensor));
        scribe.finding("MLB-INDEX", Severity::High, &message, [((*shard).clone(), source)]);
    }
    wrong.is_empty()
}

/// Holds the map of tensors against the headers of the shards, which are all there.
pub(crate) fn check_tensors(scribe: &mut Scribe<'_>, index: &Index, shards: &[Shard]) {
    let mut findings = Vec::new();
    for shard in shards {
        let none = Vec::new();
        let mapped = index.shards.get(&shard.path).unwrap_or(&none);
        let in_map: BTreeSet<&str> = mapped.iter().map(String::as_str).collect();
        let in_file: BTreeSet<&str> = shard.names.iter().map(String::as_str).collect();
        let (name, path) = (&index.name, &shard.path);
        if let Some(ghosts) = shown(in_map.difference(&in_file)) {
            let message = format!("{name} says that {path} holds {}, which it does not", ghosts.all);
            let claims = [
                (path.clone(), index.source(ghosts.first)),
                (format!("no {}", ghosts.all), shard.at.whole()),
            ];
            findings.push((message, claims));
        }
        if let Some(hidden) = shown(in_file.difference(&in_map)) {
            let message = format!("{path} holds {}, which {name} does not say", hidden.all);
            let claims = [
                (format!("no {} in {path}", hidden.all), index.at.pointer("/weight_map")),
                (hidden.all, shard.at.whole()),
            ];
            findings.push((message, claims));
        }
    }
    let more = findings.len().saturating_sub(MAX_FINDINGS);
    for (number, (mut message, claims)) in findings.into_iter().take(MAX_FINDINGS).enumerate() {
        if number == 0 && more > 0 {
            message.push_str(&format!(" ({more} more findings of this kind were left out)"));
        }
        scribe.finding("MLB-INDEX", Severity::High, &message, claims);
    }
}

/// Names of tensors in words.
struct Shown<'a> {
    first: &'a str,
    all: String,
}

fn shown<'a>(mut names: impl Iterator<Item = &'a &'a str>) -> Option<Shown<'a>> {
    let first = names.next()?;
    let short: String = first.chars().take(200).collect();
    let all = match names.count() {
        0 => format!("tensor {short:?}"),
        others => format!("{} tensors, the first {short:?}", others + 1),
    };
    Some(Shown { first, all })
}

/// Holds a sum of the index against that of the shards.
pub(crate) fn check_sum(
    scribe: &mut Scribe<'_>,
    index: &Index,
    key: &str,
    says: &Value,
    found: u64,
    shards: &[Shard],
) {
    // Some writers have it as 1.0e9.
    let same = says.as_u64() == Some(found) || says.as_f64() == Some(found as f64);
    if !same {
        let message = format!("{} says {key} {says}, the shards hold {found}", index.name);
        let mut claims = vec![(says.to_string(), index.at.pointer(pointer::member("/metadata", key)))];
        claims.extend(shards.first().map(|shard| (format!("{found} in all shards"), shard.at.whole())));
        scribe.finding("MLB-INDEX", Severity::High, &message, claims);
    }
}
