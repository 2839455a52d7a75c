//! What the datasets library writes beside its tables: `dataset_info.json`, `state.json`, and a fingerprint in names.

use mlbom::evidence::{Source, Trust};
use mlbom::manifest::{self, Kind};
use serde_json::Value;

use super::flag;
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::{MAX_CONFIG_BYTES, Scribe};

const INFO: &str = "dataset_info.json";
const STATE: &str = "state.json";
/// The most of these files that are read in one dataset.
const MAX_INFOS: usize = 1000;
/// The digits of a fingerprint.
const FINGERPRINT_DIGITS: usize = 16;

/// What one `dataset_info.json` tells.
pub(super) struct Info {
    /// Where it lies, empty at the top.
    pub(super) dir: String,
    pub(super) rows: u64,
    pub(super) source: Source,
}

impl Info {
    /// Whether it lies in the directory of `path`, or above.
    pub(super) fn is_about(&self, path: &str) -> bool {
        let dir = &self.dir;
        dir.is_empty() || path.strip_prefix(dir.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Every `dataset_info.json` that tells how many rows there are.
pub(super) fn all(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<Vec<Info>, Error> {
    if let Some(beside) = folder.beside()? {
        return Ok(of_single(scribe, folder, &beside)?.into_iter().collect());
    }
    let mut infos = Vec::new();
    let paths = folder.files().iter().filter(|file| file.path.file_name() == INFO);
    for file in paths.take(MAX_INFOS) {
        let dir = file.path.as_str().rsplit_once('/').map(|(dir, _)| dir);
        let Some((value, at)) = scribe.json(folder, file.path.as_str(), MAX_CONFIG_BYTES)? else { continue };
        let splits = value.get("splits").and_then(Value::as_object);
        let Some(splits) = splits.filter(|splits| !splits.is_empty()) else { continue };
        // One split of several that was saved keeps the numbers of all.
        let state = match folder.file(&path_in(dir, STATE)) {
            Some(_) => scribe.json(folder, &path_in(dir, STATE), MAX_CONFIG_BYTES)?,
            None => None,
        };
        let only = state.as_ref().and_then(|(state, _)| state.get("_split")).and_then(Value::as_str);
        let counts: Option<Vec<u64>> = splits
            .iter()
            .filter(|(name, _)| only.is_none_or(|only| only == name.as_str()))
            .map(|(_, split)| split.get("num_examples").and_then(Value::as_u64))
            .collect();
        let rows = counts.as_ref().and_then(|all| all.iter().try_fold(0u64, |sum, n| sum.checked_add(*n)));
        match rows {
            Some(rows) => {
                let source = match only.or(splits.keys().next().map(String::as_str)) {
                    Some(name) if counts.is_some_and(|counts| counts.len() == 1) => in_split(&at, name),
                    _ => at.pointer("/splits"),
                };
                infos.push(Info { dir: dir.unwrap_or_default().to_owned(), rows, source });
            }
            None => scribe.unreadable(at.pointer("/splits"), "num_examples was wanted of each split"),
        }
    }
    Ok(infos)
}

/// What the `dataset_info.json` beside a table of the library's cache tells of that one: it is `<dataset>-<split>.arrow`.
fn of_single(scribe: &mut Scribe<'_>, folder: &Folder, beside: &Folder) -> Result<Option<Info>, Error> {
    let Some(name) = folder.files().first().and_then(|file| file.path.as_str().strip_suffix(".arrow")) else {
        return Ok(None);
    };
    let Some((value, at)) = scribe.json(beside, INFO, MAX_CONFIG_BYTES)? else { return Ok(None) };
    let dataset = value.get("dataset_name").and_then(Value::as_str).unwrap_or_default();
    let Some(split) = name.strip_prefix(dataset).and_then(|rest| rest.strip_prefix('-')) else {
        return Ok(None);
    };
    let rows = value.get("splits").and_then(|splits| splits.get(split)?.get("num_examples")?.as_u64());
    Ok(rows.map(|rows| Info { dir: String::new(), rows, source: in_split(&at, split) }))
}

fn in_split(at: &At, split: &str) -> Source {
    at.pointer(format!("/splits/{}/num_examples", split.replace('~', "~0").replace('/', "~1")))
}

/// States the rows that all of `infos` tell of.
pub(super) fn state(scribe: &mut Scribe<'_>, infos: &[Info]) {
    let source = match infos {
        [] => return,
        [only] => only.source.clone(),
        _ => flag(),
    };
    // A sum without one of its parts would be another number.
    let sum = infos.iter().try_fold(0u64, |sum, info| sum.checked_add(info.rows));
    if let Some(sum) = sum.filter(|_| !scribe.unreadable) {
        scribe.fact("data.infoRows", sum, Trust::Recorded, source);
    }
}

/// States the fingerprint that the library gave the dataset, if it is only one: a `state.json` has it, else the name of a
/// table that `map` or `filter` made.
pub(super) fn fingerprint(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let mut states = folder.files().iter().filter(|file| file.path.file_name() == STATE);
    match (states.next(), states.next()) {
        (Some(only), None) => {
            if let Some((state, at)) = scribe.json(folder, only.path.as_str(), MAX_CONFIG_BYTES)?
                && let Some(fingerprint) = state.get("_fingerprint").and_then(Value::as_str)
            {
                scribe.fact("data.fingerprint", fingerprint, Trust::Recorded, at.pointer("/_fingerprint"));
            }
        }
        (None, _) => {
            let mut named = folder.files().iter().filter_map(|file| {
                fingerprint_of(file.path.file_name()).map(|fingerprint| (file, fingerprint))
            });
            if let (Some((file, fingerprint)), None) = (named.next(), named.next()) {
                scribe.fact("data.fingerprint", fingerprint, Trust::Recorded, &folder.at(file));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether `map` or `filter` of the library made the file, beside what it was called on.
pub(super) fn is_derived(folder: &Folder, file: &manifest::File) -> bool {
    let tree = folder.manifest.as_ref().is_some_and(|manifest| manifest.kind() == Kind::Directory);
    let dir = file.path.as_str().rsplit_once('/').map(|(dir, _)| dir);
    tree && fingerprint_of(file.path.file_name()).is_some() && folder.file(&path_in(dir, INFO)).is_some()
}

/// The fingerprint in `cache-<fingerprint>.arrow`, also of one part of several: `cache-<fingerprint>_00000_of_00002.arrow`.
fn fingerprint_of(name: &str) -> Option<&str> {
    let stem = name.strip_prefix("cache-")?.strip_suffix(".arrow")?;
    let fingerprint = stem.split('_').next()?;
    let digits = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    (fingerprint.len() == FINGERPRINT_DIGITS && fingerprint.bytes().all(digits)).then_some(fingerprint)
}

fn path_in(dir: Option<&str>, name: &str) -> String {
    dir.map_or_else(|| name.to_owned(), |dir| format!("{dir}/{name}"))
}
