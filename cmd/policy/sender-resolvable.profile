# sender-resolvable: see confine(8).
calls lstat tkill
include dns
