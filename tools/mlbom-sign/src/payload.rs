//! What is signed: the in-toto statement that follows from the documents read.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::manifest::Manifest;
use mlbom::path::RelPath;
use mlbom::shards::ShardManifest;
use mlbom::stream::{Document, Kind};
use mlbom_bom::{FileList, Released};
use mlbom_sigstore::oms;
use mlbom_sigstore::signing::PrivateKey;
use mlbom_sigstore::statement::{self, CYCLONEDX, Statement, StatementError, TYPE};
use serde_json::value::RawValue;

use crate::error::Error;

/// A statement ready to be signed, its bytes as they will be.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) text: String,
    /// Set if the statement is an OpenSSF Model Signing one.
    oms: Option<Oms>,
}

/// What other verifiers of an OpenSSF Model Signing statement have to know of the model.
#[derive(Debug)]
struct Oms {
    /// A file that `model_signing` passes over unless told otherwise.
    git: Option<RelPath>,
    /// Links were followed.
    links: bool,
    /// Signed in shards; with a path, if there is one, that `model_signing` cannot read in them.
    shards: Option<Option<RelPath>>,
}

impl Payload {
    /// Picks what to sign. Anything but the few streams with one meaning is refused.
    pub(crate) fn of(documents: &[Document<'_>]) -> Result<Self, Error> {
        let of_kind =
            |kind: &Kind| documents.iter().filter(|document| document.kind == *kind).collect::<Vec<_>>();
        let (manifests, boms) = (of_kind(&Kind::Manifest), of_kind(&Kind::CycloneDx));
        let statements = of_kind(&Kind::Statement);
        match (manifests.as_slice(), boms.as_slice(), statements.as_slice(), documents.len()) {
            ([manifest], [], [], 1) => Self::oms(&Manifest::of(manifest)?),
            ([], [], [], 1) if documents[0].kind == Kind::ShardManifest => {
                Self::oms_shards(&ShardManifest::parse(documents[0].text)?)
            }
            ([], [bom], [], 1) => Self::bom(bom.text, None),
            ([manifest], [bom], [], 2) => Self::bom(bom.text, Some(&Manifest::of(manifest)?)),
            ([], [], [statement], 1) => Self::ready(statement.text),
            _ => {
                let names: Vec<_> = documents.iter().take(4).map(|document| document.kind.name()).collect();
                let more = if documents.len() > 4 { " and more" } else { "" };
                Err(Error::Mixed(format!("{}{more}", names.join(" and "))))
            }
        }
    }

    pub(crate) const fn is_oms(&self) -> bool {
        self.oms.is_some()
    }

    fn oms(manifest: &Manifest) -> Result<Self, Error> {
        computed_only(manifest)?;
        let text = oms::statement(manifest).map_err(Error::Write)?;
        let files = manifest.files().iter();
        let links = manifest.files().iter().any(|file| file.link.is_some());
        Ok(Self { text, oms: Some(Oms { git: git_file(files.map(|file| &file.path)), links, shards: None }) })
    }

    fn oms_shards(manifest: &ShardManifest) -> Result<Self, Error> {
        // It would be in no shard, and the signature would not say that it is there.
        if let Some(file) = manifest.files().iter().find(|file| file.size == 0) {
            return Err(Error::EmptyFile(file.path.clone()));
        }
        let text = oms::shards::statement(manifest).map_err(Error::Write)?;
        let paths = || manifest.files().iter().map(|file| &file.path);
        let oms = Oms {
            git: git_file(paths()),
            links: manifest.files().iter().any(|file| file.link.is_some()),
            shards: Some(paths().find(|path| path.as_str().contains(':')).cloned()),
        };
        Ok(Self { text, oms: Some(oms) })
    }

    /// The subjects come from the manifest, or else from the BOM's own file components, never from its properties.
    fn bom(text: &str, manifest: Option<&Manifest>) -> Result<Self, Error> {
        let released = mlbom_bom::read(text)?;
        // With a good manifest beside it too: nobody would verify what the bill says of itself.
        if let Some(path) = released.taken_over {
            return Err(Error::DigestSource(path));
        }
        let files = match (manifest, released.files) {
            (None, FileList::Listed { files, complete: true }) => files,
            (None, _) => return Err(Error::NoList),
            (Some(manifest), listed) => {
                computed_only(manifest)?;
                let files = files_of(manifest);
                agree(&files, &listed)?;
                let excluded: BTreeSet<_> =
                    manifest.excluded().iter().map(|entry| entry.path.clone()).collect();
                if excluded != released.excluded {
                    return Err(Error::Disagree("on what was left out".to_owned()));
                }
                files
            }
        };
        // The names of our own subjects are taken.
        if let Some(path) = files.keys().find(|path| path.as_str().starts_with("mlbom:")) {
            return Err(Error::ReservedName(path.clone()));
        }
        let predicate = RawValue::from_string(text.to_owned()).map_err(Error::Write)?;
        let text =
            statement::write(&statement::subjects(&files), CYCLONEDX, &predicate).map_err(Error::Write)?;
        Ok(Self { text, oms: None })
    }

    fn ready(text: &str) -> Result<Self, Error> {
        let statement = Statement::parse(text.as_bytes())?;
        // What else such a bill says is its own business; a foreign one need not be readable here.
        if statement.is_cyclonedx()
            && let Ok(Released { taken_over: Some(path), .. }) = mlbom_bom::read(statement.predicate.get())
        {
            return Err(Error::DigestSource(path));
        }
        // Older versions are read, for other people's signatures; there is no reason to make new ones.
        #[derive(serde::Deserialize)]
        struct Version {
            #[serde(rename = "_type")]
            r#type: String,
        }
        match serde_json::from_str::<Version>(text) {
            Ok(version) if version.r#type == TYPE => Ok(Self { text: text.to_owned(), oms: None }),
            Ok(version) => Err(StatementError::Type(version.r#type).into()),
            Err(err) => Err(Error::Write(err)),
        }
    }

    /// What another verifier of this signature has to know.
    pub(crate) fn hints(&self, key: &PrivateKey) -> Vec<String> {
        let Some(oms) = &self.oms else { return Vec::new() };
        let mut hints = Vec::new();
        if let Some(path) = &oms.git {
            hints.push(format!(
                "{path} is signed too: model_signing verifies this with --no-ignore-git-paths (or sign what mlbom-hash --oms-defaults lists)"
            ));
        }
        if oms.links {
            hints.push(
                "links were followed: model_signing 1.1.1 verifies this with --allow_symlinks".to_owned(),
            );
        }
        if let Some(colon) = &oms.shards {
            hints.push(
                "signed in shards: model_signing verifies this from Python, and not on its command line"
                    .to_owned(),
            );
            if let Some(path) = colon {
                hints.push(format!("model_signing cannot read the shards of {path}, whose name has a colon"));
            }
        }
        if !key.is_read_by_model_signing() {
            hints.push(
                "model_signing reads no Ed25519 keys: sign with a P-256 key if it is to verify this"
                    .to_owned(),
            );
        }
        hints
    }
}

/// The first of `paths` that `model_signing` leaves out by default.
fn git_file<'a>(mut paths: impl Iterator<Item = &'a RelPath>) -> Option<RelPath> {
    let top = |path: &RelPath| path.as_str().split('/').next().unwrap_or_default().to_owned();
    paths.find(|path| oms::IGNORED_BY_DEFAULT.contains(&top(path).as_str())).cloned()
}

fn computed_only(manifest: &Manifest) -> Result<(), Error> {
    manifest.taken_over().map_or(Ok(()), |file| Err(Error::DigestSource(file.path.clone())))
}

fn files_of(manifest: &Manifest) -> BTreeMap<RelPath, Sha256> {
    manifest.files().iter().map(|file| (file.path.clone(), file.digests.sha256)).collect()
}

/// A BOM that lists files lists these; a foreign one may list none.
fn agree(files: &BTreeMap<RelPath, Sha256>, listed: &FileList) -> Result<(), Error> {
    let FileList::Listed { files: listed, .. } = listed else { return Ok(()) };
    let differs = files
        .iter()
        .find(|(path, digest)| listed.get(*path) != Some(digest))
        .or_else(|| listed.iter().find(|(path, _)| !files.contains_key(*path)));
    differs.map_or(Ok(()), |(path, _)| Err(Error::Disagree(format!("on {path:?}"))))
}
