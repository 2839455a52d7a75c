//! What the readers of tables share: why the rows of one are not known.

use std::fmt;
use std::io;

/// Why the rows of a table were not counted.
#[derive(Debug)]
pub enum NotCounted {
    /// It cannot be read at all.
    Io(io::Error),
    /// It is not what its start says, or more than its reader takes.
    Malformed(&'static str),
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(err) => err.fmt(f),
            Self::Malformed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotCounted {}

impl From<io::Error> for NotCounted {
    fn from(err: io::Error) -> Self {
        match err.kind() {
            // A length inside the file led beyond its end.
            io::ErrorKind::UnexpectedEof => Self::Malformed("it is cut off"),
            _ => Self::Io(err),
        }
    }
}
