//! Certificates for identities: Fulcio's interface, version 2 (sigstore/fulcio, `fulcio.proto`, `CreateSigningCertificate`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::{Decode as _, Encode as _};
use mlbom::json;
use mlbom_sigstore::key::{KeyType, PublicKey};
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;

use crate::http::{Client, HttpError, Request};
use crate::token::IdentityToken;
use crate::url::Url;

/// The longest answer, in bytes.
pub const MAX_ANSWER_BYTES: u64 = 256 << 10;

/// How many certificates a chain may have.
pub const MAX_CHAIN: usize = 10;

/// Signs a message by the hash that goes with the key's type: DER for ECDSA.
pub type Sign<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> + 'a;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FulcioError {
    /// Not JSON, or not of this shape.
    #[error("{0}: the answer is not a chain of certificates")]
    Answer(Url),
    /// One of them is not a certificate.
    #[error("{url}: certificate {number} of the chain is not well-formed")]
    Certificate {
        /// Who was asked.
        url: Url,
        /// From 1, the leaf's.
        number: usize,
    },
    /// No or too many certificates.
    #[error("{url}: the chain has {found} certificates, 1 to {MAX_CHAIN} were wanted")]
    Chain {
        /// Who was asked.
        url: Url,
        /// How many there are.
        found: usize,
    },
    /// No answer, or a refusal.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The certificate is for someone else's key.
    #[error("{0}: the certificate is not for the key that one was asked for")]
    Key(Url),
    /// The key does not sign.
    #[error("the key cannot sign the proof of its possession")]
    Sign(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What the key made is not a signature of it.
    #[error("the key's proof of possession is not its own signature")]
    Signature,
}

/// Asks `fulcio` for a certificate of `key` in the name that `token` proves: the chain in DER, the leaf first.
///
/// The leaf is checked to be for `key`. Who signed it, and its timestamps of certificate transparency logs, are not looked
/// at: a Fulcio without such a log answers with a bare chain, and whether that will do is for the verifier.
pub fn certificate(
    client: &Client,
    fulcio: &Url,
    token: &IdentityToken,
    key: &PublicKey,
    sign: &Sign<'_>,
) -> Result<Vec<Vec<u8>>, FulcioError> {
    let proof = sign(token.subject().as_bytes()).map_err(FulcioError::Sign)?;
    if !key.verifies(token.subject().as_bytes(), &proof) {
        return Err(FulcioError::Signature);
    }
    let body = body(token, key, &proof);
    let url = fulcio.join("api/v2/signingCert");
    // The token is in the body, not in a header; what is said back may repeat it all the same.
    let request =
        Request { secret: Some(token.raw()), limit: MAX_ANSWER_BYTES, ..Request::post_json(&url, &body) };
    let answer = client.send(&request)?;
    let text = std::str::from_utf8(&answer.body).map_err(|_| FulcioError::Answer(url.clone()))?;
    let answer: Answer = json::parse(text).map_err(|_| FulcioError::Answer(url.clone()))?;
    let chain = chain(&url, answer)?;
    if leaf_key(&chain).as_deref() == Some(key.spki()) { Ok(chain) } else { Err(FulcioError::Key(url)) }
}

fn body(token: &IdentityToken, key: &PublicKey, proof: &[u8]) -> String {
    // Fulcio reads the key itself; it has no name for RSA with PKCS #1 v1.5.
    let algorithm = match key.key_type() {
        KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521 => "ECDSA",
        KeyType::Ed25519 => "ED25519",
        KeyType::Rsa => "RSA_PSS",
    };
    let request = SigningCertRequest {
        credentials: Credentials { oidc_identity_token: token.raw() },
        public_key_request: PublicKeyRequest {
            public_key: Key { algorithm, content: key.to_pem() },
            proof_of_possession: STANDARD.encode(proof),
        },
    };
    serde_json::to_string(&request).expect("texts have a JSON form")
}

/// The chain of either answer, each certificate well-formed.
fn chain(url: &Url, answer: Answer) -> Result<Vec<Vec<u8>>, FulcioError> {
    let chain = match (answer.signed_certificate_embedded_sct, answer.signed_certificate_detached_sct) {
        (Some(signed), None) | (None, Some(signed)) => signed.chain.certificates,
        _ => return Err(FulcioError::Answer(url.clone())),
    };
    let found = chain.len();
    if !(1..=MAX_CHAIN).contains(&found) {
        return Err(FulcioError::Chain { url: url.clone(), found });
    }
    let der = |(index, pem): (usize, String)| {
        let decoded = pem_rfc7468::decode_vec(pem.trim_ascii().as_bytes()).ok();
        let der =
            decoded.filter(|(label, der)| *label == "CERTIFICATE" && Certificate::from_der(der).is_ok());
        der.map(|(_, der)| der)
            .ok_or_else(|| FulcioError::Certificate { url: url.clone(), number: index + 1 })
    };
    chain.into_iter().enumerate().map(der).collect()
}

/// The SubjectPublicKeyInfo of the first certificate, in DER.
fn leaf_key(chain: &[Vec<u8>]) -> Option<Vec<u8>> {
    let leaf = Certificate::from_der(chain.first()?).ok()?;
    leaf.tbs_certificate.subject_public_key_info.to_der().ok()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SigningCertRequest<'a> {
    credentials: Credentials<'a>,
    public_key_request: PublicKeyRequest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Credentials<'a> {
    oidc_identity_token: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequest {
    public_key: Key,
    proof_of_possession: String,
}

#[derive(Serialize)]
struct Key {
    algorithm: &'static str,
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    signed_certificate_embedded_sct: Option<Signed>,
    signed_certificate_detached_sct: Option<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    chain: Chain,
}

#[derive(Deserialize)]
struct Chain {
    certificates: Vec<String>,
}
