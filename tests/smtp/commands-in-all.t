# So do enough commands of any kind.
conf commands 3
S~ 220 .*
C*5: NOOP
S*3: 250 2.0.0 Ok
S: 421 4.7.0 mail.example.test too many commands
closed
