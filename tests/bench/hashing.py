"""Hashing: files that are in memory and files that are not, one and many, large and small, on one core and on all."""

import json
import statistics
import subprocess

from cache import Unmeasured
from data import size
from machine import shell

READ, MAP = "mlbom-hash", "mlbom-hash --mmap"


def kernels(bench):
    """The kernels beside each other in one process: what they give without any reading."""
    try:
        found = trials(bench.cycles)
    except Unmeasured as error:
        found, why, lines = [], str(error), [f"Not measured: {error}."]
    else:
        why, lines = "no such kernel was tried", ["| kernel | streams | GB/s | times one stream |", "|---|---|---|---|"]
        lines += [f"| {each['kernel']} | {each['width']} | {each['gigabytesPerSecond']:.2f} | {each['ratio']:.2f} |"
                  for each in found]
    bench.report.add("Kernels: one core, one process", lines)

    def best():
        ratios = [each["ratio"] for each in found if each["kernel"] == "hybrid"]
        if not ratios:
            raise Unmeasured(why)
        return max(ratios)

    bench.report.target("hybrid kernel to one stream of SHA-NI, one core", 2.8, best, hybrid=True)


def trials(cycles):
    """What the program `cycles` of lib/sha256 tried: kernel, width, speed and ratio of each."""
    if not cycles.exists():
        raise Unmeasured("the program cycles is missing; make bench builds it")
    done = subprocess.run([cycles], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def cached(bench):
    """Equal files in memory, all cores."""
    data = bench.data["large"]
    ours = {READ: "mlbom-hash large", MAP: "mlbom-hash --mmap large"}
    compared = bench.compare(f"Hashing {data}, cached, all cores", ours, bench.others(data), data)
    openssl, coreutils = bench.parallel("openssl dgst"), bench.parallel("sha256sum")
    for name, times in [(MAP, 3.3), (READ, 2.5)]:
        bench.report.target(f"`{name}` to `{openssl}`, {data}, cached", times,
                            lambda name=name: compared.ratio(openssl, name), hybrid=True)
    bench.report.target(f"`{MAP}` to `{coreutils}`, {data}, cached", 10,
                        lambda: compared.ratio(coreutils, MAP), hybrid=True)


def core(bench):
    """The same, all tools held to one core."""
    data = bench.data["large"]
    hold = f"taskset -c {bench.machine.cpus[0]}"
    ours = {READ: f"{hold} mlbom-hash --threads 1 large", MAP: f"{hold} mlbom-hash --threads 1 --mmap large"}
    theirs = {name: shell(hold, line) for name, line in bench.peers.hashing(data, 1).items()}
    bench.compare(f"Hashing {data}, cached, one core", ours, theirs, data)


def cold(bench):
    """Equal files that are on the disk only."""
    data = bench.data["large"]
    # One process each of the slow ones says nothing about the disk, and would take minutes.
    theirs = bench.others(data, single=False)
    compared = bench.compare(f"Hashing {data}, cold, all cores", {READ: "mlbom-hash large"}, theirs, data, cold=True)
    openssl = bench.parallel("openssl dgst")
    bench.report.target(f"`{READ}` to `{openssl}`, {data}, cold", 1.3, lambda: compared.ratio(openssl, READ))
    bench.report.target(f"CPU time of `{READ}` as a share of `{openssl}`'s, {data}, cold", 1 / 3,
                        lambda: 1 / compared.ratio(openssl, READ, "cpu"), most=True, unit="")


def one(bench):
    """A file alone, whole and in shards, in memory and not."""
    data = bench.data["one"]
    # Many small shards are lanes for every core; 1G is what OpenSSF Model Signing cuts unless told otherwise.
    shards = {f"mlbom-hash --shards {length}": bench.with_flag("--shards", f"mlbom-hash --shards {length} one")
              for length in ("1G", "256Mi")}
    theirs = bench.others(data, parallel=False)
    ours = {READ: "mlbom-hash one", MAP: "mlbom-hash --mmap one"}
    compared = bench.compare(f"Hashing {data}, cached", {**ours, **shards}, theirs, data)
    bench.report.target(f"`{READ}` to `openssl dgst`, {data}, cached", 1.2,
                        lambda: compared.ratio("openssl dgst", READ))
    for name in shards:
        bench.report.target(f"`{name}` to `openssl dgst`, {data}, cached", 3,
                            lambda name=name: compared.ratio("openssl dgst", name))
    dropped = bench.compare(f"Hashing {data}, cold", {READ: ours[READ], **shards},
                            {name: line for name, line in theirs.items() if name != "sha256sum"}, data, cold=True)
    bench.report.target(f"`{READ}` to `openssl dgst`, {data}, cold", 1.5,
                        lambda: dropped.ratio("openssl dgst", READ))


def small(bench):
    """Many files of 1 KB: opening them is most of the work."""
    data = bench.data["small"]
    ours = {READ: "mlbom-hash small", MAP: "mlbom-hash --mmap small"}
    compared = bench.compare(f"Hashing {data}", ours, bench.others(data), data)
    bench.report.target(f"`{READ}` to `sha256sum` over the same list, {data}", 1,
                        lambda: compared.ratio("sha256sum", READ))


def uneven(bench):
    """Files of very different sizes, held to what the machine would take if the cores could share them out perfectly.

    That is at least the time of all bytes at the rate of the saturated machine, which as many bytes in equal files show, and
    of the longest at the rate of a file alone, which it shows alone: in the same turn, starting the tool included.
    """
    data, equal = bench.data["uneven"], bench.data["equal"]
    longest = max(data.files, key=lambda path: path.stat().st_size).relative_to(bench.work)
    ours = {}
    for name in (READ, MAP):
        ours |= {f"{name}, {what}": f"{name} {path}"
                 for what, path in [("uneven", "uneven"), ("equal", "equal"), ("the longest", longest)]}
    compared = bench.compare(f"Hashing {data}; {equal}", ours, {}, data, also=[equal], rate=False)
    for name in (READ, MAP):
        bench.report.target(
            f"`{name}`: wall to the ideal, {data} (longest {size(max(data.sizes))})", 1.2,
            lambda name=name: over_ideal(compared, name, data, equal), most=True)


def over_ideal(compared, name, data, equal):
    """How many times the ideal the uneven files took: the median over the turns."""
    turns = zip(*(compared.of(f"{name}, {what}") for what in ("uneven", "equal", "the longest")))
    return statistics.median(
        took.wall / max(data.bytes / (equal.bytes / saturated.wall), alone.wall)
        for took, saturated, alone in turns)
