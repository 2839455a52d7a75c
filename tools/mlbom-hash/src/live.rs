//! `--stdin`: a model of one file, hashed while it comes and, with `--tee`, kept.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use mlbom::cli::{self, InputError, OutputError, Progress, Replacement, Verdict};
use mlbom::manifest::{Kind, Manifest};
use mlbom::path::RelPath;
use mlbom_tree::{Options, Stream};

use crate::TOOL;
use crate::args::Args;
use crate::error::Error;
use crate::expected::Expected;

/// Reading, hashing and writing each have one of these in hand, and one waits.
const BUFFERS: usize = 4;
const BUFFER_BYTES: usize = 1 << 20;

/// A piece of the file: that many bytes of the buffer.
type Piece = (Vec<u8>, usize);

pub(crate) fn run(args: &Args, name: &RelPath, progress: Progress) -> Result<Verdict, Error> {
    let input = standard_input()?;
    let mut output = crate::output(args, &progress)?;
    let metadata = input.metadata().map_err(failed_to_read)?;
    if metadata.is_file() {
        output.protect(Some((metadata.dev(), metadata.ino())));
    }
    let mut tee = match args.tee.as_deref() {
        Some(path) if path == Path::new("-") => return Err(Error::TeeStdout),
        Some(path) => Some(output.beside(path)?),
        None => None,
    };
    match args.expect_size {
        Some(bytes) => progress.expect(1, bytes),
        None => progress.expect_files(1),
    }
    let wide = matches!(args.expect, Some(Expected::Sha512(_)));
    let options = Options { sha512: args.sha512 || wide, ..args.options() };
    let mut stream = Stream::new(&options);
    let most = args.expect_size.unwrap_or(u64::MAX);
    let whole = pump(input, &mut stream, tee.as_mut(), most, &progress)?;
    let mut file = stream.finish(name.clone());
    let mut wrong = Vec::new();
    match args.expect_size {
        Some(wanted) if !whole => wrong.push(format!("is longer than {wanted} bytes, as many were wanted")),
        Some(wanted) if wanted != file.size => {
            wrong.push(format!("size is {} bytes, {wanted} were wanted", file.size));
        }
        _ => {}
    }
    // The digest of a start says nothing.
    wrong.extend(args.expect.filter(|_| whole).and_then(|expected| expected.refuses(&file.digests)));
    if !wrong.is_empty() {
        drop((tee, progress));
        if !args.quiet {
            wrong.iter().for_each(|why| cli::say(TOOL, &format!("{name}: {why}")));
            cli::say(TOOL, "hint: nothing was kept; fetch it again, or find out which bytes are meant");
        }
        return Ok(Verdict::Fail);
    }
    progress.file_done();
    file.digests.sha512 = file.digests.sha512.filter(|_| args.sha512);
    let manifest = Manifest::new(name.as_str(), Kind::File, vec![file], Vec::new()).map_err(Error::Listed)?;
    let mut line = serde_json::to_vec(&manifest).map_err(Error::Write)?;
    line.push(b'\n');
    let kept = tee.is_some();
    // The file first: a manifest of a file that is not there would be believed.
    tee.map(Replacement::finish).transpose()?;
    drop(progress);
    let written = output.write(&line);
    if let (Err(_), Some(path), true) = (&written, &args.tee, kept) {
        cli::say(TOOL, &format!("{}: is in place, but its manifest is not written", path.display()));
    }
    Ok(cli::deliver(Verdict::Pass, written)?)
}

/// Standard input, unless a person types there or nothing is there.
fn standard_input() -> Result<File, Error> {
    if cli::stdin_was_closed() {
        return Err(Error::StdinClosed);
    }
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Error::StdinTerminal);
    }
    // Not through io::Stdin, which takes EBADF for the end.
    let input = stdin.as_fd().try_clone_to_owned().map_err(failed_to_read)?;
    cli::widen_pipe(&input);
    Ok(input.into())
}

fn failed_to_read(source: io::Error) -> Error {
    InputError::Io { name: "standard input".to_owned(), source }.into()
}

/// Reads `input` to its end into `stream` and `tee`, each at its own pace and at most [`BUFFERS`] apart. False if there are
/// more than `most` bytes; then it stops there.
fn pump(
    input: File,
    stream: &mut Stream,
    tee: Option<&mut Replacement>,
    most: u64,
    progress: &Progress,
) -> Result<bool, Error> {
    let (to_hash, hash_from) = sync_channel::<Piece>(BUFFERS);
    let (free, free_from) = channel();
    for _ in 0..BUFFERS {
        // The other end is in this very function.
        let _ = free.send(vec![0; BUFFER_BYTES]);
    }
    thread::scope(|scope| {
        let (mut writer, mut to_write) = (None, None);
        if let Some(tee) = tee {
            let (send, receive) = sync_channel(BUFFERS);
            let free = free.clone();
            let write = move || write(tee, &receive, &free);
            writer = Some(thread::Builder::new().spawn_scoped(scope, write).map_err(Error::Thread)?);
            to_write = Some(send);
        }
        let hash = move || hash(stream, &hash_from, to_write.as_ref(), &free);
        // If this fails, the writer finds its channel closed and ends.
        let hasher = thread::Builder::new().spawn_scoped(scope, hash).map_err(Error::Thread)?;
        let whole = read(input, &free_from, &to_hash, most, progress);
        drop(to_hash);
        let hashed = hasher.join();
        // A write that failed is why reading ended; it comes first.
        if let Some(writer) = writer {
            writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        hashed.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        whole
    })
}

/// Reads until the end, until there is more than `most`, or until the others are gone.
fn read(
    mut input: File,
    free: &Receiver<Vec<u8>>,
    to_hash: &SyncSender<Piece>,
    most: u64,
    progress: &Progress,
) -> Result<bool, Error> {
    let mut total = 0_u64;
    while let Ok(mut buffer) = free.recv() {
        let mut filled = 0;
        let mut ended = false;
        while filled < buffer.len() && !ended {
            match input.read(&mut buffer[filled..]) {
                Ok(0) => ended = true,
                Ok(read) => {
                    filled += read;
                    total = total.saturating_add(read as u64);
                    if total > most {
                        return Ok(false);
                    }
                    progress.advance(read as u64);
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(failed_to_read(err)),
            }
        }
        if to_hash.send((buffer, filled)).is_err() || ended {
            break;
        }
    }
    Ok(true)
}

/// Hashes what comes, and passes it on to be written if there is a writer.
fn hash(
    stream: &mut Stream,
    from: &Receiver<Piece>,
    to_write: Option<&SyncSender<Piece>>,
    free: &Sender<Vec<u8>>,
) {
    for (buffer, filled) in from {
        stream.update(&buffer[..filled]);
        let gone = match to_write {
            Some(writer) => writer.send((buffer, filled)).is_err(),
            // The reader is gone once it has seen the end.
            None => {
                let _ = free.send(buffer);
                false
            }
        };
        if gone {
            return;
        }
    }
}

fn write(tee: &mut Replacement, from: &Receiver<Piece>, free: &Sender<Vec<u8>>) -> Result<(), OutputError> {
    for (buffer, filled) in from {
        tee.write(&buffer[..filled])?;
        let _ = free.send(buffer);
    }
    Ok(())
}
