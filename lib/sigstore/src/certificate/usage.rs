//! What a certificate is for (RFC 5280, 4.2.1.3, 4.2.1.9 and 4.2.1.12).

use der::oid::{AssociatedOid, ObjectIdentifier};
use x509_cert::Certificate as X509;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::{CertificateError, extension};

/// id-kp-codeSigning.
pub(crate) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
/// anyExtendedKeyUsage.
const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// id-kp-timeStamping.
pub(crate) const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");

/// The three extensions; `None` where a certificate lacks one.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    constraints: Option<BasicConstraints>,
    key: Option<KeyUsage>,
    extended: Option<Extended>,
}

#[derive(Clone, Debug)]
struct Extended {
    critical: bool,
    purposes: Vec<ObjectIdentifier>,
}

impl Usage {
    pub(crate) fn read(x509: &X509) -> Result<Self, CertificateError> {
        let critical = |id| {
            let mut extensions = x509.tbs_certificate.extensions.iter().flatten();
            extensions.any(|extension| extension.extn_id == id && extension.critical)
        };
        let purposes = value::<ExtendedKeyUsage>(x509)?;
        if purposes.as_ref().is_some_and(|purposes| purposes.0.is_empty()) {
            return Err(CertificateError::Extension(ExtendedKeyUsage::OID));
        }
        Ok(Self {
            constraints: value(x509)?,
            key: value(x509)?,
            extended: purposes
                .map(|purposes| Extended { critical: critical(ExtendedKeyUsage::OID), purposes: purposes.0 }),
        })
    }

    pub(super) fn allows_code_signing(&self) -> bool {
        let signs = self.key.as_ref().map(KeyUsage::digital_signature);
        let wanted = match &self.extended {
            Some(extended) => extended.purposes.contains(&CODE_SIGNING) && signs != Some(false),
            None => signs == Some(true),
        };
        // One that is called an authority, and whose key usage lets it issue nothing, is none.
        wanted && (!self.is_authority() || self.key.as_ref().is_some_and(|key| !key.key_cert_sign()))
    }

    /// Whether the certificates that it issues may be for `purpose`.
    pub(crate) fn may_issue_for(&self, purpose: ObjectIdentifier) -> bool {
        self.extended
            .as_ref()
            .is_none_or(|extended| extended.purposes.contains(&purpose) || extended.purposes.contains(&ANY))
    }

    /// Whether time stamping is all that it is for, as RFC 3161, 2.3 has it.
    pub(crate) fn is_time_stamping(&self) -> bool {
        let signs = self.key.as_ref().is_none_or(|key| key.digital_signature() || key.non_repudiation());
        let only = self
            .extended
            .as_ref()
            .is_some_and(|extended| extended.critical && extended.purposes == [TIME_STAMPING]);
        only && signs && !self.is_authority()
    }

    /// Whether it names time stamping among its purposes, and is no authority.
    pub(crate) fn mentions_time_stamping(&self) -> bool {
        let named = self.extended.as_ref().is_some_and(|extended| extended.purposes.contains(&TIME_STAMPING));
        named && !self.is_authority()
    }

    pub(crate) fn is_authority(&self) -> bool {
        self.constraints.as_ref().is_some_and(|constraints| constraints.ca)
    }

    /// Whether it may issue certificates, the path beneath it having this many more authorities.
    ///
    /// rustls-webpki looks at neither the key usage of an authority nor at anything of the one that is trusted.
    pub(crate) fn may_issue(&self, authorities_beneath: usize) -> bool {
        let length = self.constraints.as_ref().and_then(|constraints| constraints.path_len_constraint);
        self.is_authority()
            && self.key.as_ref().is_none_or(KeyUsage::key_cert_sign)
            && length.is_none_or(|most| authorities_beneath <= usize::from(most))
    }
}

fn value<T: AssociatedOid + for<'a> der::Decode<'a>>(x509: &X509) -> Result<Option<T>, CertificateError> {
    let value = extension(x509, T::OID).map(T::from_der).transpose();
    value.map_err(|_| CertificateError::Extension(T::OID))
}
