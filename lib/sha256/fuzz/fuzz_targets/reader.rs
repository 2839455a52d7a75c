//! The pool, over inputs that behave in every way that a file may: whatever happens, its answer is the digest of the
//! bytes, or an error that there is a reason for.

#![no_main]

mod input;

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;

use input::{Case, LIVE, data};
use libfuzzer_sys::fuzz_target;
use mlbom_sha256::pool::{Reading, Settings, run};
use mlbom_sha256::{Kernel, sha256};

fuzz_target!(|case: Case| {
    let kernel = Kernel::ALL[usize::from(case.kernel) % Kernel::ALL.len()];
    let threads = NonZeroUsize::new(1 + usize::from(case.threads) % 3).expect("one at least");
    let reading = [Reading::Auto, Reading::Ahead, Reading::Map][usize::from(case.reading) % 3];
    let parts = case.parts(reading);
    let outcome = run(parts.clone(), &Settings { threads, kernel, reading });
    assert_eq!(LIVE.load(Ordering::SeqCst), 0, "every input is closed");
    match outcome {
        Ok(mut done) => {
            done.sort_unstable();
            assert!(done.iter().map(|(at, _)| *at).eq(0..parts.len()), "each once: {done:?}");
            for (part, (_, digest)) in parts.iter().zip(done) {
                assert!(!part.must_fail(), "{part:?}");
                let bytes = data(part.start, part.length).expect("what is longer than the data must fail");
                assert_eq!(digest, sha256(bytes), "{part:?}");
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            let mut places: Vec<usize> = errors.iter().map(|(at, _)| *at).collect();
            places.sort_unstable();
            places.dedup();
            assert_eq!(places.len(), errors.len(), "one error each: {errors:?}");
            for (at, why) in errors {
                assert!(parts[at].explains(&why), "{why:?} of {:?}", parts[at]);
            }
        }
    }
});
