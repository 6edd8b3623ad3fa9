#!/bin/sh
# What a sender says of when and how soon, from Python's smtplib to the mailbox: smtp-front takes it,
# queue-send goes by it, deliver-smtp tells it to the next host.
# shellcheck disable=SC2317 # shunit2 calls the functions

. "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/_chain.sh"
. "$TOP/tests/queue/_send.sh"
. "$TOP/tests/queue/_elsewhere.sh"

CHAIN_FRONT='env RELAYCLIENT= smtp-front queue-inject'

# send RECIPIENT OPTION...: a message from sender@example.test, with these behind MAIL
send() {
  python3 -IS - "$SMTP_PORT" "$@" <<'END'
import smtplib, sys
port, recipient, *options = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port)) as server:
    try:
        server.sendmail("sender@example.test", recipient, "Subject: x\r\n\r\nhello\r\n", options)
    except smtplib.SMTPSenderRefused as error:
        print(error.smtp_code, error.smtp_error.decode())
END
}

heard() { sed -n 's/^[0-9]* MAIL FROM://p' "$CHAIN/heard/commands"; }

test_a_client_understands_what_is_offered() {
  start_smtp
  assertEquals '2592000 seconds, as the date says; deliverby ; mt-priority ' "$(
    python3 -IS - "$SMTP_PORT" <<'END'
import datetime, smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1])) as server:
    before = datetime.datetime.now(datetime.timezone.utc)
    server.ehlo()
    interval, date = server.esmtp_features["futurerelease"].split()
    until = datetime.datetime.strptime(date, "%Y-%m-%dT%H:%M:%S%z")
    ahead = (until - before).total_seconds() - int(interval)
    print(interval, "seconds,", "as the date says;" if -1 <= ahead < 60 else ahead,
          "; ".join(word + " " + server.esmtp_features[word] for word in ("deliverby", "mt-priority")))
END
  )"
}

test_a_message_is_held() {
  start_chain
  sent=$(date +%s)
  assertEquals '' "$(send box@example.test HOLDFOR=2)"
  assertEquals '554 5.5.4 Value of parameter HOLDFOR is beyond what is offered' \
    "$(send box@example.test HOLDFOR=2592001)"
  deliveries box >/dev/null
  assertTrue 'not before its time' "[ $(($(date +%s) - sent)) -ge 1 ]"
  delivered_all
}

test_the_next_host_is_told() {
  serve_elsewhere -o DSN -o DELIVERBY -o MT-PRIORITY
  start_chain
  send r@far.example 'BY=600;R' MT-PRIORITY=3
  delivered_all
  end_elsewhere
  assertContains "$(heard)" 'MT-PRIORITY=3'
  left=$(heard | sed -n 's/.* BY=\([0-9]*\);R.*/\1/p')
  assertTrue "the time that is left: $left" "[ '$left' -gt 0 ] && [ '$left' -lt 600 ]"
}

test_back_to_its_sender_in_time() {
  serve_elsewhere -o DSN
  start_chain
  send r@far.example 'BY=600;R'
  report=$(deliveries sender)
  delivered_all
  end_elsewhere
  assertEquals 'the host has not heard of it' '' "$(heard)"
  assertContains "$(cat "$report")" 'Status: 5.3.3'
  assertContains "$(cat "$report")" 'Deliver-By-Date: '
}

# shellcheck source=/dev/null
. shunit2
