//! What the threads of a run share, and who does what next.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rustix::io::Errno;

use super::lane::{Feed, Lane};
use super::{Job, SMALL_BYTES, Settings};
use crate::kernel::Kernel;
use crate::read::{ALIGNMENT, Ahead, Buffer};

/// What one request reads ahead.
const AHEAD_BYTES: usize = 4 << 20;
/// As many buffers as all lanes together have, so that memory does not grow with the number of files or cores.
const MAX_BUFFERS: usize = 16;
/// Of one lane: one is hashed while the others are filled.
const BUFFERS_A_LANE: std::ops::RangeInclusive<usize> = 2..=4;
/// Small files that are hashed in one go, and how many bytes they may have in all.
const BATCH_FILES: usize = 32;
const BATCH_BYTES: u64 = 1 << 20;
/// Up to that many files are all open at once.
const OPEN_FILES: usize = 8;

pub(super) struct State<J: Job> {
    settings: Settings,
    /// Not begun, the longest last.
    large: Vec<(usize, J)>,
    /// Sums may be larger than any file: sparse files count for what they claim.
    large_bytes: u128,
    small: Vec<(usize, J)>,
    window: usize,
    idle: Vec<Lane<J>>,
    /// Lanes that are being opened or advanced, and the bytes left to them when they were taken.
    held: usize,
    held_bytes: u128,
    /// What was read ahead, by lane and place.
    arrived: BTreeMap<(usize, u64), Arrival>,
    pub(super) requests: VecDeque<Request<J::Input>>,
    /// Requests that a reader is at, or has still to begin.
    under_way: usize,
    free: Vec<Buffer>,
    buffers: usize,
    pub(super) readers: usize,
    pub(super) done: Vec<J::Done>,
    pub(super) errors: Vec<(usize, J::Error)>,
    pub(super) over: bool,
}

/// Something to read ahead.
pub(super) struct Request<I> {
    pub(super) input: Arc<I>,
    pub(super) way: Ahead,
    pub(super) buffer: Buffer,
    /// From the start of the file, aligned.
    pub(super) offset: u64,
    /// Of the buffer, aligned.
    pub(super) length: usize,
    /// What the lane wants of it.
    pub(super) wanted: std::ops::Range<usize>,
    pub(super) lane: usize,
    pub(super) place: u64,
}

/// What was read ahead: the bytes wanted, or why there are none.
pub(super) struct Arrival {
    pub(super) buffer: Buffer,
    pub(super) result: Result<std::ops::Range<usize>, (u64, Option<Errno>)>,
}

/// What a worker is to do.
pub(super) enum Task<J: Job> {
    Open(usize, J),
    Batch(Vec<(usize, J)>),
    Advance(Vec<(Lane<J>, Option<Arrival>)>),
    /// There is no reader to do it.
    Fill(Request<J::Input>),
    /// There is nothing left.
    End,
}

impl<J: Job> State<J> {
    pub(super) fn new(jobs: Vec<J>, settings: &Settings, open_files: usize) -> Self {
        let (small, mut large): (Vec<_>, Vec<_>) =
            jobs.into_iter().enumerate().partition(|(_, job)| job.length() <= SMALL_BYTES);
        large.sort_by_key(|(at, job)| (job.length(), std::cmp::Reverse(*at)));
        let window = if large.len() <= OPEN_FILES { 1 } else { settings.threads.get() };
        let window = OPEN_FILES.saturating_mul(window).min(open_files);
        let files = small.len() + large.len();
        Self {
            settings: *settings,
            large_bytes: large.iter().map(|(_, job)| u128::from(job.length())).sum(),
            large,
            // Taken from the end: the first of them first.
            small: small.into_iter().rev().collect(),
            window,
            idle: Vec::new(),
            held: 0,
            held_bytes: 0,
            arrived: BTreeMap::new(),
            requests: VecDeque::new(),
            under_way: 0,
            free: Vec::new(),
            buffers: 0,
            readers: 0,
            done: Vec::with_capacity(files),
            errors: Vec::new(),
            over: false,
        }
    }

    /// The next thing to do for a worker; none until something changes.
    pub(super) fn next(&mut self) -> Option<Task<J>> {
        if self.over || !self.errors.is_empty() || self.is_finished() {
            self.over = true;
            return Some(Task::End);
        }
        if self.idle.len() + self.held < self.window
            && let Some((at, job)) = self.large.pop()
        {
            self.large_bytes -= u128::from(job.length());
            self.held += 1;
            self.held_bytes += u128::from(job.length());
            return Some(Task::Open(at, job));
        }
        let ready = self.idle.iter().filter(|lane| self.is_ready(lane)).count();
        let wanted = self.lanes_wanted();
        // Fewer lanes than wanted take as long: what is still being read is waited for.
        if ready > 0 && (ready >= wanted || self.under_way == 0) {
            return Some(Task::Advance(self.take(wanted)));
        }
        if !self.small.is_empty() {
            return Some(Task::Batch(self.batch()));
        }
        if self.readers == 0
            && let Some(request) = self.requests.pop_front()
        {
            return Some(Task::Fill(request));
        }
        if ready == 0 && self.held == 0 && self.under_way == 0 {
            // The system has no memory for buffers.
            self.idle.iter_mut().for_each(Lane::read_no_longer_ahead);
            return Some(Task::Advance(self.take(wanted)));
        }
        None
    }

    fn is_finished(&self) -> bool {
        self.held == 0 && self.idle.is_empty() && self.large.is_empty() && self.small.is_empty()
    }

    fn is_ready(&self, lane: &Lane<J>) -> bool {
        !matches!(lane.feed, Feed::Ahead { .. }) || self.arrived.contains_key(&(lane.at, lane.done_bytes))
    }

    /// How many lanes the next turn should have.
    ///
    /// An even share, but if the longest file alone would end last, fewer: it goes faster with fewer neighbours.
    fn lanes_wanted(&self) -> usize {
        let threads = self.settings.threads.get();
        let kernel = self.settings.kernel;
        let active = self.idle.len() + self.held;
        let share = active.div_ceil(threads).clamp(1, kernel.width());
        let Some(longest) = self.idle.iter().map(Lane::left_bytes).max() else { return share };
        let idle_bytes: u128 = self.idle.iter().map(|lane| u128::from(lane.left_bytes())).sum();
        let total = (self.large_bytes + self.held_bytes + idle_bytes) as f64;
        let files = active + self.large.len();
        let end = |lanes: usize| {
            let others = (files.saturating_sub(lanes) / (threads - 1).max(1)).min(kernel.width());
            let rate = |lanes: usize| lanes as f64 * lane_rate(kernel, lanes);
            let all = rate(lanes) + (threads - 1) as f64 * rate(others);
            (longest as f64 / lane_rate(kernel, lanes)).max(total / all)
        };
        // Only a clear gain counts: the rates are estimates.
        (1..share).rev().fold(share, |best, lanes| if end(lanes) < 0.98 * end(best) { lanes } else { best })
    }

    /// Takes the ready lanes with the most left.
    fn take(&mut self, lanes: usize) -> Vec<(Lane<J>, Option<Arrival>)> {
        self.idle.sort_by_key(|lane| std::cmp::Reverse(lane.left_bytes()));
        let mut taken = Vec::with_capacity(lanes);
        let mut at = 0;
        while taken.len() < lanes && at < self.idle.len() {
            if self.is_ready(&self.idle[at]) {
                let lane = self.idle.remove(at);
                let arrival = self.arrived.remove(&(lane.at, lane.done_bytes));
                self.held += 1;
                self.held_bytes += u128::from(lane.left_bytes());
                taken.push((lane, arrival));
            } else {
                at += 1;
            }
        }
        taken
    }

    fn batch(&mut self) -> Vec<(usize, J)> {
        // The last files are shared out: a worker with all of them would be alone at the end.
        let most = self.small.len().div_ceil(self.settings.threads.get()).clamp(1, BATCH_FILES);
        let mut bytes = 0;
        let mut batch: Vec<(usize, J)> = Vec::with_capacity(most);
        while batch.len() < most
            && let Some((_, job)) = self.small.last()
            && (batch.is_empty() || bytes + job.length() <= BATCH_BYTES)
        {
            bytes += job.length();
            batch.extend(self.small.pop());
        }
        self.held += batch.len();
        batch
    }

    /// A lane is idle again, or for the first time. `left_bytes` is what it had when it was taken.
    pub(super) fn put_back(&mut self, lane: Lane<J>, left_bytes: u64) {
        self.release(1, left_bytes);
        self.idle.push(lane);
    }

    /// That many are no longer held.
    pub(super) fn release(&mut self, jobs: usize, left_bytes: u64) {
        self.held -= jobs;
        self.held_bytes -= u128::from(left_bytes);
    }

    pub(super) fn give_back(&mut self, buffer: Buffer) {
        self.free.push(buffer);
    }

    pub(super) fn arrive(&mut self, lane: usize, place: u64, arrival: Arrival) {
        self.under_way -= 1;
        self.arrived.insert((lane, place), arrival);
    }

    /// Asks for what idle lanes will want next, as far as there are buffers. True if anything was asked for.
    pub(super) fn ask(&mut self) -> bool {
        let cold = self.idle.iter().filter(|lane| matches!(lane.feed, Feed::Ahead { .. })).count();
        if cold == 0 || !self.errors.is_empty() {
            return false;
        }
        let most = (MAX_BUFFERS / cold).clamp(*BUFFERS_A_LANE.start(), *BUFFERS_A_LANE.end());
        let before = self.requests.len();
        // Each lane one after the other, so that several become ready together.
        self.idle.sort_by_key(|lane| std::cmp::Reverse(lane.left_bytes()));
        for round in 1..=most {
            for at in 0..self.idle.len() {
                if !self.ask_for(at, round) {
                    return self.requests.len() > before;
                }
            }
        }
        self.requests.len() > before
    }

    /// Asks for the next bytes of the lane at `at`, if it has fewer than `most` buffers. False if there is none left.
    fn ask_for(&mut self, at: usize, most: usize) -> bool {
        let lane = &self.idle[at];
        let (length, start) = (lane.job.length(), lane.job.start());
        let Feed::Ahead { way, asked_bytes, buffers } = &lane.feed else { return true };
        if *asked_bytes >= length || *buffers >= most {
            return true;
        }
        let (way, place) = (*way, *asked_bytes);
        let spare = self.free.pop();
        let Some(buffer) = spare.or_else(|| new_buffer(&mut self.buffers)) else { return false };
        let lane = &self.idle[at];
        let offset = start + place;
        let before = usize::try_from(offset % ALIGNMENT as u64).unwrap_or(0);
        let wanted = u64::try_from(AHEAD_BYTES - before).unwrap_or(0).min(length - place);
        let wanted = usize::try_from(wanted).unwrap_or(0);
        let request = Request {
            input: Arc::clone(&lane.input),
            way,
            buffer,
            offset: offset - before as u64,
            length: (before + wanted).next_multiple_of(ALIGNMENT),
            wanted: before..before + wanted,
            lane: lane.at,
            place,
        };
        if let Feed::Ahead { asked_bytes, buffers, .. } = &mut self.idle[at].feed {
            *asked_bytes += wanted as u64;
            *buffers += 1;
        }
        self.requests.push_back(request);
        self.under_way += 1;
        true
    }
}

/// One buffer more than the `made`, unless there are as many as there may be, or no memory.
fn new_buffer(made: &mut usize) -> Option<Buffer> {
    if *made >= MAX_BUFFERS {
        return None;
    }
    let buffer = Buffer::new(AHEAD_BYTES).ok()?;
    *made += 1;
    Some(buffer)
}

/// How fast one lane is on a core that advances `lanes`, as a share of what it is alone: measured on Zen 4. Kernels that
/// do one thing after the other share the core evenly.
fn lane_rate(kernel: Kernel, lanes: usize) -> f64 {
    let lanes = lanes.max(1);
    let measured: &[f64] = match kernel {
        Kernel::Hybrid => &[1.0, 0.93, 0.83, 0.79],
        Kernel::ShaNi | Kernel::Aarch64 => &[1.0, 0.90, 0.61, 0.50],
        Kernel::Avx2 => &[1.0; 8],
        Kernel::Portable => &[1.0],
    };
    match measured.get(lanes - 1) {
        Some(rate) => *rate,
        None => measured.len() as f64 * measured[measured.len() - 1] / lanes as f64,
    }
}
