#!/bin/sh
# Runs the hashing kernels that are made of Rust alone under Miri, which sees undefined behaviour where it happens.
#
#     tests/check/miri.sh [TEST ARGUMENT]...
#
# Wants a nightly toolchain with the components miri and rust-src. What is assembler, maps memory or calls the library
# for single streams leaves itself out; the rest takes smaller inputs.
set -eu
cd "$(dirname "$0")/../.."

# The features are there for the compiler, so that the kernels are; Miri knows what their instructions do. The library
# behind the portable kernel is told to do without them, or it would be the same instructions again.
export RUSTFLAGS="-C target-feature=+avx2,+sha --cfg sha2_backend=\"soft\""
export MIRIFLAGS="${MIRIFLAGS:-} -Zmiri-strict-provenance -Zmiri-symbolic-alignment-check"
exec cargo +nightly miri test --locked -p mlbom-sha256 --test agreement --test known_answers "$@"
