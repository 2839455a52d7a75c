//! A directory that readers look into, and where in it something stands.

use std::path::{Path, PathBuf};

use mlbom::digest::Sha256;
use mlbom::evidence::{FileSource, Role, Source};
use mlbom::manifest::{self, Kind, Manifest};
use mlbom::path::RelPath;
use mlbom_tree::{Opened, Tree};

use crate::error::Error;

/// A directory with what it is part of.
#[derive(Debug)]
pub(crate) struct Folder {
    /// The entity that its facts are about.
    pub(crate) entity: String,
    /// That entity's role.
    pub(crate) role: Role,
    /// What the paths of its sources start from: an entity's id.
    pub(crate) root: String,
    /// As the caller gave it, for what has to be opened by name, and for messages.
    pub(crate) path: PathBuf,
    pub(crate) tree: Tree,
    /// Its files with their digests, if they were all hashed.
    pub(crate) manifest: Option<Manifest>,
}

/// The bytes of a file, and where they stand.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) at: At,
}

/// A file as a source.
#[derive(Clone, Debug)]
pub(crate) struct At(FileSource);

impl At {
    /// A name in a directory that is no file of bytes: a folder, a link, a file that was not read.
    pub(crate) fn name(root: &str, path: RelPath) -> Self {
        Self(FileSource { root: root.to_owned(), path, size: None, sha256: None, pointer: None })
    }

    /// A file whose bytes are known.
    pub(crate) fn file(root: &str, path: RelPath, size: u64, sha256: Sha256) -> Self {
        Self(FileSource {
            root: root.to_owned(),
            path,
            size: Some(size),
            sha256: Some(sha256),
            pointer: None,
        })
    }

    /// A place inside it: a JSON pointer, or words such as `line 3`.
    pub(crate) fn pointer(&self, pointer: impl Into<String>) -> Source {
        Source::File(FileSource { pointer: Some(pointer.into()), ..self.0.clone() })
    }

    /// The whole of it.
    pub(crate) fn whole(&self) -> Source {
        Source::File(self.0.clone())
    }
}

impl From<&At> for Source {
    fn from(at: &At) -> Self {
        at.whole()
    }
}

impl Folder {
    /// The files that were hashed, in byte order of path; none if the folder was not hashed.
    pub(crate) fn files(&self) -> &[manifest::File] {
        self.manifest.as_ref().map_or(&[], Manifest::files)
    }

    /// The hashed file of that path.
    pub(crate) fn file(&self, path: &str) -> Option<&manifest::File> {
        let files = self.files();
        files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &files[at])
    }

    /// A hashed file as a source.
    pub(crate) fn at(&self, file: &manifest::File) -> At {
        At::file(&self.root, file.path.clone(), file.size, file.digests.sha256)
    }

    /// Opens a hashed file to read a part of it.
    pub(crate) fn open(&self, file: &manifest::File) -> Result<Opened, Error> {
        let opened = self.tree.open_file(&file.path)?;
        Ok(opened.ok_or_else(|| mlbom_tree::Error::Changed { path: self.tree.show(&file.path) })?)
    }

    /// Reads a whole file: `Ok(None)` if it is not there, or, in a hashed folder, not part of what was hashed;
    /// `Ok(Some(Err(size)))` if it is longer than `limit` bytes.
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Option<Result<Content, u64>>, Error> {
        let listed = self.file(path);
        if self.manifest.is_some() && listed.is_none() {
            return Ok(None);
        }
        let Ok(path) = RelPath::parse(path) else { return Ok(None) };
        let Some(opened) = self.tree.open_file(&path)? else { return Ok(None) };
        let size = opened.size();
        let Some(bytes) = opened.read(limit)? else { return Ok(Some(Err(size))) };
        let found = Sha256::of(&bytes);
        if let Some(listed) = listed
            && listed.digests.sha256 != found
        {
            let (path, listed) = (self.tree.show(&path), listed.digests.sha256.to_string());
            return Err(Error::Bytes { path, found: found.to_string(), listed });
        }
        Ok(Some(Ok(Content { at: At::file(&self.root, path, size, found), bytes })))
    }

    /// The directory that a single file lies in, to look at what lies beside it; none if this is no single file.
    pub(crate) fn beside(&self) -> Result<Option<Self>, Error> {
        if self.manifest.as_ref().is_none_or(|manifest| manifest.kind() != Kind::File) {
            return Ok(None);
        }
        let parent = self.path.parent().filter(|parent| *parent != Path::new(""));
        let path = parent.unwrap_or(Path::new(".")).to_owned();
        let (entity, root) = (self.entity.clone(), self.root.clone());
        Ok(Some(Self { entity, role: self.role, root, tree: Tree::open(&path)?, path, manifest: None }))
    }
}
