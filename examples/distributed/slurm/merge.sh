#!/usr/bin/env bash
# The last job: merges the parts when all tasks of the array have succeeded.
#SBATCH --job-name=svcca-merge
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=00:30:00
set -euo pipefail

: "${SHARDS:?how many shards there are}" "${PARTS:?the folder of the parts}" "${OUT:?the result}"
parts=()
for ((i = 0; i < SHARDS; i++)); do parts+=("$PARTS/part.$i"); done
svcca merge "${parts[@]}" --out "$OUT"
# What a task was writing when it was killed; no part has such a name.
rm -f "$PARTS"/.svcca-*.tmp
