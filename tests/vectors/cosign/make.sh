#!/bin/sh
# make.sh: the bundles here, made anew by cosign 3.1.3 on PATH with keys that are forgotten afterwards. The predicate is
# a bill of materials that mlbom-compose in MLBOM_BIN_DIR makes of the one file.
set -eu
cd "$(dirname "$0")"
here=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export COSIGN_PASSWORD="" HOME="$work"
model=$(cd ../golden/model && pwd)/model.safetensors
cd "$work"
# No log, no timestamp authority.
cosign signing-config create >signing-config.json
"$MLBOM_BIN_DIR/mlbom-hash" "$model" | "$MLBOM_BIN_DIR/mlbom-compose" --output bom.cdx.json
for name in p256:prime256v1 p384:secp384r1; do
    openssl ecparam -name "${name#*:}" -genkey -noout -out key.pem
    cosign import-key-pair --yes --key key.pem --output-key-prefix "${name%:*}"
    cosign attest-blob --yes --key "${name%:*}.key" --type cyclonedx --predicate bom.cdx.json \
        --signing-config signing-config.json --bundle "${name%:*}.sigstore.json" "$model"
    # cosign writes bundles for their owner alone.
    install -m 644 "${name%:*}.pub" "${name%:*}.sigstore.json" "$here"
done
