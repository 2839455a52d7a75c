#!/usr/bin/env python3
"""oidc.py PORT KEY: two OpenID Connect issuers on the loopback; KEY is made if it is not there.

  http://127.0.0.1:PORT/email      for people: the token names an e-mail address
  http://127.0.0.1:PORT/actions    for CI: the token has the claims of a job of GitHub Actions

GET ISSUER/token answers {"value": TOKEN}, as a runner's own endpoint does, and with raw=1 the token alone. Any other
parameter replaces the claim of that name, an empty one removes it; `audience` is what a runner's client asks with, and
`ttl` the token's life in seconds. Only Python's library and openssl are needed.
"""

import base64
import http.server
import json
import os
import subprocess
import sys
import time
import urllib.parse

REPOSITORY, COMMIT = "acme/models", "9f2c1d7e5a3b4c6d8e0f1a2b3c4d5e6f70819203"
WORKFLOW = f"{REPOSITORY}/.github/workflows/release.yml@refs/heads/main"
CLAIMS = {
    "email": {"sub": "0001-signer", "email": "signer@example.com", "email_verified": True},
    "actions": {
        "sub": f"repo:{REPOSITORY}:ref:refs/heads/main", "ref": "refs/heads/main", "ref_type": "branch", "sha": COMMIT,
        "repository": REPOSITORY, "repository_id": "4242", "repository_owner": "acme", "repository_owner_id": "77",
        "repository_visibility": "public", "actor": "octo", "actor_id": "5", "workflow": "release",
        "workflow_ref": WORKFLOW, "workflow_sha": COMMIT, "job_workflow_ref": WORKFLOW, "job_workflow_sha": COMMIT,
        "event_name": "push", "run_id": "1001", "run_number": "12", "run_attempt": "1",
        "runner_environment": "github-hosted",
    },
}


def openssl(*arguments, given=None):
    return subprocess.run(["openssl", *arguments], input=given, check=True, capture_output=True).stdout


def encoded(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Issuer:
    """What both issuers share: a key and an address."""

    def __init__(self, port, key):
        self.base, self.key = f"http://127.0.0.1:{port}", key
        if not os.path.exists(key):
            openssl("genrsa", "-out", key, "2048")
        modulus = openssl("rsa", "-in", key, "-noout", "-modulus").decode().strip().partition("=")[2]
        self.jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "k1", "e": "AQAB",
                    "n": encoded(bytes.fromhex(modulus))}

    def configuration(self, name):
        issuer = f"{self.base}/{name}"
        return {"issuer": issuer, "jwks_uri": f"{issuer}/keys", "token_endpoint": f"{issuer}/token",
                "authorization_endpoint": f"{issuer}/auth", "response_types_supported": ["code"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}

    def token(self, name, wanted):
        now = int(time.time())
        claims = {**CLAIMS[name], "iss": f"{self.base}/{name}", "aud": wanted.pop("audience", "sigstore"),
                  "iat": now, "nbf": now, "exp": now + int(wanted.pop("ttl", "600")), "jti": os.urandom(8).hex()}
        for claim, value in wanted.items():
            if value:
                claims[claim] = {"true": True, "false": False}.get(value, value)
            else:
                claims.pop(claim, None)
        header = encoded(json.dumps({"alg": "RS256", "typ": "JWT", "kid": self.jwk["kid"]}).encode())
        signed = f"{header}.{encoded(json.dumps(claims).encode())}"
        return f"{signed}.{encoded(openssl('dgst', '-sha256', '-sign', self.key, given=signed.encode()))}"


class Handler(http.server.BaseHTTPRequestHandler):
    """GET alone."""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        name, _, rest = url.path.lstrip("/").partition("/")
        wanted = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        issuer = self.server.issuer
        if name not in CLAIMS:
            answer = None
        elif rest == ".well-known/openid-configuration":
            answer = issuer.configuration(name)
        elif rest == "keys":
            answer = {"keys": [issuer.jwk]}
        elif rest == "token":
            raw = wanted.pop("raw", "")
            token = issuer.token(name, wanted)
            answer = token if raw else {"value": token}
        else:
            answer = None
        if answer is None:
            self.send_error(404)
            return
        body = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Nothing to say."""


def main():
    port, key = int(sys.argv[1]), sys.argv[2]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.issuer = Issuer(port, key)
    server.serve_forever()


if __name__ == "__main__":
    main()
