#!/bin/sh
# Makes cosign.json from the keys and chains of this folder: cosign 3.1.3, offline.
set -eu
start='start-time=2020-01-01T00:00:00Z'
cosign trusted-root create --out cosign.json \
    --fulcio="url=https://fulcio.example,certificate-chain=chain.pem,$start" \
    --rekor="url=https://log2.example:8443/x,public-key=ed.pem,$start,origin=log2.example" \
    --rekor="url=https://log2ec.example,public-key=ec.pem,$start,origin=log2ec.example/a" \
    --rekor="url=https://log1.example,public-key=ec2.pem,$start,end-time=2030-01-01T00:00:00Z" \
    --rekor="url=https://log1ed.example,public-key=ed.pem,$start" \
    --rekor="url=https://log1rsa.example,public-key=rsa.pem,$start" \
    --rekor="url=https://log1p384.example,public-key=p384.pem,$start" \
    --rekor="url=https://log1p521.example,public-key=p521.pem,$start" \
    --ctfe="url=https://ct.example/a,public-key=ec2.pem,$start" \
    --tsa="url=https://tsa.example/api/v1/timestamp,certificate-chain=tsachain.pem,$start,end-time=2029-12-31T23:00:00+02:00"
