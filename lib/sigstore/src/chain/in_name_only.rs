//! Paths from a leaf that calls itself an authority.
//!
//! Company authorities make such certificates, and OpenSSF Model Signing's own examples are of this kind: `cA` is true, and
//! the key usage lets it sign, but not issue certificates. It is an authority in name only (RFC 5280, 4.2.1.9: the key usage
//! decides). rustls-webpki refuses any such leaf unseen, hence this, which refuses what it does not know.

use der::oid::ObjectIdentifier;
use mlbom::time::Timestamp;
use x509_cert::Certificate as X509;

use super::{ChainError, Issuer, is_signed_by, usage_of};
use crate::certificate::{CODE_SIGNING, Certificate, Usage, parse_x509};
use crate::trusted_root::Authority;

/// The most authorities on a path.
const MAX_DEPTH: usize = 8;
/// The most signatures that are checked for one leaf.
const MAX_SIGNATURES: usize = 64;

/// basicConstraints, keyUsage, extKeyUsage and subjectAltName: the extensions that may be critical.
const KNOWN: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
];
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

/// A path from `leaf` to `authority`, over `between`.
pub(super) fn path<'a>(
    leaf: &Certificate,
    between: &[&[u8]],
    authority: &'a Authority,
    at: Timestamp,
) -> Result<Issuer<'a>, ChainError> {
    let x509 = leaf.x509();
    if !is_plain(x509) {
        return Err(ChainError::Unknown);
    }
    let (anchors, between) = (candidates(&authority.anchors(), at), candidates(between, at));
    if anchors.is_empty() {
        return Err(ChainError::Anchor(at));
    }
    let mut search = Search { anchors: &anchors, between: &between, left: MAX_SIGNATURES };
    let (certificate, anchor) =
        search.issuers(x509, 0).ok_or(ChainError::NoPath(webpki::Error::UnknownIssuer))?;
    Ok(Issuer { certificate: certificate.to_vec(), anchor: anchor.to_vec(), authority })
}

/// Those of `ders` that may issue certificates at all, each read once: reading is what a hostile one makes dear.
fn candidates<'s>(ders: &[&'s [u8]], at: Timestamp) -> Vec<Candidate<'s>> {
    let read = |der: &&'s [u8]| {
        let x509 = parse_x509(der).ok()?;
        let usage = usage_of(&x509, at)?;
        let may = usage.may_issue_for(CODE_SIGNING) && is_plain(&x509);
        may.then_some(Candidate { der, x509, usage })
    };
    ders.iter().filter_map(read).collect()
}

/// A certificate that may issue others.
struct Candidate<'s> {
    der: &'s [u8],
    x509: X509,
    usage: Usage,
}

struct Search<'s> {
    anchors: &'s [Candidate<'s>],
    between: &'s [Candidate<'s>],
    /// How many signatures may still be checked.
    left: usize,
}

impl<'s> Search<'s> {
    /// The issuer of `subject`, and the anchor behind it; `beneath` authorities are on the way already.
    fn issuers(&mut self, subject: &X509, beneath: usize) -> Option<(&'s [u8], &'s [u8])> {
        if beneath == MAX_DEPTH {
            return None;
        }
        for anchor in self.anchors {
            if self.issued(subject, anchor, beneath) {
                return Some((anchor.der, anchor.der));
            }
        }
        for candidate in self.between {
            if self.issued(subject, candidate, beneath)
                && let Some((_, anchor)) = self.issuers(&candidate.x509, beneath + 1)
            {
                return Some((candidate.der, anchor));
            }
        }
        None
    }

    /// Whether `issuer` may have issued `subject`, and did.
    fn issued(&mut self, subject: &X509, issuer: &Candidate<'_>, beneath: usize) -> bool {
        let named = issuer.x509.tbs_certificate.subject == subject.tbs_certificate.issuer;
        if !named || !issuer.usage.may_issue(beneath) || self.left == 0 {
            return false;
        }
        self.left -= 1;
        is_signed_by(subject, issuer.der)
    }
}

/// Whether it says nothing critical that is not looked at here, and constrains no names.
fn is_plain(x509: &X509) -> bool {
    let mut extensions = x509.tbs_certificate.extensions.iter().flatten();
    extensions.all(|extension| {
        extension.extn_id != NAME_CONSTRAINTS && (!extension.critical || KNOWN.contains(&extension.extn_id))
    })
}
