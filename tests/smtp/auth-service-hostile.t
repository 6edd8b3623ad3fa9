# A service that is out of its mind: nobody is logged in by it, and the client never sees it.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf auth-attempts 100
auth
  hears AUTH PLAIN AAAA
  says + not base64\r\n250 ok
  gone
  hears AUTH PLAIN AAAB
  says + {A*4001}
  gone
  hears AUTH PLAIN AAAC
  says {A*13000}
  hears AUTH PLAIN AAAD
  says + AA\0AA
  gone
  hears AUTH PLAIN AAAE
  says OK
  record
  hears AUTH PLAIN AAAF
  says OK
  record AUTH_USER=
  record
  hears AUTH PLAIN AAAG
  says OK
  record AUTH_USER={u*256}
  record
  hears AUTH PLAIN AAAH
  says OK
  record AUTH_USER=alice
  record RELAYCLIENT=
  record
  hears AUTH PLAIN AAAI
  says OK
  record AUTH_USER=alice
  record AUTH_SENDERS={x*9000}
  record
  hears AUTH PLAIN AAAJ
  says OK then
  hears AUTH PLAIN AAAK
  says
  hears AUTH PLAIN AAAL
  says 235 2.7.0 ok
  hears AUTH PLAIN
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  hears AAAA
  says + QUFB
  gone
S~ 220 .*
C: EHLO client.example
S*13~ 250-.*
S: 250 HELP
C: AUTH PLAIN AAAA
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAB
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAC
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAD
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAE
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAF
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAG
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAH
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAI
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAJ
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAK
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN AAAL
S: 454 4.7.0 Cannot authenticate now, try again later
C: AUTH PLAIN
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 334 QUFB
C: AAAA
S: 454 4.7.0 Cannot authenticate now, try again later
C: NOOP
S: 250 2.0.0 Ok
C: QUIT
S~ 221 .*
closed
