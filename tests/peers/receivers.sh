#!/bin/sh
# queue-send and deliver-smtp, and mail hosts that others wrote: Postfix, Exim, OpenSMTPD. Each keeps
# what it gets, which is compared byte for byte below its trace fields.
# shellcheck disable=SC2317 # shunit2 calls the functions

# shellcheck source=tests/peers/_lab.sh
. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/peers/_lab.sh"
# shellcheck source=tests/queue/_send.sh
. "$TOP/tests/queue/_send.sh"

oneTimeSetUp() {
  make_lab
  cat >"$LAB/zones/example.zone" <<'ZONE'
$ORIGIN example.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 192.0.2.53
postfix MX 10 mx.postfix
mx.postfix A 192.0.2.10
exim A 192.0.2.11
opensmtpd A 192.0.2.12
opensmtpd AAAA 2001:db8::12
ZONE
  cat >"$LAB/zones/test.zone" <<'ZONE'
$ORIGIN test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 192.0.2.53
example MX 10 mx.example
mx.example A 192.0.2.1
ZONE
  start_names
  make_messages "$LAB/messages"
  for host in postfix exim opensmtpd; do start_host $host; done
  return 0 # those that are not here are skipped
}
oneTimeTearDown() { end_lab; }

# Names of the files: a message each. What ends in .coded arrives converted.
make_messages() {
  mkdir "$1" && cd "$1" || return
  printf 'Subject: plain\nFrom: a@example.test\n\nbody\n' >plain
  printf 'Subject: dots\n\n.\n..\n.dot\n\n.\n' >dots
  printf '.\n.\n' >only-dots
  printf 'Subject: 8-bit\n\n\344\366\374 \303\274 \377\376\n' >8-bit
  printf 'Subject: no end\n\nno end' >no-end
  : >empty
  printf '\nno header\n' >headerless
  printf 'Subject: blanks \n folded\n\n \n\t\ntrailing \n\n\n' >blanks
  { printf 'Subject: large\n\n' && seq 1 60000 && head -c 990 /dev/zero | tr '\0' . && echo; } >large
  { printf 'Subject: a long line\n\n' && head -c 1000000 /dev/zero | tr '\0' x && echo; } >long-line.coded
  cd "$TOP" || return
}

setUp() {
  make_chain
  QUEUE=$CHAINMAIL_QUEUE
  cat >"$CHAIN/remote" <<END
#!/bin/sh
exec deliver-smtp -o 192.0.2.1 -A $LAB/ca 2>>$CHAIN/remote.log
END
  chmod +x "$CHAIN/remote"
  CHAIN_SEND="-w remote=1 -w remote=$CHAIN/remote"
}

# with HOST: it is there, and queue-send runs
with() {
  if is_started "$1"; then start_send && return; fi
  ! skip "there is no $1"
}

# What a host has kept of a message, by its sender.
file_of() { grep -ils "^Return-Path: <$2@example.test>" "$LAB/mail/$1/new"/*; }
has_come() { [ -n "$(file_of "$1" "$2")" ]; }

compare() { python3 -IS "$TOP/tests/peers/_same.py" "$@" 2>&1; }

# check_all HOST [BUT]: every message arrives there, and as it was
check_all() {
  before=$(list_kept "$1" | wc -l)
  for file in "$LAB"/messages/*; do
    [ "${file##*/}" != "${2-}" ] || continue
    cp "$file" "$CHAIN/message"
    inject "${file##*/}@example.test" "box@$1.example"
  done
  delivered_all
  for file in "$LAB"/messages/*; do
    name=${file##*/} coded=
    [ "$name" != "${2-}" ] || continue
    case $name in *.coded) coded=coded ;; esac
    wait_until has_come "$1" "$name"
    assertEquals "$1 $name" same "$(compare "$file" "$(file_of "$1" "$name")" $coded)"
  done
  assertEquals 'none of them twice' "$((before + $(find "$LAB/messages" -type f | wc -l) - $# + 1))" \
    "$(list_kept "$1" | wc -l)"
}

has_tls() { grep -q 'event=transaction .*tls=TLSv1.2' "$CHAIN/remote.log"; }

test_postfix() {
  with postfix || return 0
  check_all postfix
  assertTrue 'by TLS' has_tls
}

test_exim() {
  with exim || return 0
  check_all exim
  assertTrue 'by TLS' has_tls
}

# Its TLS fails, so it goes without; and what has no header at all it does not take.
test_opensmtpd() {
  with opensmtpd || return 0
  check_all opensmtpd only-dots
  assertTrue "$(cat "$CHAIN/remote.log")" \
    "grep -q 'host=.*192.0.2.12. at=tls status=4.7.5' '$CHAIN/remote.log'"
  cp "$LAB/messages/only-dots" "$CHAIN/message"
  inject sender@example.test box@opensmtpd.example
  assertContains "$(cat "$(deliveries sender)")" \
    'Diagnostic-Code: smtp; 550 5.7.1 Delivery not authorized, message refused'
}

# ---- what is refused, and what waits ----

test_some_of_a_transaction() {
  with postfix || return 0
  cp "$LAB/messages/plain" "$CHAIN/message"
  inject sender@example.test box@postfix.example nobody@postfix.example later@postfix.example
  assertContains "$(cat "$(deliveries sender)")" \
    'Diagnostic-Code: smtp; 550 5.1.1 <nobody@postfix.example>:'
  logged event=waiting
  entries_left 1
  assertEquals 'one waits' 'later@postfix.example deferred' \
    "$(queue-list -p | awk -F '\t' '{ print $5, $6 }')"
  assertTrue 'one has it' 'wait_until has_come postfix sender'
  assertContains "$(cat "$CHAIN/remote.log")" 'accepted=1 deferred=1 rejected=1'
}

# It says 452 from the eleventh on: they go in further transactions at once, and nobody waits.
test_more_than_a_transaction_takes() {
  with postfix || return 0
  cp "$LAB/messages/plain" "$CHAIN/message"
  # shellcheck disable=SC2046 # words are wanted
  inject many@example.test $(seq -f 'box%g@postfix.example' 35)
  delivered_all
  assertFalse 'none waited' 'has_logged event=waiting'
  assertEquals 35 "$(awk -F accepted= '/event=transaction/ { n += $2 } END { print n }' "$CHAIN/remote.log")"
  assertTrue 'each has it' 'wait_until has_copies many 35'
}
has_copies() { [ "$(file_of postfix "$1" | wc -l)" -eq "$2" ]; }

# It ends the connection when it has had enough of it, in the middle of the next message's words.
test_more_than_a_connection_takes() {
  sed -i 's/deliver-smtp/& -c 1 -i 300/' "$CHAIN/remote"
  with exim || return 0
  cp "$LAB/messages/plain" "$CHAIN/message"
  for i in 1 2 3 4 5 6 7 8 9 10; do inject "enough$i@example.test" box@exim.example; done
  delivered_all
  assertFalse 'none waited' 'has_logged event=waiting'
  assertEquals 'it did end them' 2 "$(grep -c 'accepted=0 deferred=1' "$CHAIN/remote.log")"
  for i in 1 2 3 4 5 6 7 8 9 10; do
    wait_until has_come exim "enough$i"
    assertEquals "once: $i" 1 "$(file_of exim "enough$i" | wc -l)"
  done
}

test_too_large() {
  with exim || return 0
  { printf 'Subject: x\n\n' && head -c 3300000 /dev/zero | tr '\0' '\n'; } >"$CHAIN/message"
  inject sender@example.test box@exim.example
  assertContains "$(cat "$(deliveries sender)")" 'Status: 5.3.4'
}

# ---- who tells the sender (RFC 3461) ----

# inject_with PARAMETER SENDER RECIPIENT
inject_with() {
  printf 'F%s\0T%s\0\0P%s\0%s\0\0' "$2" "$3" "$3" "$1" >"$CHAIN/envelope"
  queue-inject <"$CHAIN/message" 1<"$CHAIN/envelope"
}

# It has DSN, so it is asked to tell of the success, and does, at our own port 25.
test_a_host_that_tells_of_success() {
  with postfix || return 0
  start_program smtp.log tcp-accept -n 3 192.0.2.1 25 smtp-front queue-inject
  SMTP_PID=$STARTED
  cp "$LAB/messages/plain" "$CHAIN/message"
  inject_with NOTIFY=SUCCESS sender@example.test box@postfix.example
  notice=$(cat "$(deliveries sender)")
  assertContains "$notice" 'Reporting-MTA: dns; postfix.example'
  assertContains "$notice" 'Action: delivered'
  assertEquals 'and it alone' 1 "$(list_box sender | wc -l)"
}

# ---- without a queue ----

test_smtp_inject() {
  for host in postfix exim opensmtpd; do
    with $host || continue
    stop_send
    security=may
    [ $host != opensmtpd ] || security=none
    printf 'Fdirect@example.test\0Tbox@%s.example\0\0' $host >"$CHAIN/envelope"
    smtp-inject -T $security "$(host_address $host)" <"$LAB/messages/8-bit" 1<"$CHAIN/envelope" \
      2>"$CHAIN/inject.log"
    assertEquals "$host: $(cat "$CHAIN/inject.log")" 0 $?
    wait_until has_come $host direct
    assertEquals $host same "$(compare "$LAB/messages/8-bit" "$(file_of $host direct)")"
  done
}

# ---- other letters (RFC 6531) ----

send_other_letters() {
  printf 'Subject: \303\274\n\n\303\274\n' >"$CHAIN/message"
  inject SMTP_UTF8=1 "$(printf 's\303\274@example.test')" "$(printf 'b\303\266x')@$1.example"
}

test_other_letters_where_they_are_known() {
  for host in postfix exim; do
    with $host || continue
    send_other_letters $host
    name=$(printf 's\303\274')
    wait_until has_come $host "$name"
    assertEquals $host same "$(compare "$CHAIN/message" "$(file_of $host "$name")")"
    stop_send
  done
}

test_other_letters_where_they_are_not() {
  with opensmtpd || return 0
  send_other_letters opensmtpd
  assertContains "$(cat "$(deliveries s%C3%BC)")" 'Status: 5.6.7'
}

# ---- a smart host ----

login() {
  (umask 077 && printf '%s\n' "$@" >"$CHAINMAIL_CONF/logins")
}

test_logins() {
  login 'exim.example:587 alice open sesame' 'exim.example:588 alice open sesame'
  add_routes <<END
@plain.example smarthost exim.example:587
@cram.example  smarthost exim.example:588
END
  with exim || return 0
  for way in plain cram; do
    cp "$LAB/messages/plain" "$CHAIN/message"
    inject "$way.login@example.test" "box@$way.example"
    wait_until has_come exim "$way.login"
    file=$(file_of exim "$way.login")
    assertEquals "$way" same "$(compare "$CHAIN/message" "$file")"
    assertTrue 'it has logged in, with TLS' "grep -q 'with esmtpsa' '$file'"
  done
  delivered_all
  assertEquals 2 \
    "$(grep -c 'event=transaction .*tls=TLSv1.2 .* policy=verify accepted=1' "$CHAIN/remote.log")"
}

test_a_wrong_password() {
  login 'exim.example:587 alice guess'
  echo '@plain.example smarthost exim.example:587' | add_routes
  with exim || return 0
  cp "$LAB/messages/plain" "$CHAIN/message"
  inject guess@example.test box@plain.example
  logged event=waiting
  assertContains "$(queue-list -p)" 'the server refuses the login: 535'
  assertFalse 'nothing was kept' 'has_come exim guess'
}

# shellcheck source=/dev/null
. shunit2
