"""The first entries of fresh logs, and what sigstore-python, sigstore-js and model_signing sign, before mlbom-verify."""

import hashlib
import json

from sigstore_peers import IDENTITIES, Expected, Peers, Shape
from sigstore_shapes import BOM
from sigstore_stack import FULCIO, REKOR1

SLSA = {"buildDefinition": {"buildType": "https://example.com/t", "externalParameters": {}},
        "runDetails": {"builder": {"id": "https://example.com/b"}}}


def files(work):
    """A file, another, and a directory."""
    blob, other, model = work / "model.safetensors", work / "other.safetensors", work / "model"
    blob.write_bytes(b"weights\n")
    other.write_bytes(b"Weights\n")
    model.mkdir()
    (model / "weights.bin").write_bytes(b"weights\n")
    return blob, other, model


def expectation(test, shape, subject):
    identity, issuer = IDENTITIES[shape.signer]
    return Expected(shape=shape, subject=subject, digest="", root=test.stack.root, identity=identity, issuer=issuer,
                    trust_config=test.stack.trust_configs[shape.services], ca=test.stack.ca)


def signed(test, peers, maker, shape, words, stdin, bundle, subject, other):
    """Something signs, and we verify it, and nothing that differs in one thing."""
    if test.accepts(f"{maker} signs: {shape}", words, stdin).returncode != 0:
        return
    expected = expectation(test, shape, subject)
    verify = lambda of=subject, root=test.stack.root, identity=expected.identity, issuer=expected.issuer: [
        test.ours / "mlbom-verify", "--bundle", bundle, "--identity", identity, "--issuer", issuer,
        "--trusted-root", root, *([] if shape.logged else ["--ignore-log"]), of]
    if test.accepts("  and mlbom-verify takes it", verify()).returncode != 0:
        return
    test.refuses("  and refuses another file", verify(of=other))
    test.refuses("  and refuses another identity", verify(identity="x" + expected.identity))
    test.refuses("  and refuses another issuer", verify(issuer=expected.issuer + "x"))
    test.refuses("  and refuses another instance's root", verify(root=test.stack.other_root))


def sigstore_first_entries(test, work, keys):
    """Entry 0 of a log: whatever is 0 or empty is left out of Go's JSON"""
    peers = Peers(test.stack, test.peers, test.ours)
    blob, other, _ = files(work)
    bundle, given = work / "cosign.json", {"blob": blob}
    shape = Shape("blob", "email", "v2")
    words, stdin = peers.cosign_sign(shape, given, bundle)
    signed(test, peers, "cosign", shape, words, stdin, bundle, blob, other)
    entry = json.loads(bundle.read_bytes())["verificationMaterial"]["tlogEntries"][0]
    test.equal("it was the first entry of Rekor 2", entry.get("logIndex", "0"), "0")
    expected = expectation(test, shape, blob)
    words, stdin = peers.python(bundle, expected)
    test.refuses("sigstore-python refuses that for its gaps", words, "Field required", stdin)

    bundle, shape = work / "ours.json", Shape("blob", "email", "v1")
    words, stdin = peers.mlbom_sign(shape, given, bundle)
    signed(test, peers, "mlbom-sign", shape, words, stdin, bundle, blob, other)
    if not bundle.exists():
        return
    entry = json.loads(bundle.read_bytes())["verificationMaterial"]["tlogEntries"][0]
    test.equal("it was the first entry of Rekor 1, and says so", entry.get("logIndex"), "0")
    for name in ("cosign", "sigstore-python", "sigstore-js"):
        words, stdin = peers.verifiers[name](bundle, expectation(test, shape, blob))
        test.accepts(f"{name} takes it", words, stdin)


def sigstore_python(test, work, keys):
    """sigstore-python and model_signing sign, we verify"""
    peers, stack = Peers(test.stack, test.peers, test.ours), test.stack
    blob, other, model = files(work)
    elsewhere = work / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "weights.bin").write_bytes(b"Weights\n")
    predicate = work / "slsa.json"
    predicate.write_text(json.dumps(SLSA))
    for services in ("v2", "v1", "v1-tsa"):
        config, bundle = ["--trust-config", stack.trust_configs[services]], work / f"blob-{services}.json"
        words = [peers.sigstore, *config, "sign", "--identity-token", stack.token(), "--bundle", bundle, blob]
        signed(test, peers, "sigstore-python", Shape("blob", "email", services), words, b"", bundle, blob, other)
        bundle = work / f"attested-{services}.json"
        words = [peers.sigstore, *config, "attest", "--identity-token", stack.token("actions"), "--predicate", predicate,
                 "--predicate-type", "https://slsa.dev/provenance/v1", "--bundle", bundle, blob]
        signed(test, peers, "sigstore-python", Shape("statement", "ci", services), words, b"", bundle, blob, other)
        bundle = work / f"oms-{services}.sig"
        words = [peers.model_signing, "sign", "sigstore", "--trust_config", stack.trust_configs[services],
                 "--identity_token", stack.token(), "--signature", bundle, model]
        signed(test, peers, "model_signing", Shape("oms", "email", services), words, b"", bundle, model, elsewhere)


def model_signing_certificates(test, work, keys):
    """model_signing signs with a private authority's certificate, we verify; and the other way"""
    peers, stack = Peers(test.stack, test.peers, test.ours), test.stack
    _, _, model = files(work)
    for kind in ("p256", "p384", "p521"):
        key, bundle = stack.keys[kind], work / f"{kind}.sig"
        leaf = stack.new_leaf(f"oms-{kind}", key)
        words = [peers.model_signing, "sign", "certificate", "--private_key", key, "--signing_certificate", leaf,
                 "--certificate_chain", stack.ca, "--signature", bundle, model]
        test.accepts(f"model_signing signs with a {kind} certificate", words)
        verify = lambda ca, identity=IDENTITIES["ca"][0], bundle=bundle: [
            test.ours / "mlbom-verify", "--bundle", bundle, "--ca", ca, "--identity", identity, model]
        if test.accepts("  and mlbom-verify takes it", verify(stack.ca)).returncode == 0:
            test.refuses("  and refuses another authority", verify(stack.other_ca))
            test.refuses("  and refuses another name", verify(stack.ca, "other@acme.example"))
        bundle = work / f"{kind}-ours.sig"
        words = [test.ours / "mlbom-sign", "--key", key, "--cert", leaf, "--chain", stack.ca, "--output", bundle]
        done = test.accepts(f"mlbom-sign signs with a {kind} certificate", words, test.tool("hash", model))
        if done.returncode != 0:
            continue
        take = lambda ca, bundle=bundle: [peers.model_signing, "verify", "certificate", "--certificate_chain", ca,
                                          "--signature", bundle, model]
        test.accepts("  and model_signing takes it", take(stack.ca))
        test.refuses("  and refuses another authority", take(stack.other_ca), "(?i)certificate|issuer")
        test.accepts("  and mlbom-verify takes it", verify(stack.ca, bundle=bundle))


def sigstore_js(test, work, keys):
    """sigstore-js signs, we verify"""
    peers = Peers(test.stack, test.peers, test.ours)
    blob, other, _ = files(work)
    statement = work / "statement.json"
    digest = hashlib.sha256(blob.read_bytes()).hexdigest()
    statement.write_text(json.dumps({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://cyclonedx.org/bom", "predicate": BOM,
        "subject": [{"name": blob.name, "digest": {"sha256": digest}}]}))
    for services in ("v2", "v1", "v1-tsa", "tsa"):
        bundle, shape = work / f"blob-{services}.json", Shape("blob", "email", services)
        words, stdin = peers.js_sign(blob, bundle, services)
        signed(test, peers, "sigstore-js", shape, words, stdin, bundle, blob, other)
        bundle, shape = work / f"statement-{services}.json", Shape("statement", "ci", services)
        words, stdin = peers.js_sign(statement, bundle, services, statement=True, issuer="actions")
        if services == "v2":
            test.refuses("sigstore-js does not sign a statement for Rekor 2", words, "", stdin)
            continue
        signed(test, peers, "sigstore-js", shape, words, stdin, bundle, blob, other)


def cosign_before_bundles(test, work, keys):
    """What cosign wrote before there were bundles, and envelopes by themselves: cosign signs, we verify"""
    peers, stack = Peers(test.stack, test.peers, test.ours), test.stack
    blob, other, _ = files(work)
    predicate = work / "bom.json"
    predicate.write_text(json.dumps(BOM))
    old = ["--yes", "--new-bundle-format=false", "--use-signing-config=false"]
    for kind in ("p256", "p384", "rsa"):
        key, signed_with = stack.keys[kind], ["--key", stack.cosign_key(stack.keys[kind]), "--tlog-upload=false"]
        bundle, attested, envelope = (work / f"{kind}-{name}.json" for name in ("blob", "attested", "envelope"))
        test.accepts(f"cosign signs a file in its older format: {kind}",
                     [peers.cosign_program, "sign-blob", *old, *signed_with, "--bundle", bundle, blob])
        test.accepts("  and a statement, its envelope apart",
                     [peers.cosign_program, "attest-blob", *old, *signed_with, "--type", "https://cyclonedx.org/bom",
                      "--predicate", predicate, "--bundle", attested, "--output-signature", envelope, blob])
        for name, required in ((bundle, "blob"), (attested, "bom"), (envelope, "bom")):
            verify = lambda of=blob, by=key: [test.ours / "mlbom-verify", "--bundle", name, "--key", f"{by}.pub",
                                              "--require", required, of]
            if test.accepts(f"  and mlbom-verify takes {name.name}", verify()).returncode == 0:
                test.refuses("  and refuses another file", verify(of=other))
                test.refuses("  and refuses another key", verify(by=stack.other_key))
    bundle, shape = work / "keyless.json", Shape("blob", "email", "v1")
    words = [peers.cosign_program, "sign-blob", *old, "--trusted-root", stack.root, "--fulcio-url", FULCIO,
             "--rekor-url", REKOR1, "--identity-token", stack.token(), "--bundle", bundle, blob]
    signed(test, peers, "cosign, in its older format,", shape, words, b"", bundle, blob, other)


# The first entries have to be the first.
GROUPS = (sigstore_first_entries, cosign_before_bundles, sigstore_python, model_signing_certificates, sigstore_js)
