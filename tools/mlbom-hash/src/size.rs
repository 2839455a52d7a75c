//! Sizes as people write them: `1G`, `64Mi`.

use mlbom::shards::MIN_SHARD_BYTES;

/// Why a text is no size of a shard.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotASize {
    #[error("at least {MIN_SHARD_BYTES} bytes were wanted")]
    Small,
    #[error("a number of bytes was wanted, or one with k, M, G, T, Ki, Mi, Gi or Ti")]
    Spelling,
}

/// Powers of 1000 and of 1024. No other spelling: `K` and `KB` mean one to some and the other to others.
const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("k", 1000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
];

pub(crate) fn parse(text: &str) -> Result<u64, NotASize> {
    let digits = text.len() - text.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = UNITS.iter().find(|(name, _)| *name == unit).ok_or(NotASize::Spelling)?.1;
    let number: u64 = number.parse().map_err(|_| NotASize::Spelling)?;
    let size = number.checked_mul(unit).ok_or(NotASize::Spelling)?;
    if size < MIN_SHARD_BYTES { Err(NotASize::Small) } else { Ok(size) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_a_size() {
        for text in [
            "",
            "G",
            "1K",
            "1KB",
            "1g",
            "-1G",
            "+1G",
            "1.5G",
            "1 G",
            "1G ",
            "0x10",
            "99999999999T",
            "1e9",
            "\u{663}G",
        ] {
            assert!(matches!(parse(text), Err(NotASize::Spelling)), "{text:?}");
        }
        for text in ["0", "0G", "1", "1023", "1k"] {
            assert!(matches!(parse(text), Err(NotASize::Small)), "{text:?}");
        }
        for (text, size) in [
            ("1024", 1024),
            ("1Ki", 1024),
            ("2k", 2000),
            ("1M", 1_000_000),
            ("1G", 1_000_000_000),
            ("1Gi", 1 << 30),
            ("2Ti", 2 << 40),
            ("1T", 1_000_000_000_000),
        ] {
            assert_eq!(parse(text).ok(), Some(size), "{text:?}");
        }
    }
}
