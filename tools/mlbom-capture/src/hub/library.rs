//! The cache of the datasets library: `<org>___<name>/<configuration>/<version>/<commit>/`, and before version 3
//! `downloads/<sha256 of the URL>` with a `.json` that tells the URL.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use mlbom::evidence::{Role, Trust};
use mlbom::path::RelPath;
use mlbom_tree::{EntryKind, Tree};
use serde_json::Value;

use super::find::{absolute, parts};
use super::{Layout, Place, ROOT, folder_at, is_hash, is_name};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::Scribe;

/// What every entry holds.
const INFO: &str = "dataset_info.json";
/// Between organisation and name.
const BETWEEN: &str = "___";
/// The longest `.json` beside a download, in bytes.
const MAX_URL_BYTES: u64 = 64 * 1024;
/// The most entries that a hint names.
const MAX_NAMED: usize = 8;
/// Configuration, version and commit lie below the name.
const LEVELS: usize = 3;

/// An entry of the cache.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    repository: String,
    /// Where it lies, from the folder of organisation and name on.
    path: String,
    /// The last directory, if that is a commit: else it is a hash of the code that built the entry.
    commit: Option<String>,
}

/// A file that the library downloaded.
#[derive(Clone, Debug)]
pub(super) struct Download {
    repository: String,
    commit: Option<String>,
    /// The directory of the downloads, and the file in it that tells the URL.
    downloads: PathBuf,
    told_by: String,
}

/// What `path` is in this cache, if anything.
pub(super) fn find(path: &Path) -> Result<Option<Place>, Error> {
    let Some(absolute) = absolute(path) else { return Ok(None) };
    if let Some(download) = download(&absolute)? {
        let name = Some(download.repository.clone());
        return Ok(Some(Place { files: path.to_owned(), name, layout: Layout::Download(download) }));
    }
    let Some((top, repository, below)) = repository_around(&absolute) else { return Ok(None) };
    let leaf = top.join(below.iter().take(LEVELS).collect::<PathBuf>());
    if below.len() >= LEVELS {
        if !is_entry(&leaf) {
            return Ok(None);
        }
        return Ok(Some(place(path.to_owned(), repository, &top, &leaf)));
    }
    let leaves = leaves(&leaf, LEVELS - below.len())?;
    match leaves.as_slice() {
        [] => Ok(None),
        [leaf] => Ok(Some(place(leaf.clone(), repository, &top, leaf))),
        many => {
            let below = |leaf: &PathBuf| {
                leaf.strip_prefix(&absolute).map(|path| path.display().to_string()).unwrap_or_default()
            };
            let named: Vec<String> = many.iter().take(MAX_NAMED).map(below).collect();
            Err(Error::Base {
                path: path.display().to_string(),
                why: "holds several configurations or versions of a dataset",
                hint: format!("give one: {}", named.join(" or ")),
            })
        }
    }
}

/// States what the entry's place tells.
pub(super) fn read(scribe: &mut Scribe<'_>, entry: &Entry) {
    let (Some((folder, _)), Ok(path)) = (entry.path.split_once('/'), RelPath::parse(&entry.path)) else {
        return;
    };
    if let Ok(folder) = RelPath::parse(folder) {
        let at = At::name(ROOT, folder);
        scribe.fact("hub.repository", entry.repository.as_str(), Trust::Recorded, &at);
    }
    let at = At::name(ROOT, path);
    if let Some(commit) = &entry.commit {
        scribe.fact("hub.commit", commit.as_str(), Trust::Recorded, &at);
    }
    // What the library built of the files is not the files: nothing names its digest.
    scribe.fact("hub.filesChecked", "none", Trust::Computed, &at);
}

/// States what the URL of a download tells.
pub(super) fn read_download(
    scribe: &mut Scribe<'_>,
    folder: &Folder,
    download: &Download,
) -> Result<(), Error> {
    let downloads = folder_at(scribe, folder.role, ROOT, &download.downloads)?;
    let Some((_, at)) = scribe.json(&downloads, &download.told_by, MAX_URL_BYTES)? else { return Ok(()) };
    scribe.fact("hub.repository", download.repository.as_str(), Trust::Recorded, at.pointer("/url"));
    if let Some(commit) = &download.commit {
        scribe.fact("hub.commit", commit.as_str(), Trust::Recorded, at.pointer("/url"));
    }
    scribe.fact("hub.filesChecked", "none", Trust::Computed, &at);
    Ok(())
}

fn place(files: PathBuf, repository: String, top: &Path, leaf: &Path) -> Place {
    let folder = top.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let below = leaf.strip_prefix(top).ok().and_then(parts).unwrap_or_default().join("/");
    let commit = leaf.file_name().and_then(OsStr::to_str);
    // A commit of git has 40 digits here; 64 are a hash of the builder.
    let commit = commit.filter(|name| name.len() == 40 && is_hash(name)).map(ToOwned::to_owned);
    let entry = Entry { repository: repository.clone(), path: format!("{folder}/{below}"), commit };
    Place { files, name: Some(repository), layout: Layout::Library(entry) }
}

/// The folder `<org>___<name>` that `path` is or lies in, the repository's name, and the way down.
fn repository_around(path: &Path) -> Option<(PathBuf, String, Vec<String>)> {
    let top = path.ancestors().take(LEVELS + super::MAX_DEPTH).find_map(|top| {
        let (organisation, name) = top.file_name()?.to_str()?.split_once(BETWEEN)?;
        (is_name(organisation) && is_name(name)).then(|| (top.to_owned(), format!("{organisation}/{name}")))
    })?;
    let below = parts(path.strip_prefix(&top.0).ok()?)?.into_iter().map(ToOwned::to_owned).collect();
    Some((top.0, top.1, below))
}

fn is_entry(dir: &Path) -> bool {
    fs::symlink_metadata(dir.join(INFO)).is_ok_and(|metadata| metadata.is_file())
}

/// The entries that lie `levels` below `dir`.
fn leaves(dir: &Path, levels: usize) -> Result<Vec<PathBuf>, Error> {
    let mut level = vec![dir.to_owned()];
    for _ in 0..levels {
        let mut next = Vec::new();
        for dir in &level {
            for entry in Tree::open(dir)?.entries(None)?.into_iter().flatten() {
                if entry.kind == EntryKind::Directory {
                    next.push(dir.join(entry.name));
                }
            }
        }
        level = next;
        // More than anybody keeps, and each is opened.
        level.truncate(10_000);
    }
    Ok(level.into_iter().filter(|dir| is_entry(dir)).collect())
}

/// What the `.json` beside a download says that it came from: `hf://datasets/<repository>@<commit>/<path>`.
fn download(file: &Path) -> Result<Option<Download>, Error> {
    let named = |path: &Path| path.file_name().and_then(OsStr::to_str).map(ToOwned::to_owned);
    let (Some(downloads), Some(name)) = (file.parent(), named(file)) else { return Ok(None) };
    if named(downloads).as_deref() != Some("downloads") || !file.is_file() {
        return Ok(None);
    }
    let folder = Folder {
        entity: String::new(),
        role: Role::TrainingDataset,
        root: ROOT.to_owned(),
        path: downloads.to_owned(),
        tree: Tree::open(downloads)?,
        manifest: None,
    };
    let told_by = format!("{name}.json");
    let Some(Ok(content)) = folder.read(&told_by, MAX_URL_BYTES)? else { return Ok(None) };
    let Some(text) = std::str::from_utf8(&content.bytes).ok() else { return Ok(None) };
    let Ok(value) = mlbom::json::parse::<Value>(text) else { return Ok(None) };
    Ok(value.get("url").and_then(Value::as_str).and_then(repository_in).map(|(repository, commit)| {
        Download { repository, commit, downloads: downloads.to_owned(), told_by }
    }))
}

/// The repository and, if it is one, the commit of such a URL.
fn repository_in(url: &str) -> Option<(String, Option<String>)> {
    let (name, rest) = url.strip_prefix("hf://datasets/")?.split_once('@')?;
    let revision = rest.split('/').next()?;
    let parts: Vec<&str> = name.split('/').collect();
    (parts.len() <= 2 && parts.iter().all(|part| is_name(part)))
        .then(|| (name.to_owned(), is_hash(revision).then(|| revision.to_owned())))
}
