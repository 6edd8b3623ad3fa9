#!/bin/sh
# dnsbl-check, fcrdns-check and sender-resolvable by themselves: verdicts, facts, options.
. "$TOP/tests/policy/_policy.sh"

oneTimeSetUp() {
  start_dns <<'END'
record 1.2.0.192.bl.test A 127.0.0.4
record 1.2.0.192.bl.test TXT see http://bl.test/?192.0.2.1
record 1.2.0.192.dul.test A 127.0.0.10
record 1.2.0.192.wl.test A 127.0.5.1
record 1.2.0.192.quota.test A 127.255.255.254
quirk 1.2.0.192.silent.test silent
quirk 1.2.0.192.broken.test servfail
quirk 1.2.0.192.broken2.test servfail
record 1.2.0.192.one.test A 127.0.0.2
quirk 1.2.0.192.one.test together 3
record 1.2.0.192.two.test A 127.0.0.2
quirk 1.2.0.192.two.test together 3
record 1.2.0.192.three.test A 127.0.0.2
quirk 1.2.0.192.three.test together 3
record 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.2
record 1.2.0.192.in-addr.arpa PTR liar.test
record 1.2.0.192.in-addr.arpa PTR host.test
record liar.test A 198.51.100.1
record host.test A 192.0.2.1
record 2.2.0.192.in-addr.arpa PTR liar.test
quirk 3.2.0.192.in-addr.arpa silent
record 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.test
record six.test AAAA 2001:db8::1
record mx.test MX host.test 10
record nullmx.test MX . 0
record nullmx.test A 192.0.2.1
record text.test TXT nothing
quirk silent.test silent
record forged.test TXT v=spf1 include:senders.forged.test -all
record senders.forged.test TXT v=spf1 ip4:198.51.100.0/24 -all
quirk slow.test silent
record xn--bcher-kva.test MX host.test 10
record xn--bcher-kva.test TXT v=spf1 ip4:192.0.2.0/24 -all
END
}

oneTimeTearDown() { stop_dns; }

setUp() {
  clean_environment
  export DNSCACHEIP="$DNS"
}

check() {
  want=$1
  shift
  assertEquals "$*" "$want" "$(run_link "$@")"
}

# ---- dnsbl-check ----

testListed() {
  check 'D5.7.1 192.0.2.1 is listed by bl.test: see http://bl.test/?192.0.2.1
82' dnsbl-check -l bl.test
  has "$(log)" 'event=check remote=192.0.2.1 result=listed score=1 listed=bl.test'
  check 'D5.7.1 192.0.2.1 is listed by dul.test
82' dnsbl-check -l dul.test
  TCPREMOTEIP=2001:db8::1 check 'D5.7.1 2001:db8::1 is listed by bl.test
82' dnsbl-check -l bl.test
}

testClear() {
  TCPREMOTEIP=192.0.2.9 check 0 dnsbl-check -l bl.test
  assertEquals clear "$(fact DNSBL_RESULT)"
  assertEquals 0 "$(fact X_DNSBL_SCORE)"
  assertEquals '' "$(fact X_DNSBL_LISTS)"
}

testScores() {
  check 0 dnsbl-check -r 0 -l 'bl.test*2' -l dul.test -l 'wl.test*-1'
  assertEquals listed "$(fact DNSBL_RESULT)"
  assertEquals 2 "$(fact X_DNSBL_SCORE)"
  assertEquals 'bl.test dul.test wl.test' "$(fact X_DNSBL_LISTS)"
  check 'D5.7.1 192.0.2.1 is listed by dul.test
82' dnsbl-check -r 2 -l bl.test -l 'dul.test*2' -l 'wl.test*-1'
  check 'Z4.7.1 192.0.2.1 is listed by dul.test
82' dnsbl-check -r 3 -d 2 -l bl.test -l 'dul.test*2' -l 'wl.test*-1'
  check 0 dnsbl-check -r 2 -l 'bl.test*3' -l 'wl.test*-2'
}

testPatterns() {
  check 0 dnsbl-check -l 'bl.test=127.0.0.[2..3]' -l 'bl.test&0.0.0.3'
  check 0 dnsbl-check -r 0 -l 'bl.test=127.0.0.4*3' -l 'bl.test&0.0.0.4*5'
  assertEquals 8 "$(fact X_DNSBL_SCORE)"
}

testNoListing() {
  check 0 dnsbl-check -t 60000 -l quota.test -l broken.test -l broken2.test
  assertEquals temperror "$(fact DNSBL_RESULT)"
  assertEquals 0 "$(fact X_DNSBL_SCORE)"
  has "$(log)" 'refused-us=quota.test no-answer="broken.test broken2.test"'
  check 0 dnsbl-check -t 300 -l silent.test
  assertEquals temperror "$(fact DNSBL_RESULT)"
  has "$(log)" 'no-answer=silent.test'
  check 0 dnsbl-check -s 127.0.0.1:9 -t 300 -l bl.test
  assertEquals temperror "$(fact DNSBL_RESULT)"
}

testAllAtOnce() {
  check 0 dnsbl-check -r 0 -l one.test -l two.test -l three.test
  assertEquals 'none answers before all are asked' 3 "$(fact X_DNSBL_SCORE)"
}

testExemptions() {
  RELAYCLIENT='' check 0 dnsbl-check -l bl.test
  assertEquals unset "$(fact DNSBL_RESULT)"
  has "$(log)" 'event=skip reason=relay-client'
  SMTP_AUTH_USER=joe check 0 dnsbl-check -l bl.test
  check 0 dnsbl-check -n 198.51.100.0/24,192.0.2.0/24 -l bl.test
  echo '192.0.2.0/24 # ours' >"$SHUNIT_TMPDIR/networks"
  check 0 dnsbl-check -n "$SHUNIT_TMPDIR/networks" -l bl.test
  has "$(log)" 'event=skip reason=network'
  has 'all the same' "$(RELAYCLIENT='' run_link dnsbl-check -a -l bl.test)" D5.7.1
  unset TCPREMOTEIP
  check 0 dnsbl-check -l bl.test
  has "$(log)" 'event=skip reason=no-address'
}

testForgedFacts() {
  DNSBL_RESULT=clear X_DNSBL_SCORE=-9 X_DNSBL_LISTS=x RELAYCLIENT='' check 0 dnsbl-check -l bl.test
  assertEquals unset "$(fact DNSBL_RESULT)"
  assertEquals unset "$(fact X_DNSBL_SCORE)"
  assertEquals unset "$(fact X_DNSBL_LISTS)"
}

testUsage() {
  for program in spf-check dnsbl-check fcrdns-check sender-resolvable auth-results; do
    has "$("$program" -h 2>&1)" "usage: $program"
    "$program" -h 2>/dev/null
    assertEquals "$program -h" 0 $?
    check 100 "$program" -Z
    "$program" 2>/dev/null
    assertEquals "$program alone" 100 $?
  done
  check 100 dnsbl-check true
  check 100 dnsbl-check -l 'bl.test=1'
  check 100 dnsbl-check -l bl.test -r x
  check 100 dnsbl-check -l bl.test -t 0
  check 100 dnsbl-check -l bl.test -n 192.0.2.1/24
  check 100 dnsbl-check -l bl.test -s x
  check 111 dnsbl-check -l bl.test -n /nonexistent
  check 100 sender-resolvable -r mx
  check 100 fcrdns-check -P gopher
  TCPREMOTEIP=x check 100 fcrdns-check
}

# ---- fcrdns-check ----

testName() {
  TCPREMOTEHOST=forged FCRDNS_RESULT=forged check 0 fcrdns-check -t 60000
  assertEquals host.test "$(fact TCPREMOTEHOST)"
  assertEquals pass "$(fact FCRDNS_RESULT)"
  assertEquals 'iprev=pass policy.iprev=192.0.2.1' "$(fact AUTH_RESULTS)"
  TCPREMOTEIP=2001:db8::1 check 0 fcrdns-check -t 60000
  assertEquals six.test "$(fact TCPREMOTEHOST)"
  assertEquals 'iprev=pass policy.iprev="2001:db8::1"' "$(fact AUTH_RESULTS)"
  PROTO=SSL SSLREMOTEIP=192.0.2.1 check 0 fcrdns-check -t 60000
  assertEquals host.test "$(fact SSLREMOTEHOST)"
}

testNoName() {
  TCPREMOTEHOST=forged TCPREMOTEIP=192.0.2.2 check 0 fcrdns-check -t 60000
  assertEquals unset "$(fact TCPREMOTEHOST)"
  assertEquals fail "$(fact FCRDNS_RESULT)"
  TCPREMOTEIP=192.0.2.8 check 0 fcrdns-check -t 60000
  assertEquals permerror "$(fact FCRDNS_RESULT)"
}

testStrictInHook() {
  check 0 fcrdns-check -S -t 60000
  TCPREMOTEIP=192.0.2.2 check 'D550 5.7.25 the names of your address do not lead back to it
82' fcrdns-check -S -t 60000
  TCPREMOTEIP=192.0.2.8 check 'D550 5.7.25 your address has no name
82' fcrdns-check -S -t 60000
  TCPREMOTEIP=192.0.2.3 check 'Z451 4.4.3 the name of your address cannot be looked up now
82' fcrdns-check -S -t 200
  TCPREMOTEIP=192.0.2.8 RELAYCLIENT='' check 0 fcrdns-check -S
  TCPREMOTEIP=192.0.2.8 check 0 fcrdns-check -S -n 192.0.2.0/24
}

# Without a verdict pipe the client is at descriptor 1.
strictly() { TCPREMOTEIP=$1 fcrdns-check -S "$2" "${3--t60000}" echo let in 2>/dev/null; }

testStrictInConnectionChain() {
  assertEquals 'let in' "$(strictly 192.0.2.1 -a)"
  cr=$(printf '\r')
  assertEquals "554 5.7.25 your address has no name$cr" "$(strictly 192.0.2.8 -a)"
  assertEquals "421 4.4.3 the name of your address cannot be looked up now$cr" \
    "$(strictly 192.0.2.3 -a -t200)"
  assertEquals "-ERR [SYS/PERM] access denied$cr" "$(strictly 192.0.2.8 -Ppop3)"
  assertEquals "554 no$cr" "$(strictly 192.0.2.8 '-D554 no')"
  strictly 192.0.2.8 -a >/dev/null
  assertEquals 1 $?
}

# Never longer than its limit: the answer would come never, and one who has more time waits on.
testLimit() {
  TCPREMOTEIP=192.0.2.3 fcrdns-check -t 60000 true 2>/dev/null &
  patient=$!
  TCPREMOTEIP=192.0.2.3 check 0 fcrdns-check -t 200
  has_ended "$patient"
  has_patient_ended=$?
  kill "$patient" && wait "$patient" 2>/dev/null
  assertEquals temperror "$(fact FCRDNS_RESULT)"
  assertEquals 'before others' 1 "$has_patient_ended"
}

# ---- sender-resolvable ----

from() {
  sender=$1
  shift
  SMTP_MAIL_FROM=$sender run_link sender-resolvable "$@"
}

testSenders() {
  assertEquals 0 "$(from a@mx.test)"
  assertEquals mx "$(fact SENDER_RESULT)"
  assertEquals 0 "$(from a@host.test)"
  assertEquals address "$(fact SENDER_RESULT)"
  assertEquals 0 "$(from a@six.test)"
  assertEquals address "$(fact SENDER_RESULT)"
  assertEquals 0 "$(from '')"
  assertEquals null "$(fact SENDER_RESULT)"
  assertEquals 0 "$(from a@bücher.test)"
  assertEquals mx "$(fact SENDER_RESULT)"
}

testUnresolvable() {
  has "$(from a@nullmx.test)" 'D550 5.7.27 '
  has "$(from a@none.test)" 'D550 5.1.8 '
  has "$(from a@text.test)" 'D550 5.1.8 '
  has "$(from a@silent.test -t 500)" 'Z451 4.4.3 '
  has "$(from 'a@[192.0.2.1]')" 'D550 5.1.7 '
}

testSenderRules() {
  assertEquals 0 "$(from a@none.test -r unknown=pass,literal=pass)"
  assertEquals unknown "$(fact SENDER_RESULT)"
  assertEquals 0 "$(from 'a@[192.0.2.1]' -r unknown=pass,literal=pass)"
  has "$(from a@nullmx.test -r nullmx=defer)" 'Z451 4.7.27 '
  has "$(from a@host.test -r address=reject)" 'D550 5.1.8 '
  check 0 sender-resolvable
  has 'no sender yet' "$(log)" 'event=skip reason=no-sender'
  assertEquals 0 "$(RELAYCLIENT='' from a@none.test)"
  assertEquals unset "$(fact SENDER_RESULT)"
}

# ---- auth-results ----

# A foreign caller gives pipes, or a file that is in use: what the next link finds is the message,
# in a file that the last link need not copy.
foreign() {
  mkdir -p "$SHUNIT_TMPDIR/queue/new" "$SHUNIT_TMPDIR/queue/tmp"
  printf 'Authentication-Results: mx.test; x\nSubject: y\n\nz\n' >"$SHUNIT_TMPDIR/spooled"
  printf 'Fa@b\0Tc@d\0\0' >"$SHUNIT_TMPDIR/envelope"
  CHAINMAIL_QUEUE=$SHUNIT_TMPDIR/queue python3 -IS "$TOP/tests/queue/_caller.py" "$1" \
    "$SHUNIT_TMPDIR/spooled" "$SHUNIT_TMPDIR/envelope" auth-results -i mx.test sh -c "$2" 2>&1
}

testForeignCallers() {
  has 'pipes' "$(foreign --pipes 'cat >&2; tr "\0" . <&1 >&2; echo "$CUT_RANGES" >&2')" \
    'Subject: y

z
Fa@b.Tc@d..0-35
'
  has 'as smtp-front spools' "$(foreign --pipes 'ls -l /proc/self/fd/0 >&2')" '(deleted)'
  has "$(foreign --pipes 'test $(stat -L -c %d:%i:%s /proc/self/fd/0) = $MESSAGE_FILE && echo same >&2')" \
    same
  has 'a file at 35' "$(foreign --skip=35 'cat >&2; echo "cut=$CUT_RANGES." >&2')" 'Subject: y

z
cut=.'
  has 'no queue' "$(CHAINMAIL_QUEUE=/nonexistent python3 -IS "$TOP/tests/queue/_caller.py" --skip=35 \
    "$SHUNIT_TMPDIR/spooled" "$SHUNIT_TMPDIR/envelope" auth-results -i mx.test true 2>/dev/null)" \
    'Z451 4.3.0 '
}

testFieldsOptions() {
  printf 'Authentication-Results: far.test; x\nAuthentication-Results: mx.test; x\n\n' \
    >"$SHUNIT_TMPDIR/message"
  check 0 auth-results -i mx.test
  assertEquals 36-71 "$(fact CUT_RANGES)"
  check 0 auth-results -A -i mx.test
  assertEquals 0-71 "$(fact CUT_RANGES)"
  check 0 auth-results -N -i mx.test
  assertEquals unset "$(fact CUT_RANGES)"
  assertEquals unset "$(fact ADD_HEADERS)"
  CUT_RANGES=1-2 check 0 auth-results -i mx.test -x .test
  assertEquals 1-2,0-71 "$(fact CUT_RANGES)"
  check 100 auth-results
  check 100 auth-results -i ''
  rm "$SHUNIT_TMPDIR/message"
}

# ---- spf-check ----

spf() {
  sender=$1
  shift
  SMTP_MAIL_FROM=$sender SMTP_HELO=${HELO-host.test} run_link spf-check "$@"
}

testSpfFacts() {
  export SPF_RESULT=forged SPF_DOMAIN=forged SPF_REASON=forged SPF_HELO_RESULT=forged
  assertEquals 0 "$(spf a@bücher.test)"
  assertEquals pass "$(fact SPF_RESULT)"
  assertEquals xn--bcher-kva.test "$(fact SPF_DOMAIN)"
  assertEquals ip4:192.0.2.0/24 "$(fact SPF_REASON)"
  assertEquals none "$(fact SPF_HELO_RESULT)"
  assertEquals 'spf=pass (192.0.2.1 may send for xn--bcher-kva.test) smtp.mailfrom=a@bücher.test' \
    "$(fact AUTH_RESULTS)"
  assertEquals 0 "$(RELAYCLIENT='' spf a@none.test)"
  for name in SPF_RESULT SPF_DOMAIN SPF_REASON SPF_HELO_RESULT AUTH_RESULTS; do
    assertEquals "$name" unset "$(fact "$name")"
  done
  unset SPF_RESULT SPF_DOMAIN SPF_REASON SPF_HELO_RESULT
}

testSpfAppends() {
  AUTH_RESULTS='x=y' ADD_HEADERS='X-A: b' CHAINMAIL_CONF=/nonexistent run_link spf-check -R >/dev/null
  assertEquals 'x=y; spf=none (no HELO)' "$(fact AUTH_RESULTS | sed 's/(.*)/(no HELO)/')"
  has "$(fact ADD_HEADERS)" 'X-A: b
Received-SPF: none ('
}

testSpfLimit() {
  assertEquals 0 "$(spf a@silent.test -t 200)"
  assertEquals temperror "$(fact SPF_RESULT)"
  has "$(spf a@silent.test -t 200 -r temperror=defer)" 'Z451 4.7.24 '
}

# The name in HELO is the client's to choose, and so is how long its servers take.
testSpfSlowHelo() {
  HELO=slow.test
  has "$(spf a@forged.test -t 8000)" 'D550 5.7.23 SPF for MAIL FROM: 192.0.2.1 may not send for forged.test'
  unset HELO
}

testSpfHelo() {
  assertEquals 'a literal is no identity' 0 "$(HELO='[192.0.2.1]' spf a@xn--bcher-kva.test)"
  assertEquals 'spf=pass (192.0.2.1 may send for xn--bcher-kva.test) smtp.mailfrom=a@xn--bcher-kva.test' \
    "$(fact AUTH_RESULTS)"
  export SMTP_HELO=xn--bcher-kva.test
  check 0 spf-check
  assertEquals 'no sender yet' 'spf=pass (192.0.2.1 may send for xn--bcher-kva.test) smtp.helo=xn--bcher-kva.test' \
    "$(fact AUTH_RESULTS)"
}

# ---- costs ----

calls() {
  (cd "$SHUNIT_TMPDIR" && strace -f -o calls "$@" 2>/dev/null)
  grep -c '(' "$SHUNIT_TMPDIR/calls"
}

# How many system calls a link adds, with its exec and its start.
added() {
  alone=$(calls facts -h)
  echo $(($(calls "$@" facts -h) - alone))
}

testCosts() {
  is_confined && skip 'the stand-ins of tests/_confined are shell scripts, and would be counted' && return
  needs_tracing || return 0
  export SMTP_HELO=client.test SMTP_MAIL_FROM=a@mx.test
  assertTrue 'spf-check' "[ $(added spf-check) -le 45 ]"
  assertEquals 'one exec' 2 "$(grep -c "execve.* = 0" "$SHUNIT_TMPDIR/calls")"
  printf 'Subject: x\n\n' >"$SHUNIT_TMPDIR/small"
  assertTrue 'auth-results' "[ $(added auth-results -i mx.test <"$SHUNIT_TMPDIR/small") -le 8 ]"
}

# shellcheck source=/dev/null
. shunit2
