# The auth hook: it may refuse a good login, and then nothing is left of it.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-delay 0
conf auth-attempts 10
conf auth-mechanisms PLAIN LOGIN
hook auth
  echo "$SMTP_AUTH_USER $SMTP_AUTH_METHOD $SMTP_AUTH_SENDERS" >>"$RECORD/asked"
  printf '+X_SEEN=%s\0+RELAYCLIENT=\0+SMTP_AUTH_SENDERS=*\0+SMTP_AUTH_USER=root\0' "$SMTP_AUTH_USER" >&4
  case $SMTP_AUTH_USER in
    mallory*) exec reject "not you" ;;
    eve*) exec reject 5.7.13 "account disabled" ;;
    late*) exec defer "come tomorrow" ;;
  esac
auth
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=mallory
  record AUTH_SENDERS=*
  record
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=eve
  record
  hears AUTH PLAIN AAAA
  says OK
  record AUTH_USER=late
  record
  hears AUTH LOGIN
  says OK
  record AUTH_USER=alice@example.test
  record
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 535 5.7.8 not you
C: AUTH PLAIN AAAA
S: 535 5.7.13 account disabled
C: AUTH PLAIN AAAA
S: 454 4.7.0 come tomorrow
C: MAIL FROM:<anyone@example.test>
S: 250 2.1.0 Sender ok
C: RCPT TO:<bob@elsewhere.example>
S: 550 5.7.1 Relaying denied
C: RSET
S~ 250 .*
C: AUTH LOGIN
S: 235 2.7.0 Authentication succeeded
C: MAIL FROM:<anyone@example.test>
S: 550 5.7.1 Sender address does not belong to your login
C: MAIL FROM:<alice@example.test>
S: 250 2.1.0 Sender ok
C: RCPT TO:<bob@elsewhere.example>
S: 250 2.1.5 Recipient ok
C: QUIT
S~ 221 .*
closed
recorded asked mallory PLAIN *\neve PLAIN \nlate PLAIN \nalice@example.test LOGIN \n
log event=auth method=PLAIN user=mallory verdict=535 reason="not you"
