#!/bin/sh
# Notices as others read them: Python's email package, Sisimai and Mail::DeliveryStatus::BounceParser.

. "$TOP/tests/_needs.sh"

oneTimeSetUp() {
  FOLDER=$SHUNIT_TMPDIR/notices
  mkdir "$FOLDER"
  "$BUILD/tests/dsn/compose_test" "$FOLDER" >/dev/null || fail 'no notices'
}

judge() { python3 "$TOP/tests/dsn/_notices.py" "$@" 2>&1; }

status() { judge status "$FOLDER/$1.eml"; }

# perl_judge PEER SCRIPT NAME...
perl_judge() {
  peer=$PEERS/$1/usr script=$TOP/tests/dsn/$2
  shift 2
  for name; do set -- "$@" "$FOLDER/$name.eml"; shift; done
  PERL5LIB=$(echo "$peer/share/perl5" "$peer"/lib/*/perl5/* | tr ' ' ':') perl "$script" "$@" 2>&1
}

testSound() {
  assertEquals 13 "$(find "$FOLDER" -name '*.eml' | wc -l)"
  assertEquals '' "$(judge sound "$FOLDER"/*.eml)"
}

testUnsoundIsFound() {
  sed 's/^Content-Transfer-Encoding: 8bit/Content-Transfer-Encoding: 7bit/' "$FOLDER/failed.eml" \
    >"$SHUNIT_TMPDIR/unsound"
  assertContains "$(judge sound "$SHUNIT_TMPDIR/unsound")" 'label'
}

testFailed() {
  assertEquals \
    'rfc822; bob@example.net, failed, 5.1.1, dns; mx1.example.net, smtp; 550 5.1.1 No such user here' \
    "$(status failed)"
}

testFailedSeveral() {
  assertEquals 'rfc822; erin@example.org, failed, 4.2.0, dns; mx.example.org, smtp; 450 4.2.0 Greylisted
rfc822; bob@example.net, failed, 5.1.1, dns; mx1.example.net, smtp; 550 5.1.1 No such user here
rfc822; carol@example.net, failed, 5.1.1, dns; mx1.example.net, smtp; 550 5.1.1 No such user here
rfc822; Dave+Group@example.com, rfc822; dave@example.com, failed, 5.2.2, x-chainmail; the mailbox is full' \
    "$(status failed-several)"
}

testSucceeded() {
  assertEquals 'rfc822; list@example.org, expanded, 2.0.0
rfc822; bob@example.net, relayed, 2.0.0, dns; mx1.example.net, smtp; 250 2.0.0 Ok: queued
rfc822; carol@example.org, delivered, 2.0.0' "$(status succeeded)"
}

testGlobal() {
  assertEquals 'utf-8; 周@example.net, utf-8; 周@example.net, failed, 5.1.1, dns; mx1.example.net, smtp; 550 5.1.1 没有这个人' \
    "$(status global)"
}

testHostile() {
  assertEquals 'rfc822; "x y"@example.net, failed, 5.7.1, x-local-hostname; mx X: y, smtp; 550 5.7.1 no --=_hohpqrstuv0a1b2c.00 Content-Type: text/html [2J ??? . Final-Recipient: rfc822; mallory@example.com' \
    "$(status hostile)"
}

testReturnedByteForByte() {
  judge returned "$FOLDER/hostile.eml" >"$SHUNIT_TMPDIR/returned"
  printf '%s\n' 'Subject: =?utf-8?q?a=0D=0ABcc:_eve=40example.com?=' 'Message-ID: <a@b>' ' <c@d>' \
    >"$SHUNIT_TMPDIR/sent"
  printf 'X: \377\n\n--=_hohpqrstuv0a1b2c.00\n\n--=_hohpqrstuv0a1b2c.01--\nbye' >>"$SHUNIT_TMPDIR/sent"
  assertTrue 'not what was sent' "cmp '$SHUNIT_TMPDIR/sent' '$SHUNIT_TMPDIR/returned'"
}

testSisimai() {
  needs_peer sisimai usr || return 0
  assertEquals 'alice@example.com bob@example.net failed 5.1.1 userunknown
alice@example.com erin@example.org failed 4.2.0 onhold
alice@example.com bob@example.net failed 5.1.1 userunknown
alice@example.com carol@example.net failed 5.1.1 userunknown
alice@example.com dave@example.com failed 5.2.2 mailboxfull
alice@example.com bob@example.net delayed 4.4.1 expired
alice@example.com list@example.org expanded 2.0.0 delivered
alice@example.com bob@example.net relayed 2.0.0 delivered
alice@example.com carol@example.org delivered 2.0.0 delivered' \
    "$(perl_judge sisimai _sisimai.pl failed failed-several delayed succeeded)"
}

testBounceParser() {
  needs_peer bounceparser usr || return 0
  assertEquals 'bounce <budget.1@example.com>
bob@example.net user_unknown 550 5.1.1 No such user here
bounce <budget.1@example.com>
erin@example.org unknown 450 4.2.0 Greylisted
bob@example.net user_unknown 550 5.1.1 No such user here
carol@example.net user_unknown 550 5.1.1 No such user here
Dave+Group@example.com over_quota the mailbox is full
none <budget.1@example.com>' \
    "$(perl_judge bounceparser _bounceparser.pl failed failed-several delayed)"
}

# shellcheck source=/dev/null
. shunit2
