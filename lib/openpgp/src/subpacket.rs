//! What a signature says beside the data (RFC 9580, 5.2.3.7; RFC 4880, 5.2.3.1).

use crate::packet::{Cursor, two_octets};

pub(crate) const CREATED: u8 = 2;
const EXPIRES: u8 = 3;
const KEY_EXPIRES: u8 = 9;
pub(crate) const ISSUER: u8 = 16;
const FLAGS: u8 = 27;
const REASON: u8 = 29;
const EMBEDDED: u8 = 32;
pub(crate) const ISSUER_FINGERPRINT: u8 = 33;
/// What may be marked critical though nothing is done about it, since nothing has to be done: exportable, revocable,
/// preferences of those who write to the owner, which name is the main one, and what the owner's software can do.
const HARMLESS: [u8; 9] = [4, 7, 11, 21, 22, 23, 25, 30, 39];

/// Flag 0x02 of a key: it may sign data (RFC 9580, 5.2.3.29).
pub(crate) const MAY_SIGN: u8 = 0x02;

/// Why an area of subpackets is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SubpacketError {
    /// A length or content that does not fit.
    #[error("has a malformed subpacket")]
    Malformed,
    /// Two where one answer is wanted.
    #[error("has two subpackets of type {0}, one was wanted")]
    Repeated(u8),
    /// The signer wants this understood, and it is not.
    #[error("has a critical subpacket of type {0}, which is not understood")]
    Critical(u8),
    /// It says something that nobody signed.
    #[error("has an unsigned subpacket of type {0}, only the issuer was wanted")]
    Unsigned(u8),
}

/// The subpackets of one area that mean something here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Subpackets {
    /// Seconds since 1970.
    pub(crate) created: Option<u32>,
    /// Seconds after the signature's creation; 0 is never.
    pub(crate) expires: Option<u32>,
    /// Seconds after the key's creation; 0 is never.
    pub(crate) key_expires: Option<u32>,
    /// The first octet of the key flags.
    pub(crate) flags: Option<u8>,
    /// Why a key was revoked.
    pub(crate) reason: Option<u8>,
    /// Who may have signed: key ids.
    pub(crate) issuers: Vec<[u8; 8]>,
    /// Who may have signed: a key version and its fingerprint.
    pub(crate) fingerprints: Vec<Vec<u8>>,
    /// Bodies of embedded signatures.
    pub(crate) embedded: Vec<Vec<u8>>,
    /// In an unsigned area: the first octet, type and critical bit, of what is neither issuer nor embedded signature.
    others: Vec<u8>,
}

impl Subpackets {
    /// Reads the area that the signature covers. What is critical must be understood, what decides must be there once.
    pub(crate) fn signed(area: &[u8]) -> Result<Self, SubpacketError> {
        let mut found = Self::default();
        for entry in entries(area) {
            let (octet, body) = entry?;
            found.add(octet & 0x7F, body)?;
            let understood = matches!(
                octet & 0x7F,
                CREATED | EXPIRES | KEY_EXPIRES | ISSUER | FLAGS | REASON | EMBEDDED | ISSUER_FINGERPRINT
            );
            if octet & 0x80 != 0 && !understood && !HARMLESS.contains(&(octet & 0x7F)) {
                return Err(SubpacketError::Critical(octet & 0x7F));
            }
        }
        Ok(found)
    }

    /// Reads the area that anybody may have written: issuers, which only select keys to try, and embedded signatures,
    /// which prove themselves. The rest is noted and not believed.
    pub(crate) fn unsigned(area: &[u8]) -> Result<Self, SubpacketError> {
        let mut found = Self::default();
        for entry in entries(area) {
            let (octet, body) = entry?;
            match octet {
                ISSUER | EMBEDDED | ISSUER_FINGERPRINT => found.add(octet, body)?,
                other => found.others.push(other),
            }
        }
        Ok(found)
    }

    /// Refuses all but issuers.
    pub(crate) fn only_issuers(&self) -> Result<(), SubpacketError> {
        match self.others.first() {
            _ if !self.embedded.is_empty() => Err(SubpacketError::Unsigned(EMBEDDED)),
            Some(other) => Err(SubpacketError::Unsigned(other & 0x7F)),
            None => Ok(()),
        }
    }

    fn add(&mut self, kind: u8, body: &[u8]) -> Result<(), SubpacketError> {
        let malformed = SubpacketError::Malformed;
        let seconds = || body.try_into().map(u32::from_be_bytes).map_err(|_| malformed);
        let once = |repeated: bool| if repeated { Err(SubpacketError::Repeated(kind)) } else { Ok(()) };
        match kind {
            CREATED => once(self.created.replace(seconds()?).is_some()),
            EXPIRES => once(self.expires.replace(seconds()?).is_some()),
            KEY_EXPIRES => once(self.key_expires.replace(seconds()?).is_some()),
            // No octets are no flags.
            FLAGS => once(self.flags.replace(body.first().copied().unwrap_or(0)).is_some()),
            REASON => once(self.reason.replace(*body.first().ok_or(malformed)?).is_some()),
            ISSUER => {
                self.issuers.push(body.try_into().map_err(|_| malformed)?);
                Ok(())
            }
            ISSUER_FINGERPRINT => {
                self.fingerprints.push(body.to_vec());
                Ok(())
            }
            EMBEDDED => {
                self.embedded.push(body.to_vec());
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Type with critical bit, and content.
pub(crate) fn entries(area: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), SubpacketError>> {
    let mut cursor = Cursor::new(area);
    std::iter::from_fn(move || {
        if cursor.is_empty() {
            return None;
        }
        let entry = entry(&mut cursor).ok_or(SubpacketError::Malformed);
        if entry.is_err() {
            cursor = Cursor::new(&[]);
        }
        Some(entry)
    })
}

fn entry<'a>(cursor: &mut Cursor<'a>) -> Option<(u8, &'a [u8])> {
    let length = match cursor.byte()? {
        first @ 0..192 => usize::from(first),
        first @ 192..255 => two_octets(first, cursor.byte()?),
        255 => usize::try_from(cursor.four()?).ok()?,
    };
    let (octet, body) = cursor.take(length)?.split_first()?;
    Some((*octet, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let malformed = SubpacketError::Malformed;
        for (area, wanted) in [
            (&[0][..], malformed),
            (&[1], malformed),
            (&[3, 2, 0, 0], malformed),
            (&[1, 29], malformed),
            (&[5, 16, 1, 2, 3, 4], malformed),
            (&[192], malformed),
            (&[255, 0, 0, 0], malformed),
            (&[255, 255, 255, 255, 255, 2], malformed),
            (&[5, 2, 0, 0, 0, 1, 5, 2, 0, 0, 0, 1], SubpacketError::Repeated(2)),
            (&[2, 27, 2, 2, 27, 2], SubpacketError::Repeated(27)),
            (&[1, 0x80 | 20], SubpacketError::Critical(20)),
            (&[1, 0x80 | 99], SubpacketError::Critical(99)),
        ] {
            assert_eq!(Subpackets::signed(area).err(), Some(wanted), "{area:?}");
        }
        for area in [&[5, 2, 0, 0, 0, 1][..], &[1, 99], &[9, 0x80 | 16, 1, 2, 3, 4, 5, 6, 7, 8], &[1, 32]] {
            let found = Subpackets::unsigned(area).expect("an area");
            assert!(found.created.is_none() && found.issuers.is_empty());
            assert!(matches!(found.only_issuers(), Err(SubpacketError::Unsigned(_))), "{area:?}");
        }
    }

    #[test]
    fn meanings() {
        let area = [5, 0x82, 0, 0, 1, 0, 2, 27, 3, 1, 99, 9, 16, 1, 2, 3, 4, 5, 6, 7, 8];
        let found = Subpackets::signed(&area).expect("an area");
        assert_eq!((found.created, found.flags), (Some(256), Some(3)));
        assert_eq!(found.issuers, [[1, 2, 3, 4, 5, 6, 7, 8]]);
        assert!(Subpackets::signed(&[1, 27]).expect("an area").flags == Some(0));
    }
}
