#!/bin/bash
# tls-check: what it says of certificates, and how it ends; scripts/certificate.sh.
# shellcheck disable=SC2016,SC2119,SC2120,SC2317,SC2329,SC2154,SC2034 # shunit2 calls the functions

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tls/_keyd.sh
. "$HERE/_keyd.sh"

setUp() {
  rm -rf "$folder/keys"
  mkdir "$folder/keys"
  cd "$folder" || exit
  [ -s root.crt ] || { authority root && authority stranger; }
}

# check [OPTION...]: tls-check of the folder keys; $said is what it says, $status how it ends
check() {
  said=$(timeout "$PATIENCE" tls-check "$@" "$folder/keys" 2>&1)
  status=$?
}

# A second more or less makes 90 days of 89: what is said, with N for either, or for 19 or 20.
days() { echo "$said" | sed -E 's/\<(89|90|19|20)\>/N/'; }

# good NAME [DAYS]: a certificate of root's in keys/
good() {
  issue root "keys/$1" "DNS:$1.example" "${2:-90}"
}

test_all_is_well() {
  good mail
  check -a root.crt
  assertEquals 0 "$status"
  assertContains "$(days)" '* ok        mail  P-256        N  mail.example'
  check -q
  assertEquals 'nothing to say' '' "$said"
}

test_days_left() {
  good mail 20
  check
  assertEquals 'soon' 1 "$status"
  assertContains "$(days)" 'ends in N days'
  check -w 19
  assertEquals 'not yet' 0 "$status"
  check -c 21
  assertEquals 'too soon' 2 "$status"
}

test_expired() {
  good mail
  openssl pkey -in keys/mail.key >mail.key
  printf '%s\n' '[ca]' 'default_ca=x' '[x]' 'database=index' 'serial=serial' 'new_certs_dir=.' \
    'default_md=sha256' 'policy=p' 'unique_subject=no' 'rand_serial=yes' '[p]' 'commonName=optional' >ca.conf
  : >index
  openssl req -new -key mail.key -subj /CN=mail.example -out mail.csr
  openssl ca -batch -config ca.conf -cert root.crt -keyfile root.key -in mail.csr -out keys/mail.crt -notext \
    -startdate 20200101000000Z -enddate 20210101000000Z 2>error || cat error
  check
  assertEquals 2 "$status"
  assertContains "$said" 'days ago'
  : >index
  openssl ca -batch -config ca.conf -cert root.crt -keyfile root.key -in mail.csr -out keys/mail.crt -notext \
    -startdate 20900101000000Z -enddate 20910101000000Z 2>error || cat error
  check
  assertEquals 2 "$status"
  assertContains "$said" 'is not valid yet'
}

test_unusable() {
  good mail
  good x
  good y
  cp keys/y.key keys/x.key
  openssl pkey -in keys/y.key -aes128 -passout pass:x -out y.key
  mv y.key keys/y.key
  echo nonsense >keys/z.pem
  check
  assertEquals 2 "$status"
  assertContains "$said" '* ok        mail'
  assertContains "$said" 'the private key is not that of the first certificate'
  assertContains "$said" 'the private key is encrypted'
  assertContains "$said" 'no certificate in it'
  check -q
  assertNotContains 'the good one' "$said" ' mail '
}

test_chain() {
  issue root middle '' 90 'basicConstraints=critical,CA:TRUE'
  issue middle keys/mail DNS:mail.example
  check -a root.crt
  assertEquals 'a link is missing' 2 "$status"
  assertContains "$said" 'the chain leads to no certificate in root.crt'
  cat middle.crt >>keys/mail.crt
  check -a root.crt
  assertEquals "$said" 0 "$status"
  check -a stranger.crt
  assertEquals 'an authority that nobody knows' 2 "$status"
  cat root.crt >>keys/mail.crt
  check -a root.crt
  assertEquals 'a root in it' 1 "$status"
  assertContains "$said" 'certificate 3 of the chain signed itself'
}

test_chain_in_disorder() {
  issue root middle '' 90 'basicConstraints=critical,CA:TRUE'
  issue middle keys/mail DNS:mail.example
  cat stranger.crt middle.crt >>keys/mail.crt
  check
  assertEquals 2 "$status"
  assertContains "$said" 'certificate 2 of the chain did not sign the one before it'
  assertContains "$said" 'certificate 3 of the chain did not sign the one before it'
}

test_warnings() {
  self keys/self.pem "$p256" DNS:a.example
  issue root keys/cn '' 90 'keyUsage=digitalSignature'
  issue root keys/none '' 90 'subjectAltName=IP:127.0.0.1'
  self keys/small.pem rsa:1024 DNS:a.example
  chmod 644 keys/self.pem
  chmod 620 keys/small.pem
  check
  assertEquals 1 "$status"
  assertContains "$said" 'signed itself: only clients that were told so trust it'
  assertContains "$said" 'is for no name'
  assertContains "$said" 'the key has less than 2048 bits'
  assertContains "$said" 'everybody can read the key'
  assertContains "$said" 'others than its owner can write'
}

test_common_name() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout keys/x.key -out keys/x.crt -days 90 -subj /CN=mail.example 2>error
  chmod 600 keys/x.key
  check
  assertContains "$said" 'has a common name alone'
  assertContains "$said" '  mail.example'
}

test_default() {
  mkdir -p conf
  echo b.example >conf/me
  good a
  good b
  CHAINMAIL_CONF=conf check
  assertContains 'that of me' "$said" '* ok        b '
  assertContains "$said" '  ok        a '
  good default
  CHAINMAIL_CONF=conf check
  assertContains 'that called so' "$said" '* ok        default '
  assertContains "$said" '  ok        b '
}

test_json() {
  good mail
  echo nonsense >'keys/a"b.pem'
  check -j
  assertEquals 2 "$status"
  assertEquals 'critical mail 1 ok' "$(echo "$said" | python3 -c '
import json, sys
bad, good = json.load(sys.stdin)
assert bad["name"] == "a\"b" and bad["days"] is None and bad["names"] is None
assert bad["problems"][0] == "no certificate in it"
assert good["names"] == ["mail.example"] and good["default"] and good["bits"] == 256 and not good["problems"]
assert good["days"] in (89, 90)
assert good["hash"].startswith("SHA256:")
print(bad["verdict"], good["name"], good["chain"], good["verdict"])')"
}

test_nothing() {
  check
  assertEquals 'an empty folder' 2 "$status"
  assertContains "$said" 'there is no certificate'
  timeout "$PATIENCE" tls-check nowhere 2>error
  assertEquals 'no folder' 3 $?
  good mail
  check -a nowhere
  assertEquals 'no authorities' 3 "$status"
  check -x
  assertEquals 'wrong usage' 100 "$status"
}

test_certificate_for_a_first_run() {
  "$HERE/../../scripts/certificate.sh" keys/default.pem mx.example localhost
  assertEquals 0 $?
  assertEquals 600 "$(stat -c %a keys/default.pem)"
  check
  assertEquals 'but for who signed it' 1 "$status"
  assertContains "$said" '* warning   default  P-256'
  assertContains "$said" 'mx.example localhost'
  cp keys/default.pem first
  "$HERE/../../scripts/certificate.sh" keys/default.pem other.example
  assertTrue 'it is not made again' 'cmp first keys/default.pem'
  assertEquals 'nothing else is left' default.pem "$(ls keys)"
  assertContains "$(openssl verify -CAfile first -verify_hostname localhost first)" OK
  "$HERE/../../scripts/certificate.sh" keys/x.pem 'a,DNS:b' 2>error
  assertEquals 'no name' 100 $?
}

# shellcheck source=/dev/null
. shunit2
