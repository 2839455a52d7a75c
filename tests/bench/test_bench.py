"""Run with: python3 -m unittest discover tests/bench"""

import os
import tempfile
import types
import unittest
from pathlib import Path

import cache
import data
import hashing
from cache import Unmeasured
from machine import HYBRID, Machine, Missing, found, shell
from measure import Comparison, Figure, compare
from report import Report, Target


def fail():
    raise Unmeasured("openssl is missing")


def walls(*seconds):
    return [Figure(wall, 0.0, 0.0) for wall in seconds]


class Targets(unittest.TestCase):
    def test_is_never_reached_without_a_figure(self):
        for why, target, lacks, quick in [
            ("kernel not here", Target("t", 3, 99.0, hybrid=True), "no AVX-512", False),
            ("kernel not here, nothing wanted of it", Target("t", 3, 1.0, hybrid=True, most=True), "no AVX-512", False),
            ("peer missing", Target("t", 3, None, why="b3sum is missing"), "", False),
            ("quick", Target("t", 3, 99.0), "", True),
        ]:
            self.assertRegex(target.verdict(lacks, quick), "^not (measurable here: no AVX|measured: b3|judged)", why)

    def test_is_reached_on_the_right_side_only(self):
        for figure, most, verdict in [
            (2.99, False, "**not reached**"), (3.01, True, "**not reached**"),
            (3.0, False, "reached"), (3.0, True, "reached"), (99.0, False, "reached"), (0.1, True, "reached"),
        ]:
            self.assertEqual(Target("t", 3, figure, most=most).verdict("", False), verdict, (figure, most))
        # One for every kernel is judged where the fastest is not.
        self.assertEqual(Target("t", 3, 4.0).verdict("no AVX-512", False), "reached")
        self.assertEqual(Target("t", 3, 4.0, hybrid=True).verdict("", False), "reached")

    def test_what_is_not_measured_is_on_the_page(self):
        report = Report([], "", False)
        report.target("ours to theirs", 3, fail)
        report.peak = (101.0, "x")
        text = report.text()
        self.assertIn("| ours to theirs | at least 3 x |  | not measured: openssl is missing |", text)
        self.assertIn("| at most 100 MB | 101.00 MB | **not reached** |", text)

    def test_the_hybrid_kernel_wants_all_its_instructions(self):
        machine = Machine()
        for absent, name in HYBRID.items():
            machine.flags = set(HYBRID) - {absent}
            self.assertEqual(machine.lacks, f"no {name}")
        machine.flags = set(HYBRID)
        self.assertEqual(machine.lacks, "")


class Comparisons(unittest.TestCase):
    def test_missing_commands_have_no_ratio(self):
        compared = Comparison({"ours": walls(1, 1, 1)}, {"theirs": Missing("theirs is missing")})
        for theirs, ours in [("theirs", "ours"), ("ours", "theirs")]:
            with self.assertRaisesRegex(Unmeasured, "theirs is missing"):
                compared.ratio(theirs, ours)
        self.assertIsInstance(found("no-such-program"), Missing)
        self.assertIsInstance(shell("taskset -c 0", Missing("b3sum is missing"), "--num-threads 1"), Missing)

    def test_ratio_is_the_median_of_the_turns(self):
        compared = Comparison({"ours": walls(1, 2, 4), "theirs": walls(5, 4, 4)}, {})
        self.assertEqual(compared.ratio("theirs", "ours"), 2)

    def test_a_command_that_fails_stops_it(self):
        for line in ["false", "false | true", "no-such-program-either"]:
            with self.assertRaises(SystemExit, msg=line):
                compare({"ours": line}, ".", 1, [], False)

    def test_commands_take_turns_after_a_warm_up(self):
        with tempfile.TemporaryDirectory() as work:
            lines = {"a": "echo a >> log", "b": "echo b >> log", "c": Missing("c is missing")}
            compared = compare(lines, work, 2, [], False)
            self.assertEqual(Path(work, "log").read_text().split(), list("ababab"))
            self.assertEqual([len(compared.of(name)) for name in "ab"], [2, 2])

    def test_figures_are_of_all_processes_of_a_line(self):
        spin = "python3 -c 'import time\nx = b\"x\" * (64 << 20)\nwhile time.process_time() < 0.2: pass'"
        figure = compare({"a": f"{spin} & {spin} | cat; wait; sleep 0.1"}, ".", 1, [], False).median("a")
        self.assertGreater(figure.cpu, 0.4)
        self.assertGreater(figure.wall, 0.3)
        self.assertTrue(64 < figure.peak < 128, figure)


class Ideal(unittest.TestCase):
    def figures(self, uneven, equal, longest):
        return Comparison({f"x, {what}": walls(wall) for what, wall in
                           [("uneven", uneven), ("equal", equal), ("the longest", longest)]}, {})

    def test_is_the_longer_of_both_bounds(self):
        uneven, equal = types.SimpleNamespace(bytes=1000), types.SimpleNamespace(bytes=2000)
        # 1000 bytes at 2000 a second, or the longest in 0.25 or 2 seconds.
        for took, longest, times in [(1, 0.25, 2), (1, 2, 0.5), (3, 2, 1.5), (0.5, 0.25, 1)]:
            self.assertEqual(hashing.over_ideal(self.figures(took, 1, longest), "x", uneven, equal), times)

    def test_uneven_sizes(self):
        sizes = data.uneven(4096 * data.MIB, 30)
        self.assertEqual(sizes, data.uneven(4096 * data.MIB, 30))
        self.assertEqual(len(sizes), 30)
        self.assertAlmostEqual(sum(sizes) / (4096 * data.MIB), 1, places=6)
        self.assertGreater(max(sizes), 50 * min(sizes))
        self.assertNotIn(sizes, [sorted(sizes), sorted(sizes, reverse=True)])

    def test_equal_files_are_enough_for_all_cores(self):
        for processors, count in [(1, 8), (2, 8), (3, 12), (64, 256)]:
            sizes = data.equal(4096 * data.MIB, processors)
            self.assertEqual((len(sizes), len(set(sizes))), (count, 1))


class Cache(unittest.TestCase):
    def make(self, folder):
        files = [Path(folder, name) for name in ("a", "b", "empty")]
        for file, length in zip(files, (3 << 20, 5000, 0)):
            file.write_bytes(os.urandom(length))
        return files

    def test_files_in_memory_cannot_be_dropped(self):
        if not os.access("/dev/shm", os.W_OK):
            self.skipTest("no /dev/shm")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            files = self.make(folder)
            with self.assertRaisesRegex(Unmeasured, "cannot be dropped"):
                cache.drop(files)
            # The table says so, and nothing has a ratio.
            compared = compare({"a": "true", "b": "true"}, folder, 1, files, True)
            with self.assertRaises(Unmeasured):
                compared.ratio("a", "b")

    def test_drops_and_warms(self):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            files = self.make(folder)
            self.assertEqual(cache.resident(files), cache.pages(files))
            try:
                cache.drop(files)
            except Unmeasured as why:
                self.skipTest(str(why))
            self.assertEqual(cache.resident(files), 0)
            with self.assertRaisesRegex(Unmeasured, "stayed in the page cache"):
                cache.check_warm(files)
            cache.warm(files)
            self.assertEqual(cache.resident(files), cache.pages(files))
            # Each run starts without them, and those that are in the cache stay there.
            seen = Path(folder, "seen")
            look = f"cat {files[0]} > {seen}"
            compare({"a": look}, ".", 1, files[:1], True)
            self.assertEqual(seen.read_bytes(), files[0].read_bytes())
            cache.drop(files)
            compare({"a": look}, ".", 1, files, False)
            self.assertEqual(cache.resident(files), cache.pages(files))


if __name__ == "__main__":
    unittest.main()
