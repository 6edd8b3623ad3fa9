# A client that does not wait: its password comes behind an AUTH that is refused, and no hook sees it.
options -A {folder}/auth
conf auth-mechanisms SCRAM-SHA-256
hook unknown
  echo "$SMTP_COMMAND" >>"$RECORD/commands"
S~ 220 .*
C: EHLO client.example
C: CHARM
C: AUTH LOGIN
C: YWxpY2U=
C: c2VjcmV0
C: NOOP
C: STRANGE
S*13~ 250-.*
S: 250 HELP
S: 500 5.5.1 Unknown command
S: 504 5.5.4 Mechanism not offered
S: 500 5.5.1 Unknown command
S: 500 5.5.1 Unknown command
S: 250 2.0.0 Ok
S: 500 5.5.1 Unknown command
C: QUIT
S~ 221 .*
closed
recorded commands CHARM\nSTRANGE\n
