"""Run with: python3 -m unittest discover tests/demo"""

import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TRAIN = Path(__file__).with_name("train.py")


def train(*arguments):
    return subprocess.run([sys.executable, TRAIN, *arguments], capture_output=True, text=True, check=False)


class Train(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="mlbom train ")
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.model = Path(cls.temporary.name, "model")
        cls.first = train(cls.model)

    def test_learns(self):
        self.assertEqual((self.first.returncode, self.first.stderr), (0, ""))
        losses = [float(line.split()[-1]) for line in self.first.stdout.splitlines() if line.startswith("epoch")]
        self.assertEqual(losses, sorted(losses, reverse=True))
        accuracy = float(self.first.stdout.split("test accuracy ")[1].split()[0])
        self.assertGreater(accuracy, 0.95)
        self.assertIn(f"      value: {accuracy}\n", (self.model / "README.md").read_text())

    def test_writes_the_same_bytes_again(self):
        again = Path(self.temporary.name, "again")
        self.assertEqual(train(again).stdout, self.first.stdout)
        files = {path.name: path.read_bytes() for path in self.model.iterdir()}
        self.assertEqual({path.name: path.read_bytes() for path in again.iterdir()}, files)

    def test_shards_agree_with_their_index(self):
        index = json.loads((self.model / "model.safetensors.index.json").read_text())
        total, found = 0, {}
        for path in sorted(self.model.glob("*.safetensors")):
            data = path.read_bytes()
            (length,) = struct.unpack_from("<Q", data)
            header = json.loads(data[8:8 + length])
            self.assertEqual(header.pop("__metadata__"), {"format": "pt"})
            self.assertEqual(max(tensor["data_offsets"][1] for tensor in header.values()), len(data) - 8 - length)
            total += len(data) - 8 - length
            found.update((name, path.name) for name in header)
        self.assertEqual(index, {"metadata": {"total_size": total}, "weight_map": found})

    def test_goes_on_from_another(self):
        base = Path(self.temporary.name, "models--acme--penguins/snapshots/0")
        train(base)
        again = Path(self.temporary.name, "tuned")
        done = train(again, base)
        first, second = (float(run.stdout.split("loss ")[at].split()[0]) for run, at in ((self.first, -1), (done, 1)))
        self.assertLessEqual(second, first)
        self.assertIn("base_model: acme/penguins\n", (again / "README.md").read_text())
        self.assertNotEqual((again / "model-00001-of-00002.safetensors").read_bytes(),
                            (base / "model-00001-of-00002.safetensors").read_bytes())

    def test_does_not_write_into_a_directory_that_exists(self):
        self.assertEqual(train(self.model).returncode, 1)


if __name__ == "__main__":
    unittest.main()
