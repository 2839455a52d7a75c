//! The packets that a file is a row of (RFC 9580, 4.2; RFC 4880, 4.2).

/// A public key that certifies.
pub(crate) const PUBLIC_KEY: u8 = 6;
/// A public key that belongs to the one before.
pub(crate) const PUBLIC_SUBKEY: u8 = 14;
/// A signature.
pub(crate) const SIGNATURE: u8 = 2;
/// A name and an address.
pub(crate) const USER_ID: u8 = 13;
/// A picture, say.
pub(crate) const USER_ATTRIBUTE: u8 = 17;

/// Why bytes are not a row of packets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The first bit of a header is not set.
    #[error("holds the byte {0:#04x} where a packet was wanted")]
    NoHeader(u8),
    /// A length that comes in parts, or ends with the file. The packet's type is with it.
    #[error("has a packet of type {0} and of partial or indeterminate length, a definite one was wanted")]
    Indefinite(u8),
    /// The file ends before the packet does.
    #[error("ends inside a packet")]
    Truncated,
}

/// One packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    /// What the packet is.
    pub(crate) tag: u8,
    /// All but the header.
    pub(crate) body: &'a [u8],
}

/// Whether packets with this tag hold private keys.
pub(crate) const fn is_private(tag: u8) -> bool {
    matches!(tag, 5 | 7)
}

/// Whether packets with this tag are part of a message: sealed, compressed, or holding the data itself.
pub(crate) const fn is_message(tag: u8) -> bool {
    matches!(tag, 1 | 3 | 4 | 8 | 9 | 11 | 18 | 19 | 20)
}

/// Whether a packet is to be passed over: a marker (whose content is fixed), local trust, padding.
pub(crate) fn is_nothing(packet: Packet<'_>) -> bool {
    matches!((packet.tag, packet.body), (10, b"PGP") | (12 | 21, _))
}

/// The packets of `bytes`, in order. After an error there are no more.
pub(crate) fn packets(bytes: &[u8]) -> impl Iterator<Item = Result<Packet<'_>, PacketError>> {
    let mut cursor = Cursor::new(bytes);
    std::iter::from_fn(move || {
        if cursor.is_empty() {
            return None;
        }
        let packet = next(&mut cursor);
        if packet.is_err() {
            cursor = Cursor::new(&[]);
        }
        Some(packet)
    })
}

fn next<'a>(cursor: &mut Cursor<'a>) -> Result<Packet<'a>, PacketError> {
    let header = cursor.byte().ok_or(PacketError::Truncated)?;
    if header & 0x80 == 0 {
        return Err(PacketError::NoHeader(header));
    }
    let (tag, length) = if header & 0x40 == 0 {
        let length = match header & 3 {
            0 => cursor.byte().map(usize::from),
            1 => cursor.two().map(usize::from),
            2 => cursor.four().and_then(|length| usize::try_from(length).ok()),
            _ => return Err(PacketError::Indefinite(header >> 2 & 0x0F)),
        };
        (header >> 2 & 0x0F, length)
    } else {
        (header & 0x3F, new_length(cursor, header & 0x3F)?)
    };
    let body = length.and_then(|length| cursor.take(length)).ok_or(PacketError::Truncated)?;
    Ok(Packet { tag, body })
}

fn new_length(cursor: &mut Cursor<'_>, tag: u8) -> Result<Option<usize>, PacketError> {
    Ok(match cursor.byte() {
        Some(first @ 0..192) => Some(usize::from(first)),
        Some(first @ 192..224) => cursor.byte().map(|second| two_octets(first, second)),
        Some(224..255) => return Err(PacketError::Indefinite(tag)),
        Some(255) => cursor.four().and_then(|length| usize::try_from(length).ok()),
        None => None,
    })
}

/// A length of 192 or more in two octets; the same in packets and in subpackets.
pub(crate) fn two_octets(first: u8, second: u8) -> usize {
    ((usize::from(first) - 192) << 8) + usize::from(second) + 192
}

/// Bytes that are read from the front. `None` is always: there are not so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn two(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn four(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// A multiprecision integer (RFC 9580, 3.2), big-endian. Its bit count must be exact.
    pub(crate) fn integer(&mut self) -> Option<&'a [u8]> {
        let bits = usize::from(self.two()?);
        let bytes = self.take(bits.div_ceil(8))?;
        (bit_length(bytes) == bits).then_some(bytes)
    }
}

/// How many bits `bytes` has, counted from the first byte's highest set one. 0 if that byte is zero.
pub(crate) fn bit_length(bytes: &[u8]) -> usize {
    match bytes.first() {
        None | Some(0) => 0,
        Some(first) => bytes.len() * 8 - first.leading_zeros() as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        for (bytes, wanted) in [
            (&[0x00][..], PacketError::NoHeader(0)),
            (&[0x7F, 0x00], PacketError::NoHeader(0x7F)),
            (&[0x88], PacketError::Truncated),
            (&[0x88, 0x01], PacketError::Truncated),
            (&[0x89, 0x00], PacketError::Truncated),
            (&[0x8A, 0xFF, 0xFF, 0xFF, 0xFF], PacketError::Truncated),
            (&[0x8B, 0x00], PacketError::Indefinite(2)),
            (&[0xC2], PacketError::Truncated),
            (&[0xC2, 0xC0], PacketError::Truncated),
            (&[0xC2, 0xE0, 0x00], PacketError::Indefinite(2)),
            (&[0xC2, 0xFE, 0x00], PacketError::Indefinite(2)),
            (&[0xC2, 0xFF, 0x00, 0x00, 0x00, 0x01], PacketError::Truncated),
        ] {
            let mut read = packets(bytes);
            assert_eq!(read.next().map(Result::err), Some(Some(wanted)), "{bytes:x?}");
            assert!(read.next().is_none(), "{bytes:x?}");
        }
        for bytes in [&[][..], &[0], &[0, 1], &[0, 1, 0], &[0, 1, 3], &[0, 9, 0, 1], &[0, 9, 1]] {
            assert_eq!(Cursor::new(bytes).integer(), None, "{bytes:x?}");
        }
    }

    #[test]
    fn lengths() {
        let long = [[0xC2, 0xC0, 0x08].as_slice(), &[7; 200]].concat();
        for (bytes, tag, length) in [
            (&[0x88, 0x02, 1, 2][..], 2, 2),
            (&[0x99, 0x00, 0x01, 1], 6, 1),
            (&[0x8A, 0, 0, 0, 1, 1], 2, 1),
            (&[0xC2, 0x00], 2, 0),
            (&[0xFF, 0xFF, 0, 0, 0, 1, 1], 63, 1),
            (&long, 2, 200),
        ] {
            let read = packets(bytes).collect::<Result<Vec<_>, _>>().expect("packets");
            assert_eq!((read[0].tag, read[0].body.len(), read.len()), (tag, length, 1), "{bytes:x?}");
        }
        assert_eq!(Cursor::new(&[0, 9, 1, 2]).integer(), Some(&[1, 2][..]));
        assert_eq!(Cursor::new(&[0, 0]).integer(), Some(&[][..]));
    }
}
