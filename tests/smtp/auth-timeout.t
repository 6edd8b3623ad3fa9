# A client that goes silent in the middle of an exchange: the service hears of it. What came before came
# at once, and in time.
options -A {folder}/auth
env SSL_PROTOCOL=TLSv1.2
conf timeout-command 1
auth
  hears AUTH LOGIN
  says + VXNlcm5hbWU6
  gone
C: EHLO client.example
C: AUTH LOGIN
S~ 220 .*
S*13~ 250-.*
S: 250 HELP
S: 334 VXNlcm5hbWU6
S: 421 4.4.2 mail.example.test timed out waiting for you
closed
