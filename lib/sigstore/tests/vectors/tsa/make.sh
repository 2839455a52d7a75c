#!/bin/sh
# Makes the timestamp and certificate vectors of this folder: openssl 3 and a POSIX shell, in an empty folder.
#
#   sh make.sh FOLDER
#
# Keys are made anew and thrown away, so every run writes other bytes; the tests hold for any run.
# Times: authorities 2020 to 2050 where openssl takes dates, tokens are of the time of the run.
set -eu
cd "$1"

key() { # NAME KIND
    case $2 in
        rsa*) openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa}" -out "$1.key" ;;
        ed25519) openssl genpkey -algorithm ED25519 -out "$1.key" ;;
        *) openssl ecparam -name "$2" -genkey -noout -out "$1.key" ;;
    esac
}
root() { # NAME KIND SUBJECT [START END]
    key "$1" "$2"
    openssl req -new -key "$1.key" -subj "$3" -out csr
    printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n' > ext
    sign "$1" "$1" "${4:-20200101000000Z}" "${5:-20500101000000Z}"
}
issue() { # NAME KIND SUBJECT ISSUER EXTENSIONS [START END]
    key "$1" "$2"
    openssl req -new -key "$1.key" -subj "$3" -out csr
    printf '%b' "$5" > ext
    sign "$1" "$4" "${6:-20200101000000Z}" "${7:-20500101000000Z}"
}
serial=1000
sign() { # NAME ISSUER START END
    serial=$((serial + 1))
    rm -rf ca && mkdir ca && : > ca/index && echo "$serial" > ca/serial
    printf '[ca]\ndefault_ca=c\n[c]\ndatabase=ca/index\nserial=ca/serial\nnew_certs_dir=ca\nunique_subject=no\nemail_in_dn=no\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=optional\norganizationName=optional\n' > ca/cnf
    if [ "$1" = "$2" ]; then
        openssl ca -batch -notext -config ca/cnf -selfsign -keyfile "$1.key" -in csr -out "$1.pem" -startdate "$3" -enddate "$4" -extfile ext
    else
        openssl ca -batch -notext -config ca/cnf -cert "$2.pem" -keyfile "$2.key" -in csr -out "$1.pem" -startdate "$3" -enddate "$4" -extfile ext
    fi 2> log
}
token() { # NAME AUTHORITY DIGEST SIGNER-DIGEST PRECISION [QUERY-OPTIONS]
    printf '[tsa]\ndefault_tsa=t\n[t]\nserial=tsserial\nsigner_digest=%s\ndefault_policy=1.2.3.4\ndigests=sha1,sha256,sha384,sha512\nclock_precision_digits=%s\ness_cert_id_alg=%s\n' "$4" "$5" "${ess:-sha256}" > ts.cnf
    [ -f tsserial ] || echo 01 > tsserial
    # shellcheck disable=SC2086
    openssl ts -query -data signature.bin "-$3" -no_nonce ${6:-} -out query 2> /dev/null
    openssl ts -reply -config ts.cnf -queryfile query -inkey "$2.key" -signer "$2.pem" -chain chain.pem -out "$1.tsr" 2> /dev/null
}

stamping='basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\n'
signing='basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=codeSigning\n'
between='basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n'
printf 'a signature' > signature.bin

# Timestamp authorities, one root.
root tsa-root rsa2048 '/O=mlbom vectors/CN=time root'
issue rsa rsa2048 '/O=mlbom vectors/CN=rsa clock' tsa-root "$stamping"
issue p256 prime256v1 '/O=mlbom vectors/CN=p256 clock' tsa-root "$stamping"
issue p384 secp384r1 '/O=mlbom vectors/CN=p384 clock' tsa-root "$stamping"
issue p521 secp521r1 '/O=mlbom vectors/CN=p521 clock' tsa-root "$stamping"
issue rsa1024 rsa1024 '/O=mlbom vectors/CN=short clock' tsa-root "$stamping"
issue loose prime256v1 '/O=mlbom vectors/CN=loose clock' tsa-root "${stamping}" 20200101000000Z 20210101000000Z
cp tsa-root.pem chain.pem
token rsa rsa sha256 sha256 0
token rsa-sha512 rsa sha512 sha512 0 -cert
token rsa-fraction rsa sha256 sha256 3
ess=sha1 token rsa-v1 rsa sha256 sha256 0
token p256 p256 sha256 sha256 0
token p256-embedded p256 sha256 sha256 0 -cert
token p384 p384 sha384 sha384 0
token p521 p521 sha512 sha512 6
token sha1-imprint p256 sha1 sha256 0
token sha1-signer p256 sha256 sha1 0
token rsa1024 rsa1024 sha256 sha256 0
token expired loose sha256 sha256 0 || true
openssl ts -reply -in p256.tsr -token_out -out p256.token 2> /dev/null

# Signers, under a root, an intermediate, and a second intermediate that the first may not have.
root ca secp384r1 '/O=mlbom vectors/CN=signing root'
issue int prime256v1 '/O=mlbom vectors/CN=signing intermediate' ca "$between"
issue deep prime256v1 '/O=mlbom vectors/CN=one too many' int "$between"
issue nosign prime256v1 '/O=mlbom vectors/CN=no issuer' ca 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n'
issue leaf prime256v1 '/CN=leaf' int "${signing}subjectAltName=email:a@example.com,URI:https://example.com/a,DNS:example.com,IP:127.0.0.1,otherName:1.3.6.1.4.1.57264.1.7;UTF8:a!example.com,otherName:1.2.3.4;UTF8:x\n1.3.6.1.4.1.57264.1.1=DER:68747470733a2f2f69647031\n1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:https://idp1\n1.3.6.1.4.1.57264.1.2=DER:70757368\n1.3.6.1.4.1.57264.1.20=ASN1:UTF8String:push\n"
issue two-issuers prime256v1 '/CN=leaf' int "${signing}1.3.6.1.4.1.57264.1.1=DER:68747470733a2f2f69647032\n1.3.6.1.4.1.57264.1.8=ASN1:UTF8String:https://idp1\n"
issue deep-leaf prime256v1 '/CN=leaf' deep "$signing"
issue nosign-leaf prime256v1 '/CN=leaf' nosign "$signing"
issue server prime256v1 '/CN=leaf' int 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n'
issue plain rsa2048 '/CN=leaf' int 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n'
issue nousage prime256v1 '/CN=leaf' int 'basicConstraints=critical,CA:FALSE\n'
issue encrypts prime256v1 '/CN=leaf' int 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyEncipherment\nextendedKeyUsage=codeSigning\n'
issue leaf-1024 rsa1024 '/CN=leaf' int "$signing"
issue leaf-p192 prime192v1 '/CN=leaf' int "$signing"
issue past prime256v1 '/CN=leaf' int "$signing" 20210101000000Z 20210102000000Z
root old-ca prime256v1 '/O=mlbom vectors/CN=old root' 20200101000000Z 20210101000000Z
issue old-leaf prime256v1 '/CN=leaf' old-ca "$signing"
root look-alike secp384r1 '/O=mlbom vectors/CN=signing root'

rm -rf ca log csr ext query ts.cnf tsserial tsserial.old chain.pem ./*.key
