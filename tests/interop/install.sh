#!/bin/sh
# install.sh DIR: other people's programs that the interop tests run, from the ordinary package registries.
# DIR/venv is a Python environment, DIR/bin holds cosign and opa. What is there already is left alone.
set -eu

MODEL_SIGNING=1.1.1
CYCLONEDX=11.12.0
COSIGN=v3.1.3
OPA=v1.22.0

[ $# -eq 1 ] || { echo "usage: install.sh DIR" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# The programs that this needs, each with the line that installs it.
missing=0
needs() {
    command -v "$1" >/dev/null 2>&1 || { echo "install.sh: $1 is missing: $2" >&2; missing=1; }
}
if [ ! -x "$dir/bin/cosign" ] || [ ! -x "$dir/bin/opa" ]; then
    needs go "apt-get install golang-go (1.21 or newer: it fetches the version that cosign asks for)"
fi
for program in jq openssl; do
    needs "$program" "apt-get install $program"
done
needs python3 "apt-get install python3 python3-venv"
if command -v python3 >/dev/null && [ ! -x "$dir/venv/bin/python" ] && ! python3 -c 'import ensurepip' 2>/dev/null; then
    echo "install.sh: Python's module venv is missing: apt-get install python3-venv" >&2
    missing=1
fi
[ "$missing" = 0 ] || exit 1

# model_signing 1.1.1 imports OpenSSL and no longer gets it through sigstore, hence pyopenssl.
[ -x "$dir/venv/bin/python" ] || python3 -m venv "$dir/venv"
version_of() {
    "$dir/venv/bin/python" -c 'import sys; from importlib.metadata import version; print(version(sys.argv[1]))' "$1" 2>/dev/null
}
if [ "$(version_of model-signing)" != "$MODEL_SIGNING" ] || [ "$(version_of cyclonedx-python-lib)" != "$CYCLONEDX" ] ||
    ! version_of pyopenssl >/dev/null || ! version_of jsonschema >/dev/null; then
    "$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        "model-signing==$MODEL_SIGNING" pyopenssl "cyclonedx-python-lib[json-validation]==$CYCLONEDX"
fi
[ -x "$dir/bin/cosign" ] || GOBIN="$dir/bin" go install "github.com/sigstore/cosign/v3/cmd/cosign@$COSIGN"
[ -x "$dir/bin/opa" ] || GOBIN="$dir/bin" go install "github.com/open-policy-agent/opa@$OPA"

for package in model-signing pyopenssl sigstore cyclonedx-python-lib; do
    echo "$package $(version_of "$package")"
done
echo "cosign $("$dir/bin/cosign" version 2>&1 | sed -n 's/^GitVersion: *//p')"
echo "opa $("$dir/bin/opa" version | sed -n 's/^Version: *//p')"
openssl version
