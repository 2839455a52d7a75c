//! Names that strangers could have: what a pattern of names has to leave out to be about anybody in particular.
//!
//! Who may be a stranger follows from a name that the pattern meets. Whoever owns the domain of an address, the host of a
//! URI, or at a service that is open to all the first part of the path, decides about everything else in it.

/// Mail services where anybody gets an address.
const MAIL: [&str; 12] = [
    "gmail.com",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.ru",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "users.noreply.github.com",
    "yahoo.com",
];

/// Services where anybody gets a path, whose builds sign.
const HOSTS: [&str; 5] = ["bitbucket.org", "buildkite.com", "codeberg.org", "github.com", "gitlab.com"];

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
        if HOSTS.contains(&host) {
            names.extend(paths(path).into_iter().map(|other| format!("{scheme}://{host}{other}")));
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

/// Paths whose first part is another; also with all of this one's in the name of a branch, which an owner chooses too.
fn paths(path: &str) -> Vec<String> {
    let owner = path[1.min(path.len())..].split('/').next().unwrap_or_default();
    let rest = &path[(1 + owner.len()).min(path.len())..];
    let mut paths: Vec<String> = words(owner).into_iter().map(|other| format!("/{other}{rest}")).collect();
    for other in words(owner) {
        let (file, _) = rest.split_once('@').unwrap_or((rest, ""));
        paths.push(format!("/{other}{file}@refs/heads{path}"));
    }
    paths
}

/// Domains with another owner. The last label is a registry's, and the last two where the second is as short as `co.uk`'s.
fn domains(domain: &str) -> Vec<String> {
    let labels: Vec<&str> = domain.split('.').collect();
    let registry = match labels.as_slice() {
        [_] => 0,
        [_, .., second, top] if second.len() <= 3 && top.len() == 2 => 2,
        _ => 1,
    };
    let (own, registry) = labels.split_at(labels.len() - registry);
    let (bought, beneath) = own.split_last().map_or(("", own), |(last, rest)| (*last, rest));
    let join = |other: String| [beneath, &[other.as_str()], registry].concat().join(".");
    let mut domains: Vec<String> = words(bought).into_iter().map(join).collect();
    domains.push(format!("{domain}.net"));
    domains
}

/// Words like this one: others of the same letters' kinds, and longer ones.
fn words(word: &str) -> Vec<String> {
    vec![turned(word, 1), turned(word, 12), format!("{word}-x"), format!("{word}1"), format!("x-{word}")]
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
            "https://hjuivc.com/acme2/models/.github/workflows/release.yml@refs/tags/v1",
            "https://github.com/bdnf3/models/.github/workflows/release.yml@refs/tags/v1",
            "https://github.com/acme2-x/models/.github/workflows/release.yml@refs/tags/v1",
            "https://github.com/bdnf3/models/.github/workflows/release.yml@refs/heads/acme2/models/.github/workflows/release.yml@refs/tags/v1",
        ] {
            assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:#?}");
        }
        // Whoever has an account on a company's own server is a colleague.
        assert!(of("https://github.acme.example/team/x").iter().all(|name| name.ends_with("/team/x")));
        assert!(of("ann@acme.example").iter().all(|name| name.starts_with("ann@")));
        assert!(of("ann@gmail.com").contains(&"boo@gmail.com".to_owned()));
        assert!(of("ann@mail.acme.co.uk").contains(&"ann@mail.bdnf.co.uk".to_owned()));
        // None of them is the name itself.
        for name in
            ["a@b.c", "https://github.com", "https://github.com/", "x", "", "!", "@", "://", "1.2.3.4"]
        {
            assert!(!of(name).contains(&name.to_owned()), "{name}");
        }
    }
}
