"""Keys in files, in tokens and in OpenPGP keyrings: openssl, cosign and gpg hold our signatures, and we hold gpg's."""

import base64
import glob
import json
import os
import shutil
import subprocess

from sigstore_stack import RSA_TSA, TSA, command

IN_TOTO = b"application/vnd.in-toto+json"
# The hash that goes with a key, in openssl's words; none with Ed25519.
HASHES = {"p256": "-sha256", "p384": "-sha384", "p521": "-sha512", "rsa": "-sha256"}
PASSWORD = "pass word \u00fc"
# Debian's place, and other systems'.
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so", "/usr/lib*/pkcs11/libsofthsm2.so"


def sign(test, *words):
    return [test.ours / "mlbom-sign", *words]


def model_of(test, work):
    model = work / "model"
    model.mkdir()
    (model / "weights.bin").write_bytes(b"weights\n")
    return model, test.tool("hash", model)


def signed_bytes(bundle):
    """What a DSSE bundle's signature is over (DSSE 1.0.0, protocol.md), and the signature."""
    envelope = json.loads(bundle.read_bytes())["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    message = b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO, len(payload), payload)
    return message, base64.b64decode(envelope["signatures"][0]["sig"])


def openssl_verify(work, kind, public, message, signature):
    (work / "message").write_bytes(message)
    (work / "signature").write_bytes(signature)
    if kind == "ed25519":
        return ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-sigfile", work / "signature",
                "-in", work / "message"]
    return ["openssl", "dgst", HASHES[kind], "-verify", public, "-signature", work / "signature", work / "message"]


def held_by_openssl(test, work, what, kind, public, bundle, blob=None):
    """openssl takes a bundle's signature, and not over one byte more."""
    if blob is None:
        message, signature = signed_bytes(bundle)
    else:
        held = json.loads(bundle.read_bytes())["messageSignature"]
        message, signature = blob.read_bytes(), base64.b64decode(held["signature"])
    test.accepts(f"openssl takes {what}", openssl_verify(work, kind, public, message, signature))
    changed = openssl_verify(work, kind, public, message + b".", signature)
    test.refuses("  and refuses it over one byte more", changed, "Verification [Ff]ailure")


def openssl_keys(test, work, keys):
    """openssl takes what we sign with keys of every kind and form, and reads the keys that we make"""
    model, manifest = model_of(test, work)
    blob = model / "weights.bin"
    for kind, key in test.stack.keys.items():
        for what, words, stdin in (("a model", [], manifest), ("a blob", ["--blob", blob], b"")):
            bundle = work / f"{kind} {what}.json"
            done = test.accepts(f"mlbom-sign signs {what}: {kind}",
                                sign(test, "--key", key, "--output", bundle, *words), stdin)
            if done.returncode == 0:
                held_by_openssl(test, work, f"our signature of {what}: {kind}", kind, f"{key}.pub", bundle,
                                blob if words else None)
        made = work / f"new-{kind}.pem"
        if test.accepts(f"mlbom-sign makes a key: {kind}",
                        sign(test, "--new-key", made, "--key-type", kind)).returncode == 0:
            test.accepts("  and openssl finds it sound", ["openssl", "pkey", "-in", made, "-check", "-noout"])
            public = command("openssl", "pkey", "-in", made, "-pubout")
            test.equal("  and its public half in the other file", (work / f"new-{kind}.pem.pub").read_bytes(), public)
    forms(test, work, manifest)


def forms(test, work, manifest):
    """The forms that a private key comes in: every one signs, which with P-256 leaves the same bytes."""
    key, password = test.stack.keys["p256"], work / "password"
    password.write_text(PASSWORD + "\n")
    wrong = work / "wrong"
    wrong.write_text(PASSWORD + "!\n")
    plain, cosign = work / "form.pem", work / "cosign.pem"
    shutil.copy(key, plain)
    shutil.copy(key, cosign)
    pass_out = f"pass:{PASSWORD}"
    encrypt = ["openssl", "pkcs8", "-topk8", "-in", key, "-passout", pass_out]
    command("openssl", "ec", "-in", key, "-out", work / "sec1.pem")
    command(*encrypt, "-v2", "aes-256-cbc", "-out", work / "pbkdf2.pem")
    command(*encrypt, "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512", "-out", work / "pbkdf2-sha512.pem")
    command(*encrypt, "-scrypt", "-out", work / "scrypt.pem")
    cosign = test.stack.cosign_key(cosign, PASSWORD)
    bundle = work / "form.json"
    test.accepts("mlbom-sign reads PKCS#8", sign(test, "--key", plain, "--output", bundle), manifest)
    wanted = bundle.read_bytes() if bundle.exists() else None
    for name, file in (("SEC1", work / "sec1.pem"), ("PKCS#8, PBKDF2", work / "pbkdf2.pem"),
                       ("PKCS#8, PBKDF2 with SHA-512", work / "pbkdf2-sha512.pem"),
                       ("PKCS#8, scrypt", work / "scrypt.pem"), ("cosign's form", cosign)):
        secret = [] if name == "SEC1" else ["--password-file", password]
        bundle.unlink(missing_ok=True)
        done = test.accepts(f"mlbom-sign reads {name}", sign(test, "--key", file, "--output", bundle, *secret), manifest)
        if done.returncode == 0:
            test.equal("  and signs the same", bundle.read_bytes(), wanted)
        if secret:
            done = run(sign(test, "--key", file, "--password-file", wrong), manifest)
            told = (done.returncode, done.stdout, b"password" in done.stderr)
            test.equal("  and not with another password", told, (2, b"", True))
    with open(password, "rb") as file:
        words = sign(test, "--key", work / "scrypt.pem", "--password-fd", file.fileno())
        done = subprocess.run(list(map(str, words)), input=manifest, capture_output=True, pass_fds=[file.fileno()])
    test.equal("mlbom-sign takes the password from a descriptor", (done.returncode, done.stdout == wanted), (0, True))


def run(words, stdin=b"", **environment):
    return subprocess.run(list(map(str, words)), input=stdin, capture_output=True, timeout=120,
                          env=os.environ | environment)


def rsa_timestamps(test, work, keys):
    """Timestamps of an authority that is `openssl ts` with an RSA key, and of Sigstore's"""
    model, manifest = model_of(test, work)
    services, root, key = test.stack.work / "services", test.stack.root, test.stack.keys["p256"]
    for name, url in (("rsa-tsa", RSA_TSA), ("tsa", TSA)):
        bundle = work / f"{name}.json"
        words = sign(test, "--key", key, "--tsa", url, "--trusted-root", root, "--output", bundle)
        if test.accepts(f"mlbom-sign has its signature timestamped: {name}", words, manifest).returncode != 0:
            continue
        stamps = json.loads(bundle.read_bytes())["verificationMaterial"]["timestampVerificationData"]
        (work / "stamp").write_bytes(base64.b64decode(stamps["rfc3161Timestamps"][0]["signedTimestamp"]))
        (work / "stamped").write_bytes(signed_bytes(bundle)[1])
        check = ["openssl", "ts", "-verify", "-in", work / "stamp", "-data", work / "stamped",
                 "-CAfile", services / f"{name}-root.crt", "-untrusted", services / f"{name}.crt"]
        test.accepts("  and openssl takes the timestamp", check)
        (work / "stamped").write_bytes(b"another signature")
        test.refuses("  and refuses it for another signature", check, "message imprint mismatch")
        verify = lambda of: [test.ours / "mlbom-verify", "--bundle", bundle, "--key", f"{key}.pub",
                             "--trusted-root", of, model]
        done = test.accepts("  and mlbom-verify takes it", verify(root))
        statements = json.loads(done.stdout or b"{}").get("statements", [{}])
        test.equal("  and says who told the time", statements[0].get("time", {}).get("source"), "timestampAuthority")
        test.refuses("  and refuses another instance's root", verify(test.stack.other_root))


def hardware_keys(test, work, keys):
    """Keys in a PKCS#11 token, which is SoftHSM's"""
    module = next((path for pattern in SOFTHSM for path in glob.glob(pattern)), None)
    if not module:
        raise SystemExit("run.py: libsofthsm2.so is nowhere (apt-get install softhsm2)")
    (work / "tokens").mkdir()
    (work / "softhsm.conf").write_text(f"directories.tokendir = {work}/tokens\nobjectstore.backend = file\n")
    (work / "pin").write_text("1234\n")
    (work / "wrong").write_text("4321\n")
    token = {"SOFTHSM2_CONF": str(work / "softhsm.conf")}
    command("softhsm2-util", "--init-token", "--free", "--label", "mlbom", "--pin", "1234", "--so-pin", "1234", **token)
    model, manifest = model_of(test, work)
    public = {}
    for number, kind in enumerate(("p256", "p384", "p521", "rsa"), 1):
        key = test.stack.keys[kind]
        command("softhsm2-util", "--import", key, "--token", "mlbom", "--label", kind, "--id", f"0{number}", "--pin",
                "1234", **token)
        public[kind] = f"{key}.pub"
    # One that never was in a file.
    pkcs11 = ["pkcs11-tool", "--module", module, "--login", "--pin", "1234", "--id", "09"]
    command(*pkcs11, "--keypairgen", "--key-type", "EC:prime256v1", "--label", "born here", **token)
    command(*pkcs11, "--read-object", "--type", "pubkey", "--output-file", work / "born.der", **token)
    command("openssl", "pkey", "-pubin", "-inform", "DER", "-in", work / "born.der", "-out", work / "born.pub")
    public["born here"] = work / "born.pub"
    for name, file in public.items():
        kind = name if name in HASHES else "p256"
        uri = f"pkcs11:token=mlbom;object={name.replace(' ', '%20')}?module-path={module}"
        bundle = work / f"{name}.json"
        words = sign(test, "--key", uri, "--password-file", work / "pin", "--output", bundle)
        done = run(words, manifest, **token)
        problem = "" if done.returncode == 0 else done.stderr.decode()
        test.report(f"mlbom-sign signs with a key in a token: {name}", problem)
        if problem:
            continue
        held_by_openssl(test, work, f"that signature: {name}", kind, file, bundle)
        verify = [test.ours / "mlbom-verify", "--bundle", bundle, "--key", file, model]
        test.accepts("  and mlbom-verify takes it", verify)
        if kind in ("p256", "rsa"):
            # It hashes with SHA-256 for any other key too.
            check = [test.cosign, "verify-blob-attestation", "--key", file, "--insecure-ignore-tlog", "--bundle", bundle,
                     "--type", "https://model_signing/signature/v1.0", "--digestAlg", "sha256", "--digest"]
            test.accepts("  and so does cosign", [*check, json.loads(manifest)["omsRoot"]])
            test.refuses("  but not for another model", [*check, "0" * 64], "digest")
        done = run(sign(test, "--key", uri, "--password-file", work / "wrong"), manifest, **token)
        test.equal("  and not with another PIN", (done.returncode, done.stdout), (2, b""))
    for fault, uri in (("no such key", "pkcs11:token=mlbom;object=none"), ("no such token", "pkcs11:token=none"),
                       ("several keys", "pkcs11:token=mlbom")):
        words = sign(test, "--key", f"{uri}?module-path={module}", "--password-file", work / "pin")
        done = run(words, manifest, **token)
        test.equal(f"mlbom-sign does not sign: {fault}", (done.returncode, done.stdout), (2, b""))


GROUPS = (openssl_keys, rsa_timestamps, hardware_keys)
