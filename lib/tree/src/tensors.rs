//! Digests of the tensors of a file, taken while the file goes by.

use mlbom::digest;
use mlbom::tensors::{MAX_NAME_BYTES, Tensor, has_tensors};
use mlbom_formats::{Format, gguf, safetensors};
use mlbom_sha256::Sha256;

/// The first piece of a GGUF header that is tried; each next one is twice as long, so that all tries together cost no
/// more than two readings.
const FIRST_TRY_BYTES: u64 = 64 << 10;

/// Why the tensors of a file cannot be told apart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The header of a GGUF file.
    #[error(transparent)]
    Gguf(#[from] gguf::Error),
    /// A name that no manifest holds.
    #[error("the name of a tensor is longer than {MAX_NAME_BYTES} bytes")]
    LongName,
    /// A safetensors header that gives a name twice: readers differ in which tensor they take.
    #[error("tensor {0:?} is there twice")]
    Repeated(String),
    /// The header of a safetensors file.
    #[error(transparent)]
    Safetensors(#[from] safetensors::Error),
    /// It ended before the size that was said.
    #[error("ends before its tensors do")]
    Short,
}

/// Takes the digest of every tensor of a file from the file's bytes as they come.
///
/// It finds the header by itself, and keeps it until it is whole; a header is at most 100 MB. What it finds wrong it says
/// at the end, when the file's format is known: bytes that only begin like a header are no fault.
pub struct TensorDigests {
    size: u64,
    state: State,
}

enum State {
    /// Collects the header; `wanted` bytes are to be there before it is tried (again).
    Header {
        bytes: Vec<u8>,
        wanted: u64,
    },
    /// Takes digests.
    Data(Box<Data>),
    /// No header of a format that is known here.
    Other,
    Failed(Error),
}

/// What the first bytes say.
enum Header {
    Whole(Vec<Place>),
    /// Not before so many bytes are there.
    Needs(u64),
    Other,
}

struct Place {
    name: String,
    dtype: &'static str,
    start: u64,
    end: u64,
}

struct Data {
    /// In the order that they lie in, none over another.
    places: Vec<Place>,
    offset: u64,
    running: Sha256,
    done: Vec<digest::Sha256>,
}

impl TensorDigests {
    /// For a file of that size.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size, state: State::Header { bytes: Vec::new(), wanted: 9 } }
    }

    /// Takes the next bytes of the file, as many as there are.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Header { bytes: seen, wanted } => {
                seen.extend_from_slice(bytes);
                if seen.len() as u64 >= *wanted {
                    self.try_header(false);
                }
            }
            State::Data(data) => data.update(bytes),
            State::Other | State::Failed(_) => {}
        }
    }

    /// The tensors in the order that they lie in, now that all of the file was seen; `format` is what it turned out to
    /// be. `None` of a format without tensors, whatever the file begins with.
    pub fn finish(mut self, format: Format) -> Result<Option<Vec<Tensor>>, Error> {
        if !has_tensors(format) {
            return Ok(None);
        }
        if matches!(self.state, State::Header { .. }) {
            self.try_header(true);
        }
        match self.state {
            State::Data(data) => data.finish().map(Some),
            State::Failed(err) => Err(err),
            State::Header { .. } | State::Other => Err(Error::Short),
        }
    }

    /// Reads the header if it is there; at the `end` of the file there is no more of it to come.
    fn try_header(&mut self, end: bool) {
        let State::Header { bytes, .. } = &mut self.state else { return };
        let bytes = std::mem::take(bytes);
        self.state = match header(&bytes, self.size, end) {
            Ok(Header::Whole(places)) => {
                let mut data = Box::new(Data::new(places));
                data.update(&bytes);
                State::Data(data)
            }
            Ok(Header::Needs(wanted)) => State::Header { bytes, wanted },
            Ok(Header::Other) => State::Other,
            Err(err) => State::Failed(err),
        };
    }
}

fn header(bytes: &[u8], size: u64, end: bool) -> Result<Header, Error> {
    if bytes.starts_with(b"GGUF") {
        return gguf_header(bytes, size, end);
    }
    let Some((length, rest)) = bytes.split_first_chunk() else { return Ok(Header::Other) };
    let length = u64::from_le_bytes(*length);
    if !(2..=safetensors::MAX_HEADER_BYTES.min(size.saturating_sub(8))).contains(&length)
        || rest.first() != Some(&b'{')
    {
        return Ok(Header::Other);
    }
    if (rest.len() as u64) < length && !end {
        return Ok(Header::Needs(length + 8));
    }
    let read = safetensors::header(&mut &*bytes, size)?;
    if let Some(name) = read.repeated.into_iter().next() {
        return Err(Error::Repeated(name.chars().take(120).collect()));
    }
    let place = |tensor: safetensors::Tensor| {
        let (start, end) = tensor.data_offsets;
        // The header was held against the file's size: these fit.
        let at = |offset: u64| offset.saturating_add(8).saturating_add(length);
        Place { name: tensor.name, dtype: tensor.dtype.name, start: at(start), end: at(end) }
    };
    whole(read.tensors.into_iter().map(place).collect())
}

fn gguf_header(bytes: &[u8], size: u64, end: bool) -> Result<Header, Error> {
    let seen = bytes.len() as u64;
    if seen < FIRST_TRY_BYTES && seen < size && !end {
        return Ok(Header::Needs(FIRST_TRY_BYTES.min(size)));
    }
    match gguf::header(bytes, size) {
        // What is beyond the limit was refused, so that this ends.
        Err(gguf::Error::CutOff) if seen < size && !end => {
            Ok(Header::Needs(seen.saturating_mul(2).min(size)))
        }
        Err(err) => Err(err.into()),
        Ok(read) => {
            let place = |tensor: gguf::Tensor| Place {
                name: tensor.name,
                dtype: tensor.dtype,
                start: tensor.start,
                end: tensor.end,
            };
            whole(read.tensors.into_iter().map(place).collect())
        }
    }
}

fn whole(mut places: Vec<Place>) -> Result<Header, Error> {
    if places.iter().any(|place| place.name.len() > MAX_NAME_BYTES) {
        return Err(Error::LongName);
    }
    places.sort_unstable_by(|a, b| (a.start, a.end, &a.name).cmp(&(b.start, b.end, &b.name)));
    Ok(Header::Whole(places))
}

impl Data {
    fn new(places: Vec<Place>) -> Self {
        let done = Vec::with_capacity(places.len());
        Self { places, offset: 0, running: Sha256::new(), done }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        while let Some(place) = self.places.get(self.done.len()) {
            if self.offset >= place.end {
                // Also the empty ones, at the end of what was seen.
                self.done.push(std::mem::take(&mut self.running).finish().into());
                continue;
            }
            if bytes.is_empty() {
                return;
            }
            let inside = self.offset >= place.start;
            let left = if inside { place.end } else { place.start } - self.offset;
            let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
            if inside {
                self.running.update(&bytes[..taken]);
            }
            self.offset += taken as u64;
            bytes = &bytes[taken..];
        }
    }

    fn finish(self) -> Result<Vec<Tensor>, Error> {
        if self.done.len() != self.places.len() {
            return Err(Error::Short);
        }
        let named = |(place, sha256): (Place, digest::Sha256)| Tensor {
            name: place.name,
            dtype: place.dtype.to_owned(),
            start: place.start,
            end: place.end,
            sha256,
        };
        Ok(self.places.into_iter().zip(self.done).map(named).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safetensors_file(header: &str, data: &[u8]) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
    }

    /// Two F32 tensors, `words` texts before them to make the header long.
    fn gguf_file(words: u64) -> Vec<u8> {
        let mut bytes = [&b"GGUF\x03\0\0\0"[..], &2_u64.to_le_bytes(), &1_u64.to_le_bytes()].concat();
        let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
        bytes.extend([text("words"), 9_u32.to_le_bytes().to_vec(), 8_u32.to_le_bytes().to_vec()].concat());
        bytes.extend(words.to_le_bytes());
        (0..words).for_each(|at| bytes.extend(text(&at.to_string())));
        for (name, offset) in [("b", 0_u64), ("a", 32)] {
            bytes.extend(text(name));
            bytes.extend([1_u32.to_le_bytes(), 2_u32.to_le_bytes(), [0; 4], [0; 4]].concat());
            bytes.extend(offset.to_le_bytes());
        }
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend([&b"first   "[..], &[7; 24], b"second  ", &[7; 24]].concat());
        bytes
    }

    fn run(bytes: &[u8], chunk: usize, format: Format) -> Result<Option<Vec<Tensor>>, Error> {
        let mut running = TensorDigests::new(bytes.len() as u64);
        bytes.chunks(chunk).for_each(|chunk| running.update(chunk));
        running.finish(format)
    }

    fn names(tensors: &[Tensor]) -> Vec<&str> {
        tensors.iter().map(|tensor| tensor.name.as_str()).collect()
    }

    #[test]
    fn broken_headers_are_said() {
        let good = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
        let twice = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}}"#;
        let long = format!(r#"{{"{}":{{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}}}"#, "a".repeat(4097));
        let cut = |bytes: Vec<u8>| bytes[..bytes.len() - 1].to_vec();
        let mut overlapping = gguf_file(3);
        let end = overlapping.len() - 64;
        let offset =
            overlapping[..end].windows(8).rposition(|at| at == 32_u64.to_le_bytes()).expect("an offset");
        overlapping[offset] = 0;
        for (bytes, format, why) in [
            (safetensors_file(good, b"12345"), Format::Safetensors, "5 follow"),
            (safetensors_file(good, b"123"), Format::Safetensors, "3 follow"),
            (safetensors_file(twice, b"1234"), Format::Safetensors, "twice"),
            (safetensors_file(&long, b"1234"), Format::Safetensors, "longer"),
            (safetensors_file("{} x", b""), Format::Safetensors, "trailing"),
            (b"\xff\xff\xff\xff\0\0\0\0{".to_vec(), Format::Safetensors, "ends before"),
            (b"short".to_vec(), Format::Safetensors, "ends before"),
            (overlapping, Format::Gguf, "overlaps"),
            (gguf_file(3)[..120].to_vec(), Format::Gguf, "inside its header"),
            (cut(gguf_file(3))[..gguf_file(3).len() - 57].to_vec(), Format::Gguf, "outside"),
        ] {
            for chunk in [1, 7, 1 << 20] {
                let err = run(&bytes, chunk, format).expect_err(why).to_string();
                assert!(err.contains(why), "{err}, {why} was wanted");
                assert!(run(&bytes, chunk, Format::Zip).expect("no fault of another format").is_none());
            }
        }
        let mut short = TensorDigests::new(100);
        short.update(&safetensors_file(good, b"12"));
        assert!(short.finish(Format::Safetensors).is_err(), "the size said was not there");
    }

    #[test]
    fn however_the_bytes_are_cut() {
        let header = r#"{"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"e":{"dtype":"U8","shape":[0],"data_offsets":[4,4]},
            "d":{"dtype":"U8","shape":[0],"data_offsets":[9,9]},"a":{"dtype":"I8","shape":[5],"data_offsets":[4,9]}}"#;
        let bytes = safetensors_file(header, b"1234abcde");
        for chunk in 1..=bytes.len() {
            let tensors = run(&bytes, chunk, Format::Safetensors).expect("no fault").expect("tensors");
            assert_eq!(names(&tensors), ["b", "e", "a", "d"]);
            let digests: Vec<_> = tensors.iter().map(|tensor| tensor.sha256).collect();
            assert_eq!(digests, [&b"1234"[..], b"", b"abcde", b""].map(digest::Sha256::of));
            let data = bytes.len() as u64 - 9;
            assert_eq!((tensors[2].start, tensors[2].end), (data + 4, data + 9));
        }
        // A header that ends within, at and behind each piece that is tried; that fits into the first; and the longest.
        for words in [0, 3, 3000, 30_000] {
            let bytes = gguf_file(words);
            for chunk in [1, 100, 64 << 10, bytes.len()] {
                let tensors = run(&bytes, chunk, Format::Gguf).expect("no fault").expect("tensors");
                assert_eq!(names(&tensors), ["b", "a"]);
                assert_eq!(tensors[0].sha256, digest::Sha256::of(b"first   "));
                assert_eq!(tensors[1].sha256, digest::Sha256::of(b"second  "));
                assert_eq!(tensors[1].dtype, "F32");
            }
        }
        let empty = run(&safetensors_file("{}", b""), 3, Format::Safetensors);
        assert_eq!(empty.expect("no fault"), Some(vec![]));
    }
}
