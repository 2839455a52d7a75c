#!/usr/bin/env python3
"""run.py DIR: holds our tools against other people's programs, which install.sh put into DIR.

MLBOM_BIN_DIR names the directory of our binaries. Each case prints a line; the status is 1 if one failed. Everything
runs without a network, in a network namespace of its own where the system allows one. Every refusal that is asked for
stands beside an acceptance that differs from it in one thing, and names what the peer has to say.
"""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import capture
import hash_digests
import hash_shards
import hash_tensors
import openpgp
import parts
import policy_deployment
import sigstore_conformance
import sigstore_keys
import sigstore_refusals
import sigstore_services
import sigstore_shapes
import sigstore_signers
import sigstore_stack

TOP = pathlib.Path(__file__).resolve().parents[2]
POLICIES, GOLDEN = TOP / "policies", TOP / "tests/vectors/golden"
OMS = "https://model_signing/signature/v1.0"
IN_TOTO = "application/vnd.in-toto+json"

# What model_signing and cosign say when they refuse, and not when they stumble.
OMS_NO = "Verification failed with error: Signature mismatch"
OTHER_DIGEST = "provided artifact digests? do(es)? not match"
BAD_SIGNATURE = "could not verify envelope"
OTHER_KEY = "Verification failed with error: Key mismatch"

# `a-b/x` sorts before `a/x` by byte and after it by component; the rest is what shells, JSON and checksums stumble over.
NAMES = {
    "config.json": b'{"architectures":["Tiny"]}\n',
    "a/x": b"first\n",
    "a-b/x": b"second\n",
    "deep/er/and/deeper.txt": b"nested\n",
    ".hidden": b"dotfile\n",
    "empty": b"",
    "with two  spaces": b"spaces\n",
    "-dash": b"dash\n",
    "\u00fcn\u00efcode \u6a21\u578b": b"composed\n",
    "u\u0308": b"decomposed\n",
    "back\\slash": b"backslash\n",
    "co:lon": b"colon\n",
    'qu"ote': b"quote\n",
    "apo'strophe $(x) `y` %2F": b"shell\n",
}


class Tests:
    """What was run, and what came of it."""

    def __init__(self, peers, ours):
        self.passed = self.failed = 0
        self.ours, self.peers = ours, peers
        self.model_signing = [str(peers / "venv/bin/model_signing")]
        self.python = [str(peers / "venv/bin/python"), "-c"]
        self.cosign, self.opa = str(peers / "bin/cosign"), str(peers / "bin/opa")

    def report(self, name, problem):
        self.failed, self.passed = self.failed + bool(problem), self.passed + (not problem)
        print(("FAILED  " if problem else "ok      ") + name, flush=True)
        if problem:
            print("        " + problem.strip().replace("\n", "\n        "), flush=True)

    def equal(self, name, found, wanted):
        self.report(name, "" if found == wanted else f"found  {found!r}\nwanted {wanted!r}")

    def accepts(self, name, command, stdin=None):
        done = run(command, stdin)
        self.report(name, "" if done.returncode == 0 else f"status {done.returncode}, 0 was wanted\n{said(done)}")
        return done

    def refuses(self, name, command, saying="", stdin=None):
        """The peers have one status for every no, so what they say tells a no from a fault. Ours is 1, and only that."""
        done, own = run(command, stdin), pathlib.Path(command[0]).parent == self.ours
        good = (done.returncode == 1 if own else done.returncode != 0) and re.search(saying, said(done))
        self.report(name, "" if good else f"status {done.returncode}, a no was wanted ({saying!r})\n{said(done)}")

    def tool(self, name, *arguments, stdin=None):
        """Runs one of our tools, which has to succeed; its standard output, and what it said in `self.hints`."""
        done = run([str(self.ours / f"mlbom-{name}"), *map(str, arguments)], stdin)
        if done.returncode != 0:
            raise SystemExit(f"run.py: mlbom-{name} {arguments}: status {done.returncode}\n{said(done)}")
        self.hints = done.stderr.decode()
        return done.stdout

    def verify(self, model, key, *bundles):
        bundles = [word for bundle in bundles for word in ("--bundle", str(bundle))]
        return [str(self.ours / "mlbom-verify"), *bundles, "--key", f"{key}.pub", str(model)]

    def oms_verify(self, model, key, signature, *options):
        named = ["--public_key", f"{key}.pub", "--signature", str(signature)]
        return [*self.model_signing, "verify", "key", *named, *options, str(model)]

    def oms_sign(self, model, key, signature, *options):
        named = ["--private_key", str(key), "--signature", str(signature)]
        run([*self.model_signing, "sign", "key", *named, *options, str(model)], good=True)

    def cosign_verify(self, kind, key, bundle, *subject):
        flags = ["--type", kind, "--insecure-ignore-tlog", "--key", f"{key}.pub", "--bundle", str(bundle)]
        return [self.cosign, "verify-blob-attestation", *flags, *map(str, subject)]

    def sign(self, model, key, bundle, *options):
        """Our OMS signature."""
        self.tool("sign", "--key", key, "--output", bundle, stdin=self.tool("hash", *options, model))

    def bom(self, model, key, bundle):
        """Our BOM, signed; the BOM is returned."""
        bom = self.tool("compose", stdin=self.tool("hash", model))
        self.tool("sign", "--key", key, "--output", bundle, stdin=bom)
        return bom


def run(command, stdin=None, good=False):
    done = subprocess.run(list(map(str, command)), input=stdin or b"", capture_output=True, timeout=300)
    if good and done.returncode != 0:
        raise SystemExit(f"run.py: {command}: status {done.returncode}\n{said(done)}")
    return done


def said(done):
    return (done.stderr + done.stdout)[-1500:].decode(errors="replace")


def write(model, names):
    for name, content in names.items():
        path = model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return model


def openssl_key(path, curve):
    """What people sign with: SEC1 for the NIST curves, PKCS#8 for Ed25519."""
    if curve == "ed25519":
        run(["openssl", "genpkey", "-algorithm", curve, "-out", path], good=True)
    else:
        run(["openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", path], good=True)
    run(["openssl", "pkey", "-in", path, "-pubout", "-out", f"{path}.pub"], good=True)
    return path


def swap(model):
    first, second = model / "a/x", model / "a-b/x"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)


# One fault each. `a/x` and `a-b/x` are there in every directory that they are used on.
TAMPERINGS = {
    "a changed byte": lambda model: (model / "a/x").write_bytes(b"First\n"),
    "a file more": lambda model: (model / "a/y").write_bytes(b""),
    "a file less": lambda model: (model / "a/x").unlink(),
    "a file renamed": lambda model: (model / "a/x").rename(model / "a/z"),
    "two files swapped": swap,
}


def tampered(model):
    """Copies of a model, each with one fault."""
    for why, tamper in TAMPERINGS.items():
        copy = model.parent / "tampered" / model.name
        shutil.copytree(model, copy, symlinks=True)
        tamper(copy)
        yield why, copy
        shutil.rmtree(copy.parent)


def our_oms_signatures(test, work, keys):
    """model_signing reads what we sign."""
    model, signature = write(work / "model", NAMES), work / "model.sig"
    test.sign(model, keys["ours"], signature)
    verify = lambda *options, of=model, key=keys["ours"]: test.oms_verify(of, key, signature, *options)
    test.accepts("model_signing takes our signature of a directory", verify())
    test.refuses("model_signing refuses it with another key", verify(key=keys["other"]), OTHER_KEY)
    for why, copy in tampered(model):
        test.refuses(f"model_signing refuses it after {why}", verify(of=copy), OMS_NO)

    shutil.copy(signature, model / "model.sig")
    inside = test.oms_verify(model, keys["ours"], model / "model.sig")
    test.accepts("model_signing takes our signature that lies inside the model", inside)
    (model / "model.sig").unlink()

    write(model, {".gitattributes": b"*.safetensors filter=lfs\n"})
    test.sign(model, keys["ours"], signature)
    hint = "--no-ignore-git-paths" in test.hints
    test.equal("mlbom-sign says which flag .gitattributes makes model_signing need", hint, True)
    test.accepts("model_signing takes it with that flag", verify("--no-ignore-git-paths"))
    test.refuses("model_signing refuses it without", verify(), OMS_NO)
    test.sign(model, keys["ours"], signature, "--oms-defaults")
    test.equal("mlbom-sign says nothing of it after mlbom-hash --oms-defaults", test.hints, "")
    test.accepts("model_signing takes that without the flag", verify())
    (model / ".gitattributes").unlink()

    (model / "link").symlink_to("a/x")
    test.sign(model, keys["ours"], signature)
    test.equal("mlbom-sign says which flag a link makes model_signing need", "--allow_symlinks" in test.hints, True)
    test.accepts("model_signing takes it with that flag", verify("--allow_symlinks"))
    test.refuses("model_signing refuses it without", verify(), "symlink")

    for name in ("model.gguf", "sp ace:\\\"\u00fc.bin"):
        alone = write(work / "single", {name: b"weights\n"}) / name
        test.sign(alone, keys["ours"], signature)
        test.accepts(f"model_signing takes our signature of the file {name}", verify(of=alone))
        alone.write_bytes(b"Weights\n")
        test.refuses(f"model_signing refuses it after a changed byte of {name}", verify(of=alone), OMS_NO)


def their_oms_signatures(test, work, keys):
    """We read what model_signing signs."""
    model, signature = write(work / "model", NAMES), work / "their.sig"
    for curve in ("prime256v1", "secp384r1", "secp521r1"):
        key = keys[curve]
        test.oms_sign(model, key, signature)
        test.accepts(f"mlbom-verify takes model_signing's signature, {curve}", test.verify(model, key, signature))
        test.refuses(f"mlbom-verify refuses it with another key than {curve}",
                     test.verify(model, keys["other"], signature))
        for why, copy in tampered(model):
            test.refuses(f"mlbom-verify refuses it after {why}, {curve}", test.verify(copy, key, signature))

    key = keys["prime256v1"]
    (model / "link").symlink_to("a/x")
    test.oms_sign(model, key, signature, "--allow_symlinks")
    test.accepts("mlbom-verify takes model_signing's signature of a link", test.verify(model, key, signature))
    (model / "link").unlink()
    (model / "link").symlink_to("a-b/x")
    test.refuses("mlbom-verify refuses it once the link points elsewhere", test.verify(model, key, signature))
    (model / "link").unlink()

    alone = write(work / "single", {"model.gguf": b"weights\n"}) / "model.gguf"
    test.oms_sign(alone, key, signature)
    test.accepts("mlbom-verify takes model_signing's signature of a file", test.verify(alone, key, signature))
    test.refuses("mlbom-verify refuses it for a directory", test.verify(alone.parent, key, signature))
    alone.write_bytes(b"Weights\n")
    test.refuses("mlbom-verify refuses it after a changed byte", test.verify(alone, key, signature))


def their_exclusions(test, work, keys):
    """What model_signing leaves out is said, file by file, and the built-in policy takes only what git keeps."""
    model, key = write(work / "model", {"config.json": b"{}\n", "a/x": b"text\n", "a-b/x": b"more\n"}), keys["ours"]
    policy = [str(test.ours / "mlbom-policy"), "--policy", "builtin:minimal"]

    def verified(name, left_out, tolerated, signature, *bundles):
        done = test.accepts(f"mlbom-verify takes {name}", test.verify(model, key, signature, *bundles))
        report = json.loads(done.stdout or b"{}")
        found = [entry.get("notCovered", []) for entry in report.get("statements", []) if entry["kind"] == "oms"]
        test.equal("  and lists what is not covered", found, [left_out])
        test.equal("  and what is tolerated", report.get("tolerated"), tolerated)
        return done.stdout

    inside = model / "model.sig"
    test.oms_sign(model, key, inside)
    kept, bom = inside.rename(work / "kept.sig"), work / "model.mlbom.jsonl"
    test.bom(model, key, bom)
    kept.rename(inside)
    beside = bom.rename(model / bom.name)
    report = verified("model_signing's signature and our BOM that both lie inside the model",
                      [], ["model.mlbom.jsonl", "model.sig"], inside, beside)
    test.accepts("  and mlbom-policy allows it", policy, stdin=report)
    test.refuses("mlbom-verify refuses the BOM beside the signature that is not given", test.verify(model, key, inside))
    beside.unlink()
    for why, copy in tampered(model):
        test.refuses(f"mlbom-verify refuses it after {why}", test.verify(copy, key, copy / "model.sig"))
    inside.unlink()

    write(model, {".gitattributes": b"* text\n", ".git/HEAD": b"ref\n", ".git/objects/00/11": b"\0", "b/.gitignore": b"*\n"})
    outside, bom = work / "their.sig", work / "git.jsonl"
    test.oms_sign(model, key, outside)
    test.bom(model, key, bom)
    git = [".git/HEAD", ".git/objects/00/11", ".gitattributes"]
    report = verified("a signature without git's files", git, [], outside, bom)
    test.accepts("  and mlbom-policy allows it", policy, stdin=report)
    write(model, {"b/.gitignore": b"x\n"})
    test.refuses("mlbom-verify refuses a change to b/.gitignore, which is signed", test.verify(model, key, outside))
    write(model, {"b/.gitignore": b"*\n"})
    test.oms_sign(model, key, outside, "--no-ignore-git-paths")
    verified("a signature with git's files", [], [], outside, bom)

    write(model, {"logs/run 1.txt": b"loss\n"})
    test.oms_sign(model, key, outside, "--ignore-paths", str(model / "logs"))
    bom = work / "logs.jsonl"
    test.bom(model, key, bom)
    report = verified("a signature made with --ignore-paths", [*git, "logs/run 1.txt"], [], outside, bom)
    test.refuses("  and mlbom-policy denies it", policy, "MLB-COVERED", stdin=report)


def cosign(test, work, keys):
    """cosign reads our bundles, and we read what it attests."""
    model = write(work / "model", NAMES)
    manifest = json.loads(test.tool("hash", model))
    by_digest = lambda digest: ["--digest", digest, "--digestAlg", "sha256"]
    bundle, signature = work / "model.mlbom.jsonl", work / "model.sig"
    for kind in ("ours", "ed25519"):
        key = keys[kind]
        test.bom(model, key, bundle)
        test.sign(model, key, signature)
        for predicate_type in ("cyclonedx", "https://cyclonedx.org/bom"):
            test.accepts(f"cosign takes our BOM ({kind}) as {predicate_type} by dirHash",
                         test.cosign_verify(predicate_type, key, bundle, *by_digest(manifest["dirHash"])))
        verify = lambda *subject, key=key: test.cosign_verify("cyclonedx", key, bundle, *subject)
        test.accepts(f"cosign takes our BOM ({kind}) by omsRoot", verify(*by_digest(manifest["omsRoot"])))
        test.accepts(f"cosign takes our BOM ({kind}) by a file of the model", verify(model / "config.json"))
        test.refuses(f"cosign refuses our BOM ({kind}) for a file of another", verify(__file__), OTHER_DIGEST)
        test.refuses(f"cosign refuses our BOM ({kind}) as another type",
                     test.cosign_verify("spdx", key, bundle, *by_digest(manifest["dirHash"])), "predicate")
        test.refuses(f"cosign refuses our BOM ({kind}) with another key",
                     verify(*by_digest(manifest["dirHash"]), key=keys["other"]), BAD_SIGNATURE)
        oms = lambda *subject, key=key: test.cosign_verify(OMS, key, signature, *subject)
        test.accepts(f"cosign takes our OMS signature ({kind}) by omsRoot", oms(*by_digest(manifest["omsRoot"])))
        test.refuses(f"cosign refuses our OMS signature ({kind}) by dirHash",
                     oms(*by_digest(manifest["dirHash"])), OTHER_DIGEST)
        test.refuses(f"cosign refuses our OMS signature ({kind}) with another key",
                     oms(*by_digest(manifest["omsRoot"]), key=keys["other"]), BAD_SIGNATURE)

    # cosign 3 wants a signing configuration; an empty one is no log and no timestamp authority.
    config = work / "signing-config.json"
    config.write_bytes(run([test.cosign, "signing-config", "create"], good=True).stdout)
    alone = write(work / "single", {"model.gguf": b"weights\n"}) / "model.gguf"
    other = write(work / "single", {"other.gguf": b"Weights\n"}) / "other.gguf"
    predicate = work / "bom.cdx.json"
    predicate.write_bytes(test.tool("compose", stdin=test.tool("hash", alone)))
    for curve in ("prime256v1", "secp384r1"):
        key = keys[curve]
        run([test.cosign, "import-key-pair", "--key", key, "--output-key-prefix", work / curve, "--yes"], good=True)
        attested = work / f"{curve}.sigstore.json"
        run([test.cosign, "attest-blob", "--key", work / f"{curve}.key", "--type", "cyclonedx", "--predicate", predicate,
             "--signing-config", config, "--bundle", attested, "--yes", alone], good=True)
        verify = [*test.verify(alone, key, attested), "--require", "bom"]
        done = test.accepts(f"mlbom-verify takes what cosign attests, {curve}", verify)
        test.equal("  and finds the BOM's files there",
                   [entry.get("bomFiles") for entry in json.loads(done.stdout or b"{}").get("statements", [])], ["equal"])
        test.refuses(f"mlbom-verify refuses it with another key, {curve}", test.verify(alone, keys["other"], attested))
        test.refuses(f"mlbom-verify refuses it for another file, {curve}", test.verify(other, key, attested))
        test.refuses(f"mlbom-verify refuses it for a directory that holds the file, {curve}",
                     test.verify(alone.parent, key, attested))


CYCLONEDX = """
import json, sys
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = sys.stdin.read()
problem = JsonStrictValidator(SchemaVersion.V1_7).validate_str(text)
if problem:
    sys.exit(str(problem)[:1000])
model = Bom.from_json(json.loads(text)).metadata.component
json.dump({file.name: [hash.content for hash in file.hashes] for file in model.components}, sys.stdout)
"""


def cyclonedx(test, work, keys):
    """cyclonedx-python-lib finds our BOM valid, and the same files in it."""
    model = write(work / "model", NAMES)
    (model / "link").symlink_to("a/x")
    for name, path, options in (
        ("a directory", model, []),
        ("a directory, SHA-512 and BLAKE3 too", model, ["--sha512", "--blake3"]),
        ("a directory, files left out", model, ["--exclude", "deep"]),
        ("a file", model / "back\\slash", []),
    ):
        manifest = test.tool("hash", *options, path)
        bom = test.tool("compose", "--model-version", "1.0", "--timestamp", "2026-01-02T03:04:05Z", stdin=manifest)
        done = test.accepts(f"cyclonedx-python-lib finds our BOM valid: {name}", [*test.python, CYCLONEDX], bom)
        files = {file["path"]: sorted(file["digests"].values()) for file in json.loads(manifest)["files"]}
        found = {name: sorted(hashes) for name, hashes in json.loads(done.stdout or b"{}").items()}
        test.equal("  and reads the same files from it", found, files)
    broken = json.loads(bom)
    broken["metadata"]["component"]["type"] = "no such type"
    test.refuses("cyclonedx-python-lib refuses a BOM with a wrong word", [*test.python, CYCLONEDX],
                 "no such type", json.dumps(broken).encode())


# -z: sha256sum escapes backslashes and line breaks otherwise.
DIR_HASH = "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum -z -- | tr '\\0' '\\n' | sha256sum"
JQ_LINES = """jq -r '.files[] | "\\(.digests.sha256)  \\(.path)"'"""
JQ_ROOT = "jq -r '.files[].digests.sha256' | tr -d '\\n' | tr a-f A-F | basenc --base16 -d | sha256sum"


def digests(test, work, keys):
    """coreutils and jq come to the same digests."""
    model = write(work / "model", NAMES)
    (model / "link").symlink_to("a/x")
    manifest = test.tool("hash", model)
    for name, script, stdin, member in (
        ("find, sort and sha256sum make our dirHash", DIR_HASH, None, "dirHash"),
        ("jq and sha256sum make our dirHash from the manifest", f"{JQ_LINES} | sha256sum", manifest, "dirHash"),
        ("jq, basenc and sha256sum make our omsRoot from the manifest", JQ_ROOT, manifest, "omsRoot"),
    ):
        done = run(["sh", "-c", f"cd '{model}' && {script}"], stdin)
        test.equal(name, done.stdout.decode().partition(" ")[0], json.loads(manifest)[member])
    check = ["sh", "-c", f"cd '{model}' && {JQ_LINES} | sha256sum --check --strict --quiet"]
    test.accepts("sha256sum --check finds what the manifest lists", check, manifest)
    (model / "a/x").write_bytes(b"First\n")
    test.refuses("sha256sum --check finds a changed byte", check, "a/x: FAILED", manifest)


def dsse(test, work, keys):
    """openssl verifies the bytes that DSSE says are signed."""
    model, bundle = write(work / "model", NAMES), work / "model.jsonl"
    for kind in ("ours", "ed25519"):
        test.bom(model, keys[kind], bundle)
        envelope = json.loads(bundle.read_bytes())["dsseEnvelope"]
        payload, signature = base64.b64decode(envelope["payload"]), base64.b64decode(envelope["signatures"][0]["sig"])
        (work / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload), payload))
        (work / "sig").write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", f"{keys[kind]}.pub", "-rawin",
                   *(["-digest", "sha256"] if kind == "ours" else []), "-sigfile", work / "sig", "-in", work / "pae"]
        test.accepts(f"openssl takes our signature over the payload ({kind})", command)
        (work / "pae").write_bytes(b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload) + 1, payload))
        test.refuses(f"openssl refuses it over another length ({kind})", command, "Signature Verification Failure")


def opa(test, work, keys):
    """OPA denies what mlbom-policy denies, and nothing else."""
    model, bundle, signature = write(work / "model", NAMES), work / "model.jsonl", work / "model.sig"
    key = keys["ours"]

    def same(name, verified):
        decided = run([str(test.ours / "mlbom-policy"), "--policy", "builtin:minimal"], verified.stdout)
        rules = json.loads(decided.stdout or b"{}").get("rules", [])
        ours = {(rule["id"], found["message"], found["remedy"]) for rule in rules
                if rule["source"] == "policy" and rule["state"] == "denied" for found in rule["findings"]}
        query = ["eval", "--stdin-input", "--data", str(POLICIES / "minimal.rego"), "data.mlbom_policy"]
        evaluated = json.loads(run([test.opa, *query], verified.stdout, good=True).stdout)
        package = evaluated["result"][0]["expressions"][0]["value"]
        theirs = {(found["id"], found["message"], found["remedy"]) for found in package["deny"]}
        test.equal(f"opa denies what mlbom-policy denies: {name} ({len(theirs)})", ours, theirs)
        names = {rule["id"] for rule in rules if rule["source"] == "policy"}
        test.equal("  and has the same rules", names, set(package["rules"]))
        status = 1 if theirs or verified.returncode else 0
        test.equal("  and mlbom-policy's status follows", decided.returncode, status)

    test.accepts("opa takes the policies in strict mode", [test.opa, "check", "--strict", POLICIES / "minimal.rego"])
    for name in ("minimal", "model-deployment"):
        files = [POLICIES / f"{name}.rego", POLICIES / f"{name}_test.rego"]
        test.accepts(f"opa runs the tests of {name}", [test.opa, "test", *files])
    test.bom(model, key, bundle)
    test.sign(model, key, signature)
    same("a signed BOM", run(test.verify(model, key, bundle)))
    same("an OMS signature alone", run(test.verify(model, key, signature)))
    same("another key", run(test.verify(model, keys["other"], bundle)))
    for why, copy in tampered(model):
        same(why, run(test.verify(copy, key, bundle)))
    write(model, {"weights.bin": b"\x80\x04\x95\x05\0\0\0\0\0\0\0}\x94.", "logs/x": b"\0\1"})
    test.bom(model, key, bundle)
    same("a pickle", run(test.verify(model, key, bundle)))
    test.oms_sign(model, key, signature, "--ignore-paths", str(model / "logs"))
    same("a pickle, and files left out", run(test.verify(model, key, signature, bundle)))
    manifest = test.tool("hash", "--exclude", "logs", model)
    test.tool("sign", "--key", key, "--output", bundle, stdin=manifest)
    command = test.verify(model, key, bundle)[:-1]
    same("a manifest that leaves files out", run(command, manifest))


def golden(test, work, keys):
    """The files that `make test` holds us to byte for byte are those that the others verify."""
    model, manifest = GOLDEN / "model", json.loads((GOLDEN / "manifest.jsonl").read_bytes())
    p256, root = GOLDEN / "test-key-p256", ["--digest", manifest["omsRoot"], "--digestAlg", "sha256"]
    test.accepts("model_signing takes the golden OMS signature", test.oms_verify(model, p256, GOLDEN / "oms.p256.sig"))
    for kind in ("p256", "ed25519"):
        key = GOLDEN / f"test-key-{kind}"
        test.accepts(f"cosign takes the golden OMS signature ({kind})",
                     test.cosign_verify(OMS, key, GOLDEN / f"oms.{kind}.sig", *root))
        test.accepts(f"cosign takes the golden BOM ({kind})",
                     test.cosign_verify("cyclonedx", key, GOLDEN / f"bom.{kind}.jsonl", model / "config.json"))
    bom = (GOLDEN / "bom.cdx.json").read_bytes()
    test.accepts("cyclonedx-python-lib finds the golden BOM valid", [*test.python, CYCLONEDX], bom)


def isolated():
    """Starts over in a network namespace without a network; where the system has none, says so and goes on."""
    if os.environ.get("MLBOM_INTEROP_ISOLATED"):
        return
    os.environ["MLBOM_INTEROP_ISOLATED"] = "1"
    for unshare in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        if shutil.which("unshare") and run([*unshare, "true"]).returncode == 0:
            os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])
    print("run.py: no network namespace to be had: whether nothing goes out is not tested", file=sys.stderr)


def main():
    if len(sys.argv) != 2 or "MLBOM_BIN_DIR" not in os.environ:
        raise SystemExit("usage: MLBOM_BIN_DIR=directory of our binaries run.py DIR")
    isolated()
    ours, peers = pathlib.Path(os.environ["MLBOM_BIN_DIR"]).resolve(), pathlib.Path(sys.argv[1]).resolve()
    needed = [ours / f"mlbom-{name}" for name in ("hash", "capture", "compose", "sign", "verify", "policy")]
    needed += [peers / name for name in ("venv/bin/model_signing", "venv/bin/python", "bin/cosign", "bin/opa",
                                       "hub-0.26/bin/python", "hub-1.33/bin/python", "hub-2.4/bin/python",
                                       "captured-venv/bin/python", "captured-uv/bin/python", "ray/bin/python",
                                       "bin/kubernetes-validate", "venv/bin/sigstore", "node/node_modules/.bin/node",
                                       *(f"bin/{name}" for name in sigstore_stack.PROGRAMS))]
    missing = [str(path) for path in needed if not os.access(path, os.X_OK)]
    programs = ("jq", "openssl", "sha256sum", "basenc", "fsverity", "parallel", "gpg", "softhsm2-util", "pkcs11-tool")
    missing += [name for name in programs if not shutil.which(name)]
    if missing:
        raise SystemExit(f"run.py: missing: {', '.join(missing)} (tests/interop/install.sh DIR, make)")

    test = Tests(peers, ours)
    with tempfile.TemporaryDirectory(prefix="mlbom-interop-") as scratch, \
            sigstore_stack.Stack(peers, scratch) as test.stack:
        scratch = pathlib.Path(scratch)
        # No settings, caches or keys of whoever runs this.
        os.environ.update(HOME=str(scratch), COSIGN_PASSWORD="", PYTHONUTF8="1", LC_ALL="C.UTF-8")
        keys = {kind: openssl_key(scratch / f"{kind}.pem", kind)
                for kind in ("prime256v1", "secp384r1", "secp521r1", "ed25519")}
        keys["ours"] = scratch / "ours.pem"
        test.tool("sign", "--new-key", keys["ours"])
        keys["other"] = openssl_key(scratch / "other.pem", "prime256v1")
        groups = (our_oms_signatures, their_oms_signatures, their_exclusions, cosign, cyclonedx, digests, dsse, opa, golden,
                  hash_digests.hash_digests, hash_shards.hash_shards, hash_tensors.hash_tensors, parts.parts,
                  *capture.GROUPS, policy_deployment.policy_deployment, *sigstore_signers.GROUPS, sigstore_shapes.sigstore_shapes,
                  *sigstore_keys.GROUPS, *sigstore_services.GROUPS, *sigstore_refusals.GROUPS, *sigstore_conformance.GROUPS,
                  *openpgp.GROUPS)
        for group in groups:
            print(f"# {group.__doc__.splitlines()[0]}")
            work = scratch / group.__name__
            work.mkdir()
            group(test, work, keys)
    print(f"{test.passed} passed, {test.failed} failed")
    return 1 if test.failed or not test.passed else 0


if __name__ == "__main__":
    sys.exit(main())
