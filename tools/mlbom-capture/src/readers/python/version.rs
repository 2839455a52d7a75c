//! Names and versions of packages, in the spelling that tells whether two mean the same.

/// The longest name or version, in bytes.
const MAX_BYTES: usize = 128;

/// A name as indexes compare it: lower case, runs of `-`, `_` and `.` as one `-` (Python packaging specifications, "Names
/// and normalization"). None if it is no name.
pub(super) fn normal_name(name: &str) -> Option<String> {
    let fits = name.len() <= MAX_BYTES
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !fits {
        return None;
    }
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    Some(parts.collect::<Vec<_>>().join("-").to_ascii_lowercase())
}

/// Whether `version` can be told as one.
pub(super) fn is_version(version: &str) -> bool {
    !version.is_empty() && version.len() <= MAX_BYTES && version.chars().all(|c| c.is_ascii_graphic())
}

/// Whether two versions are the same (Python packaging specifications, "Version specifiers", "Normalization"): `1.0`
/// and `1.0.0`, `1.0-alpha_1` and `1.0a1`.
pub(super) fn same(a: &str, b: &str) -> bool {
    a == b || normal_version(a) == normal_version(b)
}

fn normal_version(version: &str) -> String {
    let lower = version.trim().to_ascii_lowercase();
    let (public, local) = lower.split_once('+').map_or((&*lower, None), |(a, b)| (a, Some(b)));
    let public = public.strip_prefix('v').unwrap_or(public);
    let (epoch, public) = public.split_once('!').unwrap_or(("0", public));
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let mut words: Vec<&str> = Vec::new();
    let mut rest = public;
    while let Some(first) = rest.chars().next() {
        if matches!(first, '.' | '-' | '_') {
            // `1.0-1` is a post release, `1.0rc-1` is none.
            let after = &rest[1..];
            if first == '-' && is_number(after) && words.last().is_none_or(|word| is_number(word)) {
                words.push("post");
            }
            rest = after;
            continue;
        }
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| matches!(c, '.' | '-' | '_') || c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        words.push(match word {
            "alpha" => "a",
            "beta" => "b",
            "c" | "pre" | "preview" => "rc",
            "rev" | "r" => "post",
            word if digits => number(word),
            word => word,
        });
    }
    let release = words.iter().take_while(|word| is_number(word)).count();
    let (numbers, suffix) = words.split_at(release);
    let kept = numbers.iter().rposition(|number| *number != "0").map_or(0, |last| last + 1);
    let mut normal = format!("{}!{}", number(epoch), numbers[..kept].join("."));
    let mut before = "";
    for word in suffix {
        // A suffix without a number has number 0.
        if !before.is_empty() && !is_number(before) && !is_number(word) {
            normal.push('0');
        }
        if !is_number(word) {
            normal.push('.');
        }
        normal.push_str(word);
        before = word;
    }
    if !before.is_empty() && !is_number(before) {
        normal.push('0');
    }
    if let Some(local) = local {
        normal.push('+');
        normal.push_str(&local.replace(['-', '_'], "."));
    }
    normal
}

/// Digits without leading zeros.
fn number(digits: &str) -> &str {
    let short = digits.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        for (name, normal) in [
            ("Acme_Utils", Some("acme-utils")),
            ("a.-_b", Some("a-b")),
            ("torch", Some("torch")),
            ("", None),
            ("-a", None),
            ("a/b", None),
            ("../a", None),
            ("a b", None),
        ] {
            assert_eq!(normal_name(name).as_deref(), normal, "{name}");
        }
    }

    #[test]
    fn versions_that_mean_the_same_are_the_same() {
        for (a, b, alike) in [
            ("1.0", "1.0.0", true),
            ("v1.0", "1", true),
            ("1.0-alpha_1", "1.0a1", true),
            ("1.0c1", "1.0.rc1", true),
            ("1.0-1", "1.0.post1", true),
            ("1.0rc-1", "1.0rc1", true),
            ("1.0.dev", "1.0dev0", true),
            ("1.0+cu132", "1.0+CU132", true),
            ("01.2", "1.2", true),
            ("0!1", "1", true),
            ("1.0", "1.0.1", false),
            ("1.0", "1.0a1", false),
            ("1.0+cu132", "1.0", false),
            ("1.0.post1", "1.0.dev1", false),
            ("10", "1", false),
            ("1!1", "1", false),
            ("é.1", "1", false),
        ] {
            assert_eq!(same(a, b), alike, "{a} {b}");
        }
    }
}
