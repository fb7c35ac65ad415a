#!/usr/bin/env bash
# Submits the array and the job that merges its parts:
#
#   SHARDS=16 PARTS=/shared/parts OUT=/shared/result.json ./submit.sh a.npz b.npz --measure svcca
#
# Arguments are those of `svcca moments`; paths must be the same on all nodes. At most 8 tasks run at a time.
set -euo pipefail

export SHARDS=${SHARDS:-16} PARTS=${PARTS:-$PWD/parts} OUT=${OUT:-$PWD/result.json}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$PARTS"

array=$(sbatch --parsable --array="0-$((SHARDS - 1))%8" --output="$PARTS/shard-%a.log" "$here/moments.sh" "$@")
# --parsable prints "job" or "job;cluster".
array=${array%%;*}
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="$PARTS/merge.log" "$here/merge.sh")
echo "array $array of $SHARDS shards, then job ${merge%%;*}: $OUT"
