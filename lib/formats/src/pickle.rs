//! Python pickles of all protocols.
//!
//! From protocol 2 on a pickle opens with a magic of two bytes. Protocols 0 and 1 have none, and the loader takes
//! them under any name: these are found by reading the opcodes (Python's `Lib/pickletools.py` has their table) as
//! they stream by. Nothing is built and nothing kept but a few numbers.

use crate::Start;

/// The highest protocol there is.
const MAX_PROTOCOL: u8 = 5;

pub(crate) fn is_start(start: Start<'_>) -> bool {
    matches!(start.bytes, [0x80, 0..=MAX_PROTOCOL, ..])
}

/// What a [`Scan`] knows so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    /// All opcodes were good ones.
    Undecided,
    /// The loader would have stopped without calling anything. (It may have imported a module, and so run a file called
    /// like it that lies in its working directory: a list of words looks the same, so that is not counted.)
    Nothing,
    /// The loader imports what the file names, and ends well or calls it.
    Code,
}

/// Follows the opcodes of a file that may be a pickle.
///
/// The file counts as one that runs code if the opcodes are good up to STOP and one of them imports something, or if
/// what was imported is called: then the harm is done, and whatever follows, even garbage, comes too late. A
/// pickle that ends without having imported anything may be followed by another one: PyTorch before 1.6 wrote five
/// in a row.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    state: State,
    /// At most so many things lie on the loader's stack, its marks included.
    depth: u64,
    /// At most so many of them are marks.
    marks: u64,
    /// Whether something was imported.
    imported: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Opcode,
    /// Inside a number that says how much to skip.
    Length {
        left: u8,
        got: u8,
        value: u64,
        signed: bool,
    },
    Skip(u64),
    /// Anything up to a line feed.
    AnyLine,
    NumberLine {
        digit: bool,
    },
    QuotedLine {
        first: Option<u8>,
        last: u8,
        several: bool,
    },
    /// One of the two lines of GLOBAL and INST: a module, then a name in it.
    NameLine {
        module: bool,
        component: bool,
        /// INST calls at once; GLOBAL waits for another opcode.
        calls: bool,
    },
}

/// An opcode: what it takes off the stack, what it leaves, and what follows it.
struct Opcode {
    pops: u8,
    pushes: u8,
    /// Whether one of the things it pops is a mark.
    mark: bool,
    argument: Argument,
}

#[derive(Clone, Copy)]
enum Argument {
    None,
    /// So many bytes.
    Bytes(u8),
    /// A little-endian number of so many bytes, then as many bytes as it says.
    Counted(u8),
    /// The same; a negative number is an error.
    CountedSigned(u8),
    AnyLine,
    NumberLine,
    QuotedLine,
    NameLines,
}

const MARK: u8 = b'(';
const STOP: u8 = b'.';
const INST: u8 = b'i';

impl Scan {
    /// Takes the next bytes of the file. Not to be called again after anything but [`Seen::Undecided`].
    pub(crate) fn update(&mut self, mut bytes: &[u8]) -> Seen {
        while let Some((&byte, rest)) = bytes.split_first() {
            match &mut self.state {
                State::Opcode => {
                    match self.opcode(byte) {
                        Seen::Undecided => {}
                        seen => return seen,
                    }
                    bytes = rest;
                }
                State::Length { left, got, value, signed } => {
                    *value |= u64::from(byte) << (8 * *got);
                    *got += 1;
                    *left -= 1;
                    bytes = rest;
                    if *left == 0 {
                        if *signed && byte >= 0x80 {
                            return Seen::Nothing;
                        }
                        self.state = if *value == 0 { State::Opcode } else { State::Skip(*value) };
                    }
                }
                State::Skip(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= taken as u64;
                    bytes = &bytes[taken..];
                    if *left == 0 {
                        self.state = State::Opcode;
                    }
                }
                State::AnyLine => {
                    let (_, rest) = split_line(bytes);
                    bytes = rest.unwrap_or_default();
                    if rest.is_some() {
                        self.state = State::Opcode;
                    }
                }
                State::QuotedLine { first, last, several } => {
                    let (line, rest) = split_line(bytes);
                    bytes = rest.unwrap_or_default();
                    let opening = match (*first, line.first()) {
                        (None, Some(opening)) => *first.insert(*opening),
                        (Some(opening), _) => opening,
                        (None, None) => return Seen::Nothing,
                    };
                    // Python 2 takes white space after the closing quote.
                    let start = usize::from(!*several).min(line.len());
                    if let Some(closing) = line[start..].iter().rev().find(|byte| !byte.is_ascii_whitespace())
                    {
                        *last = *closing;
                    }
                    *several = true;
                    if !matches!(opening, b'\'' | b'"') {
                        return Seen::Nothing;
                    }
                    if rest.is_some() {
                        if *last != opening {
                            return Seen::Nothing;
                        }
                        self.state = State::Opcode;
                    }
                }
                State::NumberLine { digit } => {
                    bytes = rest;
                    match byte {
                        b'\n' if *digit => self.state = State::Opcode,
                        // To the loader in C this ends the number (none is 0), and the rest of the line is not looked at.
                        0 => self.state = State::AnyLine,
                        // Signs, white space, "0x", "1_000", "1e9", "10L", "nan", "inf", "infinity": more than Python
                        // takes, never less.
                        b'0'..=b'9' | b'A'..=b'F' | b'a'..=b'f' => *digit = true,
                        b'N' | b'n' | b'I' | b'i' => *digit = true,
                        b'+' | b'-' | b'.' | b'_' | b' ' | b'\t' | b'\x0b' | b'\x0c' | b'\r' => {}
                        b'X' | b'x' | b'O' | b'o' | b'L' | b'l' | b'T' | b't' | b'Y' | b'y' => {}
                        _ => return Seen::Nothing,
                    }
                }
                State::NameLine { module, component, calls } => {
                    bytes = rest;
                    match byte {
                        b'\n' if *component && *module => {
                            *module = false;
                            *component = false;
                        }
                        b'\n' if *component => {
                            if *calls {
                                return Seen::Code;
                            }
                            self.imported = true;
                            self.state = State::Opcode;
                        }
                        b'.' if *component => *component = false,
                        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'-' | 0x80.. => *component = true,
                        _ => return Seen::Nothing,
                    }
                }
            }
        }
        Seen::Undecided
    }

    fn opcode(&mut self, byte: u8) -> Seen {
        let Some(opcode) = &OPCODES[usize::from(byte)] else { return Seen::Nothing };
        if self.depth < u64::from(opcode.pops) || (opcode.mark && self.marks == 0) {
            return Seen::Nothing;
        }
        self.depth = (self.depth - u64::from(opcode.pops)).saturating_add(u64::from(opcode.pushes));
        // POP may have taken a mark: there are never more marks than things.
        self.marks = (self.marks - u64::from(opcode.mark) + u64::from(byte == MARK)).min(self.depth);
        match byte {
            STOP if self.imported => return Seen::Code,
            STOP => *self = Self::default(),
            // REDUCE, OBJ, BUILD, NEWOBJ and NEWOBJ_EX call.
            b'R' | b'o' | b'b' | 0x81 | 0x92 if self.imported => return Seen::Code,
            // EXT1, EXT2, EXT4 and STACK_GLOBAL import; GLOBAL and INST once their lines were read.
            0x82..=0x84 | 0x93 => self.imported = true,
            _ => {}
        }
        self.state = match opcode.argument {
            Argument::None => State::Opcode,
            Argument::Bytes(count) => State::Skip(count.into()),
            Argument::Counted(left) => State::Length { left, got: 0, value: 0, signed: false },
            Argument::CountedSigned(left) => State::Length { left, got: 0, value: 0, signed: true },
            Argument::AnyLine => State::AnyLine,
            Argument::NumberLine => State::NumberLine { digit: false },
            Argument::QuotedLine => State::QuotedLine { first: None, last: 0, several: false },
            Argument::NameLines => State::NameLine { module: true, component: false, calls: byte == INST },
        };
        Seen::Undecided
    }
}

/// The part of `bytes` before the first line feed, and what follows it if there is one.
fn split_line(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    const BLOCK_BYTES: usize = 4096;
    // `contains` looks at many bytes at once, `position` at one: a line may have gigabytes.
    for (number, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
        if block.contains(&b'\n')
            && let Some(at) = block.iter().position(|byte| *byte == b'\n')
        {
            let at = number * BLOCK_BYTES + at;
            return (&bytes[..at], Some(&bytes[at + 1..]));
        }
    }
    (bytes, None)
}

/// By byte: a match on each of gigabytes of opcodes would be slow.
static OPCODES: [Option<Opcode>; 256] = {
    let mut opcodes = [const { None }; 256];
    let mut byte = 0;
    while byte < opcodes.len() {
        opcodes[byte] = opcode(byte as u8);
        byte += 1;
    }
    opcodes
};

/// The opcode of that byte. The loader's stack may be less deep than assumed here, never deeper.
const fn opcode(byte: u8) -> Option<Opcode> {
    use Argument::{AnyLine, Bytes, Counted, CountedSigned, NameLines, None, NumberLine, QuotedLine};
    let (pops, pushes, mark, argument) = match byte {
        // PROTO, FRAME
        0x80 => (0, 0, false, Bytes(1)),
        0x95 => (0, 0, false, Bytes(8)),
        STOP => (1, 0, false, None),
        // POP, POP_MARK, DUP, MARK
        b'0' => (1, 0, false, None),
        b'1' => (1, 0, true, None),
        b'2' => (1, 2, false, None),
        MARK => (0, 1, false, None),
        // NONE, NEWTRUE, NEWFALSE, EMPTY_DICT, EMPTY_LIST, EMPTY_TUPLE, EMPTY_SET, NEXT_BUFFER
        b'N' | 0x88 | 0x89 | b'}' | b']' | b')' | 0x8f | 0x97 => (0, 1, false, None),
        // INT, LONG, FLOAT, GET
        b'I' | b'L' | b'F' | b'g' => (0, 1, false, NumberLine),
        // STRING; UNICODE, PERSID
        b'S' => (0, 1, false, QuotedLine),
        b'V' | b'P' => (0, 1, false, AnyLine),
        // BININT, BININT1, BININT2, BINFLOAT, BINGET, LONG_BINGET, EXT1, EXT2, EXT4
        b'K' | b'h' | 0x82 => (0, 1, false, Bytes(1)),
        b'M' | 0x83 => (0, 1, false, Bytes(2)),
        b'J' | b'j' | 0x84 => (0, 1, false, Bytes(4)),
        b'G' => (0, 1, false, Bytes(8)),
        // SHORT_BINSTRING, SHORT_BINBYTES, SHORT_BINUNICODE, LONG1; BINUNICODE, BINBYTES
        b'U' | b'C' | 0x8c | 0x8a => (0, 1, false, Counted(1)),
        b'X' | b'B' => (0, 1, false, Counted(4)),
        // BINSTRING, LONG4; BINUNICODE8, BINBYTES8, BYTEARRAY8
        b'T' | 0x8b => (0, 1, false, CountedSigned(4)),
        0x8d | 0x8e | 0x96 => (0, 1, false, Counted(8)),
        // GLOBAL, INST, STACK_GLOBAL
        b'c' => (0, 1, false, NameLines),
        INST => (1, 1, true, NameLines),
        0x93 => (2, 1, false, None),
        // PUT, BINPUT, LONG_BINPUT, MEMOIZE
        b'p' => (1, 1, false, NumberLine),
        b'q' => (1, 1, false, Bytes(1)),
        b'r' => (1, 1, false, Bytes(4)),
        0x94 => (1, 1, false, None),
        // TUPLE1, TUPLE2, TUPLE3, BINPERSID, READONLY_BUFFER
        0x85 | b'Q' | 0x98 => (1, 1, false, None),
        0x86 => (2, 1, false, None),
        0x87 => (3, 1, false, None),
        // TUPLE, LIST, DICT, FROZENSET
        b't' | b'l' | b'd' | 0x91 => (1, 1, true, None),
        // APPENDS, SETITEMS, ADDITEMS, OBJ
        b'e' | b'u' | 0x90 | b'o' => (2, 1, true, None),
        // APPEND, REDUCE, BUILD, NEWOBJ; SETITEM, NEWOBJ_EX
        b'a' | b'R' | b'b' | 0x81 => (2, 1, false, None),
        b's' | 0x92 => (3, 1, false, None),
        _ => return Option::None,
    };
    Some(Opcode { pops, pushes, mark, argument })
}
