"""Compares two networks on Apache Spark: a task reads one shard of the samples, the driver merges what the tasks found.

    spark-submit spark.py --shards 16 --folder /shared/parts --out result.json -- a.npz b.npz --measure svcca

What follows `--` is for `svcca moments`. Every machine needs `svcca` on its path and sees the same `--folder`.
"""

import argparse
import ctypes
import pathlib
import shlex
import signal
import subprocess
import sys

from pyspark.sql import SparkSession


def die_with_parent():
    """A worker that is killed takes its svcca along, on Linux; elsewhere that runs on, and writes the same part."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def run(command):
    """Runs a command; its error output is the message of what Spark logs, and retries."""
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=die_with_parent)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(command)}: exit status {done.returncode}\n{done.stderr.strip()}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, required=True, help="how many tasks share the samples")
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="for the parts; all machines see it")
    parser.add_argument("--out", required=True, help="the result, as of `svcca compare --out`")
    parser.add_argument("--svcca", default="svcca", help="the command, if it is not `svcca`")
    parser.add_argument("arguments", nargs="+", help="of `svcca moments`: the two networks, --data, options")
    options = parser.parse_args()
    svcca, shards = shlex.split(options.svcca), options.shards
    options.folder.mkdir(parents=True, exist_ok=True)
    parts = [str(options.folder / f"part.{i}") for i in range(shards)]

    # A part appears under its name when it is complete: a task that dies leaves none, and Spark gives it to another.
    def moments(i):
        run([*svcca, "moments", *options.arguments, "--shard", f"{i}/{shards}", "--out", parts[i]])
        return i

    spark = SparkSession.builder.appName("svcca").getOrCreate()
    try:
        spark.sparkContext.parallelize(range(shards), shards).map(moments).collect()
    finally:
        spark.stop()
    print(run([*svcca, "merge", *parts, "--out", options.out]), end="")
    # What a task was writing when it was killed; no part has such a name.
    for unfinished in options.folder.glob(".svcca-*.tmp"):
        unfinished.unlink()


main()
