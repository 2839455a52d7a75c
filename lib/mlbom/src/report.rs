//! The report, `urn:mlbom:report:v1`: every check made, and the facts that a policy needs.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::Sha256;
use crate::json;
use crate::manifest::{Differences, Manifest};
use crate::path::RelPath;
use crate::stream::Document;

/// The name of this document and of its schema.
pub const TYPE: &str = "urn:mlbom:report:v1";

/// The longest report that is written or read, in bytes: reading one takes some eleven times as much memory.
pub const MAX_BYTES: u64 = 64 << 20;

/// What was checked and what it came to. What did not verify is here by digest and reason only.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Report<M = Manifest> {
    /// [`TYPE`]; of a model that is known by its shards alone, [`crate::shards::REPORT_TYPE`].
    pub r#type: String,
    /// The tool that made it.
    pub tool: String,
    /// `held` if every check held.
    pub result: Outcome,
    /// What the bytes really are.
    pub model: M,
    /// Every check made; at least one.
    pub checks: Vec<Check>,
    /// The statements that verified and are about this whole model.
    pub statements: Vec<Statement>,
    /// Files that no statement lists and that are a bundle just read.
    pub tolerated: Vec<RelPath>,
    /// True, and last: the tool ran to its end.
    pub complete: bool,
}

/// The answer of a check.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Checked, and no.
    Failed,
    /// Checked, and yes.
    Held,
}

/// One check.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What was checked: `signature`, `statement`, `subject`, `files`, `exclusions`, `bom-files`, `manifest`, `require`,
    /// `digests`.
    pub id: String,
    /// What it came to.
    pub result: Outcome,
    /// The name of the bundle file, if the check is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The SHA-256 of the bundle's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Sha256>,
    /// Why not; of `digests` that held, with what reserve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The files that differ, if files were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences: Option<Differences>,
}

/// A statement that verified.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Statement {
    /// The SHA-256 of the bundle's text.
    pub bundle: Sha256,
    /// The name of the bundle file.
    pub file: String,
    /// What it says something about the model with.
    pub kind: StatementKind,
    /// As signed.
    pub predicate_type: String,
    /// Who signed.
    pub signer: Signer,
    /// Which clock proved when.
    pub time: Time,
    /// Always the whole model: another subject never gets here.
    pub subject: Subject,
    /// What ties it to the model.
    pub binding: Binding,
    /// Whether a BOM's own file list is the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bom_files: Option<BomFiles>,
    /// Files that are there and that the signer's own exclusions name.
    pub not_covered: Vec<RelPath>,
    /// The predicate, its bytes as signed.
    pub predicate: Box<RawValue>,
}

/// The kinds of statement that have a short name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StatementKind {
    /// CycloneDX.
    Bom,
    /// OpenSSF Model Signing.
    Oms,
    /// Any other predicate type.
    Other,
    /// SLSA provenance.
    Provenance,
}

/// Who signed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "kind")]
pub enum Signer {
    /// The holder of a key that the caller gave.
    #[serde(rename_all = "camelCase")]
    Key {
        /// SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7).
        spki: Sha256,
        /// For instance `ecdsa-p256`.
        key_type: String,
    },
}

/// Which clock proved when a statement was signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "source")]
pub enum Time {
    /// None was asked.
    None,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// Every file of the model.
    WholeModel,
}

/// What ties a statement to the model.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Binding {
    /// A foreign statement's complete list of named files.
    Files,
    /// The resources of an OpenSSF Model Signing statement.
    Resources,
    /// The digest of the one file that the model is.
    SingleFile,
    /// Our own subjects: `mlbom:dirHash`, `mlbom:omsRoot` and the files.
    Subjects,
}

/// How a BOM's own file list compares with the model.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BomFiles {
    /// It lists no files.
    Absent,
    /// It lists these files and no others.
    Equal,
}

/// Why something is not a report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Its own parts contradict each other.
    #[error("contradicts itself: {0}")]
    Contradiction(&'static str),
    /// Not JSON, or not of this shape.
    #[error("not a report ({TYPE})")]
    Json(#[source] json::Error),
}

impl Report {
    /// Reads a report and checks that its result follows from its checks.
    pub fn parse(text: &str) -> Result<Self, Error> {
        json::check(text).map_err(Error::Json)?;
        Self::read(text)
    }

    /// The same of a document whose JSON was checked when it was found.
    pub fn of(document: &Document<'_>) -> Result<Self, Error> {
        Self::read(document.text)
    }

    fn read(text: &str) -> Result<Self, Error> {
        let report: Self = json::parse_checked(text).map_err(Error::Json)?;
        json::check_spelling(&report, text).map_err(Error::Json)?;
        let failed = report.checks.iter().any(|check| check.result == Outcome::Failed);
        let contradiction = if report.r#type != TYPE {
            "its type is of another version"
        } else if !report.complete {
            "it says that it is not complete"
        } else if report.checks.is_empty() {
            "it lists no check"
        } else if failed != (report.result == Outcome::Failed) {
            "its result does not follow from its checks"
        } else {
            return Ok(report);
        };
        Err(Error::Contradiction(contradiction))
    }
}

impl Check {
    /// A check called `id` that held.
    #[must_use]
    pub fn held(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            result: Outcome::Held,
            file: None,
            bundle: None,
            reason: None,
            remedy: None,
            differences: None,
        }
    }

    /// A check called `id` that did not hold, why, and what to do.
    #[must_use]
    pub fn failed(id: &str, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            result: Outcome::Failed,
            reason: Some(reason.into()),
            remedy: Some(remedy.into()),
            ..Self::held(id)
        }
    }
}
