//! The caches that may know which repository a commit belongs to.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use mlbom::evidence::Role;
use mlbom::path::RelPath;
use mlbom_tree::{EntryKind, Tree};

use super::cache::{self, Ref};
use super::find::absolute;
use super::{PREFIXES, ROOT, repository_of};
use crate::args::{Args, Dataset, Named};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::Machine;

/// The most repositories of one cache that are looked into.
const MAX_REPOSITORIES: usize = 10_000;

/// Hub caches: the user's, and those that flags lead into.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caches(BTreeSet<PathBuf>);

/// A repository that has a commit.
#[derive(Clone, Debug)]
pub(super) struct Joined {
    pub(super) repository: String,
    /// Where the commit was found.
    pub(super) at: At,
    /// The names in that repository.
    pub(super) refs: Vec<Ref>,
}

/// The caches of `machine`'s user (huggingface_hub, "Environment variables"), and those that `args` name.
pub(crate) fn caches(args: &Args, machine: &Machine) -> Caches {
    let from = |name: &str, below: &str| {
        let value = machine.variables.get(OsStr::new(name)).filter(|value| !value.is_empty())?;
        Some(Path::new(value).join(below))
    };
    let of_user = [
        from("HF_HUB_CACHE", ""),
        from("HUGGINGFACE_HUB_CACHE", ""),
        from("HF_HOME", "hub"),
        from("XDG_CACHE_HOME", "huggingface/hub"),
        from("HOME", ".cache/huggingface/hub"),
    ];
    let bases = args.base.iter().filter_map(|base| match base {
        Named::Path(path) => Some(path),
        Named::None => None,
    });
    let datasets = args.dataset.iter().filter_map(|dataset| match dataset {
        Dataset::Path(_, path) => Some(path),
        Dataset::None => None,
    });
    let of_flags = bases.chain(datasets).filter_map(|path| {
        let path = absolute(path)?;
        let repository = path.ancestors().find(|path| {
            let name = path.file_name().and_then(OsStr::to_str);
            name.is_some_and(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        })?;
        repository.parent().map(Path::to_owned)
    });
    Caches(of_user.into_iter().flatten().chain(of_flags).filter(|path| path.is_dir()).collect())
}

impl Caches {
    /// The repositories of that kind, such as `models--`, that have `commit`: as a snapshot, or under a name.
    pub(super) fn with_commit(&self, commit: &str, kind: &str) -> Result<Vec<Joined>, Error> {
        let mut found = Vec::new();
        for path in &self.0 {
            // Nobody named this directory: one that cannot be opened knows nothing.
            let Ok(tree) = Tree::open(path) else { continue };
            let entries = tree.entries(None)?.into_iter().flatten();
            let folders: Vec<String> = entries
                .filter(|entry| entry.kind == EntryKind::Directory && entry.name.starts_with(kind))
                .map(|entry| entry.name)
                .take(MAX_REPOSITORIES)
                .collect();
            let cache = Folder {
                entity: String::new(),
                role: Role::BaseModel,
                root: ROOT.to_owned(),
                path: path.clone(),
                tree,
                manifest: None,
            };
            for folder in folders {
                if let Some(joined) = join(&cache, &folder, commit)? {
                    found.push(joined);
                }
            }
        }
        Ok(found)
    }
}

fn join(cache: &Folder, folder: &str, commit: &str) -> Result<Option<Joined>, Error> {
    let Some(repository) = repository_of(folder) else { return Ok(None) };
    let Ok(snapshot) = RelPath::parse(&format!("{folder}/snapshots/{commit}")) else { return Ok(None) };
    let refs = cache::refs(cache, &format!("{folder}/refs"))?;
    let named = refs.iter().find(|one| one.commit.as_deref() == Ok(commit)).map(|one| one.at.clone());
    let at = match cache.tree.entries(Some(&snapshot))? {
        Some(_) => Some(At::name(&cache.root, snapshot)),
        None => named,
    };
    Ok(at.map(|at| Joined { repository, at, refs }))
}
