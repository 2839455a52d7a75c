//! DER elements as they were received (ITU-T X.690, 10): signatures cover bytes, not what they were read as.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber};

/// One element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    /// What it is.
    pub(crate) tag: Tag,
    /// What it holds.
    pub(crate) value: &'a [u8],
    /// Tag, length and value.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The one element that `der` is; bytes after it are refused.
    pub(crate) fn only(der: &'a [u8]) -> der::Result<Self> {
        let mut elements = Elements::new(der)?;
        let element = elements.any()?;
        elements.end()?;
        Ok(element)
    }

    /// What a constructed element is made of.
    pub(crate) fn elements(&self) -> der::Result<Elements<'a>> {
        if self.tag.is_constructed() { Elements::new(self.value) } else { Err(self.tag.value_error()) }
    }

    /// The same of a SEQUENCE; a set, say, of the same parts is refused.
    pub(crate) fn sequence(&self) -> der::Result<Elements<'a>> {
        if self.tag == Tag::Sequence {
            Elements::new(self.value)
        } else {
            Err(self.tag.unexpected_error(Some(Tag::Sequence)))
        }
    }

    /// The object identifier that it is.
    pub(crate) fn oid(&self) -> der::Result<ObjectIdentifier> {
        ObjectIdentifier::from_der(self.whole)
    }
}

/// Elements in a row.
#[derive(Clone)]
pub(crate) struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    pub(crate) fn new(der: &'a [u8]) -> der::Result<Self> {
        SliceReader::new(der).map(Self)
    }

    /// The next one, of any tag.
    pub(crate) fn any(&mut self) -> der::Result<Element<'a>> {
        let whole = self.0.tlv_bytes()?;
        let any = AnyRef::from_der(whole)?;
        Ok(Element { tag: der::Tagged::tag(&any), value: any.value(), whole })
    }

    /// The next one, which is of this tag.
    pub(crate) fn of(&mut self, tag: Tag) -> der::Result<Element<'a>> {
        let element = self.any()?;
        if element.tag == tag { Ok(element) } else { Err(element.tag.unexpected_error(Some(tag))) }
    }

    /// The next one if it is of this tag; else nothing is taken.
    pub(crate) fn of_optional(&mut self, tag: Tag) -> der::Result<Option<Element<'a>>> {
        if !self.is_done() && self.0.peek_tag()? == tag { self.any().map(Some) } else { Ok(None) }
    }

    /// Whether none is left.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_finished()
    }

    /// Refuses what is left.
    pub(crate) fn end(&self) -> der::Result<()> {
        if self.is_done() {
            Ok(())
        } else {
            Err(der::ErrorKind::TrailingData {
                decoded: self.0.position(),
                remaining: self.0.remaining_len(),
            }
            .into())
        }
    }
}

/// The context-specific tag of this number.
pub(crate) const fn context(number: u8, constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber::new(number) }
}
