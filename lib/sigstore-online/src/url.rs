//! Addresses that requests may go to.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::fmt;
use std::str::FromStr;

use mlbom::text::escape;
use ureq::http::Uri;

/// The longest address that is taken, in bytes.
pub const MAX_URL_BYTES: usize = 2048;

/// An address of a service: `https`, or `http` on this machine or where it does no harm; no user, no fragment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Url(String);

/// Why a text is not an address that requests go to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Its own variant, since the text holds a secret and is not shown.
    #[error("a URL holds a user name or a password, or an @ elsewhere, none was wanted")]
    Credentials,
    /// A fragment, or a query where a path is to be added.
    #[error("{0:?} has a query or a fragment, none was wanted")]
    Query(String),
    /// Not a URL.
    #[error("{0:?} is not a URL of at most {MAX_URL_BYTES} bytes")]
    Malformed(String),
    /// Everyone on the way could read and change what is said.
    #[error("{0:?} is not https, and only this machine (127.0.0.0/8, ::1, localhost) may be asked over http")]
    Plain(String),
    /// `ftp` and the like.
    #[error("{0:?} is not an https URL")]
    Scheme(String),
}

impl Url {
    /// Reads the address of a service (RFC 3986): no query, no fragment.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Self::with_query(text)?;
        if text.contains('?') { Err(UrlError::Query(escape(text))) } else { Ok(url) }
    }

    /// The same over http to any host: only for a service whose answers are signed, and where the signature is checked.
    pub fn parse_with_plain(text: &str) -> Result<Self, UrlError> {
        match Self::parse(text) {
            // Nothing else is wrong with it: this comes last.
            Err(UrlError::Plain(_)) if !text.contains('?') => Ok(Self(text.to_owned())),
            parsed => parsed,
        }
    }

    /// The same with a query: what a build service hands to its jobs.
    pub(crate) fn with_query(text: &str) -> Result<Self, UrlError> {
        let shown = || escape(&text.chars().take(200).collect::<String>());
        // Before anything that shows the text, and wherever it is: readers differ about where the host ends.
        if text.contains('@') {
            return Err(UrlError::Credentials);
        }
        let graphic = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if text.len() > MAX_URL_BYTES || !graphic {
            return Err(UrlError::Malformed(shown()));
        }
        if text.contains('#') {
            return Err(UrlError::Query(shown()));
        }
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed(shown()))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(UrlError::Malformed(shown()));
        };
        let rest = authority.as_str().strip_prefix(authority.host());
        let port_holds = match rest {
            Some("") => true,
            Some(port) => port.starts_with(':') && authority.port_u16().is_some_and(|port| port != 0),
            None => false,
        };
        if authority.host().is_empty() || !port_holds {
            return Err(UrlError::Malformed(shown()));
        }
        match scheme {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(authority.host()) => Ok(Self(text.to_owned())),
            "http" => Err(UrlError::Plain(shown())),
            _ => Err(UrlError::Scheme(shown())),
        }
    }

    /// The text as it was read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This address with `path`, which begins with no slash, below it.
    #[must_use]
    pub(crate) fn join(&self, path: &str) -> Self {
        Self(format!("{}/{path}", self.0.trim_end_matches('/')))
    }

    /// What a `Location` header of an answer from here means (RFC 9110, 10.2.2), if it is on the same server.
    pub(crate) fn same_server(&self, location: &str) -> Option<Self> {
        let there = if location.starts_with('/') && !location.starts_with("//") {
            let (scheme, authority) = self.server()?;
            Self::parse(&format!("{scheme}://{authority}{location}")).ok()?
        } else {
            Self::parse(location).ok()?
        };
        (there.server() == self.server()).then_some(there)
    }

    /// Scheme, host and port.
    fn server(&self) -> Option<(String, String)> {
        let uri: Uri = self.0.parse().ok()?;
        Some((uri.scheme_str()?.to_owned(), uri.authority()?.as_str().to_ascii_lowercase()))
    }

    /// The host's name or address in lower case, an IPv6 address in brackets.
    pub(crate) fn host(&self) -> String {
        let uri = self.0.parse::<Uri>().ok();
        uri.and_then(|uri| uri.host().map(str::to_ascii_lowercase)).unwrap_or_default()
    }

    /// Whether it is on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.host())
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        Self::parse(text)
    }
}

impl fmt::Display for Url {
    /// Without the query, which may tell more than a log should hold.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.split('?').next().unwrap_or_default())
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match address {
        Some(v6) => v6.parse() == Ok(Ipv6Addr::LOCALHOST),
        None => {
            host.eq_ignore_ascii_case("localhost")
                || host.parse::<Ipv4Addr>().is_ok_and(|v4| v4.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let long = format!("https://example.com/{}", "a".repeat(MAX_URL_BYTES));
        for (text, why) in [
            ("", "empty"),
            ("example.com", "no scheme"),
            ("https://", "no host"),
            ("https:///path", "no host"),
            ("ftp://example.com", "scheme"),
            ("file:///etc/passwd", "scheme"),
            ("http://example.com", "plain"),
            ("http://10.0.0.1", "plain, private"),
            ("http://128.0.0.1", "plain, beyond loopback"),
            ("http://127.0.0.1.example.com", "plain, a name that looks local"),
            ("http://localhost.example.com", "plain, a name that looks local"),
            ("http://[::2]", "plain"),
            ("http://0x7f.1", "a spelling that readers differ about"),
            ("https://user@example.com", "user"),
            ("user:secret@example.com", "password, no scheme"),
            ("https://user:secret@example.com/", "password"),
            ("https://example.com:0", "port"),
            ("https://example.com:65536", "port"),
            ("https://example.com:", "port"),
            ("https://example.com/#a", "fragment"),
            ("https://example.com/?a=b", "query"),
            ("https://example.com/a b", "space"),
            ("https://example.com/\u{e9}", "not ASCII"),
            ("https://example.com\\@evil", "backslash"),
            (&long, "long"),
        ] {
            assert!(Url::parse(text).is_err(), "{why}: {text:?}");
        }
        for (text, taken) in [
            ("http://example.com/tsr", true),
            ("https://example.com", true),
            ("http://user@example.com", false),
            ("http://example.com/?a", false),
            ("http://example.com/#a", false),
            ("http://example.com:0", false),
            ("ftp://example.com", false),
        ] {
            assert_eq!(Url::parse_with_plain(text).is_ok(), taken, "{text}");
        }
        let told = Url::parse("https://user:secret@example.com/").map_err(|err| err.to_string());
        assert!(!told.expect_err("refused").contains("secret"));
    }

    #[test]
    fn addresses() {
        for text in [
            "https://fulcio.sigstore.dev",
            "https://example.com:8443/a/b",
            "https://[2001:db8::1]/",
            "http://127.0.0.1:5602",
            "http://127.9.9.9",
            "http://LocalHost:1",
            "http://[::1]:80/a",
        ] {
            assert_eq!(Url::parse(text).map(|url| url.as_str().to_owned()).ok().as_deref(), Some(text));
        }
        let base = Url::parse("https://example.com/a/").expect("a URL");
        assert_eq!(base.join("b").as_str(), "https://example.com/a/b");
    }

    #[test]
    fn locations() {
        let base = Url::parse("https://example.com/a").expect("a URL");
        for (location, there) in [
            ("/b", Some("https://example.com/b")),
            ("https://EXAMPLE.com/b", Some("https://EXAMPLE.com/b")),
            ("//evil.example/b", None),
            ("https://evil.example/b", None),
            ("https://example.com:8443/b", None),
            ("http://127.0.0.1/b", None),
            ("b", None),
        ] {
            assert_eq!(base.same_server(location).as_ref().map(Url::as_str), there, "{location}");
        }
    }
}
