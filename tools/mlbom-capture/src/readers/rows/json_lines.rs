//! Counts JSON Lines (jsonlines.org). Memory does not grow with the file.

use std::io::{self, Read};

use serde::de::IgnoredAny;

use super::text::{Counted, MAX_ROW_BYTES, pieces, without_mark};

/// How many lines are checked to be JSON objects; the rest is only counted.
const MAX_CHECKED: u64 = 1000;
/// How much of a `.json` file is looked at to tell lines from one document, in bytes.
const MAX_LOOK_BYTES: u64 = 4 << 20;

/// The lines of `file` that are not empty.
pub(super) fn count(mut file: impl Read) -> io::Result<Counted> {
    let mut lines = Lines::default();
    let done = pieces(&mut file, |piece| lines.take(piece))?;
    Ok(done.and_then(|()| lines.finish()))
}

/// Whether the file begins with two lines that are JSON objects: one alone may be a document.
pub(super) fn are_in(file: impl Read) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(MAX_LOOK_BYTES).read_to_end(&mut start)?;
    let mut lines = start.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let (first, second) = (lines.next(), lines.next());
    // The second may be cut off.
    Ok(first.is_some_and(|line| is_object(without_mark(line)))
        && second.is_some_and(|line| line.trim_ascii_start().starts_with(b"{")))
}

fn is_object(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

#[derive(Default)]
struct Lines {
    rows: u64,
    /// Of the line that is being read, in bytes.
    length: u64,
    /// Whether that line holds anything.
    filled: bool,
    /// That line, as long as lines are checked.
    line: Vec<u8>,
}

impl Lines {
    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        for part in piece.split_inclusive(|b| *b == b'\n') {
            self.length += part.len() as u64;
            if self.length > MAX_ROW_BYTES {
                return Err(format!("row {} is longer than 64 MiB", self.rows + 1));
            }
            self.filled = self.filled || part.iter().any(|b| !b.is_ascii_whitespace());
            if self.rows < MAX_CHECKED {
                self.line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                self.end()?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        if self.filled {
            if self.rows < MAX_CHECKED && !is_object(&self.line) {
                return Err(format!("row {} is not a JSON object", self.rows + 1));
            }
            self.rows += 1;
        }
        self.line.clear();
        if self.rows >= MAX_CHECKED {
            self.line = Vec::new();
        }
        (self.length, self.filled) = (0, false);
        Ok(())
    }

    fn finish(mut self) -> Counted {
        self.end()?;
        Ok(self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_json() {
        let lines = |text: &str| count(text.as_bytes()).expect("bytes can be read");
        for (text, want) in [
            ("", 0),
            ("\n \r\n", 0),
            ("{}", 1),
            ("{}\n", 1),
            ("{\"a\": 1}\r\n\r\n{\"a\": 2}\r\n", 2),
            ("\u{feff}{}\n{}", 2),
        ] {
            assert_eq!(lines(text), Ok(want), "{text:?}");
        }
        for (text, why) in [
            ("[{}, {}]", "row 1"),
            ("{}\n{\n", "row 2"),
            ("{}\n1\n", "row 2"),
            ("{}\n{} {}\n", "row 2"),
            ("<html>", "row 1"),
        ] {
            assert!(lines(text).expect_err(text).contains(why), "{text:?}");
        }
        let many = "{}\n".repeat(5000) + "not checked any more\n";
        assert_eq!(lines(&many), Ok(5001));
    }

    #[test]
    fn lines_or_a_document() {
        for (text, want) in [
            ("{}\n{}\n", true),
            ("{\"a\": 1}\n{\"a\": ", true),
            ("{}", false),
            ("{}\n", false),
            ("{\n \"a\": {}\n}\n", false),
            ("[\n{}\n]", false),
            ("", false),
        ] {
            assert_eq!(are_in(text.as_bytes()).expect("bytes"), want, "{text:?}");
        }
    }

    #[test]
    fn long_lines_are_refused() {
        let mut lines = Lines { length: MAX_ROW_BYTES - 1, rows: MAX_CHECKED, ..Lines::default() };
        assert_eq!(lines.take(b"x"), Ok(()));
        assert!(lines.take(b"x").expect_err("long").contains("row 1001 is longer than 64 MiB"));
    }
}
