//! The vocabulary: every fact that there is to say, as one table.
//!
//! A fact is one line: its name, its type, the roles that may carry it, and its home in each projection. Readers may say
//! nothing else; a test walks the table and finds each fact again in each projection, or in the projection's losses.

use mlbom::digest::Sha256;
use mlbom::evidence::Role;
use mlbom::path::RelPath;
use mlbom::time::Timestamp;
use serde_json::Value;

/// One line of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct Term {
    /// Its name. A name that ends in `.*` stands for every name that goes on from there: the rest is somebody else's,
    /// such as the name of a parameter.
    pub name: &'static str,
    /// What its values are.
    pub kind: Kind,
    /// What a number counts.
    pub unit: Option<&'static str>,
    /// Who may carry it.
    pub roles: &'static [Role],
    /// Where CycloneDX 1.6 and 1.7 have it.
    pub cyclonedx: Home,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A list of `{"path", "size", "sha256"}`, in byte order of path.
    Files,
    /// A whole number from 0 to 2^53.
    Integer,
    /// Any JSON number.
    Number,
    /// Text, a number, a boolean, or a list of these: as a configuration file has it.
    Scalar,
    /// 64 lower-case hexadecimal digits.
    Sha256,
    /// One line of text or several.
    Text,
    /// A list of texts, in the order that means something, else sorted.
    Texts,
    /// A time of RFC 3339, with `Z`.
    Time,
}

/// Where a fact lives in a CycloneDX document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Home {
    /// `modelCard.modelParameters.architectureFamily`.
    ArchitectureFamily,
    /// `description`.
    Description,
    /// An entry of `externalReferences` of this type for each value.
    Reference(&'static str),
    /// `components` of type `file`.
    Files,
    /// `hashes`, as SHA-256.
    Hash,
    /// `licenses`.
    Licenses,
    /// An entry of `modelCard.quantitativeAnalysis.performanceMetrics` of the model.
    Metric,
    /// `modelCard.modelParameters.modelArchitecture`.
    ModelArchitecture,
    /// A parameter among the inputs of the workflow of `formulation`.
    Parameter,
    /// A property, named `mlbom:` and the fact's name.
    Property,
    /// `data[].sensitiveData`.
    SensitiveData,
    /// `modelCard.modelParameters.task`.
    Task,
    /// `timeEnd` of the workflow.
    TimeEnd,
    /// `timeStart` of the workflow.
    TimeStart,
    /// `version`.
    Version,
}

use Home::{
    ArchitectureFamily, Description, Hash, Licenses, Metric, ModelArchitecture, Parameter, Property,
    Reference, SensitiveData, Task, TimeEnd, TimeStart, Version,
};
use Kind::{Boolean, Files, Integer, Number, Scalar, Text, Texts, Time};

const MODEL: &[Role] = &[Role::Model];
const ADAPTER: &[Role] = &[Role::Adapter];
const WEIGHTS: &[Role] = &[Role::Model, Role::BaseModel, Role::Adapter];
const DATA: &[Role] = &Role::DATASETS;
const CODE: &[Role] = &[Role::Code];
const LIBRARY: &[Role] = &[Role::Library];
const HARDWARE: &[Role] = &[Role::Hardware];
const SYSTEM: &[Role] = &[Role::OperatingSystem];
const IMAGE: &[Role] = &[Role::Image];
const RUN: &[Role] = &[Role::Run];
/// What has a licence that somebody declared.
const LICENSED: &[Role] = &[
    Role::Model,
    Role::BaseModel,
    Role::Adapter,
    Role::TrainingDataset,
    Role::FineTuningDataset,
    Role::EvaluationDataset,
    Role::ValidationDataset,
    Role::CalibrationDataset,
    Role::Library,
];
/// What is hashed whole, the model first: evidence about its files holds for that model, not for a later one.
const HASHED: &[Role] = LICENSED.split_at(8).0;
/// What is captured as a tree of files of its own: all but the model, whose files the manifest lists.
const CONTENT: &[Role] = HASHED.split_at(1).1;
/// What comes from a Hub.
const HUB: &[Role] = CONTENT;

const fn term(name: &'static str, kind: Kind, roles: &'static [Role], cyclonedx: Home) -> Term {
    Term { name, kind, unit: None, roles, cyclonedx }
}

const fn count(name: &'static str, unit: &'static str, roles: &'static [Role]) -> Term {
    Term { name, kind: Integer, unit: Some(unit), roles, cyclonedx: Property }
}

/// Every fact. In order of what it is about; a new fact is one line.
pub const TERMS: &[Term] = &[
    // What there is of it.
    term("content.digest", Kind::Sha256, HASHED, Hash),
    term("content.files", Files, CONTENT, Home::Files),
    count("content.bytes", "bytes", CONTENT),
    // Where it comes from.
    term("hub.repository", Text, HUB, Property),
    term("hub.commit", Text, HUB, Version),
    term("hub.revisions", Texts, HUB, Property),
    term("hub.filesChecked", Text, HUB, Property),
    term("hub.notFetched", Texts, HUB, Property),
    term("license", Texts, LICENSED, Licenses),
    // What a person says of it, in a card.
    term("card.baseModel", Texts, WEIGHTS, Property),
    term("card.baseModelRelation", Text, WEIGHTS, Property),
    term("card.datasets", Texts, WEIGHTS, Property),
    term("card.languages", Texts, WEIGHTS, Property),
    term("card.licenseLink", Text, WEIGHTS, Reference("license")),
    term("card.library", Text, WEIGHTS, Property),
    term("card.name", Text, WEIGHTS, Property),
    term("card.tags", Texts, WEIGHTS, Property),
    term("card.task", Text, WEIGHTS, Task),
    // A declared absence: `--base none`, `--dataset none`.
    term("declared.noBaseModel", Boolean, MODEL, Property),
    term("declared.noDataset", Boolean, MODEL, Property),
    // Weights, from their own headers.
    count("weights.parameters", "elements", WEIGHTS),
    count("weights.tensors", "tensors", WEIGHTS),
    count("weights.bytes", "bytes", WEIGHTS),
    count("weights.shards", "files", WEIGHTS),
    term("weights.dtypes", Texts, WEIGHTS, Property),
    term("weights.tensorNamesDigest", Kind::Sha256, WEIGHTS, Property),
    term("weights.metadata.*", Scalar, WEIGHTS, Property),
    term("weights.unreferenced", Texts, WEIGHTS, Property),
    // Configuration.
    term("config.architectures", Texts, WEIGHTS, ModelArchitecture),
    term("config.modelType", Text, WEIGHTS, ArchitectureFamily),
    term("config.dtype", Text, WEIGHTS, Property),
    term("config.baseModel", Text, WEIGHTS, Property),
    term("config.labels", Texts, WEIGHTS, Property),
    term("config.writer", Text, WEIGHTS, Property),
    term("config.shape.*", Scalar, WEIGHTS, Property),
    term("config.quantization.*", Scalar, WEIGHTS, Property),
    term("config.generation.*", Scalar, WEIGHTS, Property),
    term("config.codeOnLoad", Texts, WEIGHTS, Property),
    term("tokenizer.class", Text, WEIGHTS, Property),
    term("tokenizer.digest.*", Kind::Sha256, WEIGHTS, Property),
    term("chatTemplate.digest.*", Kind::Sha256, WEIGHTS, Property),
    // Adapters.
    term("adapter.type", Text, ADAPTER, Property),
    count("adapter.rank", "dimensions", ADAPTER),
    term("adapter.alpha", Number, ADAPTER, Property),
    term("adapter.dropout", Number, ADAPTER, Property),
    term("adapter.rslora", Boolean, ADAPTER, Property),
    term("adapter.scaling", Number, ADAPTER, Property),
    term("adapter.targets", Texts, ADAPTER, Property),
    term("adapter.modulesToSave", Texts, ADAPTER, Property),
    term("adapter.task", Text, ADAPTER, Task),
    term("adapter.base", Text, ADAPTER, Property),
    term("adapter.baseRevision", Text, ADAPTER, Property),
    term("adapter.baseDigest", Kind::Sha256, ADAPTER, Property),
    term("adapter.writer", Text, ADAPTER, Property),
    // Data.
    count("data.rows", "rows", DATA),
    term("data.formats", Texts, DATA, Property),
    count("data.infoRows", "rows", DATA),
    term("data.fingerprint", Text, DATA, Property),
    term("data.title", Text, DATA, Property),
    term("data.description", Text, DATA, Description),
    term("data.version", Text, DATA, Version),
    term("data.source", Text, DATA, Reference("distribution")),
    term("data.consent", Text, DATA, Property),
    term("data.pii", Text, DATA, Property),
    term("data.sensitive", Texts, DATA, SensitiveData),
    term("data.from", Text, DATA, Property),
    term("data.to", Text, DATA, Property),
    term("data.limits", Texts, DATA, Property),
    term("data.sidecarDigest", Kind::Sha256, DATA, Property),
    // Code.
    term("code.commit", Text, CODE, Version),
    term("code.tree", Text, CODE, Property),
    term("code.committed", Time, CODE, Property),
    term("code.branch", Text, CODE, Property),
    term("code.tags", Texts, CODE, Property),
    term("code.dirty", Boolean, CODE, Property),
    term("code.modified", Texts, CODE, Property),
    term("code.untracked", Texts, CODE, Property),
    term("code.remotes", Texts, CODE, Reference("vcs")),
    term("code.submodules", Texts, CODE, Property),
    term("code.pushed", Boolean, CODE, Property),
    term("code.shallow", Boolean, CODE, Property),
    term("code.signature", Text, CODE, Property),
    term("code.lfsFiles", Texts, CODE, Property),
    // Packages.
    term("package.version", Text, LIBRARY, Version),
    term("package.installer", Text, LIBRARY, Property),
    term("package.requested", Boolean, LIBRARY, Property),
    term("package.record", Text, LIBRARY, Property),
    count("package.filesChecked", "files", LIBRARY),
    term("package.recordDigest", Kind::Sha256, LIBRARY, Property),
    term("package.archive", Kind::Sha256, LIBRARY, Hash),
    term("package.lockedArchives", Texts, LIBRARY, Property),
    term("package.url", Text, LIBRARY, Reference("distribution")),
    term("package.commit", Text, LIBRARY, Property),
    term("package.editable", Boolean, LIBRARY, Property),
    term("package.sboms", Texts, LIBRARY, Property),
    // The run.
    term("run.python", Text, RUN, Property),
    term("run.startUpCode", Texts, RUN, Property),
    term("run.start", Time, RUN, TimeStart),
    term("run.end", Time, RUN, TimeEnd),
    count("training.globalStep", "steps", RUN),
    count("training.maxSteps", "steps", RUN),
    term("training.epochs", Number, RUN, Property),
    count("training.bestStep", "steps", RUN),
    term("training.bestCheckpoint", Text, RUN, Property),
    term("training.bestMetric", Number, RUN, Property),
    term("training.totalFlops", Number, RUN, Property),
    count("training.inputTokens", "tokens", RUN),
    term("hyperparameter.*", Scalar, RUN, Parameter),
    term("seed.*", Integer, RUN, Parameter),
    term("metric.*", Number, RUN, Metric),
    term("ci.system", Text, RUN, Property),
    term("ci.commit", Text, RUN, Property),
    term("ci.ref", Text, RUN, Property),
    term("ci.repository", Text, RUN, Property),
    term("ci.runUrl", Text, RUN, Property),
    term("ci.variable.*", Text, RUN, Property),
    // The machine.
    term("hardware.cpu", Text, HARDWARE, Property),
    count("hardware.cpuCount", "processors", HARDWARE),
    count("hardware.memory", "bytes", HARDWARE),
    term("hardware.gpus", Texts, HARDWARE, Property),
    term("hardware.gpuDriver", Text, HARDWARE, Property),
    term("hardware.architecture", Text, HARDWARE, Property),
    term("os.version", Text, SYSTEM, Version),
    term("os.id", Text, SYSTEM, Property),
    term("os.kernel", Text, SYSTEM, Property),
    term("image.reference", Text, IMAGE, Property),
];

/// The line that `name` is said under.
#[must_use]
pub fn term_of(name: &str) -> Option<&'static Term> {
    TERMS.iter().find(|term| term.covers(name))
}

/// Why a fact is not one of the vocabulary.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSayable {
    /// No such line.
    #[error("{0:?} is not a name of the vocabulary")]
    Name(String),
    /// The line is not of this role.
    #[error("{name} is not a fact of role {role}")]
    Role {
        /// The fact.
        name: String,
        /// Who carries it.
        role: Role,
    },
    /// A value of another type.
    #[error("{name} does not have a value of type {kind:?}")]
    Value {
        /// The fact.
        name: String,
        /// What was wanted.
        kind: Kind,
    },
}

/// Checks that an entity of `role` may carry the fact `name` with `value`.
pub fn check(role: Role, name: &str, value: &Value) -> Result<&'static Term, NotSayable> {
    let term = term_of(name).ok_or_else(|| NotSayable::Name(name.to_owned()))?;
    if !term.roles.contains(&role) {
        return Err(NotSayable::Role { name: name.to_owned(), role });
    }
    if !term.kind.takes(value) {
        return Err(NotSayable::Value { name: name.to_owned(), kind: term.kind });
    }
    Ok(term)
}

impl Term {
    /// Whether `name` is this line's name, or goes on from it.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(start) => name.strip_prefix(start).is_some_and(|rest| {
                !rest.is_empty() && rest.len() <= 256 && !rest.chars().any(char::is_control)
            }),
            None => self.name == name,
        }
    }
}

impl Kind {
    /// Whether `value` is of this type.
    #[must_use]
    pub fn takes(self, value: &Value) -> bool {
        let text =
            |value: &Value| value.as_str().is_some_and(|text| text.len() <= mlbom::evidence::MAX_TEXT_BYTES);
        let scalar = |value: &Value| text(value) || value.is_number() || value.is_boolean();
        let all = |value: &Value, of: &dyn Fn(&Value) -> bool| {
            value.as_array().is_some_and(|values| values.iter().all(of))
        };
        match self {
            Self::Boolean => value.is_boolean(),
            Self::Files => all(value, &is_file) && in_order(value),
            Self::Integer => value.as_u64().is_some_and(|value| value <= 1 << 53),
            Self::Number => value.is_number(),
            Self::Scalar => scalar(value) || all(value, &scalar),
            Self::Sha256 => value.as_str().is_some_and(|text| text.parse::<Sha256>().is_ok()),
            Self::Text => text(value),
            Self::Texts => all(value, &text),
            Self::Time => value
                .as_str()
                .is_some_and(|text| text.parse::<Timestamp>().is_ok_and(|t| t.to_string() == text)),
        }
    }
}

fn is_file(value: &Value) -> bool {
    value.as_object().is_some_and(|file| {
        file.len() == 3
            && path_of(value).is_some_and(|path| RelPath::parse(path).is_ok())
            && file.get("size").is_some_and(Value::is_u64)
            && file.get("sha256").is_some_and(|digest| Kind::Sha256.takes(digest))
    })
}

fn path_of(value: &Value) -> Option<&str> {
    value.get("path")?.as_str()
}

fn in_order(value: &Value) -> bool {
    value.as_array().is_some_and(|files| files.windows(2).all(|pair| path_of(&pair[0]) < path_of(&pair[1])))
}
