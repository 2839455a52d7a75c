#!/usr/bin/env python3
"""ray_driver.py PARTS MODEL DIR: one manifest of MODEL from PARTS Ray tasks.

MODEL and DIR lie on storage that every node sees; the result is DIR/manifest.json. mlbom-hash is on the PATH of the
nodes. RAY_ADDRESS names a cluster; without it Ray starts one on this machine. MLBOM_HASH_OPTIONS go to every part.
"""

import os
import pathlib
import shlex
import subprocess
import sys

import ray


# A worker or a node that dies is Ray's to notice; that mlbom-hash itself fails comes as an exception. Both are tried
# again. --output writes a part whole or not at all, so there is no half a part to trip over.
@ray.remote(max_retries=3, retry_exceptions=True)
def part(number, parts, model, directory, options):
    target = directory / f"part-{number}.json"
    subprocess.run(["mlbom-hash", "--quiet", *options, "--part", f"{number}/{parts}", "--output", target, model],
                   check=True)
    return target


def main():
    if len(sys.argv) != 4:
        raise SystemExit("usage: ray_driver.py PARTS MODEL DIR")
    parts, model, directory = int(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3]).resolve()
    options = shlex.split(os.environ.get("MLBOM_HASH_OPTIONS", ""))
    manifest = directory / "manifest.json"
    manifest.unlink(missing_ok=True)
    ray.init(log_to_driver=False)
    done = ray.get([part.remote(number, parts, model, directory, options) for number in range(1, parts + 1)])
    # Refuses whatever is missing, doubled or of another model.
    return subprocess.run(["mlbom-hash", "--merge", "--output", manifest, *done]).returncode


if __name__ == "__main__":
    sys.exit(main())
