#!/bin/sh
# mail-inject: what cron, mutt, mail and Python's subprocess want of a sendmail.
. "$TOP/tests/_chain.sh"

oneTimeSetUp() {
  make_chain
  mkdir -p "$CHAINMAIL_RUN" "$CHAIN/bin"
  for name in sendmail mailq newaliases; do ln -s "$BIN/mail-inject" "$CHAIN/bin/$name"; done
  PATH=$CHAIN/bin:$PATH
  start_service && start_send
  me=$(id -un)@mx.example.test
}

oneTimeTearDown() {
  [ -z "${SERVICE_PID-}" ] || end_process "$SERVICE_PID"
  stop_chain
}

start_service() {
  start_program service.log tcp-accept -n 3 "unix:$CHAINMAIL_RUN/inject" \
    env RELAYCLIENT= smtp-front submission queue-inject || return
  SERVICE_PID=$STARTED
}

# A mailbox of each test's own.
setUp() {
  number=$((${number:-0} + 1))
  box=box$number
}

# has TEXT PART
has() { case $1 in *"$2"*) ;; *) fail "not found: <$2> in <$1>" ;; esac }
lacks() { case $1 in *"$2"*) fail "found: <$2> in <$1>" ;; esac }

# What lies in the test's mailbox, without what was put on top of it.
delivered() {
  sed -e '/^Received:/,/^[^[:blank:]]/{/^Received:/d;/^[[:blank:]]/d;}' -e '/^Return-Path:/d' \
    -e '/^Delivered-To:/d' "$(deliveries "$box")"
}

# fails CODE TEXT COMMAND...: nothing is delivered.
fails() {
  code=$1 text=$2
  shift 2
  said=$("$@" 2>&1)
  assertEquals "$said" "$code" $?
  has "$said" "$text"
}

testPlain() {
  printf 'Subject: x\n\nHello\n' | sendmail "$box@example.test"
  assertEquals 0 $?
  message=$(delivered)
  has "$message" 'Subject: x
From: '
  has "$message" "$me"
  has "$message" '
Date: '
  has "$message" '@mx.example.test>

Hello'
  has "$(cat "$(deliveries "$box")")" "Return-Path: <$me>"
}

# What Debian's cron says.
testCron() {
  printf 'From: root (Cron Daemon)\nTo: %s@example.test\nSubject: Cron <root@host> x\nContent-Type: text/plain\n\nout\n.\nput\n' \
    "$box" | sendmail -FCronDaemon -odi -oem -oi -t -f root
  assertEquals 0 $?
  message=$(delivered)
  has "$message" 'From: root@mx.example.test (Cron Daemon)
'
  has "$message" 'out
.
put'
}

testRecipientsOfTheHeader() {
  printf 'To: a <%s@example.test>, (x) g: %s.cc@example.test;\nBcc: %s.bcc@example.test,\n b@example.test\n\nx\n' \
    "$box" "$box" "$box" | sendmail -t "$box.more@example.test"
  for to in "$box" "$box.cc" "$box.bcc" "$box.more"; do
    lacks "$(cat "$(deliveries "$to")")" Bcc
  done
}

testResentRecipientsInstead() {
  printf 'To: %s.no@example.test\nResent-To: %s@example.test\n\nx\n' "$box" "$box" | sendmail -t
  deliveries "$box" >/dev/null || fail "not resent"
  assertFalse "[ -e '$CHAIN/mail/$box.no' ]"
}

testDotEndsAndDoesNot() {
  printf 'Subject: x\n\n.a\n.\nb\n' | sendmail "$box@example.test"
  assertEquals '.a' "$(delivered | sed '1,/^$/d')"
  box=$box.i
  printf 'Subject: x\r\n\r\n.a\r\n.\r\nb' | sendmail -i "$box@example.test"
  assertEquals '.a
.
b' "$(delivered | sed '1,/^$/d')"
}

testHeaders() {
  printf 'From me Mon\nReturn-Path: <x>\nFrom: joe, "a b"@x.test\nTo: you,\n me@x.test\nno field\n' |
    sendmail -F 'Not Used' "$box@example.test"
  message=$(delivered)
  assertEquals 'From: joe@mx.example.test, "a b"@x.test
To: you@mx.example.test,
 me@x.test' "$(echo "$message" | sed '/^Date/,$d')"
  assertEquals 'no field' "$(echo "$message" | sed '1,/^$/d')"
}

testNames() {
  printf '\nx\n' | sendmail -F 'Jürgen X.' -f "joe@example.test" "$box@example.test"
  has "$(delivered)" 'From: =?utf-8?q?J=C3=BCrgen_X=2E?= <joe@example.test>'
  has "$(cat "$(deliveries "$box")")" 'Return-Path: <joe@example.test>'
  box=$box.null
  printf 'From: x@y.test\n\nx\n' | sendmail -f '<>' "$box@example.test"
  has "$(cat "$(deliveries "$box")")" 'Return-Path: <>'
}

testOptionsOfOld() {
  echo x | sendmail -G -U -Am -Am -em -m -n -q30m -qR5 -q -d0-99.1 -C /x -L tag -O a=b -p ESMTP -X /x \
    -B8BITMIME -R hdrs -N success,failure -V id -bm "$box@example.test"
  assertEquals 0 $?
  has "$(delivered)" x
  fails 64 'there is no mode -bd' sendmail -bd
  fails 64 usage sendmail -Z
  fails 0 usage sendmail -h
}

testMessagesAsTheyAre() {
  python3 -c '
import sys
lines = [b"\xff\xe9 8-bit", b".", b"..", b"", b"x" * 20000, b"last"]
sys.stdout.buffer.write(b"Subject: x\n\n" + b"\n".join(lines) + b"\n")' >"$CHAIN/sent"
  sendmail -i "$box@example.test" <"$CHAIN/sent"
  assertEquals "$(sed '1,/^$/d' "$CHAIN/sent" | md5sum)" "$(delivered | sed '1,/^$/d' | md5sum)"
}

# A CR that ends no line would be refused, and a NUL too.
testStrangeBytes() {
  printf 'Subject: x\n\na\rb\0c\r\nlast' | sendmail "$box@example.test"
  assertEquals 0 $?
  has "$(delivered)" 'Content-Transfer-Encoding: quoted-printable'
  assertEquals 'a=0Db=00c
last' "$(delivered | sed '1,/^$/d')"
}

testLarge() {
  { printf 'Subject: x\n\n'; head -c 20000000 /dev/zero | tr '\0' 'a' | fold -w 70; } >"$CHAIN/sent"
  sendmail "$box@example.test" <"$CHAIN/sent"
  assertEquals 0 $?
  deliveries "$box" >/dev/null
}

testRefusals() {
  fails 64 'there are no recipients' sendmail </dev/null
  fails 64 'there are no recipients' sendmail -t </dev/null
  fails 64 'not an address' sendmail 'a b' </dev/null
  fails 64 'not an address' sendmail -f 'a@b, c@d' x </dev/null
  printf 'To: a b c\n\n' >"$CHAIN/bad"
  fails 65 'not a list of addresses: To' sendmail -t <"$CHAIN/bad"
  fails 64 'not an address' sendmail 'x@example.test.' </dev/null
  printf 'From: a b c\n\n' >"$CHAIN/bad"
  fails 65 '550 5.6.0 From is no list of addresses' sendmail "$box@example.test" <"$CHAIN/bad"
  fails 64 'not what DSN knows: x' sendmail -V 'x
RSET' -R full "$box@example.test" </dev/null
  fails 64 'not what DSN knows: some' sendmail -R some "$box@example.test" </dev/null
  fails 64 'not what DSN knows: never,delay' sendmail -N never,delay "$box@example.test" </dev/null
}

# One that is refused refuses it for all.
testNothingForSome() {
  printf 'x\n' >"$CHAIN/sent"
  fails 67 "nothing was sent: $(printf %070d 0)@example.test: 5.1.3 " sendmail "$box@example.test" \
    "$(printf %070d 0)@example.test" <"$CHAIN/sent"
  assertFalse "[ -e '$CHAIN/mail/$box' ]"
}

testNobodyThere() {
  printf 'Subject: x\n\n' >"$CHAIN/sent"
  CHAINMAIL_RUN=$CHAIN/nowhere fails 75 "unable to connect to the service at $CHAIN/nowhere/inject: No such file" sendmail x@y.test <"$CHAIN/sent"
  CHAINMAIL_RUN=$CHAIN/nowhere fails 75 'unable to connect' sendmail -bs
  CHAINMAIL_CONF=$CHAIN/nowhere fails 78 "\`me' is not there" sendmail x@y.test <"$CHAIN/sent"
}

# hostile TEXT: a service that says this and goes away.
hostile() {
  mkdir -p "$CHAIN/hostile"
  CHAINMAIL_RUN=$CHAIN/hostile
  socat "UNIX-LISTEN:$CHAIN/hostile/inject" "SYSTEM:$1" 2>/dev/null &
  socat=$!
  wait_until listens "$CHAIN/hostile/inject"
}

testHostileServices() {
  run=$CHAINMAIL_RUN
  for said in 'printf "what\\r\\n"' 'printf "220-a\\r\\n"' 'yes "250-x"' 'head -c 100000 /dev/zero; echo' \
    'printf "421 4.3.0 later\\r\\n"' 'printf "999 x\\r\\n"'; do
    hostile "$said"
    printf 'Subject: x\n\n' | timeout "$PATIENCE" sendmail x@y.test 2>"$CHAIN/said"
    assertEquals "$said: $(head -c 200 "$CHAIN/said")" 75 $?
    kill "$socat" 2>/dev/null
    wait "$socat" 2>/dev/null
    rm -f "$CHAIN/hostile/inject"
  done
  CHAINMAIL_RUN=$run
}

testVerbose() {
  said=$(printf 'Subject: x\n\n' | sendmail -v "$box@example.test" 2>&1)
  has "$said" ">> RCPT TO:<$box@example.test>
<< 250 "
}

testStandardInputAndOutput() {
  said=$(printf 'EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<%s@example.test>\r\nDATA\r\nFrom: a@b.test\r\n\r\nx\r\n.\r\nQUIT\r\n' "$box" |
    sendmail -bs)
  assertEquals 0 $?
  has "$said" '221 '
  has "$(delivered)" 'From: a@b.test'
}

testOtherNames() {
  mailq >/dev/null
  assertEquals 'mailq' 0 $?
  sendmail -bp >/dev/null
  assertEquals '-bp' 0 $?
  rm -f "$CHAINMAIL_CONF/routes.cdb"
  newaliases
  assertEquals 'newaliases' 0 $?
  assertTrue "[ -e '$CHAINMAIL_CONF/routes.cdb' ]"
}

# ---- those who call it ----

testMutt() {
  needs_program mutt || return 0
  printf 'set sendmail="%s -oem -oi"\nset copy=no\nset realname="Al Müller"\nset charset=utf-8\nset send_charset=utf-8\n' \
    "$CHAIN/bin/sendmail" >"$CHAIN/muttrc"
  echo 'Grüße' | HOME=$CHAIN mutt -n -F "$CHAIN/muttrc" -s 'Schön' -b "$box.bcc@example.test" \
    -a "$CHAIN/muttrc" -- "$box@example.test"
  assertEquals 0 $?
  has "$(delivered)" 'From: Al =?utf-8?Q?M=C3=BCller?= <'
  has "$(delivered)" '
Grüße
'
  lacks "$(cat "$(deliveries "$box.bcc")")" Bcc:
}

testMail() {
  needs_program s-nail || return 0
  echo hello | HOME=$CHAIN s-nail -n -S mta="$CHAIN/bin/sendmail" -s "a subject" -b "$box.bcc@example.test" \
    "$box@example.test"
  assertEquals 0 $?
  wait_until box_has "$box" 1
  has "$(delivered)" 'Subject: a subject'
  lacks "$(cat "$(deliveries "$box.bcc")")" Bcc:
}

testPython() {
  python3 - "$CHAIN/bin/sendmail" "$box@example.test" <<'END'
import email.message, subprocess, sys
message = email.message.EmailMessage()
message["To"] = sys.argv[2]
message["Subject"] = "Grüße aus Python"
message.set_content("Zeile\n.\nZeile\n")
subprocess.run([sys.argv[1], "-t", "-oi"], input=message.as_bytes(), check=True)
END
  assertEquals 0 $?
  has "$(delivered)" 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe'
}

# shellcheck source=/dev/null
. shunit2
