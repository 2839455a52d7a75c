//! Names of files inside a model.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The longest path that is read, in bytes: Linux's own `PATH_MAX`.
pub const MAX_BYTES: usize = 4096;

/// A path relative to a model's root: `/` between components, no empty component, no `.` or `..`, no control
/// character. Ordered by byte.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct RelPath(String);

/// Why a text is not a [`RelPath`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// A line break or another control character would let one name look like two.
    #[error("holds a control character")]
    Control,
    /// `//`, or a slash at an end.
    #[error("has an empty component or starts or ends with a slash")]
    EmptyComponent,
    /// Longer than [`MAX_BYTES`].
    #[error("is longer than {MAX_BYTES} bytes")]
    Long,
    /// `.` or `..`.
    #[error("has a component \".\" or \"..\"")]
    Dots,
}

impl RelPath {
    /// Takes `text` if it is a plain relative path.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        if text.len() > MAX_BYTES {
            return Err(Refused::Long);
        }
        if text.chars().any(char::is_control) {
            return Err(Refused::Control);
        }
        for component in text.split('/') {
            match component {
                "" => return Err(Refused::EmptyComponent),
                "." | ".." => return Err(Refused::Dots),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directories above it, the outermost first.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.match_indices('/').map(|(end, _)| &self.0[..end])
    }

    /// Whether this is one of `paths` or lies below one, component by component.
    #[must_use]
    pub fn is_within(&self, paths: &BTreeSet<Self>) -> bool {
        self.ancestors().chain([self.as_str()]).any(|path| paths.contains(path))
    }
}

impl Borrow<str> for RelPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<'de> Deserialize<'de> for RelPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|why| D::Error::custom(format_args!("path {text:?} {why}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_relative_paths() {
        for (text, why) in [
            ("/w.bin", Refused::EmptyComponent),
            ("", Refused::EmptyComponent),
            ("a//b", Refused::EmptyComponent),
            ("a/", Refused::EmptyComponent),
            ("../w.bin", Refused::Dots),
            ("a/./b", Refused::Dots),
            ("a/..", Refused::Dots),
            ("a\nb", Refused::Control),
            ("a\u{85}b", Refused::Control),
            ("a\u{7f}", Refused::Control),
        ] {
            assert_eq!(RelPath::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(RelPath::parse(&"a".repeat(4097)), Err(Refused::Long));
        for text in ["a", ".hidden", "a b/c\\d", "...", "ü/\u{202e}x"] {
            assert!(RelPath::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn within_is_by_component() {
        let path = |text| RelPath::parse(text).expect("a path");
        let paths = BTreeSet::from([path(".git"), path("a/b")]);
        for (text, want) in [
            (".git", true),
            (".git/hooks/x", true),
            (".gitattributes", false),
            ("a/b/c", true),
            ("a/bc", false),
            ("a", false),
        ] {
            assert_eq!(path(text).is_within(&paths), want, "{text}");
        }
    }
}
