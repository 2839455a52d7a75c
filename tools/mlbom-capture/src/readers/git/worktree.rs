//! How a work tree differs from the commit that it was checked out from.
//!
//! The files are held against the commit, not against the index: an index may say of a file that it is to be taken as
//! unchanged, or carry the times and the size that the file has now. What is staged is seen in the index itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use git2::{AttrCheckFlags, AttrValue, Delta, DiffOptions, IndexEntryExtendedFlag, Oid, Repository};
use mlbom::path::RelPath;
use mlbom_tree::Tree;

use super::bytes::{Bytes, Found, shown};
use super::lfs::{MAX_POINTER_BYTES, Pointer};
use super::place::{self, Refused};
use super::tree::{self, Files, GITLINK};
use crate::error::Error;

/// The most submodules, and how deep they may lie in each other.
const MAX_SUBMODULES: usize = 1000;
const MAX_DEPTH: usize = 8;

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
    /// What could not be looked at, in words, with why.
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
    files: Files,
}

impl<'a> Work<'a> {
    /// `head` is the tree of the commit, if there is one yet.
    pub(super) fn new(repository: &'a Repository, top: &Path, head: Option<Oid>) -> Result<Self, Refused> {
        let files = head.map(|id| tree::files(repository, id)).transpose()?.unwrap_or_default();
        Ok(Self { repository, top: top.to_owned(), files })
    }

    /// Whether the commit or the index has a file at `path`, or below it; at the top, whether they have any.
    pub(super) fn tracks(&self, path: &Path) -> Result<bool, Refused> {
        let path = path.as_os_str().as_bytes();
        let below = |name: &[u8]| {
            let rest = name.strip_prefix(path);
            path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        };
        if self.files.keys().any(|name| below(name)) {
            return Ok(true);
        }
        Ok(!self.repository.is_bare() && self.repository.index()?.iter().any(|entry| below(&entry.path)))
    }

    /// Compares; `depth` counts the repositories that this one is a submodule of.
    pub(super) fn changes(&self, depth: usize) -> Result<Changes, Failed> {
        let mut changes = Changes::default();
        let (staged, skipped) = self.index(&mut changes)?;
        let differs = self.tracked(&skipped, &mut changes)?;
        self.untracked(&staged, &mut changes)?;
        self.pointers(&differs, &mut changes)?;
        self.submodules(depth, &mut changes)?;
        Ok(changes)
    }

    /// Holds every file and link against the commit; gives the names of those that differ.
    fn tracked(&self, skipped: &Names, changes: &mut Changes) -> Result<Names, Failed> {
        let config = self.repository.config()?;
        let modes = config.get_bool("core.filemode").unwrap_or(true);
        let automatic = config.get_string("core.autocrlf").is_ok_and(|set| set != "false");
        let tree = Tree::open(&self.top).map_err(|err| Failed::Error(err.into()))?;
        let mut bytes = Bytes::open(self.repository.odb()?, &self.top, modes)?;
        let mut differs = Names::new();
        for (path, (id, mode)) in self.files.iter().filter(|(_, (_, mode))| *mode != GITLINK) {
            let name = shown(path);
            match bytes.look(path, *id, *mode)? {
                Found::Same => continue,
                // A sparse checkout leaves files away, and says so in the index.
                Found::Nothing if skipped.contains(path) => {}
                Found::Closed => {
                    changes.unreadable.push((name, "permission denied".to_owned()));
                }
                Found::OtherBytes(opened) => {
                    if let Some(pointer) = self.large(*id, &name, &tree)? {
                        changes.large.insert(name, pointer);
                    } else if self.converts(path, automatic)? && opened.differs_in_line_ends(*id)? {
                        continue;
                    } else {
                        changes.modified.insert(name);
                    }
                }
                Found::Nothing | Found::OtherKind => {
                    changes.modified.insert(name);
                }
            }
            differs.insert(path.clone());
        }
        Ok(differs)
    }

    /// Files that are in neither the commit nor the index. libgit2 lists them for its ignore rules, and compares nothing.
    fn untracked(&self, staged: &Names, changes: &mut Changes) -> Result<(), Refused> {
        let mut options = DiffOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_unreadable(true)
            .ignore_submodules(true);
        let diff = self.repository.diff_tree_to_workdir(None, Some(&mut options))?;
        for delta in diff.deltas() {
            let Some(path) = delta.new_file().path_bytes() else { continue };
            let known = path.strip_suffix(b"/").unwrap_or(path);
            if self.files.contains_key(known) || staged.contains(known) {
                continue;
            }
            match delta.status() {
                Delta::Untracked => {
                    changes.untracked.insert(shown(path));
                }
                Delta::Ignored | Delta::Unmodified => {}
                _ => {
                    changes.modified.insert(shown(path));
                }
            }
        }
        Ok(())
    }

    /// Whether git changes the line ends of a file as it is checked out: by `text` or `eol`, else by the older name
    /// `crlf`, else by the configuration (gitattributes, "text"; git-config, `core.autocrlf`).
    fn converts(&self, path: &[u8], automatic: bool) -> Result<bool, Refused> {
        let path = Path::new(OsStr::from_bytes(path));
        let attribute = |name: &str| {
            let value = self.repository.get_attr_bytes(path, name, AttrCheckFlags::FILE_THEN_INDEX);
            value.map(AttrValue::from_bytes).map(|value| match value {
                AttrValue::False => Some(false),
                AttrValue::Unspecified => None,
                _ => Some(true),
            })
        };
        let text = attribute("text")?;
        let eol = if text.is_none() { attribute("eol")? } else { None };
        Ok(text.or(eol).or(attribute("crlf")?).unwrap_or(automatic))
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
    /// nothing of LFS.
    fn large(&self, id: Oid, name: &str, tree: &Tree) -> Result<Option<Pointer>, Failed> {
        if !self.is_large(name) {
            return Ok(None);
        }
        let Some(pointer) = self.pointer(id)? else { return Ok(None) };
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
                changes.unreadable.push((submodule(&name), "too many submodules".to_owned()));
                return Ok(());
            }
            match self.submodule(&name, depth) {
                Ok(Submodule::Nothing) => {
                    changes.submodules.insert(name, (*id, None));
                }
                Ok(Submodule::Other) => {
                    changes.modified.insert(name.clone());
                    changes.submodules.insert(name, (*id, None));
                }
                Ok(Submodule::At(found, inside)) => {
                    if !inside.modified.is_empty() || found != *id {
                        changes.modified.insert(name.clone());
                    }
                    changes.untracked.extend(inside.untracked.iter().map(|path| format!("{name}/{path}")));
                    changes.submodules.insert(name, (*id, Some(found)));
                }
                Err(Failed::Refused(Refused::Owner)) => {
                    changes.unreadable.push((submodule(&name), "belongs to another user".to_owned()));
                }
                Err(Failed::Refused(Refused::Other(why))) => changes.unreadable.push((submodule(&name), why)),
                Err(err) => return Err(err),
            }
        }
        Ok(())
    }

    /// What lies in the place of a submodule.
    fn submodule(&self, name: &str, depth: usize) -> Result<Submodule, Failed> {
        let Ok(path) = RelPath::parse(name) else {
            return Err(Refused::Other("its name leaves the work tree".to_owned()).into());
        };
        let mut top = self.top.clone();
        for part in path.as_str().split('/') {
            top.push(part);
            match fs::symlink_metadata(&top) {
                Ok(found) if found.is_dir() => {}
                // Not through links: they may lead anywhere.
                Ok(_) => return Ok(Submodule::Other),
                Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Submodule::Nothing),
                Err(err) => return Err(Refused::from(err).into()),
            }
        }
        if fs::symlink_metadata(top.join(".git")).is_err() {
            let empty = fs::read_dir(&top).map_err(Refused::from)?.next().is_none();
            return Ok(if empty { Submodule::Nothing } else { Submodule::Other });
        }
        let repository = place::open(&top)?;
        let git_dir = repository.path().canonicalize().map_err(Refused::from)?;
        let common = self.repository.commondir().canonicalize().map_err(Refused::from)?;
        if !git_dir.starts_with(&top) && !git_dir.starts_with(common) {
            return Err(Refused::Other("its repository lies outside".to_owned()).into());
        }
        let commit = repository.head().and_then(|head| head.peel_to_commit())?;
        let changes = Work::new(&repository, &top, Some(commit.tree_id()))?.changes(depth + 1)?;
        if let Some((what, why)) = changes.unreadable.first() {
            return Err(Refused::Other(format!("{what}: {why}")).into());
        }
        Ok(Submodule::At(commit.id(), changes))
    }
}

/// What lies in the place of a submodule.
enum Submodule {
    /// Nothing, or an empty directory: it was not checked out.
    Nothing,
    /// A link, a file, or a directory with something in it that is no repository.
    Other,
    /// A repository at this commit, with what differs there.
    At(Oid, Changes),
}

/// A submodule, in words.
fn submodule(name: &str) -> String {
    format!("submodule {name}")
}
