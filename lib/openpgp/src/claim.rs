//! What a signature that cannot be checked says of itself. Nobody believes it; it tells what may have been said.

use crate::key::Key;
use crate::packet::Cursor;
use crate::signature::area;
use crate::subpacket::{CREATED, ISSUER, ISSUER_FINGERPRINT, entries};

/// When a signature says that it was made, and by whom.
#[derive(Debug, Default, Eq, PartialEq)]
pub(crate) struct Claim {
    /// Seconds since 1970.
    pub(crate) created: Option<u32>,
    /// Key ids.
    issuers: Vec<Vec<u8>>,
    /// Fingerprints, each behind the version of its key.
    fingerprints: Vec<Vec<u8>>,
}

impl Claim {
    /// Reads the body of a signature packet as far as it can be read.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut claim = Self::default();
        // Whatever is cut off is not claimed.
        let _ = match body.first() {
            Some(2 | 3) => claim.old(body),
            Some(version) => claim.areas(*version, body),
            None => None,
        };
        claim
    }

    /// Whether the signature may be `key`'s: it names the key, be it among others, or nobody.
    pub(crate) fn may_be_by(&self, key: &Key) -> bool {
        let named = |named: &Vec<u8>| named.split_first() == Some((&key.version, key.fingerprint.as_slice()));
        (self.issuers.is_empty() && self.fingerprints.is_empty())
            || self.issuers.iter().any(|id| id == key.id())
            || self.fingerprints.iter().any(named)
    }

    /// Versions 2 and 3 (RFC 4880, 5.2.2): a length and a type, then time and key id.
    fn old(&mut self, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(body);
        cursor.take(3)?;
        self.created = Some(cursor.four()?);
        self.issuers.push(cursor.take(8)?.to_vec());
        Some(())
    }

    fn areas(&mut self, version: u8, body: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(body);
        cursor.take(4)?;
        let (signed, unsigned) = (area(&mut cursor, version)?, area(&mut cursor, version));
        for (octet, content) in entries(signed).filter_map(Result::ok) {
            if octet & 0x7F == CREATED {
                // Of two times the later: it decides what the signature may outlive.
                self.created = self.created.max(content.try_into().map(u32::from_be_bytes).ok());
            }
        }
        for (octet, content) in [Some(signed), unsigned].into_iter().flatten().flat_map(entries).flatten() {
            match octet & 0x7F {
                ISSUER => self.issuers.push(content.to_vec()),
                ISSUER_FINGERPRINT => self.fingerprints.push(content.to_vec()),
                _ => {}
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let body = [&[4, 0, 0, 0, 0, 27][..], &[1; 32]].concat();
        Key::parse(&body).ok().expect("a key")
    }

    /// A version 4 signature over SHA-1 with these areas, and numbers behind them.
    fn body(signed: &[u8], unsigned: &[u8]) -> Vec<u8> {
        let length = |area: &[u8]| [0, area.len() as u8];
        [&[4, 0x13, 27, 2][..], &length(signed), signed, &length(unsigned), unsigned, &[0; 4]].concat()
    }

    #[test]
    fn whose_it_may_be() {
        let (own, other) = ([&[9, 16], key().id()].concat(), [&[9, 16][..], &[7; 8]].concat());
        let fingerprint = [&[22, 33, 4], &key().fingerprint[..]].concat();
        let stranger = [&[22, 33, 4][..], &[7; 20]].concat();
        let old = |id: &[u8]| [&[3, 5, 0x13, 0, 0, 0, 9], id, &[1, 2]].concat();
        for (body, wanted) in [
            (body(&own, &[]), true),
            (body(&[], &own), true),
            (body(&fingerprint, &[]), true),
            (body(&[], &[]), true),
            (body(&own, &other), true),
            (body(&other, &own), true),
            (body(&[], &other), false),
            (body(&stranger, &[]), false),
            (body(&stranger, &other), false),
            (old(key().id()), true),
            (old(&[7; 8]), false),
            (old(&[]), true),
            (vec![4, 0x13], true),
            (vec![4, 0x13, 27, 2, 0xFF, 0xFF, 0], true),
            (Vec::new(), true),
        ] {
            assert_eq!(Claim::read(&body).may_be_by(&key()), wanted, "{body:x?}");
        }
    }

    #[test]
    fn when_it_says_it_was_made() {
        let at = |second: u8| [5, 2, 0, 0, 0, second];
        for (body, wanted) in [
            (body(&at(5), &[]), Some(5)),
            (body(&[at(5), at(9)].concat(), &[]), Some(9)),
            // What nobody signed is not even claimed.
            (body(&[], &at(5)), None),
            (body(&[3, 2, 0, 0], &[]), None),
            (vec![3, 5, 0x13, 0, 0, 0, 9], Some(9)),
        ] {
            assert_eq!(Claim::read(&body).created, wanted, "{body:x?}");
        }
    }
}
