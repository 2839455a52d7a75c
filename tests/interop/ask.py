"""ask.py WHAT: what other people's libraries do and say, for the interpreter of whichever environment has them.

The question is JSON on standard input, the answer JSON on standard output.
"""

import json
import os
import pathlib
import sys


def download(question):
    """Fetches from the Hub of HF_ENDPOINT, as the environment's huggingface_hub does it."""
    import huggingface_hub
    from huggingface_hub import file_download

    if not question.get("links", True) and not hasattr(huggingface_hub.constants, "HF_HUB_DISABLE_SYMLINKS"):
        # Older versions have no variable for it: they try in the cache whether links work.
        file_download.are_symlinks_supported = lambda *_: False
    if question.get("chunked"):
        # The protocol of the chunked storage is not served; what the library does with its files is what counts.
        import urllib.request

        def get(*, incomplete_path, xet_file_data, **_):
            with urllib.request.urlopen(f"{os.environ['HF_ENDPOINT']}/stored/{xet_file_data.file_hash}") as answer:
                pathlib.Path(incomplete_path).write_bytes(answer.read())

        file_download.xet_get = get
    fetch = {"snapshot": huggingface_hub.snapshot_download, "file": huggingface_hub.hf_hub_download}
    paths = []
    for what, arguments in question["steps"]:
        try:
            paths.append(fetch[what](**arguments))
        except Exception as error:
            if type(error).__name__ not in ("EntryNotFoundError", "RemoteEntryNotFoundError"):
                raise
            paths.append(None)
    return {"version": huggingface_hub.__version__, "paths": paths}


def tables(folder):
    """Writes tables in many ways; their rows by name of the file, as read back, null where no key is there to read."""
    import pyarrow
    import pyarrow.csv
    import pyarrow.feather
    import pyarrow.parquet as parquet

    folder, written = pathlib.Path(folder), {}
    table = pyarrow.table({
        "text": [f"row {at}, \"quoted\"\nand broken" if at % 3 else "" for at in range(1000)],
        "label": list(range(1000)),
        "nested": [{"values": [at] * (at % 4)} for at in range(1000)],
    })
    ways = {
        "plain": {"compression": "none"},
        "v1": {"version": "1.0", "data_page_version": "1.0", "compression": "gzip", "row_group_size": 64},
        "v2.4": {"version": "2.4", "data_page_version": "2.0", "compression": "snappy", "row_group_size": 333},
        "v2.6": {"version": "2.6", "data_page_version": "2.0", "compression": "zstd", "row_group_size": 1},
        "brotli": {"compression": "brotli", "use_dictionary": False, "write_statistics": True, "row_group_size": 999},
        "lz4": {"compression": "lz4", "write_page_index": True, "write_page_checksum": True},
    }
    for name, way in ways.items():
        parquet.write_table(table, folder / f"{name}.parquet", **way)
    parquet.write_table(table.slice(0, 0), folder / "no-rows.parquet")
    parquet.write_table(pyarrow.table({}), folder / "no-columns.parquet")
    parquet.write_table(pyarrow.table({f"column {at}": [at] for at in range(500)}), folder / "wide.parquet")
    noted = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": "x" * 70000}})})
    parquet.write_table(noted, folder / "notes.parquet")
    with parquet.ParquetWriter(folder / "two-writes.parquet", table.schema) as writer:
        writer.write_table(table)
        writer.write_table(table.slice(0, 7))
    for path in folder.glob("*.parquet"):
        written[path.name] = parquet.ParquetFile(path).metadata.num_rows
        assert written[path.name] == parquet.read_table(path).num_rows

    flat = table.select(["text", "label"])
    pyarrow.csv.write_csv(flat, folder / "quoted.csv")
    written["quoted.csv"] = pyarrow.csv.read_csv(
        folder / "quoted.csv", parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)).num_rows
    pyarrow.csv.write_csv(flat, folder / "tabs.tsv", pyarrow.csv.WriteOptions(delimiter="\t"))
    written["tabs.tsv"] = 1000
    for name, lines in (("lines.jsonl", "\n"), ("crlf.jsonl", "\r\n")):
        rows = [json.dumps(row) for row in flat.to_pylist()]
        (folder / name).write_bytes(lines.join(rows).encode())
        written[name] = 1000
    with pyarrow.OSFile(str(folder / "stream.arrow"), "wb") as sink:
        with pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=64)
    written["stream.arrow"] = pyarrow.ipc.open_stream(folder / "stream.arrow").read_all().num_rows
    with pyarrow.OSFile(str(folder / "file.arrow"), "wb") as sink:
        with pyarrow.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=64)
    written["file.arrow"] = pyarrow.ipc.open_file(folder / "file.arrow").read_all().num_rows
    return written | encrypted(folder, flat)


def encrypted(folder, table):
    """A Parquet file whose footer is encrypted: nobody counts its rows without the key."""
    import base64
    import datetime
    import pyarrow.parquet as parquet
    import pyarrow.parquet.encryption as encryption

    class Keys(encryption.KmsClient):
        def __init__(self, _):
            super().__init__()

        def wrap_key(self, key, _):
            return base64.b64encode(key)

        def unwrap_key(self, wrapped, _):
            return base64.b64decode(wrapped)

    factory = encryption.CryptoFactory(Keys)
    config = encryption.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["text"]}, encryption_algorithm="AES_GCM_V1",
        cache_lifetime=datetime.timedelta(minutes=5), data_key_length_bits=256)
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), config)
    with parquet.ParquetWriter(folder / "encrypted.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    assert (folder / "encrypted.parquet").read_bytes()[-4:] == b"PARE"
    return {"encrypted.parquet": None}


def tensors(folder):
    """Writes models with the safetensors library; what the library reads from each, by name."""
    import numpy
    import safetensors
    import safetensors.numpy

    folder = pathlib.Path(folder)
    kinds = ("float64 float32 float16 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool".split())
    arrays = lambda: {kind: numpy.arange(6).reshape(2, 3).astype(kind) for kind in kinds}
    # UTF-8 and UTF-16 sort the last two differently.
    names = ["a.b", "a", "b/c", "\u00fc", "z z", '"', "\\", "layers.10.w", "layers.9.w", "\U0001f600", "\uffff"]
    models = {
        "many types": (arrays(), None),
        "metadata": (arrays(), {"format": "pt", "modelspec.title": "T\u00efny", "empty": ""}),
        "no tensors": ({}, {"format": "np"}),
        "empty tensors": ({"none": numpy.zeros((0, 4), "float32"), "some": numpy.ones((4,), "float32"),
                           "deep": numpy.zeros((2, 0, 3), "int8")}, None),
        "scalars": ({"scalar": numpy.array(1.5, "float32"), "step": numpy.array(7, "int64")}, None),
        "names": ({name: numpy.ones(2, "float16") for name in names}, None),
        "many": ({f"layer.{at}.weight": numpy.full((3, 5), at, "float32") for at in range(3000)}, {"format": "pt"}),
    }
    for name, (content, metadata) in models.items():
        (folder / name).mkdir()
        safetensors.numpy.save_file(content, folder / name / "model.safetensors", metadata)
    # Types that numpy has not; of the last one two elements share a byte.
    raw = {"bf16": ("bfloat16", [2, 2], 8), "e4m3": ("float8_e4m3fn", [3], 3), "e5m2": ("float8_e5m2", [3, 1], 3),
           "c64": ("complex64", [2], 16), "f4": ("float4_e2m1fn_x2", [2, 4], 8)}
    zeros = numpy.zeros(64, "uint8")
    address = zeros.ctypes.data
    specs = {name: safetensors.TensorSpec(dtype=kind, shape=shape, data_ptr=address, data_len=size)
             for name, (kind, shape, size) in raw.items()}
    (folder / "other types").mkdir()
    safetensors.serialize_file(specs, folder / "other types/model.safetensors")
    (folder / "shards").mkdir()
    weights, place = arrays(), {}
    for at, part in enumerate((kinds[:5], kinds[5:]), 1):
        shard = f"model-0000{at}-of-00002.safetensors"
        safetensors.numpy.save_file({kind: weights[kind] for kind in part}, folder / "shards" / shard, {"format": "pt"})
        place |= {kind: shard for kind in part}
    total = sum(array.nbytes for array in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": place}
    (folder / "shards/model.safetensors.index.json").write_text(json.dumps(index))
    return {model.name: described(sorted(model.glob("*.safetensors"))) for model in sorted(folder.iterdir())}


def described(paths):
    import safetensors

    read, metadata, size = [], {}, 0
    for path in paths:
        size += path.stat().st_size - 8 - int.from_bytes(path.read_bytes()[:8], "little")
        with safetensors.safe_open(path, "np") as opened:
            metadata |= opened.metadata() or {}
            for name in opened.keys():
                part = opened.get_slice(name)
                read.append((name, part.get_dtype(), part.get_shape()))
    return {"tensors": read, "metadata": metadata, "bytes": size}


def takes(paths):
    """Why the safetensors library refuses each file; null where it does not."""
    import safetensors

    answer = {}
    for path in paths:
        try:
            with safetensors.safe_open(path, "np") as opened:
                list(opened.keys())
            answer[path] = None
        except Exception as error:
            answer[path] = f"{type(error).__name__}: {error}"
    return answer


def installed(site):
    """The packages of a site-packages directory with what importlib.metadata reads, and their files held to RECORD."""
    import base64
    import hashlib
    import re
    from importlib.metadata import distributions

    packages, site = {}, pathlib.Path(site)
    for distribution in distributions(path=[str(site)]):
        good, bad, missing, outside, unnamed = 0, [], [], 0, 0
        for file in distribution.files or []:
            if file.hash is None:
                # RECORD itself and byte code have none; of anything else nobody knows whether it is what was installed.
                unnamed += not (str(file).endswith(".dist-info/RECORD") or "__pycache__/" in str(file))
                continue
            path = pathlib.Path(distribution.locate_file(file))
            outside += not path.resolve().is_relative_to(site.resolve())
            if not path.exists():
                missing.append(str(file))
                continue
            digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == file.hash.value:
                good += 1
            else:
                bad.append(str(file))
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        [record] = [path for path in site.glob("*.dist-info/RECORD")
                    if path.read_text() == distribution.read_text("RECORD")]
        packages[name] = {
            "version": distribution.version, "good": good, "bad": bad, "missing": missing, "outside": outside,
            "unnamed": unnamed,
            "installer": (distribution.read_text("INSTALLER") or "").strip(),
            "requested": distribution.read_text("REQUESTED") is not None,
            "license": distribution.metadata.get("License-Expression"),
            "recordDigest": hashlib.sha256(record.read_bytes()).hexdigest(),
        }
    return packages


def locked(path):
    """The archives of each package of a uv.lock, by their digests."""
    import tomllib

    packages = tomllib.loads(pathlib.Path(path).read_text())["package"]
    archives = {package["name"]: [*package.get("wheels", []), package.get("sdist")] for package in packages}
    return {name: sorted(archive["hash"].removeprefix("sha256:") for archive in found if archive)
            for name, found in archives.items() if any(found)}


def evidence(question):
    """What jsonschema has against each document."""
    import jsonschema

    schema = json.loads(pathlib.Path(question["schema"]).read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    return {name: [error.message[:300] for error in validator.iter_errors(document)]
            for name, document in question["documents"].items()}


def bills(question):
    """What cyclonedx-python-lib has against each bill, by its name: validated strictly, read, and written again."""
    import urllib.parse

    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from packageurl import PackageURL

    version = SchemaVersion["V" + question["version"]]
    validator, answer = JsonStrictValidator(version), {"invalid": {}, "purls": {}, "unread": {}, "unwritten": {}}
    for name, bill in question["bills"].items():
        problem = validator.validate_str(bill)
        if problem:
            answer["invalid"][name] = str(problem)[:1000]
            continue
        # Component by component: the library leaves out what it has no field for.
        ahead, purls = [json.loads(bill)], []
        while ahead:
            value = ahead.pop()
            ahead += value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
            purls += [value["purl"]] if isinstance(value, dict) and "purl" in value else []
        # Of what need not be escaped it escapes less than we do.
        plain = urllib.parse.unquote
        wrong = [purl for purl in purls if plain(PackageURL.from_string(purl).to_string()) != plain(purl)]
        if wrong:
            answer["purls"][name] = wrong
        try:
            read = Bom.from_json(json.loads(bill))
        except Exception as error:
            answer["unread"][name] = f"{type(error).__name__}: {error}"[:1000]
            continue
        try:
            problem = validator.validate_str(make_outputter(read, OutputFormat.JSON, version).output_as_string())
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
        if problem:
            answer["unwritten"][name] = str(problem)[:1000]
    return answer


if __name__ == "__main__":
    asked = {ask.__name__: ask for ask in (download, tables, tensors, takes, installed, locked, evidence, bills)}
    # Libraries that print do not get into the answer.
    answer_to, sys.stdout = sys.stdout, sys.stderr
    json.dump(asked[sys.argv[1]](json.load(sys.stdin)), answer_to)
