"""The shapes that a Sigstore bundle comes in, and the words that make each program sign or verify one.

What a verifier expects of a bundle is an `Expected`; a refusal is the same with one member replaced.
"""

import dataclasses
import json
import pathlib

from sigstore_stack import BUILDER, EMAIL, FULCIO, OIDC, REKOR1, REKOR2, SERVICES, WORKFLOW

HERE = pathlib.Path(__file__).resolve().parent
OMS = "https://model_signing/signature/v1.0"
IDENTITIES = {"email": (EMAIL, f"{OIDC}/email"), "ci": (WORKFLOW, f"{OIDC}/actions"), "ca": (BUILDER, None)}


@dataclasses.dataclass(frozen=True)
class Shape:
    """What is signed, by whom, and what is added.

    `content` is a blob, a predicate (cosign makes its own statement of it), a statement or a model's OMS signature; `signer`
    is "email" or "ci" for a keyless certificate, "ca" or "ca-chain" for the private authority's, else a kind of key.
    """

    content: str
    signer: str
    services: str
    # The kind of a certificate's key.
    key: str = "p256"

    def __str__(self):
        key = f" {self.key}" if self.certificate and self.key != "p256" else ""
        return f"{self.content}, {self.signer}{key}, {self.services}"

    @property
    def keyless(self):
        return self.signer in ("email", "ci")

    @property
    def certificate(self):
        return self.keyless or self.signer in ("ca", "ca-chain")

    @property
    def logged(self):
        return SERVICES[self.services][0] is not None

    @property
    def timed(self):
        """Whether something but the clock says when it was signed."""
        return self.services != "none"


@dataclasses.dataclass(frozen=True)
class Expected:
    """Whom and what a verifier is told to expect."""

    shape: Shape
    # What is on the disk: the file, for OMS the model's directory; `digest` is its SHA-256, or the OMS root.
    subject: pathlib.Path
    digest: str
    root: pathlib.Path
    trust_config: pathlib.Path
    ca: pathlib.Path
    identity: str | None = None
    issuer: str | None = None
    key: pathlib.Path | None = None
    kind: str = "https://cyclonedx.org/bom"


class Peers:
    """Commands of the programs that `install.sh` put into `peers`, and of ours."""

    def __init__(self, stack, peers, ours):
        self.stack, self.ours = stack, ours
        self.cosign_program = str(peers / "bin/cosign")
        self.sigstore, self.model_signing = str(peers / "venv/bin/sigstore"), str(peers / "venv/bin/model_signing")
        self.node = [str(peers / "node/node_modules/.bin/node"), str(HERE / "sigstore/peer.mjs"), str(peers / "node")]
        self.verifiers = {"mlbom-verify": self.mlbom_verify, "cosign": self.cosign, "sigstore-python": self.python,
                          "model_signing": self.oms, "sigstore-js": self.js}

    # Each verifier answers a command and what to give it, or why it cannot be asked at all.

    def mlbom_verify(self, bundle, of):
        words = [str(self.ours / "mlbom-verify"), "--bundle", str(bundle)]
        if of.shape.certificate:
            words += ["--identity", of.identity, *(["--issuer", of.issuer] if of.issuer else [])]
        else:
            words += ["--key", f"{of.key}.pub"]
        if of.shape.certificate or of.shape.timed:
            words += ["--trusted-root", str(of.root)]
        # The root names logs, and a certificate's signature then has to be in one.
        if of.shape.certificate and not of.shape.logged:
            words += ["--ignore-log"]
        return [*words, str(of.subject)], b""

    def cosign(self, bundle, of):
        shape, attested = of.shape, of.shape.content != "blob"
        words = [self.cosign_program, "verify-blob-attestation" if attested else "verify-blob", "--bundle", str(bundle)]
        words += ["--trusted-root", str(of.root)]
        if shape.certificate:
            words += ["--certificate-identity", of.identity]
            words += ["--certificate-oidc-issuer", of.issuer] if of.issuer else ["--certificate-oidc-issuer-regexp", ".*"]
        else:
            words += ["--key", f"{of.key}.pub"]
        if shape.signer in ("ca", "ca-chain"):
            words += ["--insecure-ignore-sct"]
        if shape.signer == "ca-chain":
            words += ["--allow-certificate-chain"]
        if not shape.logged:
            words += ["--insecure-ignore-tlog", *(["--use-signed-timestamps"] if shape.timed else [])]
        if shape.content == "oms":
            return [*words, "--type", OMS, "--digest", of.digest, "--digestAlg", "sha256"], b""
        return [*words, *(["--type", of.kind] if attested else []), str(of.subject)], b""

    def python(self, bundle, of):
        if not of.shape.certificate:
            return "verifies no keys", b""
        if not of.shape.keyless:
            return "wants an issuer and a certificate transparency log", b""
        subject = f"sha256:{of.digest}" if of.shape.content == "oms" else str(of.subject)
        return [self.sigstore, "--trust-config", str(of.trust_config), "verify", "identity", "--cert-identity", of.identity,
                "--cert-oidc-issuer", of.issuer, "--bundle", str(bundle), subject], b""

    def oms(self, bundle, of):
        if of.shape.content != "oms":
            return "reads OMS signatures alone", b""
        words = [self.model_signing, "verify"]
        if of.shape.keyless:
            words += ["sigstore", "--trust_config", str(of.trust_config), "--identity", of.identity]
            words += ["--identity_provider", of.issuer]
        elif of.shape.certificate:
            words += ["certificate", "--certificate_chain", str(of.ca)]
        else:
            words += ["key", "--public_key", f"{of.key}.pub"]
        return [*words, "--signature", str(bundle), str(of.subject)], b""

    def js(self, bundle, of):
        if of.shape.services == "rsa-tsa":
            return "reads some fractions of seconds, by how many digits they have, and not others", b""
        asked = {"verify": str(of.subject), "bundle": str(bundle), "root": str(of.root), "log": of.shape.logged,
                 "sct": of.shape.keyless, "time": of.shape.timed}
        if of.shape.certificate:
            asked |= {"identity": of.identity, "issuer": of.issuer}
        else:
            asked |= {"key": f"{of.key}.pub"}
        return self.node, json.dumps(asked).encode()

    def js_sign(self, file, bundle, services, statement=False, issuer="email"):
        version, tsa = SERVICES[services]
        asked = {"sign": str(file), "bundle": str(bundle), "statement": statement, "token": self.stack.token(issuer),
                 "fulcio": FULCIO, "tsa": tsa}
        if version:
            asked |= {"rekor": REKOR2 if version == 2 else REKOR1, "version": version}
        return self.node, json.dumps(asked).encode()

    def cosign_sign(self, shape, given, bundle):
        """`given` has the files: blob, predicate, statement, OMS statement."""
        stack = self.stack
        root = stack.root if shape.keyless or not shape.certificate else stack.ca_root
        words = ["sign-blob" if shape.content == "blob" else "attest-blob", "--yes", "--trusted-root", str(root)]
        words += ["--signing-config", str(stack.signing_configs[shape.services]), "--bundle", str(bundle)]
        algorithms = {"p384": "ecdsa-sha2-384-nistp384", "p521": "ecdsa-sha2-512-nistp521",
                      "rsa": "rsa-sign-pkcs1-2048-sha256"}
        if shape.keyless:
            words += ["--identity-token", stack.token(shape.signer.replace("ci", "actions"))]
            words += ["--signing-algorithm", algorithms[shape.key]] if shape.key != "p256" else []
        elif shape.certificate:
            key = stack.keys[shape.key]
            words += ["--key", str(stack.cosign_key(key)), "--certificate", str(given["leaf", shape.key])]
            words += ["--certificate-chain", str(stack.ca)] if shape.signer == "ca-chain" else []
        else:
            words += ["--key", str(stack.cosign_key(stack.keys[shape.signer]))]
        if shape.content == "blob":
            words += [str(given["blob"])]
        elif shape.content == "predicate":
            words += ["--type", "https://cyclonedx.org/bom", "--predicate", str(given["predicate"]), str(given["blob"])]
        else:
            words += ["--statement", str(given[shape.content])]
        return [self.cosign_program, *words], b""

    def mlbom_sign(self, shape, given, bundle):
        """`given` has the blob, and streams for the rest: a BOM's, a statement, a manifest."""
        stack, words = self.stack, [str(self.ours / "mlbom-sign"), "--output", str(bundle)]
        if shape.keyless:
            words += ["--keyless", "--identity-token", str(stack.token_file(shape.signer.replace("ci", "actions")))]
        elif shape.certificate:
            words += ["--key", str(stack.keys[shape.key]), "--cert", str(given["leaf", shape.key])]
            words += ["--chain", str(stack.ca)] if shape.signer == "ca-chain" else []
        else:
            words += ["--key", str(stack.keys[shape.signer])]
        if shape.timed or shape.keyless:
            root = stack.root if shape.keyless or not shape.certificate else stack.ca_root
            words += ["--signing-config", str(stack.signing_configs[shape.services]), "--trusted-root", str(root)]
        if shape.content == "blob":
            return [*words, "--blob", str(given["blob"])], b""
        return words, given[{"predicate": "bom", "statement": "statement-text", "oms": "manifest"}[shape.content]]
