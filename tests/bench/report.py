"""The page that a benchmark writes: the machine, each target with what became of it, and a table for each comparison."""

import dataclasses
from typing import Optional

from cache import Unmeasured


@dataclasses.dataclass
class Target:
    what: str
    wanted: float
    figure: Optional[float]
    why: str = ""  # there is no figure
    most: bool = False  # `wanted` is the most it may be, not the least
    hybrid: bool = False  # set for the fastest kernel, and says nothing about the others
    unit: str = " x"

    def verdict(self, lacks, quick):
        """What to say of it on a machine that lacks this for the fastest kernel, if anything."""
        if self.hybrid and lacks:
            return f"not measurable here: {lacks}"
        if self.figure is None:
            return f"not measured: {self.why}"
        if quick:
            return "not judged: quick run"
        held = self.figure <= self.wanted if self.most else self.figure >= self.wanted
        return "reached" if held else "**not reached**"

    def row(self, lacks, quick):
        figure = "" if self.figure is None else f"{self.figure:.2f}{self.unit}"
        return (f"| {self.what} | {'at most' if self.most else 'at least'} {self.wanted:.4g}{self.unit} | {figure} "
                f"| {self.verdict(lacks, quick)} |")


class Report:
    def __init__(self, heading, lacks, quick):
        self.heading, self.lacks, self.quick = heading, lacks, quick
        self.targets, self.body = [], []
        # Megabytes, and of which command, of all that hash.
        self.peak = (0.0, "nothing was run")

    def target(self, what, wanted, measure, **more):
        """Adds a target; `measure` gives its figure, or raises Unmeasured."""
        try:
            self.targets.append(Target(what, wanted, measure(), **more))
        except Unmeasured as error:
            self.targets.append(Target(what, wanted, None, why=str(error), **more))

    def add(self, title, lines):
        self.body += ["", f"### {title}", "", *lines]
        print("\n".join(["", f"### {title}", *lines]), flush=True)

    def comparison(self, title, comparison, ours, theirs, size):
        """A table; times are those of the first of `ours`, rates of `size` bytes if that is anything."""
        first = next(iter(ours))
        lines = [f"| command | wall s |{' GB/s |' if size else ''} CPU s | peak MB | wall, times `{first}` |",
                 f"|---|---|---|---|---|{'---|' if size else ''}"]
        if comparison.why:
            self.add(title, [f"Not measurable here: {comparison.why}."])
            return
        for name in [*ours, *theirs]:
            try:
                figure = comparison.median(name)
                rate = f" {size / figure.wall / 1e9:.2f} |" if size else ""
                times = "" if first in comparison.missing else f"{comparison.ratio(name, first):.2f}"
                lines.append(f"| {name} | {figure.wall:.3f} |{rate} {figure.cpu:.3f} | {figure.peak:.0f} | {times} |")
            except Unmeasured as error:
                lines.append(f"| {name} | {error} |{' |' if size else ''} | | |")
        self.add(title, lines)

    def remember_peak(self, title, comparison, ours):
        """Keeps the largest process of `ours`, in any turn."""
        for name in ours:
            for figure in comparison.figures.get(name, []):
                self.peak = max(self.peak, (figure.peak, f"`{name}`, {title}"))

    def text(self):
        lines = ["# Benchmark", "", *self.heading]
        targets = list(self.targets)
        if self.peak[0]:
            peak, where = self.peak
            targets.append(Target(f"peak memory of what hashes, in every case (largest: {where})", 100, peak, most=True,
                                  unit=" MB"))
        if targets:
            lines += ["", "## Targets", "", "| what | wanted | here | |", "|---|---|---|---|",
                      *(target.row(self.lacks, self.quick) for target in targets)]
        return "\n".join([*lines, "", "## Figures", *self.body]) + "\n"
