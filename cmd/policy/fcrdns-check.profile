# fcrdns-check: see confine(8).
calls getrandom lstat sendmsg shutdown
include dns
