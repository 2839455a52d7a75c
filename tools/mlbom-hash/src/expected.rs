//! What the caller says the bytes are.

use std::str::FromStr;

use mlbom::digest::{NotADigest, Sha256, Sha512};
use mlbom::manifest::Digests;

/// `--expect`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Expected {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl FromStr for Expected {
    type Err = NotADigest;

    /// `sha256:` or `sha512:` and the digest, or the digits of a SHA-256 alone.
    fn from_str(text: &str) -> Result<Self, NotADigest> {
        if let Some(digits) = text.strip_prefix("sha512:") {
            return digits.parse().map(Self::Sha512);
        }
        text.strip_prefix("sha256:").unwrap_or(text).parse().map(Self::Sha256)
    }
}

impl Expected {
    /// What is wrong with `found`, if anything.
    pub(crate) fn refuses(&self, found: &Digests) -> Option<String> {
        match (self, found.sha512) {
            (Self::Sha256(wanted), _) if *wanted == found.sha256 => None,
            (Self::Sha256(wanted), _) => Some(format!("sha256 is {}, {wanted} was wanted", found.sha256)),
            (Self::Sha512(wanted), Some(found)) if *wanted == found => None,
            (Self::Sha512(wanted), Some(found)) => Some(format!("sha512 is {found}, {wanted} was wanted")),
            // What was not taken was not checked.
            (Self::Sha512(wanted), None) => Some(format!("sha512 was not taken, {wanted} was wanted")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_with_and_without_a_name() {
        let (short, long) = ("ab".repeat(32), "ab".repeat(64));
        for wrong in [
            "",
            "sha256:",
            "sha512:",
            &short[1..],
            &long,
            &short.to_uppercase(),
            &format!("sha512:{short}"),
            &format!("sha256:{long}"),
            &format!("sha1:{short}"),
            &format!("SHA256:{short}"),
            &format!("sha256:sha256:{short}"),
            &format!(" {short}"),
        ] {
            assert!(wrong.parse::<Expected>().is_err(), "{wrong:?}");
        }
        let sha256 = Ok(Expected::Sha256([0xab; 32].into()));
        assert_eq!(short.parse().map_err(|_| ()), sha256);
        assert_eq!(format!("sha256:{short}").parse().map_err(|_| ()), sha256);
        assert_eq!(format!("sha512:{long}").parse().map_err(|_| ()), Ok(Expected::Sha512([0xab; 64].into())));
    }

    #[test]
    fn only_equal_is_right() {
        let found = Digests { sha512: Some([2; 64].into()), ..Sha256::from([1; 32]).into() };
        assert_eq!(Expected::Sha256([1; 32].into()).refuses(&found), None);
        assert_eq!(Expected::Sha512([2; 64].into()).refuses(&found), None);
        assert!(Expected::Sha256([2; 32].into()).refuses(&found).is_some());
        assert!(Expected::Sha512([1; 64].into()).refuses(&found).is_some());
        assert!(Expected::Sha512([2; 64].into()).refuses(&Sha256::from([1; 32]).into()).is_some());
    }
}
