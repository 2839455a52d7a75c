#!/usr/bin/env python3
"""rsa_tsa.py PORT DIR: a timestamp authority (RFC 3161, 3.4) on the loopback, which is `openssl ts` with an RSA key.

DIR holds rsa-tsa.key, rsa-tsa.crt and rsa-tsa-root.crt (keys.sh). It writes milliseconds, which most authorities leave out,
and no certificates unless it is asked for them.
"""

import http.server
import pathlib
import subprocess
import sys
import tempfile

CONFIGURATION = """[tsa]
serial = {work}/rsa-tsa.serial
crypto_device = builtin
signer_cert = {work}/rsa-tsa.crt
signer_key = {work}/rsa-tsa.key
certs = {work}/rsa-tsa-root.crt
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
clock_precision_digits = 3
ess_cert_id_alg = sha256
"""


class Handler(http.server.BaseHTTPRequestHandler):
    """POST for timestamps, GET to see whether it is there."""

    def do_GET(self):
        self.answer(b"pong\n", "text/plain")

    def do_POST(self):
        query = self.rfile.read(int(self.headers["Content-Length"]))
        with tempfile.NamedTemporaryFile() as file:
            file.write(query)
            file.flush()
            command = ["openssl", "ts", "-reply", "-config", self.server.configuration, "-section", "tsa",
                       "-queryfile", file.name]
            done = subprocess.run(command, capture_output=True)
        if done.returncode != 0:
            self.send_error(500, explain=done.stderr.decode())
            return
        self.answer(done.stdout, "application/timestamp-reply")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Nothing to say."""


def main():
    port, work = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    # One after the other: they share the file of serial numbers.
    server = http.server.HTTPServer(("127.0.0.1", port), Handler)
    server.configuration = str(work / "rsa-tsa.cnf")
    (work / "rsa-tsa.cnf").write_text(CONFIGURATION.format(work=work))
    (work / "rsa-tsa.serial").write_text("01\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
