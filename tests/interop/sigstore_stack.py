"""A private Sigstore for the groups of tests in `sigstore_*.py`: services, roots, configurations, tokens and keys.

The services are those of `sigstore/services.sh`. Beside the root that names them stands another instance's, with the same
URLs and other keys, and that of a certificate authority that no Fulcio has.
"""

import json
import os
import pathlib
import subprocess
import urllib.parse
import urllib.request

from hub_stand_in import loopback_up

HERE = pathlib.Path(__file__).resolve().parent
HOST = "http://127.0.0.1"
OIDC, FULCIO, REKOR2, CT, REKOR1 = (f"{HOST}:{port}" for port in (5601, 5602, 5605, 5609, 5615))
TSA, RSA_TSA = f"{HOST}:5608/api/v1/timestamp", f"{HOST}:5617"
START = "2020-01-01T00:00:00Z"
EMAIL, WORKFLOW = "signer@example.com", "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/main"
# Who a certificate of the private authority is for.
BUILDER = "build@acme.example"
PROGRAMS = ("fulcio", "timestamp-server", "rekor-server-posix", "rekor-server", "ct_server", "trillian_log_server",
            "trillian_log_signer", "createtree")
# What signing leaves in a bundle beside the signature: a log's entry, an authority's timestamp.
SERVICES = {"v2": (2, TSA), "v1": (1, None), "v1-tsa": (1, TSA), "tsa": (None, TSA), "rsa-tsa": (None, RSA_TSA),
            "none": (None, None)}
# openssl's words for a key of each kind.
KEYS = {
    "p256": ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "p384": ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "p521": ("EC", "-pkeyopt", "ec_paramgen_curve:P-521"), "rsa": ("RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
    "ed25519": ("ED25519",),
}
LEAF = """basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=codeSigning
subjectAltName={names}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""


def command(*words, stdin=b"", **environment):
    done = subprocess.run(list(map(str, words)), input=stdin, capture_output=True, timeout=120,
                          env=os.environ | environment)
    if done.returncode != 0:
        said = (done.stderr + done.stdout)[-1500:].decode(errors="replace")
        raise SystemExit(f"run.py: {words}: status {done.returncode}\n{said}")
    return done.stdout


class Stack:
    """Runs while its context lasts, and ends with this process whatever ends that."""

    def __init__(self, peers, scratch):
        self.bin, self.work = pathlib.Path(peers) / "bin", pathlib.Path(scratch) / "sigstore"
        self.process = None
        missing = [name for name in PROGRAMS if not os.access(self.bin / name, os.X_OK)]
        if missing:
            raise SystemExit(f"run.py: missing in {self.bin}: {', '.join(missing)} (tests/interop/install.sh DIR)")

    def __enter__(self):
        loopback_up()
        self.work.mkdir(parents=True)
        words = [HERE / "sigstore/services.sh", self.bin, self.work / "services"]
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"up\n":
            self.__exit__()
            raise SystemExit("run.py: the private Sigstore did not come up")
        self.prepare()
        return self

    def __exit__(self, *reason):
        self.process.stdin.close()
        self.process.wait(timeout=30)

    def prepare(self):
        """Roots, configurations and keys."""
        services = self.work / "services"
        self.root = self.new_root("root", services)
        other = self.work / "other"
        command(HERE / "sigstore/keys.sh", other)
        self.other_root = self.new_root("other-root", other)
        self.keys = {kind: self.new_key(kind, *words) for kind, words in KEYS.items()}
        self.other_key = self.new_key("other", *KEYS["p256"])
        self.ca = self.new_ca("ca", "private CA")
        self.other_ca = self.new_ca("other-ca", "other CA")
        # Its leaves have no SCT, hence no certificate transparency log.
        self.ca_root = self.new_root("ca-root", services, authority=self.ca, ct=False)
        self.other_ca_root = self.new_root("other-ca-root", services, authority=self.other_ca, ct=False)
        self.signing_configs = {name: self.new_signing_config(name, *of) for name, of in SERVICES.items()}
        self.trust_configs = {name: self.new_trust_config(name, self.root) for name in SERVICES}

    def cosign(self, *words, **environment):
        # Without a home it would look for a root of its own.
        return command(self.bin / "cosign", *words, HOME=str(self.work), **environment)

    def new_root(self, name, keys, authority=None, ct=True):
        path = self.work / f"{name}.json"
        fulcio = f"url={FULCIO},certificate-chain={authority or keys / 'fulcio.pem'},start-time={START}"
        logs = [f"--rekor=url={REKOR2},public-key={keys}/rekor2.pub,start-time={START},origin=127.0.0.1",
                f"--rekor=url={REKOR1},public-key={keys}/rekor1.pub,start-time={START}"]
        if ct:
            logs += [f"--ctfe=url={CT}/mlbom,public-key={keys}/ct.pub,start-time={START}"]
        stamps = [f"--tsa=url={TSA},certificate-chain={keys}/tsa.pem,start-time={START}",
                  f"--tsa=url={RSA_TSA},certificate-chain={keys}/rsa-tsa.pem,start-time={START}"]
        self.cosign("trusted-root", "create", "--out", path, f"--fulcio={fulcio}", *logs, *stamps)
        return path

    def new_signing_config(self, name, rekor, tsa):
        path, at = self.work / f"signing-config-{name}.json", f"start-time={START},operator=local"
        words = [f"--fulcio=url={FULCIO},api-version=1,{at}", f"--oidc-provider=url={OIDC}/email,api-version=1,{at}"]
        if rekor:
            words += [f"--rekor=url={REKOR2 if rekor == 2 else REKOR1},api-version={rekor},{at}", "--rekor-config=ANY"]
        if tsa:
            words += [f"--tsa=url={tsa},api-version=1,{at}", "--tsa-config=ANY"]
        self.cosign("signing-config", "create", "--out", path, *words)
        return path

    def new_trust_config(self, name, root):
        """Root and signing configuration in one file, as sigstore-python and model_signing want them."""
        config = json.loads(self.signing_configs[name].read_bytes())
        for member in ("rekorTlogConfig", "tsaConfig"):
            # cosign writes {} where there is no such service; sigstore-python wants the selector all the same.
            config[member].setdefault("selector", "ANY")
        path = self.work / f"trust-config-{root.stem}-{name}.json"
        path.write_text(json.dumps({"mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
                                    "trustedRoot": json.loads(root.read_bytes()), "signingConfig": config}))
        return path

    def new_key(self, name, *words):
        path = self.work / f"{name}.pem"
        command("openssl", "genpkey", "-quiet", "-algorithm", *words, "-out", path)
        command("openssl", "pkey", "-in", path, "-pubout", "-out", f"{path}.pub")
        return path

    def new_ca(self, name, subject):
        key, path = self.new_key(name, *KEYS["p256"]), self.work / f"{name}.crt"
        command("openssl", "req", "-x509", "-new", "-key", key, "-days", "3650", "-subj", f"/O=acme/CN={subject}",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", path)
        return path

    def new_leaf(self, name, key, names=f"email:{BUILDER}", ca=None, extensions=LEAF):
        """A certificate of the private authority."""
        ca, path, wanted = ca or self.ca, self.work / f"{name}.crt", self.work / f"{name}.ext"
        request = command("openssl", "req", "-new", "-key", key, "-subj", f"/O=acme/CN={name}")
        wanted.write_text(extensions.format(names=names))
        command("openssl", "x509", "-req", "-CA", ca, "-CAkey", ca.with_suffix(".pem"), "-set_serial",
                int.from_bytes(os.urandom(8), "big") | 1, "-days", "3000", "-extfile", wanted, "-out", path, stdin=request)
        return path

    def cosign_key(self, key, password=""):
        """The key in the form that cosign writes and reads."""
        prefix = key.with_suffix("")
        if not prefix.with_suffix(".key").exists():
            self.cosign("import-key-pair", "--yes", "--key", key, "--output-key-prefix", prefix, COSIGN_PASSWORD=password)
        return prefix.with_suffix(".key")

    def token(self, issuer="email", **claims):
        """A fresh identity token."""
        query = urllib.parse.urlencode({"raw": "1", **claims})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return opener.open(f"{OIDC}/{issuer}/token?{query}", timeout=30).read().decode()

    def token_file(self, issuer="email", **claims):
        """The same in a file, without the line break that cosign would send along."""
        path = self.work / "token"
        path.write_text(self.token(issuer, **claims))
        return path
