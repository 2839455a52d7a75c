#!/bin/sh
# Writes the golden files anew with the tools in MLBOM_BIN_DIR. Read the difference, then have the peers verify what is
# new (make interop) before it is kept.
set -eu
cd "$(dirname "$0")"
PATH="$MLBOM_BIN_DIR:$PATH"
mlbom-hash --output manifest.jsonl model
mlbom-compose --name golden --model-version 1 --output bom.cdx.json <manifest.jsonl
for kind in p256 ed25519; do
    mlbom-sign --quiet --key "test-key-$kind.pem" --output "oms.$kind.sig" <manifest.jsonl
    mlbom-sign --key "test-key-$kind.pem" --output "bom.$kind.jsonl" <bom.cdx.json
done
