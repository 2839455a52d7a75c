"""Runs mlbom-capture and asks other people's libraries, for the groups of tests in `capture.py`.

Secrets lie in the environment, in the home directory and in the files that are captured: none may come out again.
"""

import json
import os
import pathlib
import re
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent

TOKEN = "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
PASSWORD = "ghp_yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
# One that nothing tells from any other word.
WORD = "correct-horse-battery"
SECRETS = (TOKEN, PASSWORD, WORD)
ENVIRONMENT = {"HF_TOKEN": TOKEN, "HUGGING_FACE_HUB_TOKEN": TOKEN, "GIT_PASSWORD": PASSWORD,
               "AWS_SECRET_ACCESS_KEY": WORD}

# Whole streams, each for one bill, by what they are about.
CAPTURED = {}


class Evidence:
    """The evidence of one run; empty if there is none."""

    def __init__(self, text):
        lines = [json.loads(line) for line in text.splitlines()]
        found = [line for line in lines if line.get("type") == "urn:mlbom:evidence:v1"]
        self.document = found[0] if found else {"entities": [], "facts": [], "findings": [], "notKnown": []}

    def ids(self, role):
        return [entity["id"] for entity in self.document["entities"] if entity["role"] == role]

    def facts(self, about):
        """The facts of an entity, or of all entities of a role."""
        ids = {about, *self.ids(about)}
        return {fact["name"]: fact["value"] for fact in self.document["facts"] if fact["entity"] in ids}

    def values(self, about, *names):
        facts = self.facts(about)
        return [facts.get(name) for name in names]

    def named(self, role):
        """The facts of each entity of a role, by its name."""
        entities = [entity for entity in self.document["entities"] if entity["role"] == role]
        return {entity["name"]: self.facts(entity["id"]) for entity in entities}

    def files(self, about):
        return {file["path"]: file["sha256"] for file in self.facts(about).get("content.files", [])}

    def trust(self, about, name):
        ids = {about, *self.ids(about)}
        found = [fact["trust"] for fact in self.document["facts"] if fact["entity"] in ids and fact["name"] == name]
        return found[0] if len(found) == 1 else found

    def state(self, name):
        """Why something is not known."""
        return {entry["state"] for entry in self.document["notKnown"] if entry["what"] == name}

    def findings(self):
        return {(finding["id"], finding["severity"]) for finding in self.document["findings"]}

    def said(self, finding):
        """All that a finding says."""
        return json.dumps([found for found in self.document["findings"] if found["id"] == finding])


def prepared(test, work):
    """Secrets where programs keep them, and a model for the bills."""
    home = pathlib.Path(os.environ["HOME"])
    (home / ".netrc").write_text(f"machine huggingface.co login me password {WORD}\n")
    (home / ".git-credentials").write_text(f"https://me:{PASSWORD}@git.example.org\n")
    os.environ.update(ENVIRONMENT)
    model = work / "model"
    if not model.exists():
        model.mkdir()
        (model / "config.json").write_bytes(b'{"architectures": ["Tiny"]}\n')
    return test.tool("hash", model)


def capture(test, name, *arguments, manifest=None, env=None, status=0):
    """Runs mlbom-capture, which must end with `status` and let no secret and no absolute path out."""
    words = [str(test.ours / "mlbom-capture"), *(["-"] if manifest else []), *map(str, arguments)]
    done = subprocess.run(words, input=manifest or b"", capture_output=True, timeout=300, env=os.environ | (env or {}))
    out, everything = done.stdout.decode(), (done.stdout + done.stderr).decode()
    scratch = os.environ["HOME"]
    problems = [f"the secret {secret} comes out" for secret in SECRETS if secret in everything]
    if done.returncode != status:
        problems += [f"status {done.returncode}, {status} was wanted\n{everything[-1500:]}"]
    if status and out:
        problems += ["there is output all the same"]
    paths = re.findall(re.escape(scratch) + ".{0,60}", out)
    problems += [f"a path of this machine comes out: {path}" for path in paths]
    test.report(f"mlbom-capture {'describes' if status == 0 else 'refuses'} {name}", "\n".join(problems))
    if status == 0 and done.returncode == 0:
        CAPTURED[name] = out
    return Evidence(out if done.returncode == 0 else "")


def ask(test, what, question, environment="venv", env=None):
    """Asks a library of one of the peers' environments."""
    python = pathlib.Path(test.python[0]).parents[2] / environment / "bin/python"
    if not python.exists():
        raise SystemExit(f"run.py: missing: {python} (tests/interop/install.sh DIR)")
    command = [str(python), "-B", str(HERE / "ask.py"), what]
    done = subprocess.run(command, input=json.dumps(question).encode(), capture_output=True, timeout=300,
                          env=os.environ | (env or {}))
    if done.returncode != 0:
        said = done.stderr.decode()[-2000:]
        raise SystemExit(f"run.py: ask.py {what} in {environment}: status {done.returncode}\n{said}")
    return json.loads(done.stdout)


def command(*words, cwd=None, env=None, stdin=b""):
    done = subprocess.run(list(map(str, words)), input=stdin, capture_output=True, timeout=300, cwd=cwd,
                          env=os.environ | (env or {}))
    if done.returncode != 0:
        raise SystemExit(f"run.py: {words}: status {done.returncode}\n{done.stderr.decode()[-1500:]}")
    return done.stdout.decode()


def flip(path, at=-1):
    """Changes one byte of the file that `path` leads to."""
    path = pathlib.Path(os.path.realpath(path))
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def safetensors(tensors, metadata=None, tail=b""):
    """A safetensors file, by hand: name, type, shape and bytes of each tensor."""
    header, data = {"__metadata__": metadata} if metadata else {}, b""
    for name, kind, shape, content in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    header = json.dumps(header).encode()
    return struct.pack("<Q", len(header)) + header + data + tail
