//! A download with `local_dir`: `.cache/huggingface/download/<path>.metadata` beside the files, three lines each with
//! commit, name of the content and time (huggingface_hub, "Download files to a local folder").

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mlbom::evidence::Trust;

use super::cache::{self, Ref};
use super::check::{Claim, Content, Hashed};
use super::find::download_around;
use super::join::{Caches, Joined};
use super::list::List;
use super::{folder_at, is_hash, names_below};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::scribe::Scribe;

/// What the library leaves beside the files, and must not be hashed with them.
pub(super) const TOP: &str = ".cache";
/// Where it keeps a word for each file.
pub(super) const DOWNLOADS: &str = ".cache/huggingface/download";
const ENDING: &str = ".metadata";
/// The longest of these words, in bytes; three short lines.
const MAX_METADATA_BYTES: u64 = 1024;

/// A download, and the repositories of the user's caches that have its commit.
#[derive(Clone, Debug)]
pub(super) struct Local {
    /// The directory that was downloaded to.
    top: PathBuf,
    /// Where in it the files are; empty if they are all of it.
    below: String,
    joined: Vec<Joined>,
}

/// What the library wrote down of one file.
struct Metadata {
    commit: String,
    etag: String,
    at: At,
}

impl Local {
    /// The download that `path` is or lies in.
    pub(super) fn around(path: &Path, caches: &Caches, kind: &str) -> Result<Option<Self>, Error> {
        let Some((top, below)) = download_around(path) else { return Ok(None) };
        let folder = Folder {
            entity: String::new(),
            role: mlbom::evidence::Role::BaseModel,
            root: String::new(),
            path: top.clone(),
            tree: mlbom_tree::Tree::open(&top)?,
            manifest: None,
        };
        let words = metadata(&folder, &below, |_, _| ())?;
        if words.is_empty() && !below.is_empty() {
            // A file that lies in a download and did not come with it.
            return Ok(None);
        }
        let mut commits: Vec<&str> = words.values().map(|word| word.commit.as_str()).collect();
        commits.sort_unstable();
        commits.dedup();
        let joined = match commits.as_slice() {
            [commit] => caches.with_commit(commit, kind)?,
            _ => Vec::new(),
        };
        Ok(Some(Self { top, below, joined }))
    }

    /// The repository's name, if the caches know one only.
    pub(super) fn repository(&self) -> Option<String> {
        let (first, rest) = self.joined.split_first()?;
        rest.iter().all(|other| other.repository == first.repository).then(|| first.repository.clone())
    }
}

/// States what the library left beside the files.
pub(super) fn read(scribe: &mut Scribe<'_>, folder: &Folder, local: &Local) -> Result<(), Error> {
    let top = folder_at(scribe, folder.role, &folder.root, &local.top)?;
    let words = metadata(&top, &local.below, |at, why| scribe.unreadable(at, why))?;
    // One source for each commit: two commits are a disagreement, and both are named.
    let mut commits: BTreeMap<&str, &At> = BTreeMap::new();
    for word in words.values() {
        commits.entry(&word.commit).or_insert(&word.at);
    }
    for (commit, at) in &commits {
        scribe.fact("hub.commit", *commit, Trust::Recorded, at.pointer("line 1"));
    }
    let mut refs: Vec<Ref> = Vec::new();
    for joined in &local.joined {
        scribe.fact("hub.repository", joined.repository.as_str(), Trust::Recorded, &joined.at);
        refs.extend(
            joined
                .refs
                .iter()
                .filter(|one| !refs.iter().any(|seen| seen.name == one.name))
                .cloned()
                .collect::<Vec<_>>(),
        );
    }
    let mut list = None;
    if let [commit] = commits.keys().copied().collect::<Vec<_>>()[..] {
        cache::revisions(scribe, &refs, commit);
        list = List::read(scribe, &top, &format!(".cache/huggingface/trees/{commit}.json"))?;
    }
    cache::unfinished(scribe, &top, DOWNLOADS)?;
    let source = match (&list, words.values().next()) {
        (Some(list), _) => list.at.clone(),
        (None, Some(word)) => word.at.clone(),
        (None, None) => return Ok(()),
    };
    let named = |path: &str| {
        Ok(words.get(path).and_then(|word| {
            let content = Content::of_etag(&word.etag)?;
            Some(Claim { content, source: word.at.pointer("line 2") })
        }))
    };
    Hashed { folder, below: &local.below }.check(scribe, list.as_ref(), named, &source)
}

/// The words for the files at or below `below`, by path in the repository; `odd` is told of those that make no sense.
fn metadata(
    top: &Folder,
    below: &str,
    mut odd: impl FnMut(&At, &str),
) -> Result<BTreeMap<String, Metadata>, Error> {
    let mut found = BTreeMap::new();
    let prefix = format!("{DOWNLOADS}/");
    for path in names_below(&top.tree, DOWNLOADS)? {
        let Some(file) = path.as_str().strip_prefix(&prefix).and_then(|path| path.strip_suffix(ENDING))
        else {
            continue;
        };
        let within = below.is_empty()
            || file.strip_prefix(below).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !within {
            continue;
        }
        let file = file.to_owned();
        match top.read(path.as_str(), MAX_METADATA_BYTES)? {
            None => {}
            Some(Err(_)) => odd(&At::name(&top.root, path), "three short lines were wanted"),
            Some(Ok(content)) => match words_of(&content.bytes) {
                Some((commit, etag)) => {
                    found.insert(file, Metadata { commit, etag, at: content.at });
                }
                None => odd(&content.at, "a commit, a name of content and a time were wanted"),
            },
        }
    }
    Ok(found)
}

fn words_of(bytes: &[u8]) -> Option<(String, String)> {
    let mut lines = std::str::from_utf8(bytes).ok()?.lines();
    let (commit, etag, time) = (lines.next()?, lines.next()?, lines.next()?);
    time.parse::<f64>().ok().filter(|time| time.is_finite())?;
    (is_hash(commit) && !etag.is_empty() && lines.next().is_none())
        .then(|| (commit.to_owned(), etag.to_owned()))
}
