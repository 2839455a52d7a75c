//! Statements over shards: what they need of the model, and whether they are about it.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::manifest::Kind;
use mlbom::path::RelPath;
use mlbom::report::{Binding, Check, StatementKind};
use mlbom::shards::{File, ShardManifest};
use mlbom::stream;
use mlbom_sigstore::oms::shards::{ShardResources, Shards, shard_size_of};
use mlbom_sigstore::statement::Statement;

use crate::bind::{Bound, not_a_file, unusable};
use crate::cover::{Cover, Model, closed_set};
use crate::documents::{self, other_kind};
use crate::error::Error;
use crate::evidence::{BundleFile, Evidence, Offered, Proof};
use crate::only::Only;

/// The most different shard sizes of all bundles: for each, the model is read once more.
pub(crate) const MAX_SIZES: usize = 4;

/// A model by its shards.
#[derive(Debug)]
pub(crate) struct ShardModel<'a> {
    pub(crate) manifest: &'a ShardManifest,
    /// Files that are a `--bundle` file: it may lie beside what it signs.
    pub(crate) bundle_files: BTreeSet<&'a RelPath>,
    /// Which files are held against what was signed.
    pub(crate) only: Only,
}

/// The shard sizes of what somebody trusted signed, each once. What nobody known has signed costs no reading.
pub(crate) fn sizes_wanted(evidence: &Evidence) -> Result<Vec<u64>, Error> {
    let sizes: BTreeSet<u64> = signed(evidence).filter_map(|(_, size)| size).collect();
    if sizes.len() > MAX_SIZES { Err(Error::ManySizes) } else { Ok(sizes.into_iter().collect()) }
}

/// A manifest of whole files says nothing of shards: what is signed of them cannot be checked with it.
pub(crate) fn refuse_shards(evidence: &Evidence) -> Result<(), Error> {
    let of_shards = signed(evidence).find_map(|(offered, size)| Some((offered, size?)));
    of_shards.map_or(Ok(()), |(offered, size)| Err(Error::NeedsShards { name: offered.file.clone(), size }))
}

/// A manifest of shards has no digest of a whole file, and none of other shards: anything else cannot be checked with it.
pub(crate) fn refuse_others(evidence: &Evidence, manifest: &ShardManifest) -> Result<(), Error> {
    for (offered, size) in signed(evidence) {
        let (name, found) = (offered.file.clone(), manifest.shard_size());
        match size {
            None => return Err(Error::NeedsFiles { name }),
            Some(size) if size != found => return Err(Error::OtherSize { name, size, found }),
            Some(_) => {}
        }
    }
    Ok(())
}

/// What somebody trusted signed, with the length of the shards that it is over, or none if it is over whole files.
/// What is wrong with a length is said where what was signed is checked.
fn signed(evidence: &Evidence) -> impl Iterator<Item = (&Offered, Option<u64>)> {
    evidence.offered.iter().filter_map(|offered| Some((offered, shard_size(&offered.proof)?)))
}

fn shard_size(proof: &Proof) -> Option<Option<u64>> {
    let of_statement = |text: &[u8]| shard_size_of(&Statement::parse(text).ok()?).ok();
    match proof {
        Proof::Envelope(bundle, Ok(_)) => of_statement(bundle.payload()?),
        Proof::PgpDocument(document, Ok(_)) => {
            let document = documents::only(&document.bytes).ok()?;
            match document.kind {
                stream::Kind::Statement => of_statement(document.text.as_bytes()),
                stream::Kind::ShardManifest => {
                    ShardManifest::parse(document.text).ok().map(|manifest| Some(manifest.shard_size()))
                }
                _ => Some(None),
            }
        }
        // Of the bytes of a whole file, whoever made it.
        Proof::Blob(_) | Proof::PgpBlob(..) => Some(None),
        Proof::Envelope(_, Err(_)) | Proof::PgpDocument(_, Err(_)) => None,
    }
}

/// Callers see to it that the model is read in shards of every length that was signed; were it not so, equal digests would
/// mean nothing.
pub(crate) fn other_length() -> Box<Check> {
    Check::failed("statement", "is over shards of another length", "sign the model anew").into()
}

impl<'a> ShardModel<'a> {
    /// For a model of which only the shards are known: a bundle is known again if it is shorter than one.
    pub(crate) fn new(manifest: &'a ShardManifest, bundle_files: &[BundleFile], only: &Only) -> Self {
        let is_bundle = |file: &File| {
            bundle_files
                .iter()
                .any(|bundle| file.shards == [bundle.digest] && bundle.base_name == file.path.file_name())
        };
        let found = manifest.files().iter().filter(|file| is_bundle(file)).map(|file| &file.path);
        Self { manifest, bundle_files: found.collect(), only: only.clone() }
    }

    /// A model of which the files are known too, in shards of `size`, if it was read in those.
    pub(crate) fn of(model: &Model<'a>, size: u64) -> Option<Self> {
        let manifest = model.shards.iter().find(|shards| shards.shard_size() == size)?;
        Some(Self { manifest, bundle_files: model.bundle_files.clone(), only: model.only.clone() })
    }

    /// Binds `statement` to the model, or says why not.
    pub(crate) fn bind(&self, statement: &Statement<'_>) -> Result<Bound, Box<Check>> {
        let signed = ShardResources::of(statement).map_err(unusable)?;
        let mut listed = signed.files;
        if let Some(shards) = signed.single {
            // `.` is whatever the one file is called.
            let [file] = self.manifest.files() else { return Err(not_a_file()) };
            if self.manifest.kind() != Kind::File {
                return Err(not_a_file());
            }
            listed = BTreeMap::from([(file.path.clone(), shards)]);
        }
        let cover = self.covered_by(signed.shard_size, &listed, &signed.ignored)?;
        Ok(Bound { kind: StatementKind::Oms, binding: Binding::Resources, bom_files: None, cover })
    }

    /// The same for a manifest of shards that was signed as it is.
    pub(crate) fn bind_manifest(&self, signed: &ShardManifest) -> Result<Bound, Box<Check>> {
        if signed.kind() != self.manifest.kind() {
            return Err(other_kind());
        }
        let shards = |file: &File| Shards { size: file.size, digests: file.shards.clone() };
        let listed = signed.files().iter().map(|file| (file.path.clone(), shards(file))).collect();
        let ignored = signed.excluded().iter().map(|entry| entry.path.clone()).collect();
        let cover = self.covered_by(signed.shard_size(), &listed, &ignored)?;
        Ok(Bound { kind: StatementKind::Manifest, binding: Binding::Files, bom_files: None, cover })
    }

    fn covered_by(
        &self,
        shard_size: u64,
        listed: &BTreeMap<RelPath, Shards>,
        ignored: &BTreeSet<RelPath>,
    ) -> Result<Cover, Box<Check>> {
        if shard_size != self.manifest.shard_size() {
            return Err(other_length());
        }
        let found = self.manifest.files().iter().map(|file| (&file.path, file));
        let same = |file: &&File, shards: &Shards| file.size == shards.size && file.shards == shards.digests;
        let excluded = self.manifest.excluded();
        let cover = closed_set(found, listed, same, &self.bundle_files, ignored, excluded, &self.only);
        cover.map_err(|check| self.about_empty_files(*check))
    }

    /// Says why an empty file is extra, which nobody would guess: it was there when the model was signed, perhaps.
    fn about_empty_files(&self, mut check: Check) -> Box<Check> {
        let extra = check.differences.as_ref().map_or(&[][..], |differences| &differences.extra);
        // Both are in byte order of path.
        let is_extra = |file: &&File| extra.binary_search(&file.path).is_ok();
        let empty = self.manifest.files().iter().filter(|file| file.size == 0).find(is_extra);
        if let (Some(file), Some(reason)) = (empty, &mut check.reason) {
            reason.push_str(&format!(
                " ({:?} is empty, and so in no shard: such a signature covers none)",
                file.path
            ));
        }
        check.into()
    }
}
