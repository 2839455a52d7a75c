//! What is signed: the in-toto statement that follows from the documents read.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::manifest::Manifest;
use mlbom::path::RelPath;
use mlbom::shards::ShardManifest;
use mlbom::stream::{self, Document, Kind};
use mlbom_bom::{FileList, Released};
use mlbom_sigstore::key::{KeyType, PublicKey};
use mlbom_sigstore::oms;
use mlbom_sigstore::statement::{self, CYCLONEDX, Statement, StatementError, TYPE};
use serde_json::value::RawValue;

use crate::args::Annotation;
use crate::error::Error;

/// A statement ready to be signed, its bytes as they will be.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) text: String,
    predicate_type: String,
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

/// The most statements of one call.
const MAX_PAYLOADS: usize = 100;

/// What a bundle has around its statement at most, in bytes: a signature, certificates, log entries, timestamps.
const AROUND_BYTES: u64 = 64 << 10;

/// What is signed, in order. Anything but the streams with one meaning is refused.
///
/// A manifest alone is signed as an OpenSSF Model Signing statement; beside bills and statements it says what these are
/// about, and is signed itself, first, where `with_oms` asks for it.
pub(crate) fn payloads(
    documents: &[Document<'_>],
    with_oms: bool,
    annotations: &[Annotation],
) -> Result<Vec<Payload>, Error> {
    let of_kind =
        |kind: &Kind| documents.iter().filter(|document| document.kind == *kind).collect::<Vec<_>>();
    let manifests = of_kind(&Kind::Manifest);
    let boms = of_kind(&Kind::CycloneDx);
    let others = boms.len() + of_kind(&Kind::Statement).len();
    if let [document] = documents
        && document.kind == Kind::ShardManifest
    {
        let payload = Payload::oms_shards(&ShardManifest::parse(document.text)?, annotations)?;
        check_size([payload.text.len()])?;
        return Ok(vec![payload]);
    }
    if documents.is_empty()
        || manifests.len() > 1
        || boms.len() > 1
        || manifests.len() + others < documents.len()
    {
        let names: Vec<_> = documents.iter().take(4).map(|document| document.kind.name()).collect();
        let more = if documents.len() > 4 { " and more" } else { "" };
        return Err(Error::Mixed(format!("{}{more}", names.join(" and "))));
    }
    if others > MAX_PAYLOADS {
        return Err(Error::Many(MAX_PAYLOADS));
    }
    let manifest = manifests.first().map(|document| Manifest::of(document)).transpose()?;
    let mut payloads = Vec::new();
    match &manifest {
        Some(manifest) if with_oms || others == 0 => payloads.push(Payload::oms(manifest, annotations)?),
        None if with_oms => return Err(Error::NoManifest),
        _ => {}
    }
    for document in documents {
        match document.kind {
            Kind::CycloneDx => payloads.push(Payload::bom(document.text, manifest.as_ref(), annotations)?),
            Kind::Statement if !annotations.is_empty() => return Err(Error::AnnotatedStatement),
            Kind::Statement => payloads.push(Payload::ready(document.text, manifest.as_ref())?),
            _ => {}
        }
    }
    // Two of one type are a slip as like as not, and no verifier could tell which one was meant.
    let mut types = BTreeSet::new();
    if let Some(twice) = payloads.iter().find(|payload| !types.insert(payload.predicate_type.as_str())) {
        return Err(Error::Twice(twice.predicate_type.clone()));
    }
    check_size(payloads.iter().map(|payload| payload.text.len()))?;
    Ok(payloads)
}

/// Refuses statements of these lengths if no verifier would read their bundles, which hold them in base64. Before any log
/// has them for good.
fn check_size(lengths: impl IntoIterator<Item = usize>) -> Result<(), Error> {
    let line = |length: usize| (length as u64).div_ceil(3) * 4 + AROUND_BYTES;
    let written = lengths.into_iter().map(line).sum();
    if written > stream::MAX_BYTES { Err(Error::LongBundles { written }) } else { Ok(()) }
}

impl Payload {
    pub(crate) const fn is_oms(&self) -> bool {
        self.oms.is_some()
    }

    fn oms(manifest: &Manifest, annotations: &[Annotation]) -> Result<Self, Error> {
        computed_only(manifest)?;
        let text = oms::statement(manifest, &annotated(annotations)?).map_err(Error::Write)?;
        let files = manifest.files().iter();
        let links = manifest.files().iter().any(|file| file.link.is_some());
        Ok(Self {
            text,
            predicate_type: oms::PREDICATE_TYPE.to_owned(),
            oms: Some(Oms { git: git_file(files.map(|file| &file.path)), links, shards: None }),
        })
    }

    fn oms_shards(manifest: &ShardManifest, annotations: &[Annotation]) -> Result<Self, Error> {
        // It would be in no shard, and the signature would not say that it is there.
        if let Some(file) = manifest.files().iter().find(|file| file.size == 0) {
            return Err(Error::EmptyFile(file.path.clone()));
        }
        let text = oms::shards::statement(manifest, &annotated(annotations)?).map_err(Error::Write)?;
        let paths = || manifest.files().iter().map(|file| &file.path);
        let oms = Oms {
            git: git_file(paths()),
            links: manifest.files().iter().any(|file| file.link.is_some()),
            shards: Some(paths().find(|path| path.as_str().contains(':')).cloned()),
        };
        Ok(Self { text, predicate_type: oms::PREDICATE_TYPE.to_owned(), oms: Some(oms) })
    }

    /// The subjects come from the manifest, or else from the BOM's own file components, never from its properties.
    fn bom(text: &str, manifest: Option<&Manifest>, annotations: &[Annotation]) -> Result<Self, Error> {
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
        let subjects = statement::subjects(&files);
        let text = statement::write(&subjects, &annotated(annotations)?, CYCLONEDX, &predicate);
        let text = text.map_err(Error::Write)?;
        Ok(Self { text, predicate_type: CYCLONEDX.to_owned(), oms: None })
    }

    fn ready(text: &str, manifest: Option<&Manifest>) -> Result<Self, Error> {
        let statement = Statement::parse(text.as_bytes())?;
        // Beside a manifest, a statement with subjects of our making has to be about that model.
        if let Some(manifest) = manifest
            && statement.has_our_subjects()
        {
            computed_only(manifest)?;
            let (mut found, mut wanted) =
                (statement.subjects.clone(), statement::subjects(&files_of(manifest)));
            found.sort();
            wanted.sort();
            if found != wanted {
                return Err(Error::OtherModel);
            }
        }
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
            Ok(version) if version.r#type == TYPE => {
                Ok(Self { text: text.to_owned(), predicate_type: statement.predicate_type, oms: None })
            }
            Ok(version) => Err(StatementError::Type(version.r#type).into()),
            Err(err) => Err(Error::Write(err)),
        }
    }

    /// What another verifier of this signature has to know.
    pub(crate) fn hints(&self, key: &PublicKey) -> Vec<String> {
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
        if matches!(key.key_type(), KeyType::Ed25519 | KeyType::Rsa) {
            let name = if key.key_type() == KeyType::Rsa { "RSA" } else { "Ed25519" };
            hints.push(format!(
                "model_signing reads no {name} keys: sign with a P-256 key if it is to verify this"
            ));
        }
        hints
    }
}

/// The first of `paths` that `model_signing` leaves out by default.
fn git_file<'a>(mut paths: impl Iterator<Item = &'a RelPath>) -> Option<RelPath> {
    let top = |path: &RelPath| path.as_str().split('/').next().unwrap_or_default().to_owned();
    paths.find(|path| oms::IGNORED_BY_DEFAULT.contains(&top(path).as_str())).cloned()
}

fn annotated(annotations: &[Annotation]) -> Result<BTreeMap<String, String>, Error> {
    let mut all = BTreeMap::new();
    for Annotation { name, value } in annotations {
        if all.insert(name.clone(), value.clone()).is_some() {
            return Err(Error::AnnotatedTwice(name.clone()));
        }
    }
    Ok(all)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_that_nobody_would_read() {
        let mib = 1 << 20;
        for lengths in [&[][..], &[1], &[191 * mib], &[95 * mib, 95 * mib], &[mib; 100]] {
            assert!(check_size(lengths.iter().copied()).is_ok(), "{lengths:?}");
        }
        for lengths in [&[192 * mib][..], &[256 * mib], &[96 * mib, 96 * mib], &[2 * mib; 100]] {
            assert!(check_size(lengths.iter().copied()).is_err(), "{lengths:?}");
        }
    }
}
