//! The report, `urn:mlbom:report:v1`: every check made, and the facts that a policy needs.

mod proof;
mod signer;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::digest::Sha256;
use crate::json;
use crate::manifest::{self, Differences, Manifest};
use crate::path::RelPath;
use crate::shards;
use crate::stream::Document;
use crate::time::Timestamp;

pub use proof::{LogEntry, LogId, NotALogId, Time};
pub use signer::{
    AcceptedBy, Certificate, Fingerprint, Name, NameType, NotAFingerprint, Signer, TrustedRoot,
};

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
    /// The statements that verified and are about this model.
    pub statements: Vec<Statement>,
    /// Files that no statement lists and that are a bundle just read.
    pub tolerated: Vec<RelPath>,
    /// The patterns of the files that alone were asked about; none if the whole model was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The files that were signed, or are there, and that none of `only` names: nothing is known of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<RelPath>,
    /// The moment that the caller gave in place of the present.
    #[serde(
        default,
        deserialize_with = "proof::read_some_time",
        serialize_with = "proof::write_some_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub at: Option<Timestamp>,
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
    /// What was checked: `signature`, `certificate`, `identity`, `sct`, `log`, `time`, `statement`, `subject`, `files`,
    /// `exclusions`, `bom-files`, `manifest`, `require`, `digests`, `hub-tree`, `only`.
    pub id: String,
    /// What it came to.
    pub result: Outcome,
    /// The name of the bundle file, if the check is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The SHA-256 of the bundle's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Sha256>,
    /// Why not; of `digests`, `hub-tree` and `only` that held, with what reserve.
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
    /// As signed; of a document that was signed as it is, the type of that document; empty for a blob.
    pub predicate_type: String,
    /// Who signed.
    pub signer: Signer,
    /// Which clock proved when.
    pub time: Time,
    /// The log entries that were verified; none if there was none to verify.
    pub log: Vec<LogEntry>,
    /// How much of the model it is about.
    pub subject: Subject,
    /// What ties it to the model.
    pub binding: Binding,
    /// Whether a BOM's own file list is the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bom_files: Option<BomFiles>,
    /// Files that are there and that the signer's own exclusions name.
    pub not_covered: Vec<RelPath>,
    /// What its first annotated subject is annotated with: the words that are text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The predicate, its bytes as signed; of a document that was signed as it is, that document; `null` for a blob.
    pub predicate: Box<RawValue>,
}

/// The kinds of statement that have a short name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StatementKind {
    /// No statement: a signature over the bytes of the one file that the model is.
    Blob,
    /// CycloneDX.
    Bom,
    /// A manifest of ours, signed as it is.
    Manifest,
    /// OpenSSF Model Signing.
    Oms,
    /// Any other predicate type.
    Other,
    /// SLSA provenance.
    Provenance,
}

/// What a statement is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// Files of the model that it names, and not all.
    NamedFiles,
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
        match report.contradiction() {
            Some(contradiction) => Err(Error::Contradiction(contradiction)),
            None => Ok(report),
        }
    }

    /// Which parts of it cannot be true together, if there are any.
    fn contradiction(&self) -> Option<&'static str> {
        let failed = self.checks.iter().any(|check| check.result == Outcome::Failed);
        if self.r#type != TYPE {
            Some("its type is of another version")
        } else if !self.complete {
            Some("it says that it is not complete")
        } else if self.checks.is_empty() {
            Some("it lists no check")
        } else if failed != (self.result == Outcome::Failed) {
            Some("its result does not follow from its checks")
        } else if self.only.is_empty() && !self.unverified.is_empty() {
            Some("it lists files as not verified, and not which were asked about")
        } else if self.tolerated.iter().any(|path| !has(&self.model, path)) {
            Some("it tolerates a file that the model does not have")
        } else {
            self.contradiction_of_statements()
        }
    }

    fn contradiction_of_statements(&self) -> Option<&'static str> {
        let checked: BTreeSet<_> =
            self.checks.iter().filter_map(|check| Some((check.bundle?, check.file.as_deref()?))).collect();
        let mut seen = BTreeMap::new();
        for statement in &self.statements {
            if !checked.contains(&(statement.bundle, statement.file.as_str())) {
                return Some("a statement is from a bundle that no check is about");
            }
            // A file of OpenPGP signatures may hold several, by one key too; a bundle holds one.
            let is_pgp = matches!(statement.signer, Signer::Pgp { .. });
            if seen.insert(statement.bundle, is_pgp).is_some_and(|other| !(is_pgp && other)) {
                return Some("two statements are from one bundle");
            }
        }
        self.statements.iter().find_map(Statement::contradiction)
    }
}

fn has(model: &Manifest, path: &RelPath) -> bool {
    model.files().binary_search_by(|file| file.path.cmp(path)).is_ok()
}

impl Statement {
    fn contradiction(&self) -> Option<&'static str> {
        let is_null = self.predicate.get() == "null";
        let of_its_kind = match self.kind {
            StatementKind::Blob => {
                self.predicate_type.is_empty() && is_null && self.binding == Binding::SingleFile
            }
            StatementKind::Manifest => {
                [manifest::TYPE, shards::TYPE].contains(&self.predicate_type.as_str()) && !is_null
            }
            StatementKind::Bom | StatementKind::Oms | StatementKind::Other | StatementKind::Provenance => {
                true
            }
        };
        if of_its_kind {
            self.signer.contradiction().or_else(|| proof::contradiction(&self.time, &self.log))
        } else {
            Some("a statement is not of its kind")
        }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SIGNED: &str = include_str!("../../../schemas/samples/report/valid/held-certificate-in-a-log.json");

    /// Reads a report whose statement has another value at `pointer`.
    fn read_with(pointer: &str, value: Value) -> Result<Report, Error> {
        let mut report: Value = serde_json::from_str(SIGNED).expect("JSON");
        let place = report["statements"][0].pointer_mut(pointer).expect(pointer);
        *place = value;
        Report::parse(&report.to_string())
    }

    /// What a schema cannot see; what it does, the samples show.
    #[test]
    fn parts_that_contradict_each_other() {
        assert!(read_with("/log/0/integratedAt", json!("2026-11-20T10:00:00Z")).is_ok(), "as it is");
        for (pointer, value) in [
            ("/signer/identity", json!("https://github.com/acme/tiny/.github/workflows/release.yml")),
            ("/signer/names/0/value", json!("https://github.com/acme/other")),
            ("/log/0/integratedAt", json!("2026-11-20T10:00:01Z")),
            ("/log", json!([])),
            ("/time", json!({"source": "none"})),
            ("/time/at", json!("2026-11-20T09:59:59Z")),
            (
                "/time",
                json!({"source": "timestampAuthority", "at": "2026-11-20T10:00:01Z", "authority": "a"}),
            ),
        ] {
            let err = read_with(pointer, value.clone()).expect_err(pointer);
            assert!(matches!(err, Error::Contradiction(_)), "{pointer} {value}: {err:?}");
        }
    }

    /// What a report says of bundles and files has to be of those that it is about.
    #[test]
    fn parts_that_are_of_nothing() {
        let read = |change: &dyn Fn(&mut Value)| {
            let mut report: Value = serde_json::from_str(SIGNED).expect("JSON");
            change(&mut report);
            Report::parse(&report.to_string()).map_err(|err| err.to_string())
        };
        let again = |report: &mut Value| {
            let statement = report["statements"][0].clone();
            report["statements"].as_array_mut().expect("statements").push(statement);
        };
        let pgp = json!({
            "kind": "pgp", "fingerprint": "A".repeat(40), "signingKey": "A".repeat(40), "keyType": "ed25519",
            "spki": "a".repeat(64), "primarySpki": "a".repeat(64),
        });
        let by_pgp = |report: &mut Value| {
            report["statements"][0]["signer"] = pgp.clone();
            again(report);
        };
        assert!(read(&|report| report["tolerated"] = json!(["config.json"])).is_ok());
        assert!(read(&by_pgp).is_ok(), "two signatures of one file");
        for (change, says) in [
            (
                &(|report: &mut Value| report["tolerated"] = json!(["none"])) as &dyn Fn(&mut Value),
                "tolerates",
            ),
            (&again, "from one bundle"),
            (&|report| report["statements"][0]["bundle"] = json!("0".repeat(64)), "that no check is about"),
            (&|report| report["statements"][0]["file"] = json!("another"), "that no check is about"),
        ] {
            let err = read(change).expect_err(says);
            assert!(err.contains(says), "{says}: {err}");
        }
    }

    /// Nothing but our own spelling of it: what a policy sees is the text, not what was read of it.
    #[test]
    fn spellings_of_the_same() {
        for (pointer, value) in [
            ("/signer", json!(["certificate"])),
            ("/signer/issuer", Value::Null),
            ("/signer/trustedRoot", json!(["a", "0".repeat(64)])),
            ("/time/at", json!("2026-11-20T10:00:00+00:00")),
            ("/time/at", json!("2026-11-20T10:00:00.000Z")),
            ("/log/0/index", json!("25579")),
            ("/log/0/index", json!(25579.0)),
            ("/log/0/id", json!("C0D23D6A")),
        ] {
            let err = read_with(pointer, value.clone()).expect_err(pointer);
            assert!(matches!(err, Error::Json(_)), "{pointer} {value}: {err:?}");
        }
    }
}
