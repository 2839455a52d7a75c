#!/bin/sh
# gnu-parallel.sh PARTS MODEL DIR: one manifest of MODEL from PARTS parts, on this machine or on those in MLBOM_HOSTS
# ("node1,node2", as for parallel's --sshlogin; : is this one). MODEL and DIR lie on storage that every host sees; the
# result is DIR/manifest.json. MLBOM_HASH_OPTIONS ("--sha512") go to every part.
set -eu
[ $# -eq 3 ] || { echo "usage: gnu-parallel.sh PARTS MODEL DIR" >&2; exit 2; }
parts=$1 model=$(realpath "$2") dir=$(realpath "$3")
export parts model dir MLBOM_HASH_OPTIONS="${MLBOM_HASH_OPTIONS:-}" PARALLEL_SHELL=/bin/sh

# No part of an earlier run may stand in for one of this run.
rm -f "$dir/manifest.json" "$dir"/part-*.json
# --output writes a part whole or not at all. --retries runs a part that dies again, on another host if there is one.
# The command is for the shell of the host, which has the variables by --env.
# shellcheck disable=SC2016
seq "$parts" |
    parallel --will-cite --retries 3 --sshlogin "${MLBOM_HOSTS:-:}" --env parts --env model --env dir \
        --env MLBOM_HASH_OPTIONS --env PATH \
        'set -f; mlbom-hash $MLBOM_HASH_OPTIONS --part {}/"$parts" --output "$dir"/part-{}.json "$model"'
# Refuses what is missing, should anything above not have noticed.
mlbom-hash --merge --output "$dir/manifest.json" "$dir"/part-*.json
