"""Shards: signatures of pieces of files, held against model_signing's Python interface; its command line has none."""

import base64
import json
import shutil

SIGN = """
import sys
from model_signing import hashing, signing
model, key, signature, size, *ignored = sys.argv[1:]
config = hashing.Config().use_shard_serialization(shard_size=int(size))
config.set_ignored_paths(paths=[*ignored, signature], ignore_git_paths=False)
signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(config).sign(model, signature)
"""
# Which serialization it is, the signature says.
VERIFY_ANY = """
import sys
from model_signing import verifying
model, key, signature = sys.argv[1:]
verifying.Config().use_elliptic_key_verifier(public_key=key).verify(model, signature)
"""
VERIFY = """
import sys
from model_signing import hashing, verifying
model, key, signature, size, *ignored = sys.argv[1:]
config = hashing.Config().use_shard_serialization(shard_size=int(size))
config.set_ignored_paths(paths=[*ignored, signature], ignore_git_paths=False)
verifying.Config().use_elliptic_key_verifier(public_key=key).set_hashing_config(config).verify(model, signature)
"""

SIZE = 1024
# Many shards (their names do not sort as their places do), exactly one, one byte more, none whole; `a-b:` before `a:`.
FILES = {"a": 11 * SIZE + 5, "a-b": SIZE, "b/c.bin": SIZE + 1, "small": 3}


def content(name, size):
    return bytes((at * 7 + len(name)) % 251 for at in range(size))


def moved(model):
    """The second shard of one file becomes the first of another of one shard, and the other way about."""
    first, second = model / "a", model / "a-b"
    mine, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(mine[:SIZE] + other + mine[2 * SIZE:])
    second.write_bytes(mine[SIZE:2 * SIZE])


def reordered(model):
    bytes_ = (model / "a").read_bytes()
    (model / "a").write_bytes(bytes_[SIZE:2 * SIZE] + bytes_[:SIZE] + bytes_[2 * SIZE:])


FAULTS = {
    "a changed byte in the last shard": lambda model: flip(model / "a"),
    "a shard moved to another file": moved,
    "two shards swapped": reordered,
    "a file a byte shorter": lambda model: (model / "b/c.bin").write_bytes(content("b/c.bin", SIZE)),
    "a file a shard longer": lambda model: (model / "a-b").write_bytes(content("a-b", 2 * SIZE)),
    "a file more": lambda model: (model / "more").write_bytes(b"x"),
    "an empty file more": lambda model: (model / "more").write_bytes(b""),
    "a file less": lambda model: (model / "small").unlink(),
}


def flip(path):
    bytes_ = bytearray(path.read_bytes())
    bytes_[-1] ^= 1
    path.write_bytes(bytes_)


def fresh(model):
    """The model as it was, whatever became of it."""
    shutil.rmtree(model, ignore_errors=True)
    for name, size in FILES.items():
        path = model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(name, size))
    return model


def hash_shards(test, work, keys):
    """Signatures of shards, theirs and ours."""
    model, signature = fresh(work / "model"), work / "model.sig"
    key, other = keys["prime256v1"], keys["other"]
    api = lambda program, *words: [*test.python, program, *map(str, words)]

    test.accepts("model_signing signs shards", api(SIGN, model, key, signature, SIZE))
    payload = base64.b64decode(json.loads(signature.read_text())["dsseEnvelope"]["payload"]).decode()
    test.equal("  and writes their size as a float", f'"shard_size": {SIZE}.0' in payload, True)
    test.accepts("mlbom-verify takes that", test.verify(model, key, signature))
    manifest = test.tool("hash", "--shards", SIZE, model)
    test.accepts("mlbom-verify takes it of the manifest of shards", test.verify("-", key, signature), stdin=manifest)
    test.refuses("mlbom-verify refuses it with another key", test.verify(model, other, signature))
    for why, fault in FAULTS.items():
        fault(model)
        test.refuses(f"mlbom-verify refuses it after {why}", test.verify(model, key, signature))
        test.refuses(f"  and of the manifest of shards", test.verify("-", key, signature),
                     stdin=test.tool("hash", "--shards", SIZE, model))
        fresh(model)
    (model / "left-out").write_bytes(b"x")
    test.accepts("model_signing signs shards and leaves out a file",
                 api(SIGN, model, key, signature, SIZE, model / "left-out"))
    done = test.accepts("mlbom-verify takes that", test.verify(model, key, signature))
    test.equal("  and says what is not covered", json.loads(done.stdout)["statements"][0]["notCovered"], ["left-out"])
    fresh(model)

    key = keys["ours"]
    verify = lambda size=SIZE, of=model, by=key: api(VERIFY, of, f"{by}.pub", signature, size)
    sign = lambda of, size=SIZE: test.tool("sign", "--key", key, "--output", signature,
                                            stdin=test.tool("hash", "--shards", size, of))
    sign(model)
    test.equal("mlbom-sign says that their command line has no shards", "command line" in test.hints, True)
    test.accepts("model_signing takes our signature of shards", verify())
    test.accepts("model_signing takes it without being told the size", api(VERIFY_ANY, model, f"{key}.pub", signature))
    test.refuses("model_signing refuses it with another key", verify(by=other), "mismatch|Invalid|nvalid")
    test.refuses("model_signing refuses it for shards of another size", verify(2 * SIZE), "mismatch")
    for why, fault in FAULTS.items():
        if why == "an empty file more":
            continue  # It does not see that one: hence our refusal to sign a model that has one.
        fault(model)
        test.refuses(f"model_signing refuses it after {why}", verify(), "mismatch")
        fresh(model)
    sign(model, "1M")
    test.accepts("model_signing takes it with shards longer than any file", verify(1_000_000))
    sign(model / "a")
    test.accepts("model_signing takes our signature of the shards of a file", verify(of=model / "a"))
    test.accepts("mlbom-verify takes it too", test.verify(model / "a", key, signature))
    test.refuses("mlbom-verify refuses it for the directory", test.verify(model, key, signature))
