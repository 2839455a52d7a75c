#!/bin/sh
# Writes the vectors beside this script with GnuPG. New keys every time: the names of keys in tests do not depend on them.
# usage: sh make.sh    (gpg 2.2; a few seconds)
set -eu
cd "$(dirname "$0")"
GNUPGHOME=$(mktemp -d /tmp/gXXXXXX); export GNUPGHOME
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT
# A quick lock, for tests that open it.
echo 's2k-count 65536' > "$GNUPGHOME/gpg-agent.conf"
early=20250101T000000 late=20250601T000000

# gpg at a given time, without questions
at() { when=$1; shift; gpg --batch --quiet --yes --no-tty --pinentry-mode loopback --passphrase "${password-}" --faked-system-time "$when!" "$@"; }
fingerprint() { gpg --batch --with-colons --list-keys "$1" | awk -F: '/^fpr/ { print $10; exit }'; }
# new NAME ALGORITHM USAGE EXPIRY
new() { at $early --quick-gen-key "$1" "$2" "$3" "${4:-never}"; }
public() { at $late --export-options export-minimal --export "$1" > "$1.pub"; }

printf 'what was signed\r\nin two lines \n' > message
for algorithm in rsa2048 rsa3072 ed25519 nistp256 nistp384 nistp521; do
	new $algorithm $algorithm sign,cert
	public $algorithm
	at $late --local-user $algorithm --output $algorithm.sig --detach-sign message
done

# A primary key that only certifies, a subkey that signs and one that encrypts.
new subkey rsa2048 cert
at $early --quick-add-key "$(fingerprint subkey)" ed25519 sign never
at $early --quick-add-key "$(fingerprint subkey)" cv25519 encr never
public subkey
at $late --local-user subkey --output subkey.sig --detach-sign message

# Armor, a comment, another hash, text, an end, SHA-1, a name of another policy.
at $late -u ed25519 --armor --comment "a: b" --output armored.asc --detach-sign message
at $late --armor --export-options export-minimal --export ed25519 rsa2048 > armored.pub
at $late -u rsa3072 --digest-algo SHA256 --output sha256.sig --detach-sign message
at $late -u rsa3072 --digest-algo SHA384 --output sha384.sig --detach-sign message
at $late -u rsa3072 --digest-algo SHA1 --output sha1.sig --detach-sign message
at $late -u ed25519 --textmode --output text.sig --detach-sign message
at $late -u ed25519 --default-sig-expire 10d --output expires.sig --detach-sign message
at $late -u ed25519 --sig-notation '!a@example.org=b' --output critical.sig --detach-sign message
at $late -u ed25519 --sig-notation 'a@example.org=b' --output notation.sig --detach-sign message
at $late -u ed25519 --output inline.gpg --sign message
at $late -u ed25519 --output clear.asc --clear-sign message
cat ed25519.sig rsa2048.sig > two.sig
at $late --export-secret-keys ed25519 > private.gpg

# Keys that do not count: DSA, RSA of 1024 bits, another curve, one that expires, ones that were revoked.
new dsa dsa2048 sign,cert; public dsa; at $late -u dsa --digest-algo SHA256 --output dsa.sig --detach-sign message
new rsa1024 rsa1024 sign,cert; public rsa1024; at $late -u rsa1024 --output rsa1024.sig --detach-sign message
new brainpool brainpoolP256r1 sign,cert; public brainpool; at $late -u brainpool --output brainpool.sig --detach-sign message
at $early --cert-digest-algo SHA1 --quick-gen-key weakself rsa2048 sign,cert never
public weakself; at $late -u weakself --output weakself.sig --detach-sign message
new expired ed25519 sign,cert 90d
at 20250201T000000 -u expired --output before.sig --detach-sign message
# gpg does not sign with it afterwards: its own list is given a longer life, the exported one is not.
public expired
at 20250202T000000 --quick-set-expire "$(fingerprint expired)" never
at $late -u expired --output after.sig --detach-sign message
public expired; mv expired.pub extended.pub
at 20250203T000000 --quick-set-expire "$(fingerprint expired)" 20250401T000000
public expired
for reason in 0 1 3; do
	new revoked$reason ed25519 sign,cert
	at 20250201T000000 -u revoked$reason --output revoked$reason-before.sig --detach-sign message
	at $late -u revoked$reason --output revoked$reason-after.sig --detach-sign message
	# The code of the question is not the code in the packet: 2 here is 1 there.
	case $reason in 0) answer=0 ;; 1) answer=2 ;; 3) answer=3 ;; esac
	printf 'y\n%s\n\ny\n' "$answer" | gpg --quiet --no-tty --command-fd 0 --pinentry-mode loopback --passphrase '' \
		--faked-system-time '20250301T000000!' --output revocation --yes --gen-revoke revoked$reason
	at 20250301T000000 --import revocation; rm revocation
	public revoked$reason
done
# A subkey that was revoked.
new subrevoked ed25519 cert
at $early --quick-add-key "$(fingerprint subrevoked)" ed25519 sign never
at $late -u subrevoked --output subrevoked.sig --detach-sign message
printf 'key 1\nrevkey\ny\n0\n\ny\nsave\n' | gpg --quiet --no-tty --command-fd 0 --pinentry-mode loopback --passphrase '' \
	--faked-system-time '20250701T000000!' --edit-key subrevoked >/dev/null 2>&1
public subrevoked

# What gpg believes and SHA-2 does not show: an end of a key and of a subkey, a revoked name. gpg puts a new self-signature
# in the place of the old one, and in the old one's hash; whoever has both, from a server say, sees both.
whole() { at $late --export "$1" > "$1.pub"; }
both() { at $late --import "$1.pub" 2>/dev/null; whole "$1"; }
weakly() { at 20250201T000000 --cert-digest-algo SHA1 "$@"; }
new weakend ed25519 sign,cert; whole weakend
at $late -u weakend --output weakend.sig --detach-sign message
weakly --quick-set-expire "$(fingerprint weakend)" 20251201T000000; both weakend
new weaksub ed25519 cert
at $early --quick-add-key "$(fingerprint weaksub)" ed25519 sign never; whole weaksub
at $late -u weaksub --output weaksub.sig --detach-sign message
weakly --quick-set-expire "$(fingerprint weaksub)" 20251201T000000 '*'; both weaksub
# Two names, the first of them revoked, and a certificate for each.
new weakuser ed25519 sign,cert
at $early --quick-add-uid weakuser weakother
at $late -u weakuser --output weakuser.sig --detach-sign message
weakly --quick-revoke-uid weakuser weakuser
for name in weakuser weakother; do
	at $late --export-filter keep-uid="uid=$name" --export "$(fingerprint weakother)" > $name.pub
done
# A weak one that is older than one that is not.
weakly --quick-gen-key renewed ed25519 sign,cert 90d; whole renewed
at 20250301T000000 --cert-digest-algo SHA512 --quick-set-expire "$(fingerprint renewed)" never; both renewed
at $late -u renewed --output renewed.sig --detach-sign message
# A stranger's weak certification of a good key.
new certified ed25519 sign,cert
at $late -u rsa2048 --allow-weak-key-signatures --cert-digest-algo SHA1 --quick-sign-key "$(fingerprint certified)" >/dev/null
at $late -u certified --output certified.sig --detach-sign message
whole certified

# Private keys that sign: plain, locked with "secret", and with the primary key kept elsewhere.
at $late --export-secret-keys rsa2048 > sign-rsa2048.sec
at $late --armor --export-secret-keys nistp256 > sign-nistp256.asc
at $late --export-secret-subkeys subkey > sign-subkey.sec
password=secret; new locked ed25519 sign,cert
public locked; at $late --export-secret-keys locked > sign-locked.sec
# Locked with "secret" too, and more than one half in the file: a subkey that only encrypts, and one that signs.
new locked-rsa rsa2048 sign,cert
at $early --quick-add-key "$(fingerprint locked-rsa)" rsa2048 encr never
at $late --export-secret-keys locked-rsa > sign-locked-rsa.sec
new locked-subkey ed25519 sign,cert
at $early --quick-add-key "$(fingerprint locked-subkey)" ed25519 sign never
at $late --export-secret-keys locked-subkey > sign-locked-subkey.sec
# Keys that are there and do not sign: DSA, and one that only certifies.
password=; at $late --export-secret-keys dsa > dsa.sec
new certifying ed25519 cert
at $late --export-secret-keys certifying > certifying.sec
