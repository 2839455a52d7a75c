//! PKCS #11 URIs (RFC 7512).

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The longest URI, in bytes.
const MAX_BYTES: usize = 4096;

/// What names a private key on a token: `pkcs11:token=LABEL;object=NAME?module-path=/usr/lib/x.so`.
///
/// What it does not say fits anything; then there must be only one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Uri {
    pub(crate) token: Option<String>,
    pub(crate) manufacturer: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) slot_id: Option<u64>,
    pub(crate) object: Option<String>,
    pub(crate) id: Option<Vec<u8>>,
    pin_source: Option<PathBuf>,
    module_path: Option<PathBuf>,
    module_name: Option<String>,
}

/// Why a text is not such a URI.
#[derive(Debug, thiserror::Error, Eq, PartialEq)]
#[non_exhaustive]
pub enum UriError {
    /// An attribute without a value, a character that must be encoded, a bad encoding.
    #[error("{0:?} is not an attribute of a PKCS #11 URI (RFC 7512)")]
    Attribute(String),
    /// Longer than 4096 bytes.
    #[error("is longer than {MAX_BYTES} bytes")]
    Long,
    /// Other people see arguments.
    #[error("holds a PIN (pin-value), which an argument must not: pin-source=file:/PATH was wanted")]
    PinValue,
    /// Said twice.
    #[error("says {0:?} twice")]
    Repeated(String),
    /// Does not begin as one.
    #[error("does not begin with \"pkcs11:\"")]
    Scheme,
    /// Another object than a private key.
    #[error("names an object of type {0:?}, \"private\" was wanted")]
    Type(String),
    /// An attribute that is not matched by, and so would be passed over.
    #[error("says {0:?}, which is not looked at")]
    Unknown(String),
    /// A value that its attribute does not take.
    #[error("says {name:?} with a value that it does not have: {wanted} was wanted")]
    Value {
        /// The attribute.
        name: String,
        /// What it takes.
        wanted: &'static str,
    },
}

impl Uri {
    /// The file that holds the PIN (`pin-source=file:/PATH`). The caller reads it.
    #[must_use]
    pub fn pin_source(&self) -> Option<&Path> {
        self.pin_source.as_deref()
    }

    /// The module's library (`module-path`): an absolute path.
    #[must_use]
    pub fn module_path(&self) -> Option<&Path> {
        self.module_path.as_deref()
    }

    /// The module's name (`module-name`), without directory, `lib` and suffix.
    #[must_use]
    pub fn module_name(&self) -> Option<&str> {
        self.module_name.as_deref()
    }

    /// Attributes of the path, section 2.3.
    fn set_path(&mut self, name: &str, value: Vec<u8>) -> Result<(), UriError> {
        let wrong = |wanted| UriError::Value { name: name.to_owned(), wanted };
        if name == "id" {
            self.id = Some(value);
            return Ok(());
        }
        let text = String::from_utf8(value).map_err(|_| wrong("UTF-8"))?;
        match name {
            "token" => self.token = Some(text),
            "manufacturer" => self.manufacturer = Some(text),
            "serial" => self.serial = Some(text),
            "model" => self.model = Some(text),
            "object" => self.object = Some(text),
            "slot-id" => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits);
                self.slot_id = Some(number.ok_or_else(|| wrong("a decimal number"))?);
            }
            "type" if text == "private" => {}
            "type" => return Err(UriError::Type(text)),
            _ => return Err(UriError::Unknown(name.to_owned())),
        }
        Ok(())
    }

    /// Attributes of the query, section 2.4.
    fn set_query(&mut self, name: &str, value: Vec<u8>) -> Result<(), UriError> {
        let wrong = |wanted| UriError::Value { name: name.to_owned(), wanted };
        // Before its value is even looked at: the message must not show it.
        if name == "pin-value" {
            return Err(UriError::PinValue);
        }
        let text = String::from_utf8(value).map_err(|_| wrong("UTF-8"))?;
        match name {
            "pin-source" => {
                // A leading bar would run a program.
                let path = text.strip_prefix("file:").and_then(absolute);
                self.pin_source = Some(path.ok_or_else(|| wrong("file: and an absolute path"))?);
            }
            "module-path" => {
                self.module_path = Some(absolute(&text).ok_or_else(|| wrong("an absolute path"))?);
            }
            "module-name" => {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+".contains(&byte);
                if text.is_empty() || !text.bytes().all(plain) {
                    return Err(wrong("a name of letters, digits, -, _ and +"));
                }
                self.module_name = Some(text);
            }
            _ => return Err(UriError::Unknown(name.to_owned())),
        }
        Ok(())
    }
}

impl FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if text.len() > MAX_BYTES {
            return Err(UriError::Long);
        }
        // Whatever else is wrong, and in whatever case: a message about it must not show a PIN.
        if text.to_ascii_lowercase().contains("pin-value") {
            return Err(UriError::PinValue);
        }
        // A scheme has no case (RFC 3986, 3.1).
        let (scheme, rest) = text.split_once(':').ok_or(UriError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("pkcs11") {
            return Err(UriError::Scheme);
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        let mut seen = Vec::new();
        for (name, value) in attributes(path, ';', b"&", &mut seen)? {
            uri.set_path(name, value)?;
        }
        for (name, value) in attributes(query, '&', b"/?|", &mut seen)? {
            uri.set_query(name, value)?;
        }
        Ok(uri)
    }
}

/// Splits one part of a URI. `also` may stand in it unencoded, besides what may anywhere.
fn attributes<'a>(
    part: &'a str,
    separator: char,
    also: &[u8],
    seen: &mut Vec<&'a str>,
) -> Result<Vec<(&'a str, Vec<u8>)>, UriError> {
    if part.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for attribute in part.split(separator) {
        let malformed = || UriError::Attribute(attribute.to_owned());
        let (name, value) = attribute.split_once('=').ok_or_else(malformed)?;
        if seen.contains(&name) {
            return Err(UriError::Repeated(name.to_owned()));
        }
        seen.push(name);
        found.push((name, decode(value, also).ok_or_else(malformed)?));
    }
    Ok(found)
}

/// Percent-decodes a value (RFC 3986, 2.1), in which nothing else may stand than section 2.3 says.
fn decode(value: &str, also: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        decoded.push(match first {
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                rest = after;
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()?
            }
            byte if byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=".contains(byte) => *byte,
            byte if also.contains(byte) => *byte,
            _ => return None,
        });
    }
    Some(decoded)
}

/// `/path` and, as in file URIs, `///path`; no NUL, which the system would take for the end.
fn absolute(text: &str) -> Option<PathBuf> {
    let text = text.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(text);
    // What is left with two of them names a host.
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\0');
    is_path.then(|| PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        use UriError::{Attribute, PinValue, Repeated, Scheme, Type, Unknown, Value};
        let is = |text: &str| text.parse::<Uri>().expect_err(text);
        assert_eq!(is(""), Scheme);
        assert_eq!(is("pkcs11"), Scheme);
        assert_eq!(is("pkcs12:"), Scheme);
        assert_eq!(is("file:/x"), Scheme);
        assert_eq!(is(&format!("pkcs11:token={}", "x".repeat(4096))), UriError::Long);
        for text in [
            "pkcs11:?pin-value=1234",
            "pkcs11:token=a?pin-value=%zz",
            "pkcs11:pin-value=1234",
            "pkcs11:a;?x&pin-value",
            "pkcs11:token=a?PIN-Value=1234",
            "pkcs11:token=a;object=b=pin-value=1234",
            "pkcs1:?pin-value=1234",
        ] {
            assert_eq!(is(text), PinValue, "{text}");
            assert!(!is(text).to_string().contains("1234"));
        }
        for text in [
            "pkcs11:token",
            "pkcs11:token=a;",
            "pkcs11:;token=a",
            "pkcs11:token=a b",
            "pkcs11:token=a%2",
            "pkcs11:token=a%",
            "pkcs11:token=a%zz",
            "pkcs11:token=a%+1",
            "pkcs11:token=é",
            "pkcs11:token=a/b",
            "pkcs11:token=a#b",
            "pkcs11:token=a?module-path=/x&",
            "pkcs11:token=a?module-path=/x;y",
        ] {
            assert!(matches!(is(text), Attribute(_)), "{text}: {:?}", is(text));
        }
        for text in
            ["pkcs11:token=a;token=a", "pkcs11:id=%01;id=%02", "pkcs11:?module-path=/x&module-path=/x"]
        {
            assert!(matches!(is(text), Repeated(_)), "{text}");
        }
        for text in [
            "pkcs11:colour=a",
            "pkcs11:=a",
            "pkcs11:Token=a",
            "pkcs11:library-version=1",
            "pkcs11:slot-description=x",
            "pkcs11:module-path=x",
            "pkcs11:?token=a",
            "pkcs11:?x-vendor=1",
        ] {
            assert!(matches!(is(text), Unknown(_)), "{text}: {:?}", is(text));
        }
        for text in ["pkcs11:type=public", "pkcs11:type=cert", "pkcs11:type="] {
            assert!(matches!(is(text), Type(_)), "{text}");
        }
        for text in [
            "pkcs11:token=%ff",
            "pkcs11:slot-id=",
            "pkcs11:slot-id=+1",
            "pkcs11:slot-id=0x1",
            "pkcs11:slot-id=99999999999999999999",
            "pkcs11:?pin-source=/pin",
            "pkcs11:?pin-source=file:pin",
            "pkcs11:?pin-source=file://host/pin",
            "pkcs11:?pin-source=|/bin/pin",
            "pkcs11:?module-path=x.so",
            "pkcs11:?module-path=/x%00y",
            "pkcs11:?module-name=../x",
            "pkcs11:?module-name=",
        ] {
            assert!(matches!(is(text), Value { .. }), "{text}: {:?}", is(text));
        }
    }

    #[test]
    fn everything_that_is_looked_at() {
        let text = "pkcs11:token=The%20token;manufacturer=Snake%20Oil;serial=01;model=1.0;slot-id=7;object=my-key;\
                    id=%01%aA%2f;type=private?pin-source=file:///etc/pin&module-path=/usr/lib/x.so&module-name=softhsm2";
        let uri: Uri = text.parse().expect("a URI");
        assert_eq!(uri.token.as_deref(), Some("The token"));
        assert_eq!(uri.manufacturer.as_deref(), Some("Snake Oil"));
        assert_eq!(uri.serial.as_deref(), Some("01"));
        assert_eq!(uri.model.as_deref(), Some("1.0"));
        assert_eq!(uri.slot_id, Some(7));
        assert_eq!(uri.object.as_deref(), Some("my-key"));
        assert_eq!(uri.id.as_deref(), Some(&[1, 0xaa, 0x2f][..]));
        assert_eq!(uri.pin_source(), Some(Path::new("/etc/pin")));
        assert_eq!(uri.module_path(), Some(Path::new("/usr/lib/x.so")));
        assert_eq!(uri.module_name(), Some("softhsm2"));
        for text in ["pkcs11:", "PKCS11:", "Pkcs11:"] {
            assert_eq!(text.parse::<Uri>(), Ok(Uri::default()), "{text}");
        }
        assert_eq!("pkcs11:?".parse::<Uri>(), Ok(Uri::default()));
        let one: Uri = "pkcs11:object=a&b?pin-source=file:/run/pin".parse().expect("a URI");
        assert_eq!(one.object.as_deref(), Some("a&b"));
        assert_eq!(one.pin_source(), Some(Path::new("/run/pin")));
    }
}
