//! What others say, cut and made safe to show.

use mlbom::text::escape;

/// The longest part of a server's answer that an error shows, in bytes before escaping.
pub(crate) const SHOWN_BYTES: usize = 300;

/// Shorter parts of a secret are not looked for: they would be found in any text.
const SECRET_BYTES: usize = 8;

/// The beginning of `text` in one line, without any of `secrets` or a dot-separated part of one.
pub(crate) fn shown(text: &[u8], secrets: &[&str]) -> String {
    let mut text = String::from_utf8_lossy(text).into_owned();
    for secret in secrets {
        // The whole first: its parts would leave the dots, and tell how long they are.
        for part in
            std::iter::once(*secret).chain(secret.split('.')).filter(|part| part.len() >= SECRET_BYTES)
        {
            text = text.replace(part, "[token]");
        }
    }
    let text = text.trim();
    let end = text.floor_char_boundary_at(SHOWN_BYTES);
    let more = if end < text.len() { "..." } else { "" };
    format!("{}{more}", escape(&text[..end]))
}

/// `str::floor_char_boundary`, which the oldest supported compiler does not have.
trait Floor {
    fn floor_char_boundary_at(&self, at: usize) -> usize;
}

impl Floor for str {
    fn floor_char_boundary_at(&self, at: usize) -> usize {
        (0..=at.min(self.len())).rev().find(|end| self.is_char_boundary(*end)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_escaped_and_without_secrets() {
        assert_eq!(shown(b" a\x1b[2Jb\n", &[]), "a\\u{1b}[2Jb");
        let long = "\u{fc}".repeat(400);
        assert_eq!(shown(long.as_bytes(), &[]), format!("{}...", "\u{fc}".repeat(150)));
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl";
        let said = format!("bad {token}, payload eyJpc3MiOiJhIn0");
        assert_eq!(shown(said.as_bytes(), &[token]), "bad [token], payload [token]");
    }
}
