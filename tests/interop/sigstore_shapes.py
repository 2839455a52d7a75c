"""Every shape of a Sigstore bundle, made by cosign and by mlbom-sign, before every verifier.

MLBOM_INTEROP_TABLE names a file for the table of what each verifier said, as Markdown.
"""

import base64
import dataclasses
import hashlib
import json
import os
import re

from sigstore_keys import run
from sigstore_peers import IDENTITIES, Expected, Peers, Shape

OTHER_IDENTITIES = {"email": "other@example.com", "ci": IDENTITIES["ci"][0].replace("release", "other"),
                    "ca": "other@acme.example", "ca-chain": "other@acme.example"}
BOM = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
       "components": [{"type": "machine-learning-model", "name": "m"}]}
HEADER = "| shape | made by | mlbom-verify | cosign | sigstore-python | model_signing | sigstore-js |"


def shapes():
    """No shape twice; the plain ones with every service, the others where something might differ."""
    for services in ("v2", "v1", "v1-tsa", "tsa", "none"):
        for signer in ("email", "p256"):
            yield Shape("blob", signer, services)
        for signer in ("ci", "p256"):
            yield Shape("predicate", signer, services)
    for services in ("v2", "v1"):
        for content in ("statement", "oms"):
            yield Shape(content, "ci", services)
    yield Shape("oms", "p256", "v2")
    yield Shape("oms", "p256", "none")
    yield Shape("statement", "email", "rsa-tsa")
    yield Shape("oms", "p384", "none")
    for key in ("p384", "p521", "rsa"):
        for services in ("v2", "v1"):
            yield Shape("blob", "email", services, key)
    for key in ("p384", "p521", "rsa", "ed25519"):
        for services in ("v2", "v1", "tsa", "none"):
            yield Shape("statement", key, services)
    for services in ("v2", "v1", "tsa", "none"):
        yield Shape("statement", "ca", services)
        yield Shape("blob", "ca-chain", services)
    for key in ("p384", "rsa"):
        yield Shape("statement", "ca", "tsa", key)
    yield Shape("oms", "ca-chain", "none")


# Keys whose hash is not SHA-256.
LONG = ("p384", "p521")
# A verifier's own words, and ours in the table. What cosign and sigstore-js refuse with such keys is right all the same:
# openssl says so (sigstore_keys.py).
SHA256_ALONE = ("could not verify envelope|TLOG_BODY_ERROR|SIGNATURE_ERROR", "takes every key's hash to be SHA-256 here")


def unmade(maker, shape):
    """Why a shape is not made: in the maker's own words, and in ours. cosign is 3.1.3."""
    if shape.signer in LONG and shape.services.startswith("v1"):
        # Rekor 1's own words too.
        return SHA256_ALONE
    if maker == "mlbom-sign":
        if shape.signer == "ed25519" and shape.services == "v2":
            return "(?i)ed25519", "Rekor 2 takes no Ed25519 signature of a message's own bytes"
        return None
    if "ed25519" in (shape.signer, shape.key):
        return "could not verify envelope", "takes Ed25519 keys, and not its own signatures by them"
    if shape.signer == "ca-chain" and shape.services == "v2":
        return "400|bad request", "sends the certificate as if it were a key"
    return None


def declined(verifier, shape, maker):
    """Why a verifier refuses what is right: in its own words, and in ours. None if it does not."""
    kind = shape.key if shape.certificate else shape.signer
    attested = shape.content != "blob"
    if verifier == "sigstore-python":
        if not shape.logged:
            return "malformed", "wants a log"
        if shape.content == "predicate" and maker == "cosign":
            return "(?i)statement", "reads no Statement v0.1"
        if kind != "p256":
            return "", "P-256 alone"
    if verifier == "model_signing" and maker == "cosign" and not shape.certificate:
        return "Key mismatch", "has another hint for keys"
    if verifier == "cosign" and shape.signer in LONG and attested:
        return SHA256_ALONE
    if verifier == "sigstore-js":
        # Ours is the leaf alone: an anchor never goes with it. For OpenSSF Model Signing that is a chain all the same.
        if shape.signer == "ca-chain" and (maker == "cosign" or shape.content == "oms"):
            return "invalid bundle", "reads no chains in bundles v0.3"
        if shape.certificate and not shape.timed:
            return "TypeError", "wants a timestamp for a certificate"
        if attested and kind in LONG:
            return SHA256_ALONE
    return None


@dataclasses.dataclass
class Made:
    """A bundle, and what it has to be held against."""

    maker: str
    bundle: object
    expected: Expected


class Matrix:
    """All shapes, and what became of them."""

    def __init__(self, test, work, peers):
        self.test, self.work, self.peers, self.stack = test, work, peers, test.stack
        self.lines = []
        self.prepare()

    def prepare(self):
        work, tool = self.work, self.test.tool
        blob, other = work / "model.safetensors", work / "other.safetensors"
        blob.write_bytes(b"weights\n")
        other.write_bytes(b"Weights\n")
        model, other_model = work / "model", work / "other"
        for directory, weights in ((model, blob), (other_model, other)):
            (directory / "deep").mkdir(parents=True)
            (directory / "deep/weights.bin").write_bytes(weights.read_bytes())
            (directory / "config.json").write_bytes(b"{}\n")
        manifest = tool("hash", model)
        self.given = {"blob": blob, "bom": tool("compose", stdin=tool("hash", blob)), "manifest": manifest}
        self.subjects = {"blob": (blob, other, hashlib.sha256(blob.read_bytes()).hexdigest()),
                         "oms": (model, other_model, json.loads(manifest)["omsRoot"])}
        statement = {"_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom",
                     "subject": [{"name": blob.name, "digest": {"sha256": self.subjects["blob"][2]}}], "predicate": BOM}
        # Rekor 2 takes nothing twice, and some keys sign the same in the same way: ours is another.
        self.given["statement-text"] = json.dumps(statement | {"predicate": BOM | {"version": 2}}).encode()
        for name, content in (("predicate", json.dumps(BOM).encode()), ("statement", json.dumps(statement).encode()),
                              ("oms", self.oms_statement(manifest))):
            self.given[name] = work / f"{name}.json"
            self.given[name].write_bytes(content)
        for kind, key in self.stack.keys.items():
            self.given["leaf", kind] = self.stack.new_leaf(f"leaf-{kind}", key)

    def oms_statement(self, manifest):
        """The statement of our own OMS signature, for cosign to sign."""
        bundle = json.loads(self.test.tool("sign", "--key", self.stack.keys["p256"], stdin=manifest))
        return base64.b64decode(bundle["dsseEnvelope"]["payload"])

    def expected(self, shape):
        stack = self.stack
        subject, _, digest = self.subjects["oms" if shape.content == "oms" else "blob"]
        identity, issuer = IDENTITIES.get(shape.signer.partition("-")[0], (None, None))
        return Expected(shape=shape, subject=subject, digest=digest, ca=stack.ca, identity=identity, issuer=issuer,
                        root=stack.root if shape.keyless or not shape.certificate else stack.ca_root,
                        trust_config=stack.trust_configs[shape.services], key=stack.keys.get(shape.signer))

    def faults(self, expected):
        """What is told to a verifier with one thing changed that has to make it refuse."""
        shape, stack = expected.shape, self.stack
        _, other, _ = self.subjects["oms" if shape.content == "oms" else "blob"]
        changed = lambda **members: dataclasses.replace(expected, **members)
        digest = hashlib.sha256(b"another").hexdigest()
        yield "another file", changed(subject=other, digest=digest)
        if not shape.certificate:
            yield "another key", changed(key=stack.other_key)
        elif shape.keyless or shape.content != "oms":
            yield "another identity", changed(identity=OTHER_IDENTITIES[shape.signer])
        if shape.keyless:
            yield "another issuer", changed(issuer=expected.issuer + "/other")
            yield "another instance's root", changed(
                root=stack.other_root, trust_config=stack.new_trust_config(shape.services, stack.other_root))
        elif shape.certificate:
            yield "another authority", changed(root=stack.other_ca_root, ca=stack.other_ca)
        elif shape.timed:
            yield "another instance's root", changed(root=stack.other_root)

    def made(self, shape):
        for maker, sign in (("cosign", self.peers.cosign_sign), ("mlbom-sign", self.peers.mlbom_sign)):
            if maker == "mlbom-sign" and shape.keyless and shape.key != "p256":
                # Its keys that last for minutes are P-256; `named_services` asks for others.
                continue
            bundle = self.work / f"{maker} {shape}.json"
            words, stdin = sign(shape, self.given, bundle)
            why = unmade(maker, shape)
            if why:
                self.unmade(f"{maker} does not make: {shape}", words, stdin, why[0])
                bundle.unlink(missing_ok=True)
                self.lines.append(f"| {shape} | {maker} | {why[1]} |||||")
                continue
            if self.test.accepts(f"{maker} makes: {shape}", words, stdin).returncode == 0:
                yield Made(maker, bundle, self.expected(shape))
            else:
                self.lines.append(f"| {shape} | {maker} | FAILED to be made |||||")

    def unmade(self, name, words, stdin, why):
        """It ends with an error that says why; what was asked of it is no question with a no for an answer."""
        done = run(words, stdin)
        said = done.stderr.decode(errors="replace")
        good = done.returncode not in (0, 101) and re.search(why, said) and "unexpected argument" not in said
        self.test.report(name, "" if good else f"status {done.returncode}, an error was wanted ({why!r})\n{said}")

    def hold(self, made):
        """One bundle before all verifiers."""
        shape, cells = made.expected.shape, []
        for name, verifier in self.peers.verifiers.items():
            words, stdin = verifier(made.bundle, made.expected)
            if isinstance(words, str):
                cells.append("–")
                continue
            title, why = f"{name}: {shape}, made by {made.maker}", declined(name, shape, made.maker)
            if why:
                failed = self.test.failed
                self.test.refuses(f"{title}: no, {why[1]}", words, why[0], stdin)
                cells.append(f"no: {why[1]}" if self.test.failed == failed else "FAILED")
                continue
            done = self.test.accepts(title, words, stdin)
            cells.append("yes" if done.returncode == 0 else "FAILED")
            if done.returncode != 0 or (name != "mlbom-verify" and made.maker != "mlbom-sign"):
                continue
            for fault, expected in self.faults(made.expected):
                if name != "mlbom-verify" and not self.notices(name, shape, fault):
                    continue
                words, stdin = verifier(made.bundle, expected)
                self.test.refuses(f"  and refuses {fault}", words, "", stdin)
        self.lines.append(f"| {shape} | {made.maker} | {' | '.join(cells)} |")

    def notices(self, name, shape, fault):
        """Whether a peer looks at the thing at all."""
        if name == "sigstore-js":
            # It leaves the subjects of statements to its caller.
            return fault != "another file" or shape.content == "blob"
        if name == "model_signing":
            return shape.keyless or fault != "another instance's root"
        return fault != "another instance's root" or shape.logged or shape.timed

    def table(self):
        path = os.environ.get("MLBOM_INTEROP_TABLE")
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join([HEADER, "|" + "---|" * 7, *self.lines]) + "\n")


def sigstore_shapes(test, work, keys):
    """Sigstore bundles of every shape, cosign's and ours, before every verifier"""
    matrix = Matrix(test, work, Peers(test.stack, test.peers, test.ours))
    for shape in shapes():
        for made in matrix.made(shape):
            matrix.hold(made)
    matrix.table()
