//! Signed certificate timestamps that are embedded in a certificate (RFC 6962, 3.2 and 3.3).

use der::asn1::OctetStringRef;
use der::oid::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use mlbom::digest::Sha256;
use mlbom::time::Timestamp;

use crate::certificate::Certificate;
use crate::chain::{Issuer, spki};
use crate::key::{Hash, KeyType, PublicKey};
use crate::trusted_root::TrustedRoot;

/// How many timestamps a certificate may embed.
pub const MAX_TIMESTAMPS: usize = 16;

/// The list of timestamps (RFC 6962, 3.3).
const LIST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.2");
/// `Version` v1 and `SignatureType` certificate_timestamp, both 0.
const V1: u8 = 0;
const CERTIFICATE_TIMESTAMP: u8 = 0;
/// `LogEntryType` precert_entry.
const PRECERT_ENTRY: u16 = 1;

/// Why a certificate is not known to have been logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SctError {
    /// None embedded.
    #[error("the certificate embeds no timestamp of a certificate log")]
    Missing,
    /// The list is not one.
    #[error("the certificate's list of log timestamps is malformed")]
    Malformed,
    /// More than any log policy asks for.
    #[error("the certificate embeds {0} log timestamps, at most {MAX_TIMESTAMPS} were wanted")]
    TooMany(usize),
    /// None of the logs is in the trusted root.
    #[error("no timestamp in the certificate is of a trusted certificate log")]
    UnknownLog,
    /// The log is known, not at that time.
    #[error("the certificate log {log} is not trusted at {at}, when it signed")]
    Window {
        /// The log's identifier, in hexadecimal.
        log: Sha256,
        /// What its timestamp says.
        at: Timestamp,
    },
    /// The log's key did not sign this certificate.
    #[error("the timestamp of the certificate log {0} does not verify")]
    Signature(Sha256),
}

/// Checks the timestamps of certificate logs that `leaf` embeds; `issuer` is what [`verify_chain`] found.
///
/// Each whose log `root` knows must verify, at a time at which that log was trusted, and there must be one. The result is
/// the first one's time.
///
/// [`verify_chain`]: crate::chain::verify_chain
pub fn verify_sct(
    leaf: &Certificate,
    issuer: &Issuer<'_>,
    root: &TrustedRoot,
) -> Result<Timestamp, SctError> {
    let timestamps = embedded(leaf)?;
    let entry = entry(leaf, &issuer.certificate).ok_or(SctError::Malformed)?;
    let mut first = None;
    for timestamp in &timestamps {
        let logs = || root.ct_logs.iter().filter(|log| log.id == timestamp.log && log.key.usable().is_some());
        if logs().next().is_none() {
            continue;
        }
        let (log, at) = (Sha256::from(timestamp.log), timestamp.at().ok_or(SctError::Malformed)?);
        let mut keys = logs().filter_map(|log| log.key_at(at)).peekable();
        keys.peek().ok_or(SctError::Window { log, at })?;
        if !keys.any(|key| timestamp.is_by(key, &entry)) {
            return Err(SctError::Signature(log));
        }
        first.get_or_insert(at);
    }
    first.ok_or(SctError::UnknownLog)
}

/// One SignedCertificateTimestamp.
struct Sct<'a> {
    log: [u8; 32],
    /// Since 1970.
    milliseconds: u64,
    extensions: &'a [u8],
    hash: u8,
    algorithm: u8,
    signature: &'a [u8],
}

impl Sct<'_> {
    fn at(&self) -> Option<Timestamp> {
        Timestamp::from_seconds(i64::try_from(self.milliseconds / 1000).ok()?)
    }

    /// Whether `key` signed this for `entry`; hash and algorithm by RFC 5246, 7.4.1.4.1.
    fn is_by(&self, key: &PublicKey, entry: &[u8]) -> bool {
        let hash = match self.hash {
            4 => Hash::Sha256,
            5 => Hash::Sha384,
            6 => Hash::Sha512,
            _ => return false,
        };
        let is_its = match key.key_type() {
            KeyType::Rsa => self.algorithm == 1,
            KeyType::EcdsaP256 | KeyType::EcdsaP384 | KeyType::EcdsaP521 => self.algorithm == 3,
            KeyType::Ed25519 => false,
        };
        let mut signed = vec![V1, CERTIFICATE_TIMESTAMP];
        signed.extend_from_slice(&self.milliseconds.to_be_bytes());
        signed.extend_from_slice(entry);
        signed.extend_from_slice(&(self.extensions.len() as u16).to_be_bytes());
        signed.extend_from_slice(self.extensions);
        is_its && key.verifies_with(hash, &signed, self.signature)
    }
}

/// The LogEntryType and PreCert that a log signed: the issuer's key, and the certificate without the list.
///
/// What is left is written again as it was, since a [`Certificate`] is only read from what DER would write.
fn entry(leaf: &Certificate, issuer: &[u8]) -> Option<Vec<u8>> {
    let mut tbs = leaf.x509().tbs_certificate.clone();
    let mut extensions = tbs.extensions.take()?;
    extensions.retain(|extension| extension.extn_id != LIST);
    tbs.extensions = Some(extensions).filter(|rest| !rest.is_empty());
    let tbs = tbs.to_der().ok()?;
    let mut entry = PRECERT_ENTRY.to_be_bytes().to_vec();
    entry.extend_from_slice(Sha256::of(&spki(issuer)?).as_bytes());
    let length = u32::try_from(tbs.len()).ok().filter(|length| *length < 1 << 24)?;
    entry.extend_from_slice(&length.to_be_bytes()[1..]);
    entry.extend_from_slice(&tbs);
    Some(entry)
}

fn embedded(leaf: &Certificate) -> Result<Vec<Sct<'_>>, SctError> {
    let mut extensions = leaf.x509().tbs_certificate.extensions.iter().flatten();
    let list = extensions.find(|extension| extension.extn_id == LIST).ok_or(SctError::Missing)?;
    let list = OctetStringRef::from_der(list.extn_value.as_bytes()).map_err(|_| SctError::Malformed)?;
    let timestamps = parse(list.as_bytes()).ok_or(SctError::Malformed)?;
    match timestamps.len() {
        0 => Err(SctError::Missing),
        1..=MAX_TIMESTAMPS => Ok(timestamps),
        more => Err(SctError::TooMany(more)),
    }
}

/// SignedCertificateTimestampList, to its last byte.
fn parse(list: &[u8]) -> Option<Vec<Sct<'_>>> {
    let (mut items, []) = prefixed(list)? else { return None };
    let mut timestamps = Vec::new();
    while !items.is_empty() {
        let (item, rest) = prefixed(items)?;
        items = rest;
        // Of a later version nothing is known but its length; it is somebody else's.
        if item.first().is_some_and(|version| *version != V1) {
            continue;
        }
        timestamps.push(timestamp(item)?);
    }
    Some(timestamps)
}

fn timestamp(item: &[u8]) -> Option<Sct<'_>> {
    let (log, rest) = item.get(1..)?.split_first_chunk::<32>()?;
    let (milliseconds, rest) = rest.split_first_chunk::<8>()?;
    let (extensions, rest) = prefixed(rest)?;
    let (&[hash, algorithm], rest) = rest.split_first_chunk::<2>()?;
    let (signature, []) = prefixed(rest)? else { return None };
    let milliseconds = u64::from_be_bytes(*milliseconds);
    Some(Sct { log: *log, milliseconds, extensions, hash, algorithm, signature })
}

/// Splits off an `opaque<0..2^16-1>` (RFC 5246, 4.3).
fn prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_where_they_say() {
        let mut item = vec![V1];
        item.extend([7; 32]);
        item.extend(1_700_000_000_999_u64.to_be_bytes());
        item.extend([0, 2, 8, 9, 4, 3, 0, 1, 5]);
        let list = |item: &[u8]| {
            let inner = [&(item.len() as u16).to_be_bytes(), item].concat();
            [&(inner.len() as u16).to_be_bytes(), &inner[..]].concat()
        };
        let good = list(&item);
        let [sct] = &parse(&good).expect("a list")[..] else { panic!("one was put in") };
        assert_eq!((sct.extensions, sct.signature, sct.hash, sct.algorithm), (&[8, 9][..], &[5][..], 4, 3));
        assert_eq!(sct.at().map(Timestamp::seconds), Some(1_700_000_000));
        for length in 0..item.len() {
            let short = list(&item[..length]);
            assert!(parse(&short).is_none(), "{length}");
        }
        for length in 0..good.len() {
            assert!(parse(&good[..length]).is_none(), "{length}");
        }
        assert!(parse(&[&good[..], &[0]].concat()).is_none());
        item.push(0);
        assert!(parse(&list(&item)).is_none());
        item[0] = 1;
        assert!(parse(&list(&item)).is_some_and(|none| none.is_empty()));
    }
}
