# sender-resolvable: see confine(8).
calls lstat
include dns
