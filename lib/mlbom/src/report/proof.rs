//! When a statement was signed, and which logs list it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Timestamp;

/// What proved when a statement was signed: the earliest time that was verified.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", tag = "source")]
pub enum Time {
    /// A transparency log that promised to list it (Rekor 1, signed entry timestamp).
    Log {
        /// The time of the promise.
        #[serde(deserialize_with = "read_time", serialize_with = "write_time")]
        at: Timestamp,
    },
    /// Nothing: a certificate was judged as of the time that it was verified at.
    None,
    /// A timestamp authority (RFC 3161).
    TimestampAuthority {
        /// The time of its token, in whole seconds.
        #[serde(deserialize_with = "read_time", serialize_with = "write_time")]
        at: Timestamp,
        /// The subject of its certificate.
        authority: String,
    },
}

/// An entry of a transparency log that was verified.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LogEntry {
    /// Which log.
    pub id: LogId,
    /// Whether an inclusion proof led to a checkpoint that the log signed; if not, its promise is all there is.
    pub included: bool,
    /// The entry's place in the log, from 0; of a log in several trees, over all of them.
    pub index: u64,
    /// The kind and the version of the entry, for instance `hashedrekord 0.0.1`.
    pub kind: String,
    /// When the log took it, if the log's signature is over that time too.
    #[serde(
        default,
        deserialize_with = "read_some_time",
        serialize_with = "write_some_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub integrated_at: Option<Timestamp>,
}

/// The name of a transparency log: 4 to 32 bytes, in a trusted root `logId.keyId`; lower-case hexadecimal as text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogId(Vec<u8>);

/// Bytes or text that name no log.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not the id of a log, 4 to 32 bytes in lower-case hexadecimal were wanted")]
pub struct NotALogId(String);

impl LogId {
    /// The id of these bytes, 4 to 32 of them.
    pub fn new(bytes: &[u8]) -> Result<Self, NotALogId> {
        hexadecimal(bytes).parse()
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl FromStr for LogId {
    type Err = NotALogId;

    fn from_str(text: &str) -> Result<Self, NotALogId> {
        let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
        let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok();
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|pair| byte(pair)).collect();
        let fits = |bytes: &Vec<u8>| rest.is_empty() && (4..=32).contains(&bytes.len());
        bytes.filter(fits).map(Self).ok_or_else(|| NotALogId(text.to_owned()))
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

impl Serialize for LogId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LogId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Why a time and the log entries that it may rest upon cannot be true together, if so.
pub(super) fn contradiction(time: &Time, log: &[LogEntry]) -> Option<&'static str> {
    let earliest = log.iter().filter_map(|entry| entry.integrated_at).min();
    match (time, earliest) {
        (Time::Log { at }, Some(earliest)) if *at == earliest => None,
        (Time::Log { .. }, _) => Some("a time is from a log, and it is not the earliest of its entries"),
        (Time::None, Some(_)) => Some("a log entry has a time, and nothing proved when it was signed"),
        (Time::TimestampAuthority { at, .. }, Some(earliest)) if earliest < *at => {
            Some("a log entry is earlier than the earliest time")
        }
        (Time::None | Time::TimestampAuthority { .. }, _) => None,
    }
}

fn write_time<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

fn read_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

pub(super) fn write_some_time<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.as_ref().map(Timestamp::to_string).serialize(serializer)
}

pub(super) fn read_some_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    read_time(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect(text)
    }

    #[test]
    fn log_ids() {
        for text in ["", "aabbcc", "aabbccd", "aabbccdde", "AABBCCDD", "aabbccd ", &"00".repeat(33), "éééé"]
        {
            assert!(text.parse::<LogId>().is_err(), "{text:?}");
        }
        for text in ["00ff0a90".to_owned(), "c0".repeat(32)] {
            let id: LogId = text.parse().expect("an id");
            assert_eq!(id.to_string(), text);
            assert_eq!(LogId::new(id.as_bytes()).expect("an id"), id);
        }
        assert!(LogId::new(&[0; 3]).is_err() && LogId::new(&[0; 33]).is_err());
    }

    #[test]
    fn the_time_is_the_earliest() {
        let (one, two) = (at("2026-01-01T00:00:01Z"), at("2026-01-01T00:00:02Z"));
        let entry = |integrated_at| LogEntry {
            id: LogId::new(&[0; 32]).expect("an id"),
            index: 0,
            kind: "hashedrekord 0.0.1".to_owned(),
            integrated_at,
            included: true,
        };
        let authority = |at| Time::TimestampAuthority { at, authority: "a".to_owned() };
        for (time, times, wanted) in [
            (Time::None, &[][..], true),
            (Time::None, &[None], true),
            (Time::None, &[Some(one)], false),
            (Time::Log { at: one }, &[], false),
            (Time::Log { at: one }, &[None], false),
            (Time::Log { at: one }, &[Some(two)], false),
            (Time::Log { at: two }, &[Some(two), Some(one)], false),
            (Time::Log { at: one }, &[Some(two), None, Some(one)], true),
            (authority(one), &[], true),
            (authority(one), &[Some(two)], true),
            (authority(one), &[Some(one)], true),
            (authority(two), &[Some(one)], false),
        ] {
            let log: Vec<_> = times.iter().copied().map(entry).collect();
            assert_eq!(contradiction(&time, &log).is_none(), wanted, "{time:?} {times:?}");
        }
    }
}
