"""How services and roots are named to mlbom-sign, and where it finds a token."""

from sigstore_keys import model_of, run, sign
from sigstore_peers import IDENTITIES, Expected, Peers, Shape
from sigstore_stack import CT, FULCIO, OIDC, REKOR1, REKOR2, START, TSA


def named_services(test, work, keys):
    """Services named one by one, in a trust configuration, and a token from where CI keeps it"""
    stack, peers = test.stack, Peers(test.stack, test.peers, test.ours)
    model, manifest = model_of(test, work)
    blob = model / "weights.bin"
    urls = ["--fulcio", FULCIO, "--tsa", TSA, "--trusted-root", stack.root]
    token = lambda: ["--keyless", "--identity-token", stack.token_file()]
    request = {"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
               "ACTIONS_ID_TOKEN_REQUEST_URL": f"{OIDC}/actions/token?x=1"}
    config = ["--trust-config", stack.trust_configs["v2"]]
    for name, signer, words, environment in (
        ("URLs, Rekor 2", "email", [*token(), *urls, "--rekor", REKOR2, "--rekor-version", "2"], {}),
        ("URLs, Rekor 1", "email", [*token(), *urls, "--rekor", REKOR1, "--rekor-version", "1"], {}),
        ("a trust configuration", "email", [*token(), *config], {}),
        ("a token asked for as in GitHub Actions", "ci", config, request),
        ("a token given as in GitLab CI", "email", config, {"GITLAB_CI": "true", "SIGSTORE_ID_TOKEN": stack.token()}),
    ):
        bundle = work / "bundle.json"
        bundle.unlink(missing_ok=True)
        if "--identity-token" in words:
            stack.token_file()
        done = run(sign(test, *words, "--blob", blob, "--output", bundle), **environment)
        problem = "" if done.returncode == 0 else f"status {done.returncode}\n{done.stderr.decode()}"
        test.report(f"mlbom-sign signs with {name}", problem)
        if problem:
            continue
        identity, issuer = IDENTITIES[signer]
        of = Expected(shape=Shape("blob", signer, "v2"), subject=blob, digest="", root=stack.root, identity=identity,
                      issuer=issuer, trust_config=stack.trust_configs["v2"], ca=stack.ca)
        for verifier in ("mlbom-verify", "cosign", "sigstore-python"):
            check, stdin = peers.verifiers[verifier](bundle, of)
            test.accepts(f"  and {verifier} takes it", check, stdin)
    done = run(sign(test, *token(), *config, "--key-type", "p384", "--blob", blob))
    test.equal("mlbom-sign has P-256 alone for such keys, and says so", (done.returncode, done.stdout), (2, b""))
    done = run(sign(test, "--keyless", *config, "--blob", blob), GITHUB_ACTIONS="true")
    good = done.returncode == 2 and not done.stdout and b"id-token" in done.stderr
    test.report("mlbom-sign says which permission a job of GitHub Actions lacks", "" if good else done.stderr.decode())


def own_roots(test, work, keys):
    """A trusted root that mlbom-sign makes serves the others as the one that cosign makes"""
    stack, services = test.stack, test.stack.work / "services"
    peers, root = Peers(stack, test.peers, test.ours), work / "root.json"
    words = sign(test, "--make-trusted-root", "--ca-chain", services / "fulcio.pem", "--tsa-chain", services / "tsa.pem",
                 "--log", f"{REKOR2}={services}/rekor2.pub", "--log", f"{REKOR1}={services}/rekor1.pub",
                 "--ct-log", f"{CT}/mlbom={services}/ct.pub", "--valid-from", START, "--output", root)
    if test.accepts("mlbom-sign makes a trusted root", words).returncode != 0:
        return
    blob, identity = work / "blob", IDENTITIES["email"]
    blob.write_bytes(b"weights\n")
    for services in ("v2", "v1-tsa"):
        shape, bundle = Shape("blob", "email", services), work / f"{services}.json"
        words, stdin = peers.cosign_sign(shape, {"blob": blob}, bundle)
        test.accepts(f"cosign signs: {shape}", words, stdin)
        of = Expected(shape=shape, subject=blob, digest="", root=root, identity=identity[0], issuer=identity[1],
                      trust_config=stack.new_trust_config(services, root), ca=stack.ca)
        for verifier in ("mlbom-verify", "cosign", "sigstore-python", "sigstore-js"):
            check, stdin = peers.verifiers[verifier](bundle, of)
            test.accepts(f"  and {verifier} takes it by that root", check, stdin)


GROUPS = (named_services, own_roots)
