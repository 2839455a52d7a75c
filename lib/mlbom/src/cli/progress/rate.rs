//! How fast it goes now, and how long it will take at that pace.

use std::collections::VecDeque;

/// The speed is that of the last seconds: a run over cached files and then over a network would mislead for minutes.
const WINDOW_SECONDS: f64 = 5.0;
/// No more samples than this are kept, whatever the clock does.
const MAX_SAMPLES: usize = 64;
/// Longer than this is no answer: a hundred days.
const MAX_LEFT_SECONDS: f64 = 8_640_000.0;

/// What is known at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) seconds: f64,
    pub(super) done_bytes: u64,
    /// None until it is known.
    pub(super) total_bytes: Option<u64>,
    pub(super) done_files: u64,
    /// 0 until it is known.
    pub(super) total_files: u64,
    pub(super) bytes_per_second: u64,
    /// Whole seconds, rounded up; None if nothing moves, nothing is known, or it is absurdly long.
    pub(super) seconds_left: Option<u64>,
}

/// The samples of the last seconds: time and bytes done.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(f64, u64)>);

impl Rate {
    pub(super) fn state(
        &mut self,
        seconds: f64,
        done_bytes: u64,
        total_bytes: Option<u64>,
        done_files: u64,
        total_files: u64,
    ) -> State {
        self.0.push_back((seconds, done_bytes));
        // One sample older than the window stays, so that the whole of it is covered.
        while self.0.len() > MAX_SAMPLES
            || self.0.get(1).is_some_and(|(at, _)| *at < seconds - WINDOW_SECONDS)
        {
            self.0.pop_front();
        }
        let (since, before) = *self.0.front().expect("a sample was just put in");
        let elapsed = seconds - since;
        let rate = if elapsed > 0.0 { done_bytes.saturating_sub(before) as f64 / elapsed } else { 0.0 };
        let left = total_bytes.map(|total| total.saturating_sub(done_bytes) as f64 / rate);
        // With a rate of 0 that is infinite, or not a number.
        let seconds_left = match left {
            _ if total_bytes == Some(done_bytes) => Some(0),
            Some(left) if left <= MAX_LEFT_SECONDS => Some(left.ceil() as u64),
            _ => None,
        };
        State {
            seconds,
            done_bytes,
            total_bytes,
            done_files,
            total_files,
            bytes_per_second: rate as u64,
            seconds_left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_of_the_last_seconds() {
        let mut rate = Rate::default();
        let mut at = |seconds: f64, done: u64, total: Option<u64>| {
            let state = rate.state(seconds, done, total, 0, 1);
            (state.bytes_per_second, state.seconds_left)
        };
        assert_eq!(at(0.0, 0, None), (0, None), "nothing is known");
        assert_eq!(at(0.0, 0, Some(1000)), (0, None), "no time has passed");
        assert_eq!(at(1.0, 0, Some(1000)), (0, None), "nothing moves");
        assert_eq!(at(2.0, 200, Some(1000)), (100, Some(8)));
        // Fast at first, then slow: after the window only the slow part counts.
        (3..=20).for_each(|second| {
            at(f64::from(second), 200 + u64::try_from(second).expect("positive"), Some(1000));
        });
        assert_eq!(at(21.0, 221, Some(1000)), (1, Some(779)));
        assert_eq!(at(22.0, 999, Some(1000)).1, Some(1), "never 0 while something is left");
        assert_eq!(at(23.0, 1000, Some(1000)).1, Some(0));
        assert_eq!(at(24.0, 1000, None).1, None);
    }

    #[test]
    fn extremes() {
        let mut rate = Rate::default();
        rate.state(0.0, 0, Some(u64::MAX), 0, 1);
        assert_eq!(rate.state(1e-9, 1, Some(u64::MAX), 0, 1).seconds_left, None, "centuries are no answer");
        let state = rate.state(2e-9, u64::MAX, Some(u64::MAX), 1, 1);
        assert_eq!((state.bytes_per_second, state.seconds_left), (u64::MAX, Some(0)));
        // A clock that stands still or goes back, and a count that does.
        for _ in 0..1000 {
            let state = rate.state(0.0, 5, Some(10), 0, 1);
            assert_eq!((state.bytes_per_second, state.seconds_left), (0, None));
        }
        assert!(rate.0.len() <= MAX_SAMPLES);
    }
}
