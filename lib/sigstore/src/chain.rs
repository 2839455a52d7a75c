//! Paths from a certificate to an authority that is trusted (RFC 5280, 6).

mod in_name_only;

use std::cell::Cell;
use std::time::Duration;

use der::Encode as _;
use der::oid::ObjectIdentifier;
use mlbom::time::Timestamp;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::aws_lc_rs as algorithms;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, anchor_from_trusted_cert};
use x509_cert::Certificate as X509;

use crate::certificate::{self, Certificate, Usage, parse_x509, validity};
use crate::trusted_root::{Authority, TrustedRoot};

/// How many certificates a signature may bring along with the signer's.
pub const MAX_INTERMEDIATES: usize = 16;

/// The purposes whose paths are asked for, as rustls-webpki and as this crate name them.
const CODE_SIGNING: Purpose =
    (KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 3]), certificate::CODE_SIGNING);
const TIME_STAMPING: Purpose =
    (KeyUsage::required_if_present(&[0x2b, 6, 1, 5, 5, 7, 3, 8]), certificate::TIME_STAMPING);

type Purpose = (KeyUsage, ObjectIdentifier);

/// The signatures of authorities that are believed: no SHA-1, no RSA below 2048 bits, no curve but these.
static SIGNATURES: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
    algorithms::ECDSA_P521_SHA256,
    algorithms::ECDSA_P521_SHA384,
    algorithms::ECDSA_P521_SHA512,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// Who issued a certificate.
#[derive(Clone, Debug)]
pub struct Issuer<'a> {
    /// The DER certificate whose key signed the leaf.
    pub certificate: Vec<u8>,
    /// The DER certificate that the path ends at; the same as `certificate` where nothing is between.
    pub anchor: Vec<u8>,
    /// The authority that the anchor is listed by.
    pub authority: &'a Authority,
}

/// Why no path leads from a certificate to an authority.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Not for signing.
    #[error("the certificate is not for code signing")]
    Purpose,
    /// Not valid when it was used.
    #[error("the certificate is valid from {not_before} to {not_after}, not at {at}")]
    Expired {
        /// The first instant.
        not_before: Timestamp,
        /// The last second.
        not_after: Timestamp,
        /// The time that was asked about.
        at: Timestamp,
    },
    /// More than anyone needs.
    #[error("brings {0} certificates along, at most {MAX_INTERMEDIATES} were wanted")]
    TooMany(usize),
    /// The root lists none, or none that is trusted at this time.
    #[error("no certificate authority is trusted at {0}")]
    NoAuthority(Timestamp),
    /// An authority that is trusted at this time, but whose own certificate is not valid, or is not one of an authority.
    #[error("the certificate of the authority is not valid at {0}, or is not one that may issue")]
    Anchor(Timestamp),
    /// No path to any authority; the reason is the last one's.
    #[error("no path leads to a trusted certificate authority: {0}")]
    NoPath(webpki::Error),
    /// A path, with an authority on it that must not have issued what is beneath it.
    #[error("an authority on the path to the trusted one may not issue certificates, so many, or such ones")]
    Issuer,
    /// Something critical that is not known here, or a constraint of names.
    #[error(
        "a certificate has a critical extension that is not known, or constrains names in a way that is not met"
    )]
    Unknown,
    /// A certificate of the root, once chosen, that could not be read.
    #[error("an authority's certificate cannot be read")]
    Malformed,
}

/// Finds a path from `leaf` to a certificate authority of `root` whose window contains `at`.
///
/// `intermediates` are DER certificates that the signature brought, at most [`MAX_INTERMEDIATES`], in any order; a root
/// among them is not believed, and none is where the authority lists its own. Every certificate of the path is valid at
/// `at`, the authority's own included. The leaf [allows code signing](Certificate::allows_code_signing), and so does every
/// issuer that names purposes.
pub fn verify_chain<'a>(
    leaf: &Certificate,
    intermediates: &[Vec<u8>],
    root: &'a TrustedRoot,
    at: Timestamp,
) -> Result<Issuer<'a>, ChainError> {
    if !leaf.allows_code_signing() {
        return Err(ChainError::Purpose);
    }
    let mut reason = ChainError::NoAuthority(at);
    for authority in root.authorities.iter().filter(|authority| authority.is_trusted_at(at)) {
        // One that is listed itself, and signed by itself, needs nobody else.
        let listed = authority.anchors().contains(&leaf.der()) && leaf.is_valid_at(at);
        if listed && is_self_signed(leaf.der()) {
            let certificate = leaf.der().to_vec();
            return Ok(Issuer { anchor: certificate.clone(), certificate, authority });
        }
        match to_authority(leaf, intermediates, authority, at, CODE_SIGNING) {
            Ok(issuer) => return Ok(issuer),
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

/// The same for the certificate of a timestamp authority, and for one authority.
pub(crate) fn verify_time_stamping_chain<'a>(
    leaf: &Certificate,
    intermediates: &[Vec<u8>],
    authority: &'a Authority,
    at: Timestamp,
) -> Result<Issuer<'a>, ChainError> {
    to_authority(leaf, intermediates, authority, at, TIME_STAMPING)
}

fn to_authority<'a>(
    leaf: &Certificate,
    intermediates: &[Vec<u8>],
    authority: &'a Authority,
    at: Timestamp,
    purpose: Purpose,
) -> Result<Issuer<'a>, ChainError> {
    if !leaf.is_valid_at(at) {
        let (not_before, not_after) = (leaf.not_before(), leaf.not_after());
        return Err(ChainError::Expired { not_before, not_after, at });
    }
    if intermediates.len() > MAX_INTERMEDIATES {
        return Err(ChainError::TooMany(intermediates.len()));
    }
    let brought = if authority.takes_intermediates { intermediates } else { &[] };
    let listed = authority.certificates.iter().chain(brought);
    let mut between: Vec<&[u8]> = Vec::new();
    for der in listed.map(Vec::as_slice) {
        if !between.contains(&der) {
            between.push(der);
        }
    }
    if leaf.usage().is_authority() {
        return in_name_only::path(leaf, &between, authority, at);
    }
    let between: Vec<_> = between.into_iter().map(CertificateDer::from).collect();
    let mut reason = ChainError::Anchor(at);
    for anchor in authority.anchors() {
        match to_anchor(leaf, &between, anchor, at, purpose) {
            Ok(certificate) => return Ok(Issuer { certificate, anchor: anchor.to_vec(), authority }),
            // What is wrong with a path says more than what is wrong with another anchor.
            Err(ChainError::Anchor(_)) => {}
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

/// The DER of the leaf's issuer on a path to `anchor`.
fn to_anchor(
    leaf: &Certificate,
    between: &[CertificateDer<'_>],
    anchor: &[u8],
    at: Timestamp,
    purpose: Purpose,
) -> Result<Vec<u8>, ChainError> {
    let anchor_usage = usage_at(anchor, at).ok_or(ChainError::Anchor(at))?;
    let anchor_der = CertificateDer::from(anchor);
    let anchors = [anchor_from_trusted_cert(&anchor_der).map_err(ChainError::NoPath)?];
    let leaf_der = CertificateDer::from(leaf.der());
    let end_entity = EndEntityCert::try_from(&leaf_der).map_err(ChainError::NoPath)?;
    let seconds = u64::try_from(at.seconds()).map_err(|_| ChainError::Anchor(at))?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let (usage, purpose) = purpose;
    let is_refused = Cell::new(false);
    let may_issue = |path: &VerifiedPath<'_>| {
        let count = path.intermediate_certificates().count();
        let all = path.intermediate_certificates().enumerate().all(|(beneath, certificate)| {
            usage_at(&certificate.der(), at).is_some_and(|usage| usage.may_issue(beneath))
        });
        let wanted = all && anchor_usage.may_issue(count) && anchor_usage.may_issue_for(purpose);
        is_refused.set(!wanted);
        if wanted { Ok(()) } else { Err(webpki::Error::EndEntityUsedAsCa) }
    };
    let path = end_entity.verify_for_usage(SIGNATURES, &anchors, between, now, usage, None, Some(&may_issue));
    let path = path.map_err(|err| match err {
        _ if is_refused.get() => ChainError::Issuer,
        webpki::Error::NameConstraintViolation => ChainError::Unknown,
        err => ChainError::NoPath(err),
    })?;
    let issuer = path.intermediate_certificates().next();
    Ok(issuer.map_or_else(|| anchor.to_vec(), |certificate| certificate.der().to_vec()))
}

/// Whether a DER certificate is signed by its own key: an anchor, which a verifier has from elsewhere.
#[must_use]
pub fn is_self_signed(der: &[u8]) -> bool {
    parse_x509(der).is_ok_and(|x509| is_signed_by(&x509, der))
}

/// Whether the key of the DER certificate `issuer` made the signature of `subject`, in a way that is believed here. Names are
/// not looked at.
pub(crate) fn is_signed_by(subject: &X509, issuer: &[u8]) -> bool {
    let issuer = CertificateDer::from(issuer);
    let (Ok(issuer), Ok(signed), Ok(algorithm), Some(signature)) = (
        EndEntityCert::try_from(&issuer),
        // DER has one form: were these other bytes than were read, the signature would not hold.
        subject.tbs_certificate.to_der(),
        subject.signature_algorithm.to_der(),
        subject.signature.as_bytes(),
    ) else {
        return false;
    };
    // An identifier of rustls-webpki's is the content of the SEQUENCE.
    let mut known = SIGNATURES.iter().filter(|known| algorithm.ends_with(&known.signature_alg_id()));
    subject.signature_algorithm == subject.tbs_certificate.signature
        && known.any(|known| issuer.verify_signature(*known, &signed, signature).is_ok())
}

/// What an authority's certificate is for, if it is well-formed, valid at `at`, and an authority's.
fn usage_at(der: &[u8], at: Timestamp) -> Option<Usage> {
    usage_of(&parse_x509(der).ok()?, at)
}

fn usage_of(x509: &X509, at: Timestamp) -> Option<Usage> {
    let (not_before, not_after) = validity(x509).ok()?;
    let is_valid = (not_before.seconds()..=not_after.seconds()).contains(&at.seconds());
    Usage::read(x509).ok().filter(|usage| is_valid && usage.is_authority())
}

/// The DER SubjectPublicKeyInfo of a DER certificate.
pub(crate) fn spki(der: &[u8]) -> Option<Vec<u8>> {
    parse_x509(der).ok()?.tbs_certificate.subject_public_key_info.to_der().ok()
}
