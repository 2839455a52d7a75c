//! Makes the report: every bundle given is checked, and every check is in it.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::manifest::{COMPUTED, Manifest};
use mlbom::path::RelPath;
use mlbom::report::{self, Check, Outcome, Report, Signer, Subject, Time};
use mlbom::shards::{self, ShardManifest};
use mlbom_sigstore::bundle::Material;
use mlbom_sigstore::key::PublicKey;
use mlbom_sigstore::statement::Statement;

use crate::TOOL;
use crate::bind::{Bound, bind};
use crate::cover::Model;
use crate::evidence::{Evidence, Offered};
use crate::require::{self, Wanted};
use crate::shards::ShardModel;

/// Of sources of digests, this many are counted by name: a foreign manifest may name any number.
const MAX_SOURCES: usize = 10;

/// Checks every bundle of `evidence` against the model that `manifest` lists, and `shards` once more in shards.
pub(crate) fn verify(
    manifest: Manifest,
    shards: &[ShardManifest],
    evidence: &Evidence,
    wanted: &[Wanted],
) -> Report {
    let model = Model::new(&manifest, shards, &evidence.files);
    let mut found = all(evidence, wanted, |statement| bind(statement, &model));
    // Bundles have to be there all the same: this alone is no check of anything.
    if !found.0.is_empty() {
        found.0.extend(digests(&manifest));
    }
    report(report::TYPE, manifest, found)
}

/// The same of a model that is known by its shards alone.
pub(crate) fn verify_shards(
    manifest: ShardManifest,
    evidence: &Evidence,
    wanted: &[Wanted],
) -> Report<ShardManifest> {
    let model = ShardModel::new(&manifest, &evidence.files);
    let found = all(evidence, wanted, |statement| model.bind(statement));
    report(shards::REPORT_TYPE, manifest, found)
}

/// What was checked, what verified, and what was tolerated.
type Found = (Vec<Check>, Vec<report::Statement>, BTreeSet<RelPath>);

fn all(
    evidence: &Evidence,
    wanted: &[Wanted],
    bind: impl Fn(&Statement<'_>) -> Result<Bound, Box<Check>>,
) -> Found {
    let mut checks = Vec::new();
    let mut statements = Vec::new();
    let mut tolerated: BTreeSet<RelPath> = BTreeSet::new();
    for offered in &evidence.bundles {
        let (made, statement) = one(offered, &evidence.keys, &bind);
        let about =
            |check: Check| Check { file: Some(offered.file.clone()), bundle: Some(offered.digest), ..check };
        checks.extend(made.into_iter().map(about));
        if let Some((statement, bound)) = statement {
            tolerated.extend(bound);
            statements.push(statement);
        }
    }
    checks.extend(require::check(wanted, &statements));
    (checks, statements, tolerated)
}

fn report<M>(r#type: &str, model: M, (checks, statements, tolerated): Found) -> Report<M> {
    let held = !checks.is_empty() && checks.iter().all(|check| check.result == Outcome::Held);
    Report {
        r#type: r#type.to_owned(),
        tool: TOOL.to_owned(),
        result: if held { Outcome::Held } else { Outcome::Failed },
        model,
        checks,
        statements,
        tolerated: tolerated.into_iter().collect(),
        complete: true,
    }
}

/// The checks made on one bundle, in order and up to the first that did not hold; the statement if all did, and the
/// files that it tolerates.
fn one(
    offered: &Offered,
    keys: &[PublicKey],
    bind: impl Fn(&Statement<'_>) -> Result<Bound, Box<Check>>,
) -> (Vec<Check>, Option<(report::Statement, Vec<RelPath>)>) {
    let mut checks = Vec::new();
    let Some((key, payload)) = keys.iter().find_map(|key| Some((key, offered.bundle.verify(key)?))) else {
        checks.push(unsigned(offered));
        return (checks, None);
    };
    checks.push(Check::held("signature"));
    let statement = match Statement::parse(payload) {
        Ok(statement) => statement,
        Err(err) => {
            let reason = format!("what was signed: {}", mlbom::cli::chain(&err));
            checks.push(Check::failed("statement", reason, "sign the model anew"));
            return (checks, None);
        }
    };
    checks.push(Check::held("statement"));
    let bound = match bind(&statement) {
        Ok(bound) => bound,
        Err(check) => {
            checks.push(*check);
            return (checks, None);
        }
    };
    checks.extend(["subject", "files", "exclusions"].map(Check::held));
    if bound.bom_files == Some(report::BomFiles::Equal) {
        checks.push(Check::held("bom-files"));
    }
    let Bound { kind, binding, bom_files, cover } = bound;
    let verified = report::Statement {
        bundle: offered.digest,
        file: offered.file.clone(),
        kind,
        predicate_type: statement.predicate_type.clone(),
        signer: Signer::Key { spki: key.spki_digest(), key_type: key.key_type().name().to_owned() },
        time: Time::None,
        subject: Subject::WholeModel,
        binding,
        bom_files,
        not_covered: cover.not_covered,
        predicate: statement.predicate.to_owned(),
    };
    (checks, Some((verified, cover.tolerated)))
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

fn unsigned(offered: &Offered) -> Check {
    let (reason, remedy) = match offered.bundle.material() {
        Material::PublicKey => (
            "the signature was not made by a key given, or what was signed has changed",
            "check that --key is the public key of who should have signed, and fetch the bundle again",
        ),
        Material::Certificate => (
            "is signed with a certificate, and no key given made the signature",
            "give the public key of who signed; certificates are not verified by this version",
        ),
    };
    Check::failed("signature", reason, remedy)
}
