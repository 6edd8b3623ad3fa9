# helo, mail and data hooks refuse; what was refused can be tried again.
env RELAYCLIENT=
hook helo
  [ "$SMTP_HELO" = spam.example ] && exit 31
  exit 0
hook mail
  [ "$SMTP_MAIL_FROM" = bad@example.net ] && exec reject "not you"
  exit 0
hook data
  [ "$SMTP_RCPT_COUNT" = 2 ] && exec defer "two are too many"
  exit 0
S~ 220 .*
C: EHLO spam.example
S: 550 5.7.1 message refused
C: MAIL FROM:<a@example.net>
S: 503 5.5.1 Say hello first
C: HELO client.example
S~ 250 .*
C: MAIL FROM:<bad@example.net>
S: 550 5.7.1 not you
C: RCPT TO:<b@example.org>
S: 503 5.5.1 Send MAIL first
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: RCPT TO:<b@example.org>
S: 250 2.1.5 Recipient ok
C: RCPT TO:<c@example.org>
S: 250 2.1.5 Recipient ok
C: DATA
S: 451 4.3.0 two are too many
C: BDAT 6 LAST
C+ text\r\n
S: 451 4.3.0 two are too many
C: MAIL FROM:<a@example.net>
S: 250 2.1.0 Sender ok
C: QUIT
S~ 221 .*
closed
no message
log event=mail id=[0-9a-z]{16} from=bad@example.net verdict=550 reason="not you"
