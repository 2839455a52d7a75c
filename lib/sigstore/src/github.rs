//! What GitHub's command line says of attestations: `gh attestation verify --format json`.
//!
//! Each element of the array has a Sigstore bundle within, and beside it what `gh` found (cli/cli,
//! `pkg/cmd/attestation/verification`, `AttestationProcessingResult`). The finding is someone else's and is passed over: the
//! bundle is to be verified like any. `gh attestation download` writes the bundles themselves, one a line.

use mlbom::json;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// How many attestations are read.
pub const MAX_ATTESTATIONS: usize = 1000;

/// Why a text is not the output of `gh attestation verify`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitHubError {
    /// Not JSON, or not of this shape.
    #[error("not the output of gh attestation verify --format json")]
    Json(#[source] json::Error),
    /// Nothing to verify.
    #[error("holds no attestation")]
    Empty,
    /// Too many of them.
    #[error("holds {0} attestations, at most {MAX_ATTESTATIONS} are read")]
    TooMany(usize),
    /// `bundle` is null or something else, as where only its address is given.
    #[error("the attestation at {0} holds no bundle")]
    NoBundle(usize),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Element<'a> {
    #[serde(borrow)]
    attestation: Attestation<'a>,
    #[serde(rename = "verificationResult")]
    _verification_result: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attestation<'a> {
    #[serde(borrow)]
    bundle: &'a RawValue,
    #[serde(rename = "bundle_url")]
    _bundle_url: Option<IgnoredAny>,
    #[serde(rename = "initiator")]
    _initiator: Option<IgnoredAny>,
}

/// The bundles within, as JSON texts in the order they stand in: parts of `text`, byte for byte, not yet read as bundles.
///
/// The caller has limited the length of `text`, which has been checked for repeated keys and depth.
pub fn bundles(text: &str) -> Result<Vec<&str>, GitHubError> {
    let elements: Vec<Element<'_>> = json::parse(text).map_err(GitHubError::Json)?;
    if elements.is_empty() {
        return Err(GitHubError::Empty);
    }
    if elements.len() > MAX_ATTESTATIONS {
        return Err(GitHubError::TooMany(elements.len()));
    }
    elements.iter().enumerate().map(|(at, element)| bundle(at, element)).collect()
}

fn bundle<'a>(at: usize, element: &Element<'a>) -> Result<&'a str, GitHubError> {
    let bundle = element.attestation.bundle.get();
    if bundle.starts_with('{') { Ok(bundle) } else { Err(GitHubError::NoBundle(at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        for text in [
            "",
            "{}",
            "[1]",
            "[{}]",
            r#"{"attestations":[{"bundle":{}}]}"#,
            r#"[{"bundle":{}}]"#,
            r#"[{"attestation":{},"verificationResult":{}}]"#,
            r#"[{"attestation":{"bundle":{}}}]"#,
            r#"[{"attestation":{"bundle":{},"extra":1},"verificationResult":{}}]"#,
            r#"[{"attestation":{"bundle":{}},"verificationResult":{},"extra":1}]"#,
            r#"[{"attestation":{"bundle":{"a":1,"a":1}},"verificationResult":{}}]"#,
            r#"[{"attestation":{"bundle":{}},"verificationResult":{}}] []"#,
        ] {
            assert!(matches!(bundles(text), Err(GitHubError::Json(_))), "{text}");
        }
        assert!(matches!(bundles("[]"), Err(GitHubError::Empty)));
        for bundle in ["null", "[]", "\"{}\"", "1"] {
            let text = format!(r#"[{{"attestation":{{"bundle":{bundle}}},"verificationResult":{{}}}}]"#);
            assert!(matches!(bundles(&text), Err(GitHubError::NoBundle(0))), "{bundle}");
        }
        let one = r#"{"attestation":{"bundle":{}},"verificationResult":{}}"#;
        let many = format!("[{}]", vec![one; MAX_ATTESTATIONS + 1].join(","));
        assert!(matches!(bundles(&many), Err(GitHubError::TooMany(1001))));
    }

    #[test]
    fn byte_for_byte() {
        let text = r#" [ {"attestation": {"bundle": {"a" :1.10, "b":[ ]} , "bundle_url":"", "initiator":"user"},
            "verificationResult": null},
            {"verificationResult": {"x":{}}, "attestation": {"bundle":{ }}} ] "#;
        assert_eq!(bundles(text).expect("the shape is right"), [r#"{"a" :1.10, "b":[ ]}"#, "{ }"]);
    }
}
