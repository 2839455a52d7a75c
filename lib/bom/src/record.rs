//! Puts together what many sources say: agreement makes a value stronger, disagreement makes a finding.

use std::collections::{BTreeMap, BTreeSet};

use mlbom::evidence::{
    self, Absence, Claim, Entity, Evidence, Fact, Finding, NotKnown, Producer, Relation, RelationKind, Role,
    Severity, Testimony, Trust,
};
use serde_json::Value;

use crate::vocabulary::{self, NotSayable, TERMS, Term};

/// The finding that two sources contradict each other where no check of its own says more.
pub const DISAGREEMENT: &str = "MLB-DISAGREEMENT";

/// Something that a record should speak of: that nobody asked is said, not left out.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// What [`NotKnown::what`] calls it.
    pub name: &'static str,
    /// The roles that answer it.
    pub roles: &'static [Role],
    /// The fact that answers it with "there is none".
    pub none: Option<&'static str>,
    /// If there are any, one of them has to be a fact of such an entity: that a card names a package is no environment.
    pub facts: &'static [&'static str],
}

/// Every area; a new one is one line.
pub const AREAS: &[Area] = &[
    Area { name: "baseModel", roles: &[Role::BaseModel], none: Some("declared.noBaseModel"), facts: &[] },
    Area { name: "code", roles: &[Role::Code], none: None, facts: &[] },
    Area { name: "dataset", roles: &Role::DATASETS, none: Some("declared.noDataset"), facts: &[] },
    Area { name: "hardware", roles: &[Role::Hardware], none: None, facts: &[] },
    Area {
        name: "library",
        roles: &[Role::Library],
        none: None,
        facts: &["package.installer", "package.record", "package.recordDigest"],
    },
    Area { name: "run", roles: &[Role::Run], none: None, facts: &[] },
];

type Said = BTreeMap<String, (Value, BTreeSet<Testimony>)>;

/// A record in the making. What comes out does not depend on the order in which things were put in.
#[derive(Clone, Debug, Default)]
pub struct Record {
    entities: BTreeMap<String, Entity>,
    /// By entity and fact, each value that was given, by its JSON text.
    said: BTreeMap<(String, String), Said>,
    relations: BTreeMap<(String, RelationKind, String), BTreeSet<Testimony>>,
    findings: BTreeSet<Finding>,
    not_known: BTreeSet<NotKnown>,
}

/// Why something cannot be part of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two documents mean different things by one id.
    #[error("entity {id:?} is {found} {found_name:?} here and {other} {other_name:?} there")]
    Entity {
        /// The id.
        id: String,
        /// Its role in one place.
        found: Role,
        /// Its name in that place.
        found_name: String,
        /// Its role in the other.
        other: Role,
        /// Its name in the other.
        other_name: String,
    },
    /// A fact of an entity that is not there.
    #[error("{0:?} is no entity")]
    NoEntity(String),
    /// Not of the vocabulary.
    #[error(transparent)]
    NotSayable(#[from] NotSayable),
}

impl Record {
    /// Adds `entity`; again is no harm.
    pub fn entity(&mut self, entity: Entity) -> Result<(), Error> {
        match self.entities.get(&entity.id) {
            Some(other) if *other != entity => Err(Error::Entity {
                id: entity.id,
                found: entity.role,
                found_name: entity.name,
                other: other.role,
                other_name: other.name.clone(),
            }),
            Some(_) => Ok(()),
            None => {
                self.entities.insert(entity.id.clone(), entity);
                Ok(())
            }
        }
    }

    /// Adds one source's word for the fact `name` of `entity`.
    pub fn fact(&mut self, entity: &str, name: &str, value: Value, said: Testimony) -> Result<(), Error> {
        let role = self.entities.get(entity).ok_or_else(|| Error::NoEntity(entity.to_owned()))?.role;
        let value = canonical(value);
        vocabulary::check(role, name, &value)?;
        let values = self.said.entry((entity.to_owned(), name.to_owned())).or_default();
        values.entry(value.to_string()).or_insert_with(|| (value, BTreeSet::new())).1.insert(said);
        Ok(())
    }

    /// Adds one source's word for a relation.
    pub fn relation(&mut self, from: &str, kind: RelationKind, to: &str, said: Testimony) {
        self.relations.entry((from.to_owned(), kind, to.to_owned())).or_default().insert(said);
    }

    /// Adds a finding.
    pub fn finding(&mut self, finding: Finding) {
        self.findings.insert(finding);
    }

    /// Adds something that is not known; what another source knows is left out at the end.
    pub fn not_known(&mut self, entry: NotKnown) {
        self.not_known.insert(entry);
    }

    /// Adds all of a document.
    pub fn add(&mut self, evidence: &Evidence) -> Result<(), Error> {
        evidence.entities.iter().try_for_each(|entity| self.entity(entity.clone()))?;
        for fact in &evidence.facts {
            for said in &fact.sources {
                self.fact(&fact.entity, &fact.name, fact.value.clone(), said.clone())?;
            }
        }
        for relation in &evidence.relations {
            for said in &relation.sources {
                self.relation(&relation.from, relation.kind, &relation.to, said.clone());
            }
        }
        self.findings.extend(evidence.findings.iter().cloned());
        self.not_known.extend(evidence.not_known.iter().cloned());
        Ok(())
    }

    /// The entities so far.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.entities.values()
    }

    /// Every value that was given for the fact `name` of `entity` so far, with who gave it.
    pub fn values<'a>(
        &'a self,
        entity: &str,
        name: &str,
    ) -> impl Iterator<Item = (&'a Value, &'a BTreeSet<Testimony>)> + use<'a> {
        let values = self.said.get(&(entity.to_owned(), name.to_owned()));
        values.into_iter().flat_map(BTreeMap::values).map(|(value, said)| (value, said))
    }

    /// The one value of the fact `name` of `entity`, if its sources agree or one of them knows best.
    #[must_use]
    pub fn value(&self, entity: &str, name: &str) -> Option<(&Value, &BTreeSet<Testimony>)> {
        self.said.get(&(entity.to_owned(), name.to_owned())).and_then(strongest)
    }

    /// Whether any fact of `entity` was given that `term` is the line of.
    #[must_use]
    pub fn states(&self, entity: &str, term: &Term) -> bool {
        self.names(entity).any(|name| term.covers(name))
    }

    /// Whether any fact of `entity` was given that is not a declared absence.
    fn speaks_of(&self, entity: &str) -> bool {
        self.names(entity).any(|name| !name.starts_with("declared."))
    }

    /// The names of the facts of `entity`.
    fn names<'a>(&'a self, entity: &'a str) -> impl Iterator<Item = &'a str> {
        let from = self.said.range((entity.to_owned(), String::new())..);
        from.map(|((of, name), _)| (of, name))
            .take_while(move |(of, _)| *of == entity)
            .map(|(_, name)| name.as_str())
    }

    /// The document of all that was put in.
    pub fn finish(mut self, producer: Producer) -> Result<Evidence, evidence::Error> {
        self.say_what_was_not_looked_for();
        let mut facts = Vec::new();
        for ((entity, name), said) in &self.said {
            if said.len() > 1 {
                self.findings.insert(disagreement(entity, name, said));
            }
            if let Some((value, sources)) = strongest(said) {
                let trust = Trust::of(sources).unwrap_or(Trust::Declared);
                let sources = sources.iter().cloned().collect();
                facts.push(Fact {
                    entity: entity.clone(),
                    name: name.clone(),
                    value: value.clone(),
                    trust,
                    sources,
                });
            }
        }
        let unreadable: BTreeSet<_> = self
            .not_known
            .iter()
            .filter(|entry| entry.state == Absence::Unreadable)
            .map(|entry| (&entry.entity, &entry.what))
            .collect();
        // One source has it, or, where none has, one has it in a form that cannot be read.
        let stated = |entry: &NotKnown| {
            let known = entry.entity.as_ref().is_some_and(|entity| {
                match TERMS.iter().find(|term| term.name == entry.what) {
                    Some(term) => self.states(entity, term),
                    None => self.said.contains_key(&(entity.clone(), entry.what.clone())),
                }
            });
            known || entry.state == Absence::Absent && unreadable.contains(&(&entry.entity, &entry.what))
        };
        let not_known = self.not_known.iter().filter(|entry| !stated(entry)).cloned().collect();
        let relations = self
            .relations
            .into_iter()
            .map(|((from, kind, to), sources)| Relation {
                from,
                kind,
                to,
                sources: sources.into_iter().collect(),
            })
            .collect();
        let (entities, findings) =
            (self.entities.into_values().collect(), self.findings.into_iter().collect());
        Evidence::new(producer, entities, facts, relations, findings, not_known)
    }

    /// An area with an entity, a declared absence, or somebody who looked in vain needs no more words.
    fn say_what_was_not_looked_for(&mut self) {
        self.not_known.retain(|entry| entry.state != Absence::NotLookedFor || entry.entity.is_some());
        let mut missing = Vec::new();
        for area in AREAS {
            let answers = |entity: &Entity| {
                let states = |fact: &&str| self.said.contains_key(&(entity.id.clone(), (*fact).to_owned()));
                area.roles.contains(&entity.role) && (area.facts.is_empty() || area.facts.iter().any(states))
            };
            let answered = self.entities.values().any(answers)
                || area.none.is_some_and(|none| {
                    self.said.contains_key(&(evidence::MODEL.to_owned(), none.to_owned()))
                })
                || self.not_known.iter().any(|entry| entry.entity.is_none() && entry.what == area.name);
            if !answered {
                missing.push(area.name);
            }
        }
        if !self.speaks_of(evidence::MODEL) {
            missing.push("model");
        }
        self.not_known.extend(missing.into_iter().map(|what| NotKnown {
            entity: None,
            what: what.to_owned(),
            state: Absence::NotLookedFor,
            reader: None,
        }));
    }
}

/// The value that is known best; none if two are known equally well.
fn strongest(said: &Said) -> Option<(&Value, &BTreeSet<Testimony>)> {
    let best = said.values().filter_map(|(_, sources)| Trust::of(sources)).max()?;
    let mut those = said.values().filter(|(_, sources)| Trust::of(sources) == Some(best));
    match (those.next(), those.next()) {
        (Some((value, sources)), None) => Some((value, sources)),
        _ => None,
    }
}

fn disagreement(entity: &str, name: &str, said: &Said) -> Finding {
    let claims = said.values().flat_map(|(value, sources)| {
        sources.iter().map(|testimony| Claim { says: shown(value), source: testimony.source.clone() })
    });
    Finding {
        id: DISAGREEMENT.to_owned(),
        severity: Severity::Medium,
        message: format!("sources disagree about {name}"),
        entity: entity.to_owned(),
        claims: claims.collect(),
    }
}

/// A value as text, cut where it is long.
#[must_use]
pub fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    cut(&text, 256)
}

/// `text`, or as much of its start as fits into `bytes`, with a sign that more was there.
#[must_use]
pub fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes.saturating_sub(3)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// One spelling for one number: 6.0 and 6 are the same.
fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float)
                if !number.is_u64() && !number.is_i64() && float.fract() == 0.0 && float.abs() < 9e15 =>
            {
                Value::from(float as i64)
            }
            _ => Value::Number(number),
        },
        Value::Array(values) => values.into_iter().map(canonical).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mlbom::evidence::{FlagSource, Source};
    use serde_json::json;

    fn said(trust: Trust, who: &str) -> Testimony {
        Testimony { trust, reader: "test".into(), source: Source::Flag(FlagSource { flag: who.into() }) }
    }

    fn record() -> Record {
        let mut record = Record::default();
        for (id, role) in
            [("model", Role::Model), ("trainingDataset:t", Role::TrainingDataset), ("run", Role::Run)]
        {
            record.entity(Entity { id: id.into(), role, name: id.into() }).expect("an entity");
        }
        record
    }

    fn finish(record: Record) -> Evidence {
        record.finish(Producer { name: "test".into(), version: "0".into() }).expect("evidence")
    }

    #[test]
    fn agreement_and_disagreement() {
        // Who says what, the value that is left and its mark, and how many findings.
        type Case<'a> = (&'a [(Trust, i64)], Option<(i64, Trust)>, usize);
        let cases: [Case<'_>; 7] = [
            (&[(Trust::Recorded, 3)], Some((3, Trust::Recorded)), 0),
            (&[(Trust::Recorded, 3), (Trust::Computed, 3)], Some((3, Trust::CrossChecked)), 0),
            (&[(Trust::Declared, 3), (Trust::Recorded, 3)], Some((3, Trust::Recorded)), 0),
            (&[(Trust::Recorded, 3), (Trust::Computed, 2)], Some((2, Trust::Computed)), 1),
            (&[(Trust::Recorded, 3), (Trust::Recorded, 2)], None, 1),
            (&[(Trust::Declared, 3), (Trust::Recorded, 2)], Some((2, Trust::Recorded)), 1),
            (
                &[(Trust::Computed, 2), (Trust::Declared, 2), (Trust::Recorded, 3)],
                Some((2, Trust::CrossChecked)),
                1,
            ),
        ];
        for (words, want, findings) in cases {
            let texts = [false, true].map(|backwards| {
                let mut record = record();
                let mut words: Vec<_> = words.iter().enumerate().collect();
                if backwards {
                    words.reverse();
                }
                for (at, (trust, value)) in words {
                    record
                        .fact("trainingDataset:t", "data.rows", json!(value), said(*trust, &at.to_string()))
                        .expect("sayable");
                }
                let evidence = finish(record);
                let found =
                    evidence.facts.first().map(|fact| (fact.value.as_i64().expect("a number"), fact.trust));
                assert_eq!(found, want);
                assert_eq!(evidence.findings.len(), findings);
                let text = serde_json::to_string(&evidence).expect("JSON");
                Evidence::parse(&text).expect("reads");
                text
            });
            assert_eq!(texts[0], texts[1], "order does not matter");
        }
    }

    #[test]
    fn numbers_have_one_spelling() {
        let mut record = record();
        for value in [json!(6), json!(6.0)] {
            record.fact("run", "training.epochs", value, said(Trust::Recorded, "x")).expect("sayable");
        }
        assert!(finish(record).findings.is_empty());
    }

    #[test]
    fn only_what_the_vocabulary_has() {
        let mut record = record();
        for (entity, name, value) in [
            ("model", "nonsense", json!(1)),
            ("model", "data.rows", json!(1)),
            ("run", "training.globalStep", json!(-1)),
            ("run", "training.globalStep", json!("1")),
            ("run", "metric.", json!(1)),
            ("nobody", "data.rows", json!(1)),
        ] {
            assert!(record.fact(entity, name, value, said(Trust::Recorded, "x")).is_err(), "{entity} {name}");
        }
    }

    #[test]
    fn what_one_source_has_is_not_absent() {
        let not_known = |what: &str, state| NotKnown {
            entity: Some("run".into()),
            what: what.into(),
            state,
            reader: Some("test".into()),
        };
        let mut record = record();
        record.fact("run", "metric.test.loss", json!(1), said(Trust::Recorded, "x")).expect("sayable");
        for (what, state) in [
            ("metric.*", Absence::Absent),
            ("metric.test.loss", Absence::Unreadable),
            ("training.epochs", Absence::Absent),
            ("training.epochs", Absence::Unreadable),
            ("seed.*", Absence::Absent),
        ] {
            record.not_known(not_known(what, state));
        }
        let mut left = finish(record).not_known;
        left.retain(|entry| entry.entity.is_some());
        assert_eq!(
            left,
            [not_known("seed.*", Absence::Absent), not_known("training.epochs", Absence::Unreadable)]
        );
    }

    #[test]
    fn what_nobody_asked_is_said_until_somebody_does() {
        let states = |evidence: &Evidence| {
            let mut names: Vec<_> = evidence.not_known.iter().map(|entry| entry.what.clone()).collect();
            names.sort();
            names.join(" ")
        };
        let first = finish(record());
        assert_eq!(states(&first), "baseModel code hardware library model");
        let mut second = record();
        second.add(&first).expect("a document");
        second
            .fact("model", "declared.noBaseModel", json!(true), said(Trust::Declared, "--base none"))
            .expect("sayable");
        assert_eq!(states(&finish(second)), "code hardware library model");
    }
}
