"""The machine that a benchmark runs on, and the programs that ours are measured beside."""

import os
import platform
import shlex
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

# What the fastest kernel asks of the processor (lib/sha256/src/kernel/hybrid.rs).
HYBRID = {"avx512f": "AVX-512", "avx512bw": "AVX-512BW", "avx512vl": "AVX-512VL", "sha_ni": "SHA-NI"}


class Missing(str):
    """Why a command cannot be run here; stands where its shell line would."""


class Machine:
    def __init__(self):
        self.load = os.getloadavg()[0]
        self.cpus = sorted(os.sched_getaffinity(0))
        text = Path("/proc/cpuinfo").read_text(errors="replace")
        entries = [line.partition(":") for line in text.splitlines()]
        self.info = {key.strip(): value.strip() for key, _, value in entries}
        self.flags = set(self.info.get("flags", self.info.get("Features", "")).split())

    @property
    def processors(self):
        return len(self.cpus)

    @property
    def lacks(self):
        """Why the fastest kernel cannot run here; empty where it can."""
        return next((f"no {name}" for flag, name in HYBRID.items() if flag not in self.flags), "")

    def cores(self):
        """How many cores the processors are threads of; None where the kernel does not say."""
        topology = [Path(f"/sys/devices/system/cpu/cpu{number}/topology") for number in self.cpus]
        try:
            return len({tuple((each / name).read_text() for name in ("physical_package_id", "core_id"))
                        for each in topology})
        except OSError:
            return None

    def describe(self, work):
        """Lines about the machine, and the file system that holds the directory `work`."""
        model = self.info.get("model name", platform.machine())
        numbers = ", ".join(f"{key} {self.info[key]}" for key in ("cpu family", "model") if key in self.info)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
        features = ", ".join(f"{'with' if flag in self.flags else 'no'} {name}" for flag, name in HYBRID.items())
        filesystem = output("stat", "-f", "-c", "%T", str(work))
        return [
            f"- processor: {model} ({numbers or platform.machine()}), {features}",
            f"- {self.processors} processors on {self.cores() or 'unknown'} cores, {memory:.0f} GB of memory, "
            f"Linux {platform.release()}, files on {filesystem}",
            f"- load at the start: {self.load:.2f}" + (
                "; **something else was running**" if self.load > 0.25 * self.processors else ""),
        ]


def output(*command):
    """The first line that a command prints; empty if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [""])[0] if done.returncode == 0 else ""


class Peers:
    """Other programs, as shell words or Missing; `directory` is where `make interop` installs them, or None."""

    def __init__(self, directory, work):
        digest = work / "digest.py"
        digest.write_text(FILE_DIGEST)
        self.python = shlex.quote(sys.executable)
        self.hashlib = f"{self.python} {digest.name}"
        self.sha256sum = found("sha256sum")
        self.openssl = found("openssl")
        self.b3sum = found("b3sum", directory and directory / "bin/b3sum")
        self.cosign = found("cosign", directory and directory / "bin/cosign")
        self.model_signing = found("model_signing", directory and directory / "venv/bin/model_signing")

    def describe(self):
        """A line for each peer: its version, or that it is missing."""
        def version(word, *arguments):
            return word if isinstance(word, Missing) else output(*shlex.split(word), *arguments) or "unknown version"
        return ["- beside: " + "; ".join([
            version(self.sha256sum, "--version"),
            version(self.openssl, "version"),
            version(self.b3sum, "--version"),
            f"hashlib of Python {platform.python_version()} ({ssl.OPENSSL_VERSION})",
            version(self.model_signing, "--version"),
            cosign_version(self.cosign),
        ])]

    def hashing(self, data, processors, single=True, parallel=True):
        """Lines that hash `data`: by one process each, by one for each processor, or both."""
        # Some batches for each process where files are many, as somebody who knows xargs would have it.
        batch = max(1, len(data.files) // (4 * processors))
        every = f"xargs -0 -a {data.list}"
        commands = {
            "sha256sum": [self.sha256sum],
            "openssl dgst": [self.openssl, "dgst -sha256"],
            "hashlib.file_digest": [self.hashlib],
            "b3sum, 1 thread": [self.b3sum, "--num-threads 1"],
        }
        lines = {}
        for name, command in commands.items():
            if single or processors == 1:
                lines[name] = shell(every, *command)
            if parallel and processors > 1:
                lines[parallel_name(name, processors)] = shell(every, f"-P{processors} -n{batch}", *command)
        if processors > 1:
            lines["b3sum"] = shell(every, self.b3sum)
        return lines


def cosign_version(word):
    """cosign's own name and version, which it writes in a list of several."""
    if isinstance(word, Missing):
        return word
    done = subprocess.run([*shlex.split(word), "version"], capture_output=True, text=True, check=False)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("GitVersion:")]
    return f"cosign {lines[0][1]}" if lines else "cosign, unknown version"


def shell(*words):
    """A shell line of these; what is Missing if one of them is."""
    return next((word for word in words if isinstance(word, Missing)), " ".join(words))


def parallel_name(name, processors):
    """What a command is called that has all processors."""
    return f"{name}, xargs -P{processors}" if processors > 1 else name


def found(name, path=None):
    """A program as a shell word: at `path`, else in PATH, else Missing."""
    program = str(path.resolve()) if path and os.access(path, os.X_OK) else shutil.which(name)
    return shlex.quote(program) if program else Missing(f"{name} is missing")


FILE_DIGEST = """
import hashlib, sys
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        print(hashlib.file_digest(file, "sha256").hexdigest(), name)
"""
