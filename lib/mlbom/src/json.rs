//! JSON as the tools read it: one meaning for one text.
//!
//! RFC 8259 leaves repeated keys to the reader, and readers differ; here they are an error, in foreign documents too.
//! So are depth beyond [`MAX_DEPTH`], more than [`MAX_MEMBERS`] in one object, and numbers that do not fit a 64-bit integer
//! or a double.

mod keys;

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use keys::{Keys, Refused};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 64;

/// How many members one object may have: all their names are remembered while it is read.
pub const MAX_MEMBERS: usize = 1_000_000;

/// A text that is not one strict JSON document of the wanted shape.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] serde_json::Error);

/// Checks that `text` is one JSON value without repeated keys, excessive depth or too many members of one object.
pub fn check(text: &str) -> Result<(), Error> {
    let mut reader = serde_json::Deserializer::from_str(text);
    Strict { depth_left: MAX_DEPTH }.deserialize(&mut reader)?;
    Ok(reader.end()?)
}

/// Checks `text` and reads it as a `T`.
pub fn parse<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    check(text)?;
    parse_checked(text)
}

/// Reads `text`, which [`check`] has passed, as a `T`.
pub fn parse_checked<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    Ok(serde_json::from_str(text)?)
}

/// Checks that `text`, which `document` was read from, says it as `document` would: arrays in place of objects, `null` in
/// place of absence and the like, which a derived reader takes, have no place in documents of our own.
pub fn check_spelling(document: &impl Serialize, text: &str) -> Result<(), Error> {
    // As our own tools write it, and so nearly always; the rest is for those who lay it out for people.
    if serde_json::to_string(document)? == text.trim_ascii() {
        return Ok(());
    }
    let (written, read) = (serde_json::to_value(document)?, serde_json::from_str::<Value>(text)?);
    if written == read {
        Ok(())
    } else {
        Err(serde_json::Error::custom("a member is not written as this document has it").into())
    }
}

/// What is read of a text to see that it is one value without repeated keys or excessive depth: nothing.
pub(crate) struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Strict { depth_left: MAX_DEPTH }.deserialize(deserializer).map(|()| Self)
    }
}

/// How many bytes `text` takes inside the quotation marks of a document of ours.
#[must_use]
pub fn escaped_bytes(text: &str) -> u64 {
    let of = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(of).fold(0, u64::saturating_add)
}

/// Visits a value only to find what is wrong with it.
#[derive(Clone, Copy)]
struct Strict {
    depth_left: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left }),
            None => Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        while items.next_element_seed(deeper)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let deeper = self.deeper()?;
        let mut seen = Keys::default();
        while let Some(Key(key)) = members.next_key()? {
            match seen.insert(key) {
                Ok(()) => {}
                Err(Refused::Repeated(key)) => {
                    return Err(A::Error::custom(format_args!("repeated key {key:?}")));
                }
                Err(Refused::TooMany) => {
                    return Err(A::Error::custom(format_args!(
                        "an object has more than {MAX_MEMBERS} members"
                    )));
                }
            }
            members.next_value_seed(deeper)?;
        }
        Ok(())
    }
}

/// A member's name, borrowed from the text unless it has escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty members, and the one of that number again.
    fn many(again: usize) -> String {
        let members: Vec<String> =
            (0..40).chain([again]).map(|number| format!("\"{number}\":{number}")).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn one_meaning_only() {
        for (text, why) in [
            ("", "EOF"),
            ("{", "EOF"),
            (r#"{"a":1,"a":1}"#, "repeated key"),
            (r#"{"x":[{"a":1,"\u0061":2}]}"#, "repeated key"),
            (&many(1), "repeated key \"1\""),
            (&many(39), "repeated key \"39\""),
            ("{} {}", "trailing"),
            ("[1,]", "trailing comma"),
            ("NaN", "expected"),
            ("1e999", "out of range"),
            ("\u{feff}{}", "expected value"),
            (r#""\ud800""#, "escape"),
        ] {
            let err = check(text).expect_err(text).to_string();
            assert!(err.contains(why), "{text}: {err}");
        }
    }

    #[test]
    fn members_are_limited() {
        let object = |members: usize| {
            let members: Vec<String> = (0..members).map(|number| format!("\"{number}\":0")).collect();
            format!("[{{{}}}]", members.join(","))
        };
        assert!(check(&object(MAX_MEMBERS)).is_ok());
        let err = check(&object(MAX_MEMBERS + 1)).expect_err("too many").to_string();
        assert!(err.starts_with("an object has more than 1000000 members"), "{err}");
    }

    #[test]
    fn depth_is_limited_without_using_the_stack() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(check(&nested(MAX_DEPTH)).is_ok());
        assert!(check(&nested(MAX_DEPTH + 1)).is_err());
        assert!(check(&"[".repeat(10_000_000)).is_err());
    }
}
