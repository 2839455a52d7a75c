//! Small files: each is read whole and closed, then all are hashed in one go.

use super::scratch::{LINE_BYTES, Scratch};
use super::{Failure, Job};
use crate::kernel::Kernel;
use crate::many::hash_many;
use crate::read::Input;

/// The digests of `jobs`, or the first error, with the place of its job.
pub(super) fn hash<J: Job>(
    jobs: Vec<(usize, J)>,
    kernel: Kernel,
    scratch: &mut Scratch,
) -> Result<Vec<J::Done>, (usize, J::Error)> {
    // Each no longer than `SMALL_BYTES`.
    let length = |job: &J| usize::try_from(job.length()).unwrap_or(0);
    let room = jobs.iter().map(|(_, job)| length(job).next_multiple_of(LINE_BYTES)).sum();
    let buffer = scratch.bytes(room);
    let mut read = Vec::with_capacity(jobs.len());
    let mut from = 0;
    for (at, mut job) in jobs {
        let range = from..from + length(&job);
        one(&mut job, &mut buffer[range.clone()]).map_err(|err| (at, err))?;
        from = range.end.next_multiple_of(LINE_BYTES);
        read.push((at, job, range));
    }
    let messages: Vec<&[u8]> = read.iter().map(|(_, _, range)| &buffer[range.clone()]).collect();
    let digests = hash_many(kernel, &messages);
    let each = read.into_iter().zip(digests);
    each.map(|((at, job, _), digest)| job.done(digest).map_err(|err| (at, err))).collect()
}

/// Reads all of it into `bytes`, which is as long.
fn one<J: Job>(job: &mut J, bytes: &mut [u8]) -> Result<(), J::Error> {
    let input = job.open()?;
    let got = read_full(&input, bytes, job.start()).map_err(|why| job.failed(why))?;
    if got < bytes.len() {
        return Err(job.failed(Failure::Short { offset: job.start() + got as u64 }));
    }
    job.see(bytes)?;
    job.close(&input)
}

/// Reads until `bytes` are full or the file ends.
pub(super) fn read_full(input: &impl Input, bytes: &mut [u8], offset: u64) -> Result<usize, Failure> {
    let mut got = 0;
    while got < bytes.len() {
        match input.read_at(&mut bytes[got..], offset + got as u64) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(Failure::Read { offset: offset + got as u64, errno }),
        }
    }
    Ok(got)
}
