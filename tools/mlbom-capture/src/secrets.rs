//! Keeps secrets out of the record: by the shape of the value, after the lists of what is read at all.
//!
//! A secret is replaced, never hashed: a short one can be guessed from its hash.

/// Tokens by what they begin with, and how many more characters of `[A-Za-z0-9_.-]` make one.
const PREFIXES: &[(&str, usize)] = &[
    ("hf_", 20),
    ("api_org_", 20),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("glrt-", 16),
    ("sk-", 20),
    ("pypi-", 32),
    ("npm_", 30),
    ("AKIA", 16),
    ("ASIA", 16),
    ("AIza", 30),
    ("ya29.", 20),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("dapi", 32),
    ("hvs.", 20),
    ("dop_v1_", 32),
    ("SG.", 30),
];

/// Words before `=` or `:` that say that a secret follows.
const WORDS: &[&str] = &[
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "accesskey",
    "access-key",
    "private_key",
    "privatekey",
    "authorization",
    "bearer",
    "credential",
    "credentials",
    "sig",
    "signature",
];

/// `text` with what looks like a secret replaced; sets `hidden` if anything was.
pub(crate) fn redact(text: &str, hidden: &mut bool) -> String {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        *hidden = true;
        return placeholder(text.len());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let at_word = out.chars().next_back().is_none_or(|before| !before.is_ascii_alphanumeric());
        if let Some(length) =
            token(rest).filter(|_| at_word || is_long(rest)).or_else(|| jwt(rest).filter(|_| at_word))
        {
            *hidden = true;
            out.push_str(&placeholder(length));
            rest = &rest[length..];
            continue;
        }
        if let Some((keep, length)) = user_info(rest).or_else(|| if at_word { assigned(rest) } else { None })
        {
            *hidden = true;
            out.push_str(&rest[..keep]);
            out.push_str(&placeholder(length));
            rest = &rest[keep + length..];
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn placeholder(length: usize) -> String {
    format!("[redacted: {length} bytes]")
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// The length of the token that `text` begins with.
fn token(text: &str) -> Option<usize> {
    let (prefix, least) = PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix))?;
    let rest = text[prefix.len()..].find(|c| !is_token(c)).unwrap_or(text.len() - prefix.len());
    (rest >= *least).then_some(prefix.len() + rest)
}

/// Whether no word goes on like what `text` begins with, so that it is a token wherever it stands.
fn is_long(text: &str) -> bool {
    let secret = text.find(['_', '-']).map_or("", |at| &text[at + 1..]);
    secret.len() >= 30 && secret.bytes().take(30).all(|byte| byte.is_ascii_alphanumeric())
}

/// The length of the JSON Web Token (RFC 7519) that `text` begins with.
fn jwt(text: &str) -> Option<usize> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let length = text.find(|c| !is_token(c)).unwrap_or(text.len());
    (text[..length].matches('.').count() >= 2 && length >= 30).then_some(length)
}

/// Where user information in a URL begins (RFC 3986, 3.2.1), and its length: `://user:password@`.
fn user_info(text: &str) -> Option<(usize, usize)> {
    let authority = text.strip_prefix("://")?;
    let end = authority.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(authority.len());
    let at = authority[..end].rfind('@')?;
    (at > 0 && !authority[..at].starts_with("[redacted:")).then_some((3, at))
}

/// Where the value after `token=` and the like begins, and its length.
fn assigned(text: &str) -> Option<(usize, usize)> {
    let name =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(text.len());
    let lower = text[..name].to_ascii_lowercase();
    let word = |word: &str| {
        lower == word || lower.strip_suffix(word).is_some_and(|before| before.ends_with(['_', '-']))
    };
    if name > 64 || !WORDS.iter().any(|known| word(known)) {
        return None;
    }
    let after = text[name..].trim_start_matches(['"', '\'', ' ']);
    let after = after.strip_prefix(['=', ':'])?.trim_start_matches(['"', '\'', ' ']);
    let after = after.strip_prefix("Bearer ").unwrap_or(after);
    let start = text.len() - after.len();
    let length = after
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ',' | ';'))
        .unwrap_or(after.len());
    // `tokens: 12` and `token: <s>` are no secrets.
    (length >= 6 && !after.starts_with(['<', '[', '{'])).then_some((start, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for secret in [
            "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ghp_0123456789abcdefghijABCDEFGHIJ",
            "AKIAIOSFODNN7EXAMPLE",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "sk-proj-abcdefghijklmnopqrstuv",
        ] {
            for text in [
                secret.to_owned(),
                format!("a {secret} b"),
                format!("--key={secret}"),
                format!("\"{secret}\""),
            ] {
                let mut hidden = false;
                let shown = redact(&text, &mut hidden);
                assert!(hidden && !shown.contains(secret), "{text}: {shown}");
            }
        }
        for (text, want) in [
            ("https://user:pass@host/x.git", "https://[redacted: 9 bytes]@host/x.git"),
            ("https://token@host/x.git", "https://[redacted: 5 bytes]@host/x.git"),
            ("--password=hunter22 -x", "--password=[redacted: 8 bytes] -x"),
            ("HUB_TOKEN=abcdefgh", "HUB_TOKEN=[redacted: 8 bytes]"),
            ("?a=1&sig=abcdefgh&b=2", "?a=1&sig=[redacted: 8 bytes]&b=2"),
        ] {
            let mut hidden = false;
            assert_eq!(redact(text, &mut hidden), want);
            assert!(hidden);
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        for text in [
            "acme-lab/tiny-bert-tickets",
            "136c651950f56412aa8d3469c8cce8aa1720db8e18d7c8abb54f81e924763a44",
            "https://git.example.org/acme/ticket-router.git",
            "eos_token: </s>",
            "tokens: 12",
            "hf_transfer",
            "sk-learn",
            "task-specific-params",
            "signature: gpg",
            "bert.encoder.layer.0.attention.self.key.bias",
            "user@example.org",
        ] {
            let mut hidden = false;
            assert_eq!(redact(text, &mut hidden), text);
            assert!(!hidden, "{text}");
        }
    }
}
