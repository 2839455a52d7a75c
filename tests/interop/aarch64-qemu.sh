#!/bin/sh
# Tests the hashing kernels as 64-bit ARM code, under an emulator of the instructions.
#
#     tests/interop/aarch64-qemu.sh [TEST ARGUMENT]...
#
# Wants, from Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user; from rustup: the target below.
set -eu
cd "$(dirname "$0")/../.."

target=aarch64-unknown-linux-gnu
for program in aarch64-linux-gnu-gcc qemu-aarch64; do
    command -v "$program" >/dev/null || { echo "aarch64-qemu: $program: not found" >&2; exit 2; }
done
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
# An emulator without the instructions would leave the kernel untested, and pass.
export MLBOM_KERNELS=aarch64
exec cargo test --locked -p mlbom-sha256 --target "$target" "$@"
