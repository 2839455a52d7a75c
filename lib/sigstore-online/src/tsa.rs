//! Timestamps over signatures (RFC 3161, over HTTP as in its section 3.4).

use aws_lc_rs::rand;
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};
use mlbom::digest::Sha256;

use crate::escape::shown;
use crate::http::{Client, HttpError, Request};
use crate::url::Url;

/// The longest answer, in bytes: a token and the authority's certificates.
pub const MAX_ANSWER_BYTES: u64 = 128 << 10;

/// Elements of one level of an answer that are looked at.
const MAX_ELEMENTS: usize = 64;

const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Why there is no timestamp.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TsaError {
    /// Not a TimeStampResp in DER.
    #[error("{0}: the answer is not a timestamp")]
    Answer(Url),
    /// No answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The timestamp is of something else.
    #[error("{0}: the timestamp is not over the signature that was sent")]
    Imprint(Url),
    /// The timestamp is an answer to someone else, or an old one.
    #[error("{0}: the timestamp's nonce is not the one that was sent")]
    Nonce(Url),
    /// The machine has no random numbers.
    #[error("no random numbers are to be had")]
    Random,
    /// The authority will not.
    #[error("{url}: the request was not granted: status {status}, {said:?}")]
    Refused {
        /// Who was asked.
        url: Url,
        /// Its status (RFC 3161, 2.4.2).
        status: u8,
        /// Why, in its words.
        said: String,
    },
}

/// Asks `tsa` for a timestamp over `signature`: the TimeStampResp in DER, as it was received.
///
/// The status is `granted` or `grantedWithMods`, imprint (SHA-256) and nonce are those that were sent. Who signed it is not checked.
pub fn timestamp(client: &Client, tsa: &Url, signature: &[u8]) -> Result<Vec<u8>, TsaError> {
    let mut nonce = [0; 8];
    rand::fill(&mut nonce).map_err(|_| TsaError::Random)?;
    // A positive INTEGER of eight bytes: no sign bit, no leading zero.
    nonce[0] = nonce[0] & 0x3f | 0x40;
    let digest = Sha256::of(signature);
    let query = query(digest, nonce);
    let request = Request {
        body: Some(("application/timestamp-query", &query)),
        accept: "application/timestamp-reply",
        limit: MAX_ANSWER_BYTES,
        ..Request::get(tsa)
    };
    let answer = client.send(&request)?.body;
    check(tsa, &answer, digest, nonce)?;
    Ok(answer)
}

/// A TimeStampReq (RFC 3161, 2.4.1) in DER: version 1, SHA-256 imprint, nonce, `certReq` true.
fn query(digest: Sha256, nonce: [u8; 8]) -> Vec<u8> {
    let head: &[u8] = &[
        0x30, 0x43, 0x02, 0x01, 0x01, // TimeStampReq, version
        0x30, 0x31, 0x30, 0x0d, // messageImprint, hashAlgorithm
        0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, // id-sha256, NULL
        0x04, 0x20, // hashedMessage
    ];
    [head, digest.as_bytes(), &[0x02, 0x08], &nonce, &[0x01, 0x01, 0xff]].concat()
}

fn check(url: &Url, answer: &[u8], digest: Sha256, nonce: [u8; 8]) -> Result<(), TsaError> {
    let wrong = || TsaError::Answer(url.clone());
    let response = Elements::of(whole(answer).ok_or_else(wrong)?).ok_or_else(wrong)?;
    let status = Elements::of(response.at(0, Tag::Sequence).ok_or_else(wrong)?).ok_or_else(wrong)?;
    match status.at(0, Tag::Integer) {
        // granted, grantedWithMods: what was modified, if it matters, shows below.
        Some([0 | 1]) => {}
        Some([code]) => {
            // PKIFreeText: the first of its texts.
            let texts = status.at(1, Tag::Sequence).and_then(Elements::of);
            let said = texts.as_ref().and_then(|texts| texts.at(0, Tag::Utf8String)).unwrap_or_default();
            return Err(TsaError::Refused { url: url.clone(), status: *code, said: shown(said, &[]) });
        }
        _ => return Err(wrong()),
    }
    let token = response.at(1, Tag::Sequence).ok_or_else(wrong)?;
    let info = Elements::of(tst_info(token).ok_or_else(wrong)?).ok_or_else(wrong)?;
    if imprint(&info).ok_or_else(wrong)? != (SHA256, digest.as_bytes()) {
        return Err(TsaError::Imprint(url.clone()));
    }
    // version, policy, messageImprint, serialNumber, genTime; an INTEGER after those is the nonce.
    let found = info.0.iter().skip(5).find(|element| element.tag() == Tag::Integer);
    match found {
        Some(found) if found.value() == nonce => Ok(()),
        _ => Err(TsaError::Nonce(url.clone())),
    }
}

/// The content of the TSTInfo (RFC 3161, 2.4.2) in the content of a ContentInfo (RFC 5652, 3 and 5).
fn tst_info(token: &[u8]) -> Option<&[u8]> {
    let content_info = Elements::of(token)?;
    let signed_data = Elements::of(whole(content_info.typed_content(SIGNED_DATA)?)?)?;
    let encapsulated = Elements::of(signed_data.at(2, Tag::Sequence)?)?;
    let octets = AnyRef::from_der(encapsulated.typed_content(TST_INFO)?).ok()?;
    if octets.tag() == Tag::OctetString { whole(octets.value()) } else { None }
}

/// Algorithm and hash that the timestamp is over.
fn imprint<'a>(info: &Elements<'a>) -> Option<(ObjectIdentifier, &'a [u8])> {
    let imprint = Elements::of(info.at(2, Tag::Sequence)?)?;
    let algorithm = Elements::of(imprint.at(0, Tag::Sequence)?)?;
    Some((algorithm.oid()?, imprint.at(1, Tag::OctetString)?))
}

/// The content of `der`, which is one SEQUENCE.
fn whole(der: &[u8]) -> Option<&[u8]> {
    let sequence = AnyRef::from_der(der).ok().filter(|element| element.tag() == Tag::Sequence)?;
    Some(sequence.value())
}

/// What is in a SEQUENCE.
struct Elements<'a>(Vec<AnyRef<'a>>);

impl<'a> Elements<'a> {
    fn of(content: &'a [u8]) -> Option<Self> {
        let mut reader = SliceReader::new(content).ok()?;
        let mut elements = Vec::new();
        while !reader.is_finished() {
            if elements.len() == MAX_ELEMENTS {
                return None;
            }
            elements.push(AnyRef::decode(&mut reader).ok()?);
        }
        Some(Self(elements))
    }

    /// The content of an element, if it is of that kind.
    fn at(&self, index: usize, tag: Tag) -> Option<&'a [u8]> {
        let element = self.0.get(index).filter(|element| element.tag() == tag)?;
        Some(element.value())
    }

    /// The object identifier in the first place.
    fn oid(&self) -> Option<ObjectIdentifier> {
        ObjectIdentifier::from_bytes(self.at(0, Tag::ObjectIdentifier)?).ok()
    }

    /// The content of `[0] EXPLICIT` in the second place, if the first says that it is of type `oid`.
    fn typed_content(&self, oid: ObjectIdentifier) -> Option<&'a [u8]> {
        let explicit = Tag::ContextSpecific { constructed: true, number: der::TagNumber::N0 };
        if self.oid()? == oid { self.at(1, explicit) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_der() {
        let query = query(Sha256::of(b""), [0x40, 2, 3, 4, 5, 6, 7, 8]);
        let elements = Elements::of(whole(&query).expect("one sequence")).expect("elements");
        assert_eq!(elements.0.len(), 4);
        assert_eq!(elements.at(2, Tag::Integer), Some(&[0x40, 2, 3, 4, 5, 6, 7, 8][..]));
        let imprint = Elements::of(elements.at(1, Tag::Sequence).expect("an imprint")).expect("elements");
        assert_eq!(imprint.at(1, Tag::OctetString), Some(&Sha256::of(b"").as_bytes()[..]));
    }
}
