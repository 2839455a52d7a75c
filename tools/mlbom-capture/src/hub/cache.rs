//! A repository of a Hub cache: `refs/`, `blobs/`, `snapshots/`, `trees/`, `.no_exist/` (huggingface_hub, "Understand
//! caching").

use std::path::PathBuf;

use mlbom::evidence::{Severity, Trust};
use mlbom::path::RelPath;
use serde_json::Value;

use super::check::{Claim, Content, Hashed};
use super::list::List;
use super::{ROOT, folder_at, is_hash, names_below, repository_of};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::dataset_card;
use crate::scribe::{MAX_LIST, Scribe};

/// The longest `refs/` file, in bytes: one commit.
const MAX_REF_BYTES: u64 = 64;
/// The most names under `refs/` that are read.
const MAX_REFS: usize = 10_000;
/// The most unfinished downloads that are named.
const MAX_NAMED: usize = 20;

/// What was fetched of one commit.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// The directory that holds the repository's.
    pub(super) cache: PathBuf,
    /// The repository's directory: `models--org--name`.
    pub(super) folder: String,
    pub(super) commit: String,
    /// Where in the snapshot the files are; empty if they are all of it.
    pub(super) below: String,
}

impl Snapshot {
    /// A place in the repository's directory, from the cache on.
    fn path(&self, below: &str) -> String {
        format!("{}/{below}", self.folder)
    }

    fn at(&self, below: &str) -> Option<At> {
        RelPath::parse(&self.path(below)).ok().map(|path| At::name(ROOT, path))
    }
}

/// States what the cache says of the snapshot that `folder` is, or lies in.
pub(super) fn read(scribe: &mut Scribe<'_>, folder: &Folder, snapshot: &Snapshot) -> Result<(), Error> {
    let cache = folder_at(scribe, folder.role, ROOT, &snapshot.cache)?;
    if let (Some(name), Ok(path)) = (repository_of(&snapshot.folder), RelPath::parse(&snapshot.folder)) {
        scribe.fact("hub.repository", name, Trust::Recorded, &At::name(ROOT, path));
    }
    let Some(here) = snapshot.at(&format!("snapshots/{}", snapshot.commit)) else { return Ok(()) };
    scribe.fact("hub.commit", snapshot.commit.as_str(), Trust::Recorded, &here);
    let refs = refs(&cache, &snapshot.path("refs"))?;
    for one in &refs {
        if let Err(why) = &one.commit {
            scribe.unreadable(&one.at, why);
        }
    }
    revisions(scribe, &refs, &snapshot.commit);
    not_fetched(scribe, &cache, snapshot)?;
    unfinished(scribe, &cache, &snapshot.path("blobs"))?;

    let list = List::read(scribe, &cache, &snapshot.path(&format!("trees/{}.json", snapshot.commit)))?;
    let hashed = Hashed { folder, below: &snapshot.below };
    let blob = |path: &str| {
        let link = RelPath::parse(&snapshot.path(&format!("snapshots/{}/{path}", snapshot.commit)));
        let target = link.ok().map(|link| cache.tree.link_target(&link)).transpose()?.flatten();
        // A snapshot holds copies where links did not work: these have no name to hold them against.
        let etag = target.as_deref().and_then(|target| target.rsplit_once("blobs/")).map(|(_, etag)| etag);
        let named = etag.and_then(|etag| Content::of_etag(etag).zip(snapshot.at(&format!("blobs/{etag}"))));
        Ok(named.map(|(content, at)| Claim { content, source: at.whole() }))
    };
    let source = list.as_ref().map(|list| list.at.clone()).unwrap_or(here);
    hashed.check(scribe, list.as_ref(), blob, &source)?;

    if folder.role.is_dataset() && !snapshot.below.is_empty() {
        let card = snapshot.path(&format!("snapshots/{}/README.md", snapshot.commit));
        dataset_card::license(scribe, &cache, &card)?;
    }
    Ok(())
}

/// A name and the commit that it stood for when the Hub was last asked.
#[derive(Clone, Debug)]
pub(super) struct Ref {
    pub(super) name: String,
    pub(super) at: At,
    pub(super) commit: Result<String, String>,
}

/// Every name under `dir`.
pub(super) fn refs(cache: &Folder, dir: &str) -> Result<Vec<Ref>, Error> {
    let mut refs = Vec::new();
    for path in names_below(&cache.tree, dir)?.into_iter().take(MAX_REFS) {
        let name = path.as_str().strip_prefix(dir).unwrap_or_default().trim_start_matches('/').to_owned();
        let (at, commit) = match cache.read(path.as_str(), MAX_REF_BYTES)? {
            None => continue,
            Some(Err(size)) => {
                (At::name(&cache.root, path), Err(format!("{size} bytes, one commit was wanted")))
            }
            Some(Ok(content)) => {
                let text = String::from_utf8(content.bytes).unwrap_or_default();
                let text = text.strip_suffix('\n').unwrap_or(&text);
                let commit =
                    if is_hash(text) { Ok(text.to_owned()) } else { Err("one commit was wanted".to_owned()) };
                (content.at, commit)
            }
        };
        refs.push(Ref { name, at, commit });
    }
    Ok(refs)
}

/// States which names stand for the commit: by one of them it was asked for, or it was looked up for another reason.
pub(super) fn revisions(scribe: &mut Scribe<'_>, refs: &[Ref], commit: &str) {
    let names = || refs.iter().filter(|one| one.commit.as_deref() == Ok(commit) && !is_hash(&one.name));
    let mut list: Vec<&str> = names().map(|one| one.name.as_str()).collect();
    list.sort_unstable();
    for one in names() {
        scribe.fact("hub.revisions", list.clone(), Trust::Recorded, &one.at);
    }
}

/// Names that were asked for and that the commit does not have.
fn not_fetched(scribe: &mut Scribe<'_>, cache: &Folder, snapshot: &Snapshot) -> Result<(), Error> {
    let dir = format!(".no_exist/{}", snapshot.commit);
    let Some(at) = snapshot.at(&dir) else { return Ok(()) };
    let prefix = format!("{}/", snapshot.path(&dir));
    let names = names_below(&cache.tree, &snapshot.path(&dir))?;
    let mut values: Vec<Value> = names
        .iter()
        .take(MAX_LIST)
        .map(|path| path.as_str().strip_prefix(&prefix).unwrap_or(path.as_str()).into())
        .collect();
    if names.len() > MAX_LIST {
        values.truncate(MAX_LIST - 1);
        values.push(format!("and {} more", names.len() - values.len()).into());
    }
    if !values.is_empty() {
        scribe.fact("hub.notFetched", values, Trust::Recorded, &at);
    }
    Ok(())
}

/// Says which downloads under `dir` of `folder` were not finished.
pub(super) fn unfinished(scribe: &mut Scribe<'_>, folder: &Folder, dir: &str) -> Result<(), Error> {
    let names = names_below(&folder.tree, dir)?;
    let unfinished: Vec<&RelPath> =
        names.iter().filter(|path| path.file_name().ends_with(".incomplete")).collect();
    if !unfinished.is_empty() {
        let message = format!("{} downloads were not finished", unfinished.len());
        let claims = unfinished.iter().take(MAX_NAMED).map(|path| {
            ("an unfinished download".to_owned(), At::name(&folder.root, (*path).clone()).whole())
        });
        scribe.finding("MLB-INCOMPLETE", Severity::Low, &message, claims.collect::<Vec<_>>());
    }
    Ok(())
}
