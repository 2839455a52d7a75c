//! What Fulcio writes into a certificate (fulcio `docs/oid-info.md`, 1.3.6.1.4.1.57264.1).

use std::collections::BTreeMap;

use der::Tag;
use der::oid::ObjectIdentifier;
use mlbom::text::escape;
use x509_cert::Certificate as X509;

use super::names::plain;
use super::{CertificateError, extension};
use crate::asn1::Element;

const ARC: &str = "1.3.6.1.4.1.57264.1";
/// The identity provider as bare text, deprecated.
const ISSUER_V1: u32 = 1;
/// The identity provider as a DER UTF8String.
const ISSUER_V2: u32 = 8;

/// Bare text, deprecated.
const RAW: [(u32, &str); 5] = [
    (2, "githubWorkflowTrigger"),
    (3, "githubWorkflowSha"),
    (4, "githubWorkflowName"),
    (5, "githubWorkflowRepository"),
    (6, "githubWorkflowRef"),
];

/// DER UTF8Strings. The directory ends at 23; what Fulcio writes as 24 is named for the claim that it is taken from.
const DER: [(u32, &str); 16] = [
    (9, "buildSignerURI"),
    (10, "buildSignerDigest"),
    (11, "runnerEnvironment"),
    (12, "sourceRepositoryURI"),
    (13, "sourceRepositoryDigest"),
    (14, "sourceRepositoryRef"),
    (15, "sourceRepositoryIdentifier"),
    (16, "sourceRepositoryOwnerURI"),
    (17, "sourceRepositoryOwnerIdentifier"),
    (18, "buildConfigURI"),
    (19, "buildConfigDigest"),
    (20, "buildTrigger"),
    (21, "runInvocationURI"),
    (22, "sourceRepositoryVisibilityAtSigning"),
    (23, "deploymentEnvironment"),
    (24, "tokenSubject"),
];

type Claims = BTreeMap<&'static str, String>;

/// The identity provider and the claims; an empty claim is as good as none. What of one cannot be shown is written as `\u{..}`.
pub(super) fn read(x509: &X509) -> Result<(Option<String>, Claims), CertificateError> {
    let issuer = |number, is_der| match text(x509, number, is_der)? {
        None => Ok(None),
        Some(text) => plain(text).map(Some).ok_or(CertificateError::Extension(id(number))),
    };
    let (old, new) = (issuer(ISSUER_V1, false)?, issuer(ISSUER_V2, true)?);
    if let (Some(old), Some(new)) = (&old, &new)
        && old != new
    {
        return Err(CertificateError::Issuers { old: old.clone(), new: new.clone() });
    }
    let mut claims = BTreeMap::new();
    for (table, is_der) in [(&RAW[..], false), (&DER[..], true)] {
        for &(number, name) in table {
            if let Some(claim) = text(x509, number, is_der)? {
                // A branch is called what its author likes. Left out, it would be none of those that a policy refuses.
                let claim =
                    std::str::from_utf8(claim).map_err(|_| CertificateError::Extension(id(number)))?;
                claims.insert(name, escape(claim));
            }
        }
    }
    Ok((new.or(old), claims))
}

/// The bytes of a text; none if it is empty.
fn text(x509: &X509, number: u32, is_der: bool) -> Result<Option<&[u8]>, CertificateError> {
    let Some(value) = extension(x509, id(number)) else { return Ok(None) };
    let text = if is_der {
        let element = Element::only(value).ok().filter(|element| element.tag == Tag::Utf8String);
        element.ok_or(CertificateError::Extension(id(number)))?.value
    } else {
        value
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn id(number: u32) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(ARC).push_arc(number).expect("the arc has room for one more")
}
