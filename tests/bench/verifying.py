"""Verifying alone: a long bill of materials in its bundle, and a model of many files."""

import json
import subprocess

from machine import shell

VERIFY = "mlbom-verify"
# What a CycloneDX statement is called, by its type.
BOM = "https://cyclonedx.org/bom"


def bundle(bench):
    """A bill of materials whose text fills a bundle of tens of megabytes, over a model of one small file."""
    sign(bench)
    work = bench.work
    (work / "tiny").mkdir()
    (work / "tiny/config.json").write_text("{}\n")
    manifest = run(bench, "mlbom-hash tiny")
    (work / "tiny.json").write_bytes(manifest)
    components = [{"type": "data", "name": f"dataset-{number}", "description": "x" * 1000}
                  for number in range(bench.sizes.bill // 1060)]
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
    (work / "bill.json").write_text(json.dumps(bill))
    run(bench, "cat tiny.json bill.json | mlbom-sign --key k.pem --output long.jsonl")
    size = (work / "long.jsonl").stat().st_size
    root = json.loads(manifest)["dirHash"]
    verified = bench.compare(f"Verifying a bundle of {size >> 20} MiB", {
        VERIFY: "mlbom-verify --bundle long.jsonl --key k.pem.pub < tiny.json",
    }, {
        # One digest of the subjects, where ours holds all of them against the files.
        "cosign": shell("COSIGN_MAX_ATTACHMENT_SIZE=1GB", bench.peers.cosign,
                        "verify-blob-attestation --key k.pem.pub --insecure-ignore-tlog --bundle long.jsonl"
                        f" --type {BOM} --digest {root} --digestAlg sha256"),
    })
    bench.report.target("`mlbom-verify` to cosign, a long bundle", 4, lambda: verified.ratio("cosign", VERIFY))


def many(bench):
    """A signature of many small files, which are read again; and held against a manifest."""
    sign(bench)
    data = bench.data["many"]
    model, oms = data.name, bench.peers.model_signing
    run(bench, f"mlbom-hash {model} > many.json; mlbom-sign --key k.pem --output many.sig < many.json")
    verified = bench.compare(f"Verifying {data}", {
        VERIFY: f"mlbom-verify --bundle many.sig --key k.pem.pub {model}",
        "mlbom-verify, a manifest": "mlbom-verify --bundle many.sig --key k.pem.pub < many.json",
    }, {
        "model_signing verify key": shell(oms, f"verify key {model} --public_key k.pem.pub --signature many.sig"),
    }, data)
    bench.report.target(f"`mlbom-verify` to model_signing, {data}", 10,
                        lambda: verified.ratio("model_signing verify key", VERIFY))


def sign(bench):
    if not (bench.work / "k.pem").exists():
        run(bench, "mlbom-sign --new-key k.pem")


def run(bench, line):
    return subprocess.run(line, shell=True, cwd=bench.work, check=True, stdout=subprocess.PIPE).stdout
