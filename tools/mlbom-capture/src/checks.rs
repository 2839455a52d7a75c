//! Holds facts of different entities against each other. A new check is one function and one line in [`CHECKS`].

use std::path::{Path, PathBuf};

use mlbom::evidence::{Claim, Entity, Finding, RelationKind, Role, Severity, Testimony};
use mlbom_bom::record::{Record, shown};
use serde_json::Value;

/// What sources call it.
const READER: &str = "cross-check";

/// Where the base models are that flags named: what was written into a file during training may be such a path.
pub(crate) type Bases = [(PathBuf, String)];

const CHECKS: &[fn(&mut Record, &Bases)] = &[
    adapter_and_base,
    card_and_base,
    declared_absences,
    job_and_code,
    writers_and_packages,
    card_and_datasets,
    evaluated_on_what_it_was_trained_on,
];

/// Every check, over all that was captured.
pub(crate) fn all(record: &mut Record, bases: &Bases) {
    CHECKS.iter().for_each(|check| check(record, bases));
}

/// One entity's one value of a fact, with who says so.
#[derive(Clone, Debug)]
struct Known {
    entity: String,
    value: Value,
    sources: Vec<Testimony>,
}

impl Known {
    fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    fn texts(&self) -> Vec<&str> {
        self.value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn claims(&self) -> impl Iterator<Item = Claim> {
        self.sources.iter().map(|said| Claim { says: shown(&self.value), source: said.source.clone() })
    }
}

/// The fact `name` of every entity of the roles that `of` takes.
fn known(record: &Record, of: impl Fn(&Entity) -> bool, name: &str) -> Vec<Known> {
    let entities: Vec<_> =
        record.entities().filter(|entity| of(entity)).map(|entity| entity.id.clone()).collect();
    let one = |entity: String| {
        let (value, sources) = record.value(&entity, name)?;
        Some(Known { value: value.clone(), sources: sources.iter().cloned().collect(), entity })
    };
    entities.into_iter().filter_map(one).collect()
}

fn role(role: Role) -> impl Fn(&Entity) -> bool {
    move |entity| entity.role == role
}

fn find(record: &mut Record, id: &str, severity: Severity, message: &str, entity: &str, sides: &[&Known]) {
    let claims = sides.iter().flat_map(|known| known.claims()).collect();
    let (id, message, entity) = (id.to_owned(), message.to_owned(), entity.to_owned());
    record.finding(Finding { id, severity, message, entity, claims });
}

/// A name on the Hub, not a path: `organisation/name`.
fn is_repository(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']);
    name.split_once('/').is_some_and(|(org, name)| part(org) && part(name) && !name.contains('/'))
}

/// The base that an adapter names is the one that was captured, by name or by path, and at the revision it names.
fn adapter_and_base(record: &mut Record, bases: &Bases) {
    let repositories = known(record, role(Role::BaseModel), "hub.repository");
    for base in known(record, role(Role::Adapter), "adapter.base") {
        let Some(name) = base.text() else { continue };
        // The cache and a copy may both be there: the path tells them apart, the name does not.
        let mut named = repositories.iter().filter(|repository| repository.text() == Some(name));
        let by_name = named.next().filter(|_| named.next().is_none());
        // `base/tiny` in the file, `--base run/base/tiny` here.
        let by_path = bases.iter().find(|(path, _)| path.ends_with(Path::new(name)));
        let Some(target) = by_name.map(|known| &known.entity).or(by_path.map(|(_, entity)| entity)).cloned()
        else {
            if repositories.iter().any(|repository| repository.text() == Some(name)) {
                continue;
            }
            let mut others = repositories.iter().filter(|_| is_repository(name)).peekable();
            if others.peek().is_some() {
                let sides: Vec<&Known> = [&base].into_iter().chain(others).collect();
                let message = "the adapter names another base model than the one that was captured";
                find(record, "MLB-ADAPTER-BASE", Severity::High, message, &base.entity, &sides);
            }
            continue;
        };
        for said in &base.sources {
            record.relation(&base.entity, RelationKind::Adapts, &target, said.clone());
        }
        // Which files these are, the digest of the captured base says; that they are the ones meant, the name alone.
        let digest = known(record, |entity| entity.id == target, "content.digest").pop();
        for said in digest.iter().flat_map(|digest| &digest.sources) {
            let said = Testimony { reader: READER.to_owned(), ..said.clone() };
            let value = digest.as_ref().map(|digest| digest.value.clone()).unwrap_or_default();
            let _ = record.fact(&base.entity, "adapter.baseDigest", value, said);
        }
        revision_and_commit(record, &base.entity, &target);
    }
}

fn revision_and_commit(record: &mut Record, adapter: &str, base: &str) {
    let one = |entity: &str, name| known(record, |other| other.id == entity, name).pop();
    let (Some(revision), Some(commit)) = (one(adapter, "adapter.baseRevision"), one(base, "hub.commit"))
    else {
        return;
    };
    let name = one(base, "hub.revisions");
    let same = revision.value == commit.value
        || name.as_ref().is_some_and(|name| revision.text().is_some_and(|text| name.texts().contains(&text)));
    // Which commit a mutable name stood for when the adapter was trained, nothing on disk says.
    let is_commit = revision
        .text()
        .is_some_and(|text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !same && is_commit {
        let message =
            "the adapter was trained on another commit of its base model than the one that was captured";
        find(record, "MLB-BASE-REVISION", Severity::High, message, adapter, &[&revision, &commit]);
    }
}

/// The base that a card or a configuration names is the one that was captured.
fn card_and_base(record: &mut Record, bases: &Bases) {
    let repositories = known(record, role(Role::BaseModel), "hub.repository");
    let made = |entity: &Entity| matches!(entity.role, Role::Model | Role::Adapter);
    let cards = known(record, made, "card.baseModel");
    let configurations = known(record, made, "config.baseModel");
    for named in cards.iter().chain(&configurations) {
        let mut names = named.texts();
        names.extend(named.text().filter(|name| is_repository(name)));
        let by_path = |name: &&str| bases.iter().any(|(path, _)| path.ends_with(Path::new(name)));
        let by_name = |name: &&str| repositories.iter().any(|known| known.text() == Some(*name));
        // A merge names several, and each of them had a part.
        let captured = names.iter().all(|name| by_path(name) || by_name(name));
        if !names.is_empty() && !repositories.is_empty() && !captured {
            let sides: Vec<&Known> = [named].into_iter().chain(&repositories).collect();
            let card = named.value.is_array();
            let (id, what) =
                if card { ("MLB-CARD-BASE", "card") } else { ("MLB-CONFIG-BASE", "configuration") };
            let message = format!("the {what} names another base model than the one that was captured");
            let severity = if card { Severity::High } else { Severity::Medium };
            find(record, id, severity, &message, &named.entity, &sides);
        }
    }
}

/// What somebody declared not to exist is not named anywhere.
fn declared_absences(record: &mut Record, _: &Bases) {
    for (declared, facts, severity) in [
        (
            "declared.noBaseModel",
            ["card.baseModel", "adapter.base", "config.baseModel"].as_slice(),
            Severity::High,
        ),
        ("declared.noDataset", ["card.datasets"].as_slice(), Severity::High),
    ] {
        let Some(flag) = known(record, role(Role::Model), declared).pop() else { continue };
        for fact in facts {
            for named in known(record, |entity| matches!(entity.role, Role::Model | Role::Adapter), fact) {
                if named.value.as_array().is_some_and(Vec::is_empty) {
                    continue;
                }
                let message = format!("{fact} names one, although it was declared that there is none");
                find(record, "MLB-DECLARED-NONE", severity, &message, &named.entity, &[&named, &flag]);
            }
        }
    }
}

/// The commit that the CI job was started for is the one that the work tree is at.
fn job_and_code(record: &mut Record, _: &Bases) {
    let commits = known(record, role(Role::Code), "code.commit");
    for job in known(record, role(Role::Run), "ci.commit") {
        if let Some(code) = commits.iter().find(|code| code.value == job.value) {
            for said in &job.sources {
                let _ = record.fact(&code.entity, "code.commit", job.value.clone(), said.clone());
            }
            for said in &code.sources {
                let _ = record.fact(&job.entity, "ci.commit", job.value.clone(), said.clone());
            }
        } else if !commits.is_empty() {
            let sides: Vec<&Known> = [&job].into_iter().chain(&commits).collect();
            let message = "the CI job was started for another commit than the one that the work tree is at";
            find(record, "MLB-CI-COMMIT", Severity::High, message, &job.entity, &sides);
        }
    }
}

/// The library that wrote a file is installed in the version that the file names.
fn writers_and_packages(record: &mut Record, _: &Bases) {
    for (fact, package) in [("config.writer", "transformers"), ("adapter.writer", "peft")] {
        let is_package = |entity: &Entity| entity.role == Role::Library && entity.name == package;
        let installed = known(record, is_package, "package.version");
        for writer in known(record, |entity| matches!(entity.role, Role::Model | Role::Adapter), fact) {
            let says = |version: &Known| {
                writer.text() == version.text().map(|version| format!("{package} {version}")).as_deref()
            };
            if !installed.is_empty() && !installed.iter().any(says) {
                let sides: Vec<&Known> = [&writer].into_iter().chain(&installed).collect();
                let message = format!(
                    "the file was written by another version of {package} than the one that is installed"
                );
                find(record, "MLB-WRITER-VERSION", Severity::Low, &message, &writer.entity, &sides);
            }
        }
    }
}

/// The datasets of a card are those that were captured, as far as these come from a Hub.
fn card_and_datasets(record: &mut Record, _: &Bases) {
    let trained = |entity: &Entity| matches!(entity.role, Role::TrainingDataset | Role::FineTuningDataset);
    let repositories = known(record, trained, "hub.repository");
    for card in known(record, |entity| matches!(entity.role, Role::Model | Role::Adapter), "card.datasets") {
        let names = card.texts();
        for dataset in &repositories {
            if !names.is_empty() && !dataset.text().is_some_and(|name| names.contains(&name)) {
                let message = "the card does not name a dataset that the model was trained on";
                find(record, "MLB-CARD-DATASET", Severity::Medium, message, &card.entity, &[&card, dataset]);
            }
        }
    }
}

/// No evaluation on the bytes that the model was trained on.
fn evaluated_on_what_it_was_trained_on(record: &mut Record, _: &Bases) {
    let trained = |entity: &Entity| matches!(entity.role, Role::TrainingDataset | Role::FineTuningDataset);
    let measured = |entity: &Entity| matches!(entity.role, Role::EvaluationDataset | Role::ValidationDataset);
    let seen = known(record, trained, "content.digest");
    for evaluated in known(record, measured, "content.digest") {
        if let Some(same) = seen.iter().find(|known| known.value == evaluated.value) {
            let message = "the model is evaluated on the very data that it was trained on";
            find(
                record,
                "MLB-EVALUATED-ON-TRAINING",
                Severity::Medium,
                message,
                &evaluated.entity,
                &[&evaluated, same],
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlbom::evidence::{Evidence, FlagSource, Producer, Source, Trust};
    use serde_json::json;

    type Said<'a> = (&'a str, &'a str, Value, Trust);

    fn evidence(entities: &[(&str, Role)], facts: &[Said<'_>], bases: &Bases) -> Evidence {
        let mut record = Record::default();
        for (id, role) in entities {
            let name = id.rsplit(':').next().unwrap_or(id).to_owned();
            record.entity(Entity { id: (*id).to_owned(), role: *role, name }).expect("an entity");
        }
        for (entity, name, value, trust) in facts {
            let source = Source::Flag(FlagSource { flag: format!("{entity} {name}") });
            let said = Testimony { trust: *trust, reader: "test".into(), source };
            record.fact(entity, name, value.clone(), said).expect("sayable");
        }
        all(&mut record, bases);
        record.finish(Producer { name: "t".into(), version: "0".into() }).expect("evidence")
    }

    fn ids(evidence: &Evidence) -> Vec<&str> {
        evidence.findings.iter().map(|finding| finding.id.as_str()).collect()
    }

    #[test]
    fn contradictions_are_found_and_agreement_is_not() {
        use Role::{Adapter, BaseModel, Code, Library, Model, Run, TrainingDataset, ValidationDataset};
        let (commit, other) =
            ("0c5e78a1899c0440d2c0422f9e45d82267d54630", "ae2bc2e0182acad59a17a085900dfbdced587009");
        let base = ("baseModel:b", "hub.repository", json!("acme/tiny"), Trust::Recorded);
        let at = ("baseModel:b", "hub.commit", json!(commit), Trust::Recorded);
        let none = ("model", "declared.noBaseModel", json!(true), Trust::Declared);
        let cases: Vec<(Vec<Said<'_>>, &[&str])> = vec![
            (vec![base.clone(), ("adapter:a", "adapter.base", json!("acme/tiny"), Trust::Recorded)], &[]),
            (
                vec![base.clone(), ("adapter:a", "adapter.base", json!("acme/other"), Trust::Recorded)],
                &["MLB-ADAPTER-BASE"],
            ),
            (vec![base.clone(), ("adapter:a", "adapter.base", json!("base/tiny/"), Trust::Recorded)], &[]),
            (
                vec![
                    base.clone(),
                    at.clone(),
                    ("adapter:a", "adapter.base", json!("acme/tiny"), Trust::Recorded),
                    ("adapter:a", "adapter.baseRevision", json!(other), Trust::Recorded),
                ],
                &["MLB-BASE-REVISION"],
            ),
            (vec![base.clone(), ("model", "card.baseModel", json!(["acme/tiny"]), Trust::Declared)], &[]),
            (
                vec![base.clone(), ("model", "card.baseModel", json!(["acme/chat"]), Trust::Declared)],
                &["MLB-CARD-BASE"],
            ),
            (
                vec![base.clone(), ("model", "config.baseModel", json!("acme/chat"), Trust::Recorded)],
                &["MLB-CONFIG-BASE"],
            ),
            (vec![base.clone(), ("model", "config.baseModel", json!("./out"), Trust::Recorded)], &[]),
            (
                vec![none.clone(), ("model", "card.baseModel", json!(["acme/tiny"]), Trust::Declared)],
                &["MLB-DECLARED-NONE"],
            ),
            (vec![none, ("model", "card.baseModel", json!([]), Trust::Declared)], &[]),
            (
                vec![
                    ("code", "code.commit", json!(commit), Trust::Computed),
                    ("run", "ci.commit", json!(other), Trust::Recorded),
                ],
                &["MLB-CI-COMMIT"],
            ),
            (
                vec![
                    ("model", "config.writer", json!("transformers 5.23.0"), Trust::Recorded),
                    ("library:transformers", "package.version", json!("4.46.0"), Trust::Recorded),
                ],
                &["MLB-WRITER-VERSION"],
            ),
            (
                vec![
                    ("model", "card.datasets", json!(["acme/x"]), Trust::Declared),
                    ("trainingDataset:t", "hub.repository", json!("acme/y"), Trust::Recorded),
                ],
                &["MLB-CARD-DATASET"],
            ),
            (
                vec![
                    ("trainingDataset:t", "content.digest", json!("0".repeat(64)), Trust::Computed),
                    ("validationDataset:v", "content.digest", json!("0".repeat(64)), Trust::Computed),
                ],
                &["MLB-EVALUATED-ON-TRAINING"],
            ),
        ];
        let entities = [
            ("model", Model),
            ("adapter:a", Adapter),
            ("baseModel:b", BaseModel),
            ("code", Code),
            ("run", Run),
            ("library:transformers", Library),
            ("trainingDataset:t", TrainingDataset),
            ("validationDataset:v", ValidationDataset),
        ];
        for (facts, want) in cases {
            assert_eq!(ids(&evidence(&entities, &facts, &[])), want, "{facts:?}");
        }
    }

    #[test]
    fn agreement_makes_stronger_and_ties_together() {
        let facts = [
            ("code", "code.commit", json!("ab"), Trust::Computed),
            ("run", "ci.commit", json!("ab"), Trust::Recorded),
            ("adapter:a", "adapter.base", json!("base/tiny"), Trust::Recorded),
            ("adapter:a", "card.baseModel", json!(["base/tiny"]), Trust::Declared),
            ("baseModel:b", "hub.repository", json!("acme/tiny"), Trust::Recorded),
            ("baseModel:b", "content.digest", json!("1".repeat(64)), Trust::Computed),
        ];
        let entities = [
            ("code", Role::Code),
            ("run", Role::Run),
            ("adapter:a", Role::Adapter),
            ("baseModel:b", Role::BaseModel),
        ];
        let bases = [(PathBuf::from("runs/a2/base/tiny"), "baseModel:b".to_owned())];
        let evidence = evidence(&entities, &facts, &bases);
        let trust = |name: &str| evidence.facts.iter().find(|fact| fact.name == name).map(|fact| fact.trust);
        assert_eq!(trust("code.commit"), Some(Trust::CrossChecked));
        assert_eq!(trust("ci.commit"), Some(Trust::CrossChecked));
        assert_eq!(trust("adapter.baseDigest"), Some(Trust::Computed));
        assert_eq!(evidence.relations[0].to, "baseModel:b");
        assert!(evidence.findings.is_empty());
    }
}
