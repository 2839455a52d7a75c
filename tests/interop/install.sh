#!/bin/sh
# install.sh DIR: other people's programs that the interop tests and benchmarks run, from the ordinary package registries.
# DIR/venv and DIR/ray are Python environments, DIR/node has sigstore-js and a Node that it wants, DIR/bin holds cosign, opa,
# b3sum, kubernetes-validate and the services of a private Sigstore, DIR/hub-* a huggingface_hub for each layout that its
# cache has had, and DIR/captured-* environments and locks for us to describe. What is there already is left alone.
set -eu
# Daemons.
PATH=$PATH:/usr/sbin

MODEL_SIGNING=1.1.1
SIGSTORE_PYTHON=4.5.1
CYCLONEDX=11.12.0
HUBS="0.26.5 1.33.0 2.4.0"
SAFETENSORS=0.8.0
GGUF=0.19.0
NUMPY=2.4.6
PACKAGING=26.3
PYARROW=26.0.1
UV=0.13.9
BLAKE3=1.0.11
# A script in bin, compiled code, an SBOM of its own, nothing but modules.
CAPTURED="tabulate==0.10.0 MarkupSafe==3.0.4 filelock==4.2.11 itsdangerous==2.2.0"
COSIGN=v3.1.3
# The last of each that Go 1.26 builds.
FULCIO=v1.8.8
TIMESTAMP_SERVER=v2.1.3
REKOR2=v2.3.0
REKOR1=v1.5.4
CT_SERVER=v1.3.3
TRILLIAN=v1.7.3
# sigstore-js wants a newer Node than distributions have; this is one from the same registry.
NODE=22.23.3
SIGSTORE_JS=5.0.1
OPA=v1.22.0
B3SUM=1.8.7
# Its Go module is 1.N.P; the API server's rules for Jobs, without the server.
KUBERNETES=1.34.1
RAY=2.60.0

[ $# -eq 1 ] || { echo "usage: install.sh DIR" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

# The programs that this needs, each with the line that installs it.
missing=0
needs() {
    command -v "$1" >/dev/null 2>&1 || { echo "install.sh: $1 is missing: $2" >&2; missing=1; }
}
if [ ! -x "$dir/bin/cosign" ] || [ ! -x "$dir/bin/opa" ] || [ ! -x "$dir/bin/kubernetes-validate" ]; then
    needs go "apt-get install golang-go (1.21 or newer: it fetches the version that cosign asks for)"
fi
for program in jq openssl fsverity; do
    needs "$program" "apt-get install $program"
done
services="fulcio timestamp-server rekor-server-posix rekor-server ct_server trillian_log_server trillian_log_signer createtree"
for service in $services; do
    [ -x "$dir/bin/$service" ] || needs go "apt-get install golang-go (1.26 or newer for the Sigstore services)"
done
[ -x "$dir/node/node_modules/.bin/node" ] || needs npm "apt-get install npm"
# Debian keeps PostgreSQL's programs out of everybody's path.
for directory in /usr/lib/postgresql/*/bin; do PATH=$PATH:$directory; done
needs postgres "apt-get install postgresql"
needs softhsm2-util "apt-get install softhsm2"
needs pkcs11-tool "apt-get install opensc"
needs gpg "apt-get install gnupg"
needs curl "apt-get install curl"
needs git "apt-get install git"
needs parallel "apt-get install parallel"
needs slurmctld "apt-get install slurm-wlm"
needs munged "apt-get install munge"
needs python3 "apt-get install python3 python3-venv"
if command -v python3 >/dev/null && [ ! -x "$dir/venv/bin/python" ] && ! python3 -c 'import ensurepip' 2>/dev/null; then
    echo "install.sh: Python's module venv is missing: apt-get install python3-venv" >&2
    missing=1
fi
[ "$missing" = 0 ] || exit 1

# model_signing 1.1.1 imports OpenSSL and no longer gets it through sigstore, hence pyopenssl.
[ -x "$dir/venv/bin/python" ] || python3 -m venv "$dir/venv"
# version_of PACKAGE [ENVIRONMENT]
version_of() {
    "$dir/${2:-venv}/bin/python" -c 'import sys; from importlib.metadata import version; print(version(sys.argv[1]))' \
        "$1" 2>/dev/null
}
# pip ENVIRONMENT REQUIREMENT...
pip() {
    environment=$dir/$1
    shift
    "$environment/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
}
if [ "$(version_of model-signing)" != "$MODEL_SIGNING" ] || [ "$(version_of cyclonedx-python-lib)" != "$CYCLONEDX" ] ||
    [ "$(version_of sigstore)" != "$SIGSTORE_PYTHON" ] ||
    ! version_of pyopenssl >/dev/null || ! version_of jsonschema >/dev/null; then
    pip venv \
        "model-signing==$MODEL_SIGNING" "sigstore==$SIGSTORE_PYTHON" pyopenssl "cyclonedx-python-lib[json-validation]==$CYCLONEDX"
fi
for pin in "safetensors==$SAFETENSORS" "gguf==$GGUF" "numpy==$NUMPY" "packaging==$PACKAGING" "pyarrow==$PYARROW" "uv==$UV" "blake3==$BLAKE3"; do
    [ "$(version_of "${pin%%==*}")" = "${pin#*==}" ] || pip venv "$pin"
done
for version in $HUBS; do
    hub=hub-${version%.*}
    [ -x "$dir/$hub/bin/python" ] || python3 -m venv "$dir/$hub"
    [ "$(version_of huggingface-hub "$hub")" = "$version" ] || pip "$hub" "huggingface-hub==$version"
done
if [ ! -e "$dir/captured-venv/.done" ]; then
    rm -rf "$dir/captured-venv"
    python3 -m venv "$dir/captured-venv"
    # A list of requirements, a word each.
    # shellcheck disable=SC2086
    pip captured-venv $CAPTURED
    touch "$dir/captured-venv/.done"
fi
if [ ! -e "$dir/captured-uv/.done" ]; then
    rm -rf "$dir/captured-uv"
    "$dir/venv/bin/uv" venv --quiet --python python3 "$dir/captured-uv"
    # A list of requirements, a word each.
    # shellcheck disable=SC2086
    VIRTUAL_ENV="$dir/captured-uv" "$dir/venv/bin/uv" pip install --quiet $CAPTURED
    touch "$dir/captured-uv/.done"
fi
if [ ! -e "$dir/captured-locks/pylock.toml" ]; then
    rm -rf "$dir/captured-locks"
    mkdir "$dir/captured-locks"
    {
        printf '[project]\nname = "captured"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ['
        # A list of requirements, a word each.
        # shellcheck disable=SC2086
        printf '"%s",' $CAPTURED
        printf ']\n'
    } > "$dir/captured-locks/pyproject.toml"
    uv() { "$dir/venv/bin/uv" --quiet --directory "$dir/captured-locks" "$@"; }
    uv lock
    uv export --no-emit-project --format requirements-txt --output-file requirements.txt >/dev/null
    uv export --no-emit-project --format pylock.toml --output-file pylock.toml >/dev/null
fi
[ -x "$dir/bin/cosign" ] || GOBIN="$dir/bin" go install "github.com/sigstore/cosign/v3/cmd/cosign@$COSIGN"
# service PROGRAM PACKAGE@VERSION [FLAG]...: into DIR/bin, in an order in which each profits from the one before.
service() {
    program=$1 package=$2
    shift 2
    [ ! -x "$dir/bin/$program" ] || return 0
    GOBIN="$dir/bin" GOFLAGS="-trimpath -buildvcs=false" go install -ldflags='-s -w' "$@" "$package"
    # Its package is called after what it keeps its log on.
    [ "$program" != rekor-server-posix ] || mv "$dir/bin/posix" "$dir/bin/rekor-server-posix"
}
service fulcio "github.com/sigstore/fulcio@$FULCIO"
service timestamp-server "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@$TIMESTAMP_SERVER"
service rekor-server-posix "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@$REKOR2"
service rekor-server "github.com/sigstore/rekor/cmd/rekor-server@$REKOR1"
service ct_server "github.com/google/certificate-transparency-go/trillian/ctfe/ct_server@$CT_SERVER"
# Without the tag every storage that it knows is built in.
for program in trillian_log_server trillian_log_signer createtree; do
    service "$program" "github.com/google/trillian/cmd/$program@$TRILLIAN" -tags postgresql
done
if [ ! -e "$dir/bin/trillian.sql" ]; then
    # The download is there already, unless somebody cleared Go's cache.
    module=$(cd / && go mod download -json "github.com/google/trillian@$TRILLIAN" | jq -r .Dir)
    install -m 644 "$module/storage/postgresql/schema/storage.sql" "$dir/bin/trillian.sql"
fi
# npm_version_of PACKAGE
npm_version_of() { jq -r .version "$dir/node/node_modules/$1/package.json" 2>/dev/null; }
if [ "$(npm_version_of sigstore)" != "$SIGSTORE_JS" ] || [ ! -x "$dir/node/node_modules/.bin/node" ]; then
    mkdir -p "$dir/node"
    # Node's own package fetches its program while it is installed.
    npm --prefix "$dir/node" install --silent --no-fund --no-audit "node@$NODE" "sigstore@$SIGSTORE_JS"
fi
[ -x "$dir/ray/bin/python" ] || python3 -m venv "$dir/ray"
[ "$(version_of ray ray)" = "$RAY" ] || pip ray "ray==$RAY"
[ -x "$dir/bin/kubernetes-validate" ] ||
    "$(dirname "$0")/kubernetes/build.sh" "$KUBERNETES" "$dir/bin/kubernetes-validate"
[ -x "$dir/bin/opa" ] || GOBIN="$dir/bin" go install "github.com/open-policy-agent/opa@$OPA"
[ -x "$dir/bin/b3sum" ] || cargo install --quiet --locked --root "$dir" --version "$B3SUM" b3sum

for package in model-signing pyopenssl sigstore cyclonedx-python-lib safetensors gguf numpy packaging pyarrow uv blake3; do
    echo "$package $(version_of "$package")"
done
for version in $HUBS; do
    echo "huggingface_hub $(version_of huggingface-hub "hub-${version%.*}") in hub-${version%.*}"
done
for environment in captured-venv captured-uv; do
    # A list of requirements, a word each.
    # shellcheck disable=SC2086
    echo "$environment: $CAPTURED, pip $(version_of pip $environment || echo none)"
done
git --version
parallel --version | sed -n 1p
slurmctld -V
echo "ray $(version_of ray ray)"
echo "kubernetes $KUBERNETES"
echo "cosign $("$dir/bin/cosign" version 2>&1 | sed -n 's/^GitVersion: *//p')"
for program in $services; do
    echo "$program $(go version -m "$dir/bin/$program" 2>/dev/null | awk '$1 == "mod" { print $3 }')"
done
postgres --version
echo "softhsm $(softhsm2-util --version)"
gpg --version | sed -n 1p
echo "sigstore-js $(npm_version_of sigstore), node $("$dir/node/node_modules/.bin/node" --version)"
echo "opa $("$dir/bin/opa" version | sed -n 's/^Version: *//p')"
"$dir/bin/b3sum" --version
openssl version
fsverity --version
