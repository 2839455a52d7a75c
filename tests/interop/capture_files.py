"""Tables and tensors, against what pyarrow and the safetensors library read; and secrets in the files of a model."""

import json
import struct

from hub_stand_in import sha256
from shared import PASSWORD, TOKEN, WORD, ask, capture, prepared, safetensors


def rows(test, work, keys):
    """Rows are as many as pyarrow reads, however it wrote them; where nobody can count them none are said."""
    manifest = prepared(test, work)
    tables = work / "tables"
    tables.mkdir()
    wanted = ask(test, "tables", str(tables))
    datasets = [word for name in sorted(wanted) for word in ("--dataset", f"train={tables / name}")]
    found = capture(test, f"{len(wanted)} tables", *datasets, manifest=manifest)
    counted = found.named("trainingDataset")
    for name, count in sorted(wanted.items()):
        test.equal(f"  rows of {name}", counted.get(name, {}).get("data.rows"), count)
    good = [name for name, count in wanted.items() if count is not None]
    (tables / "encrypted.parquet").unlink()
    found = capture(test, "a directory of tables", "--dataset", f"train={tables}", manifest=manifest)
    test.equal("  rows of all of them", found.values("trainingDataset", "data.rows"),
               [sum(wanted[name] for name in good)])
    table = tables / "v1.parquet"
    whole = table.read_bytes()
    for why, content in (
        ("cut short", whole[:-1]),
        ("a footer that is longer than the file", whole[:-8] + b"\xff" * 4 + b"PAR1"),
        ("a footer of nothing", whole[:-8] + b"\0" * 4 + b"PAR1"),
        ("its footer overwritten", whole[:-60] + b"\xff" * 52 + whole[-8:]),
    ):
        table.write_bytes(content)
        found = capture(test, f"a table, {why}", "--dataset", f"train={table}", manifest=manifest)
        test.equal("  and no rows", [found.facts("trainingDataset").get("data.rows"), found.state("data.rows")],
                   [None, {"unreadable"}])


def tensors(test, work, keys):
    """Tensors are those that the safetensors library reads."""
    prepared(test, work)
    models = work / "models"
    models.mkdir()
    for name, read in ask(test, "tensors", str(models)).items():
        model = models / name
        found = capture(test, f"safetensors: {name}", "--model", model, manifest=test.tool("hash", model))
        facts, numbers = found.facts("model"), 0
        for _, _, shape in read["tensors"]:
            elements = 1
            for length in shape:
                elements *= length
            numbers += elements
        names = sorted(name.encode() for name, _, _ in read["tensors"])
        wanted = {"weights.parameters": numbers, "weights.tensors": len(names), "weights.bytes": read["bytes"],
                  "weights.dtypes": sorted({kind for _, kind, _ in read["tensors"]}),
                  "weights.tensorNamesDigest": sha256(b"".join(name + b"\n" for name in names)),
                  "weights.shards": len(list(model.glob("*.safetensors")))}
        wanted |= {f"weights.metadata.{key}": value for key, value in read["metadata"].items() if value}
        test.equal("  what the library reads", {fact: facts.get(fact) for fact in wanted}, wanted)
        test.equal("  and nothing is wrong with it", found.findings(), set())


def hostile():
    """Files that are no safetensors, one fault each, by what the fault is; the first is good."""
    head = lambda header, data=b"", length=None: struct.pack(
        "<Q", len(header) if length is None else length) + header + data
    one = lambda text, data=b"\0" * 8: head(text.encode(), data)
    a = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    return {
        "good": one(a + "}"),
        "empty": b"",
        "seven bytes": b"\x02\0\0\0\0\0\0",
        "no header": head(b"", b"\0" * 8),
        "a header longer than the file": head(a.encode() + b"}", b"\0" * 8, 5000),
        "a header longer than is allowed": head(a.encode() + b"}", b"\0" * 8, 100_000_001),
        "a header of 2^63 bytes": head(a.encode() + b"}", b"\0" * 8, 1 << 63),
        "a header of 2^64 - 1 bytes": head(a.encode() + b"}", b"\0" * 8, (1 << 64) - 1),
        "a list": one("[]", b""),
        "half an object": one(a),
        "bytes after the object": one(a + "}x"),
        "bad UTF-8": head(b'{"\xff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', b"\0" * 8),
        "a hole": one(a + ',"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}', b"\0" * 16),
        "a hole at the start": one('{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', b"\0" * 12),
        "an overlap": one(a + ',"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', b"\0" * 12),
        "the same place twice": one(a + ',"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'),
        "trailing bytes": one(a + "}", b"\0" * 9),
        "data missing": one(a + "}", b"\0" * 7),
        "no data": one(a + "}", b""),
        "offsets backwards": one('{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}'),
        "offsets beyond the end": one('{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}'),
        "a negative offset": one('{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}'),
        "another size than its shape": one('{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}'),
        "another size than its type": one('{"a":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}}'),
        "a shape that overflows": one('{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,8]}}'),
        "a shape of 2^62 that wraps to nothing": one(
            '{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}', b""),
        "a negative length": one('{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}'),
        "half a length": one('{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}'),
        "no such type": one('{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}'),
        "no type": one('{"a":{"shape":[2],"data_offsets":[0,8]}}'),
        "no offsets": one('{"a":{"dtype":"F32","shape":[2]}}'),
        "three offsets": one('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}}'),
        "a tensor that is null": one('{"a":null}', b""),
        "metadata twice": one('{"__metadata__":{"a":"b"},"__metadata__":{"a":"c"},' + a[1:] + "}"),
        "metadata that is no text": one('{"__metadata__":{"a":1},' + a[1:] + "}"),
        "nested metadata": one('{"__metadata__":{"a":{"b":"c"}},' + a[1:] + "}"),
        "metadata that is a list": one('{"__metadata__":["a"],' + a[1:] + "}"),
        "deep nesting": one('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"),
    }


def hostile_tensors(test, work, keys):
    """What the safetensors library refuses is not described as good."""
    prepared(test, work)
    files = {}
    for name, content in hostile().items():
        files[name] = work / name / "model.safetensors"
        files[name].parent.mkdir()
        files[name].write_bytes(content)
    refused = ask(test, "takes", [str(path) for path in files.values()])
    for name, path in files.items():
        test.equal(f"safetensors {'takes' if name == 'good' else 'refuses'} a file: {name}",
                   refused[str(path)] is None, name == "good")
        manifest = test.tool("hash", path.parent)
        found = capture(test, f"a file of weights: {name}", "--model", path.parent, manifest=manifest)
        facts = found.facts("model")
        if name == "good":
            test.equal("  and describes it", facts.get("weights.parameters"), 2)
            continue
        told = {fact for fact in facts if fact.startswith("weights.") and fact != "weights.unreferenced"}
        test.equal("  and says nothing of its weights", told, set())
        test.equal("  and that they cannot be read", found.state("weights.parameters"), {"unreadable"})
        test.equal("  and finds it", bool(found.findings()), True)
    # The library takes the last of two tensors of one name; others take the first. We say that there are two.
    twice = work / "twice/model.safetensors"
    twice.parent.mkdir()
    entry = '"a":{"dtype":"F32","shape":[%s],"data_offsets":[0,8]}'
    header = ("{" + entry % "2" + "," + entry % "1,2" + "}").encode()
    twice.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 8)
    manifest = test.tool("hash", twice.parent)
    found = capture(test, "a file of weights: a tensor twice", "--model", twice.parent, manifest=manifest)
    test.equal("  and finds it", ("MLB-TENSOR-REPEATED", "high") in found.findings(), True)


def secrets(test, work, keys):
    """Secrets in the files of a model do not come out, wherever they stand."""
    prepared(test, work)
    address = f"https://me:{WORD}@git.example.org/acme/base"
    model = work / "secrets"
    model.mkdir()
    for name, content in {
        "config.json": {"model_type": "bert", "_name_or_path": address, "architectures": [TOKEN, "Tiny"],
                        "auto_map": {"AutoModel": f"{address}--modeling.Tiny"}, "use_auth_token": WORD,
                        "quantization_config": {"quant_method": "gptq", "tokenizer": f"token={TOKEN}"}},
        "generation_config.json": {"max_length": 20, "token": PASSWORD, "assistant": address},
        "adapter_config.json": {"peft_type": "LORA", "r": 8, "base_model_name_or_path": address, "revision": TOKEN},
        "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "chat_template": f"{{# password={WORD} #}}x"},
        "trainer_state.json": {"global_step": 1, "best_model_checkpoint": address, "trial_params": {"hub_token": TOKEN},
                               "log_history": [{"loss": 1.0, "step": 1, "token": PASSWORD}]},
        "all_results.json": {"eval_loss": 1.0, "hub_token": TOKEN},
    }.items():
        (model / name).write_text(json.dumps(content))
    card = ["license: mit", f"base_model: {address}", f"tags: [{TOKEN}]", f"datasets: ['{address}']"]
    (model / "README.md").write_text("\n".join(["---", *card, f"model_name: {PASSWORD}", "---", ""]))
    metadata = {"format": "pt", "token": TOKEN, "note": f"password={WORD}", "url": address, TOKEN: "x"}
    tensor = ("weight", "F32", [2], b"\0" * 8)
    (model / "model.safetensors").write_bytes(safetensors([tensor], metadata))
    for option in ("--model", "--base", "--adapter", "--run"):
        capture(test, f"a model with secrets by {option}", option, model, manifest=test.tool("hash", model))
    found = capture(test, "a model with secrets", "--model", model, manifest=test.tool("hash", model))
    test.equal("  and says that there are some", ("MLB-SECRET", "high") in found.findings(), True)
