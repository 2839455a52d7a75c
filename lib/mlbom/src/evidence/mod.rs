//! The evidence, `urn:mlbom:evidence:v1`: what is known of how a model was made, and how each value is known.

mod check;

use std::collections::BTreeSet;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Sha256;
use crate::json;
use crate::path::RelPath;

/// The name of this document and of its schema.
pub const TYPE: &str = "urn:mlbom:evidence:v1";
/// The `root` of a source that is a file of the model itself.
pub const MODEL: &str = "model";
/// The most facts of one document, and of a bill.
pub const MAX_FACTS: usize = 2_000_000;
/// The longest text that a value holds, in bytes.
pub const MAX_TEXT_BYTES: usize = 4096;

/// What was captured. It agrees with itself: every fact, relation and finding is about an entity that is listed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    r#type: &'static str,
    /// What captured it.
    pub producer: Producer,
    /// By id.
    pub entities: Vec<Entity>,
    /// By entity and name; one for each pair.
    pub facts: Vec<Fact>,
    /// By from, kind and to.
    pub relations: Vec<Relation>,
    /// By id and message.
    pub findings: Vec<Finding>,
    /// What was not looked for, not there, or not to be read.
    pub not_known: Vec<NotKnown>,
}

/// A program and its version.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Producer {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Something that had a part in making the model.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its name inside documents: made from what it is, so that two documents mean the same by it.
    pub id: String,
    /// The part that it had.
    pub role: Role,
    /// What people call it.
    pub name: String,
}

/// The part that something had in making the model.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The model that the record is about.
    Model,
    /// What it was trained from.
    BaseModel,
    /// A set of weights that is laid over another.
    Adapter,
    /// What it was trained on.
    TrainingDataset,
    /// What it was fine-tuned on.
    FineTuningDataset,
    /// What it was held against once it was made.
    EvaluationDataset,
    /// What it was held against while it was made.
    ValidationDataset,
    /// What quantisation was calibrated with.
    CalibrationDataset,
    /// The code that made it.
    Code,
    /// A package that was installed.
    Library,
    /// The machine.
    Hardware,
    /// Its operating system.
    OperatingSystem,
    /// The container image that it ran in.
    Image,
    /// The run that made it: its parameters, its results, the job that started it.
    Run,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Model,
        Self::BaseModel,
        Self::Adapter,
        Self::TrainingDataset,
        Self::FineTuningDataset,
        Self::EvaluationDataset,
        Self::ValidationDataset,
        Self::CalibrationDataset,
        Self::Code,
        Self::Library,
        Self::Hardware,
        Self::OperatingSystem,
        Self::Image,
        Self::Run,
    ];
    /// Those of data.
    pub const DATASETS: [Self; 5] = [
        Self::TrainingDataset,
        Self::FineTuningDataset,
        Self::EvaluationDataset,
        Self::ValidationDataset,
        Self::CalibrationDataset,
    ];

    /// The name that documents use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::BaseModel => "baseModel",
            Self::Adapter => "adapter",
            Self::TrainingDataset => "trainingDataset",
            Self::FineTuningDataset => "fineTuningDataset",
            Self::EvaluationDataset => "evaluationDataset",
            Self::ValidationDataset => "validationDataset",
            Self::CalibrationDataset => "calibrationDataset",
            Self::Code => "code",
            Self::Library => "library",
            Self::Hardware => "hardware",
            Self::OperatingSystem => "operatingSystem",
            Self::Image => "image",
            Self::Run => "run",
        }
    }

    /// True of the roles of data.
    #[must_use]
    pub fn is_dataset(self) -> bool {
        Self::DATASETS.contains(&self)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How well a value is known; the weakest first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// A person wrote it.
    Declared,
    /// A tool left it behind.
    Recorded,
    /// Read from the bytes that it is about.
    Computed,
    /// Recorded or declared, and computed agrees.
    CrossChecked,
    /// The kernel showed it during the run.
    Observed,
}

impl Trust {
    /// All of them, the weakest first.
    pub const ALL: [Self; 5] =
        [Self::Declared, Self::Recorded, Self::Computed, Self::CrossChecked, Self::Observed];

    /// The name that documents use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Recorded => "recorded",
            Self::Computed => "computed",
            Self::CrossChecked => "crossChecked",
            Self::Observed => "observed",
        }
    }

    /// How well a value is known that all of `sources` give.
    #[must_use]
    pub fn of<'a>(sources: impl IntoIterator<Item = &'a Testimony>) -> Option<Self> {
        let trusts: BTreeSet<Self> = sources.into_iter().map(|said| said.trust).collect();
        let strongest = *trusts.last()?;
        let told = trusts.contains(&Self::Declared) || trusts.contains(&Self::Recorded);
        Some(if strongest == Self::Computed && told { Self::CrossChecked } else { strongest })
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One value of one entity.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The entity's id.
    pub entity: String,
    /// A name of the vocabulary.
    pub name: String,
    /// Of the type that the vocabulary gives; never null.
    pub value: Value,
    /// What follows from `sources`: see [`Trust::of`].
    pub trust: Trust,
    /// Who says so; at least one, in order.
    pub sources: Vec<Testimony>,
}

/// One source's word for a value.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Testimony {
    /// How this source knows.
    pub trust: Trust,
    /// The reader that read it.
    pub reader: String,
    /// Where it stands.
    pub source: Source,
}

/// Where a value stands.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// A file or, without size and digest, a name in a directory.
    File(FileSource),
    /// A flag of the command line, as given.
    Flag(FlagSource),
    /// A variable of the environment.
    Variable(VariableSource),
}

/// A file that says something.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// What `path` starts from: the id of an entity, `host`, or `hub` for a directory of caches.
    pub root: String,
    /// Where it is below that.
    pub path: RelPath,
    /// Its length in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Of all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
    /// Where in it: a JSON pointer (RFC 6901) for JSON and what reads like it, else words such as `line 3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
}

/// A flag that says something.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FlagSource {
    /// The flag with its value.
    pub flag: String,
}

/// A variable that says something.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VariableSource {
    /// Its name.
    pub variable: String,
}

impl Source {
    /// The place in words, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::File(file) => {
                let pointer = file.pointer.as_ref().map(|pointer| format!("#{pointer}")).unwrap_or_default();
                format!("{}{pointer}", file.path)
            }
            Self::Flag(flag) => flag.flag.clone(),
            Self::Variable(variable) => variable.variable.clone(),
        }
    }
}

/// How one entity stands to another.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// The id of the entity that the relation is of.
    pub from: String,
    /// What it is to the other.
    pub kind: RelationKind,
    /// The id of the other entity.
    pub to: String,
    /// Who says so; at least one, in order.
    pub sources: Vec<Testimony>,
}

/// What an entity is to another.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RelationKind {
    /// Its weights come from the other's.
    DerivedFrom,
    /// It is an adapter over the other.
    Adapts,
    /// The other is part of it.
    Contains,
    /// It was made, or measured, with the help of the other.
    Used,
}

/// Something that does not fit.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Which kind, such as `MLB-CARD-BASE`.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// The id of the entity that it is about.
    pub entity: String,
    /// Who says what, in order.
    pub claims: Vec<Claim>,
}

/// How much a finding matters; the least first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look before the model is used.
    Medium,
    /// The model should not be used before this is explained.
    High,
    /// Somebody may be attacking.
    Critical,
}

impl Severity {
    /// The name that documents use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What one source says where sources differ.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// What it says, as text.
    pub says: String,
    /// Where it stands.
    pub source: Source,
}

/// Something that the document does not say, and why.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NotKnown {
    /// The entity that it would be a fact of; none if a whole role is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// The name of a fact, or of a role.
    pub what: String,
    /// Which kind of not known.
    pub state: Absence,
    /// The reader that looked, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
}

/// Three different kinds of not known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Absence {
    /// Nobody asked.
    NotLookedFor,
    /// It was looked for, and is not there.
    Absent,
    /// It is there, and could not be read.
    Unreadable,
}

impl Absence {
    /// The name that documents use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotLookedFor => "notLookedFor",
            Self::Absent => "absent",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Why something is not evidence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Names an entity that is not listed.
    #[error("{what} is about {entity:?}, which is not among its entities")]
    Dangling {
        /// What names it.
        what: String,
        /// What it names.
        entity: String,
    },
    /// An id that does not begin with its role.
    #[error("entity {id:?} is {role}, an id of that role, alone or before a colon, was wanted")]
    Id {
        /// The id.
        id: String,
        /// The role.
        role: Role,
    },
    /// Not JSON, or not of this shape.
    #[error("not evidence ({TYPE})")]
    Json(#[source] json::Error),
    /// A file of the model without size and digest.
    #[error("{0:?} is said to be a file of the model, without its size and digest")]
    NotBound(RelPath),
    /// Something is there twice or out of order.
    #[error("{0} is listed twice or out of order")]
    Order(String),
    /// More than [`MAX_FACTS`].
    #[error("holds {0} facts, at most {MAX_FACTS} were wanted")]
    TooMany(usize),
    /// A trust mark that its sources do not give.
    #[error("fact {name} of {entity:?} is marked {found}, which its sources do not give")]
    Trust {
        /// Which fact.
        name: String,
        /// Of which entity.
        entity: String,
        /// The mark.
        found: Trust,
    },
    /// A value that says nothing, or is no value.
    #[error("fact {name} of {entity:?} has null or an object for a value")]
    Value {
        /// Which fact.
        name: String,
        /// Of which entity.
        entity: String,
    },
    /// A member that may not be empty is.
    #[error("{0} is empty, or longer than {MAX_TEXT_BYTES} bytes, or holds a control character")]
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Wire {
    r#type: String,
    producer: Producer,
    entities: Vec<Entity>,
    facts: Vec<Fact>,
    relations: Vec<Relation>,
    findings: Vec<Finding>,
    not_known: Vec<NotKnown>,
}

impl Evidence {
    /// Makes the document of what comes in any order; refuses what does not agree with itself.
    pub fn new(
        producer: Producer,
        mut entities: Vec<Entity>,
        mut facts: Vec<Fact>,
        mut relations: Vec<Relation>,
        mut findings: Vec<Finding>,
        mut not_known: Vec<NotKnown>,
    ) -> Result<Self, Error> {
        entities.sort();
        facts.sort_by(|a, b| (&a.entity, &a.name).cmp(&(&b.entity, &b.name)));
        relations.sort();
        findings.sort();
        findings.dedup();
        not_known.sort();
        not_known.dedup();
        for fact in &mut facts {
            fact.sources.sort();
            fact.sources.dedup();
        }
        let made = Self { r#type: TYPE, producer, entities, facts, relations, findings, not_known };
        made.check()?;
        Ok(made)
    }

    /// Reads a document and checks that it agrees with itself.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wire: Wire = json::parse(text).map_err(Error::Json)?;
        if wire.r#type != TYPE {
            let why = format!("type is {:?}, {TYPE} was wanted", wire.r#type);
            return Err(Error::Json(serde_json::Error::custom(why).into()));
        }
        let Wire { r#type: _, producer, entities, facts, relations, findings, not_known } = wire;
        let made = Self::new(producer, entities, facts, relations, findings, not_known)?;
        // Also finds what is out of order: the document is written as it is sorted.
        json::check_spelling(&made, text).map_err(Error::Json)?;
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../../../schemas/samples/evidence/valid/small.json");

    /// What the schema cannot see.
    #[test]
    fn one_fault_each() {
        Evidence::parse(SAMPLE).expect("the sample");
        for (from, to, why) in [
            (
                r#""trust": "recorded", "sources""#,
                r#""trust": "computed", "sources""#,
                "a mark its sources do not give",
            ),
            (
                r#"{"entity": "model", "name": "config.modelType""#,
                r#"{"entity": "run", "name": "config.modelType""#,
                "an entity that is not there",
            ),
            (r#""to": "trainingDataset:"#, r#""to": "fineTuningDataset:"#, "a relation to nothing"),
            (r#""entity": "model", "claims""#, r#""entity": "models", "claims""#, "a finding about nothing"),
            (r#""role": "trainingDataset""#, r#""role": "evaluationDataset""#, "an id of another role"),
            (
                r#"{"what": "baseModel""#,
                r#"{"entity": null, "what": "baseModel""#,
                "null in place of absence",
            ),
            (r#""findings": ["#, r#""findings": [], "findings": ["#, "a repeated key"),
            (r#""value": 48"#, r#""value": 48, "value": 48"#, "a repeated key"),
        ] {
            let changed = SAMPLE.replacen(from, to, 1);
            assert_ne!(changed, SAMPLE, "{why}");
            assert!(Evidence::parse(&changed).is_err(), "{why}");
        }
    }

    #[test]
    fn marks_follow_from_sources() {
        let said = |trust| Testimony {
            trust,
            reader: "r".into(),
            source: Source::Flag(FlagSource { flag: "f".into() }),
        };
        assert_eq!(Trust::of(&[]), None);
        for (first, second, want) in [
            (Trust::Declared, Trust::Declared, Trust::Declared),
            (Trust::Declared, Trust::Recorded, Trust::Recorded),
            (Trust::Declared, Trust::Computed, Trust::CrossChecked),
            (Trust::Recorded, Trust::Computed, Trust::CrossChecked),
            (Trust::Computed, Trust::Computed, Trust::Computed),
            (Trust::Recorded, Trust::Observed, Trust::Observed),
        ] {
            assert_eq!(Trust::of(&[said(first), said(second)]), Some(want));
            assert_eq!(Trust::of(&[said(second), said(first)]), Some(want));
        }
    }
}
