//! Which services to sign with: Sigstore's signing configuration and client trust configuration.
//!
//! Format: sigstore/protobuf-specs, `sigstore_trustroot.proto`, `SigningConfig` (v0.2) and `ClientTrustConfig` (v0.1), as
//! protobuf JSON. Keys that are not known are passed over, as the format's own readers do.

use mlbom::json;
use mlbom::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::url::{Url, UrlError};

/// The longest configuration that is read, in bytes.
pub const MAX_CONFIG_BYTES: usize = 8 << 20;

/// How many services of a kind a configuration may list.
pub const MAX_SERVICES: usize = 100;

const SIGNING_CONFIG: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
const CLIENT_TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// The two interfaces of Rekor. They are separate logs at separate addresses.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RekorVersion {
    /// `hashedrekord` 0.0.1 and `dsse` 0.0.1, with a time in the entry.
    V1,
    /// `hashedrekord` 0.0.2, without a time: a timestamp authority is wanted beside it.
    V2,
}

/// What to sign with. An empty list means none of that kind, not any.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Services {
    /// Who issues certificates.
    pub fulcio: Option<Url>,
    /// Who issues identity tokens to people.
    pub oidc: Option<Url>,
    /// The logs, all of which get an entry.
    pub rekor: Vec<(Url, RekorVersion)>,
    /// The timestamp authorities, all of which are asked.
    pub tsa: Vec<Url>,
}

/// A client trust configuration, in its two halves.
#[derive(Clone, Debug)]
pub struct TrustConfig {
    /// The trusted root, JSON as it stands in the file; for a verifier.
    pub trusted_root: String,
    /// What to sign with.
    pub services: Services,
}

/// Why a text is not a configuration that says what to sign with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Fewer operators than asked for.
    #[error(
        "{kind} wants {wanted} services of different operators, and has {found} that are known and valid at {at}"
    )]
    Few {
        /// `rekorTlogConfig` or `tsaConfig`.
        kind: &'static str,
        /// The number in it.
        wanted: usize,
        /// How many there are.
        found: usize,
        /// The time of signing.
        at: Timestamp,
    },
    /// Not JSON, or not of this shape.
    #[error("is not a Sigstore configuration")]
    Json(#[source] json::Error),
    /// Another format, or another version of it.
    #[error("mediaType is {found:?}, {wanted} was wanted")]
    MediaType {
        /// What it says.
        found: String,
        /// What was wanted.
        wanted: &'static str,
    },
    /// All outdated or not yet in use, or of versions that are not spoken here.
    #[error("{kind} has no service that is known and valid at {at}")]
    NoneValid {
        /// The list's name.
        kind: &'static str,
        /// The time of signing.
        at: Timestamp,
    },
    /// Services, and nothing said about how many of them to use.
    #[error("{kind} selects by {found:?}, ANY, ALL or EXACT with a count was wanted")]
    Selector {
        /// `rekorTlogConfig` or `tsaConfig`.
        kind: &'static str,
        /// What it says, with the count if there is one.
        found: String,
    },
    /// Too long a text or too many services.
    #[error("is too big: at most {MAX_CONFIG_BYTES} bytes and {MAX_SERVICES} services of a kind were wanted")]
    TooBig,
    /// Not an address that requests may go to.
    #[error("{kind} has a service that cannot be used")]
    Url {
        /// The list's name.
        kind: &'static str,
        /// Why not.
        source: UrlError,
    },
    /// Begin or end of a validity is not a time.
    #[error("{kind} has a service whose validFor is not a pair of times")]
    ValidFor {
        /// The list's name.
        kind: &'static str,
    },
}

impl Services {
    /// Reads a signing configuration, and chooses what is valid at `at`.
    ///
    /// Of an operator's services the highest version that is known here counts, and of those the first listed. `ANY`
    /// takes the first of the highest version, `EXACT` as many as it says, one an operator, `ALL` one of each operator.
    /// `prefer` leaves only logs of that version: it is an error if none is valid.
    pub fn from_signing_config(
        text: &str,
        at: Timestamp,
        prefer: Option<RekorVersion>,
    ) -> Result<Self, ConfigError> {
        if text.len() > MAX_CONFIG_BYTES {
            return Err(ConfigError::TooBig);
        }
        let wire: WireConfig = json::parse(text).map_err(ConfigError::Json)?;
        wire.check_media_type()?;
        let logs = |version| match version {
            1 => Some(RekorVersion::V1),
            2 => Some(RekorVersion::V2),
            _ => None,
        };
        let logs = |version| logs(version).filter(|known| prefer.is_none_or(|wanted| *known == wanted));
        let one = |version| (version == 1).then_some(());
        let rekor = per_operator("rekorTlogUrls", &wire.rekor_tlog_urls, at, logs)?;
        let tsa = per_operator("tsaUrls", &wire.tsa_urls, at, one)?;
        let first = |kind, services: &[WireService]| {
            per_operator(kind, services, at, one).map(|found| found.into_iter().next().map(|(url, ())| url))
        };
        Ok(Self {
            fulcio: first("caUrls", &wire.ca_urls)?,
            oidc: first("oidcUrls", &wire.oidc_urls)?,
            rekor: select("rekorTlogConfig", rekor, &wire.rekor_tlog_config, at)?,
            tsa: select("tsaConfig", tsa, &wire.tsa_config, at)?.into_iter().map(|(url, ())| url).collect(),
        })
    }

    /// Reads a client trust configuration: a trusted root and a signing configuration in one file.
    pub fn from_trust_config(
        text: &str,
        at: Timestamp,
        prefer: Option<RekorVersion>,
    ) -> Result<TrustConfig, ConfigError> {
        if text.len() > MAX_CONFIG_BYTES {
            return Err(ConfigError::TooBig);
        }
        let wire: WireTrustConfig<'_> = json::parse(text).map_err(ConfigError::Json)?;
        media_type(&wire.media_type, CLIENT_TRUST_CONFIG)?;
        let services = Self::from_signing_config(wire.signing_config.get(), at, prefer)?;
        Ok(TrustConfig { trusted_root: wire.trusted_root.get().to_owned(), services })
    }
}

/// Checks that `text` is a signing configuration, whatever is in it.
pub(crate) fn check_signing_config(text: &str) -> Result<(), ConfigError> {
    json::parse::<WireConfig>(text).map_err(ConfigError::Json)?.check_media_type()
}

fn media_type(found: &str, wanted: &'static str) -> Result<(), ConfigError> {
    if found == wanted {
        Ok(())
    } else {
        Err(ConfigError::MediaType { found: found.chars().take(100).collect(), wanted })
    }
}

/// One service of each operator, the highest versions first, else in the file's order.
fn per_operator<V: Copy + Ord>(
    kind: &'static str,
    services: &[WireService],
    at: Timestamp,
    known: impl Fn(u32) -> Option<V>,
) -> Result<Vec<(Url, V)>, ConfigError> {
    if services.len() > MAX_SERVICES {
        return Err(ConfigError::TooBig);
    }
    let mut found: Vec<(&WireService, V)> = Vec::new();
    for service in services {
        // All are looked at: what cannot be read may be the one that was meant.
        let valid = service.is_valid(at).ok_or(ConfigError::ValidFor { kind })?;
        if let (true, Some(version)) = (valid, known(service.major_api_version)) {
            found.push((service, version));
        }
    }
    if found.is_empty() && !services.is_empty() {
        return Err(ConfigError::NoneValid { kind, at });
    }
    // Stable: the first listed stays first.
    found.sort_by_key(|(_, version)| std::cmp::Reverse(*version));
    let mut chosen: Vec<(&WireService, V)> = Vec::new();
    for (service, version) in found {
        if chosen.iter().all(|(other, _)| other.operator != service.operator) {
            chosen.push((service, version));
        }
    }
    let with_url = |(service, version): (&WireService, V)| {
        let url = Url::parse(&service.url).map_err(|source| ConfigError::Url { kind, source })?;
        Ok((url, version))
    };
    chosen.into_iter().map(with_url).collect()
}

/// As many of `services` as `config` says. Without services there is nothing to select, whatever it says but `EXACT`.
fn select<T>(
    kind: &'static str,
    mut services: Vec<T>,
    config: &WireSelection,
    at: Timestamp,
) -> Result<Vec<T>, ConfigError> {
    let found = services.len();
    let wanted = match (config.selector.as_deref(), config.count.unwrap_or(0)) {
        (Some("EXACT"), wanted @ 1..) => wanted as usize,
        _ if found == 0 => 0,
        (Some("ANY"), _) => 1,
        (Some("ALL"), _) => found,
        (selector, _) => {
            let found = selector.unwrap_or_default().chars().take(100).collect();
            return Err(ConfigError::Selector { kind, found });
        }
    };
    if wanted > found {
        return Err(ConfigError::Few { kind, wanted, found, at });
    }
    services.truncate(wanted);
    Ok(services)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig {
    media_type: String,
    #[serde(default)]
    ca_urls: Vec<WireService>,
    #[serde(default)]
    oidc_urls: Vec<WireService>,
    #[serde(default)]
    rekor_tlog_urls: Vec<WireService>,
    #[serde(default)]
    rekor_tlog_config: WireSelection,
    #[serde(default)]
    tsa_urls: Vec<WireService>,
    #[serde(default)]
    tsa_config: WireSelection,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTrustConfig<'a> {
    media_type: String,
    #[serde(borrow)]
    trusted_root: &'a RawValue,
    #[serde(borrow)]
    signing_config: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireService {
    url: String,
    major_api_version: u32,
    valid_for: WireValidity,
    #[serde(default)]
    operator: String,
}

#[derive(Deserialize)]
struct WireValidity {
    start: String,
    end: Option<String>,
}

#[derive(Default, Deserialize)]
struct WireSelection {
    selector: Option<String>,
    count: Option<u32>,
}

impl WireConfig {
    fn check_media_type(&self) -> Result<(), ConfigError> {
        media_type(&self.media_type, SIGNING_CONFIG)
    }
}

impl WireService {
    /// Whether `at` is from begin to end, both included; `None` if one is not a time.
    fn is_valid(&self, at: Timestamp) -> Option<bool> {
        let start: Timestamp = self.valid_for.start.parse().ok()?;
        let end = self.valid_for.end.as_deref().map(str::parse::<Timestamp>).transpose().ok()?;
        Some(start <= at && end.is_none_or(|end| at <= end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn service(url: &str, version: u32, operator: &str) -> String {
        let valid = r#"{"start":"2020-01-01T00:00:00Z"}"#;
        format!(r#"{{"url":"{url}","majorApiVersion":{version},"validFor":{valid},"operator":"{operator}"}}"#)
    }

    fn config(rekor: &[String], rekor_config: &str) -> String {
        let rekor = rekor.join(",");
        format!(
            r#"{{"mediaType":"{SIGNING_CONFIG}","rekorTlogUrls":[{rekor}],"rekorTlogConfig":{rekor_config}}}"#
        )
    }

    fn logs(text: &str, prefer: Option<RekorVersion>) -> Result<Vec<String>, ConfigError> {
        let services = Services::from_signing_config(text, at("2026-11-21T00:00:00Z"), prefer)?;
        Ok(services.rekor.iter().map(|(url, version)| format!("{url} {version:?}")).collect())
    }

    #[test]
    fn refusals() {
        let (a, b) = (service("https://a.example", 1, "a"), service("https://b.example", 3, "b"));
        let many = vec![a.clone(); MAX_SERVICES + 1];
        for (text, why) in [
            (String::new(), "empty"),
            ("{}".to_owned(), "no media type"),
            (config(&[], "{}").replace("v0.2", "v0.1"), "another version"),
            (config(std::slice::from_ref(&a), "{}"), "no selector"),
            (config(std::slice::from_ref(&a), r#"{"selector":"SERVICE_SELECTOR_UNDEFINED"}"#), "undefined"),
            (config(std::slice::from_ref(&a), r#"{"selector":"EXACT"}"#), "no count"),
            (config(std::slice::from_ref(&a), r#"{"selector":"EXACT","count":2}"#), "too few"),
            (config(&[a.clone(), a.clone()], r#"{"selector":"EXACT","count":2}"#), "one operator twice"),
            (config(&[], r#"{"selector":"EXACT","count":1}"#), "none at all"),
            (config(std::slice::from_ref(&b), r#"{"selector":"ANY"}"#), "unknown version"),
            (config(&[a.replace("2020", "2027")], r#"{"selector":"ANY"}"#), "not yet"),
            (config(&[a.replace("2020-01-01T00:00:00Z", "soon")], r#"{"selector":"ANY"}"#), "not a time"),
            (config(&[a.replace("https://a", "http://a")], r#"{"selector":"ANY"}"#), "plain"),
            (
                config(&[a.replace("\"url\"", "\"url\":\"https://x\",\"url\"")], r#"{"selector":"ANY"}"#),
                "repeated key",
            ),
            (config(&many, r#"{"selector":"ANY"}"#), "too many"),
        ] {
            assert!(logs(&text, None).is_err(), "{why}");
        }
        assert!(
            logs(&config(&[a], r#"{"selector":"ANY"}"#), Some(RekorVersion::V2)).is_err(),
            "no such version"
        );
    }

    #[test]
    fn choices() {
        let all = [
            service("https://a1.example", 1, "a"),
            service("https://a2.example", 2, "a"),
            service("https://a3.example", 2, "a"),
            service("https://b1.example", 1, "b"),
            service("https://c9.example", 9, "c"),
        ];
        for (selection, prefer, wanted) in [
            (r#"{"selector":"ANY"}"#, None, vec!["https://a2.example V2"]),
            (r#"{"selector":"ALL"}"#, None, vec!["https://a2.example V2", "https://b1.example V1"]),
            (r#"{"selector":"EXACT","count":1}"#, None, vec!["https://a2.example V2"]),
            (r#"{"selector":"ANY"}"#, Some(RekorVersion::V1), vec!["https://a1.example V1"]),
            (
                r#"{"selector":"ALL"}"#,
                Some(RekorVersion::V1),
                vec!["https://a1.example V1", "https://b1.example V1"],
            ),
        ] {
            assert_eq!(logs(&config(&all, selection), prefer).expect(selection), wanted, "{selection}");
        }
        assert_eq!(logs(&config(&[], "{}"), None).expect("none"), Vec::<String>::new());
        assert_eq!(logs(&config(&[], r#"{"selector":"ANY"}"#), None).expect("none"), Vec::<String>::new());
        let ended = all[0].replace(r#"00Z"}"#, r#"00Z","end":"2026-11-20T23:59:59.999Z"}"#);
        assert_eq!(
            logs(&config(&[ended, all[3].clone()], r#"{"selector":"ANY"}"#), None).expect("b"),
            ["https://b1.example V1"]
        );
    }

    #[test]
    fn configurations_of_others() {
        let public = mlbom_sigstore::trusted_root::TrustedRoot::public_good_signing_config();
        let found =
            Services::from_signing_config(public, at("2026-11-21T00:00:00Z"), None).expect("public good");
        assert_eq!(found.fulcio.as_ref().map(Url::as_str), Some("https://fulcio.sigstore.dev"));
        assert_eq!(found.rekor[0].0.as_str(), "https://rekor.sigstore.dev");
        assert_eq!(found.tsa[0].as_str(), "https://timestamp.sigstore.dev/api/v1/timestamp");
        assert!(
            Services::from_signing_config(public, at("2020-01-01T00:00:00Z"), None).is_err(),
            "too early"
        );
        // With `"tsaConfig": {}`.
        let cosign = include_str!("../tests/data/cosign_signing_config.json");
        let found =
            Services::from_signing_config(cosign, at("2026-11-21T00:00:00Z"), None).expect("cosign's");
        assert_eq!(found.rekor, [(Url::parse("http://127.0.0.1:5605").expect("loopback"), RekorVersion::V2)]);
        assert!(found.tsa.is_empty());
    }

    #[test]
    fn halves_of_a_client_trust_config() {
        let root = r#"{ "mediaType":"root",  "tlogs":[1.10] }"#;
        let signing = config(&[service("https://a.example", 1, "a")], r#"{"selector":"ANY"}"#);
        let text = format!(
            r#"{{"mediaType":"{CLIENT_TRUST_CONFIG}","trustedRoot":{root},"signingConfig":{signing}}}"#
        );
        let halves = Services::from_trust_config(&text, at("2026-11-21T00:00:00Z"), None).expect("both");
        assert_eq!(halves.trusted_root, root);
        assert_eq!(halves.services.rekor.len(), 1);
        assert!(Services::from_trust_config(&signing, at("2026-11-21T00:00:00Z"), None).is_err());
    }
}
