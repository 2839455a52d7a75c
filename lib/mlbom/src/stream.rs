//! A stream of concatenated JSON documents, each known by what it says it is.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json;
use crate::manifest::Manifest;
use crate::{decision, evidence, manifest, part, report, shards};

/// The most bytes that are read of one stream: a manifest of a million files fits.
pub const MAX_BYTES: u64 = 256 << 20;
/// The most documents in one stream.
pub const MAX_DOCUMENTS: usize = 10_000;

/// What a document says it is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// A Sigstore bundle, by `mediaType`.
    Bundle,
    /// A CycloneDX document, by `bomFormat`.
    CycloneDx,
    /// [`decision::TYPE`].
    Decision,
    /// [`evidence::TYPE`].
    Evidence,
    /// [`manifest::TYPE`].
    Manifest,
    /// Anything else, with the name it gives itself, if any.
    Other(Option<String>),
    /// [`part::TYPE`].
    Part,
    /// [`report::TYPE`].
    Report,
    /// [`shards::TYPE`].
    ShardManifest,
    /// [`shards::REPORT_TYPE`].
    ShardReport,
    /// An in-toto statement of any version, by `_type`.
    Statement,
}

impl Kind {
    /// The name that people see.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Bundle => "a Sigstore bundle",
            Self::CycloneDx => "a CycloneDX document",
            Self::Decision => decision::TYPE,
            Self::Evidence => evidence::TYPE,
            Self::Manifest => manifest::TYPE,
            Self::Other(Some(name)) => name,
            Self::Other(None) => "a document of no known type",
            Self::Part => part::TYPE,
            Self::Report => report::TYPE,
            Self::ShardManifest => shards::TYPE,
            Self::ShardReport => shards::REPORT_TYPE,
            Self::Statement => "an in-toto statement",
        }
    }
}

/// One document of a stream, its text as received.
#[derive(Debug)]
#[non_exhaustive]
pub struct Document<'a> {
    /// What it says it is.
    pub kind: Kind,
    /// Its text, without what stood around it; strict JSON (see [`json`]).
    pub text: &'a str,
}

/// Why a stream could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No document at all: the tool before this one in the pipeline may have died.
    #[error("empty, a JSON document was wanted")]
    Empty,
    /// Not strict JSON, or cut off.
    #[error("document {number} is not valid JSON")]
    Json {
        /// Which document, from 1.
        number: usize,
        /// What is wrong with it.
        source: json::Error,
    },
    /// Not UTF-8.
    #[error("not UTF-8, JSON was wanted")]
    NotUtf8,
    /// More than [`MAX_DOCUMENTS`].
    #[error("more than {MAX_DOCUMENTS} documents")]
    TooMany,
}

/// Why a stream is not one manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The manifest itself is wrong.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// More than one document.
    #[error("{0} documents found, one manifest was wanted")]
    Many(usize),
    /// Another document.
    #[error("{0} found, {wanted} was wanted", wanted = manifest::TYPE)]
    Other(String),
    /// No stream of documents.
    #[error(transparent)]
    Stream(#[from] Error),
}

impl ManifestError {
    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Other(found) => hint(found),
            _ => None,
        }
    }
}

/// What to do with what was `found` where another document was wanted, as [`Kind::name`] has it.
#[must_use]
pub fn hint(found: &str) -> Option<String> {
    found.contains(part::TYPE).then(|| "join the parts first: mlbom-hash --merge PART...".to_owned())
}

/// Reads a stream that has to be exactly one manifest.
pub fn one_manifest(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let documents = documents(bytes)?;
    // Of several, that they are parts says more than how many there are.
    if documents.iter().any(|document| document.kind == Kind::Part) {
        return Err(ManifestError::Other(part::TYPE.to_owned()));
    }
    match documents.as_slice() {
        [document] if document.kind == Kind::Manifest => Ok(Manifest::of(document)?),
        [document] => Err(ManifestError::Other(document.kind.name().to_owned())),
        many => Err(ManifestError::Many(many.len())),
    }
}

/// The names that documents give themselves, each in its format's own member.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    ours: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_type")]
    in_toto: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "bomFormat")]
    cyclonedx: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "mediaType")]
    media_type: Option<&'a RawValue>,
}

/// Splits `bytes` into its documents; at least one. Each is checked to be strict JSON.
pub fn documents(bytes: &[u8]) -> Result<Vec<Document<'_>>, Error> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8)?;
    let mut documents = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<json::Checked>();
    let mut start = 0;
    while let Some(value) = values.next() {
        let number = documents.len() + 1;
        if number > MAX_DOCUMENTS {
            return Err(Error::TooMany);
        }
        value.map_err(|err| Error::Json { number, source: err.into() })?;
        let end = values.byte_offset();
        let text = text[start..end].trim_ascii();
        start = end;
        documents.push(Document { kind: kind_of(text), text });
    }
    if documents.is_empty() { Err(Error::Empty) } else { Ok(documents) }
}

fn kind_of(text: &str) -> Kind {
    // Not an object, or a name that is not a string: a document of no known type.
    let Ok(head) = serde_json::from_str::<Head<'_>>(text) else { return Kind::Other(None) };
    let name = |member: Option<&RawValue>| serde_json::from_str::<String>(member?.get()).ok();
    if let Some(ours) = name(head.ours) {
        return match ours.as_str() {
            evidence::TYPE => Kind::Evidence,
            manifest::TYPE => Kind::Manifest,
            part::TYPE => Kind::Part,
            report::TYPE => Kind::Report,
            shards::TYPE => Kind::ShardManifest,
            shards::REPORT_TYPE => Kind::ShardReport,
            decision::TYPE => Kind::Decision,
            _ => Kind::Other(Some(ours)),
        };
    }
    if name(head.cyclonedx).as_deref() == Some("CycloneDX") {
        return Kind::CycloneDx;
    }
    if name(head.in_toto).is_some_and(|uri| uri.starts_with("https://in-toto.io/Statement/")) {
        return Kind::Statement;
    }
    match name(head.media_type) {
        Some(media) if media.starts_with("application/vnd.dev.sigstore.bundle") => Kind::Bundle,
        other => Kind::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_by_its_own_name() {
        let text = concat!(
            r#"{"type":"urn:mlbom:manifest:v1"}{"type":"urn:mlbom:manifest:v2"}"#,
            "\n",
            r#" {"bomFormat":"CycloneDX"} {"_type":"https://in-toto.io/Statement/v1"} [] {"type":1}"#,
            r#"{"type":"urn:mlbom:part:v1"}"#,
        );
        let kinds: Vec<_> =
            documents(text.as_bytes()).expect("a stream").into_iter().map(|d| d.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Manifest,
                Kind::Other(Some("urn:mlbom:manifest:v2".into())),
                Kind::CycloneDx,
                Kind::Statement,
                Kind::Other(None),
                Kind::Other(None),
                Kind::Part,
            ]
        );
    }

    /// A part that passed for the whole would leave the rest of the model unbound.
    #[test]
    fn a_part_is_no_manifest() {
        let part = r#"{"type":"urn:mlbom:part:v1"}"#;
        for text in [part.to_owned(), format!("{part}{part}")] {
            let err = one_manifest(text.as_bytes()).expect_err("a part");
            assert!(err.to_string().contains(part::TYPE), "{err}");
            assert!(err.hint().is_some_and(|hint| hint.contains("--merge")));
        }
        assert_eq!(hint(manifest::TYPE), None);
    }

    #[test]
    fn a_cut_stream_is_an_error() {
        for text in ["", " \n", "{\"type\":\"urn:mlbom:manifest:v1\"", "{} {", "{}x", "{} \u{0}"] {
            assert!(documents(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(documents(b"{\"a\":\"\xff\"}").is_err());
    }
}
