"""Fails if a crate that the tools link has a licence that Apache-2.0 software cannot ship with."""

import json
import re
import subprocess
import sys

ALLOWED = {
    "0BSD", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0",
    # For data: the list of root certificates.
    "CDLA-Permissive-2.0", "ISC",
    "MIT", "MIT-0", "OpenSSL", "Unicode-3.0", "Unlicense", "Zlib",
}


def allowed(expression):
    """Whether an SPDX expression leaves a choice that is allowed: OR takes either side, AND takes both."""
    # `MIT/Apache-2.0` is the form of old manifests.
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either():
        value = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            value = both() or value
        return value

    def both():
        value = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            value = one() and value
        return value

    def one():
        token = tokens.pop(0)
        if token == "(":
            value = either()
            tokens.pop(0)
            return value
        if tokens[:1] == ["WITH"]:
            token = f"{token} {tokens.pop(0)} {tokens.pop(0)}"
        return token in ALLOWED

    return either() and not tokens


def main():
    run = ["cargo", "metadata", "--locked", "--format-version", "1"]
    packages = json.loads(subprocess.run(run, check=True, capture_output=True).stdout)["packages"]
    wrong = [
        f"{package['name']} {package['version']}: {package['license'] or 'no licence'}"
        for package in packages
        if not package["license"] or not allowed(package["license"])
    ]
    print("\n".join(wrong) or f"licences of {len(packages)} crates: allowed", file=sys.stderr if wrong else sys.stdout)
    return 1 if wrong else 0


if __name__ == "__main__":
    assert allowed("MIT AND (Apache-2.0 OR GPL-3.0)") and not allowed("MIT AND GPL-3.0")
    sys.exit(main())
