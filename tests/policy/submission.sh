#!/bin/sh
# submission: what it refuses, what it adds and leaves out, alone and in a live chain.
. "$TOP/tests/_chain.sh"
. "$TOP/tests/policy/_policy.sh"

setUp() {
  clean_environment
  make_chain
  unset SMTP_AUTH_SENDERS
  export SMTP_AUTH_USER=alice@example.test QUEUE_ID=0123456789abcdef
}

tearDown() { stop_chain; }

# judged [-OPTIONS] <HEAD: what the verdict pipe says and the exit code, for a message with this head.
judged() {
  { cat; printf '\nbody\n'; } >"$SHUNIT_TMPDIR/message"
  run_link submission "$@"
}

# says WANT [-OPTIONS] <HEAD
says() {
  want=$1
  shift
  assertEquals "$want" "$(judged "$@" | tr '\n' ' ' | sed 's/ $//')"
}

passes() { says 0 "$@"; }

# The header as the last link will see it.
edited() {
  ADD_HEADERS=$(fact ADD_HEADERS) CUT_RANGES=$(fact CUT_RANGES)
  [ "$ADD_HEADERS" != unset ] || ADD_HEADERS=
  [ "$CUT_RANGES" != unset ] || CUT_RANGES=
  export ADD_HEADERS CUT_RANGES
  apply-edits sed '/^$/q' <"$SHUNIT_TMPDIR/message"
  unset ADD_HEADERS CUT_RANGES
}

whole='From: alice@example.test
Date: Fri, 20 Nov 2026 21:03:31 +0000
Message-ID: <1@example.test>'

testNothingToDo() {
  echo "$whole" | passes
  assertEquals unset "$(fact ADD_HEADERS)"
  assertEquals unset "$(fact CUT_RANGES)"
  has "$(log)" 'submission: event=check id=0123456789abcdef user=alice@example.test from=alice@example.test verdict=pass'
}

testDateAndIdAreAdded() {
  echo 'From: alice@example.test' | passes
  header=$(edited)
  has "$header" 'Message-ID: <0123456789abcdef@mx.example.test>
'
  python3 -c '
import email.utils, sys, time
date = next(line[6:] for line in sys.argv[1].splitlines() if line.startswith("Date: "))
age = time.time() - email.utils.parsedate_to_datetime(date).timestamp()
assert -2 < age < 100, age' "$header" || fail "not now: $header"
  has "$(log)" ' added=Date,Message-ID verdict=pass'
}

testAnIdOfItsOwn() {
  unset QUEUE_ID
  echo 'From: alice@example.test' | passes
  edited | grep -Eq '^Message-ID: <[0-9a-z]{16}@mx\.example\.test>$' || fail "$(edited)"
}

testBlindCopiesAndReturnPathGo() {
  passes <<END
Bcc: one@x.test,
 two@x.test
Return-Path: <>
$whole
bcc : three@x.test
Resent-Bcc: four@x.test
Subject: Bcc: five
END
  assertEquals "$whole
Subject: Bcc: five" "$(edited | sed '/^$/d')"
  has "$(log)" ' cuts=2 verdict=pass'
}

# Of the same header, one after the other.
testTwiceIsOnce() {
  printf 'Bcc: x@y.test\nFrom: bob@example.test\nSender: c@d.test\nX-Authenticated-User: root\n\n' \
    >"$SHUNIT_TMPDIR/message"
  run_link submission -sx >/dev/null
  once=$(edited)
  assertEquals 0 "$(run_link submission -sx submission -sx)"
  assertEquals "$(echo "$once" | sed 's/^Date: .*/Date:/')" "$(edited | sed 's/^Date: .*/Date:/')"
  assertEquals 1 "$(edited | grep -c ^X-Auth)"
  assertEquals 1 "$(edited | grep -c ^Sender)"
}

# What links before it did is how the message stands.
testEditsOfOthersCount() {
  printf 'From: bob@example.test\nDate: x\nBcc: y\n\n' >"$SHUNIT_TMPDIR/message"
  export ADD_HEADERS='From: alice@example.test
Message-ID: <here@x.test>' CUT_RANGES=0-31
  assertEquals 0 "$(run_link submission)"
  assertEquals 0-31,31-38 "$(fact CUT_RANGES)"
  has "$(fact ADD_HEADERS)" 'Message-ID: <here@x.test>
Date: '
  lacks "$(fact ADD_HEADERS)" mx.example.test
  export CUT_RANGES=nonsense
  assertEquals 'Z451 4.3.5 a filter asked for a bad edit 82' "$(run_link submission | tr '\n' ' ' | sed 's/ $//')"
  unset ADD_HEADERS CUT_RANGES
}

testForms() {
  says 'D550 5.6.0 there is no From field 82' </dev/null
  says 'D550 5.6.0 there is more than one From field 82' <<END
From: alice@example.test
FROM: alice@example.test
END
  for from in '' '<>' 'alice' 'a b@example.test' 'Friends:;' 'alice@example.test (' \
    'alice@example.test <bob@example.test>' 'alice@-example.test' "alice@$(printf %0300d 0)"; do
    echo "From: $from" | says 'D550 5.6.0 From is no list of addresses 82'
  done
  says 'D550 5.6.0 there is more than one Sender field 82' <<END
$whole
Sender: alice@example.test
sender: alice@example.test
END
  says 'D550 5.6.0 Sender is not one address 82' <<END
$whole
Sender: alice@example.test, alice+x@example.test
END
  says 'D550 5.6.0 a line of the header is no header field 82' <<END
$whole
what is this
END
  printf 'no header at all' >"$SHUNIT_TMPDIR/message"
  assertEquals 'D550 5.6.0 a line of the header is no header field' "$(run_link submission | head -n 1)"
  : >"$SHUNIT_TMPDIR/message"
  assertEquals 'D550 5.6.0 there is no From field' "$(run_link submission | head -n 1)"
}

foreign='D550 5.7.1 From is not an address of yours 82'

testOwners() {
  echo 'From: "Bob <bob@x>" <Alice+list@Example.TEST> (not bob@x)' | passes
  echo 'From: <@relay.test:alice@example.test>' | passes
  echo 'From: "alice"@example.test' | passes
  echo 'From: bob@example.test' | says "$foreign"
  has "$(log)" 'from=bob@example.test verdict=550 reason=foreign-from'
  echo 'From: "alice@example.test" <bob@example.test>' | says "$foreign"
  echo 'From: alice@example.test, bob@example.test' | says "$foreign"
  printf 'From: alice@example.test, bob@example.test\nSender: alice@example.test\n' | passes
  printf 'From: bob@example.test\nSender: alice@example.test\n' | says "$foreign"
  printf 'From: bob@x.test, c@x.test\nSender: alice@example.test\n' | says "$foreign"
  printf 'From: alice@example.test\nSender: bob@example.test\n' |
    says 'D550 5.7.1 Sender is not an address of yours 82'
}

testOwnersByList() {
  export SMTP_AUTH_USER=alice SMTP_AUTH_SENDERS='sales@example.test @alice.test'
  echo 'From: sales+x@example.test, any@alice.test' | passes
  echo 'From: bob@example.test' | says "$foreign"
  export SMTP_AUTH_SENDERS='*'
  echo 'From: bob@example.test' | passes
  unset SMTP_AUTH_SENDERS
  echo 'From: alice@mx.example.test' | passes
  echo 'From: alice@example.test' | says "$foreign"
}

testUtf8() {
  export SMTP_AUTH_USER='jürgen@bücher.example'
  printf 'From: Jürgen <jürgen@bücher.example>\n' | passes
  printf 'From: Jürgen <jurgen@bücher.example>\n' | says "$foreign"
  printf 'From: J\374rgen <j\374rgen@b.example>\n' | says 'D550 5.6.0 From is no list of addresses 82'
}

testNobodyHasLoggedIn() {
  unset SMTP_AUTH_USER
  export RELAYCLIENT=
  echo 'From: bob@example.test' | passes
  has "$(edited)" Message-ID:
  says 'D550 5.6.0 there is no From field 82' </dev/null
  unset RELAYCLIENT
}

testAnyone() {
  echo 'From: bob@example.test' | passes -A
  says 'D550 5.6.0 there is no From field 82' -A </dev/null
}

testSenderIsAdded() {
  printf 'From: bob@example.test\nSender: c@x.test\n' | passes -s
  assertEquals 'From: bob@example.test
Sender: alice@example.test' "$(edited | grep -e ^From -e ^Sender | sort)"
  printf 'From: bob@example.test\nSender: alice@example.test\n' | passes -s
  assertEquals 1 "$(edited | grep -c ^Sender)"
  echo 'From: alice@example.test' | passes -s
  lacks "$(edited)" Sender
  export SMTP_AUTH_USER=alice
  echo 'From: bob@example.test' | passes -s
  has "$(edited)" 'Sender: alice@mx.example.test'
  export SMTP_AUTH_SENDERS='@z.test sales@example.test'
  echo 'From: bob@example.test' | passes -s
  has "$(edited)" 'Sender: sales@example.test'
  export SMTP_AUTH_SENDERS='' SMTP_AUTH_USER='two words'
  echo 'From: bob@example.test' | says "$foreign" -s
}

testTheUserIsTold() {
  export SMTP_AUTH_USER='jürgen (x)
Bcc: all'
  printf 'X-Authenticated-User: root\n%s\nX-authenticated-user: root\n' "$whole" | passes -Ax
  assertEquals 'X-Authenticated-User: j??rgen (x)?Bcc: all' "$(edited | grep -i ^X-)"
  unset SMTP_AUTH_USER
  printf 'X-Authenticated-User: root\n%s\n' "$whole" | passes -x
  lacks "$(edited)" X-
}

testResent() {
  head='From: boss@x.test
Resent-From: alice@example.test
Resent-From: bob@x.test'
  echo "$head" | says "$foreign"
  echo "$head" | passes -r
  echo "Resent-From: bob@x.test
$head" | says "$foreign" -r
  printf '%s\nResent-Sender: bob@x.test\n' "$head" |
    says 'D550 5.7.1 Sender is not an address of yours 82' -r
  echo 'Resent-From: alice@example.test' | says 'D550 5.6.0 there is no From field 82' -r
  echo 'From: boss@x.test' | says "$foreign" -r
}

testRepeatedFields() {
  for name in Date Reply-To To Cc Message-ID In-Reply-To References Subject; do
    printf 'From: alice@example.test\n%s: <a@b>\nX: y\n%s: <c@d>\n' $name $name >"$SHUNIT_TMPDIR/head"
    passes <"$SHUNIT_TMPDIR/head"
    says 'D550 5.6.0 a header field is repeated that may not be 82' -u <"$SHUNIT_TMPDIR/head"
  done
  printf '%s\nReceived: x\nReceived: y\nX: 1\nX: 2\n' "$whole" | passes -u
}

testLongLines() {
  long=$(printf '%0989d' 0)
  printf '%s\nSubject: %s\n' "$whole" "$long" | passes -l
  printf '%s\nSubject: %s1\n' "$whole" "$long" | passes
  printf '%s\nSubject: %s1\n' "$whole" "$long" |
    says 'D550 5.6.0 a line of the header is too long 82' -l
}

testManyToLeaveOut() {
  python3 -c "print('From: alice@example.test\n' + 'Bcc: x\nX: y\n' * 2048, end='')" | passes
  python3 -c "print('From: alice@example.test\n' + 'Bcc: x\nX: y\n' * 2049, end='')" |
    says 'D554 5.6.0 too many header fields to leave out 82'
  python3 -c "print('From: alice@example.test\n' + 'Bcc: x\n' * 100000, end='')" | passes
}

testManyAddresses() {
  list=$(python3 -c "print(', '.join(['alice@example.test'] * 100))")
  echo "From: $list" | passes
  echo "From: $list, alice@example.test" | says 'D550 5.6.0 From is no list of addresses 82'
}

testWithoutAVerdictPipe() {
  printf 'Subject: x\n\n' >"$SHUNIT_TMPDIR/message"
  assertEquals 31 "$(python3 -IS "$TOP/tests/queue/_caller.py" --silent \
    "$SHUNIT_TMPDIR/message" "$SHUNIT_TMPDIR/message" submission true 2>&1 | tail -n 1)"
}

# What comes next finds a file in place of the pipe.
testAPipe() {
  printf 'From: alice@example.test\n\nbody\n' >"$SHUNIT_TMPDIR/message"
  printf 'Fa@b\0Tc@d\0\0' >"$SHUNIT_TMPDIR/envelope"
  OUT=$SHUNIT_TMPDIR/out python3 -IS "$TOP/tests/queue/_caller.py" --pipes "$SHUNIT_TMPDIR/message" \
    "$SHUNIT_TMPDIR/envelope" submission sh -c '{ echo "${MESSAGE_FILE##*:}"; cat; } >"$OUT"' \
    >/dev/null 2>&1
  assertEquals '31
From: alice@example.test

body' "$(cat "$SHUNIT_TMPDIR/out")"
}

# ---- hostile headers: the right answer, in the time that other tests take ----

# made PYTHON: the head that it makes.
made() { python3 -c "import sys; sys.stdout.write($1)"; }

testHostileHeads() {
  made '"From: alice@example.test\n" + "X: " + "y" * (1 << 20) + "\n"' | passes
  made '"From: alice@example.test\n" + "X: y\n" * 100000' | passes
  made '"X:\n" + " y\n" * 300000 + "From: alice@example.test\n"' | passes
  made '"From: " + "(" * 100000 + ")" * 100000 + "alice@example.test\n"' | passes
  made '"From: " + "(x)\n " * 100000 + "alice@example.test\n"' | passes
  made '"From: " + "word " * 100000 + "<alice@example.test>\n"' | passes
  made '"From: g:" + "," * 100000 + "alice@example.test;\n"' | passes
  made '"To: " + "a@b, " * 100000 + "c@d\nFrom: alice@example.test\n"' | passes
  bad='D550 5.6.0 From is no list of addresses 82'
  made '"From: " + "alice@example.test, " * 100000 + "c@d\n"' | says "$bad"
  made '"From: " + "(" * 1000000 + "\n"' | says "$bad"
  made '"From: <" + "@a," * 100000 + "@b:alice@example.test>\n"' | passes
  made '"From: \"" + "\\a" * 100000 + "\"@b\n"' | says "$bad"
  made '"From: alice@example.test\n" * 100000' |
    says 'D550 5.6.0 there is more than one From field 82'
  made '"y" * (1 << 20)' | says 'D550 5.6.0 a line of the header is no header field 82'
}

# ---- live ----

# live [-OPTIONS]: a service that takes the word of its proxy for who has logged in.
live() {
  CHAIN_FRONT="smtp-front -X 127.0.0.0/8 submission $* queue-inject"
  start_chain
}

# mail LOGIN [OPTIONS OF SWAKS...]: prints the server's replies.
mail() {
  login=$1
  shift
  swaks --server "127.0.0.1:$SMTP_PORT" --helo client.test --from alice@example.test \
    --to box@example.test --suppress-data --xclient-login "$login" "$@" 2>&1 | sed -n 's/^<[-* ]* *//p'
}

testLive() {
  live
  has "$(mail alice@example.test --data 'From: Alice <alice@example.test>\nBcc: x@y.test\n\nHello\n')" \
    '250 2.0.0 queued as'
  box=$(cat "$(deliveries box)")
  lacks "$box" Bcc
  has "$box" '
Date: '
  id=$(echo "$box" | sed -n 's/.*[	 ]id \([0-9a-z]\{16\}\).*/\1/p')
  has "$box" "Message-ID: <$id@mx.example.test>"
  has "$(mail bob@example.test --data 'From: alice@example.test\n\nHello\n')" \
    '550 5.7.1 From is not an address of yours'
  has "$(mail alice@example.test --data 'Hello\n')" '550 5.6.0 a line of the header is no header field'
  has "$(mail alice@example.test --data '\nHello\n')" '550 5.6.0 there is no From field'
  has "$(cat "$CHAIN/smtp.log")" 'submission: session='
}

# With the auth service in place of a proxy's word.
testLogin() {
  mkdir -p "$CHAINMAIL_RUN"
  echo yes >"$CHAINMAIL_CONF/auth-clear-text"
  echo wonder | user-add -p 0 -m none -s 'alice@example.test @alice.test' alice ||
    fail 'no user' || return
  start_program auth.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/auth" \
    sasl-auth checkpassword-file sasl-ok || return
  auth=$STARTED
  CHAIN_FRONT="smtp-front -S -A $CHAINMAIL_RUN/auth submission queue-inject" start_chain
  for from in alice@example.test x@alice.test bob@example.test; do
    swaks --server "127.0.0.1:$SMTP_PORT" --from alice@example.test --to box@example.test \
      --auth PLAIN --auth-user alice --auth-password wonder --suppress-data \
      --data "From: $from\n\nHello\n" 2>&1 | sed -n 's/^<[-* ]* *//p' | grep -B1 '^221' | head -n 1
  done >"$SHUNIT_TMPDIR/replies"
  end_process "$auth"
  assertEquals '250 2.0.0
250 2.0.0
550 5.7.1' "$(cut -c 1-9 "$SHUNIT_TMPDIR/replies")"
  assertEquals 2 "$(deliveries box 2 | wc -l)"
}

testWhatPythonWrites() {
  live -u
  sent=$(python3 "$TOP/tests/policy/_compose.py" "$SMTP_PORT")
  boxes=$(deliveries box "$sent") || return
  for box in $boxes; do
    head=$(sed '/^$/q' "$box")
    lacks "$box" "$head" secret@
    assertEquals "$box" 1 "$(echo "$head" | grep -c '^Date: ')"
    assertEquals "$box" 1 "$(echo "$head" | grep -c '^Message-ID: <')"
  done
}

testUsage() {
  submission -Z true 2>/dev/null </dev/null
  assertEquals 100 $?
  submission 2>/dev/null </dev/null
  assertEquals 100 $?
  rm "$CHAINMAIL_CONF/me"
  submission true 2>/dev/null </dev/null
  assertEquals 100 $?
}

# shellcheck source=/dev/null
. shunit2
