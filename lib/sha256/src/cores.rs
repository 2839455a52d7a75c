//! How many threads can hash without being in each other's way.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;

/// The cores that this process may use, at least one: two threads of one core share its vector units, and hashing leaves
/// none of them idle.
///
/// No more than the system grants in processor time. Where it does not say which processors are one core, each counts.
#[must_use]
pub fn physical_cores() -> NonZeroUsize {
    let granted = available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let allowed = fs::read_to_string("/proc/self/status").ok();
    let allowed = allowed.as_deref().and_then(|status| {
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
        processors(list.trim())
    });
    let Some(allowed) = allowed else { return granted };
    let core = |number: &usize| {
        let siblings = format!("/sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list");
        fs::read_to_string(siblings).unwrap_or_else(|_| number.to_string())
    };
    let cores: BTreeSet<String> = allowed.iter().map(core).collect();
    NonZeroUsize::new(cores.len()).map_or(granted, |cores| cores.min(granted))
}

/// The numbers in a list like `0-3,8` (the kernel's documentation, "cputopology", "List format").
fn processors(list: &str) -> Option<Vec<usize>> {
    /// More than any machine has.
    const MOST: usize = 1 << 16;
    let mut numbers = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if last >= MOST {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors() {
        assert_eq!(processors("0"), Some(vec![0]));
        assert_eq!(processors("0-3,8"), Some(vec![0, 1, 2, 3, 8]));
        for wrong in ["", "a", "0-", "0-99999999999", "1,,2"] {
            assert_eq!(processors(wrong), None, "{wrong:?}");
        }
        let cores = physical_cores();
        assert!(available_parallelism().is_ok_and(|all| cores <= all));
    }
}
