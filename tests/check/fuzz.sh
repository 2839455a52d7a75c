#!/bin/sh
# Feeds the hashing crate what a fuzzer thinks of: the kernels and their driver, and the pool that reads files.
#
#     tests/check/fuzz.sh SECONDS [TARGET]...
#
# Each target runs that long, by default all of them (lib/sha256/fuzz). Wants cargo-fuzz and a nightly toolchain. What was
# tried stays in lib/sha256/fuzz/corpus for the next time; a case that failed, in lib/sha256/fuzz/artifacts. Exit status:
# 0 none failed, 1 one did, 2 they could not be run.
set -eu
case ${1:-} in
'' | *[!0-9]*) echo "usage: fuzz.sh SECONDS [TARGET]..." >&2; exit 2 ;;
esac
seconds=$1
shift
cd "$(dirname "$0")/../../lib/sha256/fuzz"
[ $# -gt 0 ] || set -- driver reader

cargo +nightly fuzz --version >/dev/null || { echo "fuzz: cargo-fuzz: not there, nor a nightly toolchain" >&2; exit 2; }
for target in "$@"; do
    cargo +nightly fuzz build --fuzz-dir . "$target" || exit 2
done
status=0
for target in "$@"; do
    mkdir -p "corpus/$target"
    # Long inputs from the start: short ones are too few jobs for a pool.
    cargo +nightly fuzz run --fuzz-dir . "$target" -- -max_total_time="$seconds" -max_len=2048 -len_control=0 \
        -timeout=20 -print_final_stats=1 || status=1
done
exit "$status"
