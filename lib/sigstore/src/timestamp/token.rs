//! Tokens: CMS signed data (RFC 5652, 5) around a TSTInfo (RFC 3161, 2.4.2).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use der::oid::{AssociatedOid as _, ObjectIdentifier};
use der::{Decode as _, Tag};
use mlbom::time::Timestamp;
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use super::{MAX_CERTIFICATES, TimestampError, issuer_and_serial};
use crate::asn1::{Element, Elements, context};
use crate::certificate::Certificate;
use crate::key::{Hash, KeyType};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// RFC 2634, 5.4: SHA-1 of the signer's certificate.
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// RFC 5035, 3: the same with another hash.
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SHA256_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const SET_TAG: u8 = 0x31;

/// A token that was read, and nothing of it believed.
pub(super) struct Token<'a> {
    /// When the authority says that it signed, rounded down to a second.
    pub(super) at: Timestamp,
    imprint: (Hash, &'a [u8]),
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    signer: SignerInfo<'a>,
}

struct SignerInfo<'a> {
    id: Element<'a>,
    digest: Hash,
    /// The signed attributes as the SET that is signed (RFC 5652, 5.4).
    signed: Vec<u8>,
    attributes: Elements<'a>,
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
}

/// Names the part that is malformed.
fn at<T>(part: &'static str) -> impl Fn(der::Error) -> Result<T, TimestampError> {
    move |_| Err(TimestampError::Malformed(part))
}

impl<'a> Token<'a> {
    /// Reads a TimeStampResp or a bare TimeStampToken.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, TimestampError> {
        let outer = Element::only(der).or_else(at("not one DER element"))?;
        let mut parts = outer.sequence().or_else(at("not a TimeStampResp"))?;
        let first = parts.any().or_else(at("empty"))?;
        if first.tag == Tag::ObjectIdentifier {
            return Self::from_content_info(&outer);
        }
        check_status(&first)?;
        let token = parts.any().or_else(at("no timeStampToken"))?;
        parts.end().or_else(at("TimeStampResp goes on"))?;
        Self::from_content_info(&token)
    }

    fn from_content_info(info: &Element<'a>) -> Result<Self, TimestampError> {
        let data = content_of(info, SIGNED_DATA).or_else(at("not signed data"))?;
        Self::from_signed_data(Elements::new(data).or_else(at("ContentInfo"))?)
    }

    fn from_signed_data(mut info: Elements<'a>) -> Result<Self, TimestampError> {
        let malformed = || TimestampError::Malformed("SignedData");
        let data = info.of(Tag::Sequence).or_else(at("SignedData"))?;
        info.end().or_else(at("ContentInfo goes on"))?;
        let mut parts = data.elements().or_else(at("SignedData"))?;
        let version = parts.of(Tag::Integer).or_else(at("SignedData version"))?;
        // 3, for the content is not plain data (RFC 5652, 5.1).
        if version.value != [3] {
            return Err(TimestampError::Malformed("SignedData version is not 3"));
        }
        let digests = parts.of(Tag::Set).or_else(at("digestAlgorithms"))?;
        let content = parts.of(Tag::Sequence).or_else(at("encapContentInfo"))?;
        let certificates = parts.of_optional(context(0, true)).map_err(|_| malformed())?;
        parts.of_optional(context(1, true)).map_err(|_| malformed())?;
        let signers = parts.of(Tag::Set).or_else(at("signerInfos"))?;
        parts.end().or_else(at("SignedData goes on"))?;

        let octets = content_of(&content, TST_INFO).or_else(at("the content is not a TSTInfo"))?;
        let octets = Element::only(octets).or_else(at("eContent"))?;
        if octets.tag != Tag::OctetString {
            return Err(TimestampError::Malformed("eContent"));
        }
        let mut signers = signers.elements().or_else(at("signerInfos"))?;
        let signer = signers.of(Tag::Sequence).or_else(at("no SignerInfo"))?;
        signers.end().or_else(at("more than one SignerInfo"))?;
        let signer = SignerInfo::parse(&signer)?;
        if !hashes(&digests).or_else(at("digestAlgorithms"))?.contains(&signer.digest) {
            return Err(TimestampError::Malformed("digestAlgorithms lacks the signer's"));
        }
        let (at, imprint) = tst_info(octets.value)?;
        let certificates = embedded(certificates)?;
        Ok(Self { at, imprint, content: octets.value, certificates, signer })
    }

    /// The DER certificates that it brings along.
    pub(super) fn certificates(&self) -> Vec<Vec<u8>> {
        self.certificates.iter().map(|der| der.to_vec()).collect()
    }

    /// Checks that the content stamps `signature`, and that the signed attributes speak of the content.
    pub(super) fn check_content(&self, signature: &[u8]) -> Result<(), TimestampError> {
        let (hash, imprint) = self.imprint;
        if hash.of(signature) != imprint {
            return Err(TimestampError::Imprint);
        }
        let attribute = |id| self.attribute(id)?.ok_or(TimestampError::Attributes);
        let content_type = attribute(CONTENT_TYPE)?;
        let digest = attribute(MESSAGE_DIGEST)?;
        let is_of_content = content_type.oid().is_ok_and(|kind| kind == TST_INFO)
            && digest.tag == Tag::OctetString
            && digest.value == self.signer.digest.of(self.content);
        if is_of_content { Ok(()) } else { Err(TimestampError::Attributes) }
    }

    /// Whether the signer identifier is this certificate's.
    pub(super) fn names(&self, certificate: &Certificate) -> bool {
        let id = &self.signer.id;
        if id.tag == Tag::Sequence {
            return issuer_and_serial(certificate).is_some_and(|both| both == id.value);
        }
        let tbs = &certificate.x509().tbs_certificate;
        let mut extensions = tbs.extensions.iter().flatten();
        extensions
            .find(|extension| extension.extn_id == SubjectKeyIdentifier::OID)
            .and_then(|extension| SubjectKeyIdentifier::from_der(extension.extn_value.as_bytes()).ok())
            .is_some_and(|key| key.0.as_bytes() == id.value)
    }

    /// Checks that `certificate`, which is the one that the token names, signed the attributes, and that they name it.
    pub(super) fn check_signature(&self, certificate: &Certificate) -> Result<(), TimestampError> {
        let v1 = self.attribute(SIGNING_CERTIFICATE)?;
        let v2 = self.attribute(SIGNING_CERTIFICATE_V2)?;
        // One of them must be there (RFC 3161, 2.4.2 and RFC 5816, 2.2.1), or a second certificate of the key would do.
        let names_it = v1.is_none_or(|value| is_hash_of(&value, certificate, true))
            && v2.is_none_or(|value| is_hash_of(&value, certificate, false))
            && (v1.is_some() || v2.is_some());
        if !names_it {
            return Err(TimestampError::Attributes);
        }
        let key = certificate.key();
        let SignerInfo { signed, algorithm, signature, digest, .. } = &self.signer;
        let wrong =
            || TimestampError::Algorithm(format!("{algorithm} by a key of type {}", key.key_type().name()));
        let ecdsa = matches!(key.key_type(), KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521);
        let hash = match (*algorithm, key.key_type()) {
            (RSA, KeyType::Rsa) => Some(*digest),
            (SHA256_RSA, KeyType::Rsa) => Some(Hash::Sha256),
            (SHA384_RSA, KeyType::Rsa) => Some(Hash::Sha384),
            (SHA512_RSA, KeyType::Rsa) => Some(Hash::Sha512),
            (ECDSA_SHA256, _) if ecdsa => Some(Hash::Sha256),
            (ECDSA_SHA384, _) if ecdsa => Some(Hash::Sha384),
            (ECDSA_SHA512, _) if ecdsa => Some(Hash::Sha512),
            (ED25519, KeyType::Ed25519) => None,
            _ => return Err(wrong()),
        };
        let holds = match hash {
            Some(hash) => key.verifies_with(hash, signed, signature),
            None => key.verifies(signed, signature),
        };
        if holds { Ok(()) } else { Err(TimestampError::Signature) }
    }

    /// The one value of a signed attribute; `None` where there is no such attribute. One that is there twice is refused.
    fn attribute(&self, id: ObjectIdentifier) -> Result<Option<Element<'a>>, TimestampError> {
        let mut attributes = self.signer.attributes.clone();
        let mut found = None;
        while !attributes.is_done() {
            let attribute = attributes.of(Tag::Sequence).or_else(at("signedAttrs"))?;
            let mut parts = attribute.elements().or_else(at("signedAttrs"))?;
            let kind = parts.any().and_then(|kind| kind.oid()).or_else(at("signedAttrs"))?;
            let values = parts.of(Tag::Set).or_else(at("signedAttrs"))?;
            parts.end().or_else(at("signedAttrs"))?;
            if kind == id {
                let value =
                    Element::only(values.value).or_else(at("a signed attribute of several values"))?;
                if found.replace(value).is_some() {
                    return Err(TimestampError::Malformed("a signed attribute is there twice"));
                }
            }
        }
        Ok(found)
    }
}

impl<'a> SignerInfo<'a> {
    fn parse(info: &Element<'a>) -> Result<Self, TimestampError> {
        let mut parts = info.elements().or_else(at("SignerInfo"))?;
        let version = parts.of(Tag::Integer).or_else(at("SignerInfo version"))?;
        let id = parts.any().or_else(at("sid"))?;
        // RFC 5652, 5.3: the version says which kind of identifier follows.
        let is_known = (version.value == [1] && id.tag == Tag::Sequence)
            || (version.value == [3] && id.tag == context(0, false));
        if !is_known {
            return Err(TimestampError::Malformed("sid is not of the kind of its version"));
        }
        let digest = parts.of(Tag::Sequence).and_then(|id| algorithm(&id)).or_else(at("digestAlgorithm"))?;
        let signed = parts.of(context(0, true)).or_else(at("no signedAttrs"))?;
        let attributes = signed.elements().or_else(at("signedAttrs"))?;
        let kind = parts.of(Tag::Sequence).and_then(|id| algorithm(&id)).or_else(at("signatureAlgorithm"))?;
        let signature = parts.of(Tag::OctetString).or_else(at("signature"))?;
        parts.of_optional(context(1, true)).or_else(at("unsignedAttrs"))?;
        parts.end().or_else(at("SignerInfo goes on"))?;
        let digest = hash(digest).ok_or_else(|| TimestampError::Algorithm(format!("digest {digest}")))?;
        let mut set = signed.whole.to_vec();
        set[0] = SET_TAG;
        Ok(Self { id, digest, signed: set, attributes, algorithm: kind, signature: signature.value })
    }
}

/// PKIStatusInfo: granted, or granted with modifications (RFC 3161, 2.4.2).
fn check_status(info: &Element<'_>) -> Result<(), TimestampError> {
    let mut parts = info.sequence().or_else(at("PKIStatusInfo"))?;
    let status = parts.of(Tag::Integer).or_else(at("PKIStatus"))?;
    match status.value {
        [0 | 1] => Ok(()),
        [status] => Err(TimestampError::Status(*status)),
        _ => Err(TimestampError::Malformed("PKIStatus")),
    }
}

/// What the `[0] EXPLICIT` of a ContentInfo or EncapsulatedContentInfo of this type holds.
fn content_of<'a>(info: &Element<'a>, kind: ObjectIdentifier) -> der::Result<&'a [u8]> {
    let mut parts = info.sequence()?;
    if parts.any()?.oid()? != kind {
        return Err(Tag::ObjectIdentifier.value_error());
    }
    let content = parts.of(context(0, true))?;
    parts.end()?;
    Ok(content.value)
}

/// Certificates of a CertificateSet; other kinds, such as attribute certificates, are passed over.
fn embedded(set: Option<Element<'_>>) -> Result<Vec<&[u8]>, TimestampError> {
    let Some(set) = set else { return Ok(Vec::new()) };
    let mut elements = set.elements().or_else(at("certificates"))?;
    let mut certificates = Vec::new();
    while !elements.is_done() {
        let element = elements.any().or_else(at("certificates"))?;
        if element.tag == Tag::Sequence {
            certificates.push(element.whole);
        }
        if certificates.len() > MAX_CERTIFICATES {
            return Err(TimestampError::Malformed("too many certificates"));
        }
    }
    Ok(certificates)
}

/// The time and the imprint of a DER TSTInfo. Policy, accuracy, nonce and the name of the authority decide nothing here.
fn tst_info(der: &[u8]) -> Result<(Timestamp, (Hash, &[u8])), TimestampError> {
    let info = Element::only(der).or_else(at("TSTInfo"))?;
    let mut parts = info.sequence().or_else(at("TSTInfo"))?;
    let version = parts.of(Tag::Integer).or_else(at("TSTInfo version"))?;
    if version.value != [1] {
        return Err(TimestampError::Malformed("TSTInfo version is not 1"));
    }
    parts.of(Tag::ObjectIdentifier).or_else(at("policy"))?;
    let imprint = parts.of(Tag::Sequence).or_else(at("messageImprint"))?;
    parts.of(Tag::Integer).or_else(at("serialNumber"))?;
    let time = parts.of(Tag::GeneralizedTime);
    // A type of its own refuses fractions, and hence this is read as text.
    let time = time.or_else(at("genTime"))?;
    for tag in [Tag::Sequence, Tag::Boolean, Tag::Integer, context(0, true)] {
        parts.of_optional(tag).or_else(at("TSTInfo"))?;
    }
    let extensions = parts.of_optional(context(1, true)).or_else(at("TSTInfo"))?;
    parts.end().or_else(at("TSTInfo goes on"))?;
    if let Some(extensions) = extensions {
        refuse_critical(&extensions).or_else(at("a critical extension of TSTInfo, or a malformed one"))?;
    }

    let mut parts = imprint.elements().or_else(at("messageImprint"))?;
    let kind = parts.of(Tag::Sequence).and_then(|id| algorithm(&id)).or_else(at("hashAlgorithm"))?;
    let hashed = parts.of(Tag::OctetString).or_else(at("hashedMessage"))?;
    parts.end().or_else(at("messageImprint"))?;
    let hash = hash(kind).ok_or_else(|| TimestampError::Algorithm(format!("imprint {kind}")))?;
    let at = gen_time(time.value).ok_or(TimestampError::Malformed("genTime"))?;
    Ok((at, (hash, hashed.value)))
}

/// Extensions `[1] IMPLICIT`: one that must be understood is not.
fn refuse_critical(extensions: &Element<'_>) -> der::Result<()> {
    let mut extensions = extensions.elements()?;
    while !extensions.is_done() {
        let mut parts = extensions.of(Tag::Sequence)?.elements()?;
        parts.of(Tag::ObjectIdentifier)?;
        if parts.of_optional(Tag::Boolean)?.is_some() {
            return Err(Tag::Boolean.value_error());
        }
        parts.of(Tag::OctetString)?;
        parts.end()?;
    }
    Ok(())
}

/// `YYYYMMDDhhmmss[.s...]Z` (RFC 3161, 2.4.2), rounded down to a second.
fn gen_time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if seconds.len() != 14 || !digits(seconds) || fraction.is_some_and(|part| !digits(part)) {
        return None;
    }
    let part = |from: usize, to: usize| &seconds[from..to];
    let (date, time) = ([part(0, 4), part(4, 6), part(6, 8)], [part(8, 10), part(10, 12), part(12, 14)]);
    format!("{}T{}Z", date.join("-"), time.join(":")).parse().ok()
}

/// The OID of an AlgorithmIdentifier whose parameters are absent or NULL.
fn algorithm(id: &Element<'_>) -> der::Result<ObjectIdentifier> {
    let mut parts = id.elements()?;
    let kind = parts.any()?.oid()?;
    if let Some(null) = parts.of_optional(Tag::Null)?
        && !null.value.is_empty()
    {
        return Err(Tag::Null.value_error());
    }
    parts.end()?;
    Ok(kind)
}

fn hash(kind: ObjectIdentifier) -> Option<Hash> {
    match kind {
        SHA256 => Some(Hash::Sha256),
        SHA384 => Some(Hash::Sha384),
        SHA512 => Some(Hash::Sha512),
        _ => None,
    }
}

/// The hashes of `digestAlgorithms` that are known.
fn hashes(set: &Element<'_>) -> der::Result<Vec<Hash>> {
    let mut elements = set.elements()?;
    let mut known = Vec::new();
    while !elements.is_done() {
        known.extend(hash(algorithm(&elements.of(Tag::Sequence)?)?));
    }
    Ok(known)
}

/// Whether the first identifier of a SigningCertificate is the certificate's: the signer's comes first (RFC 5035, 5.4).
fn is_hash_of(value: &Element<'_>, certificate: &Certificate, is_v1: bool) -> bool {
    first_hash(value, is_v1).is_ok_and(|(hash, wanted)| match hash {
        Some(hash) => hash.of(certificate.der()) == wanted,
        None => is_v1 && digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate.der()).as_ref() == wanted,
    })
}

/// The hash algorithm, `None` for SHA-1 or an unknown one, and the certHash.
fn first_hash<'a>(value: &Element<'a>, is_v1: bool) -> der::Result<(Option<Hash>, &'a [u8])> {
    let mut list = value.sequence()?.of(Tag::Sequence)?.elements()?;
    let mut parts = list.of(Tag::Sequence)?.elements()?;
    let kind = match parts.of_optional(Tag::Sequence)? {
        Some(id) if !is_v1 => hash(algorithm(&id)?),
        Some(id) => return Err(id.tag.value_error()),
        None if is_v1 => None,
        None => Some(Hash::Sha256),
    };
    Ok((kind, parts.of(Tag::OctetString)?.value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, want) in [
            ("20250612120220Z", Some("2025-06-12T12:02:20Z")),
            ("20250612120220.9Z", Some("2025-06-12T12:02:20Z")),
            ("20250612120220.999999999999Z", Some("2025-06-12T12:02:20Z")),
            ("20250612120220", None),
            ("20250612120220.Z", None),
            ("202506121202Z", None),
            ("20250612120220+0100", None),
            ("20251312120220Z", None),
            ("2025061212022 Z", None),
            ("20250612120220,5Z", None),
            ("20250612120220Z\0", None),
            ("é", None),
        ] {
            assert_eq!(gen_time(text.as_bytes()).map(|at| at.to_string()).as_deref(), want, "{text}");
        }
    }
}
