//! Makes the report: every bundle given is checked, and every check is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mlbom::manifest::{COMPUTED, Manifest};
use mlbom::path::RelPath;
use mlbom::report::{self, Binding, BomFiles, Check, Outcome, Report, StatementKind, Subject};
use mlbom::shards::{self, ShardManifest};
use mlbom::time::Timestamp;
use mlbom_hub::HubTree;
use mlbom_sigstore::statement::Statement;
use serde_json::value::RawValue;

use crate::TOOL;
use crate::bind::{Bound, bind, not_a_file};
use crate::cover::{Cover, Model};
use crate::documents;
use crate::error::Error;
use crate::evidence::{Evidence, Offered};
use crate::hub_tree;
use crate::only::Only;
use crate::proof::{ModelFile, Proved, Signed, Unproved};
use crate::require::{self, Required};
use crate::shards::ShardModel;

/// Of sources of digests, this many are counted by name: a foreign manifest may name any number.
const MAX_SOURCES: usize = 10;

/// The model as it is, and what of it is asked about.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) manifest: Manifest,
    /// Its files in shards, of each length that a statement wants.
    pub(crate) shards: &'a [ShardManifest],
    /// Where it is, unless only its manifest is known.
    pub(crate) path: Option<&'a Path>,
    pub(crate) only: &'a Only,
    /// Files that are there and that `only` does not name.
    pub(crate) unread: Vec<RelPath>,
    /// The Hub's listing, and what its file is called.
    pub(crate) hub_tree: Option<&'a (HubTree, String)>,
}

/// Checks every bundle of `evidence` against the model.
pub(crate) fn verify(asked: Asked<'_>, evidence: &Evidence, required: &[Required]) -> Result<Report, Error> {
    let manifest = &asked.manifest;
    let file = ModelFile::of(manifest, asked.path);
    let mut model = Model::new(manifest, asked.shards, &evidence.files, asked.only);
    model.file = file.as_ref();
    let bind = |signed: &Signed<'_>| match signed {
        Signed::Payload(payload) => of_payload(payload, |statement| bind(statement, &model)),
        Signed::Document(bytes) => documents::bind_document(bytes, &model),
        Signed::Blob => Ok(of_blob()),
    };
    let mut found = all(evidence, required, file.as_ref(), !asked.unread.is_empty(), bind)?;
    // Bundles have to be there all the same: this alone is no check of anything.
    if !found.checks.is_empty() {
        found.checks.extend(digests(manifest));
        if let Some((tree, name)) = asked.hub_tree {
            let bundles = &model.bundle_files;
            found.checks.push(hub_tree::check(tree, name, manifest, asked.path, asked.only, bundles)?);
        }
    }
    found.unverified.extend(asked.unread);
    Ok(report(report::TYPE, asked.manifest, found, asked.only, evidence.trusted.given_at))
}

/// The same of a model that is known by its shards alone.
pub(crate) fn verify_shards(
    manifest: ShardManifest,
    evidence: &Evidence,
    required: &[Required],
    only: &Only,
) -> Result<Report<ShardManifest>, Error> {
    let model = ShardModel::new(&manifest, &evidence.files, only);
    let bind = |signed: &Signed<'_>| match signed {
        Signed::Payload(payload) => of_payload(payload, |statement| model.bind(statement)),
        Signed::Document(bytes) => documents::bind_to_shards(bytes, &model),
        // Refused before, for it is over a whole file.
        Signed::Blob => Err(Stopped::new(not_a_file())),
    };
    let found = all(evidence, required, None, false, bind)?;
    Ok(report(shards::REPORT_TYPE, manifest, found, only, evidence.trusted.given_at))
}

/// What was checked, what verified, what was tolerated, and what nobody looked at.
#[derive(Debug, Default)]
struct Found {
    checks: Vec<Check>,
    statements: Vec<report::Statement>,
    tolerated: BTreeSet<RelPath>,
    unverified: BTreeSet<RelPath>,
}

/// Something signed that is about the model.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) predicate_type: String,
    pub(crate) predicate: Box<RawValue>,
    pub(crate) bound: Bound,
    /// The names of the checks that held, in order.
    pub(crate) held: Vec<&'static str>,
}

/// The check that did not hold, after those that did.
#[derive(Debug)]
pub(crate) struct Stopped {
    held: Vec<&'static str>,
    check: Box<Check>,
}

impl Stopped {
    pub(crate) fn new(check: impl Into<Box<Check>>) -> Self {
        Self { held: Vec::new(), check: check.into() }
    }

    pub(crate) fn after(held: &[&'static str], check: Box<Check>) -> Self {
        Self { held: held.to_vec(), check }
    }
}

fn all(
    evidence: &Evidence,
    required: &[Required],
    file: Option<&ModelFile<'_>>,
    has_unread: bool,
    bind: impl Fn(&Signed<'_>) -> Result<About, Stopped>,
) -> Result<Found, Error> {
    let mut found = Found::default();
    // What cannot be checked does not hide what was, and does not hold.
    let (mut unchecked, mut is_refused) = (None, false);
    for offered in &evidence.offered {
        let (made, statement) = match one(offered, evidence, file, has_unread, &bind) {
            Ok(made) => made,
            Err(Unproved::No(check)) => (vec![*check], None),
            Err(Unproved::Unchecked(source)) => {
                let check = Check::failed("signature", mlbom::cli::chain(&source), source.remedy());
                unchecked.get_or_insert(Error::Unchecked { name: offered.file.clone(), source });
                found.checks.push(about(offered, check));
                continue;
            }
        };
        is_refused |= statement.is_none();
        found.checks.extend(made.into_iter().map(|check| about(offered, check)));
        if let Some((statement, cover)) = statement {
            found.tolerated.extend(cover.tolerated);
            found.unverified.extend(cover.unverified);
            found.statements.push(statement);
        }
    }
    match unchecked {
        Some(error) if !is_refused => Err(error),
        _ => {
            found.checks.extend(require::check(required, &found.statements));
            Ok(found)
        }
    }
}

fn about(offered: &Offered, check: Check) -> Check {
    Check { file: Some(offered.file.clone()), bundle: Some(offered.digest), ..check }
}

fn report<M>(r#type: &str, model: M, mut found: Found, only: &Only, at: Option<Timestamp>) -> Report<M> {
    if !only.is_all() && !found.checks.is_empty() {
        let reason = format!("{} files were not looked at", found.unverified.len());
        found.checks.push(Check { reason: Some(reason), ..Check::held("only") });
    }
    let held = !found.checks.is_empty() && found.checks.iter().all(|check| check.result == Outcome::Held);
    Report {
        r#type: r#type.to_owned(),
        tool: TOOL.to_owned(),
        result: if held { Outcome::Held } else { Outcome::Failed },
        model,
        checks: found.checks,
        statements: found.statements,
        tolerated: found.tolerated.into_iter().collect(),
        only: only.texts(),
        unverified: found.unverified.into_iter().collect(),
        at,
        complete: true,
    }
}

/// The checks made on one bundle, and the statement in it with what it covers, if all of them held.
type Made = (Vec<Check>, Option<(report::Statement, Cover)>);

/// The checks made on one bundle, in order and up to the first that did not hold; the statement if all did, and what it
/// covers.
fn one(
    offered: &Offered,
    evidence: &Evidence,
    file: Option<&ModelFile<'_>>,
    has_unread: bool,
    bind: impl Fn(&Signed<'_>) -> Result<About, Stopped>,
) -> Result<Made, Unproved> {
    let Proved { signer, time, log, signed, held } = offered.prove(&evidence.trusted, file)?;
    let mut checks: Vec<Check> = held.into_iter().map(Check::held).collect();
    let About { annotations, predicate_type, predicate, bound, held } = match bind(&signed) {
        Ok(about) => about,
        Err(Stopped { held, check }) => {
            checks.extend(held.into_iter().map(Check::held));
            checks.push(*check);
            return Ok((checks, None));
        }
    };
    checks.extend(held.into_iter().map(Check::held));
    let Bound { kind, binding, bom_files, mut cover } = bound;
    let part = !cover.unverified.is_empty() || has_unread;
    let verified = report::Statement {
        bundle: offered.digest,
        file: offered.file.clone(),
        kind,
        predicate_type,
        signer,
        time,
        log,
        subject: if part { Subject::NamedFiles } else { Subject::WholeModel },
        binding,
        bom_files,
        not_covered: std::mem::take(&mut cover.not_covered),
        annotations,
        predicate,
    };
    Ok((checks, Some((verified, cover))))
}

/// Binds an in-toto payload.
pub(crate) fn of_payload(
    payload: &[u8],
    bind: impl Fn(&Statement<'_>) -> Result<Bound, Box<Check>>,
) -> Result<About, Stopped> {
    let statement = Statement::parse(payload).map_err(|err| {
        let reason = format!("what was signed: {}", mlbom::cli::chain(&err));
        Stopped::new(Check::failed("statement", reason, "sign the model anew"))
    })?;
    let mut held = vec!["statement"];
    let bound = bind(&statement).map_err(|check| Stopped::after(&held, check))?;
    held.extend(["subject", "files", "exclusions"]);
    if bound.bom_files == Some(BomFiles::Equal) {
        held.push("bom-files");
    }
    let (predicate_type, predicate) = (statement.predicate_type.clone(), statement.predicate.to_owned());
    Ok(About { annotations: statement.annotations.clone(), predicate_type, predicate, bound, held })
}

/// A signature over the bytes of the one file: it was held against them already.
fn of_blob() -> About {
    About {
        annotations: BTreeMap::new(),
        predicate_type: String::new(),
        predicate: RawValue::NULL.to_owned(),
        bound: Bound {
            kind: StatementKind::Blob,
            binding: Binding::SingleFile,
            bom_files: None,
            cover: Cover::default(),
        },
        held: vec!["subject", "files"],
    }
}

/// Says how many digests were not computed from the bytes, and where they are from; nothing if all were. Held, for the
/// caller allowed them; whether they will do is for the policy.
fn digests(manifest: &Manifest) -> Option<Check> {
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    for file in manifest.files().iter().filter(|file| file.digest_source != COMPUTED) {
        *taken.entry(&file.digest_source).or_default() += 1;
    }
    if taken.is_empty() {
        return None;
    }
    let (sum, all) = (taken.values().sum::<usize>(), manifest.files().len());
    let sources: Vec<String> =
        taken.iter().take(MAX_SOURCES).map(|(source, count)| format!("{source} {count}")).collect();
    let reason = format!("{sum} of {all} files not hashed: {}", sources.join(", "));
    Some(Check { reason: Some(reason), ..Check::held("digests") })
}
