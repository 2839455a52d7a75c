//! Recognises what a file is by its content, never by its name.
//!
//! Bytes in, a [`Format`] out. All input is hostile: memory is bounded by [`START_BYTES`], nothing is executed or
//! unpacked, and the answer does not depend on how the bytes were cut into chunks. [`safetensors`] and [`gguf`] read more:
//! the whole header of such a file.

pub mod arrow;
pub mod gguf;
mod hdf5;
mod json;
mod onnx;
pub mod parquet;
mod pickle;
mod places;
pub mod safetensors;
pub mod table;
mod text;
mod zip;

use std::fmt;
use std::str::FromStr;

pub use places::{Place, Places};

/// How much of a file's start the readers see.
pub const START_BYTES: usize = 64 * 1024;

/// What a file is, by its content.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Format {
    /// Tensors after a JSON header; runs nothing.
    Safetensors,
    /// llama.cpp's model file.
    Gguf,
    /// A protobuf `ModelProto`.
    Onnx,
    /// A zip archive, also behind something else; it is what PyTorch writes since 1.6.
    Zip,
    /// A Python pickle of any protocol: loading one may run any program.
    Pickle,
    /// HDF5, the older format of Keras.
    Hdf5,
    /// One JSON object or array.
    Json,
    /// UTF-8 without control characters, JSON Lines among it; also the empty file.
    Text,
    /// None of these.
    Unknown,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Safetensors,
        Self::Gguf,
        Self::Onnx,
        Self::Zip,
        Self::Pickle,
        Self::Hdf5,
        Self::Json,
        Self::Text,
        Self::Unknown,
    ];

    /// The name that documents use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "gguf",
            Self::Onnx => "onnx",
            Self::Zip => "zip",
            Self::Pickle => "pickle",
            Self::Hdf5 => "hdf5",
            Self::Json => "json",
            Self::Text => "text",
            Self::Unknown => "unknown",
        }
    }

    /// The format of that name, to the letter.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Format {
    type Err = NotAFormat;

    fn from_str(name: &str) -> Result<Self, NotAFormat> {
        Self::parse(name).ok_or(NotAFormat)
    }
}

/// A text that is the name of no [`Format`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotAFormat;

impl fmt::Display for NotAFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a file format")
    }
}

impl std::error::Error for NotAFormat {}

/// The start of a file, as the readers see it.
#[derive(Clone, Copy)]
struct Start<'a> {
    bytes: &'a [u8],
    /// Of the whole file.
    size_bytes: u64,
    /// Whether `bytes` is the whole file.
    whole: bool,
}

/// Whether a file with that start is of the reader's format.
type Reader = fn(Start<'_>) -> bool;

/// The readers in order; the first that knows the start wins.
///
/// A pickle's magic is two bytes, which safetensors with a header of 640 bytes has too: that comes first.
const READERS: [(Format, Reader); 8] = [
    (Format::Safetensors, safetensors::is_start),
    (Format::Gguf, gguf::is_start),
    (Format::Onnx, onnx::is_start),
    (Format::Zip, zip::is_start),
    (Format::Pickle, pickle::is_start),
    (Format::Hdf5, hdf5::is_start),
    (Format::Json, json::is_start),
    (Format::Text, text::is_start),
];

/// Takes a file's bytes in order and says what it is.
///
/// Two things run side by side: the readers of a file's start, and the scan for a pickle that runs code, which may
/// lie behind gigabytes of harmless opcodes. The scan wins, because a file can be a good GGUF and such a pickle.
/// Both give up early on what they do not know; from then on only the last bytes are kept, for the end of an archive.
#[derive(Debug)]
pub struct Sniffer {
    /// None until the end of a stream shows it.
    size_bytes: Option<u64>,
    start: Vec<u8>,
    /// What the start says, once all of it was seen.
    decided: Option<Format>,
    /// None once it found something or gave up.
    scan: Option<pickle::Scan>,
    /// The last bytes seen, at least [`zip::END_BYTES`] of them if there were as many.
    tail: Vec<u8>,
    seen_bytes: u64,
}

impl Sniffer {
    /// For a file of that size.
    #[must_use]
    pub fn new(size_bytes: u64) -> Self {
        Self::of(Some(size_bytes))
    }

    /// For a stream, whose size only its end shows: the answer is the same, and is never settled before.
    #[must_use]
    pub fn of_stream() -> Self {
        Self::of(None)
    }

    fn of(size_bytes: Option<u64>) -> Self {
        let capacity = size_bytes
            .map_or(START_BYTES, |size| usize::try_from(size).unwrap_or(START_BYTES).min(START_BYTES));
        Self {
            size_bytes,
            start: Vec::with_capacity(capacity),
            decided: None,
            scan: Some(pickle::Scan::default()),
            tail: Vec::new(),
            seen_bytes: 0,
        }
    }

    /// Takes the next bytes of the file, as many as there are.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        if self.decided.is_none() || self.scan.is_some() {
            self.look(bytes);
        }
        self.keep_tail(bytes);
    }

    /// Whether only the end of the file can still change the answer.
    ///
    /// Then everything up to the last [`Sniffer::END_BYTES`] may be passed over with [`Sniffer::skip_to`].
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.decided.is_some() && self.scan.is_none()
    }

    /// The most bytes at the end of a file that say something of it.
    pub const END_BYTES: usize = zip::END_BYTES;

    /// Goes on at `offset`, as if everything before it had been seen. Only for a sniffer that is settled, and never
    /// past the last [`Sniffer::END_BYTES`].
    pub fn skip_to(&mut self, offset: u64) {
        self.seen_bytes = offset;
        self.tail.clear();
    }

    /// What the file is, now that all of it was seen.
    #[must_use]
    pub fn finish(self) -> Format {
        let format = self.decided.unwrap_or_else(|| {
            // The bytes seen count, should the caller's size be wrong. Of a stream the start may not be all of them.
            let whole = self.start.len() as u64 == self.seen_bytes;
            recognise(Start { bytes: &self.start, size_bytes: self.seen_bytes, whole })
        });
        // An archive is read from its end: whatever stands before it, a reader of archives takes it for one.
        if format != Format::Pickle && zip::is_end(&self.tail, self.seen_bytes) {
            Format::Zip
        } else {
            format
        }
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        self.seen_bytes += bytes.len() as u64;
        let before_end = |size_bytes| self.seen_bytes.saturating_add(zip::END_BYTES as u64) < size_bytes;
        if self.size_bytes.is_some_and(before_end) {
            return;
        }
        let bytes = &bytes[bytes.len().saturating_sub(zip::END_BYTES)..];
        // Cut back seldom, so that many small pieces cost no more than one large one.
        if self.tail.len() + bytes.len() > 4 * zip::END_BYTES {
            let dropped = (self.tail.len() + bytes.len()).saturating_sub(zip::END_BYTES).min(self.tail.len());
            self.tail.drain(..dropped);
        }
        self.tail.extend_from_slice(bytes);
    }

    fn look(&mut self, bytes: &[u8]) {
        if let Some(scan) = &mut self.scan {
            match scan.update(bytes) {
                pickle::Seen::Undecided => {}
                pickle::Seen::Nothing => self.scan = None,
                pickle::Seen::Code => return self.decide(Format::Pickle),
            }
        }
        if self.decided.is_none() {
            let wanted = (START_BYTES - self.start.len()).min(bytes.len());
            self.start.extend_from_slice(&bytes[..wanted]);
            // Only a byte too many shows that this is not the whole file.
            if wanted < bytes.len()
                && let Some(size_bytes) = self.size_bytes
            {
                let start = Start { bytes: &self.start, size_bytes, whole: false };
                self.decide(recognise(start));
            }
        }
    }

    fn decide(&mut self, format: Format) {
        self.decided = Some(format);
        self.start = Vec::new();
        if format == Format::Pickle {
            self.scan = None;
        }
    }
}

fn recognise(start: Start<'_>) -> Format {
    READERS.iter().find(|(_, knows)| knows(start)).map_or(Format::Unknown, |(format, _)| *format)
}

#[cfg(test)]
mod tests;
