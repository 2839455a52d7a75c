#!/bin/sh
# Fails if a tool that is offline by design could reach a network: by a crate in its tree, or in our own sources.
set -eu
cd "$(dirname "$0")/../.."
network='reqwest|hyper|hyper-util|h2|h3|quinn|ureq|curl|isahc|attohttpc|minreq|surf|tokio|async-std|smol|async-io|mio|socket2|rustls|native-tls|openssl|hickory-resolver|trust-dns-resolver'
status=0
for tool; do
    tree=$(cargo tree --locked --edges normal --prefix none --format '{p}' --package "$tool")
    # The last line shows that the search finds what is there.
    found=$(printf '%s\nureq v0\n' "$tree" | cut -d' ' -f1 | grep -xE "$network" | sort -u | tr '\n' ' ')
    if [ "$found" != 'ureq ' ]; then
        echo "$tool: its tree holds network code (or the search is broken): $found" >&2
        status=1
    fi
done
for tool; do
    if grep -rnE 'std::net|UnixStream|TcpStream|UdpSocket' "tools/$tool/src" lib/*/src; then
        echo "$tool: network code in our own sources" >&2
        status=1
    fi
done
exit $status
