//! Times that a timestamp authority has signed (RFC 3161), over a signature.

mod token;

use der::Encode as _;
use der::oid::ObjectIdentifier;
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;

use crate::certificate::{self, Certificate, Usage, parse_x509};
use crate::chain::{ChainError, verify_time_stamping_chain};
use crate::trusted_root::{Authority, TrustedRoot};

use token::Token;

/// The longest response or token that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 10;
/// How many certificates a token may bring along.
pub const MAX_CERTIFICATES: usize = crate::chain::MAX_INTERMEDIATES;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// What a timestamp authority attests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Timestamped {
    /// The signature was there at this time, rounded down to a second.
    pub at: Timestamp,
    /// Who says so: the common name of the certificate's subject, or the whole subject (RFC 4514). Printable.
    pub authority: String,
    /// SHA-256 of the DER certificate that signed.
    pub certificate: Sha256,
}

/// Why a timestamp is none that can be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// More than a token should need.
    #[error("the timestamp is {0} bytes long, at most {MAX_BYTES} were wanted")]
    TooLong(usize),
    /// The authority refused to sign.
    #[error("the timestamp authority answered with status {0}, 0 or 1 was wanted")]
    Status(u8),
    /// Not DER, or not of this shape; the field says where.
    #[error("the timestamp is malformed: {0}")]
    Malformed(&'static str),
    /// An algorithm that is not checked with, or one that does not go with the key.
    #[error("the timestamp is made with {0}, which is not supported")]
    Algorithm(String),
    /// Another thing was stamped.
    #[error("the timestamp is over something else than the signature")]
    Imprint,
    /// The attributes do not speak of this content.
    #[error("the timestamp's signed attributes are not those of its content")]
    Attributes,
    /// Known to be of nobody who is trusted at that time.
    #[error("no timestamp authority is trusted at {0}, the time in the timestamp")]
    Untrusted(Timestamp),
    /// Not signed by any of those who are trusted at that time.
    #[error("the timestamp is not by a trusted authority")]
    Signer,
    /// An authority that is trusted, whose certificate the token does not name or does not verify under.
    #[error("the timestamp's signature does not verify")]
    Signature,
    /// A certificate that is not for time stamping alone (RFC 3161, 2.3).
    #[error("the timestamp authority's certificate is not one for time stamping alone")]
    Purpose,
    /// The authority's certificate was not issued by whom it should, or was not valid at that time.
    #[error("the timestamp authority's certificate does not hold")]
    Chain(#[source] ChainError),
}

/// Checks that `token`, a DER TimeStampResp or TimeStampToken of at most [`MAX_BYTES`], stamps `signature` and is by a
/// timestamp authority that `root` trusts at the time in it.
///
/// The signer is the first certificate for time stamping that the authority lists; only for an authority that lists none
/// may it be one that the token brings along. Either way its path ends at a root that the authority lists.
pub fn verify_timestamp(
    token: &[u8],
    signature: &[u8],
    root: &TrustedRoot,
) -> Result<Timestamped, TimestampError> {
    if token.len() > MAX_BYTES {
        return Err(TimestampError::TooLong(token.len()));
    }
    let token = Token::parse(token)?;
    token.check_content(signature)?;
    let mut reason = TimestampError::Untrusted(token.at);
    for authority in root.timestamp_authorities.iter().filter(|authority| authority.is_trusted_at(token.at)) {
        match by(&token, authority) {
            Ok(stamped) => return Ok(stamped),
            // That another authority did not sign it says less than what is wrong with who may have.
            Err(TimestampError::Signer) if !matches!(reason, TimestampError::Untrusted(_)) => {}
            Err(why) => reason = why,
        }
    }
    Err(reason)
}

/// Holds a token against one authority, which is trusted at the token's time.
fn by(token: &Token<'_>, authority: &Authority) -> Result<Timestamped, TimestampError> {
    let embedded = token.certificates();
    // One that is listed and cannot be read is not made up for by one that the token brings.
    let (signer, intermediates) = match authority.certificates.iter().find(|der| is_for_stamping(der)) {
        Some(listed) => (Certificate::parse(listed).ok(), Vec::new()),
        None => {
            let named = embedded.iter().find_map(|der| stamps(der).filter(|signer| token.names(signer)));
            (named, embedded.clone())
        }
    };
    let signer = signer.ok_or(TimestampError::Signer)?;
    if !token.names(&signer) {
        return Err(TimestampError::Signer);
    }
    // Two certificates of one name and number: whoever reads the embedded one would see another signer.
    let is_other =
        |der: &Vec<u8>| *der != signer.der() && stamps(der).is_some_and(|other| token.names(&other));
    if embedded.iter().any(is_other) {
        return Err(TimestampError::Signer);
    }
    if !signer.usage().is_time_stamping() {
        return Err(TimestampError::Purpose);
    }
    token.check_signature(&signer)?;
    verify_time_stamping_chain(&signer, &intermediates, authority, token.at)
        .map_err(TimestampError::Chain)?;
    Ok(Timestamped { at: token.at, authority: name(&signer), certificate: signer.digest() })
}

/// The certificate, if time stamping is among its purposes.
fn stamps(der: &[u8]) -> Option<Certificate> {
    if is_for_stamping(der) { Certificate::parse(der).ok() } else { None }
}

fn is_for_stamping(der: &[u8]) -> bool {
    parse_x509(der).is_ok_and(|x509| Usage::read(&x509).is_ok_and(|usage| usage.mentions_time_stamping()))
}

fn name(certificate: &Certificate) -> String {
    let subject = &certificate.x509().tbs_certificate.subject;
    certificate::attribute(subject, COMMON_NAME).unwrap_or_else(|| certificate.subject())
}

/// The DER of an issuer's name and a serial number, as a CMS signer identifier has them (RFC 5652, 10.2.4).
fn issuer_and_serial(certificate: &Certificate) -> Option<Vec<u8>> {
    let tbs = &certificate.x509().tbs_certificate;
    let mut both = tbs.issuer.to_der().ok()?;
    both.extend(tbs.serial_number.to_der().ok()?);
    Some(both)
}
