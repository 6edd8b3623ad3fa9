# vrfy and unknown hooks see the whole command.
hook vrfy
  case $SMTP_COMMAND in
  "VRFY here") printf 'Kyes\0' >&4;;
  "VRFY gone") exit 31;;
  esac
hook unknown
  case $SMTP_COMMAND in
  "XPING now") printf 'Kpong\0' >&4;;
  "XSLOW") exit 71;;
  "XBYE") exec defer -c 421 "bye";;
  esac
S~ 220 .*
C: VRFY here
S: 250 2.0.0 Ok
C: VRFY gone
S: 550 5.7.1 message refused
C: VRFY other
S: 252 2.1.5 Send some mail, I will try my best
C: XPING now
S: 250 2.0.0 Ok
C: XSLOW
S: 451 4.7.1 message refused for now
C: XOTHER
S: 500 5.5.1 Unknown command
C: XBYE
S: 421 4.3.0 bye
closed
