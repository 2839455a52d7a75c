//! Whose certificates are taken: names and issuers, exact or by a pattern that has to match all of a name.

use regex_lite::{Regex, RegexBuilder};

use super::strangers;
use crate::certificate::{Certificate, Name};

/// The longest pattern, in bytes, and the most memory that it may compile to.
const MAX_PATTERN_BYTES: usize = 4 << 10;
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// The identities that a certificate may have.
#[derive(Clone, Debug)]
pub enum Accept {
    /// Whoever it is: the signature says that somebody with a certificate made it, and no more.
    Any,
    /// One of the names, and by the issuer if one is given.
    Names {
        /// At least one.
        wanted: Vec<Wanted>,
        /// The OpenID Connect issuer, exactly. Without one only certificates that name no issuer are taken: the same name
        /// means somebody else at another issuer.
        issuer: Option<String>,
    },
}

/// A name that a certificate may have.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// This one, byte for byte.
    Exact(String),
    /// One that the pattern matches from its beginning to its end.
    Pattern(Pattern),
}

/// A regular expression for whole names.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// Why a text is not a pattern.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// The library says no.
    #[error("is not a regular expression: {0}")]
    Malformed(String),
    /// Nobody means that.
    #[error("is longer than {MAX_PATTERN_BYTES} bytes")]
    Long,
    /// It would match everything or nothing.
    #[error("is empty")]
    Empty,
}

/// How a certificate came to be taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Accepted {
    /// [`Accept::Any`], or by a pattern that asks for nobody in particular.
    Any,
    /// Its name is one of those that were given; which.
    Exactly(String),
    /// A pattern matches its name; which.
    ByPattern(String),
}

/// Why a certificate is not taken.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// By another issuer.
    #[error("the certificate is for a user of {found:?}, the issuer {wanted:?} was wanted")]
    Issuer {
        /// As certified.
        found: String,
        /// As given.
        wanted: String,
    },
    /// By no issuer.
    #[error("the certificate names no issuer, {0:?} was wanted")]
    NoIssuer(String),
    /// Of another name.
    #[error("the certificate is for {0}, and not for the identity that was wanted")]
    Name(String),
    /// The caller did not say of which issuer.
    #[error("the certificate is for a user of the issuer {0:?}, and none was given")]
    IssuerNotGiven(String),
}

impl Pattern {
    /// Reads a pattern of the syntax of the crate `regex-lite`, which is that of most: no look-around, linear time.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::Long);
        }
        let compile = |text: &str| {
            RegexBuilder::new(text)
                .size_limit(MAX_COMPILED_BYTES)
                .build()
                .map_err(|err| PatternError::Malformed(err.to_string()))
        };
        // Alone first: `a)|(b` would be balanced between parentheses of ours, and match a part.
        compile(text)?;
        compile(&format!(r"\A(?:{text})\z")).map(Self)
    }

    fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }

    /// Whether strangers could have a name like `name`, which it matches, and be matched as well. One alone may be somebody
    /// whom the pattern lists.
    fn meets_strangers(&self, name: &str) -> bool {
        strangers::of(name).iter().filter(|stranger| self.matches(stranger)).nth(1).is_some()
    }
}

impl Accept {
    /// Whether `certificate` is taken. Every one of its names is looked at.
    pub fn check(&self, certificate: &Certificate) -> Result<Accepted, IdentityError> {
        let Self::Names { wanted, issuer } = self else { return Ok(Accepted::Any) };
        match (certificate.issuer(), issuer.as_deref()) {
            (Some(found), Some(wanted)) if found != wanted => {
                let (found, wanted) = (found.to_owned(), wanted.to_owned());
                return Err(IdentityError::Issuer { found, wanted });
            }
            (None, Some(wanted)) => return Err(IdentityError::NoIssuer(wanted.to_owned())),
            (Some(found), None) => return Err(IdentityError::IssuerNotGiven(found.to_owned())),
            (Some(_), Some(_)) | (None, None) => {}
        }
        let names: Vec<&str> = certificate.names().iter().filter_map(Name::text).collect();
        for wanted in wanted {
            if let Wanted::Exact(text) = wanted
                && names.contains(&text.as_str())
            {
                return Ok(Accepted::Exactly(text.clone()));
            }
        }
        let patterns = wanted.iter().filter_map(|wanted| match wanted {
            Wanted::Exact(_) => None,
            Wanted::Pattern(pattern) => Some(pattern),
        });
        let mut is_anybody = false;
        for pattern in patterns {
            match names.iter().find(|name| pattern.matches(name)) {
                Some(name) if !pattern.meets_strangers(name) => {
                    return Ok(Accepted::ByPattern((*name).to_owned()));
                }
                Some(_) => is_anybody = true,
                None => {}
            }
        }
        if is_anybody {
            return Ok(Accepted::Any);
        }
        let quoted: Vec<String> = names.iter().take(4).map(|name| format!("{name:?}")).collect();
        let list = if quoted.is_empty() { "nobody by name".to_owned() } else { quoted.join(" and ") };
        Err(IdentityError::Name(list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, matches) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a", "ba", false),
            ("a|b", "b", true),
            ("a|b", "ax", false),
            ("a|b", "xb", false),
            ("^a$", "a", true),
            ("(?m)a", "x\na\nx", false),
            ("(?m)^a$", "x\na", false),
            ("a", "a\n", false),
            (r"https://github\.com/acme/.*", "https://github.com/acme/x", true),
            (r"https://github\.com/acme/.*", "https://githubXcom/acme/x", false),
            (r"https://github\.com/acme/.*", "https://evil.example/?https://github.com/acme/x", false),
            ("(?s).*", "a\nb", true),
        ] {
            let compiled = Pattern::parse(pattern).expect(pattern);
            assert_eq!(compiled.matches(name), matches, "{pattern} {name:?}");
        }
    }

    /// A pattern that a stranger meets is no better than asking for nobody.
    #[test]
    fn patterns_of_anybody() {
        let workflow = "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/v1";
        for (pattern, name) in [
            (".*", workflow),
            ("https://.*", workflow),
            (r"(?i)https://github\.com/.*", workflow),
            (r"https://github\.com/[^/]+/[^/]+/\.github/workflows/.*", workflow),
            (r"https://github\.com/.*/\.github/workflows/release\.yml@refs/tags/.*", workflow),
            (r"https://github\.com/[^/]+/models/.*", workflow),
            (r"https://github\.com/[\w-]{1,39}/.*", workflow),
            (r"https://github\.com/[a-z]+/.*", workflow),
            (r"https://github\.com/acme.*", workflow),
            (r"https://github\.com/.*acme.*", workflow),
            (".*/acme/.*", workflow),
            (r"https://gitlab\.com/.*", "https://gitlab.com/acme/models//.gitlab-ci.yml@refs/heads/main"),
            (".*", "ann@acme.example"),
            (".+@.+", "ann@acme.example"),
            (r"[^@]+@[^@]+\.[a-z]+", "ann@acme.example"),
            (r".+@.+\.org", "ann@acme.org"),
            (r"[a-z]+@[a-z]+\.(com|org|net)", "ann@acme.com"),
            (r".*acme\.example", "ann@acme.example"),
            (r".*@gmail\.com", "ann@gmail.com"),
            (r"\w+@gmail\.com", "ann@gmail.com"),
            (r"ann.*@gmail\.com", "ann@gmail.com"),
            (r".*@outlook\.com", "ann@outlook.com"),
            (r"[^@]+@[^@]+\.iam\.gserviceaccount\.com", "sign@acme.iam.gserviceaccount.com"),
            (r".*@.*\.onmicrosoft\.com", "ann@acme.onmicrosoft.com"),
            (r"https://github\.com/acme-[a-z]+/.*", "https://github.com/acme-ai/x/y@z"),
            (r"https://github\.com/acme[a-z]*/.*", workflow),
            (r"https://github\.com/[a-z]+-ai/.*", "https://github.com/acme-ai/x/y@z"),
            (r".*@hotmail\.co\.uk", "ann@hotmail.co.uk"),
            (r"https://oidc\.circleci\.com/org/.*", "https://oidc.circleci.com/org/0a1b/project/2c"),
            (r"https://[a-z]+\.github\.io/.*", "https://acme.github.io/x"),
            (".+", "build.acme.example"),
            (".+", "ann!acme.example"),
        ] {
            let compiled = Pattern::parse(pattern).expect(pattern);
            assert!(compiled.matches(name) && compiled.meets_strangers(name), "{pattern}");
        }
        for (pattern, name) in [
            (r"https://github\.com/acme/.*", workflow),
            (
                r"https://github\.com/acme(-labs)?/[^/]+/\.github/workflows/release\.yml@refs/tags/v.*",
                workflow,
            ),
            (r"https://github\.acme\.example/.*", "https://github.acme.example/team/models/x@y"),
            (r"spiffe://acme\.example/.*", "spiffe://acme.example/build"),
            (r".*@acme\.example", "ann@acme.example"),
            (r".*@(.*\.)?acme\.co\.uk", "ann@mail.acme.co.uk"),
            (r".*@(.*\.)?tum\.de", "ann@in.tum.de"),
            (r".*@(.*\.)?hf\.co", "ann@hf.co"),
            (r"https://([a-z]+\.)?x\.ai/.*", "https://build.x.ai/y"),
            (r"(ann|ann1)@gmail\.com", "ann@gmail.com"),
            (r"https://github\.com/(acme|beta)/.*", workflow),
            (r"sign@acme\.iam\.gserviceaccount\.com", "sign@acme.iam.gserviceaccount.com"),
            (r"ann\.b@gmail\.com", "ann.b@gmail.com"),
            (r"(ann|bob)@acme\.example", "bob@acme.example"),
            (r".*\.acme\.example", "build.acme.example"),
        ] {
            let compiled = Pattern::parse(pattern).expect(pattern);
            assert!(compiled.matches(name) && !compiled.meets_strangers(name), "{pattern}");
        }
    }

    #[test]
    fn patterns_that_are_none() {
        for pattern in ["", "a)|(b", "(", "[", "a{2000000}", "(?x) a #", &"a".repeat(5000)] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
