//! What a policy's text must be before the Rego parser sees it.

/// The most bytes of one policy file.
pub(crate) const MAX_BYTES: u64 = 1 << 20;
/// How deep brackets of any kind may nest. The parser's time doubles with each level: 16 take milliseconds, 40 years.
const MAX_NESTING: usize = 16;

/// Why a text is not handed to the parser.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("is empty, a policy was wanted")]
    Empty,
    #[error("line {line}: holds the control character {found:?}")]
    Control { line: usize, found: char },
    #[error("line {line}: brackets nest deeper than {MAX_NESTING} levels")]
    Nesting { line: usize },
}

impl Flaw {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        matches!(self, Self::Nesting { .. }).then_some("give the inner value a name of its own")
    }
}

/// What the brackets stand in.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Within {
    Code,
    Comment,
    RawString,
    String,
}

/// Checks `text` without parsing it. Strings and comments are told apart exactly as the parser does.
pub(crate) fn check(text: &str) -> Result<(), Flaw> {
    let (mut within, mut depth, mut line, mut escaped, mut blank) = (Within::Code, 0_usize, 1, false, true);
    for c in text.chars() {
        // Where a control character ends a comment or a string is the parser's secret, so none is let through.
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            return Err(Flaw::Control { line, found: c });
        }
        blank &= c.is_whitespace();
        if c == '\n' {
            line += 1;
        }
        within = match (within, c) {
            (Within::Code, '"') => Within::String,
            (Within::Code, '`') => Within::RawString,
            (Within::Code, '#') => Within::Comment,
            (Within::Code, '(' | '[' | '{') => {
                depth += 1;
                if depth > MAX_NESTING {
                    return Err(Flaw::Nesting { line });
                }
                Within::Code
            }
            (Within::Code, ')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                Within::Code
            }
            (Within::String, '"') if !escaped => Within::Code,
            (Within::RawString, '`') => Within::Code,
            // The parser refuses a line break inside of a quoted string, so going on in either state is safe.
            (Within::Comment, '\n') => Within::Code,
            _ => within,
        };
        escaped = within == Within::String && c == '\\' && !escaped;
    }
    if blank { Err(Flaw::Empty) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_counts_code_only() {
        let nested = |depth: usize| format!("x := {}{}", "[{(".repeat(depth), ")}]".repeat(depth));
        assert!(check(&nested(5)).is_ok());
        assert!(matches!(check(&nested(6)), Err(Flaw::Nesting { line: 1 })));
        let many = "[".repeat(40);
        for (text, why) in [
            (format!("x := \"{many}\""), "a string"),
            (format!("x := \"\\\"{many}\""), "an escaped quote"),
            (format!("x := `\n{many}`"), "a raw string"),
            (format!("x := 1 # \" ` {many}\n"), "a comment"),
        ] {
            assert!(check(&text).is_ok(), "{why}");
        }
        for (text, why) in [
            (format!("x := \"\\\\\"{many}"), "an escaped backslash ends no string"),
            (format!("# `\n{many}"), "a backquote in a comment"),
            (format!("x := `\\`{many}"), "a raw string has no escapes"),
            (format!("x := \"#\"{many}"), "a string with a hash sign"),
            (format!("x := \"`\"{many}"), "a string with a backquote"),
            (many.clone(), "bare"),
            (many.replace('[', "{"), "braces"),
            (many.replace('[', "("), "parentheses"),
            (many.replace('[', "[ # ]\n"), "closed in comments"),
        ] {
            assert!(matches!(check(&text), Err(Flaw::Nesting { .. })), "{why}");
        }
    }

    #[test]
    fn other_flaws() {
        assert!(matches!(check(" \n\t\r\n"), Err(Flaw::Empty)));
        assert!(matches!(check(""), Err(Flaw::Empty)));
        for control in ['\0', '\u{b}', '\u{c}', '\u{1b}', '\u{85}'] {
            assert!(matches!(check(&format!("package a\n# {control}")), Err(Flaw::Control { line: 2, .. })));
        }
    }
}
