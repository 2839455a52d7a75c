//! Whether certificates that are handed out are a chain: what nobody could follow is noticed by who makes it.
//!
//! Nothing is trusted here. Times are not looked at, since a chain may be handed out before or after it is valid.

use x509_cert::Certificate as X509;

use crate::certificate::{CertificateError, Usage, parse_x509};
use crate::chain::is_signed_by;

/// What the first certificate of a chain is for; those behind it are authorities.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum First {
    /// It issues the certificates of signers.
    Authority,
    /// It signs something else than certificates.
    Signer,
    /// It signs times (RFC 3161, 2.3).
    TimeStamping,
}

/// Why certificates are not a chain. They are counted from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Not to be read.
    #[error("certificate {number}")]
    Certificate {
        /// Which.
        number: usize,
        /// Why not.
        source: CertificateError,
    },
    /// No authority, or one that may not issue what it did: by its key usage or by the length of the path.
    #[error("certificate {0} is not one of an authority that may issue the one before it")]
    NotAuthority(usize),
    /// The next one's name or key is another.
    #[error("certificate {0} is not issued by the next one: the issuer has to follow what it issued")]
    NotIssued(usize),
    /// For other things too, or an authority's.
    #[error("certificate 1 is not for time stamping alone (RFC 3161, 2.3)")]
    NotTimeStamping,
}

/// `certificates`, DER, each once: the first, and behind each the one that issued it, as far as there is one. What issued none
/// of them comes last, where [`check_links`] finds it.
///
/// People have chains with the root first, or with the signer's own certificate in them again.
#[must_use]
pub fn in_order(certificates: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut left: Vec<&Vec<u8>> = Vec::new();
    for der in certificates.iter().skip(1) {
        if certificates.first() != Some(der) && !left.contains(&der) {
            left.push(der);
        }
    }
    let mut ordered: Vec<Vec<u8>> = certificates.first().cloned().into_iter().collect();
    while let Some(issuer) = ordered.last().and_then(|last| {
        let subject = parse_x509(last).ok()?;
        left.iter().position(|der| issued(&subject, der))
    }) {
        ordered.push(left.remove(issuer).clone());
    }
    ordered.extend(left.into_iter().cloned());
    ordered
}

/// Whether the DER certificate `issuer` has the name of who issued `subject`, and the key.
fn issued(subject: &X509, issuer: &[u8]) -> bool {
    let named = parse_x509(issuer)
        .is_ok_and(|issuer| issuer.tbs_certificate.subject == subject.tbs_certificate.issuer);
    named && is_signed_by(subject, issuer)
}

/// Checks that each certificate of `chain`, DER, is issued by the one behind it, and may have been.
pub fn check_links(chain: &[Vec<u8>], first: First) -> Result<(), LinkError> {
    let read = |(index, der): (usize, &Vec<u8>)| {
        let wrong = |source| LinkError::Certificate { number: index + 1, source };
        let x509 = parse_x509(der).map_err(wrong)?;
        let usage = Usage::read(&x509).map_err(wrong)?;
        Ok((x509, usage))
    };
    let certificates = chain.iter().enumerate().map(read).collect::<Result<Vec<_>, LinkError>>()?;
    if first == First::TimeStamping
        && !certificates.first().is_some_and(|(_, usage)| usage.is_time_stamping())
    {
        return Err(LinkError::NotTimeStamping);
    }
    let first_authority = usize::from(first != First::Authority);
    for (index, (_, usage)) in certificates.iter().enumerate().skip(first_authority) {
        if !usage.may_issue(index - first_authority) {
            return Err(LinkError::NotAuthority(index + 1));
        }
    }
    for (index, pair) in certificates.windows(2).enumerate() {
        let ([(subject, _), _], Some(der)) = (pair, chain.get(index + 1)) else { continue };
        if !issued(subject, der) {
            return Err(LinkError::NotIssued(index + 1));
        }
    }
    Ok(())
}
