//! How fast each kernel is at each width, and how many times one stream of SHA-NI (where there is none: one stream of
//! the `sha2` crate). One JSON object a line; takes about three seconds.
//!
//! All are tried in turn, over and over, and their medians compared: another load on the machine, or a processor that
//! changes its speed, meets them all alike. Only the ratios mean something elsewhere.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use mlbom_sha256::Kernel;
use mlbom_sha256::kernel::{Block, INITIAL, advance_width};

/// What each turn hashes in all, whatever the width: it stays in the second cache.
const BLOCKS: usize = 480 * 1024 / 64;
const DURATION: Duration = Duration::from_secs(3);

/// One kernel at one width, and how long each turn took.
struct Trial {
    kernel: Kernel,
    width: usize,
    nanoseconds: Vec<u128>,
}

fn main() -> io::Result<()> {
    let mut trials: Vec<Trial> = Kernel::ALL
        .into_iter()
        .filter(|kernel| kernel.is_available())
        .flat_map(|kernel| kernel.widths().iter().map(move |&width| (kernel, width)))
        .map(|(kernel, width)| Trial { kernel, width, nanoseconds: Vec::new() })
        .collect();
    let data: Vec<Block> = (0..BLOCKS).map(|index| [index as u8; 64]).collect();
    let start = Instant::now();
    while start.elapsed() < DURATION {
        trials.iter_mut().for_each(|trial| trial.turn(&data));
    }
    let base = trials
        .iter()
        .find(|trial| trial.kernel == Kernel::ShaNi && trial.width == 1)
        .or_else(|| trials.iter().find(|trial| trial.kernel == Kernel::Portable))
        .map_or(0.0, Trial::bytes_per_nanosecond);
    let mut out = io::stdout().lock();
    for trial in &trials {
        let speed = trial.bytes_per_nanosecond();
        writeln!(
            out,
            r#"{{"kernel":"{}","width":{},"gigabytesPerSecond":{speed:.3},"ratio":{:.3}}}"#,
            trial.kernel.name(),
            trial.width,
            speed / base
        )?;
    }
    Ok(())
}

impl Trial {
    fn turn(&mut self, data: &[Block]) {
        let runs: Vec<&[Block]> = data.chunks_exact(data.len() / self.width).collect();
        let mut states = vec![INITIAL; runs.len()];
        let start = Instant::now();
        advance_width(self.kernel, self.width, &mut states, &runs);
        self.nanoseconds.push(start.elapsed().as_nanos());
        // Nobody may find out that nobody wants to know.
        std::hint::black_box(states);
    }

    /// By the median of all turns.
    fn bytes_per_nanosecond(&self) -> f64 {
        let mut sorted = self.nanoseconds.clone();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1).max(1);
        (BLOCKS * 64) as f64 / median as f64
    }
}
