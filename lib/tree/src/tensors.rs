//! Digests of the tensors of a file, taken while the file goes by.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, PoisonError};

use mlbom::digest;
use mlbom::tensors::{Misfit, Room, Tensor, has_tensors};
use mlbom_formats::{Format, Places, gguf, safetensors};
use mlbom_sha256::Sha256;
use rustix::io::Errno;

/// The first piece of a GGUF header that is tried; each next one is twice as long, so that all tries together cost no
/// more than two readings.
const FIRST_TRY_BYTES: u64 = 64 << 10;
/// Headers longer than this are read one at a time, in the whole process: while it is read, one takes up to 100 MB, and
/// as many files are open as there are lanes.
const LONG_BYTES: u64 = 1 << 20;
static LONG: Mutex<()> = Mutex::new(());

/// Why the tensors of a file cannot be told apart.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The header of a GGUF file.
    #[error(transparent)]
    Gguf(#[from] gguf::Error),
    /// What no manifest holds.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The header could not be read.
    #[error("the header cannot be read")]
    Read(#[source] io::Error),
    /// The header of a safetensors file.
    #[error(transparent)]
    Safetensors(#[from] safetensors::Error),
    /// It ended before the size that was said.
    #[error("ends before its tensors do")]
    Short,
}

/// What all files of a manifest share, so that their headers together take no more memory than one manifest may hold.
#[derive(Debug, Default)]
pub struct Shared(Mutex<Room>);

impl Shared {
    fn take(&self, places: &Places) -> Result<(), Misfit> {
        let mut room = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        room.take(places.iter().map(|place| place.name))
    }
}

/// Takes the digest of every tensor of a file from the file's bytes as they come.
///
/// The header is read when the file is opened, and only where the tensors are is kept of it. What is wrong with it is said
/// at the end, when the file's format is known: bytes that only begin like a header are no fault.
pub struct TensorDigests {
    state: State,
    /// It begins as GGUF does.
    gguf: bool,
}

enum State {
    /// Takes digests.
    Data(Box<Data>),
    /// No header of a format that is known here.
    Other,
    Failed(Error),
}

impl TensorDigests {
    /// For `file`, which has that size and whose bytes come from the first one on.
    #[must_use]
    pub fn of(file: impl AsFd, size: u64, shared: &Shared) -> Self {
        let file = file.as_fd();
        let mut start = [0; 9];
        let seen = match read_at(file, &mut start, 0) {
            Ok(seen) => start.get(..seen).unwrap_or_default(),
            Err(err) => return Self { state: State::Failed(err), gguf: false },
        };
        let gguf = seen.starts_with(b"GGUF");
        let found = if gguf {
            of_gguf(file, size, shared).map(Some)
        } else {
            of_safetensors(file, seen, size, shared)
        };
        let state = match found {
            Ok(Some(places)) => State::Data(Box::new(Data::new(places))),
            Ok(None) => State::Other,
            Err(err) => State::Failed(err),
        };
        Self { state, gguf }
    }

    /// Takes the next bytes of the file, as many as there are.
    pub fn update(&mut self, bytes: &[u8]) {
        if let State::Data(data) = &mut self.state {
            data.update(bytes);
        }
    }

    /// The tensors in the order that they lie in, now that all of the file was seen; `format` is what it turned out to
    /// be. `None` of a format without tensors, whatever the file begins with; but what begins as GGUF and is nothing else
    /// either would be listed without tensors that another reader may find.
    pub fn finish(self, format: Format) -> Result<Option<Vec<Tensor>>, Error> {
        match self.state {
            State::Failed(err) if has_tensors(format) || (self.gguf && format == Format::Unknown) => Err(err),
            _ if !has_tensors(format) => Ok(None),
            State::Data(data) => data.finish().map(Some),
            State::Failed(_) | State::Other => Err(Error::Short),
        }
    }
}

/// Where the tensors of a safetensors file are that begins with `start`; `None` of another file.
fn of_safetensors(
    file: BorrowedFd<'_>,
    start: &[u8],
    size: u64,
    shared: &Shared,
) -> Result<Option<Places>, Error> {
    let Some((length, [b'{' | b' ' | b'\t' | b'\n' | b'\r'])) = start.split_first_chunk() else {
        return Ok(None);
    };
    let Ok(length) = safetensors::header_length(*length, size) else { return Ok(None) };
    let _alone = (length > LONG_BYTES).then(|| LONG.lock().unwrap_or_else(PoisonError::into_inner));
    let mut header = Vec::new();
    fill(file, &mut header, 8, length)?;
    let places = safetensors::places(&header, size)?;
    drop(header);
    shared.take(&places)?;
    Ok(Some(places))
}

fn of_gguf(file: BorrowedFd<'_>, size: u64, shared: &Shared) -> Result<Places, Error> {
    // What is beyond the limit is refused before it is asked for, so that this ends.
    let most = size.min(gguf::MAX_HEADER_BYTES);
    let (mut header, mut alone) = (Vec::new(), None);
    let mut wanted = FIRST_TRY_BYTES.min(most);
    loop {
        if wanted > LONG_BYTES && alone.is_none() {
            alone = Some(LONG.lock().unwrap_or_else(PoisonError::into_inner));
        }
        fill(file, &mut header, 0, wanted)?;
        match gguf::places(&header, size) {
            Err(gguf::Error::CutOff) if wanted < most => wanted = wanted.saturating_mul(2).min(most),
            Err(err) => return Err(err.into()),
            Ok(places) => {
                drop(header);
                shared.take(&places)?;
                return Ok(places);
            }
        }
    }
}

/// Reads on until `bytes`, which begin at `from` in the file, are `wanted`.
fn fill(file: BorrowedFd<'_>, bytes: &mut Vec<u8>, from: u64, wanted: u64) -> Result<(), Error> {
    let mut filled = bytes.len();
    let wanted = usize::try_from(wanted).map_err(|_| Error::Short)?;
    bytes.reserve_exact(wanted.saturating_sub(filled));
    bytes.resize(wanted, 0);
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_at(file, rest, from.saturating_add(filled as u64))? {
            0 => return Err(Error::Short),
            read => filled += read,
        }
    }
    Ok(())
}

fn read_at(file: BorrowedFd<'_>, bytes: &mut [u8], offset: u64) -> Result<usize, Error> {
    loop {
        match rustix::io::pread(file, &mut *bytes, offset) {
            Err(Errno::INTR) => {}
            other => return other.map_err(|err| Error::Read(err.into())),
        }
    }
}

struct Data {
    /// In the order that they lie in, none over another.
    places: Places,
    offset: u64,
    running: Sha256,
    done: Vec<digest::Sha256>,
}

impl Data {
    fn new(places: Places) -> Self {
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
        let named = |(place, sha256): (mlbom_formats::Place<'_>, digest::Sha256)| Tensor {
            name: place.name.to_owned(),
            dtype: place.dtype.to_owned(),
            start: place.start,
            end: place.end,
            sha256,
        };
        Ok(self.places.iter().zip(self.done).map(named).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

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

    fn opened(bytes: &[u8], size: u64) -> TensorDigests {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        TensorDigests::of(&file, size, &Shared::default())
    }

    fn run(bytes: &[u8], chunk: usize, format: Format) -> Result<Option<Vec<Tensor>>, Error> {
        let mut running = opened(bytes, bytes.len() as u64);
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
            (safetensors_file("  \n", b""), Format::Safetensors, "EOF"),
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
        let cut = safetensors_file(good, b"12");
        let mut short = opened(&cut, cut.len() as u64 + 2);
        short.update(&cut);
        assert!(short.finish(Format::Safetensors).is_err(), "the size said was not there");
    }

    /// Each of them is read, and all of them are more than a manifest holds.
    #[test]
    fn files_share_the_room_of_one_manifest() {
        let name = "a".repeat(4000);
        let tensors: Vec<_> = (0..1000)
            .map(|at| format!(r#""{at}{name}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#))
            .collect();
        let bytes = safetensors_file(&format!("{{{}}}", tensors.join(",")), b"");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&bytes).expect("written");
        let shared = Shared::default();
        let of = || {
            let mut running = TensorDigests::of(&file, bytes.len() as u64, &shared);
            running.update(&bytes);
            running.finish(Format::Safetensors)
        };
        for at in 0..16 {
            assert!(of().is_ok(), "{at}");
        }
        assert!(matches!(of(), Err(Error::Misfit(Misfit::Names))));
    }

    #[test]
    fn what_begins_as_gguf_and_is_nothing_else() {
        let broken = [&b"GGUF\x03\0\0\0"[..], &[0xff; 40]].concat();
        assert!(matches!(run(&broken, 7, Format::Unknown), Err(Error::Gguf(_))));
        assert!(matches!(run(b"GGUF", 7, Format::Unknown), Err(Error::Gguf(_))));
        for format in [Format::Text, Format::Zip, Format::Pickle] {
            assert!(run(&broken, 7, format).expect("something else").is_none(), "{format}");
        }
        let other = safetensors_file("{]", b"");
        assert!(run(&other, 7, Format::Unknown).expect("not GGUF").is_none());
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
