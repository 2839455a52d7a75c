//! Times that come in by a flag or by `SOURCE_DATE_EPOCH`.

use std::fmt;
use std::str::FromStr;

/// An instant between the years 1 and 9999. Written in UTC with a `Z` and whole seconds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(jiff::Timestamp);

/// Text that is not a time.
#[derive(Debug, thiserror::Error)]
#[error("{found:?} is not {wanted}")]
pub struct NotATime {
    found: String,
    wanted: &'static str,
}

impl Timestamp {
    /// The clock's time; only for what cannot be a pure function of its input.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// Reads seconds since 1970 (reproducible-builds.org, SOURCE_DATE_EPOCH specification).
    pub fn from_epoch(text: &str) -> Result<Self, NotATime> {
        let wrong = || NotATime { found: text.to_owned(), wanted: "a number of seconds since 1970" };
        let seconds = text.parse::<u32>().map_err(|_| wrong())?;
        jiff::Timestamp::from_second(i64::from(seconds)).map(Self).map_err(|_| wrong())
    }

    /// The instant that is `seconds` after the beginning of 1970; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().filter(|_| seconds >= -62_135_596_800).map(Self)
    }

    /// Seconds since 1970, rounded down.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0.as_nanosecond().div_euclid(1_000_000_000) as i64
    }

    /// Nanoseconds since 1970; `None` outside the years 1678 to 2261.
    #[must_use]
    pub fn nanoseconds(self) -> Option<i64> {
        i64::try_from(self.0.as_nanosecond()).ok()
    }
}

impl FromStr for Timestamp {
    type Err = NotATime;

    /// Reads RFC 3339, section 5.6, `date-time`; a second 60 is taken for the 59th.
    fn from_str(text: &str) -> Result<Self, NotATime> {
        let time = is_rfc_3339(text.as_bytes()).then(|| text.parse().ok()).flatten();
        let wrong = || NotATime { found: text.to_owned(), wanted: "a time like 2026-11-21T13:00:00Z" };
        time.map(Self).ok_or_else(wrong)
    }
}

/// The shape alone: the library also takes the shorter forms of ISO 8601 and its own with zone names.
fn is_rfc_3339(text: &[u8]) -> bool {
    let matches = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't'),
                b'+' => matches!(byte, b'+' | b'-'),
                other => byte == other,
            })
    };
    let Some((date_time, rest)) = text.split_at_checked(19) else { return false };
    let fraction = match rest {
        [b'.', digits @ ..] => 1 + digits.iter().take_while(|digit| digit.is_ascii_digit()).count(),
        _ => 0,
    };
    let offset = &rest[fraction..];
    matches(date_time, b"0000-00-00T00:00:00")
        && fraction != 1
        && (matches!(offset, b"Z" | b"z") || matches(offset, b"+00:00"))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339() {
        for (text, seconds, nanoseconds) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2026-11-21T12:00:00Z", 1_795_262_400, 0),
            ("2026-11-21t14:30:00.5+02:30", 1_795_262_400, 500_000_000),
            ("2000-02-29T00:00:00z", 951_782_400, 0),
            ("1969-12-31T23:59:59Z", -1, 0),
        ] {
            let time: Timestamp = text.parse().expect(text);
            assert_eq!(time.nanoseconds(), Some(seconds * 1_000_000_000 + nanoseconds), "{text}");
        }
        for text in [
            "",
            "now",
            "2026-11-21",
            "20261121T130000Z",
            "2026-11-21T12:00:00",
            "2026-11-21 12:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00ZZ",
            "2026-01-01T00:00:00Z[UTC]",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:0éZ",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn written_in_utc() {
        for (text, want) in [
            ("2026-11-21T13:00:00Z", "2026-11-21T13:00:00Z"),
            ("2026-11-21T13:00:00.9+02:00", "2026-11-21T11:00:00Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().expect("a time").to_string(), want);
        }
        assert_eq!(Timestamp::from_epoch("0").expect("a time").to_string(), "1970-01-01T00:00:00Z");
        for wrong in ["", "-1", "1.5", "99999999999"] {
            assert!(Timestamp::from_epoch(wrong).is_err(), "{wrong:?}");
        }
    }
}
