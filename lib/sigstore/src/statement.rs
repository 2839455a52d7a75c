//! in-toto statements (in-toto attestation, spec/v1/statement.md).

use std::collections::BTreeMap;

use mlbom::digest::Sha256;
use mlbom::json;
use mlbom::manifest::model_digests;
use mlbom::path::RelPath;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version that is written.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";
/// The version that cosign's `attest-blob` still writes; the members read here are the same.
const TYPE_V0_1: &str = "https://in-toto.io/Statement/v0.1";

/// The subject that names a model: its `dirHash`.
pub const DIR_HASH: &str = "mlbom:dirHash";
/// The subject that joins a model to its OpenSSF Model Signing signatures.
pub const OMS_ROOT: &str = "mlbom:omsRoot";
/// The most files that are subjects one by one; cosign reads at most 1024 subjects.
pub const MAX_FILE_SUBJECTS: usize = 998;
/// The most subjects that are read.
const MAX_SUBJECTS: usize = 1_000_000;

/// The predicate type of a CycloneDX document; a version may follow.
pub const CYCLONEDX: &str = "https://cyclonedx.org/bom";
/// The predicate types of SLSA provenance; a version follows.
const PROVENANCE: &str = "https://slsa.dev/provenance/";

/// A statement, its predicate byte for byte.
#[derive(Debug)]
pub struct Statement<'a> {
    /// What it is about; at least one.
    pub subjects: Vec<Subject>,
    /// What kind of thing it says.
    pub predicate_type: String,
    /// What it says: an object, or `null` where it says nothing.
    pub predicate: &'a RawValue,
    /// It is of version 1, not of the one before.
    pub is_v1: bool,
    /// The annotations of its first subject that has any: those whose values are text.
    pub annotations: BTreeMap<String, String>,
}

/// One subject.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Subject {
    /// Its name; empty if it has none.
    #[serde(default)]
    pub name: String,
    /// Its digests by algorithm; at least one.
    pub digest: BTreeMap<String, String>,
}

/// Why a payload is not a statement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not JSON, or not of this shape.
    #[error("not an in-toto statement")]
    Json(#[source] json::Error),
    /// Not UTF-8.
    #[error("the payload is not UTF-8")]
    NotUtf8,
    /// It is about nothing.
    #[error("no subject, or one without a digest")]
    NoSubject,
    /// More than can be compared.
    #[error("more than {MAX_SUBJECTS} subjects")]
    TooMany,
    /// Neither an object nor left out.
    #[error("the predicate is not an object")]
    Predicate,
    /// Another version.
    #[error("_type is {0:?}, {TYPE} was wanted")]
    Type(String),
}

#[derive(Deserialize)]
struct WireSubject {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    digest: Option<BTreeMap<String, String>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "_type")]
    r#type: String,
    subject: Vec<WireSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    // Unset is as good as empty (in-toto attestation, spec/v1/statement.md): cosign's signatures of images have none.
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct WrittenSubject<'a> {
    #[serde(flatten)]
    subject: &'a Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "_type")]
    r#type: &'static str,
    subject: Vec<WrittenSubject<'a>>,
    #[serde(rename = "predicateType")]
    predicate_type: &'a str,
    predicate: &'a RawValue,
}

impl Subject {
    /// A subject with a SHA-256 and nothing else.
    #[must_use]
    pub fn sha256(name: &str, digest: Sha256) -> Self {
        Self { name: name.to_owned(), digest: BTreeMap::from([("sha256".to_owned(), digest.to_string())]) }
    }

    /// Its SHA-256, if it has one.
    #[must_use]
    pub fn digest_sha256(&self) -> Option<Sha256> {
        self.digest.get("sha256")?.to_ascii_lowercase().parse().ok()
    }
}

impl<'a> Statement<'a> {
    /// Reads a payload. The caller has verified it, or is about to sign it.
    pub fn parse(payload: &'a [u8]) -> Result<Self, StatementError> {
        let text = std::str::from_utf8(payload).map_err(|_| StatementError::NotUtf8)?;
        let wire: Wire<'a> = json::parse(text).map_err(StatementError::Json)?;
        if ![TYPE, TYPE_V0_1].contains(&wire.r#type.as_str()) {
            return Err(StatementError::Type(wire.r#type));
        }
        if wire.subject.len() > MAX_SUBJECTS {
            return Err(StatementError::TooMany);
        }
        let mut annotations = BTreeMap::new();
        let mut subjects = Vec::with_capacity(wire.subject.len());
        for subject in wire.subject {
            // Unset, null and empty are the same (in-toto attestation, spec/v1/resource_descriptor.md).
            let digest =
                subject.digest.filter(|digest| !digest.is_empty()).ok_or(StatementError::NoSubject)?;
            subjects.push(Subject { name: subject.name.unwrap_or_default(), digest });
            if annotations.is_empty() {
                let text = |(name, value)| match value {
                    serde_json::Value::String(text) => Some((name, text)),
                    _ => None,
                };
                annotations = subject.annotations.unwrap_or_default().into_iter().filter_map(text).collect();
            }
        }
        if subjects.is_empty() {
            return Err(StatementError::NoSubject);
        }
        let predicate = wire.predicate.unwrap_or(RawValue::NULL);
        if !predicate.get().starts_with('{') && predicate.get() != "null" {
            return Err(StatementError::Predicate);
        }
        let (predicate_type, is_v1) = (wire.predicate_type, wire.r#type == TYPE);
        Ok(Self { subjects, predicate_type, predicate, is_v1, annotations })
    }

    /// Whether the predicate is a CycloneDX document.
    #[must_use]
    pub fn is_cyclonedx(&self) -> bool {
        let version = self.predicate_type.strip_prefix(CYCLONEDX);
        version.is_some_and(|rest| rest.is_empty() || rest.starts_with("/v"))
    }

    /// Whether the predicate is SLSA provenance.
    #[must_use]
    pub fn is_provenance(&self) -> bool {
        self.predicate_type.starts_with(PROVENANCE)
    }

    /// Whether its subjects are of our own making: one of them has a name of ours.
    #[must_use]
    pub fn has_our_subjects(&self) -> bool {
        self.subjects.iter().any(|subject| subject.name.starts_with("mlbom:"))
    }
}

/// Our subjects for a model with `files`: both model digests, then each file if they are few enough.
#[must_use]
pub fn subjects(files: &BTreeMap<RelPath, Sha256>) -> Vec<Subject> {
    let (dir_hash, oms_root) = model_digests(files.iter());
    let mut subjects = vec![Subject::sha256(DIR_HASH, dir_hash), Subject::sha256(OMS_ROOT, oms_root)];
    if files.len() <= MAX_FILE_SUBJECTS {
        subjects.extend(files.iter().map(|(path, digest)| Subject::sha256(path.as_str(), *digest)));
    }
    subjects
}

/// Writes a version 1 statement, with `annotations` on its first subject; `predicate` goes in byte for byte.
pub fn write(
    subjects: &[Subject],
    annotations: &BTreeMap<String, String>,
    predicate_type: &str,
    predicate: &RawValue,
) -> Result<String, serde_json::Error> {
    let subject = |(at, subject)| WrittenSubject {
        subject,
        annotations: Some(annotations).filter(|annotations| at == 0 && !annotations.is_empty()),
    };
    let subject = subjects.iter().enumerate().map(subject).collect();
    serde_json::to_string(&Written { r#type: TYPE, subject, predicate_type, predicate })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"00"}}],"predicateType":"x","predicate":{"n":1.50, "m":1}}"#;

    #[test]
    fn the_predicate_keeps_its_bytes() {
        let statement = Statement::parse(GOOD.as_bytes()).expect("a statement");
        assert_eq!(statement.predicate.get(), r#"{"n":1.50, "m":1}"#);
        assert_eq!(
            write(&statement.subjects, &BTreeMap::new(), "x", statement.predicate).expect("JSON"),
            GOOD
        );
    }

    #[test]
    fn it_may_say_nothing() {
        for rest in ["", r#","predicate":null"#] {
            let text = GOOD.replacen(r#","predicate":{"n":1.50, "m":1}"#, rest, 1);
            let statement = Statement::parse(text.as_bytes()).expect("a statement");
            assert_eq!(statement.predicate.get(), "null");
        }
    }

    #[test]
    fn one_fault_each() {
        for (from, to) in [
            ("Statement/v1", "Statement/v2"),
            (r#"{"name":"a","digest":{"sha256":"00"}}"#, ""),
            (r#"{"sha256":"00"}"#, "{}"),
            (r#""predicate":"#, r#""predicate":{},"predicate":"#),
            (r#""predicateType":"x","#, ""),
            (r#"{"n":1.50, "m":1}"#, "[]"),
            (r#"{"n":1.50, "m":1}"#, "\"x\""),
        ] {
            let changed = GOOD.replacen(from, to, 1);
            assert_ne!(changed, GOOD);
            assert!(Statement::parse(changed.as_bytes()).is_err(), "{changed}");
        }
        assert!(Statement::parse(b"\xff").is_err());
    }
}
