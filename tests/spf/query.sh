#!/bin/sh
# spf-query, as its page says; and against nsd, a name server that others wrote.
. "$TOP/tests/policy/_policy.sh"

oneTimeSetUp() {
  unset DNSCACHEIP
  start_dns <<'ZONE'
record pass.test TXT v=spf1 ip4:192.0.2.0/24 -all
record fail.test TXT v=spf1 include:pass.test -all exp=why.fail.test
record why.fail.test TXT %{i} is not ours
record soft.test TXT v=spf1 ~all
record neutral.test TXT v=spf1 a ?all
record broken.test TXT v=spf1 nonsense
record redirect.test TXT v=spf1 redirect=pass.test
quirk down.test servfail
record	odd.test	TXT	v=spf1 -all exp=why.odd.test
record	why.odd.test	TXT	a%09b
record ptr.test TXT v=spf1 ptr -all
ZONE
}

oneTimeTearDown() { stop_dns; }

query() { output=$(spf-query -r "$DNS" "$@" 2>"$SHUNIT_TMPDIR/error") && code=0 || code=$?; }

# expect CODE FIRST-LINE SENDER [OPTIONS...]
expect() {
  want=$1 line=$2 sender=$3
  shift 3
  query -i 192.0.2.1 -s "$sender" "$@"
  assertEquals "$sender" "$want" "$code"
  assertEquals "$sender" "$line" "$(echo "$output" | head -n 1)"
}

test_exit_codes() {
  expect 0 pass a@pass.test
  expect 1 fail a@fail.test -i 198.51.100.1
  expect 2 softfail a@soft.test
  expect 3 neutral a@neutral.test
  expect 4 permerror a@broken.test
  expect 5 temperror a@down.test
  expect 6 none a@none.test
  expect 0 pass pass.test
}

test_usage() {
  spf-query -h >/dev/null 2>&1
  assertEquals 0 $?
  for options in '' '-i 192.0.2.1' '-s a@pass.test' '-i 192.0.2.1 -s a@pass.test x' '-l a.test -v' \
    '-l a.test -i 192.0.2.1' '-x' '-i x -s a@pass.test' '-i 192.0.2.1 -s a -t 0' \
    '-i 192.0.2.1 -s a -t x' '-i 192.0.2.1 -s a -r x'; do
    # shellcheck disable=SC2086 # words are wanted
    spf-query $options >/dev/null 2>&1
    assertEquals "$options" 100 $?
  done
}

test_report() {
  query -i 198.51.100.1 -s a@fail.test
  assertEquals "fail
domain: fail.test
mechanism: all
explanation: 198.51.100.1 is not ours
lookups: 1 of 10, void: 0 of 2" "$output"
  query -i 192.0.2.1 -s a@redirect.test
  has "$output" 'record: pass.test'
  query -i 192.0.2.1 -s a@broken.test
  has "$output" 'problem: in the record of broken.test, nonsense: there is no such mechanism'
}

test_identities() {
  query -i 192.0.2.1 -H pass.test
  has "$output" 'domain: pass.test'
  query -i 192.0.2.1 -H pass.test -s a@soft.test
  has "$output" 'domain: soft.test'
}

test_addresses() {
  expect 0 pass a@pass.test -i ::ffff:192.0.2.1
  expect 1 fail a@pass.test -i 2001:db8::1
}

test_steps() {
  query -v -i 192.0.2.1 -s a@fail.test
  assertEquals "asked TXT fail.test: v=spf1 include:pass.test -all exp=why.fail.test
fail.test: v=spf1 include:pass.test -all exp=why.fail.test
  asked TXT pass.test: v=spf1 ip4:192.0.2.0/24 -all
  pass.test: v=spf1 ip4:192.0.2.0/24 -all
  ip4:192.0.2.0/24: matches: pass (lookups 1, void 0)
include:pass.test: matches: pass (lookups 1, void 0)
result: pass
pass
domain: fail.test
mechanism: include:pass.test
lookups: 1 of 10, void: 0 of 2" "$output"
}

test_bytes() {
  query -v -i 192.0.2.1 -s "$(printf 'a\033[1m@odd.test')"
  assertFalse 'no control bytes' "printf %s '$output' | tr -d '\n' | grep -q '[[:cntrl:]]'"
}

test_lint() {
  query -l pass.test
  assertEquals 0 "$code"
  assertEquals 'pass.test: 0 of 10 lookups, 0 of 2 void' "$output"
  query -l ptr.test
  assertEquals 1 "$code"
  assertEquals 'warning: ptr.test: ptr is slow, and should not be used (5.5)
ptr.test: 1 of 10 lookups, 0 of 2 void' "$output"
  query -l broken.test
  assertEquals 2 "$code"
  query -l none.test
  assertEquals 2 "$code"
  assertEquals 'error: none.test: there is no SPF record' "$output"
}

test_server_from_the_environment() {
  DNSCACHEIP=$DNS spf-query -i 192.0.2.1 -s a@pass.test >/dev/null
  assertEquals 0 $?
  DNSCACHEIP=x spf-query -i 192.0.2.1 -s a@pass.test >/dev/null 2>&1
  assertEquals 100 $?
}

# ---- nsd ----

# shellcheck source=tests/dns/_nsd.sh
. "$(dirname "$0")/../dns/_nsd.sh"

test_nsd() {
  needs_peer nsd bin/nsd || return 0
  mkdir -p "$SHUNIT_TMPDIR/nsd"
  { cat <<'ZONE'
$ORIGIN test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
up TXT "v=spf1 -all"
two TXT "v=spf1 ip4:" "192.0.2.1 mx -all exp=why.two.test"
two TXT "something else"
two MX 10 m1
two MX 20 m2
m1 A 198.51.100.1
m1 AAAA 2001:db8::1
m2 A 198.51.100.2
why.two TXT "%{c} is not one of %{d}'s"
alias CNAME two
large TXT "v=spf1 a -all"
ZONE
    i=0
    while [ $i -lt 200 ]; do echo "large A 203.0.113.$i"; i=$((i + 1)); done
  } >"$SHUNIT_TMPDIR/nsd/test.zone"
  start_nsd "$SHUNIT_TMPDIR/nsd" || { fail "$(cat "$SHUNIT_TMPDIR/nsd/log")"; return; }
  DNS_OF_SUITE=$DNS DNS=127.0.0.1:$NSD_PORT
  expect 0 pass a@two.test
  expect 0 pass a@two.test -i 198.51.100.2
  expect 0 pass a@two.test -i 2001:db8::1
  expect 1 fail a@two.test -i 2001:db8::2
  has "$output" "explanation: 2001:db8::2 is not one of two.test's"
  expect 0 pass a@alias.test -i 198.51.100.1
  expect 6 none a@none.test
  expect 0 pass a@large.test -i 203.0.113.199
  expect 1 fail a@large.test -i 203.0.113.200
  DNS=$DNS_OF_SUITE
  stop_nsd
}

. shunit2
