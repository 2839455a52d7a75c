"""gpg holds our detached OpenPGP signatures, and we hold gpg's."""

import pathlib
import shutil
import subprocess
import tempfile

KEYS = {"ed25519": ("ed25519", "sign"), "rsa3072": ("rsa3072", "sign"), "rsa2048": ("rsa2048", "sign"),
        "nistp256": ("nistp256", "sign"), "nistp384": ("nistp384", "sign"), "nistp521": ("nistp521", "sign")}
PASSWORD = "pass word"


class Gpg:
    """gpg with a home of its own."""

    def __init__(self):
        # The socket of its agent lies there, and a socket's path is short.
        self.home = tempfile.mkdtemp(prefix="mlbom-gpg-", dir="/tmp")

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def words(self, *words, password=""):
        return ["gpg", "--homedir", self.home, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
                "--passphrase", password, *map(str, words)]

    def __call__(self, *words, **options):
        done = subprocess.run(self.words(*words, **options), capture_output=True, timeout=120)
        if done.returncode != 0:
            raise SystemExit(f"run.py: gpg {words}: status {done.returncode}\n{done.stderr.decode(errors='replace')}")
        return done.stdout

    def new_key(self, user, algorithm, usage, expires="never", password="", faked=()):
        self(*faked, "--quick-generate-key", user, algorithm, usage, expires, password=password)
        return self.public(user)

    def public(self, user):
        path = pathlib.Path(self.home) / f"{user}.asc"
        path.write_bytes(self("--armor", "--export", user))
        return path

    def secret(self, user, password=""):
        path = pathlib.Path(self.home) / f"{user}.key"
        path.write_bytes(self("--armor", "--export-secret-keys", user, password=password))
        return path


def documents(test, work):
    """A model, one that differs, and the documents about it that are signed."""
    model, other = work / "model", work / "other"
    for directory, content in ((model, b"weights\n"), (other, b"Weights\n")):
        directory.mkdir()
        (directory / "weights.bin").write_bytes(content)
    manifest = work / "manifest.json"
    manifest.write_bytes(test.tool("hash", model))
    bom = work / "bom.cdx.json"
    bom.write_bytes(test.tool("compose", stdin=manifest.read_bytes()))
    return model, other, {"a manifest": manifest, "a BOM": bom}


def verify(test, signature, keyring, model, *options):
    return [test.ours / "mlbom-verify", "--bundle", signature, "--pgp-key", keyring, *options, model]


def gpg_signs(test, work, keys):
    """gpg signs manifests and BOMs, we verify"""
    model, other, signed = documents(test, work)
    with Gpg() as gpg:
        stranger = gpg.new_key("stranger", "ed25519", "sign")
        for name, (algorithm, usage) in KEYS.items():
            public = gpg.new_key(name, algorithm, usage)
            for what, document in signed.items():
                signature = pathlib.Path(f"{document}.asc")
                signature.unlink(missing_ok=True)
                gpg("--local-user", name, "--armor", "--output", signature, "--detach-sign", document)
                test.accepts(f"mlbom-verify takes gpg's signature of {what}: {name}",
                             verify(test, signature, public, model))
                test.refuses("  and refuses another key", verify(test, signature, stranger, model))
                test.refuses("  and refuses another model", verify(test, signature, public, other))
        one_thing_wrong(test, gpg, signed["a manifest"], model)


def one_thing_wrong(test, gpg, document, model):
    """Each beside the same made right."""
    public = gpg.public("ed25519")
    binary, armored = pathlib.Path(f"{document}.sig"), pathlib.Path(f"{document}.asc")

    def signed(*options, user="ed25519", to=armored):
        to.unlink(missing_ok=True)
        gpg("--local-user", user, *options, "--output", to, "--detach-sign", document)
        return to

    armored.unlink(missing_ok=True)
    test.accepts("mlbom-verify takes a signature without armor", verify(test, signed(to=binary), public, model))
    test.accepts("mlbom-verify takes one with armor", verify(test, signed("--armor"), public, model))
    refused(test, "of type text", verify(test, signed("--armor", "--textmode"), public, model))
    sha1 = signed("--armor", "--digest-algo", "SHA1", "--allow-weak-digest-algos", user="rsa3072")
    refused(test, "by SHA-1", verify(test, sha1, gpg.public("rsa3072"), model))
    kept = document.read_bytes()
    signature = signed("--armor")
    document.write_bytes(kept + b"\n")
    refused(test, "of one byte less", verify(test, signature, public, model))
    document.write_bytes(kept)
    test.accepts("mlbom-verify takes it again", verify(test, signature, public, model))

    # Two years ago, and gone since; the signature is of today.
    faked = ("--faked-system-time", "20240101T000000!")
    expired = gpg.new_key("expired", "ed25519", "sign", "20240301T000000", faked=faked)
    late = signed("--armor", "--faked-system-time", "20240201T000000!", user="expired")
    test.accepts("mlbom-verify takes a key that expired after it signed", verify(
        test, late, expired, model, "--at", "2024-02-02T00:00:00Z"))
    revoked = gpg.new_key("revoked", "ed25519", "sign")
    signature = signed("--armor", user="revoked")
    test.accepts("mlbom-verify takes a key", verify(test, signature, revoked, model))
    certificate = pathlib.Path(gpg.home) / "openpgp-revocs.d"
    fingerprint = gpg("--with-colons", "--list-keys", "revoked").decode().split("\nfpr:")[1].split(":")[8]
    text = (certificate / f"{fingerprint}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    (certificate / "revoked").write_text(text)
    gpg("--import", certificate / "revoked")
    refused(test, "by a key that was revoked since", verify(test, signature, gpg.public("revoked"), model))


def refused(test, what, words):
    """A no, or not a thing that can be checked: both but a yes."""
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=120)
    problem = "" if done.returncode in (1, 2) else f"status {done.returncode}\n{done.stderr.decode()}"
    if b"unexpected argument" in done.stderr:
        problem = done.stderr.decode()
    test.report(f"mlbom-verify refuses a signature {what}", problem)


def gpg_verifies(test, work, keys):
    """We sign with OpenPGP keys, gpg verifies"""
    model, _, signed = documents(test, work)
    password = work / "password"
    password.write_text(PASSWORD + "\n")
    with Gpg() as gpg:
        secrets = {}
        for name, (algorithm, usage) in KEYS.items():
            public = gpg.new_key(name, algorithm, usage)
            secrets[name] = (gpg.secret(name), public, [])
        public = gpg.new_key("locked", "ed25519", "sign", password=PASSWORD)
        secrets["locked"] = (gpg.secret("locked", PASSWORD), public, ["--password-file", password])
        # A primary key that only certifies, and a subkey that signs.
        gpg.new_key("subkey", "ed25519", "cert")
        fingerprint = gpg("--with-colons", "--list-keys", "subkey").decode().split("\nfpr:")[1].split(":")[8]
        gpg("--quick-add-key", fingerprint, "ed25519", "sign")
        secrets["subkey"] = (gpg.secret("subkey"), gpg.public("subkey"), [])
        for name, (secret, public, options) in secrets.items():
            for what, document in signed.items():
                signature = pathlib.Path(f"{document}.asc")
                signature.unlink(missing_ok=True)
                words = [test.ours / "mlbom-sign", "--pgp-key", secret, *options, "--output", signature]
                done = test.accepts(f"mlbom-sign signs {what}: {name}", words, document.read_bytes())
                if done.returncode != 0:
                    continue
                test.accepts("  and gpg takes it", gpg.words("--verify", signature, document))
                other = work / "changed"
                other.write_bytes(document.read_bytes() + b" ")
                check = gpg.words("--verify", signature, other)
                test.refuses("  and refuses it over one byte more", check, "BAD signature")
                test.accepts("  and mlbom-verify takes it", verify(test, signature, public, model))


GROUPS = (gpg_signs, gpg_verifies)
