//! What is left out of a manifest, and by which word of the caller.

use std::collections::BTreeMap;
use std::str::FromStr;

use glob::MatchOptions;
use mlbom::path::RelPath;

/// The entries that OpenSSF Model Signing's Python tool leaves out by default, at the top level only.
pub(crate) const OMS_DEFAULTS: [&str; 4] = [".git", ".gitattributes", ".github", ".gitignore"];

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 1024;

/// `*` stops at a slash, `**` does not; a leading dot is a character like any other.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// What to leave out: by pattern, by exact path, or what OpenSSF Model Signing leaves out.
#[derive(Clone, Debug, Default)]
pub struct Exclusions {
    /// `--exclude`.
    pub patterns: Vec<Pattern>,
    /// `--oms-defaults`.
    pub oms_defaults: bool,
    /// Exactly these, each with the word that it is listed under: what an earlier manifest left out.
    pub exact: BTreeMap<RelPath, String>,
}

impl Exclusions {
    /// The word that leaves `path` out, if one does.
    pub(crate) fn names(&self, path: &RelPath) -> Option<&str> {
        if self.oms_defaults && OMS_DEFAULTS.contains(&path.as_str()) {
            return Some("oms-defaults");
        }
        self.exact.get(path).map(String::as_str).or_else(|| {
            self.patterns.iter().find(|pattern| pattern.matches(path)).map(|pattern| pattern.text.as_str())
        })
    }
}

/// A glob. Without a slash it is held against the last component of a path, at any depth; with one, against the whole.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    glob: glob::Pattern,
}

/// A pattern that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// It has nothing in it, or is absurdly long.
    #[error("a pattern of 1 to {MAX_PATTERN} bytes was wanted")]
    Length,
    /// Control characters, which no name in a manifest has.
    #[error("a control character in a pattern matches nothing")]
    Control,
    /// Not a glob.
    #[error(transparent)]
    Glob(#[from] glob::PatternError),
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        // `dir/` and `./dir` are what a shell's completion leaves behind.
        let text = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        if text.is_empty() || text.len() > MAX_PATTERN {
            return Err(PatternError::Length);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Control);
        }
        Ok(Self { text: text.to_owned(), glob: glob::Pattern::new(text)? })
    }
}

impl Pattern {
    /// The pattern, less what a shell's completion leaves around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names `path` itself, be that a file or a directory.
    #[must_use]
    pub fn matches(&self, path: &RelPath) -> bool {
        self.matches_text(path.as_str())
    }

    /// Whether it names `path` or a directory above it: what `--exclude` leaves out when a tree is walked from the top.
    #[must_use]
    pub fn selects(&self, path: &RelPath) -> bool {
        self.matches(path) || path.ancestors().any(|above| self.matches_text(above))
    }

    /// The same as [`Pattern::matches`]; `path` is a [`RelPath`], or a directory above one.
    fn matches_text(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.glob.matches_with(if self.text.contains('/') { path } else { name }, OPTIONS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, want) in [
            ("*.tmp", "a/b.tmp", true),
            ("*.tmp", "b.tmpx", false),
            (".*", ".hidden", true),
            ("a/*", "a/b", true),
            ("a/*", "a/b/c", false),
            ("a/**/c", "a/b/c", true),
            ("logs/", "x/logs", true),
            ("./a", "a", true),
            ("[ab]", "a", true),
        ] {
            let path = RelPath::parse(path).expect("a path");
            let pattern: Pattern = pattern.parse().expect("a pattern");
            assert_eq!(pattern.matches(&path), want, "{pattern:?} {path}");
        }
        for wrong in ["", "/", "[", "a\nb", &"a".repeat(2000)] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_directory_selects_what_is_in_it() {
        for (pattern, path, want) in [
            ("unet", "unet/w.bin", true),
            ("unet/", "a/unet/b/w.bin", true),
            ("a/unet", "a/unet/w.bin", true),
            ("a/unet", "b/a/unet/w.bin", false),
            ("unet", "unet.bin", false),
            ("unet", "a/unets/w.bin", false),
            ("*.bin", "unet/w.bin", true),
            ("unet/*.bin", "unet/w.bin", true),
            ("unet/*.bin", "w.bin", false),
        ] {
            let path = RelPath::parse(path).expect("a path");
            let pattern: Pattern = pattern.parse().expect("a pattern");
            assert_eq!(pattern.selects(&path), want, "{pattern:?} {path}");
        }
    }

    #[test]
    fn oms_defaults_are_top_level() {
        let exclusions = Exclusions { oms_defaults: true, ..Exclusions::default() };
        let names = |text| exclusions.names(&RelPath::parse(text).expect("a path")).is_some();
        assert!(names(".git") && names(".gitignore"));
        assert!(!names(".gitmodules") && !names("a/.git"));
    }
}
