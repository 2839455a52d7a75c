//! Where the files of a base model or a dataset really are, and what the cache around them says.

mod cache;
mod check;
mod find;
mod join;
mod library;
mod list;
mod local;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use mlbom::evidence::{Absence, Role, Severity};
use mlbom::path::RelPath;
use mlbom_bom::vocabulary::term_of;
use mlbom_tree::{EntryKind, Exclusions, Tree};

use crate::error::Error;
use crate::folder::Folder;
use crate::scribe::Scribe;

pub(crate) use find::{dataset, model};
pub(crate) use join::{Caches, caches};

/// What the paths of sources start from that are names in a cache and not below what was hashed.
const ROOT: &str = "hub";
/// The most names that are read in one directory tree of a cache.
const MAX_NAMES: usize = 1_000_000;
/// The deepest tree of names; `refs/pr/1` and paths in repositories.
const MAX_DEPTH: usize = 32;
/// The facts that tell where something comes from.
const ORIGIN: &[&str] = &["hub.repository", "hub.commit"];
/// The facts that a cache may tell.
const FACTS: &[&str] =
    &["hub.repository", "hub.commit", "hub.revisions", "hub.filesChecked", "hub.notFetched"];

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The directory or file to hash.
    pub(crate) files: PathBuf,
    /// `organisation/name`, if the place tells.
    pub(crate) name: Option<String>,
    layout: Layout,
}

/// What lies around the files.
#[derive(Clone, Debug)]
enum Layout {
    /// Nothing that is known here.
    Plain,
    /// A repository of a Hub cache.
    Snapshot(cache::Snapshot),
    /// What `local_dir` leaves in a download.
    Local(local::Local),
    /// An entry of the datasets library's cache.
    Library(library::Entry),
    /// A single download of the datasets library, before version 3.
    Download(library::Download),
}

impl Place {
    pub(crate) fn plain(path: &Path) -> Self {
        Self { files: path.to_owned(), name: None, layout: Layout::Plain }
    }

    /// What lies among the files and is not part of them.
    pub(crate) fn exclusions(&self) -> Exclusions {
        let mut exclusions = Exclusions::default();
        if let (Layout::Local(_), Ok(path)) = (&self.layout, RelPath::parse(local::TOP)) {
            exclusions.exact.insert(path, "hub".to_owned());
        }
        exclusions
    }
}

/// States what the cache around `folder` says of it.
pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder, place: &Place) -> Result<(), Error> {
    match &place.layout {
        Layout::Plain => {}
        Layout::Snapshot(snapshot) => cache::read(scribe, folder, snapshot)?,
        Layout::Local(local) => local::read(scribe, folder, local)?,
        Layout::Library(entry) => library::read(scribe, entry),
        Layout::Download(download) => library::read_download(scribe, folder, download)?,
    }
    if folder.role == Role::BaseModel && !folder.files().iter().any(check::holds_weights) {
        let message = "the base model holds no weights: nothing can have been trained from it";
        let claims =
            folder.files().first().map(|file| ("no weights beside it".to_owned(), folder.at(file).whole()));
        scribe.finding("MLB-NO-WEIGHTS", Severity::High, message, claims);
    }
    let state = if scribe.unreadable { Absence::Unreadable } else { Absence::Absent };
    // Of what did not come from a Hub there is no more to say.
    let wanted = if matches!(place.layout, Layout::Plain) { ORIGIN } else { FACTS };
    for fact in wanted {
        let entity = scribe.entity.clone();
        if term_of(fact).is_some_and(|term| !scribe.record.states(&entity, term)) {
            scribe.not_known(Some(&entity), fact, state);
        }
    }
    Ok(())
}

/// `organisation/name`, or a name alone, of a folder such as `models--organisation--name`.
fn repository_of(folder: &str) -> Option<String> {
    let rest = PREFIXES.iter().find_map(|prefix| folder.strip_prefix(prefix))?;
    let parts: Vec<&str> = rest.split("--").collect();
    // "--" is not allowed in the names of repositories, so that nothing else reads like this.
    (parts.len() <= 2 && parts.iter().all(|part| is_name(part))).then(|| parts.join("/"))
}

const MODELS: &str = "models--";
const DATASETS: &str = "datasets--";
const PREFIXES: [&str; 4] = [MODELS, DATASETS, "spaces--", "kernels--"];

/// Whether `text` may be the name of an organisation or of a repository in it (huggingface_hub, `validate_repo_id`).
fn is_name(text: &str) -> bool {
    (1..=96).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// Whether `text` is the name of a commit or blob of git: SHA-1 or SHA-256 in lower-case hexadecimal.
fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The files and links below `dir`, in byte order; none if there is no such directory.
fn names_below(tree: &Tree, dir: &str) -> Result<Vec<RelPath>, Error> {
    let mut found = Vec::new();
    let mut ahead: Vec<(RelPath, usize)> = RelPath::parse(dir).into_iter().map(|dir| (dir, 0)).collect();
    while let Some((dir, depth)) = ahead.pop() {
        for entry in tree.entries(Some(&dir))?.into_iter().flatten() {
            let Ok(path) = RelPath::parse(&format!("{dir}/{}", entry.name)) else { continue };
            match entry.kind {
                EntryKind::Directory if depth < MAX_DEPTH => ahead.push((path, depth + 1)),
                EntryKind::Directory => return Err(mlbom_tree::Error::Deep { path: tree.show(&path) }.into()),
                EntryKind::File | EntryKind::Link => found.push(path),
                EntryKind::Special => {}
            }
            if found.len() + ahead.len() > MAX_NAMES {
                return Err(mlbom_tree::Error::TooMany { path: tree.show(&dir) }.into());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A directory of the cache, to look into and to name in sources.
fn folder_at(scribe: &Scribe<'_>, role: Role, root: &str, path: &Path) -> Result<Folder, Error> {
    Ok(Folder {
        entity: scribe.entity.clone(),
        role,
        root: root.to_owned(),
        path: path.to_owned(),
        tree: Tree::open(path)?,
        manifest: None,
    })
}
