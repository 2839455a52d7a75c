#!/bin/sh
# The man pages and shell scripts hold to their formats. A checker that is missing is named; in CI that fails.
cd "$(dirname "$0")/../.." || exit 2
status=0
need() { # PROGRAM PACKAGE
    command -v "$1" >/dev/null 2>&1 && return 0
    echo "missing: $1; install it with: sudo apt-get install -y $2" >&2
    [ "$CI" = true ] && status=1
    return 1
}
if need mandoc mandoc; then
    mandoc -T lint -W warning man/*.1 || status=1
fi
if need shellcheck shellcheck; then
    git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck || status=1
fi
exit $status
