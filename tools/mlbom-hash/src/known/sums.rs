//! `--from-sums`: the lists that sha256sum writes, and BSD's.

use std::collections::BTreeMap;

use mlbom::cli::Input;
use mlbom::digest::Sha256;
use mlbom::manifest::MAX_FILES;
use mlbom::path::RelPath;
use mlbom_tree::Candidate;

use super::{Error, Found, Source};

/// A list of a million files fits.
pub(super) const MAX_BYTES: u64 = mlbom::stream::MAX_BYTES;

/// Every file of a list.
#[derive(Debug)]
pub(super) struct Sums(BTreeMap<RelPath, Sha256>);

impl Sums {
    pub(super) fn read(input: &Input) -> Result<Self, Error> {
        let name = || input.name.clone();
        let mut sums = BTreeMap::new();
        let mut rest = input.bytes.as_slice();
        let mut number = 0;
        while !rest.is_empty() {
            number += 1;
            let wrong = |why| Error::Sums { name: name(), line: number, why };
            // Cut off, a path may be the path of another file.
            let end = rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| wrong("has no end"))?;
            let line = std::str::from_utf8(&rest[..end]).map_err(|_| wrong("is not UTF-8"))?;
            rest = &rest[end + 1..];
            let (digest, path) = entry(line).map_err(wrong)?;
            let path = path.strip_prefix("./").unwrap_or(&path);
            let path = RelPath::parse(path).map_err(|why| Error::Path {
                name: name(),
                path: path.chars().take(100).collect(),
                why,
            })?;
            match sums.get(&path) {
                Some(other) if *other != digest => return Err(Error::Twice { name: name(), path }),
                Some(_) => {}
                None if sums.len() == MAX_FILES => return Err(Error::TooMany { name: name() }),
                None => {
                    sums.insert(path, digest);
                }
            }
        }
        if sums.is_empty() { Err(Error::SumsEmpty { name: name() }) } else { Ok(Self(sums)) }
    }
}

impl Source for Sums {
    fn find(&self, file: &Candidate<'_>) -> Result<Option<Found>, Error> {
        Ok(self.0.get(file.path).copied().map(Found::from))
    }

    fn paths(&self) -> Box<dyn Iterator<Item = &RelPath> + '_> {
        Box::new(self.0.keys())
    }
}

/// `HEX  PATH`, `HEX *PATH` or `SHA256 (PATH) = HEX`; with a backslash before it if the path is escaped
/// (GNU coreutils, "cksum output modes").
fn entry(line: &str) -> Result<(Sha256, String), &'static str> {
    const WANTED: &str = "is no line of sha256sum";
    // Some readers would take it for a part of the name, some not.
    if line.ends_with('\r') {
        return Err("ends in a carriage return");
    }
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |rest| (true, rest));
    let (digest, path) = match line.strip_prefix("SHA256 (") {
        Some(tagged) => tagged.rsplit_once(") = ").map(|(path, digest)| (digest, path)).ok_or(WANTED)?,
        None => {
            let (digest, rest) = line.split_once(' ').ok_or(WANTED)?;
            (digest, rest.strip_prefix([' ', '*']).ok_or(WANTED)?)
        }
    };
    let digest = digest.parse().map_err(|_| "has no SHA-256 in 64 lower-case digits")?;
    Ok((digest, if escaped { unescape(path).ok_or("has an unknown escape")? } else { path.to_owned() }))
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const B: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(text: impl AsRef<[u8]>) -> Result<Vec<(String, String)>, String> {
        let input = Input { name: "sums".to_owned(), bytes: text.as_ref().to_vec(), identity: None };
        Sums::read(&input)
            .map(|sums| sums.0.iter().map(|(path, digest)| (path.to_string(), digest.to_string())).collect())
            .map_err(|err| mlbom::cli::chain(&err))
    }

    #[test]
    fn refusals() {
        for (text, why) in [
            (String::new(), "no digest"),
            ("\n".to_owned(), "line 1 is no line"),
            (format!("{A}  a\n\n{A}  b\n"), "line 2 is no line"),
            (format!("{A}  a"), "line 1 has no end"),
            (format!("{A}  a\n{A}  b"), "line 2 has no end"),
            (format!("{A}  a\r\n"), "carriage return"),
            (format!("{A} a\n"), "no line of"),
            (format!("{A}\n"), "no line of"),
            (format!("{A}  \n"), "empty component"),
            (format!("{A}\ta\n"), "no line of"),
            (format!(" {A}  a\n"), "no line of"),
            (format!("# {A}  a\n"), "no line of"),
            (format!("{}  a\n", A.to_uppercase()), "64 lower-case"),
            (format!("{}  a\n", &A[1..]), "64 lower-case"),
            (format!("{A}{A}  a\n"), "64 lower-case"),
            (format!("{A}  /a\n"), "slash"),
            (format!("{A}  ../a\n"), "\"..\""),
            (format!("{A}  ././a\n"), "\"..\""),
            (format!("{A}  a/../b\n"), "\"..\""),
            (format!("{A}  -\u{1b}\n"), "control"),
            (format!("{A}  a\0{A}  b\0\n"), "control"),
            (format!("\\{A}  a\\nb\n"), "control"),
            (format!("\\{A}  a\\x\n"), "unknown escape"),
            (format!("\\{A}  a\\\n"), "unknown escape"),
            (format!("SHA512 (a) = {A}\n"), "no line of"),
            (format!("SHA256 (a) = {A}{A}\n"), "64 lower-case"),
            (format!("SHA256 (a)= {A}\n"), "no line of"),
            (format!("SHA256 () = {A}\n"), "empty component"),
            (format!("{A}  a\n{B}  a\n"), "twice"),
            (format!("{A}  a\n{B}  ./a\n"), "twice"),
            (format!("{A}  {}\n", "a".repeat(5000)), "longer than"),
        ] {
            let err = read(&text).expect_err(&text);
            assert!(err.contains(why), "{text:?}: {err}");
        }
        assert!(read([A.as_bytes(), b"  \xff\n"].concat()).expect_err("bytes").contains("UTF-8"));
    }

    #[test]
    fn what_others_write() {
        for (line, path) in [
            (format!("{A}  a b"), "a b"),
            (format!("{A} *a"), "a"),
            (format!("{A}   a"), " a"),
            (format!("{A}  ./a/b"), "a/b"),
            (format!("\\{A}  a\\\\b"), "a\\b"),
            (format!("{A}  a\\b"), "a\\b"),
            (format!("SHA256 (a) = {A}"), "a"),
            (format!("SHA256 (a) = x) = {A}"), "a) = x"),
            (format!("\\SHA256 (a\\\\b) = {A}"), "a\\b"),
        ] {
            let found =
                read(format!("{line}\n{line}\n{B}  z\n")).unwrap_or_else(|err| panic!("{line}: {err}"));
            assert_eq!(found, [(path.to_owned(), A.to_owned()), ("z".to_owned(), B.to_owned())], "{line}");
        }
    }
}
