//! URLs of repositories, archives and jobs, as far as they may be told.

/// The longest that is told, in bytes.
const MAX_BYTES: usize = 2048;

/// `url` without user information, query and fragment; none if it names a place on this machine, or is no URL.
///
/// The short form of ssh, `user@host:path` (git-clone, "GIT URLs"), becomes `ssh://host/path`.
pub(crate) fn public(url: &str) -> Option<String> {
    let url = url.trim();
    if url.len() > MAX_BYTES || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let Some((scheme, rest)) = url.split_once("://") else { return short(url) };
    let known = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !known || scheme.is_empty() || scheme.eq_ignore_ascii_case("file") || scheme.ends_with("+file") {
        return None;
    }
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at_checked(end)?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = after.split(['?', '#']).next().unwrap_or_default();
    // A password with a slash in it would have ended the authority: then what follows is the rest of the password.
    is_host(host).then(|| format!("{scheme}://{host}{path}"))
}

fn short(url: &str) -> Option<String> {
    let (host, path) = url.split_once(':')?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let path = path.trim_start_matches('/');
    // One letter is a drive.
    let fits = host.len() > 1 && is_host(host) && !path.is_empty() && !path.contains(['@', ':', '?', '#']);
    fits.then(|| format!("ssh://{host}/{path}"))
}

/// A name or address, with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (host, ""),
    };
    !name.is_empty()
        && port.chars().all(|c| c.is_ascii_digit())
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':'))
        && (name.starts_with('[') || !name.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_and_local_places_are_left_out() {
        for (url, shown) in [
            ("https://git.example.org/acme/x.git", Some("https://git.example.org/acme/x.git")),
            ("https://user:secret@git.example.org/x", Some("https://git.example.org/x")),
            ("https://secret@git.example.org:8443/x", Some("https://git.example.org:8443/x")),
            ("https://a:b@c@git.example.org/x", Some("https://git.example.org/x")),
            ("https://git.example.org/x?private_token=secret#frag", Some("https://git.example.org/x")),
            ("https://user:sec/ret@git.example.org/x", None),
            ("ssh://git@[::1]:22/x", Some("ssh://[::1]:22/x")),
            ("git@git.example.org:acme/x.git", Some("ssh://git.example.org/acme/x.git")),
            ("git.example.org:/acme/x.git", Some("ssh://git.example.org/acme/x.git")),
            ("user:secret@git.example.org:acme/x.git", None),
            ("ext::sh -c secret", None),
            ("codecommit::eu-1://secret@x", None),
            ("file:///srv/x", None),
            ("git+file:///srv/x", None),
            ("/srv/x", None),
            ("../x", None),
            ("C:\\x", None),
            ("https:///x", None),
            ("", None),
        ] {
            assert_eq!(public(url).as_deref(), shown, "{url}");
        }
    }
}
