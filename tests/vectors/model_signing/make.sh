#!/bin/sh
# make.sh: the signatures here, made anew by model_signing 1.1.1 on PATH, with keys that are forgotten afterwards.
set -eu
cd "$(dirname "$0")"
here=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R ../golden/model "$work/model"
for name in p256:prime256v1 p384:secp384r1; do
    openssl ecparam -name "${name#*:}" -genkey -noout -out "$work/${name%:*}.pem"
    openssl pkey -in "$work/${name%:*}.pem" -pubout -out "${name%:*}.pub"
done
cd "$work"
sign() { model_signing sign key --private_key "$1.pem" --signature "$2" "$3"; }
sign p256 p256.sig model
sign p384 p384.sig model
sign p256 single-file.sig model/model.safetensors
sign p384 model/model.sig model
mv model/model.sig inside.sig
cp p256.sig p384.sig single-file.sig inside.sig "$here"

# Its command line has no shards.
mkdir shards shards/deep
seq 1 700 > shards/numbers.txt
seq 1 300 > shards/deep/numbers-2.txt
seq 1 3 > shards/few.txt
openssl ecparam -name prime256v1 -genkey -noout -out shards.pem
openssl pkey -in shards.pem -pubout -out "$here/shards.pub"
"$(dirname "$(command -v model_signing)")/python" - <<'END'
from model_signing import hashing, signing
config = hashing.Config().use_shard_serialization(shard_size=1024).set_ignored_paths(paths=[], ignore_git_paths=False)
signing.Config().use_elliptic_key_signer(private_key="shards.pem").set_hashing_config(config).sign("shards", "shards.sig")
END
cp shards.sig "$here"
