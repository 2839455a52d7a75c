//! Whether a signed list of files is the model: a closed set, less what both sides name.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::manifest::{Differences, Excluded, Manifest};
use mlbom::path::RelPath;
use mlbom::report::Check;
use mlbom::shards::ShardManifest;

use crate::evidence::BundleFile;

/// The model, and which of its files are bundles just read.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub(crate) manifest: &'a Manifest,
    /// Files whose name and bytes are those of a `--bundle` file: it may lie beside what it signs.
    pub(crate) bundle_files: BTreeSet<&'a RelPath>,
    /// The same files in shards, once for each size that a statement wants.
    pub(crate) shards: &'a [ShardManifest],
}

/// How a signed list covers the model.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Cover {
    /// There, and left out by the signer.
    pub(crate) not_covered: Vec<RelPath>,
    /// There, not listed, and a bundle just read.
    pub(crate) tolerated: Vec<RelPath>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(
        manifest: &'a Manifest,
        shards: &'a [ShardManifest],
        bundle_files: &[BundleFile],
    ) -> Self {
        let is_bundle = |path: &RelPath, digest: Sha256| {
            bundle_files.iter().any(|file| file.digest == digest && file.base_name == path.file_name())
        };
        let found = manifest.files().iter().filter(|file| is_bundle(&file.path, file.digests.sha256));
        Self { manifest, bundle_files: found.map(|file| &file.path).collect(), shards }
    }

    /// Every file with its SHA-256.
    pub(crate) fn files(&self) -> BTreeMap<RelPath, Sha256> {
        self.manifest.files().iter().map(|file| (file.path.clone(), file.digests.sha256)).collect()
    }

    /// The same less the bundles just read.
    pub(crate) fn files_but_bundles(&self) -> BTreeMap<RelPath, Sha256> {
        self.files().into_iter().filter(|(path, _)| !self.bundle_files.contains(path)).collect()
    }

    /// Holds the signed list `listed` against the model; `ignored` is what the signer says was left out.
    pub(crate) fn covered_by(
        &self,
        listed: &BTreeMap<RelPath, Sha256>,
        ignored: &BTreeSet<RelPath>,
    ) -> Result<Cover, Box<Check>> {
        let found = self.manifest.files().iter().map(|file| (&file.path, file.digests.sha256));
        let same = |found: &Sha256, listed: &Sha256| found == listed;
        closed_set(found, listed, same, &self.bundle_files, ignored, self.manifest.excluded())
    }
}

/// Holds the signed list `listed` against the files `found`; `ignored` is what the signer says was left out, `excluded`
/// what was left out here.
pub(crate) fn closed_set<'a, F, L>(
    found: impl Iterator<Item = (&'a RelPath, F)> + Clone,
    listed: &BTreeMap<RelPath, L>,
    same: impl Fn(&F, &L) -> bool,
    bundle_files: &BTreeSet<&RelPath>,
    ignored: &BTreeSet<RelPath>,
    excluded: &[Excluded],
) -> Result<Cover, Box<Check>> {
    let (mut cover, mut differences) = (Cover::default(), Differences::default());
    let mut seen = 0;
    for (path, file) in found.clone() {
        match listed.get(path) {
            Some(signed) => {
                seen += 1;
                if !same(&file, signed) {
                    differences.changed.push(path.clone());
                }
            }
            None if bundle_files.contains(path) => cover.tolerated.push(path.clone()),
            None if path.is_within(ignored) => cover.not_covered.push(path.clone()),
            None => differences.extra.push(path.clone()),
        }
    }
    if seen < listed.len() {
        let there: BTreeSet<_> = found.map(|(path, _)| path).collect();
        differences.missing = listed.keys().filter(|path| !there.contains(path)).cloned().collect();
    }
    if !differences.is_empty() {
        return Err(differ(differences).into());
    }
    exclusions_within(excluded, ignored)?;
    Ok(cover)
}

/// What the presented manifest left out must have been left out by the signer too.
fn exclusions_within(excluded: &[Excluded], ignored: &BTreeSet<RelPath>) -> Result<(), Box<Check>> {
    let unsigned = excluded.iter().find(|entry| !entry.path.is_within(ignored));
    unsigned.map_or(Ok(()), |entry| {
        let reason = format!("{:?} was left out of the manifest, and not by the signer", entry.path);
        Err(Check::failed("exclusions", reason, "hash the model without --exclude and --oms-defaults").into())
    })
}

fn differ(differences: Differences) -> Check {
    let reason = format!(
        "the files are not those that were signed: {} missing, {} changed, {} extra",
        differences.missing.len(),
        differences.changed.len(),
        differences.extra.len()
    );
    let failed = Check::failed(
        "files",
        reason,
        "restore what was signed, or have the model as it is now signed by somebody who means it",
    );
    Check { differences: Some(differences), ..failed }
}
