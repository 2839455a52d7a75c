//! The time that policies see.

use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970 in UTC, from 1678 to 2262.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Time(i64);

/// Not a time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the clock is before 1970 or after 2262")]
    Clock,
    #[error("a time as in 2026-11-21T12:00:00Z was wanted (RFC 3339)")]
    Text,
}

impl Time {
    pub(crate) fn now() -> Result<Self, Error> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Error::Clock)?;
        Ok(Self(i64::try_from(since.as_nanos()).map_err(|_| Error::Clock)?))
    }

    pub(crate) const fn nanoseconds(self) -> i64 {
        self.0
    }
}

impl FromStr for Time {
    type Err = Error;

    /// Reads RFC 3339, section 5.6, `date-time`; a second 60 is the one after 59.
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text.as_bytes()).map(Self).ok_or(Error::Text)
    }
}

fn parse(text: &[u8]) -> Option<i64> {
    let (date_time, rest) = text.split_at_checked(19)?;
    let separators = [(4, b"-"), (7, b"-"), (10, b"Tt"), (13, b":"), (16, b":")] as [(usize, &[u8]); 5];
    if !separators.iter().all(|(at, allowed)| allowed.contains(&date_time[*at])) {
        return None;
    }
    let part = |from: usize, to: usize| number(&date_time[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    let month_at = usize::try_from(month.checked_sub(1)?).ok()?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let length = *lengths.get(month_at)?;
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, offset) = fraction(rest)?;
    let before = year - 1;
    let days = before * 365 + before / 4 - before / 100
        + before / 400
        + lengths[..month_at].iter().sum::<i64>()
        + day
        - 1;
    // The days from 0001-01-01 to 1970-01-01.
    let days = days - 719_162;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset_seconds(offset)?;
    seconds.checked_mul(1_000_000_000)?.checked_add(fraction)
}

/// The nanoseconds after the point, if there is one, and what follows.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, text)) };
    let length = text.iter().take_while(|digit| digit.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(length);
    if digits.is_empty() {
        return None;
    }
    let mut nine = [b'0'; 9];
    for (to, from) in nine.iter_mut().zip(digits) {
        *to = *from;
    }
    Some((number(&nine)?, rest))
}

fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        [b'Z' | b'z'] => return Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', m1, m2] => (sign, number(hours)?, number(&[*m1, *m2])?),
        _ => return None,
    };
    if text.len() != 6 || hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    Some(if *sign == b'-' { -seconds } else { seconds })
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
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
            ("2026-11-21T11:00:00.123456789999-01:00", 1_795_262_400, 123_456_789),
            ("2000-02-29T00:00:00Z", 951_782_400, 0),
            ("1999-12-31T23:59:60Z", 946_684_800, 0),
            ("1969-12-31T23:59:59Z", -1, 0),
        ] {
            assert_eq!(text.parse::<Time>().expect(text).0, seconds * 1_000_000_000 + nanoseconds, "{text}");
        }
        for text in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T12:00:00",
            "2026-11-21 12:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:61Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00ZZ",
            "+026-01-01T00:00:00Z",
            "2026-01-01T00:00:0éZ",
            "9999-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:00+001:00",
        ] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
