"""Times the tools beside others on the same data, in turn (A B A B ...), and writes targets and tables of medians.

Figures are worth something only beside the others of their table: they are of one machine, at one time. A target that is
missed fails nothing; the page says so.
"""

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import capture
import chain
import data
import hashing
import measure
import verifying
from machine import Machine, Missing, Peers, parallel_name
from report import Report

# Name, function, and the files it wants; benchmarks of the same files stand together, for these are made for the first of
# them and removed after the last.
BENCHMARKS = [
    ("kernels", hashing.kernels, []),
    ("cached", hashing.cached, ["large"]),
    ("core", hashing.core, ["large"]),
    ("cold", hashing.cold, ["large"]),
    ("chain-large", chain.large, ["large"]),
    ("uneven", hashing.uneven, ["uneven", "equal"]),
    ("one", hashing.one, ["one"]),
    ("small", hashing.small, ["small"]),
    ("chain-small", chain.small, ["small"]),
    ("verify-bundle", verifying.bundle, []),
    ("verify-many", verifying.many, ["many"]),
    ("environment", capture.environment, ["environment"]),
    ("code", capture.code, ["code"]),
]


class Bench:
    """What a benchmark works with."""

    def __init__(self, work, tools, given):
        self.work, self.cycles = work, tools / "examples/cycles"
        self.sizes = data.QUICK if given.quick else data.FULL
        if given.turns:
            self.sizes = dataclasses.replace(self.sizes, runs=given.turns)
        self.machine = Machine()
        self.peers = Peers(given.peers, work)
        self.data = {}
        heading = [*self.machine.describe(work), *self.peers.describe(),
                   f"- medians of {self.sizes.runs} turns after a warm-up; memory of the largest process"]
        if given.quick:
            heading.insert(0, "**Quick run: files too small for the figures to mean anything.**\n")
        self.report = Report(heading, self.machine.lacks, given.quick)
        self.help = subprocess.run(["mlbom-hash", "--help"], capture_output=True, text=True, check=True).stdout

    def compare(self, title, ours, theirs, files=None, also=(), cold=False, rate=True):
        """Compares commands over `files` (and `also`), and adds their table; with `rate`, how fast they read `files`."""
        paths = [path for each in [files, *also] if each for path in each.files]
        compared = measure.compare({**ours, **theirs}, self.work, self.sizes.runs, paths, cold)
        self.report.comparison(title, compared, ours, theirs, files.bytes if files and rate else 0)
        if files:
            self.report.remember_peak(title, compared, ours)
        return compared

    def others(self, files, **which):
        return self.peers.hashing(files, self.machine.processors, **which)

    def parallel(self, name):
        """What one of `others` is called where it has all cores."""
        return parallel_name(name, self.machine.processors)

    def with_flag(self, flag, line):
        return line if f"{flag} " in self.help else Missing(f"mlbom-hash has no {flag} yet")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="what `make interop` installed")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--only", action="append", choices=[name for name, *_ in BENCHMARKS], help="may be repeated")
    parser.add_argument("--turns", type=int, help="how often each command runs, after once to warm up")
    parser.add_argument("--quick", action="store_true", help="with small files, while working on a benchmark")
    given = parser.parse_args()
    chosen = [each for each in BENCHMARKS if not given.only or each[0] in given.only]
    tools = Path(os.environ["MLBOM_BIN_DIR"]).resolve()
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
    given.output.parent.mkdir(parents=True, exist_ok=True)
    # Not in /tmp, which may be memory: files there are never cold.
    with tempfile.TemporaryDirectory(prefix="mlbom-bench-", dir=given.output.parent) as work:
        bench = Bench(Path(work).resolve(), tools, given)
        while chosen:
            _, function, wanted = chosen.pop(0)
            for name in wanted:
                if name not in bench.data:
                    print(f"making the files {name}", file=sys.stderr)
                    bench.data[name] = data.make(bench.work, name, bench.sizes, bench.machine.processors)
            function(bench)
            # After each, so that what was measured is kept whatever happens to the next.
            given.output.write_text(bench.report.text())
            for name in wanted:
                if not any(name in later[2] for later in chosen):
                    data.forget(bench.work, bench.data.pop(name))
    print(f"written to {given.output}")


if __name__ == "__main__":
    main()
