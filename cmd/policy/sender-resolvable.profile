# sender-resolvable: see confine(8).
calls getrandom lstat
include dns
