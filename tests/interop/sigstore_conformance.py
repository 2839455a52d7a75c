"""The adapters for the conformance suites of Sigstore and of OpenSSF Model Signing, over the private Sigstore.

The suites are not here. `tests/tests/conformance.rs` has the static cases of the one; to run the other,

    MLBOM_BIN_DIR=... pytest test/ --entrypoint=tests/interop/conformance/model-signing
"""

import hashlib
import json
import os
import pathlib

from sigstore_shapes import BOM
from sigstore_stack import EMAIL, OIDC

ADAPTERS = pathlib.Path(__file__).resolve().parent / "conformance"
ISSUER = f"{OIDC}/email"


def sigstore_adapter(test, work, keys):
    """The commands of the Sigstore conformance suite"""
    stack, program = test.stack, str(ADAPTERS / "sigstore")
    os.environ["MLBOM_BIN_DIR"] = str(test.ours)
    artifact, other, statement = work / "a.txt", work / "b.txt", work / "statement.json"
    artifact.write_bytes(b"artifact\n")
    other.write_bytes(b"Artifact\n")
    digest = hashlib.sha256(artifact.read_bytes()).hexdigest()
    statement.write_text(json.dumps({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom", "predicate": BOM,
        "subject": [{"name": artifact.name, "digest": {"sha256": digest}}]}))
    for what, options, signed in (("a file", [], artifact), ("a statement", ["--in-toto"], statement)):
        for services in ("v2", "v1"):
            bundle = work / f"{what} {services}.json"
            words = [program, "sign-bundle", *options, "--identity-token", stack.token(), "--bundle", bundle,
                     "--trusted-root", stack.root, "--signing-config", stack.signing_configs[services], signed]
            if test.accepts(f"sign-bundle signs {what}, {services}", words).returncode != 0:
                continue
            verify = lambda of, identity=EMAIL: [
                program, "verify-bundle", "--bundle", bundle, "--certificate-identity", identity,
                "--certificate-oidc-issuer", ISSUER, "--trusted-root", stack.root, of]
            test.accepts("  and verify-bundle takes it", verify(artifact))
            test.accepts("  and by its digest", verify(f"sha256:{digest}"))
            test.refuses("  and refuses another file", verify(other))
            test.refuses("  and another digest", verify(f"sha256:{hashlib.sha256(b'another').hexdigest()}"))
            test.refuses("  and another identity", verify(artifact, "other@example.com"))
            python = [str(test.peers / "venv/bin/sigstore"), "--trust-config", stack.trust_configs[services], "verify",
                      "identity", "--cert-identity", EMAIL, "--cert-oidc-issuer", ISSUER, "--bundle", bundle, artifact]
            test.accepts("  and sigstore-python takes it", python)


def model_signing_adapter(test, work, keys):
    """The commands of the OpenSSF Model Signing conformance suite"""
    stack, program = test.stack, str(ADAPTERS / "model-signing")
    os.environ["MLBOM_BIN_DIR"] = str(test.ours)
    model = work / "model"
    model.mkdir()
    for name in ("signme-1", "signme-2", "ignore-me", ".gitignore"):
        (model / name).write_bytes(name.encode() + b"\n")
    key, config = stack.keys["p384"], ["--trust-config", stack.trust_configs["v2"]]
    leaf = stack.new_leaf("conformance", key)
    ignore = ["--ignore-paths", model / "ignore-me"]
    methods = {
        "key": (["--private-key", key], ["--public-key", f"{key}.pub"], ["--public-key", f"{stack.other_key}.pub"]),
        "certificate": (["--private-key", key, "--signing-cert", leaf, "--cert-chain", stack.ca],
                        ["--cert-chain", stack.ca], ["--cert-chain", stack.other_ca]),
        "sigstore": ([*config, "--identity-token", stack.token()],
                     [*config, "--identity", EMAIL, "--identity-provider", ISSUER],
                     [*config, "--identity", "other@example.com", "--identity-provider", ISSUER]),
    }
    for method, (sign, right, wrong) in methods.items():
        # The signature lies in the model, as it may.
        bundle = model / f"{method}.sig"
        words = [program, "sign-model", "--method", method, "--model-path", model, "--output-bundle", bundle]
        if test.accepts(f"sign-model signs: {method}", [*words, *sign, *ignore]).returncode != 0:
            continue
        words = [program, "verify-model", "--method", method, "--model-path", model, "--bundle", bundle]
        test.accepts("  and verify-model takes it", [*words, *right, *ignore])
        test.refuses("  and refuses another signer", [*words, *wrong, *ignore])
        (model / "signme-3").write_bytes(b"more\n")
        test.refuses("  and refuses a file more", [*words, *right, *ignore])
        test.accepts("  but not where files may be unsigned", [*words, *right, *ignore, "--ignore-unsigned-files"])
        (model / "signme-3").unlink()
        kept = (model / "signme-2").read_bytes()
        (model / "signme-2").write_bytes(b"Signme-2\n")
        changed = [*words, *right, *ignore, "--ignore-unsigned-files"]
        test.refuses("  and refuses a changed byte all the same", changed)
        (model / "signme-2").unlink()
        test.refuses("  and a file less", changed)
        (model / "signme-2").write_bytes(kept)
        bundle.unlink()


GROUPS = (sigstore_adapter, model_signing_adapter)
