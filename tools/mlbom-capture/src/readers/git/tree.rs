//! The tree of a commit, counted before libgit2 walks it on its own.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid, Repository};

use super::index::MAX_PATH_BYTES;
use super::place::Refused;

/// The most files of a commit: a few trees that name each other over and over make any number.
const MAX_FILES: usize = 1_000_000;
/// The most trees of a commit.
const MAX_TREES: usize = 500_000;
/// The most bytes of one tree, and of a commit.
pub(super) const MAX_OBJECT_BYTES: usize = 64 << 20;
/// The mode of a submodule.
pub(super) const GITLINK: i32 = 0o160_000;

/// Every file, link and submodule by path: its object and its mode.
pub(super) type Files = BTreeMap<Vec<u8>, (Oid, i32)>;

/// Lists the tree `root`.
pub(super) fn files(repository: &Repository, root: Oid) -> Result<Files, Refused> {
    let odb = repository.odb()?;
    let mut files = Files::new();
    let mut ahead = vec![(Vec::new(), root)];
    let mut trees = 0_usize;
    while let Some((above, id)) = ahead.pop() {
        // The header first: what it says is what libgit2 would allocate.
        let (size, kind) = odb.read_header(id)?;
        trees += 1;
        if kind != ObjectType::Tree || size > MAX_OBJECT_BYTES || trees > MAX_TREES {
            return Err(Refused::Other("the tree of the commit is malformed or too large".to_owned()));
        }
        let tree = repository.find_tree(id)?;
        for entry in &tree {
            let mut path = above.clone();
            path.extend_from_slice(entry.name_bytes());
            if path.len() > MAX_PATH_BYTES || files.len() >= MAX_FILES {
                return Err(Refused::Other(
                    "the tree of the commit has too many or too long names".to_owned(),
                ));
            }
            if !is_plain(&path) {
                return Err(Refused::Other(
                    "the tree of the commit has a name that no file can have".to_owned(),
                ));
            }
            if entry.kind() == Some(ObjectType::Tree) {
                path.push(b'/');
                ahead.push((path, entry.id()));
            } else {
                files.insert(path, (entry.id(), entry.filemode()));
            }
        }
    }
    Ok(files)
}

/// Whether a name stays below the top, and out of `.git` (git-fsck, "hasDot", "hasDotdot", "hasDotgit").
pub(super) fn is_plain(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/')
        .all(|part| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_plain() {
        for (path, plain) in [
            ("a", true),
            ("a/.gitignore", true),
            ("", false),
            ("/a", false),
            ("a//b", false),
            ("a/..", false),
            ("../../x", false),
            ("./a", false),
            ("a/.GIT/config", false),
        ] {
            assert_eq!(is_plain(path.as_bytes()), plain, "{path}");
        }
    }
}
