//! The JSON of trusted roots, as Protocol Buffers write it.

use mlbom::digest::Sha256;
use mlbom::json;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Authority, Log, LogKey, MAX_BYTES, MAX_ENTRIES, TrustedRoot, TrustedRootError, Window};
use crate::certificate::{MAX_CHAIN, parse_x509};
use crate::encoding;
use crate::key::{KeyError, KeyType, PublicKey};

/// Both spellings of the first version, and its successor's.
const MEDIA_TYPES: [&str; 3] = [
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];
const TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireHead {
    media_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig<'a> {
    #[serde(borrow)]
    trusted_root: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRoot {
    #[serde(default)]
    tlogs: Vec<WireLog>,
    #[serde(default)]
    certificate_authorities: Vec<WireAuthority>,
    #[serde(default)]
    ctlogs: Vec<WireLog>,
    #[serde(default)]
    timestamp_authorities: Vec<WireAuthority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAuthority {
    #[serde(default)]
    uri: String,
    cert_chain: Option<WireChain>,
    valid_for: Option<WireWindow>,
}

#[derive(Deserialize)]
struct WireChain {
    #[serde(default)]
    certificates: Vec<WireBytes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireBytes {
    raw_bytes: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLog {
    #[serde(default)]
    base_url: String,
    hash_algorithm: Option<Value>,
    public_key: Option<WireKey>,
    log_id: Option<WireId>,
    checkpoint_key_id: Option<WireId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireKey {
    raw_bytes: Option<String>,
    key_details: Option<Value>,
    valid_for: Option<WireWindow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireId {
    key_id: String,
}

#[derive(Default, Deserialize)]
struct WireWindow {
    start: Option<String>,
    end: Option<String>,
}

pub(super) fn parse(text: &str) -> Result<TrustedRoot, TrustedRootError> {
    match checked_media_type(text)?.as_str() {
        TRUST_CONFIG => of_trust_config(text),
        media_type if MEDIA_TYPES.contains(&media_type) => root(text, Sha256::of(text.as_bytes())),
        other => Err(TrustedRootError::MediaType(other.to_owned())),
    }
}

fn of_trust_config(text: &str) -> Result<TrustedRoot, TrustedRootError> {
    let config: WireConfig<'_> = json::parse_checked(text).map_err(TrustedRootError::Json)?;
    let inner = config.trusted_root.get();
    let head: WireHead = json::parse_checked(inner).map_err(TrustedRootError::Json)?;
    // Not a configuration within a configuration.
    if !MEDIA_TYPES.contains(&head.media_type.as_str()) {
        return Err(TrustedRootError::MediaType(head.media_type));
    }
    root(inner, Sha256::of(text.as_bytes()))
}

/// The media type of a text that is strict JSON of the right length.
fn checked_media_type(text: &str) -> Result<String, TrustedRootError> {
    if text.len() > MAX_BYTES {
        return Err(TrustedRootError::TooLong(text.len()));
    }
    let head: WireHead = json::parse(text).map_err(TrustedRootError::Json)?;
    Ok(head.media_type)
}

fn root(text: &str, digest: Sha256) -> Result<TrustedRoot, TrustedRootError> {
    let wire: WireRoot = json::parse_checked(text).map_err(TrustedRootError::Json)?;
    Ok(TrustedRoot {
        authorities: all(wire.certificate_authorities, authority)?,
        logs: all(wire.tlogs, log)?,
        ct_logs: all(wire.ctlogs, log)?,
        timestamp_authorities: all(wire.timestamp_authorities, authority)?,
        digest,
    })
}

fn all<W, T>(wire: Vec<W>, one: fn(W) -> T) -> Result<Vec<T>, TrustedRootError> {
    if wire.len() > MAX_ENTRIES {
        return Err(TrustedRootError::TooMany(wire.len()));
    }
    Ok(wire.into_iter().map(one).collect())
}

fn authority(wire: WireAuthority) -> Authority {
    let (certificates, chain_fault) = match chain(wire.cert_chain) {
        Ok(certificates) => (certificates, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let (window, window_fault) = window(wire.valid_for);
    let (unusable, takes_intermediates) = (chain_fault.or(window_fault), certificates.len() == 1);
    Authority { certificates, window, uri: wire.uri, unusable, takes_intermediates }
}

fn chain(wire: Option<WireChain>) -> Result<Vec<Vec<u8>>, String> {
    let wire = wire.map(|chain| chain.certificates).unwrap_or_default();
    if wire.is_empty() || wire.len() > MAX_CHAIN {
        return Err(format!("lists {} certificates, 1 to {MAX_CHAIN} were wanted", wire.len()));
    }
    let mut certificates = Vec::new();
    for bytes in wire {
        let der = bytes_of(&bytes.raw_bytes)?;
        parse_x509(&der).map_err(|why| format!("a certificate {why}"))?;
        certificates.push(der);
    }
    Ok(certificates)
}

fn log(wire: WireLog) -> Log {
    let public = wire.public_key.unwrap_or(WireKey { raw_bytes: None, key_details: None, valid_for: None });
    let (window, window_fault) = window(public.valid_for);
    let id = wire.log_id.and_then(|id| bytes_of(&id.key_id).ok()).unwrap_or_default();
    let key = match key(public.raw_bytes.as_deref(), public.key_details.as_ref()) {
        _ if !matches!(wire.hash_algorithm, None | Some(Value::Null)) && !is_sha256(&wire.hash_algorithm) => {
            Err("hashes with another algorithm, SHA2_256 was wanted".to_owned())
        }
        _ if id.is_empty() => Err("has no logId".to_owned()),
        key => key,
    };
    let key = match (key, window_fault) {
        (Ok(key), None) => LogKey::Usable(key),
        (Err(why), _) | (_, Some(why)) => LogKey::Unusable(why),
    };
    let checkpoint_id = wire.checkpoint_key_id.and_then(|id| bytes_of(&id.key_id).ok());
    Log { id, checkpoint_id, key, window, base_url: wire.base_url }
}

fn is_sha256(name: &Option<Value>) -> bool {
    name.as_ref().and_then(Value::as_str) == Some("SHA2_256")
}

/// The key, if it is of the type that it is said to be of.
fn key(raw: Option<&str>, details: Option<&Value>) -> Result<PublicKey, String> {
    let details = details.and_then(Value::as_str).unwrap_or_default();
    let raw = bytes_of(raw.ok_or("has no key")?)?;
    let why = |why: KeyError| format!("the key {why}");
    let wanted = match details {
        "PKIX_ECDSA_P256_SHA_256" => KeyType::EcdsaP256,
        "PKIX_ECDSA_P384_SHA_384" => KeyType::EcdsaP384,
        "PKIX_ECDSA_P521_SHA_512" => KeyType::EcdsaP521,
        "PKIX_ED25519" => KeyType::Ed25519,
        "PKIX_RSA_PKCS1V5"
        | "PKIX_RSA_PKCS1V15_2048_SHA256"
        | "PKIX_RSA_PKCS1V15_3072_SHA256"
        | "PKIX_RSA_PKCS1V15_4096_SHA256" => KeyType::Rsa,
        // From before keys were SubjectPublicKeyInfo.
        "PKCS1_RSA_PKCS1V5" => return PublicKey::from_pkcs1(&raw).map_err(why),
        _ => return Err("keyDetails names no key that signatures are checked with".to_owned()),
    };
    let key = PublicKey::from_spki(&raw).map_err(why)?;
    if key.key_type() != wanted {
        return Err(format!("keyDetails is {details}, the key is {}", key.key_type().name()));
    }
    Ok(key)
}

/// The window, and what is wrong with it. Without a start it would reach back for ever.
fn window(wire: Option<WireWindow>) -> (Window, Option<String>) {
    let wire = wire.unwrap_or_default();
    let time = |text: Option<String>| text.map(|text| text.parse()).transpose();
    match (time(wire.start), time(wire.end)) {
        (Ok(start), Ok(end)) => {
            let fault = start.is_none().then(|| "has no validFor.start".to_owned());
            (Window { start, end }, fault)
        }
        (Err(why), _) | (_, Err(why)) => (Window::default(), Some(why_not(&why))),
    }
}

fn bytes_of(text: &str) -> Result<Vec<u8>, String> {
    encoding::decode(text).ok_or_else(|| "rawBytes or keyId is not base64".to_owned())
}

fn why_not(why: &mlbom::time::NotATime) -> String {
    format!("validFor: {why}")
}
