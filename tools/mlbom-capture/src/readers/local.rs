//! What only one machine knows: its paths. They say nothing elsewhere, and they hold the names of people.

/// Whether `text` is a path that begins at a root, a home directory or a drive, or a `file:` URL.
pub(crate) fn is_absolute(text: &str) -> bool {
    let mut bytes = text.bytes();
    let drive = matches!(
        (bytes.next(), bytes.next(), bytes.next()),
        (Some(letter), Some(b':'), Some(b'/' | b'\\')) if letter.is_ascii_alphabetic()
    );
    drive
        || text.starts_with('/')
        || text.starts_with("\\\\")
        || text.starts_with('~') && text.contains('/')
        || text.get(..5).is_some_and(|s| s.eq_ignore_ascii_case("file:"))
}

/// Whether `text` can only be a path: absolute, or not of the form `organisation/name`. `a/b` may be either.
pub(crate) fn is_path(text: &str) -> bool {
    is_absolute(text)
        || text.starts_with('.')
        || text.ends_with('/')
        || text.contains('\\')
        || text.matches('/').count() > 1
}

/// Whether an absolute path stands somewhere in `text`: at its start, or after a space, a quote, a bracket or the like.
pub(crate) fn holds_absolute(text: &str) -> bool {
    text.split(before_path).any(|part| part.len() > 2 && is_absolute(part))
}

/// `text` with absolute paths of more than one part replaced by a word.
pub(crate) fn without_places(text: &str) -> String {
    if !holds_absolute(text) {
        return text.to_owned();
    }
    let replaced = text.split_inclusive(before_path).map(|part| {
        let end =
            part.char_indices().next_back().filter(|(_, c)| before_path(*c)).map_or(part.len(), |(at, _)| at);
        let (path, rest) = part.split_at(end);
        let place = path.len() > 2 && is_absolute(path) && path.trim_start_matches('/').contains(['/', '\\']);
        if place { format!("[a local path]{rest}") } else { part.to_owned() }
    });
    replaced.collect()
}

/// What may stand before a path in running text.
fn before_path(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '=' | ',' | ';' | '(' | '[' | '{' | '|')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_names() {
        for (text, absolute, path) in [
            ("/srv/train/out", true, true),
            ("~/models/x", true, true),
            ("C:\\models\\x", true, true),
            ("d:/models", true, true),
            ("\\\\server\\share", true, true),
            ("File:///srv/x", true, true),
            ("./out", false, true),
            ("../out", false, true),
            ("a/b/c", false, true),
            ("out/", false, true),
            ("acme-lab/tiny-bert", false, false),
            ("gpt2", false, false),
            ("https://hub.example", false, true),
            ("~1B", false, false),
            ("\\n", false, true),
            ("", false, false),
        ] {
            assert_eq!((is_absolute(text), is_path(text)), (absolute, path), "{text}");
        }
        for (text, want) in [
            ("--data /srv/x", true),
            ("{\"dir\": \"/home/u/x\"}", true),
            ("dir=/home/u", true),
            ("a/b https://x/y", false),
            ("</s>", false),
            ("1 / 2", false),
        ] {
            assert_eq!(holds_absolute(text), want, "{text}");
        }
        for (text, want) in [
            ("--data /srv/x -v", "--data [a local path] -v"),
            ("C:\\models\\x", "[a local path]"),
            ("/home/alice", "[a local path]"),
            ("/root", "/root"),
            ("a/b https://x/y", "a/b https://x/y"),
            ("config.json#/auto_map/A=x.Y", "config.json#/auto_map/A=x.Y"),
        ] {
            assert_eq!(without_places(text), want, "{text}");
        }
    }
}
