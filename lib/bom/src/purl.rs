//! Package URLs (ECMA-427; package-url/purl-spec, `types/`), written only where what they name is known to be that.

use mlbom::evidence::{Entity, Role};

/// The package URL of an entity, from its facts; none where a part that its type demands is missing.
pub(crate) fn of<'a>(entity: &Entity, fact: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    match entity.role {
        // A model of a Hub, at a commit: a branch is no version. One-part names cannot be written.
        Role::BaseModel | Role::Adapter => {
            let (org, name) = fact("hub.repository")?.split_once('/')?;
            let commit = fact("hub.commit").filter(|commit| is_commit(commit))?;
            Some(format!("pkg:huggingface/{}/{}@{commit}", encoded(org), encoded(name)))
        }
        Role::Library => library(entity, fact),
        // There is no type for datasets: a generic one with the digest of what was there.
        role if role.is_dataset() => {
            let (org, name) = fact("hub.repository")?.split_once('/')?;
            let (commit, digest) =
                (fact("hub.commit").filter(|commit| is_commit(commit))?, fact("content.digest")?);
            Some(format!("pkg:generic/{}/{}@{commit}?checksum=sha256:{digest}", encoded(org), encoded(name)))
        }
        _ => None,
    }
}

fn library<'a>(entity: &Entity, fact: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    let version = fact("package.version")?;
    let (name, version) = (encoded(&entity.name), encoded(version));
    if fact("package.installer") == Some("conda") {
        return Some(format!("pkg:conda/{name}@{version}"));
    }
    match (fact("package.url"), fact("package.commit")) {
        (None, None) => Some(format!("pkg:pypi/{name}@{version}")),
        (Some(url), Some(commit)) => {
            Some(format!("pkg:pypi/{name}@{version}?vcs_url={}", encoded(&format!("git+{url}@{commit}"))))
        }
        (Some(url), None) => Some(format!("pkg:pypi/{name}@{version}?download_url={}", encoded(url))),
        (None, Some(_)) => None,
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Percent-encoding as purl has it: everything but letters, digits, `.`, `-`, `_`, `~` and `:`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known() {
        let commit = "0c5e78a1899c0440d2c0422f9e45d82267d54630";
        type Case<'a> = (Role, &'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: [Case<'_>; 7] = [
            (
                Role::BaseModel,
                &[("hub.repository", "acme-lab/Tiny"), ("hub.commit", commit)],
                Some("pkg:huggingface/acme-lab/Tiny@0c5e78a1899c0440d2c0422f9e45d82267d54630"),
            ),
            (Role::BaseModel, &[("hub.repository", "acme-lab/tiny"), ("hub.commit", "main")], None),
            (Role::BaseModel, &[("hub.repository", "gpt2"), ("hub.commit", commit)], None),
            (Role::TrainingDataset, &[("hub.repository", "a/b"), ("hub.commit", commit)], None),
            (Role::Library, &[("package.version", "2.15.0+cu132")], Some("pkg:pypi/n@2.15.0%2Bcu132")),
            (
                Role::Library,
                &[("package.version", "1"), ("package.url", "https://h/x.git"), ("package.commit", "ab")],
                Some("pkg:pypi/n@1?vcs_url=git%2Bhttps:%2F%2Fh%2Fx.git%40ab"),
            ),
            (Role::Library, &[], None),
        ];
        for (role, facts, want) in cases {
            let entity = Entity { id: "x".into(), role, name: "n".into() };
            let fact = |name: &str| facts.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
            assert_eq!(of(&entity, fact).as_deref(), want);
        }
    }
}
