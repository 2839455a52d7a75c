//! X.509 certificates of signers (RFC 5280), with what Fulcio writes into them.

mod fulcio;
mod names;
mod usage;

use std::collections::{BTreeMap, BTreeSet};

use der::{Decode as _, Encode as _};
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;
use x509_cert::{Certificate as X509, Version};

use crate::key::{KeyError, PublicKey};
use crate::pem;

pub use names::Name;
pub(crate) use usage::{CODE_SIGNING, TIME_STAMPING, Usage};

/// The longest certificate that is read, in bytes of DER.
pub const MAX_BYTES: usize = 64 << 10;
/// How many certificates a PEM file may hold.
pub const MAX_CHAIN: usize = 32;
/// The longest PEM file of certificates that is read, in bytes.
pub const MAX_PEM_BYTES: usize = 4 << 20;

const LABEL: &str = "CERTIFICATE";

/// A signer's certificate. That it parsed says nothing about who issued it.
#[derive(Clone, Debug)]
pub struct Certificate {
    der: Vec<u8>,
    x509: X509,
    key: PublicKey,
    usage: Usage,
    names: Vec<Name>,
    issuer: Option<String>,
    claims: BTreeMap<&'static str, String>,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// Why bytes are not a certificate that a signature can be checked with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than any certificate should be.
    #[error("is {0} bytes long, at most {MAX_BYTES} were wanted")]
    TooLong(usize),
    /// Not DER, not a certificate, or something after it.
    #[error("is not a DER certificate: {0}")]
    Der(der::Error),
    /// Written in another way than DER prescribes, so that other readers may read something else.
    #[error("is not in the one encoding that DER has for it")]
    NotCanonical,
    /// No extensions, hence no names and no purpose.
    #[error("is of version {0}, version 3 was wanted")]
    Version(u8),
    /// An extension that is there twice: readers differ in which one counts.
    #[error("holds the extension {0} twice")]
    Repeated(der::oid::ObjectIdentifier),
    /// An extension that is read and cannot be.
    #[error("holds a malformed extension {0}")]
    Extension(der::oid::ObjectIdentifier),
    /// The two extensions for the identity provider name two.
    #[error("names two identity providers, {old:?} and {new:?}")]
    Issuers {
        /// 1.3.6.1.4.1.57264.1.1.
        old: String,
        /// 1.3.6.1.4.1.57264.1.8.
        new: String,
    },
    /// A key that signatures are not checked with.
    #[error("the key of the certificate {0}")]
    Key(#[source] KeyError),
    /// Valid outside the years that times are kept in.
    #[error("is valid at no time that can be told")]
    Validity,
    /// A PEM file that is not a list of certificates.
    #[error("is not a PEM file of certificates")]
    Pem,
    /// Another PEM label.
    #[error("holds {0:?}, \"CERTIFICATE\" was wanted")]
    Label(String),
    /// Another number of certificates than was asked for.
    #[error("holds {0} certificates, 1 to {1} were wanted")]
    Count(usize, usize),
}

impl Certificate {
    /// Reads one DER certificate of version 3, at most [`MAX_BYTES`] long, with nothing after it.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let x509 = parse_x509(der)?;
        if x509.tbs_certificate.version != Version::V3 {
            return Err(CertificateError::Version(x509.tbs_certificate.version as u8 + 1));
        }
        let tbs = &x509.tbs_certificate;
        let spki = tbs.subject_public_key_info.to_der().map_err(CertificateError::Der)?;
        let (not_before, not_after) = validity(&x509)?;
        let (issuer, claims) = fulcio::read(&x509)?;
        Ok(Self {
            der: der.to_vec(),
            key: PublicKey::from_spki(&spki).map_err(CertificateError::Key)?,
            usage: Usage::read(&x509)?,
            names: names::read(&x509)?,
            issuer,
            claims,
            not_before,
            not_after,
            x509,
        })
    }

    /// Reads the one PEM `CERTIFICATE` (RFC 7468, 5) of a file.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        match chain_from_pem(pem)?.as_slice() {
            [only] => Self::parse(only),
            several => Err(CertificateError::Count(several.len(), 1)),
        }
    }

    /// The DER that it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER: the certificate's name in reports.
    #[must_use]
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&self.der)
    }

    /// The key that it is for.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The subject (RFC 4514), escaped where it could not be shown; may be empty. Not an identity: see [`Self::names`].
    #[must_use]
    pub fn subject(&self) -> String {
        self.x509.tbs_certificate.subject.to_string().escape_debug().to_string()
    }

    /// All subject alternative names, in order, those that cannot be shown included.
    #[must_use]
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The identity provider that Fulcio asked, if Fulcio wrote one.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// What Fulcio wrote about the build that signed, by the names of its directory, such as `sourceRepositoryURI`.
    #[must_use]
    pub const fn claims(&self) -> &BTreeMap<&'static str, String> {
        &self.claims
    }

    /// The first instant at which it is valid.
    #[must_use]
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second at which it is valid.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether `at` is within its validity, both ends included.
    #[must_use]
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        (self.not_before.seconds()..=self.not_after.seconds()).contains(&at.seconds())
    }

    /// Whether it may sign what is not a certificate: no CA, made for code signing, or for digital signatures where it
    /// names no purpose.
    #[must_use]
    pub fn allows_code_signing(&self) -> bool {
        self.usage.allows_code_signing()
    }

    pub(crate) const fn usage(&self) -> &Usage {
        &self.usage
    }

    pub(crate) const fn x509(&self) -> &X509 {
        &self.x509
    }
}

/// Reads the PEM `CERTIFICATE` blocks (RFC 7468, 5) of a file, 1 to [`MAX_CHAIN`], as DER in their order.
///
/// Text around the blocks is passed over, as in the files that openssl writes; a block of another label is refused.
pub fn chain_from_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, CertificateError> {
    let text = std::str::from_utf8(pem).ok().filter(|text| text.len() <= MAX_PEM_BYTES);
    let mut chain = Vec::new();
    for block in pem::blocks(text.ok_or(CertificateError::Pem)?) {
        let block = block.ok_or(CertificateError::Pem)?;
        if block.label != LABEL {
            return Err(CertificateError::Label(block.label.to_owned()));
        }
        chain.push(block.bytes.ok_or(CertificateError::Pem)?);
        if chain.len() > MAX_CHAIN {
            return Err(CertificateError::Count(chain.len(), MAX_CHAIN));
        }
    }
    if chain.is_empty() { Err(CertificateError::Pem) } else { Ok(chain) }
}

/// Reads a certificate of any version and key, such as an authority's, and checks that this is its only reading.
pub(crate) fn parse_x509(der: &[u8]) -> Result<X509, CertificateError> {
    if der.len() > MAX_BYTES {
        return Err(CertificateError::TooLong(der.len()));
    }
    let x509 = X509::from_der(der).map_err(CertificateError::Der)?;
    // What is signed are the bytes received, what is believed is what was read: both must be the same thing.
    if x509.to_der().map_err(CertificateError::Der)? != der {
        return Err(CertificateError::NotCanonical);
    }
    let mut seen = BTreeSet::new();
    for extension in x509.tbs_certificate.extensions.iter().flatten() {
        if !seen.insert(extension.extn_id) {
            return Err(CertificateError::Repeated(extension.extn_id));
        }
    }
    Ok(x509)
}

/// The first and the last second.
pub(crate) fn validity(x509: &X509) -> Result<(Timestamp, Timestamp), CertificateError> {
    let at = |time: x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs()).ok().and_then(Timestamp::from_seconds)
    };
    let validity = x509.tbs_certificate.validity;
    at(validity.not_before).zip(at(validity.not_after)).ok_or(CertificateError::Validity)
}

/// The value of an extension, without its OCTET STRING.
fn extension(x509: &X509, id: der::oid::ObjectIdentifier) -> Option<&[u8]> {
    let mut extensions = x509.tbs_certificate.extensions.iter().flatten();
    extensions.find(|extension| extension.extn_id == id).map(|extension| extension.extn_value.as_bytes())
}

/// The first text of this type in a name, as far as it can be shown.
pub(crate) fn attribute(name: &x509_cert::name::Name, kind: der::oid::ObjectIdentifier) -> Option<String> {
    let mut parts = name.0.iter().flat_map(|part| part.0.iter()).filter(|part| part.oid == kind);
    names::plain(parts.next()?.value.value())
}
