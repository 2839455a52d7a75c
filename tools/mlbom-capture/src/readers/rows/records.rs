//! Counts records separated by commas or tabs (RFC 4180), byte by byte: memory does not grow with the file, nor with a
//! quote that nobody closes.

use std::io::{self, Read};

use super::text::{Counted, MAX_ROW_BYTES, pieces};

/// What separates fields, the most usual first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How much of the header is looked at for what separates its fields, in bytes.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// The records of `file` after its header; a line break inside quotes ends none. `separator` is looked for in the header
/// if it is not given.
pub(super) fn count(mut file: impl Read, separator: Option<u8>) -> io::Result<Counted> {
    let mut records = Records { separator, ..Records::default() };
    let done = pieces(&mut file, |piece| records.take(piece))?;
    Ok(done.and_then(|()| records.finish()))
}

/// Where in a record a byte stands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// Before its first byte; empty lines end here as well.
    #[default]
    Record,
    /// Before the first byte of a field.
    Field,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end of them, unless another follows.
    Quote,
}

#[derive(Default)]
struct Records {
    separator: Option<u8>,
    state: State,
    ended: u64,
    /// Of the record that is being read, in bytes.
    length: u64,
    /// The start of the header, until it shows what separates its fields.
    header: Vec<u8>,
}

impl Records {
    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        let Some(separator) = self.separator else {
            self.header.extend_from_slice(piece);
            let is_break = |b: &u8| matches!(b, b'\r' | b'\n');
            let ended = self.header.iter().skip_while(|b| is_break(b)).any(is_break);
            if !ended && self.header.len() < MAX_HEADER_BYTES {
                return Ok(());
            }
            return self.decide();
        };
        for byte in piece {
            self.length += 1;
            if self.length > MAX_ROW_BYTES {
                return Err(format!("record {} is longer than 64 MiB", self.ended + 1));
            }
            self.state = match (self.state, *byte) {
                (State::Quoted, b'"') => State::Quote,
                (State::Quoted, _) => State::Quoted,
                (State::Quote, b'"') => State::Quoted,
                (state, b'\r' | b'\n') => {
                    self.ended += u64::from(state != State::Record);
                    self.length = 0;
                    State::Record
                }
                (State::Record | State::Field, b'"') => State::Quoted,
                (_, byte) if byte == separator => State::Field,
                _ => State::Plain,
            };
        }
        Ok(())
    }

    /// Finds what separates the fields, and goes on with what was held back for that.
    fn decide(&mut self) -> Result<(), String> {
        let header = std::mem::take(&mut self.header);
        let line =
            header.split(|b| matches!(b, b'\r' | b'\n')).find(|line| !line.is_empty()).unwrap_or_default();
        let found = SEPARATORS.into_iter().find(|separator| line.contains(separator));
        self.separator = Some(found.unwrap_or(b','));
        self.take(&header)
    }

    fn finish(mut self) -> Counted {
        if self.separator.is_none() {
            self.decide()?;
        }
        match self.state {
            State::Quoted => return Err(format!("record {} ends inside quotes", self.ended + 1)),
            State::Record => {}
            _ => self.ended += 1,
        }
        // The first is the header.
        Ok(self.ended.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(bytes: &[u8]) -> Counted {
        count(bytes, None).expect("bytes can be read")
    }

    #[test]
    fn records_are_not_lines() {
        for (text, want) in [
            ("", 0),
            ("\n\n", 0),
            ("a,b", 0),
            ("a,b\n", 0),
            ("a,b\n1,2", 1),
            ("a,b\r\n1,2\r\n3,4\r\n", 2),
            ("a,b\r1,2\r", 1),
            ("a,b\n\n1,2\n\n", 1),
            ("a,b\n\"1\n2\r\n3\",4\n", 1),
            ("a,b\n\"1 \"\"x\"\"\n\",4\n5,6\n", 2),
            ("a,b\n1 \"x,2\n3\" y,4\n", 2),
            ("\u{feff}\"a\nb\",c\n1,2\n", 1),
            ("a;b\n1;\"x\ny\"\n", 1),
            ("\n\r\na;b\n1;\"x\ny\"\n", 1),
            ("a\n\0\n\n", 1),
        ] {
            assert_eq!(csv(text.as_bytes()), Ok(want), "{text:?}");
        }
        assert_eq!(csv(b"a,b\n\xff\xfe,2\n"), Ok(1));
        let tabs = count(&b"a\tb\n1\t\"x\ny\"\n2\t,\"\n"[..], Some(b'\t')).expect("bytes");
        assert_eq!(tabs, Ok(2));
        assert!(csv(b"a,b\n\"1,2\n3,4\n").expect_err("an open quote").contains("record 2"));
    }

    /// Any text of these characters, counted here and by the csv crate.
    #[test]
    fn as_another_reader_counts() {
        let characters = b"a,\"\n\r";
        for number in 0..5u32.pow(6) {
            let mut rest = number;
            let mut text = b"h,".to_vec();
            for _ in 0..6 {
                text.push(characters[(rest % 5) as usize]);
                rest /= 5;
            }
            let other = ::csv::ReaderBuilder::new().flexible(true).buffer_capacity(16).from_reader(&text[..]);
            let want = other.into_byte_records().count() as u64;
            let mut records = Records::default();
            text.chunks(3).try_for_each(|piece| records.take(piece)).expect("short");
            match records.finish() {
                Ok(found) => assert_eq!(found, want, "{:?}", String::from_utf8_lossy(&text)),
                Err(why) => assert!(why.contains("inside quotes")),
            }
        }
    }

    #[test]
    fn long_records_are_refused() {
        for state in [State::Plain, State::Quoted] {
            let length = MAX_ROW_BYTES - 1;
            let mut records = Records { length, state, separator: Some(b','), ..Records::default() };
            assert_eq!(records.take(b"x"), Ok(()));
            assert!(records.take(b"x").expect_err("long").contains("record 1 is longer than 64 MiB"));
        }
        let endless = count(io::repeat(b'x').take(1 << 20), None).expect("bytes");
        assert_eq!(endless, Ok(0), "a header and no more");
    }
}
