#!/bin/sh
# prerequisites.sh [PROGRAM...]: says, with the line that installs it, what is missing on a fresh Debian or Ubuntu: Rust, a
# C compiler, Python 3, and each PROGRAM, whose package has its name. Exits 1 if anything is.
missing=0
lacks() { # WHAT LINE
    printf 'missing: %s; install it with\n    %s\n' "$1" "$2" >&2
    missing=1
}
# The reader's shell expands it, not this one.
# shellcheck disable=SC2016
rustup='sudo apt-get install -y curl && curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . "$HOME/.cargo/env"'
wanted=$(sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' "$(dirname "$0")/../../Cargo.toml")
if command -v cargo >/dev/null 2>&1; then
    found=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
    if [ "${found:-0}" -lt "$wanted" ]; then
        lacks "Rust 1.$wanted or newer (cargo 1.${found:-?} found)" "$rustup"
    fi
else
    lacks 'Rust (cargo)' "$rustup"
fi
command -v cc >/dev/null 2>&1 || lacks 'a C compiler (cc)' 'sudo apt-get install -y gcc libc6-dev'
command -v python3 >/dev/null 2>&1 || lacks 'Python 3' 'sudo apt-get install -y python3'
for program; do
    command -v "$program" >/dev/null 2>&1 || lacks "$program" "sudo apt-get install -y $program"
done
exit $missing
