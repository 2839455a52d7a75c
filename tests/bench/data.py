"""What is hashed: models and trees of made-up files, at a full size and at a quick one."""

import base64
import dataclasses
import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess

MIB = 1 << 20


@dataclasses.dataclass(frozen=True)
class Sizes:
    runs: int  # measured, after a warm-up
    shard: int  # bytes of each of 8 equal files
    single: int  # bytes of a file alone
    uneven: int  # bytes in all, in 30 uneven files, and in as many equal ones as every core wants
    small: int  # number of files of 1 KB, and of those in an environment and a work tree
    many: int  # number of files of 1 KB, as some models have
    bill: int  # bytes of a long bill of materials


FULL = Sizes(runs=5, shard=512 * MIB, single=4096 * MIB, uneven=4096 * MIB, small=20000, many=100_000, bill=48_000_000)
QUICK = Sizes(runs=2, shard=4 * MIB, single=32 * MIB, uneven=32 * MIB, small=500, many=2000, bill=1_000_000)


class Data:
    """Files below `work / name`, which has to be the current directory of what reads `list`."""

    def __init__(self, work, name):
        self.name = name
        self.files = sorted(path for path in (work / name).rglob("*") if path.is_file())
        self.sizes = [path.stat().st_size for path in self.files]
        self.bytes = sum(self.sizes)
        # For xargs -0: others are spared the walk, which is ours to do.
        self.list = f"{name}.list"
        names = [f"{path.relative_to(work)}\0" for path in self.files]
        (work / self.list).write_text("".join(names))

    def __str__(self):
        count = f"{len(self.files)} file{'s' if len(self.files) > 1 else ''}"
        least, most = size(min(self.sizes)), size(max(self.sizes))
        return f"{count} of {least}" if least == most else f"{count} of {least} to {most}, {size(self.bytes)} in all"


def size(number):
    for unit, name in [(1 << 30, "GiB"), (MIB, "MiB")]:
        if number >= unit:
            return f"{number / unit:.4g} {name}"
    return f"{number / 1000:.0f} KB"


def make(work, name, sizes, processors):
    """Makes the files called `name`, all of them on the disk when it returns."""
    makers = {
        "large": lambda folder: make_model(folder, [sizes.shard] * 8),
        "one": lambda folder: make_model(folder, [sizes.single]),
        "equal": lambda folder: make_model(folder, equal(sizes.uneven, processors)),
        "uneven": lambda folder: make_model(folder, uneven(sizes.uneven, 30)),
        "small": lambda folder: make_small(folder, sizes.small),
        "many": lambda folder: make_small(folder, sizes.many),
        "environment": lambda folder: make_environment(folder, sizes.small),
        "code": lambda folder: make_repository(folder, sizes.small),
    }
    folder = work / name
    folder.mkdir()
    makers[name](folder)
    # Else the disk is still busy with them while the first are hashed.
    os.sync()
    return Data(work, name)


def forget(work, files):
    shutil.rmtree(work / files.name)
    (work / files.list).unlink()


def equal(total, processors):
    """Sizes of files enough for four streams on every processor."""
    count = max(8, 4 * processors)
    return [total // count] * count


def uneven(total, count):
    """Sizes spread as the logarithm of a normal distribution (sigma 1) is, the same ones each time; no order in them."""
    normal = statistics.NormalDist()
    weights = [math.exp(normal.inv_cdf((number + 0.5) / count)) for number in range(count)]
    sizes = [int(total * weight / sum(weights)) for weight in weights]
    # 7 and the count have no divisor in common, so that each comes once.
    assert math.gcd(7, count) == 1
    return [sizes[number * 7 % count] for number in range(count)]


def make_model(folder, sizes):
    for number, left in enumerate(sizes):
        with open(folder / f"model-{number:05}.safetensors", "wb") as out:
            while left:
                left -= out.write(os.urandom(min(left, MIB)))


def make_small(folder, files):
    for number in range(files):
        sub = folder / f"{number % 100:02}"
        sub.mkdir(exist_ok=True)
        (sub / f"{number}.json").write_text(json.dumps({"number": number, "pad": "x" * 960}))


def make_environment(folder, files):
    """A Python environment of `files` files of 20 KB in packages of 100, each with its RECORD."""
    site = folder / "lib/python3.12/site-packages"
    for package in range(files // 100):
        name, lines = f"package{package}", []
        (site / name).mkdir(parents=True)
        for number in range(100):
            data = os.urandom(20000)
            (site / name / f"m{number}.py").write_bytes(data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name}/m{number}.py,sha256={digest},{len(data)}")
        info = site / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n")
        (info / "RECORD").write_text("\n".join([*lines, f"{name}-1.0.dist-info/RECORD,,"]) + "\n")


def make_repository(folder, files):
    """A git work tree of `files` small files, committed."""
    make_small(folder, files)
    git = "git -c user.name=a -c user.email=a@example.org"
    subprocess.run(f"{git} init -q . && {git} add . && {git} commit -qm x", shell=True, cwd=folder, check=True)
