#!/bin/sh
# Writes shell completions: completions.sh BIN DATADIR TOOL...
set -eu
bin=$1 data=$2
shift 2
mkdir -p "$data/bash-completion/completions" "$data/zsh/site-functions" "$data/fish/vendor_completions.d"
for tool; do
    "$bin/$tool" --completions bash >"$data/bash-completion/completions/$tool"
    "$bin/$tool" --completions zsh >"$data/zsh/site-functions/_$tool"
    "$bin/$tool" --completions fish >"$data/fish/vendor_completions.d/$tool.fish"
done
