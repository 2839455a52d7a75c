//! Counts the rows of one file, by what its content is and, where content does not tell, by its ending.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use mlbom::manifest;
use mlbom_formats::table::NotCounted;
use mlbom_formats::{arrow, parquet};
use mlbom_tree::Opened;

use super::{json_lines, records};
use crate::error::Error;
use crate::folder::Folder;

/// Files that have to be unpacked first, by what they begin with.
const PACKED: &[(&[u8], &str)] = &[
    (&[0x1f, 0x8b], "gzip"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
];

/// What a pointer begins with (git-lfs, docs/spec.md, "The Pointer"), and the most bytes that one has.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
const MAX_POINTER_BYTES: u64 = 1024;

/// What was found in one file.
pub(super) struct Count {
    pub(super) format: &'static str,
    pub(super) rows: Result<u64, Why>,
}

/// Why rows were not counted.
pub(super) enum Why {
    /// Not of a format that is counted here.
    NotCounted,
    /// What git-lfs leaves until the file itself is fetched.
    Pointer,
    /// Of one, and not as it should be.
    Unreadable(String),
}

/// Counts the rows of a hashed file; it is an error if it changes meanwhile.
pub(super) fn rows(folder: &Folder, file: &manifest::File) -> Result<Count, Error> {
    let mut opened = folder.open(file)?;
    let counted = count(&mut opened, file).map_err(|err| opened.failed(err))?;
    opened.unchanged()?;
    Ok(counted)
}

fn count(opened: &mut Opened, file: &manifest::File) -> io::Result<Count> {
    let size = opened.size();
    let (start, end) = (first(&mut opened.file)?, last(&mut opened.file, size)?);
    opened.file.seek(SeekFrom::Start(0))?;
    let name = file.path.file_name().to_ascii_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if size < MAX_POINTER_BYTES && start.starts_with(POINTER) {
        return Ok(Count { format: file.format.name(), rows: Err(Why::Pointer) });
    }
    let unreadable = |format, why: &str| Count { format, rows: Err(Why::Unreadable(why.to_owned())) };
    if start.starts_with(&parquet::MAGIC)
        || [parquet::MAGIC, parquet::ENCRYPTED].contains(&end)
        || ending == "parquet"
    {
        return table("parquet", parquet::rows(&mut opened.file, size));
    }
    if start.starts_with(&arrow::FILE_MAGIC)
        || start.starts_with(&arrow::CONTINUATION)
        || matches!(ending, "arrow" | "feather")
    {
        return table("arrow", arrow::rows(&mut opened.file, size));
    }
    if let Some((_, format)) = PACKED.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Ok(unreadable(format, "its rows are not counted while it is compressed"));
    }
    let (format, rows) = match ending {
        "jsonl" | "ndjson" => ("jsonl", json_lines::count(&mut opened.file)?),
        "json" if json_lines::are_in(&mut opened.file)? => {
            opened.file.seek(SeekFrom::Start(0))?;
            ("jsonl", json_lines::count(&mut opened.file)?)
        }
        "json" => return Ok(unreadable("json", "it is one JSON document, JSON Lines were wanted")),
        "csv" => ("csv", records::count(&mut opened.file, None)?),
        "tsv" => ("tsv", records::count(&mut opened.file, Some(b'\t'))?),
        _ => return Ok(Count { format: file.format.name(), rows: Err(Why::NotCounted) }),
    };
    Ok(Count { format, rows: rows.map_err(Why::Unreadable) })
}

fn table(format: &'static str, rows: Result<u64, NotCounted>) -> io::Result<Count> {
    let rows = match rows {
        Ok(rows) => Ok(rows),
        Err(NotCounted::Io(err)) => return Err(err),
        Err(NotCounted::Malformed(why)) => Err(Why::Unreadable(why.to_owned())),
    };
    Ok(Count { format, rows })
}

fn first(file: &mut File) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.take(64).read_to_end(&mut start)?;
    Ok(start)
}

/// The last four bytes; zeroes if there are not as many.
fn last(file: &mut File, size: u64) -> io::Result<[u8; 4]> {
    let mut end = [0; 4];
    if size >= 4 {
        file.seek(SeekFrom::Start(size - 4))?;
        file.read_exact(&mut end)?;
    }
    Ok(end)
}
