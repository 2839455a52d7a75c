"""Runs commands in turn (A B A B ...) and compares them.

Wall and CPU seconds are of all processes of a shell line, as the kernel accounts them. Memory is that of the largest single
process, mapped files included, and never less than that of this script, which each of them starts as a copy of.
"""

import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

import cache
from cache import Unmeasured
from machine import Missing


class Figure(NamedTuple):
    wall: float
    cpu: float
    peak: float  # MB


def run(line, cwd):
    """Runs a shell line, or stops the benchmark if any part of it fails."""
    started = time.monotonic()
    child = subprocess.Popen(["bash", "-o", "pipefail", "-c", line], cwd=cwd, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with child.stderr:
        errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if child.returncode:
        sys.exit(f"{line}\nstatus {child.returncode}: {errors.decode(errors='replace')}")
    return Figure(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


class Comparison:
    """What several commands took: `figures` has for each a list, an item a turn."""

    def __init__(self, figures, missing, why=""):
        self.figures, self.missing, self.why = figures, missing, why

    def of(self, name):
        """The figures of a command; Unmeasured if there are none."""
        if self.why or name in self.missing:
            raise Unmeasured(self.why or self.missing[name])
        return self.figures[name]

    def ratio(self, theirs, ours, column="wall"):
        """How many times ours theirs took: the median over the turns."""
        turns = zip(self.of(theirs), self.of(ours))
        # The kernel counts CPU time in steps; what is below one is taken for it.
        return statistics.median(max(getattr(a, column), 1e-3) / max(getattr(b, column), 1e-3) for a, b in turns)

    def median(self, name):
        return Figure(*map(statistics.median, zip(*self.of(name))))


def compare(lines, cwd, runs, files, cold):
    """Runs each of `lines` (name -> shell line, or Missing) in turn, `runs` times after a warm-up.

    `files` are read into the page cache before the first, or dropped from it before each if `cold`.
    """
    missing = {name: line for name, line in lines.items() if isinstance(line, Missing)}
    figures = {name: [] for name in lines if name not in missing}
    try:
        if not cold:
            cache.warm(files)
        for turn in range(runs + 1):
            for name in figures:
                if cold:
                    cache.drop(files)
                figure = run(lines[name], cwd)
                if turn:
                    figures[name].append(figure)
        if not cold:
            cache.check_warm(files)
    except Unmeasured as error:
        return Comparison({}, missing, str(error))
    return Comparison(figures, missing)
