//! What an entry is about: the bodies that the logs keep.
//!
//! Rekor 1 keeps `hashedrekord` 0.0.1, `dsse` 0.0.1 and `intoto` 0.0.2 (sigstore/rekor, `pkg/types/*/v*/*_schema.json`), with
//! PEM within base64; Rekor 2 keeps `hashedrekord` 0.0.2 (sigstore/rekor-tiles, `api/proto/rekor/v2`), with DER.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mlbom::json;
use serde::Deserialize;
use serde_json::value::RawValue;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, Encode as _};

use super::{Claim, Entry, LogError, Signed, Verifier, hex};
use crate::key::{Hash, KeyType, PublicKey};

/// The kinds that are checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    HashedRekord1,
    Dsse1,
    InToto2,
    HashedRekord2,
}

impl Kind {
    const ALL: [Self; 4] = [Self::HashedRekord1, Self::Dsse1, Self::InToto2, Self::HashedRekord2];

    /// Kind and version.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::HashedRekord1 => "hashedrekord 0.0.1",
            Self::Dsse1 => "dsse 0.0.1",
            Self::InToto2 => "intoto 0.0.2",
            Self::HashedRekord2 => "hashedrekord 0.0.2",
        }
    }

    /// Whether its log, Rekor 1, gives signed entry timestamps.
    pub(super) const fn has_promise(self) -> bool {
        !matches!(self, Self::HashedRekord2)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body<'a> {
    api_version: String,
    kind: String,
    #[serde(borrow)]
    spec: &'a RawValue,
}

/// Checks that the body of `entry` is about `claim`, and nothing else.
pub(super) fn check(entry: &Entry, claim: &Claim<'_>) -> Result<Kind, LogError> {
    let text = str::from_utf8(&entry.body).map_err(|_| LogError::Member("the text"))?;
    let body: Body<'_> = json::parse(text).map_err(LogError::Body)?;
    let found = format!("{} {}", body.kind, body.api_version);
    if let Some(said) = entry.kind.as_ref().filter(|said| **said != found) {
        return Err(LogError::OtherKind { said: said.clone(), found });
    }
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == found).ok_or(LogError::Kind(found))?;
    let spec = body.spec.get();
    match kind {
        Kind::HashedRekord1 => read::<HashedRekord1>(spec)?.check(claim)?,
        Kind::Dsse1 => read::<Dsse1>(spec)?.check(claim)?,
        Kind::InToto2 => read::<InToto2>(spec)?.check(claim)?,
        Kind::HashedRekord2 => read::<HashedRekord2>(spec)?.hashed_rekord_v002.check(claim)?,
    }
    Ok(kind)
}

fn read<'de, T: Deserialize<'de>>(spec: &'de str) -> Result<T, LogError> {
    // The whole body has been checked for what is not strict.
    json::parse_checked(spec).map_err(LogError::Body)
}

/// `algorithm` in lower case, `value` in lower-case hexadecimal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HexDigest {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord1 {
    data: Data1,
    signature: Signature1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data1 {
    hash: HexDigest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Signature1 {
    content: String,
    public_key: PublicKey1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicKey1 {
    content: String,
}

impl HashedRekord1 {
    fn check(&self, claim: &Claim<'_>) -> Result<(), LogError> {
        // Rekor 1 has kinds of its own for envelopes.
        if let Signed::Envelope { .. } = claim.signed {
            return Err(LogError::Other("kind of signature"));
        }
        let hash = match self.data.hash.algorithm.as_str() {
            "sha256" => Hash::Sha256,
            "sha384" => Hash::Sha384,
            "sha512" => Hash::Sha512,
            other => return Err(LogError::Algorithm(other.to_owned())),
        };
        let digest =
            claim.signed.digest(hash).ok_or_else(|| LogError::Algorithm(self.data.hash.algorithm.clone()))?;
        same("digest", self.data.hash.value.as_bytes(), hex(&digest).as_bytes())?;
        same("signature", &base64("signature.content", &self.signature.content)?, claim.signed.signature())?;
        same_pem(&self.signature.public_key.content, &claim.verifier)
    }
}

/// `envelopeHash` is over an envelope as someone once wrote it, which nobody can write again: it is not compared. The
/// payload, the signature and the key together are all that an envelope says, but for the type that is signed with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Dsse1 {
    #[serde(rename = "envelopeHash")]
    _envelope_hash: HexDigest,
    payload_hash: HexDigest,
    signatures: Vec<DsseSignature1>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DsseSignature1 {
    signature: String,
    verifier: String,
}

impl Dsse1 {
    fn check(&self, claim: &Claim<'_>) -> Result<(), LogError> {
        let Signed::Envelope { payload, signature, .. } = claim.signed else {
            return Err(LogError::Other("kind of signature"));
        };
        same_payload(&self.payload_hash, payload)?;
        let [only] = self.signatures.as_slice() else {
            return Err(LogError::Other("number of signatures"));
        };
        same("signature", &base64("signatures", &only.signature)?, signature)?;
        same_pem(&only.verifier, &claim.verifier)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InToto2 {
    content: InTotoContent,
}

/// `hash` is over the envelope, and not compared either.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InTotoContent {
    envelope: InTotoEnvelope,
    #[serde(rename = "hash")]
    _hash: HexDigest,
    payload_hash: HexDigest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InTotoEnvelope {
    /// Left out by the log; base64 twice where a client kept it.
    payload: Option<String>,
    payload_type: String,
    signatures: Vec<InTotoSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InTotoSignature {
    #[serde(rename = "keyid")]
    _keyid: Option<String>,
    public_key: String,
    /// Base64 twice.
    sig: String,
}

impl InToto2 {
    fn check(&self, claim: &Claim<'_>) -> Result<(), LogError> {
        let Signed::Envelope { payload_type, payload, signature } = claim.signed else {
            return Err(LogError::Other("kind of signature"));
        };
        let envelope = &self.content.envelope;
        same("payload type", envelope.payload_type.as_bytes(), payload_type.as_bytes())?;
        same_payload(&self.content.payload_hash, payload)?;
        if let Some(kept) = &envelope.payload {
            same("payload", &base64_twice("envelope.payload", kept)?, payload)?;
        }
        let [only] = envelope.signatures.as_slice() else {
            return Err(LogError::Other("number of signatures"));
        };
        same("signature", &base64_twice("envelope.signatures", &only.sig)?, signature)?;
        same_pem(&only.public_key, &claim.verifier)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord2 {
    #[serde(rename = "hashedRekordV002")]
    hashed_rekord_v002: Record2,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record2 {
    data: Data2,
    signature: Signature2,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data2 {
    algorithm: String,
    digest: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature2 {
    content: String,
    verifier: Verifier2,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Verifier2 {
    key_details: String,
    x509_certificate: Option<RawBytes>,
    public_key: Option<RawBytes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RawBytes {
    raw_bytes: String,
}

impl Record2 {
    fn check(&self, claim: &Claim<'_>) -> Result<(), LogError> {
        let hash = match self.data.algorithm.as_str() {
            "SHA2_256" => Hash::Sha256,
            "SHA2_384" => Hash::Sha384,
            "SHA2_512" => Hash::Sha512,
            other => return Err(LogError::Algorithm(other.to_owned())),
        };
        let digest =
            claim.signed.digest(hash).ok_or_else(|| LogError::Algorithm(self.data.algorithm.clone()))?;
        same("digest", &base64("data.digest", &self.data.digest)?, &digest)?;
        same("signature", &base64("signature.content", &self.signature.content)?, claim.signed.signature())?;
        self.signature.verifier.check(hash, &claim.verifier)
    }
}

impl Verifier2 {
    fn check(&self, hash: Hash, verifier: &Verifier<'_>) -> Result<(), LogError> {
        let spki = match (verifier, &self.x509_certificate, &self.public_key) {
            (Verifier::Certificate(der), Some(own), None) => {
                same("certificate", &base64("x509Certificate", &own.raw_bytes)?, der)?;
                key_of(der)?
            }
            (Verifier::Key(der), None, Some(own)) => {
                same("key", &base64("publicKey", &own.raw_bytes)?, der)?;
                der.to_vec()
            }
            _ => return Err(LogError::Other("kind of verifier")),
        };
        let key = PublicKey::from_spki(&spki).map_err(|_| LogError::Member("the verifier"))?;
        if fits(&self.key_details, &key, hash) {
            Ok(())
        } else {
            Err(LogError::Algorithm(self.key_details.clone()))
        }
    }
}

/// Whether `details` (`sigstore_common.proto`, `PublicKeyDetails`) says what the key is, and goes with `hash`.
///
/// Without this an entry could claim that a signature was made in another way than it verifies in.
fn fits(details: &str, key: &PublicKey, hash: Hash) -> bool {
    let rsa = |bits| key.key_type() == KeyType::Rsa && key.rsa_bits() == Some(bits) && hash == Hash::Sha256;
    match details {
        "PKIX_ECDSA_P256_SHA_256" => key.key_type() == KeyType::EcdsaP256 && hash == Hash::Sha256,
        "PKIX_ECDSA_P384_SHA_384" => key.key_type() == KeyType::EcdsaP384 && hash == Hash::Sha384,
        "PKIX_ECDSA_P384_SHA_256" => key.key_type() == KeyType::EcdsaP384 && hash == Hash::Sha256,
        "PKIX_ECDSA_P521_SHA_512" => key.key_type() == KeyType::EcdsaP521 && hash == Hash::Sha512,
        "PKIX_ECDSA_P521_SHA_256" => key.key_type() == KeyType::EcdsaP521 && hash == Hash::Sha256,
        // Not prehashed: the digest is only the log's name for the message.
        "PKIX_ED25519" => key.key_type() == KeyType::Ed25519,
        "PKIX_ED25519_PH" => key.key_type() == KeyType::Ed25519 && hash == Hash::Sha512,
        "PKIX_RSA_PKCS1V15_2048_SHA256" => rsa(2048),
        "PKIX_RSA_PKCS1V15_3072_SHA256" => rsa(3072),
        "PKIX_RSA_PKCS1V15_4096_SHA256" => rsa(4096),
        _ => false,
    }
}

/// The SubjectPublicKeyInfo of a DER certificate.
fn key_of(certificate: &[u8]) -> Result<Vec<u8>, LogError> {
    let certificate = Certificate::from_der(certificate).map_err(|_| LogError::Member("the verifier"))?;
    certificate.tbs_certificate.subject_public_key_info.to_der().map_err(|_| LogError::Member("the verifier"))
}

fn same(what: &'static str, found: &[u8], wanted: &[u8]) -> Result<(), LogError> {
    if found == wanted { Ok(()) } else { Err(LogError::Other(what)) }
}

/// Rekor 1 hashes payloads with SHA-256 only.
fn same_payload(digest: &HexDigest, payload: &[u8]) -> Result<(), LogError> {
    if digest.algorithm != "sha256" {
        return Err(LogError::Algorithm(digest.algorithm.clone()));
    }
    same("payload", digest.value.as_bytes(), hex(&Hash::Sha256.of(payload)).as_bytes())
}

/// Compares a verifier of Rekor 1: one PEM block in base64, of a certificate or a key.
fn same_pem(encoded: &str, verifier: &Verifier<'_>) -> Result<(), LogError> {
    let (what, label, wanted) = match verifier {
        Verifier::Certificate(der) => ("certificate", "CERTIFICATE", der),
        Verifier::Key(der) => ("key", "PUBLIC KEY", der),
    };
    let pem = base64("the verifier", encoded)?;
    let text = str::from_utf8(&pem).map_err(|_| LogError::Member("the verifier"))?.trim_ascii();
    let inner = text
        .strip_prefix(&format!("-----BEGIN {label}-----"))
        .and_then(|rest| rest.strip_suffix(&format!("-----END {label}-----")))
        .ok_or(LogError::Other("kind of verifier"))?;
    // Lines of any length: logs keep what clients sent. What is within is compared to the byte all the same, and a second
    // block is no base64.
    let inner: String = inner.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    same(what, &base64("the verifier", &inner)?, wanted)
}

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, LogError> {
    STANDARD.decode(text).map_err(|_| LogError::Member(what))
}

fn base64_twice(what: &'static str, text: &str) -> Result<Vec<u8>, LogError> {
    STANDARD.decode(base64(what, text)?).map_err(|_| LogError::Member(what))
}
