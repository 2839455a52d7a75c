"""One model hashed by several machines: the recipes, run by the programs that they are for.

Each has to write the very bytes of a single run, also when a part is killed in the middle; and nothing at all when a
part dies every time.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from hub_stand_in import loopback_up

RECIPES = pathlib.Path(__file__).resolve().parents[2] / "recipes"
PARTS = 4
SHARD_BYTES = 96 << 20

# Stands before mlbom-hash on the PATH. Kills the run of part 2 once it has a file of the model open, the first time or
# every time. A run that had ended by itself would not have been killed, and says so.
KILLER = """#!/bin/sh
case " $* " in *" --part 2/"*) ;; *) exec "{real}" "$@" ;; esac
[ {always} = 1 ] || mkdir "{marks}/once" 2>/dev/null || exec "{real}" "$@"
"{real}" "$@" &
until ls -l /proc/$!/fd 2>/dev/null | grep -q shard-; do kill -0 $! || break; done
kill -9 $!
wait $!
echo $? >> "{marks}/statuses"
exit 1
"""


class Model:
    """A model that takes a while, its manifest from a single run, and programs that die."""

    def __init__(self, test, work):
        self.test, self.work = test, work
        self.path, self.real = work / "model", test.ours / "mlbom-hash"
        (self.path / "tok").mkdir(parents=True)
        block = random.Random(1).randbytes(1 << 20)
        for number in range(PARTS):
            with open(self.path / f"shard-{number}.bin", "wb") as file:
                for _ in range(SHARD_BYTES >> 20):
                    file.write(block)
        for number in range(30):
            (self.path / f"tok/{number}.txt").write_text("x" * number)
        (self.path / "left.tmp").write_text("left out")
        os.symlink("shard-0.bin", self.path / "link.bin")
        self.options = ["--sha512", "--exclude", "*.tmp"]
        self.alone = test.tool("hash", *self.options, self.path)

    def run(self, name, recipe, dies):
        """Runs `recipe(dir, environment)` where part 2 dies `once` or `always`; it gives whether it succeeded."""
        directory = self.work / f"{name}-{dies}"
        marks, programs = directory / "marks", directory / "bin"
        programs.mkdir(parents=True)
        marks.mkdir()
        killer = programs / "mlbom-hash"
        killer.write_text(KILLER.format(real=self.real, marks=marks, always=int(dies == "always")))
        killer.chmod(0o755)
        out = directory / "out"
        out.mkdir()
        # What an earlier run left must not be taken for a part of this one.
        (out / "manifest.json").write_text("stale")
        environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}",
                       "MLBOM_HASH_OPTIONS": " ".join(self.options)}
        good = recipe(out, environment)
        statuses = set((marks / "statuses").read_text().split()) if (marks / "statuses").exists() else set()
        self.test.equal(f"{name}: part 2 is killed in the middle ({dies})", statuses, {"137"})
        return out, good

    def hold(self, name, recipe, result="manifest.json", options=True):
        """The three promises of a recipe."""
        alone = self.alone if options else self.test.tool("hash", self.path)
        out, good = self.run(name, recipe, "once")
        self.test.equal("  it is run again", good, True)
        found = out / result
        self.test.equal("  and the manifest is a single run's", found.exists() and found.read_bytes() == alone, True)
        parts = sorted(found.parent.glob("part-*.json"))
        self.test.equal("  from all parts", [part.name for part in parts],
                        [f"part-{number}.json" for number in range(1, PARTS + 1)])
        for part in parts:
            others = [str(other) for other in parts if other != part]
            done = subprocess.run([self.real, "--merge", *others], capture_output=True)
            number = part.stem.removeprefix("part-")
            said = done.stderr.decode()
            named = f"part {number} of {PARTS} is missing" in said
            self.test.equal(f"  without part {number} there is none", (done.returncode, done.stdout, named), (2, b"", True))
        out, good = self.run(name, recipe, "always")
        left = out / result
        self.test.equal("  and it fails", good, False)
        self.test.equal("  without a manifest", left.exists() and left.read_text() != "stale", False)


def call(command, environment, timeout=300):
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, timeout=timeout)


def parallel(model):
    def recipe(out, environment):
        return call([RECIPES / "gnu-parallel.sh", PARTS, model.path, out], environment).returncode == 0
    model.hold("GNU parallel", recipe)


def ray(model, python):
    # Its sockets have long names; in the directory of the tests they would be too long.
    with tempfile.TemporaryDirectory(prefix="ray-") as scratch:
        def recipe(out, environment):
            environment |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": scratch}
            return call([python, RECIPES / "ray_driver.py", PARTS, model.path, out], environment).returncode == 0
        model.hold("Ray", recipe)


class Slurm:
    """slurmctld, one slurmd and munged on loopback, with all their files in `work`."""

    def __init__(self, work):
        self.work, self.running = work, []
        user, cores = pwd.getpwuid(os.getuid()).pw_name, os.cpu_count()
        for name in ("state", "spool"):
            (work / name).mkdir(parents=True)
        # munged wants nobody else to be able to write where its files are.
        work.chmod(0o755)
        key = work / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        ports = free_ports(2)
        self.config = work / "slurm.conf"
        self.config.write_text(f"""ClusterName=interop
SlurmctldHost=localhost(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={work}/munge.sock
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={work}/state
SlurmdSpoolDir={work}/spool
SlurmctldPidFile={work}/slurmctld.pid
SlurmdPidFile={work}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=1
ReturnToService=2
NodeName=localhost NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
""")
        self.environment = {**os.environ, "SLURM_CONF": str(self.config)}

    def start(self):
        munged = ["munged", "--foreground", "--force", f"--socket={self.work}/munge.sock",
                  f"--key-file={self.work}/munge.key", f"--pid-file={self.work}/munged.pid",
                  f"--log-file={self.work}/munged.log", f"--seed-file={self.work}/munged.seed"]
        self.spawn("munged", munged)
        wait_for("munged's socket", lambda: (self.work / "munge.sock").exists())
        self.spawn("slurmctld", ["slurmctld", "-D", "-f", self.config])
        self.spawn("slurmd", ["slurmd", "-D", "-N", "localhost", "-f", self.config])
        wait_for("an idle node", lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"))

    def spawn(self, name, command):
        with open(self.work / f"{name}.out", "wb") as log:
            process = subprocess.Popen(list(map(str, command)), env=self.environment, stdout=log, stderr=log,
                                       start_new_session=True)
        self.running.append((name, process))

    def ask(self, *command):
        return call(command, self.environment, 60).stdout.decode()

    def stop(self):
        for _, process in reversed(self.running):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def said(self):
        return "\n".join(f"{name}: {(self.work / f'{name}.out').read_text()[-1500:]}" for name, _ in self.running)


def slurm(model):
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if not shutil.which(name)]
    if missing:
        raise SystemExit(f"run.py: missing: {', '.join(missing)} (apt-get install slurm-wlm munge)")
    cluster = Slurm(model.work / "slurm")

    def recipe(out, environment):
        environment |= {"SLURM_CONF": str(cluster.config)}
        done = call([RECIPES / "slurm-array.sh", PARTS, model.path, out], environment)
        if done.returncode != 0:
            raise SystemExit(f"run.py: slurm-array.sh: {done.stderr.decode()}\n{cluster.said()}")
        jobs = done.stdout.decode().split()
        wait_for("the jobs' end", lambda: not cluster.ask("squeue", "-h", "-j", ",".join(jobs)).strip(), 240)
        return "JobState=COMPLETED" in cluster.ask("scontrol", "show", "job", jobs[1])

    with contextlib.ExitStack() as stack:
        stack.callback(cluster.stop)
        try:
            cluster.start()
        except TimeoutError as err:
            raise SystemExit(f"run.py: Slurm does not start: {err}\n{cluster.said()}") from err
        version = cluster.ask("sinfo", "--version").strip()
        model.test.equal("Slurm answers", version.startswith("slurm"), True)
        model.hold(version, recipe)


def kubernetes(model, validate):
    """The API server's own rules for the Jobs, and their commands as its controller would have them run."""
    text = (RECIPES / "kubernetes-indexed-job.yaml").read_text().replace("completions: 8 ", f"completions: {PARTS} ")
    assert text.count('value: "8"') == 2
    text = text.replace('value: "8"', f'value: "{PARTS}"').replace('value: "86400"', 'value: "0"')
    jobs = subprocess.run([validate], input=text.encode(), capture_output=True)
    model.test.equal("Kubernetes takes the Jobs", (jobs.returncode, jobs.stderr.decode()), (0, ""))
    for wrong, right, why in (
        ("completionMode: Indexed", "completionMode: Indexes", "a wrong word"),
        ("completions: ", "completion: ", "an unknown field"),
        ("  maxFailedIndexes: 0\n", "  maxFailedIndexes: 0\n  maxFailedIndexes: 0\n", "a repeated field"),
        ("restartPolicy: Never", "restartPolicy: Always", "a policy that no Job has"),
        ("completionMode: Indexed", "completionMode: NonIndexed", "a limit for each index without indexes"),
        ("mountPath: /model", "mountPath: /parts", "one place for two volumes"),
    ):
        done = subprocess.run([validate], input=text.replace(wrong, right, 1).encode(), capture_output=True)
        model.test.equal(f"  and refuses {why}", done.returncode, 1)
    if jobs.returncode != 0:
        return
    hash_job, merge_job = [json.loads(line) for line in jobs.stdout.splitlines()]
    limit = hash_job["spec"]["backoffLimitPerIndex"]

    def execute(container, out, environment, more=()):
        environment |= {entry["name"]: entry["value"] for entry in container["env"]} | dict(more)
        # Where the pod has its volumes.
        places = {'"/parts/': f'"{out}/', "/model": str(model.path)}
        words = container["command"]
        for theirs, ours in places.items():
            words = [word.replace(theirs, ours) for word in words]
        return call(words, environment).returncode == 0

    def pods(job, out, environment, more=()):
        spec = job["spec"]["template"]["spec"]
        containers = spec.get("initContainers", []) + spec["containers"]
        return all(execute(container, out, environment, more) for container in containers)

    def recipe(out, environment):
        good = True
        for index in range(hash_job["spec"]["completions"]):
            more = {"JOB_COMPLETION_INDEX": str(index)}
            good &= any(pods(hash_job, out, environment, more) for _ in range(1 + limit))
        # Both Jobs are there at once: the merge does not know how the other one ended.
        return pods(merge_job, out, environment) and good

    model.hold("the Jobs' commands", recipe, "run-1/manifest.json", options=False)


def wait_for(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come in {seconds} s")
        time.sleep(0.2)


def free_ports(count):
    """Ports that nobody listens on, all taken at once so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def address_of_its_own():
    """In a namespace with nothing but loopback, getaddrinfo(3) finds no address family to listen with (AI_ADDRCONFIG),
    and Slurm no socket. An address for documentation (RFC 5737) on loopback is enough (netdevice(7): SIOCSIFADDR)."""
    if [name for _, name in socket.if_nameindex()] == ["lo"]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            address = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton("192.0.2.1"))
            fcntl.ioctl(any_socket, 0x8916, struct.pack("16s16s8x", b"lo:0", address))


def parts(test, work, keys):
    """Parts of one model by GNU parallel, Kubernetes' Jobs, Slurm and Ray join to the bytes of a single run."""
    del keys
    os.environ["PATH"] += ":/usr/sbin"
    loopback_up()
    address_of_its_own()
    peers = pathlib.Path(test.opa).parents[1]
    model = Model(test, work)
    parallel(model)
    kubernetes(model, peers / "bin/kubernetes-validate")
    slurm(model)
    ray(model, peers / "ray/bin/python")
