#!/bin/sh
# keys.sh DIR: the keys and certificates of a private Sigstore, all of them new.
#
# Chains have the issuing certificate first: fulcio.pem (leaf's issuer, root), tsa.pem and rsa-tsa.pem (signer, root).
# The programs want their keys in different forms: Fulcio's is encrypted PKCS#8, the certificate transparency log's has an
# RFC 1423 password, the others are plain.
set -eu
mkdir -p "$1"
cd "$1"

ca='keyUsage=critical,keyCertSign,cRLSign
basicConstraints=critical,CA:TRUE'
tsa='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping'

p256() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
# certificate NAME SUBJECT EXTENSIONS [ISSUER]: NAME.crt for NAME.key
certificate() {
    openssl req -new -key "$1.key" -subj "/O=mlbom interop/CN=$2" -out "$1.csr"
    printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n%s\n' "$3" > "$1.ext"
    if [ $# = 4 ]; then set -- "$1" -CA "$4.crt" -CAkey "$4.key" -CAcreateserial; else set -- "$1" -signkey "$1.key"; fi
    name=$1
    shift
    openssl x509 -req -sha256 -in "$name.csr" -extfile "$name.ext" -days 3000 -out "$name.crt" "$@" 2>/dev/null
    rm "$name.csr" "$name.ext"
}

p256 fulcio-root.key
certificate fulcio-root 'fulcio root' "$ca"
p256 fulcio-ca.key
certificate fulcio-ca 'fulcio' "$ca,pathlen:0
extendedKeyUsage=codeSigning" fulcio-root
cat fulcio-ca.crt fulcio-root.crt > fulcio.pem
openssl pkcs8 -topk8 -in fulcio-ca.key -out fulcio-ca.enc.key -v2 aes256 -passout pass:local

p256 tsa-root.key
certificate tsa-root 'timestamps root' "$ca"
p256 tsa.key
certificate tsa 'timestamps' "$tsa" tsa-root
cat tsa.crt tsa-root.crt > tsa.pem
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out rsa-tsa-root.key
certificate rsa-tsa-root 'RSA timestamps root' "$ca"
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-tsa.key
certificate rsa-tsa 'RSA timestamps' "$tsa" rsa-tsa-root
cat rsa-tsa.crt rsa-tsa-root.crt > rsa-tsa.pem

openssl genpkey -algorithm ed25519 -out rekor2.key
p256 rekor1.key
openssl ecparam -name prime256v1 -genkey -noout | openssl ec -aes128 -passout pass:local -out ct.key 2>/dev/null
for log in rekor2 rekor1; do openssl pkey -in $log.key -pubout -out $log.pub; done
openssl pkey -in ct.key -passin pass:local -pubout -out ct.pub
