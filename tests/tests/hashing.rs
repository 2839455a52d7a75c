//! `mlbom-hash` where a process shows what a library cannot: limits, odd file systems, signals that are ignored.

use mlbom_tests::Scratch;

fn refused(scratch: &Scratch, line: &str, words: &str) {
    let ran = scratch.sh(line);
    assert_eq!(ran.status, 2, "{line}: {}", ran.stderr);
    assert!(ran.stdout.is_empty(), "{line}: {}", ran.stdout);
    assert!(ran.stderr.contains(words), "{line}: {}", ran.stderr);
}

/// Many files and threads, and few descriptors: what is open at once is no more than the process may have.
#[test]
fn few_descriptors() {
    let scratch = Scratch::empty();
    scratch.ok("mkdir m; for n in $(seq 60); do head -c 70000 /dev/urandom > m/$n; done; echo > m/small");
    let alone = scratch.ok("mlbom-hash m");
    for line in [
        "ulimit -n 64; mlbom-hash --threads 100 m",
        "ulimit -n 20; mlbom-hash --threads 3 m",
        "ulimit -n 12; mlbom-hash m",
        "mlbom-hash --threads 18446744073709551615 m",
    ] {
        assert_eq!(scratch.ok(line), alone, "{line}");
    }
    let shards = scratch.ok("mlbom-hash --shards 10k m");
    assert_eq!(scratch.ok("ulimit -n 40; mlbom-hash --threads 64 --shards 10k m"), shards);
}

/// What the kernel makes up while it is read has another size than it says.
#[test]
fn sizes_that_are_not_true() {
    let scratch = Scratch::empty();
    for line in [
        "mlbom-hash /proc/version",
        "mlbom-hash --mmap /proc/version",
        "mlbom-hash --shards 1M /proc/version",
    ] {
        refused(&scratch, line, "/proc/version: has more bytes, its size is 0 bytes");
    }
    let told = scratch.sh("test -r /sys/kernel/mm/transparent_hugepage/enabled");
    if told.status == 0 {
        let line = "mlbom-hash /sys/kernel/mm/transparent_hugepage/enabled";
        refused(&scratch, line, "its size is 4096 bytes");
    }
}

#[test]
fn a_single_file_that_is_left_out() {
    let scratch = Scratch::empty();
    scratch.ok("echo > f; echo > .gitignore");
    for line in [
        "mlbom-hash --exclude 'f*' f",
        "mlbom-hash --oms-defaults .gitignore",
        "mlbom-hash --shards 1M --exclude f f",
        "mlbom-hash --part 1/1 --exclude f f",
    ] {
        refused(&scratch, line, "holds no file");
    }
    scratch.ok("mlbom-hash --exclude 'g*' f");
}

/// Progress that goes into the model changes it while it is read.
#[test]
fn progress_into_the_model() {
    let scratch = Scratch::empty();
    scratch.ok("mkdir m; echo > m/w");
    for line in [
        "mlbom-hash --json-progress 3 --output o.json m 3>>m/w",
        "mlbom-hash --json-progress 3 --output o.json --shards 1M m 3>>m/w",
        "mlbom-hash --json-progress 3 --output o.json --part 1/1 m 3>>m/w",
    ] {
        let ran = scratch.sh(line);
        assert_eq!(ran.status, 2, "{line}: {}", ran.stderr);
        scratch.ok("test ! -e o.json");
    }
}

/// Where the document cannot be written is said before the model is read, not after.
#[test]
fn an_output_that_cannot_be() {
    let scratch = Scratch::empty();
    // A terabyte of nothing, which would take minutes.
    scratch.ok("mkdir m; truncate -s 1T m/w");
    refused(&scratch, "timeout 20 mlbom-hash --output none/o.json m", "none/o.json");
    refused(&scratch, "timeout 20 mlbom-hash --output m m", "m: cannot be written");
}

/// A pipe that a name leads to is written like one that is standard output.
#[test]
fn names_of_pipes() {
    let scratch = Scratch::empty();
    scratch.ok("echo > f");
    let wanted = scratch.ok("mlbom-hash f");
    assert_eq!(scratch.ok("mlbom-hash --output /dev/stdout f | cat"), wanted);
    assert_eq!(scratch.ok("mlbom-hash --output /dev/fd/3 f 3>&1 | cat"), wanted);
}

/// As under `nohup`: what the caller has ignored does not end a download.
#[test]
fn signals_that_are_ignored() {
    let scratch = Scratch::empty();
    for signal in ["HUP", "INT", "TERM"] {
        let line = format!(
            "(trap '' {signal}; exec mlbom-hash --stdin x --tee t-{signal} --output m-{signal}) < <(printf a; sleep 1; printf b) & \
             sleep 0.5; kill -{signal} $!; wait $!"
        );
        scratch.ok(&line);
        assert_eq!(scratch.read(&format!("t-{signal}")), "ab", "{signal}");
    }
}

/// A kernel that this processor has not is refused, not replaced; each that it has gives the same digests.
#[test]
fn a_kernel_that_is_asked_for() {
    let scratch = Scratch::empty();
    scratch.ok("mkdir m; for n in $(seq 9); do head -c 70000 /dev/urandom > m/$n; done");
    let wanted = scratch.ok("mlbom-hash m");
    for kernel in mlbom_tree::Kernel::ALL {
        let line = format!("mlbom-hash --kernel {} m", kernel.name());
        if kernel.is_available() {
            assert_eq!(scratch.ok(&line), wanted, "{line}");
        } else {
            refused(&scratch, &line, &format!("this processor has no {}", kernel.name()));
        }
    }
    refused(&scratch, "mlbom-hash --kernel md5 m", "is no kernel");
}
