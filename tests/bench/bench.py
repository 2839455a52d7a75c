"""Times the tools beside others on the same data, in turn (A B A B ...), and writes a table of medians and ratios.

Wall and CPU seconds are of whole processes, as the kernel accounts them; memory is the largest single process, and never
less than that of this script, which each of them starts as a copy of.
"""

import argparse
import base64
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5


def run(line, cwd):
    """Runs a shell line; gives wall seconds, CPU seconds and peak MB, or stops the benchmark if it fails."""
    started = time.monotonic()
    child = subprocess.Popen(["bash", "-c", line], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    if child.returncode:
        sys.exit(f"{line}\nstatus {child.returncode}: {errors.decode(errors='replace')}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compare(title, lines, cwd, table):
    """Runs each of `lines` (name -> shell line) in turn, RUNS times after a warm-up; adds rows to `table`."""
    figures = {name: [] for name in lines}
    for turn in range(RUNS + 1):
        for name, line in lines.items():
            figure = run(line, cwd)
            if turn:
                figures[name].append(figure)
    first = next(iter(lines))
    table.append(f"\n### {title}\n\n| command | wall s | CPU s | peak MB | wall, times ours |\n|---|---|---|---|---|")
    for name, runs in figures.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs))
        ratio = statistics.median(theirs[0] / ours[0] for theirs, ours in zip(runs, figures[first]))
        table.append(f"| {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {ratio:.2f} |")
    print("\n".join(table[-len(lines) - 1:]), flush=True)


def make_large(folder, files, megabytes):
    folder.mkdir()
    for number in range(files):
        with open(folder / f"model-{number:05}.safetensors", "wb") as out:
            for _ in range(megabytes):
                out.write(os.urandom(1 << 20))


def make_small(folder, files):
    folder.mkdir()
    for number in range(files):
        sub = folder / f"{number % 100:02}"
        sub.mkdir(exist_ok=True)
        (sub / f"{number}.json").write_text(json.dumps({"number": number, "pad": "x" * 960}))


# What a person would write to check an environment: every file that a RECORD lists with its digest.
RECORDS = """
import base64, hashlib, importlib.metadata, sys
for distribution in importlib.metadata.distributions(path=[sys.argv[1]]):
    for file in distribution.files or []:
        if file.hash:
            digest = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
            assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value, file
"""


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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="what `make interop` installed")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--megabytes", type=int, default=512, help="of each file")
    parser.add_argument("--small", type=int, default=20000)
    given = parser.parse_args()
    tools = Path(os.environ["MLBOM_BIN_DIR"]).resolve()
    os.environ["PATH"] = f"{tools}:{os.environ['PATH']}"
    oms = given.peers and given.peers / "venv/bin/model_signing"
    with tempfile.TemporaryDirectory(prefix="mlbom-bench-", dir=".") as work:
        work = Path(work).resolve()
        make_large(work / "large", given.files, given.megabytes)
        make_small(work / "small", given.small)
        subprocess.run("mlbom-sign --new-key k.pem", shell=True, cwd=work, check=True)
        table = [f"# Benchmark\n\n{os.cpu_count()} processors; medians of {RUNS} after a warm-up, in turn; data in the page cache."]
        for model, what in [
            ("large", f"{given.files} files of {given.megabytes} MiB"),
            ("small", f"{given.small} files of 1 KB"),
        ]:
            lines = {"mlbom-hash": f"mlbom-hash {model}"}
            listed = f"find {model} -type f -print0 | xargs -0"
            lines["sha256sum"] = f"{listed} sha256sum"
            lines["sha256sum, xargs -P"] = f"{listed} -P{os.cpu_count()} -n{given.small // 8 if model == 'small' else 1} sha256sum"
            if shutil.which("openssl"):
                lines["openssl dgst, xargs -P"] = lines["sha256sum, xargs -P"].replace("sha256sum", "openssl dgst -sha256")
            compare(f"Hashing {what}", lines, work, table)
            sign = {f"hash, compose, sign": f"mlbom-hash {model} | mlbom-compose | mlbom-sign --key k.pem --output {model}.jsonl"}
            sign["hash, sign"] = f"mlbom-hash {model} | mlbom-sign --key k.pem --output {model}.sig"
            verify = {"hash, verify, policy": f"mlbom-hash {model} | mlbom-verify --bundle {model}.jsonl --key k.pem.pub | mlbom-policy --policy builtin:minimal"}
            if oms and oms.exists():
                sign["model_signing sign key"] = f"{oms} sign key {model} --private_key k.pem --signature {model}.oms"
                verify["model_signing verify key"] = f"{oms} verify key {model} --public_key k.pem.pub --signature {model}.oms"
            compare(f"Signing {what}", sign, work, table)
            compare(f"Verifying {what}", verify, work, table)
        make_environment(work / "env", given.small)
        make_repository(work / "code", given.small)
        (work / "records.py").write_text(RECORDS)
        compare(f"Checking an environment of {given.small} files of 20 KB", {
            "mlbom-capture --python": "mlbom-capture --python env",
            "importlib.metadata, hashlib": f"{sys.executable} records.py env/lib/python3.12/site-packages",
        }, work, table)
        # git trusts the times in its index; we hash every tracked file.
        compare(f"Describing a work tree of {given.small} files", {
            "mlbom-capture --code": "mlbom-capture --code code",
            "git status, fresh index": "cd code && rm .git/index && git read-tree HEAD && git status --porcelain",
            "git status": "cd code && git status --porcelain",
        }, work, table)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text("\n".join(table) + "\n")
    print(f"written to {given.output}")


if __name__ == "__main__":
    main()
