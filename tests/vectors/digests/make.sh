#!/bin/sh
# make.sh PYTHON: writes the vectors anew with fsverity-utils and PYTHON's package blake3.
set -eu
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
{
    echo "# size blake3 fs-verity; of the bytes 0, 1, ... 250, 0, 1, ... See ORIGIN.md."
    for size in 0 1 1023 1024 1025 4095 4096 4097 8192 8193 65536 524287 524288 524289 1048576 1048577 \
        16777219 67108863 67108864 67108865; do
        "$1" - "$size" "$scratch/f" <<'END'
import sys
size = int(sys.argv[1])
open(sys.argv[2], "wb").write((bytes(range(251)) * (size // 251 + 1))[:size])
END
        blake3=$("$1" -c 'import blake3, sys; print(blake3.blake3(open(sys.argv[1], "rb").read()).hexdigest())' "$scratch/f")
        echo "$size $blake3 $(fsverity digest --compact "$scratch/f")"
    done
} > vectors.txt
