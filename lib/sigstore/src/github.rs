//! What GitHub's command line says of attestations: `gh attestation verify --format json`.
//!
//! Each element of the array has a Sigstore bundle within, and beside it what `gh` found (cli/cli,
//! `pkg/cmd/attestation/verification`, `AttestationProcessingResult`). The finding is someone else's and is passed over: the
//! bundle is to be verified like any. `gh attestation download` writes the bundles themselves, one a line. What GitHub's and
//! npm's services answer, `{"attestations": [...]}`, has them in the same way.

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

#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    attestations: Vec<Listed<'a>>,
    /// A bundle's.
    #[serde(rename = "mediaType")]
    media_type: Option<IgnoredAny>,
}

/// The services say more of each from time to time; of all that only the bundle is read.
#[derive(Deserialize)]
struct Listed<'a> {
    #[serde(borrow)]
    bundle: &'a RawValue,
}

/// The bundles in what GitHub's or npm's service answers about attestations; `None` if `text`, which has been checked like
/// that of [`bundles`], is not such an answer.
#[must_use]
pub fn listed(text: &str) -> Option<Result<Vec<&str>, GitHubError>> {
    // Bundles, which nearly every text is, are not read once more for this.
    if !text.contains(r#""attestations""#) {
        return None;
    }
    let listing: Listing<'_> = json::parse_checked(text).ok()?;
    if listing.media_type.is_some() {
        return None;
    }
    Some(each(listing.attestations.iter().map(|listed| listed.bundle)))
}

/// The bundles within, as JSON texts in the order they stand in: parts of `text`, byte for byte, not yet read as bundles.
///
/// The caller has limited the length of `text`, which has been checked for repeated keys and depth.
pub fn bundles(text: &str) -> Result<Vec<&str>, GitHubError> {
    let elements: Vec<Element<'_>> = json::parse(text).map_err(GitHubError::Json)?;
    each(elements.iter().map(|element| element.attestation.bundle))
}

fn each<'a>(bundles: impl ExactSizeIterator<Item = &'a RawValue>) -> Result<Vec<&'a str>, GitHubError> {
    match bundles.len() {
        0 => Err(GitHubError::Empty),
        count if count > MAX_ATTESTATIONS => Err(GitHubError::TooMany(count)),
        _ => bundles.enumerate().map(|(at, bundle)| bundle_of(at, bundle)).collect(),
    }
}

fn bundle_of(at: usize, bundle: &RawValue) -> Result<&str, GitHubError> {
    let bundle = bundle.get();
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
    fn answers_of_services() {
        let github = r#"{"attestations":[{"bundle":{"a" :1.10},"repository_id":1,"bundle_url":"x","new":{}},{"bundle":{ }}]}"#;
        let found = listed(github).expect("an answer").expect("bundles");
        assert_eq!(found, [r#"{"a" :1.10}"#, "{ }"]);
        let npm = r#"{"attestations":[{"predicateType":"x","bundle":{}}]}"#;
        assert_eq!(listed(npm).expect("an answer").expect("bundles"), ["{}"]);
        for other in [
            "{}",
            r#"{"mediaType":"x","attestations":[{"bundle":{}}]}"#,
            r#"{"attestations":1}"#,
            r#"{"x":"\"attestations\""}"#,
        ] {
            assert!(listed(other).is_none(), "{other}");
        }
        assert!(matches!(listed(r#"{"attestations":[]}"#), Some(Err(GitHubError::Empty))));
        assert!(matches!(
            listed(r#"{"attestations":[{"bundle":null}]}"#),
            Some(Err(GitHubError::NoBundle(0)))
        ));
    }

    #[test]
    fn byte_for_byte() {
        let text = r#" [ {"attestation": {"bundle": {"a" :1.10, "b":[ ]} , "bundle_url":"", "initiator":"user"},
            "verificationResult": null},
            {"verificationResult": {"x":{}}, "attestation": {"bundle":{ }}} ] "#;
        assert_eq!(bundles(text).expect("the shape is right"), [r#"{"a" :1.10, "b":[ ]}"#, "{ }"]);
    }
}
