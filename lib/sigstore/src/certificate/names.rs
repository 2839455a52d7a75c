//! Subject alternative names (RFC 5280, 4.2.1.6).

// The types alone: nothing here opens a connection.
use core::net::IpAddr;

use der::Tag;
use der::oid::ObjectIdentifier;
use x509_cert::Certificate as X509;

use super::{CertificateError, extension};
use crate::asn1::{Element, Elements, context};

const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
/// Fulcio's user names (fulcio `docs/oid-info.md`, 1.3.6.1.4.1.57264.1.7).
const USER_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7");

/// A subject alternative name. Free of control characters.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Name {
    /// `rfc822Name`.
    Email(String),
    /// `uniformResourceIdentifier`.
    Uri(String),
    /// `dNSName`.
    Dns(String),
    /// `iPAddress`, as it is written: four numbers, or eight groups of digits and colons.
    Ip(String),
    /// Fulcio's user name.
    Other(String),
    /// A directory name or another kind that is not shown, or a text that is no name of its kind: it is there, and it names
    /// nobody.
    Unread,
}

impl Name {
    /// The name itself; `None` for one that was not read.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Email(text) | Self::Uri(text) | Self::Dns(text) | Self::Ip(text) | Self::Other(text) => {
                Some(text)
            }
            Self::Unread => None,
        }
    }
}

/// All names; none where there is no such extension.
pub(super) fn read(x509: &X509) -> Result<Vec<Name>, CertificateError> {
    let Some(value) = extension(x509, SUBJECT_ALT_NAME) else { return Ok(Vec::new()) };
    names(value).ok_or(CertificateError::Extension(SUBJECT_ALT_NAME))
}

fn names(value: &[u8]) -> Option<Vec<Name>> {
    let list = Element::only(value).ok().filter(|list| list.tag == Tag::Sequence)?;
    let mut elements = list.elements().ok()?;
    let mut names = Vec::new();
    while !elements.is_done() {
        names.push(name(&elements.any().ok()?)?);
    }
    Some(names).filter(|names| !names.is_empty())
}

/// One GeneralName; only those that are shown are looked into.
fn name(element: &Element<'_>) -> Option<Name> {
    let Tag::ContextSpecific { constructed, number } = element.tag else { return None };
    let ascii = |value: &[u8]| plain(value).filter(|text| text.is_ascii());
    // A text under the wrong kind could be another kind's name, past the constraints that an authority is under.
    let of_kind = |kind: fn(String) -> Name, is_one: fn(&str) -> bool| {
        ascii(element.value).map(|text| if is_one(&text) { kind(text) } else { Name::Unread })
    };
    Some(match (number.value(), constructed) {
        (0, true) => return other(Elements::new(element.value).ok()?),
        (1, false) => of_kind(Name::Email, is_email)?,
        (2, false) => of_kind(Name::Dns, is_host)?,
        (6, false) => of_kind(Name::Uri, is_uri)?,
        (7, false) => Name::Ip(address(element.value)?.to_string()),
        (3..=5, true) | (8, false) => Name::Unread,
        _ => return None,
    })
}

/// `local@domain` (RFC 5280, 4.2.1.6), a host after the last `@`; what a URI has before one is no local part.
fn is_email(text: &str) -> bool {
    text.rsplit_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !local.contains([':', '/']) && is_host(domain))
}

/// Letters, digits, hyphens and dots; an asterisk for a label, and underscores, which some hosts have. No address.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text.parse::<IpAddr>().is_err()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte))
}

/// With a scheme (RFC 3986, 3.1).
fn is_uri(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    let first = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    first && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// In a certificate without a mask, which only constraints of names have.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn other(mut elements: Elements<'_>) -> Option<Name> {
    let kind = elements.any().ok()?.oid().ok()?;
    let value = elements.of(context(0, true)).ok()?;
    elements.end().ok()?;
    if kind != USER_NAME {
        return Some(Name::Unread);
    }
    let text = Element::only(value.value).ok().filter(|text| text.tag == Tag::Utf8String)?;
    // `user!domain` (fulcio `docs/oidc.md`): no other kind of name is like that.
    plain(text.value).map(|text| if text.contains('!') { Name::Other(text) } else { Name::Unread })
}

/// Text that shows as what it is: a NUL or a line break makes a name look like another.
pub(super) fn plain(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused() {
        for (value, why) in [
            (&b""[..], "nothing"),
            (b"\x30\x00", "no name"),
            (b"\x30\x02\x81\x00", "an empty name"),
            (b"\x31\x03\x81\x01a", "a set"),
            (b"\x30\x03\x81\x01a\x00", "a byte more"),
            (b"\x30\x03\xa1\x01a", "a constructed text"),
            (b"\x30\x03\x81\x01\x00", "NUL"),
            (b"\x30\x04\x81\x02a\n", "a line break"),
            (b"\x30\x04\x81\x02\xc3\xa9", "not ASCII"),
            (b"\x30\x03\x0c\x01a", "no GeneralName"),
            (b"\x30\x03\x89\x01a", "an unknown kind"),
            (b"\x30\x07\x87\x05\x7f\0\0\x01\x00", "an address of five bytes"),
            (b"\x30\x04\x81\x81\x01a", "a length of two bytes"),
        ] {
            assert!(names(value).is_none(), "{why}");
        }
    }

    #[test]
    fn all_and_in_order() {
        let value = b"\x30\x17\x86\x02u:\x81\x03e@d\x82\x01d\x87\x04\x7f\0\0\x01\xa4\x02\x30\x00";
        let want = [
            Name::Uri("u:".into()),
            Name::Email("e@d".into()),
            Name::Dns("d".into()),
            Name::Ip("127.0.0.1".into()),
            Name::Unread,
        ];
        assert_eq!(
            names(&[&[0x30, value.len() as u8 - 2], &value[2..]].concat()).as_deref(),
            Some(&want[..])
        );
    }

    /// A name under the wrong kind is nobody's.
    #[test]
    fn kinds_keep_to_themselves() {
        for (kind, text, is_one) in [
            (1, "a@acme.example", true),
            (1, "a!b@acme.example", true),
            (1, "https://acme.example/x@y/z", false),
            (1, "acme.example", false),
            (1, "a@10.0.0.1", false),
            (1, "https://github.com/acme/m/.github/workflows/r.yml@0123456789", false),
            (2, "10.0.0.1", false),
            (1, "a@", false),
            (1, "@b", false),
            (2, "*.acme.example", true),
            (2, "a@acme.example", false),
            (2, "https://acme.example", false),
            (6, "https://acme.example/x@y", true),
            (6, "spiffe://acme/x", true),
            (6, "a@acme.example", false),
            (6, "acme.example", false),
        ] {
            let value = [&[0x80 | kind, text.len() as u8], text.as_bytes()].concat();
            let found = names(&[&[0x30, value.len() as u8], &value[..]].concat()).expect(text);
            assert_eq!(found[0].text(), is_one.then_some(text), "{kind}");
        }
    }

    #[test]
    fn user_names() {
        let id = b"\x06\x0a\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x07";
        let of = |id: &[u8], text: &[u8]| {
            let inner = [&[0xa0, text.len() as u8], text].concat();
            let name = [&[0xa0, (id.len() + inner.len()) as u8], id, &inner].concat();
            names(&[&[0x30, name.len() as u8], &name[..]].concat())
        };
        assert_eq!(of(id, b"\x0c\x03a!b"), Some(vec![Name::Other("a!b".into())]));
        assert_eq!(of(id, b"\x0c\x03a@b"), Some(vec![Name::Unread]), "an address");
        assert_eq!(of(id, b"\x16\x03a!b"), None, "not UTF8String");
        assert_eq!(of(id, b"\x0c\x03a!b\x05\x00"), None, "two values");
        assert_eq!(of(b"\x06\x03\x2a\x03\x04", b"\x0c\x01a"), Some(vec![Name::Unread]));
    }
}
