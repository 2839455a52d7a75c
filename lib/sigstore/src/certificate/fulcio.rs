//! What Fulcio writes into a certificate (fulcio `docs/oid-info.md`, 1.3.6.1.4.1.57264.1).

use std::collections::BTreeMap;

use der::Tag;
use der::oid::ObjectIdentifier;
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

/// The identity provider and the claims; an empty claim is as good as none.
pub(super) fn read(x509: &X509) -> Result<(Option<String>, Claims), CertificateError> {
    let old = text(x509, ISSUER_V1, false)?;
    let new = text(x509, ISSUER_V2, true)?;
    if let (Some(old), Some(new)) = (&old, &new)
        && old != new
    {
        return Err(CertificateError::Issuers { old: old.clone(), new: new.clone() });
    }
    let mut claims = BTreeMap::new();
    for (table, is_der) in [(&RAW[..], false), (&DER[..], true)] {
        for &(number, name) in table {
            if let Some(claim) = text(x509, number, is_der)? {
                claims.insert(name, claim);
            }
        }
    }
    Ok((new.or(old), claims))
}

fn text(x509: &X509, number: u32, is_der: bool) -> Result<Option<String>, CertificateError> {
    let id = ObjectIdentifier::new_unwrap(ARC).push_arc(number).expect("the arc has room for one more");
    let Some(value) = extension(x509, id) else { return Ok(None) };
    let text = if is_der {
        Element::only(value)
            .ok()
            .filter(|element| element.tag == Tag::Utf8String)
            .map(|element| element.value)
    } else {
        Some(value)
    };
    let text = text.ok_or(CertificateError::Extension(id))?;
    if text.is_empty() {
        return Ok(None);
    }
    plain(text).map(Some).ok_or(CertificateError::Extension(id))
}
