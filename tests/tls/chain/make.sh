#!/bin/sh
# make.sh: makes the certificates of this folder anew, and throws their keys away. client_test.c
# verifies them as of a day within the years they are valid, so that they serve for ever.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

key() { openssl genpkey -quiet -out "$1.key" -algorithm EC -pkeyopt ec_paramgen_curve:P-256; }

# certificate NAME ISSUER EXTENSIONS [OPTIONS]: for NAME.key, which is made unless it is there
certificate() {
  name=$1 issuer=$2 extensions=$3
  shift 3
  [ -f "$name.key" ] || key "$name"
  printf '%b\n' "$extensions" >"$name.ext"
  openssl req -new -key "$name.key" -subj "/O=chainmail tests/CN=$name.example.test" -out "$name.csr"
  if [ "$issuer" = "$name" ]; then
    openssl x509 -req -in "$name.csr" -signkey "$name.key" -days 3650 -extfile "$name.ext" \
      -out "$name.pem" "$@"
  else
    openssl x509 -req -in "$name.csr" -CA "$issuer.pem" -CAkey "$issuer.key" -CAcreateserial \
      -days 3650 -extfile "$name.ext" -out "$name.pem" "$@"
  fi
  openssl x509 -in "$name.pem" -out "$here/$name.pem"
}

authority='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign'
server='subjectAltName=DNS:mx.example.test,DNS:*.wild.example.test,IP:192.0.2.1,IP:2001:db8::1'
one_name='subjectAltName=DNS:mx.example.test'

certificate root root "$authority"
certificate between root "$authority"
certificate leaf between "$server"
certificate direct root "$one_name\nextendedKeyUsage=serverAuth"
certificate self self "$one_name"
certificate client root "$one_name\nextendedKeyUsage=clientAuth"
certificate common-name root 'basicConstraints=CA:FALSE'
certificate below-leaf leaf "$one_name"
certificate sha1 root "$one_name" -sha1
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out weak.key
certificate weak root "$authority"
certificate below-weak weak "$one_name"
openssl genpkey -quiet -algorithm ED25519 -out ed25519.key
certificate ed25519 root "$one_name"
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.key
certificate rsa root "$one_name"
certificate constrained root "$authority\nnameConstraints=critical,permitted;DNS:elsewhere.example"
certificate below-constrained constrained "$one_name"
certificate lax root "$authority\nnameConstraints=permitted;DNS:elsewhere.example"
certificate below-lax lax "$one_name"
certificate for-mail root "$authority\nextendedKeyUsage=emailProtection"
certificate below-for-mail for-mail "$one_name"
certificate for-servers root "$authority\nextendedKeyUsage=clientAuth,serverAuth"
certificate below-for-servers for-servers "$one_name"
