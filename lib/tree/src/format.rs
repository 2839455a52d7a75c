//! What a file is, without reading more of it than that takes.

use std::os::fd::{AsFd, BorrowedFd};

use mlbom_formats::{Format, Sniffer};
use rustix::io::Errno;

const BUFFER_BYTES: usize = 64 << 10;

/// Detects the format of `file`, which holds `size_bytes`: for files whose digest is known, or taken in pieces that come
/// in no order. Reads the start and the end, and what lies between only while a pickle may run code there.
///
/// Fails with the offset where reading stopped; a file that is shorter by now is `None`.
pub(crate) fn detect(file: impl AsFd, size_bytes: u64) -> Result<Option<Format>, (u64, Errno)> {
    let mut sniffer = Sniffer::new(size_bytes);
    let mut buffer =
        vec![0; usize::try_from(size_bytes).map_or(BUFFER_BYTES, |size| size.clamp(1, BUFFER_BYTES))];
    let mut offset = 0;
    while offset < size_bytes {
        let end = size_bytes.saturating_sub(Sniffer::END_BYTES as u64);
        if sniffer.is_settled() && offset < end {
            sniffer.skip_to(end);
            offset = end;
        }
        match read_at(file.as_fd(), &mut buffer, offset).map_err(|err| (offset, err))? {
            0 => return Ok(None),
            read => {
                sniffer.update(&buffer[..read]);
                offset += read as u64;
            }
        }
    }
    Ok(Some(sniffer.finish()))
}

fn read_at(file: BorrowedFd<'_>, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
    loop {
        match rustix::io::pread(file, &mut *buffer, offset) {
            Err(Errno::INTR) => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// The same answer as from all of the bytes, whatever lies at the start, behind it, or at the end.
    #[test]
    fn as_from_all_bytes() {
        let filler = vec![0xA5; 3 << 20];
        let gguf = [b"GGUF\x03\0\0\0".as_slice(), &[0; 16]].concat();
        let mut archive_end = b"PK\x05\x06".to_vec();
        archive_end.resize(22, 0);
        // PROTO 2, then strings that are popped again, then a call: code behind a megabyte of harmless opcodes.
        let mut pickle = b"\x80\x02".to_vec();
        (0..100_000).for_each(|_| pickle.extend_from_slice(b"U\x0aabcdefghij0"));
        pickle.extend_from_slice(b"cos\nsystem\n(U\x02idtR.");
        for (parts, wanted) in [
            (vec![gguf.as_slice(), &filler], Format::Gguf),
            (vec![gguf.as_slice(), &filler, &archive_end], Format::Zip),
            (vec![filler.as_slice()], Format::Unknown),
            (vec![filler.as_slice(), &archive_end], Format::Zip),
            (vec![pickle.as_slice(), &filler], Format::Pickle),
            (vec![b"{}"], Format::Json),
            (vec![], Format::Unknown),
        ] {
            let bytes = parts.concat();
            let mut whole = Sniffer::new(bytes.len() as u64);
            bytes.chunks(1000).for_each(|chunk| whole.update(chunk));
            let whole = whole.finish();
            let mut file = tempfile::tempfile().expect("a file");
            file.write_all(&bytes).expect("written");
            let found = detect(&file, bytes.len() as u64).expect("readable").expect("all there");
            assert_eq!(found, whole, "{} bytes", bytes.len());
            if !bytes.is_empty() {
                assert_eq!(found, wanted, "{} bytes", bytes.len());
                assert_eq!(detect(&file, bytes.len() as u64 + 1), Ok(None), "shorter than expected");
            }
        }
    }
}
