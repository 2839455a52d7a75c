//! Whether a signed list of files is the model: a closed set, less what both sides name.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::Sha256;
use mlbom::manifest::{Differences, Excluded, Manifest};
use mlbom::path::RelPath;
use mlbom::report::Check;
use mlbom::shards::ShardManifest;

use crate::evidence::BundleFile;
use crate::only::Only;
use crate::proof::ModelFile;

/// The model, and which of its files are bundles just read.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    pub(crate) manifest: &'a Manifest,
    /// Files whose name and bytes are those of a `--bundle` file: it may lie beside what it signs.
    pub(crate) bundle_files: BTreeSet<&'a RelPath>,
    /// The same files in shards, once for each size that a statement wants.
    pub(crate) shards: &'a [ShardManifest],
    /// The one file that the model is, if it is one.
    pub(crate) file: Option<&'a ModelFile<'a>>,
    /// Which files are held against what was signed.
    pub(crate) only: Only,
}

const NAME_SIGNED: &str = "give patterns that select files of the signed list, as it names them";

/// How a signed list covers the model.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Cover {
    /// There, and left out by the signer.
    pub(crate) not_covered: Vec<RelPath>,
    /// There, not listed, and a bundle just read.
    pub(crate) tolerated: Vec<RelPath>,
    /// Signed or there, and not looked at, for `--only` does not select it; each once, in byte order.
    pub(crate) unverified: Vec<RelPath>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(
        manifest: &'a Manifest,
        shards: &'a [ShardManifest],
        bundle_files: &[BundleFile],
        only: &Only,
    ) -> Self {
        let is_bundle = |path: &RelPath, digest: Sha256| {
            bundle_files.iter().any(|file| file.digest == digest && file.base_name == path.file_name())
        };
        let found = manifest.files().iter().filter(|file| is_bundle(&file.path, file.digests.sha256));
        let bundle_files = found.map(|file| &file.path).collect();
        Self { manifest, bundle_files, shards, only: only.clone(), file: None }
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
        closed_set(found, listed, same, &self.bundle_files, ignored, self.manifest.excluded(), &self.only)
    }
}

/// Holds the signed list `listed` against the files `found`; `ignored` is what the signer says was left out, `excluded`
/// what was left out here. Paths that `only` does not cover are neither missing nor extra, and their bytes are no matter.
pub(crate) fn closed_set<'a, F, L>(
    found: impl Iterator<Item = (&'a RelPath, F)> + Clone,
    listed: &BTreeMap<RelPath, L>,
    same: impl Fn(&F, &L) -> bool,
    bundle_files: &BTreeSet<&RelPath>,
    ignored: &BTreeSet<RelPath>,
    excluded: &[Excluded],
    only: &Only,
) -> Result<Cover, Box<Check>> {
    let (mut cover, mut differences) = (Cover::default(), Differences::default());
    let mut seen = 0;
    for (path, file) in found.clone() {
        if !only.covers(path) {
            cover.unverified.push(path.clone());
            continue;
        }
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
        let (covered, unverified): (Vec<_>, Vec<_>) = listed.keys().partition(|path| only.covers(path));
        differences.missing = covered.into_iter().filter(|path| !there.contains(path)).cloned().collect();
        cover.unverified.extend(unverified.into_iter().cloned());
        cover.unverified.sort_unstable();
        cover.unverified.dedup();
    }
    if !differences.is_empty() {
        return Err(differ(differences).into());
    }
    // Nothing was compared: of a whole model that cannot be, for there is a file and it would be extra.
    if seen == 0 && !only.is_all() {
        return Err(Check::failed("files", "--only: no file that was signed matches", NAME_SIGNED).into());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).expect("a path")
    }

    fn only(patterns: &[&str]) -> Only {
        Only(patterns.iter().map(|text| text.parse().expect("a pattern")).collect())
    }

    fn paths(texts: &[&str]) -> BTreeSet<RelPath> {
        texts.iter().map(|text| path(text)).collect()
    }

    /// Holds files against a list, both as `name=content`; `x.sig` is a bundle, and the signer left out `.git`.
    fn held(found: &[&str], listed: &[&str], patterns: &[&str]) -> Result<Cover, Box<Check>> {
        let read = |texts: &[&str]| -> BTreeMap<RelPath, String> {
            let pairs = texts.iter().map(|text| text.split_once('=').expect("name=content"));
            pairs.map(|(name, content)| (path(name), content.to_owned())).collect()
        };
        let (found, listed, bundle) = (read(found), read(listed), path("x.sig"));
        closed_set(
            found.iter(),
            &listed,
            |found, listed| *found == listed,
            &BTreeSet::from([&bundle]),
            &paths(&[".git"]),
            &[],
            &only(patterns),
        )
    }

    #[test]
    fn what_differs() {
        let signed = &["a.bin=1", "b.bin=2", "c.json=3"][..];
        type Case<'a> = (&'a [&'a str], &'a [&'a str], [&'a [&'a str]; 3]);
        let cases: [Case<'_>; 8] = [
            (&["a.bin=1", "b.bin=2"], &[], [&["c.json"], &[], &[]]),
            (&["a.bin=1", "b.bin=x", "c.json=3"], &[], [&[], &["b.bin"], &[]]),
            (&["a.bin=1", "b.bin=2", "c.json=3", "d.bin=4"], &[], [&[], &[], &["d.bin"]]),
            (&["a.bin=1"], &["*.bin"], [&["b.bin"], &[], &[]]),
            (&["a.bin=x", "b.bin=2", "c.json=x"], &["*.bin"], [&[], &["a.bin"], &[]]),
            (&["a.bin=1", "b.bin=2", "d.bin=4", "e.json=5"], &["*.bin"], [&[], &[], &["d.bin"]]),
            (&["b.bin=2"], &["a.bin"], [&["a.bin"], &[], &[]]),
            // A name that was not signed can be asked for, and is extra.
            (&["a.bin=1", "new=1"], &["new"], [&[], &[], &["new"]]),
        ];
        for (found, patterns, [missing, changed, extra]) in cases {
            let check = held(found, signed, patterns).expect_err("differences");
            let all = |texts: &[&str]| texts.iter().map(|text| path(text)).collect();
            let wanted = Differences { missing: all(missing), changed: all(changed), extra: all(extra) };
            assert_eq!(check.differences, Some(wanted), "{found:?} {patterns:?}");
            assert_eq!(check.id, "files");
        }
    }

    #[test]
    fn what_is_covered() {
        let signed = &["a.bin=1", "b.bin=2", "c.json=3"][..];
        type Case<'a> = (&'a [&'a str], &'a [&'a str], [&'a [&'a str]; 3]);
        let cases: [Case<'_>; 7] = [
            (signed, &[], [&[], &[], &[]]),
            (&["a.bin=1", "b.bin=2", "c.json=3", "x.sig=s", ".git/x=y"], &[], [&[".git/x"], &["x.sig"], &[]]),
            // Unread, as hashing with the patterns has it, and unread although there.
            (&["a.bin=1", "b.bin=2"], &["*.bin"], [&[], &[], &["c.json"]]),
            (&["a.bin=1", "b.bin=2", "c.json=x", "d=4"], &["*.bin"], [&[], &[], &["c.json", "d"]]),
            (&["a.bin=1", "0=0", "c.json=3"], &["a.bin"], [&[], &[], &["0", "b.bin", "c.json"]]),
            (signed, &["*"], [&[], &[], &[]]),
            (
                &["a.bin=1", "x.sig=s", ".git/x=y"],
                &["a.bin", "x.sig"],
                [&[], &["x.sig"], &[".git/x", "b.bin", "c.json"]],
            ),
        ];
        for (found, patterns, [not_covered, tolerated, unverified]) in cases {
            let all = |texts: &[&str]| texts.iter().map(|text| path(text)).collect();
            let wanted = Cover {
                not_covered: all(not_covered),
                tolerated: all(tolerated),
                unverified: all(unverified),
            };
            assert_eq!(held(found, signed, patterns).expect("held"), wanted, "{found:?} {patterns:?}");
        }
    }

    /// A yes about no file is none.
    #[test]
    fn nothing_that_was_signed() {
        for (found, patterns) in [
            (&["a.bin=1", "c.json=3"][..], &["*.gguf"][..]),
            (&["a.bin=1", "x.sig=s"], &["x.sig"]),
            (&["a.bin=1", ".git/x=y"], &[".git"]),
        ] {
            let check = held(found, &["a.bin=1", "c.json=3"], patterns).expect_err("nothing");
            assert!(check.reason.is_some_and(|reason| reason.contains("--only")), "{patterns:?}");
        }
    }

    #[test]
    fn what_was_left_out_here() {
        let (file, digest) = (path("a.bin"), Sha256::of(b"1"));
        let listed = BTreeMap::from([(file.clone(), digest), (path("b.json"), digest)]);
        let left_out = |name: &str| Excluded { path: path(name), by: "*".to_owned() };
        for (excluded, holds) in [(".git/x", true), ("b.json", false), ("z", false)] {
            let found = [(&file, digest)].into_iter();
            let same = |found: &Sha256, listed: &Sha256| found == listed;
            let excluded = [left_out(excluded)];
            let ignored = paths(&[".git"]);
            let cover =
                closed_set(found, &listed, same, &BTreeSet::new(), &ignored, &excluded, &only(&["*.bin"]));
            assert_eq!(cover.is_ok(), holds, "{excluded:?}");
        }
    }
}
