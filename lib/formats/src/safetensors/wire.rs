//! The JSON of a header, read in one pass into no more than is kept.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Dtype, MAX_DIMENSIONS};

/// The data types of safetensors 0.8, by the name that headers use, with the bits of one element.
const DTYPES: &[(&str, u64)] = &[
    ("BF16", 16),
    ("BOOL", 8),
    ("C64", 64),
    ("F16", 16),
    ("F32", 32),
    ("F4", 4),
    ("F64", 64),
    ("F6_E2M3", 6),
    ("F6_E3M2", 6),
    ("F8_E4M3", 8),
    ("F8_E4M3FNUZ", 8),
    ("F8_E5M2", 8),
    ("F8_E5M2FNUZ", 8),
    ("F8_E8M0", 8),
    ("I16", 16),
    ("I32", 32),
    ("I64", 64),
    ("I8", 8),
    ("U16", 16),
    ("U32", 32),
    ("U64", 64),
    ("U8", 8),
];

/// The header as it stands in the file.
pub(super) struct Wire {
    pub(super) tensors: Vec<(String, Entry)>,
    pub(super) metadata: BTreeMap<String, String>,
    /// Tensors beyond the limit were there, and left out.
    pub(super) too_many: bool,
}

#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) dtype: WireDtype,
    pub(super) shape: Shape,
    pub(super) data_offsets: (u64, u64),
}

pub(super) struct WireDtype(pub(super) Dtype);

#[derive(Default)]
pub(super) struct Shape {
    pub(super) dimensions: Vec<u64>,
    /// Dimensions beyond the limit were there, and left out.
    pub(super) too_many: bool,
}

/// Takes a header with at most so many tensors.
pub(super) struct AtMost(pub(super) usize);

impl<'de> DeserializeSeed<'de> for AtMost {
    type Value = Wire;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Wire, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AtMost {
    type Value = Wire;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Wire, A::Error> {
        let mut wire = Wire { tensors: Vec::new(), metadata: BTreeMap::new(), too_many: false };
        let mut described = false;
        while let Some(name) = members.next_key::<String>()? {
            if name == "__metadata__" {
                if described {
                    return Err(A::Error::custom("repeated key \"__metadata__\""));
                }
                described = true;
                wire.metadata = members.next_value_seed(Texts)?;
            } else if wire.tensors.len() >= self.0 {
                wire.too_many = true;
                members.next_value::<IgnoredAny>()?;
            } else {
                let entry = members.next_value()?;
                wire.tensors.push((name, entry));
            }
        }
        Ok(wire)
    }
}

/// Takes a header without its metadata, and gives each tensor away as it comes.
pub(super) struct Only<F>(pub(super) F);

impl<'de, F: FnMut(&str, Entry)> DeserializeSeed<'de> for Only<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: FnMut(&str, Entry)> Visitor<'de> for Only<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut described = false;
        while let Some(Name(name)) = members.next_key()? {
            if name == "__metadata__" {
                if described {
                    return Err(A::Error::custom("repeated key \"__metadata__\""));
                }
                described = true;
                members.next_value_seed(Unkept)?;
            } else {
                (self.0)(&name, members.next_value()?);
            }
        }
        Ok(())
    }
}

/// A key, which is part of the header unless it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object of texts, none of which is kept: a header can hold nine million.
struct Unkept;

impl<'de> DeserializeSeed<'de> for Unkept {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Unkept {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<Name<'_>, Name<'_>>()?.is_some() {}
        Ok(())
    }
}

/// An object of texts without repeated keys.
struct Texts;

impl<'de> DeserializeSeed<'de> for Texts {
    type Value = BTreeMap<String, String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Texts {
    type Value = BTreeMap<String, String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut texts = BTreeMap::new();
        while let Some((key, text)) = members.next_entry()? {
            if let Some(_before) = texts.insert(key, text) {
                return Err(A::Error::custom("repeated key in \"__metadata__\""));
            }
        }
        Ok(texts)
    }
}

impl<'de> Deserialize<'de> for WireDtype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = DTYPES.iter().find(|(known, _)| *known == name);
        // Whether the bytes of a type that nobody knows are as many as its shape makes, nobody can say.
        let (name, bits) = known.ok_or_else(|| D::Error::custom("a data type that is not known"))?;
        Ok(Self(Dtype { name, bits: *bits }))
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self::default())
    }
}

impl<'de> Visitor<'de> for Shape {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of dimensions")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut lengths: A) -> Result<Self, A::Error> {
        while let Some(length) = lengths.next_element()? {
            if self.dimensions.len() < MAX_DIMENSIONS {
                self.dimensions.push(length);
            } else {
                self.too_many = true;
            }
        }
        Ok(self)
    }
}
