//! The line that a person sees.

use std::io;

use super::rate::State;

/// Where a terminal does not say how wide it is.
const COLUMNS: usize = 80;

/// How wide the terminal on standard error is now.
pub(super) fn columns() -> usize {
    match rustix::termios::tcgetwinsize(io::stderr()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => COLUMNS,
    }
}

/// The line, short enough that it does not wrap: what wraps cannot be wiped out again.
pub(super) fn of(tool: &str, state: &State, columns: usize) -> String {
    let rate = format!("{}/s", size(state.bytes_per_second));
    let done = match state.total_bytes {
        Some(total) => {
            let percent = if total == 0 { 100.0 } else { 100.0 * state.done_bytes as f64 / total as f64 };
            // 100 only when it is all.
            format!(
                "{:3.0} % of {}",
                if state.done_bytes < total { percent.min(99.0) } else { percent },
                size(total)
            )
        }
        None => size(state.done_bytes),
    };
    let left = match state.seconds_left {
        Some(seconds) if seconds > 0 => format!(", {} left", duration(seconds)),
        _ => String::new(),
    };
    // The last column stays free: some terminals wrap as soon as it is written to.
    let room = columns.saturating_sub(1);
    let candidates = [
        format!("{tool}: {done}, {rate}{left}"),
        format!("{done}, {rate}{left}"),
        format!("{done}{left}"),
        done,
    ];
    let fits = candidates.iter().find(|text| text.len() <= room);
    fits.unwrap_or(&candidates[3]).chars().take(room).collect()
}

/// Bytes, in decimal units, with three digits at most before the unit changes.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1e3;
    let mut unit = 0;
    // What would be shown as 1000 is 1.00 of the next.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    let places = if value < 9.995 {
        2
    } else if value < 99.95 {
        1
    } else {
        0
    };
    format!("{value:.places$} {}", UNITS[unit])
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..360_000 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(done_bytes: u64, total_bytes: Option<u64>, bytes_per_second: u64, left: Option<u64>) -> State {
        State {
            seconds: 1.0,
            done_bytes,
            total_bytes,
            done_files: 0,
            total_files: 1,
            bytes_per_second,
            seconds_left: left,
        }
    }

    #[test]
    fn what_it_says() {
        for (state, want) in [
            (state(0, None, 0, None), "t: 0 B, 0 B/s"),
            (state(0, Some(0), 0, Some(0)), "t: 100 % of 0 B, 0 B/s"),
            (state(0, Some(5), 0, None), "t:   0 % of 5 B, 0 B/s"),
            (
                state(1_000_000_000, Some(4_000_000_000), 1_500_000_000, Some(2)),
                "t:  25 % of 4.00 GB, 1.50 GB/s, 2 s left",
            ),
            (state(9999, Some(10_000), 999_499, Some(61)), "t:  99 % of 10.0 kB, 999 kB/s, 1 min 01 s left"),
            (
                state(1, Some(u64::MAX), 999_500, Some(7260)),
                "t:   0 % of 18.4 EB, 1.00 MB/s, 2 h 01 min left",
            ),
            (
                state(1, Some(9_995_000), 99_950_000, Some(8_640_000)),
                "t:   0 % of 10.0 MB, 100 MB/s, 100 days left",
            ),
        ] {
            assert_eq!(of("t", &state, 80), want);
        }
    }

    #[test]
    fn no_terminal_is_too_narrow() {
        let busy = state(1_000_000_000, Some(4_000_000_000), 1_500_000_000, Some(3599));
        for columns in 0..100 {
            let line = of("mlbom-hash", &busy, columns);
            assert!(line.len() <= columns.saturating_sub(1), "{columns}: {line}");
        }
        assert_eq!(of("mlbom-hash", &busy, 50), " 25 % of 4.00 GB, 1.50 GB/s, 59 min 59 s left");
        assert_eq!(of("mlbom-hash", &busy, 40), " 25 % of 4.00 GB, 59 min 59 s left");
        assert_eq!(of("mlbom-hash", &busy, 7), " 25 % ");
    }
}
