#!/bin/sh
# slurm-array.sh PARTS MODEL DIR: one manifest of MODEL from PARTS array tasks and a merge that waits for them.
# MODEL and DIR lie on storage that every node sees; the result is DIR/manifest.json. Slurm's own options come from its
# SBATCH_ variables (SBATCH_PARTITION, SBATCH_ACCOUNT ...), mlbom-hash's from MLBOM_HASH_OPTIONS ("--sha512").
set -eu
[ $# -eq 3 ] || { echo "usage: slurm-array.sh PARTS MODEL DIR" >&2; exit 2; }
parts=$1 model=$(realpath "$2") dir=$(realpath "$3")
# No part of an earlier run may stand in for one of this run.
rm -f "$dir/manifest.json" "$dir"/part-*.json
export parts model dir

# --output writes a part whole or not at all, so a run that dies leaves none, and the next one starts afresh: here when
# mlbom-hash dies, by --requeue on another node when its own goes down.
array=$(sbatch --parsable --requeue --array="1-$parts" --job-name=mlbom-part --output="$dir/part-%a.log" <<'JOB'
#!/bin/sh
set -f
for _ in 1 2 3; do
    # A list of options, a word each.
    mlbom-hash ${MLBOM_HASH_OPTIONS:-} --part "$SLURM_ARRAY_TASK_ID/$parts" \
        --output "$dir/part-$SLURM_ARRAY_TASK_ID.json" "$model" && exit
done
exit 1
JOB
)
# afterok: only when every task succeeded. Whatever starts it, the merge refuses what is missing.
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --job-name=mlbom-merge \
    --output="$dir/merge.log" <<'JOB'
#!/bin/sh
exec mlbom-hash --merge --output "$dir/manifest.json" "$dir"/part-*.json
JOB
)
echo "$array $merge"
