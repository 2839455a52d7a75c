//! PEM as people have it (RFC 7468, 2, and what its parsers may pass over): lines of any length, blanks, and text around the
//! blocks. What is refused is what could be read in two ways.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";
/// The longest label that is looked for.
const MAX_LABEL: usize = 64;

/// One block.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    /// What its text is the base64 of; `None` if it is none, as where there are headers.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// The blocks of a text, in order; `None` at one that does not end, and after it.
pub(crate) fn blocks(text: &str) -> impl Iterator<Item = Option<Block<'_>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = begin(rest)? + BEGIN.len();
        let block = block(&rest[start..]);
        rest = block.as_ref().map_or("", |(_, rest)| rest);
        Some(block.map(|(block, _)| block))
    })
}

/// Where the next block begins: at the start of a line, blanks aside. In a comment it is none.
fn begin(text: &str) -> Option<usize> {
    let is_first = |at: &usize| {
        let line = text[..*at].rsplit('\n').next().unwrap_or_default();
        line.trim_ascii_start().is_empty()
    };
    text.match_indices(BEGIN).map(|(at, _)| at).find(is_first)
}

/// The block whose label `text` begins with, and what comes after it.
fn block(text: &str) -> Option<(Block<'_>, &str)> {
    let (label, body) = text.split_once(DASHES)?;
    if label.len() > MAX_LABEL || label.contains(['\n', '\r']) {
        return None;
    }
    let (body, rest) = body.split_once(&format!("{DASHES}END {label}{DASHES}"))?;
    let base64: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    // A block in a block has dashes, which are no base64.
    let bytes = STANDARD.decode(base64).ok();
    Some((Block { label, bytes }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Option<(String, Option<Vec<u8>>)>> {
        blocks(text).map(|block| block.map(|block| (block.label.to_owned(), block.bytes))).collect()
    }

    #[test]
    fn as_people_have_it() {
        let one = Some(("A B".to_owned(), Some(b"abcdef".to_vec())));
        for text in [
            "-----BEGIN A B-----\nYWJjZGVm\n-----END A B-----\n",
            "-----BEGIN A B-----YWJjZGVm-----END A B-----",
            "-----BEGIN A B-----\r\nYWJj\r\nZGVm\r\n-----END A B-----\r\n",
            "text\n\n-----BEGIN A B-----  \n\n  YW\tJjZ\nGVm \n\n-----END A B-----\nmore text",
        ] {
            assert_eq!(read(text), std::slice::from_ref(&one), "{text}");
        }
        let two = "-----BEGIN A B-----\nYWJjZGVm\n-----END A B-----\n".repeat(2);
        assert_eq!(read(&two), [one.clone(), one.clone()]);
        assert_eq!(read("no block"), []);
        assert_eq!(read("# -----BEGIN A-----YWJj-----END A-----\n"), [], "a comment");
        assert_eq!(
            read("  -----BEGIN A B-----\n  YWJjZGVm\n  -----END A B-----\n"),
            std::slice::from_ref(&one)
        );
        for text in [
            "-----BEGIN A B-----\nYWJjZGVm\n",
            "-----BEGIN A B-----\nYWJjZGVm\n-----END B-----\n",
            "-----BEGIN A\nB-----\nYWJjZGVm\n-----END A\nB-----\n",
            "-----BEGIN ",
        ] {
            assert_eq!(read(text), [None], "{text}");
        }
        for body in
            ["YWJjZGV", "Proc-Type: 4\n\nYWJj", "-----BEGIN C-----\nYWJj\n-----END C-----", "YW-j", "é"]
        {
            let text = format!("-----BEGIN A-----\n{body}\n-----END A-----\n");
            assert_eq!(read(&text), [Some(("A".to_owned(), None))], "{body}");
        }
    }
}
