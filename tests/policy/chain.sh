#!/bin/sh
# The checks in live chains: replies, header fields and recorded facts as the options say.
. "$TOP/tests/_chain.sh"
. "$TOP/tests/policy/_policy.sh"

oneTimeSetUp() {
  clean_environment
  start_dns <<'END'
record pass.test TXT v=spf1 ip4:127.0.0.1 ip6:2001:db8::/32 -all
record pass.test MX host.test 10
record fail.test TXT v=spf1 -all exp=why.fail.test
record why.fail.test TXT %{i} is not ours; see http://fail.test/
record	evil.test	TXT	v=spf1 -all exp=why.evil.test
record	why.evil.test	TXT	gone%0D%0A250 2.0.0 it is fine%0D%0A
record soft.test TXT v=spf1 ~all
record broken-record.test TXT v=spf1 nonsense
quirk down.test servfail
record 1.0.0.127.in-addr.arpa PTR host.test
record host.test A 127.0.0.1
record 1.0.0.127.bl.test A 127.0.0.2
record 1.0.0.127.bl.test TXT you are known
END
  export DNSCACHEIP="$DNS"
}

oneTimeTearDown() { stop_dns; }

tearDown() { stop_chain; }

# begin CHAIN...: a mail host with these words as the last ones of its connection chain.
begin() {
  [ -n "$CHAIN" ] || make_chain
  CHAIN_FRONT=$*
  start_chain
}

# hook NAME WORDS...: what smtp-front -H $CHAIN/hooks runs.
hook() {
  [ -n "$CHAIN" ] || make_chain
  mkdir -p "$CHAIN/hooks"
  name=$1
  shift
  printf '#!/bin/sh\nexec %s\n' "$*" >"$CHAIN/hooks/$name"
  chmod +x "$CHAIN/hooks/$name"
}

# mail FROM [OPTIONS OF SWAKS...]: prints the server's replies.
mail() {
  from=$1
  shift
  swaks --server "127.0.0.1:$SMTP_PORT" --helo client.test --from "$from" --to box@example.test \
    --suppress-data "$@" 2>&1 | sed -n 's/^<[-* ]* *//p'
}

# The path of the first message.
delivered() { deliveries box; }

# The header, unfolded.
header() {
  sed '/^$/q' "$(delivered)" | sed -e ':a' -e 'N' -e '$!ba' -e 's/\n[ 	]/ /g'
}

testPass() {
  begin smtp-front spf-check -R auth-results queue-inject
  has "$(mail x@pass.test)" '250 2.0.0 queued as'
  header=$(header)
  has "$header" 'Authentication-Results: mx.example.test; spf=pass (127.0.0.1 may send for pass.test) smtp.mailfrom=x@pass.test
'
  has "$header" 'Received-SPF: pass (mx.example.test: 127.0.0.1 may send for pass.test) receiver=mx.example.test; client-ip=127.0.0.1; envelope-from="x@pass.test"; helo=client.test; identity=mailfrom; mechanism="ip4:127.0.0.1";
'
  above=$(echo "$header" | sed '/^Received: /q')
  has 'above our Received' "$above" Authentication-Results:
  has 'this one too' "$above" Received-SPF:
  has "$(cat "$CHAIN/smtp.log")" 'spf-check: session='
  has "$(cat "$CHAIN/smtp.log")" 'event=check remote=127.0.0.1 identity=mailfrom domain=pass.test result=pass reason=ip4:127.0.0.1 lookups=0 helo=none action=pass'
}

testFail() {
  begin smtp-front spf-check auth-results queue-inject
  has "$(mail x@fail.test)" '550 5.7.23 SPF for MAIL FROM: 127.0.0.1 may not send for fail.test; fail.test explains: 127.0.0.1 is not ours; see http://fail.test/'
  has 'HELO' "$(mail x@pass.test --helo fail.test)" \
    '550 5.7.23 SPF for HELO: 127.0.0.1 may not send for fail.test'
  has 'the null sender' "$(mail '<>' --helo fail.test)" '550 5.7.23 SPF for HELO: '
  assertEquals '' "$(list_box box)"
}

# What a domain explains cannot be another reply, nor a sender another result.
testHostile() {
  begin smtp-front spf-check -R auth-results queue-inject
  replies=$(mail x@evil.test)
  has "$replies" '550 5.7.23 SPF for MAIL FROM: 127.0.0.1 may not send for evil.test'
  lacks "$(echo "$replies" | grep '^250')" 'it is fine'
  has "$(mail '"a; dkim=pass (\" b"@pass.test')" '250 2.0.0 queued as'
  header=$(header)
  has "$header" '; spf=pass (127.0.0.1 may send for pass.test) smtp.mailfrom="\"a; dkim=pass (\\\" b\"@pass.test"'
  has "$header" 'envelope-from="\"a; dkim=pass (\\\" b\"@pass.test"; helo='
}

testOthersPass() {
  begin smtp-front spf-check auth-results queue-inject
  count=0
  for case in soft.test=softfail broken-record.test=permerror down.test=temperror none.test=none; do
    count=$((count + 1))
    has "$case" "$(mail "x@${case%=*}")" '250 2.0.0 queued as'
    deliveries box $count >/dev/null
  done
  all=$(cat "$CHAIN"/mail/box/new/*)
  for result in softfail permerror temperror none; do
    has "$all" "spf=$result ("
  done
  has "$(mail '<>' --helo pass.test)" '250 2.0.0 queued as'
  deliveries box 5 >/dev/null
  has "$(cat "$CHAIN"/mail/box/new/*)" 'smtp.helo=pass.test'
  lacks 'not asked for' "$(cat "$CHAIN"/mail/box/new/*)" Received-SPF
}

testRules() {
  begin smtp-front spf-check -H -d excepted.test,fail.test \
    -r temperror=defer,permerror=reject,softfail=defer auth-results queue-inject
  has "$(mail x@down.test)" '451 4.7.24 SPF for MAIL FROM: '
  has "$(mail x@broken-record.test)" '550 5.7.24 SPF for MAIL FROM: '
  has "$(mail x@soft.test)" '451 4.7.23 SPF for MAIL FROM: '
  has 'no HELO' "$(mail x@pass.test --helo soft.test)" '250 2.0.0 queued as'
  has 'excepted' "$(mail x@fail.test)" '250 2.0.0 queued as'
  deliveries box 2 >/dev/null
  has 'and told' "$(cat "$CHAIN"/mail/box/new/*)" 'spf=fail ('
}

testTrusted() {
  begin env RELAYCLIENT= smtp-front spf-check auth-results queue-inject
  has "$(mail x@fail.test)" '250 2.0.0 queued as'
  lacks "$(header)" 'Authentication-Results'
}

testIPv6() {
  begin smtp-front -X 127.0.0.1 spf-check auth-results queue-inject
  has "$(mail x@pass.test --xclient-addr IPV6:2001:db8::1)" '250 2.0.0 queued as'
  has "$(header)" 'spf=pass (2001:db8::1 may send for pass.test)'
  has "$(mail x@pass.test --xclient-addr IPV6:2001:db9::1)" \
    '550 5.7.23 SPF for MAIL FROM: 2001:db9::1 may not send for pass.test'
}

testForged() {
  begin smtp-front spf-check auth-results -x other.example.test queue-inject
  cat >"$CHAIN/message" <<'END'
Authentication-Results: mx.example.test; spf=pass smtp.mailfrom=forged
Authentication-Results: other.example.test; spf=pass smtp.mailfrom=forged
Subject: one
AUTHENTICATION-RESULTS : (a (b) c)
 "mx.\example.test"; spf=pass smtp.mailfrom=forged
X-Kept: Authentication-Results: mx.example.test; kept
Authentication-Results: ; spf=pass smtp.mailfrom=forged
Authentication-Results: far.example; spf=pass smtp.mailfrom=kept

Authentication-Results: mx.example.test; this is the body
END
  has "$(mail x@soft.test --data "@$CHAIN/message")" '250 2.0.0 queued as'
  message=$(cat "$(delivered)")
  lacks "$message" forged
  has "$message" 'Subject: one
X-Kept: Authentication-Results: mx.example.test; kept
Authentication-Results: far.example; spf=pass smtp.mailfrom=kept

Authentication-Results: mx.example.test; this is the body'
  has "$message" 'spf=softfail'
  has "$(cat "$CHAIN/smtp.log")" 'event=forged fields=4'
}

testManyForged() {
  begin smtp-front auth-results queue-inject
  {
    yes 'Authentication-Results: mx.example.test; forged' | head -n 5000
    printf 'Subject: x\n\nbody\n'
  } >"$CHAIN/message"
  has 'one range' "$(mail x@soft.test --data "@$CHAIN/message")" '250 2.0.0 queued as'
  lacks "$(cat "$(delivered)")" forged
  yes 'Authentication-Results: mx.example.test; forged
X: y' | head -n 5000 >"$CHAIN/message"
  has 'too many' "$(mail x@soft.test --data "@$CHAIN/message")" '554 5.6.0 '
}

testHook() {
  hook mail spf-check facts SPF_RESULT SPF_DOMAIN SPF_REASON SPF_HELO_RESULT AUTH_RESULTS
  begin smtp-front -H "$CHAIN/hooks" sh -c "env>$CHAIN/facts;exec\${IFS}\"\$@\"" sh \
    auth-results queue-inject
  has 'before the data' "$(mail x@fail.test | tail -n 2)" '550 5.7.23 SPF for MAIL FROM: '
  has "$(mail x@pass.test --helo soft.test)" '250 2.0.0 queued as'
  has "$(header)" 'Authentication-Results: mx.example.test; spf=softfail (127.0.0.1 should probably not send for soft.test) smtp.helo=soft.test; spf=pass (127.0.0.1 may send for pass.test) smtp.mailfrom=x@pass.test
'
  assertEquals 'SPF_DOMAIN=pass.test
SPF_HELO_RESULT=softfail
SPF_REASON=ip4:127.0.0.1
SPF_RESULT=pass' "$(grep ^SPF_ "$CHAIN/facts" | sort)"
}

testConnectHook() {
  hook connect dnsbl-check -l bl.test true
  begin smtp-front -H "$CHAIN/hooks" queue-inject
  has "$(mail x@pass.test)" '554 5.7.1 127.0.0.1 is listed by bl.test: you are known'
}

testSenderHook() {
  hook mail sender-resolvable true
  begin smtp-front -H "$CHAIN/hooks" queue-inject
  has "$(mail x@none.test)" '550 5.1.8 '
  has "$(mail x@down.test)" '451 4.4.3 '
  has "$(mail '<>')" '250 2.0.0 queued as'
  has "$(mail x@pass.test)" '250 2.0.0 queued as'
}

testName() {
  begin fcrdns-check -t 60000 smtp-front queue-inject
  has "$(mail x@pass.test)" '250 2.0.0 queued as'
  has "$(header)" 'Received: from client.test (host.test [127.0.0.1])'
}

testStrictName() {
  make_chain
  begin env TCPREMOTEIP=192.0.2.9 fcrdns-check -S -t 60000 smtp-front queue-inject
  has "$(mail x@pass.test)" '554 5.7.25 your address has no name'
}

# The links together, and a foreign link's results, good and bad.
testOneField() {
  begin smtp-front env "AUTH_RESULTS=x-mine=pass" fcrdns-check -t 60000 dnsbl-check -r 0 -l bl.test \
    spf-check auth-results queue-inject
  has "$(mail x@pass.test)" '250 2.0.0 queued as'
  has "$(header)" 'Authentication-Results: mx.example.test; x-mine=pass; iprev=pass policy.iprev=127.0.0.1; spf=pass (127.0.0.1 may send for pass.test) smtp.mailfrom=x@pass.test
'
  assertEquals 1 "$(header | grep -c ^Authentication-Results:)"
  stop_smtp
  CHAIN_FRONT='smtp-front env AUTH_RESULTS=x-mine=pass;??? spf-check auth-results queue-inject'
  start_smtp
  has "$(mail x@pass.test)" '250 2.0.0 queued as'
  deliveries box 2 >/dev/null
  has "$(cat "$CHAIN/smtp.log")" 'event=bad-results'
}

testAuthservId() {
  make_chain
  echo example.test >"$CHAINMAIL_CONF/authserv-id"
  begin smtp-front auth-results -n queue-inject
  printf 'Authentication-Results: example.test; forged\n\nx\n' >"$CHAIN/message"
  has "$(mail x@pass.test --data "@$CHAIN/message")" '250 2.0.0 queued as'
  has "$(header)" 'Authentication-Results: example.test; none
'
  lacks "$(header)" forged
}

# shellcheck source=/dev/null
. shunit2
