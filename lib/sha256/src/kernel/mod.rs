//! SHA-256 of several independent streams at once: one compression function in several makes.
//!
//! One stream alone waits for the latency of its own rounds; several side by side fill the processor. Which make runs
//! is chosen once, from what the processor has. All of them compute the same function; they differ in time alone.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod constants;
#[cfg(target_arch = "x86_64")]
mod hybrid;
mod lanes;
mod portable;
#[cfg(target_arch = "x86_64")]
mod shani;

use std::sync::OnceLock;

/// The chaining value of one stream (FIPS 180-4, 6.2), words `a` to `h`.
pub type State = [u32; 8];

/// One message block (FIPS 180-4, 5.2.1).
pub type Block = [u8; 64];

/// The chaining value before the first block (FIPS 180-4, 5.3.3).
pub const INITIAL: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A make of the compression function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Rounds in SHA-NI, message schedule in AVX-512VL: `x86_64` with both.
    Hybrid,
    /// SHA-NI, streams interleaved.
    ShaNi,
    /// AVX2, one stream a lane: `x86_64` without SHA-NI.
    Avx2,
    /// The SHA-2 instructions of ARMv8, streams interleaved.
    Aarch64,
    /// What the `sha2` crate has for this processor, one stream after the other.
    Portable,
}

impl Kernel {
    /// Every kernel, the preferred first.
    pub const ALL: [Self; 5] = [Self::Hybrid, Self::ShaNi, Self::Aarch64, Self::Avx2, Self::Portable];

    /// The name that [`parse`](Self::parse) reads.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hybrid => "hybrid",
            Self::ShaNi => "sha-ni",
            Self::Avx2 => "avx2",
            Self::Aarch64 => "aarch64",
            Self::Portable => "portable",
        }
    }

    /// The kernel of that name, available here or not.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kernel| kernel.name() == name)
    }

    /// Whether this processor, under this operating system, can run it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Hybrid => hybrid::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::ShaNi => shani::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::is_available(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Hybrid | Self::ShaNi | Self::Avx2 => false,
            #[cfg(target_arch = "aarch64")]
            Self::Aarch64 => aarch64::is_available(),
            #[cfg(not(target_arch = "aarch64"))]
            Self::Aarch64 => false,
            Self::Portable => true,
        }
    }

    /// The first of [`ALL`](Self::ALL) that is available; looked for once.
    #[must_use]
    pub fn best() -> Self {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| {
            Self::ALL.into_iter().find(|kernel| kernel.is_available()).unwrap_or(Self::Portable)
        })
    }

    /// How many streams it wants at once; more are taken in turns, fewer leave it slower than it could be.
    ///
    /// For [`ShaNi`](Self::ShaNi) the first call tries for about a millisecond whether two or four streams are
    /// faster: it depends on how often the processor can start a pair of rounds, which only the clock tells.
    #[must_use]
    pub fn width(self) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::ShaNi if self.is_available() => shani::best_width(),
            _ if self.is_available() => self.widest(),
            _ => Self::Portable.widest(),
        }
    }

    /// The numbers of streams that it has instructions of its own for, ascending.
    #[must_use]
    pub fn widths(self) -> &'static [usize] {
        match self {
            Self::Hybrid => &[2, 3, 4],
            Self::ShaNi | Self::Aarch64 => &[1, 2, 3, 4],
            Self::Avx2 => &[lanes::WIDEST],
            Self::Portable => &[1],
        }
    }

    fn widest(self) -> usize {
        self.widths().last().copied().unwrap_or(1)
    }

    /// Takes each stream on by the run of blocks at its place.
    ///
    /// Any number of streams, and runs of any lengths: as many as have blocks left go on together, up to
    /// [`width`](Self::width) at a time, and where one ends the next takes its place. A state without a run, or a
    /// run without a state, is left alone. A kernel that is not available leaves the work to
    /// [`Portable`](Self::Portable).
    pub fn advance(self, states: &mut [State], runs: &[&[Block]]) {
        lanes::advance(self, self.width(), LEAST_LANES, states, runs);
    }
}

/// The fewest streams that are worth the eight lanes of AVX2: two in turn cost about as much one by one.
const LEAST_LANES: usize = 3;

/// [`Kernel::advance`] with `width` streams at most at a time, and AVX2 even where few are left: for tests and
/// measurements of one width.
#[doc(hidden)]
pub fn advance_width(kernel: Kernel, width: usize, states: &mut [State], runs: &[&[Block]]) {
    lanes::advance(kernel, width, 1, states, runs);
}
