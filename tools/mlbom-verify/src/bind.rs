//! Whether a statement is about this whole model.
//!
//! One equal digest never is: a model may hold a file whose bytes are another model's list of digests. Our own
//! statements are rebuilt from the model and compared whole; OpenSSF Model Signing binds by its named resources; a
//! foreign statement by a complete list of named files, or by the digest of the one file that the model is.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::digest::{Sha256, Sha512};
use mlbom::manifest::Kind;
use mlbom::path::RelPath;
use mlbom::report::{Binding, BomFiles, Check, StatementKind};
use mlbom_bom::{FileList, Released};
use mlbom_sigstore::key::Hash;
use mlbom_sigstore::oms::{self, OmsError, Resources};
use mlbom_sigstore::statement::{DIR_HASH, OMS_ROOT, Statement, Subject, subjects};
use mlbom_sigstore::trust::Artifact as _;

use crate::cover::{Cover, Model};
use crate::shards::ShardModel;

/// How a statement is bound to the model.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) kind: StatementKind,
    pub(crate) binding: Binding,
    pub(crate) bom_files: Option<BomFiles>,
    pub(crate) cover: Cover,
}

const OTHER_MODEL: &str = "give the bundle that was made for this model";

/// Binds `statement` to `model`, or says why not: the checks that did not hold.
pub(crate) fn bind(statement: &Statement<'_>, model: &Model<'_>) -> Result<Bound, Box<Check>> {
    if statement.predicate_type == oms::PREDICATE_TYPE {
        let size = oms::shards::shard_size_of(statement).map_err(unusable)?;
        return match size.and_then(|size| ShardModel::of(model, size)) {
            Some(shards) => shards.bind(statement),
            None => resources(statement, model),
        };
    }
    if statement.predicate_type == oms::PREDICATE_TYPE_V0_2 {
        let (binding, cover) = by_subjects(statement, model, None)?;
        return Ok(Bound { kind: StatementKind::Oms, binding, bom_files: None, cover });
    }
    if statement.predicate_type.starts_with(oms::FAMILY) {
        // Its subject is a digest of digests, or a list that only its own rules read: never the digest of a file.
        let reason = format!("{} is another version of OpenSSF Model Signing", statement.predicate_type);
        return Err(Check::failed("statement", reason, "sign the model anew").into());
    }
    let kind = match statement {
        statement if statement.is_cyclonedx() => StatementKind::Bom,
        statement if statement.is_provenance() => StatementKind::Provenance,
        _ => StatementKind::Other,
    };
    if kind == StatementKind::Bom {
        return bom(statement, model);
    }
    let (binding, cover) = by_subjects(statement, model, None)?;
    Ok(Bound { kind, binding, bom_files: None, cover })
}

fn resources(statement: &Statement<'_>, model: &Model<'_>) -> Result<Bound, Box<Check>> {
    let signed = Resources::of(statement).map_err(unusable)?;
    let mut listed = signed.files;
    if let Some(digest) = signed.single {
        // `.` is whatever the one file is called.
        let [file] = model.manifest.files() else { return Err(not_a_file()) };
        if model.manifest.kind() != Kind::File {
            return Err(not_a_file());
        }
        listed = BTreeMap::from([(file.path.clone(), digest)]);
    }
    let cover = model.covered_by(&listed, &signed.ignored)?;
    Ok(Bound { kind: StatementKind::Oms, binding: Binding::Resources, bom_files: None, cover })
}

#[allow(clippy::needless_pass_by_value)] // For `map_err`.
pub(crate) fn unusable(err: OmsError) -> Box<Check> {
    Check::failed("statement", mlbom::cli::chain(&err), "sign the model anew").into()
}

pub(crate) fn not_a_file() -> Box<Check> {
    Check::failed("subject", "the signature is of a single file, the model is a directory", OTHER_MODEL)
        .into()
}

fn bom(statement: &Statement<'_>, model: &Model<'_>) -> Result<Bound, Box<Check>> {
    let released = released(statement.predicate.get())?;
    let (binding, subject_cover) = by_subjects(statement, model, Some(&released))?;
    let FileList::Listed { files, .. } = &released.files else {
        // Said, and left to the policy: the bill is about this model, but does not say which files that is.
        let bom_files = Some(BomFiles::Absent);
        return Ok(Bound { kind: StatementKind::Bom, binding, bom_files, cover: subject_cover });
    };
    let mut cover = bom_cover(model, files, &released)?;
    // Subjects that are not ours may be another list: what it has more of was not looked at either.
    cover.unverified.extend(subject_cover.unverified);
    cover.unverified.sort_unstable();
    cover.unverified.dedup();
    let bom_files = Some(BomFiles::Equal);
    Ok(Bound { kind: StatementKind::Bom, binding, bom_files, cover })
}

/// What a bill says of its model.
pub(crate) fn released(bom: &str) -> Result<Released, Box<Check>> {
    let unusable =
        |err| Box::new(Check::failed("bom-files", mlbom::cli::chain(&err), "compose and sign the BOM anew"));
    let released = mlbom_bom::read(bom).map_err(unusable)?;
    // Whoever signed it read nothing of that file: equal digests would only mean that both are from one list.
    if let Some(path) = &released.taken_over {
        let reason = format!("the BOM says that the digests of {path:?} were not computed from the file");
        let remedy = "hash the model itself (mlbom-hash model/), then compose and sign the BOM anew";
        return Err(Check::failed("bom-files", reason, remedy).into());
    }
    Ok(released)
}

/// Holds the bill's own list against the model.
pub(crate) fn bom_cover(
    model: &Model<'_>,
    files: &BTreeMap<RelPath, Sha256>,
    released: &Released,
) -> Result<Cover, Box<Check>> {
    model.covered_by(files, &released.excluded).map_err(|check| {
        Box::new(Check {
            id: "bom-files".to_owned(),
            reason: check.reason.map(|reason| format!("the BOM's own list: {reason}")),
            ..*check
        })
    })
}

/// Binds by the statement's subjects; `released` is what the BOM that it carries says of files.
fn by_subjects(
    statement: &Statement<'_>,
    model: &Model<'_>,
    released: Option<&Released>,
) -> Result<(Binding, Cover), Box<Check>> {
    let nothing = BTreeSet::new();
    let ignored = released.map_or(&nothing, |released| &released.excluded);
    if statement.has_our_subjects() {
        let cover = our_subjects(statement, model, released, ignored)?;
        return Ok((Binding::Subjects, cover));
    }
    let files: Vec<&Subject> = statement.subjects.iter().filter(|subject| !is_commit(subject)).collect();
    if let Some(cover) = single_file(&files, model) {
        return Ok((Binding::SingleFile, cover));
    }
    let unnamed = |reason: &str| Box::new(Check::failed("subject", reason, OTHER_MODEL));
    if !files.is_empty() && files.iter().all(|subject| !subject.digest.contains_key("sha256")) {
        return Err(unnamed("no subject of the statement has a SHA-256 digest"));
    }
    let listed = named_files(files).filter(|listed| !listed.is_empty());
    let listed =
        listed.ok_or_else(|| unnamed("the statement is about something else than this whole model"))?;
    Ok((Binding::Files, model.covered_by(&listed, ignored)?))
}

/// Rebuilds the subjects that we would write, and compares them as a set. Of the model only what `--only` selects is held
/// against the list, but the list is always the whole of what was signed.
fn our_subjects(
    statement: &Statement<'_>,
    model: &Model<'_>,
    released: Option<&Released>,
    ignored: &BTreeSet<RelPath>,
) -> Result<Cover, Box<Check>> {
    let other = || Box::new(Check::failed("subject", "the statement is about another model", OTHER_MODEL));
    let (ours, files): (Vec<&Subject>, Vec<&Subject>) =
        statement.subjects.iter().partition(|subject| [DIR_HASH, OMS_ROOT].contains(&subject.name.as_str()));
    if ours.len() != 2 {
        return Err(other());
    }
    let candidates = match released {
        Some(Released { files: FileList::Listed { files, .. }, .. }) => vec![files.clone()],
        _ if !files.is_empty() => vec![named_files(files).ok_or_else(other)?],
        // The digests of the model bind all files or none: a part cannot be held against them.
        _ if !model.only.is_all() => return Err(no_list()),
        // Too many files to be subjects: the model digests bind. A bundle may lie among the files, or not.
        _ => vec![model.files(), model.files_but_bundles()],
    };
    let signed: BTreeSet<&Subject> = statement.subjects.iter().collect();
    let same = |files: &BTreeMap<RelPath, Sha256>| {
        let rebuilt = subjects(files);
        signed.len() == statement.subjects.len()
            && rebuilt.len() == signed.len()
            && rebuilt.iter().all(|subject| signed.contains(subject))
    };
    // The list first: which files differ says more than that some do.
    let mut refused = None;
    for files in &candidates {
        match model.covered_by(files, ignored) {
            Ok(cover) if same(files) => return Ok(cover),
            Ok(_) => {}
            Err(check) => refused = Some(check),
        }
    }
    Err(refused.unwrap_or_else(other))
}

fn no_list() -> Box<Check> {
    let reason = "carries no list of files, a part of the model cannot be held against it";
    Check::failed("subject", reason, "verify the whole model, without --only").into()
}

/// The files that `subjects` name, if each is a path with a SHA-256 and none is there with two.
fn named_files<'a>(subjects: impl IntoIterator<Item = &'a Subject>) -> Option<BTreeMap<RelPath, Sha256>> {
    let mut files = BTreeMap::new();
    for subject in subjects {
        let (path, digest) = (RelPath::parse(&subject.name).ok()?, subject.digest_sha256()?);
        if files.insert(path, digest).is_some_and(|known| known != digest) {
            return None;
        }
    }
    Some(files)
}

/// Whether a subject is a commit, and no file: as that of GitHub's releases is, which has no name and a URI. One that could be
/// a file is never passed over: it would be missing, and nobody told.
fn is_commit(subject: &Subject) -> bool {
    let is_git = |name: &String| ["gitCommit", "gitTag", "sha1"].contains(&name.as_str());
    (subject.name.is_empty() || subject.name.starts_with("pkg:")) && subject.digest.keys().all(is_git)
}

/// A foreign statement about the one file that the model is: its one subject has the file's digest. It need not have its
/// name, unless the file could be another model's list of digests. (Of several subjects each is a file of a model that this
/// one is a part of.)
fn single_file(subjects: &[&Subject], model: &Model<'_>) -> Option<Cover> {
    let [file] = model.manifest.files() else { return None };
    if model.manifest.kind() != Kind::File {
        return None;
    }
    // Any digest of an algorithm that is known will do (in-toto attestation, spec/v1/digest_set.md); npm has SHA-512 alone.
    let same = |subject: &Subject| {
        if subject.digest.contains_key("sha256") {
            return subject.digest_sha256() == Some(file.digests.sha256);
        }
        let wanted: Option<Sha512> =
            subject.digest.get("sha512").and_then(|text| text.to_ascii_lowercase().parse().ok());
        let found = wanted.and(model.file).and_then(|file| file.digest(Hash::Sha512));
        found.is_some_and(|found| wanted.is_some_and(|wanted| wanted.as_bytes() == &found[..]))
    };
    let any_name = model.file.is_some_and(|file| !file.may_be_a_list_of_digests());
    let named = |subject: &Subject| any_name || subject.name.is_empty() || subject.name == file.path.as_str();
    matches!(subjects, [subject] if named(subject) && same(subject)).then(Cover::default)
}

#[cfg(test)]
mod tests;
