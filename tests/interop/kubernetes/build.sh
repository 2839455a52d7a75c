#!/bin/sh
# build.sh VERSION TARGET: builds main.go against the API server's own code, module k8s.io/kubernetes at 1.N.P.
# That module names its siblings at v0.0.0 and takes them from its own tree; here each is the published v0.N.P.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/main.go" "$work"
cd "$work"
{
    printf 'module peer\n\ngo 1.24\n\nrequire k8s.io/kubernetes v%s\n' "$1"
    go mod download -json "k8s.io/kubernetes@v$1" | jq -r .GoMod |
        xargs sed -n 's/^\t\(k8s.io\/[a-z-]*\) v0\.0\.0$/\1/p' |
        while read -r sibling; do printf 'replace %s => %s v0.%s\n' "$sibling" "$sibling" "${1#1.}"; done
} > go.mod
GOFLAGS=-mod=mod go build -o "$target" .
