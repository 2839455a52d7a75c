//! Finds the repository of a directory, and refuses one that libgit2 should not be let loose on.
//!
//! libgit2 runs no programs: no hooks, no `core.fsmonitor`, no `textconv`, no filters. It does follow `include.path`,
//! `core.worktree` and alternates, opens whatever has the right name or is named there, reads whole what should be short,
//! and believes a `.git` file that points to anywhere; that is what is looked at here. What it takes from a repository's
//! configuration changes at most whether line ends count, whether the mode of a program does, and which untracked files
//! are ignored; remotes are read by the reader, from the file itself and not from what it includes. Of the user's own
//! configuration it honours the same, and `safe.directory`, as people expect. Nothing is written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository, RepositoryOpenFlags};

use super::{alternates, config};

/// The most names in a git directory, and in a work tree.
const MAX_NAMES: usize = 5_000_000;
/// The longest `.git` file, and the longest of the files that point from one git directory to another.
const MAX_POINTER_BYTES: u64 = 8192;
/// The longest reference, and the longest of the files that libgit2 reads whole, in bytes.
const MAX_REFERENCE_BYTES: u64 = 4 << 10;
const MAX_FILE_BYTES: [(&str, u64); 6] = [
    ("HEAD", MAX_REFERENCE_BYTES),
    ("config", config::MAX_BYTES),
    ("config.worktree", config::MAX_BYTES),
    ("objects/info/alternates", alternates::MAX_BYTES),
    ("packed-refs", 64 << 20),
    ("shallow", 64 << 20),
];
/// Files of a work tree that libgit2 opens by name, wherever they lie.
const OPENED_BY_NAME: [&str; 3] = [".gitattributes", ".gitignore", ".gitmodules"];

/// Why a repository is not read.
#[derive(Debug)]
pub(super) enum Refused {
    /// It belongs to another user.
    Owner,
    /// Anything else, in words without paths of this machine.
    Other(String),
}

impl From<git2::Error> for Refused {
    fn from(err: git2::Error) -> Self {
        if err.code() == ErrorCode::Owner {
            return Self::Owner;
        }
        Self::Other(words(&err))
    }
}

impl From<io::Error> for Refused {
    fn from(err: io::Error) -> Self {
        Self::Other(err.kind().to_string())
    }
}

pub(super) fn other(why: impl Into<String>) -> Refused {
    Refused::Other(why.into())
}

/// What libgit2 says, if it names no path of this machine: those are not the record's business.
pub(super) fn words(err: &git2::Error) -> String {
    let message = err.message();
    if message.contains('/') { format!("{:?} ({:?})", err.class(), err.code()) } else { message.to_owned() }
}

/// The top of the work tree that `dir` is in, or the bare repository that it is in; `dir` is a real path.
pub(super) fn find(dir: &Path) -> Option<PathBuf> {
    let device = fs::metadata(dir).ok()?.dev();
    dir.ancestors()
        // As git does: what is mounted here does not belong to a repository around it.
        .take_while(|dir| fs::metadata(dir).is_ok_and(|found| found.dev() == device))
        .find(|dir| fs::symlink_metadata(dir.join(".git")).is_ok() || is_bare(dir))
        .map(Path::to_owned)
}

fn is_bare(dir: &Path) -> bool {
    dir.join("HEAD").is_file() && dir.join("objects").is_dir() && dir.join("refs").is_dir()
}

/// Opens the repository whose top is `top`, a real path.
pub(super) fn open(top: &Path) -> Result<Repository, Refused> {
    let dot_git = top.join(".git");
    let git_dir = match fs::symlink_metadata(&dot_git) {
        Ok(_) => git_dir(top, &dot_git)?,
        Err(_) => top.to_owned(),
    };
    let common = pointer(&git_dir.join("commondir"))?.map(|common| git_dir.join(common));
    for dir in [Some(&git_dir), common.as_ref()].into_iter().flatten() {
        refuse_what_blocks(dir, &|_| true)?;
        refuse_large_files(dir)?;
        config::check(dir, &dir.join("config"))?;
        config::check(dir, &dir.join("config.worktree"))?;
        alternates::check(&dir.join("objects"))?;
    }
    refuse_large_paths(&git_dir)?;
    let nowhere_else: [&Path; 0] = [];
    let repository = Repository::open_ext(top, RepositoryOpenFlags::NO_SEARCH, nowhere_else)?;
    if let Some(found) = repository.workdir() {
        if found.canonicalize()? != top {
            return Err(other("core.worktree names another directory"));
        }
        if !git_dir.starts_with(top) && !points_back(&repository, &dot_git)? {
            return Err(other(".git leads to a repository that does not know of this work tree"));
        }
        let by_name = |name: &str| OPENED_BY_NAME.contains(&name);
        refuse_what_blocks(top, &by_name)?;
        // Read as a configuration, includes and all.
        config::check(&git_dir, &top.join(".gitmodules"))?;
    }
    Ok(repository)
}

/// The real path of the git directory that `.git` is, or points to (gitrepository-layout).
fn git_dir(top: &Path, dot_git: &Path) -> Result<PathBuf, Refused> {
    let found = fs::metadata(dot_git)?;
    if found.is_dir() {
        return Ok(dot_git.canonicalize()?);
    }
    let text = pointer(dot_git)?.unwrap_or_default();
    let target = text.to_str().and_then(|text| text.strip_prefix("gitdir:")).map(str::trim);
    let target = target.ok_or_else(|| other("the file .git does not begin with \"gitdir:\""))?;
    Ok(top.join(target).canonicalize()?)
}

/// The one line of a short regular file.
fn pointer(path: &Path) -> Result<Option<PathBuf>, Refused> {
    match fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= MAX_POINTER_BYTES => {}
        Ok(_) => return Err(other("a file that should name a directory is none, or is too long")),
        Err(_) => return Ok(None),
    }
    let mut text = String::new();
    File::open(path)?.take(MAX_POINTER_BYTES).read_to_string(&mut text)?;
    Ok(Some(text.trim_end_matches(['\n', '\r']).into()))
}

/// Whether a git directory outside of the work tree says that it belongs to it: as a linked work tree, by its file
/// `gitdir`, or as a submodule, by `core.worktree`, which was held against the top already.
fn points_back(repository: &Repository, dot_git: &Path) -> Result<bool, Refused> {
    if repository.config()?.get_path("core.worktree").is_ok() {
        return Ok(true);
    }
    let Some(back) = pointer(&repository.path().join("gitdir"))? else { return Ok(false) };
    let back = repository.path().join(back);
    Ok(back.canonicalize().ok() == dot_git.canonicalize().ok())
}

/// Refuses a git directory in which a file is too long to be read whole.
fn refuse_large_files(git_dir: &Path) -> Result<(), Refused> {
    for (name, limit) in MAX_FILE_BYTES {
        if let Ok(found) = fs::metadata(git_dir.join(name))
            && found.len() > limit
        {
            return Err(other(format!("{name}: {} bytes, at most {limit} were wanted", found.len())));
        }
    }
    Ok(())
}

/// A FIFO blocks who opens it until somebody writes, and a device may never end. In a git directory, where all that has a
/// name matters, directories that links lead to are looked into as well, and references have to be short.
pub(super) fn refuse_what_blocks(dir: &Path, matters: &dyn Fn(&str) -> bool) -> Result<(), Refused> {
    let whole = matters("");
    let references = dir.join("refs");
    let mut ahead = vec![dir.to_owned()];
    let mut linked = BTreeSet::new();
    let mut names = 0_usize;
    while let Some(dir) = ahead.pop() {
        let entries = match fs::read_dir(&dir) {
            // What cannot be listed, libgit2 does not find either.
            Err(err) if err.kind() == io::ErrorKind::PermissionDenied => continue,
            other => other?,
        };
        for entry in entries {
            let entry = entry?;
            names += 1;
            if names > MAX_NAMES {
                return Err(other(format!("more than {MAX_NAMES} names")));
            }
            let (kind, name) = (entry.file_type()?, entry.file_name());
            if kind.is_dir() {
                if whole || name != ".git" {
                    ahead.push(entry.path());
                }
                continue;
            }
            let reference = whole && dir.starts_with(&references);
            if (kind.is_file() && !reference) || !name.to_str().is_none_or(matters) {
                continue;
            }
            let Ok(found) = fs::metadata(entry.path()) else { continue };
            let kind = found.file_type();
            if kind.is_fifo() || kind.is_char_device() || kind.is_block_device() {
                return Err(other("holds a FIFO or a device in place of a file"));
            }
            if kind.is_dir() && whole && linked.insert((found.dev(), found.ino())) {
                ahead.push(entry.path());
            }
            if reference && kind.is_file() && found.len() > MAX_REFERENCE_BYTES {
                let size = found.len();
                return Err(other(format!(
                    "a reference: {size} bytes, at most {MAX_REFERENCE_BYTES} were wanted"
                )));
            }
        }
    }
    Ok(())
}

/// In an index of version 4 a name costs two bytes however long it is (gitformat-index, "Version 4"): what libgit2
/// would make of it is counted before it does.
fn refuse_large_paths(git_dir: &Path) -> Result<(), Refused> {
    /// The most bytes of an index.
    const MAX_INDEX_BYTES: u64 = 512 << 20;
    let Ok(found) = fs::metadata(git_dir.join("index")) else { return Ok(()) };
    if found.len() > MAX_INDEX_BYTES {
        return Err(other("the index is too long"));
    }
    let mut index = io::BufReader::new(File::open(git_dir.join("index"))?);
    let mut head = [0; 12];
    if index.read_exact(&mut head).is_err() || head[..8] != *b"DIRC\0\0\0\x04" {
        return Ok(());
    }
    let entries = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    super::index::check_paths(&mut index, entries).map_err(other)
}
