"""Whole pipelines: what signs a model, and what verifies it and decides."""

from machine import shell
from verifying import sign

SIGN, VERIFY = "hash, sign", "hash, verify, policy"


def large(bench):
    chain(bench, bench.data["large"])


def small(bench):
    data = bench.data["small"]
    signed, verified = chain(bench, data)
    bench.report.target(f"`{SIGN}` to model_signing signing, {data}", 15,
                        lambda: signed.ratio("model_signing sign key", SIGN))
    bench.report.target(f"`{VERIFY}` to model_signing verifying, {data}", 10,
                        lambda: verified.ratio("model_signing verify key", VERIFY))


def chain(bench, data):
    """Compares signing, then verifying what was signed."""
    sign(bench)
    model, oms = data.name, bench.peers.model_signing
    signing = {
        "hash, compose, sign": f"mlbom-hash {model} | mlbom-compose | mlbom-sign --key k.pem --output {model}.jsonl",
        SIGN: f"mlbom-hash {model} | mlbom-sign --key k.pem --output {model}.sig",
    }
    verify = {
        VERIFY: f"mlbom-hash {model} | mlbom-verify --bundle {model}.jsonl --key k.pem.pub"
                " | mlbom-policy --policy builtin:minimal",
    }
    signed = bench.compare(f"Signing {data}", signing, {
        "model_signing sign key": shell(oms, f"sign key {model} --private_key k.pem --signature {model}.oms"),
    }, data)
    verified = bench.compare(f"Verifying {data}", verify, {
        "model_signing verify key": shell(oms, f"verify key {model} --public_key k.pem.pub --signature {model}.oms"),
    }, data)
    return signed, verified
