//! Which files are held against what was signed: all of them, or those that `--only` selects.

use mlbom::path::RelPath;
use mlbom_tree::Pattern;

/// The patterns of `--only`; none if every file is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Only(pub(crate) Vec<Pattern>);

impl Only {
    /// Every file.
    #[cfg(test)]
    pub(crate) const fn all() -> Self {
        Self(Vec::new())
    }

    /// The patterns, as they were given.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.0.iter().map(|pattern| pattern.text().to_owned()).collect()
    }

    /// Whether every file is looked at, whatever it is called.
    pub(crate) const fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the file `path` is looked at. The same files are that hashing with these patterns reads.
    pub(crate) fn covers(&self, path: &RelPath) -> bool {
        self.is_all() || self.0.iter().any(|pattern| pattern.selects(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_pattern_will_do() {
        let path = RelPath::parse("unet/w.bin").expect("a path");
        for (patterns, want) in [
            (&[][..], true),
            (&["*.bin"], true),
            (&["unet/"], true),
            (&["*.json", "unet/w.*"], true),
            (&["*.json"], false),
            (&["w"], false),
        ] {
            let only = Only(patterns.iter().map(|text| text.parse().expect("a pattern")).collect());
            assert_eq!(only.covers(&path), want, "{patterns:?}");
            assert_eq!(only.is_all(), patterns.is_empty());
        }
        assert!(Only::all().covers(&path));
    }
}
