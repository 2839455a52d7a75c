//! Names that strangers could have: what a pattern of names has to leave out to be about anybody in particular.
//!
//! Who may be a stranger follows from a name that the pattern meets. Whoever owns the domain of an address, the host of a
//! URI, or at a service that is open to all the first part of the path, decides about everything else in it.

/// Mail services where anybody gets an address.
const MAIL: [&str; 34] = [
    "126.com",
    "163.com",
    "aol.com",
    "fastmail.com",
    "foxmail.com",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "live.com",
    "mac.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "outlook.com",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "users.noreply.github.com",
    "web.de",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
];

/// Services where anybody gets a path, whose builds sign, and how many parts of the path stand before the owner's.
const HOSTS: [(&str, usize); 10] = [
    ("bitbucket.org", 0),
    ("buildkite.com", 0),
    ("circleci.com", 3),
    ("codeberg.org", 0),
    ("dev.azure.com", 0),
    ("g.codefresh.io", 0),
    ("github.com", 0),
    ("gitlab.com", 0),
    ("huggingface.co", 0),
    ("oidc.circleci.com", 1),
];

/// What stands before the two letters of a country where that is a registry too.
const SECOND: [&str; 12] = ["ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org", "sch"];

/// Domains beneath which anybody gets one.
const SHARED: [&str; 16] = [
    "appspot.com",
    "azurewebsites.net",
    "cloudfunctions.net",
    "enforce.dev",
    "eu.org",
    "ghe.com",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "hf.space",
    "iam.gserviceaccount.com",
    "netlify.app",
    "onmicrosoft.com",
    "pages.dev",
    "uk.com",
    "vercel.app",
];

/// Names that look like `name`, as far as a stranger can choose; never itself.
pub(super) fn of(name: &str) -> Vec<String> {
    let mut names = like(name);
    names.retain(|other| other != name);
    names
}

fn like(name: &str) -> Vec<String> {
    if let Some((scheme, rest)) = name.split_once("://") {
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let mut names: Vec<String> =
            domains(host).into_iter().map(|other| format!("{scheme}://{other}{path}")).collect();
        if let Some((_, before)) = HOSTS.iter().find(|(open, _)| *open == host) {
            names.extend(paths(path, *before).into_iter().map(|other| format!("{scheme}://{host}{other}")));
        }
        return names;
    }
    if let Some((local, domain)) = name.rsplit_once('@') {
        let mut names: Vec<String> =
            domains(domain).into_iter().map(|other| format!("{local}@{other}")).collect();
        if MAIL.contains(&domain.to_ascii_lowercase().as_str()) {
            names.extend(words(local).into_iter().map(|other| format!("{other}@{domain}")));
        }
        return names;
    }
    match name.rsplit_once('!') {
        Some((user, domain)) => domains(domain).into_iter().map(|other| format!("{user}!{other}")).collect(),
        None => domains(name),
    }
}

/// Paths with another owner, whose part comes after `before` others; also with all of this one's in the name of a branch,
/// which an owner chooses too.
fn paths(path: &str, before: usize) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').collect();
    // The first is empty, for the path begins with a slash.
    let Some(owner) = parts.get(before + 1) else { return Vec::new() };
    let with = |other: &str| {
        let mut parts = parts.clone();
        parts[before + 1] = other;
        parts.join("/")
    };
    let words = words(owner);
    let mut paths: Vec<String> = words.iter().map(|other| with(other)).collect();
    for other in &words {
        let path_of_other = with(other);
        let file = path_of_other.split_once('@').map_or(path_of_other.as_str(), |(file, _)| file);
        paths.push(format!("{file}@refs/heads{path}"));
    }
    paths
}

/// Domains with another owner, who has bought the label before the registry's.
fn domains(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let shared =
        SHARED.iter().find(|shared| domain.strip_suffix(**shared).is_some_and(|own| own.ends_with('.')));
    let registry = match (shared, labels.as_slice()) {
        (Some(shared), _) => shared.split('.').count(),
        (None, [_]) => 0,
        (None, [_, .., second, top]) if SECOND.contains(second) && top.len() == 2 => 2,
        (None, _) => 1,
    };
    let (own, registry) = labels.split_at(labels.len() - registry);
    let (bought, beneath) = own.split_last().map_or(("", own), |(last, rest)| (*last, rest));
    let join = |other: String| [beneath, &[other.as_str()], registry].concat().join(".");
    let mut domains: Vec<String> = words(bought).into_iter().map(join).collect();
    domains.extend([format!("{domain}.net"), format!("{domain}.org")]);
    domains
}

/// Words like this one: others of the same letters' kinds, also of one side of a hyphen, and longer ones.
fn words(word: &str) -> Vec<String> {
    let mut words = vec![turned(word, 7), turned(word, 19)];
    if let Some((first, rest)) = word.split_once('-') {
        for by in [7, 19] {
            words.extend([format!("{}-{rest}", turned(first, by)), format!("{first}-{}", turned(rest, by))]);
        }
    }
    for end in ["x", "q", "-x", "-q", "1", "2"] {
        words.push(format!("{word}{end}"));
    }
    words.extend(["x", "q", "x-", "q-"].map(|begin| format!("{begin}{word}")));
    words
}

/// Another word, its letters letters still, and its digits digits.
fn turned(word: &str, by: u8) -> String {
    let turn = |character: char| match character {
        'a'..='z' => (b'a' + (character as u8 - b'a' + by) % 26) as char,
        'A'..='Z' => (b'A' + (character as u8 - b'A' + by) % 26) as char,
        '0'..='9' => (b'0' + (character as u8 - b'0' + by) % 10) as char,
        other => other,
    };
    word.chars().map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_owner_of_the_same_kind() {
        let path = "/models/.github/workflows/release.yml@refs/tags/v1";
        let names = of(&format!("https://github.com/acme2{path}"));
        for wanted in [
            "https://npaobi.com/acme2/models/.github/workflows/release.yml@refs/tags/v1",
            "https://github.com/hjtl9/models/.github/workflows/release.yml@refs/tags/v1",
            "https://github.com/acme2-x/models/.github/workflows/release.yml@refs/tags/v1",
            "https://github.com/hjtl9/models/.github/workflows/release.yml@refs/heads/acme2/models/.github/workflows/release.yml@refs/tags/v1",
        ] {
            assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:#?}");
        }
        // Whoever has an account on a company's own server is a colleague.
        assert!(of("https://github.acme.example/team/x").iter().all(|name| name.ends_with("/team/x")));
        assert!(of("ann@acme.example").iter().all(|name| name.starts_with("ann@")));
        assert!(of("ann@gmail.com").contains(&"huu@gmail.com".to_owned()));
        assert!(of("ann@mail.acme.co.uk").contains(&"ann@mail.hjtl.co.uk".to_owned()));
        // None of them is the name itself.
        for name in
            ["a@b.c", "https://github.com", "https://github.com/", "x", "", "!", "@", "://", "1.2.3.4"]
        {
            assert!(!of(name).contains(&name.to_owned()), "{name}");
        }
    }
}
