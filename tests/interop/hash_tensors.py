"""Tensors: names, types, places and digests, held against safetensors and gguf from PyPI."""

import hashlib
import json
import struct
import subprocess

DATA = bytes(range(128))

# Writes files with the libraries themselves, and says what they read from them again.
ORACLE = """
import hashlib, json, sys
import numpy as np
import gguf
from safetensors.numpy import save_file
from safetensors import safe_open
out = sys.argv[1]
rng = np.random.default_rng(7)
answers = {}

def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()

tensors = {"w": rng.standard_normal((300, 70)).astype(np.float32), "half": rng.standard_normal(33).astype(np.float16),
           "scalar": np.array(3, dtype=np.int64), "none": np.zeros((0, 4), dtype=np.uint8),
           "bytes/\\u00fc": rng.integers(0, 255, 9, dtype=np.uint8), "flags": np.array([True, False])}
save_file(tensors, f"{out}/a.safetensors", metadata={"format": "np"})
with safe_open(f"{out}/a.safetensors", "np") as file:
    answers["a.safetensors"] = {name: [None, digest(file.get_tensor(name))] for name in file.keys()}

kinds = gguf.GGMLQuantizationType
for name, endian, alignment in (("little", gguf.GGUFEndian.LITTLE, None), ("big", gguf.GGUFEndian.BIG, 64)):
    path = f"{out}/{name}.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=endian)
    if alignment:
        writer.add_custom_alignment(alignment)
    writer.add_array("tokenizer.ggml.tokens", [f"word{at}" for at in range(20000)])
    writer.add_array("some.floats", [0.5] * 3)
    writer.add_bool("some.flag", True)
    writer.add_tensor("token_embd.weight", rng.standard_normal((16, 64)).astype(np.float32))
    writer.add_tensor("blk.0.norm", rng.standard_normal(7).astype(np.float16))
    if not alignment:
        # Of every type that has a size there: bytes of as many blocks as two rows of two blocks take.
        for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
            if kind.name in ("Q8_1", "F32", "F16") or elements == 1:
                continue
            raw = rng.integers(0, 255, (2, 2 * size), dtype=np.uint8)
            writer.add_tensor(f"q.{kind.name}", raw, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = gguf.GGUFReader(path)
    found = {}
    with open(path, "rb") as file:
        content = file.read()
    for tensor in reader.tensors:
        start, length = int(tensor.data_offset), int(tensor.n_bytes)
        found[str(tensor.name)] = [tensor.tensor_type.name, hashlib.sha256(content[start:start + length]).hexdigest()]
    answers[f"{name}.gguf"] = found
print(json.dumps(answers))
"""


def old(version):
    """A GGUF file of version 1 or 2, by hand: no library writes them any more."""
    length = lambda number: struct.pack("<I" if version == 1 else "<Q", number)
    text = lambda words: length(len(words)) + words
    head = b"GGUF" + struct.pack("<I", version) + length(1) + length(1)
    head += text(b"general.name") + struct.pack("<I", 8) + text(b"old")
    head += text(b"t") + struct.pack("<I", 1) + length(32) + struct.pack("<IQ", 0, 0)
    return head + bytes(-len(head) % 32) + DATA


def hash_tensors(test, work, _keys):
    """The digest of each tensor is that of what the libraries read."""
    model = work / "model"
    model.mkdir()
    wanted = json.loads(test.accepts("safetensors and gguf write files", [*test.python, ORACLE, str(model)]).stdout)
    for version in (1, 2):
        (model / f"v{version}.gguf").write_bytes(old(version))
        wanted[f"v{version}.gguf"] = {"t": ["F32", hashlib.sha256(DATA).hexdigest()]}
    (model / "README.md").write_text("# no tensors\n")
    manifest = json.loads(test.tool("hash", "--tensors", model))
    found = {file["path"]: file.get("tensors") for file in manifest["files"]}
    test.equal("mlbom-hash --tensors lists tensors of no other file", found.pop("README.md"), None)
    test.equal("  and of each of these", sorted(found), sorted(wanted))
    for name, tensors in found.items():
        content = (model / name).read_bytes()
        digests = {tensor["name"]: [wanted[name][tensor["name"]][0] and tensor["dtype"], tensor["sha256"]]
                   for tensor in tensors if tensor["name"] in wanted[name]}
        test.equal(f"{name}: types and digests are the library's", digests, wanted[name])
        test.equal("  of no other tensors", len(tensors), len(wanted[name]))
        ranges = [hashlib.sha256(content[tensor["start"]:tensor["end"]]).hexdigest() for tensor in tensors]
        test.equal("  and of the bytes that they are said to be", [tensor["sha256"] for tensor in tensors], ranges)
    plain = json.loads(test.tool("hash", model))
    test.equal("the model's digest is the same without them", manifest["dirHash"], plain["dirHash"])

    for name in wanted:
        path = model / name
        content = path.read_bytes()
        # More than what pads the last tensor.
        path.write_bytes(content[:-64])
        done = subprocess.run([test.ours / "mlbom-hash", "--tensors", model], capture_output=True, timeout=60)
        named = done.returncode, done.stdout[:80], name in done.stderr.decode()
        test.equal(f"mlbom-hash --tensors refuses {name} without its end", named, (2, b"", True))
        path.write_bytes(content)
