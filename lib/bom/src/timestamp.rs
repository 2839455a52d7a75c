//! Times that come in by a flag or by `SOURCE_DATE_EPOCH`, never from the clock.

use std::fmt;
use std::str::FromStr;

/// An instant, written in UTC with a `Z` and whole seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timestamp(jiff::Timestamp);

/// Text that is not a time.
#[derive(Debug, thiserror::Error)]
#[error("{found:?} is not {wanted}")]
pub struct NotATime {
    found: String,
    wanted: &'static str,
}

impl Timestamp {
    /// Reads seconds since 1970 (reproducible-builds.org, SOURCE_DATE_EPOCH specification).
    pub fn from_epoch(text: &str) -> Result<Self, NotATime> {
        let wrong = || NotATime { found: text.to_owned(), wanted: "a number of seconds since 1970" };
        let seconds = text.parse::<u32>().map_err(|_| wrong())?;
        jiff::Timestamp::from_second(i64::from(seconds)).map(Self).map_err(|_| wrong())
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    /// Reads RFC 3339, section 5.6.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let wrong = || NotATime { found: text.to_owned(), wanted: "a time like 2026-11-21T13:00:00Z" };
        // The library also takes ISO 8601's shorter forms, which RFC 3339 does not have.
        let bytes = text.as_bytes();
        let shape = bytes.len() >= 20
            && [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')].iter().all(|&(at, byte)| bytes[at] == byte)
            && matches!(bytes[10], b'T' | b't' | b' ')
            && !text.contains('[');
        let time: jiff::Timestamp = shape.then(|| text.parse().ok()).flatten().ok_or_else(wrong)?;
        jiff::Timestamp::from_second(time.as_second()).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_and_whole_seconds() {
        for (text, want) in [
            ("2026-11-21T13:00:00Z", "2026-11-21T13:00:00Z"),
            ("2026-11-21T13:00:00.9+02:00", "2026-11-21T11:00:00Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().expect("a time").to_string(), want);
        }
        assert_eq!(Timestamp::from_epoch("0").expect("a time").to_string(), "1970-01-01T00:00:00Z");
        for wrong in ["", "2026-11-21", "20261121T130000Z", "2026-11-21T25:00:00Z", "2026-11-21T13:00:00", "x"] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong:?}");
        }
        for wrong in ["", "-1", "1.5", "99999999999"] {
            assert!(Timestamp::from_epoch(wrong).is_err(), "{wrong:?}");
        }
    }
}
