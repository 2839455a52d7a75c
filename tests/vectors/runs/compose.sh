#!/usr/bin/env bash
# compose.sh RUN: the bill of a recorded run, composed in the directory that holds it.
set -euo pipefail
case $1 in
a1-bert-trainer)
    model=out/final
    flags=(--run out --base hf/hub/models--acme-lab--tiny-bert-tickets --code .
        --dataset train=hf/hub/datasets--acme-lab--support-tickets --dataset eval=data/test.jsonl)
    ;;
a2-lora-llama)
    model=out/adapter-local
    flags=(--base base/tiny-llama-tickets --dataset train=hf/datasets/acme-lab___support-tickets)
    ;;
a3-exports) model=. flags=(--base none --dataset none) ;;
a4-dvc-hydra) model=model flags=(--base none --code . --dataset train=data/prepared) ;;
a5-env) model=src flags=(--python .venv --code .) ;;
a6-planted)
    model=sharded
    flags=(--base hub/models--acme-lab--tiny-bert-tickets --adapter adapter --python site-packages)
    ;;
*) echo "compose.sh: $1: no such run" >&2; exit 2 ;;
esac
mlbom-hash "$model" | mlbom-capture - --model "$model" "${flags[@]}" | mlbom-compose --name "$1" --model-version 1
