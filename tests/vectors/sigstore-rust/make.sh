#!/bin/sh
# make.sh BUNDLE PUBLIC-KEY: the vectors here. sigstore-verify refuses a bundle that has neither a log entry nor a
# timestamp, so ours gets an RFC 3161 timestamp over its signature, by an authority that is made here and forgotten.
#
# What sigstore-verify asks of a timestamp: ECDSA, whole seconds, and the signing certificate first in the trusted root.
set -eu
bundle=$(realpath "$1")
public_key=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat >ts.cnf <<'CONF'
[tsa]
default_tsa = authority
[authority]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
clock_precision_digits = 0
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
CONF
echo 01 >serial
for name in root leaf; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$name.key"
done
openssl req -new -sha256 -key root.key -subj "/O=mlbom tests/CN=throw-away root" -out root.csr
openssl x509 -req -sha256 -in root.csr -signkey root.key -days 36500 -extfile ts.cnf -extensions root -out root.pem
openssl req -new -sha256 -key leaf.key -subj "/O=mlbom tests/CN=throw-away timestamps" -out leaf.csr
openssl x509 -req -sha256 -in leaf.csr -CA root.pem -CAkey root.key -set_serial 2 -days 36500 \
    -extfile ts.cnf -extensions leaf -out leaf.pem

jq -j '.dsseEnvelope.signatures[0].sig' "$bundle" | openssl base64 -d -A -out signature
openssl ts -query -data signature -sha256 -cert -out query
openssl ts -reply -config ts.cnf -section authority -queryfile query -inkey leaf.key -signer leaf.pem -out reply
openssl ts -verify -queryfile query -in reply -CAfile root.pem

encoded() { openssl base64 -A -in "$1"; }
der() { openssl x509 -in "$1" -outform DER | openssl base64 -A; }
jq -c --arg token "$(encoded reply)" \
    '.verificationMaterial.timestampVerificationData = {rfc3161Timestamps: [{signedTimestamp: $token}]}' \
    "$bundle" >"$here/bundle.sigstore.json"
jq -n --arg leaf "$(der leaf.pem)" --arg root "$(der root.pem)" '{
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [], certificateAuthorities: [], ctlogs: [],
    timestampAuthorities: [{
        subject: {organization: "mlbom tests", commonName: "throw-away timestamps"},
        certChain: {certificates: [{rawBytes: $leaf}, {rawBytes: $root}]},
        validFor: {start: "2026-01-01T00:00:00Z"}
    }]
}' >"$here/trusted_root.json"
cp "$public_key" "$here/key.pub"
