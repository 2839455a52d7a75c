"""What must not pass with real services: bad tokens, look-alike names, parts of other bundles, other keys of one service."""

import copy
import datetime
import json
import re

from sigstore_keys import run, sign
from sigstore_peers import Peers, Shape
from sigstore_stack import EMAIL, OIDC, WORKFLOW


def bundle_of(test, peers, work, name, services="v2", blob=None, **claims):
    """A blob that cosign signed, with the claims of the token that are wanted."""
    if blob is None:
        blob = work / "blob"
        blob.write_bytes(b"weights\n")
    bundle = work / f"{name}.json"
    issuer = claims.pop("issuer", "email")
    words, stdin = peers.cosign_sign(Shape("blob", "email", services), {"blob": blob}, bundle)
    words[words.index("--identity-token") + 1] = test.stack.token(issuer, **claims)
    test.accepts(f"cosign signs: {name}", words, stdin)
    return bundle


def verify(test, bundle, *words, root=None, subject=None):
    root = root or test.stack.root
    return [test.ours / "mlbom-verify", "--bundle", bundle, *words, "--trusted-root", root,
            subject or bundle.parent / "blob"]


def sigstore_tokens(test, work, keys):
    """Tokens that get no certificate"""
    blob, config = work / "blob", ["--trust-config", test.stack.trust_configs["v2"]]
    blob.write_bytes(b"weights\n")

    def signed(token):
        path, bundle = work / "token", work / "bundle.json"
        path.write_text(token)
        bundle.unlink(missing_ok=True)
        done = run(sign(test, "--keyless", "--identity-token", path, *config, "--blob", blob, "--output", bundle))
        secrets = [part for part in token.split(".") if len(part) > 40 and part.encode() in done.stderr + done.stdout]
        return done, bundle, secrets

    done, bundle, _ = signed(test.stack.token())
    good = done.returncode == 0 and bundle.exists()
    test.report("mlbom-sign signs with a token", "" if good else done.stderr.decode())
    token = test.stack.token()
    # The signature's last character holds bits that are no part of it; the one before does not.
    forged = token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
    for why, wanted, claims in (
        ("it has expired", "exp", {"ttl": "-60"}),
        ("it is for somebody else", "aud", {"audience": "other"}),
        ("it is not valid yet", "nbf|iat|not", {"nbf": "99999999999"}),
        ("its address was not verified", "email", {"email_verified": "false"}),
        ("it has no address", "email|400", {"email": ""}),
        ("its issuer is unknown to Fulcio", "400|issuer", {"iss": f"{OIDC}/unknown"}),
        ("somebody else signed it", "400|401|signature", forged),
        ("it is none", "token", "not a token"),
    ):
        done, bundle, secrets = signed(claims if isinstance(claims, str) else test.stack.token(**claims))
        problem = [] if done.returncode == 2 else [f"status {done.returncode}, 2 was wanted"]
        problem += ["there is a bundle all the same"] if bundle.exists() else []
        problem += ["the token comes out"] if secrets else []
        problem += [] if re.search(wanted, done.stderr.decode()) else [f"nothing is said of {wanted}"]
        test.report(f"mlbom-sign does not sign with a token: {why}",
                    "\n".join([*problem, done.stderr.decode()]) if problem else "")
    # The same for Fulcio's half: the claims that only it can judge.
    done, _, _ = signed(test.stack.token("actions", job_workflow_ref=""))
    test.equal("mlbom-sign does not sign for CI without the workflow's name", done.returncode, 2)


def sigstore_lookalikes(test, work, keys):
    """Names that look like the one that is trusted"""
    peers, issuer = Peers(test.stack, test.peers, test.ours), f"{OIDC}/email"
    trusted = bundle_of(test, peers, work, "the signer")
    exact = ["--identity", EMAIL, "--issuer", issuer]
    pattern = ["--identity-regexp", r"signer@example\.com", "--issuer", issuer]
    anyone = ["--any-identity"]
    for words in (exact, pattern, anyone):
        test.accepts(f"mlbom-verify takes the signer by {words[0]}", verify(test, trusted, *words))
    for what, name in (("a prefix", f"a{EMAIL}"), ("a longer domain", f"{EMAIL}.evil.org"), ("a shorter one", EMAIL[:-1]),
                       ("capitals", EMAIL.upper()),
                       ("a subdomain", "signer@mail.example.com"), ("a tag", "signer+x@example.com"),
                       ("two letters swapped", "singer@example.com")):
        bundle = bundle_of(test, peers, work, what, email=name)
        own = ["--identity", name, "--issuer", issuer]
        test.accepts(f"mlbom-verify takes {name} as itself", verify(test, bundle, *own))
        test.refuses("  and refuses it as the signer", verify(test, bundle, *exact))
        test.refuses("  and refuses it by the pattern", verify(test, bundle, *pattern))
    # A name is no pattern: its dots are dots.
    bundle = bundle_of(test, peers, work, "another character for a dot", email="signer@mailxexample.com")
    test.refuses("mlbom-verify refuses signer@mailxexample.com as signer@mail.example.com",
                 verify(test, bundle, "--identity", "signer@mail.example.com", "--issuer", issuer))
    for what, other in (("a slash more", f"{issuer}/"), ("a letter less", issuer[:-1]), ("capitals", issuer.upper()),
                        ("the other one", f"{OIDC}/actions"), ("another scheme", issuer.replace("http:", "https:"))):
        words = ["--identity", EMAIL, "--issuer", other]
        test.refuses(f"mlbom-verify refuses another issuer: {what}", verify(test, trusted, *words))
    # An address at the CI's issuer is not one of the e-mail provider's.
    bundle = bundle_of(test, peers, work, "a workflow", issuer="actions")
    own = ["--identity", WORKFLOW, "--issuer", f"{OIDC}/actions"]
    test.accepts("mlbom-verify takes a workflow", verify(test, bundle, *own))
    for what, name in (("another branch", WORKFLOW + "2"), ("another repository", WORKFLOW.replace("models", "model")),
                       ("another case", WORKFLOW.replace("acme", "Acme")), ("no branch", WORKFLOW.partition("@")[0])):
        words = ["--identity", name, "--issuer", f"{OIDC}/actions"]
        test.refuses(f"  and refuses {what}", verify(test, bundle, *words))
    several_names(test, work)


def several_names(test, work):
    """A private authority's certificates may have several names."""
    stack, blob, key = test.stack, work / "blob", test.stack.keys["p256"]
    for what, names, yes, no in (
        ("two addresses", "email:other@acme.example,email:build@acme.example",
         ("build@acme.example", "other@acme.example"), ("build@acme", "third@acme.example")),
        ("an address and a URL", "email:build@acme.example,URI:https://acme.example/build",
         ("build@acme.example", "https://acme.example/build"), ("https://acme.example/", "acme.example")),
        ("a list in one address", "email:build@acme.example;other@acme.example", (),
         ("build@acme.example", "other@acme.example")),
    ):
        leaf, bundle = stack.new_leaf("names", key, names), work / "names.json"
        words = sign(test, "--key", key, "--cert", leaf, "--blob", blob, "--output", bundle)
        if test.accepts(f"mlbom-sign signs with a certificate of {what}", words).returncode != 0:
            continue
        check = lambda name: [test.ours / "mlbom-verify", "--bundle", bundle, "--ca", stack.ca, "--identity", name, blob]
        for name in yes:
            test.accepts(f"  and mlbom-verify takes it as {name}", check(name))
        for name in no:
            test.refuses(f"  and refuses it as {name}", check(name))


def sigstore_transplants(test, work, keys):
    """Parts of a bundle taken away, or put there from another that is as good"""
    peers = Peers(test.stack, test.peers, test.ours)
    words = ["--identity", EMAIL, "--issuer", f"{OIDC}/email"]
    blob, twin_blob = work / "blob", work / "twin"
    blob.write_bytes(b"weights\n")
    twin_blob.write_bytes(b"Weights\n")
    for services in ("v2", "v1", "v1-tsa"):
        bundle = bundle_of(test, peers, work, f"first, {services}", services)
        twin = bundle_of(test, peers, work, f"second, {services}", services, twin_blob)
        whole, other = (json.loads(path.read_bytes()) for path in (bundle, twin))
        material = lambda document: document["verificationMaterial"]

        def refuse(what, change, *more):
            document = copy.deepcopy(whole)
            change(document)
            path = work / "changed.json"
            path.write_text(json.dumps(document))
            done = run(verify(test, path, *words, *more))
            # A bundle that is no longer one cannot be checked.
            good = done.returncode in (1, 2) and b"unexpected argument" not in done.stderr
            test.report(f"mlbom-verify refuses {what}, {services}",
                        "" if good else f"status {done.returncode}\n{done.stderr.decode()}")

        if test.accepts(f"mlbom-verify takes the whole, {services}", verify(test, bundle, *words)).returncode != 0:
            continue
        put = lambda member: lambda document: material(document).__setitem__(member, material(other)[member])
        refuse("another's log entry", put("tlogEntries"))
        refuse("another's certificate", put("certificate"))
        refuse("another's signature", lambda document: document.__setitem__("messageSignature", other["messageSignature"]))
        refuse("no log entry", lambda document: material(document).pop("tlogEntries"))
        refuse("no log entry, an empty list", lambda document: material(document).__setitem__("tlogEntries", []))
        refuse("no proof of inclusion", lambda document: material(document)["tlogEntries"][0].pop("inclusionProof"))
        refuse("another's proof of inclusion", lambda document: material(document)["tlogEntries"][0].__setitem__(
            "inclusionProof", material(other)["tlogEntries"][0]["inclusionProof"]))
        refuse("another's signature where the log is ignored", lambda document: document.__setitem__(
            "messageSignature", other["messageSignature"]), "--ignore-log")
        if services != "v1":
            refuse("another's timestamp", put("timestampVerificationData"))
        # Without a time that is proven the certificate is judged at the present moment; it lasts ten minutes.
        hour = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        later = ["--at", hour.strftime("%Y-%m-%dT%H:%M:%SZ")]
        test.accepts(f"mlbom-verify takes the whole in an hour, {services}", verify(test, bundle, *words, *later))
        if services == "v2":
            refuse("no timestamp", lambda document: material(document).pop("timestampVerificationData"), *later)
        else:
            entry = lambda document: material(document)["tlogEntries"][0]
            refuse("another time", lambda document: entry(document).__setitem__(
                "integratedTime", str(int(entry(document)["integratedTime"]) + 1)))
            refuse("another's promise", lambda document: entry(document).__setitem__(
                "inclusionPromise", entry(other)["inclusionPromise"]))
        if services == "v1":
            refuse("no promise, hence no time", lambda document: entry(document).pop("inclusionPromise"), *later)


def sigstore_roots(test, work, keys):
    """Roots that have one other key"""
    peers, stack = Peers(test.stack, test.peers, test.ours), test.stack
    words = ["--identity", EMAIL, "--issuer", f"{OIDC}/email"]
    ours, theirs = (json.loads(path.read_bytes()) for path in (stack.root, stack.other_root))
    bundles = {services: bundle_of(test, peers, work, services, services) for services in ("v2", "v1")}
    for services, bundle in bundles.items():
        test.accepts(f"mlbom-verify takes it by the right root, {services}", verify(test, bundle, *words))
        for what, member in (("authority", "certificateAuthorities"), ("logs", "tlogs"), ("CT log", "ctlogs"),
                             ("timestamp authorities", "timestampAuthorities")):
            if services == "v1" and member == "timestampAuthorities":
                continue
            root = work / f"{member}.json"
            root.write_text(json.dumps(ours | {member: theirs[member]}))
            test.refuses(f"  and refuses another {what}", verify(test, bundle, *words, root=root))
            ignore = {"ctlogs": "--ignore-sct"}.get(member)
            if ignore:
                test.accepts(f"  but takes it with {ignore}", verify(test, bundle, *words, ignore, root=root))
            root.write_text(json.dumps({**ours, member: []}))
            # What a root does not list nobody has to prove, but for the certificate and the time.
            if member == "ctlogs":
                test.accepts("  and takes it by a root without a CT log", verify(test, bundle, *words, root=root))
            elif member != "tlogs":
                test.refuses(f"  and refuses it without {what}", verify(test, bundle, *words, root=root))


GROUPS = (sigstore_tokens, sigstore_lookalikes, sigstore_transplants, sigstore_roots)
