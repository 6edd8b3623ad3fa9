# At rcpt, K accepts whatever the routes say; exit 0 without it leaves it to them; D and Z refuse.
hook rcpt
  case $SMTP_RCPT_TO in
  yes@*) printf 'Kof course\0' >&$ERROR_FD;;
  no@*) exec reject 5.2.1 "box disabled";;
  later@*) exec defer 4.2.2 "box full";;
  never@*) exec reject -c 521 5.7.1 "go away";;
  esac
S~ 220 .*
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<other@example.org>
S: 550 5.7.1 Relaying denied
C: RCPT TO:<yes@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<no@example.org>
S: 550 5.2.1 box disabled
C: RCPT TO:<later@example.org>
S: 451 4.2.2 box full
C: DATA
S~ 354 .*
C: .
S: 250 2.0.0 queued as <id>
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<never@example.org>
S: 521 5.7.1 go away
closed
envelope Fa@example.net\0Tyes@example.org\0\0
log rcpt=no@example.org verdict=550 reason="box disabled"
