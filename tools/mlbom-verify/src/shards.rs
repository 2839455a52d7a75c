//! Statements over shards: what they need of the model, and whether they are about it.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::manifest::Kind;
use mlbom::path::RelPath;
use mlbom::report::{Binding, Check, StatementKind};
use mlbom::shards::{File, ShardManifest};
use mlbom_sigstore::oms::shards::{ShardResources, Shards, shard_size_of};
use mlbom_sigstore::statement::Statement;

use crate::bind::{Bound, not_a_file, unusable};
use crate::cover::closed_set;
use crate::error::Error;
use crate::evidence::{BundleFile, Evidence, Offered};
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

/// The shard sizes of the statements that somebody trusted signed, each once. What nobody known has signed costs no reading.
pub(crate) fn sizes_wanted(evidence: &Evidence) -> Result<Vec<u64>, Error> {
    let mut sizes = BTreeSet::new();
    for (_, statement) in signed(evidence) {
        // What is wrong with a size is said where the statement is checked.
        sizes.extend(shard_size_of(&statement).ok().flatten());
    }
    if sizes.len() > MAX_SIZES { Err(Error::ManySizes) } else { Ok(sizes.into_iter().collect()) }
}

/// A manifest of whole files says nothing of shards: a statement over them cannot be checked with it.
pub(crate) fn refuse_shards(evidence: &Evidence) -> Result<(), Error> {
    for (offered, statement) in signed(evidence) {
        if let Ok(Some(size)) = shard_size_of(&statement) {
            return Err(Error::NeedsShards { name: offered.file.clone(), size });
        }
    }
    Ok(())
}

/// A manifest of shards has no digest of a whole file, and none of other shards: anything else cannot be checked with it.
pub(crate) fn refuse_others(evidence: &Evidence, manifest: &ShardManifest) -> Result<(), Error> {
    for (offered, statement) in signed(evidence) {
        let name = offered.file.clone();
        match shard_size_of(&statement) {
            Ok(None) => return Err(Error::NeedsFiles { name }),
            Ok(Some(size)) if size != manifest.shard_size() => {
                return Err(Error::OtherSize { name, size, found: manifest.shard_size() });
            }
            Ok(Some(_)) | Err(_) => {}
        }
    }
    Ok(())
}

/// The statements that somebody trusted signed.
fn signed(evidence: &Evidence) -> impl Iterator<Item = (&Offered, Statement<'_>)> {
    evidence.offered.iter().filter_map(|offered| {
        let payload = offered.payload()?;
        Some((offered, Statement::parse(payload).ok()?))
    })
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
        if signed.shard_size != self.manifest.shard_size() {
            // Callers see to it; were it not so, equal digests would mean nothing.
            return Err(Check::failed(
                "statement",
                "is over shards of another length",
                "sign the model anew",
            )
            .into());
        }
        let found = self.manifest.files().iter().map(|file| (&file.path, file));
        let same = |file: &&File, shards: &Shards| file.size == shards.size && file.shards == shards.digests;
        let excluded = self.manifest.excluded();
        let cover =
            closed_set(found, &listed, same, &self.bundle_files, &signed.ignored, excluded, &self.only);
        let cover = cover.map_err(|check| self.about_empty_files(*check))?;
        Ok(Bound { kind: StatementKind::Oms, binding: Binding::Resources, bom_files: None, cover })
    }

    /// Says why an empty file is extra, which nobody would guess: it was there when the model was signed, perhaps.
    fn about_empty_files(&self, mut check: Check) -> Box<Check> {
        let extra = check.differences.as_ref().map_or(&[][..], |differences| &differences.extra);
        let empty = self.manifest.files().iter().find(|file| file.size == 0 && extra.contains(&file.path));
        if let (Some(file), Some(reason)) = (empty, &mut check.reason) {
            reason.push_str(&format!(
                " ({:?} is empty, and so in no shard: such a signature covers none)",
                file.path
            ));
        }
        check.into()
    }
}
