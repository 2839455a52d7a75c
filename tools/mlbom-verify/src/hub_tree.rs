//! Holds a model against the Hub's listing of the files of a commit.
//!
//! Nobody signed the listing: this says that what is here is what was listed, and not who listed it. A file that is in git
//! itself is known there by SHA-1 alone, which is no proof against who made the file (see [`mlbom_hub::git_blob`]); whoever
//! wants one holds the model against a signature as well.

use std::collections::BTreeSet;
use std::path::Path;

use mlbom::cli::Hint;
use mlbom::digest::Sha256;
use mlbom::manifest::{Differences, File, Manifest};
use mlbom::path::RelPath;
use mlbom::report::Check;
use mlbom_hub::{BlobId, HubFile, HubTree, git_blob};
use mlbom_tree::Tree;

use crate::only::Only;

/// The name of the check.
const ID: &str = "hub-tree";
/// Where the Hub's library keeps a record of its own beside what it downloads to a directory of the caller's, the listing
/// among it (huggingface_hub 1.33, `local_dir`). None of it is in the listing.
const RECORD: &str = ".cache/huggingface/";
/// The longest file that is read once more, in bytes: what is longer, the Hub keeps outside of git.
const MAX_BLOB_BYTES: u64 = 64 << 20;

/// Why a model could not be held against a listing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{name}: lists {path:?}, of {size} bytes, by its git blob; at most {MAX_BLOB_BYTES} were wanted")]
    Large { name: String, path: RelPath, size: u64 },
    #[error("{name}: lists {path:?} by its git blob, the manifest on standard input has no such digest")]
    NeedsBytes { name: String, path: RelPath },
    #[error(transparent)]
    Tree(#[from] mlbom_tree::Error),
}

impl Hint for Error {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Large { .. } => None,
            Self::NeedsBytes { .. } => Some("give the model's directory in place of its manifest".to_owned()),
            Self::Tree(err) => err.hint(),
        }
    }
}

/// Holds the files of `model` against `tree`, the listing in the file called `name`, as far as `only` covers them.
///
/// Files known by their git blob are read once more, from the model at `root`; a model that came as a manifest has none.
/// `bundle_files` may be there without being listed.
pub(crate) fn check(
    tree: &HubTree,
    name: &str,
    model: &Manifest,
    root: Option<&Path>,
    only: &Only,
    bundle_files: &BTreeSet<&RelPath>,
) -> Result<Check, Error> {
    let about = |check| Check { file: Some(name.to_owned()), ..check };
    let (mut differences, mut in_git, mut compared) = (Differences::default(), Vec::new(), 0usize);
    for (path, listed) in tree.files().iter().filter(|(path, _)| only.covers(path)) {
        let Some(file) = find(model, path) else {
            differences.missing.push(path.clone());
            continue;
        };
        compared += 1;
        match same(file, listed) {
            Same::Yes => {}
            Same::No => differences.changed.push(path.clone()),
            Same::IfBlob(blob) => in_git.push((file, blob)),
        }
    }
    differences.changed.extend(changed_blobs(&in_git, name, model, root)?);
    differences.changed.sort_unstable();
    let extra = model.files().iter().map(|file| &file.path).filter(|path| {
        only.covers(path) && !tree.files().contains_key(*path) && !bundle_files.contains(path)
    });
    let has_record = keeps(model, tree);
    let is_passed_over = |path: &&RelPath| has_record && path.as_str().starts_with(RECORD);
    let (passed_over, extra): (Vec<&RelPath>, Vec<&RelPath>) = extra.partition(is_passed_over);
    differences.extra = extra.into_iter().cloned().collect();
    if !differences.is_empty() {
        return Ok(about(differ(differences)));
    }
    if compared == 0 {
        let remedy = "give patterns that select files of the listing, as it names them";
        return Ok(about(Check::failed(ID, "--only: no file of the Hub's listing matches", remedy)));
    }
    Ok(about(Check { reason: reserve(passed_over.len()), ..Check::held(ID) }))
}

/// Whether the listing is the one that the library left in the model: only then is what lies beside it the library's too.
fn keeps(model: &Manifest, tree: &HubTree) -> bool {
    let is_it = |file: &File| file.path.as_str().starts_with(RECORD) && file.digests.sha256 == tree.sha256();
    model.files().iter().any(is_it)
}

/// What a yes does not say.
fn reserve(passed_over: usize) -> Option<String> {
    let text = || {
        format!("{passed_over} files in {RECORD}, which keeps the listing itself, were not held against it")
    };
    (passed_over > 0).then(text)
}

fn find<'a>(model: &'a Manifest, path: &RelPath) -> Option<&'a File> {
    let files = model.files();
    files.binary_search_by(|file| file.path.cmp(path)).ok().map(|at| &files[at])
}

/// Whether a file is the one that is listed.
enum Same {
    Yes,
    No,
    /// Known once its bytes are read.
    IfBlob(BlobId),
}

fn same(file: &File, listed: &HubFile) -> Same {
    match (listed.lfs_sha256, listed.blob_id) {
        _ if file.size != listed.size => Same::No,
        (Some(sha256), _) if file.digests.sha256 == sha256 => Same::Yes,
        (None, Some(blob)) => Same::IfBlob(blob),
        // A listing has one of the two; of none, nothing is known to be the same.
        (Some(_), _) | (None, None) => Same::No,
    }
}

/// Of the files `in_git`, each with the blob that it should be, those that are another.
fn changed_blobs(
    in_git: &[(&File, BlobId)],
    name: &str,
    model: &Manifest,
    root: Option<&Path>,
) -> Result<Vec<RelPath>, Error> {
    let Some((first, _)) = in_git.first() else { return Ok(Vec::new()) };
    let name = || name.to_owned();
    let Some(root) = root else {
        return Err(Error::NeedsBytes { name: name(), path: first.path.clone() });
    };
    if let Some((file, _)) = in_git.iter().find(|(file, _)| file.size > MAX_BLOB_BYTES) {
        return Err(Error::Large { name: name(), path: file.path.clone(), size: file.size });
    }
    let tree = Tree::of_manifest(root, model)?;
    let mut changed = Vec::new();
    for (file, wanted) in in_git {
        if blob_of(&tree, file)? != *wanted {
            changed.push(file.path.clone());
        }
    }
    Ok(changed)
}

/// The git blob that `file` is, from the bytes that its SHA-256 in the manifest is of.
fn blob_of(tree: &Tree, file: &File) -> Result<BlobId, Error> {
    let changed = || mlbom_tree::Error::Changed { path: tree.show(&file.path) };
    let opened = tree.open_file(&file.path)?.ok_or_else(changed)?;
    let bytes = opened.read(file.size)?.ok_or_else(changed)?;
    if Sha256::of(&bytes) != file.digests.sha256 {
        return Err(changed().into());
    }
    let failed = |source| mlbom_tree::Error::Io { path: tree.show(&file.path), source };
    Ok(git_blob::name_of(&bytes[..], file.size).map_err(failed)?)
}

fn differ(differences: Differences) -> Check {
    let Differences { missing, changed, extra } = &differences;
    let reason = format!(
        "the files are not those of the Hub's listing: {} missing, {} changed, {} extra",
        missing.len(),
        changed.len(),
        extra.len()
    );
    let remedy =
        "fetch the model again, and the listing of the very commit that it is of, with all its pages";
    Check { differences: Some(differences), ..Check::failed(ID, reason, remedy) }
}

#[cfg(test)]
mod tests;
