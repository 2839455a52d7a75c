//! How a work tree differs from the commit that it was checked out from.
//!
//! The files are held against the commit, not against the index: an index may say of a file that it is to be taken as
//! unchanged, or carry the times and the size that the file has now. What is staged is seen in the index itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use git2::{AttrCheckFlags, AttrValue, Delta, DiffOptions, IndexEntryExtendedFlag, Oid, Repository};
use mlbom::path::RelPath;
use mlbom_tree::Tree;

use super::lfs::{MAX_POINTER_BYTES, Pointer};
use super::place::{self, Refused};
use super::tree::{self, Files, GITLINK};
use crate::error::Error;

/// The most submodules, and how deep they may lie in each other.
const MAX_SUBMODULES: usize = 1000;
const MAX_DEPTH: usize = 8;

/// libgit2 holds a whole file in memory to change its line ends: none that is longer than this, in bytes.
const MAX_FILTERED_BYTES: u64 = 256 << 20;

/// Names of files, as git has them.
type Names = BTreeSet<Vec<u8>>;

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Tracked files that are not what the commit says, or are staged.
    pub(super) modified: BTreeSet<String>,
    /// Files that are not tracked and not ignored.
    pub(super) untracked: BTreeSet<String>,
    /// Large files that are there, with the digest that their pointer gives and their bytes have.
    pub(super) large: BTreeMap<String, Pointer>,
    /// Large files whose pointer lies in their place.
    pub(super) pointers: BTreeMap<String, Pointer>,
    /// Submodules: what the commit says, and what is checked out.
    pub(super) submodules: BTreeMap<String, (Oid, Option<Oid>)>,
    /// What could not be looked at, with why.
    pub(super) unreadable: Vec<(String, String)>,
}

/// Either what is wrong with the repository, or with the machine.
pub(super) enum Failed {
    Refused(Refused),
    Error(Error),
}

impl<E: Into<Refused>> From<E> for Failed {
    fn from(err: E) -> Self {
        Self::Refused(err.into())
    }
}

/// A work tree with what its commit holds.
pub(super) struct Work<'a> {
    repository: &'a Repository,
    top: PathBuf,
    head: Option<git2::Tree<'a>>,
    files: Files,
}

impl<'a> Work<'a> {
    /// `head` is the tree of the commit, if there is one yet.
    pub(super) fn new(repository: &'a Repository, top: &Path, head: Option<Oid>) -> Result<Self, Refused> {
        let files = head.map(|id| tree::files(repository, id)).transpose()?.unwrap_or_default();
        let head = head.map(|id| repository.find_tree(id)).transpose()?;
        Ok(Self { repository, top: top.to_owned(), head, files })
    }

    /// Compares; `depth` counts the repositories that this one is a submodule of.
    pub(super) fn changes(&self, depth: usize) -> Result<Changes, Failed> {
        let mut changes = Changes::default();
        let (staged, skipped) = self.index(&mut changes)?;
        self.refuse_large_text()?;
        let tree = Tree::open(&self.top).map_err(|err| Failed::Error(err.into()))?;
        let mut options = DiffOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_typechange(true)
            .include_unreadable(true)
            .ignore_submodules(true);
        let diff = self.repository.diff_tree_to_workdir(self.head.as_ref(), Some(&mut options))?;
        let mut differs = Names::new();
        for delta in diff.deltas() {
            let file = if delta.status() == Delta::Deleted { delta.old_file() } else { delta.new_file() };
            let Some(path) = file.path_bytes() else { continue };
            let known = self.files.get(path);
            if known.is_some_and(|(_, mode)| *mode == GITLINK) {
                continue;
            }
            let name = shown(path);
            match delta.status() {
                Delta::Unmodified | Delta::Ignored => continue,
                Delta::Untracked if !staged.contains(path) => {
                    changes.untracked.insert(name);
                }
                // A sparse checkout leaves files away, and says so in the index.
                Delta::Deleted if skipped.contains(path) => {}
                Delta::Modified => match self.large(known, &name, &tree)? {
                    Some(pointer) => {
                        changes.large.insert(name, pointer);
                    }
                    None => {
                        changes.modified.insert(name);
                    }
                },
                _ => {
                    changes.modified.insert(name);
                }
            }
            differs.insert(path.to_owned());
        }
        self.pointers(&differs, &mut changes)?;
        self.submodules(depth, &mut changes)?;
        Ok(changes)
    }

    /// Refuses a work tree with a file that is too long to be filtered.
    fn refuse_large_text(&self) -> Result<(), Refused> {
        let converts = self.repository.config()?.get_string("core.autocrlf").is_ok_and(|set| set != "false");
        for path in self.files.keys().filter_map(|path| RelPath::parse(std::str::from_utf8(path).ok()?).ok())
        {
            let found = fs::symlink_metadata(self.top.join(path.as_str()));
            if !found.is_ok_and(|found| found.is_file() && found.len() > MAX_FILTERED_BYTES) {
                continue;
            }
            let attribute = |name: &str| {
                let flags = AttrCheckFlags::FILE_THEN_INDEX;
                let value = self.repository.get_attr(Path::new(path.as_str()), name, flags);
                value.map(AttrValue::from_string).map(|value| match value {
                    AttrValue::False => Some(false),
                    AttrValue::Unspecified => None,
                    _ => Some(true),
                })
            };
            // `text`, else its older name `crlf`, else the configuration (gitattributes, "text").
            let ends = attribute("text")?.or(attribute("crlf")?).unwrap_or(converts);
            if ends || attribute("ident")? == Some(true) {
                return Err(Refused::Other(format!("{path} is too long for a text file")));
            }
        }
        Ok(())
    }

    /// What is staged goes among the changes; gives the names in the index, and those of them that are not checked out.
    fn index(&self, changes: &mut Changes) -> Result<(Names, Names), Refused> {
        let index = self.repository.index()?;
        let (mut names, mut skipped) = (Names::new(), Names::new());
        for entry in index.iter() {
            if !tree::is_plain(&entry.path) {
                return Err(Refused::Other("the index has a name that no file can have".to_owned()));
            }
            let same = self
                .files
                .get(&entry.path)
                .is_some_and(|(id, mode)| *id == entry.id && i64::from(*mode) == i64::from(entry.mode));
            // Two bits of the flags are the stage: not zero if a merge was not ended (gitformat-index).
            if !same || entry.flags & 0x3000 != 0 {
                changes.modified.insert(shown(&entry.path));
            }
            let extended = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
            if extended.is_skip_worktree() {
                skipped.insert(entry.path.clone());
            }
            names.insert(entry.path);
        }
        for path in self.files.keys().filter(|path| !names.contains(*path)) {
            changes.modified.insert(shown(path));
        }
        Ok((names, skipped))
    }

    /// The pointer that the commit holds for a large file, if the file is the one that it stands for: libgit2 knows
    /// nothing of LFS, and calls such a file modified.
    fn large(&self, known: Option<&(Oid, i32)>, name: &str, tree: &Tree) -> Result<Option<Pointer>, Failed> {
        let Some((id, _)) = known else { return Ok(None) };
        if !self.is_large(name) {
            return Ok(None);
        }
        let Some(pointer) = self.pointer(*id)? else { return Ok(None) };
        Ok(pointer.is(tree, name).map_err(Failed::Error)?.then_some(pointer))
    }

    /// Pointers that lie where the files should.
    fn pointers(&self, differs: &Names, changes: &mut Changes) -> Result<(), Refused> {
        let attributes = self.files.keys().any(|path| path.ends_with(b".gitattributes"))
            || self.repository.commondir().join("info/attributes").exists();
        if !attributes {
            return Ok(());
        }
        for (path, (id, mode)) in &self.files {
            let name = shown(path);
            if *mode != GITLINK
                && !differs.contains(path)
                && self.is_large(&name)
                && let Some(pointer) = self.pointer(*id)?
            {
                changes.pointers.insert(name, pointer);
            }
        }
        Ok(())
    }

    fn is_large(&self, name: &str) -> bool {
        let flags = AttrCheckFlags::FILE_THEN_INDEX;
        matches!(self.repository.get_attr(Path::new(name), "filter", flags), Ok(Some("lfs")))
    }

    fn pointer(&self, id: Oid) -> Result<Option<Pointer>, Refused> {
        let odb = self.repository.odb()?;
        if odb.read_header(id)?.0 >= MAX_POINTER_BYTES {
            return Ok(None);
        }
        Ok(Pointer::parse(odb.read(id)?.data()))
    }

    /// Each submodule is opened with the same care as the repository itself, and only below it.
    fn submodules(&self, depth: usize, changes: &mut Changes) -> Result<(), Failed> {
        let links = self.files.iter().filter(|(_, (_, mode))| *mode == GITLINK);
        for (at, (path, (id, _))) in links.enumerate() {
            let name = shown(path);
            if at >= MAX_SUBMODULES || depth >= MAX_DEPTH {
                changes.unreadable.push((name, "too many submodules".to_owned()));
                return Ok(());
            }
            match self.submodule(&name, depth) {
                Ok(None) => {
                    changes.submodules.insert(name, (*id, None));
                }
                Ok(Some((found, dirty))) => {
                    if dirty || found != *id {
                        changes.modified.insert(name.clone());
                    }
                    changes.submodules.insert(name, (*id, Some(found)));
                }
                Err(Failed::Refused(Refused::Owner)) => {
                    changes.unreadable.push((name, "belongs to another user".to_owned()));
                }
                Err(Failed::Refused(Refused::Other(why))) => changes.unreadable.push((name, why)),
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// The commit that is checked out in a submodule, and whether something differs there; none if nothing is.
    fn submodule(&self, name: &str, depth: usize) -> Result<Option<(Oid, bool)>, Failed> {
        let Ok(path) = RelPath::parse(name) else {
            return Err(Refused::Other("its name leaves the work tree".to_owned()).into());
        };
        let mut top = self.top.clone();
        for part in path.as_str().split('/') {
            top.push(part);
            // Not through links: they may lead anywhere.
            if !fs::symlink_metadata(&top).is_ok_and(|found| found.is_dir()) {
                return Ok(None);
            }
        }
        if fs::symlink_metadata(top.join(".git")).is_err() {
            return Ok(None);
        }
        let repository = place::open(&top)?;
        let git_dir = repository.path().canonicalize().map_err(Refused::from)?;
        let common = self.repository.commondir().canonicalize().map_err(Refused::from)?;
        if !git_dir.starts_with(&top) && !git_dir.starts_with(common) {
            return Err(Refused::Other("its repository lies outside".to_owned()).into());
        }
        let commit = repository.head().and_then(|head| head.peel_to_commit())?;
        let changes = Work::new(&repository, &top, Some(commit.tree_id()))?.changes(depth + 1)?;
        if let Some((_, why)) = changes.unreadable.into_iter().next() {
            return Err(Refused::Other(why).into());
        }
        Ok(Some((commit.id(), !changes.modified.is_empty())))
    }
}

/// A name as text: what is not UTF-8 is shown, never opened.
fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
