//! Recognises what a path is: a repository or snapshot of a Hub cache, a download, an entry of the datasets library.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use mlbom::path::RelPath;
use mlbom_tree::{EntryKind, Tree};

use super::cache::Snapshot;
use super::join::Caches;
use super::local::{self, Local};
use super::{DATASETS, Layout, MODELS, PREFIXES, Place, is_hash, library, names_below, repository_of};
use crate::error::Error;

/// Endings of files that hold weights. Only a choice among snapshots and a warning depend on them, no fact.
const WEIGHTS: &[&str] = &[
    "bin",
    "ckpt",
    "gguf",
    "h5",
    "keras",
    "mlmodel",
    "msgpack",
    "npz",
    "onnx",
    "ot",
    "pb",
    "pt",
    "pt2",
    "pth",
    "safetensors",
    "tflite",
];
/// The most snapshots of one repository that are looked into.
const MAX_SNAPSHOTS: usize = 10_000;
/// The most snapshots that a hint names.
const MAX_NAMED: usize = 8;

/// The files of the model at `path`.
pub(crate) fn model(path: &Path, caches: &Caches) -> Result<Place, Error> {
    let absolute = absolute(path);
    if absolute
        .as_deref()
        .and_then(parts)
        .is_some_and(|parts| parts.iter().any(|part| part.starts_with(DATASETS)))
    {
        let hint = format!("name it as data: --dataset ROLE={}", path.display());
        return Err(Error::Base {
            path: path.display().to_string(),
            why: "is a dataset, a model was wanted",
            hint,
        });
    }
    find(path, caches, MODELS)
}

/// The files of the dataset at `path`.
pub(crate) fn dataset(path: &Path, caches: &Caches) -> Result<Place, Error> {
    let place = find(path, caches, DATASETS)?;
    Ok(match place.layout {
        Layout::Plain => library::find(path)?.unwrap_or(place),
        _ => place,
    })
}

/// Whether a file of that name holds weights, as far as its name tells.
pub(super) fn is_weights(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| WEIGHTS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Whether a file of that name in a repository of data is data.
pub(super) fn is_data(name: &str) -> bool {
    !name.starts_with('.') && !name.ends_with(".md") && !name.ends_with(".py") && !name.starts_with("LICENSE")
}

/// The absolute path of `path` itself: links on the way to it are followed, it itself only if it is a directory.
pub(super) fn absolute(path: &Path) -> Option<PathBuf> {
    // The caller named this path; what lies below it is opened by descriptor later.
    if fs::metadata(path).ok()?.is_dir() {
        return fs::canonicalize(path).ok();
    }
    let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
}

/// The parts of a path, without its root; none if one is not UTF-8.
pub(super) fn parts(path: &Path) -> Option<Vec<&str>> {
    let normal = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_str()),
        _ => None,
    });
    normal.collect()
}

fn find(path: &Path, caches: &Caches, kind: &str) -> Result<Place, Error> {
    // What cannot be opened is said by whoever opens it to hash it.
    let Some(absolute) = absolute(path) else { return Ok(Place::plain(path)) };
    if let Some(snapshot) = snapshot_of(&absolute) {
        let name = repository_of(&snapshot.folder);
        return Ok(Place { files: path.to_owned(), name, layout: Layout::Snapshot(snapshot) });
    }
    if let Some(repository) = repository_at(&absolute) {
        return choose(path, &repository);
    }
    Ok(match Local::around(&absolute, caches, kind)? {
        Some(local) => {
            Place { files: path.to_owned(), name: local.repository(), layout: Layout::Local(local) }
        }
        None => Place::plain(path),
    })
}

/// The snapshot that `path` is or lies in: `<cache>/models--org--name/snapshots/<commit>/...` (huggingface_hub,
/// "Understand caching").
fn snapshot_of(path: &Path) -> Option<Snapshot> {
    let names: Vec<&OsStr> = path.components().map(Component::as_os_str).collect();
    let at = (2..names.len().checked_sub(1)?).rev().find(|&at| {
        names[at] == "snapshots"
            && names[at - 1].to_str().is_some_and(is_repository)
            && names[at + 1].to_str().is_some_and(is_hash)
    })?;
    let below: Vec<&str> = names[at + 2..].iter().map(|name| name.to_str()).collect::<Option<_>>()?;
    Some(Snapshot {
        cache: names[..at - 1].iter().collect(),
        folder: names[at - 1].to_str()?.to_owned(),
        commit: names[at + 1].to_str()?.to_owned(),
        below: below.join("/"),
    })
}

fn is_repository(folder: &str) -> bool {
    PREFIXES.iter().any(|prefix| folder.starts_with(prefix))
}

/// The repository of a Hub cache that `path` is: its own directory, or that of its snapshots.
fn repository_at(path: &Path) -> Option<PathBuf> {
    let named = |path: &Path| path.file_name().and_then(OsStr::to_str).is_some_and(is_repository);
    let above = path.parent().filter(|_| path.file_name() == Some(OsStr::new("snapshots")));
    [Some(path), above].into_iter().flatten().find(|path| named(path) && path.is_dir()).map(Path::to_owned)
}

/// The one snapshot of a repository that holds what was asked for. Where `refs/main` leads does not matter: a later look
/// at the Hub moves it to a commit of which only a configuration was fetched.
fn choose(given: &Path, repository: &Path) -> Result<Place, Error> {
    let refused = |why, hint: String| Err(Error::Base { path: given.display().to_string(), why, hint });
    let tree = Tree::open(repository)?;
    let folder = tree.name().to_owned();
    let wanted = if folder.starts_with(DATASETS) { is_data } else { is_weights };
    let snapshots =
        RelPath::parse("snapshots").ok().map(|dir| tree.entries(Some(&dir))).transpose()?.flatten();
    let mut all = 0usize;
    let mut full = Vec::new();
    for entry in snapshots.into_iter().flatten().take(MAX_SNAPSHOTS) {
        if entry.kind == EntryKind::Directory && is_hash(&entry.name) {
            all += 1;
            let names = names_below(&tree, &format!("snapshots/{}", entry.name))?;
            if names.iter().any(|path| wanted(path.file_name())) {
                full.push(entry.name);
            }
        }
    }
    let what = if folder.starts_with(DATASETS) { "data" } else { "weights" };
    match full.as_slice() {
        [commit] => {
            let files = repository.join("snapshots").join(commit);
            let cache = repository.parent().map(Path::to_owned).unwrap_or_default();
            let name = repository_of(&folder);
            let snapshot = Snapshot { cache, folder, commit: commit.clone(), below: String::new() };
            Ok(Place { files, name, layout: Layout::Snapshot(snapshot) })
        }
        [] if all == 0 => refused(
            "is a repository of a Hub cache without any snapshot",
            "was it downloaded to another cache?".to_owned(),
        ),
        [] => refused(
            "is a repository of a Hub cache, and none of its snapshots holds what was wanted",
            format!("give a snapshot if it is to be taken without {what}"),
        ),
        many => {
            let mut named: Vec<String> =
                many.iter().take(MAX_NAMED).map(|commit| format!("snapshots/{commit}")).collect();
            if many.len() > MAX_NAMED {
                named.push(format!("{} more", many.len() - MAX_NAMED));
            }
            refused(
                "is a repository of a Hub cache with several snapshots",
                format!("give the snapshot: {}", named.join(" or ")),
            )
        }
    }
}

/// The directory above `path`, or `path`, that `local_dir` downloads went to, and the way down from it.
pub(super) fn download_around(path: &Path) -> Option<(PathBuf, String)> {
    let start = if path.is_dir() { path } else { path.parent()? };
    let top = start.ancestors().take(super::MAX_DEPTH).find(|top| top.join(local::DOWNLOADS).is_dir())?;
    let below = parts(path.strip_prefix(top).ok()?)?.join("/");
    Some((top.to_owned(), below))
}
