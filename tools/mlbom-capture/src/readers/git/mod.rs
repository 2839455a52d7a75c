//! The code that made the model: a git work tree, or a bare repository.
//!
//! All facts are of the whole repository, also if a directory below its top was named, as long as it tracks a file there.
//! Sources are parts of `.git`.

mod alternates;
mod bytes;
mod config;
mod index;
mod lfs;
mod place;
#[cfg(test)]
mod tests;
mod tree;
mod worktree;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{ConfigLevel, ObjectType, Repository};
use mlbom::evidence::{Absence, Severity, Source, Trust};
use mlbom::path::RelPath;
use mlbom::time::Timestamp;

use self::place::Refused;
use self::worktree::{Changes, Failed, Work};
use crate::error::Error;
use crate::folder::{At, Folder};
use crate::readers::{On, Read, listed, urls};
use crate::scribe::Scribe;

pub(crate) const READER: super::Reader = super::Reader {
    name: "git",
    on: &[On::Code],
    facts: &[
        "code.branch",
        "code.commit",
        "code.committed",
        "code.dirty",
        "code.lfsFiles",
        "code.modified",
        "code.pushed",
        "code.remotes",
        "code.shallow",
        "code.signature",
        "code.submodules",
        "code.tags",
        "code.tree",
        "code.untracked",
    ],
    read: Read::Folder(read),
};

/// The most references of one kind.
const MAX_REFERENCES: usize = 200_000;
/// The most claims of one finding.
const MAX_CLAIMS: usize = 20;

/// Reads the repository that `folder` is, or is in.
pub(crate) fn read(scribe: &mut Scribe<'_>, folder: &Folder) -> Result<(), Error> {
    let real = folder
        .path
        .canonicalize()
        .map_err(|source| mlbom_tree::Error::Io { path: folder.path.display().to_string(), source })?;
    let Some(top) = place::find(&real) else {
        scribe.not_known(None, "code", Absence::Absent);
        return Ok(());
    };
    let Some(at) = RelPath::parse(".git").ok().map(|path| At::name(&folder.root, path)) else {
        return Ok(());
    };
    let repository = match place::open(&top) {
        Ok(repository) => repository,
        Err(refused) => {
            say_refused(scribe, &at, folder, &refused);
            return Ok(());
        }
    };
    let reader = Reader { repository: &repository, at: &at, name: folder.tree.name() };
    let inside = real.strip_prefix(&top).unwrap_or(Path::new(""));
    reader.read(scribe, &top, inside)
}

fn say_refused(scribe: &mut Scribe<'_>, at: &At, folder: &Folder, refused: &Refused) {
    let name = folder.tree.name();
    match refused {
        Refused::Owner => {
            scribe.unreadable = true;
            let message = format!(
                "repository {name} belongs to another user and was not read: git's setting safe.directory allows it"
            );
            scribe.finding(
                "MLB-GIT-OWNER",
                Severity::High,
                &message,
                [("another user".to_owned(), at.whole())],
            );
        }
        Refused::Other(why) => scribe.unreadable(at, &format!("repository {name}: {why}")),
    }
}

struct Reader<'a> {
    repository: &'a Repository,
    at: &'a At,
    name: &'a str,
}

impl Reader<'_> {
    /// `inside` is the directory that was named, from `top`.
    fn read(&self, scribe: &mut Scribe<'_>, top: &Path, inside: &Path) -> Result<(), Error> {
        let head = self.head();
        let (readable, unborn) = (head.is_ok(), matches!(head, Ok(None)));
        let work = match &head {
            Ok(head) => {
                let tree = head.as_ref().map(git2::Commit::tree_id);
                Work::new(self.repository, top, tree)
            }
            Err(_) => Err(Refused::Other("the commit cannot be read".to_owned())),
        };
        // A repository around code that it tracks nothing of says nothing of that code.
        match work.as_ref().map(|work| work.tracks(inside)) {
            Ok(Ok(false)) if !(unborn && inside == Path::new("")) => {
                self.say_untracked(scribe);
                return Ok(());
            }
            Ok(Err(_)) | Err(_) if inside != Path::new("") => {
                let why = "what it tracks of this directory is not known".to_owned();
                let _ = self.said::<()>(scribe, "work tree", Err(Refused::Other(why)));
                return Ok(());
            }
            _ => {}
        }
        let branch = self.branch(scribe);
        if head.is_ok() {
            let _ = self.said(scribe, "HEAD", branch);
        }
        let head = self.said(scribe, "HEAD", head).flatten();
        if let Some(commit) = &head {
            self.commit(scribe, commit);
        }
        let remotes = self.remotes(scribe);
        let _ = self.said(scribe, "config", remotes);
        scribe.fact(
            "code.shallow",
            self.repository.is_shallow(),
            Trust::Recorded,
            self.at.pointer("shallow"),
        );
        if let Some(commit) = head.map(|commit| commit.id()) {
            let tags = self.tags(scribe, commit);
            let _ = self.said(scribe, "refs/tags", tags);
            let pushed = self.pushed(scribe, commit);
            let _ = self.said(scribe, "refs/remotes", pushed);
        }
        if self.repository.is_bare() || !readable {
            return Ok(());
        }
        match work.map_err(Failed::Refused).and_then(|work| work.changes(0)) {
            Ok(changes) => self.changes(scribe, top, &changes, unborn),
            Err(Failed::Refused(refused)) => {
                let _ = self.said::<()>(scribe, "work tree", Err(refused));
            }
            Err(Failed::Error(err)) => return Err(err),
        }
        Ok(())
    }

    /// What went well; what did not is said.
    fn said<T>(&self, scribe: &mut Scribe<'_>, part: &str, result: Result<T, Refused>) -> Option<T> {
        let why = match result {
            Ok(value) => return Some(value),
            Err(Refused::Owner) => "belongs to another user".to_owned(),
            Err(Refused::Other(why)) => why,
        };
        scribe.unreadable(self.at.pointer(part), &format!("repository {}: {why}", self.name));
        None
    }

    fn say_untracked(&self, scribe: &mut Scribe<'_>) {
        let message = format!("{}: the repository tracks no file of this directory", self.name);
        let claims = [("the repository tracks no file of this directory".to_owned(), self.at.whole())];
        scribe.finding("MLB-CODE-UNTRACKED", Severity::High, &message, claims);
    }

    fn branch(&self, scribe: &mut Scribe<'_>) -> Result<(), Refused> {
        let repository = self.repository;
        if !repository.head_detached()?
            && let Ok(Some(branch)) = repository.find_reference("HEAD")?.symbolic_target()
            && let Some(branch) = branch.strip_prefix("refs/heads/")
        {
            scribe.fact("code.branch", branch, Trust::Recorded, self.at.pointer("HEAD"));
        }
        Ok(())
    }

    /// The commit; none if nothing was committed yet.
    fn head(&self) -> Result<Option<git2::Commit<'_>>, Refused> {
        let repository = self.repository;
        let reference = match repository.head() {
            Ok(reference) => reference,
            Err(err) if err.code() == git2::ErrorCode::UnbornBranch => return Ok(None),
            Err(err) => return Err(err.into()),
        };
        let id = reference.target().ok_or_else(|| Refused::Other("HEAD names no commit".to_owned()))?;
        let (size, kind) = repository.odb()?.read_header(id)?;
        if kind != ObjectType::Commit || size > tree::MAX_OBJECT_BYTES {
            return Err(Refused::Other("HEAD names no commit, or one that is too long".to_owned()));
        }
        // libgit2 holds every object against its name as it reads it.
        Ok(Some(repository.find_commit(id)?))
    }

    fn commit(&self, scribe: &mut Scribe<'_>, commit: &git2::Commit<'_>) {
        let at = self.at.pointer("HEAD");
        scribe.fact("code.commit", commit.id().to_string(), Trust::Computed, at.clone());
        scribe.fact("code.tree", commit.tree_id().to_string(), Trust::Computed, at.clone());
        if let Ok(time) = Timestamp::from_epoch(&commit.time().seconds().to_string()) {
            scribe.fact("code.committed", time.to_string(), Trust::Recorded, at.clone());
        }
        if let Some(kind) = signature(commit) {
            scribe.fact("code.signature", kind, Trust::Recorded, at);
        }
    }

    /// Tags of the commit, annotated ones peeled.
    fn tags(&self, scribe: &mut Scribe<'_>, commit: git2::Oid) -> Result<(), Refused> {
        let mut tags = BTreeSet::new();
        for reference in self.repository.references_glob("refs/tags/*")?.take(MAX_REFERENCES) {
            let Ok(reference) = reference else { continue };
            let peeled = reference.peel(ObjectType::Commit).map(|object| object.id());
            if peeled.is_ok_and(|id| id == commit) {
                tags.insert(String::from_utf8_lossy(reference.shorthand_bytes()).into_owned());
            }
        }
        scribe.fact("code.tags", listed(tags), Trust::Recorded, self.at.pointer("refs/tags"));
        Ok(())
    }

    /// Where the repository's own configuration says that it comes from; what it includes is not told.
    fn remotes(&self, scribe: &mut Scribe<'_>) -> Result<(), Refused> {
        let config = self.repository.config()?;
        let mut remotes = BTreeSet::new();
        let mut entries = config.entries(Some(r"^remote\..*\.url$"))?;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if entry.level() == ConfigLevel::Local && entry.include_depth() == 0 {
                remotes.extend(entry.value().ok().and_then(urls::public));
            }
        }
        scribe.fact("code.remotes", listed(remotes), Trust::Recorded, self.at.pointer("config"));
        Ok(())
    }

    /// Whether a remote-tracking branch holds the commit.
    fn pushed(&self, scribe: &mut Scribe<'_>, commit: git2::Oid) -> Result<(), Refused> {
        let mut walk = self.repository.revwalk()?;
        walk.push(commit)?;
        for reference in self.repository.references_glob("refs/remotes/*")?.take(MAX_REFERENCES) {
            if let Some(id) = reference.ok().and_then(|reference| reference.resolve().ok()?.target()) {
                walk.hide(id)?;
            }
        }
        let hidden = match walk.next() {
            None => true,
            Some(Ok(_)) => false,
            Some(Err(err)) => return Err(err.into()),
        };
        scribe.fact("code.pushed", hidden, Trust::Recorded, self.at.pointer("refs/remotes"));
        Ok(())
    }

    /// `unborn` if there is no commit yet: nothing can be held against it then, and only what is staged or lies there is
    /// known.
    fn changes(&self, scribe: &mut Scribe<'_>, top: &Path, changes: &Changes, unborn: bool) {
        let at = self.at.pointer("work tree");
        for (what, why) in changes.unreadable.iter().take(MAX_CLAIMS) {
            scribe.unreadable(self.at.pointer("work tree"), &format!("{what}: {why}"));
        }
        let elsewhere = Elsewhere::of(scribe, top);
        let untracked = changes.untracked.iter().filter(|path| !elsewhere.speaks_of(path)).cloned();
        scribe.fact("code.untracked", listed(untracked), Trust::Computed, at.clone());
        // What could not be looked at may differ: then only "yes" is sure.
        let dirty = !changes.modified.is_empty();
        if dirty || (changes.unreadable.is_empty() && !unborn) {
            scribe.fact("code.dirty", dirty, Trust::Computed, at.clone());
        }
        if dirty || !unborn {
            let modified = changes.modified.iter().cloned();
            scribe.fact("code.modified", listed(modified), Trust::Computed, at.clone());
        }
        if unborn {
            return;
        }
        let submodules = changes.submodules.iter().map(|(path, (id, found))| match found {
            Some(_) => format!("{path}@{id}"),
            None => format!("{path}@{id} (not checked out)"),
        });
        let large = changes.large.iter().map(|(path, pointer)| format!("{path}@{}", pointer.sha256));
        scribe.fact("code.submodules", listed(submodules), Trust::Computed, self.at.pointer("HEAD"));
        scribe.fact("code.lfsFiles", listed(large), Trust::Computed, at.clone());
        for (path, (wanted, found)) in &changes.submodules {
            if let Some(found) = found.filter(|found| found != wanted) {
                let message = format!("submodule {path} is not at the commit that the repository names");
                let claims = [
                    (format!("{path}@{wanted}"), self.at.pointer("HEAD")),
                    (format!("{path}@{found}"), at.clone()),
                ];
                scribe.finding("MLB-SUBMODULE", Severity::Medium, &message, claims);
            }
        }
        if !changes.pointers.is_empty() {
            let message = format!("{} LFS pointers lie in place of the files", changes.pointers.len());
            let pointers = changes.pointers.iter().take(MAX_CLAIMS);
            let claims = pointers.map(|(path, pointer)| (format!("{path}@{}", pointer.sha256), at.clone()));
            scribe.finding(
                "MLB-LFS-POINTER",
                Severity::Low,
                &message,
                claims.collect::<Vec<(String, Source)>>(),
            );
        }
    }
}

/// What a commit is signed with, by the first line of the signature; whether it holds is not looked at.
fn signature(commit: &git2::Commit<'_>) -> Option<&'static str> {
    let found =
        ["gpgsig", "gpgsig-sha256"].iter().find_map(|field| commit.header_field_bytes(*field).ok())?;
    let starts = |start: &str| found.starts_with(start.as_bytes());
    if starts("-----BEGIN SSH SIGNATURE") {
        Some("ssh")
    } else if starts("-----BEGIN SIGNED MESSAGE") {
        Some("x509")
    } else if starts("-----BEGIN PGP") {
        Some("gpg")
    } else {
        None
    }
}

/// The paths that other flags name: what lies there is spoken of elsewhere, and is no stray file.
struct Elsewhere {
    top: PathBuf,
    paths: Vec<PathBuf>,
}

impl Elsewhere {
    fn of(scribe: &Scribe<'_>, top: &Path) -> Self {
        let mut paths = Vec::new();
        for path in scribe.args.paths() {
            paths.extend(path.canonicalize());
            // The name itself too: it may be a link, or a file that is yet to be written.
            let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if let (Ok(above), Some(name)) = (above.canonicalize(), path.file_name()) {
                paths.push(above.join(name));
            }
        }
        Self { top: top.to_owned(), paths }
    }

    fn speaks_of(&self, path: &str) -> bool {
        let path = self.top.join(path);
        self.paths.iter().any(|named| path.starts_with(named))
    }
}
