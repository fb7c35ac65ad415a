#!/usr/bin/env bash
# One shard: a task of the array that submit.sh submits.
#SBATCH --job-name=svcca-moments
#SBATCH --cpus-per-task=2
#SBATCH --mem=2G
#SBATCH --time=02:00:00
#SBATCH --requeue
set -euo pipefail

: "${SHARDS:?how many shards there are}" "${PARTS:?the folder of the parts, which all nodes see}"
part=$PARTS/part.$SLURM_ARRAY_TASK_ID

# Slurm itself repeats a task whose node was lost (--requeue). What was killed on a healthy node is tried again here; bad
# input (exit status 1) and wrong usage (2) would only fail again.
for attempt in 1 2 3; do
  status=0
  svcca moments "$@" --shard "$SLURM_ARRAY_TASK_ID/$SHARDS" --out "$part" || status=$?
  if [ "$status" -le 2 ]; then exit "$status"; fi
  echo "shard $SLURM_ARRAY_TASK_ID: exit status $status in attempt $attempt" >&2
done
exit "$status"
