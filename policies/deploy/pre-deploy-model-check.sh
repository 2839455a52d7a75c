#!/usr/bin/env bash
# pre-deploy-model-check.sh MODEL_DIR BUNDLE KEY [POLICY]
# The status is 0 if the model may be deployed, 1 if it may not, 2 if that could not be checked.
set -euo pipefail
refuse() { echo "pre-deploy-model-check: $*" >&2; exit 2; }
[ $# -eq 3 ] || [ $# -eq 4 ] || refuse "usage: pre-deploy-model-check.sh MODEL_DIR BUNDLE KEY [POLICY]"
for tool in mlbom-hash mlbom-verify mlbom-policy; do
    command -v "$tool" >/dev/null || refuse "$tool: not found, install the mlbom tools or put them on PATH"
done
status=0
mlbom-hash -- "$1" | mlbom-verify --bundle "$2" --require bom --key "$3" |
    mlbom-policy --policy "${4:-builtin:model-deployment}" >/dev/null || status=$?
[ "$status" -le 1 ] || status=2
exit "$status"
